package langpkg

import (
	"bytes"
	"context"
	"io"

	"github.com/klauspost/compress/flate"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// Rust reads the list of crates that cargo-auditable links into a program: a
// section .dep-v0 with a zlib stream of JSON (github.com/rust-secure-code/
// cargo-auditable, PARSING.md).
//
// The table that names the sections is the last thing in a program, long after
// the section itself. So the section is found by what it holds: a zlib header
// whose stream begins with {"packages":[. A header is two bytes, met by chance
// in one place of 30,000; inflating a few bytes there tells.
type Rust struct{}

const (
	// minRust is the size below which no program with a list of crates lies.
	minRust = 16 << 10
	// maxCrates bounds the list, inflated; 8 MiB are the limit of the format's
	// own readers.
	maxCrates = 8 << 20
	// crateStart is what every list begins with.
	crateStart = `{"packages":[`
	// crateProbe is how many bytes are needed to tell a list from chance: a
	// deflate block may begin with a table of codes of up to 300 bytes.
	crateProbe = 512
	// maxProbes bounds the inflating in one file: beyond it, headers are no
	// chance any more but made.
	maxProbes = 200_000
)

// Name implements inspect.Inspector.
func (Rust) Name() string { return "rust-auditable" }

// Version implements inspect.Inspector.
func (Rust) Version() int { return 1 }

// Wants implements inspect.Inspector.
func (Rust) Wants(f *inspect.File) inspect.Want {
	if f.Size < minRust {
		return inspect.Nothing
	}
	return inspect.Stream
}

// Open implements inspect.StreamInspector.
func (y Rust) Open(_ context.Context, f *inspect.File, out *evidence.Fragment) inspect.Sink {
	return &rustSink{report: newReport(out, f.Path, y.Name())}
}

type rustSink struct {
	report *report
	begun  bool
	start  []byte // the file's first bytes, until there are four
	fat    bool
	// tail is the end of what was searched, too short to tell.
	tail []byte
	// list is the stream found, until it ends; tried is its length at the last
	// attempt to inflate it.
	list  []byte
	tried int
	done  bool

	probes   int
	inflater io.ReadCloser
	source   bytes.Reader
}

// Write implements io.Writer.
func (r *rustSink) Write(p []byte) (int, error) {
	n := len(p)
	if r.done {
		return 0, inspect.ErrEnough
	}
	if !r.begun {
		if len(r.start)+len(p) < 4 {
			r.start = append(r.start, p...)
			return n, nil
		}
		if len(r.start) > 0 {
			p = append(r.start, p...)
		}
		f := formatOf(p)
		if f == notExecutable {
			r.done = true
			return 0, inspect.ErrEnough
		}
		r.begun, r.start, r.fat = true, nil, f == fatMacho
	}
	r.feed(p)
	if r.done {
		return 0, inspect.ErrEnough
	}
	return n, nil
}

func (r *rustSink) feed(p []byte) {
	if r.list != nil {
		r.collect(p, false)
		return
	}
	if len(r.tail) > 0 {
		n := len(r.tail)
		joint := append(r.tail, p[:min(len(p), crateProbe)]...)
		if len(joint) < n+crateProbe {
			r.tail = joint
			if len(joint) < crateProbe {
				return
			}
			n = len(joint) - crateProbe
		}
		if i := r.find(joint, n); i >= 0 {
			r.list = append([]byte{}, joint[i:]...)
			r.collect(p[min(len(p), crateProbe):], false)
			return
		}
		if len(p) < crateProbe {
			r.tail = append(r.tail[:0], joint[n:]...)
			return
		}
		r.tail = r.tail[:0]
	}
	n := len(p) - crateProbe
	if i := r.find(p, n); i >= 0 {
		r.list = []byte{}
		r.collect(p[i:], false)
		return
	}
	r.tail = append(r.tail[:0], p[max(0, n):]...)
}

// find returns the place of a list that begins in the first n bytes, or -1.
func (r *rustSink) find(b []byte, n int) int {
	for i := 0; i < n; i++ {
		j := bytes.IndexByte(b[i:n], 0x78)
		if j < 0 {
			return -1
		}
		i += j
		if i+2 < len(b) && zlibLevel(b[i+1]) && r.probe(b[i+2:]) {
			return i
		}
	}
	return -1
}

// zlibLevel knows the four second bytes of a header whose first is 0x78.
func zlibLevel(c byte) bool { return c == 0xda || c == 0x9c || c == 0x5e || c == 0x01 }

// probe inflates just enough to compare the beginning.
func (r *rustSink) probe(b []byte) bool {
	// A deflate stream's first block is never of the reserved kind, and is
	// stored only where its two lengths complement each other.
	switch b[0] >> 1 & 3 {
	case 3:
		return false
	case 0:
		if len(b) < 5 || b[1] != ^b[3] || b[2] != ^b[4] {
			return false
		}
	}
	if r.probes++; r.probes > maxProbes {
		if r.probes == maxProbes+1 {
			r.report.incomplete("the program holds too many places that look like a list of crates")
		}
		return false
	}
	var got [len(crateStart)]byte
	_, err := io.ReadFull(r.inflate(b[:min(len(b), crateProbe)]), got[:])
	return err == nil && string(got[:]) == crateStart
}

func (r *rustSink) inflate(b []byte) io.Reader {
	r.source.Reset(b)
	if r.inflater == nil {
		r.inflater = flate.NewReader(&r.source)
	} else if r.inflater.(flate.Resetter).Reset(&r.source, nil) != nil {
		return bytes.NewReader(nil)
	}
	return r.inflater
}

// collect adds to the list found and reads it once it is whole. It is tried
// each time that it has grown fourfold, and at the end.
func (r *rustSink) collect(p []byte, last bool) {
	r.list = append(r.list, p[:min(len(p), maxCrates-len(r.list))]...)
	full := len(r.list) >= maxCrates
	if !last && !full && r.tried > 0 && len(r.list) < 4*r.tried {
		return
	}
	r.tried = len(r.list)
	text, err := io.ReadAll(io.LimitReader(r.inflate(r.list[2:]), maxCrates+1))
	switch {
	case err != nil && !last && !full && len(text) <= maxCrates:
		return
	case err != nil, len(text) > maxCrates:
		r.report.incomplete("the program's list of crates is damaged or too long")
	default:
		r.crates(text)
	}
	r.list, r.tried = nil, 0
	r.done = !r.fat
}

// Close implements io.Closer.
func (r *rustSink) Close() error {
	if r.done {
		return nil
	}
	if r.list == nil && len(r.tail) > 0 {
		if i := r.find(r.tail, len(r.tail)-2); i >= 0 {
			r.list = append([]byte{}, r.tail[i:]...)
		}
	}
	if r.list != nil {
		r.collect(nil, true)
	}
	return nil
}

// crate is one entry of the list.
type crate struct {
	name, version string
	build         bool
	depends       []int
}

// crates reports those that run; what only built the program is not in it.
func (r *rustSink) crates(content []byte) {
	list, err := parseCrates(content)
	if err != nil {
		r.report.incomplete("the program's list of crates: " + err.Error())
		return
	}
	for _, c := range list {
		if c.build || c.name == "" || c.version == "" {
			continue
		}
		p := inventory.Package{Type: "cargo", Name: c.name, Version: c.version}
		for _, d := range c.depends {
			if d < len(list) && !list[d].build {
				p.DependsOn = append(p.DependsOn, list[d].name)
			}
		}
		p.DependsOn = names(p.DependsOn)
		r.report.add(p)
	}
}

func parseCrates(content []byte) ([]crate, error) {
	var list []crate
	s := newJSONScan(content)
	s.object(func(key []byte) {
		if string(key) != "packages" {
			return
		}
		s.array(func() {
			var c crate
			s.object(func(key []byte) {
				switch string(key) {
				case "name":
					c.name = word(s.str())
				case "version":
					c.version = word(s.str())
				case "kind":
					c.build = s.str() != "runtime"
				case "dependencies":
					s.array(func() {
						if n, ok := smallInt(s.scalar()); ok && len(c.depends) < maxDependencies {
							c.depends = append(c.depends, n)
						}
					})
				}
			})
			if len(list) < maxPackages {
				list = append(list, c)
			}
		})
	})
	return list, s.err
}

// smallInt reads a number without a sign.
func smallInt(s string) (int, bool) {
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > maxPackages {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, s != ""
}
