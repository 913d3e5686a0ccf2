package docker

import (
	"bytes"
	"strings"
)

const (
	// tailSize is how much of a build's output is kept.
	tailSize = 64 << 10
	// maxLine bounds a line that is handed on.
	maxLine = 4 << 10
	// maxAnswer bounds the answer of a command that asks.
	maxAnswer = 64 << 10
)

// tail keeps the end of what a command says, and hands on each line.
type tail struct {
	kept []byte
	line []byte
	each func(string)
}

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	if t.each == nil {
		return len(p), nil
	}
	for rest := p; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte{'\n'})
		if room := maxLine - len(t.line); len(line) > room {
			line = line[:room]
		}
		t.line = append(t.line, line...)
		if ended {
			t.each(strings.TrimRight(string(t.line), "\r"))
			t.line = t.line[:0]
		}
		rest = after
	}
	return len(p), nil
}

// lines are the last ones.
func (t *tail) lines(most int) []string {
	all := strings.Split(strings.TrimRight(string(t.kept), "\r\n"), "\n")
	return all[max(0, len(all)-most):]
}

// last is the last line.
func (t *tail) last() string { return strings.TrimSpace(t.lines(1)[0]) }

// limited drops what goes beyond maxAnswer.
type limited struct{ to *bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	l.to.Write(p[:min(len(p), max(0, maxAnswer-l.to.Len()))])
	return len(p), nil
}
