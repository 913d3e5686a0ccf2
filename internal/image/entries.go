package image

import (
	"archive/tar"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// files is an archive or a folder seen as named files, links resolved.
type files interface {
	// small returns a file's bytes; more than limit of them are an error, a
	// missing file is one that wraps fs.ErrNotExist.
	small(name string, limit int64) ([]byte, error)
	// stat returns a regular file's size, following links.
	stat(name string) (int64, error)
	// opener opens a file as often as wanted; nil where the bytes have passed.
	opener(name string) opener
}

// entry is what an archive holds under one name.
type entry struct {
	// size and offset of a regular file's bytes.
	size, offset int64
	// link is the cleaned name of the entry meant instead; leaves is set
	// where it would lead out of the archive.
	link   string
	leaves bool
}

// entries are the files and links of a tar. As with tar itself, the last entry
// of a name counts.
type entries map[string]entry

// add takes an entry's header, with the offset of its data; what is neither a
// file nor a link is left out, as is a name that leads out of the archive.
// It returns the cleaned name, "" where the entry was left out.
func (e entries) add(h *tar.Header, offset int64) (string, error) {
	name, ok := cleanName(h.Name)
	if !ok {
		return "", nil
	}
	if len(e) >= maxEntries {
		return "", fmt.Errorf("archive: %w: more than %d entries", ErrTooLarge, maxEntries)
	}
	switch h.Typeflag {
	case tar.TypeReg:
		if sparse(h) {
			return "", nil
		}
		e[name] = entry{size: h.Size, offset: offset}
		return name, nil
	case tar.TypeSymlink:
		target := h.Linkname
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(name), target)
		}
		link, ok := cleanName(target)
		e[name] = entry{link: link, leaves: !ok}
	case tar.TypeLink:
		link, ok := cleanName(h.Linkname)
		e[name] = entry{link: link, leaves: !ok}
	}
	return "", nil
}

// sparse files do not lie in one piece; nobody writes blobs that way.
func sparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// resolve follows links from name to a file.
func (e entries) resolve(name string) (string, entry, error) {
	at, ok := cleanName(name)
	if !ok {
		return "", entry{}, damagedf(name, "its path leads out of the archive")
	}
	for range maxLinks {
		found, ok := e[at]
		switch {
		case !ok:
			return "", entry{}, fmt.Errorf("%s: %w", printable(at), fs.ErrNotExist)
		case found.leaves:
			return "", entry{}, damagedf(at, "a link that leads out of the archive")
		case found.link == "":
			return at, found, nil
		}
		at = found.link
	}
	return "", entry{}, damagedf(name, "a loop of links")
}

// cleanName returns a tar name as a relative path; ok is false where it is
// empty or leads out of the archive.
func cleanName(name string) (string, bool) {
	name = path.Clean(strings.TrimLeft(name, "/"))
	if name == "." || name == ".." || strings.HasPrefix(name, "../") || strings.ContainsRune(name, 0) {
		return "", false
	}
	return name, true
}
