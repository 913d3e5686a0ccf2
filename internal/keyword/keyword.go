// Package keyword owns the search for many words at once: which of some
// thousand literals stand where in a run of bytes, at a speed near that of
// reading them. It is the gate before every expression and parser that looks at
// a file's content: what holds none of the words costs nothing more.
//
// It knows nothing of what the words are for, and keeps no state between calls.
package keyword

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
)

// Word is a literal to find.
type Word struct {
	// Text is at least MinLength bytes; at least minUnbound where Bound is false.
	Text string
	// Fold finds ASCII letters in either case.
	Fold bool
	// Bound finds the word only where no letter, digit or underscore precedes it.
	Bound bool
}

const (
	// MinLength is the shortest word.
	MinLength = 3
	// minUnbound is the shortest word that may stand in the middle of another:
	// one that is looked for at every second byte by four of its own.
	minUnbound = 5
	gram       = 4
)

// Set is a compiled list of words, safe for concurrent use.
//
// Every second position of the text is probed with the four bytes that stand
// there, case folded. Of a word two neighbouring grams are known, the rarest of it,
// of which one stands at such a position wherever the word does; of a word of three
// or four bytes they are the gram at its beginning and the one before. The last
// three bytes of a gram, the tail, choose a byte of a filter, in which the first one
// has a bit. Where that is set a hash table names the words, which are then compared.
// Probing half of the positions with a filter that fits in a near cache beats
// walking an automaton, whose every step waits for the one before, and a filter of
// whole grams, which fills up with what may precede the short words (measured: see
// BenchmarkFind).
type Set struct {
	words []Word
	// filter holds for each hash of a tail the bits of what may precede it; bit is
	// each byte's.
	filter [1 << filterLog]uint8
	bit    [256]uint8
	// whole has a bit for each hash of all four bytes of a gram: what passes the
	// filter is mostly words of the language that share three of them, and would
	// otherwise be looked for in tables that no near cache holds.
	whole [1 << wholeLog / 8]uint8
	// slots is the hash table: the tail, and where its places begin and end.
	slots  []slot
	shift  uint8
	places []place
	// longest is the length of the longest word, reach the largest offset of a gram.
	longest, reach int
}

const filterLog, wholeLog = 16, 16

type slot struct {
	tail uint32
	// begin is where its places do, of which there are count; 0 in a free slot.
	begin int32
	count uint16
	// first are the bits of what may precede the tail.
	first uint8
}

// place says that a gram stands at this offset of a word; -1 for the byte before
// it. Of the gram the bytes of mask count, folded.
type place struct {
	gram, mask uint32
	word       int32
	offset     int8
	// first are the bits of what stands first in the gram.
	first uint8
}

// New compiles words. The index of a word in the list is what Find reports.
func New(words []Word) (*Set, error) {
	s := &Set{words: words, bit: precedents()}
	byTail := map[uint32][]place{}
	for i, w := range words {
		if len(w.Text) < MinLength || (!w.Bound && len(w.Text) < minUnbound) {
			return nil, fmt.Errorf("the word %q is too short to look for", w.Text)
		}
		s.longest = max(s.longest, len(w.Text))
		text := []byte(w.Text)
		at := rarest(text)
		s.reach = max(s.reach, at)
		add := func(g, mask uint32, offset int, first uint8) {
			g |= fold
			byTail[g&tail] = append(byTail[g&tail], place{g & mask, mask, int32(i), int8(offset), first})
			s.filter[hash(g)] |= first
			if mask&0xff != 0 {
				s.setWhole(g)
				return
			}
			for _, c := range distinct() {
				if s.bit[c]&first != 0 {
					s.setWhole(g&tail | uint32(c))
				}
			}
		}
		switch {
		case len(text) >= minUnbound:
			add(binary.LittleEndian.Uint32(text[at:]), all, at, s.bitOf(text[at]))
			add(binary.LittleEndian.Uint32(text[at+1:]), all, at+1, s.bitOf(text[at+1]))
			continue
		case len(text) == gram:
			add(binary.LittleEndian.Uint32(text), all, 0, s.bitOf(text[0]))
		default:
			// The gram takes in the byte behind the word, whatever it is.
			for _, c := range distinct() {
				add(pack(text[0], text[1], text[2], c), all>>8, 0, s.bitOf(text[0]))
			}
		}
		add(pack(0, text[0], text[1], text[2]), tail, -1, outside)
	}
	s.index(byTail)
	return s, nil
}

func (s *Set) index(byTail map[uint32][]place) {
	log := max(1, bits.Len(uint(2*len(byTail))))
	s.slots, s.shift = make([]slot, 1<<log), uint8(32-log)
	for t, places := range byTail {
		at := s.slot(t)
		for s.slots[at].count != 0 {
			at = (at + 1) & uint32(len(s.slots)-1)
		}
		slot := slot{tail: t, begin: int32(len(s.places)), count: uint16(len(places))}
		s.places = append(s.places, places...)
		for _, p := range places {
			slot.first |= p.first
		}
		s.slots[at] = slot
	}
}

// fold sets the bit that tells lower from upper case letters; other bytes that
// it makes equal are told apart when words are compared.
const (
	fold   = 0x20202020
	fold64 = fold<<32 | fold
	all    = 0xffffffff
	// tail are the last three bytes of a gram.
	tail = 0xffffff00
)

const spread = 0x9e3779b1 // 2^32 divided by the golden ratio

// hash is the place of a gram's tail in the filter.
func hash(g uint32) uint32 { return (g & tail) * spread >> (32 - filterLog) }

func wholeHash(g uint32) uint32 { return g * spread >> (32 - wholeLog) }

func (s *Set) setWhole(g uint32) { s.whole[wholeHash(g)/8] |= 1 << (wholeHash(g) % 8) }

// hasWhole is false where no word has these four bytes, folded, for a gram.
func (s *Set) hasWhole(g uint32) bool { return s.whole[wholeHash(g)/8]>>(wholeHash(g)%8)&1 != 0 }

// slot is where the search for a tail in the hash table begins.
func (s *Set) slot(t uint32) uint32 { return (t * spread) >> (s.shift & 31) }

// outside are the bits of the bytes that end an identifier: blanks, which precede
// words most often, have one of their own.
const (
	blank   = 1 << 7
	mark    = 1 << 6
	outside = blank | mark
)

// precedents gives each byte, folded, its bits in the filter: one of six for the
// bytes of identifiers. Some stand for two bytes, of which one ends identifiers.
func precedents() (bit [256]uint8) {
	for c := range 256 {
		folded := c | fold&0xff
		switch b := byte(c); {
		case wordByte(b):
			bit[folded] |= 1 << (folded % 6)
		case b == ' ' || b == '\n' || b == '\t' || b == '\r' || b == 0:
			bit[folded] |= blank
		default:
			bit[folded] |= mark
		}
	}
	return bit
}

func (s *Set) bitOf(c byte) uint8 { return s.bit[c|0x20] }

// farthest bounds where in a word its grams stand.
const farthest = 16

// rarest returns the offset of the two grams of a word that text holds least often.
func rarest(text []byte) int {
	best, score := 0, 1<<30
	for at := 0; at <= farthest && at+minUnbound <= len(text); at++ {
		if n := max(commonness(text[at:at+gram]), commonness(text[at+1:at+1+gram])); n < score {
			best, score = at, n
		}
	}
	return best
}

// commonness is how often text holds a gram, told from its pairs of letters. What
// is neither letter nor space is rare next to letters.
func commonness(text []byte) int {
	n := 0
	if strings.Contains(often, strings.ToLower(string(text))) {
		n = 9
	}
	for i := range len(text) - 1 {
		a, b := text[i]|0x20, text[i+1]|0x20
		switch {
		case a >= 'a' && a <= 'z' && b >= 'a' && b <= 'z':
			n += int(pairs[a-'a'][b-'a'] - '0')
		case a == ' ' || b == ' ':
			n += 6
		default:
			n += 3
		}
	}
	return n
}

// often are words and parts of words that programs are full of.
const often = "type node able ation ition tion ther ence ment data code name func return this self function const prop essage ault require " +
	"string value index object class error file path list work face user head build pack back open read write with from http test"

// pairs has for each letter how often the letters a to z follow it in programs and
// their documentation, as logarithms to the base 2 between 0 and 9.
var pairs = [26]string{
	"37883672725989170999665662",
	"63537220760721640553700070",
	"83639358608753952658643040",
	"73579432821643730664742250",
	"86897863524889676999476861",
	"73467711800734840756701040",
	"52628346700546650676522001",
	"81349300801242720647601020",
	"77887980203889972799260506",
	"30006000200000400041300000",
	"52227231600424330253203000",
	"85469742903834841477743060",
	"96349212703463880264600020",
	"84899692716646951399752061",
	"56885852726789680978867223",
	"82549435603732870868742060",
	"00000000000100000000700000",
	"93769572906578950888754070",
	"73759457815555872589734282",
	"94659539913654970987836481",
	"56667650801879360988100300",
	"80118200600221510122000000",
	"71236216701315620651003000",
	"53535401404210260127000210",
	"32314220400356570676113001",
	"30006000300000200000000010",
}

func pack(a, b, c, d byte) uint32 {
	return uint32(a) | uint32(b)<<8 | uint32(c)<<16 | uint32(d)<<24
}

// distinct are the bytes that are left once each is folded.
func distinct() []byte {
	var list []byte
	for c := range 256 {
		if c&0x20 != 0 {
			list = append(list, byte(c))
		}
	}
	return list
}

// Longest is the length of the longest word in bytes: what a caller that reads
// in blocks must carry over.
func (s *Set) Longest() int { return s.longest }

// Find calls hit for every place in b[from:to] where a word begins that lies
// wholly in b, roughly in the order of the text. What precedes from is looked at
// only to tell whether a bound word begins there. It ends early where hit
// returns false.
func (s *Set) Find(b []byte, from, to int, hit func(word, at int) bool) {
	to = min(to, len(b))
	i := from
	for i+16 <= len(b) && i+10 < to {
		skipped, passed := s.quiet(b[i:min(len(b), to+6)])
		i += skipped
		if passed == 0 {
			break
		}
		for ; passed != 0; passed &= passed - 1 {
			at := i - 12 + 2*bits.TrailingZeros8(passed)
			if g := binary.LittleEndian.Uint32(b[at:]) | fold; s.hasWhole(g) && !s.look(b, at, from, to, g, hit) {
				return
			}
		}
	}
	for ; i <= to+s.reach && i+gram <= len(b); i += 2 {
		if !s.look(b, i, from, to, binary.LittleEndian.Uint32(b[i:])|fold, hit) {
			return
		}
	}
	// A word of three bytes at the very end has no byte after it.
	if n := len(b) - MinLength; n >= from && n < to && (n-from)%2 == 0 {
		s.look(b, n, from, to, pack(b[n], b[n+1], b[n+2], 0)|fold, hit)
	}
}

// quiet passes over b, six probes in twelve bytes at a time, and ends with those of
// which one passes. It returns how many bytes that were, and a bit for each of the
// last six probes that passed: none where less than six are left. It is a function of
// its own so that all it needs stays in registers.
func (s *Set) quiet(b []byte) (skipped int, passed uint8) {
	n := len(b)
	for ; len(b) >= 16; b = b[12:] {
		v, w := binary.LittleEndian.Uint64(b)|fold64, binary.LittleEndian.Uint64(b[6:])|fold64
		if s.probe(uint32(v))|s.probe(uint32(v>>16))|s.probe(uint32(v>>32))|
			s.probe(uint32(w))|s.probe(uint32(w>>16))|s.probe(uint32(w>>32)) != 0 {
			// The compiler keeps what was probed.
			passed = one(s.probe(uint32(v))) | one(s.probe(uint32(v>>16)))<<1 | one(s.probe(uint32(v>>32)))<<2 |
				one(s.probe(uint32(w)))<<3 | one(s.probe(uint32(w>>16)))<<4 | one(s.probe(uint32(w>>32)))<<5
			return n - len(b) + 12, passed
		}
	}
	return n - len(b), 0
}

// one is 1 for what is not 0.
func one(b uint8) uint8 { return (b | -b) >> 7 }

// probe is 0 where no word has these four bytes for a gram.
func (s *Set) probe(g uint32) uint8 { return s.filter[hash(g)] & s.bit[uint8(g)] }

// look compares the words whose gram g, folded, stands at b[i:].
func (s *Set) look(b []byte, i, from, to int, g uint32, hit func(word, at int) bool) bool {
	t := g & tail
	for at := s.slot(t); s.slots[at].count != 0; at = (at + 1) & uint32(len(s.slots)-1) {
		slot := &s.slots[at]
		if slot.tail != t {
			continue
		}
		if slot.first&s.bit[uint8(g)] == 0 {
			return true
		}
		for k := int(slot.begin); k < int(slot.begin)+int(slot.count); k++ {
			p := &s.places[k]
			if g&p.mask != p.gram {
				continue
			}
			w := &s.words[p.word]
			start := i - int(p.offset)
			if start < from || start >= to || start+len(w.Text) > len(b) {
				continue
			}
			if w.Bound && start > 0 && wordByte(b[start-1]) {
				continue
			}
			if equal(b[start:start+len(w.Text)], w) && !hit(int(p.word), start) {
				return false
			}
		}
		return true
	}
	return true
}

func equal(b []byte, w *Word) bool {
	if !w.Fold {
		return string(b) == w.Text
	}
	for i := range b {
		if lower(b[i]) != lower(w.Text[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// wordByte is a byte of an identifier.
func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}
