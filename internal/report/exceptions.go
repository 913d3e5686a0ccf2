package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// Exceptions writes for each image what each exception accepts, which have ended
// and which meet nothing.
func Exceptions(w io.Writer, r *verdict.Report, opt Options) error {
	p := newPage(opt)
	for i := range r.Verdicts {
		if i > 0 {
			p.blank()
		}
		p.exceptions(&r.Verdicts[i], opt)
	}
	return p.flush(w)
}

// ExceptionsJSON writes for each image what exceptions did, with what each accepts.
func ExceptionsJSON(w io.Writer, r *verdict.Report) error {
	type accepted struct {
		triage.Acceptance
		Accepts []string `json:"accepts"`
	}
	type image struct {
		Reference string              `json:"reference"`
		Platform  string              `json:"platform"`
		Digest    string              `json:"digest,omitempty"`
		Accepted  []accepted          `json:"accepted"`
		Expired   []triage.Acceptance `json:"expired"`
		Unused    []triage.Acceptance `json:"unused"`
	}
	out := struct {
		SchemaVersion int     `json:"schemaVersion"`
		Images        []image `json:"images"`
	}{1, []image{}}
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		x := image{Reference: v.Image.Reference, Platform: v.Image.Platform, Digest: cmp.Or(v.Image.Digest, v.Image.ConfigDigest), Accepted: []accepted{}}
		for _, a := range acceptancesOf(v) {
			x.Accepted = append(x.Accepted, accepted{a.Acceptance, a.things})
		}
		if use := v.Coverage.Exceptions; use != nil {
			x.Expired, x.Unused = orEmpty(use.Expired), orEmpty(use.Unused)
		}
		out.Images = append(out.Images, x)
	}
	return encodeJSON(w, out)
}

// exceptionsShown is how many things of one exception the default view lists.
const exceptionsShown = 10

func (p *page) exceptions(v *verdict.Verdict, opt Options) {
	use := v.Coverage.Exceptions
	if use == nil {
		return
	}
	style, ended := p.styles.green.Bold(true), ""
	if n := len(use.Expired); n > 0 {
		style, ended = p.styles.red.Bold(true), fmt.Sprintf("; %s ended", count(n, "exception"))
	}
	p.line(span{Clean(v.Image.Reference) + "  ", p.styles.title}, span{fmt.Sprintf("%s accepted%s; %s unused", count(use.Accepted, "finding"), ended, number(len(use.Unused))), style})
	entry := func(a *triage.Acceptance, words string, things []string) {
		p.blank()
		p.hanging(span{pad(words, gateLabel), p.styles.bold}, p.styles.plain, a.ID+"  "+a.About)
		line := a.By + ": " + a.Reason
		if a.Until != "" {
			line += ", until " + a.Until
		}
		p.paragraph(gateLabel, p.styles.faint, line)
		for i, thing := range things {
			if i == exceptionsShown && !opt.All {
				p.paragraph(gateLabel, p.styles.faint, fmt.Sprintf("and %s more (--all lists them)", number(len(things)-i)))
				break
			}
			p.paragraph(gateLabel, p.styles.plain, thing)
		}
	}
	for _, a := range acceptancesOf(v) {
		entry(&a.Acceptance, "accepts", a.things)
	}
	for i := range use.Expired {
		entry(&use.Expired[i], "ended", nil)
	}
	for i := range use.Unused {
		words := "unused"
		if use.Unused[i].Expired {
			words = "ended"
		}
		entry(&use.Unused[i], words, nil)
	}
}

// acceptance is one exception with what it accepts, in words.
type acceptance struct {
	triage.Acceptance
	things []string
}

// acceptancesOf gathers what is accepted, by exception.
func acceptancesOf(v *verdict.Verdict) []acceptance {
	var list []acceptance
	at := map[string]int{}
	add := func(a *triage.Acceptance, thing string) {
		n, known := at[a.ID]
		if !known {
			n = len(list)
			at[a.ID] = n
			list = append(list, acceptance{Acceptance: *a})
		}
		list[n].things = append(list[n].things, thing)
	}
	for i := range v.Findings {
		if f := &v.Findings[i]; f.Acceptance != nil {
			thing := strings.TrimSpace(f.Vulnerability + " in " + f.Package + " " + f.Version)
			if f.Vulnerability == "" {
				thing = strings.TrimPrefix(f.Path+": "+f.Title, ": ")
			}
			add(f.Acceptance, thing)
		}
	}
	for i := range v.Hygiene {
		if h := &v.Hygiene[i]; h.Acceptance != nil {
			add(h.Acceptance, h.Where+": "+cmp.Or(h.Message, h.Title))
		}
	}
	slices.SortStableFunc(list, func(a, b acceptance) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// accepted lists who accepts what, so that nothing is hidden that a verdict
// doesn't count.
func (p *page) accepted(v *verdict.Verdict, opt Options) {
	use := v.Coverage.Exceptions
	if use == nil || use.Accepted == 0 {
		return
	}
	list := acceptancesOf(v)
	p.section("ACCEPTED", fmt.Sprintf("%s by %s", count(use.Accepted, "finding"), count(len(list), "exception")))
	for i := range list {
		if i == gateMatchesShown && !opt.All {
			p.paragraph(gutter, p.styles.faint, fmt.Sprintf("and %s more (--all lists them)", number(len(list)-i)))
			break
		}
		a := &list[i]
		text := a.things[0]
		if more := len(a.things) - 1; more > 0 {
			text += fmt.Sprintf(" and %s more", number(more))
		}
		p.hanging(span{strings.Repeat(" ", gutter), p.styles.faint}, p.styles.plain, text)
		why := a.By + ": " + a.Reason
		if a.Until != "" {
			why += ", until " + a.Until
		}
		p.paragraph(2*gutter, p.styles.faint, why+"  ("+a.ID+")")
	}
}

// exceptionCoverage says which exceptions were asked, and which nothing met.
func exceptionCoverage(c *verdict.Coverage, opt Options, entry func(label, text string)) {
	use := c.Exceptions
	if use == nil {
		return
	}
	entry("exceptions", fmt.Sprintf("%s accepted by those of %s; %s ended and still meet something, %s unused",
		count(use.Accepted, "finding"), strings.Join(use.From, ", "), number(len(use.Expired)), number(len(use.Unused))))
	for i := range use.Unused {
		a := &use.Unused[i]
		if i == exceptionsShown && !opt.All {
			entry("", fmt.Sprintf("and %s more unused (--all lists them)", number(len(use.Unused)-i)))
			break
		}
		entry("", fmt.Sprintf("unused: %s of %s (%s)", a.ID, a.By, a.About))
	}
}
