package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	refName = "org.opencontainers.image.ref.name"
	// The media type that CycloneDX registered (https://www.iana.org/assignments/media-types/application/vnd.cyclonedx+json).
	sbomType = "application/vnd.cyclonedx+json"
	// What a manifest without a configuration names instead (image-spec 1.1,
	// manifest.md, "Guidance for an Empty Descriptor").
	emptyType types.MediaType = "application/vnd.oci.empty.v1+json"
)

// write builds the images, writes the layout to dir and attaches the SBOMs. It
// returns the digest of the index. What was in dir is replaced when all is done,
// and only where it is a layout.
func write(ctx context.Context, r recipe, dir string) (v1.Hash, error) {
	if err := replaceable(dir); err != nil {
		return v1.Hash{}, err
	}
	index, images, err := r.index()
	if err != nil {
		return v1.Hash{}, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return v1.Hash{}, err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), ".image-")
	if err != nil {
		return v1.Hash{}, err
	}
	defer os.RemoveAll(work)
	made := filepath.Join(work, "layout")
	path, err := layout.Write(made, empty.Index)
	if err != nil {
		return v1.Hash{}, err
	}
	if err := path.AppendIndex(index, layout.WithAnnotations(map[string]string{refName: r.Tag})); err != nil {
		return v1.Hash{}, err
	}
	for i, img := range images {
		if err := ctx.Err(); err != nil {
			return v1.Hash{}, err
		}
		if err := attachSBOM(ctx, r, path, made, img, r.Programs[i].Platform); err != nil {
			return v1.Hash{}, fmt.Errorf("attach the SBOM of %s: %w", r.Programs[i].Platform.String(), err)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return v1.Hash{}, err
	}
	if err := os.Rename(made, dir); err != nil {
		return v1.Hash{}, err
	}
	return index.Digest()
}

// replaceable refuses a folder that holds something else than a layout.
func replaceable(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case os.IsNotExist(err) || err == nil && len(entries) == 0:
		return nil
	case err != nil:
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "oci-layout")); err != nil {
		return fmt.Errorf("%s is there and is no OCI layout: name another folder, or remove it", dir)
	}
	return nil
}

// attachSBOM writes the SBOM as an artifact whose subject is the image (image-spec
// 1.1, manifest.md), which is how a registry finds it as a referrer. The manifest is
// listed in index.json, since a layout has no other list of what it holds.
func attachSBOM(ctx context.Context, r recipe, path layout.Path, dir string, img v1.Image, p v1.Platform) error {
	document, err := sbom(ctx, r, dir, p)
	if err != nil {
		return err
	}
	manifest, err := img.Manifest()
	if err != nil {
		return err
	}
	digest, err := img.Digest()
	if err != nil {
		return err
	}
	size, err := img.Size()
	if err != nil {
		return err
	}
	none, err := putBlob(path, emptyType, []byte("{}"))
	if err != nil {
		return err
	}
	none.Data = []byte("{}")
	content, err := putBlob(path, sbomType, document)
	if err != nil {
		return err
	}
	content.Annotations = map[string]string{"org.opencontainers.image.title": "plimsoll-" + p.OS + "-" + p.Architecture + ".cdx.json"}
	annotations := map[string]string{"org.opencontainers.image.created": r.Time.Format(time.RFC3339)}
	raw, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: sbomType,
		Config: none, Layers: []v1.Descriptor{content}, Annotations: annotations,
		Subject: &v1.Descriptor{MediaType: manifest.MediaType, Digest: digest, Size: size},
	})
	if err != nil {
		return err
	}
	artifact, err := putBlob(path, types.OCIManifestSchema1, raw)
	if err != nil {
		return err
	}
	artifact.ArtifactType, artifact.Annotations = sbomType, annotations
	return path.AppendDescriptor(artifact)
}

func putBlob(path layout.Path, kind types.MediaType, content []byte) (v1.Descriptor, error) {
	digest, size, err := v1.SHA256(bytes.NewReader(content))
	if err != nil {
		return v1.Descriptor{}, err
	}
	if err := path.WriteBlob(digest, io.NopCloser(bytes.NewReader(content))); err != nil {
		return v1.Descriptor{}, err
	}
	return v1.Descriptor{MediaType: kind, Digest: digest, Size: size}, nil
}

// writeArchive writes a layout's files as one tar, in order and with one time.
func writeArchive(name, dir string, modified time.Time) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	w := tar.NewWriter(f)
	root := os.DirFS(dir)
	err = fs.WalkDir(root, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		h := &tar.Header{Format: tar.FormatUSTAR, Typeflag: tar.TypeReg, Name: path, Mode: 0o644, Size: int64(len(content)), ModTime: modified}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return w.Close()
}
