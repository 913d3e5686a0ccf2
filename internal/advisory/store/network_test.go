package store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
)

func TestBrokenDownloadIsResumed(t *testing.T) {
	p := newPublisher(t)
	s, _ := newStore(t)
	broken := map[string]bool{}
	p.before = func(w http.ResponseWriter, r *http.Request) bool {
		isArchive := strings.Contains(r.URL.Path, "/blobs/") || strings.HasSuffix(r.URL.Path, ".tar.zst")
		p.mu.Lock()
		defer p.mu.Unlock()
		if !isArchive || broken[r.URL.Path] {
			return false
		}
		broken[r.URL.Path] = true
		b := p.trivy
		if !strings.Contains(r.URL.Path, "/blobs/") {
			b = p.grype
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		w.Write(b[:len(b)/2])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	results := mustUpdate(t, s, p.options())
	if got := outcomes(results); got != "updated, updated" {
		t.Fatalf("outcomes: %s", got)
	}
	ranges := 0
	for _, r := range p.requests() {
		if strings.HasSuffix(r, fmt.Sprintf("bytes=%d-", len(p.trivy)/2)) || strings.HasSuffix(r, fmt.Sprintf("bytes=%d-", len(p.grype)/2)) {
			ranges++
		}
	}
	if ranges != 2 {
		t.Errorf("not resumed at half: %v", p.requests())
	}
}

func TestDownloadIsResumedByALaterUpdate(t *testing.T) {
	p := newPublisher(t)
	s, _ := newStore(t)
	p.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/blobs/") {
			return false
		}
		if r.Header.Get("Range") != "" {
			http.Error(w, "gone fishing", http.StatusForbidden)
			return true
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(p.trivy)))
		w.Write(p.trivy[:1000])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	o := p.options()
	o.Databases = []string{TrivyDB}
	_, err := s.Update(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "403 Forbidden: gone fishing") {
		t.Fatalf("error: %v", err)
	}
	status, err := s.Status(t.Context(), 0)
	if err != nil || status[0].Partial != 1000 || status[0].Present {
		t.Fatalf("status: %+v, %v", status[0], err)
	}
	p.set(func() { p.before = nil })
	mustUpdate(t, s, o)
	if last := p.requests()[len(p.requests())-1]; !strings.HasSuffix(last, "bytes=1000-") {
		t.Errorf("last request: %s", last)
	}
	assertClean(t, s)
}

func TestPartialOfAnOlderArchiveIsNotContinued(t *testing.T) {
	p := newPublisher(t)
	s, _ := newStore(t)
	old := filepath.Join(s.dir, TrivyDB, partialDir, strings.Repeat("a", 64)+".part")
	writeTestFile(t, old, []byte("half of yesterday's"))
	// A partial file of the right name with wrong bytes starts over, too.
	wrong := filepath.Join(s.dir, GrypeDB, partialDir, strings.TrimPrefix(digestOf(p.grype), "sha256:")+".part")
	writeTestFile(t, wrong, []byte("not these bytes"))
	mustUpdate(t, s, p.options())
	for _, r := range p.requests() {
		if strings.Contains(r, "/blobs/") && strings.Contains(r, "bytes=") {
			t.Errorf("continued an older archive: %s", r)
		}
	}
	assertClean(t, s)
}

func TestRateLimitLeadsToTheNextMirror(t *testing.T) {
	limited := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, `{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}`)
	}))
	defer limited.Close()
	p := newPublisher(t)
	s, _ := newStore(t)
	s.sleep = func(context.Context, time.Duration) error {
		t.Error("waited although another mirror was there")
		return nil
	}
	o := p.options()
	o.TrivyMirrors = []string{strings.TrimPrefix(limited.URL, "http://") + "/aquasec/trivy-db:2", p.mirror()}
	o.GrypeListings = []string{limited.URL + "/latest.json", p.latest()}
	results := mustUpdate(t, s, o)
	if got := outcomes(results); got != "updated, updated" {
		t.Fatalf("outcomes: %s", got)
	}
	if results[0].Info.From != p.mirror() {
		t.Errorf("from %q", results[0].Info.From)
	}
}

func TestEveryFailureIsListed(t *testing.T) {
	limited := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7200")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer limited.Close()
	empty := httptest.NewServer(http.NotFoundHandler())
	defer empty.Close()
	s, _ := newStore(t)
	host := func(u string) string { return strings.TrimPrefix(u, "http://") }
	o := UpdateOptions{
		Databases:    []string{TrivyDB},
		TrivyMirrors: []string{host(limited.URL) + "/a/trivy-db:2", host(empty.URL) + "/b/trivy-db:2", "127.0.0.1:1/c/trivy-db:2"},
		Keychain:     anonymous{},
	}
	_, err := s.Update(t.Context(), o)
	var list *UpdateError
	if !errors.As(err, &list) || len(list.Failures) != 3 {
		t.Fatalf("error: %v", err)
	}
	for _, want := range []string{"429 Too Many Requests (rate limited)", "404 Not Found", "connection refused"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
}

func TestServerErrorsAreRetriedAfterTheAskedTime(t *testing.T) {
	p := newPublisher(t)
	s, _ := newStore(t)
	fails := 2
	p.before = func(w http.ResponseWriter, r *http.Request) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		if fails == 0 || !strings.HasSuffix(r.URL.Path, "latest.json") {
			return false
		}
		fails--
		w.Header().Set("Retry-After", "17")
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	var pauses []time.Duration
	s.sleep = func(_ context.Context, d time.Duration) error { pauses = append(pauses, d); return nil }
	o := p.options()
	o.Databases = []string{GrypeDB}
	mustUpdate(t, s, o)
	if !slices.Equal(pauses, []time.Duration{17 * time.Second, 17 * time.Second}) {
		t.Errorf("pauses: %v", pauses)
	}
}

func TestStalledDownloadIsGivenUp(t *testing.T) {
	p := newPublisher(t)
	second := newPublisher(t)
	second.trivy = p.trivy
	release := make(chan struct{})
	defer close(release)
	p.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/blobs/") {
			return false
		}
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return true
	}
	s, _ := newStore(t)
	o := p.options()
	o.Databases = []string{TrivyDB}
	o.TrivyMirrors = []string{p.mirror(), second.mirror()}
	o.idle = 200 * time.Millisecond
	results := mustUpdate(t, s, o)
	if results[0].Info.From != second.mirror() {
		t.Errorf("from %s", results[0].Info.From)
	}
}

func TestPlainHTTPOnlyOnLoopbackOrWhenAsked(t *testing.T) {
	s, _ := newStore(t)
	o := UpdateOptions{
		TrivyMirrors: []string{"192.0.2.1:5000/trivy-db:2"}, GrypeListings: []string{"http://192.0.2.1/latest.json"},
		Keychain: anonymous{}, Proxy: nil,
	}
	base := roundTripper(func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("sent over %s", r.URL.Scheme)
	})
	ask := func(o UpdateOptions) (registryErr, listingErr error) {
		r, err := newRegistry(o.TrivyMirrors[0], &o, base, s.now)
		if err != nil {
			t.Fatal(err)
		}
		l, err := newListing(o.GrypeListings[0], &o, base, s.now)
		if err != nil {
			t.Fatal(err)
		}
		_, registryErr = r.ask(t.Context())
		_, listingErr = l.ask(t.Context())
		return registryErr, listingErr
	}
	r, l := ask(o)
	if strings.Contains(r.Error(), "sent over http\n") || strings.HasSuffix(r.Error(), "sent over http") {
		t.Errorf("registry: %v", r)
	}
	if !strings.Contains(l.Error(), "without TLS") {
		t.Errorf("listing: %v", l)
	}
	o.TrivyMirrors = []string{"10.1.2.3:5000/trivy-db:2"} // which the client library would allow
	if r, _ := ask(o); strings.HasSuffix(r.Error(), "sent over http") {
		t.Errorf("private address: %v", r)
	}
	o.PlainHTTP = true
	r, l = ask(o)
	if !strings.Contains(r.Error(), "sent over http") || !strings.Contains(l.Error(), "sent over http") {
		t.Errorf("asked for: %v; %v", r, l)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRefusedCredentialsAreDropped(t *testing.T) {
	p := newPublisher(t)
	p.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		if r.URL.Path == "/v2/" {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		return false
	}
	s, _ := newStore(t)
	o := p.options()
	o.Databases = []string{TrivyDB}
	o.Keychain = outdated{}
	mustUpdate(t, s, o)
}

type outdated struct{}

func (outdated) Resolve(authn.Resource) (authn.Authenticator, error) {
	return &authn.Basic{Username: "someone", Password: "long gone"}, nil
}

func TestPrivateAuthorityAndProxy(t *testing.T) {
	p := newPublisher(t)
	secure := httptest.NewTLSServer(p)
	defer secure.Close()
	s, _ := newStore(t)
	o := p.options()
	o.Databases = []string{GrypeDB}
	o.GrypeListings = []string{secure.URL + "/databases/v6/latest.json"}
	if _, err := s.Update(t.Context(), o); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Fatalf("unknown authority: %v", err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	writeTestFile(t, ca, pemOf(secure.Certificate().Raw))
	for name, use := range map[string]func(*UpdateOptions){
		"option": func(o *UpdateOptions) { o.CAFile = ca },
		"environment": func(o *UpdateOptions) {
			o.Getenv = func(k string) string { return map[string]string{"SSL_CERT_FILE": ca}[k] }
		},
	} {
		s, _ := newStore(t)
		with := o
		use(&with)
		if _, err := s.Update(t.Context(), with); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	o.CAFile = filepath.Join(t.TempDir(), "absent.pem")
	if _, err := s.Update(t.Context(), o); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent file: %v", err)
	}
}

func TestRequestsGoThroughTheProxy(t *testing.T) {
	p := newPublisher(t)
	proxied := 0
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "databases.example" {
			t.Errorf("asked for %s", r.URL)
		}
		proxied++
		p.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	s, _ := newStore(t)
	o := p.options()
	o.Databases = []string{GrypeDB}
	o.GrypeListings = []string{"http://databases.example/databases/v6/latest.json"}
	o.PlainHTTP = true
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	o.Proxy = http.ProxyURL(address)
	mustUpdate(t, s, o)
	if proxied != 2 {
		t.Errorf("%d requests went through the proxy", proxied)
	}
}
