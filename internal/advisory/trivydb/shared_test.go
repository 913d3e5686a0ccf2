package trivydb_test

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/trivydb"
)

// sharedData returns the folder of authentic databases, or skips.
func sharedData(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("PLIMSOLL_TEST_DATA"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		candidate := filepath.Join(dir, "shared", "data")
		if st, err := os.Stat(candidate); err == nil && st.IsDir() {
			return candidate
		}
		dir = filepath.Dir(dir)
	}
	t.Skip("no shared data: set PLIMSOLL_TEST_DATA to the folder that holds trivy-db/")
	return ""
}

var unpacked struct {
	sync.Once
	dir string
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if unpacked.dir != "" {
		_ = os.RemoveAll(unpacked.dir)
	}
	os.Exit(code)
}

// authenticDir unpacks the authentic trivy-db once per test run.
func authenticDir(t testing.TB) string {
	t.Helper()
	data := sharedData(t)
	unpacked.Do(func() { unpacked.dir, unpacked.err = unpack(filepath.Join(data, "trivy-db", "oci")) })
	if unpacked.err != nil {
		t.Fatal(unpacked.err)
	}
	return unpacked.dir
}

// unpack extracts the layer, the biggest blob of the layout.
func unpack(layout string) (string, error) {
	blobs, err := filepath.Glob(filepath.Join(layout, "blobs", "sha256", "*"))
	if err != nil {
		return "", err
	}
	var layer string
	var size int64
	for _, b := range blobs {
		if st, err := os.Stat(b); err == nil && st.Size() > size {
			layer, size = b, st.Size()
		}
	}
	f, err := os.Open(layer)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	z, err := gzip.NewReader(f)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "trivydb")
	if err != nil {
		return "", err
	}
	tr := tar.NewReader(z)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return dir, nil
		}
		if err != nil {
			return dir, err
		}
		if err := writeFile(filepath.Join(dir, filepath.Base(h.Name)), tr); err != nil {
			return dir, err
		}
	}
}

func writeFile(path string, r io.Reader) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

func openAuthentic(t testing.TB) advisory.Database {
	t.Helper()
	db, err := trivydb.Open(context.Background(), authenticDir(t), advisory.Info{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
