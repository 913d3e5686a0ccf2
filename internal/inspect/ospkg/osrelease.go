package ospkg

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// releaseInspector reads the files that name the distribution: os-release,
// and the older files of single distributions for images that have none.
//
// Of several in one image os-release counts first; usr/lib/os-release is what
// etc/os-release usually links to. Among the others the file named after the
// distribution counts before redhat-release and system-release, which its
// clones carry too, and debian_version comes last, since Debian's derivatives
// keep Debian's.
type releaseInspector struct{}

func (releaseInspector) Name() string { return "os-release" }
func (releaseInspector) Version() int { return 1 }

// maxRelease is far above what any such file has.
const maxRelease = 1 << 20

// releaseParser reads one kind of file; false where it says nothing.
type releaseParser func(content []byte) (inventory.Distribution, bool)

// releaseParserFor returns the parser of a path, nil for a path of no interest.
func releaseParserFor(path string) releaseParser {
	name, ok := strings.CutPrefix(path, "etc/")
	if !ok {
		if name, ok = strings.CutPrefix(path, "usr/lib/"); !ok {
			return nil
		}
	}
	switch name {
	case "os-release":
		return parseOSRelease
	case "lsb-release":
		return parseLSBRelease
	case "alpine-release":
		return parseAlpineRelease
	case "debian_version":
		return parseDebianVersion
	case "arch-release":
		return func([]byte) (inventory.Distribution, bool) {
			return inventory.Distribution{ID: "arch", Name: "Arch Linux"}, true // the file is empty
		}
	case "redhat-release", "centos-release", "system-release", "oracle-release", "fedora-release",
		"rocky-release", "almalinux-release", "photon-release", "mariner-release", "azurelinux-release",
		"SuSE-release":
		return parseNamedRelease
	}
	return nil
}

func (releaseInspector) Wants(f *inspect.File) inspect.Want {
	if releaseParserFor(f.Path) != nil {
		return inspect.Whole
	}
	return inspect.Nothing
}

func (releaseInspector) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	parse := releaseParserFor(f.Path)
	if parse == nil {
		return nil
	}
	if len(content) > maxRelease {
		return fmt.Errorf("it names the distribution in %d bytes, more than %d", len(content), maxRelease)
	}
	if d, ok := parse(content); ok {
		out.Releases = append(out.Releases, evidence.Release{Path: f.Path, Distribution: d})
	}
	return nil
}

// parseOSRelease parses os-release(5). Without an ID it is "linux", as the
// manual says; a file that holds no field at all says nothing.
func parseOSRelease(content []byte) (inventory.Distribution, bool) {
	d, fields := inventory.Distribution{ID: "linux"}, 0
	shellFields(content, func(key, value string) {
		fields++
		switch key {
		case "ID":
			d.ID = strings.ToLower(value)
		case "VERSION_ID":
			d.VersionID = value
		case "VERSION_CODENAME":
			d.VersionCodename = value
		case "UBUNTU_CODENAME": // Ubuntu 16.04 has no VERSION_CODENAME
			if d.VersionCodename == "" {
				d.VersionCodename = value
			}
		case "NAME":
			d.Name = value
		case "PRETTY_NAME":
			d.PrettyName = value
		case "ID_LIKE":
			d.IDLike = strings.Fields(strings.ToLower(value))
		case "CPE_NAME":
			d.CPE = value
		default:
			fields--
		}
	})
	return d, fields > 0
}

// parseLSBRelease parses Ubuntu's lsb-release.
func parseLSBRelease(content []byte) (inventory.Distribution, bool) {
	var d inventory.Distribution
	shellFields(content, func(key, value string) {
		switch key {
		case "DISTRIB_ID":
			d.ID, d.Name = strings.ToLower(value), value
		case "DISTRIB_RELEASE":
			d.VersionID = value
		case "DISTRIB_CODENAME":
			d.VersionCodename = value
		case "DISTRIB_DESCRIPTION":
			d.PrettyName = value
		}
	})
	return d, d.ID != ""
}

// shellFields yields the assignments of a file that a shell could source.
func shellFields(content []byte, each func(key, value string)) {
	for len(content) > 0 {
		var line []byte
		line, content = cutLine(content)
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if key, value, ok := bytes.Cut(line, []byte("=")); ok {
			each(text(bytes.TrimSpace(key)), unquote(text(value)))
		}
	}
}

// unquote removes a shell's quotes; within double quotes a backslash takes
// the next character's meaning away.
func unquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '"' && s[0] != '\'' {
		return s
	}
	quote := s[0]
	s = s[1 : len(s)-1]
	if quote == '\'' || !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// parseAlpineRelease parses the one line "3.18.4" or "3.19_alpha20230901".
func parseAlpineRelease(content []byte) (inventory.Distribution, bool) {
	line, _ := cutLine(content)
	version := strings.TrimSpace(text(line))
	if version == "" || version[0] < '0' || version[0] > '9' {
		return inventory.Distribution{}, false
	}
	return inventory.Distribution{ID: "alpine", VersionID: version, Name: "Alpine Linux"}, true
}

// parseDebianVersion parses the one line "12.4" or, before a release,
// "trixie/sid". The point release is no part of VERSION_ID.
func parseDebianVersion(content []byte) (inventory.Distribution, bool) {
	line, _ := cutLine(content)
	version := strings.TrimSpace(text(line))
	if version == "" {
		return inventory.Distribution{}, false
	}
	d := inventory.Distribution{ID: "debian", Name: "Debian GNU/Linux"}
	if version[0] >= '0' && version[0] <= '9' {
		d.VersionID, _, _ = strings.Cut(version, ".")
	} else {
		d.VersionCodename, _, _ = strings.Cut(version, "/")
	}
	return d, true
}

// namedRelease matches the first line of the older files: "CentOS Linux
// release 7.9.2009 (Core)", "VMware Photon OS 4.0", "Fedora 38 (Container)".
var namedRelease = regexp.MustCompile(`^(.+?)(?: release)? +v?([0-9][0-9A-Za-z._]*)(?: +\(([^)]*)\))?`)

// releaseNames are beginnings of a distribution's name in these files, and the
// ID that its os-release has; the first that fits counts.
var releaseNames = [...]struct{ prefix, id string }{
	{"Red Hat", "rhel"},
	{"CentOS", "centos"},
	{"Fedora", "fedora"},
	{"AlmaLinux", "almalinux"},
	{"Rocky Linux", "rocky"},
	{"Oracle Linux", "ol"},
	{"Enterprise Linux Enterprise Linux Server", "ol"}, // Oracle Linux 5
	{"Amazon Linux", "amzn"},
	{"VMware Photon", "photon"},
	{"CBL-Mariner", "mariner"},
	{"Azure Linux", "azurelinux"},
	{"Microsoft Azure Linux", "azurelinux"},
	{"SUSE Linux Enterprise", "sles"},
	{"openSUSE", "opensuse"},
	{"Scientific Linux", "scientific"},
}

// parseNamedRelease parses a line such as redhat-release has.
func parseNamedRelease(content []byte) (inventory.Distribution, bool) {
	line, rest := cutLine(content)
	pretty := strings.TrimSpace(text(line))
	for _, known := range releaseNames {
		if !strings.HasPrefix(pretty, known.prefix) {
			continue
		}
		d := inventory.Distribution{ID: known.id, Name: known.prefix, PrettyName: pretty}
		if m := namedRelease.FindStringSubmatch(pretty); m != nil {
			d.Name, d.VersionID = m[1], m[2]
		}
		if known.id == "sles" || known.id == "opensuse" {
			shellFields(rest, func(key, value string) {
				if key == "PATCHLEVEL" && value != "0" && !strings.Contains(d.VersionID, ".") {
					d.VersionID += "." + value
				}
			})
		}
		return d, true
	}
	return inventory.Distribution{}, false
}
