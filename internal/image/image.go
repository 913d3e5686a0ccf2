// Package image owns where images come from: it turns what a user wrote (a
// registry reference, an engine's image name, an archive, a layout, standard
// input) into Images, each of one platform, whose layers can be read as
// streams. Call Open, read the layers, Close the Set.
//
// It never looks inside a layer, never writes to disk, and never holds a layer
// in memory. Sources that can be read only once (a pipe, an engine's export, an
// archive compressed as a whole) hand their layers to Options.Streamed while
// they are opened.
//
// Manifests and configurations are verified against their digests here; layers
// are verified by whoever reads them. Every failure says which it was through
// the sentinel errors in errors.go.
//
// The way in: reference.go parses the argument, open.go picks a source
// (registry.go, engine.go, archive.go), and resolve.go turns the manifests of
// any source into Images.
package image

import (
	"context"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Image is one image for one platform.
type Image struct {
	// Reference is what the user wrote.
	Reference string
	// Name is the canonical name: "index.docker.io/library/python:3.8-slim",
	// or the name that an archive gives; empty where none is known.
	Name string
	// Source is the kind of source it was read from.
	Source SourceKind
	// Via says the same for people: "docker engine at unix:///var/run/docker.sock".
	Via string
	// Digest is the manifest's digest; empty where the source keeps none (docker
	// save, and an engine that makes a manifest up for an export).
	Digest string
	// IndexDigest is that of the index the manifest was chosen from; empty without one.
	IndexDigest string
	// ConfigDigest is the digest of the configuration, Docker's image ID.
	ConfigDigest string
	Platform     Platform
	// Platforms are all that the reference offers, attestations left out.
	Platforms []Platform
	// Notes are choices made for the user, to be said aloud: which source a
	// plain name was found in, which platform was taken out of which.
	Notes []string
	// Annotations are the manifest's, and those of the index above it where the
	// manifest says nothing.
	Annotations map[string]string
	// Attestations are the provenance statements about this image; read where
	// Options.Attestations asks for them.
	Attestations []Attestation
	Config       v1.ConfigFile
	// Layers, base first, as many as Config.RootFS.DiffIDs.
	Layers []Layer
}

// SourceKind is a kind of image source.
type SourceKind string

const (
	Registry      SourceKind = "registry"
	DockerEngine  SourceKind = "docker"
	PodmanEngine  SourceKind = "podman"
	DockerArchive SourceKind = "docker-archive"
	OCILayout     SourceKind = "oci-layout"
	OCIArchive    SourceKind = "oci-archive"
	// Directory is what skopeo and Podman call dir.
	Directory SourceKind = "dir"
)

// Platform is os/architecture[/variant].
type Platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant,omitempty"`
}

// String returns "linux/arm64/v8".
func (p Platform) String() string {
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// Layer is one layer of an image.
type Layer struct {
	// DiffID is the digest of the uncompressed tar that the configuration claims.
	DiffID string
	// Digest is that of the blob as stored; empty where the source keeps none.
	Digest string
	// Size is the blob's length as stored; -1 where unknown.
	Size int64
	// MediaType may be empty; the compression is told from the bytes.
	MediaType string

	open func(context.Context) (io.ReadCloser, error)
}

// Open returns the blob as stored (compressed or not). The reader reports a
// break in the middle as an error that names the blob and the offset; it
// resumes by itself where the source can. The digest is not verified here: the
// one pass does, since it reads every byte anyway.
//
// A layer that was handed to Options.Streamed while the source was opened
// can't be opened again: ErrStreamed.
func (l Layer) Open(ctx context.Context) (io.ReadCloser, error) {
	if l.open == nil {
		return nil, ErrStreamed
	}
	return l.open(ctx)
}
