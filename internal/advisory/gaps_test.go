package advisory_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/advisory"
)

func TestGapsAboutADistributionSaySo(t *testing.T) {
	var g advisory.GapList
	g.Add("npm", advisory.VersionNotComparable)
	g.Add("debian 9", advisory.ReleaseNotCovered)
	g.Add("debian 9", advisory.ReleaseNotCovered)
	g.Add("conda", advisory.TypeNotCovered)
	want := []advisory.Gap{
		{Subject: "conda", Packages: 1, Reason: advisory.TypeNotCovered},
		{Subject: "debian 9", Packages: 2, Reason: advisory.ReleaseNotCovered, Distribution: true},
		{Subject: "npm", Packages: 1, Reason: advisory.VersionNotComparable},
	}
	if d := cmp.Diff(want, g.Gaps()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
