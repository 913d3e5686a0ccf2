package report

import (
	"bytes"
	"fmt"
	"strings"
)

// markdown collects a document in GitHub's Markdown (GitHub Flavored Markdown
// spec, 0.29). Foreign text passes through md alone, which leaves none of it
// anything to do: no markup, no HTML, no link, no mention, no line of its own.
type markdown struct{ buf bytes.Buffer }

// maxCell bounds one piece of foreign text.
const maxCell = 300

// md makes foreign text plain text of Markdown. What Markdown, HTML or GitHub
// would obey is written as a character reference (GFM, 6.2), which stands for
// itself wherever it is: in a table's cell, too, where a backslash would not keep
// a bar. It also breaks up what becomes a link, a formula, an emoji, or a mention
// of a person or an issue.
func md(text string) string {
	text = truncate(strings.Join(strings.Fields(Clean(text)), " "), maxCell)
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		obeyed := false
		switch c {
		case '\\', '`', '*', '_', '[', ']', '<', '>', '#', '|', '~', '&', '@', '$':
			obeyed = true
		case ':': // "https://…", ":emoji:"; not what a colon ends
			obeyed = i+1 < len(text) && text[i+1] != ' '
		case '-', '+', '=', ')': // a list, a line under a heading; "GH-12"
			next := strings.TrimLeft(text[i+1:], "0123456789")
			obeyed = leads(text, i) && (next == text[i+1:]) || endsWith(text[:i], "gh")
		case '.': // "1.", "www.…"
			obeyed = i > 0 && leads(text, i) && (i+1 == len(text) || text[i+1] == ' ') || endsWith(text[:i], "www")
		}
		if obeyed {
			fmt.Fprintf(&b, "&#%d;", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func endsWith(text, end string) bool {
	return len(text) >= len(end) && strings.EqualFold(text[len(text)-len(end):], end)
}

// leads reports whether only digits stand before a character: "- " and "1. "
// begin a list.
func leads(text string, at int) bool {
	return strings.Trim(text[:at], "0123456789-+= ") == ""
}

// line writes one line that is markup of our own, with foreign text in it where
// it went through md.
func (m *markdown) line(format string, args ...any) {
	fmt.Fprintf(&m.buf, format+"\n", args...)
}

// table writes a table; every cell is foreign text. align is the delimiter row.
func (m *markdown) table(heading, align []string, rows [][]string) {
	write := func(cells []string) {
		out := make([]string, len(cells))
		for i, c := range cells {
			out[i] = md(c)
		}
		m.line("| %s |", strings.Join(out, " | "))
	}
	write(heading)
	m.line("| %s |", strings.Join(align, " | "))
	for _, r := range rows {
		write(r)
	}
	m.line("")
}
