package image

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// opener opens a layer's blob as stored; nil where it was streamed already.
type opener func(context.Context) (io.ReadCloser, error)

// content gives access to the blobs that manifests name, wherever they are kept.
type content interface {
	// has reports whether the manifest can be had, without asking a network:
	// a registry always says yes, an archive may hold fewer platforms than
	// its index lists.
	has(d v1.Descriptor) bool
	// manifest returns the bytes of an index or a manifest, at most
	// maxManifest of them. They are not verified yet. A blob that is missing
	// gives an error that wraps fs.ErrNotExist.
	manifest(ctx context.Context, d v1.Descriptor) ([]byte, error)
	// config does the same for a configuration, at most maxConfig bytes.
	config(ctx context.Context, d v1.Descriptor) ([]byte, error)
	// layer returns how to open a layer's blob, and its size as stored (-1: unknown).
	layer(d v1.Descriptor) (opener, int64, error)
}

// resolver turns an index or a manifest into Images.
type resolver struct {
	content content
	choice  choice
	// template holds what all Images of the source have in common.
	template Image
	// beside are the entries of a layout's index.json that are no images.
	beside []v1.Descriptor
	// attestations says whether provenance is to be read.
	attestations bool
}

// candidate is one manifest that an index offers, or the only one.
type candidate struct {
	desc     v1.Descriptor
	platform Platform
	// index is the digest of the outermost index that led here, if any.
	index string
	// annotations are those of the entries and indexes above, the nearest first.
	annotations []map[string]string
	// image is set as soon as the manifest had to be read.
	image *Image
}

// document is an index or a manifest before we know which.
type document struct {
	SchemaVersion int             `json:"schemaVersion"`
	MediaType     types.MediaType `json:"mediaType"`
	ArtifactType  string          `json:"artifactType"`
	Manifests     []v1.Descriptor `json:"manifests"`
	Config        *v1.Descriptor  `json:"config"`
	Layers        []v1.Descriptor `json:"layers"`
	FSLayers      json.RawMessage `json:"fsLayers"`
	// Annotations are free for whoever built or pushed the image to set.
	Annotations map[string]string `json:"annotations"`
}

func (d *document) isIndex() bool { return d.Manifests != nil || d.MediaType.IsIndex() }

// resolve returns the images of the chosen platforms. The roots are one
// manifest or index, or what a layout's index.json lists under one name.
func (r *resolver) resolve(ctx context.Context, roots ...v1.Descriptor) ([]*Image, error) {
	g := gatherer{resolver: r}
	for _, root := range roots {
		if err := g.gather(ctx, root, "", 0); err != nil {
			return nil, err
		}
	}
	if len(g.found) == 0 {
		return nil, g.nothing()
	}
	offered := make([]Platform, len(g.found))
	for i, c := range g.found {
		offered[i] = c.platform
	}
	if err := g.oneImage(roots); err != nil {
		return nil, err
	}
	picked, note, err := r.choice.pick(offered)
	if err != nil {
		return nil, g.explain(err)
	}
	var images []*Image
	for _, i := range picked {
		img, err := r.image(ctx, &g.found[i])
		if err != nil {
			return nil, err
		}
		img.Platforms = offered
		if note != "" {
			img.Notes = append(img.Notes, note)
		}
		if r.attestations {
			r.attested(ctx, img, slices.Concat(r.beside, g.beside))
		}
		images = append(images, img)
	}
	return images, nil
}

// gatherer collects the candidates of nested indexes.
type gatherer struct {
	*resolver
	found  []candidate
	seen   []v1.Hash
	absent []Platform
	// beside are the attestations met on the way, above the annotations of the
	// indexes that are being read.
	beside []v1.Descriptor
	above  []map[string]string
	others int // attestations, signatures and other artifacts left out
	read   int
}

// gather adds what d leads to. Index is the digest of the outermost index above it.
func (g *gatherer) gather(ctx context.Context, d v1.Descriptor, index string, depth int) error {
	if depth > maxNesting {
		return fmt.Errorf("index %s: %w: indexes nest deeper than %d", index, ErrTooLarge, maxNesting)
	}
	if g.read++; g.read > maxCandidates {
		return fmt.Errorf("index %s: %w: it lists more than %d manifests", index, ErrTooLarge, maxCandidates)
	}
	if slices.Contains(g.seen, d.Digest) {
		return nil
	}
	g.seen = append(g.seen, d.Digest)
	if p := platformOf(d.Platform); p.known() && d.MediaType.IsImage() && index != "" {
		g.found = append(g.found, candidate{desc: d, platform: p, index: index, annotations: g.annotations(d)})
		return nil
	}
	raw, doc, err := g.document(ctx, d)
	if err != nil {
		return err
	}
	if !doc.isIndex() {
		c := candidate{desc: d, index: index, annotations: g.annotations(d)}
		if c.image, err = g.build(ctx, d, raw, doc); err != nil {
			if errors.Is(err, ErrNotImage) && index != "" {
				g.others++
				return nil
			}
			return err
		}
		c.platform = c.image.Platform
		g.found = append(g.found, c)
		return nil
	}
	if index == "" {
		index = d.Digest.String()
	}
	g.above = append(g.above, doc.Annotations)
	defer func() { g.above = g.above[:len(g.above)-1] }()
	for _, child := range doc.Manifests {
		if notImage(child) {
			if len(g.beside) < maxCandidates && g.content.has(child) {
				g.beside = append(g.beside, child)
			}
			g.others++
			continue
		}
		if !g.content.has(child) {
			g.absent = append(g.absent, platformOf(child.Platform))
			continue
		}
		if err := g.gather(ctx, child, index, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// annotations are what is said above a manifest, the nearest first.
func (g *gatherer) annotations(d v1.Descriptor) []map[string]string {
	all := []map[string]string{d.Annotations}
	for _, above := range slices.Backward(g.above) {
		all = append(all, above)
	}
	return all
}

// annotate adds what is said above the manifest and not in it.
func (img *Image) annotate(above []map[string]string) {
	for _, annotations := range above {
		for key, value := range annotations {
			if _, said := img.Annotations[key]; said {
				continue
			}
			if img.Annotations == nil {
				img.Annotations = map[string]string{}
			}
			img.Annotations[key] = value
		}
	}
}

// subjectKey is what Docker's containerd image store says of an attestation that
// it exports beside an image of one platform.
const subjectKey = "io.containerd.manifest.subject"

// notImage reports whether an index's entry is an attestation or another
// artifact. BuildKit's attestations say so by annotation and by an unknown
// platform (github.com/moby/buildkit, docs/attestations/attestation-storage.md).
func notImage(d v1.Descriptor) bool {
	if d.Annotations["vnd.docker.reference.type"] != "" || d.Annotations[subjectKey] != "" {
		return true
	}
	if d.Platform != nil && d.Platform.OS == "unknown" {
		return true
	}
	if d.ArtifactType != "" && !isConfigType(types.MediaType(d.ArtifactType)) {
		return true
	}
	return d.MediaType != "" && !d.MediaType.IsImage() && !d.MediaType.IsIndex()
}

// nothing is the error for a source that offers no image at all.
func (g *gatherer) nothing() error {
	if len(g.absent) > 0 {
		return fmt.Errorf("%w: the index lists %s, of which none is in the source: save or copy the image again with the platform wanted", ErrNoPlatform, platformList(g.absent))
	}
	if g.others > 0 {
		return fmt.Errorf("%w: the index lists %d attestations or artifacts and no image", ErrNotImage, g.others)
	}
	return fmt.Errorf("%w: the index lists no manifest", ErrNotImage)
}

// oneImage fails where a layout lists several manifests for one platform:
// these are several images, not one.
func (g *gatherer) oneImage(roots []v1.Descriptor) error {
	if len(roots) < 2 {
		return nil
	}
	for i, a := range g.found {
		for _, b := range g.found[:i] {
			if a.platform == b.platform {
				var names []string
				for _, c := range g.found {
					names = append(names, "@"+c.desc.Digest.String())
				}
				return fmt.Errorf("%w: name one of them after the path, as in PATH%s: %s", ErrAmbiguous, names[0], shorten(names, 20))
			}
		}
	}
	return nil
}

// explain adds to a missing platform those that are listed without being there.
func (g *gatherer) explain(err error) error {
	if len(g.absent) == 0 {
		return err
	}
	return fmt.Errorf("%w (the index also lists %s, whose manifests are not in the source)", err, platformList(g.absent))
}

// document reads, verifies and parses an index or a manifest.
func (r *resolver) document(ctx context.Context, d v1.Descriptor) ([]byte, *document, error) {
	raw, err := verified(ctx, d, maxManifest, r.content.manifest)
	if err != nil {
		return nil, nil, err
	}
	doc, err := parseDocument(d.Digest.String(), raw)
	return raw, doc, err
}

func parseDocument(blob string, raw []byte) (*document, error) {
	var doc document
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, damagedf(blob, "not a manifest: %s", printable(err.Error()))
	}
	switch {
	case doc.SchemaVersion == 1 || doc.FSLayers != nil:
		return nil, fmt.Errorf("manifest %s: %w: Docker's schema 1 is not supported: push the image again with a current tool", blob, ErrNotImage)
	case doc.Manifests != nil && (doc.Layers != nil || doc.Config != nil):
		// An index that is a manifest at the same time means different
		// images to different readers (CVE-2021-41190).
		return nil, damagedf(blob, "it is an index and a manifest at once")
	case len(doc.Layers) > maxLayers:
		return nil, fmt.Errorf("manifest %s: %w: it claims %d layers, at most %d are read", blob, ErrTooLarge, len(doc.Layers), maxLayers)
	case !doc.isIndex() && doc.Config == nil:
		return nil, fmt.Errorf("manifest %s: %w: it is neither an index nor a manifest with a configuration", blob, ErrNotImage)
	}
	for i, d := range slices.Concat(doc.Manifests, doc.Layers) {
		if d.Digest.Hex == "" {
			return nil, damagedf(blob, "entry %d has no digest", i+1)
		}
	}
	return &doc, nil
}

// verified returns a blob whose length and digest are what d promises.
func verified(ctx context.Context, d v1.Descriptor, limit int64, read func(context.Context, v1.Descriptor) ([]byte, error)) ([]byte, error) {
	blob := d.Digest.String()
	if d.Size > limit {
		return nil, fmt.Errorf("blob %s: %w: it has %d bytes, at most %d are read", blob, ErrTooLarge, d.Size, limit)
	}
	raw, err := read(ctx, d)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &DamagedError{Blob: blob, Offset: -1, Reason: "it is missing: fetch or save the image again", Cause: err}
		}
		if classified(err) {
			return nil, err
		}
		return nil, fmt.Errorf("read %s: %w", blob, err)
	}
	if d.Size > 0 && d.Size != int64(len(raw)) {
		return nil, &DamagedError{Blob: blob, Offset: int64(len(raw)), Reason: fmt.Sprintf("it has %d bytes, its descriptor says %d", len(raw), d.Size)}
	}
	return raw, verifyDigest(d.Digest, raw)
}

// verifyDigest holds raw against its digest.
func verifyDigest(want v1.Hash, raw []byte) error {
	h, err := v1.Hasher(want.Algorithm)
	if err != nil {
		return damagedf(want.String(), "digest algorithm %q is not supported", printable(want.Algorithm))
	}
	h.Write(raw)
	if got := hex.EncodeToString(h.Sum(nil)); got != want.Hex {
		return DigestMismatch(want.String(), want.Algorithm+":"+got)
	}
	return nil
}

// image returns the candidate's Image, reading its manifest if that wasn't necessary before.
func (r *resolver) image(ctx context.Context, c *candidate) (*Image, error) {
	if c.image == nil {
		raw, doc, err := r.document(ctx, c.desc)
		if err != nil {
			return nil, err
		}
		if doc.isIndex() {
			return nil, damagedf(c.desc.Digest.String(), "listed as a manifest, it is an index")
		}
		if c.image, err = r.build(ctx, c.desc, raw, doc); err != nil {
			return nil, err
		}
	}
	img := c.image
	img.IndexDigest = c.index
	img.annotate(c.annotations)
	return img, r.agree(img, c.platform)
}

// agree compares the platform of the configuration with that of the index and
// with what was asked. The configuration is what an engine believes; an index
// that says otherwise is an error where it was asked for a platform, and a note elsewhere.
func (r *resolver) agree(img *Image, listed Platform) error {
	if !img.Platform.known() {
		if listed.known() {
			img.Platform = listed
		}
		img.Notes = append(img.Notes, "the configuration names no platform")
		return nil
	}
	if listed.known() && !img.Platform.satisfies(Platform{OS: listed.OS, Architecture: listed.Architecture}) {
		says := fmt.Sprintf("the index lists it as %s, its configuration says %s", printable(listed.String()), printable(img.Platform.String()))
		if r.choice.explicit {
			return fmt.Errorf("manifest %s: %w: %s", img.Digest, ErrNoPlatform, says)
		}
		img.Notes = append(img.Notes, "manifest "+img.Digest+": "+says)
	}
	if img.Platform.Variant == "" && listed.known() {
		img.Platform.Variant = listed.Variant
	}
	return nil
}

// build makes an Image of a manifest.
func (r *resolver) build(ctx context.Context, d v1.Descriptor, raw []byte, doc *document) (*Image, error) {
	blob := d.Digest.String()
	if err := checkTypes(blob, doc); err != nil {
		return nil, err
	}
	rawConfig, err := verified(ctx, *doc.Config, maxConfig, r.content.config)
	if err != nil {
		return nil, fmt.Errorf("configuration of manifest %s: %w", blob, err)
	}
	img := r.template
	img.Notes = slices.Clone(r.template.Notes)
	img.Digest = blob
	img.ConfigDigest = doc.Config.Digest.String()
	img.Annotations = doc.Annotations
	if err := img.setConfig(img.ConfigDigest, rawConfig, len(doc.Layers)); err != nil {
		return nil, err
	}
	for i, l := range doc.Layers {
		open, size, err := r.content.layer(l)
		if err != nil {
			return nil, fmt.Errorf("layer %d of %s: %w", i+1, blob, err)
		}
		img.Layers = append(img.Layers, Layer{
			DiffID: img.Config.RootFS.DiffIDs[i].String(), Digest: l.Digest.String(),
			Size: size, MediaType: string(l.MediaType), open: open,
		})
	}
	return &img, nil
}

// checkTypes tells an image from everything else that is kept the same way.
func checkTypes(blob string, doc *document) error {
	if !isConfigType(doc.Config.MediaType) {
		return fmt.Errorf("manifest %s: %w: its configuration is %q (%s)", blob, ErrNotImage, printable(string(doc.Config.MediaType)), artifactKind(string(doc.Config.MediaType), doc.ArtifactType))
	}
	for i, l := range doc.Layers {
		if strings.HasSuffix(string(l.MediaType), "+encrypted") {
			return fmt.Errorf("manifest %s: %w: layer %d is encrypted: decrypt the image first", blob, ErrNotImage, i+1)
		}
		if !isLayerType(l.MediaType) {
			return fmt.Errorf("manifest %s: %w: layer %d is %q", blob, ErrNotImage, i+1, printable(string(l.MediaType)))
		}
	}
	return nil
}

func isConfigType(t types.MediaType) bool {
	switch t {
	case types.OCIConfigJSON, types.DockerConfigJSON, "", "application/octet-stream":
		return true
	}
	return false
}

func artifactKind(config, artifact string) string {
	switch {
	case strings.Contains(config, "helm"):
		return "a Helm chart"
	case strings.Contains(config, "docker.plugin"):
		return "a Docker plugin"
	case strings.Contains(config, "buildkit.cacheconfig"):
		return "a build cache"
	case artifact != "":
		return "an artifact of type " + printable(artifact)
	}
	return "an artifact"
}

// isLayerType accepts the tar layers of Docker and OCI whatever their
// compression, which is told from the bytes.
func isLayerType(t types.MediaType) bool {
	s := string(t)
	switch {
	case s == "", s == "application/octet-stream":
		return true
	case strings.HasPrefix(s, "application/vnd.oci.image.layer."):
		return strings.Contains(s, ".tar")
	case strings.HasPrefix(s, "application/vnd.docker.image.rootfs."):
		return strings.Contains(s, "diff.tar")
	}
	return false
}

func isForeign(t types.MediaType) bool {
	return strings.Contains(string(t), ".foreign.") || strings.Contains(string(t), ".nondistributable.")
}

// setConfig parses the configuration and holds it against the number of layers.
func (img *Image) setConfig(blob string, raw []byte, layers int) error {
	if err := json.Unmarshal(raw, &img.Config); err != nil {
		return damagedf(blob, "not an image configuration: %s", printable(err.Error()))
	}
	ids := img.Config.RootFS.DiffIDs
	if len(ids) > maxLayers {
		return fmt.Errorf("configuration %s: %w: it claims %d layers, at most %d are read", blob, ErrTooLarge, len(ids), maxLayers)
	}
	if len(ids) != layers {
		return damagedf(blob, "it has %d diff IDs, the manifest has %d layers", len(ids), layers)
	}
	for i, id := range ids {
		if _, err := v1.NewHash(id.String()); err != nil {
			return damagedf(blob, "diff ID %d is not a digest", i+1)
		}
	}
	img.Platform = Platform{OS: img.Config.OS, Architecture: img.Config.Architecture, Variant: img.Config.Variant}
	return nil
}
