package harden

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"plimsoll/internal/dockerfile"
	"plimsoll/internal/hygiene"
)

// healthCheck adds a HEALTHCHECK where a port is known and the image has something to
// knock with: what answers is alive, whatever it speaks.
func healthCheck(w *work) error {
	s := w.file.Target()
	missing := slices.ContainsFunc(w.standing(), func(f hygiene.Finding) bool { return f.Rule == "healthcheck-missing" })
	if !missing || s.Last("healthcheck") != nil || s.Last("cmd") == nil && s.Last("entrypoint") == nil {
		return nil
	}
	port, ok := tcpPort(s)
	if !ok || waits(s) {
		return nil
	}
	check, ok := w.knock(s, port)
	if !ok {
		w.leave("HEALTHCHECK", "the image has nothing to knock at port %d with", port)
		return nil
	}
	place := s.From
	if len(s.Instructions) > 0 {
		place = w.placeOf(s)
		for _, in := range s.Instructions {
			if in.Keyword == "expose" && in.Index > place.Index {
				place = in
			}
		}
	}
	text := w.newline + w.explain(fmt.Sprintf("closes healthcheck-missing: whether port %d answers", port)) +
		"HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD " + check + w.newline
	c := Change{Title: "add a health check", Why: "an engine can tell a program that hangs from one that serves only by asking it", Closes: []string{"healthcheck-missing"}}
	w.pending = append(w.pending, pending{change: &c, edits: []edit{w.behind(place, text)}})
	return nil
}

// waits tells whether what a stage starts listens to nothing for certain.
func waits(s *dockerfile.Stage) bool {
	in := s.Last("cmd")
	if in == nil {
		return false
	}
	commands := in.Commands()
	return len(commands) == 1 && slices.Contains([]string{"sleep", "sh", "bash", "tail", "true", "cat", "echo"}, commands[0].Name)
}

// tcpPort is the first TCP port that EXPOSE names.
func tcpPort(s *dockerfile.Stage) (int, bool) {
	for _, in := range s.All() {
		if in.Keyword != "expose" {
			continue
		}
		for _, word := range in.Words {
			v, known := in.Expand(word.String)
			number, protocol, _ := strings.Cut(v, "/")
			if n, err := strconv.Atoi(number); err == nil && known && n > 0 && n < 65536 && (protocol == "" || strings.EqualFold(protocol, "tcp")) {
				return n, true
			}
		}
	}
	return 0, false
}

// knock is a command that connects to a port with what the image has for certain.
func (w *work) knock(s *dockerfile.Stage, port int) (string, bool) {
	var words []string
	r := parseReference(s.Root().Image)
	name := r.official()
	switch d := w.distributionOf(s); {
	case name == "python" || name == "pypy":
		program := map[string]string{"python": "python", "pypy": "pypy3"}[name]
		words = []string{program, "-c", fmt.Sprintf("import socket; socket.create_connection(('127.0.0.1', %d), 3).close()", port)}
	case name == "node":
		words = []string{"node", "-e", nodeKnock(port)}
	case name == "ruby":
		words = []string{"ruby", "-rsocket", "-e", fmt.Sprintf("TCPSocket.new('127.0.0.1', %d).close", port)}
	case name == "php":
		words = []string{"php", "-r", fmt.Sprintf("exit(@fsockopen('127.0.0.1', %d, $n, $m, 3) ? 0 : 1);", port)}
	case r.registry == "gcr.io" && strings.HasPrefix(r.repository, "distroless/python3"):
		words = []string{"/usr/bin/python3", "-c", fmt.Sprintf("import socket; socket.create_connection(('127.0.0.1', %d), 3).close()", port)}
	case r.registry == "gcr.io" && strings.HasPrefix(r.repository, "distroless/nodejs"):
		words = []string{"/nodejs/bin/node", "-e", nodeKnock(port)}
	case d == alpine:
		words = []string{"nc", "-z", "127.0.0.1", strconv.Itoa(port)}
	case d == debianLike && hasBash(name):
		words = []string{"bash", "-c", fmt.Sprintf("exec 3<>/dev/tcp/127.0.0.1/%d", port)}
	default:
		return "", false
	}
	return jsonArray(words)
}

// nodeKnock connects in JavaScript: to loopback, or else to the container's own name,
// which is all that Next.js's server listens at.
func nodeKnock(port int) string {
	return fmt.Sprintf("const at = h => require('net').connect(%d, h).on('connect', () => process.exit(0)); "+
		"at('127.0.0.1').on('error', () => at(require('os').hostname()).on('error', () => process.exit(1)))", port)
}

// hasBash tells whether an image of Debian or Ubuntu has bash, which is essential in
// both (https://www.debian.org/doc/debian-policy/ch-binary.html#essential-packages).
func hasBash(official string) bool { return official != "" }
