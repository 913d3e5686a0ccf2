package evidence

import (
	"encoding/binary"
	"io/fs"
	"iter"
)

// PathList is a list of paths in compact form: each path is written as the
// length it shares with the one before it and the rest. Paths in tar order or
// sorted take about 20 bytes each. The zero value is an empty list.
//
// A list read back from a damaged cache yields what precedes the damage.
type PathList struct {
	// Coded is the front-coded form.
	Coded []byte `json:"coded,omitempty"`
	// Len counts the paths.
	Len int `json:"len,omitempty"`

	last []byte
}

// Append adds a path.
func (l *PathList) Append(path string) {
	l.Coded, l.last = appendFrontCoded(l.Coded, l.last, path)
	l.Len++
}

// PathsOf returns the list of these paths.
func PathsOf(paths ...string) PathList {
	var l PathList
	for _, p := range paths {
		l.Append(p)
	}
	return l
}

// All yields the paths in order. The slice is valid until the next one.
func (l *PathList) All() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var path []byte
		for b := l.Coded; len(b) > 0; {
			var ok bool
			if path, b, ok = frontDecode(path, b); !ok || !yield(path) {
				return
			}
		}
	}
}

// DigestList holds one digest for each path of a PathList, in its order, as raw
// bytes whose length tells the algorithm: 16 is MD5, 20 SHA-1, 32 SHA-256; other
// lengths are kept and can't be compared. A path without one (a folder, a link,
// what is made when the package is installed) has an empty digest.
type DigestList struct {
	// Coded is each digest after a byte that holds its length.
	Coded []byte `json:"coded,omitempty"`
}

// Append adds a digest of at most 255 bytes, which may be empty.
func (l *DigestList) Append(digest []byte) {
	l.Coded = append(l.Coded, byte(len(digest)))
	l.Coded = append(l.Coded, digest...)
}

// All yields the digests in order, as slices of the list.
func (l *DigestList) All() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for b := l.Coded; len(b) > 0; {
			n := int(b[0])
			if len(b) < 1+n || !yield(b[1:1+n]) {
				return
			}
			b = b[1+n:]
		}
	}
}

// EntryType is what a tar entry is.
type EntryType byte

const (
	Regular   EntryType = 'f'
	Directory EntryType = 'd'
	Symlink   EntryType = 'l'
	Hardlink  EntryType = 'h'
	Device    EntryType = 'c'
	// Whiteout hides the path in lower layers; Opaque hides everything that
	// lower layers hold below the path (OCI image-spec, layer.md, "Whiteouts").
	Whiteout EntryType = 'w'
	Opaque   EntryType = 'o'
)

// FileEntry is one entry of a layer.
type FileEntry struct {
	// Path is relative to the root, without a leading slash. For a whiteout it
	// is the path that is hidden.
	Path []byte
	Type EntryType
	// Mode holds permission bits with setuid, setgid and sticky (fs.ModeSetuid, …).
	Mode fs.FileMode
	Size int64
	// Sum is the CRC-32C of a regular file's content, 0 where it was not read. It
	// tells whether a file was written again as it was; against who means to
	// deceive it proves nothing, and nothing but that is decided by it.
	Sum uint32
	// Link is the target of a symbolic or hard link, as written.
	Link []byte
}

// FileList lists the entries of a layer in compact form, about 30 bytes each.
type FileList struct {
	Coded []byte `json:"coded,omitempty"`
	Len   int    `json:"len,omitempty"`

	last []byte
}

// Append adds an entry.
func (l *FileList) Append(path string, typ EntryType, mode fs.FileMode, size int64, link string) {
	l.Coded, l.last = appendFrontCoded(l.Coded, l.last, path)
	l.Coded = append(l.Coded, byte(typ))
	switch typ {
	case Regular:
		l.Coded = binary.AppendUvarint(l.Coded, packMode(mode))
		l.Coded = binary.AppendUvarint(l.Coded, uint64(max(size, 0)))
		l.Coded = append(l.Coded, 0, 0, 0, 0)
	case Directory, Device:
		l.Coded = binary.AppendUvarint(l.Coded, packMode(mode))
	case Symlink, Hardlink:
		l.Coded = binary.AppendUvarint(l.Coded, uint64(len(link)))
		l.Coded = append(l.Coded, link...)
	}
	l.Len++
}

// SetSum writes the sum of the regular file that was added last.
func (l *FileList) SetSum(sum uint32) {
	binary.LittleEndian.PutUint32(l.Coded[len(l.Coded)-sumSize:], sum)
}

const sumSize = 4

// All yields the entries in the order of the tar. The entry's slices are valid
// until the next one.
func (l *FileList) All() iter.Seq[FileEntry] {
	return func(yield func(FileEntry) bool) {
		var path []byte
		for b := l.Coded; len(b) > 0; {
			var ok bool
			if path, b, ok = frontDecode(path, b); !ok || len(b) == 0 {
				return
			}
			e := FileEntry{Path: path, Type: EntryType(b[0])}
			b = b[1:]
			var n uint64
			switch e.Type {
			case Regular:
				if n, b, ok = uvarint(b); !ok {
					return
				}
				e.Mode = unpackMode(n)
				if n, b, ok = uvarint(b); !ok {
					return
				}
				if e.Size = int64(n); len(b) < sumSize {
					return
				}
				e.Sum, b = binary.LittleEndian.Uint32(b), b[sumSize:]
			case Directory, Device:
				if n, b, ok = uvarint(b); !ok {
					return
				}
				e.Mode = unpackMode(n)
			case Symlink, Hardlink:
				if n, b, ok = uvarint(b); !ok || n > uint64(len(b)) {
					return
				}
				e.Link, b = b[:n], b[n:]
			}
			if !yield(e) {
				return
			}
		}
	}
}

func appendFrontCoded(coded, last []byte, path string) (newCoded, newLast []byte) {
	shared := 0
	for shared < len(last) && shared < len(path) && last[shared] == path[shared] {
		shared++
	}
	coded = binary.AppendUvarint(coded, uint64(shared))
	coded = binary.AppendUvarint(coded, uint64(len(path)-shared))
	coded = append(coded, path[shared:]...)
	return coded, append(last[:shared], path[shared:]...)
}

func frontDecode(path, b []byte) (next, rest []byte, ok bool) {
	shared, b, ok := uvarint(b)
	if !ok || shared > uint64(len(path)) {
		return nil, nil, false
	}
	n, b, ok := uvarint(b)
	if !ok || n > uint64(len(b)) {
		return nil, nil, false
	}
	return append(path[:shared], b[:n]...), b[n:], true
}

func uvarint(b []byte) (uint64, []byte, bool) {
	n, w := binary.Uvarint(b)
	if w <= 0 {
		return 0, nil, false
	}
	return n, b[w:], true
}

// packMode keeps the twelve bits that chmod knows, in Unix order.
func packMode(m fs.FileMode) uint64 {
	n := uint64(m.Perm())
	if m&fs.ModeSetuid != 0 {
		n |= 0o4000
	}
	if m&fs.ModeSetgid != 0 {
		n |= 0o2000
	}
	if m&fs.ModeSticky != 0 {
		n |= 0o1000
	}
	return n
}

func unpackMode(n uint64) fs.FileMode {
	m := fs.FileMode(n & 0o777)
	if n&0o4000 != 0 {
		m |= fs.ModeSetuid
	}
	if n&0o2000 != 0 {
		m |= fs.ModeSetgid
	}
	if n&0o1000 != 0 {
		m |= fs.ModeSticky
	}
	return m
}
