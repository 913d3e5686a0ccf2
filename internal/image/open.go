package image

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options say how to open an image. The zero value is good for registries,
// uncompressed archives and layouts.
type Options struct {
	// Platform is "os/architecture[/variant]", AllPlatforms, or empty for
	// this host's (Linux's where the host runs something else).
	Platform string
	// Streamed is called, in the order of the stream, for every blob that
	// looks like a layer, while a source that can be read once only is
	// opened: before it is known to which image the blob belongs, or whether
	// to any. It inspects the blob and remembers what it found by diff ID. A
	// blob that turns out not to be a layer is no error; an error ends Open.
	Streamed func(ctx context.Context, blob StreamedBlob) error
	// Attestations asks for the provenance that builders attach beside an image.
	Attestations bool
	// Stdin is what the reference "-" reads.
	Stdin io.Reader
	// Insecure allows plain HTTP to registries that are not on this host.
	Insecure bool
	// Mirrors are "REGISTRY=MIRROR[/PREFIX]", tried in the order given
	// before the registry itself; "http://" before a mirror allows plain
	// HTTP to it.
	Mirrors []string
	// CAFile is a PEM file of certificates to trust besides the system's.
	CAFile string
	// UserAgent is sent to registries and engines.
	UserAgent string
	// Getenv replaces os.Getenv.
	Getenv func(string) string

	// firstWait and stall are the constants of transport.go, shorter in tests.
	firstWait, stall time.Duration
}

func (o Options) withDefaults() Options {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	o.UserAgent = cmp.Or(o.UserAgent, "plimsoll")
	o.firstWait = cmp.Or(o.firstWait, firstWait)
	o.stall = cmp.Or(o.stall, stallTimeout)
	return o
}

// Set is what a reference led to: an Image for each platform asked.
type Set struct {
	Images []*Image

	once    sync.Once
	closers []io.Closer
	err     error
}

// Close releases files and connections; layers can't be opened afterwards. It
// may be called twice.
func (s *Set) Close() error {
	s.once.Do(func() {
		for _, c := range slices.Backward(s.closers) {
			s.err = errors.Join(s.err, c.Close())
		}
	})
	return s.err
}

// opening is the state of one call of Open.
type opening struct {
	options  Options
	choice   choice
	template Image
	closers  []io.Closer
}

// Open finds the image that ref names. The caller closes the Set. Errors wrap
// one of the sentinels in errors.go. A reference is one of:
//
//	NAME[:TAG][@DIGEST]         the local engines, then the registry; an existing
//	                            file or folder of that name is read as an archive
//	docker:NAME, podman:NAME    that engine alone
//	docker://NAME               the registry alone, as skopeo writes it
//	PATH[:NAME][@DIGEST]        an archive or a layout's folder; NAME or TAG picks
//	                            one of several images in it
//	docker-archive:PATH…        the same, read as docker save's form
//	oci:PATH… oci-layout:… oci-archive:…   the same, read as an OCI layout
//	-[:NAME][@DIGEST]           an archive on standard input
func Open(ctx context.Context, ref string, opts Options) (*Set, error) {
	opts = opts.withDefaults()
	t, err := parseTarget(ref)
	if err != nil {
		return nil, err
	}
	o := &opening{options: opts, template: Image{Reference: ref}}
	if o.choice, err = parseChoice(opts.Platform); err != nil {
		return nil, err
	}
	images, err := o.open(ctx, t)
	set := &Set{Images: images, closers: o.closers}
	if err != nil {
		_ = set.Close() // the reason matters, not a second error while tidying up
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return set, nil
}

func (o *opening) open(ctx context.Context, t target) ([]*Image, error) {
	switch t.kind {
	case registryTarget:
		return o.registryImages(ctx, t.name)
	case dockerTarget:
		return o.engineImages(ctx, dockerEngine(o.options.Getenv), t.name)
	case podmanTarget:
		return o.engineImages(ctx, podmanEngine(o.options.Getenv), t.name)
	case stdinTarget:
		o.template.Via = "standard input"
		return openStdin(ctx, o, t.archive)
	case archiveTarget:
		o.template.Via = t.archive.path
		return openArchive(ctx, o, t.archive)
	}
	return o.plainImages(ctx, t)
}

// plainImages resolves a name without a prefix: a file or folder of that name
// if it is an image, the local engines, the registry.
func (o *opening) plainImages(ctx context.Context, t target) ([]*Image, error) {
	if t.archive.path != "" {
		o.template.Via = t.archive.path
		images, err := openArchive(ctx, o, t.archive)
		if !errors.Is(err, errOtherThing) {
			return images, err
		}
		o.note("%s is here too and is no image archive: taken as an image's name", printable(t.archive.path))
	}
	if _, err := parseName(t.name); err != nil {
		return nil, err
	}
	reasons, images, err := o.localImages(ctx, t.name)
	if images != nil || err != nil {
		return images, err
	}
	o.note("from the registry: %s", strings.Join(reasons, "; "))
	images, err = o.registryImages(ctx, t.name)
	if err != nil {
		return nil, fmt.Errorf("%w (nor locally: %s)", err, strings.Join(reasons, "; "))
	}
	return images, nil
}

// localImages asks the engines of this host. Without images and error, the
// reasons say why neither has it.
func (o *opening) localImages(ctx context.Context, name string) ([]string, []*Image, error) {
	if o.choice.all {
		return []string{"all platforms were asked for, an engine holds one"}, nil, nil
	}
	var reasons []string
	for _, e := range []engine{dockerEngine(o.options.Getenv), podmanEngine(o.options.Getenv)} {
		before := o.template
		images, err := o.engineImages(ctx, e, name)
		switch {
		case err == nil:
			for _, img := range images {
				img.Notes = append([]string{"from " + img.Via + "; a registry may hold a newer one"}, img.Notes...)
			}
			return nil, images, nil
		case errors.Is(err, ErrEngineDown), errors.Is(err, ErrEngineFailed), errors.Is(err, ErrEngineDenied), errors.Is(err, ErrNotFound), errors.Is(err, ErrNoTag), errors.Is(err, ErrNoPlatform):
			reasons = append(reasons, e.reason(err))
			o.template = before
		default:
			return nil, nil, err
		}
	}
	return reasons, nil, nil
}

func (o *opening) note(format string, args ...any) {
	o.template.Notes = append(slices.Clone(o.template.Notes), fmt.Sprintf(format, args...))
}
