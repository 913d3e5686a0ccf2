package langpkg

import (
	"bytes"
	"strconv"
)

// phpValue is a value of PHP's serialize() format, of which strings and arrays
// are kept. A nil *phpValue is the absence of one.
type phpValue struct {
	text  string
	items map[string]*phpValue
}

var noPHPValue = &phpValue{}

// at returns the item of this key, or an empty value.
func (v *phpValue) at(key string) *phpValue {
	if item := v.items[key]; item != nil {
		return item
	}
	return noPHPValue
}

// parsePHP reads a serialized array. Bounds: nesting of 20, and no more items
// than the text has room for.
func parsePHP(b []byte) (*phpValue, bool) {
	p := &phpParser{b: b}
	v := p.value(0)
	return v, !p.bad && v.items != nil
}

type phpParser struct {
	b   []byte
	bad bool
}

func (p *phpParser) fail() *phpValue {
	p.bad = true
	p.b = nil
	return noPHPValue
}

func (p *phpParser) value(depth int) *phpValue {
	if len(p.b) < 2 || depth > 20 {
		return p.fail()
	}
	kind := p.b[0]
	p.b = p.b[1:]
	switch kind {
	case 'N':
		if !p.take(';') {
			return p.fail()
		}
		return noPHPValue
	case 'i', 'b', 'd':
		s, ok := p.until(';')
		if !ok {
			return p.fail()
		}
		return &phpValue{text: s}
	case 's':
		return p.str()
	case 'a':
		return p.array(depth)
	}
	return p.fail() // objects and references do not occur in a registry
}

// str reads :LENGTH:"BYTES";
func (p *phpParser) str() *phpValue {
	n, ok := p.length()
	if !ok || n+3 > len(p.b) || p.b[0] != '"' || p.b[n+1] != '"' || p.b[n+2] != ';' {
		return p.fail()
	}
	v := &phpValue{}
	if n <= maxText {
		v.text = string(p.b[1 : n+1])
	}
	p.b = p.b[n+3:]
	return v
}

// array reads :COUNT:{KEY VALUE …}
func (p *phpParser) array(depth int) *phpValue {
	n, ok := p.length()
	if !ok || !p.take('{') {
		return p.fail()
	}
	v := &phpValue{items: map[string]*phpValue{}}
	for range n {
		key := p.value(depth + 1)
		item := p.value(depth + 1)
		if p.bad || key.items != nil {
			return p.fail()
		}
		v.items[key.text] = item
	}
	if !p.take('}') {
		return p.fail()
	}
	return v
}

// length reads :N: with a sane N.
func (p *phpParser) length() (int, bool) {
	s, ok := p.until(':')
	n, err := strconv.Atoi(s)
	return n, ok && err == nil && n >= 0 && n <= len(p.b)
}

// until reads a colon and what follows it up to the mark.
func (p *phpParser) until(mark byte) (string, bool) {
	if !p.take(':') {
		return "", false
	}
	i := bytes.IndexByte(p.b[:min(len(p.b), 64)], mark)
	if i < 0 {
		return "", false
	}
	s := string(p.b[:i])
	p.b = p.b[i+1:]
	return s, true
}

func (p *phpParser) take(c byte) bool {
	if len(p.b) == 0 || p.b[0] != c {
		return false
	}
	p.b = p.b[1:]
	return true
}
