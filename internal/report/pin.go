package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"plimsoll/internal/rebuild/pin"
)

// Pin writes how the references of files stand. wrote says whether new ones were
// written; now tells ages.
func Pin(w io.Writer, r *pin.Report, wrote bool, now time.Time, opt Options) error {
	p := newPage(opt)
	for i := range r.Files {
		f := &r.Files[i]
		if i > 0 {
			p.blank()
		}
		if f.Error != "" {
			p.hanging(span{f.Name, p.styles.title}, p.styles.red, ": "+strings.TrimPrefix(f.Error, f.Name+": "))
			continue
		}
		p.line(span{f.Name + "  ", p.styles.title}, span{pinCounts(f, wrote), p.styles.faint})
		for j := range f.Entries {
			p.pinEntry(&f.Entries[j], wrote, now)
		}
	}
	return p.flush(w)
}

// PinJSON writes the report for another program.
func PinJSON(w io.Writer, r *pin.Report) error { return encodeJSON(w, r) }

func pinCounts(f *pin.File, wrote bool) string {
	if len(f.Entries) == 0 {
		return "no reference to an image"
	}
	counts, pinned := map[pin.Status]int{}, 0
	for i := range f.Entries {
		e := &f.Entries[i]
		if wrote && e.New != "" {
			pinned++
			continue
		}
		counts[e.Status]++
	}
	var parts []string
	if pinned > 0 {
		parts = append(parts, fmt.Sprintf("%d pinned now", pinned))
	}
	for _, s := range []pin.Status{pin.Unpinned, pin.Moved, pin.Current, pin.DigestOnly, pin.Skipped, pin.Failed} {
		if n := counts[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return strings.Join(parts, ", ")
}

func (p *page) pinEntry(e *pin.Entry, wrote bool, now time.Time) {
	const label = 12
	word, style := string(e.Status), p.pinStyle(e.Status)
	if wrote && e.New != "" {
		word, style = "pinned", p.styles.green
	}
	p.blank()
	ref, _, _ := strings.Cut(e.Image, "@")
	p.line(span{pad(word, label), style}, span{ref, p.styles.bold}, span{fmt.Sprintf("  line %d, %s", e.Line, e.Where), p.styles.faint})
	if e.Held != "" {
		p.paragraph(label, p.styles.plain, "holds "+e.Held+age(e.HeldCreated, now))
	}
	if e.Today != "" && e.Today != e.Held {
		p.paragraph(label, p.styles.plain, "today "+e.Today+age(e.TodayCreated, now))
	}
	if e.Skipped != "" {
		p.paragraph(label, p.styles.faint, e.Skipped)
	}
	if e.Error != "" {
		p.paragraph(label, p.styles.red, e.Error)
	}
	if e.Status == pin.Moved && e.New == "" {
		p.paragraph(label, p.styles.faint, "--update moves it")
	}
}

func (p *page) pinStyle(s pin.Status) lipgloss.Style {
	switch s {
	case pin.Current:
		return p.styles.green
	case pin.Unpinned, pin.Moved:
		return p.styles.yellow
	case pin.Failed:
		return p.styles.red
	}
	return p.styles.faint
}

// age is ", built 41 days ago"; empty where the time is not known or makes no sense.
func age(built, now time.Time) string {
	days := int(now.Sub(built).Hours() / 24)
	switch {
	case built.Year() < 2013 || days < 0: // before Docker, or after today
		return ""
	case days == 0:
		return ", built today"
	}
	if days == 1 {
		return ", built yesterday"
	}
	return ", built " + number(days) + " days ago"
}
