package proof

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/verdict"
)

// Decision is the conclusion's few words.
type Decision string

// The grave counts of images are those of Tally from Planted to Hygiene; those of
// Dockerfiles the findings of hygiene at HIGH and CRITICAL, and those at MEDIUM. What
// must not come anew is, in an image, planted code, an altered executable, a secret
// or a finding of hygiene at HIGH or CRITICAL; in a Dockerfile a finding at MEDIUM or
// above. One that was there and became that grave counts as new.
const (
	// Better: both sides were examined as a whole, images judged by the same
	// databases; no grave count rose; nothing came anew that must not; and a grave
	// count fell, or, where those are equal, the sum of the others did.
	Better Decision = "PROVEN BETTER"
	// NoWorse: the same, and nothing fell.
	NoWorse Decision = "NO WORSE"
	// NotBetter: one grave count fell, and another rose or something came anew that
	// must not.
	NotBetter Decision = "NOT BETTER"
	// Worse: a grave count rose or something came anew that must not, and no grave
	// count fell.
	Worse Decision = "WORSE"
	// Incomplete: nothing is worse as far as was seen, and not all was seen.
	Incomplete Decision = "INCOMPLETE"
)

// Conclusion is the proof in one line.
type Conclusion struct {
	Decision Decision `json:"decision"`
	// Text is the whole line: "PROVEN BETTER: fixable HIGH/CRITICAL 41 → 0; …".
	Text string `json:"text"`
	// Complete is false where anything keeps the proof from being whole, Reasons
	// says what.
	Complete bool     `json:"complete"`
	Reasons  []string `json:"reasons,omitempty"`
}

// Count is one of the figures that decide.
type Count struct {
	// Name is of the figure, for people.
	Name          string
	Before, After int
	// Grave counts decide before the others.
	Grave bool
	// Database is set for what no figure tells without a vulnerability database.
	Database bool
}

// List returns the figures in the order of their weight.
func (c *Counts) List() []Count {
	b, a := &c.Before, &c.After
	return []Count{
		{"planted code", b.Planted, a.Planted, true, false},
		{"altered executables", b.Altered, a.Altered, true, false},
		{"secrets", b.Secrets, a.Secrets, true, false},
		{"releases without updates", b.Unsupported, a.Unsupported, true, false},
		{"fixable HIGH/CRITICAL", b.Fixable, a.Fixable, true, true},
		{"unfixed HIGH/CRITICAL", b.Unfixed, a.Unfixed, true, true},
		{"hygiene HIGH/CRITICAL", b.Hygiene, a.Hygiene, true, false},
		{"fixable below", b.FixableBelow, a.FixableBelow, false, true},
		{"unfixed below", b.UnfixedBelow, a.UnfixedBelow, false, true},
		{"hygiene below", b.HygieneBelow, a.HygieneBelow, false, false},
		{"other findings", b.Other, a.Other, false, false},
	}
}

// Failed reports whether something is worse.
func (d Decision) Failed() bool { return d == Worse || d == NotBetter }

func conclude(p *Proof, in *Input) Conclusion {
	c := Conclusion{Reasons: incomplete(p, in)}
	c.Complete = len(c.Reasons) == 0
	c.Decision = decide(p.Counts.List(), newContent(&p.Findings) || p.Hygiene.anew(advisory.High))
	// What came anew in an image of which part was not seen is there all the same,
	// but only where the first image was seen as a whole is it new.
	if !c.Complete && (!c.Decision.Failed() || !in.Before.Verdict.Coverage.Complete) {
		c.Decision = Incomplete
	}
	f, h := &p.Findings, &p.Hygiene
	words := findingsWords(f.Cleared.Total, f.Unproven.Total, f.Kept.Total, f.Added.Total)
	if cleared, added := Total(h.Cleared), Total(h.Added); cleared+added > 0 {
		words += fmt.Sprintf("; of hygiene %d cleared, %d kept, %d added", cleared, Total(h.Kept), added)
	}
	c.settle(p.Counts.List(), words)
	return c
}

// decide tells from the figures; anew is set where something came that must not,
// whatever went in exchange.
func decide(counts []Count, anew bool) Decision {
	rose, fell := anew, false
	restBefore, restAfter := 0, 0
	for _, n := range counts {
		switch {
		case !n.Grave:
			restBefore, restAfter = restBefore+n.Before, restAfter+n.After
		case n.After > n.Before:
			rose = true
		case n.After < n.Before:
			fell = true
		}
	}
	switch {
	case rose && fell:
		return NotBetter
	case rose:
		return Worse
	case fell || restAfter < restBefore:
		return Better
	}
	return NoWorse
}

// newContent reports whether something planted, altered or secret came anew, or
// came to light.
func newContent(f *Findings) bool {
	content := func(g *Group) bool { return g.content() > 0 }
	for i := range f.Added.Groups {
		if content(&f.Added.Groups[i]) {
			return true
		}
	}
	return slices.ContainsFunc(f.Kept.Groups, func(g Group) bool { return g.Code == Exposed && content(&g) })
}

// settle writes the line: the figures that moved, and what became of the findings.
func (c *Conclusion) settle(counts []Count, findings string) {
	var parts, moved []string
	if c.Decision == Incomplete {
		parts = append(parts, c.Reasons[0])
	}
	for _, n := range counts {
		if n.Grave && n.Before != n.After {
			moved = append(moved, fmt.Sprintf("%s %d → %d", n.Name, n.Before, n.After))
		}
	}
	if len(moved) > 0 {
		parts = append(parts, strings.Join(moved, ", "))
	}
	parts = append(parts, findings)
	if !c.Complete && c.Decision != Incomplete {
		parts = append(parts, "and not all could be examined")
	}
	c.Text = string(c.Decision) + ": " + strings.Join(parts, "; ")
}

// findingsWords is "58 findings cleared, 188 kept, 0 added".
func findingsWords(cleared, unproven, kept, added int) string {
	text := fmt.Sprintf("%d cleared", cleared)
	if cleared == 1 {
		text = "1 finding cleared"
	} else if cleared > 1 {
		text = fmt.Sprintf("%d findings cleared", cleared)
	}
	if unproven > 0 {
		text += fmt.Sprintf(", %d gone without proof", unproven)
	}
	return text + fmt.Sprintf(", %d kept, %d added", kept, added)
}

// incomplete says what keeps a proof from being whole.
func incomplete(p *Proof, in *Input) []string {
	var reasons []string
	for _, s := range []struct {
		name string
		*verdict.Verdict
	}{{"BEFORE", in.Before.Verdict}, {"AFTER", in.After.Verdict}} {
		if !s.Coverage.Complete {
			reasons = append(reasons, "part of "+s.name+" could not be examined")
		}
	}
	if len(p.Skipped) > 0 && len(reasons) == 0 {
		reasons = append(reasons, "part of the images could not be compared")
	}
	before, after := in.Before.Verdict, in.After.Verdict
	switch {
	case len(before.Coverage.Databases)+len(after.Coverage.Databases) == 0:
		reasons = append(reasons, "there is no vulnerability database, so that vulnerabilities were not compared")
	case !slices.EqualFunc(before.Coverage.Databases, after.Coverage.Databases, func(a, b advisory.Info) bool {
		return a.Name == b.Name && a.Digest == b.Digest && a.Built.Equal(b.Built)
	}):
		reasons = append(reasons, "the two were not judged by the same databases")
	}
	if b, a := before.Image.Platform, after.Image.Platform; a != b {
		reasons = append(reasons, fmt.Sprintf("BEFORE is for %s and AFTER for %s", b, a))
	}
	if len(after.Packages) == 0 && len(before.Packages) > 0 {
		reasons = append(reasons, "no package was recognised in AFTER, which says nothing about what it holds")
	}
	if why := unjudged(after); why != "" && unjudged(before) == "" {
		reasons = append(reasons, "no database judges the operating system's packages of AFTER ("+why+")")
	}
	return reasons
}

// unjudged says why no database judges an image's operating-system packages;
// empty where one does, or there are none.
func unjudged(v *verdict.Verdict) string {
	if len(v.Coverage.Databases) == 0 {
		return ""
	}
	why := ""
	for _, db := range v.Coverage.Databases {
		at := slices.IndexFunc(v.Coverage.Gaps[db.Name], func(g advisory.Gap) bool { return g.Distribution })
		if at < 0 {
			return ""
		}
		g := &v.Coverage.Gaps[db.Name][at]
		why = cmp.Or(why, strings.TrimPrefix(g.Subject+": "+g.Reason, ": "))
	}
	return why
}

// notProven are the sentences that keep a proof honest.
func notProven(after *verdict.Verdict) []string {
	s := []string{
		"that the application still works: nothing of either image was run",
		"the absence of vulnerabilities that no database lists yet",
	}
	types := map[string]int{}
	for _, gaps := range after.Coverage.Gaps {
		met := map[string]bool{}
		for _, g := range gaps {
			if g.Reason == advisory.TypeNotCovered && !met[g.Subject] {
				met[g.Subject] = true
				types[g.Subject]++
			}
		}
	}
	for _, typ := range slices.Sorted(maps.Keys(types)) {
		if types[typ] == len(after.Coverage.Databases) {
			s = append(s, "anything about packages of the type "+typ+", which no database judges")
		}
	}
	return s
}
