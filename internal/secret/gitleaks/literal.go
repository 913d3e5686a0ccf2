package gitleaks

import (
	"cmp"
	"math/bits"
	"regexp/syntax"
	"slices"
	"strings"
)

// gate is what stands in every match of an expression and where: the literals
// that the one pass looks for, and how far a match reaches around them.
type gate struct {
	// words are literals of which one stands in each match, lower case where fold
	// says that either case will do.
	words []string
	fold  bool
	// before and after are the most bytes of a match on either side of its
	// literal, -1 where the expression sets no bound; lines says that a part
	// without bound runs across lines.
	before, after int
	lines         bool
	// least are the fewest bytes of a match before its literal.
	least int
	// varied says that which of the words stands in a text may tell of the secret.
	varied bool
	// first says that every match begins with the literal, with nothing asked of
	// what precedes it but a word boundary where edge says so.
	first, edge bool
}

const (
	// maxWords bounds the literals of one rule; maxChoices the characters of a set
	// that literals are made from, of which more than fewChoices are taken only
	// where a literal would be too short without; maxCopies the repetitions.
	maxWords   = 64
	maxChoices = 40
	fewChoices = 4
	maxCopies  = 8
	// longestString bounds the strings that are put together, in bytes.
	longestString = 256
	// longestWord is where literals are cut, in bytes.
	longestWord = 48
	// shortestWord is the shortest literal that can be looked for; those under
	// unboundWord are found only where a word begins.
	shortestWord = 3
	unboundWord  = 5
)

// derive finds the best gate of an expression; nil where no literal of use
// stands in every match.
func derive(re *syntax.Regexp) *gate {
	s := shapeOf(re, false)
	g := s.gate()
	if g == nil || g.score() < -50 {
		return nil
	}
	return g
}

// gate of a shape: the strings themselves where they are known.
func (s *shape) gate() *gate {
	var own *gate
	if usable(s.exact) {
		own = &gate{words: s.exact, fold: s.fold, varied: s.varied, first: s.start != startOther, edge: s.start == startEdge}
		own.trim()
	}
	return better(own, s.need)
}

// trim cuts long literals and drops those that hold another one.
func (g *gate) trim() {
	words := slices.Clone(g.words)
	for i, w := range words {
		if g.fold {
			w = strings.ToLower(w)
		}
		if len(w) > longestWord {
			g.after = add(g.after, len(w)-longestWord)
			w = w[:longestWord]
		}
		words[i] = w
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	g.words = nil
	for _, w := range words {
		held, at := "", -1
		for _, shorter := range g.words {
			if at = strings.Index(w, shorter); at >= 0 && len(shorter) >= shortestWord {
				held = shorter
				break
			}
		}
		if held == "" {
			g.words = append(g.words, w)
			continue
		}
		if at > 0 {
			g.before, g.first, g.edge = add(g.before, at), false, false
		}
		g.after = add(g.after, len(w)-len(held)-at)
	}
	if g.edge && slices.ContainsFunc(g.words, func(w string) bool { return !wordByte(w[0]) }) {
		// The boundary asks for the opposite there.
		g.first, g.edge = false, false
	}
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func usable(words []string) bool {
	return len(words) > 0 && len(words) <= maxWords && shortest(words) >= 1
}

func shortest(words []string) int {
	n := len(words[0])
	for _, w := range words {
		n = min(n, len(w))
	}
	return n
}

// better chooses: a longer literal is rarer, fewer are cheaper, and one at the
// beginning of the match spares the search around it.
func better(a, b *gate) *gate {
	switch {
	case a == nil:
		return b
	case b == nil || a.score() >= b.score():
		return a
	}
	return b
}

func (g *gate) score() int {
	n := shortest(g.words)
	score := 4*min(n, 10) - 3*bits.Len(uint(len(g.words)))
	switch {
	case n < shortestWord, n == shortestWord && !g.edge && g.least > 0:
		// It can't be looked for, or would be where nothing of a word precedes it,
		// while something of the match does.
		score -= 100
	case strings.HasPrefix(g.words[0], "http"):
		// Every text is full of these.
		score -= 12
	}
	if n < unboundWord && !g.edge {
		score -= 12
	}
	if g.first {
		score += 6
	}
	if g.before < 0 {
		score -= 4
	}
	return score
}
