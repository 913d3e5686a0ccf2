// Package foreign reads the lists of exceptions that other tools keep: Trivy's
// .trivyignore and .trivyignore.yaml, the ignore rules of .grype.yaml, and
// gitleaks' baselines and .gitleaksignore.
//
// It says what each entry means here, and of each entry, or part of one, that
// can't be said here, why: nothing is dropped in silence, and nothing is taken in
// that would accept more than its owner wrote without a note of it.
package foreign

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"plimsoll/internal/gate/exception"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/secret"
)

// MaxFile bounds a list, in bytes: a baseline holds the text around each finding.
const MaxFile = 64 << 20

// maxEntries bounds the entries and the notes of one list.
const maxEntries = 10000

// ErrFormat is returned for a file that is none of the lists that are read.
var ErrFormat = errors.New("not a list of exceptions that is read")

// Format is a kind of list.
type Format string

const (
	TrivyIgnore      Format = "trivyignore"
	TrivyIgnoreYAML  Format = "trivyignore-yaml"
	Grype            Format = "grype"
	GitleaksBaseline Format = "gitleaks-baseline"
	GitleaksIgnore   Format = "gitleaksignore"
)

// Formats are all.
func Formats() []Format {
	return []Format{TrivyIgnore, TrivyIgnoreYAML, Grype, GitleaksBaseline, GitleaksIgnore}
}

// List is what a file holds.
type List struct {
	File   string
	Format Format
	// Entries lack what the list doesn't know: an owner always, and a reason and a
	// last day mostly.
	Entries []exception.Exception
	// Left are entries that can't be said here; Notes are parts of entries that
	// were taken in. Both begin with their place.
	Left, Notes []string

	secrets map[string]bool
	checks  map[string][]string
	seen    map[string]bool
}

// Read reads a list; with an empty format it is told by its name and content. The
// error wraps ErrFormat where it is none.
func Read(file string, source []byte, format Format) (*List, error) {
	if len(source) > MaxFile {
		return nil, fmt.Errorf("%s: larger than %d MiB", file, MaxFile>>20)
	}
	source = bytes.TrimPrefix(source, []byte("\xef\xbb\xbf"))
	if format == "" {
		if format = formatOf(file, source); format == "" {
			return nil, fmt.Errorf("%s: %w: say which with --from", file, ErrFormat)
		}
	}
	l := &List{File: file, Format: format, secrets: map[string]bool{}, checks: map[string][]string{}, seen: map[string]bool{}}
	for _, r := range secret.Rules() {
		l.secrets[r.ID] = true
	}
	for _, r := range hygiene.Rules() {
		for _, peer := range r.Peers.Trivy {
			l.checks[peer] = append(l.checks[peer], r.ID)
		}
	}
	var err error
	switch format {
	case TrivyIgnore:
		l.trivyIgnore(source)
	case TrivyIgnoreYAML:
		err = l.trivyIgnoreYAML(source)
	case Grype:
		err = l.grype(source)
	case GitleaksBaseline:
		err = l.gitleaksBaseline(source)
	case GitleaksIgnore:
		l.gitleaksIgnore(source)
	default:
		err = fmt.Errorf("%w: %q", ErrFormat, format)
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

// formatOf goes by the names that the tools look for, then by what is there.
func formatOf(file string, source []byte) Format {
	name := strings.ToLower(path.Base(strings.ReplaceAll(file, `\`, "/")))
	yamlName := strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
	switch {
	case strings.HasSuffix(name, "gitleaksignore"):
		return GitleaksIgnore
	case strings.HasSuffix(name, "trivyignore"):
		return TrivyIgnore
	case yamlName && strings.Contains(name, "trivyignore"):
		return TrivyIgnoreYAML
	case yamlName && strings.Contains(name, "grype"):
		return Grype
	}
	switch trimmed := bytes.TrimSpace(source); {
	case len(trimmed) > 0 && trimmed[0] == '[':
		return GitleaksBaseline
	case !yamlName:
	case bytes.Contains(source, []byte("ignore:")):
		return Grype
	case bytes.Contains(source, []byte("vulnerabilities:")), bytes.Contains(source, []byte("misconfigurations:")), bytes.Contains(source, []byte("secrets:")):
		return TrivyIgnoreYAML
	}
	return ""
}

func (l *List) place(line int) string { return fmt.Sprintf("%s:%d", l.File, line) }

// add takes an entry in, once.
func (l *List) add(e exception.Exception, line int) {
	e.File, e.Line = l.File, line
	if err := exception.CheckID(e.ID); err != nil {
		l.leave(line, "%v", err)
		return
	}
	key := e.About() + "\x00" + e.Until.Format(time.DateOnly)
	switch {
	case l.seen[key]:
	case len(l.Entries) >= maxEntries:
		l.leave(line, "more than %d entries", maxEntries)
	default:
		l.seen[key] = true
		if len(e.Scope.Images)+len(e.Scope.Packages)+len(e.Scope.Paths) == 0 {
			e.Scope.Everywhere = true
		}
		l.Entries = append(l.Entries, e)
	}
}

func (l *List) leave(line int, format string, args ...any) {
	if len(l.Left) < maxEntries {
		l.Left = append(l.Left, l.place(line)+": "+fmt.Sprintf(format, args...))
	}
}

// note says something once of a list.
func (l *List) note(line int, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !l.seen["note\x00"+text] && len(l.Notes) < maxEntries {
		l.seen["note\x00"+text] = true
		l.Notes = append(l.Notes, l.place(line)+": "+text)
	}
}

// secretRules are rules of gitleaks and Trivy for what ours call otherwise.
func secretRules() map[string]string {
	return map[string]string{
		"aws-access-token": "aws-access-key-id", "github-pat": "github-classic-token", "github-fine-grained-pat": "github-fine-grained-token",
		"github-oauth": "github-oauth-token", "github-app-token": "github-app-installation-token", "gitlab-pat": "gitlab-personal-access-token",
		"gitlab-ptt": "gitlab-trigger-token", "gitlab-rrt": "gitlab-runner-registration-token", "gitlab-cicd-job-token": "gitlab-ci-build-token",
		"slack-webhook-url": "slack-webhook", "slack-web-hook": "slack-webhook", "slack-access-token": "slack-bot-token", "jwt": "json-web-token", "jwt-token": "json-web-token",
		"gcp-api-key": "google-api-key", "gcp-service-account": "google-service-account-key", "generic-api-key": "generic-secret",
		"sendgrid-api-token": "sendgrid-api-key", "stripe-access-token": "stripe-live-key", "stripe-secret-token": "stripe-live-key",
		"huggingface-access-token": "hugging-face-token", "hugging-face-access-token": "hugging-face-token",
		"digitalocean-pat": "digitalocean-token", "hashicorp-tf-api-token": "terraform-cloud-token", "vault-service-token": "vault-token",
		"rubygems-api-token": "rubygems-api-key", "age-secret-key": "age-secret-key", "pypi-upload-token": "pypi-upload-token",
		"heroku-api-key-v2": "heroku-api-key", "databricks-api-token": "databricks-token", "doppler-api-token": "doppler-token",
		"docker-config-secret": "docker-registry-auth", "dockerconfig-secret": "docker-registry-auth", "telegram-bot-api-token": "telegram-bot-token",
	}
}

// secretRule is our name of a rule; one that is not ours is kept as it is, since a
// file of rules may bring it.
func (l *List) secretRule(id string, line int) string {
	if ours := secretRules()[id]; ours != "" && l.secrets[ours] {
		return ours
	}
	if !l.secrets[id] {
		l.note(line, "no rule of Plimsoll's own is called %s (docs/secret-rules.md): the exception meets what --secret-rules finds by that name", id)
	}
	return id
}

// check takes in Trivy's check of a Dockerfile as the rules that look for the same.
func (l *List) check(id string, e exception.Exception, line int) {
	rules := l.checks[checkID(id)]
	if len(rules) == 0 {
		l.leave(line, "%s: no rule looks for what this check does", id)
		return
	}
	for _, rule := range rules {
		e.ID = rule
		l.add(e, line)
	}
}

// checkID is a check's identifier in Trivy's present form: DS-0002 for what was
// AVD-DS-0002 and DS002.
func checkID(id string) string {
	id = strings.TrimPrefix(strings.ToUpper(id), "AVD-")
	if letters := strings.TrimRight(id, "0123456789"); len(letters) == 2 && len(id) == 5 {
		return letters + "-0" + id[2:]
	}
	return id
}

// paths adds patterns as doublestar has them, without a leading slash.
func (l *List) paths(e *exception.Exception, list []string, line int) bool {
	for _, p := range list {
		p = strings.TrimPrefix(strings.TrimPrefix(p, "./"), "/")
		if err := exception.CheckPath(p); err != nil || p == "" || strings.ContainsAny(p, "{}") {
			l.leave(line, "%s: the path %q is no pattern that is read here", e.ID, p)
			return false
		}
		e.Scope.Paths = append(e.Scope.Paths, p)
	}
	return true
}

// literal quotes what a pattern would read otherwise.
func literal(p string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(p)
}

// list gives the entries of a part of a file.
func (l *List) list(key string, n yamlNode) []yamlNode {
	items, ok := n.items()
	if !ok {
		l.leave(n.Line, "%s is no list", key)
	}
	return items
}
