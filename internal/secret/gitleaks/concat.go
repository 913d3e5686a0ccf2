package gitleaks

import "regexp/syntax"

// run collects neighbours in a concatenation whose strings are all known.
type run struct {
	words         []string
	fold, varied  bool
	before, least int
	first, edge   bool
	empty         bool
}

// wants reports whether the literals of the run are too short to be looked for
// at every place, so that many choices for the next character are worth taking.
func (u *run) wants() bool {
	n := shortest(u.words)
	return n < shortestWord || n < unboundWord && !u.edge
}

// join puts strings behind those of the run; false where they are too many.
func (u *run) join(words []string, s *shape) bool {
	joined := product(u.words, words)
	if joined == nil {
		return false
	}
	u.words, u.fold, u.varied = joined, u.fold || s.fold, u.varied || s.varied
	return true
}

func concatenated(subs []*syntax.Regexp, edge bool) shape {
	shapes := make([]shape, len(subs))
	behind := make([]int, len(subs)+1)
	r := shape{}
	for i, bound := 0, edge; i < len(subs); i++ {
		shapes[i] = shapeOf(subs[i], bound)
		bound = shapes[i].max == 0 && shapes[i].start == startEdge
	}
	for i := len(subs) - 1; i >= 0; i-- {
		s := &shapes[i]
		behind[i] = add(behind[i+1], s.max)
		r.text, r.lines, r.least = r.text || s.text, r.lines || s.lines, min(r.least+s.least, 1<<20)
	}
	r.max, r.start = behind[0], startOf(shapes)
	// end closes a run, of which the part at begins where the last string does.
	end := func(u run, at int) {
		if u.empty || !usable(u.words) {
			return
		}
		if u.before == 0 && r.head == nil {
			r.head, r.fold, r.varied = u.words, u.fold, u.varied
		}
		g := &gate{words: u.words, fold: u.fold, varied: u.varied, before: u.before, after: behind[at], lines: r.lines, least: u.least, first: u.first, edge: u.edge}
		g.trim()
		r.need = better(r.need, g)
	}
	before, least, whole := 0, 0, true
	current := run{empty: true}
	for i := range shapes {
		s := &shapes[i]
		if s.max == 0 && s.start != startFree {
			// An assertion, which in the middle of a run changes nothing.
			edge = s.start == startEdge
			continue
		}
		fits := s.exact != nil && (!s.varied || len(s.exact) <= fewChoices)
		fresh := run{words: []string{""}, before: before, least: least, first: before == 0 && r.start != startOther, edge: edge || s.start == startEdge}
		switch {
		case current.empty && fits:
			current = fresh
			current.join(s.exact, s)
		case !current.empty && s.exact != nil && (fits || current.wants()) && current.join(s.exact, s):
		default:
			whole = false
			if begins := headOf(s); !current.empty && begins != nil && current.wants() {
				short := current
				current.join(begins, s)
				if current.before == 0 && r.head == nil && len(current.words) > 2*fewChoices {
					r.head, r.fold, r.varied = short.words, short.fold, short.varied
				}
			}
			end(current, i)
			current = run{empty: true}
			if fits {
				current = fresh
				current.join(s.exact, s)
			} else if g := s.gate(); g != nil {
				need := *g
				need.first = need.first && before == 0 && r.start != startOther
				need.edge = need.edge || edge && g.first
				need.before, need.least = add(before, need.before), least+need.least
				need.after = add(need.after, behind[i+1])
				need.lines = r.lines
				r.need = better(r.need, &need)
			}
			if before == 0 && r.head == nil && headOf(s) != nil {
				r.head, r.fold, r.varied = headOf(s), s.fold, s.varied
			}
		}
		before, least, edge = add(before, s.max), min(least+s.least, 1<<20), false
	}
	switch {
	case !whole:
		end(current, len(subs))
	case current.empty:
		r.exact = []string{""}
	default:
		r.exact, r.fold, r.varied = current.words, current.fold, current.varied
	}
	return r
}

// startOf is what a concatenation asks of the place where it begins: all that
// stands before its first byte, or before what may be its first byte.
func startOf(shapes []shape) start {
	result := startFree
	for i := range shapes {
		s := &shapes[i]
		switch {
		case s.start == startOther || i > 0 && s.start == startEdge && !onlyAssertions(shapes[:i]):
			return startOther
		case s.start == startEdge:
			result = startEdge
		}
		if s.least > 0 {
			return result
		}
		if s.max != 0 && result == startEdge {
			// What may be missing changes what the boundary stands before.
			return startOther
		}
	}
	return result
}

func onlyAssertions(shapes []shape) bool {
	for i := range shapes {
		if shapes[i].max != 0 {
			return false
		}
	}
	return true
}
