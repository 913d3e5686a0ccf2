package hygiene

import (
	"regexp"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// aptFlags are those flags of apt-get(8) and apt(8) that take the next argument.
const aptFlags = "-o --option -c --config-file -t --target-release --default-release -a --host-architecture -P --build-profiles --solver --with-source"

// aptTools are the programs that install Debian's packages.
var aptTools = []string{"apt-get", "apt", "aptitude"}

// eachApt hands out every call of these programs.
func eachApt(l *Lint, do func(packageCall), tools ...string) {
	r := newCallReader(aptFlags)
	for _, c := range l.Commands(tools...) {
		do(r.read(c, 0))
	}
}

// aptOption tells whether a call sets an option of apt.conf(5) by -o, and to what.
func aptOption(c packageCall, name string) (string, bool) {
	for i, a := range c.Args {
		text := a.Text
		switch {
		case text == "-o" || text == "--option":
			if i+1 == len(c.Args) {
				return "", false
			}
			text = c.Args[i+1].Text
		case strings.HasPrefix(text, "--option="):
			text = strings.TrimPrefix(text, "--option=")
		case strings.HasPrefix(text, "-o"):
			text = text[2:]
		default:
			continue
		}
		if k, v, ok := strings.Cut(text, "="); ok && strings.EqualFold(strings.TrimPrefix(k, "="), name) {
			return strings.ToLower(strings.Trim(v, `"' `)), true
		}
	}
	return "", false
}

// Lines of apt.conf(5), or the same as an option on the command line.
var (
	noRecommendsSet = regexp.MustCompile(`(?i)APT::Install-Recommends[\s"'\\=]+(false|0|no|off)\b`)
	assumeYesSet    = regexp.MustCompile(`(?i)APT::Get::Assume-Yes[\s"'\\=]+(true|1|yes|on)\b`)
)

// aptConfigured tells for an instruction whether it or one before it wrote this to
// apt's configuration.
func aptConfigured(l *Lint, line *regexp.Regexp) func(*dockerfile.Instruction) bool {
	return since(l, func(in *dockerfile.Instruction) bool {
		return (in.Keyword == "run" || in.Keyword == "copy") && says(in, "apt.conf") && matches(in, line)
	})
}

// dryRun tells whether a call changes nothing.
func dryRun(c packageCall) bool {
	return c.HasFlag("-s", "--simulate", "--dry-run", "--just-print", "--no-act", "--recon", "--print-uris", "--help")
}

// aptRules are about apt-get and its kin.
func aptRules() []Rule {
	return []Rule{aptNoRecommends(), aptAssumeYes(), aptUnpinned(), aptLists(), aptForScripts()}
}

func aptNoRecommends() Rule {
	return Rule{
		ID: "apt-no-recommends", Title: "recommended packages are installed as well", Severity: advisory.Low, Category: Packages,
		Peers:   Peers{Hadolint: []string{"DL3015"}, Trivy: []string{"DS-0029"}},
		Why:     "apt-get installs what a package recommends unless told not to: software nobody asked for, which has to be scanned, patched and explained.",
		Remedy:  "Add --no-install-recommends, and name what is really needed.",
		Source:  "https://manpages.debian.org/stable/apt/apt-get.8.en.html",
		OnImage: true,
		Check: func(l *Lint) {
			configured := aptConfigured(l, noRecommendsSet)
			eachApt(l, func(c packageCall) {
				if !c.is("install") || len(c.operands) == 0 || c.open || dryRun(c) || configured(c.Instruction) {
					return
				}
				if v, ok := aptOption(c, "APT::Install-Recommends"); ok && (v == "0" || v == "false" || v == "no" || v == "off") {
					return
				}
				if c.HasFlag("--no-install-recommends", "--without-recommends") || c.Name == "aptitude" && c.HasFlag("-R") {
					return
				}
				f := l.ReportCommand(c.Command, "%s %s installed with everything recommended beside", names(c.operands), isOrAre(c.operands))
				if c.Name != "aptitude" {
					f.Edits = c.behindVerb("--no-install-recommends")
				}
			}, aptTools...)
		},
		Bad: []Sample{
			file("FROM debian:12\nRUN apt-get update && apt-get install -y curl\n"),
			file("FROM debian:12\nRUN apt-get update && apt-get -y install curl git\n"),
			file("FROM debian:12\nRUN <<EOF\napt-get update\napt-get install -y curl\nEOF\n"),
			file("FROM debian:12\nRUN apt-get install -y -o APT::Install-Recommends=true curl\n"),
			file("FROM debian:12\nRUN pkgs='curl git'; apt-get install -y $pkgs\n"),
			file("FROM debian:12\nRUN sudo DEBIAN_FRONTEND=noninteractive apt install -y curl\n"),
		},
		Good: []Sample{
			file("FROM debian:12\nRUN apt-get install -y --no-install-recommends curl\n"),
			file("FROM debian:12\nRUN apt-get --no-install-recommends -y install curl\n"),
			file("FROM debian:12\nENV O=\"-y --no-install-recommends\"\nRUN apt-get install $O curl\n"),
			file("FROM debian:12\nRUN opts='-y --no-install-recommends'; apt-get install $opts curl\n"),
			file("FROM debian:12\nARG APT_OPTS\nRUN apt-get install -y ${APT_OPTS} curl\n"),
			file("FROM debian:12\nRUN apt-get install -y -o APT::Install-Recommends=0 curl\n"),
			file("FROM debian:12\nRUN echo 'APT::Install-Recommends \"false\";' > /etc/apt/apt.conf.d/99lean\nRUN apt-get install -y curl\n"),
			file("FROM debian:12\nRUN apt-get install -y -f\n"),
			file("FROM debian:12\nRUN apt-get -s install curl && echo apt-get install curl\n"),
			file("FROM debian:12\nRUN aptitude install -y -R curl\n"),
		},
	}
}

func aptAssumeYes() Rule {
	return Rule{
		ID: "apt-assume-yes", Title: "apt-get asks, and nobody answers", Severity: advisory.Low, Category: Packages,
		Peers:  Peers{Hadolint: []string{"DL3014"}, Trivy: []string{"DS-0021"}},
		Why:    "A build has no terminal: where apt-get wants a confirmation it gets none and gives up, today or on the day one more dependency comes along.",
		Remedy: "Add -y.",
		Source: "https://manpages.debian.org/stable/apt/apt-get.8.en.html",
		Check: func(l *Lint) {
			configured := aptConfigured(l, assumeYesSet)
			eachApt(l, func(c packageCall) {
				asks := c.is("install", "upgrade", "dist-upgrade", "full-upgrade", "safe-upgrade", "build-dep", "remove", "purge", "autoremove", "reinstall")
				if !asks || c.open || dryRun(c) || agrees(c.Command) || configured(c.Instruction) {
					return
				}
				if v, ok := aptOption(c, "APT::Get::Assume-Yes"); ok && (v == "1" || v == "true" || v == "yes") {
					return
				}
				if c.HasFlag("-y", "--yes", "--assume-yes", "--force-yes", "-qq") || quietTwice(c) {
					return
				}
				f := l.ReportCommand(c.Command, "%s %s has no -y", c.Name, c.sub)
				f.Edits = c.behindVerb("-y")
			}, aptTools...)
		},
		Bad: []Sample{
			file("FROM debian:12\nRUN apt-get install curl\n"),
			file("FROM debian:12\nRUN apt-get -q install --no-install-recommends curl\n"),
			file("FROM debian:12\nRUN apt-get update && apt-get upgrade\n"),
			file("FROM debian:12\nRUN apt-get install -y curl && apt-get purge curl\n"),
			file("FROM debian:12\nRUN [\"apt-get\", \"install\", \"curl\"]\n"),
		},
		Good: []Sample{
			file("FROM debian:12\nRUN apt-get install -y curl\n"),
			file("FROM debian:12\nRUN apt-get -qy install curl && apt-get install -yqq git\n"),
			file("FROM debian:12\nRUN apt-get -qq install curl && apt-get install -q -q git && apt-get -q=2 install jq\n"),
			file("FROM debian:12\nRUN yes | apt-get install curl\n"),
			file("FROM debian:12\nRUN apt-get install --assume-yes curl && apt-get --yes install git\n"),
			file("FROM debian:12\nRUN apt-get -o APT::Get::Assume-Yes=true install curl\n"),
			file("FROM debian:12\nRUN echo 'APT::Get::Assume-Yes \"true\";' >> /etc/apt/apt.conf.d/90yes && apt-get install curl\n"),
			file("FROM debian:12\nRUN apt-get update && apt-get clean && apt-cache policy curl\n"),
		},
	}
}

// quietTwice tells whether a call is quiet twice over, which implies -y.
func quietTwice(c packageCall) bool {
	n := 0
	for _, a := range c.Args {
		switch text := a.Text; {
		case text == "-q=2" || text == "--quiet=2":
			return true
		case text == "--quiet":
			n++
		case len(text) > 1 && text[0] == '-' && text[1] != '-' && strings.Trim(text[1:], "qymdfuVb") == "":
			n += strings.Count(text, "q")
		}
	}
	return n > 1
}

func aptUnpinned() Rule {
	return Rule{
		ID: "apt-unpinned", Title: "apt packages without a version", Severity: advisory.Negligible, Category: Packages,
		Peers:   Peers{Hadolint: []string{"DL3008"}},
		Why:     "Two builds of the same file install different versions, and only the image tells which. A distribution's release takes fixes in alone, so this is about reproducing a build more than about safety.",
		Remedy:  "Build from a snapshot of the archive (snapshot.debian.org, snapshot.ubuntu.com), or write package=version and keep it up to date.",
		Source:  "https://snapshot.debian.org/",
		OnImage: true,
		Check: func(l *Lint) {
			snapshot := since(l, func(in *dockerfile.Instruction) bool {
				return says(in, "snapshot.debian.org") || says(in, "snapshot.ubuntu.com")
			})
			eachApt(l, func(c packageCall) {
				if !c.is("install", "reinstall") || dryRun(c) || snapshot(c.Instruction) {
					return
				}
				var loose []dockerfile.Word
				for _, w := range c.operands {
					if w.Known && w.Text != "" && !strings.ContainsAny(w.Text, "=/*") && !strings.HasSuffix(w.Text, ".deb") && !strings.HasSuffix(w.Text, "-") {
						loose = append(loose, w)
					}
				}
				if len(loose) > 0 {
					l.ReportCommand(c.Command, "%s %s installed at whatever version the archive has", names(loose), isOrAre(loose))
				}
			}, aptTools...)
		},
		Bad: []Sample{
			file("FROM debian:12\nRUN apt-get install -y curl\n"),
			file("FROM debian:12\nRUN apt-get install -y curl=7.88.1-10 git\n"),
			file("FROM debian:12\nENV PKGS=\"curl git\"\nRUN apt-get install -y $PKGS\n"),
		},
		Good: []Sample{
			file("FROM debian:12\nRUN apt-get install -y curl=7.88.1-10+deb12u5\n"),
			file("FROM debian:12\nARG CURL\nRUN apt-get install -y \"curl=${CURL}\"\n"),
			file("FROM debian:12\nRUN apt-get install -y ./tool.deb /tmp/*.deb\n"),
			file("FROM debian:12\nRUN apt-get install -y -t bookworm-backports $(cat packages.txt)\n"),
			file("FROM debian:12\nRUN echo 'deb https://snapshot.debian.org/archive/debian/20260101T000000Z bookworm main' > /etc/apt/sources.list && apt-get install -y curl\n"),
		},
	}
}

// aptListDir is where apt keeps the lists of packages.
const aptListDir = "/var/lib/apt/lists"

func aptLists() Rule {
	return Rule{
		ID: "apt-lists", Title: "apt's lists of packages stay in the layer", Severity: advisory.Low, Category: Packages,
		Peers:  Peers{Hadolint: []string{"DL3009"}, Dockle: []string{"DKL-DI-0005"}},
		Why:    "The lists are tens of megabytes that go stale at once. What a later RUN removes is still in the layer, and apt-get clean removes the archives alone.",
		Remedy: "End the RUN with rm -rf /var/lib/apt/lists/*, or mount a cache over /var/lib/apt.",
		Source: "https://docs.docker.com/build/building/best-practices/#apt-get",
		Reach:  FinalImage, OnImage: true,
		Check: func(l *Lint) {
			needed := listsNeeded(l)
			r := newCallReader(aptFlags)
			apt := func(c *dockerfile.Command) (packageCall, bool) {
				if c.Name != "apt-get" && c.Name != "apt" && c.Name != "aptitude" {
					return packageCall{}, false
				}
				return r.read(c, 0), true
			}
			lists := cache{
				fills: func(c *dockerfile.Command) bool {
					call, ok := apt(c)
					if !ok || !call.is("update") || call.HasFlag("--print-uris") {
						return false
					}
					_, moved := aptOption(call, "Dir::State::lists")
					return !moved
				},
				cleans: func(c *dockerfile.Command) bool {
					call, ok := apt(c)
					return ok && call.is("distclean", "dist-clean")
				},
				dirs: []string{aptListDir}, word: "lists",
			}
			lists.kept(l, func(_, last *dockerfile.Command) {
				f := l.ReportCommand(last, "the lists that %s update fetches are not removed in the same RUN", last.Name)
				unsureOnImage(l, f)
				if !needed(last.Instruction) {
					f.Edits = appended(last.Instruction, sudo(last)+"rm -rf "+aptListDir+"/*")
				}
			})
		},
		Bad: []Sample{
			file("FROM debian:12\nRUN apt-get update && apt-get install -y curl\n"),
			file("FROM debian:12\nRUN apt-get update && apt-get install -y curl && apt-get clean\n"),
			file("FROM debian:12\nRUN apt-get update && apt-get install -y curl\nRUN rm -rf /var/lib/apt/lists/*\n"),
			file("FROM debian:12\nRUN rm -rf /var/lib/apt/lists/* && apt-get update && apt-get install -y curl\n"),
			file("FROM debian:12\nRUN --mount=type=cache,target=/var/cache/apt apt-get update && apt-get install -y curl\n"),
			file("FROM debian:12\nRUN apt-get update && apt-get install -y curl && rm -rf /var/cache/apt/*\n"),
			file("FROM debian:12 AS base\nRUN apt update\nFROM base\nCMD [\"true\"]\n"),
		},
		Good: []Sample{
			file("FROM debian:12\nRUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n"),
			file("FROM debian:12\nRUN apt-get update; apt-get install -y curl; apt-get clean; rm -fr /var/lib/apt/lists\n"),
			file("FROM debian:12\nRUN apt-get update && apt-get install -y curl && rm -rf /tmp/* /var/{cache/apt,lib/apt/lists}/*\n"),
			file("FROM debian:12\nENV L=/var/lib/apt/lists\nRUN apt-get update && apt-get install -y curl && rm -r ${L:?}/* && rm -r $L/*\n"),
			file("FROM debian:12\nRUN d=/var/lib/apt/lists; apt-get update && apt-get install -y curl && rm -rf \"$d\"\n"),
			file("FROM debian:12\nRUN <<EOF\nset -e\napt-get update\napt-get install -y curl\nrm -rf /var/lib/apt/lists/*\nEOF\n"),
			file("FROM debian:12\nRUN apt-get update && apt-get install -y curl && find /var/lib/apt/lists -mindepth 1 -delete\n"),
			file("FROM debian:12\nRUN trap 'rm -rf /var/lib/apt/lists/*' EXIT; apt-get update && apt-get install -y curl\n"),
			file("FROM debian:12\nRUN clean() { rm -rf /var/lib/apt/lists/*; }; apt-get update && apt-get install -y curl && clean\n"),
			{Dockerfile: "FROM debian:12\nRUN --mount=type=cache,target=/var/lib/apt,sharing=locked apt-get update && apt-get install -y curl\n", DockerfileOnly: true},
			{Dockerfile: "FROM debian:12\nRUN --mount=type=tmpfs,target=/var/lib/apt/lists apt-get update && apt-get install -y curl\n", DockerfileOnly: true},
			file("FROM debian:12 AS build\nRUN apt-get update && apt-get install -y gcc\nFROM scratch\nCOPY --from=build /x /x\n"),
			file("FROM debian:12\nRUN apt-get update && apt-get install -y curl && apt-get distclean\n"),
		},
	}
}

// sudo repeats the sudo in front of a command.
func sudo(c *dockerfile.Command) string {
	for _, t := range c.Through {
		if t == "sudo" {
			return "sudo "
		}
	}
	return ""
}

// listsNeeded tells whether what follows an instruction may install from lists that
// it left: an install without an update, or a script that cannot be seen.
func listsNeeded(l *Lint) func(*dockerfile.Instruction) bool {
	last := -1
	for _, in := range l.All("run") {
		updated := false
		for _, c := range in.Commands() {
			switch {
			case c.Name == "apt-get" || c.Name == "apt" || c.Name == "aptitude":
				sub := c.Subcommand(strings.Fields(aptFlags)...)
				updated = updated || sub == "update"
				if !updated && sub != "clean" && sub != "autoremove" && sub != "remove" && sub != "purge" {
					last = in.Index
				}
			case runsFile(c):
				last = in.Index
			}
		}
		for _, s := range in.Scripts() {
			if s.File == nil {
				last = in.Index
			}
		}
	}
	return func(in *dockerfile.Instruction) bool { return last > in.Index || in.Trigger != nil || in.Within != nil }
}

// runsFile tells whether a command is a script that the file does not show.
func runsFile(c *dockerfile.Command) bool {
	if len(c.Words) == 0 || c.Name == "" {
		return true
	}
	switch c.Name {
	case "sh", "bash", "ash", "dash", "zsh", "source", ".":
		return len(c.Args) == 0 || !strings.HasPrefix(c.Args[0].Text, "-") || !strings.Contains(c.Args[0].Text, "c")
	case "make", "ansible-playbook", "add-apt-repository", "playwright", "npx":
		return true
	}
	return strings.Contains(c.Name, ".") || strings.Contains(c.Words[0].Text, "/") && !strings.HasPrefix(c.Words[0].Text, "/bin/") && !strings.HasPrefix(c.Words[0].Text, "/usr/bin/")
}

func aptForScripts() Rule {
	return Rule{
		ID: "apt-for-scripts", Title: "apt where apt-get is meant for scripts", Severity: advisory.Negligible, Category: Packages,
		Peers:  Peers{Hadolint: []string{"DL3027"}},
		Why:    "apt is made for a terminal: it warns that its command line is not stable, and its behaviour changes between releases.",
		Remedy: "Use apt-get, and apt-cache for queries.",
		Source: "https://manpages.debian.org/stable/apt/apt.8.en.html",
		Check: func(l *Lint) {
			eachApt(l, func(c packageCall) {
				if c.sub == "" {
					return
				}
				f := l.ReportCommand(c.Command, "apt %s is meant for a terminal", names([]dockerfile.Word{c.verb}))
				// apt upgrade installs new packages, and apt-get upgrade does not.
				if c.is("install", "update", "full-upgrade", "remove", "purge", "autoremove", "clean", "autoclean", "build-dep", "source", "download") && len(c.Words) > 0 {
					if e, ok := Insert(c.Words[0], "-get"); ok && plainWord(l, c.Words[0]) {
						f.Edits = []Edit{e}
					}
				}
			}, "apt")
		},
		Bad: []Sample{
			file("FROM debian:12\nRUN apt update && apt install -y curl\n"),
			file("FROM debian:12\nRUN sudo apt -y install curl\n"),
			file("FROM debian:12\nRUN apt list --installed\n"),
		},
		Good: []Sample{
			file("FROM debian:12\nRUN apt-get update && apt-get install -y curl\n"),
			file("FROM debian:12\nRUN apt-cache policy && rm -rf /var/cache/apt && echo apt install\n"),
			file("FROM debian:12\nRUN apt --version\n"),
		},
	}
}

// plainWord tells whether a word stands in the source as it reads, without quotes.
func plainWord(l *Lint, w dockerfile.Word) bool {
	from, to, ok := w.Offsets()
	return ok && from >= 0 && to <= len(l.File.Source) && from <= to && string(l.File.Source[from:to]) == w.Text
}
