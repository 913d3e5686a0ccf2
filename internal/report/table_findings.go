package report

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// calmPackages is how many packages without anything urgent the default view
// lists, a line each.
const calmPackages = 20

// calmRows is how few of their findings are shown in blocks after all.
const calmRows = 8

// columns are the widths of the findings list, the same for all blocks of a verdict.
type columns struct {
	id, fix, holder int
}

// findings lists the packages that something is urgent about, a block each,
// and the others as one line each; with All every package has its block.
func (p *page) findings(v *verdict.Verdict, opt Options) {
	groups, whole := groupFindings(v)
	if len(groups)+len(whole) == 0 {
		return
	}
	p.section("FINDINGS", findingsSummary(v, len(groups)))
	for _, f := range whole {
		p.blank()
		p.imageFinding(f)
	}
	blocks, calm := groups, []*group(nil)
	if !opt.All {
		blocks, calm = splitCalm(groups)
	}
	cols := measure(blocks, v.Reconciliation.Sides)
	for i, g := range blocks {
		p.blank()
		p.block(g, i == 0, cols, v.Reconciliation.Sides, opt)
	}
	p.calm(calm, len(blocks) > 0)
}

// splitCalm parts the groups with a pressing finding from the rest, which is
// not simply behind them: a known exploited one may have no fix yet. A rest of
// a few lines stays in blocks.
func splitCalm(groups []*group) (blocks, calm []*group) {
	rows := 0
	for _, g := range groups {
		if slices.ContainsFunc(g.rows, func(r row) bool { return pressing(r.finding) }) {
			blocks = append(blocks, g)
		} else {
			calm = append(calm, g)
			rows += len(g.rows)
		}
	}
	if rows <= calmRows {
		return append(blocks, calm...), nil
	}
	return blocks, calm
}

// findingsSummary is "118 in 23 packages: 41 rebuild now, 12 fixable below the bar, 65 without a fix".
func findingsSummary(v *verdict.Verdict, groups int) string {
	n := map[triage.Disposition]int{}
	all := 0
	for i := range v.Findings {
		if v.Findings[i].Evidence == nil {
			n[v.Findings[i].Disposition]++
			all++
		}
	}
	var parts []string
	for _, d := range []struct {
		disposition triage.Disposition
		words       string
	}{
		{triage.Rebuild, "rebuild"},
		{triage.Defer, "defer"},
		{triage.Track, "track"},
		{triage.Accepted, "accepted"},
	} {
		if n[d.disposition] > 0 {
			parts = append(parts, number(n[d.disposition])+" "+d.words)
		}
	}
	where := "in " + count(groups, "package")
	if groups == 0 {
		where = "about the image as a whole"
	}
	return fmt.Sprintf("%s %s: %s", number(all), where, strings.Join(parts, ", "))
}

// imageFinding is one about the image as a whole.
func (p *page) imageFinding(f *triage.Finding) {
	label := span{strings.Repeat(" ", gutter) + pad(severityWord(f.Severity), 10), p.severity(f.Severity)}
	text := f.Title
	if text == "" {
		text = f.Vulnerability
	}
	if text == "" {
		text = string(f.Kind)
	}
	p.hanging(label, p.styles.plain, text)
}

// measure finds the widths that every block keeps.
func measure(groups []*group, sides []reconcile.Tally) columns {
	c := columns{id: len("CVE-2024-12345"), fix: len("fixed")}
	for _, g := range groups {
		for i := range g.rows {
			f := g.rows[i].finding
			c.id = max(c.id, width(Clean(f.Vulnerability)))
			c.fix = max(c.fix, len(fixWords(f.Fix.State)))
			c.holder = max(c.holder, width(Clean(holders(g.rows[i].heldBy, sides))))
		}
	}
	c.id = min(c.id, len("GHSA-xxxx-xxxx-xxxx")+1)
	return c
}

// block writes one package with its vulnerabilities.
func (p *page) block(g *group, first bool, cols columns, sides []reconcile.Tally, opt Options) {
	p.groupTitle(g)
	for i := range g.origins {
		p.origin(&g.origins[i], len(g.origins) > 1)
	}
	if first {
		p.findingHeader(cols)
	}
	limit := opt.PerPackage
	if limit <= 0 {
		limit = DefaultPerPackage
	}
	shown, hidden := 0, 0
	for i := range g.rows {
		if !opt.All && !pressing(g.rows[i].finding) && shown >= limit {
			hidden++
			continue
		}
		if !pressing(g.rows[i].finding) {
			shown++
		}
		p.finding(&g.rows[i], cols, sides)
	}
	if hidden > 0 {
		p.line(p.indent(2*gutter), span{fmt.Sprintf("… %s more, none urgent; --all shows them", number(hidden)), p.styles.faint})
	}
}

// groupTitle is "openssl 3.0.14-1~deb12u2 → 3.0.15-1~deb12u1  libssl3, openssl".
func (p *page) groupTitle(g *group) {
	spans := []span{p.indent(gutter), {g.name, p.styles.bold}, {"  " + g.installed, p.styles.plain}}
	if g.fixed != "" {
		spans = append(spans, span{" → ", p.styles.faint}, span{g.fixed, p.styles.green})
	}
	if g.liveness != "" && g.liveness != inventory.Visible {
		spans = append(spans, span{"  " + livenessWords(g.liveness), p.styles.yellow})
	}
	names := strings.Join(g.packages, ", ")
	if names != "" && names != g.name {
		spans = append(spans, span{"  " + names, p.styles.faint})
	}
	p.line(spans...)
}

// origin is "layer 0  ADD file:… in /", with the packages' names where a block
// has several layers.
func (p *page) origin(o *origin, several bool) {
	label := "no layer known"
	if o.layer.Index >= 0 {
		label = fmt.Sprintf("layer %d", o.layer.Index)
	}
	spans := []span{p.indent(gutter), {label, p.styles.number}}
	if several {
		spans = append(spans, span{"  " + truncate(Clean(strings.Join(o.packages, ", ")), p.width/3), p.styles.plain})
	}
	if by := history(o.layer.CreatedBy); by != "" {
		spans = append(spans, span{"  " + by, p.styles.faint})
	}
	p.line(spans...)
}

func (p *page) findingHeader(c columns) {
	text := strings.Join([]string{
		pad("severity", 10), pad("id", c.id), pad("fix", c.fix), padLeft("cvss", 4), padLeft("epss", 6), "kev", "held by",
	}, "  ")
	p.line(p.indent(2*gutter), span{text, p.styles.faint.Italic(true)})
}

// finding writes one row.
func (p *page) finding(r *row, c columns, sides []reconcile.Tally) {
	f := r.finding
	kev, kevStyle := "   ", p.styles.plain
	if f.KEV != nil {
		kev, kevStyle = "KEV", p.styles.red.Bold(true)
	}
	id := f.Vulnerability
	if id == "" {
		id = string(f.Kind)
	}
	p.line(
		p.indent(2*gutter),
		span{pad(severityWord(f.Severity), 10) + "  ", p.severity(f.Severity)},
		span{pad(truncate(Clean(id), c.id), c.id) + "  ", p.styles.plain},
		span{pad(fixWords(f.Fix.State), c.fix) + "  ", p.fixStyle(f.Fix.State)},
		span{padLeft(cvssScore(f.CVSS), 4) + "  ", p.styles.plain},
		span{padLeft(percent(f.EPSS), 6) + "  ", p.epssStyle(f.EPSS)},
		span{kev + "  ", kevStyle},
		span{holders(r.heldBy, sides), p.styles.faint},
	)
}

// calm lists packages that nothing is urgent about, a line each.
func (p *page) calm(groups []*group, after bool) {
	if len(groups) == 0 {
		return
	}
	p.blank()
	if after {
		p.line(p.indent(gutter), span{"nothing urgent in " + count(len(groups), "more package"), p.styles.faint})
	}
	shown := groups[:min(len(groups), calmPackages)]
	name, version, tally := 0, 0, 0
	for _, g := range shown {
		name = max(name, width(Clean(g.name)))
		version = max(version, width(Clean(calmVersion(g))))
		tally = max(tally, len(calmTally(g)))
	}
	name, version = min(name, p.width/3), min(version, p.width/2)
	for _, g := range shown {
		worst := worstOf(g)
		p.line(
			p.indent(gutter),
			span{pad(truncate(Clean(g.name), name), name) + "  ", p.styles.plain},
			span{pad(severityWord(worst), 10) + "  ", p.severity(worst)},
			span{pad(calmTally(g), tally) + "  ", p.styles.plain},
			span{pad(truncate(Clean(calmVersion(g)), version), version), p.styles.faint},
		)
	}
	if hidden := len(groups) - len(shown); hidden > 0 {
		p.line(p.indent(gutter), span{"… " + count(hidden, "more package") + "; --all shows them", p.styles.faint})
		return
	}
	p.line(p.indent(gutter), span{"--all lists their findings one by one", p.styles.faint})
}

func calmVersion(g *group) string {
	text := g.installed
	if g.fixed != "" {
		text += " → " + g.fixed
	}
	if g.liveness != "" && g.liveness != inventory.Visible {
		text += " (" + string(g.liveness) + ")"
	}
	return text
}

func calmTally(g *group) string {
	var parts []string
	for _, c := range []struct {
		n    int
		word string
	}{{g.deferred, "defer"}, {g.tracked, "track"}, {g.accepted, "accepted"}} {
		if c.n > 0 {
			parts = append(parts, number(c.n)+" "+c.word)
		}
	}
	return strings.Join(parts, ", ")
}

func worstOf(g *group) advisory.Severity {
	worst := advisory.Unknown
	for i := range g.rows {
		worst = max(worst, g.rows[i].finding.Severity)
	}
	return worst
}

func (p *page) clearsStyle(a *triage.Action) lipgloss.Style {
	if a.Urgent > 0 {
		return p.styles.plain
	}
	return p.styles.faint
}

func (p *page) fixStyle(s advisory.FixState) lipgloss.Style {
	if s == advisory.Fixed {
		return p.styles.green
	}
	return p.styles.faint
}

// epssStyle lifts what is likely to be exploited: one in ten within 30 days.
func (p *page) epssStyle(e *advisory.EPSS) lipgloss.Style {
	if e != nil && e.Probability >= 0.1 {
		return p.styles.yellow
	}
	return p.styles.plain
}

func severityWord(s advisory.Severity) string {
	if s >= advisory.High {
		return strings.ToUpper(s.String())
	}
	return s.String()
}

// fixWords says a fix state in a word or two.
func fixWords(s advisory.FixState) string {
	switch s {
	case advisory.Fixed:
		return "fixed"
	case advisory.NotFixed:
		return "no fix"
	case advisory.WontFix:
		return "won't fix"
	case advisory.FixDeferred:
		return "deferred"
	case advisory.EndOfLife:
		return "end of life"
	case advisory.NotAffected:
		return "not affected"
	case advisory.UnderReview:
		return "in review"
	}
	return "unknown"
}

// livenessWords says where a package that is not simply visible stands.
func livenessWords(l inventory.Liveness) string {
	switch l {
	case inventory.Ghost:
		return "ghost: its record is gone, its files are not"
	case inventory.Shadowed:
		return "shadowed: overwritten by a later layer"
	case inventory.Deleted:
		return "deleted by a later layer, still in every pull"
	}
	return string(l)
}

func cvssScore(c *advisory.CVSS) string {
	if c == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f", c.Score)
}

// percent writes an EPSS probability: "94.4%", "0.04%". It never rounds up to
// certainty or down to none.
func percent(e *advisory.EPSS) string {
	switch {
	case e == nil:
		return "-"
	case e.Probability > 0.999:
		return ">99.9%"
	case e.Probability > 0 && e.Probability < 0.0001:
		return "<0.01%"
	case e.Probability < 0.0095:
		return fmt.Sprintf("%.2f%%", e.Probability*100)
	}
	return fmt.Sprintf("%.1f%%", e.Probability*100)
}
