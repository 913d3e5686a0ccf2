package content

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"plimsoll/internal/secret"
)

// An SQLite database is searched as it is written and, besides, its rows are: the
// columns of a row follow one another without anything between them, so that a
// token may stand directly behind the word that names it, as the middle of a longer
// one. Format: https://www.sqlite.org/fileformat2.html.

const (
	sqliteMagic     = "SQLite format 3\x00"
	sqliteHeader    = 100
	sqliteTableLeaf = 13
	// maxColumns is how many columns of a row are told apart.
	maxColumns = 256
)

// sqliteRows gives the columns of every row to a search, each as a line, and reads
// r to its end. What of a row lies on other pages is searched as it is written only.
func (s *subject) sqliteRows(r io.Reader, rows *scan) error {
	var head [sqliteHeader]byte
	if _, err := fill(r, head[:]); err != nil {
		return err
	}
	size := int(binary.BigEndian.Uint16(head[16:]))
	if size == 1 {
		size = 1 << 16
	}
	if size >= 512 && size&(size-1) == 0 {
		page := make([]byte, size)
		copy(page, head[:])
		for filled := sqliteHeader; s.ctx.Err() == nil; filled = 0 {
			if _, err := fill(r, page[filled:]); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			sqliteLeaf(page[:size-int(head[20])], filled, rows)
		}
	}
	_, err := io.Copy(io.Discard, r)
	return err
}

// finishRows takes what was found in rows into evidence, but for what was found in
// the file as it is written, whose secrets stand in the list from first on.
func (x *scan) finishRows(first int) {
	s := x.s
	plain := len(s.out.Secrets)
	type value struct {
		rule string
		mark uint16
	}
	known := map[value]bool{}
	for _, f := range s.out.Secrets[first:] {
		known[value{f.Rule, f.Mark}] = true
	}
	x.step(true)
	if x.search == nil {
		return
	}
	hits := slices.DeleteFunc(x.search.Hits(), func(h secret.Hit) bool {
		f := h.Secret()
		return known[value{f.Rule, f.Mark}]
	})
	s.secrets(x.w, hits, x.search.Cut(), &hidden{}, func(int64) int { return 0 })
	for n := plain; n < len(s.out.Secrets); n++ {
		// It is one in what was put together, not in the file.
		s.out.Secrets[n].Offset = 0
	}
}

// sqliteLeaf writes the columns of the rows of a page whose header stands at a place.
func sqliteLeaf(page []byte, at int, to io.Writer) {
	if at+8 > len(page) || page[at] != sqliteTableLeaf {
		return
	}
	cells := int(binary.BigEndian.Uint16(page[at+3:]))
	pointers := page[at+8:]
	// Cells that overlap would be many times the page.
	budget := len(page)
	for ; cells > 0 && len(pointers) >= 2; cells-- {
		cell := int(binary.BigEndian.Uint16(pointers))
		pointers = pointers[2:]
		if cell >= len(page) {
			continue
		}
		if budget -= sqliteCell(page[cell:], to); budget < 0 {
			return
		}
	}
}

// sqliteCell writes the columns of one row, and returns how many bytes they take.
func sqliteCell(b []byte, to io.Writer) (length int) {
	payload, n := sqliteVarint(b)
	b = b[n:]
	_, n = sqliteVarint(b)
	b = b[n:]
	b = b[:min(uint64(len(b)), payload)]
	size, n := sqliteVarint(b)
	if size > uint64(len(b)) || size < uint64(n) {
		return 1
	}
	types, values := b[n:size], b[size:]
	for k := 0; len(types) > 0 && len(values) > 0 && k < maxColumns; k++ {
		kind, n := sqliteVarint(types)
		types = types[n:]
		width := min(sqliteWidth(kind), uint64(len(values)))
		if kind >= 12 && width > 0 {
			to.Write(values[:width])
			to.Write([]byte{'\n'})
		}
		values, length = values[width:], length+int(width)
	}
	return length + 1
}

// sqliteWidth is how many bytes a value of a serial type takes.
func sqliteWidth(kind uint64) uint64 {
	switch {
	case kind >= 12:
		return (kind - 12) / 2
	case kind < 8:
		return [...]uint64{0, 1, 2, 3, 4, 6, 8, 8}[kind]
	}
	return 0
}

// sqliteVarint reads a number of one to nine bytes, the high ones first, and
// returns how many they are.
func sqliteVarint(b []byte) (v uint64, n int) {
	for n < len(b) && n < 9 {
		c := b[n]
		n++
		if n == 9 {
			return v<<8 | uint64(c), n
		}
		if v = v<<7 | uint64(c&0x7f); c < 0x80 {
			break
		}
	}
	return v, n
}

// isSQLite tells a database from its first bytes.
func isSQLite(b []byte) bool { return bytes.HasPrefix(b, []byte(sqliteMagic)) }
