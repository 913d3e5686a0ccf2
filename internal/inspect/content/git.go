package content

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zlib"

	"plimsoll/internal/inspect/zipread"
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
	b := bufio.NewReaderSize(&budgeted{z, s.budget}, 4<<10)
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
	s.read(w.member(printable(word)), b)
	return nil
}

// Types of objects in a pack (gitformat-pack(5)).
const (
	gitOffsetDelta    = 6
	gitReferenceDelta = 7
)

// gitPack looks into every object of a pack. A delta is searched as it is
// written: what a version of a file adds stands in it, in pieces of up to 127
// bytes.
func (s *subject) gitPack(w where, r io.Reader) error {
	b := bufio.NewReaderSize(r, 64<<10)
	var head [12]byte
	if _, err := io.ReadFull(b, head[:]); err != nil {
		return err
	}
	for n := binary.BigEndian.Uint32(head[8:]); n > 0; n-- {
		if s.budget.Entries--; s.budget.Entries < 0 {
			return zipread.ErrBudget
		}
		if err := s.ctx.Err(); err != nil {
			return err
		}
		kind, err := gitHeader(b)
		if err != nil {
			return err
		}
		z, err := zlib.NewReader(b)
		if err != nil {
			return err
		}
		object := &budgeted{z, s.budget}
		s.read(w.member(fmt.Sprintf("object of type %d", kind)), object)
		if _, err := io.Copy(io.Discard, object); err != nil {
			return err
		}
	}
	return nil
}

// gitHeader reads what stands before an object's content and returns its type.
func gitHeader(b *bufio.Reader) (kind byte, err error) {
	c, err := b.ReadByte()
	if err != nil {
		return 0, err
	}
	kind = c >> 4 & 7
	for c&0x80 != 0 && err == nil {
		c, err = b.ReadByte()
	}
	switch kind {
	case gitOffsetDelta:
		for c = 0x80; c&0x80 != 0 && err == nil; {
			c, err = b.ReadByte()
		}
	case gitReferenceDelta:
		_, err = b.Discard(20)
	}
	return kind, err
}
