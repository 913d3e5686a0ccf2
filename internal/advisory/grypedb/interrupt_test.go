package grypedb_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/grypedb"
)

// linked returns a new folder with the authentic database and no lookup file.
func linked(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	from := filepath.Join(authenticDir(t), grypedb.FileName)
	if err := os.Link(from, filepath.Join(dir, grypedb.FileName)); err == nil {
		return dir
	}
	f, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	if err := writeFile(filepath.Join(dir, grypedb.FileName), f); err != nil {
		t.Fatal(err)
	}
	return dir
}

// onlyDatabase fails where dir holds anything beside the database.
func onlyDatabase(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != grypedb.FileName {
			t.Errorf("left behind: %s", e.Name())
		}
	}
}

// TestInterruptedIndexLeavesNothing: whenever it is stopped, Index returns
// within a second, says that it was stopped, and leaves no file.
func TestInterruptedIndexLeavesNothing(t *testing.T) {
	dir := linked(t)
	for _, after := range []time.Duration{0, time.Millisecond, 50 * time.Millisecond, 300 * time.Millisecond, 900 * time.Millisecond} {
		ctx, cancel := context.WithCancel(context.Background())
		var stopped time.Time
		timer := time.AfterFunc(after, func() { stopped = time.Now(); cancel() })
		err := grypedb.Index(ctx, dir)
		timer.Stop()
		cancel()
		if err == nil {
			t.Skipf("indexed within %s", after)
		}
		if !errors.Is(err, context.Canceled) || errors.Is(err, grypedb.ErrCorrupt) {
			t.Errorf("after %s: %v", after, err)
		}
		if late := time.Since(stopped); late > time.Second {
			t.Errorf("after %s: returned %s late", after, late)
		}
		onlyDatabase(t, dir)
	}
}

// TestIndexIsDeterministic: the same database gives the same bytes.
func TestIndexIsDeterministic(t *testing.T) {
	one, err := os.ReadFile(filepath.Join(authenticDir(t), grypedb.LookupName))
	if err != nil {
		t.Fatal(err)
	}
	dir := linked(t)
	if err := grypedb.Index(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	two, err := os.ReadFile(filepath.Join(dir, grypedb.LookupName))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, two) {
		t.Error("two lookup files of one database differ")
	}
}

// TestMissingBlobsSayNothing: a handle, a vulnerability or a known exploited
// one whose JSON is missing is read without it.
func TestMissingBlobsSayNothing(t *testing.T) {
	dir := fixture(t, `
create table known_exploited_vulnerability_handles (id integer primary key, cve text not null, blob_id integer);
insert into known_exploited_vulnerability_handles (cve, blob_id) values ('CVE-2024-0009', 5000);
insert into vulnerability_handles (id, name, status, provider_id, blob_id) values (9, 'CVE-2024-0009', 'active', 'vendor', 5);
insert into packages values (9, 'npm', 'other');
insert into affected_package_handles (vulnerability_id, package_id, blob_id) values (9, 9, 4000), (9, 77, 15), (9, 9, 15);`)
	m := match(t, open(t, dir), nil, language("npm", "", "other", "1.0.0")).Matches
	if len(m) == 0 || m[0].ID != "CVE-2024-0009" || m[0].Severity != advisory.Unknown || m[0].KEV == nil {
		t.Errorf("%+v", m)
	}
}

// TestRecordsThatCannotBeReadAreDamage: JSON of another shape, and a value
// beyond all bounds.
func TestRecordsThatCannotBeReadAreDamage(t *testing.T) {
	for name, more := range map[string]string{
		"shape": "update blobs set value = '[1]' where id = 10",
		"cut":   `update blobs set value = '{"ranges":[' where id = 10`,
		"vuln":  `update blobs set value = '{"severities":[{"scheme":"CVSS","value":7}]}' where id = 1`,
		"huge":  "update blobs set value = cast(zeroblob(9000000) as text) where id = 10",
		"name":  "update packages set name = cast(zeroblob(9000000) as text) where id = 1",
	} {
		t.Run(name, func(t *testing.T) {
			dir := fixture(t, "")
			if err := os.Remove(filepath.Join(dir, grypedb.LookupName)); err != nil {
				t.Fatal(err)
			}
			change(t, dir, more)
			if err := grypedb.Index(context.Background(), dir); !errors.Is(err, grypedb.ErrCorrupt) {
				t.Errorf("%v", err)
			}
			onlyDatabase(t, dir)
		})
	}
}

// TestAmplificationIsRefused: a large blob and many handles that share it do
// not fill the disk.
func TestAmplificationIsRefused(t *testing.T) {
	dir := fixture(t, "")
	if err := os.Remove(filepath.Join(dir, grypedb.LookupName)); err != nil {
		t.Fatal(err)
	}
	change(t, dir, `update blobs set value = '{"cves":["' || replace(hex(zeroblob(250000)), '0', 'x') || '"]}' where id = 10;
		with recursive n(i) as (select 100 union all select i+1 from n where i < 400)
		insert into packages select i, 'npm', 'package ' || i from n;
		insert into affected_package_handles (vulnerability_id, package_id, blob_id) select 1, id, 10 from packages;`)
	if err := grypedb.Index(context.Background(), dir); !errors.Is(err, grypedb.ErrCorrupt) || !strings.Contains(err.Error(), "many times larger") {
		t.Errorf("%v", err)
	}
	onlyDatabase(t, dir)
}

// TestAnotherModelIsNoDamage.
func TestAnotherModelIsNoDamage(t *testing.T) {
	dir := fixture(t, "")
	if err := os.Remove(filepath.Join(dir, grypedb.LookupName)); err != nil {
		t.Fatal(err)
	}
	change(t, dir, "update db_metadata set model = 7")
	if err := grypedb.Index(context.Background(), dir); !errors.Is(err, grypedb.ErrSchema) || errors.Is(err, grypedb.ErrCorrupt) {
		t.Errorf("%v", err)
	}
}
