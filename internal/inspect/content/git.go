package content

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"github.com/klauspost/compress/zlib"

	"plimsoll/internal/inspect/zipread"
	"plimsoll/internal/secret"
)

// A .git folder that came along with COPY . holds every version of every file:
// loose objects, each packed with zlib, and packs of them.

// isGitObject tells the path of a loose object: objects/ab/cdef… with 38 further
// digits, or 62 where the repository uses SHA-256 (gitrepository-layout(5)).
func isGitObject(path string) bool {
	name := path[strings.LastIndexByte(path, '/')+1:]
	if (len(name) != 38 && len(name) != 62) || !isHex(name) {
		return false
	}
	dir := strings.TrimSuffix(path, "/"+name)
	return len(dir) >= 2 && isHex(dir[len(dir)-2:]) && strings.HasSuffix(dir[:len(dir)-2], "objects/")
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdef") == "" }

// gitObject looks into a loose object: "blob 12\x00" and the content.
func (s *subject) gitObject(w where, r io.Reader) error {
	z, err := zlib.NewReader(r)
	if err != nil {
		return err
	}
	b := bufio.NewReaderSize(&charged{z, s.purse, 1}, 4<<10)
	head, err := b.Peek(32)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	kind, _, ok := bytes.Cut(head, []byte{0})
	if !ok {
		return errors.New("no object of Git's")
	}
	b.Discard(len(kind) + 1)
	word, _, _ := strings.Cut(string(kind), " ")
	return s.read(w.member(word), b)
}

// Types of objects in a pack (gitformat-pack(5)).
const (
	gitTree           = 2
	gitOffsetDelta    = 6
	gitReferenceDelta = 7
)

const (
	// maxGitObject is the size up to which an object is kept so that deltas can be
	// applied to it, and gitKept what is kept of a pack at once, in bytes.
	maxGitObject = small
	gitKept      = 32 << 20
	// copyCost is how many bytes put together from others cost what one does that
	// is unpacked.
	copyCost = 8
)

// pack is a pack that is being read.
type pack struct {
	s *subject
	w where
	r packReader
	z io.ReadCloser
	// kept are objects by their offsets in the pack, order tells them by age, and
	// size is their length in bytes.
	kept  map[int64][]byte
	order []int64
	size  int
}

// packReader counts what is taken from it, a byte at a time where a reader that
// must not read ahead asks.
type packReader struct {
	*bufio.Reader
	at int64
}

func (p *packReader) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	p.at += int64(n)
	return n, err
}

func (p *packReader) ReadByte() (byte, error) {
	c, err := p.Reader.ReadByte()
	if err == nil {
		p.at++
	}
	return c, err
}

// gitPack looks into every object of a pack. Of a version that is written as its
// difference from another one (a delta), what it changes is searched, within the
// version put together from both. Where the other one is not at hand, being large,
// far away in the pack or known by its name alone, the delta is searched as it is
// written, in pieces of up to 127 bytes.
func (s *subject) gitPack(w where, r io.Reader) error {
	p := &pack{s: s, w: w, r: packReader{Reader: bufio.NewReaderSize(r, 64<<10)}, kept: map[int64][]byte{}}
	var head [12]byte
	if _, err := io.ReadFull(&p.r, head[:]); err != nil {
		return err
	}
	for n := binary.BigEndian.Uint32(head[8:]); n > 0; n-- {
		if !s.purse.enter() {
			return zipread.ErrBudget
		}
		if err := s.ctx.Err(); err != nil {
			return err
		}
		if err := p.object(); err != nil {
			return err
		}
	}
	return nil
}

// object reads the next object.
func (p *pack) object() error {
	at := p.r.at
	kind, size, base, err := p.header()
	if err != nil {
		return err
	}
	if p.z == nil {
		if p.z, err = zlib.NewReader(&p.r); err != nil {
			return err
		}
	} else if err = p.z.(zlib.Resetter).Reset(&p.r, nil); err != nil {
		return err
	}
	body := &charged{p.z, p.s.purse, 1}
	w := p.w.member(fmt.Sprintf("%s at %d", gitWord(kind), at))
	if kind == gitTree || size > maxGitObject {
		// A tree holds names and digests.
		if kind != gitTree {
			if err := p.s.read(w, body); err != nil {
				return err
			}
		}
		_, err := io.Copy(io.Discard, body)
		return err
	}
	content := make([]byte, size)
	if _, err := io.ReadFull(body, content); err != nil {
		return err
	}
	if n, err := io.Copy(io.Discard, body); err != nil || n > 0 {
		return errors.Join(err, errors.New("an object of Git's is longer than it says"))
	}
	if kind != gitOffsetDelta && kind != gitReferenceDelta {
		p.s.look(w, content)
		p.keep(at, content)
		return nil
	}
	from, known := p.kept[at-base]
	if kind == gitReferenceDelta || !known {
		p.s.look(w, content)
		return nil
	}
	version, changes, ok := applyDelta(from, content)
	if !ok {
		p.s.note("a Git pack holds deltas that can't be applied")
		return nil
	}
	p.s.purse.Inflated -= int64(len(version) / copyCost)
	p.s.lookAt(w, version, changes)
	p.keep(at, version)
	return nil
}

// keep remembers an object, and forgets the oldest ones where there are too many.
func (p *pack) keep(at int64, content []byte) {
	p.kept[at], p.order, p.size = content, append(p.order, at), p.size+len(content)
	for p.size > gitKept {
		p.size -= len(p.kept[p.order[0]])
		delete(p.kept, p.order[0])
		p.order = p.order[1:]
	}
}

func gitWord(kind byte) string {
	switch kind {
	case 1:
		return "commit"
	case gitTree:
		return "tree"
	case 3:
		return "blob"
	case 4:
		return "tag"
	}
	return "delta"
}

// header reads what stands before an object's content: its type, its size, and of
// a delta how far before it its base begins.
func (p *pack) header() (kind byte, size, base int64, err error) {
	c, err := p.r.ReadByte()
	if err != nil {
		return 0, 0, 0, err
	}
	kind, size = c>>4&7, int64(c&15)
	for shift := 4; c&0x80 != 0 && err == nil; shift += 7 {
		if c, err = p.r.ReadByte(); shift > 56 {
			return 0, 0, 0, errors.New("an object of Git's claims an impossible length")
		}
		size |= int64(c&0x7f) << shift
	}
	switch kind {
	case gitOffsetDelta:
		for first := true; err == nil && (first || c&0x80 != 0); first = false {
			if c, err = p.r.ReadByte(); base > 1<<48 {
				return 0, 0, 0, errors.New("a delta of Git's claims an impossible base")
			}
			if !first {
				base++
			}
			base = base<<7 | int64(c&0x7f)
		}
	case gitReferenceDelta:
		_, err = io.CopyN(io.Discard, &p.r, int64(p.nameLength()))
	}
	return kind, size, base, err
}

// nameLength is that of the base's name, which a zlib header follows: 20 bytes of
// SHA-1, or 32 of SHA-256.
func (p *pack) nameLength() int {
	b, _ := p.r.Peek(34)
	for _, n := range [...]int{20, 32} {
		if len(b) >= n+2 && b[n]&0x0f == 8 && binary.BigEndian.Uint16(b[n:])%31 == 0 {
			return n
		}
	}
	return 20
}

// span is a part of a text.
type span struct{ from, to int }

// applyDelta puts a version together from the one that it differs from. changes
// are the parts that it does not have from there, and the places where parts meet
// that lie apart there.
func applyDelta(base, delta []byte) (version []byte, changes []span, ok bool) {
	claimed, n := binary.Uvarint(delta)
	if n <= 0 || claimed != uint64(len(base)) {
		return nil, nil, false
	}
	delta = delta[n:]
	size, n := binary.Uvarint(delta)
	if n <= 0 || size > maxGitObject {
		return nil, nil, false
	}
	delta = delta[n:]
	version = make([]byte, 0, size)
	for len(delta) > 0 {
		c, at := delta[0], len(version)
		delta = delta[1:]
		if c&0x80 == 0 {
			if c == 0 || int(c) > len(delta) {
				return nil, nil, false
			}
			version, delta = append(version, delta[:c]...), delta[c:]
			changes = append(changes, span{at, len(version)})
		} else {
			var operand [7]byte
			for k := range operand {
				if c>>k&1 != 0 {
					if len(delta) == 0 {
						return nil, nil, false
					}
					operand[k], delta = delta[0], delta[1:]
				}
			}
			from := int(binary.LittleEndian.Uint32(operand[:]))
			length := int(operand[4]) | int(operand[5])<<8 | int(operand[6])<<16
			if length == 0 {
				length = 1 << 16
			}
			if from > len(base) || length > len(base)-from {
				return nil, nil, false
			}
			version = append(version, base[from:from+length]...)
			changes = append(changes, span{at, at})
		}
		if uint64(len(version)) > size {
			return nil, nil, false
		}
	}
	return version, changes, uint64(len(version)) == size
}

// lookAt searches the changed parts of a text for secrets, those that only begin
// or end in one included.
func (s *subject) lookAt(w where, content []byte, changes []span) {
	// near is how far from a change the word may stand that leads to a secret.
	const near = 512
	touched := func(from, to int64) bool {
		k := sort.Search(len(changes), func(k int) bool { return int64(changes[k].to) > from })
		return k < len(changes) && int64(changes[k].from) < to
	}
	var search *secret.Search
	var runs runs
	runs.begin(s, w)
	line, counted := 1, 0
	for k := 0; k < len(changes); {
		part := span{max(0, changes[k].from-near), min(len(content), changes[k].to+near)}
		for k++; k < len(changes) && changes[k].from-near <= part.to; k++ {
			part.to = min(len(content), changes[k].to+near)
		}
		s.words.Find(content, part.from, part.to, func(word, at int) bool {
			if word < s.secretWords {
				if search == nil {
					search = s.opt.Secrets.Begin(s.rulePath(w))
				}
				search.Keyword(content, 0, word, at)
			}
			return true
		})
		line, counted = line+bytes.Count(content[counted:part.from], []byte{'\n'}), part.from
		runs.feed(content[part.from:part.to], int64(part.from), line)
		runs.close()
	}
	var hide hidden
	if search != nil {
		hits := slices.DeleteFunc(search.Hits(), func(h secret.Hit) bool { return !touched(h.Offset, h.Offset+int64(len(h.Value))) })
		s.secrets(w, hits, search.Cut(), &hide, func(offset int64) int {
			return 1 + bytes.Count(content[:min(offset, int64(len(content)))], []byte{'\n'})
		})
	}
	runs.found = slices.DeleteFunc(runs.found, func(f foundWrapped) bool { return !touched(f.Offset, f.end) })
	runs.finish(&hide)
}
