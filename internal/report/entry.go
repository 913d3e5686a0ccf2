package report

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// entry is one finding of any kind, as the forms list it that other programs read
// finding by finding: vulnerabilities, secrets, planted code, altered executables,
// the end of support and hygiene. Its texts are raw: each form neutralises them for
// its own target.
type entry struct {
	// id is the finding's: it survives a rebuild.
	id string
	// kind is what sort of thing it is, in words: "secret", "planted code".
	kind string
	// rule is the vulnerability or the rule that was broken, title its name.
	rule, title string
	severity    advisory.Severity
	disposition triage.Disposition
	// subject is the package or the place, what says what is wrong there, and
	// standing in which layer it came and whether the final image still shows it.
	subject, what, standing string
	// path is a file of the image, or a place of its configuration ("configuration:
	// User", "config.Env.TOKEN"); inside is where in an archive. line counts from 1, 0 without.
	path, inside string
	line         int
	// pkg and version are set for findings about a package, fixed where an update helps.
	pkg, version string
	fixed        []string
	liveness     inventory.Liveness
	// layer is -1 where none is known.
	layer inventory.LayerRef
	// remedy is what to do about it; empty where there is nothing but to watch.
	remedy string
	// why is the rule's reason, where the verdict holds it.
	why string
	// finding is nil for hygiene.
	finding *triage.Finding
}

// text is the finding in one line: "CVE-2023-5363 in libssl3 3.0.9-1: openssl: …".
func (e *entry) text() string {
	switch {
	case e.kind == kindHygiene, e.subject == "":
		return cmp.Or(e.what, e.title, e.rule)
	case e.what == "":
		return e.rule + " in " + e.subject
	case e.kind == kindVulnerability:
		return e.rule + " in " + e.subject + ": " + e.what
	}
	return cmp.Or(e.title, e.rule) + " in " + e.subject + ": " + e.what
}

// grave reports whether it asks for a rebuild now; of hygiene what is high or above.
func (e *entry) grave() bool {
	return e.disposition == triage.Rebuild || e.kind == kindHygiene && e.severity >= advisory.High && e.disposition != triage.Accepted
}

const (
	kindVulnerability = "vulnerability"
	kindEndOfLife     = "end of support"
	kindSecret        = "secret"
	kindPlanted       = "planted code"
	kindAltered       = "altered executable"
	kindHygiene       = "hygiene"
)

func kindOf(k triage.Kind) string {
	switch k {
	case triage.Vulnerability:
		return kindVulnerability
	case triage.EndOfLife:
		return kindEndOfLife
	case triage.Secret:
		return kindSecret
	case triage.Malware:
		return kindPlanted
	case triage.Provenance:
		return kindAltered
	}
	return string(k)
}

// entries lists every finding of a verdict, the most pressing first: forms that
// are cut off at a limit lose the least so.
func entries(v *verdict.Verdict) []entry {
	titles := map[string]string{}
	for i := range v.Actions {
		titles[v.Actions[i].ID], _, _ = strings.Cut(v.Actions[i].Title, ": clears ")
	}
	packages := packagesByID(v.Packages)
	list := make([]entry, 0, len(v.Findings)+len(v.Hygiene))
	for i := range v.Findings {
		list = append(list, findingEntry(&v.Findings[i], packages, titles))
	}
	for i := range v.Hygiene {
		list = append(list, hygieneEntry(&v.Hygiene[i]))
	}
	slices.SortStableFunc(list, func(a, b entry) int {
		return cmp.Or(
			cmp.Compare(ordinal(b.grave()), ordinal(a.grave())),
			cmp.Compare(dispositionRank(a.disposition), dispositionRank(b.disposition)),
			cmp.Compare(b.severity, a.severity),
		)
	})
	return list
}

func findingEntry(f *triage.Finding, packages map[string]*inventory.Package, titles map[string]string) entry {
	e := entry{
		id: f.ID, kind: kindOf(f.Kind), severity: f.Severity, disposition: f.Disposition, path: f.Path,
		liveness: f.Liveness, layer: f.Origin, remedy: titles[f.ClearedBy], finding: f,
	}
	switch {
	case f.Evidence != nil:
		e.ofContent(f)
	case f.Kind == triage.EndOfLife:
		e.rule, e.title, e.what = "end-of-life", "The distribution release leaves support", f.Title
	default:
		e.rule, e.title, e.what = f.Vulnerability, f.Title, f.Title
		e.pkg, e.version, e.fixed = f.Package, f.Version, f.Fix.Versions
		e.subject = strings.TrimSpace(f.Package + " " + f.Version)
		e.standing = packageStanding(f)
		if e.remedy == "" {
			e.remedy = recommendation(f, packages[f.PackageID])
		}
	}
	return e
}

// ofContent fills in what a finding about a file's content shows.
func (e *entry) ofContent(f *triage.Finding) {
	v := f.Evidence
	e.rule, e.title, e.why = v.Rule, f.Title, v.Rationale
	switch f.Kind {
	case triage.Secret:
		e.rule = "secret/" + v.Rule
	case triage.Malware:
		e.rule = "planted/" + v.Rule
	}
	e.subject, e.inside, e.line = placeWords(f), v.Inside, v.Line
	e.pkg = f.Package
	e.standing = standingWords(f)
	switch {
	case v.Redacted != "" && v.Name != "":
		e.what = v.Name + " = " + v.Redacted
	case v.Redacted != "":
		e.what = v.Redacted
	default:
		e.what = v.Detail
	}
	if v.Confidence.String() != "" {
		e.what = strings.TrimPrefix(e.what+" ("+v.Confidence.String()+")", " ")
	}
}

// packageStanding says where a package is from, and where it stands unless it is
// simply there.
func packageStanding(f *triage.Finding) string {
	text := ""
	if f.Origin.Index >= 0 {
		text = "added in " + layerWords(f.Origin)
	}
	if f.Liveness != "" && f.Liveness != inventory.Visible {
		text = strings.TrimPrefix(text+"; "+livenessWords(f.Liveness), "; ")
	}
	return text
}

func hygieneEntry(h *verdict.Hygiene) entry {
	e := entry{
		id: h.ID, kind: kindHygiene, rule: h.Rule, title: h.Title, severity: h.Severity, disposition: triage.Defer,
		subject: h.Where, path: h.Where, what: h.Message, remedy: h.Remedy, layer: inventory.LayerRef{Index: -1}, standing: h.Where,
	}
	if h.Base {
		e.standing += ", from the base"
	}
	if h.Acceptance != nil {
		e.disposition = triage.Accepted
	}
	return e
}

// cut bounds a text to so many bytes, between characters, and says where it was cut.
func cut(s string, to int) string {
	if len(s) <= to {
		return s
	}
	const dots = "…"
	return strings.ToValidUTF8(s[:max(0, to-len(dots))], "") + dots
}

// capital begins a sentence.
func capital(s string) string {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		return string(s[0]-'a'+'A') + s[1:]
	}
	return s
}

// inFile is where a finding is in the image's file system, without a leading slash;
// empty where it is in no file.
func (e *entry) inFile() string {
	if e.kind == kindHygiene || e.liveness == inventory.InConfig {
		return ""
	}
	return strings.TrimLeft(e.path, "/")
}

// untagged names an image without tag and digest, which another build changes. What
// is no registry's name, an archive or a layout, is called what the user called it.
func untagged(image *verdict.Image) string {
	if image.Name == "" {
		return image.Reference
	}
	name, _ := repository(image)
	return name
}

// filePath is a relative path for systems that know files of a repository alone: the
// image's name and the file's path in it, which leads nowhere above.
func filePath(name, file string) string {
	p := strings.TrimLeft(path.Clean("/"+Clean(name)), "/")
	if file != "" {
		p += path.Clean("/" + Clean(file))
	}
	if p = strings.TrimLeft(p, "/"); p == "" {
		return "image"
	}
	return p
}

// imageTitle names an image and its platform for a person.
func imageTitle(image *verdict.Image) string {
	if image.Platform == "" {
		return image.Reference
	}
	return fmt.Sprintf("%s (%s)", image.Reference, image.Platform)
}
