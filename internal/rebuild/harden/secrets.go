package harden

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"plimsoll/internal/dockerfile"
)

// secretVariable is one name of ENV, ARG or LABEL that must not stay in the file.
type secretVariable struct {
	in    *dockerfile.Instruction
	pair  dockerfile.Pair
	index int
	rules []string
	// readers are RUN instructions that read it; kept says that something else than a
	// RUN reads it while the image is built, which only a build argument can serve.
	readers []*dockerfile.Instruction
	kept    bool
}

// secrets takes credentials out of ENV, ARG and LABEL: what a RUN reads is mounted
// for that RUN alone, what the application reads is given when it is started.
func secrets(w *work) error {
	found := w.secretVariables()
	byInstruction := map[*dockerfile.Instruction][]*secretVariable{}
	var order []*dockerfile.Instruction
	for _, s := range found {
		w.findReaders(s)
		if byInstruction[s.in] == nil {
			order = append(order, s.in)
		}
		byInstruction[s.in] = append(byInstruction[s.in], s)
	}
	given := map[*dockerfile.Instruction][]mounted{}
	for _, in := range order {
		w.takeOut(in, byInstruction[in], given)
	}
	for _, in := range w.file.Instructions {
		if len(given[in]) > 0 {
			w.mount(in, given[in])
		}
	}
	return nil
}

// secretRules are those that find a secret in a variable.
var secretRules = []string{"secret-env", "secret-arg", "secret-value"}

// secretVariables are what the rules find, and what is put together from it.
func (w *work) secretVariables() []*secretVariable {
	var found []*secretVariable
	add := func(in *dockerfile.Instruction, i int, p dockerfile.Pair, rule string) {
		for _, s := range found {
			if s.in == in && s.index == i {
				s.rules = merge(s.rules, []string{rule})
				return
			}
		}
		found = append(found, &secretVariable{in: in, pair: p, index: i, rules: []string{rule}})
	}
	for _, f := range w.standing() {
		in := w.instructionAt(f.Range.Start.Line)
		if !slices.Contains(secretRules, f.Rule) || in == nil || in.Trigger != nil {
			continue
		}
		pairs := in.Pairs()
		for i, p := range pairs {
			if r := p.Text.Whole(); len(pairs) == 1 || inRange(f.Range.Start, r) {
				if !(in.Keyword == "arg" && in.Stage == nil) {
					add(in, i, p, f.Rule)
				}
			}
		}
	}
	// ENV URL=postgres://app:$PASSWORD@db is as secret as what it is made of.
	for n := 0; n < len(found) && n < 200; n++ {
		s := found[n]
		if s.in.Keyword == "label" {
			continue
		}
		for _, in := range w.scope(s.in) {
			if in.Keyword != "env" && in.Keyword != "arg" && in.Keyword != "label" {
				continue
			}
			for i, p := range in.Pairs() {
				if p.Set && refersTo(p.Value, s.pair.Name) {
					add(in, i, p, s.rules[0])
				}
			}
		}
	}
	return found
}

func inRange(at dockerfile.Position, r dockerfile.Range) bool {
	after := at.Line > r.Start.Line || at.Line == r.Start.Line && at.Column >= r.Start.Column
	before := at.Line < r.End.Line || at.Line == r.End.Line && at.Column < r.End.Column
	return after && before
}

// refersTo tells whether a word has $NAME or ${NAME…} in it.
func refersTo(word, name string) bool {
	for i := 0; ; {
		at := strings.Index(word[i:], name)
		if at < 0 {
			return false
		}
		at += i
		i = at + len(name)
		before := strings.TrimSuffix(word[:at], "{")
		if strings.HasSuffix(before, "$") && (i == len(word) || !isNameByte(word[i])) {
			return true
		}
	}
}

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// scope are the instructions that see what an ENV or ARG sets, in order.
func (w *work) scope(set *dockerfile.Instruction) []*dockerfile.Instruction {
	var in []*dockerfile.Instruction
	for _, s := range w.file.Stages {
		if s != set.Stage && (set.Keyword != "env" || !slices.Contains(s.Lineage(), set.Stage)) {
			continue
		}
		for _, other := range s.Instructions {
			if other.Index > set.Index {
				in = append(in, other)
			}
		}
	}
	return in
}

// implicit are variables, by prefix, that a program reads without anybody writing so.
var implicit = []struct {
	prefix   string
	programs []string
}{
	{"AWS_", []string{"aws"}},
	{"AZURE_", []string{"az"}},
	{"GOOGLE_", []string{"gcloud", "gsutil"}},
	{"GH_", []string{"gh"}},
	{"GITHUB_TOKEN", []string{"gh", "composer"}},
	{"PIP_", []string{"pip", "pip3", "python", "python3"}},
	{"UV_", []string{"uv"}},
	{"POETRY_", []string{"poetry"}},
	{"NPM_", []string{"npm", "yarn", "pnpm"}},
	{"NODE_AUTH_TOKEN", []string{"npm", "yarn", "pnpm"}},
	{"YARN_", []string{"yarn"}},
	{"BUNDLE_", []string{"bundle", "bundler"}},
	{"COMPOSER_AUTH", []string{"composer"}},
	{"CARGO_", []string{"cargo"}},
	{"NUGET_", []string{"dotnet", "nuget"}},
	{"MAVEN_", []string{"mvn", "mvnw"}},
	{"GRADLE_", []string{"gradle", "gradlew"}},
	{"GOPROXY", []string{"go"}},
	{"HF_TOKEN", []string{"huggingface-cli", "python", "python3"}},
	{"SENTRY_AUTH_TOKEN", []string{"sentry-cli", "npm", "yarn", "pnpm"}},
	{"PGPASSWORD", []string{"psql", "pg_dump"}},
	{"DOCKER_AUTH_CONFIG", []string{"docker"}},
	{"VAULT_TOKEN", []string{"vault"}},
}

// settingsOnly are subcommands that ask no server.
var settingsOnly = []string{"config", "cache", "set", "get", "version", "init", "configure"}

// findReaders looks for what reads a variable while the image is built.
func (w *work) findReaders(s *secretVariable) {
	name := s.pair.Name
	if name == "" || s.in.Keyword == "label" {
		return
	}
	word := reWord(name)
	for _, in := range w.scope(s.in) {
		switch in.Keyword {
		case "run":
			if w.runReads(in, name, word) {
				s.readers = append(s.readers, in)
			}
		case "copy", "add", "workdir", "user", "expose", "volume", "stopsignal":
			s.kept = s.kept || refersTo(in.Text.String, name)
		case "onbuild":
			s.kept = s.kept || word.MatchString(in.Text.String)
		}
	}
}

func (w *work) runReads(in *dockerfile.Instruction, name string, word *regexp.Regexp) bool {
	if word.MatchString(in.Args.String) {
		return true
	}
	for _, h := range in.Heredocs {
		if word.MatchString(h.Text.String) {
			return true
		}
	}
	for _, c := range in.Commands() {
		for _, i := range implicit {
			if strings.HasPrefix(name, i.prefix) && slices.Contains(i.programs, c.Name) && !slices.Contains(settingsOnly, c.Subcommand()) {
				return true
			}
		}
		if w.files == nil {
			continue
		}
		// A script of the context, or npm's settings.
		for _, word := range c.Words {
			if content, ok := w.contextFile(word.Text); ok && reWord(name).Match(content) {
				return true
			}
		}
		if slices.Contains([]string{"npm", "yarn", "pnpm"}, c.Name) {
			if content, ok := w.files.Read(".npmrc"); ok && reWord(name).Match(content) {
				return true
			}
		}
	}
	return false
}

// takeOut removes the secrets of one instruction, and mounts what its readers need.
func (w *work) takeOut(in *dockerfile.Instruction, found []*secretVariable, readers map[*dockerfile.Instruction][]mounted) {
	pairs := in.Pairs()
	var edits []edit
	var names, given, rules, rotate []string
	var mounts []mounted
	gone := map[int]bool{}
	for _, s := range found {
		name := w.clean(s.pair.Name)
		names = append(names, name)
		rules = merge(rules, s.rules)
		if s.pair.Set && literal(s.pair.Value) {
			rotate = append(rotate, name)
		}
		if s.pair.Set {
			w.hide(s.pair.ValueText)
		}
		gone[s.index] = true
		if !reName.MatchString(s.pair.Name) {
			continue
		}
		if len(s.readers) == 0 {
			given = append(given, name)
			continue
		}
		m := mounted{BuildSecret{ID: strings.ToLower(s.pair.Name), Env: s.pair.Name}, s.in.Keyword == "arg" && !s.pair.Set}
		mounts = append(mounts, m)
		for _, r := range s.readers {
			readers[r] = append(readers[r], m)
		}
	}
	kept := keptArgs(found)
	switch {
	case len(gone) == len(pairs):
		text := ""
		if len(kept) > 0 {
			text = "ARG " + strings.Join(kept, " ") + w.newline
		}
		edits = append(edits, w.lines(in, text))
	default:
		edits = append(edits, takePairs(pairs, gone)...)
		if len(kept) > 0 {
			edits = append(edits, w.behind(in, "ARG "+strings.Join(kept, " ")+w.newline))
		}
	}
	if len(kept) > 0 && in.Keyword == "arg" && !slices.ContainsFunc(found, func(s *secretVariable) bool { return s.pair.Set }) {
		return // nothing is gained: it stays an argument, and a TODO says so
	}
	w.sayTaken(in, names, given, kept, rules, mounts, edits)
	if len(rotate) > 0 {
		w.todo(in, "rotate-secret", "make a new %s and withdraw the old: it is in this file's history, and in every image that was built from it", strings.Join(rotate, ", "))
	}
}

// reWord finds a variable's name as a word.
func reWord(name string) *regexp.Regexp {
	return regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`)
}

var reName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// literal tells whether a value is more than a reference to another variable.
func literal(value string) bool {
	v := strings.Trim(value, `"'`)
	return v != "" && !regexp.MustCompile(`^\$\{?[A-Za-z_]\w*\}?$`).MatchString(v)
}

func keptArgs(found []*secretVariable) []string {
	var kept []string
	for _, s := range found {
		if s.kept && reName.MatchString(s.pair.Name) {
			kept = append(kept, s.pair.Name)
		}
	}
	return kept
}

func (w *work) sayTaken(in *dockerfile.Instruction, names, given, kept, rules []string, mounts []mounted, edits []edit) {
	comment := "closes " + strings.Join(rules, ", ") + ": " + strings.Join(names, " and ") + " out of the image"
	if len(mounts) > 0 {
		var flags []string
		for _, m := range mounts {
			flags = append(flags, "--secret id="+m.ID+",env="+m.Env)
		}
		comment += "; the steps that read it need docker build " + strings.Join(flags, " ")
	}
	if len(given) > 0 && in.Keyword == "env" {
		comment += "; give it when the container is started"
	}
	w.change(in, Change{
		Title: "take " + strings.Join(names, ", ") + " out of the image", Closes: rules,
		Why: "whoever has the image can read what ENV, ARG and LABEL say, also where a later line unsets it",
	}, comment, edits...)
	if len(kept) > 0 {
		w.todo(in, "secret-argument", "%s is still read by an instruction that can mount no secret: do that step in a RUN with --mount=type=secret", strings.Join(kept, ", "))
	}
}

// mounted is a secret on its way to a RUN.
type mounted struct {
	BuildSecret
	// optional is set for what the build did without before.
	optional bool
}

// mount gives a RUN secrets. A shell reads them from their files into variables, as
// every BuildKit can (https://docs.docker.com/build/building/secrets/); where no shell
// of ours runs, in exec form and in documents, env= sets them, which takes version
// 1.10 of the Dockerfile frontend and an engine of that time
// (https://docs.docker.com/reference/dockerfile/#run---mounttypesecret).
func (w *work) mount(in *dockerfile.Instruction, secrets []mounted) {
	var flags, script string
	var all []BuildSecret
	scripts := in.Scripts()
	shell := !in.Exec && len(in.Heredocs) == 0 && len(scripts) > 0 && scripts[0].File != nil
	for _, s := range secrets {
		if slices.Contains(all, s.BuildSecret) || slices.ContainsFunc(in.Mounts(), func(m map[string]string) bool {
			return m["type"] == "secret" && (m["id"] == s.ID || m["env"] == s.Env)
		}) {
			continue
		}
		all = append(all, s.BuildSecret)
		flags += "--mount=type=secret,id=" + s.ID
		if !shell {
			flags += ",env=" + s.Env
		}
		flags += " "
		read := "cat /run/secrets/" + s.ID
		if s.optional {
			read += " 2>/dev/null || true"
		}
		script += s.Env + "=$(" + read + ") && export " + s.Env + " && "
	}
	if len(all) == 0 {
		return
	}
	at, _ := in.Args.Offsets()
	first := at
	if len(in.Flags) > 0 {
		first, _ = in.Flags[0].Text.Offsets()
	}
	p := pending{secrets: all}
	switch {
	case !shell:
		p.edits = append(w.frontend(), edit{From: first, To: first, New: flags})
	case first == at:
		p.edits = []edit{{From: at, To: at, New: flags + script}}
	default:
		p.edits = []edit{{From: first, To: first, New: flags}, {From: at, To: at, New: script}}
	}
	w.pending = append(w.pending, p)
}

var reFrontend = regexp.MustCompile(`^((?:docker\.io/)?docker/dockerfile):(\d+)\.(\d+)(?:\.\d+)?(?:-[a-z]+)?$`)

// frontend asks for a frontend that mounts secrets as variables: engines before
// Docker 27.3 bring an older one (https://docs.docker.com/build/buildkit/dockerfile-release-notes/#1100).
// A syntax directive that is too old is raised.
func (w *work) frontend() []edit {
	d, ok := w.file.Directives["syntax"]
	if !ok {
		at := w.lineStart(1)
		return []edit{{From: at, To: at, New: "# syntax=docker/dockerfile:1" + w.newline}}
	}
	m := reFrontend.FindStringSubmatch(d.Value)
	if m == nil {
		return nil
	}
	if minor, err := strconv.Atoi(m[3]); err != nil || m[2] != "1" || minor >= 10 {
		return nil
	}
	text := w.file.Line(d.Range.Start.Line)
	at := strings.LastIndex(text, d.Value)
	if at < 0 {
		return nil
	}
	from := w.file.LineStart(d.Range.Start.Line) + at
	return []edit{{From: from, To: from + len(d.Value), New: m[1] + ":1.10"}}
}

// takePairs takes some names of an instruction out and leaves the others as they are.
func takePairs(pairs []dockerfile.Pair, gone map[int]bool) []edit {
	var edits []edit
	kept := false
	for i, p := range pairs {
		if !gone[i] {
			kept = true
			continue
		}
		from, to := p.Text.Offsets()
		if kept {
			_, from = pairs[i-1].Text.Offsets()
		} else if i+1 < len(pairs) {
			to, _ = pairs[i+1].Text.Offsets()
		}
		edits = append(edits, edit{From: from, To: to})
	}
	return edits
}
