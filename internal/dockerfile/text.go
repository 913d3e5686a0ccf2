package dockerfile

import (
	"sort"
	"unicode/utf8"
)

// Position is a place in the source. Line and Column count from 1; a column is a
// character, as SARIF's unicodeCodePoints counts them.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Range is a stretch of the source; End is the place behind it.
type Range struct {
	Start Position `json:"start"`
	End   Position `json:"end"`
}

// Text is a run of the source as the builder reads it: continued lines are joined
// and comments between them left out. It knows where each byte stands.
type Text struct {
	String string

	file *File
	// pieces are in ascending order of at.
	pieces []piece
}

// piece says that the bytes from at on stand at src in the source.
type piece struct{ at, src int }

// Slice returns the bytes from from up to to.
func (t Text) Slice(from, to int) Text {
	from = max(0, min(from, len(t.String)))
	to = max(from, min(to, len(t.String)))
	s := Text{String: t.String[from:to], file: t.file}
	first := sort.Search(len(t.pieces), func(i int) bool { return t.pieces[i].at > from }) - 1
	for i := max(first, 0); i < len(t.pieces); i++ {
		p := t.pieces[i]
		if p.at > to {
			break
		}
		if p.at < from {
			p.src += from - p.at
			p.at = from
		}
		p.at -= from
		s.pieces = append(s.pieces, p)
	}
	return s
}

// Offset is where in the source the byte at stands; for the text's length, the
// place behind its last byte.
func (t Text) Offset(at int) int {
	if len(t.pieces) == 0 {
		return 0
	}
	if at >= len(t.String) && at > 0 {
		return t.Offset(len(t.String)-1) + 1
	}
	i := sort.Search(len(t.pieces), func(i int) bool { return t.pieces[i].at > at }) - 1
	p := t.pieces[max(i, 0)]
	return p.src + max(at-p.at, 0)
}

// Range is where the bytes from from up to to stand in the source.
func (t Text) Range(from, to int) Range {
	return Range{t.file.Position(t.Offset(from)), t.file.Position(t.endOffset(from, to))}
}

// endOffset is the place behind the byte before to, so that a range never takes in
// the line break and the indentation before the next byte.
func (t Text) endOffset(from, to int) int {
	if to <= from {
		return t.Offset(from)
	}
	return t.Offset(to-1) + 1
}

// Whole is where the text stands in the source.
func (t Text) Whole() Range { return t.Range(0, len(t.String)) }

// Offsets are the byte offsets in the source of the text's beginning and of the
// place behind it.
func (t Text) Offsets() (from, to int) {
	return t.Offset(0), t.endOffset(0, len(t.String))
}

// Trim leaves out white space on both sides.
func (t Text) Trim() Text {
	from, to := 0, len(t.String)
	for from < to && isSpace(t.String[from]) {
		from++
	}
	for to > from && isSpace(t.String[to-1]) {
		to--
	}
	return t.Slice(from, to)
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f'
}

// Words splits the text at white space; quotes keep words together and stay, as do
// escapes.
func (t Text) Words() []Text {
	var words []Text
	escape := byte('\\')
	if t.file != nil {
		escape = byte(t.file.Escape)
	}
	start, quote := -1, byte(0)
	for i := 0; i < len(t.String); i++ {
		c := t.String[i]
		if quote == 0 && isSpace(c) {
			if start >= 0 {
				words = append(words, t.Slice(start, i))
				start = -1
			}
			continue
		}
		if start < 0 {
			start = i
		}
		switch {
		case c == escape && quote != '\'':
			i++
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		}
	}
	if start >= 0 {
		words = append(words, t.Slice(start, len(t.String)))
	}
	return words
}

// Position is the place of the byte at offset.
func (f *File) Position(offset int) Position {
	offset = max(0, min(offset, len(f.Source)))
	line := sort.Search(len(f.lineStarts), func(i int) bool { return f.lineStarts[i] > offset })
	start := f.lineStarts[max(line-1, 0)]
	return Position{Line: max(line, 1), Column: 1 + f.characters(start, offset)}
}

// stride is how many bytes lie between two marks of File.marks.
const stride = 1 << 10

// characters counts those from one offset up to another, of a long line by marks: a
// line of 64 KiB may hold as many places.
func (f *File) characters(from, to int) int {
	if to-from < 2*stride {
		return characters(f.Source[from:to])
	}
	if f.marks == nil {
		f.marks = []int{0}
		for at := stride; at <= len(f.Source); at += stride {
			f.marks = append(f.marks, f.marks[len(f.marks)-1]+characters(f.Source[at-stride:at]))
		}
	}
	before := func(at int) int { return f.marks[at/stride] + characters(f.Source[at/stride*stride:at]) }
	return before(to) - before(from)
}

// characters counts the bytes that begin one.
func characters(b []byte) int {
	n := 0
	for _, c := range b {
		if utf8.RuneStart(c) {
			n++
		}
	}
	return n
}

// LineStart is the byte offset at which a line begins; for the line behind the
// last, the source's length.
func (f *File) LineStart(line int) int {
	switch {
	case line < 1:
		return 0
	case line > len(f.lineStarts):
		return len(f.Source)
	}
	return f.lineStarts[line-1]
}

// Line is a line's text without its line break; "" beyond the last.
func (f *File) Line(line int) string {
	from, to := f.LineStart(line), f.LineStart(line+1)
	for to > from && (f.Source[to-1] == '\n' || f.Source[to-1] == '\r') {
		to--
	}
	return string(f.Source[from:to])
}

// Lines counts the lines.
func (f *File) Lines() int { return len(f.lineStarts) }

// LineRange is the stretch of whole lines, without the last line break.
func (f *File) LineRange(first, last int) Range {
	return Range{Position{first, 1}, Position{last, 1 + utf8.RuneCountInString(f.Line(last))}}
}
