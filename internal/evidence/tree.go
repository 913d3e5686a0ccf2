package evidence

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"hash/maphash"
	"io/fs"
	"iter"
	"slices"
)

// Tree is the file system that layers make when they are laid over one another,
// one layer at a time (OCI image-spec, layer.md: whiteouts act on lower layers
// only, a file that takes the place of a folder removes what was below). It
// tells what each layer did to each path, and keeps names, so that a folder
// that goes takes what is below along.
//
// A path takes about 55 bytes: its name, once, and a node of 32 bytes with its
// place in a hash table. Nodes are never given up, and a Node stays good.
type Tree struct {
	nodes []node
	names []byte
	// table finds a node by its folder and name; 0 is an empty slot, since the
	// root is in none.
	table []uint32
	seed  maphash.Seed
	limit int
}

// Node is a path of a Tree.
type Node uint32

// Root is the folder that holds everything.
const Root Node = 0

type node struct {
	parent, child, sibling Node
	// name is where the name begins in Tree.names, after its length.
	name uint32
	size int64
	sum  uint32
	// bits are the twelve of chmod and above them the state.
	bits  uint16
	layer uint16
}

// States of a node. A node that is absent may be out of its folder's list of
// children (unlisted), so that folders which are emptied again and again cost nothing.
const (
	absent uint16 = iota
	implied
	regular
	directory
	symlink
	hardlink
	device
	stateBits        = 12
	stateMask        = 7 << stateBits
	dying     uint16 = 1 << 15
	unlisted  uint16 = 1 // in the place of the mode, of an absent node only
)

func (n *node) state() uint16 { return n.bits & stateMask >> stateBits }

// live reports whether there is something at the path.
func (n *node) live() bool { return n.bits&dying == 0 && n.state() != absent }

var entryTypes = [...]EntryType{regular: Regular, directory: Directory, implied: Directory, symlink: Symlink, hardlink: Hardlink, device: Device}

// ErrTooManyFiles is returned by Tree.Apply for more paths than a Tree keeps.
var ErrTooManyFiles = errors.New("more files than are compared")

// Limits of a Tree: some 700 MB at most.
const (
	maxTreeNodes = 8_000_000
	maxTreeNames = 256 << 20
)

// NewTree returns an empty tree with room for the files of these layers.
func NewTree(layers []*Layer) *Tree {
	files := 0
	for _, l := range layers {
		files += l.Files.Len
	}
	files = min(files+files/8+64, maxTreeNodes)
	t := &Tree{nodes: make([]node, 1, files), seed: maphash.MakeSeed(), limit: maxTreeNodes, names: make([]byte, 1)}
	t.nodes[Root].bits = implied << stateBits
	t.resize(files)
	return t
}

// Copy is what one layer holds at a path.
type Copy struct {
	Type EntryType
	Mode fs.FileMode
	// Size and Sum are of a regular file; of a hard link those of the file that
	// it is a further name of. Sum of a symbolic link stands for its target.
	Size  int64
	Sum   uint32
	Layer int
}

// Bytes is how much of the layer is the copy's content: a hard link's is under
// the file's first name.
func (c *Copy) Bytes() int64 {
	if c.Type == Regular {
		return c.Size
	}
	return 0
}

// Folder reports whether the copy is a folder.
func (c *Copy) Folder() bool { return c.Type == Directory }

// SameContent reports whether two copies hold the same, whatever their modes.
// Files whose sum is not known are not called the same.
func (c *Copy) SameContent(d *Copy) bool {
	file := func(t EntryType) bool { return t == Regular || t == Hardlink }
	switch {
	case file(c.Type) && file(d.Type):
		return c.Size == d.Size && c.Sum == d.Sum && (c.Sum != 0 || c.Size == 0)
	case c.Type != d.Type:
		return false
	}
	return c.Type != Symlink || c.Sum == d.Sum
}

// ChangeKind is what happened to a path.
type ChangeKind byte

const (
	// Added: nothing was there before.
	Added ChangeKind = iota
	// Changed: something else is there.
	Changed
	// Rewritten: the same is there again, in another layer's bytes.
	Rewritten
	// Removed: nothing is there any more.
	Removed
)

// FileChange is what one layer, or another image, did to one path.
type FileChange struct {
	Kind ChangeKind
	// Node is the path in the later tree; of what was removed, in the earlier one.
	Node Node
	// Before is the zero value for what was added, After for what was removed.
	Before, After Copy
}

// Apply lays a layer over those before it and yields what it did, folders that
// stayed folders of the same mode left out. Layers have to come in order.
func (t *Tree) Apply(l *FileList, layer int, see func(FileChange)) error {
	w := &writing{Tree: t, layer: uint16(layer), emptied: map[Node]bool{}}
	var at cursor
	for e := range l.All() {
		if e.Type != Whiteout && e.Type != Opaque {
			continue
		}
		n, err := at.walk(e.Path, t.known)
		switch {
		case err != nil:
		case e.Type == Opaque:
			w.empty(n)
		default:
			w.kill(n)
		}
	}
	for e := range l.All() {
		if e.Type == Whiteout || e.Type == Opaque {
			continue
		}
		if err := w.write(&e); err != nil {
			return err
		}
	}
	w.report(see)
	return nil
}

// writing is one layer on its way into the tree.
type writing struct {
	*Tree
	layer uint16
	// emptied are folders whose children of lower layers are gone.
	emptied map[Node]bool
	// gone are nodes that were marked as dying; some may have come back.
	gone    []Node
	touched []Node
	// replaced are the copies that touched nodes had before, in their order.
	replaced []replaced
	// lost are files in whose place a folder is that no entry names.
	lost []FileChange
	// at is the folder of the entry before.
	at cursor
}

type replaced struct {
	at int // in touched
	Copy
}

// kill marks a path and what is below it as dying.
func (w *writing) kill(n Node) {
	if n != Root {
		if !w.nodes[n].live() {
			return
		}
		w.mark(n)
	}
	w.empty(n)
}

func (w *writing) mark(n Node) {
	w.nodes[n].bits |= dying
	w.gone = append(w.gone, n)
}

// empty marks what lower layers hold below a folder as dying.
func (w *writing) empty(n Node) {
	if w.emptied[n] {
		return
	}
	w.emptied[n] = true
	for stack := []Node{n}; len(stack) > 0; {
		folder := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		at := &w.nodes[folder].child
		for *at != 0 {
			n := *at
			c := &w.nodes[n]
			switch {
			case c.state() == absent:
				*at, c.sibling, c.bits = c.sibling, 0, unlisted
				continue
			case c.bits&dying != 0:
			case c.layer != w.layer:
				w.mark(n)
				stack = append(stack, n)
			case c.child != 0 && !w.emptied[n]:
				w.emptied[n] = true
				stack = append(stack, n)
			}
			at = &c.sibling
		}
	}
}

// write takes an entry in.
func (w *writing) write(e *FileEntry) error {
	n, err := w.place(e.Path)
	if err != nil || n == Root {
		return err
	}
	at := &w.nodes[n]
	before := w.copyOf(n)
	first := at.layer != w.layer || at.state() == absent || at.state() == implied || at.bits&dying != 0
	if was := at.state(); first && was != absent && was != implied {
		w.replaced = append(w.replaced, replaced{len(w.touched), before})
	}
	if first {
		w.touched = append(w.touched, n)
	}
	w.list(n)
	if e.Type != Directory && at.child != 0 {
		w.empty(n)
	}
	at.layer, at.size, at.sum = w.layer, 0, 0
	state, mode := device, e.Mode
	switch e.Type {
	case Regular:
		state, at.size, at.sum = regular, e.Size, e.Sum
	case Directory:
		state = directory
	case Symlink:
		state, at.sum, mode = symlink, crc32.Checksum(e.Link, castagnoli()), 0o777
	case Hardlink:
		state = hardlink
		if target, ok := w.lookup(e.Link); ok && target != n {
			of := &w.nodes[target]
			at.size, at.sum, mode = of.size, of.sum, unpackMode(uint64(of.bits&0o7777))
		}
	}
	at.bits = state<<stateBits | uint16(packMode(mode))
	return nil
}

// castagnoli is the polynomial of FileEntry.Sum; the table is made once by hash/crc32.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// place finds a path's node or makes it, with the folders above it.
func (w *writing) place(path []byte) (Node, error) {
	folder, name := split(path)
	if len(name) == 0 {
		return Root, nil
	}
	parent, err := w.folder(folder)
	if err != nil {
		return Root, err
	}
	return w.child(parent, name)
}

// folder finds or makes a folder and sees that it is there.
func (w *writing) folder(path []byte) (Node, error) {
	n, err := w.at.walk(path, w.child)
	if err != nil {
		return Root, err
	}
	for up := n; up != Root && !w.nodes[up].live(); up = w.nodes[up].parent {
		at := &w.nodes[up]
		if at.bits&dying != 0 {
			was := w.copyOf(up)
			if was.Folder() {
				at.bits &^= dying
				continue
			}
			w.lost = append(w.lost, FileChange{Kind: Removed, Node: up, Before: was})
		}
		w.list(up)
		at.bits, at.layer, at.size, at.sum = implied<<stateBits|0o755, w.layer, 0, 0
	}
	return n, nil
}

// list puts a node that was taken out of its folder's list back.
func (t *Tree) list(n Node) {
	at := &t.nodes[n]
	if at.state() == absent && at.bits&unlisted != 0 {
		above := &t.nodes[at.parent]
		at.bits, at.sibling, above.child = 0, above.child, n
	}
}

func (w *writing) report(see func(FileChange)) {
	next := 0
	for i, n := range w.touched {
		c := FileChange{Kind: Added, Node: n, After: w.copyOf(n)}
		if next < len(w.replaced) && w.replaced[next].at == i {
			c.Before = w.replaced[next].Copy
			next++
			switch same := c.After.SameContent(&c.Before) && c.After.Mode == c.Before.Mode; {
			case !same:
				c.Kind = Changed
			case c.After.Folder():
				continue
			default:
				c.Kind = Rewritten
			}
		}
		see(c)
	}
	for _, c := range w.lost {
		see(c)
	}
	for _, n := range w.gone {
		at := &w.nodes[n]
		if at.bits&dying == 0 {
			continue
		}
		at.bits &^= dying
		before := w.copyOf(n)
		was := at.state()
		at.bits = 0
		if was != implied {
			see(FileChange{Kind: Removed, Node: n, Before: before})
		}
	}
}

func (t *Tree) copyOf(n Node) Copy {
	at := &t.nodes[n]
	return Copy{Type: entryTypes[at.state()], Mode: unpackMode(uint64(at.bits & 0o7777)), Size: at.size, Sum: at.sum, Layer: int(at.layer)}
}

// Copy returns what the top layer left at a path.
func (t *Tree) Copy(n Node) Copy { return t.copyOf(n) }

// Files yields every path that holds something, folders that no entry wrote
// left out. A folder comes before what is in it.
func (t *Tree) Files() iter.Seq2[Node, Copy] {
	return func(yield func(Node, Copy) bool) {
		for n := 1; n < len(t.nodes); n++ {
			at := &t.nodes[n]
			if at.live() && at.state() != implied && !yield(Node(n), t.copyOf(Node(n))) {
				return
			}
		}
	}
}

// Parent is the folder that a path lies in; of Root itself, Root.
func (t *Tree) Parent(n Node) Node { return t.nodes[n].parent }

// Name is the last part of a path, as a slice of the tree.
func (t *Tree) Name(n Node) []byte {
	at := t.nodes[n].name
	length, w := binary.Uvarint(t.names[at:])
	from := int(at) + w
	return t.names[from : from+int(length)]
}

// Path writes a path without a leading slash.
func (t *Tree) Path(n Node) string {
	var parts [][]byte
	for ; n != Root; n = t.nodes[n].parent {
		parts = append(parts, t.Name(n))
	}
	var b []byte
	for _, part := range slices.Backward(parts) {
		if len(b) > 0 {
			b = append(b, '/')
		}
		b = append(b, part...)
	}
	return string(b)
}

// Lookup finds a path that holds something.
func (t *Tree) Lookup(path string) (Node, bool) {
	n, ok := t.lookup([]byte(path))
	return n, ok && t.nodes[n].live()
}

func (t *Tree) lookup(path []byte) (Node, bool) {
	var at cursor
	n, err := at.walk(path, t.known)
	return n, err == nil
}

// known finds what a folder holds, or held, under a name.
func (t *Tree) known(parent Node, name []byte) (Node, error) {
	if n := t.table[t.slot(parent, name)]; n != 0 {
		return Node(n), nil
	}
	return Root, fs.ErrNotExist
}

// cursor is a way down a tree. The next one begins where the two part, so that
// walking a list of paths costs what the list is long, however deep they are.
type cursor struct {
	path  []byte
	steps []cursorStep
}

type cursorStep struct {
	node Node
	end  int // in path, behind the name
}

// walk goes down to a path, from folder to folder as step finds them.
func (c *cursor) walk(path []byte, step func(Node, []byte) (Node, error)) (Node, error) {
	common := 0
	for common < len(path) && common < len(c.path) && path[common] == c.path[common] {
		common++
	}
	keep := len(c.steps)
	for keep > 0 {
		if end := c.steps[keep-1].end; end <= common && (end == len(path) || path[end] == '/') {
			break
		}
		keep--
	}
	c.path, c.steps = append(c.path[:common], path[common:]...), c.steps[:keep]
	n, from := Root, 0
	if keep > 0 {
		n, from = c.steps[keep-1].node, c.steps[keep-1].end
	}
	for from < len(path) {
		if path[from] == '/' {
			from++
			continue
		}
		end := len(path)
		if i := bytes.IndexByte(path[from:], '/'); i >= 0 {
			end = from + i
		}
		var err error
		if n, err = step(n, path[from:end]); err != nil {
			return Root, err
		}
		c.steps = append(c.steps, cursorStep{n, end})
		from = end
	}
	return n, nil
}

// child finds or makes what a folder holds under a name.
func (t *Tree) child(parent Node, name []byte) (Node, error) {
	slot := t.slot(parent, name)
	if n := t.table[slot]; n != 0 {
		return Node(n), nil
	}
	if len(t.nodes) >= t.limit || len(t.names)+len(name) > maxTreeNames {
		return Root, ErrTooManyFiles
	}
	n := Node(len(t.nodes))
	above := &t.nodes[parent]
	t.nodes = append(t.nodes, node{parent: parent, sibling: above.child, name: uint32(len(t.names))})
	t.nodes[parent].child = n
	t.names = append(binary.AppendUvarint(t.names, uint64(len(name))), name...)
	t.table[slot] = uint32(n)
	if 4*len(t.nodes) > 3*len(t.table) {
		t.resize(2 * len(t.nodes))
	}
	return n, nil
}

// slot is where in the table a name of a folder is or belongs.
func (t *Tree) slot(parent Node, name []byte) int {
	mask := len(t.table) - 1
	h := maphash.Bytes(t.seed, name) ^ uint64(parent)*0x9e3779b97f4a7c15
	for i := int(h^h>>32) & mask; ; i = (i + 1) & mask {
		n := t.table[i]
		if n == 0 || t.nodes[n].parent == parent && string(t.Name(Node(n))) == string(name) {
			return i
		}
	}
}

// resize makes the table anew with room for so many nodes.
func (t *Tree) resize(nodes int) {
	size := 64
	for 2*size < 3*nodes {
		size *= 2
	}
	t.table = make([]uint32, size)
	for n := 1; n < len(t.nodes); n++ {
		t.table[t.slot(t.nodes[n].parent, t.Name(Node(n)))] = uint32(n)
	}
}

// Against yields how a tree differs from another: what it holds and the other
// does not, what both hold and differs (Changed) and, of files, what is the same
// (Rewritten), and last what only the other holds (Removed).
func (t *Tree) Against(before *Tree, see func(FileChange)) {
	peers := make([]Node, len(t.nodes))
	matched := make([]uint64, len(before.nodes)/64+1)
	for i := 1; i < len(t.nodes); i++ {
		n, at := Node(i), &t.nodes[i]
		peer := Root
		if above := peers[at.parent]; above != Root || at.parent == Root {
			peer = Node(before.table[before.slot(above, t.Name(n))])
		}
		peers[i] = peer
		if !at.live() || at.state() == implied {
			continue
		}
		c := FileChange{Kind: Added, Node: n, After: t.copyOf(n)}
		if other := &before.nodes[peer]; peer != Root && other.live() && other.state() != implied {
			matched[peer/64] |= 1 << (peer % 64)
			c.Before = before.copyOf(peer)
			c.Kind = Changed
			if c.After.SameContent(&c.Before) && c.After.Mode == c.Before.Mode {
				c.Kind = Rewritten
			}
		}
		see(c)
	}
	for n, c := range before.Files() {
		if matched[n/64]&(1<<(n%64)) == 0 {
			see(FileChange{Kind: Removed, Node: n, Before: c})
		}
	}
}

// split cuts a path into its folder and its name.
func split(path []byte) (folder, name []byte) {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return path[:i], path[i+1:]
		}
	}
	return nil, path
}
