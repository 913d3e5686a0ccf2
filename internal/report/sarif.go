package report

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/verdict"
)

// The part of SARIF 2.1.0 (OASIS, sarif-schema-2.1.0.json) that the reports fill.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations,omitempty"`
		ColumnKind  string            `json:"columnKind,omitempty"`
		Automation  *sarifAutomation  `json:"automationDetails,omitempty"`
		Results     []sarifResult     `json:"results"`
		Properties  map[string]any    `json:"properties,omitempty"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifInvocation struct {
		ExecutionSuccessful bool                `json:"executionSuccessful"`
		Notifications       []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string       `json:"level"`
		Message sarifMessage `json:"message"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID            string         `json:"id"`
		Name          string         `json:"name,omitempty"`
		Short         sarifMessage   `json:"shortDescription"`
		Full          sarifMessage   `json:"fullDescription"`
		Help          sarifHelp      `json:"help"`
		HelpURI       string         `json:"helpUri,omitempty"`
		Configuration sarifLevel     `json:"defaultConfiguration"`
		Properties    map[string]any `json:"properties,omitempty"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifHelp struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifMessage       `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
		Fixes        []sarifFix         `json:"fixes,omitempty"`
		Properties   map[string]any     `json:"properties,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
		Message  *sarifMessage  `json:"message,omitempty"`
	}
	sarifLogical struct {
		Name string `json:"name"`
		Full string `json:"fullyQualifiedName,omitempty"`
		Kind string `json:"kind,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndLine     int `json:"endLine,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
	sarifFix struct {
		Description sarifMessage  `json:"description"`
		Changes     []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifBytes   `json:"deletedRegion"`
		Inserted sarifMessage `json:"insertedContent"`
	}
	sarifBytes struct {
		ByteOffset int `json:"byteOffset"`
		ByteLength int `json:"byteLength"`
	}
)

const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// LintSARIF writes one run for code scanning. An image is no file of a repository:
// its findings name it as the artefact, and the place in it as a logical location.
func LintSARIF(w io.Writer, r *verdict.Lint) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}, Automation: &sarifAutomation{ID: lintCategory(r)}}
	run.Tool.Driver = sarifDriver{Name: r.Tool.Name, Version: r.Tool.Version, Rules: []sarifRule{}}
	index := map[string]int{}
	for i := range r.Rules {
		rule := &r.Rules[i]
		index[rule.ID] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, lintRule(rule))
	}
	inv := sarifInvocation{ExecutionSuccessful: true}
	for i := range r.Subjects {
		s := &r.Subjects[i]
		if s.Error != "" {
			inv.ExecutionSuccessful = false
			inv.Notifications = append(inv.Notifications, sarifNotification{"error", sarifMessage{sarifWords(s.Name + ": " + s.Error)}})
		}
		for j := range s.Findings {
			f := &s.Findings[j]
			run.Results = append(run.Results, lintResult(s, f, index[f.Rule]))
		}
	}
	run.Invocations = []sarifInvocation{inv}
	return encodeJSON(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

// lintCategory keeps workflows and Dockerfiles of one repository apart: a run takes
// the place of the one before it in its category.
func lintCategory(r *verdict.Lint) string {
	if len(r.Subjects) > 0 && r.Subjects[0].Kind == "workflow" {
		return "plimsoll/ci/"
	}
	return "plimsoll/lint/"
}

func lintRule(r *hygiene.RuleSummary) sarifRule {
	help := r.Why + "\n\n" + r.Remedy
	if len(r.Peers) > 0 {
		help += "\n\nThe same concept elsewhere: " + strings.Join(r.Peers, ", ") + "."
	}
	return sarifRule{
		ID: r.ID, Short: sarifMessage{r.Title}, Full: sarifMessage{r.Why}, Help: sarifHelp{Text: help, Markdown: help},
		Configuration: sarifLevel{sarifLevelOf(r.Severity)},
		Properties:    map[string]any{"security-severity": securitySeverity(r.Severity), "tags": lintTags(r)},
	}
}

func lintTags(r *hygiene.RuleSummary) []string {
	if r.Category == hygiene.Pipeline {
		return []string{"security", string(r.Category)}
	}
	return []string{"docker", string(r.Category)}
}

func lintResult(s *verdict.LintSubject, f *hygiene.Finding, rule int) sarifResult {
	at := sarifPhysical{Artifact: sarifArtifact{artifactURI(s.Name)}}
	res := sarifResult{
		RuleID: f.Rule, RuleIndex: rule, Level: sarifLevelOf(f.Severity), Message: sarifMessage{sarifWords(f.Message)},
		Fingerprints: map[string]string{"plimsollFinding/v1": f.ID},
		Properties:   map[string]any{"severity": f.Severity.String(), "final": f.Final},
	}
	location := sarifLocation{}
	if s.IsFile() {
		at.Region = &sarifRegion{f.Range.Start.Line, f.Range.Start.Column, f.Range.End.Line, f.Range.End.Column}
	} else {
		location.Logical = []sarifLogical{{Name: Clean(f.Where)}}
	}
	if f.Stage != "" {
		res.Properties["stage"] = Clean(f.Stage)
	}
	location.Physical = at
	res.Locations = []sarifLocation{location}
	if sup := f.Suppressed; sup != nil {
		why := sup.Reason
		if why == "" {
			why = fmt.Sprintf("comment of %s's form in line %d", sup.By, sup.Line)
		}
		res.Suppressions = []sarifSuppression{{"inSource", Clean(why)}}
	}
	if len(f.Edits) > 0 && s.IsFile() {
		change := sarifChange{Artifact: at.Artifact}
		for _, e := range f.Edits {
			change.Replacements = append(change.Replacements, sarifReplacement{sarifBytes{e.From, e.To - e.From}, sarifMessage{e.New}})
		}
		res.Fixes = []sarifFix{{sarifMessage{f.Remedy}, []sarifChange{change}}}
	}
	return res
}

// artifactURI is a relative URI of a file, or the image's reference in a form that
// is one. A colon is escaped: what stands before it in the first part of a relative
// URI would be a scheme (RFC 3986, 4.2).
func artifactURI(name string) string {
	return strings.ReplaceAll((&url.URL{Path: strings.TrimPrefix(filepath.ToSlash(Clean(name)), "./")}).EscapedPath(), ":", "%3A")
}

func sarifLevelOf(s advisory.Severity) string {
	switch githubLevel(s) {
	case "notice":
		return "note"
	default:
		return githubLevel(s)
	}
}

// securitySeverity is the score by which GitHub ranks a rule: above 9 critical, 7 to
// 8.9 high, 4 to 6.9 medium
// (https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning).
func securitySeverity(s advisory.Severity) string {
	return map[advisory.Severity]string{advisory.Critical: "9.5", advisory.High: "8.0", advisory.Medium: "5.0", advisory.Low: "2.0"}[max(s, advisory.Low)]
}
