package inspect

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"plimsoll/internal/evidence"
)

// The whiteout names of the OCI image-spec (layer.md, "Whiteouts"); AUFS left
// further names with the second prefix that mean nothing outside it.
const (
	whiteoutPrefix = ".wh."
	opaqueName     = ".wh..wh..opq"
	aufsPrefix     = ".wh..wh."
)

// maxName is the longest name of an entry or a link, in bytes: Linux's PATH_MAX
// (limits.h). No system that runs images can unpack a longer one.
const maxName = 4096

// keptWhole is the size up to which one buffer serves file after file.
const keptWhole = 1 << 20

// walk is the state of one layer's pass.
type walk struct {
	pass  *Pass
	layer *evidence.Layer
	// inspectors are those of the pass, of a LayerInspector the one for this layer.
	inspectors []Inspector
	// found holds the fragments in the order of the tar; seen says which of
	// them came from a path, since a later entry of the same name replaces
	// the earlier one (POSIX pax, "the last one wins").
	found []*evidence.Fragment
	seen  map[string]int
	buf   []byte
	// longNames counts entries that were passed over for their names.
	longNames int
	// unread are the links of evidence.Layer.Unread, name to target; unnoted
	// counts those beyond maxUnread.
	unread  map[string]string
	unnoted int
	// links is set for a second reading: the names to inspect a file under,
	// by the name that holds the bytes. What was found is taken out.
	links map[string][]string
}

func newWalk(p *Pass) *walk {
	inspectors := slices.Clone(p.inspectors)
	for n, i := range inspectors {
		if l, ok := i.(LayerInspector); ok {
			inspectors[n] = l.ForLayer()
		}
	}
	return &walk{pass: p, layer: &evidence.Layer{}, inspectors: inspectors, seen: map[string]int{}, unread: map[string]string{}}
}

func (w *walk) run(ctx context.Context, src tarSource) error {
	tr := newTarReader(src)
	for entries := 0; ; entries++ {
		if entries&1023 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if entries >= w.pass.limits.Entries {
			return fmt.Errorf("%w: more than %d files in one layer", ErrLimit, w.pass.limits.Entries)
		}
		if err := w.entry(ctx, h, tr); err != nil {
			return err
		}
	}
}

// entry records one tar entry and inspects it if it is a regular file. The
// error is the stream's; an inspector's own is a Problem.
func (w *walk) entry(ctx context.Context, h *tar.Header, content *tarReader) error {
	if len(h.Name) > maxName || len(h.Linkname) > maxName {
		w.longNames++
		return nil
	}
	path := cleanName(h.Name)
	if path == "" {
		return nil
	}
	if w.links != nil {
		return w.follow(ctx, h, path, content)
	}
	dir, base := "", path
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		dir, base = path[:i], path[i+1:]
	}
	files := &w.layer.Files
	if strings.HasPrefix(base, whiteoutPrefix) {
		switch {
		case base == opaqueName:
			files.Append(dir, evidence.Opaque, 0, 0, "")
		case strings.HasPrefix(base, aufsPrefix), base == whiteoutPrefix:
		default:
			files.Append(path[:len(path)-len(base)]+base[len(whiteoutPrefix):], evidence.Whiteout, 0, 0, "")
		}
		return nil
	}
	w.forget(path)
	mode := h.FileInfo().Mode()
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
		files.Append(path, evidence.Regular, mode, h.Size, "")
		sum, err := w.regular(ctx, h, path, mode, content)
		files.SetSum(sum)
		return err
	case tar.TypeDir:
		files.Append(path, evidence.Directory, mode, 0, "")
	case tar.TypeSymlink:
		files.Append(path, evidence.Symlink, 0, 0, h.Linkname)
	case tar.TypeLink:
		target := cleanName(h.Linkname)
		files.Append(path, evidence.Hardlink, 0, 0, target)
		w.linked(path, target, mode)
	case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		files.Append(path, evidence.Device, mode, 0, "")
	}
	return nil
}

// regular inspects a regular file and returns the sum of its content, 0 where
// nobody asked for all of it.
func (w *walk) regular(ctx context.Context, h *tar.Header, path string, mode fs.FileMode, content *tarReader) (sum uint32, err error) {
	f := &File{Path: path, Mode: mode, Size: h.Size, UID: h.Uid, GID: h.Gid, Xattrs: xattrs(h)}
	out := &evidence.Fragment{}
	defer w.keep(path, out)
	whole, streams := w.ask(w.inspectors, f, out)
	if whole == nil && streams == nil {
		return 0, nil
	}
	switch {
	case sparse(h):
		out.Problems = append(out.Problems, evidence.Problem{Path: path, Reason: "a sparse file is not inspected", Incomplete: true})
		return 0, nil
	case whole != nil && f.Size > MaxWhole:
		for _, i := range whole {
			out.Problems = append(out.Problems, evidence.Problem{
				Path: path, Inspector: i.Name(), Incomplete: true,
				Reason: fmt.Sprintf("%d bytes is more than the %d that are inspected", f.Size, int64(MaxWhole)),
			})
		}
		whole = nil
	}
	if whole == nil {
		return w.stream(ctx, f, streams, content, out)
	}
	return w.whole(ctx, f, whole, streams, content, out)
}

// castagnoli is the polynomial that processors have an instruction for.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ask finds out which inspectors want the file.
func (w *walk) ask(inspectors []Inspector, f *File, out *evidence.Fragment) (whole []WholeInspector, streams []StreamInspector) {
	asked := 0
	err := Guard(func() error {
		for ; asked < len(inspectors); asked++ {
			switch i := inspectors[asked]; i.Wants(f) {
			case Whole:
				whole = append(whole, i.(WholeInspector))
			case Stream:
				streams = append(streams, i.(StreamInspector))
			}
		}
		return nil
	})
	if err != nil {
		w.sign(out, inspectors[asked], len(out.Problems), f, err)
	}
	return whole, streams
}

// forget drops what an earlier entry of the same name gave.
func (w *walk) forget(path string) {
	if i, again := w.seen[path]; again {
		w.found[i] = nil
		delete(w.seen, path)
	}
	delete(w.unread, path)
}

// keep files the fragment unless it is empty.
func (w *walk) keep(path string, out *evidence.Fragment) {
	if out.Empty() {
		return
	}
	w.seen[path] = len(w.found)
	w.found = append(w.found, out)
}

func (w *walk) whole(ctx context.Context, f *File, whole []WholeInspector, streams []StreamInspector, content *tarReader, out *evidence.Fragment) (sum uint32, err error) {
	b, release, err := w.load(ctx, content, f.Size)
	if err != nil {
		return 0, err
	}
	defer release()
	w.inspect(ctx, f, whole, streams, b, out)
	return crc32.Checksum(b, castagnoli), nil
}

// load reads a file into memory, within the share that all layers have of it.
func (w *walk) load(ctx context.Context, content *tarReader, size int64) (b []byte, release func(), err error) {
	release = func() {}
	if size > keptWhole {
		share := min(size, w.pass.limits.Memory)
		if err := w.pass.memory.Acquire(ctx, share); err != nil {
			return nil, nil, err
		}
		release = func() { w.pass.memory.Release(share) }
	}
	if b, err = w.read(content, size); err != nil {
		release()
		return nil, nil, err
	}
	return b, release, nil
}

// inspect hands a file in memory to its inspectors.
func (w *walk) inspect(ctx context.Context, f *File, whole []WholeInspector, streams []StreamInspector, b []byte, out *evidence.Fragment) {
	for _, i := range whole {
		before := len(out.Problems)
		err := Guard(func() error { return i.Inspect(ctx, f, b, out) })
		w.sign(out, i, before, f, err)
	}
	for _, i := range streams {
		before := len(out.Problems)
		sink, err := open(ctx, i, f, out)
		if err == nil {
			if err = write(sink, b); errors.Is(err, ErrEnough) {
				err = nil
			}
			err = errors.Join(err, Guard(sink.Close))
		}
		w.sign(out, i, before, f, err)
	}
}

// sign turns an inspector's error into a Problem and names the inspector in
// those it added itself.
func (w *walk) sign(out *evidence.Fragment, i Inspector, before int, f *File, err error) {
	if err != nil {
		out.Problems = append(out.Problems, evidence.Problem{Path: f.Path, Reason: err.Error(), Incomplete: true})
	}
	for n := before; n < len(out.Problems); n++ {
		if out.Problems[n].Inspector == "" {
			out.Problems[n].Inspector = i.Name()
		}
	}
}

// read returns the next size bytes: where they lie, if they lie in one piece. It
// grows as bytes arrive, so that a header that lies about the size costs no more than
// the bytes there are.
func (w *walk) read(r *tarReader, size int64) ([]byte, error) {
	if size == 0 {
		return nil, nil
	}
	if size <= keptWhole {
		first, err := r.piece()
		if err != nil || int64(len(first)) == size {
			return first[:len(first):len(first)], err
		}
		if int64(cap(w.buf)) < size {
			w.buf = make([]byte, max(size, 64<<10))
		}
		b := w.buf[:size]
		_, err = io.ReadFull(r, b[copy(b, first):])
		return b, err
	}
	b := make([]byte, 0, min(size, 4<<20))
	for int64(len(b)) < size {
		if len(b) == cap(b) {
			grown := make([]byte, len(b), min(size, 2*int64(cap(b))))
			copy(grown, b)
			b = grown
		}
		n, err := io.ReadFull(r, b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

// stream gives the file's bytes to every sink until none wants more.
func (w *walk) stream(ctx context.Context, f *File, streams []StreamInspector, content *tarReader, out *evidence.Fragment) (sum uint32, err error) {
	if len(streams) == 0 {
		return 0, nil
	}
	type opened struct {
		i    StreamInspector
		sink Sink
		err  error
		done bool
	}
	sinks := make([]opened, 0, len(streams))
	for _, i := range streams {
		sink, err := open(ctx, i, f, out)
		if err != nil {
			w.sign(out, i, len(out.Problems), f, err)
			continue
		}
		sinks = append(sinks, opened{i: i, sink: sink})
	}
	defer func() {
		for _, s := range sinks {
			before := len(out.Problems)
			err := Guard(s.sink.Close)
			w.sign(out, s.i, before, f, errors.Join(s.err, err))
		}
	}()
	for wanted := len(sinks); wanted > 0; {
		piece, err := content.piece()
		sum = crc32.Update(sum, castagnoli, piece)
		for k := range sinks {
			s := &sinks[k]
			if s.done || len(piece) == 0 {
				continue
			}
			if werr := write(s.sink, piece); werr != nil {
				s.done = true
				wanted--
				if !errors.Is(werr, ErrEnough) {
					s.err = werr
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return sum, nil
		}
		if err != nil {
			return 0, err
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// finish adds up the fragments.
func (w *walk) finish() *evidence.Layer {
	if w.longNames > 0 {
		w.layer.Problems = append(w.layer.Problems, evidence.Problem{
			Reason: fmt.Sprintf("%d entries have names longer than %d bytes and were not inspected", w.longNames, maxName), Incomplete: true,
		})
	}
	for _, path := range slices.Sorted(maps.Keys(w.unread)) {
		w.layer.Unread = append(w.layer.Unread, evidence.HardLink{Path: path, Target: w.unread[path]})
	}
	if w.unnoted > 0 {
		w.layer.Problems = append(w.layer.Problems, unnotedProblem(w.unnoted))
	}
	for _, f := range w.found {
		if f != nil {
			w.layer.Add(f)
		}
	}
	return w.layer
}

// xattrPrefix marks extended attributes in PAX records (star's and Go's form).
const xattrPrefix = "SCHILY.xattr."

func xattrs(h *tar.Header) map[string]string {
	var m map[string]string
	for k, v := range h.PAXRecords {
		if name, ok := strings.CutPrefix(k, xattrPrefix); ok {
			if m == nil {
				m = map[string]string{}
			}
			m[name] = v
		}
	}
	return m
}
