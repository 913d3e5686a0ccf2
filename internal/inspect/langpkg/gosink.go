package langpkg

import (
	"encoding/binary"

	"plimsoll/internal/inspect"
)

// goHead is how much of a program is looked at before the search begins: the
// headers, and in an ELF file the note that every Go linker leaves there.
const goHead = 8 << 10

// goSink finds the build information in a stream. The blob is aligned to 16
// bytes in memory and, since segments are mapped by pages, in the file: one
// comparison for each 16 bytes finds it at the speed of memory.
type goSink struct {
	report *report
	format format
	head   []byte
	// at is the place in the file of what comes next to seek.
	at int64
	// from is where the search begins: the linker puts the blob into the
	// first writable segment, and the same bytes before it are a constant of
	// the program, which could name any version.
	from int64
	// block holds the bytes of a block that is not full yet.
	block []byte
	// blob holds a possible blob until it can be told.
	blob []byte
	// old reads programs of before Go 1.18; nil where the file is not one.
	old *oldGo
	// pointed is set when a blob of before Go 1.18 was met that could not be read.
	pointed bool
	done    bool
}

// Write implements io.Writer.
func (g *goSink) Write(p []byte) (int, error) {
	n := len(p)
	if g.done {
		return 0, inspect.ErrEnough
	}
	if len(g.head) == 0 && len(p) >= 4 && formatOf(p) == notExecutable {
		g.done = true
		return 0, inspect.ErrEnough
	}
	if len(g.head) < goHead {
		take := min(goHead-len(g.head), len(p))
		g.head = append(g.head, p[:take]...)
		p = p[take:]
		if len(g.head) >= 4 && formatOf(g.head) == notExecutable {
			g.done = true
			return 0, inspect.ErrEnough
		}
		if len(g.head) < goHead {
			return n, nil
		}
		g.begin()
		g.feed(g.head)
	}
	if !g.done && len(p) > 0 {
		g.feed(p)
	}
	if g.done {
		return 0, inspect.ErrEnough
	}
	return n, nil
}

func (g *goSink) begin() {
	g.format = formatOf(g.head)
	g.old = newOldGo(g.head)
	g.from = writableFrom(g.head)
	g.block = make([]byte, 0, buildInfoAlign)
}

// feed passes on bytes in order.
func (g *goSink) feed(p []byte) {
	if g.old != nil {
		g.old.feed(g.at, p)
		if g.old.ready {
			g.finish(g.old.version, g.old.modules())
			return
		}
	}
	before := max(0, min(g.from-g.at, int64(len(p))))
	g.at += int64(len(p))
	p = p[before:]
	if len(p) == 0 {
		return
	}
	if g.blob != nil {
		g.grow(p)
		return
	}
	g.seek(p)
}

// seek looks for the magic at each aligned place.
func (g *goSink) seek(p []byte) {
	if len(g.block) > 0 {
		n := min(buildInfoAlign-len(g.block), len(p))
		g.block = append(g.block, p[:n]...)
		p = p[n:]
		if len(g.block) < buildInfoAlign {
			return
		}
		full := g.block
		g.block = g.block[:0]
		if isBuildInfo(full) {
			g.blob = append(make([]byte, 0, goHead), full...)
			g.grow(p)
			return
		}
	}
	i := findBuildInfo(p)
	if i < 0 {
		g.block = append(g.block, p[len(p)&^(buildInfoAlign-1):]...)
		return
	}
	g.blob = make([]byte, 0, goHead)
	g.grow(p[i:])
}

// findBuildInfo returns the first multiple of 16 at which the magic stands, or -1.
func findBuildInfo(p []byte) int {
	i := 0
	for q := p; len(q) >= 64; q = q[64:] {
		if binary.LittleEndian.Uint64(q) == buildInfoMagic || binary.LittleEndian.Uint64(q[16:]) == buildInfoMagic ||
			binary.LittleEndian.Uint64(q[32:]) == buildInfoMagic || binary.LittleEndian.Uint64(q[48:]) == buildInfoMagic {
			for j := 0; j < 64; j += 16 {
				if isBuildInfo(q[j:]) {
					return i + j
				}
			}
		}
		i += 64
	}
	for ; i+16 <= len(p); i += 16 {
		if isBuildInfo(p[i:]) {
			return i
		}
	}
	return -1
}

// grow adds to a possible blob and tells whether it is one. The bytes of what
// is none are searched again, but for its first block.
func (g *goSink) grow(p []byte) {
	g.blob = append(g.blob, p...)
	version, mod, v := inlineBuildInfo(g.blob)
	switch v {
	case needsMore:
		return
	case isBlob:
		g.finish(version, mod)
	case byPointer:
		g.pointed = true
		if g.old != nil && g.old.follow(g.at-int64(len(g.blob)), g.blob) {
			if g.old.ready {
				g.finish(g.old.version, g.old.modules())
				return
			}
		}
	}
	rest := g.blob[buildInfoAlign:]
	g.blob = nil
	if !g.done {
		g.seek(rest)
	}
}

// finish reports one program. A universal file may hold another behind it.
func (g *goSink) finish(version, mod string) {
	addGoProgram(g.report, version, mod)
	g.done = g.format != fatMacho
	g.old = nil
}

// Close implements io.Closer.
func (g *goSink) Close() error {
	switch {
	case g.done || !g.pointed:
	case g.old == nil:
		g.report.note("a Go program built before Go 1.18 without a build ID; its modules can't be read")
	default:
		// Position-independent programs are relocated at run time: the pointer
		// to the version leads nowhere, but the modules are known.
		addGoProgram(g.report, "", g.old.modules())
	}
	return nil
}
