package grypedb_test

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/grypedb"
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
	t.Skip("no shared data: set PLIMSOLL_TEST_DATA to the folder that holds grype-db/")
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

// archive returns the authentic database as it is published.
func archive(t testing.TB) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(sharedData(t), "grype-db", "v6", "vulnerability-db_*.tar.zst"))
	if err != nil || len(found) != 1 {
		t.Skip("no single vulnerability-db archive in the shared data")
	}
	return found[0]
}

// authenticDir unpacks and indexes the authentic database once per test run.
func authenticDir(t testing.TB) string {
	t.Helper()
	path := archive(t)
	unpacked.Do(func() { unpacked.dir, unpacked.err = unpackAndIndex(path) })
	if unpacked.err != nil {
		t.Fatal(unpacked.err)
	}
	return unpacked.dir
}

func unpackAndIndex(archive string) (string, error) {
	f, err := os.Open(archive)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	z, err := zstd.NewReader(f)
	if err != nil {
		return "", err
	}
	defer z.Close()
	dir, err := os.MkdirTemp("", "grypedb")
	if err != nil {
		return "", err
	}
	tr := tar.NewReader(z)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return dir, grypedb.Index(context.Background(), dir)
		}
		if err != nil {
			return dir, err
		}
		if err := writeFile(filepath.Join(dir, filepath.Base(h.Name)), tr); err != nil {
			return dir, fmt.Errorf("%s: %w", h.Name, err)
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
	db, err := grypedb.Open(context.Background(), authenticDir(t), advisory.Info{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
