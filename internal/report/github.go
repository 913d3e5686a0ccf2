package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/verdict"
)

// LintGitHub writes findings as workflow commands, which GitHub shows beside the
// lines of a pull request
// (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
func LintGitHub(w io.Writer, r *verdict.Lint) error {
	b := bufio.NewWriter(w)
	for i := range r.Subjects {
		s := &r.Subjects[i]
		if s.Error != "" {
			fmt.Fprintf(b, "::error file=%s::%s\n", githubProperty(s.Name), githubData(s.Error))
		}
		for j := range s.Findings {
			f := &s.Findings[j]
			if f.Suppressed != nil {
				continue
			}
			place := "file=" + githubProperty(s.Name)
			message := f.Message + ". " + f.Remedy
			switch {
			case s.IsFile():
				place += fmt.Sprintf(",line=%d,endLine=%d", f.Range.Start.Line, f.Range.End.Line)
				if f.Range.Start.Line == f.Range.End.Line {
					place += fmt.Sprintf(",col=%d,endColumn=%d", f.Range.Start.Column, f.Range.End.Column)
				}
			default:
				place = "" // an image is no file of the repository
				message = s.Name + ", " + f.Where + ": " + message
			}
			fmt.Fprintf(b, "::%s %s::%s\n", githubLevel(f.Severity), joined(place, "title="+githubProperty(f.Rule)), githubData(message))
		}
	}
	return b.Flush()
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "," + b
}

func githubLevel(s advisory.Severity) string {
	switch {
	case s >= advisory.High:
		return "error"
	case s == advisory.Medium:
		return "warning"
	}
	return "notice"
}

// githubData escapes a message, githubProperty a property's value, as
// github.com/actions/toolkit's core package does. The older form of a command, which
// may stand anywhere in a line, loses its second sharp.
func githubData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", "##[", `#\[`, "##vso[", `#\vso[`).Replace(Clean(s))
}

func githubProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(githubData(s))
}
