package evidence

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"plimsoll/internal/inventory"
)

// PackageChange is what a layer, or another image, did to one package.
type PackageChange struct {
	// Before is nil for a package that was added, After for one that was removed.
	Before, After *inventory.Package
}

// PackageChanges returns what each layer did to the packages, sorted by type and
// name. An OS package or a runtime that several files record is one package; a
// language package is one for each place. Runtimes that an OS package installed
// are left to it, as in the inventory of the whole image.
func PackageChanges(layers []*Layer) [][]PackageChange {
	m := &merge{layers: layers, links: map[string]string{}}
	newStanding().sweep(layers, m.rootLink)
	byPath := m.byPath()
	fates := FatesOf(layers, nil, maps.Keys(byPath))
	owned := m.ownedRuntimes(byPath)
	steps := make([][]step, len(layers))
	for _, path := range slices.Sorted(maps.Keys(byPath)) {
		if !owned[path] {
			timeline(path, byPath[path], fates, steps)
		}
	}
	held := map[installed]int{}
	changes := make([][]PackageChange, len(layers))
	for i := range steps {
		changes[i] = apply(held, steps[i])
	}
	return changes
}

// installed is what counts as one package: with its place, but for those of
// which several files are records of the same.
type installed struct {
	versioned
	path string
}

func installedOf(p *inventory.Package) installed {
	if p.IsOS() || p.Inspector == RuntimesInspector {
		return installed{versioned: versionedOf(p)}
	}
	return installed{versionedOf(p), p.Path}
}

// step is that one file began or ceased to record a package.
type step struct {
	*inventory.Package
	by int
}

// timeline adds what became of the records in one file, layer by layer.
func timeline(path string, r []records, fates *Fates, steps [][]step) {
	var before []inventory.Package
	become := func(layer int, now []inventory.Package) {
		for i := range before {
			steps[layer] = append(steps[layer], step{&before[i], -1})
		}
		for i := range now {
			steps[layer] = append(steps[layer], step{&now[i], 1})
		}
		before = now
	}
	wrote := fates.paths[path].wrote
	for n, layer := range wrote {
		for len(r) > 0 && r[0].layer < int(layer) {
			r = r[1:]
		}
		switch {
		case len(r) == 0 || r[0].layer != int(layer):
			become(int(layer), nil) // it is something else now
		case !r[0].unchanged || len(before) == 0:
			become(int(layer), r[0].packages)
		}
		until := int32(len(steps))
		if n+1 < len(wrote) {
			until = wrote[n+1]
		}
		if gone := fates.removal(path, layer); len(before) > 0 && gone < until {
			become(int(gone), nil)
		}
	}
}

// removal is the first layer after another that took a path away, the largest
// number where none did.
func (f *Fates) removal(path string, after int32) int32 {
	first := int32(math.MaxInt32)
	look := func(layers []int32) {
		if i, _ := slices.BinarySearch(layers, after+1); i < len(layers) {
			first = min(first, layers[i])
		}
	}
	look(f.paths[path].removed)
	for dir := path; dir != ""; {
		dir = parent(dir)
		look(f.paths[dir].emptied)
	}
	return first
}

// apply takes the steps of one layer and returns what changed by them.
func apply(held map[installed]int, steps []step) []PackageChange {
	was := map[installed]bool{}
	example := map[installed]*inventory.Package{}
	for _, s := range steps {
		key := installedOf(s.Package)
		if _, met := was[key]; !met {
			was[key] = held[key] > 0
		}
		example[key] = s.Package
		if held[key] += s.by; held[key] == 0 {
			delete(held, key)
		}
	}
	var removed, added []*inventory.Package
	for key, before := range was {
		switch now := held[key] > 0; {
		case before && !now:
			removed = append(removed, example[key])
		case !before && now:
			added = append(added, example[key])
		}
	}
	return PairPackages(removed, added)
}

// PairPackages puts packages that went beside those that came where they are the
// same one: at another version in the same file or anywhere else, or moved. The
// rest is removed or added.
func PairPackages(removed, added []*inventory.Package) []PackageChange {
	order := func(a, b *inventory.Package) int { return comparePackages(a, b) }
	slices.SortFunc(removed, order)
	slices.SortFunc(added, order)
	type sameness struct {
		identity
		path, version string
	}
	var changes []PackageChange
	taken := make([]bool, len(removed))
	paired := make([]bool, len(added))
	for _, of := range []func(p *inventory.Package) sameness{
		func(p *inventory.Package) sameness { return sameness{identityOf(p), p.Path, ""} },
		func(p *inventory.Package) sameness {
			return sameness{identity{p.Type, p.Namespace, p.Name, p.Arch, ""}, parent(parent(p.Path)), ""}
		},
		func(p *inventory.Package) sameness {
			return sameness{identity{p.Type, p.Namespace, p.Name, p.Arch, ""}, "", p.Version}
		},
		func(p *inventory.Package) sameness {
			return sameness{identity{p.Type, p.Namespace, p.Name, p.Arch, ""}, "", ""}
		},
	} {
		free := map[sameness][]int{}
		for i, p := range removed {
			if !taken[i] {
				free[of(p)] = append(free[of(p)], i)
			}
		}
		for i, p := range added {
			if at := free[of(p)]; !paired[i] && len(at) > 0 {
				changes = append(changes, PackageChange{removed[at[0]], p})
				taken[at[0]], paired[i], free[of(p)] = true, true, at[1:]
			}
		}
	}
	for i, p := range removed {
		if !taken[i] {
			changes = append(changes, PackageChange{Before: p})
		}
	}
	for i, p := range added {
		if !paired[i] {
			changes = append(changes, PackageChange{After: p})
		}
	}
	slices.SortStableFunc(changes, func(a, b PackageChange) int {
		return comparePackages(cmp.Or(a.After, a.Before), cmp.Or(b.After, b.Before))
	})
	return changes
}

// ownedRuntimes are the files of runtimes that an OS package lists as its own.
func (m *merge) ownedRuntimes(byPath map[string][]records) map[string]bool {
	owned := map[string]bool{}
	for path, r := range byPath {
		for _, at := range r {
			if len(at.packages) > 0 && at.packages[0].Inspector == RuntimesInspector {
				owned[path] = false
			}
		}
	}
	if len(owned) == 0 {
		return owned
	}
	for _, l := range m.layers {
		for o := range l.ownedBy() {
			for path := range o.Paths.All() {
				if r, ok := m.linked(path); ok {
					if _, asked := owned[r]; asked {
						owned[r] = true
					}
				}
				if _, asked := owned[string(path)]; asked {
					owned[string(path)] = true
				}
			}
		}
	}
	return owned
}
