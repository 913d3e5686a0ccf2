package harden

import (
	"path"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

// compiled is a plan for a program that is built and then needs its tools no more:
// the one stage becomes the build stage, and the final one has the artefact.
type compiled struct {
	w *work
	s *dockerfile.Stage
	// base is the final stage's image.
	base string
	// tools are the programs that RUNs may call.
	tools []string
	// sources tells which files of the context only building takes.
	sources func(file string) bool
	// toolVariables are prefixes of ENV names that only building reads.
	toolVariables []string
	// replace gives other text for an instruction of the final stage; "" keeps it.
	replace func(in *dockerfile.Instruction) string
	begin   string
	why     string
}

// plan writes the two stages: artefacts are absolute paths in the build stage, and
// where they go in the final one.
func (c *compiled) plan(artefacts [][2]string) (*plan, string) {
	w, s := c.w, c.s
	last := lastInstruction(s, "run", "copy", "add")
	if last == nil {
		return nil, ""
	}
	if reason := c.refuse(); reason != "" {
		return nil, reason
	}
	dir, ok := w.workdir(s)
	if !ok {
		return nil, "the folder that it works in is not known"
	}
	data, reason := c.data(dir)
	if reason != "" {
		return nil, reason
	}
	p := &plan{base: c.base, begin: c.begin, why: c.why}
	for _, in := range s.Instructions {
		part := part{in: in, role: inBuild}
		switch in.Keyword {
		case "arg":
			part.role = inBoth
		case "env":
			if part.role = inBoth; c.onlyTools(in) {
				part.role = inBuild
			}
		case "label", "expose", "cmd", "entrypoint", "stopsignal", "healthcheck", "maintainer", "user":
			part.role = inFinal
			if text := c.replace(in); text != "" {
				part.final = text
			}
		}
		if in == last {
			var b strings.Builder
			if dir != "" && (dir != workdirs[parseReference(s.Image).official()] || len(data) > 0) {
				b.WriteString("WORKDIR " + dir + w.newline)
			}
			for _, a := range artefacts {
				b.WriteString(w.fromBuild(a[0], a[1]))
			}
			for _, d := range data {
				b.WriteString(w.fromBuild(d, d))
			}
			part.final = b.String()
		}
		p.parts = append(p.parts, part)
	}
	return p, ""
}

// lastInstruction is the last one of these kinds.
func lastInstruction(s *dockerfile.Stage, keywords ...string) *dockerfile.Instruction {
	for _, in := range slices.Backward(s.Instructions) {
		if slices.Contains(keywords, in.Keyword) {
			return in
		}
	}
	return nil
}

// refuse says what of a stage speaks against a final image without a shell.
func (c *compiled) refuse() string {
	for _, in := range c.s.Instructions {
		where := "line " + line(c.w.originOf(in.StartLine))
		switch in.Keyword {
		case "volume":
			return where + " declares a volume, whose owner can't be set without a shell"
		case "shell":
			return where + " chooses another shell"
		case "healthcheck":
			if !strings.EqualFold(strings.TrimSpace(in.Args.String), "none") {
				return where + " checks the program with another one"
			}
		case "user":
			return where + " chooses a user, which the lean image does not have"
		case "add":
			return where + " adds an archive or a download"
		case "copy":
			if len(in.Froms()) > 0 {
				return where + " copies from another image"
			}
			to, known := in.Expand(in.Words[len(in.Words)-1].String)
			if at, ok := c.w.workdirAt(in); known && (ok || path.IsAbs(to)) {
				if !path.IsAbs(to) {
					to = path.Join(at, to)
				}
				if dir, _ := c.w.workdir(c.s); path.Clean(to) != dir && !strings.HasPrefix(path.Clean(to), dir+"/") {
					return where + " brings files to another place than the program's folder"
				}
			} else {
				return where + " brings files to a place that is not known"
			}
		case "run":
			commands := in.Commands()
			if len(commands) == 0 {
				return where + " could not be read"
			}
			for _, command := range commands {
				if !slices.Contains(c.tools, command.Name) && !slices.Contains([]string{"mkdir", "rm", "set", "true", "cd", "chmod", "echo", "export"}, command.Name) {
					if names, only := systemInstall(in); only && onlyForBuilding(names) {
						continue
					}
					return where + " runs " + c.w.clean(command.Name) + ", and what that leaves may be needed"
				}
			}
		}
	}
	return ""
}

// onlyForBuilding tells whether packages are of no use to a compiled program, or are
// in the lean image by themselves.
func onlyForBuilding(names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool {
		yes, known := buildOnly(n)
		return !(yes && known) && !slices.Contains([]string{"git", "ca-certificates", "tzdata", "curl", "wget", "unzip"}, n)
	})
}

// onlyTools tells whether an ENV says nothing that the program could read.
func (c *compiled) onlyTools(in *dockerfile.Instruction) bool {
	return !slices.ContainsFunc(in.Pairs(), func(p dockerfile.Pair) bool {
		return !slices.ContainsFunc(c.toolVariables, func(prefix string) bool { return strings.HasPrefix(p.Name, prefix) })
	})
}

// data lists the folders and files of the program's folder that it may read when it
// runs, as paths in the image: what COPY brings there and no compiler reads.
func (c *compiled) data(dir string) (paths []string, reason string) {
	if c.w.files == nil {
		return nil, "the build context is not known, and the program may read files of it"
	}
	for _, in := range c.s.Instructions {
		if in.Keyword != "copy" {
			continue
		}
		if len(in.Heredocs) > 0 {
			return nil, "line " + line(c.w.originOf(in.StartLine)) + " writes a file that the program may read"
		}
		to, _ := in.Expand(in.Words[len(in.Words)-1].String)
		at, _ := c.w.workdirAt(in)
		if !path.IsAbs(to) {
			to = path.Join(at, to)
		}
		for _, word := range in.Words[:len(in.Words)-1] {
			source, known := in.Expand(word.String)
			if !known {
				return nil, "line " + line(c.w.originOf(in.StartLine)) + " copies what is not known before the build"
			}
			for _, f := range c.w.files.Matches(source) {
				if c.sources(f) || c.w.needless(f) || c.w.needless(firstOf(f)) {
					continue
				}
				target := c.target(source, f, to, strings.HasSuffix(in.Words[len(in.Words)-1].String, "/") || len(in.Words) > 2)
				if !reFolder.MatchString(target) {
					return nil, "it copies files whose names can't be written here"
				}
				// The entry of the program's folder that holds it.
				rest := strings.TrimPrefix(target, dir+"/")
				if dir == "" || rest == target {
					return nil, "it copies files to another place than the program's folder"
				}
				if entry := dir + "/" + firstOf(rest); !slices.Contains(paths, entry) {
					paths = append(paths, entry)
				}
			}
		}
	}
	if len(paths) > 20 {
		return nil, "of many files it is not known whether the program reads them"
	}
	slices.Sort(paths)
	return paths, ""
}

// target is where COPY source to puts a file of the context.
func (c *compiled) target(source, file, to string, folder bool) string {
	source = path.Clean(source)
	switch {
	case source == ".":
		return path.Join(to, file)
	case strings.HasPrefix(file, source+"/"):
		return path.Join(to, strings.TrimPrefix(file, source+"/"))
	case folder || source != file || to == "." || strings.HasSuffix(to, "/"):
		return path.Join(to, path.Base(file))
	}
	// COPY go.mod . : the last word may be the folder itself.
	if dir, _ := c.w.workdir(c.s); path.Clean(to) == dir {
		return path.Join(to, path.Base(file))
	}
	return to
}

func firstOf(name string) string {
	first, _, _ := strings.Cut(name, "/")
	return first
}

// needlessText are files that nothing reads when it runs, whatever is built.
func needlessText(file string) bool {
	base := strings.ToLower(path.Base(file))
	for _, prefix := range []string{"readme", "license", "licence", "copying", "changelog", "contributing", "makefile", "authors", "notice", "codeowners"} {
		if strings.HasPrefix(base, prefix) {
			return true
		}
	}
	return strings.HasPrefix(base, ".") || isTest(file)
}

// startPath is the program that a stage starts, as an absolute path, with its exec
// form. ok is false where a shell is needed, or the path is not known.
func (c *compiled) startPath() (in *dockerfile.Instruction, words []string, ok bool) {
	in = c.s.Last("entrypoint")
	if in == nil {
		in = c.s.Last("cmd")
	}
	if in == nil {
		return nil, nil, false
	}
	if in.Exec {
		for _, word := range in.Words {
			words = append(words, word.String)
		}
		return in, words, len(words) > 0
	}
	if cmd := c.s.Last("cmd"); in.Keyword == "entrypoint" && cmd != nil {
		return nil, nil, false
	}
	scripts := in.Scripts()
	if len(scripts) != 1 || scripts[0].File == nil {
		return nil, nil, false
	}
	if _, plain := execForm(in); !plain || len(in.Commands()) != 1 {
		return nil, nil, false
	}
	for _, word := range in.Commands()[0].Words {
		if !word.Known || strings.ContainsAny(word.Text, "$`") {
			return nil, nil, false
		}
		words = append(words, word.Text)
	}
	if len(in.Commands()[0].Through) > 0 || len(in.Commands()[0].Assigned) > 0 {
		return nil, nil, false
	}
	return in, words, len(words) > 0
}

// absolute is a path in the image, from the folder that an instruction stands in.
func (c *compiled) absolute(p string, in *dockerfile.Instruction) string {
	if path.IsAbs(p) {
		return path.Clean(p)
	}
	dir, _ := c.w.workdirAt(in)
	return path.Join("/", dir, p)
}
