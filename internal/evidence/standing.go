package evidence

import (
	"bytes"
	"slices"
	"strings"

	"plimsoll/internal/inventory"
)

// place is where one path stands once all layers are laid over one another.
type place struct {
	// asked is set for a path of the set, and not only for a folder above one.
	asked bool
	// layer is the highest layer that wrote the path; never where none did.
	layer int
	// typ is what that layer wrote.
	typ EntryType
	// removed is the highest layer with a whiteout of the path itself, emptied
	// the highest that took away what is below it.
	removed, emptied int
	// gone is set where a later layer removed it.
	gone bool
}

// standing tells where a set of paths stands. It follows the OCI image-spec's
// rules for whiteouts (layer.md): they act on lower layers only, a file that
// takes the place of a folder removes what was below, and an opaque whiteout
// empties a folder.
type standing struct {
	// paths holds the set and all folders above it, "" included.
	paths map[string]*place
}

// never is the layer of what did not happen.
const never = -1

func newStanding() *standing {
	return &standing{paths: map[string]*place{"": {layer: never, removed: never, emptied: never}}}
}

// ask adds a path to the set.
func (s *standing) ask(path string) {
	asked := true
	for p := s.paths[path]; p == nil; p = s.paths[path] {
		s.paths[path] = &place{asked: asked, layer: never, removed: never, emptied: never}
		path, asked = parent(path), false
	}
	if asked {
		s.paths[path].asked = true
	}
}

// sweep reads each layer's file list once. What it costs grows with the entries
// and the paths, and not with their product: a layer only notes what it wrote
// and emptied, and what that means for each path is decided at the end.
// also, which may be nil, sees every entry at the top of the tree.
func (s *standing) sweep(layers []*Layer, also func(*FileEntry)) {
	for i, l := range layers {
		for e := range l.Files.All() {
			if also != nil && bytes.IndexByte(e.Path, '/') < 0 {
				also(&e)
			}
			p := s.paths[string(e.Path)]
			if p == nil {
				continue
			}
			if e.Type != Directory {
				p.emptied = i
			}
			switch e.Type {
			case Opaque:
			case Whiteout:
				p.removed = i
			default:
				p.layer, p.typ = i, e.Type
			}
		}
	}
	for path, p := range s.paths {
		if !p.asked {
			continue
		}
		p.gone = p.removed > p.layer
		for dir := path; dir != "" && !p.gone; {
			dir = parent(dir)
			p.gone = s.paths[dir].emptied > p.layer
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

// proofs is how many files of one folder are enough to tell whether any of them
// is left: removing a package removes its folder, not one file in a hundred.
const proofs = 64

// anyBelow reports, for each folder asked, whether the final image holds a
// regular file below it that a layer up to last wrote. The files of a package
// that is installed inside the folder are that package's alone.
func anyBelow(layers []*Layer, folders map[string]int) map[string]bool {
	if len(folders) == 0 {
		return nil
	}
	within := newStanding()
	files := map[string][]string{}
	for _, l := range layers {
		for e := range l.Files.All() {
			if e.Type != Regular && e.Type != Hardlink {
				continue
			}
			dir, ok := folderOf(e.Path, folders)
			if !ok || len(files[dir]) >= proofs {
				continue
			}
			path := string(e.Path)
			within.ask(path)
			files[dir] = append(files[dir], path)
		}
	}
	within.sweep(layers, nil)
	found := map[string]bool{}
	for dir, last := range folders {
		found[dir] = slices.ContainsFunc(files[dir], func(path string) bool {
			p := within.paths[path]
			return !p.gone && p.layer <= last
		})
	}
	return found
}

// folderOf finds the innermost of the folders that a path lies below, without
// leaving the package that the path belongs to.
func folderOf(path []byte, folders map[string]int) (string, bool) {
	for i := len(path) - 1; i > 0; i-- {
		if path[i] != '/' {
			continue
		}
		dir := path[:i]
		if bytes.HasSuffix(dir, []byte("node_modules")) || bytes.HasSuffix(dir, []byte("-packages")) {
			return "", false
		}
		if _, asked := folders[string(dir)]; asked {
			return string(dir), true
		}
	}
	return "", false
}
