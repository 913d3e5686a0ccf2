package history

import (
	"cmp"
	"io/fs"
	"slices"

	"plimsoll/internal/account"
	"plimsoll/internal/compare"
	"plimsoll/internal/evidence"
)

// Row is a file of a layer's tree of changes, or a folder with all below it.
type Row struct {
	// Path is relative to the image's root; a folder's ends in a slash.
	Path string `json:"path"`
	// Depth counts the rows of folders above this one.
	Depth int `json:"depth"`
	// Change is a file's: added, changed, rewritten or removed; empty for a folder.
	Change compare.Change `json:"change,omitempty"`
	// Mode is a file's in the form of ls, as it is now, else as it was.
	Mode string `json:"mode,omitempty"`
	// Bytes is what the row weighs: the content of what is there now, and of
	// what was deleted. Before is the size of a file that was there before.
	Bytes  int64 `json:"bytes"`
	Before int64 `json:"before,omitempty"`
	// Added, Changed, Rewritten and Removed count the files below a folder.
	Added     int `json:"added,omitempty"`
	Changed   int `json:"changed,omitempty"`
	Rewritten int `json:"rewritten,omitempty"`
	Removed   int `json:"removed,omitempty"`
}

// Rewritten is the change of a file that is in a layer again as it was.
const Rewritten compare.Change = "rewritten"

// rolled adds the changes of one layer up, folder by folder.
type rolled struct {
	tree    *evidence.Tree
	files   []change
	folders map[evidence.Node]*folder
}

// change is a file's in a form of 32 bytes: a layer may hold millions.
type change struct {
	node       evidence.Node
	kind       evidence.ChangeKind
	mode       uint32
	bytes, was int64
}

type folder struct {
	bytes int64
	kinds [4]int
	// children counts files and folders in it that changed.
	children int
}

func newRolled(tree *evidence.Tree) *rolled {
	return &rolled{tree: tree, folders: map[evidence.Node]*folder{}}
}

func (r *rolled) add(c *evidence.FileChange) {
	f := change{node: c.Node, kind: c.Kind, bytes: c.After.Bytes(), was: c.Before.Bytes(), mode: uint32(c.After.Mode)}
	if c.Kind == evidence.Removed {
		f.bytes, f.mode = f.was, uint32(c.Before.Mode)
	}
	r.files = append(r.files, f)
	met := false // the folder above is known, and so is it as a child of those above
	for n := c.Node; n != evidence.Root; {
		n = r.tree.Parent(n)
		at := r.folders[n]
		if at == nil {
			at = &folder{}
			r.folders[n] = at
			at.children++
		} else if !met {
			at.children++
			met = true
		}
		at.bytes += f.bytes
		at.kinds[f.kind]++
	}
}

// rows picks the heaviest: since a folder is never lighter than what is in it,
// the heaviest of all paths make a tree. A folder with one thing in it gets no
// row of its own.
func (r *rolled) rows(most int, byPath bool) (rows []Row, leftOut int) {
	if most <= 0 || most > MaxRows {
		most = MaxRows
	}
	type pick struct {
		node  evidence.Node
		bytes int64
		count int
		file  int // in files, -1 for a folder
	}
	picks := make([]pick, 0, len(r.files)+len(r.folders))
	for i := range r.files {
		picks = append(picks, pick{r.files[i].node, r.files[i].bytes, 1, i})
	}
	for n, f := range r.folders {
		if n != evidence.Root && f.children > 1 {
			picks = append(picks, pick{n, f.bytes, f.kinds[0] + f.kinds[1] + f.kinds[2] + f.kinds[3], -1})
		}
	}
	slices.SortFunc(picks, func(a, b pick) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(b.count, a.count), cmp.Compare(a.file, b.file), cmp.Compare(a.node, b.node))
	})
	if len(picks) > most {
		for _, p := range picks[most:] {
			if p.file >= 0 {
				leftOut++
			}
		}
		picks = picks[:most]
	}
	// What is picked is ordered as a tree; the order among siblings is the picks'.
	shown := map[evidence.Node]bool{evidence.Root: true}
	for _, p := range picks {
		if p.file < 0 {
			shown[p.node] = true
		}
	}
	children := map[evidence.Node][]pick{}
	for _, p := range picks {
		above := r.tree.Parent(p.node)
		for !shown[above] {
			above = r.tree.Parent(above)
		}
		children[above] = append(children[above], p)
	}
	type level struct {
		node  evidence.Node
		depth int
	}
	var walk func(at level)
	walk = func(at level) {
		list := children[at.node]
		paths := make([]string, len(list))
		order := make([]int, len(list))
		for i := range list {
			paths[i], order[i] = r.tree.Path(list[i].node), i
		}
		if byPath {
			slices.SortFunc(order, func(a, b int) int { return cmp.Compare(paths[a], paths[b]) })
		}
		for _, i := range order {
			p := list[i]
			if p.file < 0 {
				rows = append(rows, folderRow(paths[i], at.depth, r.folders[p.node]))
				walk(level{p.node, at.depth + 1})
			} else {
				rows = append(rows, fileRow(paths[i], at.depth, &r.files[p.file]))
			}
		}
	}
	walk(level{evidence.Root, 0})
	return rows, leftOut
}

func folderRow(path string, depth int, f *folder) Row {
	return Row{
		Path: path + "/", Depth: depth, Bytes: f.bytes,
		Added: f.kinds[evidence.Added], Changed: f.kinds[evidence.Changed],
		Rewritten: f.kinds[evidence.Rewritten], Removed: f.kinds[evidence.Removed],
	}
}

func fileRow(path string, depth int, f *change) Row {
	return Row{Path: path, Depth: depth, Change: fileChange(f.kind), Mode: account.LSMode(fs.FileMode(f.mode)), Bytes: f.bytes, Before: f.was}
}

func fileChange(k evidence.ChangeKind) compare.Change {
	switch k {
	case evidence.Added:
		return compare.Added
	case evidence.Changed:
		return compare.Changed
	case evidence.Rewritten:
		return Rewritten
	}
	return compare.Removed
}
