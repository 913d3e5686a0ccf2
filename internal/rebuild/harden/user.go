package harden

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"plimsoll/internal/dockerfile"
)

// numericUser is the user that is made where an image has none for its program.
const numericUser = "10001"

// userOf are the users that a base brings for its programs, by official image: node's
// (https://github.com/nodejs/docker-node/blob/main/docs/BestPractices.md#non-root-user)
// and Gradle's (https://github.com/keeganwitt/docker-gradle). Distroless images with
// the tag nonroot run as 65532 by themselves.
var userOf = map[string]string{"node": "1000", "gradle": "1000"}

// nobody is the user of that name, in Debian and Alpine alike.
const nobody = "65534"

// programImages are official images of languages and distributions: what runs in
// them is the Dockerfile's own program. Services (databases, web servers) are not
// among them, since they begin as root and hand over by themselves.
var programImages = []string{
	"debian", "ubuntu", "alpine", "busybox", "fedora", "rockylinux", "almalinux", "amazonlinux", "oraclelinux", "centos", "buildpack-deps",
	"python", "pypy", "node", "golang", "ruby", "php", "rust", "perl", "openjdk", "eclipse-temurin", "amazoncorretto", "sapmachine", "ibm-semeru-runtimes",
	"maven", "gradle", "elixir", "erlang", "gcc", "haskell", "julia", "swift", "clojure", "bash",
}

// rootPrograms are programs that need root to start, or that hand over to another
// user by themselves.
var rootPrograms = []string{
	"sshd", "cron", "crond", "dockerd", "containerd", "systemd", "init", "supervisord", "nginx", "httpd", "apache2", "apachectl", "apache2ctl",
	"apache2-foreground", "httpd-foreground", "mysqld", "mysqld_safe", "mariadbd", "postgres", "service", "rc-service", "openrc", "runsvdir", "s6-svscan", "rsyslogd",
	"syslogd", "syslog-ng", "named", "dnsmasq", "openvpn", "wg-quick", "iptables", "ip", "tcpdump", "smbd", "slapd", "postfix", "vsftpd", "proftpd", "haproxy",
	"keepalived", "chown", "mount", "umount", "su", "gosu", "su-exec", "setpriv", "sudo", "useradd", "usermod", "adduser", "groupmod", "apt-get", "apt", "apk",
	"yum", "dnf", "sysctl", "modprobe", "chroot", "unshare", "nsenter", "setcap", "start-stop-daemon", "update-ca-certificates", "ldconfig", "tailscaled", "rpcbind",
	"php-fpm", "varnishd", "squid", "docker", "passwd", "chpasswd", "inetd", "xinetd", "ntpd", "chronyd", "dhcpd", "radiusd", "monit",
}

var reRootWord = regexp.MustCompile(`(?m)(?:^|[\s;&|(/])(` + strings.Join(rootPrograms, "|") + `)(?:\s|$|;)`)

// user lets the final image run as a numeric user without root's rights, and gives
// that user what the program may write.
func user(w *work) error {
	for _, f := range w.standing() {
		switch f.Rule {
		case "user-missing", "user-root":
			w.addUser(f.Rule)
			return nil
		case "user-not-numeric":
			w.numberUser(f.Rule)
			return nil
		}
	}
	return nil
}

func (w *work) addUser(rule string) {
	target := w.file.Target()
	place := w.placeOf(target)
	if target.Last("user") != nil && rule == "user-root" {
		last := target.Last("user")
		w.todo(last, rule, "this image runs as root on purpose: if the program can do without, end the stage with USER and a number")
		return
	}
	if reason := w.needsRoot(target); reason != "" {
		w.todo(place, rule, "no USER was added, since %s: end the stage with USER and a number where the program can do without root", reason)
		return
	}
	dir, ok := w.workdir(target)
	if !ok {
		w.todo(place, rule, "no USER was added, since the folder that the program works in is not known: end the stage with USER and a number, and give it what it writes")
		return
	}
	uid, making, more, ok := w.userFor(target, dir)
	if !ok {
		w.todo(place, rule, "no USER was added, since this stage makes users of its own: end it with USER and the number of one of them")
		return
	}
	account := uid + ":" + uid
	if _, _, made := w.madeUser(target); made {
		account = uid // with the group that the stage gives it
	}
	owned, edits := w.owned(target, dir, account)
	edits = append(edits, more...)
	var b strings.Builder
	b.WriteString(w.newline)
	comment := "closes " + rule + ": without root's rights"
	if making != "" || len(owned) > 0 {
		comment += "; what the program may write is its own"
	}
	b.WriteString(w.explain(comment))
	shell := w.distributionOf(target) != bare
	var commands []string
	if making != "" {
		commands = append(commands, making)
	}
	if len(owned) > 0 {
		commands = append(commands, owned...)
	}
	if len(commands) > 0 && shell {
		b.WriteString("RUN " + strings.Join(commands, " "+string(w.file.Escape)+w.newline+"    && ") + w.newline)
	}
	b.WriteString("USER " + account + w.newline)
	edits = append(edits, w.behind(place, b.String()))
	c := Change{
		Title: "run as user " + uid, Closes: []string{rule},
		Why: "who gets in through the program gets no root; volumes that exist already and belong to root have to be given to this user",
	}
	w.pending = append(w.pending, pending{edits: edits, change: &c})
}

// placeOf is the last instruction of a stage that makes up its files: what says how
// it is started follows.
func (w *work) placeOf(s *dockerfile.Stage) *dockerfile.Instruction {
	for _, in := range slices.Backward(s.Instructions) {
		switch in.Keyword {
		case "run", "copy", "add", "workdir", "shell", "env", "arg", "user", "volume", "onbuild":
			return in
		}
	}
	return s.From
}

// needsRoot says why a stage may need root; empty where nothing speaks for it.
func (w *work) needsRoot(s *dockerfile.Stage) string {
	root := s.Root()
	r := parseReference(root.Image)
	d := w.distributionOf(s)
	switch {
	case !root.Known:
		return "its base is chosen when it is built"
	case d == windows:
		return "it is a Windows image"
	case r.official() == "nginx":
		return "nginx starts as root and hands over by itself; nginxinc/nginx-unprivileged is the same without root, at port 8080"
	case root.Image != "scratch" && d != bare && !slices.Contains(programImages, r.official()) && !strings.HasPrefix(r.repository, "dotnet/"):
		return "what " + w.clean(root.Image) + " needs is not known here"
	case r.official() == "php" && (strings.Contains(r.tag, "apache") || strings.Contains(r.tag, "fpm")):
		return "its server starts as root and hands over to www-data by itself"
	}
	for _, in := range s.All() {
		if in.Keyword == "onbuild" {
			return "images that are built from it do more (ONBUILD)"
		}
	}
	cmd, entry := s.Last("cmd"), s.Last("entrypoint")
	if cmd == nil && entry == nil {
		return "nothing here says what it starts"
	}
	for _, in := range s.All() {
		if in.Keyword != "expose" {
			continue
		}
		for _, word := range in.Words {
			v, _ := in.Expand(word.String)
			port, _, _ := strings.Cut(v, "/")
			port, _, _ = strings.Cut(port, "-")
			if n, err := strconv.Atoi(port); err == nil && n < 1024 {
				return "port " + port + " may take root where the host keeps ports below 1024 for it"
			}
		}
	}
	for _, in := range []*dockerfile.Instruction{entry, cmd} {
		if in == nil {
			continue
		}
		if reason := w.startNeedsRoot(s, in); reason != "" {
			return reason
		}
	}
	return ""
}

// startNeedsRoot looks at what CMD or ENTRYPOINT starts, and at its script.
func (w *work) startNeedsRoot(s *dockerfile.Stage, in *dockerfile.Instruction) string {
	commands := in.Commands()
	if len(commands) == 0 {
		return "what it starts could not be read"
	}
	for _, c := range commands {
		for _, name := range append([]string{c.Name}, c.Through...) {
			if slices.Contains(rootPrograms, name) {
				return name + " starts as root"
			}
		}
		for i, word := range c.Words {
			if i > 1 || !isScript(word.Text) && !(i == 0 && w.copiedScript(s, word.Text)) {
				continue
			}
			content, ok := w.scriptOf(s, word.Text)
			if !ok {
				return "what " + w.clean(word.Text) + " does could not be seen"
			}
			if m := reRootWord.FindSubmatch(content); m != nil {
				return w.clean(word.Text) + " calls " + string(m[1])
			}
		}
	}
	return ""
}

// isScript tells by a word's ending.
func isScript(word string) bool {
	return strings.HasSuffix(word, ".sh") || strings.HasSuffix(word, ".bash") || strings.HasSuffix(word, "entrypoint")
}

// copiedScript tells whether a program without an ending is a script of the context.
func (w *work) copiedScript(s *dockerfile.Stage, word string) bool {
	content, ok := w.scriptOf(s, word)
	return ok && strings.HasPrefix(string(content), "#!")
}

// scriptOf is the content of a script: a heredoc of COPY, or a file of the context
// that a COPY of the stage takes.
func (w *work) scriptOf(s *dockerfile.Stage, word string) ([]byte, bool) {
	base := path.Base(word)
	for _, in := range slices.Backward(s.All()) {
		if in.Keyword != "copy" && in.Keyword != "add" {
			continue
		}
		for _, h := range in.Heredocs {
			if h.Name == base {
				return []byte(h.Text.String), true
			}
		}
	}
	// "COPY start.sh /usr/local/bin/serve" gives it another name.
	for _, in := range s.All() {
		if (in.Keyword == "copy" || in.Keyword == "add") && len(in.Words) == 2 && len(in.Froms()) == 0 && path.Base(in.Words[1].String) == base && path.Base(in.Words[0].String) != base {
			if content, ok := w.contextFile(in.Words[0].String); ok {
				return content, true
			}
		}
	}
	return w.contextFile(base)
}

// workdirs are the folders that official images work in.
var workdirs = map[string]string{"golang": "/go", "php": "/var/www/html", "gradle": "/home/gradle"}

// workdir is the folder that a stage's program works in; "" for /.
func (w *work) workdir(s *dockerfile.Stage) (string, bool) {
	dir := workdirs[parseReference(s.Root().Image).official()]
	for _, in := range s.All() {
		if in.Keyword != "workdir" {
			continue
		}
		v, known := in.Expand(in.Args.String)
		if !known {
			return "", false
		}
		if path.IsAbs(v) {
			dir = path.Clean(v)
		} else {
			dir = path.Join("/", dir, v)
		}
	}
	if dir == "/" {
		dir = ""
	}
	if dir == "/root" || strings.HasPrefix(dir, "/root/") || strings.ContainsAny(dir, " \t'\"$\\*?[];&|<>()`#~!") {
		return "", false
	}
	return dir, true
}

// systemFolders are not given to a user.
var systemFolders = []string{
	"/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/mnt", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/var",
	"/usr/bin", "/usr/sbin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/sbin", "/usr/local/lib", "/usr/share", "/usr/src", "/var/lib", "/var/log",
	"/var/run", "/var/www", "/var/cache", "/var/tmp", "/media", "/app/bin",
}
