package report

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"plimsoll/internal/advisory"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/verdict"
)

func sarifSchemaOf(t *testing.T) *jsonschema.Schema {
	t.Helper()
	return compileSchema(t, sarifSchema, map[string][]byte{sarifSchema: testSchema(t, "sarif-schema-2.1.0.json")})
}

func decodeSARIF(t *testing.T, raw []byte) sarifLog {
	t.Helper()
	var log sarifLog
	if err := json.Unmarshal(raw, &log); err != nil {
		t.Fatal(err)
	}
	return log
}

func TestSARIFFollowsThePublishedSchema(t *testing.T) {
	s := sarifSchemaOf(t)
	for name, r := range formReports() {
		t.Run(name, func(t *testing.T) {
			raw := render(t, "sarif", r, Options{})
			validate(t, s, raw)
			checkLog(t, raw)
			for _, run := range decodeSARIF(t, raw).Runs {
				for i := range run.Results {
					if res := &run.Results[i]; strings.Contains(res.Message.Text, "](") || res.Message.Text == "" {
						t.Errorf("a link or nothing in %q", res.Message.Text)
					}
				}
			}
		})
	}
}

// lintReport has a finding of a Dockerfile with an edit, one that a comment lifts,
// one of an image, and a file that could not be read.
func lintReport(text string) *verdict.Lint {
	rules := hygiene.Rules()
	r := &verdict.Lint{SchemaVersion: verdict.SchemaVersion, Tool: verdict.Tool{Name: "plimsoll", Version: "v0.1.0"}}
	find := func(f hygiene.Finding) hygiene.Finding {
		f.Rule, f.Title, f.Remedy, f.Severity, f.ID = rules[0].ID, rules[0].Title, rules[0].Remedy, rules[0].Severity, "4f0c5b6a7d8e9f00"
		f.Message, f.Range.Start.Line, f.Range.Start.Column, f.Range.End.Line, f.Range.End.Column = text, 3, 1, 3, 20
		return f
	}
	r.Add(verdict.LintSubject{Name: "docker/Dockerfile", Kind: "dockerfile"}, []hygiene.Finding{
		find(hygiene.Finding{Edits: []hygiene.Edit{{From: 4, To: 9, New: text}}, Stage: text}),
		find(hygiene.Finding{Suppressed: &hygiene.Suppression{By: "hadolint", Line: 2, Reason: text}}),
	}, advisory.Unknown, rules)
	r.Add(verdict.LintSubject{Name: "localhost:5000/app:1", Kind: "image", Platform: "linux/amd64"}, []hygiene.Finding{find(hygiene.Finding{Where: text})}, advisory.Unknown, rules)
	r.Add(verdict.LintSubject{Name: text, Kind: "dockerfile", Error: text}, nil, advisory.Unknown, rules)
	return r
}

func TestLintSARIFFollowsThePublishedSchema(t *testing.T) {
	s := sarifSchemaOf(t)
	for _, text := range []string{"pin the base", nasty, "", "[x](https://evil.example/)"} {
		var b bytes.Buffer
		if err := LintSARIF(&b, lintReport(text)); err != nil {
			t.Fatal(err)
		}
		validate(t, s, b.Bytes())
		checkLog(t, b.Bytes())
		for _, res := range decodeSARIF(t, b.Bytes()).Runs[0].Results {
			if strings.Contains(res.Message.Text, "](") {
				t.Errorf("a link of foreign text in %q", res.Message.Text)
			}
		}
	}
}

func TestSARIFShowsEveryKind(t *testing.T) {
	run := decodeSARIF(t, render(t, "sarif", full(), Options{})).Runs[0]
	seen := map[string]bool{}
	for i := range run.Results {
		res := &run.Results[i]
		seen[res.Properties["kind"].(string)] = true
		if rule := run.Tool.Driver.Rules[res.RuleIndex]; rule.ID != res.RuleID {
			t.Errorf("%s points at rule %s", res.RuleID, rule.ID)
		}
		if uri := res.Locations[0].Physical.Artifact.URI; !strings.HasPrefix(uri, "index.docker.io/shop/api") || strings.Contains(uri, "1.4") || strings.Contains(uri, "%3A") {
			t.Errorf("%s lies in %s: want the repository without its tag", res.RuleID, uri)
		}
	}
	for _, kind := range kinds {
		if !seen[kind] {
			t.Errorf("no result of kind %q", kind)
		}
	}
}

// marks are the fingerprints by which GitHub knows an alert again.
func marks(run sarifRun) map[string]string {
	all := map[string]string{}
	for i := range run.Results {
		res := &run.Results[i]
		key := res.RuleID + " " + res.Fingerprints["plimsollFinding/v1"]
		all[key] = res.Fingerprints["primaryLocationLineHash"] + " " + res.Locations[0].Physical.Artifact.URI
	}
	return all
}

func TestSARIFKnowsAFindingAgain(t *testing.T) {
	first := decodeSARIF(t, render(t, "sarif", full(), Options{})).Runs[0]
	again := decodeSARIF(t, render(t, "sarif", shuffled(full()), Options{})).Runs[0]
	if diff := cmp.Diff(marks(first), marks(again)); diff != "" {
		t.Errorf("another tag, digest and order change fingerprints:\n%s", diff)
	}
	if len(marks(first)) != len(first.Results) {
		t.Errorf("%d results have %d fingerprints", len(first.Results), len(marks(first)))
	}
	if first.Automation.ID != again.Automation.ID {
		t.Errorf("category %s became %s", first.Automation.ID, again.Automation.ID)
	}
}

func TestSARIFHasACategoryForEachImageAndPlatform(t *testing.T) {
	categories := func(r *verdict.Report) []string {
		var all []string
		for _, run := range decodeSARIF(t, render(t, "sarif", r, Options{})).Runs {
			all = append(all, run.Automation.ID)
		}
		return all
	}
	if got, want := categories(platforms()), []string{"plimsoll/oci:hello/linux/arm64/v8/", "plimsoll/oci:hello/linux/amd64/"}; !slices.Equal(got, want) {
		t.Errorf("platforms: %q, want %q", got, want)
	}
	if got, want := categories(full()), []string{"plimsoll/index.docker.io/shop/api/linux/amd64/"}; !slices.Equal(got, want) {
		t.Errorf("one: %q, want %q", got, want)
	}
	tags := full()
	tags.Verdicts = append(tags.Verdicts, shuffled(full()).Verdicts[0], full().Verdicts[0])
	got := categories(tags)
	if len(got) != 3 || got[0] == got[1] || got[1] == got[2] || got[0] == got[2] {
		t.Errorf("tags of one image share a category: %q", got)
	}
	tags.Verdicts = slices.Repeat(tags.Verdicts, 7)
	form, _ := ByName("sarif")
	if err := form.Write(&bytes.Buffer{}, tags, Options{}); err == nil || !strings.Contains(err.Error(), "20 runs") {
		t.Errorf("21 runs: %v", err)
	}
}

func TestSARIFFitsGitHubsLimits(t *testing.T) {
	raw := render(t, "sarif", many(30_000), Options{})
	if n := packed(raw); n > 10<<20 {
		t.Errorf("%d bytes after gzip", n)
	}
	run := decodeSARIF(t, raw).Runs[0]
	if n := len(run.Results); n != 25_000 {
		t.Errorf("%d results, GitHub takes 25,000", n)
	}
	urgent := 0
	for i := range run.Results {
		res := &run.Results[i]
		if len(res.Locations) > 100 || len(res.Message.Text) > 1024 {
			t.Errorf("%s: %d locations, %d bytes", res.RuleID, len(res.Locations), len(res.Message.Text))
		}
		if res.Properties["disposition"] == "rebuild" {
			urgent++
			if i >= 10_001 { // the root user and the urgent third
				t.Fatalf("result %d is urgent and stands behind others", i)
			}
		}
	}
	if urgent != 10_000 {
		t.Errorf("%d urgent findings are left of 10,000", urgent)
	}
	for _, rule := range run.Tool.Driver.Rules {
		if tags := rule.Properties["tags"].([]any); len(tags) > 10 {
			t.Errorf("%s has %d tags", rule.ID, len(tags))
		}
	}
	if !strings.Contains(run.Invocations[0].Notifications[1].Message.Text, "5,002 findings of less weight were left out") {
		t.Errorf("does not say what was left out: %+v", run.Invocations[0].Notifications)
	}
}

// TestSARIFGivesWayToTheSizeLimit has texts that do not compress.
func TestSARIFGivesWayToTheSizeLimit(t *testing.T) {
	const most = 1 << 20
	r := many(3_000)
	v := &r.Verdicts[0]
	state := uint64(1)
	noise := func() string {
		b := make([]byte, 900)
		for i := range b {
			state = state*6364136223846793005 + 1442695040888963407
			b[i] = '!' + byte(state>>57)%94
		}
		return string(b)
	}
	for i := range v.Findings {
		v.Findings[i].Title, v.Findings[i].Vulnerability = noise(), "CVE-2026-1"
	}
	raw, err := sarifWithin(r, most)
	if err != nil {
		t.Fatal(err)
	}
	if n := packed(raw); n > most || n < most/4 {
		t.Errorf("%d bytes after gzip: want as much as fits into %d", n, most)
	}
	run := decodeSARIF(t, raw).Runs[0]
	if n := len(run.Results); n == 0 || n >= 3_000 {
		t.Errorf("%d results are left", n)
	}
	if !strings.Contains(string(raw), "of less weight were left out") {
		t.Error("does not say what was left out")
	}
}

func TestSARIFRanksByTheVerdictsSeverity(t *testing.T) {
	run := decodeSARIF(t, render(t, "sarif", full(), Options{})).Runs[0]
	scores := map[string]string{}
	for _, rule := range run.Tool.Driver.Rules {
		scores[rule.ID] = rule.Properties["security-severity"].(string)
	}
	for id, want := range map[string]string{
		"CVE-2010-4756":               "2.0", // Debian: low; 5.0 by CVSS 2.0
		"CVE-2023-45853":              "9.8",
		"user-root":                   "8.0",
		"secret/github-classic-token": "9.5",
	} {
		if scores[id] != want {
			t.Errorf("%s has %s, want %s", id, scores[id], want)
		}
	}
}

func TestSARIFNeverCallsAnIncompleteScanDone(t *testing.T) {
	run := decodeSARIF(t, render(t, "sarif", incomplete(), Options{})).Runs[0]
	inv := run.Invocations[0]
	if inv.ExecutionSuccessful || len(inv.Notifications) == 0 || !strings.Contains(inv.Notifications[0].Message.Text, "gzip stream breaks off") {
		t.Errorf("%+v", inv)
	}
}
