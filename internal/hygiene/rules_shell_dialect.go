package hygiene

import (
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// dialectRules are about scripts that are read by another shell than they were
// written for.
func dialectRules() []Rule {
	return []Rule{
		{
			ID: "bashism", Title: "/bin/sh doesn't know this", Severity: advisory.Medium, Category: Shell,
			Peers: Peers{Hadolint: []string{
				"SC2039", "SC2112", "SC3001", "SC3003", "SC3005", "SC3006", "SC3009", "SC3010", "SC3011", "SC3014", "SC3020", "SC3024", "SC3030", "SC3037", "SC3040", "SC3044", "SC3046", "SC3053", "SC3057", "SC3059", "SC3060",
			}},
			Why:    "/bin/sh is dash in Debian and Ubuntu and BusyBox's ash in Alpine, not Bash: a test is never true, a file gets a wrong name, an output lands in the background, or the build fails.",
			Remedy: "SHELL [\"/bin/bash\", \"-c\"] before it, where Bash is installed; or write what POSIX has.",
			Source: "https://wiki.ubuntu.com/DashAsBinSh",
			Check: func(l *Lint) {
				if replacesShell(l) {
					return
				}
				eachScript(l, func(in *dockerfile.Instruction, s *parsedScript) {
					shell := shellOf(in, s.Script)
					if shell != "dash" && shell != "ash" {
						return
					}
					told := map[string]bool{}
					for _, n := range s.others {
						if what := bashism(n, shell); what != "" && !told[what] {
							told[what] = true
							l.At(in, s.Range(n.Pos(), n.End()), "%s is not known to %s, which is /bin/sh here", what, shell)
						}
					}
				})
			},
			Bad: []Sample{
				file("FROM debian:12\nRUN [[ -f /x ]] && make\n"), file("FROM ubuntu:24.04\nRUN source /x && make\n"), file("FROM python:3.12-slim\nRUN make &> log\n"), file("FROM debian:12\nRUN a=(1 2) && x\n"),
				file("FROM alpine:3\nRUN mkdir -p /x/{a,b}\n"), file("FROM debian:12\nRUN cat <<< x\n"), file("FROM debian:12\nRUN diff <(a) <(b)\n"), file("FROM debian:12\nRUN echo -e 'a\\nb' > /x\n"),
				file("FROM debian:12\nRUN [ \"$A\" == b ] && make\n"), file("FROM debian:12\nRUN set -o pipefail && a | b\n"), file("FROM node:22 AS x\nFROM x\nRUN echo ${A:0:3}\n"), file("FROM debian:12\nRUN function f { x; }; f\n"),
				file("FROM golang:1.24\nCMD source /x && run\n"), file("FROM debian:12\nRUN mkdir /x{1..3}\n"),
			},
			Good: []Sample{
				file("FROM debian:12\nSHELL [\"/bin/bash\", \"-c\"]\nRUN [[ -f /x ]] && source /x\n"), file("FROM debian:12\nRUN bash -c 'source /x'\n"), file("FROM debian:12\nRUN <<EOF bash\nsource /x\nEOF\n"), file("FROM fedora:40\nRUN source /x && [[ -f /y ]]\n"),
				file("FROM alpine:3\nRUN [[ -f /x ]] && source /x\n"), file("FROM debian:12\nRUN [ -f /x ] && . /x\n"), file("FROM debian:12\nRUN find /x -name '{a,b}' -exec x {} +\n"), file("FROM example.com/base:1\nRUN source /x\n"),
				file("FROM node:22-alpine\nRUN echo -e 'a\\nb'\n"), file("FROM debian:12\nRUN curl -O https://x.example.com/{a,b}\n"), file("FROM debian:12\nRUN ln -sf bash /bin/sh\nRUN source /x\n"), file("FROM debian:12\nRUN echo ${A%.*} ${B:-c}\n"),
				file("FROM debian:12\nRUN <<EOF\n#!/bin/bash\n[[ -f /x ]] && source /x\nEOF\n"),
			},
		},
		{
			ID: "echo-escapes", Title: "echo writes \\n as it stands", Severity: advisory.Low, Category: Shell,
			Peers:  Peers{Hadolint: []string{"SC2028"}},
			Why:    "Bash's echo leaves escapes alone without -e: the file gets a backslash and a letter where a new line was meant.",
			Remedy: "Use printf, or a heredoc.",
			Source: "https://www.shellcheck.net/wiki/SC2028",
			Check: func(l *Lint) {
				eachScript(l, func(in *dockerfile.Instruction, s *parsedScript) {
					if shellOf(in, s.Script) != "bash" {
						return
					}
					for _, st := range s.writing {
						name, args := called(st)
						if name != "echo" {
							continue
						}
						for _, a := range args {
							if text := a.Lit(); strings.HasPrefix(text, "-") && strings.Contains(text, "e") {
								break
							}
							if text := literal(a); a.Lit() == "" && (strings.Contains(text, `\n`) || strings.Contains(text, `\t`)) && !strings.Contains(text, `\\n`) {
								l.At(in, s.Range(st.Pos(), st.End()), "echo writes the escape, not what it stands for")
								break
							}
						}
					}
				})
			},
			Bad:  []Sample{file("FROM fedora:40\nRUN echo 'a\\nb' > /x\n"), file("FROM debian:12\nSHELL [\"/bin/bash\", \"-c\"]\nRUN echo \"a\\tb\" >> /x\n")},
			Good: []Sample{file("FROM fedora:40\nRUN echo -e 'a\\nb' > /x\n"), file("FROM debian:12\nRUN echo 'a\\nb' > /x\n"), file("FROM fedora:40\nRUN printf 'a\\nb' > /x\n"), file("FROM fedora:40\nRUN echo 'a\\nb' | x\n")},
		},
	}
}

// replacesShell tells files that make /bin/sh another shell.
func replacesShell(l *Lint) bool {
	for _, c := range l.Commands("ln", "dpkg-reconfigure", "update-alternatives") {
		if c.Name == "dpkg-reconfigure" && c.Has("dash") || slices.ContainsFunc(c.Args, func(w dockerfile.Word) bool { return w.Text == "/bin/sh" || w.Text == "/usr/bin/sh" }) {
			return true
		}
	}
	return false
}

// Bases by the shell that is their /bin/sh. Official images of languages and
// servers are built on Debian unless their tag says otherwise
// (https://github.com/docker-library/official-images).
var (
	dashBases = []string{
		"debian", "ubuntu", "buildpack-deps", "python", "node", "golang", "ruby", "php", "rust", "perl", "gcc", "openjdk", "eclipse-temurin", "maven", "gradle", "nginx", "httpd", "redis", "postgres",
		"mariadb", "mongo", "wordpress", "drupal", "tomcat", "jetty", "elixir", "erlang", "haskell", "julia", "r-base", "swift", "dart", "pypy", "rabbitmq", "haproxy",
	}
	bashBases = []string{"fedora", "centos", "rockylinux", "almalinux", "amazonlinux", "oraclelinux", "archlinux", "leap", "tumbleweed", "ubi", "ubi8", "ubi9", "ubi-minimal"}
)

// shellOf is the shell that reads a script: "dash", "ash" (BusyBox), "bash", or
// "" where it isn't known.
func shellOf(in *dockerfile.Instruction, s *dockerfile.Script) string {
	if s.Shell != "sh" {
		if s.Shell == "bash" || s.Shell == "dash" || s.Shell == "ash" {
			return s.Shell
		}
		return ""
	}
	if in.Stage == nil {
		return ""
	}
	root := in.Stage.Root()
	if !root.Known {
		return ""
	}
	b := splitReference(root.Image)
	tag := strings.ToLower(b.tag)
	name := strings.TrimPrefix(b.name, "library/")
	switch family := b.family(); {
	case strings.Contains(tag, "windows") || strings.Contains(tag, "nanoserver"):
		return ""
	case family == "alpine" && (name == "alpine" || b.registry != ""), slices.Contains(dashBases, name) && strings.Contains(tag, "alpine"):
		return "ash"
	case slices.Contains(dashBases, name):
		for _, other := range []string{"ubi", "oracle", "centos", "amazonlinux", "al2", "fedora", "rhel", "rocky"} {
			if strings.Contains(tag, other) {
				return ""
			}
		}
		return "dash"
	case slices.Contains(bashBases, family):
		return "bash"
	}
	return ""
}

// reBraces is a brace expansion.
var reBraces = regexp.MustCompile(`\{[^{}\s,]*,[^{}\s]*\}|\{[0-9]+\.\.[0-9]+\}`)

// bashism names what a node has that the shell doesn't know; "" for nothing. dash(1);
// BusyBox's ash knows what its BASH_COMPAT adds: [[, source, &>, ${a:0:1}, ${a/b/c}.
func bashism(n syntax.Node, shell string) string {
	dash := shell == "dash"
	switch n := n.(type) {
	case *syntax.CallExpr:
		return bashCall(n, dash)
	case *syntax.Assign:
		switch {
		case n.Array != nil:
			return "an array"
		case n.Append && dash:
			return "+="
		}
	case *syntax.FuncDecl:
		if n.RsrvWord && dash {
			return "function"
		}
	case *syntax.LetClause:
		if dash {
			return "let"
		}
	case *syntax.DeclClause:
		if v := n.Variant.Value; dash && (v == "declare" || v == "typeset") {
			return v
		}
	}
	if !dash {
		return ""
	}
	switch n := n.(type) {
	case *syntax.TestClause:
		return "[["
	case *syntax.ArithmCmd:
		return "(("
	case *syntax.CStyleLoop:
		return "for (("
	case *syntax.ProcSubst:
		return "<(…)"
	case *syntax.SglQuoted:
		if n.Dollar {
			return "$'…'"
		}
	case *syntax.Redirect:
		switch n.Op {
		case syntax.RdrAll, syntax.AppAll:
			return "&>"
		case syntax.WordHdoc:
			return "<<<"
		}
	case *syntax.BinaryCmd:
		if n.Op == syntax.PipeAll {
			return "|&"
		}
	case *syntax.ParamExp:
		switch {
		case n.Slice != nil:
			return "${name:offset}"
		case n.Repl != nil:
			return "${name/pattern/text}"
		case n.Excl:
			return "${!name}"
		case n.Exp != nil && (n.Exp.Op == syntax.UpperFirst || n.Exp.Op == syntax.UpperAll || n.Exp.Op == syntax.LowerFirst || n.Exp.Op == syntax.LowerAll):
			return "${name^}"
		}
	}
	return ""
}

// bashCall looks at a simple command.
func bashCall(c *syntax.CallExpr, dash bool) string {
	if len(c.Args) == 0 {
		return ""
	}
	name := c.Args[0].Lit()
	if name != "curl" { // it expands braces itself
		for _, w := range c.Args[1:] {
			for _, p := range w.Parts {
				if lit, ok := p.(*syntax.Lit); ok && reBraces.MatchString(strings.ReplaceAll(lit.Value, `\{`, "")) {
					return "{a,b}"
				}
			}
		}
	}
	if !dash {
		return ""
	}
	switch name {
	case "source", "pushd", "popd", "shopt", "disown", "dirs", "mapfile", "readarray":
		return name
	case "echo":
		if len(c.Args) > 1 && (c.Args[1].Lit() == "-e" || c.Args[1].Lit() == "-ne" || c.Args[1].Lit() == "-en") {
			return "echo -e"
		}
	case "[", "test":
		for _, w := range c.Args[1:] {
			if w.Lit() == "==" {
				return "== in [ ]"
			}
		}
	case "set":
		for i, w := range c.Args {
			if w.Lit() == "pipefail" && i > 0 {
				return "set -o pipefail"
			}
		}
	}
	return ""
}
