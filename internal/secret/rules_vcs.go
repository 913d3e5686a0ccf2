package secret

import (
	"bytes"
	"encoding/base64"

	"plimsoll/internal/advisory"
)

// vcsRules are the credentials of forges and of what reads their repositories.
func vcsRules() []Rule {
	rules := append(githubRules(), gitlabRules()...)
	return append(append(rules, atlassianRules()...), forgeRules()...)
}

const githubFormats = "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats; " +
	"the checksum: https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/"

func githubRules() []Rule {
	return []Rule{
		{
			ID: "github-classic-token", Title: "GitHub personal access token (classic)",
			Severity: advisory.Critical, Confidence: Certain,
			Keywords: []string{"ghp_"},
			Pattern:  `(ghp_[0-9A-Za-z]{36})` + tokenEnd,
			Check:    checkedCRC62("ghp_"),
			Source:   githubFormats,
			True:     []string{"GITHUB_TOKEN=" + withCRC62("ghp_", made(base62, 30))},
			False:    []string{"ghp_0123456789", "x" + withCRC62("ghp_", made(base62, 30)), "ghp_" + made(base62, 36)},
		},
		{
			ID: "github-fine-grained-token", Title: "GitHub personal access token (fine-grained)",
			Severity: advisory.Critical, Confidence: Certain,
			Keywords: []string{"github_pat_"}, Bound: true,
			Pattern: `(github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59})` + tokenEnd,
			Check:   fineGrainedChecksum,
			Source: "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats; " +
				"the checksum is known from practice: https://github.com/mongodb/kingfisher/pull/342",
			True:  []string{`{"token": "` + madeFineGrained() + `"}`},
			False: []string{"github_pat_" + made(base62, 22) + "_" + made(base62, 20)},
		},
		{
			ID: "github-oauth-token", Title: "GitHub OAuth access token",
			Severity: advisory.Critical, Confidence: Certain,
			Keywords: []string{"gho_"},
			Pattern:  `(gho_[0-9A-Za-z]{36})` + tokenEnd,
			Check:    checkedCRC62("gho_"),
			Source:   githubFormats,
			True:     []string{"oauth_token: " + withCRC62("gho_", made(base62, 30))},
			False:    []string{"gho_" + made(base62, 36)},
		},
		{
			ID: "github-app-user-token", Title: "GitHub App user access token",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{"ghu_"},
			Pattern:  `(ghu_[0-9A-Za-z]{36})` + tokenEnd,
			Check:    checkedCRC62("ghu_"),
			Source:   githubFormats,
			True:     []string{"https://x-access-token:" + withCRC62("ghu_", made(base62, 30)) + "@github.com/o/r.git"},
			False:    []string{"ghu_" + made(base62, 36)},
		},
		{
			// It lives for an hour, or for a job.
			ID: "github-app-installation-token", Title: "GitHub App installation access token",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"ghs_"},
			Pattern:  `(ghs_(?:[0-9A-Za-z]{36}|[0-9]{1,12}_eyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{40,}))` + tokenEnd,
			After:    2 << 10,
			Check:    installationToken,
			Source:   githubFormats,
			True: []string{
				"token=" + withCRC62("ghs_", made(base62, 30)),
				"token=ghs_123456_eyJ" + made(base64URL, 33) + ".eyJ" + made(base64URL, 120) + "." + made(base64URL, 342),
			},
			False: []string{"ghs_" + made(base62, 35)},
		},
		{
			ID: "github-refresh-token", Title: "GitHub App refresh token",
			Severity: advisory.Critical, Confidence: Certain,
			Keywords: []string{"ghr_"},
			Pattern:  `(ghr_(?:[0-9A-Za-z]{76}|[0-9A-Za-z]{36}))` + tokenEnd,
			Check:    checkedCRC62("ghr_"),
			Source:   githubFormats,
			True:     []string{`"refresh_token":"` + withCRC62("ghr_", made(base62, 70)) + `"`},
			False:    []string{"ghr_" + made(base62, 76)},
		},
	}
}

func madeFineGrained() string {
	text := "github_pat_11" + made(base32Std, 8) + "0" + made(base62, 11) + "_" + made(base62, 43)
	return text + fineGrainedMark(text) + made(base62, 8)
}

// installationToken: the short form carries a checksum, the long one is a signed JWT.
func installationToken(m *Match) Confidence {
	switch {
	case endsInCRC62(m.Value, "ghs_"):
		return Certain
	case bytes.Contains(m.Value, []byte("_eyJ")):
		return Likely
	}
	return Possible
}

// gitlabRules are GitLab's tokens, which tell their kinds apart by prefixes. Any
// of them may be routable: a payload that names the cell and the owner, a version,
// the payload's length and a checksum.
func gitlabRules() []Rule {
	const legacy = `[0-9A-Za-z_-]{20}`
	kinds := []struct {
		id, title, prefix, body, sample string
		severity                        advisory.Severity
	}{
		{"gitlab-personal-access-token", "GitLab personal, project or group access token", "glpat-", legacy, made(base64URL, 20), advisory.Critical},
		{"gitlab-deploy-token", "GitLab deploy token", "gldt-", legacy, made(base64URL, 20), advisory.High},
		{"gitlab-runner-token", "GitLab runner authentication token", "glrt-", `(?:t[1-3]_)?` + legacy, "t1_" + made(base64URL, 20), advisory.High},
		{"gitlab-runner-registration-token", "GitLab runner registration token", "glrtr-", legacy, made(base64URL, 20), advisory.High},
		{"gitlab-ci-build-token", "GitLab CI/CD job token", "glcbt-", `(?:[0-9a-f]{1,5}_)?` + legacy, "64_" + made(base64URL, 20), advisory.Medium},
		{"gitlab-trigger-token", "GitLab pipeline trigger token", "glptt-", `(?:[0-9a-f]{40}|` + legacy + `)`, made(lowerHex, 40), advisory.High},
		{"gitlab-feed-token", "GitLab feed token", "glft-", `(?:[0-9a-f]{64}-[0-9]+|` + legacy + `)`, made(base64URL, 20), advisory.Medium},
		{"gitlab-incoming-mail-token", "GitLab incoming mail token", "glimt-", `[0-9a-z]{25}`, made(base36, 25), advisory.Medium},
		{"gitlab-agent-token", "GitLab agent for Kubernetes token", "glagent-", `[0-9A-Za-z_-]{50}`, made(base64URL, 50), advisory.High},
		{"gitlab-oauth-secret", "GitLab OAuth application secret", "gloas-", `[0-9a-f]{64}`, made(lowerHex, 64), advisory.High},
		{"gitlab-scim-token", "GitLab SCIM token", "glsoat-", legacy, made(base64URL, 20), advisory.High},
		{"gitlab-feature-flags-token", "GitLab feature flags client token", "glffct-", legacy, made(base64URL, 20), advisory.Low},
		{"gitlab-workspace-token", "GitLab workspace token", "glwt-", legacy, made(base64URL, 20), advisory.High},
	}
	var rules []Rule
	for _, k := range kinds {
		rules = append(rules, Rule{
			ID: k.id, Title: k.title, Severity: k.severity, Confidence: Likely,
			// An instance may set letters of its own before the prefix.
			Keywords: []string{k.prefix},
			Pattern:  "(" + k.prefix + `(?:[0-9A-Za-z_-]{27,}\.(?:[0-9a-z]{2}\.)?[0-9a-z]{9}|` + k.body + `))` + tokenEnd,
			After:    340,
			Check:    gitlabStructure,
			Source: "https://docs.gitlab.com/security/tokens/#token-prefixes; routable tokens: " +
				"https://handbook.gitlab.com/handbook/engineering/architecture/design-documents/cells/routable_tokens/",
			True:  []string{"TOKEN=" + k.prefix + k.sample, "acme" + k.prefix + k.sample, `"token": "` + gitlabRoutable(k.prefix) + `",`},
			False: []string{k.prefix + "xxxx", k.prefix + made(base64URL, 400)},
		})
	}
	return append(rules, Rule{
		ID: "gitlab-legacy-runner-token", Title: "GitLab runner registration token (legacy)",
		Severity: advisory.High, Confidence: Likely,
		Keywords: []string{"GR1348941"}, Bound: true,
		Pattern: `(GR1348941[0-9A-Za-z_-]{20})` + tokenEnd,
		Source:  "https://docs.gitlab.com/security/tokens/#token-prefixes",
		True:    []string{`registration_token = "GR1348941` + made(base64URL, 20) + `"`},
		False:   []string{"GR1348941" + made(base64URL, 12)},
	})
}

// atlassianRules: prefixes are confirmed by Atlassian's staff
// (https://community.atlassian.com/forums/Bitbucket-questions/Can-we-confirm-BitBucket-s-token-prefixes/qaq-p/3093481),
// their checksum is known from practice.
func atlassianRules() []Rule {
	const staff = "https://community.atlassian.com/forums/Bitbucket-questions/Can-we-confirm-BitBucket-s-token-prefixes/qaq-p/3093481; the checksum is known from practice"
	return []Rule{
		{
			ID: "atlassian-api-token", Title: "Atlassian API token",
			Severity: advisory.Critical, Confidence: Certain,
			Keywords: []string{"ATATT3"}, Bound: true,
			Pattern: `(ATATT3[0-9A-Za-z_-]{80,}(?:=|%3[Dd])[0-9A-Fa-f]{8})` + tokenEnd,
			After:   900,
			Check:   atlassianChecksum,
			Source:  staff,
			True:    []string{"JIRA_API_TOKEN=" + withCRCHex("ATATT3xFfGF0"+made(base64URL, 171)+"=")},
			False:   []string{"ATATT3xFfGF0" + made(base64URL, 40) + "=01234567"},
		},
		{
			ID: "bitbucket-access-token", Title: "Bitbucket repository, project or workspace access token",
			Severity: advisory.Critical, Confidence: Certain,
			Keywords: []string{"ATCTT3"}, Bound: true,
			Pattern: `(ATCTT3[0-9A-Za-z_-]{80,}(?:=|%3[Dd])[0-9A-Fa-f]{8})` + tokenEnd,
			After:   900,
			Check:   atlassianChecksum,
			Source:  staff,
			True:    []string{"https://x-token-auth:" + withCRCHex("ATCTT3xFfGN0"+made(base64URL, 171)+"=") + "@bitbucket.org/o/r.git"},
			False:   []string{"ATCTT3xFfGN0" + made(base64URL, 40) + "=01234567"},
		},
		{
			ID: "bitbucket-app-password", Title: "Bitbucket app password",
			Severity: advisory.Critical, Confidence: Certain,
			Keywords: []string{"ATBB"},
			Pattern:  `(ATBB[0-9A-Za-z]{24}[0-9A-F]{8})` + tokenEnd,
			Check:    atlassianChecksum,
			Source:   staff,
			True:     []string{"https://user:" + withCRCHex("ATBB"+made(base62, 24)) + "@bitbucket.org/o/r.git"},
			False:    []string{"ATBB" + made(base62, 20)},
		},
		{
			ID: "bitbucket-data-center-token", Title: "Bitbucket Data Center HTTP access token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"BBDC-"}, Bound: true,
			Pattern: `(BBDC-[0-9A-Za-z+/]{44})(?:[^0-9A-Za-z+/=]|\z)`,
			Check:   dataCenterToken,
			Source:  "https://confluence.atlassian.com/bitbucketserver/http-access-tokens-939515499.html; what it decodes to is known from practice",
			True:    []string{"Authorization: Bearer BBDC-" + base64.StdEncoding.EncodeToString([]byte("482910573316:"+made(base62, 20)))},
			False:   []string{"BBDC-" + made(base64Std, 30), "BBDC-" + made(base64Std, 44)},
		},
	}
}

// dataCenterToken: the token is the base 64 of a number, a colon and random bytes.
func dataCenterToken(m *Match) Confidence {
	b, err := base64.StdEncoding.DecodeString(string(m.Value[len("BBDC-"):]))
	if err != nil {
		return Rejected
	}
	number, _, ok := bytes.Cut(b, []byte(":"))
	if !ok || len(number) < 6 || len(bytes.Trim(number, decimal)) > 0 {
		return Rejected
	}
	return Likely
}

func forgeRules() []Rule {
	return []Rule{
		{
			ID: "sourcegraph-access-token", Title: "Sourcegraph access token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"sgp_", "sgph_"}, Bound: true,
			Pattern: `(sgph?_(?:[0-9A-Za-z]{1,32}_)?[0-9A-Fa-f]{40})` + tokenEnd,
			Source:  "https://sourcegraph.com/docs/cli/how-tos/creating-an-access-token; the shape is that of Sourcegraph's validator, https://github.com/sourcegraph/src-cli/pull/1202",
			True:    []string{"SRC_ACCESS_TOKEN=sgp_" + made(lowerHex, 16) + "_" + made(lowerHex, 40), "sgp_" + made(lowerHex, 40)},
			False:   []string{"sgp_" + made(lowerHex, 39), "sgp_" + made(lowerHex, 41)},
		},
		{
			ID: "gitea-access-token", Title: "Gitea or Forgejo access token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"gitea", "forgejo"}, Fold: true,
			Find: named(lowerHex, 40, 40), Before: namedBefore, After: namedAfter,
			Entropy: 3, Check: mixed,
			Source: "https://docs.gitea.com/development/api-usage; twenty random bytes in hexadecimal, as the API's examples show",
			True:   []string{"GITEA_TOKEN=" + made(lowerHex, 40), `forgejo_api_key: "` + made(lowerHex, 40) + `"`},
			False:  []string{"gitea " + made(lowerHex, 40), "GITEA_COMMIT=" + made(lowerHex, 40), "GITEA_TOKEN=$GITEA_TOKEN"},
		},
		{
			ID: "gerrit-http-password", Title: "Gerrit HTTP password",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"gerrit"}, Fold: true,
			Find:   namedAs([]string{"password", "passwd", "http_pass", "token"}, base64Std, 40, 44),
			Before: namedBefore, After: namedAfter,
			Entropy: 4, Check: mixed,
			Source: "https://gerrit-review.googlesource.com/Documentation/user-upload.html#http; a generated password is 31 random bytes in base 64",
			True:   []string{"GERRIT_HTTP_PASSWORD=" + made(base64Std, 42)},
			False:  []string{"gerrit_password: changeme", "GERRIT_CHANGE_ID=" + made(base64Std, 42)},
		},
		{
			ID: "git-cookie", Title: "Cookie of a Git server in .gitcookies",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{".googlesource.com\t"},
			Pattern:  `\.googlesource\.com\t(?:TRUE|FALSE)\t/\t(?:TRUE|FALSE)\t\d+\to\t(?P<secret>(?P<name>git-[^=\s]{1,80})=[0-9A-Za-z_/.-]{30,})`,
			Source:   "https://gerrit.googlesource.com/gcompute-tools/; the cookie file's format, https://curl.se/docs/http-cookies.html",
			True:     []string{".googlesource.com\tTRUE\t/\tTRUE\t2147483647\to\tgit-user.example.org=1//0" + made(base64URL, 60)},
			False:    []string{".googlesource.com\tTRUE\t/\tTRUE\t0\to\tgit-user=x"},
		},
	}
}
