package gitleaks

import (
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"

	"plimsoll/internal/secret"
)

// allowlist says which findings are none (gitleaks config/allowlist.go).
type allowlist struct {
	// all asks for every kind of condition that the list has, not for one of them.
	all bool
	// commits says that it names commits, which no image has: where all are asked
	// for the list allows nothing.
	commits        bool
	paths, regexes []*regexp.Regexp
	// about is what the regexes are applied to: "secret", "match" or "line".
	about string
	words *stopWords
}

// allowlist reads one; nil where it is left out, which a problem says.
func (l *loader) allowlist(t *ruleAllowlist, places *places, path, rule string) (*allowlist, error) {
	at := places.at(path)
	a := &allowlist{about: "secret", commits: len(t.Commits) > 0}
	switch strings.ToUpper(t.Condition) {
	case "AND", "&&":
		a.all = true
	case "", "OR", "||":
	default:
		return nil, places.at(path+".condition").errorf("unknown condition %q; it is AND or OR", plainly(t.Condition))
	}
	switch t.RegexTarget {
	case "":
	case "secret", "match", "line":
		a.about = t.RegexTarget
	default:
		return nil, places.at(path+".regextarget").errorf("unknown regexTarget %q; it is secret, match or line", plainly(t.RegexTarget))
	}
	if len(t.Commits)+len(t.Paths)+len(t.Regexes)+len(t.StopWords) == 0 {
		return nil, at.errorf("an allow-list names at least one of commits, paths, regexes and stopwords")
	}
	if l.conditions += len(t.Paths) + len(t.Regexes) + len(t.StopWords); l.conditions > maxConditions {
		return nil, at.errorf("more than %d conditions in allow-lists", maxConditions)
	}
	if a.commits && !l.commits {
		l.commits = true
		l.problem(places.at(path+".commits"), "", false, "commits in allow-lists have no meaning for an image; here and wherever else they stand they allow nothing")
	}
	for _, e := range []struct {
		key  string
		text []string
		into *[]*regexp.Regexp
	}{{"paths", t.Paths, &a.paths}, {"regexes", t.Regexes, &a.regexes}} {
		for i, text := range e.text {
			re, _, err := l.compile(text)
			if err != nil {
				// What is left of the list could allow more than was meant.
				l.problem(places.at(fmt.Sprintf("%s.%s.%d", path, e.key, i)), rule, false, "the allow-list is left out: %v", err)
				return nil, nil
			}
			*e.into = append(*e.into, re)
		}
	}
	if len(t.StopWords) > 0 {
		a.words = newStopWords(t.StopWords)
	}
	return a, nil
}

// allowsPath reports whether the list allows a file as a whole.
func (a *allowlist) allowsPath(path string) bool {
	if len(a.paths) == 0 || path == "" || a.all && (a.commits || len(a.regexes) > 0 || a.words != nil) {
		return false
	}
	return matchesPath(a.paths, path)
}

// allows reports whether the list allows a finding in a file that it does not
// allow as a whole.
func (a *allowlist) allows(f finding) bool {
	if a.all {
		return !a.commits && (len(a.paths) == 0 || matchesPath(a.paths, f.path())) &&
			(len(a.regexes) == 0 || matches(a.regexes, f.text(a.about))) &&
			(a.words == nil || a.words.in(f.text("secret")))
	}
	return len(a.regexes) > 0 && matches(a.regexes, f.text(a.about)) || a.words != nil && a.words.in(f.text("secret"))
}

// finding is what allow-lists judge.
type finding interface {
	path() string
	// text is the "secret", the "match" or the "line".
	text(about string) []byte
}

// matched is a match of the engine as a finding.
type matched struct{ *secret.Match }

func (m matched) path() string { return m.Path }

func (m matched) text(about string) []byte {
	switch about {
	case "match":
		return m.Whole()
	case "line":
		return m.Line()
	}
	return m.Value
}

func matches(list []*regexp.Regexp, b []byte) bool {
	if len(b) == 0 {
		return false
	}
	for _, re := range list {
		if re.Match(b) {
			return true
		}
	}
	return false
}

// matchesPath takes a path with and without the slash of the image's root, since
// rules are written for either.
func matchesPath(list []*regexp.Regexp, path string) bool {
	if path == "" {
		return false
	}
	for _, re := range list {
		if re.MatchString(path) || re.MatchString("/"+path) {
			return true
		}
	}
	return false
}

// pathLists asks allow-lists about files. Rules that share it ask about the same
// file one after the other, so that the last answer is kept.
type pathLists struct {
	lists []*allowlist
	last  atomic.Pointer[pathAnswer]
}

type pathAnswer struct {
	path    string
	allowed bool
}

func newPathLists(lists []*allowlist) *pathLists {
	p := &pathLists{}
	for _, a := range lists {
		if len(a.paths) > 0 {
			p.lists = append(p.lists, a)
		}
	}
	if len(p.lists) == 0 {
		return nil
	}
	return p
}

func (p *pathLists) allow(path string) bool {
	if p == nil {
		return false
	}
	if a := p.last.Load(); a != nil && a.path == path {
		return a.allowed
	}
	a := &pathAnswer{path: path}
	for _, list := range p.lists {
		if list.allowsPath(path) {
			a.allowed = true
			break
		}
	}
	p.last.Store(a)
	return a.allowed
}

// stopWords are words in a secret that show that it is none, in either case.
// gitleaks' own list has a thousand, so that they are found by two bytes first.
type stopWords struct {
	byTwo  map[[2]byte][]string
	single []string
}

func newStopWords(list []string) *stopWords {
	w := &stopWords{byTwo: map[[2]byte][]string{}}
	for _, text := range list {
		switch text = strings.ToLower(text); len(text) {
		case 0:
		case 1:
			w.single = append(w.single, text)
		default:
			two := [2]byte{text[0], text[1]}
			w.byTwo[two] = append(w.byTwo[two], text)
		}
	}
	return w
}

func (w *stopWords) in(value []byte) bool {
	text := strings.ToLower(string(value))
	for _, one := range w.single {
		if strings.Contains(text, one) {
			return true
		}
	}
	for i := 0; i+1 < len(text); i++ {
		for _, word := range w.byTwo[[2]byte{text[i], text[i+1]}] {
			if strings.HasPrefix(text[i:], word) {
				return true
			}
		}
	}
	return false
}
