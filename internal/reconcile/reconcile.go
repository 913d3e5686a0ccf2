// Package reconcile owns the opinions side by side: it pairs what each
// database says about each package, vulnerability by vulnerability, and names
// the cause wherever they differ.
//
// It never opens a database and never judges what to do: it reads opinions and
// an inventory, and package triage reads its records.
package reconcile

import (
	"plimsoll/internal/advisory"
)

// Cause is why two opinions differ.
type Cause string

const (
	// OneKnows: only one of the databases holds an advisory for this package.
	OneKnows Cause = "only-one-knows"
	// OtherID: both hold it, under different identifiers.
	OtherID Cause = "other-identifier"
	// FixedVersions: both say fixed, in different versions.
	FixedVersions Cause = "fixed-versions-differ"
	// FixState: one says fixed, won't fix, deferred or not affected where the other does not.
	FixState Cause = "fix-state-differs"
	// SeverityDiffers: both hold it with different severities.
	SeverityDiffers Cause = "severity-differs"
	// CPEOnly: one matched it through a CPE, which the other does not use.
	CPEOnly Cause = "matched-through-cpe-only"
	// NotCovered: one does not cover the package's type or distribution.
	NotCovered Cause = "not-covered"
	// OlderDatabase: only one knows it, and the other was built before the
	// advisory was published or modified.
	OlderDatabase Cause = "older-database"
	// DistributionJudges: the files belong to an OS package, so the
	// distribution's advisories speak instead of the language ecosystem's.
	DistributionJudges Cause = "distribution-judges"
)

// Causes lists every cause in the order in which reports show them, with one
// line that explains it.
func Causes() []struct {
	Cause   Cause
	Meaning string
} {
	return []struct {
		Cause   Cause
		Meaning string
	}{
		{NotCovered, "one database does not cover this kind of package or this distribution"},
		{CPEOnly, "one database matched the runtime through its CPE; the other does not match CPEs"},
		{OlderDatabase, "one database was built before the advisory appeared"},
		{OneKnows, "only one database holds an advisory for this package"},
		{FixState, "the databases disagree about whether it is, or will be, fixed"},
		{FixedVersions, "the databases name different fixed versions"},
		{SeverityDiffers, "the databases give different severities"},
		{OtherID, "the databases list it under different identifiers"},
		{DistributionJudges, "an OS package owns these files, so the distribution's advisories judge them"},
	}
}

// Held is one database's match within a record.
type Held struct {
	Database string         `json:"database"`
	Match    advisory.Match `json:"match"`
}

// Difference is one cause with its particulars in words.
type Difference struct {
	Cause Cause `json:"cause"`
	// Detail says it for this record: "trivy-db: high (nvd), grype-db: medium (debian)".
	Detail string `json:"detail"`
}

// Record is one vulnerability of one package, as the databases see it.
type Record struct {
	PackageID string `json:"packageID"`
	// ID is the CVE identifier where any database gives one, else the
	// identifier of the first database that holds it.
	ID string `json:"id"`
	// Aliases are all other identifiers, sorted.
	Aliases []string `json:"aliases,omitempty"`
	// Held are the matches in the order of the databases.
	Held []Held `json:"held"`
	// Agreed is true where every database holds it with the same state,
	// fixed versions and severity; a different identifier alone does not break it.
	Agreed      bool         `json:"agreed"`
	Differences []Difference `json:"differences,omitempty"`
}

// Tally counts one database's side.
type Tally struct {
	Database advisory.Info `json:"database"`
	// Records is how many records it holds, Only how many it alone holds.
	Records int `json:"records"`
	Only    int `json:"only"`
	// Fixable counts its own records with a fix, by severity word.
	Fixable map[string]int `json:"fixable"`
	// Unfixed counts its own records without a fix, by severity word.
	Unfixed map[string]int `json:"unfixed"`
}

// Reconciliation is the whole comparison.
type Reconciliation struct {
	Sides []Tally `json:"sides"`
	// Agreed and Differing count records.
	Agreed    int `json:"agreed"`
	Differing int `json:"differing"`
	// ByCause counts differences by cause; one record may count under several.
	// DistributionJudges counts the packages that were left out because of it.
	ByCause map[Cause]int `json:"byCause"`
	// Records are sorted by PackageID, then ID.
	Records []Record `json:"records"`
}
