package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"plimsoll/internal/account"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/inventory"
	"plimsoll/internal/secret"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

const (
	// htmlContent bounds the cards of one kind, htmlHygieneRules the rules of hygiene,
	// and htmlExecutables the executables that are named.
	htmlContent, htmlHygieneRules, htmlExecutables = 300, 200, 300
)

// htmlContents are the findings about content of one section.
type htmlContents struct {
	Summary string
	// Sure are likely or certain, Possible for a person to judge.
	Sure, Possible htmlList[htmlCard]
}

type htmlCard struct {
	Severity, Title, Confidence string
	Place, Standing             string
	Lines                       []string
	Excerpt                     string
	Why                         string
	Techniques                  []string
	Also                        []string
}

func htmlContentsOf(v *verdict.Verdict, opt Options, kinds ...triage.Kind) htmlContents {
	list, possible := gatherContents(v, kinds)
	h := htmlContents{}
	if len(list) == 0 {
		return h
	}
	most := htmlContent
	if opt.All {
		most = len(list)
	}
	sure := 0
	for _, f := range list {
		to := &h.Possible
		if f.Evidence.Confidence >= secret.Likely {
			sure++
			to = &h.Sure
		}
		if len(to.Items) >= most {
			to.Hidden++
			continue
		}
		to.Items = append(to.Items, newHTMLCard(f))
	}
	h.Summary = number(sure) + " likely or certain"
	if possible > 0 {
		h.Summary += ", " + number(possible) + " possible"
	}
	return h
}

func newHTMLCard(f *found) htmlCard {
	e := f.Evidence
	h := htmlCard{
		Severity: f.Severity.String(), Title: legible(f.Title, htmlLine), Confidence: legible(e.Confidence.String(), htmlName),
		Place: legible(placeWords(f.Finding), htmlLine), Standing: legible(standingWords(f.Finding), htmlLine), Why: legible(e.Rationale, htmlText),
		Techniques: htmlAll(e.Techniques, htmlName), Also: htmlAll(e.Also, htmlLine),
	}
	switch {
	case e.Redacted != "" && e.Name != "":
		h.Excerpt = legible(e.Name+" = "+e.Redacted, htmlLine)
	case e.Redacted != "":
		h.Excerpt = legible(e.Redacted, htmlLine)
	default:
		h.Excerpt = legible(e.Excerpt, htmlText)
	}
	for _, line := range []struct{ lead, text string }{
		{"", e.Detail},
		{"the private key of the certificate ", e.Certificate},
		{"asked: ", e.Verified},
		{"published with the package ", e.PublishedBy},
	} {
		if line.text != "" {
			h.Lines = append(h.Lines, legible(line.lead+line.text, htmlText))
		}
	}
	if a := f.Acceptance; a != nil {
		h.Lines = append(h.Lines, legible("accepted by "+a.By+": "+a.Reason, htmlText))
	}
	for i, same := range f.same {
		if i == 40 {
			h.Also = append(h.Also, "in "+count(len(f.same)-i, "other place"))
			break
		}
		h.Also = append(h.Also, legible("in "+placeWords(same), htmlLine))
	}
	return h
}

// htmlHygiene are the findings of hygiene by rule.
type htmlHygiene struct {
	Summary string
	Rules   htmlList[htmlRule]
}

type htmlRule struct {
	Severity, Title, Name, Remedy string
	Places                        htmlList[htmlFact]
}

func htmlHygieneOf(v *verdict.Verdict, opt Options) htmlHygiene {
	h := htmlHygiene{}
	findings := make([]hygiene.Finding, 0, len(v.Hygiene))
	for i := range v.Hygiene {
		if f := &v.Hygiene[i]; f.Acceptance == nil {
			findings = append(findings, hygiene.Finding{Rule: f.Rule, Title: f.Title, Severity: f.Severity, Message: f.Message, Remedy: f.Remedy, Where: f.Where, Base: f.Base, Final: true})
		}
	}
	if len(findings) == 0 {
		return h
	}
	h.Summary = legible(lintCounts(v.Headline.Hygiene), htmlLine)
	h.Summary = legible(lintCounts(v.Headline.Hygiene), htmlLine)
	for i, group := range lintGroups(findings, true) {
		if i >= htmlHygieneRules && !opt.All {
			h.Rules.Hidden++
			continue
		}
		first := group[0]
		rule := htmlRule{
			Severity: first.Severity.String(), Title: legible(first.Title, htmlLine), Name: legible(first.Rule, htmlName), Remedy: legible(first.Remedy, htmlText),
		}
		for n, f := range group {
			if n >= 30 && !opt.All {
				rule.Places.Hidden = len(group) - n
				break
			}
			text := f.Message
			if note := lintNote(f); note != "" {
				text += " [" + note + "]"
			}
			rule.Places.Items = append(rule.Places.Items, htmlFact{Label: legible(f.Where, htmlName), Text: legible(text, htmlText)})
		}
		h.Rules.Items = append(h.Rules.Items, rule)
	}
	return h
}

// htmlAccount is the account of the executables.
type htmlAccount struct {
	Line, Lower string
	Parts       []htmlPart
	// Open are those that nobody vouches for and that stand out, Built the others that
	// a build added in the open, by step.
	Open  htmlList[htmlExecutable]
	Built []htmlFact
}

// htmlPart is a part of a stacked bar.
type htmlPart struct {
	Class, Words string
	N            int
	X, Wide      string
}

type htmlExecutable struct {
	Status, Class, Path, Kind, Mode, Size, Reason, Risks, Layer string
}

func htmlAccountOf(a *account.Account, opt Options) htmlAccount {
	h := htmlAccount{}
	if a.Executables == 0 && len(a.Entries) == 0 {
		return h
	}
	h.Line = legible(a.Line(), htmlText)
	h.Parts = htmlParts(a)
	for i := range a.Entries {
		e := &a.Entries[i]
		if !e.Status.Open() || e.Liveness != inventory.Visible || e.Status == account.Built && len(e.Risks) == 0 && !opt.All {
			continue
		}
		if len(h.Open.Items) >= htmlExecutables && !opt.All {
			h.Open.Hidden++
			continue
		}
		h.Open.Items = append(h.Open.Items, newHTMLExecutable(e))
	}
	for _, step := range a.BuiltBy[:min(len(a.BuiltBy), htmlReasons)] {
		h.Built = append(h.Built, htmlFact{Label: count(step.Executables, "executable"), Text: legible(layerWords(step.Layer), htmlLine)})
	}
	if a.Lower > 0 {
		var parts []string
		for _, s := range account.Statuses() {
			if n := a.LowerByStatus[s]; n > 0 {
				parts = append(parts, number(n)+" "+s.Words())
			}
		}
		h.Lower = fmt.Sprintf("%s more in lower layers, overwritten or deleted: %s", number(a.Lower), strings.Join(parts, ", "))
	}
	return h
}

func htmlParts(a *account.Account) []htmlPart {
	var parts []htmlPart
	whole, at := 0, 0
	for _, s := range account.Statuses() {
		whole += max(0, a.ByStatus[s])
	}
	for _, s := range account.Statuses() {
		n := max(0, a.ByStatus[s])
		if n == 0 {
			continue
		}
		parts = append(parts, htmlPart{Class: string(s), Words: s.Words(), N: n, X: share(at, whole), Wide: share(n, whole)})
		at += n
	}
	return parts
}

func newHTMLExecutable(e *account.Entry) htmlExecutable {
	reason := e.Reason
	if e.Owner != "" {
		reason = strings.TrimSuffix(e.Owner+": "+reason, ": ")
	}
	h := htmlExecutable{
		Status: legible(string(e.Status), htmlName), Class: "open", Path: legible(e.Path, htmlLine), Kind: legible(string(e.Kind), htmlName), Mode: legible(e.Mode, htmlName),
		Size: size(max(0, e.Size)), Reason: legible(reason, htmlText), Layer: htmlLayer(e.Layer),
	}
	if e.Status == account.Altered {
		h.Class = "altered"
	}
	risks := slices.Clone(e.Risks)
	if e.Capabilities != "" {
		risks = append(risks, e.Capabilities)
	}
	h.Risks = strings.Join(htmlAll(risks, htmlName), ", ")
	return h
}

// htmlCoverage is what was examined and what is not ruled out.
type htmlCoverage struct {
	Complete    bool
	Examined    string
	Databases   []htmlDatabase
	Gaps        htmlList[htmlFact]
	Skipped     htmlList[htmlSkipped]
	Incomplete  int
	NotRuledOut []string
}

type htmlDatabase struct{ Name, Schema, Built, Digest, From string }

type htmlSkipped struct {
	Where, Reason string
	Incomplete    bool
}

func htmlCoverageOf(c *verdict.Coverage, opt Options) htmlCoverage {
	h := htmlCoverage{Complete: c.Complete, Examined: legible(examined(c), htmlText), NotRuledOut: htmlAll(c.NotRuledOut, htmlText)}
	for i := range c.Databases[:min(len(c.Databases), htmlReasons)] {
		d := &c.Databases[i]
		h.Databases = append(h.Databases, htmlDatabase{
			Name: legible(d.Name, htmlName), Schema: legible(d.Schema, htmlName), Built: date(d.Built), Digest: legible(d.Digest, htmlName), From: legible(d.From, htmlLine),
		})
	}
	gaps := &page{}
	gaps.gaps(c, func(_, text string) {
		if len(h.Gaps.Items) >= htmlReasons && !opt.All {
			h.Gaps.Hidden++
			return
		}
		h.Gaps.Items = append(h.Gaps.Items, htmlFact{Text: legible(text, htmlText)})
	})
	list := slices.Clone(c.Skipped)
	slices.SortStableFunc(list, func(a, b verdict.Skipped) int { return cmp.Compare(ordinal(b.Incomplete), ordinal(a.Incomplete)) })
	for i := range list {
		s := &list[i]
		if s.Incomplete {
			h.Incomplete++
		}
		if i >= htmlReasons && !opt.All {
			h.Skipped.Hidden++
			continue
		}
		where := "SBOM"
		if s.Layer >= 0 {
			where = fmt.Sprintf("layer %d", s.Layer)
		}
		if s.Path != "" {
			where += " " + s.Path
		}
		h.Skipped.Items = append(h.Skipped.Items, htmlSkipped{legible(where, htmlLine), legible(s.Reason, htmlText), s.Incomplete})
	}
	return h
}
