package hygiene

import (
	"bytes"
	"cmp"
	"io/fs"
	"slices"

	"plimsoll/internal/advisory"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
)

// Contents are the files of an image, as its layers list them.
type Contents struct {
	// Layers and Refs are base first; Base is how many of them belong to the base.
	Layers []*evidence.Layer
	Refs   []inventory.LayerRef
	Base   int
	// Owner names the package whose record vouches for an executable that a layer
	// wrote, with its version; empty for none.
	Owner func(path string, layer int) string
	// Secret tells whether a secret was found in a file, Planted whether an account
	// counts as planted: they are findings of their own.
	Secret  func(path string) bool
	Planted func(path, account string) bool
}

// trait is why a rule looks at a file.
type trait uint8

const (
	// privileged: setuid or setgid.
	privileged trait = 1 << iota
	// writable: by everybody.
	writable
	// tool: a program that Tools knows.
	tool
	// credential and desk: by the name; see named.
	credential
	desk
)

// imageFile is a file or a folder of the final image that some rule looks at.
type imageFile struct {
	path   string
	mode   fs.FileMode
	size   int64
	folder bool
	// layer is the one that brought it; a later one that wrote it again as it was
	// doesn't count.
	layer int
	base  bool
	// hidden is set for a credential that a later layer overwrote or deleted.
	hidden bool
	traits trait
	// program is the name of a tool without its version.
	program string
	kind    ToolKind
	weight  advisory.Severity
}

// heap is what one layer wrote below one folder of an area.
type heap struct {
	area   *area
	root   string
	layer  int
	files  int
	bytes  int64
	base   bool
	hidden bool
	// proofs are the first of its files: where none of them is left, the heap is hidden.
	proofs []string
}

// Bounds of what is kept of one image: files of each trait, folders of areas.
const (
	maxMarked = 10_000
	maxHeaps  = 2_000
	maxProofs = 16
)

// walked is what rules learn of an image's files.
type walked struct {
	contents *Contents
	files    []imageFile
	heaps    []*heap
	// cut are the traits of which the image has more files than are kept.
	cut   trait
	users []userFile
}

// walk reads each layer's list once and keeps what a rule may ask about, and once
// more for what became of it. A whole Tree would take four times as long, and memory
// for every path.
func (c *Contents) walk() *walked {
	w := newFileWalk()
	for n, l := range c.Layers {
		for e := range l.Files.All() {
			w.entry(n, &e)
		}
	}
	fates := evidence.FatesOf(c.Layers, c.Refs, func(yield func(string) bool) {
		for i := range w.files {
			if !yield(w.files[i].path) {
				return
			}
		}
		for _, h := range w.heaps {
			for _, p := range h.proofs {
				if !yield(p) {
					return
				}
			}
		}
		for _, l := range c.Layers {
			for i := range l.Users {
				if !yield(l.Users[i].Path) {
					return
				}
			}
		}
	})
	w.settle(c, fates)
	w.contents, w.users = c, c.userFiles(fates)
	return &w.walked
}

// settle keeps what the final image shows, and tells which layer brought it.
func (w *fileWalk) settle(c *Contents, fates *evidence.Fates) {
	slices.SortStableFunc(w.files, func(a, b imageFile) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.layer, b.layer))
	})
	kept := w.files[:0]
	for from := 0; from < len(w.files); {
		to := from + 1
		for to < len(w.files) && w.files[to].path == w.files[from].path {
			to++
		}
		f := w.files[to-1]
		switch live := fates.Of(f.path, f.layer).Liveness; {
		case live == inventory.Visible:
			for i := to - 2; i >= from && w.files[i].traits == f.traits && fates.Of(f.path, w.files[i].layer).Liveness == inventory.Shadowed; i-- {
				f.layer = w.files[i].layer
			}
		case f.traits&credential != 0:
			f.hidden, f.traits = true, credential
		default:
			f.traits = 0
		}
		if f.base = f.layer < c.Base; f.traits != 0 {
			kept = append(kept, f)
		}
		from = to
	}
	w.files = kept
	for _, h := range w.heaps {
		h.base = h.layer < c.Base
		h.hidden = !slices.ContainsFunc(h.proofs, func(p string) bool { return fates.Of(p, h.layer).Liveness == inventory.Visible })
	}
}

// fileWalk reads entries.
type fileWalk struct {
	walked
	tools  Tools
	names  map[string]named
	parts  map[string]part
	marked map[trait]int
	// modes are those of the files that were marked for theirs, which hard links share; a
	// link may lead to a file of a layer below.
	modes map[string]fs.FileMode
	heap  map[heapKey]*heap
	at    folder
}

type heapKey struct {
	area  *area
	layer int
	root  string
}

func newFileWalk() *fileWalk {
	w := &fileWalk{tools: NewTools(), names: namedFiles(), parts: knownParts(), marked: map[trait]int{}, modes: map[string]fs.FileMode{}, heap: map[heapKey]*heap{}}
	w.enter(nil)
	return w
}

// entry looks at one entry of a layer.
func (w *fileWalk) entry(layer int, e *evidence.FileEntry) {
	mode, file := e.Mode, e.Type == evidence.Regular || e.Type == evidence.Hardlink
	if !file && e.Type != evidence.Directory {
		return
	}
	dir, name := cutPath(e.Path)
	if !bytes.Equal(dir, w.at.path) {
		w.enter(dir)
	}
	if e.Type == evidence.Hardlink && len(w.modes) > 0 {
		mode = w.modes[string(e.Link)]
	}
	f := imageFile{mode: mode, size: e.Size, folder: !file, layer: layer}
	if mode&(fs.ModeSetuid|fs.ModeSetgid|0o002) != 0 {
		f.traits = modeTraits(e.Path, mode, file)
	}
	switch {
	case !file:
	case w.at.area != nil:
		w.pile(layer, e)
	default:
		w.name(&f, name, e.Type == evidence.Hardlink)
	}
	if f.traits != 0 {
		f.path = string(e.Path)
		w.mark(f)
	}
}

// mark keeps a file, unless there are too many of its traits.
func (w *fileWalk) mark(f imageFile) {
	for t := privileged; t <= desk; t <<= 1 {
		if f.traits&t == 0 {
			continue
		}
		if w.marked[t]++; w.marked[t] > maxMarked {
			f.traits &^= t
			w.cut |= t
		}
	}
	if f.traits == 0 {
		return
	}
	if f.traits&(privileged|writable) != 0 && !f.folder {
		w.modes[f.path] = f.mode
	}
	w.files = append(w.files, f)
}

// modeTraits tells what a mode means. On a folder setgid hands its group on, and on a
// file that nobody of the group runs it is a lock (chmod(2)): neither is a privilege.
func modeTraits(path []byte, mode fs.FileMode, file bool) trait {
	var t trait
	if file && (mode&fs.ModeSetuid != 0 || mode&fs.ModeSetgid != 0 && mode&0o010 != 0) {
		t |= privileged
	}
	if mode&0o002 != 0 && (file || mode&fs.ModeSticky == 0) && !ephemeral(path) {
		t |= writable
	}
	return t
}

// ephemeral tells what is everybody's by design, or laid over when a container runs.
func ephemeral(path []byte) bool {
	for _, mounted := range [...]string{"dev", "proc", "sys"} {
		if rest, ok := bytes.CutPrefix(path, []byte(mounted)); ok && (len(rest) == 0 || rest[0] == '/') {
			return true
		}
	}
	return allIn([]string{"/" + string(path)}, sharedDirectories)
}

// name looks at what a file's name says.
func (w *fileWalk) name(f *imageFile, name []byte, linked bool) {
	if w.at.bin && (linked || f.mode&0o111 != 0) {
		if program, kind, ok := w.tools.Of(string(name)); ok && kind != ToolShell {
			f.traits |= tool
			f.program, f.kind = program, kind
		}
	}
	if w.at.library || f.size == 0 && !linked {
		return
	}
	known, ok := w.names[string(name)]
	if !ok {
		if known, ok = namedLike(name); !ok {
			return
		}
	}
	f.traits |= known.trait
	f.weight = known.weight
}

// pile counts a file of an area; empty ones (apt's locks) are none.
func (w *fileWalk) pile(layer int, e *evidence.FileEntry) {
	if e.Type == evidence.Regular && e.Size == 0 {
		return
	}
	h := w.at.heap
	if h == nil || h.layer != layer {
		key := heapKey{w.at.area, layer, string(w.at.path[:w.at.root])}
		if h = w.heap[key]; h == nil {
			if len(w.heaps) == maxHeaps {
				return
			}
			h = &heap{area: key.area, root: key.root, layer: layer}
			w.heap[key] = h
			w.heaps = append(w.heaps, h)
		}
		w.at.heap = h
	}
	h.files++
	// A hard link's bytes are under the file's first name.
	if e.Type == evidence.Regular {
		h.bytes += e.Size
	}
	if len(h.proofs) < maxProofs {
		h.proofs = append(h.proofs, string(e.Path))
	}
}

// cutPath parts a path into its folder and its name.
func cutPath(path []byte) (dir, name []byte) {
	if i := bytes.LastIndexByte(path, '/'); i >= 0 {
		return path[:i], path[i+1:]
	}
	return nil, path
}
