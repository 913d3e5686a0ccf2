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
				for f := range h.Files() {
					switch string(h.String(TagName)) {
					case "example-tool":
						tool = append(tool, string(f.Dir)+string(f.Name)+" "+string(f.Digest))
					case "example-data":
						data++
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			// Its documentation was left out, its log is a ghost.
			if diff := cmp.Diff([]string{
				"/usr/bin/example ", // a link has no digest
				"/usr/bin/example-tool 67948dd9afd6afe5043b0029d5aa7cf0f8b2824baf16f4f097d40d830edb686d",
			}, tool); diff != "" {
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
				blobs = append(blobs, headerOf(fmt.Sprintf("package%d", n), n*pageSize/37))
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

// entry is a tag with its data as it stands in a header.
type entry struct {
	tag        Tag
	typ, count uint32
	data       string
}

// headerBlob makes a header of entries.
func headerBlob(entries ...entry) []byte {
	var index, data []byte
	for _, e := range entries {
		for _, n := range []uint32{uint32(e.tag), e.typ, uint32(len(data)), e.count} {
			index = binary.BigEndian.AppendUint32(index, n)
		}
		data = append(data, e.data...)
	}
	blob := binary.BigEndian.AppendUint32(nil, uint32(len(entries)))
	blob = binary.BigEndian.AppendUint32(blob, uint32(len(data)))
	return append(append(blob, index...), data...)
}

func TestHeaderEntries(t *testing.T) {
	h, err := parseHeader(headerBlob(
		entry{TagName, typeString, 1, "old\x00"},
		entry{TagName, typeString, 1, "new\x00"},
		entry{TagFileDigests, typeStringArray, 2, "0cc175b9\x00\x00"},
		entry{TagVendor, typeI18NString, 2, "first\x00second\x00"},
		entry{TagVersion, typeInt32, 1, "\x00\x00\x00\x01"},
		entry{TagEpoch, typeInt32, 9, "\x00\x00\x00\x01"},
		entry{TagFileModes, typeInt16, 2, "\x81\xa4\x41\xed"},
		entry{TagOldFileNames, typeStringArray, 2, "/bin/a\x00/bin\x00"},
		entry{TagRelease, typeString, 1, "without an end"},
	))
	if err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[Tag]string{
		TagName: "new", TagVendor: "first", TagVersion: "", TagRelease: "", TagLicense: "",
	} {
		if got := string(h.String(tag)); got != want {
			t.Errorf("tag %d is %q, want %q", tag, got, want)
		}
	}
	if n := h.Ints(TagEpoch).Len(); n != 0 {
		t.Errorf("numbers that break off give %d, want none", n)
	}
	var files []string
	for f := range h.Files() {
		files = append(files, string(f.Dir)+string(f.Name)+" "+string(f.Digest))
	}
	if diff := cmp.Diff([]string{"/bin/a 0cc175b9"}, files); diff != "" {
		t.Errorf("files of an old package without its directory (-want +got):\n%s", diff)
	}
}

func TestHeadersThatLie(t *testing.T) {
	sound := headerBlob(entry{TagName, typeString, 1, "a\x00"})
	for name, blob := range map[string][]byte{
		"empty":             {},
		"no entry":          make([]byte, 8),
		"too many entries":  {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0},
		"more data than is": {0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff},
		"cut":               sound[:len(sound)-1],
	} {
		if _, err := parseHeader(blob); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	beyond := bytes.Clone(sound)
	beyond[8+8] = 0xff // the offset
	if h, err := parseHeader(beyond); err != nil || h.String(TagName) != nil {
		t.Errorf("an entry that points beyond the data: %v", err)
	}
}

// headerOf makes a header with a name, a version and padding bytes.
func headerOf(name string, padding int) []byte {
	return headerBlob(
		entry{TagName, typeString, 1, name + "\x00"},
		entry{TagVersion, typeString, 1, "1.0\x00"},
		entry{TagRelease, typeString, 1, "1\x00"},
		entry{61, typeBin, uint32(padding), strings.Repeat(string(rune('a'+padding%26)), padding)},
	)
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

// ndbOf makes a database of small headers in NDB's form.
func ndbOf(blobs [][]byte) []byte {
	le := binary.LittleEndian
	file := make([]byte, ndbPage)
	copy(file, "RpmP")
	le.PutUint32(file[12:], 1)
	for at := ndbHeader; at < ndbPage; at += ndbSlot {
		copy(file[at:], "Slot")
	}
	for i, blob := range blobs {
		slot := file[ndbHeader+i*ndbSlot:]
		start := len(file)
		le.PutUint32(slot[4:], uint32(i+1))
		le.PutUint32(slot[8:], uint32(start/ndbBlock))
		file = append(file, "BlbS"...)
		file = le.AppendUint32(file, uint32(i+1))
		file = le.AppendUint32(file, 0)
		file = le.AppendUint32(file, uint32(len(blob)))
		file = append(file, blob...)
		file = append(file, make([]byte, ndbBlock-len(file)%ndbBlock)...)
		le.PutUint32(file[ndbHeader+i*ndbSlot+12:], uint32((len(file)-start)/ndbBlock))
	}
	return file
}

// bdbOf makes a hash database with one page of 512 bytes for the pairs, the
// headers in overflow pages.
func bdbOf(order binary.ByteOrder, blobs [][]byte) []byte {
	const size = bdbMetaSize
	file := make([]byte, 2*size)
	order.PutUint32(file[bdbMagicAt:], bdbMagic)
	order.PutUint32(file[20:], size)
	page := file[size:]
	page[25] = bdbPageHash
	end := size
	item := func(i int, b []byte) {
		end -= len(b)
		copy(page[end:], b)
		order.PutUint16(page[bdbPageHead+2*i:], uint16(end))
		order.PutUint16(page[20:], uint16(i+1))
	}
	var chains []byte
	for i, blob := range blobs {
		key, value := make([]byte, 5), make([]byte, 12)
		key[0], value[0] = bdbItemInline, bdbItemOverflow
		order.PutUint32(key[1:], uint32(i+1))
		order.PutUint32(value[4:], uint32(2+len(chains)/size))
		order.PutUint32(value[8:], uint32(len(blob)))
		item(2*i, key)
		item(2*i+1, value)
		for len(blob) > 0 {
			next := make([]byte, size)
			n := copy(next[bdbPageHead:], blob)
			blob = blob[n:]
			next[25] = bdbPageOverflow
			order.PutUint16(next[22:], uint16(n))
			if len(blob) > 0 {
				order.PutUint32(next[16:], uint32(2+len(chains)/size+1))
			}
			chains = append(chains, next...)
		}
	}
	file = append(file, chains...)
	order.PutUint32(file[32:], uint32(len(file)/size-1))
	return file
}

// small are databases of three small headers in each form: a fuzzer gets
// nowhere with those of real size.
func small(tb testing.TB) map[string][]byte {
	blobs := [][]byte{headerOf("a", 900), headerOf("b", 0), headerOf("c", 10)}
	return map[string][]byte{
		"sqlite": sqliteOf(tb, 512, blobs), "ndb": ndbOf(blobs),
		"bdb little": bdbOf(binary.LittleEndian, blobs), "bdb big": bdbOf(binary.BigEndian, blobs),
	}
}

func TestSmallDatabases(t *testing.T) {
	for name, content := range small(t) {
		if got := len(describeAll(t, content)); got != 3 {
			t.Errorf("%s: %d headers, want 3", name, got)
		}
	}
}

// TestReadIsBoundedByTheFile holds that headers sharing their bytes are refused
// before they cost more than the file has.
func TestReadIsBoundedByTheFile(t *testing.T) {
	content := ndbOf([][]byte{headerOf("a", 50_000), headerOf("b", 0), headerOf("c", 0)})
	slot := content[ndbHeader : ndbHeader+ndbSlot]
	for at := ndbHeader; at < ndbPage; at += ndbSlot {
		copy(content[at:], slot)
	}
	n := 0
	if err := Read(content, func(*Header) error { n++; return nil }); !errors.Is(err, ErrDamaged) || n > 2 {
		t.Errorf("%d headers, error %v", n, err)
	}
}

func FuzzRead(f *testing.F) {
	for _, content := range small(f) {
		f.Add(content)
	}
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
	f.Add(headerOf("bash", 100))
	if err := Read(fixture(f, "Packages.db.gz"), func(h *Header) error {
		if len(h.data) > 4096 {
			return nil
		}
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
