package lab

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/trivydb"
	"plimsoll/internal/inventory"
)

// inventoryOf is what an inspection of a stand-in finds, written from the tables.
func inventoryOf(t *testing.T, image string) *inventory.Inventory {
	t.Helper()
	d := &inventory.Distribution{ID: "debian", VersionID: "12", VersionCodename: "bookworm"}
	name := map[string]string{"python:3.8-slim": "python-packages.tsv", "python:3.8.19-slim": "python-rebuilt-packages.tsv", "node:14": "node-packages.tsv"}[image]
	inv := &inventory.Inventory{Distribution: d}
	add := func(p inventory.Package) {
		p.ID = p.Type + "/" + p.Name + "@" + p.Version
		inv.Packages = append(inv.Packages, p)
	}
	p, err := loadTable(name, packageColumns...)
	must(t, err)
	for _, r := range p.rows {
		add(inventory.Package{Type: "deb", Name: r[0], Version: r[1], Arch: r[2], Source: &inventory.Source{Name: r[4], Version: r[5]}})
	}
	if image != "node:14" {
		add(inventory.Package{Type: "pypi", Name: "pip", Version: "23.0.1"})
		add(inventory.Package{Type: "pypi", Name: "setuptools", Version: "57.5.0"})
	} else {
		d.VersionID, d.VersionCodename = "10", "buster"
		bundle, err := loadTable("npm-6.14.18.tsv", "folder", "name", "version", "license")
		must(t, err)
		for _, r := range bundle.rows {
			namespace, name, ok := strings.Cut(r[1], "/")
			if !ok {
				namespace, name = "", r[1]
			}
			add(inventory.Package{Type: "npm", Namespace: namespace, Name: name, Version: r[2]})
		}
	}
	slices.SortFunc(inv.Packages, func(a, b inventory.Package) int { return cmp.Compare(a.ID, b.ID) })
	inv.Packages = slices.CompactFunc(inv.Packages, func(a, b inventory.Package) bool { return a.ID == b.ID })
	return inv
}

func trivyOpinion(t *testing.T, dir, image string) []advisory.Match {
	t.Helper()
	db, err := trivydb.Open(t.Context(), dir, advisory.Info{})
	must(t, err)
	defer db.Close()
	o, err := db.Match(t.Context(), inventoryOf(t, image))
	must(t, err)
	return o.Matches
}

func TestTheBaseIsDozensOfFixesBehind(t *testing.T) {
	l := build(t)
	for image, want := range map[string][2]int{ // fixable HIGH or CRITICAL, at least; without a fix, at least
		"python:3.8-slim": {24, 24}, "node:14": {100, 3},
	} {
		var fixable, unfixed int
		for _, m := range trivyOpinion(t, l.TrivyDir, image) {
			switch {
			case m.State != advisory.Fixed:
				unfixed++
			case m.Severity >= advisory.High:
				fixable++
			}
		}
		t.Logf("%s: %d fixable HIGH or CRITICAL, %d without a fix", image, fixable, unfixed)
		if fixable < want[0] || unfixed < want[1] {
			t.Errorf("%s: %d fixable HIGH or CRITICAL and %d without a fix, want at least %v", image, fixable, unfixed, want)
		}
	}
}

func TestARebuildClearsMostOfTheFixable(t *testing.T) {
	l := build(t)
	count := func(image string) (n int) {
		for _, m := range trivyOpinion(t, l.TrivyDir, image) {
			if m.State == advisory.Fixed && m.Severity >= advisory.High && strings.HasPrefix(m.PackageID, "deb/") {
				n++
			}
		}
		return n
	}
	before, after := count("python:3.8-slim"), count("python:3.8.19-slim")
	t.Logf("%d before, %d after", before, after)
	if after*2 > before {
		t.Errorf("%d fixable before, still %d after", before, after)
	}
}

// TestOpinionIsThatOfTheCompleteDatabase: on the stand-in images, the small
// database and the complete one it was taken from say the same.
func TestOpinionIsThatOfTheCompleteDatabase(t *testing.T) {
	shared := sharedData(t)
	complete := t.TempDir()
	unpackTrivy(t, filepath.Join(shared, "trivy-db", "oci"), complete)
	for _, image := range build(t).Images {
		want := signatures(trivyOpinion(t, complete, image.Name))
		got := signatures(trivyOpinion(t, build(t).TrivyDir, image.Name))
		for s := range got {
			if !want[s] {
				t.Errorf("%s: only the small database says %s", image.Name, s)
			}
		}
		for s := range want {
			if !got[s] {
				t.Errorf("%s: only the complete database says %s", image.Name, s)
			}
		}
		if len(got) == 0 {
			t.Errorf("%s: no match at all", image.Name)
		}
	}
}

// signatures are what each match says, the kernel's left out: of its
// advisories the small database holds a choice.
func signatures(matches []advisory.Match) map[string]bool {
	all := map[string]bool{}
	for _, m := range matches {
		if m.MatchedName == "linux" {
			continue
		}
		all[strings.Join([]string{
			m.PackageID, m.ID, m.Severity.String(), m.SeverityFrom, string(m.State), strings.Join(m.FixedIn, ","), strings.Join(m.Aliases, ","),
		}, " ")] = true
	}
	return all
}
