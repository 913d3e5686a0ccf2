package report

import (
	"path"
	"slices"
	"strings"

	"plimsoll/internal/inventory"
)

// maxCandidates bounds how many packages of one name are compared to find the
// nearest; an image with more copies of one package is no honest one.
const maxCandidates = 64

// graph tells which package of an image another one's DependsOn means.
type graph struct {
	packages []inventory.Package
	// byName holds indexes into packages by type and normalised name.
	byName map[string][]int
	// byPlace holds npm packages by the folder they are installed in.
	byPlace map[string]int
	// byID is made where a package names what it requires.
	byID map[string]int
}

func newGraph(packages []inventory.Package) *graph {
	g := &graph{packages: packages, byName: map[string][]int{}, byPlace: map[string]int{}}
	for i := range packages {
		p := &packages[i]
		key := nameKey(p.Type, p.FullName())
		if list := g.byName[key]; len(list) < maxCandidates {
			g.byName[key] = append(list, i)
		}
		if p.Type == "npm" && p.InArchive == "" {
			g.byPlace[path.Dir(p.Path)] = i
		}
		if len(p.Requires) > 0 && g.byID == nil {
			g.byID = make(map[string]int, len(packages))
			for j := range packages {
				g.byID[packages[j].ID] = j
			}
		}
	}
	return g
}

// nameKey normalises a name as its ecosystem compares names.
func nameKey(kind, name string) string {
	switch kind {
	case "pypi":
		name = strings.ToLower(strings.NewReplacer("_", "-", ".", "-").Replace(name))
	case "nuget", "composer":
		name = strings.ToLower(name)
	}
	return kind + "\x00" + name
}

// dependencies returns the indexes of the packages that package i depends on,
// ascending, each once. Names that no package of the image bears (a virtual
// package, an optional one) lead nowhere.
func (g *graph) dependencies(i int) []int {
	p := &g.packages[i]
	var found []int
	for _, id := range p.Requires {
		if to, ok := g.byID[id]; ok && to != i {
			found = append(found, to)
		}
	}
	if len(p.Requires) > 0 {
		slices.Sort(found)
		return slices.Compact(found)
	}
	for _, name := range p.DependsOn {
		if to, ok := g.resolve(p, name); ok && to != i {
			found = append(found, to)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func (g *graph) resolve(p *inventory.Package, name string) (int, bool) {
	if p.Type == "npm" && p.InArchive == "" {
		return g.nodeModule(p, name)
	}
	best, common := -1, -1
	for _, i := range g.byName[nameKey(p.Type, name)] {
		if n := commonPlace(p, &g.packages[i]); n > common {
			best, common = i, n
		}
	}
	return best, best >= 0
}

// nodeModule finds a module as Node.js does: in the node_modules folder of the
// package itself, then of each folder above it.
func (g *graph) nodeModule(p *inventory.Package, name string) (int, bool) {
	for folder := path.Dir(p.Path); ; folder = path.Dir(folder) {
		if path.Base(folder) != "node_modules" {
			if i, ok := g.byPlace[path.Join(folder, "node_modules", name)]; ok {
				return i, true
			}
		}
		if folder == "." || folder == "/" || folder == "" {
			return 0, false
		}
	}
}

// commonPlace says how near two packages are: the length of the path that they
// share, the archive's inside included.
func commonPlace(a, b *inventory.Package) int {
	x, y := a.Path+"!"+a.InArchive, b.Path+"!"+b.InArchive
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return n
}
