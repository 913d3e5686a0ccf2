package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"plimsoll/internal/lab"
)

// rebuilding is a build context beside an engine that tools/rebuilds.sh started.
type rebuilding struct {
	t *testing.T
	// dir is the build context.
	dir string
}

// newRebuilding skips the test where there is no engine. The docker command on the
// path is the suite's.
func newRebuilding(t *testing.T, files map[string]string) *rebuilding {
	t.Helper()
	host, program := os.Getenv("PLIMSOLL_BUILD_DOCKER_HOST"), os.Getenv("PLIMSOLL_BUILD_DOCKER")
	if host == "" || program == "" {
		t.Skip("no engine to build with: PLIMSOLL_BUILD_DOCKER_HOST and PLIMSOLL_BUILD_DOCKER are not set (tools/rebuilds.sh sets them)")
	}
	if err := shared.build(); err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(program, filepath.Join(bin, "docker")); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"PATH": bin + string(os.PathListSeparator) + os.Getenv("PATH"), "DOCKER_HOST": host,
		"PLIMSOLL_DB_DIR": shared.store, "PLIMSOLL_CACHE_DIR": t.TempDir(), "SOURCE_DATE_EPOCH": strconv.FormatInt(lab.AsOf.Unix(), 10),
	} {
		t.Setenv(name, value)
	}
	r := &rebuilding{t: t, dir: t.TempDir()}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(r.dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// run is plimsoll rebuild on the context's Dockerfile.
func (r *rebuilding) run(args ...string) (exit int, stdout, stderr string) {
	r.t.Helper()
	var out, said bytes.Buffer
	args = append(append([]string{"rebuild", "--network", "host"}, args...), filepath.Join(r.dir, "Dockerfile"))
	exit = Run(r.t.Context(), Env{Args: args, Getenv: os.Getenv, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &said})
	return exit, out.String(), said.String()
}

func (r *rebuilding) docker(args ...string) string {
	r.t.Helper()
	out, err := exec.CommandContext(r.t.Context(), "docker", args...).CombinedOutput()
	if err != nil {
		r.t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// left are the names of ours that the engine holds.
func (r *rebuilding) left() []string {
	r.t.Helper()
	return strings.Fields(r.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=plimsoll-rebuild/*"))
}

func (r *rebuilding) untouched(names ...string) {
	r.t.Helper()
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		r.t.Fatal(err)
	}
	if len(entries) != len(names) {
		r.t.Errorf("the build context holds %v, not %v", entries, names)
	}
}

type proofDocument struct {
	Status int
	Proofs []struct {
		Conclusion struct {
			Decision, Text string
			Complete       bool
			Reasons        []string
		}
		Counts struct {
			Before, After struct{ Secrets, Fixable, Hygiene, HygieneBelow int }
		}
		Hygiene struct {
			Cleared, Kept, Added []struct {
				Rule, Severity string
				Findings       []struct{ InBase bool }
			}
		}
		Base struct {
			Before, After struct{ Name, Digest, Source, Confidence, Reason string }
		}
		Application struct {
			Before, After int
			Identical     bool
		}
		Before, After struct {
			Packages int
			Size     int64
		}
	}
}

func (r *rebuilding) parse(stdout string) *proofDocument {
	r.t.Helper()
	var d proofDocument
	if err := json.Unmarshal([]byte(stdout), &d); err != nil || len(d.Proofs) != 1 {
		r.t.Fatalf("%v: %.2000s", err, stdout)
	}
	return &d
}

// The lab's Dockerfile.bad is built as it is and hardened, and the second image is
// better: what the lint says in the file is true of what was built.
func TestBuildRebuildOfTheBadExample(t *testing.T) {
	bad, err := os.ReadFile(filepath.Join("..", "lab", "data", "dockerfiles", "Dockerfile.bad"))
	if err != nil {
		t.Fatal(err)
	}
	r := newRebuilding(t, map[string]string{
		"Dockerfile": string(bad),
		"app.py":     "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get(\"/healthz\")\ndef healthz():\n    return \"ok\"\n",
	})
	exit, stdout, stderr := r.run("-o", "json")
	if exit != 0 {
		t.Fatalf("exit status %d\n%s\n%.4000s", exit, stderr, stdout)
	}
	d := r.parse(stdout)
	p := &d.Proofs[0]
	t.Log(p.Conclusion.Text)
	if p.Conclusion.Decision != "PROVEN BETTER" || !p.Conclusion.Complete || d.Status != 0 {
		t.Errorf("%+v", p.Conclusion)
	}
	if b, a := &p.Counts.Before, &p.Counts.After; b.Secrets == 0 || a.Secrets != 0 || a.Hygiene > 0 || a.HygieneBelow >= b.HygieneBelow+b.Hygiene {
		t.Errorf("before %+v, after %+v", *b, *a)
	}
	cleared := map[string]bool{}
	for _, rule := range p.Hygiene.Cleared {
		cleared[rule.Rule] = true
	}
	for _, rule := range []string{"expose-debug-port"} {
		if !cleared[rule] {
			t.Errorf("%s is not cleared: %+v", rule, p.Hygiene.Cleared)
		}
	}
	for _, rule := range p.Hygiene.Added {
		if rule.Severity == "high" || rule.Severity == "critical" {
			t.Errorf("added: %+v", rule)
		}
	}
	// The bases are held against the layers.
	if b := &p.Base.Before; b.Name != "python:latest" || b.Source != "dockerfile" || b.Confidence != "certain" {
		t.Errorf("base before: %+v", *b)
	}
	if a := &p.Base.After; !strings.HasPrefix(a.Name, "python:") || !strings.HasPrefix(a.Digest, "sha256:") || a.Source != "dockerfile" || a.Confidence != "certain" {
		t.Errorf("base after: %+v", *a)
	}
	if p.Application.Identical || p.Application.After == 0 {
		t.Errorf("application: %+v", p.Application)
	}
	if p.After.Packages >= p.Before.Packages || p.After.Size >= p.Before.Size {
		t.Errorf("before %+v, after %+v", p.Before, p.After)
	}
	for _, value := range []string{"hT7q", "9fKz27QxWm41LpVt8sRbNc63"} {
		if strings.Contains(stdout+stderr, value) {
			t.Errorf("a secret's value is printed: %s", value)
		}
	}
	if left := r.left(); len(left) > 0 {
		t.Errorf("images are left: %v", left)
	}
	r.untouched("Dockerfile", "app.py")
}

func TestBuildRebuildIntoTheSame(t *testing.T) {
	const same = "FROM busybox:1.36\nRUN echo one >/one\nRUN echo two >/two\nUSER 10001:10001\nCMD [\"/bin/sh\"]\n"
	r := newRebuilding(t, map[string]string{"Dockerfile": same, "again.Dockerfile": same})
	exit, stdout, stderr := r.run("-o", "json", "--keep", "--hardened", filepath.Join(r.dir, "again.Dockerfile"))
	d := r.parse(stdout)
	if p := &d.Proofs[0]; exit != 3 && exit != 0 || p.Conclusion.Decision == "PROVEN BETTER" || !p.Application.Identical || p.Application.After != 2 {
		t.Errorf("exit status %d, %+v, %+v\n%s", exit, p.Conclusion, p.Application, stderr)
	}
	left := r.left()
	if len(left) != 2 || !strings.Contains(stderr, "kept "+left[1]+" and "+left[0]) && !strings.Contains(stderr, "kept "+left[0]+" and "+left[1]) {
		t.Errorf("kept %v\n%s", left, stderr)
	}
	if len(left) > 0 {
		r.docker(append([]string{"image", "rm"}, left...)...)
	}
}

// Arguments, secrets and the ignore file beside a Dockerfile get to the build; no
// secret gets into the image.
func TestBuildRebuildHandsOnWhatTheBuildNeeds(t *testing.T) {
	t.Setenv("REBUILD_TOKEN", "Wq7nK2")
	r := newRebuilding(t, map[string]string{
		"Dockerfile": "# syntax=docker/dockerfile:1\nFROM busybox:1.36\nARG WANTED\nCOPY . /ctx\n" +
			"RUN --mount=type=secret,id=token test \"$WANTED\" = 'it is; $(echo not) a shell' && test \"$(wc -c </run/secrets/token)\" -eq 6 && test ! -e /ctx/left-out && test -e /ctx/taken\nUSER 1\n",
		"Dockerfile.dockerignore": "left-out\n", "left-out": "x", "taken": "x",
	})
	exit, stdout, stderr := r.run("-o", "json", "--build-arg", "WANTED=it is; $(echo not) a shell", "--secret", "id=token,env=REBUILD_TOKEN")
	if exit != 0 {
		t.Fatalf("exit status %d\n%s%.4000s", exit, stderr, stdout)
	}
	r.parse(stdout)
	if strings.Contains(stdout+stderr, "Wq7nK2") {
		t.Error("the secret is printed")
	}
	r.untouched("Dockerfile", "Dockerfile.dockerignore", "left-out", "taken")
}

func TestBuildRebuildOfWhatDoesNotBuild(t *testing.T) {
	r := newRebuilding(t, map[string]string{
		"Dockerfile":     "FROM busybox:1.36\nRUN printf 'it breaks \\033[31mhere\\n' && false\n",
		"bad.Dockerfile": "FROM busybox:1.36\nRUN exit 7\n", "good.Dockerfile": "FROM busybox:1.36\n",
	})
	exit, stdout, stderr := r.run()
	if exit != 3 || stdout != "" || !strings.Contains(stderr, "as it is does not build, so that nothing is proven: docker build: ") || !strings.Contains(stderr, `it breaks`) || strings.Contains(stderr, "\x1b") {
		t.Errorf("exit status %d\n%s%s", exit, stdout, stderr)
	}
	if err := os.Rename(filepath.Join(r.dir, "good.Dockerfile"), filepath.Join(r.dir, "Dockerfile")); err != nil {
		t.Fatal(err)
	}
	exit, stdout, stderr = r.run("--hardened", filepath.Join(r.dir, "bad.Dockerfile"))
	if exit != 3 || stdout != "" || !strings.Contains(stderr, "hardened does not build") {
		t.Errorf("exit status %d\n%s%s", exit, stdout, stderr)
	}
	if left := r.left(); len(left) > 0 {
		t.Errorf("images are left: %v", left)
	}
}
