package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
)

// serviceRules are the credentials of mail, monitoring and other services.
func serviceRules() []Rule {
	return slices.Concat(mailRules(), monitoringRules(), workRules(), audienceRules())
}

const (
	// practice marks a shape that the provider's pages do not spell out.
	practice    = "known from practice; "
	uuidPattern = `[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`
)

// mailRules send mail and messages in a company's name.
func mailRules() []Rule {
	return []Rule{
		prefixed("sendgrid-api-key", "SendGrid API key", advisory.High, []string{"SG."}, `SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}`,
			practice+"https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys", "SG."+made(base64URL, 22)+"."+made(base64URL, 43)),
		namedKey("twilio-secret", "Twilio auth token or API secret", advisory.High, []string{"twilio"}, base62, 32, 32, "https://www.twilio.com/docs/iam/api-keys; https://www.twilio.com/docs/usage/requests-to-twilio"),
		assignedTo("mailgun-api-key", "Mailgun API key", advisory.High, []string{"mailgun", "mg_api"}, `(?:key-[0-9a-f]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})`,
			practice+"https://documentation.mailgun.com/docs/mailgun/api-reference/mg-auth", made(lowerHex, 32)+"-"+made(lowerHex, 8)+"-"+made("0123456789abcdef", 8)),
		beside([]string{"mailgun"}, prefixed("mailgun-private-key", "Mailgun API key (prefixed)", advisory.High, []string{"key-"}, `key-[0-9a-f]{32}`,
			practice+"https://documentation.mailgun.com/docs/mailgun/api-reference/mg-auth", "key-"+made(lowerHex, 32))),
		{
			ID: "mailchimp-api-key", Title: "Mailchimp API key", Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"mailchimp"}, Fold: true, Before: 400, After: 400, Apart: true, Pattern: `\b([0-9a-f]{32}-us[0-9]{1,2})\b`, Entropy: 3, Opaque: true,
			Source: "https://mailchimp.com/developer/marketing/docs/fundamentals/#api-structure",
			True:   []string{"MAILCHIMP_API_KEY=" + made(lowerHex, 32) + "-us14\n", "key = '" + made(lowerHex, 32) + "-us6'  # mailchimp"},
			False:  []string{"key = " + made(lowerHex, 32) + "-us14", "mailchimp " + made(lowerHex, 32), "mailchimp = " + strings.Repeat("0", 32) + "-us1"},
		},
		prefixed("mandrill-api-key", "Mailchimp Transactional API key", advisory.High, []string{"md-"}, `md-[0-9A-Za-z_-]{22}`,
			practice+"https://mailchimp.com/developer/transactional/docs/fundamentals/", "md-"+made(base64URL, 22)),
		assignedTo("postmark-server-token", "Postmark server token", advisory.High, []string{"postmark"}, uuidPattern, "https://postmarkapp.com/developer/api/overview#authentication", madeUUID()),
		prefixed("brevo-api-key", "Brevo API or SMTP key", advisory.High, []string{"xkeysib-", "xsmtpsib-"}, `x(?:key|smtp)sib-[0-9a-f]{64}-[0-9A-Za-z]{16}`,
			practice+"https://developers.brevo.com/docs/getting-started", "xkeysib-"+made(lowerHex, 64)+"-"+made(base62, 16)),
		prefixed("resend-api-key", "Resend API key", advisory.High, []string{"re_"}, `re_[0-9A-Za-z]{8}_[0-9A-Za-z]{20,26}`, practice+"https://resend.com/docs/api-reference/introduction", "re_"+made(base62, 8)+"_"+made(base62, 24)),
		namedKey("sparkpost-api-key", "SparkPost API key", advisory.High, []string{"sparkpost"}, lowerHex, 40, 40, practice+"https://developers.sparkpost.com/api/"),
		namedKey("mailjet-secret", "Mailjet secret key", advisory.High, []string{"mailjet"}, lowerHex, 32, 32, practice+"https://dev.mailjet.com/email/guides/"),
		prefixed("onesignal-api-key", "OneSignal API key", advisory.Medium, []string{"os_v2_app_", "os_v2_org_"}, `os_v2_(?:app|org)_[0-9a-z]{80,110}`, practice+"https://documentation.onesignal.com/docs/keys-and-ids", "os_v2_app_"+made(base36, 103)),
	}
}

// monitoringRules read or falsify what a company knows of its own systems.
func monitoringRules() []Rule {
	const sentry = "https://docs.sentry.io/security-legal-pii/security/token-formats/"
	const newRelic = practice + "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/"
	const grafana = "https://grafana.com/docs/grafana/latest/administration/service-accounts/; "
	organization := "sntrys_" + encoded(`{"iat":1712345678.9,"url":"https://sentry.io","region_url":"https://us.sentry.io","org":"acme"}`) + "_" + made(base62, 43)
	cloud := "glc_" + encoded(`{"o":"482910","n":"stack-ci","k":"`+made(base62, 24)+`","m":{"r":"eu"}}`)
	dynatrace := "dt0c01." + made(base32Std, 24) + "." + made(base32Std, 64)
	elasticText := regexp.MustCompile(`\A[\w-]{20}:[\w-]{22}\z`)
	elastic := encoded(made(base64URL, 20) + ":" + made(base62, 22))
	return []Rule{
		proven(checkGrafana, prefixed("grafana-service-account-token", "Grafana service account token", advisory.High, []string{"glsa_"}, `glsa_[0-9A-Za-z]{32}_[0-9a-f]{8}`,
			grafana+"the checksum: pkg/components/satokengen of Grafana", madeGrafana())),
		proven(func(m *Match) Confidence { return rejectedIf(m, !jsonPayload(m.Value, "glc_", "o", "k")) },
			prefixed("grafana-cloud-token", "Grafana Cloud access policy token", advisory.High, []string{"glc_eyJ"}, `glc_eyJ[0-9A-Za-z+/]{40,400}={0,2}`,
				practice+"https://grafana.com/docs/grafana-cloud/account-management/authentication-and-permissions/access-policies/", cloud)),
		prefixed("sentry-user-token", "Sentry personal or integration token", advisory.High, []string{"sntryu_", "sntrya_", "sntryi_"}, `sntry[uai]_[0-9a-f]{64}`, sentry, "sntryu_"+made(lowerHex, 64)),
		proven(func(m *Match) Confidence { return rejectedIf(m, !jsonPayload(m.Value, "sntrys_", "iat", "org")) },
			prefixed("sentry-organization-token", "Sentry organization token", advisory.Medium, []string{"sntrys_"}, `sntrys_eyJ[0-9A-Za-z+/]{30,600}={0,2}_[0-9A-Za-z+/]{40,50}`, sentry, organization)),
		prefixed("new-relic-user-key", "New Relic user key", advisory.High, []string{"NRAK-"}, `NRAK-[0-9A-Z]{27}`, newRelic, "NRAK-"+made(upper36, 27)),
		prefixed("new-relic-insert-key", "New Relic insert or query key", advisory.Medium, []string{"NRII-", "NRIQ-"}, `NRI[IQ]-[0-9A-Za-z_-]{32}`, newRelic, "NRII-"+made(base64URL, 32)),
		{
			ID: "new-relic-license-key", Title: "New Relic license key", Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"FFFFNRAL"}, Before: 40, Find: findLicense, Entropy: 3, Check: mixed, Opaque: true,
			Source: newRelic,
			True:   []string{"NEW_RELIC_LICENSE_KEY=eu01xx" + made(lowerHex, 26) + "FFFFNRAL\n"},
			False:  []string{"FFFFNRAL", made(lowerHex, 20) + "FFFFNRAL"},
		},
		namedKey("datadog-key", "Datadog API or application key", advisory.High, []string{"datadog", "dd_api", "dd_app"}, lowerHex, 32, 40, "https://docs.datadoghq.com/account_management/api-app-keys/"),
		namedKey("pagerduty-api-key", "PagerDuty API key", advisory.High, []string{"pagerduty"}, base64URL+"+", 20, 20, practice+"https://support.pagerduty.com/main/docs/api-access-keys"),
		prefixed("honeycomb-ingest-key", "Honeycomb ingest or management key", advisory.Medium, []string{"hcaik_", "hcbik_", "hccik_", "hcdik_", "hcxik_", "hcamk_", "hcxmk_"}, `hc[a-z][im]k_[0-9a-z]{58}`,
			"https://docs.honeycomb.io/api/key-management/create-an-api-key", "hcaik_"+made(base36, 58)),
		namedKey("honeycomb-api-key", "Honeycomb API key", advisory.Medium, []string{"honeycomb"}, base62, 22, 32, practice+"https://docs.honeycomb.io/api/authentication"),
		prefixed("dynatrace-token", "Dynatrace token", advisory.High, []string{"dt0c01.", "dt0s01.", "dt0s02.", "dt0s03.", "dt0s04.", "dt0s08.", "dt0s16.", "dt0e01."}, `dt0[a-z][0-9]{2}\.[0-9A-Z]{24}\.[0-9A-Z]{64}`,
			"https://docs.dynatrace.com/docs/shortlink/api-authentication", dynatrace),
		assignedTo("splunk-collector-token", "Splunk HTTP event collector token", advisory.Medium, []string{"splunk"}, uuidPattern, "https://docs.splunk.com/Documentation/Splunk/latest/Data/UsetheHTTPEventCollector", madeUUID()),
		{
			ID: "splunk-authorization", Title: "Splunk token in a header", Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"Authorization: Splunk "}, Fold: true, After: 64, Pattern: `(?i)Authorization: Splunk (?P<secret>` + uuidPattern + `)`, Entropy: 3, Opaque: true,
			Source: "https://docs.splunk.com/Documentation/Splunk/latest/Data/UsetheHTTPEventCollector",
			True:   []string{`-H "Authorization: Splunk ` + madeUUID() + `"`}, False: []string{"Authorization: Splunk $TOKEN", "Authorization: Splunk 00000000-0000-0000-0000-000000000000"},
		},
		{
			ID: "elastic-api-key", Title: "Elasticsearch API key", Severity: advisory.High, Confidence: Certain,
			Keywords: []string{"ApiKey "}, Bound: true, After: 100, Pattern: `ApiKey (?P<secret>[0-9A-Za-z+/]{56,64}={0,2})`, Exact: true, Opaque: true,
			Check: func(m *Match) Confidence {
				text, ok := base64Bytes(m.Value)
				return rejectedIf(m, !ok || !elasticText.Match(text))
			},
			Source: "https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-security-create-api-key",
			True:   []string{`-H "Authorization: ApiKey ` + elastic + `"`},
			False:  []string{"Authorization: ApiKey " + made(base62, 60), "ApiKey " + elastic[:30], "Authorization: ApiKey ${KEY}"},
		},
		beside([]string{"launchdarkly", "ld_sdk", "launch_darkly"}, prefixed("launchdarkly-sdk-key", "LaunchDarkly SDK key", advisory.Medium, []string{"sdk-"}, `sdk-`+uuidPattern,
			"https://launchdarkly.com/docs/sdk/concepts/client-side-server-side#keys", "sdk-"+madeUUID())),
		beside([]string{"launchdarkly", "launch_darkly"}, prefixed("launchdarkly-access-token", "LaunchDarkly access token", advisory.High, []string{"api-"}, `api-`+uuidPattern,
			"https://launchdarkly.com/docs/home/account/api", "api-"+madeUUID())),
		assignedTo("sauce-labs-access-key", "Sauce Labs access key", advisory.Medium, []string{"sauce_access", "saucelabs", "sauce_labs"}, uuidPattern, "https://docs.saucelabs.com/basics/environment-variables/", madeUUID()),
		namedKey("browserstack-access-key", "BrowserStack access key", advisory.Medium, []string{"browserstack"}, base62, 20, 20, practice+"https://www.browserstack.com/docs/automate/selenium/getting-started"),
		assignedTo("cypress-record-key", "Cypress record key", advisory.Low, []string{"cypress_record", "cypress"}, uuidPattern, "https://docs.cypress.io/cloud/account-management/projects#Record-keys", madeUUID()),
	}
}

// checkGrafana: the last eight digits are the CRC-32, its low byte first, of what
// precedes their underscore.
func checkGrafana(m *Match) Confidence {
	body, sum, ok := bytes.Cut(m.Value[len("glsa_"):], []byte("_"))
	return rejectedIf(m, !ok || grafanaSum("glsa_"+string(body)) != string(sum))
}

func grafanaSum(text string) string {
	return hex.EncodeToString(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(text))))
}

func madeGrafana() string {
	body := "glsa_" + made(base62, 32)
	return body + "_" + grafanaSum(body)
}

// findLicense spans the 40 letters that end with "NRAL".
func findLicense(w *Window) (Span, bool) {
	start := w.KeywordEnd - 40
	if start < 0 {
		return Span{}, false
	}
	for _, c := range w.Bytes[start:w.Keyword] {
		if !letter(c) && !digit(c) {
			return Span{}, false
		}
	}
	before := start > 0 && inName(w.Bytes[start-1])
	after := w.KeywordEnd < len(w.Bytes) && inName(w.Bytes[w.KeywordEnd])
	return Span{Start: start, End: w.KeywordEnd}, !before && !after
}

// workRules open a company's documents, tickets and identities.
func workRules() []Rule {
	auth0 := namedKey("auth0-client-secret", "Auth0 client secret", advisory.High, []string{"auth0"}, base64URL, 64, 64, practice+"https://auth0.com/docs/get-started/applications/application-settings")
	// The provider's name is itself a word for what is secret.
	auth0.Find = namedAs([]string{"secret", "key"}, base64URL, 64, 64)
	// What the token holds behind its first word is a UUID with other separators.
	intercomText := regexp.MustCompile(`\Atok:[0-9a-f]{8}_[0-9a-f]{4}_[0-9a-f]{4}_[0-9a-f]{4}_[0-9a-f]{12}:`)
	intercom := encoded("tok:" + made(lowerHex, 8) + "_" + made(lowerHex, 4) + "_4" + made(lowerHex, 3) + "_a" + made(lowerHex, 3) + "_" + made(lowerHex, 12) + ":1:0")
	return []Rule{
		{
			ID: "airtable-token", Title: "Airtable personal access token", Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"airtable"}, Fold: true, Before: 400, After: 400, Apart: true, Pattern: `\b(pat[0-9A-Za-z]{14}\.[0-9a-f]{64})\b`, Entropy: 3, Opaque: true,
			Source: practice + "https://airtable.com/developers/web/guides/personal-access-tokens",
			True:   []string{"AIRTABLE_TOKEN=pat" + made(base62, 14) + "." + made(lowerHex, 64) + "\n"},
			False:  []string{"airtable pat" + made(base62, 14) + "." + made(lowerHex, 30), "TOKEN=pat" + made(base62, 14) + "." + made(lowerHex, 64)},
		},
		prefixed("notion-token", "Notion integration token", advisory.High, []string{"ntn_"}, `ntn_[0-9]{11}[0-9A-Za-z]{35}`, practice+"https://developers.notion.com/reference/authentication", "ntn_"+made(decimal, 11)+made(base62, 35)),
		assignedTo("notion-legacy-token", "Notion integration token (older form)", advisory.High, []string{"notion"}, `secret_[0-9A-Za-z]{43}`, practice+"https://developers.notion.com/reference/authentication", "secret_"+made(base62, 43)),
		assignedTo("asana-token", "Asana personal access token", advisory.High, []string{"asana"}, `[0-9]/[0-9]{15,17}(?:/[0-9]{15,17})?:[0-9a-f]{32}`, practice+"https://developers.asana.com/docs/personal-access-token", "2/"+made(decimal, 16)+"/"+made(decimal, 16)+":"+made(lowerHex, 32)),
		prefixed("linear-api-key", "Linear API key", advisory.High, []string{"lin_api_"}, `lin_api_[0-9A-Za-z]{40}`, practice+"https://linear.app/developers/graphql", "lin_api_"+made(base62, 40)),
		prefixed("linear-oauth-token", "Linear OAuth token", advisory.High, []string{"lin_oauth_"}, `lin_oauth_[0-9a-f]{64}`, practice+"https://linear.app/developers/oauth-2-0-authentication", "lin_oauth_"+made(lowerHex, 64)),
		prefixed("figma-token", "Figma access token", advisory.High, []string{"figd_", "figu_", "figo_"}, `fig[duo]_[0-9A-Za-z_-]{40}`, practice+"https://www.figma.com/developers/api#access-tokens", "figd_"+made(base64URL, 40)),
		beside([]string{"dropbox"}, prefixed("dropbox-token", "Dropbox access token (short-lived)", advisory.Medium, []string{"sl."}, `sl\.(?:u\.)?[0-9A-Za-z_-]{130,}`, practice+"https://developers.dropbox.com/oauth-guide", "sl."+made(base64URL, 136))),
		namedKey("dropbox-secret", "Dropbox app secret", advisory.High, []string{"dropbox"}, base36, 15, 15, practice+"https://developers.dropbox.com/oauth-guide"),
		{
			ID: "box-client-secret", Title: "Box application with its client secret", Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"boxAppSettings"}, Bound: true, After: 400, Pattern: `boxAppSettings"\s*:\s*\{[^}]{0,200}"(?P<name>clientSecret)"\s*:\s*"(?P<secret>[0-9A-Za-z]{32})"`, Entropy: 3, Opaque: true,
			Source: "https://developer.box.com/guides/authentication/jwt/jwt-setup/#config",
			True:   []string{`{"boxAppSettings": {"clientID": "` + made(base36, 32) + `", "clientSecret": "` + made(base62, 32) + `"}}`},
			False:  []string{`{"boxAppSettings": {"clientID": "` + made(base36, 32) + `"}}`, `{"clientSecret": "` + made(base62, 32) + `"}`},
		},
		prefixed("contentful-token", "Contentful management token", advisory.High, []string{"CFPAT-"}, `CFPAT-[0-9A-Za-z_-]{43}`, practice+"https://www.contentful.com/developers/docs/references/authentication/", "CFPAT-"+made(base64URL, 43)),
		prefixed("postman-api-key", "Postman API key", advisory.High, []string{"PMAK-"}, `PMAK-[0-9a-f]{24}-[0-9a-f]{34}`, practice+"https://learning.postman.com/docs/developer/postman-api/authentication/", "PMAK-"+made(lowerHex, 24)+"-"+made(lowerHex, 34)),
		proven(func(m *Match) Confidence { return rejectedIf(m, !jsonPayload(m.Value, "sk.", "u")) },
			prefixed("mapbox-secret-token", "Mapbox secret token", advisory.Medium, []string{"sk.eyJ"}, `sk\.eyJ[0-9A-Za-z_-]{30,300}\.[0-9A-Za-z_-]{22}`, "https://docs.mapbox.com/help/dive-deeper/access-tokens/",
				"sk."+strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(`{"u":"acme","a":"`+made(base36, 25)+`"}`)), "=")+"."+made(base64URL, 22))),
		prefixed("hubspot-token", "HubSpot private app token", advisory.High, []string{"pat-na1-", "pat-na2-", "pat-na3-", "pat-eu1-", "pat-ap1-"}, `pat-(?:na|eu|ap)[0-9]-`+uuidPattern, practice+"https://developers.hubspot.com/docs/guides/apps/private-apps/overview", "pat-na1-"+madeUUID()),
		{
			ID: "intercom-token", Title: "Intercom access token", Severity: advisory.High, Confidence: Certain,
			Keywords: []string{"dG9rO"}, Bound: true, After: 100, Pattern: `(dG9rO[g-v][0-9A-Za-z+/]{40,70}={0,2})` + tokenEnd, Exact: true,
			Check: func(m *Match) Confidence {
				text, ok := base64Bytes(m.Value)
				return rejectedIf(m, !ok || !intercomText.Match(text))
			},
			Source: practice + "https://developers.intercom.com/docs/build-an-integration/learn-more/authentication",
			True:   []string{"INTERCOM_TOKEN=" + intercom}, False: []string{"dG9rOj" + made(base62, 50), intercom[:40]},
		},
		namedKey("zendesk-api-token", "Zendesk API token", advisory.High, []string{"zendesk"}, base62, 40, 40, practice+"https://developer.zendesk.com/api-reference/introduction/security-and-auth/"),
		namedKey("freshdesk-api-key", "Freshdesk API key", advisory.High, []string{"freshdesk"}, base62, 18, 20, practice+"https://developers.freshdesk.com/api/#authentication"),
		prefixed("typeform-token", "Typeform personal token", advisory.Medium, []string{"tfp_"}, `tfp_[0-9A-Za-z_-]{40,60}`, practice+"https://www.typeform.com/developers/get-started/personal-access-token/", "tfp_"+made(base64URL, 44)),
		assignedTo("okta-api-token", "Okta API token", advisory.Critical, []string{"okta"}, `00[0-9A-Za-z_-]{40}`, practice+"https://developer.okta.com/docs/guides/create-an-api-token/main/", "00"+made(base64URL, 40)),
		auth0,
		{
			ID: "algolia-admin-key", Title: "Algolia admin or write key", Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"algolia"}, Fold: true, Before: namedBefore, After: namedAfter, Find: namedAs([]string{"admin", "write"}, lowerHex, 32, 32), Entropy: 3, Check: mixed, Opaque: true,
			Source: "https://www.algolia.com/doc/guides/security/api-keys/",
			True:   []string{"ALGOLIA_ADMIN_KEY=" + made(lowerHex, 32)}, False: []string{"ALGOLIA_SEARCH_KEY=" + made(lowerHex, 32), "ALGOLIA_ADMIN_KEY=" + made(lowerHex, 20)},
		},
		assignedTo("deepl-api-key", "DeepL API key", advisory.Medium, []string{"deepl"}, uuidPattern+`(?::fx)?`, "https://developers.deepl.com/docs/getting-started/auth", madeUUID()+":fx"),
	}
}

// findFacebook measures the run of letters and digits from the keyword on, which
// rejects in a few nanoseconds what an expression would take half a microsecond
// for: text in base64 holds these letters by chance, hundreds of thousands of times
// in a large tree of packages.
func findFacebook(w *Window) (Span, bool) {
	if w.Keyword > 0 && (w.Bytes[w.Keyword-1] == '+' || w.Bytes[w.Keyword-1] == '/') {
		return Span{}, false
	}
	const shortest, longest = 93, 403
	end := w.KeywordEnd
	for end < len(w.Bytes) && end-w.Keyword <= longest && wordLetters[w.Bytes[end]] {
		end++
	}
	if n := end - w.Keyword; n < shortest || n > longest {
		return Span{}, false
	}
	if end < len(w.Bytes) && (w.Bytes[end] == '_' || w.Bytes[end] == '-' || w.Bytes[end] == '+' || w.Bytes[end] == '/') {
		return Span{}, false
	}
	return Span{Start: w.Keyword, End: end}, true
}

// wordLetters are letters and digits.
var wordLetters = bytesOf(base62)

// audienceRules speak for a company to its public, and measure it.
func audienceRules() []Rule {
	facebook := prefixed("facebook-access-token", "Facebook access token", advisory.High, []string{"EAA"}, `EAA[0-9A-Za-z]{90,400}`, practice+"https://developers.facebook.com/docs/facebook-login/guides/access-tokens/", "EAAB"+made(base62, 150))
	facebook.Entropy = 4
	facebook.Pattern, facebook.Find = "", findFacebook
	facebook.Before, facebook.After = 1, 420
	bearer := assignedTo("twitter-bearer-token", "X (Twitter) bearer token", advisory.Medium, []string{"twitter", "bearer_token"}, `A{16,25}[0-9A-Za-z%]{60,200}`,
		"https://docs.x.com/fundamentals/authentication/oauth-2-0/bearer-tokens", strings.Repeat("A", 22)+made(base62, 80))
	// Every one of them begins with a run of one letter.
	bearer.Exact = true
	messaging := Rule{
		ID: "firebase-server-key", Title: "Firebase Cloud Messaging server key (the interface was shut down in 2024)", Severity: advisory.Low, Confidence: Likely,
		Keywords: []string{":APA91b"}, Before: 12, After: 160, Pattern: `\b(AAAA[0-9A-Za-z_-]{7}:APA91b[0-9A-Za-z_-]{134})` + tokenEnd, Entropy: 4, Opaque: true,
		Source: practice + "https://firebase.google.com/docs/cloud-messaging/migrate-v1",
		True:   []string{"FCM_KEY=AAAA" + made(base64URL, 7) + ":APA91b" + made(base64URL, 134)},
		False:  []string{"f" + made(base64URL, 10) + ":APA91b" + made(base64URL, 134), "AAAA" + made(base64URL, 7) + ":APA91b" + made(base64URL, 60)},
	}
	return []Rule{
		facebook,
		messaging,
		namedKey("facebook-app-secret", "Facebook app secret", advisory.High, []string{"facebook", "fb_app", "fb_secret"}, lowerHex, 32, 32, practice+"https://developers.facebook.com/docs/development/create-an-app/app-dashboard/basic-settings/"),
		bearer,
		namedKey("twitter-secret", "X (Twitter) consumer or access secret", advisory.High, []string{"twitter"}, base62, 45, 50, practice+"https://docs.x.com/fundamentals/authentication/oauth-1-0a/api-key-and-secret"),
		prefixed("linkedin-client-secret", "LinkedIn client secret", advisory.Medium, []string{"WPL_AP"}, `WPL_AP[0-9]\.[0-9A-Za-z]{16}\.[0-9A-Za-z+/=]{8}`, practice+"https://learn.microsoft.com/linkedin/shared/authentication/client-credentials-flow", "WPL_AP1."+made(base62, 16)+"."+made(base62, 8)),
		namedKey("linkedin-secret", "LinkedIn client secret (unprefixed)", advisory.Medium, []string{"linkedin"}, base62, 16, 16, practice+"https://learn.microsoft.com/linkedin/shared/authentication/client-credentials-flow"),
		namedKey("twitch-secret", "Twitch client secret or token", advisory.Medium, []string{"twitch"}, base36, 30, 30, practice+"https://dev.twitch.tv/docs/authentication/"),
		namedKey("spotify-client-secret", "Spotify client secret", advisory.Medium, []string{"spotify"}, lowerHex, 32, 32, practice+"https://developer.spotify.com/documentation/web-api/concepts/apps"),
		prefixed("segment-public-api-token", "Segment Public API token", advisory.High, []string{"sgp_"}, `sgp_[0-9A-Za-z]{64}`, practice+"https://docs.segmentapis.com/tag/Getting-Started", "sgp_"+made(base62, 64)),
		namedKey("segment-write-key", "Segment write key", advisory.Low, []string{"segment_write"}, base62, 32, 32, practice+"https://segment.com/docs/connections/find-writekey/"),
		prefixed("posthog-personal-key", "PostHog personal API key", advisory.High, []string{"phx_"}, `phx_[0-9A-Za-z]{32,50}`, "https://posthog.com/docs/api#personal-api-keys-recommended; the length is known from practice", "phx_"+made(base62, 43)),
		prefixed("yandex-oauth-token", "Yandex OAuth token", advisory.High, []string{"y0_"}, `y0_[0-9A-Za-z_-]{50,70}`, practice+"https://yandex.cloud/docs/iam/concepts/authorization/oauth-token", "y0_"+made(base64URL, 55)),
		prefixed("vk-access-token", "VK access token", advisory.Medium, []string{"vk1.a."}, `vk1\.a\.[0-9A-Za-z_-]{150,250}`, practice+"https://dev.vk.com/en/api/access-token/getting-started", "vk1.a."+made(base64URL, 198)),
	}
}
