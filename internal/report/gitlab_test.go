package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/advisory"
	"plimsoll/internal/verdict"
)

func TestGitLabsReportsHoldTheDocumentedFields(t *testing.T) {
	for form, file := range map[string]string{"gitlab": "gitlab-container-scanning.json", "codequality": "gitlab-code-quality.json"} {
		url := "https://schemas.test/" + file
		s := compileSchema(t, url, map[string][]byte{url: testSchema(t, file)})
		for name, r := range formReports() {
			t.Run(form+" "+name, func(t *testing.T) {
				raw := render(t, form, r, Options{})
				validate(t, s, raw)
				checkLog(t, raw)
				if bytes.HasPrefix(raw, []byte("\ufeff")) {
					t.Error("begins with a byte order mark, which GitLab does not read")
				}
			})
		}
	}
}

func decodeGitLab(t *testing.T, r *verdict.Report) gitlabReport {
	t.Helper()
	var doc gitlabReport
	if err := json.Unmarshal(render(t, "gitlab", r, Options{}), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestGitLabsReportShowsEveryKind(t *testing.T) {
	seen, ids := map[string]bool{}, map[string]bool{}
	doc := decodeGitLab(t, full())
	for i := range doc.Vulnerabilities {
		g := &doc.Vulnerabilities[i]
		seen[g.Details["kind"].Value] = true
		if ids[g.ID] {
			t.Errorf("identifier %s is used twice", g.ID)
		}
		ids[g.ID] = true
	}
	for _, kind := range kinds {
		if !seen[kind] {
			t.Errorf("no finding of kind %q", kind)
		}
	}
	if doc.Scan.Start != "2023-09-20T14:03:11" || doc.Scan.Status != "success" {
		t.Errorf("scan %+v", doc.Scan)
	}
	if doc := decodeGitLab(t, incomplete()); doc.Scan.Status != "failure" || !strings.Contains(doc.Scan.Messages[0].Value, "gzip stream breaks off") {
		t.Errorf("incomplete: %+v", doc.Scan)
	}
}

// TestGitLabsDescriptionsHoldNoMarkup has text that Markdown would obey.
func TestGitLabsDescriptionsHoldNoMarkup(t *testing.T) {
	doc := decodeGitLab(t, hostile("[x](https://evil.example/) <img src=x> ![y](z) @all #1"))
	for i := range doc.Vulnerabilities {
		g := &doc.Vulnerabilities[i]
		for _, text := range []string{g.Description, g.Solution} {
			if strings.ContainsAny(text, "[<@!]") && strings.Contains(text, "](") || strings.ContainsAny(text, "[]<>@") {
				t.Errorf("markup in %q", text)
			}
		}
	}
}

func TestGitLabKnowsAFindingAgain(t *testing.T) {
	ids := func(r *verdict.Report) map[string]string {
		all := map[string]string{}
		doc := decodeGitLab(t, r)
		for i := range doc.Vulnerabilities {
			g := &doc.Vulnerabilities[i]
			all[g.ID] = g.Identifiers[0].Value + " " + g.Location.Dependency.Package.Name
		}
		return all
	}
	if diff := cmp.Diff(ids(full()), ids(shuffled(full()))); diff != "" {
		t.Errorf("container scanning:\n%s", diff)
	}
	prints := func(r *verdict.Report) map[string]string {
		var list []gitlabIssue
		if err := json.Unmarshal(render(t, "codequality", r, Options{}), &list); err != nil {
			t.Fatal(err)
		}
		all := map[string]string{}
		for _, issue := range list {
			all[issue.Fingerprint] = issue.Check + " " + issue.Location.Path
		}
		if len(all) != len(list) {
			t.Errorf("%d fingerprints of %d issues", len(all), len(list))
		}
		return all
	}
	if diff := cmp.Diff(prints(full()), prints(shuffled(full()))); diff != "" {
		t.Errorf("code quality:\n%s", diff)
	}
}

func TestOnlyVectorsReachGitLab(t *testing.T) {
	for vector, want := range map[string]bool{
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H": true,
		"AV:N/AC:L/Au:N/C:N/I:N/A:P":                   true,
		"(AV:N/AC:L/Au:N/C:N/I:N/A:P)":                 false,
		"CVSS:9.9/AV:N":                                false,
		"":                                             false,
		"high":                                         false,
	} {
		if got := gitlabVectors(&advisory.CVSS{Vector: vector, Source: "nvd"}); (got != nil) != want {
			t.Errorf("%q: %v", vector, got)
		}
	}
}
