package content

import (
	"bytes"
	"encoding/binary"

	"plimsoll/internal/secret"
)

const (
	// minWrapped is the shortest run of base64 that is looked into, in bytes.
	minWrapped = 32
	// probed is how much of a run is decoded to see whether it is text.
	probed = 64
	// wrappedLine is the least length of a line that goes on in the next one
	// (RFC 2045 wraps at 76, RFC 7468 at 64), widestIndent what may stand between
	// them.
	wrappedLine  = 60
	widestIndent = 40
)

// inBase64 has the alphabets of RFC 4648, sections 4 and 5.
var inBase64 = func() (t [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_" {
		t[c] = true
	}
	return t
}()

// runs searches what is written in base64 in a text that is given piece by piece,
// one level deep. A run may be of any length: it is decoded and searched in
// blocks, as files are.
type runs struct {
	s *subject
	w where
	// off is set where nothing is decoded.
	off bool
	// piece is what was given last, which begins at the offset pieceBase in the line
	// pieceLine.
	piece     []byte
	pieceBase int64
	pieceLine int
	// open is set inside a run, which begins at the offset start in a line of the
	// number startLine (-1 where that is still to be counted).
	open      bool
	start     int64
	startLine int
	// end is where what was taken of it ends.
	end int64
	// between is set behind the end of a line that the next one may continue;
	// indent are the bytes since, length is that of the line.
	between        bool
	indent, length int
	// verdict says whether the run is text.
	verdict verdict
	// encoded are bytes that are still to be decoded.
	encoded []byte
	// text is decoded and begins at the offset base of the decoded text; the
	// search goes on at from.
	text   []byte
	base   int64
	from   int
	search *secret.Search
	found  []foundWrapped
}

type verdict int

const (
	undecided verdict = iota
	isText
	isOther
)

// foundWrapped is a secret that was found in base64, with its value.
type foundWrapped struct {
	secret.Secret
	value []byte
	// end is where the run ends.
	end int64
}

func (r *runs) begin(s *subject, w where) { r.s, r.w, r.off = s, w, w.encoding != "" }

// feed takes the next piece of the text, which begins at the offset base in the
// line of that number, 0 in a file without lines.
func (r *runs) feed(b []byte, base int64, line int) {
	if r.off {
		return
	}
	r.piece, r.pieceBase, r.pieceLine = b, base, line
	for i := r.goOn(b, 0); i < len(b); {
		start, ok := nextRun(b, i)
		if !ok {
			break
		}
		r.open, r.start, r.startLine, r.length = true, base+int64(start), -1, 0
		if len(b)-start >= probed && tooManyHigh(b[start:start+probed]) {
			r.verdict = isOther
		}
		i = r.goOn(b, start)
	}
	if r.open && r.verdict != isOther {
		r.countLines()
	}
	r.piece = nil
}

// countLines sets the line of the open run, while the piece that it begins in is
// at hand.
func (r *runs) countLines() {
	switch {
	case r.startLine >= 0:
	case r.pieceLine == 0:
		r.startLine = 0
	default:
		r.startLine = r.pieceLine + bytes.Count(r.piece[:r.start-r.pieceBase], []byte{'\n'})
	}
}

// nextRun finds the next run of at least minWrapped bytes, or one that reaches
// the end of b and may go on. Every minWrapped-th byte is looked at, once sixteen
// bytes before or behind it may all be base64: a run that it is in has as many.
func nextRun(b []byte, from int) (start int, ok bool) {
	for i := from + minWrapped - 1; i < len(b); i += minWrapped {
		if i+16 <= len(b) {
			near := b[i-15 : i+16]
			if foreign(near)|foreign(near[8:]) != 0 && foreign(near[15:])|foreign(near[23:]) != 0 {
				continue
			}
		}
		if !inBase64[b[i]] {
			continue
		}
		start, end := i, i+1
		for start > from && inBase64[b[start-1]] {
			start--
		}
		for end < len(b) && end-start < minWrapped && inBase64[b[end]] {
			end++
		}
		if end-start >= minWrapped || end == len(b) {
			return start, true
		}
		i = end - 1
	}
	start = len(b)
	for start > from && inBase64[b[start-1]] {
		start--
	}
	return start, start < len(b)
}

// foreign is not 0 where one of the first eight bytes lies below '+' or above 'z',
// and so outside both alphabets.
func foreign(b []byte) uint64 {
	const each = 0x0101010101010101
	v := binary.LittleEndian.Uint64(b)
	return ((v-each*'+')&^v | (v + each*(0x7f-'z')) | v) & (each << 7)
}

// goOn follows an open run from a place on, and returns where it ends.
func (r *runs) goOn(b []byte, i int) int {
	for r.open && i < len(b) {
		if r.between {
			for i < len(b) && r.indent < widestIndent && (b[i] == '\n' || b[i] == '\r' || b[i] == ' ' || b[i] == '\t') {
				i, r.indent = i+1, r.indent+1
			}
			if i == len(b) {
				return i
			}
			if !inBase64[b[i]] {
				r.close()
				return i
			}
			r.between, r.length = false, 0
		}
		end := i
		for end < len(b) && inBase64[b[end]] {
			end++
		}
		r.take(b[i:end])
		r.end = r.pieceBase + int64(end)
		r.length += end - i
		if i = end; i == len(b) {
			return i
		}
		if r.length < wrappedLine || (b[i] != '\n' && b[i] != '\r') {
			r.close()
			return i
		}
		r.between, r.indent = true, 0
	}
	return i
}

// take takes in bytes of the open run.
func (r *runs) take(p []byte) {
	for len(p) > 0 && r.verdict != isOther {
		n := min(len(p), 4*carry)
		if r.verdict == undecided {
			n = min(n, probed-len(r.encoded))
		}
		r.encoded, p = append(r.encoded, p[:n]...), p[n:]
		if r.verdict == undecided && len(r.encoded) == probed {
			r.decide()
		}
		if r.verdict == isText && len(r.encoded) > 0 {
			r.decode(false)
		}
	}
}

// tooManyHigh reports what decide finds to be other than text by the first of every
// four bytes alone: it has the high bit of the first of three decoded ones. Names
// in a program's tables are told apart by it without being decoded.
func tooManyHigh(run []byte) bool {
	high := 0
	for i := 0; i < len(run); i += 4 {
		if !inBase64[run[i]] {
			return false
		}
		high += int(value64[run[i]] >> 5)
	}
	return high*16 > len(run)/4*3
}

// decide looks at the first bytes of a run.
func (r *runs) decide() {
	var probe [probed]byte
	run := r.encoded[:len(r.encoded)&^3]
	if !tooManyHigh(run) && mostlyText(decode64(probe[:0], run)) {
		r.verdict = isText
	} else {
		r.verdict = isOther
	}
}

// close ends the run, if one is open.
func (r *runs) close() {
	if !r.open {
		return
	}
	if r.verdict == undecided && len(r.encoded) >= minWrapped {
		r.decide()
	}
	if r.verdict == isText {
		r.decode(true)
	}
	if r.search != nil {
		r.countLines()
		for _, h := range r.search.Hits() {
			found := h.Secret()
			found.Offset, found.Line = r.start, r.startLine
			found.Key, _ = secret.KeyFingerprint(h.Value)
			r.found = append(r.found, foundWrapped{found, h.Value, r.end})
		}
	}
	r.open, r.between, r.verdict = false, false, undecided
	r.encoded, r.text, r.base, r.from, r.search = r.encoded[:0], r.text[:0], 0, 0, nil
}

// decode decodes what there is of the run, and searches it once it fills a block.
func (r *runs) decode(last bool) {
	n := len(r.encoded)
	if !last {
		n &^= 3
	}
	r.text = decode64(r.text, r.encoded[:n])
	r.encoded = r.encoded[:copy(r.encoded, r.encoded[n:])]
	to := len(r.text)
	if !last {
		if len(r.text) < 4*carry {
			return
		}
		to -= carry
	}
	s := r.s
	s.words.Find(r.text, r.from, to, func(word, at int) bool {
		if word < s.secretWords {
			if r.search == nil {
				r.search = s.opt.Secrets.Begin(s.rulePath(r.w))
			}
			r.search.Keyword(r.text, r.base, word, at)
		}
		return true
	})
	keep := max(0, to-carry)
	r.text = r.text[:copy(r.text, r.text[keep:])]
	r.base, r.from = r.base+int64(keep), to-keep
}

// finish ends the text and takes what was found into evidence, and the values into hide.
func (r *runs) finish(hide *hidden) {
	r.close()
	for _, f := range r.found {
		f.Path, f.Inside, f.Encoding = r.s.file.Path, r.s.inside(r.w), "base64"
		hide.encoded = true
		hide.value(f.value, f.Redacted)
		r.s.addSecret(f.Secret, f.value)
	}
}

// decode64 decodes either alphabet without padding and appends what comes out.
func decode64(to, from []byte) []byte {
	bits, held := 0, uint32(0)
	for _, c := range from {
		held, bits = held<<6|uint32(value64[c]), bits+6
		if bits >= 8 {
			bits -= 8
			to = append(to, byte(held>>bits))
		}
	}
	return to
}

// value64 has the values of RFC 4648, sections 4 and 5.
var value64 = func() (t [256]byte) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range len(alphabet) {
		t[alphabet[i]] = byte(i)
	}
	t['-'], t['_'] = t['+'], t['/']
	return t
}()

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
