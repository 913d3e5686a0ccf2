package image

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// given is one form of an image: how to name it, and what its source is called.
type given struct {
	ref  string
	opts Options
	// streamed is set where the layers must have been handed over.
	streamed bool
	kind     SourceKind
}

// TestSameImageInEveryForm claims that configuration and layers are the same
// whatever form an image is given in.
func TestSameImageInEveryForm(t *testing.T) {
	want := sample(t, hostPlatform())
	for name, form := range everyForm(want) {
		t.Run(name, func(t *testing.T) {
			g := form(t)
			c := newCollector(t)
			g.opts.Streamed = c.streamed
			if g.opts.Getenv == nil {
				g.opts.Getenv = noEnv
			}
			set, err := Open(t.Context(), g.ref, g.opts)
			must(t, err)
			defer set.Close()
			if len(set.Images) != 1 {
				t.Fatalf("%d images, want 1", len(set.Images))
			}
			img := set.Images[0]
			checkImage(t, c, img, want)
			if img.Source != g.kind {
				t.Errorf("source %q, want %q", img.Source, g.kind)
			}
			if streamed := len(c.hints) > 0; streamed != g.streamed {
				t.Errorf("streamed: %v, want %v", streamed, g.streamed)
			}
			if _, err := img.Layers[0].Open(t.Context()); g.streamed != (err == ErrStreamed) {
				t.Errorf("open a layer: %v", err)
			}
			if img.Reference != g.ref || img.Via == "" || img.Platform != want.platform {
				t.Errorf("reference %q via %q for %s", img.Reference, img.Via, img.Platform)
			}
		})
	}
}

func checkImage(t *testing.T, c *collector, img *Image, want logical) {
	t.Helper()
	var config v1.ConfigFile
	parsed, err := v1.ParseConfigFile(bytes.NewReader(want.config))
	must(t, err)
	config = *parsed
	if diff := cmp.Diff(config, img.Config); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if img.ConfigDigest != digestOf(want.config) {
		t.Errorf("configuration digest %s", img.ConfigDigest)
	}
	got, err := c.contents(img)
	must(t, err)
	if len(got) != len(want.layers) {
		t.Fatalf("%d layers, want %d", len(got), len(want.layers))
	}
	for i := range got {
		if !bytes.Equal(got[i], want.layers[i]) {
			t.Errorf("layer %d differs: %d bytes, want %d", i, len(got[i]), len(want.layers[i]))
		}
		if img.Layers[i].DiffID != digestOf(want.layers[i]) {
			t.Errorf("layer %d has diff ID %s", i, img.Layers[i].DiffID)
		}
	}
}

// everyForm makes each form of the image; a new form is one more line here.
func everyForm(l logical) map[string]func(t *testing.T) given {
	const tag = "sample:1"
	forms := map[string]func(t *testing.T) given{
		"registry, gzip layers":  func(t *testing.T) given { return inRegistry(t, l, "+gzip", gzipped) },
		"registry, zstd layers":  func(t *testing.T) given { return inRegistry(t, l, "+zstd", zstded) },
		"registry, plain layers": func(t *testing.T) given { return inRegistry(t, l, "", plain) },
		"docker engine":          func(t *testing.T) given { return inEngine(t, "docker:", tag, oldSave(t, l, tag)) },
		"docker engine, new":     func(t *testing.T) given { return inEngine(t, "docker:", tag, newSave(t, l, tag)) },
		"podman engine":          func(t *testing.T) given { return inEngine(t, "podman:", tag, podmanSave(t, l, tag)) },
		"plain name":             func(t *testing.T) given { return inEngine(t, "", tag, newSave(t, l, tag)) },
	}
	archives := map[string]struct {
		files func(t *testing.T) []file
		kind  SourceKind
		// folder is the kind of the unpacked archive.
		folder SourceKind
	}{
		"docker save, old":         {func(t *testing.T) []file { return oldSave(t, l, tag) }, DockerArchive, DockerArchive},
		"docker save, new":         {func(t *testing.T) []file { return newSave(t, l, tag) }, DockerArchive, DockerArchive},
		"podman save":              {func(t *testing.T) []file { return podmanSave(t, l, tag) }, DockerArchive, DockerArchive},
		"docker save, gzip layers": {func(t *testing.T) []file { return gzipSave(t, l, tag) }, DockerArchive, DockerArchive},
		"skopeo dir, gzip layers":  {func(t *testing.T) []file { return directoryOf(t, l, "+gzip", gzipped) }, Directory, Directory},
		"skopeo dir, plain layers": {func(t *testing.T) []file { return directoryOf(t, l, "", plain) }, Directory, Directory},
		"OCI, gzip layers":         {func(t *testing.T) []file { return ociFiles(t, l, "+gzip", gzipped) }, OCIArchive, OCILayout},
		"OCI, zstd layers":         {func(t *testing.T) []file { return ociFiles(t, l, "+zstd", zstded) }, OCIArchive, OCILayout},
		"OCI, plain layers":        {func(t *testing.T) []file { return ociFiles(t, l, "", plain) }, OCIArchive, OCILayout},
	}
	for name, a := range archives {
		forms[name+", folder"] = func(t *testing.T) given {
			return given{ref: writeFolder(t, a.files(t)), kind: a.folder}
		}
		forms[name+", tar"] = func(t *testing.T) given {
			return given{ref: writeFile(t, "a.tar", tarOf(t, a.files(t)...)), kind: a.kind}
		}
		forms[name+", tar.gz"] = func(t *testing.T) given {
			return given{ref: writeFile(t, "a.tar.gz", gzipped(t, tarOf(t, a.files(t)...))), kind: a.kind, streamed: true}
		}
		forms[name+", tar.zst"] = func(t *testing.T) given {
			return given{ref: writeFile(t, "a.tar.zst", zstded(t, tarOf(t, a.files(t)...))), kind: a.kind, streamed: true}
		}
		forms[name+", in a folder, tar"] = func(t *testing.T) given {
			return given{ref: writeFile(t, "a.tar", tarOf(t, inFolder(a.files(t))...)), kind: a.kind}
		}
		forms[name+", in a folder, tar.gz"] = func(t *testing.T) given {
			return given{ref: writeFile(t, "a.tgz", gzipped(t, tarOf(t, inFolder(a.files(t))...))), kind: a.kind, streamed: true}
		}
		forms[name+", piped"] = func(t *testing.T) given {
			return given{ref: "-", opts: Options{Stdin: piped(t, tarOf(t, a.files(t)...))}, kind: a.kind, streamed: true}
		}
		forms[name+", gzip piped"] = func(t *testing.T) given {
			return given{ref: "-", opts: Options{Stdin: piped(t, gzipped(t, tarOf(t, a.files(t)...)))}, kind: a.kind, streamed: true}
		}
		forms[name+", redirected"] = func(t *testing.T) given {
			f, err := os.Open(writeFile(t, "a", tarOf(t, a.files(t)...)))
			must(t, err)
			t.Cleanup(func() { f.Close() })
			return given{ref: "-", opts: Options{Stdin: f}, kind: a.kind}
		}
	}
	return forms
}

func ociFiles(t *testing.T, l logical, suffix string, compress func(testing.TB, []byte) []byte) []file {
	b := blobs{}
	return layoutFiles(t, b, b.manifest(t, l, suffix, compress))
}

// directoryOf is the image as "skopeo copy … dir:" writes it.
func directoryOf(t *testing.T, l logical, suffix string, compress func(testing.TB, []byte) []byte) []file {
	b := blobs{}
	root := b.manifest(t, l, suffix, compress)
	files := []file{{name: "version", content: "Directory Transport Version: 1.1\n"}}
	for digest, raw := range b {
		name := strings.TrimPrefix(digest, "sha256:")
		if digest == root.Digest {
			name = "manifest.json"
		}
		files = append(files, file{name: name, content: string(raw)})
	}
	return files
}

func inRegistry(t *testing.T, l logical, suffix string, compress func(testing.TB, []byte) []byte) given {
	reg := newRegistry(t)
	b := blobs{}
	reg.push(t, "team/sample", "1", b, b.manifest(t, l, suffix, compress))
	return given{ref: reg.host() + "/team/sample:1", kind: Registry}
}

func inEngine(t *testing.T, prefix, name string, archive []file) given {
	g := given{ref: prefix + name, streamed: true, kind: DockerEngine}
	variable := "DOCKER_HOST"
	if prefix == "podman:" {
		variable, g.kind = "CONTAINER_HOST", PodmanEngine
	}
	socket := serveEngine(t, map[string][]byte{name: tarOf(t, archive...)})
	g.opts.Getenv = env(map[string]string{variable: "unix://" + socket})
	return g
}

// serveEngine is an engine that holds archives by name.
func serveEngine(t *testing.T, images map[string][]byte) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "engine")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	must(t, err)
	server := httptest.NewUnstartedServer(engineHandler(images))
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return socket
}

func engineHandler(images map[string][]byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/_ping" {
			w.Header().Set("Api-Version", "1.47")
			return
		}
		name := strings.TrimPrefix(r.URL.Path, "/images/")
		name, inspect := strings.CutSuffix(name, "/json")
		name = strings.TrimSuffix(name, "/get")
		archive, ok := images[name]
		switch {
		case !ok:
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"message":"No such image: `+name+`"}`)
		case inspect:
			_, _ = io.WriteString(w, `{"Id":"sha256:0","Os":"linux","Architecture":"`+hostPlatform().Architecture+`"}`)
		default:
			_, _ = w.Write(archive)
		}
	})
}

// inFolder is an archive that was packed from outside its folder.
func inFolder(files []file) []file {
	var out []file
	for _, f := range files {
		f.name = "image/" + strings.TrimPrefix(f.name, "./")
		out = append(out, f)
	}
	return out
}

// piped is a reader that can't be read twice.
func piped(t *testing.T, raw []byte) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, err := w.Write(raw)
		w.CloseWithError(err)
	}()
	t.Cleanup(func() { r.Close() })
	return r
}

func TestLayersAreClosedWithTheSet(t *testing.T) {
	set, err := Open(t.Context(), writeFile(t, "a.tar", tarOf(t, oldSave(t, sample(t, hostPlatform()), "a:1")...)), Options{Getenv: noEnv})
	must(t, err)
	must(t, set.Close())
	must(t, set.Close())
	r, err := set.Images[0].Layers[0].Open(context.Background())
	if err == nil {
		_, err = io.ReadAll(r)
	}
	if err == nil {
		t.Error("a layer was read after Close")
	}
}
