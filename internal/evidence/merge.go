package evidence

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"

	"plimsoll/internal/inventory"
)

// Merged is what all layers of an image say together.
type Merged struct {
	Inventory inventory.Inventory
	// Secrets and Planted are in the order of the layers.
	Secrets  []PlacedSecret
	Planted  []PlacedCode
	Problems []LayerProblem
	// Files and Bytes add up all layers.
	Files int
	Bytes int64
}

// LayerProblem is a Problem with the layer it was met in.
type LayerProblem struct {
	Layer int
	Problem
}

// Merge lays the layers, base first, over one another. refs names them in the
// same order. It decides which packages the final image holds, in which layer
// each first appeared at its version, which were removed from the records
// while their files still ship, and which OS package owns which file.
func Merge(layers []*Layer, refs []inventory.LayerRef) *Merged {
	m := &merge{layers: layers, refs: refs, places: newStanding(), links: map[string]string{}}
	for _, l := range layers {
		for i := range l.Packages {
			m.places.ask(l.Packages[i].Path)
		}
		for _, r := range l.Releases {
			m.places.ask(r.Path)
		}
		for _, d := range l.Databases {
			m.places.ask(d)
		}
	}
	m.places.sweep(layers, m.rootLink)

	out := &Merged{}
	for i, l := range layers {
		out.Files += l.Files.Len
		out.Bytes += l.Size
		given := Layer{Unread: l.Unread}
		given.GiveUp()
		for _, p := range slices.Concat(l.Problems, given.Problems) {
			out.Problems = append(out.Problems, LayerProblem{Layer: i, Problem: p})
		}
	}
	out.Inventory.Distribution = m.distribution()
	m.collect()
	m.findGhosts()
	m.assignOwners()
	out.Inventory.Packages = identify(m.deduplicate(), out.Inventory.Distribution)
	m.contents(out)
	return out
}

type merge struct {
	layers []*Layer
	refs   []inventory.LayerRef
	places *standing
	// links maps a top-level symbolic link to its target: bin -> usr/bin.
	links map[string]string

	current []entry
	// lost are packages whose record is gone from the final image.
	lost []lost
}

// entry is a package of the final image with the OS package that installed it.
type entry struct {
	inventory.Package
	// owner is the zero value where no OS package installed it.
	owner osPackage
	// first is the lowest layer that records anything at the package's path.
	first int
	// last is, of a ghost, the highest layer whose record holds it: what later
	// layers wrote is not its doing.
	last int
}

// lost is a package that only lower layers still record.
type lost struct {
	inventory.Package
	// last is the highest layer whose record holds it.
	last int
}

// records are the packages that one file of one layer proves.
type records struct {
	layer    int
	packages []inventory.Package
	// unchanged is set where the layer below recorded the same, so that layers
	// which copy a database up without changing it cost next to nothing.
	unchanged bool
}

// byPath groups the evidence of all layers by the file that gave it, lower
// layers first.
func (m *merge) byPath() map[string][]records {
	paths := map[string][]records{}
	for i, l := range m.layers {
		for _, d := range l.Databases {
			if r := paths[d]; len(r) == 0 || r[len(r)-1].layer != i {
				paths[d] = append(r, records{layer: i})
			}
		}
		for from := 0; from < len(l.Packages); {
			path, to := l.Packages[from].Path, from+1
			for to < len(l.Packages) && l.Packages[to].Path == path {
				to++
			}
			r := paths[path]
			if len(r) == 0 || r[len(r)-1].layer != i {
				r = append(r, records{layer: i})
			}
			last := &r[len(r)-1]
			if last.packages == nil {
				last.packages = l.Packages[from:to:to]
			} else {
				last.packages = append(last.packages, l.Packages[from:to]...)
			}
			paths[path], from = r, to
		}
	}
	for _, r := range paths {
		for n := 1; n < len(r); n++ {
			r[n].unchanged = slices.EqualFunc(r[n-1].packages, r[n].packages, func(a, b inventory.Package) bool {
				return versionedOf(&a) == versionedOf(&b)
			})
		}
	}
	return paths
}

// identity is what makes two records speak of the same installed package.
type identity struct{ typ, namespace, name, arch, in string }

func identityOf(p *inventory.Package) identity {
	return identity{p.Type, p.Namespace, p.Name, p.Arch, p.InArchive}
}

type versioned struct {
	identity
	version string
}

func versionedOf(p *inventory.Package) versioned { return versioned{identityOf(p), p.Version} }

// collect fills current and lost.
func (m *merge) collect() {
	byPath := m.byPath()
	for _, path := range slices.Sorted(maps.Keys(byPath)) {
		r := byPath[path]
		top := r[len(r)-1]
		visible := m.places.of(path, top.layer) == inventory.Visible
		origins := originsOf(r)
		kept := map[identity]bool{}
		if visible {
			for _, p := range top.packages {
				kept[identityOf(&p)] = true
				p.Liveness = inventory.Visible
				p.Origin = m.refs[origins[versionedOf(&p)]]
				m.current = append(m.current, entry{Package: p, first: r[0].layer})
			}
		}
		// What lower layers record and the final image does not, newest first.
		for n := len(r) - 1; n >= 0; n-- {
			if (visible && n == len(r)-1) || (n < len(r)-1 && r[n+1].unchanged) {
				continue
			}
			for _, p := range r[n].packages {
				if id := identityOf(&p); !kept[id] {
					kept[id] = true
					p.Origin = m.refs[origins[versionedOf(&p)]]
					m.lost = append(m.lost, lost{Package: p, last: r[n].layer})
				}
			}
		}
	}
}

// originsOf returns, for each package at each version, the layer where its
// latest unbroken presence began.
func originsOf(r []records) map[versioned]int {
	origin := map[versioned]int{}
	var before map[versioned]bool
	for _, at := range r {
		if at.unchanged {
			continue
		}
		now := make(map[versioned]bool, len(at.packages))
		for i := range at.packages {
			v := versionedOf(&at.packages[i])
			now[v] = true
			if !before[v] {
				origin[v] = at.layer
			}
		}
		before = now
	}
	return origin
}

// rootLink learns which top-level names are links, so that paths recorded
// before the merge of /bin into /usr/bin are found where the files are.
func (m *merge) rootLink(e *FileEntry) {
	switch {
	case e.Type == Symlink:
		m.links[string(e.Path)] = strings.Trim(string(e.Link), "/")
	case e.Type == Opaque && len(e.Path) == 0:
		clear(m.links)
	case e.Type != Opaque:
		delete(m.links, string(e.Path))
	}
}

// resolve follows a top-level link.
func (m *merge) resolve(path []byte) string {
	if r, ok := m.linked(path); ok {
		return r
	}
	return string(path)
}

// linked is resolve for a path that lies under a link; false, and no copy of
// the path, for any other.
func (m *merge) linked(path []byte) (string, bool) {
	if len(m.links) == 0 {
		return "", false
	}
	i := bytes.IndexByte(path, '/')
	if i < 0 {
		return "", false
	}
	to, ok := m.links[string(path[:i])]
	if !ok {
		return "", false
	}
	return to + string(path[i:]), true
}

// findGhosts moves those of the lost packages to the inventory whose files the
// final image still holds.
func (m *merge) findGhosts() {
	if len(m.lost) == 0 {
		return
	}
	installed := m.osPackages()
	candidates := map[osPackage][]int{}
	folders := map[string]int{}
	for i := range m.lost {
		p := &m.lost[i]
		if p.IsOS() {
			if key, ok := installed.missing(&p.Package); ok {
				candidates[key] = append(candidates[key], i)
			}
			continue
		}
		for _, dir := range contentFolders(&p.Package) {
			folders[dir] = max(folders[dir], p.last)
		}
	}
	ghosts := m.ownedStillVisible(candidates, installed)
	below := anyBelow(m.layers, folders)
	recorded := m.recordedBeside()
	for i := range m.lost {
		p := &m.lost[i]
		if !p.IsOS() {
			ghosts[i] = slices.ContainsFunc(contentFolders(&p.Package), func(dir string) bool { return below[dir] }) && !recorded[besideOf(&p.Package)]
		}
		if ghosts[i] {
			p.Liveness = inventory.Ghost
			m.current = append(m.current, entry{Package: p.Package, last: p.last})
		}
	}
}

// beside is a package in one folder of packages, whatever the name of its own
// folder there.
type beside struct{ typ, namespace, name, folder string }

func besideOf(p *inventory.Package) beside {
	return beside{p.Type, p.Namespace, p.Name, parent(parent(p.Path))}
}

// recordedBeside are the packages that the final image records: one that is
// recorded under another name of its folder was upgraded, not lost.
func (m *merge) recordedBeside() map[beside]bool {
	recorded := map[beside]bool{}
	for i := range m.current {
		recorded[besideOf(&m.current[i].Package)] = true
	}
	return recorded
}

// contentFolders are the folders that hold a language package's code, where its
// record lies in a folder that tells: node_modules/NAME, site-packages/NAME.
func contentFolders(p *inventory.Package) []string {
	dir := parent(p.Path)
	switch p.Type {
	case "npm":
		if strings.Contains(p.Path, "node_modules/") {
			return []string{dir}
		}
	case "pypi":
		site := parent(dir)
		if site == "" || !strings.HasSuffix(site, "-packages") {
			return nil
		}
		name := strings.ToLower(p.Name)
		return []string{site + "/" + name, site + "/" + strings.NewReplacer("-", "_", ".", "_").Replace(name)}
	}
	return nil
}

// ownedStillVisible says which of the lost OS packages installed a file that is
// still there, untouched by later layers and claimed by no installed package.
func (m *merge) ownedStillVisible(candidates map[osPackage][]int, installed osPackages) map[int]bool {
	ghosts := map[int]bool{}
	if len(candidates) == 0 {
		return ghosts
	}
	files := newStanding()
	claims := map[string][]int{}
	for _, l := range m.layers {
		for o := range l.ownedBy() {
			lost := lostBy(candidates, o)
			if lost == nil {
				continue
			}
			for path := range o.Paths.All() {
				if !provesPresence(path) {
					continue
				}
				p := m.resolve(path)
				files.ask(p)
				claims[p] = lost
			}
		}
	}
	files.sweep(m.layers, nil)
	for _, l := range m.layers {
		for o := range l.ownedBy() {
			if _, ok := installed.find(o); !ok || lostBy(candidates, o) != nil {
				continue
			}
			for path := range o.Paths.All() {
				if len(claims) == 0 {
					return ghosts
				}
				delete(claims, m.resolve(path))
			}
		}
	}
	for path, indices := range claims {
		at := files.paths[path]
		if at.layer < 0 || at.gone || (at.typ != Regular && at.typ != Hardlink) {
			continue
		}
		for _, i := range indices {
			if at.layer <= m.lost[i].last {
				ghosts[i] = true
			}
		}
	}
	return ghosts
}

// provesPresence leaves out what stays behind when a package is properly
// removed (its settings) and what says nothing about running code.
func provesPresence(path []byte) bool {
	for _, prefix := range []string{"etc/", "usr/share/doc/", "usr/share/man/", "usr/share/info/", "usr/share/locale/", "usr/share/lintian/", "var/"} {
		if strings.HasPrefix(string(path), prefix) {
			return false
		}
	}
	return len(path) > 0
}

// RuntimesInspector is the name under which runtimes outside any package
// manager are found; the same runtime shows in several of its files.
const RuntimesInspector = "runtimes"

// deduplicate keeps an OS package that several databases record once, with the
// earliest of its origins; drops runtimes that an OS package installed, since
// that package speaks for them; and keeps each other runtime once for each version.
func (m *merge) deduplicate() []entry {
	slices.SortStableFunc(m.current, func(a, b entry) int { return comparePackages(&a.Package, &b.Package) })
	seen := map[versioned]int{}
	kept := m.current[:0]
	for _, p := range m.current {
		runtime := p.Inspector == RuntimesInspector
		if runtime && p.owner != (osPackage{}) {
			continue
		}
		if runtime || p.IsOS() {
			v := versionedOf(&p.Package)
			if at, again := seen[v]; again {
				if p.Origin.Index < kept[at].Origin.Index {
					kept[at].Origin = p.Origin
				}
				continue
			}
			seen[v] = len(kept)
		}
		kept = append(kept, p)
	}
	return kept
}

func comparePackages(a, b *inventory.Package) int {
	return cmp.Or(
		cmp.Compare(a.Type, b.Type),
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Version, b.Version),
		cmp.Compare(a.Path, b.Path),
		cmp.Compare(a.InArchive, b.InArchive),
		cmp.Compare(a.Arch, b.Arch),
	)
}
