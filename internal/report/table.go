package report

import (
	"fmt"
	"io"
	"strings"

	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// writeTable writes what a person reads: of each verdict the one line that
// decides, then the actions, the findings by package, the differing opinions,
// and what was covered.
func writeTable(w io.Writer, r *verdict.Report, opt Options) error {
	p := newPage(opt)
	for i := range r.Verdicts {
		if len(r.Verdicts) > 1 {
			p.divider(i, len(r.Verdicts), &r.Verdicts[i])
		}
		p.verdict(&r.Verdicts[i], opt)
	}
	if len(r.Verdicts) == 0 {
		p.line(span{"no image was judged", p.styles.bold})
	}
	return p.flush(w)
}

// divider separates verdicts that follow one another.
func (p *page) divider(i, of int, v *verdict.Verdict) {
	if i > 0 {
		p.blank()
		p.blank()
	}
	label := fmt.Sprintf("── %d of %d  ", i+1, of)
	name := Clean(v.Image.Reference) + "  " + Clean(v.Image.Platform) + " "
	rule := strings.Repeat("─", max(0, p.width-width(label)-width(name)))
	p.line(span{label, p.styles.faint}, span{name, p.styles.bold}, span{rule, p.styles.faint})
	p.blank()
}

func (p *page) verdict(v *verdict.Verdict, opt Options) {
	p.headline(v)
	p.gate(v.Gate)
	p.actions(v)
	p.contents(v, opt)
	p.findings(v, opt)
	p.accepted(v, opt)
	p.opinions(v, opt)
	p.coverage(v, opt)
}

// headline is the line that decides, and what it is about.
func (p *page) headline(v *verdict.Verdict) {
	style := p.decision(v.Headline.Decision)
	text := v.Headline.Text
	if text == "" {
		text = string(v.Headline.Decision)
	}
	// Only the decision is coloured; the rest of the line stays readable.
	if rest, ok := strings.CutPrefix(text, string(v.Headline.Decision)); ok && width(text) <= p.width {
		p.line(span{string(v.Headline.Decision), style}, span{rest, p.styles.bold})
	} else {
		p.paragraph(0, style, text)
	}
	p.list(p.styles.faint, imageParts(v)...)
	for _, note := range v.Image.Notes {
		p.hanging(span{"note: ", p.styles.faint}, p.styles.faint, note)
	}
	for _, warning := range v.Coverage.Warnings {
		p.hanging(span{"warning: ", p.styles.yellow}, p.styles.plain, warning)
	}
}

// imageParts say what was judged: "python:3.8-slim", "linux/amd64", "Debian
// GNU/Linux 12 (bookworm)", "105 packages in 6 layers", the source, the digest.
// Report files that are compared have none of these.
func imageParts(v *verdict.Verdict) []string {
	if v.Image.Platform == "" && len(v.Image.Layers) == 0 {
		return []string{v.Image.Reference}
	}
	system := "no distribution"
	if d := v.Image.Distribution; d != nil {
		system = d.PrettyName
		if system == "" {
			system = strings.TrimSpace(d.ID + " " + d.VersionID)
		}
	}
	from := v.Image.Via
	if from == "" {
		from = v.Image.Source
	}
	digest := v.Image.Digest
	if digest == "" {
		digest = v.Image.ConfigDigest
	}
	return []string{
		v.Image.Reference, v.Image.Platform, system,
		count(len(v.Packages), "package") + " in " + count(len(v.Image.Layers), "layer"),
		from, digest,
	}
}

// gate says whether --fail-on was broken, right under the headline.
func (p *page) gate(g *verdict.Gate) {
	if g == nil {
		return
	}
	rules := strings.Join(g.FailOn, ", ")
	if !g.Failed {
		p.hanging(span{"gate passed: ", p.styles.green}, p.styles.plain, rules)
		return
	}
	p.hanging(span{"gate failed: ", p.styles.red}, p.styles.plain, rules)
	for _, reason := range g.Reasons {
		p.paragraph(len("gate failed: "), p.styles.plain, reason)
	}
}

// actions are numbered, the most urgent first.
func (p *page) actions(v *verdict.Verdict) {
	if len(v.Actions) == 0 {
		return
	}
	p.section("ACTIONS", "")
	titles := make([]string, len(v.Actions))
	clears := make([]string, len(v.Actions))
	digits := len(fmt.Sprint(len(v.Actions)))
	titleWidth, clearsWidth := 0, 0
	for i := range v.Actions {
		titles[i], clears[i] = actionTitle(&v.Actions[i])
		titleWidth = max(titleWidth, width(titles[i]))
		clearsWidth = max(clearsWidth, width(clears[i]))
	}
	lead := gutter + digits + 2
	titleWidth = min(titleWidth, p.width-lead-2-clearsWidth)
	for i := range v.Actions {
		label := span{padLeft(fmt.Sprint(i+1), gutter+digits) + "  ", p.styles.number}
		style := p.styles.plain
		if v.Actions[i].Urgent > 0 {
			style = p.styles.bold
		}
		lines := wrap(titles[i], titleWidth)
		p.line(label, span{pad(lines[0], titleWidth+2), style}, span{clears[i], p.clearsStyle(&v.Actions[i])})
		for _, more := range lines[1:] {
			p.line(p.indent(lead), span{more, style})
		}
		if detail := v.Actions[i].Detail; detail != "" {
			p.paragraph(lead, p.styles.faint, detail)
		}
	}
}

// actionTitle splits an action's line: the counts stand in a column of their own.
func actionTitle(a *triage.Action) (title, clears string) {
	n := len(a.Clears)
	title = truncate(strings.TrimSuffix(Clean(a.Title), fmt.Sprintf(": clears %d", n)), maxText)
	clears = "clears " + number(n)
	if a.Urgent > 0 {
		clears += " (" + number(a.Urgent) + " urgent)"
	}
	return title, clears
}
