// Package report owns the forms in which a verdict leaves the program: the
// table that a person reads in a terminal, the JSON that another program
// reads, the SBOM documents, and what CI systems, code hosts and spreadsheets
// read; and, beside them, the views that answer one question each
// (Reconciliation, Explanation).
//
// Every form reads the model of package verdict and changes nothing in it. No
// form decides anything: what a finding asks for, in which order and why is in
// the verdict before it gets here. Text that came from an image, a database or
// a registry is never trusted: Clean stands between it and the terminal, and
// the JSON forms escape what a terminal would obey.
//
// To add a form, write its function and name it in All.
package report

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"plimsoll/internal/verdict"
)

// Report is one form.
type Report struct {
	// Name is what -o takes.
	Name string
	// Description is one line for the help text.
	Description string
	// Extension is the usual end of the file's name, with its dot.
	Extension string
	// Many says whether one document can hold several verdicts; where it is
	// false, Write returns ErrOneVerdict for any other number than one.
	Many bool
	// Write writes one document, ending in a newline; a template's as it says.
	Write func(w io.Writer, r *verdict.Report, opt Options) error
}

// Options are what the caller knows and a verdict does not.
type Options struct {
	// Width is the terminal's in columns; 0 means DefaultWidth. Only the
	// forms for people obey it.
	Width int
	// Color allows ANSI colours; the caller has looked at the terminal and
	// at NO_COLOR.
	Color bool
	// All shows every finding, difference and gap instead of the first ones.
	All bool
	// PerPackage is how many findings that are not urgent the table shows
	// under each package where All is off; 0 means DefaultPerPackage.
	PerPackage int
	// Template is what the form template writes by.
	Template *Template
	// Time is SOURCE_DATE_EPOCH, zero where it is not set. Forms that must
	// carry a time carry this one, else the image's creation, so that the
	// same image gives the same bytes.
	Time time.Time
	// Snapshot is of the form for GitHub's dependency graph alone.
	Snapshot Snapshot
}

const (
	// DefaultWidth is used where the output is no terminal.
	DefaultWidth = 100
	// DefaultPerPackage is the table's first few.
	DefaultPerPackage = 5
)

// ErrOneVerdict is returned by a form whose document describes one image when
// the report holds several verdicts, or none.
var ErrOneVerdict = errors.New("one document holds one verdict")

// ErrUnknown is returned by ByName for a name that All does not list.
var ErrUnknown = errors.New("unknown report")

// All lists every form in the order in which help texts show them.
func All() []Report {
	return []Report{
		{Name: "table", Description: "the verdict, actions, findings, opinions and coverage for a person to read", Extension: ".txt", Many: true, Write: writeTable},
		{Name: "json", Description: "everything the verdict holds, as docs/verdict.schema.json describes it", Extension: ".json", Many: true, Write: writeJSON},
		{Name: "cyclonedx", Description: "CycloneDX 1.6 SBOM with vulnerabilities, JSON", Extension: ".cdx.json", Write: writeCycloneDX},
		{Name: "spdx", Description: "SPDX 2.3 SBOM, JSON", Extension: ".spdx.json", Write: writeSPDX},
		{Name: "cyclonedx-vex", Description: "CycloneDX 1.6 VEX, JSON, to go with the SBOM of -o cyclonedx", Extension: ".vex.cdx.json", Write: writeCycloneDXVEX},
		{Name: "sarif", Description: "SARIF 2.1.0 for code scanning, a run for each image and platform, within GitHub's limits", Extension: ".sarif", Many: true, Write: writeSARIF},
		{Name: "junit", Description: "JUnit XML: what asks for a rebuild fails, what can wait is skipped", Extension: ".xml", Many: true, Write: writeJUnit},
		{Name: "gitlab", Description: "GitLab's container scanning report, JSON", Extension: ".gitlab.json", Write: writeGitLab},
		{Name: "codequality", Description: "GitLab's code quality report, JSON", Extension: ".codequality.json", Many: true, Write: writeCodeQuality},
		{Name: "github", Description: "workflow commands that GitHub shows as annotations", Extension: ".txt", Many: true, Write: writeGitHub},
		{Name: "github-summary", Description: "Markdown for a GitHub job's summary", Extension: ".md", Many: true, Write: writeSummary},
		{Name: "markdown", Description: "Markdown for a pull request's comment", Extension: ".md", Many: true, Write: writeMarkdown},
		{Name: "html", Description: "one HTML file that needs no other: charts, layers, a filter; readable without JavaScript", Extension: ".html", Many: true, Write: writeHTML},
		{Name: "csv", Description: "a line for each finding, for a spreadsheet", Extension: ".csv", Many: true, Write: writeCSV},
		{Name: "template", Description: "as the Go template says that --template names", Extension: ".txt", Many: true, Write: writeTemplate},
	}
}

// Names lists the names of all forms.
func Names() []string {
	all := All()
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = r.Name
	}
	return names
}

// ByName finds a form; the error wraps ErrUnknown and lists the known names.
func ByName(name string) (Report, error) {
	for _, r := range All() {
		if r.Name == name {
			return r, nil
		}
	}
	return Report{}, fmt.Errorf("%w %q: one of %s", ErrUnknown, name, strings.Join(Names(), ", "))
}

// Single returns a report of the i-th verdict alone, for forms whose document
// holds one.
func Single(r *verdict.Report, i int) *verdict.Report {
	one := *r
	one.Verdicts = r.Verdicts[i : i+1 : i+1]
	return &one
}

// only returns the report's one verdict.
func only(r *verdict.Report, form string) (*verdict.Verdict, error) {
	if len(r.Verdicts) != 1 {
		return nil, fmt.Errorf("write %s: %w, this report has %d: choose one image and one platform", form, ErrOneVerdict, len(r.Verdicts))
	}
	return &r.Verdicts[0], nil
}
