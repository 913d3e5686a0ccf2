package secret

import (
	"encoding/base64"
	"encoding/json"

	"plimsoll/internal/advisory"
)

// hostingRules are the credentials of hosters, content networks and platforms
// that run what is pushed to them.
func hostingRules() []Rule {
	return append(hosterRules(), platformRules()...)
}

// uuidShape keeps a rule's confidence for a UUID.
func uuidShape(m *Match) Confidence {
	if !uuid(m.Value) {
		return Rejected
	}
	return m.Rule.Confidence
}

// uuidLetters is the alphabet that named asks for where a key is a UUID.
const uuidLetters = lowerHex + "ABCDEF-"

func hosterRules() []Rule {
	const cloudflare = "https://developers.cloudflare.com/fundamentals/api/get-started/token-formats/"
	return []Rule{
		{
			ID: "digitalocean-token", Title: "DigitalOcean personal or OAuth token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"dop_v1_", "doo_v1_", "dor_v1_"}, Bound: true,
			Pattern: `(do[por]_v1_[0-9a-f]{64})` + tokenEnd,
			Source:  "https://docs.digitalocean.com/reference/api/create-personal-access-token/",
			True:    []string{"DIGITALOCEAN_ACCESS_TOKEN=dop_v1_" + made(lowerHex, 64)},
			False:   []string{"dop_v1_" + made(lowerHex, 40)},
		},
		{
			ID: "hetzner-api-token", Title: "Hetzner Cloud API token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"hcloud", "hetzner"}, Fold: true,
			Find: namedAs([]string{"token", "key"}, base62, 64, 64), Before: namedBefore, After: namedAfter,
			Entropy: 4.5, Check: mixed,
			Source: "https://docs.hetzner.cloud/reference/cloud#authentication",
			True:   []string{"HCLOUD_TOKEN=" + made(base62, 64)},
			False:  []string{"hcloud_image: " + made(base62, 64), "HCLOUD_TOKEN=" + made(base62, 63)},
		},
		{
			ID: "linode-token", Title: "Linode API token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"linode"}, Fold: true,
			Find: named(lowerHex, 64, 64), Before: namedBefore, After: namedAfter,
			Entropy: 3, Check: mixed,
			Source: "https://techdocs.akamai.com/linode-api/reference/get-started; the length is known from practice",
			True:   []string{`LINODE_TOKEN="` + made(lowerHex, 64) + `"`},
			False:  []string{"linode_cli.sha256: " + made(lowerHex, 64)},
		},
		{
			ID: "vultr-api-key", Title: "Vultr API key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"vultr"}, Fold: true,
			Find: named(upper36, 36, 36), Before: namedBefore, After: namedAfter,
			Entropy: 3.5, Check: mixed,
			Source: "https://docs.vultr.com/platform/other/api/regenerate-api-key; the length is known from practice",
			True:   []string{"VULTR_API_KEY=" + made(upper36, 36)},
			False:  []string{"vultr_region=" + made(upper36, 36)},
		},
		{
			ID: "scaleway-secret-key", Title: "Scaleway secret key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"scw_", "scaleway"}, Fold: true,
			Find: namedAs([]string{"secret", "token"}, uuidLetters, 36, 36), Before: namedBefore, After: namedAfter,
			Check:  uuidShape,
			Source: "https://www.scaleway.com/en/docs/iam/reference-content/api-key/",
			True:   []string{"SCW_SECRET_KEY=" + madeUUID()},
			False:  []string{"SCW_DEFAULT_PROJECT_ID=" + madeUUID()},
		},
		{
			ID: "ovh-application-secret", Title: "OVHcloud application secret or consumer key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"ovh_", "ovh."}, Fold: true,
			Find: namedAs([]string{"application_secret", "consumer_key", "client_secret"}, base62, 32, 32), Before: namedBefore, After: namedAfter,
			Entropy: 3, Check: mixed,
			Source: "https://github.com/ovh/python-ovh#1-create-an-application",
			True:   []string{"OVH_APPLICATION_SECRET=" + made(base62, 32)},
			False:  []string{"OVH_ENDPOINT=" + made(base62, 32)},
		},
		{
			// How the checksum is computed is not published.
			ID: "cloudflare-api-token", Title: "Cloudflare API token or key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"cfut_", "cfat_", "cfk_"}, Bound: true,
			Pattern: `(cf(?:ut|at|k)_[0-9A-Za-z_-]{40}[0-9a-f]{8})` + tokenEnd,
			Entropy: 3.5,
			Source:  cloudflare,
			True:    []string{"CLOUDFLARE_API_TOKEN=cfut_" + made(base62, 40) + made(lowerHex, 8)},
			False:   []string{"cfk_" + made(base62, 20), "cfut_" + made(base62, 40)},
		},
		{
			ID: "cloudflare-legacy-token", Title: "Cloudflare API token (unprefixed)",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"cloudflare", "cf_api_token", "cf_dns_api"}, Fold: true,
			Find: namedAs([]string{"token", "api_key", "apikey"}, base64URL, 40, 40), Before: namedBefore, After: namedAfter,
			Entropy: 4, Check: mixed,
			Source: cloudflare + " (a token without prefix is forty letters)",
			True:   []string{"CLOUDFLARE_API_TOKEN=" + made(base64URL, 40)},
			False:  []string{"cloudflare_zone=" + made(base64URL, 40), "CF_API_TOKEN=$(cat /run/secrets/token)"},
		},
		{
			ID: "cloudflare-global-key", Title: "Cloudflare global API key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"cloudflare", "cf_api_key", "x-auth-key"}, Fold: true,
			Find: namedAs([]string{"key"}, lowerHex, 37, 37), Before: namedBefore, After: namedAfter,
			Entropy: 3, Check: mixed,
			Source: "https://developers.cloudflare.com/fundamentals/api/get-started/keys/; the length is known from practice",
			True:   []string{"X-Auth-Key: " + made(lowerHex, 37)},
			False:  []string{"CF_API_KEY=" + made(lowerHex, 36)},
		},
		{
			ID: "cloudflare-origin-ca-key", Title: "Cloudflare Origin CA key",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"v1.0-"}, Bound: true,
			Pattern: `(v1\.0-[0-9a-f]{24}-[0-9a-f]{146})` + tokenEnd,
			Source:  "https://developers.cloudflare.com/fundamentals/api/get-started/ca-keys/; the lengths are known from practice",
			True:    []string{"X-Auth-User-Service-Key: v1.0-" + made(lowerHex, 24) + "-" + made(lowerHex, 146)},
			False:   []string{"v1.0-" + made(lowerHex, 24)},
		},
		{
			ID: "cloudflare-tunnel-token", Title: "Cloudflare Tunnel token",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{"eyJhIjoi"}, Bound: true,
			Pattern: `(eyJhIjoi[0-9A-Za-z+/=]{100,})`,
			After:   420,
			Check:   tunnelToken,
			Source:  "https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/remote-tunnel-permissions/",
			True:    []string{"cloudflared tunnel run --token " + madeTunnelToken()},
			False:   []string{base64.StdEncoding.EncodeToString([]byte(`{"a":"` + made(base62, 140) + `"}`))},
		},
		{
			ID: "fastly-api-token", Title: "Fastly API token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"fastly"}, Fold: true,
			Find: namedAs([]string{"token", "key"}, base64URL, 32, 32), Before: namedBefore, After: namedAfter,
			Entropy: 4, Check: mixed,
			Source: "https://www.fastly.com/documentation/reference/api/auth-tokens/; the length is that of the examples",
			True:   []string{"FASTLY_API_TOKEN=" + made(base64URL, 32)},
			False:  []string{"fastly_service=" + made(base64URL, 32)},
		},
	}
}

// tunnel is what a tunnel's token holds: the account, the tunnel, the secret.
type tunnel struct {
	Account string `json:"a"`
	Tunnel  string `json:"t"`
	Secret  string `json:"s"`
}

func tunnelToken(m *Match) Confidence {
	b, err := base64.StdEncoding.DecodeString(string(m.Value))
	if err != nil {
		return Rejected
	}
	var t tunnel
	if json.Unmarshal(b, &t) != nil || len(t.Account) != 32 || len(t.Tunnel) != 36 || t.Secret == "" {
		return Rejected
	}
	return Certain
}

func madeTunnelToken() string {
	secret := base64.StdEncoding.EncodeToString([]byte(made(base62, 32)))
	return base64.StdEncoding.EncodeToString([]byte(`{"a":"` + made(lowerHex, 32) + `","t":"` + madeUUID() + `","s":"` + secret + `"}`))
}

func platformRules() []Rule {
	return []Rule{
		{
			ID: "heroku-api-key", Title: "Heroku API key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"HRKU-"}, Bound: true,
			Pattern: `(HRKU-(?:AA[0-9A-Za-z_-]{58}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}))` + tokenEnd,
			Source:  "https://devcenter.heroku.com/changelog-items/2842; the length is known from practice",
			True:    []string{"HEROKU_API_KEY=HRKU-AA" + made(base64URL, 58), "HRKU-" + madeUUID()},
			False:   []string{"HRKU-" + made(base62, 20)},
		},
		{
			ID: "heroku-legacy-api-key", Title: "Heroku API key (UUID)",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"heroku"}, Fold: true,
			Find: namedAs([]string{"api_key", "apikey", "api-key", "token"}, uuidLetters, 36, 36), Before: namedBefore, After: namedAfter,
			Check:  uuidShape,
			Source: "https://devcenter.heroku.com/articles/authentication",
			True:   []string{"HEROKU_API_KEY=" + madeUUID()},
			False:  []string{"heroku_app_id=" + madeUUID()},
		},
		{
			ID: "fly-access-token", Title: "Fly.io access token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"fm2_", "fm1r_", "fm1a_"}, Bound: true,
			Pattern: `(fm(?:1r|1a|2)_[0-9A-Za-z+/_-]{64,}={0,2}(?:,f[mo][0-9ra]{1,2}_[0-9A-Za-z+/_-]{20,}={0,2}){0,8})`,
			After:   8 << 10,
			Entropy: 4.5,
			Check:   mixed,
			Source:  "https://fly.io/docs/security/tokens/; the encoding: https://github.com/superfly/macaroon/blob/main/format.go",
			True:    []string{"FLY_API_TOKEN=FlyV1 fm2_" + made(base64Std, 400) + ",fm2_" + made(base64Std, 240) + "=="},
			False:   []string{"fm2_hi", "fm2_" + made(base64Std, 40)},
		},
		{
			ID: "fly-session-token", Title: "Fly.io session token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"fo1_"},
			Pattern:  `(fo1_[0-9A-Za-z_-]{43})` + tokenEnd,
			Entropy:  4, Check: mixed,
			Source: "https://github.com/superfly/macaroon/blob/main/format.go; the length is known from practice",
			True:   []string{"access_token: fo1_" + made(base64URL, 43)},
			False:  []string{"fo1_" + made(base64URL, 20)},
		},
		{
			// The checksum fits the example of Vercel's documentation.
			ID: "vercel-token", Title: "Vercel access token or key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"vcp_", "vci_", "vca_", "vcr_", "vck_"},
			Pattern:  `(vc[piark]_[0-9A-Za-z]{56})` + tokenEnd,
			Entropy:  3.5,
			Check: func(m *Match) Confidence {
				return perhapsCRC62(string(m.Value[:4]), Likely)(m)
			},
			Source: "https://vercel.com/changelog/new-token-formats-and-secret-scanning; https://vercel.com/docs/sign-in-with-vercel/tokens",
			True:   []string{"VERCEL_TOKEN=" + withCRC62("vcp_", made(base62, 50)), "vck_" + made(base62, 56)},
			False:  []string{"vcp_" + made(base62, 40)},
		},
		{
			ID: "vercel-legacy-token", Title: "Vercel access token (unprefixed)",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"vercel", "now_token"}, Fold: true,
			Find: namedAs([]string{"token"}, base62, 24, 24), Before: namedBefore, After: namedAfter,
			Entropy: 3.5, Check: mixed,
			Source: "https://vercel.com/docs/rest-api/reference/endpoints/authentication/create-an-auth-token",
			True:   []string{"VERCEL_TOKEN=" + made(base62, 24)},
			False:  []string{"vercel_project=" + made(base62, 24)},
		},
		{
			ID: "netlify-token", Title: "Netlify access token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"nfp_", "nfc_", "nfo_", "nfu_", "nfb_"},
			Pattern:  `(nf[pcoub]_[0-9A-Za-z]{36})` + tokenEnd,
			Entropy:  3.5, Check: mixed,
			Source: "https://answers.netlify.com/t/change-to-the-netlify-authentication-token-format/106146",
			True:   []string{"NETLIFY_AUTH_TOKEN=nfp_" + made(base62, 36)},
			False:  []string{"nfp_" + made(base62, 30)},
		},
		{
			ID: "netlify-legacy-token", Title: "Netlify access token (unprefixed)",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"netlify"}, Fold: true,
			Find: namedAs([]string{"auth_token", "access_token", "api_token", "authtoken"}, base64URL, 40, 46), Before: namedBefore, After: namedAfter,
			Entropy: 4, Check: mixed,
			Source: "https://docs.netlify.com/api/get-started/#authentication; the length is known from practice",
			True:   []string{"NETLIFY_AUTH_TOKEN=" + made(base64URL, 43)},
			False:  []string{"netlify_site_id=" + made(base64URL, 43)},
		},
		{
			ID: "render-api-key", Title: "Render API key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"rnd_"},
			Pattern:  `(rnd_[0-9A-Za-z]{28,32})` + tokenEnd,
			Entropy:  3.5, Check: mixed,
			Source: "https://render.com/docs/api#1-create-an-api-key; the length is known from practice",
			True:   []string{"RENDER_API_KEY=rnd_" + made(base62, 28)},
			False:  []string{"rnd_" + made(base62, 12), "rnd_number_generator_for_all_the_tests"},
		},
		{
			ID: "railway-token", Title: "Railway token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"railway"}, Fold: true,
			Find: namedAs([]string{"token", "api_key"}, uuidLetters, 36, 36), Before: namedBefore, After: namedAfter,
			Check:  uuidShape,
			Source: "https://docs.railway.com/integrations/api#creating-a-token",
			True:   []string{"RAILWAY_TOKEN=" + madeUUID()},
			False:  []string{"RAILWAY_PROJECT_ID=" + madeUUID()},
		},
		{
			ID: "deno-deploy-token", Title: "Deno Deploy token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"ddp_", "ddo_"},
			Pattern:  `(dd[po]_[0-9A-Za-z]{36})` + tokenEnd,
			Entropy:  3.5, Check: mixed,
			Source: "https://docs.deno.com/subhosting/api/authentication/; the length is known from practice",
			True:   []string{"DENO_DEPLOY_TOKEN=ddp_" + made(base62, 36)},
			False:  []string{"ddp_" + made(base62, 20)},
		},
	}
}
