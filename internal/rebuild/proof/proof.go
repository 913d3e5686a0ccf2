// Package proof owns the statement that an image is better than the one before
// it, or isn't: what the rebuild cleared, kept and added, each with its cause,
// and the one line that concludes (Of).
//
// Both images are judged by the same databases in the same run, so that a
// database which was refreshed between two scans can't pass for a gain. A cause
// is told from evidence and never guessed: a finding that merely is no longer
// seen (its package's record is gone while the files still ship, nobody judges
// the package any more) counts as still there, under Findings.Unproven.
//
// It works on what package scan examined and judged, and reads no image itself.
package proof

import (
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/compare"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/rebuild/base"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// SchemaVersion is the version of the JSON shape. It rises when a field changes
// its meaning or goes away; new fields don't raise it.
const SchemaVersion = 1

// PredicateType names the shape of a proof as the predicate of an in-toto
// statement (in-toto attestation, spec/v1/field_types.md, TypeURI). Its last part
// is SchemaVersion.
const PredicateType = "urn:plimsoll:proof:1"

// Report is the proofs of one run, one for each platform that both have.
type Report struct {
	SchemaVersion int          `json:"schemaVersion"`
	Tool          verdict.Tool `json:"tool"`
	Proofs        []Proof      `json:"proofs"`
	// Status is the run's exit status.
	Status int `json:"status"`
}

// Kind is what sort of things a proof is about.
type Kind string

// Images: two container images.
const Images Kind = "images"

// Proof is what came of one image when it became another.
type Proof struct {
	Kind       Kind            `json:"kind"`
	Conclusion Conclusion      `json:"conclusion"`
	Before     compare.Summary `json:"before"`
	After      compare.Summary `json:"after"`
	// Databases judged both sides; empty where there was none.
	Databases []advisory.Info `json:"databases"`
	Counts    Counts          `json:"counts"`
	Findings  Findings        `json:"findings"`
	// Hygiene is what the configurations and histories say.
	Hygiene  Hygiene  `json:"hygiene"`
	Packages Packages `json:"packages"`
	Base     Base     `json:"base"`
	// Application are the layers that were built on the base.
	Application Application `json:"application"`
	Surface     Surface     `json:"surface"`
	// Skipped could not be examined.
	Skipped []compare.Skipped `json:"skipped,omitempty"`
	// NotProven are plain sentences.
	NotProven []string `json:"notProven"`
}

// Counts are the findings of both sides by what they ask for.
type Counts struct {
	Before Tally `json:"before"`
	// After counts what is unproven as still there.
	After Tally `json:"after"`
}

// Tally counts the findings of one side. A secret that stands in several places
// is one.
type Tally struct {
	// Planted, Altered and Secrets are likely or certain, and high or critical.
	Planted int `json:"planted"`
	Altered int `json:"altered"`
	Secrets int `json:"secrets"`
	// Unsupported is 1 where the distribution's release gets no updates any more.
	Unsupported int `json:"unsupported"`
	// Fixable and Unfixed are vulnerabilities of high or critical severity.
	Fixable int `json:"fixable"`
	Unfixed int `json:"unfixed"`
	// FixableBelow and UnfixedBelow are vulnerabilities of lower severities.
	FixableBelow int `json:"fixableBelow"`
	UnfixedBelow int `json:"unfixedBelow"`
	// Hygiene counts findings of hygiene at high or critical severity, HygieneBelow
	// the others, what came with the base left out.
	Hygiene      int `json:"hygiene"`
	HygieneBelow int `json:"hygieneBelow"`
	// Other is what is left: findings about content that are only possible or of
	// lower severity, a release that is leaving support.
	Other int `json:"other"`
}

// Findings are those of both sides, by what became of them.
type Findings struct {
	// Vulnerabilities is false where no database was asked: then none were compared.
	Vulnerabilities bool `json:"vulnerabilities"`
	// Cleared are gone, and the cause is known.
	Cleared Outcome `json:"cleared"`
	// Unproven are in the second verdict no more, and nothing proves them gone.
	Unproven Outcome `json:"unproven"`
	Kept     Outcome `json:"kept"`
	Added    Outcome `json:"added"`
}

// Outcome is what one thing became of, grouped by cause: what weighs most first.
type Outcome struct {
	Total int `json:"total"`
	// Urgent counts those that ask for a rebuild now.
	Urgent int `json:"urgent"`
	// BySeverity counts them by severity word.
	BySeverity map[string]int `json:"bySeverity"`
	// InBase counts those that lie in the base's layers.
	InBase int     `json:"inBase"`
	Groups []Group `json:"groups"`
}

// Group is findings with one cause.
type Group struct {
	Code Code `json:"code"`
	// Cause says it in words: "glibc 2.36-9+deb12u3 → 2.36-9+deb12u7".
	Cause string `json:"cause"`
	// Package is set where the cause is about one.
	Package    *PackageChange `json:"package,omitempty"`
	Urgent     int            `json:"urgent"`
	BySeverity map[string]int `json:"bySeverity"`
	Findings   []Finding      `json:"findings"`
}

// PackageChange is what became of a package: of an operating system's the source
// package, since its binaries are released together.
type PackageChange struct {
	// Type is the purl type, Name the full name as its ecosystem writes it.
	Type string `json:"type"`
	Name string `json:"name"`
	// Before and After are versions, empty where that side has none.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	// Packages are the installed packages by name.
	Packages []string `json:"packages"`
}

// Finding is one of either side, without what the images' verdicts say of it
// beyond this.
type Finding struct {
	// ID is that of the verdict: the second's for what is kept or added.
	ID            string             `json:"id"`
	Kind          triage.Kind        `json:"kind"`
	Vulnerability string             `json:"vulnerability,omitempty"`
	Title         string             `json:"title,omitempty"`
	Severity      advisory.Severity  `json:"severity"`
	Disposition   triage.Disposition `json:"disposition"`
	Package       string             `json:"package,omitempty"`
	Version       string             `json:"version,omitempty"`
	// FixedIn are the versions that fix it, of the package or its source.
	FixedIn        []string           `json:"fixedIn,omitempty"`
	KnownExploited bool               `json:"knownExploited,omitempty"`
	Path           string             `json:"path,omitempty"`
	Liveness       inventory.Liveness `json:"liveness,omitempty"`
	// Layer counts that side's layers from 0; -1 for what is in none.
	Layer int `json:"layer"`
	// InBase is set where that layer belongs to the base.
	InBase bool `json:"inBase,omitempty"`
	// Redacted stands for a secret's value.
	Redacted string `json:"redacted,omitempty"`
}

// Packages is what became of the packages.
type Packages struct {
	// ByChange counts them by what happened: upgraded, removed, added, ….
	ByChange map[compare.Change]int `json:"byChange"`
	Changes  []compare.Package      `json:"changes"`
}

// Side is one of the two images, examined and judged.
type Side struct {
	Verdict *verdict.Verdict
	Config  *v1.ConfigFile
	// Layers are base first.
	Layers []*evidence.Layer
	// Base is what package base says; nil where it was not asked.
	Base *base.Base
}

// Input is what a proof is made from.
type Input struct {
	Before, After Side
	// Difference is what package compare says of the two.
	Difference *compare.Difference
	Order      triage.Order
}

// Of makes the proof.
func Of(in Input) *Proof {
	d := in.Difference
	p := &Proof{
		Kind: Images, Before: d.Before, After: d.After, Skipped: d.Skipped,
		Databases: in.After.Verdict.Coverage.Databases,
		Packages:  Packages{ByChange: map[compare.Change]int{}, Changes: d.Packages},
		NotProven: notProven(in.After.Verdict),
	}
	for i := range d.Packages {
		p.Packages.ByChange[d.Packages[i].Change]++
	}
	before, after := newSide(&in.Before), newSide(&in.After)
	w := &weighing{before: before, after: after, order: in.Order, proof: p}
	w.index(d.Packages)
	w.findings(len(p.Databases) > 0)
	p.Hygiene = hygieneOf(brokenInImage(in.Before.Verdict.Hygiene), brokenInImage(in.After.Verdict.Hygiene))
	p.Counts.Before.tidy(&p.Hygiene.Before)
	p.Counts.After.tidy(&p.Hygiene.After)
	p.Base, p.Application = baseOf(&in.Before, &in.After)
	p.Surface = surfaceOf(before, after, d)
	p.Conclusion = conclude(p, &in)
	return p
}

// side is a Side with what is looked up in it.
type side struct {
	*Side
	// tree is nil where an image has more files than are compared.
	tree *evidence.Tree
	// base is how many layers belong to the base.
	base    int
	byID    map[string]*inventory.Package
	entries map[string]*account.Entry
}

func newSide(s *Side) *side {
	x := &side{
		Side: s, tree: treeOf(s.Layers), base: s.baseLayers(),
		byID: map[string]*inventory.Package{}, entries: map[string]*account.Entry{},
	}
	for i := range s.Verdict.Packages {
		p := &s.Verdict.Packages[i]
		x.byID[p.ID] = p
	}
	for i := range s.Verdict.Account.Entries {
		if e := &s.Verdict.Account.Entries[i]; e.Liveness == inventory.Visible {
			x.entries[e.Path] = e
		}
	}
	return x
}

func treeOf(layers []*evidence.Layer) *evidence.Tree {
	t := evidence.NewTree(layers)
	for i, l := range layers {
		if err := t.Apply(&l.Files, i, func(evidence.FileChange) {}); err != nil {
			return nil // the difference says so, and is incomplete
		}
	}
	return t
}

// holds reports whether the final image has something at a path.
func (s *side) holds(path string) (evidence.Copy, bool) {
	if s.tree == nil {
		return evidence.Copy{}, false
	}
	n, ok := s.tree.Lookup(path)
	if !ok {
		return evidence.Copy{}, false
	}
	return s.tree.Copy(n), true
}
