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

// The grave counts are those of Tally from Planted to Unfixed.
const (
	// Better: both images were examined as a whole and judged by the same
	// databases; no grave count rose; nothing planted, altered or secret came
	// anew; and a grave count fell, or, where those are equal, the rest did.
	Better Decision = "PROVEN BETTER"
	// NoWorse: the same, and nothing fell.
	NoWorse Decision = "NO WORSE"
	// NotBetter: one grave count fell, and another rose or something planted,
	// altered or secret came anew.
	NotBetter Decision = "NOT BETTER"
	// Worse: a grave count rose or something planted, altered or secret came anew,
	// and no grave count fell.
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
		{"fixable below", b.FixableBelow, a.FixableBelow, false, true},
		{"unfixed below", b.UnfixedBelow, a.UnfixedBelow, false, true},
		{"other findings", b.Other, a.Other, false, false},
	}
}

// Failed reports whether something is worse.
func (d Decision) Failed() bool { return d == Worse || d == NotBetter }

func conclude(p *Proof, in *Input) Conclusion {
	c := Conclusion{Reasons: incomplete(p, in)}
	c.Complete = len(c.Reasons) == 0
	rose, fell := newContent(&p.Findings), false
	restBefore, restAfter := 0, 0
	for _, n := range p.Counts.List() {
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
		c.Decision = NotBetter
	case rose:
		c.Decision = Worse
	case fell || restAfter < restBefore:
		c.Decision = Better
	default:
		c.Decision = NoWorse
	}
	// What came anew in an image of which part was not seen is there all the same,
	// but only where the first image was seen as a whole is it new.
	if !c.Complete && (!c.Decision.Failed() || !in.Before.Verdict.Coverage.Complete) {
		c.Decision = Incomplete
	}
	c.Text = string(c.Decision) + ": " + strings.Join(parts(p, &c), "; ")
	return c
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

// parts are the figures that moved and what became of the findings.
func parts(p *Proof, c *Conclusion) []string {
	var out []string
	if c.Decision == Incomplete {
		out = append(out, c.Reasons[0])
	}
	var moved []string
	for _, n := range p.Counts.List() {
		if n.Grave && n.Before != n.After {
			moved = append(moved, fmt.Sprintf("%s %d → %d", n.Name, n.Before, n.After))
		}
	}
	if len(moved) > 0 {
		out = append(out, strings.Join(moved, ", "))
	}
	f := &p.Findings
	figures := fmt.Sprintf("%d cleared", f.Cleared.Total)
	if f.Cleared.Total == 1 {
		figures = "1 finding cleared"
	} else if f.Cleared.Total > 1 {
		figures = fmt.Sprintf("%d findings cleared", f.Cleared.Total)
	}
	if f.Unproven.Total > 0 {
		figures += fmt.Sprintf(", %d gone without proof", f.Unproven.Total)
	}
	out = append(out, figures+fmt.Sprintf(", %d kept, %d added", f.Kept.Total, f.Added.Total))
	if !c.Complete && c.Decision != Incomplete {
		out = append(out, "and not all could be examined")
	}
	return out
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
