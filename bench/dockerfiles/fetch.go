package main

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// largestFile is the size in bytes of the largest file taken for a Dockerfile.
const largestFile = 1 << 20

// dockerfile is one file of a module; path is below the module's root.
type dockerfile struct {
	path string
	text []byte
}

// fetch downloads a module and returns its Dockerfiles.
func fetch(m module) ([]dockerfile, error) {
	cache, err := os.MkdirTemp("", "dockerfiles")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(cache)
	cmd := exec.Command("go", "mod", "download", "-json", m.path+"@"+m.version)
	cmd.Dir = cache // no module of ours has a say
	cmd.Env = append(os.Environ(), "GOMODCACHE="+cache, "GOWORK=off", "GOFLAGS=-modcacherw")
	stdout, err := cmd.Output()
	var said struct{ Zip, Error string }
	if jsonErr := json.Unmarshal(stdout, &said); jsonErr != nil {
		return nil, fmt.Errorf("%s@%s: go mod download: %w", m.path, m.version, errors.Join(err, jsonErr))
	}
	if said.Error != "" || said.Zip == "" {
		return nil, fmt.Errorf("%s@%s: go mod download: %s", m.path, m.version, said.Error)
	}
	files, err := readZip(said.Zip, m.path+"@"+m.version+"/")
	if err != nil {
		return nil, fmt.Errorf("%s@%s: %w", m.path, m.version, err)
	}
	return files, nil
}

// readZip returns the Dockerfiles of a module's zip, whose entries begin with
// prefix (see golang.org/ref/mod#zip-files).
func readZip(name, prefix string) ([]dockerfile, error) {
	z, err := zip.OpenReader(name)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	var files []dockerfile
	for _, f := range z.File {
		inside, ok := strings.CutPrefix(f.Name, prefix)
		if !ok || !named(inside) || f.UncompressedSize64 > largestFile {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", inside, err)
		}
		text, err := io.ReadAll(io.LimitReader(r, largestFile))
		r.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", inside, err)
		}
		files = append(files, dockerfile{inside, text})
	}
	return files, nil
}

// others are the ends of names that begin like a Dockerfile's and are something
// else: an ignore file, a template that isn't one yet, a program about Dockerfiles.
var others = []string{
	".dockerignore", ".md", ".go", ".tmpl", ".tpl", ".template", ".gotmpl", ".j2", ".in", ".erb",
	".py", ".sh", ".yml", ".yaml", ".json", ".txt", ".ts", ".js", ".rs", ".snap", ".patch", ".lock",
}

// named reports whether a file's name is a Dockerfile's.
func named(file string) bool {
	base := strings.ToLower(path.Base(file))
	if slices.ContainsFunc(others, func(end string) bool { return strings.HasSuffix(base, end) }) {
		return false
	}
	for _, name := range []string{"dockerfile", "containerfile"} {
		if rest, ok := strings.CutPrefix(base, name); ok && (rest == "" || strings.ContainsRune("._-", rune(rest[0]))) {
			return true
		}
		if strings.HasSuffix(base, "."+name) {
			return true
		}
	}
	return false
}

// broken are folders that hold what a parser must refuse.
var broken = []string{"testfiles-negative"}

// fixtures are folders that hold the input of tests.
var fixtures = []string{"testdata", "test-fixtures", "testfixtures", "fixtures", "testfiles", "__fixtures__"}

// below reports whether a folder on the way to a file has one of the names.
func below(file string, names []string) bool {
	for _, folder := range strings.Split(path.Dir(file), "/") {
		if slices.Contains(names, strings.ToLower(folder)) {
			return true
		}
	}
	return false
}
