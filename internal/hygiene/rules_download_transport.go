package hygiene

import (
	"regexp"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// transportRules are about the connection that a download comes over.
func transportRules() []Rule {
	return []Rule{
		{
			ID: "tls-verification-off", Title: "the other end of a connection is not verified", Severity: advisory.High, Category: Downloads,
			Why:    "With the certificate unchecked, anybody between the builder and the server can hand over code of their own, and the build installs it. Set in ENV, the image that runs trusts everybody too.",
			Remedy: "Leave verification on. For a server of your own, add its authority's certificate: COPY it to /usr/local/share/ca-certificates and run update-ca-certificates, or name it with --cacert.",
			Source: "https://curl.se/docs/sslcerts.html",
			Reach:  Alike, OnImage: true,
			Check: verificationOff,
			Bad: []Sample{
				file("FROM a:1\nRUN curl -fsSLk https://x.example.com/a.tgz | tar xz\n"),
				file("FROM a:1\nRUN curl --insecure -O https://x.example.com/a\n"),
				file("FROM a:1\nRUN wget --no-check-certificate https://x.example.com/a.tgz\n"),
				file("FROM a:1\nRUN git -c http.sslVerify=false clone https://x.example.com/r\n"),
				file("FROM a:1\nRUN git config --global http.sslVerify false\n"),
				file("FROM a:1\nENV GIT_SSL_NO_VERIFY=1\n"),
				file("FROM a:1\nENV NODE_TLS_REJECT_UNAUTHORIZED 0\n"),
				file("FROM a:1\nRUN PYTHONHTTPSVERIFY=0 pip install x\n"),
				file("FROM a:1\nRUN export NODE_TLS_REJECT_UNAUTHORIZED=0 && npm ci\n"),
				file("FROM a:1\nRUN npm config set strict-ssl false\n"),
				file("FROM a:1\nRUN npm install --strict-ssl=false\n"),
				file("FROM a:1\nRUN pip install --trusted-host pypi.org x\n"),
				file("FROM a:1\nRUN python3 -m pip install --trusted-host=pypi.org x\n"),
				file("FROM a:1\nRUN conda config --set ssl_verify no\n"),
				file("FROM a:1\nRUN composer config -g disable-tls true\n"),
				file("FROM a:1\nRUN echo insecure >> ~/.curlrc\n"),
				file("FROM a:1\nRUN echo 'sslverify=0' >> /etc/yum.conf\n"),
				file("FROM a:1\nRUN apt-get -o Acquire::https::Verify-Peer=false update\n"),
				file("FROM a:1\nRUN GIT_SSH_COMMAND=\"ssh -o StrictHostKeyChecking=no\" git clone git@x.example.com:r\n"),
				file("FROM a:1 AS b\nRUN yarn config set strict-ssl false\nFROM b\n"),
			},
			Good: []Sample{
				file("FROM a:1\nRUN curl -fsSL --cacert /ca.pem https://x.example.com/a.tgz | tar xz\n"),
				file("FROM a:1\nRUN curl -k https://localhost:8443/health\n"),
				file("FROM a:1\nHEALTHCHECK CMD curl -fk https://127.0.0.1:8443/ || exit 1\n"),
				file("FROM a:1\nENV NODE_TLS_REJECT_UNAUTHORIZED=1 PYTHONHTTPSVERIFY=1\n"),
				file("FROM a:1\nRUN npm config set strict-ssl true\n"),
				file("FROM a:1\nRUN git config --global http.sslVerify true\n"),
				file("FROM a:1\nRUN curl -o k -fsSL https://x.example.com/k\n"),
				file("FROM a:1\nRUN echo insecure\n"),
				file("FROM a:1\nRUN wget -nv -k https://x.example.com/a\n"),
				file("FROM a:1\nRUN pip install trusted-host\n"),
			},
		},
		{
			ID: "plain-http", Title: "a download is not encrypted", Severity: advisory.Medium, Category: Downloads,
			Why:    "Over http:// anybody on the way can read and replace what is fetched, and nothing notices.",
			Remedy: "Use https://, or hold the file against a checksum. Repositories of apt and yum whose packages are signed may stay as they are.",
			Source: "https://docs.docker.com/reference/dockerfile/#add---checksum",
			Reach:  Alike, OnImage: true,
			Check: plainHTTP,
			Bad: []Sample{
				file("FROM a:1\nRUN curl -O http://x.example.com/a.tgz\n"),
				file("FROM a:1\nRUN wget -qO- http://x.example.com/a.tgz | tar xz\n"),
				{Dockerfile: "FROM a:1\nADD http://x.example.com/a.tgz /opt/\n", DockerfileOnly: true},
				file("FROM a:1\nRUN git clone http://x.example.com/r.git\n"),
				file("FROM a:1\nRUN pip install -i http://pypi.example.com/simple x\n"),
				file("FROM a:1\nRUN npm config set registry http://npm.example.com\n"),
				file("FROM a:1\nENV PIP_INDEX_URL=http://pypi.example.com/simple\n"),
				file("FROM a:1\nRUN gem install x --source http://gems.example.com\n"),
				file("FROM a:1\nRUN composer config -g secure-http false\n"),
			},
			Good: []Sample{
				file("FROM a:1\nRUN curl -O https://x.example.com/a.tgz\n"),
				file("FROM a:1\nRUN curl http://localhost:8080/ready\n"),
				file("FROM a:1\nRUN wget http://x.example.com/a.tgz && echo 'ab a.tgz' | sha256sum -c\n"),
				file("FROM a:1\nADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d http://x.example.com/a.tgz /opt/\n"),
				file("FROM a:1\nRUN echo 'deb http://deb.example.com/debian stable main' > /etc/apt/sources.list\n"),
				file("FROM a:1\nRUN curl -H 'Referer: http://x.example.com' https://x.example.com/a\n"),
				file("FROM a:1\nRUN curl -x http://proxy.example.com:3128 https://x.example.com/a\n"),
				file("FROM a:1\nENV HTTP_PROXY=http://proxy.example.com:3128\n"),
				file("FROM a:1\nRUN pip install -i http://10.0.0.5/simple x\n"),
			},
		},
	}
}

// verificationOff reports what switches the check of certificates off.
func verificationOff(l *Lint) {
	verified := proofsOf(l)
	for _, f := range fetches(l) {
		flag := ""
		for _, name := range []string{"-k", "--insecure", "--proxy-insecure", "--no-check-certificate"} {
			if f.flags[name] && (f.command.Name == "curl") == (name != "--no-check-certificate") {
				flag = name
			}
		}
		if flag == "" {
			continue
		}
		if _, ok := f.remote(); !ok && len(f.urls) > 0 {
			continue
		}
		x := l.ReportCommand(f.command, "%s %s takes any certificate", f.command.Name, flag)
		if verified.hold(f.command.Instruction, f.file()) {
			// The checksum says more than the certificate would have.
			x.Severity = min(x.Severity, advisory.Low)
		}
	}
	for _, c := range l.Commands() {
		if how := unverifiedBy(c); how != "" {
			l.ReportCommand(c, "%s", how)
		}
	}
	for _, s := range settings(l) {
		if unverifiedSetting(s.name, s.value) {
			l.At(s.in, s.at(), "%s switches the check of certificates off", short(s.name))
		}
		if strings.HasPrefix(s.name, "GIT_SSH") && reHostKey.MatchString(s.value) {
			l.At(s.in, s.at(), "ssh takes any host key").Severity = advisory.Medium
		}
	}
	for _, w := range writtenTexts(l) {
		switch {
		case reUnverified.MatchString(w.text):
			l.At(w.in, w.at, "a configuration is written that takes any certificate")
		case reHostKey.MatchString(w.text):
			l.At(w.in, w.at, "ssh is told to take any host key").Severity = advisory.Medium
		}
	}
	for _, c := range l.Commands("echo", "printf") {
		if to := redirected(c); strings.HasSuffix(to, "curlrc") && c.Has("insecure", "-k", "--insecure") {
			l.ReportCommand(c, "%s makes curl take any certificate", short(to))
		}
	}
}

var (
	// ssh_config(5).
	reHostKey = regexp.MustCompile(`(?i)StrictHostKeyChecking[ =]+(no|off)\b`)
	// wgetrc, .npmrc, yum.conf, pip.conf, .condarc, apt.conf, .gitconfig, .gemrc.
	reUnverified = regexp.MustCompile(`(?im)(^|[\s"'/])(check_certificate\s*=\s*off|strict-ssl\s*=\s*"?false|sslverify\s*=\s*"?(0|false|no)\b|trusted-host\s*=\s*\S|ssl_verify:\s*(false|no)\b|Verify-Peer\s+"?false|:?ssl_verify_mode:\s*0)`)
)

// unverifiedBy tells how a command leaves the other end unchecked; "" where it
// doesn't.
func unverifiedBy(c *dockerfile.Command) string {
	if args, ok := pip(c); ok {
		for i, a := range args {
			if host, ok := strings.CutPrefix(a.Text, "--trusted-host="); ok {
				return "pip trusts " + short(host) + " unchecked"
			}
			if a.Text == "--trusted-host" && i+1 < len(args) {
				return "pip trusts " + short(args[i+1].Text) + " unchecked"
			}
			if strings.HasSuffix(a.Text, ".trusted-host") {
				return "pip is told to trust a host unchecked"
			}
		}
		return ""
	}
	words := func(n int) []string {
		var list []string
		for _, a := range c.Operands() {
			if list = append(list, a.Text); len(list) == n {
				break
			}
		}
		return append(list, "", "", "", "")
	}
	switch c.Name {
	case "git":
		for i, a := range c.Args {
			key, value, inline := strings.Cut(strings.ToLower(a.Text), "=")
			if !strings.HasPrefix(key, "http.") || !strings.HasSuffix(key, "sslverify") {
				continue
			}
			if !inline && i+1 < len(c.Args) {
				value = c.Args[i+1].Text
			}
			if isOff(value) {
				return "git takes any certificate"
			}
		}
	case "npm", "yarn", "pnpm":
		if v, ok := c.FlagValue("--strict-ssl"); ok && isOff(v.Text) || c.HasFlag("--no-strict-ssl") {
			return c.Name + " takes any certificate"
		}
		if w := words(4); w[0] == "config" && w[1] == "set" || w[0] == "set" {
			text := strings.ToLower(strings.ReplaceAll(strings.Join(w, " "), "=", " "))
			if strings.Contains(text, "strict-ssl false") || strings.Contains(text, "enablestrictssl false") {
				return c.Name + " is told to take any certificate"
			}
		}
	case "conda", "mamba", "micromamba":
		for i, a := range c.Args {
			if a.Text == "ssl_verify" && i+1 < len(c.Args) && isOff(c.Args[i+1].Text) {
				return c.Name + " is told to take any certificate"
			}
		}
		if c.HasFlag("--insecure") {
			return c.Name + " takes any certificate"
		}
	case "composer":
		for i, a := range c.Args {
			if a.Text == "disable-tls" && i+1 < len(c.Args) && isOn(c.Args[i+1].Text) {
				return "composer is told to do without TLS"
			}
		}
	case "bundle":
		if w := words(4); w[0] == "config" && strings.Contains(strings.Join(w, " "), "ssl_verify_mode 0") {
			return "bundler is told to take any certificate"
		}
	case "apt", "apt-get":
		for _, a := range c.Args {
			if name, value, ok := strings.Cut(strings.TrimPrefix(a.Text, "-o"), "="); ok && strings.HasSuffix(strings.ToLower(name), "::verify-peer") && isOff(strings.Trim(value, `"`)) {
				return "apt takes any certificate"
			}
		}
	case "dnf", "yum", "microdnf", "tdnf":
		if v, ok := c.FlagValue("--setopt"); ok && strings.HasPrefix(v.Text, "sslverify=") && isOff(v.Text[len("sslverify="):]) {
			return c.Name + " takes any certificate"
		}
	case "aria2c":
		if v, ok := c.FlagValue("--check-certificate"); ok && isOff(v.Text) {
			return "aria2c takes any certificate"
		}
	case "helm", "kubectl", "oc", "skopeo":
		if c.HasFlag("--insecure-skip-tls-verify") {
			return c.Name + " takes any certificate"
		}
	case "aws":
		if c.HasFlag("--no-verify-ssl") {
			return "aws takes any certificate"
		}
	case "uv":
		if c.HasFlag("--allow-insecure-host", "--trusted-host") {
			return "uv trusts a host unchecked"
		}
	}
	return ""
}

// unverifiedSetting tells variables that switch verification off:
// https://git-scm.com/docs/git-config, https://nodejs.org/api/cli.html,
// https://peps.python.org/pep-0493/, https://docs.npmjs.com/cli/using-npm/config,
// https://pip.pypa.io/en/stable/topics/configuration/.
func unverifiedSetting(name, value string) bool {
	if value == "" {
		return false
	}
	switch strings.ToUpper(name) {
	case "GIT_SSL_NO_VERIFY":
		return !isOff(value)
	case "NODE_TLS_REJECT_UNAUTHORIZED":
		return value == "0"
	case "PYTHONHTTPSVERIFY":
		return value == "0"
	case "NPM_CONFIG_STRICT_SSL", "YARN_ENABLE_STRICT_SSL", "CONDA_SSL_VERIFY", "PNPM_CONFIG_STRICT_SSL":
		return isOff(value)
	case "PIP_TRUSTED_HOST", "UV_INSECURE_HOST":
		return !ownHost(value)
	case "BUNDLE_SSL_VERIFY_MODE":
		return value == "0"
	}
	return false
}

// plainHTTP reports what is fetched unencrypted and is not verified otherwise.
func plainHTTP(l *Lint) {
	verified := proofsOf(l)
	plain := func(address string) bool {
		return strings.HasPrefix(strings.ToLower(address), "http://") && !ownHost(hostOf(address))
	}
	for _, f := range fetches(l) {
		for _, u := range f.urls {
			if plain(u.Text) && !verified.hold(f.command.Instruction, f.file()) && (f.saves() || isRead(&f)) {
				l.ReportCommand(f.command, "%s is fetched unencrypted", shownURL(u.Text))
				break
			}
		}
	}
	for _, in := range addedFrom(l) {
		if _, ok := in.Flag("checksum"); ok {
			continue
		}
		for i, w := range in.Words {
			if u, _ := in.Expand(w.String); i+1 < len(in.Words) && plain(u) && !verified.hold(in, u) {
				l.At(in, w.Whole(), "%s is fetched unencrypted", shownURL(u))
			}
		}
	}
	for _, c := range l.Commands() {
		if u := plainSource(c); u != "" && plain(u) {
			l.ReportCommand(c, "%s is asked unencrypted", shownURL(u))
		}
		if c.Name == "composer" {
			for i, a := range c.Args {
				if a.Text == "secure-http" && i+1 < len(c.Args) && isOff(c.Args[i+1].Text) {
					l.ReportCommand(c, "composer is allowed to download unencrypted")
				}
			}
		}
	}
	for _, s := range settings(l) {
		switch strings.ToUpper(s.name) {
		case "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "NPM_CONFIG_REGISTRY", "YARN_NPM_REGISTRY_SERVER", "GOPROXY", "HF_ENDPOINT", "RUSTUP_DIST_SERVER", "RUSTUP_UPDATE_ROOT":
			if plain(s.value) {
				l.At(s.in, s.at(), "%s is asked unencrypted", shownURL(s.value))
			}
		}
	}
}

// isRead tells a download that goes on in a pipeline.
func isRead(f *fetch) bool { return len(f.command.Pipe) > f.command.At+1 && !f.flags["-I"] }

// plainSource is the package source or repository that a command names.
func plainSource(c *dockerfile.Command) string {
	args, isPip := pip(c)
	switch {
	case isPip:
		for i, a := range args {
			for _, flag := range []string{"--index-url", "-i", "--extra-index-url", "--find-links", "-f"} {
				if a.Text == flag && i+1 < len(args) {
					return args[i+1].Text
				}
				if v, ok := strings.CutPrefix(a.Text, flag+"="); ok {
					return v
				}
			}
		}
	case c.Name == "git" && c.Has("clone", "fetch", "pull", "submodule", "remote"):
		for _, o := range c.Operands("-b", "--branch", "--depth", "-c") {
			if strings.HasPrefix(o.Text, "http://") {
				return o.Text
			}
		}
	case c.Name == "npm" || c.Name == "yarn" || c.Name == "pnpm":
		if v, ok := c.FlagValue("--registry"); ok {
			return v.Text
		}
		if o := c.Operands(); len(o) > 2 && o[0].Text == "config" && o[1].Text == "set" {
			key, value, inline := strings.Cut(o[2].Text, "=")
			if !inline && len(o) > 3 {
				value = o[3].Text
			}
			if strings.HasSuffix(key, "registry") || key == "npmRegistryServer" {
				return value
			}
		}
	case c.Name == "gem":
		if v, ok := c.FlagValue("--source", "-s", "--add", "-a"); ok {
			return v.Text
		}
	}
	return ""
}
