package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
)

// infraRules are the credentials of what keeps secrets, builds infrastructure,
// joins networks and clusters, and holds data.
func infraRules() []Rule {
	return slices.Concat(vaultRules(), provisioningRules(), clusterRules(), dataRules())
}

func vaultRules() []Rule {
	const vaultTokens = "https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes"
	return []Rule{
		{
			ID: "vault-token", Title: "HashiCorp Vault token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"hvs.", "hvb.", "hvr."},
			Pattern:  `(hv[sbr]\.[0-9A-Za-z_-]{24,})` + tokenEnd,
			After:    512,
			Entropy:  3.5, Check: mixed,
			Source: vaultTokens,
			True:   []string{"VAULT_TOKEN=hvs." + made(base64URL, 90), "Initial Root Token: hvs." + made(base62, 24)},
			False:  []string{"hvs.example", "hvs." + strings.Repeat("x", 24)},
		},
		{
			ID: "vault-legacy-token", Title: "HashiCorp Vault token (before 1.10)",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"vault"}, Fold: true,
			Find: namedAs([]string{"token"}, base64URL+".", 26, 200), Before: namedBefore, After: namedAfter,
			Check:  legacyVaultToken,
			Source: "https://developer.hashicorp.com/vault/docs/upgrading/upgrade-to-1.0.0#token-format-change",
			True:   []string{"VAULT_TOKEN=s." + made(base62, 24), "X-Vault-Token: b." + made(base64URL, 158)},
			False:  []string{"VAULT_TOKEN=s." + made(base62, 30), "vault_addr=s." + made(base62, 24)},
		},
		{
			ID: "vault-unseal-key", Title: "HashiCorp Vault unseal or recovery key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"unseal key", "unseal_key", "recovery key"}, Fold: true,
			Pattern: `(?i:unseal[ _]keys?|recovery key)(?:[ _][0-9]{1,2})?["']?\s{0,4}[:=]\s{0,4}["']?(?P<secret>[0-9A-Za-z+/]{44}|[0-9A-Za-z+/]{43}=|[0-9a-f]{64,66})(?:[^0-9A-Za-z+/=]|\z)`,
			Entropy: 3.5, Check: mixed,
			Source: "https://developer.hashicorp.com/vault/docs/commands/operator/init",
			True:   []string{"Unseal Key 1: " + made(base64Std, 44)},
			False:  []string{"Unseal Key 1: <key>"},
		},
		{
			ID: "doppler-token", Title: "Doppler token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."}, Bound: true,
			Pattern: `(dp\.(?:[pcs]t|sa|scim|audit)\.(?:[0-9a-z_-]{2,35}\.)?[0-9A-Za-z]{40,44})` + tokenEnd,
			Entropy: 3.5, Check: mixed,
			Source: "https://docs.doppler.com/reference/auth-token-formats",
			True:   []string{"DOPPLER_TOKEN=dp.st.prd." + made(base62, 43), "dp.pt." + made(base62, 43)},
			False:  []string{"dp.st.xxxx"},
		},
		{
			ID: "1password-service-account-token", Title: "1Password service account token",
			Severity: advisory.Critical, Confidence: Certain,
			Keywords: []string{"ops_eyJ"}, Bound: true,
			Pattern: `(ops_eyJ[0-9A-Za-z+/_-]{200,}={0,2})`,
			After:   3 << 10,
			Check:   onePasswordToken,
			Source:  "https://developer.1password.com/docs/service-accounts/security/; that it is an account's address and keys as JSON in base 64 is known from practice",
			True: []string{"OP_SERVICE_ACCOUNT_TOKEN=ops_" + base64.RawStdEncoding.EncodeToString(
				[]byte(`{"email":"`+made(base36, 12)+`@1passwordserviceaccounts.com","muk":{"alg":"A256GCM","k":"`+made(base64URL, 43)+`"},"secretKey":"A3-`+made(upper36, 6)+`","signInAddress":"my.1password.com","srpX":"`+made(lowerHex, 64)+`"}`))},
			False: []string{"ops_eyJ" + made(base64Std, 60)},
		},
		{
			ID: "1password-secret-key", Title: "1Password secret key",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"A3-"},
			Pattern:  `(A3-[2-9A-Z]{6}-(?:[2-9A-Z]{11}|[2-9A-Z]{6}-[2-9A-Z]{5})-[2-9A-Z]{5}-[2-9A-Z]{5}-[2-9A-Z]{5})` + tokenEnd,
			Entropy:  3.5, Check: mixed,
			Source: "https://support.1password.com/secret-key/; https://1passwordstatic.com/files/security/1password-white-paper.pdf",
			True:   []string{"OP_SECRET_KEY=A3-" + made(upper36[2:], 6) + "-" + made(upper36[2:], 11) + "-" + made(upper36[2:], 5) + "-" + made(upper36[3:], 5) + "-" + made(upper36[4:], 5)},
			False:  []string{"A3-XXXXXX-XXXXXX-XXXXX-XXXXX-XXXXX-XXXXX", "A3-1"},
		},
		{
			ID: "bitwarden-access-token", Title: "Bitwarden Secrets Manager access token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"bws_access", "bws_token", "access-token", "access_token", "accesstoken"}, Fold: true,
			Find: namedAs(nil, base62+"-.:+/=", 92, 94), Before: namedBefore, After: namedAfter,
			Check:  bitwardenToken,
			Source: "https://bitwarden.com/help/access-tokens/; the parser: https://github.com/bitwarden/sdk-internal/blob/main/crates/bitwarden-core/src/auth/access_token.rs",
			True:   []string{"BWS_ACCESS_TOKEN=0." + madeUUID() + "." + made(base62, 30) + ":" + base64.StdEncoding.EncodeToString([]byte(made(base62, 16)))},
			False:  []string{"access_token=" + made(base62, 94)},
		},
		{
			ID: "infisical-token", Title: "Infisical service token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"st."}, Bound: true,
			Pattern: `(st\.(?:[0-9a-f]{24}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.[0-9a-f]{32}\.[0-9a-f]{32})` + tokenEnd,
			Source:  "https://infisical.com/docs/documentation/platform/token; the lengths are known from practice",
			True:    []string{"INFISICAL_TOKEN=st." + made(lowerHex, 24) + "." + made(lowerHex, 32) + "." + made(lowerHex, 32), "st." + madeUUID() + "." + made(lowerHex, 32) + "." + made(lowerHex, 32)},
			False:   []string{"st." + made(lowerHex, 24)},
		},
		{
			ID: "age-secret-key", Title: "age secret key",
			Severity: advisory.Critical, Confidence: Certain,
			Keywords: []string{"AGE-SECRET-KEY-1", "AGE-SECRET-KEY-PQ-1"}, Bound: true,
			Pattern: `(AGE-SECRET-KEY-(?:PQ-)?1[02-9AC-HJ-NP-Z]{58})` + tokenEnd,
			Entropy: 3.5,
			Check:   ageKey,
			Source:  "https://age-encryption.org/v1; the encoding: https://github.com/bitcoin/bips/blob/master/bip-0173.mediawiki",
			True:    []string{"SOPS_AGE_KEY=" + strings.ToUpper(withBech32("age-secret-key-", made(bech32Letters, 52)))},
			False:   []string{"AGE-SECRET-KEY-1" + strings.ToUpper(made(bech32Letters, 58)), "AGE-SECRET-KEY-1..."},
		},
	}
}

// legacyVaultToken: a service token is "s." and 24 letters; a batch token is "b."
// and a sealed blob, which begins with four zero bytes.
func legacyVaultToken(m *Match) Confidence {
	service := bytes.HasPrefix(m.Value, []byte("s.")) && len(m.Value) == 26 && bytes.Count(m.Value, []byte(".")) == 1
	batch := bytes.HasPrefix(m.Value, []byte("b.")) && len(m.Value) >= 120
	if service || batch {
		return mixed(m)
	}
	return Rejected
}

func onePasswordToken(m *Match) Confidence {
	text := strings.NewReplacer("-", "+", "_", "/").Replace(strings.Trim(string(m.Value[len("ops_"):]), "="))
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return Likely
	}
	var account struct {
		SignInAddress string `json:"signInAddress"`
		SecretKey     string `json:"secretKey"`
	}
	if json.Unmarshal(b, &account) != nil || account.SignInAddress == "" || account.SecretKey == "" {
		return Likely
	}
	return Certain
}

// bitwardenToken: a version, a UUID, a secret of thirty letters and a key of
// sixteen bytes.
func bitwardenToken(m *Match) Confidence {
	login, key, _ := bytes.Cut(m.Value, []byte(":"))
	parts := bytes.Split(login, []byte("."))
	if len(parts) != 3 || string(parts[0]) != "0" || len(parts[1]) != 36 || len(parts[2]) != 30 {
		return Rejected
	}
	if b, err := base64.StdEncoding.DecodeString(string(key)); err != nil || len(b) != 16 {
		return Rejected
	}
	return Likely
}

func ageKey(m *Match) Confidence {
	if bech32(string(m.Value)) {
		return Certain
	}
	return Rejected
}

func provisioningRules() []Rule {
	return []Rule{
		{
			ID: "terraform-cloud-token", Title: "HCP Terraform API token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{".atlasv1."}, Before: 15, After: 80,
			Pattern: `(?:^|[^0-9A-Za-z])(?P<secret>[0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z_=-]{60,70})(?:[^0-9A-Za-z_=-]|$)`,
			Source:  "https://developer.hashicorp.com/terraform/cloud-docs/users-teams-organizations/api-tokens; the lengths are those of the examples",
			True:    []string{`credentials "app.terraform.io" { token = "` + made(base62, 14) + ".atlasv1." + made(base62, 67) + `" }`},
			False:   []string{"xxxxxx.atlasv1.zzzzzzzzzzzzz"},
		},
		{
			ID: "pulumi-access-token", Title: "Pulumi access token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"pul-"},
			Pattern:  `(pul-[0-9a-f]{40})` + tokenEnd,
			Source:   "https://www.pulumi.com/docs/administration/access-identity/access-tokens/; the shape is known from practice",
			True:     []string{"PULUMI_ACCESS_TOKEN=pul-" + made(lowerHex, 40)},
			False:    []string{"pul-" + made(lowerHex, 30)},
		},
		{
			ID: "consul-token", Title: "HashiCorp Consul or Nomad ACL token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"consul", "nomad"}, Fold: true,
			Find: namedAs([]string{"token", "secretid", "secret_id", "initial_management"}, uuidLetters, 36, 36), Before: namedBefore, After: namedAfter,
			Check:  uuidShape,
			Source: "https://developer.hashicorp.com/consul/docs/secure/acl/token; https://developer.hashicorp.com/nomad/docs/secure/acl/tokens",
			True:   []string{"CONSUL_HTTP_TOKEN=" + madeUUID(), "NOMAD_TOKEN=" + madeUUID()},
			False:  []string{"consul_node_id=" + madeUUID()},
		},
		{
			ID: "tailscale-key", Title: "Tailscale key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"tskey-"}, Bound: true,
			Pattern: `(tskey-(?:[a-z]{3,10}-[0-9A-Za-z]{10,24}-[0-9A-Za-z]{20,50}|[0-9a-f]{12,60}))` + tokenEnd,
			Entropy: 3, Check: mixed,
			Source: "https://tailscale.com/kb/1277/key-prefixes; the lengths are known from practice",
			True:   []string{"TS_AUTHKEY=tskey-auth-" + made(base58, 12) + "CNTRL-" + made(base58, 32)},
			False:  []string{"tskey-auth-xxxx", "tskey-examples"},
		},
		{
			ID: "ngrok-authtoken", Title: "ngrok authtoken",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"authtoken", "ngrok"}, Fold: true,
			Find: namedAs([]string{"token", "key"}, base62+"_", 43, 52), Before: namedBefore, After: namedAfter,
			Entropy: 4, Check: ngrokToken,
			Source: "https://ngrok.com/docs/agent/config/v3/; the shape is known from practice",
			True:   []string{"authtoken: 2" + made(base62, 26) + "_" + made(base62, 21), "NGROK_AUTHTOKEN=2" + made(base62, 26) + "_" + made(base62, 21)},
			False:  []string{"authtoken: " + made(base62, 49)},
		},
		{
			ID: "teleport-join-token", Title: "Teleport join token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"teleport"}, Fold: true,
			Find: namedAs([]string{"token"}, lowerHex, 32, 32), Before: namedBefore, After: namedAfter,
			Entropy: 3, Check: mixed,
			Source: "https://goteleport.com/docs/enroll-resources/agents/join-token/",
			True:   []string{"TELEPORT_AUTH_TOKEN=" + made(lowerHex, 32)},
			False:  []string{"teleport_digest=" + made(lowerHex, 32)},
		},
		{
			ID: "akamai-edgegrid-token", Title: "Akamai EdgeGrid client or access token",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"akab-"}, Bound: true,
			Pattern: `(akab-[0-9a-z]{16}-[0-9a-z]{16})` + tokenEnd,
			Entropy: 3, Check: mixed,
			Source: "https://techdocs.akamai.com/developer/docs/edgegrid",
			True:   []string{"client_token = akab-" + made(base36, 16) + "-" + made(base36[2:], 16)},
			False:  []string{"akab-host", "akab-xxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx"},
		},
	}
}

// ngrokToken: the number of a key and its secret, joined by one underscore.
func ngrokToken(m *Match) Confidence {
	id, secret, ok := bytes.Cut(m.Value, []byte("_"))
	if !ok || len(id) < 20 || len(secret) < 20 || bytes.IndexByte(secret, '_') >= 0 {
		return Rejected
	}
	return mixed(m)
}

func clusterRules() []Rule {
	return []Rule{
		{
			ID: "kubeadm-bootstrap-token", Title: "Kubernetes bootstrap token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"kubeadm join"},
			Pattern:  `kubeadm join \S{3,80} (?:\\\s+)?--token (?P<secret>[0-9a-z]{6}\.[0-9a-z]{16})` + tokenEnd,
			Check:    mixed,
			Source:   "https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#token-format",
			True:     []string{"kubeadm join 10.0.0.1:6443 --token " + made(base36, 6) + "." + made(base36, 16)},
			False:    []string{"kubeadm join 10.0.0.1:6443 --token $TOKEN"},
		},
		{
			ID: "k3s-token", Title: "K3s server or agent token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"::server:", "::node:"}, Before: 68, After: 80,
			Pattern: `(?P<secret>K10[0-9a-f]{64}::(?:server|node):[0-9A-Za-z_.-]{16,64})`,
			Check:   mixed,
			Source:  "https://docs.k3s.io/cli/token#secure",
			True:    []string{"K3S_TOKEN=K10" + made(lowerHex, 64) + "::server:" + made(lowerHex, 32)},
			False:   []string{"K10" + made(lowerHex, 20) + "::server:" + made(lowerHex, 32)},
		},
		{
			ID: "docker-swarm-token", Title: "Docker Swarm join token or unlock key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"SWMTKN-1-", "SWMKEY-1-"}, Bound: true,
			Pattern: `(SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25}|SWMKEY-1-[0-9A-Za-z+/]{43})(?:[^0-9A-Za-z+/]|\z)`,
			Source:  "https://docs.docker.com/engine/swarm/join-nodes/; https://docs.docker.com/engine/swarm/swarm_manager_locking/",
			True:    []string{"docker swarm join --token SWMTKN-1-" + made(base36, 50) + "-" + made(base36, 25), "SWMKEY-1-" + made(base64Std, 43)},
			False:   []string{"SWMTKN-1-xxx-yyy"},
		},
		{
			ID: "rancher-token", Title: "Rancher API token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"token-", "kubeconfig-u"}, Bound: true,
			Pattern: `((?:token-|kubeconfig-u(?:ser)?-?)[0-9a-z]{5,16}:[0-9a-z]{54})` + tokenEnd,
			Entropy: 3.5, Check: mixed,
			Source: "https://ranchermanager.docs.rancher.com/reference-guides/user-settings/api-keys; the lengths are those of the examples",
			True:   []string{"RANCHER_TOKEN=token-" + made(base36, 5) + ":" + made(base36, 54)},
			False:  []string{"token-keyword", "token-abcde:" + made(base36, 20)},
		},
		{
			ID: "portainer-token", Title: "Portainer access token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"ptr_"},
			Pattern:  `(ptr_[0-9A-Za-z+/]{43}=)`,
			Entropy:  4, Check: mixed,
			Source: "https://docs.portainer.io/api/access; the shape is known from practice",
			True:   []string{"X-API-Key: ptr_" + made(base64Std, 43) + "="},
			False:  []string{"ptr_to_function", "ptr_" + made(base64Std, 30) + "="},
		},
	}
}

func dataRules() []Rule {
	return []Rule{
		{
			ID: "supabase-access-token", Title: "Supabase personal access token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"sbp_"},
			Pattern:  `(sbp_(?:v0_)?[0-9a-f]{40})` + tokenEnd,
			Source:   "https://supabase.com/docs/reference/api/introduction#authentication; the length is known from practice",
			True:     []string{"SUPABASE_ACCESS_TOKEN=sbp_" + made(lowerHex, 40)},
			False:    []string{"sbp_" + made(lowerHex, 20)},
		},
		{
			ID: "supabase-secret-key", Title: "Supabase secret key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"sb_secret_"}, Bound: true,
			Pattern: `(sb_secret_[0-9A-Za-z_-]{20,40})` + tokenEnd,
			Entropy: 3.5, Check: mixed, Allowed: supabaseLocalKey,
			Source: "https://supabase.com/docs/guides/api/api-keys",
			True:   []string{"SUPABASE_SECRET_KEY=sb_secret_" + made(base64URL, 22) + "_" + made(base64URL, 8)},
			False:  []string{"sb_secret_...", "sb_secret_" + "N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz"},
		},
		{
			ID: "planetscale-token", Title: "PlanetScale token or password",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"pscale_tkn_", "pscale_oauth_", "pscale_pw_"}, Bound: true,
			Pattern: `(pscale_(?:tkn|oauth|pw)_[0-9A-Za-z_=.-]{32,64})(?:[^0-9A-Za-z_=.-]|\z)`,
			Entropy: 3.5, Check: mixed,
			Source: "https://planetscale.com/docs/concepts/service-tokens; the lengths are known from practice",
			True:   []string{"DATABASE_PASSWORD=pscale_pw_" + made(base62, 43)},
			False:  []string{"pscale_tkn_abc"},
		},
		{
			ID: "neon-api-key", Title: "Neon API key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"napi_"}, Bound: true,
			Pattern: `(napi_[0-9a-z]{40,80})` + tokenEnd,
			Entropy: 3.5, Check: mixed,
			Source: "https://neon.com/docs/manage/api-keys; the shape is known from practice",
			True:   []string{"NEON_API_KEY=napi_" + made(base36, 64)},
			False:  []string{"napi_create_function", "napi_" + made(base36, 20)},
		},
		{
			ID: "databricks-token", Title: "Databricks personal access token or secret",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"dapi", "dose"},
			Pattern:  `(d(?:api|ose)[0-9a-f]{32}(?:-[0-9])?)` + tokenEnd,
			Entropy:  3, Check: mixed,
			Source: "https://docs.databricks.com/aws/en/dev-tools/auth/pat; https://learn.microsoft.com/en-us/purview/sit-defn-azure-databricks-personal-access-token",
			True:   []string{"DATABRICKS_TOKEN=dapi" + made(lowerHex, 32) + "-2"},
			False:  []string{"dapi" + made(lowerHex, 20), "doses"},
		},
		{
			ID: "confluent-api-secret", Title: "Confluent Cloud API secret",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"cflt"},
			Pattern:  `(cflt[0-9A-Za-z+/]{60})(?:[^0-9A-Za-z+/=_-]|\z)`,
			Entropy:  4, Check: mixed,
			Source: "https://docs.confluent.io/cloud/current/security/authenticate/workload-identities/service-accounts/api-keys/overview.html#api-key-format",
			True:   []string{`password="cflt` + made(base64Std, 60) + `";`},
			False:  []string{"cflt" + made(base64Std, 40)},
		},
		{
			ID: "confluent-legacy-api-secret", Title: "Confluent Cloud API secret (unprefixed)",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"confluent", "schema_registry", "cluster_api_secret"}, Fold: true,
			Find: namedAs([]string{"secret", "password"}, base64Std, 64, 64), Before: namedBefore, After: namedAfter,
			Entropy: 4.5, Check: mixed,
			Source: "https://docs.confluent.io/cloud/current/security/authenticate/workload-identities/service-accounts/api-keys/overview.html#api-key-format",
			True:   []string{"CONFLUENT_API_SECRET=" + made(base64Std, 64)},
			False:  []string{"confluent_version=" + made(base64Std, 64)},
		},
		{
			ID: "mongodb-atlas-service-account-secret", Title: "MongoDB Atlas service account secret",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"mdb_sa_sk_"}, Bound: true,
			Pattern: `(mdb_sa_sk_[0-9A-Za-z_-]{40})` + tokenEnd,
			Entropy: 3.5,
			Source:  "https://www.mongodb.com/docs/atlas/api/service-accounts-overview/; the length is known from practice",
			True:    []string{"clientSecret: mdb_sa_sk_" + made(base64URL, 40)},
			False:   []string{"mdb_sa_sk_" + made(base64URL, 20)},
		},
		{
			ID: "aiven-service-password", Title: "Aiven service password",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"AVNS_"}, Bound: true,
			Pattern: `(AVNS_[0-9A-Za-z_-]{19})` + tokenEnd,
			Entropy: 3.5,
			Source:  "https://aiven.io/docs/platform/concepts/service-password; the length is known from practice",
			True:    []string{"postgres://avnadmin:AVNS_" + made(base64URL, 19) + "@h.aivencloud.com:1/db"},
			False:   []string{"AVNS_" + made(base64URL, 10)},
		},
		{
			ID: "cockroachdb-cloud-api-key", Title: "CockroachDB Cloud API key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"CCDB1_"}, Bound: true,
			Pattern: `(CCDB1_[0-9A-Za-z]{22}_[0-9A-Za-z]{40})` + tokenEnd,
			Source:  "https://www.cockroachlabs.com/docs/cockroachcloud/cloud-api#set-an-api-key; the lengths are known from practice",
			True:    []string{"COCKROACH_API_KEY=CCDB1_" + made(base62, 22) + "_" + made(base62, 40)},
			False:   []string{"CCDB1_" + made(base62, 22)},
		},
	}
}

// supabaseLocalKey is the key of every stack that the command line starts on its
// own machine (https://github.com/supabase/cli).
func supabaseLocalKey(m *Match) bool {
	return string(m.Value) == "sb_secret_"+"N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz"
}
