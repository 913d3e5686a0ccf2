package report

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"plimsoll/internal/verdict"
)

// ourMarkup is all that is not text in the Markdown of verdicts.
var ourMarkup = regexp.MustCompile("(?m)^<!-- plimsoll -->$|^<details><summary>What this does not rule out</summary>$|^</details>$|`plimsoll scan --all`|^(\\| (---|---:) )+(\\| (---|---:) )*\\|$|^\\|.*\\|$|^#{2,3} |^- |\\*\\*|&#[0-9]+;")

func TestMarkdownHoldsNoMarkupOfAnImage(t *testing.T) {
	for name, r := range formReports() {
		for _, form := range []string{"markdown", "github-summary"} {
			raw := render(t, form, r, Options{})
			checkLog(t, raw)
			// A row keeps what stands in it: bars are the only markup between cells.
			text := ourMarkup.ReplaceAllStringFunc(string(raw), func(s string) string {
				if strings.HasPrefix(s, "|") {
					return strings.ReplaceAll(regexp.MustCompile("&#[0-9]+;|---:?").ReplaceAllString(s, ""), "|", "")
				}
				return ""
			})
			for line := range strings.Lines(text) {
				if i := strings.IndexAny(line, "<>[]`*_@#|~\\$"); i >= 0 {
					t.Errorf("%s %s: markup at %d of %q", name, form, i, line)
				}
			}
		}
	}
}

func TestMarkdownFitsItsPlace(t *testing.T) {
	several := many(2000)
	for i := range 300 {
		v := full().Verdicts[0]
		v.Image.Reference = fmt.Sprintf("shop/api:%d", i)
		several.Verdicts = append(several.Verdicts, v)
	}
	for name, r := range map[string]*verdict.Report{"30,000 findings": many(30_000), "long texts": hostile(strings.Repeat("[漢字]", 900)), "300 images": several} {
		for form, limit := range map[string]int{"markdown": 65_536, "github-summary": 1 << 20} {
			raw := render(t, form, r, Options{})
			if len(raw) > limit {
				t.Errorf("%s: %s has %d bytes, %d fit", name, form, len(raw), limit)
			}
			if !utf8.Valid(raw) {
				t.Errorf("%s: %s is cut within a character", name, form)
			}
			if strings.Count(string(raw), "<details>") != strings.Count(string(raw), "</details>") {
				t.Errorf("%s: %s leaves a part open", name, form)
			}
		}
	}
	if out := string(render(t, "markdown", many(30_000), Options{})); !strings.Contains(out, "29,940 more: `plimsoll scan --all` lists them.") {
		t.Errorf("does not say what was left out:\n%.3000s", out)
	}
}

func TestMarkdownShowsEveryKindAndTheGate(t *testing.T) {
	r := full()
	r.Verdicts[0].Gate = &verdict.Gate{FailOn: []string{"fixable-high"}, Failed: true, Reasons: []string{"12 fixable HIGH/CRITICAL"}}
	out := string(render(t, "markdown", r, Options{}))
	for _, want := range []string{
		"<!-- plimsoll -->\n## DO NOT RUN\n", "- **gate failed** 12 fixable HIGH/CRITICAL\n", "### What to do\n", "### Planted code and altered executables\n",
		"### Secrets\n", "### Vulnerabilities: ", "### Hygiene\n", "### Support\n", "### Coverage\n", "203.0.113.5", "id&#95;rsa", "log4j-core", "the container runs as root", "bookworm",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	if out := string(render(t, "markdown", incomplete(), Options{})); !strings.Contains(out, "- **incomplete** layer 1: gzip stream breaks off") {
		t.Errorf("%s", out)
	}
}
