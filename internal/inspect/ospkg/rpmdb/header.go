package rpmdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"
)

// Tag is a header tag (rpm's rpmtag.h).
type Tag uint32

const (
	TagName            Tag = 1000
	TagVersion         Tag = 1001
	TagRelease         Tag = 1002
	TagEpoch           Tag = 1003
	TagVendor          Tag = 1011
	TagLicense         Tag = 1014
	TagArch            Tag = 1022
	TagOldFileNames    Tag = 1027
	TagFileStates      Tag = 1029
	TagFileModes       Tag = 1030
	TagFileDigests     Tag = 1035
	TagFileFlags       Tag = 1037
	TagSourceRPM       Tag = 1044
	TagProvideName     Tag = 1047
	TagRequireName     Tag = 1049
	TagDirIndexes      Tag = 1116
	TagBaseNames       Tag = 1117
	TagDirNames        Tag = 1118
	TagFileDigestAlgo  Tag = 5011
	TagModularityLabel Tag = 5096
)

// Types of a tag's data (rpm's rpmtag.h, rpmTagType).
const (
	typeChar        = 1
	typeInt8        = 2
	typeInt16       = 3
	typeInt32       = 4
	typeInt64       = 5
	typeString      = 6
	typeBin         = 7
	typeStringArray = 8
	typeI18NString  = 9
)

const (
	entrySize  = 16
	maxEntries = 1 << 16 // rpm's own limit is 64 Ki entries
	maxDirs    = 1 << 20 // that one package has files in
)

// Header is one package as rpm stores it: a list of tags and their data. All
// slices it hands out belong to the database.
type Header struct {
	entries []byte // 16 bytes each: tag, type, offset, count, big-endian
	data    []byte
}

// parseHeader splits a blob as rpm's databases hold it, without the magic that
// begins a header in an .rpm file: number of entries, length of the data, the
// entries, the data.
func parseHeader(blob []byte) (*Header, error) {
	if len(blob) < 8 {
		return nil, errors.New("shorter than its preamble")
	}
	entries := binary.BigEndian.Uint32(blob)
	length := binary.BigEndian.Uint32(blob[4:])
	if entries == 0 || entries > maxEntries {
		return nil, errors.New("its number of entries is out of range")
	}
	end := 8 + int64(entries)*entrySize + int64(length)
	if end > int64(len(blob)) {
		return nil, errors.New("it breaks off")
	}
	start := 8 + int(entries)*entrySize
	return &Header{entries: blob[8:start], data: blob[start:int(end)]}, nil
}

// find returns the data of a tag. Of several entries the last counts: those
// that rpm appends when it installs a package replace the package's own.
func (h *Header) find(tag Tag) (typ, count uint32, data []byte, ok bool) {
	for e := len(h.entries) - entrySize; e >= 0; e -= entrySize {
		entry := h.entries[e : e+entrySize]
		if binary.BigEndian.Uint32(entry) != uint32(tag) {
			continue
		}
		offset := binary.BigEndian.Uint32(entry[8:])
		if uint64(offset) > uint64(len(h.data)) {
			return 0, 0, nil, false
		}
		return binary.BigEndian.Uint32(entry[4:]), binary.BigEndian.Uint32(entry[12:]), h.data[offset:], true
	}
	return 0, 0, nil, false
}

// String returns a tag's string, of a translated one the first (the C locale's),
// and nil where the header has none.
func (h *Header) String(tag Tag) []byte {
	for s := range h.Strings(tag) {
		return s
	}
	return nil
}

// Strings yields a tag's strings.
func (h *Header) Strings(tag Tag) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		typ, count, data, ok := h.find(tag)
		if !ok || typ != typeString && typ != typeStringArray && typ != typeI18NString {
			return
		}
		for ; count > 0; count-- {
			end := bytes.IndexByte(data, 0)
			if end < 0 || !yield(data[:end]) {
				return
			}
			data = data[end+1:]
		}
	}
}

// Ints are the numbers of a tag.
type Ints struct {
	size int
	data []byte
}

// Ints returns a tag's numbers; an empty list where the header has none.
func (h *Header) Ints(tag Tag) Ints {
	typ, count, data, ok := h.find(tag)
	if !ok {
		return Ints{}
	}
	size := 0
	switch typ {
	case typeChar, typeInt8:
		size = 1
	case typeInt16:
		size = 2
	case typeInt32:
		size = 4
	case typeInt64:
		size = 8
	default:
		return Ints{}
	}
	if uint64(count)*uint64(size) > uint64(len(data)) {
		return Ints{}
	}
	return Ints{size: size, data: data[:int(count)*size]}
}

// Len counts the numbers.
func (n Ints) Len() int {
	if n.size == 0 {
		return 0
	}
	return len(n.data) / n.size
}

// At returns the i-th number, 0 beyond the end.
func (n Ints) At(i int) uint64 {
	if i < 0 || i >= n.Len() {
		return 0
	}
	b := n.data[i*n.size:]
	switch n.size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(b))
	case 4:
		return uint64(binary.BigEndian.Uint32(b))
	default:
		return binary.BigEndian.Uint64(b)
	}
}

// Values of file modes, flags and states (rpm's rpmfiles.h).
const (
	modeTypeMask = 0o170000
	modeDir      = 0o040000
	flagGhost    = 1 << 6
	stateNormal  = 0
	stateNetwork = 3
)

// File is a file of a package. Its slices belong to the database.
type File struct {
	// Dir is the directory with its final slash, or empty where Name has it.
	Dir, Name []byte
	// Digest is hexadecimal, empty where rpm keeps none; see TagFileDigestAlgo.
	Digest []byte
}

// stringCursor reads a tag's strings one by one beside another tag's.
type stringCursor struct {
	count uint32
	data  []byte
}

// cursor is at the first string of a list, or at its end where there is none.
func (h *Header) cursor(tag Tag) stringCursor {
	typ, count, data, ok := h.find(tag)
	if !ok || typ != typeStringArray {
		return stringCursor{}
	}
	return stringCursor{count, data}
}

// next returns the next string, nil beyond the end.
func (c *stringCursor) next() []byte {
	if c.count == 0 {
		return nil
	}
	end := bytes.IndexByte(c.data, 0)
	if end < 0 {
		c.count = 0
		return nil
	}
	s := c.data[:end]
	c.count, c.data = c.count-1, c.data[end+1:]
	return s
}

// Files yields the files that the package has put into the file system.
// Directories, files that only belong to the package should they exist ("ghosts")
// and files left out when it was installed (documentation, in slim images) are
// not among them.
func (h *Header) Files() iter.Seq[File] {
	return func(yield func(File) bool) {
		modes, flags, states := h.Ints(TagFileModes), h.Ints(TagFileFlags), h.Ints(TagFileStates)
		digests := h.cursor(TagFileDigests)
		installed := func(i int) bool {
			state := states.At(i)
			return modes.At(i)&modeTypeMask != modeDir && flags.At(i)&flagGhost == 0 &&
				(state == stateNormal || state == stateNetwork)
		}
		var dirs [][]byte
		for dir := range h.Strings(TagDirNames) {
			if dirs = append(dirs, dir); len(dirs) == maxDirs {
				break
			}
		}
		i, indexes := 0, h.Ints(TagDirIndexes)
		for name := range h.Strings(TagBaseNames) {
			dir, digest := indexes.At(i), digests.next()
			if i < indexes.Len() && dir < uint64(len(dirs)) && installed(i) && !yield(File{dirs[dir], name, digest}) {
				return
			}
			i++
		}
		if i > 0 {
			return
		}
		for path := range h.Strings(TagOldFileNames) { // packages built before rpm 4
			digest := digests.next()
			if installed(i) && !yield(File{Name: path, Digest: digest}) {
				return
			}
			i++
		}
	}
}
