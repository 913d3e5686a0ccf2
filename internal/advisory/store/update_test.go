package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"go.etcd.io/bbolt"
)

// anonymous keeps the tests away from the credentials of whoever runs them.
type anonymous struct{}

func (anonymous) Resolve(authn.Resource) (authn.Authenticator, error) { return authn.Anonymous, nil }

func mustUpdate(t *testing.T, s *Store, o UpdateOptions) []Result {
	t.Helper()
	results, err := s.Update(t.Context(), o)
	if err != nil {
		t.Fatalf("update: %v", err)
	}
	return results
}

func outcomes(results []Result) string {
	var words []string
	for _, r := range results {
		words = append(words, string(r.Outcome))
	}
	return strings.Join(words, ", ")
}

func digestNow(t *testing.T, s *Store, name string) string {
	t.Helper()
	_, info, err := s.Current(name)
	if err != nil {
		t.Fatalf("current %s: %v", name, err)
	}
	return info.Digest
}

// titleOf reads the note that the tests put into each copy.
func trivyTitle(path string) (string, error) {
	db, err := bbolt.Open(path, 0o444, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return "", err
	}
	defer db.Close()
	var title string
	err = db.View(func(tx *bbolt.Tx) error {
		title = string(tx.Bucket([]byte("vulnerability")).Get([]byte("CVE-2024-0001")))
		return nil
	})
	return title, err
}

func TestFreshUpdateFetchesBoth(t *testing.T) {
	p := newPublisher(t)
	s, _ := newStore(t)
	var mu sync.Mutex
	steps := map[string][]Step{}
	o := p.options()
	o.Progress = func(pr Progress) {
		mu.Lock()
		defer mu.Unlock()
		if l := steps[pr.Database]; len(l) == 0 || l[len(l)-1] != pr.Step {
			steps[pr.Database] = append(l, pr.Step)
		}
	}
	results := mustUpdate(t, s, o)
	if got := outcomes(results); got != "updated, updated" {
		t.Fatalf("outcomes: %s", got)
	}
	for _, want := range []struct {
		name, file, schema, digest string
		steps                      []Step
	}{
		{TrivyDB, trivyFile, "2", digestOf(p.trivy), []Step{StepAsk, StepDownload, StepUnpack, StepCheck}},
		{GrypeDB, grypeFile, "v6.1.10", digestOf(p.grype), []Step{StepAsk, StepDownload, StepUnpack, StepCheck, StepIndex}},
	} {
		dir, info, err := s.Current(want.name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Name != want.name || info.Schema != want.schema || info.Digest != want.digest || !info.Built.Equal(day0.Add(-time.Hour)) {
			t.Errorf("%s: info is %+v", want.name, info)
		}
		if info.Path != filepath.Join(dir, want.file) || info.From == "" {
			t.Errorf("%s: path %q, from %q", want.name, info.Path, info.From)
		}
		if _, err := os.Stat(info.Path); err != nil {
			t.Error(err)
		}
		if !slices.Equal(steps[want.name], want.steps) {
			t.Errorf("%s: steps %v, want %v", want.name, steps[want.name], want.steps)
		}
	}
	dir, _, _ := s.Current(GrypeDB)
	if _, err := os.Stat(filepath.Join(dir, testLookup)); err != nil {
		t.Errorf("no lookups: %v", err)
	}
	assertClean(t, s)
}

// assertClean: nothing is left behind but pointers, generations and locks.
func assertClean(t *testing.T, s *Store) {
	t.Helper()
	filepath.WalkDir(s.dir, func(path string, _ os.DirEntry, err error) error {
		base := filepath.Base(path)
		if strings.HasPrefix(base, incomingPrefix) || strings.HasSuffix(base, ".part") || strings.HasSuffix(base, ".new") || strings.HasPrefix(base, spoolPrefix) {
			t.Errorf("left behind: %s", path)
		}
		return err
	})
}

func TestUpstreamIsAskedNoMoreThanItWants(t *testing.T) {
	p := newPublisher(t)
	s, clock := newStore(t)
	mustUpdate(t, s, p.options())
	asked := len(p.requests())

	clock.advance(90 * time.Minute)
	if got := outcomes(mustUpdate(t, s, p.options())); got != "not due, not due" {
		t.Errorf("after 90 minutes: %s", got)
	}
	if n := len(p.requests()); n != asked {
		t.Errorf("%d requests before they were due: %v", n-asked, p.requests()[asked:])
	}

	clock.advance(45 * time.Minute)
	if got := outcomes(mustUpdate(t, s, p.options())); got != "not due, up to date" {
		t.Errorf("after 2¼ hours: %s", got)
	}
	if new := p.requests()[asked:]; len(new) != 1 || new[0] != "/databases/v6/latest.json" {
		t.Errorf("after 2¼ hours: requests %v", new)
	}

	clock.advance(22 * time.Hour)
	if got := outcomes(mustUpdate(t, s, p.options())); got != "up to date, up to date" {
		t.Errorf("after a day: %s", got)
	}
	// The publisher's next-update time has passed and nothing new came: an hour is kept.
	clock.advance(30 * time.Minute)
	if got := outcomes(mustUpdate(t, s, p.options())); got != "not due, not due" {
		t.Errorf("half an hour later: %s", got)
	}
	o := p.options()
	o.Force = true
	if got := outcomes(mustUpdate(t, s, o)); got != "up to date, up to date" {
		t.Errorf("forced: %s", got)
	}
	for _, r := range p.requests()[asked:] {
		if strings.Contains(r, "/blobs/") || strings.Contains(r, ".tar.zst") {
			t.Errorf("fetched again what was there: %s", r)
		}
	}
}

func TestForceReplacesADamagedCopyOfTheSameDigest(t *testing.T) {
	p := newPublisher(t)
	s, _ := newStore(t)
	mustUpdate(t, s, p.options())
	_, info, _ := s.Current(TrivyDB)
	flipByte(t, info.Path, 9000)
	o := p.options()
	o.Force = true
	if got := outcomes(mustUpdate(t, s, o)); got != "updated, up to date" {
		t.Fatalf("outcomes: %s", got)
	}
	if problems, err := s.Verify(t.Context()); err != nil || len(problems) != 0 {
		t.Errorf("verify: %v, %v", problems, err)
	}
}

func TestLookupsAreMadeAgainWithoutADownload(t *testing.T) {
	p := newPublisher(t)
	for name, tc := range map[string]struct {
		damage func(t *testing.T, dir string)
		force  bool
	}{
		"missing":       {func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, testLookup)) }, false},
		"cut off":       {func(t *testing.T, dir string) { os.Truncate(filepath.Join(dir, testLookup), 3) }, false},
		"a flipped bit": {func(t *testing.T, dir string) { flipByte(t, filepath.Join(dir, testLookup), 5) }, true},
		"half made beside": {func(t *testing.T, dir string) {
			os.Remove(filepath.Join(dir, testLookup))
			writeTestFile(t, filepath.Join(dir, testLookup+".part-1"), []byte("half"))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newStore(t)
			mustUpdate(t, s, p.options())
			dir, _, _ := s.Current(GrypeDB)
			tc.damage(t, dir)
			if problems, err := s.Verify(t.Context()); err != nil || len(problems) != 1 || problems[0].File != testLookup {
				t.Errorf("verify: %v, %v", problems, err)
			}
			asked := len(p.requests())
			o := p.options()
			o.Force = tc.force
			results := mustUpdate(t, s, o)
			if len(results[1].Warnings) > 0 {
				t.Errorf("warnings: %v", results[1].Warnings)
			}
			for _, r := range p.requests()[asked:] {
				if strings.HasSuffix(r, ".tar.zst") {
					t.Errorf("downloaded: %s", r)
				}
			}
			if problems, err := s.Verify(t.Context()); err != nil || len(problems) > 0 {
				t.Errorf("verify: %v, %v", problems, err)
			}
			if names, err := derivedNames(kinds()[1], dir); err != nil || !slices.Equal(names, []string{testLookup}) {
				t.Errorf("files: %v, %v", names, err)
			}
		})
	}
}

func flipByte(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0x55
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}

func TestABadCopyIsRefusedAndTheOldOneKept(t *testing.T) {
	later := day0.Add(time.Hour)
	truncated := func(b []byte) []byte { return b[:len(b)-20] }
	for _, tc := range []struct {
		name   string
		change func(p *publisher)
		want   error
		text   string
	}{
		{"trivy digest", func(p *publisher) {
			p.trivy = trivyArchive(t, 2, later, "second")
			p.serve = append(slices.Clone(p.trivy[:len(p.trivy)-1]), 'x')
		}, ErrDamaged, "digest is sha256:"},
		{"grype checksum", func(p *publisher) {
			p.grype, p.grypeBuilt = grypeArchive(t, 6, later, "second"), later
			p.grypeSum = "sha256:" + strings.Repeat("0", 64)
		}, ErrDamaged, "digest is sha256:"},
		{"trivy schema", func(p *publisher) { p.trivy = trivyArchive(t, 3, later, "second") }, ErrSchema, "schema 3"},
		{"grype schema in the listing", func(p *publisher) { p.grypeVersion = "v7.0.0"; p.grypeSum = "sha256:" + strings.Repeat("0", 64) }, ErrSchema, "v7.0.0"},
		{"grype schema in the file", func(p *publisher) { p.grype, p.grypeBuilt = grypeArchive(t, 5, later, "second"), later }, ErrSchema, "v5"},
		{"grype end of life", func(p *publisher) { p.grypeStatus = "eol" }, ErrEndOfLife, "no longer updates"},
		{"trivy truncated", func(p *publisher) { p.trivy = truncated(trivyArchive(t, 2, later, "second")) }, ErrDamaged, ""},
		{"grype truncated", func(p *publisher) {
			p.grype, p.grypeBuilt = truncated(grypeArchive(t, 6, later, "second")), later
		}, ErrDamaged, ""},
		{"grype without tables", func(p *publisher) {
			p.grype, p.grypeBuilt = zstded(t, tarOf(t, entry{name: grypeFile, body: []byte("SQLite format 3\x00 and nothing")})), later
		}, ErrDamaged, ""},
		{"listing is a web page", func(p *publisher) {
			p.before = func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.URL.Path, "latest.json") {
					return false
				}
				fmt.Fprint(w, "<html>log in to the guest network</html>")
				return true
			}
		}, ErrDamaged, "latest.json"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPublisher(t)
			s, clock := newStore(t)
			mustUpdate(t, s, p.options())
			trivy, grype := digestNow(t, s, TrivyDB), digestNow(t, s, GrypeDB)
			clock.advance(26 * time.Hour)
			p.set(func() { tc.change(p) })
			_, err := s.Update(t.Context(), p.options())
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("error %v, want %v with %q", err, tc.want, tc.text)
			}
			if digestNow(t, s, TrivyDB) != trivy && strings.HasPrefix(tc.name, "trivy") ||
				digestNow(t, s, GrypeDB) != grype && !strings.HasPrefix(tc.name, "trivy") {
				t.Error("the old copy was replaced")
			}
			if problems, err := s.Verify(t.Context()); err != nil || len(problems) > 0 {
				t.Errorf("verify: %v, %v", problems, err)
			}
			assertClean(t, s)
		})
	}
}

func TestDeprecatedSchemaIsAWarning(t *testing.T) {
	p := newPublisher(t)
	p.grypeStatus = "deprecated"
	s, _ := newStore(t)
	results := mustUpdate(t, s, p.options())
	if w := results[1].Warnings; len(w) != 1 || !strings.Contains(w[0], "deprecated") {
		t.Errorf("warnings: %v", w)
	}
	status, _ := s.Status(t.Context(), 0)
	if !strings.Contains(status[1].Warning, "deprecated") {
		t.Errorf("status: %+v", status[1])
	}
}

func TestAMirrorThatIsBehindDoesNotTurnBackTime(t *testing.T) {
	p := newPublisher(t)
	s, clock := newStore(t)
	mustUpdate(t, s, p.options())
	trivy, grype := digestNow(t, s, TrivyDB), digestNow(t, s, GrypeDB)
	clock.advance(26 * time.Hour)
	p.set(func() {
		p.trivy = trivyArchive(t, 2, day0.Add(-48*time.Hour), "older")
		p.grypeBuilt = day0.Add(-48 * time.Hour)
		p.grype = grypeArchive(t, 6, p.grypeBuilt, "older")
	})
	results := mustUpdate(t, s, p.options())
	if got := outcomes(results); got != "up to date, up to date" || len(results[0].Warnings) != 1 {
		t.Errorf("%s, warnings %v", got, results[0].Warnings)
	}
	if digestNow(t, s, TrivyDB) != trivy || digestNow(t, s, GrypeDB) != grype {
		t.Error("an older copy was swapped in")
	}
	o := p.options()
	o.Force = true
	if got := outcomes(mustUpdate(t, s, o)); got != "updated, updated" {
		t.Errorf("forced: %s", got)
	}
}

func TestFullDiskKeepsTheOldCopyAndIsNotBlamedOnMirrors(t *testing.T) {
	p := newPublisher(t)
	s, clock := newStore(t)
	mustUpdate(t, s, p.options())
	trivy := digestNow(t, s, TrivyDB)
	clock.advance(26 * time.Hour)
	p.set(func() {
		p.trivy = trivyArchive(t, 2, day0.Add(time.Hour), "second")
		p.grypeBuilt = day0.Add(time.Hour)
		p.grype = grypeArchive(t, 6, p.grypeBuilt, "second")
	})
	s.create = func(path string) (file, error) {
		f, err := os.Create(path)
		return &fullDisk{File: f, room: 5000}, err
	}
	o := p.options()
	o.TrivyMirrors = append(o.TrivyMirrors, p.mirror())
	_, err := s.Update(t.Context(), o)
	var list *UpdateError
	if !errors.Is(err, syscall.ENOSPC) || errors.As(err, &list) {
		t.Fatalf("error: %v", err)
	}
	if digestNow(t, s, TrivyDB) != trivy {
		t.Error("the old copy was replaced")
	}
	s.create = createFile
	asked := len(p.requests())
	if got := outcomes(mustUpdate(t, s, p.options())); got != "updated, updated" {
		t.Errorf("with room again: %s", got)
	}
	for _, r := range p.requests()[asked:] {
		if strings.Contains(r, "/blobs/") {
			t.Errorf("downloaded again what was complete: %s", r)
		}
	}
	assertClean(t, s)
}

// fullDisk takes a few bytes and then no more.
type fullDisk struct {
	*os.File
	room int
}

func (f *fullDisk) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	return f.File.Write(b)
}

func TestACopyFromTheFutureDoesNotBlockUpdates(t *testing.T) {
	p := newPublisher(t)
	s, _ := newStore(t)
	for _, b := range [][]byte{trivyArchive(t, 2, day0.AddDate(20, 0, 0), "future"), grypeArchive(t, 6, day0.AddDate(20, 0, 0), "future")} {
		if _, err := importFile(t, s, "future", b); err != nil {
			t.Fatal(err)
		}
	}
	o := p.options()
	s.now = func() time.Time { return day0.AddDate(0, 0, 8) } // a next-update time is believed for a week
	if got := outcomes(mustUpdate(t, s, o)); got != "updated, updated" {
		t.Errorf("outcomes: %s", got)
	}
}

func TestReadersAreNotDisturbedBySwaps(t *testing.T) {
	p := newPublisher(t)
	s, clock := newStore(t)
	o := p.options()
	o.Databases = []string{TrivyDB}
	mustUpdate(t, s, o)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for ctx.Err() == nil {
				_, info, err := s.Current(TrivyDB)
				if err != nil {
					t.Errorf("current: %v", err)
					return
				}
				time.Sleep(2 * time.Millisecond) // a swap may fall in between
				if title, err := trivyTitle(info.Path); err != nil || !strings.Contains(title, "copy") && !strings.Contains(title, "first") {
					t.Errorf("title %q: %v", title, err)
					return
				}
			}
		})
	}
	for i := range 15 {
		clock.advance(10 * time.Minute)
		p.set(func() {
			p.trivy = trivyArchive(t, 2, day0.Add(time.Duration(i)*time.Minute), fmt.Sprintf("copy %d", i))
		})
		o.Force = true
		mustUpdate(t, s, o)
	}
	stop()
	wg.Wait()
	// One current, and those superseded within the last hour.
	generations, _ := filepath.Glob(filepath.Join(s.dir, TrivyDB, "sha256-*"))
	if len(generations) != 8 {
		t.Errorf("%d generations are kept", len(generations))
	}
	clock.advance(2 * time.Hour)
	mustUpdate(t, s, o)
	generations, _ = filepath.Glob(filepath.Join(s.dir, TrivyDB, "sha256-*"))
	if len(generations) != 1 {
		t.Errorf("%d generations are kept after the grace time", len(generations))
	}
}

func TestUpdateEndsWithItsContext(t *testing.T) {
	p := newPublisher(t)
	ctx, cancel := context.WithCancel(t.Context())
	p.before = func(_ http.ResponseWriter, r *http.Request) bool {
		cancel()
		<-r.Context().Done()
		return true
	}
	s, _ := newStore(t)
	if _, err := s.Update(ctx, p.options()); !errors.Is(err, context.Canceled) {
		t.Errorf("error: %v", err)
	}
	assertClean(t, s)
}

func TestRequestedDatabaseMustExist(t *testing.T) {
	s, _ := newStore(t)
	if _, err := s.Update(t.Context(), UpdateOptions{Databases: []string{"osv"}}); !errors.Is(err, ErrUnknown) {
		t.Errorf("error: %v", err)
	}
}

func TestOptionsFromEnvironment(t *testing.T) {
	env := map[string]string{
		"PLIMSOLL_TRIVY_DB_MIRRORS": "a.example/x:2, b.example/y:2",
		"PLIMSOLL_GRYPE_DB_URLS":    "https://c.example/latest.json",
		"PLIMSOLL_CA_FILE":          "ca.pem",
	}
	var o UpdateOptions
	o.FromEnv(func(k string) string { return env[k] })
	if !slices.Equal(o.TrivyMirrors, []string{"a.example/x:2", "b.example/y:2"}) ||
		!slices.Equal(o.GrypeListings, []string{"https://c.example/latest.json"}) || o.CAFile != "ca.pem" {
		t.Errorf("options: %+v", o)
	}
	o = UpdateOptions{TrivyMirrors: []string{"flag.example/z:2"}}
	o.FromEnv(func(k string) string { return env[k] })
	if !slices.Equal(o.TrivyMirrors, []string{"flag.example/z:2"}) {
		t.Errorf("the environment overrode the option: %v", o.TrivyMirrors)
	}
}

func TestServersCannotColourTheTerminal(t *testing.T) {
	if got := oneLine("a\x1b[31mb\r\n::error::c\xff"); got != "a [31mb ::error::c?" {
		t.Errorf("got %q", got)
	}
	if bytes.ContainsAny([]byte(oneLine("x\u009by")), "\u009b") {
		t.Error("C1 control passed")
	}
}
