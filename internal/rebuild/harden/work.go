package harden

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
	"plimsoll/internal/hygiene"
)

// work is the file as it stands, and what is being done to it.
type work struct {
	ctx   context.Context
	opt   Options
	file  *dockerfile.File
	files *hygiene.Context
	res   *Result
	// origin gives for each line of the file its line in the input; 0 for a new one.
	origin []int
	// newline is the file's line break; input is what was given.
	newline string
	input   []byte
	// hidden are values of secrets, which nothing may show; spans are where they stand
	// in the input.
	hidden []string
	spans  []edit
	// copies is set where the input copies folders of the context.
	copies bool
	// keys are private keys of the context, once keysRead.
	keys     []string
	keysRead bool
	// pending are the changes of the pass that runs.
	pending []pending
	// digests remembers what Resolve said.
	digests map[string]resolved
	// found are the standing findings of checked.
	found   []hygiene.Finding
	checked *dockerfile.File
	// spoiled are passes whose result the builder would refuse; they are not tried again.
	spoiled map[string]bool
}

// pending is a change that is not made yet: edits with the comment that explains
// them, made together or not at all.
type pending struct {
	edits  []edit
	change *Change
	todo   *Todo
	// secrets are mounted by the edits.
	secrets []BuildSecret
}

func newWork(ctx context.Context, f *dockerfile.File, files *hygiene.Context, opt Options) *work {
	w := &work{ctx: ctx, opt: opt, file: f, files: files, res: &Result{}, newline: "\n", input: f.Source, digests: map[string]resolved{}, spoiled: map[string]bool{}}
	if i := bytes.IndexByte(f.Source, '\n'); i > 0 && f.Source[i-1] == '\r' {
		w.newline = "\r\n"
	}
	for line := range f.Lines() + 1 {
		w.origin = append(w.origin, line)
	}
	return w
}

func (w *work) findings() []hygiene.Finding {
	return hygiene.Check(w.file, w.opt.Rules, hygiene.Options{Context: w.files, Now: w.opt.Now})
}

// standing are the findings that no comment lifts. Nobody changes the list.
func (w *work) standing() []hygiene.Finding {
	if w.checked != w.file {
		w.checked = w.file
		w.found = slices.DeleteFunc(w.findings(), func(f hygiene.Finding) bool { return f.Suppressed != nil })
	}
	return w.found
}

// pass runs one pass and makes its changes.
func (w *work) pass(p pass) error {
	if w.spoiled[p.name] {
		return nil
	}
	w.pending = nil
	if err := p.run(w); err != nil {
		return err
	}
	if len(w.pending) == 0 {
		return nil
	}
	taken, edits := w.choose()
	text, origin := w.apply(edits)
	if len(edits) > 0 {
		file, err := dockerfile.Parse(w.file.Name, text)
		if err != nil || len(file.Refused) > 0 || len(text) > dockerfile.MaxSize {
			w.spoiled[p.name] = true
			w.leave("the pass "+p.name, "the builder would refuse what it makes of this file")
			return nil
		}
		w.file, w.origin = file, origin
	}
	for _, t := range taken {
		w.record(t)
	}
	return nil
}

func (w *work) record(t pending) {
	if t.change != nil {
		for i := range w.res.Changes {
			if c := &w.res.Changes[i]; c.Title == t.change.Title && c.Why == t.change.Why {
				c.Lines = merge(c.Lines, t.change.Lines)
				c.Closes = merge(c.Closes, t.change.Closes)
				t.change = nil
				break
			}
		}
	}
	if t.change != nil {
		w.res.Changes = append(w.res.Changes, *t.change)
	}
	if t.todo != nil && !slices.ContainsFunc(w.res.Todos, func(o Todo) bool { return o.About == t.todo.About && o.Text == t.todo.Text }) {
		w.res.Todos = append(w.res.Todos, *t.todo)
	}
	for _, s := range t.secrets {
		if !slices.Contains(w.res.Secrets, s) {
			w.res.Secrets = append(w.res.Secrets, s)
		}
	}
}

func merge[T cmp.Ordered](a, b []T) []T {
	a = append(slices.Clone(a), b...)
	slices.Sort(a)
	return slices.Compact(a)
}

// choose takes the pending changes that do not get into one another's way; the
// others come in the next round.
func (w *work) choose() ([]pending, []edit) {
	var taken []pending
	var edits []edit
	for _, p := range w.pending {
		clash := slices.ContainsFunc(p.edits, func(e edit) bool {
			return e.From < 0 || e.To < e.From || e.To > len(w.file.Source) ||
				slices.ContainsFunc(edits, func(o edit) bool { return e != o && e.From < o.To && o.From < e.To })
		})
		if clash {
			continue
		}
		for _, e := range p.edits {
			if !slices.Contains(edits, e) {
				edits = append(edits, e)
			}
		}
		taken = append(taken, p)
	}
	// An insertion goes before what is replaced in its place.
	slices.SortStableFunc(edits, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(min(a.To-a.From, 1), min(b.To-b.From, 1)))
	})
	return taken, edits
}

// apply makes edits, and tells where each line of the result came from.
func (w *work) apply(edits []edit) ([]byte, []int) {
	source := w.file.Source
	var b bytes.Buffer
	origin := []int{0}
	started := true // whether a line begins here
	copyOf := func(from, to int) {
		line := w.file.Position(from).Line
		for at := from; at < to; line++ {
			end := min(w.file.LineStart(line+1), to)
			if end <= at {
				end = to
			}
			if started {
				origin = append(origin, w.originOf(line))
				started = false
			}
			if end > at && source[end-1] == '\n' {
				started = true
			}
			b.Write(source[at:end])
			at = end
		}
	}
	at := 0
	for _, e := range edits {
		if e.From < at {
			continue
		}
		copyOf(at, e.From)
		lines := w.replaced(e)
		for part := range strings.Lines(e.New) {
			if started {
				origin = append(origin, lines(part))
			}
			started = strings.HasSuffix(part, "\n")
		}
		b.WriteString(e.New)
		at = e.To
	}
	copyOf(at, len(source))
	return b.Bytes(), append(origin, 0)
}

// replaced tells for the lines of an edit's new text where they were before: a line
// that says the same, or else the edit's first.
func (w *work) replaced(e edit) func(part string) int {
	if e.To <= e.From {
		return func(string) int { return 0 }
	}
	first := w.file.Position(e.From).Line
	at := map[string]int{}
	for line := w.file.Position(e.To - 1).Line; line >= first; line-- {
		at[strings.TrimSpace(w.file.Line(line))] = line
	}
	return func(part string) int {
		if line, ok := at[strings.TrimSpace(part)]; ok && line > 0 {
			return w.originOf(line)
		}
		return w.originOf(first)
	}
}

// originOf is a line's place in the input.
func (w *work) originOf(line int) int {
	if line < 0 || line >= len(w.origin) {
		return 0
	}
	return w.origin[line]
}

// change puts down a change of one instruction, with the comment that explains it.
// The comment is the title in lower case, unless one is given.
func (w *work) change(in *dockerfile.Instruction, c Change, comment string, edits ...edit) *pending {
	if line := w.originOf(in.StartLine); line > 0 {
		c.Lines = []int{line}
	}
	p := pending{edits: edits, change: &c}
	if comment != "" {
		if e, ok := w.comment(in, "plimsoll: "+comment); ok {
			p.edits = append([]edit{e}, p.edits...)
		}
	}
	w.pending = append(w.pending, p)
	return &w.pending[len(w.pending)-1]
}

// todo puts down what a person has to decide, as a comment above an instruction. A
// TODO that stands there already is not repeated.
func (w *work) todo(in *dockerfile.Instruction, about, format string, args ...any) {
	t := Todo{About: about, Text: w.clean(fmt.Sprintf(format, args...)), Line: w.originOf(in.StartLine)}
	p := pending{todo: &t}
	if !w.hasTodo(in, about) {
		if e, ok := w.comment(in, "TODO(plimsoll): "+about+": "+t.Text); ok {
			p.edits = []edit{e}
		}
	}
	w.pending = append(w.pending, p)
}

// hasTodo tells whether the comments above an instruction have a TODO about
// something, or one of the pending ones is.
func (w *work) hasTodo(in *dockerfile.Instruction, about string) bool {
	mark := "TODO(plimsoll): " + about + ":"
	for _, c := range w.file.CommentsAbove(in) {
		if strings.HasPrefix(c.Text, mark) {
			return true
		}
	}
	at := w.above(in)
	for _, p := range w.pending {
		if p.todo != nil && p.todo.About == about && len(p.edits) == 1 && p.edits[0].From == at {
			return true
		}
	}
	return false
}

// leave notes once what was left alone.
func (w *work) leave(what, format string, args ...any) {
	l := Left{What: what, Why: w.clean(fmt.Sprintf(format, args...))}
	if !slices.Contains(w.res.Left, l) {
		w.res.Left = append(w.res.Left, l)
	}
}

// lines is the edit that takes whole instructions' lines out, or puts text in their place.
func (w *work) lines(in *dockerfile.Instruction, text string) edit {
	return edit{From: w.lineStart(in.StartLine), To: w.file.LineStart(in.EndLine + 1), New: text}
}

// behind is an edit that puts text behind an instruction, beginning on a new line.
func (w *work) behind(in *dockerfile.Instruction, text string) edit {
	at := w.file.LineStart(in.EndLine + 1)
	if at > 0 && w.file.Source[at-1] != '\n' {
		text = w.newline + text
	}
	return edit{From: at, To: at, New: text}
}

// shown is an instruction's keyword in upper case.
func shown(in *dockerfile.Instruction) string { return strings.ToUpper(in.Keyword) }
