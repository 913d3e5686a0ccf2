package gate_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/gate"
	"plimsoll/internal/gate/policy"
	"plimsoll/internal/inventory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/secret"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

var now = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// cve is a vulnerability that both databases hold alike.
func cve(id, pkg string, s advisory.Severity, state advisory.FixState) triage.Finding {
	return triage.Finding{
		ID: "f-" + id + "-" + pkg, Kind: triage.Vulnerability, Vulnerability: id, Package: pkg, Version: "1", PackageID: "pkg:" + pkg,
		Severity: s, Disposition: triage.Dispose(s, state), Fix: triage.Fix{State: state}, HeldBy: []string{"trivy-db", "grype-db"}, Agreed: true,
	}
}

// judged is a complete verdict by both databases.
func judged(findings ...triage.Finding) *verdict.Verdict {
	return &verdict.Verdict{
		Image:    verdict.Image{Reference: "app:1", Platform: "linux/amd64"},
		Findings: findings,
		Coverage: verdict.Coverage{Complete: true, Databases: []advisory.Info{{Name: "trivy-db"}, {Name: "grype-db"}}},
	}
}

func ready(t *testing.T, name string) *policy.Policy {
	t.Helper()
	p, err := policy.Ready(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func own(t *testing.T, rules string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse("p.yaml", []byte("version: 1\nname: mine\nrules:\n"+rules))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func hold(t *testing.T, in gate.Input) *gate.Result {
	t.Helper()
	in.Now = now
	r, err := gate.Hold(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// brief is a result in one line: "failed fixable-vulnerability:2".
func brief(r *gate.Result) string {
	text := string(r.Decision)
	for _, reason := range r.Reasons {
		text += fmt.Sprintf(" %s:%d", reason.Rule, reason.Count)
	}
	return text
}

func content(kind triage.Kind, live inventory.Liveness, c secret.Confidence) triage.Finding {
	return triage.Finding{
		ID: string(kind), Kind: kind, Path: "etc/x", Title: "X", Severity: advisory.High, Disposition: triage.Rebuild, Liveness: live,
		Evidence: &triage.Evidence{Rule: "x", Confidence: c},
	}
}

func TestTheStandardPolicy(t *testing.T) {
	hygiene := func(rule string) *verdict.Verdict {
		v := judged()
		v.Hygiene = []verdict.Hygiene{{ID: "h", Rule: rule, Severity: advisory.Medium, Remedy: "do."}}
		return v
	}
	partly := judged()
	partly.Coverage.Complete = false
	broken := judged(cve("CVE-1", "a", advisory.High, advisory.Fixed))
	broken.Coverage.Complete = false
	for name, c := range map[string]struct {
		v    *verdict.Verdict
		want string
	}{
		"nothing":                     {judged(), "passed"},
		"fixable and critical":        {judged(cve("CVE-1", "a", advisory.Critical, advisory.Fixed)), "failed fixable-vulnerability:1"},
		"fixable and medium":          {judged(cve("CVE-1", "a", advisory.Medium, advisory.Fixed)), "passed"},
		"critical without a fix":      {judged(cve("CVE-1", "a", advisory.Critical, advisory.NotFixed)), "passed"},
		"critical, will not be fixed": {judged(cve("CVE-1", "a", advisory.Critical, advisory.WontFix)), "passed"},
		"a live secret":               {judged(content(triage.Secret, inventory.Visible, secret.Likely)), "failed secret:1"},
		"a deleted secret":            {judged(content(triage.Secret, inventory.Deleted, secret.Likely)), "failed secret:1"},
		"what may be a secret":        {judged(content(triage.Secret, inventory.Visible, secret.Possible)), "passed"},
		"planted code":                {judged(content(triage.Malware, inventory.Visible, secret.Certain)), "failed planted-code:1"},
		"an altered executable":       {judged(content(triage.Provenance, inventory.Visible, secret.Certain)), "failed altered-executable:1"},
		"no user":                     {hygiene("user-missing"), "failed root-user:1"},
		"a debug port":                {hygiene("expose-debug-port"), "failed debug-port:1"},
		"other hygiene":               {hygiene("shell-form-start"), "passed"},
		"an incomplete scan":          {partly, "undecided"},
		"incomplete and broken":       {broken, "failed fixable-vulnerability:1"},
	} {
		if got := brief(hold(t, gate.Input{Verdict: c.v, Policy: ready(t, policy.Default)})); got != c.want {
			t.Errorf("%s: %s, not %s", name, got, c.want)
		}
	}
}

func TestUnfixedIsTracked(t *testing.T) {
	r := hold(t, gate.Input{Policy: ready(t, policy.Default), Verdict: judged(
		cve("CVE-1", "a", advisory.Critical, advisory.NotFixed), cve("CVE-2", "a", advisory.Low, advisory.WontFix), cve("CVE-3", "a", advisory.Low, advisory.Fixed))})
	if r.Tracked["critical"] != 1 || r.Tracked["low"] != 1 || len(r.Tracked) != 2 {
		t.Errorf("tracked %v", r.Tracked)
	}
}

// held gives a finding a record of what each database says.
func held(v *verdict.Verdict, f triage.Finding, differences []reconcile.Difference, by ...reconcile.Held) {
	f.HeldBy = nil
	for i := range by {
		f.HeldBy = append(f.HeldBy, by[i].Database)
	}
	v.Findings = append(v.Findings, f)
	v.Reconciliation.Records = append(v.Reconciliation.Records, reconcile.Record{PackageID: f.PackageID, ID: f.Vulnerability, Held: by, Differences: differences})
}

func TestTheOpinionThatIsAsked(t *testing.T) {
	says := func(db string, s advisory.Severity, state advisory.FixState) reconcile.Held {
		return reconcile.Held{Database: db, Match: advisory.Match{Severity: s, State: state}}
	}
	notCovered := []reconcile.Difference{{Cause: reconcile.NotCovered}}
	for name, c := range map[string]struct {
		by          []reconcile.Held
		differences []reconcile.Difference
		want        string // the opinions that fail it
	}{
		"both alike":                  {[]reconcile.Held{says("trivy-db", advisory.High, advisory.Fixed), says("grype-db", advisory.High, advisory.Fixed)}, nil, "either both trivy-db grype-db"},
		"severities differ":           {[]reconcile.Held{says("trivy-db", advisory.High, advisory.Fixed), says("grype-db", advisory.Medium, advisory.Fixed)}, nil, "either trivy-db"},
		"one knows no fix":            {[]reconcile.Held{says("trivy-db", advisory.High, advisory.NotFixed), says("grype-db", advisory.High, advisory.Fixed)}, nil, "either grype-db"},
		"one alone holds it":          {[]reconcile.Held{says("grype-db", advisory.High, advisory.Fixed)}, nil, "either grype-db"},
		"the other does not cover it": {[]reconcile.Held{says("grype-db", advisory.High, advisory.Fixed)}, notCovered, "either both grype-db"},
		"one says not affected":       {[]reconcile.Held{says("trivy-db", advisory.High, advisory.NotAffected), says("grype-db", advisory.High, advisory.Fixed)}, nil, "either grype-db"},
	} {
		v := judged()
		held(v, cve("CVE-1", "a", advisory.High, advisory.Fixed), c.differences, c.by...)
		var failing []string
		for _, o := range policy.Opinions() {
			if r := hold(t, gate.Input{Verdict: v, Policy: ready(t, policy.Default), Opinion: o}); r.Decision == gate.Failed {
				failing = append(failing, string(o))
			}
		}
		if got := strings.Join(failing, " "); got != c.want {
			t.Errorf("%s: fails for %s, not %s", name, got, c.want)
		}
	}
}

func TestAnOpinionThatCantBeHadIsNoPass(t *testing.T) {
	v := judged()
	v.Coverage.Databases = v.Coverage.Databases[:1]
	for opinion, want := range map[policy.Opinion]string{policy.Either: "passed", policy.TrivyDB: "passed", policy.GrypeDB: "undecided", policy.Both: "undecided"} {
		if got := brief(hold(t, gate.Input{Verdict: v, Policy: ready(t, policy.Default), Opinion: opinion})); got != want {
			t.Errorf("%s: %s", opinion, got)
		}
	}
}

func TestEachReasonNamesWhatClearsIt(t *testing.T) {
	a, b, c := cve("CVE-1", "a", advisory.High, advisory.Fixed), cve("CVE-2", "a", advisory.High, advisory.Fixed), cve("CVE-3", "b", advisory.High, advisory.Fixed)
	a.ClearedBy, b.ClearedBy = "x", "x"
	v := judged(a, b, c)
	v.Actions = []triage.Action{{ID: "x", Title: "upgrade a to 2: clears 2", Clears: []string{a.ID, b.ID}}}
	r := hold(t, gate.Input{Verdict: v, Policy: ready(t, policy.Default)})
	if got := fmt.Sprintf("%+v", r.Reasons[0].Actions); got != "[{ID:x Title:upgrade a to 2 Clears:2} {ID: Title:upgrade the package to a version that has the fix Clears:1}]" {
		t.Error(got)
	}
	if m := r.Reasons[0].Matches[0]; m.Text != "CVE-1 in a 1" || m.ID != a.ID || !m.Fixable {
		t.Errorf("%+v", m)
	}
}

func TestRulesForEverySubject(t *testing.T) {
	p := own(t, `
  - {name: a-finding, severity: high, for: finding, message: m, when: 'finding.exploited && finding.fix.since.older(30) && finding.epss.probability > 0.5 && finding.cvss.score >= 9.0', detail: '"since " + finding.fix.since'}
  - {name: an-action, severity: high, for: action, message: m, when: 'action.kind == "bump-base" && action.urgent > 0'}
  - {name: a-package, severity: high, for: package, message: m, when: 'pkg.type == "deb" && pkg.name.startsWith("tel") && pkg.origin.base'}
  - {name: an-executable, severity: high, for: executable, message: m, when: 'executable.setuid && !executable.setgid'}
  - {name: an-image, severity: high, for: image, message: m, when: 'packages.size() > 0 && findings.exists(f, f.package == "a") && image.created.older(365) && image.distribution.id == "debian"'}
`)
	f := cve("CVE-1", "a", advisory.High, advisory.Fixed)
	f.KEV, f.Fix.Since, f.EPSS, f.CVSS = &advisory.KEV{}, "2026-10-01", &advisory.EPSS{Probability: 0.9}, &advisory.CVSS{Score: 9}
	v := judged(f)
	v.Actions = []triage.Action{{ID: "x", Kind: triage.BumpBase, Title: "bump", Clears: []string{f.ID}, Urgent: 1}}
	v.Packages = []inventory.Package{{Type: "deb", Name: "telnet"}}
	v.Image.Base.Layers, v.Image.Created, v.Image.Distribution = 1, now.AddDate(-2, 0, 0), &inventory.Distribution{ID: "debian"}
	v.Account.Entries = append(v.Account.Entries, entry("-rwsr-xr-x"), entry("-rwsr-sr-x"))
	r := hold(t, gate.Input{Verdict: v, Policy: p})
	if got := brief(r); got != "failed a-finding:1 an-action:1 a-package:1 an-executable:1 an-image:1" {
		t.Errorf("%s %v", got, r.Problems)
	}
	if d := r.Reasons[0].Matches[0].Detail; d != "since 2026-10-01" {
		t.Errorf("detail %q", d)
	}
	// The same of an image that holds nothing: nothing is known, and nothing fails.
	if r := hold(t, gate.Input{Verdict: judged(cve("CVE-1", "b", advisory.High, advisory.Fixed)), Policy: p}); brief(r) != "passed" {
		t.Errorf("%s %v", brief(r), r.Problems)
	}
}

func TestARuleThatFailsIsNoPass(t *testing.T) {
	p := own(t, "  - {name: one, severity: high, for: finding, message: m, when: 'finding.aliases[3] == \"x\"'}\n")
	r := hold(t, gate.Input{Verdict: judged(cve("CVE-1", "a", advisory.High, advisory.Fixed)), Policy: p})
	if brief(r) != "undecided" || len(r.Problems) != 1 || !strings.Contains(r.Problems[0], "rule one: when: index out of bounds") {
		t.Errorf("%s %v", brief(r), r.Problems)
	}
}

// TestAHostilePolicyEnds: four lists of the verdict within one another would take
// years; the budget ends it and the gate is not passed.
func TestAHostilePolicyEnds(t *testing.T) {
	p := own(t, `
  - {name: one, severity: high, for: image, message: m, when: 'findings.all(a, findings.all(b, findings.all(c, a.id + b.id != c.id)))'}
  - {name: two, severity: high, for: finding, message: m, when: 'finding.fixable'}
`)
	v := judged()
	for i := range 20_000 {
		v.Findings = append(v.Findings, cve(fmt.Sprint("CVE-", i), "a", advisory.High, advisory.Fixed))
	}
	start := time.Now()
	r := hold(t, gate.Input{Verdict: v, Policy: p})
	if r.Decision == gate.Passed || len(r.Problems) == 0 || !strings.Contains(r.Problems[0], "cost more than a policy may") {
		t.Errorf("%s %v", brief(r), r.Problems)
	}
	t.Logf("ended after %s", time.Since(start))
}

func TestManyFindingsFitTheBudget(t *testing.T) {
	v := judged()
	for i := range 100_000 {
		v.Findings = append(v.Findings, cve(fmt.Sprint("CVE-", i), "a", advisory.Low, advisory.NotFixed))
	}
	start := time.Now()
	if r := hold(t, gate.Input{Verdict: v, Policy: ready(t, "strict")}); brief(r) != "passed" {
		t.Errorf("%s %v", brief(r), r.Problems)
	}
	t.Logf("took %s", time.Since(start))
}
