package foreign

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"plimsoll/internal/gate/exception"
)

// gitleaksFinding is what is read of a report (gitleaks, report.Finding). The
// secret itself, which a report without --redact holds, never is.
type gitleaksFinding struct {
	RuleID      string
	File        string
	StartLine   int
	Fingerprint string
}

func (l *List) gitleaksBaseline(source []byte) error {
	var list []gitleaksFinding
	d := json.NewDecoder(bytes.NewReader(source))
	if err := d.Decode(&list); err != nil {
		return fmt.Errorf("%s: %w: a JSON list of findings is asked for: %s", l.File, ErrFormat, harmless(err))
	}
	for i := range list {
		f := &list[i]
		// A JSON report has no lines of its own that would help: the entry is counted.
		if f.RuleID == "" || f.File == "" {
			l.leave(i+1, "finding %d has no RuleID or no File", i+1)
			continue
		}
		l.gitleaks(f.RuleID, f.File, i+1)
	}
	return nil
}

// harmless is an error's kind without what it quotes of the file.
func harmless(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Sprintf("byte %d: a %s", kind.Offset, kind.Value)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("byte %d is no JSON", syntax.Offset)
	}
	return "it breaks off"
}

// gitleaksIgnore reads fingerprints: "commit:file:rule:line" or "file:rule:line".
func (l *List) gitleaksIgnore(source []byte) {
	for n, text := range strings.Split(string(source), "\n") {
		text = strings.TrimSpace(text)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		text, _, _ = strings.Cut(text, " #")
		parts := strings.Split(strings.TrimSpace(text), ":")
		last := len(parts) - 1
		if last >= 2 {
			if _, err := strconv.Atoi(parts[last]); err == nil && parts[last-1] != "" {
				file := parts[:last-1]
				if len(file) > 1 && isCommit(file[0]) {
					file = file[1:]
				}
				l.gitleaks(parts[last-1], strings.Join(file, ":"), n+1)
				continue
			}
		}
		l.leave(n+1, "%q is no fingerprint of gitleaks (commit:file:rule:line)", bound(text))
	}
}

func isCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// gitleaks takes in a rule in a file of a repository, which an image may hold in
// any folder.
func (l *List) gitleaks(rule, file string, line int) {
	e := exception.Exception{ID: l.secretRule(rule, line)}
	file = strings.TrimPrefix(strings.TrimPrefix(strings.ReplaceAll(file, `\`, "/"), "./"), "/")
	if !l.paths(&e, []string{"**/" + literal(file)}, line) {
		return
	}
	l.note(line, "a line of a file is not kept: each exception holds for its rule in the whole file, in whichever folder the image has it")
	l.add(e, line)
}
