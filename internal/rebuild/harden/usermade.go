package harden

import (
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
	"plimsoll/internal/hygiene"
)

// userFor chooses the user: one that the base has, one that the stage makes, or a new
// one, with the command that makes it.
func (w *work) userFor(s *dockerfile.Stage, dir string) (uid, making string, edits []edit, ok bool) {
	if uid, add, made := w.madeUser(s); made {
		return uid, "", add, uid != ""
	}
	image := parseReference(s.Root().Image)
	if uid := userOf[image.official()]; uid != "" {
		return uid, "", nil, true
	}
	if strings.HasPrefix(image.repository, "dotnet/") {
		return "1654", "", nil, true
	}
	home := dir
	if home == "" || slices.Contains(systemFolders, home) {
		home = "/nonexistent"
	}
	switch w.distributionOf(s) {
	case bare:
		return "65532", "", nil, true
	case debianLike:
		return numericUser, "useradd --uid " + numericUser + " --user-group --no-log-init --no-create-home --home-dir " + home + " --shell /usr/sbin/nologin app", nil, true
	case alpine:
		return numericUser, "adduser -D -H -u " + numericUser + " -h " + home + " -s /sbin/nologin app", nil, true
	}
	return numericUser, "", nil, true
}

// madeUser finds the one user that the stage makes. uid is empty where there are
// several, or its number can't be told; edits give it a number where it has none.
func (w *work) madeUser(s *dockerfile.Stage) (uid string, edits []edit, made bool) {
	name, uid, edits, n := w.usersMade(s)
	switch {
	case n == 0:
		return "", nil, false
	case n > 1 || name == "":
		return "", nil, true
	}
	return uid, edits, true
}

// usersMade reads the useradd and adduser commands of a stage.
func (w *work) usersMade(s *dockerfile.Stage) (name, uid string, edits []edit, n int) {
	for _, in := range s.All() {
		if in.Keyword != "run" {
			continue
		}
		for _, c := range in.Commands() {
			if c.Name != "useradd" && c.Name != "adduser" || len(c.Words) == 0 {
				continue
			}
			n++
			operands := c.Operands("-u", "--uid", "-g", "--gid", "-G", "--groups", "-d", "--home", "--home-dir", "-s", "--shell", "-c", "--comment", "--gecos", "-h", "-k", "-b", "-e", "-f", "-K", "-p", "--ingroup", "--password")
			if len(operands) == 0 || !operands[0].Known || !reUser.MatchString(operands[0].Text) {
				return "", "", nil, 2
			}
			name = operands[0].Text
			if v, ok := c.FlagValue("-u", "--uid"); ok {
				if !v.Known || !isNumeral(v.Text) {
					return "", "", nil, 2
				}
				uid = v.Text
				continue
			}
			flag := " -u "
			if c.Name == "useradd" || c.HasFlag("--disabled-password", "--disabled-login", "--gecos", "--system", "--ingroup", "--home") {
				flag = " --uid "
			}
			if c.Words[0].Text != c.Name {
				return "", "", nil, 2
			}
			e, ok := hygiene.Insert(c.Words[0], flag+numericUser)
			if !ok {
				return "", "", nil, 2
			}
			uid, edits = numericUser, []edit{e}
		}
	}
	return name, uid, edits, n
}

var reUser = regexp.MustCompile(`^[a-z_][a-z0-9_-]*\$?$`)

// numberUser writes a user's number in place of its name, where it is known.
func (w *work) numberUser(rule string) {
	s := w.file.Target()
	in := s.Last("user")
	if in == nil || in.Stage == nil {
		return
	}
	name, group, grouped := strings.Cut(in.Args.String, ":")
	var uid string
	var edits []edit
	official := parseReference(s.Root().Image).official()
	made, number, add, n := w.usersMade(s)
	switch {
	case n == 1 && made == name:
		uid, edits = number, add
	case n > 0:
	case name == "nobody" && (w.distributionOf(s) == debianLike || w.distributionOf(s) == alpine):
		uid = nobody
	case official == "node" && name == "node", official == "gradle" && name == "gradle":
		uid = userOf[official]
	case strings.Contains(s.Root().Image, "distroless") && name == "nonroot":
		uid = "65532"
	}
	if uid == "" || grouped && group != name && !isNumeral(group) {
		w.leave("USER "+name, "its number is not known here")
		return
	}
	number = uid
	switch {
	case grouped && isNumeral(group):
		number += ":" + group
	case n == 0 && (official == "node" || official == "gradle" || name == "nonroot"):
		number += ":" + uid
	}
	from, to := in.Args.Offsets()
	edits = append(edits, edit{From: from, To: to, New: number})
	w.change(in, Change{
		Title: "name the user by number", Closes: []string{rule},
		Why: "a cluster that asks for another user than root can't tell who a name is",
	}, "closes "+rule+": this is "+w.clean(name), edits...)
}
