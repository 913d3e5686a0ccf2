package version

import (
	"fmt"
	"strings"
)

// parseBrackets reads Maven's own notation: "[1.0,2.0)", "(,1.0]", "[1.0]",
// any number of them joined by commas, meaning "or".
func parseBrackets(text string) (*Range, error) {
	r := &Range{scheme: Maven}
	s := strings.ReplaceAll(text, "||", ",")
	for {
		s = strings.TrimLeft(s, " ,\t\n")
		if s == "" {
			break
		}
		end := strings.IndexAny(s, ")]")
		if end < 0 || s[0] != '[' && s[0] != '(' {
			return nil, fmt.Errorf("range %q: %w", text, ErrInvalid)
		}
		terms, ok := bracketTerms(s[0] == '[', s[1:end], s[end] == ']')
		if !ok {
			return nil, fmt.Errorf("range %q: %w", text, ErrInvalid)
		}
		r.alternatives = append(r.alternatives, terms)
		s = s[end+1:]
	}
	return r, nil
}

func bracketTerms(fromIncluded bool, inside string, toIncluded bool) ([]term, bool) {
	from, to, isRange := strings.Cut(inside, ",")
	from, to = strings.TrimSpace(from), strings.TrimSpace(to)
	if !isRange {
		return []term{{opEqual, from}}, from != "" && fromIncluded && toIncluded
	}
	if strings.Contains(to, ",") {
		return nil, false
	}
	var terms []term
	if from != "" {
		op := opGreater
		if fromIncluded {
			op = opGreaterEqual
		}
		terms = append(terms, term{op, from})
	}
	if to != "" {
		op := opLess
		if toIncluded {
			op = opLessEqual
		}
		terms = append(terms, term{op, to})
	}
	return terms, true
}
