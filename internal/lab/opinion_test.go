package lab

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/grypedb"
	"plimsoll/internal/advisory/trivydb"
	"plimsoll/internal/inventory"
)

// inherited are the images that stand for official ones; what is planted in the
// others no database of vulnerabilities knows of.
func inherited(l *Lab) []LabImage {
	return slices.DeleteFunc(slices.Clone(l.Images), func(i LabImage) bool { return i.Planted })
}

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
		version := strings.TrimSuffix(strings.TrimPrefix(image, "python:"), "-slim")
		if version == "3.8" {
			version = "3.8.18"
		}
		add(inventory.Package{Type: "generic", Name: "python", Version: version, CPEs: []string{"cpe:2.3:a:python:python:" + version + ":*:*:*:*:*:*:*"}})
	} else {
		d.VersionID, d.VersionCodename = "10", "buster"
		add(inventory.Package{Type: "generic", Name: "node", Version: nodeVersion, CPEs: []string{"cpe:2.3:a:nodejs:node.js:" + nodeVersion + ":*:*:*:*:*:*:*"}})
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

// opener opens one of the two databases.
type opener func(ctx context.Context, dir string, info advisory.Info) (advisory.Database, error)

func opinion(t *testing.T, open opener, dir, image string) []advisory.Match {
	t.Helper()
	db, err := open(t.Context(), dir, advisory.Info{})
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
		for _, m := range opinion(t, trivydb.Open, l.TrivyDir, image) {
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
		for _, m := range opinion(t, trivydb.Open, l.TrivyDir, image) {
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

// TestOpinionsAreThoseOfTheCompleteDatabases: on the stand-in images, the
// small databases and the complete ones they were taken from say the same.
func TestOpinionsAreThoseOfTheCompleteDatabases(t *testing.T) {
	shared := sharedData(t)
	trivy, grype := t.TempDir(), t.TempDir()
	unpackTrivy(t, filepath.Join(shared, "trivy-db", "oci"), trivy)
	unpackGrype(t, filepath.Join(shared, "grype-db", "v6"), grype)
	must(t, grypedb.Index(t.Context(), grype))
	l := build(t)
	for _, image := range inherited(l) {
		for _, d := range []struct {
			open            opener
			complete, small string
		}{{trivydb.Open, trivy, l.TrivyDir}, {grypedb.Open, grype, l.GrypeDir}} {
			compareOpinions(t, image.Name, signatures(opinion(t, d.open, d.complete, image.Name)), signatures(opinion(t, d.open, d.small, image.Name)))
		}
	}
}

func compareOpinions(t *testing.T, image string, complete, small map[string]bool) {
	t.Helper()
	for s := range small {
		if !complete[s] {
			t.Errorf("%s: only the small database says %s", image, s)
		}
	}
	for s := range complete {
		if !small[s] {
			t.Errorf("%s: only the complete database says %s", image, s)
		}
	}
	if len(small) == 0 {
		t.Errorf("%s: no match at all", image)
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
			m.PackageID, m.ID, m.Severity.String(), m.SeverityFrom, string(m.State), strings.Join(m.FixedIn, ","), m.FixedOn,
			strings.Join(m.Aliases, ","), string(m.By), m.Affected, fmt.Sprint(m.CVSS, m.EPSS != nil, m.KEV != nil),
		}, " ")] = true
	}
	return all
}

// TestTheTwoDisagreeAsTheirPublishersDo: each way in which the two real
// databases differ over these images is in the small ones too.
func TestTheTwoDisagreeAsTheirPublishersDo(t *testing.T) {
	l := build(t)
	seen := map[string]string{}
	for _, image := range inherited(l) {
		trivy := byPackageAndID(opinion(t, trivydb.Open, l.TrivyDir, image.Name))
		for _, g := range opinion(t, grypedb.Open, l.GrypeDir, image.Name) {
			what := g.PackageID + " " + g.ID
			if m, ok := trivy[what]; ok {
				switch {
				case m.State == advisory.NotFixed && g.State == advisory.WontFix:
					seen["no-dsa: affected, or won't be fixed"] = what
				case m.Severity == advisory.Low && g.Severity == advisory.Negligible:
					seen["unimportant: low, or negligible"] = what
				case m.Severity >= advisory.Medium && g.Severity == advisory.Unknown:
					seen["another vendor's severity, or none"] = what
				}
			}
			for _, alias := range g.Aliases {
				if _, ok := trivy[g.PackageID+" "+alias]; ok && strings.HasPrefix(g.ID, "GHSA-") {
					seen["keyed by CVE, or by GHSA"] = what
				}
			}
			if g.By == advisory.ByCPE {
				seen["a runtime that one of them knows"] = what
			}
		}
	}
	t.Logf("%v", seen)
	if len(seen) != 5 {
		t.Errorf("%d of 5 disagreements", len(seen))
	}
}

func byPackageAndID(matches []advisory.Match) map[string]advisory.Match {
	all := map[string]advisory.Match{}
	for _, m := range matches {
		all[m.PackageID+" "+m.ID] = m
	}
	return all
}
