package proof

import (
	"cmp"
	"maps"
	"slices"

	"plimsoll/internal/advisory"
	"plimsoll/internal/compare"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
)

// weighing is a proof on its way: every finding to its outcome and cause.
type weighing struct {
	before, after *side
	order         triage.Order
	proof         *Proof
	// changed are the packages that differ, by what they were and what they are.
	changedFrom, changedTo map[installed]*compare.Package
	inBefore, inAfter      *shelf
	// remains is leftBehind's.
	remains map[string]string
	groups  map[*Outcome]map[groupKey]*Group
	// members are the packages that a group names.
	members map[*Group]map[string]bool
}

type groupKey struct {
	code   Code
	detail string
	pkg    named
	// before and after are versions.
	before, after string
}

// cause is why a finding is where it is.
type cause struct {
	code Code
	// detail is a path, a version or a sentence, as the code's words need it.
	detail string
	// before and after are the package on either side; nil where there is none.
	before, after *inventory.Package
}

func (w *weighing) index(changes []compare.Package) {
	w.changedFrom, w.changedTo = map[installed]*compare.Package{}, map[installed]*compare.Package{}
	for i := range changes {
		c := &changes[i]
		from := installed{c.Type, c.Name, c.Arch, c.Before, cmp.Or(c.BeforePath, c.Path)}
		to := installed{c.Type, c.Name, c.Arch, c.After, c.Path}
		switch c.Change {
		case compare.Added:
			w.changedTo[to] = c
		case compare.Removed:
			w.changedFrom[from] = c
		case compare.Unrecorded: // a ghost: it is there, and judged
		default:
			w.changedFrom[from], w.changedTo[to] = c, c
		}
	}
	w.inBefore, w.inAfter = newShelf(w.before.Verdict.Packages), newShelf(w.after.Verdict.Packages)
}

// became is what a package of the first image is in the second, nil for nothing;
// the change is nil where nothing happened to it.
func (w *weighing) became(p *inventory.Package) (*inventory.Package, *compare.Package) {
	c := w.changedFrom[installedOf(p)]
	if c == nil {
		return w.inAfter.find(p, p.Version, ""), nil
	}
	if c.After == "" {
		return nil, c
	}
	return w.inAfter.find(p, c.After, c.Path), c
}

// was is the other way round.
func (w *weighing) was(p *inventory.Package) (*inventory.Package, *compare.Package) {
	c := w.changedTo[installedOf(p)]
	if c == nil {
		return w.inBefore.find(p, p.Version, ""), nil
	}
	if c.Before == "" {
		return nil, c
	}
	return w.inBefore.find(p, c.Before, cmp.Or(c.BeforePath, c.Path)), c
}

// findings sorts the findings of both sides.
func (w *weighing) findings(vulnerabilities bool) {
	f := &w.proof.Findings
	f.Vulnerabilities = vulnerabilities
	w.groups, w.members = map[*Outcome]map[groupKey]*Group{}, map[*Group]map[string]bool{}
	for _, o := range []*Outcome{&f.Cleared, &f.Unproven, &f.Kept, &f.Added} {
		o.BySeverity, o.Groups = map[string]int{}, []Group{}
		w.groups[o] = map[groupKey]*Group{}
	}
	before, after := w.before.Verdict.Findings, w.after.Verdict.Findings
	both, gone, come := w.pairs(before, after)
	w.proof.Counts.Before = tally(pointers(before))
	there := pointers(after)
	for _, p := range both {
		w.put(&f.Kept, w.after, p.after, w.kept(p))
	}
	for _, g := range gone {
		switch outcome, c := w.gone(g); outcome {
		case outcomeCleared:
			w.put(&f.Cleared, w.before, g, c)
		case outcomeKept:
			w.put(&f.Kept, w.before, g, c)
			there = append(there, g)
		default:
			w.put(&f.Unproven, w.before, g, c)
			there = append(there, g)
		}
	}
	for _, g := range come {
		w.put(&f.Added, w.after, g, w.come(g))
	}
	w.proof.Counts.After = tally(there)
	for o, groups := range w.groups {
		for _, g := range groups {
			if g.Package != nil {
				g.Package.Packages = slices.Sorted(maps.Keys(w.members[g]))
			}
		}
		o.settle(groups)
	}
}

type outcomeKind int

const (
	outcomeUnproven outcomeKind = iota
	outcomeCleared
	outcomeKept
)

func (w *weighing) kept(p pair) cause {
	if p.after.Kind == triage.Vulnerability {
		return w.keptVulnerability(p)
	}
	return w.keptContent(p)
}

func (w *weighing) gone(f *triage.Finding) (outcomeKind, cause) {
	switch f.Kind {
	case triage.Vulnerability:
		return w.goneVulnerability(f)
	case triage.EndOfLife:
		if w.after.Verdict.Image.Distribution == nil {
			return outcomeUnproven, cause{code: NotCovered, detail: "no os-release file says any more which distribution it is"}
		}
		if d := w.otherDistribution(); d != "" {
			return outcomeCleared, cause{code: DistributionChanged, detail: d}
		}
		return outcomeUnproven, cause{code: Unknown}
	}
	return w.goneContent(f)
}

func (w *weighing) come(f *triage.Finding) cause {
	switch f.Kind {
	case triage.Vulnerability:
		return w.newVulnerability(f)
	case triage.EndOfLife:
		if d := w.otherDistribution(); d != "" {
			return cause{code: DistributionChanged, detail: d}
		}
		return cause{code: Unknown}
	}
	return w.newContent(f)
}

// put files a finding of one side under its cause.
func (w *weighing) put(o *Outcome, s *side, f *triage.Finding, c cause) {
	change := changeOf(&c)
	key := groupKey{code: c.code, detail: c.detail}
	if change != nil {
		key.pkg, key.before, key.after = named{change.Type, change.Name}, change.Before, change.After
	}
	g := w.groups[o][key]
	if g == nil {
		g = &Group{Code: c.code, Package: change, BySeverity: map[string]int{}}
		g.Cause = g.words(c.detail)
		w.groups[o][key] = g
	}
	if change != nil && !w.members[g][change.Packages[0]] {
		if w.members[g] == nil {
			w.members[g] = map[string]bool{}
		}
		w.members[g][change.Packages[0]] = true
	}
	one := findingOf(s, f)
	g.Findings = append(g.Findings, one)
	for _, by := range []map[string]int{g.BySeverity, o.BySeverity} {
		by[f.Severity.String()]++
	}
	o.Total++
	if f.Disposition == triage.Rebuild {
		g.Urgent++
		o.Urgent++
	}
	if one.InBase {
		o.InBase++
	}
}

// changeOf tells of the package that a cause is about.
func changeOf(c *cause) *PackageChange {
	p := cmp.Or(c.after, c.before)
	if p == nil {
		return nil
	}
	nameOf := func(p *inventory.Package) (name, version string) {
		if p.IsOS() {
			return p.SourceName(), p.SourceVersion()
		}
		return p.FullName(), p.Version
	}
	change := &PackageChange{Type: p.Type, Packages: []string{p.FullName()}}
	if c.before != nil {
		change.Name, change.Before = nameOf(c.before)
	}
	if c.after != nil {
		change.Name, change.After = nameOf(c.after)
	}
	return change
}

func findingOf(s *side, f *triage.Finding) Finding {
	one := Finding{
		ID: f.ID, Kind: f.Kind, Vulnerability: f.Vulnerability, Title: f.Title, Severity: f.Severity, Disposition: f.Disposition,
		Package: f.Package, Version: f.Version, KnownExploited: f.KEV != nil, Path: f.Path, Liveness: f.Liveness,
		Layer: f.Origin.Index, InBase: f.Origin.Index >= 0 && f.Origin.Index < s.base,
	}
	if f.Fix.State == advisory.Fixed {
		one.FixedIn = f.Fix.Versions
	}
	if f.Kind == triage.Vulnerability {
		one.Title = "" // the databases' words are the verdict's to print
	}
	if f.Evidence != nil {
		one.Redacted = f.Evidence.Redacted
	}
	return one
}

// settle sorts the groups: what asks for a rebuild first, then the graver.
func (o *Outcome) settle(groups map[groupKey]*Group) {
	for _, g := range groups {
		slices.SortStableFunc(g.Findings, func(a, b Finding) int {
			return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Vulnerability, b.Vulnerability),
				cmp.Compare(a.Package, b.Package), cmp.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID))
		})
	}
	for _, g := range slices.SortedFunc(maps.Values(groups), func(a, b *Group) int {
		return cmp.Or(
			cmp.Compare(b.content(), a.content()),
			cmp.Compare(b.Urgent, a.Urgent),
			cmp.Compare(b.BySeverity[advisory.Critical.String()], a.BySeverity[advisory.Critical.String()]),
			cmp.Compare(b.BySeverity[advisory.High.String()], a.BySeverity[advisory.High.String()]),
			cmp.Compare(len(b.Findings), len(a.Findings)),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Cause, b.Cause),
			cmp.Compare(a.Findings[0].ID, b.Findings[0].ID),
		)
	}) {
		o.Groups = append(o.Groups, *g)
	}
}

// content is 1 for a group about secrets, planted code or altered executables
// that asks for a rebuild.
func (g *Group) content() int {
	if g.Urgent > 0 && g.Findings[0].Kind != triage.Vulnerability && g.Findings[0].Kind != triage.EndOfLife {
		return 1
	}
	return 0
}

// tally counts findings by what they ask for.
func tally(findings []*triage.Finding) Tally {
	var t Tally
	values := map[string]bool{}
	for _, f := range findings {
		if f.Disposition == triage.Accepted {
			continue
		}
		if f.Evidence != nil && f.Evidence.Value != "" {
			if values[f.Evidence.Value] {
				continue
			}
			values[f.Evidence.Value] = true
		}
		into := &t.Other
		urgent := f.Disposition == triage.Rebuild
		switch f.Kind {
		case triage.Vulnerability:
			into = belowOr(f, &t)
		case triage.Malware:
			into = either(urgent, &t.Planted, into)
		case triage.Provenance:
			into = either(urgent, &t.Altered, into)
		case triage.Secret:
			into = either(urgent, &t.Secrets, into)
		case triage.EndOfLife:
			into = either(urgent, &t.Unsupported, into)
		}
		*into++
	}
	return t
}

func belowOr(f *triage.Finding, t *Tally) *int {
	switch high := f.Severity >= advisory.High; {
	case f.Disposition == triage.Track && high:
		return &t.Unfixed
	case f.Disposition == triage.Track:
		return &t.UnfixedBelow
	case high:
		return &t.Fixable
	}
	return &t.FixableBelow
}

func either(first bool, a, b *int) *int {
	if first {
		return a
	}
	return b
}

// tidy counts the findings of hygiene that the image itself is to blame for.
func (t *Tally) tidy(h *HygieneTally) {
	t.Hygiene = h.Count(advisory.High, advisory.Critical)
	t.HygieneBelow = h.Count(advisory.Medium, advisory.Low, advisory.Negligible)
}
