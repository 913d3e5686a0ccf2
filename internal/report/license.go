package report

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed spdx-licenses.txt
var licenseList string

// licenseIDs is the SPDX licence list: lower-case identifier to its spelling.
type licenseIDs struct {
	licenses, exceptions map[string]string
}

var knownLicenses = sync.OnceValue(func() licenseIDs {
	ids := licenseIDs{licenses: map[string]string{}, exceptions: map[string]string{}}
	into := ids.licenses
	for line := range strings.Lines(licenseList) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case line == "with":
			into = ids.exceptions
		default:
			into[strings.ToLower(line)] = line
		}
	}
	return ids
})

// maxExpression is the longest licence text that is read as an expression.
const maxExpression = 1000

// licenseID returns the SPDX identifier that text is, in the list's spelling.
func licenseID(text string) (string, bool) {
	id, ok := knownLicenses().licenses[strings.ToLower(text)]
	return id, ok
}

// licenseExpression returns text as an SPDX licence expression (SPDX 2.3,
// annex D) in the list's spelling; ok is false where it is none or names a
// licence that the list does not have. Nesting is bounded.
func licenseExpression(text string) (expression string, ok bool) {
	if text == "" || len(text) > maxExpression {
		return "", false
	}
	p := expressionParser{tokens: expressionTokens(text)}
	if !p.or(0) || p.at != len(p.tokens) {
		return "", false
	}
	return strings.NewReplacer("( ", "(", " )", ")").Replace(strings.Join(p.out, " ")), true
}

// expressionTokens splits at spaces and around parentheses.
func expressionTokens(text string) []string {
	return strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))
}

// expressionParser is a recursive descent over OR, AND, WITH and parentheses.
type expressionParser struct {
	tokens []string
	at     int
	out    []string
}

const maxNesting = 16

func (p *expressionParser) or(depth int) bool {
	return p.joined("OR", depth, func() bool {
		return p.joined("AND", depth, func() bool { return p.term(depth) })
	})
}

// joined reads parts with an operator between them.
func (p *expressionParser) joined(operator string, depth int, part func() bool) bool {
	if depth > maxNesting || !part() {
		return false
	}
	for p.accept(operator) {
		if !part() {
			return false
		}
	}
	return true
}

// accept takes an operator, which SPDX writes in capitals and many write small.
func (p *expressionParser) accept(token string) bool {
	if p.at < len(p.tokens) && strings.EqualFold(p.tokens[p.at], token) {
		p.out = append(p.out, token)
		p.at++
		return true
	}
	return false
}

func (p *expressionParser) term(depth int) bool {
	if p.accept("(") {
		return p.or(depth+1) && p.accept(")")
	}
	if p.at >= len(p.tokens) {
		return false
	}
	name, plus := strings.CutSuffix(p.tokens[p.at], "+")
	id, ok := licenseID(name)
	if !ok {
		return false
	}
	if plus {
		id += "+"
	}
	p.at++
	p.out = append(p.out, id)
	if !p.accept("WITH") {
		return true
	}
	if p.at >= len(p.tokens) {
		return false
	}
	exception, ok := knownLicenses().exceptions[strings.ToLower(p.tokens[p.at])]
	if !ok {
		return false
	}
	p.at++
	p.out = append(p.out, exception)
	return true
}

// compound reports whether an expression is more than one identifier.
func compound(expression string) bool { return strings.ContainsAny(expression, " +(") }
