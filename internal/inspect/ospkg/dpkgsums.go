package ospkg

import (
	"bytes"
	"fmt"
	"strings"

	"plimsoll/internal/evidence"
)

// sumEscapes takes back md5sum's escapes.
var sumEscapes = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r")

// readSums adds the files of a .md5sums file (deb-md5sums(5)) to own.
func readSums(own *evidence.Owned, content []byte, lim *limits, out *evidence.Fragment) {
	var files ownedFiles
	var buf digestBuffer
	wrong := 0
	for line := range lineStrings(content) {
		sum, path, ok := cutSum(line)
		digest := buf.hex([]byte(sum))
		if digest == nil {
			wrong++
		}
		if ok {
			files.add(path, digest, lim)
		}
	}
	own.Paths, own.Digests = files.paths, files.digests
	if wrong > 0 {
		out.Note(own.Database, fmt.Sprintf("%d lines hold no digest of a file", wrong))
	}
}

// cutSum splits a line of md5sum's output: the digest, a space, a space or "*",
// the path. Where a backslash stands before the digest, backslashes, line feeds
// and carriage returns in the path are escaped (coreutils' manual, "cksum
// output modes"); dpkg's own helpers take that form back and write the name as
// it is.
func cutSum(line string) (sum, path string, ok bool) {
	escaped := strings.HasPrefix(line, `\`)
	if escaped {
		line = line[1:]
	}
	sum, path, ok = strings.Cut(line, " ")
	if !ok || path == "" || path[0] != ' ' && path[0] != '*' {
		return "", "", false
	}
	path = path[1:]
	if escaped {
		path = sumEscapes.Replace(path)
	}
	path = strings.TrimPrefix(strings.TrimPrefix(path, "./"), "/")
	return sum, path, path != ""
}

// addConffiles keeps the digests that the status file has of a package's
// configuration files as they were shipped.
func (p *dpkgParser) addConffiles(s *stanza) {
	if len(s.conffiles) == 0 {
		return
	}
	var files ownedFiles
	var buf digestBuffer
	for lines := s.conffiles; len(lines) > 0; {
		var line []byte
		line, lines = cutLine(lines)
		if path, digest := cutConffile(line, &buf); len(digest) > 0 {
			files.add(string(path), digest, &p.limits)
		}
	}
	if files.paths.Len > 0 {
		p.conffiles = append(p.conffiles, evidence.Owned{
			Type: "deb", Package: text(s.name), Version: text(s.version), Arch: p.strings.str(s.arch),
			Paths: files.paths, Digests: files.digests,
		})
	}
}

// cutConffile splits a line of the field Conffiles at its last word that is no
// flag: " /etc/name with spaces DIGEST [obsolete] [remove-on-upgrade]". A file
// that was not installed has the word newconffile in place of its digest.
func cutConffile(line []byte, buf *digestBuffer) (path, digest []byte) {
	for {
		line = bytes.TrimRight(line, " \t")
		i := bytes.LastIndexByte(line, ' ')
		if i < 0 {
			return nil, nil
		}
		word := line[i+1:]
		line = line[:i]
		if string(word) != "obsolete" && string(word) != "remove-on-upgrade" {
			path = bytes.TrimPrefix(bytes.TrimLeft(line, " \t"), []byte("/"))
			return path, buf.hex(word)
		}
	}
}

// maxDiversions is far beyond what all packages of Debian divert together.
const maxDiversions = 100_000

// appendDiversions adds what dpkg's file of diversions holds: for each the path,
// the path in its place and the package that diverts, a line each.
func appendDiversions(list []evidence.Diversion, content []byte) ([]evidence.Diversion, error) {
	var entry [3]string
	lines, kept := 0, 0
	for line := range lineStrings(content) {
		if len(line) > maxValue {
			return list, fmt.Errorf("%w: a diversion with %d bytes in a line", ErrDamaged, len(line))
		}
		entry[lines%len(entry)] = line
		if lines++; lines%len(entry) > 0 {
			continue
		}
		if kept++; kept > maxDiversions {
			return list, fmt.Errorf("%w: more than %d diversions", ErrTooLarge, maxDiversions)
		}
		list = append(list, evidence.Diversion{
			From: strings.Clone(strings.TrimPrefix(entry[0], "/")),
			To:   strings.Clone(strings.TrimPrefix(entry[1], "/")),
			By:   text([]byte(entry[2])),
		})
	}
	if lines%len(entry) > 0 {
		return list, fmt.Errorf("%w: the last diversion has %d lines of 3", ErrDamaged, lines%len(entry))
	}
	return list, nil
}
