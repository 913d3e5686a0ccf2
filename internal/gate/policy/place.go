package policy

import (
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// placeOf finds where in the file a place within a scalar's value stands. line
// counts from 1 and column from 0 within the value, the result both from 1.
//
// YAML folds, indents and strips white space in each of its styles and changes
// nothing else but a few escapes, so the characters that are no white space are
// counted on both sides.
func placeOf(source []byte, n *yaml.Node, line, column int) (fileLine, fileColumn int) {
	before, at := 0, 1
	var left int
	for _, text := range strings.Split(n.Value, "\n") {
		runes := []rune(text)
		left = len(runes)
		if at == line {
			left = min(column, len(runes))
		}
		for _, r := range runes[:left] {
			if !unicode.IsSpace(r) {
				before++
			}
		}
		if at == line {
			break
		}
		at++
	}
	s := &scalar{lines: strings.Split(string(source), "\n"), line: n.Line - 1, column: n.Column - 1, style: n.Style}
	s.begin()
	for {
		l, c, ok := s.next()
		if !ok {
			return n.Line, n.Column
		}
		if before == 0 {
			return l + 1, c + 1
		}
		before--
	}
}

// scalar walks over a scalar's characters in the file.
type scalar struct {
	lines        []string
	runes        []rune // of the line
	line, column int    // from 0
	style        yaml.Style
}

// begin stands on the first character of the content.
func (s *scalar) begin() {
	s.load()
	switch {
	case s.style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		s.line, s.column = s.line+1, 0 // the indicator's line holds nothing else
		s.load()
	case s.style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		s.column++
	}
}

func (s *scalar) load() {
	s.runes = nil
	if s.line < len(s.lines) {
		s.runes = []rune(s.lines[s.line])
	}
}

// next is the place of the next character that is no white space.
func (s *scalar) next() (line, column int, ok bool) {
	for s.line < len(s.lines) {
		if s.column >= len(s.runes) {
			s.line, s.column = s.line+1, 0
			s.load()
			continue
		}
		line, column = s.line, s.column
		r := s.runes[column]
		s.column++
		switch {
		case unicode.IsSpace(r):
		case s.style&yaml.DoubleQuotedStyle != 0 && r == '\\':
			if s.escape() {
				return line, column, true
			}
		case s.style&yaml.SingleQuotedStyle != 0 && r == '\'':
			s.column++ // a quote is written twice
			return line, column, true
		default:
			return line, column, true
		}
	}
	return 0, 0, false
}

// escape passes what follows a backslash; false where it stands for white space.
func (s *scalar) escape() bool {
	if s.column >= len(s.runes) {
		return false // the line goes on in the next one
	}
	r := s.runes[s.column]
	s.column++
	switch r {
	case 'x':
		s.column += 2
	case 'u':
		s.column += 4
	case 'U':
		s.column += 8
	}
	return !strings.ContainsRune("ntrvfNLP_ \t", r)
}
