package report

import (
	"fmt"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/verdict"
)

// minColumn is the least that each database gets, however many there are.
const minColumn = 20

// sideBySide writes the databases' matches in columns.
func (p *page) sideBySide(o *verdict.Occurrence, databases []advisory.Info) {
	if len(databases) == 0 {
		return
	}
	column := max((p.width-2*gutter-labelWidth)/len(databases), minColumn)
	head, matches := make([]string, len(databases)), make([]*advisory.Match, len(databases))
	for i := range databases {
		head[i] = databases[i].Name
		matches[i] = heldBy(&o.Record, databases[i].Name)
	}
	p.columns("", head, column, true)
	for _, field := range matchFields() {
		cells, any := make([]string, len(matches)), false
		for i, m := range matches {
			if m != nil {
				cells[i] = field.say(m)
				any = any || cells[i] != ""
			}
		}
		if field.label == "listed as" {
			for i, m := range matches {
				if m == nil {
					cells[i] = "does not hold it"
				}
			}
		}
		if any {
			p.columns(field.label, cells, column, false)
		}
	}
}

// matchField is one line of the comparison.
type matchField struct {
	label string
	say   func(*advisory.Match) string
}

func matchFields() []matchField {
	return []matchField{
		{"listed as", func(m *advisory.Match) string { return m.ID }},
		{"aliases", func(m *advisory.Match) string { return strings.Join(m.Aliases, ", ") }},
		{"by", func(m *advisory.Match) string { return m.Provider }},
		{"severity", func(m *advisory.Match) string { return from(m.Severity.String(), m.SeverityFrom) }},
		{"fix state", func(m *advisory.Match) string { return fixWords(m.State) }},
		{"fixed in", func(m *advisory.Match) string { return strings.Join(m.FixedIn, ", ") }},
		{"fixed on", func(m *advisory.Match) string { return m.FixedOn }},
		{"looked up", func(m *advisory.Match) string {
			if m.By == "" {
				return m.MatchedName
			}
			return string(m.By) + " " + m.MatchedName
		}},
		{"version", func(m *advisory.Match) string { return m.MatchedVersion }},
		{"affected", func(m *advisory.Match) string { return m.Affected }},
		{"cvss", func(m *advisory.Match) string {
			scores := make([]string, len(m.CVSS))
			for i, c := range m.CVSS {
				scores[i] = fmt.Sprintf("%.1f (%s %s)", c.Score, c.Source, c.Version)
			}
			return strings.Join(scores, ", ")
		}},
	}
}

func from(what, who string) string {
	if who == "" {
		return what
	}
	return what + " (" + who + ")"
}

// columns writes a label and cells beside one another, each wrapped in its column.
func (p *page) columns(label string, cells []string, column int, heading bool) {
	wrapped := make([][]string, len(cells))
	lines := 1
	for i, c := range cells {
		wrapped[i] = wrap(truncate(Clean(c), maxText), column-2)
		lines = max(lines, len(wrapped[i]))
	}
	for n := range lines {
		if n > 0 {
			label = ""
		}
		spans := []span{p.indent(2 * gutter), {pad(label, labelWidth), p.styles.faint}}
		for i := range cells {
			text, style := "", p.styles.plain
			if n < len(wrapped[i]) {
				text = wrapped[i][n]
			}
			if heading {
				style = p.styles.bold
			}
			spans = append(spans, span{pad(text, column), style})
		}
		p.line(spans...)
	}
}
