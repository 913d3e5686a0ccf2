package verify

import (
	"net/http"
	"strings"
)

// forbidden is the status of a credential that works and may not do this.
const forbidden = http.StatusForbidden

// checks is the table of requests.
func checks() []check {
	return append(forges(), append(services(), models()...)...)
}

func forges() []check {
	const (
		githubAPI = "https://api.github.com"
		gitlabAPI = "https://gitlab.com"
	)
	accept := func(sign func(*http.Request, *probe)) func(*http.Request, *probe) {
		return with(sign, "Accept", "application/vnd.github+json")
	}
	return []check{
		{
			provider: "github", rules: []string{"github-classic-token", "github-fine-grained-token", "github-oauth-token", "github-app-user-token"},
			source: "https://docs.github.com/en/rest/users/users#get-the-authenticated-user",
			base:   githubAPI, selfHosted: true, path: "/user", sign: accept(bearer),
		},
		{
			provider: "github", rules: []string{"github-app-installation-token"},
			source: "https://docs.github.com/en/rest/apps/installations#list-repositories-accessible-to-the-app-installation",
			base:   githubAPI, selfHosted: true, path: "/installation/repositories?per_page=1", sign: accept(bearer),
		},
		{
			provider: "gitlab", rules: []string{"gitlab-personal-access-token"},
			source: "https://docs.gitlab.com/api/personal_access_tokens/#get-details-on-a-personal-access-token",
			base:   gitlabAPI, selfHosted: true, path: "/api/v4/personal_access_tokens/self", sign: header("PRIVATE-TOKEN", ""),
		},
		{
			provider: "gitlab", rules: []string{"gitlab-ci-build-token"},
			source: "https://docs.gitlab.com/api/jobs/#get-job-tokens-job",
			base:   gitlabAPI, selfHosted: true, path: "/api/v4/job", sign: header("JOB-TOKEN", ""),
		},
		{
			provider: "gitea", rules: []string{"gitea-access-token"},
			source: "https://docs.gitea.com/development/api-usage",
			path:   "/api/v1/user", sign: header("Authorization", "token "), alive: []int{forbidden},
		},
		{
			provider: "npm", rules: []string{"npm-access-token", "npmrc-token"},
			source: "https://github.com/npm/registry/blob/main/docs/user/authentication.md",
			base:   "https://registry.npmjs.org", path: "/-/whoami", sign: bearer,
			fits: prefixed("it is not a token of registry.npmjs.org", "npm_"),
		},
		{
			provider: "rubygems", rules: []string{"rubygems-api-key"},
			source: "https://guides.rubygems.org/rubygems-org-api/#gem-methods",
			base:   "https://rubygems.org", path: "/api/v1/gems.json", sign: header("Authorization", ""),
		},
		{
			provider: "circleci", rules: []string{"circleci-token"},
			source: "https://circleci.com/docs/api/v2/index.html#operation/getCurrentUser",
			base:   "https://circleci.com", path: "/api/v2/me", sign: header("Circle-Token", ""),
			fits: prefixed("a project's token may not ask whose it is", "CCIPAT_"),
		},
		{
			provider: "buildkite", rules: []string{"buildkite-token"},
			source: "https://buildkite.com/docs/apis/rest-api/access-token",
			base:   "https://api.buildkite.com", path: "/v2/access-token", sign: bearer,
			fits: prefixed("only tokens of the API can be asked about", "bkua_"),
		},
		{
			provider: "terraform-cloud", rules: []string{"terraform-cloud-token"},
			source: "https://developer.hashicorp.com/terraform/cloud-docs/api-docs/account#get-your-account-details",
			base:   "https://app.terraform.io", selfHosted: true, path: "/api/v2/account/details", sign: bearer,
		},
		{
			provider: "pulumi", rules: []string{"pulumi-access-token"},
			source: "https://www.pulumi.com/docs/reference/cloud-rest-api/",
			base:   "https://api.pulumi.com", selfHosted: true, path: "/api/user", sign: with(header("Authorization", "token "), "Accept", "application/vnd.pulumi+8"),
		},
		{
			provider: "doppler", rules: []string{"doppler-token"},
			source: "https://docs.doppler.com/reference/auth-me",
			base:   "https://api.doppler.com", path: "/v3/me", sign: bearer,
		},
	}
}

func services() []check {
	return []check{
		{
			provider: "aws", rules: []string{"aws-secret-access-key", "aws-access-key-pair"},
			source: "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html",
			base:   "https://sts.amazonaws.com", method: http.MethodPost, path: "/", sign: signAWS, body: callerIdentity,
			fits: awsPair, related: []string{awsID, awsSession},
			verdict: func(status int, body []byte) State {
				if status == http.StatusOK && strings.Contains(string(body), "GetCallerIdentityResult") {
					return Active
				}
				return says(nil, []string{"InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken"})(status, body)
			},
		},
		{
			provider: "slack", rules: []string{"slack-bot-token", "slack-user-token"},
			source: "https://docs.slack.dev/reference/methods/auth.test",
			base:   "https://slack.com", method: http.MethodPost, path: "/api/auth.test", sign: bearer,
			verdict: okField("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"),
			fits:    prefixed("only tokens of bots and users can be asked about", "xoxb-", "xoxp-"),
		},
		{
			provider: "discord", rules: []string{"discord-bot-token"},
			source: "https://discord.com/developers/docs/resources/user#get-current-user",
			base:   "https://discord.com", path: "/api/v10/users/@me", sign: header("Authorization", "Bot "),
		},
		{
			provider: "discord", rules: []string{"discord-webhook"},
			source: "https://discord.com/developers/docs/resources/webhook#get-webhook-with-token",
			base:   "https://discord.com", path: "/api/v10/webhooks/{id}/{token}", sign: nothing,
			url:  func(p *probe) string { return p.base + "/api/v10/webhooks/" + p.value },
			fits: shaped(`[0-9]{17,20}/[0-9A-Za-z_-]{60,80}`, "it is not the part of a webhook's address that is asked about"), dead: []int{http.StatusNotFound},
		},
		{
			provider: "telegram", rules: []string{"telegram-bot-token", "telegram-bot-url"},
			source: "https://core.telegram.org/bots/api#getme",
			base:   "https://api.telegram.org", path: "/bot{token}/getMe", sign: nothing,
			url:     func(p *probe) string { return p.base + "/bot" + p.value + "/getMe" },
			fits:    shaped(`[0-9]{6,12}:[0-9A-Za-z_-]{30,50}`, "it is not the token of a bot"),
			verdict: okField(), dead: []int{http.StatusNotFound},
		},
		{
			provider: "stripe", rules: []string{"stripe-live-key", "stripe-test-key"},
			source: "https://docs.stripe.com/api/balance/balance_retrieve",
			base:   "https://api.stripe.com", path: "/v1/balance", sign: bearer, alive: []int{forbidden},
		},
		{
			provider: "sendgrid", rules: []string{"sendgrid-api-key"},
			source: "https://www.twilio.com/docs/sendgrid/api-reference/api-key-permissions/retrieve-a-list-of-scopes-for-which-this-user-has-access",
			base:   "https://api.sendgrid.com", path: "/v3/scopes", sign: bearer,
		},
		{
			provider: "mailgun", rules: []string{"mailgun-api-key", "mailgun-private-key"},
			source: "https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/domains",
			base:   "https://api.mailgun.net", selfHosted: true, path: "/v4/domains?limit=1",
			sign: func(r *http.Request, p *probe) { r.SetBasicAuth("api", p.value) },
		},
		{
			provider: "digitalocean", rules: []string{"digitalocean-token"},
			source: "https://docs.digitalocean.com/reference/api/reference/account/",
			base:   "https://api.digitalocean.com", path: "/v2/account", sign: bearer, alive: []int{forbidden},
			fits: prefixed("a token for renewal would be used up", "dop_v1_", "doo_v1_"),
		},
		{
			provider: "linode", rules: []string{"linode-token"},
			source: "https://techdocs.akamai.com/linode-api/reference/get-profile",
			base:   "https://api.linode.com", path: "/v4/profile", sign: bearer,
		},
		{
			provider: "hetzner", rules: []string{"hetzner-api-token"},
			source: "https://docs.hetzner.cloud/reference/cloud#locations-list-locations",
			base:   "https://api.hetzner.cloud", path: "/v1/locations?per_page=1", sign: bearer,
		},
		{
			provider: "cloudflare", rules: []string{"cloudflare-api-token"},
			source: "https://developers.cloudflare.com/api/resources/user/subresources/tokens/methods/verify/",
			base:   "https://api.cloudflare.com", path: "/client/v4/user/tokens/verify", sign: bearer,
			fits:    prefixed("only a user's token can be asked about without more", "cfut_"),
			verdict: says([]string{`"status":"active"`, `"status": "active"`}, []string{`"status":"disabled"`, `"status":"expired"`, `"status": "disabled"`, `"status": "expired"`}),
		},
		{
			provider: "fastly", rules: []string{"fastly-api-token"},
			source: "https://www.fastly.com/documentation/reference/api/auth-tokens/user/#get-token-current",
			base:   "https://api.fastly.com", path: "/tokens/self", sign: header("Fastly-Key", ""),
		},
		{
			provider: "heroku", rules: []string{"heroku-api-key", "heroku-legacy-api-key"},
			source: "https://devcenter.heroku.com/articles/platform-api-reference#account-info",
			base:   "https://api.heroku.com", path: "/account", sign: with(bearer, "Accept", "application/vnd.heroku+json; version=3"), alive: []int{forbidden},
		},
		{
			provider: "netlify", rules: []string{"netlify-token"},
			source: "https://open-api.netlify.com/#tag/user/operation/getCurrentUser",
			base:   "https://api.netlify.com", path: "/api/v1/user", sign: bearer,
		},
		{
			provider: "datadog", rules: []string{"datadog-key"},
			source: "https://docs.datadoghq.com/api/latest/authentication/#validate-api-key",
			// There are several sites, and a key is of one.
			base: "https://api.datadoghq.com", selfHosted: true, path: "/api/v1/validate", sign: header("DD-API-KEY", ""),
			fits: shaped(`[0-9a-f]{32}`, "an application key works beside an API key only"), dead: []int{forbidden},
		},
		{
			provider: "grafana", rules: []string{"grafana-service-account-token"},
			source: "https://grafana.com/docs/grafana/latest/developers/http_api/authentication/",
			path:   "/api/org", sign: bearer, alive: []int{forbidden},
		},
		{
			provider: "postman", rules: []string{"postman-api-key"},
			source: "https://learning.postman.com/docs/developer/postman-api/authentication/",
			base:   "https://api.getpostman.com", path: "/me", sign: header("X-API-Key", ""),
		},
		{
			provider: "airtable", rules: []string{"airtable-token"},
			source: "https://airtable.com/developers/web/api/get-user-id-scopes",
			base:   "https://api.airtable.com", path: "/v0/meta/whoami", sign: bearer,
		},
		{
			provider: "notion", rules: []string{"notion-token", "notion-legacy-token"},
			source: "https://developers.notion.com/reference/get-self",
			base:   "https://api.notion.com", path: "/v1/users/me", sign: with(bearer, "Notion-Version", "2022-06-28"), alive: []int{forbidden},
		},
		{
			provider: "asana", rules: []string{"asana-token"},
			source: "https://developers.asana.com/reference/getuser",
			base:   "https://app.asana.com", path: "/api/1.0/users/me", sign: bearer, alive: []int{forbidden},
		},
	}
}

func models() []check {
	// A key whose rights don't reach so far is told apart from a country that is
	// not served, which has the same status.
	openAI := says([]string{`"object": "list"`, `"object":"list"`, "insufficient permissions", "Missing scopes"}, nil)
	anthropic := func(path, source string, rules ...string) check {
		return check{
			provider: "anthropic", rules: rules, source: source, base: "https://api.anthropic.com", path: path,
			sign: with(header("x-api-key", ""), "anthropic-version", "2023-06-01"),
		}
	}
	return []check{
		{
			provider: "openai", rules: []string{"openai-api-key"},
			source: "https://platform.openai.com/docs/api-reference/models/list",
			base:   "https://api.openai.com", path: "/v1/models", sign: bearer, verdict: openAI,
			fits: func(p *probe) string {
				if strings.HasPrefix(p.value, "sk-admin-") {
					return "an administrator's key lists no models"
				}
				return ""
			},
		},
		{
			provider: "openai", rules: []string{"openai-admin-key"},
			source: "https://platform.openai.com/docs/api-reference/projects/list",
			base:   "https://api.openai.com", path: "/v1/organization/projects?limit=1", sign: bearer, verdict: openAI,
		},
		anthropic("/v1/models", "https://docs.anthropic.com/en/api/models-list", "anthropic-api-key"),
		anthropic("/v1/organizations/me", "https://platform.claude.com/docs/en/api/admin/organizations/me", "anthropic-admin-key"),
		{
			provider: "hugging-face", rules: []string{"hugging-face-token", "hugging-face-organization-token"},
			source: "https://huggingface.co/docs/hub/api#user",
			base:   "https://huggingface.co", path: "/api/whoami-v2", sign: bearer,
		},
		{
			provider: "replicate", rules: []string{"replicate-token"},
			source: "https://replicate.com/docs/reference/http#account.get",
			base:   "https://api.replicate.com", path: "/v1/account", sign: bearer,
		},
		{
			provider: "groq", rules: []string{"groq-api-key"},
			source: "https://console.groq.com/docs/api-reference#models-list",
			base:   "https://api.groq.com", path: "/openai/v1/models", sign: bearer,
		},
		{
			provider: "openrouter", rules: []string{"openrouter-api-key"},
			source: "https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key",
			base:   "https://openrouter.ai", path: "/api/v1/key", sign: bearer,
		},
		{
			provider: "mistral", rules: []string{"mistral-api-key"},
			source: "https://docs.mistral.ai/api/#tag/models",
			base:   "https://api.mistral.ai", path: "/v1/models", sign: bearer,
		},
		{
			provider: "deepseek", rules: []string{"deepseek-api-key"},
			source: "https://api-docs.deepseek.com/api/list-models",
			base:   "https://api.deepseek.com", path: "/models", sign: bearer,
		},
	}
}

// reason is why some rules have no check.
type reason struct {
	rules  []string
	reason string
}

func reasons() []reason {
	return []reason{
		{[]string{"pypi-upload-token"}, "a token can upload and nothing else"},
		{[]string{"github-refresh-token", "anthropic-refresh-token", "google-oauth-refresh-token"}, "a token for renewal would be used up"},
		{[]string{"docker-hub-token"}, "a login needs the account's name, and hands out another token"},
		{[]string{"gitlab-deploy-token", "twilio-secret", "bitbucket-app-password", "atlassian-api-token"}, "it works beside an account's name only"},
		{[]string{"aws-access-key-id"}, "the identifier alone proves nothing"},
		{[]string{"vault-token"}, "each look-up would count against its number of uses"},
		{[]string{"slack-webhook", "microsoft-teams-webhook", "google-chat-webhook", "mattermost-webhook"}, "a webhook answers to messages only"},
		{[]string{"shopify-admin-token", "zendesk-api-token", "okta-api-token", "databricks-token"}, "its shop or instance is not known"},
		{[]string{"generic-password", "generic-secret"}, "what it opens is not known"},
		{[]string{"private-key", "ssh-private-key", "pgp-private-key"}, "what trusts its public half is not known"},
	}
}
