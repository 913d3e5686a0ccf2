package image

import (
	"strings"
	"testing"
)

// provenance puts a statement beside an image as BuildKit does.
func (b blobs) provenance(t testing.TB, of descriptor, predicateType, statement string) descriptor {
	t.Helper()
	layer := b.describe(inTotoType, []byte(statement))
	layer.Annotations = map[string]string{predicateTypeKey: predicateType}
	raw := marshal(t, map[string]any{
		"schemaVersion": 2, "mediaType": ociManifest,
		"config": b.describe(ociConfig, []byte(`{"architecture":"unknown","os":"unknown","rootfs":{"type":"layers","diff_ids":["sha256:x"]}}`)),
		"layers": []descriptor{layer},
	})
	d := b.describe(ociManifest, raw)
	d.Platform = &Platform{OS: "unknown", Architecture: "unknown"}
	d.Annotations = map[string]string{referenceTypeKey: attestationType, referenceDigestKey: of.Digest}
	return d
}

func TestProvenanceIsReadFromBesideTheImage(t *testing.T) {
	const statement = `{"predicateType":"https://slsa.dev/provenance/v1","predicate":{}}`
	b := blobs{}
	mine := b.manifest(t, sample(t, hostPlatform()), "+gzip", gzipped)
	other := b.manifest(t, sample(t, Platform{OS: "linux", Architecture: "riscv64"}), "+gzip", gzipped)
	index := b.index(t, mine, other,
		b.provenance(t, other, ProvenanceTypes()[1], `{"of":"another platform"}`),
		b.provenance(t, mine, "https://spdx.dev/Document", `{"an":"SBOM"}`),
		b.provenance(t, mine, ProvenanceTypes()[1], statement))
	reg := newRegistry(t)
	reg.push(t, "team/app", "1", b, index)
	layout := writeFolder(t, layoutFiles(t, b, index))
	beside := writeFolder(t, layoutFiles(t, b, mine, b.provenance(t, mine, ProvenanceTypes()[1], statement)))
	for _, ref := range []string{reg.host() + "/team/app:1", "oci:" + layout, "oci:" + beside} {
		img, err := read(t, ref, Options{Attestations: true})
		if err != nil {
			t.Errorf("%s: %v", ref, err)
			continue
		}
		if len(img.Attestations) != 1 || string(img.Attestations[0].Statement) != statement {
			t.Errorf("%s: attestations %+v, notes %v", ref, img.Attestations, img.Notes)
		}
		if img, err = read(t, ref, Options{}); err != nil || len(img.Attestations) != 0 {
			t.Errorf("%s: read though not asked for: %v", ref, err)
		}
	}
}

func TestDamagedAttestationsAreSaid(t *testing.T) {
	b := blobs{}
	mine := b.manifest(t, sample(t, hostPlatform()), "+gzip", gzipped)
	a := b.provenance(t, mine, ProvenanceTypes()[0], `{"predicate":{}}`)
	b[digestOf([]byte(`{"predicate":{}}`))] = []byte(`{"predicate":[]}`)
	img, err := read(t, "oci:"+writeFolder(t, layoutFiles(t, b, b.index(t, mine, a))), Options{Attestations: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(img.Attestations) != 0 || !strings.Contains(strings.Join(img.Notes, "\n"), "attestation could not be read") {
		t.Errorf("attestations %v, notes %q", img.Attestations, img.Notes)
	}
	many := []descriptor{mine}
	for i := range 3 * maxAttestations {
		many = append(many, b.provenance(t, mine, ProvenanceTypes()[0], `{"n":`+strings.Repeat("1", i+1)+`}`))
	}
	img, err = read(t, "oci:"+writeFolder(t, layoutFiles(t, b, b.index(t, many...))), Options{Attestations: true})
	if err != nil || len(img.Attestations) != maxAttestations {
		t.Errorf("%d attestations read: %v", len(img.Attestations), err)
	}
}

func TestAnnotationsAboveAManifestCount(t *testing.T) {
	b := blobs{}
	mine := b.manifest(t, sample(t, hostPlatform()), "+gzip", gzipped)
	mine.Annotations = map[string]string{"org.opencontainers.image.base.name": "docker.io/library/debian:12"}
	img, err := read(t, "oci:"+writeFolder(t, layoutFiles(t, b, b.index(t, mine))), Options{})
	if err != nil || img.Annotations["org.opencontainers.image.base.name"] != "docker.io/library/debian:12" {
		t.Errorf("annotations %v, %v", img.Annotations, err)
	}
}
