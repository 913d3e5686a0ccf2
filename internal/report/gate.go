package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/gate"
)

// How much the default view of a gate shows of each reason.
const (
	gateActionsShown = 3
	gateMatchesShown = 10
)

// gateLabel is the width of the severity column.
const gateLabel = 10

// Gate writes what a gate decided: the decision, each reason in one line with
// the actions that would clear it beneath, and then what did not decide.
// opt.All lists everything that each rule met.
func Gate(w io.Writer, r *gate.Report, opt Options) error {
	p := newPage(opt)
	for i := range r.Results {
		if i > 0 {
			p.blank()
			p.blank()
		}
		p.gateResult(&r.Results[i], opt)
	}
	return p.flush(w)
}

// GateJSON writes the report for another program.
func GateJSON(w io.Writer, r *gate.Report) error {
	out := *r
	out.Results = orEmpty(slices.Clone(r.Results))
	for i := range out.Results {
		res := &out.Results[i]
		res.Image.Databases = orEmpty(res.Image.Databases)
		res.Reasons, res.Warnings = completeReasons(res.Reasons), completeReasons(res.Warnings)
		res.Tracked = orEmptyMap(res.Tracked)
		res.Accepted, res.Expired = completeAccepted(res.Accepted), completeAccepted(res.Expired)
		res.Unused, res.NotAsked, res.Problems = orEmpty(res.Unused), orEmpty(res.NotAsked), orEmpty(res.Problems)
	}
	return encodeJSON(w, &out)
}

func completeReasons(list []gate.Reason) []gate.Reason {
	list = orEmpty(slices.Clone(list))
	for i := range list {
		list[i].Matches, list[i].Actions = orEmpty(list[i].Matches), orEmpty(list[i].Actions)
	}
	return list
}

func completeAccepted(list []gate.Accepted) []gate.Accepted {
	list = orEmpty(slices.Clone(list))
	for i := range list {
		list[i].Matches = orEmpty(list[i].Matches)
	}
	return list
}

// GateHeadline is the result in one line: "GATE FAILED: 3 reasons".
func GateHeadline(r *gate.Result) string {
	switch r.Decision {
	case gate.Failed:
		text := "GATE FAILED: " + count(len(r.Reasons), "reason")
		if len(r.Problems) > 0 {
			text += "; and not everything could be examined"
		}
		return text
	case gate.Undecided:
		return "GATE UNDECIDED: " + r.Problems[0]
	}
	text := "GATE PASSED"
	var notes []string
	if n := len(r.Warnings); n > 0 {
		notes = append(notes, count(n, "warning"))
	}
	if n := total(r.Tracked); n > 0 {
		notes = append(notes, number(n)+" without a fix to watch")
	}
	if len(notes) > 0 {
		text += ": " + strings.Join(notes, "; ")
	}
	return text
}

func total(counts map[string]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

func (p *page) gateResult(r *gate.Result, opt Options) {
	style := p.styles.green
	switch r.Decision {
	case gate.Failed:
		style = p.styles.red
	case gate.Undecided:
		style = p.styles.yellow
	}
	p.paragraph(0, style.Bold(true), GateHeadline(r))
	parts := []string{r.Image.Reference, r.Image.Platform, r.Image.Digest}
	if r.Image.Dockerfile != "" {
		parts = append(parts, "with "+r.Image.Dockerfile)
	}
	named := fmt.Sprintf("policy %s (%s)", r.Policy.Name, count(r.Policy.Rules, "rule"))
	if r.Policy.Opinion != "either" {
		named += ", opinion " + string(r.Policy.Opinion)
	}
	parts = append(parts, named)
	for i := range r.Image.Databases {
		db := &r.Image.Databases[i]
		parts = append(parts, db.Name+" of "+db.Built.UTC().Format(time.DateOnly))
	}
	p.list(p.styles.faint, parts...)
	for i := range r.Reasons {
		p.reason(&r.Reasons[i], opt)
	}
	if len(r.Warnings) > 0 {
		p.section("WARNINGS", "these fail no build")
		for i := range r.Warnings {
			p.reason(&r.Warnings[i], opt)
		}
	}
	p.gateNotes(r, opt)
}

// reason is one line, then what would clear it.
func (p *page) reason(r *gate.Reason, opt Options) {
	p.blank()
	// A rule's name is short; what it met may be anything.
	label := span{pad(strings.ToUpper(r.Severity.String()), gateLabel), p.severity(r.Severity)}
	p.hanging(label, p.styles.bold, fmt.Sprintf("%s: %s [%s]", r.Text, reasonCount(r), r.Rule))
	if opt.All {
		for i := range r.Matches {
			p.paragraph(gateLabel, p.styles.plain, "- "+matchText(&r.Matches[i]))
		}
	}
	shown := r.Actions
	if !opt.All && len(shown) > gateActionsShown+1 {
		shown = shown[:gateActionsShown]
	}
	for _, c := range shown {
		text := c.Title
		if r.Count > 1 {
			text += ": clears " + number(c.Clears)
		}
		p.hanging(span{strings.Repeat(" ", gateLabel) + "→ ", p.styles.green}, p.styles.plain, text)
	}
	if n := len(r.Actions) - len(shown); n > 0 {
		cleared := 0
		for _, c := range r.Actions[len(shown):] {
			cleared += c.Clears
		}
		p.paragraph(gateLabel+2, p.styles.faint, fmt.Sprintf("and %s more actions that clear %s (--all lists them)", number(n), number(cleared)))
	}
	if r.Without > 0 {
		p.paragraph(gateLabel+2, p.styles.faint, fmt.Sprintf("no action is known for %s", number(r.Without)))
	}
}

func reasonCount(r *gate.Reason) string {
	if r.Count == 0 {
		return "met nothing"
	}
	first := matchText(&r.Matches[0])
	if r.Count == 1 {
		return first
	}
	return fmt.Sprintf("%s, first %s", number(r.Count), first)
}

func matchText(m *gate.Match) string {
	if m.Detail != "" {
		return m.Text + " (" + m.Detail + ")"
	}
	return m.Text
}

// gateNotes says what did not decide.
func (p *page) gateNotes(r *gate.Result, opt Options) {
	p.blank()
	note := func(label, text string) {
		p.hanging(span{pad(label, gateLabel), p.styles.faint}, p.styles.faint, text)
	}
	for i, problem := range r.Problems {
		if i == 0 && r.Decision == gate.Undecided {
			continue // the headline says it
		}
		p.hanging(span{pad("problem", gateLabel), p.styles.yellow}, p.styles.plain, problem)
	}
	if n := total(r.Tracked); n > 0 {
		note("tracked", fmt.Sprintf("%s without a fix (%s): they fail no build", count(n, "vulnerability"), severityCounts(r.Tracked)))
	}
	if b := r.Baseline; b != nil {
		note("baseline", baselineText(b))
	}
	if len(r.Accepted) > 0 {
		n := 0
		for i := range r.Accepted {
			n += len(r.Accepted[i].Matches)
		}
		note("accepted", fmt.Sprintf("%s by %s", count(n, "finding"), count(len(r.Accepted), "exception")))
		for i := range r.Accepted {
			if !opt.All && i == gateMatchesShown {
				p.paragraph(gateLabel, p.styles.faint, fmt.Sprintf("and %s more (--all lists them)", number(len(r.Accepted)-i)))
				break
			}
			a := &r.Accepted[i]
			text := fmt.Sprintf("%s: %s, %s", a.ID, a.By, a.Reason)
			if a.Until != "" {
				text += ", until " + a.Until
			}
			if len(a.Matches) > 0 {
				text += ": " + a.Matches[0].Text
			}
			if more := len(a.Matches) - 1; more > 0 {
				text += fmt.Sprintf(" and %s more", number(more))
			}
			p.paragraph(gateLabel, p.styles.faint, text)
		}
	}
	for i := range r.Unused {
		a := &r.Unused[i]
		note("unused", strings.TrimSuffix(fmt.Sprintf("the exception %s of %s meets nothing: %s", a.ID, a.By, a.About), ": "))
	}
	if r.Lifted > 0 {
		note("lifted", count(r.Lifted, "finding")+" of the Dockerfile by its own comments")
	}
	byWhy := map[string][]string{}
	for _, n := range r.NotAsked {
		byWhy[n.Why] = append(byWhy[n.Why], n.Rule)
	}
	for _, why := range slices.Sorted(maps.Keys(byWhy)) {
		note("not asked", strings.Join(byWhy[why], ", ")+": "+why)
	}
}

func baselineText(b *gate.BaselineUse) string {
	text := b.From
	if b.Created != "" {
		text += " of " + b.Created
	}
	text += fmt.Sprintf(" knows %s and hides %s", count(b.Entries, "thing"), number(total(b.Hidden)))
	if b.Worse > 0 {
		text += fmt.Sprintf("; worse since, and not hidden: %s", number(b.Worse))
	}
	if b.Gone > 0 {
		text += fmt.Sprintf("; gone since: %s (--write-baseline keeps the ground won)", number(b.Gone))
	}
	return text
}
