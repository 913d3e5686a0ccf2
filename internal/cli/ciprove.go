package cli

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"plimsoll/internal/advisory/grypedb"
	"plimsoll/internal/advisory/store"
	"plimsoll/internal/ci"
	"plimsoll/internal/lab"
	"plimsoll/internal/report"
)

type ciProveOptions struct {
	job, bad, fixed    string
	imageEnv, readyEnv string
	dockerfileEnv      string
	context, format    string
	all                bool
}

func newCIProveCommand(a *app) *cobra.Command {
	o := &ciProveOptions{}
	system := ci.Systems()[0]
	cmd := &cobra.Command{
		Use:   "prove [WORKFLOW]",
		Short: "Run a workflow's own commands on a bad and a fixed image, and show that the gate flips",
		Long: `Run the commands of a workflow's gate on a bad image and on a fixed one, and show
that the gate flips: red on the bad one for what the scanner found, green on the fixed.
No workflow runner is needed: the run steps of the gate's job are executed in order,
in a scratch folder, with the shell and the flags that GitHub uses. A checkout becomes
a copy of --context; other actions are passed over, which the report says.

The commands of the named workflow are run on this machine, as you: name only a file
that you would run yourself. Without a name it is ` + system.File + `.

The images are put into the variable that the workflow's env defines (GATE_IMAGE).
Without --bad and --fixed two stand-ins of Debian 12 are built offline and judged
with small databases of the same day; what has no fix stands in both. A third run
keeps the fixed image and breaks the Dockerfile.

Exit status:
  0    the gate flips, for what the scanner found
  1    it doesn't, or not for that reason
  2    usage: a flag or an argument is wrong, or the workflow has no gate to rehearse
  130  interrupted`,
		Example: `  plimsoll ci prove
  plimsoll ci prove .github/workflows/ci-image-scan.yml --all
  plimsoll ci prove gate.yml --bad registry.example/app:1 --fixed registry.example/app:2`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(fmt.Errorf("%s takes one workflow; see %s --help", cmd.CommandPath(), cmd.CommandPath()))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			name := filepath.FromSlash(system.File)
			if len(args) == 1 {
				name = args[0]
			}
			return a.runCIProve(cmd.Context(), o, name)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.job, "job", "", "job to rehearse (default the first with a gate)")
	f.StringVar(&o.bad, "bad", "", "image on which the gate must be red; goes with --fixed")
	f.StringVar(&o.fixed, "fixed", "", "image on which the gate must be green; goes with --bad")
	f.StringVar(&o.imageEnv, "image-env", "GATE_IMAGE", "variable of the workflow's env that names the image")
	f.StringVar(&o.readyEnv, "ready-env", "GATE_READY", "variable that passes over the steps which build and install")
	f.StringVar(&o.dockerfileEnv, "dockerfile-env", "GATE_DOCKERFILE", "variable that names the Dockerfile")
	f.StringVar(&o.context, "context", ".", "folder that the checkout copies")
	f.StringVarP(&o.format, "format", "o", "table", "table or json")
	f.BoolVar(&o.all, "all", false, "show what each step printed")
	return cmd
}

func (a *app) runCIProve(ctx context.Context, o *ciProveOptions, name string) error {
	switch {
	case o.format != "table" && o.format != "json":
		return usage(fmt.Errorf("-o takes table or json here, not %q", o.format))
	case (o.bad == "") != (o.fixed == ""):
		return usage(errors.New("--bad and --fixed go together"))
	}
	if info, err := os.Stat(o.context); err != nil || !info.IsDir() {
		return usage(fmt.Errorf("--context: %s is no folder", o.context))
	}
	page, err := a.page(a.env.Stdout, o.all)
	if err != nil {
		return err
	}
	source, err := a.readWorkflow(name)
	if err != nil {
		return err
	}
	w, err := ci.Read(name, source)
	if err != nil {
		return usage(err)
	}
	job, err := w.GateJob(o.job)
	if err != nil {
		return usage(fmt.Errorf("%s: %w", name, err))
	}
	if !w.Defines(job, o.imageEnv) {
		return usage(fmt.Errorf("%s: its env has no %s, into which a rehearsal could put an image; --image-env names another variable", name, o.imageEnv))
	}
	scratch, err := os.MkdirTemp("", "plimsoll-ci-prove-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	r := &ci.Rehearsal{Workflow: w, Job: job, Scratch: filepath.Join(scratch, "cases"), Env: a.runnerEnv()}
	if err := os.Mkdir(r.Scratch, 0o755); err != nil {
		return err
	}
	if r.Path, err = ownProgram(scratch); err != nil {
		return err
	}
	cases, err := a.proveCases(ctx, o, w, job, scratch, r.Env)
	if err != nil {
		return err
	}
	a.note("running the commands of job %s in %s on this machine", job.ID, name)
	out := &report.Rehearsal{Workflow: name, Job: job.ID}
	for _, c := range cases {
		a.note("%s", c.Name)
		result, err := r.Run(ctx, c)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", name, c.Name, err)
		}
		out.Cases = append(out.Cases, result)
	}
	out.Conclusion = ci.Conclude(out.Cases)
	if o.format == "json" {
		err = report.RehearsalJSON(a.env.Stdout, out)
	} else {
		err = report.WriteRehearsal(a.env.Stdout, out, page)
	}
	if err != nil {
		return err
	}
	if !out.Conclusion.Flips {
		return exit(statusFailed)
	}
	return exit(statusPass)
}

// runnerEnv is the environment that a rehearsal starts from: what programs need to run
// and to reach the network, what the scanners are set up with, and no more of what the
// caller's may hold.
func (a *app) runnerEnv() map[string]string {
	env := map[string]string{"COLUMNS": "140", "NO_COLOR": "1"}
	for _, pair := range os.Environ() {
		k, v, _ := strings.Cut(pair, "=")
		switch k {
		case "PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT", "TEMP", "TMP", "SSL_CERT_FILE", "SSL_CERT_DIR", "SOURCE_DATE_EPOCH",
			"DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "CONTAINER_HOST", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME",
			"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy":
			env[k] = v
			continue
		}
		for _, prefix := range []string{"PLIMSOLL_", "TRIVY_", "GRYPE_"} {
			if strings.HasPrefix(k, prefix) {
				env[k] = v
			}
		}
	}
	for name, dir := range map[string]string{"PLIMSOLL_DB_DIR": a.dbDir, "PLIMSOLL_CACHE_DIR": a.cacheDir} {
		if dir != "" {
			env[name] = dir
		}
	}
	for _, name := range []string{"PLIMSOLL_DB_DIR", "PLIMSOLL_CACHE_DIR", "TRIVY_CACHE_DIR", "DOCKER_CONFIG"} {
		if env[name] != "" {
			if abs, err := filepath.Abs(env[name]); err == nil {
				env[name] = abs // the steps run elsewhere
			}
		}
	}
	return env
}

// ownProgram makes a folder for PATH in which plimsoll is this very program.
func ownProgram(scratch string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(scratch, "bin")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	name := "plimsoll" + filepath.Ext(self)
	if filepath.Ext(self) != ".exe" {
		name = "plimsoll"
	}
	return dir, os.Symlink(self, filepath.Join(dir, name))
}

// proveCases are the runs, the one that must be green last.
func (a *app) proveCases(ctx context.Context, o *ciProveOptions, w *ci.Workflow, job *ci.Job, scratch string, env map[string]string) ([]*ci.Case, error) {
	over := map[string]string{}
	if w.Defines(job, o.readyEnv) {
		over[o.readyEnv] = "true"
	}
	with := func(name, image string, files map[string]string) *ci.Case {
		c := &ci.Case{Name: name, Env: maps.Clone(over), Context: o.context, Files: files}
		c.Env[o.imageEnv] = image
		return c
	}
	if o.bad != "" {
		bad, fixed := absoluteImage(o.bad), absoluteImage(o.fixed)
		return []*ci.Case{with("bad image "+o.bad, bad, nil), with("fixed image "+o.fixed, fixed, nil)}, nil
	}
	a.note("building a bad and a fixed stand-in of Debian 12, and small databases")
	built, err := lab.Build(ctx, filepath.Join(scratch, "lab"))
	if err != nil {
		return nil, err
	}
	pair, err := lab.BuildGatePair(filepath.Join(scratch, "pair"))
	if err != nil {
		return nil, err
	}
	if err := labEnv(ctx, built, scratch, env); err != nil {
		return nil, err
	}
	digest, err := layoutDigest(pair.Fixed)
	if err != nil {
		return nil, err
	}
	good := map[string]string{}
	bad := map[string]string{}
	dockerfile := w.Variable(job, o.dockerfileEnv)
	if w.Defines(job, o.dockerfileEnv) && dockerfile != "" {
		if !filepath.IsLocal(dockerfile) {
			return nil, usage(fmt.Errorf("%s leads out of the repository: %s", o.dockerfileEnv, dockerfile))
		}
		good[dockerfile] = "FROM lab/gate-fixed@" + digest + "\nUSER 65532\nCMD [\"/usr/bin/perl\"]\n"
		bad[dockerfile] = "FROM debian:latest\nCMD [\"/usr/bin/perl\"]\n"
	}
	cases := []*ci.Case{with("bad image, fixed Dockerfile", "oci:"+pair.Bad, good)}
	if len(bad) > 0 {
		cases = append(cases, with("fixed image, bad Dockerfile", "oci:"+pair.Fixed, bad))
	}
	return append(cases, with("fixed image, fixed Dockerfile", "oci:"+pair.Fixed, good)), nil
}

// labEnv makes the scanners judge with the lab's databases, as of their day, and ask no
// network. Trivy's settings are those of its flags
// (https://trivy.dev/docs/latest/configuration/).
func labEnv(ctx context.Context, built *lab.Lab, scratch string, env map[string]string) error {
	dir := filepath.Join(scratch, "db")
	s, err := store.Open(dir, store.WithIndex(grypedb.Index))
	if err != nil {
		return err
	}
	for _, files := range [][]string{
		{filepath.Join(built.TrivyDir, "trivy.db"), filepath.Join(built.TrivyDir, "metadata.json")},
		{filepath.Join(built.GrypeDir, "vulnerability.db")},
	} {
		archive, err := archiveOf(files)
		if err != nil {
			return err
		}
		if _, err := s.ImportReader(ctx, archive, "the stand-ins' databases", store.ImportOptions{}); err != nil {
			return err
		}
	}
	cache := filepath.Join(scratch, "trivy")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(cache, "db"), os.DirFS(built.TrivyDir)); err != nil {
		return err
	}
	for k, v := range map[string]string{
		"PLIMSOLL_DB_DIR": dir, "PLIMSOLL_CACHE_DIR": filepath.Join(scratch, "cache"), "SOURCE_DATE_EPOCH": strconv.FormatInt(lab.AsOf.Unix(), 10),
		"TRIVY_CACHE_DIR": cache, "TRIVY_SKIP_DB_UPDATE": "true", "TRIVY_SKIP_JAVA_DB_UPDATE": "true", "TRIVY_SKIP_CHECK_UPDATE": "true",
		"TRIVY_OFFLINE_SCAN": "true", "TRIVY_SKIP_VERSION_CHECK": "true",
	} {
		env[k] = v
	}
	return nil
}

func archiveOf(files []string) (*bytes.Reader, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if err := w.WriteHeader(&tar.Header{Name: filepath.Base(file), Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
			return nil, err
		}
		if _, err := w.Write(content); err != nil {
			return nil, err
		}
	}
	return bytes.NewReader(b.Bytes()), w.Close()
}

// layoutDigest is the digest of the only image of a layout that was just written.
func layoutDigest(dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		return "", err
	}
	var index struct {
		Manifests []struct{ Digest string }
	}
	if err := json.Unmarshal(b, &index); err != nil {
		return "", err
	}
	if len(index.Manifests) != 1 {
		return "", fmt.Errorf("%s holds %d images, not one", dir, len(index.Manifests))
	}
	return index.Manifests[0].Digest, nil
}

// absoluteImage keeps a path's meaning where the steps run in another folder.
func absoluteImage(ref string) string {
	prefix, path := "", ref
	for _, p := range []string{"oci:", "dir:"} {
		if rest, ok := strings.CutPrefix(ref, p); ok {
			prefix, path = p, rest
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return ref
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return ref
	}
	if prefix == "" && info.IsDir() {
		prefix = "oci:"
	}
	return prefix + abs
}
