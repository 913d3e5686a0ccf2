package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/grypedb"
	"plimsoll/internal/advisory/trivydb"
	"plimsoll/internal/image"
	"plimsoll/internal/lab"
	"plimsoll/internal/report"
	"plimsoll/internal/verdict"
)

type demoOptions struct {
	dir string
	all bool
}

func newDemoCommand(a *app) *cobra.Command {
	o := &demoOptions{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Build images and two databases offline, and judge them",
		Long: `Build stand-ins of python:3.8-slim and node:14 and small databases in the
formats of trivy-db and grype-db, offline and the same every time, and judge
the images with them: package names, versions and advisories are real, the
files are not, and nothing in them can run. Two further images show what a scan
for vulnerabilities never sees: planted code in a cron image that works, and a
key that was added in one layer and deleted in the next.

` + exitStatusHelp,
		Args: exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runDemo(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.dir, "keep", "", "folder to build in and leave behind (default: a temporary one, removed at the end)")
	cmd.Flags().BoolVar(&o.all, "all", false, "list every finding and difference")
	return cmd
}

func (a *app) runDemo(ctx context.Context, o *demoOptions) error {
	dir := o.dir
	if dir == "" {
		tmp, err := os.MkdirTemp("", "plimsoll-demo-")
		if err != nil {
			return fmt.Errorf("make a folder for the demonstration: %w", err)
		}
		defer os.RemoveAll(tmp)
		dir = tmp
	}
	a.note("building the images and databases in %s", dir)
	built, err := lab.Build(ctx, dir)
	if err != nil {
		return err
	}
	dbs, closeDatabases, err := labDatabases(ctx, built)
	if err != nil {
		return err
	}
	defer closeDatabases()
	// The demonstration neither reads nor fills the user's cache, and judges
	// as of the day its facts were taken.
	a.noCache = true
	scanner, closeScanner, err := a.scanner(ctx, dbs, &lookOptions{})
	if err != nil {
		return err
	}
	defer closeScanner()
	scanner.Now = lab.AsOf
	opt, err := a.page(a.env.Stdout, o.all)
	if err != nil {
		return err
	}
	for _, img := range built.Images {
		r, err := a.scanAll(ctx, scanner, image.Options{Platform: "linux/amd64", Getenv: a.env.Getenv}, []string{"oci:" + img.LayoutDir})
		if err != nil {
			return err
		}
		if err := a.printDemo(r, img, opt); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printDemo(r *verdict.Report, img lab.LabImage, opt report.Options) error {
	for i := range r.Verdicts {
		// The folder is new every time; the name is what the image stands for.
		r.Verdicts[i].Image.Reference = img.Name
		r.Verdicts[i].Image.Via = img.Title
	}
	if img.Planted {
		// What is inherited was shown; here is what nobody would look for.
		fmt.Fprintln(a.env.Stdout)
		return report.Contents(a.env.Stdout, r, opt)
	}
	table, err := report.ByName("table")
	if err != nil {
		return err
	}
	if err := table.Write(a.env.Stdout, r, opt); err != nil {
		return err
	}
	fmt.Fprintln(a.env.Stdout)
	if err := report.Reconciliation(a.env.Stdout, r, opt); err != nil {
		return err
	}
	fmt.Fprintln(a.env.Stdout)
	return nil
}

// labDatabases opens the demonstration's databases.
func labDatabases(ctx context.Context, l *lab.Lab) ([]advisory.Database, func(), error) {
	trivy, err := trivydb.Open(ctx, l.TrivyDir, l.Trivy)
	if err != nil {
		return nil, nil, err
	}
	if err := grypedb.Index(ctx, l.Grype.Path); err != nil {
		trivy.Close()
		return nil, nil, err
	}
	grype, err := grypedb.Open(ctx, l.GrypeDir, l.Grype)
	if err != nil {
		trivy.Close()
		return nil, nil, err
	}
	return []advisory.Database{trivy, grype}, func() { trivy.Close(); grype.Close() }, nil
}
