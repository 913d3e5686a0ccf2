package harden

import (
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

// recommended are the packages that people get as recommendations without knowing,
// and need: curl without certificates reads no https address. They are named when
// recommendations are switched off. From the Recommends fields of Debian 12's index
// (https://packages.debian.org/bookworm/), those of dependencies included.
var recommended = map[string][]string{
	"autoconf":             {"automake"},
	"cmake":                {"gcc", "make"},
	"composer":             {"git", "unzip"},
	"curl":                 {"ca-certificates"},
	"flex":                 {"gcc", "libfl-dev"},
	"gcc":                  {"libc6-dev"},
	"git":                  {"ca-certificates"},
	"golang":               {"gcc", "libc6-dev"},
	"golang-go":            {"gcc", "libc6-dev"},
	"libtool":              {"libltdl-dev"},
	"nodejs":               {"ca-certificates"},
	"npm":                  {"ca-certificates", "git"},
	"dpkg-dev":             {"build-essential"},
	"wget":                 {"ca-certificates"},
	"xvfb":                 {"xauth"},
	"mercurial":            {"openssh-client"},
	"graphviz":             {"fonts-liberation2"},
	"default-mysql-client": {},
}

// whole are packages whose recommendations are much of what they are installed for;
// there recommendations stay on.
var whole = []string{
	"ansible", "chromium", "docker.io", "gnome", "imagemagick", "inkscape", "kde", "libreoffice", "libvirt", "mate", "qemu", "r-base",
	"task-", "texlive", "ubuntu-desktop", "virtualbox", "wine", "wkhtmltopdf", "xfce", "xorg",
}

// packages switches apt's recommendations off, and names those that are needed.
func packages(w *work) error {
	const rule = "apt-no-recommends"
	for _, f := range w.standing() {
		if f.Rule != rule {
			continue
		}
		in := w.instructionAt(f.Range.Start.Line)
		if in == nil || in.Keyword != "run" {
			continue
		}
		for _, c := range in.Commands() {
			if isAptInstall(c) && c.Range().Start == f.Range.Start {
				w.dropRecommends(in, c, rule)
			}
		}
	}
	return nil
}

// aptValues are apt-get's flags that take a value.
var aptValues = []string{"-o", "--option", "-c", "--config-file", "-t", "--target-release", "--default-release"}

func isAptInstall(c *dockerfile.Command) bool {
	return (c.Name == "apt-get" || c.Name == "apt") && c.Subcommand(aptValues...) == "install"
}

func (w *work) dropRecommends(in *dockerfile.Instruction, c *dockerfile.Command, rule string) {
	operands := c.Operands(aptValues...)
	names := aptPackages(c)
	for _, n := range names {
		if i := slices.IndexFunc(whole, func(p string) bool { return strings.HasPrefix(n, p) }); i >= 0 {
			w.leave("--no-install-recommends in line "+line(w.originOf(in.StartLine)), "much of what %s is installed for are its recommendations", n)
			return
		}
	}
	for _, o := range operands {
		if !o.Known {
			w.leave("--no-install-recommends in line "+line(w.originOf(in.StartLine)), "which packages are installed is not known before the build")
			return
		}
	}
	_, to, ok := operands[0].Offsets()
	if !ok {
		return
	}
	edits := []edit{{From: to, To: to, New: " --no-install-recommends"}}
	comment := "closes " + rule + ": no packages that are merely recommended"
	if more := w.neededOf(in, names); len(more) > 0 {
		_, end, ok := operands[len(operands)-1].Offsets()
		if !ok {
			return
		}
		edits = append(edits, edit{From: end, To: end, New: " " + strings.Join(more, " ")})
		comment += "; " + strings.Join(more, ", ") + " came that way, and may be needed"
	}
	w.change(in, Change{
		Title: "install no recommended packages", Why: "what nobody asked for is only more to keep up to date and to attack", Closes: []string{rule},
	}, comment, edits...)
}

// aptPackages are the packages that a command installs, without versions.
func aptPackages(c *dockerfile.Command) []string {
	var names []string
	for _, o := range c.Operands(aptValues...)[1:] {
		name, _, _ := strings.Cut(o.Text, "=")
		name, _, _ = strings.Cut(name, "/")
		name, _, _ = strings.Cut(name, ":")
		names = append(names, name)
	}
	return names
}

// neededOf lists the recommendations that have to be named.
func (w *work) neededOf(in *dockerfile.Instruction, names []string) []string {
	var more []string
	add := func(packages ...string) {
		for _, p := range packages {
			if !slices.Contains(names, p) && !slices.Contains(more, p) && !(slices.Contains(names, "build-essential") && slices.Contains([]string{"gcc", "make", "libc6-dev"}, p)) {
				more = append(more, p)
			}
		}
	}
	for _, n := range names {
		add(recommended[n]...)
		if n == "python3-pip" && stageRuns(in.Stage, "pip", "pip3") {
			add("build-essential", "python3-dev")
		}
	}
	return more
}

// stageRuns tells whether a RUN of the stage calls one of the programs.
func stageRuns(s *dockerfile.Stage, names ...string) bool {
	for _, in := range s.Instructions {
		if in.Keyword != "run" {
			continue
		}
		for _, c := range in.Commands() {
			if slices.Contains(names, c.Name) {
				return true
			}
		}
	}
	return false
}
