package secret

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"strings"

	"plimsoll/internal/keyword"
)

// Engine holds compiled rules. It is safe for concurrent use.
type Engine struct {
	rules []compiled
	words []keyword.Word
	// byWord lists the rules that a word leads to.
	byWord [][]int
}

type compiled struct {
	*Rule
	re *regexp.Regexp
	// value and name are groups of the expression, name -1 for none.
	value, name int
}

// NewEngine compiles rules; the error names the rule that can't be.
func NewEngine(rules []Rule) (*Engine, error) {
	e := &Engine{}
	index := map[keyword.Word]int{}
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
		e.rules = append(e.rules, c)
		for _, k := range r.Keywords {
			w := keyword.Word{Text: k, Fold: r.Fold, Bound: r.Bound || len(k) < 5}
			n, known := index[w]
			if !known {
				n = len(e.words)
				index[w] = n
				e.words = append(e.words, w)
				e.byWord = append(e.byWord, nil)
			}
			e.byWord[n] = append(e.byWord[n], i)
		}
	}
	if _, err := keyword.New(e.words); err != nil {
		return nil, err
	}
	return e, nil
}

func compile(r *Rule) (compiled, error) {
	c := compiled{Rule: r, name: -1}
	switch {
	case len(r.Keywords) == 0:
		return c, fmt.Errorf("it has no keyword")
	case r.Before > MaxReach || r.After > MaxReach:
		return c, fmt.Errorf("its window is larger than %d bytes", MaxReach)
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
	if n := c.re.NumSubexp(); n > 0 {
		c.value = 1
	}
	if n := c.re.SubexpIndex("secret"); n > 0 {
		c.value = n
	}
	c.name = c.re.SubexpIndex("name")
	return c, nil
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
	if s.done {
		return
	}
	length := len(s.engine.words[word].Text)
	for _, i := range s.engine.byWord[word] {
		r := &s.engine.rules[i]
		if r.Paths != nil && !r.Paths(s.path) {
			continue
		}
		s.try(r, b, base, at, length)
	}
}

func (s *Search) try(r *compiled, b []byte, base int64, at, length int) {
	after := r.After
	if after == 0 {
		after = DefaultAfter
	}
	from, to := max(0, at-r.Before), min(len(b), at+length+after)
	w := Window{Path: s.path, Bytes: b[from:to], Keyword: at - from, KeywordEnd: at - from + length}
	if s.tried += 64; s.tried > maxTried || len(s.hits) >= maxHits {
		s.done = true
		return
	}
	if r.Find != nil {
		if span, ok := r.Find(&w); ok {
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
	for _, m := range r.re.FindAllSubmatchIndex(w.Bytes, 8) {
		if m[0] < w.KeywordEnd && m[1] > w.Keyword {
			s.judge(r, &w, r.span(m), base+int64(from), string(b[at:at+length]))
		}
	}
}

func (c *compiled) span(m []int) Span {
	span := Span{Start: m[2*c.value], End: m[2*c.value+1]}
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
	s.hits = append(s.hits, Hit{
		Rule: r.Rule, Confidence: c, Offset: at.offset, Value: bytes.Clone(m.Value), Name: m.Name, keyword: literal,
	})
}

// Hits are the secrets found, each value once in each place: where several rules
// find the same bytes, the surer and then the more special one (that comes first
// in the list of rules) stays.
func (s *Search) Hits() []Hit {
	kept := s.hits[:0:0]
	for _, h := range s.hits {
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
