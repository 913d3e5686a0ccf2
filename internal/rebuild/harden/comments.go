package harden

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
	"plimsoll/internal/hygiene"
)

var reIgnore = regexp.MustCompile(`(?i)ignore|check\s*=|nosec|shellcheck`)

// above is the offset at which a comment about an instruction is put: directly above
// it, but not between it and the comments that lift rules for it.
func (w *work) above(in *dockerfile.Instruction) int {
	line := in.StartLine
	for _, c := range slices.Backward(w.file.CommentsAbove(in)) {
		if !reIgnore.MatchString(c.Text) || w.isDirective(c.Line) {
			break
		}
		line = c.Line
	}
	return w.lineStart(line)
}

func (w *work) isDirective(line int) bool {
	for _, d := range w.file.Directives {
		if d.Range.Start.Line == line {
			return true
		}
	}
	return false
}

// lineStart is where a line begins, behind a byte order mark.
func (w *work) lineStart(line int) int {
	if at := w.file.LineStart(line); at > 0 || !bytes.HasPrefix(w.file.Source, []byte("\xef\xbb\xbf")) {
		return at
	}
	return 3
}

// width is how long a comment's line may be.
const width = 100

// comment is an edit that puts a comment above an instruction; false where that
// very comment stands there.
func (w *work) comment(in *dockerfile.Instruction, text string) (edit, bool) {
	lines := w.commentLines(text)
	above := w.file.CommentsAbove(in)
	if slices.ContainsFunc(above, func(c dockerfile.Comment) bool { return "# "+c.Text == lines[0] }) {
		return edit{}, false
	}
	at := w.above(in)
	return edit{From: at, To: at, New: strings.Join(lines, w.newline) + w.newline}, true
}

// commentLines breaks a comment between words.
func (w *work) commentLines(text string) []string {
	var lines []string
	line := "#"
	for _, word := range strings.Fields(w.clean(text)) {
		if len(line) > 3 && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = "#  "
		}
		line += " " + word
	}
	return append(lines, line)
}

// closing begins a comment with those of the rules that have a finding now.
func (w *work) closing(rules ...string) string {
	rules = slices.DeleteFunc(rules, func(rule string) bool {
		return !slices.ContainsFunc(w.standing(), func(f hygiene.Finding) bool { return f.Rule == rule })
	})
	if len(rules) == 0 {
		return ""
	}
	return "closes " + strings.Join(rules, ", ") + ": "
}

// explain is a comment as text, for instructions that are written anew.
func (w *work) explain(text string) string {
	return strings.Join(w.commentLines("plimsoll: "+text), w.newline) + w.newline
}

// clean makes one harmless line of a text, and hides what is secret.
func (w *work) clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = string(w.masked([]byte(s)))
	if len(s) > 600 {
		s = strings.ToValidUTF8(s[:600], "") + "…"
	}
	return s
}

// redacted stands for what nothing may show.
const redacted = "[redacted]"

// hide keeps a value from being shown wherever it stands. What is short is a word as
// well, and is hidden in its own place alone.
func (w *work) hide(t dockerfile.Text) {
	w.hideSpan(t.Offsets())
}

// hideSpan hides a stretch of the file.
func (w *work) hideSpan(from, to int) {
	if bytes.Equal(w.file.Source, w.input) {
		w.spans = append(w.spans, edit{From: from, To: to, New: redacted})
	}
	value := strings.Trim(string(w.file.Source[from:to]), `"'`)
	if len(value) >= 6 && !slices.Contains(w.hidden, value) {
		w.hidden = append(w.hidden, value)
		slices.SortFunc(w.hidden, func(a, b string) int { return len(b) - len(a) })
	}
}

// masked replaces what is hidden.
func (w *work) masked(text []byte) []byte {
	for _, h := range w.hidden {
		text = bytes.ReplaceAll(text, []byte(h), []byte(redacted))
	}
	return text
}

// original is the input without what is hidden.
func (w *work) original() []byte {
	var b bytes.Buffer
	at := 0
	slices.SortFunc(w.spans, func(a, b edit) int { return a.From - b.From })
	for _, s := range w.spans {
		if s.From >= at {
			b.Write(w.input[at:s.From])
			b.WriteString(redacted)
			at = s.To
		}
	}
	b.Write(w.input[at:])
	return w.masked(b.Bytes())
}
