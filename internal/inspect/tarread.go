package inspect

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// tarReader reads the headers of a tar as archive/tar does, for one purpose:
// to say quickly what each entry is. Of three million small files archive/tar
// spends two thirds of the whole pass on headers, and on an uncompressed
// archive a quarter: it parses every field into new objects and looks at each
// byte for runes. This one reads the fields that the walk asks for, into one
// header that it fills anew each time, and passes over content by Seek.
//
// It reads ustar, GNU and PAX as POSIX.1-2017 (pax, "ustar Interchange
// Format") and GNU tar's manual ("Basic Tar Format") describe them. Content of
// sparse files is passed over, not put together. Tests hold it against
// archive/tar.
type tarReader struct {
	src tarSource
	// left is what remains of the entry's content, pad what follows up to the
	// next block.
	left, pad int64
	block     [tarBlock]byte
	header    tar.Header
}

// tarSource is what a tar is read from.
type tarSource interface {
	io.ReadSeeker
	// window returns up to limit of the next bytes, at least one, without
	// copying them; they are valid until the next call of any method, and
	// others may be reading them too.
	window(limit int64) ([]byte, error)
}

const (
	tarBlock = 512
	// maxTarSpecial bounds what one PAX header or long name may hold, as archive/tar does.
	maxTarSpecial = 1 << 20
	// typeOld is a regular file, or a folder where the name ends in a slash, as
	// tar wrote them before ustar.
	typeOld = 0
)

func newTarReader(src tarSource) *tarReader { return &tarReader{src: src} }

// Next returns the next entry, valid until the one after; io.EOF at the end.
func (t *tarReader) Next() (*tar.Header, error) {
	h := &t.header
	*h = tar.Header{}
	var longName, longLink string
	var pax map[string]string
	for {
		if err := t.nextBlock(); err != nil {
			return nil, err
		}
		if err := t.parse(h); err != nil {
			return nil, err
		}
		switch h.Typeflag {
		case tar.TypeXHeader, tar.TypeGNULongName, tar.TypeGNULongLink:
			content, err := t.special()
			if err != nil {
				return nil, err
			}
			switch h.Typeflag {
			case tar.TypeXHeader:
				if pax, err = parsePAX(content); err != nil {
					return nil, err
				}
			case tar.TypeGNULongName:
				longName = untilNUL(content)
			case tar.TypeGNULongLink:
				longLink = untilNUL(content)
			}
			continue
		}
		if longName != "" {
			h.Name = longName
		}
		if longLink != "" {
			h.Linkname = longLink
		}
		return h, t.finish(h, pax)
	}
}

// nextBlock passes over what is left of the entry before and reads a header
// block. Two blocks of zeros, or one at the end of the stream, end the archive.
func (t *tarReader) nextBlock() error {
	if skip := t.left + t.pad; skip > 0 {
		t.left, t.pad = 0, 0
		if _, err := t.src.Seek(skip, io.SeekCurrent); err != nil {
			return err
		}
	}
	if _, err := io.ReadFull(t.src, t.block[:]); err != nil {
		return err // io.EOF between entries is an end without its marker
	}
	if t.block != ([tarBlock]byte{}) {
		return nil
	}
	if _, err := io.ReadFull(t.src, t.block[:]); err != nil {
		return err
	}
	if t.block != ([tarBlock]byte{}) {
		return fmt.Errorf("%w: one block of zeros within the archive", tar.ErrHeader)
	}
	return io.EOF
}

// parse reads the fields of the block at hand. Offsets are POSIX's.
func (t *tarReader) parse(h *tar.Header) error {
	b := &t.block
	if err := t.checksum(); err != nil {
		return err
	}
	h.Typeflag = b[156]
	h.Name = untilNUL(b[0:100])
	h.Linkname = untilNUL(b[157:257])
	if prefix := t.prefix(); prefix != "" {
		h.Name = prefix + "/" + h.Name
	}
	var bad bool
	number := func(field []byte) int64 {
		n, ok := tarNumber(field)
		bad = bad || !ok
		return n
	}
	h.Mode = number(b[100:108])
	h.Uid = int(number(b[108:116]))
	h.Gid = int(number(b[116:124]))
	h.Size = number(b[124:136])
	if bad || h.Size < 0 {
		return fmt.Errorf("%w: a number can't be read", tar.ErrHeader)
	}
	t.setContent(h)
	return nil
}

// setContent notes how much content follows the header.
func (t *tarReader) setContent(h *tar.Header) {
	t.left = h.Size
	if headerOnly(h.Typeflag) {
		t.left = 0
	}
	t.pad = -t.left & (tarBlock - 1)
}

// prefix is the folder that ustar keeps apart from the name: 155 bytes, but 131
// in star's own format, which puts two times behind it. GNU's format has two
// times in that place; but archives that Go wrote before 1.8, image layers among
// them, can hold a prefix there, which shows in times that can't be read
// (golang.org/issue/12594).
func (t *tarReader) prefix() string {
	b := &t.block
	switch magic := string(b[257:265]); {
	case magic[:6] == "ustar\x00" && string(b[508:512]) == "tar\x00":
		return untilNUL(b[345:476])
	case magic[:6] == "ustar\x00":
		return untilNUL(b[345:500])
	case magic == "ustar  \x00":
		if readableTime(b[345:357]) && readableTime(b[357:369]) {
			return ""
		}
		prefix := untilNUL(b[345:500])
		if strings.IndexFunc(prefix, func(r rune) bool { return r >= 0x80 }) >= 0 {
			return ""
		}
		return prefix
	}
	return ""
}

func readableTime(b []byte) bool {
	if b[0] == 0 {
		return true
	}
	_, ok := tarNumber(b)
	return ok
}

// checksum compares the sum of the block's bytes, with its own field read as
// blanks; some old programs summed signed bytes.
func (t *tarReader) checksum() error {
	want, ok := tarNumber(t.block[148:156])
	var unsigned int64
	for _, c := range t.block {
		unsigned += int64(c)
	}
	for _, c := range t.block[148:156] {
		unsigned += ' ' - int64(c)
	}
	if ok && want == unsigned {
		return nil
	}
	signed := unsigned
	for i, c := range t.block {
		if c >= 0x80 && (i < 148 || i >= 156) {
			signed -= 256
		}
	}
	if !ok || want != signed {
		return fmt.Errorf("%w: checksum does not match", tar.ErrHeader)
	}
	return nil
}

// special reads the content of an entry that describes the next one.
func (t *tarReader) special() ([]byte, error) {
	if t.left > maxTarSpecial {
		return nil, fmt.Errorf("%w: an extended header of %d bytes", tar.ErrHeader, t.left)
	}
	content := make([]byte, t.left)
	_, err := io.ReadFull(t, content)
	if errors.Is(err, io.EOF) && len(content) > 0 {
		err = io.ErrUnexpectedEOF
	}
	return content, err
}

// finish applies PAX records and settles what the entry is.
func (t *tarReader) finish(h *tar.Header, pax map[string]string) error {
	h.PAXRecords = pax
	for key, value := range pax {
		var err error
		switch key {
		case "path":
			h.Name = value
		case "linkpath":
			h.Linkname = value
		case "size":
			h.Size, err = strconv.ParseInt(value, 10, 64)
		case "uid":
			h.Uid, err = strconv.Atoi(value)
		case "gid":
			h.Gid, err = strconv.Atoi(value)
		}
		if err != nil || h.Size < 0 {
			return fmt.Errorf("%w: PAX record %s", tar.ErrHeader, key)
		}
	}
	if h.Typeflag == typeOld {
		h.Typeflag = tar.TypeReg
		if strings.HasSuffix(h.Name, "/") {
			h.Typeflag = tar.TypeDir
		}
	}
	t.setContent(h)
	if h.Typeflag == tar.TypeGNUSparse {
		return t.skipSparseMap(h)
	}
	return namedSparse(h, pax)
}

// namedSparse gives a file that PAX records call sparse the name and the length
// that it is to have; the header's own are those of its pieces.
func namedSparse(h *tar.Header, pax map[string]string) error {
	if name := pax["GNU.sparse.name"]; name != "" {
		h.Name = name
	}
	for _, key := range []string{"GNU.sparse.size", "GNU.sparse.realsize"} {
		if value := pax[key]; value != "" {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n < 0 {
				return fmt.Errorf("%w: PAX record %s", tar.ErrHeader, key)
			}
			h.Size = n
		}
	}
	return nil
}

// skipSparseMap passes over the blocks in which an old GNU header goes on to
// list the file's pieces; byte 482 of the header and byte 504 of each block say
// whether another follows. The length the file is to have stands at 483.
func (t *tarReader) skipSparseMap(h *tar.Header) error {
	size, ok := tarNumber(t.block[483:495])
	if !ok || size < 0 {
		return fmt.Errorf("%w: a sparse file's length can't be read", tar.ErrHeader)
	}
	h.Size = size
	for more := t.block[482] != 0; more; {
		var b [tarBlock]byte
		if _, err := io.ReadFull(t.src, b[:]); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		more = b[504] != 0
	}
	return nil
}

// Read reads the entry's content as stored.
func (t *tarReader) Read(p []byte) (int, error) {
	if t.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > t.left {
		p = p[:t.left]
	}
	n, err := t.src.Read(p)
	t.left -= int64(n)
	if errors.Is(err, io.EOF) && t.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err == nil && t.left == 0 {
		err = io.EOF
	}
	return n, err
}

// piece returns the next bytes of the entry's content, io.EOF behind the last.
func (t *tarReader) piece() ([]byte, error) {
	if t.left == 0 {
		return nil, io.EOF
	}
	b, err := t.src.window(t.left)
	t.left -= int64(len(b))
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

// headerOnly are the types that have no content, whatever size they claim.
func headerOnly(typ byte) bool {
	switch typ {
	case tar.TypeLink, tar.TypeSymlink, tar.TypeChar, tar.TypeBlock, tar.TypeDir, tar.TypeFifo:
		return true
	}
	return false
}

// tarNumber reads a field: octal digits, or GNU's base 256 where the first bit
// is set (the second is then the sign).
func tarNumber(b []byte) (int64, bool) {
	if len(b) > 0 && b[0]&0x80 != 0 {
		var invert byte
		if b[0]&0x40 != 0 {
			invert = 0xff
		}
		var n uint64
		for i, c := range b {
			c ^= invert
			if i == 0 {
				c &= 0x7f
			}
			if n>>56 > 0 {
				return 0, false
			}
			n = n<<8 | uint64(c)
		}
		if n>>63 > 0 {
			return 0, false
		}
		if invert != 0 {
			return ^int64(n), true
		}
		return int64(n), true
	}
	var n uint64
	for _, c := range bytes.Trim(b, " \x00") {
		if c == 0 {
			break
		}
		if c < '0' || c > '7' || n>>60 > 0 {
			return 0, false
		}
		n = n<<3 | uint64(c-'0')
	}
	return int64(n), true
}

func untilNUL(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// parsePAX reads records of the form "LENGTH KEY=VALUE\n". Only those that
// Next or an inspector asks about are kept.
func parsePAX(b []byte) (map[string]string, error) {
	records := map[string]string{}
	for len(b) > 0 {
		length, rest, ok := bytes.Cut(b, []byte(" "))
		n, err := strconv.Atoi(string(length))
		if !ok || err != nil || n <= len(length)+1 || n > len(b) || b[n-1] != '\n' || bytes.ContainsAny(length, "+-") {
			return nil, fmt.Errorf("%w: a PAX record's length can't be read", tar.ErrHeader)
		}
		record := rest[:n-len(length)-2]
		b = b[n:]
		key, value, ok := bytes.Cut(record, []byte("="))
		if !ok || len(key) == 0 || bytes.IndexByte(key, 0) >= 0 {
			return nil, fmt.Errorf("%w: a PAX record without a name", tar.ErrHeader)
		}
		switch k := string(key); {
		case k == "path", k == "linkpath":
			if bytes.IndexByte(value, 0) >= 0 {
				return nil, fmt.Errorf("%w: a NUL in a PAX %s", tar.ErrHeader, k)
			}
			keepPAX(records, k, value)
		case k == "size", k == "uid", k == "gid", strings.HasPrefix(k, xattrPrefix), strings.HasPrefix(k, "GNU.sparse."):
			keepPAX(records, k, value)
		}
	}
	return records, nil
}

// keepPAX keeps a record; an empty value takes an earlier one back.
func keepPAX(records map[string]string, key string, value []byte) {
	if len(value) == 0 {
		delete(records, key)
		return
	}
	records[key] = string(value)
}
