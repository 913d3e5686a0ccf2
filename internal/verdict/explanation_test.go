package verdict

import (
	"slices"
	"testing"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/triage"
)

// explained is a verdict with one advisory over two vulnerabilities.
func explained() *Verdict {
	layer := inventory.LayerRef{Index: 0, DiffID: "sha256:aa"}
	record := func(id string, aliases ...string) reconcile.Record {
		return reconcile.Record{PackageID: "p", ID: id, Aliases: aliases, Held: []reconcile.Held{
			{Database: "trivy-db", Match: advisory.Match{PackageID: "p", ID: id, Aliases: []string{"DSA-1"}}},
		}}
	}
	return &Verdict{
		Image:          Image{Layers: []Layer{{LayerRef: layer, Size: 7}}},
		Packages:       []inventory.Package{{ID: "p", Name: "openssl", Origin: layer}},
		Reconciliation: reconcile.Reconciliation{Records: []reconcile.Record{record("CVE-1", "GHSA-1"), record("CVE-2")}},
		Findings:       []triage.Finding{{ID: "f", PackageID: "p", Vulnerability: "CVE-1", ClearedBy: "a"}},
		Actions:        []triage.Action{{ID: "a", Title: "upgrade"}},
	}
}

func TestExplainFindsByAnyIdentifierInAnyCase(t *testing.T) {
	for _, asked := range []string{"CVE-1", "cve-1", "ghsa-1"} {
		e := Explain(explained(), asked)
		if len(e.Occurrences) != 1 || e.ID != "CVE-1" || !slices.Equal(e.Aliases, []string{"DSA-1", "GHSA-1"}) {
			t.Errorf("%s: %d occurrences of %s, aliases %v", asked, len(e.Occurrences), e.ID, e.Aliases)
			continue
		}
		o := e.Occurrences[0]
		if o.Package.Name != "openssl" || o.Layer == nil || o.Layer.Size != 7 || o.Finding == nil || o.Action == nil || o.Action.Title != "upgrade" {
			t.Errorf("%s: incomplete occurrence %+v", asked, o)
		}
	}
}

func TestExplainOfAnAdvisoryKeepsItsVulnerabilitiesApart(t *testing.T) {
	e := Explain(explained(), "dsa-1")
	if len(e.Occurrences) != 2 || e.ID != "DSA-1" {
		t.Errorf("%d occurrences of %s", len(e.Occurrences), e.ID)
	}
	if ids := e.IDs(); !slices.Equal(ids, []string{"dsa-1"}) {
		t.Errorf("asks the databases about %v", ids)
	}
	if o := e.Occurrences[1]; o.Finding != nil || o.Action != nil {
		t.Errorf("CVE-2 led to no finding: %+v", o)
	}
}

func TestExplainOfWhatIsNotThere(t *testing.T) {
	e := Explain(explained(), "CVE-3")
	if e.ID != "CVE-3" || e.Occurrences == nil || len(e.Occurrences) != 0 || e.Complete {
		t.Errorf("%+v", e)
	}
}
