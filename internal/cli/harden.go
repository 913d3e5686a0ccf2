package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"plimsoll/internal/dockerfile"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/rebuild/harden"
	"plimsoll/internal/report"
)

type hardenOptions struct {
	imageOptions
	digestOptions
	output     string
	inPlace    bool
	force      bool
	diff       bool
	ignore     string
	context    string
	distroless bool
}

const hardenStatusHelp = `Exit status:
  0    the file was hardened, TODOs or not
  2    usage: a flag or an argument is wrong, or a file would be overwritten
  3    the file is no Dockerfile that the builder would accept
  130  interrupted`

func newHardenCommand(a *app) *cobra.Command {
	o := &hardenOptions{}
	cmd := &cobra.Command{
		Use:   "harden [Dockerfile]",
		Short: "Write a hardened Dockerfile from one that works",
		Long: `Write a hardened Dockerfile: bases pinned by digest, a build stage and a lean final
one where the ecosystem is known, secrets out of the image, no recommended packages
and no lists, files copied by name, a numeric user, no debugger, exec form, a health
check. Comments and formatting stay. Each change is explained beside the finding
that it closes; what a person has to decide is a TODO, never a guess. Hardening a
hardened file changes nothing.

The new file goes to standard output or to -o FILE, and what was done to standard
error. The build context is the file's folder unless --context names another; without
one, on standard input, nothing is done that would have to know the files. Registries
are asked for digests alone; --offline asks none. docs/harden.md says more.

` + hardenStatusHelp,
		Example: `  plimsoll harden Dockerfile -o Dockerfile.hardened --dockerignore .dockerignore
  plimsoll harden --diff
  plimsoll harden --offline --images bases.tar Dockerfile`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runHarden(cmd.Context(), o, args) },
	}
	o.imageOptions.addConnectionTo(cmd.Flags())
	o.digestOptions.addTo(cmd.Flags())
	f := cmd.Flags()
	f.StringVarP(&o.output, "output", "o", "", "file for the hardened Dockerfile (default standard output)")
	f.BoolVar(&o.inPlace, "in-place", false, "write the hardened Dockerfile over the given one")
	f.BoolVar(&o.force, "force", false, "overwrite files that are there")
	f.BoolVar(&o.diff, "diff", false, "show the changes as a diff instead of the new file; the values of secrets are masked")
	f.StringVar(&o.ignore, "dockerignore", "", "file for the proposed .dockerignore")
	f.StringVar(&o.context, "context", "", "folder of the build context (default the Dockerfile's own; none with -)")
	f.BoolVar(&o.distroless, "distroless", false, "choose a distroless final stage wherever the same version is to be had")
	return cmd
}

func (a *app) runHarden(ctx context.Context, o *hardenOptions, args []string) error {
	name, source, err := a.hardenSource(o, args)
	if err != nil {
		return err
	}
	f, err := dockerfile.Parse(name, source)
	if err != nil {
		return err
	}
	opt := harden.Options{Distroless: o.distroless, Now: a.now()}
	if !o.offline || len(o.images)+len(o.known) > 0 {
		resolve, err := a.resolver(ctx, &o.digestOptions, &o.imageOptions)
		if err != nil {
			return err
		}
		opt.Resolve = func(ctx context.Context, ref string) (string, error) {
			r, err := resolve(ctx, ref)
			return r.Digest, err
		}
	}
	files, err := o.buildContext(name)
	if err != nil {
		return usage(err)
	}
	page, err := a.page(a.env.Stderr, false)
	if err != nil {
		return err
	}
	r, err := harden.Harden(ctx, f, files, opt)
	if err != nil {
		return err
	}
	if err := a.writeHardened(o, name, r); err != nil {
		return err
	}
	if a.quiet {
		return nil
	}
	return report.Harden(a.env.Stderr, name, r, page)
}

// hardenSource reads the Dockerfile, and refuses early what could not be written.
func (a *app) hardenSource(o *hardenOptions, args []string) (name string, source []byte, err error) {
	if len(args) == 0 {
		if name, err = dockerfileIn("."); err != nil {
			return "", nil, usage(err)
		}
	} else {
		name = args[0]
	}
	switch {
	case o.inPlace && o.output != "":
		return "", nil, usage(errors.New("--in-place and -o name two places: leave one out"))
	case o.inPlace && name == "-":
		return "", nil, usage(errors.New("--in-place needs a file, not standard input"))
	case o.diff && (o.inPlace || o.output != ""):
		return "", nil, usage(errors.New("--diff shows and writes nothing: leave out -o and --in-place"))
	}
	for _, file := range []string{o.output, o.ignore} {
		if err := o.mayWrite(file); err != nil {
			return "", nil, err
		}
	}
	if err := o.imageOptions.check(); err != nil {
		return "", nil, err
	}
	if name == "-" {
		source, err = io.ReadAll(io.LimitReader(a.env.Stdin, dockerfile.MaxSize+1))
		return name, source, err
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		if name, err = dockerfileIn(name); err != nil {
			return "", nil, usage(err)
		}
	}
	if source, err = readBounded(name, dockerfile.MaxSize); err != nil {
		return "", nil, usage(err)
	}
	return name, source, nil
}

// mayWrite refuses to overwrite a file without --force.
func (o *hardenOptions) mayWrite(file string) error {
	if file == "" || o.force {
		return nil
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return usage(err)
	case info.Mode().IsRegular():
		return usage(fmt.Errorf("%s is there already: --force overwrites it", file))
	}
	return nil
}

func (o *hardenOptions) buildContext(name string) (*hygiene.Context, error) {
	dir := o.context
	if dir == "" {
		if name == "-" {
			return nil, nil
		}
		dir = filepath.Dir(name)
	}
	inContext := name
	if rel, err := filepath.Rel(dir, name); err == nil && name != "-" {
		inContext = rel
	}
	return hygiene.OpenContext(dir, inContext)
}

// writeHardened writes the new file, or the diff, and the proposed .dockerignore.
func (a *app) writeHardened(o *hardenOptions, name string, r *harden.Result) error {
	write := func(w io.Writer) error {
		_, err := w.Write(r.Text)
		return err
	}
	var err error
	switch {
	case o.diff:
		err = a.hardenDiff(name, r)
	case o.inPlace:
		if !bytes.Equal(r.Text, r.Source) {
			err = writeFile(name, write)
		}
	case o.output != "":
		err = writeFile(o.output, write)
	default:
		err = write(a.env.Stdout)
	}
	if err != nil || o.ignore == "" {
		return err
	}
	if r.Dockerignore == nil {
		a.note("%s: the build context has a good .dockerignore, or nothing is copied from it: none was written", name)
		return nil
	}
	return writeFile(o.ignore, func(w io.Writer) error {
		_, err := w.Write(r.Dockerignore)
		return err
	})
}

func (a *app) hardenDiff(name string, r *harden.Result) error {
	for line := range strings.Lines(string(diff.Diff(name, r.Original, name+" (hardened)", r.Shown))) {
		if _, err := fmt.Fprintln(a.env.Stdout, report.Clean(strings.TrimSuffix(line, "\n"))); err != nil {
			return err
		}
	}
	return nil
}
