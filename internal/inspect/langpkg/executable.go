package langpkg

import "encoding/binary"

// The executable formats that Go and Rust link to, told by their first four
// bytes.
type format int

const (
	notExecutable format = iota
	elfFile
	peFile
	machoFile
	// fatMacho holds several Mach-O files, one per architecture.
	fatMacho
)

func formatOf(head []byte) format {
	if len(head) < 4 {
		return notExecutable
	}
	switch {
	case string(head[:4]) == "\x7fELF":
		return elfFile
	case string(head[:2]) == "MZ":
		return peFile
	}
	switch binary.BigEndian.Uint32(head) {
	case 0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe:
		return machoFile
	case 0xcafebabe, 0xcafebabf: // Java classes begin so too, and hold neither marker
		return fatMacho
	}
	return notExecutable
}

// segment is a part of an ELF file that is loaded into memory.
type segment struct {
	offset, size, address uint64
	flags                 uint32
}

// sane guards sums of the numbers, which the file may claim at will.
func (s segment) sane() bool { return s.offset < 1<<50 && s.size < 1<<50 }

const (
	segmentExecute = 1
	segmentWrite   = 2
)

// elfSegments reads the loaded segments out of the first bytes of an ELF file.
// What lies beyond head is not read.
func elfSegments(head []byte) (segments []segment, order binary.ByteOrder, pointer int) {
	if len(head) < 64 || formatOf(head) != elfFile {
		return nil, nil, 0
	}
	order = binary.LittleEndian
	if head[5] == 2 {
		order = binary.BigEndian
	}
	var at, size, count uint64
	if head[4] == 2 {
		pointer = 8
		at, size, count = order.Uint64(head[32:]), uint64(order.Uint16(head[54:])), uint64(order.Uint16(head[56:]))
	} else {
		pointer = 4
		at, size, count = uint64(order.Uint32(head[28:])), uint64(order.Uint16(head[42:])), uint64(order.Uint16(head[44:]))
	}
	if size < 32 || pointer == 8 && size < 56 {
		return nil, order, pointer
	}
	for ; count > 0 && at < uint64(len(head)) && at+size <= uint64(len(head)); count-- {
		h := head[at:]
		at += size
		if order.Uint32(h) != 1 { // PT_LOAD
			continue
		}
		if pointer == 8 {
			segments = append(segments, segment{
				offset: order.Uint64(h[8:]), address: order.Uint64(h[16:]), size: order.Uint64(h[32:]), flags: order.Uint32(h[4:]),
			})
			continue
		}
		segments = append(segments, segment{
			offset: uint64(order.Uint32(h[4:])), address: uint64(order.Uint32(h[8:])),
			size: uint64(order.Uint32(h[16:])), flags: order.Uint32(h[24:]),
		})
	}
	return segments, order, pointer
}

// peSegments reads the sections of a PE file out of its first bytes.
func peSegments(head []byte) []segment {
	le := binary.LittleEndian
	if len(head) < 64 {
		return nil
	}
	at := uint64(le.Uint32(head[60:]))
	if at+24+32 > uint64(len(head)) || string(head[at:at+4]) != "PE\x00\x00" {
		return nil
	}
	count, optional := le.Uint16(head[at+6:]), uint64(le.Uint16(head[at+20:]))
	base := uint64(le.Uint32(head[at+24+28:]))
	if le.Uint16(head[at+24:]) == 0x20b { // PE32+
		base = le.Uint64(head[at+24+24:])
	}
	var segments []segment
	for at += 24 + optional; count > 0 && at+40 <= uint64(len(head)); at, count = at+40, count-1 {
		h := head[at:]
		s := segment{offset: uint64(le.Uint32(h[20:])), size: uint64(le.Uint32(h[16:])), address: base + uint64(le.Uint32(h[12:]))}
		characteristics := le.Uint32(h[36:])
		if characteristics&0x20000000 != 0 {
			s.flags |= segmentExecute
		}
		if characteristics&0x80000000 != 0 {
			s.flags |= segmentWrite
		}
		segments = append(segments, s)
	}
	return segments
}

// machoSegments reads the segments of a little-endian Mach-O file of 64 bits
// out of its first bytes.
func machoSegments(head []byte) []segment {
	le := binary.LittleEndian
	if len(head) < 32 || le.Uint32(head) != 0xfeedfacf {
		return nil
	}
	var segments []segment
	at := uint64(32)
	for count := le.Uint32(head[16:]); count > 0 && at+72 <= uint64(len(head)); count-- {
		h := head[at:]
		size := uint64(le.Uint32(h[4:]))
		if size < 8 {
			break
		}
		if le.Uint32(h) == 0x19 { // LC_SEGMENT_64
			protection := le.Uint32(h[60:])
			segments = append(segments, segment{
				address: le.Uint64(h[24:]), offset: le.Uint64(h[40:]), size: le.Uint64(h[48:]),
				flags: protection>>2&segmentExecute | protection&segmentWrite,
			})
		}
		at += size
	}
	return segments
}

// segmentsOf reads the segments of any of the formats.
func segmentsOf(head []byte) (segments []segment, order binary.ByteOrder, pointer int) {
	switch formatOf(head) {
	case elfFile:
		return elfSegments(head)
	case peFile:
		return peSegments(head), binary.LittleEndian, 8
	case machoFile:
		return machoSegments(head), binary.LittleEndian, 8
	}
	return nil, nil, 0
}

// writableFrom is the place in the file, rounded down to the alignment of Go's
// build information, at which the first writable segment begins; 0 where the
// headers tell of none.
func writableFrom(head []byte) int64 {
	segments, _, _ := segmentsOf(head)
	for _, s := range segments {
		if s.flags&segmentWrite != 0 && s.size > 0 && s.sane() {
			return int64(s.offset) &^ (buildInfoAlign - 1)
		}
	}
	return 0
}

// fileOffset translates an address into a place in the file.
func fileOffset(segments []segment, address uint64) (int64, bool) {
	for _, s := range segments {
		if address >= s.address && address-s.address < s.size && s.sane() {
			return int64(s.offset + address - s.address), true
		}
	}
	return 0, false
}
