package hygiene

import (
	"slices"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// runRules are about how commands are run, and what they do to files' modes.
func runRules() []Rule {
	return slices.Concat(commandRules(), modeRules())
}

func commandRules() []Rule {
	return []Rule{
		{
			ID: "sudo", Title: "sudo is used in a RUN", Severity: advisory.Low, Category: Shell,
			Peers:   Peers{Hadolint: []string{"DL3004"}, Trivy: []string{"DS-0010"}, Dockle: []string{"DKL-DI-0001"}},
			Why:     "A build may switch users with USER, so that sudo adds nothing to it; left in the image, it is a setuid program with a rule that lets somebody become root.",
			Remedy:  "Do what needs root before USER, or between USER root and USER again; start a program as another user with gosu or setpriv.",
			Source:  "https://docs.docker.com/build/building/best-practices/#user",
			OnImage: true,
			Check: func(l *Lint) {
				for _, c := range l.Commands() {
					if i := slices.Index(c.Through, "sudo"); i < 0 && c.Name != "sudo" {
						continue
					}
					what := c.Name
					if what == "" || what == "sudo" {
						what = "a command"
					}
					l.ReportCommand(c, "%s is run through sudo", short(what))
				}
			},
			Bad:  []Sample{file("FROM a:1\nRUN sudo apt-get update\n"), file("FROM a:1\nRUN cd /x && sudo -u app make\n"), file("FROM a:1\nRUN sudo -i\n")},
			Good: []Sample{file("FROM a:1\nRUN apt-get install -y sudo\n"), file("FROM a:1\nRUN echo sudo make\n"), file("FROM a:1\nRUN gosu app make\n")},
		},
		{
			ID: "cd-for-workdir", Title: "a RUN begins with cd", Severity: advisory.Negligible, Category: Shell,
			Peers:  Peers{Hadolint: []string{"DL3003"}, Trivy: []string{"DS-0013"}},
			Why:    "Where a command runs is easier to see, and to keep for the next one, when WORKDIR says it.",
			Remedy: "Set WORKDIR before the RUN.",
			Source: "https://docs.docker.com/build/building/best-practices/#workdir",
			Check: func(l *Lint) {
				for _, in := range l.All("run") {
					scripts := in.Scripts()
					if len(in.Heredocs) > 0 || len(scripts) == 0 || scripts[0].File == nil || len(scripts[0].File.Stmts) == 0 {
						continue
					}
					cs := in.Commands()
					if len(cs) > 1 && cs[0].Name == "cd" && cs[0].Script == scripts[0] && cs[0].Statement.Pos() == scripts[0].File.Stmts[0].Pos() && len(cs[0].Args) == 1 {
						l.ReportCommand(cs[0], "WORKDIR %s does what this cd does", short(cs[0].Args[0].Text))
					}
				}
			},
			Bad: []Sample{file("FROM a:1\nRUN cd /src && make\n"), file("FROM a:1\nARG D=/x\nRUN cd $D; make\n")},
			Good: []Sample{
				file("FROM a:1\nWORKDIR /src\nRUN make\n"), file("FROM a:1\nRUN make -C /src && cd /x\n"), file("FROM a:1\nRUN (cd /src && make) && x\n"),
				file("FROM a:1\nRUN git clone x && cd x && make\n"), file("FROM a:1\nRUN <<EOF\ncd /src\nmake\nEOF\n"),
			},
		},
		{
			ID: "wget-and-curl", Title: "both wget and curl are used", Severity: advisory.Negligible, Category: Shell,
			Peers:  Peers{Hadolint: []string{"DL4001"}, Trivy: []string{"DS-0014"}},
			Why:    "Two programs for one thing are two to install, to learn and to patch.",
			Remedy: "Use one of the two.",
			Check: func(l *Lint) {
				first := map[*dockerfile.Stage]*dockerfile.Command{}
				told := map[*dockerfile.Stage]bool{}
				for _, c := range l.Commands("curl", "wget") {
					stage := c.Instruction.Stage
					switch f := first[stage]; {
					case f == nil:
						first[stage] = c
					case f.Name != c.Name && !told[stage]:
						told[stage] = true
						l.ReportCommand(c, "%s is used here, %s in line %d", c.Name, f.Name, f.Range().Start.Line)
					}
				}
			},
			Bad:  []Sample{file("FROM a:1\nRUN curl -O https://x.example.com/a\nRUN wget https://x.example.com/b\n")},
			Good: []Sample{file("FROM a:1\nRUN apt-get install curl wget && curl x.example.com\n"), file("FROM a:1 AS b\nRUN curl -O https://x.example.com/a\nFROM c:1\nRUN wget https://x.example.com/b\n")},
		},
		{
			ID: "wget-progress", Title: "wget draws its progress into the build's log", Severity: advisory.Negligible, Category: Shell,
			Peers:  Peers{Hadolint: []string{"DL3047"}},
			Why:    "Without a terminal wget writes a line for every 50 KiB: thousands for one large file.",
			Remedy: "Add --progress=dot:giga, -nv or -q.",
			Source: "https://www.gnu.org/software/wget/manual/html_node/Download-Options.html",
			Check: func(l *Lint) {
				for _, f := range fetches(l) {
					if f.command.Name != "wget" || len(f.urls) == 0 {
						continue
					}
					quiet := false
					for _, flag := range []string{"-q", "--quiet", "-nv", "--no-verbose", "--progress", "-o", "--output-file", "-a", "--append-output"} {
						quiet = quiet || f.flags[flag]
					}
					if !quiet {
						l.ReportCommand(f.command, "wget writes its progress into the log")
					}
				}
			},
			Bad: []Sample{file("FROM a:1\nRUN wget https://x.example.com/a\n"), file("FROM a:1\nRUN wget -O a https://x.example.com/a\n")},
			Good: []Sample{
				file("FROM a:1\nRUN wget -q https://x.example.com/a\n"), file("FROM a:1\nRUN wget -nv https://x.example.com/a\n"), file("FROM a:1\nRUN wget -qO- https://x.example.com/a\n"),
				file("FROM a:1\nRUN wget --progress=dot:giga https://x.example.com/a\n"), file("FROM a:1\nRUN wget --version\n"),
			},
		},
		{
			ID: "shell-replaced", Title: "/bin/sh is made another shell", Severity: advisory.Negligible, Category: Shell,
			Peers:   Peers{Hadolint: []string{"DL4005"}},
			Why:     "Every script of the system runs in /bin/sh and expects what the distribution put there; an update puts it back.",
			Remedy:  "SHELL [\"/bin/bash\", \"-c\"] chooses the shell of the RUNs that follow, and nothing else.",
			Source:  "https://docs.docker.com/reference/dockerfile/#shell",
			OnImage: true,
			Check: func(l *Lint) {
				for _, c := range l.Commands("ln") {
					if o := c.Operands(); len(o) == 2 && (o[1].Text == "/bin/sh" || o[1].Text == "/usr/bin/sh") {
						l.ReportCommand(c, "/bin/sh becomes %s", short(o[0].Text))
					}
				}
			},
			Bad:  []Sample{file("FROM a:1\nRUN ln -sf /bin/bash /bin/sh\n"), file("FROM a:1\nRUN rm /bin/sh && ln -s bash /bin/sh\n")},
			Good: []Sample{file("FROM a:1\nSHELL [\"/bin/bash\", \"-c\"]\nRUN ln -s /bin/sh /opt/sh\n"), file("FROM a:1\nRUN ln -s /opt/x /bin/x\n")},
		},
		{
			ID: "pointless-command", Title: "a command does nothing in a build", Severity: advisory.Negligible, Category: Shell,
			Peers:  Peers{Hadolint: []string{"DL3001"}},
			Why:    "A build has no services, no terminal and no processes but its own: what starts, shows or stops them leaves nothing in the image.",
			Remedy: "Leave it out; start services when the container starts.",
			Check: func(l *Lint) {
				for _, c := range l.Commands("ssh", "vim", "vi", "nano", "emacs", "shutdown", "reboot", "service", "systemctl", "ps", "top", "htop", "free", "kill", "mount", "ifconfig") {
					if !pointless(c) {
						continue
					}
					l.ReportCommand(c, "%s does nothing for the image", c.Name)
				}
			},
			Bad: []Sample{file("FROM a:1\nRUN service nginx start\n"), file("FROM a:1\nRUN apt-get update && top -b -n1\n"), file("FROM a:1\nRUN mount -t proc proc /proc\n"), file("FROM a:1\nRUN systemctl start x\n")},
			Good: []Sample{
				file("FROM a:1\nRUN apt-get install -y vim ssh\n"), file("FROM a:1\nRUN systemctl enable x\n"), file("FROM a:1\nRUN x & sleep 5 && kill $!\n"),
				file("FROM a:1\nRUN service postgresql start && psql -c 'create user x' && service postgresql stop\n"), file("FROM a:1\nRUN echo mount\n"),
			},
		},
		{
			ID: "consecutive-runs", Title: "several RUNs stand in a row", Severity: advisory.Negligible, Category: Shell,
			Peers:  Peers{Hadolint: []string{"DL3059"}},
			Why:    "Each RUN is a layer: what one writes and the next deletes stays in the image.",
			Remedy: "Join those that belong together with && or a heredoc, where the build's cache doesn't gain by keeping them apart.",
			Source: "https://docs.docker.com/build/building/best-practices/#run",
			Reach:  FinalImage,
			Check:  runsInARow,
			Bad:    []Sample{file("FROM a:1\nRUN x\nRUN y\n"), file("FROM a:1\nRUN x\n# why\nRUN y\nRUN z\n")},
			Good: []Sample{
				file("FROM a:1\nRUN x\nCOPY a b\nRUN y\n"), file("FROM a:1 AS b\nRUN x\nRUN y\nFROM c:1\nRUN z\n"), file("FROM a:1\nRUN --mount=type=cache,target=/c x\nRUN y\n"),
			},
		},
		{
			ID: "useradd-no-log-init", Title: "useradd with a high UID writes a large file", Severity: advisory.Low, Category: User,
			Peers:  Peers{Hadolint: []string{"DL3046"}},
			Why:    "useradd extends /var/log/lastlog and faillog up to the new UID; the file is sparse, but a layer holds it at its full length: gigabytes for a UID in the hundred thousands.",
			Remedy: "useradd --no-log-init (-l).",
			Source: "https://docs.docker.com/build/building/best-practices/#user",
			Check: func(l *Lint) {
				for _, c := range l.Commands("useradd") {
					uid, ok := c.FlagValue("-u", "--uid")
					if !ok || len(uid.Text) < 6 || !digits(uid.Text) || c.HasFlag("-l", "--no-log-init") {
						continue
					}
					f := l.ReportCommand(c, "useradd with the UID %s writes a large sparse file", short(uid.Text))
					if e, ok := Insert(c.Words[0], " -l"); ok {
						f.Edits = []Edit{e}
					}
				}
			},
			Bad:  []Sample{file("FROM a:1\nRUN useradd -u 100001 x\n"), file("FROM a:1\nARG U=1000000000\nRUN useradd --uid=$U x\n")},
			Good: []Sample{file("FROM a:1\nRUN useradd -l -u 100001 x\n"), file("FROM a:1\nRUN useradd -u 10001 x\n"), file("FROM a:1\nRUN adduser -u 100001 x\n"), file("FROM a:1\nRUN useradd -lmu 100001 x\n")},
		},
	}
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// pointless tells a command that leaves nothing behind from one that serves the
// rest of its RUN: a service that is stopped again, a process of the RUN's own.
func pointless(c *dockerfile.Command) bool {
	switch c.Name {
	case "kill", "ps":
		return len(c.Instruction.Commands()) == 1
	case "systemctl":
		return c.Has("start", "restart", "reload", "daemon-reload", "status")
	case "service":
		return len(c.Instruction.Commands()) == 1
	case "ssh":
		return !c.HasFlag("-V", "-o", "-T")
	case "emacs", "vim", "vi":
		return !c.HasFlag("-c", "--batch", "-es", "-s", "--headless") && !slices.ContainsFunc(c.Args, func(w dockerfile.Word) bool { return w.Text != "" && w.Text[0] == '+' })
	}
	return true
}

// runsInARow reports each row once, at its second RUN.
func runsInARow(l *Lint) {
	t := l.File.Target()
	if t == nil {
		return
	}
	var row []*dockerfile.Instruction
	flush := func() {
		if len(row) > 1 {
			l.Report(row[1], "%d RUNs in a row make %d layers", len(row), len(row))
		}
		row = row[:0]
	}
	for _, s := range t.Lineage() {
		for _, in := range s.Instructions {
			if in.Keyword != "run" || len(row) > 0 && !sameFlags(row[0], in) {
				flush()
			}
			if in.Keyword == "run" {
				row = append(row, in)
			}
		}
		flush()
	}
}

func sameFlags(a, b *dockerfile.Instruction) bool {
	return slices.EqualFunc(a.Flags, b.Flags, func(x, y dockerfile.Flag) bool { return x.Name == y.Name && x.Value == y.Value })
}
