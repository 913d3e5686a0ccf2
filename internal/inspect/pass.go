package inspect

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/semaphore"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect/inflate"
)

// Limits bound what a hostile layer can cost.
type Limits struct {
	// Entries is the most tar entries of one layer.
	Entries int
	// Bytes is the most uncompressed bytes of one layer.
	Bytes int64
	// Ratio is the most uncompressed bytes for each compressed byte, once
	// RatioFrom bytes have come out. Deflate can reach 1032.
	Ratio, RatioFrom int64
	// Memory is what all layers together may hold of files that are
	// inspected whole; a single larger file takes all of it.
	Memory int64
}

// DefaultLimits allow any image seen in practice.
func DefaultLimits() Limits {
	return Limits{Entries: 20_000_000, Bytes: 256 << 30, Ratio: 300, RatioFrom: 1 << 30, Memory: 48 << 20}
}

// Pass is the one pass, with the inspectors it serves. It is safe for
// concurrent use: several layers may be read at the same time.
type Pass struct {
	inspectors []Inspector
	limits     Limits
	memory     *semaphore.Weighted
	chunks     *chunks
}

// New returns a pass for these inspectors.
func New(inspectors []Inspector, limits Limits) *Pass {
	return &Pass{
		inspectors: inspectors,
		limits:     limits,
		memory:     semaphore.NewWeighted(limits.Memory),
		chunks:     newChunks(),
	}
}

// Key identifies the inspectors and their versions: evidence gathered under
// another key says nothing about what this pass would find.
func (p *Pass) Key() string {
	h := sha256.New()
	fmt.Fprintf(h, "pass %d\n", passVersion)
	for _, i := range p.inspectors {
		fmt.Fprintf(h, "%s %d\n", i.Name(), i.Version())
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// passVersion rises when the walker itself would give other evidence.
const passVersion = 4

// Blob says what a layer's bytes should be.
type Blob struct {
	// Digest is that of the bytes as stored, DiffID that of the uncompressed
	// tar; an empty one is not checked.
	Digest, DiffID string
}

// ErrDigest is wrapped by the error for a layer whose bytes are not those that
// the manifest or the configuration names.
var ErrDigest = errors.New("digest does not match")

// ErrLimit is wrapped by the error for a layer that exceeds a limit.
var ErrLimit = errors.New("limit exceeded")

// BrokenError says that a layer could not be read to its end.
type BrokenError struct {
	// Stored and Unpacked are the offsets reached, in the bytes as stored and
	// in the uncompressed tar.
	Stored, Unpacked int64
	Err              error
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("broken at byte %d (byte %d of the uncompressed tar): %v", e.Stored, e.Unpacked, e.Err)
}

func (e *BrokenError) Unwrap() error { return e.Err }

// Layer reads one layer to its end. src gives the bytes as stored: gzip, zstd
// or uncompressed, told from the first bytes.
//
// On an error the evidence gathered so far is returned too, to be reported as
// incomplete: a *BrokenError, or one that wraps ErrDigest or ErrLimit. It must
// not be cached.
//
// Where the layer has Unread links, Links can resolve them from a second reading.
func (p *Pass) Layer(ctx context.Context, src io.Reader, want Blob) (*evidence.Layer, error) {
	w := newWalk(p)
	err := p.read(ctx, src, want, w)
	return w.finish(), err
}

// Links reads a layer again for its Unread links, and returns its evidence with
// what they lead to. Links that lead out of the layer, and all of them where the
// reading fails, become a Problem.
func (p *Pass) Links(ctx context.Context, src io.Reader, want Blob, first *evidence.Layer) (*evidence.Layer, error) {
	w := newWalk(p)
	w.links = map[string][]string{}
	for _, l := range first.Unread {
		w.links[l.Target] = append(w.links[l.Target], l.Path)
	}
	err := p.read(ctx, src, want, w)
	whole := *first
	if err == nil {
		whole.Fragment = evidence.Fragment{}
		whole.Add(&first.Fragment)
		whole.Add(&w.finish().Fragment)
		whole.Unread = slices.DeleteFunc(slices.Clone(first.Unread), func(l evidence.HardLink) bool { return w.links[l.Target] == nil })
	}
	whole.GiveUp()
	return &whole, err
}

// read runs the pipeline: the walk at its end fills in w.layer.
func (p *Pass) read(ctx context.Context, src io.Reader, want Blob, w *walk) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	head := bufio.NewReaderSize(src, 512)
	magic, _ := head.Peek(4)
	compression := detect(magic)

	var stored *pipe
	var tarStream *pipe
	unpackedHash := sha256.New()
	if compression == none {
		tarStream = newPipe(ctx, p.chunks, head, unpackedHash)
		stored = tarStream
	} else {
		stored = newPipe(ctx, p.chunks, head, sha256.New())
		unpacked, closeUnpacker, err := decompress(compression, stored)
		if err != nil {
			stored.close()
			return &BrokenError{Err: err}
		}
		defer closeUnpacker()
		guarded := &guard{r: unpacked, stored: &stored.count, limits: p.limits}
		tarStream = newPipe(ctx, p.chunks, guarded, unpackedHash)
	}
	// The walk's stage ends first, then the one that feeds it.
	defer func() {
		cancel()
		tarStream.close()
		if stored != tarStream {
			stored.close()
		}
	}()

	err := w.run(ctx, tarStream)
	if err == nil {
		err = tarStream.drain()
	}
	if err == nil && stored != tarStream {
		// What follows the compressed stream counts for the digest.
		err = stored.drain()
	}
	w.layer.Size = tarStream.count.Load()
	if err != nil {
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return err
		}
		return &BrokenError{Stored: stored.count.Load(), Unpacked: tarStream.pos, Err: err}
	}
	<-tarStream.done
	<-stored.done
	w.layer.DiffID = "sha256:" + hex.EncodeToString(tarStream.digest)
	w.layer.Stored = "sha256:" + hex.EncodeToString(stored.digest)
	return verify(want, w.layer.Stored, w.layer.DiffID)
}

// verify compares digests; only sha256 is computed, and anything else that an
// image asks for is an error rather than a silent pass.
func verify(want Blob, digest, diffID string) error {
	if want.Digest != "" && want.Digest != digest {
		return fmt.Errorf("%w: the manifest names %s, the bytes are %s", ErrDigest, want.Digest, digest)
	}
	if want.DiffID != "" && want.DiffID != diffID {
		return fmt.Errorf("%w: the configuration names the uncompressed layer %s, the bytes are %s", ErrDigest, want.DiffID, diffID)
	}
	return nil
}

type compression int

const (
	none compression = iota
	gzipped
	zstandard
)

// detect tells the compression from the first bytes (RFC 1952 §2.3.1, RFC 8878
// §3.1.1; the zstd skippable frame of §3.1.2 opens seekable and chunked layers).
func detect(magic []byte) compression {
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzipped
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return zstandard
	case len(magic) == 4 && magic[0]&0xf0 == 0x50 && bytes.Equal(magic[1:], []byte{0x2a, 0x4d, 0x18}):
		return zstandard
	}
	return none
}

func decompress(c compression, src io.Reader) (io.Reader, func(), error) {
	in := bufio.NewReaderSize(src, 64<<10)
	if c == gzipped {
		z := &inflate.Gzip{}
		if err := z.Reset(in); err != nil {
			return nil, nil, fmt.Errorf("read gzip header: %w", err)
		}
		return z, func() {}, nil
	}
	// One decoder goroutine for each layer; 128 MiB is the window that zstd's
	// own tools accept at most without --long.
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(128<<20))
	if err != nil {
		return nil, nil, fmt.Errorf("read zstd header: %w", err)
	}
	return z, z.Close, nil
}

// guard stops a decompression bomb.
type guard struct {
	r      io.Reader
	stored interface{ Load() int64 }
	limits Limits
	n      int64
}

func (g *guard) Read(b []byte) (int, error) {
	n, err := g.r.Read(b)
	g.n += int64(n)
	if g.n > g.limits.Bytes {
		return n, fmt.Errorf("%w: more than %d uncompressed bytes", ErrLimit, g.limits.Bytes)
	}
	if g.n > g.limits.RatioFrom && g.n > g.limits.Ratio*g.stored.Load() {
		return n, fmt.Errorf("%w: more than %d bytes unpacked from each stored byte", ErrLimit, g.limits.Ratio)
	}
	return n, err
}

// sparse reports whether the entry's content is partly holes, which a few
// stored bytes can claim to be of any length.
func sparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// cleanName turns a tar name into a path relative to the root with forward
// slashes; "" is the root itself. Names that climb above the root stay
// below it, as they would on extraction into a root folder.
func cleanName(name string) string {
	if isClean(name) {
		return name
	}
	parts := strings.Split(name, "/")
	kept := parts[:0]
	for _, part := range parts {
		switch part {
		case "", ".":
		case "..":
			if len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
		default:
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "/")
}

// isClean spares the common case any allocation.
func isClean(name string) bool {
	if name == "" || name[0] == '/' || name[len(name)-1] == '/' {
		return false
	}
	start := 0
	for i := 0; i <= len(name); i++ {
		if i < len(name) && name[i] != '/' {
			continue
		}
		switch name[start:i] {
		case "", ".", "..":
			return false
		}
		start = i + 1
	}
	return true
}
