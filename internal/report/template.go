package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/template"

	"plimsoll/internal/advisory"
	"plimsoll/internal/verdict"
)

// ErrNoTemplate is returned by the form template where Options hold none.
var ErrNoTemplate = errors.New("no template is given")

// ErrTemplate is returned where a template asks for what a report does not have.
var ErrTemplate = errors.New("the template does not fit the report")

// Template is a report's form that the user wrote, in the language of Go's
// text/template. It reads the report and nothing else: no file, no variable of the
// environment, no network, and no method of a Go value, since what it is given are
// maps, lists, texts and numbers under the names of docs/verdict.schema.json.
type Template struct{ parsed *template.Template }

// maxTemplate bounds a template's own length in bytes.
const maxTemplate = 1 << 20

// ParseTemplate parses a template; name is for its errors, which say line and column.
func ParseTemplate(name string, text []byte) (*Template, error) {
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("%s has %d bytes, a template has %d at most", name, len(text), maxTemplate)
	}
	functions := template.FuncMap{}
	for _, f := range TemplateFunctions() {
		if f.call != nil {
			functions[f.Name] = f.call
		}
	}
	t, err := template.New(name).Funcs(functions).Option("missingkey=error").Parse(string(text))
	if err != nil {
		return nil, err
	}
	return &Template{t}, nil
}

// writeTemplate writes a report as the user's template says. What it wrote before
// an error is not written at all.
func writeTemplate(w io.Writer, r *verdict.Report, opt Options) error {
	if opt.Template == nil {
		return fmt.Errorf("write template: %w", ErrNoTemplate)
	}
	var out bytes.Buffer
	if err := opt.Template.parsed.Execute(&out, templateData(r)); err != nil {
		return fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	_, err := w.Write(out.Bytes())
	return err
}

// TemplateFunction is one that templates may call beside those of text/template.
type TemplateFunction struct {
	// Name, Arguments and Does are for people: "join SEPARATOR LIST".
	Name, Arguments, Does string
	// call is nil for a function of text/template itself.
	call any
}

// TemplateFunctions lists every function for docs/reports.md. The first ones make
// text safe for where it is put: a text of a report may hold anything.
func TemplateFunctions() []TemplateFunction {
	return []TemplateFunction{
		{"html", "TEXT", "text of HTML, also within quoted attributes", nil},
		{"js", "TEXT", "text within a string of JavaScript", nil},
		{"urlquery", "TEXT", "a part of a URL's query", nil},
		{"json", "VALUE", "any value as JSON, which may also stand in a script of HTML", templateJSON},
		{"xml", "TEXT", "text of XML, also within quoted attributes", templateXML},
		{"md", "TEXT", "text of Markdown: no markup, no link, no mention; cut after 300 columns", func(v any) string { return md(templateText(v)) }},
		{"csv", "TEXT", "one quoted cell of CSV that no spreadsheet computes", func(v any) string { return csvCell(templateText(v)) }},
		{"github", "TEXT", "a message of a workflow command", func(v any) string { return githubData(templateText(v)) }},
		{"githubProperty", "TEXT", "a property of a workflow command", func(v any) string { return githubProperty(templateText(v)) }},
		{"lower", "TEXT", "in small letters", func(v any) string { return strings.ToLower(templateText(v)) }},
		{"upper", "TEXT", "in capitals", func(v any) string { return strings.ToUpper(templateText(v)) }},
		{"trim", "TEXT", "without blanks around it", func(v any) string { return strings.TrimSpace(templateText(v)) }},
		{"cut", "BYTES TEXT", "at most so long, with … where it was cut", func(n int, v any) string { return cut(templateText(v), n) }},
		{"replace", "OLD NEW TEXT", "with every OLD replaced by NEW", templateReplace},
		{"split", "SEPARATOR TEXT", "a list of the parts", func(sep string, v any) []any { return anyList(strings.Split(templateText(v), sep)) }},
		{"join", "SEPARATOR LIST", "the parts as one text", templateJoin},
		{"contains", "PART TEXT", "whether PART is in the text", func(part string, v any) bool { return strings.Contains(templateText(v), part) }},
		{"hasPrefix", "PREFIX TEXT", "whether the text begins so", func(p string, v any) bool { return strings.HasPrefix(templateText(v), p) }},
		{"hasSuffix", "SUFFIX TEXT", "whether the text ends so", func(p string, v any) bool { return strings.HasSuffix(templateText(v), p) }},
		{"default", "OTHER VALUE", "OTHER where the value is empty", templateDefault},
		{"add", "A B", "the sum of two whole numbers", func(a, b int64) int64 { return a + b }},
		{"first", "N LIST", "the first N of a list, or all", func(n int, list []any) []any { return list[:max(0, min(n, len(list)))] }},
		{"where", "KEY VALUE LIST", "those of a list whose KEY is VALUE", templateWhere},
		{"atLeast", "SEVERITY TEXT", "whether a severity is so grave or graver", templateAtLeast},
	}
}

// templateText is how text/template would print a value.
func templateText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return fmt.Sprint(v)
}

func templateJSON(v any) (string, error) {
	raw, err := json.Marshal(v) // with <, > and & escaped
	if err != nil {
		return "", err
	}
	return string(escapeJSON(raw)), nil
}

func templateXML(v any) (string, error) {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(templateText(v))); err != nil {
		return "", err
	}
	return b.String(), nil
}

// maxReplaced bounds what one call of replace makes, since calls can be nested.
const maxReplaced = 16 << 20

func templateReplace(old, with string, v any) (string, error) {
	s := templateText(v)
	if old == "" {
		return s, nil
	}
	if len(s)+strings.Count(s, old)*max(0, len(with)-len(old)) > maxReplaced {
		return "", fmt.Errorf("replace makes more than %d bytes", maxReplaced)
	}
	return strings.ReplaceAll(s, old, with), nil
}

func templateJoin(sep string, list []any) string {
	parts := make([]string, len(list))
	for i := range list {
		parts[i] = templateText(list[i])
	}
	return strings.Join(parts, sep)
}

func templateDefault(other, v any) any {
	if truth, _ := template.IsTrue(v); truth {
		return v
	}
	return other
}

func templateWhere(key string, want any, list []any) ([]any, error) {
	out := []any{}
	for _, item := range list {
		m, ok := item.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("where: the list holds %T, which has no keys", item)
		}
		got, ok := m[key]
		if !ok {
			return nil, fmt.Errorf("where: no key %q", key)
		}
		if templateText(got) == templateText(want) {
			out = append(out, item)
		}
	}
	return out, nil
}

func templateAtLeast(least string, v any) (bool, error) {
	bar := advisory.ParseSeverity(least)
	if bar == advisory.Unknown && !strings.EqualFold(least, advisory.Unknown.String()) {
		return false, fmt.Errorf("atLeast: %q is no severity", least)
	}
	return advisory.ParseSeverity(templateText(v)) >= bar, nil
}
