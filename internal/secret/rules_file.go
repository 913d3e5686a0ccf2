package secret

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
)

// fileRules are credentials that software keeps in files of known names. Files of
// one value without any literal (config/master.key of Rails, htdigest, exim's
// passwd.client) can't be found by a keyword and are not read.
func fileRules() []Rule {
	return slices.Concat(accountRules(), clientFileRules(), repositoryRules(), containerRules(), frameworkRules(), buildFileRules(), networkRules(), storeRules(), variableFileRules())
}

// baseName is the last element of a path; within archives that is enough too.
func baseName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// files limits a rule to files of these patterns (path.Match). A pattern with a
// slash is held against as many last elements of the path as it has.
func files(patterns ...string) func(string) bool {
	return func(name string) bool {
		for _, pattern := range patterns {
			tail, from := name, len(name)
			for range strings.Count(pattern, "/") + 1 {
				if from < 0 {
					break
				}
				from = strings.LastIndexByte(name[:from], '/')
				tail = name[from+1:]
			}
			if ok, err := path.Match(pattern, tail); ok && err == nil {
				return true
			}
		}
		return false
	}
}

// passwordName chooses names that end with a word for a password.
func passwordName(name string) bool {
	return strings.HasSuffix(name, "password") || strings.HasSuffix(name, "passwd") || strings.HasSuffix(name, "pass") || strings.HasSuffix(name, "pwd")
}

// accountRules are hashes of passwords.
func accountRules() []Rule {
	hash := "$6$" + made(base62, 16) + "$" + made(base62, 86)
	bcrypt := "$2y$10$" + made(base62, 53)
	return []Rule{
		{
			ID: "shadow-root-hash", Title: "Hash of root's password",
			Severity: advisory.High, Confidence: Certain,
			Keywords: cryptKeywords, Before: 64, After: 256, Find: findShadow(true), Exact: true, Opaque: true,
			Paths:  files("etc/shadow", "etc/shadow-", "etc/shadow.*", "etc/shadow~"),
			Source: "shadow(5); crypt(5), https://manpages.debian.org/crypt.5",
			True: []string{
				"root:" + hash + ":19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n",
				"root:$y$j9T$" + made(base62, 22) + "$" + made(base62, 43) + ":19000:::::\n",
			},
			False:      []string{"root:*:19000:0:99999:7:::\n", "root:!:19000::::::\n", "root:!" + hash + ":19000:::\n", "app:" + hash + ":19000:::\n", "root:$6$short:1::\n"},
			SamplePath: "etc/shadow",
		},
		{
			ID: "shadow-user-hash", Title: "Hash of a user's password",
			Severity: advisory.Medium, Confidence: Certain,
			Keywords: cryptKeywords, Before: 64, After: 256, Find: findShadow(false), Exact: true, Opaque: true,
			Paths:      files("etc/shadow", "etc/shadow-", "etc/shadow.*", "etc/shadow~"),
			Source:     "shadow(5); crypt(5), https://manpages.debian.org/crypt.5",
			True:       []string{"app:" + hash + ":19000:0:99999:7:::\n", "app:" + bcrypt + ":19000:::\n"},
			False:      []string{"root:" + hash + ":19000:::\n", "app:!!" + hash + ":1:::\n", "app:x:1:::\n"},
			SamplePath: "etc/shadow",
		},
		{
			ID: "htpasswd-hash", Title: "Hash of a password for a web server",
			Severity: advisory.Medium, Confidence: Likely,
			Keywords: append([]string{"$apr1$", "{SHA}"}, cryptKeywords...), Before: 64, After: 256, Exact: true, Opaque: true,
			Find: func(w *Window) (Span, bool) {
				begin, end := lineOf(w)
				colon := bytes.IndexByte(w.Bytes[begin:end], ':')
				if colon <= 0 || begin+colon+1 != w.Keyword || commentLine(w.Bytes[begin:end]) {
					return Span{}, false
				}
				value := trimmed(w.Bytes, w.Keyword, end, " \t")
				return Span{Start: value.Start, End: value.End, NameStart: begin, NameEnd: begin + colon}, true
			},
			Check: func(m *Match) Confidence {
				if cryptShape(m.Value) {
					return doubted(m, Likely)
				}
				if sum, ok := bytes.CutPrefix(m.Value, []byte("{SHA}")); ok {
					if b, decodes := base64Bytes(sum); decodes && len(b) == 20 {
						return doubted(m, Likely)
					}
				}
				return Rejected
			},
			Paths:      files("htpasswd", ".htpasswd", "*.htpasswd", "htpasswd.*", ".htpasswd*"),
			Source:     "https://httpd.apache.org/docs/2.4/misc/password_encryptions.html",
			True:       []string{"admin:" + bcrypt + "\n", "admin:$apr1$" + made(base62, 8) + "$" + made(base62, 22) + "\n"},
			False:      []string{"admin:{SHA}\n", "admin:$apr1$x\n", "# " + bcrypt + "\n"},
			SamplePath: "etc/nginx/.htpasswd",
		},
	}
}

// cryptKeywords begin a hash of crypt(5): yescrypt, gost-yescrypt, scrypt, SHA-512,
// SHA-256, MD5, bcrypt, argon2.
var cryptKeywords = []string{"$y$", "$gy$", "$7$", "$6$", "$5$", "$1$", "$2a$", "$2b$", "$2y$", "$argon2"}

// findShadow spans the hash of a line of shadow(5). One behind "!" is locked and
// stands not at the field's beginning.
func findShadow(root bool) func(*Window) (Span, bool) {
	return func(w *Window) (Span, bool) {
		begin, end := lineOf(w)
		name, _, found := bytes.Cut(w.Bytes[begin:end], []byte(":"))
		if !found || begin+len(name)+1 != w.Keyword || len(name) == 0 || (string(name) == "root" || string(name) == "toor") != root {
			return Span{}, false
		}
		n := bytes.IndexByte(w.Bytes[w.Keyword:end], ':')
		if n < 0 || !cryptShape(w.Bytes[w.Keyword:w.Keyword+n]) {
			return Span{}, false
		}
		return Span{Start: w.Keyword, End: w.Keyword + n, NameStart: begin, NameEnd: begin + len(name)}, true
	}
}

// cryptShape holds a hash to the length that its method gives it (crypt(5)).
func cryptShape(hash []byte) bool {
	parts := strings.Split(string(hash), "$")
	if len(parts) < 3 || parts[0] != "" {
		return false
	}
	last := len(parts[len(parts)-1])
	switch parts[1] {
	case "y", "gy", "7", "5":
		return last == 43
	case "6":
		return last == 86
	case "1", "apr1":
		return last == 22
	case "2a", "2b", "2y":
		return last == 53
	}
	return strings.HasPrefix(parts[1], "argon2") && last >= 22
}

// fileRule is a password that stands as "name = value" in files of these names.
func fileRule(id, title string, severity advisory.Severity, source string, paths func(string) bool, path, separators string, wanted func(string) bool, keywords ...string) Rule {
	return Rule{
		ID: id, Title: title, Severity: severity, Confidence: Likely,
		Keywords: keywords, Fold: true, Before: 256, After: 400,
		Find: findSetting(separators, wanted), Check: judgePassword, Opaque: true, Exact: true,
		Paths: paths, Source: source, SamplePath: path,
	}
}

// with adds the samples to a rule.
func with(r Rule, samples, not []string) Rule {
	r.True, r.False = samples, not
	return r
}

// clientFileRules are the passwords of command line clients.
func clientFileRules() []Rule {
	password := made(base62, 14)
	is := func(names ...string) func(string) bool {
		return func(name string) bool { return slices.Contains(names, name) }
	}
	netrc := Rule{
		ID: "netrc-password", Title: "Password in a netrc file", Severity: advisory.High, Confidence: Likely,
		Keywords: []string{"password"}, Before: 200, After: 300, Pattern: `\bpassword\s+(?P<secret>[^\s]+)`,
		Paths: files(".netrc", "_netrc", "netrc"), Check: judgePassword, Opaque: true, Exact: true,
		Source:     "https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html",
		True:       []string{"machine git.internal login ci password " + password + "\n", "machine h\n  login u\n  password " + password + "\n"},
		False:      []string{"machine git.internal login ci\n", "machine h login u password $TOKEN\n", "machine h login u password <password>\n"},
		SamplePath: "root/.netrc",
	}
	pgpass := Rule{
		ID: "pgpass-password", Title: "Password of PostgreSQL in a password file", Severity: advisory.High, Confidence: Likely,
		Keywords: []string{":5432:", ":*:*:", "*:*:*:", ":6432:"}, Before: 200, After: 300,
		Pattern: `(?m)^[^\s:#][^:\r\n]*:[0-9*]+:[^:\r\n]+:(?P<name>[^:\r\n]+):(?P<secret>[^\r\n]+)`,
		Paths:   files(".pgpass", "pgpass.conf", "pgpass"), Check: judgePassword, Opaque: true, Exact: true,
		Source:     "https://www.postgresql.org/docs/current/libpq-pgpass.html",
		True:       []string{"db.internal:5432:app:app:" + password + "\n", "*:*:*:app:" + password + "\n"},
		False:      []string{"#hostname:port:database:username:password\n", "db:5432:app:app:$PASSWORD\n"},
		SamplePath: "root/.pgpass",
	}
	return []Rule{
		netrc,
		pgpass,
		with(fileRule("pypirc-password", "Password for uploads to a Python package index", advisory.High,
			"https://packaging.python.org/en/latest/specifications/pypirc/", files(".pypirc"), "root/.pypirc", "=:", is("password"), "password"),
			[]string{"[pypi]\nusername = build\npassword = " + password + "\n"},
			[]string{"[pypi]\nusername = build\n# password = " + password + "\n", "password = ${PYPI_PASSWORD}\n", "password = <token>\n"}),
		with(fileRule("mysql-option-password", "Password of MySQL in an option file", advisory.High,
			"https://dev.mysql.com/doc/refman/8.4/en/option-files.html", files("my.cnf", ".my.cnf", "*.cnf", "client.cnf", "debian.cnf"), "root/.my.cnf", "=",
			is("password", "master-password", "wsrep_sst_auth"), "password"),
			[]string{"[client]\nuser=root\npassword=\"" + password + "\"\n", "[mysql]\npassword = " + password + "\n"},
			[]string{"# password = your_password\n", "default_password_lifetime = 360\n", "password =\n", "input_password = " + password + "\n"}),
		with(fileRule("boto-secret", "Secret in a boto configuration", advisory.High,
			"https://cloud.google.com/storage/docs/boto-gsutil", files(".boto", "boto.cfg"), "root/.boto", "=",
			is("gs_oauth2_refresh_token", "gs_secret_access_key", "proxy_pass", "client_secret"), "gs_oauth2_refresh_token", "gs_secret_access_key", "proxy_pass", "client_secret"),
			[]string{"[Credentials]\ngs_secret_access_key = " + made(base62, 40) + "\n"},
			[]string{"#gs_secret_access_key = <your key>\n", "gs_oauth2_refresh_token = <token>\n"}),
		with(fileRule("s3cfg-secret", "Secret key or passphrase in a configuration of s3cmd", advisory.High,
			"https://github.com/s3tools/s3cmd/blob/master/S3/Config.py", files(".s3cfg", "s3cfg", "*.s3cfg"), "root/.s3cfg", "=",
			is("secret_key", "gpg_passphrase"), "secret_key", "gpg_passphrase"),
			[]string{"[default]\nsecret_key = " + made(base62, 40) + "\n"},
			[]string{"secret_key = \n", "gpg_passphrase =\n", "# secret_key = abcdefgh\n", "secret_key = %(key)s\n"}),
		with(fileRule("mail-client-password", "Password of a mail account", advisory.Medium,
			"https://marlam.de/msmtp/msmtp.html; https://manpages.debian.org/ssmtp.conf.5; https://isync.sourceforge.io/mbsync.html",
			files(".msmtprc", "msmtprc", "ssmtp.conf", ".mbsyncrc", ".fetchmailrc", "fetchmailrc", ".muttrc", ".offlineimaprc"), "etc/msmtprc", " \t=",
			func(name string) bool { return name == "authpass" || name == "pass" || passwordName(name) }, "password", "authpass", "smtp_pass", "imap_pass", "remotepass"),
			[]string{"account default\nuser app\npassword " + password + "\n", "AuthPass=" + password + "\n"},
			[]string{"#AuthPass=" + password + "\n", "passwordeval \"pass show mail\"\n", "password $MAIL_PASSWORD\n"}),
		with(fileRule("cifs-password", "Password of a file share", advisory.Medium,
			"https://manpages.debian.org/mount.cifs.8", files(".smbcredentials", "*.smbcredentials", ".cifs*", "smb*.cred*", "cifs*cred*"), "root/.smbcredentials", "=",
			is("password"), "password"),
			[]string{"username=app\npassword=" + password + "\n"}, []string{"username=app\n#password=" + password + "\n", "password=\n"}),
	}
}

// repositoryRules are what clients of version control and of containers leave behind.
func repositoryRules() []Rule {
	token := made(base62, 40)
	return []Rule{
		{
			ID: "git-stored-credential", Title: "Password or token that Git has stored",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"https://", "http://"}, Bound: true, After: addressReach, Find: findAddress, Opaque: true, Exact: true,
			Check: func(m *Match) Confidence {
				if len(m.Value) < 4 || standsForValue(m.Value) || exampleHost(hostAfter(m.Bytes[m.Span.End+1:])) {
					return Rejected
				}
				return Likely
			},
			Paths:      files(".git-credentials", "git/credentials", ".git/config", ".gitconfig", "git/config", ".gitmodules", "modules/*/config"),
			Source:     "https://git-scm.com/docs/git-credential-store",
			True:       []string{"https://ci:" + token + "@git.internal\n", "[remote \"origin\"]\n\turl = https://oauth2:" + token + "@gitlab.com/o/r.git\n"},
			False:      []string{"[remote \"origin\"]\n\turl = https://github.com/o/r.git\n", "url = https://user@git.internal/r\n", "url = https://u:${TOKEN}@git.internal/r\n"},
			SamplePath: "app/.git/config",
		},
		{
			ID: "git-extra-header", Title: "Token in a header that Git sends",
			Severity: advisory.High, Confidence: Certain,
			Keywords: []string{"extraheader"}, Fold: true, Before: 1, After: 600, Exact: true, Opaque: true,
			Pattern: `(?i)extraheader["']?\s*=?\s*["']?authorization:\s*(?:basic|bearer)\s+(?P<secret>[0-9A-Za-z+/=._~-]{16,})`,
			Check: func(m *Match) Confidence {
				if b, ok := base64Bytes(m.Value); ok {
					if user, password, pair := bytes.Cut(b, []byte(":")); pair && printable(b) && len(password) > 3 && len(user) > 0 {
						return Certain
					}
				}
				return Possible
			},
			Source: "https://git-scm.com/docs/git-config#Documentation/git-config.txt-httpextraHeader; https://github.com/actions/checkout (persist-credentials)",
			True:   []string{"[http \"https://github.com/\"]\n\textraheader = AUTHORIZATION: basic " + encoded("x-access-token:"+token) + "\n"},
			False:  []string{"extraheader = AUTHORIZATION: basic ***\n", "extraheader = X-Trace: on\n", "http.extraheader=AUTHORIZATION: basic ${B64}\n"},
		},
	}
}

// variableFileRules are the files that hold a program's environment.
func variableFileRules() []Rule {
	return []Rule{
		{
			ID: "dotenv-secret", Title: "Secret in an environment file",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"SECRET", "PASSW", "TOKEN", "API_KEY", "APIKEY", "ACCESS_KEY", "PRIVATE_KEY", "ENCRYPTION_KEY", "CREDENTIAL"}, Fold: true,
			Before: 128, After: 400, Find: findSetting("=", secretVariable), Check: judgeVariable, Opaque: true,
			Paths: func(name string) bool {
				base := strings.ToLower(baseName(name))
				for _, sample := range []string{"example", "sample", "template", "dist", "default", "tpl", "test", "schema"} {
					if strings.Contains(base, sample) {
						return false
					}
				}
				return base == ".env" || strings.HasPrefix(base, ".env.") || strings.HasSuffix(base, ".env") || base == ".envrc" || name == "etc/environment"
			},
			Source: "https://github.com/motdotla/dotenv#-documentation; docker run --env-file",
			True: []string{
				"APP_NAME=shop\nAPP_SECRET=" + made(base62, 32) + "\n", "export MAIL_PASSWORD='" + made(base62, 10) + "'\n", "BILLING_API_KEY=\"" + made(lowerHex, 32) + "\"\n",
			},
			False: []string{
				"APP_SECRET=\n", "APP_SECRET=${VAULT_SECRET}\n", "DB_PASSWORD_FILE=/run/secrets/db\n", "TOKEN_TTL=3600\n", "# API_TOKEN=" + made(base62, 32) + "\n",
				"AWS_ACCESS_KEY_ID=" + made(upper36, 20) + "\n", "PASSWORD_MIN_LENGTH=12\n", "API_KEY=your-api-key-here\n", "SECRETS_PROVIDER=kubernetes\n",
				"TOKEN_URL=https://idp.internal/token\n", "PUBLIC_KEY_TOKEN=true\n",
			},
			SamplePath: "app/.env",
		},
	}
}

// secretVariable chooses variables whose last word says that they are secret.
func secretVariable(name string) bool {
	for _, end := range []string{"secret", "password", "passwd", "pass", "token", "api_key", "apikey", "access_key", "secret_key", "private_key", "encryption_key", "signing_key", "credential", "credentials", "passphrase", "auth_key", "key_base", "secrets"} {
		if strings.HasSuffix(name, end) {
			return !strings.Contains(name, "public")
		}
	}
	return false
}

// judgeVariable: a password may be a word, a key or a token is random.
func judgeVariable(m *Match) Confidence {
	c := judgePassword(m)
	if c != m.Rule.Confidence || strings.Contains(strings.ToLower(m.Name), "pass") {
		return c
	}
	if len(m.Value) < 12 || bytes.IndexByte(m.Value, ' ') >= 0 || m.Value[0] == '/' {
		return Rejected
	}
	if shape := shapeOf(m.Value); !shape.random() {
		return Possible
	}
	return c
}
