package harden

import (
	"cmp"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

// buildStage is the name of the stage that is added.
const buildStage = "build"

// role says in which of the two stages an instruction of the one goes.
type role int

const (
	inFinal role = iota
	inBuild
	inBoth
)

// part is one instruction on its way into the two stages. What is empty there is the
// instruction as it was written.
type part struct {
	in    *dockerfile.Instruction
	role  role
	build string
	final string
}

// plan is how one stage becomes two.
type plan struct {
	// ecosystem is for messages: "Python".
	ecosystem string
	// base is the final stage's image; empty for that of the stage as it is.
	base string
	// begin is text that follows the build stage's FROM, end what ends the stage.
	begin, end string
	parts      []part
	// Closes are rules besides those about build tools in the image.
	closes []string
	why    string
}

// stages makes two stages of one where the ecosystem is known: what builds stays
// behind, what runs is copied into a lean image.
func stages(w *work) error {
	target := w.file.Target()
	if len(w.file.Stages) != 1 || target.Parent != nil || !target.Known || w.distributionOf(target) == windows {
		return nil
	}
	for _, in := range target.Instructions {
		if in.Keyword == "onbuild" {
			return nil
		}
	}
	for _, e := range ecosystems() {
		if !e.is(w, target) {
			continue
		}
		p, reason := e.plan(w, target)
		switch {
		case p != nil:
			p.ecosystem = e.name
			w.split(target, p)
		case reason != "":
			w.todo(target.From, "stages", "this was not split into a build stage and a final one, since %s", reason)
		}
		return nil
	}
	return nil
}

// ecosystem knows one language's builds.
type ecosystem struct {
	name string
	// is tells whether a stage is one of this ecosystem's.
	is func(*work, *dockerfile.Stage) bool
	// plan makes a plan, or says why there is none; neither where there is nothing to
	// gain.
	plan func(*work, *dockerfile.Stage) (*plan, string)
}

func ecosystems() []ecosystem {
	return []ecosystem{
		{"Python", isPython, planPython},
		{"Node.js", isNode, planNode},
		{"Go", isGo, planGo},
		{"Java", isJava, planJava},
		{"Rust", isRust, planRust},
		{"Ruby", isRuby, planRuby},
		{".NET", isDotnet, planDotnet},
		{"PHP", isPHP, planPHP},
	}
}

// split writes the two stages.
func (w *work) split(s *dockerfile.Stage, p *plan) {
	words := s.From.Text.Trim().String
	name := buildStage
	if s.Name == name {
		name = "builder"
	}
	image := s.From.Words[0]
	head := strings.TrimRight(words[:strings.Index(words, image.String)], " \t")
	var b strings.Builder
	b.WriteString(w.explain(w.closing("build-tools-left", "single-stage-build") + "this stage builds, and is not part of the image"))
	b.WriteString(head + " " + image.String + " AS " + name + w.newline + p.begin)
	for _, part := range p.parts {
		if part.role == inFinal {
			continue
		}
		if part.role == inBuild {
			b.WriteString(w.lead(part.in))
		}
		b.WriteString(cmp.Or(part.build, w.body(part.in)))
	}
	b.WriteString(p.end + w.newline)
	why := "what runs: " + p.ecosystem + " without what builds it"
	if p.why != "" {
		why = p.why
	}
	b.WriteString(w.explain(why))
	base := p.base
	if base == "" {
		base = image.String
	}
	b.WriteString(head + " " + base)
	if s.Name != "" {
		b.WriteString(" AS " + s.From.Words[len(s.From.Words)-1].String)
	}
	b.WriteString(w.newline)
	for _, part := range p.parts {
		if part.role == inBuild {
			b.WriteString(part.final)
			continue
		}
		b.WriteString(w.lead(part.in))
		b.WriteString(cmp.Or(part.final, w.body(part.in)))
	}
	last := s.From
	if n := len(s.Instructions); n > 0 {
		last = s.Instructions[n-1]
	}
	e := edit{From: w.lineStart(s.From.StartLine), To: w.file.LineStart(last.EndLine + 1), New: strings.ReplaceAll(b.String(), "@STAGE@", name)}
	c := Change{
		Title: "build in a stage of its own", Closes: append([]string{"build-tools-left", "single-stage-build", "pip-cache", "npm-cache"}, p.closes...), Lines: []int{w.originOf(s.From.StartLine)},
		Why: "compilers, headers and caches are of no use to the program, and of much to who breaks in",
	}
	w.pending = append(w.pending, pending{edits: []edit{e}, change: &c})
}

// fromBuild is COPY --from the build stage.
func (w *work) fromBuild(from, to string) string {
	return "COPY --from=@STAGE@ " + from + " " + to + w.newline
}

// lead are the comments and empty lines before an instruction.
func (w *work) lead(in *dockerfile.Instruction) string {
	from := 0
	if in.Index > 0 {
		from = w.file.LineStart(w.file.Instructions[in.Index-1].EndLine + 1)
	}
	to := w.file.LineStart(in.StartLine)
	if to <= from {
		return ""
	}
	return string(w.file.Source[from:to])
}

// body is the instruction as it is written, ended by a line break.
func (w *work) body(in *dockerfile.Instruction) string {
	text := string(w.file.Source[w.file.LineStart(in.StartLine):w.file.LineStart(in.EndLine+1)])
	if !strings.HasSuffix(text, "\n") {
		text += w.newline
	}
	return text
}

// buildPackages are packages that only building takes; -dev packages are as well.
var buildPackages = []string{
	"build-essential", "gcc", "g++", "make", "cmake", "ninja-build", "pkg-config", "pkgconf", "autoconf", "automake", "libtool", "bison", "flex", "patch", "binutils",
	"python3-dev", "python-dev", "libc6-dev", "libc-dev", "musl-dev", "linux-headers", "libffi-dev", "gfortran", "clang", "llvm", "rustc", "cargo", "dpkg-dev",
	"python3-distutils", "swig", "build-base", "g++-12", "gcc-12", "cpp", "m4", "gettext-dev",
}

// plainLibraries are -dev packages whose shared library the slim images have, or
// which are headers alone.
var plainDev = []string{"libc6-dev", "libc-dev", "musl-dev", "python3-dev", "python-dev", "linux-headers", "libffi-dev", "zlib1g-dev", "libssl-dev", "openssl-dev", "libbz2-dev", "liblzma-dev", "libsqlite3-dev", "libexpat1-dev", "linux-libc-dev"}

// buildOnly tells what of a stage's packages is for building alone. known is false
// where a package's library may be needed when the program runs.
func buildOnly(name string) (yes, known bool) {
	if slices.Contains(buildPackages, name) || slices.Contains(plainDev, name) {
		return true, true
	}
	if strings.HasSuffix(name, "-dev") {
		return true, false
	}
	return false, true
}

// installTools are commands of a RUN that only installs system packages.
var installTools = []string{"apt-get", "apt", "apk", "rm", "set", "true", ":", "apt-mark"}

// systemInstall tells whether a RUN does nothing but install packages of the
// distribution, and which.
func systemInstall(in *dockerfile.Instruction) (names []string, only bool) {
	if in.Keyword != "run" {
		return nil, false
	}
	commands := in.Commands()
	installs := false
	for _, c := range commands {
		if !slices.Contains(installTools, c.Name) {
			return nil, false
		}
		switch {
		case isAptInstall(c):
			installs = true
			names = append(names, aptPackages(c)...)
		case c.Name == "apk" && c.Subcommand() == "add":
			if c.HasFlag("--virtual", "-t") {
				return nil, false
			}
			installs = true
			for _, o := range c.Operands("-X", "--repository")[1:] {
				name, _, _ := strings.Cut(o.Text, "=")
				names = append(names, strings.TrimRight(name, "<>~"))
			}
		}
		for _, word := range c.Args {
			if !word.Known {
				return nil, false
			}
		}
	}
	return names, installs
}

// splitInstall decides which stages a RUN that installs packages is for, and writes
// it without the packages that only building takes.
func (w *work) splitInstall(in *dockerfile.Instruction, names []string, beforeBuild bool) (part, string) {
	p := part{in: in, role: inFinal}
	var build, run []string
	for _, n := range names {
		yes, known := buildOnly(n)
		switch {
		case yes && !known:
			return p, "the library that belongs to " + n + " may be needed when the program runs"
		case yes:
			build = append(build, n)
		default:
			run = append(run, n)
		}
	}
	switch {
	case len(build) == 0:
		if beforeBuild && len(run) > 0 {
			p.role = inBoth
		}
	case len(run) == 0:
		p.role = inBuild
		p.final = ""
	default:
		p.role = inBoth
		text, ok := w.without(in, build)
		if !ok {
			return p, "the packages that only building takes could not be told apart in the text"
		}
		p.final = text
	}
	return p, ""
}

// leavesTools tells whether packages that only building takes stay behind.
func leavesTools(p *plan) bool {
	return slices.ContainsFunc(p.parts, func(part part) bool {
		names, only := systemInstall(part.in)
		return only && part.role != inFinal && slices.ContainsFunc(names, func(n string) bool { yes, _ := buildOnly(n); return yes })
	})
}

// without is a RUN's text without some packages.
func (w *work) without(in *dockerfile.Instruction, names []string) (string, bool) {
	start := w.file.LineStart(in.StartLine)
	text := w.body(in)
	type span struct{ from, to int }
	var spans []span
	for _, c := range in.Commands() {
		if !isAptInstall(c) && c.Name != "apk" {
			continue
		}
		for i, word := range c.Words {
			name, _, _ := strings.Cut(word.Text, "=")
			if i == 0 || !slices.Contains(names, name) {
				continue
			}
			_, to, ok := word.Offsets()
			_, from, before := c.Words[i-1].Offsets()
			if !ok || !before {
				return "", false
			}
			spans = append(spans, span{from - start, to - start})
		}
	}
	for _, s := range slices.Backward(spans) {
		if s.from < 0 || s.to > len(text) {
			return "", false
		}
		text = text[:s.from] + text[s.to:]
	}
	return text, len(spans) == len(names)
}
