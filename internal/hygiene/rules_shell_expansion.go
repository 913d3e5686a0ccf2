package hygiene

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// expansionRules are about what a shell makes of words.
func expansionRules() []Rule {
	return []Rule{
		{
			ID: "rm-empty-variable", Title: "rm deletes the whole system where a variable is empty", Severity: advisory.Medium, Category: Shell,
			Peers:  Peers{Hadolint: []string{"SC2115"}},
			Why:    "rm -rf \"$DIR\"/* is rm -rf /* where DIR is empty or misspelled.",
			Remedy: "Write ${DIR:?}: the shell stops where the variable is empty.",
			Source: "https://www.shellcheck.net/wiki/SC2115",
			Check: func(l *Lint) {
				eachScript(l, func(in *dockerfile.Instruction, s *parsedScript) {
					var assigned map[string]bool
					s.eachCall(func(c *syntax.CallExpr) {
						if c.Args[0].Lit() != "rm" || !slices.ContainsFunc(c.Args[1:], isRecursive) {
							return
						}
						for _, w := range c.Args[1:] {
							name, ok := emptyRoot(w)
							if !ok {
								continue
							}
							if v, set := in.Lookup(name); set && v.Known && v.Value != "" || slices.Contains(alwaysSet, name) {
								continue
							}
							if assigned == nil {
								assigned = assignedIn(s)
							}
							if assigned[name] {
								continue
							}
							f := l.At(in, s.Range(w.Pos(), w.End()), "where %s is empty this deletes /", short(name))
							if _, set := in.Lookup(name); !set && strings.ToUpper(name) == name {
								// The base image may set it.
								f.Severity = min(f.Severity, advisory.Low)
							}
						}
					})
				})
			},
			Bad:  []Sample{file("FROM a:1\nARG D\nRUN rm -rf $D/*\n"), file("FROM a:1\nRUN rm -rf \"${dir}\"/\n"), file("FROM a:1\nRUN rm -r \"$dir/\"\n")},
			Good: []Sample{file("FROM a:1\nENV D=/x\nRUN rm -rf $D/*\n"), file("FROM a:1\nRUN d=/x && rm -rf $d/*\n"), file("FROM a:1\nRUN rm -rf ${D:?}/*\n"), file("FROM a:1\nRUN rm -rf $D/cache/*\n"), file("FROM a:1\nRUN rm $d/*\n"), file("FROM a:1\nRUN for d in a b; do rm -rf $d/*; done\n"), file("FROM a:1\nRUN rm -rf $HOME/*\n")},
		},
		{
			ID: "unquoted-variable", Title: "an unquoted variable names what is deleted or moved", Severity: advisory.Negligible, Category: Shell,
			Peers:  Peers{Hadolint: []string{"SC2086"}},
			Why:    "The shell splits its value at white space and expands what looks like a pattern: rm then gets other names than were meant.",
			Remedy: "Put it in double quotes.",
			Source: "https://www.shellcheck.net/wiki/SC2086",
			Check: func(l *Lint) {
				eachDestructive(l, func(in *dockerfile.Instruction, s *parsedScript, w *syntax.Word) {
					for _, p := range w.Parts {
						if e, ok := p.(*syntax.ParamExp); ok && e.Param != nil && !e.Length && unsafeValue(in, e.Param.Value) {
							l.At(in, s.Range(w.Pos(), w.End()), "%s is split at white space", short("$"+e.Param.Value))
							return
						}
					}
				})
			},
			Bad:  []Sample{file("FROM a:1\nARG D\nRUN rm -rf $D\n"), file("FROM a:1\nRUN mv $f /x\n")},
			Good: []Sample{file("FROM a:1\nARG D\nRUN rm -rf \"$D\"\n"), file("FROM a:1\nARG D=/x\nRUN rm -rf $D\n"), file("FROM a:1\nRUN apt-get install -y $PACKAGES\n"), file("FROM a:1\nRUN test $# = 1\n"), file("FROM a:1\nARG TARGETARCH\nRUN mv x-$TARGETARCH x\n")},
		},
		{
			ID: "unquoted-command", Title: "an unquoted command names what is deleted or moved", Severity: advisory.Negligible, Category: Shell,
			Peers:  Peers{Hadolint: []string{"SC2046"}},
			Why:    "The shell splits what the command prints at white space and expands what looks like a pattern.",
			Remedy: "Put $(…) in double quotes; for a list use find -delete or xargs -0.",
			Source: "https://www.shellcheck.net/wiki/SC2046",
			Check: func(l *Lint) {
				eachDestructive(l, func(in *dockerfile.Instruction, s *parsedScript, w *syntax.Word) {
					for _, p := range w.Parts {
						if sub, ok := p.(*syntax.CmdSubst); ok && !printsOneWord(sub) {
							l.At(in, s.Range(w.Pos(), w.End()), "what the command prints is split at white space")
							return
						}
					}
				})
			},
			Bad:  []Sample{file("FROM a:1\nRUN rm -rf $(find / -name x)\n"), file("FROM a:1\nRUN mv `ls` /x\n")},
			Good: []Sample{file("FROM a:1\nRUN rm -rf \"$(x)\"\n"), file("FROM a:1\nRUN rm $(which su) && mv a /usr/lib/$(uname -m)\n"), file("FROM a:1\nRUN make -j$(nproc)\n"), file("FROM a:1\nRUN apt-get install $(cat list)\n")},
		},
		{
			ID: "glob-option", Title: "a file's name may be taken for an option", Severity: advisory.Negligible, Category: Shell,
			Peers:  Peers{Hadolint: []string{"SC2035"}},
			Why:    "* also stands for a file that is called -rf.",
			Remedy: "Write ./*.",
			Source: "https://www.shellcheck.net/wiki/SC2035",
			Check: func(l *Lint) {
				eachScript(l, func(in *dockerfile.Instruction, s *parsedScript) {
					s.eachCall(func(c *syntax.CallExpr) {
						if !slices.Contains([]string{"rm", "chmod", "chown", "chgrp"}, c.Args[0].Lit()) {
							return
						}
						for _, w := range c.Args[1:] {
							if text := w.Lit(); text == "--" {
								return
							} else if strings.HasPrefix(text, "*") {
								f := l.At(in, s.Range(w.Pos(), w.End()), "%s also stands for names that begin with a hyphen", short(text))
								if from, _, ok := s.Offsets(w.Pos(), w.End()); ok {
									f.Edits = []Edit{{from, from, "./"}}
								}
								return
							}
						}
					})
				})
			},
			Bad:  []Sample{file("FROM a:1\nRUN rm -rf *\n"), file("FROM a:1\nRUN chown app *.txt\n")},
			Good: []Sample{file("FROM a:1\nRUN rm -rf ./*\n"), file("FROM a:1\nRUN rm -- *\n"), file("FROM a:1\nRUN rm '*'\n"), file("FROM a:1\nRUN cp *.txt /x\n")},
		},
		{
			ID: "quoted-tilde", Title: "a quoted ~ is no home directory", Severity: advisory.Low, Category: Shell,
			Peers:  Peers{Hadolint: []string{"SC2088"}},
			Why:    "In quotes the shell leaves ~ as it is, and the command makes or looks for a directory of that name.",
			Remedy: "Write $HOME, or the path.",
			Source: "https://www.shellcheck.net/wiki/SC2088",
			Check: func(l *Lint) {
				eachScript(l, func(in *dockerfile.Instruction, s *parsedScript) {
					s.eachCall(func(c *syntax.CallExpr) {
						if !slices.Contains([]string{"cd", "mkdir", "rm", "cp", "mv", "touch", "ln", "chmod", "chown", "cat", "tar", "unzip"}, c.Args[0].Lit()) {
							return
						}
						for _, w := range c.Args[1:] {
							text := literal(w)
							if _, bare := w.Parts[0].(*syntax.Lit); !bare && (text == "~" || strings.HasPrefix(text, "~/")) {
								l.At(in, s.Range(w.Pos(), w.End()), "%s is taken as it is", short(text))
							}
						}
					})
				})
			},
			Bad:  []Sample{file("FROM a:1\nRUN mkdir -p \"~/.ssh\"\n"), file("FROM a:1\nRUN cd '~/x' && make\n")},
			Good: []Sample{file("FROM a:1\nRUN mkdir -p ~/.ssh\n"), file("FROM a:1\nRUN echo '~/x'\n"), file("FROM a:1\nRUN mkdir -p \"$HOME/.ssh\"\n")},
		},
	}
}

// printsOneWord tells commands whose output holds no white space.
func printsOneWord(sub *syntax.CmdSubst) bool {
	if len(sub.Stmts) != 1 {
		return false
	}
	name, args := called(sub.Stmts[0])
	switch name {
	case "uname", "arch", "which", "nproc", "id", "whoami", "pwd":
		return true
	case "go":
		return len(args) == 2 && args[0].Lit() == "env"
	case "dpkg":
		return len(args) == 1 && args[0].Lit() == "--print-architecture"
	case "command":
		return len(args) == 2 && args[0].Lit() == "-v"
	}
	return false
}

// alwaysSet are variables that a shell sets itself or every container has.
var alwaysSet = []string{"HOME", "PWD", "PATH", "OLDPWD", "SHELL"}

// eachDestructive hands out the operands of commands that delete, move or change
// what they are given.
func eachDestructive(l *Lint, do func(*dockerfile.Instruction, *parsedScript, *syntax.Word)) {
	eachScript(l, func(in *dockerfile.Instruction, s *parsedScript) {
		s.eachCall(func(c *syntax.CallExpr) {
			if !slices.Contains([]string{"rm", "mv", "rmdir", "shred", "unlink"}, c.Args[0].Lit()) {
				return
			}
			for _, w := range c.Args[1:] {
				do(in, s, w)
			}
		})
	})
}

func isRecursive(w *syntax.Word) bool {
	text := w.Lit()
	return text == "--recursive" || strings.HasPrefix(text, "-") && !strings.HasPrefix(text, "--") && strings.ContainsAny(text, "rR")
}

// emptyRoot tells words that are / or /* where their variable is empty.
func emptyRoot(w *syntax.Word) (string, bool) {
	name := ""
	var rest strings.Builder
	var read func([]syntax.WordPart) bool
	read = func(parts []syntax.WordPart) bool {
		for _, p := range parts {
			switch p := p.(type) {
			case *syntax.ParamExp:
				if name != "" || rest.Len() > 0 || p.Param == nil || p.Exp != nil || p.Slice != nil || p.Repl != nil || p.Length || p.Excl {
					return false
				}
				name = p.Param.Value
			case *syntax.Lit:
				rest.WriteString(p.Value)
			case *syntax.SglQuoted:
				rest.WriteString(p.Value)
			case *syntax.DblQuoted:
				if !read(p.Parts) {
					return false
				}
			default:
				return false
			}
		}
		return true
	}
	if !read(w.Parts) || name == "" {
		return "", false
	}
	switch rest.String() {
	case "/", "/*", "/.", "/.*", "/{*,.*}":
		return name, true
	}
	return "", false
}

// assignedIn are the variables that a script sets.
func assignedIn(s *parsedScript) map[string]bool {
	names := map[string]bool{}
	for _, a := range s.assigns {
		if a.Name != nil {
			names[a.Name.Value] = true
		}
	}
	syntax.Walk(s.File, func(n syntax.Node) bool {
		if n, ok := n.(*syntax.WordIter); ok {
			names[n.Name.Value] = true
		}
		return true
	})
	s.eachCall(func(c *syntax.CallExpr) {
		if c.Args[0].Lit() == "read" {
			for _, w := range c.Args[1:] {
				names[w.Lit()] = true
			}
		}
	})
	return names
}

// unsafeValue tells a variable whose value isn't known to be one plain word.
func unsafeValue(in *dockerfile.Instruction, name string) bool {
	if len(name) == 1 && !(name[0] >= 'a' && name[0] <= 'z' || name[0] >= 'A' && name[0] <= 'Z') || slices.Contains(alwaysSet, name) {
		return false
	}
	// What BuildKit sets is one word: https://docs.docker.com/build/building/variables/.
	if strings.HasPrefix(name, "TARGET") || strings.HasPrefix(name, "BUILD") {
		return false
	}
	v, ok := in.Lookup(name)
	return !ok || !v.Known || strings.ContainsAny(v.Value, " \t\n*?[")
}
