package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// upstream is one place where one database is published.
type upstream interface {
	// String names it for people.
	String() string
	// ask says what is published there at the moment.
	ask(ctx context.Context) (offer, error)
}

// offer is one published archive.
type offer struct {
	// from is where it is, without credentials.
	from string
	// digest is the archive's "sha256:…".
	digest string
	// size is the archive's length, -1 where it is not announced.
	size int64
	// built is zero where it is not announced.
	built   time.Time
	warning string
	// get asks for the archive's bytes from an offset on.
	get func(ctx context.Context, offset int64) (*http.Response, error)
}

// ranged asks for url from an offset on.
func ranged(ctx context.Context, client *http.Client, url string, offset int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", userAgent)
	if offset > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, redact(err)
	}
	return resp, nil
}

const userAgent = "plimsoll"

// redact keeps the queries of signed addresses out of messages: a redirect to
// a content network carries a credential there.
func redact(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		if u, perr := url.Parse(ue.URL); perr == nil {
			u.RawQuery, u.User = "", nil
			return &url.Error{Op: ue.Op, URL: u.String(), Err: ue.Err}
		}
	}
	return err
}

// registry publishes a database as an OCI artifact of one layer.
type registry struct {
	ref      name.Reference
	gate     *gate
	keychain authn.Keychain
	now      func() time.Time
}

// newRegistry reads HOST/REPOSITORY:TAG; a leading http:// asks for plain HTTP.
func newRegistry(mirror string, o *UpdateOptions, base http.RoundTripper, now func() time.Time) (*registry, error) {
	bare, plain := strings.CutPrefix(mirror, "http://")
	bare = strings.TrimPrefix(strings.TrimPrefix(bare, "https://"), "oci://")
	plain = plain || o.PlainHTTP
	options := []name.Option{name.WeakValidation, name.WithDefaultTag("2")}
	if plain {
		options = append(options, name.Insecure)
	}
	ref, err := name.ParseReference(bare, options...)
	if err != nil {
		return nil, fmt.Errorf("trivy-db mirror %q: %w", mirror, err)
	}
	keychain := o.Keychain
	if keychain == nil {
		keychain = authn.DefaultKeychain
	}
	return &registry{ref: ref, gate: &gate{base: base, plain: plain, now: now}, keychain: keychain, now: now}, nil
}

func (r *registry) String() string { return r.ref.Name() }

func (r *registry) ask(ctx context.Context) (offer, error) {
	auth, err := authn.Resolve(ctx, r.keychain, r.ref.Context())
	if err != nil {
		auth = authn.Anonymous
	}
	o, err := r.askAs(ctx, auth)
	var status *statusError
	if errors.As(err, &status) && auth != authn.Anonymous &&
		(status.code == http.StatusUnauthorized || status.code == http.StatusForbidden) {
		// The databases are public: an outdated login must not stand in the way.
		return r.askAs(ctx, authn.Anonymous)
	}
	return o, err
}

func (r *registry) askAs(ctx context.Context, auth authn.Authenticator) (offer, error) {
	reg := r.ref.Context().Registry
	rt, err := transport.NewWithContext(ctx, reg, auth, r.gate, []string{r.ref.Scope(transport.PullScope)})
	if err != nil {
		return offer{}, r.statusOf(err)
	}
	client := &http.Client{Transport: rt}
	// The transport puts in the scheme that the registry answered with.
	base := url.URL{Scheme: reg.Scheme(), Host: reg.RegistryStr(), Path: "/v2/" + r.ref.Context().RepositoryStr()}
	b, err := r.manifest(ctx, client, base.JoinPath("manifests", r.ref.Identifier()).String())
	if err != nil {
		return offer{}, err
	}
	m, err := parseArtifact(b)
	if err != nil {
		return offer{}, err
	}
	blob := base.JoinPath("blobs", m.digest).String()
	return offer{
		from: r.ref.Name(), digest: m.digest, size: m.size,
		get: func(ctx context.Context, offset int64) (*http.Response, error) {
			resp, err := ranged(ctx, client, blob, offset)
			return resp, r.statusOf(err)
		},
	}, nil
}

const manifestTypes = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"

func (r *registry) manifest(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", manifestTypes)
	resp, err := client.Do(req)
	if err != nil {
		return nil, r.statusOf(redact(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, newStatusError(resp, r.now())
	}
	return readAtMost(resp.Body, defaultLimits().small)
}

// statusOf translates the registry client's errors, which carry the status
// without its Retry-After.
func (r *registry) statusOf(err error) error {
	var te *transport.Error
	if !errors.As(err, &te) {
		return err
	}
	text := ""
	if len(te.Errors) > 0 {
		text = oneLine(te.Errors[0].String())
	}
	return &statusError{code: te.StatusCode, after: r.gate.lastRetryAfter(), text: text}
}

// artifact is the one layer of a published database.
type artifact struct {
	digest string
	size   int64
}

// parseArtifact reads the manifest of a trivy-db artifact.
func parseArtifact(b []byte) (artifact, error) {
	var m struct {
		Manifests []json.RawMessage `json:"manifests"`
		Layers    []struct {
			MediaType string `json:"mediaType"`
			Digest    string `json:"digest"`
			Size      int64  `json:"size"`
		} `json:"layers"`
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return artifact{}, damaged(fmt.Errorf("manifest: %w", err))
	}
	if len(m.Manifests) > 0 {
		return artifact{}, damaged(errors.New("manifest is an index, not an artifact"))
	}
	if len(m.Layers) != 1 {
		return artifact{}, damaged(fmt.Errorf("manifest has %d layers instead of 1", len(m.Layers)))
	}
	l := m.Layers[0]
	if l.MediaType != trivyLayerType {
		return artifact{}, fmt.Errorf("%w: layer is %q, not a trivy-db", ErrNotDatabase, oneLine(l.MediaType))
	}
	if !sha256Digest.MatchString(l.Digest) || l.Size <= 0 {
		return artifact{}, damaged(fmt.Errorf("layer has digest %q and size %d", oneLine(l.Digest), l.Size))
	}
	return artifact{digest: l.Digest, size: l.Size}, nil
}

// listing publishes grype-db through its latest.json.
type listing struct {
	address *url.URL
	client  *http.Client
	now     func() time.Time
}

func newListing(address string, o *UpdateOptions, base http.RoundTripper, now func() time.Time) (*listing, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return nil, fmt.Errorf("grype-db listing %q is not an http(s) address", address)
	}
	plain := u.Scheme == "http" && o.PlainHTTP
	return &listing{address: u, client: &http.Client{Transport: &gate{base: base, plain: plain, now: now}}, now: now}, nil
}

func (l *listing) String() string {
	u := *l.address
	u.User, u.RawQuery = nil, ""
	return u.String()
}

func (l *listing) ask(ctx context.Context) (offer, error) {
	resp, err := ranged(ctx, l.client, l.address.String(), 0)
	if err != nil {
		return offer{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return offer{}, newStatusError(resp, l.now())
	}
	b, err := readAtMost(resp.Body, defaultLimits().small)
	if err != nil {
		return offer{}, err
	}
	latest, warning, err := parseGrypeListing(b)
	if err != nil {
		return offer{}, err
	}
	// The path has colons, which url.Parse would take for a scheme.
	archive := *l.address
	archive.Path = path.Join("/", path.Dir(l.address.Path), latest.Path)
	archive.RawPath = ""
	shown := archive
	shown.User, shown.RawQuery = nil, ""
	return offer{
		from: shown.String(), digest: latest.Checksum, size: -1, built: latest.Built, warning: warning,
		get: func(ctx context.Context, offset int64) (*http.Response, error) {
			return ranged(ctx, l.client, archive.String(), offset)
		},
	}, nil
}
