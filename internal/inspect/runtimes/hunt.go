package runtimes

import (
	"bytes"
	"regexp"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
)

const (
	// maxBlock is how many bytes are searched at once; what one block carries
	// over to the next comes on top. Small files take no more than they need.
	minBlock = 4 << 10
	maxBlock = 64 << 10
	// maxTried bounds the bytes that expressions are applied to for one anchor in
	// one file: a file made of nothing but anchors must cost little more
	// than a pass over it.
	maxTried = 8 << 20
)

// hunt is the sink of one file. Bytes are gathered into blocks of fixed length
// before they are searched, so that the way they arrive cannot matter.
type hunt struct {
	path    string
	rows    []*classifier
	anchors []*anchorHunt
	// scans are the anchors again, by the byte they are searched with.
	scans []scan
	// versions[row] has one place for each pattern of the row.
	versions [][]string
	// need[row] is nil where the row needs no further literal.
	need []*anchorHunt
	out  *evidence.Fragment

	buf []byte
	// block is how many new bytes fill the buffer.
	block int
	// carry is the widest window: that many bytes stay when a block is done.
	carry int
	done  bool
}

// scan is one pass over a block for all anchors that share their rarest byte.
type scan struct {
	rare    byte
	anchors []*anchorHunt
}

// anchorHunt searches one literal, and the version near it.
type anchorHunt struct {
	literal []byte
	// rare is the index of the literal's byte that is least common in executables.
	rare          int
	before, after int
	re            func() *regexp.Regexp
	row, pattern  int
	// from is where in the buffer the next search starts.
	from  int
	tried int
	seen  bool
	done  bool
	// gaveUp is set where maxTried ended the search.
	gaveUp bool
	// waits is set where the window of an anchor runs past the block.
	waits bool
}

func newHunt(path string, size int64, rows []*classifier, out *evidence.Fragment) *hunt {
	h := &hunt{
		path: path, rows: rows, out: out,
		block:    int(min(max(size, minBlock), maxBlock)),
		versions: make([][]string, len(rows)), need: make([]*anchorHunt, len(rows)),
	}
	series := seriesOf(path)
	for i, row := range rows {
		h.versions[i] = make([]string, len(row.find))
		for j, p := range row.find {
			literal := p.anchor
			if strings.Contains(literal, seriesMark) {
				if series == "" {
					continue
				}
				literal = strings.ReplaceAll(literal, seriesMark, series)
			}
			h.add(&anchorHunt{literal: []byte(literal), before: p.before, after: p.after, re: p.re, row: i, pattern: j})
		}
		if row.needs != "" {
			h.need[i] = &anchorHunt{literal: []byte(row.needs), row: i}
			h.add(h.need[i])
		}
	}
	if len(h.anchors) == 0 {
		h.done = true
	}
	return h
}

func (h *hunt) add(a *anchorHunt) {
	a.rare = rarest(a.literal)
	h.carry = max(h.carry, a.before+len(a.literal)+a.after)
	h.anchors = append(h.anchors, a)
	rare := a.literal[a.rare]
	for i := range h.scans {
		if h.scans[i].rare == rare {
			h.scans[i].anchors = append(h.scans[i].anchors, a)
			return
		}
	}
	h.scans = append(h.scans, scan{rare: rare, anchors: []*anchorHunt{a}})
}

// Write gathers p and searches each block as soon as it is full.
func (h *hunt) Write(p []byte) (int, error) {
	n := len(p)
	if h.buf == nil && !h.done {
		h.buf = make([]byte, 0, h.block+h.carry)
	}
	for len(p) > 0 && !h.done {
		take := min(len(p), cap(h.buf)-len(h.buf))
		h.buf = append(h.buf, p[:take]...)
		p = p[take:]
		if len(h.buf) == cap(h.buf) {
			h.search(false)
			h.slide()
		}
	}
	if h.done {
		return n, inspect.ErrEnough
	}
	return n, nil
}

// Close searches what is left and reports what was found. A layer that broke off
// reports what its bytes had shown up to there.
func (h *hunt) Close() error {
	if !h.done {
		h.search(true)
	}
	h.buf, h.done = nil, true
	h.report()
	return nil
}

// search looks for every anchor in the buffer. An anchor whose window runs past
// the end is left for the next block, unless there is none.
func (h *hunt) search(final bool) {
	found := false
	for i := range h.scans {
		if h.scan(&h.scans[i], final) {
			found = true
		}
	}
	if found && h.settled() {
		h.done = true
	}
}

// scan goes from one rare byte to the next (a memchr over the block) and compares
// literals only there. It reports whether any anchor is done with.
func (h *hunt) scan(s *scan, final bool) (found bool) {
	at := len(h.buf)
	for _, a := range s.anchors {
		if a.waits = false; !a.done {
			at = min(at, a.from+a.rare)
		}
	}
	for at < len(h.buf) {
		i := bytes.IndexByte(h.buf[at:], s.rare)
		if i < 0 {
			break
		}
		at += i
		for _, a := range s.anchors {
			if a.done || a.waits || !a.stands(h.buf, at-a.rare) {
				continue
			}
			if v, ok := a.try(h.buf, at-a.rare, final); ok {
				if a.re != nil {
					h.versions[a.row][a.pattern] = v
				}
				found = true
			}
		}
		at++
	}
	for _, a := range s.anchors {
		if !a.done && !a.waits {
			a.from = max(a.from, len(h.buf)-len(a.literal)+1)
		}
	}
	return found
}

// slide keeps the last bytes for the next block.
func (h *hunt) slide() {
	gone := len(h.buf) - h.carry
	copy(h.buf, h.buf[gone:])
	h.buf = h.buf[:h.carry]
	for _, a := range h.anchors {
		a.from = max(a.from-gone, 0)
	}
}

// stands reports whether the literal stands at start and was not looked at before.
func (a *anchorHunt) stands(buf []byte, start int) bool {
	return start >= a.from && start+len(a.literal) <= len(buf) &&
		bytes.Equal(buf[start:start+len(a.literal)], a.literal)
}

// try applies the expression around the literal at start.
func (a *anchorHunt) try(buf []byte, start int, final bool) (string, bool) {
	end := start + len(a.literal) + a.after
	if end > len(buf) && !final {
		a.from, a.waits = start, true
		return "", false
	}
	a.from = start + 1
	if a.re == nil {
		a.seen, a.done = true, true
		return "", true
	}
	window := buf[max(0, start-a.before):min(end, len(buf))]
	if a.tried += len(window); a.tried > maxTried {
		a.done, a.gaveUp = true, true
		return "", false
	}
	if v := firstGroup(a.re().FindSubmatch(window)); v != "" {
		a.done = true
		return v, true
	}
	return "", false
}

// firstGroup returns the first group that took part in the match.
func firstGroup(match [][]byte) string {
	for i := 1; i < len(match); i++ {
		if len(match[i]) > 0 {
			return string(match[i])
		}
	}
	return ""
}

// settled reports whether further bytes cannot change the outcome: every row, or
// the first row of its group, has found its best pattern and what it needs.
func (h *hunt) settled() bool {
	settledGroups := map[string]bool{}
	for i, row := range h.rows {
		if row.group != "" && settledGroups[row.group] {
			continue
		}
		if h.versions[i][0] == "" || !h.needMet(i) {
			return false
		}
		if row.group != "" {
			settledGroups[row.group] = true
		}
	}
	return true
}

func (h *hunt) needMet(row int) bool { return h.need[row] == nil || h.need[row].seen }

func (h *hunt) report() {
	for _, a := range h.anchors {
		if a.gaveUp {
			h.out.Note(h.path, "too many places look like a version of "+h.rows[a.row].name+"; gave up")
			break
		}
	}
	taken := map[string]bool{}
	for i, row := range h.rows {
		if row.group != "" && taken[row.group] || !h.needMet(i) {
			continue
		}
		for _, v := range h.versions[i] {
			if v == "" {
				continue
			}
			h.out.Packages = append(h.out.Packages, row.packageAt(h.path, v))
			if row.group != "" {
				taken[row.group] = true
			}
			break
		}
	}
}

// seriesOf returns the major.minor in a file's name: "3.8" of libpython3.8.so.1.0.
func seriesOf(path string) string {
	base := path[strings.LastIndexByte(path, '/')+1:]
	start := strings.IndexAny(base, "0123456789")
	if start < 0 {
		return ""
	}
	end := start + digits(base[start:])
	if end >= len(base) || base[end] != '.' {
		return ""
	}
	minor := digits(base[end+1:])
	if minor == 0 {
		return ""
	}
	return base[start : end+1+minor]
}

func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// rarest returns the index of the literal's least common byte.
func rarest(literal []byte) int {
	best, bestRank := 0, 256
	for i, c := range literal {
		if rank := commonness(c); rank < bestRank {
			best, bestRank = i, rank
		}
	}
	return best
}

// rareBytes lists bytes from the rarest up, as counted over the 100 MB of ELF
// programs in Debian 12's /usr/bin. Bytes not listed are more common than any of
// them: NUL is every fourth byte, 'H' (an x86-64 prefix) every twenty-fifth.
const rareBytes = `qYQ&z>j?#76~'J*!;{Z^}3KW+/k:VOR",w24yNX<F` + "`" + `vbG[-|)U5]x.S98%pBP@0cl(du=aion_rsf`

// commonness ranks a byte, rarest lowest.
func commonness(c byte) int {
	if i := strings.IndexByte(rareBytes, c); i >= 0 {
		return i
	}
	return 255
}
