package ci

import (
	"fmt"
	"strings"
)

// facts are what expressions of a rehearsal may ask: contexts by their full name in
// lower case ("steps.gate.outcome", "env.GATE_READY" keeps its case behind env.), and
// the job's status.
type facts struct {
	values map[string]string
	// unknown contexts of steps and env are empty, as GitHub has them; others are errors.
	failed bool
}

// condition evaluates an if. Without a status function it means success() && (…)
// (https://docs.github.com/actions/reference/workflows-and-actions/expressions).
func (f *facts) condition(text string) (bool, error) {
	text = strings.TrimSpace(text)
	if all := expressions(text); len(all) == 1 && all[0].from == 0 && all[0].to == len(text) {
		text = all[0].Text
	} else if len(all) > 0 {
		return false, fmt.Errorf("if: %s mixes text and expressions", oneLine(text))
	}
	if text == "" {
		return !f.failed, nil
	}
	e := &evaluation{facts: f, text: text}
	v, err := e.all()
	if err != nil {
		return false, fmt.Errorf("if: %s: %w", oneLine(text), err)
	}
	if !e.status && f.failed {
		return false, nil
	}
	return truthy(v), nil
}

// fill puts values in the places of the expressions of a text.
func (f *facts) fill(text string) (string, error) {
	var b strings.Builder
	at := 0
	for _, x := range expressions(text) {
		v, err := (&evaluation{facts: f, text: x.Text}).all()
		if err != nil {
			return "", fmt.Errorf("${{ %s }}: %w", oneLine(x.Text), err)
		}
		b.WriteString(text[at:x.from])
		b.WriteString(v)
		at = x.to
	}
	b.WriteString(text[at:])
	return b.String(), nil
}

// evaluation reads the part of the language that gates are written in: literals,
// contexts, status functions, !, ==, !=, && and ||. Values are strings; booleans are
// "true" and "false".
type evaluation struct {
	facts  *facts
	text   string
	at     int
	depth  int
	status bool
}

func truthy(v string) bool { return v != "" && v != "false" && v != "0" && v != "null" }

func word(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

func (e *evaluation) all() (string, error) {
	v, err := e.or()
	if err != nil {
		return "", err
	}
	if e.space(); e.at < len(e.text) {
		return "", fmt.Errorf("%q can't be evaluated in a rehearsal", e.text[e.at:])
	}
	return v, nil
}

func (e *evaluation) space() {
	for e.at < len(e.text) && strings.ContainsRune(" \t\r\n", rune(e.text[e.at])) {
		e.at++
	}
}

func (e *evaluation) take(token string) bool {
	e.space()
	if strings.HasPrefix(e.text[e.at:], token) {
		e.at += len(token)
		return true
	}
	return false
}

func (e *evaluation) or() (string, error) {
	if e.depth++; e.depth > 50 {
		return "", fmt.Errorf("nested too deeply")
	}
	defer func() { e.depth-- }()
	v, err := e.and()
	for err == nil && e.take("||") {
		var w string
		if w, err = e.and(); err == nil && !truthy(v) {
			v = w
		}
	}
	return v, err
}

func (e *evaluation) and() (string, error) {
	v, err := e.equal()
	for err == nil && e.take("&&") {
		var w string
		if w, err = e.equal(); err == nil && truthy(v) {
			v = w
		}
	}
	return v, err
}

func (e *evaluation) equal() (string, error) {
	v, err := e.not()
	for err == nil {
		var w string
		switch {
		case e.take("=="):
			if w, err = e.not(); err == nil {
				v = word(strings.EqualFold(v, w))
			}
		case e.take("!="):
			if w, err = e.not(); err == nil {
				v = word(!strings.EqualFold(v, w))
			}
		default:
			return v, nil
		}
	}
	return v, err
}

func (e *evaluation) not() (string, error) {
	negate := false
	for {
		e.space()
		if !strings.HasPrefix(e.text[e.at:], "!") || strings.HasPrefix(e.text[e.at:], "!=") {
			break
		}
		e.at++
		negate = !negate
	}
	v, err := e.primary()
	if negate && err == nil {
		v = word(!truthy(v))
	}
	return v, err
}

func (e *evaluation) primary() (string, error) {
	switch {
	case e.take("("):
		v, err := e.or()
		if err == nil && !e.take(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return v, err
	case e.take("'"):
		var b strings.Builder
		for e.at < len(e.text) {
			c := e.text[e.at]
			e.at++
			if c == '\'' {
				if e.at < len(e.text) && e.text[e.at] == '\'' {
					e.at++
				} else {
					return b.String(), nil
				}
			}
			b.WriteByte(c)
		}
		return "", fmt.Errorf("a string is not closed")
	}
	e.space()
	from := e.at
	for e.at < len(e.text) && isWord(e.text[e.at]) {
		e.at++
	}
	name := e.text[from:e.at]
	if name == "" {
		return "", fmt.Errorf("%q can't be evaluated in a rehearsal", e.text[from:])
	}
	if e.take("(") {
		if !e.take(")") {
			return "", fmt.Errorf("function %s can't be evaluated in a rehearsal", name)
		}
		e.status = true
		switch strings.ToLower(name) {
		case "always":
			return "true", nil
		case "success":
			return word(!e.facts.failed), nil
		case "failure":
			return word(e.facts.failed), nil
		case "cancelled":
			return "false", nil
		}
		return "", fmt.Errorf("function %s can't be evaluated in a rehearsal", name)
	}
	return e.facts.value(name)
}

func isWord(c byte) bool {
	return c == '.' || c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (f *facts) value(name string) (string, error) {
	switch name {
	case "true", "false", "null":
		return name, nil
	}
	if strings.Trim(name, "0123456789") == "" {
		return name, nil
	}
	context, rest, _ := strings.Cut(name, ".")
	context = strings.ToLower(context)
	if context != "env" {
		rest = strings.ToLower(rest)
	}
	v, ok := f.values[context+"."+rest]
	if !ok && context != "env" && context != "steps" && context != "inputs" {
		return "", fmt.Errorf("%s is not known in a rehearsal", name)
	}
	return v, nil
}
