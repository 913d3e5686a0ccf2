// Package executables owns the inspector that lists every program, library and
// script of a layer with the digests that package managers keep, so that each
// can be held against its owner's record once the layers are merged. It lists a
// file too that only its name or its mode calls one: who damages the first bytes
// of a library has not hidden it.
//
// It never says whom a file belongs to, and never looks for anything inside one.
package executables

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
)

// Inspector is the inspector.
type Inspector struct{}

// Name implements inspect.Inspector.
func (Inspector) Name() string { return "executables" }

// Version implements inspect.Inspector.
func (Inspector) Version() int { return 2 }

// small is the size up to which a file is taken whole: the walker has one
// buffer for those, and a sink of its own for each would cost more.
const small = 1 << 20

// Wants implements inspect.Inspector: neither a name nor a mode tells a library,
// so every file is looked at until its first bytes say no.
func (Inspector) Wants(f *inspect.File) inspect.Want {
	switch {
	case f.Size == 0 && !expected(f):
		return inspect.Nothing
	case f.Size <= small:
		return inspect.Whole
	}
	return inspect.Stream
}

// Inspect implements inspect.WholeInspector.
func (Inspector) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	kind := kindOf(f, content)
	if kind == "" {
		return nil
	}
	d := newDigests()
	d.write(content)
	out.Executables = append(out.Executables, d.executable(f, kind))
	return nil
}

// Open implements inspect.StreamInspector.
func (Inspector) Open(_ context.Context, f *inspect.File, out *evidence.Fragment) inspect.Sink {
	return &sink{file: f, out: out}
}

// headBytes is how much of a file tells what it is: the ELF header, its program
// headers and the name of the interpreter lie there.
const headBytes = 4 << 10

// sink digests a large file.
type sink struct {
	file *inspect.File
	out  *evidence.Fragment
	head []byte
	kind evidence.ExecutableKind
	digests
	told bool
	n    int64
}

// Write implements io.Writer.
func (s *sink) Write(p []byte) (int, error) {
	n := len(p)
	s.n += int64(n)
	if !s.told {
		s.head = append(s.head, p[:min(len(p), headBytes-len(s.head))]...)
		if len(s.head) < headBytes && s.n < s.file.Size {
			if len(s.head) >= 4 && !mayBe(s.file, s.head) {
				return 0, inspect.ErrEnough
			}
			return n, nil
		}
		if s.kind = kindOf(s.file, s.head); s.kind == "" {
			return 0, inspect.ErrEnough
		}
		s.told = true
		s.digests = newDigests()
		// What came before this piece lies in the head alone.
		if before := s.n - int64(n); before > 0 {
			s.digests.write(s.head[:before])
		}
	}
	s.digests.write(p)
	return n, nil
}

// Close implements io.Closer. A file that broke off has no digest to compare.
func (s *sink) Close() error {
	if s.told && s.n == s.file.Size {
		s.out.Executables = append(s.out.Executables, s.digests.executable(s.file, s.kind))
	}
	s.head = nil
	return nil
}

// digests are those that package managers keep: dpkg MD5, apk SHA-1, rpm and
// Python SHA-256, older rpm MD5. All three are computed of every executable, since
// nothing in a file tells who may own it: a mark that spared one of them would be
// a mark for an attacker to set.
type digests struct{ md5, sha1, sha256 hash.Hash }

func newDigests() digests { return digests{md5.New(), sha1.New(), sha256.New()} }

func (d *digests) write(p []byte) {
	d.md5.Write(p)
	d.sha1.Write(p)
	d.sha256.Write(p)
}

func (d *digests) executable(f *inspect.File, kind evidence.ExecutableKind) evidence.Executable {
	e := evidence.Executable{
		Path: f.Path, Kind: kind, Mode: f.Mode, UID: f.UID, Size: f.Size,
		MD5: d.md5.Sum(nil), SHA1: d.sha1.Sum(nil), SHA256: d.sha256.Sum(nil),
	}
	if c, ok := f.Xattrs["security.capability"]; ok {
		e.Capabilities = []byte(c)
	}
	return e
}

// expected reports whether a file's mode or name says that it is run or loaded.
func expected(f *inspect.File) bool { return f.Executable() || isLibraryName(f.Path) }

// isLibraryName tells what the loaders of Linux, of Node.js and of other systems
// load by its name: libz.so, libz.so.1.3, x.node, x.dll.
func isLibraryName(path string) bool {
	base := path[strings.LastIndexByte(path, '/')+1:]
	switch ext := base[strings.LastIndexByte(base, '.')+1:]; ext {
	case "so", "node", "dylib", "dll":
		return true
	}
	_, version, ok := strings.Cut(base, ".so.")
	return ok && strings.Trim(version, "0123456789.") == ""
}

// mayBe tells from four bytes whether a file can still be one.
func mayBe(f *inspect.File, head []byte) bool {
	switch binary.BigEndian.Uint32(head) {
	case 0x7f454c46, 0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe, 0xcafebabe, 0xcafebabf:
		return true
	}
	return string(head[:2]) == "MZ" || expected(f) || strings.HasSuffix(f.Path, ".pyc")
}

// ELF's object types (System V ABI, "ELF Header").
const (
	elfExecutable = 2
	elfShared     = 3
)

// kindOf says what sort of executable a file is, "" for none. head is the
// beginning of the file, headBytes of it where it is longer.
func kindOf(f *inspect.File, head []byte) evidence.ExecutableKind {
	if len(head) >= 4 && !mayBe(f, head) {
		return ""
	}
	switch {
	case bytes.HasPrefix(head, []byte("\x7fELF")):
		return elfKind(f, head)
	case bytes.HasPrefix(head, []byte("MZ")) && isPE(head):
		return evidence.Windows
	case isMachO(head):
		return evidence.Darwin
	case strings.HasSuffix(f.Path, ".pyc"):
		return evidence.Bytecode
	case !expected(f):
		return ""
	case f.Executable() && bytes.HasPrefix(head, []byte("#!")):
		return evidence.Script
	case f.Executable() && bytes.IndexByte(head[:min(len(head), 512)], 0) >= 0 && !isData(head):
		return evidence.Unknown
	}
	// Text with an execute bit and no interpreter is data from a file system
	// without modes, more often than a script that only a shell would start.
	return evidence.Nominal
}

// isData knows binary formats that no kernel starts, which have an execute bit
// where a file system without modes was copied.
func isData(head []byte) bool {
	for _, magic := range [...]string{
		"\x89PNG", "\xff\xd8\xff", "GIF8", "RIFF", "PK\x03\x04", "\x1f\x8b", "BZh", "\xfd7zXZ", "\x28\xb5\x2f\xfd", "7z\xbc\xaf",
		"%PDF", "wOFF", "wOF2", "OTTO", "\x00\x01\x00\x00", "\x00\x00\x01\x00", "SQLite format 3", "OggS", "ID3", "\xca\xfe\xba\xbe",
	} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return len(head) > 8 && string(head[4:8]) == "ftyp"
}

// elfKind parts programs from libraries. Relocatable objects (.o, .ko) and core
// files are neither, and nor is what has one byte of its header changed.
func elfKind(f *inspect.File, head []byte) evidence.ExecutableKind {
	if len(head) < 20 {
		return evidence.Nominal
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if head[5] == 2 {
		order = binary.BigEndian
	}
	switch order.Uint16(head[16:]) {
	case elfExecutable:
		return evidence.Program
	case elfShared:
		if isLibraryName(f.Path) || strings.Contains(f.Path[strings.LastIndexByte(f.Path, '/')+1:], ".so.") || !f.Executable() {
			return evidence.Library
		}
		return evidence.Program
	}
	return evidence.Nominal
}

// isPE follows the offset at 0x3c to "PE\0\0" (Microsoft, "PE Format").
func isPE(head []byte) bool {
	if len(head) < 64 {
		return false
	}
	at := int64(binary.LittleEndian.Uint32(head[60:]))
	return at+4 <= int64(len(head)) && string(head[at:at+4]) == "PE\x00\x00"
}

// isMachO tells Mach-O from Java classes, which begin as its fat files do: those
// hold at most a few architectures where a class has its version.
func isMachO(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	switch binary.BigEndian.Uint32(head) {
	case 0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe:
		return true
	case 0xcafebabe, 0xcafebabf:
		return binary.BigEndian.Uint32(head[4:]) < 20
	}
	return false
}
