package grypedb

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// jsonReader walks one JSON value and hands out the parts that are asked for,
// without a copy of them. It takes half the time of encoding/json, which
// indexing spent most of its time in, and no memory, whatever a value claims to
// hold. What is skipped is not checked beyond its quotes and brackets; where
// what is asked for has another shape, bad is set and nothing more is read.
// Null is an object without fields, an array without items, a text without
// characters.
type jsonReader struct {
	b   []byte
	i   int
	bad bool
}

// end says whether the value was what was asked for, and all there is.
func (r *jsonReader) end() error {
	if !r.bad && r.peek() == 0 && r.i >= len(r.b) {
		return nil
	}
	return fmt.Errorf("JSON of %d bytes is damaged or has another shape: %w", len(r.b), ErrCorrupt)
}

func (r *jsonReader) fail() { r.bad, r.i = true, len(r.b) }

// peek returns the next byte that is not space; 0 at the end.
func (r *jsonReader) peek() byte {
	for ; r.i < len(r.b); r.i++ {
		switch c := r.b[r.i]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

func (r *jsonReader) take(c byte) bool {
	if r.peek() != c {
		r.fail()
		return false
	}
	r.i++
	return true
}

// word takes a literal where it is next.
func (r *jsonReader) word(literal string) bool {
	if r.peek() != literal[0] || !bytes.HasPrefix(r.b[r.i:], []byte(literal)) {
		return false
	}
	r.i += len(literal)
	return true
}

// object calls field with every key; field reads the value or skips it.
func (r *jsonReader) object(field func(key []byte)) {
	if r.word("null") || !r.take('{') {
		return
	}
	for first := true; r.more('}', first); first = false {
		if r.peek() != '"' {
			r.fail()
			return
		}
		key := r.text()
		if !r.take(':') {
			return
		}
		field(key)
	}
}

// array calls item for every item; item reads it.
func (r *jsonReader) array(item func()) {
	if r.word("null") || !r.take('[') {
		return
	}
	for first := true; r.more(']', first); first = false {
		item()
	}
}

// more reports whether another item follows, and takes what is before it.
func (r *jsonReader) more(closing byte, first bool) bool {
	if r.bad {
		return false
	}
	c := r.peek()
	if c == closing {
		r.i++
		return false
	}
	return first || r.take(',')
}

// text reads a text, valid as long as the JSON is.
func (r *jsonReader) text() []byte {
	if r.word("null") {
		return nil
	}
	if r.peek() != '"' {
		r.fail()
		return nil
	}
	raw := r.quoted()
	for _, c := range raw {
		if c < ' ' || c == '\\' || c >= 0x80 {
			return r.unquote(raw)
		}
	}
	return raw
}

// unquote leaves escapes and characters beyond ASCII to encoding/json.
func (r *jsonReader) unquote(raw []byte) []byte {
	var s string
	if json.Unmarshal(append(append([]byte{'"'}, raw...), '"'), &s) != nil {
		r.fail()
	}
	return []byte(s)
}

// quoted takes what stands between quotes, as it stands there.
func (r *jsonReader) quoted() []byte {
	r.i++
	start, end := r.i, -1
	for i := start; i <= len(r.b); {
		if end < i { // the quote found last was escaped
			n := bytes.IndexByte(r.b[i:], '"')
			if n < 0 {
				break
			}
			end = i + n
		}
		escape := bytes.IndexByte(r.b[i:end], '\\')
		if escape < 0 {
			r.i = end + 1
			return r.b[start:end]
		}
		i += escape + 2 // behind what is escaped, a quote perhaps
	}
	r.fail()
	return nil
}

func (r *jsonReader) boolean() bool {
	switch {
	case r.word("true"):
		return true
	case r.word("false"), r.word("null"):
	default:
		r.fail()
	}
	return false
}

// skip passes over one value of any kind, however deep.
func (r *jsonReader) skip() {
	for depth := 0; ; {
		switch c := r.peek(); c {
		case 0:
			r.fail()
			return
		case '"':
			r.quoted()
		case '{', '[':
			depth++
			r.i++
		case '}', ']':
			depth--
			r.i++
		case ',', ':':
			if depth == 0 {
				r.fail()
			}
			r.i++
		default:
			r.literal()
		}
		if r.bad || depth < 0 {
			r.fail()
			return
		}
		if depth == 0 {
			return
		}
	}
}

// literal passes over a number, true, false or null.
func (r *jsonReader) literal() {
	for ; r.i < len(r.b); r.i++ {
		switch r.b[r.i] {
		case ' ', '\t', '\n', '\r', ',', ':', '}', ']', '{', '[', '"', 0:
			if r.b[r.i] == 0 {
				r.fail()
			}
			return
		}
	}
}
