package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/verdict"
)

// placesShown is how many places of one rule the default view lists.
const placesShown = 8

// Lint writes what is wrong with Dockerfiles and images, the gravest first.
// opt.All lists every place, and what comments lift.
func Lint(w io.Writer, r *verdict.Lint, opt Options) error {
	p := newPage(opt)
	for i := range r.Subjects {
		if i > 0 {
			p.blank()
		}
		p.lintSubject(&r.Subjects[i], opt)
	}
	return p.flush(w)
}

// LintJSON writes the report for another program.
func LintJSON(w io.Writer, r *verdict.Lint) error {
	c := *r
	c.Subjects, c.Rules = orEmpty(c.Subjects), orEmpty(c.Rules)
	return encodeJSON(w, &c)
}

func (p *page) lintSubject(s *verdict.LintSubject, opt Options) {
	name := s.Name
	if s.Platform != "" {
		name += " (" + s.Platform + ")"
	}
	if s.Error != "" {
		// A parser's message begins with the file's name.
		p.hanging(span{name, p.styles.title}, p.styles.red, ":"+strings.TrimPrefix(s.Error, s.Name+":"))
		return
	}
	style := p.styles.green.Bold(true)
	if worst := s.Worst(); worst > advisory.Unknown {
		style = p.severity(worst)
	}
	p.line(span{name + "  ", p.styles.title}, span{lintCounts(s.Counts), style})
	for _, group := range lintGroups(s.Findings, opt.All) {
		p.blank()
		p.lintGroup(group, 0, opt)
	}
	var notes []string
	if s.Hidden > 0 {
		notes = append(notes, fmt.Sprintf("%s more with --strict", number(s.Hidden)))
	}
	if s.Suppressed > 0 {
		notes = append(notes, count(s.Suppressed, "finding")+" lifted by comments"+more(opt.All))
	}
	if len(notes) > 0 {
		p.blank()
		p.list(p.styles.faint, notes...)
	}
}

func more(all bool) string {
	if all {
		return ""
	}
	return " (--all lists them)"
}

func lintCounts(counts map[string]int) string {
	var parts []string
	for sev := advisory.Critical; sev > advisory.Unknown; sev-- {
		if n := counts[sev.String()]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", number(n), sev))
		}
	}
	if len(parts) == 0 {
		return "nothing found"
	}
	return strings.Join(parts, ", ")
}

// lintGroups puts the findings of one rule, severity and state together, the gravest
// first.
func lintGroups(findings []hygiene.Finding, all bool) [][]*hygiene.Finding {
	type key struct {
		rule   string
		sev    advisory.Severity
		lifted bool
	}
	at := map[key]int{}
	var groups [][]*hygiene.Finding
	for i := range findings {
		f := &findings[i]
		k := key{f.Rule, f.Severity, f.Suppressed != nil}
		if k.lifted && !all {
			continue
		}
		n, ok := at[k]
		if !ok {
			n = len(groups)
			at[k] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], f)
	}
	slices.SortStableFunc(groups, func(a, b []*hygiene.Finding) int {
		lifted := func(f *hygiene.Finding) int {
			if f.Suppressed != nil {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(lifted(a[0]), lifted(b[0])), cmp.Compare(b[0].Severity, a[0].Severity))
	})
	return groups
}

// hygiene lists what is wrong with an image beside its packages and files.
func (p *page) hygiene(v *verdict.Verdict, opt Options) {
	findings := make([]hygiene.Finding, 0, len(v.Hygiene))
	for i := range v.Hygiene {
		if h := &v.Hygiene[i]; h.Acceptance == nil { // what is accepted has a section of its own
			findings = append(findings, hygiene.Finding{Rule: h.Rule, Title: h.Title, Severity: h.Severity, Message: h.Message, Remedy: h.Remedy, Where: h.Where, Base: h.Base, Final: true})
		}
	}
	if len(findings) == 0 {
		return
	}
	p.section("HYGIENE", lintCounts(v.Headline.Hygiene))
	shown, hidden := 0, 0
	for _, group := range lintGroups(findings, opt.All) {
		p.blank()
		if !opt.All && shown >= contentsShown {
			hidden++
			continue
		}
		shown++
		p.lintGroup(group, gutter, opt)
	}
	if hidden > 0 {
		p.line(p.indent(gutter), span{fmt.Sprintf("… %s more; --all shows them", number(hidden)), p.styles.faint})
	}
}

// lintLabel is the width of the severity column.
const lintLabel = 12

// lintGroup writes the findings of one rule, indented.
func (p *page) lintGroup(group []*hygiene.Finding, indent int, opt Options) {
	first := group[0]
	style := p.severity(first.Severity)
	label := severityWord(first.Severity)
	if first.Suppressed != nil {
		style, label = p.styles.faint, "lifted"
	}
	p.line(p.indent(indent), span{pad(label, lintLabel-indent), style}, span{first.Title, p.styles.bold}, span{"  " + first.Rule, p.styles.faint})
	shown := group
	if !opt.All && len(shown) > placesShown {
		shown = shown[:placesShown-1]
	}
	for _, f := range shown {
		text := f.Message
		if f.Instruction != "" && f.Where == "" {
			text = f.Instruction + ": " + text
		}
		if note := lintNote(f); note != "" {
			text += " [" + note + "]"
		}
		if f.Where != "" {
			p.hanging(p.indent(lintLabel), p.styles.plain, f.Where+": "+text)
			continue
		}
		p.hanging(span{padLeft(lintPlace(f), lintLabel-2) + "  ", p.styles.number}, p.styles.plain, text)
	}
	if n := len(group) - len(shown); n > 0 {
		p.line(p.indent(lintLabel), span{fmt.Sprintf("and %s more places (--all lists them)", number(n)), p.styles.faint})
	}
	if first.Suppressed == nil {
		p.hanging(span{strings.Repeat(" ", lintLabel-2) + "→ ", p.styles.green}, p.styles.faint, first.Remedy)
	}
}

func lintPlace(f *hygiene.Finding) string {
	return fmt.Sprintf("%d:%d", f.Range.Start.Line, f.Range.Start.Column)
}

// lintNote says what else matters of a finding's place.
func lintNote(f *hygiene.Finding) string {
	var notes []string
	if !f.Final {
		notes = append(notes, "stage "+f.Stage+", not in the final image")
	}
	if f.Base {
		notes = append(notes, "from the base")
	}
	if s := f.Suppressed; s != nil {
		note := fmt.Sprintf("lifted by %s's comment in line %d", s.By, s.Line)
		if s.Reason != "" {
			note += fmt.Sprintf(" until %s: %s", s.Until, s.Reason)
		}
		notes = append(notes, note)
	} else if len(f.Edits) > 0 {
		notes = append(notes, "--fix mends it")
	}
	return strings.Join(notes, "; ")
}
