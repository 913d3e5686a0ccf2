package image

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

func TestPlainName(t *testing.T) {
	reg, l := pushed(t)
	name := reg.host() + "/team/sample:1"
	local := serveEngine(t, map[string][]byte{name: tarOf(t, newSave(t, l, "x:1")...)})
	empty := serveEngine(t, nil)
	for title, c := range map[string]struct {
		env      map[string]string
		platform string
		source   SourceKind
		note     string
	}{
		"docker has it":            {map[string]string{"DOCKER_HOST": "unix://" + local}, "", DockerEngine, "from docker engine at unix://" + local},
		"podman has it":            {map[string]string{"DOCKER_HOST": "unix://" + empty, "CONTAINER_HOST": "unix://" + local}, "", PodmanEngine, "from podman engine"},
		"neither has it":           {map[string]string{"DOCKER_HOST": "unix://" + empty}, "", Registry, "does not hold it"},
		"no engine runs":           {nil, "", Registry, "docker engine is not running"},
		"the socket is dead":       {map[string]string{"DOCKER_HOST": "unix:///nonexistent"}, "", Registry, "unix:///nonexistent is not running"},
		"all platforms are wanted": {map[string]string{"DOCKER_HOST": "unix://" + local}, "all", Registry, "all platforms"},
	} {
		t.Run(title, func(t *testing.T) {
			img, err := read(t, name, Options{Getenv: env(c.env), Platform: c.platform})
			must(t, err)
			if img.Source != c.source {
				t.Errorf("source %s, want %s", img.Source, c.source)
			}
			checkNotes(t, img, c.note)
		})
	}
	t.Run("neither engine nor registry", func(t *testing.T) {
		_, err := read(t, reg.host()+"/nowhere:1", Options{Getenv: env(map[string]string{"DOCKER_HOST": "unix://" + empty})})
		if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "docker engine at unix://"+empty) || !strings.Contains(err.Error(), reg.host()) {
			t.Errorf("got %v", err)
		}
	})
}

func TestEngineErrors(t *testing.T) {
	l := sample(t, hostPlatform())
	socket := serveEngine(t, map[string][]byte{"a:1": tarOf(t, oldSave(t, l, "a:1")...)})
	at := func(host string) Options {
		return Options{Getenv: env(map[string]string{"DOCKER_HOST": host})}
	}
	here := at("unix://" + socket)
	otherPlatform, noStream := here, here
	otherPlatform.Platform = "linux/s390x"
	for title, c := range map[string]struct {
		ref  string
		opts Options
		want error
		says string
	}{
		"no such name":   {"docker:b", here, ErrNotFound, "docker://b"},
		"other platform": {"docker:a:1", otherPlatform, ErrNoPlatform, ""},
		"down":           {"docker:a:1", at("unix:///nonexistent"), ErrEngineDown, "DOCKER_HOST"},
		"no socket":      {"podman:a:1", here, ErrEngineDown, "podman.socket"},
		"named pipe":     {"docker:a:1", at("npipe:////./pipe/docker_engine"), ErrEngineDown, "named pipes are not supported"},
		"ssh":            {"docker:a:1", at("ssh://host"), ErrEngineDown, "over ssh"},
		"nonsense":       {"docker:a:1", at("gopher://host"), ErrEngineDown, "gopher"},
	} {
		t.Run(title, func(t *testing.T) {
			_, err := read(t, c.ref, c.opts)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %v that says %q", err, c.want, c.says)
			}
		})
	}
	t.Run("nobody takes the stream", func(t *testing.T) {
		_, err := Open(t.Context(), "docker:a:1", noStream)
		if !errors.Is(err, ErrNeedsStream) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the export breaks off", func(t *testing.T) {
		raw := tarOf(t, oldSave(t, l, "a:1")...)
		broken := serveEngine(t, map[string][]byte{"a:1": raw[:len(raw)/2]})
		_, err := read(t, "docker:a:1", at("unix://"+broken))
		var damaged *DamagedError
		if !errors.As(err, &damaged) || damaged.Offset < 0 || !strings.HasSuffix(damaged.Blob, "layer.tar") {
			t.Errorf("got %v", err)
		}
	})
}

func TestEngineOverTCP(t *testing.T) {
	l := sample(t, hostPlatform())
	server := httptest.NewServer(engineHandler(map[string][]byte{"a:1": tarOf(t, oldSave(t, l, "a:1")...)}))
	t.Cleanup(server.Close)
	_, err := read(t, "docker:a:1", Options{Getenv: env(map[string]string{"DOCKER_HOST": strings.Replace(server.URL, "http://", "tcp://", 1)})})
	must(t, err)
}

// TestEngineWantsTLS claims that an engine's own words are passed on.
func TestEngineWantsTLS(t *testing.T) {
	server := httptest.NewTLSServer(engineHandler(nil))
	t.Cleanup(server.Close)
	_, err := read(t, "docker:a:1", Options{Getenv: env(map[string]string{"DOCKER_HOST": strings.Replace(server.URL, "https://", "tcp://", 1)})})
	if !errors.Is(err, ErrEngineDown) || !strings.Contains(err.Error(), "HTTPS server") {
		t.Errorf("got %v", err)
	}
}

func TestDockerContext(t *testing.T) {
	socket := serveEngine(t, map[string][]byte{"a:1": tarOf(t, oldSave(t, sample(t, hostPlatform()), "a:1")...)})
	dir := t.TempDir()
	meta := filepath.Join(dir, "contexts", "meta", digest.FromString("mine").Encoded())
	must(t, os.MkdirAll(meta, 0o700))
	must(t, os.WriteFile(filepath.Join(meta, "meta.json"), []byte(`{"Name":"mine","Endpoints":{"docker":{"Host":"unix://`+socket+`"}}}`), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"currentContext":"mine"}`), 0o600))
	for title, pairs := range map[string]map[string]string{
		"current":         {"DOCKER_CONFIG": dir},
		"by variable":     {"DOCKER_CONFIG": dir, "DOCKER_CONTEXT": "mine"},
		"overruled, host": {"DOCKER_CONFIG": dir, "DOCKER_CONTEXT": "other", "DOCKER_HOST": "unix://" + socket},
	} {
		if _, err := read(t, "docker:a:1", Options{Getenv: env(pairs)}); err != nil {
			t.Errorf("%s: %v", title, err)
		}
	}
	_, err := read(t, "docker:a:1", Options{Getenv: env(map[string]string{"DOCKER_CONFIG": dir, "DOCKER_CONTEXT": "other"})})
	if !errors.Is(err, ErrEngineDown) || !strings.Contains(err.Error(), "context://other") {
		t.Errorf("a context that doesn't exist: %v", err)
	}
}

// TestEnginePlatform: a current engine exports the platform asked for.
func TestEnginePlatform(t *testing.T) {
	inner := engineHandler(map[string][]byte{"a:1": tarOf(t, newSave(t, sample(t, riscv), "a:1")...)})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/_ping" {
			return
		}
		if strings.HasSuffix(r.URL.Path, "/json") {
			_, _ = io.WriteString(w, `{"Id":"sha256:0","Os":"linux","Architecture":"amd64","Descriptor":{"digest":"sha256:0"}}`)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/get") {
			var p Platform
			if err := json.Unmarshal([]byte(r.URL.Query().Get("platform")), &p); err != nil {
				t.Errorf("platform: %v", err)
			}
			if p != riscv {
				w.WriteHeader(http.StatusNotFound)
				_, _ = io.WriteString(w, `{"message":"image with reference a:1 was found but does not provide the specified platform"}`)
				return
			}
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	opts := Options{Getenv: env(map[string]string{"DOCKER_HOST": strings.Replace(server.URL, "http://", "tcp://", 1)})}
	opts.Platform = "linux/riscv64"
	_, err := read(t, "docker:a:1", opts)
	must(t, err)
	opts.Platform = "linux/s390x"
	if _, err := read(t, "docker:a:1", opts); !errors.Is(err, ErrNoPlatform) {
		t.Errorf("got %v", err)
	}
}

// TestEngineName claims that an image goes by the name that the engine holds
// it under, and by none where it was called by its ID.
func TestEngineName(t *testing.T) {
	docker := inspected{RepoTags: []string{"team/app:1", "app:latest"}, RepoDigests: []string{"team/app@sha256:" + strings.Repeat("a", 64)}}
	podman := inspected{RepoTags: []string{"localhost/app:latest", "quay.io/team/app:1"}}
	for _, c := range []struct {
		engine inspected
		asked  string
		want   string
	}{
		{docker, "team/app:1", "index.docker.io/team/app:1"},
		{docker, "docker.io/team/app:1", "index.docker.io/team/app:1"},
		{docker, "app", "index.docker.io/library/app:latest"},
		{docker, "team/app@sha256:" + strings.Repeat("a", 64), "index.docker.io/team/app@sha256:" + strings.Repeat("a", 64)},
		{docker, "486fa", ""},
		{docker, "sha256:" + strings.Repeat("b", 64), ""},
		{podman, "app", "localhost/app:latest"},
		{podman, "localhost/app:latest", "localhost/app:latest"},
		{podman, "quay.io/team/app:1", "quay.io/team/app:1"},
	} {
		if got := c.engine.nameOf(c.asked); got != c.want {
			t.Errorf("%s: %q, want %q", c.asked, got, c.want)
		}
	}
}

// TestPodmanRefusesName: Podman answers 500 to a name that none of its images can have.
func TestPodmanRefusesName(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/_ping" {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"cause":"x","message":"normalizing image: normalizing name for compat API: repository name must be lowercase","response":500}`)
		}
	}))
	t.Cleanup(server.Close)
	_, err := read(t, "podman:UPPER", Options{Getenv: env(map[string]string{"CONTAINER_HOST": strings.Replace(server.URL, "http://", "tcp://", 1)})})
	if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "lowercase") {
		t.Errorf("got %v", err)
	}
}

// TestEngineDenied claims that a socket that may not be opened isn't called an
// engine that doesn't run.
func TestEngineDenied(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may open every socket")
	}
	socket := serveEngine(t, nil)
	must(t, os.Chmod(socket, 0))
	_, err := read(t, "docker:a:1", Options{Getenv: env(map[string]string{"DOCKER_HOST": "unix://" + socket})})
	if !errors.Is(err, ErrEngineDenied) || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("got %v", err)
	}
}

// TestPodmanZstd: Podman can't give an image with zstd layers by Docker's API,
// and makes up a manifest where it gives it by its own.
func TestPodmanZstd(t *testing.T) {
	l := sample(t, hostPlatform())
	name := "quay.io/team/sample:1"
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String())
		w.Header().Set("Libpod-Api-Version", "4.3.1")
		switch {
		case r.URL.Path == "/_ping":
		case strings.HasSuffix(r.URL.Path, "/json"):
			_, _ = io.WriteString(w, `{"Id":"sha256:`+strings.Repeat("a", 64)+`","RepoTags":["`+name+`"]}`)
		case strings.HasPrefix(r.URL.Path, "/images/"):
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"message":"zstd compression is not supported for docker images"}`)
		default:
			_, _ = w.Write(tarOf(t, ociFiles(t, l, "", plain)...))
		}
	}))
	t.Cleanup(server.Close)
	img, err := read(t, "podman:"+name, Options{Getenv: env(map[string]string{"CONTAINER_HOST": strings.Replace(server.URL, "http://", "tcp://", 1)})})
	must(t, err)
	want := "/v4.3.1/libpod/images/" + strings.Repeat("a", 64) + "/get?format=oci-archive"
	if asked[len(asked)-1] != want {
		t.Errorf("asked %q, want %q at last", asked, want)
	}
	if img.Name != name || img.Digest != "" || img.ConfigDigest != digestOf(l.config) {
		t.Errorf("name %q, digest %q, configuration %q", img.Name, img.Digest, img.ConfigDigest)
	}
}

// TestEngineFails claims that an engine's own fault isn't called an engine that
// doesn't run, and doesn't keep a plain name from the registry.
func TestEngineFails(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/_ping" {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"message":"the disk is full"}`)
		}
	}))
	t.Cleanup(server.Close)
	opts := Options{Getenv: env(map[string]string{"DOCKER_HOST": strings.Replace(server.URL, "http://", "tcp://", 1)})}
	_, err := read(t, "docker:a:1", opts)
	if !errors.Is(err, ErrEngineFailed) || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("got %v", err)
	}
	reg, _ := pushed(t)
	img, err := read(t, reg.host()+"/team/sample:1", opts)
	must(t, err)
	checkNotes(t, img, "could not give it")
}

// TestEngineHoldsOtherPlatform: Docker's containerd image store shows no platform
// of an image that it doesn't hold for the host, and can't export it whole.
func TestEngineHoldsOtherPlatform(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/json"):
			_, _ = io.WriteString(w, `{"Id":"sha256:0","Os":"","Architecture":"","Descriptor":{"digest":"sha256:0"}}`)
		case strings.HasSuffix(r.URL.Path, "/get"):
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"message":"unable to create manifests file: NotFound: content digest sha256:0: not found"}`)
		}
	}))
	t.Cleanup(server.Close)
	_, err := read(t, "docker:a:1", Options{Getenv: env(map[string]string{"DOCKER_HOST": strings.Replace(server.URL, "http://", "tcp://", 1)})})
	if !errors.Is(err, ErrNoPlatform) || !strings.Contains(err.Error(), "--platform") {
		t.Errorf("got %v", err)
	}
}

// TestEngineIncomplete: Docker's containerd image store lists images whose
// layers it has only unpacked, and exports them without these.
func TestEngineIncomplete(t *testing.T) {
	b := blobs{}
	root := b.manifest(t, sample(t, hostPlatform()), "", plain)
	empty := tarOf(t, layoutFiles(t, blobs{root.Digest: b[root.Digest]}, root)...)
	descriptor := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/_ping":
		case strings.HasSuffix(r.URL.Path, "/json"):
			_, _ = io.WriteString(w, `{"Id":"`+root.Digest+`","Os":"linux","Architecture":"`+hostPlatform().Architecture+`"`+descriptor+`}`)
		case r.URL.Query().Has("platform"):
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"message":"no suitable export target found: image with reference a:1 was found but does not provide the specified platform"}`)
		default:
			_, _ = w.Write(empty)
		}
	}))
	t.Cleanup(server.Close)
	opts := Options{Getenv: env(map[string]string{"DOCKER_HOST": strings.Replace(server.URL, "http://", "tcp://", 1)})}
	for _, descriptor = range []string{"", `,"Descriptor":{"digest":"` + root.Digest + `"}`} {
		opts.Platform = hostPlatform().String()
		_, err := read(t, "docker:a:1", opts)
		if !errors.Is(err, ErrEngineFailed) || errors.Is(err, ErrDamaged) || errors.Is(err, ErrNoPlatform) || !strings.Contains(err.Error(), "docker://a:1") {
			t.Errorf("%s: got %v", descriptor, err)
		}
	}
}
