// Package bench measures: Go benchmarks of the parts here, whole commands
// beside the floor and the peers in floor and compare. Nothing here is a test
// of correctness, and no test anywhere is timed.
package bench

import (
	"io"
	"os"
	"strings"
	"testing"

	"plimsoll/internal/cli"
	"plimsoll/internal/evidence"
	"plimsoll/internal/image"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
	"plimsoll/internal/scan"
)

// layout is the image that $PLIMSOLL_BENCH_IMAGE names: a layout or an archive.
func layout(b *testing.B) *image.Image {
	b.Helper()
	dir := os.Getenv("PLIMSOLL_BENCH_IMAGE")
	if dir == "" {
		b.Skip("PLIMSOLL_BENCH_IMAGE names no image; bench/realimages builds some")
	}
	set, err := image.Open(b.Context(), dir, image.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { set.Close() })
	return set.Images[0]
}

func pass(b *testing.B, img *image.Image, inspectors []inspect.Inspector) []*evidence.Layer {
	b.Helper()
	p := inspect.New(inspectors, inspect.DefaultLimits())
	var layers []*evidence.Layer
	for _, l := range img.Layers {
		blob, err := l.Open(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		layer, err := p.Layer(b.Context(), blob, inspect.Blob{Digest: l.Digest, DiffID: l.DiffID})
		blob.Close()
		if err != nil {
			b.Fatal(err)
		}
		layers = append(layers, layer)
	}
	return layers
}

func inspectors(b *testing.B) []inspect.Inspector {
	b.Helper()
	look, err := scan.Content(scan.Rules{}, nil)
	if err != nil {
		b.Fatal(err)
	}
	return scan.Inspectors(look)
}

// BenchmarkEach reads every layer with one inspector alone.
func BenchmarkEach(b *testing.B) {
	img := layout(b)
	for _, i := range inspectors(b) {
		b.Run(i.Name(), func(b *testing.B) {
			for b.Loop() {
				pass(b, img, []inspect.Inspector{i})
			}
		})
	}
}

// BenchmarkPass reads every layer with every inspector.
func BenchmarkPass(b *testing.B) {
	img := layout(b)
	all := inspectors(b)
	for b.Loop() {
		pass(b, img, all)
	}
}

// BenchmarkBarePass reads every layer with none: the pipeline alone.
func BenchmarkBarePass(b *testing.B) {
	img := layout(b)
	for b.Loop() {
		pass(b, img, nil)
	}
}

// BenchmarkMerge lays the layers over one another.
func BenchmarkMerge(b *testing.B) {
	img := layout(b)
	layers := pass(b, img, inspectors(b))
	refs := make([]inventory.LayerRef, len(layers))
	for b.Loop() {
		evidence.Merge(layers, refs)
	}
}

// BenchmarkWarm is the whole command on an image whose layers are cached, with
// the databases of $PLIMSOLL_DB_DIR.
func BenchmarkWarm(b *testing.B) {
	ref := os.Getenv("PLIMSOLL_BENCH_IMAGE")
	if ref == "" || os.Getenv("PLIMSOLL_DB_DIR") == "" {
		b.Skip("PLIMSOLL_BENCH_IMAGE names no image, or PLIMSOLL_DB_DIR no databases")
	}
	env := cli.Env{
		Args: []string{"scan", "--quiet", "--cache-dir", b.TempDir(), "-o", "json", ref}, Getenv: os.Getenv,
		Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: os.Stderr,
	}
	if status := cli.Run(b.Context(), env); status != 0 {
		b.Fatalf("status %d", status)
	}
	for b.Loop() {
		cli.Run(b.Context(), env)
	}
}
