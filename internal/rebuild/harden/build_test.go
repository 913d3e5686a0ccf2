package harden_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/image"
	"plimsoll/internal/rebuild/buildtest"
	"plimsoll/internal/rebuild/harden"
)

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
	e := buildtest.New(t)
	for _, s := range samples(t, "cases") {
		t.Run(s.name, func(t *testing.T) {
			usual := harden.Options{Resolve: registryDigests, Now: someDay}
			bare := usual
			bare.Distroless = true
			r := s.harden(t, s.source, s.files, usual)
			dir := s.unpack(t)
			was := start(t, e, e.Build(t, filepath.Join(dir, s.dockerfile), dir), false)
			tryHardened(t, e, dir, was, r)
			if d := s.harden(t, s.source, s.files, bare); !bytes.Equal(d.Text, r.Text) {
				t.Run("distroless", func(t *testing.T) { tryHardened(t, e, dir, was, d) })
			}
		})
	}
}

// unpack writes a sample's context into a folder.
func (s sample) unpack(t *testing.T) string {
	dir := t.TempDir()
	for name, f := range s.files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		mode := os.FileMode(0o644)
		if info, err := os.Stat(filepath.Join("testdata", "cases", s.name, name)); err == nil {
			mode = info.Mode().Perm()
		}
		if err := os.WriteFile(path, f.Data, mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// tryHardened builds what came out and holds it to what the image did before.
func tryHardened(t *testing.T, e *buildtest.Engine, dir string, was started, r *harden.Result) {
	t.Helper()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := write("hardened.Dockerfile", r.Text)
	if r.Dockerignore != nil {
		write("hardened.Dockerfile.dockerignore", r.Dockerignore)
	}
	var options []string
	for _, s := range r.Secrets {
		options = append(options, "--secret", "id="+s.ID+",src="+write("secret", []byte("something")))
	}
	id, output, err := e.TryBuild(t, file, dir, options...)
	if err != nil {
		t.Fatalf("it does not build: %v\n%s\n%s", err, output[max(0, len(output)-3000):], r.Text)
	}
	// A health check that was there before is the case's own business.
	now := start(t, e, id, !bytes.Contains(r.Source, []byte("HEALTHCHECK")))
	if was.state != now.state {
		t.Errorf("it %s, and did so before: %s\n%s\n%s", now.state, was.state, now.logs, r.Text)
	}
	if now.unhealthy != "" {
		t.Errorf("the health check fails: %s\n%s\n%s", now.unhealthy, now.logs, r.Text)
	}
	t.Logf("%s, as user %q", now.state, now.user)
}

// started is what became of a container: "runs on", or "ends with 1".
type started struct{ state, logs, unhealthy, user string }

// start runs a container without a network for a few seconds.
func start(t *testing.T, e *buildtest.Engine, id string, check bool) started {
	t.Helper()
	name := strings.ToLower(strings.Map(func(r rune) rune {
		if r == '/' || r == '#' {
			return '-'
		}
		return r
	}, t.Name())) + fmt.Sprint(time.Now().UnixNano())
	options := []string{"run", "--detach", "--network", "none", "--name", name}
	if check {
		options = append(options, "--health-interval", "1s", "--health-retries", "20", "--health-start-period", "0s")
	}
	e.Docker(t, append(options, id)...)
	defer e.Docker(t, "rm", "--force", "--volumes", name)
	var s started
	var info []struct {
		State struct {
			Running  bool
			ExitCode int
			Health   *struct {
				Status string
				Log    []struct{ Output string }
			}
		}
		Config struct{ User string }
	}
	healthy := func() bool {
		h := info[0].State.Health
		return h == nil || h.Status == "healthy"
	}
	for n := range 40 {
		time.Sleep(500 * time.Millisecond)
		if err := json.Unmarshal([]byte(e.Docker(t, "inspect", name)), &info); err != nil || len(info) != 1 {
			t.Fatalf("inspect %s: %v", name, err)
		}
		if !info[0].State.Running || n >= 8 && (!check || healthy()) {
			break
		}
	}
	s.user, s.state = info[0].Config.User, "runs on"
	if !info[0].State.Running {
		s.state = fmt.Sprintf("ends with %d", info[0].State.ExitCode)
	}
	s.logs = e.Docker(t, "logs", name)
	if check && info[0].State.Running && !healthy() {
		s.unhealthy = fmt.Sprint(info[0].State.Health)
	}
	return s
}
