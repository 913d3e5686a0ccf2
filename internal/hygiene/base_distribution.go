package hygiene

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"plimsoll/internal/distro"
	"plimsoll/internal/inventory"
)

// codenames are distributions by the words that tags use for their releases
// (https://wiki.debian.org/DebianReleases, https://wiki.ubuntu.com/Releases).
var codenames = map[string]inventory.Distribution{
	"wheezy": {ID: "debian", VersionID: "7"}, "jessie": {ID: "debian", VersionID: "8"}, "stretch": {ID: "debian", VersionID: "9"},
	"buster": {ID: "debian", VersionID: "10"}, "bullseye": {ID: "debian", VersionID: "11"}, "bookworm": {ID: "debian", VersionID: "12"},
	"trixie": {ID: "debian", VersionID: "13"},
	"trusty": {ID: "ubuntu", VersionID: "14.04"}, "xenial": {ID: "ubuntu", VersionID: "16.04"}, "bionic": {ID: "ubuntu", VersionID: "18.04"},
	"focal": {ID: "ubuntu", VersionID: "20.04"}, "jammy": {ID: "ubuntu", VersionID: "22.04"}, "noble": {ID: "ubuntu", VersionID: "24.04"},
	"artful": {ID: "ubuntu", VersionID: "17.10"}, "cosmic": {ID: "ubuntu", VersionID: "18.10"}, "disco": {ID: "ubuntu", VersionID: "19.04"},
	"eoan": {ID: "ubuntu", VersionID: "19.10"}, "groovy": {ID: "ubuntu", VersionID: "20.10"}, "hirsute": {ID: "ubuntu", VersionID: "21.04"},
	"impish": {ID: "ubuntu", VersionID: "21.10"}, "kinetic": {ID: "ubuntu", VersionID: "22.10"}, "lunar": {ID: "ubuntu", VersionID: "23.04"},
	"mantic": {ID: "ubuntu", VersionID: "23.10"}, "oracular": {ID: "ubuntu", VersionID: "24.10"},
}

// distributionWord is how tags name a distribution with its number: "alpine3.12",
// "ubuntu18.04", "debian10", "centos7", "ubi8", "fc33".
var distributionWord = regexp.MustCompile(`^(alpine|ubuntu|debian|centos|rockylinux|ubi|el|fedora|fc|amazonlinux|oraclelinux|ol)(\d+(?:\.\d+)?)$`)

// distributionImages are repositories that are a distribution, by the ID that its
// os-release has.
var distributionImages = map[string]string{
	"debian": "debian", "ubuntu": "ubuntu", "alpine": "alpine", "centos": "centos", "fedora": "fedora",
	"amazonlinux": "amzn", "rockylinux": "rocky", "almalinux": "almalinux", "oraclelinux": "ol",
	"opensuse/leap": "opensuse-leap", "photon": "photon", "debian/eol": "debian",
	"ubi7/ubi": "rhel", "ubi7/ubi-minimal": "rhel", "ubi7/ubi-init": "rhel", "ubi7": "rhel", "ubi7-minimal": "rhel",
	"cbl-mariner/base/core": "mariner", "cbl-mariner/distroless/base": "mariner",
	"centos/centos": "centos-stream", "rockylinux/rockylinux": "rocky", "library/photon": "photon",
}

// distributionOf is what a reference says of its distribution; nil where it says
// nothing. name is the repository's, without "library/".
func distributionOf(name, tag string) *inventory.Distribution {
	if rest, ok := strings.CutPrefix(name, "distroless/"); ok || strings.Contains(name, "/distroless/") {
		// gcr.io/distroless/base-debian10: the release is part of the name.
		if i := strings.LastIndexByte(rest, '-'); i >= 0 {
			return fromWord(rest[i+1:])
		}
		return nil
	}
	if id, ok := distributionImages[name]; ok {
		if d := releaseOf(id, name, tag); d != nil {
			return d
		}
	}
	for _, word := range strings.FieldsFunc(tag, func(r rune) bool { return r == '-' || r == '_' }) {
		if d := fromWord(word); d != nil {
			return d
		}
	}
	return nil
}

func fromWord(word string) *inventory.Distribution {
	if d, ok := codenames[word]; ok {
		return &d
	}
	m := distributionWord.FindStringSubmatch(word)
	if m == nil {
		return nil
	}
	d := &inventory.Distribution{ID: m[1], VersionID: m[2]}
	switch m[1] {
	case "ubi", "el":
		d.ID = "rhel"
	case "fc":
		d.ID = "fedora"
	case "rockylinux":
		d.ID = "rocky"
	case "amazonlinux":
		d.ID = "amzn"
	case "oraclelinux":
		d.ID = "ol"
	}
	return d
}

// releaseOf reads the tag of a distribution's own image.
func releaseOf(id, name, tag string) *inventory.Distribution {
	if strings.HasPrefix(name, "ubi7") {
		return &inventory.Distribution{ID: "rhel", VersionID: "7"}
	}
	if stream, ok := strings.CutPrefix(tag, "stream"); ok {
		return &inventory.Distribution{ID: "centos", Name: "CentOS Stream", VersionID: leadingVersion(stream)}
	}
	number := leadingVersion(strings.TrimPrefix(tag, "centos"))
	if number == "" || id == "centos-stream" {
		return nil
	}
	return &inventory.Distribution{ID: id, VersionID: number}
}

// distributionEnd tells since when a distribution gets no more fixes from those who
// make it; day is empty where the release is older than every date that is known.
func distributionEnd(d *inventory.Distribution, now time.Time) (day string, paid, ended bool) {
	switch distro.EndedBy(d, now) {
	case distro.SupportExtended:
		paid = true
	case distro.SupportEnded:
	case distro.SupportUnknown:
		return "", false, olderThanKnown(d)
	default:
		return "", false, false
	}
	dates, _ := distro.EndOfLife(d)
	last := dates.Standard
	if dates.LTS.After(last) {
		last = dates.LTS
	}
	if last.IsZero() {
		return "", paid, true
	}
	return last.Format(time.DateOnly), paid, true
}

// olderThanKnown tells whether a release came before the first one that package
// distro has dates of, all of which have passed.
func olderThanKnown(d *inventory.Distribution) bool {
	first := map[distro.Family][2]int{distro.Alpine: {3, 8}, distro.Debian: {7, 0}, distro.Fedora: {28, 0}, distro.Ubuntu: {14, 4}}
	oldest, ok := first[distro.FamilyOf(d)]
	if !ok {
		return false
	}
	major, minor, _ := strings.Cut(distro.Release(d), ".")
	a, err := strconv.Atoi(major)
	if err != nil || a < 1 {
		return false
	}
	b, _ := strconv.Atoi(minor)
	return a < oldest[0] || a == oldest[0] && b < oldest[1] && minor != ""
}

// distributionTitle is a distribution in words.
func distributionTitle(d *inventory.Distribution) string {
	titles := map[string]string{
		"debian": "Debian", "ubuntu": "Ubuntu", "alpine": "Alpine", "centos": "CentOS", "fedora": "Fedora", "amzn": "Amazon Linux",
		"rocky": "Rocky Linux", "almalinux": "AlmaLinux", "ol": "Oracle Linux", "rhel": "RHEL", "opensuse-leap": "openSUSE Leap",
		"photon": "Photon OS", "mariner": "CBL-Mariner",
	}
	title := titles[d.ID]
	if d.Name != "" {
		title = d.Name
	}
	return title + " " + distro.Release(d)
}
