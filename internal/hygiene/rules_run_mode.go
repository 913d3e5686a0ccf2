package hygiene

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// modeRules are about the modes that files are given.
func modeRules() []Rule {
	return []Rule{
		{
			ID: "world-writable", Title: "files are made writable for everybody", Severity: advisory.Medium, Category: Files,
			Why:     "Any process in the container can change the file: a small hole in one program becomes other code in the next one that starts.",
			Remedy:  "Give the file to the user who needs it (COPY --chown, chown) and keep the mode at 755 or 644; for an arbitrary UID of group 0, chmod g=u.",
			Source:  "https://docs.docker.com/reference/dockerfile/#copy---chown---chmod",
			OnImage: true,
			Check: func(l *Lint) {
				eachMode(l, func(m modeChange) {
					if m.mode.world && !(m.mode.sticky || allIn(m.paths, sharedDirectories)) {
						l.At(m.in, m.at, "%s lets everybody write%s", short(m.text), m.to())
					}
				})
			},
			Bad: []Sample{
				file("FROM a:1\nRUN chmod 777 /app\n"), file("FROM a:1\nRUN chmod -R 0777 /var/lib/x\n"), file("FROM a:1\nRUN mkdir /x && chmod -R a+rwX /x\n"),
				file("FROM a:1\nRUN chmod o+w /x\n"), file("FROM a:1\nRUN chmod 666 /etc/passwd\n"), file("FROM a:1\nRUN install -m 777 a /usr/bin/a\n"),
				{Dockerfile: "FROM a:1\nCOPY --chmod=777 a /usr/bin/a\n", DockerfileOnly: true},
				{Dockerfile: "FROM a:1\nADD --chmod=a+w a /x\n", DockerfileOnly: true},
				file("FROM a:1\nRUN find /x -type d -exec chmod 777 {} +\n"), file("FROM a:1\nRUN find /x | xargs chmod a+w\n"), file("FROM a:1\nRUN mkdir -m 0777 /data\n"),
				file("FROM a:1\nRUN chmod ugo=rwx /x\n"),
			},
			Good: []Sample{
				file("FROM a:1\nRUN chmod 755 /app && chmod +x /x && chmod +w /y\n"), file("FROM a:1\nRUN chmod 1777 /tmp\n"), file("FROM a:1\nRUN chmod 777 /tmp /var/tmp\n"),
				file("FROM a:1\nRUN chmod -R g=u /x && chmod g+w /y\n"), file("FROM a:1\nRUN chmod a+rx,o-w /x\n"), file("FROM a:1\nRUN chmod a+rwxt /x\n"),
				file("FROM a:1\nCOPY --chmod=755 a /usr/bin/a\n"), file("FROM a:1\nRUN chmod 0770 /x\n"), file("FROM a:1\nRUN echo chmod 777 /x\n"), file("FROM a:1\nRUN chmod --reference=a b\n"),
			},
		},
		{
			ID: "setuid", Title: "a program is made setuid", Severity: advisory.Medium, Category: Files,
			Peers:   Peers{Dockle: []string{"CIS-DI-0008"}},
			Why:     "Whoever runs it becomes its owner, root as a rule: each mistake in it is a way out of the user that the image runs as.",
			Remedy:  "Give the one privilege that is needed: a capability on the file (setcap cap_net_bind_service=+ep), or a port above 1023.",
			Source:  "https://man7.org/linux/man-pages/man7/capabilities.7.html",
			OnImage: true,
			Check: func(l *Lint) {
				eachMode(l, func(m modeChange) {
					// On a directory setgid hands its group on, which is no privilege.
					if m.mode.setuid || m.mode.setgid && len(m.paths) > 0 && allIn(m.paths, programDirectories) && !m.recursive {
						l.At(m.in, m.at, "%s makes %s run as its owner", short(m.text), m.what())
					}
				})
			},
			Bad: []Sample{
				file("FROM a:1\nRUN chmod u+s /bin/ping\n"), file("FROM a:1\nRUN chmod 4755 /usr/bin/x\n"), file("FROM a:1\nRUN chmod +s /usr/bin/x\n"),
				{Dockerfile: "FROM a:1\nCOPY --chmod=4755 x /usr/bin/x\n", DockerfileOnly: true},
				file("FROM a:1\nRUN install -m 6755 x /usr/bin/x\n"), file("FROM a:1\nRUN chmod g+s /usr/sbin/x\n"),
			},
			Good: []Sample{
				file("FROM a:1\nRUN chmod u-s /bin/su && chmod a-s /bin/mount\n"), file("FROM a:1\nRUN chmod 2775 /srv/shared && chmod g+s /srv/x\n"),
				file("FROM a:1\nRUN find / -perm /6000 -type f -exec chmod a-s {} +\n"), file("FROM a:1\nRUN chmod 755 /usr/bin/x\n"), file("FROM a:1\nRUN setcap cap_net_raw+ep /bin/ping\n"),
				file("FROM a:1\nRUN chmod -R 2755 /usr/local/bin/../share\n"),
			},
		},
	}
}

var (
	// sharedDirectories are everybody's by design.
	sharedDirectories  = []string{"/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/var/lock"}
	programDirectories = []string{"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/usr/libexec"}
)

// allIn tells whether every path is one of the directories or below one.
func allIn(paths, directories []string) bool {
	return len(paths) > 0 && !slices.ContainsFunc(paths, func(p string) bool {
		return !slices.ContainsFunc(directories, func(d string) bool { return p == d || strings.HasPrefix(path.Clean(p), d+"/") })
	})
}

// modeChange is one place where files are given a mode.
type modeChange struct {
	in        *dockerfile.Instruction
	at        dockerfile.Range
	text      string
	mode      mode
	paths     []string
	recursive bool
}

// what names the file for a message.
func (m modeChange) what() string {
	if len(m.paths) == 0 {
		return "a program"
	}
	return short(m.paths[0])
}

// to names it behind a verb.
func (m modeChange) to() string {
	if len(m.paths) == 0 {
		return ""
	}
	return " to " + short(m.paths[0])
}

func eachMode(l *Lint, do func(modeChange)) {
	for _, in := range l.All("copy", "add") {
		if v, ok := in.Flag("chmod"); ok && len(in.Words) > 0 {
			v, _ = in.Expand(v)
			to, _ := in.Expand(in.Words[len(in.Words)-1].String)
			do(modeChange{in: in, at: in.Range(), text: "--chmod=" + v, mode: modeOf(v), paths: []string{to}})
		}
	}
	for _, c := range l.Commands("chmod", "install", "mkdir", "find", "xargs") {
		m := modeChange{in: c.Instruction, at: c.Range()}
		words := c.Args
		switch c.Name {
		case "install", "mkdir":
			v, ok := c.FlagValue("-m", "--mode")
			if !ok {
				continue
			}
			m.text, m.mode = c.Name+" -m "+v.Text, modeOf(v.Text)
			if o := c.Operands("-m", "--mode", "-o", "-g", "--owner", "--group"); len(o) > 0 {
				m.paths = []string{o[len(o)-1].Text}
			}
			do(m)
			continue
		case "find", "xargs":
			i := slices.IndexFunc(words, func(w dockerfile.Word) bool { return path.Base(w.Text) == "chmod" })
			if i < 0 {
				continue
			}
			words = words[i+1:]
		}
		for _, w := range words {
			switch {
			case m.text == "" && strings.HasPrefix(w.Text, "-") && isFlag(w.Text):
				m.recursive = m.recursive || strings.ContainsRune(w.Text, 'R') || w.Text == "--recursive"
			case m.text == "":
				m.text, m.mode = "chmod "+w.Text, modeOf(w.Text)
			case c.Name == "chmod" && !strings.HasPrefix(w.Text, "-"):
				m.paths = append(m.paths, w.Text)
			}
		}
		if m.text != "" {
			do(m)
		}
	}
}

// isFlag tells chmod's options from modes that take something away: "-R", "-w".
func isFlag(s string) bool {
	return strings.HasPrefix(s, "--") || strings.Trim(s[1:], "Rcfv") == ""
}

// mode is what a mode turns on.
type mode struct{ world, sticky, setuid, setgid bool }

// modeOf reads an octal or symbolic mode as chmod(1) has it.
func modeOf(s string) mode {
	if n, err := strconv.ParseUint(s, 8, 16); err == nil {
		return mode{world: n&0o002 != 0, sticky: n&0o1000 != 0, setuid: n&0o4000 != 0, setgid: n&0o2000 != 0}
	}
	var m mode
	for _, clause := range strings.Split(s, ",") {
		op := strings.IndexAny(clause, "+=")
		if op < 0 || strings.Trim(clause[:op], "ugoa") != "" {
			continue
		}
		who, what := clause[:op], clause[op+1:]
		if strings.Trim(what, "rwxXst") != "" {
			continue
		}
		// Without a letter in front the umask keeps others from writing.
		others := strings.ContainsAny(who, "oa")
		m.world = m.world || others && strings.Contains(what, "w")
		m.sticky = m.sticky || strings.Contains(what, "t")
		if strings.Contains(what, "s") {
			m.setuid = m.setuid || who == "" || strings.ContainsAny(who, "ua")
			m.setgid = m.setgid || who == "" || strings.ContainsAny(who, "ga")
		}
	}
	return m
}
