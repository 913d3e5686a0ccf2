package store

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// limits bound what an archive may make us read and write.
type limits struct {
	// download is the largest archive, unpacked all that may come out of one.
	download, unpacked int64
	// ratio is the largest growth by decompression that is believed; the
	// published archives grow seven- to fifteenfold.
	ratio int64
	// entries is the most entries of one tar: publishers' archives hold two, an
	// OCI layout a handful of blobs.
	entries int
	// small bounds every JSON document.
	small int64
}

func defaultLimits() limits {
	return limits{download: 4 << 30, unpacked: 16 << 30, ratio: 200, entries: 1000, small: 4 << 20}
}

// ratioFloor is what may come out before the ratio is looked at.
const ratioFloor = 64 << 20

// zstdWindow is the largest window that zstd itself accepts without being asked for more.
const zstdWindow = 128 << 20

// damaged marks an error about the bytes themselves.
func damaged(err error) error {
	if err == nil || errors.Is(err, ErrDamaged) || errors.Is(err, context.Canceled) ||
		errors.Is(err, context.DeadlineExceeded) || isLocal(err) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// localError is a failure of this machine: a full disk, a folder that can't be
// written. No other mirror would help.
type localError struct{ err error }

func (e *localError) Error() string { return e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

func local(err error) error {
	if err == nil {
		return nil
	}
	return &localError{err}
}

func isLocal(err error) bool {
	var l *localError
	return errors.As(err, &l)
}

// archive is a tar, whatever it is compressed with, read within limits.
type archive struct {
	*tar.Reader
	ctx     context.Context
	raw     *countingReader
	plain   *boundedReader
	lim     limits
	entries int
	// compressed says that the first bytes were those of gzip or zstd.
	compressed bool
	close      func()
}

// openArchive tells the compression from the first bytes.
func openArchive(ctx context.Context, r io.Reader, lim limits) (*archive, error) {
	raw := &countingReader{ctx: ctx, r: r}
	buffered := bufio.NewReaderSize(raw, 1<<16)
	magic, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	a := &archive{ctx: ctx, raw: raw, lim: lim, close: func() {}}
	var plain io.Reader = buffered
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, damaged(err)
		}
		plain, a.close, a.compressed = z, func() { z.Close() }, true
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(buffered, zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecoderConcurrency(2))
		if err != nil {
			return nil, damaged(err)
		}
		plain, a.close, a.compressed = z, z.Close, true
	}
	a.plain = &boundedReader{r: plain, raw: raw, max: lim.unpacked, ratio: lim.ratio}
	a.Reader = tar.NewReader(a.plain)
	return a, nil
}

// next returns the next entry and its cleaned name, io.EOF at the end. Names
// that lead out of the archive are refused.
func (a *archive) next() (*tar.Header, string, error) {
	h, err := a.Reader.Next()
	if errors.Is(err, io.EOF) {
		return nil, "", io.EOF
	}
	if err != nil {
		return nil, "", damaged(err)
	}
	if a.entries++; a.entries > a.lim.entries {
		return nil, "", damaged(fmt.Errorf("archive has more than %d entries", a.lim.entries))
	}
	name, err := entryName(h.Name)
	if err != nil {
		return nil, "", damaged(err)
	}
	return h, name, nil
}

// drain reads to the end, so that checksums of the compression are verified.
func (a *archive) drain() error {
	_, err := io.Copy(io.Discard, a.plain)
	return damaged(err)
}

func entryName(name string) (string, error) {
	if strings.HasPrefix(name, "/") || strings.Contains(name, `\`) || strings.ContainsRune(name, 0) {
		return "", fmt.Errorf("archive has the unsafe name %q", name)
	}
	if slices.Contains(strings.Split(name, "/"), "..") {
		return "", fmt.Errorf("archive has the unsafe name %q", name)
	}
	return path.Clean(name), nil
}

// unpack writes a publisher's archive of one database into dir: exactly the
// files that belong to the database, whatever else the archive holds.
func (s *Store) unpack(ctx context.Context, r io.Reader, k kind, dir string, done func(int64)) error {
	a, err := openArchive(ctx, r, s.limits)
	if err != nil {
		return err
	}
	defer a.close()
	seen := map[string]bool{}
	for {
		h, name, err := a.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if !slices.Contains(k.files, name) {
			continue
		}
		if h.Typeflag != tar.TypeReg {
			return damaged(fmt.Errorf("%s in the archive is not a regular file", name))
		}
		if seen[name] {
			return damaged(fmt.Errorf("%s is in the archive twice", name))
		}
		seen[name] = true
		if err := s.extract(a, filepath.Join(dir, name), h.Size, func() { done(a.raw.n.Load()) }); err != nil {
			return fmt.Errorf("unpack %s: %w", name, err)
		}
	}
	if err := a.drain(); err != nil {
		return err
	}
	for _, name := range k.files {
		if !seen[name] {
			return damaged(fmt.Errorf("archive holds no %s", name))
		}
	}
	return nil
}

// extract writes one entry. Errors of reading are about the archive, errors of
// writing about this machine.
func (s *Store) extract(r io.Reader, to string, size int64, step func()) error {
	if size > s.limits.unpacked {
		return damaged(fmt.Errorf("claims %d bytes", size))
	}
	f, err := s.create(to)
	if err != nil {
		return local(err)
	}
	n, err := copyBlocks(f, r, step)
	if err == nil && n != size {
		err = damaged(fmt.Errorf("has %d bytes instead of %d", n, size))
	}
	if err == nil {
		err = local(f.Sync())
	}
	if cerr := f.Close(); err == nil {
		err = local(cerr)
	}
	return err
}

// copyBlocks copies and keeps apart whose error it was.
func copyBlocks(w io.Writer, r io.Reader, step func()) (int64, error) {
	buf := make([]byte, 256<<10)
	var total int64
	for {
		n, rerr := r.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return total, local(err)
			}
			total += int64(n)
			if step != nil {
				step()
			}
		}
		if errors.Is(rerr, io.EOF) {
			return total, nil
		}
		if rerr != nil {
			return total, damaged(rerr)
		}
	}
}

// countingReader counts the compressed bytes and ends with the context.
type countingReader struct {
	ctx context.Context
	r   io.Reader
	n   atomic.Int64 // zstd reads from a goroutine of its own
}

func (c *countingReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// boundedReader fails once more comes out than any real archive holds.
type boundedReader struct {
	r          io.Reader
	raw        *countingReader
	n          int64
	max, ratio int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n += int64(n)
	if b.n > b.max {
		return n, damaged(fmt.Errorf("archive unpacks to more than %d bytes", b.max))
	}
	if b.n > ratioFloor && b.n > b.ratio*b.raw.n.Load() {
		return n, damaged(fmt.Errorf("archive grows more than %d times when unpacked", b.ratio))
	}
	return n, err
}
