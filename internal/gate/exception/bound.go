package exception

import (
	"slices"
	"strings"
	"time"

	"plimsoll/internal/gate"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// Set is every exception and VEX document of a run. It is immutable.
type Set struct {
	exceptions []Exception
	documents  []*Document
	now        time.Time
	// byID are indices of exceptions by their identifiers in lower case, and
	// statements those of documents by vulnerability.
	byID       map[string][]int
	statements map[string][]*Statement
}

// NewSet puts together what a run was given; now decides what has expired.
func NewSet(now time.Time, exceptions []Exception, documents []*Document) *Set {
	s := &Set{exceptions: exceptions, documents: documents, now: now, byID: map[string][]int{}, statements: map[string][]*Statement{}}
	for i := range exceptions {
		key := strings.ToLower(exceptions[i].ID)
		s.byID[key] = append(s.byID[key], i)
	}
	for _, d := range documents {
		for i := range d.Statements {
			st := &d.Statements[i]
			seen := map[string]bool{}
			for _, id := range st.Vulnerabilities {
				if key := strings.ToLower(id); !seen[key] {
					seen[key] = true
					s.statements[key] = append(s.statements[key], st)
				}
			}
		}
	}
	return s
}

// Exceptions are those of the set, in the order given.
func (s *Set) Exceptions() []Exception { return s.exceptions }

// Bound is a set as one verdict sees it; it answers package gate.
type Bound struct {
	set    *Set
	image  *imageIdentity
	distro *inventory.Distribution
	// byPath are the packages of each file: what is built into one program, or
	// packed into one archive, stands together.
	byPath map[string][]*inventory.Package
	byID   map[string]*inventory.Package
	// met are the exceptions and statements that spoke of something, answered or not.
	met map[string]bool
}

var _ gate.Exceptions = (*Bound)(nil)

// For binds the set to a verdict.
func (s *Set) For(v *verdict.Verdict) *Bound {
	b := &Bound{
		set: s, image: identityOf(&v.Image), distro: v.Image.Distribution,
		byPath: map[string][]*inventory.Package{}, byID: make(map[string]*inventory.Package, len(v.Packages)), met: map[string]bool{},
	}
	for i := range v.Packages {
		p := &v.Packages[i]
		b.byID[p.ID] = p
		if !p.IsOS() && p.Path != "" {
			b.byPath[p.Path] = append(b.byPath[p.Path], p)
		}
	}
	return b
}

// Accept implements gate.Exceptions: an exception in force goes before a VEX
// statement, and that before an exception past its last day.
func (b *Bound) Accept(t gate.Thing) (gate.Acceptance, bool) {
	e, expired, st := b.find(&t)
	switch {
	case e != nil:
		return b.acceptance(e), true
	case st != nil:
		return st.acceptance(), true
	case expired != nil:
		return b.acceptance(expired), true
	}
	return gate.Acceptance{}, false
}

// find looks for all that speak of a thing, and notes each as met.
func (b *Bound) find(t *gate.Thing) (inForce, expired *Exception, st *Statement) {
	ids := identifiers(t)
	for _, id := range ids {
		for _, i := range b.set.byID[id] {
			e := &b.set.exceptions[i]
			if !b.holds(&e.Scope, t) {
				continue
			}
			b.met[e.Place()] = true
			switch past := e.ExpiredAt(b.set.now); {
			case past && expired == nil:
				expired = e
			case !past && inForce == nil:
				inForce = e
			}
		}
	}
	if t.Finding != nil && t.Finding.Kind == triage.Vulnerability {
		st = b.newest(ids, t)
	}
	return inForce, expired, st
}

// All implements gate.Exceptions. A document of a supplier speaks of many
// products; of its statements only those that name the image are meant for it.
func (b *Bound) All(*verdict.Image) []gate.Acceptance {
	var all []gate.Acceptance
	for i := range b.set.exceptions {
		e := &b.set.exceptions[i]
		if b.ofImage(&e.Scope) && !b.met[e.Place()] {
			all = append(all, b.acceptance(e))
		}
	}
	for _, d := range b.set.documents {
		for i := range d.Statements {
			st := &d.Statements[i]
			if st.Status.Accepts() && !b.met[st.Place] && slices.ContainsFunc(st.Products, func(p Product) bool { return p.Is.coversImage(b.image) }) {
				all = append(all, st.acceptance())
			}
		}
	}
	return all
}

func (b *Bound) acceptance(e *Exception) gate.Acceptance {
	return gate.Acceptance{
		ID: e.Place(), By: e.Owner, Reason: e.Reason, About: e.About(),
		Until: e.Until.Format(time.DateOnly), Expired: e.ExpiredAt(b.set.now),
	}
}

// identifiers are all that an exception may call a thing, in lower case.
func identifiers(t *gate.Thing) []string {
	var ids []string
	switch {
	case t.Finding != nil:
		f := t.Finding
		ids = append([]string{f.ID, f.Vulnerability}, f.Aliases...)
		if f.Kind == triage.EndOfLife {
			ids = append(ids, string(f.Kind))
		}
		if f.Evidence != nil {
			ids = append(ids, f.Evidence.Rule, f.Evidence.Value)
		}
	case t.Hygiene != nil:
		ids = []string{t.Hygiene.ID, t.Hygiene.Rule}
	case t.Lint != nil:
		ids = []string{t.Lint.ID, t.Lint.Rule}
	case t.Executable != nil:
		ids = []string{t.ID, string(t.Executable.Status)}
	case t.Package != nil:
		ids = []string{t.ID, "package"}
	}
	out := ids[:0]
	for _, id := range ids {
		if id = strings.ToLower(id); id != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// ofImage reports whether a scope is meant for the image.
func (b *Bound) ofImage(s *Scope) bool {
	return len(s.images) == 0 || slices.ContainsFunc(s.images, func(p imagePattern) bool { return p.match(b.image) })
}

// holds reports whether a thing is in a scope.
func (b *Bound) holds(s *Scope, t *gate.Thing) bool {
	if !b.ofImage(s) {
		return false
	}
	if len(s.Packages) > 0 {
		name := ""
		switch {
		case t.Finding != nil:
			name = t.Finding.Package
		case t.Executable != nil:
			name = t.Executable.Owner
		}
		if !slices.ContainsFunc(s.Packages, func(p PackageScope) bool { return p.match(t.Package, name, b.distro) }) {
			return false
		}
	}
	if len(s.paths) == 0 {
		return true
	}
	for _, at := range places(t) {
		if slices.ContainsFunc(s.paths, func(g glob) bool { return g.match(at) }) {
			return true
		}
	}
	return false
}

// places are the paths of a thing; what is in an archive is at the archive's
// path, and at "archive!inside".
func places(t *gate.Thing) []string {
	at := func(path, inside string) []string {
		if path == "" {
			return nil
		}
		if inside == "" {
			return []string{path}
		}
		return []string{path, path + "!" + inside}
	}
	switch {
	case t.Finding != nil && t.Finding.Evidence != nil:
		return at(t.Finding.Path, t.Finding.Evidence.Inside)
	case t.Package != nil:
		return at(t.Package.Path, t.Package.InArchive)
	case t.Finding != nil:
		return at(t.Finding.Path, "")
	case t.Executable != nil:
		return at(t.Executable.Path, "")
	case t.Lint != nil:
		return at(t.Dockerfile, "")
	}
	return nil
}
