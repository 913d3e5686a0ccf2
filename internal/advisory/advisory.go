// Package advisory owns what a vulnerability database says about installed
// packages: the nouns Database, Opinion, Match and Gap, and the severity and
// fix-state words that all databases are translated into.
//
// Each database lives in a package of its own below this one and matches with
// its own publisher's semantics. Nothing here merges two databases: that is
// package reconcile. Nothing here downloads: that is advisory/store.
package advisory

import (
	"context"
	"fmt"
	"strings"
	"time"

	"plimsoll/internal/inventory"
)

// Severity orders from unknown to critical.
type Severity int

const (
	Unknown Severity = iota
	Negligible
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"unknown", "negligible", "low", "medium", "high", "critical"}

// String returns the lower-case word.
func (s Severity) String() string {
	if s < 0 || int(s) >= len(severityNames) {
		return severityNames[0]
	}
	return severityNames[s]
}

// FixState says whether the packager has fixed, or will fix, a vulnerability.
type FixState string

const (
	FixUnknown  FixState = "unknown"
	Fixed       FixState = "fixed"
	NotFixed    FixState = "not-fixed"
	WontFix     FixState = "wont-fix"
	FixDeferred FixState = "fix-deferred"
	EndOfLife   FixState = "end-of-life"
	NotAffected FixState = "not-affected"
	UnderReview FixState = "under-investigation"
)

// MatchedBy says which identity of the package led to the advisory.
type MatchedBy string

const (
	BySource    MatchedBy = "source package"
	ByBinary    MatchedBy = "binary package"
	ByEcosystem MatchedBy = "ecosystem package"
	ByCPE       MatchedBy = "cpe"
)

// Info identifies one database copy.
type Info struct {
	// Name is "trivy-db" or "grype-db".
	Name string `json:"name"`
	// Schema is the publisher's schema version: "2", "v6.1.10".
	Schema string `json:"schema"`
	// Built is when the publisher built it.
	Built time.Time `json:"built"`
	// NextUpdate is when the publisher says to ask again; zero where it does not say.
	NextUpdate time.Time `json:"nextUpdate,omitzero"`
	// Digest identifies the copy: the published archive's "sha256:…", or
	// that of the unpacked file where the archive is not known.
	Digest string `json:"digest"`
	// From is where this copy was obtained (a URL or a reference); may be empty.
	From string `json:"from,omitempty"`
	// Path is the database file's place on this machine; never printed into
	// a report, since it would make the report differ from machine to machine.
	Path string `json:"-"`
}

// CVSS is one score by one source.
type CVSS struct {
	// Source is who scored: "nvd", "ghsa", "redhat", …
	Source  string  `json:"source"`
	Version string  `json:"version"`
	Vector  string  `json:"vector"`
	Score   float64 `json:"score"`
}

// EPSS is FIRST's estimate that the CVE is exploited within 30 days.
type EPSS struct {
	// Probability and Percentile are in [0,1].
	Probability float64 `json:"probability"`
	Percentile  float64 `json:"percentile"`
	Date        string  `json:"date,omitempty"`
}

// KEV is an entry of CISA's catalogue of known exploited vulnerabilities.
type KEV struct {
	DateAdded  string `json:"dateAdded,omitempty"`
	DueDate    string `json:"dueDate,omitempty"`
	Ransomware bool   `json:"ransomware,omitempty"`
}

// Match is one advisory of one database that holds against one package.
type Match struct {
	// PackageID is the inventory.Package.ID.
	PackageID string `json:"packageID"`
	// ID is the identifier under which the database lists it: CVE-…, GHSA-…, GO-….
	ID string `json:"id"`
	// Aliases are the other identifiers that the database itself gives,
	// vendor advisories (DSA-, RHSA-, …) included; sorted.
	Aliases  []string `json:"aliases,omitempty"`
	Severity Severity `json:"severity"`
	// SeverityFrom is who gave that severity: "debian", "nvd", "ghsa", ….
	SeverityFrom string   `json:"severityFrom,omitempty"`
	State        FixState `json:"state"`
	// FixedIn are the versions that fix it, of the identity matched
	// (source version for a source match); empty unless State is Fixed.
	FixedIn []string `json:"fixedIn,omitempty"`
	// FixedOn is when the fix became available (YYYY-MM-DD), where known.
	FixedOn string `json:"fixedOn,omitempty"`
	// Affected is the affected range as the database writes it.
	Affected string    `json:"affected,omitempty"`
	By       MatchedBy `json:"by"`
	// MatchedName and MatchedVersion are the identity that was looked up.
	MatchedName    string `json:"matchedName,omitempty"`
	MatchedVersion string `json:"matchedVersion,omitempty"`
	// Provider is the data source within the database: "debian", "ghsa", "nvd", …
	Provider string `json:"provider,omitempty"`
	CVSS     []CVSS `json:"cvss,omitempty"`
	EPSS     *EPSS  `json:"epss,omitempty"`
	KEV      *KEV   `json:"kev,omitempty"`
}

// Detail is the prose about a vulnerability, loaded only for what is printed.
type Detail struct {
	Title       string    `json:"title,omitempty"`
	Description string    `json:"description,omitempty"`
	CWEs        []string  `json:"cwes,omitempty"`
	References  []string  `json:"references,omitempty"`
	Published   time.Time `json:"published,omitzero"`
	Modified    time.Time `json:"modified,omitzero"`
}

// Gap is something a database cannot judge, said in coverage.
type Gap struct {
	// Subject is a distribution ("ubuntu 24.04") or a purl type ("conda").
	Subject string `json:"subject"`
	// Packages counts the packages concerned.
	Packages int    `json:"packages"`
	Reason   string `json:"reason"`
	// Distribution is set where the gap is about the whole distribution, so
	// that every OS package falls into it.
	Distribution bool `json:"distribution,omitempty"`
}

// Opinion is what one database says about one inventory.
type Opinion struct {
	Database Info `json:"database"`
	// Matches are sorted by PackageID, then ID.
	Matches []Match `json:"matches"`
	Gaps    []Gap   `json:"gaps,omitempty"`
}

// Database is one vulnerability database, open for reading. It is safe for
// concurrent use.
type Database interface {
	Info() Info
	// Match judges every package of the inventory. It fails only when the
	// database cannot be read; what it does not cover is a Gap.
	Match(ctx context.Context, inv *inventory.Inventory) (*Opinion, error)
	// Details loads the prose for the identifiers it knows; unknown ones are
	// absent from the result.
	Details(ctx context.Context, ids []string) (map[string]Detail, error)
	Close() error
}

// ParseSeverity reads a severity word in any case; what it does not know is Unknown.
func ParseSeverity(s string) Severity {
	for i, name := range severityNames {
		if strings.EqualFold(s, name) {
			return Severity(i)
		}
	}
	return Unknown
}

// MarshalText writes the word, so that JSON holds "high" and not a number.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote; an unknown word is an error.
func (s *Severity) UnmarshalText(b []byte) error {
	*s = ParseSeverity(string(b))
	if *s == Unknown && !strings.EqualFold(string(b), Unknown.String()) {
		return fmt.Errorf("unknown severity %q", b)
	}
	return nil
}
