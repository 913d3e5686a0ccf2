package evidence

import (
	"plimsoll/internal/inventory"
)

// osPackage names an OS package as file lists do.
type osPackage struct {
	typ, name string
	// arch is empty where a list does not say it, or any is meant.
	arch string
}

func osPackageOf(p *inventory.Package) osPackage { return osPackage{p.Type, p.Name, p.Arch} }

// osPackages finds the OS packages of the final image, as places in merge.current.
type osPackages struct {
	// exact has them by architecture too; named only by name, where the list
	// of one that is installed for a single architecture does not say which.
	exact, named map[osPackage]int
}

// osPackages indexes the current packages, those with a record before ghosts.
func (m *merge) osPackages() osPackages {
	x := osPackages{map[osPackage]int{}, map[osPackage]int{}}
	for _, liveness := range []inventory.Liveness{inventory.Visible, inventory.Ghost} {
		for i := range m.current {
			p := &m.current[i]
			if !p.IsOS() || p.Liveness != liveness {
				continue
			}
			key := osPackageOf(&p.Package)
			if _, taken := x.exact[key]; !taken {
				x.exact[key] = i
			}
			key.arch = ""
			if _, taken := x.named[key]; !taken {
				x.named[key] = i
			}
		}
	}
	return x
}

// find returns the package that a file list is of. A list for an architecture
// that is not installed is an older one of the same package.
func (x *osPackages) find(o *Owned) (int, bool) {
	key := osPackage{o.Type, o.Package, o.Arch}
	if i, ok := x.exact[key]; ok {
		return i, true
	}
	key.arch = ""
	i, ok := x.named[key]
	return i, ok
}

// missing reports whether a package that a lower layer records is not
// installed, and under which key its file lists are found: by name alone, or by
// architecture too where it is installed for another one. A record that moved to
// another database is no loss.
func (x *osPackages) missing(p *inventory.Package) (osPackage, bool) {
	key := osPackageOf(p)
	if _, ok := x.exact[key]; ok {
		return key, false
	}
	byName := osPackage{p.Type, p.Name, ""}
	if _, ok := x.named[byName]; !ok {
		return byName, true
	}
	return key, key.arch != ""
}

// lostBy returns what missing filed under the keys of a file list.
func lostBy(candidates map[osPackage][]int, o *Owned) []int {
	if lost := candidates[osPackage{o.Type, o.Package, ""}]; lost != nil {
		return lost
	}
	return candidates[osPackage{o.Type, o.Package, o.Arch}]
}

// assignOwners marks language packages and runtimes that an OS package
// installed, and adds licences that lie beside the record.
func (m *merge) assignOwners() {
	const nobody = -1
	wanted := map[string]int{}
	for i := range m.current {
		if p := &m.current[i]; !p.IsOS() {
			wanted[p.Path] = nobody
		}
	}
	installed := m.osPackages()
	licences := map[osPackage][]string{}
	for _, l := range m.layers {
		for _, s := range l.Licenses {
			licences[osPackage{typ: s.Type, name: s.Package}] = s.Names
		}
		for o := range l.ownedBy() {
			owner, ok := installed.find(o)
			if !ok || len(wanted) == 0 {
				continue
			}
			for path := range o.Paths.All() {
				if _, ok := wanted[string(path)]; ok {
					wanted[string(path)] = owner
				} else if r, ok := m.linked(path); ok {
					if _, ok := wanted[r]; ok {
						wanted[r] = owner
					}
				}
			}
		}
	}
	for i := range m.current {
		p := &m.current[i]
		if p.IsOS() {
			if len(p.Licenses) == 0 {
				p.Licenses = licences[osPackage{typ: p.Type, name: p.Name}]
			}
			continue
		}
		if owner := wanted[p.Path]; owner != nobody && !m.current[owner].replacedBy(p) {
			p.owner = osPackageOf(&m.current[owner].Package)
		}
	}
}

// replacedBy reports whether a later layer put the package in the place of what
// the OS package had installed there: another version at the same path ("npm
// install -g npm" over the distribution's own), or, of a ghost, anything at all.
func (owner *entry) replacedBy(p *entry) bool {
	if owner.Liveness == inventory.Ghost {
		return p.Origin.Index > owner.last
	}
	since := owner.Origin.Index
	return p.first <= since && p.Origin.Index > since
}
