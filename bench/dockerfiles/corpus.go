package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// corpus is the folder that is filled.
type corpus struct {
	dir                  string
	seen                 map[[sha256.Size]byte]bool
	kept, fixtures, same int
}

func newCorpus(dir string) (*corpus, error) {
	if err := os.MkdirAll(filepath.Join(dir, "fixtures"), 0o755); err != nil {
		return nil, err
	}
	return &corpus{dir: dir, seen: map[[sha256.Size]byte]bool{}}, nil
}

// from is what every Dockerfile that builds has.
var from = regexp.MustCompile(`(?mi)^\s*FROM\s`)

// add writes a file unless its content is there or it is no Dockerfile at all.
func (c *corpus) add(m module, f dockerfile) error {
	if below(f.path, broken) || !from.Match(f.text) {
		return nil
	}
	sum := sha256.Sum256(f.text)
	if c.seen[sum] {
		c.same++
		return nil
	}
	c.seen[sum] = true
	dir := c.dir
	if below(f.path, fixtures) {
		dir = filepath.Join(dir, "fixtures")
		c.fixtures++
	} else {
		c.kept++
	}
	return os.WriteFile(filepath.Join(dir, fileName(m, f.path)), f.text, 0o644)
}

// longestName leaves room below the 255 bytes that file systems allow.
const longestName = 200

// fileName is one name made of module and path. Two paths that differ only in
// what a name can't hold stay two names by a digest of both.
func fileName(m module, path string) string {
	full := m.path + "/" + path
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		case r == '/':
			return '+'
		}
		return '='
	}, full)
	if len(name) > longestName || strings.ContainsRune(name, '=') || strings.ContainsRune(full, '+') {
		sum := sha256.Sum256([]byte(full))
		name = hex.EncodeToString(sum[:6]) + "+" + name[max(0, len(name)-longestName):]
	}
	return name
}
