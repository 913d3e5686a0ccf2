package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"plimsoll/internal/report"
	"plimsoll/internal/verdict"
)

// outputs are the reports asked for with -o, each with the file that the
// --output after it names; "" is standard output. template is --template's.
type outputs struct {
	list         []output
	templateFile string
	template     *report.Template
}

type output struct{ format, file string }

// addTo registers -o and --output. They write into one list in the order of
// the command line, so that each --output belongs to the -o before it.
func (o *outputs) addTo(f *pflag.FlagSet) {
	f.VarP((*formatFlag)(o), "format", "o", "report: "+strings.Join(report.Names(), ", ")+" (default table; docs/reports.md describes each); may be repeated, each with its own --output")
	f.Var((*fileFlag)(o), "output", "file for the report named before it, instead of standard output; {n} in the name is replaced by 1, 2, … where a form holds one verdict only")
	f.StringVar(&o.templateFile, "template", "", "Go template that -o template writes by; docs/reports.md lists what it may use")
}

type formatFlag outputs

func (f *formatFlag) String() string { return "" }
func (f *formatFlag) Type() string   { return "FORMAT" }

func (f *formatFlag) Set(s string) error {
	name, file, _ := strings.Cut(s, "=")
	if _, err := report.ByName(name); err != nil {
		return err
	}
	f.list = append(f.list, output{name, file})
	return nil
}

type fileFlag outputs

func (f *fileFlag) String() string { return "" }
func (f *fileFlag) Type() string   { return "FILE" }

func (f *fileFlag) Set(s string) error {
	if s == "" {
		return fmt.Errorf("a file name is empty")
	}
	if len(f.list) == 0 {
		f.list = append(f.list, output{format: "table"})
	}
	last := &f.list[len(f.list)-1]
	if last.file != "" {
		return fmt.Errorf("-o %s has two files: put -o FORMAT before each --output", last.format)
	}
	last.file = s
	return nil
}

// check reports what can't be written, before anything is read: of so many
// references, into these files.
func (o *outputs) check(references int) error {
	if len(o.list) == 0 {
		o.list = []output{{format: "table"}}
	}
	for _, out := range o.list {
		if err := out.check(references); err != nil {
			return usage(err)
		}
	}
	if err := o.checkTemplate(); err != nil {
		return usage(err)
	}
	seen := map[string]bool{}
	for _, out := range o.list {
		if seen[out.file] {
			if out.file == "" {
				return usage(fmt.Errorf("two reports for standard output: give all but one an --output FILE"))
			}
			return usage(fmt.Errorf("two reports for %s", out.file))
		}
		seen[out.file] = true
	}
	return nil
}

// maxTemplateFile is more than any template that can be parsed.
const maxTemplateFile = 2 << 20

// checkTemplate reads and parses the template, so that a mistake in it costs no scan.
func (o *outputs) checkTemplate() error {
	wanted := slices.ContainsFunc(o.list, func(out output) bool { return out.format == "template" })
	switch {
	case wanted && o.templateFile == "":
		return fmt.Errorf("-o template needs --template FILE")
	case !wanted && o.templateFile != "":
		return fmt.Errorf("--template is for -o template")
	case !wanted:
		return nil
	}
	f, err := os.Open(o.templateFile)
	if err != nil {
		return fmt.Errorf("--template: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxTemplateFile))
	if err != nil {
		return fmt.Errorf("--template: %w", err)
	}
	o.template, err = report.ParseTemplate(filepath.Base(o.templateFile), text)
	if err != nil {
		return fmt.Errorf("--template: %w", err)
	}
	return nil
}

func (out output) check(references int) error {
	form, err := report.ByName(out.format)
	if err != nil {
		return err
	}
	if !form.Many && references > 1 && !strings.Contains(out.file, "{n}") {
		return fmt.Errorf("one %s document holds one image, and %d were asked for: put {n} into its --output, as in sbom-{n}%s", form.Name, references, form.Extension)
	}
	if out.file == "" {
		return nil
	}
	if info, err := os.Stat(out.file); err == nil && info.IsDir() {
		return fmt.Errorf("write %s: it is a folder", out.file)
	}
	if _, err := os.Stat(filepath.Dir(out.file)); err != nil {
		return fmt.Errorf("write %s: %w", out.file, err)
	}
	return nil
}

// tableShown reports whether the table goes to standard output.
func (o *outputs) tableShown() bool {
	return slices.Contains(o.list, output{format: "table"})
}

// tell says on standard error what a person must know and only the table would
// have put before their eyes. Why the exit status is not 0 is no mere note.
func (a *app) tell(r *verdict.Report) {
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		for _, s := range v.Image.Notes {
			a.note("%s: %s", v.Image.Reference, s)
		}
		for _, s := range v.Coverage.Warnings {
			a.note("%s: warning: %s", v.Image.Reference, s)
		}
		if v.Gate != nil {
			for _, s := range v.Gate.Reasons {
				a.say("%s: gate failed: %s", v.Image.Reference, s)
			}
		}
		if reason := firstIncomplete(v); reason != "" {
			a.say("%s: incomplete: %s", v.Image.Reference, reason)
		}
	}
}

// firstIncomplete says why a verdict is incomplete: damage to a layer before
// what else that damage led to.
func firstIncomplete(v *verdict.Verdict) string {
	var first *verdict.Skipped
	n := 0
	for i := range v.Coverage.Skipped {
		s := &v.Coverage.Skipped[i]
		if !s.Incomplete {
			continue
		}
		if n++; first == nil || (first.Path != "" && s.Path == "") {
			first = s
		}
	}
	if first == nil {
		return ""
	}
	reason := strings.TrimPrefix(first.Path+": "+first.Reason, ": ")
	if first.Layer >= 0 {
		reason = fmt.Sprintf("layer %d: %s", first.Layer, reason)
	}
	if n > 1 {
		reason += fmt.Sprintf(" (and %d more)", n-1)
	}
	return reason
}

// write writes every report. A file appears under its name only when whole.
func (o *outputs) write(a *app, r *verdict.Report, all bool) error {
	for _, out := range o.list {
		form, err := report.ByName(out.format)
		if err != nil {
			return err
		}
		err = o.writeReport(a, form, out.file, r, all)
		if errors.Is(err, report.ErrOneVerdict) {
			return usage(fmt.Errorf("%w, or put {n} into its --output", err))
		}
		if errors.Is(err, report.ErrTemplate) {
			return usage(err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (o *outputs) writeReport(a *app, form report.Report, file string, r *verdict.Report, all bool) error {
	if form.Many || len(r.Verdicts) == 1 || !strings.Contains(file, "{n}") {
		return o.writeOne(a, form, strings.ReplaceAll(file, "{n}", "1"), r, all)
	}
	for i := range r.Verdicts {
		name := strings.ReplaceAll(file, "{n}", fmt.Sprint(i+1))
		if err := o.writeOne(a, form, name, report.Single(r, i), all); err != nil {
			return err
		}
	}
	return nil
}

func (o *outputs) writeOne(a *app, form report.Report, file string, r *verdict.Report, all bool) error {
	if file == "" {
		opt, err := a.page(a.env.Stdout, all)
		if err != nil {
			return err
		}
		opt.Template = o.template
		return form.Write(a.env.Stdout, r, opt)
	}
	opt, err := a.page(nil, all)
	if err != nil {
		return err
	}
	opt.Template = o.template
	return writeFile(file, func(w io.Writer) error { return form.Write(w, r, opt) })
}

// writeFile replaces a file as a whole with what write writes. What is no
// regular file (a device, a pipe) is written to where it is; a link stays, and
// the file it leads to is replaced.
func writeFile(name string, write func(io.Writer) error) error {
	mode := os.FileMode(0o644) // a report is as public as its folder
	switch info, err := os.Stat(name); {
	case err == nil && !info.Mode().IsRegular():
		return writeInPlace(name, write)
	case err == nil:
		mode = info.Mode().Perm()
		if target, err := filepath.EvalSymlinks(name); err == nil {
			name = target
		}
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return usage(fmt.Errorf("write %s: %w", name, err))
	}
	defer os.Remove(f.Name())
	err = fill(f, write)
	if err == nil {
		err = os.Chmod(f.Name(), mode)
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func writeInPlace(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return usage(fmt.Errorf("write %s: %w", name, err))
	}
	if err := fill(f, write); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// fill writes a file and closes it.
func fill(f *os.File, write func(io.Writer) error) error {
	buffered := bufio.NewWriter(f)
	err := write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
