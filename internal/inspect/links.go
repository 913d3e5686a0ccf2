package inspect

import (
	"archive/tar"
	"context"
	"fmt"
	"io/fs"
	"slices"

	"plimsoll/internal/evidence"
)

// A tar holds the bytes of a file under the first of its names, and its other
// names as hard links. The walker has passed the bytes by when it learns of
// another name that an inspector wants, so such links are noted, and a layer
// that can be read again is read again for them: rare enough to cost nothing
// in the common case.

// typicalSize stands for the length of a linked file while inspectors are asked
// whether they want it, which a link does not say.
const typicalSize = 1 << 20

// maxUnread bounds the links of one layer that are noted.
const maxUnread = 200_000

// linked notes a hard link if an inspector would have wanted the file under this
// name and did not want it under the name that holds the bytes.
func (w *walk) linked(path, target string, mode fs.FileMode) {
	link := &File{Path: path, Mode: mode, Size: typicalSize}
	there := &File{Path: target, Mode: mode, Size: typicalSize}
	for _, i := range w.inspectors {
		if !onlyWants(i, link, there) {
			continue
		}
		if len(w.unread) < maxUnread {
			w.unread[path] = target
		} else {
			w.unnoted++
		}
		return
	}
}

// onlyWants reports whether an inspector wants a file under one name and not
// under the other. One that panics is asked again when there is a file to blame.
func onlyWants(i Inspector, link, there *File) bool {
	wants := false
	err := Guard(func() error {
		wants = i.Wants(link) != Nothing && i.Wants(there) == Nothing
		return nil
	})
	return wants || err != nil
}

// follow inspects a file under the further names it has, in the second reading
// of a layer.
func (w *walk) follow(ctx context.Context, h *tar.Header, path string, content *tarReader) error {
	names := w.links[path]
	if names == nil || (h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeCont) || sparse(h) {
		return nil
	}
	if h.Size > MaxWhole {
		return nil // stays a link that leads nowhere, which is said
	}
	delete(w.links, path)
	b, release, err := w.load(ctx, content, h.Size)
	if err != nil {
		return err
	}
	defer release()
	mode := h.FileInfo().Mode()
	there := &File{Path: path, Mode: mode, Size: h.Size}
	for _, name := range names {
		f := &File{Path: name, Mode: mode, Size: h.Size, UID: h.Uid, GID: h.Gid, Xattrs: xattrs(h)}
		out := &evidence.Fragment{}
		interested := slices.DeleteFunc(slices.Clone(w.inspectors), func(i Inspector) bool { return !onlyWants(i, f, there) })
		whole, streams := w.ask(interested, f, out)
		w.inspect(ctx, f, whole, streams, b, out)
		w.keep(name, out)
	}
	return nil
}

// unnotedProblem says how many links were too many to note.
func unnotedProblem(n int) evidence.Problem {
	return evidence.Problem{Reason: fmt.Sprintf("%d hard links beyond the first %d were not inspected", n, maxUnread), Incomplete: true}
}
