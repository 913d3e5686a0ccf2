package account

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// line is what a history line says about the files of its layer.
type line int

const (
	// builds: COPY, ADD, a RUN that does more than installing packages, or
	// another tool's name for the step (bazel build, ko build, jib, a buildpack).
	builds line = iota
	// installs: a RUN whose commands only install packages and tidy up, and
	// apko, which does nothing else.
	installs
	// rootFS: the archive that a base begins with.
	rootFS
	// byHand: a shell without a command, as docker commit leaves it.
	byHand
	// silent: there is no line, or one without words.
	silent
)

// lineOf reads a history line.
func lineOf(createdBy string) line {
	text := instruction(createdBy)
	switch {
	case text == "":
		return silent
	case strings.HasPrefix(text, "ADD file:") && strings.HasSuffix(text, " in /"), strings.HasPrefix(text, "ADD rootfs"),
		strings.HasPrefix(text, "#"), strings.Contains(text, "debuerreotype"), strings.Contains(text, "debootstrap"):
		return rootFS
	case strings.HasPrefix(text, "COPY "), strings.HasPrefix(text, "ADD "):
		return builds
	case text == "apko" || strings.HasPrefix(text, "apko "):
		return installs
	}
	script := strings.TrimPrefix(text, "RUN ")
	switch {
	case isShell(script):
		return byHand
	case onlyInstalls(script):
		return installs
	}
	return builds
}

// instruction is a history line as its author wrote it: without what BuildKit,
// the classic builder and buildah put around it (build arguments, the shell that
// ran it, the mark of a step that ran nothing).
func instruction(createdBy string) string {
	text := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(createdBy), "# buildkit"))
	if rest, ok := strings.CutPrefix(text, "/bin/sh -c #(nop)"); ok {
		return strings.TrimSpace(rest)
	}
	rest, run := strings.CutPrefix(text, "RUN ")
	rest = strings.TrimSpace(rest)
	if arguments, ok := strings.CutPrefix(rest, "|"); ok {
		// "|2 A=1 B=two words /bin/sh -c …": values are not quoted, so the shell is
		// looked for.
		run = true
		for at := range arguments {
			if arguments[at] == '/' && at > 0 && arguments[at-1] == ' ' {
				if script, ok := afterShell(arguments[at:]); ok {
					rest = script
					break
				}
			}
		}
	} else if script, ok := afterShell(rest); ok {
		rest, run = script, true
	}
	if !run {
		return text
	}
	return "RUN " + strings.TrimSpace(rest)
}

// afterShell is the script of "/bin/bash -o pipefail -ec SCRIPT".
func afterShell(command string) (script string, ok bool) {
	word, rest, _ := strings.Cut(command, " ")
	if !shells[word[strings.LastIndexByte(word, '/')+1:]] {
		return "", false
	}
	for {
		word, rest, ok = strings.Cut(strings.TrimLeft(rest, " "), " ")
		switch {
		case !ok || !strings.HasPrefix(word, "-"):
			return "", false
		case strings.HasSuffix(word, "c"):
			return rest, true
		case strings.HasSuffix(word, "o"):
			_, rest, _ = strings.Cut(strings.TrimLeft(rest, " "), " ")
		}
	}
}

// isShell reports whether a command is a shell without anything to do.
func isShell(command string) bool {
	for i, word := range strings.Fields(command) {
		if i == 0 && !shells[word[strings.LastIndexByte(word, '/')+1:]] || i > 0 && !strings.HasPrefix(word, "-") {
			return false
		}
	}
	return true
}

var shells = words("sh bash dash ash zsh ksh")

// installers are the package managers of distributions, whose files all have
// an owner; tidies are commands that bring no executable.
var (
	installers = words("apt-get apt aptitude dpkg apk yum dnf dnf5 microdnf tdnf rpm zypper pacman opkg")
	tidies     = words(`set echo rm rmdir mkdir find xargs chmod chown chgrp touch true false : cd export unset ldconfig groupadd useradd
		addgroup adduser usermod passwd update-ca-certificates update-ca-trust locale-gen localedef dpkg-reconfigure dpkg-divert dpkg-query
		dpkg-statoverride apt-mark apt-cache apt-key sed test [ exit sleep printf cat truncate history sync rpmkeys rpmdb update-alternatives
		alternatives date sort grep ls id`)
)

func words(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// maxScript bounds what is parsed of one line; a longer one does more than
// installing packages.
const maxScript = 64 << 10

// onlyInstalls reports whether a script installs packages and does nothing else
// that could bring an executable. What can't be told is more than that.
func onlyInstalls(script string) bool {
	if len(script) > maxScript {
		return false
	}
	f, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), "")
	if err != nil {
		return false
	}
	installed, more := false, false
	syntax.Walk(f, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Redirect:
			more = more || writes(n)
		case *syntax.CallExpr:
			if len(n.Args) == 0 {
				break
			}
			name := n.Args[0].Lit()
			switch name = name[strings.LastIndexByte(name, '/')+1:]; {
			case installers[name]:
				installed = true
			case !tidies[name]:
				more = true
			}
		}
		return true
	})
	return installed && !more
}

// writes reports whether a redirection can write an executable: a script can be
// written by echo, while settings of the package manager and devices are none.
func writes(r *syntax.Redirect) bool {
	switch r.Op {
	case syntax.DplOut, syntax.DplIn, syntax.RdrIn, syntax.Hdoc, syntax.DashHdoc, syntax.WordHdoc:
		return false
	}
	if r.Word == nil {
		return true
	}
	to := r.Word.Lit()
	return !strings.HasPrefix(to, "/dev/") && !strings.HasPrefix(to, "/etc/apt/") && !strings.HasPrefix(to, "/etc/apk/") && !strings.HasPrefix(to, "/etc/yum.repos.d/")
}
