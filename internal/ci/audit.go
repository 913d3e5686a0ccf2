package ci

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
	"plimsoll/internal/hygiene"
)

// Rule is one thing that a workflow should not do.
type Rule struct {
	// ID is lower case with hyphens and never changes.
	ID string
	// Title is the finding in a few words.
	Title string
	// Severity is by what it costs: High for what hands the pipeline to a stranger, or
	// makes a gate that is none.
	Severity advisory.Severity
	// Why says what goes wrong, Remedy what to do; each one to three sentences.
	Why, Remedy string
	// Source is where a fact behind the rule is documented.
	Source string
	Check  func(*audit)
	// Bad are workflows that must raise the rule, Good ones that must not.
	Bad, Good []string
}

// Summary says of a rule what reports show.
func (r *Rule) Summary() hygiene.RuleSummary {
	return hygiene.RuleSummary{
		ID: r.ID, Title: r.Title, Severity: r.Severity, Category: hygiene.Pipeline, Why: r.Why, Remedy: r.Remedy, Page: "docs/ci.md#" + r.ID,
	}
}

// maxFindings bounds what one rule may report of one file.
const maxFindings = 500

// audit is what a rule works with.
type audit struct {
	*Workflow

	rule     *Rule
	reported int
	findings []hygiene.Finding
	// known are the scanners of each job, found once.
	known map[*Job][]call
}

// Check applies the rules to a workflow, in the order of the file.
func Check(w *Workflow, rules []Rule) []hygiene.Finding {
	a := &audit{Workflow: w}
	for i := range rules {
		a.rule, a.reported = &rules[i], 0
		rules[i].Check(a)
	}
	slices.SortStableFunc(a.findings, func(x, y hygiene.Finding) int {
		return cmp.Or(cmp.Compare(x.Range.Start.Line, y.Range.Start.Line), cmp.Compare(x.Range.Start.Column, y.Range.Start.Column), cmp.Compare(y.Severity, x.Severity))
	})
	identify(a.findings)
	return a.findings
}

// identify gives findings identifiers that don't depend on lines: of the rule, the
// message, and how many like it came before.
func identify(findings []hygiene.Finding) {
	seen := map[string]int{}
	for i := range findings {
		f := &findings[i]
		key := f.Rule + "\x00" + f.Stage + "\x00" + f.Message
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", key, seen[key]))
		seen[key]++
		f.ID = hex.EncodeToString(sum[:8])
	}
}

func (a *audit) report(j *Job, at dockerfile.Range, format string, args ...any) {
	a.reportAs(a.rule.Severity, j, at, format, args...)
}

func (a *audit) reportAs(severity advisory.Severity, j *Job, at dockerfile.Range, format string, args ...any) {
	if a.reported++; a.reported > maxFindings {
		return
	}
	f := hygiene.Finding{
		Rule: a.rule.ID, Title: a.rule.Title, Severity: severity, Category: hygiene.Pipeline,
		Message: fmt.Sprintf(format, args...), Remedy: a.rule.Remedy, Range: at, Final: true,
	}
	if j != nil {
		f.Stage = j.ID
	}
	a.findings = append(a.findings, f)
}

// runsOn tells whether one of the events starts the workflow.
func (w *Workflow) runsOn(events ...string) bool {
	return slices.ContainsFunc(w.Events, func(e string) bool { return slices.Contains(events, e) })
}

// steps calls do for every step.
func (w *Workflow) steps(do func(*Job, *Step)) {
	for _, j := range w.Jobs {
		for _, s := range j.Steps {
			do(j, s)
		}
	}
}

// action splits what uses names: owner/repo[/path] in lower case, and the reference.
func action(uses string) (name, ref string) {
	name, ref, _ = strings.Cut(uses, "@")
	return strings.ToLower(name), ref
}

// isTrue reads a boolean as YAML 1.2 and GitHub have it; an expression may be either.
func isTrue(s string) bool { return strings.EqualFold(strings.TrimSpace(s), "true") }
