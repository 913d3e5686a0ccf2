package grypedb

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Names of the files that exist while a lookup file is made, after its own.
const (
	partSuffix = ".part-*"
	tempSuffix = ".sort-*"
)

// staleAfter is how long a temporary file must have been left alone before
// another process takes it for the remains of a killed one.
const staleAfter = time.Hour

// lookupWriter writes a lookup file in one pass over its records. It keeps no
// record: the slots wait in a temporary file until their number is known.
type lookupWriter struct {
	f      *os.File
	w      *bufio.Writer
	path   string
	offset uint64
	count  uint64
	spool  *os.File // hash and place of each record, 16 bytes
	spoolW *bufio.Writer
	buf    []byte
}

func newLookupWriter(path string) (*lookupWriter, error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+partSuffix)
	if err != nil {
		return nil, err
	}
	w := &lookupWriter{f: f, w: bufio.NewWriterSize(f, 1<<20), path: path, offset: headerSize}
	if w.spool, err = createTemp(dir); err != nil {
		w.abandon()
		return nil, err
	}
	w.spoolW = bufio.NewWriterSize(w.spool, 1<<18)
	if _, err := w.w.Write(make([]byte, headerSize)); err != nil {
		w.abandon()
		return nil, err
	}
	return w, nil
}

// put adds a record. Each key may be put once.
func (w *lookupWriter) put(key, value []byte) error {
	b := binary.AppendUvarint(w.buf[:0], uint64(len(key)))
	b = binary.AppendUvarint(b, uint64(len(value)))
	sum := crc32.Update(crc32.Checksum(key, crcTable), crcTable, value)
	b = binary.LittleEndian.AppendUint32(b, sum)
	b = append(append(b, key...), value...)
	w.buf = b
	if len(b) > maxRecord {
		return fmt.Errorf("record %.100q of %d bytes: %w", key, len(b), ErrCorrupt)
	}
	var slot [slotSize]byte
	putSlot(slot[:], hashKey(key), w.offset<<24|uint64(len(b)))
	if _, err := w.spoolW.Write(slot[:]); err != nil {
		return err
	}
	w.offset += uint64(len(b))
	w.count++
	_, err := w.w.Write(b)
	return err
}

func putSlot(b []byte, hash, place uint64) {
	binary.LittleEndian.PutUint64(b, hash)
	binary.LittleEndian.PutUint64(b[8:], place)
}

// finish writes the slots and the header and puts the file in its place.
func (w *lookupWriter) finish(ctx context.Context, dbSize int64) error {
	count := uint64(16)
	for count < w.count*3/2 {
		count *= 2
	}
	if err := w.writeSlots(ctx, count); err != nil {
		return err
	}
	if _, err := w.f.WriteAt(header(uint64(dbSize), w.offset, count), 0); err != nil {
		return err
	}
	if err := w.f.Sync(); err != nil {
		return err
	}
	// The longest step is over; what follows is not interrupted half-way.
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := w.f.Close(); err != nil {
		return err
	}
	return os.Rename(w.f.Name(), w.path)
}

// writeSlots sorts the slots by their home (the place that their hash asks
// for) and writes them as a stream: each goes to its home or, where that is
// taken, to the next free place. Those that the end of the table has no place
// for go to the free places at its start.
func (w *lookupWriter) writeSlots(ctx context.Context, count uint64) error {
	byHome, err := w.sortSlots(ctx, count-1)
	defer byHome.close()
	if err != nil {
		return err
	}
	slots, err := byHome.sorted()
	if err != nil {
		return err
	}
	var over [][]byte
	var empty [slotSize]byte
	next := uint64(0)
	for n := 0; ; n++ {
		if err := checkEvery(ctx, n); err != nil {
			return err
		}
		rec, err := slots.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		home, slot := binary.BigEndian.Uint64(rec), rec[8:]
		if max(next, home) >= count {
			over = append(over, append([]byte(nil), slot...))
			continue
		}
		for ; next < home; next++ {
			if _, err := w.w.Write(empty[:]); err != nil {
				return err
			}
		}
		if _, err := w.w.Write(slot); err != nil {
			return err
		}
		next++
	}
	for ; next < count; next++ {
		if _, err := w.w.Write(empty[:]); err != nil {
			return err
		}
	}
	if err := w.w.Flush(); err != nil {
		return err
	}
	return w.wrap(over)
}

// sortSlots reads the spooled slots into a sorter, each behind its home.
func (w *lookupWriter) sortSlots(ctx context.Context, mask uint64) (*sorter, error) {
	s := newSorter(filepath.Dir(w.path), math.MaxInt64)
	if err := w.spoolW.Flush(); err != nil {
		return s, err
	}
	if _, err := w.spool.Seek(0, io.SeekStart); err != nil {
		return s, err
	}
	r := bufio.NewReaderSize(w.spool, 1<<18)
	var rec [8 + slotSize]byte
	for n := range w.count {
		if err := checkEvery(ctx, int(n)); err != nil {
			return s, err
		}
		if _, err := io.ReadFull(r, rec[8:]); err != nil {
			return s, fmt.Errorf("read temporary file: %w", err)
		}
		binary.BigEndian.PutUint64(rec[:], binary.LittleEndian.Uint64(rec[8:])&mask)
		if err := s.add(rec[:]); err != nil {
			return s, err
		}
	}
	return s, nil
}

// wrap puts slots into the first free places of the table in the file.
func (w *lookupWriter) wrap(slots [][]byte) error {
	at := int64(w.offset)
	var b [slotSize]byte
	for _, slot := range slots {
		for {
			if _, err := w.f.ReadAt(b[:], at); err != nil {
				return err
			}
			if binary.LittleEndian.Uint64(b[:]) == 0 {
				break
			}
			at += slotSize
		}
		if _, err := w.f.WriteAt(slot, at); err != nil {
			return err
		}
	}
	return nil
}

// abandon removes what was written; harmless after finish.
func (w *lookupWriter) abandon() {
	removeTemp(w.f)
	if w.spool != nil {
		removeTemp(w.spool)
	}
}

func header(dbSize, slots, count uint64) []byte {
	b := append(make([]byte, 0, headerSize), lookupMagic...)
	b = binary.LittleEndian.AppendUint64(b, lookupFormat)
	b = binary.LittleEndian.AppendUint64(b, dbSize)
	b = binary.LittleEndian.AppendUint64(b, slots)
	b = binary.LittleEndian.AppendUint64(b, count)
	b = b[:headerSize-4]
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, crcTable))
}

// removeStale removes the temporary files of processes that were killed.
func removeStale(target string, now time.Time) {
	dir, name := filepath.Dir(target), filepath.Base(target)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // the writer will say what is wrong
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), name+strings.TrimSuffix(partSuffix, "*")) &&
			!strings.HasPrefix(e.Name(), name+strings.TrimSuffix(tempSuffix, "*")) {
			continue
		}
		if st, err := e.Info(); err == nil && st.Mode().IsRegular() && now.Sub(st.ModTime()) > staleAfter {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// checkEvery looks at ctx once in a thousand steps.
func checkEvery(ctx context.Context, n int) error {
	if n%1024 != 0 {
		return nil
	}
	return ctx.Err()
}
