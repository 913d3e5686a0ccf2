package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"plimsoll/internal/image"
)

// unpack writes the regular files of every layer of an image below a new folder,
// for peers that read nothing but folders. Layers lie over one another; a
// whiteout removes what it names. The image is one that was built to be measured.
func unpack(ctx context.Context, layout, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	set, err := image.Open(ctx, "oci:"+layout, image.Options{Platform: "linux/amd64", Getenv: os.Getenv})
	if err != nil {
		return err
	}
	defer set.Close()
	for _, l := range set.Images[0].Layers {
		blob, err := l.Open(ctx)
		if err != nil {
			return err
		}
		err = unpackLayer(root, blob)
		blob.Close()
		if err != nil {
			return fmt.Errorf("unpack %s: %w", l.DiffID, err)
		}
	}
	return nil
}

func unpackLayer(root *os.Root, blob io.Reader) error {
	head := make([]byte, 4)
	if _, err := io.ReadFull(blob, head); err != nil {
		return err
	}
	r := io.MultiReader(strings.NewReader(string(head)), blob)
	switch {
	case head[0] == 0x1f:
		z, err := gzip.NewReader(r)
		if err != nil {
			return err
		}
		r = z
	case head[0] == 0x28:
		z, err := zstd.NewReader(r)
		if err != nil {
			return err
		}
		defer z.Close()
		r = z
	}
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := unpackFile(root, path.Clean(h.Name), h, t); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
}

func unpackFile(root *os.Root, name string, h *tar.Header, content io.Reader) error {
	dir, base := path.Split(name)
	if hidden, ok := strings.CutPrefix(base, ".wh."); ok {
		return root.RemoveAll(path.Join(dir, hidden))
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeReg:
	default:
		return nil
	}
	if dir != "" {
		if err := root.MkdirAll(path.Clean(dir), 0o755); err != nil {
			return err
		}
	}
	f, err := root.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}
