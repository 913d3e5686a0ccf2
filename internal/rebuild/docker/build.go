package docker

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Repository is what the names of all images that are built here begin with.
const Repository = "plimsoll-rebuild"

// Request is one build.
type Request struct {
	// Dockerfile and Context are absolute paths of a file and a folder.
	Dockerfile, Context string
	// Tag is the image's name, one that Tag made.
	Tag string
	// Network is docker build's --network; empty for its default.
	Network string
	// Platform is "linux/arm64"; empty for the engine's own.
	Platform string
	// Args are docker build's --build-arg, Secrets its --secret.
	Args, Secrets []string
	// Pull asks the registry for bases that the engine has already.
	Pull bool
	// Log gets each line that docker says; nil for nobody. The lines are as docker,
	// and whatever it runs, wrote them.
	Log func(line string)
}

// Error is a build that failed.
type Error struct {
	// Lines are the last that docker said, as it wrote them.
	Lines []string
	Err   error
}

func (e *Error) Error() string { return fmt.Sprintf("docker build: %v", e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// ErrRequest is wrapped by the errors about a request that is not handed on.
var ErrRequest = errors.New("not handed to docker")

var (
	reTag      = regexp.MustCompile(`^` + Repository + `/[0-9a-f]{16}:(before|after)$`)
	reID       = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	reNetwork  = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.:-]{0,127}$`)
	rePlatform = regexp.MustCompile(`^[a-z0-9]+/[a-z0-9_]+(/[a-z0-9.]+)?$`)
	reArg      = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*(=|$)`)
	reSecretID = regexp.MustCompile(`^id=[A-Za-z0-9_][A-Za-z0-9_./-]*$`)
	reField    = regexp.MustCompile(`^(src|source|env|type)=.+$`)
)

// Tags makes the two names of one run.
func Tags() (before, after string) {
	var run [8]byte
	rand.Read(run[:]) // never fails (crypto/rand)
	name := Repository + "/" + hex.EncodeToString(run[:])
	return name + ":before", name + ":after"
}

// Check reports what docker is not given. The error wraps ErrRequest.
func (r *Request) Check() error {
	for _, v := range []struct {
		value, what string
		form        *regexp.Regexp
	}{{r.Network, "--network takes a network's name", reNetwork}, {r.Platform, "--platform takes os/arch[/variant]", rePlatform}} {
		if v.value != "" && !v.form.MatchString(v.value) {
			return fmt.Errorf("%w: %s, not %q", ErrRequest, v.what, v.value)
		}
	}
	for _, a := range r.Args {
		if !reArg.MatchString(a) || strings.ContainsRune(a, 0) {
			name, _, _ := strings.Cut(a, "=")
			return fmt.Errorf("%w: --build-arg takes NAME=VALUE or NAME, and %q is no name", ErrRequest, name)
		}
	}
	for _, s := range r.Secrets {
		id := 0
		for _, field := range strings.Split(s, ",") {
			switch {
			case strings.ContainsRune(field, 0):
				id = 2
			case reSecretID.MatchString(field):
				id++
			case !reField.MatchString(field):
				id = 2
			}
		}
		if id != 1 {
			return fmt.Errorf("%w: --secret takes id=NAME,env=VARIABLE or id=NAME,src=FILE, not %q", ErrRequest, s)
		}
	}
	return nil
}

// build is docker's command line for a request. A flag and its value are one
// argument, so that no value can pass for a flag.
func (c *Client) build(r *Request, iidfile string) ([]string, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	switch {
	case !reTag.MatchString(r.Tag):
		return nil, fmt.Errorf("%w: %q is no name of ours", ErrRequest, r.Tag)
	case !filepath.IsAbs(r.Dockerfile) || !filepath.IsAbs(r.Context):
		return nil, fmt.Errorf("%w: a path that is not absolute", ErrRequest)
	}
	args := []string{"build", "--tag=" + r.Tag, "--file=" + r.Dockerfile, "--iidfile=" + iidfile}
	if c.plugin {
		args = append(args, "--load")
	}
	if r.Pull {
		args = append(args, "--pull")
	}
	if r.Network != "" {
		args = append(args, "--network="+r.Network)
	}
	if r.Platform != "" {
		args = append(args, "--platform="+r.Platform)
	}
	for _, a := range r.Args {
		args = append(args, "--build-arg="+a)
	}
	for _, s := range r.Secrets {
		args = append(args, "--secret="+s)
	}
	return append(args, "--", r.Context), nil
}

// Build builds an image and returns its ID, "sha256:…". The error is an *Error where
// docker could not build it, and wraps ErrRequest where docker was not asked.
func (c *Client) Build(ctx context.Context, r *Request) (id string, err error) {
	dir, err := os.MkdirTemp("", "plimsoll-build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	iidfile := filepath.Join(dir, "id")
	args, err := c.build(r, iidfile)
	if err != nil {
		return "", err
	}
	log := &tail{each: r.Log}
	cmd := c.command(ctx, args)
	// The same value for both keeps them in one order (os/exec).
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", &Error{Lines: log.lines(40), Err: err}
	}
	raw, err := os.ReadFile(iidfile)
	if err != nil {
		return "", fmt.Errorf("docker build said nothing of what it built: %w", err)
	}
	if id = strings.TrimSpace(string(raw)); !reID.MatchString(id) {
		return "", fmt.Errorf("docker build gave %q, which is no image's ID", truncate(id, 100))
	}
	return id, nil
}
