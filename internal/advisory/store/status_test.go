package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/advisory"
)

func TestMissingDatabaseSaysWhatToRun(t *testing.T) {
	s, _ := newStore(t)
	for _, name := range Names() {
		_, _, err := s.Current(name)
		if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "plimsoll db update") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := s.Current("osv"); !errors.Is(err, ErrUnknown) {
		t.Errorf("unknown name: %v", err)
	}
	if left, _ := os.ReadDir(s.Dir()); len(left) != 0 {
		t.Errorf("reading created %v", left)
	}
}

func TestDefaultDir(t *testing.T) {
	env := map[string]string{"PLIMSOLL_DB_DIR": "here"}
	if dir, err := DefaultDir(func(k string) string { return env[k] }); err != nil || dir != "here" {
		t.Errorf("%q, %v", dir, err)
	}
	dir, err := DefaultDir(func(string) string { return "" })
	if err == nil && !strings.HasSuffix(filepath.ToSlash(dir), "plimsoll/db") {
		t.Errorf("%q", dir)
	}
	if _, err := Open(""); err == nil {
		t.Error("an empty directory was accepted")
	}
}

func TestStale(t *testing.T) {
	for _, tc := range []struct {
		name  string
		built time.Time
		want  bool
	}{
		{"an hour old", day0.Add(-time.Hour), false},
		{"five days old", day0.Add(-DefaultMaxAge), false},
		{"over five days old", day0.Add(-DefaultMaxAge - time.Second), true},
		{"no date", time.Time{}, true},
		{"from a clock a little ahead", day0.Add(time.Hour), false},
		{"from the far future", day0.AddDate(50, 0, 0), true},
	} {
		if got := Stale(advisory.Info{Built: tc.built}, DefaultMaxAge, day0); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

func TestStatusDescribesEachDatabase(t *testing.T) {
	p := newPublisher(t)
	s, clock := newStore(t)
	o := p.options()
	o.Databases = []string{GrypeDB}
	mustUpdate(t, s, o)
	clock.advance(6 * 24 * time.Hour)
	all, err := s.Status(t.Context(), 0)
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	if st := all[0]; st.Database != TrivyDB || st.Present || !strings.Contains(st.Problem, "missing") {
		t.Errorf("trivy-db: %+v", st)
	}
	st := all[1]
	if !st.Present || !st.Stale || st.Age != 6*24*time.Hour+time.Hour || st.Size == 0 || st.Path == "" || st.Info.Digest != digestOf(p.grype) {
		t.Errorf("grype-db: %+v", st)
	}
	if !st.NextAsk.Equal(day0.Add(2*time.Hour)) || !st.Checked.Equal(day0) || !st.Imported.Equal(day0) {
		t.Errorf("times: %+v", st)
	}
	if all, _ := s.Status(t.Context(), 10*24*time.Hour); all[1].Stale {
		t.Error("stale below the age asked for")
	}
}

func TestVerifyFindsEveryDamage(t *testing.T) {
	p := newPublisher(t)
	for _, tc := range []struct {
		name   string
		damage func(t *testing.T, dir string)
		file   string
	}{
		{"a flipped bit", func(t *testing.T, dir string) { flipByte(t, filepath.Join(dir, trivyFile), 12345) }, trivyFile},
		{"a file cut off", func(t *testing.T, dir string) { os.Truncate(filepath.Join(dir, trivyFile), 4096) }, trivyFile},
		{"a file gone", func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, trivyMetadata)) }, trivyMetadata},
		{"a pointer of garbage", func(t *testing.T, dir string) {
			writeTestFile(t, filepath.Join(filepath.Dir(dir), pointerFile), []byte("{"))
		}, ""},
		{"a pointer out of the folder", func(t *testing.T, dir string) {
			path := filepath.Join(filepath.Dir(dir), pointerFile)
			b, _ := os.ReadFile(path)
			writeTestFile(t, path, []byte(strings.Replace(string(b), "sha256-", "../sha256-", 1)))
		}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, _ := newStore(t)
			mustUpdate(t, s, p.options())
			dir, _, _ := s.Current(TrivyDB)
			tc.damage(t, dir)
			problems, err := s.Verify(t.Context())
			if err != nil || len(problems) != 1 {
				t.Fatalf("%v, %v", problems, err)
			}
			got := problems[0]
			if got.Database != TrivyDB || got.File != tc.file || !errors.Is(got.Err, ErrDamaged) || got.Reason == "" {
				t.Errorf("%+v", got)
			}
			if tc.name == "a flipped bit" {
				return // which only a full read finds
			}
			if _, _, err := s.Current(TrivyDB); !errors.Is(err, ErrDamaged) {
				t.Errorf("current: %v", err)
			}
			// The next update heals it, whatever the time.
			if got := outcomes(mustUpdate(t, s, p.options())); got != "updated, not due" {
				t.Errorf("update: %s", got)
			}
		})
	}
}

func TestVerifyReportsMissingDatabases(t *testing.T) {
	s, _ := newStore(t)
	problems, err := s.Verify(t.Context())
	if err != nil || len(problems) != 2 || !errors.Is(problems[0].Err, ErrMissing) {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestAReadOnlyDirectoryCanBeRead(t *testing.T) {
	p := newPublisher(t)
	s, _ := newStore(t)
	mustUpdate(t, s, p.options())
	filepath.WalkDir(s.dir, func(path string, d os.DirEntry, _ error) error {
		if d.IsDir() {
			os.Chmod(path, 0o555)
			t.Cleanup(func() { os.Chmod(path, 0o755) })
		} else {
			os.Chmod(path, 0o444)
		}
		return nil
	})
	digestNow(t, s, TrivyDB)
	if problems, err := s.Verify(t.Context()); err != nil || len(problems) > 0 {
		t.Errorf("verify: %v, %v", problems, err)
	}
	if len(export(t, s)) == 0 {
		t.Error("empty export")
	}
	if got := outcomes(mustUpdate(t, s, p.options())); got != "not due, not due" {
		t.Errorf("update: %s", got)
	}
}
