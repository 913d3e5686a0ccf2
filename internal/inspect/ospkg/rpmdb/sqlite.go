package rpmdb

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// The format is that of https://www.sqlite.org/fileformat2.html; section
// numbers below are that page's.

const (
	sqliteHeader    = 100
	sqliteMaxDepth  = 20
	pageInterior    = 0x05
	pageLeaf        = 0x0d
	sqlitePackages  = "Packages" // CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)
	serialBlobFirst = 12
)

func isSQLite(b []byte) bool { return bytes.HasPrefix(b, []byte("SQLite format 3\x00")) }

// sqliteFile is a database file in memory.
type sqliteFile struct {
	content []byte
	page    int // bytes in a page
	usable  int // of them, without the reserved end
	seen    []bool
}

func (r *reader) readSQLite(content []byte) error {
	if len(content) < sqliteHeader {
		return fmt.Errorf("%w: it ends inside the file header", ErrDamaged)
	}
	f := &sqliteFile{content: content, page: int(binary.BigEndian.Uint16(content[16:]))}
	if f.page == 1 {
		f.page = 65536
	}
	f.usable = f.page - int(content[20])
	if f.page < 512 || f.page&(f.page-1) != 0 || f.usable < 480 {
		return fmt.Errorf("%w: page size %d with %d bytes reserved", ErrDamaged, f.page, content[20])
	}
	f.seen = make([]bool, len(content)/f.page+1)
	root, found := uint32(0), false
	err := r.walkTable(f, 1, 0, func(_ uint64, payload []byte) bool {
		if name, page, ok := schemaTable(payload); ok && name == sqlitePackages {
			root, found = page, true
		}
		return !found
	})
	switch {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("%w: it has no table %s", ErrDamaged, sqlitePackages)
	}
	// The header counts pages, where the two counters agree (1.3.7); a file
	// cut short has fewer.
	counted := bytes.Equal(content[24:28], content[92:96])
	if pages := int64(binary.BigEndian.Uint32(content[28:])); counted && pages*int64(f.page) > int64(len(content)) {
		r.damage("it says it has %d pages of %d bytes and has %d bytes", pages, f.page, len(content))
	}
	if err := r.walkTable(f, root, 0, func(row uint64, payload []byte) bool {
		blob, ok := secondColumn(payload)
		if !ok {
			r.damage("row %d is not a header", row)
			return true
		}
		return r.yield("row", uint32(row), blob)
	}); err != nil {
		return err
	}
	return r.stop
}

// pageAt returns a page by its number, counted from 1; nil where there is none.
// The second use of a page is refused too, so that no walk is endless.
func (f *sqliteFile) pageAt(number uint32) []byte {
	start := (int64(number) - 1) * int64(f.page)
	if number == 0 || start+int64(f.page) > int64(len(f.content)) || f.seen[number-1] {
		return nil
	}
	f.seen[number-1] = true
	return f.content[start : start+int64(f.page)]
}

// walkTable calls each for the rows below a page of a table's b-tree (1.6).
// It returns an error only for damage to the root.
func (r *reader) walkTable(f *sqliteFile, number uint32, depth int, each func(row uint64, payload []byte) bool) error {
	page := f.pageAt(number)
	if page == nil || depth > sqliteMaxDepth {
		if depth == 0 {
			return fmt.Errorf("%w: page %d is missing", ErrDamaged, number)
		}
		r.damage("page %d is missing or used twice", number)
		return nil
	}
	head := page
	if number == 1 {
		head = page[sqliteHeader:]
	}
	cells := int(binary.BigEndian.Uint16(head[3:]))
	switch head[0] {
	case pageLeaf:
		pointers := head[8:]
		for i := range min(cells, len(pointers)/2) {
			if !r.readCell(f, page, int(binary.BigEndian.Uint16(pointers[2*i:])), each) {
				return nil
			}
		}
	case pageInterior:
		pointers := head[12:]
		for i := range min(cells, len(pointers)/2) {
			at := int(binary.BigEndian.Uint16(pointers[2*i:]))
			if at+4 > len(page) {
				r.damage("page %d points outside itself", number)
				continue
			}
			if err := r.walkTable(f, binary.BigEndian.Uint32(page[at:]), depth+1, each); err != nil || r.stop != nil {
				return err
			}
		}
		return r.walkTable(f, binary.BigEndian.Uint32(head[8:]), depth+1, each)
	default:
		if depth == 0 {
			return fmt.Errorf("%w: page %d is of no table", ErrDamaged, number)
		}
		r.damage("page %d is of no table", number)
	}
	return nil
}

// readCell hands on the row in a leaf's cell (1.6: payload length, row ID,
// payload, first overflow page).
func (r *reader) readCell(f *sqliteFile, page []byte, at int, each func(uint64, []byte) bool) bool {
	if at >= len(page) {
		r.damage("a cell lies outside its page")
		return true
	}
	cell := page[at:]
	length, n := sqliteVarint(cell)
	row, m := sqliteVarint(cell[n:])
	if n == 0 || m == 0 || length > uint64(len(f.content)) {
		r.damage("a cell claims %d bytes", length)
		return true
	}
	payload, ok := r.payload(f, cell[n+m:], int(length))
	if !ok {
		r.damage("row %d breaks off", row)
		return true
	}
	return each(row, payload)
}

// payload puts a row's payload together from its cell and overflow pages (1.6).
func (r *reader) payload(f *sqliteFile, cell []byte, length int) ([]byte, bool) {
	local := length
	if length > f.usable-35 {
		least := (f.usable-12)*32/255 - 23
		local = least + (length-least)%(f.usable-4)
		if local > f.usable-35 {
			local = least
		}
	}
	if local == length {
		if length > len(cell) {
			return nil, false
		}
		return cell[:length], true
	}
	if local+4 > len(cell) {
		return nil, false
	}
	buf := append(r.scratch[:0], cell[:local]...)
	for next := binary.BigEndian.Uint32(cell[local:]); len(buf) < length; {
		page := f.pageAt(next)
		if page == nil {
			return nil, false
		}
		next = binary.BigEndian.Uint32(page)
		buf = append(buf, page[4:4+min(f.usable-4, length-len(buf))]...)
	}
	r.scratch = buf
	return buf, true
}

// sqliteVarint reads a big-endian base-128 number of up to nine bytes (1.6);
// length 0 where b is too short.
func sqliteVarint(b []byte) (v uint64, length int) {
	for i := 0; i < len(b) && i < 9; i++ {
		if i == 8 {
			return v<<8 | uint64(b[i]), 9
		}
		v = v<<7 | uint64(b[i]&0x7f)
		if b[i]&0x80 == 0 {
			return v, i + 1
		}
	}
	return 0, 0
}

// columns yields the serial type and the bytes of a record's columns (2.1).
func columns(record []byte, each func(i int, serial uint64, value []byte) bool) {
	headerLen, n := sqliteVarint(record)
	if n == 0 || headerLen > uint64(len(record)) || headerLen < uint64(n) {
		return
	}
	header, body := record[n:headerLen], record[headerLen:]
	for i := 0; len(header) > 0; i++ {
		serial, n := sqliteVarint(header)
		if n == 0 {
			return
		}
		header = header[n:]
		size := serialSize(serial)
		if size > uint64(len(body)) || !each(i, serial, body[:size]) {
			return
		}
		body = body[size:]
	}
}

func serialSize(serial uint64) uint64 {
	switch {
	case serial >= serialBlobFirst:
		return (serial - serialBlobFirst) / 2
	case serial >= 1 && serial <= 4:
		return serial
	case serial == 5:
		return 6
	case serial == 6 || serial == 7:
		return 8
	}
	return 0
}

// schemaTable reads a row of sqlite_schema (2.6: type, name, tbl_name,
// rootpage, sql) that describes a table.
func schemaTable(record []byte) (name string, root uint32, ok bool) {
	columns(record, func(i int, serial uint64, value []byte) bool {
		switch i {
		case 0:
			return string(value) == "table"
		case 1:
			name = string(value)
		case 3:
			switch {
			case serial == 9:
				root = 1
			case serial <= 4:
				for _, b := range value {
					root = root<<8 | uint32(b)
				}
			}
			ok = root > 0
			return false
		}
		return true
	})
	return name, root, ok
}

// secondColumn returns the blob of a row (hnum, blob).
func secondColumn(record []byte) (blob []byte, ok bool) {
	columns(record, func(i int, serial uint64, value []byte) bool {
		if i == 1 && serial >= serialBlobFirst && serial%2 == 0 {
			blob, ok = value, true
		}
		return i < 1
	})
	return blob, ok
}
