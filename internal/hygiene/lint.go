package hygiene

import (
	"fmt"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// maxFindings bounds what one rule may report of one file.
const maxFindings = 1000

// Options are what a check may know beside the file.
type Options struct {
	// Context is the build context; nil where it is not known, and then no rule says
	// anything that would need it.
	Context *Context
	// Registries are the only ones that base images may come from, by host or
	// host/prefix; nil for any.
	Registries []string
	// Now decides what has expired or reached its end of life.
	Now time.Time
}

// Lint is what a rule works with: the file, and a way to report.
type Lint struct {
	File *dockerfile.File
	Options
	// Image is set where File was made of an image; see FromImage.
	Image *Image
	// contents are the image's files; nil where they are not known.
	contents *walked

	rule     *Rule
	findings []Finding
	// instructions are listed once for all rules.
	instructions []*dockerfile.Instruction
	commands     []*dockerfile.Command
	// parsed and settings are read once, by the first rule that asks.
	parsed   []*parsedScript
	settings []setting
	reported int
	ignores  []*ignore
	// known are the identifiers of all rules.
	known map[string]bool
}

// Check applies rules to a file.
func Check(f *dockerfile.File, rules []Rule, opt Options) []Finding {
	l := &Lint{File: f, Options: opt}
	l.list()
	return l.run(rules)
}

func (l *Lint) run(rules []Rule) []Finding {
	l.known = map[string]bool{}
	for i := range rules {
		l.known[rules[i].ID] = true
	}
	l.each(rules, func(r *Rule) bool { return r.Category != Suppressions })
	if l.Image == nil {
		l.ignores = l.readIgnores()
		l.suppress(rules)
		l.each(rules, func(r *Rule) bool { return r.Category == Suppressions })
	}
	identify(l.findings)
	sortFindings(l.findings)
	return l.findings
}

func (l *Lint) each(rules []Rule, wanted func(*Rule) bool) {
	for i := range rules {
		r := &rules[i]
		l.rule, l.reported = r, 0
		switch {
		case !wanted(r):
		case r.Files != nil && l.contents != nil:
			r.Files(&FileView{l, l.contents})
		case r.Check != nil && (l.Image == nil || r.OnImage):
			r.Check(l)
		}
	}
}

// list takes in every instruction, those of ONBUILD behind their ONBUILD.
func (l *Lint) list() {
	for _, in := range l.File.Instructions {
		l.instructions = append(l.instructions, in)
		if in.Trigger != nil {
			l.instructions = append(l.instructions, in.Trigger)
		}
	}
	for _, in := range l.instructions {
		if in.Keyword == "run" {
			l.commands = append(l.commands, in.Commands()...)
		}
	}
}

// All are the instructions of these kinds, in the order of the file; all without one.
// What an ONBUILD holds back is among them.
func (l *Lint) All(keywords ...string) []*dockerfile.Instruction {
	if len(keywords) == 0 {
		return l.instructions
	}
	var all []*dockerfile.Instruction
	for _, in := range l.instructions {
		for _, k := range keywords {
			if in.Keyword == k {
				all = append(all, in)
			}
		}
	}
	return all
}

// Commands are the simple commands of every RUN with one of these names; all without one.
func (l *Lint) Commands(names ...string) []*dockerfile.Command {
	if len(names) == 0 {
		return l.commands
	}
	var all []*dockerfile.Command
	for _, c := range l.commands {
		for _, n := range names {
			if c.Name == n {
				all = append(all, c)
			}
		}
	}
	return all
}

// Report reports an instruction as a whole.
func (l *Lint) Report(in *dockerfile.Instruction, format string, args ...any) *Finding {
	return l.At(in, in.Range(), format, args...)
}

// ReportCommand reports one command.
func (l *Lint) ReportCommand(c *dockerfile.Command, format string, args ...any) *Finding {
	return l.At(c.Instruction, c.Range(), format, args...)
}

// At reports a stretch of an instruction. The finding that it returns may be given
// another severity or edits; where the rule does not look at the instruction's
// stage it is one that nobody sees.
func (l *Lint) At(in *dockerfile.Instruction, r dockerfile.Range, format string, args ...any) *Finding {
	f := Finding{
		Rule: l.rule.ID, Title: l.rule.Title, Severity: l.rule.Severity, Category: l.rule.Category, Remedy: l.rule.Remedy,
		Message: fmt.Sprintf(format, args...), Range: r, Final: true,
	}
	if in != nil {
		f.at = in.Index
		if in.Keyword != "" {
			f.Instruction = upper(in.Keyword)
		}
		if in.Stage != nil {
			f.Stage, f.Final = in.Stage.Title(), in.Stage.InFinal()
		}
	}
	switch {
	case l.reported >= maxFindings, l.rule.Reach == FinalImage && !f.Final:
		return &Finding{}
	case l.rule.Reach == EveryStage && !f.Final && l.Image == nil:
		f.Severity = min(f.Severity, advisory.Low)
	}
	if l.Image != nil {
		l.Image.place(&f, in)
	}
	l.reported++
	l.findings = append(l.findings, f)
	return &l.findings[len(l.findings)-1]
}

// ReportFile reports the file as a whole, at its first line.
func (l *Lint) ReportFile(format string, args ...any) *Finding {
	return l.At(nil, l.File.LineRange(1, 1), format, args...)
}

// ReportTarget reports what the final image lacks, at the place where its last stage
// begins.
func (l *Lint) ReportTarget(format string, args ...any) *Finding {
	t := l.File.Target()
	if t == nil {
		return &Finding{}
	}
	return l.Report(t.From, format, args...)
}

// Replace returns an edit of one word; ok is false where the word has no place of its own.
func Replace(w dockerfile.Word, with string) (Edit, bool) {
	from, to, ok := w.Offsets()
	return Edit{from, to, with}, ok
}

// Insert returns an edit that puts text behind a word.
func Insert(w dockerfile.Word, text string) (Edit, bool) {
	_, to, ok := w.Offsets()
	return Edit{to, to, text}, ok
}
