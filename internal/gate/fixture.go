package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
	"plimsoll/internal/gate/policy"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/verdict"
)

// TestOutcome is one test of a policy after it ran.
type TestOutcome struct {
	Name string `json:"name"`
	Line int    `json:"line"`
	// Broken and Warned are the rules that failed and warned.
	Broken []string `json:"broken"`
	Warned []string `json:"warned"`
	// Wrong says what differs from what was expected; empty for a test that passed.
	Wrong []string `json:"wrong"`
}

// RunTest holds a fixture against a policy.
func RunTest(ctx context.Context, p *policy.Policy, t *policy.Test, now time.Time) (*TestOutcome, error) {
	in := Input{Verdict: t.Verdict, Policy: p, Opinion: t.Opinion, Now: now}
	if t.Dockerfile != "" {
		in.Lint = lintOf([]byte(t.Dockerfile), now)
	}
	r, err := Hold(ctx, in)
	if err != nil {
		return nil, err
	}
	o := &TestOutcome{Name: t.Name, Line: t.Line, Broken: rulesOf(r.Reasons), Warned: rulesOf(r.Warnings), Wrong: []string{}}
	expected := map[policy.Expectation]Decision{policy.ExpectPass: Passed, policy.ExpectFail: Failed, policy.ExpectUndecided: Undecided}[t.Expect]
	if r.Decision != expected {
		wrong := fmt.Sprintf("it is %s, not %s", r.Decision, expected)
		if len(r.Problems) > 0 {
			wrong += ": " + strings.Join(r.Problems, "; ")
		}
		o.Wrong = append(o.Wrong, wrong)
	}
	if t.Rules != nil && !slices.Equal(t.Rules, o.Broken) {
		o.Wrong = append(o.Wrong, fmt.Sprintf("the rules that fail are %s, not %s", listed(o.Broken), listed(t.Rules)))
	}
	if t.Warnings != nil && !slices.Equal(t.Warnings, o.Warned) {
		o.Wrong = append(o.Wrong, fmt.Sprintf("the rules that warn are %s, not %s", listed(o.Warned), listed(t.Warnings)))
	}
	return o, nil
}

func rulesOf(reasons []Reason) []string {
	out := []string{}
	for i := range reasons {
		out = append(out, reasons[i].Rule)
	}
	slices.Sort(out)
	return out
}

func listed(rules []string) string {
	if len(rules) == 0 {
		return "none"
	}
	return strings.Join(rules, ", ")
}

func lintOf(source []byte, now time.Time) *verdict.LintSubject {
	const name = "Dockerfile"
	s := verdict.LintSubject{Name: name, Kind: "dockerfile"}
	f, err := dockerfile.Parse(name, source)
	if err != nil {
		s.Error = err.Error()
		return &s
	}
	var r verdict.Lint
	rules := hygiene.Rules()
	r.Add(s, hygiene.Check(f, rules, hygiene.Options{Now: now}), advisory.Negligible, rules)
	return &r.Subjects[0]
}
