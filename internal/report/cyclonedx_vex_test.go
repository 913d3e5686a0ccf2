package report

import (
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"plimsoll/internal/advisory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/verdict"
)

// cleared is the full fixture with a package that both databases call not affected,
// and one that only one of them does.
func cleared() *verdict.Report {
	r := full()
	v := &r.Verdicts[0]
	id := v.Packages[0].ID
	held := func(database string, state advisory.FixState) reconcile.Held {
		return reconcile.Held{Database: database, Match: advisory.Match{PackageID: id, State: state, Provider: "debian"}}
	}
	v.Reconciliation.Records = append(v.Reconciliation.Records,
		reconcile.Record{PackageID: id, ID: "CVE-2026-1", Held: []reconcile.Held{held("trivy-db", advisory.NotAffected), held("grype-db", advisory.NotAffected)}},
		reconcile.Record{PackageID: id, ID: "CVE-2026-2", Held: []reconcile.Held{held("trivy-db", advisory.NotAffected), held("grype-db", advisory.NotFixed)}},
	)
	return r
}

func TestVEXFollowsThePublishedSchema(t *testing.T) {
	s := cycloneDXSchema(t)
	reports := formReports()
	reports["cleared"] = cleared()
	for name, r := range reports {
		t.Run(name, func(t *testing.T) {
			raw := render(t, "cyclonedx-vex", r, Options{})
			validate(t, s, raw)
			checkLog(t, raw)
		})
	}
}

// TestVEXPointsIntoTheSBOM holds the two documents of one image against one another.
func TestVEXPointsIntoTheSBOM(t *testing.T) {
	sbom := decodeCycloneDX(t, render(t, "cyclonedx", cleared(), Options{}))
	statement := decodeCycloneDX(t, render(t, "cyclonedx-vex", cleared(), Options{}))
	known := map[string]bool{}
	for _, c := range *sbom.Components {
		known[c.BOMRef] = true
	}
	if statement.SerialNumber == sbom.SerialNumber {
		t.Error("two documents have one serial number")
	}
	affected := map[string]int{}
	for _, v := range *statement.Vulnerabilities {
		for _, a := range *v.Affects {
			link, err := cdx.ParseBOMLink(a.Ref)
			if err != nil {
				t.Fatalf("%s: %v", a.Ref, err)
			}
			if link.SerialNumber() != sbom.SerialNumber || !known[link.Reference()] {
				t.Errorf("%s points at %s", v.ID, a.Ref)
			}
			affected[v.ID]++
		}
	}
	for _, v := range *sbom.Vulnerabilities {
		if affected[v.ID] != len(*v.Affects) {
			t.Errorf("%s: %d packages, the SBOM has %d", v.ID, affected[v.ID], len(*v.Affects))
		}
	}
}

func TestVEXClaimsNoMoreThanIsKnown(t *testing.T) {
	states := map[string][]string{}
	for _, v := range *decodeCycloneDX(t, render(t, "cyclonedx-vex", cleared(), Options{})).Vulnerabilities {
		responses := ""
		if v.Analysis.Response != nil {
			for _, r := range *v.Analysis.Response {
				responses += " " + string(r)
			}
		}
		states[v.ID] = append(states[v.ID], string(v.Analysis.State)+responses+": "+v.Analysis.Detail)
	}
	for id, want := range map[string]string{
		"CVE-2026-1":     "not_affected: not affected, by debian (trivy-db) and debian (grype-db)",
		"CVE-2026-2":     "",
		"CVE-2023-5363":  "in_triage update: upgrade openssl to 3.0.11-1~deb12u2",
		"CVE-2023-45853": "in_triage: no fix is known",
	} {
		if got := strings.Join(states[id], " | "); got != want {
			t.Errorf("%s is %q, want %q", id, got, want)
		}
	}
}
