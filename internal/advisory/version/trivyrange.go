package version

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseTrivy reads a range of trivy-db: terms joined by "," or blanks (and)
// and by "||" (or). The operators are =, ==, !=, <, <=, =<, >, >=, => and, by
// scheme, ~, ^, ~>, ~= and ===. Maven ranges may be written with brackets:
// "[1.0,2.0)". The empty text is an error, as it is to trivy; advisories with
// an empty range are decided before one is read.
func ParseTrivy(s Scheme, text string) (*Range, error) {
	r := &Range{scheme: s}
	if len(text) > MaxRange {
		return nil, fmt.Errorf("range of %d bytes: %w", len(text), ErrInvalid)
	}
	if s == Maven && strings.ContainsAny(text, "[(") {
		return parseBrackets(text)
	}
	for alternative := range strings.SplitSeq(text, "||") {
		terms, err := trivyTerms(s, alternative)
		if err != nil {
			return nil, fmt.Errorf("range %q: %w", text, err)
		}
		r.alternatives = append(r.alternatives, terms)
	}
	return r, nil
}

func trivyTerms(s Scheme, text string) ([]term, error) {
	var terms []term
	if strings.TrimSpace(text) == "*" && s == Python {
		text = ">=0.0.0"
	}
	for {
		text = strings.TrimLeft(text, " ,\t\n")
		if text == "" {
			break
		}
		n := 0
		for n < len(text) && strings.IndexByte("<>=!~^", text[n]) >= 0 {
			n++
		}
		op, ok := trivyOperator(s, text[:n])
		text = strings.TrimLeft(text[n:], " \t")
		end := strings.IndexAny(text, " ,\t\n<>=!^")
		if end < 0 {
			end = len(text)
		}
		if !ok || end == 0 || !readable(s, text[:end]) {
			return nil, ErrInvalid
		}
		terms = append(terms, term{op, text[:end]})
		text = text[end:]
	}
	if len(terms) == 0 && s != Npm {
		return nil, ErrInvalid
	}
	return terms, nil
}

// readable keeps trivy's rule that one unreadable term spoils its whole range,
// whichever alternative it stands in.
func readable(s Scheme, raw string) bool {
	switch s {
	case Npm:
		_, ok := parseNpmPattern(raw)
		return ok
	case Python:
		raw = strings.TrimSuffix(raw, ".*")
	}
	_, err := Parse(s, raw)
	return err == nil
}

func trivyOperator(s Scheme, text string) (operator, bool) {
	switch text {
	case "", "=", "==":
		return opEqual, true
	case "!=":
		return opNotEqual, s != Npm
	case "<":
		return opLess, true
	case "<=", "=<":
		return opLessEqual, true
	case ">":
		return opGreater, true
	case ">=", "=>":
		return opGreaterEqual, true
	case "~>":
		return opPessimistic, s == Segmented || s == Gem || s == Maven
	case "~":
		return opTilde, s == Segmented || s == Npm || s == Maven
	case "^":
		return opCaret, s == Segmented || s == Npm || s == Maven
	case "~=":
		return opCompatible, s == Python
	case "===":
		return opArbitrary, s == Python
	}
	return 0, false
}

// ContainsTrivy reports whether v lies in the range, by trivy's rules for v's
// scheme.
func (r *Range) ContainsTrivy(v Version) (bool, error) {
	for _, terms := range r.alternatives {
		all := true
		for _, t := range terms {
			ok, err := trivyHolds(v, t)
			if err != nil {
				return false, err
			}
			if !ok {
				all = false
				break
			}
		}
		if all {
			return true, nil
		}
	}
	return false, nil
}

func trivyHolds(v Version, t term) (bool, error) {
	if n, ok := v.order.(npmVersion); ok {
		return npmHolds(segmented(n), t)
	}
	if v.scheme == Python {
		return pythonHolds(v, t)
	}
	c, err := v.CompareTo(t.raw)
	if err != nil {
		return false, err
	}
	switch t.op {
	case opTilde, opCaret, opPessimistic:
		if c < 0 {
			return false, nil
		}
		bound, ok := bump(v.scheme, t)
		if !ok {
			return false, fmt.Errorf("%q: %w", t.raw, ErrInvalid)
		}
		c, err = withoutPre(v).CompareTo(bound)
		return c < 0, err
	}
	return t.op.holds(c), nil
}

// withoutPre matters to RubyGems alone, where "~> 1.0" ends before 2.0's
// pre-releases too.
func withoutPre(v Version) Version {
	if v.scheme != Gem {
		return v
	}
	if w, err := Parse(Gem, strings.Join(gemRelease(v.raw), ".")); err == nil {
		return w
	}
	return v
}

// gemRelease returns the numbers before the first letter.
func gemRelease(raw string) []string {
	numbers, _ := leadingNumbers(raw)
	return numbers
}

// bump returns the first version that a tilde, caret or pessimistic term no
// longer contains.
func bump(s Scheme, t term) (string, bool) {
	numbers, _ := leadingNumbers(trimLeadingV(t.raw))
	if len(numbers) == 0 {
		return "", false
	}
	at := len(numbers) - 2
	switch t.op {
	case opTilde:
		if s != Gem && len(numbers) == 2 {
			at = 1
		}
	case opCaret:
		for at = 0; at < len(numbers)-1 && strings.Trim(numbers[at], "0") == ""; at++ {
		}
	}
	at = max(at, 0)
	next, err := strconv.ParseUint(numbers[at], 10, 63)
	if err != nil {
		return "", false
	}
	return strings.Join(append(numbers[:at:at], strconv.FormatUint(next+1, 10)), "."), true
}

// pythonHolds adds PEP 440's own operators and its rules that "> 1.0" excludes
// 1.0's post-releases and local builds.
func pythonHolds(v Version, t term) (bool, error) {
	p, _ := v.order.(pythonVersion)
	if t.op == opArbitrary {
		return strings.EqualFold(v.raw, t.raw), nil
	}
	prefix, wildcard := strings.CutSuffix(t.raw, ".*")
	w, ok := parsePython(prefix)
	if !ok {
		return false, fmt.Errorf("%q: %w", t.raw, ErrInvalid)
	}
	if wildcard {
		if t.op != opEqual && t.op != opNotEqual {
			return false, fmt.Errorf("%q: %w", t.raw, ErrInvalid)
		}
		return startsWith(p, w.release) == (t.op == opEqual), nil
	}
	switch t.op {
	case opCompatible:
		if len(w.release) < 2 {
			return false, fmt.Errorf("%q: %w", t.raw, ErrInvalid)
		}
		return p.comparePublic(w) >= 0 && startsWith(p, w.release[:len(w.release)-1]), nil
	case opGreater:
		if sameRelease(p, w) && (p.post != "" && w.post == "" || p.hasLocal) {
			return false, nil
		}
	}
	return t.op.holds(p.compare(w)), nil
}

func startsWith(p pythonVersion, release []string) bool {
	for i, want := range release {
		have := ""
		if i < len(p.release) {
			have = p.release[i]
		}
		if compareDigits(have, want) != 0 {
			return false
		}
	}
	return true
}

func sameRelease(p, w pythonVersion) bool {
	long, short := p.release, w.release
	if len(long) < len(short) {
		long, short = short, long
	}
	return compareDigits(p.epoch, w.epoch) == 0 && startsWith(pythonVersion{release: short}, long)
}
