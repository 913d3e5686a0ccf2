package hygiene

import (
	"path"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// startRules are about what a container starts, where, and how it tells that it is
// well.
func startRules() []Rule {
	return slices.Concat(commandFormRules(), directoryRules(), devRules())
}

func commandFormRules() []Rule {
	return []Rule{
		{
			ID: "healthcheck-missing", Title: "nothing tells whether the container works", Severity: advisory.Negligible, Category: Start,
			Peers:  Peers{Hadolint: []string{"DL3057"}, Trivy: []string{"DS-0026"}, Dockle: []string{"CIS-DI-0006"}},
			Why:    "Docker takes a process that runs for one that works. Kubernetes has probes of its own and doesn't read HEALTHCHECK.",
			Remedy: "HEALTHCHECK CMD with a program that the image has, or HEALTHCHECK NONE to say that it is meant.",
			Source: "https://docs.docker.com/reference/dockerfile/#healthcheck",
			Reach:  FinalImage,
			Check: func(l *Lint) {
				t := l.File.Target()
				if t == nil || t.Last("healthcheck") != nil {
					return
				}
				if t.Root().Image == "scratch" && t.Last("cmd") == nil && t.Last("entrypoint") == nil {
					return // files for somebody else's image
				}
				l.ReportTarget("the image has no HEALTHCHECK")
			},
			Bad:  []Sample{file("FROM a:1\nCMD [\"x\"]\n"), file("FROM a:1 AS b\nHEALTHCHECK CMD x\nFROM c:1\n")},
			Good: []Sample{file("FROM a:1\nHEALTHCHECK CMD x\n"), file("FROM a:1\nHEALTHCHECK NONE\n"), file("FROM a:1 AS b\nHEALTHCHECK CMD x\nFROM b\n"), file("FROM scratch\nCOPY a /\n")},
		},
		repeated("healthcheck-repeated", "healthcheck", Peers{Hadolint: []string{"DL3012"}, Trivy: []string{"DS-0023"}, BuildKit: []string{"MultipleInstructionsDisallowed"}}),
		repeated("cmd-repeated", "cmd", Peers{Hadolint: []string{"DL4003"}, Trivy: []string{"DS-0016"}, BuildKit: []string{"MultipleInstructionsDisallowed"}}),
		repeated("entrypoint-repeated", "entrypoint", Peers{Hadolint: []string{"DL4004"}, Trivy: []string{"DS-0007"}, BuildKit: []string{"MultipleInstructionsDisallowed"}}),
		{
			ID: "shell-form-start", Title: "the program is started through a shell", Severity: advisory.Low, Category: Start,
			Peers:  Peers{Hadolint: []string{"DL3025"}, BuildKit: []string{"JSONArgsRecommended"}},
			Why:    "In shell form a shell is process 1: it doesn't hand on the signal with which docker stop asks the program to end, so that it is killed ten seconds later. The image needs a shell, too.",
			Remedy: "Write a JSON array: CMD [\"program\", \"argument\"]. Where a shell is needed, start the program with exec.",
			Source: "https://docs.docker.com/reference/build-checks/json-args-recommended/",
			Reach:  FinalImage,
			Check: func(l *Lint) {
				for _, in := range l.All("cmd", "entrypoint") {
					if in.Exec || in.Args.String == "" || in.Within != nil || len(in.Heredocs) > 0 {
						continue
					}
					cs := in.Commands()
					if len(cs) == 1 && slices.Contains(cs[0].Through, "exec") {
						continue
					}
					f := l.Report(in, "a shell is process 1 of the container")
					if e, ok := execForm(in); ok {
						f.Edits = []Edit{e}
					}
				}
			},
			Bad:  []Sample{file("FROM a:1\nCMD node server.js\n"), file("FROM a:1\nENTRYPOINT ./run.sh && x\n"), file("FROM a:1\nCMD java $JAVA_OPTS -jar x.jar\n")},
			Good: []Sample{file("FROM a:1\nCMD [\"node\", \"server.js\"]\n"), file("FROM a:1\nCMD exec java $JAVA_OPTS -jar x.jar\n"), file("FROM a:1 AS b\nCMD x\nFROM c:1\nRUN node server.js\n")},
		},
	}
}

// repeated is the rule of instructions of which only the last one counts.
func repeated(id, keyword string, peers Peers) Rule {
	name := upper(keyword)
	argument := ` ["x"]`
	if keyword == "healthcheck" {
		argument = " CMD x"
	}
	return Rule{
		ID: id, Title: "only the last " + name + " counts", Severity: advisory.Low, Category: Start, Peers: peers,
		Why:    "A stage has one " + name + "; those before the last are read and thrown away, which is hardly what was meant.",
		Remedy: "Delete all but the last.",
		Source: "https://docs.docker.com/reference/build-checks/multiple-instructions-disallowed/",
		Check: func(l *Lint) {
			last := map[*dockerfile.Stage]*dockerfile.Instruction{}
			for _, in := range l.All(keyword) {
				if in.Within != nil {
					continue
				}
				if before := last[in.Stage]; before != nil {
					f := l.Report(before, "the %s of line %d replaces this one", name, in.StartLine)
					from, to := l.File.LineStart(before.StartLine), l.File.LineStart(before.EndLine+1)
					f.Edits = []Edit{{from, to, ""}}
				}
				last[in.Stage] = in
			}
		},
		Bad:  []Sample{file("FROM a:1\n" + name + argument + "\nRUN x\n" + name + argument + "\n")},
		Good: []Sample{file("FROM a:1 AS b\n" + name + argument + "\nFROM b\n" + name + argument + "\n"), file("FROM a:1\nONBUILD " + name + argument + "\n" + name + argument + "\n")},
	}
}

// execForm writes a plain command as a JSON array; ok is false where the shell does
// more than split words.
func execForm(in *dockerfile.Instruction) (Edit, bool) {
	// With a SHELL of one's own the words may mean something else.
	if in.Shell() != nil || len(in.Words) == 0 {
		return Edit{}, false
	}
	var words []string
	for _, w := range in.Words {
		// Builtins and assignments need the shell, as does everything it expands.
		if strings.Trim(w.String, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+") != "" {
			return Edit{}, false
		}
		words = append(words, `"`+w.String+`"`)
	}
	first := in.Words[0].String
	if strings.Contains(first, "=") || slices.Contains([]string{"cd", "exec", "source", ".", "export", "eval", "set", "ulimit", "umask", "if", "for", "while", "case", "until", "command", "trap", "alias", "time", "wait", "read", ":", "type", "unset", "shift", "exit", "return"}, first) {
		return Edit{}, false
	}
	from, to := in.Args.Offsets()
	return Edit{from, to, "[" + strings.Join(words, ", ") + "]"}, true
}

func directoryRules() []Rule {
	return []Rule{
		{
			ID: "workdir-relative", Title: "WORKDIR is relative", Severity: advisory.Low, Category: Start,
			Peers:  Peers{Hadolint: []string{"DL3000"}, Trivy: []string{"DS-0009"}, BuildKit: []string{"WorkdirRelativePath"}},
			Why:    "It is taken from wherever the base image left off: a base that moves its WORKDIR moves everything that follows.",
			Remedy: "Write the path from the root: WORKDIR /app.",
			Source: "https://docs.docker.com/reference/build-checks/workdir-relative-path/",
			Check: func(l *Lint) {
				rooted := map[*dockerfile.Stage]bool{}
				for _, in := range l.All("workdir") {
					dir, known := in.Expand(in.Args.String)
					if s := in.Stage; s != nil && s.Parent != nil && rooted[s.Parent] {
						rooted[s] = true
					}
					switch {
					case isAbsolute(dir):
						rooted[in.Stage] = true
					case dir != "" && (known || !strings.HasPrefix(dir, "$")):
						f := l.Report(in, "WORKDIR %s depends on the WORKDIR before it", short(dir))
						if rooted[in.Stage] {
							f.Severity = min(f.Severity, advisory.Negligible)
						}
					}
				}
			},
			Bad:  []Sample{file("FROM a:1\nWORKDIR app\n"), file("FROM a:1\nWORKDIR /x\nWORKDIR app\n"), file("FROM a:1\nARG D=app\nWORKDIR $D\n")},
			Good: []Sample{file("FROM a:1\nWORKDIR /app\n"), file("FROM a:1\nENV D=/app\nWORKDIR $D/x\n"), file("FROM a:1\nARG D\nWORKDIR $D\n"), file("FROM a:1\nWORKDIR C:\\\\app\n"), file("FROM a:1\nWORKDIR \"/app\"\n"), file("FROM a:1\nWORKDIR c:/app\n")},
		},
		{
			ID: "workdir-system", Title: "WORKDIR is a directory of the system", Severity: advisory.Low, Category: Start,
			Peers:   Peers{Trivy: []string{"DS-0030"}},
			Why:     "What the application or a COPY writes there by a relative path mixes with the system's own files, or replaces them.",
			Remedy:  "Give the application a directory of its own: WORKDIR /app.",
			Source:  "https://refspecs.linuxfoundation.org/FHS_3.0/fhs/index.html",
			OnImage: true,
			Check: func(l *Lint) {
				for _, in := range l.All("workdir") {
					if dir, _ := in.Expand(in.Args.String); systemDirectory(dir) {
						l.Report(in, "%s belongs to the system", short(dir))
					}
				}
			},
			Bad:  []Sample{file("FROM a:1\nWORKDIR /usr/bin\n"), file("FROM a:1\nWORKDIR /etc\n"), file("FROM a:1\nWORKDIR /proc/self\n"), file("FROM a:1\nWORKDIR /lib/\n")},
			Good: []Sample{file("FROM a:1\nWORKDIR /\n"), file("FROM a:1\nWORKDIR /usr/src/app\n"), file("FROM a:1\nWORKDIR /etc/nginx\n"), file("FROM a:1\nWORKDIR /srv\n"), file("FROM a:1\nWORKDIR /devel\n")},
		},
		{
			ID: "volume-system", Title: "VOLUME is a directory of the system", Severity: advisory.Medium, Category: Start,
			Peers:  Peers{Dockle: []string{"DKL-DI-0002"}},
			Why:    "Each container gets a copy of the directory that outlives the image's updates; and whoever follows the hint mounts the host's own.",
			Remedy: "Name only the directory of the application's data.",
			Source: "https://docs.docker.com/reference/dockerfile/#volume",
			Reach:  FinalImage, OnImage: true,
			Check: func(l *Lint) {
				for _, in := range l.All("volume") {
					for _, w := range in.Words {
						dir, _ := in.Expand(w.String)
						if systemDirectory(dir) || path.Clean("/"+dir) == "/" && dir != "" {
							f := l.At(in, w.Whole(), "%s belongs to the system", short(dir))
							if strings.HasPrefix(dir, "/sys/fs/cgroup") {
								// systemd's own documentation asks for it.
								f.Severity = min(f.Severity, advisory.Low)
							}
						}
					}
				}
			},
			Bad:  []Sample{file("FROM a:1\nVOLUME /usr\n"), file("FROM a:1\nVOLUME [\"/data\", \"/etc\"]\n"), file("FROM a:1\nVOLUME /\n"), file("FROM a:1\nVOLUME /sys/fs/cgroup\n")},
			Good: []Sample{file("FROM a:1\nVOLUME /data /var/lib/x /tmp\n"), file("FROM a:1\nVOLUME /etc/x\n"), file("FROM a:1\nVOLUME [\"/usr/share/x\"]\n")},
		},
	}
}

// isAbsolute tells paths from the root, Windows' included.
func isAbsolute(dir string) bool {
	dir = strings.Trim(dir, `"'`)
	return strings.HasPrefix(dir, "/") || strings.HasPrefix(dir, `\`) || len(dir) > 2 && dir[1] == ':' && (dir[2] == '/' || dir[2] == '\\') || len(dir) == 2 && dir[1] == ':'
}

// systemDirectory tells directories that belong to the system as the Filesystem
// Hierarchy Standard has them; an application's own below /etc or /usr is none.
func systemDirectory(dir string) bool {
	if !strings.HasPrefix(dir, "/") {
		return false
	}
	dir = path.Clean(dir)
	switch dir {
	case "/etc", "/usr", "/usr/lib", "/usr/lib64", "/usr/libexec", "/usr/share", "/usr/include", "/usr/local/bin", "/usr/local/sbin", "/usr/local/lib", "/var", "/var/lib", "/lib32", "/run":
		return true
	}
	for _, below := range []string{"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/lib", "/lib64", "/boot", "/dev", "/proc", "/sys"} {
		if dir == below || strings.HasPrefix(dir, below+"/") {
			return true
		}
	}
	return false
}
