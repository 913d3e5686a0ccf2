package harden_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/image"
	"plimsoll/internal/rebuild/harden"
)

// engine is a Docker Engine that tools/rebuilds.sh started.
type engine struct{ program, host string }

// buildEngine is the engine; the test is skipped where there is none.
func buildEngine(t *testing.T) engine {
	e := engine{os.Getenv("PLIMSOLL_BUILD_DOCKER"), os.Getenv("PLIMSOLL_BUILD_DOCKER_HOST")}
	if e.program == "" || e.host == "" {
		t.Skip("no engine to build with: tools/rebuilds.sh starts one")
	}
	return e
}

func (e engine) run(ctx context.Context, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, e.program, append([]string{"-H", e.host}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// registryDigests asks the suite's registry, which is docker.io and gcr.io there.
func registryDigests(ctx context.Context, ref string) (string, error) {
	set, err := image.Open(ctx, "docker://"+ref, image.Options{})
	if err != nil {
		return "", err
	}
	defer set.Close()
	if img := set.Images[0]; img.IndexDigest != "" {
		return img.IndexDigest, nil
	}
	return set.Images[0].Digest, nil
}

// Every case builds as it was and hardened, and does the same when it is started:
// both run on, or both end with the same status. Where the hardened one runs on and
// has a health check, the check passes.
func TestBuildHardened(t *testing.T) {
	e := buildEngine(t)
	for _, s := range samples(t, "cases") {
		for _, distroless := range []bool{false, true} {
			name := s.name
			if distroless {
				name += "/distroless"
			}
			t.Run(name, func(t *testing.T) {
				opt := harden.Options{Resolve: registryDigests, Now: someDay, Distroless: distroless}
				r := s.harden(t, s.source, s.files, opt)
				if distroless && bytes.Equal(r.Text, s.harden(t, s.source, s.files, harden.Options{Resolve: registryDigests, Now: someDay}).Text) {
					t.Skip("the same as without")
				}
				if out := e.runCase(t, s, r); out != "" {
					t.Errorf("%s\n%s", out, r.Text)
				}
			})
		}
	}
}

func (e engine) runCase(t *testing.T, s sample, r *harden.Result) string {
	dir := t.TempDir()
	for name, f := range s.files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		// Scripts keep the mode that they have in the repository.
		mode := os.FileMode(0o644)
		if info, err := os.Stat(filepath.Join("testdata", "cases", s.name, name)); err == nil {
			mode = info.Mode().Perm()
		}
		if err := os.WriteFile(path, f.Data, mode); err != nil {
			t.Fatal(err)
		}
	}
	before, out, err := e.build(t, dir, s.dockerfile, nil)
	if err != nil {
		t.Skipf("it does not build as it is: %s", tail(out))
	}
	if err := os.WriteFile(filepath.Join(dir, "hardened.Dockerfile"), r.Text, 0o644); err != nil {
		t.Fatal(err)
	}
	if r.Dockerignore != nil {
		if err := os.WriteFile(filepath.Join(dir, ".dockerignore"), r.Dockerignore, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	after, out, err := e.build(t, dir, "hardened.Dockerfile", r.Secrets)
	if err != nil {
		return "it does not build: " + tail(out)
	}
	was, now := e.start(t, before, false), e.start(t, after, true)
	if was.state != now.state {
		return fmt.Sprintf("it did %q and does %q: %s", was.state, now.state, tail(now.logs))
	}
	if now.health != "" {
		return "the health check fails: " + now.health
	}
	t.Logf("%s, user %s", now.state, now.user)
	return ""
}

func tail(s string) string {
	if len(s) > 3000 {
		s = "…" + s[len(s)-3000:]
	}
	return s
}

func (e engine) build(t *testing.T, dir, file string, secrets []harden.BuildSecret) (id, out string, err error) {
	args := []string{"build", "--network", "host", "-f", filepath.Join(dir, file), "--iidfile", filepath.Join(dir, "..", "iid")}
	var env []string
	for _, s := range secrets {
		args = append(args, "--secret", "id="+s.ID+",env="+s.Env)
		env = append(env, s.Env+"=something")
	}
	out, err = e.run(t.Context(), env, append(args, dir)...)
	if err != nil {
		return "", out, err
	}
	raw, err := os.ReadFile(filepath.Join(dir, "..", "iid"))
	return strings.TrimSpace(string(raw)), out, err
}

// started is what became of a container.
type started struct{ state, logs, health, user string }

// start runs a container for a few seconds.
func (e engine) start(t *testing.T, id string, check bool) started {
	ctx := t.Context()
	out, err := e.run(ctx, nil, "run", "-d", "--network", "host", id)
	if err != nil {
		return started{state: "did not start", logs: out}
	}
	container := strings.TrimSpace(out[strings.LastIndexByte(strings.TrimSpace(out), '\n')+1:])
	defer func() { _, _ = e.run(context.WithoutCancel(ctx), nil, "rm", "-f", container) }()
	var info []struct {
		State struct {
			Running  bool
			ExitCode int
		}
		Config struct {
			User        string
			Healthcheck *struct{ Test []string }
		}
	}
	var s started
	for range 8 {
		time.Sleep(500 * time.Millisecond)
		raw, _ := e.run(ctx, nil, "inspect", container)
		if json.Unmarshal([]byte(raw), &info) != nil || len(info) != 1 {
			return started{state: "is gone"}
		}
		if !info[0].State.Running {
			break
		}
	}
	s.user = info[0].Config.User
	s.state = "runs on"
	if !info[0].State.Running {
		s.state = fmt.Sprintf("ended with %d", info[0].State.ExitCode)
	}
	s.logs, _ = e.run(ctx, nil, "logs", container)
	if h := info[0].Config.Healthcheck; check && info[0].State.Running && h != nil && len(h.Test) > 1 && h.Test[0] == "CMD" {
		if out, err := e.run(ctx, nil, append([]string{"exec", container}, h.Test[1:]...)...); err != nil {
			s.health = strings.Join(h.Test, " ") + ": " + out
		}
	}
	return s
}
