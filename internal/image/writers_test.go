package image

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// TestOtherWriters claims that images which another implementation wrote are
// read as that implementation reads them.
func TestOtherWriters(t *testing.T) {
	img, err := random.Image(20_000, 4)
	must(t, err)
	index, err := random.Index(5_000, 2, 3)
	must(t, err)
	tag, err := name.NewTag("example.com/team/random:1")
	must(t, err)

	archive := filepath.Join(t.TempDir(), "random.tar")
	must(t, tarball.WriteToFile(archive, tag, img))
	folder := filepath.Join(t.TempDir(), "layout")
	written, err := layout.Write(folder, empty.Index)
	must(t, err)
	must(t, written.AppendImage(img, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": "one"})))
	must(t, written.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": "many"})))
	reg := newRegistry(t)
	ref, err := name.ParseReference(reg.host() + "/team/random:1")
	must(t, err)
	must(t, remote.Write(ref, img))

	raw, err := os.ReadFile(archive)
	must(t, err)
	for form, at := range map[string]string{
		"tarball":           archive,
		"tarball by name":   archive + ":example.com/team/random:1",
		"tarball, streamed": writeFile(t, "a.tgz", gzipped(t, raw)),
		"layout":            folder + ":one",
		"registry":          ref.Name(),
	} {
		t.Run(form, func(t *testing.T) { sameAs(t, at, img) })
	}
	// Its index lists three images of no platform: none is better than the others.
	if _, err := read(t, folder+":many", Options{Platform: "linux/amd64"}); !errors.Is(err, ErrNoPlatform) {
		t.Errorf("an index without platforms: %v", err)
	}
}

func sameAs(t *testing.T, ref string, want v1.Image) {
	t.Helper()
	c := newCollector(t)
	set, err := Open(context.Background(), ref, quickly(Options{Streamed: c.streamed}))
	must(t, err)
	defer set.Close()
	config, err := want.ConfigFile()
	must(t, err)
	if diff := cmp.Diff(*config, set.Images[0].Config); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	layers, err := want.Layers()
	must(t, err)
	got, err := c.contents(set.Images[0])
	must(t, err)
	for i, l := range layers {
		r, err := l.Uncompressed()
		must(t, err)
		raw, err := io.ReadAll(r)
		must(t, err)
		if !bytes.Equal(raw, got[i]) {
			t.Errorf("layer %d differs", i)
		}
	}
	if !strings.Contains(ref, ".t") && set.Images[0].Layers[0].Digest == "" {
		t.Error("no digest")
	}
}
