package hygiene

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"
)

func fileSystem(names ...string) fstest.MapFS {
	files := fstest.MapFS{}
	for _, n := range names {
		files[n] = &fstest.MapFile{Data: []byte("x"), Mode: 0o644}
	}
	return files
}

func TestContextSeesWhatTheIgnoreFileLeaves(t *testing.T) {
	files := fileSystem("app/main.go", "app/.env", ".git/config", "node_modules/a/b.js", "node_modules/keep/c.js", "README.md")
	files[".dockerignore"] = &fstest.MapFile{Data: []byte("\ufeff# comment\n.git\n**/.env\nnode_modules\n!node_modules/keep\n")}
	c, err := NewContext(files, "Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	got, complete := c.Files()
	want := []string{".dockerignore", "README.md", "app/main.go", "node_modules/keep/c.js"}
	if !slices.Equal(got, want) || !complete {
		t.Errorf("it lists %q (complete: %t), want %q", got, complete, want)
	}
	for name, ignored := range map[string]bool{".git": true, ".git/config": true, "app/.env": true, "/app/../.git/HEAD": true, "app": false} {
		if c.Ignores(name) != ignored {
			t.Errorf("Ignores(%q) is %t", name, !ignored)
		}
	}
	for source, want := range map[string][]string{
		"app": {"app/main.go"}, "./": got, "*.md": {"README.md"}, "*/keep": {"node_modules/keep/c.js"}, "../../README.md": {"README.md"}, "gone": nil, "[": nil,
	} {
		if m := c.Matches(source); !slices.Equal(m, want) {
			t.Errorf("COPY %s takes %q, want %q", source, m, want)
		}
	}
}

func TestTheDockerfilesOwnIgnoreFileGoesFirst(t *testing.T) {
	files := fileSystem("a", "b")
	files[".dockerignore"] = &fstest.MapFile{Data: []byte("a\n")}
	files["build/app.Dockerfile.dockerignore"] = &fstest.MapFile{Data: []byte("b\n")}
	for dockerfile, want := range map[string]string{"Dockerfile": ".dockerignore", "build/app.Dockerfile": "build/app.Dockerfile.dockerignore", "": ".dockerignore"} {
		c, err := NewContext(files, dockerfile)
		if err != nil {
			t.Fatal(err)
		}
		if c.Ignore != want {
			t.Errorf("for %q %q holds, want %q", dockerfile, c.Ignore, want)
		}
	}
}

func TestAnIgnoreFileThatCannotBeReadIsAnError(t *testing.T) {
	for name, content := range map[string]string{"pattern": "[a-\n", "exception": "!\n", "line": string(make([]byte, 70<<10))} {
		files := fstest.MapFS{".dockerignore": &fstest.MapFile{Data: []byte(content)}}
		if _, err := NewContext(files, ""); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestContextsOfFoldersStayInside(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(outside, "secret"), "s")
	write(filepath.Join(dir, "sub", "f"), "f")
	for link, target := range map[string]string{"out": outside, "file": filepath.Join(outside, "secret"), "loop": "."} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := OpenContext(dir, filepath.Join(dir, "sub", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	files, _ := c.Files()
	if want := []string{"file", "loop", "out", "sub/f"}; !slices.Equal(files, want) {
		t.Errorf("it lists %q, want %q", files, want)
	}
	for _, name := range []string{"file", "out/secret", "../secret"} {
		if content, ok := c.Read(name); ok {
			t.Errorf("it read %q through %s", content, name)
		}
	}
	if content, ok := c.Read("sub/f"); !ok || string(content) != "f" {
		t.Errorf("sub/f is %q, %t", content, ok)
	}
	// A Dockerfile outside its context brings its own ignore file.
	write(filepath.Join(outside, "Dockerfile.dockerignore"), "sub\n")
	if c, err = OpenContext(dir, filepath.Join(outside, "Dockerfile")); err != nil {
		t.Fatal(err)
	}
	if !c.Ignores("sub/f") || c.Ignore != "Dockerfile.dockerignore" {
		t.Errorf("the ignore file beside the Dockerfile does not hold: %q", c.Ignore)
	}
}

func TestALongContextIsCut(t *testing.T) {
	dir := t.TempDir()
	deep := dir
	for range maxDepth + 10 {
		deep = filepath.Join(deep, "d")
	}
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	c, err := OpenContext(dir, "Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if _, complete := c.Files(); complete {
		t.Errorf("a context %d folders deep is said to be complete (%v)", maxDepth+10, time.Since(start))
	}
}
