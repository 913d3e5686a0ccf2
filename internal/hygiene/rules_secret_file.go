package hygiene

import (
	"path"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/secret"
)

// secretFileRules are about files that hold credentials.
func secretFileRules() []Rule {
	return []Rule{
		{
			ID: "secret-file-copied", Title: "a file of credentials is copied into the image", Severity: advisory.High, Category: Secrets,
			Peers:   Peers{Trivy: []string{"DS-0031"}, Dockle: []string{"CIS-DI-0010"}},
			Why:     "The file is in a layer for good, even where a later instruction deletes it: whoever can pull the image has it.",
			Remedy:  "Mount it where it is needed (RUN --mount=type=secret), and exclude it in .dockerignore.",
			Source:  "https://docs.docker.com/build/building/secrets/",
			OnImage: true,
			Check:   checkSecretFiles,
			Bad: []Sample{
				file("FROM debian:13\nCOPY id_rsa /root/.ssh/id_rsa\n"), file("FROM debian:13\nCOPY .env /app/\n"), file("FROM debian:13\nADD deploy/.aws/credentials /root/.aws/credentials\n"),
				file("FROM debian:13\nCOPY .npmrc package.json ./\n"),
				{Dockerfile: "FROM debian:13\nCOPY [\"gcp-service-account.json\", \"/etc/\"]\n", DockerfileOnly: true},
				file("FROM debian:13\nCOPY config/kubeconfig /root/.kube/config\n"),
				file("FROM debian:13\nCOPY server.p12 /etc/\n"), file("FROM debian:13 AS b\nFROM debian:13\nCOPY --from=b /root/.netrc /root/\n"), file("FROM debian:13\nCOPY tls/privkey.pem /etc/tls/\n"), file("FROM debian:13\nCOPY .ssh /root/.ssh\n"),
				{Dockerfile: "FROM debian:13\nCOPY .npmrc ./\n", Context: map[string]string{".npmrc": "//registry.npmjs.org/:_authToken=npm_Zk2mWv9xhT7qLpVt8sRbNc63QxWm41Zk2mWv\n"}},
				{Dockerfile: "FROM debian:13\nCOPY conf /etc/conf\n", Context: map[string]string{"conf/id_ed25519": "x", "conf/a": "b"}, DockerfileOnly: true},
			},
			Good: []Sample{
				file("FROM debian:13\nCOPY .env.example /app/.env\n"), file("FROM debian:13\nCOPY id_rsa.pub /root/.ssh/authorized_keys\n"), file("FROM debian:13\nCOPY ca.pem /usr/local/share/ca-certificates/\n"),
				file("FROM debian:13\nCOPY release.key /etc/apt/keyrings/\n"), file("FROM debian:13\nCOPY src/credentials.go src/\n"), file("FROM debian:13\nRUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci\n"),
				file("FROM debian:13\nCOPY truststore.jks /etc/\n"), file("FROM debian:13\nCOPY fullchain.pem cert.pem /etc/\n"), file("FROM debian:13\nCOPY <<EOF /app/.env.defaults\nA=b\nEOF\n"),
				{Dockerfile: "FROM debian:13\nCOPY .npmrc ./\n", Context: map[string]string{".npmrc": "registry=https://registry.npmjs.org/\n"}, DockerfileOnly: true},
				{Dockerfile: "FROM debian:13\nCOPY .env ./\n", Context: map[string]string{".env": "TOKEN=x", ".dockerignore": ".env\n"}, DockerfileOnly: true},
				{Dockerfile: "FROM debian:13\nCOPY conf /etc/conf\n", Context: map[string]string{"conf/a": "b"}},
			},
		},
		{
			ID: "secret-file-named", Title: "a variable names a file of credentials", Severity: advisory.Low, Category: Secrets,
			Peers:   Peers{Trivy: []string{"DS-0031"}},
			Why:     "A credentials file that the image's own configuration names is expected in the image, and sooner or later it is in a layer.",
			Remedy:  "Name the file where the container is started, together with the mount that brings it; or point at /run/secrets.",
			Source:  "https://docs.docker.com/engine/swarm/secrets/",
			OnImage: true,
			Check: func(l *Lint) {
				for _, in := range l.All("env", "arg") {
					for _, p := range in.Pairs() {
						value := strings.Trim(p.Value, `"'`)
						if credentialFiles[strings.ToUpper(p.Name)] && value != "" && !mountedAtRun(value) {
							l.At(in, p.Text.Whole(), "%s expects a file of credentials in the image", p.Name)
						}
					}
				}
			},
			Bad:  []Sample{file("FROM debian:13\nENV AWS_CONFIG_FILE=/root/.aws/config\n"), file("FROM debian:13\nENV HF_TOKEN_PATH /root/token\n"), file("FROM debian:13\nENV A=b GOOGLE_APPLICATION_CREDENTIALS=/app/key.json\n")},
			Good: []Sample{file("FROM debian:13\nENV GOOGLE_APPLICATION_CREDENTIALS=/run/secrets/gcp.json\n"), file("FROM debian:13\nENV AWS_CONFIG_FILE=\n"), file("FROM debian:13\nENV AWS_REGION=eu-west-1\n"), file("FROM debian:13\nENV KUBECONFIG=/var/run/secrets/kubeconfig\n")},
		},
	}
}

// credentialFiles are variables by which programs find their credentials: the AWS
// command line, Hugging Face's library, Google's libraries, kubectl.
var credentialFiles = words("AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE HF_TOKEN_PATH GOOGLE_APPLICATION_CREDENTIALS KUBECONFIG AZURE_CLIENT_CERTIFICATE_PATH AWS_WEB_IDENTITY_TOKEN_FILE")

func mountedAtRun(file string) bool {
	for _, dir := range []string{"/run/", "/var/run/", "/secrets/", "/mnt/", "/dev/", "/etc/secrets/", "/vault/", "$"} {
		if strings.HasPrefix(file, dir) {
			return true
		}
	}
	return false
}

// maxLooked bounds how many files of the context are looked into, and how many
// sources of COPY are held against it.
const maxLooked = 200

func checkSecretFiles(l *Lint) {
	looked, matched := 0, 0
	for _, t := range transfers(l) {
		for _, s := range t.sources {
			if s.remote() || s.whole() {
				continue
			}
			if l.Context == nil || t.from != "" || matched >= maxLooked {
				if kind, severity := secretFile(s.path, t.target.path); kind != "" {
					reportSecretFile(l, t, s, kind, s.path, severity)
				}
				continue
			}
			if l.Context.Ignores(s.path) {
				continue
			}
			matched++
			files := l.Context.Matches(s.path)
			if len(files) == 0 { // made before the build, perhaps
				files = []string{s.path}
			}
			for _, f := range files {
				kind, severity := secretFile(f, t.target.path)
				if kind == "" {
					continue
				}
				if content, ok := l.Context.Read(f); ok && severity < advisory.High && looked < maxLooked {
					looked++
					if severity = contentSeverity(content); severity == advisory.Unknown {
						continue
					}
				}
				reportSecretFile(l, t, s, kind, f, severity)
			}
		}
	}
}

func reportSecretFile(l *Lint, t transfer, s source, kind, name string, severity advisory.Severity) {
	f := l.At(t.in, s.text.Whole(), "%s is %s", name, kind)
	f.Severity = min(f.Severity, severity)
}

// contentSeverity is what a file's content makes of it; Unknown where it holds no
// secret.
func contentSeverity(content []byte) advisory.Severity {
	severity := advisory.Unknown
	for _, h := range secretsIn(string(content)) {
		if h.Confidence >= secret.Likely {
			return advisory.High
		}
		severity = advisory.Medium
	}
	return severity
}

// secretFile says what a file is by its name, and how much that weighs: High where
// the name stands for a credential and nothing else, Medium where such files also
// hold settings. target is where it is copied to.
func secretFile(name, target string) (kind string, severity advisory.Severity) {
	name = strings.ToLower(strings.TrimSuffix(name, "/"))
	base := path.Base(name)
	dir := path.Base(path.Dir(name))
	ext := path.Ext(base)
	switch base {
	case "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk", "identity.pem":
		return "a private SSH key", advisory.High
	case ".netrc", "_netrc", ".git-credentials", ".pgpass", ".vault-token", ".dockercfg", ".dockerconfigjson", ".boto", ".s3cfg", ".pypirc":
		return "a file of credentials", advisory.High
	case ".ssh", ".aws", ".gnupg", ".kube", ".azure", ".gcloud", ".docker":
		return "a folder of credentials", advisory.Medium
	case "kubeconfig", "kubeconfig.yaml", "kubeconfig.yml", "application_default_credentials.json", "master.key", "terraform.tfstate":
		return "a file of credentials", advisory.High
	case ".npmrc", ".terraformrc", ".htpasswd", ".my.cnf", "credentials.json", "secrets.yml", "secrets.yaml", "secrets.json", "secrets.toml":
		return "a file that often holds credentials", advisory.Medium
	}
	switch {
	case dir == ".aws" && (base == "credentials" || base == "config"), dir == ".docker" && base == "config.json", dir == ".kube" && base == "config":
		return "a file of credentials", advisory.High
	case strings.Contains(base, "service-account") && ext == ".json", strings.Contains(base, "service_account") && ext == ".json",
		strings.Contains(base, "serviceaccount") && ext == ".json", strings.HasPrefix(base, "client_secret") && ext == ".json":
		return "a service account's key", advisory.High
	case base == ".env" || strings.HasPrefix(base, ".env."):
		for _, w := range []string{"example", "sample", "template", "dist", "default", "tmpl", "schema"} {
			if strings.Contains(base, w) {
				return "", 0
			}
		}
		return "a file of settings that often holds credentials", advisory.Medium
	}
	switch ext {
	case ".p12", ".pfx", ".ppk", ".kdbx", ".keystore", ".jks":
		if strings.Contains(base, "trust") || base == "debug.keystore" || strings.Contains(base, "cacerts") {
			return "", 0
		}
		if ext == ".jks" {
			return "a key store", advisory.Medium
		}
		return "a private key or a store of them", advisory.High
	case ".pem", ".key":
		return pemFile(base, target)
	}
	return "", 0
}

// pemFile tells private keys from the certificates and public keys that have the
// same endings.
func pemFile(base, target string) (kind string, severity advisory.Severity) {
	for _, w := range []string{"pub", "cert", "chain", "bundle", "root", "gpg", "pgp", "release", "repo", "archive", "apt", "signing", "dhparam", "crt", "csr", "license", "licence"} {
		if strings.Contains(base, w) {
			return "", 0
		}
	}
	for _, w := range []string{"apt", "keyring", "rpm-gpg", "ca-certificates", "anchors", "apk/keys", "trusted"} {
		if strings.Contains(target, w) {
			return "", 0
		}
	}
	if path.Ext(base) == ".key" || strings.Contains(base, "key") || strings.Contains(base, "priv") {
		return "a private key by its name", advisory.Medium
	}
	return "", 0
}
