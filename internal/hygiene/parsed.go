package hygiene

import (
	"mvdan.cc/sh/v3/syntax"

	"plimsoll/internal/dockerfile"
)

// parsedScript is a script with the nodes that rules look at, taken down in one
// walk for all of them.
type parsedScript struct {
	*dockerfile.Script
	// windows is set where the script is for Windows.
	windows bool

	calls   []*syntax.CallExpr
	assigns []*syntax.Assign
	decls   []*syntax.DeclClause
	ors     []*syntax.BinaryCmd
	// writing are statements whose output is redirected.
	writing []*syntax.Stmt
	// lists are statements that run one after the other.
	lists [][]*syntax.Stmt
	// others are the nodes that only some shells know.
	others []syntax.Node
}

// scripts are those of every instruction that holds a command, where a POSIX shell
// or Bash reads them.
func (l *Lint) scripts() []*parsedScript {
	if l.parsed != nil {
		return l.parsed
	}
	l.parsed = []*parsedScript{}
	for _, in := range l.All("run", "cmd", "entrypoint", "healthcheck") {
		scripts := in.Scripts()
		windows := len(scripts) > 0 && onWindows(in)
		for _, s := range scripts {
			if s.File != nil {
				p := &parsedScript{Script: s, windows: windows}
				p.read()
				l.parsed = append(l.parsed, p)
			}
		}
	}
	return l.parsed
}

func (p *parsedScript) read() {
	syntax.Walk(p.File, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.File:
			p.list(n.Stmts)
		case *syntax.Block:
			p.list(n.Stmts)
		case *syntax.Subshell:
			p.list(n.Stmts)
		case *syntax.IfClause:
			p.list(n.Then)
		case *syntax.ForClause:
			p.list(n.Do)
			if _, ok := n.Loop.(*syntax.CStyleLoop); ok {
				p.others = append(p.others, n.Loop)
			}
		case *syntax.WhileClause:
			p.list(n.Do)
		case *syntax.Stmt:
			if len(n.Redirs) > 0 {
				p.writing = append(p.writing, n)
			}
		case *syntax.CallExpr:
			if len(n.Args) > 0 {
				p.calls = append(p.calls, n)
				p.others = append(p.others, n)
			}
		case *syntax.Assign:
			p.assigns = append(p.assigns, n)
			p.others = append(p.others, n)
		case *syntax.DeclClause:
			p.decls = append(p.decls, n)
			p.others = append(p.others, n)
		case *syntax.BinaryCmd:
			if n.Op == syntax.OrStmt {
				p.ors = append(p.ors, n)
			}
			if n.Op == syntax.PipeAll {
				p.others = append(p.others, n)
			}
		case *syntax.FuncDecl, *syntax.LetClause, *syntax.TestClause, *syntax.ArithmCmd, *syntax.ProcSubst, *syntax.SglQuoted, *syntax.Redirect, *syntax.ParamExp:
			p.others = append(p.others, n)
		}
		return true
	})
}

// list keeps what has a second statement.
func (p *parsedScript) list(list []*syntax.Stmt) {
	if len(list) > 1 {
		p.lists = append(p.lists, list)
	}
}

// eachScript hands out the scripts that are not for Windows.
func eachScript(l *Lint, do func(*dockerfile.Instruction, *parsedScript)) {
	for _, s := range l.scripts() {
		if !s.windows {
			do(s.Instruction, s)
		}
	}
}

func (p *parsedScript) eachCall(do func(*syntax.CallExpr)) {
	for _, c := range p.calls {
		do(c)
	}
}
