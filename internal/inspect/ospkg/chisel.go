package ospkg

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// chiselInspector reads the manifest of Ubuntu images that Canonical's chisel
// cut out of packages: they have no dpkg database. The format is that of
// chisel's public/manifest: one JSON object a line, compressed with Zstandard.
type chiselInspector struct{}

func (chiselInspector) Name() string { return "chisel" }
func (chiselInspector) Version() int { return 2 }

const (
	maxChiselManifest = 64 << 20 // decompressed
	maxChiselWindow   = 8 << 20  // what a decoder must support at least (RFC 8878, 3.1.1.1.2)
)

func (chiselInspector) Wants(f *inspect.File) inspect.Want {
	if f.Path == "var/lib/chisel/manifest.wall" {
		return inspect.Whole
	}
	return inspect.Nothing
}

// chiselLine is any line of a manifest: a package, or a path with the slices
// that it is part of, each named PACKAGE_SLICE, and its digest; where a slice's
// script changed the file while the image was made, the final one too.
type chiselLine struct {
	Kind    string   `json:"kind"`
	Name    string   `json:"name"`
	Version string   `json:"version"`
	Arch    string   `json:"arch"`
	Path    string   `json:"path"`
	Slices  []string `json:"slices"`
	SHA256  string   `json:"sha256"`
	Final   string   `json:"final_sha256"`
}

func (c chiselInspector) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	out.Databases = append(out.Databases, f.Path)
	lines, err := unpackChisel(content)
	var lim limits
	var bad damages
	files := map[string]*ownedFiles{}
	for len(lines) > 0 {
		var raw []byte
		raw, lines = cutLine(lines)
		var line chiselLine
		if jsonErr := json.Unmarshal(raw, &line); jsonErr != nil {
			bad.damage("%v", jsonErr)
			continue
		}
		switch {
		case line.Kind == "path":
			ownChiselPath(files, &line, &lim)
		case line.Kind != "package":
		case line.Name == "" || line.Version == "":
			bad.damage("package %q has the version %q", line.Name, line.Version)
		default:
			if err := lim.addPackage(); err != nil {
				return err
			}
			out.Packages = append(out.Packages, inventory.Package{
				Type: "deb", Name: line.Name, Version: line.Version, Arch: line.Arch, Path: f.Path, Inspector: c.Name(),
			})
		}
	}
	for i := range out.Packages {
		p := &out.Packages[i]
		if list := files[p.Name]; list != nil && list.paths.Len > 0 {
			out.Owned = append(out.Owned, evidence.Owned{
				Type: p.Type, Package: p.Name, Version: p.Version, Arch: p.Arch, Database: f.Path,
				Paths: list.paths, Digests: list.digests,
			})
			delete(files, p.Name)
		}
	}
	if len(out.Packages) > 0 {
		out.Note(f.Path, "chisel's manifest does not name source packages: advisories that know a package by its source's name alone are missed")
	}
	if err != nil {
		return err
	}
	return bad.result(&lim)
}

// ownChiselPath adds a file to the lists of the packages that it is from.
func ownChiselPath(files map[string]*ownedFiles, line *chiselLine, lim *limits) {
	path := strings.TrimPrefix(line.Path, "/")
	if strings.HasSuffix(path, "/") {
		return
	}
	var buf digestBuffer
	digest := buf.hex([]byte(cmp.Or(line.Final, line.SHA256)))
	if len(digest) != sha256Size {
		digest = nil
	}
	last := ""
	for _, slice := range line.Slices {
		name, _, _ := strings.Cut(slice, "_")
		if name == last {
			continue
		}
		last = name
		list := files[name]
		if list == nil {
			if len(files) >= maxPackages {
				continue
			}
			list = &ownedFiles{}
			files[name] = list
		}
		list.add(path, digest, lim)
	}
}

// unpackChisel decompresses a manifest; with an error, as far as it goes.
func unpackChisel(content []byte) ([]byte, error) {
	z, err := zstd.NewReader(bytes.NewReader(content),
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxChiselWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer z.Close()
	lines, err := io.ReadAll(io.LimitReader(z, maxChiselManifest+1))
	switch {
	case len(lines) > maxChiselManifest:
		return nil, fmt.Errorf("%w: more than %d MiB decompressed", ErrTooLarge, maxChiselManifest>>20)
	case err != nil:
		whole := bytes.LastIndexByte(lines, '\n') + 1
		return lines[:whole], fmt.Errorf("%w: %w", ErrDamaged, err)
	case len(lines) == 0:
		return nil, fmt.Errorf("%w: %w", ErrDamaged, errors.New("it is empty"))
	}
	return lines, nil
}
