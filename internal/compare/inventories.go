package compare

import (
	"slices"

	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
)

// Licenses is a package whose licences are not what they were.
type Licenses struct {
	Type   string   `json:"type"`
	Name   string   `json:"name"`
	Before []string `json:"before"`
	After  []string `json:"after"`
}

// Inventories is how one list of packages differs from another.
type Inventories struct {
	Packages []Package  `json:"packages"`
	Licenses []Licenses `json:"licenses"`
}

// Same reports whether nothing differs.
func (i *Inventories) Same() bool { return len(i.Packages) == 0 && len(i.Licenses) == 0 }

// OfInventories compares lists of packages, as SBOMs are. Where a package lies
// counts for nothing, since tools write places differently: a package is the
// same where type, name, architecture and version are.
func OfInventories(before, after []inventory.Package, order triage.Order) *Inventories {
	d := &Inventories{Packages: []Package{}, Licenses: []Licenses{}}
	for _, p := range packages(unplaced(before), unplaced(after), order) {
		if p.Change != Moved && p.Change != Unrecorded && p.Before != p.After {
			d.Packages = append(d.Packages, p)
		}
	}
	type name struct{ typ, name string }
	licenses := func(list []inventory.Package) map[name][]string {
		m := map[name][]string{}
		for i := range list {
			n := name{list[i].Type, list[i].FullName()}
			m[n] = append(m[n], list[i].Licenses...)
		}
		for n := range m {
			slices.Sort(m[n])
			m[n] = slices.Compact(m[n])
		}
		return m
	}
	was := licenses(before)
	for n, now := range licenses(after) {
		if old, both := was[n]; both && !slices.Equal(old, now) {
			d.Licenses = append(d.Licenses, Licenses{Type: n.typ, Name: n.name, Before: orEmpty(old), After: orEmpty(now)})
		}
	}
	slices.SortFunc(d.Licenses, func(a, b Licenses) int {
		return slices.Compare([]string{a.Type, a.Name}, []string{b.Type, b.Name})
	})
	return d
}

// unplaced leaves out where packages lie, and counts copies once.
func unplaced(list []inventory.Package) []inventory.Package {
	type key struct{ typ, namespace, name, version, arch string }
	seen := map[key]bool{}
	var out []inventory.Package
	for _, p := range list {
		if p.Arch == "noarch" || p.Arch == "all" {
			p.Arch = ""
		}
		k := key{p.Type, p.Namespace, p.Name, p.Version, p.Arch}
		if seen[k] {
			continue
		}
		seen[k] = true
		p.Path, p.InArchive = "", ""
		out = append(out, p)
	}
	return out
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
