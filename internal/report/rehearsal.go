package report

import (
	"fmt"
	"io"
	"strings"

	"plimsoll/internal/ci"
)

// Rehearsal is what plimsoll ci prove saw.
type Rehearsal struct {
	Workflow   string
	Job        string
	Cases      []*ci.CaseResult
	Conclusion ci.Conclusion
}

// outputShown is how many of a step's last lines are shown.
const outputShown = 200

// WriteRehearsal writes the steps of each case, what the gate was red for, and whether
// it flips. opt.All adds what the steps printed.
func WriteRehearsal(w io.Writer, r *Rehearsal, opt Options) error {
	p := newPage(opt)
	word, style := "THE GATE FLIPS", p.styles.green
	if !r.Conclusion.Flips {
		word, style = "THE GATE PROVES NOTHING", p.styles.red
	}
	p.paragraph(0, style.Bold(true), word+": "+r.Conclusion.Why)
	p.line(span{r.Workflow + " · job " + r.Job, p.styles.faint})
	for i, c := range r.Cases {
		p.blank()
		result, style := "red", p.styles.red
		if c.Passed {
			result, style = "green", p.styles.green
		}
		p.line(span{c.Case.Name, p.styles.title}, span{"  " + result, style.Bold(true)})
		for j := range c.Steps {
			p.rehearsed(&c.Steps[j], opt)
		}
		for _, reason := range r.Conclusion.Reasons[i] {
			p.hanging(span{"  because   ", p.styles.yellow}, p.styles.plain, reason)
		}
	}
	return p.flush(w)
}

func (p *page) rehearsed(s *ci.StepResult, opt Options) {
	style := p.styles.green
	label := string(s.Outcome)
	switch {
	case s.Outcome == ci.Failure:
		style = p.styles.red
		label = fmt.Sprintf("exit %d", s.Status)
	case !s.Ran:
		style, label = p.styles.faint, "not run"
	}
	text := s.Title
	if s.Gate {
		text += " (gate)"
	}
	if s.Note != "" {
		text += ": " + s.Note
	}
	p.hanging(span{"  " + pad(label, 10), style}, p.styles.plain, text)
	if !opt.All || s.Output == "" {
		return
	}
	lines := strings.Split(strings.TrimRight(s.Output, "\n"), "\n")
	if n := len(lines) - outputShown; n > 0 {
		p.line(p.indent(lintLabel), span{fmt.Sprintf("… %s lines before", number(n)), p.styles.faint})
		lines = lines[n:]
	}
	for _, line := range lines {
		p.line(p.indent(lintLabel), span{line, p.styles.faint})
	}
}

// RehearsalJSON writes it for another program.
func RehearsalJSON(w io.Writer, r *Rehearsal) error {
	type step struct {
		Title   string     `json:"title"`
		Outcome ci.Outcome `json:"outcome"`
		Status  int        `json:"status"`
		Ran     bool       `json:"ran"`
		Gate    bool       `json:"gate"`
		Note    string     `json:"note,omitempty"`
		Output  string     `json:"output"`
	}
	type result struct {
		Name    string   `json:"name"`
		Passed  bool     `json:"passed"`
		Reasons []string `json:"reasons"`
		Steps   []step   `json:"steps"`
	}
	out := struct {
		SchemaVersion int      `json:"schemaVersion"`
		Workflow      string   `json:"workflow"`
		Job           string   `json:"job"`
		Flips         bool     `json:"flips"`
		Why           string   `json:"why"`
		Cases         []result `json:"cases"`
	}{1, r.Workflow, r.Job, r.Conclusion.Flips, r.Conclusion.Why, []result{}}
	for i, c := range r.Cases {
		res := result{c.Case.Name, c.Passed, orEmpty(r.Conclusion.Reasons[i]), []step{}}
		for _, s := range c.Steps {
			res.Steps = append(res.Steps, step(s))
		}
		out.Cases = append(out.Cases, res)
	}
	return encodeJSON(w, &out)
}
