package langpkg

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"path"
	"strings"

	"plimsoll/internal/evidence"
)

// installed collects the files that a package's own list says were installed,
// with their digests. Lists name files relative to a folder and may climb out of
// it, but never above the root of the image.
type installed struct {
	folder  string
	paths   evidence.PathList
	digests evidence.DigestList
	// room is how many bytes may still be kept, and work how many bytes of whole
	// paths may still be put together. Real lists keep less than their file has,
	// since neighbours share a folder; hostile ones repeat a long one for each
	// line of one letter.
	room, work int
	path       []byte // scratch
}

// newInstalled begins a list of files relative to a folder; size is that of the
// file which holds the list.
func newInstalled(folder string, size int) *installed {
	if folder != "" {
		folder += "/"
	}
	return &installed{folder: folder, room: 4*size + 64<<10, work: 32*size + 64<<10}
}

// add keeps a file; its digest may be empty.
func (l *installed) add(name, digest []byte) {
	if len(name) == 0 || len(l.folder)+len(name) > maxPath || l.full() {
		return
	}
	l.work -= len(l.folder) + len(name)
	l.path = append(append(l.path[:0], l.folder...), name...)
	whole := ""
	switch {
	case isClean(name):
		whole = string(l.path)
	case name[0] == '/':
		whole = path.Clean(string(name))[1:]
	default:
		whole = path.Clean("/" + string(l.path))[1:]
	}
	if whole == "" {
		return
	}
	before := len(l.paths.Coded)
	l.paths.Append(whole)
	l.digests.Append(digest)
	l.room -= len(l.paths.Coded) - before + 1 + len(digest)
}

// full reports whether no more can be kept.
func (l *installed) full() bool { return l.room <= 0 || l.work <= 0 }

// isClean reports whether nothing in a relative path needs cleaning.
func isClean(name []byte) bool {
	return name[0] != '/' && name[0] != '.' && name[len(name)-1] != '/' &&
		!bytes.Contains(name, []byte("//")) && !bytes.Contains(name, []byte("/."))
}

// addSums reports the list as one that does not say what is installed: a package
// manager that never looks at it again may have removed or replaced the files.
func (r *report) addSums(typ, name, version string, l *installed) {
	if name == "" || l.paths.Len == 0 {
		return
	}
	r.out.Sums = append(r.out.Sums, evidence.Owned{
		Type: typ, Package: name, Version: version, Database: r.path, Paths: l.paths, Digests: l.digests,
	})
	if l.full() {
		r.incomplete("the list of installed files is longer than any honest one and was read in part")
	}
}

// isPythonRecord reports whether the path is that of a wheel's list of installed
// files.
func isPythonRecord(path string) bool {
	return strings.HasSuffix(path, ".dist-info/RECORD")
}

// isEggFileList reports whether the path is that of the list that pip kept of an
// egg.
func isEggFileList(path string) bool {
	return strings.HasSuffix(path, ".egg-info/installed-files.txt")
}

// addPythonRecord reads RECORD: lines of path, digest and size as CSV, the path
// relative to the folder that holds the .dist-info folder
// (packaging.python.org/specifications/recording-installed-packages).
func addPythonRecord(r *report, content []byte) {
	files := newInstalled(folderOf(folderOf(r.path)), len(content))
	var sum [64]byte
	for len(content) > 0 {
		var line []byte
		line, content, _ = bytes.Cut(content, []byte("\n"))
		name, rest := cutCSV(bytes.TrimSuffix(line, []byte("\r")))
		digest, _ := cutCSV(rest)
		files.add(name, recordDigest(sum[:], digest))
	}
	// Both parts of the folder's name have their own hyphens written as underscores.
	stem := strings.TrimSuffix(parent(r.path), ".dist-info")
	name, version := stem, ""
	if i := strings.LastIndexByte(stem, '-'); i >= 0 {
		name, version = stem[:i], stem[i+1:]
	}
	r.addSums("pypi", pypiName(word(name)), word(version), files)
}

// addEggFileList reads installed-files.txt: lines of paths relative to the
// .egg-info folder, without digests.
func addEggFileList(r *report, content []byte) {
	files := newInstalled(folderOf(r.path), len(content))
	for len(content) > 0 {
		var line []byte
		line, content, _ = bytes.Cut(content, []byte("\n"))
		files.add(bytes.TrimSuffix(line, []byte("\r")), nil)
	}
	// NAME-VERSION-pyX.Y[-PLATFORM], hyphens of the name and version as above.
	name, rest, _ := strings.Cut(strings.TrimSuffix(parent(r.path), ".egg-info"), "-")
	version, _, _ := strings.Cut(rest, "-")
	r.addSums("pypi", pypiName(word(name)), word(version), files)
}

// cutCSV splits off the first field of a line. One in quotes ends at a quote that
// is not doubled.
func cutCSV(line []byte) (field, rest []byte) {
	if len(line) == 0 || line[0] != '"' {
		field, rest, _ = bytes.Cut(line, []byte(","))
		return field, rest
	}
	for at := 1; at < len(line); at++ {
		if line[at] != '"' {
			continue
		}
		if at+1 < len(line) && line[at+1] == '"' {
			at++
			continue
		}
		field = bytes.ReplaceAll(line[1:at], []byte(`""`), []byte(`"`))
		_, rest, _ = bytes.Cut(line[at:], []byte(","))
		return field, rest
	}
	return nil, nil
}

// recordDigest decodes "sha256=" and base64url without padding into buf; empty
// for an algorithm that the length of a digest would not tell.
func recordDigest(buf, field []byte) []byte {
	algorithm, text, _ := bytes.Cut(field, []byte("="))
	size := 0
	switch string(algorithm) {
	case "sha256":
		size = 32
	case "sha384":
		size = 48
	case "sha512":
		size = 64
	}
	if text = bytes.TrimRight(text, "="); base64.RawURLEncoding.DecodedLen(len(text)) != size {
		return nil
	}
	n, err := base64.RawURLEncoding.Decode(buf, text)
	if err != nil || n != size {
		return nil
	}
	return buf[:n]
}

// addCondaPaths reads the files of a conda record, relative to the environment.
// The digest of a file that names the environment's own folder is that of the
// file in the package, and sha256_in_prefix the one of what was written.
func addCondaPaths(s *jsonScan, files *installed) {
	var sum [32]byte
	s.object(func(key []byte) {
		if string(key) != "paths" {
			return
		}
		s.array(func() {
			var name string
			var packed, written []byte
			replaced, folder := false, false
			s.object(func(key []byte) {
				switch string(key) {
				case "_path":
					name = s.str()
				case "sha256":
					packed = s.rawText()
				case "sha256_in_prefix":
					written = s.rawText()
				case "prefix_placeholder":
					replaced = len(s.rawText()) > 0
				case "path_type":
					folder = string(s.rawText()) == "directory"
				}
			})
			if folder {
				return
			}
			if len(written) > 0 || replaced {
				packed = written
			}
			digest := sum[:0]
			if len(packed) == hex.EncodedLen(len(sum)) {
				if n, err := hex.Decode(sum[:], packed); err == nil {
					digest = sum[:n]
				}
			}
			files.add([]byte(name), digest)
		})
	})
}
