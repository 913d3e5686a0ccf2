package grypedb

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

const (
	// sortMemory is what a sorter holds in memory before it spills a run.
	// Small runs sort faster than large ones, whose records miss the cache.
	sortMemory = 8 << 20
	// mergeMemory is shared by the read buffers of the runs that are merged.
	mergeMemory = 16 << 20
	// sortRecSize is the memory that a sorter needs for a record beside its bytes.
	sortRecSize = 16
)

// sorter puts any number of byte strings in order within a few megabytes: what
// does not fit goes as sorted runs to one temporary file, which has no name
// where the system allows that, so that nothing is left behind by a process
// that is killed.
type sorter struct {
	dir  string
	max  int   // bytes in memory
	left int64 // bytes that may still be added
	data []byte
	recs []sortRec
	file *os.File
	w    *bufio.Writer
	runs []int64 // where each run ends in the file
}

// sortRec is a record in data; prefix is its first eight bytes, which decide
// most comparisons.
type sortRec struct {
	prefix uint64
	at, n  uint32
}

// newSorter returns a sorter that spills into dir and takes most bytes at most.
func newSorter(dir string, most int64) *sorter { return &sorter{dir: dir, max: sortMemory, left: most} }

func prefixOf(rec []byte) uint64 {
	if len(rec) >= 8 {
		return binary.BigEndian.Uint64(rec)
	}
	var b [8]byte
	copy(b[:], rec)
	return binary.BigEndian.Uint64(b[:])
}

// add adds a copy of rec, which no honest database makes larger than a record
// of the lookup file.
func (s *sorter) add(rec []byte) error {
	if len(rec) > maxRecord {
		return fmt.Errorf("a row of %d bytes: %w", len(rec), ErrCorrupt)
	}
	if s.left -= int64(len(rec)); s.left < 0 {
		return fmt.Errorf("the records are many times larger than the database: %w", ErrCorrupt)
	}
	used := len(s.data) + len(s.recs)*sortRecSize
	if used+len(rec)+sortRecSize > s.max && len(s.recs) > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.recs = append(s.recs, sortRec{prefixOf(rec), uint32(len(s.data)), uint32(len(rec))})
	s.data = append(s.data, rec...)
	return nil
}

func (s *sorter) rec(r sortRec) []byte { return s.data[r.at : r.at+r.n] }

func (s *sorter) sort() {
	slices.SortFunc(s.recs, func(a, b sortRec) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return bytes.Compare(s.rec(a), s.rec(b))
	})
}

// spill writes what is in memory as one sorted run.
func (s *sorter) spill() error {
	if s.file == nil {
		f, err := createTemp(s.dir)
		if err != nil {
			return err
		}
		s.file, s.w = f, bufio.NewWriterSize(f, 1<<18)
	}
	s.sort()
	end := int64(0)
	if n := len(s.runs); n > 0 {
		end = s.runs[n-1]
	}
	var head [binary.MaxVarintLen64]byte
	for _, r := range s.recs {
		n := binary.PutUvarint(head[:], uint64(r.n))
		if _, err := s.w.Write(head[:n]); err != nil {
			return err
		}
		if _, err := s.w.Write(s.rec(r)); err != nil {
			return err
		}
		end += int64(n) + int64(r.n)
	}
	s.runs = append(s.runs, end)
	s.data, s.recs = s.data[:0], s.recs[:0]
	return nil
}

// sorted ends the adding and returns the records in order.
func (s *sorter) sorted() (*merger, error) {
	if len(s.runs) == 0 {
		s.sort()
		return &merger{s: s}, nil
	}
	if err := s.spill(); err != nil {
		return nil, err
	}
	if err := s.w.Flush(); err != nil {
		return nil, err
	}
	s.data, s.recs, s.w = nil, nil, nil
	m := &merger{s: s}
	size := min(max(mergeMemory/len(s.runs), 4<<10), 256<<10)
	start := int64(0)
	for _, end := range s.runs {
		r := &run{r: bufio.NewReaderSize(io.NewSectionReader(s.file, start, end-start), size)}
		start = end
		ok, err := r.next()
		if err != nil {
			return nil, err
		}
		if ok {
			m.runs = append(m.runs, r)
		}
	}
	for i := len(m.runs)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
	return m, nil
}

// close frees the memory and removes the temporary file; it may be called
// more than once.
func (s *sorter) close() {
	s.data, s.recs, s.w = nil, nil, nil
	if s.file != nil {
		removeTemp(s.file)
		s.file = nil
	}
}

// merger returns the records of a sorter one by one.
type merger struct {
	s       *sorter
	i       int    // the next record in memory
	runs    []*run // a heap, the smallest record first
	started bool   // runs[0] holds a record that was returned already
}

// next returns the next record, valid until the call after, or io.EOF.
func (m *merger) next() ([]byte, error) {
	if len(m.runs) == 0 {
		if m.i >= len(m.s.recs) {
			return nil, io.EOF
		}
		m.i++
		return m.s.rec(m.s.recs[m.i-1]), nil
	}
	if m.started {
		if err := m.advance(); err != nil {
			return nil, err
		}
		if len(m.runs) == 0 {
			return nil, io.EOF
		}
	}
	m.started = true
	return m.runs[0].rec, nil
}

// advance moves the first run to its next record.
func (m *merger) advance() error {
	ok, err := m.runs[0].next()
	if err != nil {
		return err
	}
	if !ok {
		last := len(m.runs) - 1
		m.runs[0] = m.runs[last]
		m.runs = m.runs[:last]
	}
	m.down(0)
	return nil
}

// down restores the heap below i.
func (m *merger) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(m.runs) {
			return
		}
		if child+1 < len(m.runs) && m.runs[child+1].less(m.runs[child]) {
			child++
		}
		if !m.runs[child].less(m.runs[i]) {
			return
		}
		m.runs[i], m.runs[child] = m.runs[child], m.runs[i]
		i = child
	}
}

// run reads one sorted run.
type run struct {
	r      *bufio.Reader
	rec    []byte
	prefix uint64
}

func (r *run) less(o *run) bool {
	if r.prefix != o.prefix {
		return r.prefix < o.prefix
	}
	return bytes.Compare(r.rec, o.rec) < 0
}

// next reads a record; ok is false after the last one.
func (r *run) next() (ok bool, err error) {
	n, err := binary.ReadUvarint(r.r)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read temporary file: %w", err)
	}
	r.rec = slices.Grow(r.rec[:0], int(n))[:n]
	if _, err := io.ReadFull(r.r, r.rec); err != nil {
		return false, fmt.Errorf("read temporary file: %w", err)
	}
	r.prefix = prefixOf(r.rec)
	return true, nil
}

// createTemp makes a temporary file in dir and takes its name away where the
// system lets an open file have none.
func createTemp(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, LookupName+tempSuffix)
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name())
	return f, nil
}

func removeTemp(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name())
}
