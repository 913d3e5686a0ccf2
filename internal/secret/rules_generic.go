package secret

import (
	"strings"

	"plimsoll/internal/advisory"
)

// genericRules find credentials by the name beside them. They stand last: what has
// a shape of its own is named by its own rule.
//
// Their keywords are met hundreds of thousands of times in a large image, and mean
// something a few times. What rejects fastest therefore comes first: the bytes right
// behind the keyword, then the value, then the name and the place.
func genericRules() []Rule {
	// Samples are put together when rules are, so that the compiled program holds none.
	joined := func(name, value string) string { return strings.Join([]string{name, value}, "") }
	return []Rule{
		{
			ID: "generic-password", Title: "Password in an assignment",
			Severity: advisory.High, Confidence: Possible,
			// "pass" and "pwd" are in too many words to be met alone.
			Keywords: []string{
				"password", "passwd", "passphrase", "passwort", "requirepass", "masterauth",
				"pass=", "pass:", `pass"`, "pass'", "pass =", "pass>", "_pass", "_pwd=", "_pwd:", `pwd":`, "pwd':", "pwd =", "_pwd ", "pwd=", `pwd="`, "pwd='",
			},
			Fold:   true,
			Before: nameReach, After: assignmentReach,
			Find:   findAssignment,
			Check:  gradePassword,
			Opaque: true,
			Source: "https://owasp.org/www-community/vulnerabilities/Use_of_hard-coded_password",
			True: []string{
				joined("DB_PASSWORD=", "tr0ub4dor&3x"),
				joined("spring.datasource.password = ", "Vk7#mQ2p"),
				joined("password: '", "n4Wq!82hsKd'"),
				joined(`{"dbPassword": "`, `Zr8-kq1LmT5"}`),
				joined("<password>", "gX7pq29Lw</password>"),
				joined(`$config['db']['passwd'] = '`, `b7Xk2Qm9z';`),
				joined(`<add key="SmtpPassword" value="`, `kT5vq9Zx1" />`),
				joined("env:\n- name: DB_PASSWORD\n  value: ", "hq7Xz2mPv9\n"),
				joined(`conn = "Server=db;Uid=sa;Pwd=`, `K8dq2mZx!;Database=x"`),
				joined(`ds.setPassword("`, `p8Xq2mLz7v")`),
				joined("tool --password ", "x9Kq2mBv7t"),
			},
			False: []string{
				"Enter your password: ", `"password": "Enter your password"`, "password = getPassword()", "password=${DB_PASSWORD}",
				`password: "changeme"`, "PASSWORD_FILE=/run/secrets/db1", `<label for="password">Password2</label>`, `type="password" name="password1x"`,
				`password: "********"`, `"password": "{{ db_password1 }}"`, "password=%s1234567",
			},
			SamplePath: "app/.env",
		},
		{
			ID: "generic-secret", Title: "Key, token or secret in an assignment",
			Severity: advisory.High, Confidence: Possible,
			Keywords: []string{
				"secret", "token", "api_key", "apikey", "api-key", "api.key", "access_key", "accesskey", "access-key", "access.key",
				"auth_key", "authkey", "auth-key", "private_key", "privatekey", "private-key", "credential", "encryption_key", "encryptionkey", "encryption-key", "encryption.key",
				"encrypt_key", "signing_key", "signingkey", "signing-key", "signing.key", "master_key", "masterkey", "account_key", "accountkey", "shared_key",
				"sharedkey", "app_key", "appkey", "app-key", "hmac_key", "crypt_key", "_auth=", `"_auth"`, "_auth =",
			},
			Fold:   true,
			Before: nameReach, After: assignmentReach,
			Find:   findAssignment,
			Check:  gradeSecret,
			Opaque: true,
			Source: "https://owasp.org/www-community/vulnerabilities/Use_of_hard-coded_password",
			True: []string{
				joined("API_KEY=", "9fQz27KxWm41LpVt8sRb"),
				joined("secret_key_base: ", "8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d"),
				joined(`"accessToken": "`, `Zq82LmX91kPw7TvB4nYc"`),
				joined(`const clientSecret = "`, `mK29xQ7vLp41ZtWs83Rb";`),
				joined("jwt.secret=", "b1946ac92492d2347c6235b4d2611184"),
				joined(`<string name="api_key">`, `q7Rz91LxVm38TpKw52Nb</string>`),
				joined("//registry.example.org/:_authToken=", "8a2c61de-3f47-4b90-9c55-1d0e7b6fa394"),
				joined("https://host/path?token=", "w8Kq27LmZx91PvTr54Bn"),
				joined(`os.environ.get("JWT_SECRET", "`, `z7Kx29QmLw81VtPr45Nb")`),
				joined(`process.env.SIGNING_KEY || '`, `t7Qx29KmLw81VzPr45Nb'`),
			},
			False: []string{
				"token: this.parser.next", joined("nextPageToken=", "9fQz27KxWm41LpVt8sRb"), "api_key = your-api-key-here", `"secret": "kubernetes.io/service-account-token"`,
				"tokenType=Bearer12", joined(`csrf_token = "`, `9fQz27KxWm41LpVt8sRb"`), "token=$GITHUB_TOKEN", "API_KEY=$(cat /run/secrets/api_key1)", "publicKeyToken=b03f5f7f11d50a3a",
				`"token": "access_token2"`, "SECRET_KEY=xxxxxxxxxxxxxxxxxxxx", "api_key: 0123456789abcdef0123456789abcdef",
			},
			SamplePath: "app/.env",
		},
		{
			ID: "authorization-header", Title: "Credential in an Authorization header",
			Severity: advisory.High, Confidence: Possible,
			Keywords: []string{"authorization"},
			Fold:     true,
			Before:   nameReach, After: 1500,
			Find:   findAuthorization,
			Check:  gradeAuthorization,
			Opaque: true,
			Source: "https://www.rfc-editor.org/rfc/rfc9110#field.authorization",
			True: []string{
				joined("curl -H 'Authorization: Bearer ", "q7Rz91LxVm38TpKw52Nb' https://host/"),
				joined(`headers = {"Authorization": "Basic `, `ZGVwbG95OnE3Uno5MUx4Vm0zOA=="}`),
				joined("Authorization: token ", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"),
			},
			False: []string{"Authorization: Bearer <token>", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Authorization: Bearer ${TOKEN}", "Authorization: Basic auth is required1"},
		},
		{
			ID: "command-line-password", Title: "Password on a command line",
			Severity: advisory.High, Confidence: Possible,
			Keywords: []string{
				"sshpass ", "chpasswd", "docker login", "podman login", "registry login", "skopeo login", "buildah login", "crane auth login", "oras login",
				"curl ", "mysql -", "mysqldump -", "mysqladmin -", "mariadb -", "redis-cli ", "smbclient ", "mongosh ",
			},
			Before: 160, After: 400,
			Find:   findCommandPassword,
			Check:  gradeCommandPassword,
			Opaque: true,
			Source: "https://cwe.mitre.org/data/definitions/214.html",
			True: []string{
				joined("RUN curl -fsS -u deploy:", "k8Xq2mLz https://host/x"),
				joined("sshpass -p ", "k8Xq2mLz7 ssh host"),
				joined("mysql -uroot -p", "k8Xq2mLz7 db < dump.sql"),
				joined("docker login -u bot -p ", "k8Xq2mLz7 registry.example.org"),
				joined("RUN echo 'root:", "k8Xq2mLz7' | chpasswd"),
				joined("curl --user 'bot:", "k8Xq2mLz7' https://host/"),
			},
			False: []string{
				"curl -u username:password https://host/", "curl -u $USER:$PASSWORD https://host", "sshpass -p $PASS1234 ssh", "docker login -u bot --password-stdin",
				"mysql -u root -p dbname1", "curl -u user https://host1:8080/", `echo "root:$PASSWORD1" | chpasswd`,
			},
		},
	}
}

const (
	// nameReach is how far before its keyword a name may begin, with what precedes it on its line.
	nameReach = 96
	// assignmentReach is how far behind its keyword a value may end.
	assignmentReach = 400
	longestValue    = 256
	// shortestValue is for passwords; keys and tokens are longer.
	shortestValue = 6
)

// findAssignment finds the value that is assigned to the name around the keyword.
func findAssignment(w *Window) (Span, bool) {
	b := w.Bytes
	i := w.KeywordEnd
	// Some keywords end with the operator.
	for !namePart(b[i-1]) {
		i--
	}
	end, ok := nameTail(b, i)
	if !ok {
		return Span{}, false
	}
	start := w.Keyword
	for start > 0 && namePart(b[start-1]) {
		start--
	}
	a := assigned{w: w, start: start, end: end}
	from, to, ok := a.value()
	if !ok || to-from < shortestValue || to-from > longestValue || refusedName(b[start:end]) {
		return Span{}, false
	}
	return Span{Start: from, End: to, NameStart: start, NameEnd: end}, true
}

// nameTail returns where the name ends that has a keyword ending at i, false where
// the rest of it says that it names something else.
func nameTail(b []byte, i int) (int, bool) {
	if i >= len(b) {
		return 0, false
	}
	if c := b[i]; !letter(c) && !digit(c) && c != '_' && c != '-' && c != '.' {
		return i, true
	}
	end := i
	var tail [20]byte
	n := 0
	for ; end < len(b) && namePart(b[end]); end++ {
		c := b[end]
		if c == '_' || c == '-' || c == '.' {
			continue
		}
		if n == len(tail) {
			return 0, false
		}
		if upper(c) {
			c |= 0x20
		}
		tail[n] = c
		n++
	}
	if n > 0 && !plainTails(string(tail[:n])) {
		return 0, false
	}
	return end, true
}

// plainTails are ends of names that leave a secret a secret: DB_PASSWORD_PROD.
func plainTails(tail string) bool {
	switch tail {
	case "value", "string", "str", "text", "plain", "plaintext", "base64", "b64", "hex", "key", "token", "secret", "keybase", "accesskey", "apikey",
		"default", "prod", "production", "dev", "development", "staging", "stage", "live", "main", "primary", "secondary", "admin", "root", "user", "master",
		"phrase", "salt", "code", "bot", "rw", "ro", "write", "read", "publish", "deploy", "internal", "external",
		"test", "testing", "qa", "uat", "us", "eu", "db", "database", "smtp", "mail", "redis", "api", "app", "web", "s":
		return true
	}
	for i := range len(tail) {
		if !digit(tail[i]) {
			return false
		}
	}
	return len(tail) <= 2
}

// refusedName reports names of what is no secret though one of its words is: the
// words of the name are looked at one by one.
func refusedName(name []byte) bool {
	words := 0
	var word [16]byte
	n := 0
	flush := func() bool {
		refused := n > 0 && refusedWord(string(word[:n]))
		if n > 0 {
			words++
		}
		n = 0
		return refused
	}
	for i, c := range name {
		if !letter(c) && !digit(c) || upper(c) && i > 0 && !upper(name[i-1]) {
			if flush() {
				return true
			}
			if !letter(c) && !digit(c) {
				continue
			}
		}
		if upper(c) {
			c |= 0x20
		}
		if n < len(word) {
			word[n] = c
			n++
		}
	}
	return flush() || words > 9
}

func refusedWord(word string) bool {
	switch word {
	case "public", "publickey", "publickeytoken", "publishable", "csrf", "xsrf", "csrftoken", "xsrftoken", "antiforgery", "next", "page", "nextpage", "pagetoken", "continuation", "cancel", "cancellation", "cursor", "sync",
		"reset", "forgot", "confirm", "invalid", "missing", "wrong", "bad", "error", "err", "errors", "hint", "label", "prompt", "field", "column", "header",
		"param", "regex", "regexp", "pattern", "pad", "padding", "eos", "bos", "unk", "sep", "mask", "cls", "lex", "lexer", "parse", "parser", "syntax", "prev",
		"previous", "start", "end", "stop", "separator", "delimiter", "punctuator", "nonce", "etag", "hash", "digest", "checksum", "integrity", "sha", "sha1", "sha256", "sha512", "md5",
		"fingerprint", "thumbprint", "is", "has", "no", "not", "use", "require", "requires", "enable", "enabled", "disable", "disabled", "allow", "show", "hide", "toggle",
		"msg", "message", "title", "description", "help", "icon", "button", "input", "type", "kind", "class", "id", "count", "length", "size", "sort", "primary", "foreign", "partition",
		"change", "update", "enter", "new", "old", "current", "expired", "weak", "same", "min", "max", "unique", "design", "css", "color", "colors", "theme", "spacing", "component", "telemetry", "commit", "rev", "revision", "dedup", "idempotency",
		"bypass", "compass", "encompass", "map", "translation", "i18n", "locale", "unexpected", "unterminated", "illegal", "reserved":
		return true
	}
	return false
}
