package report

import (
	"fmt"
	"strings"

	"plimsoll/internal/reconcile"
	"plimsoll/internal/verdict"
)

// examples is how many records the scan's table shows for each cause.
const examples = 2

// opinions shows where the databases differ and why: counts side by side, then
// each cause with an example or two.
func (p *page) opinions(v *verdict.Verdict, opt Options) {
	rec := &v.Reconciliation
	if len(rec.Sides) == 0 {
		return
	}
	p.section("OPINIONS", agreement(rec))
	if len(rec.Records) == 0 {
		return
	}
	p.sides(rec)
	if rec.Differing == 0 && len(rec.ByCause) == 0 {
		return
	}
	limit := examples
	if opt.All {
		limit = len(rec.Records)
	}
	p.blank()
	p.causes(v, limit)
	p.line(p.indent(gutter), span{"plimsoll reconcile " + shellWord(v.Image.Reference) + " shows every record", p.styles.faint})
}

// agreement is "112 agreed, 47 differ".
func agreement(rec *reconcile.Reconciliation) string {
	if rec.Agreed+rec.Differing == 0 {
		return "no database holds anything against this image"
	}
	if len(rec.Sides) == 1 {
		return count(rec.Agreed+rec.Differing, "record") + ", one database: one opinion"
	}
	return fmt.Sprintf("%s agreed, %s differ", number(rec.Agreed), number(rec.Differing))
}

// sides counts each database's opinion in a row of its own.
func (p *page) sides(rec *reconcile.Reconciliation) {
	head := []string{"", "records", "only here", "fixable", "high/critical", "unfixed", "built"}
	rows := [][]string{head}
	for i := range rec.Sides {
		s := &rec.Sides[i]
		rows = append(rows, []string{
			s.Database.Name, number(s.Records), number(s.Only),
			number(sum(s.Fixable)), number(s.Fixable["high"] + s.Fixable["critical"]), number(sum(s.Unfixed)),
			date(s.Database.Built),
		})
	}
	p.grid(rows)
}

// grid writes rows in columns, the first column to the left and the others to
// the right; the first row is the heading.
func (p *page) grid(rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			widths[i] = max(widths[i], width(Clean(cell)))
		}
	}
	for n, r := range rows {
		spans := []span{p.indent(gutter)}
		for i, cell := range r {
			style := p.styles.plain
			if n == 0 {
				style = p.styles.faint.Italic(true)
			}
			if i == 0 {
				spans = append(spans, span{pad(Clean(cell), widths[i]), style})
				continue
			}
			spans = append(spans, span{"  " + padLeft(Clean(cell), widths[i]), style})
		}
		p.line(spans...)
	}
}

// causes lists each cause with its count, its meaning and up to limit records,
// the worst first.
func (p *page) causes(v *verdict.Verdict, limit int) {
	byCause := map[reconcile.Cause][]compared{}
	if limit > 0 {
		for _, c := range differingRecords(v) {
			for _, d := range c.record.Differences {
				byCause[d.Cause] = append(byCause[d.Cause], c)
			}
		}
	}
	digits := 0
	for _, n := range v.Reconciliation.ByCause {
		digits = max(digits, len(number(n)))
	}
	lead := strings.Repeat(" ", gutter+digits+2)
	for _, c := range reconcile.Causes() {
		n := v.Reconciliation.ByCause[c.Cause]
		if n == 0 {
			continue
		}
		label := span{strings.Repeat(" ", gutter) + padLeft(number(n), digits) + "  ", p.styles.number}
		p.hanging(label, p.styles.plain, c.Meaning)
		for _, example := range byCause[c.Cause][:min(len(byCause[c.Cause]), limit)] {
			p.hanging(span{lead + "· ", p.styles.faint}, p.styles.faint, exampleLine(&example, c.Cause))
		}
	}
}

// exampleLine is "CVE-2024-2961 glibc: trivy-db: high (redhat), grype-db: unknown".
func exampleLine(c *compared, cause reconcile.Cause) string {
	for _, d := range c.record.Differences {
		if d.Cause == cause {
			return c.record.ID + " " + c.name + ": " + d.Detail
		}
	}
	return c.record.ID + " " + c.name
}

func sum(counts map[string]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

// shellWord quotes a word where a shell would take it apart.
func shellWord(s string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@+=,%", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
