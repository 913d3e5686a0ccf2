package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Names of the OCI image layout (image-spec, image-layout.md).
const (
	layoutIndex  = "index.json"
	layoutMarker = "oci-layout"
)

// layout gives the files of an OCI layout by their slash-separated names.
type layout interface {
	open(ctx context.Context, name string) (io.ReadCloser, error)
}

type layoutDir string

func (d layoutDir) open(_ context.Context, name string) (io.ReadCloser, error) {
	f, err := os.Open(filepath.Join(string(d), filepath.FromSlash(name)))
	if errors.Is(err, os.ErrNotExist) && name == layoutIndex {
		return nil, fmt.Errorf("%w: the folder is no OCI layout, it has no %s", ErrNotDatabase, layoutIndex)
	}
	if err != nil {
		return nil, damaged(err)
	}
	return f, nil
}

// layoutTar reads the tar from its start for each file: there are three.
type layoutTar struct {
	s    *Store
	path string
}

func (l *layoutTar) open(ctx context.Context, name string) (io.ReadCloser, error) {
	f, err := os.Open(l.path)
	if err != nil {
		return nil, err
	}
	a, err := openArchive(ctx, f, l.s.limits)
	if err != nil {
		f.Close()
		return nil, err
	}
	for {
		_, entry, err := a.next()
		if err == nil && entry != name {
			continue
		}
		if errors.Is(err, io.EOF) {
			err = damaged(fmt.Errorf("layout has no %s", name))
		}
		if err != nil {
			a.close()
			f.Close()
			return nil, err
		}
		return &tarEntry{Reader: a, close: func() error { a.close(); return f.Close() }}, nil
	}
}

type tarEntry struct {
	io.Reader
	close func() error
}

func (t *tarEntry) Close() error { return t.close() }

// unpackLayout finds the one trivy-db artifact of a layout, unpacks its layer
// and returns the layer's digest.
func (s *Store) unpackLayout(ctx context.Context, l layout, k kind, dir string, done func(int64)) (string, error) {
	index, err := s.readSmall(ctx, l, layoutIndex)
	if err != nil {
		return "", err
	}
	digests, err := parseLayoutIndex(index)
	if err != nil {
		return "", err
	}
	why := fmt.Errorf("%w: the OCI layout holds no trivy-db artifact", ErrNotDatabase)
	for _, d := range digests {
		b, err := s.readSmall(ctx, l, blobName(d))
		if err != nil {
			return "", err
		}
		if got := sha256.Sum256(b); "sha256:"+hex.EncodeToString(got[:]) != d {
			return "", damaged(fmt.Errorf("manifest %s does not have its digest", d))
		}
		m, err := parseArtifact(b)
		if err != nil {
			why = err
			continue
		}
		return m.digest, s.unpackBlob(ctx, l, m.digest, k, dir, done)
	}
	return "", why
}

func (s *Store) unpackBlob(ctx context.Context, l layout, digest string, k kind, dir string, done func(int64)) error {
	blob, err := l.open(ctx, blobName(digest))
	if err != nil {
		return err
	}
	defer blob.Close()
	sum := sha256.New()
	tee := io.TeeReader(io.LimitReader(blob, s.limits.download), sum)
	unpackErr := s.unpack(ctx, tee, k, dir, done)
	if isLocal(unpackErr) || ctx.Err() != nil {
		return unpackErr
	}
	// The rest, too, belongs to the digest, which explains a damage best.
	if _, err := io.Copy(io.Discard, tee); err != nil {
		return damaged(err)
	}
	if got := "sha256:" + hex.EncodeToString(sum.Sum(nil)); got != digest {
		return damaged(fmt.Errorf("layer has digest %s instead of %s", got, digest))
	}
	return unpackErr
}

func blobName(digest string) string {
	return "blobs/sha256/" + strings.TrimPrefix(digest, "sha256:")
}

func (s *Store) readSmall(ctx context.Context, l layout, name string) ([]byte, error) {
	r, err := l.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := readAtMost(r, s.limits.small)
	if err != nil {
		return nil, damaged(fmt.Errorf("%s: %w", name, err))
	}
	return b, nil
}

// maxManifests is how many manifests of a layout are looked at.
const maxManifests = 100

// parseLayoutIndex returns the digests of the manifests, each once, those
// tagged with the schema first.
func parseLayoutIndex(b []byte) ([]string, error) {
	var index struct {
		Manifests []struct {
			Digest      string            `json:"digest"`
			Annotations map[string]string `json:"annotations"`
		} `json:"manifests"`
	}
	if err := json.Unmarshal(b, &index); err != nil {
		return nil, damaged(fmt.Errorf("%s: %w", layoutIndex, err))
	}
	if len(index.Manifests) > maxManifests {
		return nil, fmt.Errorf("%w: the OCI layout holds %d manifests", ErrNotDatabase, len(index.Manifests))
	}
	var tagged, others []string
	seen := map[string]bool{}
	for _, m := range index.Manifests {
		if !sha256Digest.MatchString(m.Digest) {
			return nil, damaged(fmt.Errorf("%s names the digest %q", layoutIndex, oneLine(m.Digest)))
		}
		if seen[m.Digest] {
			continue
		}
		seen[m.Digest] = true
		if ref := m.Annotations["org.opencontainers.image.ref.name"]; ref == "2" || strings.HasSuffix(ref, ":2") {
			tagged = append(tagged, m.Digest)
		} else {
			others = append(others, m.Digest)
		}
	}
	return append(tagged, others...), nil
}
