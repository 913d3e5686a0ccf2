package image

import (
	"context"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Attestation is one in-toto statement that a builder put beside an image, as
// bytes. Nobody has vouched for it: it is as true as whoever could push the image.
type Attestation struct {
	// PredicateType is what the manifest says of it, one of ProvenanceTypes.
	PredicateType string
	// Digest is that of the statement's bytes, which were held against it.
	Digest string
	// Statement is the JSON, at most maxAttestation bytes.
	Statement []byte
}

// ProvenanceTypes are the predicate types of the attestations that are read:
// SLSA provenance (https://slsa.dev/spec/v0.2/provenance, https://slsa.dev/spec/v1.1/provenance).
func ProvenanceTypes() []string {
	return []string{"https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v1"}
}

// Where BuildKit says what an attestation manifest is about
// (github.com/moby/buildkit, docs/attestations/attestation-storage.md).
const (
	referenceTypeKey   = "vnd.docker.reference.type"
	referenceDigestKey = "vnd.docker.reference.digest"
	attestationType    = "attestation-manifest"
	predicateTypeKey   = "in-toto.io/predicate-type"
	inTotoType         = "application/vnd.in-toto+json"
)

// attests reports whether an index's entry is an attestation manifest about the
// image manifest of this digest.
func attests(d v1.Descriptor, image string) bool {
	if image == "" {
		return false
	}
	if d.Annotations[subjectKey] == image {
		return true
	}
	return d.Annotations[referenceTypeKey] == attestationType && d.Annotations[referenceDigestKey] == image
}

// attested fills in the provenance of an image. An attestation that can't be read
// is no reason to refuse the image, and is said.
func (r *resolver) attested(ctx context.Context, img *Image, listed []v1.Descriptor) {
	var read []v1.Hash
	for _, d := range listed {
		if !attests(d, img.Digest) || slices.Contains(read, d.Digest) {
			continue
		}
		if read = append(read, d.Digest); len(read) > maxAttestations {
			img.Notes = append(img.Notes, "more attestations are attached than are read")
			return
		}
		if err := r.provenance(ctx, img, d); err != nil {
			img.Notes = append(img.Notes, "an attestation could not be read: "+printable(err.Error()))
		}
	}
}

func (r *resolver) provenance(ctx context.Context, img *Image, d v1.Descriptor) error {
	_, doc, err := r.document(ctx, d)
	if err != nil {
		return err
	}
	for _, l := range doc.Layers {
		kind := l.Annotations[predicateTypeKey]
		if string(l.MediaType) != inTotoType || !slices.Contains(ProvenanceTypes(), kind) {
			continue
		}
		if len(img.Attestations) == maxAttestations {
			return nil
		}
		raw, err := verified(ctx, l, maxAttestation, r.content.config)
		if err != nil {
			return err
		}
		img.Attestations = append(img.Attestations, Attestation{PredicateType: kind, Digest: l.Digest.String(), Statement: raw})
	}
	return nil
}
