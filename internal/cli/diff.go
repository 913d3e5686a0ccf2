package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/version"
	"plimsoll/internal/compare"
	"plimsoll/internal/report"
	"plimsoll/internal/scan"
	"plimsoll/internal/triage"
)

type diffOptions struct {
	imageOptions
	format   string
	files    bool
	all      bool
	exitCode bool
}

const diffStatusHelp = `Exit status:
  0    both were compared, whatever came of it
  1    something differs, and --exit-code was given
  2    usage: a flag or an argument is wrong
  3    something could not be examined, or an image could not be read
  4    a database is stale where --require-fresh is given
  130  interrupted`

func newDiffCommand(a *app) *cobra.Command {
	o := &diffOptions{}
	cmd := &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "Show how one image differs from another",
		Long: `Show how one image differs from another: sizes and shared layers, configuration,
history lines, packages, files, executables and findings. Secrets in the
configuration are masked. Vulnerabilities are compared where databases are at
hand; without one the report says that they were not. Of files type, content,
mode and a link's target are compared; owners and times are not.

` + referenceHelp + "\n\n" + diffStatusHelp,
		Example: `  plimsoll diff python:3.8-slim python:3.8.19-slim
  plimsoll diff --exit-code -o json app-old.tar app-new.tar`,
		Args: exactly(2, "two images"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runDiff(cmd.Context(), o, args) },
	}
	o.imageOptions.addTo(cmd.Flags())
	f := cmd.Flags()
	f.StringVarP(&o.format, "format", "o", "table", "table or json")
	f.BoolVar(&o.files, "files", false, "list every file that differs, up to 200,000, instead of the largest")
	f.BoolVar(&o.all, "all", false, "shorten no other list in the table")
	f.BoolVar(&o.exitCode, "exit-code", false, "exit 1 where anything differs")
	return cmd
}

func (a *app) runDiff(ctx context.Context, o *diffOptions, refs []string) error {
	if err := tableOrJSON(o.format); err != nil {
		return err
	}
	if refs[0] == "-" && refs[1] == "-" {
		return usage(fmt.Errorf("standard input holds one image: name a file for the other"))
	}
	if err := o.imageOptions.check(); err != nil {
		return err
	}
	page, err := a.page(a.env.Stdout, o.all)
	if err != nil {
		return err
	}
	dbs, closeDatabases, err := a.anyDatabases(ctx)
	if err != nil {
		return err
	}
	defer closeDatabases()
	if err := o.fresh(a, dbs); err != nil {
		return err
	}
	r, err := a.differences(ctx, o, dbs, refs)
	if err != nil {
		return err
	}
	result := statusPass
	for i := range r.Differences {
		switch d := &r.Differences[i]; {
		case !d.Complete:
			result = statusIncomplete
		case !d.Same && o.exitCode && result == statusPass:
			result = statusFailed
		}
	}
	r.Status = int(result)
	if o.format == "json" {
		err = report.DifferenceJSON(a.env.Stdout, r)
	} else {
		err = report.Difference(a.env.Stdout, r, o.files, page)
	}
	if err != nil {
		return err
	}
	return exit(result)
}

// anyDatabases opens the databases at hand, which may be none.
func (a *app) anyDatabases(ctx context.Context) ([]advisory.Database, func(), error) {
	s, err := a.store()
	if err != nil {
		return nil, nil, err
	}
	dbs, closeAll, err := a.databases(ctx, s)
	if errors.Is(err, scan.ErrNoDatabase) {
		return nil, func() {}, nil
	}
	return dbs, closeAll, err
}

// differences compares the images of each platform that both references offer.
func (a *app) differences(ctx context.Context, o *diffOptions, dbs []advisory.Database, refs []string) (*compare.Report, error) {
	scanner, closeScanner, err := a.scanner(ctx, dbs, &o.lookOptions)
	if err != nil {
		return nil, err
	}
	defer closeScanner()
	show := a.newProgress()
	defer show.close()
	scanner.Progress = show.event
	examined, err := scanner.Evidence(ctx, o.open(a), refs...)
	if err != nil {
		return nil, err
	}
	pairs := pairsOf(examined[0], examined[1])
	if len(pairs) == 0 {
		return nil, usage(fmt.Errorf("the two have no platform in common: name one with --platform"))
	}
	if n := len(examined[0]) + len(examined[1]) - 2*len(pairs); n > 0 {
		a.note("%d images are for platforms that only one of the two has, and were not compared", n)
	}
	r := &compare.Report{SchemaVersion: compare.SchemaVersion, Tool: tool()}
	opt := compare.Options{Files: o.files, Vulnerabilities: len(dbs) > 0, Order: version.Order}
	for _, pair := range pairs {
		var findings [2][]triage.Finding
		for i, e := range pair {
			v, err := scanner.Judge(ctx, e)
			if err != nil {
				return nil, about(refs[i], err)
			}
			findings[i] = v.Findings
		}
		r.Differences = append(r.Differences, *scan.Compare(pair[0], pair[1], findings[0], findings[1], opt))
	}
	return r, nil
}

// pairsOf puts images of the same platform together; where each side has one,
// the two, whatever they are for.
func pairsOf(before, after []*scan.Examined) [][2]*scan.Examined {
	if len(before) == 1 && len(after) == 1 {
		return [][2]*scan.Examined{{before[0], after[0]}}
	}
	var pairs [][2]*scan.Examined
	for _, b := range before {
		for _, a := range after {
			if b.Image.Platform == a.Image.Platform {
				pairs = append(pairs, [2]*scan.Examined{b, a})
			}
		}
	}
	return pairs
}
