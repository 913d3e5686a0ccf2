package harden

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

// owned gives the user the folders that the program may write: where it works, its
// volumes, and folders that a RUN makes for it. What COPY brings there is its own by
// --chown; commands are for the rest.
func (w *work) owned(s *dockerfile.Stage, dir, account string) (commands []string, edits []edit) {
	var plain, deep []string
	if dir != "" && !slices.Contains(systemFolders, dir) {
		if w.writesInto(s, dir) {
			deep = append(deep, dir)
		} else {
			plain = append(plain, dir)
			edits = w.chownCopies(s, dir, account)
		}
	}
	var missing []string
	for _, in := range s.All() {
		switch in.Keyword {
		case "volume":
			for _, word := range in.Words {
				if v, known := in.Expand(word.String); known && reFolder.MatchString(v) && !slices.Contains(systemFolders, path.Clean(v)) {
					missing = append(missing, path.Clean(v))
					deep = append(deep, path.Clean(v))
				}
			}
		case "run":
			for _, c := range in.Commands() {
				if c.Name != "mkdir" {
					continue
				}
				for _, o := range c.Operands("-m", "--mode") {
					if p := path.Clean(o.Text); o.Known && p != dir && reFolder.MatchString(o.Text) && !slices.Contains(systemFolders, p) && !strings.HasPrefix(p, "/usr/") && !strings.HasPrefix(p, "/etc/") {
						deep = append(deep, p)
					}
				}
			}
		}
	}
	if w.distributionOf(s) == bare {
		return nil, edits
	}
	slices.Sort(deep)
	deep = slices.Compact(deep)
	plain = slices.DeleteFunc(plain, func(p string) bool { return slices.Contains(deep, p) })
	slices.Sort(missing)
	if missing = slices.Compact(missing); len(missing) > 0 {
		commands = append(commands, "mkdir -p "+strings.Join(missing, " "))
	}
	if len(plain) > 0 {
		commands = append(commands, "chown "+account+" "+strings.Join(plain, " "))
	}
	if len(deep) > 0 {
		commands = append(commands, "chown -R "+account+" "+strings.Join(deep, " "))
	}
	return commands, edits
}

var reFolder = regexp.MustCompile(`^/[A-Za-z0-9._/-]+$`)

// tame are programs that leave nothing in the folder they run in which the program
// would have to write later.
var tame = []string{
	"apt-get", "apt", "apk", "yum", "dnf", "microdnf", "pip", "pip3", "npm", "yarn", "pnpm", "bundle", "gem", "composer", "go", "rm", "mkdir", "useradd",
	"groupadd", "adduser", "addgroup", "chmod", "chown", "set", "echo", "ln", "curl", "wget", "update-ca-certificates", "true", "apt-key", "apt-mark",
	"docker-php-ext-install", "docker-php-ext-enable", "docker-php-ext-configure", "pecl", "a2enmod", "locale-gen", "javac", "jar", "rustc", "cargo", "ls", "cd", "sed",
}

// writesInto tells whether a RUN may make files in a folder that the program writes
// later.
func (w *work) writesInto(s *dockerfile.Stage, dir string) bool {
	for _, in := range s.All() {
		if in.Keyword == "add" && len(in.Froms()) == 0 {
			return true // an archive, or a download
		}
		if in.Keyword != "run" {
			continue
		}
		commands := in.Commands()
		if len(commands) == 0 {
			return true
		}
		for _, c := range commands {
			if !slices.Contains(tame, c.Name) || c.Statement != nil && len(c.Statement.Redirs) > 0 && strings.Contains(in.Text.String, dir) {
				return true
			}
		}
	}
	return false
}

// chownCopies gives what COPY brings into a folder to the user.
func (w *work) chownCopies(s *dockerfile.Stage, dir, account string) []edit {
	var edits []edit
	at := workdirs[parseReference(s.Root().Image).official()]
	for _, in := range s.All() {
		if in.Keyword == "workdir" {
			v, _ := in.Expand(in.Args.String)
			if path.IsAbs(v) {
				at = path.Clean(v)
			} else {
				at = path.Join("/", at, v)
			}
		}
		if in.Keyword != "copy" || len(in.Words) < 2 {
			continue
		}
		if _, ok := in.Flag("chown"); ok {
			continue
		}
		to, known := in.Expand(in.Words[len(in.Words)-1].String)
		if !known {
			continue
		}
		if !path.IsAbs(to) {
			to = path.Join("/", at, to)
		}
		if to = path.Clean(to); to != dir && !strings.HasPrefix(to, dir+"/") {
			continue
		}
		from, _ := in.Args.Offsets()
		edits = append(edits, edit{From: from, To: from, New: "--chown=" + account + " "})
	}
	return edits
}
