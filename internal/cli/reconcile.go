package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"plimsoll/internal/report"
	"plimsoll/internal/verdict"
)

type reconcileOptions struct {
	imageOptions
	format string
	all    bool
}

func newReconcileCommand(a *app) *cobra.Command {
	o := &reconcileOptions{}
	cmd := &cobra.Command{
		Use:   "reconcile REF | REPORT...",
		Short: "Put the opinions side by side and name the cause of each difference",
		Long: `Put the opinions side by side and name the cause of each difference: those of
the two databases about one image, or those of two or more report files that
scanners wrote about the same image (JSON of Trivy and Grype, SARIF, CycloneDX
with vulnerabilities; Plimsoll's own JSON too).

` + referenceHelp + "\n\n" + exitStatusHelp,
		Example: `  plimsoll reconcile python:3.8-slim
  plimsoll reconcile trivy.json grype.json`,
		Args: atLeast(1, "an image, or two or more report files"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runReconcile(cmd.Context(), o, args) },
	}
	o.imageOptions.addTo(cmd.Flags())
	cmd.Flags().StringVarP(&o.format, "format", "o", "table", "table or json")
	cmd.Flags().BoolVar(&o.all, "all", false, "list every difference in the table")
	return cmd
}

func (a *app) runReconcile(ctx context.Context, o *reconcileOptions, args []string) error {
	if err := tableOrJSON(o.format); err != nil {
		return err
	}
	r, err := a.reconciliation(ctx, o, args)
	if err != nil {
		return err
	}
	result := conclude(r, nil)
	if o.format == "json" {
		err = report.ReconciliationJSON(a.env.Stdout, r)
	} else {
		opt, pageErr := a.page(a.env.Stdout, o.all)
		if pageErr != nil {
			return pageErr
		}
		err = report.Reconciliation(a.env.Stdout, r, opt)
	}
	if err != nil {
		return err
	}
	a.tell(r)
	return exit(result)
}

// reconciliation is of one image's two opinions, or of report files.
func (a *app) reconciliation(ctx context.Context, o *reconcileOptions, args []string) (*verdict.Report, error) {
	if len(args) == 1 {
		if isReport(args[0]) {
			return nil, usage(fmt.Errorf("%s is a report file, not an image: name two or more to compare them", args[0]))
		}
		return a.verdicts(ctx, &o.imageOptions, args)
	}
	return a.reconcileFiles(ctx, args)
}
