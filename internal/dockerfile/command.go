package dockerfile

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Command is one simple command, with what stands around it.
type Command struct {
	Instruction *Instruction
	// Script is nil for an exec form without a shell.
	Script *Script
	// Name is the program without its folder, as far as it is known; wrappers
	// (sudo, env, exec, time, …) are passed over and listed in Through.
	Name    string
	Through []string
	// Words begin with the program; Args follow it.
	Words []Word
	Args  []Word
	// Assigned are variables set for this command alone (NAME=value before it, or
	// through env).
	Assigned map[string]string
	// Pipe are all commands of the pipeline in which this one stands at At; nil
	// outside one.
	Pipe []*Command
	At   int
	// Statement is the statement with its redirections; nil for an exec form.
	Statement *syntax.Stmt

	place Range
}

// Word is one word of a command.
type Word struct {
	// Text has quotes taken off and variables of the Dockerfile filled in; what is
	// not known stands as written.
	Text string
	// Known is false where part of the word is not known.
	Known bool
	// Range is where it stands.
	Range Range

	from, to int
	placed   bool
}

// Offsets are the byte offsets of the word in the source; ok is false where it has
// no place of its own.
func (w Word) Offsets() (from, to int, ok bool) { return w.from, w.to, w.placed }

// Range is where the command stands, wrappers included.
func (c *Command) Range() Range { return c.place }

// Has tells whether one of the words is given as an argument.
func (c *Command) Has(words ...string) bool {
	for _, a := range c.Args {
		for _, w := range words {
			if a.Text == w {
				return true
			}
		}
	}
	return false
}

// HasFlag tells whether a flag is given: a long one alone or with =value, a short
// one ("-y") also within a cluster ("-qy"). What stands behind "--" is no flag.
func (c *Command) HasFlag(flags ...string) bool {
	for _, a := range c.Args {
		if a.Text == "--" {
			return false
		}
		for _, f := range flags {
			if a.Text == f || strings.HasPrefix(a.Text, f+"=") && strings.HasPrefix(f, "--") {
				return true
			}
			if len(f) == 2 && f[0] == '-' && f[1] != '-' && len(a.Text) > 1 && a.Text[0] == '-' && a.Text[1] != '-' &&
				isCluster(a.Text[1:]) && strings.Contains(a.Text[1:], f[1:]) {
				return true
			}
		}
	}
	return false
}

func isCluster(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return false
		}
	}
	return true
}

// FlagValue is the value of a flag, given as --flag=value, --flag value or -fvalue.
func (c *Command) FlagValue(flags ...string) (Word, bool) {
	for i, a := range c.Args {
		for _, f := range flags {
			switch {
			case a.Text == f && i+1 < len(c.Args):
				return c.Args[i+1], true
			case strings.HasPrefix(f, "--") && strings.HasPrefix(a.Text, f+"="):
				w := a
				w.Text = a.Text[len(f)+1:]
				return w, true
			case len(f) == 2 && len(a.Text) > 2 && strings.HasPrefix(a.Text, f) && a.Text[1] != '-':
				w := a
				w.Text = strings.TrimPrefix(a.Text[2:], "=")
				return w, true
			}
		}
	}
	return Word{}, false
}

// Operands are the arguments that are no flags. withValue names flags that take the
// next argument as theirs.
func (c *Command) Operands(withValue ...string) []Word {
	var operands []Word
	for i := 0; i < len(c.Args); i++ {
		text := c.Args[i].Text
		if text == "--" {
			return append(operands, c.Args[i+1:]...)
		}
		if len(text) < 2 || text[0] != '-' {
			operands = append(operands, c.Args[i])
			continue
		}
		for _, f := range withValue {
			if text == f {
				i++
				break
			}
		}
	}
	return operands
}

// Subcommand is the first operand, "" without one.
func (c *Command) Subcommand(withValue ...string) string {
	if o := c.Operands(withValue...); len(o) > 0 {
		return o[0].Text
	}
	return ""
}

// PipesInto tells whether the command's output goes to one of the named programs
// later in its pipeline, and to which command.
func (c *Command) PipesInto(names ...string) (*Command, bool) {
	for i := c.At + 1; i < len(c.Pipe); i++ {
		for _, n := range names {
			if c.Pipe[i].Name == n {
				return c.Pipe[i], true
			}
		}
	}
	return nil, false
}

// Line is the command in words, for messages.
func (c *Command) Line() string {
	var words []string
	for _, w := range c.Words {
		words = append(words, w.Text)
	}
	return strings.Join(words, " ")
}

// collect finds the simple commands of a script.
func (in *Instruction) collect(s *Script) {
	piped := map[*syntax.Stmt]bool{}
	syntax.Walk(s.File, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Stmt:
			if b, ok := n.Cmd.(*syntax.BinaryCmd); ok && isPipe(b.Op) && !piped[n] {
				in.pipeline(s, n, piped)
			}
			if call, ok := n.Cmd.(*syntax.CallExpr); ok && !piped[n] {
				in.simple(s, n, call)
			}
		}
		return true
	})
}

func isPipe(op syntax.BinCmdOperator) bool { return op == syntax.Pipe || op == syntax.PipeAll }

// pipeline collects the commands that stand directly in a pipeline.
func (in *Instruction) pipeline(s *Script, top *syntax.Stmt, piped map[*syntax.Stmt]bool) {
	var parts []*syntax.Stmt
	var flatten func(*syntax.Stmt)
	flatten = func(st *syntax.Stmt) {
		if b, ok := st.Cmd.(*syntax.BinaryCmd); ok && isPipe(b.Op) {
			piped[st] = true
			flatten(b.X)
			flatten(b.Y)
			return
		}
		parts = append(parts, st)
	}
	flatten(top)
	var pipe []*Command
	for _, st := range parts {
		call, ok := st.Cmd.(*syntax.CallExpr)
		if !ok {
			pipe = append(pipe, &Command{Instruction: in, Script: s, Statement: st, place: s.Range(st.Pos(), st.End())})
			continue
		}
		piped[st] = true
		if c := in.simple(s, st, call); c != nil {
			pipe = append(pipe, c)
		}
	}
	for i, c := range pipe {
		c.Pipe, c.At = pipe, i
	}
}

// simple reads one simple command and what it wraps.
func (in *Instruction) simple(s *Script, st *syntax.Stmt, call *syntax.CallExpr) *Command {
	c := &Command{Instruction: in, Script: s, Statement: st, Assigned: map[string]string{}, place: s.Range(call.Pos(), call.End())}
	for _, a := range call.Assigns {
		if a.Name != nil {
			value := ""
			if a.Value != nil {
				value, _ = s.wordText(a.Value)
			}
			c.Assigned[a.Name.Value] = value
		}
	}
	if len(call.Args) == 0 {
		return nil
	}
	var words []Word
	for _, w := range call.Args {
		text, known := s.wordText(w)
		word := Word{Text: text, Known: known, Range: s.Range(w.Pos(), w.End())}
		word.from, word.to, word.placed = s.Offsets(w.Pos(), w.End())
		words = append(words, word)
	}
	in.finish(c, words)
	in.commands = append(in.commands, c)
	in.nested(s, c)
	return c
}

// execCommand reads an exec form.
func (in *Instruction) execCommand() {
	if len(in.Words) == 0 {
		return
	}
	c := &Command{Instruction: in, Assigned: map[string]string{}, place: in.Args.Whole()}
	var words []Word
	for _, w := range in.Words {
		word := Word{Text: w.String, Known: true, Range: w.Whole(), placed: true}
		word.from, word.to = w.Offsets()
		words = append(words, word)
	}
	in.finish(c, words)
	in.commands = append(in.commands, c)
	in.nested(&Script{Instruction: in}, c)
}

// finish passes over wrappers and names the program.
func (in *Instruction) finish(c *Command, words []Word) {
	for len(words) > 0 {
		n, ok := wrapper(words, c.Assigned)
		if !ok {
			break
		}
		c.Through = append(c.Through, programName(words[0].Text))
		words = words[n:]
	}
	c.Words = words
	if len(words) > 0 {
		if words[0].Known {
			c.Name = programName(words[0].Text)
		}
		c.Args = words[1:]
	} else if n := len(c.Through); n > 0 {
		c.Name = c.Through[n-1]
	}
}

func programName(s string) string { return path.Base(s) }

// wrapperFlags are, for programs that run another, the flags that take a value.
var wrapperFlags = map[string]string{
	"sudo": "-u -g -h -p -C -D -R -T -U --user --group --host --prompt --chdir", "doas": "-u -C",
	"env": "-u -C -S --unset --chdir", "nice": "-n --adjustment", "ionice": "-c -n -p", "time": "-f -o",
	"timeout": "-k -s --kill-after --signal", "exec": "-a", "command": "", "builtin": "", "nohup": "",
	"eatmydata": "", "xvfb-run": "-n -s", "stdbuf": "-i -o -e", "chroot": "", "gosu": "", "su-exec": "",
	"tini": "", "dumb-init": "", "catchsegv": "", "setarch": "", "linux32": "", "unbuffer": "", "then": "",
}

// wrapperOperands are operands that come before the command that is run.
var wrapperOperands = map[string]int{"timeout": 1, "chroot": 1, "gosu": 1, "su-exec": 1, "setarch": 1}

// wrapper tells how many words belong to a program that runs the rest; false where
// the first word is no such program, or nothing follows that it would run.
func wrapper(words []Word, assigned map[string]string) (int, bool) {
	name := programName(words[0].Text)
	flags, ok := wrapperFlags[name]
	if !ok || !words[0].Known {
		return 0, false
	}
	if name == "command" && len(words) > 1 && (words[1].Text == "-v" || words[1].Text == "-V") {
		return 0, false
	}
	withValue := strings.Fields(flags)
	operands := wrapperOperands[name]
	for i := 1; i < len(words); i++ {
		text := words[i].Text
		switch {
		case text == "--":
			return i + 1, i+1 < len(words)
		case strings.HasPrefix(text, "-") && len(text) > 1:
			for _, f := range withValue {
				if text == f {
					i++
					break
				}
			}
		case name == "env" && strings.Contains(text, "="), name == "sudo" && strings.Contains(text, "="):
			k, v, _ := strings.Cut(text, "=")
			assigned[k] = v
		case operands > 0:
			operands--
		default:
			return i, true
		}
	}
	return 0, false
}

// nested follows sh -c "…" and eval "…".
func (in *Instruction) nested(s *Script, c *Command) {
	if s.depth >= maxNested {
		return
	}
	_, isShell := shells(c.Name)
	for i, a := range c.Args {
		runs := isShell && strings.HasPrefix(a.Text, "-") && !strings.HasPrefix(a.Text, "--") && strings.HasSuffix(a.Text, "c")
		if !runs || i+1 >= len(c.Args) {
			continue
		}
		w := c.Args[i+1]
		in.parseScript(&Script{
			Instruction: in, Text: Text{String: w.Text, file: in.File}, Shell: c.Name,
			Nested: true, at: w.Range, depth: s.depth + 1,
		})
		return
	}
}

// wordText is a word without its quotes, with the Dockerfile's variables filled in.
func (s *Script) wordText(w *syntax.Word) (string, bool) {
	var b strings.Builder
	known := s.writeParts(&b, w.Parts, false)
	return b.String(), known
}

func (s *Script) writeParts(b *strings.Builder, parts []syntax.WordPart, quoted bool) bool {
	known := true
	for _, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			b.WriteString(unescape(p.Value, quoted))
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			known = s.writeParts(b, p.Parts, true) && known
		case *syntax.ParamExp:
			if p.Param != nil {
				if v, ok := s.Instruction.plainValue(p); ok && s.Instruction.File.expands(v) {
					b.WriteString(v)
					continue
				}
			}
			known = false
			b.WriteString(s.written(p))
		default:
			known = false
			b.WriteString(s.written(p))
		}
	}
	return known
}

// plainValue is the value of $NAME or ${NAME}, where the Dockerfile knows it.
func (in *Instruction) plainValue(p *syntax.ParamExp) (string, bool) {
	if !plain(p) {
		return "", false
	}
	v, ok := in.Lookup(p.Param.Value)
	return v.Value, ok && v.Known
}

// plain tells $NAME and ${NAME} from expansions that change the value.
func plain(p *syntax.ParamExp) bool {
	return p.Param != nil && !p.Excl && !p.Length && !p.Width && p.Index == nil && p.Slice == nil && p.Repl == nil && p.Exp == nil
}

// unescape takes backslashes off as a shell does.
func unescape(s string, quoted bool) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (!quoted || strings.IndexByte("$`\"\\\n", s[i+1]) >= 0) {
			i++
			if s[i] == '\n' {
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// maxExpanded bounds what the variables of all commands of a file come to: a long
// value may be named thousands of times.
const maxExpanded = 16 << 20

// expands counts a value that is filled in; it is false where there were too many.
func (f *File) expands(v string) bool {
	f.expanded += len(v)
	return f.expanded <= maxExpanded
}

// written is a part as the script has it, cut where it is long: what stands in a
// substitution is repeated in each one around it. A variable alone is written in
// its short form, $NAME.
func (s *Script) written(n syntax.Node) string {
	const longest = 1 << 10
	if p, ok := n.(*syntax.ParamExp); ok && plain(p) {
		return "$" + p.Param.Value
	}
	from, to := min(int(n.Pos().Offset()), len(s.Text.String)), min(int(n.End().Offset()), len(s.Text.String))
	return s.Text.String[from:max(from, min(to, from+longest))]
}
