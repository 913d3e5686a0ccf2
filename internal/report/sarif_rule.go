package report

import (
	"fmt"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/triage"
)

// rule describes what an entry breaks, as the first entry of it says.
func (b *sarifImage) rule(id string, e *entry) sarifRule {
	short := e.title
	if short == "" {
		short = id
	}
	r := sarifRule{
		ID: id, Name: cut(sarifWords(sarifRuleName(e)), sarifName), Short: sarifMessage{sarifWords(short)}, Full: sarifMessage{sarifWords(short)},
		Configuration: sarifLevel{"note"},
		Properties:    map[string]any{"security-severity": "0.0", "tags": sarifRuleTags(e)},
	}
	why := e.why
	if c := b.catalogue[e.rule]; c != nil && e.kind == kindHygiene {
		why = c.Why
	}
	if why != "" {
		r.Full.Text = sarifWords(why)
	}
	paragraphs := []string{short, why, e.remedy}
	if e.kind == kindVulnerability {
		r.HelpURI = publisher(id).URL
		paragraphs = append(paragraphs, vulnerabilityHelp(e.finding)...)
	}
	var text, marked []string
	for _, s := range paragraphs {
		if s = strings.TrimSpace(Clean(s)); s != "" {
			text, marked = append(text, s), append(marked, md(s))
		}
	}
	if r.HelpURI != "" {
		text, marked = append(text, r.HelpURI), append(marked, "<"+r.HelpURI+">")
	}
	r.Help = sarifHelp{Text: cut(strings.Join(text, "\n\n"), sarifMaxHelp), Markdown: strings.Join(marked, "\n\n")}
	return r
}

// vulnerabilityHelp is what else is known of a vulnerability, wherever it is met.
func vulnerabilityHelp(f *triage.Finding) []string {
	var lines []string
	if len(f.Aliases) > 0 {
		lines = append(lines, "Also "+strings.Join(f.Aliases, ", ")+".")
	}
	if f.KEV != nil {
		lines = append(lines, "Known to be exploited since "+f.KEV.DateAdded+" (CISA).")
	}
	if f.EPSS != nil {
		lines = append(lines, "Likely to be exploited within 30 days: "+percent(f.EPSS)+" (EPSS).")
	}
	return lines
}

// sarifRuleName is the rule's name for tools: one word of letters.
func sarifRuleName(e *entry) string {
	switch e.kind {
	case kindVulnerability:
		return "VulnerablePackage"
	case kindEndOfLife:
		return "EndOfSupport"
	case kindSecret:
		return "Secret"
	case kindPlanted:
		return "PlantedCode"
	case kindAltered:
		return "AlteredExecutable"
	case kindHygiene:
		return "Hygiene"
	}
	return "Finding"
}

func sarifRuleTags(e *entry) []string {
	tags := []string{"security", "container-image", strings.ReplaceAll(e.kind, " ", "-")}
	seen := map[string]bool{tags[0]: true, tags[1]: true, tags[2]: true}
	if e.finding != nil && e.finding.Evidence != nil {
		for _, t := range e.finding.Evidence.Techniques {
			if t = cut(Clean(t), 64); t != "" && !seen[t] && len(tags) < sarifTags {
				seen[t] = true
				tags = append(tags, t)
			}
		}
	}
	return tags
}

// raise gives a rule the level of its gravest result: GitHub ranks by the rule's.
func (b *sarifImage) raise(at int, e *entry) {
	r := &b.run.Tool.Driver.Rules[at]
	score := scoreWithin(e)
	if sarifScore(score) > sarifScore(r.Properties["security-severity"].(string)) {
		r.Properties["security-severity"] = score
		r.Configuration.Level = sarifLevelOf(e.severity)
	}
}

func sarifScore(s string) float64 {
	var f float64
	fmt.Sscanf(s, "%g", &f) //nolint:errcheck // both are our own numbers
	return f
}

// scoreWithin is the CVSS score where it says the same as the severity that the
// verdict rests on, else the middle of that severity's range: GitHub makes its
// severity of this number, and a distribution that judged its own package must not be overruled by
// a score of the vulnerability in general.
func scoreWithin(e *entry) string {
	if f := e.finding; f != nil && f.CVSS != nil && scoreSeverity(f.CVSS.Score) == max(e.severity, advisory.Low) {
		return fmt.Sprintf("%.1f", f.CVSS.Score)
	}
	return securitySeverity(e.severity)
}

// scoreSeverity is GitHub's reading of a score; NaN and what is out of range is none.
func scoreSeverity(score float64) advisory.Severity {
	switch {
	case score > 10:
		return advisory.Unknown
	case score > 9:
		return advisory.Critical
	case score >= 7:
		return advisory.High
	case score >= 4:
		return advisory.Medium
	case score > 0:
		return advisory.Low
	}
	return advisory.Unknown
}
