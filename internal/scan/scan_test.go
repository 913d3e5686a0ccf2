package scan_test

import (
	"archive/tar"
	"bytes"
	"context"
	"database/sql"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/version"
	"plimsoll/internal/evidence"
	"plimsoll/internal/image"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
	"plimsoll/internal/scan"
	"plimsoll/internal/verdict"
)

// layerOf makes a layer of entries in order: "path" => content, or a hard link
// where the content begins with "link:".
func layerOf(t *testing.T, entries ...[2]string) v1.Layer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e[0], Mode: 0o644, Size: int64(len(e[1]))}
		if target, ok := strings.CutPrefix(e[1], "link:"); ok {
			h.Typeflag, h.Linkname, h.Size = tar.TypeLink, target, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeLink {
			io.WriteString(w, e[1])
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func imageOf(t *testing.T, layers ...v1.Layer) v1.Image {
	t.Helper()
	img, err := mutate.AppendLayers(empty.Image, layers...)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	cfg = cfg.DeepCopy()
	cfg.OS, cfg.Architecture = "linux", "amd64"
	if img, err = mutate.ConfigFile(img, cfg); err != nil {
		t.Fatal(err)
	}
	return img
}

// folder writes an OCI layout and returns its reference.
func folder(t *testing.T, img v1.Image) string {
	t.Helper()
	dir := t.TempDir()
	p, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.AppendImage(img); err != nil {
		t.Fatal(err)
	}
	return "oci:" + dir
}

// saved writes the image as docker save does.
func saved(t *testing.T, img v1.Image) []byte {
	t.Helper()
	tag, err := name.NewTag("app:1")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := tarball.Write(tag, img, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func scanner(cache *evidence.Cache, dbs ...advisory.Database) *scan.Scanner {
	look, err := scan.Content(scan.Rules{}, nil)
	if err != nil {
		panic(err) // a built-in rule that can't be compiled
	}
	return &scan.Scanner{
		Pass: inspect.New(scan.Inspectors(look), inspect.DefaultLimits()), Content: look, Cache: cache, Databases: dbs,
		Order: version.Order, Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
	}
}

func judge(t *testing.T, s *scan.Scanner, ref string, stdin []byte) *verdict.Verdict {
	t.Helper()
	v, err := s.Reference(t.Context(), ref, image.Options{Platform: "linux/amd64", Stdin: bytes.NewReader(stdin), Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	return &v[0]
}

func packages(v *verdict.Verdict) []string {
	found := []string{}
	for _, p := range v.Packages {
		found = append(found, p.PURL+" "+p.Path)
	}
	return found
}

// TestHardLinkedPackagesAreFound has files as pnpm leaves them where its store
// comes before the application in the order of the tar.
func TestHardLinkedPackagesAreFound(t *testing.T) {
	img := imageOf(t, layerOf(t,
		[2]string{"root/.local/share/pnpm/store/v3/files/1a/2b", `{"name":"lodash","version":"4.17.15"}`},
		[2]string{"srv/app/node_modules/lodash/package.json", "link:root/.local/share/pnpm/store/v3/files/1a/2b"},
	))
	cache, err := evidence.OpenCache(t.Context(), filepath.Join(t.TempDir(), "layers.db"), "k")
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	want := []string{"pkg:npm/lodash@4.17.15 srv/app/node_modules/lodash/package.json"}
	stream := judge(t, scanner(cache), "-", saved(t, img))
	if stream.Coverage.Complete || len(stream.Coverage.Skipped) != 1 {
		t.Errorf("a stream: complete %v, skipped %+v", stream.Coverage.Complete, stream.Coverage.Skipped)
	}
	// What the stream left in the cache is completed from a source that can be read again.
	for range 2 {
		v := judge(t, scanner(cache), folder(t, img), nil)
		if d := cmp.Diff(want, packages(v)); d != "" || !v.Coverage.Complete {
			t.Errorf("a folder: complete %v, packages (-want +got):\n%s", v.Coverage.Complete, d)
		}
	}
	if v := judge(t, scanner(cache), "-", saved(t, img)); !v.Coverage.Complete {
		t.Error("a stream whose layer is cached in full is incomplete")
	}
}

// TestADamagedCacheEntryCostsAStreamNothing damages what a stream's blobs are
// looked up by, and scans the stream once more.
func TestADamagedCacheEntryCostsAStreamNothing(t *testing.T) {
	img := imageOf(t, layerOf(t, [2]string{"app/node_modules/a/package.json", `{"name":"a","version":"1.0.0"}`}))
	file := filepath.Join(t.TempDir(), "layers.db")
	for _, damage := range []bool{false, true, false} {
		cache, err := evidence.OpenCache(t.Context(), file, "k")
		if err != nil {
			t.Fatal(err)
		}
		if damage {
			damageEntries(t, file)
		}
		if v := judge(t, scanner(cache), "-", saved(t, img)); !v.Coverage.Complete || len(v.Packages) != 1 {
			t.Errorf("damaged %v: %d packages, skipped %+v", damage, len(v.Packages), v.Coverage.Skipped)
		}
		cache.Close()
	}
}

// TestASecondStreamIsNotUnpacked gives the second scan a pass that can unpack nothing.
func TestASecondStreamIsNotUnpacked(t *testing.T) {
	img := imageOf(t, layerOf(t, [2]string{"app/node_modules/a/package.json", `{"name":"a","version":"1.0.0"}`}))
	cache, err := evidence.OpenCache(t.Context(), filepath.Join(t.TempDir(), "layers.db"), "k")
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	judge(t, scanner(cache), "-", saved(t, img))
	s := scanner(cache)
	limits := inspect.DefaultLimits()
	limits.Bytes = 1
	s.Pass = inspect.New(scan.Inspectors(s.Content), limits)
	if v := judge(t, s, "-", saved(t, img)); !v.Coverage.Complete || len(v.Packages) != 1 {
		t.Errorf("%d packages, skipped %+v", len(v.Packages), v.Coverage.Skipped)
	}
}

// database holds one advisory and counts what it is asked for.
type database struct {
	info   advisory.Info
	match  advisory.Match
	detail advisory.Detail
	gaps   []advisory.Gap
	asked  []string
}

func (d *database) Info() advisory.Info { return d.info }
func (d *database) Close() error        { return nil }

func (d *database) Match(_ context.Context, inv *inventory.Inventory) (*advisory.Opinion, error) {
	o := &advisory.Opinion{Database: d.info, Gaps: d.gaps}
	for _, p := range inv.Packages {
		m := d.match
		m.PackageID = p.ID
		o.Matches = append(o.Matches, m)
	}
	return o, nil
}

func (d *database) Details(_ context.Context, ids []string) (map[string]advisory.Detail, error) {
	d.asked = append(d.asked, ids...)
	found := map[string]advisory.Detail{}
	for _, id := range ids {
		if id == d.match.ID {
			found[id] = d.detail
		}
	}
	return found, nil
}

func TestProseIsAskedForOnceAndOnlyWhereItIsMissing(t *testing.T) {
	ref := folder(t, imageOf(t, layerOf(t, [2]string{"app/node_modules/a/package.json", `{"name":"a","version":"1.0.0"}`})))
	built := time.Date(2026, 10, 30, 0, 0, 0, 0, time.UTC)
	one := func(name, id, title string) *database {
		return &database{
			info:   advisory.Info{Name: name, Built: built},
			match:  advisory.Match{ID: id, Severity: advisory.High, State: advisory.NotFixed},
			detail: advisory.Detail{Title: title, Published: built.AddDate(0, 0, 1)},
		}
	}
	t.Run("both hold it", func(t *testing.T) {
		a, b := one("trivy-db", "CVE-2026-0001", "from a"), one("grype-db", "CVE-2026-0001", "from b")
		v := judge(t, scanner(nil, a, b), ref, nil)
		if v.Findings[0].Title != "from a" || len(a.asked) != 1 || len(b.asked) != 0 {
			t.Errorf("title %q, asked %v and %v", v.Findings[0].Title, a.asked, b.asked)
		}
	})
	t.Run("each holds its own", func(t *testing.T) {
		a, b := one("trivy-db", "CVE-2026-0001", ""), one("grype-db", "CVE-2026-0002", "from b")
		v := judge(t, scanner(nil, a, b), ref, nil)
		if len(v.Findings) != 2 || len(a.asked) != 1 || len(b.asked) != 1 {
			t.Errorf("%d findings, asked %v and %v", len(v.Findings), a.asked, b.asked)
		}
		for _, r := range v.Reconciliation.Records {
			if len(r.Differences) != 1 || r.Differences[0].Cause != "older-database" {
				t.Errorf("%s: %+v", r.ID, r.Differences)
			}
		}
	})
}

func TestPackagesThatWereNotLookedUpMakeTheVerdictIncomplete(t *testing.T) {
	img := imageOf(t, layerOf(t, [2]string{"app/node_modules/a/package.json", `{"name":"a","version":"1.0.0"}`}))
	for reason, want := range map[string]bool{advisory.TooManyMatches: false, advisory.TypeNotCovered: true} {
		db := &database{info: advisory.Info{Name: "trivy-db"}, gaps: []advisory.Gap{{Subject: "npm", Packages: 1, Reason: reason}}}
		if v := judge(t, scanner(nil, db), folder(t, img), nil); v.Coverage.Complete != want {
			t.Errorf("%s: complete is %v", reason, v.Coverage.Complete)
		}
	}
}

func damageEntries(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("update layer set evidence = x'00'"); err != nil {
		t.Fatal(err)
	}
}
