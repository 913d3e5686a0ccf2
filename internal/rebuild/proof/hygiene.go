package proof

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/verdict"
)

// Hygiene is what became of the findings of hygiene, by rule. Comments that lift a
// rule lift nothing here: a proof is about what is in a file, not about what was
// agreed to live with.
type Hygiene struct {
	Before HygieneTally `json:"before"`
	After  HygieneTally `json:"after"`
	// Cleared are of the first side alone, Added of the second.
	Cleared []HygieneRule `json:"cleared"`
	Kept    []HygieneRule `json:"kept"`
	Added   []HygieneRule `json:"added"`
}

// HygieneTally counts the findings of one side.
type HygieneTally struct {
	// BySeverity has, by severity word, those that the side itself is to blame for.
	BySeverity map[string]int `json:"bySeverity"`
	// InBase counts what came with an image's base. It decides nothing: whoever
	// builds on a base can only choose another.
	InBase int `json:"inBase"`
}

// HygieneRule is the findings of one rule, what weighs most first.
type HygieneRule struct {
	// Rule names what docs/lint-rules.md describes.
	Rule     string           `json:"rule"`
	Title    string           `json:"title"`
	Category hygiene.Category `json:"category"`
	// Severity is the highest of the findings.
	Severity advisory.Severity `json:"severity"`
	Findings []HygieneFinding  `json:"findings"`
}

// HygieneFinding is one place of the second side, of what is cleared of the first.
type HygieneFinding struct {
	ID       string            `json:"id"`
	Severity advisory.Severity `json:"severity"`
	// Was is the severity on the first side where it was another.
	Was     *advisory.Severity `json:"was,omitempty"`
	Message string             `json:"message"`
	// Where is "line 3", "history line 3" or "configuration: User".
	Where string `json:"where"`
	// Stage is of a Dockerfile; Final tells whether the final image is affected.
	Stage string `json:"stage,omitempty"`
	Final bool   `json:"final"`
	// InBase is set for what came with an image's base.
	InBase bool `json:"inBase,omitempty"`
	// LiftedBy says whose comment lifts it: "plimsoll", "hadolint", "trivy", "docker".
	LiftedBy string `json:"liftedBy,omitempty"`
}

// Count returns how many findings have one of these severities.
func (t *HygieneTally) Count(severities ...advisory.Severity) int {
	n := 0
	for _, s := range severities {
		n += t.BySeverity[s.String()]
	}
	return n
}

// Total counts the findings of some rules.
func Total(rules []HygieneRule) int {
	n := 0
	for i := range rules {
		n += len(rules[i].Findings)
	}
	return n
}

// broken is a finding of either side, of a Dockerfile or an image.
type broken struct {
	HygieneFinding
	rule, title string
	category    hygiene.Category
	// place is the kind of place: an instruction's keyword, a field of the
	// configuration, the history.
	place string
}

func brokenInFile(findings []hygiene.Finding) []broken {
	all := make([]broken, 0, len(findings))
	for i := range findings {
		f := &findings[i]
		b := broken{
			rule: f.Rule, title: f.Title, category: f.Category, place: f.Instruction,
			HygieneFinding: HygieneFinding{
				ID: f.ID, Severity: f.Severity, Message: f.Message, Where: "line " + strconv.Itoa(f.Range.Start.Line), Stage: f.Stage, Final: f.Final,
			},
		}
		if f.Suppressed != nil {
			b.LiftedBy = f.Suppressed.By
		}
		all = append(all, b)
	}
	return all
}

func brokenInImage(findings []verdict.Hygiene) []broken {
	all := make([]broken, 0, len(findings))
	for i := range findings {
		f := &findings[i]
		place := f.Where
		if strings.HasPrefix(place, "history line ") {
			place = "history"
		}
		all = append(all, broken{
			rule: f.Rule, title: f.Title, category: f.Category, place: place,
			HygieneFinding: HygieneFinding{ID: f.ID, Severity: f.Severity, Message: f.Message, Where: f.Where, Final: true, InBase: f.Base},
		})
	}
	return all
}

// hygieneOf holds the findings of two sides against one another.
func hygieneOf(before, after []broken) Hygiene {
	h := Hygiene{Before: tallyHygiene(before), After: tallyHygiene(after)}
	both, gone, come := pairBroken(before, after)
	var kept []broken
	for _, p := range both {
		b := p[1]
		if was := p[0].Severity; was != b.Severity {
			b.Was = &was
		}
		kept = append(kept, b)
	}
	h.Cleared, h.Kept, h.Added = byRule(gone), byRule(kept), byRule(come)
	return h
}

func tallyHygiene(list []broken) HygieneTally {
	t := HygieneTally{BySeverity: map[string]int{}}
	for i := range list {
		if list[i].InBase {
			t.InBase++
			continue
		}
		t.BySeverity[list[i].Severity.String()]++
	}
	return t
}

// pairBroken puts together what is broken on both sides: the same finding, the same
// in another stage, and the same rule at the same kind of place with other words. A
// secret or planted code with other words is another one.
func pairBroken(before, after []broken) (both [][2]broken, gone, come []broken) {
	gone, come = slices.Clone(before), slices.Clone(after)
	for _, key := range []func(*broken) string{
		func(b *broken) string { return join(b.rule, b.ID) },
		// One stage may have become two: what is shipped is held against what was.
		func(b *broken) string { return join(b.rule, b.place, b.Message, strconv.FormatBool(b.Final)) },
		func(b *broken) string { return join(b.rule, b.Message) },
		func(b *broken) string { return b.kind(strconv.FormatBool(b.Final)) },
		func(b *broken) string { return b.kind("") },
	} {
		at := map[string][]int{}
		for i := range gone {
			if k := key(&gone[i]); k != "" {
				at[k] = append(at[k], i)
			}
		}
		taken := make([]bool, len(gone))
		come = slices.DeleteFunc(come, func(b broken) bool {
			k := key(&b)
			if k == "" || len(at[k]) == 0 {
				return false
			}
			i := at[k][0]
			at[k] = at[k][1:]
			taken[i] = true
			both = append(both, [2]broken{gone[i], b})
			return true
		})
		left := gone[:0:0]
		for i := range gone {
			if !taken[i] {
				left = append(left, gone[i])
			}
		}
		gone = left
	}
	return both, gone, come
}

// kind is the same for whatever breaks a rule at the same kind of place; empty for what
// is another thing with other words.
func (b *broken) kind(more string) string {
	if b.category == hygiene.Secrets || b.category == hygiene.PlantedCode {
		return ""
	}
	return join(b.rule, b.place, more)
}

// byRule groups findings, the graver rules first.
func byRule(list []broken) []HygieneRule {
	groups := map[string]*HygieneRule{}
	for i := range list {
		b := &list[i]
		g := groups[b.rule]
		if g == nil {
			g = &HygieneRule{Rule: b.rule, Title: b.title, Category: b.category}
			groups[b.rule] = g
		}
		g.Severity = max(g.Severity, b.Severity)
		g.Findings = append(g.Findings, b.HygieneFinding)
	}
	out := []HygieneRule{}
	for _, g := range slices.SortedFunc(maps.Values(groups), func(a, b *HygieneRule) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Rule, b.Rule))
	}) {
		slices.SortStableFunc(g.Findings, func(a, b HygieneFinding) int { return cmp.Compare(b.Severity, a.Severity) })
		out = append(out, *g)
	}
	return out
}

// anew reports whether something at a severity or above came anew, or became that
// grave; what came with a base is left out.
func (h *Hygiene) anew(least advisory.Severity) bool {
	for i := range h.Added {
		if slices.ContainsFunc(h.Added[i].Findings, func(f HygieneFinding) bool { return f.Severity >= least && !f.InBase }) {
			return true
		}
	}
	for i := range h.Kept {
		if slices.ContainsFunc(h.Kept[i].Findings, func(f HygieneFinding) bool {
			return f.Was != nil && *f.Was < f.Severity && f.Severity >= least && !f.InBase
		}) {
			return true
		}
	}
	return false
}
