package content

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"plimsoll/internal/inspect/zipread"
)

// maxDepth is how many archives may lie inside one another: a jar in a war in a
// tar in a gz.
const maxDepth = 5

// unpack looks into content where it is an archive and reports whether it is
// one. rest is what follows content, nil where that is all.
func (s *subject) unpack(w where, content []byte, rest io.Reader) bool {
	kind := archiveOf(w.path, content)
	if kind == noArchive {
		return false
	}
	if w.depth >= maxDepth {
		s.note(fmt.Sprintf("archives inside archives were opened %d deep and no deeper", maxDepth))
		return kind != tarArchive
	}
	if s.budget == nil {
		s.budget = zipread.NewBudget(s.file.Size)
	}
	whole := io.Reader(bytes.NewReader(content))
	if rest != nil {
		// The block that content lies in is filled anew as rest is read.
		whole = io.MultiReader(bytes.NewReader(bytes.Clone(content)), rest)
	}
	var err error
	switch kind {
	case zipArchive:
		h := &zipMembers{s: s, w: w}
		if rest == nil {
			err = zipread.Bytes(s.ctx, content, s.budget, h)
		} else {
			err = zipread.Stream(s.ctx, whole, s.budget, h)
		}
	case gzipArchive:
		err = s.gunzip(w, whole)
	case zstdArchive:
		err = s.unzstd(w, whole)
	case bzip2Archive:
		s.read(w.member(unpackedName(w.path)), &budgeted{bzip2.NewReader(whole), s.budget})
	case tarArchive:
		err = s.untar(w, whole)
	case gitObject:
		err = s.gitObject(w, whole)
	case gitPack:
		err = s.gitPack(w, whole)
	}
	if err != nil {
		s.archiveProblem(err)
	}
	return true
}

// archiveProblem says what could not be read of an archive. A damaged one can't
// be read by anybody else either, so that only exhausted budgets leave the
// verdict incomplete.
func (s *subject) archiveProblem(err error) {
	switch {
	case errors.Is(err, zipread.ErrBudget):
		s.incomplete("an archive unpacks to more than is looked into for secrets and planted code")
	case s.ctx.Err() != nil:
	default:
		s.note("an archive could not be read to its end for secrets and planted code")
	}
}

type archive int

const (
	noArchive archive = iota
	zipArchive
	gzipArchive
	zstdArchive
	bzip2Archive
	tarArchive
	gitObject
	gitPack
)

// archiveOf tells an archive from its first bytes: PKWARE's APPNOTE.TXT 4.3.7,
// RFC 1952, RFC 8878, bzip2's "BZh", POSIX.1 ustar, and Git's own formats
// (gitformat-pack(5), and zlib's header, RFC 1950, under the name of an object).
func archiveOf(path string, content []byte) archive {
	if len(content) < 8 {
		return noArchive
	}
	switch {
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		return zipArchive
	case bytes.HasPrefix(content, []byte{0x1f, 0x8b, 8}):
		return gzipArchive
	case bytes.HasPrefix(content, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return zstdArchive
	case bytes.HasPrefix(content, []byte("BZh")) && content[3] >= '1' && content[3] <= '9' && bytes.HasPrefix(content[4:], []byte("1AY&")):
		return bzip2Archive
	case len(content) >= 512 && bytes.HasPrefix(content[257:], []byte("ustar")):
		return tarArchive
	case bytes.HasPrefix(content, []byte("PACK\x00\x00\x00")) && strings.HasSuffix(path, ".pack"):
		return gitPack
	case content[0] == 0x78 && isGitObject(path):
		return gitObject
	}
	return noArchive
}

// zipMembers gets the members of a zip.
type zipMembers struct {
	s *subject
	w where
}

// Want implements zipread.Handler.
func (h *zipMembers) Want(name []byte) bool { return len(name) > 0 && name[len(name)-1] != '/' }

// Entry implements zipread.Handler.
func (h *zipMembers) Entry(name string, body *zipread.Body) {
	w := h.w.member(printable(name))
	content, whole, err := body.Upto(small)
	if err != nil {
		h.s.broken(w, err)
	}
	if whole || err != nil {
		h.s.look(w, content)
		return
	}
	h.s.read(w, io.MultiReader(bytes.NewReader(content), body))
}

// Problem implements zipread.Handler.
func (h *zipMembers) Problem(reason string, _ bool) { h.s.note(reason) }

func (s *subject) gunzip(w where, r io.Reader) error {
	z, err := gzip.NewReader(bufio.NewReaderSize(r, 32<<10))
	if err != nil {
		return err
	}
	s.read(w.member(unpackedName(w.path)), &budgeted{z, s.budget})
	return nil
}

func (s *subject) unzstd(w where, r io.Reader) error {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(16<<20))
	if err != nil {
		return err
	}
	defer z.Close()
	s.read(w.member(unpackedName(w.path)), &budgeted{z, s.budget})
	return nil
}

func (s *subject) untar(w where, r io.Reader) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if s.budget.Entries--; s.budget.Entries < 0 {
			return zipread.ErrBudget
		}
		if err := s.ctx.Err(); err != nil {
			return err
		}
		switch {
		case h.Size == 0:
		case h.Typeflag == tar.TypeGNUSparse || h.PAXRecords["GNU.sparse.major"] != "" || h.PAXRecords["GNU.sparse.size"] != "":
			// A few bytes can claim holes of any length.
			s.note("a sparse file in a tar was not looked into for secrets and planted code")
		case h.Typeflag == tar.TypeReg:
			s.read(w.member(printable(h.Name)), &budgeted{t, s.budget})
		}
	}
}

// unpackedName is what a compressed file is called without its last ending.
func unpackedName(path string) string {
	name := path[strings.LastIndexByte(path, '/')+1:]
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		switch ending := name[i:]; ending {
		case ".tgz", ".tbz2", ".tzst":
			return name[:i] + ".tar"
		default:
			return name[:i]
		}
	}
	return name
}

// budgeted reads within what may be unpacked.
type budgeted struct {
	r      io.Reader
	budget *zipread.Budget
}

func (b *budgeted) Read(p []byte) (int, error) {
	if b.budget.Inflated <= 0 {
		return 0, zipread.ErrBudget
	}
	n, err := b.r.Read(p)
	b.budget.Inflated -= int64(n)
	return n, err
}

// printable bounds a member's name and takes control characters out of it.
func printable(name string) string {
	const longest = 512
	if len(name) > longest {
		name = name[:longest]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			return -1
		}
		return r
	}, name)
}
