package report

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// htmlVerdict is one verdict as the templates show it: every text is clean and
// bounded, every list cut to what a browser shows at ease.
type htmlVerdict struct {
	// ID begins the identifiers of the verdict's parts.
	ID                        string
	Reference, Platform, Tone string
	// Decision is the headline's one word, Rest what follows it.
	Decision, Rest  string
	Facts, Digests  []htmlFact
	Notes, Warnings []string
	Gate            *htmlGate
	Actions         htmlList[htmlAction]
	Severities      htmlSeverities
	Profile         htmlProfile
	Opinions        htmlOpinions
	Planted         htmlContents
	Secrets         htmlContents
	Hygiene         htmlHygiene
	Account         htmlAccount
	Findings        htmlFindings
	Accepted        htmlAccepted
	Layers          htmlLayers
	Coverage        htmlCoverage
}

// htmlList is a list with how many of it are not shown.
type htmlList[T any] struct {
	Items  []T
	Hidden int
}

// htmlFact is a text with what it is about.
type htmlFact struct{ Label, Text string }

type htmlGate struct {
	Failed bool
	Rules  string
	// Reasons are why it failed.
	Reasons []string
}

type htmlAction struct {
	Title, Detail string
	Clears        int
	Urgent        int
	// Cleared names the findings, each once.
	Cleared htmlList[string]
}

const (
	// htmlActions, htmlCleared and htmlReasons bound what stands above the findings.
	htmlActions, htmlCleared, htmlReasons = 200, 60, 200
)

func newHTMLVerdict(v *verdict.Verdict, n int, opt Options) *htmlVerdict {
	h := &htmlVerdict{
		ID: fmt.Sprintf("v%d", n), Reference: legible(v.Image.Reference, htmlLine), Platform: legible(v.Image.Platform, htmlName),
		Tone: htmlTone(v.Headline.Decision), Decision: legible(string(v.Headline.Decision), htmlName),
		Facts: htmlFacts(v), Digests: htmlDigests(&v.Image), Notes: htmlAll(v.Image.Notes, htmlText), Warnings: htmlAll(v.Coverage.Warnings, htmlText),
		Gate: htmlGateOf(v.Gate), Actions: htmlActionsOf(v),
		Severities: htmlSeveritiesOf(&v.Headline), Opinions: htmlOpinionsOf(v, opt),
		Planted:  htmlContentsOf(v, opt, triage.Malware, triage.Provenance),
		Secrets:  htmlContentsOf(v, opt, triage.Secret),
		Hygiene:  htmlHygieneOf(v, opt),
		Account:  htmlAccountOf(&v.Account, opt),
		Findings: htmlFindingsOf(v, opt),
		Accepted: htmlAcceptedOf(v, opt),
		Layers:   htmlLayersOf(v, opt),
		Coverage: htmlCoverageOf(&v.Coverage, opt),
	}
	h.Profile = htmlProfileOf(&h.Layers)
	text := legible(v.Headline.Text, htmlText)
	if rest, ok := strings.CutPrefix(text, h.Decision); ok {
		text = strings.TrimLeft(rest, ": ")
	}
	h.Rest = capital(text)
	return h
}

// htmlTone is the colour of a decision, by name.
func htmlTone(d verdict.Decision) string {
	switch d {
	case verdict.DoNotRun, verdict.RebuildNow:
		return "bad"
	case verdict.RebuildSoon, verdict.Incomplete:
		return "warn"
	case verdict.TrackOnly, verdict.NoneKnown:
		return "watch"
	case verdict.NothingFound:
		return "good"
	}
	return "plain"
}

func htmlFacts(v *verdict.Verdict) []htmlFact {
	image := &v.Image
	system := ""
	if d := image.Distribution; d != nil {
		system = cmp.Or(d.PrettyName, strings.TrimSpace(d.ID+" "+d.VersionID))
	}
	base := ""
	if b := &image.Base; b.Layers > 0 {
		base = strings.TrimPrefix(b.Name+": "+count(b.Layers, "layer"), ": ")
		if b.Reason != "" {
			base += " (" + b.Reason + ")"
		}
	}
	created := ""
	if !image.Created.IsZero() {
		created = image.Created.UTC().Format(time.DateTime) + " UTC"
	}
	return toldFacts([]htmlFact{
		{"Image", image.Reference},
		{"Platform", image.Platform},
		{"System", cmp.Or(system, "no distribution")},
		{"Holds", holds(v)},
		{"Base", base},
		{"Created", created},
		{"Read from", cmp.Or(image.Via, image.Source)},
	})
}

func htmlDigests(image *verdict.Image) []htmlFact {
	return toldFacts([]htmlFact{{"Manifest", image.Digest}, {"Index", image.IndexDigest}, {"Configuration", image.ConfigDigest}})
}

// toldFacts leaves out what is not known.
func toldFacts(all []htmlFact) []htmlFact {
	var facts []htmlFact
	for _, f := range all {
		if f.Text = legible(f.Text, htmlLine); strings.TrimSpace(f.Text) != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// holds is "105 packages in 6 layers, 12,345 files, 143 MB".
func holds(v *verdict.Verdict) string {
	text := count(len(v.Packages), "package") + " in " + count(len(v.Image.Layers), "layer")
	if v.Coverage.Files > 0 {
		text += ", " + count(v.Coverage.Files, "file") + ", " + size(v.Coverage.Bytes)
	}
	return text
}

func htmlGateOf(g *verdict.Gate) *htmlGate {
	if g == nil {
		return nil
	}
	return &htmlGate{
		Failed: g.Failed, Rules: strings.Join(htmlAll(g.FailOn, htmlLine), ", "),
		Reasons: htmlAll(g.Reasons[:min(len(g.Reasons), htmlReasons)], htmlText),
	}
}

func htmlActionsOf(v *verdict.Verdict) htmlList[htmlAction] {
	named := make(map[string]*triage.Finding, len(v.Findings))
	for i := range v.Findings {
		named[v.Findings[i].ID] = &v.Findings[i]
	}
	list := htmlList[htmlAction]{Hidden: max(0, len(v.Actions)-htmlActions)}
	for i := range v.Actions[:min(len(v.Actions), htmlActions)] {
		a := &v.Actions[i]
		title := strings.TrimSuffix(legible(a.Title, htmlText), fmt.Sprintf(": clears %d", len(a.Clears)))
		list.Items = append(list.Items, htmlAction{
			Title: capital(title), Detail: legible(a.Detail, htmlText), Clears: len(a.Clears), Urgent: a.Urgent,
			Cleared: htmlClearedBy(a, named),
		})
	}
	return list
}

// htmlClearedBy names what an action clears. A vulnerability of several packages of
// one name is named once.
func htmlClearedBy(a *triage.Action, named map[string]*triage.Finding) htmlList[string] {
	var list htmlList[string]
	seen := map[string]bool{}
	for _, id := range a.Clears {
		f := named[id]
		if f == nil {
			continue
		}
		name := f.Vulnerability + " " + f.Package
		if f.Vulnerability == "" {
			name = f.Title
			if f.Evidence != nil {
				name += " in " + placeWords(f)
			}
		}
		if seen[name] {
			continue
		}
		seen[name] = true
		if len(list.Items) == htmlCleared {
			list.Hidden++
			continue
		}
		list.Items = append(list.Items, legible(name, htmlName))
	}
	return list
}

// htmlLayer is "layer 3", or nothing where no layer is known.
func htmlLayer(l inventory.LayerRef) string {
	if l.Index < 0 {
		return ""
	}
	return fmt.Sprintf("layer %d", l.Index)
}
