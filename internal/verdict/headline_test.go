package verdict_test

import (
	"testing"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

func TestTheHeadlineDecides(t *testing.T) {
	cve := func(d triage.Disposition, s advisory.Severity) triage.Finding {
		return triage.Finding{Kind: triage.Vulnerability, Disposition: d, Severity: s}
	}
	release := func(d triage.Disposition) triage.Finding {
		return triage.Finding{Kind: triage.EndOfLife, Disposition: d, Title: "the release is old"}
	}
	bump := []triage.Action{{Kind: triage.BumpBase, Clears: []string{"a", "b"}, Urgent: 1}}
	for name, c := range map[string]struct {
		findings   []triage.Finding
		actions    []triage.Action
		incomplete bool
		want       string
	}{
		"nothing":                {want: "NOTHING FOUND: no known vulnerability in 1 package"},
		"nothing, incomplete":    {incomplete: true, want: "INCOMPLETE: part of the image could not be examined; 0 fixable and 0 unfixed found in the rest"},
		"urgent":                 {findings: []triage.Finding{cve(triage.Rebuild, advisory.High), cve(triage.Defer, advisory.Low)}, actions: bump, want: "REBUILD NOW: 1 fixable HIGH/CRITICAL; one base bump clears 1"},
		"urgent, incomplete":     {findings: []triage.Finding{cve(triage.Rebuild, advisory.High)}, incomplete: true, want: "REBUILD NOW: 1 fixable HIGH/CRITICAL; and part of the image could not be examined"},
		"fixable":                {findings: []triage.Finding{cve(triage.Defer, advisory.Low)}, actions: bump, want: "REBUILD AT THE NEXT RELEASE: 1 fixable, none HIGH/CRITICAL; one base bump clears 2"},
		"unfixed":                {findings: []triage.Finding{cve(triage.Track, advisory.Critical)}, want: "TRACK: nothing fixable; 1 unfixed (1 HIGH/CRITICAL) to watch"},
		"accepted":               {findings: []triage.Finding{cve(triage.Accepted, advisory.Critical)}, want: "NOTHING FOUND: nothing in 1 package that is not accepted; 1 accepted"},
		"accepted beside others": {findings: []triage.Finding{cve(triage.Accepted, advisory.Critical), cve(triage.Track, advisory.Low)}, want: "TRACK: nothing fixable; 1 unfixed (0 HIGH/CRITICAL) to watch; 1 accepted"},
		"the end is accepted":    {findings: []triage.Finding{release(triage.Accepted)}, want: "NOTHING FOUND: nothing in 1 package that is not accepted; 1 accepted"},
		"the release has ended":  {findings: []triage.Finding{release(triage.Rebuild)}, want: "REBUILD NOW: the release is old"},
		"the release is ending":  {findings: []triage.Finding{release(triage.Defer)}, want: "REBUILD AT THE NEXT RELEASE: the release is old"},
	} {
		v := &verdict.Verdict{Findings: c.findings, Actions: c.actions, Packages: make([]inventory.Package, 1), Coverage: verdict.Coverage{Complete: !c.incomplete}}
		if got := verdict.Summarise(v); got.Text != c.want {
			t.Errorf("%s: got  %s\nwant %s", name, got.Text, c.want)
		}
	}
}
