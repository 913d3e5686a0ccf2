package runtimes

import (
	"bytes"
	"path"
	"strings"

	"plimsoll/internal/inventory"
)

// isJVMRelease reports whether the path may be a JVM's release file: it lies in
// the installation's own folder, beside bin and lib. Distributions' etc/*-release
// files have other names.
func isJVMRelease(p string) bool {
	return path.Base(p) == "release" && path.Dir(p) != "." && !strings.HasPrefix(p, "etc/")
}

// jvmRelease is what identifies the JVM in its release file.
type jvmRelease struct {
	implementor, javaVersion, runtimeVersion, fullVersion, buildType, imageType string
	// hasCompiler is set where MODULES names the compiler: a JDK.
	hasCompiler bool
}

// parseJVMRelease reads the KEY="value" lines that the JDK's build writes
// (OpenJDK make/ReleaseFile.gmk; further keys are Adoptium's and vendors' own).
// A release file of something else has no Java version and gives nothing.
func parseJVMRelease(p string, content []byte) (inventory.Package, bool) {
	var r jvmRelease
	for line := range bytes.Lines(content) {
		key, value, ok := strings.Cut(strings.TrimSpace(string(line)), "=")
		if !ok {
			continue
		}
		r.set(key, strings.Trim(value, `"`))
	}
	version := r.version()
	if !plausibleJavaVersion(version) {
		return inventory.Package{}, false
	}
	namespace, name, cpes := r.product(p)
	row := classifier{namespace: namespace, name: name, cpes: cpes, cpeVersion: javaCPEVersion}
	return row.packageAt(p, version), true
}

func (r *jvmRelease) set(key, value string) {
	switch key {
	case "IMPLEMENTOR":
		r.implementor = strings.ToLower(strings.ReplaceAll(value, " ", ""))
	case "JAVA_VERSION":
		r.javaVersion = value
	case "JAVA_RUNTIME_VERSION":
		r.runtimeVersion = value
	case "FULL_VERSION":
		r.fullVersion = value
	case "BUILD_TYPE":
		r.buildType = strings.ToLower(value)
	case "IMAGE_TYPE":
		r.imageType = strings.ToLower(value)
	case "MODULES":
		r.hasCompiler = strings.Contains(" "+value+" ", " jdk.compiler ")
	}
}

// version prefers what names the build. FULL_VERSION counts only where it begins
// like JAVA_VERSION: OpenJ9 has its own numbers there.
func (r *jvmRelease) version() string {
	major, _, _ := strings.Cut(r.javaVersion, ".")
	fullMajor, _, _ := strings.Cut(r.fullVersion, ".")
	switch {
	case r.runtimeVersion != "":
		return r.runtimeVersion
	case r.fullVersion != "" && major == fullMajor:
		return r.fullVersion
	default:
		return r.javaVersion
	}
}

// product chooses the package and the CPEs under which NVD and vendors publish
// vulnerabilities of this JVM. Rebuilds of OpenJDK (Adoptium, Corretto,
// Microsoft, SAP, distributions) are all oracle:openjdk there.
func (r *jvmRelease) product(p string) (namespace, name string, cpes []string) {
	jdk := r.imageType == "jdk" || r.imageType == "" && r.hasCompiler
	edition := "jre"
	if jdk {
		edition = "jdk"
	}
	in := func(s string) bool { return strings.Contains(r.implementor, s) }
	switch {
	case in("azul") || strings.Contains(p, "zulu"):
		return "azul", "zulu", []string{"azul:zulu", "oracle:openjdk"}
	case in("sun"):
		return "sun", edition, editions("sun", jdk)
	case in("ibm") || strings.Contains(p, "/ibm"):
		if jdk {
			return "ibm", "java_sdk", []string{"ibm:java_sdk"}
		}
		return "ibm", "java", []string{"ibm:java"}
	case in("graalvm"):
		return "oracle", "graalvm", []string{"oracle:graalvm"}
	case in("oracle") || strings.Contains(p, "oracle") || r.buildType == "commercial":
		return "oracle", edition, append([]string{"oracle:java_se"}, editions("oracle", jdk)...)
	default:
		return "oracle", "openjdk", []string{"oracle:openjdk"}
	}
}

// editions are a vendor's CPEs: a JDK holds the JRE.
func editions(vendor string, jdk bool) []string {
	if jdk {
		return []string{vendor + ":jre", vendor + ":jdk"}
	}
	return []string{vendor + ":jre"}
}

// plausibleJavaVersion keeps free text out of versions and CPEs.
func plausibleJavaVersion(s string) bool {
	if s == "" || len(s) > 64 || s[0] < '0' || s[0] > '9' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte("._+-~", c) < 0 {
			return false
		}
	}
	return true
}
