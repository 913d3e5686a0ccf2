package secret

import (
	"bytes"
	"encoding/base64"
	"strings"

	"plimsoll/internal/advisory"
)

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// containerRules are the credentials of registries and clusters.
func containerRules() []Rule {
	auth := encoded("ci-push:" + made(base62, 24))
	key := encoded(pemBegin + "PRIVATE KEY" + pemDash + "\n" + sampleEd25519 + "\n" + pemEnd + "PRIVATE KEY" + pemDash + "\n")
	dockerFiles := files(".docker/config.json", "docker/config.json", ".dockerconfigjson", ".dockercfg", "containers/auth.json", "auth.json", "kaniko/config.json")
	kubeFiles := files(".kube/config", "kubeconfig", "kubeconfig.*", "kubeconfig-*", "*.kubeconfig", "*-kubeconfig", "kubernetes/*.conf", "k3s.yaml", "kubelet/config")
	const dockerSource = "https://docs.docker.com/reference/cli/docker/login/; https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md"
	const kubeSource = "https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/"
	user := fileRule("kubeconfig-token", "Token or password of a Kubernetes user", advisory.Critical, kubeSource, kubeFiles, "root/.kube/config", ":",
		func(name string) bool {
			return name == "token" || name == "password" || name == "refresh-token" || name == "id-token" || name == "client-secret"
		}, "token", "password", "client-secret")
	user.Check = func(m *Match) Confidence { return rejectedIf(m, judgePassword(m) != Likely) }
	return []Rule{
		{
			ID: "docker-registry-auth", Title: "Password of a container registry",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{`"auth"`}, After: 4 << 10, Pattern: `"(?P<name>auth)"\s*:\s*"(?P<secret>[0-9A-Za-z+/=_-]{8,})"`,
			Check: basicPair, Exact: true, Opaque: true, Paths: dockerFiles, Source: dockerSource,
			True: []string{`{"auths":{"registry.internal":{"auth":"` + auth + `"}}}`, "{\n\t\"registry.internal\": {\n\t\t\"auth\": \"" + auth + "\",\n\t\t\"email\": \"\"\n\t}\n}"},
			False: []string{
				`{"auths":{"registry.internal":{}},"credsStore":"pass"}`, `{"auths":{"r":{"auth":""}}}`, `{"auths":{"r":{"auth":"` + encoded("user:password") + `"}}}`,
				`{"auths":{"r":{"auth":"` + made(base62, 24) + `"}}}`,
			},
			SamplePath: "root/.docker/config.json",
		},
		{
			ID: "docker-registry-auth-embedded", Title: "Password of a container registry in a pull secret",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{`"auths"`}, After: 4 << 10, Pattern: `"auths"\s*:\s*\{[^}]*?"(?P<name>auth)"\s*:\s*"(?P<secret>[0-9A-Za-z+/=_-]{8,})"`,
			Check: basicPair, Exact: true, Opaque: true,
			Source: "https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/",
			True:   []string{`stringData: {"auths": {"https://index.docker.io/v1/": {"username": "ci", "auth": "` + auth + `"}}}`},
			False:  []string{`{"auths": {"r": {"auth": "` + made(base62, 24) + `"}}}`, `{"auths": {}}, "auth": "` + auth + `"`},
		},
		{
			ID: "docker-identity-token", Title: "Identity token of a container registry",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{`"identitytoken"`, `"registrytoken"`}, Fold: true, After: 6 << 10,
			Pattern: `(?i)"(?P<name>identitytoken|registrytoken)"\s*:\s*"(?P<secret>[0-9A-Za-z+/=_.-]{20,})"`,
			Opaque:  true, Paths: dockerFiles, Source: dockerSource,
			True:       []string{`{"auths":{"x.azurecr.io":{"auth":"MDAwOg==","identitytoken":"` + made(base64URL, 90) + `"}}}`},
			False:      []string{`{"auths":{"x":{"identitytoken":""}}}`},
			SamplePath: "root/.docker/config.json",
		},
		{
			ID: "kubeconfig-client-key", Title: "Private key of a Kubernetes user",
			Severity: advisory.Critical, Confidence: Certain,
			Keywords: []string{"client-key-data"}, After: MaxReach, Pattern: `(?P<name>client-key-data)["']?\s*:\s*["']?(?P<secret>[0-9A-Za-z+/=]+)`,
			Check: func(m *Match) Confidence {
				text, ok := base64Bytes(m.Value)
				if !ok {
					return Rejected
				}
				block, label, found := pemBlock(text)
				if !found {
					return Rejected
				}
				if key, parses := parsePrivateKey(block, label); !parses || key.encrypted {
					return Rejected
				}
				return Certain
			},
			Exact: true, Opaque: true, Source: kubeSource,
			True:  []string{"users:\n- name: admin\n  user:\n    client-certificate-data: LS0t\n    client-key-data: " + key + "\n"},
			False: []string{"client-key-data: REDACTED\n", "client-key-data: " + made(base62, 200) + "\n", "client-key-data: " + key[:140] + "\n"},
		},
		with(user,
			[]string{"users:\n- name: ci\n  user:\n    token: " + made(base62, 32) + "\n", `{"users":[{"user":{` + "\n" + `"password": "` + made(base62, 20) + `"` + "\n}}]}"},
			[]string{"  user:\n    tokenFile: /var/run/secrets/token\n", "    token: ${TOKEN}\n", "    token: <token>\n", "    token: REDACTED\n"}),
		{
			ID: "kubernetes-secret-manifest", Title: "Kubernetes Secret with its data",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"kind: Secret\n", "kind: Secret\r\n", `"kind":"Secret"`, `"kind": "Secret"`}, Before: 4 << 10, After: 4 << 10,
			Find: findManifestSecret, Opaque: true,
			Source: "https://kubernetes.io/docs/concepts/configuration/secret/",
			True: []string{
				"apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ntype: Opaque\ndata:\n  username: YXBw\n  password: " + encoded(made(base62, 18)) + "\n",
				"apiVersion: v1\nstringData:\n  api-key: \"" + made(base62, 30) + "\"\nkind: Secret\nmetadata:\n  name: x\n",
				`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"},"data":{"password":"` + encoded(made(base62, 18)) + `"}}`,
			},
			False: []string{
				"kind: Secret\nmetadata:\n  name: db\ndata:\n  password: {{ .Values.password | b64enc }}\n", "kind: Secret\ndata: {}\n",
				"kind: SecretStore\ndata:\n  password: " + encoded(made(base62, 18)) + "\n", "kind: Secret\nstringData:\n  password: ${PASSWORD}\n",
				"kind: Secret\n---\nkind: ConfigMap\ndata:\n  password: " + encoded(made(base62, 18)) + "\n", "kind: Secret\ndata:\n  password: <base64 password>\n",
				"kind: Secret\ndata:\n  password: cGFzc3dvcmQ=\n", "kind: Secret\ndata:\n  ca.pem: " + encoded(pemBegin+"CERTIFICATE"+pemDash+"\n"+made(base62, 40)) + "\n", "kind: Secret\ndata:\n  username: YXBwbGljYXRpb24=\n",
			},
		},
	}
}

// basicPair proves a value that decodes to "user:password".
func basicPair(m *Match) Confidence {
	b, ok := base64Bytes(m.Value)
	user, password, pair := bytes.Cut(b, []byte(":"))
	if !ok || !pair || len(user) == 0 || len(password) < 4 || !printable(b) || standsForValue(password) || trivial(string(user), password) {
		return Rejected
	}
	return Certain
}

// findManifestSecret spans the first value of a Secret's data that is none of
// those that need no secrecy.
func findManifestSecret(w *Window) (Span, bool) {
	// Every line of the window is taken apart.
	w.search.tried += len(w.Bytes)
	begin, end := 0, len(w.Bytes)
	if n := bytes.LastIndex(w.Bytes[:w.Keyword], []byte("\n---")); n >= 0 {
		begin = n + 4
	}
	if n := bytes.Index(w.Bytes[w.KeywordEnd-1:], []byte("\n---")); n >= 0 {
		end = w.KeywordEnd - 1 + n
	}
	if w.Bytes[w.Keyword] == '"' {
		return findJSONData(w, begin, end)
	}
	// data is set where the line before it opened a block of encoded values or of plain ones.
	encodedValues, inside := false, false
	margin := 0
	for at := begin; at < end; {
		stop := end
		if n := bytes.IndexByte(w.Bytes[at:end], '\n'); n >= 0 {
			stop = at + n
		}
		line := w.Bytes[at:stop]
		indent := len(line) - len(bytes.TrimLeft(line, " -"))
		name, value, pair := bytes.Cut(line, []byte(":"))
		switch {
		case len(bytes.TrimSpace(line)) == 0 || commentLine(line):
		case inside && indent <= margin:
			inside = false
			fallthrough
		case !inside:
			if key := string(bytes.TrimLeft(name, " -")); pair && len(bytes.TrimSpace(value)) == 0 && (key == "data" || key == "stringData") {
				inside, margin, encodedValues = true, indent, key == "data"
			}
		case pair:
			span := settingValue(w.Bytes, at+len(name), stop, ":")
			nameSpan := trimmed(w.Bytes, at, at+len(name), " \"'")
			span.NameStart, span.NameEnd = nameSpan.Start, nameSpan.End
			if manifestValue(w.Bytes[nameSpan.Start:nameSpan.End], w.Bytes[span.Start:span.End], encodedValues) {
				return span, true
			}
		}
		at = stop + 1
	}
	return Span{}, false
}

// findJSONData looks at the members of the object that "data" or "stringData" opens.
func findJSONData(w *Window, begin, end int) (Span, bool) {
	for _, field := range []string{`"data":`, `"stringData":`} {
		n := bytes.Index(w.Bytes[begin:end], []byte(field))
		if n < 0 {
			continue
		}
		at := begin + n + len(field)
		closing := bytes.IndexByte(w.Bytes[at:end], '}')
		if closing < 0 {
			continue
		}
		for b := w.Bytes[at : at+closing]; ; {
			parts := bytes.SplitN(b, []byte(`"`), 5)
			if len(parts) < 5 || string(bytes.TrimSpace(parts[2])) != ":" {
				break
			}
			from := at + closing - len(b) + len(parts[0]) + 1
			value := from + len(parts[1]) + len(parts[2]) + 2
			if manifestValue(parts[1], parts[3], field == `"data":`) {
				return Span{Start: value, End: value + len(parts[3]), NameStart: from, NameEnd: from + len(parts[1])}, true
			}
			b = parts[4]
		}
	}
	return Span{}, false
}

// manifestValue tells a secret of a manifest from certificates, names and placeholders.
func manifestValue(name, value []byte, inBase64 bool) bool {
	switch strings.ToLower(string(name)) {
	case "ca.crt", "tls.crt", "namespace", "username", "user", "host", "port", "database", "url", "email", "type":
		return false
	}
	if len(value) < 4 || standsForValue(value) {
		return false
	}
	if inBase64 {
		decoded, ok := base64Bytes(value)
		if !ok || len(decoded) < 4 {
			return false
		}
		value = decoded
	}
	if bytes.Contains(value, []byte("BEGIN CERTIFICATE")) || bytes.Contains(value, []byte("BEGIN PUBLIC KEY")) {
		return false
	}
	return !standsForValue(value) && !trivial("", value) && !standInWord(value) && bytes.IndexByte(value, '<') < 0
}

// frameworkRules are the secrets of web frameworks.
func frameworkRules() []Rule {
	password := made(base62, 15)
	appKey := "base64:" + base64.StdEncoding.EncodeToString([]byte(made(base62, 32)))
	defined := func(name, value string) string { return "<?php\ndefine( '" + name + "', '" + value + "' );\n" }
	wordpress := files("wp-config.php", "wp-config*.php")
	return []Rule{
		{
			ID: "wordpress-database-password", Title: "WordPress database password",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"DB_PASSWORD"}, Before: 24, After: 200, Pattern: `define\s*\(\s*['"](?P<name>DB_PASSWORD)['"]\s*,\s*['"](?P<secret>[^'"\r\n]+)['"]`,
			Check: judgePassword, Opaque: true, Exact: true, Paths: wordpress,
			Source: "https://developer.wordpress.org/advanced-administration/wordpress/wp-config/",
			True:   []string{defined("DB_PASSWORD", password)},
			False:  []string{"define( 'DB_PASSWORD', getenv('DB_PASSWORD') );", defined("DB_PASSWORD", "")}, SamplePath: "var/www/html/wp-config.php",
		},
		{
			ID: "wordpress-salt", Title: "WordPress key or salt (signs the cookies of logins)",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"AUTH_KEY", "LOGGED_IN_KEY", "NONCE_KEY", "AUTH_SALT", "LOGGED_IN_SALT", "NONCE_SALT"}, Before: 32, After: 200,
			Pattern: `define\s*\(\s*['"](?P<name>(?:SECURE_)?(?:AUTH|LOGGED_IN|NONCE)_(?:KEY|SALT))['"]\s*,\s*['"](?P<secret>[^'\r\n]{32,100})['"]\s*\)`,
			Check:   func(m *Match) Confidence { return rejectedIf(m, bytes.Contains(m.Value, []byte("unique phrase"))) },
			Opaque:  true, Exact: true, Paths: wordpress,
			Source:     "https://api.wordpress.org/secret-key/1.1/salt/",
			True:       []string{defined("SECURE_AUTH_KEY", made(base64Std, 64))},
			False:      []string{defined("AUTH_KEY", "put your unique phrase here, please"), "define('AUTH_KEY', getenv('AUTH_KEY'));"},
			SamplePath: "var/www/html/wp-config.php",
		},
		{
			ID: "rails-secret-key-base", Title: "Rails secret_key_base (signs and encrypts sessions)",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"secret_key_base"}, Fold: true, After: 200,
			Pattern: `(?i)(?P<name>secret_key_base)["']?\s*(?:=>|[:=])\s*["']?(?P<secret>[0-9a-f]{64,128})\b`, Entropy: 3, Opaque: true,
			Source: "https://guides.rubyonrails.org/security.html#environmental-security",
			True:   []string{"production:\n  secret_key_base: " + made(lowerHex, 128) + "\n", "SECRET_KEY_BASE=" + made(lowerHex, 128)},
			False:  []string{"secret_key_base: <%= ENV[\"SECRET_KEY_BASE\"] %>", "secret_key_base: " + strings.Repeat("0", 128), "SECRET_KEY_BASE_DUMMY=1"},
		},
		{
			ID: "rails-master-key", Title: "Rails master key (decrypts its credentials)",
			Severity: advisory.Critical, Confidence: Likely,
			Keywords: []string{"RAILS_MASTER_KEY"}, Bound: true, After: 80,
			Pattern: `(?P<name>RAILS_MASTER_KEY)["']?\s*[:=]\s*["']?(?P<secret>[0-9a-f]{32})\b`, Entropy: 3, Opaque: true,
			Source: "https://guides.rubyonrails.org/security.html#custom-credentials",
			True:   []string{"ENV RAILS_MASTER_KEY=" + made(lowerHex, 32)},
			False:  []string{"RAILS_MASTER_KEY=$(cat config/master.key)", "RAILS_MASTER_KEY=" + strings.Repeat("a", 32)},
		},
		{
			ID: "django-secret-key", Title: "Django secret key (signs sessions)",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"SECRET_KEY"}, Bound: true, After: 160,
			Pattern: `(?P<name>SECRET_KEY)\s*=\s*[rbu]?["'](?P<secret>[^"'\r\n]{32,120})["']`, Entropy: 3.5, Opaque: true,
			Paths:  files("settings.py", "settings_*.py", "*_settings.py", "settings/*.py", "local_settings.py", "config.py", "production.py"),
			Source: "https://docs.djangoproject.com/en/stable/ref/settings/#std-setting-SECRET_KEY",
			True:   []string{"SECRET_KEY = '" + made(base62+"!@#$%^&*(-_=+)", 50) + "'\n"},
			False:  []string{"SECRET_KEY = ''\n", "SECRET_KEY = os.environ['SECRET_KEY']\n", "SECRET_KEY = 'dev'\n"}, SamplePath: "app/site/settings.py",
			Check: func(m *Match) Confidence {
				// What "startproject" writes says so and guards a project in the making.
				if bytes.HasPrefix(m.Value, []byte("django-insecure-")) {
					return Possible
				}
				return rejectedIf(m, bytes.ContainsAny(m.Value, "{}") && bytes.Contains(m.Value, []byte("secret_key")))
			},
		},
		{
			ID: "laravel-app-key", Title: "Laravel application key (encrypts sessions and cookies)",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{"APP_KEY"}, Bound: true, After: 80, Pattern: `(?P<name>APP_KEY)["']?\s*[:=]>?\s*["']?(?P<secret>base64:[0-9A-Za-z+/]{22,43}=*)`,
			Entropy: 3, Opaque: true, Exact: true,
			Check: func(m *Match) Confidence {
				key, ok := base64Bytes(m.Value[len("base64:"):])
				return rejectedIf(m, !ok || len(key) != 32 && len(key) != 16)
			},
			Source: "https://laravel.com/docs/encryption#configuration",
			True:   []string{"APP_KEY=" + appKey + "\n"},
			False:  []string{"APP_KEY=\n", "APP_KEY=base64:" + strings.Repeat("A", 43) + "=\n", "APP_KEY=base64:" + made(base62, 30) + "\n"},
		},
		with(fileRule("spring-password", "Password or secret in a Spring configuration", advisory.High,
			"https://docs.spring.io/spring-boot/appendix/application-properties/", files("application*.properties", "application*.yml", "application*.yaml", "bootstrap*.properties", "bootstrap*.yml", "bootstrap*.yaml"),
			"app/BOOT-INF/classes/application.properties", "=:", func(name string) bool {
				last := name[strings.LastIndexAny(name, ".")+1:]
				return passwordName(last) || strings.HasSuffix(last, "secret") || last == "secret-key" || last == "client-secret"
			}, "password", "secret"),
			[]string{"spring.datasource.url=jdbc:x\nspring.datasource.password=" + password + "\n", "spring:\n  datasource:\n    password: \"" + password + "\"\n"},
			[]string{
				"spring.datasource.password=${DB_PASSWORD}\n", "spring.datasource.password=ENC(abcdefghijk)\n", "# spring.datasource.password=" + password + "\n", "spring.datasource.password={cipher}abcdef0123\n",
				"spring.datasource.password=\n", "password.min-length=12\n",
			}),
	}
}

func rejectedIf(m *Match, none bool) Confidence {
	if none {
		return Rejected
	}
	return m.Rule.Confidence
}

// buildFileRules are the secrets of build tools and of what provisions hosts.
func buildFileRules() []Rule {
	password := made(base62, 16)
	element := func(name, value string) string { return "<" + name + ">" + value + "</" + name + ">" }
	return []Rule{
		{
			ID: "maven-server-password", Title: "Password of a server in Maven's settings",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"<password>", "<passphrase>"}, Before: 6 << 10, After: 300, Find: findElement, Opaque: true, Exact: true,
			Check: func(m *Match) Confidence {
				if m.Value[0] == '{' || bytes.IndexByte(m.Value, ' ') >= 0 {
					return Rejected
				}
				return judgePassword(m)
			},
			Paths:  files("settings.xml", ".m2/settings*.xml", "maven-settings*.xml", "settings-*.xml"),
			Source: "https://maven.apache.org/settings.html#Servers",
			True:   []string{"<servers><server><id>nexus</id><username>ci</username>" + element("password", password) + "</server></servers>"},
			False: []string{
				"<!-- server\n | <server>\n" + element("password", "repopwd") + "\n</server>\n-->\n", element("password", "${env.NEXUS_PASSWORD}"), element("password", "{COQLCE6DU6GtcS5P=}"),
				"<!--\n" + element("passphrase", "optional; leave empty if not used.") + "\n-->", element("password", ""),
			},
			SamplePath: "root/.m2/settings.xml",
		},
		{
			ID: "maven-master-password", Title: "Master password of Maven (encrypted with a key that everybody knows)",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"<master>"}, Before: 2 << 10, After: 200, Find: findElement, Opaque: true, Exact: true,
			Check:  func(m *Match) Confidence { return rejectedIf(m, m.Value[0] != '{' || len(m.Value) < 24) },
			Paths:  files("settings-security.xml"),
			Source: "https://maven.apache.org/guides/mini/guide-encryption.html",
			True:   []string{"<settingsSecurity>" + element("master", "{"+made(base62, 43)+"=}") + "</settingsSecurity>"},
			False:  []string{element("master", "${env.MASTER}"), "<!-- " + element("master", "{"+made(base62, 43)+"=}") + " -->"}, SamplePath: "root/.m2/settings-security.xml",
		},
		with(fileRule("gradle-property-password", "Password in Gradle's properties", advisory.High,
			"https://docs.gradle.org/current/userguide/signing_plugin.html; https://docs.gradle.org/current/userguide/build_environment.html", files("gradle.properties"),
			"root/.gradle/gradle.properties", "=:", func(name string) bool { return passwordName(name) || strings.HasSuffix(name, "token") }, "password", "passwd", "token"),
			[]string{"signing.keyId=24875D73\nsigning.password=" + password + "\n", "nexusPassword=" + password + "\n"},
			[]string{"# signing.password=" + password + "\n", "signing.password=\n", "nexusPassword=${NEXUS_PASSWORD}\n"}),
		{
			ID: "ansible-vault", Title: "Text encrypted by Ansible Vault (safe while its password is elsewhere)",
			Severity: advisory.Negligible, Confidence: Likely,
			Keywords: []string{"$ANSIBLE_VAULT;"}, After: 120, Pattern: `\$ANSIBLE_VAULT;1\.[12];AES256?(?:;[\w.-]+)?\s+(?P<secret>[0-9a-f]{80})`, Exact: true, Opaque: true,
			Source: "https://docs.ansible.com/ansible/latest/vault_guide/vault_using_encrypted_content.html#format-of-files-encrypted-with-ansible-vault",
			True:   []string{"$ANSIBLE_VAULT;1.1;AES256\n" + made(lowerHex, 80) + "\n" + made(lowerHex, 80) + "\n"},
			False:  []string{"b_HEADER = b'$ANSIBLE_VAULT;1.1;AES256'\n", "$ANSIBLE_VAULT;1.1;AES256\n  ...\n"},
		},
		{
			ID: "terraform-state-secret", Title: "Secret in a state file of Terraform",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{`password"`, `secret"`, `_key"`, `token"`, `connection_string"`, `private_key_pem"`}, Before: 64, After: 600,
			Pattern: `"(?P<name>\w*(?:password|secret|secret_key|access_key|account_key|token|connection_string|shared_key))"\s*:\s*"(?P<secret>[^"\\]{6,})"`,
			Check:   judgePassword, Opaque: true,
			Paths:  files("*.tfstate", "*.tfstate.backup", "*.tfstate.*"),
			Source: "https://developer.hashicorp.com/terraform/language/state/sensitive-data",
			True:   []string{`{"resources":[{"instances":[{"attributes":{"master_password": "` + password + `"}}]}]}`},
			False:  []string{`{"attributes":{"password": null}}`, `{"attributes":{"password": ""}}`, `{"password_policy": "` + password + `"}`}, SamplePath: "app/terraform.tfstate",
		},
		{
			ID: "jenkins-secret", Title: "Secret that Jenkins has encrypted (its key lies beside it, in secrets/)",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: []string{"{AQAAABAAAA"}, After: 4 << 10, Pattern: `\{(?P<secret>AQAAABAAAA[0-9A-Za-z+/]{20,}={0,2})\}`, Exact: true, Opaque: true,
			Check: func(m *Match) Confidence {
				b, ok := base64Bytes(m.Value)
				return rejectedIf(m, !ok || len(b) < 41)
			},
			Source: "https://github.com/jenkinsci/jenkins/blob/master/core/src/main/java/hudson/util/Secret.java",
			True:   []string{"<password>{AQAAABAAAAAQ" + made(base62, 60) + "}</password>"},
			False:  []string{"{AQAAABAAAA}", "{AQAAABAAAAAQ...}"},
		},
		{
			ID: "tomcat-user-password", Title: "Password of a user of Tomcat",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{`password="`}, Before: 4 << 10, After: 200, Find: findAttribute, Check: judgePassword, Opaque: true, Exact: true,
			Paths:  files("tomcat-users.xml"),
			Source: "https://tomcat.apache.org/tomcat-10.1-doc/manager-howto.html#Configuring_Manager_Application_Access",
			True:   []string{`<tomcat-users><user username="ops" password="` + password + `" roles="manager-gui"/></tomcat-users>`},
			False:  []string{"<!--\n" + `<user username="tomcat" password="` + password + `" roles="tomcat"/>` + "\n-->", `<user username="a" password="<must-be-changed>"/>`}, SamplePath: "opt/tomcat/conf/tomcat-users.xml",
		},
	}
}

// inXMLComment reports whether the keyword stands within a comment that the window shows.
func inXMLComment(w *Window) bool {
	before := w.Bytes[:w.Keyword]
	return bytes.LastIndex(before, []byte("<!--")) > bytes.LastIndex(before, []byte("-->"))
}

// findElement spans the text of the element whose opening tag the keyword is.
func findElement(w *Window) (Span, bool) {
	n := bytes.IndexByte(w.Bytes[w.KeywordEnd:], '<')
	if n <= 0 || inXMLComment(w) {
		return Span{}, false
	}
	span := trimmed(w.Bytes, w.KeywordEnd, w.KeywordEnd+n, " \t\r\n")
	span.NameStart, span.NameEnd = w.Keyword+1, w.KeywordEnd-1
	return span, span.End > span.Start
}

// findAttribute spans what the quote at the keyword's end opens, outside of comments.
func findAttribute(w *Window) (Span, bool) {
	n := bytes.IndexAny(w.Bytes[w.KeywordEnd:], "\"\r\n")
	return Span{Start: w.KeywordEnd, End: w.KeywordEnd + n}, n > 0 && !inXMLComment(w)
}
