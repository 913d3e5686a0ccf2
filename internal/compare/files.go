package compare

import (
	"cmp"
	"fmt"
	"slices"

	"plimsoll/internal/account"
	"plimsoll/internal/evidence"
	"plimsoll/internal/verdict"
)

const (
	// MaxFiles bounds the files that are listed where all are asked for.
	MaxFiles = 200_000
	// FewFiles is how many of each change are listed otherwise.
	FewFiles = 10
)

// Files is how the files, links and devices of the final images differ; of
// folders only the modes are compared. Owners and times are not.
type Files struct {
	// Compared is false where an image has more files than are compared.
	Compared bool  `json:"compared"`
	Added    Tally `json:"added"`
	Removed  Tally `json:"removed"`
	// Changed counts what differs in anything, Bytes as it is after; what
	// differs in several ways counts in each of the four.
	Changed Tally `json:"changed"`
	Content int   `json:"content"`
	Mode    int   `json:"mode"`
	Type    int   `json:"type"`
	Link    int   `json:"link"`
	Same    Tally `json:"same"`
	// Listed are sorted by path; LeftOut counts those that are not listed.
	Listed  []File `json:"listed"`
	LeftOut int    `json:"leftOut,omitempty"`
}

func (f *Files) differ() int {
	n := f.Added.Files + f.Removed.Files + f.Changed.Files
	if !f.Compared {
		n++
	}
	return n
}

// File is one that differs.
type File struct {
	Path   string `json:"path"`
	Change Change `json:"change"`
	// What differs: content, mode, type, link. Empty unless changed.
	What   []string `json:"what,omitempty"`
	Before *State   `json:"before,omitempty"`
	After  *State   `json:"after,omitempty"`
}

// State is a file as one image has it.
type State struct {
	// Type is file, folder, link (symbolic) or device.
	Type string `json:"type"`
	Mode string `json:"mode"`
	Size int64  `json:"size"`
}

func stateOf(c *evidence.Copy) *State {
	s := &State{Type: "file", Mode: account.LSMode(c.Mode), Size: c.Size}
	switch c.Type {
	case evidence.Directory:
		s.Type = "folder"
	case evidence.Symlink:
		s.Type = "link"
	case evidence.Device:
		s.Type = "device"
	}
	return s
}

// files lays the layers of both over one another and compares what comes out.
func (d *Difference) files(before, after *Side, opt Options) {
	old, oldErr := before.tree()
	now, nowErr := after.tree()
	d.Files.Listed = []File{}
	for side, err := range map[string]error{"before": oldErr, "after": nowErr} {
		if err != nil {
			d.Skipped = append(d.Skipped, Skipped{side, verdict.Skipped{
				Problem: evidence.Problem{Reason: err.Error() + "; files were not compared", Incomplete: true},
			}})
		}
	}
	if oldErr != nil || nowErr != nil {
		slices.SortFunc(d.Skipped, func(a, b Skipped) int { return cmp.Compare(b.Side, a.Side) })
		return
	}
	d.Before.Files, d.After.Files = tallyOf(old), tallyOf(now)
	f := &d.Files
	f.Compared = true
	pick := &picks{all: opt.Files}
	now.Against(old, func(c evidence.FileChange) {
		if f.count(&c) {
			pick.add(&c)
		}
	})
	for _, c := range pick.list() {
		file := File{Change: Changed, What: what(&c)}
		in := now
		switch c.Kind {
		case evidence.Added:
			file.Change, file.What = Added, nil
		case evidence.Removed:
			file.Change, file.What, in = Removed, nil, old
		}
		file.Path = in.Path(c.Node)
		if c.Kind != evidence.Added {
			file.Before = stateOf(&c.Before)
		}
		if c.Kind != evidence.Removed {
			file.After = stateOf(&c.After)
		}
		f.Listed = append(f.Listed, file)
	}
	slices.SortFunc(f.Listed, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	f.LeftOut = f.Added.Files + f.Removed.Files + f.Changed.Files - len(f.Listed)
}

func (s *Side) tree() (*evidence.Tree, error) {
	t := evidence.NewTree(s.Layers)
	for i, l := range s.Layers {
		if err := t.Apply(&l.Files, i, func(evidence.FileChange) {}); err != nil {
			return nil, fmt.Errorf("layer %d: %w", i, err)
		}
	}
	return t, nil
}

func tallyOf(t *evidence.Tree) Tally {
	var sum Tally
	for _, c := range t.Files() {
		if !c.Folder() {
			sum.Files++
			sum.Bytes += c.Bytes()
		}
	}
	return sum
}

// count takes a change in and reports whether it is one to list.
func (f *Files) count(c *evidence.FileChange) bool {
	folder := (c.Kind == evidence.Added || c.Before.Folder()) && (c.Kind == evidence.Removed || c.After.Folder())
	into, bytes := &f.Changed, c.After.Bytes()
	switch c.Kind {
	case evidence.Added:
		into = &f.Added
	case evidence.Removed:
		into, bytes = &f.Removed, c.Before.Bytes()
	case evidence.Rewritten:
		into = &f.Same
	case evidence.Changed:
		for _, w := range what(c) {
			switch w {
			case "content":
				f.Content++
			case "mode":
				f.Mode++
			case "type":
				f.Type++
			case "link":
				f.Link++
			}
		}
	}
	if folder && c.Kind != evidence.Changed {
		return false
	}
	into.Files++
	into.Bytes += bytes
	return c.Kind != evidence.Rewritten
}

// what differs between the two copies of a changed file.
func what(c *evidence.FileChange) []string {
	var w []string
	kind := func(t evidence.EntryType) evidence.EntryType {
		if t == evidence.Hardlink {
			return evidence.Regular
		}
		return t
	}
	if kind(c.Before.Type) != kind(c.After.Type) {
		return []string{"type"}
	}
	if !c.After.SameContent(&c.Before) {
		if c.After.Type == evidence.Symlink {
			w = append(w, "link")
		} else {
			w = append(w, "content")
		}
	}
	if c.Before.Mode != c.After.Mode {
		w = append(w, "mode")
	}
	return w
}

// picks keeps the changes to list: all of them, or the largest of each kind.
type picks struct {
	all  bool
	kept [4][]evidence.FileChange
	n    int
}

func weightOf(c *evidence.FileChange) int64 { return max(c.After.Bytes(), c.Before.Bytes()) }

func (p *picks) add(c *evidence.FileChange) {
	list := &p.kept[c.Kind]
	if p.all {
		if p.n < MaxFiles {
			*list = append(*list, *c)
			p.n++
		}
		return
	}
	at, _ := slices.BinarySearchFunc(*list, c, func(x evidence.FileChange, c *evidence.FileChange) int {
		if weightOf(&x) >= weightOf(c) {
			return -1
		}
		return 1
	})
	if at >= FewFiles {
		return
	}
	*list = slices.Insert(*list, at, *c)
	if len(*list) > FewFiles {
		*list = (*list)[:FewFiles]
	}
}

func (p *picks) list() []evidence.FileChange {
	return slices.Concat(p.kept[:]...)
}
