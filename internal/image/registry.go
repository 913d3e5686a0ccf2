package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// manifestTypes are what we accept in answer to a request for a manifest. The
// old schema 1 isn't asked for; a registry that has nothing else says so.
const manifestTypes = string(types.OCIImageIndex) + ", " + string(types.DockerManifestList) + ", " +
	string(types.OCIManifestSchema1) + ", " + string(types.DockerManifestSchema2)

// registryImages resolves a name at its registry, mirrors first.
func (o *opening) registryImages(ctx context.Context, ref string) ([]*Image, error) {
	parsed, err := parseName(ref)
	if err != nil {
		return nil, err
	}
	endpoints, err := o.endpoints(parsed.Context())
	if err != nil {
		return nil, err
	}
	if !named(ref) {
		o.note("no tag was given: %s", parsed.Identifier())
	}
	var tried []string
	for i, e := range endpoints {
		at := *o
		at.template.Source = Registry
		at.template.Name = parsed.Name()
		at.template.Via = "registry " + e.repo.RegistryStr()
		if e.mirror {
			at.template.Via = "mirror " + e.repo.RegistryStr() + " of " + parsed.Context().RegistryStr()
			at.note("served by the %s", at.template.Via)
		} else if len(tried) > 0 {
			at.note("not served by a mirror: %s", strings.Join(tried, "; "))
		}
		images, err := at.imagesFrom(ctx, e, append(slices.Clone(endpoints[i:]), endpoints[:i]...), parsed)
		if err == nil {
			return images, nil
		}
		last := i == len(endpoints)-1
		if ctx.Err() != nil || !last && (errors.Is(err, ErrNoPlatform) || errors.Is(err, ErrNotImage)) {
			return nil, err
		}
		if last && len(tried) > 0 {
			return nil, fmt.Errorf("%w (mirrors tried before: %s)", err, strings.Join(tried, "; "))
		}
		if last {
			return nil, err
		}
		tried = append(tried, e.repo.RegistryStr()+": "+err.Error())
	}
	return nil, fmt.Errorf("%w: no registry to ask", ErrUnreachable)
}

func (o *opening) imagesFrom(ctx context.Context, e *endpoint, all []*endpoint, ref name.Reference) ([]*Image, error) {
	root, raw, err := e.root(ctx, ref)
	if err != nil {
		return nil, err
	}
	c := &registryContent{endpoints: all, root: raw, rootDigest: root.Digest}
	r := resolver{content: c, choice: o.choice, template: o.template, attestations: o.options.Attestations}
	return r.resolve(ctx, root)
}

// parseName parses a registry reference the way engines do.
func parseName(ref string) (name.Reference, error) {
	if scheme, rest, ok := strings.Cut(ref, "://"); ok {
		return nil, fmt.Errorf("%w: %s is an address: leave out %s://, as in %s", ErrReference, printable(ref), printable(scheme), printable(rest))
	}
	parsed, err := name.ParseReference(ref, name.WeakValidation)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: names are lower case, as in registry.example.com/team/name:tag", ErrReference, printable(err.Error()))
	}
	return parsed, nil
}

// InnerRegistry reports whether a name's registry is this host or has a private
// address written out: one that a stranger's image may not send us to.
func InnerRegistry(ref string) bool {
	parsed, err := parseName(strings.TrimPrefix(ref, "docker://"))
	return err == nil && isInner(hostOnly(parsed.Context().RegistryStr()))
}

// named reports whether the reference has a tag or a digest.
func named(ref string) bool {
	return strings.Contains(ref, "@") || strings.Contains(ref[strings.LastIndexByte(ref, '/')+1:], ":")
}

// registryContent reads the blobs of one repository. The first endpoint served
// the manifest; the others stand in where it fails.
type registryContent struct {
	endpoints  []*endpoint
	root       []byte
	rootDigest v1.Hash
}

func (c *registryContent) has(v1.Descriptor) bool { return true }

func (c *registryContent) manifest(ctx context.Context, d v1.Descriptor) ([]byte, error) {
	if d.Digest == c.rootDigest {
		return c.root, nil
	}
	var first error
	for _, e := range c.endpoints {
		raw, _, err := e.manifest(ctx, d.Digest.String())
		if err == nil {
			return raw, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

func (c *registryContent) config(ctx context.Context, d v1.Descriptor) ([]byte, error) {
	body, err := c.open(ctx, d)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	raw, err := io.ReadAll(io.LimitReader(body, maxConfig+1))
	if err == nil && len(raw) > maxConfig {
		err = tooLong(d.Digest.String(), int64(len(raw)), maxConfig)
	}
	return raw, err
}

func (c *registryContent) layer(d v1.Descriptor) (opener, int64, error) {
	size := d.Size
	if size <= 0 {
		size = -1
	}
	return func(ctx context.Context) (io.ReadCloser, error) {
		body, err := c.open(ctx, d)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &DamagedError{Blob: d.Digest.String(), Offset: -1, Reason: "the registry does not have it: push the image again", Cause: err}
		}
		if err != nil {
			return nil, fmt.Errorf("open layer %s: %w", d.Digest, err)
		}
		return body, nil
	}, size, nil
}

// open starts the download of a blob.
func (c *registryContent) open(ctx context.Context, d v1.Descriptor) (io.ReadCloser, error) {
	size := d.Size
	if size <= 0 {
		size = -1
	}
	body := &download{
		ctx: ctx, blob: d.Digest.String(), size: size, firstWait: c.endpoints[0].options.firstWait, stall: c.endpoints[0].options.stall,
		fetch: func(ctx context.Context, offset int64) (*http.Response, error) { return c.fetch(ctx, d, offset) },
	}
	if err := body.start(); err != nil {
		return nil, err
	}
	return body, nil
}

// fetch asks each endpoint for a blob, and for a foreign layer its own URLs too.
func (c *registryContent) fetch(ctx context.Context, d v1.Descriptor, offset int64) (*http.Response, error) {
	var first error
	for _, e := range c.endpoints {
		resp, err := e.blob(ctx, d, offset)
		if err == nil {
			return resp, nil
		}
		if first == nil || errors.Is(first, fs.ErrNotExist) {
			first = err
		}
		if ctx.Err() != nil {
			return nil, first
		}
	}
	if !isForeign(d.MediaType) || !errors.Is(first, fs.ErrNotExist) {
		return nil, first
	}
	return c.fetchForeign(ctx, d, offset)
}

// fetchForeign asks the URLs that a manifest gives for a layer which the
// publisher alone may distribute. No credentials are sent, and a manifest can't
// send us into private networks.
func (c *registryContent) fetchForeign(ctx context.Context, d v1.Descriptor, offset int64) (*http.Response, error) {
	e := c.endpoints[0]
	client := &http.Client{Transport: e.transport, CheckRedirect: checkRedirect}
	reason := "the registry does not have it and its manifest gives no URL"
	for _, raw := range d.URLs[:min(len(d.URLs), 8)] {
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || isInner(u.Hostname()) && !isInner(hostOnly(e.repo.RegistryStr())) {
			reason = "its URL " + printable(raw) + " is not one to follow"
			continue
		}
		resp, err := get(ctx, client, raw, d.Size, offset)
		if err == nil {
			return resp, nil
		}
		reason = printable(err.Error())
	}
	return nil, fmt.Errorf("layer %s: %w: %s", d.Digest, ErrForeign, reason)
}

// get asks for a URL's bytes from an offset on.
func get(ctx context.Context, client *http.Client, url string, size, offset int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	if offset > 0 {
		// With an end, since some registries insist on one.
		span := fmt.Sprintf("bytes=%d-", offset)
		if size > 0 {
			span += fmt.Sprint(size - 1)
		}
		req.Header.Set("Range", span)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusPartialContent && offset > 0 {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, readAnswer(resp)
}

// root returns the manifest or index that a reference names.
func (e *endpoint) root(ctx context.Context, ref name.Reference) (v1.Descriptor, []byte, error) {
	raw, mediaType, err := e.manifest(ctx, ref.Identifier())
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return v1.Descriptor{}, nil, e.notFound(ctx, ref, err)
		}
		return v1.Descriptor{}, nil, err
	}
	d := v1.Descriptor{MediaType: mediaType}
	if digest, ok := ref.(name.Digest); ok {
		// The resolver holds the bytes against it.
		if d.Digest, err = v1.NewHash(digest.DigestStr()); err != nil {
			return d, nil, fmt.Errorf("%w: %s", ErrReference, printable(err.Error()))
		}
		return d, raw, nil
	}
	d.Digest = sha256Of(raw)
	return d, raw, nil
}

// manifest gets a manifest or an index by tag or digest. Where there is none
// the error wraps fs.ErrNotExist.
func (e *endpoint) manifest(ctx context.Context, identifier string) ([]byte, types.MediaType, error) {
	client, err := e.connect(ctx)
	if err != nil {
		return nil, "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url("manifests", identifier), http.NoBody)
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("Accept", manifestTypes)
	ctx, cancel := context.WithTimeout(ctx, 2*answerTimeout)
	defer cancel()
	resp, err := client.Do(req.WithContext(ctx))
	if err != nil {
		return nil, "", e.explain(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, "", e.explain(readAnswer(resp))
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxManifest+1))
	if err != nil {
		return nil, "", e.explain(err)
	}
	if len(raw) > maxManifest {
		return nil, "", tooLong("manifest "+identifier, int64(len(raw)), maxManifest)
	}
	mediaType, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	return raw, types.MediaType(strings.TrimSpace(mediaType)), nil
}

// blob asks for a blob's bytes from an offset on.
func (e *endpoint) blob(ctx context.Context, d v1.Descriptor, offset int64) (*http.Response, error) {
	client, err := e.connect(ctx)
	if err != nil {
		return nil, err
	}
	resp, err := get(ctx, client, e.url("blobs", d.Digest.String()), d.Size, offset)
	if err == nil {
		return resp, nil
	}
	var a *answer
	if errors.As(err, &a) && a.status == http.StatusRequestedRangeNotSatisfiable {
		return nil, &DamagedError{Blob: d.Digest.String(), Offset: offset, Reason: "the registry holds no more of it"}
	}
	if offset > 0 && a == nil {
		// A connection that breaks again is the download's business.
		return nil, err
	}
	return nil, e.explain(err)
}

// notFound tells a missing name from a missing tag. The codes alone don't: some
// registries answer MANIFEST_UNKNOWN for a name they never heard of, so the
// list of tags is asked.
func (e *endpoint) notFound(ctx context.Context, ref name.Reference, cause error) error {
	what := printable(ref.Context().Name())
	var a *answer
	if errors.As(cause, &a) && slices.Contains(a.codes, "NAME_UNKNOWN") {
		return fmt.Errorf("%w: %s does not know the name %s: check the spelling", ErrNotFound, e.repo.RegistryStr(), what)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tags, err := e.tags(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s does not know the name %s: check the spelling", ErrNotFound, e.repo.RegistryStr(), what)
	}
	missing := "tag " + printable(ref.Identifier())
	if _, ok := ref.(name.Digest); ok {
		missing = "manifest " + printable(ref.Identifier())
	}
	hint := "check the spelling"
	if len(tags) > 0 {
		hint = "its tags are " + shorten(nearest(ref.Identifier(), tags), 8)
	}
	return fmt.Errorf("%w: %s has no %s: %s", ErrNoTag, what, missing, hint)
}
