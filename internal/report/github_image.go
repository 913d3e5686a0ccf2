package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// githubShown is how many annotations of one level GitHub shows of a step; all
// others it drops without a word
// (https://docs.github.com/actions/reference/workflow-commands-for-github-actions,
// the limits under https://github.com/orgs/community/discussions/26680).
const githubShown = 10

// githubListed is how many vulnerabilities one annotation names.
const githubListed = 5

// annotation is one workflow command. An image is no file of the repository, so that
// none has a place in one.
type annotation struct {
	level, title, message string
}

// writeGitHub writes workflow commands, which GitHub shows as annotations of the job:
// the verdict, each broken rule of the gate, and what was found, vulnerabilities
// together by what clears them. No more than GitHub shows are written.
func writeGitHub(w io.Writer, r *verdict.Report, _ Options) error {
	var heads, rest []annotation
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		name := imageTitle(&v.Image)
		heads = append(heads, annotation{githubDecision(v), name, v.Headline.Text})
		if reason := incompleteWords(v); reason != "" {
			heads = append(heads, annotation{"error", name + ": incomplete", reason})
		}
		if v.Gate != nil {
			for _, reason := range v.Gate.Reasons {
				heads = append(heads, annotation{"error", name + ": gate failed", reason})
			}
		}
		rest = append(rest, imageAnnotations(v, name)...)
	}
	b := bufio.NewWriter(w)
	all := append(heads, rest...)
	total := map[string]int{}
	for _, a := range all {
		total[a.level]++
	}
	written := map[string]int{}
	for _, a := range all {
		written[a.level]++
		n, of := written[a.level], total[a.level]
		if n > githubShown {
			continue
		}
		if n == githubShown && of > githubShown {
			a.title, a.message = "Plimsoll", fmt.Sprintf("%s more of this level: the table, the job summary and SARIF have them all", number(of-n+1))
		}
		fmt.Fprintf(b, "::%s title=%s::%s\n", a.level, githubProperty(cut(a.title, maxCell)), githubData(cut(a.message, maxText)))
	}
	return b.Flush()
}

func githubDecision(v *verdict.Verdict) string {
	switch {
	case v.Gate != nil && v.Gate.Failed, !v.Coverage.Complete:
		return "error"
	case v.Headline.Decision == verdict.RebuildSoon:
		return "warning"
	case v.Headline.Decision == verdict.TrackOnly, v.Headline.Decision == verdict.NothingFound:
		return "notice"
	}
	return "error"
}

// imageAnnotations are one for each finding, and for vulnerabilities one for each
// change that clears some, the most pressing first.
func imageAnnotations(v *verdict.Verdict, name string) []annotation {
	var list []annotation
	groups := map[string][]*entry{}
	at := map[string]int{}
	found := entries(v)
	for i := range found {
		e := &found[i]
		if e.disposition == triage.Accepted {
			continue
		}
		level := githubEntryLevel(e)
		if e.kind != kindVulnerability {
			text := e.text()
			if e.standing != "" && e.kind != kindHygiene {
				text += "; " + e.standing
			}
			if e.remedy != "" {
				text += ". " + capital(e.remedy)
			}
			list = append(list, annotation{level, name + ": " + e.kind + ", " + e.rule, text})
			continue
		}
		key := level + "\x00" + e.remedy
		if e.remedy == "" {
			key = level + "\x00\x00" + e.subject
		}
		if _, seen := at[key]; !seen {
			at[key] = len(list)
			list = append(list, annotation{level: level})
		}
		groups[key] = append(groups[key], e)
	}
	for key, n := range at {
		list[n].title, list[n].message = name+": "+vulnerabilityCount(groups[key]), groupMessage(groups[key])
	}
	return list
}

func githubEntryLevel(e *entry) string {
	switch {
	case e.grave():
		return "error"
	case e.disposition == triage.Defer && e.kind != kindHygiene, e.kind == kindHygiene && e.severity == advisory.Medium:
		return "warning"
	}
	return "notice"
}

func vulnerabilityCount(group []*entry) string {
	if len(group) == 1 {
		return "1 vulnerability"
	}
	return number(len(group)) + " vulnerabilities"
}

// groupMessage is what clears some vulnerabilities, and which they are.
func groupMessage(group []*entry) string {
	var text strings.Builder
	if remedy := group[0].remedy; remedy != "" {
		text.WriteString(capital(remedy) + " clears ")
	} else {
		text.WriteString("No fix is known for ")
	}
	for i, e := range group {
		if i == githubListed {
			fmt.Fprintf(&text, " and %s more", number(len(group)-i))
			break
		}
		if i > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "%s in %s (%s)", e.rule, e.subject, e.severity)
	}
	return text.String()
}
