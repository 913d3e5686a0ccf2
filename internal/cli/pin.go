package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"plimsoll/internal/rebuild/pin"
	"plimsoll/internal/report"
)

type pinOptions struct {
	imageOptions
	digestOptions
	format string
	check  bool
	update bool
	diff   bool
	all    bool
}

const pinStatusHelp = `Exit status:
  0    every reference that can be pinned is, and none has moved; or was written so
  1    with --check: a reference is unpinned, or its tag leads elsewhere by now
  2    usage: a flag or an argument is wrong
  3    a file could not be read, or a registry could not be asked
  130  interrupted`

func newPinCommand(a *app) *cobra.Command {
	o := &pinOptions{}
	cmd := &cobra.Command{
		Use:   "pin [FILE]...",
		Short: "Pin images by digest in Dockerfiles, compose, Kubernetes and workflow files",
		Long: `Write the digest beside the tag of every image that a file names: FROM, COPY --from,
RUN --mount, # syntax= and ARG defaults of Dockerfiles; images of compose files,
Kubernetes manifests and GitHub workflows. Nothing else in a file changes. A
reference that has a digest is compared with what its tag leads to today, and both
ages are shown; --update moves it, --check only tells. Without an argument the
Dockerfile of this folder is meant.

` + pinStatusHelp,
		Example: `  plimsoll pin
  plimsoll pin --check Dockerfile compose.yaml k8s/*.yaml
  plimsoll pin --offline --images bases.tar Dockerfile`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.runPin(cmd.Context(), o, args) },
	}
	o.imageOptions.addConnectionTo(cmd.Flags())
	o.digestOptions.addTo(cmd.Flags())
	f := cmd.Flags()
	f.StringVarP(&o.format, "format", "o", "table", "table or json")
	f.BoolVar(&o.check, "check", false, "write nothing, and exit 1 where a reference is unpinned or has moved")
	f.BoolVar(&o.update, "update", false, "move digests whose tag leads elsewhere by now")
	f.BoolVar(&o.diff, "diff", false, "show what would change as a diff, and write nothing")
	f.BoolVar(&o.all, "all", false, "shorten nothing in the table")
	return cmd
}

func (a *app) runPin(ctx context.Context, o *pinOptions, args []string) error {
	if err := tableOrJSON(o.format); err != nil {
		return err
	}
	if o.check && (o.update || o.diff) {
		return usage(errors.New("--check only tells: leave out --update and --diff"))
	}
	if err := o.imageOptions.check(); err != nil {
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
	resolve, err := a.resolver(ctx, &o.digestOptions, &o.imageOptions)
	if err != nil {
		return err
	}
	r := &pin.Report{SchemaVersion: pin.SchemaVersion, Files: []pin.File{}}
	for _, name := range args {
		f, err := a.pinFile(ctx, o, name, pin.Options{Resolve: resolve, Update: o.update})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			f = &pin.File{Name: name, Entries: []pin.Entry{}, Error: err.Error()}
		}
		r.Files = append(r.Files, *f)
	}
	result := pinStatus(r, o.check)
	r.Status = int(result)
	switch {
	case o.diff && o.format == "table":
		// The diff is the report.
	case o.format == "json":
		err = report.PinJSON(a.env.Stdout, r)
	default:
		err = report.Pin(a.env.Stdout, r, !o.check, a.now(), page)
	}
	if err != nil {
		return err
	}
	return exit(result)
}

func pinStatus(r *pin.Report, check bool) status {
	result := statusPass
	for i := range r.Files {
		if r.Files[i].Error != "" {
			return statusIncomplete
		}
		for j := range r.Files[i].Entries {
			switch r.Files[i].Entries[j].Status {
			case pin.Failed:
				return statusIncomplete
			case pin.Unpinned, pin.Moved:
				if check {
					result = statusFailed
				}
			}
		}
	}
	return result
}

// pinFile looks at one file and writes what is new.
func (a *app) pinFile(ctx context.Context, o *pinOptions, name string, opt pin.Options) (*pin.File, error) {
	source, err := readBounded(name, pin.MaxSize)
	if err != nil {
		return nil, err
	}
	f, err := pin.Look(ctx, name, source, opt)
	if err != nil {
		return nil, err
	}
	written := f.Written()
	switch {
	case o.check || bytes.Equal(written, source):
	case o.diff:
		a.printDiff(name, source, written)
	default:
		err = writeFile(name, func(w io.Writer) error {
			_, err := w.Write(written)
			return err
		})
	}
	return f, err
}

// readBounded reads a file of the user's.
func readBounded(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %s", name)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(content)) > most {
		err = fmt.Errorf("%s is larger than %d MiB", name, most>>20)
	}
	return content, err
}

// printDiff shows how a file changes.
func (a *app) printDiff(name string, before, after []byte) {
	for line := range strings.Lines(string(diff.Diff(name, before, name+" (new)", after))) {
		fmt.Fprintln(a.env.Stdout, report.Clean(strings.TrimSuffix(line, "\n")))
	}
}
