package inspect

import (
	"context"
	"errors"
	"hash"
	"io"
	"sync"
	"sync/atomic"
)

// chunkSize is how much passes between the stages of the pipeline at once:
// large enough that a hand-over costs nothing beside the work on it, small
// enough that a few in flight stay in the processor's cache.
const chunkSize = 256 << 10

// inFlight is how many chunks may wait between two stages.
const inFlight = 4

// chunk is a piece of a stream that two stages read: the hash and the next stage.
type chunk struct {
	buf  []byte
	n    int
	refs atomic.Int32
}

// chunks recycles chunk buffers for the whole pass.
type chunks struct{ pool sync.Pool }

func newChunks() *chunks {
	return &chunks{pool: sync.Pool{New: func() any { return &chunk{buf: make([]byte, chunkSize)} }}}
}

func (c *chunks) get() *chunk { return c.pool.Get().(*chunk) }

func (c *chunks) release(k *chunk) {
	if k.refs.Add(-1) == 0 {
		c.pool.Put(k)
	}
}

// pipe reads a stream ahead in a goroutine of its own, hashes it in another,
// and hands the bytes on through Read. It is how one large layer keeps both
// cores busy: decompression, hashing and inspection each run beside the others.
type pipe struct {
	chunks *chunks
	out    chan *chunk
	stop   context.CancelFunc
	done   chan struct{} // closed when reader and hasher have ended

	cur   *chunk
	off   int
	count atomic.Int64 // bytes read from the source
	pos   int64        // bytes handed on

	err    error // the source's error, set before out is closed
	digest []byte
}

// newPipe starts reading src. h may be nil.
func newPipe(ctx context.Context, c *chunks, src io.Reader, h hash.Hash) *pipe {
	ctx, stop := context.WithCancel(ctx)
	p := &pipe{chunks: c, out: make(chan *chunk, inFlight), stop: stop, done: make(chan struct{})}
	var hashing chan *chunk
	var hashed sync.WaitGroup
	if h != nil {
		hashing = make(chan *chunk, inFlight)
		hashed.Go(func() {
			for k := range hashing {
				h.Write(k.buf[:k.n])
				c.release(k)
			}
		})
	}
	go func() {
		defer close(p.done)
		p.err = p.readAhead(ctx, src, hashing)
		if hashing != nil {
			close(hashing)
			hashed.Wait()
			p.digest = h.Sum(nil)
		}
		close(p.out)
	}()
	return p
}

// readAhead fills chunks until the source ends; io.EOF is a nil error.
func (p *pipe) readAhead(ctx context.Context, src io.Reader, hashing chan<- *chunk) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		k := p.chunks.get()
		n, err := fill(src, k.buf)
		k.n = n
		p.count.Add(int64(n))
		if n > 0 {
			k.refs.Store(1)
			if hashing != nil {
				k.refs.Store(2)
				hashing <- k
			}
			select {
			case p.out <- k:
			case <-ctx.Done():
				p.chunks.release(k)
				return ctx.Err()
			}
		} else {
			p.chunks.pool.Put(k)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// fill reads until buf is full or the source ends. A source that returns
// nothing a hundred times is broken.
func fill(r io.Reader, buf []byte) (n int, err error) {
	for empty := 0; n < len(buf); {
		var m int
		m, err = r.Read(buf[n:])
		n += m
		if err != nil {
			return n, err
		}
		if m > 0 {
			empty = 0
		} else if empty++; empty >= 100 {
			return n, io.ErrNoProgress
		}
	}
	return n, nil
}

// next makes cur a chunk with unread bytes.
func (p *pipe) next() error {
	if p.cur != nil && p.off < p.cur.n {
		return nil
	}
	if p.cur != nil {
		p.chunks.release(p.cur)
		p.cur = nil
	}
	k, ok := <-p.out
	if !ok {
		if p.err != nil {
			return p.err
		}
		return io.EOF
	}
	p.cur, p.off = k, 0
	return nil
}

// Read implements io.Reader.
func (p *pipe) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if err := p.next(); err != nil {
		return 0, err
	}
	n := copy(b, p.cur.buf[p.off:p.cur.n])
	p.off += n
	p.pos += int64(n)
	return n, nil
}

// window returns up to limit of the next bytes where they lie. The hash may
// be reading them at the same time: they must not be changed.
func (p *pipe) window(limit int64) ([]byte, error) {
	if err := p.next(); err != nil {
		return nil, err
	}
	n := min(int64(p.cur.n-p.off), limit)
	b := p.cur.buf[p.off : p.off+int(n)]
	p.off += int(n)
	p.pos += n
	return b, nil
}

// Seek implements io.Seeker forwards only, which is what archive/tar asks for
// when it passes over a file: chunks are dropped without copying them.
func (p *pipe) Seek(offset int64, whence int) (int64, error) {
	if whence != io.SeekCurrent || offset < 0 {
		return p.pos, errors.New("a layer is read forwards only")
	}
	for offset > 0 {
		if err := p.next(); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return p.pos, err
		}
		n := min(offset, int64(p.cur.n-p.off))
		p.off += int(n)
		p.pos += n
		offset -= n
	}
	return p.pos, nil
}

// drain reads to the end of the source, so that every byte is hashed.
func (p *pipe) drain() error {
	for {
		if err := p.next(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		p.pos += int64(p.cur.n - p.off)
		p.off = p.cur.n
	}
}

// close ends the stage and waits for its goroutines; the source must not
// block for ever once its context ends.
func (p *pipe) close() {
	p.stop()
	if p.cur != nil {
		p.chunks.release(p.cur)
		p.cur = nil
	}
	for k := range p.out {
		p.chunks.release(k)
	}
	<-p.done
}
