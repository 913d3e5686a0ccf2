package verdict

import (
	"fmt"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/secret"
	"plimsoll/internal/triage"
)

// Summarise writes the one line that decides. An incomplete scan is never
// called clean: it either already found reason to rebuild, or is incomplete.
func Summarise(v *Verdict) Headline {
	h := Headline{Fixable: map[string]int{}, Unfixed: map[string]int{}, Hygiene: map[string]int{}}
	lifted := 0
	for i := range v.Hygiene {
		if v.Hygiene[i].Acceptance != nil {
			lifted++
			continue
		}
		h.Hygiene[v.Hygiene[i].Severity.String()]++
	}
	grave := h.Hygiene[advisory.High.String()] + h.Hygiene[advisory.Critical.String()]
	urgent, fixable, unfixed, accepted, ended, leaving := 0, 0, 0, 0, "", ""
	var content contents
	for i := range v.Findings {
		f := &v.Findings[i]
		if f.Disposition == triage.Accepted {
			accepted++
			continue
		}
		if f.Kind == triage.EndOfLife {
			if f.Disposition == triage.Rebuild {
				ended = f.Title
			} else {
				leaving = f.Title
			}
			continue
		}
		if f.Evidence != nil {
			content.count(f, &h)
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
	parts := content.words()
	switch {
	case content.planted > 0:
		h.Decision = DoNotRun
		if urgent > 0 {
			parts = append(parts, fmt.Sprintf("%d fixable HIGH/CRITICAL", urgent))
		}
	case urgent > 0:
		h.Decision = RebuildNow
		parts = append(parts, fmt.Sprintf("%d fixable HIGH/CRITICAL", urgent)+best(v, true))
	case ended != "" || content.urgent():
		h.Decision = RebuildNow
	case !v.Coverage.Complete:
		h.Decision = Incomplete
		parts = append(parts, "part of the image could not be examined", counts(fixable, unfixed))
	case fixable > 0 || content.below > 0 || grave > 0:
		h.Decision = RebuildSoon
		if fixable > 0 {
			parts = append(parts, fmt.Sprintf("%d fixable, none HIGH/CRITICAL", fixable)+best(v, false))
		}
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
	case accepted > 0:
		// Something is known of the image, and somebody answers for it.
		h.Decision = NothingFound
		parts = append(parts, "nothing in "+packages(len(v.Packages))+" that is not accepted")
	default:
		h.Decision = NothingFound
		parts = append(parts, "no known vulnerability in "+packages(len(v.Packages)))
	}
	if h.Decision == NothingFound && len(v.Coverage.NotExamined) > 0 {
		h.Decision = NoneKnown
		parts = []string{listedWords(len(v.Packages), accepted)}
	}
	if h.Decision == NothingFound && h.Hygiene[advisory.Medium.String()] > 0 {
		h.Decision = RebuildSoon
	}
	if ended != "" {
		parts = append(parts, ended)
	}
	if !v.Coverage.Complete && h.Decision != Incomplete {
		parts = append(parts, "and part of the image could not be examined")
	}
	if n := accepted + lifted; n > 0 {
		parts = append(parts, fmt.Sprintf("%d accepted", n))
	}
	if n := grave + h.Hygiene[advisory.Medium.String()]; n > 0 {
		parts = append(parts, hygieneWords(n, grave))
	}
	if n := v.Coverage.NotExamined; len(n) > 0 {
		parts = append(parts, "not examined: "+strings.Join(n, ", "))
	}
	h.Text = string(h.Decision) + ": " + strings.Join(parts, "; ")
	return h
}

// contents counts the findings about content that decide.
type contents struct {
	planted, altered, secrets int
	// below counts the likely ones that ask for nothing urgent.
	below int
	// values are the secrets counted: one that stands in several places is one.
	values map[string]bool
}

func (c *contents) count(f *triage.Finding, h *Headline) {
	if f.Evidence.Confidence < secret.Likely {
		h.Possible++
		return
	}
	if value := f.Evidence.Value; value != "" {
		if c.values[value] {
			return
		}
		if c.values == nil {
			c.values = map[string]bool{}
		}
		c.values[value] = true
	}
	decides := 0
	switch f.Disposition {
	case triage.Rebuild:
		decides = 1
	case triage.Defer:
		c.below++
	}
	switch f.Kind {
	case triage.Malware:
		h.Planted++
		c.planted += decides
	case triage.Provenance:
		h.Altered++
		c.altered += decides
	case triage.Secret:
		h.Secrets++
		c.secrets += decides
	}
}

func (c *contents) urgent() bool { return c.planted+c.altered+c.secrets > 0 }

func (c *contents) words() []string {
	parts := []string{}
	for _, p := range []struct {
		n         int
		one, many string
	}{
		{c.planted, "1 sign of planted code", "%d signs of planted code"},
		{c.altered, "1 altered executable", "%d altered executables"},
		{c.secrets, "1 secret to rotate", "%d secrets to rotate"},
		{c.below, "1 thing in its files to look at", "%d things in its files to look at"},
	} {
		switch {
		case p.n == 1:
			parts = append(parts, p.one)
		case p.n > 1:
			parts = append(parts, fmt.Sprintf(p.many, p.n))
		}
	}
	return parts
}

// hygieneWords speaks of what is no vulnerability and yet is wrong with the image.
func hygieneWords(n, grave int) string {
	text := "1 finding of hygiene"
	if n > 1 {
		text = fmt.Sprintf("%d findings of hygiene", n)
	}
	if grave > 0 {
		text += fmt.Sprintf(" (%d HIGH)", grave)
	}
	return text
}

// listedWords speak of a list of packages, and of nothing that it leaves out.
func listedWords(n, accepted int) string {
	switch {
	case accepted > 0:
		return "nothing in the " + packages(n) + " that the SBOM lists that is not accepted"
	case n == 0:
		return "the SBOM lists no package that can be looked up"
	}
	return "in the " + packages(n) + " that the SBOM lists"
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
		switch a.Kind {
		case triage.ChangeRelease, triage.RotateSecret, triage.RemoveCode, triage.Reinstall:
			n = 0 // other parts of the line speak of these
		}
		if n == 0 {
			continue
		}
		if a.Kind == triage.BumpBase {
			return fmt.Sprintf("; one base bump clears %d", n)
		}
		return fmt.Sprintf("; %s", strings.Replace(a.Title, fmt.Sprintf("clears %d", len(a.Clears)), fmt.Sprintf("clears %d", n), 1))
	}
	return ""
}
