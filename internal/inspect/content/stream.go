package content

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"plimsoll/internal/malware"
	"plimsoll/internal/secret"
)

const (
	// longestWord bounds the words that lead to rules, those of the user's own included.
	longestWord = 1 << 10
	// carry is what stays of a block for the windows of words near its end.
	carry = secret.MaxReach + longestWord
	// blockSize holds what is searched at once: new bytes, and a carry on both sides.
	blockSize = 256<<10 + 2*carry
	// headSize is what detectors see of the beginning of a large file.
	headSize = 64 << 10
	// small is the size up to which a file or a member of an archive is judged as
	// a whole; larger ones are searched block by block.
	small = 1 << 20
)

type (
	block      [blockSize]byte
	wholeBlock [small + 1]byte
)

// read searches a file of any length. What is no longer than small is taken into
// memory, since more can be told of a file as a whole.
//
// The bytes lie in blocks that this call alone holds until it returns: a member
// that is read meanwhile has blocks of its own, so that what is held is bounded
// by how deep archives are opened.
//
// The error is the reader's, and is in the file's problems already.
func (s *subject) read(w where, r io.Reader) error {
	first := s.blocks.Get().(*block)
	defer s.blocks.Put(first)
	b := first[:]
	n, err := fill(r, b)
	if err == nil {
		larger, _ := s.wholes.Get().(*wholeBlock)
		if larger == nil {
			larger = new(wholeBlock)
		}
		defer s.wholes.Put(larger)
		b = larger[:]
		copied := copy(b, first[:n])
		n, err = fill(r, b[copied:])
		n += copied
	}
	switch {
	case err == nil:
		return s.stream(w, b[:n], r)
	case errors.Is(err, io.EOF):
		s.look(w, b[:n])
		return nil
	}
	s.broken(w, err)
	s.look(w, b[:n])
	return err
}

// stream searches a file whose first bytes are head and that goes on in rest.
func (s *subject) stream(w where, head []byte, rest io.Reader) error {
	kind := archiveOf(w.path, head)
	if kind != noArchive && s.opens(w) {
		return s.streamArchive(kind, w, head, rest)
	}
	if wide := utf16Of(head); kind == noArchive && wide != none16 && w.encoding == "" {
		in := w
		in.encoding = "utf-16"
		return s.read(in, wide.reader(io.MultiReader(bytes.NewReader(head), rest)))
	}
	if isSQLite(head) {
		plain, rows := s.scan(w), s.scan(w)
		defer plain.release()
		defer rows.release()
		first := len(s.out.Secrets)
		err := s.sqliteRows(io.TeeReader(io.MultiReader(bytes.NewReader(head), rest), plain), rows)
		if err != nil {
			s.broken(w, err)
		}
		plain.finish()
		rows.finishRows(first)
		return err
	}
	if !kind.opaque() {
		return s.search(w, head, rest)
	}
	return nil
}

// streamArchive opens an archive and, where it is none after all or also
// something else, searches it as it is written.
func (s *subject) streamArchive(kind archive, w where, head []byte, rest io.Reader) error {
	whole := io.MultiReader(bytes.NewReader(head), rest)
	if !kind.alsoPlain(w.path, head) {
		if !s.unpack(kind, w, nil, whole) {
			return s.search(w, head, rest)
		}
		return nil
	}
	plain := s.scan(w)
	defer plain.release()
	whole = io.TeeReader(whole, plain)
	s.unpack(kind, w, nil, whole)
	_, err := io.Copy(io.Discard, whole)
	if err != nil {
		s.broken(w, err)
	}
	plain.finish()
	return err
}

// search runs over a file in blocks.
func (s *subject) search(w where, head []byte, rest io.Reader) (err error) {
	x := s.scan(w)
	defer x.release()
	x.Write(head)
	for err == nil && s.ctx.Err() == nil {
		var n int
		n, err = fill(rest, x.b[x.n:])
		if x.n += n; err == nil {
			x.step(false)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err != nil {
		s.broken(w, err)
	}
	x.finish()
	return err
}

// scan is the search of one file that is given piece by piece.
type scan struct {
	s *subject
	w where
	// b holds n bytes, the first of which is at the offset base of the file. The
	// search goes on at from, in the line of that number.
	b             *block
	n, from, line int
	base          int64
	f             malware.File
	search        *secret.Search
	marks         malware.Marks
	lines         map[int64]int
	runs          runs
}

func (s *subject) scan(w where) *scan {
	x := &scan{s: s, w: w, b: s.blocks.Get().(*block), line: 1, lines: map[int64]int{}}
	x.runs.begin(s, w)
	return x
}

func (x *scan) release() { x.s.blocks.Put(x.b) }

// Write implements io.Writer; it never fails.
func (x *scan) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := copy(x.b[x.n:], rest)
		x.n += n
		rest = rest[n:]
		if x.n == blockSize {
			x.step(false)
		}
	}
	return len(p), nil
}

// step searches what is in the block, up to a carry before its end unless that is
// the end of the file, and makes room for more.
func (x *scan) step(last bool) {
	b := x.b[:x.n]
	to := x.n
	if !last {
		to -= carry
	}
	if x.f.Content == nil {
		x.f.Content, x.f.Kind = bytes.Clone(b[:min(x.n, headSize)]), malware.KindOf(b)
	}
	known := x.search.Len()
	s := x.s
	hits := 0
	s.words.Find(b, x.from, to, func(word, at int) bool {
		hits++
		if word >= s.secretWords {
			x.marks.Add(s.opt.Malware, b, x.base, word-s.secretWords, at, true)
			return true
		}
		if x.search == nil {
			x.search = s.opt.Secrets.Begin(s.rulePath(x.w))
		}
		x.search.Keyword(b, x.base, word, at)
		return true
	})
	s.hits(x.w, hits)
	for _, offset := range x.search.Since(known) {
		x.lines[offset] = x.lineAt(int(offset - x.base))
	}
	x.runs.feed(b[x.from:to], x.base+int64(x.from), x.lineAt(x.from))
	x.line += bytes.Count(b[x.from:to], []byte{'\n'})
	x.f.Size = x.base + int64(x.n)
	if last {
		return
	}
	// A carry before what is searched next stays.
	keep := max(0, to-carry)
	copy(x.b[:], b[keep:])
	x.base, x.from, x.n = x.base+int64(keep), to-keep, x.n-keep
}

// lineAt is the line of a place in the block, 0 in a file without lines. A value
// may begin before the word that led to it, and so before where the search is.
func (x *scan) lineAt(at int) int {
	switch {
	case x.f.Kind != malware.Text:
		return 0
	case at < x.from:
		return x.line - bytes.Count(x.b[max(at, 0):x.from], []byte{'\n'})
	}
	return x.line + bytes.Count(x.b[x.from:at], []byte{'\n'})
}

// finish searches what is left and takes all that was found into evidence.
func (x *scan) finish() {
	x.step(true)
	var hide hidden
	if x.search != nil {
		x.s.secrets(x.w, x.search.Hits(), x.search.Cut(), &hide, func(offset int64) int { return x.lines[offset] })
	}
	x.runs.finish(&hide)
	x.s.planted(x.w, &x.f, &x.marks, &hide)
	if x.w.depth == 0 {
		x.s.hide = hide
	}
}

// broken says that a member of an archive could not be read to its end. The end
// of the layer itself is the walker's to report.
func (s *subject) broken(w where, err error) {
	if w.depth > 0 {
		s.archiveProblem(err)
	}
}

// fill reads until b is full; io.EOF where the source ended before that. What a
// reader says of its own source, that it ended in the middle, is another error.
func fill(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = r.Read(b[n:])
		n += m
	}
	if n == len(b) {
		err = nil
	}
	return n, err
}

// checkWords makes sure that no word reaches out of the windows.
func checkWords(longest int) error {
	if longest > longestWord {
		return fmt.Errorf("a word of %d bytes leads to a rule; the longest may have %d", longest, longestWord)
	}
	return nil
}
