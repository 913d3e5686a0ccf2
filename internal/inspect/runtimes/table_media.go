package runtimes

// mediaTools read hostile pictures, documents and films for a living.
func mediaTools() []classifier {
	const ffmpegVersion = `([0-9]+\.[0-9]+(?:\.[0-9]+)?(?:\+[0-9A-Za-z]+(?:\.[0-9A-Za-z]+)*)?)`
	return []classifier{
		{
			id: "ffmpeg-binary", globs: []string{"ffmpeg", "ffprobe"},
			find: []pattern{near("%s version ", `%s version n?`+ffmpegVersion)},
			name: "ffmpeg", cpes: []string{"ffmpeg:ffmpeg"},
			source: "FFmpeg fftools/opt_common.c: print_program_info", verified: "Debian 12 ffmpeg 5.1.9",
			tests: []sample{
				{"usr/bin/ffmpeg", "specified.\n\x00%s version 5.1.9-0+deb12u1\x00%sbuilt with", "5.1.9"},
				{"usr/bin/ffmpeg", "%s version N-109-gabc", ""},
			},
		},
		{
			id: "ffmpeg-library", globs: []string{"libav*", "libswresample*", "libswscale*"},
			find: []pattern{near("FFmpeg version ", `FFmpeg version n?`+ffmpegVersion)},
			name: "ffmpeg", cpes: []string{"ffmpeg:ffmpeg"},
			source: "FFmpeg libavutil/ffversion.h: av_util_ffversion", verified: "Debian 12 libavcodec59 and libavutil57 5.1.9",
			tests: []sample{
				{"usr/local/lib/libavcodec.so.59", "\x00FFmpeg version 5.1.9-0+deb12u1\x00", "5.1.9"},
				{"usr/local/lib/libavcodec.so.59", "FFmpeg version git-2023", ""},
			},
		},
		{
			id: "imagemagick", globs: []string{"libMagickCore*.so*", "magick"},
			find: []pattern{near("ImageMagick ", `ImageMagick ([0-9]+\.[0-9]+\.[0-9]+-[0-9]+) `)},
			name: "imagemagick", cpes: []string{"imagemagick:imagemagick"},
			source: "ImageMagick magick/version.h: MagickVersion", verified: "Debian 12 libmagickcore-6.q16-6 6.9.11-60",
			tests: []sample{
				{"usr/local/lib/libMagickCore-6.Q16.so.6.0.0", "\x00ImageMagick 6.9.11-60 Q16 x86_64 2021-01-25 https", "6.9.11-60"},
				{"usr/local/lib/libMagickCore-6.Q16.so.6.0.0", "/ImageMagick-6.9.11/", ""},
			},
		},
		{
			id: "graphicsmagick", globs: []string{"libGraphicsMagick-*.so*", "libGraphicsMagick.so*", "gm"},
			find: []pattern{near("GraphicsMagick ", `GraphicsMagick ([0-9]+\.[0-9]+(?:\.[0-9]+)?)[ \x00,]`)},
			name: "graphicsmagick", cpes: []string{"graphicsmagick:graphicsmagick"},
			source: "GraphicsMagick magick/version.h: MagickVersion", verified: "Debian 12 libgraphicsmagick-q16-3 1.3.40",
			tests: []sample{
				{"usr/local/lib/libGraphicsMagick.so.3", "\x00GraphicsMagick 1.3.40 2023-01-14 Q16 http", "1.3.40"},
				{"usr/local/lib/libGraphicsMagick.so.3", "GraphicsMagick group", ""},
			},
		},
		{
			id: "poppler", globs: []string{"pdfinfo", "pdftotext"},
			find: []pattern{near(" version %s\n", `\x00([0-9]{2}\.[0-9]{2}\.[0-9]+|0\.[0-9]+\.[0-9]+)\x00(?:pdfinfo|pdftotext) version %s`)},
			name: "poppler", cpes: []string{"freedesktop:poppler"},
			source: "Poppler utils: PACKAGE_VERSION beside its format", verified: "Debian 12 poppler-utils 22.12.0",
			tests: []sample{
				{"usr/bin/pdfinfo", "AES-256\x0022.12.0\x00pdfinfo version %s\n", "22.12.0"},
				{"usr/bin/pdfinfo", "\x00pdfinfo version %s\n", ""},
			},
		},
		{
			id: "qt-base", globs: []string{"libQt*Core.so*", "libQtCore.so*"},
			find: []pattern{
				near("Qt ", `(?:\x00|version )Qt ([456]\.[0-9]+\.[0-9]+) \(`),
				near("QtCore library version ", `QtCore library version (4\.[0-9]+\.[0-9]+)`),
			},
			name: "qtbase", cpes: []string{"qt:qt", "qt:qtbase"},
			source: "Qt qtbase/src/corelib/global/qlibraryinfo.cpp: QT_BUILD_STR", verified: "Debian 12 libqt5core5a 5.15.8 and libqt6core6 6.4.2",
			tests: []sample{
				{"usr/local/lib/libQt6Core.so.6.4.2", "features:\n\x00\x00Qt 6.4.2 (x86_64-little_endian-lp64 shared", "6.4.2"},
				{"usr/local/lib/libQtCore.so.4", "QtCore library version 4.8.7\n", "4.8.7"},
				{"usr/local/lib/libQt6Core.so.6", "Qt 6 (", ""},
			},
		},
	}
}
