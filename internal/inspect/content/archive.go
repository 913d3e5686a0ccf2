package content

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"

	"plimsoll/internal/inspect/inflate"
	"plimsoll/internal/inspect/zipread"
)

// maxDepth is how many archives may lie inside one another: a jar in a war in a
// tar in a gz.
const maxDepth = 5

// opens says whether an archive at a place is looked into.
func (s *subject) opens(w where) bool {
	if w.depth >= maxDepth {
		s.note(fmt.Sprintf("archives inside archives were opened %d deep and no deeper", maxDepth))
		return false
	}
	return true
}

// unpack looks into an archive, which is content where it is in memory as a whole
// and comes from r otherwise. It reports whether it is an archive of its kind.
func (s *subject) unpack(kind archive, w where, content []byte, r io.Reader) bool {
	p := s.spendable()
	if r == nil {
		r = bytes.NewReader(content)
	}
	h := &zipMembers{s: s, w: w}
	var err error
	switch kind {
	case zipArchive:
		if content != nil {
			err = zipread.Bytes(s.ctx, content, p.Budget, h)
		} else {
			err = zipread.Stream(s.ctx, r, p.Budget, h)
		}
	case gzipArchive:
		err = s.gunzip(w, r)
	case zstdArchive:
		err = s.unzstd(w, r)
	case bzip2Archive:
		err = s.read(w.member(unpackedName(w.path)), &charged{bzip2.NewReader(r), p, bzip2Cost})
	case tarArchive:
		err = s.untar(w, r)
	case gitObject:
		err = s.gitObject(w, r)
	case gitPack:
		err = s.gitPack(w, r)
	}
	if p.Entries < 0 || p.Inflated <= 0 {
		err = zipread.ErrBudget
	}
	if err != nil {
		s.archiveProblem(err)
	}
	if errors.Is(err, zipread.ErrBudget) || s.ctx.Err() != nil {
		return true
	}
	return err == nil && !h.damaged
}

// archiveProblem says what could not be read of an archive. A damaged one can't
// be read by anybody else either, so that only exhausted bounds leave the
// verdict incomplete.
func (s *subject) archiveProblem(err error) {
	switch {
	case errors.Is(err, zipread.ErrBudget):
		s.incomplete("an archive unpacks to more than is looked into for secrets and planted code")
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		s.incomplete(fmt.Sprintf("zstd with a window above %d MiB is not looked into for secrets and planted code", maxWindow>>20))
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

// opaque says that nothing can be read of an archive that is not opened.
func (a archive) opaque() bool { return a != noArchive && a != tarArchive }

// alsoPlain says that an archive is searched as it is written too. What a name or
// a first line makes another program of (a shell passes over bytes that it can't
// read, PHP prints them) may be an archive as well.
func (a archive) alsoPlain(path string, head []byte) bool {
	switch a {
	case gitObject, gitPack:
		return false
	case tarArchive:
		return bytes.HasPrefix(head, []byte("#!"))
	case zipArchive:
		if !bytes.HasPrefix(head, []byte("PK")) {
			return true
		}
	}
	switch strings.ToLower(path[strings.LastIndexByte(path, '.')+1:]) {
	case "sh", "bash", "zsh", "ksh", "php", "phtml", "phar", "inc", "py", "pl", "rb", "js", "mjs", "cjs", "html", "htm", "jsp", "asp", "aspx":
		return true
	}
	return !strings.Contains(path[strings.LastIndexByte(path, '/')+1:], ".")
}

// archiveOf tells an archive from its first bytes: PKWARE's APPNOTE.TXT 4.3.7,
// RFC 1952, RFC 8878, bzip2's "BZh", POSIX.1 ustar and its forerunner without a
// magic number, and Git's own formats (gitformat-pack(5), and zlib's header, RFC
// 1950, under the name of an object).
func archiveOf(path string, content []byte) archive {
	if len(content) < 8 {
		return noArchive
	}
	switch content[0] {
	case 'P':
		switch {
		case bytes.HasPrefix(content, []byte("PK\x03\x04")):
			return zipArchive
		case bytes.HasPrefix(content, []byte("PACK\x00\x00\x00")) && strings.HasSuffix(path, ".pack"):
			return gitPack
		}
	case 0x1f:
		if content[1] == 0x8b && content[2] == 8 {
			return gzipArchive
		}
	case 0x28:
		if bytes.HasPrefix(content, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
			return zstdArchive
		}
	case 'B':
		if bytes.HasPrefix(content, []byte("BZh")) && content[3] >= '1' && content[3] <= '9' && bytes.HasPrefix(content[4:], []byte("1AY&")) {
			return bzip2Archive
		}
	case 0x78:
		if isGitObject(path) {
			return gitObject
		}
	case '#', 0x7f, 'M':
		if zipBehind(content) {
			return zipArchive
		}
	}
	if isTar(content) {
		return tarArchive
	}
	return noArchive
}

// zipBehind reports a zip behind the script or the program that runs or unpacks
// it. Of a program only one without a comment at its end is known, and only
// where all of it is at hand.
func zipBehind(content []byte) bool {
	if bytes.HasPrefix(content, []byte("#!")) {
		line, _, _ := bytes.Cut(content[:min(len(content), 4<<10)], []byte("\n"))
		return len(line) < 4<<10 && bytes.Contains(content, []byte("PK\x03\x04"))
	}
	const endRecord = 22
	end := len(content) - endRecord
	return end > 0 && len(content) <= small && bytes.HasPrefix(content[end:], []byte("PK\x05\x06")) && binary.LittleEndian.Uint16(content[end+10:]) > 0
}

// isTar tells a tar by the numbers in its first header, which any form of it has.
func isTar(b []byte) bool {
	const header = 512
	if len(b) < header || b[0] == 0 || (b[107] != 0 && b[107] != ' ') {
		return false
	}
	want, digits := 0, 0
	for _, c := range b[148:156] {
		switch {
		case c >= '0' && c <= '7':
			want, digits = want*8+int(c-'0'), digits+1
		case c != ' ' && c != 0:
			return false
		}
	}
	if digits == 0 {
		return false
	}
	sum := 8 * int(' ')
	for i, c := range b[:header] {
		if i < 148 || i >= 156 {
			sum += int(c)
		}
	}
	return sum == want
}

// zipMembers gets the members of a zip.
type zipMembers struct {
	s *subject
	w where
	// damaged is set where the archive is not one from its beginning to its end.
	damaged bool
}

// Want implements zipread.Handler.
func (h *zipMembers) Want(name []byte) bool { return len(name) > 0 && name[len(name)-1] != '/' }

// Entry implements zipread.Handler.
func (h *zipMembers) Entry(name string, body *zipread.Body) {
	if h.s.purse.enter() {
		h.s.read(h.w.member(name), body)
	}
}

// Problem implements zipread.Handler. What is damaged is of no use to anybody; but
// entries that a reader of a directory finds and one of the body does not, in a file
// that something may open, are what somebody hides.
func (h *zipMembers) Problem(reason string, incomplete bool) {
	h.damaged = h.damaged || incomplete
	switch {
	case strings.HasPrefix(reason, zipread.Damaged):
		h.s.archiveProblem(errors.New(reason))
	case reason == zipread.Hidden && h.w.depth == 0:
		h.s.incomplete(reason)
	default:
		h.s.note(reason)
	}
}

func (s *subject) gunzip(w where, r io.Reader) error {
	z, _ := s.gzips.Get().(*gzipReader)
	if z == nil {
		z = &gzipReader{source: bufio.NewReaderSize(nil, 16<<10)}
	}
	defer z.putBack(s)
	z.source.Reset(r)
	if err := z.Reset(z.source); err != nil {
		return err
	}
	return s.read(w.member(unpackedName(w.path)), &charged{&z.Gzip, s.purse, 1})
}

// gzipReader is a reader that serves file after file.
type gzipReader struct {
	inflate.Gzip
	source *bufio.Reader
}

func (z *gzipReader) putBack(s *subject) {
	z.source.Reset(nil)
	s.gzips.Put(z)
}

// maxWindow bounds what a zstd frame may refer back to, in bytes, and so what its
// decoder holds: that of level 20. Level 22 and --long go up to 128 MiB.
const maxWindow = 32 << 20

func (s *subject) unzstd(w where, r io.Reader) error {
	z, _ := s.zstds.Get().(*zstd.Decoder)
	if z == nil {
		var err error
		z, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return err
		}
	}
	if err := z.Reset(r); err != nil {
		return err
	}
	err := s.read(w.member(unpackedName(w.path)), &charged{z, s.purse, 1})
	if z.Reset(nil) == nil {
		s.zstds.Put(z)
	}
	return err
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
		if !s.purse.enter() {
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
			s.read(w.member(h.Name), &charged{t, s.purse, 1})
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
		case ".gz", ".zst", ".bz2", ".z", ".Z":
			return name[:i]
		}
	}
	return name
}
