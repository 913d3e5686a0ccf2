// Package zipread reads zip archives out of images: from memory through their
// central directory, or as a stream through their local headers, in bounded
// memory and time.
//
// It owns the zip format (APPNOTE.TXT of PKWARE, version 6.3) and its abuses: bombs,
// directories that disagree with the body, entries that lie about their size,
// nesting. What an entry means is the caller's business: it names the entries it
// wants through a Handler and gets them one by one. Nothing is written to disk,
// and no entry is inflated that nobody asked for, except where a stream leaves
// no other way to find its end.
package zipread

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"plimsoll/internal/inspect/inflate"
)

// ErrNotZip says that the bytes are no zip archive, not even a damaged one.
var ErrNotZip = errors.New("not a zip archive")

// ErrBudget is returned by reads that would exceed the Budget.
var ErrBudget = errors.New("archive budget exhausted")

// Budget bounds what one file of an image may cost, archives nested in it
// included. It is used by one goroutine.
type Budget struct {
	// Entries that may still be looked at.
	Entries int
	// Inflated bytes that may still be produced.
	Inflated int64
	// Depth is how many more archives may be nested inside each other.
	Depth int
	// Held bytes of nested archives that may still be kept in memory at once.
	Held int64

	// Inflaters are shared with others where it is set; one costs 100 KiB to make.
	Inflaters *sync.Pool
	// free are those of this budget alone that are not in use.
	free []*inflate.Reader
}

// NewBudget returns the budget of a file of this size. Class files deflate to
// less than half and nested archives hardly at all; thirty times the file is
// far above any honest archive.
func NewBudget(size int64) *Budget {
	return &Budget{
		Entries:  1_000_000,
		Inflated: min(64<<20+30*max(size, 0), 8<<30),
		Depth:    6,
		Held:     32 << 20,
	}
}

// Handler receives the entries of one archive.
type Handler interface {
	// Want says whether Entry shall get the entry of this name. The slice is
	// valid during the call only. It is asked more than once and must always
	// answer the same.
	Want(name []byte) bool
	// Entry gets one wanted entry. Body is valid during the call only, and
	// need not be read to its end.
	Entry(name string, body *Body)
	// Problem gets what could not be read. Incomplete is set where something
	// that the archive's user would find may have been missed.
	Problem(reason string, incomplete bool)
}

// Body is the content of an entry.
type Body struct {
	r      io.Reader
	stored []byte // the whole content where it lies uncompressed in memory
	hint   int64  // the size that the archive claims, -1 where it does not
	budget *Budget
}

// Read implements io.Reader.
func (b *Body) Read(p []byte) (int, error) {
	if b.r == nil {
		b.r = bytes.NewReader(b.stored)
	}
	return b.r.Read(p)
}

// Upto reads at most limit bytes. Whole reports whether that was all; if not,
// Read continues after them. Where the entry is stored in an archive in memory
// nothing is copied.
func (b *Body) Upto(limit int64) (content []byte, whole bool, err error) {
	if b.r == nil && int64(len(b.stored)) <= limit {
		return b.stored, true, nil
	}
	size := int64(4 << 10)
	if b.hint >= 0 {
		size = b.hint + 1
	}
	buf := make([]byte, 0, min(size, limit+1, 1<<20))
	for {
		if int64(len(buf)) > limit {
			rest := b.r
			last := bytes.Clone(buf[limit:])
			b.r = io.MultiReader(bytes.NewReader(last), rest)
			return buf[:limit], false, nil
		}
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := b.Read(buf[len(buf):min(int64(cap(buf)), limit+1)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, true, nil
		}
		if err != nil {
			return buf, false, err
		}
	}
}

// Hold takes n bytes of the memory that nested archives may keep; the caller
// gives them back with Release. False: not that much is left.
func (b *Budget) Hold(n int64) bool {
	if n > b.Held {
		return false
	}
	b.Held -= n
	return true
}

// Release gives back what Hold took.
func (b *Budget) Release(n int64) { b.Held += n }

// inflateReader inflates within the budget.
type inflateReader struct {
	ctx    context.Context
	r      *inflate.Reader
	budget *Budget
	n      int64 // bytes given out
	done   bool  // the end of the deflate stream was seen
}

func newInflateReader(ctx context.Context, src *bufio.Reader, b *Budget) *inflateReader {
	i := &inflateReader{ctx: ctx, r: b.inflater(), budget: b}
	i.r.Reset(src)
	return i
}

func inflateBytes(ctx context.Context, packed []byte, b *Budget) *inflateReader {
	i := &inflateReader{ctx: ctx, r: b.inflater(), budget: b}
	i.r.ResetBytes(packed)
	return i
}

// inflater takes an inflater that is not in use, or makes one.
func (b *Budget) inflater() *inflate.Reader {
	if n := len(b.free); n > 0 {
		r := b.free[n-1]
		b.free = b.free[:n-1]
		return r
	}
	if b.Inflaters != nil {
		if r, ok := b.Inflaters.Get().(*inflate.Reader); ok {
			return r
		}
	}
	return &inflate.Reader{}
}

// release gives the inflater back; the reader must not be used after it.
func (i *inflateReader) release() {
	i.done = true
	i.r.ResetBytes(nil)
	if i.budget.Inflaters != nil {
		i.budget.Inflaters.Put(i.r)
	} else {
		i.budget.free = append(i.budget.free, i.r)
	}
	i.r = nil
}

func (i *inflateReader) Read(p []byte) (int, error) {
	if i.done {
		return 0, io.EOF
	}
	if i.budget.Inflated <= 0 {
		return 0, ErrBudget
	}
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := i.r.Read(p)
	i.n += int64(n)
	i.budget.Inflated -= int64(n)
	if err == io.EOF {
		i.done = true
	}
	return n, err
}

const (
	sigLocal      = 0x04034b50
	sigDirectory  = 0x02014b50
	sigEnd        = 0x06054b50
	sigEnd64      = 0x06064b50
	sigLocator64  = 0x07064b50
	sigDescriptor = 0x08074b50
	sigArchExtra  = 0x08064b50
	sigSignature  = 0x05054b50

	localSize     = 30
	directorySize = 46
	endSize       = 22

	flagEncrypted  = 1 << 0
	flagDescriptor = 1 << 3

	methodStore   = 0
	methodDeflate = 8

	// maxName bounds an entry's name; the longest honest ones are class files
	// of about 400 bytes.
	maxName = 4 << 10
	// maxPrefix bounds what may stand before the archive: the start script of
	// an executable jar.
	maxPrefix = 1 << 20
)
