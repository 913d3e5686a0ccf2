package hygiene

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// networkRules are about ports, and about what a build or a container may reach.
func networkRules() []Rule {
	return slices.Concat(portRules(), reachRules())
}

func portRules() []Rule {
	return []Rule{
		{
			ID: "expose-invalid", Title: "EXPOSE names no port", Severity: advisory.Low, Category: Network,
			Peers:  Peers{Hadolint: []string{"DL3011"}, Trivy: []string{"DS-0008"}, BuildKit: []string{"ExposeInvalidFormat"}},
			Why:    "EXPOSE takes a port from 1 to 65535, or a range, with an optional /tcp or /udp. Which port of the host it gets is for docker run -p to say.",
			Remedy: "EXPOSE 8080 or EXPOSE 8080/udp.",
			Source: "https://docs.docker.com/reference/dockerfile/#expose",
			Reach:  FinalImage,
			Check: func(l *Lint) {
				eachPort(l, func(p port) {
					if p.invalid != "" {
						l.At(p.in, p.at, "%s %s", short(p.text), p.invalid)
					}
				})
			},
			Bad: []Sample{
				file("FROM a:1\nEXPOSE 80000\n"), file("FROM a:1\nEXPOSE 0\n"), file("FROM a:1\nEXPOSE 80:80\n"), file("FROM a:1\nEXPOSE http\n"), file("FROM a:1\nEXPOSE 127.0.0.1:80:80\n"),
				file("FROM a:1\nEXPOSE 80/tcpp\n"), file("FROM a:1\nEXPOSE 90-80\n"), file("FROM a:1\nARG P=70000\nEXPOSE $P\n"),
			},
			Good: []Sample{file("FROM a:1\nEXPOSE 80 443/tcp 53/udp 9000-9010 1/sctp\n"), file("FROM a:1\nARG P\nEXPOSE $P ${P}/udp\n"), file("FROM a:1\nARG P=80\nEXPOSE $P\n")},
		},
		{
			ID: "expose-protocol-casing", Title: "EXPOSE's protocol is not in lower case", Severity: advisory.Negligible, Category: Network,
			Peers:  Peers{BuildKit: []string{"ExposeProtoCasing"}},
			Why:    "Protocols are written in lower case; not every program that reads the image folds them.",
			Remedy: "Write tcp, udp or sctp.",
			Source: "https://docs.docker.com/reference/build-checks/expose-proto-casing/",
			Check: func(l *Lint) {
				for _, in := range l.All("expose") {
					for _, w := range in.Words {
						i := strings.LastIndexByte(w.String, '/')
						if i < 0 || strings.ContainsAny(w.String[i:], "${}") || strings.ToLower(w.String[i:]) == w.String[i:] {
							continue
						}
						protocol := w.Slice(i+1, len(w.String))
						f := l.At(in, w.Whole(), "%s is written %s", short(protocol.String), short(strings.ToLower(protocol.String)))
						from, to := protocol.Offsets()
						f.Edits = []Edit{{from, to, strings.ToLower(protocol.String)}}
					}
				}
			},
			Bad:  []Sample{file("FROM a:1\nEXPOSE 80/TCP\n"), file("FROM a:1\nEXPOSE 80 53/Udp\n")},
			Good: []Sample{file("FROM a:1\nEXPOSE 80/tcp 53/udp\n"), file("FROM a:1\nARG P=80/TCP\nEXPOSE $P ${P}/udp\n")},
		},
		{
			ID: "expose-ssh", Title: "the port of an SSH server is exposed", Severity: advisory.Medium, Category: Network,
			Peers:  Peers{Trivy: []string{"DS-0004"}},
			Why:    "A shell over the network is a way in beside the application, with passwords and keys that have to be kept somewhere in the image.",
			Remedy: "Leave the SSH server out; docker exec or kubectl exec opens a shell for those who may.",
			Source: "https://www.iana.org/assignments/service-names-port-numbers/service-names-port-numbers.xhtml",
			Reach:  FinalImage, OnImage: true,
			Check: func(l *Lint) {
				eachPort(l, func(p port) {
					if p.holds(22) && p.protocol != "udp" {
						l.At(p.in, p.at, "port 22 is SSH's")
					}
				})
			},
			Bad:  []Sample{file("FROM a:1\nEXPOSE 22\n"), file("FROM a:1\nEXPOSE 80 22/tcp\n"), file("FROM a:1\nARG P=22\nEXPOSE $P\n"), {Dockerfile: "FROM a:1\nEXPOSE 20-25\n", DockerfileOnly: true}},
			Good: []Sample{file("FROM a:1\nEXPOSE 2222 220\n"), file("FROM a:1 AS b\nEXPOSE 22\nFROM c:1\n"), file("FROM a:1\nEXPOSE 22/udp\n")},
		},
		{
			ID: "expose-debug-port", Title: "the port of a debugger is exposed", Severity: advisory.Medium, Category: Network,
			Why:    "Debuggers ask for no password: who reaches the port runs code in the process.",
			Remedy: "Leave the port out of the image that is shipped; debug with an image of its own, bound to 127.0.0.1 (docker run -p 127.0.0.1:5678:5678).",
			Source: "https://github.com/microsoft/debugpy/wiki/Command-Line-Reference",
			Reach:  FinalImage, OnImage: true,
			Check: func(l *Lint) { exposed(l, debugPorts) },
			Bad: []Sample{
				file("FROM a:1\nEXPOSE 5678\n"), file("FROM a:1\nEXPOSE 8080 9229/tcp\n"), file("FROM a:1\nEXPOSE 5005\n"), file("FROM a:1\nEXPOSE 2345\n"),
			},
			Good: []Sample{file("FROM a:1\nEXPOSE 8080 5432 5000 9000 6060 8000\n"), file("FROM a:1 AS debug\nEXPOSE 5678\nFROM a:1\n"), file("FROM a:1\nEXPOSE 1000-60000\n"), file("FROM a:1\nEXPOSE 5678/udp\n")},
		},
		{
			ID: "expose-admin-port", Title: "a port that administers a machine is exposed", Severity: advisory.Medium, Category: Network,
			Why:    "Behind these ports are whole machines: a Docker engine that starts any container as root, a desktop, a shell without encryption.",
			Remedy: "Leave the port out, or let only a tunnel or a proxy that authenticates reach it.",
			Source: "https://docs.docker.com/engine/security/protect-access/",
			Reach:  FinalImage, OnImage: true,
			Check: func(l *Lint) { exposed(l, adminPorts) },
			Bad: []Sample{
				file("FROM a:1\nEXPOSE 2375\n"), file("FROM a:1\nEXPOSE 3389\n"), file("FROM a:1\nEXPOSE 5900 80\n"), file("FROM a:1\nEXPOSE 23\n"),
			},
			Good: []Sample{file("FROM a:1\nEXPOSE 80 443 8443 9090 2379\n"), file("FROM a:1\nEXPOSE 53/udp\n")},
		},
	}
}

// debugPorts are the ports that debuggers' own documentation has them listen at.
// 6060 of net/http/pprof, 8000 of JPDA and 9003 of Xdebug are left out: the first
// two are as often an application's, and Xdebug connects out.
var debugPorts = map[int]string{
	5678: "debugpy",                // github.com/microsoft/debugpy/wiki/Command-Line-Reference
	9229: "Node.js's inspector",    // nodejs.org/en/learn/getting-started/debugging
	5858: "Node.js's old debugger", // nodejs.org/docs/latest-v6.x/api/debugger.html
	5005: "Java's JDWP",            // gradle's --debug-jvm, IntelliJ's default
	2345: "Delve",                  // github.com/go-delve/delve/tree/master/Documentation
	9222: "Chrome's DevTools",      // chromedevtools.github.io/devtools-protocol
}

var adminPorts = map[int]string{
	23:   "telnet",                   // RFC 854
	2375: "Docker's API without TLS", // docs.docker.com/engine/security/protect-access
	2376: "Docker's API",             // the same
	3389: "Remote Desktop",           // learn.microsoft.com/windows-server/remote
	5900: "VNC", 5901: "VNC",         // RFC 6143
	5985: "WinRM", 5986: "WinRM", // learn.microsoft.com/windows/win32/winrm
	1099:  "Java's RMI registry and JMX", // docs.oracle.com/javase/8/docs/technotes/guides/rmi
	10250: "the kubelet's API",           // kubernetes.io/docs/reference/networking/ports-and-protocols
}

// exposed reports single ports; a wide range is for whatever comes.
func exposed(l *Lint, ports map[int]string) {
	eachPort(l, func(p port) {
		const widest = 20
		if p.protocol == "udp" || p.invalid != "" || p.to-p.from > widest {
			return
		}
		for n := p.from; n <= p.to; n++ {
			if name, ok := ports[n]; ok {
				l.At(p.in, p.at, "port %d is where %s listens", n, name)
			}
		}
	})
}

// port is one word of EXPOSE.
type port struct {
	in       *dockerfile.Instruction
	at       dockerfile.Range
	text     string
	from, to int
	protocol string
	// invalid says why it is none.
	invalid string
}

func (p port) holds(n int) bool { return p.invalid == "" && p.from <= n && n <= p.to }

// eachPort reads every EXPOSE whose values are known.
func eachPort(l *Lint, do func(port)) {
	for _, in := range l.All("expose") {
		for _, w := range in.Words {
			text, known := in.Expand(w.String)
			if !known {
				continue
			}
			for _, field := range strings.Fields(text) {
				p := readPort(field)
				p.in, p.at, p.text = in, w.Whole(), field
				do(p)
			}
		}
	}
}

func readPort(s string) port {
	p := port{protocol: "tcp"}
	number, protocol, has := strings.Cut(s, "/")
	if has {
		p.protocol = strings.ToLower(protocol)
	}
	if !slices.Contains([]string{"tcp", "udp", "sctp"}, p.protocol) {
		p.invalid = fmt.Sprintf("has the protocol %q, which is none of tcp, udp and sctp", short(protocol))
		return p
	}
	if strings.Contains(number, ":") {
		p.invalid = "names an address or a port of the host, which EXPOSE can't"
		return p
	}
	first, last, ranged := strings.Cut(number, "-")
	if !ranged {
		last = first
	}
	var err error
	if p.from, err = strconv.Atoi(first); err == nil {
		p.to, err = strconv.Atoi(last)
	}
	switch {
	case err != nil:
		p.invalid = "is no port number"
	case p.from < 1 || p.to > 65535:
		p.invalid = "is not between 1 and 65535"
	case p.to < p.from:
		p.invalid = "ends before it begins"
	}
	return p
}
