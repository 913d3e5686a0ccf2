package image

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseTarget(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, os.WriteFile("images.tar", nil, 0o600))
	must(t, os.WriteFile("alpine", nil, 0o600))
	must(t, os.WriteFile("odd:name.tar", nil, 0o600))
	must(t, os.Mkdir("layout", 0o700))
	digest := "@sha256:" + strings.Repeat("a", 64)
	for arg, want := range map[string]target{
		"python":                      {kind: plainTarget, name: "python"},
		"python:3.8-slim":             {kind: plainTarget, name: "python:3.8-slim"},
		"ghcr.io/a/b:1" + digest:      {kind: plainTarget, name: "ghcr.io/a/b:1" + digest},
		"docker:python:3.8":           {kind: dockerTarget, name: "python:3.8"},
		"docker-daemon:python:3.8":    {kind: dockerTarget, name: "python:3.8"},
		"podman:localhost/x":          {kind: podmanTarget, name: "localhost/x"},
		"docker://python":             {kind: registryTarget, name: "python"},
		"-":                           {kind: stdinTarget, archive: archiveSource{path: "-"}},
		"-:a:1":                       {kind: stdinTarget, archive: archiveSource{path: "-", selector: "a:1"}},
		"-" + digest:                  {kind: stdinTarget, archive: archiveSource{path: "-", selector: digest}},
		"images.tar":                  {kind: archiveTarget, archive: archiveSource{path: "images.tar"}},
		"images.tar:alpine:3.19":      {kind: archiveTarget, archive: archiveSource{path: "images.tar", selector: "alpine:3.19"}},
		"images.tar" + digest:         {kind: archiveTarget, archive: archiveSource{path: "images.tar", selector: digest}},
		"./images.tar:x/y:1":          {kind: archiveTarget, archive: archiveSource{path: "./images.tar", selector: "x/y:1"}},
		"odd:name.tar":                {kind: archiveTarget, archive: archiveSource{path: "odd:name.tar"}},
		"odd:name.tar:1":              {kind: archiveTarget, archive: archiveSource{path: "odd:name.tar", selector: "1"}},
		"docker-archive:images.tar:a": {kind: archiveTarget, archive: archiveSource{path: "images.tar", selector: "a", form: dockerForm}},
		"oci:layout:1.0":              {kind: archiveTarget, archive: archiveSource{path: "layout", selector: "1.0", form: ociForm}},
		"oci-layout:layout":           {kind: archiveTarget, archive: archiveSource{path: "layout", form: ociForm}},
		"oci-archive:absent.tar":      {kind: archiveTarget, archive: archiveSource{path: "absent.tar", form: ociForm}},
		"absent.tar.gz":               {kind: archiveTarget, archive: archiveSource{path: "absent.tar.gz"}},
		"/absent":                     {kind: archiveTarget, archive: archiveSource{path: "/absent"}},
		`C:\images\a.tar`:             {kind: archiveTarget, archive: archiveSource{path: `C:\images\a.tar`}},
		"alpine:3.19":                 {kind: plainTarget, name: "alpine:3.19", archive: archiveSource{path: "alpine", selector: "3.19", sniffed: true}},
		"layout":                      {kind: plainTarget, name: "layout", archive: archiveSource{path: "layout", sniffed: true}},
	} {
		got, err := parseTarget(arg)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(target{}, archiveSource{})); diff != "" || err != nil {
			t.Errorf("%q: %v\n%s", arg, err, diff)
		}
	}
	for _, arg := range []string{"", "  ", "docker:", "oci:"} {
		if _, err := parseTarget(arg); !errors.Is(err, ErrReference) {
			t.Errorf("%q: %v", arg, err)
		}
	}
}

// severalSaved is an archive of two images, one of them with two tags.
func severalSaved(t *testing.T) (string, []logical) {
	images := []logical{sample(t, hostPlatform()), newLogical(t, hostPlatform(), tarOf(t, file{name: "b", content: "b"}))}
	var files []file
	var entries []map[string]any
	for i, l := range images {
		var paths []string
		for _, raw := range l.layers {
			paths = append(paths, hexOf(raw)+".tar")
			files = append(files, file{name: hexOf(raw) + ".tar", content: string(raw)})
		}
		files = append(files, file{name: hexOf(l.config) + ".json", content: string(l.config)})
		tags := [][]string{{"first:1", "first:latest"}, {"example.com/team/second:2"}}[i]
		entries = append(entries, map[string]any{"Config": hexOf(l.config) + ".json", "RepoTags": tags, "Layers": paths})
	}
	files = append(files, file{name: "manifest.json", content: string(marshal(t, entries))})
	return writeFile(t, "several.tar", tarOf(t, files...)), images
}

func severalOCI(t *testing.T) (string, []logical) {
	images := []logical{sample(t, hostPlatform()), newLogical(t, hostPlatform(), tarOf(t, file{name: "b", content: "b"}))}
	b := blobs{}
	first, second := b.manifest(t, images[0], "", plain), b.manifest(t, images[1], "", plain)
	return writeFile(t, "several.tar", tarOf(t, layoutFiles(t, b,
		withName(first, "first:1"), withName(first, "first:latest"), withName(second, "example.com/team/second:2"))...)), images
}

func TestSeveralImagesInOneArchive(t *testing.T) {
	for form, archive := range map[string]func(*testing.T) (string, []logical){"docker save": severalSaved, "OCI": severalOCI} {
		t.Run(form, func(t *testing.T) {
			path, images := archive(t)
			for selector, want := range map[string]int{
				":first:1": 0, ":first": 0, ":docker.io/library/first:1": 0, ":1": 0,
				":example.com/team/second:2": 1, ":2": 1,
			} {
				c := newCollector(t)
				set, err := Open(t.Context(), path+selector, quickly(Options{}))
				if err != nil {
					t.Errorf("%s: %v", selector, err)
					continue
				}
				checkImage(t, c, set.Images[0], images[want])
				if set.Images[0].Name == "" {
					t.Errorf("%s: no name", selector)
				}
				must(t, set.Close())
			}
			_, err := read(t, path, Options{})
			if !errors.Is(err, ErrAmbiguous) || !strings.Contains(err.Error(), "first:1") || !strings.Contains(err.Error(), "second:2") {
				t.Errorf("none was named: %v", err)
			}
			_, err = read(t, path+":third", Options{})
			if !errors.Is(err, ErrNoTag) || !strings.Contains(err.Error(), "second:2") {
				t.Errorf("another was named: %v", err)
			}
		})
	}
}

func TestImagesWithoutNames(t *testing.T) {
	b := blobs{}
	one, two := b.manifest(t, sample(t, hostPlatform()), "", plain), b.manifest(t, newLogical(t, hostPlatform(), tarOf(t, file{name: "b"})), "", plain)
	path := writeFile(t, "a.tar", tarOf(t, layoutFiles(t, b, one, two)...))
	if _, err := read(t, path, Options{}); !errors.Is(err, ErrAmbiguous) || !strings.Contains(err.Error(), two.Digest) {
		t.Errorf("none was named: %v", err)
	}
	img, err := read(t, path+"@"+two.Digest, Options{})
	must(t, err)
	if img.Digest != two.Digest {
		t.Errorf("digest %s", img.Digest)
	}
}

func TestFormsAreKeptApart(t *testing.T) {
	l := sample(t, hostPlatform())
	old := writeFile(t, "old.tar", tarOf(t, oldSave(t, l, "a:1")...))
	oci := writeFile(t, "oci.tar", tarOf(t, ociFiles(t, l, "", plain)...))
	for ref, want := range map[string]error{
		"docker-archive:" + old: nil, "oci-archive:" + oci: nil, "oci:" + old: ErrNotImage, "docker-archive:" + oci: ErrNotImage,
	} {
		if _, err := read(t, ref, Options{}); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", ref, err, want)
		}
	}
}

func TestFileThatSharesAnImagesName(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, os.WriteFile("tool", []byte("#!/bin/sh"), 0o700))
	must(t, os.Mkdir("folder", 0o700))
	for _, name := range []string{"tool", "folder:1"} {
		_, err := read(t, name, Options{Platform: "all", Mirrors: []string{"docker.io=http://127.0.0.1:1"}, CAFile: "absent"})
		// It went on to the registry, where the CA file is the first thing missing.
		if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "CA file") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for ref, want := range map[string]error{"./tool": ErrNotImage, "./folder": ErrNotImage, "./absent": ErrNotFound, "absent.tar": ErrNotFound} {
		if _, err := read(t, ref, Options{}); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", ref, err, want)
		}
	}
	must(t, os.WriteFile("image", tarOf(t, oldSave(t, sample(t, hostPlatform()), "a:1")...), 0o600))
	img, err := read(t, "image", Options{})
	must(t, err)
	if img.Source != DockerArchive {
		t.Errorf("source %s", img.Source)
	}
}

func TestStreamNeedsSomebodyToTakeIt(t *testing.T) {
	raw := tarOf(t, oldSave(t, sample(t, hostPlatform()), "a:1")...)
	for ref, stdin := range map[string]io.Reader{"-": strings.NewReader(string(raw)), writeFile(t, "a.tgz", gzipped(t, raw)): nil} {
		_, err := Open(t.Context(), ref, Options{Stdin: stdin, Getenv: noEnv})
		if !errors.Is(err, ErrNeedsStream) {
			t.Errorf("%s: %v", ref, err)
		}
	}
	if _, err := Open(t.Context(), "-", Options{Getenv: noEnv}); !errors.Is(err, ErrReference) {
		t.Errorf("no standard input: %v", err)
	}
	boom := errors.New("boom")
	_, err := Open(t.Context(), "-", Options{Stdin: strings.NewReader(string(raw)), Getenv: noEnv, Streamed: func(context.Context, StreamedBlob) error { return boom }})
	if !errors.Is(err, boom) {
		t.Errorf("an error of the one who takes it: %v", err)
	}
	// Whoever knows a layer needs not read it.
	set, err := Open(t.Context(), "-", Options{Stdin: strings.NewReader(string(raw)), Getenv: noEnv, Streamed: func(context.Context, StreamedBlob) error { return nil }})
	must(t, err)
	must(t, set.Close())
}

// TestCancel: whatever a source waits for, it stops when the context ends.
func TestCancel(t *testing.T) {
	silent, _ := io.Pipe()
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(hanging.Close)
	failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "50")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(failing.Close)
	host := func(s *httptest.Server) string { return strings.TrimPrefix(s.URL, "http://") }
	for name, c := range map[string]struct {
		ref  string
		opts Options
	}{
		"silent pipe":             {"-", Options{Stdin: silent}},
		"hanging registry":        {"docker://" + host(hanging) + "/a", Options{}},
		"registry that says wait": {"docker://" + host(failing) + "/a", Options{}},
		"hanging engine":          {"docker:a", Options{Getenv: env(map[string]string{"DOCKER_HOST": "tcp://" + host(hanging)})}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			c.opts.Streamed = newCollector(t).streamed
			if c.opts.Getenv == nil {
				c.opts.Getenv = noEnv
			}
			start := time.Now()
			_, err := Open(ctx, c.ref, c.opts)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	t.Run("download", func(t *testing.T) {
		reg, _ := pushed(t)
		set, err := Open(t.Context(), reg.host()+"/team/sample:1", Options{Getenv: noEnv})
		must(t, err)
		defer set.Close()
		breakBlobs(reg, 10, true, true)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		r, err := set.Images[0].Layers[0].Open(ctx)
		must(t, err)
		defer r.Close()
		if _, err := io.ReadAll(r); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestMessagesAreSafeToPrint(t *testing.T) {
	evil := "::error::x\n\x1b[31mred"
	path := writeFile(t, "a.tar", tarOf(t, file{name: "manifest.json", content: string(marshal(t, []map[string]any{{"Config": evil, "RepoTags": []string{evil}, "Layers": []string{}}}))}))
	for _, ref := range []string{path, path + ":absent"} {
		_, err := read(t, ref, Options{})
		if err == nil || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%q", err)
		}
	}
	if got := printable(strings.Repeat("é", 400)); len(got) > 310 {
		t.Errorf("%d bytes", len(got))
	}
}

func TestBackoff(t *testing.T) {
	for attempt := 1; attempt < 100; attempt++ {
		wait := backoff(firstWait, attempt)
		if wait < firstWait/2 || wait > longestWait {
			t.Errorf("attempt %d waits %s", attempt, wait)
		}
	}
	now := time.Date(2025, 1, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": -1, "3": 3 * time.Second, "Wed, 01 Jan 2025 12:00:05 GMT": 5 * time.Second, "Wed, 01 Jan 2020 12:00:05 GMT": 0, "-1": -1, "soon": -1,
	} {
		got, ok := retryAfter(&http.Response{Header: http.Header{"Retry-After": {value}}}, now)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("Retry-After %q: %s, want %s", value, got, want)
		}
	}
}

func TestRedirectsIntoPrivateNetworksAreRefused(t *testing.T) {
	for _, c := range []struct {
		from, to string
		ok       bool
	}{
		{"https://registry.example/v2/", "https://cdn.example/blob", true},
		{"https://registry.example/v2/", "http://169.254.169.254/latest/meta-data", false},
		{"https://registry.example/v2/", "https://127.0.0.1:8080/", false},
		{"https://registry.example/v2/", "https://10.1.2.3/", false},
		{"https://registry.example/v2/", "https://[fe80::1]/", false},
		{"https://10.1.2.3/v2/", "https://10.1.2.4/", true},
		{"http://127.0.0.1:5000/v2/", "http://127.0.0.1:9000/", true},
	} {
		err := checkRedirect(httptest.NewRequest(http.MethodGet, c.to, nil), []*http.Request{httptest.NewRequest(http.MethodGet, c.from, nil)})
		if (err == nil) != c.ok {
			t.Errorf("%s to %s: %v", c.from, c.to, err)
		}
	}
}

func TestUnreadableFile(t *testing.T) {
	if _, err := read(t, filepath.Join(t.TempDir(), "a.tar"), Options{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
