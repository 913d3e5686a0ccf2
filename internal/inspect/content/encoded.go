package content

import (
	"encoding/base64"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"plimsoll/internal/secret"
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
	r       io.Reader
	raw     [4 << 10]byte
	decoded []byte
	err     error
}

func (w *wideReader) Read(p []byte) (int, error) {
	for len(w.decoded) == 0 {
		if w.err != nil {
			return 0, w.err
		}
		var n int
		n, w.err = fill(w.r, w.raw[:])
		// A pair that two reads part becomes two replacement characters: no
		// secret is written in such.
		w.decoded = w.decode(w.raw[:n])
	}
	n := copy(p, w.decoded)
	w.decoded = w.decoded[n:]
	return n, nil
}

const (
	// minWrapped is the shortest run of base64 that is looked into, in bytes.
	minWrapped = 32
	// maxWrapped is how much of one run is decoded.
	maxWrapped = 1 << 20
	// wrappedLine is the least length of a line that goes on in the next one
	// (RFC 2045 wraps at 76, RFC 7468 at 64).
	wrappedLine = 60
)

// inBase64 has the alphabets of RFC 4648, sections 4 and 5.
var inBase64 = func() (t [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_" {
		t[c] = true
	}
	return t
}()

// wrapped searches what is written in base64 in content, one level deep, from a
// place on. It returns the place up to which runs were decoded. line tells the
// line of an offset.
func (s *subject) wrapped(w where, content []byte, from int64, line func(offset int) int) int64 {
	if w.encoding != "" {
		return from
	}
	done := int(max(from, 0))
	for i := done + minWrapped - 1; i < len(content); i += minWrapped {
		if !inBase64[content[i]] {
			continue
		}
		start := i
		for start > done && inBase64[content[start-1]] {
			start--
		}
		end := i + 1
		for end < len(content) && inBase64[content[end]] {
			end++
		}
		if end-start < minWrapped {
			i = end - 1
			continue
		}
		done = s.unwrap(w, content, start, end, line)
		i = max(i, done-1)
	}
	return int64(done)
}

// unwrap decodes a run and searches it where it is text. It returns where the
// run ends.
func (s *subject) unwrap(w where, content []byte, start, end int, line func(offset int) int) int {
	var probe [48]byte
	head := content[start:min(end, start+64)]
	n := decode64(probe[:], head[:len(head)&^3])
	if !mostlyText(probe[:n]) {
		return end
	}
	encoded := content[start:end]
	if end-start >= wrappedLine && end < len(content) && (content[end] == '\n' || content[end] == '\r') {
		encoded, end = joined(content, start, end)
	}
	if len(encoded) > maxWrapped {
		s.note("only the first mebibyte of long base64 was looked into for secrets")
		encoded = encoded[:maxWrapped]
	}
	decoded := make([]byte, base64.RawStdEncoding.DecodedLen(len(encoded)))
	decoded = decoded[:decode64(decoded, encoded)]
	var search *secret.Search
	s.words.Find(decoded, 0, len(decoded), func(word, at int) bool {
		if word >= s.secretWords {
			return true
		}
		if search == nil {
			search = s.opt.Secrets.Begin(s.rulePath(w))
		}
		search.Keyword(decoded, 0, word, at)
		return true
	})
	if search == nil {
		return end
	}
	for _, h := range search.Hits() {
		found := h.Secret()
		found.Path, found.Inside, found.Encoding = s.file.Path, w.inside, "base64"
		found.Offset, found.Line = int64(start), line(start)
		s.addSecret(found, h.Value)
	}
	return end
}

// joined takes in the lines that continue a run, without their ends and indents.
func joined(content []byte, start, end int) (run []byte, newEnd int) {
	run = append([]byte{}, content[start:end]...)
	for len(run) < maxWrapped {
		next := end
		for next < len(content) && (content[next] == '\n' || content[next] == '\r' || content[next] == ' ' || content[next] == '\t') && next-end < 40 {
			next++
		}
		last := next
		for last < len(content) && inBase64[content[last]] {
			last++
		}
		if last == next {
			break
		}
		run = append(run, content[next:last]...)
		if end = last; last-next < wrappedLine {
			break
		}
	}
	return run, end
}

// decode64 decodes either alphabet without padding, as far as it goes.
func decode64(to, from []byte) int {
	n, bits, held := 0, 0, uint32(0)
	for _, c := range from {
		var v uint32
		switch {
		case c >= 'A' && c <= 'Z':
			v = uint32(c - 'A')
		case c >= 'a' && c <= 'z':
			v = uint32(c-'a') + 26
		case c >= '0' && c <= '9':
			v = uint32(c-'0') + 52
		case c == '+' || c == '-':
			v = 62
		default:
			v = 63
		}
		held, bits = held<<6|v, bits+6
		if bits >= 8 {
			bits -= 8
			if n == len(to) {
				return n
			}
			to[n] = byte(held >> bits)
			n++
		}
	}
	return n
}

// mostlyText reports whether decoded bytes are text: what is encoded otherwise
// (images, hashes, keys) gives hardly any run of printable bytes.
func mostlyText(b []byte) bool {
	other := 0
	for _, c := range b {
		if (c < ' ' && c != '\n' && c != '\t' && c != '\r') || c >= 0x7f {
			other++
		}
	}
	return len(b) > 0 && other*16 <= len(b)
}
