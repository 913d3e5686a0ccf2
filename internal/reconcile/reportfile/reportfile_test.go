package reportfile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
)

func reading(t *testing.T, file string) *Reading {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := Read(f, file)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// lines says what a reading holds: one line for each match.
func lines(r *Reading) []string {
	var out []string
	for _, m := range r.Opinion.Matches {
		out = append(out, fmt.Sprintf("%s %s %v %s %s %v", m.PackageID, m.ID, m.Aliases, m.Severity, m.State, m.FixedIn))
	}
	return out
}

func TestEachFormIsReadForWhatItSays(t *testing.T) {
	const libssl = "deb:libssl3@3.0.11-1~deb12u1"
	for file, want := range map[string]struct {
		scanner, schema string
		matches         []string
	}{
		"trivy.json": {"trivy", "0.74.0", []string{
			libssl + " CVE-2023-5363 [DSA-5532-1] high fixed [3.0.11-1~deb12u2]",
			"deb:zlib1g@1:1.2.13.dfsg-1 CVE-2023-45853 [] critical wont-fix []",
			"npm:lodash@4.17.20 CVE-2021-23337 [] high fixed [4.17.21 5.0.0]",
		}},
		"grype.json": {"grype", "0.121.2", []string{
			libssl + " CVE-2023-5363 [] high fixed [3.0.11-1~deb12u2]",
			"deb:zlib1g@1:1.2.13.dfsg-1 CVE-2023-45853 [] critical wont-fix []",
			"generic:python@3.8.18 CVE-2024-6232 [] high unknown []",
			"npm:lodash@4.17.20 GHSA-35jh-r3h4-6jhm [CVE-2021-23337] high fixed [4.17.21]",
		}},
		"trivy.sarif": {"trivy", "0.74.0", []string{
			"generic:libssl3@3.0.11-1~deb12u1 CVE-2023-5363 [] high fixed [3.0.11-1~deb12u2]",
		}},
		"grype.sarif": {"grype", "0.121.2", []string{
			libssl + " CVE-2023-5363 [] high unknown []",
			"npm:lodash@4.17.20 GHSA-35jh-r3h4-6jhm [] high unknown []",
		}},
		"vex.cdx.json": {"dependency-track", "", []string{
			libssl + " CVE-2023-5363 [DSA-5532-1] high fixed [3.0.11-1~deb12u2]",
			"npm:lodash@4.17.20 CVE-2021-23337 [] unknown not-affected [4.17.21]",
		}},
		"plimsoll.json": {"plimsoll", "v1.0.0", []string{
			libssl + " CVE-2023-5363 [DSA-5532-1] high fixed [3.0.11-1~deb12u2]",
		}},
	} {
		t.Run(file, func(t *testing.T) {
			r := reading(t, file)
			if r.Opinion.Database.Name != want.scanner || r.Opinion.Database.Schema != want.schema {
				t.Errorf("written by %s %s", r.Opinion.Database.Name, r.Opinion.Database.Schema)
			}
			if diff := cmp.Diff(want.matches, lines(r)); diff != "" {
				t.Error(diff)
			}
			holdsTogether(t, r)
		})
	}
}

func TestTheScoreAndTheWayOfMatchingAreKept(t *testing.T) {
	score := advisory.CVSS{Source: "nvd", Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", Score: 7.5}
	if got := reading(t, "trivy.json").Opinion.Matches[0].CVSS; !cmp.Equal(got, []advisory.CVSS{score}) {
		t.Errorf("trivy: %+v", got)
	}
	grype := reading(t, "grype.json")
	if got := grype.Opinion.Matches[0].CVSS; len(got) != 1 || got[0].Score != 7.5 {
		t.Errorf("grype: %+v", got)
	}
	if got := grype.Opinion.Matches[2].By; got != advisory.ByCPE {
		t.Errorf("python was matched by %s", got)
	}
	if p := grype.Inventory.Packages[0]; p.Source == nil || p.Source.Name != "openssl" {
		t.Errorf("the source package of %s is %+v", p.Name, p.Source)
	}
	if day := grype.Opinion.Database.Built.Format("2006-01-02"); day != "2026-11-19" {
		t.Errorf("grype's database was built %s", day)
	}
}

func TestWhatIsNoReportIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		want    error
	}{
		"nothing":               {"", ErrUnknown},
		"text":                  {"hello", ErrUnknown},
		"a list":                {"[]", ErrUnknown},
		"another document":      {`{"hello": 1}`, ErrUnknown},
		"an SPDX document":      {`{"spdxVersion": "SPDX-2.3"}`, ErrUnknown},
		"an SBOM":               {`{"bomFormat": "CycloneDX", "components": []}`, ErrNoVulnerabilities},
		"cut off":               {`{"SchemaVersion": 2, "Results": [{"Target": "x"`, ErrUnknown},
		"another configuration": {`{"SchemaVersion": 2}`, ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(strings.NewReader(c.content), "x.json")
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if !strings.Contains(err.Error(), "x.json") {
				t.Errorf("%v does not name the file", err)
			}
		})
	}
}

func TestAReportWithoutFindingsIsAnEmptyOpinion(t *testing.T) {
	for form, content := range map[string]string{
		"trivy":     `{"SchemaVersion": 2, "ArtifactName": "app:1", "Results": null}`,
		"grype":     `{"matches": [], "descriptor": {"name": "grype"}}`,
		"sarif":     `{"runs": []}`,
		"cyclonedx": `{"bomFormat": "CycloneDX", "vulnerabilities": []}`,
		"plimsoll":  `{"schemaVersion": 1, "verdicts": []}`,
		"with BOM":  "\xef\xbb\xbf" + `{"runs": []}`,
	} {
		r, err := Read(strings.NewReader(content), form)
		if err != nil {
			t.Errorf("%s: %v", form, err)
		} else if r.Opinion.Matches == nil || len(r.Opinion.Matches) > 0 {
			t.Errorf("%s: %v", form, r.Opinion.Matches)
		}
	}
}

func TestReportsMeetOverOneInventory(t *testing.T) {
	inv, opinions := Join([]*Reading{reading(t, "trivy.json"), reading(t, "grype.json"), reading(t, "grype.json")})
	var names []string
	for _, o := range opinions {
		names = append(names, o.Database.Name)
	}
	if diff := cmp.Diff([]string{"trivy", "grype", "grype (2)"}, names); diff != "" {
		t.Error(diff)
	}
	var ids []string
	for _, p := range inv.Packages {
		ids = append(ids, p.ID)
	}
	want := []string{"deb:libssl3@3.0.11-1~deb12u1", "deb:zlib1g@1:1.2.13.dfsg-1", "generic:python@3.8.18", "npm:lodash@4.17.20"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Error(diff)
	}
}

func TestAPackageWithoutATypeMeetsTheOneOfItsNameAndVersion(t *testing.T) {
	inv, opinions := Join([]*Reading{reading(t, "trivy.sarif"), reading(t, "grype.json")})
	for _, o := range opinions {
		if got := o.Matches[0].PackageID; got != "deb:libssl3@3.0.11-1~deb12u1" {
			t.Errorf("%s is about %s", o.Database.Name, got)
		}
	}
	if slices.ContainsFunc(inv.Packages, func(p inventory.Package) bool { return p.Name == "libssl3" && p.Type == "generic" }) {
		t.Error("the package without a type is listed beside the one that has it")
	}
}

// holdsTogether: every match is about a listed package, nothing is listed
// twice, and everything is in order.
func holdsTogether(t *testing.T, r *Reading) {
	t.Helper()
	known := map[string]bool{}
	for _, p := range r.Inventory.Packages {
		if known[p.ID] || p.ID == "" || p.Name == "" {
			t.Errorf("package %q is listed twice, or has no name", p.ID)
		}
		known[p.ID] = true
	}
	seen := map[string]bool{}
	for _, m := range r.Opinion.Matches {
		key := m.PackageID + "\x00" + m.ID
		if !known[m.PackageID] || seen[key] {
			t.Errorf("match %q is about no package, or there twice", key)
		}
		seen[key] = true
	}
	if !slices.IsSortedFunc(r.Inventory.Packages, func(a, b inventory.Package) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("packages are out of order")
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.*"))
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"bomFormat":"CycloneDX","components":` + strings.Repeat(`[{"components":`, 50) + `[]` + strings.Repeat(`}]`, 50) + `,"vulnerabilities":[]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := Read(bytes.NewReader(raw), "fuzz")
		if (r == nil) == (err == nil) {
			t.Fatal("neither a reading nor an error, or both")
		}
		if err == nil {
			holdsTogether(t, r)
			Join([]*Reading{r, r})
		}
	})
}
