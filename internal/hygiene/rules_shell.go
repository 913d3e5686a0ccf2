package hygiene

import (
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// shellRules are about the scripts that RUN, CMD, ENTRYPOINT and HEALTHCHECK hold.
// Where a rule speaks of what a check of ShellCheck does, that is its peer.
func shellRules() []Rule {
	return slices.Concat(failureRules(), expansionRules(), dialectRules())
}

// failureRules are about failures that nobody notices.
func failureRules() []Rule {
	return []Rule{
		{
			ID: "shell-syntax", Title: "no shell can read this command", Severity: advisory.Medium, Category: Shell,
			Peers:  Peers{Hadolint: []string{"ShellCheck", "SC1072", "SC1073"}},
			Why:    "The shell stops at the mistake: the build fails, or the container doesn't start.",
			Remedy: "Close the quote, bracket, if or loop that is open; in a continued line every line but the last ends with the escape character.",
			Source: "https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html",
			Check: func(l *Lint) {
				for _, in := range l.All("run", "cmd", "entrypoint", "healthcheck") {
					for _, s := range in.Scripts() {
						if s.Err != nil && s.File == nil && !s.Nested && (s.Shell == "sh" || s.Shell == "bash") && !onWindows(in) {
							l.Report(in, "the shell stops at: %s", short(s.Err.Error()))
							break
						}
					}
				}
			},
			Bad:  []Sample{file("FROM a:1\nRUN echo 'x\n"), file("FROM a:1\nRUN if true; then x\n"), file("FROM a:1\nCMD (x\n")},
			Good: []Sample{file("FROM a:1\nRUN if true; then x; fi\n"), file("FROM a:1\nSHELL [\"pwsh\", \"-c\"]\nRUN if (1) { x\n"), file("FROM a:1\nRUN <<EOF python3\nprint('x'\nEOF\n"), file("FROM a:1\nRUN [ -f /x ] || { a; b; }\n"), file("FROM mcr.microsoft.com/windows/nanoserver:ltsc2022\nRUN icacls C:\\x /grant A:(OI)F\n")},
		},
		{
			ID: "pipe-failure", Title: "a failure within a pipe is not noticed", Severity: advisory.Low, Category: Shell,
			Peers:  Peers{Hadolint: []string{"DL4006"}},
			Why:    "A pipeline's status is that of its last command: a download that breaks off, or a program that fails, still builds an image.",
			Remedy: "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"] before it, or set -o pipefail where the shell knows it; or fetch into a file first.",
			Source: "https://docs.docker.com/build/building/best-practices/#using-pipes",
			Check: func(l *Lint) {
				safe := map[*dockerfile.Script]bool{}
				for _, c := range l.Commands() {
					if c.Script == nil || len(c.Pipe) < 2 || c.At != 0 || c.Script.Nested {
						continue
					}
					is, known := safe[c.Script]
					if !known {
						is = onWindows(c.Instruction) || pipesFail(c.Instruction, c.Script)
						safe[c.Script] = is
					}
					if is {
						continue
					}
					for _, part := range c.Pipe[:len(c.Pipe)-1] {
						if part.Name == "" || slices.Contains(neverFails, part.Name) {
							continue
						}
						f := l.ReportCommand(part, "%s may fail without failing the build", short(part.Name))
						if !slices.Contains([]string{"curl", "wget", "git", "gpg", "tar", "openssl"}, part.Name) {
							f.Severity = min(f.Severity, advisory.Negligible)
						}
						break
					}
				}
			},
			Bad: []Sample{file("FROM a:1\nRUN curl -fsS https://x.example.com/a.tgz | tar xz\n"), file("FROM a:1\nRUN echo y | ./configure | tee log\n"), file("FROM a:1\nSHELL [\"/bin/bash\", \"-c\"]\nRUN wget -O- x.example.com/a | tar x\n")},
			Good: []Sample{
				file("FROM a:1\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN curl x.example.com | tar xz\n"), file("FROM a:1\nRUN set -o pipefail && curl x.example.com | tar xz\n"),
				file("FROM a:1\nRUN echo 'ab f' | sha256sum -c\n"), file("FROM a:1\nRUN set -eo pipefail; a | b\n"), file("FROM a:1\nRUN set -euxo pipefail && a | b\n"), file("FROM a:1\nRUN a || b\n"), file("FROM a:1\nRUN yes | apt-get install x\n"),
				file("FROM a:1\nRUN bash -o pipefail -c 'curl x.example.com | tar x'\n"),
			},
		},
		{
			ID: "failure-ignored", Title: "a command may fail without failing the build", Severity: advisory.Low, Category: Shell,
			Why:    "Commands that a semicolon or a line of a heredoc parts run one after the other whatever happens: only the last one's status counts.",
			Remedy: "Join them with &&, or begin with set -e.",
			Source: "https://docs.docker.com/reference/dockerfile/#here-documents",
			Check: func(l *Lint) {
				eachScript(l, func(in *dockerfile.Instruction, s *parsedScript) {
					if s.Nested || in.Keyword != "run" || len(s.File.Stmts) < 2 {
						return
					}
					if name, at := ignoredFailure(s.File.Stmts); name != "" && !exitsOnError(in, s.Script) {
						l.At(in, s.Range(at.Pos(), at.End()), "a failure of %s is not noticed", short(name))
					}
				})
			},
			Bad: []Sample{file("FROM a:1\nRUN apt-get update; apt-get install -y x\n"), file("FROM a:1\nRUN <<EOF\ncurl -O https://x.example.com/a\nmake\nEOF\n"), file("FROM a:1\nRUN cd /x && make; rm -r /x\n")},
			Good: []Sample{
				file("FROM a:1\nRUN set -e; apt-get update; apt-get install -y x\n"), file("FROM a:1\nRUN apt-get update && apt-get install -y x\n"), file("FROM a:1\nRUN <<EOF\nset -eux\ncurl -O https://x.example.com/a\nmake\nEOF\n"),
				file("FROM a:1\nSHELL [\"/bin/bash\", \"-ec\"]\nRUN make; x\n"), file("FROM a:1\nRUN make || true; x\n"), file("FROM a:1\nRUN <<EOF\n#!/bin/sh -e\nmake\nx\nEOF\n"), file("FROM a:1\nRUN x=1; make\n"),
			},
		},
		{
			ID: "cd-unchecked", Title: "what follows runs elsewhere where cd fails", Severity: advisory.Low, Category: Shell,
			Peers:  Peers{Hadolint: []string{"SC2164"}},
			Why:    "Without && or set -e the script goes on in the directory it was in, and does there what was meant for another.",
			Remedy: "cd dir && …, or begin with set -e.",
			Source: "https://www.shellcheck.net/wiki/SC2164",
			Check: func(l *Lint) {
				eachScript(l, func(in *dockerfile.Instruction, s *parsedScript) {
					if s.Nested || len(s.lists) == 0 || exitsOnError(in, s.Script) {
						return
					}
					for _, list := range s.lists {
						for i, st := range list {
							name, args := called(st)
							if name != "cd" || len(args) == 0 || i+1 == len(list) {
								continue
							}
							f := l.At(in, s.Range(st.Pos(), st.End()), "what follows runs elsewhere where this cd fails")
							if slices.ContainsFunc(list[i+1:min(len(list), i+20)], deletesHere) {
								f.Severity = max(f.Severity, advisory.Medium)
							}
						}
					}
				})
			},
			Bad:  []Sample{file("FROM a:1\nRUN cd /x; rm -rf *\n"), file("FROM a:1\nRUN <<EOF\ncd /x\nmake\nEOF\n")},
			Good: []Sample{file("FROM a:1\nRUN cd /x && rm -rf *\n"), file("FROM a:1\nRUN set -e; cd /x; make\n"), file("FROM a:1\nRUN cd /x || exit 1; make\n"), file("FROM a:1\nRUN make; cd /x\n")},
		},
		{
			ID: "run-without-effect", Title: "a RUN does nothing that lasts", Severity: advisory.Low, Category: Shell,
			Why:    "Each RUN has a shell of its own: directory, variables, aliases and options end with it.",
			Remedy: "WORKDIR for cd, ENV for export, SHELL for set; or do it in the RUN that needs it. For a virtual environment, ENV PATH=/venv/bin:$PATH.",
			Source: "https://docs.docker.com/reference/dockerfile/#run",
			Check: func(l *Lint) {
				for _, in := range l.All("run") {
					scripts := in.Scripts()
					if len(scripts) == 0 || scripts[0].File == nil || len(scripts[0].File.Stmts) == 0 {
						continue
					}
					if name, ok := fleeting(scripts[0].File.Stmts); ok {
						l.Report(in, "%s ends with this RUN", name)
					}
				}
			},
			Bad:  []Sample{file("FROM a:1\nRUN cd /app\n"), file("FROM a:1\nRUN export A=b\n"), file("FROM a:1\nRUN . /venv/bin/activate\n"), file("FROM a:1\nRUN set -x && export A=b C=d\n"), file("FROM a:1\nRUN alias a=b\n")},
			Good: []Sample{file("FROM a:1\nRUN cd /app && make\n"), file("FROM a:1\nRUN export A=b; make\n"), file("FROM a:1\nRUN . ./build.sh\n"), file("FROM a:1\nRUN export A=$(make)\n"), file("FROM a:1\nRUN true\n")},
		},
		{
			ID: "assignment-hides-failure", Title: "an assignment hides a failure", Severity: advisory.Negligible, Category: Shell,
			Peers:  Peers{Hadolint: []string{"SC2155"}},
			Why:    "export A=$(command) succeeds whatever the command does.",
			Remedy: "Assign first, then export: A=$(command) && export A.",
			Source: "https://www.shellcheck.net/wiki/SC2155",
			Check: func(l *Lint) {
				eachScript(l, func(in *dockerfile.Instruction, s *parsedScript) {
					for _, d := range s.decls {
						for _, a := range d.Args {
							if a.Name != nil && a.Value != nil && substitutes(a.Value.Parts) {
								l.At(in, s.Range(d.Pos(), d.End()), "%s %s hides a failure of what it is set to", d.Variant.Value, short(a.Name.Value))
								break
							}
						}
					}
				})
			},
			Bad:  []Sample{file("FROM a:1\nRUN export A=$(x) && make\n"), file("FROM a:1\nRUN f() { local a=\"$(x)\"; }; f\n")},
			Good: []Sample{file("FROM a:1\nRUN A=$(x) && export A && make\n"), file("FROM a:1\nRUN export A=b\n")},
		},
		{
			ID: "and-or", Title: "a && b || c is not if, then, else", Severity: advisory.Negligible, Category: Shell,
			Peers:  Peers{Hadolint: []string{"SC2015"}},
			Why:    "c runs as well where a succeeds and b fails.",
			Remedy: "if a; then b; else c; fi",
			Source: "https://www.shellcheck.net/wiki/SC2015",
			Check: func(l *Lint) {
				eachScript(l, func(in *dockerfile.Instruction, s *parsedScript) {
					for _, or := range s.ors {
						and, ok := or.X.Cmd.(*syntax.BinaryCmd)
						if !ok || and.Op != syntax.AndStmt || !isTest(and.X) {
							continue
						}
						switch name, _ := called(or.Y); name {
						case "true", ":", "false", "exit", "return", "echo", "printf", "":
							continue
						}
						l.At(in, s.Range(or.Pos(), or.End()), "the part behind || runs also where the middle one fails")
					}
				})
			},
			Bad:  []Sample{file("FROM a:1\nRUN [ -f /x ] && make a || make b\n")},
			Good: []Sample{file("FROM a:1\nRUN [ -f /x ] && make a || true\n"), file("FROM a:1\nRUN a && b || c\n"), file("FROM a:1\nRUN if [ -f /x ]; then a; else b; fi\n")},
		},
	}
}

// neverFails are commands that don't fail in a way that matters, and those that
// fail where nothing matches.
var neverFails = []string{"echo", "printf", "yes", "cat", "true", ":", "date", "uname", "env", "id", "ls", "head", "tail", "sort", "uniq", "tr", "cut", "wc", "sed", "awk", "grep", "egrep", "fgrep", "printenv", "dpkg", "arch", "hostname", "pwd", "basename", "dirname", "tee", "rev", "seq", "whoami", "xargs", "jq", "find", "dpkg-query", "dpkg-architecture"}

// reWindows is what commands for Windows hold and others don't.
var reWindows = regexp.MustCompile(`\b(powershell|pwsh|msiexec|icacls|setx)\b|\.exe\b|\b[a-z]:\\`)

// onWindows tells commands that are for Windows, whose shell is cmd unless SHELL
// says otherwise. Many files give their base as an argument, so that it can't tell.
func onWindows(in *dockerfile.Instruction) bool {
	if in.File.Escape == '`' {
		return true
	}
	text := strings.ToLower(in.Args.String)
	for _, hint := range []string{"powershell", "pwsh", "msiexec", "icacls", "setx", ".exe", `:\`} {
		if strings.Contains(text, hint) && reWindows.MatchString(text) {
			return true
		}
	}
	if in.Stage == nil {
		return false
	}
	root := in.Stage.Root()
	image := strings.ToLower(root.Image)
	return strings.HasPrefix(root.Platform, "windows") || strings.Contains(image, "windows") || strings.Contains(image, "nanoserver") || strings.Contains(image, "servercore")
}

// called is the plain name of a simple command and its arguments.
func called(st *syntax.Stmt) (string, []*syntax.Word) {
	if st == nil {
		return "", nil
	}
	c, ok := st.Cmd.(*syntax.CallExpr)
	if !ok || len(c.Args) == 0 {
		return "", nil
	}
	return c.Args[0].Lit(), c.Args[1:]
}

// substitutes tells words that hold the output of a command.
func substitutes(parts []syntax.WordPart) bool {
	return slices.ContainsFunc(parts, func(p syntax.WordPart) bool {
		switch p := p.(type) {
		case *syntax.CmdSubst:
			return true
		case *syntax.DblQuoted:
			return substitutes(p.Parts)
		}
		return false
	})
}

func isTest(st *syntax.Stmt) bool {
	if _, ok := st.Cmd.(*syntax.TestClause); ok {
		return true
	}
	name, _ := called(st)
	return name == "[" || name == "test"
}

// exitsOnError and pipesFail tell whether a script runs under set -e and under
// set -o pipefail, by its own doing or by SHELL's.
func exitsOnError(in *dockerfile.Instruction, s *dockerfile.Script) bool {
	return hasOption(in, s, 'e', "errexit")
}

func pipesFail(in *dockerfile.Instruction, s *dockerfile.Script) bool {
	return hasOption(in, s, 0, "pipefail")
}

func hasOption(in *dockerfile.Instruction, s *dockerfile.Script, letter byte, name string) bool {
	has := func(word string) bool {
		return word == name || letter != 0 && len(word) > 1 && word[0] == '-' && word[1] != '-' && strings.IndexByte(word, letter) > 0
	}
	if slices.ContainsFunc(in.Shell()[min(1, len(in.Shell())):], has) {
		return true
	}
	if first, _, _ := strings.Cut(strings.TrimLeft(s.Text.String, "\t"), "\n"); strings.HasPrefix(first, "#!") && slices.ContainsFunc(strings.Fields(first)[1:], has) {
		return true
	}
	for _, c := range in.Commands() {
		if c.Script == s && c.Name == "set" && slices.ContainsFunc(c.Args, func(w dockerfile.Word) bool { return has(w.Text) }) {
			return true
		}
	}
	return false
}

// matters are commands whose failure a build should not outlive.
var matters = []string{
	"apt-get", "apt", "apk", "yum", "dnf", "microdnf", "zypper", "pacman", "rpm", "dpkg", "pip", "pip3", "npm", "yarn", "pnpm", "gem", "bundle", "composer", "conda", "cargo", "go", "mvn", "gradle", "dotnet",
	"curl", "wget", "git", "tar", "unzip", "make", "cmake", "gcc", "g++", "python", "python3", "node", "cp", "mv", "patch", "useradd", "adduser",
}

// ignoredFailure finds the first statement of a list, other than the last, whose
// command matters.
func ignoredFailure(list []*syntax.Stmt) (string, *syntax.Stmt) {
	for i := 0; i+1 < len(list); i++ {
		st := list[i]
		if st.Background || st.Negated {
			continue
		}
		for {
			b, ok := st.Cmd.(*syntax.BinaryCmd)
			if !ok || b.Op == syntax.OrStmt {
				break
			}
			st = b.Y
		}
		if name, _ := called(st); slices.Contains(matters, name) {
			return name, list[i]
		}
	}
	return "", nil
}

// deletesHere tells an rm -r of what is in the current directory.
func deletesHere(st *syntax.Stmt) bool {
	name, args := called(st)
	if name != "rm" {
		return false
	}
	recursive, here := false, false
	for _, a := range args {
		text := literal(a)
		switch {
		case strings.HasPrefix(text, "-"):
			recursive = recursive || strings.ContainsAny(text, "rR")
		default:
			here = here || text == "*" || text == "." || text == "./*"
		}
	}
	return recursive && here
}

// fleeting tells statements that change nothing but the shell that runs them, and
// names the first that somebody may have meant to last.
func fleeting(list []*syntax.Stmt) (string, bool) {
	named := ""
	var ends func(*syntax.Stmt) bool
	ends = func(st *syntax.Stmt) bool {
		if len(st.Redirs) > 0 || st.Background {
			return false
		}
		what := ""
		switch c := st.Cmd.(type) {
		case *syntax.BinaryCmd:
			return c.Op == syntax.AndStmt && ends(c.X) && ends(c.Y)
		case *syntax.DeclClause:
			if slices.ContainsFunc(c.Args, func(a *syntax.Assign) bool { return a.Value != nil && substitutes(a.Value.Parts) }) {
				return false
			}
			what = c.Variant.Value
		case *syntax.CallExpr:
			if len(c.Args) == 0 {
				return !slices.ContainsFunc(c.Assigns, func(a *syntax.Assign) bool { return a.Value != nil && substitutes(a.Value.Parts) })
			}
			if slices.ContainsFunc(c.Args, func(w *syntax.Word) bool { return substitutes(w.Parts) }) {
				return false
			}
			switch what = c.Args[0].Lit(); what {
			case "cd", "alias", "ulimit", "umask", "unset", "set", "shopt":
			case ".", "source":
				if len(c.Args) != 2 || !strings.HasSuffix(literal(c.Args[1]), "activate") && !strings.HasSuffix(literal(c.Args[1]), ".bashrc") && !strings.HasSuffix(literal(c.Args[1]), ".profile") {
					return false
				}
			default:
				return false
			}
		default:
			return false
		}
		if named == "" && what != "set" {
			named = what
		}
		return true
	}
	for _, st := range list {
		if !ends(st) {
			return "", false
		}
	}
	return named, named != ""
}
