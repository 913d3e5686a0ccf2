package advisory

import (
	"cmp"
	"slices"
)

// GapList counts packages by what a database cannot judge. The zero value is
// ready to use; it is not safe for concurrent use.
type GapList struct {
	counts map[Gap]int
}

// Add counts one package.
func (g *GapList) Add(subject, reason string) {
	if g.counts == nil {
		g.counts = map[Gap]int{}
	}
	g.counts[Gap{Subject: subject, Reason: reason, Distribution: aboutDistribution(reason)}]++
}

// aboutDistribution reports whether a reason holds for every OS package of an image.
func aboutDistribution(reason string) bool {
	switch reason {
	case NoDistribution, DistributionNotCovered, ReleaseNotCovered:
		return true
	}
	return false
}

// Gaps returns them sorted by subject, then reason.
func (g *GapList) Gaps() []Gap {
	gaps := make([]Gap, 0, len(g.counts))
	for gap, n := range g.counts {
		gap.Packages = n
		gaps = append(gaps, gap)
	}
	slices.SortFunc(gaps, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Reason, b.Reason))
	})
	if len(gaps) == 0 {
		return nil
	}
	return gaps
}

// Reasons of gaps that every database has in common.
const (
	// NoDistribution: OS packages without an os-release file to say which
	// distribution's advisories apply.
	NoDistribution = "no os-release file says which distribution's advisories apply"
	// DistributionNotCovered: the database has no advisories of that distribution.
	DistributionNotCovered = "distribution not covered"
	// ReleaseNotCovered: the database covers the distribution, not this release.
	ReleaseNotCovered = "release not covered"
	// TypeNotCovered: the database has no advisories for that kind of package.
	TypeNotCovered = "package type not covered"
	// VersionNotComparable: the package's version follows no rule that its
	// ecosystem knows ("(devel)", "unknown", an empty text).
	VersionNotComparable = "version not comparable"
	// TooManyMatches: the package was not looked up, since the opinion
	// already holds MaxMatches. The verdict is then incomplete.
	TooManyMatches = "not looked up: the image already has too many matches to hold"
)

// MaxMatches bounds the matches of one opinion, since an image can list a
// vulnerable package as often as it likes: a match takes about 7 kB until it is
// reported. Images of several thousand packages have a tenth of it.
const MaxMatches = 100_000
