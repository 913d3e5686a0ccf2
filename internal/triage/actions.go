package triage

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
)

// Order compares two versions in the order of a purl type; ok is false where
// either can't be read.
type Order func(typ, a, b string) (c int, ok bool)

// Actions finds the changes that clear the most: one for the base, then one for
// each package (OS packages by source package, dependencies by application,
// modules by the binary they are built into). Each fixable finding is cleared
// by exactly one action, which is written into its ClearedBy.
func Actions(inv *inventory.Inventory, findings []Finding, base Base, order Order) []Action {
	a := &planner{inv: inv, base: base, order: order, groups: map[string]*plan{}}
	for i := range inv.Packages {
		p := &inv.Packages[i]
		if a.byID == nil {
			a.byID = map[string]*inventory.Package{}
		}
		a.byID[p.ID] = p
	}
	for i := range findings {
		a.take(&findings[i])
	}
	actions := []Action{}
	for _, g := range a.groups {
		actions = append(actions, a.finish(g))
	}
	slices.SortFunc(actions, func(x, y Action) int {
		return cmp.Or(cmp.Compare(y.Urgent, x.Urgent), cmp.Compare(len(y.Clears), len(x.Clears)), cmp.Compare(x.Title, y.Title))
	})
	cleared := map[string]string{}
	for _, x := range actions {
		for _, id := range x.Clears {
			cleared[id] = x.ID
		}
	}
	for i := range findings {
		findings[i].ClearedBy = cleared[findings[i].ID]
	}
	return actions
}

type planner struct {
	inv    *inventory.Inventory
	byID   map[string]*inventory.Package
	base   Base
	order  Order
	groups map[string]*plan
}

// plan is an action while findings are gathered for it.
type plan struct {
	kind     ActionKind
	key      string
	pkg      *inventory.Package
	name     string
	from, to string
	clears   []string
	urgent   int
	packages map[string]bool
}

func (a *planner) take(f *Finding) {
	if f.Kind == EndOfLife {
		a.plan(ChangeRelease, "release", nil).add(f)
		return
	}
	p := a.byID[f.PackageID]
	if f.Fix.State != advisory.Fixed || p == nil {
		return
	}
	to := a.firstFix(p, f.Fix.Versions)
	if to == "" {
		return
	}
	g := a.planFor(p)
	g.add(f)
	g.packages[p.Name] = true
	if g.to == "" || a.less(p.Type, g.to, to) {
		g.to = to
	}
}

func (g *plan) add(f *Finding) {
	g.clears = append(g.clears, f.ID)
	if f.Disposition == Rebuild {
		g.urgent++
	}
}

func (a *planner) plan(kind ActionKind, key string, p *inventory.Package) *plan {
	g := a.groups[key]
	if g == nil {
		g = &plan{kind: kind, key: key, pkg: p, packages: map[string]bool{}}
		a.groups[key] = g
	}
	return g
}

// planFor chooses the group a package's fixes belong to.
func (a *planner) planFor(p *inventory.Package) *plan {
	inBase := p.Origin.Index >= 0 && p.Origin.Index < a.base.Layers
	switch {
	case inBase && (p.IsOS() || p.Type == "generic"):
		return a.plan(BumpBase, "base", nil)
	case p.IsOS():
		g := a.plan(UpgradePackage, "os\x00"+p.Type+"\x00"+p.SourceName(), p)
		g.name, g.from = p.SourceName(), p.SourceVersion()
		return g
	case p.Type == "golang" && p.Name == "stdlib":
		g := a.plan(RebuildBinary, "go\x00"+p.Path, p)
		g.name, g.from = "Go", p.Version
		return g
	case p.Type == "generic":
		g := a.plan(UpgradeRuntime, "runtime\x00"+p.Name+"\x00"+p.Path, p)
		g.name, g.from = p.Name, p.Version
		return g
	}
	g := a.plan(BumpDependency, "dependency\x00"+p.Type+"\x00"+p.FullName()+"\x00"+application(p), p)
	g.name, g.from = p.FullName(), p.Version
	return g
}

// application is the place a dependency belongs to, as a person would name it:
// the folder that holds the outermost node_modules, the site-packages folder,
// the archive or the binary.
func application(p *inventory.Package) string {
	for _, mark := range []string{"/node_modules/", "/site-packages/", "/dist-packages/", "/vendor/", "/specifications/"} {
		if i := strings.Index("/"+p.Path, mark); i >= 0 {
			if mark == "/node_modules/" || mark == "/vendor/" {
				return cmp.Or(("/" + p.Path)[:i], "/")
			}
			return ("/" + p.Path)[:i+len(mark)-1]
		}
	}
	if p.Type == "golang" || p.Type == "maven" || p.Type == "cargo" {
		return "/" + p.Path
	}
	return path.Dir("/" + p.Path)
}

// firstFix is the lowest fixing version above the installed one; empty where
// only a pre-release of a runtime has the fix, which nobody is asked to ship.
func (a *planner) firstFix(p *inventory.Package, versions []string) string {
	installed := p.Version
	if p.IsOS() {
		installed = p.SourceVersion()
	}
	best := ""
	if p.Type == "generic" {
		versions = slices.DeleteFunc(slices.Clone(versions), preRelease)
	}
	for _, v := range versions {
		if a.less(p.Type, v, installed) {
			continue
		}
		if best == "" || a.less(p.Type, v, best) {
			best = v
		}
	}
	if best == "" && len(versions) > 0 {
		return versions[len(versions)-1]
	}
	return best
}

// preRelease recognises an alpha, beta or release candidate of a runtime:
// 3.15.0a6, 8.4.0-rc1.
func preRelease(v string) bool {
	i := strings.IndexFunc(v, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if i <= 0 {
		return false
	}
	tail := strings.TrimLeft(strings.ToLower(v[i:]), "-_.~")
	for _, word := range []string{"a", "alpha", "b", "beta", "rc", "pre", "dev"} {
		if rest, ok := strings.CutPrefix(tail, word); ok && strings.Trim(rest, ".-0123456789") == "" {
			return true
		}
	}
	return false
}

func (a *planner) less(typ, x, y string) bool {
	if x == "" || y == "" {
		return x == "" && y != ""
	}
	c, ok := a.order(typ, x, y)
	return ok && c < 0
}

func (a *planner) finish(g *plan) Action {
	clears := fmt.Sprintf("clears %d", len(g.clears))
	x := Action{ID: Fingerprint("action", g.key), Kind: g.kind, Package: g.name, From: g.from, To: g.to, Clears: g.clears, Urgent: g.urgent}
	switch g.kind {
	case BumpBase:
		x.Package, x.From, x.To = "", "", ""
		x.Title = fmt.Sprintf("rebuild on a newer base: %s", clears)
		if a.base.Name != "" {
			x.Title = fmt.Sprintf("rebuild on a newer %s: %s", a.base.Name, clears)
		}
		x.Detail = fmt.Sprintf("%s of layers 0 to %d (%s)", count(len(g.packages), "package"), a.base.Layers-1, a.base.Reason)
	case ChangeRelease:
		x.Title = "move to a distribution release that still gets security updates"
	case RebuildBinary:
		x.Title = fmt.Sprintf("rebuild /%s with Go %s or later: %s", g.pkg.Path, g.to, clears)
	case BumpDependency:
		x.Title = fmt.Sprintf("bump %s in %s to %s: %s", g.name, application(g.pkg), g.to, clears)
		x.Detail = a.dependents(g.pkg)
	default:
		x.Title = fmt.Sprintf("upgrade %s to %s: %s", g.name, g.to, clears)
		x.Detail = where(g)
	}
	return x
}

func where(g *plan) string {
	s := fmt.Sprintf("layer %d", g.pkg.Origin.Index)
	if g.kind == UpgradeRuntime {
		s = "/" + g.pkg.Path + ", " + s
	}
	if len(g.packages) > 1 {
		names := make([]string, 0, len(g.packages))
		for n := range g.packages {
			names = append(names, n)
		}
		slices.Sort(names)
		s += "; packages " + strings.Join(names, ", ")
	}
	return s
}

// dependents names who asks for a package: "direct dependency of app" where
// the only one is not itself somebody's dependency.
func (a *planner) dependents(p *inventory.Package) string {
	place := application(p)
	var direct, others []string
	for i := range a.inv.Packages {
		q := &a.inv.Packages[i]
		if q.Type != p.Type || !slices.Contains(q.DependsOn, p.FullName()) || application(q) != place {
			continue
		}
		if isApplication(q) {
			direct = append(direct, q.FullName())
		} else {
			others = append(others, q.FullName())
		}
	}
	switch {
	case len(direct) > 0:
		return "direct dependency of " + list(direct)
	case len(others) > 0:
		return "asked for by " + list(others)
	}
	return ""
}

// isApplication reports whether an npm package is not itself installed under node_modules.
func isApplication(p *inventory.Package) bool {
	return p.Type == "npm" && !strings.Contains(p.Path, "node_modules/")
}

func list(names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	return strings.Join(names, ", ")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
