package ci

import (
	"regexp"
	"strings"
)

// expression is one ${{ … }} of a text; from and to are byte offsets in it.
type expression struct {
	Text     string
	from, to int
}

// expressions lists those of a text. A string in an expression may hold braces.
func expressions(s string) []expression {
	var all []expression
	for at := 0; ; {
		i := strings.Index(s[at:], "${{")
		if i < 0 {
			return all
		}
		from := at + i
		end := endOfExpression(s, from+3)
		if end < 0 {
			return all
		}
		all = append(all, expression{strings.TrimSpace(s[from+3 : end]), from, end + 2})
		at = end + 2
	}
}

func endOfExpression(s string, at int) int {
	quoted := false
	for i := at; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case !quoted && s[i] == '}' && i+1 < len(s) && s[i+1] == '}':
			return i
		}
	}
	return -1
}

// blankExpressions puts a word of the same length in each expression's place, so that
// a shell's parser reads the rest and every column stays.
func blankExpressions(s string) string {
	b := []byte(s)
	for _, e := range expressions(s) {
		for i := e.from; i < e.to; i++ {
			if b[i] != '\n' {
				b[i] = 'x'
			}
		}
	}
	return string(b)
}

var (
	reIndex = regexp.MustCompile(`\[\s*'([^']*)'\s*\]`)
	reStar  = regexp.MustCompile(`\[[^\]]*\]`)
	// What somebody without write access decides
	// (https://docs.github.com/actions/concepts/security/script-injections).
	reUntrusted = regexp.MustCompile(`(?i)\bgithub\.(head_ref\b|event\.([a-z_.*]+\.)?(title|body|head_branch|head_commit\.(message|author\.(name|email))|` +
		`commits\.\*?\.?(message|author\.(name|email))|page_name|pull_request\.head\.(ref|label|repo\.(default_branch|description|homepage))|display_title)\b)`)
	reWhole = regexp.MustCompile(`(?i)\btojson\(\s*github(\.event(\.[a-z_]+)?)?\s*\)`)
	reEnv   = regexp.MustCompile(`(?i)\benv\.([A-Za-z_][A-Za-z0-9_]*)`)
	// What a head of a pull request, or of the run that another workflow made of one,
	// is named by.
	reHead = regexp.MustCompile(`(?i)\bgithub\.(head_ref\b|event\.pull_request\.(head\.|merge_commit_sha\b|number\b)|event\.number\b|event\.workflow_run\.(head_|pull_requests)|event\.issue\.number\b)`)
	// The token that every job has is not one of the repository's own secrets.
	reSecret = regexp.MustCompile(`(?i)\bsecrets\.([A-Za-z_][A-Za-z0-9_]*)`)
)

// plain writes an index as a property, and an index of a list as a star.
func plain(e string) string { return reStar.ReplaceAllString(reIndex.ReplaceAllString(e, ".$1"), ".*") }

// untrusted is the part of an expression that an outsider decides; "" for none.
func untrusted(e string) string {
	e = plain(e)
	if m := reUntrusted.FindString(e); m != "" {
		return m
	}
	return reWhole.FindString(e)
}

// secretsIn are the repository's own secrets that a text names. Those that switch a
// runner's log on (ACTIONS_STEP_DEBUG) hold none.
func secretsIn(s string) []string {
	var names []string
	for _, e := range expressions(s) {
		for _, m := range reSecret.FindAllStringSubmatch(plain(e.Text), -1) {
			if !strings.EqualFold(m[1], "GITHUB_TOKEN") && !strings.HasSuffix(m[1], "_DEBUG") {
				names = append(names, m[1])
			}
		}
	}
	return names
}
