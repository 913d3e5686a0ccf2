package inspect

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// held is a source in memory that hands on small windows.
type held struct{ *bytes.Reader }

func hold(b []byte) held { return held{bytes.NewReader(b)} }

func (h held) window(limit int64) ([]byte, error) {
	b := make([]byte, min(limit, 100))
	n, err := h.Read(b)
	return b[:n], err
}

// tarNext is what archive/tar's reader and ours have in common.
type tarNext interface {
	Next() (*tar.Header, error)
	io.Reader
}

// listTar renders every entry as the walk would see it. Content of sparse files
// and global headers, which the walk does not look at, are left out.
func listTar(r tarNext) ([]string, error) {
	var out []string
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		line := fmt.Sprintf("%c %q %q %v %d:%d", h.Typeflag, h.Name, h.Linkname, h.FileInfo().Mode(), h.Uid, h.Gid)
		for k, v := range xattrs(h) {
			line += fmt.Sprintf(" %q=%q", k, v)
		}
		if sparse(h) {
			out = append(out, line+" sparse")
			continue
		}
		sum := sha256.New()
		n, err := io.Copy(sum, r)
		if err != nil {
			return out, err
		}
		out = append(out, fmt.Sprintf("%s %d %x", line, n, sum.Sum(nil)[:4]))
	}
}

func compareTar(t *testing.T, content []byte) {
	t.Helper()
	want, wantErr := listTar(tar.NewReader(bytes.NewReader(content)))
	got, err := listTar(newTarReader(hold(content)))
	if wantErr != nil {
		return // archive/tar checks fields that the walk never asks about
	}
	if err != nil {
		t.Errorf("archive/tar reads it, this reader does not: %v", err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-archive/tar +ours):\n%s", d)
	}
}

// variety holds entries of every kind in each format that archive/tar writes.
func variety(t testing.TB) [][]byte {
	long := strings.Repeat("long-folder-name/", 20) + "file"
	var all [][]byte
	for _, format := range []tar.Format{tar.FormatUSTAR, tar.FormatGNU, tar.FormatPAX} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, h := range []tar.Header{
			{Name: "folder/", Typeflag: tar.TypeDir, Mode: 0o755},
			{Name: "folder/setuid", Typeflag: tar.TypeReg, Mode: 0o4755, Size: 513, Uid: 1000, Gid: 100},
			{Name: "empty", Typeflag: tar.TypeReg, Mode: 0o600},
			{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "folder/setuid", Mode: 0o777},
			{Name: "hard", Typeflag: tar.TypeLink, Linkname: "folder/setuid"},
			{Name: "device", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3},
			{Name: "pipe", Typeflag: tar.TypeFifo},
			{Name: strings.Repeat("d/", 70) + "prefixed", Typeflag: tar.TypeReg, Size: 3},
			{Name: long, Typeflag: tar.TypeReg, Size: 5},
			{Name: "long-link", Typeflag: tar.TypeSymlink, Linkname: long},
			{Name: "ünïcode", Typeflag: tar.TypeReg, Size: 1},
			{Name: "xattr", Typeflag: tar.TypeReg, Size: 512, PAXRecords: map[string]string{"SCHILY.xattr.security.capability": "\x01\x00"}},
			{Name: "big-id", Typeflag: tar.TypeReg, Uid: 1 << 30, Size: 2},
		} {
			h.Format = format
			if w.WriteHeader(&h) != nil {
				continue // this format can't say it
			}
			if _, err := w.Write(bytes.Repeat([]byte("x"), int(h.Size))); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		all = append(all, b.Bytes())
	}
	return all
}

func TestTarHeadersAreReadAsTheStandardLibraryDoes(t *testing.T) {
	for _, content := range variety(t) {
		compareTar(t, content)
		compareTar(t, content[:len(content)-tarBlock])   // one block of zeros
		compareTar(t, content[:len(content)-2*tarBlock]) // none
		compareTar(t, append(bytes.Clone(content), "behind the end"...))
	}
}

// TestRealTars compares on archives that tar itself writes, sparse files included.
func TestRealTars(t *testing.T) {
	program, err := exec.LookPath("tar")
	if err != nil {
		t.Skip("no tar command")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), bytes.Repeat([]byte("content"), 1000), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", filepath.Join(dir, strings.Repeat("name", 40))); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(dir, "file"), filepath.Join(dir, "other")); err != nil {
		t.Fatal(err)
	}
	hole, err := os.Create(filepath.Join(dir, "hole"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(30) {
		if _, err := hole.WriteAt([]byte("piece"), i<<20); err != nil {
			t.Fatal(err)
		}
	}
	if err := hole.Close(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"--format=gnu"},
		{"--format=pax"},
		{"--format=ustar"},
		{"--format=v7"},
		{"--format=oldgnu"},
		{"--format=gnu", "-S"},
		{"--format=pax", "-S"},
		{"--format=pax", "-S", "--sparse-version=0.1"},
		{"--format=pax", "-S", "--sparse-version=0.0"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			cmd := exec.Command(program, append(args, "-C", dir, "-c", ".")...)
			content, err := cmd.Output()
			if err != nil && len(content) == 0 {
				t.Skipf("this tar does not write it: %v", err)
			}
			compareTar(t, content)
			if _, err := listTar(newTarReader(hold(content))); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBrokenTarsAreErrors(t *testing.T) {
	whole := variety(t)[1]
	flipped := bytes.Clone(whole)
	flipped[3] ^= 1
	for name, content := range map[string][]byte{
		"cut in a header":   whole[:700],
		"cut in content":    whole[:2*tarBlock+100],
		"a flipped bit":     flipped,
		"no tar":            bytes.Repeat([]byte("no tar "), 200),
		"zeros, then bytes": append(make([]byte, tarBlock), whole...),
	} {
		if _, err := listTar(newTarReader(hold(content))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// FuzzTarReader mends the checksum of every block, without which hardly any
// change would be looked at.
func FuzzTarReader(f *testing.F) {
	for _, content := range variety(f) {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		content = bytes.Clone(content)
		for b := content; len(b) >= tarBlock; b = b[tarBlock:] {
			if bytes.Equal(b[:tarBlock], make([]byte, tarBlock)) {
				continue
			}
			copy(b[148:156], "        ")
			sum := 0
			for _, c := range b[:tarBlock] {
				sum += int(c)
			}
			copy(b[148:156], fmt.Sprintf("%06o\x00 ", sum))
		}
		compareTar(t, content)
	})
}
