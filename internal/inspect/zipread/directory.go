package zipread

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
)

// Bytes reads an archive in memory through its central directory, as Java and
// Python do. Where that is missing or damaged, the body is read instead and the
// handler told so.
func Bytes(ctx context.Context, content []byte, b *Budget, h Handler) error {
	d, ok := findDirectory(content)
	if !ok {
		if !startsLikeZip(content) {
			return ErrNotZip
		}
		return Stream(ctx, bytes.NewReader(content), b, h)
	}
	for rest := d.records; len(rest) > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		e, next, ok := directoryRecord(rest)
		if !ok {
			if d.plausibleEnd(rest) {
				break
			}
			h.Problem("the archive's directory is damaged", true)
			break
		}
		rest = next
		if b.Entries--; b.Entries < 0 {
			h.Problem("the archive has too many entries", true)
			break
		}
		if len(e.name) <= maxName && h.Want(e.name) && !d.entry(ctx, e, b, h) {
			break
		}
	}
	return nil
}

// directory is a central directory in memory.
type directory struct {
	content []byte
	records []byte
	base    int64 // what offsets count from: the length of a prefix, or 0
	// read are the packed bytes of the entries handed on so far.
	read int64
}

// record is one entry of the central directory.
type record struct {
	name          []byte
	flags, method uint16
	packed, size  uint64
	offset        uint64
}

// findDirectory looks for the end record from the back; its comment may be up
// to 64 KiB long.
func findDirectory(content []byte) (directory, bool) {
	tail := max(0, len(content)-endSize-1<<16)
	for end := len(content); ; {
		i := bytes.LastIndex(content[tail:end], []byte("PK\x05\x06"))
		if i < 0 {
			return directory{}, false
		}
		at := tail + i
		if d, ok := directoryAt(content, at); ok {
			return d, true
		}
		end = at + 3
	}
}

func directoryAt(content []byte, at int) (directory, bool) {
	e := content[at:]
	if len(e) < endSize {
		return directory{}, false
	}
	size := uint64(binary.LittleEndian.Uint32(e[12:]))
	offset := uint64(binary.LittleEndian.Uint32(e[16:]))
	end := at
	if l := at - 20; l >= 0 && binary.LittleEndian.Uint32(content[l:]) == sigLocator64 {
		if at64, ok := end64(content, l); ok {
			size = binary.LittleEndian.Uint64(content[at64+40:])
			offset = binary.LittleEndian.Uint64(content[at64+48:])
			end = at64
		}
	}
	if size > uint64(end) || offset > uint64(len(content)) {
		return directory{}, false
	}
	start := end - int(size)
	d := directory{content: content, records: content[start:end], base: int64(start) - int64(offset)}
	// Some tools leave offsets that already count the prefix, and so point
	// right although the directory does not stand where it claims.
	if d.base != 0 && d.firstAt(0) {
		d.base = 0
	}
	return d, size == 0 || binary.LittleEndian.Uint32(pad4(d.records)) == sigDirectory
}

// end64 finds the zip64 end record: where the locator says or, behind a
// prefix, directly before the locator.
func end64(content []byte, locator int) (int, bool) {
	at := binary.LittleEndian.Uint64(content[locator+8:])
	for _, a := range []uint64{at, uint64(max(0, locator-56))} {
		if a+56 <= uint64(locator) && binary.LittleEndian.Uint32(content[a:]) == sigEnd64 {
			return int(a), true
		}
	}
	return 0, false
}

func pad4(b []byte) []byte {
	if len(b) < 4 {
		return make([]byte, 4)
	}
	return b
}

// firstAt reports whether the first record's entry begins where it should when
// offsets count from base.
func (d directory) firstAt(base int64) bool {
	e, _, ok := directoryRecord(d.records)
	if !ok || e.offset > uint64(len(d.content)) {
		return false
	}
	at := base + int64(e.offset)
	return at >= 0 && at+4 <= int64(len(d.content)) && binary.LittleEndian.Uint32(d.content[at:]) == sigLocal
}

// plausibleEnd reports whether what follows the records is a digital signature,
// the one thing that may.
func (d directory) plausibleEnd(rest []byte) bool {
	return len(rest) >= 4 && binary.LittleEndian.Uint32(rest) == sigSignature
}

func directoryRecord(b []byte) (e record, rest []byte, ok bool) {
	if len(b) < directorySize || binary.LittleEndian.Uint32(b) != sigDirectory {
		return record{}, nil, false
	}
	n := int(binary.LittleEndian.Uint16(b[28:]))
	x := int(binary.LittleEndian.Uint16(b[30:]))
	c := int(binary.LittleEndian.Uint16(b[32:]))
	if len(b) < directorySize+n+x+c {
		return record{}, nil, false
	}
	e = record{
		name:   b[directorySize : directorySize+n],
		flags:  binary.LittleEndian.Uint16(b[8:]),
		method: binary.LittleEndian.Uint16(b[10:]),
		packed: uint64(binary.LittleEndian.Uint32(b[20:])),
		size:   uint64(binary.LittleEndian.Uint32(b[24:])),
		offset: uint64(binary.LittleEndian.Uint32(b[42:])),
	}
	zip64(b[directorySize+n:directorySize+n+x], &e.size, &e.packed, &e.offset)
	return e, b[directorySize+n+x+c:], true
}

// zip64 replaces each value that says "see the extra field" by the next one
// found there (APPNOTE 4.5.3).
func zip64(extra []byte, values ...*uint64) {
	for len(extra) >= 4 {
		id := binary.LittleEndian.Uint16(extra)
		n := int(binary.LittleEndian.Uint16(extra[2:]))
		extra = extra[4:]
		if n > len(extra) {
			return
		}
		if id == 1 {
			field := extra[:n]
			for _, v := range values {
				if *v == 0xffffffff && len(field) >= 8 {
					*v = binary.LittleEndian.Uint64(field)
					field = field[8:]
				}
			}
			return
		}
		extra = extra[n:]
	}
}

// entry hands one entry to the handler. False ends the archive.
func (d *directory) entry(ctx context.Context, e record, b *Budget, h Handler) bool {
	packed, ok := d.packedBytes(e)
	name := string(e.name)
	switch {
	case !ok:
		h.Problem("an entry lies outside the archive", true)
		return true
	case e.flags&flagEncrypted != 0:
		h.Problem("an entry is encrypted and was not read", false)
		return true
	case d.overlapping(len(packed)):
		h.Problem("the archive's entries overlap, and hold more than the archive does", true)
		return false
	case e.method == methodStore:
		h.Entry(name, &Body{stored: packed, hint: int64(len(packed)), budget: b})
		return true
	case e.method != methodDeflate:
		h.Problem("an entry is compressed in a way that its users can't read either", false)
		return true
	}
	in := inflateBytes(ctx, packed, b)
	h.Entry(name, &Body{r: in, hint: int64(min(e.size, 1<<40)), budget: b})
	in.release()
	if b.Inflated <= 0 {
		h.Problem("the archive inflates beyond any honest size", true)
		return false
	}
	return true
}

// overlapping counts an entry's packed bytes, and reports archives whose entries
// have more of them together than the archive twice: a directory may name the
// same bytes again and again (D. Fifield, "A better zip bomb", 2019).
func (d *directory) overlapping(packed int) bool {
	d.read += int64(packed)
	return d.read > 2*int64(len(d.content))
}

// packedBytes finds an entry's data behind its local header.
func (d directory) packedBytes(e record) ([]byte, bool) {
	if e.offset > uint64(len(d.content)) || e.packed > uint64(len(d.content)) {
		return nil, false
	}
	at := d.base + int64(e.offset)
	if at < 0 || at+localSize > int64(len(d.content)) {
		return nil, false
	}
	l := d.content[at:]
	if binary.LittleEndian.Uint32(l) != sigLocal {
		return nil, false
	}
	skip := localSize + int(binary.LittleEndian.Uint16(l[26:])) + int(binary.LittleEndian.Uint16(l[28:]))
	if uint64(skip)+e.packed > uint64(len(l)) {
		return nil, false
	}
	return l[skip : skip+int(e.packed)], true
}

// startsLikeZip reports whether a local header or an empty archive's end
// record stands at the start or behind a script.
func startsLikeZip(content []byte) bool {
	if bytes.HasPrefix(content, []byte("PK\x03\x04")) || bytes.HasPrefix(content, []byte("PK\x05\x06")) {
		return true
	}
	return bytes.HasPrefix(content, []byte("#!")) &&
		bytes.Contains(content[:min(len(content), maxPrefix)], []byte("PK\x03\x04"))
}

const (
	// Damaged begins the problem of an entry that can't be read.
	Damaged = "an entry is damaged: "
	// Hidden is the problem of an archive whose readers find other entries, according
	// to whether they read its directory or its body.
	Hidden = "the archive's directory lists entries that its body does not hold"
)

// reason words an error of reading an entry.
func reason(err error) string {
	if errors.Is(err, ErrBudget) {
		return "the archive inflates beyond any honest size"
	}
	return Damaged + err.Error()
}
