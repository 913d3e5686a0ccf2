package secret

import "plimsoll/internal/advisory"

// prefixRules are tokens of smaller services that begin with a literal of their own.
func prefixRules() []Rule {
	rule := func(peer string) string { return practice + "gitleaks v8.30.1, rule " + peer }
	maxmind := made(base62, 6) + "_" + made(base62, 29) + "_mmk"
	return []Rule{
		prefixed("adobe-client-secret", "Adobe client secret", advisory.High, []string{"p8e-"}, `p8e-[0-9A-Za-z_-]{32}`,
			rule("adobe-client-secret"), "p8e-"+made(base62, 32)),
		prefixed("authress-service-key", "Authress service client's access key", advisory.High, []string{"authress_", "scauth_"},
			`(?:authress|scauth)_[0-9A-Za-z]{5,30}\.[0-9A-Za-z]{4,6}\.acc[_-][0-9A-Za-z-]{10,32}\.[0-9A-Za-z+/_=-]{30,120}`,
			rule("authress-service-client-access-key"), "authress_"+made(base36, 12)+"."+made(base36, 5)+".acc-"+made(base36, 16)+"."+made(base62, 60)),
		prefixed("aws-bedrock-api-key", "Amazon Bedrock API key (long-lived)", advisory.High, []string{"ABSK"}, `ABSK[0-9A-Za-z+/]{109,269}={0,2}`,
			"https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html; "+rule("aws-amazon-bedrock-api-key-long-lived"), "ABSK"+made(base62, 128)),
		prefixed("aws-bedrock-session-key", "Amazon Bedrock API key (a presigned request, of hours)", advisory.Medium, []string{"bedrock-api-key-"},
			`bedrock-api-key-[0-9A-Za-z+/]{100,}={0,2}`,
			"https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html", "bedrock-api-key-"+made(base62, 200)),
		beside([]string{"clickhouse"}, prefixed("clickhouse-cloud-secret", "ClickHouse Cloud API key's secret", advisory.High, []string{"4b1d"}, `4b1d[0-9A-Za-z]{38}`,
			rule("clickhouse-cloud-api-secret-key"), "4b1d"+made(base62, 38))),
		prefixed("duffel-access-token", "Duffel access token", advisory.High, []string{"duffel_live_", "duffel_test_"}, `duffel_(?:test|live)_[0-9A-Za-z_=-]{43}`,
			"https://duffel.com/docs/api/overview/authentication; "+rule("duffel-api-token"), "duffel_live_"+made(base64URL, 43)),
		prefixed("easypost-api-key", "EasyPost API key", advisory.High, []string{"EZAK", "EZTK"}, `EZ[AT]K[0-9A-Za-z]{54}`,
			"https://docs.easypost.com/docs/authentication; "+rule("easypost-api-token"), "EZAK"+made(base62, 54)),
		prefixed("frameio-token", "Frame.io developer token", advisory.High, []string{"fio-u-"}, `fio-u-[0-9A-Za-z_=-]{64}`,
			rule("frameio-api-token"), "fio-u-"+made(base64URL, 64)),
		prefixed("infracost-api-key", "Infracost API key", advisory.Medium, []string{"ico-"}, `ico-[0-9A-Za-z]{32}`,
			rule("infracost-api-token"), "ico-"+made(base62, 32)),
		prefixed("intra42-client-secret", "42 intranet client secret", advisory.Medium, []string{"s-s4t2ud-", "s-s4t2af-"}, `s-s4t2(?:ud|af)-[0-9a-f]{64}`,
			rule("intra42-client-secret"), "s-s4t2ud-"+made(lowerHex, 64)),
		{
			ID: "maxmind-license-key", Title: "MaxMind licence key", Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"license_key", "licensekey", "license-key"}, Fold: true,
			Pattern: `(?i:license[_-]?key)["']?[ \t]{0,8}[:= \t][ \t]{0,8}["']?(?P<secret>[0-9A-Za-z]{6}_[0-9A-Za-z]{29}_mmk)` + tokenEnd,
			Opaque:  true, Source: "https://dev.maxmind.com/geoip/updating-databases; " + rule("maxmind-license-key"),
			True:  []string{"LicenseKey " + maxmind + "\n", "MAXMIND_LICENSE_KEY=" + maxmind, `license_key: "` + maxmind + `"`},
			False: []string{"LicenseKey YOUR_LICENSE_KEY_HERE\n", "LicenseKey " + maxmind + "x\n", "license_key = nil"},
		},
		prefixed("openshift-user-token", "OpenShift OAuth access token", advisory.High, []string{"sha256~"}, `sha256~[0-9A-Za-z_-]{43}`,
			"https://docs.openshift.com/container-platform/4.15/authentication/managing-oauth-access-tokens.html", "sha256~"+made(base64URL, 43)),
		prefixed("prefect-api-key", "Prefect Cloud API key", advisory.High, []string{"pnu_", "pnb_"}, `pn[ub]_[0-9A-Za-z]{36}`,
			"https://docs.prefect.io/v3/manage/cloud/manage-users/api-keys; "+rule("prefect-api-token"), "pnu_"+made(base62, 36)),
		prefixed("readme-api-key", "ReadMe API key", advisory.Medium, []string{"rdme_"}, `rdme_[0-9a-z]{70}`,
			rule("readme-api-token"), "rdme_"+made(base36, 70)),
		prefixed("scalingo-api-token", "Scalingo API token", advisory.High, []string{"tk-us-"}, `tk-us-[0-9A-Za-z_-]{48}`,
			"https://developers.scalingo.com/tokens; "+rule("scalingo-api-token"), "tk-us-"+made(base64URL, 48)),
		prefixed("settlemint-access-token", "SettleMint access token", advisory.High, []string{"sm_aat_", "sm_pat_", "sm_sat_"}, `sm_[aps]at_[0-9A-Za-z]{16}`,
			rule("settlemint-personal-access-token"), "sm_pat_"+made(base62, 16)),
		prefixed("shippo-api-token", "Shippo API token", advisory.High, []string{"shippo_live_", "shippo_test_"}, `shippo_(?:live|test)_[0-9A-Fa-f]{40}`,
			"https://docs.goshippo.com/docs/guides_general/authentication; "+rule("shippo-api-token"), "shippo_live_"+made(lowerHex, 40)),
	}
}
