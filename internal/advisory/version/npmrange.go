package version

import (
	"fmt"
	"strconv"
	"strings"
)

// npmPattern is a version in an npm range: numbers from the first wildcard on
// are absent.
type npmPattern struct {
	numbers []int64
	pre     string
}

func parseNpmPattern(raw string) (npmPattern, bool) {
	var p npmPattern
	s := strings.TrimPrefix(raw, "v")
	s, build, hasBuild := strings.Cut(s, "+")
	s, pre, hasPre := strings.Cut(s, "-")
	if hasPre && !identifiers(pre) || hasBuild && !identifiers(build) || strings.Count(s, ".") > 2 {
		return p, false
	}
	p.pre = pre
	wild := false
	for part := range strings.SplitSeq(s, ".") {
		if part == "*" || part == "x" || part == "X" {
			wild = true
			continue
		}
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil || n < 0 {
			return p, false
		}
		if !wild {
			p.numbers = append(p.numbers, n)
		}
	}
	return p, true
}

// compare compares as many numbers as the pattern names.
func (p npmPattern) compare(v segmented) int {
	for i, n := range p.numbers {
		if m := v.number(i); m != n {
			if m < n {
				return -1
			}
			return 1
		}
	}
	if len(p.numbers) < 3 && p.pre == "" {
		return 0
	}
	return comparePre(v.pre, p.pre)
}

func (p npmPattern) sameNumbers(v segmented) bool {
	return npmPattern{numbers: p.numbers}.compare(segmented{numbers: v.numbers}) == 0
}

// npmHolds applies node-semver's rule: a pre-release satisfies a term only
// where the term names one of the same three numbers.
func npmHolds(v segmented, t term) (bool, error) {
	p, ok := parseNpmPattern(t.raw)
	if !ok {
		return false, fmt.Errorf("%q: %w", t.raw, ErrInvalid)
	}
	if v.pre != "" && p.pre == "" || p.pre != "" && len(p.numbers) < 3 {
		return false, nil
	}
	c := p.compare(v)
	switch t.op {
	case opTilde, opCaret:
		if c < 0 {
			return false, nil
		}
		if v.pre != "" && p.pre != "" {
			return p.sameNumbers(v), nil
		}
		return npmPattern{numbers: p.bump(t.op)}.compare(v) < 0, nil
	case opLess, opLessEqual, opGreater, opGreaterEqual:
		if v.pre != "" && p.pre != "" && !p.sameNumbers(v) {
			return false, nil
		}
	}
	return t.op.holds(c), nil
}

// bump returns the first numbers that the term no longer contains; none where
// the pattern is "*", which contains everything.
func (p npmPattern) bump(op operator) []int64 {
	if len(p.numbers) == 0 {
		return []int64{1<<63 - 1}
	}
	at := min(len(p.numbers)-1, 1)
	if op == opCaret {
		for at = 0; at < len(p.numbers)-1 && p.numbers[at] == 0; at++ {
		}
	}
	return append(p.numbers[:at:at], p.numbers[at]+1)
}
