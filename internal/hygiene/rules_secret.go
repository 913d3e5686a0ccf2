package hygiene

import (
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// secretRules are about credentials: by name, by value, as files, and as logins.
func secretRules() []Rule {
	return slices.Concat(secretNameRules(), secretValueRules(), secretFileRules(), secretLoginRules(), []Rule{mountKeptRule()})
}

func secretNameRules() []Rule {
	const source = "https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/"
	return []Rule{
		{
			ID: "secret-env", Title: "a variable for a secret is set in the image", Severity: advisory.Medium, Category: Secrets,
			Peers: Peers{
				Hadolint: []string{"DL3064"}, Trivy: []string{"DS-0031"}, Dockle: []string{"CIS-DI-0010"}, BuildKit: []string{"SecretsUsedInArgOrEnv"},
			},
			Why:    "ENV stands in the image's configuration: whoever can pull the image reads it, and every process in the container inherits it.",
			Remedy: "Give the value when the container is started, or mount it as a file (RUN --mount=type=secret while building).",
			Source: source, OnImage: true,
			Check: checkSecretEnv,
			Bad: []Sample{
				{Dockerfile: "FROM debian:13\nARG NPM_TOKEN\nENV NPM_TOKEN=$NPM_TOKEN\n", DockerfileOnly: true},
				file("FROM debian:13\nENV DB_PASSWORD=changeme\n"),
				file("FROM debian:13\nENV A=b ADMIN_PASS=password\n"), file("FROM debian:13\nENV API_KEY your-key-here\n"), file("FROM debian:13\nENV github_token=xxxx\n"),
				file("FROM debian:13\nENV djangoSecretKey=dev\n"),
			},
			Good: []Sample{
				file("FROM debian:13\nENV DB_PASSWORD=\n"), file("FROM debian:13\nENV DB_PASSWORD_FILE=/run/secrets/db\n"), file("FROM debian:13\nENV GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D\n"),
				file("FROM debian:13\nENV JWT_PUBLIC_KEY=abc\n"), file("FROM debian:13\nENV TOKEN_TTL=3600 AUTH_ENABLED=true MAX_TOKENS=10\n"), file("FROM debian:13\nENV TOKENIZERS_PARALLELISM=false\n"),
				file("FROM debian:13\nENV KEYCLOAK_VERSION=26 KEYSERVER=keys.openpgp.org\n"), file("FROM debian:13\nENV TLS_KEY=/etc/tls/key.pem\n"), file("FROM debian:13\nENV COMPASS=north\n"),
				file("FROM debian:13\nENV SECRET_KEY_BASE=1\n"), file("FROM debian:13\nENV HADOLINT_KEY_ID=2\n"),
			},
		},
		{
			ID: "secret-arg", Title: "a build argument is meant for a secret", Severity: advisory.Low, Category: Secrets,
			Peers: Peers{
				Hadolint: []string{"DL3064"}, Trivy: []string{"DS-0031"}, BuildKit: []string{"SecretsUsedInArgOrEnv"},
			},
			Why:    "The value of a build argument stays in the image's history and in the provenance of the build.",
			Remedy: "Use RUN --mount=type=secret,id=…, which leaves nothing behind.",
			Source: source, Reach: Alike,
			Check: func(l *Lint) {
				for _, in := range l.All("arg") {
					for _, p := range in.Pairs() {
						if !isSecretName(p.Name) || harmless(p.Value) || len(pairSecrets(p)) > 0 {
							continue
						}
						l.At(in, p.Text.Whole(), "the value of %s stays in the history of the image and of the build", p.Name)
					}
				}
			},
			Bad:  []Sample{file("FROM debian:13\nARG NPM_TOKEN\n"), file("ARG DB_PASSWORD=changeme\nFROM debian:13\n"), file("FROM debian:13\nARG A GITHUB_PAT\nONBUILD ARG API_SECRET\n")},
			Good: []Sample{file("FROM debian:13\nARG TOKEN_FILE\n"), file("FROM debian:13\nARG PUBLIC_KEY\nARG KEY_VERSION\n"), file("FROM debian:13\nARG CACHE_KEY=1\n"), file("FROM debian:13\nRUN --mount=type=secret,id=token cat /run/secrets/token | ./login\n")},
		},
	}
}

func checkSecretEnv(l *Lint) {
	for _, in := range l.All("env") {
		for _, p := range in.Pairs() {
			if !isSecretName(p.Name) || strings.Trim(p.Value, `"'`) == "" || harmless(p.Value) || strings.Contains(p.Value, "redacted]") || len(pairSecrets(p)) > 0 {
				continue // of a value that is a secret, another rule speaks
			}
			if name, ok := reference(p.Value); ok {
				if v, declared := in.Lookup(name); declared && v.Arg {
					l.At(in, p.Text.Whole(), "%s keeps the build argument %s in the image's configuration", p.Name, name)
				}
				continue
			}
			l.At(in, p.Text.Whole(), "%s has a default that everybody who has the image knows", p.Name).Severity = advisory.Low
		}
	}
}

// reference is the variable that a value is, quotes aside.
func reference(value string) (name string, ok bool) {
	value = strings.Trim(value, `"`)
	if !strings.HasPrefix(value, "$") {
		return "", false
	}
	name = strings.TrimPrefix(value, "$")
	if strings.HasPrefix(name, "{") && strings.HasSuffix(name, "}") {
		name = name[1 : len(name)-1]
		name, _, _ = strings.Cut(name, ":")
	}
	for _, r := range name {
		if r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return "", false
		}
	}
	return name, name != ""
}

// harmless tells whether a value is none of a secret, whatever its name: a switch, a
// small number, a place.
func harmless(value string) bool {
	value = strings.ToLower(strings.Trim(strings.TrimSpace(value), `"'`))
	switch value {
	case "true", "false", "yes", "no", "on", "off", "none", "null", "enabled", "disabled", "basic", "optional", "required":
		return true
	}
	if isDigits(value) && len(value) < 6 {
		return true
	}
	return strings.HasPrefix(value, "/") || strings.HasPrefix(value, "./") || strings.HasPrefix(value, "~/") || strings.HasPrefix(value, "$home/") ||
		strings.HasPrefix(value, "http://") && !strings.Contains(value, "@") || strings.HasPrefix(value, "https://") && !strings.Contains(value, "@")
}

// secretWords are words of names that stand for a credential; secretEnds do so at the
// end of a name only, since much else begins with them.
var (
	secretWords = words("password passwd passphrase pword secret secrets apikey credential credentials apitoken authtoken accesstoken")
	secretEnds  = words("pass pwd token key auth pat")
	// tellings are words that make of such a name one of something else.
	tellings = words(`public pub file files path dir url uri version name id ids type mode enabled enable disabled ttl expiry expires expiration
		length size count max min limit timeout interval algorithm algo alg method methods provider host port endpoint server issuer audience
		field header prefix suffix format store ring server parallelism gpg pgp cache primary foreign sort partition index host keyserver
		fingerprint fingerprints hash checksum sha256 location realm scope scopes hotkey shortcut license`)
)

// isSecretName tells whether a variable's name says that its value is a credential.
func isSecretName(name string) bool {
	parts := nameWords(name)
	for i, w := range parts {
		if tellings[w] && (w != "id" || i == len(parts)-1) {
			return false
		}
	}
	for i, w := range parts {
		last := i == len(parts)-1
		if secretWords[w] || secretEnds[w] && last {
			return len(parts) > 1 || w != "key" && w != "pat"
		}
	}
	return false
}

// nameWords are the words of a name in lower case, parted at marks and at humps.
func nameWords(name string) []string {
	var b strings.Builder
	lower := false
	for _, r := range name {
		upper := r >= 'A' && r <= 'Z'
		if upper && lower {
			b.WriteByte(' ')
		}
		lower = r >= 'a' && r <= 'z'
		if r == '_' || r == '-' || r == '.' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return strings.Fields(strings.ToLower(b.String()))
}

// eachText hands out what an instruction holds of text besides names and values.
func eachText(in *dockerfile.Instruction, do func(dockerfile.Text)) {
	if len(in.Pairs()) == 0 && in.Args.String != "" {
		do(in.Args)
	}
	for _, h := range in.Heredocs {
		do(h.Text)
	}
}
