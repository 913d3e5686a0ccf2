package exception

import (
	"slices"

	"plimsoll/internal/gate"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// Assessed is what one exception says of one vulnerability in an image.
type Assessed struct {
	Exception     *Exception
	Vulnerability string
	Aliases       []string
	// Packages are those that have it, each once.
	Packages []*inventory.Package
}

// Status is the exception's assessment. Without one the owner accepts a risk,
// and the vulnerability still affects the image.
func (a *Assessed) Status() Status {
	if a.Exception.VEX == nil {
		return Affected
	}
	return a.Exception.VEX.Status
}

// Assess pairs exceptions in force with the vulnerabilities of a verdict, for
// those who write VEX documents. left are the exceptions that no VEX document can
// hold: those that have ended, and those that speak of something else or of
// nothing in the image.
func (b *Bound) Assess(v *verdict.Verdict) (assessed []Assessed, left []*Exception) {
	at := map[[2]string]int{}
	used := map[string]bool{}
	for i := range v.Findings {
		f := &v.Findings[i]
		p := b.byID[f.PackageID]
		if f.Kind != triage.Vulnerability || p == nil {
			continue
		}
		e, _, _ := b.find(&gate.Thing{Image: &v.Image, ID: f.ID, Finding: f, Package: p})
		if e == nil {
			continue
		}
		used[e.Place()] = true
		key := [2]string{e.Place(), f.Vulnerability}
		n, known := at[key]
		if !known {
			n = len(assessed)
			at[key] = n
			assessed = append(assessed, Assessed{Exception: e, Vulnerability: f.Vulnerability, Aliases: f.Aliases})
		}
		if !slices.Contains(assessed[n].Packages, p) {
			assessed[n].Packages = append(assessed[n].Packages, p)
		}
	}
	for i := range b.set.exceptions {
		if e := &b.set.exceptions[i]; !used[e.Place()] && b.ofImage(&e.Scope) {
			left = append(left, e)
		}
	}
	return assessed, left
}

// Ended reports whether an exception's last day is over for the set.
func (s *Set) Ended(e *Exception) bool { return e.ExpiredAt(s.now) }
