package secret

import (
	"bytes"
	"crypto/x509"
	"encoding/base32"
	"encoding/base64"
	"encoding/pem"
	"net/url"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
)

// cloudRules are the credentials of the large clouds.
func cloudRules() []Rule {
	return slices.Concat(awsRules(), googleCloudRules(), azureRules(), asianCloudRules(), hostingRules())
}

func awsRules() []Rule {
	const identifiers = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids"
	id := "AKIA" + made(base32Std[:16], 16)
	return []Rule{
		{
			ID: "aws-access-key-pair", Title: "AWS access key with its secret",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"AKIA", "ASIA"},
			Pattern:  `A[KS]IA[A-Z2-7]{16}["']?[ \t\r\n,;:|]{1,4}["']?(?P<secret>[0-9A-Za-z+/]{40})(?:[^0-9A-Za-z+/=_-]|\z)`,
			Entropy:  4,
			Check:    mixed,
			Source:   "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html; a row of the file of credentials that the console hands out",
			True:     []string{"Access key ID,Secret access key\n" + id + "," + made(base64Std, 40) + "\n"},
			False:    []string{id + "," + made(base64Std, 39), id + " " + strings.Repeat("a", 40)},
		},
		{
			ID: "aws-secret-access-key", Title: "AWS secret access key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"secret_access_key", "secretaccesskey", "secret-access-key", "secret.access.key", "aws_secret_key", "awssecretkey", "aws_secret="}, Fold: true,
			Find: namedAs(nil, base64Std, 40, 40), Before: namedBefore, After: namedAfter,
			Entropy: 4, Check: mixed,
			Source: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html",
			True: []string{
				"aws_secret_access_key = " + made(base64Std, 40) + "\n",
				`{"SecretAccessKey": "` + made(base64Std, 40) + `"}`,
				"ENV AWS_SECRET_ACCESS_KEY=" + made(base64Std, 40),
			},
			False: []string{"aws_secret_access_key = ${SECRET}", "secret_access_key: " + made(base64Std, 44), "AWS_SECRET_ACCESS_KEY=" + strings.Repeat("x", 40)},
		},
		{
			// It is a name, not a secret; its secret is seldom far from it.
			ID: "aws-access-key-id", Title: "AWS access key identifier",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"AKIA", "ASIA"},
			Pattern:  `(A[KS]IA[A-Z2-7]{16})` + tokenEnd,
			Entropy:  2.5,
			Check:    awsAccount,
			Source:   identifiers,
			True:     []string{"AWS_ACCESS_KEY_ID=" + id},
			False:    []string{"AKIA0123456789ABCDEF", "AKIA" + made(base32Std[:16], 15), "AKIA" + made(base32Std[:16], 17)},
		},
		{
			ID: "aws-session-token", Title: "AWS session token",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"IQoJb3JpZ2lu", "FwoGZXIvYXdz", "FQoGZXIvYXdz"}, Bound: true,
			Pattern: `((?:IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz)[0-9A-Za-z+/]{80,}={0,2})(?:[^0-9A-Za-z+/=]|\z)`,
			After:   4 << 10,
			Entropy: 4.5,
			Source:  "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html; how tokens begin is known from practice",
			True:    []string{"AWS_SESSION_TOKEN=IQoJb3JpZ2lu" + made(base64Std, 300) + "=="},
			False:   []string{"IQoJb3JpZ2lu" + made(base64Std, 20)},
		},
		{
			ID: "aws-appsync-key", Title: "AWS AppSync API key",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"da2-"},
			Pattern:  `(da2-[0-9a-z]{26})` + tokenEnd,
			Entropy:  3,
			Check:    mixed,
			Source:   "https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html#api-key-authorization",
			True:     []string{`"aws_appsync_apiKey": "da2-` + made(base36, 26) + `"`},
			False:    []string{"da2-" + made(base36, 25)},
		},
		{
			ID: "amazon-mws-token", Title: "Amazon Marketplace Web Service authorisation token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"amzn.mws."}, Bound: true,
			Pattern: `(amzn\.mws\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})` + tokenEnd,
			Source:  "https://developer-docs.amazon.com/sp-api/docs/migrating-from-amazon-mws",
			True:    []string{"MWSAuthToken=amzn.mws." + madeUUID()},
			False:   []string{"amzn.mws.example"},
		},
	}
}

// awsAccount: the five bytes behind an access key's prefix hold its account's
// number of twelve digits, shifted by a bit (known from practice, and confirmed by
// sts:GetAccessKeyInfo, which answers for keys that exist no more). Keys made
// before 2019 hold none, so that a number out of range lowers confidence only.
func awsAccount(m *Match) Confidence {
	b, err := base32.StdEncoding.DecodeString(string(m.Value[4:]))
	if err != nil {
		return Rejected
	}
	var n uint64
	for _, c := range b[:6] {
		n = n<<8 | uint64(c)
	}
	if n&0x7fffffffff80>>7 > 999_999_999_999 {
		return Possible
	}
	return Likely
}

func googleCloudRules() []Rule {
	key := "-----BEGIN " + "PRIVATE KEY-----"
	return []Rule{
		{
			ID: "google-service-account-key", Title: "Google Cloud service account key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"private_key_id"},
			Pattern:  `private_key_id\\?"\s{0,8}:\s{0,8}\\?"[0-9a-f]{40}\\?",\s{0,16}\\?"private_key\\?"\s{0,8}:\s{0,8}\\?"(?P<secret>` + key + `[0-9A-Za-z+/=\\\s]{60,}-----END PRIVATE KEY-----)`,
			After:    8 << 10,
			Check:    serviceAccountKey,
			Source:   "https://cloud.google.com/iam/docs/keys-create-delete#creating",
			True: []string{`{"type": "service_account", "private_key_id": "` + made(lowerHex, 40) + `",
  "private_key": "` + key + `\n` + made(base64Std, 1600) + `\n-----END PRIVATE KEY-----\n",`},
			False: []string{`"private_key_id": "` + made(lowerHex, 40) + `", "private_key": "` + key + `\nredacted"`},
		},
		{
			ID: "google-storage-hmac-key", Title: "Google Cloud Storage HMAC key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"GOOG"},
			Pattern:  `GOOG[0-9A-Z]{20,57}[^0-9A-Za-z][^\x00]{0,64}?["'=:\s](?P<secret>[0-9A-Za-z+/]{40})(?:[^0-9A-Za-z+/]|\z)`,
			Entropy:  4,
			Source:   "https://cloud.google.com/storage/docs/authentication/hmackeys#overview",
			True: []string{
				"GCS_ACCESS_KEY_ID=" + "GOOG1E" + made(base32Std, 55) + "\nGCS_SECRET_ACCESS_KEY=" + made(base64Std, 40) + "\n",
				`{"accessId": "` + "GOOG" + made(base32Std, 20) + `", "secret": "` + made(base64Std, 40) + `"}`,
			},
			False: []string{
				"GCS_ACCESS_KEY_ID=" + "GOOG1E" + made(base32Std, 55) + "\nGCS_BUCKET=releases\n",
				"GOOG closed at 123.45",
			},
		},
		{
			// Those of Firebase's web clients are public by design.
			ID: "google-api-key", Title: "Google API key",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"AIza"},
			Pattern:  `(AIza[0-9A-Za-z_-]{35})` + tokenEnd,
			Entropy:  3.5,
			Source:   "https://cloud.google.com/docs/authentication/api-keys",
			True:     []string{`"current_key": "AIza` + made(base64URL, 35) + `"`},
			False:    []string{"AIza" + made(base64URL, 30), "AIza" + strings.Repeat("x", 35)},
		},
		{
			ID: "google-oauth-client-secret", Title: "Google OAuth client secret",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"GOCSPX-"}, Bound: true,
			Pattern: `(GOCSPX-[0-9A-Za-z_-]{28})` + tokenEnd,
			Entropy: 3.5,
			Source:  "https://support.google.com/cloud/answer/15549257; the prefix is known from practice",
			True:    []string{`"client_secret":"GOCSPX-` + made(base64URL, 28) + `"`},
			False:   []string{"GOCSPX-" + made(base64URL, 20)},
		},
		{
			ID: "google-oauth-refresh-token", Title: "Google OAuth refresh token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"1//0"},
			Pattern:  `(1//0[0-9A-Za-z_-]{50,})` + tokenEnd,
			After:    520,
			Entropy:  4,
			Source:   "https://developers.google.com/identity/protocols/oauth2#expiration; the prefix is known from practice",
			True:     []string{`"refresh_token": "1//0` + made(base64URL, 99) + `"`},
			False:    []string{"1//0" + made(base64URL, 20)},
		},
		{
			ID: "google-oauth-access-token", Title: "Google OAuth access token",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"ya29."}, Bound: true,
			Pattern: `(ya29\.[0-9A-Za-z_.-]{40,})`,
			After:   2048,
			Entropy: 4,
			Source:  "https://developers.google.com/identity/protocols/oauth2#size; the prefix is known from practice",
			True:    []string{`"access_token": "ya29.` + made(base64URL, 200) + `"`},
			False:   []string{"ya29.short"},
		},
	}
}

// serviceAccountKey: the key decodes (RFC 5958).
func serviceAccountKey(m *Match) Confidence {
	text := strings.NewReplacer(`\\n`, "\n", `\n`, "\n").Replace(string(m.Value))
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return Likely
	}
	if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err != nil {
		return Likely
	}
	return Certain
}

// identifiable is where Microsoft describes its marked keys: a signature in a
// fixed place, then a checksum.
const identifiable = "https://github.com/microsoft/security-utilities/blob/main/src/Microsoft.Security.Utilities.Core/IdentifiableMetadata.cs"

func azureRules() []Rule {
	const devOps = "https://learn.microsoft.com/en-us/purview/sit-defn-azure-devops-personal-access-token"
	storage := made(base64Std, 76) + "+ASt" + made(base64Std, 6) + "=="
	return []Rule{
		{
			ID: "azure-devops-token", Title: "Azure DevOps personal access token",
			Severity: advisory.Critical, Confidence: Certain,
			Keywords: []string{"JQQJ99"}, Before: 53, After: 40,
			Pattern: `(?:^|[^0-9A-Za-z])(?P<secret>[0-9A-Za-z]{52}JQQJ99[0-9A-Za-z]{18}AZDO[0-9A-Za-z]{4})(?:[^0-9A-Za-z]|$)`,
			Source:  devOps + "; https://devblogs.microsoft.com/engineering-at-microsoft/common-annotated-security-keys/",
			True:    []string{"AZURE_DEVOPS_EXT_PAT=" + made(base62, 52) + "JQQJ99" + made(base62, 18) + "AZDO" + made(base62, 4)},
			False:   []string{made(base62, 50) + "JQQJ99" + made(base62, 18) + "AZDO" + made(base62, 4)},
		},
		{
			ID: "azure-annotated-key", Title: "Azure service key (annotated)",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{"JQQJ99"}, Before: 53, After: 40,
			Pattern: `(?:^|[^0-9A-Za-z+/])(?P<secret>[0-9A-Za-z]{52}JQQJ99[0-9A-Za-z]{18}[0-9A-Za-z+/]{4}[0-9A-Za-z]{4})(?:[^0-9A-Za-z]|$)`,
			Source:  "https://devblogs.microsoft.com/engineering-at-microsoft/common-annotated-security-keys/",
			True:    []string{`"key": "` + made(base62, 52) + "JQQJ99" + made(base62, 18) + "ACOG" + made(base62, 4) + `"`},
			False:   []string{made(base62, 50) + "JQQJ99" + made(base62, 18) + "ACOG" + made(base62, 4)},
		},
		{
			ID: "azure-devops-legacy-token", Title: "Azure DevOps personal access token (52 letters)",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"azure_devops", "azuredevops", "azure-devops", "azdo_", "ado_pat", "vsts_", "vss_nuget", "system_accesstoken"}, Fold: true,
			Find: named("abcdefghijklmnopqrstuvwxyz234567", 52, 52), Before: namedBefore, After: namedAfter,
			Entropy: 3.5, Check: mixed,
			Source: devOps,
			True:   []string{"AZURE_DEVOPS_EXT_PAT=" + made("abcdefghijklmnopqrstuvwxyz234567", 52)},
			False:  []string{"AZURE_DEVOPS_ORG=" + made("abcdefghijklmnopqrstuvwxyz234567", 52), "VSTS_TOKEN=" + made(base36, 40)},
		},
		{
			ID: "azure-account-key", Title: "Azure Storage or Cosmos DB account key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"accountkey", "account_key", "storage_key", "storage_access_key", "arm_access_key", "cosmos_key", "cosmosdb_key"}, Fold: true,
			Find: namedAs(nil, base64Std+"=", 88, 88), Before: namedBefore, After: namedAfter,
			Entropy: 4.5, Check: azureMarked, Allowed: azureEmulatorKey,
			Source: "https://learn.microsoft.com/en-us/azure/storage/common/storage-configure-connection-string; the signature: " + identifiable,
			True: []string{
				"DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + storage + ";EndpointSuffix=core.windows.net",
				"AZURE_STORAGE_KEY=" + made(base64Std, 86) + "==",
			},
			False: []string{"AccountKey=" + made(base64Std, 60) + "==", "AccountKey=" + azuriteKey},
		},
		{
			ID: "azure-shared-access-key", Title: "Azure Service Bus, Event Hubs, Relay or IoT shared access key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"sharedaccesskey="}, Fold: true,
			Pattern: `(?i:sharedaccesskey)=(?P<secret>[0-9A-Za-z+/]{43}=)(?:[^0-9A-Za-z+/=]|\z)`,
			Entropy: 4, Check: azureMarked,
			Source: "https://learn.microsoft.com/en-us/azure/service-bus-messaging/service-bus-sas; the signature: " + identifiable,
			True:   []string{"Endpoint=sb://n.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=" + made(base64Std, 33) + "+ASb" + made(base64Std, 6) + "="},
			False:  []string{"SharedAccessKey=<key>;", "SharedAccessKey=" + made(base64Std, 20) + "="},
		},
		{
			ID: "azure-endpoint-access-key", Title: "Azure SignalR, Web PubSub, Communication Services or App Configuration access key",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"endpoint=https://"}, Fold: true,
			Pattern: `(?i:endpoint)=https://[0-9A-Za-z.-]{3,}/?;(?:Id=[^;\s]{1,80};)?(?i:accesskey|secret)=(?P<secret>[0-9A-Za-z+/]{40,}={0,2})(?:[^0-9A-Za-z+/=]|\z)`,
			Entropy: 4,
			Source:  "https://learn.microsoft.com/en-us/azure/azure-signalr/concept-connection-string; https://learn.microsoft.com/en-us/azure/azure-app-configuration/rest-api-authentication-hmac",
			True: []string{
				"Endpoint=https://n.service.signalr.net;AccessKey=" + made(base64Std, 43) + "=;Version=1.0;",
				"Endpoint=https://n.azconfig.io;Id=abcd-l0-s0:x;Secret=" + made(base64Std, 43) + "=",
			},
			False: []string{"endpoint=https://example.org;AccessKey=..."},
		},
		{
			ID: "azure-container-registry-password", Title: "Azure Container Registry password",
			Severity: advisory.Critical, Confidence: Certain,
			Keywords: []string{"+ACRA", "+ACRB", "+ACRC", "+ACRD"}, Before: 43, After: 8,
			Pattern: `(?:^|[^0-9A-Za-z+/])(?P<secret>[0-9A-Za-z+/]{42}\+ACR[A-D][0-9A-Za-z+/]{5})(?:[^0-9A-Za-z+/=]|$)`,
			Entropy: 4,
			Source:  identifiable,
			True:    []string{"docker login -u n -p " + made(base64Std, 42) + "+ACRB" + made(base64Std, 5)},
			False:   []string{made(base64Std, 30) + "+ACRB" + made(base64Std, 5)},
		},
		{
			ID: "azure-search-key", Title: "Azure AI Search key",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{"AzSeA", "AzSeB", "AzSeC", "AzSeD"}, Before: 43, After: 8,
			Pattern: `(?:^|[^0-9A-Za-z])(?P<secret>[0-9A-Za-z]{42}AzSe[A-D][0-9A-Za-z]{5})(?:[^0-9A-Za-z]|$)`,
			Entropy: 4,
			Source:  identifiable,
			True:    []string{"api-key: " + made(base62, 42) + "AzSeA" + made(base62, 5)},
			False:   []string{made(base62, 30) + "AzSeA" + made(base62, 5)},
		},
		{
			ID: "azure-client-secret", Title: "Microsoft Entra application secret",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"client_secret", "clientsecret", "client-secret", "azure_secret", "azure_password"}, Fold: true,
			Find: namedAs(nil, base62+".-_~", 37, 40), Before: namedBefore, After: namedAfter,
			Entropy: 3.5, Check: entraSecret,
			Source: identifiable + " (AadClientAppCurrentSignature)",
			True:   []string{"AZURE_CLIENT_SECRET=" + made(base62, 3) + "8Q~" + made(base62, 34)},
			False:  []string{"client_secret=" + made(base62, 40)},
		},
		{
			ID: "azure-shared-access-signature", Title: "Azure shared access signature",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"&sig=", "?sig=", ";sig="}, Before: 640, After: 640,
			Find:   sharedAccessSignature,
			Source: "https://learn.microsoft.com/en-us/rest/api/storageservices/create-service-sas",
			True: []string{
				"https://n.blob.core.windows.net/c?sp=r&st=2024-01-01T00:00:00Z&se=2034-01-01T00:00:00Z&sv=2022-11-02&sr=c&sig=" + url.QueryEscape(made(base64Std, 42)+"g="),
				"https://n.blob.core.windows.net/c?sig=" + url.QueryEscape(made(base64Std, 42)+"g=") + "&se=2034-01-01&sv=2022-11-02",
			},
			False: []string{"https://example.org/?a=b&sig=" + url.QueryEscape(made(base64Std, 42)+"g="), "sv=2022-11-02&se=2034&sig=abc"},
		},
		{
			ID: "azure-publish-password", Title: "Azure App Service publishing password",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{`userPWD="`},
			Pattern:  `userPWD="(?P<secret>[0-9A-Za-z]{60})"`,
			Entropy:  4,
			Source:   "https://learn.microsoft.com/en-us/azure/app-service/deploy-configure-credentials",
			True:     []string{`<publishProfile userName="$site" userPWD="` + made(base62, 60) + `"`},
			False:    []string{`userPWD=""`},
		},
	}
}

// azureMarked: keys made since 2021 hold their service's signature ten letters
// before the padding.
func azureMarked(m *Match) Confidence {
	key := bytes.TrimRight(m.Value, "=")
	if len(m.Value)%4 != 0 || len(m.Value)-len(key) > 2 || bytes.IndexByte(key, '=') >= 0 {
		return Rejected
	}
	for _, mark := range []string{"+ASt", "ACDb", "+ASb", "+AEh", "+ARm", "AIoT", "+ABa", "AZEG"} {
		if string(key[len(key)-10:len(key)-6]) == mark {
			return Certain
		}
	}
	return Likely
}

// The keys of the emulators are the same everywhere and open nothing
// (https://learn.microsoft.com/en-us/azure/storage/common/storage-use-azurite,
// https://learn.microsoft.com/en-us/azure/cosmos-db/emulator).
const (
	azuriteKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq" + "/K1SZFPTOtr/KBHBeksoGMGw=="
	cosmosKey  = "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGy" + "PMbIZnqyMsEcaGQy67XIw/Jw=="
)

func azureEmulatorKey(m *Match) bool {
	return string(m.Value) == azuriteKey || string(m.Value) == cosmosKey
}

// entraSecret: the signature stands behind the first three letters.
func entraSecret(m *Match) Confidence {
	if mark := string(m.Value[3:6]); mark == "8Q~" || mark == "7Q~" {
		return Likely
	}
	return Rejected
}

// sharedAccessSignature finds a query's signature where the query also names a
// version and an expiry.
func sharedAccessSignature(w *Window) (Span, bool) {
	b := w.Bytes
	query := func(c byte) bool { return c > ' ' && c < 0x7f && strings.IndexByte("\"'<>`", c) < 0 }
	start, end := w.Keyword, w.KeywordEnd
	for start > 0 && query(b[start-1]) {
		start--
	}
	for end < len(b) && query(b[end]) {
		end++
	}
	text := string(b[start:end])
	if !strings.Contains(text, "sv=20") || !strings.Contains(text, "se=20") {
		return Span{}, false
	}
	stop := w.KeywordEnd
	for stop < end && strings.IndexByte("&;,\\)", b[stop]) < 0 {
		stop++
	}
	value, err := url.PathUnescape(string(b[w.KeywordEnd:stop]))
	if err != nil {
		return Span{}, false
	}
	if mac, err := base64.StdEncoding.DecodeString(value); err != nil || len(mac) != 32 {
		return Span{}, false
	}
	return Span{Start: w.KeywordEnd, End: stop, NameStart: w.Keyword + 1, NameEnd: w.KeywordEnd - 1}, true
}

func asianCloudRules() []Rule {
	return []Rule{
		{
			ID: "alibaba-access-key-secret", Title: "Alibaba Cloud access key secret",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"accesskeysecret", "access_key_secret", "access-key-secret", "alicloud_secret", "aliyun_secret"}, Fold: true,
			Find: namedAs(nil, base62, 30, 30), Before: namedBefore, After: namedAfter,
			Entropy: 3.5, Check: mixed,
			Source: "https://www.alibabacloud.com/help/en/ram/user-guide/create-an-accesskey-pair; the length is known from practice",
			True:   []string{"ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + made(base62, 30)},
			False:  []string{"accessKeySecret: your-access-key-secret", "accessKeySecret=" + made(base62, 31)},
		},
		{
			ID: "alibaba-access-key-id", Title: "Alibaba Cloud access key identifier",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"LTAI"},
			Pattern:  `(LTAI(?:[0-9A-Za-z]{20}|[0-9A-Za-z]{12}))` + tokenEnd,
			Entropy:  3, Check: mixed,
			Source: "https://www.alibabacloud.com/help/en/ram/user-guide/create-an-accesskey-pair; the prefix is known from practice",
			True:   []string{`accessKeyId: "LTAI` + made(base62, 20) + `"`},
			False:  []string{"LTAI" + made(base62, 16), "LTAI" + made(base62, 25)},
		},
		{
			ID: "tencent-secret-key", Title: "Tencent Cloud secret key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"tencentcloud", "tencent_", "qcloud"}, Fold: true,
			Find: namedAs([]string{"secret_key", "secretkey"}, base62, 32, 32), Before: namedBefore, After: namedAfter,
			Entropy: 3.5, Check: mixed,
			Source: "https://www.tencentcloud.com/document/product/598/34228; the length is known from practice",
			True:   []string{"TENCENTCLOUD_SECRET_KEY=" + made(base62, 32)},
			False:  []string{"TENCENTCLOUD_REGION=" + made(base62, 32)},
		},
		{
			ID: "tencent-secret-id", Title: "Tencent Cloud secret identifier",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"AKID"},
			Pattern:  `(AKID[0-9A-Za-z]{32})` + tokenEnd,
			Entropy:  3.5, Check: mixed,
			Source: "https://www.tencentcloud.com/document/product/598/34228",
			True:   []string{"secretId = 'AKID" + made(base62, 32) + "'"},
			False:  []string{"AKID" + made(base62, 30)},
		},
		{
			ID: "yandex-cloud-api-key", Title: "Yandex Cloud API key",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"AQVN"},
			Pattern:  `(AQVN[0-9A-Za-z_-]{35,38})` + tokenEnd,
			Entropy:  4, Check: mixed,
			Source: "https://yandex.cloud/en/docs/iam/concepts/authorization/api-key; the prefix is known from practice",
			True:   []string{"YC_API_KEY=AQVN" + made(base64URL, 36)},
			False:  []string{"AQVN" + made(base64URL, 20)},
		},
		{
			ID: "ibm-cloud-api-key", Title: "IBM Cloud API key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"ibmcloud", "ibm_cloud", "ibm-cloud", "ic_api_key", "iam_apikey", "iaas_classic_api"}, Fold: true,
			Find: namedAs([]string{"api_key", "apikey", "api-key"}, base64URL, 44, 44), Before: namedBefore, After: namedAfter,
			Entropy: 4, Check: mixed,
			Source: "https://cloud.ibm.com/docs/account?topic=account-userapikey; the length is known from practice",
			True:   []string{"IBMCLOUD_API_KEY=" + made(base64URL, 44)},
			False:  []string{"IBMCLOUD_API_KEY=" + made(base64URL, 40), "ibmcloud_region: " + made(base64URL, 44)},
		},
	}
}
