package secret

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"plimsoll/internal/keyword"
)

// TestChecksumsFitPublishedTokens holds the checks to tokens that others made and
// published as examples, or as revoked.
func TestChecksumsFitPublishedTokens(t *testing.T) {
	match := func(value string) *Match { return &Match{Value: []byte(value), Rule: &Rule{Confidence: Likely}} }
	for _, c := range []struct {
		name, value string
		check       func(*Match) Confidence
	}{
		// https://gist.github.com/coolaj86/eb8cddfd3e4251258712dfed03e1f86d: made to look into, without rights, revoked.
		{"GitHub, classic", "ghp_" + "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ" + "0mLq17", checkedCRC62("ghp_")},
		// https://github.com/secretlint/secretlint/issues/200: said to be a dummy.
		{"npm", "npm_" + "qkJaB6MffYVzZXWqmcoF49yrUxP3wf" + "0LsakP", checkedCRC62("npm_")},
		// https://github.com/mongodb/kingfisher/pull/342: revoked before it was published.
		{"GitHub, fine-grained", "github_pat_" + "11AAYCBDQ0tjwxY3uiVv5v_lo8vfONwp06Vaq9ORB7pSxWM1UT5wSEuqxoxNv15mbA" + "JTNMO62SdeYHLyzV", fineGrainedChecksum},
		// The same place: samples that were made up.
		{"Bitbucket, access token", "ATCTT3xFfGN0" + strings.Repeat("Repo7_Token9-AbCdEfGhJkLmN2PqR5", 3) + "=BC67283D", atlassianChecksum},
		{"Bitbucket, in a URL", "ATCTT3xFfGN0" + strings.Repeat("Repo7_Token9-AbCdEfGhJkLmN2PqR5", 3) + "%3DBC67283D", atlassianChecksum},
		{"Bitbucket, app password", "ATBB" + "Ab3dE5fG7hJ9kL2mN4pQ6rS8" + "AD6D34F4", atlassianChecksum},
		// The specification's own example: thirty-two times 0x42.
		{"age", "AGE-SECRET-KEY-1" + strings.Repeat("GFPYYSJZ", 6) + "GFPQ4EGAEX", ageKey},
	} {
		if got := c.check(match(c.value)); got != Certain {
			t.Errorf("%s: %v", c.name, got)
		}
		wrong := []byte(c.value)
		wrong[len(wrong)-9]++
		if got := c.check(match(string(wrong))); got == Certain {
			t.Errorf("%s with a letter changed is still certain", c.name)
		}
	}
}

// TestBech32FitsTheVectorsOfBIP173 uses the valid and invalid strings that it lists.
func TestBech32FitsTheVectorsOfBIP173(t *testing.T) {
	for _, valid := range []string{"A12UEL5L", "a12uel5l", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w"} {
		if !bech32(valid) {
			t.Errorf("%s is refused", valid)
		}
	}
	for _, invalid := range []string{"pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "A1G7SGD8", "10a06t8", "1qzzfhee", "A12uEL5L"} {
		if bech32(invalid) {
			t.Errorf("%s is accepted", invalid)
		}
	}
}

// TestMacaroonsMustEndWithTheirSignature cuts and lengthens one.
func TestMacaroonsMustEndWithTheirSignature(t *testing.T) {
	b := madeMacaroon("pypi.org")
	if !macaroon(b) {
		t.Fatal("a whole macaroon is refused")
	}
	for n := range b {
		if macaroon(b[:n]) {
			t.Errorf("its first %d bytes are accepted", n)
		}
	}
	if macaroon(append(b, 0)) {
		t.Error("a byte more is accepted")
	}
}

// TestRoutableTokensOfRenamedPrefixesAreLikely: the checksum takes in what an
// instance put before the prefix, which is not part of the match.
func TestRoutableTokensOfRenamedPrefixesAreLikely(t *testing.T) {
	whole := gitlabRoutable("acme-glpat-")
	if got := gitlabStructure(&Match{Value: []byte(strings.TrimPrefix(whole, "acme-"))}); got != Likely {
		t.Errorf("%v, not likely", got)
	}
}

// TestServiceAccountKeysThatDecodeAreCertain reads one as the console writes it.
func TestServiceAccountKeysThatDecodeAreCertain(t *testing.T) {
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed([]byte(made(base64Std, ed25519.SeedSize))))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	if err != nil {
		t.Fatal(err)
	}
	file := `{"private_key_id": "` + made(lowerHex, 40) + `", "private_key": ` + string(text) + `}`
	e, err := NewEngine(googleCloudRules())
	if err != nil {
		t.Fatal(err)
	}
	hits := search(t, e, "key.json", []byte(file))
	if len(hits) != 1 || hits[0].Confidence != Certain {
		t.Fatalf("hits %+v", hits)
	}
}

// TestKnownKeysOfEmulatorsAreNone: they are the same on every machine.
func TestKnownKeysOfEmulatorsAreNone(t *testing.T) {
	e, err := NewEngine(azureRules())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{azuriteKey, cosmosKey} {
		if hits := search(t, e, "", []byte("AccountName=a;AccountKey="+key+";")); len(hits) != 0 {
			t.Errorf("%s is found", hits[0].Value)
		}
	}
}

// TestNamesNeedAnAssignment: a provider's name in prose, or a name that says
// nothing of a secret, finds nothing.
func TestNamesNeedAnAssignment(t *testing.T) {
	r := Rule{
		ID: "x", Keywords: []string{"acmecloud"}, Fold: true, Confidence: Likely,
		Find: named(base62, 20, 20), Before: namedBefore, After: namedAfter,
	}
	e, err := NewEngine([]Rule{r})
	if err != nil {
		t.Fatal(err)
	}
	value := made(base62, 20)
	for text, name := range map[string]string{
		"ACMECLOUD_TOKEN=" + value:                         "ACMECLOUD_TOKEN",
		`"acmecloud.apiKey" : "` + value + `",`:            "acmecloud.apiKey",
		`{\"acmecloud_secret\":\"` + value + `\"}`:         "acmecloud_secret",
		"<acmecloud-password>" + value + "</x>":            "acmecloud-password",
		"my_acmecloud_key := '" + value + "'":              "my_acmecloud_key",
		"acmecloud_auth => " + value + "\n":                "acmecloud_auth",
		"--acmecloud-token=" + value:                       "--acmecloud-token",
		"acmecloud " + value:                               "",
		"acmecloud_id=" + value:                            "",
		"acmecloud_token=" + value + "0":                   "",
		"acmecloud_token=" + value[:19]:                    "",
		"acmecloud_token":                                  "",
		"acmecloud_token=":                                 "",
		"acmecloud_token = function(" + value + ")":        "",
		strings.Repeat("a", 200) + "acmecloud_id=" + value: "",
	} {
		hits := search(t, e, "", []byte(text))
		if found := len(hits) == 1 && hits[0].Name == name && string(hits[0].Value) == value; found != (name != "") || (name == "" && len(hits) > 0) {
			t.Errorf("%q: %d hits", text, len(hits))
		}
	}
}

// TestSamplesAreAlikeInEveryRun, since a rule is compared with itself in tests.
func TestSamplesAreAlikeInEveryRun(t *testing.T) {
	if once := made(base62, 40); once != made(base62, 40) {
		t.Error("samples differ from call to call")
	}
	if !uuid([]byte(madeUUID())) {
		t.Error("a UUID made for a sample is none")
	}
}

// FuzzProviders: no text makes a pattern, a finder or a check fail, and every
// value lies where its hit says.
func FuzzProviders(f *testing.F) {
	rules := slices.Concat(vcsRules(), cloudRules(), ciRules(), registryRules(), chatRules(), infraRules())
	for _, r := range rules {
		for _, sample := range append(r.True, r.False...) {
			f.Add([]byte(sample))
		}
	}
	e, err := NewEngine(rules)
	if err != nil {
		f.Fatal(err)
	}
	set, err := keyword.New(e.Words())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := e.Begin("")
		set.Find(text, 0, len(text), func(word, at int) bool {
			s.Keyword(text, 0, word, at)
			return true
		})
		for _, h := range s.Hits() {
			if !bytes.HasPrefix(text[h.Offset:], h.Value) {
				t.Errorf("rule %s: %q is not at %d", h.Rule.ID, h.Value, h.Offset)
			}
		}
	})
}

// BenchmarkProviderNames measures a text that names providers in every line and
// holds no secret.
func BenchmarkProviderNames(b *testing.B) {
	e, err := NewEngine(Rules())
	if err != nil {
		b.Fatal(err)
	}
	text := []byte(strings.Repeat("cloudflare_zone = var.zone # heroku, netlify and vercel: jenkins_url, glpat-, ghp_, sonar.host\n", 1000))
	set, err := keyword.New(e.Words())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	words := 0
	for b.Loop() {
		s := e.Begin("")
		set.Find(text, 0, len(text), func(word, at int) bool {
			words++
			s.Keyword(text, 0, word, at)
			return true
		})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(words), "ns/word")
}
