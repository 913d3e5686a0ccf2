package docker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestACommandLineHoldsValuesBehindTheirFlags(t *testing.T) {
	before, after := Tags()
	if before == after || !reTag.MatchString(before) || !reTag.MatchString(after) || strings.Split(before, ":")[0] != strings.Split(after, ":")[0] {
		t.Errorf("%s, %s", before, after)
	}
	root := t.TempDir()
	r := &Request{
		Dockerfile: filepath.Join(root, "-f"), Context: root, Tag: after, Network: "host", Platform: "linux/arm64/v8", Pull: true,
		Args: []string{"A=--privileged", "B", "C=a b\n$(c)"}, Secrets: []string{"id=a.b,env=TOKEN", "type=file,id=c,src=/x y"},
	}
	got, err := (&Client{plugin: true}).build(r, "/iid")
	want := []string{
		"build", "--tag=" + after, "--file=" + r.Dockerfile, "--iidfile=/iid", "--load", "--pull", "--network=host", "--platform=linux/arm64/v8",
		"--build-arg=A=--privileged", "--build-arg=B", "--build-arg=C=a b\n$(c)", "--secret=id=a.b,env=TOKEN", "--secret=type=file,id=c,src=/x y", "--", root,
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\ngot  %q\nwant %q", err, got, want)
	}
}

func TestWhatDockerIsNotGiven(t *testing.T) {
	_, tag := Tags()
	good := Request{Dockerfile: "/d/Dockerfile", Context: "/d", Tag: tag}
	if runtime.GOOS == "windows" {
		good.Dockerfile, good.Context = `C:\d\Dockerfile`, `C:\d`
	}
	if _, err := (&Client{}).build(&good, "/iid"); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Request){
		"a name of somebody else's":   func(r *Request) { r.Tag = "python:3.12" },
		"a name with more behind it":  func(r *Request) { r.Tag += "\n" },
		"no name":                     func(r *Request) { r.Tag = "" },
		"a relative path":             func(r *Request) { r.Context = "." },
		"a URL":                       func(r *Request) { r.Context = "https://example.com/x.git" },
		"a flag for a network":        func(r *Request) { r.Network = "--privileged" },
		"two networks":                func(r *Request) { r.Network = "host --privileged" },
		"no platform":                 func(r *Request) { r.Platform = "linux" },
		"a platform with more to it":  func(r *Request) { r.Platform = "linux/amd64,linux/arm64" },
		"an argument without a name":  func(r *Request) { r.Args = []string{"=x"} },
		"a flag for an argument":      func(r *Request) { r.Args = []string{"--x=y"} },
		"a NUL":                       func(r *Request) { r.Args = []string{"A=\x00"} },
		"a secret without a name":     func(r *Request) { r.Secrets = []string{"env=TOKEN"} },
		"a secret with two names":     func(r *Request) { r.Secrets = []string{"id=a,id=b"} },
		"a secret with something new": func(r *Request) { r.Secrets = []string{"id=a,uid=0"} },
		"an empty secret":             func(r *Request) { r.Secrets = []string{""} },
	} {
		t.Run(name, func(t *testing.T) {
			r := good
			change(&r)
			if args, err := (&Client{}).build(&r, "/iid"); !errors.Is(err, ErrRequest) {
				t.Errorf("%v: %q", err, args)
			}
		})
	}
	if err := (&Client{program: "/nowhere"}).Remove(t.Context(), "python:3.12"); err == nil || !strings.Contains(err.Error(), "no name that was given here") {
		t.Errorf("removing what is somebody else's: %v", err)
	}
}

// program puts a script called docker on the path.
func program(t *testing.T, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the script is one of a POSIX shell")
	}
	dir := t.TempDir()
	if script != "" {
		if err := os.WriteFile(filepath.Join(dir, "docker"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
}

func TestWhichClientIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		want   error
		plugin bool
	}{
		"none":               {"", ErrNoClient, false},
		"another program":    {"echo podman version 4.3.1", ErrNoClient, false},
		"one that fails":     {"echo cannot >&2; exit 1", ErrNoClient, false},
		"an old one":         {"echo Docker version 20.10.24+dfsg1, build 5d6db84", nil, false},
		"a new one":          {"echo Docker version 28.2.2, build e6534b4", nil, true},
		"one without buildx": {"[ \"$1\" = --version ] && echo Docker version 28.2.2 || exit 1", ErrNoBuildKit, false},
		"one that floods":    {"i=0; while [ $i -lt 3000 ]; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; i=$((i+1)); done", ErrNoClient, false},
	} {
		t.Run(name, func(t *testing.T) {
			program(t, c.script)
			found, err := Find(t.Context(), "unix:///x.sock", []string{"DOCKER_HOST=tcp://elsewhere", "DOCKER_CONTEXT=other", "DOCKER_BUILDKIT=0", "TOKEN=t"})
			if !errors.Is(err, c.want) || err != nil && len(err.Error()) > 1000 {
				t.Fatalf("%v", err)
			}
			if c.want != nil {
				return
			}
			want := []string{"TOKEN=t", "DOCKER_BUILDKIT=1", "BUILDKIT_PROGRESS=plain", "DOCKER_HOST=unix:///x.sock"}
			if found.plugin != c.plugin || !slices.Equal(found.env, want) {
				t.Errorf("%+v", found)
			}
		})
	}
}

func TestABuildsOutputIsBounded(t *testing.T) {
	var lines []string
	log := &tail{each: func(l string) { lines = append(lines, l) }}
	for i := range 5000 {
		fmt.Fprintf(log, "line %d: %s\r\n", i, strings.Repeat("x", 40))
	}
	fmt.Fprint(log, strings.Repeat("y", 1<<20)+"\nend")
	if len(log.kept) > tailSize || log.last() != "end" || len(log.lines(40)) > 40 {
		t.Errorf("%d bytes, %q", len(log.kept), log.last())
	}
	if len(lines) != 5001 || len(lines[5000]) != maxLine || strings.HasSuffix(lines[0], "\r") {
		t.Errorf("%d lines, the last of %d bytes", len(lines), len(lines[len(lines)-1]))
	}
}
