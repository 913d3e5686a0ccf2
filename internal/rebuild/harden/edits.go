package harden

import (
	"slices"

	"plimsoll/internal/dockerfile"
	"plimsoll/internal/hygiene"
)

// ownRules are rules whose edits a pass of ours makes, with what more it takes.
var ownRules = []string{"apt-no-recommends"}

// quiet are categories whose changes need no comment in the file: they say the same
// in another way.
var quiet = []hygiene.Category{hygiene.Form, hygiene.Start}

// ruleEdits makes the safe edits that rules offer.
func ruleEdits(w *work) error {
	said := map[int]map[string]bool{}
	for _, f := range w.standing() {
		if len(f.Edits) == 0 || slices.Contains(ownRules, f.Rule) {
			continue
		}
		in := w.instructionAt(f.Range.Start.Line)
		if in == nil || !w.mayEdit(in, &f) {
			continue
		}
		comment := ""
		if !slices.Contains(quiet, f.Category) && !said[in.Index][f.Rule] {
			comment = "closes " + f.Rule + ": " + f.Title
			if said[in.Index] == nil {
				said[in.Index] = map[string]bool{}
			}
			said[in.Index][f.Rule] = true
		}
		w.change(in, Change{Title: f.Title, Why: f.Remedy, Closes: []string{f.Rule}}, comment, f.Edits...)
	}
	return nil
}

// mayEdit keeps an edit from changing what the program is started with: a CMD in
// shell form behind an ENTRYPOINT in exec form is /bin/sh -c and one argument.
func (w *work) mayEdit(in *dockerfile.Instruction, f *hygiene.Finding) bool {
	if f.Category != hygiene.Start || in.Keyword != "cmd" || in.Exec || in.Stage == nil {
		return true
	}
	entry := in.Stage.Last("entrypoint")
	return entry == nil || passesOn(entry)
}

// instructionAt is the instruction that stands at a line; nil for none.
func (w *work) instructionAt(line int) *dockerfile.Instruction {
	i, ok := slices.BinarySearchFunc(w.file.Instructions, line, func(in *dockerfile.Instruction, line int) int {
		switch {
		case in.EndLine < line:
			return -1
		case in.StartLine > line:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return w.file.Instructions[i]
}
