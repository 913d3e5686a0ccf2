package verdict

import (
	"fmt"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/triage"
)

// Summarise writes the one line that decides. An incomplete scan is never
// called clean: it either already found reason to rebuild, or is incomplete.
func Summarise(v *Verdict) Headline {
	h := Headline{Fixable: map[string]int{}, Unfixed: map[string]int{}}
	urgent, fixable, unfixed, ended, leaving := 0, 0, 0, "", ""
	for i := range v.Findings {
		f := &v.Findings[i]
		if f.Kind == triage.EndOfLife {
			if f.Disposition == triage.Rebuild {
				ended = f.Title
			} else {
				leaving = f.Title
			}
			continue
		}
		switch f.Disposition {
		case triage.Rebuild:
			urgent++
			fixable++
			h.Fixable[f.Severity.String()]++
		case triage.Defer:
			fixable++
			h.Fixable[f.Severity.String()]++
		case triage.Track:
			unfixed++
			h.Unfixed[f.Severity.String()]++
		}
	}
	parts := []string{}
	switch {
	case urgent > 0:
		h.Decision = RebuildNow
		parts = append(parts, fmt.Sprintf("%d fixable HIGH/CRITICAL", urgent)+best(v, true))
	case ended != "":
		h.Decision = RebuildNow
	case !v.Coverage.Complete:
		h.Decision = Incomplete
		parts = append(parts, "part of the image could not be examined", counts(fixable, unfixed))
	case fixable > 0:
		h.Decision = RebuildSoon
		parts = append(parts, fmt.Sprintf("%d fixable, none HIGH/CRITICAL", fixable)+best(v, false))
	case unfixed > 0:
		h.Decision = TrackOnly
		parts = append(parts, fmt.Sprintf("nothing fixable; %d unfixed (%d HIGH/CRITICAL) to watch", unfixed,
			h.Unfixed[advisory.High.String()]+h.Unfixed[advisory.Critical.String()]))
	case leaving != "":
		h.Decision = RebuildSoon
		parts = append(parts, leaving)
	case len(v.Packages) == 0:
		h.Decision = NothingFound
		parts = append(parts, "no package was recognised, which says nothing about what the image holds")
	default:
		h.Decision = NothingFound
		parts = append(parts, "no known vulnerability in "+packages(len(v.Packages)))
	}
	if ended != "" {
		parts = append(parts, ended)
	}
	if !v.Coverage.Complete && h.Decision != Incomplete {
		parts = append(parts, "and part of the image could not be examined")
	}
	h.Text = string(h.Decision) + ": " + strings.Join(parts, "; ")
	return h
}

func packages(n int) string {
	if n == 1 {
		return "1 package"
	}
	return fmt.Sprintf("%d packages", n)
}

func counts(fixable, unfixed int) string {
	return fmt.Sprintf("%d fixable and %d unfixed found in the rest", fixable, unfixed)
}

// best says what the strongest action clears.
func best(v *Verdict, urgent bool) string {
	for i := range v.Actions {
		a := &v.Actions[i]
		n := len(a.Clears)
		if urgent {
			n = a.Urgent
		}
		if n == 0 || a.Kind == triage.ChangeRelease {
			continue
		}
		if a.Kind == triage.BumpBase {
			return fmt.Sprintf("; one base bump clears %d", n)
		}
		return fmt.Sprintf("; %s", strings.Replace(a.Title, fmt.Sprintf("clears %d", len(a.Clears)), fmt.Sprintf("clears %d", n), 1))
	}
	return ""
}
