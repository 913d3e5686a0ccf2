package hygiene

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

// debugger is one place where a debugger is started.
type debugger struct {
	in   *dockerfile.Instruction
	at   dockerfile.Range
	name string
	// open is set where it listens to others than the container itself.
	open bool
}

func debuggers(l *Lint) {
	eachDebugger(l, func(d debugger) {
		if d.open {
			l.At(d.in, d.at, "%s is open to whoever reaches the container", d.name)
		}
	})
}

// eachDebugger looks at what is started and at the options in ENV, and hands out
// each debugger of an instruction once.
func eachDebugger(l *Lint, do func(debugger)) {
	t := l.File.Target()
	if t == nil {
		return
	}
	type key struct {
		in   *dockerfile.Instruction
		name string
	}
	seen := map[key]bool{}
	once := func(in *dockerfile.Instruction, at dockerfile.Range, name string, open bool) {
		if k := (key{in, name}); name != "" && !seen[k] {
			seen[k] = true
			do(debugger{in, at, name, open})
		}
	}
	env := t.Env()
	flaskDebug := slices.ContainsFunc(env, func(v dockerfile.Variable) bool { return v.Name == "FLASK_DEBUG" && isOn(v.Value) })
	for _, v := range env {
		switch {
		case v.Name == "JPDA_ADDRESS":
			if startsJPDA(t) {
				once(v.Instruction, pairPlace(v), "Java's JDWP", everywhere(v.Value))
			}
		case strings.HasPrefix(v.Name, "LABEL"):
		default:
			name, open := optionDebugger(v.Value, v.Name == "NODE_OPTIONS")
			once(v.Instruction, pairPlace(v), name, open)
		}
	}
	seenStart := map[string]bool{}
	eachStart(l, func(s start) {
		name, open := startedDebugger(s.words, flaskDebug)
		if name != "" && !seenStart[name] {
			seenStart[name] = true
			once(s.in, s.at, name, open)
		}
	})
}

// startsJPDA tells Tomcat's way of starting with JDWP
// (https://tomcat.apache.org/tomcat-10.1-doc/: catalina.sh jpda start).
func startsJPDA(t *dockerfile.Stage) bool {
	cmd := t.Last("cmd")
	return cmd != nil && strings.Contains(cmd.Args.String, "jpda")
}

var (
	// https://docs.oracle.com/en/java/javase/21/docs/specs/jpda/conninv.html
	reJDWP = regexp.MustCompile(`(?:-agentlib:jdwp=|-Xrunjdwp:)([^\s"']*)`)
	reJMX  = regexp.MustCompile(`-Dcom\.sun\.management\.jmxremote\.authenticate=false`)
	// https://nodejs.org/api/cli.html#--inspecthostport
	reInspect = regexp.MustCompile(`(?:^|\s)--inspect(?:-brk|-wait)?(?:=(\S+))?(?:\s|$)`)
)

// optionDebugger reads options of a virtual machine, wherever they stand.
func optionDebugger(text string, node bool) (name string, open bool) {
	if m := reJDWP.FindStringSubmatch(text); m != nil {
		server, address := false, ""
		for _, option := range strings.Split(m[1], ",") {
			switch k, v, _ := strings.Cut(option, "="); k {
			case "server":
				server = v == "y"
			case "address":
				address = v
			}
		}
		if server {
			return "Java's JDWP", everywhere(address)
		}
	}
	if reJMX.MatchString(text) && strings.Contains(text, "jmxremote.port=") {
		return "JMX without a password", true
	}
	if m := reInspect.FindStringSubmatch(text); node && m != nil {
		return "Node.js's inspector", everywhere(m[1])
	}
	return "", false
}

// startedDebugger reads a command.
func startedDebugger(words []string, flaskDebug bool) (name string, open bool) {
	if len(words) == 0 {
		return "", false
	}
	text := strings.Join(words[1:], " ")
	value := func(flags ...string) string {
		for i, w := range words {
			for _, f := range flags {
				if w == f && i+1 < len(words) {
					return words[i+1]
				}
				if v, ok := strings.CutPrefix(w, f+"="); ok {
					return v
				}
			}
		}
		return ""
	}
	switch words[0] {
	case "node", "nodemon", "ts-node", "tsx":
		return optionDebugger(text, true)
	case "debugpy", "ptvsd":
		if host := value("--host"); host != "" {
			return words[0], everywhere(host)
		}
		if listen := value("--listen"); listen != "" {
			return words[0], everywhere(listen)
		}
	case "dlv":
		if slices.Contains(words, "--headless") || slices.Contains(words, "--headless=true") || value("--listen", "-l") != "" {
			listen := value("--listen", "-l")
			return "Delve", strings.HasPrefix(listen, ":") || everywhere(listen)
		}
	case "gdbserver", "lldb-server":
		for _, w := range words[1:] {
			if strings.HasPrefix(w, ":") || everywhere(w) || strings.HasPrefix(w, "*:") {
				return words[0], true
			}
		}
		return words[0], false
	case "rdbg":
		if slices.Contains(words, "--open") || slices.Contains(words, "-O") {
			return "rdbg", everywhere(value("--host"))
		}
	case "catalina.sh":
		if slices.Contains(words, "jpda") {
			return "Java's JDWP", false
		}
	case "flask":
		if slices.Contains(words, "run") && (flaskDebug && !slices.Contains(words, "--no-debug") || slices.Contains(words, "--debug")) {
			return "Flask's debug console", everywhere(value("--host", "-h"))
		}
	case "jupyter", "jupyter-lab", "jupyter-notebook", "start-notebook.sh", "start-notebook.py":
		for _, w := range words {
			key, v, ok := strings.Cut(w, "=")
			if ok && strings.HasSuffix(key, ".token") && strings.Trim(v, `"'`) == "" {
				return "Jupyter without a token", true
			}
		}
	case "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "chrome-headless-shell":
		if everywhere(value("--remote-debugging-address")) {
			return "Chrome's DevTools", true
		}
	}
	return optionDebugger(text, false)
}

// everywhere tells an address to listen at, with or without a port, that others
// than the machine itself reach.
func everywhere(address string) bool {
	address = strings.Trim(address, `"'`)
	if strings.HasPrefix(address, "*") {
		return true
	}
	host := address
	if h, _, ok := strings.Cut(strings.TrimPrefix(address, "["), "]"); ok && strings.HasPrefix(address, "[") {
		host = h
	} else if i := strings.LastIndexByte(address, ':'); i >= 0 && strings.Count(address, ":") == 1 {
		host = address[:i]
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return !ip.IsLoopback()
	}
	return false
}
