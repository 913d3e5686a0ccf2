package report

import (
	"bytes"
	"io"
	"strings"

	"charm.land/lipgloss/v2"

	"plimsoll/internal/advisory"
	"plimsoll/internal/verdict"
)

const (
	minWidth = 40
	// maxWidth keeps lines readable on very wide terminals.
	maxWidth = 140
	// maxText is the most columns that one field takes, over all its lines.
	maxText = 8000
	// gutter is how far the lists stand in from their headings.
	gutter = 2
)

// span is a piece of a line in one style.
type span struct {
	text  string
	style lipgloss.Style
}

// page collects lines for a terminal. Every text passes through line, which
// cleans it: nothing else writes.
type page struct {
	buf    bytes.Buffer
	width  int
	color  bool
	styles styles
}

// styles are the few that the views use; all are of the terminal's own sixteen
// colours, so that they suit its background.
type styles struct {
	plain, bold, faint, title, number lipgloss.Style
	red, yellow, green, blue          lipgloss.Style
}

func newPage(opt Options) *page {
	w := opt.Width
	if w <= 0 {
		w = DefaultWidth
	}
	plain := lipgloss.NewStyle()
	return &page{
		width: min(max(w, minWidth), maxWidth),
		color: opt.Color,
		styles: styles{
			plain:  plain,
			bold:   plain.Bold(true),
			faint:  plain.Faint(true),
			title:  plain.Bold(true),
			number: plain.Foreground(lipgloss.Cyan),
			red:    plain.Foreground(lipgloss.Red),
			yellow: plain.Foreground(lipgloss.Yellow),
			green:  plain.Foreground(lipgloss.Green),
			blue:   plain.Foreground(lipgloss.Blue),
		},
	}
}

// flush writes the page.
func (p *page) flush(w io.Writer) error {
	_, err := w.Write(p.buf.Bytes())
	return err
}

// line writes one line, cut at the page's width.
func (p *page) line(spans ...span) {
	left, clean := p.width, make([]span, 0, len(spans))
	for _, s := range spans {
		text := Clean(s.text)
		if w := width(text); w > left {
			s.text = truncate(text, left)
			clean = append(clean, s)
			break
		} else {
			left -= w
		}
		s.text = text
		clean = append(clean, s)
	}
	p.emit(clean)
}

// emit writes clean spans.
func (p *page) emit(spans []span) {
	disarm(spans)
	for last := len(spans) - 1; last >= 0; last-- {
		if spans[last].text = strings.TrimRight(spans[last].text, " "); spans[last].text != "" {
			break
		}
	}
	for _, s := range spans {
		p.buf.WriteString(p.render(s))
	}
	p.buf.WriteByte('\n')
}

// disarm changes what a CI system's log would obey: a "::" at the start of the
// line (GitHub Actions) loses its first colon to a backslash, and "##[" or
// "##vso[" anywhere (GitHub Actions, Azure Pipelines) its second sharp. The
// line keeps its length.
func disarm(spans []span) {
	var whole strings.Builder
	for _, s := range spans {
		whole.WriteString(s.text)
	}
	if !workflowCommand(whole.String()) {
		return
	}
	line := []byte(whole.String())
	if at := len(line) - len(bytes.TrimLeft(line, " ")); bytes.HasPrefix(line[at:], []byte("::")) {
		line[at] = '\\'
	}
	for _, mark := range []string{"##[", "##vso["} {
		for at := bytes.Index(line, []byte(mark)); at >= 0; at = bytes.Index(line, []byte(mark)) {
			line[at+1] = '\\'
		}
	}
	for i := range spans {
		n := len(spans[i].text)
		spans[i].text, line = string(line[:n]), line[n:]
	}
}

// workflowCommand reports whether a CI system would take the line for a command.
func workflowCommand(line string) bool {
	return strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") || strings.Contains(line, "##vso[")
}

func (p *page) render(s span) string {
	if !p.color || strings.TrimSpace(s.text) == "" {
		return s.text
	}
	return s.style.Render(s.text)
}

// blank writes an empty line.
func (p *page) blank() { p.buf.WriteByte('\n') }

// paragraph writes text wrapped at the page's width, each line indented.
func (p *page) paragraph(indent int, style lipgloss.Style, text string) {
	p.hanging(span{strings.Repeat(" ", indent), p.styles.plain}, style, text)
}

// hanging writes text wrapped beside a label; the lines after the first stand
// under the first one's text.
// Both are bounded: an image or a database may hold megabytes in one field.
func (p *page) hanging(label span, style lipgloss.Style, text string) {
	label.text = truncate(Clean(label.text), p.width/2)
	indent := width(label.text)
	for i, part := range wrap(truncate(Clean(text), maxText), p.width-indent) {
		if i > 0 {
			label.text = strings.Repeat(" ", indent)
		}
		p.line(label, span{part, style})
	}
}

// list writes parts with dots between them, broken only between parts where
// that is possible.
func (p *page) list(style lipgloss.Style, parts ...string) {
	kept := parts[:0:0]
	for _, part := range parts {
		if part = truncate(Clean(part), maxText); part != "" {
			kept = append(kept, part)
		}
	}
	for _, line := range fill(kept, " · ", p.width) {
		p.line(span{line, style})
	}
}

// section writes a heading with what it sums up beside it.
func (p *page) section(title, summary string) {
	p.blank()
	if summary == "" {
		p.line(span{title, p.styles.title})
		return
	}
	p.hanging(span{title + "  ", p.styles.title}, p.styles.faint, summary)
}

// indent is a span of spaces.
func (p *page) indent(n int) span { return span{strings.Repeat(" ", n), p.styles.plain} }

// decision gives the headline its colour.
func (p *page) decision(d verdict.Decision) lipgloss.Style {
	switch d {
	case verdict.RebuildNow, verdict.DoNotRun:
		return p.styles.red.Bold(true)
	case verdict.RebuildSoon, verdict.Incomplete:
		return p.styles.yellow.Bold(true)
	case verdict.TrackOnly, verdict.NoneKnown:
		return p.styles.blue.Bold(true)
	case verdict.NothingFound:
		return p.styles.green.Bold(true)
	}
	return p.styles.bold
}

// severity gives a severity word its colour.
func (p *page) severity(s advisory.Severity) lipgloss.Style {
	switch s {
	case advisory.Critical:
		return p.styles.red.Bold(true)
	case advisory.High:
		return p.styles.red
	case advisory.Medium:
		return p.styles.yellow
	case advisory.Negligible, advisory.Unknown:
		return p.styles.faint
	}
	return p.styles.plain
}
