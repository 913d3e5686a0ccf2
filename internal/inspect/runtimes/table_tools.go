package runtimes

// tools are shells, archivers and other programs that images add by hand.
func tools() []classifier {
	return []classifier{
		{
			// The official image's archive has the program as "[", the first of its
			// hard links by name.
			id: "busybox-binary", globs: []string{"busybox", `\[`, "busybox.static"},
			find: []pattern{near("BusyBox v", `BusyBox v([0-9]+\.[0-9]+\.[0-9]+)\b`)},
			name: "busybox", cpes: []string{"busybox:busybox"},
			source: "BusyBox libbb/messages.c: bb_banner", verified: "Debian 12 busybox 1.35.0",
			tests: []sample{
				{"bin/busybox", "memory\x00BusyBox v1.35.0 (Debian 1:1.35.0-4+deb12u1+b1)\x00", "1.35.0"},
				{"bin/[", "\x00BusyBox v1.36.1 (2023-07-17 18:29:09 UTC)\x00", "1.36.1"},
				{"bin/busybox", "busybox httpd/1.35.0", ""},
			},
		},
		{
			id: "bash-binary", globs: []string{"bash", "bash-static"},
			find: []pattern{near("@(#)Bash version ", `Bash version ([0-9]+\.[0-9]+\.[0-9]+)\([0-9]+\) [a-z0-9]+ GNU`)},
			name: "bash", cpes: []string{"gnu:bash"},
			source: "Bash version.c: sccs_version", verified: "Debian 12 bash 5.2.15",
			tests: []sample{
				{"usr/local/bin/bash", "\x00@(#)Bash version 5.2.15(1) release GNU\x00", "5.2.15"},
				{"usr/local/bin/bash", "GNU bash, version %s", ""},
			},
		},
		{
			id: "zsh-binary", globs: []string{"zsh", "zsh5", "zsh-5*"},
			find: []pattern{near("\x00zsh %s (", `\x00([0-9]\.[0-9]+(?:\.[0-9]+)?)\x00zsh %s \(`)},
			name: "zsh", cpes: []string{"zsh:zsh"},
			source: "Zsh Src/init.c: --version", verified: "Debian 12 zsh 5.9",
			tests: []sample{
				{"bin/zsh", "x86_64\x005.9\x00zsh %s (%s-%s-%s)\n", "5.9"},
				{"bin/zsh", "zsh: correct '%R'", ""},
			},
		},
		{
			id: "curl-binary", globs: []string{"curl"},
			find: []pattern{
				near("curl/", `(?:\A|[^a-z])curl/([0-9]+\.[0-9]+\.[0-9]+)`),
				near("curl ", `\x00curl ([0-9]+\.[0-9]+\.[0-9]+) \(`),
			},
			name: "curl", cpes: []string{"haxx:curl"},
			source: "curl src/tool_version.h: CURL_NAME \"/\" CURL_VERSION", verified: "Debian 12 curl 7.88.1",
			tests: []sample{
				{"usr/bin/curl", "json\x00curl/7.88.1\x00", "7.88.1"},
				{"usr/bin/curl", "curl/%s libcurl/x", ""},
			},
		},
		{
			id: "git-binary", globs: []string{"git"},
			find: []pattern{near("git/", `(?:\A|[^A-Za-z/-])git/([0-9]+\.[0-9]+\.[0-9]+)`)},
			name: "git", cpes: []string{"git-scm:git"},
			source: "Git version.c: git_user_agent", verified: "Debian 12 git 2.39.5",
			tests: []sample{
				{"usr/local/bin/git", "\xff\xfe\xfe\xffgit/2.39.5\x00GIT_USER_AGENT", "2.39.5"},
				{"usr/local/bin/git", "contrib/git/1.2.3 share/git/hooks", ""},
			},
		},
		{
			id: "jq-binary", globs: []string{"jq", "jq-linux*"},
			find:  []pattern{within("\x001.", 0, 10, `\A\x00(1\.[0-9](?:\.[0-9]+)?)(?:rc[0-9]+)?\x00`)},
			needs: "jq: error",
			name:  "jq", cpes: []string{"jqlang:jq", "jq_project:jq"},
			source: "jq src/main.c: JQ_VERSION", verified: "Debian 12 jq 1.6; 1.7.1",
			tests: []sample{
				{"usr/bin/jq", "failed: %s\n\x001.6\x00DEBUG:\x00jq: error (at %s)", "1.6"},
				{"usr/bin/jq", "\x001.6\x00", ""},
			},
		},
		{
			id: "util-linux-binary", globs: []string{"getopt", "lsblk"},
			find: []pattern{near("util-linux ", `\x00util-linux ([0-9]+\.[0-9]+(?:\.[0-9]+)?)\x00`)},
			name: "util-linux", cpes: []string{"kernel:util-linux"},
			source: "util-linux include/c.h: PACKAGE_STRING", verified: "Debian 12 util-linux 2.38.1",
			tests: []sample{
				{"usr/bin/getopt", "from %s\n\x00util-linux 2.38.1\x00\nUsage", "2.38.1"},
				{"usr/bin/getopt", "util-linux 2.x", ""},
			},
		},
		{
			id: "gzip-binary", globs: []string{"gzip"},
			find:  []pattern{within("\x001.", 0, 8, `\A\x00(1\.[0-9]{1,2})\x00`)},
			needs: "not in gzip format",
			name:  "gzip", cpes: []string{"gnu:gzip"},
			source: "gzip version.c: Version", verified: "Debian 12 gzip 1.12",
			tests: []sample{
				{"usr/bin/gzip", "not in gzip format\n\x00zipping\n\x001.12\x00\x00", "1.12"},
				{"usr/bin/gzip", "\x001.12\x00", ""},
			},
		},
		{
			id: "xz-binary", globs: []string{"xz"},
			find: []pattern{near("xz (XZ Utils) ", `xz \(XZ Utils\) ([0-9]+\.[0-9]+\.[0-9]+)`)},
			name: "xz", cpes: []string{"tukaani:xz"},
			source: "XZ Utils src/xz/message.c: message_version", verified: "Debian 12 xz-utils 5.4.1",
			tests: []sample{
				{"usr/local/bin/xz", "\x00xz (XZ Utils) 5.4.1\x00liblzma %s", "5.4.1"},
				{"usr/local/bin/xz", "XZ Utils home page", ""},
			},
		},
		{
			id: "zstd-binary", globs: []string{"zstd"},
			find:  []pattern{within("\x00v1.", 0, 12, `\A\x00v(1\.[0-9]+\.[0-9]+)\x00`)},
			needs: "Yann Collet",
			name:  "zstd", cpes: []string{"facebook:zstandard"},
			source: "Zstandard programs/zstdcli.c: ZSTD_VERSION", verified: "Debian 12 zstd 1.5.4",
			tests: []sample{
				{"usr/local/bin/zstd", "Enabled\x00v1.5.4\x00Zstandard CLI\x00Yann Collet\x00", "1.5.4"},
				{"usr/local/bin/zstd", "\x00v1.5.4\x00", ""},
			},
		},
		{
			id: "tar-binary", globs: []string{"tar"},
			find:  []pattern{within("\x001.", 0, 8, `\A\x00(1\.[0-9]{2})\x00`)},
			needs: "GNU tar",
			name:  "tar", cpes: []string{"gnu:tar"},
			source: "GNU tar src/tar.c: version_etc", verified: "Debian 12 tar 1.34",
			tests: []sample{
				{"bin/tar", "byte %s: %s\x001.34\x00%s-%s-%d\nGNU tar", "1.34"},
				{"bin/tar", "tar (busybox) \x001.34\x00", ""},
			},
		},
		{
			id: "wget-binary", globs: []string{"wget"},
			find:  []pattern{within("\x001.", 0, 12, `\A\x00(1\.[0-9]{2}(?:\.[0-9]+)?)\x00`)},
			needs: "GNU Wget",
			name:  "wget", cpes: []string{"gnu:wget"},
			source: "GNU Wget src/version.c: version_string", verified: "Debian 12 wget 1.21.3",
			tests: []sample{
				{"usr/bin/wget", "GNU Wget %s -g -Wall\x001.21.3\x00", "1.21.3"},
				{"usr/bin/wget", "\x001.21.3\x00", ""},
			},
		},
		{
			id: "sudo-binary", globs: []string{"sudo"},
			find:  []pattern{within("\x001.9.", 0, 16, `\A\x00(1\.9\.[0-9]+(?:p[0-9]+)?)\x00`), within("\x001.8.", 0, 16, `\A\x00(1\.8\.[0-9]+(?:p[0-9]+)?)\x00`)},
			needs: "Sudo version",
			name:  "sudo", cpes: []string{"sudo_project:sudo"}, cpeVersion: opensshCPEVersion,
			source: "Sudo src/sudo.c: PACKAGE_VERSION", verified: "Debian 12 sudo 1.9.13p3",
			tests: []sample{
				{"usr/bin/sudo", "Sudo version %s\n\x001.9.13p3\x00Configure", "1.9.13p3"},
				{"usr/bin/sudo", "sudo 1.9.13", ""},
			},
		},
		{
			id: "tcpdump", globs: []string{"tcpdump"},
			find: []pattern{near("%s version ", `%s version (4\.[0-9]+\.[0-9]+)\n`)},
			name: "tcpdump", cpes: []string{"tcpdump:tcpdump"},
			source: "tcpdump tcpdump.c: print_version", verified: "Debian 12 tcpdump 4.99.3",
			tests: []sample{
				{"usr/bin/tcpdump", "Got %u\r\x00%s version 4.99.3\n\x00SMI", "4.99.3"},
				{"usr/bin/tcpdump", "%s version %s\n", ""},
			},
		},
		{
			id: "gawk-binary", globs: []string{"gawk"},
			find: []pattern{near("GNU Awk ", `GNU Awk ([0-9]+\.[0-9]+\.[0-9]+)\b`)},
			name: "gawk", cpes: []string{"gnu:gawk"},
			source: "GNU Awk main.c: PACKAGE_STRING", verified: "Debian 12 gawk 5.2.1",
			tests: []sample{
				{"usr/bin/gawk", "\x00GNU Awk 5.2.1\x00unbalanced", "5.2.1"},
				{"usr/bin/gawk", "GNU Awk User", ""},
			},
		},
		{
			id: "tini", globs: []string{"tini", "tini-static", "docker-init"},
			find:   []pattern{near("tini version ", `tini version ([0-9]+\.[0-9]+\.[0-9]+)`)},
			name:   "tini",
			source: "tini src/tini.c: TINI_VERSION_STRING", verified: "Debian 12 tini 0.19.0",
			tests: []sample{
				{"sbin/tini", "(%i)] \x00tini version 0.19.0\x00%s", "0.19.0"},
				{"sbin/tini", "tini version %s", ""},
			},
		},
		{
			id: "chrome-binary", globs: []string{"chrome", "chromium", "headless_shell"},
			find: []pattern{
				near("\x00Default", `\x00([0-9]+\.[0-9]+\.[0-9]{4,5}\.[0-9]+)\x00Default\b`),
				near("\x00chrome\x00", `\x00([0-9]+\.[0-9]+\.[0-9]{4,5}\.[0-9]+)\x00chrome\x00`),
			},
			name: "chrome", cpes: []string{"google:chrome"},
			source: "Chromium components/version_info", verified: "Debian 12 chromium 156.0.8078.79; Chrome 127.0.6533.119",
			tests: []sample{
				{"opt/google/chrome/chrome", "Videos\x00127.0.6533.119\x00Default\x00", "127.0.6533.119"},
				{"opt/google/chrome/chrome", "\x00chrome\x00Default\x00", ""},
			},
		},
		{
			id: "firefox-application", globs: []string{"firefox*/application.ini"},
			find: []pattern{within("Name=Firefox", 256, 256, `(?s)\bName=Firefox\r?\n.*?\nVersion=([0-9]+(?:\.[0-9]+)+(?:[a-z][0-9]+)?(?:esr)?)\r?\n`)},
			name: "firefox", cpes: []string{"mozilla:firefox"},
			source: "Firefox browser/app/application.ini.h.in", verified: "Debian 12 firefox-esr; 151.0",
			tests: []sample{
				{"opt/firefox/application.ini", "[App]\nVendor=Mozilla\nName=Firefox\nRemotingName=firefox\nVersion=151.0\nBuildID=1\n", "151.0"},
				{"opt/firefox/application.ini", "[App]\nName=Thunderbird\nVersion=128.0\n", ""},
			},
		},
	}
}
