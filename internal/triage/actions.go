package triage

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/secret"
)

// Order compares two versions in the order of a purl type; ok is false where
// either can't be read.
type Order func(typ, a, b string) (c int, ok bool)

// Actions finds the changes that clear the most: one for the base, then one for
// each package (OS packages by source package, dependencies by application,
// modules by the binary they are built into). Each fixable finding is cleared
// by exactly one action, which is written into its ClearedBy; one whose only fix
// is a pre-release of a runtime by none.
func Actions(inv *inventory.Inventory, findings []Finding, base Base, order Order) []Action {
	a := &planner{inv: inv, byID: make(map[string]*inventory.Package, len(inv.Packages)), base: base, order: order, groups: map[string]*plan{}}
	for i := range inv.Packages {
		a.byID[inv.Packages[i].ID] = &inv.Packages[i]
	}
	for i := range findings {
		a.take(&findings[i])
	}
	actions := []Action{}
	for _, g := range a.groups {
		for _, x := range g.parts {
			x.to = a.settle(x.typ, x.to, x.fixes)
			x.urgentTo = a.settle(x.typ, x.urgentTo, x.urgentFixes)
		}
		actions = append(actions, a.finish(g))
	}
	slices.SortFunc(actions, func(x, y Action) int {
		return cmp.Or(cmp.Compare(x.rank(), y.rank()), cmp.Compare(y.Urgent, x.Urgent), cmp.Compare(len(y.Clears), len(x.Clears)), cmp.Compare(x.Title, y.Title), cmp.Compare(x.ID, y.ID))
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

// Without takes findings out of actions, by their IDs: they are counted no
// longer, and an action that clears nothing else is gone. urgent says which of
// the others count as urgent. What an action changes stays as it was planned.
func Without(actions []Action, gone, urgent map[string]bool) []Action {
	out := []Action{}
	for _, x := range actions {
		before := len(x.Clears)
		x.Clears = slices.DeleteFunc(slices.Clone(x.Clears), func(id string) bool { return gone[id] })
		if len(x.Clears) == 0 {
			continue
		}
		if len(x.Clears) < before {
			x.Title = strings.Replace(x.Title, fmt.Sprintf("clears %d", before), fmt.Sprintf("clears %d", len(x.Clears)), 1)
			x.Urgent = 0
			for _, id := range x.Clears {
				if urgent[id] {
					x.Urgent++
				}
			}
		}
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(x, y Action) int {
		return cmp.Or(cmp.Compare(x.rank(), y.rank()), cmp.Compare(y.Urgent, x.Urgent), cmp.Compare(len(y.Clears), len(x.Clears)))
	})
	return out
}

// rank puts what must not wait before what clears the most: planted code and
// altered files, then secrets that are out.
func (x *Action) rank() int {
	if i := slices.Index([]ActionKind{RemoveCode, Reinstall, RotateSecret}, x.Kind); i >= 0 && x.Urgent > 0 {
		return i
	}
	return 3
}

type planner struct {
	inv    *inventory.Inventory
	byID   map[string]*inventory.Package
	base   Base
	order  Order
	groups map[string]*plan
	// secretAt is the file that the rotation of a secret is named after, by its value.
	secretAt map[string]string
	// asking has the packages that ask for others, made when first needed.
	asking map[need][]*inventory.Package
}

// plan is an action while findings are gathered for it.
type plan struct {
	kind ActionKind
	key  string
	// The others are of actions on content: the file that the action is named
	// after and its owner, all files, and what is taken out.
	place, owner          string
	places, about, values []string
	pkg                   *inventory.Package
	clears                []string
	urgent                int
	// parts are the packages that change, by type and the name they are upgraded under.
	parts map[string]*part
}

// part is one package of a plan.
type part struct {
	name, from, to string
	typ            string
	// urgentTo is the version that clears the urgent ones, at most to.
	urgentTo       string
	clears, urgent int
	// fixes are the fixing versions of each finding.
	fixes, urgentFixes [][]string
	binaries           map[string]bool
}

func (a *planner) take(f *Finding) {
	if f.Kind == EndOfLife {
		a.plan(ChangeRelease, "release", nil).add(f)
		return
	}
	if f.Evidence != nil {
		a.content(f)
		return
	}
	p := a.byID[f.PackageID]
	if f.Fix.State != advisory.Fixed || p == nil {
		return
	}
	name, installed := matched(p, f)
	versions := f.Fix.Versions
	if p.Type == "generic" {
		versions = slices.DeleteFunc(slices.Clone(versions), preRelease)
	}
	to := a.firstFix(p.Type, installed, versions)
	if to == "" {
		return
	}
	g := a.planFor(p)
	g.add(f)
	key := p.Type + "\x00" + name
	x := g.parts[key]
	if x == nil {
		x = &part{name: name, from: installed, typ: p.Type, binaries: map[string]bool{}}
		g.parts[key] = x
	}
	x.binaries[p.Name] = true
	x.clears++
	x.fixes = append(x.fixes, versions)
	x.to = a.later(p.Type, x.to, to)
	if f.Disposition == Rebuild {
		x.urgent++
		x.urgentFixes = append(x.urgentFixes, versions)
		x.urgentTo = a.later(p.Type, x.urgentTo, to)
	}
}

// content plans the change that takes a finding about content out of the image.
// What is only possible is for a person to judge first.
func (a *planner) content(f *Finding) {
	if f.Evidence.Confidence < secret.Likely {
		return
	}
	kind, place := contentAction(f)
	// One secret is rotated once, wherever it stands; those of one file together.
	if value := f.Evidence.Value; value != "" {
		if first, known := a.secretAt[value]; known {
			place = first
		}
		if a.secretAt == nil {
			a.secretAt = map[string]string{}
		}
		a.secretAt[value] = place
	}
	g := a.plan(kind, string(kind)+"\x00"+place, nil)
	g.add(f)
	g.place = place
	g.owner = f.Package
	g.places = appendNew(g.places, f.Path)
	g.about = appendNew(g.about, f.Title)
	g.values = appendNew(g.values, f.Evidence.Value)
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// contentTitle is the change in words.
func (g *plan) contentTitle() string {
	switch g.kind {
	case RotateSecret:
		what, where := "the secret", g.place
		if n := len(g.values); n > 1 {
			what = fmt.Sprintf("the %d secrets", n)
		}
		switch n := len(g.places) - 1; {
		case n == 1:
			where += " and 1 other place"
		case n > 1:
			where += fmt.Sprintf(" and %d other places", n)
		}
		return "rotate " + what + " in " + where + ", and build without"
	case RemoveCode:
		return "build without " + g.place + ", and find out how it got there"
	}
	return "restore " + g.place + " of " + g.owner
}

// matched is the name a package is upgraded under and the version that its
// fixes compare with: those that the database matched. A name of another
// ecosystem's making (a CPE's product) does not help who upgrades.
func matched(p *inventory.Package, f *Finding) (name, installed string) {
	switch {
	case !p.IsOS():
		return p.FullName(), p.Version
	case f.Fix.Package == p.Name && p.Name != p.SourceName():
		return p.Name, cmp.Or(f.Fix.Installed, p.Version)
	}
	return p.SourceName(), cmp.Or(f.Fix.Installed, p.SourceVersion())
}

// later returns the later of two versions, of which the first may be empty.
func (a *planner) later(typ, x, y string) string {
	if x == "" || a.less(typ, x, y) {
		return y
	}
	return x
}

// settle raises a version until it has every fix. A fix of several versions is
// one for each branch that gets it: a version of a later branch has it only from
// that branch's fix on.
func (a *planner) settle(typ, to string, fixes [][]string) string {
	for raised := true; raised; {
		raised = false
		for _, versions := range fixes {
			if next := a.missing(typ, to, versions); next != "" {
				to, raised = next, true
			}
		}
	}
	return to
}

// missing returns the fix that a version is still without, empty where it has
// it: the lowest fix above it, if that is of the version's own branch, or
// nearer to it than the fix below.
func (a *planner) missing(typ, to string, versions []string) string {
	below, above := "", ""
	for _, v := range versions {
		switch {
		case a.less(typ, to, v):
			if above == "" || a.less(typ, v, above) {
				above = v
			}
		case below == "" || a.less(typ, below, v):
			below = v
		}
	}
	if above == "" || (below != "" && common(to, above) <= common(to, below)) {
		return ""
	}
	return above
}

// common counts the leading components that two versions share.
func common(a, b string) int {
	x, y := strings.Split(strings.TrimPrefix(a, "v"), "."), strings.Split(strings.TrimPrefix(b, "v"), ".")
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return n
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
		g = &plan{kind: kind, key: key, pkg: p, parts: map[string]*part{}}
		a.groups[key] = g
	}
	return g
}

// planFor chooses the group a package's fixes belong to. OS packages of one
// layer are one change: running the layer's installation again brings them all
// up to date.
func (a *planner) planFor(p *inventory.Package) *plan {
	inBase := p.Origin.Index >= 0 && p.Origin.Index < a.base.Layers
	switch {
	case inBase && (p.IsOS() || p.Type == "generic"):
		return a.plan(BumpBase, "base", nil)
	case p.IsOS():
		return a.plan(UpgradePackage, fmt.Sprintf("os\x00%s\x00%d", p.Type, p.Origin.Index), p)
	case p.Type == "golang" && p.Name == "stdlib":
		return a.plan(RebuildBinary, "go\x00"+p.Path, p)
	case p.Type == "generic":
		return a.plan(UpgradeRuntime, "runtime\x00"+p.Name+"\x00"+p.Path, p)
	}
	return a.plan(BumpDependency, "dependency\x00"+p.Type+"\x00"+p.FullName()+"\x00"+application(p), p)
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

// firstFix is the lowest fixing version above the installed one, the last where
// none compares; empty where there is none, as where only a pre-release of a
// runtime has the fix, which nobody is asked to ship.
func (a *planner) firstFix(typ, installed string, versions []string) string {
	best := ""
	for _, v := range versions {
		if a.less(typ, v, installed) {
			continue
		}
		if best == "" || a.less(typ, v, best) {
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
	x := Action{ID: Fingerprint("action", g.key), Kind: g.kind, Clears: g.clears, Urgent: g.urgent}
	parts := g.sorted()
	if len(parts) == 1 && g.kind != BumpBase {
		x.Package, x.From, x.To = parts[0].name, parts[0].from, parts[0].to
	}
	switch g.kind {
	case BumpBase:
		x.Title = fmt.Sprintf("rebuild on a newer %s: %s", cmp.Or(a.base.Name, "base"), clears)
		x.Detail = fmt.Sprintf("%s: %s (%s)", layers(a.base.Layers), upgrades(parts), a.base.Reason)
	case RotateSecret, RemoveCode, Reinstall:
		x.Title = g.contentTitle() + ": " + clears
		x.Detail = list(g.about)
	case ChangeRelease:
		x.Title = "plan the move to a distribution release in standard support"
		if g.urgent > 0 {
			x.Title = "move to a distribution release that still gets security updates"
		}
	case RebuildBinary:
		x.Title = fmt.Sprintf("rebuild /%s with Go %s or later: %s", g.pkg.Path, x.To, clears)
	case BumpDependency:
		x.Title = fmt.Sprintf("bump %s in %s to %s: %s", x.Package, application(g.pkg), x.To, clears)
		x.Detail = joined(a.dependents(g.pkg), parts[0].sooner())
	case UpgradeRuntime:
		x.Title = fmt.Sprintf("upgrade %s to %s: %s", x.Package, x.To, clears)
		x.Detail = joined(place(g.pkg), parts[0].sooner())
	case UpgradePackage:
		if len(parts) == 1 {
			x.Title = fmt.Sprintf("upgrade %s to %s: %s", x.Package, x.To, clears)
			x.Detail = strings.TrimPrefix(layerOf(g.pkg)+parts[0].named(), "; ")
			break
		}
		x.Kind = RefreshLayer
		x.Title = fmt.Sprintf("run layer %d again with current packages: %s", g.pkg.Origin.Index, clears)
		if g.pkg.Origin.Index < 0 {
			x.Title = "build the image again with current packages: " + clears
		}
		x.Detail = upgrades(parts)
	}
	return x
}

// layerOf is "layer 3", empty where no layer is known.
func layerOf(p *inventory.Package) string {
	if p.Origin.Index < 0 {
		return ""
	}
	return fmt.Sprintf("layer %d", p.Origin.Index)
}

// place is "/usr/local/bin/node, layer 3", as far as it is known.
func place(p *inventory.Package) string {
	if p.Path == "" {
		return layerOf(p)
	}
	return strings.TrimSuffix("/"+p.Path+", "+layerOf(p), ", ")
}

// sooner names the lower version that is enough for what is urgent.
func (p *part) sooner() string {
	if p.urgent == 0 || p.urgentTo == p.to {
		return ""
	}
	return fmt.Sprintf("%s already clears the %d urgent", p.urgentTo, p.urgent)
}

// joined puts "; " between the texts that are not empty.
func joined(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), "; ")
}

// sorted are the parts by what they clear.
func (g *plan) sorted() []*part {
	parts := slices.Collect(maps.Values(g.parts))
	slices.SortFunc(parts, func(x, y *part) int {
		return cmp.Or(cmp.Compare(y.urgent, x.urgent), cmp.Compare(y.clears, x.clears), cmp.Compare(x.name, y.name), cmp.Compare(x.typ, y.typ))
	})
	return parts
}

// upgrades lists the first few parts in words.
func upgrades(parts []*part) string {
	const shown = 4
	var words []string
	for i, p := range parts {
		if i == shown {
			words = append(words, fmt.Sprintf("and %d more", len(parts)-shown))
			break
		}
		words = append(words, fmt.Sprintf("%s to %s (%d)", p.name, p.to, p.clears))
	}
	return strings.Join(words, ", ")
}

// named lists the binary packages of a source package where the names differ.
func (p *part) named() string {
	names := slices.Sorted(maps.Keys(p.binaries))
	if len(names) == 1 && names[0] == p.name {
		return ""
	}
	return "; packages " + strings.Join(names, ", ")
}

func layers(n int) string {
	if n == 1 {
		return "layer 0"
	}
	return fmt.Sprintf("layers 0 to %d", n-1)
}

// need is a package that others of a type in one place ask for.
type need struct{ typ, name, place string }

// dependents names who asks for a package: "direct dependency of app" where
// the only one is not itself somebody's dependency.
func (a *planner) dependents(p *inventory.Package) string {
	if a.asking == nil {
		a.asking = map[need][]*inventory.Package{}
		for i := range a.inv.Packages {
			q := &a.inv.Packages[i]
			if q.IsOS() || len(q.DependsOn) == 0 {
				continue
			}
			place := application(q)
			for _, name := range q.DependsOn {
				n := need{q.Type, name, place}
				a.asking[n] = append(a.asking[n], q)
			}
		}
	}
	var direct, others []string
	for _, q := range a.asking[need{p.Type, p.FullName(), application(p)}] {
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
