package evidence_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"plimsoll/internal/evidence"
)

func openCache(t *testing.T, file, key string) *evidence.Cache {
	t.Helper()
	c, err := evidence.OpenCache(t.Context(), file, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func has(t *testing.T, c *evidence.Cache, diffID string) bool {
	t.Helper()
	l, err := c.Get(t.Context(), diffID)
	if err != nil {
		t.Error(err)
	}
	return l != nil
}

func sample(diffID string) *evidence.Layer {
	l := owns(with(layer("f a", "l b -> c", "w d"), status, "deb/curl@1"), "deb", "curl", "usr/bin/curl")
	l.DiffID, l.Size = diffID, 42
	return l
}

func TestTheCacheGivesBackWhatWasPut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sub folder", "layers?.db")
	c := openCache(t, file, "k1")
	if err := c.Put(t.Context(), sample("sha256:1")); err != nil {
		t.Fatal(err)
	}
	got, err := openCache(t, file, "k1").Get(t.Context(), "sha256:1")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(sample("sha256:1"), got, cmpopts.IgnoreUnexported(evidence.FileList{}, evidence.PathList{})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for name, other := range map[string]*evidence.Cache{"another layer": c, "another key": openCache(t, file, "k2")} {
		id := "sha256:1"
		if name == "another layer" {
			id = "sha256:2"
		}
		if l, err := other.Get(t.Context(), id); l != nil || err != nil {
			t.Errorf("%s: got %v, %v", name, l, err)
		}
		if has(t, other, id) {
			t.Errorf("%s: is there", name)
		}
	}
	if !has(t, c, "sha256:1") {
		t.Error("what was put is not there")
	}
}

func TestWhatNobodyUsedForAMonthIsPruned(t *testing.T) {
	file := filepath.Join(t.TempDir(), "layers.db")
	c := openCache(t, file, "k")
	for _, id := range []string{"old", "used", "new"} {
		if err := c.Put(t.Context(), sample(id)); err != nil {
			t.Fatal(err)
		}
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("update layer set used = ? where diff_id <> 'new'", time.Now().AddDate(0, -2, 0).Unix()); err != nil {
		t.Fatal(err)
	}
	if l, err := c.Get(t.Context(), "used"); err != nil || l == nil {
		t.Fatal(l, err)
	}
	if err := c.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{"old": false, "used": true, "new": true} {
		if got := has(t, c, id); got != want {
			t.Errorf("%s is kept: %v", id, got)
		}
	}
}

func TestALayerIsFoundByTheDigestOfItsStoredBytes(t *testing.T) {
	c := openCache(t, filepath.Join(t.TempDir(), "layers.db"), "k1")
	l := sample("sha256:unpacked")
	l.Stored = "sha256:gzipped"
	if err := c.Put(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	for digest, want := range map[string]bool{"sha256:unpacked": true, "sha256:gzipped": true, "sha256:other": false} {
		found, err := c.Find(t.Context(), digest)
		if err != nil || (found != nil) != want {
			t.Errorf("%s: found %v, %v", digest, found, err)
		}
		if found != nil && (found.DiffID != "sha256:unpacked" || found.Stored != "") {
			t.Errorf("%s: is %s, stored %q", digest, found.DiffID, found.Stored)
		}
	}
}

func TestADamagedCacheFileIsAnErrorThatNamesIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "layers.db")
	if err := os.WriteFile(file, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := evidence.OpenCache(t.Context(), file, "k")
	if err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error is %v", err)
	}
}

// TestManyProcessesShareTheCache runs this test binary several times at once
// on one file.
func TestManyProcessesShareTheCache(t *testing.T) {
	const processes, layers = 6, 40
	if file := os.Getenv("PLIMSOLL_TEST_SHARED_CACHE"); file != "" {
		c, err := evidence.OpenCache(context.Background(), file, "k")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for i := range layers {
			id := fmt.Sprint("sha256:", i)
			if err := c.Put(context.Background(), sample(id)); err != nil {
				t.Fatal(err)
			}
			if l, err := c.Get(context.Background(), id); err != nil || l == nil {
				t.Fatalf("read back %s: %v, %v", id, l, err)
			}
		}
		return
	}
	file := filepath.Join(t.TempDir(), "layers.db")
	failures := make(chan error, processes)
	for range processes {
		cmd := exec.Command(os.Args[0], "-test.run=^TestManyProcessesShareTheCache$")
		cmd.Env = append(os.Environ(), "PLIMSOLL_TEST_SHARED_CACHE="+file)
		go func() {
			out, err := cmd.CombinedOutput()
			if err != nil {
				err = fmt.Errorf("%w\n%s", err, out)
			}
			failures <- err
		}()
	}
	for range processes {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	c := openCache(t, file, "k")
	for i := range layers {
		if !has(t, c, fmt.Sprint("sha256:", i)) {
			t.Errorf("layer %d is missing", i)
		}
	}
}

func FuzzFileList(f *testing.F) {
	var l evidence.FileList
	l.Append("usr/bin/a", evidence.Regular, 0o755, 10, "")
	l.Append("usr/bin/b", evidence.Symlink, 0, 0, "a")
	f.Add(l.Coded)
	f.Fuzz(func(t *testing.T, b []byte) {
		l := evidence.FileList{Coded: b}
		n := 0
		for range l.All() {
			n++
		}
		p := evidence.PathList{Coded: b}
		for range p.All() {
			n++
		}
		if n > 2*len(b)+2 {
			t.Errorf("%d entries from %d bytes", n, len(b))
		}
	})
}
