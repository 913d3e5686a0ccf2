package gate_test

import (
	"strings"
	"testing"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/gate"
	"plimsoll/internal/gate/policy"
	"plimsoll/internal/inventory"
	"plimsoll/internal/verdict"
)

func entry(mode string) account.Entry {
	return account.Entry{Path: "usr/bin/" + mode, Mode: mode, Status: account.Intact, Liveness: inventory.Visible}
}

// waivers accept by vulnerability, rule of hygiene or path.
type waivers map[string]gate.Acceptance

func (w waivers) Accept(t gate.Thing) (gate.Acceptance, bool) {
	var name string
	switch {
	case t.Finding != nil:
		name = t.Finding.Vulnerability
	case t.Hygiene != nil:
		name = t.Hygiene.Rule
	case t.Executable != nil:
		name = t.Executable.Path
	}
	a, ok := w[name]
	return a, ok && t.Image.Reference == "app:1" && t.ID != ""
}

func (w waivers) All(*verdict.Image) []gate.Acceptance {
	var all []gate.Acceptance
	for _, a := range w {
		all = append(all, a)
	}
	return all
}

func TestExceptions(t *testing.T) {
	v := judged(cve("CVE-1", "a", advisory.High, advisory.Fixed), cve("CVE-2", "a", advisory.High, advisory.Fixed), cve("CVE-3", "a", advisory.Low, advisory.NotFixed))
	v.Hygiene = []verdict.Hygiene{{ID: "h", Rule: "user-missing"}}
	r := hold(t, gate.Input{Verdict: v, Policy: ready(t, policy.Default), Exceptions: waivers{
		"CVE-1":        {ID: "e:1", By: "ada", Reason: "not reached", Until: "2027-01-01"},
		"CVE-3":        {ID: "e:3", By: "ada", Reason: "expired", Until: "2026-01-01", Expired: true},
		"CVE-9":        {ID: "e:9", By: "ada"},
		"user-missing": {ID: "e:5", By: "bob"},
	}})
	if got := brief(r); got != "failed fixable-vulnerability:1 expired-exception:1" {
		t.Error(got)
	}
	if m := r.Reasons[0].Matches[0]; m.Vulnerability != "CVE-2" {
		t.Errorf("accepted the wrong one: %s is left", m.Vulnerability)
	}
	if text := r.Reasons[1].Text; text != "the exception e:3 of ada ended on 2026-01-01 (expired)" {
		t.Error(text)
	}
	if len(r.Accepted) != 2 || r.Accepted[0].ID != "e:1" || len(r.Accepted[0].Matches) != 1 || r.Accepted[1].ID != "e:5" {
		t.Errorf("accepted %+v", r.Accepted)
	}
	if len(r.Unused) != 1 || r.Unused[0].ID != "e:9" {
		t.Errorf("unused %+v", r.Unused)
	}
	if r.Tracked["low"] != 1 {
		t.Errorf("an exception that ended accepts nothing: tracked %v", r.Tracked)
	}
}

func TestAnExecutableIsAccepted(t *testing.T) {
	p := own(t, "  - {name: one, severity: high, for: executable, message: m, when: executable.setuid}\n  - {name: two, severity: high, for: executable, message: m, when: executable.setuid}\n")
	v := judged()
	v.Account.Entries = []account.Entry{entry("-rwsr-xr-x"), entry("-rwsr-sr-x")}
	r := hold(t, gate.Input{Verdict: v, Policy: p, Exceptions: waivers{"usr/bin/-rwsr-xr-x": {ID: "e:1"}}})
	if brief(r) != "failed one:1 two:1" || len(r.Accepted) != 1 || len(r.Accepted[0].Matches) != 1 {
		t.Errorf("%s %+v", brief(r), r.Accepted)
	}
}

func TestBaselines(t *testing.T) {
	before := judged(cve("CVE-1", "a", advisory.High, advisory.Fixed), cve("CVE-2", "a", advisory.High, advisory.NotFixed), cve("CVE-3", "a", advisory.Medium, advisory.Fixed), cve("CVE-4", "a", advisory.High, advisory.Fixed))
	before.Hygiene = []verdict.Hygiene{{ID: "h", Rule: "user-missing"}}
	after := judged(
		cve("CVE-1", "a", advisory.High, advisory.Fixed), // known
		cve("CVE-2", "a", advisory.High, advisory.Fixed), // a fix appeared
		cve("CVE-3", "a", advisory.High, advisory.Fixed), // its severity rose
		cve("CVE-4", "a", advisory.High, advisory.Fixed), // known, in another place
		cve("CVE-4", "a", advisory.High, advisory.Fixed), // one more copy of it
		cve("CVE-5", "a", advisory.High, advisory.Fixed), // new
	)
	after.Findings[3].ID, after.Findings[4].ID = "moved", "another"
	after.Hygiene = before.Hygiene
	standard := ready(t, policy.Default)
	base := gate.BaselineOf("old:1", []verdict.Verdict{*before})
	r := hold(t, gate.Input{Verdict: after, Policy: standard, Baseline: base})
	if got := brief(r); got != "failed fixable-vulnerability:4" {
		t.Error(got)
	}
	var left []string
	for _, m := range r.Reasons[0].Matches {
		left = append(left, m.Vulnerability)
	}
	if got := strings.Join(left, " "); got != "CVE-2 CVE-3 CVE-4 CVE-5" {
		t.Error(got)
	}
	if b := r.Baseline; b.Worse != 2 || b.Hidden["fixable-vulnerability"] != 2 || b.Hidden["root-user"] != 1 || b.Gone != 0 {
		t.Errorf("%+v", b)
	}
	// What is written hides all of it, and what is read back says the same.
	var file strings.Builder
	if err := gate.WriteBaseline(&file, &gate.Report{Results: []gate.Result{*r}}, now); err != nil {
		t.Fatal(err)
	}
	read, err := gate.ReadBaseline("b.json", []byte(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	again := hold(t, gate.Input{Verdict: after, Policy: standard, Baseline: read})
	if brief(again) != "passed" || again.Baseline.Created != "2026-11-21" {
		t.Errorf("%s %+v", brief(again), again.Baseline)
	}
	fewer := hold(t, gate.Input{Verdict: judged(after.Findings[0]), Policy: standard, Baseline: read})
	if brief(fewer) != "passed" || fewer.Baseline.Gone != 6 {
		t.Errorf("%s, gone %d", brief(fewer), fewer.Baseline.Gone)
	}
}

func TestABaselineOfTheImageAsAWhole(t *testing.T) {
	p := own(t, "  - {name: one, severity: high, for: image, message: m, when: findings.size() > 0}\n  - {name: two, severity: high, for: executable, message: m, when: executable.setuid}\n  - {name: three, severity: high, for: package, message: m, when: pkg.name == \"x\"}\n")
	v := judged(cve("CVE-1", "a", advisory.High, advisory.Fixed))
	v.Account.Entries, v.Packages = []account.Entry{entry("-rwsr-xr-x")}, []inventory.Package{{Name: "x", Version: "1"}}
	later := *v
	later.Packages = []inventory.Package{{Name: "x", Version: "2"}}
	r := hold(t, gate.Input{Verdict: &later, Policy: p, Baseline: gate.BaselineOf("old", []verdict.Verdict{*v})})
	if brief(r) != "passed" {
		t.Error(brief(r))
	}
	if r := hold(t, gate.Input{Verdict: &later, Policy: p, Baseline: gate.BaselineOf("old", []verdict.Verdict{*judged()})}); brief(r) != "failed one:1 two:1 three:1" {
		t.Error(brief(r))
	}
}

func TestWhatIsNoBaseline(t *testing.T) {
	for name, source := range map[string]string{
		"nothing":         "",
		"a list":          "[]",
		"another object":  `{"a": 1}`,
		"another kind":    `{"schemaVersion": 1, "kind": "x", "entries": []}`,
		"another version": `{"schemaVersion": 9, "kind": "plimsoll baseline", "entries": []}`,
		"no id":           `{"schemaVersion": 1, "kind": "plimsoll baseline", "entries": [{"for": "finding"}]}`,
		"no subject":      `{"schemaVersion": 1, "kind": "plimsoll baseline", "entries": [{"id": "x", "for": "y"}]}`,
		"two documents":   `{"schemaVersion": 1, "kind": "plimsoll baseline", "entries": []} {}`,
		"cut off":         `{"schemaVersion": 1, "kind": "plimsoll baseline", "entries": [`,
	} {
		if _, err := gate.ReadBaseline("b.json", []byte(source)); err == nil {
			t.Errorf("%s passes for a baseline", name)
		}
	}
}

func FuzzReadBaseline(f *testing.F) {
	f.Add([]byte(`{"schemaVersion": 1, "kind": "plimsoll baseline", "entries": [{"id": "f", "for": "finding", "severity": "high", "vulnerability": "CVE-1", "package": "a"}]}`))
	f.Add([]byte(`{"schemaVersion": 1, "verdicts": [{"findings": [{"id": "x", "kind": "vulnerability", "evidence": {}}]}]}`))
	f.Add([]byte(`{"schemaVersion": 1, "results": [{"reasons": [{"rule": "x", "for": "image", "matches": [{}]}], "baseline": {"known": [{}]}}]}`))
	standard, err := policy.Ready(policy.Default)
	if err != nil {
		f.Fatal(err)
	}
	v := judged(cve("CVE-1", "a", advisory.High, advisory.Fixed), cve("CVE-1", "a", advisory.High, advisory.Fixed))
	f.Fuzz(func(t *testing.T, source []byte) {
		b, err := gate.ReadBaseline("b.json", source)
		if err != nil {
			return
		}
		r, err := gate.Hold(t.Context(), gate.Input{Verdict: v, Policy: standard, Baseline: b, Now: now})
		if err == nil && r.Decision == gate.Passed && r.Baseline.Entries == 0 {
			t.Error("a baseline that knows nothing hides something")
		}
	})
}
