// Command floor does the least that any scanner of an OCI layout must do, one
// layer after the other in one goroutine: decompress, hash the stored and the
// uncompressed bytes, and walk the tar. Its time is the unit that docs/benchmarks.md
// measures in.
//
// With -archives it also does what reading the archives inside layers can't do without:
// it unpacks them once, as deep as the pass does, with the pass's decoders, and looks
// at nothing in them.
//
// With -hash FILE it only reads and hashes a file: the unit for uncompressed archives.
package main

import (
	"archive/tar"
	"bufio"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"hash"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func main() {
	file := flag.String("hash", "", "only read and hash this file")
	within := flag.Bool("archives", false, "also unpack the archives inside layers")
	flag.Parse()
	var err error
	if *file != "" {
		err = hashFile(*file)
	} else {
		err = walkLayout(flag.Arg(0), *within)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

func hashFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.CopyBuffer(onlyWriter{h}, f, make([]byte, 256<<10)); err != nil {
		return err
	}
	fmt.Printf("%x\n", h.Sum(nil))
	return nil
}

type onlyWriter struct{ io.Writer }

func walkLayout(dir string, within bool) error {
	path, err := layout.FromPath(dir)
	if err != nil {
		return err
	}
	index, err := path.ImageIndex()
	if err != nil {
		return err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	files := 0
	for _, d := range manifest.Manifests {
		img, err := path.Image(d.Digest)
		if err != nil {
			return err
		}
		layers, err := img.Layers()
		if err != nil {
			return err
		}
		for _, l := range layers {
			var a *archives
			if within {
				a = newArchives()
			}
			n, err := walkLayer(l, a)
			if err != nil {
				return err
			}
			files += n
			if a != nil {
				fmt.Println(a.opened, "archives with", a.members, "members,", a.bytes, "bytes")
			}
		}
	}
	fmt.Println(files, "files")
	return nil
}

func walkLayer(l v1.Layer, a *archives) (files int, err error) {
	digest, err := l.Digest()
	if err != nil {
		return 0, err
	}
	blob, err := l.Compressed()
	if err != nil {
		return 0, err
	}
	defer blob.Close()
	stored, unpacked := sha256.New(), sha256.New()
	in := bufio.NewReaderSize(io.TeeReader(blob, stored), 64<<10)
	out, err := decompress(in)
	if err != nil {
		return 0, err
	}
	tee := io.TeeReader(out, unpacked)
	tr := tar.NewReader(tee)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		files++
		if a != nil && h.Typeflag == tar.TypeReg {
			a.open(tr, h.Size)
		}
	}
	for _, rest := range []io.Reader{tee, in} {
		if _, err := io.Copy(io.Discard, rest); err != nil {
			return 0, err
		}
	}
	return files, check(digest, stored)
}

func check(want v1.Hash, h hash.Hash) error {
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != want.Hex {
		return fmt.Errorf("layer %s has the digest %s", want, got)
	}
	return nil
}

func decompress(in *bufio.Reader) (io.Reader, error) {
	magic, err := in.Peek(4)
	if err != nil {
		return nil, err
	}
	switch {
	case magic[0] == 0x1f && magic[1] == 0x8b:
		return gzip.NewReader(in)
	case magic[0] == 0x28 && magic[1] == 0xb5:
		return zstd.NewReader(in, zstd.WithDecoderConcurrency(1))
	}
	return in, nil
}
