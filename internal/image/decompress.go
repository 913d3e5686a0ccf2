package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// newGunzip and newUnzstd undo the compression around an archive.
func newGunzip(stored *counter, r io.Reader) (io.Reader, func(), error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, nil, Damaged("archive (gzip)", stored.n, err)
	}
	return &guarded{r: z, stored: stored, name: "archive (gzip)", floor: bombFloor}, func() {}, nil
}

func newUnzstd(stored *counter, r io.Reader) (io.Reader, func(), error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
	if err != nil {
		return nil, nil, Damaged("archive (zstd)", stored.n, err)
	}
	return &guarded{r: z, stored: stored, name: "archive (zstd)", floor: bombFloor}, z.Close, nil
}

// guarded reports broken compression as damage, at the offset in the stored
// bytes, and stops bombs.
type guarded struct {
	r      io.Reader
	stored *counter
	name   string
	// floor is bombFloor, lower in tests.
	floor int64
	out   int64
}

func (g *guarded) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	g.out += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, Damaged(g.name, g.stored.n, err)
	}
	if g.out > g.floor && g.out/bombRatio > g.stored.n {
		return n, fmt.Errorf("archive: %w: it decompresses to more than %d times its size", ErrTooLarge, bombRatio)
	}
	return n, err
}

// ahead reads in a goroutine of its own, a few pieces ahead of its reader, so
// that decompressing and inspecting use two cores, and so that a reader that
// hangs (a pipe nobody writes to) can be left behind when the context ends.
type ahead struct {
	ctx   context.Context
	full  chan piece
	empty chan []byte
	done  chan struct{}
	once  sync.Once
	now   piece
	rest  []byte
}

type piece struct {
	buf []byte
	n   int
	err error
}

const (
	aheadPieces = 4
	aheadSize   = 256 << 10
)

// readAhead starts reading r. The goroutine ends with the source, with stop, or
// with ctx, at the latest when the read under way returns; then it calls release.
func readAhead(ctx context.Context, r io.Reader, release func()) *ahead {
	a := &ahead{
		ctx: ctx, full: make(chan piece, aheadPieces), empty: make(chan []byte, aheadPieces), done: make(chan struct{}),
	}
	for range aheadPieces {
		a.empty <- make([]byte, aheadSize)
	}
	go func() {
		defer release()
		a.run(r)
	}()
	return a
}

func (a *ahead) run(r io.Reader) {
	for {
		var p piece
		select {
		case p.buf = <-a.empty:
		case <-a.done:
			return
		case <-a.ctx.Done():
			return
		}
		for p.n < len(p.buf) && p.err == nil {
			var n int
			n, p.err = r.Read(p.buf[p.n:])
			p.n += n
		}
		select {
		case a.full <- p:
		case <-a.done:
			return
		case <-a.ctx.Done():
			return
		}
		if p.err != nil {
			return
		}
	}
}

func (a *ahead) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.now.err != nil {
			return 0, a.now.err
		}
		if a.now.buf != nil {
			a.empty <- a.now.buf
			a.now.buf = nil
		}
		select {
		case a.now = <-a.full:
			a.rest = a.now.buf[:a.now.n]
		case <-a.ctx.Done():
			return 0, a.ctx.Err()
		}
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

func (a *ahead) stop() { a.once.Do(func() { close(a.done) }) }
