package lab

import (
	"archive/tar"
	"bytes"
	"context"
	"database/sql"
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/google/osv-scalibr/semantic"
	bolt "go.etcd.io/bbolt"
)

// built is one build for all tests that only read it.
var built struct {
	once sync.Once
	dir  string
	lab  *Lab
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

func build(t *testing.T) *Lab {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "lab"); built.err == nil {
			built.lab, built.err = Build(context.Background(), built.dir)
		}
	})
	must(t, built.err)
	return built.lab
}

func imageOf(t *testing.T, l LabImage) v1.Image {
	t.Helper()
	index, err := layout.ImageIndexFromPath(l.LayoutDir)
	must(t, err)
	m, err := index.IndexManifest()
	must(t, err)
	if len(m.Manifests) != 1 {
		t.Fatalf("%s: %d manifests in the layout", l.Name, len(m.Manifests))
	}
	if got := m.Manifests[0].Annotations["org.opencontainers.image.ref.name"]; got != l.Name {
		t.Errorf("layout names %q instead of %q", got, l.Name)
	}
	img, err := index.Image(m.Manifests[0].Digest)
	must(t, err)
	return img
}

// tree is an image's final file system; a later layer replaces a path.
func tree(t *testing.T, img v1.Image) map[string]tarFile {
	t.Helper()
	files := map[string]tarFile{}
	for _, l := range layersOf(t, img) {
		for _, f := range l {
			files[f.Name] = f
		}
	}
	return files
}

type tarFile struct {
	*tar.Header
	content []byte
}

func layersOf(t *testing.T, img v1.Image) [][]tarFile {
	t.Helper()
	layers, err := img.Layers()
	must(t, err)
	var all [][]tarFile
	for _, l := range layers {
		r, err := l.Uncompressed()
		must(t, err)
		var files []tarFile
		for tr := tar.NewReader(r); ; {
			h, err := tr.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			must(t, err)
			content, err := io.ReadAll(tr)
			must(t, err)
			files = append(files, tarFile{h, content})
		}
		must(t, r.Close())
		all = append(all, files)
	}
	return all
}

func TestImagesAreValid(t *testing.T) {
	for _, l := range build(t).Images {
		img := imageOf(t, l)
		if err := validate.Image(img); err != nil {
			t.Errorf("%s: %v", l.Name, err)
		}
		c, err := img.ConfigFile()
		must(t, err)
		withFiles := 0
		for _, h := range c.History {
			if !h.EmptyLayer {
				withFiles++
			}
		}
		if withFiles != len(c.RootFS.DiffIDs) {
			t.Errorf("%s: %d history lines with files for %d layers", l.Name, withFiles, len(c.RootFS.DiffIDs))
		}
	}
}

func TestTwoBuildsAreTheSameBytes(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	for _, dir := range []string{a, b, b} { // the third builds over the second
		if _, err := Build(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
	}
	files := func(root string) map[string]string {
		all := map[string]string{}
		must(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			name, _ := filepath.Rel(root, path)
			all[name] = string(content)
			return err
		}))
		return all
	}
	fa, fb := files(a), files(b)
	for name := range fb {
		if _, ok := fa[name]; !ok {
			t.Errorf("only one build has %s", name)
		}
	}
	for name, content := range fa {
		if fb[name] != content {
			t.Errorf("%s differs between two builds", name)
		}
	}
}

func TestBuildIsFast(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	start := time.Now()
	_, err := Build(t.Context(), t.TempDir())
	must(t, err)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("build took %s", took)
	} else {
		t.Logf("build took %s", took)
	}
}

func TestNothingInAnImageCanRun(t *testing.T) {
	for _, l := range build(t).Images {
		for _, layer := range layersOf(t, imageOf(t, l)) {
			for _, f := range layer {
				if f.Typeflag != tar.TypeReg || f.Mode&0o111 == 0 || bytes.HasPrefix(f.content, []byte("#!/bin/sh\n")) {
					continue // the entry point's shell script has no shell to run it
				}
				e, err := elf.NewFile(bytes.NewReader(f.content))
				if err != nil {
					t.Errorf("%s %s: executable, but not a header without code: %v", l.Name, f.Name, err)
					continue
				}
				if e.Type != elf.ET_DYN || e.Entry != 0 || len(e.Progs) != 0 || len(e.Sections) != 0 {
					t.Errorf("%s %s: type %v, entry %#x, %d segments, %d sections", l.Name, f.Name, e.Type, e.Entry, len(e.Progs), len(e.Sections))
				}
			}
		}
	}
}

func TestPackageDatabaseGrowsLayerByLayer(t *testing.T) {
	want := map[string][]int{ // packages in dpkg's database in each layer that writes it
		"python:3.8-slim":    {88, 92, 106, 106},
		"node:14":            {91, 112, 130, 166, 413},
		"python:3.8.19-slim": {88, 92, 106, 106},
		"lab/cron":           {88, 90},
		"lab/uploader":       {88},
	}
	for _, l := range build(t).Images {
		var got []int
		for _, layer := range layersOf(t, imageOf(t, l)) {
			for _, f := range layer {
				if f.Name == "var/lib/dpkg/status" {
					got = append(got, bytes.Count(f.content, []byte("Status: install ok installed\n")))
				}
			}
		}
		if !slices.Equal(got, want[l.Name]) {
			t.Errorf("%s: %v packages by layer, want %v", l.Name, got, want[l.Name])
		}
	}
}

func TestImagesHoldWhatInspectorsLookFor(t *testing.T) {
	images := map[string]map[string]tarFile{}
	for _, l := range build(t).Images {
		images[l.Name] = tree(t, imageOf(t, l))
	}
	for _, c := range []struct{ image, path, holds string }{
		{"python:3.8-slim", "usr/lib/os-release", "VERSION_CODENAME=bookworm\nID=debian\n"},
		{"python:3.8-slim", "etc/debian_version", "12.2\n"},
		{"python:3.8-slim", "usr/local/bin/python3.8", "\x003.8.18\x00"},
		{"python:3.8-slim", "usr/local/lib/libpython3.8.so.1.0", "\x003.8.18\x00"},
		{"python:3.8-slim", "usr/local/lib/python3.8/site-packages/pip-23.0.1.dist-info/METADATA", "Name: pip\nVersion: 23.0.1\n"},
		{"python:3.8-slim", "var/lib/dpkg/status", "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nSource: bash (5.2.15-2)\nVersion: 5.2.15-2+b2\n\n"},
		{"python:3.8-slim", "var/lib/dpkg/info/libssl3:amd64.list", "/usr/lib/x86_64-linux-gnu/libssl.so.3\n"},
		{"python:3.8-slim", "usr/bin/bash", "\x7fELF"},
		{"python:3.8.19-slim", "etc/debian_version", "12.6\n"},
		{"python:3.8.19-slim", "usr/local/bin/python3.8", "\x003.8.19\x00"},
		{"node:14", "usr/lib/os-release", "VERSION_ID=\"10\"\n"},
		{"node:14", "usr/local/bin/node", "\x00node.js/v14.21.3\x00"},
		{"node:14", "usr/local/lib/node_modules/npm/package.json", "\"version\": \"6.14.18\""},
		{"node:14", "opt/yarn-v1.22.19/package.json", "\"name\": \"yarn\""},
		{"node:14", "usr/lib/python2.7/dist-packages/mercurial-4.8.2.egg-info", "Name: mercurial\nVersion: 4.8.2\n"},
		{"node:14", "etc/passwd", "node:x:1000:1000:"},
		{"node:14", "bin/bash", "\x7fELF"},
	} {
		if f, ok := images[c.image][c.path]; !ok || !bytes.Contains(f.content, []byte(c.holds)) {
			t.Errorf("%s: %s (there: %v) lacks %q", c.image, c.path, ok, c.holds)
		}
	}
	if m := images["python:3.8-slim"]["usr/bin/su"].Mode; m != 0o4755 {
		t.Errorf("su has mode %o", m)
	}
}

func TestEveryListedFileIsInTheImage(t *testing.T) {
	for _, l := range build(t).Images {
		files := tree(t, imageOf(t, l))
		for name, f := range files {
			if !strings.HasSuffix(name, ".list") {
				continue
			}
			for line := range strings.Lines(string(f.content)) {
				path := strings.TrimPrefix(strings.TrimSpace(line), "/")
				_, isFile := files[path]
				_, isDir := files[path+"/"]
				_, merged := files["usr/"+path]
				_, mergedDir := files["usr/"+path+"/"]
				if path != "." && !isFile && !isDir && !merged && !mergedDir {
					t.Errorf("%s: %s lists %s", l.Name, name, path)
				}
			}
		}
	}
}

func TestEveryVersionParses(t *testing.T) {
	for _, name := range packageTables(t) {
		p, err := loadTable(name, packageColumns...)
		must(t, err)
		for _, r := range p.rows {
			for _, v := range []string{r[1], r[5]} {
				d, err := semantic.Parse(v, "Debian")
				if err != nil {
					t.Errorf("%s %s %q: %v", name, r[0], v, err)
				} else if c, err := d.CompareStr(v); err != nil || c != 0 {
					t.Errorf("%s %s %q: differs from itself: %d, %v", name, r[0], v, c, err)
				}
			}
		}
	}
}

func packageTables(t *testing.T) []string {
	t.Helper()
	all, err := fs.Glob(dataFiles, "data/*-packages.tsv")
	must(t, err)
	for i := range all {
		all[i] = strings.TrimPrefix(all[i], "data/")
	}
	return all
}

func TestFactTablesReadBackAsWritten(t *testing.T) {
	f, err := loadFacts()
	must(t, err)
	for _, table := range []struct {
		name    string
		columns []string
		rows    [][]string
	}{
		{"trivy-debian.tsv", trivyDebianColumns, rowsOf(f.trivyDebian)},
		{"trivy-language.tsv", trivyLanguageColumns, rowsOf(f.trivyLanguage)},
		{"trivy-vulnerabilities.tsv", trivyDetailColumns, rowsOf(f.trivyDetails)},
		{"grype-affected.tsv", grypeAffectedColumns, rowsOf(f.grypeAffected)},
		{"grype-vulnerabilities.tsv", grypeRecordColumns, rowsOf(f.grypeRecords)},
		{"cves.tsv", cveColumns, rowsOf(f.cves)},
	} {
		b, err := dataFiles.ReadFile("data/" + table.name)
		must(t, err)
		if got := formatTable(table.columns, table.rows); got != string(b) {
			t.Errorf("%s is not sorted, or holds what is read otherwise than written", table.name)
		}
	}
}

func TestDatabasesHoldEveryFact(t *testing.T) {
	l := build(t)
	f, err := loadFacts()
	must(t, err)
	db, err := bolt.Open(l.Trivy.Path, 0o400, &bolt.Options{ReadOnly: true})
	must(t, err)
	defer db.Close()
	must(t, db.View(func(tx *bolt.Tx) error {
		for _, a := range f.trivyDebian {
			want, _ := json.Marshal(a.record())
			if got := tx.Bucket([]byte(a.Bucket)).Bucket([]byte(a.Package)).Get([]byte(a.ID)); !bytes.Equal(got, want) {
				t.Errorf("%s %s %s: %s", a.Bucket, a.Package, a.ID, got)
			}
		}
		for _, d := range f.trivyDetails {
			if tx.Bucket([]byte("vulnerability")).Get([]byte(d.ID)) == nil {
				t.Errorf("no detail of %s", d.ID)
			}
		}
		return nil
	}))
	g, err := sql.Open("sqlite", l.Grype.Path)
	must(t, err)
	defer g.Close()
	counts := map[string]int{}
	for _, table := range []string{"affected_package_handles", "affected_cpe_handles", "epss_handles"} {
		var n int
		must(t, g.QueryRowContext(t.Context(), "select count(*) from "+table).Scan(&n))
		counts[table] = n
	}
	cpes := 0
	for _, a := range f.grypeAffected {
		if a.Scope == cpeScope {
			cpes++
		}
	}
	if counts["affected_cpe_handles"] != cpes || counts["affected_package_handles"] != len(f.grypeAffected)-cpes || counts["epss_handles"] == 0 {
		t.Errorf("%v for %d facts, %d of them about CPEs", counts, len(f.grypeAffected), cpes)
	}
	var problem string
	if err := g.QueryRowContext(t.Context(), "pragma foreign_key_check").Scan(&problem); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("dangling key in %s, %v", problem, err)
	}
}

func TestInfoNamesTheFiles(t *testing.T) {
	l := build(t)
	for _, i := range []struct {
		info        string
		path        string
		digest, dir string
	}{{l.Trivy.Name, l.Trivy.Path, l.Trivy.Digest, l.TrivyDir}, {l.Grype.Name, l.Grype.Path, l.Grype.Digest, l.GrypeDir}} {
		if got, err := digestFile(i.path); err != nil || got != i.digest || filepath.Dir(i.path) != i.dir {
			t.Errorf("%s: %s has %s, %v", i.info, i.path, got, err)
		}
	}
}
