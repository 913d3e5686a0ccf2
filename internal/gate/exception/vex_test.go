package exception

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"plimsoll/internal/gate"
	"plimsoll/internal/verdict"
)

func openVEXOf(statements ...string) string {
	return `{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://openvex.dev/docs/example/vex-1", "author": "Acme", "timestamp": "2026-01-02T03:04:05Z", "version": 1,
"statements": [` + strings.Join(statements, ",\n") + `]}`
}

func stated(vulnerability, products, rest string) string {
	return fmt.Sprintf(`{"vulnerability": {"name": %q}, "products": [%s], %s}`, vulnerability, products, rest)
}

const (
	unaffected = `"status": "not_affected", "justification": "vulnerable_code_not_in_execute_path"`
	app        = `{"@id": "pkg:oci/app?repository_url=ghcr.io/acme/app"}`
)

// acceptedBy are the findings of judged, "CVE@path", that documents accept.
func acceptedBy(t *testing.T, sources ...string) string {
	t.Helper()
	var documents []*Document
	for i, source := range sources {
		d, err := ParseVEX(fmt.Sprintf("v%d.json", i), []byte(source))
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, d)
	}
	v := judged()
	b := NewSet(day("2026-11-21"), nil, documents).For(v)
	var out []string
	for i := range v.Findings {
		if _, ok := b.Accept(gate.Thing{Image: &v.Image, ID: v.Findings[i].ID, Finding: &v.Findings[i], Package: &v.Packages[i]}); ok {
			out = append(out, strings.TrimSuffix(v.Findings[i].Vulnerability[9:]+"@"+v.Packages[i].Path, "@"))
		}
	}
	return strings.Join(out, " ")
}

func TestOpenVEXStatements(t *testing.T) {
	for name, c := range map[string]struct {
		statements []string
		want       string
	}{
		"of the image":                                                    {[]string{stated("CVE-2024-1", app, unaffected)}, "1"},
		"of the image, all copies of a package":                           {[]string{stated("CVE-2024-3", app, unaffected)}, "3@app/server 3@usr/bin/other"},
		"of another image":                                                {[]string{stated("CVE-2024-1", `{"@id": "pkg:oci/app?repository_url=ghcr.io/other/app"}`, unaffected)}, ""},
		"by its digest":                                                   {[]string{stated("CVE-2024-1", `{"hashes": {"sha-256": "`+digest[7:]+`"}}`, unaffected)}, "1"},
		"by its identifier beside an IRI":                                 {[]string{stated("CVE-2024-1", `{"@id": "https://acme.example/app", "identifiers": {"purl": "pkg:oci/app@`+digest+`"}}`, unaffected)}, "1"},
		"of a package in the image":                                       {[]string{stated("CVE-2024-1", `{"@id": "pkg:oci/app", "subcomponents": [{"@id": "pkg:deb/debian/openssl"}]}`, unaffected)}, "1"},
		"of another package in the image":                                 {[]string{stated("CVE-2024-1", `{"@id": "pkg:oci/app", "subcomponents": [{"@id": "pkg:deb/debian/curl"}]}`, unaffected)}, ""},
		"of a package without a version":                                  {[]string{stated("CVE-2024-1", `{"@id": "pkg:deb/debian/openssl"}`, unaffected)}, "1"},
		"of a package at this version":                                    {[]string{stated("CVE-2024-1", `{"@id": "pkg:deb/debian/openssl@3.0"}`, unaffected)}, "1"},
		"of a package at another":                                         {[]string{stated("CVE-2024-1", `{"@id": "pkg:deb/debian/openssl@3.1"}`, unaffected)}, ""},
		"as one program uses a module":                                    {[]string{stated("CVE-2024-3", `{"@id": "pkg:golang/acme.example/app", "subcomponents": [{"@id": "pkg:golang/golang.org/x/net"}]}`, unaffected)}, "3@app/server"},
		"as a program that is not there does":                             {[]string{stated("CVE-2024-3", `{"@id": "pkg:golang/acme.example/else", "subcomponents": [{"@id": "pkg:golang/golang.org/x/net"}]}`, unaffected)}, ""},
		"subcomponents that nothing identifies are not the whole product": {[]string{stated("CVE-2024-1", `{"@id": "pkg:oci/app", "subcomponents": [{"@id": "https://acme.example/part"}]}`, unaffected)}, ""},
		"by an alias":                                                     {[]string{`{"vulnerability": {"name": "GHSA-aaaa-bbbb-cccc", "aliases": ["CVE-2024-1"]}, "products": [` + app + `], ` + unaffected + `}`}, "1"},
		"by an IRI":                                                       {[]string{`{"vulnerability": {"@id": "https://nvd.nist.gov/vuln/detail/CVE-2024-1", "name": "x"}, "products": [` + app + `], ` + unaffected + `}`}, "1"},
		"fixed":                                                           {[]string{stated("CVE-2024-1", app, `"status": "fixed"`)}, "1"},
		"affected":                                                        {[]string{stated("CVE-2024-1", app, `"status": "affected", "action_statement": "update"`)}, ""},
		"under investigation":                                             {[]string{stated("CVE-2024-1", app, `"status": "under_investigation"`)}, ""},
		"an impact alone":                                                 {[]string{stated("CVE-2024-1", app, `"status": "not_affected", "impact_statement": "not linked"`)}, "1"},
		"neither":                                                         {[]string{stated("CVE-2024-1", app, `"status": "not_affected"`)}, ""},
		"an unknown status":                                               {[]string{stated("CVE-2024-1", app, `"status": "false_positive"`)}, ""},
		"unknown words":                                                   {[]string{stated("CVE-2024-1", app, `"status": "not_affected", "justification": "because"`)}, ""},

		// The newest statement overrides what was said before.
		"then it was found to matter": {[]string{
			stated("CVE-2024-1", app, `"timestamp": "2026-01-03T00:00:00Z", "status": "affected", "action_statement": "update"`),
			stated("CVE-2024-1", app, `"timestamp": "2026-01-02T00:00:00Z", `+unaffected),
		}, ""},
		"then it was found not to": {[]string{
			stated("CVE-2024-1", app, `"timestamp": "2026-01-03T00:00:00+02:00", `+unaffected),
			stated("CVE-2024-1", app, `"timestamp": "2026-01-02T21:00:00Z", "status": "under_investigation"`),
		}, "1"},
		"the document's time is inherited": {[]string{
			stated("CVE-2024-1", app, `"timestamp": "2025-01-03T00:00:00Z", "status": "affected", "action_statement": "update"`),
			stated("CVE-2024-1", app, unaffected),
		}, "1"},
		"updated later": {[]string{
			stated("CVE-2024-1", app, `"timestamp": "2025-01-01T00:00:00Z", "last_updated": "2026-05-01T00:00:00Z", "status": "under_investigation"`),
			stated("CVE-2024-1", app, unaffected),
		}, ""},
		"of the same time the one that accepts nothing": {[]string{
			stated("CVE-2024-1", app, `"status": "under_investigation"`),
			stated("CVE-2024-1", app, unaffected),
		}, ""},
		"each package has its own newest": {[]string{
			stated("CVE-2024-3", app, unaffected),
			stated("CVE-2024-3", `{"@id": "pkg:oci/app", "subcomponents": [{"@id": "pkg:golang/golang.org/x/net@v9"}]}`, `"timestamp": "2026-05-01T00:00:00Z", "status": "affected", "action_statement": "update"`),
		}, "3@app/server 3@usr/bin/other"},
	} {
		if got := acceptedBy(t, openVEXOf(c.statements...)); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestTheNewestOfSeveralDocuments(t *testing.T) {
	older := openVEXOf(stated("CVE-2024-1", app, unaffected))
	newer := strings.Replace(openVEXOf(stated("CVE-2024-1", app, `"status": "affected", "action_statement": "update"`)), "2026-01-02", "2026-02-02", 1)
	for _, order := range [][]string{{older, newer}, {newer, older}} {
		if got := acceptedBy(t, order...); got != "" {
			t.Errorf("an older document decides: %s", got)
		}
	}
}

func TestOldOpenVEX(t *testing.T) {
	source := `{"@context": "https://openvex.dev/ns", "@id": "x", "author": "Acme", "timestamp": "2023-01-16T19:07:16.853479631-06:00", "version": "1",
"statements": [{"vulnerability": "CVE-2024-1", "products": ["pkg:oci/app"], "subcomponents": ["pkg:deb/debian/openssl"], "status": "not_affected", "justification": "component_not_present"}]}`
	if got := acceptedBy(t, source); got != "1" {
		t.Error(got)
	}
}

func TestWhatAStatementSays(t *testing.T) {
	d, err := ParseVEX("v.json", []byte(openVEXOf(
		stated("CVE-2024-1", app, `"status": "affected"`),
		stated("CVE-2024-1", app, unaffected+`, "impact_statement": "nobody\ncalls it"`),
		stated("CVE-2024-1", `{"@id": "https://acme.example/app"}`, unaffected),
	)))
	if err != nil {
		t.Fatal(err)
	}
	st := d.Statements[1].acceptance()
	if st.ID != "v.json#/statements/1" || st.By != "Acme" || st.Reason != "not_affected (vulnerable_code_not_in_execute_path): nobody calls it" || st.Until != "" {
		t.Errorf("%+v", st)
	}
	if notes := strings.Join(d.Notes, "\n"); !strings.Contains(notes, "v.json#/statements/2: product 0 (https://acme.example/app) is named by no package URL") {
		t.Error(notes)
	}
}

func cycloneDXOf(head, components, vulnerabilities string) string {
	return `{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"timestamp": "2026-01-02T03:04:05Z"` + head + `}, "components": [` + components + `], "vulnerabilities": [` + vulnerabilities + `]}`
}

func analysed(id, state, ref, rest string) string {
	return fmt.Sprintf(`{"id": %q, "analysis": {"state": %q%s}, "affects": [{"ref": %q}]}`, id, state, rest, ref)
}

func TestCycloneDXStatements(t *testing.T) {
	image := `, "component": {"bom-ref": "i", "type": "container", "name": "ghcr.io/acme/app", "purl": "pkg:oci/app?repository_url=ghcr.io/acme/app"}`
	openssl := `{"bom-ref": "c1", "type": "library", "name": "openssl", "version": "3.0", "purl": "pkg:deb/debian/openssl@3.0?arch=arm64"}`
	nested := `{"bom-ref": "outer", "type": "library", "name": "x", "components": [` + openssl + `]}`
	for name, c := range map[string]struct{ head, components, vulnerabilities, want string }{
		"a component of the image":      {image, openssl, analysed("CVE-2024-1", "not_affected", "c1", ""), "1"},
		"a nested component":            {image, nested, analysed("CVE-2024-1", "not_affected", "c1", ""), "1"},
		"a package URL":                 {image, "", analysed("CVE-2024-1", "not_affected", "pkg:deb/debian/openssl@3.0", ""), "1"},
		"a BOM-Link":                    {image, "", analysed("CVE-2024-1", "not_affected", "urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#pkg%3Adeb%2Fdebian%2Fopenssl%403.0%3Farch%3Darm64", ""), "1"},
		"a BOM-Link to all of it":       {image, "", analysed("CVE-2024-1", "not_affected", "urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1", ""), ""},
		"without what it is about":      {"", openssl, analysed("CVE-2024-1", "not_affected", "c1", ""), "1"},
		"the image itself":              {image, "", analysed("CVE-2024-1", "not_affected", "i", ""), "1"},
		"another image":                 {strings.ReplaceAll(image, "acme", "other"), openssl, analysed("CVE-2024-1", "not_affected", "c1", ""), ""},
		"an image by its digest":        {`, "component": {"bom-ref": "i", "type": "container", "name": "x", "version": "` + digest + `"}`, openssl, analysed("CVE-2024-1", "not_affected", "c1", ""), "1"},
		"an image by its name":          {`, "component": {"bom-ref": "i", "type": "container", "name": "ghcr.io/acme/app:1.2"}`, openssl, analysed("CVE-2024-1", "not_affected", "c1", ""), "1"},
		"an image by name and tag":      {`, "component": {"bom-ref": "i", "type": "container", "name": "ghcr.io/acme/app", "version": "1.3"}`, openssl, analysed("CVE-2024-1", "not_affected", "c1", ""), ""},
		"what nothing identifies":       {`, "component": {"bom-ref": "i", "type": "application", "name": "app"}`, openssl, analysed("CVE-2024-1", "not_affected", "c1", ""), ""},
		"an application of the image":   {`, "component": {"bom-ref": "i", "type": "application", "name": "app", "purl": "pkg:golang/acme.example/app@v1.0.0"}`, "", analysed("CVE-2024-3", "not_affected", "pkg:golang/golang.org/x/net@v0.1.0", ""), "3@app/server"},
		"an unknown reference":          {image, "", analysed("CVE-2024-1", "not_affected", "c9", ""), ""},
		"false positive":                {image, openssl, analysed("CVE-2024-1", "false_positive", "c1", ""), "1"},
		"resolved":                      {image, openssl, analysed("CVE-2024-1", "resolved", "c1", ""), "1"},
		"resolved with pedigree":        {image, openssl, analysed("CVE-2024-1", "resolved_with_pedigree", "c1", ""), "1"},
		"exploitable":                   {image, openssl, analysed("CVE-2024-1", "exploitable", "c1", ""), ""},
		"in triage":                     {image, openssl, analysed("CVE-2024-1", "in_triage", "c1", ""), ""},
		"a word that is no state":       {image, openssl, analysed("CVE-2024-1", "fine", "c1", ""), ""},
		"no analysis":                   {image, openssl, `{"id": "CVE-2024-1", "affects": [{"ref": "c1"}]}`, ""},
		"by a reference":                {image, openssl, `{"id": "X-1", "references": [{"id": "CVE-2024-1", "source": {"name": "NVD"}}], "analysis": {"state": "not_affected"}, "affects": [{"ref": "c1"}]}`, "1"},
		"a version that is not this":    {image, openssl, `{"id": "CVE-2024-1", "analysis": {"state": "not_affected"}, "affects": [{"ref": "pkg:deb/debian/openssl", "versions": [{"version": "2.0", "status": "unaffected"}]}]}`, ""},
		"a version that is":             {image, openssl, `{"id": "CVE-2024-1", "analysis": {"state": "not_affected"}, "affects": [{"ref": "pkg:deb/debian/openssl", "versions": [{"version": "3.0", "status": "unaffected"}]}]}`, "1"},
		"a range":                       {image, openssl, `{"id": "CVE-2024-1", "analysis": {"state": "not_affected"}, "affects": [{"ref": "pkg:deb/debian/openssl", "versions": [{"range": "vers:deb/>=2|<4", "status": "unaffected"}]}]}`, "1"},
		"a version said to be affected": {image, openssl, `{"id": "CVE-2024-1", "analysis": {"state": "not_affected"}, "affects": [{"ref": "c1", "versions": [{"version": "3.0", "status": "affected"}]}]}`, ""},
		"the newest": {image, openssl, analysed("CVE-2024-1", "not_affected", "c1", `, "lastUpdated": "2026-01-01T00:00:00Z"`) + "," +
			analysed("CVE-2024-1", "exploitable", "c1", `, "lastUpdated": "2026-02-01T00:00:00Z"`), ""},
	} {
		if got := acceptedBy(t, cycloneDXOf(c.head, c.components, c.vulnerabilities)); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestEveryVersionOfCycloneDXIsRead(t *testing.T) {
	for version, want := range map[string]string{"1.4": "1", "1.5": "1", "1.6": "1", "1.7": "1"} {
		source := strings.Replace(cycloneDXOf("", "", analysed("CVE-2024-1", "not_affected", "pkg:deb/debian/openssl", "")), "1.6", version, 1)
		if got := acceptedBy(t, source); got != want {
			t.Errorf("%s: %q", version, got)
		}
	}
	xml := `<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.4" version="1"><vulnerabilities><vulnerability><id>CVE-2024-1</id>
<analysis><state>not_affected</state></analysis><affects><target><ref>pkg:deb/debian/openssl</ref></target></affects></vulnerability></vulnerabilities></bom>`
	if got := acceptedBy(t, xml); got != "1" {
		t.Errorf("XML: %q", got)
	}
}

func TestWhatIsNoVEX(t *testing.T) {
	for name, source := range map[string]string{
		"nothing":           "",
		"a list":            "[]",
		"another object":    `{"a": 1}`,
		"cut off":           `{"@context": "https://openvex.dev/ns/v0.2.0", "statements": [`,
		"a wrong type":      `{"@context": "https://openvex.dev/ns/v0.2.0", "statements": 3}`,
		"another version":   `{"@context": "https://openvex.dev/ns/v9.0.0", "statements": []}`,
		"another namespace": `{"@context": "https://openvex.dev/nsx", "statements": []}`,
		"CSAF":              `{"document": {"category": "csaf_vex", "csaf_version": "2.0"}}`,
		"in-toto":           `{"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://openvex.dev/ns", "predicate": {}}`,
		"old CycloneDX":     `{"bomFormat": "CycloneDX", "specVersion": "1.3", "version": 1}`,
		"other XML":         `<html></html>`,
		"a wrong time":      `{"@context": "https://openvex.dev/ns/v0.2.0", "timestamp": "yesterday", "statements": []}`,
	} {
		if d, err := ParseVEX("v.json", []byte(source)); err == nil {
			t.Errorf("%s passes for a VEX document: %+v", name, d)
		} else if !strings.HasPrefix(err.Error(), "v.json") {
			t.Errorf("%s: the error names no file: %v", name, err)
		}
	}
	_, err := ParseVEX("v.json", []byte("{\n  \"@context\": 3\n}"))
	if !errors.Is(err, ErrVEX) || !strings.HasPrefix(err.Error(), "v.json:2:") {
		t.Error(err)
	}
}

func FuzzParseVEX(f *testing.F) {
	f.Add([]byte(openVEXOf(stated("CVE-2024-1", app, unaffected), stated("CVE-2024-3", `{"identifiers": {"cpe23": "cpe:2.3:a:*:*:*:*:*:*:*:*:*:*:*"}, "subcomponents": ["x"]}`, unaffected))))
	f.Add([]byte(cycloneDXOf(`, "component": {"type": "container", "name": "a:1"}`, `{"bom-ref": "c", "type": "library", "name": "x", "cpe": "cpe:2.3:a:b"}`, analysed("CVE-2024-1", "not_affected", "c", ""))))
	f.Add([]byte(`<bom xmlns="http://cyclonedx.org/schema/bom/1.4"/>`))
	v := judged()
	f.Fuzz(func(t *testing.T, source []byte) {
		d, err := ParseVEX("v.json", source)
		if err != nil {
			return
		}
		for i := range d.Statements {
			if st := &d.Statements[i]; len(st.Products) == 0 || len(st.Vulnerabilities) == 0 || st.Status == "" {
				t.Errorf("an incomplete statement: %+v", st)
			}
		}
		w := verdict.Verdict{Image: v.Image, Packages: v.Packages, Findings: v.Findings}
		b := NewSet(day("2026-11-21"), nil, []*Document{d}).For(&w)
		for i := range v.Findings {
			b.Accept(gate.Thing{Image: &v.Image, ID: v.Findings[i].ID, Finding: &v.Findings[i], Package: &v.Packages[i]})
		}
		b.All(&v.Image)
	})
}
