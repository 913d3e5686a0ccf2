package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/klauspost/compress/zstd"
)

// file is one file of a made-up layer or archive.
type file struct {
	name, content string
	link          string
	typeflag      byte
}

func tarOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.content)), Linkname: f.link, Typeflag: f.typeflag}
		if f.typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		must(t, w.WriteHeader(h))
		_, err := w.Write([]byte(f.content))
		must(t, err)
	}
	must(t, w.Close())
	return buf.Bytes()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	_, err := w.Write(b)
	must(t, err)
	must(t, w.Close())
	return buf.Bytes()
}

func zstded(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	must(t, err)
	defer w.Close()
	return w.EncodeAll(b, nil)
}

func plain(_ testing.TB, b []byte) []byte { return b }

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func hexOf(b []byte) string { return strings.TrimPrefix(digestOf(b), "sha256:") }

// logical is an image before it is put into any form.
type logical struct {
	platform Platform
	layers   [][]byte
	config   []byte
}

// sample has a layer twice, as real images do, and an empty one.
func sample(t testing.TB, p Platform) logical {
	t.Helper()
	big := strings.Repeat("all work and no play makes jack a dull boy\n", 30_000)
	one := tarOf(t, file{name: "etc/os-release", content: "ID=debian\n"}, file{name: "usr/share/big", content: big})
	two := tarOf(t, file{name: "app/" + p.Architecture, content: "binary for " + p.String()})
	three := tarOf(t, file{name: "app/.wh.gone"})
	empty := make([]byte, 1024)
	return newLogical(t, p, one, two, three, two, empty)
}

func newLogical(t testing.TB, p Platform, layers ...[]byte) logical {
	t.Helper()
	var ids []string
	history := []map[string]any{{"created_by": "ENV A=B", "empty_layer": true}}
	for i, l := range layers {
		ids = append(ids, digestOf(l))
		history = append(history, map[string]any{"created_by": fmt.Sprintf("RUN step %d", i)})
	}
	config := map[string]any{
		"architecture": p.Architecture, "os": p.OS, "config": map[string]any{"Env": []string{"A=B"}, "User": "root"},
		"rootfs": map[string]any{"type": "layers", "diff_ids": ids}, "history": history,
	}
	if p.Variant != "" {
		config["variant"] = p.Variant
	}
	return logical{platform: p, layers: layers, config: marshal(t, config)}
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	must(t, err)
	return raw
}

// blobs are an image's OCI blobs by digest.
type blobs map[string][]byte

func (b blobs) add(raw []byte) string {
	b[digestOf(raw)] = raw
	return digestOf(raw)
}

const (
	ociManifest = "application/vnd.oci.image.manifest.v1+json"
	ociIndex    = "application/vnd.oci.image.index.v1+json"
	ociConfig   = "application/vnd.oci.image.config.v1+json"
	ociLayer    = "application/vnd.oci.image.layer.v1.tar"
)

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    *Platform         `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	URLs        []string          `json:"urls,omitempty"`
}

func (b blobs) describe(mediaType string, raw []byte) descriptor {
	return descriptor{MediaType: mediaType, Digest: b.add(raw), Size: len(raw)}
}

// manifest adds a logical image and returns its descriptor.
func (b blobs) manifest(t testing.TB, l logical, suffix string, compress func(testing.TB, []byte) []byte) descriptor {
	t.Helper()
	var layers []descriptor
	for _, raw := range l.layers {
		layers = append(layers, b.describe(ociLayer+suffix, compress(t, raw)))
	}
	raw := marshal(t, map[string]any{
		"schemaVersion": 2, "mediaType": ociManifest, "config": b.describe(ociConfig, l.config), "layers": layers,
	})
	d := b.describe(ociManifest, raw)
	if l.platform.OS != "" {
		d.Platform = &l.platform
	}
	return d
}

func (b blobs) index(t testing.TB, entries ...descriptor) descriptor {
	t.Helper()
	return b.describe(ociIndex, indexJSON(t, entries...))
}

func indexJSON(t testing.TB, entries ...descriptor) []byte {
	t.Helper()
	return marshal(t, map[string]any{"schemaVersion": 2, "mediaType": ociIndex, "manifests": entries})
}

// attestation is what BuildKit puts beside an image.
func (b blobs) attestation(t testing.TB, of descriptor) descriptor {
	t.Helper()
	raw := marshal(t, map[string]any{
		"schemaVersion": 2, "mediaType": ociManifest,
		"config": b.describe(ociConfig, []byte(`{"architecture":"unknown","os":"unknown","rootfs":{"type":"layers","diff_ids":[]}}`)),
		"layers": []descriptor{b.describe("application/vnd.in-toto+json", []byte(`{"predicate":{}}`))},
	})
	d := b.describe(ociManifest, raw)
	d.Platform = &Platform{OS: "unknown", Architecture: "unknown"}
	d.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": of.Digest}
	return d
}

func withName(d descriptor, full string) descriptor {
	d.Annotations = map[string]string{"org.opencontainers.image.ref.name": full}
	return d
}

// layoutFiles are the files of an OCI layout.
func layoutFiles(t testing.TB, b blobs, entries ...descriptor) []file {
	t.Helper()
	files := []file{{name: "oci-layout", content: `{"imageLayoutVersion":"1.0.0"}`}}
	for _, digest := range slices.Sorted(maps.Keys(b)) {
		files = append(files, file{name: "blobs/sha256/" + strings.TrimPrefix(digest, "sha256:"), content: string(b[digest])})
	}
	return append(files, file{name: "index.json", content: string(indexJSON(t, entries...))})
}

// oldSave is docker save before version 25: a repeated layer is a link.
func oldSave(t testing.TB, l logical, tag string) []file {
	t.Helper()
	var files []file
	var paths []string
	first := map[string]string{}
	for i, raw := range l.layers {
		id := hexOf(fmt.Append(raw, i))
		path := id + "/layer.tar"
		paths = append(paths, path)
		files = append(files, file{name: id + "/", typeflag: tar.TypeDir}, file{name: id + "/VERSION", content: "1.0"}, file{name: id + "/json", content: `{"id":"` + id + `"}`})
		if at, ok := first[digestOf(raw)]; ok {
			files = append(files, file{name: path, link: "../" + at, typeflag: tar.TypeSymlink})
			continue
		}
		first[digestOf(raw)] = path
		files = append(files, file{name: path, content: string(raw)})
	}
	config := hexOf(l.config) + ".json"
	files = append(files, file{name: config, content: string(l.config)})
	manifest := marshal(t, []map[string]any{{"Config": config, "RepoTags": []string{tag}, "Layers": paths}})
	return append(files, file{name: "manifest.json", content: string(manifest)})
}

// newSave is docker save since version 25: an OCI layout with a manifest.json.
func newSave(t testing.TB, l logical, tag string) []file {
	t.Helper()
	b := blobs{}
	d := b.manifest(t, l, "", plain)
	d.Platform = nil
	d.Annotations = map[string]string{"io.containerd.image.name": "docker.io/library/" + tag, "org.opencontainers.image.ref.name": "1"}
	var paths []string
	for _, raw := range l.layers {
		paths = append(paths, "blobs/sha256/"+hexOf(raw))
	}
	manifest := marshal(t, []map[string]any{{"Config": "blobs/sha256/" + hexOf(l.config), "RepoTags": []string{tag}, "Layers": paths}})
	return append(layoutFiles(t, b, d), file{name: "manifest.json", content: string(manifest)})
}

// podmanSave is what Podman and skopeo write: layers named by their digest, and
// links for old readers.
func podmanSave(t testing.TB, l logical, tag string) []file {
	t.Helper()
	var files []file
	var paths []string
	for i, raw := range l.layers {
		path := hexOf(raw) + ".tar"
		if !slices.Contains(paths, path) {
			files = append(files, file{name: path, content: string(raw)})
		}
		paths = append(paths, path)
		files = append(files, file{name: fmt.Sprintf("%s/layer.tar", hexOf(fmt.Append(raw, i))), link: "../" + path, typeflag: tar.TypeSymlink})
	}
	config := hexOf(l.config) + ".json"
	files = append(files, file{name: config, content: string(l.config)})
	manifest := marshal(t, []map[string]any{{"Config": config, "RepoTags": []string{tag}, "Layers": paths}})
	return append(files, file{name: "manifest.json", content: string(manifest)})
}

// gzipSave is how other builders write the form: gzip layers, a "sha256:" configuration.
func gzipSave(t testing.TB, l logical, tag string) []file {
	t.Helper()
	var files []file
	var paths []string
	for _, raw := range l.layers {
		z := gzipped(t, raw)
		path := hexOf(z) + ".tar.gz"
		paths = append(paths, path)
		files = append(files, file{name: path, content: string(z)})
	}
	config := digestOf(l.config)
	files = append(files, file{name: config, content: string(l.config)})
	manifest := marshal(t, []map[string]any{{"Config": config, "RepoTags": []string{tag}, "Layers": paths}})
	return append([]file{{name: "./manifest.json", content: string(manifest)}}, files...)
}

func writeFile(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, content, 0o600))
	return path
}

func writeFolder(t testing.TB, files []file) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "layout")
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.name))
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		switch f.typeflag {
		case tar.TypeDir:
		case tar.TypeSymlink:
			must(t, os.Symlink(f.link, path))
		default:
			must(t, os.WriteFile(path, []byte(f.content), 0o600))
		}
	}
	return dir
}

// testRegistry is an in-process registry that can be made to misbehave.
type testRegistry struct {
	*httptest.Server
	mu   sync.Mutex
	wrap func(w http.ResponseWriter, r *http.Request, next http.Handler)
	// log lists the requests.
	log []string
}

func newRegistry(t testing.TB) *testRegistry {
	t.Helper()
	reg := &testRegistry{}
	inner := registry.New(registry.Logger(quiet()))
	reg.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reg.mu.Lock()
		wrap := reg.wrap
		reg.log = append(reg.log, r.Method+" "+r.URL.Path)
		reg.mu.Unlock()
		if wrap == nil {
			inner.ServeHTTP(w, r)
			return
		}
		wrap(w, r, inner)
	}))
	t.Cleanup(reg.Close)
	return reg
}

func (reg *testRegistry) host() string { return strings.TrimPrefix(reg.URL, "http://") }

func (reg *testRegistry) misbehave(wrap func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	reg.wrap = wrap
}

func (reg *testRegistry) requests(part string) int {
	reg.mu.Lock()
	defer reg.mu.Unlock()
	n := 0
	for _, line := range reg.log {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}

// push stores blobs and, under a tag, one manifest.
func (reg *testRegistry) push(t testing.TB, repo, tag string, b blobs, root descriptor) {
	t.Helper()
	put := func(url, contentType string, raw []byte) {
		req, err := http.NewRequest(http.MethodPut, url, bytes.NewReader(raw))
		must(t, err)
		req.Header.Set("Content-Type", contentType)
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		defer resp.Body.Close()
		if resp.StatusCode >= 300 {
			body, _ := io.ReadAll(resp.Body)
			t.Fatalf("PUT %s: %s: %s", url, resp.Status, body)
		}
	}
	base := reg.URL + "/v2/" + repo
	for digest, raw := range b {
		resp, err := http.Post(base+"/blobs/uploads/?digest="+digest, "application/octet-stream", bytes.NewReader(raw))
		must(t, err)
		resp.Body.Close()
		var doc struct{ MediaType string }
		if json.Unmarshal(raw, &doc) == nil && doc.MediaType == ociManifest {
			put(base+"/manifests/"+digest, doc.MediaType, raw)
		}
	}
	for _, at := range []string{root.Digest, tag} {
		put(base+"/manifests/"+at, root.MediaType, b[root.Digest])
	}
}

// collector stands for the one pass: it keeps uncompressed layers by diff ID.
type collector struct {
	t      testing.TB
	layers map[string][]byte
	hints  []string
}

func newCollector(t testing.TB) *collector { return &collector{t: t, layers: map[string][]byte{}} }

func (c *collector) streamed(_ context.Context, b StreamedBlob) error {
	stored, err := io.ReadAll(b.Reader)
	if err != nil {
		return err
	}
	if int64(len(stored)) != b.Size {
		return fmt.Errorf("%s: %d bytes, %d announced", b.Name, len(stored), b.Size)
	}
	if b.Digest != "" && b.Digest != digestOf(stored) {
		return DigestMismatch(b.Digest, digestOf(stored))
	}
	c.hints = append(c.hints, b.Digest)
	raw := uncompressed(c.t, stored)
	c.layers[digestOf(raw)] = raw
	return nil
}

func uncompressed(t testing.TB, stored []byte) []byte {
	t.Helper()
	switch {
	case isGzip(stored):
		r, err := gzip.NewReader(bytes.NewReader(stored))
		must(t, err)
		raw, err := io.ReadAll(r)
		must(t, err)
		return raw
	case isZstd(stored):
		r, err := zstd.NewReader(nil)
		must(t, err)
		defer r.Close()
		raw, err := r.DecodeAll(stored, nil)
		must(t, err)
		return raw
	}
	return stored
}

// contents reads all layers, concurrently, from where they can be had.
func (c *collector) contents(img *Image) ([][]byte, error) {
	result := make([][]byte, len(img.Layers))
	errs := make([]error, len(img.Layers))
	var wg sync.WaitGroup
	for i, l := range img.Layers {
		if raw, ok := c.layers[l.DiffID]; ok && l.open == nil {
			result[i] = raw
			continue
		}
		wg.Go(func() {
			r, err := l.Open(context.Background())
			if err != nil {
				errs[i] = err
				return
			}
			defer r.Close()
			stored, err := io.ReadAll(r)
			if err != nil {
				errs[i] = err
				return
			}
			if l.Size >= 0 && int64(len(stored)) != l.Size {
				errs[i] = fmt.Errorf("layer %d: %d bytes, %d announced", i, len(stored), l.Size)
			}
			result[i] = uncompressed(c.t, stored)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return result, nil
}

// noEnv is an environment in which nothing is configured.
func noEnv(string) string { return "" }

func env(pairs map[string]string) func(string) string {
	return func(key string) string { return pairs[key] }
}
