package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"plimsoll/internal/compare"
	"plimsoll/internal/inventory"
	"plimsoll/internal/sbom"
	"plimsoll/internal/verdict"
)

func renderSBOM(t *testing.T, form string, r *verdict.Report, opt Options) []byte {
	t.Helper()
	f, err := SBOMByName(form)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b, r, opt); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCycloneDX17FollowsThePublishedSchema(t *testing.T) {
	const base = "http://cyclonedx.org/schema/"
	documents := map[string][]byte{}
	for _, name := range []string{"bom-1.7.schema.json", "spdx.schema.json", "jsf-0.82.schema.json", "cryptography-defs.schema.json"} {
		documents[base+name] = testSchema(t, name)
	}
	s := compileSchema(t, base+"bom-1.7.schema.json", documents)
	for name, r := range sbomReports() {
		t.Run(name, func(t *testing.T) { validate(t, s, renderSBOM(t, "cyclonedx-1.7", r, Options{})) })
	}
}

func syftJSONSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	const url = "https://raw.githubusercontent.com/anchore/syft/main/schema/json/schema-16.0.4.json"
	return compileSchema(t, url, map[string][]byte{url: testSchema(t, "syft-16.0.4.schema.json")})
}

func TestSyftsFormFollowsThePublishedSchema(t *testing.T) {
	s := syftJSONSchema(t)
	for name, r := range sbomReports() {
		t.Run(name, func(t *testing.T) { validate(t, s, renderSBOM(t, "syft", r, Options{})) })
	}
	// Every type of package, with the metadata that the schema has for it.
	r := empty()
	for kind := range syftTypes {
		r.Verdicts[0].Packages = append(r.Verdicts[0].Packages, inventory.Package{
			Type: kind, Namespace: "n", Name: kind, Version: "2:1.0-3", Arch: "amd64", Source: &inventory.Source{Name: "s", Version: "2:1.0-3"},
			Module: "m:1:2:3", Path: "a", ID: kind, Vendor: "v", Digests: []string{digest("ab")},
		})
	}
	validate(t, s, renderSBOM(t, "syft", r, Options{}))
}

// again reads a document and puts what it says into a report.
func again(t *testing.T, raw []byte) *verdict.Report {
	t.Helper()
	d, err := sbom.Read(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return &verdict.Report{Tool: fixture().Tool, Verdicts: []verdict.Verdict{{
		Image: d.Image, Packages: d.Packages, Coverage: verdict.Coverage{Complete: d.Incomplete == ""},
	}}}
}

// packagesOnly is a report without what an SBOM leaves out.
func packagesOnly(r *verdict.Report) *verdict.Report {
	v := r.Verdicts[0]
	return &verdict.Report{Tool: fixture().Tool, Verdicts: []verdict.Verdict{{
		Image: v.Image, Packages: v.Packages, Coverage: verdict.Coverage{Complete: v.Coverage.Complete},
	}}}
}

// readForms are the forms that are read as well as written.
var readForms = []string{"cyclonedx", "cyclonedx-1.7", "spdx", "syft"}

func TestWhatIsReadIsWhatWasWritten(t *testing.T) {
	for _, form := range readForms {
		for name, r := range sbomReports() {
			t.Run(form+"/"+name, func(t *testing.T) {
				first := renderSBOM(t, form, packagesOnly(r), Options{})
				second := renderSBOM(t, form, again(t, first), Options{})
				if name == "hostile" || name == "maximal" || name == "long" {
					// Texts that no form takes are changed once, and then stay.
					first, second = second, renderSBOM(t, form, again(t, second), Options{})
				}
				if diff := cmp.Diff(string(first), string(second)); diff != "" {
					t.Errorf("-written +written again:\n%.4000s", diff)
				}
			})
		}
	}
}

func TestAnSBOMLosesNothingThatMatchingNeeds(t *testing.T) {
	v := fixture().Verdicts[0]
	v.Image.Distribution.IDLike, v.Image.Distribution.ContentSets = []string{"debian", "x"}, []string{"rhel-8"}
	v.Packages[0].Module, v.Packages[0].Digests = "nodejs:10:1:2", []string{digest("ab")}
	v.Packages[1].OwnedBy = v.Packages[0].ID
	v.Packages[2].Liveness = inventory.Ghost
	for _, form := range readForms {
		for _, through := range readForms {
			raw := renderSBOM(t, form, &verdict.Report{Tool: fixture().Tool, Verdicts: []verdict.Verdict{v}}, Options{})
			got := again(t, renderSBOM(t, through, again(t, raw), Options{})).Verdicts[0]
			ignore := cmpopts.IgnoreFields(inventory.Package{}, "Licenses") // written as SPDX spells them
			if diff := cmp.Diff(v.Packages, got.Packages, ignore, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s through %s (-image +sbom):\n%.3000s", form, through, diff)
			}
			want := v.Image
			want.Source, want.Via, want.Notes, want.Platforms = "", "", nil, nil
			if diff := cmp.Diff(want, got.Image, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s through %s (-image +sbom):\n%s", form, through, diff)
			}
		}
	}
}

func TestASnapshotHoldsWhatGitHubAsksFor(t *testing.T) {
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	raw := renderSBOM(t, "github", fixture(), Options{Snapshot: Snapshot{SHA: strings.Repeat("a", 40), Ref: "refs/heads/main", Correlator: "ci_build", JobID: "7", Scanned: at}})
	var s snapshot
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		t.Fatal(err)
	}
	if len(s.SHA) != 40 || s.Ref != "refs/heads/main" || s.Job.Correlator != "ci_build" || s.Job.ID != "7" || s.Scanned != "2026-11-20T08:00:00Z" ||
		s.Detector.Name == "" || s.Detector.Version == "" || s.Detector.URL == "" || len(s.Metadata) > maxSnapshotMetadata {
		t.Errorf("%+v", s)
	}
	packages, direct, on := 0, 0, 0
	for name, m := range s.Manifests {
		if m.Name != name {
			t.Errorf("manifest %s is called %s", name, m.Name)
		}
		for key, p := range m.Resolved {
			packages++
			if key != p.PackageURL || !strings.HasPrefix(key, "pkg:") || p.Scope != "runtime" || len(p.Metadata) > maxSnapshotMetadata {
				t.Errorf("%s: %+v", key, p)
			}
			if p.Relationship == "direct" {
				direct++
			}
			for _, url := range p.Dependencies {
				on++
				if _, ok := m.Resolved[url]; !ok {
					t.Errorf("%s depends on %s, which is nowhere", key, url)
				}
			}
		}
	}
	if want := len(fixturePackages()); packages > want || packages < want-2 || direct == 0 || direct == packages || on == 0 {
		t.Errorf("%d of %d packages, %d direct, %d dependencies", packages, want, direct, on)
	}
}

func TestNoTextOfAnSBOMReachesTheTerminalUnguarded(t *testing.T) {
	d, err := sbom.Read(bytes.NewReader(renderSBOM(t, "cyclonedx", hostile(nasty), Options{})))
	if err != nil {
		t.Fatal(err)
	}
	d.Tools = []string{nasty}
	var b bytes.Buffer
	check := &SBOMCheck{Name: nasty, Check: d.Minimum(), FailUnder: 100, Failed: true}
	if err := WriteSBOMCheck(&b, check, Options{Width: 80, All: true}); err != nil {
		t.Fatal(err)
	}
	checkTerminal(t, b.Bytes(), 80)
	b.Reset()
	side := SBOMSide{Name: nasty, Kind: nasty}
	difference := &SBOMDifference{Before: side, After: side, Inventories: *compare.OfInventories(d.Packages, nil, nil)}
	difference.Licenses = []compare.Licenses{{Type: nasty, Name: nasty, Before: []string{nasty}}}
	if err := WriteSBOMDifference(&b, difference, Options{Width: 80, All: true}); err != nil {
		t.Fatal(err)
	}
	checkTerminal(t, b.Bytes(), 80)
}
