package policy

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
)

// program is a compiled expression, with the names that it speaks of.
type program struct {
	cel.Program
	names map[string]bool
}

// fault is something wrong with an expression, at a place within it: Line
// counts from 1, Column from 0, in characters.
type fault struct {
	line, column int
	text         string
	// warning is set for what is odd and no error.
	warning bool
}

// compile checks one expression and what it says; result is the type it must have.
func (e *environments) compile(s Subject, text string, result *cel.Type) (*program, []fault, error) {
	env, err := e.of(s)
	if err != nil {
		return nil, nil, err
	}
	checked, issues := env.Compile(text)
	if err := issues.Err(); err != nil {
		return nil, faultsOf(issues.Errors()), nil
	}
	if !checked.OutputType().IsExactType(result) {
		return nil, []fault{{line: 1, text: fmt.Sprintf("the expression is a %s, where a %s is asked for", checked.OutputType(), result)}}, nil
	}
	p, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize, cel.OptTrackCost), cel.CostLimit(maxCost), cel.InterruptCheckFrequency(1000))
	if err != nil {
		return nil, []fault{{line: 1, text: err.Error()}}, nil
	}
	r := newReader(checked, s)
	faults := r.faults(result == cel.BoolType)
	return &program{p, r.names}, faults, nil
}

// maxFaults is how many errors of one expression are told.
const maxFaults = 5

func faultsOf(errors []*cel.Error) []fault {
	var faults []fault
	for i, e := range errors {
		if i == maxFaults {
			break
		}
		text := strings.ReplaceAll(strings.Join(strings.Fields(e.Message), " "), " (in container '')", "")
		text = strings.ReplaceAll(text, "policy.", "")
		faults = append(faults, fault{line: e.Location.Line(), column: max(0, e.Location.Column()), text: text + hint(e.Message)})
	}
	return faults
}

// hint adds what the language's own message leaves out.
func hint(message string) string {
	switch {
	case strings.Contains(message, "(int, string)") && strings.Contains(message, "no matching overload"):
		return "; severities and confidences are compared with words that stand without quotes: >= high, >= likely"
	case strings.Contains(message, "reserved identifier: package"):
		return "; a package is pkg in an expression"
	}
	return ""
}

// reader looks through an expression that the language accepts for what can
// never be meant.
type reader struct {
	ast     *ast.AST
	subject Subject
	found   []fault
	names   map[string]bool
}

func newReader(checked *cel.Ast, s Subject) *reader {
	return &reader{ast: checked.NativeRep(), subject: s, names: map[string]bool{}}
}

func (r *reader) faults(condition bool) []fault {
	ast.PreOrderVisit(r.ast.Expr(), ast.NewExprVisitor(r.visit))
	if condition && !r.mentionsSubject() {
		r.found = append(r.found, fault{line: 1, warning: true, text: fmt.Sprintf("the condition never mentions %s, so that it holds of all of them or of none", r.subject.Variable())})
	}
	slices.SortStableFunc(r.found, func(a, b fault) int { return (a.line-b.line)*maxExpression + a.column - b.column })
	return r.found
}

func (r *reader) mentionsSubject() bool {
	if r.subject != Image {
		return r.names[r.subject.Variable()]
	}
	for _, name := range []string{"image", "findings", "actions", "hygiene", "executables", "packages"} {
		if r.names[name] {
			return true
		}
	}
	return false
}

func (r *reader) visit(e ast.Expr) {
	switch e.Kind() {
	case ast.IdentKind:
		r.names[e.AsIdent()] = true
	case ast.CallKind:
		call := e.AsCall()
		if args := call.Args(); len(args) == 2 {
			switch call.FunctionName() {
			case operators.Equals, operators.NotEquals, operators.In:
				r.compared(args[0], args[1])
				r.compared(args[1], args[0])
				r.scales(args[0], args[1])
			case operators.Greater, operators.GreaterEquals, operators.Less, operators.LessEquals:
				r.scales(args[0], args[1])
			}
		}
	}
}

// compared holds the words that a field is compared with against those it can have.
func (r *reader) compared(field, with ast.Expr) {
	name := r.field(field)
	known, what := vocabulary(name)
	if known == nil {
		return
	}
	literals := []ast.Expr{with}
	if with.Kind() == ast.ListKind {
		literals = with.AsList().Elements()
	}
	for _, l := range literals {
		if l.Kind() != ast.LiteralKind {
			continue
		}
		if word, ok := l.AsLiteral().Value().(string); ok && !slices.Contains(known, word) {
			text := fmt.Sprintf("no %s is ever %q: one of %s", what, word, strings.Join(known, ", "))
			isRule := strings.HasSuffix(name, ".rule")
			if isRule {
				text = fmt.Sprintf("there is no rule %q in docs/lint-rules.md", word)
			}
			r.add(l, text, isRule)
		}
	}
}

// scales reports a severity held against a confidence, or either against a bare number.
func (r *reader) scales(a, b ast.Expr) {
	x, y := r.scale(a), r.scale(b)
	switch {
	case x == "" || y == "" || x == y:
	case x == "number" || y == "number":
		r.add(a, "severities and confidences are compared with their words: >= high, >= likely", true)
	default:
		r.add(a, fmt.Sprintf("a %s is compared with a %s", x, y), false)
	}
}

func (r *reader) scale(e ast.Expr) string {
	switch e.Kind() {
	case ast.SelectKind:
		if f := e.AsSelect().FieldName(); f == "severity" || f == "confidence" {
			return f
		}
	case ast.IdentKind:
		if advisory.ParseSeverity(e.AsIdent()) != advisory.Unknown {
			return "severity"
		}
		for _, c := range confidences() {
			if c.String() == e.AsIdent() {
				return "confidence"
			}
		}
	case ast.LiteralKind:
		if _, ok := e.AsLiteral().Value().(int64); ok {
			return "number"
		}
	}
	return ""
}

func (r *reader) add(e ast.Expr, text string, warning bool) {
	var at common.Location = r.ast.SourceInfo().GetStartLocation(e.ID())
	r.found = append(r.found, fault{line: max(1, at.Line()), column: max(0, at.Column()), text: text, warning: warning})
}

// field is the type and name of a selected field: "FindingView.kind".
func (r *reader) field(e ast.Expr) string {
	if e.Kind() != ast.SelectKind {
		return ""
	}
	s := e.AsSelect()
	t := r.ast.GetType(s.Operand().ID())
	if t == nil {
		return ""
	}
	return strings.TrimPrefix(t.TypeName(), "policy.") + "." + s.FieldName()
}

// vocabulary lists the words that a field can have, sorted; nil for free text.
func vocabulary(field string) (known []string, what string) {
	switch field {
	case "FindingView.kind":
		return words(triage.Vulnerability, triage.EndOfLife, triage.Secret, triage.Malware, triage.Provenance), "kind of finding"
	case "FindingView.disposition":
		return words(triage.Rebuild, triage.Defer, triage.Track, triage.Accepted), "disposition"
	case "FixView.state":
		return words(advisory.FixUnknown, advisory.Fixed, advisory.NotFixed, advisory.WontFix, advisory.FixDeferred, advisory.EndOfLife, advisory.NotAffected, advisory.UnderReview), "state of a fix"
	case "FindingView.liveness", "ExecutableView.liveness", "PackageView.liveness":
		return words(inventory.Visible, inventory.Shadowed, inventory.Deleted, inventory.Ghost, inventory.InConfig), "liveness"
	case "ExecutableView.status":
		return words(account.Statuses()...), "status"
	case "ActionView.kind":
		return words(triage.BumpBase, triage.UpgradePackage, triage.RefreshLayer, triage.BumpDependency, triage.RebuildBinary, triage.UpgradeRuntime,
			triage.ChangeRelease, triage.RotateSecret, triage.RemoveCode, triage.Reinstall), "kind of action"
	case "HygieneView.category", "DockerfileView.category":
		return words(hygiene.Categories()...), "category"
	case "HygieneView.rule", "DockerfileView.rule":
		var ids []string
		for _, r := range hygiene.Rules() {
			ids = append(ids, r.ID)
		}
		slices.Sort(ids)
		return ids, "rule"
	}
	return nil, ""
}
