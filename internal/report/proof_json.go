package report

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	proven "plimsoll/internal/rebuild/proof"
	"plimsoll/internal/verdict"
)

// ErrOneProof is returned by a form whose document is about one image when the
// report holds several proofs, or none.
var ErrOneProof = errors.New("one statement is about one image")

// ErrNoDigest is returned by ProofStatement for an image whose manifest digest is
// not known: a statement names its subject by nothing else.
var ErrNoDigest = errors.New("the digest of the manifest is not known")

// ProofJSON writes proofs for programs.
func ProofJSON(w io.Writer, r *proven.Report) error {
	out := *r
	out.Proofs = orEmpty(slices.Clone(r.Proofs))
	for i := range out.Proofs {
		out.Proofs[i] = completeProof(out.Proofs[i])
	}
	return encodeJSON(w, &out)
}

// predicate is a proof with who made it.
type predicate struct {
	SchemaVersion int          `json:"schemaVersion"`
	Tool          verdict.Tool `json:"tool"`
	proven.Proof
}

// ProofPredicate writes the one proof of a report as the bare predicate of the
// type proven.PredicateType. It carries no time of its own.
func ProofPredicate(w io.Writer, r *proven.Report) error {
	p, err := predicateOf(r)
	if err != nil {
		return err
	}
	return encodeJSON(w, p)
}

// statement is that of in-toto attestation, spec/v1/statement.md.
type statement struct {
	Type          string       `json:"_type"`
	Subject       []descriptor `json:"subject"`
	PredicateType string       `json:"predicateType"`
	// Predicate is a *predicate or a *filePredicate.
	Predicate any `json:"predicate"`
}

// descriptor is a ResourceDescriptor of in-toto attestation,
// spec/v1/resource_descriptor.md.
type descriptor struct {
	Name   string            `json:"name,omitempty"`
	Digest map[string]string `json:"digest"`
}

const statementType = "https://in-toto.io/Statement/v1"

// ProofStatement writes the one proof of a report as an in-toto statement. Its
// subject is the second image's manifest; the first is in the predicate.
func ProofStatement(w io.Writer, r *proven.Report) error {
	p, err := predicateOf(r)
	if err != nil {
		return err
	}
	image := &p.After.Image
	algorithm, hex, ok := strings.Cut(image.Digest, ":")
	if !ok {
		return fmt.Errorf("%s: %w: name a registry reference or an OCI layout (docker save keeps no manifest), or use -o predicate", image.Reference, ErrNoDigest)
	}
	subject := descriptor{Digest: map[string]string{algorithm: hex}}
	if image.Name != "" {
		subject.Name, _ = repository(image)
	}
	return encodeJSON(w, &statement{Type: statementType, Subject: []descriptor{subject}, PredicateType: proven.PredicateType, Predicate: p})
}

func predicateOf(r *proven.Report) (*predicate, error) {
	if len(r.Proofs) != 1 {
		return nil, fmt.Errorf("%w, and there are %d: choose one platform with --platform", ErrOneProof, len(r.Proofs))
	}
	return &predicate{SchemaVersion: r.SchemaVersion, Tool: r.Tool, Proof: completeProof(r.Proofs[0])}, nil
}

// completeProof returns the proof with every list and count in place: an empty
// one is written [] or {}, never null.
func completeProof(p proven.Proof) proven.Proof {
	p.Before.Image, p.After.Image = completeImage(p.Before.Image), completeImage(p.After.Image)
	p.Databases, p.NotProven = slices.Clone(orEmpty(p.Databases)), orEmpty(p.NotProven)
	for i := range p.Databases {
		p.Databases[i].Built, p.Databases[i].NextUpdate = writable(p.Databases[i].Built), writable(p.Databases[i].NextUpdate)
	}
	p.Packages.ByChange, p.Packages.Changes = orEmptyMap(p.Packages.ByChange), orEmpty(p.Packages.Changes)
	for _, o := range []*proven.Outcome{&p.Findings.Cleared, &p.Findings.Unproven, &p.Findings.Kept, &p.Findings.Added} {
		o.BySeverity, o.Groups = orEmptyMap(o.BySeverity), slices.Clone(orEmpty(o.Groups))
		for i := range o.Groups {
			g := &o.Groups[i]
			g.BySeverity, g.Findings = orEmptyMap(g.BySeverity), orEmpty(g.Findings)
			if g.Package != nil {
				change := *g.Package
				change.Packages = orEmpty(change.Packages)
				g.Package = &change
			}
		}
	}
	p.Hygiene = completeHygiene(p.Hygiene)
	a := &p.Application
	a.Removed, a.Added = orEmpty(a.Removed), orEmpty(a.Added)
	s := &p.Surface
	s.Privileged.Removed, s.Privileged.Added, s.Privileged.Kept = orEmpty(s.Privileged.Removed), orEmpty(s.Privileged.Added), orEmpty(s.Privileged.Kept)
	s.Tools.Removed, s.Tools.Added, s.Tools.Kept = orEmpty(s.Tools.Removed), orEmpty(s.Tools.Added), orEmpty(s.Tools.Kept)
	return p
}
