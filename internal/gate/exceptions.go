package gate

import (
	"plimsoll/internal/account"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// Exceptions are waivers: an exceptions file, VEX documents, or several of them
// together. The gate asks about each finding of the verdict (vulnerabilities,
// secrets, planted code, altered files, the end of support), each finding of
// hygiene and of the Dockerfile before any rule sees them, and about each
// package and executable that a rule met.
//
// An implementation is asked about one image after the other by one goroutine.
type Exceptions interface {
	// Accept returns the exception that speaks of a thing; ok is false where none
	// does. One that is past its last day is returned as well, with Expired set:
	// it accepts nothing, and fails the build for as long as it meets something.
	// Where several speak of the same thing, one that is in force goes first.
	Accept(t Thing) (a Acceptance, ok bool)
	// All lists every exception that is meant for an image, so that the gate can
	// name those that nothing met. The gate tells them apart by their ID.
	All(image *verdict.Image) []Acceptance
}

// Thing is what an exception may speak of. Image is always set, and exactly one
// of the others, with Package beside a Finding of a package.
type Thing struct {
	Image *verdict.Image
	// ID is the match's: stable across rebuilds.
	ID         string
	Finding    *triage.Finding
	Package    *inventory.Package
	Hygiene    *verdict.Hygiene
	Executable *account.Entry
	// Lint is a finding of the Dockerfile named in Dockerfile.
	Lint       *hygiene.Finding
	Dockerfile string
}

// Acceptance is one exception, or one statement of a VEX document.
type Acceptance struct {
	// ID tells it apart from all others of a run: its file and place,
	// "exceptions.yaml:12".
	ID string `json:"id"`
	// By is who accepts: the exception's owner, the VEX document's author.
	By string `json:"by"`
	// Reason is why, in one line.
	Reason string `json:"reason"`
	// About is what it speaks of, as it was written: "CVE-2024-1 in openssl".
	About string `json:"about,omitempty"`
	// Until is its last day (YYYY-MM-DD); empty where it has none, as a VEX statement.
	Until   string `json:"until,omitempty"`
	Expired bool   `json:"expired,omitempty"`
}
