package rpmdb

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"
)

// fixtures are one set of headers in each form; testdata/make.sh makes them.
var fixtures = []string{"rpmdb.sqlite.gz", "Packages.db.gz", "Packages-little-endian.gz", "Packages-big-endian.gz"}

func fixture(tb testing.TB, name string) []byte {
	tb.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	content, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	return content
}

// describe writes a header as the query format in testdata/make.sh does.
func describe(h *Header) string {
	or := func(b []byte) string {
		if len(b) == 0 {
			return "(none)"
		}
		return string(b)
	}
	evr := fmt.Sprintf("%s-%s", h.String(TagVersion), h.String(TagRelease))
	if epoch := h.Ints(TagEpoch); epoch.Len() > 0 {
		evr = fmt.Sprintf("%d:%s", epoch.At(0), evr)
	}
	return strings.Join([]string{
		or(h.String(TagName)), evr, or(h.String(TagArch)), or(h.String(TagSourceRPM)),
		or(h.String(TagVendor)), or(h.String(TagLicense)), or(h.String(TagModularityLabel)),
	}, "\t")
}

func describeAll(tb testing.TB, content []byte) []string {
	tb.Helper()
	var lines []string
	if err := Read(content, func(h *Header) error {
		lines = append(lines, describe(h))
		return nil
	}); err != nil {
		tb.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

func TestReadAgreesWithRPMQuery(t *testing.T) {
	said, err := os.ReadFile("testdata/packages.tsv")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSuffix(string(said), "\n"), "\n")
	for _, name := range fixtures {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, describeAll(t, fixture(t, name))); diff != "" {
				t.Errorf("differs from rpm -qa (-rpm +read):\n%s", diff)
			}
		})
	}
}

func TestFilesAreThoseThatWereInstalled(t *testing.T) {
	for _, name := range fixtures {
		t.Run(name, func(t *testing.T) {
			var tool []string
			data := 0
			if err := Read(fixture(t, name), func(h *Header) error {
				for dir, base := range h.Files() {
					switch string(h.String(TagName)) {
					case "example-tool":
						tool = append(tool, string(dir)+string(base))
					case "example-data":
						data++
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			// Its documentation was left out, its log is a ghost.
			if diff := cmp.Diff([]string{"/usr/bin/example", "/usr/bin/example-tool"}, tool); diff != "" {
				t.Errorf("files of example-tool (-want +got):\n%s", diff)
			}
			if data != 900 { // and no directory
				t.Errorf("example-data has %d files, want 900", data)
			}
		})
	}
}

func TestReadOfDamage(t *testing.T) {
	for _, name := range fixtures {
		whole := fixture(t, name)
		for _, length := range []int{0, 11, 90, 400, 511, 600, len(whole) / 3, len(whole) / 2, len(whole) - 4096} {
			t.Run(fmt.Sprintf("%s cut to %d bytes", name, length), func(t *testing.T) {
				n := 0
				err := Read(whole[:length], func(*Header) error { n++; return nil })
				if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
					t.Errorf("error %v, want one that wraps ErrDamaged or ErrFormat", err)
				}
				if n > 14 {
					t.Errorf("%d headers, more than the whole has", n)
				}
			})
		}
	}
}

func TestReadKeepsWhatPrecedesTheDamage(t *testing.T) {
	for _, name := range fixtures {
		t.Run(name, func(t *testing.T) {
			whole := fixture(t, name)
			n := 0
			if err := Read(whole[:len(whole)*95/100], func(*Header) error { n++; return nil }); err == nil {
				t.Error("no error for a file without its end")
			}
			if n == 0 {
				t.Error("no header was kept")
			}
		})
	}
}

func TestReadStopsWhenAsked(t *testing.T) {
	enough := errors.New("enough")
	for _, name := range fixtures {
		n := 0
		if err := Read(fixture(t, name), func(*Header) error { n++; return enough }); !errors.Is(err, enough) || n != 1 {
			t.Errorf("%s: %d headers and error %v, want 1 and the callback's", name, n, err)
		}
	}
}

// TestSQLiteAgreesWithAnSQLEngine holds the b-tree reader against SQLite over
// page sizes, reserved bytes being SQLite's default, and rows from none to
// long ones at each border between a page and its overflow.
func TestSQLiteAgreesWithAnSQLEngine(t *testing.T) {
	for _, pageSize := range []int{512, 1024, 4096, 65536} {
		t.Run(fmt.Sprint(pageSize), func(t *testing.T) {
			var blobs [][]byte
			for n := range 300 {
				blobs = append(blobs, headerOf(t, fmt.Sprintf("package%d", n), n*pageSize/37))
			}
			content := sqliteOf(t, pageSize, blobs)
			want, got := map[string]bool{}, map[string]bool{}
			for _, blob := range blobs {
				h, err := parseHeader(blob)
				if err != nil {
					t.Fatal(err)
				}
				want[describe(h)+string(h.data)] = true
			}
			if err := Read(content, func(h *Header) error {
				got[describe(h)+string(h.data)] = true
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(len(want), len(got)); diff != "" {
				t.Fatalf("number of headers: %s", diff)
			}
			for h := range want {
				if !got[h] {
					t.Fatalf("header %.40q… is missing or differs", h)
				}
			}
		})
	}
}

// headerOf makes a header with a name, a version and padding bytes.
func headerOf(tb testing.TB, name string, padding int) []byte {
	tb.Helper()
	var entries, data []byte
	add := func(tag Tag, typ, count uint32, value []byte) {
		entries = binary.BigEndian.AppendUint32(entries, uint32(tag))
		entries = binary.BigEndian.AppendUint32(entries, typ)
		entries = binary.BigEndian.AppendUint32(entries, uint32(len(data)))
		entries = binary.BigEndian.AppendUint32(entries, count)
		data = append(data, value...)
	}
	add(TagName, typeString, 1, []byte(name+"\x00"))
	add(TagVersion, typeString, 1, []byte("1.0\x00"))
	add(TagRelease, typeString, 1, []byte("1\x00"))
	add(61, typeBin, uint32(padding), bytes.Repeat([]byte{byte(padding)}, padding))
	blob := binary.BigEndian.AppendUint32(nil, uint32(len(entries)/entrySize))
	blob = binary.BigEndian.AppendUint32(blob, uint32(len(data)))
	return append(append(blob, entries...), data...)
}

// sqliteOf makes a database as rpm does, through an SQL engine.
func sqliteOf(tb testing.TB, pageSize int, blobs [][]byte) []byte {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "rpmdb.sqlite")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	exec := func(query string, args ...any) {
		if _, err := db.Exec(query, args...); err != nil {
			tb.Fatal(err)
		}
	}
	exec(fmt.Sprintf("PRAGMA page_size = %d", pageSize))
	exec("CREATE TABLE 'Name' (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)")
	exec("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
	exec("BEGIN")
	for _, blob := range blobs {
		exec("INSERT INTO Packages (blob) VALUES (?)", blob)
	}
	exec("COMMIT")
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return content
}

func FuzzRead(f *testing.F) {
	for _, name := range fixtures {
		content := fixture(f, name)
		f.Add(content)
		f.Add(content[:min(len(content), 20_000)])
	}
	f.Add(sqliteOf(f, 512, [][]byte{headerOf(f, "a", 5000), headerOf(f, "b", 0)}))
	f.Fuzz(func(t *testing.T, content []byte) {
		length := 0
		_ = Read(content, func(h *Header) error {
			length += len(h.entries) + len(h.data)
			for range h.Files() {
			}
			for range h.Strings(TagRequireName) {
			}
			_ = describe(h)
			return nil
		})
		if length > len(content) {
			t.Errorf("%d bytes of headers from %d bytes", length, len(content))
		}
	})
}

func FuzzHeader(f *testing.F) {
	f.Add(headerOf(f, "bash", 100))
	if err := Read(fixture(f, "Packages.db.gz"), func(h *Header) error {
		blob := binary.BigEndian.AppendUint32(nil, uint32(len(h.entries)/entrySize))
		blob = binary.BigEndian.AppendUint32(blob, uint32(len(h.data)))
		f.Add(append(append(blob, h.entries...), h.data...))
		return nil
	}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(_ *testing.T, blob []byte) {
		h, err := parseHeader(blob)
		if err != nil {
			return
		}
		_ = describe(h)
		for range h.Files() {
		}
	})
}

func BenchmarkRead(b *testing.B) {
	for _, name := range fixtures {
		content := fixture(b, name)
		b.Run(strings.TrimSuffix(name, ".gz"), func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				if err := Read(content, func(*Header) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
