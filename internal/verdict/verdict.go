// Package verdict owns the model that every report, gate and ledger reads: the
// whole statement about one image and platform, its headline, and the JSON
// shape that docs/verdict.schema.json publishes.
//
// It never gathers anything: package scan puts a verdict together from the
// parts below, and nothing above changes one but package exception, which marks
// what somebody accepts.
package verdict

import (
	"time"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/evidence"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/inventory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/triage"
)

// SchemaVersion is the version of the JSON shape. It rises when a field
// changes its meaning or goes away; new fields don't raise it.
const SchemaVersion = 1

// Report is one run's verdicts: one for each image and platform, in the order asked.
type Report struct {
	SchemaVersion int       `json:"schemaVersion"`
	Tool          Tool      `json:"tool"`
	Verdicts      []Verdict `json:"verdicts"`
	// Status is the run's exit status, as every command's help lists it.
	Status int `json:"status"`
}

// Tool is the program that made the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Verdict is everything known about one image for one platform.
type Verdict struct {
	Image    Image    `json:"image"`
	Headline Headline `json:"headline"`
	// Actions are ordered by what they clear, most urgent first.
	Actions []triage.Action `json:"actions"`
	// Findings are ordered by disposition, known exploitation, severity, EPSS, CVSS.
	Findings       []triage.Finding         `json:"findings"`
	Packages       []inventory.Package      `json:"packages"`
	Reconciliation reconcile.Reconciliation `json:"reconciliation"`
	// Hygiene is what the image's configuration, history and files should not hold,
	// whatever the packages are: a root user, a debug port, tools left behind.
	Hygiene []Hygiene `json:"hygiene"`
	// Account is the account of every executable.
	Account  account.Account `json:"account"`
	Coverage Coverage        `json:"coverage"`
	Gate     *Gate           `json:"gate,omitempty"`
}

// Image identifies what was judged.
type Image struct {
	Reference    string `json:"reference"`
	Name         string `json:"name,omitempty"`
	Source       string `json:"source"`
	Via          string `json:"via,omitempty"`
	Digest       string `json:"digest,omitempty"`
	IndexDigest  string `json:"indexDigest,omitempty"`
	ConfigDigest string `json:"configDigest,omitempty"`
	Platform     string `json:"platform"`
	// Platforms are all that the reference offers.
	Platforms    []string                `json:"platforms,omitempty"`
	Created      time.Time               `json:"created,omitzero"`
	Distribution *inventory.Distribution `json:"distribution,omitempty"`
	Base         triage.Base             `json:"base"`
	Layers       []Layer                 `json:"layers"`
	// Notes are choices made for the user (which source, which platform).
	Notes []string `json:"notes,omitempty"`
}

// Hygiene is one thing that is wrong with an image beside its packages.
type Hygiene struct {
	// ID is stable across rebuilds that leave it in place.
	ID string `json:"id"`
	// Rule names what docs/lint-rules.md describes.
	Rule     string            `json:"rule"`
	Title    string            `json:"title"`
	Severity advisory.Severity `json:"severity"`
	Category hygiene.Category  `json:"category"`
	Message  string            `json:"message"`
	Remedy   string            `json:"remedy"`
	// Where is the place: "history line 3", "configuration: User", "files".
	Where string `json:"where"`
	// Base is set for what came with the image's base.
	Base bool `json:"base,omitempty"`
	// Acceptance is who accepts it, and why; nil where nobody does.
	Acceptance *triage.Acceptance `json:"acceptance,omitempty"`
}

// HygieneOf is what a verdict says of findings.
func HygieneOf(findings []hygiene.Finding) []Hygiene {
	all := make([]Hygiene, 0, len(findings))
	for i := range findings {
		f := &findings[i]
		all = append(all, Hygiene{
			ID: f.ID, Rule: f.Rule, Title: f.Title, Severity: f.Severity, Category: f.Category,
			Message: f.Message, Remedy: f.Remedy, Where: f.Where, Base: f.Base,
		})
	}
	return all
}

// Layer is one layer with what was counted in it.
type Layer struct {
	inventory.LayerRef
	Digest string `json:"digest,omitempty"`
	// Size is the uncompressed tar's length in bytes; Files its entries.
	Size  int64 `json:"size"`
	Files int   `json:"files"`
	// Packages counts packages that first appeared here.
	Packages int `json:"packages"`
}

// Decision is the headline's one word.
type Decision string

const (
	// DoNotRun: planted code was found, as good as certainly.
	DoNotRun Decision = "DO NOT RUN"
	// RebuildNow: at least one finding's disposition is rebuild.
	RebuildNow Decision = "REBUILD NOW"
	// RebuildSoon: fixable findings exist, none high or critical, or the
	// distribution release is leaving support.
	RebuildSoon Decision = "REBUILD AT THE NEXT RELEASE"
	// TrackOnly: vulnerabilities were found, none has a fix.
	TrackOnly Decision = "TRACK"
	// NothingFound: complete, and no finding.
	NothingFound Decision = "NOTHING FOUND"
	// NoneKnown: no finding, of a list of packages (an SBOM) that leaves out what
	// else an image holds.
	NoneKnown Decision = "NO KNOWN VULNERABILITY"
	// Incomplete: something could not be examined and nothing urgent was found.
	Incomplete Decision = "INCOMPLETE"
)

// Headline is the verdict in one line.
type Headline struct {
	Decision Decision `json:"decision"`
	// Text is the whole line: "REBUILD NOW: 41 fixable HIGH/CRITICAL; one base bump clears 38".
	Text string `json:"text"`
	// Fixable and Unfixed count vulnerability findings of packages in the
	// final image (visible or ghost), by severity word.
	Fixable map[string]int `json:"fixable"`
	Unfixed map[string]int `json:"unfixed"`
	// Secrets, Planted and Altered count findings about content that are likely or
	// certain; Possible counts those that a person has to judge.
	Secrets  int `json:"secrets"`
	Planted  int `json:"planted"`
	Altered  int `json:"altered"`
	Possible int `json:"possible"`
	// Hygiene counts findings of hygiene by severity word.
	Hygiene map[string]int `json:"hygiene"`
}

// Coverage says what was examined and what this verdict does not rule out.
type Coverage struct {
	// Complete is false where any Skipped entry is marked incomplete.
	Complete  bool            `json:"complete"`
	Databases []advisory.Info `json:"databases"`
	Layers    int             `json:"layers"`
	Files     int             `json:"files"`
	Bytes     int64           `json:"bytes"`
	// PackagesByType counts packages by purl type.
	PackagesByType map[string]int `json:"packagesByType"`
	Skipped        []Skipped      `json:"skipped,omitempty"`
	// NotExamined are the kinds of things that were not looked at at all, because
	// an SBOM was examined in the place of the image; empty for an image.
	NotExamined []string `json:"notExamined,omitempty"`
	// Gaps are what each database cannot judge, by database name.
	Gaps map[string][]advisory.Gap `json:"gaps,omitempty"`
	// Warnings are about the databases (too old), the platform, and exceptions that
	// ended.
	Warnings []string `json:"warnings,omitempty"`
	// Exceptions is what exceptions and VEX documents did; nil without any.
	Exceptions *Exceptions `json:"exceptions,omitempty"`
	// NotRuledOut are plain sentences.
	NotRuledOut []string `json:"notRuledOut"`
}

// Exceptions is what exceptions and VEX documents did to a verdict.
type Exceptions struct {
	// From are the files.
	From []string `json:"from"`
	// Accepted counts findings, those of hygiene included, that one accepts.
	Accepted int `json:"accepted"`
	// Expired are exceptions past their last day that still meet something, and
	// Unused those that nothing met.
	Expired []triage.Acceptance `json:"expired"`
	Unused  []triage.Acceptance `json:"unused"`
}

// Skipped is a problem with the layer it was met in; -1 where no layer was read.
type Skipped struct {
	Layer int `json:"layer"`
	evidence.Problem
}

// Gate is the outcome of --fail-on.
type Gate struct {
	FailOn []string `json:"failOn"`
	Failed bool     `json:"failed"`
	// Reasons are one line for each broken rule.
	Reasons []string `json:"reasons,omitempty"`
}
