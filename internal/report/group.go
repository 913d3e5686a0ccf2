package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/version"
	"plimsoll/internal/inventory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// group is one block of the findings list: a source package of a distribution
// or a package of a language ecosystem at one version.
type group struct {
	kind      string // purl type
	name      string
	installed string
	fixed     string
	liveness  inventory.Liveness
	// packages are the binary packages or, for other ecosystems, the places.
	packages []string
	origins  []origin
	rows     []row
	// placed holds the names that packages and origins list already, since an
	// image may hold a hundred thousand of one.
	placed map[string]bool
	// urgent, deferred and tracked count rows by disposition.
	urgent, deferred, tracked, accepted int
}

// origin is a layer with the packages of the group that first appeared in it.
type origin struct {
	layer    inventory.LayerRef
	packages []string
}

// row is one vulnerability of a group. Several binary packages of one source
// have the same row.
type row struct {
	finding *triage.Finding
	heldBy  []string
	// times counts the findings that the row stands for.
	times int
}

// groupFindings arranges the findings of packages in blocks, the block with
// the most pressing finding first; findings about the image as a whole are
// returned apart.
func groupFindings(v *verdict.Verdict) (groups []*group, whole []*triage.Finding) {
	packages := packagesByID(v.Packages)
	byKey := map[string]*group{}
	rows := map[string]int{}
	for i := range v.Findings {
		f := &v.Findings[i]
		if f.Evidence != nil {
			continue // listed in sections of their own
		}
		if f.PackageID == "" {
			whole = append(whole, f)
			continue
		}
		p := packages[f.PackageID]
		key := groupKey(p, f)
		g := byKey[key]
		if g == nil {
			g = newGroup(p, f)
			byKey[key] = g
			groups = append(groups, g)
		}
		g.place(p, f)
		rowKey := strings.Join([]string{key, string(f.Kind), f.Vulnerability, string(f.Disposition), f.Severity.String(), string(f.Fix.State)}, "\x00")
		if at, seen := rows[rowKey]; seen {
			g.rows[at].add(f)
			continue
		}
		rows[rowKey] = len(g.rows)
		g.rows = append(g.rows, row{finding: f, heldBy: slices.Clone(f.HeldBy), times: 1})
	}
	to := targets(v.Actions)
	for _, g := range groups {
		g.finish(to)
	}
	slices.SortStableFunc(groups, func(a, b *group) int { return compareRows(&a.rows[0], &b.rows[0]) })
	return groups, whole
}

// packagesByID indexes packages, so that no list is searched for each finding.
func packagesByID(packages []inventory.Package) map[string]*inventory.Package {
	index := make(map[string]*inventory.Package, len(packages))
	for i := range packages {
		index[packages[i].ID] = &packages[i]
	}
	return index
}

func groupKey(p *inventory.Package, f *triage.Finding) string {
	if p == nil {
		return strings.Join([]string{"", f.Package, f.Version, string(f.Liveness)}, "\x00")
	}
	name, version := p.FullName(), p.Version
	if p.IsOS() {
		name, version = p.SourceName(), p.SourceVersion()
	}
	return strings.Join([]string{p.Type, name, version, string(f.Liveness)}, "\x00")
}

func newGroup(p *inventory.Package, f *triage.Finding) *group {
	g := &group{name: f.Package, installed: f.Version, liveness: f.Liveness, placed: map[string]bool{}}
	if p == nil {
		return g
	}
	g.kind, g.name, g.installed = p.Type, p.FullName(), p.Version
	if p.IsOS() {
		g.name, g.installed = p.SourceName(), p.SourceVersion()
	}
	return g
}

// place notes the binary package, or the path, and the layer of a finding.
func (g *group) place(p *inventory.Package, f *triage.Finding) {
	name := f.Path
	if p != nil && p.IsOS() {
		name = p.Name
	}
	if name != "" && !g.placed[name] {
		g.placed[name] = true
		g.packages = append(g.packages, name)
	}
	key := fmt.Sprintf("%d\x00%s\x00%s", f.Origin.Index, f.Origin.DiffID, name)
	if g.placed[key] {
		return
	}
	g.placed[key] = true
	at := slices.IndexFunc(g.origins, func(o origin) bool {
		return o.layer.Index == f.Origin.Index && o.layer.DiffID == f.Origin.DiffID
	})
	if at < 0 {
		g.origins = append(g.origins, origin{layer: f.Origin, packages: []string{name}})
		return
	}
	g.origins[at].packages = append(g.origins[at].packages, name)
}

// add merges another package's finding of the same vulnerability into a row.
func (r *row) add(f *triage.Finding) {
	r.times++
	for _, db := range f.HeldBy {
		if !slices.Contains(r.heldBy, db) {
			r.heldBy = append(r.heldBy, db)
		}
	}
}

// targets are the versions that actions about one package upgrade it to, by
// action and package.
func targets(actions []triage.Action) map[[2]string]string {
	to := map[[2]string]string{}
	for i := range actions {
		a := &actions[i]
		to[[2]string{a.ID, a.Package}] = a.To
	}
	return to
}

// finish orders the rows and counts them.
func (g *group) finish(to map[[2]string]string) {
	for i := range g.rows {
		switch g.rows[i].finding.Disposition {
		case triage.Rebuild:
			g.urgent++
		case triage.Defer:
			g.deferred++
		case triage.Accepted:
			g.accepted++
		default:
			g.tracked++
		}
	}
	g.fixed = g.target(to)
	slices.Sort(g.packages)
	slices.SortStableFunc(g.origins, func(a, b origin) int { return cmp.Compare(a.layer.Index, b.layer.Index) })
	slices.SortStableFunc(g.rows, func(a, b row) int { return compareRows(&a, &b) })
}

// target is the version that clears the block: the one that its own action
// names, so that the report says one thing, else the highest of the fixes.
func (g *group) target(to map[[2]string]string) string {
	var fixes []string
	for i := range g.rows {
		f := g.rows[i].finding
		if v := to[[2]string{f.ClearedBy, g.name}]; v != "" {
			return v
		}
		if fix := nearestFix(g.kind, g.installed, f.Fix.Versions); fix != "" {
			fixes = append(fixes, fix)
		}
	}
	return highest(g.kind, fixes)
}

// pressing reports whether a finding is never cut from a list.
func pressing(f *triage.Finding) bool {
	return f.Disposition == triage.Rebuild || f.KEV != nil && f.Disposition != triage.Accepted
}

// compareRows orders by what is asked of the reader, then by known
// exploitation, likelihood, severity and score.
func compareRows(a, b *row) int {
	x, y := a.finding, b.finding
	return cmp.Or(
		cmp.Compare(dispositionRank(x.Disposition), dispositionRank(y.Disposition)),
		cmp.Compare(ordinal(y.KEV != nil), ordinal(x.KEV != nil)),
		cmp.Compare(probability(y.EPSS), probability(x.EPSS)),
		cmp.Compare(y.Severity, x.Severity),
		cmp.Compare(score(y.CVSS), score(x.CVSS)),
		cmp.Compare(x.Vulnerability, y.Vulnerability),
	)
}

func dispositionRank(d triage.Disposition) int {
	return slices.Index([]triage.Disposition{triage.Rebuild, triage.Defer, triage.Track, triage.Accepted}, d)
}

func ordinal(b bool) int {
	if b {
		return 1
	}
	return 0
}

func probability(e *advisory.EPSS) float64 {
	if e == nil {
		return -1
	}
	return e.Probability
}

func score(c *advisory.CVSS) float64 {
	if c == nil {
		return -1
	}
	return c.Score
}

// nearestFix picks, out of the fixing versions in ascending order, the first
// one above the installed version: the branch that is installed.
func nearestFix(kind, installed string, versions []string) string {
	for _, v := range versions {
		if c, ok := version.Order(kind, installed, v); ok && c < 0 {
			return v
		}
	}
	if len(versions) == 0 {
		return ""
	}
	return versions[len(versions)-1]
}

// highest returns the version that clears every finding of a block: the
// highest of their fixes. Where versions can't be ordered and differ, it is empty.
func highest(kind string, versions []string) string {
	top := ""
	for _, v := range versions {
		if top == "" || v == top {
			top = v
			continue
		}
		c, ok := version.Order(kind, top, v)
		if !ok {
			return ""
		}
		if c < 0 {
			top = v
		}
	}
	return top
}

// holders says who holds a record in one word where it can: "both", "all", or the names.
func holders(heldBy []string, sides []reconcile.Tally) string {
	switch {
	case len(heldBy) == 0:
		return "-"
	case len(heldBy) == len(sides) && len(sides) == 2:
		return "both"
	case len(heldBy) == len(sides) && len(sides) > 2:
		return "all"
	}
	return strings.Join(heldBy, ", ")
}
