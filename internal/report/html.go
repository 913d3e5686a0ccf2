package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strings"

	"plimsoll/internal/verdict"
)

// htmlFiles are the page's templates, its style and its script.
//
//go:embed html
var htmlFiles embed.FS

// htmlPage is one file: its head, and each verdict.
type htmlPage struct {
	Title, Tool string
	// Policy is the page's Content-Security-Policy: nothing is loaded from anywhere,
	// and only the page's own style and script, known by their digests, have any effect.
	Policy   string
	Style    template.CSS
	Script   template.JS
	Verdicts []*htmlVerdict
}

// writeHTML writes one file that needs no other and no network. All texts pass
// html, which neutralises them as Clean does for terminals, since a browser obeys
// bidirectional overrides too; html/template then escapes each for its place.
func writeHTML(w io.Writer, r *verdict.Report, opt Options) error {
	style, err := htmlFile("style.css")
	if err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	script, err := htmlFile("script.js")
	if err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	t, err := htmlTemplate()
	if err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	page := htmlPage{
		Title: htmlTitle(r), Tool: strings.TrimSpace("Plimsoll " + legible(r.Tool.Version, htmlName)),
		Policy: htmlPolicy(style, script), Style: template.CSS(style), Script: template.JS(script), //nolint:gosec // both are ours
	}
	for i := range r.Verdicts {
		page.Verdicts = append(page.Verdicts, newHTMLVerdict(&r.Verdicts[i], i+1, opt))
	}
	var out bytes.Buffer
	if err := t.Execute(&out, &page); err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	if _, err := w.Write(quietHTML(out.Bytes())); err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	return nil
}

var htmlIndent = regexp.MustCompile(`\n\s*`)

// htmlFile reads one of the page's files without its indentation, which would be a
// third of a page that lists thousands of findings. None of them has a text of
// several lines.
func htmlFile(name string) (string, error) {
	text, err := htmlFiles.ReadFile("html/" + name)
	if err != nil {
		return "", err
	}
	return htmlIndent.ReplaceAllString(strings.TrimSpace(string(text)), "\n"), nil
}

func htmlTemplate() (*template.Template, error) {
	names, err := htmlFiles.ReadDir("html")
	if err != nil {
		return nil, err
	}
	root := template.New("").Funcs(template.FuncMap{"count": count, "number": number, "link": htmlLink})
	for _, entry := range names {
		if !strings.HasSuffix(entry.Name(), ".html") {
			continue
		}
		text, err := htmlFile(entry.Name())
		if err != nil {
			return nil, err
		}
		if _, err := root.New(entry.Name()).Parse(text); err != nil {
			return nil, err
		}
	}
	return root.Lookup("page.html"), nil
}

// htmlPolicy allows the style and the script by their SHA-256 (CSP level 3, section
// 2.3.1), the icon, which is part of the page, and nothing else.
func htmlPolicy(style, script string) string {
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + hash(style) + "; script-src " + hash(script) + "; img-src data:; base-uri 'none'; form-action 'none'"
}

// quietHTML writes the sharps of what a CI system's log obeys ("##[", "##vso[") as
// entities, for pages that go to standard output. To a browser they are the same:
// neither the style nor the script holds them.
func quietHTML(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte("##["), []byte("#&#35;["))
	b = bytes.ReplaceAll(b, []byte("##vso["), []byte("#&#35;vso["))
	return append(bytes.TrimRight(htmlBlank.ReplaceAll(b, []byte("\n")), "\n"), '\n')
}

var htmlBlank = regexp.MustCompile(`\n\n+`)

func htmlTitle(r *verdict.Report) string {
	switch len(r.Verdicts) {
	case 0:
		return "no image was judged"
	case 1:
		v := &r.Verdicts[0]
		return legible(string(v.Headline.Decision), htmlName) + ": " + legible(v.Image.Reference, htmlName)
	}
	return count(len(r.Verdicts), "verdict") + ", first " + legible(r.Verdicts[0].Image.Reference, htmlName)
}

const (
	// htmlName, htmlLine and htmlText are how many bytes of a name, a line and a text
	// are shown: an image may hold megabytes in one field.
	htmlName, htmlLine, htmlText = 160, 400, 2000
)

// legible makes foreign text one line of what a person can read. It escapes nothing:
// the templates do.
func legible(s string, to int) string { return Clean(cut(s, to)) }

// htmlAll does it for a list, which it bounds too.
func htmlAll(list []string, to int) []string {
	const most = 60
	out := make([]string, 0, min(len(list), most+1))
	for i, s := range list {
		if i == most {
			out = append(out, "and "+number(len(list)-most)+" more")
			break
		}
		out = append(out, legible(s, to))
	}
	return out
}

var (
	cveID       = regexp.MustCompile(`^CVE-[0-9]{4}-[0-9]{4,19}$`)
	ghsaID      = regexp.MustCompile(`^GHSA(-[23456789cfghjmpqrvwx]{4}){3}$`)
	techniqueID = regexp.MustCompile(`^T[0-9]{4}(\.[0-9]{3})?$`)
)

// htmlLink is the page that explains an identifier; empty for one of any other form,
// which therefore never becomes an address.
func htmlLink(id string) string {
	switch {
	case cveID.MatchString(id):
		return "https://nvd.nist.gov/vuln/detail/" + id
	case ghsaID.MatchString(id):
		return "https://github.com/advisories/" + id
	case techniqueID.MatchString(id):
		return "https://attack.mitre.org/techniques/" + strings.ReplaceAll(id, ".", "/") + "/"
	}
	return ""
}
