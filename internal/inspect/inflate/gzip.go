package inflate

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

var (
	// ErrHeader is the error of a gzip header that is none.
	ErrHeader = errors.New("the gzip header is damaged")
	// ErrChecksum is the error of gzip content that is not what was packed.
	ErrChecksum = errors.New("the gzip checksum does not match")
)

// maxHeaderText bounds the name and the comment in a header, as compress/gzip does.
const maxHeaderText = 512

// Gzip unpacks gzip, of any number of members. The zero value is to be Reset.
type Gzip struct {
	flate     Reader
	src       *bufio.Reader
	sum, size uint32
	err       error
}

// Reset begins a file that src, whose buffer holds at least 64 bytes, goes on with,
// and reads its header. The error is io.EOF where the source is empty.
func (z *Gzip) Reset(src *bufio.Reader) error {
	z.src, z.sum, z.size = src, 0, 0
	z.err = z.header()
	return z.err
}

// Read implements io.Reader. What it gives is to be trusted only once it has given
// io.EOF: the checksum stands at the end.
func (z *Gzip) Read(p []byte) (n int, err error) {
	for n == 0 && z.err == nil && len(p) > 0 {
		n, err = z.flate.Read(p)
		z.sum = crc32.Update(z.sum, crc32.IEEETable, p[:n])
		z.size += uint32(n)
		switch {
		case err == nil:
		case !errors.Is(err, io.EOF):
			z.err = err
		default:
			if z.err = z.trailer(); z.err == nil {
				z.err = z.header()
			}
		}
	}
	if n > 0 {
		return n, nil
	}
	return 0, z.err
}

// trailer compares checksum and length (RFC 1952, 2.3.1).
func (z *Gzip) trailer() error {
	var b [8]byte
	if _, err := io.ReadFull(z.src, b[:]); err != nil {
		return cutShort(err)
	}
	if binary.LittleEndian.Uint32(b[:]) != z.sum || binary.LittleEndian.Uint32(b[4:]) != z.size {
		return ErrChecksum
	}
	z.sum, z.size = 0, 0
	return nil
}

const (
	flagHeaderSum = 1 << 1
	flagExtra     = 1 << 2
	flagName      = 1 << 3
	flagComment   = 1 << 4
	flagReserved  = 0xe0
)

// header reads the header of the next member; io.EOF where there is none.
func (z *Gzip) header() error {
	var b [10]byte
	if _, err := io.ReadFull(z.src, b[:]); err != nil {
		return err
	}
	if b[0] != 0x1f || b[1] != 0x8b || b[2] != 8 || b[3]&flagReserved != 0 {
		return ErrHeader
	}
	flags, sum := b[3], crc32.ChecksumIEEE(b[:])
	if flags&flagExtra != 0 {
		if _, err := io.ReadFull(z.src, b[:2]); err != nil {
			return cutShort(err)
		}
		sum = crc32.Update(sum, crc32.IEEETable, b[:2])
		extra := make([]byte, binary.LittleEndian.Uint16(b[:]))
		if _, err := io.ReadFull(z.src, extra); err != nil {
			return cutShort(err)
		}
		sum = crc32.Update(sum, crc32.IEEETable, extra)
	}
	for _, flag := range [...]byte{flagName, flagComment} {
		if flags&flag != 0 {
			var err error
			if sum, err = z.text(sum); err != nil {
				return cutShort(err)
			}
		}
	}
	if flags&flagHeaderSum != 0 {
		if _, err := io.ReadFull(z.src, b[:2]); err != nil {
			return cutShort(err)
		}
		if binary.LittleEndian.Uint16(b[:]) != uint16(sum) {
			return ErrHeader
		}
	}
	z.flate.Reset(z.src)
	return nil
}

// text passes over a text that ends in NUL, and adds it to the header's sum.
func (z *Gzip) text(sum uint32) (uint32, error) {
	var b [maxHeaderText]byte
	for n := range b {
		c, err := z.src.ReadByte()
		if err != nil {
			return 0, err
		}
		if b[n] = c; c == 0 {
			return crc32.Update(sum, crc32.IEEETable, b[:n+1]), nil
		}
	}
	return 0, ErrHeader
}

func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
