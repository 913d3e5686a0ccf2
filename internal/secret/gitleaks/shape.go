package gitleaks

import (
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// shape is what an expression can match.
type shape struct {
	// max is the most bytes, -1 for no bound; text says that a part matches letters
	// and line breaks, lines that such a part has no bound.
	max         int
	text, lines bool
	// exact are all the strings that it matches, nil where they are too many.
	exact []string
	// head are strings of which one begins every match, where exact is nil.
	head []string
	// fold and varied are of exact and head as they are of a gate.
	fold, varied bool
	// least are the fewest bytes.
	least int
	start start
	// need is the best gate within, nil for none.
	need *gate
}

// start is what an expression asks of the place where a match begins.
type start int

const (
	startFree  start = iota
	startEdge        // a boundary of words
	startOther       // something else, or not in every match
)

// shapeOf reads an expression; edge says that a boundary of words stands before it.
func shapeOf(re *syntax.Regexp, edge bool) shape {
	switch re.Op {
	case syntax.OpNoMatch, syntax.OpEmptyMatch:
		return shape{exact: []string{""}}
	case syntax.OpWordBoundary:
		return shape{exact: []string{""}, start: startEdge}
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpNoWordBoundary:
		return shape{exact: []string{""}, start: startOther}
	case syntax.OpLiteral:
		return literalShape(re)
	case syntax.OpCharClass:
		return classShape(re.Rune)
	case syntax.OpAnyCharNotNL:
		return shape{max: utf8.UTFMax, least: 1}
	case syntax.OpAnyChar:
		return shape{max: utf8.UTFMax, least: 1, text: true}
	case syntax.OpCapture:
		return shapeOf(re.Sub[0], edge)
	case syntax.OpStar:
		return repeated(re.Sub[0], 0, -1)
	case syntax.OpPlus:
		return repeated(re.Sub[0], 1, -1)
	case syntax.OpQuest:
		return repeated(re.Sub[0], 0, 1)
	case syntax.OpRepeat:
		return repeated(re.Sub[0], re.Min, re.Max)
	case syntax.OpConcat:
		return concatenated(re.Sub, edge)
	case syntax.OpAlternate:
		return alternated(re.Sub, edge)
	}
	return shape{max: -1, lines: true}
}

// literalShape: letters in either case are written in lower case.
func literalShape(re *syntax.Regexp) shape {
	if re.Flags&syntax.FoldCase == 0 {
		s := string(re.Rune)
		return shape{exact: []string{s}, max: len(s), least: len(s)}
	}
	s := shape{fold: true, least: len(re.Rune)}
	text := make([]byte, 0, len(re.Rune))
	known := true
	for _, r := range re.Rune {
		widest := utf8.RuneLen(r)
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			widest = max(widest, utf8.RuneLen(f))
			known = known && (r < utf8.RuneSelf || f < utf8.RuneSelf)
		}
		s.max += widest
		text = utf8.AppendRune(text, unicode.ToLower(r))
	}
	if known {
		s.exact = []string{string(text)}
	}
	return s
}

// classShape lists a small set of characters. The Kelvin sign and the long s,
// which stand for k and s where case is ignored, are left out: no credential
// is written with them.
func classShape(ranges []rune) shape {
	s := shape{least: 1}
	if len(ranges) == 0 {
		return s
	}
	s.max = utf8.RuneLen(ranges[len(ranges)-1])
	if s.max < 0 {
		s.max = utf8.UTFMax
	}
	s.text = holds(ranges, '\n') && holds(ranges, 'e')
	members := map[rune]bool{}
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i+1]-ranges[i] > 2*maxChoices {
			return s
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if r != '\u212a' && r != '\u017f' {
				members[r] = true
			}
		}
	}
	folded := map[rune]bool{}
	for r := range members {
		lower := asciiLower(r)
		s.fold = s.fold || lower != r && members[lower]
		folded[lower] = true
	}
	if s.fold {
		members = folded
	}
	if len(members) > maxChoices {
		s.fold = false
		return s
	}
	for r := range members {
		s.exact = append(s.exact, string(r))
	}
	slices.Sort(s.exact)
	s.varied = len(s.exact) > fewChoices
	return s
}

func holds(ranges []rune, r rune) bool {
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i] <= r && r <= ranges[i+1] {
			return true
		}
	}
	return false
}

func asciiLower(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// repeated is an expression least to most times; most -1 for any number.
func repeated(sub *syntax.Regexp, least, most int) shape {
	s := shapeOf(sub, false)
	r := shape{max: times(s.max, most), text: s.text, lines: s.lines || most < 0 && s.text, fold: s.fold, varied: s.varied, least: min(s.least*least, 1<<20), start: s.start}
	if s.start != startFree && least == 0 {
		r.start = startOther
	}
	if most < 0 && s.max == 0 {
		r.max = 0
	}
	if s.exact != nil && most >= 0 && most <= maxCopies {
		r.exact = copies(s.exact, least, most)
	}
	if r.exact != nil || least == 0 {
		return r
	}
	if s.exact != nil {
		// The first copies, as many as make a list of bearable length.
		words := s.exact
		n := 1
		for ; n < min(least, maxCopies); n++ {
			longer := product(words, s.exact)
			if longer == nil {
				break
			}
			words = longer
		}
		if usable(words) {
			r.head = words
			r.need = &gate{words: words, fold: s.fold, varied: s.varied, first: s.start != startOther, edge: s.start == startEdge, lines: r.lines, after: less(r.max, n*shortest(s.exact))}
			r.need.trim()
		}
		return r
	}
	r.head = s.head
	if s.need != nil {
		need := *s.need
		need.after = add(need.after, less(r.max, max(s.max, 0)))
		need.lines = need.lines || r.lines
		r.need = &need
	}
	return r
}

// copies lists the strings of least to most repetitions, nil for too many.
func copies(words []string, least, most int) []string {
	list, current := []string{}, []string{""}
	for n := 0; n <= most; n++ {
		if n >= least {
			list = append(list, current...)
		}
		if len(list) > maxWords {
			return nil
		}
		if n < most {
			if current = product(current, words); current == nil {
				return nil
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// product joins each of the one to each of the other, nil for too many.
func product(a, b []string) []string {
	if len(a)*len(b) > maxWords {
		return nil
	}
	list := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			if len(x)+len(y) > longestString {
				return nil
			}
			list = append(list, x+y)
		}
	}
	return list
}

func alternated(subs []*syntax.Regexp, edge bool) shape {
	r := shape{least: 1 << 20}
	var need *gate
	exact, needed := []string{}, true
	head := []string{}
	for i, sub := range subs {
		s := shapeOf(sub, edge)
		r.max = widest(r.max, s.max)
		r.text, r.lines, r.least = r.text || s.text, r.lines || s.lines, min(r.least, s.least)
		if i == 0 {
			r.start = s.start
		} else if r.start != s.start {
			r.start = startOther
		}
		if s.exact != nil && exact != nil && len(exact)+len(s.exact) <= maxWords {
			exact = append(exact, s.exact...)
		} else {
			exact = nil
		}
		r.fold, r.varied = r.fold || s.fold, r.varied || s.varied
		if begins := headOf(&s); head != nil && usable(begins) && len(head)+len(begins) <= maxWords {
			head = append(head, begins...)
		} else {
			head = nil
		}
		g := s.gate()
		if g != nil && g.first {
			g.edge = g.edge || edge
		}
		switch {
		case g == nil || !needed:
			needed = false
		case i == 0:
			one := *g
			need = &one
		default:
			need.words = slices.Concat(need.words, g.words)
			need.fold = need.fold || g.fold
			need.lines, need.varied = need.lines || g.lines, need.varied || g.varied
			need.least = min(need.least, g.least)
			need.before, need.after = widest(need.before, g.before), widest(need.after, g.after)
			need.first, need.edge = need.first && g.first, need.edge && g.edge
			needed = len(need.words) <= maxWords
		}
	}
	if exact != nil {
		slices.Sort(exact)
		r.exact = slices.Compact(exact)
		return r
	}
	r.head = head
	if needed && need != nil {
		need.trim()
		r.need = need
	}
	return r
}

// headOf are the strings of which one begins every match.
func headOf(s *shape) []string {
	if s.exact != nil {
		return s.exact
	}
	return s.head
}

// add, times, less and widest count bytes, where -1 is without bound.
func add(a, b int) int {
	if a < 0 || b < 0 || a+b > 1<<30 {
		return -1
	}
	return a + b
}

func times(a, n int) int {
	if a < 0 || n < 0 || a*n > 1<<30 {
		return -1
	}
	return a * n
}

func less(a, b int) int {
	if a < 0 {
		return -1
	}
	return max(0, a-b)
}

func widest(a, b int) int {
	if a < 0 || b < 0 {
		return -1
	}
	return max(a, b)
}
