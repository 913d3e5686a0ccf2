// Package inspect owns the one pass over a layer: it reads the layer's bytes
// once as a stream, decompresses, verifies both digests, walks the tar and
// hands every file to the inspectors that want it.
//
// Inspectors never walk; the walker walks. Nothing is unpacked to disk and
// nothing from an image is executed. Inspectors live in packages below this
// one and see one file of one layer at a time; what depends on several layers
// is decided later, when package evidence merges them.
package inspect

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"plimsoll/internal/evidence"
)

// File is a regular file of a layer, as its tar header describes it.
type File struct {
	// Path is relative to the root, cleaned, with forward slashes and no leading one.
	Path string
	Mode fs.FileMode
	// Size is what the header claims; the content is exactly as long, or the
	// layer is damaged.
	Size     int64
	UID, GID int
	// Xattrs are extended attributes by name ("security.capability"), nil where there are none.
	Xattrs map[string]string
}

// Executable reports whether any execute bit is set.
func (f *File) Executable() bool { return f.Mode.Perm()&0o111 != 0 }

// Want is what an inspector asks of a file.
type Want int

const (
	// Nothing: the file is of no interest.
	Nothing Want = iota
	// Whole: the content in memory at once, for small files; see MaxWhole.
	Whole
	// Stream: the content piece by piece, whatever its length.
	Stream
)

// MaxWhole is the size above which no file is held in memory: a larger one
// that an inspector wanted whole is a Problem that marks the scan incomplete.
const MaxWhole = 256 << 20

// Inspector finds one kind of evidence. It is stateless and safe for
// concurrent use; it also implements WholeInspector or StreamInspector, or
// both, according to what Wants returns.
type Inspector interface {
	// Name is lower case with hyphens, and part of cached evidence.
	Name() string
	// Version changes when the same bytes would give different evidence; it is
	// part of the cache's key.
	Version() int
	// Wants is asked once for each regular file and must be cheap: it sees
	// every path of every layer.
	Wants(f *File) Want
}

// LayerInspector is an Inspector that counts what the files of one layer cost it
// together: one for each reading of a layer takes its place. What that finds depends
// on the layer's bytes alone still.
type LayerInspector interface {
	Inspector
	ForLayer() Inspector
}

// WholeInspector inspects a file whose content is in memory.
type WholeInspector interface {
	Inspector
	// Inspect adds what it finds to out. The content is valid only during
	// the call and must not be changed. An error is recorded as a Problem of
	// this file (what out already holds is kept) and never ends the scan.
	// Several files of one layer may be inspected at the same time.
	Inspect(ctx context.Context, f *File, content []byte, out *evidence.Fragment) error
}

// StreamInspector inspects a file piece by piece.
type StreamInspector interface {
	Inspector
	// Open returns a sink that gets the file's bytes in order. Close is called
	// once at the end, also when the layer broke off (then not preceded by all
	// bytes), and adds to out. The bytes given to Write are valid only during
	// the call. A sink that has seen enough returns ErrEnough from Write and
	// gets no more.
	Open(ctx context.Context, f *File, out *evidence.Fragment) Sink
}

// Sink receives the bytes of one file.
type Sink interface {
	io.Writer
	io.Closer
}

// ErrEnough is returned by a Sink's Write that needs no more bytes.
var ErrEnough = errors.New("enough")
