package grypedb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func drain(t *testing.T, s *sorter) [][]byte {
	t.Helper()
	m, err := s.sorted()
	if err != nil {
		t.Fatal(err)
	}
	var got [][]byte
	for {
		rec, err := m.next()
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, bytes.Clone(rec))
	}
}

// TestSorterOrdersWhateverTheMemory: one run, many runs, and records larger
// than the memory give the same order.
func TestSorterOrdersWhateverTheMemory(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var want [][]byte
	for range 3000 {
		rec := make([]byte, r.IntN(40))
		for i := range rec {
			rec[i] = "\x00\x01a\xff"[r.IntN(4)]
		}
		want = append(want, rec)
	}
	for _, limit := range []int{1, 1000, 20000, sortMemory} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			dir := t.TempDir()
			s := newSorter(dir, math.MaxInt64)
			s.max = limit
			for _, rec := range want {
				if err := s.add(rec); err != nil {
					t.Fatal(err)
				}
			}
			sorted := slices.Clone(want)
			slices.SortFunc(sorted, bytes.Compare)
			if got := drain(t, s); !slices.EqualFunc(got, sorted, bytes.Equal) {
				t.Errorf("%d records in another order than %d sorted ones", len(got), len(sorted))
			}
			s.close()
			s.close()
			isEmpty(t, dir)
		})
	}
}

func TestSorterWithoutRecords(t *testing.T) {
	s := newSorter(t.TempDir(), math.MaxInt64)
	defer s.close()
	if got := drain(t, s); got != nil {
		t.Errorf("%q", got)
	}
}

func TestSorterRefusesHugeRecords(t *testing.T) {
	if err := newSorter(t.TempDir(), math.MaxInt64).add(make([]byte, maxRecord+1)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("%v", err)
	}
}

func isEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("left behind: %s", e.Name())
	}
}

func TestOrderedNumbersSortAsNumbers(t *testing.T) {
	numbers := []uint64{0, 1, 2, 255, 256, 257, 65535, 65536, 1 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1}
	for i := 1; i < len(numbers); i++ {
		a, b := appendOrdered(nil, numbers[i-1]), appendOrdered(nil, numbers[i])
		if bytes.Compare(a, b) >= 0 {
			t.Errorf("%d does not sort before %d", numbers[i-1], numbers[i])
		}
	}
	for i, row := range []int64{-1 << 63, -1, 0, 1, 1<<63 - 1} {
		if i > 0 && blobOrder(row) <= blobOrder(row-1) {
			t.Errorf("row %d does not follow the one before", row)
		}
	}
}

func TestTextsFindsRows(t *testing.T) {
	var x texts
	if _, ok := x.get(1); ok {
		t.Error("found in nothing")
	}
	for _, id := range []int64{-5, 3, 4, 5, 9, 1 << 62} {
		x.add(id, fmt.Append(nil, "row ", id))
	}
	for _, id := range []int64{-1 << 63, -5, -4, 0, 3, 4, 5, 6, 9, 1 << 62, 1<<63 - 1} {
		text, ok := x.get(id)
		if want := slices.Contains(x.ids, id); ok != want || ok && string(text) != fmt.Sprint("row ", id) {
			t.Errorf("row %d: %q %v", id, text, ok)
		}
	}
}

// TestLookupFindsEveryKey writes tables so small that slots collide and those
// at the end go round to the start.
func TestLookupFindsEveryKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), LookupName)
	for round := range 100 {
		w, err := newLookupWriter(path)
		if err != nil {
			t.Fatal(err)
		}
		n := round % 22
		for i := range n {
			if err := w.put(fmt.Append(nil, "key", round, i), fmt.Append(nil, i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.finish(context.Background(), 7); err != nil {
			t.Fatal(err)
		}
		l, err := openLookup(path, 7)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n + 5 {
			value, err := l.get(fmt.Append(nil, "key", round, i))
			if err != nil || (value != nil) != (i < n) || i < n && string(value) != fmt.Sprint(i) {
				t.Errorf("round %d, key %d of %d: %q %v", round, i, n, value, err)
			}
		}
		_ = l.close()
	}
}

// TestWrapGoesRound: where every key asks for the last place, all but one are
// found from the start.
func TestWrapGoesRound(t *testing.T) {
	path := filepath.Join(t.TempDir(), LookupName)
	w, err := newLookupWriter(path)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for i := 0; len(keys) < 10; i++ {
		if key := fmt.Sprint("k", i); hashKey([]byte(key))&15 >= 14 {
			keys = append(keys, key)
			if err := w.put([]byte(key), []byte(key)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.finish(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	l, err := openLookup(path, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close() //nolint:errcheck // only read
	if l.count != 16 {
		t.Fatalf("%d slots", l.count)
	}
	for _, key := range keys {
		if value, err := l.get([]byte(key)); err != nil || string(value) != key {
			t.Errorf("%s: %q %v", key, value, err)
		}
	}
}

// TestStaleFilesGo: the remains of a killed process are removed, those of one
// that still writes and other files stay.
func TestStaleFilesGo(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-2 * staleAfter)
	for name, at := range map[string]time.Time{
		LookupName + ".part-1": old, LookupName + ".sort-1": old,
		LookupName + ".part-2": time.Now(), LookupName: old, FileName: old,
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	removeStale(filepath.Join(dir, LookupName), time.Now())
	var left []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if want := []string{FileName, LookupName, LookupName + ".part-2"}; !slices.Equal(left, want) {
		t.Errorf("%q, want %q", left, want)
	}
}
