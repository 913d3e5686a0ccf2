package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"plimsoll/internal/dockerfile"
	"plimsoll/internal/image"
	"plimsoll/internal/rebuild/docker"
	"plimsoll/internal/rebuild/harden"
	"plimsoll/internal/report"
)

type rebuildOptions struct {
	proveOptions
	digestOptions
	hardened   string
	distroless bool
	keep       bool
	log        bool
	request    docker.Request
}

const rebuildStatusHelp = `Exit status:
  0    PROVEN BETTER or NO WORSE
  1    WORSE or NOT BETTER; with --require-better, NO WORSE as well
  2    usage: a flag or an argument is wrong
  3    INCOMPLETE: something could not be examined or judged; or there is no docker
       command, no engine, or one of the two does not build
  4    a database is stale where --require-fresh is given
  130  interrupted`

func newRebuildCommand(a *app) *cobra.Command {
	o := &rebuildOptions{}
	cmd := &cobra.Command{
		Use:   "rebuild [Dockerfile]",
		Short: "Build a Dockerfile as it is and hardened, and prove one image against the other",
		Long: `Build a Dockerfile as it is and as plimsoll harden rewrites it, and prove what came
of the one image when it became the other, as plimsoll prove does. --hardened names
a file of your own instead. The proposed .dockerignore holds for the hardened one.

The docker command on your path builds, with BuildKit, and so runs what the
Dockerfile says as docker build does. Nothing is written beside your files. The two
images are removed again unless --keep is given; nothing else ever is.

` + rebuildStatusHelp,
		Example: `  plimsoll rebuild
  plimsoll rebuild --network host --secret id=token,env=TOKEN -o markdown Dockerfile
  plimsoll rebuild --hardened Dockerfile.hardened --keep Dockerfile`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runRebuild(cmd.Context(), o, args) },
	}
	o.proveOptions.addTo(cmd.Flags())
	o.digestOptions.addTo(cmd.Flags())
	f := cmd.Flags()
	f.StringVar(&o.context, "context", "", "folder of the build context (default the Dockerfile's own; this folder with -)")
	f.StringVar(&o.hardened, "hardened", "", "Dockerfile of the second image (default what plimsoll harden makes of the first)")
	f.BoolVar(&o.distroless, "distroless", false, "harden to a distroless final stage wherever the same version is to be had")
	f.BoolVar(&o.keep, "keep", false, "keep both images, and say what they are called")
	f.BoolVar(&o.log, "build-log", false, "show on standard error what docker says")
	f.BoolVar(&o.request.Pull, "pull", false, "as docker build --pull: fetch bases that the engine has already")
	f.StringVar(&o.request.Network, "network", "", "as docker build --network")
	f.StringArrayVar(&o.request.Args, "build-arg", nil, "as docker build --build-arg, for both; may be repeated")
	f.StringArrayVar(&o.request.Secrets, "secret", nil, "as docker build --secret, for both; may be repeated")
	return cmd
}

// checkRebuild reports what can't be meant, before anything is built.
func (o *rebuildOptions) checkRebuild() error {
	if o.platform == image.AllPlatforms {
		return usage(errors.New("--platform all: one image is built at a time; name one platform"))
	}
	o.request.Platform = o.platform
	if err := o.request.Check(); err != nil {
		return usage(err)
	}
	if o.hardened != "" && (o.distroless || o.offline || len(o.known)+len(o.images) > 0) {
		return usage(errors.New("--hardened names the second Dockerfile: --distroless, --digest, --images and --offline are about the one that would be made"))
	}
	return o.proveOptions.check()
}

func (a *app) runRebuild(ctx context.Context, o *rebuildOptions, args []string) error {
	if err := o.checkRebuild(); err != nil {
		return err
	}
	before, err := a.rebuildSource(args)
	if err != nil {
		return err
	}
	if o.context == "" {
		o.context = "."
		if before.Name != "-" {
			o.context = filepath.Dir(before.Name)
		}
	}
	if o.context, err = filepath.Abs(o.context); err != nil {
		return err
	}
	if info, err := os.Stat(o.context); err != nil || !info.IsDir() {
		return usage(fmt.Errorf("the build context %s is no folder: name one with --context", o.context))
	}
	// What is missing is said before anybody waits.
	client, err := a.builder(ctx, o)
	if err != nil {
		return err
	}
	after, ignore, err := a.rebuildHardened(ctx, o, before)
	if err != nil {
		return err
	}
	return a.rebuild(ctx, o, client, before, after, ignore)
}

// builder finds the docker command, and the engine that images are scanned from.
func (a *app) builder(ctx context.Context, o *rebuildOptions) (*docker.Client, error) {
	const instead = "; without it plimsoll harden writes the file and plimsoll prove compares the two Dockerfiles"
	host, err := image.DockerHost(ctx, o.open(a))
	if err != nil {
		return nil, fmt.Errorf("plimsoll rebuild needs a Docker engine: %w%s", err, instead)
	}
	client, err := docker.Find(ctx, host, os.Environ())
	if err != nil {
		return nil, fmt.Errorf("plimsoll rebuild builds with the docker command: %w%s", err, instead)
	}
	return client, nil
}

func (a *app) rebuildSource(args []string) (*dockerfile.File, error) {
	var name string
	var err error
	if len(args) > 0 {
		name = args[0]
	} else if name, err = dockerfileIn("."); err != nil {
		return nil, usage(err)
	}
	return a.parseDockerfile(name)
}

func (a *app) parseDockerfile(arg string) (*dockerfile.File, error) {
	source, name, err := a.readDockerfile(arg)
	if errors.Is(err, errNoDockerfile) {
		return nil, usage(fmt.Errorf("%s is no Dockerfile", arg))
	}
	if err != nil {
		return nil, err
	}
	return dockerfile.Parse(name, source)
}

// rebuildHardened is the second Dockerfile and the ignore file that holds for it;
// nil where what lies in the build context holds.
func (a *app) rebuildHardened(ctx context.Context, o *rebuildOptions, before *dockerfile.File) (*dockerfile.File, []byte, error) {
	if o.hardened != "" {
		after, err := a.parseDockerfile(o.hardened)
		if err == nil && after.Name == "-" && before.Name == "-" {
			err = usage(errors.New("standard input holds one Dockerfile: name a file for the other"))
		}
		return after, nil, err
	}
	opt := harden.Options{Distroless: o.distroless, Now: a.now()}
	if !o.offline || len(o.images)+len(o.known) > 0 {
		resolve, err := a.resolver(ctx, &o.digestOptions, &o.imageOptions)
		if err != nil {
			return nil, nil, err
		}
		opt.Resolve = func(ctx context.Context, ref string) (string, error) {
			r, err := resolve(ctx, ref)
			return r.Digest, err
		}
	}
	files, err := o.proveOptions.buildContext([]*dockerfile.File{before}, before)
	if err != nil {
		return nil, nil, usage(err)
	}
	r, err := harden.Harden(ctx, before, files, opt)
	if err != nil {
		return nil, nil, err
	}
	after, err := dockerfile.Parse("Dockerfile", r.Text)
	if err != nil {
		return nil, nil, fmt.Errorf("parse the hardened file: %w", err)
	}
	a.tellHardened(o, before, r)
	ignore := r.Dockerignore
	if ignore == nil {
		ignore, err = ownIgnore(before.Name)
	}
	return after, ignore, err
}

// tellHardened says in a line what the second file is.
func (a *app) tellHardened(o *rebuildOptions, before *dockerfile.File, r *harden.Result) {
	if bytes.Equal(r.Text, before.Source) {
		a.note("%s: hardening changes nothing: the same file is built twice", before.Name)
		return
	}
	a.note("%s: hardened by %d changes, %d TODOs left; plimsoll harden --diff %s shows them", before.Name, len(r.Changes), len(r.Todos), before.Name)
	for _, s := range r.Secrets {
		if !slices.ContainsFunc(o.request.Secrets, func(given string) bool { return slices.Contains(strings.Split(given, ","), "id="+s.ID) }) {
			a.note("the hardened file reads the build secret %s, which is not there: --secret id=%s,env=%s gives it", s.ID, s.ID, s.Env)
		}
	}
}

// ownIgnore is the ignore file beside a Dockerfile that holds for it alone; nil for
// none.
func ownIgnore(name string) ([]byte, error) {
	if name == "-" {
		return nil, nil
	}
	name += ".dockerignore"
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return nil, nil
	}
	return readBounded(name, 1<<20)
}

// removeTimeout bounds the removal of images after an interruption.
const removeTimeout = 30 * time.Second

// rebuild builds both and proves one image against the other.
func (a *app) rebuild(ctx context.Context, o *rebuildOptions, client *docker.Client, before, after *dockerfile.File, ignore []byte) error {
	dir, err := os.MkdirTemp("", "plimsoll-rebuild-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tags := [2]string{}
	tags[0], tags[1] = docker.Tags()
	var built []string
	defer func() { a.finishRebuild(ctx, o, client, built) }()
	refs := make([]string, len(tags))
	for i, f := range []*dockerfile.File{before, after} {
		r := o.request
		r.Tag, r.Context = tags[i], o.context
		if o.log {
			r.Log = func(line string) { fmt.Fprintln(a.env.Stderr, report.Clean(line)) }
		}
		// Files of the user's are built where they lie, with the ignore file beside them.
		own := f.Name != "-" && (i == 0 || o.hardened != "")
		if r.Dockerfile, err = placed(dir, i, f, own, ignore); err != nil {
			return err
		}
		what := []string{"as it is", "hardened"}[i]
		a.note("building %s %s", before.Name, what)
		// An interruption may come after the engine named the image.
		built = append(built, r.Tag)
		if _, err := client.Build(ctx, &r); err != nil {
			return a.buildFailed(o, before.Name+" "+what, err)
		}
		refs[i], o.built[i] = "docker:"+r.Tag, builtOn(f, o.request.Args)
	}
	return a.proveImages(ctx, &o.proveOptions, refs)
}

// placed returns the absolute path of a Dockerfile, written into dir where it is not
// the user's own.
func placed(dir string, i int, f *dockerfile.File, own bool, ignore []byte) (string, error) {
	if own {
		return filepath.Abs(f.Name)
	}
	name := filepath.Join(dir, []string{"before", "after"}[i], "Dockerfile")
	if err := os.Mkdir(filepath.Dir(name), 0o700); err != nil {
		return "", err
	}
	if i == 1 && ignore != nil {
		if err := os.WriteFile(name+".dockerignore", ignore, 0o600); err != nil {
			return "", err
		}
	}
	return name, os.WriteFile(name, f.Source, 0o600)
}

// builtOn is what the final stage is built on; empty where that is no image, or an
// argument may have changed it.
func builtOn(f *dockerfile.File, args []string) string {
	target := f.Target()
	if target == nil {
		return ""
	}
	root := target.Root()
	if root.Image == "scratch" || !root.Known || root.Image != root.Base && len(args) > 0 {
		return ""
	}
	return root.Image
}

// buildFailed tells what docker said last.
func (a *app) buildFailed(o *rebuildOptions, what string, err error) error {
	var failed *docker.Error
	if errors.As(err, &failed) && !o.log {
		for _, line := range failed.Lines {
			fmt.Fprintln(a.env.Stderr, report.Clean(line))
		}
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%s does not build, so that nothing is proven: %w", what, err)
}

// finishRebuild removes the two images, or says what they are called.
func (a *app) finishRebuild(ctx context.Context, o *rebuildOptions, client *docker.Client, tags []string) {
	if o.keep && ctx.Err() == nil {
		if len(tags) > 0 {
			a.note("kept %s", strings.Join(tags, " and "))
		}
		return
	}
	// Also after an interruption.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
	defer cancel()
	for _, tag := range tags {
		if err := client.Remove(ctx, tag); err != nil && !strings.Contains(err.Error(), "No such image") {
			a.say("%s could not be removed: %v", tag, err)
		}
	}
}
