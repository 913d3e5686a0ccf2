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

	"github.com/spf13/cobra"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/report"
	"plimsoll/internal/scan"
	"plimsoll/internal/verdict"
)

type lintOptions struct {
	imageOptions
	format     string
	strict     bool
	all        bool
	failOn     string
	fix        bool
	dryRun     bool
	context    string
	target     string
	registries []string

	level advisory.Severity
}

const lintStatusHelp = `Exit status:
  0    nothing found at the level of --fail-on
  1    something was found at that level
  2    usage: a flag or an argument is wrong
  3    a file is no Dockerfile that could be parsed, or an image could not be read
  130  interrupted`

func newLintCommand(a *app) *cobra.Command {
	o := &lintOptions{}
	cmd := &cobra.Command{
		Use:   "lint [Dockerfile|Containerfile|IMAGE]...",
		Short: "Show what a Dockerfile, or the image built from one, should not do",
		Long: `Show what a Dockerfile should not do, or what the configuration, history and files of an
image say that was built from one: the same rules speak of both. Without an
argument the Dockerfile or Containerfile of this folder is looked at; - is a
Dockerfile on standard input, and a folder is the one in it. Severity says what a
finding costs the image that runs; style is shown with --strict.

Comments lift rules: hadolint's (# hadolint ignore=DL3008), Trivy's
(#trivy:ignore:DS-0002), docker's (# check=skip=…), and our own, which need a last
day and a reason: # plimsoll:ignore RULE until=YYYY-MM-DD reason="…".
docs/lint-rules.md describes every rule.

` + lintStatusHelp,
		Example: `  plimsoll lint
  plimsoll lint --strict -o github docker/*.Dockerfile
  plimsoll lint --fix Dockerfile
  plimsoll lint app.tar`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.runLint(cmd.Context(), o, args) },
	}
	o.imageOptions.addSourceTo(cmd.Flags())
	f := cmd.Flags()
	f.StringVarP(&o.format, "format", "o", "table", "table, json, sarif or github")
	f.BoolVar(&o.strict, "strict", false, "show what is negligible too: style, unpinned packages, a missing HEALTHCHECK")
	f.BoolVar(&o.all, "all", false, "shorten no list in the table, and list what comments lift")
	f.StringVar(&o.failOn, "fail-on", "high", "exit 1 from this severity on: critical, high, medium, low, negligible, or never")
	f.BoolVar(&o.fix, "fix", false, "show the safe fixes as a diff and write them into the Dockerfiles")
	f.BoolVar(&o.dryRun, "dry-run", false, "with --fix: show the diff and write nothing")
	f.StringVar(&o.context, "context", "", "folder of the build context (default the Dockerfile's own; none with -)")
	f.StringVar(&o.target, "target", "", "the stage that is built, as docker build --target (default the last)")
	f.StringSliceVar(&o.registries, "allowed-registry", nil, "base images may come from these registries only; may be repeated")
	return cmd
}

func (o *lintOptions) checkLint() error {
	switch o.format {
	case "table", "json", "sarif", "github":
	default:
		return usage(fmt.Errorf("-o takes table, json, sarif or github, not %q", o.format))
	}
	if o.failOn == "never" {
		o.level = advisory.Critical + 1
	} else if o.level = advisory.ParseSeverity(o.failOn); o.level == advisory.Unknown {
		return usage(fmt.Errorf("--fail-on takes critical, high, medium, low, negligible or never, not %q", o.failOn))
	}
	if o.dryRun && !o.fix {
		return usage(errors.New("--dry-run goes with --fix"))
	}
	return o.imageOptions.check()
}

func (a *app) runLint(ctx context.Context, o *lintOptions, args []string) error {
	if err := o.checkLint(); err != nil {
		return err
	}
	page, err := a.page(a.env.Stdout, o.all)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		name, err := dockerfileIn(".")
		if err != nil {
			return usage(err)
		}
		args = []string{name}
	}
	least := advisory.Low
	if o.strict {
		least = advisory.Negligible
	}
	r := &verdict.Lint{SchemaVersion: verdict.SchemaVersion, Tool: tool()}
	rules := hygiene.Rules()
	for _, arg := range args {
		if err := a.lintOne(ctx, o, r, rules, arg, min(least, o.level)); err != nil {
			return err
		}
	}
	result := statusPass
	for i := range r.Subjects {
		switch s := &r.Subjects[i]; {
		case s.Error != "":
			result = statusIncomplete
		case s.Worst() >= o.level && result == statusPass:
			result = statusFailed
		}
	}
	r.Status = int(result)
	switch {
	case o.fix && o.format == "table":
		// The diff is the report.
	case o.format == "json":
		err = report.LintJSON(a.env.Stdout, r)
	case o.format == "sarif":
		err = report.LintSARIF(a.env.Stdout, r)
	case o.format == "github":
		err = report.LintGitHub(a.env.Stdout, r)
	default:
		err = report.Lint(a.env.Stdout, r, page)
	}
	if err != nil {
		return err
	}
	return exit(result)
}

// lintOne looks at one argument: a Dockerfile where it names a file that is none of
// an image's forms, an image otherwise.
func (a *app) lintOne(ctx context.Context, o *lintOptions, r *verdict.Lint, rules []hygiene.Rule, arg string, least advisory.Severity) error {
	source, name, err := a.readDockerfile(arg)
	switch {
	case errors.Is(err, errNoDockerfile):
		return a.lintImage(ctx, o, r, rules, arg, least)
	case err != nil:
		return err
	}
	subject := verdict.LintSubject{Name: name, Kind: "dockerfile"}
	f, err := dockerfile.Parse(name, source)
	if err == nil && o.target != "" {
		err = f.Retarget(o.target)
	}
	if err != nil {
		subject.Error = err.Error()
		r.Add(subject, nil, least, rules)
		return nil
	}
	opt := hygiene.Options{Now: a.now(), Registries: o.registries}
	if opt.Context, err = o.buildContext(name); err != nil {
		return err
	}
	if o.fix {
		if f, err = a.fixFile(o, f, rules, opt, least); err != nil {
			return err
		}
	}
	r.Add(subject, hygiene.Check(f, rules, opt), least, rules)
	return nil
}

// errNoDockerfile is returned for an argument that names no Dockerfile.
var errNoDockerfile = errors.New("no Dockerfile")

// readDockerfile reads the file that an argument names.
func (a *app) readDockerfile(arg string) (source []byte, name string, err error) {
	if arg == "-" {
		source, err = io.ReadAll(io.LimitReader(a.env.Stdin, dockerfile.MaxSize+1))
		return source, "-", err
	}
	info, err := os.Stat(arg)
	if errors.Is(err, fs.ErrNotExist) && looksLikeDockerfile(arg) {
		return nil, "", usage(fmt.Errorf("there is no file %s", arg))
	}
	if err != nil {
		return nil, "", errNoDockerfile
	}
	name = arg
	if info.IsDir() {
		if name, err = dockerfileIn(arg); err != nil {
			return nil, "", errNoDockerfile // a layout of an image
		}
	} else if !info.Mode().IsRegular() && !looksLikeDockerfile(arg) {
		return nil, "", errNoDockerfile
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	source, err = io.ReadAll(io.LimitReader(f, dockerfile.MaxSize+1))
	if err == nil && !looksLikeDockerfile(name) && bytes.IndexByte(source[:min(len(source), 4096)], 0) >= 0 {
		err = errNoDockerfile // an archive
	}
	return source, name, err
}

// looksLikeDockerfile tells by a name.
func looksLikeDockerfile(name string) bool {
	base := strings.ToLower(filepath.Base(name))
	for _, word := range []string{"dockerfile", "containerfile"} {
		if base == word || strings.HasPrefix(base, word+".") || strings.HasSuffix(base, "."+word) {
			return true
		}
	}
	return false
}

// dockerfileIn finds the Dockerfile of a folder, in the order in which builders look.
func dockerfileIn(dir string) (string, error) {
	for _, name := range []string{"Dockerfile", "Containerfile", "dockerfile"} {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, nil
		}
	}
	return "", fmt.Errorf("there is no Dockerfile or Containerfile in %s: name one, or an image", dir)
}

// buildContext opens the context of a Dockerfile; nil where there is none.
func (o *lintOptions) buildContext(name string) (*hygiene.Context, error) {
	switch {
	case o.context == "" && name == "-":
		return nil, nil
	case o.context == "":
		return hygiene.OpenContext(filepath.Dir(name), filepath.Base(name))
	case name == "-":
		return hygiene.OpenContext(o.context, "Dockerfile")
	}
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	return hygiene.OpenContext(o.context, path)
}

// fixFile shows what can be mended and writes it; it returns the file as it is then.
func (a *app) fixFile(o *lintOptions, f *dockerfile.File, rules []hygiene.Rule, opt hygiene.Options, least advisory.Severity) (*dockerfile.File, error) {
	source, mended, err := hygiene.Fix(f, rules, opt, func(f *hygiene.Finding) bool { return f.Severity >= least })
	if err != nil {
		return nil, err
	}
	if bytes.Equal(source, f.Source) {
		a.say("%s: nothing that can be mended safely", f.Name)
		return f, nil
	}
	if o.format == "table" {
		a.printDiff(f.Name, hygiene.Mask(f.Source), hygiene.Mask(source))
	}
	named, err := dockerfile.Parse(f.Name, source)
	if err != nil {
		return nil, err
	}
	switch {
	case o.dryRun:
		a.say("%s: %d findings could be mended; nothing was written", f.Name, len(mended))
		return f, nil
	case f.Name == "-":
		_, err = a.env.Stdout.Write(source)
		return named, err
	}
	err = writeFile(f.Name, func(w io.Writer) error {
		_, err := w.Write(source)
		return err
	})
	if err != nil {
		return nil, err
	}
	a.say("%s: %d findings mended", f.Name, len(mended))
	return named, nil
}

// lintImage looks at the configuration and history of an image.
func (a *app) lintImage(ctx context.Context, o *lintOptions, r *verdict.Lint, rules []hygiene.Rule, ref string, least advisory.Severity) error {
	examined, err := a.examine(ctx, &o.imageOptions, []string{ref})
	if err != nil {
		return err
	}
	for _, e := range examined[0] {
		s := verdict.LintSubject{Name: e.Description.Reference, Kind: "image", Platform: e.Description.Platform, Digest: e.Description.Digest}
		findings := append(scan.Settings(e, rules), scan.Hygiene(e, rules, a.now())...)
		r.Add(s, findings, least, rules)
	}
	return nil
}
