package hygiene

import (
	"plimsoll/internal/advisory"
	"plimsoll/internal/verdict"
)

// SchemaVersion is the version of Report's JSON; it rises when a field changes its
// meaning or goes away.
const SchemaVersion = 1

// Report is one run's findings.
type Report struct {
	SchemaVersion int          `json:"schemaVersion"`
	Tool          verdict.Tool `json:"tool"`
	Subjects      []Subject    `json:"subjects"`
	// Rules are those that the findings name.
	Rules []RuleSummary `json:"rules"`
	// Status is the run's exit status.
	Status int `json:"status"`
}

// Subject is one Dockerfile or image that was looked at.
type Subject struct {
	Name string `json:"name"`
	// Kind is "dockerfile" or "image".
	Kind string `json:"kind"`
	// Platform and Digest are an image's.
	Platform string `json:"platform,omitempty"`
	Digest   string `json:"digest,omitempty"`
	// Findings are in the order of the file; Counts counts them by severity, what a
	// comment lifts left out.
	Findings []Finding      `json:"findings"`
	Counts   map[string]int `json:"counts"`
	// Hidden counts the findings that only --strict shows; Suppressed those that a
	// comment lifts.
	Hidden     int `json:"hidden"`
	Suppressed int `json:"suppressed"`
	// Error says why the subject could not be looked at.
	Error string `json:"error,omitempty"`
}

// RuleSummary is what a report says of a rule.
type RuleSummary struct {
	ID       string            `json:"id"`
	Title    string            `json:"title"`
	Severity advisory.Severity `json:"severity"`
	Category Category          `json:"category"`
	Why      string            `json:"why"`
	Remedy   string            `json:"remedy"`
	// Page is where the rule is documented, below the project's root.
	Page  string   `json:"page"`
	Peers []string `json:"peers,omitempty"`
}

// Summary says of a rule what reports show.
func (r *Rule) Summary() RuleSummary {
	s := RuleSummary{ID: r.ID, Title: r.Title, Severity: r.Severity, Category: r.Category, Why: r.Why, Remedy: r.Remedy, Page: r.Page()}
	for _, p := range r.peers() {
		for _, id := range p.ids {
			s.Peers = append(s.Peers, p.tool+" "+id)
		}
	}
	return s
}

// Page is where the rule is documented.
func (r *Rule) Page() string { return "docs/lint-rules.md#" + r.ID }

type peer struct {
	tool string
	ids  []string
}

func (r *Rule) peers() []peer {
	return []peer{{"hadolint", r.Peers.Hadolint}, {"Trivy", r.Peers.Trivy}, {"dockle", r.Peers.Dockle}, {"docker build", r.Peers.BuildKit}}
}

// Add takes in what was found of one subject: what is below least is only counted.
func (r *Report) Add(s Subject, findings []Finding, least advisory.Severity, rules []Rule) {
	s.Findings, s.Counts = []Finding{}, map[string]int{}
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

func (r *Report) name(id string, rules []Rule) {
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
func (s *Subject) Worst() advisory.Severity {
	worst := advisory.Unknown
	for i := range s.Findings {
		if f := &s.Findings[i]; f.Suppressed == nil {
			worst = max(worst, f.Severity)
		}
	}
	return worst
}
