package exception

import (
	"fmt"
	"slices"

	"plimsoll/internal/gate"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// Apply marks what exceptions accept in the verdict that the set is bound to:
// findings get the disposition accepted, actions and the headline don't count
// them, and coverage says what was used. Executables that are no finding are for
// a policy to ask about.
func (b *Bound) Apply(v *verdict.Verdict) {
	use := &verdict.Exceptions{From: b.set.files(), Expired: []triage.Acceptance{}, Unused: []triage.Acceptance{}}
	ended := map[string]int{}
	accept := func(t gate.Thing) *triage.Acceptance {
		t.Image = &v.Image
		found, ok := b.Accept(t)
		if !ok {
			return nil
		}
		a := triage.Acceptance(found)
		if a.Expired {
			if ended[a.ID]++; ended[a.ID] == 1 {
				use.Expired = append(use.Expired, a)
			}
			return nil
		}
		use.Accepted++
		return &a
	}
	gone, urgent := map[string]bool{}, map[string]bool{}
	for i := range v.Findings {
		f := &v.Findings[i]
		var p *inventory.Package
		if f.PackageID != "" {
			p = b.byID[f.PackageID]
		}
		if a := accept(gate.Thing{ID: f.ID, Finding: f, Package: p}); a != nil {
			f.Disposition, f.Acceptance, f.ClearedBy = triage.Accepted, a, ""
			gone[f.ID] = true
		}
		urgent[f.ID] = f.Disposition == triage.Rebuild
	}
	for i := range v.Hygiene {
		v.Hygiene[i].Acceptance = accept(gate.Thing{ID: v.Hygiene[i].ID, Hygiene: &v.Hygiene[i]})
	}
	for i := range v.Account.Entries {
		// Asked so that an exception for the gate is not called unused; the ID is the
		// one that the gate gives an executable.
		e := &v.Account.Entries[i]
		b.find(&gate.Thing{Image: &v.Image, ID: triage.Fingerprint("executable", e.Path, string(e.Status), string(e.Liveness)), Executable: e})
	}
	triage.Sort(v.Findings)
	v.Actions = triage.Without(v.Actions, gone, urgent)
	slices.SortFunc(use.Expired, byPlace)
	for i := range use.Expired {
		v.Coverage.Warnings = append(v.Coverage.Warnings, endedWords(&use.Expired[i], ended[use.Expired[i].ID]))
	}
	for _, a := range b.All(&v.Image) {
		use.Unused = append(use.Unused, triage.Acceptance(a))
	}
	v.Coverage.Exceptions = use
	v.Headline = verdict.Summarise(v)
}

func byPlace(a, b triage.Acceptance) int {
	switch {
	case a.ID < b.ID:
		return -1
	case a.ID > b.ID:
		return 1
	}
	return 0
}

func endedWords(a *triage.Acceptance, n int) string {
	things := "1 finding that counts"
	if n > 1 {
		things = fmt.Sprintf("%d findings that count", n)
	}
	return fmt.Sprintf("the exception %s of %s (%s) ended on %s and still meets %s", a.ID, a.By, a.About, a.Until, things)
}

// files are the names of what was read, each once.
func (s *Set) files() []string {
	files := []string{}
	for i := range s.exceptions {
		if name := s.exceptions[i].File; !slices.Contains(files, name) {
			files = append(files, name)
		}
	}
	for _, d := range s.documents {
		if !slices.Contains(files, d.File) {
			files = append(files, d.File)
		}
	}
	return files
}
