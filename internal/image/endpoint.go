package image

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// endpoint is one repository at one host: the registry's or a mirror's.
type endpoint struct {
	repo   name.Repository
	mirror bool
	// transport has no credentials; the client that connect makes has.
	transport http.RoundTripper
	options   Options

	mu        sync.Mutex
	client    *http.Client
	anonymous bool
	// problem is what went wrong while looking for credentials.
	problem error
}

// endpoints are the mirrors of a repository's registry, then the registry.
func (o *opening) endpoints(repo name.Repository) ([]*endpoint, error) {
	base, err := newTransport(o.options)
	if err != nil {
		return nil, err
	}
	o.closers = append(o.closers, idleCloser{base})
	var all []*endpoint
	for _, m := range o.options.Mirrors {
		registry, mirror, ok := strings.Cut(m, "=")
		if !ok || registry == "" || mirror == "" {
			return nil, fmt.Errorf("%w: mirror %q: write REGISTRY=MIRROR", ErrReference, m)
		}
		if !sameRegistry(registry, repo.RegistryStr()) {
			continue
		}
		plain := strings.HasPrefix(mirror, "http://")
		mirror = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(mirror, "http://"), "https://"), "/")
		e, err := o.endpoint(base, mirror+"/"+repo.RepositoryStr(), plain)
		if err != nil {
			return nil, fmt.Errorf("mirror %q: %w", m, err)
		}
		e.mirror = true
		all = append(all, e)
	}
	e, err := o.endpoint(base, repo.RegistryStr()+"/"+repo.RepositoryStr(), false)
	return append(all, e), err
}

func (o *opening) endpoint(base http.RoundTripper, repo string, plain bool) (*endpoint, error) {
	host, _, _ := strings.Cut(repo, "/")
	plain = plain || o.options.Insecure
	opts := []name.Option{name.WeakValidation}
	if plain || isLoopback(hostOnly(host)) {
		opts = append(opts, name.Insecure)
	}
	parsed, err := name.NewRepository(repo, opts...)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrReference, printable(err.Error()))
	}
	guarded := guard{inner: base, allowed: plain, userAgent: o.options.UserAgent}
	return &endpoint{
		repo: parsed, options: o.options, transport: retrier{inner: guarded, firstWait: o.options.firstWait},
	}, nil
}

// sameRegistry knows Docker Hub's several names.
func sameRegistry(a, b string) bool {
	hub := func(s string) string {
		switch s {
		case "docker.io", "registry-1.docker.io", "registry.hub.docker.com":
			return name.DefaultRegistry
		}
		return s
	}
	return hub(a) == hub(b)
}

type idleCloser struct{ t *http.Transport }

func (c idleCloser) Close() error {
	c.t.CloseIdleConnections()
	return nil
}

func (e *endpoint) url(kind, identifier string) string {
	return e.repo.Scheme() + "://" + e.repo.RegistryStr() + "/v2/" + e.repo.RepositoryStr() + "/" + kind + "/" + identifier
}

// connect asks the registry how it wants to be asked, and gets a token if need be.
func (e *endpoint) connect(ctx context.Context) (*http.Client, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.client != nil {
		return e.client, nil
	}
	var auth authn.Authenticator
	auth, e.problem = credentials(e.options.Getenv, e.repo)
	e.anonymous = auth == authn.Anonymous
	t, err := transport.NewWithContext(ctx, e.repo.Registry, auth, e.transport, []string{e.repo.Scope(transport.PullScope)})
	if a := fromTransport(err); a != nil && a.status == http.StatusNotFound {
		return nil, fmt.Errorf("%w: %s is not a registry: it answered %s to /v2/", ErrUnreachable, e.repo.RegistryStr(), a)
	}
	if err != nil {
		return nil, e.explain(err)
	}
	e.client = &http.Client{Transport: t, CheckRedirect: checkRedirect}
	return e.client, nil
}

// nearest sorts tags so that those which share the longest beginning with what
// was asked come first.
func nearest(asked string, tags []string) []string {
	shared := func(tag string) int {
		n := 0
		for n < len(tag) && n < len(asked) && tag[n] == asked[n] {
			n++
		}
		return n
	}
	sorted := make([]string, len(tags))
	for i, tag := range tags {
		sorted[i] = printable(tag)
	}
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(shared(b), shared(a)) })
	return sorted
}

// answer is a registry's answer that isn't what was asked for.
type answer struct {
	status     int
	codes      []string
	message    string
	retryAfter time.Duration
}

// Error returns "404 Not Found: MANIFEST_UNKNOWN: manifest unknown".
func (a *answer) Error() string {
	text := fmt.Sprintf("%d %s", a.status, http.StatusText(a.status))
	if a.message != "" {
		text += ": " + a.message
	}
	return text
}

// Unwrap makes a 404 an fs.ErrNotExist.
func (a *answer) Unwrap() error {
	if a.status == http.StatusNotFound {
		return fs.ErrNotExist
	}
	return nil
}

// readAnswer reads a registry's error (distribution-spec, "Error Codes").
func readAnswer(resp *http.Response) error {
	a := &answer{status: resp.StatusCode}
	a.retryAfter, _ = retryAfter(resp, time.Now())
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		return a
	}
	var body struct {
		Errors []struct{ Code, Message string }
	}
	if json.Unmarshal(raw, &body) == nil {
		for _, e := range body.Errors {
			a.add(e.Code, e.Message)
		}
	}
	return a
}

func (a *answer) add(code, message string) {
	a.codes = append(a.codes, code)
	if a.message == "" {
		a.message = strings.Trim(printable(code)+": "+printable(message), ": ")
	}
}

// fromTransport translates the error of the library's ping and token exchange.
func fromTransport(err error) *answer {
	var t *transport.Error
	if !errors.As(err, &t) {
		return nil
	}
	a := &answer{status: t.StatusCode}
	for _, d := range t.Errors {
		a.add(string(d.Code), d.Message)
	}
	return a
}

// explain says which kind of failure an error was and what to do about it.
func (e *endpoint) explain(err error) error {
	if err == nil || classified(err) {
		return err
	}
	host := e.repo.RegistryStr()
	var a *answer
	if !errors.As(err, &a) {
		a = fromTransport(err)
	}
	if a == nil {
		return fmt.Errorf("%w: %s: %s: check the name, the network and the proxy", ErrUnreachable, host, printable(err.Error()))
	}
	is := func(status int, codes ...string) bool {
		return a.status == status || slices.ContainsFunc(a.codes, func(c string) bool { return slices.Contains(codes, c) })
	}
	switch {
	case is(http.StatusTooManyRequests, "TOOMANYREQUESTS"):
		when := "later"
		if a.retryAfter > 0 {
			when = "in " + a.retryAfter.String()
		}
		return fmt.Errorf("%w: %s answered %w: try again %s, log in, or name a mirror", ErrRateLimited, host, a, when)
	case a.status == http.StatusNotFound:
		return a
	case is(http.StatusUnauthorized, "UNAUTHORIZED") || is(http.StatusForbidden, "DENIED"):
		return e.refused(a)
	}
	return fmt.Errorf("%w: %s answered %w", ErrUnreachable, host, a)
}

// refused tells missing credentials from refused ones.
func (e *endpoint) refused(a *answer) error {
	host := e.repo.RegistryStr()
	if !e.anonymous {
		return fmt.Errorf("%w: %s does not let these credentials read %s: %w: check them with docker login or podman login", ErrForbidden, host, e.repo.RepositoryStr(), a)
	}
	hint := "run docker login or podman login " + host
	if e.problem != nil {
		hint = "credentials were looked for, but " + printable(e.problem.Error())
	}
	return fmt.Errorf("%w: %s wants some to read %s, or has no such name, which it does not tell: %w: %s", ErrUnauthorized, host, e.repo.RepositoryStr(), a, hint)
}

func sha256Of(raw []byte) v1.Hash {
	sum := sha256.Sum256(raw)
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
}
