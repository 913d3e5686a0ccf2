package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"

	"plimsoll/internal/rebuild/base"
	"plimsoll/internal/rebuild/bump"
)

// Bump writes what there is to do about bases: the decision, then the candidates,
// then what was not considered.
func Bump(w io.Writer, r *bump.Report, opt Options) error {
	p := newPage(opt)
	for i := range r.Advice {
		if i > 0 {
			p.blank()
			p.blank()
		}
		p.bump(&r.Advice[i], opt)
	}
	return p.flush(w)
}

// BumpJSON writes the same for programs.
func BumpJSON(w io.Writer, r *bump.Report) error {
	out := *r
	out.Advice = orEmpty(slices.Clone(r.Advice))
	for i := range out.Advice {
		a := &out.Advice[i]
		a.NotConsidered, a.Databases = orEmpty(a.NotConsidered), orEmpty(a.Databases)
		a.Candidates = orEmpty(slices.Clone(a.Candidates))
		for j := range a.Candidates {
			c := &a.Candidates[j]
			c.Created = writable(c.Created)
			c.Cleared, c.Added, c.Remaining = orEmpty(c.Cleared), orEmpty(c.Added), orEmpty(c.Remaining)
		}
	}
	return encodeJSON(w, &out)
}

func (p *page) bump(a *bump.Advice, opt Options) {
	p.hanging(span{}, p.bumpStyle(a.Decision), a.Text)
	p.blank()
	label := func(name string) span { return span{pad(name, 13), p.styles.faint} }
	p.hanging(label("subject"), p.styles.bold, a.Subject+"  "+a.Platform)
	if s := a.Stage; s != nil {
		where := fmt.Sprintf("line %d: FROM %s", s.Line, s.From)
		if s.Name != "" {
			where += ", for the stage " + s.Name
		}
		p.hanging(label(""), p.styles.plain, where)
	}
	p.bumpBase(a, label, opt)
	if b := a.Before; b != nil {
		p.hanging(label("as it is"), p.styles.plain, baseStanding(b))
		if a.Replaced > 0 {
			p.hanging(label(""), p.styles.faint, count(a.Replaced, "package")+" of it that the image's own layers replace or remove are not counted, here and below")
		}
	}
	if a.Stage == nil {
		p.hanging(label("application"), p.styles.plain, countsWords(a.Application)+" in the layers above the base, which no bump changes")
	}
	if c := a.Find(a.Recommended); c != nil {
		name, digest, pinned := strings.Cut(c.From, "@")
		if pinned {
			name = "FROM " + name
		} else {
			name = c.Reference
		}
		p.hanging(label("recommended"), p.styles.green, name)
		if pinned {
			// On a line of its own, so that it fits and can be copied whole.
			p.line(p.indent(gutter), span{"@" + digest, p.styles.green})
		}
	}
	if a.Why != "" && a.Decision == bump.Bump {
		p.hanging(label(""), p.styles.plain, a.Why)
	}
	switch {
	case a.Next != "":
		p.hanging(label("after it"), p.styles.plain, a.Next+": "+a.NextWhy)
	case a.NextWhy != "":
		p.hanging(label("after it"), p.styles.plain, a.NextWhy)
	}
	for _, note := range a.Notes {
		p.hanging(label("note"), p.styles.faint, note)
	}
	p.bumpCandidates(a)
	p.bumpLeft(a)
	for i := range a.Skipped {
		s := &a.Skipped[i]
		p.hanging(span{"incomplete: ", p.styles.red}, p.styles.plain, fmt.Sprintf("layer %d: %s", s.Layer, strings.TrimPrefix(s.Path+": "+s.Reason, ": ")))
	}
}

func (p *page) bumpStyle(d bump.Decision) lipgloss.Style {
	switch d {
	case bump.Bump:
		return p.styles.yellow.Bold(true)
	case bump.Stay:
		return p.styles.green.Bold(true)
	}
	return p.styles.red.Bold(true)
}

// bumpBase says which base, how sure that is, and who was asked before.
func (p *page) bumpBase(a *bump.Advice, label func(string) span, opt Options) {
	b := &a.Base
	who := b.Reference
	if b.Digest != "" {
		who = strings.TrimSpace(who + "  " + short(b.Digest))
	}
	if who == "" {
		who = "not named"
	}
	p.hanging(label("base"), p.styles.bold, who)
	p.hanging(label(""), p.styles.plain, fmt.Sprintf("%s (%s): %s", b.Confidence, count(b.Layers, "layer"), b.Reason))
	if b.Confidence == base.Certain && !opt.All {
		return
	}
	for _, t := range b.Tried {
		p.hanging(label(""), p.styles.faint, fmt.Sprintf("asked before, %s: %s", t.Source, t.Outcome))
	}
}

func countsWords(c bump.Counts) string {
	return fmt.Sprintf("%s fixable HIGH/CRITICAL of %s fixable; %s unfixed", number(c.Urgent), number(c.Fixable), number(c.Unfixed))
}

func baseStanding(s *bump.Standing) string {
	parts := []string{countsWords(s.Counts), count(s.Packages, "package"), size(s.Size)}
	parts = append(parts, s.Runtimes...)
	return strings.Join(append(parts, supportWords(s)), ", ")
}

// supportWords is "Debian GNU/Linux 12 (bookworm) until 2028-06-30".
func supportWords(s *bump.Standing) string {
	d := s.Distribution
	if d == nil {
		return "no distribution"
	}
	name := d.PrettyName
	if name == "" {
		name = strings.TrimSpace(d.ID + " " + d.VersionID)
	}
	switch {
	case s.Support.Ends == "":
		return name + ", end not known"
	case !s.Support.Covered:
		return name + ", ended " + s.Support.Ends
	}
	return name + " until " + s.Support.Ends
}

// numbersOf is "40 (44)": of high and critical severity, and of any.
func numbersOf(c bump.Counts) string {
	return fmt.Sprintf("%s (%s)", number(c.Urgent), number(c.Fixable))
}

func (p *page) bumpCandidates(a *bump.Advice) {
	if len(a.Candidates) == 0 {
		return
	}
	heading := "nearest first; fixable HIGH/CRITICAL findings, and in brackets all fixable ones"
	repository := ""
	if at := strings.LastIndexByte(a.Base.Reference, ':'); at > 0 && !strings.Contains(a.Base.Reference[at:], "/") {
		// Tags of the base's repository stand without its name.
		repository = a.Base.Reference[:at]
		heading += "; tags are of " + repository
	}
	p.section("CANDIDATES", heading)
	rows := [][]string{{"", "", "clears", "adds", "remain", "unfixed", "size", "fixes until"}}
	for i := range a.Candidates {
		c := &a.Candidates[i]
		remain := bump.Counts{Urgent: c.Remains.Urgent, Fixable: c.Remains.Fixable}
		change := ""
		if a.Before != nil && a.Before.Size > 0 && a.Before.Size != c.Size {
			change = " " + signed(c.Size-a.Before.Size, size)
		}
		rows = append(rows, []string{
			Clean(tagOf(c.Reference, repository)), c.Distance.String(), numbersOf(c.Clears), numbersOf(c.Adds), numbersOf(remain),
			number(c.Counts.Unfixed), size(c.Size) + change, Clean(supportShort(&c.Standing)),
		})
	}
	widths, total := make([]int, len(rows[0])), 2*gutter
	for _, r := range rows {
		for i, cell := range r {
			widths[i] = max(widths[i], width(cell))
		}
	}
	for _, w := range widths {
		total += w + gutter
	}
	for i, r := range rows {
		if i == 0 {
			if total <= p.width {
				p.bumpRow(nil, r, widths, a)
			}
			continue
		}
		c := &a.Candidates[i-1]
		if total <= p.width {
			p.bumpRow(c, r, widths, a)
		} else {
			p.bumpBlock(c, r, a)
		}
		if len(c.Also) > 0 {
			p.paragraph(3*gutter, p.styles.faint, "also "+strings.Join(c.Also, ", "))
		}
		for _, why := range c.Blocked {
			p.paragraph(3*gutter, p.styles.red, "not to be recommended: "+why)
		}
	}
}

// tagOf leaves out the repository where it is the one given.
func tagOf(reference, repository string) string {
	if tag, ok := strings.CutPrefix(reference, repository+":"); ok && repository != "" {
		return ":" + tag
	}
	return reference
}

// supportShort is the last day, or what there is instead.
func supportShort(s *bump.Standing) string {
	switch {
	case s.Distribution == nil:
		return "no distribution"
	case s.Support.Ends == "":
		return s.Distribution.ID + " " + s.Distribution.VersionID + ", not known"
	case !s.Support.Covered:
		return s.Distribution.ID + " " + s.Distribution.VersionID + ", ended " + s.Support.Ends
	}
	return s.Distribution.ID + " " + s.Distribution.VersionID + ", " + s.Support.Ends
}

func (p *page) bumpMark(c *bump.Candidate, a *bump.Advice) (span, lipgloss.Style) {
	switch {
	case c == nil:
		return p.indent(2 * gutter), p.styles.faint
	case c.Reference == a.Recommended:
		return span{strings.Repeat(" ", gutter) + "▸ ", p.styles.green}, p.styles.green
	case len(c.Blocked) > 0:
		return p.indent(2 * gutter), p.styles.faint
	}
	return p.indent(2 * gutter), p.styles.plain
}

func (p *page) bumpRow(c *bump.Candidate, cells []string, widths []int, a *bump.Advice) {
	mark, style := p.bumpMark(c, a)
	spans := []span{mark}
	for i, cell := range cells {
		text := pad(cell, widths[i])
		if i >= 2 && i < len(cells)-1 {
			text = padLeft(cell, widths[i])
		}
		spans = append(spans, span{text + strings.Repeat(" ", gutter), style})
	}
	p.line(spans...)
}

// bumpBlock writes on several lines what does not fit on one.
func (p *page) bumpBlock(c *bump.Candidate, cells []string, a *bump.Advice) {
	mark, style := p.bumpMark(c, a)
	p.hanging(mark, style, cells[0]+"  "+cells[1])
	p.paragraph(3*gutter, p.styles.plain, fmt.Sprintf("clears %s, adds %s, remain %s, unfixed %s; %s; %s", cells[2], cells[3], cells[4], cells[5], cells[6], cells[7]))
}

func (p *page) bumpLeft(a *bump.Advice) {
	p.section("NOT CONSIDERED", "")
	for _, l := range a.NotConsidered {
		style := p.styles.plain
		if l.Failed {
			style = p.styles.red
		}
		p.hanging(p.indent(gutter), style, l.What+": "+l.Reason)
	}
	p.paragraph(gutter, p.styles.faint, "until when the runtimes themselves (Python, Node.js, …) get fixes: this program does not know")
	if len(a.Databases) > 0 {
		var names []string
		for _, d := range a.Databases {
			names = append(names, d.Name+" of "+d.Built.UTC().Format("2006-01-02"))
		}
		p.paragraph(gutter, p.styles.faint, "all images were judged by "+strings.Join(names, " and "))
	}
}
