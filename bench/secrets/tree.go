package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"

	"plimsoll/internal/keyword"
	"plimsoll/internal/secret"
)

// largestFile is the largest file that is read.
const largestFile = 64 << 20

// finder is the engine with its words compiled, as the one pass uses it.
type finder struct {
	engine *secret.Engine
	words  *keyword.Set
}

func newFinder(rules []secret.Rule) (*finder, error) {
	e, err := secret.NewEngine(rules)
	if err != nil {
		return nil, err
	}
	set, err := keyword.New(e.Words())
	if err != nil {
		return nil, err
	}
	return &finder{e, set}, nil
}

// find returns the secrets of one text.
func (f *finder) find(path string, text []byte) []secret.Hit {
	var s *secret.Search
	f.words.Find(text, 0, len(text), func(word, at int) bool {
		if s == nil {
			s = f.engine.Begin(path)
		}
		s.Keyword(text, 0, word, at)
		return true
	})
	if s == nil {
		return nil
	}
	return s.Hits()
}

// eachFile reads every regular file below a folder; links are not followed.
func eachFile(dir string, see func(path string, text []byte) error) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		if info, err := d.Info(); err != nil || info.Size() > largestFile || info.Size() == 0 {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil
		}
		path, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		return see(filepath.ToSlash(path), text)
	})
}

// lineOf returns the number of the line that holds an offset, and its text.
func lineOf(text []byte, offset int) (number int, line []byte) {
	start := bytes.LastIndexByte(text[:offset], '\n') + 1
	end := len(text)
	if n := bytes.IndexByte(text[offset:], '\n'); n >= 0 {
		end = offset + n
	}
	return 1 + bytes.Count(text[:start], []byte{'\n'}), text[start:end]
}
