package hygiene

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// leftoverRules are about what building needs and running doesn't.
func leftoverRules() []Rule {
	return []Rule{
		{
			ID: "build-tools-left", Title: "build tools stay in the image", Severity: advisory.Low, Category: Leftovers,
			Why:    "Compilers, headers and their libraries bring hundreds of files with vulnerabilities of their own, and hand an intruder the tools to build with.",
			Remedy: "Build in a stage of its own and COPY --from what it made; or remove the packages in the RUN that installs them.",
			Source: "https://docs.docker.com/build/building/multi-stage/",
			Reach:  FinalImage, OnImage: true,
			Check: func(l *Lint) { reportLeft(l, isBuildTool, "stays in the image", "stay in the image") },
			Bad: []Sample{
				file("FROM debian:12\nRUN apt-get update && apt-get install -y gcc make libpq-dev\n"), file("FROM alpine:3\nRUN apk add --no-cache build-base python3-dev\n"),
				file("FROM fedora:40\nRUN dnf install -y gcc-c++ openssl-devel\n"), file("FROM fedora:40\nRUN yum groupinstall -y 'Development Tools'\n"),
				file("FROM debian:12\nRUN apt-get install -y g++-12=12.2.0-14\n"),
			},
			Good: []Sample{
				file("FROM debian:12\nRUN apt-get install -y gcc && make && apt-get purge -y --auto-remove gcc\n"), file("FROM alpine:3\nRUN apk add --no-cache --virtual .build gcc musl-dev && make && apk del .build\n"),
				file("FROM debian:12 AS b\nRUN apt-get install -y build-essential\nFROM debian:12\nCOPY --from=b /x /x\n"), file("FROM debian:12\nRUN apt-get install -y libpq5 curl makedev\n"),
				file("FROM debian:12\nRUN saved=$(apt-mark showmanual) && apt-get install -y gcc && make && apt-mark auto '.*' && apt-mark manual $saved && apt-get purge -y --auto-remove\n"),
				file("FROM debian:12\nRUN deps='gcc make' && apt-get install -y $deps && x && apt-get purge -y $deps\n"), file("FROM debian:12\nRUN apt-get install -y gcc-12-base libgcc-s1\n"),
			},
		},
		{
			ID: "single-stage-build", Title: "the application is built in the image that is shipped", Severity: advisory.Low, Category: Leftovers,
			Why:    "The compiler, its caches and the sources ship with the program: a larger image, more vulnerabilities, and the source code for whoever pulls it.",
			Remedy: "Name this stage, begin another one FROM a slim or distroless base, and COPY --from what was built.",
			Source: "https://docs.docker.com/build/building/multi-stage/",
			Reach:  FinalImage,
			Check:  singleStage,
			Bad: []Sample{
				file("FROM golang:1.24\nCOPY . .\nRUN go build -o /app .\nCMD [\"/app\"]\n"), file("FROM maven:3\nRUN mvn package\n"), file("FROM node:22\nRUN npm ci && npm run build\nCMD [\"node\", \"dist/x.js\"]\n"),
				file("FROM rust:1\nRUN cargo build --release\n"), file("FROM mcr.microsoft.com/dotnet/sdk:8.0\nRUN dotnet publish -c Release\n"), file("FROM docker.io/library/gradle:8 AS x\nRUN ./gradlew bootJar\n"),
			},
			Good: []Sample{
				file("FROM golang:1.24 AS b\nRUN go build -o /app .\nFROM scratch\nCOPY --from=b /app /app\n"), file("FROM node:22\nRUN npm ci\nCMD [\"node\", \"x.js\"]\n"),
				file("FROM debian:12\nRUN make install\n"), file("FROM golang:1.24\nRUN go version\n"),
			},
		},
		{
			ID: "ssh-server", Title: "an SSH server is installed", Severity: advisory.Medium, Category: Leftovers,
			Why:    "It is a way in beside the application; and its host keys, made when it is installed, are the same in every container and known to whoever pulls the image.",
			Remedy: "Leave it out: docker exec or kubectl exec opens a shell. A client alone is openssh-client.",
			Source: "https://manpages.debian.org/stable/openssh-server/sshd.8.en.html",
			Reach:  FinalImage, OnImage: true,
			Check: func(l *Lint) {
				for _, p := range leftPackages(l) {
					if slices.Contains([]string{"openssh-server", "dropbear", "dropbear-bin", "dropbear-run", "tinysshd"}, p.name) {
						l.At(p.command.Instruction, p.word.Range, "%s is installed", p.name)
					}
					if p.name == "openssh" && p.command.Name == "apk" {
						l.At(p.command.Instruction, p.word.Range, "openssh brings the server as well").Severity = advisory.Low
					}
				}
				for _, c := range l.Commands("ssh-keygen", "dropbearkey") {
					if c.Name == "dropbearkey" || c.HasFlag("-A") {
						l.ReportCommand(c, "host keys are made when the image is built, so that every container has the same")
					}
				}
			},
			Bad:  []Sample{file("FROM debian:12\nRUN apt-get install -y openssh-server\n"), file("FROM alpine:3\nRUN apk add openssh\n"), file("FROM alpine:3\nRUN ssh-keygen -A\n")},
			Good: []Sample{file("FROM debian:12\nRUN apt-get install -y openssh-client\n"), file("FROM alpine:3 AS b\nRUN apk add openssh\nFROM alpine:3\n"), file("FROM alpine:3\nRUN ssh-keygen -t ed25519 -f k\n")},
		},
		{
			ID: "network-tool-left", Title: "tools of network attacks are installed", Severity: advisory.Low, Category: Leftovers,
			Why:    "Netcat, socat and nmap are what an intruder downloads first; here they are at hand, and few applications need them.",
			Remedy: "Leave them out. A health check can use the application's own client, wget or curl; waiting for another service is for the orchestrator.",
			Source: "https://attack.mitre.org/techniques/T1046/",
			Reach:  FinalImage, OnImage: true,
			Check: func(l *Lint) {
				reportLeft(l, func(name string) bool {
					return slices.Contains([]string{
						"netcat", "netcat-openbsd", "netcat-traditional", "nc", "ncat", "nmap", "nmap-ncat", "socat", "tcpdump", "telnet", "inetutils-telnet", "busybox-extras",
						"tshark", "wireshark", "hping3", "masscan", "ettercap", "sqlmap", "hydra", "tcpflow", "ngrep", "rsh-client",
					}, name)
				}, "is installed", "are installed")
			},
			Bad:  []Sample{file("FROM debian:12\nRUN apt-get install -y netcat-openbsd socat\n"), file("FROM alpine:3\nRUN apk add --no-cache nmap\n")},
			Good: []Sample{file("FROM debian:12\nRUN apt-get install -y curl iputils-ping\n"), file("FROM debian:12\nRUN apt-get install -y nmap && x && apt-get purge -y nmap\n"), file("FROM debian:12 AS b\nRUN apt-get install -y socat\nFROM debian:12\n")},
		},
		{
			ID: "package-manager-left", Title: "the package manager stays in the image", Severity: advisory.Negligible, Category: Leftovers,
			Why:    "With it an intruder who is root installs whatever is missing; and a running container that is patched by hand is no longer the image.",
			Remedy: "Copy what the application needs into a distroless or scratch stage, or remove the package manager at the end.",
			Source: "https://github.com/GoogleContainerTools/distroless",
			Reach:  FinalImage,
			Check: func(l *Lint) {
				asked := map[string]bool{}
				for _, c := range l.Commands() {
					if _, ok := packageOperation(c); !ok || asked[c.Name] || c.Instruction.Stage == nil || !c.Instruction.Stage.InFinal() {
						continue
					}
					if asked[c.Name] = true; !removesManager(l, c) {
						l.ReportCommand(c, "%s is there when the container runs", c.Name)
						return
					}
				}
			},
			Bad:  []Sample{file("FROM debian:12\nRUN apt-get install -y curl\n"), file("FROM debian:12 AS b\nRUN x\nFROM alpine:3\nRUN apk add curl\n")},
			Good: []Sample{file("FROM debian:12 AS b\nRUN apt-get install -y curl\nFROM gcr.io/distroless/static\nCOPY --from=b /x /x\n"), file("FROM alpine:3\nRUN apk add --no-cache curl && apk del apk-tools\n")},
		},
	}
}

// leftPackage is a package that is installed in the final image and not removed.
type leftPackage struct {
	command *dockerfile.Command
	word    dockerfile.Word
	name    string
}

// operation is what a package manager is told to do.
type operation struct {
	installs, removes bool
	packages          []dockerfile.Word
	// group names what a later removal may name instead of the packages (apk's
	// --virtual); sweeping removes whatever nothing else needs.
	group    string
	sweeping bool
}

// packageOperation reads a command of a system's package manager.
func packageOperation(c *dockerfile.Command) (operation, bool) {
	var o operation
	operands := c.Operands("-t", "--virtual", "--target-release", "-o", "-c", "-X", "--repository", "--repo", "--root", "-p")
	verb := ""
	if len(operands) > 0 {
		verb = operands[0].Text
		o.packages = operands[1:]
	}
	switch c.Name {
	case "apt-get", "apt", "aptitude":
		o.installs = verb == "install"
		o.removes = verb == "remove" || verb == "purge" || verb == "autoremove" || verb == "autopurge"
		o.sweeping = o.removes && (c.HasFlag("--auto-remove", "--autoremove") || strings.HasPrefix(verb, "auto")) && len(o.packages) == 0
	case "apk":
		o.installs, o.removes = verb == "add", verb == "del"
		if v, ok := c.FlagValue("-t", "--virtual"); ok {
			o.group = v.Text
		}
	case "yum", "dnf", "dnf5", "microdnf", "tdnf":
		o.installs = verb == "install" || verb == "groupinstall" || verb == "group"
		o.removes = verb == "remove" || verb == "erase" || verb == "autoremove"
	case "zypper":
		o.installs, o.removes = verb == "install" || verb == "in", verb == "remove" || verb == "rm"
	case "pacman":
		o.packages = operands
		o.installs, o.removes = c.HasFlag("-S") || hasPrefixed(c, "-S"), c.HasFlag("-R") || hasPrefixed(c, "-R")
	case "dpkg":
		o.removes = c.HasFlag("-r", "-P", "--purge", "--remove")
		o.packages = operands
	default:
		return o, false
	}
	return o, o.installs || o.removes
}

func hasPrefixed(c *dockerfile.Command, prefix string) bool {
	return slices.ContainsFunc(c.Args, func(w dockerfile.Word) bool { return strings.HasPrefix(w.Text, prefix) })
}

// packageName takes version, release and architecture off: "gcc=4:12", "curl~7",
// "zlib:arm64", "make/stable".
func packageName(s string) string {
	if i := strings.IndexAny(s, "=<>~@:/"); i > 0 {
		s = s[:i]
	}
	return strings.ToLower(s)
}

// leftPackages lists what RUNs of the final image install and none removes.
func leftPackages(l *Lint) []leftPackage {
	var (
		all  []leftPackage
		gone []bool
		// named are the places of packages by name, and by apk's virtual one.
		named = map[string][]int{}
		in    *dockerfile.Instruction
		first int
	)
	for _, c := range l.Commands() {
		if s := c.Instruction.Stage; s == nil || !s.InFinal() || c.Instruction.Within != nil {
			continue
		}
		if c.Instruction != in {
			in, first = c.Instruction, len(all)
		}
		o, ok := packageOperation(c)
		switch {
		case !ok:
		case o.installs:
			for _, w := range o.packages {
				p := leftPackage{c, w, packageName(w.Text)}
				named[p.name] = append(named[p.name], len(all))
				if o.group != "" {
					named[o.group] = append(named[o.group], len(all))
				}
				all, gone = append(all, p), append(gone, false)
			}
		default:
			for _, w := range o.packages {
				for _, name := range []string{packageName(w.Text), w.Text} {
					for _, i := range named[name] {
						gone[i] = true
					}
					delete(named, name)
				}
			}
			// What a variable names may be anything that its RUN installed.
			if o.sweeping || slices.ContainsFunc(o.packages, func(w dockerfile.Word) bool { return !w.Known }) {
				for i := first; i < len(all); i++ {
					gone[i] = true
				}
				first = len(all)
			}
		}
	}
	var left []leftPackage
	for i, p := range all {
		if !gone[i] {
			left = append(left, p)
		}
	}
	return left
}

// reportLeft reports each command once, with the packages that match.
func reportLeft(l *Lint, match func(name string) bool, one, several string) {
	var c *dockerfile.Command
	var names []string
	flush := func() {
		if len(names) > 0 {
			verb := several
			if len(names) == 1 {
				verb = one
			}
			l.ReportCommand(c, "%s %s", listed(names), verb)
		}
		names = nil
	}
	for _, p := range leftPackages(l) {
		if p.command != c {
			flush()
			c = p.command
		}
		if match(p.name) {
			names = append(names, short(p.name))
		}
	}
	flush()
}

// listed writes up to three names, and how many more there are.
func listed(names []string) string {
	const most = 3
	switch n := len(names); {
	case n > most:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most-1], ", "), n-most+1)
	case n > 1:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return names[0]
}

var (
	reBuildTool = regexp.MustCompile(`^(gcc|g\+\+|clang|golang|go|llvm|gfortran|gnat|openjdk)(-?[0-9][0-9.]*)?(-(go|jdk|jdk-headless))?$`)
	buildTools  = []string{
		"build-essential", "build-base", "make", "cmake", "ninja-build", "ninja", "samurai", "meson", "autoconf", "automake", "libtool", "bison", "flex", "gcc-c++", "patch", "dpkg-dev", "fakeroot",
		"rust", "rustc", "cargo", "maven", "gradle", "default-jdk", "default-jdk-headless", "base-devel", "development tools", "@development tools", "@development-tools", "development-tools", "devel_basis",
		"linux-headers", "linux-headers-generic", "kernel-devel", "musl-dev", "libc6-dev", "nasm", "yasm", "swig", "protobuf-compiler", "node-gyp", "abuild", "rpm-build",
	}
)

// isBuildTool tells compilers, what drives them, and headers.
func isBuildTool(name string) bool {
	if slices.Contains(buildTools, name) || strings.HasSuffix(name, "-dev") || strings.HasSuffix(name, "-devel") {
		return true
	}
	// "openjdk-17" without -jdk is no package; "openjdk17" of Alpine is the JDK.
	return reBuildTool.MatchString(name) && name != "openjdk"
}

// removesManager tells whether the final image loses the package manager again.
func removesManager(l *Lint, manager *dockerfile.Command) bool {
	gone := map[string][]string{"apk": {"apk-tools"}, "apt-get": {"apt", "dpkg"}, "apt": {"apt", "dpkg"}, "yum": {"yum"}, "dnf": {"dnf"}, "microdnf": {"microdnf"}}[manager.Name]
	for _, c := range l.Commands() {
		if s := c.Instruction.Stage; s == nil || !s.InFinal() {
			continue
		}
		o, ok := packageOperation(c)
		for _, w := range o.packages {
			if ok && o.removes && slices.Contains(gone, packageName(w.Text)) {
				return true
			}
		}
		if c.Name == "rm" {
			for _, w := range c.Args {
				if strings.HasSuffix(w.Text, "bin/"+manager.Name) {
					return true
				}
			}
		}
	}
	return false
}

// builders are images that bring a toolchain, and the commands that use it.
var builders = map[string][]string{
	"golang": {"go build", "go install", "make"}, "rust": {"cargo build", "cargo install"}, "maven": {"mvn package", "mvn install", "mvn verify"}, "gradle": {"gradle build", "gradle assemble", "gradle bootjar"},
	"sdk": {"dotnet publish", "dotnet build"}, "node": {"npm run build", "yarn build", "yarn run build", "pnpm build", "pnpm run build", "ng build"}, "gcc": {"gcc", "g++", "make", "cmake"}, "swift": {"swift build"},
	"haskell": {"stack build", "cabal build"}, "sbt": {"sbt assembly"}, "elixir": {"mix release", "mix compile"}, "eclipse-temurin": {"mvn package", "mvn install", "gradle build", "gradle bootjar"},
	"openjdk": {"mvn package", "mvn install", "gradle build", "gradle bootjar", "javac"},
}

// singleStage reports the first command of the final image that builds with the
// toolchain of its base.
func singleStage(l *Lint) {
	t := l.File.Target()
	if t == nil || len(t.Sources) > 0 {
		return
	}
	base := splitReference(t.Root().Image)
	builds := builders[base.family()]
	if base.family() == "sdk" && !strings.Contains(base.image, "dotnet") {
		return
	}
	for _, s := range t.Lineage() {
		for _, in := range s.Instructions {
			if in.Keyword != "run" {
				continue
			}
			for _, c := range in.Commands() {
				name := map[string]string{"gradlew": "gradle", "mvnw": "mvn"}[c.Name]
				if name == "" {
					name = c.Name
				}
				said := []string{name}
				for _, o := range c.Operands() {
					said = append(said, strings.ToLower(strings.TrimPrefix(o.Text, ":")))
				}
				for _, b := range builds {
					if does(said, strings.Fields(b)) {
						l.ReportCommand(c, "%s runs in the image that is shipped, with all of %s in it", b, short(base.family()))
						return
					}
				}
			}
		}
	}
}

// does tells whether a command is the named one, whatever stands between its words.
func does(said, named []string) bool {
	if said[0] != named[0] {
		return false
	}
	for _, w := range named[1:] {
		if !slices.Contains(said[1:], w) {
			return false
		}
	}
	return true
}
