package dockerfile

import (
	"path"
	"slices"
	"sort"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// maxScript is the longest script that is parsed, in bytes; maxNested how many
// scripts within scripts (sh -c "…") are followed.
const (
	maxScript = 256 << 10
	maxNested = 3
)

// Script is what an instruction hands to a shell.
type Script struct {
	Instruction *Instruction
	Text        Text
	// Shell is the interpreter's name: "sh", "bash"; "powershell", "cmd" and other
	// languages are not parsed.
	Shell string
	// File is nil where the script could not be parsed, for the reason Err.
	File *syntax.File
	Err  error
	// Nested is set for the argument of sh -c, whose bytes have no places of their own.
	Nested bool

	depth int
	// at is the place of a nested script.
	at Range
}

// Range is where in the source a stretch of the script stands.
func (s *Script) Range(from, to syntax.Pos) Range {
	if s.Nested {
		return s.at
	}
	return s.Text.Range(int(from.Offset()), int(to.Offset()))
}

// Offsets are the byte offsets in the source of a stretch of the script; ok is false
// where its bytes have no places of their own.
func (s *Script) Offsets(from, to syntax.Pos) (start, end int, ok bool) {
	if s.Nested {
		return 0, 0, false
	}
	start, end = s.Text.Slice(int(from.Offset()), int(to.Offset())).Offsets()
	return start, end, true
}

// Scripts are what an instruction hands to a shell: a shell form, a heredoc, and
// the script of an exec form that names a shell. Scripts within scripts follow the
// one that holds them.
func (in *Instruction) Scripts() []*Script {
	in.readScripts()
	return in.scripts
}

// Commands are the simple commands of all scripts, in the order of the text; of an
// exec form without a shell the one command that it is.
func (in *Instruction) Commands() []*Command {
	in.readScripts()
	return in.commands
}

func (in *Instruction) readScripts() {
	if in.scriptsOK {
		return
	}
	in.scriptsOK = true
	text, ok := in.commandText()
	if !ok {
		return
	}
	if in.Exec {
		in.execCommand()
		return
	}
	shell := "sh"
	if words := in.Shell(); len(words) > 0 {
		shell = interpreter(words[0])
	}
	if len(in.Heredocs) > 0 {
		text, shell = in.withHeredocs(text, shell)
	}
	in.parseScript(&Script{Instruction: in, Text: text, Shell: shell})
}

// commandText is the part of the instruction that is a command.
func (in *Instruction) commandText() (Text, bool) {
	switch in.Keyword {
	case "run", "cmd", "entrypoint":
		return in.Args, in.Args.String != ""
	case "healthcheck":
		if w := in.Args.Words(); len(w) > 1 && strings.EqualFold(w[0].String, "cmd") {
			return in.Args.Slice(len(w[0].String), len(in.Args.String)).Trim(), true
		}
	}
	return Text{}, false
}

// Shell is what the last SHELL before the instruction set; nil for the default.
func (in *Instruction) Shell() []string {
	if in.Stage == nil {
		return nil
	}
	set := in.Stage.inherited
	if n := sort.Search(len(in.Stage.shells), func(i int) bool { return in.Stage.shells[i].Index >= in.Index }); n > 0 {
		set = in.Stage.shells[n-1]
	}
	if set == nil {
		return nil
	}
	var words []string
	for _, w := range set.Words {
		words = append(words, w.String)
	}
	return words
}

// interpreter is the plain name of a program: "/bin/bash" is bash, "pwsh.exe" pwsh.
func interpreter(program string) string {
	name := path.Base(strings.ReplaceAll(program, `\`, "/"))
	return strings.TrimSuffix(strings.ToLower(name), ".exe")
}

// withHeredocs is the script that BuildKit makes of a RUN with documents: the first
// one itself where the RUN is nothing else, or else the line with its documents.
func (in *Instruction) withHeredocs(line Text, shell string) (Text, string) {
	first := in.Heredocs[0]
	if words := line.Words(); len(words) == 1 && strings.Contains(words[0].String, "<<") {
		if bang, ok := strings.CutPrefix(strings.TrimLeft(firstLine(first.Text.String), "\t"), "#!"); ok {
			if fields := strings.Fields(bang); len(fields) > 0 {
				shell = interpreter(fields[0])
				if shell == "env" && len(fields) > 1 {
					shell = interpreter(fields[1])
				}
			}
		}
		return first.Text, shell
	}
	all := line
	all.pieces = slices.Clone(line.pieces)
	var b strings.Builder
	b.WriteString(line.String)
	for _, h := range in.Heredocs {
		b.WriteString("\n")
		from, _ := h.Text.Offsets()
		all.pieces = append(all.pieces, piece{b.Len(), from})
		b.WriteString(h.Text.String)
		b.WriteString(h.Name)
	}
	all.String = b.String()
	return all, shell
}

// shells are the interpreters whose scripts are parsed.
func shells(name string) (syntax.LangVariant, bool) {
	switch name {
	case "bash", "sh", "ash", "dash", "busybox":
		return syntax.LangBash, true
	case "ksh", "mksh":
		return syntax.LangMirBSDKorn, true
	case "zsh":
		return syntax.LangZsh, true
	}
	return 0, false
}

// parseScript parses a script, and collects its commands.
func (in *Instruction) parseScript(s *Script) {
	in.scripts = append(in.scripts, s)
	lang, ok := shells(s.Shell)
	if !ok || len(s.Text.String) > maxScript {
		return
	}
	s.File, s.Err = parseShell(s.Text.String, lang)
	if s.File != nil {
		in.collect(s)
	}
}

// parseShell parses as the shell's own language, and as POSIX where that fails.
func parseShell(script string, lang syntax.LangVariant) (*syntax.File, error) {
	file, err := syntax.NewParser(syntax.Variant(lang)).Parse(strings.NewReader(script), "")
	if err == nil {
		return file, nil
	}
	if file, posixErr := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), ""); posixErr == nil {
		return file, nil
	}
	return nil, err
}
