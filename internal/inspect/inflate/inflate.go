// Package inflate unpacks DEFLATE (RFC 1951) and gzip (RFC 1952), layers and what is
// packed inside them. The pass spent a third of its time on that, which is why it has
// an inflater of its own.
//
// klauspost/compress takes its input byte by byte. This takes eight bytes at once and
// decodes up to three literals between two looks at the input, which takes half the
// time of layers as they are built: 480 ms become 240 for 122 MB of Debian. All that
// is to be known of a symbol stands in one entry of a table, as in libdeflate.
//
// It accepts what compress/flate accepts and nothing else; a fuzz target holds the
// two against one another.
package inflate

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
)

// ErrCorrupt is the error of input that is not DEFLATE.
var ErrCorrupt = errors.New("the compressed data is damaged")

const (
	// window is how far back a match may reach.
	window   = 32 << 10
	maxMatch = 258
	// slack is what copies in whole words may write behind their end.
	slack = 16
	// outSize holds the window and what is decoded before it is handed on.
	outSize = 96 << 10
	// last is where the last match may begin in the output.
	last = outSize - maxMatch - slack
	// twoLoads is how much input two refills of the bits may take.
	twoLoads = 16
)

// Reader inflates one stream. It never takes more from its source than the stream
// has, so that what follows can be read from there. The zero value is to be Reset;
// one Reader serves any number of streams, one after another.
type Reader struct {
	// src is read by Peek and Discard, nil where in is all there is. Of in, which
	// lies in its buffer, the bytes up to pos are taken, and not yet discarded.
	src *bufio.Reader
	in  []byte
	pos int
	// ended is why there is no more than in.
	ended error
	// bits are taken and not yet used, count of them; what stands above is either 0
	// or what the input goes on with.
	bits  uint64
	count uint
	// out[from:to] is to be handed on. What lies before it is the window.
	from, to int
	state    state
	final    bool
	// stored is what is left of a stored block.
	stored int
	err    error
	out    [outSize]byte
	tables
}

type state int

const (
	atHeader state = iota
	inStored
	inCodes
	inFixed
)

// Reset begins a stream that src, whose buffer holds at least 64 bytes, goes on with.
func (d *Reader) Reset(src *bufio.Reader) { d.reset(src, nil) }

// ResetBytes begins a stream that is in memory as a whole.
func (d *Reader) ResetBytes(content []byte) { d.reset(nil, content) }

func (d *Reader) reset(src *bufio.Reader, content []byte) {
	d.src, d.in, d.pos, d.ended = src, content, 0, nil
	d.bits, d.count, d.from, d.to = 0, 0, 0, 0
	d.state, d.final, d.stored, d.err = atHeader, false, 0, nil
}

// Read implements io.Reader. Its error is io.EOF at the end of the stream,
// io.ErrUnexpectedEOF where the source ended before that, ErrCorrupt, or the source's.
func (d *Reader) Read(p []byte) (int, error) {
	for d.from == d.to {
		if d.err != nil {
			return 0, d.err
		}
		if len(p) == 0 {
			return 0, nil
		}
		if d.to >= last {
			copy(d.out[:window], d.out[d.to-window:d.to])
			d.from, d.to = window, window
		}
		if d.err = d.step(); d.err != nil {
			d.giveBack()
		}
	}
	n := copy(p, d.out[d.from:d.to])
	d.from += n
	return n, nil
}

// step decodes until the output is nearly full or the block ends.
func (d *Reader) step() (err error) {
	switch d.state {
	case atHeader:
		if d.final {
			return io.EOF
		}
		return d.header()
	case inStored:
		return d.copyStored()
	case inFixed:
		err = d.codes(&fixed.litlen, &fixed.dist)
	default:
		err = d.codes(&d.litlen, &d.dist)
	}
	if errors.Is(err, errBlockEnd) {
		d.state, err = atHeader, nil
	}
	return err
}

// errBlockEnd ends a block.
var errBlockEnd = errors.New("end of block")

// giveBack discards from the source what was used, and no more than that.
func (d *Reader) giveBack() {
	d.pos -= int(d.count / 8)
	d.count %= 8
	d.bits &= 1<<d.count - 1
	if d.src != nil {
		d.src.Discard(d.pos)
		d.in, d.pos = d.in[d.pos:], 0
	}
}

// more gets more input behind what is left; false where there is none.
func (d *Reader) more() bool {
	if d.src == nil || d.ended != nil {
		return false
	}
	d.giveBack()
	left := len(d.in)
	_, err := d.src.Peek(left + 1)
	d.in, _ = d.src.Peek(d.src.Buffered())
	if len(d.in) > left {
		return true
	}
	d.ended = err
	return false
}

// need makes sure of n bits, at most 48, or says why there are none.
func (d *Reader) need(n uint) error {
	for d.count < n {
		if d.pos == len(d.in) && !d.more() {
			return d.brokenOff()
		}
		d.load()
	}
	return nil
}

// load takes single bytes of what is at hand.
func (d *Reader) load() {
	d.bits &= 1<<d.count - 1
	for d.count <= 56 && d.pos < len(d.in) {
		d.bits |= uint64(d.in[d.pos]) << d.count
		d.pos++
		d.count += 8
	}
}

func (d *Reader) brokenOff() error {
	if d.ended == nil || errors.Is(d.ended, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return d.ended
}

// take takes n bits that need has made sure of.
func (d *Reader) take(n uint) int {
	v := d.bits & (1<<n - 1)
	d.bits >>= n
	d.count -= n
	return int(v)
}

// header reads what a block begins with (RFC 1951, 3.2.3).
func (d *Reader) header() error {
	if err := d.need(3); err != nil {
		return err
	}
	d.final = d.take(1) == 1
	switch d.take(2) {
	case 0:
		return d.storedHeader()
	case 1:
		d.state = inFixed
		return nil
	case 2:
		d.state = inCodes
		return d.readTables()
	}
	return ErrCorrupt
}

// storedHeader reads the length of a stored block and its complement (3.2.4).
func (d *Reader) storedHeader() error {
	d.take(d.count % 8)
	if err := d.need(32); err != nil {
		return err
	}
	n, complement := d.take(16), d.take(16)
	if n != ^complement&0xffff {
		return ErrCorrupt
	}
	d.giveBack()
	d.state, d.stored = inStored, n
	return nil
}

// copyStored copies what there is of a stored block and fits.
func (d *Reader) copyStored() error {
	if d.stored == 0 {
		d.state = atHeader
		return nil
	}
	if d.pos == len(d.in) && !d.more() {
		return d.brokenOff()
	}
	n := copy(d.out[d.to:outSize-slack], d.in[d.pos:min(len(d.in), d.pos+d.stored)])
	d.pos += n
	d.to += n
	d.stored -= n
	return nil
}

// codes decodes symbols until the output is nearly full, the block ends
// (errBlockEnd) or the input does.
func (d *Reader) codes(litlen *litlenTable, dist *distTable) error {
	for d.to < last {
		if len(d.in)-d.pos < twoLoads && (!d.more() || len(d.in)-d.pos < twoLoads) {
			// Near the end of what there is, and where a source gives little at once.
			if err := d.one(litlen, dist); err != nil {
				return err
			}
			continue
		}
		if err := d.many(litlen, dist); err != nil {
			return err
		}
	}
	return nil
}

// many decodes while enough input is at hand, so that nothing else has to be asked.
//
// An entry of a table says in its low byte how many bits a symbol takes with all
// that belongs to it, in the next four bits how many of these are its code, and in
// the upper half its value or the least it stands for.
func (d *Reader) many(litlen *litlenTable, dist *distTable) error {
	in, pos, out, to := d.in, d.pos, &d.out, d.to
	held, count := d.bits, uint32(d.count)
	var err error
	for to < last && pos+twoLoads <= len(in) {
		// 56 bits or more, of which three codes of literals take 33 at most.
		held |= binary.LittleEndian.Uint64(in[pos:]) << (count & 63)
		pos += int((63 - count&63) >> 3)
		count |= 56
		e := litlen[held&litlenMask]
		if e&isLiteral != 0 {
			held >>= e & 63
			count -= e
			out[to] = byte(e >> valueShift)
			to++
			e = litlen[held&litlenMask]
			if e&isLiteral != 0 {
				held >>= e & 63
				count -= e
				out[to] = byte(e >> valueShift)
				to++
				e = litlen[held&litlenMask]
				if e&isLiteral != 0 {
					held >>= e & 63
					count -= e
					out[to] = byte(e >> valueShift)
					to++
					continue
				}
			}
		}
		if e&isOther != 0 {
			if e&isLink == 0 {
				if err = ErrCorrupt; e&isEnd != 0 {
					err = errBlockEnd
					held >>= e & 63
					count -= e
				}
				break
			}
			held >>= litlenBits
			count -= litlenBits
			e = litlen[e>>valueShift&0x7fff+uint32(held)&(1<<(e>>codeShift&15)-1)]
			if e&isLiteral != 0 {
				held >>= e & 63
				count -= e
				out[to] = byte(e >> valueShift)
				to++
				continue
			}
			if e&isOther != 0 {
				if err = ErrCorrupt; e&isEnd != 0 {
					err = errBlockEnd
					held >>= e & 63
					count -= e
				}
				break
			}
		}
		length := int(e>>valueShift) + int(held&(1<<(e&63)-1)>>(e>>codeShift&15))
		held >>= e & 63
		count -= e
		// A distance takes 28 bits at most.
		held |= binary.LittleEndian.Uint64(in[pos:]) << (count & 63)
		pos += int((63 - count&63) >> 3)
		count |= 56
		e = dist[held&distMask]
		if e&isOther != 0 {
			if e&isLink == 0 {
				err = ErrCorrupt
				break
			}
			held >>= distBits
			count -= distBits
			e = dist[e>>valueShift&0x7fff+uint32(held)&(1<<(e>>codeShift&15)-1)]
			if e&isOther != 0 {
				err = ErrCorrupt
				break
			}
		}
		far := int(e>>valueShift) + int(held&(1<<(e&63)-1)>>(e>>codeShift&15))
		held >>= e & 63
		count -= e
		if far > to {
			err = ErrCorrupt
			break
		}
		end := to + length
		src := to - far
		if far >= 8 {
			// Whole words, the last of which may go beyond the end.
			binary.LittleEndian.PutUint64(out[to:], binary.LittleEndian.Uint64(out[src:]))
			binary.LittleEndian.PutUint64(out[to+8:], binary.LittleEndian.Uint64(out[src+8:]))
			if length > 16 {
				if far >= length {
					copy(out[to+16:end], out[src+16:])
				} else {
					for at := 16; at < length; at += 8 {
						binary.LittleEndian.PutUint64(out[to+at:], binary.LittleEndian.Uint64(out[src+at:]))
					}
				}
			}
		} else {
			repeat(out, src, to, end)
		}
		to = end
	}
	d.pos, d.to, d.bits, d.count = pos, to, held, uint(count&63)
	return err
}

// repeat copies a match that lies less than eight bytes back, and so over itself.
func repeat(out *[outSize]byte, src, to, end int) {
	if to-src == 1 {
		word := uint64(out[src]) * 0x0101010101010101
		for ; to < end; to += 8 {
			binary.LittleEndian.PutUint64(out[to:], word)
		}
		return
	}
	for ; to < end; to, src = to+1, src+1 {
		out[to] = out[src]
	}
}

// one decodes one symbol with a look at the input for every bit.
func (d *Reader) one(litlen *litlenTable, dist *distTable) error {
	e, err := d.symbol(litlen[:], litlenBits)
	if err != nil {
		return err
	}
	switch {
	case e&isLiteral != 0:
		d.out[d.to] = byte(e >> valueShift)
		d.to++
		return nil
	case e&isEnd != 0:
		return errBlockEnd
	case e&isOther != 0:
		return ErrCorrupt
	}
	length, err := d.value(e)
	if err != nil {
		return err
	}
	if e, err = d.symbol(dist[:], distBits); err != nil {
		return err
	}
	if e&isOther != 0 {
		return ErrCorrupt
	}
	far, err := d.value(e)
	if err != nil {
		return err
	}
	if far > d.to {
		return ErrCorrupt
	}
	for end := d.to + length; d.to < end; d.to++ {
		d.out[d.to] = d.out[d.to-far]
	}
	return nil
}

// symbol finds the next symbol's entry and takes its code.
func (d *Reader) symbol(table []uint32, first uint) (uint32, error) {
	for {
		known := d.bits & (1<<d.count - 1)
		e, before := table[known&(1<<first-1)], uint(0)
		if e&isLink != 0 {
			e, before = table[e>>valueShift&0x7fff+uint32(known>>first)&(1<<(e>>codeShift&15)-1)], first
		}
		if code := before + uint(e>>codeShift&15); code > 0 && code <= d.count {
			d.take(code)
			return e, nil
		} else if code == 0 && d.count > 0 && e&isOther != 0 {
			// No code begins like this; with more bits it still would not.
			return 0, ErrCorrupt
		}
		if err := d.need(d.count + 1); err != nil {
			return 0, err
		}
	}
}

// value adds an entry's further bits, which its code stands before.
func (d *Reader) value(e uint32) (int, error) {
	extra := uint(e&63 - e>>codeShift&15)
	if err := d.need(extra); err != nil {
		return 0, err
	}
	return int(e>>valueShift) + d.take(extra), nil
}

// readTables reads the codes of a block (RFC 1951, 3.2.7).
func (d *Reader) readTables() error {
	if err := d.need(14); err != nil {
		return err
	}
	literals, distances, order := d.take(5)+257, d.take(5)+1, d.take(4)+4
	if literals > maxLiterals || distances > maxDistances {
		return ErrCorrupt
	}
	var lengths [maxLiterals + maxDistances]uint8
	var short [19]uint8
	for i := range order {
		if err := d.need(3); err != nil {
			return err
		}
		short[codeOrder[i]] = uint8(d.take(3))
	}
	if !d.precode.build(short[:]) {
		return ErrCorrupt
	}
	for i := 0; i < literals+distances; {
		e, err := d.symbol(d.precode[:], precodeBits)
		if err != nil {
			return err
		}
		v := e >> valueShift & 0x7fff
		if v < 16 {
			lengths[i] = uint8(v)
			i++
			continue
		}
		extra, least, repeated := uint(2), 3, uint8(0)
		switch v {
		case 16:
			if i == 0 {
				return ErrCorrupt
			}
			repeated = lengths[i-1]
		case 17:
			extra = 3
		default:
			extra, least = 7, 11
		}
		if err := d.need(extra); err != nil {
			return err
		}
		n := least + d.take(extra)
		if i+n > literals+distances {
			return ErrCorrupt
		}
		for range n {
			lengths[i] = repeated
			i++
		}
	}
	if !d.litlen.build(lengths[:literals]) || !d.dist.build(lengths[literals:literals+distances]) {
		return ErrCorrupt
	}
	return nil
}

// reversed turns a code around, whose first bit is the highest.
func reversed(code, length int) int { return int(bits.Reverse16(uint16(code)) >> (16 - length)) }
