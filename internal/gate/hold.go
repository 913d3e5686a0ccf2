package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/gate/policy"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// Input is what an image is held against a policy with.
type Input struct {
	Verdict *verdict.Verdict
	// Lint is what was found in the image's Dockerfile, nil without one.
	Lint   *verdict.LintSubject
	Policy *policy.Policy
	// Opinion takes the place of the policy's own where it is not empty.
	Opinion policy.Opinion
	// Exceptions and Baseline are nil without any.
	Exceptions Exceptions
	Baseline   *Baseline
	// Now is the time that ages are told at.
	Now time.Time
}

// Hold holds one verdict against a policy. An error is a cancelled context or a
// baseline that has nothing for the image; all else is in the result.
func Hold(ctx context.Context, in Input) (*Result, error) {
	opinion := cmp.Or(in.Opinion, in.Policy.Opinion)
	h := &holder{
		Input: in, accepted: map[string]*Accepted{}, expired: map[string]*Accepted{}, asked: map[thingKey]bool{},
		facts: policy.See(in.Verdict, in.Lint, opinion, in.Now),
		result: &Result{
			Image:   imageOf(in.Verdict, in.Lint),
			Policy:  PolicyRef{Name: in.Policy.Name, From: in.Policy.From, Opinion: opinion, Rules: len(in.Policy.Rules)},
			Reasons: []Reason{}, Warnings: []Reason{}, Tracked: map[string]int{}, Accepted: []Accepted{}, Expired: []Accepted{},
			Unused: []Acceptance{}, NotAsked: []NotAsked{}, Problems: []string{},
			Verdict: in.Verdict, Dockerfile: in.Lint,
		},
	}
	h.actions = make(map[string]*triage.Action, len(in.Verdict.Actions))
	for i := range in.Verdict.Actions {
		h.actions[in.Verdict.Actions[i].ID] = &in.Verdict.Actions[i]
	}
	h.problems()
	h.prepare()
	if err := h.compareBaseline(ctx, opinion); err != nil {
		return nil, err
	}
	if err := h.askAll(ctx); err != nil {
		return nil, err
	}
	h.conclude()
	return h.result, nil
}

func imageOf(v *verdict.Verdict, lint *verdict.LintSubject) Image {
	i := Image{
		Reference: v.Image.Reference, Platform: v.Image.Platform, Digest: cmp.Or(v.Image.Digest, v.Image.ConfigDigest),
		Databases: append([]advisory.Info{}, v.Coverage.Databases...),
	}
	if lint != nil {
		i.Dockerfile = lint.Name
	}
	return i
}

// holder is one image while it is held.
type holder struct {
	Input
	facts   *policy.Facts
	result  *Result
	actions map[string]*triage.Action
	// lists are the things of each subject, made when first needed.
	findings, hygiene, lint *things
	executables, packages   *things
	// accepted and expired are by the exception's ID; asked are the things that
	// exceptions were asked about, with whether one accepts.
	accepted, expired map[string]*Accepted
	asked             map[thingKey]bool
	baseline          *known
}

// problems are what keeps a verdict from being passed whatever the rules say.
func (h *holder) problems() {
	r := h.result
	if !h.Verdict.Coverage.Complete {
		r.Problems = append(r.Problems, "the scan is incomplete: "+incomplete(h.Verdict))
	}
	if n := h.Verdict.Coverage.NotExamined; len(n) > 0 {
		r.Problems = append(r.Problems, "an SBOM was examined and not the image: "+strings.Join(n, ", ")+" were not looked at; gate the image")
	}
	if h.Lint != nil && h.Lint.Error != "" {
		r.Problems = append(r.Problems, "the Dockerfile could not be read: "+h.Lint.Error)
	}
	r.Problems = append(r.Problems, h.facts.Problems...)
}

func incomplete(v *verdict.Verdict) string {
	n, first := 0, ""
	for i := range v.Coverage.Skipped {
		if s := &v.Coverage.Skipped[i]; s.Incomplete {
			if n++; n == 1 {
				first = strings.TrimPrefix(s.Path+": "+s.Reason, ": ")
				if s.Layer >= 0 {
					first = fmt.Sprintf("layer %d: %s", s.Layer, first)
				}
			}
		}
	}
	switch n {
	case 0:
		return "part of the image could not be examined"
	case 1:
		return first
	}
	return fmt.Sprintf("%s (and %d more)", first, n-1)
}

// prepare asks exceptions about everything that rules are then not asked about.
func (h *holder) prepare() {
	h.findings, h.hygiene = h.findingThings(), h.hygieneThings()
	h.lint = h.lintThings()
	for _, list := range []*things{h.findings, h.hygiene, h.lint} {
		for i := range list.n {
			if !list.out(i) && h.accepts(list, i) {
				list.skip[i] = true
			}
		}
	}
	for i := range h.facts.Findings {
		if f := &h.facts.Findings[i]; f.Kind == string(triage.Vulnerability) && !f.Fixable && !h.findings.out(i) {
			h.result.Tracked[advisory.Severity(f.Severity).String()]++
		}
	}
}

// accepts asks the exceptions about one thing, once.
func (h *holder) accepts(list *things, i int) bool {
	if h.Exceptions == nil || list.subject == policy.Actions || list.subject == policy.Image {
		return false
	}
	key := thingKey{list.subject, i}
	if yes, before := h.asked[key]; before {
		return yes
	}
	t := list.thing(i)
	m := list.match(i)
	t.Image, t.ID = &h.Verdict.Image, m.ID
	a, ok := h.Exceptions.Accept(t)
	into := h.accepted
	if ok && a.Expired {
		into = h.expired
	}
	if ok {
		if into[a.ID] == nil {
			into[a.ID] = &Accepted{Acceptance: a}
		}
		into[a.ID].Matches = append(into[a.ID].Matches, m)
	}
	h.asked[key] = ok && !a.Expired
	return h.asked[key]
}

// askAll asks every rule.
func (h *holder) askAll(ctx context.Context) error {
	for i := range h.Policy.Rules {
		r := &h.Policy.Rules[i]
		if r.For == policy.Dockerfile && h.Lint == nil {
			h.result.NotAsked = append(h.result.NotAsked, NotAsked{r.Name, "no Dockerfile was given (--dockerfile)"})
			continue
		}
		reason, err := h.ask(ctx, r)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, policy.ErrBudget):
			h.result.Problems = append(h.result.Problems, fmt.Sprintf("%v; it, and the rules after it, could not be asked of everything", err))
		case err != nil:
			h.result.Problems = append(h.result.Problems, err.Error())
		}
		if reason != nil && r.Effect == policy.Warn {
			h.result.Warnings = append(h.result.Warnings, *reason)
		} else if reason != nil {
			h.result.Reasons = append(h.result.Reasons, *reason)
		}
		if errors.Is(err, policy.ErrBudget) {
			break
		}
	}
	return nil
}

// ask asks one rule about all that it is for. With an error, the reason is what
// was met up to there; nil for nothing.
func (h *holder) ask(ctx context.Context, r *policy.Rule) (*Reason, error) {
	list := h.thingsOf(r)
	reason := &Reason{Rule: r.Name, Severity: r.Severity, For: r.For, Text: r.Message}
	clear := map[Clearing]int{}
	var failed error
	for i := range list.n {
		if list.out(i) || list.kept(i) {
			continue
		}
		broken, detail, err := h.facts.Broken(ctx, r, list.view(i))
		if err != nil {
			failed = err
			if errors.Is(err, policy.ErrBudget) || ctx.Err() != nil {
				break
			}
			// One thing that a rule can't judge does not hide the others.
		}
		if !broken || h.accepts(list, i) {
			continue
		}
		m := list.match(i)
		m.Detail = detail
		if h.baseline != nil && h.baseline.holds(r.For, m) {
			h.hide(r, m)
			continue
		}
		reason.Matches = append(reason.Matches, m)
		if c := list.clearing(i); c.Title != "" {
			clear[c]++
		} else if r.Remedy != "" {
			clear[Clearing{Title: r.Remedy}]++
		} else {
			reason.Without++
		}
	}
	// What was known is asked as well, so that the result can tell what it hides.
	for i := range list.n {
		if failed != nil || list.out(i) || !list.kept(i) {
			continue
		}
		broken, _, err := h.facts.Broken(ctx, r, list.view(i))
		if failed = err; broken {
			h.hide(r, list.match(i))
		}
	}
	if len(reason.Matches) == 0 {
		return nil, failed
	}
	reason.Count, reason.Actions = len(reason.Matches), sortedClearings(clear)
	return reason, failed
}

func sortedClearings(counts map[Clearing]int) []Clearing {
	out := make([]Clearing, 0, len(counts))
	for c, n := range counts {
		c.Clears = n
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Clearing) int {
		return cmp.Or(cmp.Compare(b.Clears, a.Clears), cmp.Compare(a.Title, b.Title), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// conclude puts the result in order and decides.
func (h *holder) conclude() {
	r := h.result
	for _, list := range []struct {
		from map[string]*Accepted
		to   *[]Accepted
	}{{h.accepted, &r.Accepted}, {h.expired, &r.Expired}} {
		for _, a := range list.from {
			*list.to = append(*list.to, *a)
		}
		slices.SortFunc(*list.to, func(a, b Accepted) int { return cmp.Compare(a.ID, b.ID) })
	}
	for i := range r.Expired {
		r.Reasons = append(r.Reasons, expiredReason(&r.Expired[i]))
	}
	if h.Exceptions != nil {
		for _, a := range h.Exceptions.All(&h.Verdict.Image) {
			if h.accepted[a.ID] == nil && h.expired[a.ID] == nil {
				r.Unused = append(r.Unused, a)
			}
		}
	}
	for _, list := range [][]Reason{r.Reasons, r.Warnings} {
		slices.SortStableFunc(list, func(a, b Reason) int { return cmp.Compare(b.Severity, a.Severity) })
	}
	switch {
	case len(r.Reasons) > 0:
		r.Decision = Failed
	case len(r.Problems) > 0:
		r.Decision = Undecided
	default:
		r.Decision = Passed
	}
}

func expiredReason(a *Accepted) Reason {
	return Reason{
		Rule: policy.ExpiredException, Severity: advisory.High, For: policy.Findings,
		Text:  fmt.Sprintf("the exception %s of %s ended on %s (%s)", a.ID, a.By, a.Until, a.Reason),
		Count: len(a.Matches), Matches: a.Matches,
		Actions: []Clearing{{Title: "fix what it accepts, or have its owner renew it", Clears: len(a.Matches)}},
	}
}
