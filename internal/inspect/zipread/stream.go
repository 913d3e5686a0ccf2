package zipread

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"io"
)

// Stream reads an archive from its start to its end through the local headers.
// Entries whose length stands only behind them are inflated to find it. At the
// end the central directory is compared: a wanted entry that only the directory
// knows is a problem.
func Stream(ctx context.Context, r io.Reader, b *Budget, h Handler) error {
	s := &stream{ctx: ctx, src: &countReader{r: r}, budget: b, h: h, seed: maphash.MakeSeed(), seen: map[uint64]bool{}}
	s.br = bufio.NewReaderSize(s.src, 64<<10)
	if !s.prefix() {
		return ErrNotZip
	}
	err := s.archive()
	switch {
	case err == nil, errors.Is(err, errDone):
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		h.Problem("the archive is truncated", true)
	default:
		h.Problem(reason(err), true)
	}
	return nil
}

// errDone ends an archive without a further problem.
var errDone = errors.New("done")

type stream struct {
	ctx    context.Context
	src    *countReader
	br     *bufio.Reader
	budget *Budget
	h      Handler
	// seen holds the hashes of wanted names met in the body.
	seed    maphash.Seed
	seen    map[uint64]bool
	missing bool
	name    []byte
	extra   []byte
	// entry reads the packed bytes of one entry after another.
	entry *bufio.Reader
}

// countReader counts what was read from below.
type countReader struct {
	r io.Reader
	n int64
}

func (c *countReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// at is the position of the next byte to be read.
func (s *stream) at() int64 { return s.src.n - int64(s.br.Buffered()) }

// prefix skips a start script. False: no archive begins here.
func (s *stream) prefix() bool {
	head, _ := s.br.Peek(4)
	if bytes.Equal(head, []byte("PK\x03\x04")) || bytes.Equal(head, []byte("PK\x05\x06")) {
		return true
	}
	return bytes.HasPrefix(head, []byte("#!")) && s.seekLocal(maxPrefix)
}

// seekLocal goes forward to the next local header, at most limit bytes.
func (s *stream) seekLocal(limit int64) bool {
	for end := s.at() + limit; s.at() < end; {
		window, err := s.br.Peek(s.br.Size())
		if i := bytes.Index(window, []byte("PK\x03\x04")); i >= 0 {
			s.br.Discard(i)
			return true
		}
		if err != nil || len(window) < 4 {
			return false
		}
		s.br.Discard(len(window) - 3)
	}
	return false
}

func (s *stream) archive() error {
	ended := false
	for {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		head, err := s.br.Peek(4)
		if err != nil {
			if ended {
				return nil
			}
			return err
		}
		switch binary.LittleEndian.Uint32(head) {
		case sigLocal:
			ended = false
			err = s.local()
		case sigDirectory:
			err = s.directory()
		case sigEnd:
			err = s.end()
			ended = true
		case sigEnd64:
			err = s.discardSized(4, 8)
		case sigLocator64:
			err = s.discard(20)
		case sigArchExtra:
			err = s.discardSized(4, 4)
		case sigSignature:
			err = s.discardSized(4, 2)
		default:
			if ended {
				return nil
			}
			s.h.Problem("the archive's headers disagree with its body", true)
			if !s.seekLocal(1 << 40) {
				return errDone
			}
		}
		if err != nil {
			return err
		}
	}
}

// discardSized skips a record of a signature, a length and that many bytes.
func (s *stream) discardSized(at, width int) error {
	b, err := s.br.Peek(at + width)
	if err != nil {
		return err
	}
	var n uint64
	for i := width - 1; i >= 0; i-- {
		n = n<<8 | uint64(b[at+i])
	}
	if n > 1<<40 {
		return errors.New("a record claims an impossible length")
	}
	return s.discard(int64(at+width) + int64(n))
}

func (s *stream) discard(n int64) error {
	for n > 0 {
		k, err := s.br.Discard(int(min(n, 1<<30)))
		n -= int64(k)
		if err != nil {
			return err
		}
		if err := s.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// names reads a name and an extra field into the stream's buffers.
func (s *stream) names(n, x uint16) error {
	s.name = append(s.name[:0], make([]byte, n)...)
	if _, err := io.ReadFull(s.br, s.name); err != nil {
		return err
	}
	s.extra = append(s.extra[:0], make([]byte, x)...)
	_, err := io.ReadFull(s.br, s.extra)
	return err
}

// local reads one local header and its entry.
func (s *stream) local() error {
	var head [localSize]byte
	if _, err := io.ReadFull(s.br, head[:]); err != nil {
		return err
	}
	if s.budget.Entries--; s.budget.Entries < 0 {
		s.h.Problem("the archive has too many entries", true)
		return errDone
	}
	if err := s.names(binary.LittleEndian.Uint16(head[26:]), binary.LittleEndian.Uint16(head[28:])); err != nil {
		return err
	}
	flags, method := binary.LittleEndian.Uint16(head[6:]), binary.LittleEndian.Uint16(head[8:])
	packed, size := uint64(binary.LittleEndian.Uint32(head[18:])), uint64(binary.LittleEndian.Uint32(head[22:]))
	zip64(s.extra, &size, &packed)
	wanted := len(s.name) <= maxName && s.h.Want(s.name)
	if wanted {
		s.seen[maphash.Bytes(s.seed, s.name)] = true
	}
	behind := flags&flagDescriptor != 0 && packed == 0
	if packed > 1<<40 {
		return errors.New("an entry claims an impossible length")
	}
	switch {
	case flags&flagEncrypted != 0:
		if behind {
			return errors.New("encrypted, and its length is unknown")
		}
		if wanted {
			s.h.Problem("an entry is encrypted and was not read", false)
		}
		return s.discard(int64(packed))
	case method == methodDeflate:
		return s.deflated(wanted, behind, int64(packed), size)
	case method == methodStore && behind:
		return s.storedUntilDescriptor(wanted)
	case method == methodStore:
		return s.stored(wanted, int64(packed))
	case behind:
		return errors.New("compressed in an unknown way, and its length is unknown")
	}
	if wanted {
		s.h.Problem("an entry is compressed in a way that its users can't read either", false)
	}
	return s.discard(int64(packed))
}

func (s *stream) stored(wanted bool, n int64) error {
	end := s.at() + n
	if wanted {
		s.h.Entry(string(s.name), &Body{r: io.LimitReader(s.br, n), hint: n, budget: s.budget})
	}
	return s.discard(end - s.at())
}

func (s *stream) deflated(wanted, behind bool, packed int64, size uint64) error {
	start := s.at()
	if !behind {
		if wanted {
			if s.entry == nil {
				s.entry = bufio.NewReaderSize(nil, 16<<10)
			}
			s.entry.Reset(io.LimitReader(s.br, packed))
			in := newInflateReader(s.ctx, s.entry, s.budget)
			s.h.Entry(string(s.name), &Body{r: in, hint: int64(min(size, 1<<40)), budget: s.budget})
			in.release()
			if s.budget.Inflated <= 0 {
				return ErrBudget
			}
		}
		return s.discard(start + packed - s.at())
	}
	in := newInflateReader(s.ctx, s.br, s.budget)
	if wanted {
		s.h.Entry(string(s.name), &Body{r: in, hint: -1, budget: s.budget})
	}
	_, err := io.Copy(io.Discard, in)
	in.release()
	if err != nil {
		return err
	}
	return s.descriptor(uint64(s.at()-start), uint64(in.n))
}

// descriptor skips the record behind an entry: with or without a signature,
// with lengths of four bytes or eight. The form is the one whose lengths are
// right.
func (s *stream) descriptor(packed, size uint64) error {
	b, _ := s.br.Peek(24)
	for _, skip := range []int{8, 4} {
		if skip == 8 && (len(b) < 4 || binary.LittleEndian.Uint32(b) != sigDescriptor) {
			continue
		}
		if len(b) >= skip+16 && binary.LittleEndian.Uint64(b[skip:]) == packed &&
			binary.LittleEndian.Uint64(b[skip+8:]) == size {
			return s.discard(int64(skip + 16))
		}
		if len(b) >= skip+8 && binary.LittleEndian.Uint32(b[skip:]) == uint32(packed) &&
			binary.LittleEndian.Uint32(b[skip+4:]) == uint32(size) {
			return s.discard(int64(skip + 8))
		}
	}
	return nil // archive() will find no header here, say so and search on
}

// storedUntilDescriptor reads an entry that is neither compressed nor of known
// length: it ends where a descriptor tells exactly the length read so far.
func (s *stream) storedUntilDescriptor(wanted bool) error {
	u := &untilDescriptor{br: s.br}
	if wanted {
		s.h.Entry(string(s.name), &Body{r: u, hint: -1, budget: s.budget})
	}
	_, err := io.Copy(io.Discard, u)
	return err
}

type untilDescriptor struct {
	br   *bufio.Reader
	n    uint64
	free int // bytes to come that were searched already
	done bool
}

func (u *untilDescriptor) Read(p []byte) (int, error) {
	if u.done {
		return 0, io.EOF
	}
	if u.free == 0 {
		if err := u.search(); err != nil || u.done {
			return 0, cmp.Or(err, io.EOF)
		}
	}
	n, err := u.br.Read(p[:min(len(p), u.free)])
	u.n += uint64(n)
	u.free -= n
	return n, err
}

// search looks for the next descriptor in what is buffered.
func (u *untilDescriptor) search() error {
	// Filling the buffer moves it, so that waits until it is nearly empty.
	n := u.br.Buffered()
	if n < 4<<10 {
		n = u.br.Size()
	}
	window, err := u.br.Peek(n)
	if len(window) == 0 {
		return io.ErrUnexpectedEOF
	}
	switch i := bytes.Index(window, []byte("PK\x07\x08")); {
	case i > 0:
		u.free = i
	case i == 0:
		u.free = 1
		if skip := u.ends(window); skip > 0 {
			u.free, u.done = 0, true
			u.br.Discard(skip)
		}
	case err == nil:
		u.free = len(window) - 3
	default:
		u.free = len(window)
	}
	return nil
}

// ends returns the length of the descriptor at the start of the window, or 0.
func (u *untilDescriptor) ends(w []byte) int {
	if len(w) >= 24 && binary.LittleEndian.Uint64(w[8:]) == u.n && binary.LittleEndian.Uint64(w[16:]) == u.n {
		return 24
	}
	if len(w) >= 16 && binary.LittleEndian.Uint32(w[8:]) == uint32(u.n) && binary.LittleEndian.Uint32(w[12:]) == uint32(u.n) {
		return 16
	}
	return 0
}

// directory compares one record of the central directory with what was seen.
func (s *stream) directory() error {
	var head [directorySize]byte
	if _, err := io.ReadFull(s.br, head[:]); err != nil {
		return err
	}
	if err := s.names(binary.LittleEndian.Uint16(head[28:]), binary.LittleEndian.Uint16(head[30:])); err != nil {
		return err
	}
	if !s.missing && len(s.name) <= maxName && s.h.Want(s.name) && !s.seen[maphash.Bytes(s.seed, s.name)] {
		s.missing = true
		s.h.Problem(Hidden, true)
	}
	return s.discard(int64(binary.LittleEndian.Uint16(head[32:])))
}

func (s *stream) end() error {
	b, err := s.br.Peek(endSize)
	if err != nil {
		return err
	}
	err = s.discard(endSize + int64(binary.LittleEndian.Uint16(b[20:])))
	if errors.Is(err, io.EOF) {
		return nil // a comment cut short hides nothing
	}
	return err
}
