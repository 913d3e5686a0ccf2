package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	stdhtml "html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"plimsoll/internal/advisory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// htmlPages is where the pages are left for the browser of tools/browser.
var htmlPages = flag.String("html-pages", "", "folder for the pages that tools/browser opens in a browser")

// TestHTMLPagesForABrowser writes what tools/browser.sh opens in Chromium.
func TestHTMLPagesForABrowser(t *testing.T) {
	if *htmlPages == "" {
		t.Skip("no folder given: make browser does")
	}
	reports := formReports()
	reports["platforms"], reports["none"], reports["many"] = platforms(), &verdict.Report{}, many(30_000)
	for i, text := range htmlAttacks {
		reports["attack-"+number(i)] = hostile(text)
	}
	for name, r := range reports {
		name = strings.ReplaceAll(name, " ", "-")
		if err := os.WriteFile(filepath.Join(*htmlPages, name+".html"), render(t, "html", r, Options{}), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// htmlAttacks are texts that would become markup, an address, style or script in
// one of the places where a page holds texts.
var htmlAttacks = []string{
	`<script>alert(1)</script><img src=x onerror=alert(2)>`,
	`</style></script></title></textarea></noscript><svg onload=alert(3)>`,
	`javascript:alert(4)`,
	`" onmouseover="alert(5)" x="`,
	`' onfocus=alert(6) autofocus '`,
	`--><!--<![CDATA[ ]]> <?xml ?>`,
	"&lt;script&gt;alert(7)&lt;/script&gt; &#60;b&#62; &amp;",
	"{{.}} ${alert(8)} {%raw%}",
	"`;alert(9)//\\u003cscript>",
	"x}*{background:url(https://evil.example/)}/*",
	"\u202egnp.exe\u2066 \u200fabc\u2069 \u061c",
	nasty,
	"##[command]y ##vso[task.complete]z",
	"a\x00b\xff\xfe<b",
}

var (
	htmlTag   = regexp.MustCompile(`<[^<>]*>`)
	htmlValue = regexp.MustCompile(`="[^"]*"`)
	htmlHref  = regexp.MustCompile(` href="([^"]*)"`)
	htmlID    = regexp.MustCompile(` id="([^"]*)"`)
	htmlRefer = regexp.MustCompile(` (?:href="#|aria-labelledby=")([^"]*)"`)
	htmlHead  = regexp.MustCompile(`<h([1-6])[ >]`)
	htmlTH    = regexp.MustCompile(`<th[^>]*>`)
)

// markup is the page's tags in order, without their attributes' values.
func markup(page []byte) []string {
	tags := htmlTag.FindAllString(string(page), -1)
	for i := range tags {
		tags[i] = htmlValue.ReplaceAllString(tags[i], "")
	}
	return tags
}

// readable is what a reader without JavaScript and style gets, a line for each text.
func readable(page []byte) string {
	_, body, _ := strings.Cut(string(page), "<body>")
	var lines []string
	for _, line := range htmlTag.Split(body, -1) {
		if line = strings.TrimSpace(stdhtml.UnescapeString(line)); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

func TestNoTextBecomesMarkupInHTML(t *testing.T) {
	harmless := markup(render(t, "html", hostile("harmless text"), Options{}))
	if len(harmless) < 300 {
		t.Fatalf("only %d tags: the page shows too little to hold anything against", len(harmless))
	}
	for _, text := range append(slices.Clone(htmlAttacks), strings.Repeat("<", 5000), strings.Repeat("漢字", 3000)) {
		page := render(t, "html", hostile(text), Options{})
		got := markup(page)
		if !slices.Equal(got, harmless) {
			at := 0
			for at < min(len(got), len(harmless)) && got[at] == harmless[at] {
				at++
			}
			t.Errorf("%.60q changes the page's markup at tag %d of %d: %q", text, at, len(harmless), got[at:min(at+3, len(got))])
		}
		for _, link := range htmlHref.FindAllStringSubmatch(string(page), -1) {
			if !strings.HasPrefix(link[1], "#v1") && link[1] != "#main" && !strings.HasPrefix(link[1], "data:image/svg+xml,") {
				t.Errorf("%.60q becomes the address %q", text, link[1])
			}
		}
		for _, r := range string(page) {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%.60q leaves %U in the page", text, r)
				break
			}
		}
		for line := range bytes.Lines(page) {
			if workflowCommand(string(line)) {
				t.Errorf("workflow command in %q", line)
			}
		}
	}
}

func TestHTMLLinksOnlyToWhatExplainsAnIdentifier(t *testing.T) {
	for id, want := range map[string]string{
		"CVE-2024-2961": "https://nvd.nist.gov/vuln/detail/CVE-2024-2961", "GHSA-jfh8-c2jp-5v3q": "https://github.com/advisories/GHSA-jfh8-c2jp-5v3q",
		"T1059.004": "https://attack.mitre.org/techniques/T1059/004/", "T1554": "https://attack.mitre.org/techniques/T1554/",
		"CVE-2024-2961/../../x": "", "CVE-2024-2961\n": "", "GHSA-aaaa-bbbb-cccc": "", "javascript:alert(1)": "", "TEMP-1": "", "": "",
	} {
		if got := htmlLink(id); got != want {
			t.Errorf("%q leads to %q, want %q", id, got, want)
		}
	}
}

func TestHTMLRunsItsOwnStyleAndScriptAlone(t *testing.T) {
	for name, r := range formReports() {
		page := string(render(t, "html", r, Options{}))
		policy := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]*)">`).FindStringSubmatch(page)
		if policy == nil {
			t.Fatalf("%s: no policy", name)
		}
		told := stdhtml.UnescapeString(policy[1])
		if !strings.HasPrefix(told, "default-src 'none'; ") || strings.Contains(told, "unsafe") || strings.Contains(told, "http") {
			t.Errorf("%s: policy %q", name, told)
		}
		for _, element := range []string{"style", "script"} {
			parts := strings.Split(page, "<"+element+">")
			if len(parts) != 2 || strings.Count(page, "<"+element) != 1 {
				t.Fatalf("%s: %d elements %s", name, len(parts)-1, element)
			}
			content, _, _ := strings.Cut(parts[1], "</"+element+">")
			sum := sha256.Sum256([]byte(content))
			if want := element + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(told, want) {
				t.Errorf("%s: the policy %q lacks %s", name, told, want)
			}
		}
		for _, tag := range markup([]byte(page)) {
			for _, attribute := range strings.Fields(strings.Trim(tag, "<>/"))[1:] {
				if attribute == "style" || attribute == "src" || strings.HasPrefix(attribute, "on") {
					t.Errorf("%s: %s in %s", name, attribute, tag)
				}
			}
		}
	}
}

func TestHTMLIsSoundInItsStructure(t *testing.T) {
	reports := formReports()
	reports["platforms"], reports["none"] = platforms(), &verdict.Report{}
	for name, r := range reports {
		page := string(render(t, "html", r, Options{}))
		if !strings.HasPrefix(page, "<!doctype html>\n<html lang=\"en\">") || !strings.HasSuffix(page, "</html>\n") {
			t.Errorf("%s: begins %.40q and ends %q", name, page, page[len(page)-20:])
		}
		ids := map[string]bool{}
		for _, id := range htmlID.FindAllStringSubmatch(page, -1) {
			if ids[id[1]] {
				t.Errorf("%s: two elements are called %q", name, id[1])
			}
			ids[id[1]] = true
		}
		for _, to := range htmlRefer.FindAllStringSubmatch(page, -1) {
			if !ids[to[1]] {
				t.Errorf("%s: %s leads nowhere", name, to[0])
			}
		}
		level, firsts := 0, 0
		for _, h := range htmlHead.FindAllStringSubmatch(page, -1) {
			next := int(h[1][0] - '0')
			if next > level+1 {
				t.Errorf("%s: a heading of level %d follows one of level %d", name, next, level)
			}
			if level = next; next == 1 {
				firsts++
			}
		}
		if firsts != 1 {
			t.Errorf("%s: %d headings of level 1", name, firsts)
		}
		for _, th := range htmlTH.FindAllString(page, -1) {
			if !strings.Contains(th, "scope=") && th != "<thead>" {
				t.Errorf("%s: %s has no scope", name, th)
			}
		}
		var open []string
		for _, tag := range htmlTag.FindAllString(page, -1) {
			word, _, _ := strings.Cut(strings.Trim(tag, "<>"), " ")
			switch {
			case strings.HasPrefix(word, "!"), strings.HasSuffix(tag, "/>"), slices.Contains([]string{"meta", "link", "input"}, word):
			case strings.HasPrefix(word, "/"):
				if len(open) == 0 || open[len(open)-1] != word[1:] {
					t.Fatalf("%s: %s closes %v", name, tag, open)
				}
				open = open[:len(open)-1]
			default:
				open = append(open, word)
			}
		}
	}
}

func TestHTMLSaysWhatTheVerdictSays(t *testing.T) {
	r := full()
	page := render(t, "html", r, Options{})
	if again := render(t, "html", full(), Options{}); !bytes.Equal(page, again) {
		t.Error("the same verdict gives different bytes")
	}
	text := readable(page)
	v := &r.Verdicts[0]
	says := func(what string) {
		t.Helper()
		if !strings.Contains(text, what) {
			t.Errorf("the page does not say %q", what)
		}
	}
	for i := range v.Findings {
		says(v.Findings[i].Vulnerability)
		says(v.Findings[i].Title)
	}
	for i := range v.Hygiene {
		says(v.Hygiene[i].Message)
		says(v.Hygiene[i].Remedy)
	}
	for i := range v.Image.Layers {
		says(v.Image.Layers[i].DiffID)
		says(history(v.Image.Layers[i].CreatedBy))
	}
	for _, sentence := range v.Coverage.NotRuledOut {
		says(sentence)
	}
	if at, first := strings.Index(text, "DO NOT RUN"), strings.Index(text, "Actions"); at < 0 || at > first {
		t.Error("the verdict does not come first")
	}
	golden(t, "html-text", []byte(text))
	golden(t, "html-text-incomplete", []byte(readable(render(t, "html", incomplete(), Options{}))))
	golden(t, "html-text-platforms", []byte(readable(render(t, "html", platforms(), Options{}))))
}

func TestHTMLShowsWhoAcceptsWhat(t *testing.T) {
	r := full()
	v := &r.Verdicts[0]
	accept := func(id string) *triage.Acceptance {
		return &triage.Acceptance{ID: id, By: "platform team", Reason: "the parser is not reached", About: "CVE-2021-44228", Until: "2027-01-31"}
	}
	v.Findings[0].Disposition, v.Findings[0].Acceptance = triage.Accepted, accept("exceptions.yaml:3")
	v.Hygiene[0].Acceptance = accept("exceptions.yaml:9")
	v.Coverage.Exceptions = &verdict.Exceptions{
		From: []string{"exceptions.yaml"}, Accepted: 2, Unused: []triage.Acceptance{{ID: "exceptions.yaml:20", By: "nobody", Reason: "gone"}},
		Expired: []triage.Acceptance{{ID: "exceptions.yaml:30", By: "web team", Reason: "until the next release", Until: "2026-01-31", Expired: true}},
	}
	text := readable(render(t, "html", r, Options{}))
	_, part, _ := strings.Cut(text, "\nAccepted\n2 findings")
	part, _, _ = strings.Cut(part, "each history line")
	for _, what := range []string{"platform team: the parser is not reached", "exceptions.yaml:3", "exceptions.yaml:9", "until 2027-01-31", v.Findings[0].Vulnerability + " in ", v.Hygiene[0].Message, "unused", "exceptions.yaml:20", "ended", "web team: until the next release"} {
		if !strings.Contains(part, what) {
			t.Errorf("the part does not say %q:\n%s", what, part)
		}
	}
}

// TestHTMLStaysUsable holds the page's size where an image holds very much.
func TestHTMLStaysUsable(t *testing.T) {
	long := many(30_000)
	for i := range long.Verdicts[0].Findings {
		f := &long.Verdicts[0].Findings[i]
		f.Title, f.Vulnerability = strings.Repeat("a long title ", 400), f.Vulnerability+strings.Repeat("x", 5000)
	}
	one := many(30_000)
	for i := range one.Verdicts[0].Findings {
		f := &one.Verdicts[0].Findings[i]
		f.PackageID, f.Package, f.Severity = one.Verdicts[0].Packages[0].ID, "package-0", advisory.Critical
	}
	for _, c := range []struct {
		name string
		r    *verdict.Report
		most int
	}{{"30,000 findings", many(30_000), 4 << 20}, {"long texts", long, 8 << 20}, {"one package", one, 1 << 20}} {
		page := render(t, "html", c.r, Options{})
		t.Logf("%s: %s, %d rows", c.name, size(int64(len(page))), bytes.Count(page, []byte("<tr ")))
		if len(page) > c.most {
			t.Errorf("%s: %d bytes, at most %d wanted", c.name, len(page), c.most)
		}
		if !strings.Contains(readable(page), "not listed here") {
			t.Errorf("%s: the page does not say that it leaves something out", c.name)
		}
	}
	all := render(t, "html", many(30_000), Options{All: true})
	if rows := bytes.Count(all, []byte("<tr class=")); rows < 30_000 {
		t.Errorf("all were asked for, and %d are there", rows)
	}
}

func BenchmarkHTML(b *testing.B) {
	r := many(30_000)
	for b.Loop() {
		if err := writeHTML(io.Discard, r, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
