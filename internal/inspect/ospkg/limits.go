package ospkg

import (
	"bytes"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"

	"plimsoll/internal/evidence"
)

// What one database may hold. The largest real ones stay far below: Debian's
// whole archive has about 70,000 binary packages.
const (
	maxPackages     = 200_000
	maxDependencies = 2_000_000
	maxPathBytes    = 256 << 20
	maxValue        = 4096 // bytes of one name, version, licence or path
)

// limits counts what one database has yielded, so that hostile bytes can't be
// turned into many times their size.
type limits struct {
	packages, dependencies, pathBytes int
}

func (l *limits) addPackage() error {
	if l.packages++; l.packages > maxPackages {
		return fmt.Errorf("%w: more than %d packages", ErrTooLarge, maxPackages)
	}
	return nil
}

// dependency reports whether one more dependency may be kept.
func (l *limits) dependency() bool {
	l.dependencies++
	return l.dependencies <= maxDependencies
}

// path reports whether a path of this length may be kept.
func (l *limits) path(n int) bool {
	if n == 0 || n > maxValue {
		return false
	}
	l.pathBytes += n
	return l.pathBytes <= maxPathBytes
}

// file reports whether a path and a digest of these lengths may be kept.
func (l *limits) file(path, digest int) bool {
	if !l.path(path) {
		return false
	}
	return l.digest(digest)
}

// digest reports whether a digest of this length may be kept, which counts as
// the path beside it does.
func (l *limits) digest(n int) bool {
	l.pathBytes += n
	return l.pathBytes <= maxPathBytes
}

func (l *limits) err() error {
	switch {
	case l.dependencies > maxDependencies:
		return fmt.Errorf("%w: more than %d dependencies", ErrTooLarge, maxDependencies)
	case l.pathBytes > maxPathBytes:
		return fmt.Errorf("%w: more than %d MiB of file names and digests", ErrTooLarge, maxPathBytes>>20)
	}
	return nil
}

// damages collects what is wrong with one database: the first in words, the
// others as a number.
type damages struct {
	first error
	count int
}

func (d *damages) damage(format string, args ...any) {
	if d.count++; d.first == nil {
		d.first = fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
	}
}

func (d *damages) result(lim *limits) error {
	if err := lim.err(); err != nil {
		return err
	}
	if d.count > 1 {
		return fmt.Errorf("%w (and %d more places)", d.first, d.count-1)
	}
	return d.first
}

// interner makes strings of bytes and gives equal bytes the same string:
// maintainers, architectures and dependencies repeat a hundred times.
type interner map[string]string

func (in interner) str(b []byte) string {
	if s, ok := in[string(b)]; ok {
		return s
	}
	s := text(b)
	in[string(b)] = s
	return s
}

// text copies a value out of a file. An overlong one is cut: nothing real is
// that long, and the cut value matches no advisory by accident.
func text(b []byte) string {
	if len(b) > maxValue {
		b = b[:maxValue]
	}
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// cutLine splits off the first line, without its line end.
func cutLine(b []byte) (line, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return b, nil
	}
	line, rest = b[:i], b[i+1:]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, rest
}

// lineStrings yields the lines as strings, without their line ends. Each is a
// part of one long string, since lists have a hundred thousand lines and a string
// for each would take longer than all else. A line longer than that string is
// cut: nothing keeps one.
func lineStrings(content []byte) iter.Seq[string] {
	const piece = 64 << 10
	return func(yield func(string) bool) {
		for len(content) > 0 {
			n := len(content)
			if n > piece {
				if n = bytes.LastIndexByte(content[:piece], '\n') + 1; n == 0 {
					line, _ := cutLine(content[piece:])
					n = min(piece+len(line)+1, len(content))
				}
			}
			lines := string(content[:min(n, piece)])
			content = content[n:]
			for len(lines) > 0 {
				line, rest, _ := strings.Cut(lines, "\n")
				if !yield(strings.TrimSuffix(line, "\r")) {
					return
				}
				lines = rest
			}
		}
	}
}

// cutWord splits off the first word of b.
func cutWord(b []byte) (word, rest []byte) {
	b = bytes.TrimLeft(b, " \t")
	if i := bytes.IndexAny(b, " \t"); i >= 0 {
		return b[:i], b[i:]
	}
	return b, nil
}

// appendPaths adds the lines of a file list to paths, as dpkg and opkg
// write them: a directory stands before what it holds and is left out then,
// since owning a directory says nothing about the files in it.
func appendPaths(paths *evidence.PathList, content []byte, lim *limits) {
	held := ""
	keep := func() {
		if lim.path(len(held)) {
			paths.Append(held)
		}
	}
	for line := range lineStrings(content) {
		line, _, _ = strings.Cut(line, "\t") // opkg adds the mode and a link's target
		path := strings.TrimPrefix(line, "/")
		if path == "" || path == "." {
			continue
		}
		if n := len(held); n > 0 && len(path) > n && path[n] == '/' && path[:n] == held {
			held = path // what was held is its directory
			continue
		}
		keep()
		held = path
	}
	keep()
}
