package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// The part of GitLab's report of container scanning that is filled: version 15.2.4 of
// container-scanning-report-format.json
// (https://gitlab.com/gitlab-org/security-products/security-report-schemas and
// https://docs.gitlab.com/development/integrations/secure/).
type (
	gitlabReport struct {
		Version         string                `json:"version"`
		Scan            gitlabScan            `json:"scan"`
		Vulnerabilities []gitlabVulnerability `json:"vulnerabilities"`
	}
	gitlabScan struct {
		Analyzer gitlabTool      `json:"analyzer"`
		Scanner  gitlabTool      `json:"scanner"`
		Type     string          `json:"type"`
		Start    string          `json:"start_time"`
		End      string          `json:"end_time"`
		Status   string          `json:"status"`
		Messages []gitlabMessage `json:"messages,omitempty"`
	}
	gitlabTool struct {
		ID      string       `json:"id"`
		Name    string       `json:"name"`
		Version string       `json:"version"`
		Vendor  gitlabVendor `json:"vendor"`
	}
	gitlabVendor struct {
		Name string `json:"name"`
	}
	gitlabMessage struct {
		Level string `json:"level"`
		Value string `json:"value"`
	}
	gitlabVulnerability struct {
		ID          string                  `json:"id"`
		Name        string                  `json:"name"`
		Description string                  `json:"description,omitempty"`
		Severity    string                  `json:"severity"`
		Solution    string                  `json:"solution,omitempty"`
		Identifiers []gitlabIdentifier      `json:"identifiers"`
		Vectors     []gitlabVector          `json:"cvss_vectors,omitempty"`
		Links       []gitlabLink            `json:"links,omitempty"`
		Details     map[string]gitlabDetail `json:"details,omitempty"`
		Location    gitlabLocation          `json:"location"`
	}
	gitlabIdentifier struct {
		Type  string `json:"type"`
		Name  string `json:"name"`
		Value string `json:"value"`
		URL   string `json:"url,omitempty"`
	}
	gitlabVector struct {
		Vendor string `json:"vendor"`
		Vector string `json:"vector"`
	}
	gitlabLink struct {
		URL string `json:"url"`
	}
	gitlabDetail struct {
		Type  string `json:"type"`
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	gitlabLocation struct {
		Dependency gitlabDependency `json:"dependency"`
		System     string           `json:"operating_system"`
		Image      string           `json:"image"`
	}
	gitlabDependency struct {
		Package gitlabPackage `json:"package"`
		Version string        `json:"version"`
	}
	gitlabPackage struct {
		Name string `json:"name"`
	}
)

const (
	gitlabVersion  = "15.2.4"
	gitlabName     = 255  // the most that the schema allows of a name
	gitlabSolution = 7000 // and of a solution
	gitlabText     = 2000
	// gitlabTime is the schema's: UTC, without a zone.
	gitlabTime = "2006-01-02T15:04:05"
)

// writeGitLab writes one verdict for GitLab's vulnerability report. GitLab knows
// findings of packages there; what is in a file or in the configuration is listed
// with its place as the package.
func writeGitLab(w io.Writer, r *verdict.Report, opt Options) error {
	v, err := only(r, "gitlab")
	if err != nil {
		return err
	}
	tool := gitlabTool{ID: "plimsoll", Name: "Plimsoll", Version: cmp.Or(Clean(r.Tool.Version), "unknown"), Vendor: gitlabVendor{"Plimsoll"}}
	doc := gitlabReport{Version: gitlabVersion, Vulnerabilities: []gitlabVulnerability{}}
	doc.Scan = gitlabScan{Analyzer: tool, Scanner: tool, Type: "container_scanning", Status: "success"}
	// The schema demands times. They are not the clock's, so that one image gives one
	// document, and where none is known the oldest there is says so.
	at := stamp(v, opt)
	if at.IsZero() {
		at = time.Unix(0, 0).UTC()
	}
	doc.Scan.Start, doc.Scan.End = at.Format(gitlabTime), at.Format(gitlabTime)
	if reason := incompleteWords(v); reason != "" {
		doc.Scan.Status = "failure"
		doc.Scan.Messages = append(doc.Scan.Messages, gitlabMessage{"warn", cut(Clean("the image could not be examined as a whole: "+reason), gitlabText)})
	}
	for _, s := range v.Coverage.Warnings {
		if s = cut(Clean(s), gitlabText); s != "" {
			doc.Scan.Messages = append(doc.Scan.Messages, gitlabMessage{"warn", s})
		}
	}
	found := entries(v)
	seen := map[string]int{}
	for i := range found {
		e := &found[i]
		g := gitlabFinding(v, e)
		seen[e.id]++
		g.ID = uuid("plimsoll", "gitlab", untagged(&v.Image), v.Image.Platform, e.id, fmt.Sprint(seen[e.id]))
		doc.Vulnerabilities = append(doc.Vulnerabilities, g)
	}
	return encodeJSON(w, &doc)
}

func gitlabFinding(v *verdict.Verdict, e *entry) gitlabVulnerability {
	g := gitlabVulnerability{
		Name: cut(Clean(cut(cmp.Or(e.title, e.rule, e.kind), 4*gitlabName)), gitlabName), Severity: gitlabSeverity(e.severity),
		Identifiers: gitlabIdentifiers(e), Solution: cut(md(capital(e.remedy)), gitlabSolution), Details: map[string]gitlabDetail{},
	}
	if e.kind == kindVulnerability && e.title != "" && e.rule != "" {
		g.Name = cut(Clean(cut(e.rule+" in "+e.pkg, 4*gitlabName)), gitlabName)
	}
	// GitLab renders descriptions as Markdown.
	var paragraphs []string
	for _, s := range []string{e.text(), e.why, e.standing} {
		if s = md(s); s != "" {
			paragraphs = append(paragraphs, s)
		}
	}
	g.Description = strings.Join(paragraphs, "\n\n")
	detail := func(key, name, value string) {
		if value = cut(Clean(cut(value, 2*gitlabText)), gitlabText); value != "" {
			g.Details[key] = gitlabDetail{"text", name, value}
		}
	}
	detail("kind", "Kind", e.kind)
	detail("disposition", "Disposition", string(e.disposition))
	detail("path", "Path", e.path)
	detail("standing", "Layer and liveness", e.standing)
	detail("platform", "Platform", v.Image.Platform)
	detail("digest", "Image digest", v.Image.Digest)
	if f := e.finding; f != nil {
		detail("held_by", "Held by", strings.Join(f.HeldBy, ", "))
		if f.EPSS != nil {
			detail("epss", "EPSS", percent(f.EPSS))
		}
		if f.KEV != nil {
			detail("kev", "Known to be exploited since", f.KEV.DateAdded)
		}
		g.Vectors = gitlabVectors(f.CVSS)
	}
	if e.kind == kindVulnerability && e.rule != "" {
		g.Links = []gitlabLink{{publisher(cut(Clean(e.rule), gitlabName)).URL}}
	}
	name := cmp.Or(e.pkg, e.path, e.kind)
	if e.kind != kindVulnerability {
		name = cmp.Or(e.path, e.pkg, e.kind)
	}
	g.Location = gitlabLocation{
		Dependency: gitlabDependency{gitlabPackage{cut(Clean(name), gitlabText)}, cut(Clean(e.version), gitlabText)},
		System:     gitlabSystem(v.Image.Distribution), Image: cmp.Or(cut(Clean(v.Image.Reference), gitlabText), "unknown"),
	}
	return g
}

// gitlabSystem is "debian:12".
func gitlabSystem(d *inventory.Distribution) string {
	if d == nil || d.ID == "" {
		return "unknown"
	}
	return cut(strings.TrimSuffix(Clean(d.ID)+":"+Clean(d.VersionID), ":"), gitlabText)
}

// gitlabIdentifiers names what a finding is about; the first one is what GitLab
// tracks it by.
func gitlabIdentifiers(e *entry) []gitlabIdentifier {
	if e.kind != kindVulnerability {
		id := cmp.Or(cut(Clean(e.rule), gitlabName), "unnamed")
		return []gitlabIdentifier{{Type: "plimsoll_rule", Name: "Plimsoll: " + id, Value: id}}
	}
	var list []gitlabIdentifier
	seen := map[string]bool{}
	for _, id := range append([]string{e.rule}, e.finding.Aliases...) {
		id = cmp.Or(cut(Clean(id), gitlabName), "unnamed")
		if seen[id] || len(list) == maxIdentifiers {
			continue
		}
		seen[id] = true
		kind := "osv"
		for _, known := range []string{"CVE", "GHSA", "USN", "RHSA", "ELSA", "DSA", "DLA"} {
			if strings.HasPrefix(id, known+"-") {
				kind = strings.ToLower(known)
			}
		}
		list = append(list, gitlabIdentifier{kind, id, id, publisher(id).URL})
	}
	return list
}

// maxIdentifiers is how many of a finding's GitLab keeps.
const maxIdentifiers = 20

func gitlabSeverity(s advisory.Severity) string {
	switch s {
	case advisory.Critical:
		return "Critical"
	case advisory.High:
		return "High"
	case advisory.Medium:
		return "Medium"
	case advisory.Low:
		return "Low"
	case advisory.Negligible:
		return "Info"
	}
	return "Unknown"
}

// gitlabVectors leaves out what is no CVSS vector: databases may hold anything, and
// GitLab refuses a report for one that is none.
func gitlabVectors(c *advisory.CVSS) []gitlabVector {
	if c == nil || len(c.Vector) > 128 {
		return nil
	}
	if _, _, _, err := parseCVSS(c.Vector); err != nil || strings.HasPrefix(c.Vector, "(") {
		return nil
	}
	return []gitlabVector{{cmp.Or(cut(Clean(c.Source), gitlabName), "unknown"), c.Vector}}
}

// gitlabIssue is one entry of a code quality report
// (https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format).
type gitlabIssue struct {
	Description string              `json:"description"`
	Check       string              `json:"check_name"`
	Fingerprint string              `json:"fingerprint"`
	Severity    string              `json:"severity"`
	Location    gitlabIssueLocation `json:"location"`
}

type gitlabIssueLocation struct {
	Path  string           `json:"path"`
	Lines gitlabIssueLines `json:"lines"`
}

type gitlabIssueLines struct {
	Begin int `json:"begin"`
}

// writeCodeQuality writes what GitLab shows in every tier's merge requests. It
// compares the fingerprints of two branches, which therefore hold neither tag nor
// digest. Its place is a relative path; an image is no file of the repository, so it
// is the image's name and the file in it.
func writeCodeQuality(w io.Writer, r *verdict.Report, _ Options) error {
	list := []gitlabIssue{}
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		name := untagged(&v.Image)
		if reason := incompleteWords(v); reason != "" {
			list = append(list, gitlabIssue{
				Description: cut(Clean("the image could not be examined as a whole: "+reason), gitlabText), Check: "incomplete",
				Fingerprint: triage.Fingerprint("incomplete", name, v.Image.Platform), Severity: "blocker",
				Location: gitlabIssueLocation{filePath(name, ""), gitlabIssueLines{1}},
			})
		}
		found := entries(v)
		for j := range found {
			e := &found[j]
			text := e.text()
			if e.remedy != "" {
				text += ". " + capital(e.remedy)
			}
			list = append(list, gitlabIssue{
				Description: cut(Clean(cut(text, 2*gitlabText)), gitlabText), Check: cmp.Or(cut(Clean(e.rule), gitlabName), "unnamed"),
				Fingerprint: triage.Fingerprint(name, v.Image.Platform, e.id), Severity: codeQualitySeverity(e),
				Location: gitlabIssueLocation{filePath(name, e.inFile()), gitlabIssueLines{max(1, e.line)}},
			})
		}
	}
	return encodeJSON(w, list)
}

func codeQualitySeverity(e *entry) string {
	if e.disposition == triage.Accepted {
		return "info"
	}
	switch e.severity {
	case advisory.Critical:
		return "blocker"
	case advisory.High:
		return "critical"
	case advisory.Medium:
		return "major"
	case advisory.Low:
		return "minor"
	}
	return "info"
}
