package hygiene

import (
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
	"plimsoll/internal/malware/shell"
)

// downloadRules are about what a build fetches, and from whom.
func downloadRules() []Rule {
	return slices.Concat(fetchRules(), transportRules(), signatureRules(), sourceRules())
}

func fetchRules() []Rule {
	return []Rule{
		{
			ID: "remote-script-run", Title: "a script from the network is run unseen", Severity: advisory.Medium, Category: Downloads,
			Why:    "Whoever owns the other end decides at each build what runs in it, and a connection that breaks off leaves half a script run. Nothing records what it was.",
			Remedy: "Fetch a release of a fixed version into a file, hold it against a checksum that stands in the Dockerfile, then run it; or install the package.",
			Source: "https://docs.docker.com/reference/dockerfile/#add---checksum",
			Reach:  Alike, OnImage: true,
			Check: remoteScripts,
			Bad: []Sample{
				file("FROM a:1\nRUN curl -fsSL https://get.example.com | bash\n"),
				file("FROM a:1\nRUN wget -qO- https://get.example.com/i.sh | sudo sh -s -- -y\n"),
				file("FROM a:1\nRUN bash <(curl -s https://get.example.com)\n"),
				file("FROM a:1\nRUN sh -c \"$(curl -fsSL https://get.example.com/install.sh)\"\n"),
				file("FROM a:1\nRUN curl -sSL https://get.example.com/i.sh -o /tmp/i.sh && sh /tmp/i.sh\n"),
				file("FROM a:1\nRUN curl -s https://get.example.com/get.py | python3 -\n"),
				file("FROM a:1 AS b\nRUN <<EOF\nset -e\ncurl https://x.example.com/i | bash\nEOF\nFROM b\n"),
			},
			Good: []Sample{
				file("FROM a:1\nRUN curl -fsSL https://x.example.com/i.sh -o i.sh && echo \"0123  i.sh\" | sha256sum -c - && sh i.sh\n"),
				file("FROM a:1\nRUN curl -fsSL https://x.example.com/a.tgz | tar xz\n"),
				file("FROM a:1\nRUN curl -s https://api.example.com/v | python3 -c 'import json'\n"),
				file("FROM a:1\nRUN echo 'curl https://x.example.com | sh'\n"),
				file("FROM a:1\nRUN sh ./install.sh\n"),
				file("FROM a:1\nRUN curl -sL https://x.example.com/k.asc | gpg --dearmor -o /etc/apt/keyrings/k.gpg\n"),
			},
		},
		{
			ID: "download-unverified", Title: "a download is not held against a checksum", Severity: advisory.Low, Category: Downloads,
			Why:    "What the server hands out can change without a new version, by mistake or by somebody else's hand, and the build takes it. A checksum in the Dockerfile makes that a failed build.",
			Remedy: "ADD --checksum=sha256:… URL, or in the same RUN echo \"<sha256>  file\" | sha256sum -c -; or verify the publisher's signature.",
			Source: "https://docs.docker.com/reference/dockerfile/#add---checksum",
			Reach:  Alike, OnImage: true,
			Check: unverifiedDownloads,
			Bad: []Sample{
				file("FROM a:1\nRUN curl -fsSLo /usr/bin/x https://x.example.com/v1/x && chmod +x /usr/bin/x\n"),
				file("FROM a:1\nRUN wget https://x.example.com/a.tgz && tar xf a.tgz\n"),
				file("FROM a:1\nRUN curl -L https://x.example.com/a.tgz | tar xz -C /opt\n"),
				{Dockerfile: "FROM a:1\nADD https://x.example.com/a.tgz /opt/\n", DockerfileOnly: true},
				file("FROM a:1\nARG V=1\nRUN curl -sL https://x.example.com/$V/x > /usr/bin/x\n"),
			},
			Good: []Sample{
				file("FROM a:1\nRUN wget https://x.example.com/a.tgz && echo \"ab  a.tgz\" | sha256sum -c && tar xf a.tgz\n"),
				file("FROM a:1\nRUN wget https://x.example.com/a.tgz https://x.example.com/a.tgz.asc && gpg --verify a.tgz.asc\n"),
				file("FROM a:1\nADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://x.example.com/a.tgz /opt/\n"),
				file("FROM a:1\nADD https://github.com/o/r.git#v1 /src\n"),
				file("FROM a:1\nRUN curl -fsS http://localhost:8080/health\n"),
				file("FROM a:1\nRUN curl -s https://api.example.com/latest | jq -r .tag > version\n"),
				file("FROM a:1\nRUN curl -o a.tgz https://x.example.com/a.tgz\nRUN echo 'ab  a.tgz' | sha512sum --check\n"),
				file("FROM a:1\nRUN apt-get install -y curl wget\n"),
				file("FROM a:1\nRUN curl -fsSL https://x.example.com/k.asc -o /etc/apt/keyrings/k.asc\n"),
				file("FROM a:1\nADD a.tgz /opt/\n"),
			},
		},
	}
}

// maxJudged bounds how many scripts of a file are followed command by command.
const maxJudged = 2000

func remoteScripts(l *Lint) {
	verified := proofsOf(l)
	judged := 0
	for _, in := range l.All("run") {
		fetching := fetchesIn(in) && slices.ContainsFunc(in.Commands(), mayRun)
		for _, s := range in.Scripts() {
			if s.File == nil || s.Nested {
				continue
			}
			if judged++; !fetching || judged > maxJudged {
				continue
			}
			for _, act := range shell.Judge(s.Text.String, shell.Options{Interpreter: s.Shell}) {
				if act.Kind == shell.Download && !ownHost(hostOf(act.URL)) {
					remoteScript(l, s, &act, verified)
				}
			}
		}
	}
}

// mayRun tells commands that could run something that was fetched.
func mayRun(c *dockerfile.Command) bool {
	if len(c.Words) == 0 || !c.Words[0].Known || strings.Contains(c.Words[0].Text, "/") || isShellName(c.Name) {
		return true
	}
	switch strings.TrimRight(c.Name, "0123456789.") {
	case "python", "perl", "ruby", "node", "php", "lua", "eval", "source", "", "exec", "su", "runuser", "xargs", "env", "sudo", "find", "parallel", "awk":
		return true
	}
	return false
}

// fetchesIn tells whether an instruction downloads anything.
func fetchesIn(in *dockerfile.Instruction) bool {
	return slices.ContainsFunc(in.Commands(), func(c *dockerfile.Command) bool { return c.Name == "curl" || c.Name == "wget" })
}

// remoteScript reports a download that a script runs.
func remoteScript(l *Lint, s *dockerfile.Script, act *shell.Act, verified *proofs) {
	in := s.Instruction
	ran, at := act.Target, in.Range()
	for _, c := range in.Commands() {
		if c.Script != s || c.Statement == nil || int(c.Statement.Pos().Offset()) != act.Offset {
			continue
		}
		from := c.Statement.Pos()
		if len(c.Pipe) > 0 && c.Pipe[0].Statement != nil {
			from = c.Pipe[0].Statement.Pos()
		}
		at = s.Range(from, c.Statement.End())
		if o := c.Operands(); ran == "" && len(o) > 0 && o[0].Known && c.At == 0 {
			ran = o[0].Text
		}
		break
	}
	if ran != "" && (act.Target != "" && !isScript(ran) || verified.hold(in, ran)) {
		return
	}
	what := "what the network sends"
	if host := hostOf(act.URL); host != "" && !strings.Contains(host, "?") {
		what = "what " + short(host) + " sends"
	}
	f := l.At(in, at, "%s is run without being looked at", what)
	if act.Unverified || strings.HasPrefix(act.URL, "http://") {
		f.Severity = max(f.Severity, advisory.High)
	}
}

// isScript tells an installer that is run from a program that is fetched.
func isScript(target string) bool {
	for _, suffix := range []string{".sh", ".bash", ".py", ".pl", ".rb", ".run", ".bin"} {
		if strings.HasSuffix(target, suffix) {
			return true
		}
	}
	return strings.Contains(target, "install") || strings.Contains(target, "setup")
}

func unverifiedDownloads(l *Lint) {
	verified := proofsOf(l)
	for _, f := range fetches(l) {
		u, ok := f.remote()
		if !ok || !f.saves() || isKey(f.file()) || isKey(u.Text) || isSourceList(f.file()) || verified.hold(f.command.Instruction, f.file()) {
			continue
		}
		l.ReportCommand(f.command, "%s is taken without a checksum", shownURL(u.Text))
	}
	for _, in := range addedFrom(l) {
		if _, ok := in.Flag("checksum"); ok || len(in.Words) < 2 {
			continue
		}
		for _, w := range in.Words[:len(in.Words)-1] {
			u, _ := in.Expand(w.String)
			if !isURL(u) || isGit(u) || ownHost(hostOf(u)) || isKey(u) || verified.hold(in, u) {
				continue
			}
			l.At(in, w.Whole(), "%s is taken without a checksum", shownURL(u))
		}
	}
}

// addedFrom are the ADD instructions that may fetch something; an image's history
// does not keep their checksums.
func addedFrom(l *Lint) []*dockerfile.Instruction {
	if l.Image != nil {
		return nil
	}
	return l.All("add")
}

func isURL(s string) bool { return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") }

// isGit tells a repository's address, which ADD clones.
func isGit(u string) bool {
	u, _, _ = strings.Cut(u, "#")
	u, _, _ = strings.Cut(u, "?")
	return strings.HasSuffix(u, ".git")
}

// isKey tells the file of a key that signs packages.
func isKey(name string) bool {
	name = strings.ToLower(name)
	name, _, _ = strings.Cut(name, "?")
	for _, suffix := range []string{".asc", ".gpg", ".key", ".pub", ".pgp", ".sig", ".sha256", ".sha512", ".sha256sum", ".sha512sum", ".sha1", ".md5"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return strings.Contains(name, "/keyrings/") || strings.Contains(name, "trusted.gpg.d/") || strings.Contains(name, "/apk/keys/") || strings.Contains(name, "rpm-gpg")
}

// isSourceList tells where package managers keep whom they ask; what that offers
// is signed.
func isSourceList(name string) bool {
	return strings.HasSuffix(name, ".repo") || strings.HasSuffix(name, ".list") || strings.Contains(name, "sources.list.d/") || strings.Contains(name, "yum.repos.d/")
}
