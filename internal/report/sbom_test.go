package report

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/santhosh-tekuri/jsonschema/v6"
	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx"

	"plimsoll/internal/inventory"
	"plimsoll/internal/verdict"
)

func testSchema(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "schemas", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func cycloneDXSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	const base = "http://cyclonedx.org/schema/"
	return compileSchema(t, base+"bom-1.6.schema.json", map[string][]byte{
		base + "bom-1.6.schema.json":  testSchema(t, "bom-1.6.schema.json"),
		base + "spdx.schema.json":     testSchema(t, "spdx.schema.json"),
		base + "jsf-0.82.schema.json": testSchema(t, "jsf-0.82.schema.json"),
	})
}

func spdxSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	const url = "http://spdx.org/rdf/terms/2.3"
	return compileSchema(t, url, map[string][]byte{url: testSchema(t, "spdx-schema-2.3.json")})
}

// sbomReports are held against the published schemas.
func sbomReports() map[string]*verdict.Report {
	return map[string]*verdict.Report{
		"realistic":  fixture(),
		"empty":      empty(),
		"incomplete": incomplete(),
		"hostile":    hostile(nasty),
		"maximal":    maximal(),
		"long":       hostile(strings.Repeat("9", 5000)),
	}
}

func render(t *testing.T, form string, r *verdict.Report, opt Options) []byte {
	t.Helper()
	f, err := ByName(form)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b, r, opt); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCycloneDXFollowsThePublishedSchema(t *testing.T) {
	s := cycloneDXSchema(t)
	for name, r := range sbomReports() {
		t.Run(name, func(t *testing.T) { validate(t, s, render(t, "cyclonedx", r, Options{})) })
	}
}

func TestSPDXFollowsThePublishedSchema(t *testing.T) {
	s := spdxSchema(t)
	for name, r := range sbomReports() {
		t.Run(name, func(t *testing.T) { validate(t, s, render(t, "spdx", r, Options{})) })
	}
}

func decodeCycloneDX(t *testing.T, raw []byte) *cdx.BOM {
	t.Helper()
	b := &cdx.BOM{}
	if err := cdx.NewBOMDecoder(bytes.NewReader(raw), cdx.BOMFileFormatJSON).Decode(b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCycloneDXReferencesLeadSomewhere(t *testing.T) {
	b := decodeCycloneDX(t, render(t, "cyclonedx", fixture(), Options{}))
	known := map[string]bool{b.Metadata.Component.BOMRef: true}
	for _, c := range *b.Components {
		if known[c.BOMRef] {
			t.Errorf("reference %s is used twice", c.BOMRef)
		}
		known[c.BOMRef] = true
	}
	for _, d := range *b.Dependencies {
		for _, ref := range append([]string{d.Ref}, *d.Dependencies...) {
			if !known[ref] {
				t.Errorf("dependency on unknown %s", ref)
			}
		}
	}
	for _, v := range *b.Vulnerabilities {
		for _, a := range *v.Affects {
			if !known[a.Ref] {
				t.Errorf("%s affects unknown %s", v.ID, a.Ref)
			}
		}
	}
}

func TestCycloneDXSaysEachVulnerabilityOnce(t *testing.T) {
	b := decodeCycloneDX(t, render(t, "cyclonedx", fixture(), Options{}))
	seen := map[string]cdx.Vulnerability{}
	for _, v := range *b.Vulnerabilities {
		if _, twice := seen[v.ID]; twice {
			t.Errorf("%s appears twice", v.ID)
		}
		seen[v.ID] = v
	}
	v, ok := seen["CVE-2023-5363"]
	if !ok {
		t.Fatal("CVE-2023-5363 is missing")
	}
	if len(*v.Affects) != 2 {
		t.Errorf("affects %d packages, want libssl3 and openssl", len(*v.Affects))
	}
	if want := "upgrade openssl to 3.0.11-1~deb12u2"; v.Recommendation != want {
		t.Errorf("recommends %q, want %q", v.Recommendation, want)
	}
}

func TestSPDXRoundTripsThroughItsLibrary(t *testing.T) {
	doc, err := spdxjson.Read(bytes.NewReader(render(t, "spdx", fixture(), Options{})))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{"DOCUMENT": true}
	for _, p := range doc.Packages {
		if ids[string(p.PackageSPDXIdentifier)] {
			t.Errorf("identifier %s is used twice", p.PackageSPDXIdentifier)
		}
		ids[string(p.PackageSPDXIdentifier)] = true
	}
	kinds := map[string]int{}
	for _, r := range doc.Relationships {
		kinds[r.Relationship]++
		if !ids[string(r.RefA.ElementRefID)] || !ids[string(r.RefB.ElementRefID)] {
			t.Errorf("relationship between unknown %v and %v", r.RefA, r.RefB)
		}
	}
	packages := len(fixturePackages())
	if kinds[spdx.RelationshipDescribes] != 1 || kinds[spdx.RelationshipContains] != packages+1 || kinds[spdx.RelationshipDependsOn] == 0 {
		t.Errorf("relationships %v of %d packages", kinds, packages)
	}
	if want := "2023-09-20T14:03:11Z"; doc.CreationInfo.Created != want {
		t.Errorf("created %s, want the image's %s", doc.CreationInfo.Created, want)
	}
}

func TestTimesComeFromSourceDateEpochElseTheImage(t *testing.T) {
	epoch := Options{Time: time.Unix(1700000000, 0)}
	if raw := render(t, "spdx", fixture(), epoch); !bytes.Contains(raw, []byte(`"created": "2023-11-14T22:13:20Z"`)) {
		t.Error("spdx does not obey SOURCE_DATE_EPOCH")
	}
	if raw := render(t, "cyclonedx", fixture(), epoch); !bytes.Contains(raw, []byte(`"timestamp": "2023-11-14T22:13:20Z"`)) {
		t.Error("cyclonedx does not obey SOURCE_DATE_EPOCH")
	}
	if raw := render(t, "cyclonedx", empty(), Options{}); bytes.Contains(raw, []byte(`"timestamp"`)) {
		t.Error("cyclonedx makes up a time")
	}
	odd := fixture()
	odd.Verdicts[0].Image.Created = time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -3600*5))
	for _, form := range []string{"json", "spdx", "cyclonedx"} {
		render(t, form, odd, Options{})
	}
}

func TestDocumentsOfOneImageRefuseSeveral(t *testing.T) {
	opt := Options{Template: parseTemplate(t, sampleTemplate)}
	for _, form := range All() {
		err := form.Write(&bytes.Buffer{}, platforms(), opt)
		switch {
		case form.Many && err != nil:
			t.Errorf("%s: %v", form.Name, err)
		case !form.Many && !errors.Is(err, ErrOneVerdict):
			t.Errorf("%s: %v, want ErrOneVerdict", form.Name, err)
		}
		if err := form.Write(&bytes.Buffer{}, Single(platforms(), 1), opt); err != nil {
			t.Errorf("%s of one: %v", form.Name, err)
		}
	}
}

func TestSerialNumberFollowsImageAndDatabases(t *testing.T) {
	serial := func(change func(v *verdict.Verdict)) string {
		r := fixture()
		change(&r.Verdicts[0])
		return decodeCycloneDX(t, render(t, "cyclonedx", r, Options{})).SerialNumber
	}
	base := serial(func(*verdict.Verdict) {})
	if again := serial(func(v *verdict.Verdict) { v.Image.Reference = "another/name" }); again != base {
		t.Error("the same image under another name has another serial number")
	}
	if other := serial(func(v *verdict.Verdict) { v.Image.Digest = digest("beef") }); other == base {
		t.Error("another image has the same serial number")
	}
	if other := serial(func(v *verdict.Verdict) { v.Coverage.Databases[0].Digest = digest("beef") }); other == base {
		t.Error("another database gives the same serial number")
	}
}

func TestImagePURL(t *testing.T) {
	for _, c := range []struct{ name, digest, platform, want string }{
		{"index.docker.io/library/python:3.8-slim", "sha256:ab", "linux/amd64", "pkg:oci/python@sha256:ab?arch=amd64&repository_url=index.docker.io%2Flibrary%2Fpython&tag=3.8-slim"},
		{"localhost:5000/Team/App", "sha256:ab", "linux/arm64/v8", "pkg:oci/app@sha256:ab?arch=arm64&repository_url=localhost:5000%2Fteam%2Fapp"},
		{"localhost:5000/app:1@sha256:ab", "sha256:ab", "", "pkg:oci/app@sha256:ab?repository_url=localhost:5000%2Fapp&tag=1"},
		{"", "sha256:ab", "linux/amd64", ""},
		{"app:1", "", "linux/amd64", ""},
	} {
		got := imagePURL(&verdict.Image{Name: c.name, Reference: "x", Digest: c.digest, Platform: c.platform})
		if got != c.want {
			t.Errorf("%s %s: %q, want %q", c.name, c.digest, got, c.want)
		}
	}
}

func TestLicenseExpressions(t *testing.T) {
	for text, want := range map[string]string{
		"MIT":                                  "MIT",
		"mit":                                  "MIT",
		"apache-2.0 or MIT":                    "Apache-2.0 OR MIT",
		"(MIT OR Apache-2.0) AND BSD-3-Clause": "(MIT OR Apache-2.0) AND BSD-3-Clause",
		"GPL-2.0+":                             "GPL-2.0+",
		"GPL-2.0-only WITH Linux-syscall-note": "GPL-2.0-only WITH Linux-syscall-note",
		"GPL-2":                                "",
		"MIT AND":                              "",
		"(MIT":                                 "",
		"MIT)":                                 "",
		"MIT MIT":                              "",
		"MIT WITH nothing-known":               "",
		"":                                     "",
		"see https://example.org/":             "",
		strings.Repeat("(", 500):               "",
		strings.Repeat("MIT AND ", 1000):       "",
		strings.Repeat("(", 40) + "MIT" + strings.Repeat(")", 40): "",
	} {
		got, ok := licenseExpression(text)
		if got != want || ok != (want != "") {
			t.Errorf("%.40q: %q, %v, want %q", text, got, ok, want)
		}
	}
}

func TestUnknownLicencesAreNamedNotInvented(t *testing.T) {
	l := &spdxLicenses{known: map[string]bool{}}
	got := l.declared([]string{"MIT OR Zlib", "GPL-2", "GPL-2"})
	if want := "(MIT OR Zlib) AND LicenseRef-GPL-2-" + shortSum("GPL-2") + " AND LicenseRef-GPL-2-" + shortSum("GPL-2"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if len(l.extracted) != 1 || l.extracted[0].ExtractedText != "GPL-2" {
		t.Errorf("extracted %v", l.extracted)
	}
	if got := l.declared([]string{" ", ""}); got != noAssertion {
		t.Errorf("no licence: %s", got)
	}
}

func TestGraphResolvesAsEachEcosystemDoes(t *testing.T) {
	npm := func(path, name string, deps ...string) inventory.Package {
		return inventory.Package{Type: "npm", Name: name, Path: path, ID: path, DependsOn: deps}
	}
	packages := []inventory.Package{
		npm("app/package.json", "app", "a", "b", "@s/c"),
		npm("app/node_modules/a/package.json", "a", "b"),
		npm("app/node_modules/a/node_modules/b/package.json", "b", "a", "absent"),
		npm("app/node_modules/b/package.json", "b"),
		{Type: "npm", Namespace: "@s", Name: "c", Path: "app/node_modules/@s/c/package.json", ID: "c", DependsOn: []string{"b"}},
		npm("other/package.json", "other", "b"),
		{Type: "pypi", Name: "Flask", Path: "venv1/lib/Flask.dist-info/METADATA", ID: "f", DependsOn: []string{"typing.extensions"}},
		{Type: "pypi", Name: "typing_extensions", Path: "venv2/lib/typing_extensions.dist-info/METADATA", ID: "t2"},
		{Type: "pypi", Name: "typing_extensions", Path: "venv1/lib/typing_extensions.dist-info/METADATA", ID: "t1"},
		{Type: "deb", Namespace: "debian", Name: "self", Path: "var/lib/dpkg/status", ID: "s", DependsOn: []string{"self", "virtual"}},
	}
	g := newGraph(packages)
	for i, want := range [][]int{{1, 3, 4}, {2}, {1}, nil, {3}, nil, {8}, nil, nil, nil} {
		got := g.dependencies(i)
		if len(got) != len(want) {
			t.Errorf("%s depends on %v, want %v", packages[i].ID, got, want)
			continue
		}
		for n := range want {
			if got[n] != want[n] {
				t.Errorf("%s depends on %v, want %v", packages[i].ID, got, want)
			}
		}
	}
}
