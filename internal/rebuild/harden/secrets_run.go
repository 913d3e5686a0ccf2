package harden

import (
	"fmt"
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"plimsoll/internal/dockerfile"
)

// secretsInRuns takes credentials out of the text of RUNs: the step reads a variable
// instead, which is mounted for it alone. One is done at a time, since the next one's
// place moves.
func secretsInRuns(w *work) error {
	done := map[*dockerfile.Instruction]bool{}
	for _, f := range w.standing() {
		in := w.instructionAt(f.Range.Start.Line)
		if f.Rule != "secret-value" || in == nil || f.Range.Start.Line != f.Range.End.Line {
			continue
		}
		from, to := w.offset(f.Range.Start.Line, f.Range.Start.Column), w.offset(f.Range.End.Line, f.Range.End.Column)
		if from >= to || to > len(w.file.Source) || f.Range == in.Range() {
			continue
		}
		w.hideSpan(from, to)
		if in.Keyword != "run" || in.Exec || done[in] {
			continue
		}
		done[in] = true
		w.readFromMount(in, from, to)
	}
	return nil
}

var reAssigned = regexp.MustCompile(`(?:^|[\s;&(])([A-Za-z_][A-Za-z0-9_]*)=["']?$`)

// readFromMount replaces the bytes from from up to to of a RUN by a variable.
func (w *work) readFromMount(in *dockerfile.Instruction, from, to int) {
	scripts := in.Scripts()
	if len(scripts) == 0 || scripts[0].File == nil || scripts[0].Nested {
		return
	}
	quoting, ok := quotingAt(scripts[0], from, to)
	if !ok {
		return
	}
	secret := BuildSecret{Env: w.freeName(in, from)}
	secret.ID = strings.ToLower(secret.Env)
	variable := "${" + secret.Env + "}"
	switch quoting {
	case unquoted:
		variable = `"` + variable + `"`
	case singleQuoted:
		variable = `'"` + variable + `"'`
	}
	w.change(in, Change{
		Title: "read a secret from a mount", Closes: []string{"secret-value"},
		Why: "the text of a RUN is in the image's history, for everybody who has the image",
	}, "closes secret-value: the step reads it from docker build --secret id="+secret.ID+",env="+secret.Env, edit{From: from, To: to, New: variable})
	w.mount(in, []mounted{{BuildSecret: secret}})
	w.todo(in, "rotate-secret", "make a new %s and withdraw the old: it is in this file's history; and see that this step does not write it to a file that stays", secret.Env)
}

// freeName is what the secret is called: the variable that it is assigned to, or a
// name of ours.
func (w *work) freeName(in *dockerfile.Instruction, from int) string {
	before := string(w.file.Source[w.file.LineStart(w.file.Position(from).Line):from])
	if m := reAssigned.FindStringSubmatch(before); m != nil && len(m[1]) > 2 {
		return m[1]
	}
	text := string(w.file.Source)
	for n := 1; ; n++ {
		if name := fmt.Sprintf("BUILD_SECRET_%d", n); !strings.Contains(text, name) {
			return name
		}
	}
}

type quotes int

const (
	unquoted quotes = iota
	doubleQuoted
	singleQuoted
)

// quotingAt tells within which quotes a stretch of a script stands. ok is false where
// it is no part of one word's text.
func quotingAt(s *dockerfile.Script, from, to int) (q quotes, ok bool) {
	holds := func(n syntax.Node) bool {
		start, end, placed := s.Offsets(n.Pos(), n.End())
		return placed && start <= from && to <= end
	}
	syntax.Walk(s.File, func(n syntax.Node) bool {
		switch n := n.(type) {
		case nil:
			return true
		case *syntax.Redirect:
			if n.Hdoc != nil && holds(n.Hdoc) {
				// A document is expanded like double quotes, unless its mark is quoted.
				if _, plain := plainWord(n.Word); plain && n.Word.Lit() != "" {
					q, ok = doubleQuoted, true
				}
				return false
			}
		case *syntax.SglQuoted:
			if holds(n) && !n.Dollar {
				q, ok = singleQuoted, true
			}
			return false
		case *syntax.DblQuoted:
			if holds(n) {
				for _, part := range n.Parts {
					if _, lit := part.(*syntax.Lit); lit && holds(part) {
						q, ok = doubleQuoted, true
					}
				}
				return !ok
			}
			return false
		case *syntax.Lit:
			if holds(n) {
				q, ok = unquoted, true
			}
		case *syntax.Comment:
			return false
		}
		return true
	})
	return q, ok
}
