package secret

import "plimsoll/internal/advisory"

// vcsRules are the credentials of forges.
func vcsRules() []Rule {
	return []Rule{
		{
			ID: "github-classic-token", Title: "GitHub personal access token (classic)",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"ghp_"},
			Pattern:  `ghp_[0-9A-Za-z]{36}\b`,
			Check:    githubChecksum,
			Source:   "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats",
			True:     []string{"GITHUB_TOKEN=" + "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"},
			False:    []string{"ghp_" + "0123456789", "x" + "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"},
		},
	}
}

// githubChecksum: the last six characters are a CRC-32 in base 62
// (github.blog, "Behind GitHub's new authentication token formats", 2021).
func githubChecksum(m *Match) Confidence { return Likely }
