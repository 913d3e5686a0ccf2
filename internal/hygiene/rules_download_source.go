package hygiene

import (
	"regexp"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// sourceRules are about whom a build trusts.
func sourceRules() []Rule {
	return []Rule{
		{
			ID: "extra-index", Title: "packages may come from either of two indexes", Severity: advisory.Low, Category: Downloads,
			Why:    "pip takes the highest version that any of its indexes offers. Whoever registers the name of a private package at the public index, with a higher version, gets it installed.",
			Remedy: "Use one index that holds both (--index-url), or pin with --require-hashes.",
			Source: "https://pip.pypa.io/en/stable/cli/pip_install/#cmdoption-extra-index-url",
			Reach:  Alike, OnImage: true,
			Check: func(l *Lint) {
				for _, c := range l.Commands() {
					args, ok := pip(c)
					if !ok {
						continue
					}
					extra, hashes := false, false
					for _, a := range args {
						extra = extra || a.Text == "--extra-index-url" || strings.HasPrefix(a.Text, "--extra-index-url=") || strings.HasSuffix(a.Text, ".extra-index-url")
						hashes = hashes || a.Text == "--require-hashes"
					}
					if extra && !hashes && c.Name != "uv" {
						l.ReportCommand(c, "--extra-index-url lets either index decide which package is installed")
					}
				}
				for _, s := range settings(l) {
					if s.name == "PIP_EXTRA_INDEX_URL" && s.value != "" {
						l.At(s.in, s.at(), "PIP_EXTRA_INDEX_URL lets either index decide which package is installed")
					}
				}
			},
			Bad: []Sample{
				file("FROM python:3\nRUN pip install --extra-index-url https://pypi.example.com/simple ours\n"),
				file("FROM python:3\nRUN python -m pip install ours --extra-index-url=https://pypi.example.com/simple\n"),
				file("FROM python:3\nENV PIP_EXTRA_INDEX_URL=https://pypi.example.com/simple\n"),
			},
			Good: []Sample{
				file("FROM python:3\nRUN pip install --index-url https://pypi.example.com/simple ours\n"),
				file("FROM python:3\nRUN pip install --require-hashes --extra-index-url https://pypi.example.com/simple -r r.txt\n"),
				file("FROM python:3\nRUN uv pip install --extra-index-url https://pypi.example.com/simple ours\n"),
			},
		},
		{
			ID: "key-unverified", Title: "a signing key is taken from the network unseen", Severity: advisory.Low, Category: Downloads,
			Why:    "The key decides which packages are genuine: who can replace it can replace them all. A short key ID names many keys, and a key server hands out any of them.",
			Remedy: "COPY the key from the build context, hold it against a checksum, or ask for it by its fingerprint of 40 digits.",
			Source: "https://www.debian.org/doc/manuals/securing-debian-manual/deb-pack-sign.en.html",
			Reach:  Alike, OnImage: true,
			Check: keysUnverified,
			Bad: []Sample{
				file("FROM debian:12\nRUN curl -fsSL https://r.example.com/gpg | apt-key add -\n"),
				file("FROM debian:12\nRUN apt-key adv --keyserver keyserver.ubuntu.com --recv-keys 7F0CEB10\n"),
				file("FROM debian:12\nRUN gpg --keyserver hkps://keys.openpgp.org --recv-keys 0x1A2B3C4D5E6F7A8B\n"),
				file("FROM debian:12\nRUN curl -fsSL https://r.example.com/gpg | gpg --dearmor -o /etc/apt/keyrings/r.gpg\n"),
				file("FROM debian:12\nRUN wget -O /etc/apt/trusted.gpg.d/r.asc https://r.example.com/r.asc\n"),
				file("FROM fedora:40\nRUN rpm --import https://r.example.com/RPM-GPG-KEY\n"),
				{Dockerfile: "FROM debian:12\nADD https://r.example.com/r.asc /etc/apt/keyrings/r.asc\n", DockerfileOnly: true},
				file("FROM alpine:3\nRUN wget -q -O /etc/apk/keys/r.rsa.pub https://r.example.com/r.rsa.pub\n"),
			},
			Good: []Sample{
				file("FROM debian:12\nRUN gpg --keyserver hkps://keys.openpgp.org --recv-keys 0123456789ABCDEF0123456789ABCDEF01234567\n"),
				file("FROM debian:12\nARG KEY=0123456789ABCDEF0123456789ABCDEF01234567\nRUN gpg --recv-keys $KEY\n"),
				file("FROM debian:12\nRUN for k in $KEYS; do gpg --recv-keys \"$k\"; done\n"),
				file("FROM debian:12\nRUN curl -fsSLo /etc/apt/keyrings/r.asc https://r.example.com/r.asc && echo 'ab  /etc/apt/keyrings/r.asc' | sha256sum -c\n"),
				file("FROM debian:12\nCOPY r.asc /etc/apt/keyrings/\n"),
				file("FROM fedora:40\nRUN rpm --import /etc/pki/rpm-gpg/RPM-GPG-KEY\n"),
				file("FROM debian:12\nRUN curl -fsSLO https://r.example.com/a.tgz.asc && gpg --verify a.tgz.asc\n"),
				file("FROM debian:12\nADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://r.example.com/r.asc /etc/apt/keyrings/r.asc\n"),
			},
		},
		{
			ID: "apt-key", Title: "apt-key trusts a key for every repository", Severity: advisory.Low, Category: Downloads,
			Why:    "A key that apt-key adds may sign packages of any repository, Debian's own included; the program is deprecated and gone from Debian 13.",
			Remedy: "Put the key into /etc/apt/keyrings and name it in the source: deb [signed-by=/etc/apt/keyrings/r.asc] ….",
			Source: "https://manpages.debian.org/bookworm/apt/apt-key.8.en.html",
			Reach:  Alike, OnImage: true,
			Check: func(l *Lint) {
				for _, c := range l.Commands("apt-key") {
					if c.Has("add", "adv") {
						l.ReportCommand(c, "apt-key trusts the key for every repository")
					}
				}
			},
			Bad: []Sample{
				file("FROM debian:12\nRUN apt-key add k.asc\n"),
				file("FROM debian:12\nRUN curl -s https://r.example.com/k | sudo apt-key add -\n"),
			},
			Good: []Sample{
				file("FROM debian:12\nRUN apt-key list\n"),
				file("FROM debian:12\nCOPY k.asc /etc/apt/keyrings/\n"),
			},
		},
	}
}

var (
	reFingerprint = regexp.MustCompile(`^(0x)?([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$`)
	reKeyID       = regexp.MustCompile(`^(0x)?[0-9A-Fa-f]{8,39}$`)
)

func keysUnverified(l *Lint) {
	verified := proofsOf(l)
	for _, f := range fetches(l) {
		u, ok := f.remote()
		if !ok || verified.hold(f.command.Instruction, f.file()) {
			continue
		}
		to, piped := f.command.PipesInto("apt-key", "gpg", "gpg2", "rpm")
		if piped && to.Name != "apt-key" && !to.HasFlag("--dearmor", "--import", "--no-default-keyring") {
			continue
		}
		if !piped && !(f.saves() && installsKey(f.file())) {
			continue
		}
		x := l.ReportCommand(f.command, "the key from %s is trusted unseen", short(hostOf(u.Text)))
		if strings.HasPrefix(u.Text, "http://") {
			x.Severity = advisory.Medium
		}
	}
	for _, in := range addedFrom(l) {
		if _, ok := in.Flag("checksum"); ok || len(in.Words) < 2 {
			continue
		}
		to, _ := in.Expand(in.Words[len(in.Words)-1].String)
		for _, w := range in.Words[:len(in.Words)-1] {
			if u, _ := in.Expand(w.String); isURL(u) && installsKey(to) && !verified.hold(in, u) {
				l.At(in, w.Whole(), "the key from %s is trusted unseen", short(hostOf(u)))
			}
		}
	}
	for _, c := range l.Commands("gpg", "gpg2", "apt-key", "rpm") {
		if c.Name == "rpm" {
			if v, ok := c.FlagValue("--import"); ok && isURL(v.Text) && !verified.hold(c.Instruction, "") {
				l.ReportCommand(c, "the key from %s is trusted unseen", short(hostOf(v.Text)))
			}
			continue
		}
		if id, ok := shortKey(c); ok {
			x := l.ReportCommand(c, "%s is no fingerprint: a key server may answer with another key", short(id))
			if len(strings.TrimPrefix(id, "0x")) <= 8 {
				x.Severity = advisory.Medium
			}
		}
	}
}

// shortKey is the first key that is asked for by less than its fingerprint.
func shortKey(c *dockerfile.Command) (string, bool) {
	asked := false
	for _, a := range c.Args {
		switch text := a.Text; {
		case text == "--recv-keys" || text == "--recv-key" || text == "--recv" || text == "--receive-keys":
			asked = true
		case strings.HasPrefix(text, "--recv-keys="):
			text = text[len("--recv-keys="):]
			return text, reKeyID.MatchString(text)
		case asked && reKeyID.MatchString(text) && !reFingerprint.MatchString(text):
			return text, true
		}
	}
	return "", false
}

// installsKey tells places from which package managers read the keys they trust.
func installsKey(name string) bool {
	return strings.Contains(name, "/keyrings/") || strings.Contains(name, "trusted.gpg") || strings.Contains(name, "/apk/keys/") || strings.Contains(name, "rpm-gpg")
}
