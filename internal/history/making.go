package history

import (
	"cmp"
	"io/fs"
	"slices"

	"plimsoll/internal/account"
	"plimsoll/internal/compare"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// making is a history on its way.
type making struct {
	Input
	Options
	history *History
	// layers are those of the lines, base first; of is the line of each.
	layers []*Layer
	of     []int
	sum    Totals
}

// layOut makes the lines and gives each its layer.
func (m *making) layOut() {
	told := 0
	for _, h := range m.History {
		if !h.Empty {
			told++
		}
	}
	h := m.history
	h.Aligned = told == len(m.Layers)
	next := 0
	for i, line := range m.Lines {
		l := Line{Index: i, CreatedBy: line.CreatedBy, Created: m.History[i].Created, Comment: m.History[i].Comment}
		if y := l.Created.Year(); y < 0 || y > 9999 {
			l.Created = l.Created.AddDate(-y, 0, 0) // an image may claim a year that JSON can't hold
		}
		if h.Aligned && !m.History[i].Empty {
			m.of = append(m.of, len(h.Lines))
			next++
		}
		h.Lines = append(h.Lines, l)
	}
	for ; next < len(m.Layers); next++ {
		m.of = append(m.of, len(h.Lines))
		h.Lines = append(h.Lines, Line{Index: -1})
	}
	m.sum.Stored = 0
	for i, l := range m.Layers {
		layer := &Layer{
			Index: i, DiffID: m.Refs[i].DiffID, Size: l.Size, Stored: m.Stored[i],
			Packages: []compare.Package{}, Executables: Executables{ByStatus: map[account.Status]int{}},
		}
		if i < len(m.Image.Layers) {
			layer.Digest = m.Image.Layers[i].Digest
		}
		m.layers = append(m.layers, layer)
		h.Lines[m.of[i]].Layer = layer
		m.sum.Size += l.Size
		if m.sum.Stored += m.Stored[i]; m.Stored[i] < 0 || m.sum.Stored < 0 {
			m.sum.Stored = -1 << 62
		}
	}
	m.sum.Stored = max(m.sum.Stored, -1)
}

// files lays the layers over one another.
func (m *making) files() {
	tree := evidence.NewTree(m.Layers)
	for i, l := range m.Layers {
		at := m.layers[i]
		buried := map[int]*Buried{}
		var rows *rolled
		if m.Tree {
			rows = newRolled(tree)
		}
		err := tree.Apply(&l.Files, i, func(c evidence.FileChange) {
			if notAFile(&c) {
				return
			}
			m.file(at, buried, &c, tree)
			if rows != nil {
				rows.add(&c)
			}
		})
		if err != nil {
			m.history.Complete = false
			m.history.Skipped = append(m.history.Skipped, verdict.Skipped{
				Layer: i, Problem: evidence.Problem{Reason: err.Error() + "; what this layer and those above it did to files is not told", Incomplete: true},
			})
			return
		}
		for _, b := range buried {
			at.Unreclaimed = append(at.Unreclaimed, *b)
		}
		slices.SortFunc(at.Unreclaimed, func(a, b Buried) int {
			return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Layer, b.Layer))
		})
		slices.SortFunc(at.Privileged, func(a, b Privileged) int { return cmp.Compare(a.Path, b.Path) })
		if rows != nil {
			at.Tree, at.LeftOut = rows.rows(m.Rows, m.ByPath)
		}
	}
	for _, c := range tree.Files() {
		if !c.Folder() {
			m.sum.Final.add(c.Bytes())
		}
	}
}

// notAFile leaves out folders that stay folders, come or go.
func notAFile(c *evidence.FileChange) bool {
	return (c.Kind == evidence.Added || c.Before.Folder()) && (c.Kind == evidence.Removed || c.After.Folder())
}

// file counts one change.
func (m *making) file(at *Layer, buried map[int]*Buried, c *evidence.FileChange, tree *evidence.Tree) {
	now, was := c.After.Bytes(), c.Before.Bytes()
	switch c.Kind {
	case evidence.Added:
		at.Files.Added.add(now)
	case evidence.Changed:
		at.Files.Changed.add(now)
	case evidence.Rewritten:
		at.Files.Rewritten.add(now)
		m.sum.Again.add(was)
	case evidence.Removed:
		at.Files.Deleted.add(was)
	}
	if c.Kind != evidence.Removed {
		m.sum.Shipped.add(now)
		m.privileged(at, c, tree)
	}
	if c.Kind == evidence.Added || c.Before.Folder() {
		return
	}
	lower := c.Before.Layer
	if buried[lower] == nil {
		buried[lower] = &Buried{Layer: lower}
	}
	buried[lower].add(was)
	m.layers[lower].Superseded.add(was)
	if c.Kind == evidence.Removed {
		m.sum.Deleted.add(was)
	} else {
		m.sum.Overwritten.add(was)
	}
}

// privileged notes files that are setuid or setgid and were not the same before.
func (m *making) privileged(at *Layer, c *evidence.FileChange, tree *evidence.Tree) {
	const bits = fs.ModeSetuid | fs.ModeSetgid
	after := &c.After
	if after.Mode&bits == 0 || (after.Type != evidence.Regular && after.Type != evidence.Hardlink) || c.Kind == evidence.Rewritten {
		return
	}
	if len(at.Privileged) >= listed {
		return
	}
	p := Privileged{Path: tree.Path(c.Node), Mode: account.LSMode(after.Mode), Change: compare.Added}
	if c.Kind == evidence.Changed {
		p.Change = compare.Changed
	}
	at.Privileged = append(at.Privileged, p)
}

// packages adds what each layer did to packages. Where the record of a package
// went and its files are still there, that is said.
func (m *making) packages() {
	type known struct{ typ, name, version string }
	ghosts := map[known]bool{}
	for i := range m.Merged.Inventory.Packages {
		if p := &m.Merged.Inventory.Packages[i]; p.Liveness == inventory.Ghost {
			ghosts[known{p.Type, p.FullName(), p.Version}] = true
		}
	}
	for i, changes := range evidence.PackageChanges(m.Layers) {
		packages := compare.Packages(changes, m.Order)
		for n := range packages {
			if p := &packages[n]; p.Change == compare.Removed && ghosts[known{p.Type, p.Name, p.Before}] {
				p.Change = compare.Unrecorded
			}
		}
		m.layers[i].Packages = packages
	}
}

// findings sorts what was found to the lines. What stands in the environment
// and in the line that set it belongs to the line.
func (m *making) findings() {
	const nowhere = -1
	type value struct {
		rule, redacted string
		mark           uint16
	}
	setBy := map[value]int{}
	line := func(path string, p evidence.Place) int {
		if n, ok := evidence.HistoryLine(path); ok && n < len(m.Lines) {
			return n
		}
		if p.Layer.Index >= 0 && p.Layer.Index < len(m.of) {
			return m.of[p.Layer.Index]
		}
		return nowhere
	}
	secrets, planted := map[int][]evidence.PlacedSecret{}, map[int][]evidence.PlacedCode{}
	for _, s := range m.Merged.Secrets {
		if n, ok := evidence.HistoryLine(s.Path); ok && n < len(m.Lines) {
			setBy[value{s.Rule, s.Redacted, s.Mark}] = n
		}
	}
	for _, s := range m.Merged.Secrets {
		n := line(s.Path, s.Place)
		if by, ok := setBy[value{s.Rule, s.Redacted, s.Mark}]; ok && n == nowhere {
			n = by
		}
		secrets[n] = append(secrets[n], s)
	}
	for _, p := range m.Merged.Planted {
		n := line(p.Path, p.Place)
		planted[n] = append(planted[n], p)
	}
	altered := map[int][]triage.Finding{}
	for _, f := range triage.Altered(m.Account) {
		if f.Origin.Index >= 0 && f.Origin.Index < len(m.of) {
			n := m.of[f.Origin.Index]
			altered[n] = append(altered[n], f)
		}
	}
	of := func(n int) []triage.Finding {
		found := slices.Concat(triage.Secrets(secrets[n], m.Publishers), triage.Planted(planted[n], m.Publishers), altered[n])
		triage.Sort(found)
		return found
	}
	for n := range m.history.Lines {
		m.history.Lines[n].Findings = of(n)
	}
	m.history.Configuration = of(nowhere)
}

// executables counts each layer's.
func (m *making) executables() {
	for i := range m.Account.Entries {
		e := &m.Account.Entries[i]
		if e.Layer.Index < 0 || e.Layer.Index >= len(m.layers) {
			continue
		}
		x := &m.layers[e.Layer.Index].Executables
		x.Total++
		x.ByStatus[e.Status]++
		if (e.Status == account.Altered && !e.Configuration || e.Status == account.Unaccounted) && len(x.Open) < listed {
			x.Open = append(x.Open, Executable{Path: e.Path, Status: e.Status, SHA256: e.SHA256, Owner: e.Owner, Liveness: e.Liveness, Risks: e.Risks})
		}
	}
}

func (m *making) totals() Totals {
	t := m.sum
	t.Efficiency = 1
	if t.Shipped.Bytes > 0 {
		t.Efficiency = float64(t.Final.Bytes) / float64(t.Shipped.Bytes)
	}
	return t
}
