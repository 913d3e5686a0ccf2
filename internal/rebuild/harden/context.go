package harden

import (
	"path"
	"strings"
)

// contextFile reads the file of the context that a command's word most likely means:
// the same path, or the only file of that name.
func (w *work) contextFile(word string) ([]byte, bool) {
	name := w.contextName(word)
	if name == "" {
		return nil, false
	}
	return w.files.Read(name)
}

// contextName is contextFile's path; empty where there is none, or several.
func (w *work) contextName(word string) string {
	if w.files == nil || word == "" || strings.ContainsAny(word, "*?[$") {
		return ""
	}
	base := path.Base(word)
	if base == "." || base == "/" || base == ".." {
		return ""
	}
	files, _ := w.files.Files()
	found := ""
	for _, f := range files {
		if f == strings.TrimPrefix(path.Clean(word), "./") {
			return f
		}
		if path.Base(f) == base {
			if found != "" {
				return ""
			}
			found = f
		}
	}
	return found
}

// has tells whether the context is known to have a file.
func (w *work) has(name string) bool {
	if w.files == nil || w.files.Ignores(name) {
		return false
	}
	_, ok := w.files.Read(name)
	return ok
}
