package report

import (
	"fmt"
	"io"
	"strings"

	"plimsoll/internal/gate"
	"plimsoll/internal/gate/policy"
)

// PolicyList writes the ready policies with what each is for.
func PolicyList(w io.Writer, policies []*policy.Policy, opt Options) error {
	p := newPage(opt)
	for i, x := range policies {
		if i > 0 {
			p.blank()
		}
		summary := count(len(x.Rules), "rule")
		if x.Extends != "" {
			summary += ", extends " + x.Extends
		}
		if x.Name == policy.Default {
			summary += ", the default"
		}
		p.line(span{x.Name + "  ", p.styles.title}, span{summary, p.styles.faint})
		p.paragraph(2, p.styles.plain, x.Description)
	}
	return p.flush(w)
}

// subjectWords say what a rule is asked about.
func subjectWords(s policy.Subject) string {
	switch s {
	case policy.Findings:
		return "each finding: vulnerabilities, secrets, planted code, altered executables, the end of support"
	case policy.Actions:
		return "each action that clears findings"
	case policy.Hygiene:
		return "each finding about the configuration and history"
	case policy.Executables:
		return "each executable"
	case policy.Packages:
		return "each package"
	case policy.Image:
		return "the image as a whole"
	}
	return "each finding about the Dockerfile (--dockerfile)"
}

func opinionWords(o policy.Opinion) string {
	switch o {
	case policy.Both:
		return "what every database says that covers the package: the lowest severity, and a fix where all know one"
	case policy.Either:
		return "the more demanding one of the two databases"
	}
	return "that of " + string(o) + " alone"
}

// PolicyExplanation writes a policy in words, with each rule's expression.
func PolicyExplanation(w io.Writer, x *policy.Policy, opt Options) error {
	p := newPage(opt)
	from := "ready policy"
	if x.From != "" {
		from = x.From
	}
	p.line(span{x.Name + "  ", p.styles.title}, span{from, p.styles.faint})
	if x.Description != "" {
		p.paragraph(0, p.styles.plain, x.Description)
	}
	p.blank()
	const label = 12
	field := func(name, text string) {
		p.hanging(span{pad(name, label), p.styles.faint}, p.styles.plain, text)
	}
	if x.Extends != "" {
		text := x.Extends
		if len(x.Without) > 0 {
			text += ", without " + strings.Join(x.Without, ", ")
		}
		field("extends", text)
	}
	field("opinion", string(x.Opinion)+": "+opinionWords(x.Opinion))
	for i := range x.Rules {
		r := &x.Rules[i]
		p.blank()
		heading := r.Name
		note := ""
		if r.Policy != "" {
			note = "  from " + r.Policy
		}
		verb := "fails"
		if r.Effect == policy.Warn {
			verb = "warns"
		}
		p.line(span{pad(strings.ToUpper(r.Severity.String()), label), p.severity(r.Severity)}, span{heading, p.styles.bold}, span{note, p.styles.faint})
		field("", fmt.Sprintf("%s for: %s", verb, r.Message))
		if r.Description != "" {
			field("why", r.Description)
		}
		field("asked about", subjectWords(r.For))
		p.expression("when", label, r.When)
		if r.Detail != "" {
			p.expression("detail", label, r.Detail)
		}
		if r.Remedy != "" {
			field("remedy", r.Remedy)
		}
	}
	return p.flush(w)
}

// expression keeps an expression's own lines.
func (p *page) expression(name string, label int, text string) {
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			name = ""
		}
		p.hanging(span{pad(name, label), p.styles.faint}, p.styles.number, line)
	}
}

// PolicyTests writes what became of a file of tests.
func PolicyTests(w io.Writer, file string, outcomes []gate.TestOutcome, untested []string, opt Options) error {
	p := newPage(opt)
	failed := 0
	for i := range outcomes {
		if len(outcomes[i].Wrong) > 0 {
			failed++
		}
	}
	style, text := p.styles.green, "all of "+count(len(outcomes), "test")+" passed"
	if failed > 0 {
		style, text = p.styles.red, fmt.Sprintf("%s of %s failed", number(failed), count(len(outcomes), "test"))
	}
	p.line(span{file + "  ", p.styles.title}, span{text, style.Bold(true)})
	for i := range outcomes {
		o := &outcomes[i]
		if len(o.Wrong) == 0 {
			if opt.All {
				p.hanging(span{"  pass  ", p.styles.green}, p.styles.plain, o.Name)
			}
			continue
		}
		p.hanging(span{"  FAIL  ", p.styles.red}, p.styles.bold, fmt.Sprintf("%s (line %d)", o.Name, o.Line))
		for _, wrong := range o.Wrong {
			p.paragraph(8, p.styles.plain, wrong)
		}
	}
	if len(untested) > 0 {
		p.hanging(span{"  note  ", p.styles.yellow}, p.styles.faint, "no test breaks "+strings.Join(untested, ", "))
	}
	return p.flush(w)
}
