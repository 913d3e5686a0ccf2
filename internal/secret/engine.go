package secret

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/keyword"
)

// Engine holds compiled rules. It is safe for concurrent use.
type Engine struct {
	rules []compiled
	words []keyword.Word
	// byWord lists the rules that a word leads to.
	byWord [][]int
	// company are the words that rules ask for in the same text.
	company map[int]bool
	// files are the rules about files as such.
	files []int
}

type compiled struct {
	*Rule
	re *regexp.Regexp
	// value and name are groups of the expression, name -1 for none.
	value, name int
	// first is the first of the groups that may be the value, 0 where value is settled.
	first int
	// company are the words of which one must stand in the text.
	company []int
}

// NewEngine compiles rules; the error names the rule that can't be.
func NewEngine(rules []Rule) (*Engine, error) {
	e := &Engine{company: map[int]bool{}}
	index := map[keyword.Word]int{}
	number := func(w keyword.Word) int {
		if w.Fold {
			// One word for the rules that write it otherwise: each is a comparison in each place.
			w.Text = strings.ToLower(w.Text)
		}
		n, known := index[w]
		if !known {
			n = len(e.words)
			index[w] = n
			e.words = append(e.words, w)
			e.byWord = append(e.byWord, nil)
		}
		return n
	}
	seen := map[string]bool{}
	for i := range rules {
		r := &rules[i]
		c, err := compile(r)
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", r.ID, err)
		}
		if seen[r.ID] {
			return nil, fmt.Errorf("rule %s: there are two of this identifier", r.ID)
		}
		seen[r.ID] = true
		if r.file() {
			e.files = append(e.files, i)
		}
		for _, k := range r.Keywords {
			n := number(keyword.Word{Text: k, Fold: r.Fold, Bound: r.Bound || len(k) < 5})
			e.byWord[n] = append(e.byWord[n], i)
		}
		for _, k := range r.Company {
			n := number(keyword.Word{Text: k, Fold: true, Bound: len(k) < 5})
			c.company = append(c.company, n)
			e.company[n] = true
		}
		e.rules = append(e.rules, c)
	}
	if _, err := keyword.New(e.words); err != nil {
		return nil, err
	}
	return e, nil
}

// Describe writes what the rules are, functions aside, so that a digest of it tells
// one set of rules from another. The form is for nothing else.
func (e *Engine) Describe(w io.Writer) {
	for _, c := range e.rules {
		r := c.Rule
		fmt.Fprintf(w, "%q %q %d %d %q %t %t %q %q %d %t %d %d %g %t %t\n", r.ID, r.Title, r.Severity, r.Confidence, r.Keywords, r.Fold, r.Bound,
			r.Company, r.Pattern, r.Group, r.Apart, r.Before, r.After, r.Entropy, r.Exact, r.Opaque)
	}
}

func compile(r *Rule) (compiled, error) {
	c := compiled{Rule: r, name: -1}
	switch {
	case r.file():
		return c, nil
	case len(r.Keywords) == 0:
		return c, fmt.Errorf("it has no keyword")
	case r.Before > MaxReach || r.After > MaxReach:
		return c, fmt.Errorf("its window is larger than %d bytes", MaxReach)
	case r.Apart && r.Before == 0:
		return c, fmt.Errorf("it may match apart from its keyword and has no window before it")
	case r.Find != nil:
		return c, nil
	}
	pattern := r.Pattern
	if r.Before == 0 {
		pattern = `\A(?:` + pattern + `)`
	}
	var err error
	if c.re, err = regexp.Compile(pattern); err != nil {
		return c, err
	}
	switch n := c.re.SubexpIndex("secret"); {
	case r.Group > c.re.NumSubexp():
		return c, fmt.Errorf("it has %d groups, and its value is to be group %d", c.re.NumSubexp(), r.Group)
	case r.Group > 0:
		c.value = r.Group
	case n > 0:
		c.value = n
	case c.re.NumSubexp() > 0:
		c.first = 1
	}
	c.name = c.re.SubexpIndex("name")
	return c, nil
}

// file reports whether the rule is about files as such.
func (r *Rule) file() bool {
	return r.Paths != nil && r.Pattern == "" && r.Find == nil && len(r.Keywords) == 0
}

// File returns what the rules about files as such say of a path; nil from the
// built-in rules, which have none.
func (e *Engine) File(path string) []Hit {
	var hits []Hit
	for _, i := range e.files {
		if r := e.rules[i].Rule; r.Paths(path) {
			hits = append(hits, Hit{Rule: r, Confidence: r.Confidence})
		}
	}
	return hits
}

// Words are the literals to look for; Search.Keyword takes their indices.
func (e *Engine) Words() []keyword.Word { return e.words }

// maxHits bounds the secrets of one text: a file that holds more is a list of
// them, or made to fill memory.
const maxHits = 200

// maxTried bounds the windows that expressions are applied to in one text, in
// bytes: a text made of nothing but keywords costs little more than reading it.
const maxTried = 16 << 20

// Search finds the secrets of one text. It is made when the first keyword is met.
type Search struct {
	engine *Engine
	path   string
	hits   []Hit
	// tried are the bytes that were matched; done is set where a bound ended the search.
	tried int
	done  bool
	seen  map[place]bool
	// met are the words of company that were met; asked what Paths of a rule says
	// of the path (0 where it was not asked yet).
	met   map[int]bool
	asked []int8
}

type place struct {
	rule   *Rule
	offset int64
}

// Begin starts a search of the file of this path; "" for configuration.
func (e *Engine) Begin(path string) *Search {
	return &Search{engine: e, path: path, seen: map[place]bool{}}
}

// Keyword says that a word stands in b at a place. base is where in the text b
// begins. b holds MaxReach bytes on both sides of the word where the text does.
func (s *Search) Keyword(b []byte, base int64, word, at int) {
	if s.engine.company[word] {
		if s.met == nil {
			s.met = map[int]bool{}
		}
		s.met[word] = true
	}
	if s.done {
		return
	}
	length := len(s.engine.words[word].Text)
	for _, i := range s.engine.byWord[word] {
		r := &s.engine.rules[i]
		if r.Paths != nil && !s.applies(i, r) {
			continue
		}
		s.try(r, b, base, at, length)
	}
}

// applies asks a rule about the path of the search, once: the answer may cost an
// expression, and a text may hold a keyword at every line.
func (s *Search) applies(i int, r *compiled) bool {
	if s.asked == nil {
		s.asked = make([]int8, len(s.engine.rules))
	}
	if s.asked[i] == 0 {
		s.asked[i] = -1
		if r.Paths(s.path) {
			s.asked[i] = 1
		}
	}
	return s.asked[i] > 0
}

func (s *Search) try(r *compiled, b []byte, base int64, at, length int) {
	after := r.After
	if after == 0 {
		after = DefaultAfter
	}
	from, to := max(0, at-r.Before), min(len(b), at+length+after)
	w := Window{Path: s.path, Bytes: b[from:to], Keyword: at - from, KeywordEnd: at - from + length, text: b, at: from, search: s}
	if s.tried += 64; s.tried > maxTried || len(s.hits) >= maxHits {
		s.done = true
		return
	}
	if r.Find != nil {
		// It reads a part of its window; what it finds is decoded, which costs more.
		s.tried += len(w.Bytes) / 64
		if span, ok := r.Find(&w); ok {
			s.tried += span.End - span.Start
			s.judge(r, &w, span, base+int64(from), string(b[at:at+length]))
		}
		return
	}
	s.tried += len(w.Bytes)
	if r.Before == 0 {
		if m := r.re.FindSubmatchIndex(w.Bytes); m != nil {
			s.judge(r, &w, r.span(m), base+int64(from), string(b[at:at+length]))
		}
		return
	}
	for _, m := range r.re.FindAllSubmatchIndex(w.Bytes, maxMatches) {
		if r.Apart || m[0] < w.KeywordEnd && m[1] > w.Keyword {
			s.judge(r, &w, r.span(m), base+int64(from), string(b[at:at+length]))
		}
	}
}

// maxMatches bounds the matches of one window, those before its keyword included.
const maxMatches = 64

func (c *compiled) span(m []int) Span {
	value := c.value
	for g := c.first; g > 0 && 2*g < len(m); g++ {
		if m[2*g+1] > m[2*g] {
			value = g
			break
		}
	}
	span := Span{Start: m[2*value], End: m[2*value+1], From: m[0], To: m[1]}
	if c.name > 0 && m[2*c.name] >= 0 {
		span.NameStart, span.NameEnd = m[2*c.name], m[2*c.name+1]
	}
	return span
}

// judge decides one match. base is where in the text the window begins.
func (s *Search) judge(r *compiled, w *Window, span Span, base int64, literal string) {
	if span.Start < 0 || span.End <= span.Start {
		return
	}
	at := place{r.Rule, base + int64(span.Start)}
	if s.seen[at] {
		return
	}
	s.seen[at] = true
	m := &Match{Window: w, Rule: r.Rule, Span: span, Value: w.Bytes[span.Start:span.End], Name: nameOf(w.Bytes[span.NameStart:span.NameEnd])}
	if r.Entropy > 0 && Entropy(m.Value) < r.Entropy {
		return
	}
	if (!r.Exact && placeholder(m)) || (r.Allowed != nil && r.Allowed(m)) {
		return
	}
	c := r.Confidence
	if r.Check != nil {
		c = r.Check(m)
	}
	if !r.Exact {
		c = doubted(m, c)
	}
	if c == Rejected {
		return
	}
	if allowedInline(m) {
		c = Possible
	}
	if r.Opaque {
		literal = ""
	}
	s.hits = append(s.hits, Hit{
		Rule: r.Rule, Confidence: c, Offset: at.offset, Value: bytes.Clone(m.Value), Name: m.Name, keyword: literal, company: r.company,
	})
}

// Hits are the secrets found, each value once in each place: where several rules
// find the same bytes, the surer and then the more special one (that comes first
// in the list of rules) stays.
func (s *Search) Hits() []Hit {
	kept := s.hits[:0:0]
	for _, h := range s.hits {
		if !s.accompanied(&h) {
			continue
		}
		again := false
		for k := range kept {
			if other := &kept[k]; overlap(&h, other) {
				if again = true; h.Confidence > other.Confidence {
					*other = h
				}
				break
			}
		}
		if !again {
			kept = append(kept, h)
		}
	}
	return kept
}

// accompanied reports whether a word that the hit's rule asks for was met.
func (s *Search) accompanied(h *Hit) bool {
	return len(h.company) == 0 || slices.ContainsFunc(h.company, func(word int) bool { return s.met[word] })
}

func overlap(a, b *Hit) bool {
	return a.Offset < b.Offset+int64(len(b.Value)) && b.Offset < a.Offset+int64(len(a.Value))
}

// Cut reports whether a bound ended the search before the text did.
func (s *Search) Cut() bool { return s.done }

// nameOf cleans the key beside a value.
func nameOf(b []byte) string {
	const longest = 80
	if len(b) > longest {
		b = b[:longest]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f {
			return -1
		}
		return r
	}, string(b))
}

// Entropy is the Shannon entropy of b in bits for each byte (C. E. Shannon, "A
// Mathematical Theory of Communication", 1948, section 6).
func Entropy(b []byte) float64 {
	if len(b) == 0 {
		return 0
	}
	var counts [256]int
	for _, c := range b {
		counts[c]++
	}
	h, n := 0.0, float64(len(b))
	for _, c := range counts {
		if c > 0 {
			p := float64(c) / n
			h -= p * math.Log2(p)
		}
	}
	return h
}

// Len is how many matches were taken for secrets so far; a nil search has none.
func (s *Search) Len() int {
	if s == nil {
		return 0
	}
	return len(s.hits)
}

// Since returns the offsets of those found after the first n.
func (s *Search) Since(n int) []int64 {
	if s == nil {
		return nil
	}
	var offsets []int64
	for _, h := range s.hits[n:] {
		offsets = append(offsets, h.Offset)
	}
	return offsets
}
