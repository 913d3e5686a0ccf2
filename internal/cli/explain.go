package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"plimsoll/internal/advisory"
	"plimsoll/internal/report"
	"plimsoll/internal/verdict"
)

type explainOptions struct {
	imageOptions
	format string
}

func newExplainCommand(a *app) *cobra.Command {
	o := &explainOptions{}
	cmd := &cobra.Command{
		Use:   "explain ID REF",
		Short: "Show everything known about one vulnerability in one image",
		Long: `Show everything known about one vulnerability in one image: both databases'
records, how each matched, the layer that brought the package, the fix, and the
CVSS vector in words. ID is a CVE, GHSA or any other identifier of it.

` + referenceHelp + "\n\n" + exitStatusHelp + `

It exits 1 where the vulnerability was not found in a complete scan.`,
		Example: "  plimsoll explain CVE-2023-45853 python:3.8-slim",
		Args:    exactly(2, "an identifier and an image"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runExplain(cmd.Context(), o, args[0], args[1]) },
	}
	o.imageOptions.addTo(cmd.Flags())
	cmd.Flags().StringVarP(&o.format, "format", "o", "table", "table or json")
	return cmd
}

func (a *app) runExplain(ctx context.Context, o *explainOptions, id, ref string) error {
	if err := tableOrJSON(o.format); err != nil {
		return err
	}
	if strings.TrimSpace(id) == "" {
		return usage(fmt.Errorf("the identifier is empty; see plimsoll explain --help"))
	}
	if err := o.imageOptions.check(); err != nil {
		return err
	}
	scanner, closeScanner, err := a.judging(ctx, &o.imageOptions)
	if err != nil {
		return err
	}
	defer closeScanner()
	r, err := a.scanAll(ctx, scanner, o.open(a), []string{ref})
	if err != nil {
		return err
	}
	found, complete := false, true
	for i := range r.Verdicts {
		e := verdict.Explain(&r.Verdicts[i], id)
		if err := addDetails(ctx, e, scanner.Databases); err != nil {
			return err
		}
		if err := a.writeExplanation(o.format, e); err != nil {
			return err
		}
		found = found || len(e.Occurrences) > 0
		complete = complete && e.Complete
	}
	switch {
	case !complete:
		return exit(statusIncomplete)
	case !found:
		return exit(statusFailed)
	}
	return nil
}

func tableOrJSON(format string) error {
	if format != "table" && format != "json" {
		return usage(fmt.Errorf("-o takes table or json here, not %q", format))
	}
	return nil
}

func (a *app) writeExplanation(format string, e *verdict.Explanation) error {
	if format == "json" {
		return report.ExplanationJSON(a.env.Stdout, e)
	}
	opt, err := a.page(a.env.Stdout, true)
	if err != nil {
		return err
	}
	return report.Explanation(a.env.Stdout, e, opt)
}

// addDetails asks each database for its prose under the first identifier it knows.
func addDetails(ctx context.Context, e *verdict.Explanation, dbs []advisory.Database) error {
	for _, db := range dbs {
		details, err := db.Details(ctx, e.IDs())
		if err != nil {
			return fmt.Errorf("ask %s: %w", db.Info().Name, err)
		}
		for _, id := range e.IDs() {
			if d, ok := details[id]; ok {
				e.Details = append(e.Details, verdict.DatabaseDetail{Database: db.Info().Name, Detail: d})
				break
			}
		}
	}
	return nil
}
