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
// there, case folded: a filter says
// whether any word holds them at its first or second byte. Where it does, a hash
// table names the words, which are then compared. Probing half of the positions
// with a filter beats walking an automaton, whose every step waits for the one
// before (measured: see BenchmarkFind).
type Set struct {
	words []Word
	// filter says for each hash of a gram whether there is one.
	filter [1 << filterLog]bool
	// slots is the hash table: the gram, and where its places begin and end.
	slots  []slot
	mask   uint32
	places []place
	// longest is the length of the longest word.
	longest int
}

const filterLog = 16

type slot struct {
	gram       uint32
	begin, end int32
}

// place says that a gram stands at this offset of a word; -1 for the byte before it.
type place struct {
	word   int32
	offset int8
}

// New compiles words. The index of a word in the list is what Find reports.
func New(words []Word) (*Set, error) {
	s := &Set{words: words}
	byGram := map[uint32][]place{}
	add := func(g uint32, p place) { byGram[g|fold] = append(byGram[g|fold], p) }
	for i, w := range words {
		if len(w.Text) < MinLength || (!w.Bound && len(w.Text) < minUnbound) {
			return nil, fmt.Errorf("the word %q is too short to look for", w.Text)
		}
		s.longest = max(s.longest, len(w.Text))
		n := int32(i)
		switch text := []byte(w.Text); {
		case len(text) >= minUnbound:
			add(binary.LittleEndian.Uint32(text), place{n, 0})
			add(binary.LittleEndian.Uint32(text[1:]), place{n, 1})
		default:
			// The gram takes in a neighbour: the byte after, or the one before.
			if len(text) == gram {
				add(binary.LittleEndian.Uint32(text), place{n, 0})
			} else {
				for _, c := range distinct(func(byte) bool { return true }) {
					add(pack(text[0], text[1], text[2], c), place{n, 0})
				}
			}
			for _, c := range distinct(func(c byte) bool { return !wordByte(c) }) {
				add(pack(c, text[0], text[1], text[2]), place{n, -1})
			}
		}
	}
	s.index(byGram)
	return s, nil
}

func (s *Set) index(byGram map[uint32][]place) {
	size := 1 << bits.Len(uint(2*len(byGram)))
	s.slots, s.mask = make([]slot, size), uint32(size-1)
	for g, places := range byGram {
		s.filter[hash(g)] = true
		at := g * spread >> 7 & s.mask
		for s.slots[at].end != 0 {
			at = (at + 1) & s.mask
		}
		begin := int32(len(s.places))
		s.places = append(s.places, places...)
		s.slots[at] = slot{gram: g, begin: begin, end: int32(len(s.places))}
	}
}

// fold sets the bit that tells lower from upper case letters; other bytes that
// it makes equal are told apart when words are compared.
const fold = 0x20202020

const spread = 0x9e3779b1 // 2^32 divided by the golden ratio

func hash(g uint32) uint32 { return g * spread >> (32 - filterLog) }

func pack(a, b, c, d byte) uint32 {
	return uint32(a) | uint32(b)<<8 | uint32(c)<<16 | uint32(d)<<24
}

// distinct are the bytes that a gram can hold for those that pass, each once
// after folding.
func distinct(pass func(byte) bool) []byte {
	var list []byte
	seen := [256]bool{}
	for c := range 256 {
		if b := byte(c); pass(b) && !seen[b|0x20] {
			seen[b|0x20] = true
			list = append(list, b|0x20)
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
	// Six probes at a time, of which none passes in most cases.
	for ; i+16 <= len(b) && i+10 < to; i += 12 {
		v, w := binary.LittleEndian.Uint64(b[i:]), binary.LittleEndian.Uint64(b[i+6:])
		h := [6]uint32{
			hash(uint32(v) | fold), hash(uint32(v>>16) | fold), hash(uint32(v>>32) | fold),
			hash(uint32(w) | fold), hash(uint32(w>>16) | fold), hash(uint32(w>>32) | fold),
		}
		if !(s.filter[h[0]] || s.filter[h[1]] || s.filter[h[2]] || s.filter[h[3]] || s.filter[h[4]] || s.filter[h[5]]) {
			continue
		}
		for k := range h {
			if at := i + 2*k; s.filter[h[k]] && !s.look(b, at, from, to, binary.LittleEndian.Uint32(b[at:])|fold, hit) {
				return
			}
		}
	}
	for ; i <= to && i+gram <= len(b); i += 2 {
		if !s.look(b, i, from, to, binary.LittleEndian.Uint32(b[i:])|fold, hit) {
			return
		}
	}
	// A word of three bytes at the very end has no byte after it.
	if n := len(b) - MinLength; n >= from && n < to && (n-from)%2 == 0 {
		s.look(b, n, from, to, pack(b[n], b[n+1], b[n+2], 0)|fold, hit)
	}
}

// look compares the words whose gram stands at b[i:].
func (s *Set) look(b []byte, i, from, to int, g uint32, hit func(word, at int) bool) bool {
	for at := g * spread >> 7 & s.mask; s.slots[at].end != 0; at = (at + 1) & s.mask {
		if s.slots[at].gram != g {
			continue
		}
		for _, p := range s.places[s.slots[at].begin:s.slots[at].end] {
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
