package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"plimsoll/internal/evidence"
	"plimsoll/internal/image"
	"plimsoll/internal/inspect"
)

// gathering holds the evidence of layers while the images of one reference are
// scanned: platforms that share a layer share its evidence.
type gathering struct {
	scanner *Scanner
	mu      sync.Mutex
	layers  map[string]*outcome // by diff ID
	// packages counts the records of all layers, listed the bytes of their file lists.
	packages, listed atomic.Int64
	// broken are the blobs of a stream that could not be read as layers; one
	// that belongs to the image is missed later, and then they say why.
	broken []error
}

// outcome is what came of reading one layer.
type outcome struct {
	once  sync.Once
	layer *evidence.Layer
	// err is why the layer's evidence is incomplete.
	err error
}

// streamed is image.Options.Streamed: it inspects a blob of a source that can
// be read only once. Whether the blob belongs to the image is not known yet.
func (g *gathering) streamed(ctx context.Context, blob image.StreamedBlob) error {
	if c := g.scanner.Cache; c != nil && blob.Digest != "" {
		// It is decoded now: an entry that turns out to be damaged once the
		// stream has passed by would be missed.
		if layer, err := c.Find(ctx, blob.Digest); err == nil && layer != nil {
			return g.keep(layer)
		}
	}
	g.scanner.progress(Event{Kind: LayerStarted, Layer: blob.Name, Bytes: blob.Size})
	layer, err := g.scanner.Pass.Layer(ctx, g.scanner.counted(blob.Name, blob.Reader), inspect.Blob{})
	g.scanner.progress(Event{Kind: LayerDone, Layer: blob.Name})
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// It may be no layer at all, so this is no reason to stop; damage of
		// the stream itself ends it anyway.
		g.mu.Lock()
		g.broken = append(g.broken, inWords(blob.Name, err))
		g.mu.Unlock()
		return nil
	}
	if c := g.scanner.Cache; c != nil && len(layer.Unread) > 0 {
		// A source that could be read again may have told more.
		if whole, err := c.Get(ctx, layer.DiffID); err == nil && whole != nil {
			return g.keep(whole)
		}
	}
	g.cache(ctx, layer)
	return g.keep(layer)
}

// keep remembers verified evidence.
func (g *gathering) keep(layer *evidence.Layer) error {
	g.mu.Lock()
	o := g.layers[layer.DiffID]
	if o == nil {
		o = &outcome{}
		g.layers[layer.DiffID] = o
	}
	g.mu.Unlock()
	o.once.Do(func() { o.layer, o.err = g.counted(layer, nil) })
	if o.layer == nil {
		return o.err
	}
	return nil
}

const (
	// maxPackages bounds what all layers of one reference may record together:
	// layers that each rewrite a package database hold its records again.
	maxPackages = 1_500_000
	// maxListed bounds their file lists, digests and executables, in bytes: some
	// thirty million files.
	maxListed = 1 << 30
	// executableBytes is about what one executable takes, its digests included.
	executableBytes = 256
)

// counted passes on the outcome of a layer while there is room for it.
func (g *gathering) counted(layer *evidence.Layer, err error) (*evidence.Layer, error) {
	if layer == nil {
		return nil, err
	}
	listed := len(layer.Files.Coded)
	for _, lists := range [][]evidence.Owned{layer.Owned, layer.Sums} {
		for i := range lists {
			listed += len(lists[i].Paths.Coded) + len(lists[i].Digests.Coded)
		}
	}
	listed += len(layer.Executables) * executableBytes
	switch {
	case g.packages.Add(int64(len(layer.Packages))) > maxPackages:
		return nil, fmt.Errorf("%w: the layers together record more than %d packages", inspect.ErrLimit, maxPackages)
	case g.listed.Add(int64(listed)) > maxListed:
		return nil, fmt.Errorf("%w: the layers together list more than %d MiB of file names", inspect.ErrLimit, maxListed>>20)
	}
	return layer, err
}

// cache writes evidence; a cache that can't be written slows the next scan and
// harms nothing else, so it is reported as a warning once.
func (g *gathering) cache(ctx context.Context, layer *evidence.Layer) {
	if g.scanner.Cache == nil {
		return
	}
	if err := g.scanner.Cache.Put(ctx, layer); err != nil {
		g.scanner.warnOnce(err)
	}
}

// all returns the outcome of every layer of an image, base first.
func (g *gathering) all(ctx context.Context, img *image.Image) ([]*outcome, error) {
	outcomes := make([]*outcome, len(img.Layers))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, l := range img.Layers {
		g.mu.Lock()
		o := g.layers[l.DiffID]
		if o == nil {
			o = &outcome{}
			g.layers[l.DiffID] = o
		}
		g.mu.Unlock()
		outcomes[i] = o
		group.Go(func() error {
			o.once.Do(func() { o.layer, o.err = g.counted(g.one(ctx, l)) })
			if o.layer == nil {
				return o.err
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return outcomes, nil
}

// one reads one layer, from the cache if it is there. A layer that breaks off
// in the middle gives what was learnt with the error; one that can't be opened
// at all gives the error alone, which ends the scan.
func (g *gathering) one(ctx context.Context, l image.Layer) (*evidence.Layer, error) {
	layer, err := g.first(ctx, l)
	if err != nil || len(layer.Unread) == 0 {
		return layer, err
	}
	return g.read(ctx, l, layer, g.scanner.Pass.Links)
}

func (g *gathering) first(ctx context.Context, l image.Layer) (*evidence.Layer, error) {
	if c := g.scanner.Cache; c != nil {
		if layer, err := c.Get(ctx, l.DiffID); err == nil && layer != nil {
			return layer, nil
		}
	}
	return g.read(ctx, l, nil, func(ctx context.Context, r io.Reader, want inspect.Blob, _ *evidence.Layer) (*evidence.Layer, error) {
		return g.scanner.Pass.Layer(ctx, r, want)
	})
}

// reading is one way to read a layer: the pass, or the pass over its links.
type reading func(context.Context, io.Reader, inspect.Blob, *evidence.Layer) (*evidence.Layer, error)

// read opens a layer and reads it. known is what is known of it already, nil
// the first time.
func (g *gathering) read(ctx context.Context, l image.Layer, known *evidence.Layer, how reading) (*evidence.Layer, error) {
	name := l.Digest
	if name == "" {
		name = l.DiffID
	}
	blob, err := l.Open(ctx)
	switch {
	case errors.Is(err, image.ErrStreamed) && known != nil:
		return known, nil // its unread links are said
	case errors.Is(err, image.ErrStreamed):
		return &evidence.Layer{DiffID: l.DiffID}, g.missing(l.DiffID)
	case err != nil:
		return nil, fmt.Errorf("open layer %s: %w", name, err)
	}
	defer blob.Close()
	g.scanner.progress(Event{Kind: LayerStarted, Layer: name, Bytes: l.Size})
	defer g.scanner.progress(Event{Kind: LayerDone, Layer: name})
	layer, err := how(ctx, g.scanner.counted(name, blob), inspect.Blob{Digest: l.Digest, DiffID: l.DiffID}, known)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		layer.DiffID = l.DiffID
		return layer, inWords(name, err)
	}
	g.cache(ctx, layer)
	return layer, nil
}

// missing says that a stream held no intact layer of this diff ID.
func (g *gathering) missing(diffID string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return errors.Join(append([]error{&image.DamagedError{Blob: diffID, Offset: -1, Reason: "the stream holds no intact layer with this diff ID"}}, g.broken...)...)
}

// inWords says which blob is damaged and where, in the words that the image
// package uses for damage it finds itself.
func inWords(blob string, err error) error {
	var broken *inspect.BrokenError
	switch {
	case errors.Is(err, inspect.ErrDigest):
		return &image.DamagedError{Blob: blob, Offset: -1, Reason: strings.TrimPrefix(err.Error(), inspect.ErrDigest.Error()+": ") + "; fetch or save the image again", Cause: err}
	case errors.As(err, &broken):
		return image.Damaged(blob, broken.Stored, broken.Err)
	}
	return image.Damaged(blob, -1, err)
}

// counted reports the bytes read from a blob as progress.
func (s *Scanner) counted(name string, r io.Reader) io.Reader {
	if s.Progress == nil {
		return r
	}
	return &countingReader{r: r, report: func(n int) { s.Progress(Event{Kind: LayerRead, Layer: name, Bytes: int64(n)}) }}
}

type countingReader struct {
	r      io.Reader
	report func(int)
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if n > 0 {
		c.report(n)
	}
	return n, err
}
