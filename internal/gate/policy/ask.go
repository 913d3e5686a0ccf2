package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cel.dev/cel-go/common/types"

	"plimsoll/internal/hygiene"
	"plimsoll/internal/verdict"
)

const (
	// Budget is the work that all rules together may cost on one verdict, in the
	// units of cel-go's cost model (about one for each operation, more for long
	// texts). It is some seconds of a processor, and the same on every machine.
	Budget = 100_000_000
	// maxCost is the most that one evaluation may cost.
	maxCost = 20_000_000
	// least is what an evaluation costs at least.
	least = 10
	// maxDetail bounds what a detail expression says, in bytes.
	maxDetail = 500
)

// ErrBudget is returned once the rules have used up their Budget.
var ErrBudget = errors.New("the rules cost more than a policy may")

// Facts are one verdict as the rules see it.
type Facts struct {
	Findings []FindingView
	Actions  []ActionView
	Hygiene  []HygieneView
	// Dockerfile are the findings of the Dockerfile that no comment lifts.
	Dockerfile []DockerfileView
	// Asked is false for findings that the opinion does not hold, by index.
	Asked []bool
	// Problems say why the opinion can't be had.
	Problems []string

	vars map[string]any
	left uint64

	// There may be a million packages and executables: their views are made while
	// a rule is asked about them, and as lists where a rule speaks of lists.
	verdict     *verdict.Verdict
	viewer      viewer
	executable  ExecutableView
	pkg         PackageView
	executables []ExecutableView
	packages    []PackageView
}

// Executable is the view of one entry of the account, until the next is asked for.
func (s *Facts) Executable(i int) *ExecutableView {
	s.executable = s.viewer.executable(&s.verdict.Account.Entries[i])
	return &s.executable
}

// Package is the view of one package, until the next is asked for.
func (s *Facts) Package(i int) *PackageView {
	s.pkg = s.viewer.pkg(&s.verdict.Packages[i])
	return &s.pkg
}

// See prepares a verdict, with the findings of its Dockerfile, for the rules.
// now is the time that ages are told at.
func See(v *verdict.Verdict, lint *verdict.LintSubject, ask Opinion, now time.Time) *Facts {
	x := viewer{v.Image.Base.Layers}
	image := imageView(&v.Image)
	s := &Facts{vars: map[string]any{"image": &image, "now": now}, left: Budget, verdict: v, viewer: x}
	o := newOpinion(v, ask)
	s.Problems = o.missing()
	purlTypes := make(map[string]string, len(v.Packages))
	for i := range v.Packages {
		purlTypes[v.Packages[i].ID] = v.Packages[i].Type
	}
	for i := range v.Findings {
		s.Findings = append(s.Findings, x.finding(&v.Findings[i], o, purlTypes))
		s.Asked = append(s.Asked, o.asked(&v.Findings[i]))
	}
	s.Actions = each(v.Actions, actionView)
	s.Hygiene = each(v.Hygiene, hygieneView)
	if lint != nil {
		s.Dockerfile = each(lint.Findings, func(f *hygiene.Finding) DockerfileView { return dockerfileView(f, lint.Name) })
	}
	return s
}

func each[T, V any](list []T, view func(*T) V) []V {
	out := make([]V, len(list))
	for i := range list {
		out[i] = view(&list[i])
	}
	return out
}

// Lists are what a rule about the image as a whole sees.
type Lists struct {
	Findings    []FindingView
	Actions     []ActionView
	Hygiene     []HygieneView
	Executables []ExecutableView
	Packages    []PackageView
}

// Lists puts together what a rule about the image speaks of, with the findings and
// the hygiene that it is to see.
func (s *Facts) Lists(r *Rule, findings []FindingView, hygiene []HygieneView) Lists {
	l := Lists{Findings: findings, Hygiene: hygiene, Actions: s.Actions}
	if r.speaksOf("executables") {
		if s.executables == nil {
			s.executables = each(s.verdict.Account.Entries, s.viewer.executable)
		}
		l.Executables = s.executables
	}
	if r.speaksOf("packages") {
		if s.packages == nil {
			s.packages = each(s.verdict.Packages, s.viewer.pkg)
		}
		l.Packages = s.packages
	}
	return l
}

func (r *Rule) speaksOf(name string) bool {
	return r.when != nil && r.when.names[name] || r.detail != nil && r.detail.names[name]
}

// Broken asks a rule about one thing: a pointer to the view of the rule's
// subject, or Lists for a rule about the image. detail is what the rule says of
// a thing it met.
//
// An error means that the rule could not be asked: it used up the budget
// (ErrBudget), or its expression failed, as an index out of range does.
func (s *Facts) Broken(ctx context.Context, r *Rule, thing any) (broken bool, detail string, err error) {
	if lists, ok := thing.(Lists); ok {
		s.vars["findings"], s.vars["actions"], s.vars["hygiene"] = lists.Findings, lists.Actions, lists.Hygiene
		s.vars["executables"], s.vars["packages"] = lists.Executables, lists.Packages
	} else {
		s.vars[r.For.Variable()] = thing
	}
	out, err := s.evaluate(ctx, r.when)
	if err != nil {
		return false, "", fmt.Errorf("rule %s: when: %w", r.Name, err)
	}
	if broken, _ = out.(bool); !broken || r.detail == nil {
		return broken, "", nil
	}
	if out, err = s.evaluate(ctx, r.detail); err != nil {
		return true, "", fmt.Errorf("rule %s: detail: %w", r.Name, err)
	}
	detail, _ = out.(string)
	return true, bounded(detail), nil
}

func (s *Facts) evaluate(ctx context.Context, p *program) (any, error) {
	if s.left == 0 {
		return nil, ErrBudget
	}
	out, details, err := p.ContextEval(ctx, s.vars)
	spent := uint64(least)
	if details != nil {
		if cost := details.ActualCost(); cost != nil {
			spent = max(spent, *cost)
		}
	}
	s.left -= min(s.left, spent)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && strings.Contains(err.Error(), "cost limit exceeded"):
		s.left -= min(s.left, maxCost)
		return nil, ErrBudget
	case err != nil:
		return nil, err
	}
	if types.IsUnknownOrError(out) {
		return nil, fmt.Errorf("the expression has no value: %v", out)
	}
	return out.Value(), nil
}

// bounded keeps a text to one line of a size that a report can show.
func bounded(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxDetail {
		s = strings.ToValidUTF8(s[:maxDetail], "") + "…"
	}
	return s
}
