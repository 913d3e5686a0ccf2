package ci

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/dockerfile"
)

// script is a step's run as the engine of Dockerfiles reads it: as the here-document
// of a RUN, so that the rules of downloads hold for both.
type script struct {
	file *dockerfile.File
	run  *dockerfile.Instruction
	// at is where the step's text begins; literal is set where each of its lines is
	// one of the file.
	at      dockerfile.Range
	literal bool
	// indent counts the characters before each line of a literal text, in the file.
	indents []int
}

// The script's first line is this line of the Dockerfile that is made of it.
const scriptLine = 4

// Script reads the step's run; nil where there is none, or where it is no shell's.
func (s *Step) parsed(w *Workflow, j *Job) *script {
	if s.scriptOK {
		return s.script
	}
	s.scriptOK = true
	shell := firstOf(s.Shell, j.Defaults.Shell, w.Defaults.Shell, "bash")
	name, _, _ := strings.Cut(shell, " ")
	if s.Run.Value == "" || name != "bash" && name != "sh" {
		return nil
	}
	text := blankExpressions(s.Run.Value)
	end := "END_OF_RUN"
	for strings.Contains(text, end) {
		end += "_"
	}
	source := fmt.Sprintf("FROM scratch\nSHELL [%q, \"-c\"]\nRUN <<'%s'\n%s\n%s\n", name, end, strings.TrimRight(text, "\n"), end)
	f, err := dockerfile.Parse(w.Name, []byte(source))
	if err != nil || len(f.Stages) != 1 {
		return nil // a NUL byte or another thing that no shell would read
	}
	sc := &script{file: f, at: s.Run.Range}
	for _, in := range f.Stages[0].Instructions {
		if in.Keyword == "run" {
			sc.run = in
		}
	}
	if sc.run == nil {
		return nil
	}
	if n := s.Run.node; n.Style&yaml.LiteralStyle != 0 {
		sc.literal = true
		for i, line := range strings.Split(s.Run.Value, "\n") {
			at := n.Line + i // the line behind the indicator is the first
			indent := 0
			if at < len(w.lines) {
				if k := strings.Index(string(w.lines[at]), line); k >= 0 {
					indent = len([]rune(string(w.lines[at][:k])))
				}
			}
			sc.indents = append(sc.indents, indent)
		}
	}
	s.script = sc
	return sc
}

// place turns a place of the Dockerfile into one of the workflow. A text that YAML
// folds or quotes has one place.
func (sc *script) place(r dockerfile.Range) dockerfile.Range {
	if !sc.literal {
		return sc.at
	}
	move := func(p dockerfile.Position) dockerfile.Position {
		k := p.Line - scriptLine
		if k < 0 || k >= len(sc.indents) {
			return sc.at.Start
		}
		return dockerfile.Position{Line: sc.at.Start.Line + 1 + k, Column: p.Column + sc.indents[k]}
	}
	return dockerfile.Range{Start: move(r.Start), End: move(r.End)}
}

// commands are the simple commands of the step's run.
func (sc *script) commands() []*dockerfile.Command {
	if sc == nil {
		return nil
	}
	return sc.run.Commands()
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}
