package foreign

import (
	"regexp"
	"strings"
	"time"

	"plimsoll/internal/gate/exception"
)

// trivyIgnore reads .trivyignore (Trivy's "Filtering", By Finding IDs): an
// identifier a line, exp:YYYY-MM-DD behind it, and comments.
func (l *List) trivyIgnore(source []byte) {
	// A comment is the reason of the entries beneath it, up to a line without any.
	comment, said := "", false
	for n, text := range strings.Split(string(source), "\n") {
		line := n + 1
		text = strings.TrimSpace(text)
		if text == "" {
			comment = ""
			continue
		}
		if rest, ok := strings.CutPrefix(text, "#"); ok {
			if said {
				comment, said = "", false
			}
			comment = strings.TrimSpace(comment + " " + strings.TrimSpace(rest))
			continue
		}
		said = true
		fields := strings.Fields(text)
		e := exception.Exception{ID: fields[0], Reason: bound(comment)}
		ok := true
		for i, f := range fields[1:] {
			if strings.HasPrefix(f, "#") {
				e.Reason = bound(strings.TrimSpace(strings.TrimLeft(strings.Join(fields[i+1:], " "), "# ")))
				break
			}
			day, isDay := strings.CutPrefix(f, "exp:")
			if !isDay {
				l.leave(line, "%s: %q is not understood", e.ID, bound(f))
				ok = false
				break
			}
			if !l.until(&e, day, line) {
				ok = false
				break
			}
		}
		if ok {
			l.trivyID(e, line)
		}
	}
}

// until takes a day in. Trivy's holds until the day begins, in UTC, so that the
// last day is the one before.
func (l *List) until(e *exception.Exception, day string, line int) bool {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		if t, err = time.Parse(time.RFC3339, day); err != nil {
			l.leave(line, "%s: %q is no day", e.ID, bound(day))
			return false
		}
	}
	if t.Year() < 1970 || t.Year() > 9998 {
		l.leave(line, "%s: %q is no day", e.ID, bound(day))
		return false
	}
	e.Until = t.UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)
	return true
}

// advisoryID is what databases call vulnerabilities: CVE-2024-1, GHSA-…,
// DSA-5532-1, ALAS2-2024-2445, RUSTSEC-2024-0001.
var advisoryID = regexp.MustCompile(`^(?:GHSA(?:-[0-9a-z]{4}){3}|[A-Z][A-Za-z0-9]*-.*[0-9]{3,}.*)$`)

var configurationID = regexp.MustCompile(`^(?:AVD-[A-Z]+-[0-9]{4}|[A-Z]{2,8}-?[0-9]{3,4})$`)

// trivyID tells what an identifier without a kind stands for.
func (l *List) trivyID(e exception.Exception, line int) {
	switch {
	case configurationID.MatchString(e.ID):
		l.check(e.ID, e, line)
	case advisoryID.MatchString(e.ID):
		l.add(e, line)
	case e.ID == strings.ToLower(e.ID) && strings.ContainsAny(e.ID, "-abcdefghijklmnopqrstuvwxyz"):
		e.ID = l.secretRule(e.ID, line)
		l.add(e, line)
	default:
		l.leave(line, "%s: neither a vulnerability, nor a check, nor the rule of a secret (licences are not judged here)", bound(e.ID))
	}
}

// trivyIgnoreYAML reads .trivyignore.yaml.
func (l *List) trivyIgnoreYAML(source []byte) error {
	top, err := parseYAML(l.File, source)
	if err != nil {
		return err
	}
	for key, value := range top.pairs() {
		switch key {
		case "vulnerabilities", "misconfigurations", "secrets":
			for _, item := range l.list(key, value) {
				l.trivyEntry(key, item)
			}
		case "licenses":
			for _, item := range l.list(key, value) {
				l.leave(item.Line, "%s: licences are not judged here", bound(item.text("id")))
			}
		default:
			l.leave(value.Line, "%s: unknown", bound(key))
		}
	}
	return nil
}

func (l *List) trivyEntry(kind string, n yamlNode) {
	line := n.Line
	e := exception.Exception{ID: n.text("id"), Reason: bound(n.text("statement"))}
	if e.ID == "" {
		l.leave(line, "an entry without an id")
		return
	}
	var urls []string
	for key, value := range n.pairs() {
		switch key {
		case "id", "statement":
		case "expired_at":
			if !l.until(&e, value.Value, value.Line) {
				return
			}
		case "paths":
			list, ok := value.texts()
			if !ok {
				l.leave(value.Line, "%s: paths is no list of texts", e.ID)
				return
			}
			if !l.paths(&e, list, value.Line) {
				return
			}
		case "purls":
			var ok bool
			if urls, ok = value.texts(); !ok {
				l.leave(value.Line, "%s: purls is no list of texts", e.ID)
				return
			}
		default:
			l.leave(value.Line, "%s: the key %q is not understood", e.ID, bound(key))
			return
		}
	}
	if kind != "vulnerabilities" && len(urls) > 0 {
		l.leave(line, "%s: purls are for vulnerabilities", e.ID)
		return
	}
	for _, u := range urls {
		p, err := exception.ParsePackageScope(u)
		if err != nil {
			l.leave(line, "%s: %q: %v", e.ID, bound(u), err)
			return
		}
		e.Scope.Packages = append(e.Scope.Packages, p)
	}
	switch kind {
	case "vulnerabilities":
		l.add(e, line)
	case "secrets":
		e.ID = l.secretRule(e.ID, line)
		l.add(e, line)
	default:
		if len(e.Scope.Paths) > 0 {
			l.note(line, "a path of a check is that of a Dockerfile: what an image's configuration shows has none")
		}
		l.check(e.ID, e, line)
	}
}

// bound keeps a foreign text to one line of a length that people read.
func bound(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 300 {
		return string(r[:299]) + "…"
	}
	return s
}
