// Command realimages is the part of build.sh that a shell can't do well: it compares
// two folders for the entries that a layer must hold, writes OCI layouts, and
// prints the sizes of what was built. It is a tool for benchmarks and is not
// part of the product.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "realimages:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return errors.New("usage: realimages diff|layout|sizes …")
	}
	switch args[0] {
	case "diff":
		return diff(args[1:], stdout)
	case "layout":
		return writeLayout(args[1:])
	case "sizes":
		return sizes(args[1:], stdout)
	}
	return fmt.Errorf("no command %q", args[0])
}

// diff prints, separated by NUL, the entries of -new that -old lacks or has
// otherwise, and writes a whiteout (image-spec, layer.md) for each that only
// -old has.
func diff(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("diff", flag.ContinueOnError)
	newRoot := flags.String("new", "", "the folder after")
	oldRoot := flags.String("old", "", "the folder before; none where empty")
	whiteouts := flags.String("whiteouts", "", "where whiteouts go")
	if err := flags.Parse(args); err != nil {
		return err
	}
	w := bufio.NewWriter(stdout)
	changed := map[string]bool{}
	err := walk(*newRoot, func(rel string, info fs.FileInfo) error {
		same := false
		if *oldRoot != "" {
			var err error
			if same, err = sameEntry(filepath.Join(*oldRoot, rel), filepath.Join(*newRoot, rel), info); err != nil {
				return err
			}
		}
		if same {
			return nil
		}
		// Folders on the way are entries as well, as image builders write them.
		for dir := filepath.Dir(rel); dir != "." && !changed[dir]; dir = filepath.Dir(dir) {
			changed[dir] = true
		}
		changed[rel] = true
		return nil
	})
	if err != nil {
		return err
	}
	paths := make([]string, 0, len(changed))
	for p := range changed {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		fmt.Fprintf(w, "./%s\x00", p)
	}
	if err := w.Flush(); err != nil || *oldRoot == "" {
		return err
	}
	return walk(*oldRoot, func(rel string, info fs.FileInfo) error {
		if _, err := os.Lstat(filepath.Join(*newRoot, rel)); !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return err
		}
		path := filepath.Join(*whiteouts, filepath.Dir(rel), ".wh."+filepath.Base(rel))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			return err
		}
		if info.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
}

// walk visits everything below root but what the kernel provides.
func walk(root string, visit func(rel string, info fs.FileInfo) error) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if top, _, below := strings.Cut(rel, string(filepath.Separator)); below && (top == "proc" || top == "sys" || top == "dev") {
			return nil
		}
		return visit(rel, info)
	})
}

// sameEntry compares metadata, and contents only where the times differ.
func sameEntry(oldPath, newPath string, info fs.FileInfo) (bool, error) {
	before, err := os.Lstat(oldPath)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	a, b := before.Sys().(*syscall.Stat_t), info.Sys().(*syscall.Stat_t)
	if before.Mode() != info.Mode() || a.Uid != b.Uid || a.Gid != b.Gid {
		return false, nil
	}
	switch {
	case info.IsDir():
		return true, nil
	case info.Mode()&fs.ModeSymlink != 0:
		x, err := os.Readlink(oldPath)
		if err != nil {
			return false, err
		}
		y, err := os.Readlink(newPath)
		return x == y, err
	case before.Size() != info.Size():
		return false, nil
	case before.ModTime().Equal(info.ModTime()) || !info.Mode().IsRegular():
		return true, nil
	}
	return sameContent(oldPath, newPath)
}

func sameContent(a, b string) (bool, error) {
	x, err := os.ReadFile(a)
	if err != nil {
		return false, err
	}
	y, err := os.ReadFile(b)
	return bytes.Equal(x, y), err
}

// created is the date of every image, so that the same layers make the same image.
var created = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func writeLayout(args []string) error {
	flags := flag.NewFlagSet("layout", flag.ContinueOnError)
	out := flags.String("out", "", "the folder to write")
	ref := flags.String("ref", "", "the name of the image")
	cmd := flags.String("cmd", "", "the command, separated by spaces")
	env := flags.String("env", "", "one NAME=VALUE")
	workdir := flags.String("workdir", "", "the working directory")
	user := flags.String("user", "", "the user")
	port := flags.String("port", "", "one exposed TCP port")
	if err := flags.Parse(args); err != nil {
		return err
	}
	rest := flags.Args()
	if *out == "" || len(rest) == 0 || len(rest)%2 != 0 {
		return errors.New("usage: realimages layout -out DIR [FLAG...] -- LAYER HISTORY [LAYER HISTORY...]")
	}
	config := v1.Config{
		Cmd: strings.Fields(*cmd), WorkingDir: *workdir, User: *user,
		Env: []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
	}
	if *env != "" {
		config.Env = append(config.Env, *env)
	}
	if *port != "" {
		config.ExposedPorts = map[string]struct{}{*port + "/tcp": {}}
	}
	img, err := assemble(config, rest)
	if err != nil {
		return err
	}
	path, err := layout.Write(*out, empty.Index)
	if err != nil {
		return err
	}
	return path.AppendImage(img,
		layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": *ref}),
		layout.WithPlatform(v1.Platform{OS: "linux", Architecture: "amd64"}))
}

// assemble stacks the layers, each with its history line, and ends with the
// line that CMD leaves.
func assemble(config v1.Config, layers []string) (v1.Image, error) {
	img := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	img = mutate.ConfigMediaType(img, types.OCIConfigJSON)
	for i := 0; i < len(layers); i += 2 {
		mediaType := types.OCILayer
		if strings.HasSuffix(layers[i], ".zst") {
			mediaType = types.OCILayerZStd
		}
		l, err := tarball.LayerFromFile(layers[i], tarball.WithMediaType(mediaType))
		if err != nil {
			return nil, fmt.Errorf("layer %s: %w", layers[i], err)
		}
		img, err = mutate.Append(img, mutate.Addendum{
			Layer: l, MediaType: mediaType,
			History: v1.History{Created: v1.Time{Time: created}, CreatedBy: layers[i+1], Comment: "buildkit.dockerfile.v0"},
		})
		if err != nil {
			return nil, err
		}
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created, file.Config = "linux", "amd64", v1.Time{Time: created}, config
	file.History = append(file.History, v1.History{
		Created: v1.Time{Time: created}, EmptyLayer: true, Comment: "buildkit.dockerfile.v0",
		CreatedBy: fmt.Sprintf("CMD [%q]", strings.Join(config.Cmd, `" "`)),
	})
	return mutate.ConfigFile(img, file)
}

// sizes prints, for each layout below a folder, layers with their stored and
// uncompressed sizes.
func sizes(args []string, stdout io.Writer) error {
	if len(args) != 1 {
		return errors.New("usage: realimages sizes DIR")
	}
	entries, err := os.ReadDir(args[0])
	if err != nil {
		return err
	}
	for _, e := range entries {
		path, err := layout.FromPath(filepath.Join(args[0], e.Name()))
		if err != nil {
			continue // not a layout
		}
		index, err := path.ImageIndex()
		if err != nil {
			return err
		}
		manifest, err := index.IndexManifest()
		if err != nil {
			return err
		}
		for _, m := range manifest.Manifests {
			img, err := path.Image(m.Digest)
			if err != nil {
				return err
			}
			if err := printSizes(stdout, e.Name(), img); err != nil {
				return err
			}
		}
	}
	return nil
}

func printSizes(stdout io.Writer, name string, img v1.Image) error {
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	var lines []string
	var stored, plain int64
	for _, l := range layers {
		size, err := l.Size()
		if err != nil {
			return err
		}
		mediaType, err := l.MediaType()
		if err != nil {
			return err
		}
		r, err := l.Uncompressed()
		if err != nil {
			return err
		}
		n, err := io.Copy(io.Discard, r)
		r.Close()
		if err != nil {
			return err
		}
		stored, plain = stored+size, plain+n
		_, compression, _ := strings.Cut(string(mediaType), "+")
		lines = append(lines, fmt.Sprintf("    %-5s %8.1f MB stored %8.1f MB tar", compression, float64(size)/1e6, float64(n)/1e6))
	}
	fmt.Fprintf(stdout, "%-12s %d layers %8.1f MB stored %8.1f MB tar\n%s\n", name, len(layers),
		float64(stored)/1e6, float64(plain)/1e6, strings.Join(lines, "\n"))
	return nil
}
