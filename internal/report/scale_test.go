package report

import (
	"io"
	"strconv"
	"testing"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// repetitive is an image with n copies of one package under one vulnerability,
// each asking for the others.
func repetitive(n int, kind string) *verdict.Report {
	r := empty()
	v := &r.Verdicts[0]
	info := fixtureInfo()
	for i := range n {
		p := inventory.Package{Type: kind, Name: "copy", Version: "1", ID: strconv.Itoa(i), Path: "app/" + strconv.Itoa(i) + "/METADATA", DependsOn: []string{"copy"}}
		if kind == "deb" {
			p.Name, p.Source = "copy"+strconv.Itoa(i), &inventory.Source{Name: "copy", Version: "1"}
		}
		v.Packages = append(v.Packages, p)
		v.Findings = append(v.Findings, triage.Finding{
			ID: p.ID, Kind: triage.Vulnerability, Vulnerability: "CVE-1", PackageID: p.ID, Package: p.Name, Version: "1", Path: p.Path,
			Severity: advisory.High, Disposition: triage.Rebuild, Fix: triage.Fix{State: advisory.Fixed, Versions: []string{"2"}},
		})
		v.Reconciliation.Records = append(v.Reconciliation.Records, reconcile.Record{
			PackageID: p.ID, ID: "CVE-1", Held: []reconcile.Held{{Database: info[0].Name, Match: advisory.Match{ID: "CVE-1"}}},
			Differences: []reconcile.Difference{{Cause: reconcile.OneKnows}},
		})
	}
	v.Reconciliation.ByCause = map[reconcile.Cause]int{reconcile.OneKnows: n}
	return r
}

// TestRepetitionCostsNoMoreThanItsLength would take minutes if any form
// searched its lists.
func TestRepetitionCostsNoMoreThanItsLength(t *testing.T) {
	const n = 10_000
	for _, kind := range []string{"deb", "pypi", "npm"} {
		r := repetitive(n, kind)
		forms := views(r)
		for _, form := range All() {
			forms[form.Name] = func(w io.Writer, opt Options) error { return form.Write(w, r, opt) }
		}
		for name, write := range forms {
			start := time.Now()
			if err := write(io.Discard, Options{Width: 80, All: true, Template: parseTemplate(t, sampleTemplate)}); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("%s of %d copies (%s) took %s", name, n, kind, took)
			} else if testing.Verbose() {
				t.Logf("%s of %d copies (%s) took %s", name, n, kind, took.Round(time.Millisecond))
			}
		}
	}
}
