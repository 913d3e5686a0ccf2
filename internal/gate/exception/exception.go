// Package exception owns who accepts what of an image, and why: the file of
// exceptions, statements of OpenVEX and CycloneDX VEX documents, how both are
// matched, and how exceptions are written as VEX.
//
// An exception is an owner's own decision and ends; a VEX statement is a
// supplier's word that a vulnerability does not matter. Set.For binds both to
// one verdict: what it returns is what package gate asks, and what Apply marks a
// verdict with. Lists of other tools are read by package foreign.
package exception

import (
	"fmt"
	"strings"
	"time"
)

// DefaultFile is what an exceptions file is called where nothing else is said.
const DefaultFile = "plimsoll-exceptions.yaml"

// Exception is one entry of an exceptions file. All of ID, Scope, Reason, Owner
// and Until are there.
type Exception struct {
	// ID is a vulnerability's identifier or alias, a finding's ID, the rule of a
	// finding about content, hygiene or a Dockerfile, the Value of a secret, the
	// status of an executable ("unaccounted"), or "package".
	ID     string
	Scope  Scope
	Reason string
	Owner  string
	// Until is the last day, at midnight UTC.
	Until time.Time
	// VEX is what a VEX document says of it; nil for a risk that is accepted.
	VEX *Assessment
	// File and Line are the entry's place.
	File string
	Line int
}

// Scope says where an exception holds. Each list that is not empty must have an
// entry that matches.
type Scope struct {
	// Images are patterns of image names, Paths of paths without a leading slash.
	Images   []string
	Packages []PackageScope
	Paths    []string
	// Everywhere is set where the owner says so, and then alone.
	Everywhere bool

	images []imagePattern
	paths  []glob
}

// Assessment is what an owner found out about a vulnerability, in the words of VEX.
type Assessment struct {
	Status Status
	// Justification is one of OpenVEX's, for NotAffected and FalsePositive.
	Justification string
}

// Status is that of a vulnerability in a product: OpenVEX's four, and
// CycloneDX's false_positive.
type Status string

const (
	NotAffected        Status = "not_affected"
	Affected           Status = "affected"
	Fixed              Status = "fixed"
	UnderInvestigation Status = "under_investigation"
	// FalsePositive: the vulnerability was matched wrongly.
	FalsePositive Status = "false_positive"
)

// Statuses are all, in the order of documentation.
func Statuses() []Status {
	return []Status{NotAffected, FalsePositive, Fixed, Affected, UnderInvestigation}
}

// Accepts reports whether a statement of this status accepts a finding.
func (s Status) Accepts() bool { return s == NotAffected || s == Fixed || s == FalsePositive }

// Justifications are OpenVEX's (v0.2.0, "Status Justifications").
func Justifications() []string {
	return []string{
		"component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
		"vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist",
	}
}

// Place is "exceptions.yaml:12", which tells an exception apart from all others.
func (e *Exception) Place() string { return fmt.Sprintf("%s:%d", e.File, e.Line) }

// ExpiredAt reports whether the exception's last day is over.
func (e *Exception) ExpiredAt(now time.Time) bool {
	return !now.UTC().Before(e.Until.AddDate(0, 0, 1))
}

// About is what the exception speaks of: "CVE-2024-1 in openssl, images ghcr.io/acme/*".
func (e *Exception) About() string {
	var b strings.Builder
	b.WriteString(e.ID)
	if len(e.Scope.Packages) > 0 {
		names := make([]string, len(e.Scope.Packages))
		for i := range e.Scope.Packages {
			names[i] = e.Scope.Packages[i].Text
		}
		b.WriteString(" in " + strings.Join(names, ", "))
	}
	if len(e.Scope.Paths) > 0 {
		b.WriteString(" at " + strings.Join(e.Scope.Paths, ", "))
	}
	switch {
	case len(e.Scope.Images) > 0:
		b.WriteString(" of " + strings.Join(e.Scope.Images, ", "))
	case e.Scope.Everywhere:
		b.WriteString(" everywhere")
	}
	return b.String()
}
