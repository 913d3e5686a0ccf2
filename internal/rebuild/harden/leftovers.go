package harden

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/hygiene"
)

// edit is hygiene's, by a shorter name.
type edit = hygiene.Edit

var reAtDigest = regexp.MustCompile(`@sha256:[0-9a-f]{64}`)

var reCopyName = regexp.MustCompile(`^[A-Za-z0-9._@+-]+$`)

func pathMatch(pattern, name string) (bool, error) { return path.Match(pattern, name) }

func line(n int) string {
	if n == 0 {
		return "(new)"
	}
	return strconv.Itoa(n)
}

// ours are TODO topics of ours that speak of a rule's finding as well.
var ours = map[string][]string{
	"base-latest": {"pin"}, "base-untagged": {"pin"},
}

// leftovers makes a TODO of each finding of weight that nothing has closed.
func leftovers(w *work) error {
	for _, f := range w.standing() {
		if f.Severity < advisory.Medium {
			continue
		}
		in := w.instructionAt(f.Range.Start.Line)
		if in == nil {
			in = w.file.Target().From
		}
		if slices.ContainsFunc(ours[f.Rule], func(about string) bool { return w.hasTodo(in, about) }) || w.todoInStage(in.Stage.Index, f) {
			continue
		}
		w.todo(in, f.Rule, "%s. %s", reAtDigest.ReplaceAllString(f.Message, ""), f.Remedy)
	}
	return nil
}

// todoInStage tells whether the final stage has a TODO about a rule that speaks of it
// as a whole, such as the one about its user.
func (w *work) todoInStage(stage int, f hygiene.Finding) bool {
	if !strings.HasPrefix(f.Rule, "user-") {
		return false
	}
	for _, in := range w.file.Stages[stage].Instructions {
		if w.hasTodo(in, f.Rule) {
			return true
		}
	}
	return w.hasTodo(w.file.Stages[stage].From, f.Rule)
}
