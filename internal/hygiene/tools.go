package hygiene

import (
	"slices"
	"strings"
)

// ToolKind is what a program is good for, to whoever gets into a container.
type ToolKind string

const (
	// ToolShell runs commands.
	ToolShell ToolKind = "shell"
	// ToolSystemPackages and ToolLanguagePackages install software: a distribution's,
	// or that of one language.
	ToolSystemPackages   ToolKind = "system-package-manager"
	ToolLanguagePackages ToolKind = "language-package-manager"
	// ToolBuild compiles, links, or drives what does.
	ToolBuild ToolKind = "build-tool"
	// ToolNetwork listens, scans, or relays; ToolSSHServer lets in.
	ToolNetwork   ToolKind = "network-tool"
	ToolSSHServer ToolKind = "ssh-server"
)

// Tools knows programs by the names of their files.
type Tools map[string]ToolKind

// NewTools returns what is known.
func NewTools() Tools {
	t := Tools{}
	for kind, names := range map[ToolKind]string{
		ToolShell:            "sh ash bash rbash dash zsh ksh mksh lksh yash csh tcsh fish busybox toybox pwsh",
		ToolSystemPackages:   "apt apt-get aptitude dpkg apk rpm dnf microdnf yum tdnf zypper pacman opkg xbps-install emerge nix nix-env snap brew",
		ToolLanguagePackages: "pip pipx uv poetry pdm easy_install conda mamba micromamba npm npx yarn yarnpkg pnpm corepack bun gem bundle bundler composer pear pecl cargo cpan cpanm luarocks",
		ToolBuild: "gcc g++ clang clang++ tcc gfortran gnat gnatmake gdc ldc2 go rustc javac kotlinc scalac ghc ocamlc ocamlopt swiftc zig nasm yasm fpc " +
			"make gmake cmake ninja samu meson mvn gradle ant sbt bazel autoconf automake bison flex swig",
		ToolNetwork:   "nc nc.openbsd nc.traditional netcat ncat nmap socat tcpdump telnet telnet.netkit inetutils-telnet tshark hping3 masscan ettercap sqlmap hydra tcpflow ngrep",
		ToolSSHServer: "sshd dropbear tinysshd",
	} {
		for name := range strings.FieldsSeq(names) {
			t[name] = kind
		}
	}
	return t
}

// maxToolName is longer than any name with its version and without its platform.
const maxToolName = 24

// Of tells the tool that a file's name stands for: with a version behind it it is that
// of the name before (pip3.11, gcc-12), and with a platform before it that of the
// name behind (x86_64-linux-gnu-gcc-12).
func (t Tools) Of(name string) (tool string, kind ToolKind, ok bool) {
	for _, libc := range [...]string{"-gnu-", "-musl-"} {
		if i := strings.LastIndex(name, libc); i > 0 && strings.Contains(name[:i], "-linux") {
			name = name[i+len(libc):]
		}
	}
	if len(name) > maxToolName {
		return "", "", false
	}
	if kind, ok = t[name]; !ok {
		name = strings.TrimRight(name, "0123456789.-")
		kind, ok = t[name]
	}
	return name, kind, ok
}

// ToolFolder tells by its name whether programs are started from a folder; busybox is
// that of the debugging variants of distroless images. Elsewhere (in cron.daily, in
// bash-completion) a file of the same name is something else.
func ToolFolder(name string) bool { return slices.Contains([]string{"bin", "sbin", "busybox"}, name) }
