package harden

import (
	"cmp"
	"encoding/json"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

func isNode(w *work, s *dockerfile.Stage) bool {
	return parseReference(s.Image).official() == "node"
}

// manifest is what matters here of a package.json, or of the root of a lock file.
type manifest struct {
	Scripts              map[string]string `json:"scripts"`
	Dependencies         map[string]string `json:"dependencies"`
	DevDependencies      map[string]string `json:"devDependencies"`
	OptionalDependencies map[string]string `json:"optionalDependencies"`
	Workspaces           any               `json:"workspaces"`
}

// lockFile is package-lock.json from version 2 on
// (https://docs.npmjs.com/cli/v10/configuring-npm/package-lock-json).
type lockFile struct {
	Version  int                    `json:"lockfileVersion"`
	Packages map[string]lockPackage `json:"packages"`
}

type lockPackage struct {
	manifest
	HasInstallScript bool `json:"hasInstallScript"`
}

// project is the Node project of the build context.
type project struct {
	manifest manifest
	lock     *lockFile
	// locked is set where the lock file says the same as the manifest.
	locked bool
}

// project reads package.json and package-lock.json; false without them.
func (w *work) project() (project, bool) {
	var p project
	if w.files == nil || w.files.Ignores("package.json") {
		return p, false
	}
	content, ok := w.files.Read("package.json")
	if !ok || json.Unmarshal(content, &p.manifest) != nil {
		return p, false
	}
	if content, ok := w.files.Read("package-lock.json"); ok && !w.files.Ignores("package-lock.json") {
		var l lockFile
		if json.Unmarshal(content, &l) == nil && l.Version >= 2 && l.Packages != nil {
			p.lock = &l
			root := l.Packages[""]
			p.locked = maps.Equal(root.Dependencies, p.manifest.Dependencies) && maps.Equal(root.DevDependencies, p.manifest.DevDependencies) &&
				maps.Equal(root.OptionalDependencies, p.manifest.OptionalDependencies) && p.manifest.Workspaces == nil
		}
	}
	return p, true
}

// isNodeInstall tells whether a command installs a project's packages.
func isNodeInstall(c *dockerfile.Command) bool {
	switch c.Name {
	case "npm":
		return slices.Contains([]string{"ci", "install", "i", "clean-install"}, c.Subcommand()) && !c.HasFlag("-g", "--global")
	case "yarn":
		return len(c.Operands()) == 0 || c.Subcommand() == "install"
	case "pnpm":
		return slices.Contains([]string{"install", "i"}, c.Subcommand()) && !c.HasFlag("-g", "--global")
	}
	return false
}

// isNodeBuild tells whether a command runs a step of the project that builds.
func isNodeBuild(c *dockerfile.Command) bool {
	switch c.Name {
	case "npm", "yarn", "pnpm":
		words := c.Operands()
		if len(words) == 0 {
			return false
		}
		name := words[0].Text
		if (name == "run" || name == "run-script") && len(words) > 1 {
			name = words[1].Text
		}
		return strings.HasPrefix(name, "build") || name == "compile" || name == "prune"
	case "tsc", "webpack", "vite", "next", "ng":
		return true
	case "npx":
		return len(c.Args) > 0 && slices.Contains([]string{"tsc", "webpack", "vite", "next", "ng", "prisma"}, c.Args[0].Text)
	}
	return false
}

// planNode installs and builds in the build stage. Where the project has a step that
// builds, its whole folder is copied, without what only development takes; otherwise
// node_modules is.
func planNode(w *work, s *dockerfile.Stage) (*plan, string) {
	last := lastInstall(s, func(c *dockerfile.Command) bool { return isNodeInstall(c) || isNodeBuild(c) })
	if last == nil || lastInstall(s, isNodeInstall) == nil {
		return nil, ""
	}
	project, known := w.project()
	if !known {
		return nil, "package.json could not be read"
	}
	dir, ok := w.workdirAt(last)
	if !ok || dir == "" || slices.Contains(systemFolders, dir) {
		return nil, "packages are installed outside a folder of their own"
	}
	builds := lastInstall(s, isNodeBuild) != nil
	p := &plan{why: "what the build stage made, without npm's cache"}
	for _, in := range s.Instructions {
		before := in.Index <= last.Index
		part := part{in: in}
		switch in.Keyword {
		case "arg", "env", "workdir", "shell":
			if before {
				part.role = inBoth
			}
		case "user":
			if before {
				return nil, "packages are installed as another user than root"
			}
		case "copy", "add":
			switch {
			case before && builds:
				part.role = inBuild
				if !w.copiesInto(in, dir) {
					part.role = inBoth
				}
			case before:
				part.role = inBoth
			}
		case "run":
			if reason := w.nodeRun(in, before, &part); reason != "" {
				return nil, reason
			}
		}
		if in == last {
			part.final = w.fromBuild(dir+"/node_modules", dir+"/node_modules")
			if builds {
				part.final = w.fromBuild(dir, dir)
			}
		}
		p.parts = append(p.parts, part)
	}
	if !builds {
		p.why = "the packages come from the build stage, without npm's cache"
		if len(project.manifest.Dependencies)+len(project.manifest.DevDependencies)+len(project.manifest.OptionalDependencies) == 0 {
			// npm makes no node_modules then, and COPY would fail.
			p.end = "RUN mkdir -p " + dir + "/node_modules" + w.newline
		}
	}
	if len(project.manifest.DevDependencies) > 0 && !w.prunes(s) {
		if reason := w.needsDev(s, project); reason != "" {
			w.todo(s.From, "dev-dependencies", "packages for development stay in the image, since %s: install with --omit=dev where it can do without", reason)
		} else if last.Stage == s && usesNPM(s) {
			p.end += "RUN npm prune --omit=dev" + w.newline
		}
	}
	reason := w.slimNode(s, p, project)
	w.distroless(s, p, bareOfNode)
	if reason != "" && p.base == "" {
		if !builds && !leavesTools(p) {
			return nil, reason + ", so that the final stage would be the same image"
		}
		w.todo(s.From, "slim", "the final stage keeps %s, since %s: node:…-slim is a fifth of its size", w.clean(s.Image), reason)
	}
	return p, ""
}

func usesNPM(s *dockerfile.Stage) bool {
	return lastInstall(s, func(c *dockerfile.Command) bool { return c.Name == "npm" && isNodeInstall(c) }) != nil
}

// prunes tells whether a stage leaves packages for development out by itself.
func (w *work) prunes(s *dockerfile.Stage) bool {
	for _, in := range s.Instructions {
		switch in.Keyword {
		case "run":
			for _, c := range in.Commands() {
				if v, ok := c.FlagValue("--omit"); ok && v.Text == "dev" || c.HasFlag("--production", "--prod", "--only") || c.Subcommand() == "prune" {
					return true
				}
			}
		case "env":
			for _, p := range in.Pairs() {
				if last := lastInstall(s, isNodeInstall); p.Name == "NODE_ENV" && strings.Trim(p.Value, `"'`) == "production" && in.Index < last.Index {
					return true
				}
			}
		}
	}
	return false
}

// nodeRun decides about one RUN.
func (w *work) nodeRun(in *dockerfile.Instruction, before bool, p *part) string {
	commands := in.Commands()
	where := "line " + line(w.originOf(in.StartLine))
	if len(commands) == 0 {
		return where + " could not be read"
	}
	ours := false
	for _, c := range commands {
		switch c.Name {
		case "npm", "yarn", "pnpm", "npx":
			ours = true
			if c.HasFlag("-g", "--global") || c.Name == "yarn" && c.Subcommand() == "global" {
				return where + " installs a program for all projects"
			}
			if c.HasFlag("--prefix", "-C", "--cwd", "--dir") {
				return where + " installs into another folder"
			}
		}
	}
	if !ours {
		if names, only := systemInstall(in); only {
			made, reason := w.splitInstall(in, names, before)
			*p = made
			return reason
		}
		if before && !onlyAccounts(commands) {
			p.role = inBoth
		}
		return ""
	}
	for _, c := range commands {
		if !slices.Contains([]string{"npm", "yarn", "pnpm", "npx", "tsc", "set", "true", "rm", "mkdir"}, c.Name) {
			return where + " does more than install and build packages"
		}
	}
	p.role = inBuild
	return ""
}

// workdirAt is the folder in which an instruction stands.
func (w *work) workdirAt(at *dockerfile.Instruction) (string, bool) {
	dir := workdirs[parseReference(at.Stage.Root().Image).official()]
	for _, in := range at.Stage.All() {
		if in.Keyword != "workdir" || in.Index > at.Index {
			continue
		}
		v, known := in.Expand(in.Args.String)
		if !known {
			return "", false
		}
		if path.IsAbs(v) {
			dir = path.Clean(v)
		} else {
			dir = path.Join("/", dir, v)
		}
	}
	return dir, reFolder.MatchString(dir)
}

// copiesInto tells whether a COPY of the context ends up in a folder.
func (w *work) copiesInto(in *dockerfile.Instruction, dir string) bool {
	if len(in.Words) < 2 || len(in.Froms()) > 0 {
		return false
	}
	to, known := in.Expand(in.Words[len(in.Words)-1].String)
	at, ok := w.workdirAt(in)
	if !known || !ok && !path.IsAbs(to) {
		return false
	}
	if !path.IsAbs(to) {
		to = path.Join(at, to)
	}
	to = path.Clean(to)
	return to == dir || strings.HasPrefix(to, dir+"/")
}

// needsDev says why packages for development have to stay; empty where they needn't.
func (w *work) needsDev(s *dockerfile.Stage, p project) string {
	for _, hook := range []string{"prepare", "postinstall", "preinstall", "install", "prepublish"} {
		if p.manifest.Scripts[hook] != "" {
			return "package.json has a script " + hook
		}
	}
	for _, keyword := range []string{"entrypoint", "cmd"} {
		in := s.Last(keyword)
		if in == nil {
			continue
		}
		for _, c := range in.Commands() {
			words := strings.Fields(c.Line())
			for range 3 { // "npm start" may be "npm run serve"
				name := npmScript(words)
				if name == "" {
					break
				}
				script := p.manifest.Scripts[name]
				if script == "" && name == "start" {
					script = "node server.js" // npm's default
				}
				words = strings.Fields(script)
			}
			if len(words) == 0 || path.Base(words[0]) != "node" && !strings.HasSuffix(words[0], ".sh") {
				return "it is not known whether the start command needs them"
			}
			for _, word := range words[1:] {
				if slices.Contains([]string{"-r", "--require", "--import", "--loader", "--experimental-loader", "&&", "||", ";", "|"}, word) {
					return "it is not known whether the start command needs them"
				}
			}
		}
	}
	for name := range p.manifest.DevDependencies {
		quoted := regexp.MustCompile(`(?:require\(|from|import|import\()\s*["'` + "`" + `]` + regexp.QuoteMeta(name) + `(?:["'/` + "`" + `])`)
		if file := w.mentions([]string{".js", ".mjs", ".cjs"}, quoted); file != "" && !isNodeConfig(file) {
			return w.clean(file) + " loads " + w.clean(name)
		}
	}
	return ""
}

func isNodeConfig(file string) bool {
	return strings.Contains(path.Base(file), ".config.") || strings.HasPrefix(path.Base(file), "build.")
}

// npmScript is the script of package.json that a command runs.
func npmScript(words []string) string {
	if len(words) < 2 || !slices.Contains([]string{"npm", "yarn", "pnpm"}, words[0]) {
		return ""
	}
	if (words[1] == "run" || words[1] == "run-script") && len(words) > 2 {
		return words[2]
	}
	if strings.HasPrefix(words[1], "-") {
		return ""
	}
	return words[1]
}

// selfContained are packages with an install script whose programs bring what they
// need: they download or bundle it, or ask for nothing.
var selfContained = []string{"bcrypt", "better-sqlite3", "core-js", "core-js-pure", "esbuild", "fsevents", "@parcel/watcher", "protobufjs", "sharp", "@swc/core", "nodemon", "msgpackr-extract", "bufferutil", "utf-8-validate", "@nestjs/core"}

// slimNode chooses a slim final stage for a full base.
func (w *work) slimNode(s *dockerfile.Stage, p *plan, project project) string {
	r := parseReference(s.Image)
	if strings.Contains(r.tag, "slim") || strings.Contains(r.tag, "alpine") {
		return ""
	}
	tag, ok := slimNodeTag(r.tag)
	if !ok || s.From.Words[0].String != s.Image {
		return "its tag does not tell the slim one"
	}
	if project.lock == nil || !project.locked {
		if len(project.manifest.Dependencies)+len(project.manifest.OptionalDependencies)+len(project.manifest.DevDependencies) > 0 {
			return "without a package-lock.json that fits package.json it is not known which libraries its packages need"
		}
	} else {
		for _, name := range slices.Sorted(maps.Keys(project.lock.Packages)) {
			short := name
			if i := strings.LastIndex(name, "node_modules/"); i >= 0 {
				short = name[i+len("node_modules/"):]
			}
			if project.lock.Packages[name].HasInstallScript && name != "" && !slices.Contains(selfContained, short) && !strings.HasPrefix(short, "@esbuild/") {
				return w.clean(short) + " may be built against libraries of the full image"
			}
		}
	}
	if file := cmp.Or(w.mentions([]string{".js", ".mjs", ".cjs", ".ts"}, reChild), w.mentions([]string{".sh"}, reTools)); file != "" {
		return w.clean(file) + " starts other programs"
	}
	p.base = r.withTag(tag)
	p.why += "; slim, since nothing here needs compilers and their libraries"
	return ""
}

var reChild = regexp.MustCompile(`child_process|["']execa["']|["']zx["']|["']shelljs["']`)

// slimNodeTag: 20 has 20-slim, 20-bookworm has 20-bookworm-slim
// (https://hub.docker.com/_/node).
func slimNodeTag(tag string) (string, bool) {
	version, suite, suited := strings.Cut(tag, "-")
	switch {
	case tag == "" || tag == "latest":
		return "slim", true
	case version != "lts" && version != "current" && !reVersionTag.MatchString(version), suited && !slices.Contains(debianSuites, suite):
		return "", false
	}
	return tag + "-slim", true
}
