package version

import (
	"strconv"
	"strings"
)

// segmented is dotted numbers of any count, an optional pre-release and an
// optional build. Missing numbers are zero; the build never counts.
type segmented struct {
	numbers []int64
	pre     string
	written int // how many numbers were written
}

// parseSegmented reads v?N(.N)*[-pre][+build]. Where strict is false the
// pre-release may follow without its dash ("1.0rc1").
func parseSegmented(raw string, strict bool) (segmented, bool) {
	var v segmented
	s := strings.TrimPrefix(raw, "v")
	for {
		n := digitsLen(s)
		if n == 0 {
			return v, false
		}
		number, err := strconv.ParseInt(s[:n], 10, 64)
		if err != nil {
			return v, false
		}
		v.numbers = append(v.numbers, number)
		s = s[n:]
		if len(s) < 2 || s[0] != '.' || !isDigit(s[1]) {
			break
		}
		s = s[1:]
	}
	v.written = len(v.numbers)
	rest, build, hasBuild := strings.Cut(s, "+")
	if hasBuild && !identifiers(build) {
		return v, false
	}
	if rest == "" {
		return v, true
	}
	dashed := rest[0] == '-'
	if !dashed && (strict || isDigit(rest[0]) || rest[0] == '.') {
		return v, false
	}
	v.pre = strings.TrimPrefix(rest, "-")
	return v, identifiers(v.pre)
}

// identifiers reports whether s is dot-separated, non-empty identifiers.
func identifiers(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if part == "" {
			return false
		}
		for i := 0; i < len(part); i++ {
			if c := part[i]; !isDigit(c) && !isLetter(c) && c != '-' && c != '~' {
				return false
			}
		}
	}
	return true
}

func (v segmented) number(i int) int64 {
	if i < len(v.numbers) {
		return v.numbers[i]
	}
	return 0
}

func (v segmented) compare(o order) int {
	w, _ := o.(segmented)
	for i := range max(len(v.numbers), len(w.numbers)) {
		if a, b := v.number(i), w.number(i); a != b {
			if a < b {
				return -1
			}
			return 1
		}
	}
	return comparePre(v.pre, w.pre)
}

// comparePre is semver's rule 11: none is highest, numbers before words,
// shorter before longer.
func comparePre(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "":
		return 1
	case b == "":
		return -1
	}
	for a != "" || b != "" {
		var x, y string
		x, a, _ = strings.Cut(a, ".")
		y, b, _ = strings.Cut(b, ".")
		if c := comparePrePart(x, y); c != 0 {
			return c
		}
	}
	return 0
}

func comparePrePart(x, y string) int {
	xn, yn := allDigits(x), allDigits(y)
	switch {
	case x == y:
		return 0
	case x == "":
		return -1
	case y == "":
		return 1
	case xn && yn:
		return compareDigits(x, y)
	case xn:
		return -1
	case yn:
		return 1
	}
	return strings.Compare(x, y)
}

// semverSpelling turns the dotted pre-releases that some ecosystems write
// ("5.0.0.beta1") into dashed ones.
func semverSpelling(s string) string {
	for _, word := range [...]string{"alpha", "beta", "rc"} {
		if strings.Contains(s, "."+word) {
			s = strings.ReplaceAll(s, "."+word, "-"+word)
		}
	}
	return s
}

// parseNpm reads strict semver.
func parseNpm(raw string) (npmVersion, bool) {
	v, ok := parseSegmented(raw, true)
	return npmVersion(v), ok && len(v.numbers) == 3 && isDigit(raw[0])
}

// npmVersion is apart from segmented because npm's ranges treat pre-releases
// in their own way.
type npmVersion segmented

func (v npmVersion) compare(o order) int {
	w, _ := o.(npmVersion)
	return segmented(v).compare(segmented(w))
}

// parseGo reads a module version; "go1.22.3" is the standard library's own
// spelling. A pre-release glued to the numbers ("9.6.0b1") only occurs in
// advisories. "(devel)" is not comparable.
func parseGo(raw string) (segmented, bool) {
	s := strings.TrimPrefix(raw, "go")
	before, build, found := strings.Cut(s, "+")
	if found {
		// Two builds in one version ("+incompatible+dirty") are one to semver.
		build = strings.ReplaceAll(build, "+", ".")
		return parseSegmented(before+"+"+build, false)
	}
	return parseSegmented(before, false)
}

func parseBitnami(raw string) (segmented, bool) {
	v, ok := parseSegmented(trimLeadingV(raw), false)
	v.pre = ""
	return v, ok
}
