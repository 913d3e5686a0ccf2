package dockerfile

import (
	"encoding/json"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// Instruction is one instruction with its place.
type Instruction struct {
	File *File
	// Stage is nil for what stands before the first FROM.
	Stage *Stage
	// Index is its number in File.Instructions; of a trigger, that of its ONBUILD.
	Index int
	// Keyword is in lower case, Written as the file has it.
	Keyword, Written string
	// Text is the whole instruction without heredocs; Args what stands behind the
	// keyword and the flags.
	Text, Args Text
	Flags      []Flag
	// Words are Args split at white space, quotes kept. In exec form (JSON) they are
	// the elements without their quotes.
	Words []Text
	// Exec is set where Args is a JSON array.
	Exec     bool
	Heredocs []Heredoc
	// Command is BuildKit's typed reading; nil for FROM and where the builder
	// refuses the instruction.
	Command instructions.Command
	// Trigger is the instruction of an ONBUILD; Within that ONBUILD.
	Trigger, Within *Instruction
	// StartLine and EndLine take heredocs in; textEnd does not.
	StartLine, EndLine int
	textEnd            int
	// EmptyLines are lines without content between continued lines.
	EmptyLines []int

	scripts   []*Script
	commands  []*Command
	scriptsOK bool
}

// Flag is one --name=value of an instruction.
type Flag struct {
	Name, Value string
	Text        Text
}

// Heredoc is a document within an instruction.
type Heredoc struct {
	Name string
	// Text is its content. Where Chomp is set, leading tabs belong to the source and
	// not to the document.
	Text   Text
	Expand bool
	Chomp  bool
}

// Flag returns the value of a flag that is given once, or the first.
func (in *Instruction) Flag(name string) (string, bool) {
	for _, f := range in.Flags {
		if f.Name == name {
			return f.Value, true
		}
	}
	return "", false
}

// Range is where the whole instruction stands, heredocs left out.
func (in *Instruction) Range() Range { return in.Text.Trim().Whole() }

// Lines is the stretch of whole lines, heredocs included.
func (in *Instruction) Lines() Range { return in.File.LineRange(in.StartLine, in.EndLine) }

// instruction takes a node apart.
func (f *File) instruction(node *parser.Node) *Instruction {
	in := &Instruction{
		File: f, Keyword: strings.ToLower(node.Value), Written: node.Value,
		StartLine: node.StartLine, EndLine: node.EndLine, Exec: node.Attributes["json"],
	}
	in.Text, in.textEnd, in.EmptyLines = f.join(node.StartLine, node.EndLine)
	in.takeApart(in.Text.Trim())
	f.heredocs(in, node)
	if in.Keyword == "onbuild" && len(in.Args.String) > 0 {
		in.Trigger = f.trigger(in, node)
	}
	return in
}

// trigger is the instruction that an ONBUILD holds back.
func (f *File) trigger(in *Instruction, node *parser.Node) *Instruction {
	t := &Instruction{File: f, Text: in.Args, StartLine: in.StartLine, EndLine: in.EndLine, textEnd: in.textEnd, Within: in, Heredocs: in.Heredocs}
	word := in.Args.Words()[0].String
	t.Keyword, t.Written = strings.ToLower(word), word
	if node.Next != nil && len(node.Next.Children) == 1 {
		child := node.Next.Children[0]
		t.Exec = child.Attributes["json"]
		child.StartLine, child.EndLine = node.StartLine, node.EndLine
		child.Heredocs = node.Heredocs
		if typed, err := instructions.ParseInstruction(child); err == nil {
			t.Command, _ = typed.(instructions.Command)
		}
	}
	t.takeApart(in.Args)
	return t
}

// takeApart splits keyword, flags, arguments and words.
func (in *Instruction) takeApart(t Text) {
	at := len(in.Written)
	for at < len(t.String) && isSpace(t.String[at]) {
		at++
	}
	for strings.HasPrefix(t.String[at:], "--") {
		words := t.Slice(at, len(t.String)).Words()
		if len(words) == 0 || words[0].String == "--" {
			at += 2
			break
		}
		w := words[0]
		name, value, _ := strings.Cut(strings.TrimPrefix(w.String, "--"), "=")
		in.Flags = append(in.Flags, Flag{Name: name, Value: unquote(value), Text: w})
		at += len(w.String)
		for at < len(t.String) && isSpace(t.String[at]) {
			at++
		}
	}
	in.Args = t.Slice(at, len(t.String)).Trim()
	if in.Keyword == "healthcheck" {
		in.Exec = in.Exec && strings.Contains(in.Args.String, "[")
	}
	if in.Exec {
		in.Words = jsonWords(in.Args)
		return
	}
	in.Words = in.Args.Words()
}

// unquote takes the quotes off a word that they surround.
func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

// jsonWords finds the strings of a JSON array. Their text is decoded, their place
// that of what stands between the quotes.
func jsonWords(t Text) []Text {
	var words []Text
	for i := 0; i < len(t.String); i++ {
		if t.String[i] != '"' {
			continue
		}
		end := i + 1
		for end < len(t.String) && t.String[end] != '"' {
			if t.String[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end, len(t.String))
		w := t.Slice(i+1, end)
		var decoded string
		if json.Unmarshal([]byte(t.String[i:min(end+1, len(t.String))]), &decoded) == nil {
			w.String = decoded
		}
		words = append(words, w)
		i = end
	}
	return words
}

// join reads the lines of an instruction as BuildKit's parser does: continuation
// characters and comments go, what is left is one line. It returns the last line of
// the text, before any heredoc, and the lines that were empty.
func (f *File) join(first, last int) (t Text, end int, empty []int) {
	t.file = f
	var b strings.Builder
	for line := first; line <= last; line++ {
		end = line
		from := f.LineStart(line)
		s := f.Line(line)
		if line == first {
			trimmed := strings.TrimLeft(strings.TrimPrefix(s, "\ufeff"), " \t\v\f\r")
			from += len(s) - len(trimmed)
			s = trimmed
		} else {
			switch trimmed := strings.TrimLeft(s, " \t\v\f\r"); {
			case strings.HasPrefix(trimmed, "#"):
				continue
			case trimmed == "":
				empty = append(empty, line)
				continue
			}
		}
		s, continued := f.cutContinuation(s)
		t.pieces = append(t.pieces, piece{b.Len(), from})
		b.WriteString(s)
		if !continued {
			break
		}
	}
	t.String = b.String()
	return t, end, empty
}

// cutContinuation takes a trailing escape character off, with the blanks behind it. An
// escaped escape character continues nothing.
func (f *File) cutContinuation(s string) (string, bool) {
	end := len(s)
	for end > 0 && (s[end-1] == ' ' || s[end-1] == '\t') {
		end--
	}
	if end == 0 || rune(s[end-1]) != f.Escape || end > 1 && rune(s[end-2]) == f.Escape {
		return s, false
	}
	return s[:end-1], true
}

// heredocs gives the documents of a node their places.
func (f *File) heredocs(in *Instruction, node *parser.Node) {
	line := in.textEnd + 1
	for _, h := range node.Heredocs {
		from := f.LineStart(line)
		for ; line <= node.EndLine; line++ {
			s := f.Line(line)
			if h.Chomp {
				s = strings.TrimLeft(s, "\t")
			}
			if s == h.Name {
				break
			}
		}
		to := f.LineStart(line)
		line++
		in.Heredocs = append(in.Heredocs, Heredoc{
			Name: h.Name, Expand: h.Expand, Chomp: h.Chomp,
			Text: Text{String: string(f.Source[from:to]), file: f, pieces: []piece{{0, from}}},
		})
	}
}
