package grypedb_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/grypedb"
	"plimsoll/internal/inventory"
)

// schema is the part of the published schema that matching reads.
const schema = `
create table blobs (id integer primary key, value text not null);
create table db_metadata (build_timestamp datetime not null, model integer not null, revision integer not null, addition integer not null);
create table vulnerability_handles (id integer primary key, name text not null, status text not null, published_date datetime, modified_date datetime, withdrawn_date datetime, provider_id text not null, blob_id integer);
create table packages (id integer primary key, ecosystem text, name text);
create table operating_systems (id integer primary key, name text, release_id text, major_version text, minor_version text, label_version text, codename text, channel text);
create table operating_system_specifier_overrides (alias text, version text, version_pattern text, codename text, channel text, replacement text, replacement_major_version text, replacement_minor_version text, replacement_label_version text, replacement_channel text, rolling numeric, applicable_client_db_schemas text);
create table affected_package_handles (id integer primary key, vulnerability_id integer not null, operating_system_id integer, package_id integer, blob_id integer);
create table unaffected_package_handles (id integer primary key, vulnerability_id integer not null, operating_system_id integer, package_id integer, blob_id integer);
create table cpes (id integer primary key, part text not null, vendor text, product text not null, edition text, language text, software_edition text, target_hardware text, target_software text, other text);
create table affected_cpe_handles (id integer primary key, vulnerability_id integer not null, cpe_id integer, blob_id integer);
insert into db_metadata values ('2026-01-02 03:04:05+00:00', 6, 1, 10);
insert into blobs values
 (1, '{"severities":[{"scheme":"CHML","value":"high","rank":1}],"description":"prose"}'),
 (10, '{"ranges":[{"version":{"type":"dpkg","constraint":"< 2.0-1"},"fix":{"version":"2.0-1","state":"fixed","detail":{"available":{"date":"2024-05-06T00:00:00Z"},"references":[{"id":"DSA-1-1"}]}}}]}'),
 (11, '{"ranges":[{"version":{"type":"dpkg"},"fix":{"state":"wont-fix"}}]}'),
 (12, '{"ranges":[{"version":{"type":"rpm","constraint":"< 0:2.0-1"},"fix":{"version":"0:2.0-1","state":"fixed"}}],"qualifiers":{"rpm_modularity":"nodejs:12"}}'),
 (13, '{"ranges":[{"version":{"type":"rpm","constraint":"< 0:2.0-1"},"fix":{"version":"0:2.0-1","state":"fixed"}}]}'),
 (14, '{"ranges":[{"version":{"type":"rpm","constraint":">= 0:1.5-1"}}]}'),
 (15, '{"ranges":[{"version":{"type":"semver","constraint":"<2.0.0"},"fix":{"version":"2.0.0","state":"fixed"}}],"cves":["CVE-2024-0001"]}'),
 (16, '{"ranges":[{"version":{"constraint":"< 3.0"}}],"qualifiers":{"platform_cpes":["cpe:2.3:o:microsoft:windows:-:*:*:*:*:*:*:*"]}}'),
 (17, '{"ranges":[{"version":{"constraint":"< 3.0"}}]}');
insert into vulnerability_handles (id, name, status, provider_id, blob_id) values
 (1, 'CVE-2024-0001', 'active', 'vendor', 1), (2, 'CVE-2024-0002', 'active', 'vendor', 1), (3, 'GHSA-1', 'active', 'github', 1), (4, 'GHSA-2', 'withdrawn', 'github', 1);
insert into packages values (1, 'deb', 'src'), (2, 'rpm', 'npm'), (3, 'rpm', 'bash'), (4, 'npm', 'Left-Pad');
insert into operating_systems values
 (1, 'debian', 'debian', '12', '', '', 'bookworm', ''), (2, 'redhat', 'rhel', '9', '', '', '', ''), (3, 'almalinux', 'almalinux', '9', '', '', '', ''),
 (4, 'ubuntu', 'ubuntu', '18', '4', '', 'bionic', ''), (5, 'ubuntu', 'ubuntu', '18', '4', '', 'bionic', 'esm');
insert into operating_system_specifier_overrides (alias, replacement, rolling) values ('centos', 'rhel', 0), ('almalinux', 'rhel', 0);
insert into affected_package_handles (vulnerability_id, operating_system_id, package_id, blob_id) values
 (1, 1, 1, 10), (2, 1, 1, 11), (1, 2, 2, 12), (2, 2, 3, 13), (3, null, 4, 15), (4, null, 4, 15), (1, 4, 1, 11), (1, 5, 1, 10);
insert into unaffected_package_handles (vulnerability_id, operating_system_id, package_id, blob_id) values (2, 3, 3, 14);
insert into cpes values (1, 'a', 'acme', 'thing', '', '', '', '', '', '');
insert into affected_cpe_handles (vulnerability_id, cpe_id, blob_id) values (1, 1, 16), (2, 1, 17);
`

// fixture writes and indexes a small authentic database.
func fixture(t testing.TB, more string) string {
	t.Helper()
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, grypedb.FileName))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(context.Background(), schema+more)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if err := grypedb.Index(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func open(t testing.TB, dir string) advisory.Database {
	t.Helper()
	db, err := grypedb.Open(context.Background(), dir, advisory.Info{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func ids(o *advisory.Opinion) string {
	s := ""
	for _, m := range o.Matches {
		s += m.ID + " " + string(m.State) + ";"
	}
	return s
}

// TestFixtureMatches covers what the authentic copy has no records of.
func TestFixtureMatches(t *testing.T) {
	db := open(t, fixture(t, ""))
	module := inventory.Package{ID: "r", Type: "rpm", Name: "npm", Version: "1.0-1", Arch: "x86_64", Module: "nodejs:12:80300:abc"}
	otherModule, plain := module, module
	otherModule.Module, plain.Module = "nodejs:14:80300:abc", ""
	bash := inventory.Package{ID: "b", Type: "rpm", Name: "bash", Version: "1.0-1", Arch: "x86_64"}
	fixedBash := bash
	fixedBash.Version = "1.6-1"
	thing := runtime("thing", "2.0", "cpe:2.3:a:acme:thing:2.0:*:*:*:*:*:*:*")
	owned := language("npm", "", "left-pad", "1.0.0")
	owned.OwnedBy = "deb/node-left-pad"
	for _, tt := range []struct {
		name string
		d    inventory.Distribution
		p    inventory.Package
		want string
	}{
		{"source of a debian package", inventory.Distribution{ID: "debian", VersionID: "12.4"}, deb("bin", "1.0-1", "src"), "CVE-2024-0001 fixed;CVE-2024-0002 wont-fix;"},
		{"derivative by its relatives", inventory.Distribution{ID: "mine", IDLike: []string{"debian"}, VersionID: "12"}, deb("bin", "2.0-1", "src"), "CVE-2024-0002 wont-fix;"},
		{"module", inventory.Distribution{ID: "rhel", VersionID: "9.3"}, module, "CVE-2024-0001 fixed;"},
		{"another stream", inventory.Distribution{ID: "rhel", VersionID: "9.3"}, otherModule, ""},
		{"outside modules", inventory.Distribution{ID: "rhel", VersionID: "9.3"}, plain, ""},
		{"alias", inventory.Distribution{ID: "centos", VersionID: "9"}, bash, "CVE-2024-0002 fixed;"},
		{"alma takes its own fix", inventory.Distribution{ID: "almalinux", VersionID: "9.3"}, bash, "CVE-2024-0002 fixed;"},
		{"alma has fixed it", inventory.Distribution{ID: "almalinux", VersionID: "9.3"}, fixedBash, ""},
		{"ubuntu", inventory.Distribution{ID: "ubuntu", VersionID: "18.04"}, deb("bin", "1.0-1", "src"), "CVE-2024-0001 wont-fix;"},
		{"ubuntu pro", inventory.Distribution{ID: "ubuntu", VersionID: "18.04", Extended: "esm"}, deb("bin", "1.0-1", "src"), "CVE-2024-0001 fixed;"},
		{"ubuntu pro has fixed it", inventory.Distribution{ID: "ubuntu", VersionID: "18.04", Extended: "esm"}, deb("bin", "2.0-1", "src"), ""},
		{"names ignore case, withdrawn left out", inventory.Distribution{}, language("npm", "", "left-pad", "1.0.0"), "GHSA-1 fixed;"},
		{"owned by an OS package", inventory.Distribution{}, owned, ""},
		{"cpe, windows left out", inventory.Distribution{ID: "debian", VersionID: "12"}, thing, "CVE-2024-0002 unknown;"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := ids(match(t, db, &tt.d, tt.p)); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	m := match(t, db, &inventory.Distribution{ID: "debian", VersionID: "12"}, deb("bin", "1.0-1", "src")).Matches[0]
	if m.FixedOn != "2024-05-06" || len(m.Aliases) != 1 || m.Aliases[0] != "DSA-1-1" || m.Severity != advisory.High || m.MatchedName != "src" {
		t.Errorf("%+v", m)
	}
	alma := match(t, db, &inventory.Distribution{ID: "almalinux", VersionID: "9.3"}, bash).Matches[0]
	if len(alma.FixedIn) != 1 || alma.FixedIn[0] != "0:1.5-1" {
		t.Errorf("%+v", alma)
	}
}

func TestGaps(t *testing.T) {
	db := open(t, fixture(t, ""))
	for _, tt := range []struct {
		d    *inventory.Distribution
		p    inventory.Package
		want advisory.Gap
	}{
		{nil, deb("a", "1", "a"), advisory.Gap{Subject: "operating system packages", Packages: 1, Reason: advisory.NoDistribution, Distribution: true}},
		{&inventory.Distribution{ID: "debian", VersionID: "99"}, deb("a", "1", "a"), advisory.Gap{Subject: "debian 99", Packages: 1, Reason: advisory.ReleaseNotCovered, Distribution: true}},
		{&inventory.Distribution{ID: "fedora", VersionID: "40"}, bashOf("1-1"), advisory.Gap{Subject: "fedora 40", Packages: 1, Reason: advisory.DistributionNotCovered, Distribution: true}},
		{&inventory.Distribution{ID: "debian", VersionID: "12"}, deb("linux-libc-dev", "6.1-1", "linux"), advisory.Gap{Subject: "linux-libc-dev", Packages: 1, Reason: advisory.KernelHeadersReason}},
		{nil, language("conda", "", "a", "1"), advisory.Gap{Subject: "conda", Packages: 1, Reason: advisory.TypeNotCovered}},
		{nil, language("npm", "", "a", ""), advisory.Gap{Subject: "npm", Packages: 1, Reason: advisory.VersionNotComparable}},
	} {
		if o := match(t, db, tt.d, tt.p); len(o.Gaps) != 1 || o.Gaps[0] != tt.want {
			t.Errorf("%+v, want %+v", o.Gaps, tt.want)
		}
	}
}

func bashOf(v string) inventory.Package {
	return inventory.Package{ID: "b", Type: "rpm", Name: "bash", Version: v}
}

// TestIndexIsNeededOnceAndNoticesAnotherDatabase.
func TestIndexIsNeededOnceAndNoticesAnotherDatabase(t *testing.T) {
	dir := fixture(t, "")
	lookup := filepath.Join(dir, grypedb.LookupName)
	before, err := os.Stat(lookup)
	if err != nil {
		t.Fatal(err)
	}
	if err := grypedb.Index(context.Background(), filepath.Join(dir, grypedb.FileName)); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(lookup); err != nil || !os.SameFile(before, after) {
		t.Errorf("written again: %v", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, grypedb.FileName), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString("x")
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := grypedb.Open(context.Background(), dir, advisory.Info{}); !errors.Is(err, grypedb.ErrNotIndexed) {
		t.Errorf("another database: %v", err)
	}
}

// TestDamage: errors that say which file, never a panic or a wrong match.
func TestDamage(t *testing.T) {
	for name, content := range map[string]string{"empty": "", "text": "not a database, but longer than a header", "header only": "SQLite format 3\x00"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, grypedb.FileName), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := grypedb.Index(context.Background(), dir); !errors.Is(err, grypedb.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir := fixture(t, "")
	path := filepath.Join(dir, grypedb.LookupName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	inv := &inventory.Inventory{
		Distribution: &inventory.Distribution{ID: "debian", VersionID: "12"},
		Packages:     []inventory.Package{deb("bin", "1.0-1", "src"), language("npm", "", "left-pad", "1.0.0")},
	}
	for at := 0; at < len(whole); at += 7 {
		b := append([]byte(nil), whole...)
		b[at] ^= 0x55
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := grypedb.Open(context.Background(), dir, advisory.Info{})
		if err != nil {
			continue
		}
		_, _ = db.Match(context.Background(), inv)
		_ = db.Close()
	}
	if err := os.WriteFile(path, whole[:len(whole)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := grypedb.Open(context.Background(), dir, advisory.Info{}); !errors.Is(err, grypedb.ErrCorrupt) {
		t.Errorf("truncated: %v", err)
	}
}

// change runs SQL on the database in dir.
func change(t testing.TB, dir, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, grypedb.FileName))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(context.Background(), statements)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
