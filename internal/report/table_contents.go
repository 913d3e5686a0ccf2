package report

import (
	"fmt"
	"io"
	"strings"

	"plimsoll/internal/account"
	"plimsoll/internal/inventory"
	"plimsoll/internal/secret"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

const (
	// contentsShown is how many findings of one kind the default view lists, and
	// openShown how many executables that nobody vouches for.
	contentsShown = 12
	openShown     = 8
)

// Contents writes of each verdict what no database of vulnerabilities knows of:
// the line that decides, planted code, secrets and the account of executables.
func Contents(w io.Writer, r *verdict.Report, opt Options) error {
	p := newPage(opt)
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		p.headline(v)
		p.contents(v, opt)
	}
	return p.flush(w)
}

// contents lists planted code, altered files and secrets: what no database of
// vulnerabilities knows of.
func (p *page) contents(v *verdict.Verdict, opt Options) {
	for _, section := range []struct {
		title string
		kinds []triage.Kind
	}{
		{"PLANTED CODE", []triage.Kind{triage.Malware, triage.Provenance}},
		{"SECRETS", []triage.Kind{triage.Secret}},
	} {
		p.contentSection(v, section.title, section.kinds, opt)
	}
	p.hygiene(v, opt)
	p.account(&v.Account, opt)
}

// found is one content finding with the other places of the same value.
type found struct {
	*triage.Finding
	same []*triage.Finding
}

// gatherContents puts the findings of some kinds together, equal secrets as one.
func gatherContents(v *verdict.Verdict, kinds []triage.Kind) (list []*found, possible int) {
	byValue := map[string]*found{}
	for i := range v.Findings {
		f := &v.Findings[i]
		if f.Evidence == nil || (f.Kind != kinds[0] && f.Kind != kinds[len(kinds)-1]) {
			continue
		}
		if f.Evidence.Confidence < secret.Likely {
			possible++
		}
		key := f.Evidence.Value
		if first := byValue[key]; key != "" && first != nil && first.Evidence.Confidence == f.Evidence.Confidence {
			first.same = append(first.same, f)
			continue
		}
		one := &found{Finding: f}
		if key != "" {
			byValue[key] = one
		}
		list = append(list, one)
	}
	return list, possible
}

func (p *page) contentSection(v *verdict.Verdict, title string, kinds []triage.Kind, opt Options) {
	list, possible := gatherContents(v, kinds)
	if len(list) == 0 {
		return
	}
	sure := 0
	for _, f := range list {
		if f.Evidence.Confidence >= secret.Likely {
			sure++
		}
	}
	summary := fmt.Sprintf("%s likely or certain", number(sure))
	if possible > 0 {
		summary += fmt.Sprintf(", %s possible", number(possible))
	}
	p.section(title, summary)
	shown := 0
	for _, f := range list {
		if !opt.All && (f.Evidence.Confidence < secret.Likely || shown >= contentsShown) {
			continue
		}
		shown++
		p.content(f)
	}
	if hidden := len(list) - shown; hidden > 0 {
		p.line(p.indent(gutter), span{fmt.Sprintf("… %s more; --all shows them", number(hidden)), p.styles.faint})
	}
}

// content writes one finding: what it is, what it shows, where it stands.
func (p *page) content(f *found) {
	e := f.Evidence
	p.blank()
	label := span{strings.Repeat(" ", gutter) + pad(severityWord(f.Severity), 10), p.severity(f.Severity)}
	title := f.Title
	if e.Confidence < secret.Certain {
		title += " (" + e.Confidence.String() + ")"
	}
	if len(e.Techniques) > 0 {
		title += "  " + strings.Join(e.Techniques, " ")
	}
	p.hanging(label, p.styles.bold, title)
	under := gutter + 10
	p.paragraph(under, p.styles.plain, placeWords(f.Finding))
	if e.Detail != "" {
		p.paragraph(under, p.styles.plain, e.Detail)
	}
	switch {
	case e.Redacted != "" && e.Name != "":
		p.paragraph(under, p.styles.faint, e.Name+" = "+e.Redacted)
	case e.Redacted != "":
		p.paragraph(under, p.styles.faint, e.Redacted)
	case e.Excerpt != "":
		p.line(p.indent(under), span{"| " + e.Excerpt, p.styles.faint})
	}
	if e.Certificate != "" {
		p.paragraph(under, p.styles.plain, "the private key of the certificate "+e.Certificate)
	}
	if e.Verified != "" {
		p.paragraph(under, p.styles.plain, "asked: "+e.Verified)
	}
	if e.PublishedBy != "" {
		p.paragraph(under, p.styles.faint, "published with the package "+e.PublishedBy)
	}
	p.paragraph(under, p.styles.faint, standingWords(f.Finding))
	if len(e.Also) > 0 {
		p.paragraph(under, p.styles.faint, "also "+strings.Join(e.Also, ", "))
	}
	if n := len(f.same); n > 0 {
		p.paragraph(under, p.styles.faint, fmt.Sprintf("the same in %s, first %s", count(n, "other place"), placeWords(f.same[0])))
	}
}

// placeWords is "app/lib.jar!config.yml line 3 (base64)".
func placeWords(f *triage.Finding) string {
	where := f.Path
	if f.Evidence.Inside != "" {
		where += "!" + f.Evidence.Inside
	}
	switch {
	case f.Evidence.Line > 0:
		where += fmt.Sprintf(" line %d", f.Evidence.Line)
	case f.Evidence.Offset > 0 && f.Liveness != inventory.InConfig:
		where += fmt.Sprintf(" at byte %d", f.Evidence.Offset)
	}
	if f.Evidence.Encoding != "" {
		where += " (" + f.Evidence.Encoding + ")"
	}
	return where
}

// standingWords says where the file stands: "added in layer 4 by COPY . /app,
// deleted in layer 6 by RUN rm, still in every pull".
func standingWords(f *triage.Finding) string {
	if f.Liveness == inventory.InConfig {
		if f.Origin.CreatedBy != "" {
			return "in the image's history, in every pull: " + history(f.Origin.CreatedBy)
		}
		return "in the image's configuration, in every pull and every container"
	}
	text := "added in " + layerWords(f.Origin)
	if by := f.Evidence.By; by != nil {
		verb := "overwritten"
		if f.Liveness == inventory.Deleted {
			verb = "deleted"
		}
		text += ", " + verb + " in " + layerWords(*by) + ", still in every pull"
	}
	return text
}

func layerWords(r inventory.LayerRef) string {
	if by := history(r.CreatedBy); by != "" {
		return fmt.Sprintf("layer %d by %s", r.Index, truncate(Clean(by), 60))
	}
	return fmt.Sprintf("layer %d", r.Index)
}

// account states the account of the executables in a line, and lists those that
// nobody vouches for.
func (p *page) account(a *account.Account, opt Options) {
	if a.Executables == 0 && len(a.Entries) == 0 {
		return
	}
	p.section("EXECUTABLES", strings.Replace(a.Line(), " executables:", ":", 1))
	shown, open := 0, 0
	for i := range a.Entries {
		e := &a.Entries[i]
		if !e.Status.Open() || e.Liveness != inventory.Visible {
			continue
		}
		// What a build adds in the open is in the line above; here is what stands out.
		if e.Status == account.Built && len(e.Risks) == 0 && !opt.All {
			continue
		}
		if open++; !opt.All && shown >= openShown {
			continue
		}
		shown++
		p.executable(e)
	}
	if hidden := open - shown; hidden > 0 {
		p.line(p.indent(gutter), span{fmt.Sprintf("… %s more; --all or plimsoll account shows them", number(hidden)), p.styles.faint})
	}
}

func (p *page) executable(e *account.Entry) {
	style := p.styles.plain
	if e.Status == account.Altered {
		style = p.styles.red
	}
	p.line(p.indent(gutter), span{pad(string(e.Status), 12), style}, span{e.Path, p.styles.bold}, span{"  " + strings.Join(e.Risks, ", "), p.styles.faint})
	reason := e.Reason
	if e.Owner != "" {
		reason = e.Owner + ": " + reason
	}
	p.paragraph(gutter+12, p.styles.faint, reason)
}
