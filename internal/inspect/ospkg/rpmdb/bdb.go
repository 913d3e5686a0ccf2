package rpmdb

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Berkeley DB's hash layout is set by db_page.h of Berkeley DB 4 and 5: page 0
// holds the metadata, hash pages hold pairs of a key (the package's number)
// and a value (its header), and a long value lies in a chain of overflow pages.
const (
	bdbMagic     = 0x061561 // hash; in the byte order of the machine that wrote it
	bdbMagicAt   = 12
	bdbMetaSize  = 512
	bdbPageHead  = 26
	bdbMaxPage   = 64 << 10
	bdbChecksums = 0x01 // in the metadata's flags

	bdbPageHashUnsorted = 2
	bdbPageOverflow     = 7
	bdbPageHash         = 13

	bdbItemInline   = 1
	bdbItemOverflow = 3
)

// bdbOrder tells a hash database and its byte order from the magic number.
func bdbOrder(b []byte) (order, bool) {
	if len(b) < bdbMagicAt+4 {
		return nil, false
	}
	switch {
	case binary.LittleEndian.Uint32(b[bdbMagicAt:]) == bdbMagic:
		return binary.LittleEndian, true
	case binary.BigEndian.Uint32(b[bdbMagicAt:]) == bdbMagic:
		return binary.BigEndian, true
	}
	return nil, false
}

// bdbFile is a hash database in memory.
type bdbFile struct {
	content []byte
	order   order
	page    int
	seen    []bool // overflow pages already used
}

func (r *reader) readBDB(content []byte, order order) error {
	if len(content) < bdbMetaSize {
		return fmt.Errorf("%w: it ends inside the file header", ErrDamaged)
	}
	f := &bdbFile{content: content, order: order, page: int(order.Uint32(content[20:]))}
	switch {
	case f.page < bdbMetaSize || f.page > bdbMaxPage || f.page&(f.page-1) != 0:
		return fmt.Errorf("%w: page size %d", ErrDamaged, f.page)
	case content[24] != 0:
		return fmt.Errorf("%w: it is encrypted", ErrFormat)
	case content[26]&bdbChecksums != 0:
		return fmt.Errorf("%w: Berkeley DB with page checksums, which rpm never writes", ErrFormat)
	}
	last := int64(order.Uint32(content[32:]))
	pages := int64(len(content) / f.page)
	if last >= pages {
		r.damage("it says its last page of %d bytes is %d and has %d bytes", f.page, last, len(content))
	}
	f.seen = make([]bool, pages)
	for number := int64(1); number < pages && number <= last; number++ {
		page := content[number*int64(f.page) : (number+1)*int64(f.page)]
		if typ := page[25]; typ != bdbPageHash && typ != bdbPageHashUnsorted {
			continue
		}
		if !r.readHashPage(f, uint32(number), page) {
			return r.stop
		}
	}
	return nil
}

// readHashPage hands on the values of a hash page. Items fill the page from
// its end towards its head, keys and values in turn.
func (r *reader) readHashPage(f *bdbFile, number uint32, page []byte) bool {
	items := int(f.order.Uint16(page[20:]))
	if bdbPageHead+2*items > len(page) {
		r.damage("page %d claims %d items", number, items)
		items = (len(page) - bdbPageHead) / 2
	}
	at := func(i int) int {
		if i < 0 {
			return len(page)
		}
		return int(f.order.Uint16(page[bdbPageHead+2*i:]))
	}
	for i := 0; i+1 < items; i += 2 {
		key, keyEnd, value, valueEnd := at(i), at(i-1), at(i+1), at(i)
		if key >= keyEnd || keyEnd > len(page) || value >= valueEnd || value < bdbPageHead {
			r.damage("page %d: item %d lies outside it", number, i)
			continue
		}
		if isCounter(page[key:keyEnd]) {
			continue
		}
		blob, err := r.bdbValue(f, page[value:valueEnd])
		if err != nil {
			r.damage("page %d: item %d: %v", number, i+1, err)
			continue
		}
		if !r.yield("page", number, blob) {
			return false
		}
	}
	return true
}

// isCounter reports whether the key is number 0, under which rpm keeps the
// highest number given out instead of a header.
func isCounter(item []byte) bool {
	return len(item) == 5 && item[0] == bdbItemInline && binary.LittleEndian.Uint32(item[1:]) == 0
}

// bdbValue returns a value that stands in the item or in overflow pages.
func (r *reader) bdbValue(f *bdbFile, item []byte) ([]byte, error) {
	switch {
	case item[0] == bdbItemInline:
		return item[1:], nil
	case item[0] != bdbItemOverflow || len(item) < 12:
		return nil, fmt.Errorf("a value of type %d and %d bytes", item[0], len(item))
	}
	next, claimed := f.order.Uint32(item[4:]), f.order.Uint32(item[8:])
	if uint64(claimed) > uint64(len(f.content)) {
		return nil, fmt.Errorf("a value of %d bytes", claimed)
	}
	length := int(claimed)
	buf := r.scratch[:0]
	for len(buf) < length {
		if next == 0 || uint64(next) >= uint64(len(f.seen)) || f.seen[next] {
			return nil, errors.New("its overflow pages break off")
		}
		f.seen[next] = true
		page := f.content[int(next)*f.page : (int(next)+1)*f.page]
		// On an overflow page the free-space field counts its bytes.
		used := int(f.order.Uint16(page[22:]))
		if page[25] != bdbPageOverflow || used == 0 || bdbPageHead+used > len(page) {
			return nil, fmt.Errorf("page %d is no overflow page", next)
		}
		buf = append(buf, page[bdbPageHead:bdbPageHead+used]...)
		next = f.order.Uint32(page[16:])
	}
	r.scratch = buf
	return buf[:length], nil
}
