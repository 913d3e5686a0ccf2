package secret

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"plimsoll/internal/advisory"
)

// prefixed is a rule for tokens that begin with one of these literals. Its false
// samples are the true ones cut to a quarter, within a longer word, and made of one letter.
func prefixed(id, title string, severity advisory.Severity, keywords []string, pattern, source string, tokens ...string) Rule {
	r := Rule{
		ID: id, Title: title, Severity: severity, Confidence: Likely,
		Keywords: keywords, Bound: true, Pattern: `(` + pattern + `)` + tokenEnd, Entropy: 3, Source: source,
	}
	for _, token := range tokens {
		r.True = append(r.True, "API_KEY="+token+"\n", `{"token": "`+token+`"}`)
		r.False = append(r.False, token[:len(token)/4], "x"+token, keywords[0]+strings.Repeat("x", len(token)-len(keywords[0])))
	}
	return r
}

// beside is prefixed for prefixes that are short: one of these words must stand in
// the same text.
func beside(company []string, r Rule) Rule {
	r.Company = company
	for i, sample := range r.True {
		r.True[i] = "# " + company[0] + "\n" + sample
	}
	r.False = append(r.False, strings.TrimPrefix(r.True[0], "# "+company[0]+"\n"))
	return r
}

// proven is prefixed for tokens whose check proves them.
func proven(check func(*Match) Confidence, r Rule) Rule {
	r.Check, r.Confidence = check, Certain
	return r
}

// assignedTo is a rule for values that have a shape of sorts and are given to a
// name that holds a provider's.
func assignedTo(id, title string, severity advisory.Severity, providers []string, pattern, source string, value string) Rule {
	for i := range providers {
		providers[i] = strings.ToLower(providers[i])
	}
	names := make([]string, len(providers))
	for i, p := range providers {
		names[i] = regexp.QuoteMeta(p)
	}
	return Rule{
		ID: id, Title: title, Severity: severity, Confidence: Likely,
		Keywords: providers, Fold: true, After: 256, Opaque: true,
		Pattern: `(?P<name>(?i:` + strings.Join(names, "|") + `)[0-9A-Za-z_.-]{0,40})["']?[ \t]{0,4}(?:=>|:=|[=:])[ \t]{0,4}["']?(?P<secret>` + pattern + `)` + tokenEnd,
		Entropy: 3, Check: mixed, Source: source,
		True: []string{
			strings.ToUpper(providers[0]) + "_API_TOKEN=" + value + "\n", `"` + providers[0] + `_key": "` + value + `"`,
		},
		False: []string{
			providers[0] + " " + value, "API_KEY=" + value, providers[0] + "_url=https://" + providers[0] + ".example.com/", providers[0] + "_key=" + value[:len(value)/2],
			providers[0] + `_key = os.environ["` + providers[0] + `"]`,
		},
	}
}

// namedKey is a rule for values without a shape, of one alphabet and length, that
// are given to a name that holds the provider's and says that it is secret.
func namedKey(id, title string, severity advisory.Severity, providers []string, alphabet string, least, most int, source string) Rule {
	value := made(alphabet, most)
	name := strings.ToUpper(providers[0])
	return Rule{
		ID: id, Title: title, Severity: severity, Confidence: Likely,
		Keywords: providers, Fold: true, Before: namedBefore, After: namedAfter, Opaque: true,
		Find: named(alphabet, least, most), Entropy: 3, Check: mixed, Source: source,
		True:  []string{name + "_API_KEY=" + value + "\n", strings.ToLower(name) + "_secret: \"" + value + "\""},
		False: []string{name + "_REGION=" + value, "API_KEY=" + value, name + "_API_KEY=" + value[:least/2], name + "_API_KEY=${" + name + "_API_KEY}"},
	}
}

// aiRules are the keys of providers of models.
func aiRules() []Rule {
	const marker = "T3BlbkFJ" // "OpenAI" in base64, which every key of theirs holds
	openAI := func(id, title string, severity advisory.Severity, pattern string, samples ...string) Rule {
		r := Rule{
			ID: id, Title: title, Severity: severity, Confidence: Likely, Keywords: []string{marker}, Before: 160, After: 160,
			Pattern: `\b(` + pattern + marker + `[0-9A-Za-z_-]{20,})` + tokenEnd, Entropy: 4, Opaque: true,
			Source: practice + "https://platform.openai.com/docs/api-reference/authentication",
			False:  []string{"sk-" + made(base62, 48), marker + made(base62, 30), "sk-" + marker},
		}
		for _, s := range samples {
			r.True = append(r.True, "OPENAI_API_KEY="+s+"\n")
		}
		return r
	}
	anthropic := func(id, title, prefix string, severity advisory.Severity) Rule {
		return prefixed(id, title, severity, []string{prefix}, prefix+`[0-9]{2}-[0-9A-Za-z_-]{80,120}`,
			practice+"https://docs.anthropic.com/en/api/overview#authentication", prefix+"03-"+made(base64URL, 93)+"AA")
	}
	return []Rule{
		openAI("openai-admin-key", "OpenAI admin key", advisory.Critical, `sk-admin-[0-9A-Za-z_-]{20,}`, "sk-admin-"+made(base64URL, 58)+marker+made(base64URL, 58)),
		openAI("openai-api-key", "OpenAI API key", advisory.High, `sk-(?:proj-|svcacct-|service-|None-)?[0-9A-Za-z_-]{20,}`,
			"sk-"+made(base62, 20)+marker+made(base62, 20), "sk-proj-"+made(base64URL, 74)+marker+made(base64URL, 74), "sk-svcacct-"+made(base64URL, 58)+marker+made(base64URL, 58)),
		anthropic("anthropic-admin-key", "Anthropic admin key", "sk-ant-admin", advisory.Critical),
		anthropic("anthropic-api-key", "Anthropic API key", "sk-ant-api", advisory.High),
		anthropic("anthropic-oauth-token", "Anthropic OAuth or session token", "sk-ant-oat", advisory.High),
		anthropic("anthropic-refresh-token", "Anthropic OAuth refresh token", "sk-ant-ort", advisory.High),
		anthropic("anthropic-session-key", "Anthropic session key", "sk-ant-sid", advisory.High),
		prefixed("hugging-face-token", "Hugging Face access token", advisory.High, []string{"hf_"}, `hf_[0-9A-Za-z]{34,40}`,
			"https://huggingface.co/docs/hub/security-tokens; the length is known from practice", "hf_"+made(base62, 34)),
		prefixed("hugging-face-organization-token", "Hugging Face organization token", advisory.High, []string{"api_org_"}, `api_org_[0-9A-Za-z]{34}`,
			"https://huggingface.co/docs/hub/security-tokens; the length is known from practice", "api_org_"+made(base62, 34)),
		prefixed("replicate-token", "Replicate API token", advisory.High, []string{"r8_"}, `r8_[0-9A-Za-z_-]{37}`,
			"https://replicate.com/docs/topics/security/api-tokens", "r8_"+made(base62, 37)),
		{
			ID: "groq-api-key", Title: "Groq API key", Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"gsk_"}, Pattern: `(gsk_[0-9A-Za-z]{20}WGdyb3FY[0-9A-Za-z]{24})` + tokenEnd, Entropy: 4,
			Source: practice + "https://console.groq.com/docs/api-keys; the middle is \"XgroqX\" in base64",
			True:   []string{"GROQ_API_KEY=gsk_" + made(base62, 20) + "WGdyb3FY" + made(base62, 24)},
			False:  []string{"gsk_" + made(base62, 52), "gsk_abc123xyz456", "xgsk_" + made(base62, 20) + "WGdyb3FY" + made(base62, 24)},
		},
		prefixed("xai-api-key", "xAI API key", advisory.High, []string{"xai-"}, `xai-[0-9A-Za-z]{80}`, practice+"https://docs.x.ai/docs/overview", "xai-"+made(base62, 80)),
		prefixed("perplexity-api-key", "Perplexity API key", advisory.High, []string{"pplx-"}, `pplx-[0-9A-Za-z]{40,64}`, practice+"https://docs.perplexity.ai/guides/getting-started", "pplx-"+made(base62, 48)),
		prefixed("openrouter-api-key", "OpenRouter API key", advisory.High, []string{"sk-or-v1-"}, `sk-or-v1-[0-9a-f]{64}`,
			practice+"https://openrouter.ai/docs/api-reference/authentication", "sk-or-v1-"+made(lowerHex, 64)),
		prefixed("langsmith-api-key", "LangSmith API key", advisory.High, []string{"lsv2_pt_", "lsv2_sk_"}, `lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}`,
			practice+"https://docs.smith.langchain.com/administration/how_to_guides/organization_management/create_account_api_key", "lsv2_pt_"+made(lowerHex, 32)+"_"+made(lowerHex, 10)),
		prefixed("pinecone-api-key", "Pinecone API key", advisory.High, []string{"pcsk_"}, `pcsk_[0-9A-Za-z]{4,8}_[0-9A-Za-z]{50,80}`,
			practice+"https://docs.pinecone.io/guides/projects/manage-api-keys", "pcsk_"+made(base62, 6)+"_"+made(base62, 63)),
		prefixed("nvidia-api-key", "NVIDIA API key", advisory.High, []string{"nvapi-"}, `nvapi-[0-9A-Za-z_-]{60,70}`, practice+"https://docs.api.nvidia.com", "nvapi-"+made(base64URL, 64)),
		prefixed("cerebras-api-key", "Cerebras API key", advisory.High, []string{"csk-"}, `csk-[0-9a-z]{48}`, practice+"https://inference-docs.cerebras.ai/quickstart", "csk-"+made(base36, 48)),
		prefixed("together-api-key", "Together AI API key", advisory.High, []string{"tgp_v1_"}, `tgp_v1_[0-9A-Za-z_-]{43}`, practice+"https://docs.together.ai/docs/quickstart", "tgp_v1_"+made(base64URL, 43)),
		prefixed("tavily-api-key", "Tavily API key", advisory.Medium, []string{"tvly-"}, `tvly-(?:dev-|prod-)?[0-9A-Za-z]{32,40}`, practice+"https://docs.tavily.com", "tvly-dev-"+made(base62, 32)),
		prefixed("jina-api-key", "Jina AI API key", advisory.Medium, []string{"jina_"}, `jina_[0-9a-f]{32}[0-9A-Za-z_-]{24,32}`, practice+"https://jina.ai/api-dashboard", "jina_"+made(lowerHex, 32)+made(base62, 28)),
		prefixed("langfuse-secret-key", "Langfuse secret key", advisory.High, []string{"sk-lf-"}, `sk-lf-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`, "https://langfuse.com/faq/all/where-are-langfuse-api-keys", "sk-lf-"+madeUUID()),
		beside([]string{"elevenlabs", "eleven_labs", "xi-api-key"}, prefixed("elevenlabs-api-key", "ElevenLabs API key", advisory.Medium, []string{"sk_"}, `sk_[0-9a-f]{48}`,
			practice+"https://elevenlabs.io/docs/api-reference/authentication", "sk_"+made(lowerHex, 48))),
		beside([]string{"stability", "dreamstudio"}, prefixed("stability-api-key", "Stability AI API key", advisory.Medium, []string{"sk-"}, `sk-[0-9A-Za-z]{48}`,
			practice+"https://platform.stability.ai/docs/api-reference", "sk-"+made(base62, 48))),
		beside([]string{"voyage"}, prefixed("voyage-api-key", "Voyage AI API key", advisory.High, []string{"pa-"}, `pa-[0-9A-Za-z_-]{43}`, practice+"https://docs.voyageai.com/docs/api-key-and-installation", "pa-"+made(base64URL, 43))),
		beside([]string{"fireworks"}, prefixed("fireworks-api-key", "Fireworks AI API key", advisory.High, []string{"fw_"}, `fw_[0-9A-Za-z]{22,26}`, practice+"https://docs.fireworks.ai/getting-started/quickstart", "fw_"+made(base62, 24))),
		assignedTo("deepseek-api-key", "DeepSeek API key", advisory.High, []string{"deepseek"}, `sk-[0-9a-f]{32}`, practice+"https://api-docs.deepseek.com", "sk-"+made(lowerHex, 32)),
		namedKey("cohere-api-key", "Cohere API key", advisory.High, []string{"cohere", "co_api"}, base62, 40, 40, practice+"https://docs.cohere.com/reference/about"),
		namedKey("mistral-api-key", "Mistral AI API key", advisory.High, []string{"mistral"}, base62, 32, 32, practice+"https://docs.mistral.ai/getting-started/quickstart"),
		namedKey("together-legacy-api-key", "Together AI API key (unprefixed)", advisory.High, []string{"together_api", "togetherai"}, lowerHex, 64, 64, practice+"https://docs.together.ai/docs/quickstart"),
		namedKey("wandb-api-key", "Weights & Biases API key", advisory.High, []string{"wandb"}, lowerHex, 40, 40, practice+"https://docs.wandb.ai/guides/track/environment-variables"),
		namedKey("deepgram-api-key", "Deepgram API key", advisory.Medium, []string{"deepgram"}, lowerHex, 40, 40, practice+"https://developers.deepgram.com/docs/authenticating"),
		namedKey("assemblyai-api-key", "AssemblyAI API key", advisory.Medium, []string{"assemblyai"}, lowerHex, 32, 32, practice+"https://www.assemblyai.com/docs"),
	}
}

// jsonPayload decodes the base64 JSON that a token carries after its prefix, up to
// a byte that ends it, and asks for these members.
func jsonPayload(value []byte, prefix string, members ...string) bool {
	encoded := bytes.TrimPrefix(value, []byte(prefix))
	if n := bytes.IndexAny(encoded, "._"); n >= 0 {
		encoded = encoded[:n]
	}
	text, ok := base64Bytes(encoded)
	var object map[string]json.RawMessage
	if !ok || json.Unmarshal(text, &object) != nil {
		return false
	}
	for _, member := range members {
		if _, has := object[member]; !has {
			return false
		}
	}
	return true
}
