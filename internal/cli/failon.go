package cli

import (
	"fmt"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/secret"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// level is one value of --fail-on.
type level struct {
	name    string
	meaning string
	holds   func(*triage.Finding) bool
}

// levels lists every value in the order in which help shows them.
func levels() []level {
	fixable := func(f *triage.Finding) bool {
		return f.Disposition == triage.Rebuild || f.Disposition == triage.Defer
	}
	cve := func(f *triage.Finding) bool {
		return f.Kind == triage.Vulnerability && f.Disposition != triage.Accepted
	}
	content := func(kind triage.Kind) func(f *triage.Finding) bool {
		return func(f *triage.Finding) bool {
			return f.Kind == kind && f.Disposition != triage.Accepted && f.Evidence.Confidence >= secret.Likely
		}
	}
	all := []level{
		{"kev", "a vulnerability that is known to be exploited (CISA KEV)", func(f *triage.Finding) bool { return cve(f) && f.KEV != nil }},
		{"end-of-life", "a distribution release without security updates", func(f *triage.Finding) bool { return f.Kind == triage.EndOfLife && f.Disposition != triage.Accepted }},
		{"fixable", "any vulnerability with a fix", func(f *triage.Finding) bool { return cve(f) && fixable(f) }},
		{"secret", "a secret that is likely or certain, live or deleted", content(triage.Secret)},
		{"malware", "planted code that is likely or certain", content(triage.Malware)},
		{"altered", "an executable that differs from its package's record", content(triage.Provenance)},
		{"any", "any finding that is more than possible", func(f *triage.Finding) bool {
			return f.Disposition != triage.Accepted && (f.Evidence == nil || f.Evidence.Confidence >= secret.Likely)
		}},
	}
	for s := advisory.Critical; s >= advisory.Low; s-- {
		all = append(all,
			level{"fixable-" + s.String(), "a fix exists, severity " + s.String() + " or above", func(f *triage.Finding) bool { return cve(f) && fixable(f) && f.Severity >= s }},
			level{s.String(), "severity " + s.String() + " or above, fix or not", func(f *triage.Finding) bool { return cve(f) && f.Severity >= s }},
		)
	}
	return all
}

func levelNames() string {
	var names []string
	for _, l := range levels() {
		names = append(names, l.name)
	}
	return strings.Join(names, ", ")
}

// parseLevels reads --fail-on.
func parseLevels(names []string) ([]level, error) {
	var chosen []level
	for _, name := range names {
		known := false
		for _, l := range levels() {
			if l.name == strings.ToLower(strings.TrimSpace(name)) {
				chosen, known = append(chosen, l), true
			}
		}
		if !known {
			return nil, usage(fmt.Errorf("--fail-on does not know %q: one of %s", name, levelNames()))
		}
	}
	return chosen, nil
}

// hold holds a verdict against the levels.
func hold(v *verdict.Verdict, asked []level) *verdict.Gate {
	if len(asked) == 0 {
		return nil
	}
	g := &verdict.Gate{}
	for _, l := range asked {
		g.FailOn = append(g.FailOn, l.name)
		n, first := 0, ""
		for i := range v.Findings {
			if f := &v.Findings[i]; l.holds(f) {
				if n++; n == 1 {
					first = strings.TrimSpace(f.Vulnerability + " in " + f.Package)
					if f.Kind != triage.Vulnerability {
						first = strings.TrimSpace(f.Title + " " + f.Path)
					}
				}
			}
		}
		if n > 0 {
			g.Failed = true
			g.Reasons = append(g.Reasons, fmt.Sprintf("%s: %s (%s), first %s", l.name, findings(n), l.meaning, first))
		}
	}
	return g
}

func findings(n int) string {
	if n == 1 {
		return "1 finding"
	}
	return fmt.Sprintf("%d findings", n)
}
