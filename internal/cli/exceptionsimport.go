package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"plimsoll/internal/gate/exception"
	"plimsoll/internal/gate/exception/foreign"
)

type exceptionsImportOptions struct {
	from, owner, until, reason, output string
	images                             []string
	force                              bool
}

func newExceptionsImportCommand(a *app) *cobra.Command {
	o := &exceptionsImportOptions{}
	var names []string
	for _, f := range foreign.Formats() {
		names = append(names, string(f))
	}
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Turn .trivyignore, .grype.yaml and gitleaks' lists into exceptions",
		Long: `Turn lists of other tools into an exceptions file: .trivyignore, .trivyignore.yaml,
the ignore rules of .grype.yaml, gitleaks' baselines (its JSON report) and
.gitleaksignore.

Those lists have no owner, and mostly neither a reason nor an end: --owner, --until
and --reason say them for entries without. What an entry says that an exception
can't is named on standard error, and the entry is left out; nothing is dropped in
silence, and nothing accepts more than it did without a note.

Exit status:
  0    every entry is imported
  1    entries were left out; the others are written
  2    usage: a flag, an argument or a file is wrong`,
		Example: `  plimsoll exceptions import .trivyignore --owner team-platform --until 2027-03-31 \
    --reason "taken over from Trivy, to be reviewed" -o plimsoll-exceptions.yaml`,
		Args: atLeast(1, "at least one file"),
		RunE: func(_ *cobra.Command, args []string) error { return a.runExceptionsImport(o, args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "what the files are, where their names don't say it: "+strings.Join(names, ", "))
	f.StringVar(&o.owner, "owner", "", "who answers for the exceptions (required)")
	f.StringVar(&o.until, "until", "", "last day (YYYY-MM-DD) of entries without one")
	f.StringVar(&o.reason, "reason", "", "reason of entries without one")
	f.StringArrayVar(&o.images, "image", nil, "pattern of the images that the exceptions are for (default everywhere); may be repeated")
	f.StringVarP(&o.output, "output", "o", "", "file to write, instead of standard output")
	f.BoolVar(&o.force, "force", false, "replace the file that -o names")
	return cmd
}

func (o *exceptionsImportOptions) check() (time.Time, error) {
	var until time.Time
	if strings.TrimSpace(o.owner) == "" {
		return until, usage(errors.New("--owner is missing: an exception has somebody who answers for it"))
	}
	if o.from != "" && !slices.Contains(foreign.Formats(), foreign.Format(o.from)) {
		return until, usage(fmt.Errorf("--from does not know %q: one of %v", o.from, foreign.Formats()))
	}
	for _, p := range o.images {
		if err := exception.CheckImage(p); err != nil {
			return until, usage(fmt.Errorf("--image %q: %w", p, err))
		}
	}
	if o.until != "" {
		var err error
		if until, err = time.Parse(time.DateOnly, o.until); err != nil {
			return until, usage(fmt.Errorf("--until takes a day such as 2027-03-31, not %q", o.until))
		}
	}
	if o.output != "" && !o.force {
		if _, err := os.Stat(o.output); !errors.Is(err, fs.ErrNotExist) {
			return until, usage(fmt.Errorf("%s is there already: --force replaces it", o.output))
		}
	}
	return until, nil
}

func (a *app) runExceptionsImport(o *exceptionsImportOptions, files []string) error {
	until, err := o.check()
	if err != nil {
		return err
	}
	var list []exception.Exception
	noReason, noDay, left := 0, 0, 0
	for _, name := range files {
		l, err := readForeign(name, foreign.Format(o.from))
		if err != nil {
			return usage(err)
		}
		for _, s := range l.Notes {
			a.say("note: %s", s)
		}
		for _, s := range l.Left {
			a.say("left out: %s", s)
		}
		left += len(l.Left)
		for _, e := range l.Entries {
			e.Owner, e.Reason = o.owner, cmp.Or(e.Reason, strings.TrimSpace(o.reason))
			if e.Until.IsZero() {
				e.Until = until
			}
			if len(o.images) > 0 {
				e.Scope.Images, e.Scope.Everywhere = o.images, false
			}
			if e.Reason == "" {
				noReason++
			}
			if e.Until.IsZero() {
				noDay++
			}
			list = append(list, e)
		}
	}
	if noReason > 0 {
		return usage(fmt.Errorf("%s without a reason: say it with --reason", counted(noReason, "exception")))
	}
	if noDay > 0 {
		return usage(fmt.Errorf("%s without a last day: say it with --until", counted(noDay, "exception")))
	}
	for i := range list {
		if e := &list[i]; e.ExpiredAt(a.now()) {
			a.say("note: %s: %s has ended on %s", e.Place(), e.About(), e.Until.Format(time.DateOnly))
		}
	}
	write := func(w io.Writer) error { return exception.Write(w, list) }
	if o.output == "" {
		err = write(a.env.Stdout)
	} else if err = writeFile(o.output, write); err == nil {
		a.note("wrote %s: %s, %d left out", o.output, counted(len(list), "exception"), left)
	}
	if err != nil {
		return err
	}
	if left > 0 {
		return exit(statusFailed)
	}
	return nil
}

func readForeign(name string, format foreign.Format) (*foreign.List, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	source, err := io.ReadAll(io.LimitReader(f, foreign.MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return foreign.Read(name, source, format)
}
