package harden

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

var reOpenMode = regexp.MustCompile(`^0?777$|^(?:a|ugo)?\+rwx$|^a=rwx$`)

// modes makes programs that everybody may write ones that everybody may run. Folders
// are left: what is made in them may be another user's.
func modes(w *work) error {
	for _, f := range w.standing() {
		in := w.instructionAt(f.Range.Start.Line)
		if f.Rule != "world-writable" || in == nil {
			continue
		}
		switch in.Keyword {
		case "copy", "add":
			w.copyMode(in)
		case "run":
			for _, c := range in.Commands() {
				if c.Name == "chmod" && c.Range().Start.Line <= f.Range.Start.Line && f.Range.Start.Line <= c.Range().End.Line {
					w.chmodMode(in, c)
				}
			}
		}
	}
	return nil
}

var programMode = Change{
	Title: "let nobody rewrite a program", Closes: []string{"world-writable"},
	Why: "what everybody may write, whoever gets in can replace by his own",
}

func (w *work) copyMode(in *dockerfile.Instruction) {
	for _, f := range in.Flags {
		if f.Name != "chmod" || !reOpenMode.MatchString(f.Value) {
			continue
		}
		at := strings.LastIndex(f.Text.String, f.Value)
		if at < 0 {
			continue
		}
		from, to := f.Text.Slice(at, at+len(f.Value)).Offsets()
		w.change(in, programMode, "closes world-writable: to be run, not written", edit{From: from, To: to, New: "755"})
	}
}

// chmodMode changes the mode of files: what is no option of chmod, its mode, and a
// name that is a folder's.
func (w *work) chmodMode(in *dockerfile.Instruction, c *dockerfile.Command) {
	if c.HasFlag("-R", "--recursive") {
		return
	}
	operands := c.Operands()
	if len(operands) < 2 || !reOpenMode.MatchString(operands[0].Text) {
		return
	}
	for _, o := range operands[1:] {
		if !o.Known || !w.isFile(in, o.Text) {
			return
		}
	}
	if from, to, ok := operands[0].Offsets(); ok {
		w.change(in, programMode, "closes world-writable: to be run, not written", edit{From: from, To: to, New: "755"})
	}
}

// isFile tells whether a path of the image is a program's or a script's for certain.
func (w *work) isFile(in *dockerfile.Instruction, name string) bool {
	if strings.HasSuffix(name, "/") || strings.ContainsAny(name, "*?[") {
		return false
	}
	if slices.Contains([]string{".sh", ".py", ".rb", ".pl", ".js", ".bash"}, path.Ext(name)) {
		return true
	}
	switch path.Dir(name) {
	case "/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin":
		return path.Base(name) != ""
	}
	return false
}
