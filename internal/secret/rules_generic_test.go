package secret

import (
	"strings"
	"testing"

	"plimsoll/internal/keyword"
)

func engineOf(t testing.TB, rules []Rule) *Engine {
	t.Helper()
	e, err := NewEngine(rules)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestAssignmentsInManySyntaxes plants one password and one key in each syntax.
func TestAssignmentsInManySyntaxes(t *testing.T) {
	e := engineOf(t, genericRules())
	key := made(base62, 28)
	for _, c := range []struct{ path, text string }{
		{"", "API_KEY=" + key},
		{"", "RUN /bin/sh -c export API_KEY=" + key + " && make"},
		{"", "ENV API_KEY " + key},
		{"a/.env", "export API_KEY=\"" + key + "\""},
		{"a/app.properties", "acme.api.key = " + key},
		{"a/app.yml", "acme:\n  api-key: " + key + " # of production"},
		{"a/app.yml", "  \"apiKey\": " + key},
		{"a/app.ini", "[acme]\napi_key   = " + key},
		{"a/app.toml", "api_key = '" + key + "'"},
		{"a/app.json", `{"acme":{"apiKey" : "` + key + `"}}`},
		{"a/log.json", `{"body":"{\"apiKey\":\"` + key + `\"}"}`},
		{"a/app.xml", "<api-key>" + key + "</api-key>"},
		{"a/app.xml", `<acme apiKey="` + key + `"/>`},
		{"a/web.config", `<add key="ApiKey" value="` + key + `"/>`},
		{"a/strings.xml", `<string name="api_key">` + key + `</string>`},
		{"a/pod.yml", "- name: API_KEY\n  value: " + key},
		{"a/task.json", `{"name":"API_KEY","value":"` + key + `"}`},
		{"a/app.py", "API_KEY = '" + key + "'"},
		{"a/app.py", "api_key: str = \"" + key + "\""},
		{"a/app.py", "key = os.environ.get('API_KEY', '" + key + "')"},
		{"a/app.py", "connect(api_key=b\"" + key + "\")"},
		{"a/app.js", "const apiKey = `" + key + "`"},
		{"a/app.js", "const k = process.env.API_KEY || '" + key + "'"},
		{"a/app.ts", "private apiKey: string = \"" + key + "\";"},
		{"a/app.rb", ":api_key => '" + key + "'"},
		{"a/app.rb", "api_key ||= '" + key + "'"},
		{"a/app.php", "define('API_KEY', '" + key + "');"},
		{"a/app.php", "$c['api_key'] = \"" + key + "\";"},
		{"a/app.go", "apiKey := \"" + key + "\""},
		{"a/App.java", "client.setApiKey(\"" + key + "\");"},
		{"a/App.cs", "ApiKey = @\"" + key + "\""},
		{"a/run.sh", "tool --api-key " + key + " --verbose"},
		{"a/run.sh", "tool --api-key=" + key},
		{"a/run.bat", "set API_KEY=" + key},
		{"a/Makefile", "API_KEY ?= \"" + key + "\""},
		{"a/main.tf", "api_key = \"" + key + "\""},
		{"a/list.txt", "https://api.acme.org/v1?api_key=" + key + "&x=1"},
		{"root/.npmrc", "//registry.acme.org/:_authToken=" + key},
		{"a/unit.service", "Environment=\"API_KEY=" + key + "\""},
	} {
		hits := search(t, e, c.path, []byte(c.text+"\n"))
		if len(hits) != 1 || string(hits[0].Value) != key {
			t.Errorf("%s: %q: %d hits", c.path, c.text, len(hits))
		}
	}
}

// TestWhatReadsLikeAnAssignmentAndIsNone holds texts of packages that say nothing secret.
func TestWhatReadsLikeAnAssignmentAndIsNone(t *testing.T) {
	e := engineOf(t, genericRules())
	for path, texts := range map[string][]string{
		"a/parser.js":            {"token = this.next(state42)", `token: "punctuator.Open2"`, "if (token === 'abcDEF123456ghi789')", `const tokenType = "JSXText1Abc2Def3"`, `password: "Password is required (8+)"`},
		"a/lang/messages.yml":    {"password: Enter your password", "secret_label: Clef2Secrète"},
		"a/auth.py":              {"password = forms.CharField(max_length=128)", "token = request.headers['X-Token-1']", "api_key = settings.API_KEY2", `PASSWORD_HASHERS = "django.contrib.auth.hashers.PBKDF2"`},
		"a/config.yml":           {"password_file: /run/secrets/db_password1", "token_url: https://acme.org/oauth/token2", "secret: !vault_encrypted1", "apiKey: ${API_KEY_1}", "secretName: acme-tls-2f"},
		"etc/app.conf":           {"# password=tr0ub4dor&3x", "password sufficient pam_unix.so try_first_pass2", "auth_token_validity = 3600seconds1"},
		"package-lock.json":      {`"integrity": "sha512-9fQz27KxWm41LpVt8sRb9fQz27KxWm41LpVt8sRb=="`},
		"a/index.html":           {`<input type="password" name="password" placeholder="Password1">`},
		"a/Assembly.config":      {`<assemblyIdentity name="x" publicKeyToken="b03f5f7f11d50a3a" />`},
		"a/tokenizer_config.ini": {"pad_token = <pad_01_ab>", "eos_token=a1b2c3d4e5f6a7b8"},
	} {
		for _, text := range texts {
			for _, h := range search(t, e, path, []byte(text+"\n")) {
				if h.Confidence > Possible || !strings.HasPrefix(text, "#") {
					t.Errorf("%s: %q: %v %q", path, text, h.Confidence, h.Value)
				}
			}
		}
	}
}

// FuzzGeneric: no text makes the scanning fail, and every value lies where its hit
// says.
func FuzzGeneric(f *testing.F) {
	for _, r := range genericRules() {
		for _, sample := range append(r.True, r.False...) {
			f.Add("app/.env", []byte(sample))
			f.Add("a.py", []byte(sample))
			f.Add("", []byte(sample))
		}
	}
	e := engineOf(f, genericRules())
	set, err := keyword.New(e.Words())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string, text []byte) {
		s := e.Begin(path)
		set.Find(text, 0, len(text), func(word, at int) bool {
			s.Keyword(text, 0, word, at)
			return true
		})
		for _, h := range s.Hits() {
			if got := text[h.Offset : h.Offset+int64(len(h.Value))]; string(got) != string(h.Value) {
				t.Fatalf("%q is not where it is said to be", h.Value)
			}
		}
	})
}
