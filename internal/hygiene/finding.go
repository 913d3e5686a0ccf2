package hygiene

import (
	"cmp"
	"slices"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// Finding is one place where a rule is broken.
type Finding struct {
	// ID is stable as long as the instruction's text is: it does not depend on lines.
	ID       string            `json:"id"`
	Rule     string            `json:"rule"`
	Title    string            `json:"title"`
	Severity advisory.Severity `json:"severity"`
	Category Category          `json:"category"`
	// Message says what is wrong in this place.
	Message string `json:"message"`
	// Remedy says what to do about it.
	Remedy string           `json:"remedy"`
	Range  dockerfile.Range `json:"range,omitzero"`
	// Where names the place in an image: "history line 3", "configuration: User", "files".
	Where string `json:"where,omitempty"`
	// Instruction is the instruction's keyword in upper case.
	Instruction string `json:"instruction,omitempty"`
	// Stage is the stage's name, or its number; Final tells whether the final image
	// is affected.
	Stage string `json:"stage,omitempty"`
	Final bool   `json:"final"`
	// Base is set for what came with an image's base.
	Base bool `json:"base,omitempty"`
	// Edits mend it without changing what is built; nil where that takes a person.
	Edits []Edit `json:"edits,omitempty"`
	// Suppressed says which comment lifts the finding; nil for none.
	Suppressed *Suppression `json:"suppressed,omitempty"`

	at int
	// key stands for the message in ID where that has counts in it.
	key string
}

// Edit replaces the bytes from From up to To of the source.
type Edit struct {
	From int    `json:"from"`
	To   int    `json:"to"`
	New  string `json:"new"`
}

// Suppression is a comment that lifts a finding.
type Suppression struct {
	// By is whose comment it is: "plimsoll", "hadolint", "trivy", "docker".
	By   string `json:"by"`
	Line int    `json:"line"`
	// Reason and Until are of our own comments.
	Reason string `json:"reason,omitempty"`
	Until  string `json:"until,omitempty"`
}

// sortFindings orders by place, then by weight.
func sortFindings(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Rule, b.Rule))
	})
}
