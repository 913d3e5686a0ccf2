package buildtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const cases = "../harden/testdata/cases"

// TestBuildEveryCaseAsItIs: what harden is measured on are Dockerfiles that build.
func TestBuildEveryCaseAsItIs(t *testing.T) {
	e := New(t)
	for _, c := range Cases(t, cases) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			e.Build(t, c.File, c.Dir)
		})
	}
}

// TestBuildTheBadExample: the lab's Dockerfile.bad builds, and what is wrong with
// it is in the image: a password that the builder cut at the dollar sign, and root.
func TestBuildTheBadExample(t *testing.T) {
	e := New(t)
	context := t.TempDir()
	app, err := os.ReadFile(filepath.Join(cases, "python-flask-pinned", "app.py"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(context, "app.py"), app, 0o644); err != nil {
		t.Fatal(err)
	}
	image := e.Build(t, "../../lab/data/dockerfiles/Dockerfile.bad", context)
	got := e.Run(t, image, "sh", "-c", `echo "$DB_PASSWORD $(id -u)"; python -c "import app"`)
	if got != "hT7q 0\n" {
		t.Errorf("the container says %q", got)
	}
}

// TestBuildOnADigest: a base pinned by digest is fetched by it, from both names
// that lead to the suite's registry.
func TestBuildOnADigest(t *testing.T) {
	e := New(t)
	for _, tagged := range []string{"busybox:1.36", "gcr.io/distroless/static-debian12:nonroot"} {
		t.Run(tagged, func(t *testing.T) {
			digests := strings.Fields(e.Docker(t, "image", "inspect", "--format", `{{join .RepoDigests " "}}`, tagged))
			repository := tagged[:strings.LastIndex(tagged, ":")]
			for _, d := range digests {
				digest, ok := strings.CutPrefix(d, repository+"@")
				if !ok {
					continue
				}
				file := filepath.Join(t.TempDir(), "Dockerfile")
				if err := os.WriteFile(file, []byte("FROM "+tagged+"@"+digest+"\nLABEL pinned=yes\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				e.Build(t, file, filepath.Dir(file))
				return
			}
			t.Fatalf("the registry's digest of %s is not among %q", tagged, digests)
		})
	}
}
