package rpmdb

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// NDB's layout is set by rpm's lib/backend/ndb/rpmpkg.c: a header of 32 bytes,
// then slots of 16 bytes up to the end of the slot pages, then blobs in blocks
// of 16 bytes, all little-endian.
const (
	ndbPage     = 4096
	ndbBlock    = 16
	ndbSlot     = 16
	ndbHeader   = 32
	ndbBlobHead = 16 // magic, package index, generation, length
)

func isNDB(b []byte) bool { return bytes.HasPrefix(b, []byte("RpmP")) }

func (r *reader) readNDB(content []byte) error {
	if len(content) < ndbHeader {
		return fmt.Errorf("%w: it ends inside the file header", ErrDamaged)
	}
	if version := binary.LittleEndian.Uint32(content[4:]); version != 0 {
		return fmt.Errorf("%w: NDB version %d is unknown", ErrFormat, version)
	}
	end := int64(binary.LittleEndian.Uint32(content[12:])) * ndbPage
	if end == 0 || end > int64(len(content)) {
		r.damage("its slots take %d bytes of %d", end, len(content))
		end = min(max(end, ndbPage), int64(len(content)))
	}
	for at := ndbHeader; at+ndbSlot <= int(end); at += ndbSlot {
		slot := content[at : at+ndbSlot]
		if string(slot[:4]) != "Slot" {
			r.damage("no slot at byte %d", at)
			continue
		}
		if binary.LittleEndian.Uint32(slot[8:]) == 0 {
			continue // free
		}
		index := binary.LittleEndian.Uint32(slot[4:])
		blob, err := ndbBlob(content, slot, index)
		if err != nil {
			r.damage("package %d: %v", index, err)
			continue
		}
		if !r.yield("package index", index, blob) {
			return r.stop
		}
	}
	return nil
}

// ndbBlob returns the header that a slot points at.
func ndbBlob(content, slot []byte, index uint32) ([]byte, error) {
	start := int64(binary.LittleEndian.Uint32(slot[8:])) * ndbBlock
	size := int64(binary.LittleEndian.Uint32(slot[12:])) * ndbBlock
	if start < ndbHeader || size < ndbBlobHead || start+size > int64(len(content)) {
		return nil, fmt.Errorf("its blob of %d bytes at %d lies outside the file", size, start)
	}
	blob := content[start : start+size]
	if string(blob[:4]) != "BlbS" || binary.LittleEndian.Uint32(blob[4:]) != index {
		return nil, fmt.Errorf("there is no blob of it at byte %d", start)
	}
	length := int64(binary.LittleEndian.Uint32(blob[12:]))
	if length > size-ndbBlobHead {
		return nil, fmt.Errorf("its blob claims %d bytes of %d", length, size)
	}
	return blob[ndbBlobHead : ndbBlobHead+length], nil
}
