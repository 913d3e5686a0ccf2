package store

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// importFile imports bytes as a file of this name.
func importFile(t *testing.T, s *Store, name string, b []byte) ([]Result, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	writeTestFile(t, path, b)
	return s.Import(t.Context(), path, ImportOptions{})
}

func export(t *testing.T, s *Store) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := s.Export(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestExportImportRoundTrip(t *testing.T) {
	p := newPublisher(t)
	from, clock := newStore(t)
	mustUpdate(t, from, p.options())
	first := export(t, from)
	clock.advance(time.Hour)
	if !bytes.Equal(first, export(t, from)) {
		t.Error("two exports of the same databases differ")
	}
	to, _ := newStore(t)
	results, err := importFile(t, to, "databases.tar.zst", first)
	if err != nil {
		t.Fatal(err)
	}
	if got := outcomes(results); got != "imported, imported" {
		t.Errorf("outcomes: %s", got)
	}
	for _, k := range kinds() {
		fromDir, fromInfo, err := from.Current(k.name)
		if err != nil {
			t.Fatal(err)
		}
		toDir, toInfo, err := to.Current(k.name)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range k.files {
			a, _ := os.ReadFile(filepath.Join(fromDir, name))
			b, _ := os.ReadFile(filepath.Join(toDir, name))
			if len(a) == 0 || !bytes.Equal(a, b) {
				t.Errorf("%s/%s differs after the round trip", k.name, name)
			}
		}
		if toInfo.From != "databases.tar.zst" {
			t.Errorf("from %q", toInfo.From)
		}
		fromInfo.Path, fromInfo.From, toInfo.Path, toInfo.From = "", "", "", ""
		if fromInfo != toInfo {
			t.Errorf("info %+v became %+v", fromInfo, toInfo)
		}
	}
	if !bytes.Equal(first, export(t, to)) {
		t.Error("the export of the imported databases differs")
	}
	if problems, err := to.Verify(t.Context()); err != nil || len(problems) > 0 {
		t.Errorf("verify: %v, %v", problems, err)
	}
	assertClean(t, to)
}

func TestExportOfNothingSaysWhatToRun(t *testing.T) {
	s, _ := newStore(t)
	var b bytes.Buffer
	if _, err := s.Export(t.Context(), &b); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "plimsoll db update") {
		t.Errorf("error: %v", err)
	}
}

func TestExportFileAppearsOnlyWhenComplete(t *testing.T) {
	p := newPublisher(t)
	s, _ := newStore(t)
	mustUpdate(t, s, p.options())
	dir := t.TempDir()
	path := filepath.Join(dir, "out.tar.zst")
	_, info, _ := s.Current(GrypeDB)
	flipByte(t, info.Path, 5000)
	if _, err := s.ExportFile(t.Context(), path); !errors.Is(err, ErrDamaged) {
		t.Errorf("error: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	flipByte(t, info.Path, 5000)
	if infos, err := s.ExportFile(t.Context(), path); err != nil || len(infos) != 2 {
		t.Errorf("%v, %v", infos, err)
	}
	other, _ := newStore(t)
	if _, err := other.Import(t.Context(), path, ImportOptions{}); err != nil {
		t.Error(err)
	}
}

// layoutEntries is an OCI layout of trivy-db in the form of tar entries.
func layoutEntries(blob []byte) []entry {
	manifest := artifactManifest(blob)
	name := func(b []byte) string { return "blobs/sha256/" + strings.TrimPrefix(digestOf(b), "sha256:") }
	index := `{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"` +
		digestOf(manifest) + `","size":1,"annotations":{"org.opencontainers.image.ref.name":"2"}}]}`
	return []entry{
		{name: name(blob), body: blob},
		{name: name(manifest), body: manifest},
		{name: "oci-layout", body: []byte(`{"imageLayoutVersion":"1.0.0"}`)},
		{name: "index.json", body: []byte(index)},
	}
}

func TestPublishersOwnFilesAreImported(t *testing.T) {
	built := day0.Add(-2 * time.Hour)
	trivy, grype := trivyArchive(t, 2, built, "copy"), grypeArchive(t, 6, built, "copy")
	layout := tarOf(t, layoutEntries(trivy)...)
	for _, tc := range []struct {
		name, database, digest string
		content                []byte
	}{
		{"db.tar.gz", TrivyDB, digestOf(trivy), trivy},
		{"misnamed.bin", GrypeDB, digestOf(grype), grype},
		{"layout.tar", TrivyDB, digestOf(trivy), layout},
		{"layout.tar.gz", TrivyDB, digestOf(trivy), gzipped(t, layout)},
		{"layout.tar.zst", TrivyDB, digestOf(trivy), zstded(t, layout)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, _ := newStore(t)
			check := func(results []Result, err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
				_, info, err := s.Current(tc.database)
				if err != nil || info.Digest != tc.digest || !info.Built.Equal(built) || len(results) != 1 || results[0].Info.Path != info.Path {
					t.Errorf("%+v, %v", info, err)
				}
				assertClean(t, s)
			}
			check(importFile(t, s, tc.name, tc.content))
			s, _ = newStore(t)
			check(s.ImportReader(t.Context(), bytes.NewReader(tc.content), "standard input", ImportOptions{}))
		})
	}
	t.Run("layout folder", func(t *testing.T) {
		dir := t.TempDir()
		for _, e := range layoutEntries(trivy) {
			writeTestFile(t, filepath.Join(dir, e.name), e.body)
		}
		s, _ := newStore(t)
		if _, err := s.Import(t.Context(), dir, ImportOptions{}); err != nil {
			t.Fatal(err)
		}
		if digestNow(t, s, TrivyDB) != digestOf(trivy) {
			t.Error("wrong digest")
		}
	})
}

func TestImportWarnsOfOldCopies(t *testing.T) {
	s, _ := newStore(t)
	importFile(t, s, "new", trivyArchive(t, 2, day0, "new"))
	results, err := importFile(t, s, "old", trivyArchive(t, 2, day0.Add(-30*24*time.Hour), "old"))
	if err != nil || len(results[0].Warnings) != 2 {
		t.Errorf("%+v, %v", results, err)
	}
}

// zeros gives n zero bytes.
func zeros(n int) []byte { return make([]byte, n) }

func TestADamagedFileChangesNothing(t *testing.T) {
	built := day0.Add(-2 * time.Hour)
	trivy, grype := trivyArchive(t, 2, built, "copy"), grypeArchive(t, 6, built, "copy")
	p := newPublisher(t)
	full, _ := newStore(t)
	mustUpdate(t, full, p.options())
	bundle := export(t, full)
	dir := trivyDir(t, 2, built, "copy")
	db, meta := fileEntry(t, dir, trivyFile), fileEntry(t, dir, trivyMetadata)
	half := func(b []byte) []byte { return b[:len(b)/2] }
	flipped := func(b []byte) []byte {
		b = slices.Clone(b)
		b[len(b)/2] ^= 0xff
		return b
	}
	cutDB := entry{name: trivyFile, body: db.body[:len(db.body)/2]}
	cyclic := entry{name: trivyFile, body: cycle(t, db.body)}
	wrongLayout := layoutEntries(trivy)
	wrongLayout[0].body = flipped(wrongLayout[0].body)
	for _, tc := range []struct {
		name    string
		content []byte
		want    error
	}{
		{"trivy truncated", half(trivy), ErrDamaged},
		{"trivy flipped", flipped(trivy), ErrDamaged},
		{"grype truncated", half(grype), ErrDamaged},
		{"grype flipped", flipped(grype), ErrDamaged},
		{"bundle truncated", half(bundle), ErrDamaged},
		{"bundle flipped", flipped(bundle), ErrDamaged},
		{"bundle cut at the end", bundle[:len(bundle)-3], ErrDamaged},
		{"layout with a wrong blob", tarOf(t, wrongLayout...), ErrDamaged},
		{"layout without the blob", tarOf(t, layoutEntries(trivy)[1:]...), ErrDamaged},
		{"path traversal", tarOf(t, entry{name: "../../" + trivyFile, body: db.body}, meta), ErrDamaged},
		{"absolute path", tarOf(t, db, meta, entry{name: "/etc/passwd", body: []byte("x")}), ErrDamaged},
		{"backslashes", tarOf(t, db, meta, entry{name: `..\x`, body: []byte("x")}), ErrDamaged},
		{"a link instead of the file", tarOf(t, meta, entry{name: trivyFile, body: []byte("/etc/passwd"), typ: tar.TypeSymlink}), ErrDamaged},
		{"twice the same file", tarOf(t, db, db, meta), ErrDamaged},
		{"no metadata", tarOf(t, db), ErrDamaged},
		{"bolt file cut off", tarOf(t, cutDB, meta), ErrDamaged},
		{"bolt file with a cycle", tarOf(t, cyclic, meta), ErrDamaged},
		{"bolt file of zeros", tarOf(t, entry{name: trivyFile, body: zeros(1 << 16)}, meta), ErrDamaged},
		{"tar bomb", gzipped(t, tarOf(t, meta, entry{name: trivyFile, body: zeros(80 << 20)})), ErrDamaged},
		{"zstd bomb", zstded(t, tarOf(t, entry{name: grypeFile, body: zeros(80 << 20)})), ErrDamaged},
		{"other schema", trivyArchive(t, 1, built, "copy"), ErrSchema},
		{"empty", nil, ErrNotDatabase},
		{"text", []byte(strings.Repeat("just some text\n", 100)), ErrNotDatabase},
		{"another tar", tarOf(t, entry{name: "README", body: []byte("hello")}), ErrNotDatabase},
		{"docker save", tarOf(t, entry{name: "manifest.json", body: []byte(`[{"Config":"x.json"}]`)}), ErrDamaged},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, _ := newStore(t)
			if _, err := importFile(t, s, "old.tar.gz", trivyArchive(t, 2, day0.Add(-3*time.Hour), "old")); err != nil {
				t.Fatal(err)
			}
			before := digestNow(t, s, TrivyDB)
			if _, err := importFile(t, s, "file", tc.content); !errors.Is(err, tc.want) {
				t.Errorf("error %v, want %v", err, tc.want)
			}
			if digestNow(t, s, TrivyDB) != before {
				t.Error("the old copy was replaced")
			}
			if _, _, err := s.Current(GrypeDB); !errors.Is(err, ErrMissing) {
				t.Errorf("grype-db: %v", err)
			}
			assertClean(t, s)
		})
	}
}

func TestArchiveLimits(t *testing.T) {
	dir := trivyDir(t, 2, day0, "copy")
	entries := []entry{fileEntry(t, dir, trivyMetadata)}
	for range 2000 {
		entries = append(entries, entry{name: "x"})
	}
	s, _ := newStore(t)
	if _, err := importFile(t, s, "many", tarOf(t, entries...)); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "entries") {
		t.Errorf("error: %v", err)
	}
	s.limits.unpacked = 10_000
	if _, err := importFile(t, s, "large", trivyArchive(t, 2, day0, "copy")); !errors.Is(err, ErrDamaged) {
		t.Errorf("error: %v", err)
	}
	s.limits.download = 100
	if _, err := s.ImportReader(t.Context(), bytes.NewReader(zeros(1000)), "-", ImportOptions{}); !errors.Is(err, ErrDamaged) {
		t.Errorf("error: %v", err)
	}
	assertClean(t, s)
}

func TestImportOnAFullDisk(t *testing.T) {
	s, _ := newStore(t)
	s.create = func(path string) (file, error) {
		f, err := os.Create(path)
		return &fullDisk{File: f, room: 5000}, err
	}
	_, err := importFile(t, s, "db.tar.gz", trivyArchive(t, 2, day0, "copy"))
	if !errors.Is(err, syscall.ENOSPC) || errors.Is(err, ErrDamaged) {
		t.Errorf("error: %v", err)
	}
	if _, _, err := s.Current(TrivyDB); !errors.Is(err, ErrMissing) {
		t.Errorf("current: %v", err)
	}
	assertClean(t, s)
}

func TestImportEndsWithItsContext(t *testing.T) {
	s, _ := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(t.TempDir(), "db.tar.gz")
	writeTestFile(t, path, trivyArchive(t, 2, day0, "copy"))
	if _, err := s.Import(ctx, path, ImportOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error: %v", err)
	}
	if _, err := s.ImportReader(ctx, neverEnding{}, "-", ImportOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error: %v", err)
	}
	if _, err := s.Import(t.Context(), filepath.Join(t.TempDir(), "absent"), ImportOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error: %v", err)
	}
}

type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { return len(p), nil }

var _ io.Reader = neverEnding{}
