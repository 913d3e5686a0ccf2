package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/spf13/pflag"

	"plimsoll/internal/image"
	"plimsoll/internal/rebuild/pin"
)

// digestOptions say where the digests of references come from.
type digestOptions struct {
	known   []string
	images  []string
	offline bool
}

func (o *digestOptions) addTo(f *pflag.FlagSet) {
	f.StringArrayVar(&o.known, "digest", nil, "REF=sha256:… to take as the digest of a reference, without asking its registry; may be repeated")
	f.StringArrayVar(&o.images, "images", nil, "archive or OCI layout whose images' names and digests are taken as those of the registry; may be repeated")
	f.BoolVar(&o.offline, "offline", false, "ask no registry: only --digest and --images say what a reference leads to")
}

// errOffline is why a reference could not be resolved.
var errOffline = errors.New("not among --digest and --images, and --offline asks no registry")

// resolver returns a function that says what a reference leads to, the index's digest
// where there is one. What the user gave goes before the registry.
func (a *app) resolver(ctx context.Context, o *digestOptions, source *imageOptions) (pin.Resolve, error) {
	known := map[string]pin.Resolved{}
	for _, k := range o.known {
		ref, digest, ok := cutLast(k, "=")
		if _, err := v1.NewHash(digest); !ok || err != nil {
			return nil, usage(fmt.Errorf("--digest takes REF=sha256:…, not %q", k))
		}
		canonical, err := canonicalName(ref)
		if err != nil {
			return nil, usage(fmt.Errorf("--digest %s: %w", k, err))
		}
		known[canonical] = pin.Resolved{Digest: digest}
	}
	for _, path := range o.images {
		if err := a.namesIn(ctx, path, source, known); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context, ref string) (pin.Resolved, error) {
		canonical, err := canonicalName(ref)
		if err != nil {
			return pin.Resolved{}, err
		}
		if r, ok := known[canonical]; ok {
			return r, nil
		}
		if o.offline {
			return pin.Resolved{}, errOffline
		}
		opt := source.open(a)
		opt.Platform = source.platform
		set, err := image.Open(ctx, "docker://"+ref, opt)
		if errors.Is(err, image.ErrNoPlatform) {
			opt.Platform = image.AllPlatforms
			set, err = image.Open(ctx, "docker://"+ref, opt)
		}
		if err != nil {
			return pin.Resolved{}, err
		}
		defer set.Close()
		return resolvedOf(set.Images[0]), nil
	}, nil
}

func resolvedOf(img *image.Image) pin.Resolved {
	r := pin.Resolved{Digest: img.Digest, Created: img.Config.Created.Time}
	if img.IndexDigest != "" {
		r.Digest = img.IndexDigest
	}
	return r
}

// namesIn takes in the images of an archive or layout, by their names and digests.
func (a *app) namesIn(ctx context.Context, path string, source *imageOptions, known map[string]pin.Resolved) error {
	opt := source.open(a)
	opt.Platform = image.AllPlatforms
	set, err := image.Open(ctx, path, opt)
	if err != nil {
		return about(path, err)
	}
	defer set.Close()
	named := 0
	for _, img := range set.Images {
		canonical, err := canonicalName(img.Name)
		r := resolvedOf(img)
		if img.Name == "" || err != nil || r.Digest == "" {
			continue
		}
		named++
		known[canonical] = r
		if repo, _, ok := cutLast(canonical, ":"); ok {
			known[repo+"@"+r.Digest] = r
		}
	}
	if named == 0 {
		return usage(fmt.Errorf("--images %s: no image in it has a name and a digest", path))
	}
	return nil
}

// canonicalName writes a reference in full: index.docker.io/library/python:3.12.
func canonicalName(ref string) (string, error) {
	parsed, err := name.ParseReference(ref, name.WeakValidation)
	if err != nil {
		return "", fmt.Errorf("%s is no reference to an image", ref)
	}
	return parsed.Name(), nil
}

// cutLast parts a string at the last separator.
func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
