package hygiene

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"

	"mvdan.cc/sh/v3/syntax"
)

// maxNamed is how many packages a message names, maxName how many bytes of each.
// maxSearched is how many bytes of a script are searched for each of its commands.
const (
	maxNamed    = 3
	maxName     = 120
	maxSearched = 8 << 10
)

// packageCall is one run of a package manager.
type packageCall struct {
	// Command's Args are the words behind the program as a shell splits them: a
	// variable whose value holds several words has become several.
	*dockerfile.Command
	// sub is the subcommand, "" without one; verb its word.
	sub  string
	verb dockerfile.Word
	// operands follow the subcommand.
	operands []dockerfile.Word
	// open is set where a variable that may hold flags is not known.
	open bool
}

// is tells whether the subcommand is one of these.
func (c packageCall) is(subs ...string) bool {
	for _, s := range subs {
		if c.sub == s {
			return true
		}
	}
	return false
}

// behindVerb is an edit that puts a flag behind the subcommand.
func (c packageCall) behindVerb(flag string) []Edit {
	if e, ok := Insert(c.verb, " "+flag); ok && c.verb.Text == c.sub {
		return []Edit{e}
	}
	return nil
}

// callReader reads commands as calls of a package manager; it belongs to one run of
// one rule.
type callReader struct {
	// flags and withValue are those that take the next argument as theirs.
	flags     string
	withValue map[string]bool
	assigned  map[*dockerfile.Script]map[string]string
}

func newCallReader(withValue string) *callReader {
	return &callReader{flags: withValue, assigned: map[*dockerfile.Script]map[string]string{}}
}

// takesValue tells whether the argument after a flag is its value. Most files don't
// call most managers, so that the set is made when it is first asked.
func (r *callReader) takesValue(flag string) bool {
	if r.withValue == nil {
		r.withValue = map[string]bool{}
		for _, f := range strings.Fields(r.flags) {
			r.withValue[f] = true
		}
	}
	return r.withValue[flag]
}

// read takes a command apart whose arguments from skip on are the manager's.
func (r *callReader) read(c *dockerfile.Command, skip int) packageCall {
	split := *c
	split.Args = nil
	for _, w := range c.Args[min(skip, len(c.Args)):] {
		split.Args = append(split.Args, r.words(c, w)...)
	}
	call := packageCall{Command: &split}
	flags := true
	for i := 0; i < len(split.Args); i++ {
		w := split.Args[i]
		switch {
		case flags && w.Text == "--":
			flags = false
		case flags && len(w.Text) > 1 && w.Text[0] == '-':
			if r.takesValue(w.Text) {
				i++
			}
		case !w.Known && mayHoldFlags(w.Text):
			call.open = true
		case call.verb.Text == "":
			call.sub, call.verb = w.Text, w
		default:
			call.operands = append(call.operands, w)
		}
	}
	return call
}

// words splits a word as the shell does with an unquoted variable.
func (r *callReader) words(c *dockerfile.Command, w dockerfile.Word) []dockerfile.Word {
	s, text := c.Script, w.Text
	if name, ok := bareVariable(text); ok && !w.Known && s != nil && s.File != nil {
		if _, ok := r.assigned[s]; !ok {
			r.assigned[s] = assignments(s.File)
		}
		if value, ok := r.assigned[s][name]; ok {
			text, w.Known = value, true
		}
	}
	if !w.Known || !strings.ContainsAny(text, " \t\n") || !expanded(c, w) {
		if w.Known && text == "" {
			return nil
		}
		w.Text = text
		return []dockerfile.Word{w}
	}
	var all []dockerfile.Word
	for _, part := range strings.Fields(text) {
		w.Text = part
		all = append(all, w)
	}
	return all
}

// expanded tells whether a variable stands in the source of a word.
func expanded(c *dockerfile.Command, w dockerfile.Word) bool {
	from, to, ok := w.Offsets()
	source := c.Instruction.File.Source
	return !ok || from < 0 || to > len(source) || from > to || bytes.IndexByte(source[from:to], '$') >= 0
}

// mayHoldFlags tells whether an unknown word is a variable that is named for flags.
func mayHoldFlags(text string) bool {
	if !strings.HasPrefix(text, "$") {
		return false
	}
	lower := strings.ToLower(text)
	return strings.Contains(lower, "opt") || strings.Contains(lower, "flag") || strings.Contains(lower, "arg") || strings.Contains(lower, "[@]")
}

// bareVariable is the name of $NAME or ${NAME}.
func bareVariable(s string) (string, bool) {
	name, ok := strings.CutPrefix(s, "$")
	if inner, braced := strings.CutPrefix(name, "{"); braced {
		name = strings.TrimSuffix(inner, "}")
	}
	return name, ok && name != "" && !strings.ContainsAny(name, "${}():-+[] /")
}

// assignments are the variables that a script sets once, to a value without
// variables.
func assignments(f *syntax.File) map[string]string {
	values, again := map[string]string{}, map[string]bool{}
	set := func(assigns []*syntax.Assign) {
		for _, a := range assigns {
			if a.Name == nil || a.Naked {
				continue
			}
			name := a.Name.Value
			value, ok := literalWord(a.Value)
			if !ok || a.Append || a.Array != nil || again[name] {
				delete(values, name)
			} else {
				values[name] = value
			}
			if again[name] {
				delete(values, name)
			}
			again[name] = true
		}
	}
	syntax.Walk(f, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CallExpr:
			if len(n.Args) == 0 {
				set(n.Assigns)
			}
		case *syntax.DeclClause:
			set(n.Args)
		}
		return true
	})
	return values
}

// literal is a word without variables, its quotes taken off.
func literalWord(w *syntax.Word) (string, bool) {
	if w == nil {
		return "", false
	}
	var b strings.Builder
	parts := w.Parts
	if len(parts) == 1 {
		if q, ok := parts[0].(*syntax.DblQuoted); ok {
			parts = q.Parts
		}
	}
	for _, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			b.WriteString(strings.ReplaceAll(p.Value, "\\\n", " "))
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		default:
			return "", false
		}
	}
	return b.String(), true
}

// names lists packages for a message: "curl, git and 4 more".
func names(words []dockerfile.Word) string {
	var shown []string
	for i, w := range words {
		if i == maxNamed {
			break
		}
		text := w.Text
		if len(text) > maxName {
			text = strings.ToValidUTF8(text[:maxName], "") + "…"
		}
		shown = append(shown, text)
	}
	switch rest := len(words) - len(shown); {
	case rest > 0:
		return fmt.Sprintf("%s and %d more", strings.Join(shown, ", "), rest)
	case len(shown) > 1:
		return strings.Join(shown[:len(shown)-1], ", ") + " and " + shown[len(shown)-1]
	}
	return strings.Join(shown, "")
}

// isOrAre is the verb behind names.
func isOrAre(words []dockerfile.Word) string {
	if len(words) == 1 {
		return "is"
	}
	return "are"
}

// agrees tells whether somebody answers what the command asks: yes | command, or
// something on its standard input.
func agrees(c *dockerfile.Command) bool {
	if c.At > 0 {
		return true
	}
	if c.Statement != nil {
		for _, r := range c.Statement.Redirs {
			if r.Op == syntax.RdrIn || r.Op == syntax.Hdoc || r.Op == syntax.DashHdoc || r.Op == syntax.WordHdoc {
				return true
			}
		}
	}
	return false
}

// since tells for every instruction whether one before it, in its stage or in one
// that the stage is built FROM, or the instruction itself, is such that holds is true.
// The file is looked at when that is asked for the first time.
func since(l *Lint, holds func(*dockerfile.Instruction) bool) func(*dockerfile.Instruction) bool {
	var first map[*dockerfile.Stage]int
	return func(in *dockerfile.Instruction) bool {
		if first == nil {
			first = firstThat(l, holds)
		}
		at, ok := first[in.Stage]
		return ok && at <= in.Index
	}
}

// firstThat finds for each stage the number of the first instruction that it is made
// up of for which holds is true.
func firstThat(l *Lint, holds func(*dockerfile.Instruction) bool) map[*dockerfile.Stage]int {
	first, started := map[*dockerfile.Stage]int{}, map[*dockerfile.Stage]bool{}
	for _, in := range l.instructions {
		s := in.Stage
		if s == nil {
			continue
		}
		if !started[s] {
			started[s] = true
			if at, ok := first[s.Parent]; ok {
				first[s] = at
			}
		}
		if _, ok := first[s]; !ok && holds(in) {
			first[s] = in.Index
		}
	}
	return first
}

// says tells whether an instruction's text, documents included, holds a word in any
// case; word is in lower case.
func says(in *dockerfile.Instruction, word string) bool {
	if strings.Contains(strings.ToLower(in.Args.String), word) {
		return true
	}
	for _, h := range in.Heredocs {
		if strings.Contains(strings.ToLower(h.Text.String), word) {
			return true
		}
	}
	return false
}

// matches tells whether an instruction's text, documents included, matches.
func matches(in *dockerfile.Instruction, re *regexp.Regexp) bool {
	return re.MatchString(in.Args.String) || slices.ContainsFunc(in.Heredocs, func(h dockerfile.Heredoc) bool { return re.MatchString(h.Text.String) })
}

// beginning is as much of a script as is searched for every one of its commands.
func beginning(script string) string { return script[:min(len(script), maxSearched)] }

// given tells whether a variable of the environment is set for a command, and not
// to nothing; what is not known may be.
func given(c *dockerfile.Command, name string) bool {
	if value, ok := c.Assigned[name]; ok {
		return value != ""
	}
	if v, ok := c.Instruction.Lookup(name); ok {
		return !v.Known || v.Value != ""
	}
	return c.Script != nil && strings.Contains(beginning(c.Script.Text.String), name+"=")
}

// switchedOn is given for a variable that is off where it is 0, false, no or off.
func switchedOn(c *dockerfile.Command, name string) bool {
	value, ok := c.Assigned[name]
	if v, found := c.Instruction.Lookup(name); !ok && found && v.Known {
		value, ok = v.Value, true
	}
	if ok {
		switch strings.ToLower(value) {
		case "0", "false", "no", "off", "n", "f":
			return false
		}
	}
	return given(c, name)
}
