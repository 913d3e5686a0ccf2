package image

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// form is which of the layouts an archive or a folder is read as.
type form int

const (
	// anyForm prefers the OCI layout where both are present, as in what
	// Docker saves since version 25: it alone keeps digests.
	anyForm form = iota
	dockerForm
	ociForm
	dirForm
)

// archiveSource is an archive, a folder or standard input.
type archiveSource struct {
	path     string
	selector string
	form     form
	// sniffed is set where the argument may be an image's name as well: a
	// file of that name which is no image is then not an error.
	sniffed bool
}

// errOtherThing says that a file of that name exists and is no image archive.
var errOtherThing = fmt.Errorf("%w: neither a tar, nor gzip, nor zstd, nor an OCI layout", ErrNotImage)

// openArchive opens a file or a folder.
func openArchive(ctx context.Context, o *opening, src archiveSource) ([]*Image, error) {
	info, err := os.Stat(src.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: no file or folder %s", ErrNotFound, printable(src.path))
	case err != nil:
		return nil, err
	case info.IsDir():
		return openFolder(ctx, o, src)
	case !info.Mode().IsRegular() && src.sniffed:
		return nil, errOtherThing
	}
	f, err := os.Open(src.path)
	if err != nil {
		return nil, err
	}
	o.closers = append(o.closers, f)
	if src.sniffed && !startsLikeArchive(f) {
		return nil, errOtherThing
	}
	return openFile(ctx, o, src, f)
}

// openStdin reads standard input: at random where it is a file, once otherwise.
func openStdin(ctx context.Context, o *opening, src archiveSource) ([]*Image, error) {
	if o.options.Stdin == nil {
		return nil, fmt.Errorf("%w: standard input is not connected", ErrReference)
	}
	if f, ok := o.options.Stdin.(*os.File); ok {
		return openFile(ctx, o, src, f)
	}
	return o.stream(ctx, src, o.options.Stdin)
}

// openFile reads an uncompressed regular file at random and everything else as a stream.
func openFile(ctx context.Context, o *opening, src archiveSource, f *os.File) ([]*Image, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return o.stream(ctx, src, f)
	}
	start, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	section := io.NewSectionReader(f, start, info.Size()-start)
	first := make([]byte, head)
	n, err := section.ReadAt(first, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !isTar(first[:n]) {
		return o.stream(ctx, src, f)
	}
	index, err := indexTar(ctx, section, section.Size())
	if err != nil {
		return nil, err
	}
	return o.resolveFiles(ctx, src, index, OCIArchive)
}

func startsLikeArchive(f *os.File) bool {
	first := make([]byte, head)
	n, _ := f.ReadAt(first, 0)
	first = first[:n]
	return isTar(first) || isGzip(first) || isZstd(first)
}

// openFolder reads an OCI layout, or a docker-save archive that was unpacked.
func openFolder(ctx context.Context, o *opening, src archiveSource) ([]*Image, error) {
	root, err := os.OpenRoot(src.path)
	if err != nil {
		return nil, err
	}
	o.closers = append(o.closers, root)
	if src.sniffed && !hasFile(dirFiles{root}, "index.json") && !hasFile(dirFiles{root}, "manifest.json") {
		return nil, errOtherThing
	}
	return o.resolveFiles(ctx, src, dirFiles{root}, OCILayout)
}

// stream reads an archive that can be read once only, decompressing it as a whole if need be.
func (o *opening) stream(ctx context.Context, src archiveSource, r io.Reader) ([]*Image, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// The first look goes through a goroutine too: a pipe may hang at once.
	raw := readAhead(ctx, r, func() {})
	defer raw.stop()
	stored := &counter{r: raw}
	plain, release, err := decompressWhole(stored, bufio.NewReaderSize(stored, aheadSize))
	if err != nil {
		return nil, err
	}
	if o.options.Streamed == nil {
		release()
		return nil, fmt.Errorf("%w: %s is compressed as a whole or not a file: save it uncompressed and give its path", ErrNeedsStream, o.template.Via)
	}
	ahead := readAhead(ctx, plain, release)
	defer ahead.stop()
	passed, err := readStream(ctx, ahead, o.options.Streamed)
	if err != nil {
		return nil, err
	}
	return o.resolveFiles(ctx, src, passed, OCIArchive)
}

// decompressWhole undoes the compression around a tar, if any.
func decompressWhole(stored *counter, r *bufio.Reader) (io.Reader, func(), error) {
	first, err := r.Peek(head)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, Damaged("archive", int64(len(first)), err)
	}
	switch {
	case len(first) == 0:
		return nil, nil, fmt.Errorf("%w: the archive is empty", ErrNotImage)
	case isGzip(first):
		return newGunzip(stored, r)
	case isZstd(first):
		return newUnzstd(stored, r)
	case isTar(first):
		return r, func() {}, nil
	case len(first) > 5 && string(first[1:5]) == "7zXZ", len(first) > 3 && string(first[:3]) == "BZh":
		return nil, nil, fmt.Errorf("%w: the archive is compressed with xz or bzip2: decompress it first", ErrNotImage)
	}
	return nil, nil, fmt.Errorf("%w: the archive is neither a tar, nor gzip, nor zstd", ErrNotImage)
}

// resolveFiles finds the images in an archive or a folder.
func (o *opening) resolveFiles(ctx context.Context, src archiveSource, f files, kind SourceKind) ([]*Image, error) {
	hasIndex, hasManifest := hasFile(f, "index.json"), hasFile(f, "manifest.json")
	if !hasIndex && !hasManifest {
		if inner, ok := onlyFolder(f); ok {
			f = inner
			hasIndex, hasManifest = hasFile(f, "index.json"), hasFile(f, "manifest.json")
		}
	}
	if o.template.Source == "" {
		o.template.Source = kind
		if hasManifest && src.form != ociForm {
			o.template.Source = DockerArchive
		}
	}
	switch {
	case hasIndex && src.form != dockerForm && src.form != dirForm:
		return o.layoutImages(ctx, src, f)
	case hasManifest && src.form != ociForm && src.form != dockerForm && isDirectory(f):
		return o.directoryImages(ctx, src, f)
	case hasManifest && src.form != ociForm && src.form != dirForm:
		return o.savedImages(ctx, src, f)
	case !hasManifest && hasFile(f, "repositories"):
		return nil, fmt.Errorf("%w: an archive of Docker before 1.10, without manifest.json: load it and save it again", ErrNotImage)
	}
	wanted := map[form]string{anyForm: "index.json or manifest.json", dockerForm: "manifest.json", ociForm: "index.json", dirForm: "manifest.json of a manifest or an index"}[src.form]
	return nil, fmt.Errorf("%w: %s holds no %s: a container's exported file system is not an image, and an archive that was cut off lacks its end", ErrNotImage, printable(o.template.Via), wanted)
}

// subfolder is a folder of files seen as the whole.
type subfolder struct {
	files
	name string
}

func (s subfolder) small(name string, limit int64) ([]byte, error) {
	inner, ok := cleanName(name)
	if !ok {
		return nil, damagedf(name, "its path leads out of the archive")
	}
	return s.files.small(s.name+"/"+inner, limit)
}

func (s subfolder) stat(name string) (int64, error) {
	inner, ok := cleanName(name)
	if !ok {
		return 0, damagedf(name, "its path leads out of the archive")
	}
	return s.files.stat(s.name + "/" + inner)
}

func (s subfolder) opener(name string) opener { return s.files.opener(s.name + "/" + name) }

// onlyFolder finds the one folder that holds everything, as where a layout was
// packed from the outside ("tar c layout/").
func onlyFolder(f files) (files, bool) {
	var known entries
	switch f := f.(type) {
	case *tarFiles:
		known = f.entries
	case *streamedFiles:
		known = f.entries
	}
	only := ""
	for name := range known {
		folder, _, inside := strings.Cut(name, "/")
		if !inside || only != "" && folder != only {
			return nil, false
		}
		only = folder
	}
	return subfolder{f, only}, only != ""
}

func hasFile(f files, name string) bool {
	_, err := f.stat(name)
	return err == nil
}
