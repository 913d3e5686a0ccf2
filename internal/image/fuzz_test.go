package image

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// FuzzArchive claims that no archive makes the random-access indexer or the
// stream reader panic, that both agree on whether it is an image and on its
// configuration, and that layers read to their end or to an error.
func FuzzArchive(f *testing.F) {
	l := newLogical(f, hostPlatform(), tarOf(f, file{name: "a", content: "a"}), tarOf(f, file{name: "b", content: "b"}))
	b := blobs{}
	d := b.manifest(f, l, "+gzip", gzipped)
	for _, files := range [][]file{
		oldSave(f, l, "a:1"), newSave(f, l, "a:1"), podmanSave(f, l, "a:1"), gzipSave(f, l, "a:1"), layoutFiles(f, b, b.index(f, d)), {},
	} {
		f.Add(tarOf(f, files...))
	}
	for _, c := range damagedImages(f) {
		if raw := tarOf(f, c.files...); len(raw) < 64<<10 {
			f.Add(raw)
		}
	}
	f.Fuzz(checkArchive)
}

// FuzzEntries does the same with tars whose headers are always sound, so that
// what they name is explored: one entry a line, "name|link|content".
func FuzzEntries(f *testing.F) {
	config := string(newLogical(f, hostPlatform(), []byte("x")).config)
	f.Add("l|| \nc||" + config + "\nk|l\nmanifest.json||[{\"Config\":\"c\",\"Layers\":[\"k\"]}]")
	f.Add("a|b\nb|a\nmanifest.json||[{\"Config\":\"a\",\"Layers\":[\"../x\"]}]")
	f.Add("oci-layout||{}\nindex.json||{\"manifests\":[{\"digest\":\"sha256:" + hexOf(nil) + "\"}]}\nblobs/sha256/" + hexOf(nil) + "||")
	f.Fuzz(func(t *testing.T, script string) {
		var buf bytes.Buffer
		w := tar.NewWriter(&buf)
		for line := range strings.Lines(script) {
			name, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "|")
			link, content, _ := strings.Cut(rest, "|")
			h := &tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(content))}
			if link != "" {
				h = &tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: link}
				content = ""
			}
			if w.WriteHeader(h) != nil {
				return
			}
			_, err := io.WriteString(w, content)
			must(t, err)
		}
		must(t, w.Close())
		checkArchive(t, buf.Bytes())
	})
}

func checkArchive(t *testing.T, raw []byte) {
	ctx := context.Background()
	var atRandom, streamed []*Image
	open := func() *opening {
		return &opening{options: Options{Getenv: noEnv}.withDefaults(), choice: choice{all: true}}
	}
	index, randomErr := indexTar(ctx, bytes.NewReader(raw), int64(len(raw)))
	if randomErr == nil {
		atRandom, randomErr = open().resolveFiles(ctx, archiveSource{}, index, OCIArchive)
	}
	passed, streamErr := readStream(ctx, bytes.NewReader(raw), func(_ context.Context, b StreamedBlob) error {
		_, err := io.Copy(io.Discard, b.Reader)
		return err
	})
	if streamErr == nil {
		streamed, streamErr = open().resolveFiles(ctx, archiveSource{}, passed, OCIArchive)
	}
	for _, err := range []error{randomErr, streamErr} {
		if err != nil && !classified(err) {
			t.Errorf("an error of no kind: %v", err)
		}
	}
	if randomErr == nil && streamErr == nil && len(atRandom) != len(streamed) {
		t.Fatalf("%d images at random, %d in the stream", len(atRandom), len(streamed))
	}
	for i, img := range atRandom {
		if streamErr == nil && img.ConfigDigest != streamed[i].ConfigDigest {
			t.Errorf("configuration %s at random, %s in the stream", img.ConfigDigest, streamed[i].ConfigDigest)
		}
		for _, layer := range img.Layers {
			readLayer(t, layer)
		}
	}
}

func readLayer(t *testing.T, layer Layer) {
	r, err := layer.Open(context.Background())
	if errors.Is(err, ErrForeign) {
		return
	}
	if err != nil {
		t.Fatalf("open a layer: %v", err)
	}
	defer r.Close()
	n, err := io.Copy(io.Discard, r)
	if err == nil && n != layer.Size {
		t.Errorf("%d bytes, %d announced", n, layer.Size)
	}
}

// FuzzDocument claims the same of manifests and indexes.
func FuzzDocument(f *testing.F) {
	b := blobs{}
	d := b.manifest(f, newLogical(f, hostPlatform(), []byte("x")), "+gzip", gzipped)
	f.Add(b[d.Digest])
	f.Add(indexJSON(f, d, b.attestation(f, d)))
	f.Add([]byte(`{"schemaVersion":2,"config":{},"layers":null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		doc, err := parseDocument("x", raw)
		if err != nil {
			if !classified(err) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		for _, m := range doc.Manifests {
			notImage(m)
		}
		if !doc.isIndex() {
			if err := checkTypes("x", doc); err != nil && !classified(err) {
				t.Errorf("an error of no kind: %v", err)
			}
		}
	})
}

// FuzzTarget claims that no argument makes the parser panic.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{"a:1", "docker:a", "oci:x:1", "-:a@sha256:", "@", ":", "::", "./x@y:z"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, arg string) {
		target, err := parseTarget(arg)
		if err == nil && target.name != "" {
			_, _ = parseName(target.name)
		}
		sameName(arg, "docker.io/library/alpine:3.19")
		canonicalName(arg)
		digestInName(arg)
	})
}
