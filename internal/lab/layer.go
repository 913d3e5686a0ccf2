package lab

import (
	"archive/tar"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// entry is one file of a layer. Exactly one of content and target is used; a
// folder, whose path ends in a slash, has neither.
type entry struct {
	path    string
	mode    int64
	content string
	target  string
	uid     int
}

func file(path, content string) entry { return entry{path: path, mode: 0o644, content: content} }

func executable(path, content string) entry { return entry{path: path, mode: 0o755, content: content} }

func link(path, target string) entry { return entry{path: path, mode: 0o777, target: target} }

// writeTar writes a layer: entries in the order of their paths, each folder
// before what it holds, all with one time.
func writeTar(entries []entry, modified time.Time) ([]byte, error) {
	sorted := slices.SortedFunc(slices.Values(withFolders(entries)), func(a, b entry) int { return cmp.Compare(a.path, b.path) })
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, e := range sorted {
		h := &tar.Header{Name: e.path, Mode: e.mode, ModTime: modified, Uid: e.uid, Gid: e.uid, Format: tar.FormatPAX}
		switch {
		case e.path[len(e.path)-1] == '/':
			h.Typeflag = tar.TypeDir
		case e.target != "":
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.target
		default:
			h.Typeflag, h.Size = tar.TypeReg, int64(len(e.content))
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("%s: %w", e.path, err)
		}
		if _, err := io.WriteString(w, e.content); err != nil {
			return nil, fmt.Errorf("%s: %w", e.path, err)
		}
	}
	err := w.Close()
	return buf.Bytes(), err
}

// withFolders adds the folders that entries lie in.
func withFolders(entries []entry) []entry {
	known := map[string]bool{"./": true}
	for _, e := range entries {
		known[e.path] = true
	}
	all := slices.Clone(entries)
	for _, e := range entries {
		for dir := path.Dir(path.Clean(e.path)) + "/"; !known[dir]; dir = path.Dir(path.Clean(dir)) + "/" {
			known[dir] = true
			all = append(all, entry{path: dir, mode: 0o755})
		}
	}
	return all
}

// writeLayout writes an image alone into a new OCI layout; what was in the
// folder before is removed.
func writeLayout(dir string, r recipe) error {
	img, err := r.image()
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	p, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	return p.AppendImage(img,
		layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": r.name}),
		layout.WithPlatform(v1.Platform{OS: "linux", Architecture: "amd64"}))
}

func (r recipe) image() (v1.Image, error) {
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.ConfigFile(img, &v1.ConfigFile{
		OS: "linux", Architecture: "amd64", Created: v1.Time{Time: r.created}, Config: r.config,
		RootFS: v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{}},
	})
	if err != nil {
		return nil, err
	}
	var adds []mutate.Addendum
	for _, s := range r.steps {
		a := mutate.Addendum{History: v1.History{
			Created: v1.Time{Time: s.created}, CreatedBy: s.by, Comment: s.comment, EmptyLayer: s.layer == nil,
		}}
		if s.layer != nil {
			if a.Layer, err = s.compress(); err != nil {
				return nil, fmt.Errorf("layer of %.60q: %w", s.by, err)
			}
		}
		adds = append(adds, a)
	}
	return mutate.Append(img, adds...)
}

func (s step) compress() (v1.Layer, error) {
	entries, err := s.layer()
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, errors.New("no files")
	}
	b, err := writeTar(entries, s.created)
	if err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil },
		tarball.WithMediaType(types.OCILayer))
}
