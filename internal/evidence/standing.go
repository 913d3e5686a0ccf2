package evidence

import (
	"strings"

	"plimsoll/internal/inventory"
)

// place is where one path stands once all layers are laid over one another.
type place struct {
	// layer is the highest layer that wrote the path; -1 where none did.
	layer int
	// typ is what that layer wrote.
	typ EntryType
	// gone is set where a later layer removed it.
	gone bool
}

// standing tells where a set of paths stands. It follows the OCI image-spec's
// rules for whiteouts (layer.md): they act on lower layers only, a file that
// takes the place of a folder removes what was below, and an opaque whiteout
// empties a folder.
type standing struct {
	paths map[string]*place
	// above are all folders above the paths.
	above map[string]bool
}

func newStanding() *standing {
	return &standing{paths: map[string]*place{}, above: map[string]bool{}}
}

// ask adds a path to the set.
func (s *standing) ask(path string) {
	if s.paths[path] != nil {
		return
	}
	s.paths[path] = &place{layer: -1}
	for dir := parent(path); dir != "" && !s.above[dir]; dir = parent(dir) {
		s.above[dir] = true
	}
}

// sweep reads each layer's file list once.
func (s *standing) sweep(layers []*Layer) {
	for i, l := range layers {
		removed := map[string]EntryType{}
		var written []*place
		var types []EntryType
		for e := range l.Files.All() {
			switch e.Type {
			case Opaque:
				if len(e.Path) == 0 || s.above[string(e.Path)] {
					removed[string(e.Path)] = Opaque
				}
				continue
			case Whiteout:
				if s.above[string(e.Path)] || s.paths[string(e.Path)] != nil {
					removed[string(e.Path)] = Whiteout
				}
				continue
			case Directory:
			default:
				if s.above[string(e.Path)] {
					removed[string(e.Path)] = e.Type
				}
			}
			if p := s.paths[string(e.Path)]; p != nil {
				written, types = append(written, p), append(types, e.Type)
			}
		}
		s.remove(removed)
		for n, p := range written {
			p.layer, p.typ, p.gone = i, types[n], false
		}
	}
}

// remove marks what a layer's whiteouts and replaced folders took away.
func (s *standing) remove(removed map[string]EntryType) {
	if len(removed) == 0 {
		return
	}
	for path, p := range s.paths {
		if p.layer < 0 || p.gone {
			continue
		}
		if removed[path] == Whiteout {
			p.gone = true
			continue
		}
		for dir := parent(path); ; dir = parent(dir) {
			if removed[dir] != 0 {
				p.gone = true
				break
			}
			if dir == "" {
				break
			}
		}
	}
}

// of says where the copy of path that a layer wrote stands.
func (s *standing) of(path string, layer int) inventory.Liveness {
	p := s.paths[path]
	switch {
	case p == nil || p.layer < 0 || p.gone:
		return inventory.Deleted
	case p.layer > layer:
		return inventory.Shadowed
	}
	return inventory.Visible
}

// parent returns the folder above a path, "" at the top.
func parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i]
	}
	return ""
}

// anyBelow reports, for each folder asked, whether the final image holds a
// regular file below it that a layer up to last wrote.
func anyBelow(layers []*Layer, folders map[string]int) map[string]bool {
	if len(folders) == 0 {
		return nil
	}
	within := newStanding()
	owner := map[string][]string{}
	for _, l := range layers {
		for e := range l.Files.All() {
			if e.Type != Regular && e.Type != Hardlink {
				continue
			}
			path := string(e.Path)
			if within.paths[path] != nil {
				continue
			}
			for dir := parent(path); dir != ""; dir = parent(dir) {
				if _, asked := folders[dir]; asked {
					within.ask(path)
					owner[dir] = append(owner[dir], path)
				}
			}
		}
	}
	within.sweep(layers)
	found := map[string]bool{}
	for dir, last := range folders {
		for _, path := range owner[dir] {
			if p := within.paths[path]; !p.gone && p.layer >= 0 && p.layer <= last {
				found[dir] = true
				break
			}
		}
	}
	return found
}
