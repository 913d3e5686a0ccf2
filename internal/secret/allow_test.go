package secret

import "testing"

func TestPlaceholdersAreNoSecrets(t *testing.T) {
	for _, v := range []string{
		"changeme", "xxxxxxxxxxxx", "your-token-here", "<password>", "${DB_PASSWORD}", "{{ vault_password }}", "0123456789abcdef",
		"abcdefghijklmnop", "qwertyuiop", "aaaaaaaaaaaaaaaa", "abcabcabcabcabc", "AKIA" + "IOSFODNN7EXAMPLE", "sk_test_" + "4eC39HqLyjWDarjtT1zdp7dc",
		"my-dummy-token-123", "REPLACE_ME_PLEASE", "****************", "987654321",
	} {
		if !placeholder(&Match{Rule: &Rule{}, Value: []byte(v)}) {
			t.Errorf("%q counts for a secret", v)
		}
	}
	for _, v := range []string{made(base62, 40), made(lowerHex, 64), "k8Xq2mLz7", made(base64Std, 2000), madeUUID()} {
		if placeholder(&Match{Rule: &Rule{}, Value: []byte(v)}) {
			t.Errorf("%q counts for a placeholder", v)
		}
	}
}

func TestReferencesHoldNoPassword(t *testing.T) {
	for _, v := range []string{"${SECRET}", "$(cat /run/secret)", "$PASSWORD", "%PASSWORD%", "ENC(G6N718UuyPE5bHyWKyuLQSm02auQPUtm)", "vault:kv/data/db", "{{ .Values.password }}", "arn:aws:secretsmanager:x", "{env:PASSWORD}", "@password@"} {
		if !standsForValue([]byte(v)) {
			t.Errorf("%q counts for a password", v)
		}
	}
	for _, v := range []string{"p$ssw0rd12", "{SSHA}mnN8plqbqD9U", "@dm1nXq7", "$2y$10$abcdefghijk", "#kQ7m2Lz9"} {
		if standsForValue([]byte(v)) {
			t.Errorf("%q counts for a reference", v)
		}
	}
}

func TestRandomAndWordlikeValues(t *testing.T) {
	for v, want := range map[string]struct{ random, wordlike bool }{
		made(base62, 24):                   {true, false},
		made(lowerHex, 32):                 {true, false},
		"access_token_validity_in_seconds": {false, true},
		"X-Amz-Security-Token":             {false, true},
		"org.apache.http.Impl4Auth":        {false, true},
		"getAccessToken2":                  {false, true},
		"S3cr3tP@ss":                       {false, false},
	} {
		s := shapeOf([]byte(v))
		if s.random() != want.random || s.wordlike() != want.wordlike {
			t.Errorf("%q: random %v, like words %v", v, s.random(), s.wordlike())
		}
	}
}

func TestPlacesOfExamplesAndTests(t *testing.T) {
	for _, path := range []string{
		"usr/lib/node_modules/spdy/test/fixtures.js", "app/README.md", "usr/share/doc/x/config", "app/src/auth.test.js", "app/auth_test.go", "app/testdata/key.pem",
		"usr/share/man/man5/x.5.gz", "app/CHANGELOG", "app/dist/vendor.min.js", "app/bundle.js.map", "app/types/index.d.ts", "app/.env.example", "app/locales/de.json", "app/examples/run.py",
	} {
		if !samplePlace(path) {
			t.Errorf("%s counts for a place of secrets", path)
		}
	}
	for _, path := range []string{"", "app/.env", "root/.npmrc", "srv/application.properties", "app/latest/config.yml", "usr/lib/libssl.so.1.1", "etc/app/config.json", "app/contest.py"} {
		if samplePlace(path) {
			t.Errorf("%s counts for a place of examples", path)
		}
	}
}

func TestConfidenceFallsWhereExamplesLie(t *testing.T) {
	key, token := &Rule{ID: "ssh-private-key"}, &Rule{ID: "acme-token"}
	for _, c := range []struct {
		path string
		rule *Rule
		from Confidence
		want Confidence
	}{
		{"app/.env", token, Likely, Likely},
		{"app/test/setup.js", token, Likely, Possible},
		{"app/test/setup.js", token, Certain, Certain},
		{"app/test/key.pem", key, Certain, Possible},
		{"usr/lib/x86_64-linux-gnu/libgnutls.so.30", key, Certain, Possible},
		{"root/.ssh/id_rsa", key, Certain, Certain},
		{"", token, Likely, Likely},
	} {
		w := &Window{Path: c.path, Bytes: []byte("value")}
		if got := doubted(&Match{Window: w, Rule: c.rule, Value: w.Bytes, Span: Span{End: 5}}, c.from); got != c.want {
			t.Errorf("%s in %s is %v", c.rule.ID, c.path, got)
		}
	}
}

// TestValuesOfPythonsDocumentation holds strings of several lines apart from code.
func TestValuesOfPythonsDocumentation(t *testing.T) {
	secret := "token = \"" + made(base62, 32) + "\"\n"
	for text, want := range map[string]Confidence{
		"def f():\n    \"\"\"Call it.\n\n    " + secret + "    \"\"\"\n":          Possible,
		"EXAMPLES = r'''\n- " + secret + "'''\n":                                  Possible,
		"def f():\n    \"\"\"Call it.\"\"\"\n    " + secret:                       Likely,
		"def f():\n    \"\"\"\n    Call it.\n    \"\"\"\n    return 1\n" + secret: Likely,
		secret: Likely,
	} {
		hits := search(t, engineOf(t, genericRules()), "app/client.py", []byte(text))
		if len(hits) != 1 || hits[0].Confidence != want {
			t.Errorf("%s: %v", text, hits)
		}
	}
}
