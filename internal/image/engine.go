package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// engine is a container engine that speaks Docker's API.
type engine struct {
	kind SourceKind
	// called is its name for people.
	called string
	// addresses are where it may listen, most wanted first.
	addresses []engineAddress
	// start says how to start it.
	start string
}

// inspected is what an engine says about an image.
type inspected struct {
	ID           string `json:"Id"`
	OS           string `json:"Os"`
	Architecture string
	Variant      string
	RepoTags     []string
	RepoDigests  []string
	// Descriptor is there where the engine keeps manifests as it got them, of
	// several platforms if need be, and takes ?platform= for an export
	// (Docker's containerd image store since API 1.48).
	Descriptor *struct{ Digest string }
}

// nameOf returns the canonical form of the image's name that the user meant;
// empty where it was called by its ID or a part of it. Podman adds localhost/
// to names without a registry, where a pull would ask Docker Hub.
func (i *inspected) nameOf(asked string) string {
	for _, held := range slices.Concat(i.RepoTags, i.RepoDigests) {
		if sameName(asked, held) {
			return canonicalName(held)
		}
	}
	for _, held := range i.RepoTags {
		if local, ok := strings.CutPrefix(held, "localhost/"); ok && sameName(asked, local) {
			return canonicalName(held)
		}
	}
	return ""
}

// knows reports whether a manifest's or index's digest is one that the image
// can be found by. Engines that don't keep manifests make one up for an export:
// its digest is nowhere else, and must not be taken for one to pin.
func (i *inspected) knows(digest string) bool {
	return digest != "" && (i.Descriptor != nil || i.ID == digest || slices.ContainsFunc(i.RepoDigests, func(held string) bool {
		return strings.HasSuffix(held, "@"+digest)
	}))
}

// engineImages exports an image from an engine. The export is a stream, so its
// layers are handed to Options.Streamed.
func (o *opening) engineImages(ctx context.Context, e engine, name string) ([]*Image, error) {
	c, err := e.connect(ctx, o.options)
	if err != nil {
		return nil, err
	}
	defer c.close()
	info, err := c.inspect(ctx, name)
	if err != nil {
		return nil, err
	}
	have := Platform{OS: info.OS, Architecture: info.Architecture, Variant: info.Variant}
	query := url.Values{}
	if o.choice.explicit && info.Descriptor != nil {
		// The image store may hold other platforms than the one it shows.
		query.Set("platform", platformJSON(o.choice.want))
	} else if o.choice.explicit && have.known() && !have.satisfies(o.choice.want) {
		return nil, fmt.Errorf("%w: %s holds %s for %s only: pull it for %s", ErrNoPlatform, c.via, printable(name), have, o.choice.want)
	}
	if o.options.Streamed == nil {
		return nil, fmt.Errorf("%w: an image in the %s", ErrNeedsStream, c.via)
	}
	body, err := c.export(ctx, name, info.ID, query)
	if err != nil {
		err = c.explain(name, err)
		switch {
		case errors.Is(err, ErrNotFound) && !have.known():
			return nil, fmt.Errorf("%w: %s holds %s for another platform than this host's: name that with --platform, or pull the image for %s", ErrNoPlatform, c.via, printable(name), hostPlatform())
		case errors.Is(err, ErrNotFound), errors.Is(err, ErrNoPlatform) && have.known() && have.satisfies(o.choice.want):
			err = c.incomplete(name, err)
		}
		return nil, err
	}
	defer body.Close()
	o.template.Source, o.template.Via = e.kind, c.via
	o.template.Name = info.nameOf(name)
	images, err := o.stream(ctx, archiveSource{}, body)
	if errors.Is(err, ErrDamaged) && errors.Is(err, fs.ErrNotExist) {
		err = c.incomplete(name, err)
	}
	for _, img := range images {
		if !info.knows(img.Digest) && !info.knows(img.IndexDigest) {
			img.Digest, img.IndexDigest = "", ""
		}
	}
	return images, err
}

func platformJSON(p Platform) string {
	raw, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	return string(raw)
}

// escapeName keeps the slashes, which the engines' routes expect as they are.
func escapeName(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// reason says in a few words why an engine didn't serve an image.
func (e engine) reason(err error) string {
	where := e.called
	if len(e.addresses) > 0 {
		where += " at " + e.addresses[0].String()
	}
	switch {
	case errors.Is(err, ErrEngineDown):
		return where + " is not running"
	case errors.Is(err, ErrEngineFailed):
		return where + " could not give it"
	case errors.Is(err, ErrEngineDenied):
		return where + " may not be asked by this user"
	case errors.Is(err, ErrNoPlatform):
		return where + " holds another platform"
	}
	return where + " does not hold it"
}

// connection is an engine that answered.
type connection struct {
	client *http.Client
	base   string
	via    string
	// libpod is the version of Podman's own API, empty for other engines.
	libpod string
}

// connect asks each address until one answers.
func (e engine) connect(ctx context.Context, opts Options) (*connection, error) {
	var reasons []string
	denied := false
	for _, a := range e.addresses {
		c, err := a.dial(opts)
		if err == nil {
			c.via = e.called + " at " + a.String()
			err = c.ping(ctx)
		}
		if err == nil {
			return c, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		reasons = append(reasons, a.String()+": "+printable(err.Error()))
		denied = denied || errors.Is(err, fs.ErrPermission)
	}
	switch {
	case denied:
		return nil, fmt.Errorf("%w: %s: %s; run as a user who may open the socket (docker: a member of its group), or scan the image from a registry or an archive", ErrEngineDenied, e.called, strings.Join(reasons, "; "))
	case len(reasons) == 0:
		return nil, fmt.Errorf("%w: %s: no socket found; %s", ErrEngineDown, e.called, e.start)
	}
	return nil, fmt.Errorf("%w: %s: %s; %s", ErrEngineDown, e.called, strings.Join(reasons, "; "), e.start)
}

// ping makes sure that somebody listens, and learns whether that is Podman.
func (c *connection) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/_ping", http.NoBody)
	if err != nil {
		return err
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return unwrapURL(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		// Such as "client sent an HTTP request to an HTTPS server".
		said, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
		return fmt.Errorf("it answered %s: %s", resp.Status, strings.TrimSpace(string(said)))
	}
	c.libpod = resp.Header.Get("Libpod-Api-Version")
	return nil
}

// unwrapURL takes away the URL that net/http puts before an error: its host is
// made up for a socket.
func unwrapURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func (c *connection) inspect(ctx context.Context, name string) (*inspected, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	body, err := c.get(ctx, "/images/"+escapeName(name)+"/json", nil)
	if err != nil {
		return nil, c.explain(name, err)
	}
	defer body.Close()
	var info inspected
	if err := json.NewDecoder(io.LimitReader(body, maxEngineAnswer)).Decode(&info); err != nil {
		return nil, fmt.Errorf("%w: %s: its answer is not that of an engine: %s", ErrEngineDown, c.via, printable(err.Error()))
	}
	return &info, nil
}

// export asks for an image as an archive. Podman fails to give an image with
// zstd layers by Docker's API, whose manifests have no such type; its own API
// gives it as an OCI archive. That is the second choice, since it gives some
// images with a configuration of another digest.
func (c *connection) export(ctx context.Context, name, id string, query url.Values) (io.ReadCloser, error) {
	body, err := c.get(ctx, "/images/"+escapeName(name)+"/get", query)
	var answer *engineError
	if c.libpod == "" || !errors.As(err, &answer) || answer.status != http.StatusInternalServerError {
		return body, err
	}
	path := "/v" + url.PathEscape(c.libpod) + "/libpod/images/" + url.PathEscape(strings.TrimPrefix(id, "sha256:")) + "/get"
	body, second := c.get(ctx, path, url.Values{"format": {"oci-archive"}})
	if second != nil {
		return nil, err
	}
	return body, nil
}

// engineError is an engine's answer that isn't a success.
type engineError struct {
	status  int
	message string
}

func (e *engineError) Error() string {
	return fmt.Sprintf("%d %s: %s", e.status, http.StatusText(e.status), e.message)
}

func (c *connection) get(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	u := c.base + path
	if len(query) > 0 {
		u += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrReference, printable(err.Error()))
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, unwrapURL(err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		return nil, err
	}
	// Docker says "message", Podman's own API "cause" and "message".
	var said struct{ Message string }
	if json.Unmarshal(raw, &said) != nil || said.Message == "" {
		said.Message = string(raw)
	}
	return nil, &engineError{status: resp.StatusCode, message: printable(strings.TrimSpace(said.Message))}
}

// explain says which kind of failure an engine's answer was.
func (c *connection) explain(name string, err error) error {
	if classified(err) {
		return err
	}
	var answer *engineError
	switch {
	case !errors.As(err, &answer):
		return fmt.Errorf("%w: %s: %s", ErrEngineDown, c.via, printable(err.Error()))
	case answer.status == http.StatusNotFound && strings.Contains(answer.message, "platform"):
		return fmt.Errorf("%w: %s: %s", ErrNoPlatform, c.via, answer.message)
	case answer.status == http.StatusInternalServerError && strings.HasPrefix(answer.message, "normalizing image"):
		// Podman's answer to a name that can't be one of its images.
		return fmt.Errorf("%w: %s can hold no image of this name: %s", ErrNotFound, c.via, answer.message)
	case answer.status == http.StatusNotFound:
		return fmt.Errorf("%w: %s does not hold %s: pull it, or write docker://%s for the registry", ErrNotFound, c.via, printable(name), printable(name))
	case slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden}, answer.status):
		return fmt.Errorf("%w: %s: %w", ErrForbidden, c.via, answer)
	case answer.status == http.StatusBadRequest:
		return fmt.Errorf("%w: %s: %w", ErrReference, c.via, answer)
	}
	return fmt.Errorf("%w: %s answered %w", ErrEngineFailed, c.via, answer)
}

// incomplete explains an image that an engine lists and can't give. Docker's
// containerd image store doesn't fetch a layer that it has unpacked already for
// another image, compressed in another way, and leaves it out of an export
// (github.com/moby/moby, issue 49473).
func (c *connection) incomplete(name string, err error) error {
	return fmt.Errorf("%w: %s does not have all of %s, as happens where Docker's containerd image store shares layers between images: write docker://%s for the registry (%v)",
		ErrEngineFailed, c.via, printable(name), printable(name), err)
}

func (c *connection) close() { c.client.CloseIdleConnections() }
