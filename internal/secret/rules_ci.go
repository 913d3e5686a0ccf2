package secret

import (
	"bytes"

	"plimsoll/internal/advisory"
)

// ciRules are the credentials of build services and of what judges code in builds.
func ciRules() []Rule {
	return append(buildRules(), qualityRules()...)
}

func buildRules() []Rule {
	return []Rule{
		{
			ID: "circleci-token", Title: "CircleCI API token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"CCIPAT_", "CCIPRJ_"}, Bound: true,
			Pattern: `(CCIP(?:AT|RJ)_[1-9A-HJ-NP-Za-km-z]{20,22}_[0-9a-f]{40})` + tokenEnd,
			Source:  "https://circleci.com/changelog/new-format-for-api-access-tokens/",
			True:    []string{"CIRCLE_TOKEN=CCIPAT_" + made(base58, 22) + "_" + made(lowerHex, 40)},
			False:   []string{"CCIPAT_" + made(base58, 22) + "_" + made(lowerHex, 20)},
		},
		{
			ID: "circleci-legacy-token", Title: "CircleCI API token (unprefixed)",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"circleci", "circle_token", "circle-token"}, Fold: true,
			Find: named(lowerHex, 40, 40), Before: 2 * namedBefore, After: namedAfter,
			Entropy: 3, Check: mixed, Allowed: badgeToken,
			Source: "https://circleci.com/changelog/new-format-for-api-access-tokens/",
			True:   []string{"CIRCLECI_TOKEN=" + made(lowerHex, 40), "Circle-Token: " + made(lowerHex, 40)},
			False: []string{
				"circleci_sha1=" + made(lowerHex, 40),
				"https://circleci.com/gh/o/r.svg?style=svg&circle-token=" + made(lowerHex, 40),
			},
		},
		{
			ID: "buildkite-token", Title: "Buildkite token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{
				"bkua_", "bkur_", "bktx_", "bkaa_", "bkar_", "bkct_", "bkcqt_", "bkaj_", "bkjat_",
				"bkpt_", "bkrt_", "bktr_", "bkat_", "bkpat_", "bkps_",
			}, Bound: true,
			Pattern: `(bk(?:u[ar]|tx|a[ajrt]|ct|cqt|jat|p[ts]|r?t|rt|tr|pat)_[0-9A-Za-z_.-]{38,})`,
			After:   2 << 10,
			Entropy: 3, Check: mixed,
			Source: "https://buildkite.com/docs/platform/security/tokens; all prefixes: https://github.com/buildkite/agent/blob/main/internal/redact/redact.go",
			True:   []string{"BUILDKITE_API_TOKEN=bkua_" + made(lowerHex, 40), "bkct_" + made(base62, 8) + "." + made(base58, 60)},
			False:  []string{"bkua_" + made(lowerHex, 20), "bkzz_" + made(lowerHex, 40)},
		},
		{
			ID: "travis-ci-token", Title: "Travis CI access token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"travis"}, Fold: true,
			Find: namedAs([]string{"token", "api_key"}, base64URL, 20, 22), Before: namedBefore, After: namedAfter,
			Entropy: 3.5, Check: mixed,
			Source: "https://developer.travis-ci.com/authentication; the length is that of the examples",
			True:   []string{"TRAVIS_API_TOKEN=" + made(base64URL, 22)},
			False:  []string{"travis_build=" + made(base64URL, 22), "TRAVIS_TOKEN=secure"},
		},
		{
			ID: "drone-token", Title: "Drone or Woodpecker token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"drone_", "woodpecker_"}, Fold: true,
			Find: namedAs([]string{"token", "rpc_secret", "agent_secret"}, base62, 32, 64), Before: namedBefore, After: namedAfter,
			Entropy: 3, Check: mixed,
			Source: "https://docs.drone.io/cli/configure/; https://docs.drone.io/server/reference/drone-rpc-secret/",
			True:   []string{"DRONE_TOKEN=" + made(base62, 32), "DRONE_RPC_SECRET=" + made(lowerHex, 32)},
			False:  []string{"drone_commit=" + made(lowerHex, 40)},
		},
		{
			ID: "jenkins-api-token", Title: "Jenkins API token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"jenkins"}, Fold: true,
			Find: named(lowerHex, 34, 34), Before: namedBefore, After: namedAfter,
			Entropy: 3,
			Check:   jenkinsToken,
			Source:  "https://www.jenkins.io/blog/2018/07/02/new-api-token-system/; a version in two digits and 128 bits in hexadecimal",
			True:    []string{"JENKINS_API_TOKEN=11" + made(lowerHex, 32)},
			False:   []string{"JENKINS_TOKEN=" + made(lowerHex[10:], 34), "jenkins_sha=11" + made(lowerHex, 32)},
		},
		{
			ID: "teamcity-token", Title: "TeamCity access token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"eyJ0eXAiOiAiVENWMiJ9."}, Bound: true,
			Pattern: `(eyJ0eXAiOiAiVENWMiJ9\.[0-9A-Za-z_-]{36}\.[0-9A-Za-z_-]{48})` + tokenEnd,
			Source:  "https://www.jetbrains.com/help/teamcity/rest/teamcity-rest-api-documentation.html#authentication; the header {\"typ\": \"TCV2\"} is known from practice",
			True:    []string{"Authorization: Bearer eyJ0eXAiOiAiVENWMiJ9." + made(base64URL, 36) + "." + made(base64URL, 48)},
			False:   []string{"eyJ0eXAiOiAiVENWMiJ9." + made(base64URL, 20)},
		},
		{
			ID: "harness-token", Title: "Harness personal or service account token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"pat.", "sat."},
			Pattern:  `([ps]at\.[0-9A-Za-z_-]{22}\.[0-9a-f]{24}\.[0-9A-Za-z]{20})` + tokenEnd,
			Source:   "https://developer.harness.io/docs/platform/automation/api/add-and-manage-api-keys/; the lengths are those of the examples",
			True:     []string{"x-api-key: pat." + made(base62, 22) + "." + made(lowerHex, 24) + "." + made(base62, 20)},
			False:    []string{"pat." + made(base62, 22) + "." + made(lowerHex, 10)},
		},
		{
			ID: "octopus-api-key", Title: "Octopus Deploy API key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"API-"},
			Pattern:  `(API-[0-9A-Z]{25,36})` + tokenEnd,
			Entropy:  3.5, Check: mixed,
			Source: "https://octopus.com/docs/octopus-rest-api/how-to-create-an-api-key; the length is known from practice",
			True:   []string{"octopus push --apiKey API-" + made(upper36, 30)},
			False:  []string{"API-REFERENCE", "API-" + made(upper36, 20)},
		},
		{
			ID: "appveyor-token", Title: "AppVeyor API token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"appveyor"}, Fold: true,
			Find: namedAs([]string{"token", "api_key"}, base62+".", 20, 23), Before: namedBefore, After: namedAfter,
			Entropy: 3.5, Check: mixed,
			Source: "https://www.appveyor.com/docs/api/#authentication",
			True:   []string{"APPVEYOR_TOKEN=v2." + made(base36, 20)},
			False:  []string{"appveyor_build=v2." + made(base36, 20)},
		},
	}
}

// badgeToken: the token of a status badge opens the badge alone, and stands in
// what everyone reads (https://circleci.com/docs/guides/insights/status-badges/).
func badgeToken(m *Match) bool {
	return bytes.Contains(m.Bytes[:m.Span.NameStart], []byte(".svg?"))
}

// jenkinsToken: a token begins with the version of its scheme.
func jenkinsToken(m *Match) Confidence {
	if string(m.Value[:2]) == "11" {
		return mixed(m)
	}
	return Rejected
}

func qualityRules() []Rule {
	return []Rule{
		{
			ID: "sonarqube-token", Title: "SonarQube token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"squ_", "sqp_", "sqa_"},
			Pattern:  `(sq[upa]_[0-9a-f]{40})` + tokenEnd,
			Source:   "https://docs.sonarsource.com/sonarqube-server/user-guide/managing-tokens/; the shape is that of SonarQube's generator, https://github.com/SonarSource/sonarqube",
			True:     []string{"sonar.token=squ_" + made(lowerHex, 40)},
			False:    []string{"squ_" + made(lowerHex, 39)},
		},
		{
			ID: "sonarcloud-token", Title: "SonarQube Cloud token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"sonar"}, Fold: true,
			Find: namedAs([]string{"token", "sonar.login", "sonar_login"}, lowerHex, 40, 40), Before: namedBefore, After: namedAfter,
			Entropy: 3, Check: mixed,
			Source: "https://docs.sonarsource.com/sonarqube-cloud/managing-your-account/managing-tokens/; twenty bytes in hexadecimal, as of SonarQube's older tokens",
			True:   []string{"SONAR_TOKEN=" + made(lowerHex, 40), "-Dsonar.login=" + made(lowerHex, 40)},
			False:  []string{"sonar.scm.revision=" + made(lowerHex, 40)},
		},
		{
			ID: "codecov-token", Title: "Codecov upload token",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"codecov"}, Fold: true,
			Find: namedAs([]string{"token"}, uuidLetters, 36, 36), Before: namedBefore, After: namedAfter,
			Check:  uuidShape,
			Source: "https://docs.codecov.com/docs/codecov-tokens",
			True:   []string{"CODECOV_TOKEN=" + madeUUID()},
			False:  []string{"codecov_id=" + madeUUID(), "CODECOV_TOKEN=$CODECOV_TOKEN"},
		},
		{
			ID: "snyk-token", Title: "Snyk API token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"snyk"}, Fold: true,
			Find: namedAs([]string{"token", "api_key", "apikey"}, uuidLetters, 36, 36), Before: namedBefore, After: namedAfter,
			Check:  uuidShape,
			Source: "https://docs.snyk.io/developer-tools/snyk-api/authentication-for-api",
			True:   []string{"SNYK_TOKEN=" + madeUUID()},
			False:  []string{"SNYK_ORG_ID=" + madeUUID()},
		},
		{
			ID: "codacy-token", Title: "Codacy API token",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"codacy"}, Fold: true,
			Find: namedAs([]string{"token"}, base62, 20, 32), Before: namedBefore, After: namedAfter,
			Entropy: 3, Check: mixed,
			Source: "https://docs.codacy.com/codacy-api/api-tokens/; the lengths are known from practice",
			True:   []string{"CODACY_PROJECT_TOKEN=" + made(lowerHex, 32)},
			False:  []string{"codacy_commit=" + made(lowerHex, 32)},
		},
	}
}
