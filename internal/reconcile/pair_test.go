package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/reconcile"
)

var (
	built  = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	trivy  = advisory.Info{Name: "trivy-db", Built: built}
	grype  = advisory.Info{Name: "grype-db", Built: built}
	curl   = inventory.Package{ID: "curl", Type: "deb", Name: "curl"}
	python = inventory.Package{ID: "python", Type: "generic", Name: "python"}
	lodash = inventory.Package{ID: "lodash", Type: "npm", Name: "lodash"}
)

func match(p inventory.Package, id string, edit ...func(*advisory.Match)) advisory.Match {
	m := advisory.Match{PackageID: p.ID, ID: id, Severity: advisory.High, State: advisory.Fixed, FixedIn: []string{"2"}, By: advisory.BySource}
	for _, e := range edit {
		e(&m)
	}
	return m
}

func alias(ids ...string) func(*advisory.Match) {
	return func(m *advisory.Match) { m.Aliases = append(m.Aliases, ids...) }
}

func state(s advisory.FixState) func(*advisory.Match) {
	return func(m *advisory.Match) { m.State, m.FixedIn = s, nil }
}

func severity(s advisory.Severity) func(*advisory.Match) {
	return func(m *advisory.Match) { m.Severity = s }
}

func run(a, b *advisory.Opinion, published reconcile.Published) *reconcile.Reconciliation {
	inv := &inventory.Inventory{Packages: []inventory.Package{curl, python, lodash}}
	a.Database, b.Database = trivy, grype
	return reconcile.Reconcile(inv, []*advisory.Opinion{a, b}, published)
}

// causes renders each record as "ID holders: causes".
func causes(r *reconcile.Reconciliation) []string {
	var out []string
	for _, rec := range r.Records {
		var holders, why []string
		for _, h := range rec.Held {
			holders = append(holders, h.Database+"="+h.Match.ID)
		}
		for _, d := range rec.Differences {
			why = append(why, string(d.Cause))
		}
		out = append(out, rec.ID+" "+strings.Join(holders, ",")+": "+strings.Join(why, ","))
	}
	return out
}

func TestCauses(t *testing.T) {
	const cve = "CVE-2024-0001"
	one := func(m ...advisory.Match) *advisory.Opinion { return &advisory.Opinion{Matches: m} }
	for name, c := range map[string]struct {
		a, b *advisory.Opinion
		want []string
	}{
		"agreed":                            {one(match(curl, cve)), one(match(curl, cve)), []string{cve + " trivy-db=" + cve + ",grype-db=" + cve + ": "}},
		"only one knows":                    {one(match(curl, cve)), one(), []string{cve + " trivy-db=" + cve + ": only-one-knows"}},
		"other identifier":                  {one(match(lodash, cve)), one(match(lodash, "GHSA-aaaa-bbbb-cccc", alias(cve))), []string{cve + " trivy-db=" + cve + ",grype-db=GHSA-aaaa-bbbb-cccc: other-identifier"}},
		"fixed versions differ":             {one(match(curl, cve)), one(match(curl, cve, func(m *advisory.Match) { m.FixedIn = []string{"3"} })), []string{cve + " trivy-db=" + cve + ",grype-db=" + cve + ": fixed-versions-differ"}},
		"one won't fix":                     {one(match(curl, cve, state(advisory.NotFixed))), one(match(curl, cve, state(advisory.WontFix))), []string{cve + " trivy-db=" + cve + ",grype-db=" + cve + ": fix-state-differs"}},
		"severity differs":                  {one(match(curl, cve)), one(match(curl, cve, severity(advisory.Low))), []string{cve + " trivy-db=" + cve + ",grype-db=" + cve + ": severity-differs"}},
		"through a CPE only":                {one(), one(match(python, cve, func(m *advisory.Match) { m.By = advisory.ByCPE })), []string{cve + " grype-db=" + cve + ": matched-through-cpe-only"}},
		"type not covered":                  {&advisory.Opinion{Gaps: []advisory.Gap{{Subject: "generic", Reason: "not covered"}}}, one(match(python, cve)), []string{cve + " grype-db=" + cve + ": not-covered"}},
		"distribution not covered":          {&advisory.Opinion{Gaps: []advisory.Gap{{Subject: "debian 10", Distribution: true}}}, one(match(curl, cve)), []string{cve + " grype-db=" + cve + ": not-covered"}},
		"one version that can't be read":    {&advisory.Opinion{Gaps: []advisory.Gap{{Subject: "npm", Packages: 1, Reason: advisory.VersionNotComparable}}}, one(match(lodash, cve)), []string{cve + " grype-db=" + cve + ": only-one-knows"}},
		"a distribution's gap is not npm's": {&advisory.Opinion{Gaps: []advisory.Gap{{Subject: "debian 10", Distribution: true}}}, one(match(lodash, cve)), []string{cve + " grype-db=" + cve + ": only-one-knows"}},
		"no CVE, shared alias":              {one(match(lodash, "GHSA-aaaa-bbbb-cccc")), one(match(lodash, "GO-2024-0001", alias("GHSA-aaaa-bbbb-cccc"))), []string{"GHSA-aaaa-bbbb-cccc trivy-db=GHSA-aaaa-bbbb-cccc,grype-db=GO-2024-0001: other-identifier"}},
		"an update's name joins nothing": {one(match(curl, cve, alias("DSA-5000-1"))), one(match(curl, "CVE-2024-0002", alias("DSA-5000-1"))), []string{
			cve + " trivy-db=" + cve + ": only-one-knows", "CVE-2024-0002 grype-db=CVE-2024-0002: only-one-knows",
		}},
		"a bundle counts for each CVE": {one(match(curl, "ALAS-2024-1", alias(cve, "CVE-2024-0002"))), one(match(curl, cve), match(curl, "CVE-2024-0002")), []string{
			cve + " trivy-db=ALAS-2024-1,grype-db=" + cve + ": other-identifier", "CVE-2024-0002 trivy-db=ALAS-2024-1,grype-db=CVE-2024-0002: other-identifier",
		}},
		"twice in one database": {one(match(lodash, cve)), one(match(lodash, "GHSA-aaaa-bbbb-cccc", alias(cve), state(advisory.NotFixed)), match(lodash, cve)), []string{cve + " trivy-db=" + cve + ",grype-db=" + cve + ": "}},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(c.a, c.b, nil)
			if d := cmp.Diff(c.want, causes(r)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			for _, rec := range r.Records {
				for _, d := range rec.Differences {
					if d.Detail == "" {
						t.Errorf("%s has no detail", d.Cause)
					}
				}
			}
		})
	}
}

func TestAnotherIdentifierAloneIsAgreement(t *testing.T) {
	r := run(&advisory.Opinion{Matches: []advisory.Match{match(lodash, "CVE-2024-0001")}},
		&advisory.Opinion{Matches: []advisory.Match{match(lodash, "GHSA-aaaa-bbbb-cccc", alias("CVE-2024-0001"))}}, nil)
	if r.Agreed != 1 || r.Differing != 0 {
		t.Errorf("%d agreed, %d differing", r.Agreed, r.Differing)
	}
}

func TestAnOlderDatabaseIsToldFromOneThatDoesNotKnow(t *testing.T) {
	opinion := func() *advisory.Opinion {
		return &advisory.Opinion{Matches: []advisory.Match{match(curl, "CVE-2026-0001")}}
	}
	later := func(string, string) time.Time { return built.AddDate(0, 0, 1) }
	if got := causes(run(opinion(), &advisory.Opinion{}, later)); !strings.HasSuffix(got[0], ": older-database") {
		t.Errorf("published after the other was built: %v", got)
	}
	before := func(string, string) time.Time { return built.AddDate(0, 0, -1) }
	if got := causes(run(opinion(), &advisory.Opinion{}, before)); !strings.HasSuffix(got[0], ": only-one-knows") {
		t.Errorf("published before the other was built: %v", got)
	}
}

func TestTallies(t *testing.T) {
	r := run(
		&advisory.Opinion{Matches: []advisory.Match{match(curl, "CVE-2024-0001"), match(curl, "CVE-2024-0002", state(advisory.NotFixed))}},
		&advisory.Opinion{Matches: []advisory.Match{match(curl, "CVE-2024-0001", severity(advisory.Low))}}, nil)
	want := []reconcile.Tally{
		{Database: trivy, Records: 2, Only: 1, Fixable: map[string]int{"high": 1}, Unfixed: map[string]int{"high": 1}},
		{Database: grype, Records: 1, Fixable: map[string]int{"low": 1}, Unfixed: map[string]int{}},
	}
	if d := cmp.Diff(want, r.Sides); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[reconcile.Cause]int{reconcile.SeverityDiffers: 1, reconcile.OneKnows: 1}, r.ByCause); d != "" {
		t.Errorf("by cause (-want +got):\n%s", d)
	}
}
