package trivydb_test

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
	debian12 := &inventory.Distribution{ID: "debian", VersionID: "12"}
	alpine318 := &inventory.Distribution{ID: "alpine", VersionID: "3.18.4"}
	tests := []struct {
		name     string
		d        *inventory.Distribution
		p        inventory.Package
		has      []string
		hasNot   []string
		fixedIn  string // of the first of has
		severity advisory.Severity
		from     string
	}{
		{
			name: "debian compares the source's version", d: debian12,
			p:       deb("libssl3", "3.0.11-1~deb12u2", "openssl"),
			has:     []string{"CVE-2023-5678", "CVE-2024-5535", "CVE-2024-0727"},
			hasNot:  []string{"CVE-2023-5363", "CVE-2002-0655", "CVE-2019-1547"},
			fixedIn: "3.0.13-1~deb12u1", severity: advisory.Medium, from: "nvd",
		},
		{
			name: "alpine by origin package", d: alpine318,
			p: inventory.Package{
				ID: "apk/libcrypto3", Type: "apk", Name: "libcrypto3", Version: "3.1.1-r1",
				Source: &inventory.Source{Name: "openssl", Version: "3.1.1-r1"},
			},
			has: []string{"CVE-2023-3817", "CVE-2023-5363"}, hasNot: []string{"CVE-2018-0734"},
			fixedIn: "3.1.2-r0", severity: advisory.Medium, from: "nvd",
		},
		{
			name: "npm", p: language("npm", "", "lodash", "4.17.15"),
			has:     []string{"CVE-2021-23337", "CVE-2020-28500", "CVE-2020-8203"},
			hasNot:  []string{"CVE-2019-10744", "CVE-2018-3721"},
			fixedIn: "4.17.21", severity: advisory.High, from: "ghsa",
		},
		{
			name: "pypi", p: language("pypi", "", "Requests", "2.28.1"),
			has: []string{"CVE-2023-32681", "CVE-2024-35195"}, hasNot: []string{"CVE-2018-18074"},
			fixedIn: "2.31.0", severity: advisory.Medium, from: "ghsa",
		},
		{
			name: "go module", p: language("golang", "golang.org/x", "net", "v0.7.0"),
			has: []string{"CVE-2023-39325", "CVE-2023-45288"}, hasNot: []string{"CVE-2022-41717"},
			fixedIn: "0.17.0", severity: advisory.High, from: "nvd",
		},
		{
			name: "go standard library", p: language("golang", "", "stdlib", "1.19.3"),
			has: []string{"CVE-2022-41717"}, hasNot: []string{"CVE-2014-7189"},
			fixedIn: "1.19.4", severity: advisory.Medium, from: "nvd",
		},
		{
			name: "maven lists the fix that is ahead", p: language("maven", "org.apache.logging.log4j", "log4j-core", "2.14.1"),
			has:     []string{"CVE-2021-44228", "CVE-2021-45046", "CVE-2021-44832"},
			hasNot:  []string{"CVE-2017-5645", "CVE-2020-9488"},
			fixedIn: "2.15.0", severity: advisory.Critical, from: "ghsa",
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
			if len(m.FixedIn) == 0 || m.FixedIn[0] != tt.fixedIn || m.State != advisory.Fixed {
				t.Errorf("%s: fixed in %v (%s), want %s", m.ID, m.FixedIn, m.State, tt.fixedIn)
			}
			if m.Severity != tt.severity || m.SeverityFrom != tt.from {
				t.Errorf("%s: severity %s from %q, want %s from %q", m.ID, m.Severity, m.SeverityFrom, tt.severity, tt.from)
			}
		})
	}
}
