package version

import "strings"

// debVersion is Debian's [epoch:]upstream[-revision] (deb-version(7)).
type debVersion struct{ epoch, upstream, revision string }

func parseDeb(raw string) (debVersion, bool) {
	raw = strings.TrimSpace(raw)
	var v debVersion
	if i := strings.IndexByte(raw, ':'); i >= 0 {
		if v.epoch = raw[:i]; !allDigits(v.epoch) {
			return v, false
		}
		raw = raw[i+1:]
	}
	v.upstream = raw
	if i := strings.LastIndexByte(raw, '-'); i >= 0 {
		v.upstream, v.revision = raw[:i], raw[i+1:]
	}
	if v.upstream == "" || !isDigit(v.upstream[0]) {
		return v, false // dpkg asks for a digit first, and so do both tools
	}
	return v, debChars(v.upstream, ".-+~:_") && debChars(v.revision, ".+~_")
}

func debChars(s, others string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) && !isLetter(s[i]) && strings.IndexByte(others, s[i]) < 0 {
			return false
		}
	}
	return true
}

func (v debVersion) compare(o order) int {
	w, _ := o.(debVersion)
	if c := compareDigits(v.epoch, w.epoch); c != 0 {
		return c
	}
	if c := compareDebPart(v.upstream, w.upstream); c != 0 {
		return c
	}
	return compareDebPart(v.revision, w.revision)
}

// compareDebPart alternates between runs of non-digits, compared with debRank,
// and runs of digits, compared as numbers.
func compareDebPart(a, b string) int {
	for a != "" || b != "" {
		for (a != "" && !isDigit(a[0])) || (b != "" && !isDigit(b[0])) {
			if c := debRank(a) - debRank(b); c != 0 {
				return sign(c)
			}
			a, b = a[1:], b[1:] // equal ranks: both have a non-digit here
		}
		i, j := digitsLen(a), digitsLen(b)
		if c := compareDigits(a[:i], b[:j]); c != 0 {
			return c
		}
		a, b = a[i:], b[j:]
	}
	return 0
}

// debRank sorts "~" before the end, the end (or a digit) before letters,
// letters before everything else.
func debRank(s string) int {
	switch {
	case s == "" || isDigit(s[0]):
		return 0
	case s[0] == '~':
		return -1
	case isLetter(s[0]):
		return int(s[0])
	}
	return int(s[0]) + 256
}

// rpmVersion is [epoch:]version[-release].
type rpmVersion struct {
	epoch, version, release string
	hasEpoch, loose         bool
}

func parseRPM(raw string, loose bool) (rpmVersion, bool) {
	raw = strings.TrimSpace(raw)
	v := rpmVersion{loose: loose}
	if i := strings.IndexByte(raw, ':'); i >= 0 {
		if v.epoch = raw[:i]; !allDigits(v.epoch) {
			return v, false
		}
		v.hasEpoch = true
		raw = raw[i+1:]
	}
	v.version = raw
	if i := strings.IndexByte(raw, '-'); i >= 0 {
		v.version, v.release = raw[:i], raw[i+1:]
	}
	return v, v.version != ""
}

func (v rpmVersion) compare(o order) int {
	w, _ := o.(rpmVersion)
	if !v.loose || v.hasEpoch && w.hasEpoch {
		if c := compareDigits(v.epoch, w.epoch); c != 0 {
			return c
		}
	}
	if c := compareRPMPart(v.version, w.version); c != 0 {
		return c
	}
	return compareRPMPart(v.release, w.release)
}

// parseAlpm reads pacman's [epoch:]pkgver[-pkgrel].
func parseAlpm(raw string) (alpmVersion, bool) {
	v, ok := parseRPM(raw, false)
	if i := strings.LastIndexByte(raw, '-'); ok && i > strings.IndexByte(raw, ':') {
		v.version, v.release = raw[strings.IndexByte(raw, ':')+1:i], raw[i+1:]
	}
	return alpmVersion(v), ok && v.version != ""
}

type alpmVersion rpmVersion

// compare ignores pkgrel where one side has none (vercmp(8)).
func (v alpmVersion) compare(o order) int {
	w, _ := o.(alpmVersion)
	if v.release == "" || w.release == "" {
		v.release, w.release = "", ""
	}
	return rpmVersion(v).compare(rpmVersion(w))
}

// compareRPMPart is rpmvercmp: runs of digits or letters, everything else
// separates; "~" sorts before the end, "^" after it but before anything more
// (rpm-version(7)).
func compareRPMPart(a, b string) int {
	for a != "" || b != "" {
		a, b = rpmSkip(a), rpmSkip(b)
		if c, done := compareRPMMark(a, b); done {
			return c
		} else if hasMark(a) {
			a, b = a[1:], b[1:]
			continue
		}
		if a == "" || b == "" {
			break
		}
		i, numeric := rpmRun(a)
		j, otherNumeric := rpmRun(b)
		switch {
		case numeric && !otherNumeric:
			return 1
		case !numeric && otherNumeric:
			return -1
		case numeric:
			if c := compareDigits(a[:i], b[:j]); c != 0 {
				return c
			}
		default:
			if c := strings.Compare(a[:i], b[:j]); c != 0 {
				return c
			}
		}
		a, b = a[i:], b[j:]
	}
	return sign(len(a) - len(b))
}

func hasMark(s string) bool { return s != "" && (s[0] == '~' || s[0] == '^') }

// compareRPMMark decides where a "~" or "^" stands on one side only; done is
// false where both or neither side has the same mark.
func compareRPMMark(a, b string) (c int, done bool) {
	at, bt := strings.HasPrefix(a, "~"), strings.HasPrefix(b, "~")
	if at != bt {
		if at {
			return -1, true
		}
		return 1, true
	}
	ac, bc := strings.HasPrefix(a, "^"), strings.HasPrefix(b, "^")
	switch {
	case ac == bc:
		return 0, false
	case ac && b == "":
		return 1, true
	case ac:
		return -1, true
	case a == "":
		return -1, true
	}
	return 1, true
}

func rpmSkip(s string) string {
	i := 0
	for i < len(s) && !isDigit(s[i]) && !isLetter(s[i]) && s[i] != '~' && s[i] != '^' {
		i++
	}
	return s[i:]
}

func rpmRun(s string) (n int, numeric bool) {
	if isDigit(s[0]) {
		return digitsLen(s), true
	}
	for n < len(s) && isLetter(s[n]) {
		n++
	}
	return n, false
}
