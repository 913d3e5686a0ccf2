package hygiene

import (
	"regexp"
	"strings"

	"plimsoll/internal/advisory"
)

// reachRules are about what a build or a container gets at beyond itself.
func reachRules() []Rule {
	return []Rule{
		{
			ID: "run-insecure", Title: "a RUN is given the builder's privileges", Severity: advisory.High, Category: Network,
			Why:    "--security=insecure runs the command without a sandbox: it can reach the machine that builds, and so can every package script and download in it.",
			Remedy: "Run what needs it outside the build, and leave the entitlement security.insecure off.",
			Source: "https://docs.docker.com/reference/dockerfile/#run---security",
			Reach:  Alike,
			Check: func(l *Lint) {
				for _, in := range l.All("run") {
					if v, ok := in.Flag("security"); ok && v == "insecure" {
						l.Report(in, "--security=insecure takes the sandbox off this command")
					}
				}
			},
			Bad:  []Sample{file("FROM a:1\nRUN --security=insecure mount x\n"), file("FROM a:1 AS b\nRUN --mount=type=cache,target=/c --security=insecure x\nFROM b\n")},
			Good: []Sample{file("FROM a:1\nRUN --security=sandbox x\n"), file("FROM a:1\nRUN echo --security=insecure\n")},
		},
		{
			ID: "run-network-host", Title: "a RUN uses the builder's network", Severity: advisory.Medium, Category: Network,
			Why:    "The command reaches what listens on the building machine's own addresses: databases, metadata services, the engine itself.",
			Remedy: "Leave --network out, or --network=none where nothing is fetched.",
			Source: "https://docs.docker.com/reference/dockerfile/#run---network",
			Reach:  Alike,
			Check: func(l *Lint) {
				for _, in := range l.All("run") {
					if v, ok := in.Flag("network"); ok && v == "host" {
						l.Report(in, "--network=host lets this command reach the building machine")
					}
				}
			},
			Bad:  []Sample{file("FROM a:1\nRUN --network=host curl -O https://x.example.com/a\n")},
			Good: []Sample{file("FROM a:1\nRUN --network=none make\n"), file("FROM a:1\nRUN --network=default make\n"), file("FROM a:1\nRUN docker run --network=host x\n")},
		},
		{
			ID: "engine-socket", Title: "the container engine's socket is given to the container", Severity: advisory.High, Category: Network,
			Why:    "Whoever can write to the socket starts a container with the host's file system in it: that is root on the host.",
			Remedy: "Leave it out of the image. A program that has to know the engine gets a proxy that allows only what it needs, or a rootless engine of its own.",
			Source: "https://docs.docker.com/engine/security/#docker-daemon-attack-surface",
			Reach:  Alike, OnImage: true,
			Check: func(l *Lint) {
				for _, in := range l.All("volume") {
					for _, w := range in.Words {
						if v, _ := in.Expand(w.String); isEngineSocket(v) {
							l.At(in, w.Whole(), "the volume %s is the engine's socket", short(v))
						}
					}
				}
				for _, in := range l.All("run") {
					for _, m := range in.Mounts() {
						if isEngineSocket(m["target"]) || isEngineSocket(m["source"]) {
							l.Report(in, "the engine's socket is mounted")
						}
					}
				}
			},
			Bad: []Sample{
				file("FROM a:1\nVOLUME /var/run/docker.sock\n"), file("FROM a:1\nVOLUME [\"/data\", \"/run/containerd/containerd.sock\"]\n"),
				{Dockerfile: "FROM a:1\nRUN --mount=type=bind,source=docker.sock,target=/var/run/docker.sock docker ps\n", DockerfileOnly: true},
			},
			Good: []Sample{file("FROM a:1\nVOLUME /data\n"), file("FROM a:1\nRUN --mount=type=ssh git clone git@x.example.com:r\n"), file("FROM a:1\nENV DOCKER_HOST=unix:///var/run/docker.sock\n")},
		},
		{
			ID: "engine-open", Title: "a Docker engine is used or started without TLS", Severity: advisory.High, Category: Network,
			Why:    "Whoever reaches an engine over plain TCP is root on its machine; nothing asks who they are.",
			Remedy: "Use ssh:// or a socket; or --tlsverify with certificates, at port 2376.",
			Source: "https://docs.docker.com/engine/security/protect-access/",
			Reach:  FinalImage, OnImage: true,
			Check: func(l *Lint) {
				for _, in := range l.All("cmd", "entrypoint") {
					for _, c := range in.Commands() {
						v, ok := c.FlagValue("-H", "--host")
						if (c.Name == "dockerd" || c.Name == "dockerd-entrypoint.sh") && ok && strings.HasPrefix(v.Text, "tcp://") && !strings.HasPrefix(v.Text, "tcp://127.") && !c.HasFlag("--tlsverify") {
							l.At(in, v.Range, "dockerd listens at %s without TLS", shownURL(v.Text))
						}
					}
				}
				for _, s := range settings(l) {
					if s.name == "DOCKER_TLS_CERTDIR" && (s.value == "" || s.value == `""`) && s.in.Keyword == "env" {
						l.At(s.in, s.at(), "an empty DOCKER_TLS_CERTDIR makes docker:dind listen without TLS")
					}
				}
			},
			Bad: []Sample{
				file("FROM docker:dind\nCMD [\"dockerd\", \"-H\", \"tcp://0.0.0.0:2375\"]\n"), file("FROM a:1\nENTRYPOINT dockerd --host=tcp://0.0.0.0:2375\n"),
				file("FROM docker:dind\nENV DOCKER_TLS_CERTDIR=\"\"\n"),
			},
			Good: []Sample{
				file("FROM docker:dind\nCMD [\"dockerd\", \"-H\", \"unix:///var/run/docker.sock\"]\n"), file("FROM a:1\nCMD [\"dockerd\", \"--tlsverify\", \"-H\", \"tcp://0.0.0.0:2376\"]\n"),
				file("FROM docker:dind\nENV DOCKER_TLS_CERTDIR=/certs\n"),
			},
		},
		{
			ID: "privileged-hint", Title: "the image asks to be run privileged", Severity: advisory.Low, Category: Network,
			Why:    "A privileged container is root on the host in all but name; people and tools that follow the hint give it that.",
			Remedy: "Name the capability or the device that is needed (--cap-add, --device) instead.",
			Source: "https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities",
			Reach:  FinalImage, OnImage: true,
			Check: func(l *Lint) {
				for _, in := range l.All("label") {
					for _, p := range in.Pairs() {
						if v, _ := in.Expand(p.Value); rePrivileged.MatchString(v) {
							l.At(in, p.Text.Whole(), "the label %s asks for a privileged container", short(p.Name)).Severity = advisory.Medium
						}
					}
				}
				for _, in := range l.All("run", "cmd", "entrypoint") {
					for _, c := range in.Commands() {
						if (c.Name == "docker" || c.Name == "podman" || c.Name == "nerdctl") && c.HasFlag("--privileged") {
							l.ReportCommand(c, "%s starts a privileged container", c.Name)
						}
					}
				}
				if l.Image != nil {
					return
				}
				for _, c := range l.File.Comments {
					if rePrivileged.MatchString(c.Text) {
						l.At(c.Instruction, l.File.LineRange(c.Line, c.Line), "a comment tells to run the container privileged").Severity = advisory.Negligible
					}
				}
			},
			Bad: []Sample{
				file("FROM a:1\nLABEL RUN=\"docker run -ti --privileged IMAGE\"\n"),
				{Dockerfile: "# docker run --privileged x\nFROM a:1\n", DockerfileOnly: true},
				file("FROM a:1\nCMD [\"docker\", \"run\", \"--privileged\", \"x\"]\n"),
			},
			Good: []Sample{file("FROM a:1\nLABEL RUN=\"docker run -ti IMAGE\"\n"), file("# --privileged is not needed\nFROM a:1\n"), file("FROM a:1\nLABEL summary=\"runs without --privileged\"\n")},
		},
	}
}

var rePrivileged = regexp.MustCompile(`(?i)\b(docker|podman|nerdctl)\b.{0,20}\b(run|create|exec)\b.{0,200}\s--privileged(\s|=true|"|'|$)`)

// isEngineSocket tells the sockets of Docker, containerd, CRI-O and Podman.
func isEngineSocket(p string) bool {
	for _, name := range []string{"docker.sock", "containerd.sock", "crio.sock", "podman.sock"} {
		if strings.HasSuffix(p, "/"+name) {
			return true
		}
	}
	return false
}
