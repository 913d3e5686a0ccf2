package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"plimsoll/internal/dockerfile"
	"plimsoll/internal/rebuild/bump"
	"plimsoll/internal/report"
)

type bumpOptions struct {
	imageOptions
	format     string
	base       string
	candidates []string
	most       int
	target     string
	all        bool
	exitCode   bool
}

const bumpStatusHelp = `Exit status:
  0    advice was given: BUMP or STAY
  1    BUMP, and --exit-code was given
  2    usage: a flag or an argument is wrong
  3    NOT KNOWN, or an image or a list of tags could not be read, or not whole
  4    a vulnerability database is missing, or stale where --require-fresh is given
  130  interrupted`

func newBumpCommand(a *app) *cobra.Command {
	o := &bumpOptions{}
	cmd := &cobra.Command{
		Use:   "bump IMAGE|Dockerfile",
		Short: "Find the smallest change of base image that clears the most",
		Long: `Find the smallest change of base image that clears the most fixable HIGH and
CRITICAL vulnerabilities. Of an image the base is told by build provenance, the
OCI base annotations, the layers of images that are known, then history, and how
sure that is stands beside it; of a Dockerfile it is what the stage that is built
comes FROM. Candidates are the same tag as it is today, newer patches, minor and
major versions, smaller variants, newer releases of the distribution and Alpine,
out of the registry's list of tags; each is scanned with the same databases.
docs/bump.md says how the step is chosen.

--candidates names the images to compare instead, and no registry is asked for
anything else: archives and OCI layouts do as well as names, and a text file is
read as a list of references, one a line.

` + referenceHelp + "\n\n" + bumpStatusHelp,
		Example: `  plimsoll bump app:1
  plimsoll bump --base registry.example.com/base/python:3.8 app.tar
  plimsoll bump --candidates python-3.8.20.tar,python-3.9.tar Dockerfile`,
		Args: exactly(1, "one image or Dockerfile"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runBump(cmd.Context(), o, args[0]) },
	}
	o.imageOptions.addTo(cmd.Flags())
	f := cmd.Flags()
	f.StringVarP(&o.format, "format", "o", "table", "table or json")
	f.StringVar(&o.base, "base", "", "the base image, where it is known or the image itself is one")
	f.StringSliceVar(&o.candidates, "candidates", nil, "images to compare instead of asking the registry: references, archives, layouts, or a file that lists them")
	f.IntVar(&o.most, "max-candidates", bump.DefaultMax, "how many tags of the registry are scanned at most")
	f.StringVar(&o.target, "target", "", "of a Dockerfile, the stage that is built, as docker build --target (default the last)")
	f.BoolVar(&o.all, "all", false, "say of every source of the base what it said")
	f.BoolVar(&o.exitCode, "exit-code", false, "exit 1 where a bump is recommended")
	return cmd
}

func (o *bumpOptions) checkBump() error {
	if err := tableOrJSON(o.format); err != nil {
		return err
	}
	if o.most < 1 || o.most > maxBumps {
		return usage(fmt.Errorf("--max-candidates takes a number from 1 to %d, not %d", maxBumps, o.most))
	}
	if slices.Contains(o.candidates, "-") || o.base == "-" {
		return usage(errors.New("standard input can only be the image itself"))
	}
	var err error
	if o.candidates, err = listed(o.candidates); err != nil {
		return usage(fmt.Errorf("--candidates: %w", err))
	}
	if len(o.candidates) > maxBumps {
		return usage(fmt.Errorf("--candidates names %d images, at most %d are scanned", len(o.candidates), maxBumps))
	}
	return o.imageOptions.check()
}

const (
	// maxBumps bounds the images that are scanned in one run.
	maxBumps = 200
	// maxList bounds a file that lists references.
	maxList = 1 << 20
)

// listed replaces each text file among references by the references in it, one a
// line; what begins with # is a comment.
func listed(refs []string) ([]string, error) {
	var all []string
	for _, ref := range refs {
		text, ok, err := textFile(ref)
		if err != nil {
			return nil, err
		}
		if !ok {
			if ref = strings.TrimSpace(ref); ref != "" {
				all = append(all, ref)
			}
			continue
		}
		for line := range strings.Lines(text) {
			line, _, _ = strings.Cut(line, " #")
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				all = append(all, line)
			}
		}
	}
	return all, nil
}

// textFile reads a regular file that is a list and no archive.
func textFile(name string) (string, bool, error) {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return "", false, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return "", false, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxList+1))
	if err != nil {
		return "", false, err
	}
	head := text[:min(len(text), 512)]
	for _, c := range head {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f || c >= 0xf8 {
			return "", false, nil
		}
	}
	if len(text) > maxList {
		return "", false, fmt.Errorf("%s is no archive, and longer than a list of references may be", name)
	}
	return string(text), true, nil
}

func (a *app) runBump(ctx context.Context, o *bumpOptions, arg string) error {
	if err := o.checkBump(); err != nil {
		return err
	}
	page, err := a.page(a.env.Stdout, o.all)
	if err != nil {
		return err
	}
	stage, ref, err := a.bumpSubject(o, arg)
	if err != nil {
		return err
	}
	scanner, closeScanner, err := a.judging(ctx, &o.imageOptions)
	if err != nil {
		return err
	}
	defer closeScanner()
	show := a.newProgress()
	scanner.Progress = show.event
	b := &bumping{app: a, options: o, scanner: scanner, subject: arg, stage: stage}
	r, err := b.report(ctx, ref)
	show.close()
	if err != nil {
		return err
	}
	result := o.concludeBump(r)
	if o.format == "json" {
		err = report.BumpJSON(a.env.Stdout, r)
	} else {
		err = report.Bump(a.env.Stdout, r, page)
	}
	if err != nil {
		return err
	}
	return exit(result)
}

// concludeBump decides the exit status: advice that may lack something is never green.
func (o *bumpOptions) concludeBump(r *bump.Report) status {
	result := statusPass
	for i := range r.Advice {
		switch d := &r.Advice[i]; {
		case d.Decision == bump.Bump && o.exitCode:
			result = statusFailed
		case (d.Decision == bump.Unknown || !d.Complete) && result == statusPass:
			result = statusIncomplete
		}
	}
	r.Status = int(result)
	return result
}

// bumpSubject tells a Dockerfile, whose base is then the image to look at, from an
// image.
func (a *app) bumpSubject(o *bumpOptions, arg string) (*bump.Stage, string, error) {
	if arg == "-" || strings.HasPrefix(arg, "-:") || strings.HasPrefix(arg, "-@") {
		return nil, arg, o.noTarget()
	}
	source, name, err := a.readDockerfile(arg)
	if errors.Is(err, errNoDockerfile) {
		return nil, arg, o.noTarget()
	}
	if err != nil {
		return nil, "", usage(err)
	}
	f, err := dockerfile.Parse(name, source)
	if err == nil && o.target != "" {
		err = f.Retarget(o.target)
	}
	if err != nil {
		return nil, "", usage(err)
	}
	target := f.Target()
	if target == nil {
		return nil, "", usage(fmt.Errorf("%s has no FROM", name))
	}
	root := target.Root()
	stage := &bump.Stage{Name: target.Name, Line: root.From.StartLine, From: root.Image}
	switch {
	case o.base != "":
		return stage, o.base, nil
	case !root.Known:
		return nil, "", usage(fmt.Errorf("%s line %d: FROM %s holds a variable without a default: name the base with --base", name, stage.Line, root.Base))
	case strings.EqualFold(root.Image, "scratch"):
		return nil, "", usage(fmt.Errorf("%s line %d: it is built from scratch, and there is no base to bump", name, stage.Line))
	}
	return stage, root.Image, nil
}

func (o *bumpOptions) noTarget() error {
	if o.target != "" {
		return usage(errors.New("--target goes with a Dockerfile"))
	}
	return nil
}
