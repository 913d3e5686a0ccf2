package bump

import (
	"slices"
	"strconv"
	"strings"

	"plimsoll/internal/distro"
)

// Tag is a tag taken apart: "3.8.19-slim-bookworm" is version 3.8.19, small
// variant slim, distribution Debian 12.
type Tag struct {
	Text string
	// Numbers are the version's: [3 8 19]. Empty where the tag names none.
	Numbers []int
	// Build are the numbers of a rebuild of the same version: "17.0.11_9" and
	// "1.2.3-r5" have one.
	Build []int
	// Family is the distribution that the tag names, Unknown for none; Release is
	// its release ("12", "22.04", "3.19"), empty where only the family is named.
	// Coded is set where it is a codename.
	Family  distro.Family
	Release string
	Coded   bool
	// Small is the word for a variant with less in it: slim, distroless, chiseled,
	// minimal, micro, tiny; empty for the full one.
	Small string
	// Words are all others, in order: "jre", "fpm", "lts". Tags are of one kind
	// where they are the same.
	Words []string
	// Date is that of a snapshot, as 20240612.
	Date int
	// Pre is set for pre-releases and for branches that roll.
	Pre bool
	// Point is set where Numbers are a distribution's point release.
	Point bool
}

// maxTag is what a registry accepts (distribution-spec).
const maxTag = 128

// ParseTag takes a tag apart. repository is its repository, of which the last
// part may be a distribution ("debian"); then the version is the release. It is
// false for what is no version and no variant: digests, signatures, commits.
func ParseTag(repository, text string) (Tag, bool) {
	t := Tag{Text: text}
	if text == "" || len(text) > maxTag || isHash(text) {
		return t, false
	}
	tokens := strings.Split(strings.ToLower(text), "-")
	for i := 0; i < len(tokens); i++ {
		token := tokens[i]
		next := ""
		if i+1 < len(tokens) {
			next = tokens[i+1]
		}
		switch {
		case token == "":
			return t, false
		case token == "latest":
		case t.takeDistribution(token, next):
			if t.Release == next && next != "" && isRelease(next) {
				i++
			}
		case slices.Contains(smallWords, token):
			if t.Small != "" {
				t.Words = append(t.Words, token)
			}
			t.Small = firstOf(t.Small, token)
		case isPreRelease(token):
			t.Pre = true
		case isHash(token):
			return t, false
		case t.takeNumber(token):
		default:
			t.Words = append(t.Words, token)
		}
	}
	t.asDistribution(repository)
	return t, true
}

// smallWords are how publishers call a variant that leaves things out.
var smallWords = []string{"slim", "distroless", "chiseled", "minimal", "micro", "tiny"}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// isHash reports a commit, a digest or what cosign keeps under one.
func isHash(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "sha256-"), "sha-")
	s, _, _ = strings.Cut(s, ".")
	if len(s) < 7 || len(s) == 8 && isDate(s) {
		return false
	}
	letters := false
	for _, c := range s {
		if !strings.ContainsRune("0123456789abcdef", c) {
			return false
		}
		letters = letters || c >= 'a'
	}
	return letters || len(s) >= 32
}

// isPreRelease knows the words of what is not released yet, or rolls.
func isPreRelease(token string) bool {
	word := strings.TrimRight(token, "0123456789.")
	switch word {
	case "rc", "alpha", "beta", "pre", "preview", "dev", "devel", "snapshot", "nightly", "canary", "edge", "ea", "testing", "sid",
		"unstable", "experimental", "rolling", "next", "milestone", "insiders", "master", "main", "trunk", "rawhide":
		return true
	}
	return false
}

// takeDistribution reads a token that names a distribution.
func (t *Tag) takeDistribution(token, next string) bool {
	if family, release, ok := codename(token); ok {
		t.Family, t.Release, t.Coded = family, release, true
		return true
	}
	for _, d := range distributionWords {
		rest, ok := strings.CutPrefix(token, d.word)
		switch {
		case !ok:
			continue
		case rest == "" && d.bare:
			t.Family = d.family
			if isRelease(next) && !isDate(next) && (d.family != distro.Alpine || strings.Contains(next, ".")) {
				t.Release = next
			}
			return true
		case isRelease(rest):
			t.Family, t.Release = d.family, rest
			return true
		}
	}
	return false
}

// distributionWords begin a token that names a distribution, the longer first.
// Those that are not bare are written with a release only: "ubi9", "al2023".
var distributionWords = []struct {
	word   string
	family distro.Family
	bare   bool
}{
	{"alpine", distro.Alpine, true},
	{"debian", distro.Debian, true},
	{"ubuntu", distro.Ubuntu, true},
	{"rockylinux", distro.Rocky, true},
	{"rocky", distro.Rocky, true},
	{"almalinux", distro.AlmaLinux, true},
	{"amazonlinux", distro.Amazon, true},
	{"oraclelinux", distro.Oracle, true},
	{"azurelinux", distro.AzureLinux, true},
	{"mariner", distro.Mariner, true},
	{"fedora", distro.Fedora, true},
	{"centos", distro.CentOS, true},
	{"photon", distro.Photon, true},
	{"wolfi", distro.Wolfi, true},
	{"ubi", distro.RHEL, false},
	{"al", distro.Amazon, false},
	{"ol", distro.Oracle, false},
	{"fc", distro.Fedora, false},
}

// codename knows the names of Debian's and Ubuntu's releases
// (https://www.debian.org/releases/, https://wiki.ubuntu.com/Releases).
func codename(token string) (distro.Family, string, bool) {
	switch token {
	case "wheezy":
		return distro.Debian, "7", true
	case "jessie":
		return distro.Debian, "8", true
	case "stretch":
		return distro.Debian, "9", true
	case "buster":
		return distro.Debian, "10", true
	case "bullseye":
		return distro.Debian, "11", true
	case "bookworm":
		return distro.Debian, "12", true
	case "trixie":
		return distro.Debian, "13", true
	case "forky":
		return distro.Debian, "14", true
	case "trusty":
		return distro.Ubuntu, "14.04", true
	case "xenial":
		return distro.Ubuntu, "16.04", true
	case "bionic":
		return distro.Ubuntu, "18.04", true
	case "focal":
		return distro.Ubuntu, "20.04", true
	case "jammy":
		return distro.Ubuntu, "22.04", true
	case "noble":
		return distro.Ubuntu, "24.04", true
	case "oracular":
		return distro.Ubuntu, "24.10", true
	case "plucky":
		return distro.Ubuntu, "25.04", true
	case "questing":
		return distro.Ubuntu, "25.10", true
	case "resolute":
		return distro.Ubuntu, "26.04", true
	}
	return distro.Unknown, "", false
}

// takeNumber reads a version, a snapshot's date, or the number of a rebuild. Only
// the first version of a tag is its version: in "6.5-php8.2" the second is a word.
func (t *Tag) takeNumber(token string) bool {
	if rest, ok := strings.CutPrefix(token, "r"); ok && len(t.Numbers) > 0 && isNumber(rest) {
		t.Build = appendNumbers(t.Build, rest)
		return true
	}
	if rest, ok := strings.CutPrefix(token, "b"); ok && len(t.Numbers) > 0 && isNumber(rest) {
		t.Build = appendNumbers(t.Build, rest)
		return true
	}
	day, _, _ := strings.Cut(token, ".")
	if isDate(day) && (len(t.Numbers) == 0 || t.Family != distro.Unknown) {
		t.Date, _ = strconv.Atoi(day)
		return true
	}
	if len(token) > 1 && token[0] == 'v' && isDigit(token[1]) {
		token = token[1:]
	}
	if !isDigit(token[0]) {
		return false
	}
	if len(t.Numbers) > 0 {
		if !isRelease(token) {
			return false
		}
		for part := range strings.SplitSeq(token, ".") {
			t.Build = appendNumbers(t.Build, part)
		}
		return true
	}
	return t.takeVersion(token)
}

// takeVersion reads "3.8.19", "17.0.11_9", "8u412" (the update of a Java release,
// JEP 223) and "3.13.0rc2".
func (t *Tag) takeVersion(token string) bool {
	version, build, _ := strings.Cut(token, "_")
	for version != "" {
		end := 0
		for end < len(version) && isDigit(version[end]) {
			end++
		}
		if end == 0 || end > 9 || len(t.Numbers) > 8 {
			break
		}
		t.Numbers = appendNumbers(t.Numbers, version[:end])
		version = version[end:]
		if rest, ok := strings.CutPrefix(version, "u"); ok && len(t.Numbers) == 1 && rest != "" && isDigit(rest[0]) {
			t.Numbers, version = append(t.Numbers, 0), rest
			continue
		}
		rest, ok := strings.CutPrefix(version, ".")
		if !ok || rest == "" || !isDigit(rest[0]) {
			break
		}
		version = rest
	}
	if len(t.Numbers) == 0 {
		return false
	}
	if isNumber(build) {
		t.Build = appendNumbers(t.Build, build)
	}
	switch word := strings.TrimLeft(version, "."); {
	case word == "":
	case isPreRelease(word), word[0] == 'a' && isNumber(word[1:]), word[0] == 'b' && isNumber(word[1:]):
		// Python's pre-releases are 3.13.0a4, b1 and rc2 (PEP 440).
		t.Pre = true
	default:
		t.Words = append(t.Words, word)
	}
	return true
}

// asDistribution reads the version of a distribution's own image as its release.
func (t *Tag) asDistribution(repository string) {
	last := repository[strings.LastIndexByte(repository, '/')+1:]
	family, numbers := ownFamily(last, repository)
	if family == distro.Unknown {
		return
	}
	if t.Family == distro.Unknown {
		t.Family = family
	}
	if t.Release != "" || len(t.Numbers) == 0 {
		if len(t.Numbers) == 0 && t.Release == "" && t.Date != 0 {
			// Alpine's dated tags are snapshots of its development branch.
			t.Pre = true
		}
		t.Point = true
		return
	}
	n := min(numbers, len(t.Numbers))
	parts := make([]string, n)
	for i := range parts {
		parts[i] = strconv.Itoa(t.Numbers[i])
		if i == 1 && family == distro.Ubuntu && t.Numbers[i] < 10 {
			parts[i] = "0" + parts[i]
		}
	}
	t.Release, t.Numbers, t.Point = strings.Join(parts, "."), t.Numbers[n:], true
}

// ownFamily knows the repositories of distributions, and how many numbers are a
// release there.
func ownFamily(last, repository string) (distro.Family, int) {
	switch last {
	case "debian":
		return distro.Debian, 1
	case "ubuntu":
		return distro.Ubuntu, 2
	case "alpine":
		return distro.Alpine, 2
	case "almalinux":
		return distro.AlmaLinux, 1
	case "rockylinux", "rocky":
		return distro.Rocky, 1
	case "amazonlinux":
		return distro.Amazon, 1
	case "oraclelinux":
		return distro.Oracle, 1
	case "fedora":
		return distro.Fedora, 1
	case "centos":
		return distro.CentOS, 1
	case "photon":
		return distro.Photon, 2
	case "leap":
		return distro.OpenSUSELeap, 2
	}
	switch {
	case strings.HasSuffix(repository, "azurelinux/base/core"):
		return distro.AzureLinux, 2
	case strings.HasPrefix(last, "ubi"), strings.Contains(repository, "/ubi"):
		return distro.RHEL, 1
	}
	return distro.Unknown, 0
}

// appendNumbers adds a number of at most nine digits, which no version exceeds
// that counts; a longer one (a time) loses its end, so that order stays.
func appendNumbers(to []int, digits string) []int {
	n, err := strconv.Atoi(digits[:min(len(digits), 18)])
	if err != nil {
		return to
	}
	return append(to, n)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNumber(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// isRelease reports dotted numbers.
func isRelease(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if !isNumber(part) {
			return false
		}
	}
	return true
}

// isDate reports a day as snapshots write it, 20240612.
func isDate(s string) bool {
	if len(s) != 8 || !isNumber(s) {
		return false
	}
	year, month, day := s[:4], s[4:6], s[6:]
	return year >= "2000" && year < "2100" && month >= "01" && month <= "12" && day >= "01" && day <= "31"
}
