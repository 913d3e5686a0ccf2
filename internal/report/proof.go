package report

import (
	"fmt"
	"io"
	"strings"

	"charm.land/lipgloss/v2"

	"plimsoll/internal/compare"
	proven "plimsoll/internal/rebuild/proof"
	"plimsoll/internal/triage"
)

// proofShown is how many causes of one outcome, and files of one list, the default
// view shows.
const proofShown = 10

// Proof writes proofs for a person to read: the conclusion, the figures side by
// side, and what was cleared, kept and added, by cause.
func Proof(w io.Writer, r *proven.Report, opt Options) error {
	p := newPage(opt)
	for i := range r.Proofs {
		if i > 0 {
			p.blank()
			p.blank()
		}
		p.proof(&r.Proofs[i], opt)
	}
	return p.flush(w)
}

func (p *page) proof(f *proven.Proof, opt Options) {
	p.conclusion(&f.Conclusion)
	for _, side := range []struct {
		label string
		*compare.Summary
	}{{"before  ", &f.Before}, {"after   ", &f.After}} {
		p.hanging(span{side.label, p.styles.faint}, p.styles.plain, strings.Join(proofImage(side.Summary), "  "))
		for _, note := range side.Image.Notes {
			p.hanging(span{"        note: ", p.styles.faint}, p.styles.faint, note)
		}
	}
	p.hanging(span{"judged  ", p.styles.faint}, p.styles.plain, judgedBy(f.Databases))
	for _, reason := range f.Conclusion.Reasons {
		p.hanging(span{"        ", p.styles.plain}, p.styles.yellow, reason)
	}
	p.blank()
	p.proofFigures(proofRows(f))
	p.hanging(span{"base         ", p.styles.faint}, p.styles.plain, baseWords(&f.Base))
	p.hanging(span{"application  ", p.styles.faint}, p.styles.plain, applicationWords(&f.Application))
	for _, o := range outcomes(&f.Findings) {
		p.outcome(&o, opt)
	}
	p.proofHygiene("HYGIENE ", &f.Hygiene, opt)
	p.proofSurface(&f.Surface, opt)
	for i := range f.Skipped {
		s := &f.Skipped[i]
		p.hanging(span{"incomplete: ", p.styles.red}, p.styles.plain,
			fmt.Sprintf("%s, layer %d: %s", s.Side, s.Layer, strings.TrimPrefix(s.Path+": "+s.Reason, ": ")))
	}
	p.notProven(f.NotProven)
}

func (p *page) proofFigures(rows []figure) {
	rows = append([]figure{{before: "before", after: "after"}}, rows...)
	var widths [4]int
	for _, r := range rows {
		for i, cell := range []string{r.label, r.before, r.after, r.change} {
			widths[i] = max(widths[i], width(cell))
		}
	}
	for i, r := range rows {
		style, change := p.styles.plain, p.styles.faint
		if i == 0 {
			style = p.styles.faint
		}
		switch r.better {
		case 1:
			change = p.styles.green
		case -1:
			change = p.styles.red
		}
		p.line(p.indent(gutter), span{pad(r.label, widths[0]+2), p.styles.faint}, span{padLeft(r.before, widths[1]) + "  " + padLeft(r.after, widths[2]) + "  ", style},
			span{padLeft(r.change, widths[3]), change})
	}
	p.blank()
}

func (p *page) outcome(o *outcomeView, opt Options) {
	if o.Total == 0 {
		return
	}
	p.section(o.title, o.summary())
	style := p.styles.plain
	switch {
	case o.good:
		style = p.styles.green
	case o.bad:
		style = p.styles.red
	}
	groups, calm := o.Groups, calmed{}
	if !opt.All {
		groups, calm = calmGroups(o)
	}
	for i := range groups {
		if i >= proofShown && !opt.All {
			p.rest(len(groups)-i, "--all")
			break
		}
		g := &groups[i]
		p.hanging(span{strings.Repeat(" ", gutter) + o.mark + " ", style}, p.styles.plain, g.Cause+packagesAside(g)+": "+groupCounts(g))
		if opt.All || g.Package == nil {
			p.proofFindings(g, opt)
		}
	}
	if calm.groups > 0 {
		p.hanging(span{strings.Repeat(" ", gutter) + o.mark + " ", style}, p.styles.faint, calm.words())
	}
}

func (p *page) proofFindings(g *proven.Group, opt Options) {
	for i := range g.Findings {
		f := &g.Findings[i]
		if f.Kind != triage.Vulnerability {
			return // the group's line says it
		}
		if i >= proofShown && !opt.All {
			p.rest(len(g.Findings)-i, "--all")
			return
		}
		text := f.Vulnerability + "  " + f.Package + " " + f.Version
		if len(f.FixedIn) > 0 {
			text += ", fixed in " + strings.Join(f.FixedIn, " or ")
		}
		if f.KnownExploited {
			text += ", known to be exploited"
		}
		p.hanging(span{strings.Repeat(" ", gutter+4) + pad(severityWord(f.Severity), 10), p.severity(f.Severity)}, p.styles.plain, text)
	}
}

// proofSurface lists the setuid files, shells and package managers that are left,
// and those that went and came.
func (p *page) proofSurface(s *proven.Surface, opt Options) {
	title := "LEFT IN THE IMAGE"
	list := func(label string, style lipgloss.Style, items []string) {
		if len(items) == 0 {
			return
		}
		if title != "" {
			p.section(title, "")
			title = ""
		}
		p.hanging(span{strings.Repeat(" ", gutter) + pad(label, 24), style}, p.styles.plain, shortList(items, opt))
	}
	for _, kind := range toolKinds() {
		for _, state := range []struct {
			label string
			style lipgloss.Style
			tools []proven.Tool
		}{{kind.label, p.styles.plain, s.Tools.Kept}, {kind.label + ", new", p.styles.red, s.Tools.Added}, {kind.label + ", gone", p.styles.green, s.Tools.Removed}} {
			list(state.label, state.style, toolPaths(state.tools, kind.kind))
		}
	}
	list("setuid, setgid", p.styles.plain, privilegedPaths(s.Privileged.Kept))
	list("setuid, new", p.styles.red, privilegedPaths(s.Privileged.Added))
	list("setuid, gone", p.styles.green, privilegedPaths(s.Privileged.Removed))
}
