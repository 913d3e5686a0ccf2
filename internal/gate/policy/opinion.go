package policy

import (
	"fmt"
	"slices"

	"plimsoll/internal/advisory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// opinion gives each vulnerability the severity and state that a policy's
// Opinion asks for.
type opinion struct {
	ask       Opinion
	databases []string
	records   map[[2]string]*reconcile.Record
}

func newOpinion(v *verdict.Verdict, ask Opinion) *opinion {
	o := &opinion{ask: ask}
	for i := range v.Coverage.Databases {
		o.databases = append(o.databases, v.Coverage.Databases[i].Name)
	}
	if ask == Either {
		return o
	}
	o.records = make(map[[2]string]*reconcile.Record, len(v.Reconciliation.Records))
	for i := range v.Reconciliation.Records {
		r := &v.Reconciliation.Records[i]
		o.records[[2]string{r.PackageID, r.ID}] = r
	}
	return o
}

// missing says which databases the opinion needs and the verdict does not rest on.
func (o *opinion) missing() []string {
	need := []string{}
	switch o.ask {
	case Both:
		need = []string{string(TrivyDB), string(GrypeDB)}
	case TrivyDB, GrypeDB:
		need = []string{string(o.ask)}
	}
	var problems []string
	for _, name := range need {
		if !slices.Contains(o.databases, name) {
			problems = append(problems, fmt.Sprintf("the policy asks for the opinion %q, and the verdict does not rest on %s", o.ask, name))
		}
	}
	return problems
}

// asked reports whether the opinion holds a finding at all.
func (o *opinion) asked(f *triage.Finding) bool {
	if f.Kind != triage.Vulnerability || o.ask == Either || len(f.HeldBy) == 0 {
		return true
	}
	r := o.record(f)
	if o.ask == Both {
		return r == nil && len(f.HeldBy) > 1 || r != nil && o.shared(r)
	}
	if r == nil {
		return slices.Contains(f.HeldBy, string(o.ask))
	}
	return slices.ContainsFunc(r.Held, func(h reconcile.Held) bool {
		return h.Database == string(o.ask) && h.Match.State != advisory.NotAffected
	})
}

// shared reports whether all databases that cover a record's package hold it.
func (o *opinion) shared(r *reconcile.Record) bool {
	holding := 0
	for i := range r.Held {
		if r.Held[i].Match.State == advisory.NotAffected {
			return false
		}
		holding++
	}
	return holding > 1 || slices.ContainsFunc(r.Differences, func(d reconcile.Difference) bool { return d.Cause == reconcile.NotCovered })
}

func (o *opinion) record(f *triage.Finding) *reconcile.Record {
	return o.records[[2]string{f.PackageID, f.Vulnerability}]
}

// of is the severity and state of a finding in the opinion asked.
func (o *opinion) of(f *triage.Finding) (advisory.Severity, advisory.FixState) {
	r := o.record(f)
	if f.Kind != triage.Vulnerability || r == nil {
		return f.Severity, f.Fix.State
	}
	severity, state, first := f.Severity, f.Fix.State, true
	for i := range r.Held {
		h := &r.Held[i]
		if o.ask != Both && h.Database != string(o.ask) {
			continue
		}
		if first {
			severity, state, first = h.Match.Severity, h.Match.State, false
			continue
		}
		severity = min(severity, h.Match.Severity)
		if h.Match.State != advisory.Fixed {
			state = h.Match.State
		}
	}
	return severity, state
}
