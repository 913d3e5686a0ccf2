// Package buildtest builds Dockerfiles with a real Docker Engine, for tests. It is
// test machinery: no command imports it.
//
// tools/rebuilds.sh starts the engine and a registry with stand-ins of the images
// that Dockerfiles begin with, and says where they are:
//
//   - PLIMSOLL_BUILD_DOCKER_HOST: the engine, as unix:///path
//   - PLIMSOLL_BUILD_DOCKER: the client, a program (docker where it is empty)
//   - PLIMSOLL_BUILD_REGISTRY: the registry over plain HTTP, as 127.0.0.1:port
//
// Inside that suite docker.io and gcr.io lead to the same registry over TLS, by
// /etc/hosts and SSL_CERT_FILE, so that what is tested needs no option of its own:
// it resolves python:3.12-slim or gcr.io/distroless/static-debian12 as anywhere.
// Without an engine tests that ask for one are skipped, and say so.
package buildtest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	// buildTime is how long one build may take.
	buildTime = 5 * time.Minute
	// commandTime is how long any other command of the client may take.
	commandTime = 2 * time.Minute
	// frontend reads every Dockerfile, also where it has no "# syntax=" line: what
	// an engine brings itself is as old as the distribution that packages it.
	frontend = "docker/dockerfile:1"
)

// Engine is a Docker Engine to build with.
type Engine struct {
	// Host is its address, for DOCKER_HOST.
	Host string
	// Registry is the registry over plain HTTP, host:port.
	Registry string
	client   string
}

// New returns the engine of the suite, and skips the test where there is none.
func New(t testing.TB) *Engine {
	t.Helper()
	e := &Engine{
		Host:     os.Getenv("PLIMSOLL_BUILD_DOCKER_HOST"),
		Registry: os.Getenv("PLIMSOLL_BUILD_REGISTRY"),
		client:   os.Getenv("PLIMSOLL_BUILD_DOCKER"),
	}
	if e.Host == "" {
		t.Skip("no engine to build with: PLIMSOLL_BUILD_DOCKER_HOST is not set (make rebuilds sets it)")
	}
	if e.client == "" {
		e.client = "docker"
	}
	return e
}

// Case is a Dockerfile with its build context.
type Case struct {
	Name string
	// Dir is the context, File the Dockerfile in it.
	Dir, File string
}

// Cases are the folders below dir, each with a Dockerfile or a Containerfile.
func Cases(t testing.TB, dir string) []Case {
	t.Helper()
	var cases []Case
	for _, pattern := range []string{"Dockerfile", "Containerfile"} {
		files, err := filepath.Glob(filepath.Join(dir, "*", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			context := filepath.Dir(file)
			cases = append(cases, Case{filepath.Base(context), context, file})
		}
	}
	if len(cases) == 0 {
		t.Fatalf("no Dockerfile below %s", dir)
	}
	return cases
}

// Build builds file in context and returns the image's ID. The image goes with the
// test. Options stand before the context: --target, --secret, --build-arg.
func (e *Engine) Build(t testing.TB, file, context string, options ...string) string {
	t.Helper()
	id, output, err := e.TryBuild(t, file, context, options...)
	if err != nil {
		t.Fatalf("build %s: %v\n%s", file, err, tail(output))
	}
	return id
}

// TryBuild is Build for a Dockerfile that may not build; output is what the build
// said.
func (e *Engine) TryBuild(t testing.TB, file, context string, options ...string) (id, output string, err error) {
	t.Helper()
	idFile := filepath.Join(t.TempDir(), "id")
	args := append([]string{
		"build", "--network", "host", "--build-arg", "BUILDKIT_SYNTAX=" + frontend,
		"--iidfile", idFile, "--file", file,
	}, options...)
	output, err = e.run(buildTime, append(args, context)...)
	if err != nil {
		return "", output, err
	}
	text, err := os.ReadFile(idFile)
	if err != nil {
		return "", output, err
	}
	id = strings.TrimSpace(string(text))
	t.Cleanup(func() {
		// Another test's image may be the same one and gone already.
		_, _ = e.run(commandTime, "image", "rm", "--force", id)
	})
	return id, output, nil
}

// Run starts a container of an image without a network, waits for its end, and
// returns what it printed.
func (e *Engine) Run(t testing.TB, image string, args ...string) string {
	t.Helper()
	return e.Docker(t, append([]string{"run", "--rm", "--network", "none", image}, args...)...)
}

// Docker runs a command of the client and returns what it printed.
func (e *Engine) Docker(t testing.TB, args ...string) string {
	t.Helper()
	output, err := e.run(commandTime, args...)
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, tail(output))
	}
	return output
}

func (e *Engine) run(limit time.Duration, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, e.client, args...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+e.Host, "DOCKER_BUILDKIT=1", "BUILDKIT_PROGRESS=plain")
	cmd.WaitDelay = 5 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	err := cmd.Run()
	return output.String(), err
}

// tail is the end of a build's output, where its error stands.
func tail(output string) string {
	const lines = 40
	all := strings.Split(strings.TrimRight(output, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
