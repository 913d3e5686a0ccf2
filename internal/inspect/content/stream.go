package content

import (
	"bytes"
	"errors"
	"io"

	"plimsoll/internal/malware"
	"plimsoll/internal/secret"
)

const (
	// carry is what stays of a block for the windows of words near its end.
	carry = secret.MaxReach
	// blockSize holds what is searched at once: new bytes, and a carry on both sides.
	blockSize = 256<<10 + 2*carry
	// headSize is what detectors see of the beginning of a large file.
	headSize = 64 << 10
)

// read searches a file of any length. What is no longer than small is taken into
// memory, since more can be told of a file as a whole.
func (s *subject) read(w where, r io.Reader) {
	b := s.blocks.Get().(*[blockSize]byte)
	defer s.blocks.Put(b)
	n, err := fill(r, b[:])
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		s.look(w, b[:n])
		return
	default:
		s.broken(w, err)
		s.look(w, b[:n])
		return
	}
	if s.unpack(w, b[:n], r) {
		return
	}
	if wide := utf16Of(b[:n]); wide != none16 && w.encoding == "" {
		in := w
		in.encoding = "utf-16"
		s.read(in, wide.reader(io.MultiReader(bytes.NewReader(bytes.Clone(b[:n])), r)))
		return
	}
	s.search(w, b[:], n, r)
}

// search runs over a file in blocks; b holds its first n bytes.
func (s *subject) search(w where, b []byte, n int, r io.Reader) {
	f := &malware.File{Content: bytes.Clone(b[:min(n, headSize)]), Kind: malware.KindOf(b[:n])}
	var search *secret.Search
	var marks malware.Marks
	lines := map[int64]int{}
	// base is where in the file the block begins, from where in the block the
	// search goes on, line the number of the line there.
	base, from, line := int64(0), 0, 1
	unwrapped := int64(0)
	for eof := false; ; {
		to := n - carry
		if eof {
			to = n
		}
		known := search.Len()
		s.words.Find(b[:n], from, to, func(word, at int) bool {
			if word >= s.secretWords {
				marks.Add(s.opt.Malware, b[:n], base, word-s.secretWords, at, true)
				return true
			}
			if search == nil {
				search = s.opt.Secrets.Begin(s.rulePath(w))
			}
			search.Keyword(b[:n], base, word, at)
			return true
		})
		if f.Kind == malware.Text {
			for _, offset := range search.Since(known) {
				lines[offset] = line + bytes.Count(b[from:max(from, int(offset-base))], []byte{'\n'})
			}
			start := from
			unwrapped = s.wrapped(w, b[:to], unwrapped-base, func(offset int) int {
				return line + bytes.Count(b[start:max(start, offset)], []byte{'\n'})
			}) + base
			line += bytes.Count(b[from:to], []byte{'\n'})
		}
		f.Size = base + int64(n)
		if eof || s.ctx.Err() != nil {
			break
		}
		// Keep a carry before what is searched next, and fill up behind it.
		keep := max(0, to-carry)
		copy(b, b[keep:n])
		base, from, n = base+int64(keep), to-keep, n-keep
		m, err := fill(r, b[n:])
		n += m
		if err != nil {
			eof = true
			if !errors.Is(err, io.EOF) {
				s.broken(w, err)
			}
		}
	}
	if search != nil {
		s.secrets(w, search, func(offset int64) int { return lines[offset] })
	}
	s.planted(w, f, &marks)
}

// broken says that a member of an archive could not be read to its end. The end
// of the layer itself is the walker's to report.
func (s *subject) broken(w where, err error) {
	if w.depth > 0 {
		s.archiveProblem(err)
	}
}

// fill reads until b is full; io.EOF where the source ended before that.
func fill(r io.Reader, b []byte) (int, error) {
	n, err := io.ReadFull(r, b)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}
