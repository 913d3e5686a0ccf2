package lab

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// sharedData finds the complete databases, which the repository does not hold.
func sharedData(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("PLIMSOLL_TEST_DATA"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	must(t, err)
	for dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		data := filepath.Join(dir, "shared", "data")
		if _, err := os.Stat(filepath.Join(data, "grype-db")); err == nil {
			return data
		}
	}
	t.Skip("no complete vulnerability databases: set PLIMSOLL_TEST_DATA to the folder that holds trivy-db/oci and grype-db/v6")
	return ""
}

func unpackTrivy(t *testing.T, layout, dir string) {
	t.Helper()
	blobs, err := filepath.Glob(filepath.Join(layout, "blobs", "sha256", "*"))
	must(t, err)
	if len(blobs) == 0 {
		t.Fatal("no blobs in " + layout)
	}
	// The one layer is by far the largest blob.
	f, err := os.Open(slices.MaxFunc(blobs, func(a, b string) int { return int(size(t, a) - size(t, b)) }))
	must(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	must(t, err)
	unpack(t, z, dir)
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	fi, err := os.Stat(path)
	must(t, err)
	return fi.Size()
}

func unpackGrype(t *testing.T, folder, dir string) {
	t.Helper()
	archives, err := filepath.Glob(filepath.Join(folder, "*.tar.zst"))
	must(t, err)
	if len(archives) == 0 {
		t.Fatal("no archive in " + folder)
	}
	f, err := os.Open(archives[0])
	must(t, err)
	defer f.Close()
	z, err := zstd.NewReader(f)
	must(t, err)
	defer z.Close()
	unpack(t, z, dir)
}

func unpack(t *testing.T, r io.Reader, dir string) {
	t.Helper()
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		must(t, err)
		f, err := os.Create(filepath.Join(dir, filepath.Base(h.Name)))
		must(t, err)
		_, err = io.Copy(f, tr)
		must(t, errors.Join(err, f.Close()))
	}
}
