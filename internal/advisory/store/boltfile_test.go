package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// cycle makes the first element of the first branch page point at that page's
// own id, as only a hostile file does.
func cycle(t testing.TB, b []byte) []byte {
	t.Helper()
	b = slices.Clone(b)
	const pageSize = 4096
	for id := uint64(2); (id+1)*pageSize <= uint64(len(b)); id++ {
		page := b[id*pageSize:]
		if binary.LittleEndian.Uint64(page) == id && binary.LittleEndian.Uint16(page[8:]) == boltBranchPage {
			binary.LittleEndian.PutUint64(page[boltPageHeader+8:], id)
			return b
		}
	}
	t.Fatal("no branch page")
	return nil
}

func boltBytes(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(trivyDir(t, 2, day0, "copy"), trivyFile))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWalkFindsTheBuckets(t *testing.T) {
	b := boltBytes(t)
	buckets, err := walkBolt(t.Context(), bytes.NewReader(b), int64(len(b)))
	if err != nil || strings.Join(buckets, ",") != "data-source,debian 12,vulnerability" {
		t.Errorf("%q, %v", buckets, err)
	}
}

func TestWalkRefusesWhatWouldHangOrFault(t *testing.T) {
	good := boltBytes(t)
	for name, b := range map[string][]byte{
		"empty":     nil,
		"cut off":   good[:len(good)/2],
		"cycle":     cycle(t, good),
		"meta only": good[:8192],
	} {
		if _, err := walkBolt(t.Context(), bytes.NewReader(b), int64(len(b))); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := walkBolt(ctx, bytes.NewReader(good), int64(len(good))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func FuzzWalkBolt(f *testing.F) {
	good := boltBytes(f)
	f.Add(good)
	f.Add(cycle(f, good))
	f.Add(good[:5000])
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = walkBolt(t.Context(), bytes.NewReader(b), int64(len(b)))
	})
}
