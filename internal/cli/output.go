package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"plimsoll/internal/report"
	"plimsoll/internal/verdict"
)

// outputs are the reports asked for with -o, each with the file that the
// --output after it names; "" is standard output.
type outputs struct{ list []output }

type output struct{ format, file string }

// addTo registers -o and --output. They write into one list in the order of
// the command line, so that each --output belongs to the -o before it.
func (o *outputs) addTo(f *pflag.FlagSet) {
	f.VarP((*formatFlag)(o), "format", "o", "report: "+strings.Join(report.Names(), ", ")+" (default table); may be repeated, each with its own --output")
	f.Var((*fileFlag)(o), "output", "file for the report named before it, instead of standard output; {n} in the name is replaced by 1, 2, … where a form holds one verdict only")
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

// check reports combinations that can't be written.
func (o *outputs) check() error {
	if len(o.list) == 0 {
		o.list = []output{{format: "table"}}
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

// write writes every report. A file appears under its name only when whole.
func (o *outputs) write(a *app, r *verdict.Report, all bool) error {
	for _, out := range o.list {
		form, err := report.ByName(out.format)
		if err != nil {
			return err
		}
		if err := a.writeReport(form, out.file, r, all); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) writeReport(form report.Report, file string, r *verdict.Report, all bool) error {
	if form.Many || len(r.Verdicts) == 1 || !strings.Contains(file, "{n}") {
		return a.writeOne(form, strings.ReplaceAll(file, "{n}", "1"), r, all)
	}
	for i := range r.Verdicts {
		name := strings.ReplaceAll(file, "{n}", fmt.Sprint(i+1))
		if err := a.writeOne(form, name, report.Single(r, i), all); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) writeOne(form report.Report, file string, r *verdict.Report, all bool) error {
	if file == "" {
		opt, err := a.page(a.env.Stdout, all)
		if err != nil {
			return err
		}
		return form.Write(a.env.Stdout, r, opt)
	}
	opt, err := a.page(nil, all)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := form.Write(&b, r, opt); err != nil {
		return err
	}
	return writeFile(file, &b)
}

// writeFile replaces a file as a whole.
func writeFile(name string, content io.Reader) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return usage(fmt.Errorf("write %s: %w", name, err))
	}
	defer os.Remove(f.Name())
	_, err = io.Copy(f, content)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		// CreateTemp makes files private; a report is as public as its folder.
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
