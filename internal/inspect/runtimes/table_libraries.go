package runtimes

// libraries are shared libraries that images bring along: built by hand in
// usr/local, or bundled in wheels and conda packages.
func libraries() []classifier {
	return []classifier{
		{
			id: "glibc", globs: []string{"libc.so.6", "libc-2.*.so"},
			find: []pattern{within("GNU C Library (", 0, 96, `stable release version ([0-9]+\.[0-9]+(?:\.[0-9]+)?)`)},
			name: "glibc", cpes: []string{"gnu:glibc"},
			source: "glibc csu/version.c: banner", verified: "Debian 12 libc6 2.36",
			tests: []sample{
				{"lib/x86_64-linux-gnu/libc.so.6", "\x00GNU C Library (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36.\nCopyright", "2.36"},
				{"lib/x86_64-linux-gnu/libc.so.6", "GNU C Library (x) development release", ""},
			},
		},
		{
			id: "musl", globs: []string{"ld-musl-*.so.1", "*linux-musl*/libc.so", "lib/libc.so"},
			find:  []pattern{within("\x001.", 0, 32, `\A\x00(1\.[0-9]\.[0-9]{1,2})(?:-git-[0-9]+-g[0-9a-f]+)?\x00`)},
			needs: "musl libc (",
			name:  "musl", cpes: []string{"musl-libc:musl"},
			source: "musl src/internal/version.c and ldso/dynlink.c", verified: "Debian 12 musl 1.2.3",
			tests: []sample{
				{"lib/ld-musl-x86_64.so.1", "/proc/self/fd/\x001.2.3\x00Unsupported\x00musl libc (x86_64)\nVersion %s\n", "1.2.3"},
				{"lib/ld-musl-x86_64.so.1", "\x001.2.3\x00", ""},
			},
		},
		{
			id: "libcurl", globs: []string{"libcurl*.so*"},
			find: []pattern{near("libcurl/", `libcurl/([0-9]+\.[0-9]+\.[0-9]+)`)},
			name: "libcurl", cpes: []string{"haxx:libcurl", "haxx:curl"},
			source: "curl lib/version.c: LIBCURL_NAME \"/\" LIBCURL_VERSION", verified: "Debian 12 libcurl4 7.88.1",
			tests: []sample{
				{"usr/local/lib/libcurl.so.4.8.0", "/\x00libcurl/7.88.1\x00zlib/%s", "7.88.1"},
				{"usr/local/lib/libcurl.so.4", "libcurl/%s", ""},
			},
		},
		{
			id: "zlib", globs: []string{"libz.so*", "libz-*.so*"},
			find: []pattern{near(" inflate 1.", ` inflate (1\.[0-9]+(?:\.[0-9]+){0,2}) Copyright`)},
			name: "zlib", cpes: []string{"zlib:zlib"},
			source: "zlib inftrees.c: inflate_copyright", verified: "Debian 12 zlib1g 1.2.13",
			tests: []sample{
				{"usr/local/lib/libz.so.1.2.13", "\x00 inflate 1.2.13 Copyright 1995-2022 Mark Adler \x00", "1.2.13"},
				{"usr/local/lib/libz.so.1", " inflate 1.x", ""},
			},
		},
		{
			id: "expat", globs: []string{"libexpat.so*", "libexpat-*.so*"},
			find: []pattern{near("expat_", `\x00expat_([0-9]+\.[0-9]+\.[0-9]+)\x00`)},
			name: "expat", cpes: []string{"libexpat_project:libexpat"},
			source: "Expat lib/xmlparse.c: XML_ExpatVersion", verified: "Debian 12 libexpat1 2.5.0",
			tests: []sample{
				{"usr/local/lib/libexpat.so.1", "started\x00expat_2.5.0\x00\\0", "2.5.0"},
				{"usr/local/lib/libexpat.so.1", "\x00expat_config\x00", ""},
			},
		},
		{
			id: "pcre2", globs: []string{"libpcre2-*.so*"},
			find: []pattern{within("\x0010.", 0, 24, `\A\x00(10\.[0-9]{2}) 20[0-9]{2}-[0-9]{2}-[0-9]{2}\x00`)},
			name: "pcre2", cpes: []string{"pcre:pcre2"},
			source: "PCRE2 src/pcre2_config.c: PCRE2_CONFIG_VERSION", verified: "Debian 12 libpcre2-8-0 10.42",
			tests: []sample{
				{"usr/local/lib/libpcre2-8.so.0", "y\x0010.42 2022-12-11\x00\x00", "10.42"},
				{"usr/local/lib/libpcre2-8.so.0", "\x0010.42\x00", ""},
			},
		},
		{
			id: "libpng", globs: []string{"libpng*.so*"},
			find: []pattern{near("libpng version 1.", `libpng version (1\.[0-9]+\.[0-9]+)\b`)},
			name: "libpng", cpes: []string{"libpng:libpng"},
			source: "libpng png.c: png_get_copyright", verified: "Debian 12 libpng16-16 1.6.39",
			tests: []sample{
				{"usr/local/lib/libpng16.so.16", "\nlibpng version 1.6.39\nCopyright", "1.6.39"},
				{"usr/local/lib/libpng16.so.16", "libpng version 1.x", ""},
			},
		},
		{
			id: "libtiff", globs: []string{"libtiff*.so*"},
			find: []pattern{near("LIBTIFF, Version ", `LIBTIFF, Version ([0-9]+\.[0-9]+\.[0-9]+)`)},
			name: "libtiff", cpes: []string{"libtiff:libtiff"},
			source: "LibTIFF tiffvers.h: TIFFLIB_VERSION_STR", verified: "Debian 12 libtiff6 4.5.0",
			tests: []sample{
				{"opt/Pillow.libs/libtiff-1234abcd.so.6.0.0", "\x00LIBTIFF, Version 4.5.0\nCopyright", "4.5.0"},
				{"usr/local/lib/libtiff.so.6", "LIBTIFF, Version %s", ""},
			},
		},
		{
			id: "libarchive", globs: []string{"libarchive.so*", "bsdtar"},
			find: []pattern{near("libarchive 3.", `libarchive (3\.[0-9]+\.[0-9]+)\b`)},
			name: "libarchive", cpes: []string{"libarchive:libarchive"},
			source: "libarchive archive.h: ARCHIVE_VERSION_STRING", verified: "Debian 12 libarchive13 3.6.2",
			tests: []sample{
				{"usr/local/lib/libarchive.so.13", "\x00libarchive 3.6.2\x00/tmp", "3.6.2"},
				{"usr/local/lib/libarchive.so.13", "libarchive 3.x", ""},
			},
		},
		{
			id: "nghttp2", globs: []string{"libnghttp2.so*"},
			find:  []pattern{within("\x001.", 0, 12, `\A\x00(1\.[0-9]{1,2}\.[0-9]{1,2})\x00`), within("1.", 1, 10, `\A[^0-9.](1\.[0-9]{1,2}\.[0-9]{1,2})\x00`)},
			needs: "nghttp2_",
			name:  "nghttp2", cpes: []string{"nghttp2:nghttp2"},
			source: "nghttp2 lib/nghttp2_version.c: NGHTTP2_VERSION", verified: "Debian 12 libnghttp2-14 1.52.0",
			tests: []sample{
				{"usr/local/lib/libnghttp2.so.14", "nghttp2_version\xfc\xff\xff\xff1.52.0\x00\x00", "1.52.0"},
				{"usr/local/lib/libnghttp2.so.14", "\x001.52.0\x00", ""},
			},
		},
		{
			id: "libuv", globs: []string{"libuv.so*"},
			find:  []pattern{within("1.", 1, 10, `\A[^0-9.](1\.[0-9]{1,2}\.[0-9]{1,2})(?:-dev)?\x00`)},
			needs: "src/unix/",
			name:  "libuv", cpes: []string{"libuv:libuv"},
			source: "libuv src/version.c: UV_VERSION_STRING", verified: "Debian 12 libuv1 1.44.2",
			tests: []sample{
				{"usr/local/lib/libuv.so.1.0.0", "\xff\xff1.44.2\x00./src/unix/async.c", "1.44.2"},
				{"usr/local/lib/libuv.so.1", "1.44.2\x00", ""},
			},
		},
	}
}

// cryptoLibraries keep secrets: TLS, SSH, Kerberos.
func cryptoLibraries() []classifier {
	const opensslVersion = `([0-9]+\.[0-9]+\.[0-9]+(?:[a-z]{1,2}|-(?:alpha|beta|pre|rc)[0-9]*)?)`
	return []classifier{
		{
			id: "aws-lc", globs: []string{"openssl", "libcrypto.so*", "libcrypto-*.so*", "libssl.so*"}, group: "openssl",
			find: []pattern{near("AWS-LC ", `AWS-LC (?:FIPS )?([0-9]+\.[0-9]+\.[0-9]+)\)?\x00`)},
			name: "aws-lc", cpes: []string{"amazon:aws_libcrypto"},
			source: "AWS-LC include/openssl/base.h: OPENSSL_VERSION_TEXT", verified: "AWS-LC 1.69.0 (part of the binary)",
			tests: []sample{
				{"usr/bin/openssl", "\x00OpenSSL 1.1.1 (compatible; AWS-LC 1.69.0)\x00", "1.69.0"},
				{"usr/bin/openssl", "AWS-LC is", ""},
			},
		},
		{
			id: "openssl", globs: []string{"openssl", "libcrypto.so*", "libcrypto-*.so*", "libssl.so*", "libssl-*.so*"}, group: "openssl",
			find: []pattern{near("OpenSSL ", `\x00OpenSSL `+opensslVersion+`(?:-fips|-dev|\+[.a-z0-9]+)? +[0-9x]{1,2} [A-Zx][a-z]{2}`)},
			name: "openssl", cpes: []string{"openssl:openssl"},
			source: "OpenSSL include/openssl/opensslv.h: OPENSSL_VERSION_TEXT", verified: "Debian 12 openssl and libcrypto.so.3 3.0.22",
			tests: []sample{
				{"usr/local/bin/openssl", "N/A\x00OpenSSL 3.0.22 25 Aug 2026\x00%s", "3.0.22"},
				{"usr/local/lib/libcrypto.so.1.1", "\x00OpenSSL 1.1.1w  11 Sep 2023\x00", "1.1.1w"},
				{"usr/local/bin/openssl", "\x00OpenSSL 1.1.1 (compatible; BoringSSL)\x00", ""},
			},
		},
		{
			id: "libressl", globs: []string{"openssl", "libcrypto.so*", "libssl.so*", "libtls.so*"}, group: "openssl",
			find: []pattern{near("LibreSSL ", `\x00LibreSSL ([0-9]+\.[0-9]+\.[0-9]+)\x00`)},
			name: "libressl", cpes: []string{"openbsd:libressl"},
			source: "LibreSSL include/openssl/opensslv.h: LIBRESSL_VERSION_TEXT", verified: "none at hand",
			tests: []sample{
				{"usr/bin/openssl", "\x00LibreSSL 3.8.2\x00", "3.8.2"},
				{"usr/bin/openssl", "LibreSSL 3.x", ""},
			},
		},
		{
			id: "gnutls", globs: []string{"libgnutls.so*", "libgnutls-*.so*"},
			find: []pattern{near("Enabled GnuTLS ", `Enabled GnuTLS ([0-9]+\.[0-9]+\.[0-9]+) logging`)},
			name: "gnutls", cpes: []string{"gnu:gnutls"},
			source: "GnuTLS lib/global.c: _gnutls_global_init", verified: "Debian 12 libgnutls30 3.7.9",
			tests: []sample{
				{"usr/local/lib/libgnutls.so.30", "\x00Enabled GnuTLS 3.7.9 logging...\n", "3.7.9"},
				{"usr/local/lib/libgnutls.so.30", "Enabled GnuTLS %s", ""},
			},
		},
		{
			id: "libssh", globs: []string{"libssh.so*", "libssh-*.so*"},
			find: []pattern{near("libssh_", `SSH-2\.0-libssh_([0-9]+\.[0-9]+\.[0-9]+)`)},
			name: "libssh", cpes: []string{"libssh:libssh"},
			source: "libssh src/client.c: the client's banner", verified: "Debian 12 libssh-4 0.10.6",
			tests: []sample{
				{"usr/local/lib/libssh.so.4", "\x00SSH-2.0-libssh_0.10.6\x00", "0.10.6"},
				{"usr/local/lib/libssh.so.4", "libssh_x", ""},
			},
		},
		{
			id: "libssh2", globs: []string{"libssh2.so*", "libssh2-*.so*"},
			find: []pattern{near("libssh2_", `SSH-2\.0-libssh2_([0-9]+\.[0-9]+\.[0-9]+)`)},
			name: "libssh2", cpes: []string{"libssh2:libssh2"},
			source: "libssh2 include/libssh2.h: LIBSSH2_SSH_DEFAULT_BANNER", verified: "Debian 12 libssh2-1 1.10.0",
			tests: []sample{
				{"usr/local/lib/libssh2.so.1", "\x00SSH-2.0-libssh2_1.10.0\r\n", "1.10.0"},
				{"usr/local/lib/libssh2.so.1", "libssh2_x", ""},
			},
		},
		{
			id: "krb5-library", globs: []string{"libkrb5.so*", "libkrb5-*.so*"},
			find: []pattern{near("KRB5_BRAND: ", `KRB5_BRAND: krb5-\S+ ([0-9]+\.[0-9]+(?:\.[0-9]+)?)[\s\x00]`)},
			name: "krb5", cpes: []string{"mit:kerberos_5", "mit:krb5"},
			source: "MIT Kerberos src/lib/krb5/krb/brand.c", verified: "Debian 12 libkrb5-3 1.20.1",
			tests: []sample{
				{"usr/local/lib/libkrb5.so.3.3", "\x00KRB5_BRAND: krb5-1.20.1-final 1.20.1 20221111\x00", "1.20.1"},
				{"usr/local/lib/libkrb5.so.3.3", "KRB5_BRAND: x", ""},
			},
		},
		{
			id: "heimdal-library", globs: []string{"libkrb5.so*"},
			find: []pattern{near("$Version: Heimdal ", `\$Version: Heimdal ([0-9]+\.[0-9]+(?:\.[0-9]+)?) `)},
			name: "heimdal-krb5", cpes: []string{"heimdal_project:heimdal"},
			source: "Heimdal lib/vers/print_version.c", verified: "Debian 12 libkrb5-26-heimdal 7.8.0",
			tests: []sample{
				{"usr/lib/libkrb5.so.26.0.0", "\x00@(#)$Version: Heimdal 7.8.0 $\x00", "7.8.0"},
				{"usr/lib/libkrb5.so.26.0.0", "$Version: Heimdal $", ""},
			},
		},
	}
}
