package gitleaks

import (
	"bytes"
	"regexp"

	"plimsoll/internal/secret"
)

// probe is a rule that others require: it is applied to what surrounds a match.
type probe struct {
	re      *regexp.Regexp
	group   int
	entropy float64
	only    []*regexp.Regexp
	lists   []*allowlist
	shared  *pathLists
	own     *pathLists
}

// maxProbed bounds the matches of a required rule around one match.
const maxProbed = 256

// neighbour is a probe and how near it must find something.
type neighbour struct {
	*probe
	required
}

// neighbours are what a rule requires; false where one of them can't run, so that
// the rule would never find anything.
func (t *translation) neighbours(r *rule) (list []neighbour, runs bool, err error) {
	for _, q := range r.required {
		var p *probe
		if other := t.byID[q.id]; other != nil {
			if p, err = t.probe(other); err != nil {
				return nil, false, err
			}
		}
		if p == nil {
			t.problem(r.at("required"), r.id, true, "the rule %q, which it requires, is disabled or can't be applied around a match", plainly(q.id))
			return nil, false, nil
		}
		list = append(list, neighbour{p, q})
	}
	return list, true, nil
}

// probe makes a rule ready to be required; nil where it can't run.
func (t *translation) probe(r *rule) (*probe, error) {
	if p, ok := t.probes[r.id]; ok {
		return p, nil
	}
	t.probes[r.id] = nil
	text, group, entropy := r.regex, r.group, above(r.entropy)
	if text == "" && r.builtin != nil && r.builtin.Find == nil {
		text = r.builtin.Pattern
		if entropy == 0 {
			entropy = r.builtin.Entropy
		}
	}
	if text == "" {
		switch {
		case r.builtin == nil && r.pathExpr == "" && !t.defaults:
			return nil, r.at("").errorf("rule %s has neither regex nor path", r.id)
		case r.skip:
			t.problem(r.at(""), r.id, true, "it has no regex that could be applied around the match of another rule")
		}
		return nil, nil
	}
	re, _, err := t.compile(text)
	if err != nil {
		if r.skip {
			t.problem(r.at("regex"), r.id, true, "%v", err)
		}
		return nil, nil
	}
	if group > re.NumSubexp() {
		return nil, r.at("secretgroup").errorf("rule %s: secretGroup is %d, and its regex has %d groups", r.id, group, re.NumSubexp())
	}
	p := &probe{re: re, group: group, entropy: entropy, lists: append(append([]*allowlist{}, t.lists...), r.lists...), shared: t.shared, own: newPathLists(r.lists)}
	if r.pathExpr != "" {
		only, _, err := t.compile(r.pathExpr)
		if err != nil {
			if r.skip {
				t.problem(r.at("path"), r.id, true, "%v", err)
			}
			return nil, nil
		}
		p.only = []*regexp.Regexp{only}
	}
	t.probes[r.id] = p
	return p, nil
}

// beside reports whether the required rule finds something near a match, as far
// as the text is at hand (secret.MaxReach on both sides).
func (n neighbour) beside(m *secret.Match) bool {
	p := n.probe
	if p.only != nil && !matchesPath(p.only, m.Path) || p.shared.allow(m.Path) || p.own.allow(m.Path) {
		return false
	}
	text, at := m.Around(secret.MaxReach)
	column := at - (bytes.LastIndexByte(text[:at], '\n') + 1)
	from, to := 0, len(text)
	if n.lines >= 0 {
		from, to = linesAround(text, at, n.lines)
	}
	// What begins within the lines may end behind them.
	region := text[from:min(len(text), to+openAfter)]
	for _, found := range p.re.FindAllSubmatchIndex(region, maxProbed) {
		begin := from + found[0]
		if begin >= to {
			break
		}
		f := probed{file: m.Path, around: region, from: found[0], to: found[1], value: valueOf(found, p.group)}
		if n.columns >= 0 {
			if other := begin - (bytes.LastIndexByte(text[:begin], '\n') + 1); max(column-other, other-column) > n.columns {
				continue
			}
		}
		if p.accepts(f) {
			return true
		}
	}
	return false
}

func (p *probe) accepts(f probed) bool {
	if p.entropy > 0 && secret.Entropy(f.text("secret")) < p.entropy {
		return false
	}
	for _, a := range p.lists {
		if a.allows(f) {
			return false
		}
	}
	return true
}

// linesAround are the bytes of the line at an offset and of n lines on both sides.
func linesAround(text []byte, at, n int) (from, to int) {
	from, to = at, at
	for i := 0; from >= 0 && i <= n; i++ {
		from = bytes.LastIndexByte(text[:from], '\n')
	}
	for i := 0; to < len(text) && i <= n; i++ {
		next := bytes.IndexByte(text[to:], '\n')
		if next < 0 {
			to = len(text)
			break
		}
		to += next + 1
	}
	return from + 1, to
}

// valueOf is the group that is the secret, or the first that is not empty.
func valueOf(found []int, group int) [2]int {
	if group > 0 {
		return [2]int{found[2*group], found[2*group+1]}
	}
	for g := 1; 2*g < len(found); g++ {
		if found[2*g+1] > found[2*g] {
			return [2]int{found[2*g], found[2*g+1]}
		}
	}
	return [2]int{found[0], found[1]}
}

// probed is what a required rule matched, as a finding.
type probed struct {
	file     string
	around   []byte
	from, to int
	value    [2]int
}

func (f probed) path() string { return f.file }

func (f probed) text(about string) []byte {
	switch about {
	case "match":
		return f.around[f.from:f.to]
	case "line":
		start := bytes.LastIndexByte(f.around[:f.from], '\n') + 1
		end := len(f.around)
		if n := bytes.IndexByte(f.around[f.to:], '\n'); n >= 0 {
			end = f.to + n
		}
		return f.around[start:end]
	}
	if f.value[0] < 0 {
		return nil
	}
	return f.around[f.value[0]:f.value[1]]
}
