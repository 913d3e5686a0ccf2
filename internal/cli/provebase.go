package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"plimsoll/internal/image"
	"plimsoll/internal/rebuild/base"
	"plimsoll/internal/scan"
)

// baseTimeout bounds what is asked to learn an image's base: a proof doesn't wait
// long for a registry that it can do without.
const baseTimeout = 30 * time.Second

// baseOf tells an image's base. built is what the Dockerfile names that it was just
// built from; empty where that is not known. A registry is asked where the image
// itself came from one, or was built from what lies in one.
func (a *app) baseOf(ctx context.Context, o *proveOptions, e *scan.Examined, built string) *base.Base {
	s := &base.Subject{Digest: e.Image.Digest, Platform: e.Image.Platform.String(), Config: &e.Image.Config, Annotations: e.Image.Annotations}
	for _, at := range e.Image.Attestations {
		s.Statements = append(s.Statements, at.Statement)
	}
	q := base.Question{Built: built}
	if built != "" || e.Image.Source == image.Registry {
		q.Look = func(ctx context.Context, reference string) (*base.Known, error) {
			return a.lookAtBase(ctx, o, e.Image, reference, built != "")
		}
	}
	ctx, cancel := context.WithTimeout(ctx, baseTimeout)
	defer cancel()
	return base.Find(ctx, s, q)
}

// lookAtBase reads what identifies a base and none of its layers. named is set for
// what the user's own Dockerfile says; what an image says of itself must not send us
// into networks that its maker can't reach.
func (a *app) lookAtBase(ctx context.Context, o *proveOptions, of *image.Image, reference string, named bool) (*base.Known, error) {
	ref := "docker://" + strings.TrimPrefix(reference, "docker://")
	if image.InnerRegistry(ref) && !named && !image.InnerRegistry(of.Name) {
		return nil, fmt.Errorf("%s is at a private address that only the image names", reference)
	}
	opt := o.open(a)
	opt.Stdin, opt.Platform = strings.NewReader(""), ""
	if p := of.Platform; p.OS != "" && p.Architecture != "" {
		opt.Platform = p.String()
	}
	set, err := image.Open(ctx, ref, opt)
	if err != nil {
		return nil, err
	}
	defer set.Close()
	img := set.Images[0]
	return &base.Known{Reference: reference, Digests: digests(img), DiffIDs: diffIDs(img)}, nil
}
