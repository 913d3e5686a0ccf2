package verdict

import (
	"testing"

	"plimsoll/internal/inventory"
)

func TestAListOfPackagesIsNeverCalledMoreThanThat(t *testing.T) {
	coverage := Coverage{Complete: true, NotExamined: []string{"files", "secrets"}}
	for want, packages := range map[string][]inventory.Package{
		"NO KNOWN VULNERABILITY: in the 1 package that the SBOM lists; not examined: files, secrets":            {{Name: "a"}},
		"NO KNOWN VULNERABILITY: the SBOM lists no package that can be looked up; not examined: files, secrets": nil,
	} {
		v := &Verdict{Packages: packages, Coverage: coverage}
		if h := Summarise(v); h.Text != want || h.Decision != NoneKnown {
			t.Errorf("%q (%s), want %q", h.Text, h.Decision, want)
		}
		v.Coverage.Complete = false
		if h := Summarise(v); h.Decision != Incomplete {
			t.Errorf("an incomplete list is called %q", h.Text)
		}
	}
}
