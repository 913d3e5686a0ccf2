package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"plimsoll/internal/advisory/version"
	"plimsoll/internal/compare"
	"plimsoll/internal/report"
	"plimsoll/internal/verdict"
)

const sbomStatusHelp = `Exit status:
  0    the document was written, compared or checked
  1    sbom diff --exit-code: something differs; sbom check --fail-under: less is there
  2    usage: a flag or an argument is wrong, or a file is no SBOM
  3    part of the image could not be examined, or an image could not be read
  130  interrupted`

type sbomOptions struct {
	imageOptions
	form   string
	output string
}

func newSBOMCommand(a *app) *cobra.Command {
	o := &sbomOptions{}
	cmd := &cobra.Command{
		Use:   "sbom REF",
		Short: "Write down what is in an image, and read what others wrote down",
		Long: `Write an SBOM of an image: every package with its layer, licences, package URL,
what depends on what, and digests and CPEs where they are known. No database is
asked. What the forms have no field for is in properties named plimsoll:…, so
that plimsoll scan finds in the SBOM what it finds in the image.

With -o github the environment of GitHub Actions says which commit it is of
(GITHUB_SHA, GITHUB_REF, GITHUB_WORKFLOW, GITHUB_JOB, GITHUB_RUN_ID).

` + referenceHelp + "\n\n" + sbomStatusHelp,
		Example: `  plimsoll sbom python:3.8-slim -o cyclonedx --output python.cdx.json
  plimsoll scan python.cdx.json`,
		Args: exactly(1, "one image"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runSBOM(cmd.Context(), o, args[0]) },
	}
	o.addConnectionTo(cmd.Flags())
	cmd.Flags().StringVarP(&o.form, "format", "o", "cyclonedx", strings.Join(report.SBOMNames(), ", "))
	cmd.Flags().StringVar(&o.output, "output", "", "file to write instead of standard output")
	cmd.AddCommand(newSBOMConvertCommand(a), newSBOMDiffCommand(a), newSBOMCheckCommand(a))
	return cmd
}

func (a *app) runSBOM(ctx context.Context, o *sbomOptions, ref string) error {
	form, err := report.SBOMByName(o.form)
	if err != nil {
		return usage(err)
	}
	if err := (output{format: o.form, file: o.output}).writable(); err != nil {
		return usage(err)
	}
	subjects, err := a.subjects(ctx, &o.imageOptions, ref)
	if err != nil {
		return err
	}
	if len(subjects) != 1 {
		return usage(fmt.Errorf("%s has %d images: one SBOM is of one platform, named with --platform", ref, len(subjects)))
	}
	v := &subjects[0]
	if err := a.writeSBOM(form, o.output, v, time.Time{}); err != nil {
		return err
	}
	a.tell(&verdict.Report{Verdicts: []verdict.Verdict{*v}})
	if !v.Coverage.Complete {
		return exit(statusIncomplete)
	}
	return nil
}

// writeSBOM writes one document. made is when the one that it is made from was
// written, zero for what was read from an image.
func (a *app) writeSBOM(form report.Report, file string, v *verdict.Verdict, made time.Time) error {
	opt := report.Options{Time: a.sourceDate(), Snapshot: a.snapshot()}
	if opt.Time.IsZero() {
		opt.Time = made
	}
	r := &verdict.Report{SchemaVersion: verdict.SchemaVersion, Tool: tool(), Verdicts: []verdict.Verdict{*v}}
	if file == "" {
		return form.Write(a.env.Stdout, r, opt)
	}
	return writeFile(file, func(w io.Writer) error { return form.Write(w, r, opt) })
}

// snapshot is what GitHub Actions says of the run (its default environment variables).
func (a *app) snapshot() report.Snapshot {
	get := a.env.Getenv
	s := report.Snapshot{SHA: get("GITHUB_SHA"), Ref: get("GITHUB_REF"), JobID: get("GITHUB_RUN_ID"), Scanned: a.now()}
	if workflow := get("GITHUB_WORKFLOW"); workflow != "" {
		s.Correlator = strings.TrimSuffix(workflow+"_"+get("GITHUB_JOB"), "_")
	}
	if server, repository := get("GITHUB_SERVER_URL"), get("GITHUB_REPOSITORY"); server != "" && repository != "" && s.JobID != "" {
		s.JobURL = server + "/" + repository + "/actions/runs/" + s.JobID
	}
	return s
}

func newSBOMConvertCommand(a *app) *cobra.Command {
	o := &sbomOptions{}
	cmd := &cobra.Command{
		Use:   "convert FILE",
		Short: "Write an SBOM in another form",
		Long: `Write an SBOM in another form. FILE is CycloneDX 1.2 to 1.7, SPDX 2.2 or 2.3, or
Syft's own form, as JSON, also inside of an in-toto statement or a DSSE envelope;
- is standard input.

` + sbomStatusHelp,
		Example: "  plimsoll sbom convert trivy.cdx.json -o spdx --output app.spdx.json",
		Args:    exactly(1, "one SBOM"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runSBOMConvert(o, args[0]) },
	}
	cmd.Flags().StringVarP(&o.form, "format", "o", "cyclonedx", strings.Join(report.SBOMNames(), ", "))
	cmd.Flags().StringVar(&o.output, "output", "", "file to write instead of standard output")
	return cmd
}

func (a *app) runSBOMConvert(o *sbomOptions, name string) error {
	form, err := report.SBOMByName(o.form)
	if err != nil {
		return usage(err)
	}
	if err := (output{format: o.form, file: o.output}).writable(); err != nil {
		return usage(err)
	}
	doc, err := a.readSBOM(name)
	if err != nil {
		return usage(err)
	}
	if doc.Unidentified > 0 {
		a.note("%s: %d components have neither a package URL nor a CPE and are left out", name, doc.Unidentified)
	}
	return a.writeSBOM(form, o.output, listedVerdict(doc), doc.Created)
}

type sbomDiffOptions struct {
	imageOptions
	format   string
	all      bool
	exitCode bool
}

func newSBOMDiffCommand(a *app) *cobra.Command {
	o := &sbomDiffOptions{}
	cmd := &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "Show which packages and licences two SBOMs, or images, differ in",
		Long: `Show which packages were added, removed or changed their version, and whose
licences are other ones. BEFORE and AFTER are SBOM files or images, in any mix;
where in an image a package lies counts for nothing, since tools write places
differently.

` + referenceHelp + "\n\n" + sbomStatusHelp,
		Example: "  plimsoll sbom diff released.cdx.json app:next",
		Args:    exactly(2, "two SBOMs or images"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runSBOMDiff(cmd.Context(), o, args) },
	}
	o.addConnectionTo(cmd.Flags())
	f := cmd.Flags()
	f.StringVarP(&o.format, "format", "o", "table", "table or json")
	f.BoolVar(&o.all, "all", false, "shorten no list in the table")
	f.BoolVar(&o.exitCode, "exit-code", false, "exit 1 where anything differs")
	return cmd
}

func (a *app) runSBOMDiff(ctx context.Context, o *sbomDiffOptions, refs []string) error {
	if err := tableOrJSON(o.format); err != nil {
		return err
	}
	if refs[0] == "-" && refs[1] == "-" {
		return usage(fmt.Errorf("standard input holds one thing: name a file for the other"))
	}
	page, err := a.page(a.env.Stdout, o.all)
	if err != nil {
		return err
	}
	var sides [2]*verdict.Verdict
	d := &report.SBOMDifference{SchemaVersion: 1, Tool: tool()}
	result := statusPass
	for i, side := range []*report.SBOMSide{&d.Before, &d.After} {
		v, err := a.oneSubject(ctx, &o.imageOptions, refs[i])
		if err != nil {
			return err
		}
		sides[i] = v
		*side = report.SBOMSide{Name: refs[i], Kind: kindOf(v), Packages: len(v.Packages)}
		if reason := firstIncomplete(v); reason != "" {
			a.say("%s: incomplete: %s", refs[i], reason)
			result = statusIncomplete
		}
	}
	d.Inventories = *compare.OfInventories(sides[0].Packages, sides[1].Packages, version.Order)
	if o.format == "json" {
		err = report.SBOMDifferenceJSON(a.env.Stdout, d)
	} else {
		err = report.WriteSBOMDifference(a.env.Stdout, d, page)
	}
	if err != nil {
		return err
	}
	if o.exitCode && !d.Same() && result == statusPass {
		result = statusFailed
	}
	return exit(result)
}

// kindOf says what a subject was read from.
func kindOf(v *verdict.Verdict) string {
	if v.Image.Source == sbomSource {
		return v.Image.Via
	}
	return strings.TrimSpace("image " + v.Image.Platform)
}

type sbomCheckOptions struct {
	imageOptions
	format    string
	all       bool
	failUnder int
}

func newSBOMCheckCommand(a *app) *cobra.Command {
	o := &sbomCheckOptions{}
	cmd := &cobra.Command{
		Use:   "check FILE|REF",
		Short: "Hold an SBOM against the NTIA's minimum elements",
		Long: `Hold an SBOM against the minimum elements that the NTIA names: supplier, name,
version, other unique identifiers, dependency relationship, author and timestamp,
each with how many of the components have it and which lack it. Of an image, the
SBOM that plimsoll sbom writes is held against them.

` + referenceHelp + "\n\n" + sbomStatusHelp,
		Example: "  plimsoll sbom check --fail-under 90 app.spdx.json",
		Args:    exactly(1, "one SBOM or image"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runSBOMCheck(cmd.Context(), o, args[0]) },
	}
	o.addConnectionTo(cmd.Flags())
	f := cmd.Flags()
	f.StringVarP(&o.format, "format", "o", "table", "table or json")
	f.BoolVar(&o.all, "all", false, "name more of what is missing in the table")
	f.IntVar(&o.failUnder, "fail-under", 0, "exit 1 where a minimum element is there for less than this many percent of the components")
	return cmd
}

func (a *app) runSBOMCheck(ctx context.Context, o *sbomCheckOptions, ref string) error {
	if err := tableOrJSON(o.format); err != nil {
		return err
	}
	if o.failUnder < 0 || o.failUnder > 100 {
		return usage(fmt.Errorf("--fail-under takes 0 to 100, not %d", o.failUnder))
	}
	page, err := a.page(a.env.Stdout, o.all)
	if err != nil {
		return err
	}
	doc, err := a.documentOf(ctx, &o.imageOptions, ref)
	if err != nil {
		return err
	}
	c := &report.SBOMCheck{SchemaVersion: 1, Tool: tool(), Name: ref, Check: doc.Minimum(), FailUnder: o.failUnder}
	c.Failed = c.Percent < o.failUnder
	if o.format == "json" {
		err = report.SBOMCheckJSON(a.env.Stdout, c)
	} else {
		err = report.WriteSBOMCheck(a.env.Stdout, c, page)
	}
	switch {
	case err != nil:
		return err
	case c.Failed:
		return exit(statusFailed)
	}
	return nil
}

// writable reports a file that can't be written, before anything is read.
func (out output) writable() error {
	if out.file == "" {
		return nil
	}
	if info, err := os.Stat(out.file); err == nil && info.IsDir() {
		return fmt.Errorf("write %s: it is a folder", out.file)
	}
	return nil
}
