package report

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"

	"plimsoll/internal/hygiene"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// What GitHub takes of one SARIF file, and how much of a text it keeps
// (https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning,
// https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit
// and …/file-too-large). A file over a limit is refused as a whole.
const (
	sarifRuns    = 20
	sarifResults = 25_000
	// sarifShown is how many results GitHub keeps of a run; all beyond are dropped.
	sarifShown   = 5_000
	sarifPacked  = 10 << 20 // bytes after gzip
	sarifTags    = 20
	sarifName    = 255
	sarifText    = 1024
	sarifMaxHelp = 4096
)

// writeSARIF writes a run for each image and platform. An image is no file of a
// repository: a finding's artefact is the image's repository followed by the file's
// path in it, as grype names it, without tag and digest, since GitHub closes an
// alert and opens another where the path changes. The package or the place in a
// file's archive is a logical location.
func writeSARIF(w io.Writer, r *verdict.Report, _ Options) error {
	if len(r.Verdicts) > sarifRuns {
		return fmt.Errorf("write sarif: GitHub takes %d runs in a file, and this report has %d: scan fewer images at once", sarifRuns, len(r.Verdicts))
	}
	doc, err := sarifWithin(r, sarifPacked)
	if err != nil {
		return err
	}
	_, err = w.Write(doc)
	return err
}

// sarifWithin leaves out results until a document is no longer than so many bytes
// after gzip.
func sarifWithin(r *verdict.Report, most int) ([]byte, error) {
	for limit := sarifResults; ; limit /= 2 {
		var doc bytes.Buffer
		if err := encodeJSON(&doc, sarifOf(r, limit)); err != nil {
			return nil, err
		}
		if limit == 0 || doc.Len() <= most || packed(doc.Bytes()) <= most {
			return doc.Bytes(), nil
		}
	}
}

// packed is a document's length after gzip.
func packed(doc []byte) int {
	n := &counter{}
	z := gzip.NewWriter(n)
	z.Write(doc) //nolint:errcheck // a counter never fails
	z.Close()
	return n.bytes
}

type counter struct{ bytes int }

func (c *counter) Write(p []byte) (int, error) { c.bytes += len(p); return len(p), nil }

func sarifOf(r *verdict.Report, limit int) sarifLog {
	log := sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{}}
	catalogue := map[string]*hygiene.Rule{}
	rules := hygiene.Rules()
	for i := range rules {
		catalogue[rules[i].ID] = &rules[i]
	}
	categories := sarifCategories(r)
	for i := range r.Verdicts {
		b := &sarifImage{v: &r.Verdicts[i], catalogue: catalogue, index: map[string]int{}}
		b.run = sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}, Automation: &sarifAutomation{ID: categories[i]}}
		b.run.Tool.Driver = sarifDriver{Name: r.Tool.Name, Version: r.Tool.Version, Rules: []sarifRule{}}
		b.fill(limit)
		log.Runs = append(log.Runs, b.run)
	}
	return log
}

// sarifCategories are what GitHub keeps analyses apart by: one for each image and
// platform, the same for every tag, so that the next build's analysis replaces this
// one. Two tags of one image in one report have theirs in it: GitHub refuses a file
// with two runs of one category.
func sarifCategories(r *verdict.Report) []string {
	count := map[string]int{}
	category := func(v *verdict.Verdict) string {
		return "plimsoll/" + strings.Trim(Clean(untagged(&v.Image)), "/") + "/" + Clean(v.Image.Platform)
	}
	for i := range r.Verdicts {
		count[category(&r.Verdicts[i])]++
	}
	all := make([]string, len(r.Verdicts))
	taken := map[string]bool{}
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		id := category(v)
		if count[id] > 1 {
			id += "/" + Clean(v.Image.Reference)
		}
		for n := 2; taken[id]; n++ {
			id = fmt.Sprintf("%s/%d", strings.TrimSuffix(id, fmt.Sprintf("/%d", n-1)), n)
		}
		taken[id] = true
		all[i] = id + "/"
	}
	return all
}

// sarifImage puts together the run of one image.
type sarifImage struct {
	v         *verdict.Verdict
	run       sarifRun
	catalogue map[string]*hygiene.Rule
	// index finds a rule in the run by its identifier.
	index map[string]int
}

func (b *sarifImage) fill(limit int) {
	v, found := b.v, entries(b.v)
	left := 0
	if len(found) > limit {
		found, left = found[:limit], len(found)-limit
	}
	for i := range found {
		b.run.Results = append(b.run.Results, b.result(&found[i]))
	}
	inv := sarifInvocation{ExecutionSuccessful: v.Coverage.Complete}
	say := func(level, format string, args ...any) {
		inv.Notifications = append(inv.Notifications, sarifNotification{level, sarifMessage{sarifWords(fmt.Sprintf(format, args...))}})
	}
	if reason := incompleteWords(v); reason != "" {
		say("error", "the image could not be examined as a whole: %s", reason)
	}
	for _, s := range v.Coverage.Warnings {
		say("warning", "%s", s)
	}
	if left > 0 {
		say("warning", "%s of less weight were left out: GitHub takes %s results of a run in 10 MB", count(left, "finding"), number(sarifResults))
	} else if len(found) > sarifShown {
		say("note", "GitHub shows the %s gravest of these %s findings", number(sarifShown), number(len(found)))
	}
	b.run.Invocations = []sarifInvocation{inv}
	b.run.Properties = map[string]any{
		"image": Clean(v.Image.Reference), "platform": Clean(v.Image.Platform), "digest": Clean(v.Image.Digest),
		"decision": Clean(string(v.Headline.Decision)), "headline": sarifWords(v.Headline.Text),
	}
}

// incompleteWords says what could not be examined, empty where all was.
func incompleteWords(v *verdict.Verdict) string {
	if v.Coverage.Complete {
		return ""
	}
	n, first := 0, "part of it was not examined"
	for i := range v.Coverage.Skipped {
		s := &v.Coverage.Skipped[i]
		if !s.Incomplete {
			continue
		}
		if n++; n == 1 {
			first = strings.TrimPrefix(s.Path+": "+s.Reason, ": ")
			if s.Layer >= 0 {
				first = fmt.Sprintf("layer %d: %s", s.Layer, first)
			}
		}
	}
	if n > 1 {
		first += fmt.Sprintf(" (and %s more)", number(n-1))
	}
	return first
}

func (b *sarifImage) result(e *entry) sarifResult {
	id := cut(Clean(e.rule), sarifName)
	if strings.TrimSpace(id) == "" {
		id = "unnamed"
	}
	at, known := b.index[id]
	if !known {
		at = len(b.run.Tool.Driver.Rules)
		b.index[id] = at
		b.run.Tool.Driver.Rules = append(b.run.Tool.Driver.Rules, b.rule(id, e))
	}
	b.raise(at, e)
	text := e.text()
	if e.standing != "" && e.kind != kindHygiene {
		text += "; " + e.standing
	}
	if e.remedy != "" {
		text += ". " + capital(e.remedy)
	}
	res := sarifResult{
		RuleID: id, RuleIndex: at, Level: sarifLevelOf(e.severity), Message: sarifMessage{sarifWords(text)},
		Locations: []sarifLocation{b.location(e)}, Properties: sarifProperties(e),
		// GitHub matches alerts by primaryLocationLineHash alone, which its upload
		// action would make of a file in the repository.
		Fingerprints: map[string]string{"primaryLocationLineHash": e.id + ":1", "plimsollFinding/v1": e.id},
	}
	if e.disposition == triage.Accepted {
		res.Suppressions = []sarifSuppression{{Kind: "external", Justification: "an exception or a VEX statement covers it"}}
	}
	return res
}

func (b *sarifImage) location(e *entry) sarifLocation {
	l := sarifLocation{
		Physical: sarifPhysical{Artifact: sarifArtifact{artifactURI(filePath(untagged(&b.v.Image), e.inFile()))}, Region: &sarifRegion{StartLine: max(1, e.line)}},
	}
	if where := sarifWords(e.subject); where != "" {
		l.Message = &sarifMessage{where}
	}
	add := func(name, full, kind string) {
		if name = cut(Clean(name), sarifText); name != "" {
			l.Logical = append(l.Logical, sarifLogical{name, cut(Clean(full), sarifText), kind})
		}
	}
	switch {
	case e.kind == kindVulnerability:
		full := e.pkg
		if e.finding.PackageID != "" {
			full = e.finding.PackageID
		}
		add(e.pkg, full, "package")
	case e.inside != "":
		add(e.inside, e.path+"!"+e.inside, "member")
	case e.inFile() == "" && e.path != "":
		add(e.path, "", "configuration")
	}
	if e.layer.Index >= 0 {
		add(fmt.Sprintf("layer %d", e.layer.Index), "", "layer")
	}
	return l
}

func sarifProperties(e *entry) map[string]any {
	p := map[string]any{"kind": e.kind, "severity": e.severity.String(), "disposition": Clean(string(e.disposition))}
	set := func(key, value string) {
		if value = cut(Clean(value), sarifText); value != "" {
			p[key] = value
		}
	}
	set("package", e.pkg)
	set("version", e.version)
	set("fixedIn", strings.Join(e.fixed, ", "))
	set("liveness", string(e.liveness))
	if e.layer.Index >= 0 {
		p["layer"] = e.layer.Index
		set("createdBy", history(e.layer.CreatedBy))
	}
	f := e.finding
	if f == nil {
		return p
	}
	set("heldBy", strings.Join(f.HeldBy, ", "))
	if f.EPSS != nil {
		p["epss"] = f.EPSS.Probability
	}
	if f.KEV != nil {
		p["knownExploited"] = true
	}
	if f.Evidence != nil {
		set("confidence", f.Evidence.Confidence.String())
	}
	return p
}

// sarifWords makes foreign text a message's: SARIF takes "[text](target)" in plain
// text for a link (3.11.6), which must not come from an image.
func sarifWords(s string) string {
	return cut(strings.ReplaceAll(Clean(cut(s, 4*sarifText)), "](", "] ("), sarifText)
}
