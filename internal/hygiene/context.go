package hygiene

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// Bounds of a context. maxEntries is how many files and folders are listed;
// maxMatched how many comparisons of a path with a pattern that may take.
const (
	maxEntries    = 100_000
	maxMatched    = 20_000_000
	maxDepth      = 64
	maxIgnoreSize = 1 << 20
	maxPatterns   = 10_000
	// maxRead is how much of a file is looked at.
	maxRead = 1 << 20
)

// Context is a build context: the files that COPY can see. It is safe for
// concurrent use.
type Context struct {
	fsys fs.FS
	// Ignore is the ignore file that holds: ".dockerignore",
	// "app.Dockerfile.dockerignore"; empty for none.
	Ignore  string
	matcher *patternmatcher.PatternMatcher
	list    func() listing
}

// listing is what COPY . would take.
type listing struct {
	files []string
	// cut is set where a bound ended the list.
	cut bool
}

// OpenContext opens a folder as a build context. dockerfile is the Dockerfile's
// path, absolute or from the folder; the ignore file beside it goes before the
// folder's own (https://docs.docker.com/build/concepts/context/#dockerignore-files).
// The error says what of an ignore file can't be read. Links are not followed out
// of the folder, and nothing is listed before a rule asks.
func OpenContext(dir, dockerfile string) (*Context, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the build context: %w", err)
	}
	// The root is closed with the last reference to it.
	if filepath.IsAbs(dockerfile) {
		if abs, err := filepath.Abs(dir); err == nil {
			if rel, err := filepath.Rel(abs, dockerfile); err == nil {
				dockerfile = rel
			}
		}
	}
	if filepath.IsLocal(dockerfile) {
		return NewContext(root.FS(), filepath.ToSlash(dockerfile))
	}
	beside, err := readOutside(filepath.Join(dir, dockerfile+".dockerignore"))
	if err != nil {
		return nil, err
	}
	if beside == nil {
		return NewContext(root.FS(), "")
	}
	return newContext(root.FS(), filepath.Base(dockerfile)+".dockerignore", beside)
}

// readOutside reads the ignore file of a Dockerfile that lies outside its context;
// nil for none.
func readOutside(name string) ([]byte, error) {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	defer f.Close()
	return readIgnore(f, name)
}

// NewContext is OpenContext for a file system. dockerfile may be empty.
func NewContext(fsys fs.FS, dockerfile string) (*Context, error) {
	names := []string{".dockerignore"}
	if dockerfile != "" {
		names = []string{path.Clean(dockerfile) + ".dockerignore", ".dockerignore"}
	}
	for _, name := range names {
		// A pipe would be waited for without end.
		if info, err := fs.Stat(fsys, name); err != nil || !info.Mode().IsRegular() {
			continue
		}
		f, err := fsys.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		content, err := readIgnore(f, name)
		f.Close()
		if err != nil {
			return nil, err
		}
		return newContext(fsys, name, content)
	}
	return newContext(fsys, "", nil)
}

// readIgnore reads an ignore file.
func readIgnore(f io.Reader, name string) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(f, maxIgnoreSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", name, err)
	case len(content) > maxIgnoreSize:
		return nil, fmt.Errorf("read %s: it is larger than 1 MiB", name)
	case content == nil:
		content = []byte{}
	}
	return content, nil
}

func newContext(fsys fs.FS, name string, ignore []byte) (*Context, error) {
	c := &Context{fsys: fsys, Ignore: name}
	c.list = sync.OnceValue(c.walk)
	if name == "" {
		return c, nil
	}
	patterns, err := ignorefile.ReadAll(bytes.NewReader(ignore))
	if err == nil && len(patterns) > maxPatterns {
		err = errors.New("it has more than 10,000 patterns")
	}
	if err == nil {
		c.matcher, err = patternmatcher.New(patterns)
	}
	if err == nil {
		_, err = c.matcher.MatchesOrParentMatches("plimsoll")
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return c, nil
}

// Ignores tells whether COPY can't see a path, since it or a folder that holds it is
// excluded.
func (c *Context) Ignores(name string) bool {
	if c.matcher == nil {
		return false
	}
	ignored, err := c.matcher.MatchesOrParentMatches(clean(name))
	return err == nil && ignored
}

// HasExceptions tells whether the ignore file takes something back by "!".
func (c *Context) HasExceptions() bool { return c.matcher != nil && c.matcher.Exclusions() }

// Files lists what COPY . would take, sorted within each folder; of folders only
// what is in them. complete is false where the list is too long to be read.
func (c *Context) Files() (files []string, complete bool) {
	l := c.list()
	return l.files, !l.cut
}

// Read returns the beginning of a regular file; false where there is none.
func (c *Context) Read(name string) ([]byte, bool) {
	name = clean(name)
	if info, err := fs.Lstat(c.fsys, name); err != nil || !info.Mode().IsRegular() {
		return nil, false
	}
	f, err := c.fsys.Open(name)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxRead))
	return content, err == nil
}

// Matches lists the files that a source of COPY takes: a file, a folder with all
// that is in it, or a pattern (https://pkg.go.dev/path/filepath#Match).
func (c *Context) Matches(source string) []string {
	source = clean(source)
	files, _ := c.Files()
	if source == "." {
		return files
	}
	if !strings.ContainsAny(source, `*?[\`) {
		at, found := slices.BinarySearch(files, source)
		if found {
			return files[at : at+1]
		}
		from, _ := slices.BinarySearch(files, source+"/")
		to, _ := slices.BinarySearch(files, source+"0") // the character behind the slash
		return files[from:to]
	}
	var in []string
	depth := strings.Count(source, "/") + 1
	for _, f := range files {
		if ok, err := path.Match(source, firstParts(f, depth)); err == nil && ok {
			in = append(in, f)
		}
	}
	return in
}

// firstParts are the first n components of a path.
func firstParts(name string, n int) string {
	for i := range len(name) {
		if name[i] == '/' {
			if n--; n == 0 {
				return name[:i]
			}
		}
	}
	return name
}

// clean makes a source of COPY a path within the context, as the builder does:
// neither a leading slash nor ".." leads out.
func clean(name string) string {
	name = path.Clean("/" + filepath.ToSlash(name))[1:]
	if name == "" {
		return "."
	}
	return name
}

// walk lists the context.
func (c *Context) walk() listing {
	w := walker{Context: c, left: maxEntries, cost: 1}
	if c.matcher != nil {
		w.cost = 1 + len(c.matcher.Patterns())
	}
	w.budget = maxMatched
	w.folder(".", patternmatcher.MatchInfo{}, false, 0)
	slices.Sort(w.files)
	return w.listing
}

type walker struct {
	*Context
	listing
	left, budget, cost int
}

// folder lists one folder. ignored is set where the folder itself is excluded and
// only exceptions count.
func (w *walker) folder(dir string, parent patternmatcher.MatchInfo, ignored bool, depth int) {
	if depth > maxDepth || w.cut {
		w.cut = true
		return
	}
	entries, err := fs.ReadDir(w.fsys, dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		w.left--
		w.budget -= w.cost
		if w.left < 0 || w.budget < 0 {
			w.cut = true
			return
		}
		out, info := ignored, parent
		if w.matcher != nil {
			if out, info, err = w.matcher.MatchesUsingParentResults(name, parent); err != nil {
				continue
			}
		}
		switch {
		case e.IsDir():
			if !out || w.HasExceptions() {
				w.folder(name, info, out, depth+1)
			}
		case !out:
			w.files = append(w.files, name)
		}
	}
}
