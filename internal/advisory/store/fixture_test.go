package store

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.etcd.io/bbolt"
)

// day0 is the moment at which the tests' stores live.
var day0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// testClock is a clock that tests set.
type testClock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *testClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// testLookup is what testIndex puts beside a database.
const testLookup = "vulnerability.lookup"

// testIndex stands for grypedb.Index: it makes a file of fixed content once.
func testIndex(_ context.Context, path string) error {
	target := filepath.Join(filepath.Dir(path), testLookup)
	if _, err := os.Stat(target); err == nil {
		return nil
	}
	fi, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.WriteFile(target, fmt.Appendf(nil, "lookups of %d bytes\n", fi.Size()), 0o644)
}

// newStore opens a store in a new folder; pauses between rounds are counted, not waited for.
func newStore(t testing.TB) (*Store, *testClock) {
	t.Helper()
	return openStore(t, t.TempDir())
}

func openStore(t testing.TB, dir string) (*Store, *testClock) {
	t.Helper()
	clock := &testClock{t: day0}
	s, err := Open(dir, WithClock(clock.now), WithIndex(testIndex))
	if err != nil {
		t.Fatal(err)
	}
	s.sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return s, clock
}

// trivyDir writes a small authentic trivy-db.
func trivyDir(t testing.TB, version int, built time.Time, note string) string {
	t.Helper()
	dir := t.TempDir()
	db, err := bbolt.Open(filepath.Join(dir, trivyFile), 0o644, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		put := func(value string, path ...string) error {
			b, err := tx.CreateBucketIfNotExists([]byte(path[0]))
			for _, p := range path[1 : len(path)-1] {
				if err == nil {
					b, err = b.CreateBucketIfNotExists([]byte(p))
				}
			}
			if err != nil {
				return err
			}
			return b.Put([]byte(path[len(path)-1]), []byte(value))
		}
		if err := put(`{"Title":"`+note+`","Severity":"HIGH"}`, "vulnerability", "CVE-2024-0001"); err != nil {
			return err
		}
		for i := range 300 { // enough for branch pages
			id := fmt.Sprintf("CVE-2024-%05d", i)
			if err := put(`{"FixedVersion":"1.2.3-`+strings.Repeat("x", 40)+`"}`, "debian 12", fmt.Sprintf("pkg%d", i%7), id); err != nil {
				return err
			}
		}
		return put(`{"ID":"debian"}`, "data-source", "debian 12")
	})
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	meta, err := json.Marshal(map[string]any{
		"Version": version, "UpdatedAt": built, "NextUpdate": built.Add(24 * time.Hour), "DownloadedAt": time.Time{},
	})
	if err != nil {
		t.Fatal(err)
	}
	writeTestFile(t, filepath.Join(dir, trivyMetadata), meta)
	return dir
}

// trivyArchive is a db.tar.gz as published.
func trivyArchive(t testing.TB, version int, built time.Time, note string) []byte {
	dir := trivyDir(t, version, built, note)
	return gzipped(t, tarOf(t, fileEntry(t, dir, trivyFile), fileEntry(t, dir, trivyMetadata)))
}

// grypeDir writes a small authentic grype-db, without indexes as published.
func grypeDir(t testing.TB, model int, built time.Time, note string) string {
	t.Helper()
	dir := t.TempDir()
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(dir, grypeFile)))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	statements := []string{
		"create table db_metadata (build_timestamp datetime not null, model integer not null, revision integer not null, addition integer not null)",
		"create table packages (id integer primary key, ecosystem text, name text)",
		"create table affected_package_handles (id integer primary key, vulnerability_id integer, operating_system_id integer, package_id integer, blob_id integer)",
		"create table vulnerability_handles (id integer primary key, name text, status text, provider_id text, blob_id integer)",
		"create table blobs (id integer primary key, value text)",
		"create table providers (id text primary key, version text)",
		"insert into providers values ('debian', '" + note + "')",
		"insert into packages (ecosystem, name) with recursive n(i) as (select 1 union all select i+1 from n where i < 500) select 'deb', 'package' || i from n",
	}
	for _, q := range statements {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	if _, err := db.Exec("insert into db_metadata values (?, ?, 1, 10)", built.Format("2006-01-02 15:04:05-07:00"), model); err != nil {
		t.Fatal(err)
	}
	return dir
}

// grypeArchive is a vulnerability-db_….tar.zst as published.
func grypeArchive(t testing.TB, model int, built time.Time, note string) []byte {
	return zstded(t, tarOf(t, fileEntry(t, grypeDir(t, model, built, note), grypeFile)))
}

// entry is one entry of a test tar.
type entry struct {
	name string
	body []byte
	typ  byte
}

func fileEntry(t testing.TB, dir, name string) entry {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return entry{name: name, body: b}
}

func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.body)), Typeflag: e.typ, ModTime: day0}
		if e.typ == 0 {
			h.Typeflag = tar.TypeReg
		}
		if e.typ == tar.TypeSymlink {
			h.Linkname = string(e.body)
			h.Size, e.body = 0, nil
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstded(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func artifactManifest(blob []byte) []byte {
	return fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",`+
		`"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},`+
		`"layers":[{"mediaType":%q,"digest":%q,"size":%d,"annotations":{"org.opencontainers.image.title":"db.tar.gz"}}]}`,
		trivyLayerType, digestOf(blob), len(blob))
}

func writeTestFile(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// publisher is a loopback server in the shape of both publishers.
type publisher struct {
	*httptest.Server
	mu sync.Mutex
	// trivy and grype are the archives; grypeStatus and grypeSchema go into latest.json.
	trivy, grype []byte
	grypeBuilt   time.Time
	grypeStatus  string
	grypeVersion string
	grypeSum     string // replaces the true checksum
	serve        []byte // replaces the bytes of any archive
	// before sees every request first; true says that it answered.
	before func(w http.ResponseWriter, r *http.Request) bool
	asked  []string
}

func newPublisher(t testing.TB) *publisher {
	t.Helper()
	p := &publisher{grypeStatus: "active", grypeVersion: "v6.1.10", grypeBuilt: day0.Add(-time.Hour)}
	p.trivy = trivyArchive(t, 2, day0.Add(-time.Hour), "first")
	p.grype = grypeArchive(t, 6, p.grypeBuilt, "first")
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *publisher) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *publisher) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.asked...)
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, strings.TrimSpace(r.URL.Path+" "+r.Header.Get("Range")))
	before, trivy, grype, serve := p.before, p.trivy, p.grype, p.serve
	sum := p.grypeSum
	if sum == "" {
		sum = digestOf(grype)
	}
	latest := fmt.Sprintf(`{"status":%q,"schemaVersion":%q,"built":%q,"path":"vulnerability-db_v6_2026-03-01T00:00:00Z.tar.zst","checksum":%q}`,
		p.grypeStatus, p.grypeVersion, p.grypeBuilt.Format(time.RFC3339), sum)
	p.mu.Unlock()
	if before != nil && before(w, r) {
		return
	}
	archive := func(b []byte) {
		if serve != nil {
			b = serve
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}
	switch {
	case r.URL.Path == "/v2/":
		w.WriteHeader(http.StatusOK)
	case strings.HasSuffix(r.URL.Path, "/manifests/2"):
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		w.Write(artifactManifest(trivy))
	case strings.HasSuffix(r.URL.Path, "/blobs/"+digestOf(trivy)):
		archive(trivy)
	case r.URL.Path == "/databases/v6/latest.json":
		w.Write([]byte(latest))
	case strings.HasPrefix(r.URL.Path, "/databases/v6/vulnerability-db"):
		archive(grype)
	default:
		http.NotFound(w, r)
	}
}

func (p *publisher) mirror() string { return strings.TrimPrefix(p.URL, "http://") + "/any/trivy-db:2" }

func (p *publisher) latest() string { return p.URL + "/databases/v6/latest.json" }

func (p *publisher) options() UpdateOptions {
	return UpdateOptions{
		TrivyMirrors: []string{p.mirror()}, GrypeListings: []string{p.latest()},
		Getenv: func(string) string { return "" }, Keychain: anonymous{},
	}
}

func pemOf(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
