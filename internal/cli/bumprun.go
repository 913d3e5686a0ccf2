package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"plimsoll/internal/image"
	"plimsoll/internal/rebuild/base"
	"plimsoll/internal/rebuild/bump"
	"plimsoll/internal/scan"
)

// bumping is one run of bump.
type bumping struct {
	app     *app
	options *bumpOptions
	scanner *scan.Scanner
	subject string
	stage   *bump.Stage

	// image is the one that is asked about now.
	image *image.Image
	// given are the candidates that were named, examined for this platform.
	given map[string]examinedSide
}

type examinedSide struct {
	side *bump.Side
	err  error
}

// report gives the advice on each image that the reference offers for the platforms asked.
func (b *bumping) report(ctx context.Context, ref string) (*bump.Report, error) {
	opt := b.options.open(b.app)
	opt.Attestations = true
	examined, err := b.scanner.Evidence(ctx, opt, ref)
	if err != nil {
		return nil, about(ref, err)
	}
	r := &bump.Report{SchemaVersion: bump.SchemaVersion, Tool: tool()}
	for _, e := range examined[0] {
		advice, err := b.advise(ctx, e)
		if err != nil {
			return nil, about(ref, err)
		}
		r.Advice = append(r.Advice, *advice)
	}
	return r, nil
}

func (b *bumping) advise(ctx context.Context, e *scan.Examined) (*bump.Advice, error) {
	b.image, b.given = e.Image, map[string]examinedSide{}
	v, err := b.scanner.Judge(ctx, e)
	if err != nil {
		return nil, err
	}
	side := sideOf(e)
	side.Verdict = v
	in := bump.Input{
		Subject: b.subject, Stage: b.stage, Image: *side, Candidates: b.options.candidates,
		Examine: b.examine, Max: b.options.most, Now: b.scanner.Now,
	}
	if len(in.Candidates) == 0 {
		in.Tags = b.tags
	}
	if in.Base, err = b.base(ctx, e); err != nil {
		return nil, err
	}
	in.Below = e.Below(in.Base.Layers)
	advice, err := bump.Advise(ctx, in)
	if err != nil {
		return nil, err
	}
	advice.Notes = append(advice.Notes, e.Image.Notes...)
	return advice, nil
}

// base tells the image's base; that of a Dockerfile is the image itself.
func (b *bumping) base(ctx context.Context, e *scan.Examined) (*base.Base, error) {
	if b.stage != nil {
		found := &base.Base{
			Reference: b.stage.From, Digest: firstDigest(e.Image), Layers: len(e.Layers), Source: base.Dockerfile, Confidence: base.Certain,
			Reason: "what the Dockerfile names, as it is today",
		}
		if b.options.base != "" {
			found.Reference, found.Source, found.Reason = b.options.base, base.Given, "named with --base in place of the Dockerfile's"
		}
		found.Reference, _, _ = strings.Cut(found.Reference, "@")
		return found, nil
	}
	q := base.Question{Given: b.options.base, Look: b.look}
	for _, ref := range b.options.candidates {
		// They are scanned anyway; their layers may tell the base.
		if side, err := b.examine(ctx, ref); err == nil {
			q.Known = append(q.Known, base.Known{Reference: ref, Digests: side.Digests, DiffIDs: side.DiffIDs})
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	s := &base.Subject{Digest: e.Image.Digest, Platform: e.Image.Platform.String(), Config: &e.Image.Config, Annotations: e.Image.Annotations}
	for _, a := range e.Image.Attestations {
		s.Statements = append(s.Statements, a.Statement)
	}
	found := base.Find(ctx, s, q)
	return found, ctx.Err()
}

// open are the options for images other than the one asked about.
func (b *bumping) open() image.Options {
	opt := b.options.imageOptions.open(b.app)
	opt.Stdin = strings.NewReader("")
	opt.Platform = ""
	if p := b.image.Platform; p.OS != "" && p.Architecture != "" {
		opt.Platform = p.String()
	}
	return opt
}

// asked is how a reference is opened: what the user wrote as it is; what was found
// in the image or in a list of tags at its registry, since a newer one is wanted
// than an engine may hold.
func (b *bumping) asked(reference string) (string, error) {
	if reference == b.options.base || len(b.options.candidates) > 0 {
		return reference, nil
	}
	reference = "docker://" + strings.TrimPrefix(reference, "docker://")
	// What an image says of itself must not send us into networks that its maker
	// can't reach: only where the user pointed there.
	if image.InnerRegistry(reference) && b.options.base == "" && b.stage == nil && !image.InnerRegistry(b.image.Name) {
		return "", fmt.Errorf("%s is at a private address that only the image names: name it with --base to allow it", strings.TrimPrefix(reference, "docker://"))
	}
	return reference, nil
}

var errNotAsked = errors.New("no registry is asked where --candidates is given")

// look reads what identifies an image and none of its layers.
func (b *bumping) look(ctx context.Context, reference string) (*base.Known, error) {
	if len(b.options.candidates) > 0 && reference != b.options.base {
		return nil, errNotAsked
	}
	ref, err := b.asked(reference)
	if err != nil {
		return nil, err
	}
	opt := b.open()
	opt.Streamed = func(_ context.Context, blob image.StreamedBlob) error {
		_, err := io.Copy(io.Discard, blob.Reader)
		return err
	}
	set, err := image.Open(ctx, ref, opt)
	if err != nil {
		return nil, err
	}
	defer set.Close()
	img := set.Images[0]
	return &base.Known{Reference: reference, Digests: digests(img), DiffIDs: diffIDs(img)}, nil
}

func (b *bumping) tags(ctx context.Context, reference string) (*image.TagList, error) {
	ref, err := b.asked(reference)
	if err != nil {
		return nil, err
	}
	return image.Tags(ctx, ref, b.open())
}

// examine scans a candidate; one that was named is scanned once.
func (b *bumping) examine(ctx context.Context, reference string) (*bump.Side, error) {
	if known, ok := b.given[reference]; ok {
		return known.side, known.err
	}
	side, err := b.scan(ctx, reference)
	if len(b.options.candidates) > 0 && ctx.Err() == nil {
		b.given[reference] = examinedSide{side, err}
	}
	return side, err
}

func (b *bumping) scan(ctx context.Context, reference string) (*bump.Side, error) {
	ref, err := b.asked(reference)
	if err != nil {
		return nil, err
	}
	examined, err := b.scanner.Evidence(ctx, b.open(), ref)
	if err != nil {
		return nil, err
	}
	side := sideOf(examined[0][0])
	side.Verdict, err = b.scanner.Judge(ctx, examined[0][0])
	return side, err
}

func sideOf(e *scan.Examined) *bump.Side {
	return &bump.Side{
		Reference: e.Image.Reference, Pulled: e.Image.Source == image.Registry && e.Image.Digest != "", Digests: digests(e.Image), DiffIDs: diffIDs(e.Image), Created: e.Image.Config.Created.Time,
	}
}

// digests has that of the index first, which is what a FROM should be pinned to.
func digests(img *image.Image) []string {
	var all []string
	for _, d := range []string{img.IndexDigest, img.Digest} {
		if d != "" {
			all = append(all, d)
		}
	}
	return all
}

func firstDigest(img *image.Image) string {
	if all := digests(img); len(all) > 0 {
		return all[0]
	}
	return ""
}

func diffIDs(img *image.Image) []string {
	ids := make([]string, len(img.Layers))
	for i, l := range img.Layers {
		ids[i] = l.DiffID
	}
	return ids
}
