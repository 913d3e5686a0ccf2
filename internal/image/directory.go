package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// directoryFiles are the files of what skopeo and Podman call dir: a folder
// with the manifest or index in manifest.json, the manifests of an index in
// HEX.manifest.json, and every blob under its digest's hexadecimal digits
// (github.com/containers/image, docs/containers-transports.5.md). They are seen
// here as those of an OCI layout.
type directoryFiles struct {
	files
	root v1.Hash
}

// at returns where a layout's file is kept.
func (d directoryFiles) at(name string) string {
	algorithm, digits, ok := strings.Cut(strings.TrimPrefix(name, "blobs/"), "/")
	switch {
	case !ok:
		return name
	case d.root == v1.Hash{Algorithm: algorithm, Hex: digits}:
		return "manifest.json"
	case hasFile(d.files, digits+".manifest.json"):
		return digits + ".manifest.json"
	}
	return digits
}

func (d directoryFiles) small(name string, limit int64) ([]byte, error) {
	return d.files.small(d.at(name), limit)
}

func (d directoryFiles) stat(name string) (int64, error) { return d.files.stat(d.at(name)) }

func (d directoryFiles) opener(name string) opener { return d.files.opener(d.at(name)) }

// isDirectory tells a dir's manifest.json, an object, from docker save's, a list.
func isDirectory(f files) bool {
	raw, err := f.small("manifest.json", maxManifest)
	return err == nil && bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{"))
}

// directoryImages resolves a dir.
func (o *opening) directoryImages(ctx context.Context, src archiveSource, f files) ([]*Image, error) {
	raw, err := f.small("manifest.json", maxManifest)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	root := v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
	if src.selector != "" && src.selector != "@"+root.String() {
		return nil, fmt.Errorf("%w: %q is not in the folder, which holds one image without a name, @%s", ErrNoTag, printable(src.selector), root)
	}
	o.template.Source = Directory
	r := resolver{content: layoutContent{directoryFiles{f, root}}, choice: o.choice, template: o.template}
	return r.resolve(ctx, v1.Descriptor{Digest: root, Size: int64(len(raw))})
}
