package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"plimsoll/internal/advisory/version"
	"plimsoll/internal/history"
	"plimsoll/internal/report"
	"plimsoll/internal/scan"
)

type historyOptions struct {
	imageOptions
	format  string
	reverse bool
	files   bool
	top     int
	sort    string
	all     bool
}

// evidenceStatusHelp ends the help of commands that ask no database.
const evidenceStatusHelp = `Exit status:
  0    the report is whole, whatever it says
  2    usage: a flag or an argument is wrong
  3    something could not be examined, or the image could not be read
  130  interrupted`

func newHistoryCommand(a *app) *cobra.Command {
	o := &historyOptions{}
	cmd := &cobra.Command{
		Use:   "history REF",
		Short: "Show what each history line did, and what later lines only hid",
		Long: `Show what each line of an image's history did: the size of its layer; packages
added, removed, upgraded and downgraded; files added, changed, deleted and written
again as they were; what it deleted or overwrote of lower layers without making
the image smaller; secrets, planted code, executables and setuid files. Lines
stand oldest first, as layers are numbered; --reverse turns them round, as docker
history does. No vulnerability database is needed.

` + referenceHelp + "\n\n" + evidenceStatusHelp,
		Example: `  plimsoll history python:3.8-slim
  plimsoll history --files --top 30 app.tar`,
		Args: exactly(1, "one image"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runHistory(cmd.Context(), o, args[0]) },
	}
	o.imageOptions.addSourceTo(cmd.Flags())
	f := cmd.Flags()
	f.StringVarP(&o.format, "format", "o", "table", "table or json")
	f.BoolVar(&o.reverse, "reverse", false, "newest line first, in the table")
	f.BoolVar(&o.files, "files", false, "show a tree of the largest changes below each line")
	f.IntVar(&o.top, "top", 20, "rows of each tree; 0 for all, up to 100,000")
	f.StringVar(&o.sort, "sort", "size", "order of what lies in one folder of the tree: size or path")
	f.BoolVar(&o.all, "all", false, "shorten no list and no history line in the table")
	return cmd
}

// addSourceTo registers the flags that say how an image is opened, without those
// about databases.
func (o *imageOptions) addSourceTo(f *pflag.FlagSet) {
	every := pflag.NewFlagSet("", pflag.ContinueOnError)
	o.addTo(every)
	every.VisitAll(func(flag *pflag.Flag) {
		if flag.Name != "max-db-age" && flag.Name != "require-fresh" {
			f.AddFlag(flag)
		}
	})
}

func (a *app) runHistory(ctx context.Context, o *historyOptions, ref string) error {
	if err := tableOrJSON(o.format); err != nil {
		return err
	}
	switch {
	case o.sort != "size" && o.sort != "path":
		return usage(fmt.Errorf("--sort takes size or path, not %q", o.sort))
	case o.top < 0:
		return usage(fmt.Errorf("--top takes a number of rows, not %d", o.top))
	}
	page, err := a.page(a.env.Stdout, o.all)
	if err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	examined, err := a.examine(ctx, &o.imageOptions, []string{ref})
	if err != nil {
		return err
	}
	r := &history.Report{SchemaVersion: history.SchemaVersion, Tool: tool()}
	for _, e := range examined[0] {
		h := scan.History(e, version.Order, history.Options{Tree: o.files, Rows: o.top, ByPath: o.sort == "path"})
		r.Histories = append(r.Histories, *h)
		if !h.Complete {
			r.Status = int(statusIncomplete)
		}
	}
	if o.format == "json" {
		err = report.HistoryJSON(a.env.Stdout, r)
	} else {
		err = report.History(a.env.Stdout, r, o.reverse, page)
	}
	if err != nil {
		return err
	}
	return exit(status(r.Status))
}
