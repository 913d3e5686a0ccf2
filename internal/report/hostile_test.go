package report

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"plimsoll/internal/verdict"
)

// nasty holds what terminals and CI logs obey.
const nasty = "\x1b[2J\x1b]0;owned\x07\r\n::error::x\n##[command]y\u202egnp.exe\u009b31m\x00\x7f\xff\u200b\u2028\U000e0041\t"

// ours are the only escape sequences that a table may hold: styles.
var ours = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// hostile is a report whose every text is the same.
func hostile(text string) *verdict.Report {
	r := &verdict.Report{}
	poison(reflect.ValueOf(r).Elem(), text)
	// Package identifiers are unique, whatever an image does.
	r.Verdicts[0].Packages[1].ID += "2"
	return r
}

// poison sets every string, enumerations included, since they come from
// databases and caches too.
func poison(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		poison(v.Elem(), text)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				poison(v.Field(i), text)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			poison(v.Index(i), text)
		}
		if v.Type() == reflect.TypeFor[[]verdict.Verdict]() {
			v.SetLen(1)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		poison(key, text)
		poison(value, text)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(true)
	}
}

// checkTerminal fails on anything that a terminal or a CI log would obey.
func checkTerminal(t *testing.T, out []byte, width int) {
	t.Helper()
	if !utf8.Valid(out) {
		t.Error("not UTF-8")
	}
	plain := ours.ReplaceAllString(string(out), "")
	for line := range strings.Lines(plain) {
		line = strings.TrimSuffix(line, "\n")
		for _, r := range line {
			if !unicode.IsPrint(r) {
				t.Errorf("%U in %q", r, line)
			}
		}
		if workflowCommand(line) {
			t.Errorf("workflow command in %q", line)
		}
		if w := ansi.StringWidth(line); w > width {
			t.Errorf("%d columns, %d allowed: %q", w, width, line)
		}
	}
}

// views are all forms for people.
func views(r *verdict.Report) map[string]func(io.Writer, Options) error {
	e := &verdict.Explanation{}
	if len(r.Verdicts) > 0 {
		v := &r.Verdicts[0]
		id := "none"
		if len(v.Reconciliation.Records) > 0 {
			id = v.Reconciliation.Records[0].ID
		}
		e = verdict.Explain(v, id)
		for i := range v.Findings {
			d := verdict.DatabaseDetail{Database: v.Findings[i].Title}
			d.Detail.Title, d.Detail.Description, d.Detail.References = v.Findings[i].Title, v.Findings[i].Title, v.Findings[i].Aliases
			e.Details = append(e.Details, d)
		}
	}
	return map[string]func(io.Writer, Options) error{
		"table":          func(w io.Writer, opt Options) error { return writeTable(w, r, opt) },
		"reconciliation": func(w io.Writer, opt Options) error { return Reconciliation(w, r, opt) },
		"explanation":    func(w io.Writer, opt Options) error { return Explanation(w, e, opt) },
	}
}

func checkViews(t *testing.T, r *verdict.Report, opt Options) {
	t.Helper()
	for name, write := range views(r) {
		var b bytes.Buffer
		if err := write(&b, opt); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		checkTerminal(t, b.Bytes(), min(max(opt.Width, minWidth), maxWidth))
	}
}

func TestNoTextReachesTheTerminalUnguarded(t *testing.T) {
	for _, text := range []string{nasty, "::set-output name=a::b", "##[add-mask]x", "##vso[task.complete]", strings.Repeat("漢字", 300), strings.Repeat("x", 5000), "e" + strings.Repeat("\u0301", 200), " ", ""} {
		for _, width := range []int{40, 80, 140} {
			checkViews(t, hostile(text), Options{Width: width, Color: true, All: width == 140})
			checkViews(t, hostile(text), Options{Width: width})
		}
	}
}

// FuzzPage holds what every view writes with against hostile text; the views
// themselves are too large to be fuzzed.
func FuzzPage(f *testing.F) {
	f.Add(nasty, "x", 80)
	f.Add("::error::", "##[", 41)
	f.Add("＃＃[漢字", "##", 40)
	f.Add("a\u0300\u0301\u0302\u0303 ##", "[x", 60)
	f.Fuzz(func(t *testing.T, a, b string, width int) {
		p := newPage(Options{Width: width, Color: width%2 == 0})
		p.line(span{a, p.styles.red}, span{b, p.styles.plain}, span{a, p.styles.faint})
		p.hanging(span{a, p.styles.bold}, p.styles.plain, b)
		p.paragraph(4, p.styles.faint, a+b)
		p.list(p.styles.plain, a, b, a)
		p.section(a, b)
		p.section("", a)
		p.columns(b, []string{a, b}, minColumn, true)
		p.grid([][]string{{a, b}, {b, a}})
		p.line(span{history(a), p.styles.plain}, span{b, p.styles.plain})
		checkTerminal(t, p.buf.Bytes(), p.width)
	})
}

func TestJSONFormsEscapeWhatATerminalObeys(t *testing.T) {
	for _, form := range []string{"json", "cyclonedx", "spdx"} {
		raw := render(t, form, hostile(nasty), Options{})
		for _, r := range string(raw) {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%s: %U is written raw", form, r)
			}
		}
		for line := range bytes.Lines(raw) {
			if workflowCommand(string(line)) {
				t.Errorf("%s: workflow command in %q", form, line)
			}
		}
		if !json.Valid(raw) {
			t.Errorf("%s: not JSON", form)
		}
	}
}

func FuzzEscapeJSONKeepsItsMeaning(f *testing.F) {
	f.Add(nasty)
	f.Add(`\##[" \\##[ \u0023##vso[`)
	f.Add("\U000e0041\u2028###[[")
	f.Fuzz(func(t *testing.T, text string) {
		raw, err := json.Marshal(map[string]string{text: text})
		if err != nil {
			t.Skip()
		}
		var want, got map[string]string
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Skip()
		}
		escaped := escapeJSON(raw)
		if err := json.Unmarshal(escaped, &got); err != nil {
			t.Fatalf("%s: %v", escaped, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q became %q", want, got)
		}
		if workflowCommand(string(escaped)) {
			t.Errorf("workflow command in %s", escaped)
		}
	})
}
