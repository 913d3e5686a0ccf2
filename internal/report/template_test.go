package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

func parseTemplate(t testing.TB, text string) *Template {
	t.Helper()
	parsed, err := ParseTemplate("report.tmpl", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// sampleTemplate uses what a template of a team would.
const sampleTemplate = `{{range .verdicts}}{{.image.reference}} on {{.image.platform}}: {{.headline.decision}}
{{range .actions}}- {{.title}} ({{len .clears}})
{{end}}{{range where "urgent" true .entries}}{{upper .severity}} {{.kind}} {{.rule}}: {{cut 60 .text}}{{if .fixed}} -> {{join " or " .fixed}}{{end}}
{{end}}{{with .gate}}gate failed: {{.failed}}
{{else}}no gate
{{end}}{{end}}`

func TestTemplatesWriteWhatTheySay(t *testing.T) {
	golden(t, "template", render(t, "template", full(), Options{Template: parseTemplate(t, sampleTemplate)}))
}

// TestTemplatesSeeWhatTheJSONFormHolds holds every name and value of one against the other.
func TestTemplatesSeeWhatTheJSONFormHolds(t *testing.T) {
	for name, r := range formReports() {
		if strings.HasPrefix(name, "hostile") {
			continue // their texts are changed on the way
		}
		var want any
		d := json.NewDecoder(bytes.NewReader(render(t, "json", r, Options{})))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		compareData(t, name, want, any(templateData(r)))
	}
}

func compareData(t *testing.T, at string, want, got any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		m, ok := got.(map[string]any)
		if !ok {
			t.Errorf("%s is %T", at, got)
			return
		}
		for key := range want {
			value, ok := m[key]
			if !ok {
				t.Errorf("%s has no %s", at, key)
				continue
			}
			compareData(t, at+"."+key, want[key], value)
		}
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			t.Errorf("%s has %T of %d, want %d", at, got, len(list), len(want))
			return
		}
		for i := range want {
			compareData(t, fmt.Sprintf("%s.%d", at, i), want[i], list[i])
		}
	case json.Number:
		number, err := json.Marshal(got)
		if err != nil || string(number) != want.String() {
			t.Errorf("%s is %v, want %s", at, got, want)
		}
	case string:
		if want == "0001-01-01T00:00:00Z" {
			want = "" // no time
		}
		if text, ok := got.(string); !ok || text != Clean(want) {
			t.Errorf("%s is %v, want %q", at, got, want)
		}
	default:
		if got != want {
			t.Errorf("%s is %v, want %v", at, got, want)
		}
	}
}

// TestTemplatesCannotReachOut tries what a template from elsewhere might.
func TestTemplatesCannotReachOut(t *testing.T) {
	for _, text := range []string{
		`{{readFile "/etc/passwd"}}`, `{{env "HOME"}}`, `{{template "/etc/passwd"}}`, `{{.verdicts.Open}}`, `{{(index .verdicts 0).account.Open}}`,
		`{{call .tool}}`, `{{exec "id"}}`, `{{getHostByName "x"}}`, `{{include "/etc/passwd"}}`, `{{.nothing}}`, `{{range .verdicts}}{{.imaeg}}{{end}}`,
		`{{where "colour" "red" .verdicts}}`, `{{atLeast "grave" "high"}}`, `{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`,
	} {
		parsed, err := ParseTemplate("x", []byte(text))
		if err != nil {
			continue
		}
		var out bytes.Buffer
		form, _ := ByName("template")
		if err := form.Write(&out, full(), Options{Template: parsed}); err == nil {
			t.Errorf("%s: wrote %q", text, out.String())
		}
		if out.Len() > 0 {
			t.Errorf("%s: wrote %q before its error", text, out.String())
		}
	}
	if _, err := ParseTemplate("big.tmpl", make([]byte, maxTemplate+1)); err == nil {
		t.Error("a template of any length is parsed")
	}
	if _, err := ParseTemplate("bad.tmpl", []byte("x\n{{range}}")); err == nil || !strings.Contains(err.Error(), "bad.tmpl:2") {
		t.Errorf("no line in %v", err)
	}
	form, _ := ByName("template")
	if err := form.Write(&bytes.Buffer{}, full(), Options{}); !errors.Is(err, ErrNoTemplate) {
		t.Errorf("without a template: %v", err)
	}
}

func TestEachFunctionOfATemplateDoesWhatItSays(t *testing.T) {
	for text, want := range map[string]string{
		`{{html "<a href='x'>&"}}`:                           "&lt;a href=&#39;x&#39;&gt;&amp;",
		`{{js "'</script>"}}`:                                `\'\u003C/script\u003E`,
		`{{urlquery "a b&c"}}`:                               "a+b%26c",
		`{{json "</script>\u202e"}}`:                         `"\u003c/script\u003e\u202e"`,
		`{{xml "<a b=\"c\">\x01"}}`:                          "&lt;a b=&#34;c&#34;&gt;\ufffd",
		`{{md "[x](y) <b> @z"}}`:                             "&#91;x&#93;(y) &#60;b&#62; &#64;z",
		`{{csv "=1+1"}}`:                                     `"'=1+1"`,
		`::error::{{github "a\n::b %"}}`:                     "::error::a ::b %25",
		`{{githubProperty "a,b:c"}}`:                         "a%2Cb%3Ac",
		`{{lower "ABC"}}{{upper "abc"}}{{trim " x "}}`:       "abcABCx",
		`{{cut 5 "longer"}}`:                                 "lo…",
		`{{replace "a" "b" "banana"}}{{replace "" "b" "x"}}`: "bbnbnbx",
		`{{join "+" (split "," "a,b,c")}}`:                   "a+b+c",
		`{{contains "b" "abc"}}{{hasPrefix "a" "abc"}}{{hasSuffix "a" "abc"}}`: "truetruefalse",
		`{{default "none" ""}}{{default "none" "some"}}{{default 1 0}}`:        "nonesome1",
		`{{add 1 2}}`: "3",
		`{{len (first 2 (split "," "a,b,c"))}}{{len (first 9 (split "," "a,b,c"))}}{{len (first -1 (split "," "a"))}}`: "230",
		`{{atLeast "high" "critical"}}{{atLeast "high" "low"}}`:                                                        "truefalse",
		`{{range .verdicts}}{{len (where "kind" "hygiene" .entries)}}{{end}}`:                                          "2",
		`{{range .verdicts}}{{.coverage.layers}} {{.image.created}}{{end}}`:                                            "6 2023-09-20T14:03:11Z",
	} {
		if got := string(render(t, "template", full(), Options{Template: parseTemplate(t, text)})); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	over := parseTemplate(t, `{{replace "a" (printf "%1000000s" "x") (printf "%1000000s" "a")}}{{$a := printf "%500000s" ""}}{{replace " " $a $a}}`)
	if err := writeTemplate(&bytes.Buffer{}, full(), Options{Template: over}); err == nil || !strings.Contains(err.Error(), "replace makes more than") {
		t.Errorf("replace without a bound: %v", err)
	}
}

func TestEveryFunctionOfTemplatesIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/reports.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range TemplateFunctions() {
		if line := fmt.Sprintf("| `%s %s` | %s |", f.Name, f.Arguments, f.Does); !strings.Contains(string(page), line) {
			t.Errorf("docs/reports.md does not have the line\n%s", line)
		}
	}
}

// TestTemplatesAreGivenQuietTexts writes every text of hostile reports, at the
// beginning of a line and behind a sharp.
func TestTemplatesAreGivenQuietTexts(t *testing.T) {
	everything := parseTemplate(t, `{{define "all"}}{{if eq (printf "%T" .) "string"}}{{.}}
#{{.}}
{{else if eq (printf "%T" .) "map[string]interface {}" "[]interface {}"}}{{range .}}{{template "all" .}}{{end}}{{end}}{{end}}{{template "all" .}}`)
	for name, r := range formReports() {
		out := render(t, "template", r, Options{Template: everything})
		if len(out) < 1000 {
			t.Errorf("%s: only %q", name, out)
		}
		checkLog(t, out)
	}
	for _, text := range []string{"::set-output name=a::b", "##[add-mask]x", "#[x", "##vso[task.complete]", "  ::error::"} {
		checkLog(t, render(t, "template", hostile(text), Options{Template: everything}))
	}
}

func FuzzTemplatesNeverPanic(f *testing.F) {
	f.Add(sampleTemplate)
	f.Add(`{{range .verdicts}}{{json .}}{{md .image}}{{first 3 .findings}}{{end}}`)
	f.Add(`{{index .verdicts 9}}{{slice "abc" 9}}{{where 1 2 3}}{{cut -1 "x"}}{{join .x .y}}{{add 1 .tool}}`)
	data := templateData(full())
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "range") && strings.ContainsAny(text, "0123456789") {
			t.Skip("a template may count as far as its author likes")
		}
		parsed, err := ParseTemplate("fuzz", []byte(text))
		if err != nil {
			return
		}
		if err := parsed.parsed.Execute(io.Discard, data); err != nil && strings.Contains(err.Error(), "panic") {
			t.Error(err)
		}
	})
}
