package sbom

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/inventory"
)

func read(t *testing.T, name string) *Document {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Read(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func find(t *testing.T, d *Document, name string) *inventory.Package {
	t.Helper()
	for i := range d.Packages {
		if d.Packages[i].FullName() == name {
			return &d.Packages[i]
		}
	}
	t.Fatalf("no package %s among %d", name, len(d.Packages))
	return nil
}

// line is what matching needs of a package.
func line(p *inventory.Package) string {
	text := strings.TrimSpace(fmt.Sprintf("%s %s %s %s", p.Type, p.FullName(), p.Version, p.Arch))
	if p.Source != nil {
		text += " from " + p.Source.Name + " " + p.SourceVersion()
	}
	if p.OwnedBy != "" {
		text += " of " + p.OwnedBy
	}
	return text + " in /" + p.Path
}

func TestDocumentsOfOtherToolsHoldWhatMatchingNeeds(t *testing.T) {
	const layer = "sha256:944f668832f798e043836cedd672ed1f85cd6b58772d8d8f3a63a70638efa6a8"
	for _, c := range []struct {
		file, form, system string
		tools              string
		packages           []string
		unidentified       int
	}{
		{file: "trivy.cdx.json", form: "CycloneDX 1.7", system: "debian 12.15", tools: "trivy 0.74.0", packages: []string{
			// The epoch is the binary's alone: util-linux has none.
			"deb bsdutils 1:2.38.1-5+deb12u3 amd64 from util-linux 2.38.1-5+deb12u3 in /",
			"deb libc6 2.36-9+deb12u14 amd64 from glibc 2.36-9+deb12u14 in /",
			"golang stdlib 1.20.4 in /app/node_modules/@esbuild/linux-x64/bin/esbuild",
			"npm ms 2.0.0 in /app/node_modules/compression/node_modules/ms/package.json",
		}},
		{file: "trivy.spdx.json", form: "SPDX 2.3", system: "debian 12.15", tools: "trivy-0.74.0", packages: []string{
			"deb bsdutils 1:2.38.1-5+deb12u3 amd64 from util-linux 2.38.1-5+deb12u3 in /",
			"deb libc6 2.36-9+deb12u14 amd64 from glibc 2.36-9+deb12u14 in /",
		}},
		{file: "syft.json", form: "Syft 16.0.4", system: "debian 12", tools: "syft 1.0.1", packages: []string{
			"deb libssl3 3.0.11-1~deb12u1 amd64 from openssl 3.0.11-1~deb12u1 in /var/lib/dpkg/status",
			"generic python 3.8.18 in /usr/local/bin/python3.8",
			"golang github.com/aws/aws-sdk-go-v2/service/s3 v1.40.0 in /usr/bin/tool",
			"pypi pyyaml 6.0 of pkg:deb/debian/libssl3@3.0.11-1~deb12u1?arch=amd64&upstream=openssl&distro=debian-12 in /usr/lib/python3/dist-packages/PyYAML-6.0.egg-info/PKG-INFO",
		}},
		{file: "syft.cdx.json", form: "CycloneDX 1.5", system: "rhel 8.7", tools: "syft 1.0.1", unidentified: 1, packages: []string{
			"rpm openssl-libs 1:1.1.1k-7.el8_6 x86_64 from openssl 1:1.1.1k-7.el8_6 in /var/lib/rpm/Packages",
		}},
		{file: "buildkit.json", form: "SPDX 2.3", system: "alpine 3.19.1", tools: "syft-v1.0.1, buildkit-v0.12.5", packages: []string{
			"apk busybox 1.36.1-r15 x86_64 from busybox 1.36.1-r15 in /lib/apk/db/installed",
			"apk busybox-binsh 1.36.1-r15 x86_64 from busybox 1.36.1-r15 in /lib/apk/db/installed",
		}},
	} {
		t.Run(c.file, func(t *testing.T) {
			d := read(t, c.file)
			if d.String() != c.form || strings.Join(d.Tools, ", ") != c.tools || d.Unidentified != c.unidentified || d.Created.IsZero() {
				t.Errorf("%s by %v on %s, %d unidentified", d, d.Tools, d.Created, d.Unidentified)
			}
			if s := d.Image.Distribution; s == nil || s.ID+" "+s.VersionID != c.system {
				t.Errorf("distribution %+v, want %s", s, c.system)
			}
			have := map[string]bool{}
			for i := range d.Packages {
				have[line(&d.Packages[i])] = true
			}
			for _, want := range c.packages {
				if !have[want] {
					t.Errorf("no %q among\n%v", want, have)
				}
			}
		})
	}
	trivy := read(t, "trivy.cdx.json")
	if p := find(t, trivy, "libc6"); p.Origin.DiffID != layer || p.Vendor == "" || len(p.Digests) != 1 || len(p.Licenses) != 2 {
		t.Errorf("%+v", p)
	}
	if p := find(t, trivy, "libc6"); !cmp.Equal(p.DependsOn, []string{"libgcc-s1"}) || len(p.Requires) != 1 {
		t.Errorf("libc6 depends on %v by %v", p.DependsOn, p.Requires)
	}
	syft := read(t, "syft.json")
	if p := find(t, syft, "python"); p.Origin.Index != 1 || !cmp.Equal(p.CPEs, []string{"cpe:2.3:a:python:python:3.8.18:*:*:*:*:*:*:*"}) || len(p.Requires) != 1 {
		t.Errorf("%+v", p)
	}
	if i := syft.Image; i.Platform != "linux/amd64" || i.Name != "registry.example/app:1" || len(i.Layers) != 2 || i.Layers[1].Packages != 2 {
		t.Errorf("%+v", i)
	}
	if p := find(t, read(t, "syft.cdx.json"), "openssl-libs"); len(p.CPEs) != 2 || p.Vendor != "Red Hat, Inc." {
		t.Errorf("%+v", p)
	}
	if p := find(t, read(t, "buildkit.json"), "busybox-binsh"); !cmp.Equal(p.DependsOn, []string{"busybox"}) || !cmp.Equal(p.Licenses, []string{"GPL-2.0-only OR MIT", "own"}) {
		t.Errorf("%+v", p)
	}
}

func TestEnvelopesAreOpened(t *testing.T) {
	statement, err := os.ReadFile(filepath.Join("testdata", "buildkit.json"))
	if err != nil {
		t.Fatal(err)
	}
	bare := read(t, "buildkit.json")
	envelope := fmt.Sprintf(`{"payloadType": "application/vnd.in-toto+json", "payload": %q, "signatures": []}`, base64.StdEncoding.EncodeToString(statement))
	d, err := Read(strings.NewReader(envelope))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bare, d); diff != "" {
		t.Error(diff)
	}
	for range 6 {
		envelope = fmt.Sprintf(`{"payloadType": "x", "payload": %q}`, base64.StdEncoding.EncodeToString([]byte(envelope)))
	}
	if _, err := Read(strings.NewReader(envelope)); !errors.Is(err, ErrLimit) {
		t.Errorf("envelopes without end: %v", err)
	}
}

func TestWhatIsNoSBOMIsSaidSo(t *testing.T) {
	for _, text := range []string{
		"", "no json", "[]", "{}", `{"bomFormat": "CycloneDX", "specVersion": "2.0"}`, `{"spdxVersion": "SPDX-3.0.1"}`,
		`{"matches": [], "descriptor": {}}`, `{"SchemaVersion": 2, "Results": []}`, `{"verdicts": []}`, `{"predicate": {"buildDefinition": {}}}`,
	} {
		if _, err := Read(strings.NewReader(text)); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestHostileDocumentsAreBounded(t *testing.T) {
	deep := `{"type": "library", "name": "a", "version": "1", "purl": "pkg:npm/a@1"`
	document := `{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [` + strings.Repeat(deep+`, "components": [`, maxDepth+2) +
		deep + "}" + strings.Repeat("]}", maxDepth+2) + "]}"
	if _, err := Read(strings.NewReader(document)); !errors.Is(err, ErrLimit) {
		t.Errorf("components %d deep: %v", maxDepth+2, err)
	}
	for name, text := range map[string]string{
		"empty components": `{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [` + strings.Repeat(`{},`, 200_000) + `{}]}`,
		"empty strings":    `{"bomFormat": "CycloneDX", "specVersion": "1.6", "dependencies": [{"ref": "a", "dependsOn": [` + strings.Repeat(`"",`, 2_000_000) + `""]}]}`,
		"many components":  `{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [` + strings.Repeat(`{"bom-ref": "a component"},`, maxComponents) + `{}]}`,
		"many packages":    `{"spdxVersion": "SPDX-2.3", "packages": [` + strings.Repeat(`{"SPDXID": "SPDXRef-Package"},`, maxComponents) + `{}]}`,
		"many properties":  `{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"properties": [` + strings.Repeat(`{"name": "a", "value": "b"},`, maxProperties+6*maxLayers) + `{}]}]}`,
	} {
		if _, err := Read(strings.NewReader(text)); !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %v", name, err)
		}
	}
	edges := `{"bomFormat": "CycloneDX", "specVersion": "1.6", "dependencies": [{"ref": "a", "dependsOn": [` + strings.Repeat(`"a long one",`, maxEdges) + `"a"]}]}`
	if _, err := Read(strings.NewReader(edges)); !errors.Is(err, ErrLimit) {
		t.Errorf("%d edges: %v", maxEdges+1, err)
	}
	// The same reference and package URL many times over: IDs stay unique.
	twice := `{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [` + strings.Repeat(`{"bom-ref": "a", "name": "a", "version": "1", "purl": "pkg:npm/a@1"},`, 2000) +
		`{"name": "b", "properties": [{"name": "plimsoll:package:type", "value": "npm"}, {"name": "plimsoll:package:id", "value": "pkg:npm/a@1"}, {"name": "plimsoll:layer:index", "value": "-7"}]}]}`
	d, err := Read(strings.NewReader(twice))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for i := range d.Packages {
		ids[d.Packages[i].ID] = true
		if d.Packages[i].Origin.Index != -1 {
			t.Errorf("layer %d", d.Packages[i].Origin.Index)
		}
	}
	if len(ids) != 2001 {
		t.Errorf("%d IDs of 2001 packages", len(ids))
	}
}

func TestPropertiesGiveBackWhatTheyWereMadeOf(t *testing.T) {
	for _, p := range []inventory.Package{
		{
			Type: "deb", Namespace: "debian", Name: "bsdutils", Version: "1:2.38", Arch: "amd64", Source: &inventory.Source{Name: "util-linux", Version: "2.38"},
			Path: "var/lib/dpkg/status", Inspector: "dpkg", ID: "x", PURL: "pkg:deb/debian/bsdutils@1%3A2.38?arch=amd64&distro=debian-12&upstream=util-linux%402.38",
			Liveness: inventory.Ghost, Origin: inventory.LayerRef{Index: 3, DiffID: "sha256:a", CreatedBy: "RUN a=b"}, DependsOn: []string{"libc6", "a b"},
		},
		{Type: "pypi", Name: "Flask_Thing", Version: "1.0+LOCAL", PURL: "pkg:pypi/flask-thing@1.0%2BLOCAL", ID: "pkg:pypi/flask-thing@1.0%2BLOCAL@/venv", Path: "venv", OwnedBy: "x", Origin: inventory.LayerRef{Index: -1}},
		{Type: "golang", Namespace: "github.com/Azure", Name: "go-autorest", Version: "v1.0.0", PURL: "pkg:golang/github.com/azure/go-autorest@v1.0.0", ID: "a", InArchive: "b!c", Liveness: inventory.Visible, Origin: inventory.LayerRef{Index: 0}},
		{Type: "rpm", Namespace: "redhat", Name: "nodejs", Version: "1:10-1", Module: "nodejs:10:1:2", PURL: "pkg:rpm/redhat/nodejs@10-1?epoch=1&rpmmod=nodejs:10:1:2", ID: "b", Origin: inventory.LayerRef{Index: -1}},
		{Type: "generic", Name: "python", Version: "3.8", CPEs: []string{"no cpe", "cpe:2.3:a:b"}, ID: "c", Origin: inventory.LayerRef{Index: -1}},
	} {
		told, ok := fromPURL(p.PURL)
		if !ok {
			told = &inventory.Package{PURL: p.PURL}
		}
		got := *told
		got.CPEs, got.Liveness, got.Origin.Index = nil, "", -1
		applyOwn(&got, annotated(Annotation(PackageProperties(&p))))
		if diff := cmp.Diff(p, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", p.Name, diff)
		}
	}
	d := &inventory.Distribution{ID: "rhel", VersionID: "8.7", VersionCodename: "c", Name: "n", PrettyName: "p", IDLike: []string{"fedora", "x"}, CPE: "cpe:/o:r", ContentSets: []string{"a", "b"}, Build: "ubi8", Extended: "esm"}
	if back, ok := ownDistribution(DistributionProperties(d)); !ok || !cmp.Equal(d, back) {
		t.Errorf("%+v", back)
	}
}

func TestMinimumElementsAreCounted(t *testing.T) {
	c := read(t, "syft.cdx.json").Minimum()
	want := map[string]string{
		"Supplier Name": "1 of 2", "Component Name": "2 of 2", "Version of the Component": "2 of 2", "Other Unique Identifiers": "1 of 2",
		"Dependency Relationship": "0 of 2", "Author of SBOM Data": "1 of 1", "Timestamp": "1 of 1", "Hash of the Component": "0 of 2", "License Information": "1 of 2",
	}
	for _, e := range c.Elements {
		if got := fmt.Sprintf("%d of %d", e.Have, e.Of); got != want[e.Name] {
			t.Errorf("%s: %s, want %s", e.Name, got, want[e.Name])
		}
		if e.Name == "Supplier Name" && !cmp.Equal(e.Missing, []string{"nobody-knows 1"}) {
			t.Errorf("missing %v", e.Missing)
		}
	}
	if c.Percent != 0 || len(c.Elements) != len(want) {
		t.Errorf("%d%% of %d elements", c.Percent, len(c.Elements))
	}
	empty, err := Read(strings.NewReader(`{"bomFormat": "CycloneDX", "specVersion": "1.6"}`))
	if err != nil {
		t.Fatal(err)
	}
	if c := empty.Minimum(); c.Percent != 0 {
		t.Errorf("a document that describes nothing has %d%%", c.Percent)
	}
}

func TestAnIncompleteDocumentSaysSo(t *testing.T) {
	d, err := Read(strings.NewReader(`{"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"component": {"bom-ref": "i", "type": "container", "name": "a"}},
		"compositions": [{"aggregate": "incomplete", "assemblies": ["i"]}]}`))
	if err != nil || !strings.Contains(d.Incomplete, "incomplete") {
		t.Errorf("%q, %v", d.Incomplete, err)
	}
}

// fuzz holds what every document must: no panic, unique IDs, types and names.
func fuzz(f *testing.F, form string, parse func([]byte) (*Document, error)) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		var statement struct{ Predicate json.RawMessage }
		if json.Unmarshal(raw, &statement) == nil && statement.Predicate != nil {
			raw = statement.Predicate
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := parse(raw)
		if err != nil {
			return
		}
		ids := map[string]bool{}
		for i := range d.Packages {
			p := &d.Packages[i]
			if p.ID == "" || ids[p.ID] || p.Type == "" || p.Name == "" {
				t.Fatalf("%s: package %+v", form, p)
			}
			ids[p.ID] = true
			if at := p.Origin.Index; at < -1 || at >= maxLayers {
				t.Fatalf("%s: layer %d", form, at)
			}
		}
		if c := d.Minimum(); c.Percent < 0 || c.Percent > 100 {
			t.Fatalf("%d%%", c.Percent)
		}
	})
}

func FuzzCycloneDX(f *testing.F) { fuzz(f, "cyclonedx", readCycloneDX) }
func FuzzSPDX(f *testing.F)      { fuzz(f, "spdx", readSPDX) }
func FuzzSyft(f *testing.F)      { fuzz(f, "syft", readSyft) }
func FuzzRead(f *testing.F) {
	fuzz(f, "any", func(raw []byte) (*Document, error) { return Read(bytes.NewReader(raw)) })
}
