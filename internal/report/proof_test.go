package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"plimsoll/internal/advisory"
	"plimsoll/internal/compare"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	proven "plimsoll/internal/rebuild/proof"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// proved is an image and its rebuilt self, with something of everything.
func proved() *proven.Report {
	summary := func(ref, fill string, size int64, packages int) compare.Summary {
		return compare.Summary{
			Image: verdict.Image{
				Reference: ref, Name: "index.docker.io/library/" + ref, Platform: "linux/amd64", Digest: digest(fill), Layers: make([]verdict.Layer, 4),
				Distribution: &inventory.Distribution{ID: "debian", VersionID: "12", PrettyName: "Debian GNU/Linux 12 (bookworm)"},
			},
			Size: size, Stored: size / 3, Packages: packages, Executables: 450,
		}
	}
	vuln := func(id, name, version string, severity advisory.Severity, fixed ...string) proven.Finding {
		f := proven.Finding{ID: id, Kind: triage.Vulnerability, Vulnerability: id, Severity: severity, Package: name, Version: version, FixedIn: fixed, InBase: true}
		f.Disposition = triage.Dispose(severity, map[bool]advisory.FixState{true: advisory.Fixed, false: advisory.NotFixed}[len(fixed) > 0])
		return f
	}
	outcome := func(groups ...proven.Group) proven.Outcome {
		o := proven.Outcome{BySeverity: map[string]int{}}
		for i := range groups {
			g := &groups[i]
			g.BySeverity = map[string]int{}
			for _, f := range g.Findings {
				g.BySeverity[f.Severity.String()]++
				o.BySeverity[f.Severity.String()]++
				o.Total++
				if f.InBase {
					o.InBase++
				}
				if f.Disposition == triage.Rebuild {
					g.Urgent++
					o.Urgent++
				}
			}
		}
		o.Groups = groups
		return o
	}
	change := func(name, before, after string, packages ...string) *proven.PackageChange {
		return &proven.PackageChange{Type: "deb", Name: name, Before: before, After: after, Packages: packages}
	}
	exploited := vuln("CVE-2023-4911", "libc6", "2.36-9+deb12u1", advisory.High, "2.36-9+deb12u3")
	exploited.KnownExploited = true
	p := proven.Proof{
		Kind:   proven.Images,
		Before: summary("app:1", "a1", 131_000_000, 110), After: summary("app:2", "b2", 90_000_000, 80),
		Conclusion: proven.Conclusion{
			Decision: proven.NotBetter, Complete: true,
			Text: "NOT BETTER: secrets 0 → 1, fixable HIGH/CRITICAL 3 → 1; 4 findings cleared, 1 gone without proof, 3 kept, 1 added",
		},
		Databases: []advisory.Info{
			{Name: "trivy-db", Schema: "2", Built: day("2026-11-21"), Digest: digest("c3")},
			{Name: "grype-db", Schema: "v6.1.10", Built: day("2026-11-20"), Digest: digest("d4")},
		},
		Counts: proven.Counts{
			Before: proven.Tally{Fixable: 3, Unfixed: 1, FixableBelow: 2, UnfixedBelow: 2}, After: proven.Tally{Secrets: 1, Fixable: 1, Unfixed: 1, UnfixedBelow: 2},
		},
		Findings: proven.Findings{
			Vulnerabilities: true,
			Cleared: outcome(
				proven.Group{
					Code: proven.PackageUpgraded, Cause: "glibc 2.36-9+deb12u1 → 2.36-9+deb12u7", Package: change("glibc", "2.36-9+deb12u1", "2.36-9+deb12u7", "libc-bin", "libc-dev-bin", "libc-l10n", "libc6", "locales"),
					Findings: []proven.Finding{exploited, vuln("CVE-2024-2961", "libc6", "2.36-9+deb12u1", advisory.High, "2.36-9+deb12u6")},
				},
				proven.Group{Code: proven.DistributionChanged, Cause: "debian 12 → alpine 3.20: its packages are gone", Findings: []proven.Finding{vuln("CVE-2024-1", "tar", "1.34", advisory.Low, "1.35"), vuln("CVE-2024-2", "tar", "1.34", advisory.Low, "1.35")}},
			),
			Unproven: outcome(proven.Group{
				Code: proven.FilesRemain, Cause: "openssl 3.0.9-1 is recorded no more, and /app/libssl.so.3 is still there as it was", Package: change("openssl", "3.0.9-1", "", "libssl3"),
				Findings: []proven.Finding{vuln("CVE-2023-5363", "libssl3", "3.0.9-1", advisory.High, "3.0.11-1~deb12u2")},
			}),
			Kept: outcome(
				proven.Group{Code: proven.FixNotTaken, Cause: "expat 2.5.0-1: the same version as before, though fixes exist", Package: change("expat", "2.5.0-1", "2.5.0-1", "libexpat1"), Findings: []proven.Finding{vuln("CVE-2023-52425", "libexpat1", "2.5.0-1", advisory.Medium, "2.5.0-2")}},
				proven.Group{Code: proven.NoFix, Cause: "perl 5.36.0-7: no fix exists", Package: change("perl", "5.36.0-7", "5.36.0-7", "perl-base"), Findings: []proven.Finding{vuln("CVE-2023-31486", "perl-base", "5.36.0-7", advisory.High)}},
				proven.Group{Code: proven.NoFix, Cause: "tar 1.34: no fix exists", Package: change("tar", "1.34", "1.34", "tar"), Findings: []proven.Finding{vuln("CVE-2005-2541", "tar", "1.34", advisory.Low)}},
			),
			Added: outcome(proven.Group{
				Code: proven.FileAdded, Cause: "/app/.env is new",
				Findings: []proven.Finding{{ID: "s1", Kind: triage.Secret, Title: "GitHub personal access token", Severity: advisory.Critical, Disposition: triage.Rebuild, Path: "app/.env", Liveness: inventory.Visible, Layer: 3, Redacted: "ghp_[36 redacted]"}},
			}),
		},
		Hygiene: proven.Hygiene{
			Before:  proven.HygieneTally{BySeverity: map[string]int{"medium": 1}, InBase: 1},
			After:   proven.HygieneTally{BySeverity: map[string]int{"high": 1}, InBase: 1},
			Cleared: []proven.HygieneRule{{Rule: "user-missing", Title: "no USER is set", Category: "user", Severity: advisory.Medium, Findings: []proven.HygieneFinding{{ID: "h1", Severity: advisory.Medium, Message: "the image runs as root", Where: "configuration: User", Final: true}}}},
			Kept:    []proven.HygieneRule{{Rule: "run-sudo", Title: "sudo", Category: "user", Severity: advisory.Low, Findings: []proven.HygieneFinding{{ID: "h2", Severity: advisory.Low, Message: "sudo", Where: "history line 1", Final: true, InBase: true}}}},
			Added:   []proven.HygieneRule{{Rule: "download-shell", Title: "a download runs at once", Category: "downloads", Severity: advisory.High, Findings: []proven.HygieneFinding{{ID: "h3", Severity: advisory.High, Message: "curl | sh", Where: "history line 4", Final: true}}}},
		},
		Packages: proven.Packages{
			ByChange: map[compare.Change]int{compare.Upgraded: 1},
			Changes:  []compare.Package{{Change: compare.Upgraded, Type: "deb", Name: "libc6", Before: "2.36-9+deb12u1", After: "2.36-9+deb12u7", Path: "var/lib/dpkg/status"}},
		},
		Base: proven.Base{
			Before: proven.BaseImage{Name: "docker.io/library/debian:12", Digest: digest("e5"), Layers: 1, Reason: "history: a base sets its own command after layer 0", ChainID: digest("f6")},
			After:  proven.BaseImage{Layers: 1, Reason: "the first layer; history names no other boundary", ChainID: digest("07")}, Changed: true,
		},
		Application: proven.Application{Before: 3, After: 3, Shared: 1, Rebuilt: 1, Removed: []inventory.LayerRef{{Index: 3, DiffID: digest("18")}}, Added: []inventory.LayerRef{{Index: 3, DiffID: digest("29")}}},
		Surface: proven.Surface{
			Executables: proven.Executables{Before: 450, After: 300, Removed: 150, OpenBefore: 2, OpenAfter: 3},
			Privileged: proven.Privileged{
				Before: 2, After: 2, Removed: []proven.PrivilegedFile{{Path: "usr/bin/mount", Mode: "-rwsr-xr-x"}}, Added: []proven.PrivilegedFile{{Path: "app/run", Mode: "-rwsr-xr-x"}},
				Kept: []proven.PrivilegedFile{{Path: "usr/bin/su", Mode: "-rwsr-xr-x"}},
			},
			Tools: proven.Tools{
				Before: 3, After: 1, Kept: []proven.Tool{{Kind: proven.Shell, Name: "sh", Path: "bin/sh", LinkTo: "bin/dash"}},
				Removed: []proven.Tool{{Kind: proven.SystemPackages, Name: "apt", Path: "usr/bin/apt"}, {Kind: proven.LanguagePackages, Name: "pip3", Path: "usr/local/bin/pip3"}},
			},
		},
		NotProven: []string{"that the application still works: nothing of either image was run"},
	}
	return &proven.Report{SchemaVersion: proven.SchemaVersion, Tool: verdict.Tool{Name: "plimsoll", Version: "test"}, Proofs: []proven.Proof{p}, Status: 1}
}

// unproven is an image beside itself without a database, one of whose layers is damaged.
func unproven() *proven.Report {
	r := proved()
	p := &r.Proofs[0]
	*p = proven.Proof{
		Kind: proven.Images, Before: p.Before, After: p.Before,
		Conclusion: proven.Conclusion{
			Decision: proven.Incomplete, Text: "INCOMPLETE: part of BEFORE could not be examined; 0 cleared, 0 kept, 0 added",
			Reasons: []string{"part of BEFORE could not be examined", "there is no vulnerability database, so that vulnerabilities were not compared"},
		},
		Base:        proven.Base{Before: p.Base.After, After: p.Base.After},
		Application: proven.Application{Before: 3, After: 3, Identical: true, Shared: 3},
		Skipped:     []compare.Skipped{{Side: "before", Skipped: verdict.Skipped{Layer: 1, Problem: evidence.Problem{Path: "etc/x", Reason: "damaged", Incomplete: true}}}},
	}
	p.After.Image.Digest = ""
	return r
}

func TestProofsMatchTheirGoldenFiles(t *testing.T) {
	for name, write := range map[string]func(io.Writer) error{
		"proof-80":           func(w io.Writer) error { return Proof(w, proved(), Options{Width: 80}) },
		"proof-100-all":      func(w io.Writer) error { return Proof(w, proved(), Options{Width: 100, All: true}) },
		"proof-incomplete":   func(w io.Writer) error { return Proof(w, unproven(), Options{Width: 100}) },
		"proof-markdown":     func(w io.Writer) error { return ProofMarkdown(w, proved(), Options{}) },
		"proof-markdown-all": func(w io.Writer) error { return ProofMarkdown(w, proved(), Options{All: true}) },
		"proof-json":         func(w io.Writer) error { return ProofJSON(w, proved()) },
		"proof-none":         func(w io.Writer) error { return ProofJSON(w, &proven.Report{Proofs: make([]proven.Proof, 1)}) },
		"proof-intoto":       func(w io.Writer) error { return ProofStatement(w, proved()) },
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			golden(t, name, b.Bytes())
		})
	}
}

// The shape is that of in-toto attestation, spec/v1/statement.md.
func TestAStatementIsAboutTheSecondImagesManifest(t *testing.T) {
	var b, bare bytes.Buffer
	if err := ProofStatement(&b, proved()); err != nil {
		t.Fatal(err)
	}
	if err := ProofPredicate(&bare, proved()); err != nil {
		t.Fatal(err)
	}
	var s struct {
		Type    string `json:"_type"`
		Subject []struct {
			Name   string
			Digest map[string]string
		}
		PredicateType string
		Predicate     map[string]any
	}
	d := json.NewDecoder(&b)
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		t.Fatal(err)
	}
	if s.Type != "https://in-toto.io/Statement/v1" || s.PredicateType != "urn:plimsoll:proof:1" || len(s.Subject) != 1 {
		t.Errorf("%+v", s)
	}
	if _, err := url.ParseRequestURI(s.PredicateType); err != nil {
		t.Errorf("cosign would not take it for a --type: %v", err) // its options.ParsePredicateType
	}
	if got := s.Subject[0]; got.Name != "index.docker.io/library/app" || got.Digest["sha256"] != strings.Repeat("b2", 32) || len(got.Digest) != 1 {
		t.Errorf("subject %+v", got)
	}
	var predicate map[string]any
	if err := json.Unmarshal(bare.Bytes(), &predicate); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(predicate, s.Predicate) {
		t.Error("the bare predicate is not the statement's")
	}
	for _, key := range []string{"schemaVersion", "tool", "kind", "conclusion", "before", "after", "databases"} {
		if predicate[key] == nil {
			t.Errorf("no %s", key)
		}
	}
}

func TestAStatementNeedsOneImageWithADigest(t *testing.T) {
	if err := ProofStatement(io.Discard, unproven()); !errors.Is(err, ErrNoDigest) {
		t.Errorf("without a digest: %v", err)
	}
	if err := ProofPredicate(io.Discard, unproven()); err != nil {
		t.Errorf("a predicate needs none: %v", err)
	}
	two := proved()
	two.Proofs = append(two.Proofs, two.Proofs[0])
	for _, r := range []*proven.Report{two, {}} {
		if err := ProofStatement(io.Discard, r); !errors.Is(err, ErrOneProof) {
			t.Errorf("%d proofs: %v", len(r.Proofs), err)
		}
	}
}

// hostileProof is a proof whose every text is the same.
func hostileProof(text string) *proven.Report {
	r := &proven.Report{}
	poison(reflect.ValueOf(r).Elem(), text)
	for i := range r.Proofs {
		f := &r.Proofs[i].Findings
		r.Proofs[i].Conclusion.Text = "WORSE: " + text
		for _, o := range []*proven.Outcome{&f.Cleared, &f.Unproven, &f.Kept, &f.Added} {
			o.Total = 4
			o.Groups[0].Findings[0].Kind, o.Groups[0].Findings[1].Kind = triage.Vulnerability, triage.Vulnerability
			o.Groups[0].BySeverity = map[string]int{"high": 2}
			o.Groups[1].Package = nil
		}
		for _, list := range [][]proven.Tool{r.Proofs[i].Surface.Tools.Kept, r.Proofs[i].Surface.Tools.Added, r.Proofs[i].Surface.Tools.Removed} {
			list[0].Kind = proven.Shell
		}
		for _, rule := range r.Proofs[i].Hygiene.Added {
			rule.Findings[0].Severity, rule.Findings[1].Final = advisory.High, false
		}
		r.Proofs[i].Base.Before.Layers, r.Proofs[i].Base.After.Layers = 1, 2
	}
	return r
}

func TestProofsNeutraliseWhatImagesSay(t *testing.T) {
	r := hostileProof(nasty)
	for _, width := range []int{40, 80, 120} {
		for _, all := range []bool{false, true} {
			var b bytes.Buffer
			if err := Proof(&b, r, Options{Width: width, All: all, Color: true}); err != nil {
				t.Fatal(err)
			}
			checkTerminal(t, b.Bytes(), width)
		}
	}
	for _, all := range []bool{false, true} {
		var b bytes.Buffer
		if err := ProofMarkdown(&b, r, Options{All: all}); err != nil {
			t.Fatal(err)
		}
		checkTerminal(t, b.Bytes(), 1<<20)
	}
	var b bytes.Buffer
	if err := ProofJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	checkTerminal(t, b.Bytes(), 1<<20)
}

// obeyedMarkdown holds what Markdown, HTML and GitHub make something of.
const obeyedMarkdown = "<img src=x onerror=alert(1)> [a](https://evil.example) ![i](u) `c` **b** _e_ ~~s~~ $x$ | cell @somebody #12 GH-34 :boom: www.evil.example &lt; \\ \n# heading\n- item\n1. one\n---\n"

func TestMarkdownMakesNothingOfWhatImagesSay(t *testing.T) {
	for _, all := range []bool{false, true} {
		var b bytes.Buffer
		if err := ProofMarkdown(&b, hostileProof(obeyedMarkdown), Options{All: all}); err != nil {
			t.Fatal(err)
		}
		columns := 0
		for line := range strings.Lines(b.String()) {
			for _, raw := range []string{"<", "](", "![", "`", "**b**", "_e", "~", "$", "@", " #1", "GH-", ":b", "www.", "://", "&lt;", "\\"} {
				if strings.Contains(line, raw) {
					t.Errorf("%q in %q", raw, line)
				}
			}
			for _, start := range []string{"# ", "1. ", "---"} {
				if strings.HasPrefix(line, start) {
					t.Errorf("a line of its own: %q", line)
				}
			}
			if !strings.HasPrefix(line, "|") {
				columns = 0
				continue
			}
			if n := strings.Count(line, "|"); columns == 0 {
				columns = n
			} else if n != columns {
				t.Errorf("%d cells instead of %d: %q", n-1, columns-1, line)
			}
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	f.Add(obeyedMarkdown)
	f.Add(nasty)
	f.Add("- 1. +")
	f.Add("a:b::c&#38;")
	f.Fuzz(func(t *testing.T, text string) {
		got := md(text)
		if strings.ContainsAny(got, "\n\r\t\\`*_[]<>|~@$") {
			t.Errorf("%q", got)
		}
		if want := truncate(strings.Join(strings.Fields(Clean(text)), " "), maxCell); html.UnescapeString(got) != want {
			t.Errorf("%q reads %q, not %q", got, html.UnescapeString(got), want)
		}
	})
}

// provedFiles is a Dockerfile and its hardened self, with something of everything.
func provedFiles() *proven.FileReport {
	medium := advisory.Medium
	rule := func(id, title string, findings ...proven.HygieneFinding) proven.HygieneRule {
		r := proven.HygieneRule{Rule: id, Title: title, Findings: findings}
		for i := range findings {
			r.Severity = max(r.Severity, findings[i].Severity)
		}
		return r
	}
	at := func(severity advisory.Severity, where, message string) proven.HygieneFinding {
		return proven.HygieneFinding{ID: where, Severity: severity, Where: where, Message: message, Stage: "0", Final: true}
	}
	built, lifted := at(advisory.Low, "line 4", "curl is installed with everything recommended beside"), at(advisory.Low, "line 12", "0.0.0.0 is listened on")
	built.Stage, built.Final, built.Was = "build", false, &medium
	lifted.LiftedBy = "hadolint"
	p := proven.FileProof{
		Kind:       proven.Dockerfiles,
		Conclusion: proven.Conclusion{Decision: proven.Better, Text: "PROVEN BETTER: HIGH/CRITICAL 2 → 0, MEDIUM 1 → 0; 5 findings cleared, 2 kept, 1 added", Complete: true},
		Before:     proven.File{Name: "docker/Dockerfile.bad", Digest: digest("a1"), Lines: 19, Base: "python:latest", Stages: []proven.FileStage{{Line: 3, Base: "python:latest", Final: true}}},
		After: proven.File{
			Name: "docker/Dockerfile.fixed", Digest: digest("b2"), Lines: 1042, Base: "python:3.12-slim@" + digest("c3"), BaseDigest: digest("c3"), User: "10001:10001",
			Stages: []proven.FileStage{{Name: "build", Line: 2, Base: "python:3.12"}, {Line: 8, Base: "python:3.12-slim", Final: true}},
		},
		Hygiene: proven.Hygiene{
			Before: proven.HygieneTally{BySeverity: map[string]int{"high": 2, "medium": 1, "low": 3, "negligible": 1}},
			After:  proven.HygieneTally{BySeverity: map[string]int{"low": 2, "negligible": 1}},
			Cleared: []proven.HygieneRule{
				rule("secret-value", "a secret is written in the Dockerfile", at(advisory.High, "line 6", "DB_PASSWORD holds a secret"), at(advisory.High, "line 7", "API_KEY holds a secret")),
				rule("copy-mode", "a file that anybody may write", at(advisory.Low, "line 9", "a"), at(advisory.Low, "line 10", "b"), at(advisory.Low, "line 11", "c"), at(advisory.Low, "line 13", "d")),
			},
			Kept:  []proven.HygieneRule{rule("apt-no-recommends", "recommended packages are installed as well", built), rule("listen-anywhere", "a development server listens on all addresses", lifted)},
			Added: []proven.HygieneRule{rule("label-missing", "no label says where the image's source is", at(advisory.Negligible, "line 8", "none is set"))},
		},
		NotProven: []string{"that the files build"},
	}
	return &proven.FileReport{SchemaVersion: proven.SchemaVersion, Tool: verdict.Tool{Name: "plimsoll", Version: "test"}, Proofs: []proven.FileProof{p}}
}

func TestProofsOfDockerfilesMatchTheirGoldenFiles(t *testing.T) {
	for name, write := range map[string]func(io.Writer) error{
		"fileproof-80":       func(w io.Writer) error { return FileProof(w, provedFiles(), Options{Width: 80}) },
		"fileproof-100-all":  func(w io.Writer) error { return FileProof(w, provedFiles(), Options{Width: 100, All: true}) },
		"fileproof-markdown": func(w io.Writer) error { return FileProofMarkdown(w, provedFiles(), Options{}) },
		"fileproof-json":     func(w io.Writer) error { return FileProofJSON(w, provedFiles()) },
		"fileproof-none": func(w io.Writer) error {
			return FileProofJSON(w, &proven.FileReport{Proofs: make([]proven.FileProof, 1)})
		},
		"fileproof-intoto": func(w io.Writer) error { return FileProofStatement(w, provedFiles()) },
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			golden(t, name, b.Bytes())
		})
	}
	if err := FileProofStatement(io.Discard, &proven.FileReport{}); !errors.Is(err, ErrOneProof) {
		t.Errorf("without a proof: %v", err)
	}
}

func TestProofsOfDockerfilesNeutraliseWhatFilesSay(t *testing.T) {
	for _, text := range []string{nasty, obeyedMarkdown} {
		r := &proven.FileReport{}
		poison(reflect.ValueOf(r).Elem(), text)
		for i := range r.Proofs {
			r.Proofs[i].Conclusion.Text = "WORSE: " + text
			for _, list := range [][]proven.HygieneRule{r.Proofs[i].Hygiene.Added, r.Proofs[i].Hygiene.Cleared, r.Proofs[i].Hygiene.Kept} {
				for n := range list {
					list[n].Severity = advisory.High
					for k := range list[n].Findings {
						list[n].Findings[k].Severity, list[n].Findings[k].Final, list[n].Findings[k].InBase = advisory.High, k == 0, k == 1
					}
				}
			}
		}
		for _, all := range []bool{false, true} {
			var table, markdown bytes.Buffer
			if err := FileProof(&table, r, Options{Width: 80, All: all, Color: true}); err != nil {
				t.Fatal(err)
			}
			checkTerminal(t, table.Bytes(), 80)
			if err := FileProofMarkdown(&markdown, r, Options{All: all}); err != nil {
				t.Fatal(err)
			}
			checkTerminal(t, markdown.Bytes(), 1<<20)
			for _, raw := range []string{"<img", "](", "`c`", "**b**", "@some", "://"} {
				if strings.Contains(markdown.String(), raw) {
					t.Errorf("%q in Markdown", raw)
				}
			}
		}
		var b bytes.Buffer
		if err := FileProofJSON(&b, r); err != nil {
			t.Fatal(err)
		}
		checkTerminal(t, b.Bytes(), 1<<20)
	}
}
