package report

import (
	"fmt"
	"io"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/rebuild/harden"
)

// Harden writes what was changed in a Dockerfile, what is left to do, and the
// findings before and after. name is the file's.
func Harden(w io.Writer, name string, r *harden.Result, opt Options) error {
	p := newPage(opt)
	const label = 8
	p.line(span{name + "  ", p.styles.title}, span{hardenCounts(r.Before), p.styles.yellow}, span{" → ", p.styles.plain}, span{hardenCounts(r.After), p.styles.green})
	if len(r.Changes) == 0 {
		p.paragraph(0, p.styles.faint, "nothing to change")
	}
	for _, c := range r.Changes {
		p.blank()
		p.hanging(span{pad(places(c.Lines), label), p.styles.number}, p.styles.bold, c.Title)
		p.paragraph(label, p.styles.faint, c.Why)
		if len(c.Closes) > 0 {
			p.paragraph(label, p.styles.green, "closes "+strings.Join(c.Closes, ", "))
		}
	}
	if len(r.Todos) > 0 {
		p.section("TODO", "for a person to decide; each stands in the file")
		for _, t := range r.Todos {
			p.hanging(span{pad(places([]int{t.Line}), label), p.styles.number}, p.styles.yellow, t.About+": "+t.Text)
		}
	}
	if len(r.Secrets) > 0 {
		p.section("SECRETS", "what the build is to be given")
		for _, s := range r.Secrets {
			p.paragraph(label, p.styles.plain, "docker build --secret id="+s.ID+",env="+s.Env)
		}
	}
	if len(r.Left) > 0 {
		p.section("LEFT ALONE", "")
		for _, l := range r.Left {
			p.paragraph(label, p.styles.faint, l.What+": "+l.Why)
		}
	}
	if r.Dockerignore != nil {
		p.section("DOCKERIGNORE", "--dockerignore FILE writes the one that is proposed")
	}
	return p.flush(w)
}

// hardenCounts counts what no comment lifts.
func hardenCounts(findings []hygiene.Finding) string {
	counts := map[string]int{}
	for i := range findings {
		if f := &findings[i]; f.Suppressed == nil && f.Severity > advisory.Negligible {
			counts[f.Severity.String()]++
		}
	}
	return lintCounts(counts)
}

// places are line numbers in a narrow column.
func places(lines []int) string {
	switch {
	case len(lines) == 0 || len(lines) == 1 && lines[0] == 0:
		return "new"
	case len(lines) == 1:
		return fmt.Sprint(lines[0])
	}
	return fmt.Sprintf("%d, …", lines[0])
}
