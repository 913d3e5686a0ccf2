package verdict

import (
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/triage"
)

// Explanation is everything known about one vulnerability in one image.
type Explanation struct {
	SchemaVersion int `json:"schemaVersion"`
	// Asked is the identifier that the user gave.
	Asked string `json:"asked"`
	// ID is the identifier under which the verdict lists it, Asked where it
	// does not, or where Asked is an advisory that covers several
	// vulnerabilities (DSA-…, RHSA-…); Aliases are all others, sorted.
	ID        string          `json:"id"`
	Aliases   []string        `json:"aliases,omitempty"`
	Image     Image           `json:"image"`
	Databases []advisory.Info `json:"databases"`
	// Details are the databases' prose, for those that know the identifier.
	Details []DatabaseDetail `json:"details,omitempty"`
	// Occurrences are the packages it holds against, in the order of the
	// reconciliation; empty where it holds against none.
	Occurrences []Occurrence `json:"occurrences"`
	// Complete is the verdict's: where it is false, no occurrence is no proof.
	Complete bool `json:"complete"`
}

// DatabaseDetail is one database's prose.
type DatabaseDetail struct {
	Database string          `json:"database"`
	Detail   advisory.Detail `json:"detail"`
}

// Occurrence is the vulnerability in one package.
type Occurrence struct {
	Package inventory.Package `json:"package"`
	// Layer is where the package first appeared; nil where no layer is known.
	Layer *Layer `json:"layer,omitempty"`
	// Record holds both databases' matches.
	Record reconcile.Record `json:"record"`
	// Finding is nil where the record led to none: the distribution judges.
	Finding *triage.Finding `json:"finding,omitempty"`
	// Action clears the finding; nil without one.
	Action *triage.Action `json:"action,omitempty"`
}

// Explain gathers from a verdict what it holds about one identifier, in any
// case and by any alias. The caller adds Details, which a verdict leaves out;
// IDs lists what to ask the databases for.
func Explain(v *Verdict, asked string) *Explanation {
	e := &Explanation{
		SchemaVersion: SchemaVersion,
		Asked:         asked,
		ID:            asked,
		Image:         v.Image,
		Databases:     v.Coverage.Databases,
		Occurrences:   []Occurrence{},
		Complete:      v.Coverage.Complete,
	}
	x, known := newIndex(v), map[string]bool{}
	for i := range v.Reconciliation.Records {
		r := &v.Reconciliation.Records[i]
		ids := recordIDs(r)
		at := slices.IndexFunc(ids, func(id string) bool { return strings.EqualFold(id, asked) })
		if at < 0 {
			continue
		}
		switch {
		case len(e.Occurrences) == 0:
			e.ID = r.ID
		case r.ID != e.ID:
			e.ID = ids[at]
		}
		for _, id := range ids {
			known[id] = true
		}
		e.Occurrences = append(e.Occurrences, x.occurrence(r))
	}
	delete(known, e.ID)
	for id := range known {
		e.Aliases = append(e.Aliases, id)
	}
	slices.Sort(e.Aliases)
	return e
}

// IDs are all identifiers of the vulnerability, the one asked for first. Of an
// advisory that covers several it is the only one: what a database says about
// one of them does not hold for the others.
func (e *Explanation) IDs() []string {
	ids := []string{e.Asked}
	for i := range e.Occurrences {
		if e.Occurrences[i].Record.ID != e.Occurrences[0].Record.ID {
			return ids
		}
	}
	for _, id := range append([]string{e.ID}, e.Aliases...) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// recordIDs are all identifiers that a record goes by.
func recordIDs(r *reconcile.Record) []string {
	ids := append([]string{r.ID}, r.Aliases...)
	for i := range r.Held {
		ids = append(ids, r.Held[i].Match.ID)
		ids = append(ids, r.Held[i].Match.Aliases...)
	}
	return ids
}

// index finds the parts of a verdict by their identifiers.
type index struct {
	packages map[string]*inventory.Package
	findings map[[2]string]*triage.Finding
	actions  map[string]*triage.Action
	layers   []Layer
}

func newIndex(v *Verdict) *index {
	x := &index{map[string]*inventory.Package{}, map[[2]string]*triage.Finding{}, map[string]*triage.Action{}, v.Image.Layers}
	for i := range v.Packages {
		x.packages[v.Packages[i].ID] = &v.Packages[i]
	}
	for i := range v.Findings {
		f := &v.Findings[i]
		x.findings[[2]string{f.PackageID, f.Vulnerability}] = f
	}
	for i := range v.Actions {
		x.actions[v.Actions[i].ID] = &v.Actions[i]
	}
	return x
}

// occurrence puts together what the verdict holds about one record.
func (x *index) occurrence(r *reconcile.Record) Occurrence {
	o := Occurrence{Record: *r, Package: inventory.Package{ID: r.PackageID, Name: r.PackageID}}
	o.Package.Origin.Index = -1
	if p := x.packages[r.PackageID]; p != nil {
		o.Package = *p
	}
	if at := o.Package.Origin.Index; at >= 0 && at < len(x.layers) {
		o.Layer = &x.layers[at]
	}
	if o.Finding = x.findings[[2]string{r.PackageID, r.ID}]; o.Finding != nil {
		o.Action = x.actions[o.Finding.ClearedBy]
	}
	return o
}
