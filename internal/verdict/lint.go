package verdict

import (
	"plimsoll/internal/advisory"
	"plimsoll/internal/hygiene"
)

// Lint is what plimsoll lint found in one run.
type Lint struct {
	SchemaVersion int           `json:"schemaVersion"`
	Tool          Tool          `json:"tool"`
	Subjects      []LintSubject `json:"subjects"`
	// Rules are those that the findings name.
	Rules []hygiene.RuleSummary `json:"rules"`
	// Status is the run's exit status.
	Status int `json:"status"`
}

// LintSubject is one Dockerfile or image that was looked at.
type LintSubject struct {
	Name string `json:"name"`
	// Kind is "dockerfile", "workflow" or "image".
	Kind string `json:"kind"`
	// Platform and Digest are an image's.
	Platform string `json:"platform,omitempty"`
	Digest   string `json:"digest,omitempty"`
	// Findings are in the order of the file; Counts counts them by severity, what a
	// comment lifts left out.
	Findings []hygiene.Finding `json:"findings"`
	Counts   map[string]int    `json:"counts"`
	// Hidden counts the findings that only --strict shows; Suppressed those that a
	// comment lifts.
	Hidden     int `json:"hidden"`
	Suppressed int `json:"suppressed"`
	// Error says why the subject could not be looked at.
	Error string `json:"error,omitempty"`
}

// IsFile tells whether findings have their places in a file of the repository; an
// image's don't.
func (s *LintSubject) IsFile() bool { return s.Kind != "image" }

// Add takes in what was found of one subject: what is below least is only counted.
func (r *Lint) Add(s LintSubject, findings []hygiene.Finding, least advisory.Severity, rules []hygiene.Rule) {
	s.Findings, s.Counts = []hygiene.Finding{}, map[string]int{}
	for i := range findings {
		f := findings[i]
		switch {
		case f.Suppressed != nil:
			s.Suppressed++
		case f.Severity < least:
			s.Hidden++
			continue
		default:
			s.Counts[f.Severity.String()]++
		}
		s.Findings = append(s.Findings, f)
		r.name(f.Rule, rules)
	}
	r.Subjects = append(r.Subjects, s)
}

func (r *Lint) name(id string, rules []hygiene.Rule) {
	for i := range r.Rules {
		if r.Rules[i].ID == id {
			return
		}
	}
	for i := range rules {
		if rules[i].ID == id {
			r.Rules = append(r.Rules, rules[i].Summary())
		}
	}
}

// Worst is the highest severity that no comment lifts; Unknown without a finding.
func (s *LintSubject) Worst() advisory.Severity {
	worst := advisory.Unknown
	for i := range s.Findings {
		if f := &s.Findings[i]; f.Suppressed == nil {
			worst = max(worst, f.Severity)
		}
	}
	return worst
}
