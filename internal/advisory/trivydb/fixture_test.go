package trivydb_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/trivydb"
	"plimsoll/internal/inventory"
)

// record is one value of a fixture: its path of buckets, key and JSON.
type record struct {
	path  []string
	value string
}

// fixture writes a small authentic database.
func fixture(t testing.TB, records ...record) string {
	t.Helper()
	dir := t.TempDir()
	db, err := bolt.Open(filepath.Join(dir, trivydb.FileName), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	records = append(records, record{
		[]string{"vulnerability", "CVE-2024-0001"},
		`{"Title":"a \"quoted\" title","Severity":"MEDIUM","VendorSeverity":{"nvd":3,"debian":1,"redhat":2},"CVSS":{"nvd":{"V3Vector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N","V3Score":7.5}}}`,
	})
	err = db.Update(func(tx *bolt.Tx) error {
		for _, r := range records {
			b, err := tx.CreateBucketIfNotExists([]byte(r.path[0]))
			for _, name := range r.path[1 : len(r.path)-1] {
				if err == nil {
					b, err = b.CreateBucketIfNotExists([]byte(name))
				}
			}
			if err == nil {
				err = b.Put([]byte(r.path[len(r.path)-1]), []byte(r.value))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "metadata.json"), []byte(`{"Version":2,"UpdatedAt":"2026-01-02T03:04:05Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func open(t testing.TB, dir string) advisory.Database {
	t.Helper()
	db, err := trivydb.Open(context.Background(), dir, advisory.Info{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func rpm(name, version string) inventory.Package {
	return inventory.Package{ID: "rpm/" + name, Type: "rpm", Name: name, Version: version, Arch: "x86_64"}
}

const fixedIn2 = `{"FixedVersion":"2.0-1"}`

// TestEveryDistributionHasItsOwnKeys: one vulnerable package on each.
func TestEveryDistributionHasItsOwnKeys(t *testing.T) {
	source := &inventory.Source{Name: "src", Version: "1.0-1"}
	modular := rpm("npm", "1.0-1")
	modular.Module = "nodejs:12:8030020201124152102:229f0a1c"
	withSource := func(p inventory.Package) inventory.Package { p.Source = source; return p }
	tests := []struct {
		id, version string
		bucket, key string
		value       string
		p           inventory.Package
		holds       bool
	}{
		{"debian", "12.4", "debian 12", "src", fixedIn2, withSource(deb("bin", "1.0-1", "")), true},
		{"ubuntu", "22.04", "ubuntu 22.04", "src", fixedIn2, withSource(deb("bin", "1.0-1", "")), true},
		{"alpine", "3.19.1", "alpine 3.19", "src", `{"FixedVersion":"1.1-r0"}`, inventory.Package{ID: "a", Type: "apk", Name: "bin", Version: "1.0-r0", Source: &inventory.Source{Name: "src", Version: "1.0-r0"}}, true},
		{"alpine", "3.21.0_alpha20240807", "alpine edge", "bin", `{"FixedVersion":"1.1-r0"}`, inventory.Package{ID: "a", Type: "apk", Name: "bin", Version: "1.0-r0"}, true},
		{"wolfi", "20230201", "wolfi", "bin", `{"FixedVersion":"1.1-r0"}`, inventory.Package{ID: "a", Type: "apk", Name: "bin", Version: "1.0-r0"}, true},
		{"chainguard", "20230214", "chainguard", "bin", `{"FixedVersion":"1.1-r0"}`, inventory.Package{ID: "a", Type: "apk", Name: "bin", Version: "1.0-r0"}, true},
		{"almalinux", "9.3", "alma 9", "nodejs:12::npm", fixedIn2, modular, true},
		{"almalinux", "9.3", "alma 9", "npm", fixedIn2, modular, false},
		{"rocky", "9.3", "rocky 9", "bin", `{"FixedVersion":"2.0-1","Entries":[{"FixedVersion":"2.0-1","Arches":["x86_64"]}]}`, rpm("bin", "1.0-1"), true},
		{"rocky", "9.3", "rocky 9", "bin", `{"FixedVersion":"2.0-1","Entries":[{"FixedVersion":"2.0-1","Arches":["aarch64"]}]}`, rpm("bin", "1.0-1"), false},
		{"ol", "8.9", "Oracle Linux 8", "bin", `{"Entries":[{"FixedVersion":"2.0-1","Arches":["x86_64"]}]}`, rpm("bin", "1.0-1"), true},
		{"ol", "8.9", "Oracle Linux 8", "bin", `{"Entries":[{"FixedVersion":"2.0-1.ksplice1.el8","Arches":["x86_64"]}]}`, rpm("bin", "1.0-1"), false},
		{"amzn", "2023", "amazon linux 2023", "bin", fixedIn2, rpm("bin", "1.0-1"), true},
		{"amzn", "2018.03", "amazon linux 1", "bin", fixedIn2, rpm("bin", "1.0-1"), true},
		{"sles", "15.5", "SUSE Linux Enterprise 15.5", "bin", fixedIn2, rpm("bin", "1.0-1"), true},
		{"opensuse-leap", "15.5", "openSUSE Leap 15.5", "bin", fixedIn2, rpm("bin", "1.0-1"), true},
		{"opensuse-tumbleweed", "20240101", "openSUSE Tumbleweed", "bin", fixedIn2, rpm("bin", "1.0-1"), true},
		{"sle-micro", "5.3", "SUSE Linux Enterprise Micro 5.3", "bin", fixedIn2, rpm("bin", "1.0-1"), true},
		{"photon", "4.0", "Photon OS 4.0", "src", fixedIn2, withSource(rpm("bin", "1.0-1")), true},
		{"azurelinux", "3.0.20240727", "Azure Linux 3.0", "src", fixedIn2, withSource(rpm("bin", "1.0-1")), true},
		{"mariner", "2.0.20230107", "CBL-Mariner 2.0", "src", fixedIn2, withSource(rpm("bin", "1.0-1")), true},
	}
	for _, tt := range tests {
		t.Run(tt.id+" "+tt.version, func(t *testing.T) {
			db := open(t, fixture(t, record{[]string{tt.bucket, tt.key, "CVE-2024-0001"}, tt.value}))
			o := match(t, db, &inventory.Distribution{ID: tt.id, VersionID: tt.version}, tt.p)
			if got := len(o.Matches) == 1; got != tt.holds || len(o.Gaps) != 0 {
				t.Errorf("matches %v, gaps %v", o.Matches, o.Gaps)
			}
		})
	}
}

// TestRedHat: content sets choose the product, entries the fix.
func TestRedHat(t *testing.T) {
	dir := fixture(t,
		record{[]string{"Red Hat CPE", "repository", "rhel-9-for-x86_64-baseos-rpms"}, `[1,2]`},
		record{[]string{"Red Hat CPE", "repository", "rhel-8-for-x86_64-baseos-rpms"}, `[8]`},
		record{[]string{"Red Hat", "bash", "RHSA-2024:0001"}, `{"Entries":[{"FixedVersion":"0:5.1-9.el9","Cves":[{"ID":"CVE-2024-0001","Severity":3},{"ID":"CVE-2024-0002","Severity":1}],"Arches":["x86_64"],"Affected":[2,7]},{"FixedVersion":"0:9.9-1.el8","Cves":[{"ID":"CVE-2024-0001","Severity":4}],"Affected":[8]}]}`},
		record{[]string{"Red Hat", "bash", "CVE-2024-0003"}, `{"Entries":[{"Status":5,"Cves":[{"Severity":1}],"Affected":[1]}]}`},
		record{[]string{"Red Hat", "bash", "CVE-2024-0004"}, `{"Entries":[{"Status":2,"Cves":[{"Severity":1}],"Affected":[99]}]}`},
	)
	db := open(t, dir)
	o := match(t, db, &inventory.Distribution{ID: "rhel", VersionID: "9.3"}, rpm("bash", "5.1-6.el9"))
	one := find(o, "rpm/bash", "CVE-2024-0001")
	if one == nil || one.FixedIn[0] != "0:5.1-9.el9" || one.Severity != advisory.High || one.SeverityFrom != "redhat" || one.Aliases[0] != "RHSA-2024:0001" {
		t.Errorf("%+v", one)
	}
	if three := find(o, "rpm/bash", "CVE-2024-0003"); three == nil || three.State != advisory.WontFix || three.FixedIn != nil {
		t.Errorf("%+v", three)
	}
	if len(o.Matches) != 3 {
		t.Errorf("%d matches, want 3", len(o.Matches))
	}
	o = match(t, db, &inventory.Distribution{ID: "centos", VersionID: "9", ContentSets: []string{"rhel-8-for-x86_64-baseos-rpms"}}, rpm("bash", "5.1-6.el9"))
	if len(o.Matches) != 1 || o.Matches[0].FixedIn[0] != "0:9.9-1.el8" {
		t.Errorf("content sets of the image: %+v", o.Matches)
	}
	o = match(t, db, &inventory.Distribution{ID: "rhel", VersionID: "7.9"}, rpm("bash", "5.1-6.el9"))
	if len(o.Matches) != 0 || len(o.Gaps) != 1 || o.Gaps[0].Reason != advisory.ReleaseNotCovered {
		t.Errorf("release without products: %+v", o)
	}
}

func TestUbuntuPro(t *testing.T) {
	db := open(t, fixture(t,
		record{[]string{"ubuntu 18.04", "bash", "CVE-2024-0001"}, `{}`},
		record{[]string{"ubuntu 18.04-ESM", "bash", "CVE-2024-0001"}, fixedIn2},
	))
	p := deb("bash", "1.0-1", "bash")
	plain := match(t, db, &inventory.Distribution{ID: "ubuntu", VersionID: "18.04"}, p)
	pro := match(t, db, &inventory.Distribution{ID: "ubuntu", VersionID: "18.04", Extended: "esm"}, p)
	if plain.Matches[0].State != advisory.NotFixed || pro.Matches[0].State != advisory.Fixed {
		t.Errorf("plain %+v, pro %+v", plain.Matches, pro.Matches)
	}
}

// TestSeverityPrecedence: an advisory's own, its source's, NVD's.
func TestSeverityPrecedence(t *testing.T) {
	db := open(t, fixture(t,
		record{[]string{"data-source", "debian 12"}, `{"ID":"debian"}`},
		record{[]string{"debian 12", "own", "CVE-2024-0001"}, `{"Severity":4,"Status":6}`},
		record{[]string{"debian 12", "source", "CVE-2024-0001"}, `{"Status":2}`},
		record{[]string{"pip::x", "nvd", "CVE-2024-0001"}, `{"VulnerableVersions":["<2"]}`},
	))
	o := match(t, db, &inventory.Distribution{ID: "debian", VersionID: "12"},
		deb("own", "1", "own"), deb("source", "1", "source"), language("pypi", "", "nvd", "1.0"))
	for id, want := range map[string]advisory.Severity{"deb/own": advisory.Critical, "deb/source": advisory.Low, "pypi/nvd": advisory.High} {
		if m := find(o, id, "CVE-2024-0001"); m == nil || m.Severity != want {
			t.Errorf("%s: %+v, want %s", id, m, want)
		}
	}
	if m := find(o, "deb/own", "CVE-2024-0001"); m.State != advisory.FixDeferred || m.CVSS[0].Score != 7.5 {
		t.Errorf("%+v", m)
	}
}

// TestGaps: what cannot be judged is said, with counts.
func TestGaps(t *testing.T) {
	db := open(t, fixture(t, record{[]string{"debian 12", "linux", "CVE-2024-0001"}, `{}`}, record{[]string{"npm::x", "a", "CVE-2024-0001"}, `{"VulnerableVersions":["<2"]}`}))
	owned := language("npm", "", "a", "1.0.0")
	owned.OwnedBy = "deb/node-a"
	for _, tt := range []struct {
		d        *inventory.Distribution
		packages []inventory.Package
		want     []advisory.Gap
	}{
		{nil, []inventory.Package{deb("a", "1", "a"), deb("b", "1", "b")}, []advisory.Gap{{Subject: "operating system packages", Packages: 2, Reason: advisory.NoDistribution, Distribution: true}}},
		{&inventory.Distribution{ID: "arch"}, []inventory.Package{{ID: "x", Type: "alpm", Name: "x", Version: "1-1"}}, []advisory.Gap{{Subject: "arch", Packages: 1, Reason: advisory.DistributionNotCovered, Distribution: true}}},
		{&inventory.Distribution{ID: "debian", VersionID: "99"}, []inventory.Package{deb("a", "1", "a")}, []advisory.Gap{{Subject: "debian 99", Packages: 1, Reason: advisory.ReleaseNotCovered, Distribution: true}}},
		{&inventory.Distribution{ID: "debian", VersionID: "12"}, []inventory.Package{deb("linux-libc-dev", "6.1.0-1", "linux")}, []advisory.Gap{{Subject: "linux-libc-dev", Packages: 1, Reason: advisory.KernelHeadersReason}}},
		{nil, []inventory.Package{owned}, nil},
		{nil, []inventory.Package{language("conda", "", "a", "1"), language("npm", "", "a", "latest")}, []advisory.Gap{
			{Subject: "conda", Packages: 1, Reason: advisory.TypeNotCovered}, {Subject: "npm", Packages: 1, Reason: advisory.VersionNotComparable},
		}},
	} {
		o := match(t, db, tt.d, tt.packages...)
		if len(o.Matches) != 0 || len(o.Gaps) != len(tt.want) {
			t.Errorf("%+v, want gaps %v", o, tt.want)
			continue
		}
		for i := range tt.want {
			if o.Gaps[i] != tt.want[i] {
				t.Errorf("gap %+v, want %+v", o.Gaps[i], tt.want[i])
			}
		}
	}
}

// TestDamagedDatabases: an error that names the file, never a panic.
func TestDamagedDatabases(t *testing.T) {
	whole := fixture(t, record{[]string{"debian 12", "a", "CVE-2024-0001"}, `{"FixedVersion":`})
	content, err := os.ReadFile(filepath.Join(whole, trivydb.FileName))
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"empty": nil, "text": []byte("not a database"), "truncated": content[:len(content)/2], "headers only": content[:8192],
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, trivydb.FileName), b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := trivydb.Open(context.Background(), dir, advisory.Info{}); !errors.Is(err, trivydb.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	db := open(t, whole)
	_, err = db.Match(context.Background(), &inventory.Inventory{
		Distribution: &inventory.Distribution{ID: "debian", VersionID: "12"}, Packages: []inventory.Package{deb("a", "1", "a")},
	})
	if !errors.Is(err, trivydb.ErrCorrupt) {
		t.Errorf("bad JSON: %v", err)
	}
	if err := os.WriteFile(filepath.Join(whole, "metadata.json"), []byte(`{"Version":3}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := trivydb.Open(context.Background(), whole, advisory.Info{}); !errors.Is(err, trivydb.ErrSchema) {
		t.Errorf("schema 3: %v", err)
	}
}

// BenchmarkColdMatch opens the authentic database and judges 430 Debian and
// 1,000 npm packages, as a scan does.
func BenchmarkColdMatch(b *testing.B) {
	dir := authenticDir(b)
	inv := largeInventory(b, filepath.Join(dir, trivydb.FileName))
	matches := 0
	for b.Loop() {
		db, err := trivydb.Open(context.Background(), dir, advisory.Info{})
		if err != nil {
			b.Fatal(err)
		}
		o, err := db.Match(context.Background(), inv)
		if err != nil {
			b.Fatal(err)
		}
		matches = len(o.Matches)
		_ = db.Close()
	}
	b.ReportMetric(float64(matches), "matches")
}

func largeInventory(b *testing.B, path string) *inventory.Inventory {
	b.Helper()
	db, err := bolt.Open(path, 0o400, &bolt.Options{ReadOnly: true})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // only read
	inv := &inventory.Inventory{Distribution: &inventory.Distribution{ID: "debian", VersionID: "12"}}
	err = db.View(func(tx *bolt.Tx) error {
		for bucket, p := range map[string]struct {
			n int
			f func(name string) inventory.Package
		}{
			"debian 12":                         {430, func(name string) inventory.Package { return deb(name, "1:1.0-1", name) }},
			"npm::GitHub Security Advisory npm": {1000, func(name string) inventory.Package { return language("npm", "", name, "1.2.3") }},
		} {
			c := tx.Bucket([]byte(bucket)).Cursor()
			i := 0
			for k, _ := c.First(); k != nil && i < p.n; k, _ = c.Next() {
				inv.Packages = append(inv.Packages, p.f(string(k)))
				i++
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return inv
}
