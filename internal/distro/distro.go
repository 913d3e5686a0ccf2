// Package distro owns what is known about Linux distributions themselves: which
// family an os-release file names, how its release is written in the keys of
// vulnerability databases, and until when a release gets fixes.
//
// It is pure: it reads no file and no database, and the clock is a parameter.
package distro

import (
	"strings"

	"plimsoll/internal/inventory"
)

// Family is a distribution whose packages have advisories of their own. A
// derivative is a family of its own: its packages are not its relative's.
type Family string

// The families. Distroless images say they are Debian and are.
const (
	Unknown            Family = ""
	Debian             Family = "debian"
	Ubuntu             Family = "ubuntu"
	Alpine             Family = "alpine"
	Wolfi              Family = "wolfi"
	Chainguard         Family = "chainguard"
	MinimOS            Family = "minimos"
	RHEL               Family = "rhel"
	CentOS             Family = "centos"
	CentOSStream       Family = "centos-stream"
	AlmaLinux          Family = "almalinux"
	Rocky              Family = "rocky"
	Oracle             Family = "oracle"
	Amazon             Family = "amazon"
	Fedora             Family = "fedora"
	SLES               Family = "sles"
	SLEMicro           Family = "sle-micro"
	OpenSUSELeap       Family = "opensuse-leap"
	OpenSUSETumbleweed Family = "opensuse-tumbleweed"
	Photon             Family = "photon"
	Mariner            Family = "mariner"
	AzureLinux         Family = "azurelinux"
	Arch               Family = "arch"
)

// Rolling is the release of a family that has none: the one that is current.
const Rolling = "rolling"

// FamilyOf returns the family that os-release's ID names, Unknown for others.
func FamilyOf(d *inventory.Distribution) Family {
	if d == nil {
		return Unknown
	}
	switch id := strings.ToLower(d.ID); id {
	case "centos":
		if strings.Contains(strings.ToLower(d.Name), "stream") {
			return CentOSStream
		}
		return CentOS
	case "ol":
		return Oracle
	case "amzn":
		return Amazon
	case "redhat":
		return RHEL
	case "sles", "sled", "sles_sap", "sle_hpc", "suse":
		return SLES
	case "sle-micro", "sl-micro", "suse-microos":
		return SLEMicro
	case "opensuse":
		return openSUSE(d)
	case "opensuse-tumbleweed-kubic":
		return OpenSUSETumbleweed
	case "debian", "ubuntu", "alpine", "wolfi", "chainguard", "minimos", "rhel", "almalinux", "rocky", "fedora",
		"opensuse-leap", "opensuse-tumbleweed", "photon", "mariner", "azurelinux", "arch":
		return Family(id)
	default:
		return Unknown
	}
}

// openSUSE tells Tumbleweed from releases where the ID is the older "opensuse".
func openSUSE(d *inventory.Distribution) Family {
	if strings.Contains(strings.ToLower(d.Name+" "+d.PrettyName), "tumbleweed") {
		return OpenSUSETumbleweed
	}
	return OpenSUSELeap
}

// Release returns the release in the form that databases key by: "12" for Debian,
// "22.04" for Ubuntu, "3.19" for Alpine, "9" for Red Hat's relatives, "2023" for
// Amazon Linux, "15.5" for SUSE. Debian's testing and unstable have no number and
// give their codename; Alpine's development branch is "edge". It is empty where
// os-release does not say, or the family is unknown and names no version.
func Release(d *inventory.Distribution) string {
	if d == nil {
		return ""
	}
	version := strings.TrimSpace(d.VersionID)
	switch FamilyOf(d) {
	case Debian:
		return debianRelease(d, version)
	case Ubuntu, SLES, SLEMicro, OpenSUSELeap, Photon, Mariner, AzureLinux:
		return numbers(version, 2)
	case Alpine:
		if strings.Contains(version, "_") || version == "edge" {
			return "edge"
		}
		return numbers(version, 2)
	case RHEL, CentOS, CentOSStream, AlmaLinux, Rocky, Oracle, Fedora:
		return numbers(version, 1)
	case Amazon:
		return amazonRelease(version)
	case Wolfi, Chainguard, MinimOS, OpenSUSETumbleweed, Arch:
		return Rolling
	default:
		return version
	}
}

// debianRelease falls back on the codename: images of testing and unstable have
// no VERSION_ID, and the older ones say it only in PRETTY_NAME ("buster/sid").
func debianRelease(d *inventory.Distribution, version string) string {
	if r := numbers(version, 1); r != "" {
		return r
	}
	if d.VersionCodename != "" {
		return strings.ToLower(d.VersionCodename)
	}
	fields := strings.Fields(d.PrettyName)
	if len(fields) == 0 {
		return ""
	}
	codename, sid, ok := strings.Cut(strings.ToLower(fields[len(fields)-1]), "/")
	if !ok || sid != "sid" {
		return ""
	}
	return codename
}

// amazonRelease: the first Amazon Linux has years with months ("2018.03") and is
// "1" in databases; Amazon Linux 2023 has only the year, with a date in long form.
func amazonRelease(version string) string {
	major := numbers(version, 1)
	if len(major) == 4 && major < "2022" {
		return "1"
	}
	return major
}

// numbers returns the first n dotted numbers of a version, fewer where it has
// fewer, and nothing where it does not begin with one.
func numbers(version string, n int) string {
	end := 0
	for range n {
		start := end
		if start > 0 {
			if start >= len(version) || version[start] != '.' {
				break
			}
			start++
		}
		stop := start
		for stop < len(version) && '0' <= version[stop] && version[stop] <= '9' {
			stop++
		}
		if stop == start {
			break
		}
		end = stop
	}
	return version[:end]
}
