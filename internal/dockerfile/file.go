package dockerfile

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// MaxSize is the longest file in bytes; BuildKit itself bounds a line to 64 KiB.
const MaxSize = 4 << 20

// ErrTooLarge is returned for a file longer than MaxSize.
var ErrTooLarge = errors.New("larger than 4 MiB, which no Dockerfile is")

// File is a parsed Dockerfile.
type File struct {
	// Name is what the file is called in reports.
	Name   string
	Source []byte
	// Escape is '\\' or '`'.
	Escape rune
	// Directives are the parser directives at the top, by lower-case name:
	// syntax, escape, check.
	Directives map[string]Directive
	// Args are the ARG instructions before the first FROM.
	Args []*Instruction
	// Stages are in the order of the file.
	Stages []*Stage
	// Instructions are all of them, in the order of the file.
	Instructions []*Instruction
	// Comments are all whole-line comments outside heredocs, directives included.
	Comments []Comment
	// Refused are instructions that the builder does not accept, with its reason.
	Refused []Refusal

	lineStarts []int
	// globals are what the ARGs before the first FROM say, in order; named are the
	// stages of a name in lower case.
	globals map[string][]Variable
	named   map[string][]*Stage
	// marks count the characters before every stride bytes; see characters.
	marks []int
	// expanded counts the bytes of variables that were filled in; see maxExpanded.
	expanded int
}

// Directive is one parser directive.
type Directive struct {
	Name, Value string
	Range       Range
}

// Comment is one comment line.
type Comment struct {
	Line int
	// Text is what stands behind the number sign, without space around it.
	Text string
	// Instruction is the next one, or the one that the comment stands within; nil
	// behind the last.
	Instruction *Instruction
	// Within is set where the comment stands between an instruction's lines.
	Within bool
}

// Refusal is an instruction that the builder does not accept.
type Refusal struct {
	Instruction *Instruction
	// Reason is the builder's.
	Reason string
}

// SyntaxError is what makes a file unreadable.
type SyntaxError struct {
	Name string
	Line int
	Err  error
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d: %v", e.Name, e.Line, e.Err)
}

func (e *SyntaxError) Unwrap() error { return e.Err }

// Parse reads a file. name is for messages. The error is ErrTooLarge or a
// *SyntaxError; an instruction that the builder would refuse is no error here but
// stands in Refused.
func Parse(name string, source []byte) (*File, error) {
	if len(source) > MaxSize {
		return nil, fmt.Errorf("%s: %w", name, ErrTooLarge)
	}
	f := &File{Name: name, Source: source, Escape: '\\', Directives: map[string]Directive{}, lineStarts: []int{0}}
	for i, c := range source {
		if c == '\n' && i+1 < len(source) {
			f.lineStarts = append(f.lineStarts, i+1)
		}
	}
	if line, ok := binaryLine(source); ok {
		return nil, &SyntaxError{name, line, errors.New("holds a NUL byte: this is no Dockerfile")}
	}
	result, err := parser.Parse(bytes.NewReader(source))
	if err != nil {
		return nil, f.syntaxError(err)
	}
	f.Escape = result.EscapeToken
	f.readDirectives()
	for _, node := range result.AST.Children {
		f.add(node)
	}
	f.tie()
	f.readComments()
	return f, nil
}

func binaryLine(source []byte) (int, bool) {
	i := bytes.IndexByte(source, 0)
	if i < 0 {
		return 0, false
	}
	return 1 + bytes.Count(source[:i], []byte("\n")), true
}

func (f *File) syntaxError(err error) error {
	line := 1
	var located *parser.LocationError
	if errors.As(err, &located) {
		if len(located.Locations) > 0 && len(located.Locations[0]) > 0 {
			line = max(1, located.Locations[0][0].Start.Line)
		}
	}
	return &SyntaxError{f.Name, line, errors.New(firstLine(err.Error()))}
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// readDirectives finds the parser directives with BuildKit's own reader.
func (f *File) readDirectives() {
	var p parser.DirectiveParser
	all, err := p.ParseAll(bytes.TrimPrefix(f.Source, []byte("\xef\xbb\xbf")))
	if err != nil {
		return // Parse would have failed
	}
	for _, d := range all {
		line := d.Location[0].Start.Line
		f.Directives[d.Name] = Directive{Name: d.Name, Value: d.Value, Range: f.LineRange(line, line)}
	}
}

// add takes in one top-level node.
func (f *File) add(node *parser.Node) {
	in := f.instruction(node)
	in.Index = len(f.Instructions)
	f.Instructions = append(f.Instructions, in)
	// Comments speak to BuildKit's linter alone, and without one it does not survive
	// "# check=" above an instruction.
	node.PrevComment = nil
	typed, err := instructions.ParseInstruction(node)
	if err != nil {
		f.Refused = append(f.Refused, Refusal{in, reason(err)})
	}
	switch typed := typed.(type) {
	case *instructions.Stage:
		f.Stages = append(f.Stages, &Stage{Index: len(f.Stages), File: f, From: in, Name: typed.Name, Base: typed.BaseName, Platform: typed.Platform})
		in.Stage = f.Stages[len(f.Stages)-1]
		return
	case instructions.Command:
		in.Command = typed
	}
	if in.Keyword == "from" && err != nil && len(in.Words) > 0 {
		// A stage all the same, so that what follows is judged in its place.
		f.Stages = append(f.Stages, &Stage{Index: len(f.Stages), File: f, From: in, Base: in.Words[0].String})
	}
	if len(f.Stages) == 0 {
		if in.Keyword == "arg" {
			f.Args = append(f.Args, in)
		} else if err == nil {
			f.Refused = append(f.Refused, Refusal{in, "no build stage in current context: a FROM has to come first"})
		}
		return
	}
	in.Stage = f.Stages[len(f.Stages)-1]
	if in.Keyword != "from" {
		in.Stage.Instructions = append(in.Stage.Instructions, in)
	}
	if trigger := in.Trigger; trigger != nil {
		trigger.Stage = in.Stage
	}
}

// reason is the builder's message without its location.
func reason(err error) string {
	return firstLine(err.Error())
}

// readComments lists the comment lines and ties each to its instruction.
func (f *File) readComments() {
	next := 0
	for line := 1; line <= f.Lines(); line++ {
		for next < len(f.Instructions) && f.Instructions[next].EndLine < line {
			next++
		}
		text := strings.TrimSpace(f.Line(line))
		if line == 1 {
			text = strings.TrimPrefix(text, "\ufeff")
		}
		if !strings.HasPrefix(text, "#") {
			continue
		}
		c := Comment{Line: line, Text: strings.TrimSpace(text[1:])}
		if next < len(f.Instructions) {
			in := f.Instructions[next]
			c.Instruction = in
			if line >= in.StartLine {
				if line > in.textEnd {
					continue // a heredoc's content
				}
				c.Within = true
			}
		}
		f.Comments = append(f.Comments, c)
	}
}

// CommentsAbove are the comment lines that stand directly above an instruction,
// without an empty line between.
func (f *File) CommentsAbove(in *Instruction) []Comment {
	var above []Comment
	line := in.StartLine - 1
	for i := len(f.Comments) - 1; i >= 0; i-- {
		if c := f.Comments[i]; c.Line == line && !c.Within {
			above = append([]Comment{c}, above...)
			line--
		}
	}
	return above
}
