package image

import (
	"bytes"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// quickly makes retries fast enough for tests.
func quickly(opts Options) Options {
	opts.firstWait, opts.stall = time.Millisecond, 200*time.Millisecond
	if opts.Getenv == nil {
		opts.Getenv = noEnv
	}
	return opts
}

// read opens a reference and reads every layer.
func read(t *testing.T, ref string, opts Options) (*Image, error) {
	t.Helper()
	c := newCollector(t)
	if opts.Streamed == nil {
		opts.Streamed = c.streamed
	}
	set, err := Open(t.Context(), ref, quickly(opts))
	if err != nil {
		return nil, err
	}
	defer set.Close()
	_, err = c.contents(set.Images[0])
	return set.Images[0], err
}

func pushed(t *testing.T) (*testRegistry, logical) {
	t.Helper()
	reg := newRegistry(t)
	l := sample(t, hostPlatform())
	b := blobs{}
	reg.push(t, "team/sample", "1", b, b.manifest(t, l, "+gzip", gzipped))
	return reg, l
}

func TestRegistryReferences(t *testing.T) {
	reg := newRegistry(t)
	b := blobs{}
	d := b.manifest(t, sample(t, hostPlatform()), "+gzip", gzipped)
	reg.push(t, "team/sample", "latest", b, d)
	for _, ref := range []string{"", ":latest", "@" + d.Digest, ":other@" + d.Digest} {
		img, err := read(t, reg.host()+"/team/sample"+ref, Options{})
		if err != nil {
			t.Errorf("%q: %v", ref, err)
			continue
		}
		if img.Digest != d.Digest {
			t.Errorf("%q: digest %s, want %s", ref, img.Digest, d.Digest)
		}
		if img.Layers[0].Digest == "" || img.Layers[0].MediaType == "" {
			t.Errorf("%q: layer without digest or media type", ref)
		}
	}
}

func TestFailingAnswersAreRetried(t *testing.T) {
	for _, status := range []int{429, 500, 502, 503, 504} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			reg, _ := pushed(t)
			var seen sync.Map
			reg.misbehave(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				// Everything fails twice before it is answered.
				n, _ := seen.LoadOrStore(r.URL.Path, new(atomic.Int64))
				if n.(*atomic.Int64).Add(1) <= 2 {
					w.WriteHeader(status)
					return
				}
				next.ServeHTTP(w, r)
			})
			if _, err := read(t, reg.host()+"/team/sample:1", Options{}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestBrokenConnectionsAreRetried(t *testing.T) {
	reg, _ := pushed(t)
	var seen sync.Map
	reg.misbehave(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if _, again := seen.LoadOrStore(r.URL.Path, true); !again {
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	})
	if _, err := read(t, reg.host()+"/team/sample:1", Options{}); err != nil {
		t.Fatal(err)
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	reg, _ := pushed(t)
	var asked time.Time
	reg.misbehave(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.URL.Path, "/manifests/") && asked.IsZero() {
			asked = time.Now()
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		if strings.Contains(r.URL.Path, "/manifests/") && time.Since(asked) < time.Second {
			t.Errorf("came back after %s", time.Since(asked))
		}
		next.ServeHTTP(w, r)
	})
	if _, err := read(t, reg.host()+"/team/sample:1", Options{}); err != nil {
		t.Fatal(err)
	}
}

func TestRateLimitIsSaid(t *testing.T) {
	reg, _ := pushed(t)
	reg.misbehave(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"errors":[{"code":"TOOMANYREQUESTS","message":"pull rate limit"}]}`)
	})
	before := reg.requests("/v2/")
	_, err := read(t, reg.host()+"/team/sample:1", Options{})
	if !errors.Is(err, ErrRateLimited) {
		t.Fatalf("got %v, want ErrRateLimited", err)
	}
	if n := reg.requests("/v2/") - before; n != 1 {
		t.Errorf("%d requests though asked to stay away for an hour", n)
	}
}

func TestRetriesAreBounded(t *testing.T) {
	reg, _ := pushed(t)
	reg.misbehave(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.URL.Path, "/manifests/") {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		next.ServeHTTP(w, r)
	})
	before := reg.requests("GET /v2/team/sample/manifests/")
	_, err := read(t, reg.host()+"/team/sample:1", Options{})
	if !errors.Is(err, ErrUnreachable) {
		t.Fatalf("got %v, want ErrUnreachable", err)
	}
	if n := reg.requests("GET /v2/team/sample/manifests/") - before; n != maxAttempts {
		t.Errorf("%d attempts, want %d", n, maxAttempts)
	}
}

// breakBlobs serves blobs in pieces of at most n bytes and then breaks or
// stalls the connection; ranges says whether the server knows ranges.
func breakBlobs(reg *testRegistry, n int, ranges, stall bool) *atomic.Int64 {
	var broken atomic.Int64
	var seen sync.Map
	reg.misbehave(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.Contains(r.URL.Path, "/blobs/") {
			next.ServeHTTP(w, r)
			return
		}
		n := n
		if !ranges {
			// Each time a little more, otherwise it would never get to the end.
			r.Header.Del("Range")
			times, _ := seen.LoadOrStore(r.URL.Path, new(atomic.Int64))
			n *= int(times.(*atomic.Int64).Add(1))
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		for key, values := range answer.Header() {
			w.Header()[key] = values
		}
		w.WriteHeader(answer.Code)
		body := answer.Body.Bytes()
		if len(body) <= n {
			_, _ = w.Write(body)
			return
		}
		broken.Add(1)
		_, _ = w.Write(body[:n])
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		if stall {
			<-r.Context().Done()
			return
		}
		panic(http.ErrAbortHandler)
	})
	return &broken
}

func TestBrokenDownloadIsResumed(t *testing.T) {
	for name, how := range map[string]struct{ ranges, stall bool }{
		"with ranges":                  {true, false},
		"server ignores ranges":        {false, false},
		"stalled instead of broken":    {true, true},
		"stalled, and without a range": {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			reg, l := pushed(t)
			broken := breakBlobs(reg, 700, how.ranges, how.stall)
			c := newCollector(t)
			set, err := Open(t.Context(), reg.host()+"/team/sample:1", quickly(Options{}))
			must(t, err)
			defer set.Close()
			got, err := c.contents(set.Images[0])
			must(t, err)
			for i := range got {
				if !bytes.Equal(got[i], l.layers[i]) {
					t.Errorf("layer %d differs", i)
				}
			}
			if broken.Load() == 0 {
				t.Error("nothing was broken")
			}
		})
	}
}

func TestDownloadGivesUp(t *testing.T) {
	reg, _ := pushed(t)
	reg.misbehave(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.URL.Path, "/blobs/") && r.Header.Get("Range") != "" {
			panic(http.ErrAbortHandler)
		}
		if !strings.Contains(r.URL.Path, "/blobs/") {
			next.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		w.Header().Set("Content-Length", strconv.Itoa(answer.Body.Len()))
		_, _ = w.Write(answer.Body.Bytes()[:answer.Body.Len()/2])
	})
	_, err := read(t, reg.host()+"/team/sample:1", Options{})
	if !errors.Is(err, ErrUnreachable) {
		t.Fatalf("got %v, want ErrUnreachable", err)
	}
}

func TestMirrors(t *testing.T) {
	mirror, l := pushed(t)
	_ = l
	registry := newRegistry(t)
	ref := registry.host() + "/team/sample:1"
	t.Run("first that has it", func(t *testing.T) {
		empty := newRegistry(t)
		img, err := read(t, ref, Options{Mirrors: []string{registry.host() + "=" + empty.host(), registry.host() + "=http://" + mirror.host()}})
		must(t, err)
		if !strings.Contains(img.Via, mirror.host()) || registry.requests("manifests") != 0 {
			t.Errorf("via %q", img.Via)
		}
		if img.Name != ref {
			t.Errorf("name %q, want %q", img.Name, ref)
		}
	})
	t.Run("then the registry", func(t *testing.T) {
		img, err := read(t, mirror.host()+"/team/sample:1", Options{Mirrors: []string{mirror.host() + "=" + registry.host()}})
		must(t, err)
		if img.Via != "registry "+mirror.host() || len(img.Notes) == 0 {
			t.Errorf("via %q, notes %q", img.Via, img.Notes)
		}
	})
	t.Run("blobs from the registry where the mirror lost them", func(t *testing.T) {
		lossy, _ := pushed(t)
		lossy.misbehave(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if strings.Contains(r.URL.Path, "/blobs/") {
				http.NotFound(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
		_, err := read(t, mirror.host()+"/team/sample:1", Options{Mirrors: []string{mirror.host() + "=" + lossy.host()}})
		must(t, err)
	})
	t.Run("with a prefix", func(t *testing.T) {
		prefixed := newRegistry(t)
		b := blobs{}
		prefixed.push(t, "cache/hub/library/tiny", "1", b, b.manifest(t, sample(t, hostPlatform()), "+gzip", gzipped))
		_, err := read(t, "docker://tiny:1", Options{Mirrors: []string{"docker.io=" + prefixed.host() + "/cache/hub"}})
		must(t, err)
	})
	t.Run("all fail", func(t *testing.T) {
		_, err := read(t, registry.host()+"/absent:1", Options{Mirrors: []string{registry.host() + "=" + mirror.host()}})
		if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), mirror.host()) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("malformed", func(t *testing.T) {
		if _, err := read(t, ref, Options{Mirrors: []string{"nonsense"}}); !errors.Is(err, ErrReference) {
			t.Errorf("got %v", err)
		}
	})
}

func TestPrivateCA(t *testing.T) {
	l := sample(t, hostPlatform())
	b := blobs{}
	d := b.manifest(t, l, "+gzip", gzipped)
	plainReg := newRegistry(t)
	plainReg.push(t, "team/sample", "1", b, d)
	server := httptest.NewTLSServer(plainReg.Config.Handler)
	t.Cleanup(server.Close)
	server.Config.ErrorLog = quiet()
	ref := strings.TrimPrefix(server.URL, "https://") + "/team/sample:1"
	ca := writeFile(t, "ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	if _, err := read(t, ref, Options{CAFile: ca}); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, ref, Options{}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("without the CA: %v", err)
	}
	if _, err := read(t, ref, Options{CAFile: writeFile(t, "empty.pem", nil)}); err == nil {
		t.Error("an empty CA file was accepted")
	}
}

func TestPlainHTTPOnlyWhenAsked(t *testing.T) {
	inner := roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
	})
	for url, c := range map[string]struct{ allowed, ok bool }{
		"http://127.0.0.1:5000/v2/":      {false, true},
		"http://localhost/v2/":           {false, true},
		"http://reg.localhost:5000/v2/":  {false, true},
		"http://[::1]:5000/v2/":          {false, true},
		"http://10.0.0.7:5000/v2/":       {false, false},
		"http://registry.example/v2/":    {false, false},
		"http://127.0.0.1.example.com/":  {false, false},
		"https://registry.example/v2/":   {false, true},
		"http://registry.example/v2/ok":  {true, true},
		"ftp://registry.example/v2/":     {false, false},
		"http://localhost.example.com/x": {false, false},
	} {
		req := httptest.NewRequest(http.MethodGet, url, nil)
		_, err := guard{inner: inner, allowed: c.allowed}.RoundTrip(req)
		if (err == nil) != c.ok {
			t.Errorf("%s (allowed %v): %v", url, c.allowed, err)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestForeignLayers(t *testing.T) {
	layer := gzipped(t, tarOf(t, file{name: "Windows/x", content: "x"}))
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("credentials were sent to a foreign URL")
		}
		if r.URL.Path != "/layer" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(layer)
	}))
	t.Cleanup(elsewhere.Close)
	l := newLogical(t, hostPlatform(), uncompressed(t, layer))
	for name, c := range map[string]struct {
		urls []string
		want error
	}{
		"from its URL": {[]string{elsewhere.URL + "/gone", elsewhere.URL + "/layer"}, nil},
		"no URL":       {nil, ErrForeign},
		"gone":         {[]string{elsewhere.URL + "/gone"}, ErrForeign},
		"not a URL":    {[]string{"file:///etc/passwd"}, ErrForeign},
	} {
		t.Run(name, func(t *testing.T) {
			reg := newRegistry(t)
			b := blobs{}
			foreign := blobs{}.describe("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", layer)
			foreign.URLs = c.urls
			d := b.describe(ociManifest, marshal(t, map[string]any{
				"schemaVersion": 2, "mediaType": ociManifest, "config": b.describe(ociConfig, l.config), "layers": []descriptor{foreign},
			}))
			reg.push(t, "win", "1", b, d)
			withBasicFor := authJSON(reg.host(), "me", "secret")
			_, err := read(t, reg.host()+"/win:1", Options{Getenv: env(map[string]string{"DOCKER_AUTH_CONFIG": string(withBasicFor)})})
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			_, err = read(t, writeFile(t, "a.tar", tarOf(t, layoutFiles(t, b, d)...)), Options{})
			if !errors.Is(err, ErrForeign) {
				t.Errorf("in an archive: %v", err)
			}
		})
	}
}
