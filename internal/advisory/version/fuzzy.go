package version

import "strings"

// fuzzyVersion compares strings of which nothing is known: as semver where
// both sides look like it, else part by part. The part-wise rule is that of
// the NVD tooling that grype uses for CPE ranges.
type fuzzyVersion struct {
	raw    string
	semver segmented
	isSem  bool
}

func parseFuzzy(raw string) fuzzyVersion {
	v := fuzzyVersion{raw: raw}
	if looksSemver(raw) {
		v.semver, v.isSem = parseSegmented(trimLeadingV(semverSpelling(raw)), false)
	}
	return v
}

// looksSemver accepts one to three numbers without leading zeros, then
// optionally a pre-release that starts with "-", "alpha", "beta" or "rc", then
// optionally a build.
func looksSemver(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "v"), "V")
	for i := range 3 {
		n := digitsLen(s)
		if n == 0 || leadingZero(s[:n]) {
			return false
		}
		s = s[n:]
		if i == 2 || len(s) < 2 || s[0] != '.' || !isDigit(s[1]) {
			break
		}
		s = s[1:]
	}
	pre, build, hasBuild := strings.Cut(s, "+")
	if hasBuild && (!identifiers(build) || strings.Contains(build, "~")) {
		return false
	}
	if pre == "" {
		return true
	}
	for _, start := range [...]string{"-", "alpha", "beta", "rc"} {
		if rest, ok := strings.CutPrefix(pre, start); ok {
			return preIdentifiers(rest)
		}
	}
	return false
}

func preIdentifiers(s string) bool {
	if !identifiers(s) || strings.Contains(s, "~") {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if allDigits(part) && leadingZero(part) {
			return false
		}
	}
	return true
}

func (v fuzzyVersion) compare(o order) int {
	w, _ := o.(fuzzyVersion)
	if v.isSem && w.isSem {
		return v.semver.compare(w.semver)
	}
	return compareFuzzy(stripV(v.raw), stripV(w.raw))
}

func stripV(s string) string {
	if s != "" && (s[0] == 'v' || s[0] == 'V') {
		return s[1:]
	}
	return s
}

func compareFuzzy(v, w string) int {
	a, b := v, w
	for a != "" && b != "" {
		var x, y string
		x, a = fuzzyPart(a)
		y, b = fuzzyPart(b)
		if c := compareFuzzyPart(x, y); c != 0 {
			return c
		}
	}
	return sign(len(v) - len(w))
}

// fuzzyPart cuts off the part before the next ASCII punctuation.
func fuzzyPart(s string) (part, rest string) {
	n := digitsLen(s)
	for n < len(s) && !isPunct(s[n]) {
		n++
	}
	if n == len(s) {
		return s, ""
	}
	return s[:n], s[n+1:]
}

func isPunct(c byte) bool {
	return c >= '!' && c <= '~' && !isDigit(c) && !isLetter(c)
}

// compareFuzzyPart compares the digits that both parts start with as numbers
// of equal width, then the rest as text; "p9" and "p15" by their number.
func compareFuzzyPart(x, y string) int {
	i, j := digitsLen(x), digitsLen(y)
	if c := compareDigits(x[:i], y[:j]); c != 0 {
		if i == 0 || j == 0 { // a number against a word: text order, zero-padded
			return strings.Compare(pad(x, j-i), pad(y, i-j))
		}
		return c
	}
	x, y = x[i:], y[j:]
	if px, py := patchNumber(x), patchNumber(y); px != "" && py != "" {
		return compareDigits(px, py)
	}
	return strings.Compare(x, y)
}

func pad(s string, n int) string {
	if n <= 0 {
		return s
	}
	return strings.Repeat("0", n) + s
}

// patchNumber returns the digits of "p15".
func patchNumber(s string) string {
	if len(s) > 1 && (s[0] == 'p' || s[0] == 'P') && allDigits(s[1:]) {
		return s[1:]
	}
	return ""
}
