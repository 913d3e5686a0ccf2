package runtimes

import "strings"

// javaLaunchers are the JVM's programs, for installations that lost their
// release file. The launcher keeps its version between its own names:
// "openjdk", "java", "0.0", "17.0.12+7", in that order on x86-64 and with the
// names last on arm64.
func javaLaunchers() []classifier {
	const (
		source  = "OpenJDK src/java.base/share/native/launcher/main.c and defines.h: const_launcher, const_progname, VERSION_STRING"
		modern  = `[0-9]+(?:\.[0-9]+)*\+[0-9]+(?:-[-.+_A-Za-z0-9]*)?`
		legacy  = `1\.[0-9]+\.[0-9]+_[0-9]+(?:-[-.+_A-Za-z0-9]*)?`
		version = `(` + modern + `|` + legacy + `)`
	)
	openjdk := []pattern{
		within("openjdk\x00", 64, 96, `\x00openjdk\x00+(?:java|jdb)\x00+[0-9.]+\x00+`+version+`\x00`),
		within("openjdk\x00", 96, 32, `\x00[0-9.]+\x00+`+version+`\x00+openjdk\x00+(?:java|jdb)\x00`),
	}
	launchers := []string{"bin/java", "bin/jdb"}
	return []classifier{
		{
			id: "java-graalvm", globs: launchers, group: "java",
			find:      []pattern{near("-jvmci-", `\x00([0-9]+(?:\.[0-9]+)*\+[0-9]+-jvmci-[0-9.]+-b[0-9]+)\x00`)},
			namespace: "oracle", name: "graalvm", cpes: []string{"oracle:graalvm"}, cpeVersion: javaCPEVersion,
			source: source, verified: "GraalVM 21.0.2+13-jvmci-23.1-b30",
			tests: []sample{
				{"opt/graalvm/bin/java", "java\x0021.0\x0021.0.2+13-jvmci-23.1-b30\x00", "21.0.2+13-jvmci-23.1-b30"},
				{"opt/graalvm/bin/java", "-jvmci-23.1\x00", ""},
			},
		},
		{
			id: "java-zulu", globs: []string{"*zulu*/bin/java", "*zulu*/*/bin/java"}, group: "java",
			find: openjdk, namespace: "azul", name: "zulu", cpes: []string{"azul:zulu"}, cpeVersion: javaCPEVersion,
			source: source, verified: "none at hand",
			tests: []sample{
				{"usr/lib/jvm/zulu11/bin/java", "\x00openjdk\x00java\x000.0\x0011.0.17+8-LTS\x00", "11.0.17+8-LTS"},
				{"usr/lib/jvm/zulu11/bin/java", "\x00openjdk\x00java\x00", ""},
			},
		},
		{
			id: "java-openjdk", globs: launchers, group: "java",
			find: openjdk, namespace: "oracle", name: "openjdk", cpes: []string{"oracle:openjdk"}, cpeVersion: javaCPEVersion,
			source: source, verified: "Debian 12 openjdk-17 17.0.15+6-Debian-1deb12u1, Temurin 25.0.3+9-LTS",
			tests: []sample{
				{"opt/java/bin/java", "%s\n\x00openjdk\x00java\x000.0\x0017.0.15+6-Debian-1deb12u1\x00-J-ms8m", "17.0.15+6-Debian-1deb12u1"},
				{"opt/java/bin/java", "\x000.0\x00\x00\x00\x0011.0.22+7\x00\x00\x00\x00openjdk\x00java\x00", "11.0.22+7"},
				{"opt/java/bin/java", "\x00openjdk\x00java\x001.8\x001.8.0_352-b08\x00", "1.8.0_352-b08"},
				{"opt/java/bin/java", "\x00openjdk\x00javac\x00", ""},
			},
		},
		{
			id: "java-oracle", globs: launchers, group: "java",
			find: []pattern{
				near("\x00java\x00", `\x00java\x00+[0-9.]+\x00+`+version+`\x00`),
				within("\x00java\x00", 96, 0, `\x00[0-9.]+\x00+`+version+`\x00+java\x00`),
			},
			namespace: "oracle", name: "jre", cpes: []string{"oracle:jre", "oracle:jdk"}, cpeVersion: javaCPEVersion,
			source: source, verified: "Oracle JRE 1.8.0_451-b10 and 19.0.1+10-21",
			tests: []sample{
				{"usr/java/default/bin/java", "\x00java\x001.8\x001.8.0_451-b10\x00", "1.8.0_451-b10"},
				{"usr/java/default/bin/java", "\x00java\x0019.0.1\x00", ""},
			},
		},
	}
}

// javaCPEVersion writes a Java version as NVD's dictionary has it: "17.0.12+7" is
// 17.0.12; "1.8.0_352-b08" is 1.8.0 with update352.
func javaCPEVersion(version string) (v, update string) {
	if base, rest, ok := strings.Cut(version, "_"); ok {
		n := digits(rest)
		if u := strings.TrimLeft(rest[:n], "0"); u != "" {
			return base, "update" + u
		}
		return base, ""
	}
	if i := strings.IndexAny(version, "+-"); i > 0 {
		return version[:i], ""
	}
	return version, ""
}
