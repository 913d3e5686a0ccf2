package version

import "strings"

// apkVersion is Alpine's number{.number}[letter]{_suffix[number]}[~hash][-rN]
// (apk-package(5), "version"); older releases also let digits follow the letter
// ("6.6.2p1").
type apkVersion struct {
	numbers  []string
	letter   byte
	patch    string // the digits after the letter
	suffixes []apkSuffix
	revision string
}

type apkSuffix struct {
	rank   int // negative before the plain version, positive after
	number string
}

// apkSuffixes sort in this order around the plain version.
var apkSuffixes = [...]struct {
	name string
	rank int
}{
	{"alpha", -4},
	{"beta", -3},
	{"pre", -2},
	{"rc", -1},
	{"cvs", 1},
	{"svn", 2},
	{"git", 3},
	{"hg", 4},
	{"p", 5},
}

func parseApk(raw string) (apkVersion, bool) {
	var v apkVersion
	s := raw
	for {
		n := digitsLen(s)
		if n == 0 {
			return v, false
		}
		v.numbers = append(v.numbers, s[:n])
		s = s[n:]
		if !strings.HasPrefix(s, ".") {
			break
		}
		s = s[1:]
	}
	if s != "" && 'a' <= s[0] && s[0] <= 'z' {
		n := digitsLen(s[1:])
		v.letter, v.patch, s = s[0], s[1:1+n], s[1+n:]
	}
	for strings.HasPrefix(s, "_") {
		var ok bool
		var suffix apkSuffix
		if suffix, s, ok = parseApkSuffix(s[1:]); !ok {
			return v, false
		}
		v.suffixes = append(v.suffixes, suffix)
	}
	if strings.HasPrefix(s, "~") {
		s = strings.TrimLeft(s[1:], "0123456789abcdef")
	}
	if strings.HasPrefix(s, "-r") {
		n := digitsLen(s[2:])
		v.revision, s = s[2:2+n], s[2+n:]
		if n == 0 {
			return v, false
		}
	}
	return v, s == ""
}

func parseApkSuffix(s string) (apkSuffix, string, bool) {
	for _, known := range apkSuffixes {
		if rest, ok := strings.CutPrefix(s, known.name); ok {
			n := digitsLen(rest)
			return apkSuffix{known.rank, rest[:n]}, rest[n:], true
		}
	}
	return apkSuffix{}, s, false
}

func (v apkVersion) compare(o order) int {
	w, _ := o.(apkVersion)
	if c := compareApkNumbers(v.numbers, w.numbers); c != 0 {
		return c
	}
	if v.letter != w.letter {
		return sign(int(v.letter) - int(w.letter))
	}
	if c := compareOptional(v.patch, w.patch, -1); c != 0 {
		return c
	}
	if c := compareApkSuffixes(v.suffixes, w.suffixes); c != 0 {
		return c
	}
	return compareDigits(v.revision, w.revision)
}

// compareApkNumbers compares all but the first as fractions where either has a
// leading zero, as apk-tools does.
func compareApkNumbers(a, b []string) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		x, y := a[i], b[i]
		c := 0
		if i > 0 && (leadingZero(x) || leadingZero(y)) {
			c = strings.Compare(strings.TrimRight(x, "0"), strings.TrimRight(y, "0"))
		} else {
			c = compareDigits(x, y)
		}
		if c != 0 {
			return c
		}
	}
	return sign(len(a) - len(b))
}

func leadingZero(s string) bool { return len(s) > 1 && s[0] == '0' }

func compareApkSuffixes(a, b []apkSuffix) int {
	for i := 0; i < len(a) || i < len(b); i++ {
		var x, y apkSuffix
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x.rank != y.rank {
			return sign(x.rank - y.rank)
		}
		if c := compareDigits(x.number, y.number); c != 0 {
			return c
		}
	}
	return 0
}
