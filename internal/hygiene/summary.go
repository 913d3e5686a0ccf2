package hygiene

import "plimsoll/internal/advisory"

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
