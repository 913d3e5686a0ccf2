package account

import (
	"bytes"
	"fmt"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
)

// book is what is known while an account is made.
type book struct {
	Input
	fates *evidence.Fates
	// links are symbolic links near the root that stand for folders (bin ->
	// usr/bin); deep ones are those further down that lead to a folder with
	// executables.
	links evidence.Links
	deep  map[string]string
	// at holds what is known of each path, by the path without links; order
	// lists the paths as they were met.
	at    map[string]*record
	order []string
	// sources says of each file that bytecode may be made from whether it is there.
	sources map[string]bool
	// alternatives are /etc/alternatives' links by name, with their targets.
	alternatives map[string]string
	homes        []homes
	// history is what the lines of history say, by layer.
	history []told
	records
	entries  int
	problems []evidence.LayerProblem
	full     map[string]bool
}

// record is what is known of one path.
type record struct {
	instances []instance
	links     []link
	claims    []claim
	// watched is set where the owner of another file than an executable is asked for.
	watched bool
}

// instance is an executable as one layer wrote it.
type instance struct {
	*evidence.Executable
	path   string
	layer  int
	linkTo string
}

// link is a symbolic link as one layer wrote it.
type link struct {
	path, target string
	layer        int
}

// Limits bound what a hostile image can cost. What is beyond them is left out
// and said.
type Limits struct {
	// Entries bounds executables and links to them.
	Entries int
	// Claims bounds what package managers say of them, OfOnePath of each.
	Claims, OfOnePath int
	// Links bounds links to folders that hold some.
	Links int
}

// DefaultLimits allow any image seen in practice: the largest hold some ten
// thousand executables, and a path has a claim for each change of its package.
func DefaultLimits() Limits {
	return Limits{Entries: 500_000, Claims: 8_000_000, OfOnePath: 256, Links: 100_000}
}

const (
	// linkerCache is what ldconfig makes of the libraries it finds (ldconfig(8)).
	linkerCache = "etc/ld.so.cache"
	// alternativesDir is update-alternatives' folder of links to what was chosen.
	alternativesDir = "etc/alternatives/"
)

func newBook(in Input) *book {
	if in.Limits == (Limits{}) {
		in.Limits = DefaultLimits()
	}
	return &book{
		Input: in, links: evidence.LinksOf(in.Layers), deep: map[string]string{}, at: map[string]*record{},
		sources: map[string]bool{}, alternatives: map[string]string{}, full: map[string]bool{},
	}
}

// limit notes, once for each limit, that the account is not whole because of it.
func (b *book) limit(layer, most int, of string) {
	if !b.full[of] {
		b.full[of] = true
		b.problems = append(b.problems, evidence.LayerProblem{Layer: layer, Problem: evidence.Problem{
			Reason: fmt.Sprintf("the account of executables is not whole: more than %s %s", thousands(most), of), Incomplete: true,
		}})
	}
}

func (b *book) recordOf(path string) *record {
	r := b.at[path]
	if r == nil {
		r = &record{}
		b.at[path] = r
		b.order = append(b.order, path)
	}
	return r
}

// gather lists every executable of every layer under its path without links,
// and under the further names that hard links give it.
func (b *book) gather() {
	// visible are the executables of the layers so far by the paths they were
	// written at: a link may lead to a file of a layer below, as the unpacker of
	// containerd allows.
	visible := map[string]*evidence.Executable{}
	for n, l := range b.Layers {
		own := make(map[string]*evidence.Executable, len(l.Executables))
		for i := range l.Executables {
			e := &l.Executables[i]
			own[e.Path] = e
			b.add(instance{Executable: e, path: e.Path, layer: n})
		}
		for e := range l.Files.All() {
			switch e.Type {
			case evidence.Hardlink:
				x := own[string(e.Link)]
				if x == nil {
					x = visible[string(e.Link)]
				}
				if x != nil && string(e.Path) != x.Path {
					path := string(e.Path)
					own[path] = x
					b.add(instance{Executable: x, path: path, layer: n, linkTo: x.Path})
				}
			case evidence.Directory:
			default:
				if len(visible) > 0 {
					delete(visible, string(e.Path))
				}
			}
		}
		for path, e := range own {
			visible[path] = e
		}
		for i := range l.Packages {
			// Whether a package manager owns a runtime is asked of the file that proves it.
			if p := &l.Packages[i]; p.Inspector == evidence.RuntimesInspector {
				b.recordOf(b.links.Resolve(p.Path))
			}
		}
	}
	for _, w := range b.Watch {
		b.recordOf(b.links.Resolve(w.Path)).watched = true
	}
}

func (b *book) add(i instance) {
	if b.entries++; b.entries > b.Limits.Entries {
		b.limit(i.layer, b.Limits.Entries, "executables")
		return
	}
	r := b.recordOf(b.links.Resolve(i.path))
	r.instances = append(r.instances, i)
	if src := sourceOf(i.path); i.Kind == evidence.Bytecode && src != "" {
		b.sources[b.links.Resolve(src)] = false
	}
}

// folders are the folders that executables lie in, and all above them.
func (b *book) folders() map[string]bool {
	folders := map[string]bool{}
	for path, r := range b.at {
		if len(r.instances) == 0 {
			continue
		}
		for dir := parent(path); dir != "" && !folders[dir]; dir = parent(dir) {
			folders[dir] = true
		}
	}
	return folders
}

// look reads the file lists for what executables depend on: links to them and to
// their folders, the sources of bytecode, and the alternatives system. Folders
// come first, since links lead through them.
func (b *book) look() {
	folders := b.folders()
	for n, l := range b.Layers {
		for e := range l.Files.All() {
			if e.Type == evidence.Symlink && bytes.Count(e.Path, []byte{'/'}) >= 2 {
				b.folderLink(n, string(e.Path), string(e.Link), folders)
			}
		}
	}
	for n, l := range b.Layers {
		for e := range l.Files.All() {
			switch e.Type {
			case evidence.Symlink:
				b.source(e.Path)
				b.linked(n, string(e.Path), string(e.Link))
			case evidence.Regular, evidence.Hardlink:
				if string(e.Path) == linkerCache {
					b.add(instance{path: linkerCache, layer: n, Executable: &evidence.Executable{
						Path: linkerCache, Kind: evidence.LinkerCache, Mode: e.Mode, Size: e.Size,
					}})
				}
				b.source(e.Path)
			}
		}
	}
}

// folderLink notes a link to a folder that holds executables. Those near the root
// are among links already.
func (b *book) folderLink(layer int, path, target string, folders map[string]bool) {
	to := b.links.Resolve(evidence.LinkTarget(path, target))
	switch {
	case !folders[to]:
	case len(b.deep) >= b.Limits.Links:
		b.limit(layer, b.Limits.Links, "links to folders")
	default:
		b.deep[b.links.Resolve(path)] = to
	}
}

// source notes a file that bytecode may be made from.
func (b *book) source(file []byte) {
	if len(b.sources) == 0 || !bytes.HasSuffix(file, []byte(".py")) {
		return
	}
	if src := b.links.Resolve(string(file)); has(b.sources, src) {
		b.sources[src] = true
	}
}

// linked notes a link to an executable, or in the place of one.
func (b *book) linked(layer int, path, target string) {
	leads := evidence.LinkTarget(path, target)
	if name, ok := strings.CutPrefix(path, alternativesDir); ok {
		b.alternatives[name] = leads
	}
	at := b.links.Resolve(path)
	if b.at[at] == nil && !strings.HasPrefix(leads, alternativesDir) {
		if to := b.at[b.resolve(leads)]; to == nil || len(to.instances) == 0 {
			return
		}
	}
	if b.entries++; b.entries > b.Limits.Entries {
		b.limit(layer, b.Limits.Entries, "executables")
		return
	}
	r := b.recordOf(at)
	r.links = append(r.links, link{path: path, target: target, layer: layer})
}

// resolve is the key of a path in at, with every link on the way followed.
func (b *book) resolve(path string) string {
	path = b.links.Resolve(path)
	for range 8 { // links that lead in a circle lead nowhere
		if b.at[path] != nil || len(b.deep) == 0 {
			return path
		}
		to, rest := b.throughDeep(path)
		if rest == "" {
			return path
		}
		path = to + rest
	}
	return path
}

// throughDeep finds the innermost folder of a path that is a deep link, and
// returns where it leads and what follows it; nothing where there is none.
func (b *book) throughDeep(path string) (to, rest string) {
	for dir := parent(path); dir != ""; dir = parent(dir) {
		if to, ok := b.deep[dir]; ok {
			return to, path[len(dir):]
		}
	}
	return "", ""
}

// place finds what became of every path of the account.
func (b *book) place() {
	b.fates = evidence.FatesOf(b.Layers, b.Refs, func(yield func(string) bool) {
		for _, path := range b.order {
			r := b.at[path]
			for _, i := range r.instances {
				if !yield(i.path) {
					return
				}
			}
			for _, l := range r.links {
				if !yield(l.path) {
					return
				}
			}
		}
		for _, l := range b.Layers {
			for _, database := range l.Databases {
				if !yield(database) {
					return
				}
			}
			for _, lists := range [][]evidence.Owned{l.Owned, l.Sums} {
				for i := range lists {
					if !yield(lists[i].Database) {
						return
					}
				}
			}
		}
	})
}

// whereIs is the place of what a layer wrote at a path. Another name of the same
// place, through a link above it, overwrites it as well.
func (b *book) whereIs(r *record, path string, layer int) evidence.Place {
	place := b.fates.Of(path, layer)
	over := len(b.Refs)
	if place.By != nil {
		over = place.By.Index
	}
	overwritten := func(other string, by int) {
		if other != path && by > layer && by < over {
			over = by
			place.Liveness, place.By = inventory.Shadowed, &b.Refs[by]
		}
	}
	for k := range r.instances {
		overwritten(r.instances[k].path, r.instances[k].layer)
	}
	for k := range r.links {
		overwritten(r.links[k].path, r.links[k].layer)
	}
	return place
}

// parent returns the folder above a path, "" at the top.
func parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i]
	}
	return ""
}

func has(m map[string]bool, key string) bool { _, ok := m[key]; return ok }
