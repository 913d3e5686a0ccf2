package account

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// line is what a history line can have brought.
type line int

const (
	// builds: COPY, ADD, or a RUN that does more than installing packages.
	builds line = iota
	// installs: a RUN whose commands only install packages and tidy up.
	installs
	// rootFS: the archive that a base begins with.
	rootFS
)

// lineOf reads a history line.
func lineOf(createdBy string) line {
	text := strings.TrimSuffix(createdBy, " # buildkit")
	text = strings.TrimPrefix(text, "/bin/sh -c #(nop) ")
	text = strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(text, "ADD file:") && strings.HasSuffix(text, " in /"),
		strings.HasPrefix(text, "ADD rootfs"), strings.HasPrefix(text, "#"), strings.Contains(text, "debuerreotype"), strings.Contains(text, "debootstrap"):
		return rootFS
	case strings.HasPrefix(text, "COPY "), strings.HasPrefix(text, "ADD "):
		return builds
	}
	text = strings.TrimPrefix(text, "RUN ")
	if rest, ok := strings.CutPrefix(text, "|"); ok {
		if _, script, found := strings.Cut(rest, " /bin/sh -c "); found {
			text = script
		}
	}
	text = strings.TrimPrefix(text, "/bin/sh -c ")
	if onlyInstalls(text) {
		return installs
	}
	return builds
}

// installers are the package managers of distributions, whose files all have
// an owner; tidies are commands that bring no executable.
var (
	installers = words("apt-get apt aptitude dpkg apk yum dnf microdnf tdnf rpm zypper pacman")
	tidies     = words(`set echo rm rmdir mkdir find xargs chmod chown touch true : cd export ldconfig groupadd useradd
		addgroup adduser usermod passwd update-ca-certificates locale-gen localedef dpkg-reconfigure apt-mark apt-cache
		sed test [ exit sleep printf truncate history sync rpmkeys update-alternatives savedAptMark if then fi`)
)

func words(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// onlyInstalls reports whether a script installs packages and does nothing else
// that could bring an executable. What can't be told is more than that.
func onlyInstalls(script string) bool {
	if len(script) > 64<<10 {
		return false
	}
	f, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), "")
	if err != nil {
		return false
	}
	installed, more := false, false
	syntax.Walk(f, func(n syntax.Node) bool {
		call, ok := n.(*syntax.CallExpr)
		if !ok || len(call.Args) == 0 {
			if r, ok := n.(*syntax.Redirect); ok && r.Op != syntax.DplOut && r.Op != syntax.DplIn {
				// A script can write a file by itself; /dev/null is none.
				more = more || r.Word == nil || r.Word.Lit() != "/dev/null"
			}
			return true
		}
		name := call.Args[0].Lit()
		name = name[strings.LastIndexByte(name, '/')+1:]
		switch {
		case installers[name]:
			installed = true
		case !tidies[name]:
			more = true
		}
		return true
	})
	return installed && !more
}
