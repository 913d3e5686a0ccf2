package version

import (
	"fmt"
	"strings"
)

// MaxRange bounds the text of a range.
const MaxRange = 64 << 10

// Range is a set of versions: alternatives joined by "or", each a list of
// terms joined by "and". It is immutable and safe for concurrent use.
type Range struct {
	scheme       Scheme
	alternatives [][]term
	everything   bool
}

// Operator relates a version to the one that a term names.
type operator uint8

const (
	opEqual operator = iota
	opNotEqual
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opTilde       // ~1.2.3: the last number may grow
	opCaret       // ^1.2.3: the first non-zero number stays
	opPessimistic // ~>1.2.3: RubyGems
	opCompatible  // ~=1.2.3: PEP 440
	opArbitrary   // ===1.2.3: PEP 440, the same text
)

type term struct {
	op  operator
	raw string
}

// holds turns the result of comparing a version with the term's into a yes or
// no, for the operators that need nothing else.
func (o operator) holds(c int) bool {
	switch o {
	case opEqual:
		return c == 0
	case opNotEqual:
		return c != 0
	case opLess:
		return c < 0
	case opLessEqual:
		return c <= 0
	case opGreater:
		return c > 0
	case opGreaterEqual:
		return c >= 0
	}
	return false
}

// ParseGrype reads a range of grype's database: terms with =, <, <=, > and >=,
// joined by "," (and) and "||" (or). The empty text is every version. Scheme is
// the one that the database names for the range.
func ParseGrype(s Scheme, text string) (*Range, error) {
	r := &Range{scheme: s}
	if text == "" {
		r.everything = true
		return r, nil
	}
	if len(text) > MaxRange {
		return nil, fmt.Errorf("range of %d bytes: %w", len(text), ErrInvalid)
	}
	for alternative := range strings.SplitSeq(text, "||") {
		var terms []term
		for part := range strings.SplitSeq(alternative, ",") {
			if strings.TrimSpace(part) == "" {
				continue
			}
			t, ok := grypeTerm(part)
			if !ok {
				return nil, fmt.Errorf("range %q: %w", text, ErrInvalid)
			}
			terms = append(terms, t)
		}
		if len(terms) > 0 {
			r.alternatives = append(r.alternatives, terms)
		}
	}
	return r, nil
}

func grypeTerm(s string) (term, bool) {
	s = strings.TrimSpace(s)
	n := 0
	for n < len(s) && strings.IndexByte("<>=", s[n]) >= 0 {
		n++
	}
	t := term{raw: strings.TrimSpace(s[n:])}
	switch s[:n] {
	case "", "=":
		t.op = opEqual
	case "<":
		t.op = opLess
	case "<=":
		t.op = opLessEqual
	case ">":
		t.op = opGreater
	case ">=":
		t.op = opGreaterEqual
	default:
		return t, false
	}
	if q := len(t.raw); q >= 2 && (t.raw[0] == '\'' || t.raw[0] == '"') && t.raw[q-1] == t.raw[0] {
		t.raw = t.raw[1 : q-1]
		return t, true
	}
	return t, t.raw != "" && !strings.ContainsAny(t.raw, "<>=()'\"")
}

// Contains reports whether v lies in the range. Each term is read under v's
// scheme; where either side is not comparable under it, under the range's own.
// A term that neither scheme can read makes the whole range not comparable.
func (r *Range) Contains(v Version) (bool, error) {
	if r.everything {
		return true, nil
	}
	for _, terms := range r.alternatives {
		all := true
		for _, t := range terms {
			c, err := r.compareTerm(v, t)
			if err != nil {
				return false, err
			}
			if !t.op.holds(c) {
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

func (r *Range) compareTerm(v Version, t term) (int, error) {
	c, err := v.CompareTo(t.raw)
	if err == nil || r.scheme == v.scheme {
		return c, err
	}
	w, err := Parse(r.scheme, v.raw)
	if err != nil {
		return 0, err
	}
	return w.CompareTo(t.raw)
}

// Unreadable returns a version of the given text that no order can place: it
// is only equal to nothing, so that a range decides by its own scheme.
func Unreadable(raw string) Version { return Version{raw: raw} }
