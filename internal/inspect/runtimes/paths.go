package runtimes

import (
	"path"
	"strings"
)

// pathIndex finds the rows for a path in two table look-ups on its last segment.
type pathIndex struct {
	rows []classifier
	// exact maps a last segment without wildcard to globs; wild holds the
	// others by the first byte of their last segment.
	exact map[string][]rowGlob
	wild  [256][]rowGlob
}

// rowGlob is one glob of one row.
type rowGlob struct {
	row  int
	glob string
	// base is the glob's last segment, prefix what precedes its first wildcard.
	base, prefix string
	segments     int
}

func newPathIndex(rows []classifier) pathIndex {
	ix := pathIndex{rows: rows, exact: map[string][]rowGlob{}}
	for i := range rows {
		for _, glob := range rows[i].globs {
			ix.add(i, glob)
		}
	}
	return ix
}

func (ix *pathIndex) add(row int, glob string) {
	base := path.Base(glob)
	g := rowGlob{row: row, glob: glob, base: base, segments: strings.Count(glob, "/") + 1}
	literal := strings.ReplaceAll(base, `\[`, "\x00")
	wildcard := strings.IndexAny(literal, "*?[")
	if wildcard < 0 {
		base = strings.ReplaceAll(literal, "\x00", "[")
		ix.exact[base] = append(ix.exact[base], g)
		return
	}
	g.prefix = base[:wildcard]
	ix.wild[base[0]] = append(ix.wild[base[0]], g)
}

func (ix *pathIndex) matches(p string) bool {
	found := false
	ix.each(p, func(int) bool { found = true; return false })
	return found
}

// lookup returns the rows for a path in the table's order.
func (ix *pathIndex) lookup(p string) []*classifier {
	hit := make([]bool, len(ix.rows))
	ix.each(p, func(row int) bool { hit[row] = true; return true })
	var rows []*classifier
	for i, ok := range hit {
		if ok {
			rows = append(rows, &ix.rows[i])
		}
	}
	return rows
}

// each calls yield with every row whose glob matches until it returns false. A
// row may come twice.
func (ix *pathIndex) each(p string, yield func(row int) bool) {
	base := p[strings.LastIndexByte(p, '/')+1:]
	if base == "" {
		return
	}
	for _, g := range ix.exact[base] {
		if g.matchesTail(p) && !yield(g.row) {
			return
		}
	}
	for _, g := range ix.wild[base[0]] {
		if !strings.HasPrefix(base, g.prefix) {
			continue
		}
		if ok, err := path.Match(g.base, base); err != nil || !ok {
			continue
		}
		if g.matchesTail(p) && !yield(g.row) {
			return
		}
	}
}

// matchesTail holds the whole glob against as many trailing segments.
func (g *rowGlob) matchesTail(p string) bool {
	if g.segments == 1 {
		return true
	}
	start := len(p)
	for n := 0; n < g.segments; n++ {
		if start == 0 {
			return false
		}
		start = strings.LastIndexByte(p[:start-1], '/') + 1
		if n < g.segments-1 && start == 0 {
			return false
		}
	}
	ok, err := path.Match(g.glob, p[start:])
	return err == nil && ok
}
