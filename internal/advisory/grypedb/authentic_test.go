package grypedb_test

import (
	"context"
	"slices"
	"testing"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
)

func deb(name, version, source string) inventory.Package {
	return inventory.Package{
		ID: "deb/" + name, Type: "deb", Name: name, Version: version, Arch: "amd64",
		Source: &inventory.Source{Name: source, Version: version},
	}
}

func language(purlType, namespace, name, version string) inventory.Package {
	return inventory.Package{ID: purlType + "/" + name, Type: purlType, Namespace: namespace, Name: name, Version: version}
}

func runtime(name, version, cpe string) inventory.Package {
	return inventory.Package{ID: "generic/" + name, Type: "generic", Name: name, Version: version, CPEs: []string{cpe}}
}

func match(t *testing.T, db advisory.Database, d *inventory.Distribution, packages ...inventory.Package) *advisory.Opinion {
	t.Helper()
	o, err := db.Match(context.Background(), &inventory.Inventory{Distribution: d, Packages: packages})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func find(o *advisory.Opinion, pkg, id string) *advisory.Match {
	i := slices.IndexFunc(o.Matches, func(m advisory.Match) bool { return m.PackageID == pkg && m.ID == id })
	if i < 0 {
		return nil
	}
	return &o.Matches[i]
}

// TestAuthenticDatabaseHoldsWhatItsRecordsSay checks matches read by hand from
// the authentic database.
func TestAuthenticDatabaseHoldsWhatItsRecordsSay(t *testing.T) {
	db := openAuthentic(t)
	debian12 := &inventory.Distribution{ID: "debian", VersionID: "12", VersionCodename: "bookworm"}
	alpine318 := &inventory.Distribution{ID: "alpine", VersionID: "3.18.4"}
	tests := []struct {
		name    string
		d       *inventory.Distribution
		p       inventory.Package
		has     []string
		hasNot  []string
		fixedIn string // of the first of has
		by      advisory.MatchedBy
		alias   string
	}{
		{
			name: "debian by source package", d: debian12,
			p:       deb("libssl3", "3.0.11-1~deb12u2", "openssl"),
			has:     []string{"CVE-2023-5678", "CVE-2024-5535", "CVE-2024-0727", "CVE-2010-0928"},
			hasNot:  []string{"CVE-2023-5363", "CVE-2019-1547"},
			fixedIn: "3.0.13-1~deb12u1", by: advisory.BySource,
		},
		{
			name: "alpine by origin package", d: alpine318,
			p: inventory.Package{
				ID: "apk/libcrypto3", Type: "apk", Name: "libcrypto3", Version: "3.1.1-r1",
				Source: &inventory.Source{Name: "openssl", Version: "3.1.1-r1"},
			},
			has: []string{"CVE-2023-3817", "CVE-2023-5363"}, hasNot: []string{"CVE-2018-0734"},
			fixedIn: "3.1.2-r0", by: advisory.BySource,
		},
		{
			name: "npm by GHSA", p: language("npm", "", "lodash", "4.17.15"),
			has:     []string{"GHSA-35jh-r3h4-6jhm", "GHSA-29mw-wpgm-hmr9"},
			hasNot:  []string{"GHSA-jf85-cpcp-j695"},
			fixedIn: "4.17.21", by: advisory.ByEcosystem, alias: "CVE-2021-23337",
		},
		{
			name: "pypi ignores case and separators", p: language("pypi", "", "Requests", "2.28.1"),
			has: []string{"GHSA-j8r2-6x86-q33q"}, hasNot: []string{"GHSA-x84v-xcm2-53pg"},
			fixedIn: "2.31.0", by: advisory.ByEcosystem, alias: "CVE-2023-32681",
		},
		{
			name: "go standard library by name, the tools' flaws left out", p: language("golang", "", "stdlib", "1.19.3"),
			has:     []string{"GO-2022-1144"},
			hasNot:  []string{"CVE-2022-41717", "CVE-2023-24531"},
			fixedIn: "1.19.4", by: advisory.ByEcosystem, alias: "CVE-2022-41717",
		},
		{
			name: "every fix of a record, those of other branches too", p: language("golang", "", "stdlib", "1.20.4"),
			has:     []string{"GO-2023-2102"},
			fixedIn: "1.21.3", by: advisory.ByEcosystem, alias: "CVE-2023-39325",
		},
		{
			name: "maven takes the fix of the range that holds", p: language("maven", "org.apache.logging.log4j", "log4j-core", "2.14.1"),
			has:     []string{"GHSA-jfh8-c2jp-5v3q", "GHSA-7rjr-3q55-vv33"},
			hasNot:  []string{"GHSA-fxph-q3j8-mv87"},
			fixedIn: "2.15.0", by: advisory.ByEcosystem, alias: "CVE-2021-44228",
		},
		{
			name: "CPython by CPE, Windows' flaws left out", d: debian12,
			p:       runtime("python", "3.8.5", "cpe:2.3:a:python:python:3.8.5:*:*:*:*:*:*:*"),
			has:     []string{"CVE-2021-3177", "CVE-2022-0391"},
			hasNot:  []string{"CVE-2022-26488", "CVE-2020-10735", "CVE-2014-0224"},
			fixedIn: "3.8.8", by: advisory.ByCPE,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := match(t, db, tt.d, tt.p)
			for _, id := range tt.has {
				if find(o, tt.p.ID, id) == nil {
					t.Errorf("%s is missing", id)
				}
			}
			for _, id := range tt.hasNot {
				if find(o, tt.p.ID, id) != nil {
					t.Errorf("%s should not match", id)
				}
			}
			m := find(o, tt.p.ID, tt.has[0])
			if m == nil {
				return
			}
			if !slices.Contains(m.FixedIn, tt.fixedIn) || m.State != advisory.Fixed || m.By != tt.by {
				t.Errorf("%s: fixed in %v (%s) by %s, want %s by %s", m.ID, m.FixedIn, m.State, m.By, tt.fixedIn, tt.by)
			}
			if tt.alias != "" && !slices.Contains(m.Aliases, tt.alias) {
				t.Errorf("%s: aliases %v lack %s", m.ID, m.Aliases, tt.alias)
			}
		})
	}
}

// TestKnowledgeBeyondTheMatch checks EPSS, KEV, CVSS and prose of Log4Shell.
func TestKnowledgeBeyondTheMatch(t *testing.T) {
	db := openAuthentic(t)
	p := language("maven", "org.apache.logging.log4j", "log4j-core", "2.14.1")
	m := find(match(t, db, nil, p), p.ID, "GHSA-jfh8-c2jp-5v3q")
	if m == nil {
		t.Fatal("no match")
	}
	if m.EPSS == nil || m.EPSS.Probability < 0.9 || m.EPSS.Date != "2026-08-16" {
		t.Errorf("EPSS %+v", m.EPSS)
	}
	if m.KEV == nil || m.KEV.DateAdded != "2021-12-10" || !m.KEV.Ransomware {
		t.Errorf("KEV %+v", m.KEV)
	}
	if m.Severity != advisory.Critical || m.Provider != "github" {
		t.Errorf("severity %s by %s", m.Severity, m.Provider)
	}
	details, err := db.Details(context.Background(), []string{"CVE-2021-44228", "CVE-0000-0000"})
	if err != nil {
		t.Fatal(err)
	}
	d, ok := details["CVE-2021-44228"]
	if len(details) != 1 || !ok || d.Published.Year() != 2021 || len(d.Description) < 100 || len(d.References) < 10 {
		t.Errorf("details %+v", details)
	}
}
