package dockerfile

import (
	"slices"
	"sort"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// maxValue bounds a variable's value, which ENV A=$B$B could double without end.
const maxValue = 64 << 10

// maxLineage bounds how many parents are asked for a variable.
const maxLineage = 100

// Variable is what ENV or ARG says of a name.
type Variable struct {
	Name, Value string
	// Known is false where the value is given when the image is built.
	Known bool
	// Arg is set for ARG; such a variable is not in the image's environment.
	Arg         bool
	Instruction *Instruction
}

// Pair is one name and value of ENV, ARG or LABEL.
type Pair struct {
	Name string
	// Value is as written, quotes included; Set is false for an ARG without a default.
	Value string
	Set   bool
	// Text is where name and value stand; NameText and ValueText are its parts.
	Text, NameText, ValueText Text
	// Legacy is set for "ENV name value".
	Legacy bool
}

// Pairs are the names and values of ENV, ARG or LABEL, in order.
func (in *Instruction) Pairs() []Pair {
	if in.Exec || len(in.Words) == 0 || !slices.Contains([]string{"env", "arg", "label"}, in.Keyword) {
		return nil
	}
	if in.Keyword != "arg" && !strings.Contains(in.Words[0].String, "=") {
		name := in.Words[0]
		value := in.Args.Slice(len(name.String), len(in.Args.String)).Trim()
		return []Pair{{Name: name.String, Value: value.String, Set: true, Legacy: true, Text: in.Args, NameText: name, ValueText: value}}
	}
	var all []Pair
	for _, w := range in.Words {
		name, value, set := strings.Cut(w.String, "=")
		p := Pair{Name: unquote(name), Value: value, Set: set, Text: w, NameText: w.Slice(0, len(name))}
		if set {
			p.ValueText = w.Slice(len(name)+1, len(w.String))
		}
		all = append(all, p)
	}
	return all
}

// platformArgs are set by BuildKit in the scope of FROM, and in a stage that
// declares them (https://docs.docker.com/build/building/variables/).
var platformArgs = []string{
	"BUILDPLATFORM", "BUILDOS", "BUILDOSVERSION", "BUILDARCH", "BUILDVARIANT",
	"TARGETPLATFORM", "TARGETOS", "TARGETOSVERSION", "TARGETARCH", "TARGETVARIANT", "TARGETSTAGE",
}

// proxyArgs need no declaration.
var proxyArgs = []string{
	"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy",
	"NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy",
}

// Lookup is what is known of a variable where the instruction stands. ok is false
// where no ENV or ARG of this file sets it.
func (in *Instruction) Lookup(name string) (v Variable, ok bool) {
	if in.Keyword == "from" || in.Stage == nil {
		return in.File.globalArg(name, in.Index)
	}
	if v, ok := in.Stage.env(name, in.Index); ok {
		return v, true
	}
	for _, v := range slices.Backward(in.Stage.before(name, in.Index)) {
		if v.Arg {
			return v, true
		}
	}
	if slices.Contains(proxyArgs, name) {
		return Variable{Name: name, Arg: true}, true
	}
	return Variable{}, false
}

// env looks for an ENV before the instruction of this number.
func (s *Stage) env(name string, before int) (Variable, bool) {
	for n := 0; s != nil && n < maxLineage; s, n = s.Parent, n+1 {
		for _, v := range slices.Backward(s.before(name, before)) {
			if !v.Arg {
				return v, true
			}
		}
	}
	return Variable{}, false
}

// before is what the stage itself says of a variable before the instruction of this
// number.
func (s *Stage) before(name string, number int) []Variable {
	all := s.variables[name]
	return all[:sort.Search(len(all), func(i int) bool { return all[i].Instruction.Index >= number })]
}

// Env lists the variables that the stage's image has from this file, sorted by name.
func (s *Stage) Env() []Variable {
	last := map[string]Variable{}
	for _, at := range s.Lineage() {
		for name, all := range at.variables {
			for _, v := range all {
				if !v.Arg {
					last[name] = v
				}
			}
		}
	}
	env := make([]Variable, 0, len(last))
	for _, v := range last {
		env = append(env, v)
	}
	slices.SortFunc(env, func(a, b Variable) int { return strings.Compare(a.Name, b.Name) })
	return env
}

// globalArg looks among the ARGs before the first FROM.
func (f *File) globalArg(name string, before int) (Variable, bool) {
	all := f.globals[name]
	if i := sort.Search(len(all), func(i int) bool { return all[i].Instruction.Index >= before }); i > 0 {
		return all[i-1], true
	}
	if slices.Contains(platformArgs, name) || slices.Contains(proxyArgs, name) {
		return Variable{Name: name, Arg: true}, true
	}
	return Variable{}, false
}

// setGlobals runs through the ARGs before the first FROM. Each value is filled in
// once: values that are made of one another would else take any time.
func (f *File) setGlobals() {
	f.globals = map[string][]Variable{}
	for _, in := range f.Args {
		for _, p := range in.Pairs() {
			v := Variable{Name: p.Name, Arg: true, Instruction: in}
			if p.Set {
				v.Value, v.Known = in.Expand(p.Value)
			}
			f.globals[p.Name] = append(f.globals[p.Name], v)
		}
	}
}

// setVariables runs through the stage's ENV and ARG.
func (s *Stage) setVariables() {
	s.variables = map[string][]Variable{}
	for _, in := range s.Instructions {
		if in.Keyword != "env" && in.Keyword != "arg" {
			continue
		}
		for _, p := range in.Pairs() {
			v := Variable{Name: p.Name, Arg: in.Keyword == "arg", Instruction: in}
			switch {
			case p.Set:
				v.Value, v.Known = in.Expand(p.Value)
			default:
				if g, ok := s.File.globalArg(p.Name, s.From.Index); ok {
					v.Value, v.Known = g.Value, g.Known
				}
			}
			s.variables[p.Name] = append(s.variables[p.Name], v)
		}
	}
}

// Expand replaces variables as the builder does, and takes quotes off. known is
// false where a value is not known; its reference is left in the result.
func (in *Instruction) Expand(word string) (value string, known bool) {
	value, missing := in.expand(word)
	return value, len(missing) == 0
}

// Missing are the variables of a word that no ENV or ARG of this file declares.
func (in *Instruction) Missing(word string) []string {
	_, unknown := in.expand(word)
	var missing []string
	for _, name := range unknown {
		if _, ok := in.Lookup(name); !ok {
			missing = append(missing, name)
		}
	}
	return missing
}

func (in *Instruction) expand(word string) (value string, unknown []string) {
	if !strings.ContainsAny(word, "$\"'\\`") {
		return word, nil
	}
	lex := shell.NewLex(in.File.Escape)
	lex.SkipUnsetEnv = true
	env := &environment{in: in}
	result, err := lex.ProcessWordWithMatches(word, env)
	if err != nil || len(result.Result) > maxValue {
		return word, []string{""}
	}
	for name := range result.Unmatched {
		env.unknown = append(env.unknown, name)
	}
	slices.Sort(env.unknown)
	return result.Result, slices.Compact(env.unknown)
}

// environment answers BuildKit's lexer.
type environment struct {
	in      *Instruction
	unknown []string
}

func (e *environment) Get(name string) (string, bool) {
	v, ok := e.in.Lookup(name)
	if !ok || !v.Known {
		e.unknown = append(e.unknown, name)
		return "", false
	}
	return v.Value, true
}

func (e *environment) Keys() []string { return nil }
