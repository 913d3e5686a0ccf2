package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"plimsoll/internal/inventory"
	"plimsoll/internal/secret"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// How long a document may be, in bytes, which are never fewer than the characters
// that GitHub counts. A comment holds 65,536 characters
// (https://github.com/orgs/community/discussions/41331), the summaries of a step 1 MiB
// (https://docs.github.com/actions/reference/workflow-commands-for-github-actions#step-isolation-and-limits);
// what is longer is refused as a whole.
const (
	commentLimit = 65_536
	summaryLimit = 1 << 20
)

// commentMark is the first line of a comment, by which a workflow finds its own one
// again and edits it.
const commentMark = "<!-- plimsoll -->"

// listedIDs is how many vulnerabilities a row of a package names.
const listedIDs = 3

// writeMarkdown writes verdicts for a comment of a pull request.
func writeMarkdown(w io.Writer, r *verdict.Report, _ Options) error {
	return markdownWithin(w, r, commentMark+"\n", 60, commentLimit)
}

// writeSummary writes verdicts for a GitHub job's summary.
func writeSummary(w io.Writer, r *verdict.Report, _ Options) error {
	return markdownWithin(w, r, "", 2000, summaryLimit)
}

// markdownWithin writes tables of at most so many rows, and of fewer where the
// document would become too long.
func markdownWithin(w io.Writer, r *verdict.Report, mark string, rows, limit int) error {
	views := make([]markdownView, len(r.Verdicts))
	for i := range r.Verdicts {
		groups, _ := groupFindings(&r.Verdicts[i])
		views[i] = markdownView{&r.Verdicts[i], entries(&r.Verdicts[i]), groups}
	}
	var doc []byte
	for {
		m := &markdown{}
		m.buf.WriteString(mark)
		for i := range views {
			m.verdict(&views[i], rows)
		}
		if len(r.Verdicts) == 0 {
			m.line("no image was judged")
		}
		doc = append(bytes.TrimRight(m.buf.Bytes(), "\n"), '\n')
		if len(doc) <= limit || rows == 0 {
			break
		}
		rows /= 2
	}
	if len(doc) > limit {
		// Very many images. Without rows there is no markup that a cut would leave open.
		const note = "\n\nThe rest is too long for this place.\n"
		doc = doc[:limit-len(note)]
		doc = append(doc[:max(0, bytes.LastIndexByte(doc, '\n'))], note...)
	}
	_, err := w.Write(doc)
	return err
}

// markdownView is a verdict with what its tables are made of.
type markdownView struct {
	*verdict.Verdict
	found  []entry
	groups []*group
}

func (m *markdown) verdict(view *markdownView, rows int) {
	v := view.Verdict
	m.line("## %s", md(string(v.Headline.Decision)))
	m.line("")
	facts := []string{"**" + md(v.Image.Reference) + "**", md(v.Image.Platform)}
	if v.Image.Digest != "" {
		facts = append(facts, md(short(v.Image.Digest)))
	}
	m.line("%s", strings.Join(facts, ", "))
	m.line("")
	m.line("%s", md(strings.TrimPrefix(v.Headline.Text, string(v.Headline.Decision)+": ")))
	m.line("")
	if v.Gate != nil && v.Gate.Failed {
		m.bullets("**gate failed** ", v.Gate.Reasons, rows)
	}
	if reason := incompleteWords(v); reason != "" {
		m.line("- **incomplete** %s", md(reason))
		m.line("")
	}
	m.actionTable(v, rows)
	found := view.found
	m.entryTable("Planted code and altered executables", found, rows, kindPlanted, kindAltered)
	m.entryTable("Secrets", found, rows, kindSecret)
	m.packageTable(view.groups, rows)
	m.entryTable("Hygiene", found, rows, kindHygiene)
	m.entryTable("Support", found, rows, kindEndOfLife)
	m.covered(v, rows)
}

// bullets lists texts, at most so many.
func (m *markdown) bullets(label string, texts []string, rows int) {
	for i, s := range texts {
		if i >= max(rows, 1) {
			m.line("- and %s more", number(len(texts)-i))
			break
		}
		m.line("- %s%s", label, md(s))
	}
	m.line("")
}

// rows writes a table under a heading, at most so many rows of it, and says how many
// it left out.
func (m *markdown) rows(title string, heading, align []string, list [][]string, rows int) {
	if len(list) == 0 {
		return
	}
	m.line("### %s", md(title))
	m.line("")
	shown := list[:min(len(list), rows)]
	if len(shown) > 0 {
		m.table(heading, align, shown)
	}
	if left := len(list) - len(shown); left > 0 {
		m.line("%s more: `plimsoll scan --all` lists them.", number(left))
		m.line("")
	}
}

func (m *markdown) actionTable(v *verdict.Verdict, rows int) {
	var list [][]string
	for i := range v.Actions {
		a := &v.Actions[i]
		title, _, _ := strings.Cut(a.Title, ": clears ")
		list = append(list, []string{title, number(len(a.Clears)), number(a.Urgent)})
	}
	m.rows("What to do", []string{"action", "clears", "urgent"}, []string{"---", "---:", "---:"}, list, rows)
}

// entryTable lists the findings of some kinds; of secrets and planted code those
// that are no more than possible stand at the end anyway.
func (m *markdown) entryTable(title string, found []entry, rows int, of ...string) {
	var list [][]string
	for i := range found {
		e := &found[i]
		for _, kind := range of {
			if e.kind != kind {
				continue
			}
			where, what := e.subject+": "+e.standing, e.title+": "+e.what
			switch kind {
			case kindHygiene:
				where = e.standing
			case kindEndOfLife:
				what = e.what
			}
			list = append(list, []string{severityWord(e.severity), strings.Trim(what, ": "), strings.Trim(where, ": "), e.remedy})
		}
	}
	m.rows(title, []string{"severity", "what", "where", "what to do"}, []string{"---", "---", "---", "---"}, list, rows)
}

// packageTable counts findings, as the headline does: one vulnerability in two
// packages of one source is two.
func (m *markdown) packageTable(groups []*group, rows int) {
	var list [][]string
	total := map[triage.Disposition]int{}
	for _, g := range groups {
		of := map[triage.Disposition]int{}
		for i := range g.rows {
			d := g.rows[i].finding.Disposition
			of[d] += g.rows[i].times
			total[d] += g.rows[i].times
		}
		name := g.name
		if g.liveness != "" && g.liveness != inventory.Visible {
			name += " (" + string(g.liveness) + ")"
		}
		var ids []string
		for i := range g.rows {
			if i == listedIDs {
				ids = append(ids, fmt.Sprintf("%s more", number(len(g.rows)-i)))
				break
			}
			ids = append(ids, g.rows[i].finding.Vulnerability)
		}
		list = append(list, []string{
			name, g.installed, g.fixed, severityWord(worstOf(g)), number(of[triage.Rebuild]), number(of[triage.Defer]), number(of[triage.Track]), strings.Join(ids, ", "),
		})
	}
	m.rows(
		fmt.Sprintf("Vulnerabilities: %s to fix now, %s fixable later, %s without a fix", number(total[triage.Rebuild]), number(total[triage.Defer]), number(total[triage.Track])),
		[]string{"package", "installed", "fixed", "worst", "now", "later", "no fix", "which"},
		[]string{"---", "---", "---", "---", "---:", "---:", "---:", "---"}, list, rows,
	)
}

// covered says what the verdict rests on and what it does not rule out.
func (m *markdown) covered(v *verdict.Verdict, rows int) {
	possible := 0
	for i := range v.Findings {
		if e := v.Findings[i].Evidence; e != nil && e.Confidence < secret.Likely && v.Findings[i].Disposition != triage.Accepted {
			possible++
		}
	}
	m.line("### Coverage")
	m.line("")
	m.line("- %s, %s, %s", count(v.Coverage.Layers, "layer"), count(v.Coverage.Files, "file"), count(len(v.Packages), "package"))
	for i := range v.Coverage.Databases {
		d := &v.Coverage.Databases[i]
		m.line("- %s of %s", md(d.Name), md(d.Built.UTC().Format("2006-01-02")))
	}
	if possible > 0 {
		m.line("- %s that a person has to judge", count(possible, "finding"))
	}
	for i, s := range v.Coverage.Warnings {
		if i > rows {
			break
		}
		m.line("- %s", md(s))
	}
	m.line("")
	if rows == 0 || len(v.Coverage.NotRuledOut) == 0 {
		return
	}
	m.line("<details><summary>What this does not rule out</summary>")
	m.line("")
	m.bullets("", v.Coverage.NotRuledOut, rows)
	m.line("</details>")
	m.line("")
}
