package proof

import (
	"cmp"
	"path"

	"plimsoll/internal/inventory"
)

// installed is a package at a version in its place, as compare tells of it.
type installed struct{ typ, name, arch, version, place string }

type named struct{ typ, name string }

func installedOf(p *inventory.Package) installed {
	return installed{p.Type, p.FullName(), p.Arch, p.Version, placeOf(p)}
}

func placeOf(p *inventory.Package) string {
	if p.InArchive != "" {
		return p.Path + "!" + p.InArchive
	}
	return p.Path
}

// shelf finds the packages of one image.
type shelf struct {
	// exact has them with their places, without a place the first of them.
	exact map[installed]*inventory.Package
	named map[named]bool
	// files are those that packages are read from, folders the ones around them.
	files, folders map[string]bool
}

func newShelf(list []inventory.Package) *shelf {
	s := &shelf{map[installed]*inventory.Package{}, map[named]bool{}, map[string]bool{}, map[string]bool{}}
	for i := range list {
		p := &list[i]
		key := installedOf(p)
		for _, k := range []installed{key, {key.typ, key.name, key.arch, key.version, ""}} {
			if s.exact[k] == nil {
				s.exact[k] = p
			}
		}
		s.named[named{p.Type, p.FullName()}] = true
		s.files[p.Path], s.folders[path.Dir(p.Path)] = true, true
	}
	return s
}

// find returns the package of the same name at a version, that in the place if it
// is there.
func (s *shelf) find(p *inventory.Package, version, place string) *inventory.Package {
	k := installed{p.Type, p.FullName(), p.Arch, version, cmp.Or(place, placeOf(p))}
	if found := s.exact[k]; found != nil {
		return found
	}
	k.place = ""
	return s.exact[k]
}
