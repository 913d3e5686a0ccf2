package harden

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"plimsoll/internal/dockerfile"
)

// handingOn are programs that start the rest of their command line, so that CMD
// behind them is a command.
var handingOn = []string{"tini", "dumb-init", "docker-entrypoint.sh", "entrypoint.sh", "gosu", "su-exec", "catatonit", "env", "exec", "docker-php-entrypoint"}

// passesOn tells whether an ENTRYPOINT starts what CMD says.
func passesOn(entry *dockerfile.Instruction) bool {
	if !entry.Exec || len(entry.Words) == 0 {
		return true // the shell form takes no notice of CMD
	}
	return slices.Contains(handingOn, path.Base(entry.Words[0].String))
}

// startCommands writes CMD and ENTRYPOINT in exec form, so that the program itself
// gets the signals. What needs a shell gets one, and the shell gives way to it.
func startCommands(w *work) error {
	for _, s := range w.file.Stages {
		if w.distributionOf(s) == windows || len(s.Instructions) > 0 && s.Instructions[len(s.Instructions)-1].Shell() != nil {
			continue
		}
		for _, in := range s.Instructions {
			if in.Keyword != "cmd" && in.Keyword != "entrypoint" || in.Exec || len(in.Heredocs) > 0 || !s.InFinal() {
				continue
			}
			if entry := s.Last("entrypoint"); in.Keyword == "cmd" && entry != nil && !passesOn(entry) {
				continue
			}
			if form, ok := execForm(in); ok {
				from, to := in.Args.Offsets()
				w.change(in, Change{
					Title: "start in exec form", Closes: []string{"shell-form-start"},
					Why: "behind a shell the program never gets the signal to stop, and is killed",
				}, "", edit{From: from, To: to, New: form})
			}
		}
	}
	return nil
}

// execForm is a shell form as a JSON array.
func execForm(in *dockerfile.Instruction) (string, bool) {
	scripts := in.Scripts()
	if len(scripts) == 0 || scripts[0].File == nil || scripts[0].Shell != "sh" || len(scripts[0].File.Stmts) != 1 {
		return "", false
	}
	text := scripts[0].Text.String
	stmt := scripts[0].File.Stmts[0]
	if stmt.Background || stmt.Negated || stmt.Coprocess || stmt.Semicolon.IsValid() || strings.ContainsAny(text, "\x00\n\r") {
		return "", false
	}
	last := stmt
	for {
		b, ok := last.Cmd.(*syntax.BinaryCmd)
		if !ok {
			break
		}
		if b.Op != syntax.AndStmt {
			return "", false
		}
		last = b.Y
	}
	call, ok := last.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return "", false
	}
	if words, ok := plainWords(call); ok && last == stmt && len(stmt.Redirs) == 0 && len(call.Assigns) == 0 && !slices.Contains(shellWords, words[0]) {
		return jsonArray(words)
	}
	name, ok := plainWord(call.Args[0])
	if !ok || slices.Contains(shellWords, name) {
		return "", false
	}
	at := int(call.Pos().Offset())
	if len(call.Assigns) > 0 {
		// NAME=value exec program hands the variable on all the same.
		at = int(call.Args[0].Pos().Offset())
	}
	return jsonArray([]string{"sh", "-c", text[:at] + "exec " + text[at:]})
}

// shellWords are a shell's own, which exec can't start.
var shellWords = []string{
	"exec", "cd", "source", ".", "eval", "export", "set", "trap", "ulimit", "umask", "wait", "exit", "return", "read", "unset", "alias", ":",
	"true", "false", "if", "for", "while", "until", "case", "{", "(", "[", "[[", "command", "builtin", "type", "shift",
}

// plainWords are the words of a command in which nothing is expanded.
func plainWords(call *syntax.CallExpr) ([]string, bool) {
	var words []string
	for _, w := range call.Args {
		s, ok := plainWord(w)
		if !ok {
			return nil, false
		}
		words = append(words, s)
	}
	return words, true
}

func plainWord(w *syntax.Word) (string, bool) {
	var b strings.Builder
	for i, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.Lit:
			if strings.ContainsAny(p.Value, `*?[]{}\!`) || i == 0 && strings.HasPrefix(p.Value, "~") {
				return "", false
			}
			b.WriteString(p.Value)
		case *syntax.SglQuoted:
			if p.Dollar {
				return "", false
			}
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			for _, inner := range p.Parts {
				l, ok := inner.(*syntax.Lit)
				if !ok || strings.Contains(l.Value, `\`) {
					return "", false
				}
				b.WriteString(l.Value)
			}
		default:
			return "", false
		}
	}
	return b.String(), true
}

// jsonArray writes words as Dockerfiles have them, without escapes for HTML.
func jsonArray(words []string) (string, bool) {
	var quoted []string
	for _, word := range words {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(word); err != nil {
			return "", false
		}
		quoted = append(quoted, strings.TrimSuffix(b.String(), "\n"))
	}
	return "[" + strings.Join(quoted, ", ") + "]", true
}
