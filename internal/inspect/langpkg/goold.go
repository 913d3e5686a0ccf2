package langpkg

import (
	"bytes"
	"encoding/binary"
)

// oldGo reads programs built by Go 1.13 to 1.17, whose blob holds pointers: to
// the version string and to the module text. The strings lie before the blob
// in the file, so a stream has to remember what they may be: the module text
// is known by its sentinels, and the version is one of the places where "go1."
// stands. The blob's pointer then says which, and how long it is; the
// linker writes strings back to back.
//
// Only files with the mark of a Go linker are read so, and of them only the
// segments that hold constants.
type oldGo struct {
	segments []segment
	order    binary.ByteOrder
	pointer  int
	// constants are the segments to be searched.
	constants []segment

	// window, which begins at windowAt, is the end of what was searched, for what
	// stands across its edge.
	window   []byte
	windowAt int64
	// candidates are the bytes at the places where "go1." stands.
	candidates map[int64]string
	// mod holds the module text from its first sentinel on, ended when the second
	// was seen.
	mod   []byte
	modAt int64
	ended bool

	// blob is set when the blob was met. The version's string header then
	// stands at header, or -1.
	blob    bool
	header  int64
	gathers []byte
	version string
	ready   bool
}

const (
	// The sentinels are modload.infoStart and infoEnd of cmd/go/internal.
	modStart = "\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6"
	modEnd   = "\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2"

	// maxCandidates bounds the places remembered; a program holds some dozens.
	maxCandidates = 4096
	// candidateSize is longer than any version string.
	candidateSize = 32
)

// newOldGo returns nil where the file's head shows no mark of a Go linker: in an
// ELF file a note of type 4 and the name "Go" (cmd/link, elf.go), in others the
// build ID at the start of the code.
func newOldGo(head []byte) *oldGo {
	segments, order, pointer := segmentsOf(head)
	if len(segments) == 0 {
		return nil
	}
	note := []byte("\x04\x00\x00\x00Go\x00\x00")
	if order == binary.BigEndian {
		note = []byte("\x00\x00\x00\x04Go\x00\x00")
	}
	if !bytes.Contains(head, note) && !bytes.Contains(head, []byte("\xff Go build ID: ")) {
		return nil
	}
	o := &oldGo{segments: segments, order: order, pointer: pointer, header: -1, candidates: map[int64]string{}}
	o.constants = constants(segments, formatOf(head) == machoFile)
	return o
}

// feed takes the bytes at a place of the file.
func (o *oldGo) feed(at int64, p []byte) {
	if o.blob {
		o.gather(at, p)
		return
	}
	for _, s := range o.constants {
		lo := max(int64(s.offset), at) - at
		hi := min(int64(s.offset+s.size), at+int64(len(p))) - at
		if lo < hi {
			o.search(at+lo, p[lo:hi])
		}
	}
	o.module(at, p)
}

// constants are the segments without write and execute permission; Mach-O
// files and older linkers map constants with the code.
func constants(all []segment, withCode bool) []segment {
	var own, shared []segment
	for _, s := range all {
		switch {
		case !s.sane() || s.flags&segmentWrite != 0:
		case s.flags&segmentExecute == 0 && s.size > 64<<10:
			own = append(own, s)
		default:
			shared = append(shared, s)
		}
	}
	if own != nil && !withCode {
		return own
	}
	return append(shared, own...)
}

// search looks for version strings and for the module text. The module text of
// Go 1.18 and later lists build settings: the blob then holds everything.
func (o *oldGo) search(at int64, p []byte) {
	if o.ended && bytes.Contains(o.mod, []byte("\nbuild\t")) {
		return
	}
	if o.windowAt+int64(len(o.window)) != at {
		o.window = o.window[:0] // another segment
	}
	if n := len(o.window); n > 0 || len(p) < 2*candidateSize {
		if n == 0 {
			o.windowAt = at
		}
		o.window = append(o.window, p[:min(len(p), candidateSize)]...)
		if len(p) < 2*candidateSize {
			o.window = append(o.window, p[min(len(p), candidateSize):]...)
			o.slide()
			return
		}
		o.find(o.windowAt, o.window, n)
	}
	o.find(at, p, len(p)-candidateSize)
	o.window = append(o.window[:0], p[len(p)-candidateSize:]...)
	o.windowAt = at + int64(len(p)-candidateSize)
}

// slide searches what small pieces have added up to.
func (o *oldGo) slide() {
	n := len(o.window) - candidateSize
	if n < 2*candidateSize {
		return
	}
	o.find(o.windowAt, o.window, n)
	o.window = append(o.window[:0], o.window[n:]...)
	o.windowAt += int64(n)
}

// find remembers what begins in the first n bytes of b.
func (o *oldGo) find(at int64, b []byte, n int) {
	for i := 0; i < n && len(o.candidates) < maxCandidates; {
		j := bytes.Index(b[i:], []byte("go1."))
		if j < 0 || i+j >= n {
			break
		}
		i += j
		o.candidates[at+int64(i)] = string(b[i:min(len(b), i+candidateSize)])
		i++
	}
	if o.mod == nil && !o.ended && n > 0 {
		if i := bytes.Index(b, []byte(modStart)); i >= 0 && i < n {
			o.mod, o.modAt = []byte{}, at+int64(i)
			o.module(at, b)
		}
	}
}

// module adds to the module text, once its beginning is found, what of p is
// its continuation.
func (o *oldGo) module(at int64, p []byte) {
	skip := o.modAt + int64(len(o.mod)) - at
	if o.mod == nil || o.ended || skip < 0 || skip >= int64(len(p)) {
		return
	}
	p = p[skip:]
	from := max(0, len(o.mod)-len(modEnd))
	o.mod = append(o.mod, p[:min(len(p), maxModInfo-len(o.mod))]...)
	if i := bytes.Index(o.mod[from:], []byte(modEnd)); i >= 0 {
		o.mod = o.mod[:from+i+len(modEnd)]
		o.ended = true
	} else if len(o.mod) >= maxModInfo {
		o.mod, o.ended = nil, true
	}
}

// modules returns the module text, or "" where none was seen.
func (o *oldGo) modules() string {
	if !o.ended {
		return ""
	}
	return unframe(o.mod)
}

// follow takes the blob that stands at a place of the file, and whatever bytes
// behind it are here already. False: its pointers can't be followed.
func (o *oldGo) follow(at int64, blob []byte) bool {
	o.blob = true
	o.pointer = int(blob[14])
	address := o.read(blob[16:])
	if place, ok := fileOffset(o.segments, address); ok && place >= at {
		o.header = place
		o.gather(at, blob)
		return true
	}
	return false
}

func (o *oldGo) read(b []byte) uint64 {
	if o.pointer == 4 {
		return uint64(o.order.Uint32(b))
	}
	return o.order.Uint64(b)
}

// gather waits for the version's string header: an address and a length.
func (o *oldGo) gather(at int64, p []byte) {
	if o.header < 0 || o.ready {
		return
	}
	from := o.header + int64(len(o.gathers)) - at
	if from < 0 || from >= int64(len(p)) {
		return
	}
	o.gathers = append(o.gathers, p[from:min(int64(len(p)), from+int64(2*o.pointer-len(o.gathers)))]...)
	if len(o.gathers) < 2*o.pointer {
		return
	}
	address, n := o.read(o.gathers), o.read(o.gathers[o.pointer:])
	o.header = -1
	place, ok := fileOffset(o.segments, address)
	if c := o.candidates[place]; ok && n <= uint64(len(c)) && goVersion(c[:n]) != "" {
		o.version, o.ready = c[:n], true
	}
}
