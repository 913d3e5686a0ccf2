package secret

import (
	"bytes"
	"encoding/base64"
	"strings"

	"plimsoll/internal/advisory"
)

// registryRules are the credentials of registries of packages and images.
func registryRules() []Rule {
	return append(npmRules(), packageRules()...)
}

func npmRules() []Rule {
	const npmrc = "https://docs.npmjs.com/cli/v11/configuring-npm/npmrc#auth-related-configuration"
	return []Rule{
		{
			ID: "npm-access-token", Title: "npm access token",
			Severity: advisory.Critical, Confidence: Certain,
			Keywords: []string{"npm_"},
			Pattern:  `(npm_[0-9A-Za-z]{36})` + tokenEnd,
			Check:    checkedCRC62("npm_"),
			Source:   "https://github.blog/changelog/2021-09-23-npm-has-a-new-access-token-format/",
			True:     []string{"//registry.example/:_authToken=" + withCRC62("npm_", made(base62, 30))},
			False:    []string{"npm_" + made(base62, 36), "npm_config_registry"},
		},
		{
			ID: "npmrc-token", Title: "Token of a package registry in .npmrc",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{":_authtoken"}, Fold: true,
			Pattern: `:(?P<name>_(?i:authtoken))\s{0,4}=\s{0,4}["']?(?P<secret>[0-9A-Za-z_.+/=-]{16,})`,
			After:   4 << 10,
			Entropy: 3, Check: mixed,
			Source: npmrc,
			True:   []string{"//npm.example.org/:_authToken=" + madeUUID() + "\n"},
			False:  []string{"//registry.example/:_authToken=${NPM_TOKEN}", "//registry.example/:_authToken = YOUR_AUTH_TOKEN_GOES_HERE"},
		},
		{
			ID: "npmrc-basic-auth", Title: "User and password of a package registry in .npmrc",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"_auth=", "_auth ="}, Bound: true,
			Pattern: `(?P<name>_auth)\s{0,4}=\s{0,4}["']?(?P<secret>[0-9A-Za-z+/]{8,}={0,2})`,
			After:   512,
			Check:   basicAuth,
			Source:  npmrc,
			True:    []string{"_auth=" + base64.StdEncoding.EncodeToString([]byte("deploy:"+made(base62, 16)))},
			False:   []string{"_auth=${NPM_AUTH}", "_auth=" + made(lowerHex, 20)},
		},
		{
			ID: "npmrc-password", Title: "Password of a package registry in .npmrc",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{":_password"}, Bound: false,
			Pattern: `:(?P<name>_password)\s{0,4}=\s{0,4}["']?(?P<secret>[0-9A-Za-z+/]{8,}={0,2})(?:["'\s]|\z)`,
			After:   512,
			Check:   textInBase64,
			Source:  npmrc,
			True:    []string{"//npm.example.org/:_password=" + base64.StdEncoding.EncodeToString([]byte(made(base62, 16)))},
			False:   []string{"//npm.example.org/:_password=${PASSWORD}"},
		},
	}
}

// basicAuth: the base 64 of a name, a colon and a password (RFC 7617).
func basicAuth(m *Match) Confidence {
	b, err := base64.StdEncoding.DecodeString(string(m.Value))
	if err != nil || !printable(b) || bytes.IndexByte(b, ':') < 0 {
		return Rejected
	}
	return m.Rule.Confidence
}

// textInBase64: it decodes to what can be typed.
func textInBase64(m *Match) Confidence {
	if b, err := base64.StdEncoding.DecodeString(string(m.Value)); err != nil || !printable(b) {
		return Rejected
	}
	return m.Rule.Confidence
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return len(b) > 0
}

func packageRules() []Rule {
	const upload = "https://docs.pypi.org/api/secrets/#token-format"
	lowerBase32 := strings.ToLower(base32Std)
	return []Rule{
		{
			ID: "pypi-upload-token", Title: "PyPI upload token",
			Severity: advisory.Critical, Confidence: Certain,
			Keywords: []string{"pypi-AgEIcHlwaS5vcmc", "pypi-AgENdGVzdC5weXBpLm9yZw"}, Bound: true,
			Pattern: `(pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[0-9A-Za-z_-]{50,})`,
			After:   1 << 10,
			Check:   pypiMacaroon,
			Source:  upload + "; https://github.com/rescrv/libmacaroons/blob/master/doc/format.txt",
			True: []string{
				"password = pypi-" + base64.RawURLEncoding.EncodeToString(madeMacaroon("pypi.org")),
				"TWINE_PASSWORD=pypi-" + base64.RawURLEncoding.EncodeToString(madeMacaroon("test.pypi.org")),
			},
			False: []string{"pypi-AgEIcHlwaS5vcmc" + made(base64URL, 20)},
		},
		{
			ID: "rubygems-api-key", Title: "RubyGems API key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"rubygems_"}, Bound: true,
			Pattern: `(rubygems_[0-9a-f]{48})` + tokenEnd,
			Source:  "https://guides.rubygems.org/api-key-scopes/; the shape is that of https://github.com/rubygems/rubygems.org",
			True:    []string{"GEM_HOST_API_KEY=rubygems_" + made(lowerHex, 48)},
			False:   []string{"rubygems_" + made(lowerHex, 40)},
		},
		{
			ID: "rubygems-legacy-api-key", Title: "RubyGems API key (unprefixed)",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"rubygems_api_key", "gem_host_api_key"}, Fold: true,
			Find: namedAs(nil, lowerHex, 32, 32), Before: namedBefore, After: namedAfter,
			Entropy: 3, Check: mixed,
			Source: "https://guides.rubygems.org/rubygems-org-api/#api-authorization",
			True:   []string{":rubygems_api_key: " + made(lowerHex, 32)},
			False:  []string{":rubygems_api_key: xxxx"},
		},
		{
			ID: "crates-io-token", Title: "crates.io API token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"cio"},
			Pattern:  `(cio(?:_tp_)?[0-9A-Za-z]{32})` + tokenEnd,
			Entropy:  3.5, Check: mixed,
			Source: "https://doc.rust-lang.org/cargo/reference/publishing.html; the shape is that of https://github.com/rust-lang/crates.io/blob/main/crates/crates_io_database/src/utils/token.rs",
			True:   []string{`token = "cio` + made(base62, 32) + `"`},
			False:  []string{"cio" + made(base62, 30), "ciobject"},
		},
		{
			ID: "nuget-api-key", Title: "NuGet API key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"oy2"},
			Pattern:  `(oy2[a-p][a-z2-7]{42})` + tokenEnd,
			Entropy:  3.5, Check: mixed,
			Source: "https://learn.microsoft.com/en-us/nuget/nuget-org/scoped-api-keys; the shape is that of https://github.com/NuGet/NuGetGallery (\"v4\" and random bytes in base 32)",
			True:   []string{"dotnet nuget push --api-key oy2a" + made(lowerBase32, 42)},
			False:  []string{"oy2z" + made(lowerBase32, 42), "oy2a" + made(lowerBase32, 40)},
		},
		{
			ID: "sonatype-token", Title: "Sonatype or Maven Central user token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"sonatype", "ossrh", "mavencentral", "maven_central"}, Fold: true,
			Find: namedAs([]string{"password", "token"}, base62+"+/", 32, 64), Before: namedBefore, After: namedAfter,
			Entropy: 4, Check: mixed,
			Source: "https://central.sonatype.org/publish/generate-portal-token/; the lengths are known from practice",
			True:   []string{"OSSRH_TOKEN=" + made(base62, 44), "mavenCentralPassword=" + made(base62, 44)},
			False:  []string{"ossrh_repository=" + made(base62, 44)},
		},
		{
			ID: "clojars-deploy-token", Title: "Clojars deploy token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"CLOJARS_"}, Bound: true,
			Pattern: `(CLOJARS_[0-9a-f]{60})` + tokenEnd,
			Source:  "https://github.com/clojars/clojars-web/wiki/Deploy-Tokens; the shape is that of https://github.com/clojars/clojars-web/blob/main/src/clojars/db.clj",
			True:    []string{":password \"CLOJARS_" + made(lowerHex, 60) + `"`},
			False:   []string{"CLOJARS_PASSWORD", "CLOJARS_" + made(lowerHex, 59)},
		},
		{
			// How the checksum is computed is not published.
			ID: "packagist-token", Title: "Private Packagist token",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"packagist_"}, Bound: true,
			Pattern: `(packagist_[a-z]{3}_[0-9a-f]{68})` + tokenEnd,
			Source:  "https://packagist.com/docs/composer-authentication#token-format",
			True:    []string{`"http-basic": {"repo.packagist.com": {"password": "packagist_ort_` + made(lowerHex, 68) + `"}}`},
			False:   []string{"packagist_ort_" + made(lowerHex, 60)},
		},
		{
			ID: "hex-api-key", Title: "Hex API key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"hex_api_key"}, Fold: true,
			Find: namedAs(nil, lowerHex, 32, 32), Before: namedBefore, After: namedAfter,
			Entropy: 3, Check: mixed,
			Source: "https://hex.pm/docs/publish#publishing-from-ci; the length is known from practice",
			True:   []string{"HEX_API_KEY=" + made(lowerHex, 32)},
			False:  []string{"HEX_API_KEY=$KEY"},
		},
		{
			ID: "cloudsmith-api-key", Title: "Cloudsmith API key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"cloudsmith"}, Fold: true,
			Find: namedAs([]string{"key", "token"}, lowerHex, 40, 40), Before: namedBefore, After: namedAfter,
			Entropy: 3, Check: mixed,
			Source: "https://docs.cloudsmith.com/accounts-and-teams/api-key; the length is known from practice",
			True:   []string{"CLOUDSMITH_API_KEY=" + made(lowerHex, 40)},
			False:  []string{"cloudsmith_version=" + made(lowerHex, 40)},
		},
		{
			ID: "artifactory-api-key", Title: "JFrog Artifactory API key",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"AKCp"},
			Pattern:  `(AKCp[0-9A-Za-z]{69})` + tokenEnd,
			Entropy:  4, Check: mixed,
			Source: "https://jfrog.com/help/r/jfrog-platform-administration-documentation/introduction-to-access-tokens; the shape is known from practice",
			True:   []string{"X-JFrog-Art-Api: AKCp" + made(base58, 69)},
			False:  []string{"AKCp" + made(base58, 50)},
		},
		{
			ID: "artifactory-reference-token", Title: "JFrog reference token",
			Severity: advisory.Critical, Confidence: Certain,
			Keywords: []string{"cmVmdGtu"}, Bound: true,
			Pattern: `(cmVmdGtu[0-9A-Za-z+/]{56})(?:[^0-9A-Za-z+/=]|\z)`,
			Check:   referenceToken,
			Source:  "https://jfrog.com/help/r/jfrog-platform-administration-documentation/reference-tokens; what it decodes to (reftkn:01:expiry:random) is known from practice",
			True:    []string{"JF_ACCESS_TOKEN=" + base64.StdEncoding.EncodeToString([]byte("reftkn:01:1789000000:"+made(base62, 27)))},
			False:   []string{"cmVmdGtu" + made(base64Std, 56)},
		},
		{
			ID: "docker-hub-token", Title: "Docker Hub access token",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"dckr_pat_", "dckr_oat_"}, Bound: true,
			Pattern: `(dckr_(?:pat_[0-9A-Za-z_-]{27}|oat_[0-9A-Za-z_-]{32}))` + tokenEnd,
			Entropy: 3.5,
			Source:  "https://docs.docker.com/security/access-tokens/; the lengths are known from practice",
			True:    []string{"docker login -u u -p dckr_pat_" + made(base64URL, 27), "dckr_oat_" + made(base64URL, 32)},
			False:   []string{"dckr_pat_" + made(base64URL, 10)},
		},
	}
}

func pypiMacaroon(m *Match) Confidence {
	b, err := base64.RawURLEncoding.DecodeString(string(m.Value[len("pypi-"):]))
	if err == nil && macaroon(b) {
		return Certain
	}
	return Possible
}

func referenceToken(m *Match) Confidence {
	b, err := base64.StdEncoding.DecodeString(string(m.Value))
	if err != nil || !printable(b) || bytes.Count(b, []byte(":")) != 3 {
		return Rejected
	}
	return Certain
}
