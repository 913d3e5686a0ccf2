package hygiene

import (
	"regexp"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// signatureRules are about what package managers check before they install.
func signatureRules() []Rule {
	return []Rule{
		{
			ID: "signature-check-off", Title: "packages are installed without a check of their signature", Severity: advisory.High, Category: Downloads,
			Why:    "The signature is all that ties a package to its distribution: mirrors are run by anybody, and most are asked over http. Without the check, whoever answers decides what gets installed as root.",
			Remedy: "Install the repository's key (Signed-By in the source, rpm --import, /etc/apk/keys) and leave the check on; hold a single package file against a checksum.",
			Source: "https://manpages.debian.org/stable/apt/apt-secure.8.en.html",
			Reach:  Alike, OnImage: true,
			Check: signatureOff,
			Bad: []Sample{
				file("FROM debian:12\nRUN apt-get install -y --allow-unauthenticated x\n"),
				file("FROM debian:12\nRUN apt-get update && apt-get install --force-yes x\n"),
				file("FROM debian:12\nRUN apt-get -o Acquire::AllowInsecureRepositories=true update\n"),
				file("FROM debian:12\nRUN echo 'deb [trusted=yes] http://r.example.com/apt ./' > /etc/apt/sources.list.d/r.list\n"),
				file("FROM alpine:3\nRUN wget -q https://x.example.com/glibc.apk && apk add --no-cache --allow-untrusted glibc.apk\n"),
				file("FROM fedora:40\nRUN dnf install -y --nogpgcheck x\n"),
				file("FROM fedora:40\nRUN yum -y --setopt=gpgcheck=0 install x\n"),
				file("FROM fedora:40\nRUN echo -e '[r]\\nbaseurl=https://r.example.com\\ngpgcheck=0' > /etc/yum.repos.d/r.repo\n"),
				{Dockerfile: "FROM fedora:40\nCOPY <<EOF /etc/yum.repos.d/r.repo\n[r]\nbaseurl=https://r.example.com\ngpgcheck=0\nEOF\n", DockerfileOnly: true},
				file("FROM opensuse/leap:15\nRUN zypper --no-gpg-checks install -y x\n"),
				file("FROM fedora:40\nRUN rpm -i --nosignature x.rpm\n"),
				file("FROM archlinux\nRUN sed -i 's/^SigLevel.*/SigLevel = Never/' /etc/pacman.conf\n"),
			},
			Good: []Sample{
				file("FROM debian:12\nRUN apt-get install -y x\n"),
				file("FROM debian:12\nRUN echo 'deb [signed-by=/etc/apt/keyrings/r.gpg] https://r.example.com/apt ./' > /etc/apt/sources.list.d/r.list\n"),
				file("FROM debian:12\nRUN echo 'deb [trusted=yes] file:/repo ./' > /etc/apt/sources.list\n"),
				file("FROM fedora:40\nRUN dnf install -y x --setopt=install_weak_deps=0\n"),
				file("FROM fedora:40\nRUN echo 'gpgcheck=1' >> /etc/yum.conf\n"),
				file("FROM fedora:40\nRUN echo -e '[r]\\ngpgcheck=1\\nrepo_gpgcheck=0' > /etc/yum.repos.d/r.repo\n"),
				file("FROM alpine:3\nRUN apk add --no-cache x\n"),
				file("FROM debian:12\nRUN sed -i 's/gpgcheck=0/gpgcheck=1/' /etc/x.repo\n"),
			},
		},
		{
			ID: "go-checksum-off", Title: "Go modules are taken without the checksum database", Severity: advisory.Medium, Category: Downloads,
			Why:    "A module that go.sum doesn't name yet is then whatever the server sends, over plain http where GOINSECURE allows it.",
			Remedy: "Name your own modules in GOPRIVATE and leave GOSUMDB as it is; commit go.sum and build with -mod=readonly.",
			Source: "https://go.dev/ref/mod#environment-variables",
			Reach:  Alike, OnImage: true,
			Check: func(l *Lint) {
				for _, s := range settings(l) {
					if how := goUnchecked(s.name, s.value); how != "" {
						l.At(s.in, s.at(), "%s", how)
					}
				}
				for _, c := range l.Commands("go") {
					if c.Subcommand() == "get" && c.Has("-insecure") {
						l.ReportCommand(c, "go get -insecure takes modules from anybody")
					}
					if o := c.Operands(); len(o) > 1 && o[0].Text == "env" && c.HasFlag("-w") {
						for _, w := range o[1:] {
							name, value, _ := strings.Cut(w.Text, "=")
							if how := goUnchecked(name, value); how != "" {
								l.ReportCommand(c, "%s", how)
							}
						}
					}
				}
			},
			Bad: []Sample{
				file("FROM golang:1\nENV GOSUMDB=off\n"),
				file("FROM golang:1\nRUN GOFLAGS=-insecure go get x\n"),
				file("FROM golang:1\nENV GONOSUMDB=*\n"),
				file("FROM golang:1\nRUN go env -w GOSUMDB=off\n"),
				file("FROM golang:1\nENV GOINSECURE=git.example.com\n"),
				file("FROM golang:1\nRUN GOFLAGS=\"-mod=mod -insecure\" go build\n"),
			},
			Good: []Sample{
				file("FROM golang:1\nENV GOPRIVATE=git.example.com/* GONOSUMDB=git.example.com/*\n"),
				file("FROM golang:1\nENV GOFLAGS=-mod=vendor GOSUMDB=sum.golang.org\n"),
				file("FROM golang:1\nRUN go env -w GOPROXY=https://p.example.com\n"),
			},
		},
	}
}

func goUnchecked(name, value string) string {
	switch name {
	case "GOSUMDB":
		if value == "off" {
			return "GOSUMDB=off leaves new modules unchecked"
		}
	case "GONOSUMDB", "GONOSUMCHECK":
		if value == "*" || name == "GONOSUMCHECK" && isOn(value) {
			return name + " leaves every module unchecked"
		}
	case "GOINSECURE":
		if value != "" {
			return "GOINSECURE lets modules come unencrypted and from anybody"
		}
	case "GOFLAGS":
		for _, f := range strings.Fields(value) {
			if f == "-insecure" {
				return "GOFLAGS=-insecure takes modules from anybody"
			}
		}
	}
	return ""
}

var (
	// sources.list(5), dnf.conf(5), zypp.conf, pacman.conf(5), apt.conf(5). Of a
	// replacement by sed only what is put in counts, which reReplaced leaves over.
	reUnsigned = regexp.MustCompile(`(?im)(^|[\s"'/\\n\[])(gpgcheck\s*=\s*(0|false|no|off)\b|SigLevel\s*=\s*Never|APT::Get::AllowUnauthenticated\s+"?true|Acquire::AllowInsecureRepositories\s+"?true)`)
	reTrusted  = regexp.MustCompile(`(?i)(^|\s)deb(-src)?\s+\[[^\]]*\btrusted=yes\b[^\]]*\]\s+(\S+)|(?im)^Trusted:\s*yes`)
	reReplaced = regexp.MustCompile(`^s([^\w\s])`)
)

func signatureOff(l *Lint) {
	verified := proofsOf(l)
	for _, c := range l.Commands() {
		flag := unsignedBy(c)
		if flag == "" {
			continue
		}
		f := l.ReportCommand(c, "%s %s installs whatever is sent", c.Name, flag)
		if verified.hold(c.Instruction, "") || ownPackage(c) {
			f.Severity = min(f.Severity, advisory.Low)
		}
	}
	for _, w := range writtenTexts(l) {
		text := w.text
		if m := reReplaced.FindStringSubmatch(text); m != nil {
			if parts := strings.SplitN(text, m[1], 4); len(parts) > 2 {
				text = parts[2]
			}
		}
		if m := reUnsigned.FindStringIndex(text); m != nil && !strings.HasSuffix(strings.ToLower(text[:min(len(text), m[0]+1)]), "_") {
			l.At(w.in, w.at, "a repository is set up without a check of signatures")
		}
		if m := reTrusted.FindStringSubmatch(text); m != nil {
			if at := m[3]; strings.HasPrefix(at, "file:") || strings.HasPrefix(at, "copy:") {
				continue
			}
			l.At(w.in, w.at, "an apt repository is trusted without a signature")
		}
	}
}

// ownPackage tells a command that installs package files which the build itself
// brings: they have no signature, and nobody else hands them over.
func ownPackage(c *dockerfile.Command) bool {
	files := 0
	for _, o := range c.Operands("-t", "--virtual", "-X", "--repository", "-c", "--repo") {
		switch {
		case isURL(o.Text):
			return false
		case strings.HasSuffix(o.Text, ".apk") || strings.HasSuffix(o.Text, ".rpm"):
			files++
		}
	}
	return files > 0 && !fetchesIn(c.Instruction)
}

// unsignedBy is the option with which a command installs unsigned packages.
func unsignedBy(c *dockerfile.Command) string {
	switch c.Name {
	case "apt", "apt-get", "aptitude":
		// apt-get(8) has --force-yes as what --allow-unauthenticated and others replaced.
		for _, f := range []string{"--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories"} {
			if c.HasFlag(f) {
				return f
			}
		}
		for _, a := range c.Args {
			name, value, ok := strings.Cut(strings.TrimPrefix(a.Text, "-o"), "=")
			switch strings.ToLower(name) {
			case "apt::get::allowunauthenticated", "acquire::allowinsecurerepositories":
				if ok && isOn(strings.Trim(value, `"`)) {
					return name
				}
			}
		}
	case "apk":
		if c.HasFlag("--allow-untrusted") {
			return "--allow-untrusted"
		}
	case "yum", "dnf", "dnf5", "microdnf", "tdnf", "dnf-3":
		for _, f := range []string{"--nogpgcheck", "--no-gpgchecks"} {
			if c.HasFlag(f) {
				return f
			}
		}
		for i, a := range c.Args {
			v, ok := strings.CutPrefix(a.Text, "--setopt=")
			if a.Text == "--setopt" && i+1 < len(c.Args) {
				v, ok = c.Args[i+1].Text, true
			}
			if name, value, _ := strings.Cut(v, "="); ok && (name == "gpgcheck" || strings.HasSuffix(name, ".gpgcheck")) && isOff(value) {
				return "--setopt=" + short(v)
			}
		}
	case "zypper":
		if c.HasFlag("--no-gpg-checks", "--allow-unsigned-rpm") {
			return "--no-gpg-checks"
		}
	case "rpm":
		if c.HasFlag("--nosignature", "--nogpg") && !c.HasFlag("-q", "-V", "-e") {
			return "--nosignature"
		}
	}
	return ""
}
