package ci

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Conclusion says of a rehearsal whether the gate flips.
type Conclusion struct {
	Flips bool
	// Why says in one line what was shown, or what was not.
	Why string
	// Reasons are, for each case in turn, what its gate failed for.
	Reasons [][]string
}

// Conclude compares the cases: all but the last must fail, in a step with a scanner
// and for something that the scanner found; the last must pass with its gate run.
func Conclude(cases []*CaseResult) Conclusion {
	c := Conclusion{Flips: true}
	no := func(format string, args ...any) {
		if c.Flips {
			c.Why = fmt.Sprintf(format, args...)
		}
		c.Flips = false
	}
	for i, r := range cases {
		var reasons []string
		last := i == len(cases)-1
		gated := false
		for _, s := range r.Steps {
			gated = gated || s.Gate && s.Ran
			switch {
			case s.Outcome != Failure:
			case !s.Gate:
				no("%s: step %q fails, which is no gate (exit status %d)", r.Case.Name, s.Title, s.Status)
			default:
				found, wrong := reasonsOf(&s)
				reasons = append(reasons, found...)
				if wrong != "" {
					no("%s: step %q fails, but not for what it found: %s", r.Case.Name, s.Title, wrong)
				}
			}
		}
		c.Reasons = append(c.Reasons, reasons)
		switch {
		case !gated:
			no("%s: the gate was never run", r.Case.Name)
		case last && !r.Passed:
			no("%s: the gate stays red", r.Case.Name)
		case !last && r.Passed && len(reasons) > 0:
			no("%s: the gate finds something and the job stays green", r.Case.Name)
		case !last && r.Passed:
			no("%s: the gate stays green", r.Case.Name)
		}
	}
	if c.Flips {
		c.Why = "red where it must be, for what the scanner found, and green on the fixed image"
	}
	return c
}

var (
	// A reason of plimsoll gate: "HIGH      … [rule]", continued in further lines.
	reGateReason = regexp.MustCompile(`^(?:CRITICAL|HIGH|MEDIUM|LOW|NEGLIGIBLE) +(\S.*)$`)
	reRule       = regexp.MustCompile(` \[[a-z0-9-]+\]$`)
	reGateFailed = regexp.MustCompile(`(?m)^GATE FAILED`)
	// What scanners call findings by.
	reIdentifier = regexp.MustCompile(`\b(CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3}|DS-\d{4}|AVD-[A-Z]+-\d{4}|DL\d{4}|SNYK-[A-Z0-9-]+|TEMP-\d+-[0-9A-F]+)\b`)
)

// reasonsOf reads from a red gate's output what it is red for; wrong says why that is
// nothing that a gate should be red for.
func reasonsOf(s *StepResult) (reasons []string, wrong string) {
	if reGateFailed.MatchString(s.Output) {
		reasons = gateReasons(strings.Split(s.Output, "\n"))
		if len(reasons) > 0 && s.Status == 1 {
			return reasons, ""
		}
	}
	ids := reIdentifier.FindAllString(s.Output, -1)
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) > 0 && s.Status != 126 && s.Status != 127 {
		shown := ids
		if len(shown) > 3 {
			shown = shown[:3]
		}
		text := strings.Join(shown, ", ")
		if n := len(ids) - len(shown); n > 0 {
			text += fmt.Sprintf(" and %d more", n)
		}
		return []string{text}, ""
	}
	return reasons, fmt.Sprintf("exit status %d, %s", s.Status, lastLine(s.Output))
}

// gateReasons puts the lines of each reason together.
func gateReasons(lines []string) []string {
	var reasons []string
	for i := 0; i < len(lines); i++ {
		m := reGateReason.FindStringSubmatch(strings.TrimRight(lines[i], " \r"))
		if m == nil {
			continue
		}
		text := m[1]
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "  ") {
			next := strings.TrimSpace(lines[i+1])
			if next == "" || strings.HasPrefix(next, "→") {
				break
			}
			text += " " + next
			i++
		}
		if reRule.MatchString(text) {
			reasons = append(reasons, text)
		}
	}
	return reasons
}

func lastLine(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return oneLine(last)
	}
	return "and no output"
}
