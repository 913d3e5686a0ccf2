package grypedb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// The lookup file is a constant hash table beside vulnerability.db. It is
// written once by Index and then only read, so that a match costs two small
// reads a package and SQLite is opened for prose alone.
//
//	header   64 bytes: magic, format, database size, slots offset, slot count, checksum
//	records  key length, value length (both uvarint), checksum, key, value
//	slots    16 bytes each: hash of the key; offset and length of the record
//
// Numbers are little-endian. Every record carries a CRC-32C of its key and
// value: a damaged one is an error, not a wrong match.
const (
	lookupMagic  = "plimlkup"
	lookupFormat = 1
	headerSize   = 64
	slotSize     = 16
	probe        = 4 // slots read at once
	maxRecord    = 1<<24 - 1
)

var crcTable = crc32.MakeTable(crc32.Castagnoli)

// hashKey is FNV-1a; 0 marks an empty slot.
func hashKey(key []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range key {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return max(h, 1)
}

// lookupFile reads a lookup file; it is safe for concurrent use.
type lookupFile struct {
	f      *os.File
	path   string
	dbSize uint64
	slots  int64
	count  uint64
}

// openLookup opens the file and checks its header. A file that is not there,
// of another format or of another database is ErrNotIndexed.
func openLookup(path string, dbSize int64) (*lookupFile, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, ErrNotIndexed)
	}
	if err != nil {
		return nil, err
	}
	l := &lookupFile{f: f, path: path}
	if err := l.readHeader(dbSize); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

func (l *lookupFile) readHeader(dbSize int64) error {
	var b [headerSize]byte
	if _, err := l.f.ReadAt(b[:], 0); err != nil {
		return fmt.Errorf("%s: %w: %w", l.path, ErrNotIndexed, err)
	}
	e := binary.LittleEndian
	l.dbSize, l.slots, l.count = e.Uint64(b[16:]), int64(e.Uint64(b[24:])), e.Uint64(b[32:])
	if string(b[:8]) != lookupMagic || e.Uint64(b[8:]) != lookupFormat || l.dbSize != uint64(dbSize) {
		return fmt.Errorf("%s: made by another version or for another database: %w", l.path, ErrNotIndexed)
	}
	st, err := l.f.Stat()
	if err != nil {
		return err
	}
	if crc32.Checksum(b[:headerSize-4], crcTable) != e.Uint32(b[headerSize-4:]) ||
		l.count == 0 || l.count&(l.count-1) != 0 || l.count > uint64(st.Size()) ||
		st.Size() != l.slots+int64(l.count)*slotSize {
		return fmt.Errorf("%s: %w", l.path, ErrCorrupt)
	}
	return nil
}

// get returns the value of key, or nil where there is none.
func (l *lookupFile) get(key []byte) ([]byte, error) {
	h := hashKey(key)
	var b [probe * slotSize]byte
	for tried := uint64(0); tried < l.count; {
		i := (h + tried) & (l.count - 1)
		n := min(probe, l.count-i)
		if _, err := l.f.ReadAt(b[:n*slotSize], l.slots+int64(i)*slotSize); err != nil {
			return nil, l.damaged(err)
		}
		for j := range n {
			slot := b[j*slotSize:]
			found := binary.LittleEndian.Uint64(slot)
			if found == 0 {
				return nil, nil
			}
			if found == h {
				value, ok, err := l.record(binary.LittleEndian.Uint64(slot[8:]), key)
				if ok || err != nil {
					return value, err
				}
			}
		}
		tried += n
	}
	return nil, nil
}

// record reads the record that a slot points to; ok is false where it has
// another key of the same hash.
func (l *lookupFile) record(at uint64, key []byte) (value []byte, ok bool, err error) {
	b := make([]byte, at&maxRecord)
	if _, err := l.f.ReadAt(b, int64(at>>24)); err != nil {
		return nil, false, l.damaged(err)
	}
	keyLen, n := binary.Uvarint(b)
	valueLen, m := binary.Uvarint(b[max(n, 0):])
	start := n + m + 4
	if n <= 0 || m <= 0 || keyLen > maxRecord || valueLen > maxRecord || uint64(start)+keyLen+valueLen != uint64(len(b)) {
		return nil, false, l.damaged(io.ErrUnexpectedEOF)
	}
	body := b[start:]
	if crc32.Checksum(body, crcTable) != binary.LittleEndian.Uint32(b[n+m:]) {
		return nil, false, l.damaged(errors.New("checksum differs"))
	}
	if string(body[:keyLen]) != string(key) {
		return nil, false, nil
	}
	return body[keyLen:], true, nil
}

func (l *lookupFile) damaged(err error) error {
	return fmt.Errorf("%s: %w: %w", l.path, ErrCorrupt, err)
}

func (l *lookupFile) close() error { return l.f.Close() }
