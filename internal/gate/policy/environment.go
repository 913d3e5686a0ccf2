package policy

import (
	"fmt"
	"reflect"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"plimsoll/internal/advisory"
	"plimsoll/internal/secret"
)

// Limits on one expression.
const (
	maxExpression = 4096 // characters
	maxNodes      = 5000 // after macros are expanded
	maxNesting    = 3    // comprehensions within one another
	maxRegexp     = 2000 // instructions of a compiled pattern
)

// severities and confidences are the constants of the language.
func severities() []advisory.Severity {
	return []advisory.Severity{advisory.Unknown, advisory.Negligible, advisory.Low, advisory.Medium, advisory.High, advisory.Critical}
}

func confidences() []secret.Confidence {
	return []secret.Confidence{secret.Possible, secret.Likely, secret.Certain}
}

// environments compile the expressions of one policy: one environment for each subject.
type environments struct {
	base      *cel.Env
	bySubject map[Subject]*cel.Env
}

func newEnvironments() (*environments, error) {
	options := []cel.EnvOption{
		cel.ParserExpressionSizeLimit(maxExpression),
		cel.ParserRecursionLimit(64),
		cel.ExpressionNodeLimit(maxNodes),
		cel.RegexProgramSizeLimit(maxRegexp),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateDurationLiterals(),
			cel.ValidateComprehensionNestingLimit(maxNesting)),
		cel.Types(viewTypes()...),
		cel.Variable("now", cel.TimestampType),
		cel.Variable("image", objectType[ImageView]()),
		cel.Macros(olderMacro()),
		cel.Function(olderFunction,
			cel.Overload("older_date", []*cel.Type{cel.StringType, cel.IntType, cel.TimestampType}, cel.BoolType, cel.FunctionBinding(olderDate)),
			cel.Overload("older_time", []*cel.Type{cel.TimestampType, cel.IntType, cel.TimestampType}, cel.BoolType, cel.FunctionBinding(olderTime)),
		),
	}
	for _, s := range severities() {
		options = append(options, cel.Constant(s.String(), cel.IntType, types.Int(s)))
	}
	for _, c := range confidences() {
		options = append(options, cel.Constant(c.String(), cel.IntType, types.Int(c)))
	}
	base, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("make the language of policies: %w", err)
	}
	return &environments{base: base, bySubject: map[Subject]*cel.Env{}}, nil
}

func viewTypes() []any {
	named := types.ParseStructTag("cel")
	return []any{
		cel.NativeTypeFor[FindingView](named), cel.NativeTypeFor[ActionView](named), cel.NativeTypeFor[HygieneView](named),
		cel.NativeTypeFor[DockerfileView](named), cel.NativeTypeFor[ExecutableView](named), cel.NativeTypeFor[PackageView](named),
		cel.NativeTypeFor[ImageView](named),
	}
}

// objectType is a view's type in the language.
func objectType[T any]() *cel.Type { return cel.ObjectType(reflect.TypeFor[T]().String()) }

// of returns the environment of a subject's rules.
func (e *environments) of(s Subject) (*cel.Env, error) {
	if env := e.bySubject[s]; env != nil {
		return env, nil
	}
	var vars []cel.EnvOption
	switch s {
	case Findings:
		vars = append(vars, cel.Variable(s.Variable(), objectType[FindingView]()))
	case Actions:
		vars = append(vars, cel.Variable(s.Variable(), objectType[ActionView]()))
	case Hygiene:
		vars = append(vars, cel.Variable(s.Variable(), objectType[HygieneView]()))
	case Dockerfile:
		vars = append(vars, cel.Variable(s.Variable(), objectType[DockerfileView]()))
	case Executables:
		vars = append(vars, cel.Variable(s.Variable(), objectType[ExecutableView]()))
	case Packages:
		vars = append(vars, cel.Variable(s.Variable(), objectType[PackageView]()))
	case Image:
		vars = append(vars,
			cel.Variable("findings", cel.ListType(objectType[FindingView]())),
			cel.Variable("actions", cel.ListType(objectType[ActionView]())),
			cel.Variable("hygiene", cel.ListType(objectType[HygieneView]())),
			cel.Variable("executables", cel.ListType(objectType[ExecutableView]())),
			cel.Variable("packages", cel.ListType(objectType[PackageView]())))
	}
	env, err := e.base.Extend(vars...)
	if err != nil {
		return nil, fmt.Errorf("make the language of rules for %s: %w", s, err)
	}
	e.bySubject[s] = env
	return env, nil
}

// olderFunction is what date.older(days) becomes: the time it is asked at is a
// variable, so that a policy gives the same answer on the same day.
const olderFunction = "olderAt"

func olderMacro() cel.Macro {
	return cel.ReceiverMacro("older", 1, func(mef cel.MacroExprFactory, target ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
		return mef.NewCall(olderFunction, target, args[0], mef.NewIdent("now")), nil
	})
}

// olderDate compares a day (YYYY-MM-DD); one that is not known is not older.
func olderDate(args ...ref.Val) ref.Val {
	day, err := time.Parse(time.DateOnly, string(args[0].(types.String)))
	if err != nil {
		return types.False
	}
	return older(day, args[1], args[2])
}

func olderTime(args ...ref.Val) ref.Val {
	return older(args[0].(types.Timestamp).Time, args[1], args[2])
}

func older(t time.Time, days, now ref.Val) ref.Val {
	n := int64(days.(types.Int))
	if n < 0 || n > 100_000 {
		return types.NewErr("older: %d is no number of days from 0 to 100,000", n)
	}
	if t.IsZero() {
		return types.False
	}
	return types.Bool(now.(types.Timestamp).Time.After(t.AddDate(0, 0, int(n))))
}
