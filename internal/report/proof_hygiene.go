package report

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"plimsoll/internal/advisory"
	proven "plimsoll/internal/rebuild/proof"
)

// The findings of hygiene in a proof: those of two images stand beside other
// findings, those of two Dockerfiles are all there is.

// proofPlaces is how many places of one rule the default view names.
const proofPlaces = 3

// hygieneView is one outcome as it is shown.
type hygieneView struct {
	title, mark string
	rules       []proven.HygieneRule
	good, bad   bool
	// faint counts findings that the default view does not list: style, and what is
	// kept and came with the base.
	style, base int
}

// hygieneViews are the outcomes that have anything, without what the default view
// leaves out.
func hygieneViews(h *proven.Hygiene, all bool) []hygieneView {
	var views []hygieneView
	for _, v := range []hygieneView{
		{title: "ADDED", mark: "+", rules: h.Added, bad: true},
		{title: "CLEARED", mark: "-", rules: h.Cleared, good: true},
		{title: "KEPT", mark: "=", rules: h.Kept},
	} {
		if len(v.rules) == 0 {
			continue
		}
		if !all {
			v.leaveOut()
		}
		views = append(views, v)
	}
	return views
}

func (v *hygieneView) leaveOut() {
	var shown []proven.HygieneRule
	for _, r := range v.rules {
		var left []proven.HygieneFinding
		for _, f := range r.Findings {
			switch {
			case f.InBase && !v.bad && !v.good:
				v.base++
			case f.Severity < advisory.Low:
				v.style++
			default:
				left = append(left, f)
			}
		}
		if r.Findings = left; len(left) > 0 {
			shown = append(shown, r)
		}
	}
	v.rules = shown
}

// aside says what the default view leaves out.
func (v *hygieneView) aside() string {
	var parts []string
	if v.base > 0 {
		parts = append(parts, number(v.base)+" came with the base")
	}
	if v.style > 0 {
		parts = append(parts, number(v.style)+" of style")
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + "; --all lists them"
}

// summary is "4: 1 high, 3 low; 2 in the base".
func (v *hygieneView) summary(rules []proven.HygieneRule) string {
	by, base := map[string]int{}, 0
	for i := range rules {
		for j := range rules[i].Findings {
			f := &rules[i].Findings[j]
			by[f.Severity.String()]++
			if f.InBase {
				base++
			}
		}
	}
	text := number(proven.Total(rules))
	if s := severityCounts(by); s != "" {
		text += ": " + s
	}
	if base > 0 {
		text += "; " + number(base) + " in the base"
	}
	return text
}

// hygieneWords is "a root user (user-root)".
func hygieneWords(r *proven.HygieneRule) string { return r.Title + " (" + r.Rule + ")" }

// hygienePlaces is "line 3; line 9, stage build, not in the final image".
func hygienePlaces(r *proven.HygieneRule, all bool) string {
	var parts []string
	for i := range r.Findings {
		if i >= proofPlaces && !all {
			parts = append(parts, number(len(r.Findings)-i)+" more")
			break
		}
		parts = append(parts, hygienePlace(&r.Findings[i]))
	}
	return strings.Join(parts, "; ")
}

func hygienePlace(f *proven.HygieneFinding) string {
	text := f.Where
	if !f.Final {
		text += ", stage " + f.Stage + ", not in the final image"
	}
	if f.InBase {
		text += ", from the base"
	}
	if f.Was != nil {
		text += fmt.Sprintf(", %s before", *f.Was)
	}
	if f.LiftedBy != "" {
		text += ", though " + f.LiftedBy + "'s comment lifts it"
	}
	return text
}

// proofHygiene writes the outcomes, each under a heading that begins with prefix.
func (p *page) proofHygiene(prefix string, h *proven.Hygiene, opt Options) {
	full := hygieneViews(h, true)
	for i, v := range hygieneViews(h, opt.All) {
		p.section(prefix+v.title, full[i].summary(full[i].rules))
		style := p.styles.plain
		switch {
		case v.good:
			style = p.styles.green
		case v.bad:
			style = p.styles.red
		}
		for n := range v.rules {
			if n >= 2*proofShown && !opt.All {
				p.rest(len(v.rules)-n, "--all")
				break
			}
			p.hygieneRule(v.mark, style, &v.rules[n], opt)
		}
		if aside := v.aside(); aside != "" {
			p.hanging(span{strings.Repeat(" ", gutter) + v.mark + " ", style}, p.styles.faint, aside)
		}
	}
}

func (p *page) hygieneRule(mark string, style lipgloss.Style, r *proven.HygieneRule, opt Options) {
	label := strings.Repeat(" ", gutter) + mark + " " + pad(severityWord(r.Severity), lintLabel)
	text := hygieneWords(r)
	if !opt.All {
		text += ": " + hygienePlaces(r, false)
	}
	p.hanging(span{label, style}, p.styles.plain, text)
	if !opt.All {
		return
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		p.hanging(span{strings.Repeat(" ", width(label)), p.styles.plain}, p.styles.faint, hygienePlace(f)+": "+f.Message)
	}
}

func (m *markdown) hygiene(prefix string, h *proven.Hygiene, opt Options) {
	full := hygieneViews(h, true)
	for i, v := range hygieneViews(h, opt.All) {
		title := prefix + v.title
		m.line("### %s %s", md(title[:1]+strings.ToLower(title[1:])), md(full[i].summary(full[i].rules)))
		m.line("")
		var rows [][]string
		for n := range v.rules {
			if n >= 2*proofShown && !opt.All || n >= markdownFindings {
				rows = append(rows, []string{"", fmt.Sprintf("… and %s more; --all lists them", number(len(v.rules)-n)), ""})
				break
			}
			r := &v.rules[n]
			rows = append(rows, []string{r.Severity.String(), hygieneWords(r), hygienePlaces(r, opt.All)})
		}
		if aside := v.aside(); aside != "" {
			rows = append(rows, []string{"", aside, ""})
		}
		m.table([]string{"severity", "finding", "where"}, []string{"---", "---", "---"}, rows)
	}
}

// completeHygiene returns it with every list and count in place.
func completeHygiene(h proven.Hygiene) proven.Hygiene {
	h.Before.BySeverity, h.After.BySeverity = orEmptyMap(h.Before.BySeverity), orEmptyMap(h.After.BySeverity)
	for _, list := range []*[]proven.HygieneRule{&h.Cleared, &h.Kept, &h.Added} {
		rules := make([]proven.HygieneRule, len(*list))
		for i, r := range *list {
			r.Findings = orEmpty(r.Findings)
			rules[i] = r
		}
		*list = rules
	}
	return h
}
