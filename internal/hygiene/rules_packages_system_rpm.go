package hygiene

import (
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

const (
	// rpmFlags are those flags of yum(8), dnf(8) and dnf5(8) that take the next argument.
	rpmFlags = "-c --config -d --debuglevel -e --errorlevel -R --randomwait -x --exclude --excludepkgs --installroot --releasever --repo --repoid --enablerepo --disablerepo --setopt --repofrompath --forcearch --advisory --bz --cve --from-repo --comment"
	// rpmInstalls are the subcommands that fetch metadata and packages.
	rpmInstalls = "install localinstall groupinstall group module update upgrade update-minimal upgrade-minimal reinstall swap distro-sync builddep in up"
	// zypperFlags are those flags of zypper(8) that take the next argument.
	zypperFlags = "-R --root --installroot -c --config -C --cache-dir -D --reposd-dir --raw-cache-dir --solv-cache-dir --pkg-cache-dir -p --plus-repo --plus-content --userdata -r --repo --from -t --type --download --releasever"
)

// rpmManager is one of the programs that install RPM packages.
type rpmManager struct {
	// id is the prefix of its rules; programs are what it is called by.
	id       string
	programs []string
	flags    string
	installs string
	// yes are flags that keep it from asking, asks tells which of the programs do.
	yes  []string
	asks []string
	// clean are subcommands that empty the cache, which is in dirs.
	clean []string
	dirs  []string

	assumeYes, cache, unpinned Peers
	source                     string
}

func rpmManagers() []rpmManager {
	dirs := []string{"/var/cache/yum", "/var/cache/dnf", "/var/cache/libdnf5"}
	return []rpmManager{
		{
			id: "yum", programs: []string{"yum"}, flags: rpmFlags, installs: rpmInstalls,
			yes: []string{"-y", "--assumeyes", "--assume-yes"}, asks: []string{"yum"}, clean: []string{"clean"}, dirs: dirs,
			assumeYes: Peers{Hadolint: []string{"DL3030"}}, cache: Peers{Hadolint: []string{"DL3032"}, Trivy: []string{"DS-0015"}}, unpinned: Peers{Hadolint: []string{"DL3033"}},
			source: "https://man7.org/linux/man-pages/man8/yum.8.html",
		},
		{
			// microdnf never asks: its help says of -y that it does nothing.
			id: "dnf", programs: []string{"dnf", "dnf5", "microdnf"}, flags: rpmFlags, installs: rpmInstalls,
			yes: []string{"-y", "--assumeyes", "--assume-yes"}, asks: []string{"dnf", "dnf5"}, clean: []string{"clean"}, dirs: dirs,
			assumeYes: Peers{Hadolint: []string{"DL3038"}}, cache: Peers{Hadolint: []string{"DL3040"}, Trivy: []string{"DS-0019", "DS-0027"}}, unpinned: Peers{Hadolint: []string{"DL3041"}},
			source: "https://dnf.readthedocs.io/en/latest/command_ref.html",
		},
		{
			id: "zypper", programs: []string{"zypper"}, flags: zypperFlags,
			installs: "install in update up patch dist-upgrade dup source-install si install-new-recommends inr",
			yes:      []string{"-n", "--non-interactive", "-y", "--no-confirm"}, asks: []string{"zypper"}, clean: []string{"clean", "cc"}, dirs: []string{"/var/cache/zypp"},
			assumeYes: Peers{Hadolint: []string{"DL3034"}}, cache: Peers{Hadolint: []string{"DL3036"}, Trivy: []string{"DS-0020"}}, unpinned: Peers{Hadolint: []string{"DL3037"}},
			source: "https://en.opensuse.org/SDB:Zypper_manual",
		},
	}
}

// rpmRules are three rules for each of yum, dnf and zypper.
func rpmRules() []Rule {
	var rules []Rule
	for _, m := range rpmManagers() {
		rules = append(rules, m.assumeYesRule(), m.cacheRule(), m.unpinnedRule())
	}
	return rules
}

// read reads a command as one of this manager's.
func (m rpmManager) read(r *callReader, c *dockerfile.Command) (packageCall, bool) {
	if !slices.Contains(m.programs, c.Name) {
		return packageCall{}, false
	}
	return r.read(c, 0), true
}

func (m rpmManager) assumeYesRule() Rule {
	flag := "-y"
	if m.id == "zypper" {
		flag = "--non-interactive"
	}
	asking := strings.Fields(m.installs + " remove erase autoremove downgrade rm history")
	return Rule{
		ID: m.id + "-assume-yes", Title: m.id + " asks, and nobody answers", Severity: advisory.Low, Category: Packages,
		Peers:  m.assumeYes,
		Why:    "A build has no terminal: where " + m.id + " wants a confirmation it gets none and gives up, today or on the day one more dependency comes along.",
		Remedy: "Add " + flag + ".",
		Source: m.source,
		Check: func(l *Lint) {
			r := newCallReader(m.flags)
			configured := since(l, func(in *dockerfile.Instruction) bool {
				return in.Keyword == "run" && (says(in, "assumeyes=") || says(in, "assumeyes "))
			})
			for _, c := range l.Commands(m.asks...) {
				call := r.read(c, 0)
				if !call.is(asking...) || call.is("module", "group", "history") && !m.installsSome(call) || call.open || agrees(c) {
					continue
				}
				if call.HasFlag(m.yes...) || call.HasFlag("--assumeno", "--downloadonly", "--dry-run", "--help") || configured(c.Instruction) {
					continue
				}
				f := l.ReportCommand(c, "%s %s has no %s", c.Name, call.sub, flag)
				switch {
				case m.id != "zypper":
					f.Edits = call.behindVerb(flag)
				case len(c.Words) > 0:
					if e, ok := Insert(c.Words[0], " "+flag); ok {
						f.Edits = []Edit{e}
					}
				}
			}
		},
		Bad:  m.samples("git", "remove git"),
		Good: m.samples("-y git", "git -y", "remove -y git"),
	}
}

// installsSome tells of "group install" and "module enable" which of them install.
func (m rpmManager) installsSome(c packageCall) bool {
	return len(c.operands) > 0 && slices.Contains([]string{"install", "update", "upgrade", "remove", "enable", "switch-to", "reset", "disable"}, c.operands[0].Text)
}

// samples are Dockerfiles that call the manager; without another subcommand, to install.
func (m rpmManager) samples(calls ...string) []Sample {
	var all []Sample
	for _, program := range m.asks {
		for _, c := range calls {
			if first, _, _ := strings.Cut(c, " "); first != "remove" {
				c = "install " + c
			}
			all = append(all, file("FROM base:1\nRUN "+program+" "+c+"\n"), file("FROM base:1\nRUN set -e; "+program+" -q "+c+" && echo done\n"))
		}
	}
	return all
}

func (m rpmManager) cacheRule() Rule {
	clean := m.programs[0] + " clean all"
	if m.id == "zypper" {
		clean = "zypper clean --all"
	}
	good := []Sample{
		{Dockerfile: "FROM base:1 AS build\nRUN " + m.programs[0] + " install -y git\nFROM scratch\nCOPY --from=build /x /x\n", DockerfileOnly: true},
		file("FROM base:1\nRUN " + m.programs[0] + " remove -y git && " + m.programs[0] + " --version\n"),
	}
	var bad []Sample
	for _, p := range m.programs {
		install, clean := p+" install -y git", strings.Replace(clean, m.programs[0], p, 1)
		bad = append(
			bad,
			file("FROM base:1\nRUN "+install+"\n"), file("FROM base:1\nRUN "+install+"\nRUN "+clean+"\n"),
			file("FROM base:1\nRUN "+clean+" && "+install+"\n"), file("FROM base:1\nRUN "+install+" && rm -rf /var/cache/other\n"),
		)
		good = append(good, file("FROM base:1\nRUN "+install+" && "+clean+"\n"), file("FROM base:1\nRUN "+install+"; "+clean+"; rm -rf /tmp/*\n"))
		for _, d := range m.dirs {
			good = append(
				good, file("FROM base:1\nRUN "+install+" && rm -rf "+d+"\n"), file("FROM base:1\nRUN "+install+" && rm -rf /var/cache/*\n"),
				Sample{Dockerfile: "FROM base:1\nRUN --mount=type=cache,target=" + d + " " + install + "\n", DockerfileOnly: true},
			)
		}
	}
	return Rule{
		ID: m.id + "-cache", Title: m.id + "'s cache stays in the layer", Severity: advisory.Low, Category: Packages,
		Peers:  m.cache,
		Why:    "Metadata and packages that were fetched make the image larger by tens of megabytes, and are of no use to what runs. A later RUN does not take them out of the layer.",
		Remedy: "End the RUN with " + clean + ", or mount a cache over " + m.dirs[0] + ".",
		Source: m.source,
		Reach:  FinalImage, OnImage: true,
		Check: func(l *Lint) {
			r := newCallReader(m.flags)
			installs := strings.Fields(m.installs + " makecache check-update refresh ref")
			kept := cache{
				fills: func(c *dockerfile.Command) bool {
					call, ok := m.read(r, c)
					return ok && call.is(installs...) && !call.HasFlag("--cacheonly", "-C", "--no-refresh", "--installroot", "--root")
				},
				cleans: func(c *dockerfile.Command) bool {
					// yum is dnf by another name wherever both are there.
					if !slices.Contains(m.programs, c.Name) && (m.id == "zypper" || c.Name != "yum" && c.Name != "dnf") {
						return false
					}
					return r.read(c, 0).is(m.clean...)
				},
				dirs: m.dirs, word: "cache",
			}
			kept.kept(l, func(_, last *dockerfile.Command) {
				f := l.ReportCommand(last, "what %s %s fetched is not cleaned in the same RUN", last.Name, r.read(last, 0).sub)
				unsureOnImage(l, f)
				f.Edits = appended(last.Instruction, sudo(last)+strings.Replace(clean, m.programs[0], last.Name, 1))
			})
		},
		Bad: bad, Good: good,
	}
}

// versioned is the end of a package's name with its version, as RPM writes them:
// git-2.47.1, git-2.47.1-1.fc41.x86_64. The 17 of java-17-openjdk is none.
var versioned = regexp.MustCompile(`-(\d+:)?\d[^-/]*(-[^-/]*)?$`)

// pinnedRPM tells whether an operand of an installation names a version, or is no
// package of a repository.
func pinnedRPM(text string) bool {
	if strings.ContainsAny(text, "=<>/*:@") || strings.HasSuffix(text, ".rpm") {
		return true
	}
	m := versioned.FindStringSubmatch(text)
	return m != nil && (m[2] == "" || strings.ContainsAny(m[2], "0123456789"))
}

func (m rpmManager) unpinnedRule() Rule {
	good := []Sample{
		file("FROM base:1\nARG V\nRUN " + m.programs[0] + " install -y git-$V\n"),
		file("FROM base:1\nRUN " + m.programs[0] + " install -y /tmp/tool.rpm https://example.com/tool.rpm\n"),
		file("FROM base:1\nRUN " + m.programs[0] + " update -y && " + m.programs[0] + " install -y $(cat list)\n"),
	}
	var bad []Sample
	for _, p := range m.programs {
		if m.id == "zypper" {
			good = append(good, file("FROM base:1\nRUN zypper -n in -t pattern git=2.47.1 'jq>=1.7'\n"))
			bad = append(bad, file("FROM base:1\nRUN zypper -n in git\n"))
		} else {
			good = append(good, file("FROM base:1\nRUN "+p+" install -y git-2.47.1 jq-1.7.1-8.fc41.x86_64\n"), file("FROM base:1\nRUN "+p+" install -y @development-tools && "+p+" module install -y nodejs:22\n"))
			bad = append(bad, file("FROM base:1\nRUN "+p+" install -y java-17-openjdk java-1.8.0-openjdk-devel\n"))
		}
		bad = append(bad, file("FROM base:1\nRUN "+p+" install -y git jq\n"), file("FROM base:1\nENV P='git jq'\nRUN "+p+" -y install $P\n"))
	}
	return Rule{
		ID: m.id + "-unpinned", Title: m.id + " packages without a version", Severity: advisory.Negligible, Category: Packages,
		Peers:   m.unpinned,
		Why:     "Two builds of the same file install different versions, and only the image tells which. A distribution's release takes fixes in alone, so this is about reproducing a build more than about safety.",
		Remedy:  "Write the version behind the name, and keep it up to date, or build against a snapshot of the repository.",
		Source:  m.source,
		OnImage: true,
		Check: func(l *Lint) {
			r := newCallReader(m.flags)
			for _, c := range l.Commands(m.programs...) {
				call := r.read(c, 0)
				if !call.is("install", "in", "reinstall") {
					continue
				}
				var loose []dockerfile.Word
				for _, w := range call.operands {
					if w.Known && !pinnedRPM(w.Text) {
						loose = append(loose, w)
					}
				}
				if len(loose) > 0 {
					l.ReportCommand(c, "%s %s installed at whatever version the repositories have", names(loose), isOrAre(loose))
				}
			}
		},
		Bad: bad, Good: good,
	}
}
