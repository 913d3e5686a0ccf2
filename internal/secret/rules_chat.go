package secret

import (
	"bytes"
	"encoding/base64"

	"plimsoll/internal/advisory"
)

// chatRules are the credentials of messengers and of what posts to them.
func chatRules() []Rule {
	return append(slackRules(), messengerRules()...)
}

func slackRules() []Rule {
	const tokens = "https://docs.slack.dev/authentication/tokens"
	return []Rule{
		{
			ID: "slack-bot-token", Title: "Slack bot token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"xoxb-"}, Bound: true,
			Pattern: `(xoxb-(?:[0-9]{9,14}-[0-9]{9,14}-[0-9A-Za-z]{20,26}|[0-9]{8,14}-[0-9A-Za-z]{18,26}))` + tokenEnd,
			Entropy: 3, Check: mixed,
			Source: tokens + "; the lengths are known from practice",
			True:   []string{"SLACK_BOT_TOKEN=xoxb-" + made(decimal, 12) + "-" + made(decimal, 13) + "-" + made(base62, 24)},
			False:  []string{"xoxb-your-token-here", "xoxb-" + made(decimal, 12) + "-" + made(decimal, 13) + "-x"},
		},
		{
			ID: "slack-user-token", Title: "Slack user or workspace token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxo-"}, Bound: true,
			Pattern: `(xox[parso]-(?:2-)?(?:[0-9]{8,14}-){2,3}[0-9A-Za-z]{10,64})` + tokenEnd,
			Entropy: 3, Check: mixed,
			Source: tokens + "; the lengths are known from practice",
			True:   []string{"token: xoxp-" + made(decimal, 11) + "-" + made(decimal, 12) + "-" + made(decimal, 13) + "-" + made(lowerHex, 32)},
			False:  []string{"xoxp-" + made(decimal, 11)},
		},
		{
			ID: "slack-configuration-token", Title: "Slack configuration, rotating or refresh token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"xoxe-", "xoxe.xox"}, Bound: true,
			Pattern: `(xoxe(?:\.xox[bp])?-[0-9]-[0-9A-Za-z]{100,})` + tokenEnd,
			Entropy: 4,
			Source:  "https://docs.slack.dev/authentication/using-token-rotation; the lengths are known from practice",
			True:    []string{"xoxe.xoxp-1-" + made(base62, 166), "refresh=xoxe-1-" + made(base62, 146)},
			False:   []string{"xoxe-1-abc"},
		},
		{
			ID: "slack-app-token", Title: "Slack app-level token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"xapp-"}, Bound: true,
			Pattern: `(xapp-[0-9]-A[0-9A-Z]{7,15}-[0-9]{8,16}-[0-9a-f]{64})` + tokenEnd,
			Source:  tokens + "; the lengths are known from practice",
			True:    []string{"SLACK_APP_TOKEN=xapp-1-A" + made(upper36, 10) + "-" + made(decimal, 13) + "-" + made(lowerHex, 64)},
			False:   []string{"xapp-1-A111-222-xyz"},
		},
		{
			ID: "slack-cookie", Title: "Slack session token or cookie",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"xoxc-", "xoxd-"}, Bound: true,
			Pattern: `(xoxc-(?:[0-9]{8,14}-){3}[0-9a-f]{64}|xoxd-[0-9A-Za-z%+/=-]{80,})`,
			After:   512,
			Entropy: 3, Check: mixed,
			Source: "known from practice: the token and the cookie of Slack's web client",
			True:   []string{"SLACK_TOKEN=xoxc-" + made(decimal, 12) + "-" + made(decimal, 13) + "-" + made(decimal, 13) + "-" + made(lowerHex, 64), "d=xoxd-" + made(base64Std, 180)},
			False:  []string{"xoxc-1234"},
		},
		{
			ID: "slack-webhook", Title: "Slack webhook",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"hooks.slack.com/", "hooks.slack-gov.com/"}, Bound: true,
			Pattern: `hooks\.slack(?:-gov)?\.com/(?P<secret>services/T[0-9A-Z]{6,12}/B[0-9A-Z]{6,12}/[0-9A-Za-z]{22,26}|workflows/T[0-9A-Z]{6,12}/A[0-9A-Z]{6,12}/[0-9]{16,20}/[0-9A-Za-z]{22,26}|triggers/[TE][0-9A-Z]{6,12}/[0-9]{10,16}/[0-9a-f]{32})` + tokenEnd,
			Entropy: 3.5, Check: mixed,
			Source: "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/",
			True: []string{
				"https://hooks.slack.com/services/T" + made(upper36, 8) + "/B" + made(upper36, 10) + "/" + made(base62, 24),
				"https://hooks.slack.com/triggers/T" + made(upper36, 10) + "/" + made(decimal, 13) + "/" + made(lowerHex, 32),
			},
			False: []string{"https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX", "https://hooks.slack.com/services/..."},
		},
	}
}

func messengerRules() []Rule {
	const discord = "https://discord.com/developers/docs/reference#authentication"
	bot := base64.RawURLEncoding.EncodeToString([]byte("9"+made(decimal, 17))) + "." + made(base62, 6) + "." + made(base64URL, 38)
	return []Rule{
		{
			ID: "discord-bot-token", Title: "Discord bot token",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{"discord", "bot_token", "bottoken", "client.login(", "bot.login(", "client.run(", "bot.run("}, Fold: true,
			Find: discordToken, Before: namedBefore, After: namedAfter,
			Check:  discordStructure,
			Source: discord + "; the first of three parts is the bot's number in base 64",
			True:   []string{"DISCORD_TOKEN=" + bot, `client.login("` + bot + `")`},
			False:  []string{"DISCORD_TOKEN=your-token", "DISCORD_TOKEN=" + made(base62, 24) + "." + made(base62, 6) + "." + made(base62, 38)},
		},
		{
			ID: "discord-webhook", Title: "Discord webhook",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"discord.com/api/", "discordapp.com/api/"},
			Pattern:  `discord(?:app)?\.com/api/(?:v[0-9]{1,2}/)?webhooks/(?P<secret>[0-9]{17,20}/[0-9A-Za-z_-]{60,80})` + tokenEnd,
			Entropy:  4,
			Source:   "https://discord.com/developers/docs/resources/webhook",
			True:     []string{"https://discord.com/api/webhooks/" + made(decimal, 19) + "/" + made(base64URL, 68)},
			False:    []string{"https://discord.com/api/webhooks/123/abc"},
		},
		{
			ID: "telegram-bot-token", Title: "Telegram bot token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"telegram", "bot_token", "bottoken", "tg_token", "tg_bot"}, Fold: true,
			Find: namedAs(nil, base64URL+":", 44, 47), Before: namedBefore, After: namedAfter,
			Check:  telegramStructure,
			Source: "https://core.telegram.org/bots/api#authorizing-your-bot; that the secret begins with AA is known from practice",
			True:   []string{"TELEGRAM_BOT_TOKEN=" + made(decimal, 10) + ":AA" + made(base64URL, 33)},
			False:  []string{"TELEGRAM_BOT_TOKEN=123456:ABC", "telegram_hash=" + made(base64URL, 45)},
		},
		{
			ID: "telegram-bot-url", Title: "Telegram bot token in a URL",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"api.telegram.org/"},
			Pattern:  `api\.telegram\.org/(?:file/)?bot(?P<secret>[0-9]{8,11}:AA[0-9A-Za-z_-]{33})` + tokenEnd,
			Source:   "https://core.telegram.org/bots/api#making-requests",
			True:     []string{"https://api.telegram.org/bot" + made(decimal, 10) + ":AA" + made(base64URL, 33) + "/sendMessage"},
			False:    []string{"https://api.telegram.org/bot${TOKEN}/sendMessage"},
		},
		{
			ID: "microsoft-teams-webhook", Title: "Microsoft Teams webhook",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"webhook.office.com/webhookb2/", "outlook.office.com/webhook/"},
			Pattern:  `(?:webhook\.office\.com/webhookb2|outlook\.office\.com/webhook)/(?P<secret>[0-9a-f-]{36}@[0-9a-f-]{36}/IncomingWebhook/[0-9a-f]{32}/[0-9A-Za-z-]{36}(?:/[0-9A-Za-z_-]{30,60})?)`,
			Source:   "https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook",
			True:     []string{"https://n.webhook.office.com/webhookb2/" + madeUUID() + "@" + madeUUID() + "/IncomingWebhook/" + made(lowerHex, 32) + "/" + madeUUID()},
			False:    []string{"https://n.webhook.office.com/webhookb2/..."},
		},
		{
			ID: "power-automate-webhook", Title: "Power Automate or Logic Apps trigger",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{".logic.azure.com", ".api.powerplatform.com"},
			Pattern:  `\.(?:logic\.azure|api\.powerplatform)\.com(?::443)?/[^\s"'<>]{20,}?[?&]sig=(?P<secret>[0-9A-Za-z_-]{43})` + tokenEnd,
			After:    640,
			Entropy:  4,
			Source:   "https://learn.microsoft.com/en-us/azure/logic-apps/logic-apps-http-endpoint",
			True:     []string{"https://prod-1.westeurope.logic.azure.com:443/workflows/" + made(lowerHex, 32) + "/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=" + made(base64URL, 43)},
			False:    []string{"https://prod-1.westeurope.logic.azure.com/workflows/" + made(lowerHex, 32)},
		},
		{
			ID: "google-chat-webhook", Title: "Google Chat webhook",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"chat.googleapis.com/v1/spaces/"},
			Pattern:  `chat\.googleapis\.com/v1/spaces/[0-9A-Za-z_-]{6,20}/messages\?key=AIza[0-9A-Za-z_-]{35}&token=(?P<secret>[0-9A-Za-z_-]{40,50}(?:%3D|=)?)`,
			Source:   "https://developers.google.com/workspace/chat/quickstart/webhooks",
			True:     []string{"https://chat.googleapis.com/v1/spaces/" + made(base62, 11) + "/messages?key=AIza" + made(base64URL, 35) + "&token=" + made(base64URL, 43) + "%3D"},
			False:    []string{"https://chat.googleapis.com/v1/spaces/x/messages"},
		},
		{
			ID: "mattermost-token", Title: "Mattermost access token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"mattermost"}, Fold: true,
			Find: namedAs([]string{"token"}, base36, 26, 26), Before: namedBefore, After: namedAfter,
			Entropy: 3.5, Check: mixed,
			Source: "https://developers.mattermost.com/integrate/reference/personal-access-token/",
			True:   []string{"MATTERMOST_TOKEN=" + made(base36, 26)},
			False:  []string{"mattermost_channel=" + made(base36, 26)},
		},
		{
			// Other programs have hooks of such a shape.
			ID: "mattermost-webhook", Title: "Mattermost or Rocket.Chat webhook",
			Severity: advisory.Medium, Confidence: Possible,
			Keywords: []string{"/hooks/"},
			Pattern:  `/hooks/(?P<secret>[0-9a-z]{26}|[0-9A-Za-z]{17,24}/[0-9A-Za-z]{40,64})` + tokenEnd,
			Entropy:  3.5, Check: mixed,
			Source: "https://developers.mattermost.com/integrate/webhooks/incoming/; https://docs.rocket.chat/docs/integrations",
			True:   []string{"https://chat.example.org/hooks/" + made(base36, 26)},
			False:  []string{"/hooks/useState", "/hooks/post-receive"},
		},
		{
			ID: "zoom-client-secret", Title: "Zoom client secret",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"zoom_", "zoom."}, Fold: true, Bound: true,
			Find: namedAs([]string{"secret"}, base62, 32, 36), Before: namedBefore, After: namedAfter,
			Entropy: 4, Check: mixed,
			Source: "https://developers.zoom.us/docs/internal-apps/create/; the length is known from practice",
			True:   []string{"ZOOM_CLIENT_SECRET=" + made(base62, 32)},
			False:  []string{"zoom_level=" + made(base62, 32)},
		},
		{
			ID: "matrix-access-token", Title: "Matrix access or refresh token of Synapse",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{"syt_", "syr_", "syl_"},
			Pattern:  `(sy(?:[tr]_[0-9A-Za-z+/]{1,344}|l)_[A-Za-z]{20}_[0-9A-Za-z]{6})` + tokenEnd,
			After:    400,
			Check:    synapseChecksum,
			Source:   "https://github.com/element-hq/synapse/blob/develop/synapse/handlers/auth.py",
			True:     []string{"access_token: " + madeSynapse("syt_Ym90_"+made(base62[10:], 20))},
			False:    []string{"syt_Ym90_" + made(base62[10:], 20) + "_" + made(base62, 6)},
		},
	}
}

// discordToken takes a named value or the argument of the call that logs in.
func discordToken(w *Window) (Span, bool) {
	b := w.Bytes
	if b[w.KeywordEnd-1] != '(' {
		return namedAs([]string{"token"}, base64URL+".", 56, 80)(w)
	}
	start := skipQuote(b, skipSpace(b, w.KeywordEnd))
	end := start
	for end < len(b) && inName(b[end]) {
		end++
	}
	return Span{Start: start, End: end}, end-start >= 56 && end-start <= 80
}

// discordStructure: the first part is a number of 17 to 20 digits.
func discordStructure(m *Match) Confidence {
	parts := bytes.Split(m.Value, []byte("."))
	if len(parts) != 3 || len(parts[1]) < 5 || len(parts[1]) > 7 || len(parts[2]) < 27 {
		return Rejected
	}
	id, err := base64.RawURLEncoding.DecodeString(string(parts[0]))
	if err != nil || len(id) < 17 || len(id) > 20 || len(bytes.Trim(id, decimal)) > 0 {
		return Rejected
	}
	return Certain
}

// telegramStructure: the bot's number and a secret of 35 letters.
func telegramStructure(m *Match) Confidence {
	id, secret, ok := bytes.Cut(m.Value, []byte(":"))
	if !ok || len(id) < 8 || len(bytes.Trim(id, decimal)) > 0 || len(secret) != 35 || !bytes.HasPrefix(secret, []byte("AA")) {
		return Rejected
	}
	return Likely
}

// synapseChecksum: the last part is the checksum of all before it.
func synapseChecksum(m *Match) Confidence {
	at := bytes.LastIndexByte(m.Value, '_')
	if crcBase62(string(m.Value[:at])) == string(m.Value[at+1:]) {
		return Certain
	}
	return Rejected
}

func madeSynapse(text string) string { return text + "_" + crcBase62(text) }
