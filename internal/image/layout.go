package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Where an entry of index.json keeps its name: BuildKit and containerd write the
// full name, everyone else the OCI annotation, which may be only a tag.
const (
	fullNameKey = "io.containerd.image.name"
	refNameKey  = "org.opencontainers.image.ref.name"
)

// layoutContent reads the blobs of an OCI layout (image-spec, image-layout.md).
type layoutContent struct{ files files }

func blobPath(d v1.Hash) string { return "blobs/" + d.Algorithm + "/" + d.Hex }

func (c layoutContent) has(d v1.Descriptor) bool {
	return hasFile(c.files, blobPath(d.Digest))
}

func (c layoutContent) manifest(_ context.Context, d v1.Descriptor) ([]byte, error) {
	return c.files.small(blobPath(d.Digest), maxManifest)
}

func (c layoutContent) config(_ context.Context, d v1.Descriptor) ([]byte, error) {
	return c.files.small(blobPath(d.Digest), maxConfig)
}

func (c layoutContent) layer(d v1.Descriptor) (opener, int64, error) {
	path := blobPath(d.Digest)
	size, err := c.files.stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && isForeign(d.MediaType):
		return absentForeign(d), -1, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, 0, &DamagedError{Blob: d.Digest.String(), Offset: -1, Reason: "it is missing: save or copy the image again", Cause: err}
	case err != nil:
		return nil, 0, err
	case d.Size > 0 && d.Size != size:
		return nil, 0, &DamagedError{Blob: d.Digest.String(), Offset: min(size, d.Size), Reason: fmt.Sprintf("it has %d bytes, its descriptor says %d", size, d.Size)}
	}
	return c.files.opener(path), size, nil
}

// absentForeign is the layer of a publisher who lets nobody else keep it.
func absentForeign(d v1.Descriptor) opener {
	return func(context.Context) (io.ReadCloser, error) {
		return nil, fmt.Errorf("layer %s: %w: its media type %s may not be distributed and the source leaves it out; scan the image from its registry", d.Digest, ErrForeign, d.MediaType)
	}
}

// layoutImages resolves an OCI layout.
func (o *opening) layoutImages(ctx context.Context, src archiveSource, f files) ([]*Image, error) {
	raw, err := f.small("index.json", maxManifest)
	if err != nil {
		return nil, err
	}
	var index struct {
		Manifests []v1.Descriptor `json:"manifests"`
	}
	if err := json.Unmarshal(raw, &index); err != nil {
		return nil, damagedf("index.json", "not an index: %s", printable(err.Error()))
	}
	if len(index.Manifests) > maxCandidates {
		return nil, fmt.Errorf("index.json: %w: it lists %d manifests, at most %d are read", ErrTooLarge, len(index.Manifests), maxCandidates)
	}
	roots, err := chooseRoots(index.Manifests, src.selector)
	if err != nil {
		return nil, err
	}
	r := resolver{content: layoutContent{f}, choice: o.choice, template: o.template, beside: index.Manifests, attestations: o.options.Attestations}
	r.template.Name = firstOf(canonicalName(entryName(roots[0])), o.template.Name)
	return r.resolve(ctx, roots...)
}

// chooseRoots returns the entries of one image: those the selector names, or
// all where they have one name among them. Entries of one digest are one.
func chooseRoots(all []v1.Descriptor, selector string) ([]v1.Descriptor, error) {
	var roots []v1.Descriptor
	var names, rootNames []string
	for _, d := range all {
		if notImage(d) {
			continue
		}
		if d.Digest.Hex == "" {
			return nil, damagedf("index.json", "an entry has no digest")
		}
		entry := entryName(d)
		names = append(names, describeEntry(d, entry))
		if selector != "" && !selects(selector, d, entry) {
			continue
		}
		if slices.ContainsFunc(roots, func(r v1.Descriptor) bool { return r.Digest == d.Digest }) {
			continue
		}
		roots = append(roots, d)
		if !slices.Contains(rootNames, entry) {
			rootNames = append(rootNames, entry)
		}
	}
	switch {
	case len(names) == 0 && len(all) > 0:
		return nil, fmt.Errorf("%w: index.json lists an artifact or attestation (%s) and no image", ErrNotImage, printable(firstOf(all[0].ArtifactType, string(all[0].MediaType))))
	case len(names) == 0:
		return nil, fmt.Errorf("%w: index.json is empty", ErrNotImage)
	case len(roots) == 0:
		return nil, fmt.Errorf("%w: %q is not in the archive or layout, which holds %s", ErrNoTag, selector, shorten(names, 20))
	case len(rootNames) > 1:
		return nil, ambiguous(names)
	}
	return roots, nil
}

func ambiguous(names []string) error {
	names = slices.Compact(names)
	separator := ":"
	if strings.HasPrefix(names[0], "@") {
		separator = ""
	}
	return fmt.Errorf("%w: name one after the path, as in PATH%s%s: %s", ErrAmbiguous, separator, names[0], shorten(names, 20))
}

func entryName(d v1.Descriptor) string {
	if full := d.Annotations[fullNameKey]; full != "" {
		return full
	}
	return d.Annotations[refNameKey]
}

func describeEntry(d v1.Descriptor, entry string) string {
	if entry == "" {
		return "@" + d.Digest.String()
	}
	return printable(entry)
}

// selects reports whether the selector means the entry: by digest, by name, or
// by the tag alone.
func selects(selector string, d v1.Descriptor, entry string) bool {
	if digest, ok := strings.CutPrefix(selector, "@"); ok {
		return d.Digest.String() == digest
	}
	return sameName(selector, entry) || selector == d.Annotations[refNameKey]
}

// sameName compares names as an engine would: "alpine:3.19" is
// "docker.io/library/alpine:3.19", and "alpine" is "alpine:latest". A selector
// without a slash may also be the tag alone.
func sameName(selector, entry string) bool {
	if selector == entry {
		return true
	}
	if entry == "" {
		return false
	}
	e, err := name.ParseReference(entry, name.WeakValidation)
	if err != nil {
		return false
	}
	if !strings.ContainsAny(selector, ":/@") && e.Identifier() == selector {
		return true
	}
	s, err := name.ParseReference(selector, name.WeakValidation)
	return err == nil && s.Name() == e.Name()
}

// canonicalName returns "index.docker.io/library/alpine:3.19", or empty where
// the entry's name is a tag alone or no name at all.
func canonicalName(entry string) string {
	if !strings.ContainsAny(entry, ":/") {
		return ""
	}
	ref, err := name.ParseReference(entry, name.WeakValidation)
	if err != nil {
		return ""
	}
	return ref.Name()
}

// firstOf returns the first name that isn't empty.
func firstOf(names ...string) string {
	for _, n := range names {
		if n != "" {
			return n
		}
	}
	return ""
}
