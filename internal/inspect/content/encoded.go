package content

import (
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// wide is a form of UTF-16.
type wide int

const (
	none16 wide = iota
	little16
	big16
)

// utf16Of tells UTF-16 text from its byte order mark, or from every second of
// its first bytes being NUL and the others not.
func utf16Of(b []byte) wide {
	if len(b) < 4 {
		return none16
	}
	switch {
	case b[0] == 0xff && b[1] == 0xfe && (b[2] != 0 || b[3] != 0):
		return little16
	case b[0] == 0xfe && b[1] == 0xff:
		return big16
	}
	const looked = 64
	if len(b) < looked {
		return none16
	}
	even, odd := 0, 0
	for i := 0; i < looked; i += 2 {
		if b[i] == 0 {
			even++
		}
		if b[i+1] == 0 {
			odd++
		}
	}
	switch {
	case odd == looked/2 && even == 0:
		return little16
	case even == looked/2 && odd == 0:
		return big16
	}
	return none16
}

func (w wide) order() binary.ByteOrder {
	if w == big16 {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// decode returns the text in UTF-8.
func (w wide) decode(b []byte) []byte {
	order := w.order()
	out := make([]byte, 0, len(b)/2+len(b)/8)
	for ; len(b) >= 2; b = b[2:] {
		r := rune(order.Uint16(b))
		if utf16.IsSurrogate(r) && len(b) >= 4 {
			if both := utf16.DecodeRune(r, rune(order.Uint16(b[2:]))); both != utf8.RuneError {
				r, b = both, b[2:]
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// reader decodes as it is read.
func (w wide) reader(r io.Reader) io.Reader { return &wideReader{wide: w, r: r} }

type wideReader struct {
	wide
	r io.Reader
	// raw begins with held bytes of a pair that the last read parted.
	raw     [4 << 10]byte
	held    int
	decoded []byte
	err     error
}

func (w *wideReader) Read(p []byte) (int, error) {
	for len(w.decoded) == 0 {
		if w.err != nil {
			return 0, w.err
		}
		n, err := fill(w.r, w.raw[w.held:])
		n += w.held
		w.held, w.err = 0, err
		if err == nil && utf16.IsSurrogate(rune(w.order().Uint16(w.raw[n-2:]))) {
			w.held = 2
		}
		w.decoded = w.decode(w.raw[:n-w.held])
		copy(w.raw[:], w.raw[n-w.held:n])
	}
	n := copy(p, w.decoded)
	w.decoded = w.decoded[n:]
	return n, nil
}
