package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"plimsoll/internal/account"
	"plimsoll/internal/inventory"
)

// branch is a folder of one layer with the executables below it.
type branch struct {
	// name is relative to the branch above, with the folders between that hold
	// nothing else.
	name     string
	branches []*branch
	entries  []*account.Entry
	// byStatus counts everything below.
	byStatus map[account.Status]int
}

// accountTree lists the executables under the layer that wrote them, folder by
// folder. Folders further down that are in order are summed up; All names each file.
func (p *page) accountTree(a *Accounted, opt Options) {
	layers := map[int][]*account.Entry{}
	for i := range a.Account.Entries {
		e := &a.Account.Entries[i]
		layers[e.Layer.Index] = append(layers[e.Layer.Index], e)
	}
	for i := range a.Image.Layers {
		list := layers[i]
		p.section(fmt.Sprintf("layer %d", i), cmp.Or(history(a.Image.Layers[i].CreatedBy), "history does not tell of it"))
		if len(list) == 0 {
			p.line(p.indent(gutter), span{"no executables", p.styles.faint})
			continue
		}
		root := treeOf(list)
		lists := func(e *account.Entry) bool {
			// A step that added few in the open has them named; of one that added
			// many the number tells.
			return opt.All || e.Status.Open() && (e.Status != account.Built || len(e.Risks) > 0 || root.byStatus[account.Built] <= openRows)
		}
		for _, b := range root.branches {
			p.accountBranch(b, 0, 0, lists)
		}
		p.accountLeaves(root, 0, lists)
	}
}

// treeOf makes the tree of entries.
func treeOf(list []*account.Entry) *branch {
	slices.SortStableFunc(list, func(x, y *account.Entry) int { return cmp.Compare(x.Path, y.Path) })
	root := &branch{byStatus: map[account.Status]int{}}
	for _, e := range list {
		at := root
		at.byStatus[e.Status]++
		for rest := e.Path; ; {
			name, below, deeper := strings.Cut(rest, "/")
			if !deeper {
				at.entries = append(at.entries, e)
				break
			}
			// Sorted paths put all that a folder holds side by side.
			last := len(at.branches) - 1
			if last < 0 || at.branches[last].name != name {
				at.branches = append(at.branches, &branch{name: name, byStatus: map[account.Status]int{}})
				last++
			}
			at, rest = at.branches[last], below
			at.byStatus[e.Status]++
		}
	}
	for _, b := range root.branches {
		b.join()
	}
	return root
}

// join puts folders that hold nothing but one folder together with it.
func (b *branch) join() {
	for len(b.branches) == 1 && len(b.entries) == 0 {
		only := b.branches[0]
		b.name, b.branches, b.entries = b.name+"/"+only.name, only.branches, only.entries
	}
	for _, below := range b.branches {
		below.join()
	}
}

// has reports whether anything below is listed by itself.
func (b *branch) has(lists func(*account.Entry) bool) bool {
	return slices.ContainsFunc(b.entries, lists) || slices.ContainsFunc(b.branches, func(below *branch) bool { return below.has(lists) })
}

// wholeDepth is how deep the tree shows folders of which nothing is listed.
const wholeDepth = 2

func (p *page) accountBranch(b *branch, indent, depth int, lists func(*account.Entry) bool) {
	name := b.name + "/"
	if depth == 0 {
		name = "/" + name
	}
	var parts []string
	for _, s := range statusOrder {
		if n := b.byStatus[s]; n > 0 {
			parts = append(parts, number(n)+" "+s.Words())
		}
	}
	p.line(p.indent(gutter*(indent+1)), span{name, p.styles.number}, span{"  " + strings.Join(parts, ", "), p.styles.faint})
	depth += strings.Count(b.name, "/") + 1
	if depth >= wholeDepth && !b.has(lists) {
		return
	}
	for _, below := range b.branches {
		p.accountBranch(below, indent+1, depth, lists)
	}
	p.accountLeaves(b, indent+1, lists)
}

func (p *page) accountLeaves(b *branch, indent int, lists func(*account.Entry) bool) {
	for _, e := range b.entries {
		if !lists(e) {
			continue
		}
		style := p.styles.plain
		if e.Status == account.Altered || e.Status == account.Unaccounted {
			style = p.styles.yellow
		}
		words := []string{string(e.Status)}
		if e.Liveness != inventory.Visible {
			words = append(words, strings.TrimPrefix(standing(e), fmt.Sprintf("in layer %d, ", e.Layer.Index)))
		}
		words = append(words, standsOut(e)...)
		if e.Owner != "" {
			words = append(words, e.Owner)
		}
		p.line(p.indent(gutter*(indent+1)), span{e.Path[strings.LastIndexByte(e.Path, '/')+1:], style}, span{"  " + strings.Join(words, ", "), p.styles.faint})
	}
}
