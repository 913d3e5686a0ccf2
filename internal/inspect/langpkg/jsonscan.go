package langpkg

import (
	"bytes"
	"encoding/json"
	"errors"
)

// errJSON says that the text is not JSON, or nested deeper than maxJSONDepth.
var errJSON = errors.New("not valid JSON")

// maxJSONDepth bounds nesting, and with it the stack.
const maxJSONDepth = 200

// jsonScan walks a JSON text from left to right without building values: the
// caller takes the few fields it knows and everything else is skipped at the
// speed of a byte search. Trees of npm packages hold tens of thousands of
// files, of which four fields matter.
//
// The first error sticks; every method then does nothing, so callers check it
// once at the end. Skipped values are checked for balance only.
type jsonScan struct {
	b     []byte
	i     int
	depth int
	err   error
}

func newJSONScan(b []byte) *jsonScan {
	return &jsonScan{b: bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))}
}

// peek skips white space and returns the next byte without taking it, or 0.
func (s *jsonScan) peek() byte {
	for s.err == nil && s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return c
		}
	}
	return 0
}

func (s *jsonScan) fail() {
	if s.err == nil {
		s.err = errJSON
	}
}

// take consumes the byte c.
func (s *jsonScan) take(c byte) bool {
	if s.peek() != c || s.err != nil || s.i >= len(s.b) {
		s.fail()
		return false
	}
	s.i++
	return true
}

// object calls field for each key of the object that comes next; the key is
// valid during the call. A field that takes nothing is skipped. Any other value than an object is skipped whole,
// and false returned.
func (s *jsonScan) object(field func(key []byte)) bool {
	return s.container('{', '}', func() {
		key := s.rawString()
		if !s.take(':') {
			return
		}
		s.peek()
		at := s.i
		field(keyBytes(key))
		if s.err == nil && s.i == at {
			s.skip()
		}
	})
}

// array calls item for each item of the array that comes next, likewise.
func (s *jsonScan) array(item func()) bool {
	return s.container('[', ']', func() {
		s.peek()
		at := s.i
		item()
		if s.err == nil && s.i == at {
			s.skip()
		}
	})
}

func (s *jsonScan) container(open, end byte, one func()) bool {
	if s.peek() != open {
		s.skip()
		return false
	}
	if s.depth++; s.depth > maxJSONDepth {
		s.fail()
		return false
	}
	defer func() { s.depth-- }()
	s.i++
	if s.peek() == end {
		s.i++
		return true
	}
	for s.err == nil {
		one()
		switch s.peek() {
		case ',':
			s.i++
		case end:
			s.i++
			return true
		default:
			s.fail()
		}
	}
	return false
}

// str returns the string that comes next. Any other value is skipped and gives
// "".
func (s *jsonScan) str() string {
	if s.peek() != '"' {
		s.skip()
		return ""
	}
	return unquote(s.rawString())
}

// rawText returns the string that comes next as it is written, escapes included,
// as a part of the text. Any other value is skipped and gives nothing.
func (s *jsonScan) rawText() []byte {
	if s.peek() != '"' {
		s.skip()
		return nil
	}
	raw := s.rawString()
	if len(raw) < 2 {
		return nil
	}
	return raw[1 : len(raw)-1]
}

// scalar returns the string, number or word that comes next as text; an object
// or array is skipped and gives "".
func (s *jsonScan) scalar() string {
	switch s.peek() {
	case '"':
		return s.str()
	case '{', '[':
		s.skip()
		return ""
	}
	at := s.i
	s.skip()
	return string(s.b[at:s.i])
}

// strings returns the strings of the array that comes next, or the single string
// in its place.
func (s *jsonScan) strings() []string {
	if s.peek() == '"' {
		return []string{s.str()}
	}
	var out []string
	s.array(func() {
		if v := s.str(); v != "" && len(out) < maxDependencies {
			out = append(out, v)
		}
	})
	return out
}

// keys returns the keys of the object that comes next.
func (s *jsonScan) keys() []string {
	var out []string
	s.object(func(key []byte) {
		if len(out) < maxDependencies {
			out = append(out, string(key))
		}
	})
	return out
}

// value passes over one value and returns it as it is written.
func (s *jsonScan) value() []byte {
	s.peek()
	at := s.i
	s.skip()
	return s.b[at:s.i]
}

// skip passes over one value.
func (s *jsonScan) skip() {
	depth := 0
	for s.err == nil {
		switch s.peek() {
		case '"':
			s.rawString()
		case '{', '[':
			depth++
			s.i++
		case '}', ']':
			depth--
			s.i++
		case ',', ':':
			if depth == 0 {
				s.fail()
			}
			s.i++
		case 0:
			s.fail()
		default:
			s.bare()
		}
		if depth < 0 {
			s.fail()
		}
		if depth == 0 {
			return
		}
	}
}

// bare passes over a number or a word.
func (s *jsonScan) bare() {
	at := s.i
	for s.i < len(s.b) {
		c := s.b[s.i]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '.' || c == '-' || c == '+' || c == 'E' {
			s.i++
			continue
		}
		break
	}
	if s.i == at {
		s.fail()
	}
}

// rawString passes over a string and returns it with its quotes.
func (s *jsonScan) rawString() []byte {
	if !s.take('"') {
		return nil
	}
	start := s.i - 1
	for {
		n := bytes.IndexByte(s.b[s.i:], '"')
		if n < 0 {
			s.fail()
			return nil
		}
		s.i += n + 1
		slashes := 0
		for j := s.i - 2; j > start && s.b[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 0 {
			return s.b[start:s.i]
		}
	}
}

// keyBytes decodes a key with its quotes, which seldom needs a copy.
func keyBytes(raw []byte) []byte {
	if len(raw) < 2 || bytes.IndexByte(raw, '\\') >= 0 {
		return []byte(unquote(raw))
	}
	return raw[1 : len(raw)-1]
}

// unquote decodes a string with its quotes; one that is no JSON string gives "".
func unquote(raw []byte) string {
	if len(raw) < 2 {
		return ""
	}
	inner := raw[1 : len(raw)-1]
	plain := true
	for _, c := range inner {
		if c == '\\' || c < 0x20 || c >= 0x80 {
			plain = false
			break
		}
	}
	if plain {
		return string(inner)
	}
	var out string
	if json.Unmarshal(raw, &out) != nil {
		return ""
	}
	return out
}
