package gitleaks

import (
	"fmt"
	"slices"
	"strings"

	"plimsoll/internal/secret"
)

const (
	// margin is what a window holds beyond a match, so that \b, ^ and $ see the
	// character behind it.
	margin = 4
	// openBefore and openAfter stand for parts of an expression that have no bound.
	openBefore = 1 << 10
	openAfter  = 4 << 10
	// apartReach is how far from a keyword a match may lie that holds none of it.
	apartReach = 2 << 10
)

// place decides what the engine looks for and how much it reads around it. It
// returns why the rule can't run, and calls note with what differs.
func place(r *rule, g *gate, made *secret.Rule, note func(string)) (reason string) {
	if g == nil {
		return apart(r, made)
	}
	made.Keywords, made.Fold, made.Opaque = g.words, g.fold, g.varied
	made.After = reach(g.after, openAfter)
	if g.after < 0 && g.lines {
		made.After = secret.MaxReach
	}
	short := slices.ContainsFunc(g.words, func(w string) bool { return len(w) < unboundWord })
	switch {
	case g.first && (g.edge || !short):
		made.Bound = g.edge
	default:
		made.Before = reach(g.before, openBefore)
		if short && !g.edge {
			made.Keywords = within4(g, note)
		}
	}
	made.Company = company(r, g)
	return ""
}

func reach(n, open int) int {
	if n < 0 {
		n = open
	}
	return min(n+margin, secret.MaxReach)
}

// within4 adds to short literals what finds them in the middle of a word: those
// of four bytes behind each character that a word may have.
func within4(g *gate, note func(string)) []string {
	words := slices.Clone(g.words)
	var tiny []string
	fold := func(c byte) bool { return g.fold && c >= 'A' && c <= 'Z' }
	for _, w := range g.words {
		switch {
		case len(w) == shortestWord:
			tiny = append(tiny, w)
		case len(w) < unboundWord:
			for c := byte('0'); c <= 'z'; c++ {
				if wordByte(c) && !fold(c) {
					words = append(words, string(c)+w)
				}
			}
		}
	}
	if len(tiny) > 0 {
		note(fmt.Sprintf("%q is found only where no letter, digit or underscore precedes it, being too short to look for at every place", tiny))
	}
	return words
}

// company are keywords that must stand anywhere in the file since the literal
// does not imply them. Where one of them is short it may be taken to stand
// somewhere in every file.
func company(r *rule, g *gate) []string {
	if len(r.keywords) == 0 {
		return nil
	}
	implied := !slices.ContainsFunc(g.words, func(w string) bool {
		w = strings.ToLower(w)
		return !slices.ContainsFunc(r.keywords, func(k string) bool { return strings.Contains(w, k) })
	})
	if implied || slices.ContainsFunc(r.keywords, func(k string) bool { return len(k) < unboundWord }) {
		return nil
	}
	return r.keywords
}

// apart looks for the keywords themselves, from which a match may lie apart.
func apart(r *rule, made *secret.Rule) (reason string) {
	if len(r.keywords) == 0 {
		return "nothing that stands in every match of its regex can be looked for, and it has no keywords"
	}
	for _, k := range r.keywords {
		if len(k) < shortestWord {
			return fmt.Sprintf("nothing that stands in every match of its regex can be looked for, and its keyword %q is shorter than %d bytes", k, shortestWord)
		}
	}
	made.Keywords, made.Fold, made.Apart = r.keywords, true, true
	made.Before, made.After = apartReach, apartReach
	return ""
}
