package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"plimsoll/internal/account"
	"plimsoll/internal/inventory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

const (
	// htmlLayerCount bounds the layers, and htmlLayerNames the names in one.
	htmlLayerCount, htmlLayerNames = 300, 80
	// htmlRecords bounds the differing records of one cause, htmlAllRecords those of all.
	htmlRecords, htmlAllRecords = 60, 600
)

// htmlLayers are the layers with what each brought.
type htmlLayers struct {
	Items  []htmlLayerView
	Hidden int
	// Base is how many of them are the base's, BaseName and BaseReason what is known of it.
	Base                 int
	BaseName, BaseReason string
}

type htmlLayerView struct {
	Index             int
	Base              bool
	Last              bool
	Line, Full        string
	Size, Wide        string
	bytes             int64
	Files             int
	DiffID, Digest    string
	Packages          int
	Names             htmlList[string]
	Findings, Urgent  int
	Secrets, Planted  int
	Places            htmlList[string]
	Executables, Open int
	OpenNames         htmlList[string]
}

func htmlLayersOf(v *verdict.Verdict, opt Options) htmlLayers {
	most := htmlLayerCount
	if opt.All {
		most = len(v.Image.Layers)
	}
	n := min(len(v.Image.Layers), most)
	h := htmlLayers{
		Items: make([]htmlLayerView, n), Hidden: len(v.Image.Layers) - n,
		Base: v.Image.Base.Layers, BaseName: legible(v.Image.Base.Name, htmlLine), BaseReason: legible(v.Image.Base.Reason, htmlText),
	}
	var heaviest int64
	at := map[int]*htmlLayerView{}
	for i := range h.Items {
		l := &v.Image.Layers[i]
		heaviest = max(heaviest, l.Size)
		h.Items[i] = htmlLayerView{
			Index: l.Index, Base: i < h.Base, Last: i == h.Base-1 && i < n-1, Line: legible(history(cut(l.CreatedBy, 2*htmlText)), htmlLine),
			Full: legible(l.CreatedBy, 2*htmlText), Size: size(max(0, l.Size)), bytes: max(0, l.Size), Files: l.Files,
			DiffID: legible(l.DiffID, htmlName), Digest: legible(l.Digest, htmlName), Packages: l.Packages,
		}
		at[l.Index] = &h.Items[i]
	}
	for i := range h.Items {
		h.Items[i].Wide = share(h.Items[i].bytes, heaviest)
	}
	for i := range v.Packages {
		if l := at[v.Packages[i].Origin.Index]; l != nil {
			l.Names.put(legible(v.Packages[i].FullName()+" "+v.Packages[i].Version, htmlName), htmlLayerNames)
		}
	}
	for i := range v.Findings {
		if l := at[v.Findings[i].Origin.Index]; l != nil {
			l.finding(&v.Findings[i])
		}
	}
	for i := range v.Account.Entries {
		if l := at[v.Account.Entries[i].Layer.Index]; l != nil {
			l.executable(&v.Account.Entries[i])
		}
	}
	return h
}

// put adds one more, within bounds.
func (l *htmlList[T]) put(item T, most int) {
	if len(l.Items) >= most {
		l.Hidden++
		return
	}
	l.Items = append(l.Items, item)
}

func (l *htmlLayerView) finding(f *triage.Finding) {
	switch {
	case f.Evidence == nil:
		l.Findings++
		if f.Disposition == triage.Rebuild {
			l.Urgent++
		}
		return
	case f.Kind == triage.Secret:
		l.Secrets++
	default:
		l.Planted++
	}
	l.Places.put(legible(f.Title+" in "+placeWords(f), htmlLine), htmlLayerNames)
}

func (l *htmlLayerView) executable(e *account.Entry) {
	l.Executables++
	if !e.Status.Open() {
		return
	}
	l.Open++
	text := e.Path + " (" + e.Status.Words()
	if e.Liveness != inventory.Visible {
		text += ", " + string(e.Liveness)
	}
	l.OpenNames.put(legible(text+")", htmlLine), htmlLayerNames)
}

// htmlOpinions are the databases side by side.
type htmlOpinions struct {
	Agreement string
	Sides     []htmlSide
	Parts     []htmlPart
	Causes    []htmlCause
}

type htmlSide struct {
	Name, Built                             string
	Records, Only, Fixable, Urgent, Unfixed int
}

type htmlCause struct {
	N       int
	Meaning string
	Records htmlList[htmlRecord]
}

type htmlRecord struct{ ID, Name, Detail string }

func htmlOpinionsOf(v *verdict.Verdict, opt Options) htmlOpinions {
	rec := &v.Reconciliation
	h := htmlOpinions{}
	if len(rec.Sides) == 0 {
		return h
	}
	h.Agreement = agreement(rec)
	for i := range rec.Sides[:min(len(rec.Sides), htmlReasons)] {
		s := &rec.Sides[i]
		h.Sides = append(h.Sides, htmlSide{
			Name: legible(s.Database.Name, htmlName), Built: date(s.Database.Built), Records: s.Records, Only: s.Only,
			Fixable: sum(s.Fixable), Urgent: s.Fixable["high"] + s.Fixable["critical"], Unfixed: sum(s.Unfixed),
		})
	}
	h.Parts = agreementParts(rec)
	byCause := map[reconcile.Cause][]compared{}
	for _, c := range differingRecords(v) {
		for _, d := range c.record.Differences {
			byCause[d.Cause] = append(byCause[d.Cause], c)
		}
	}
	listed := 0
	for _, c := range reconcile.Causes() {
		n := rec.ByCause[c.Cause]
		if n == 0 {
			continue
		}
		cause := htmlCause{N: n, Meaning: c.Meaning}
		for i := range byCause[c.Cause] {
			if !opt.All && (i >= htmlRecords || listed >= htmlAllRecords) {
				cause.Records.Hidden = len(byCause[c.Cause]) - i
				break
			}
			listed++
			cause.Records.Items = append(cause.Records.Items, newHTMLRecord(&byCause[c.Cause][i], c.Cause))
		}
		h.Causes = append(h.Causes, cause)
	}
	return h
}

func newHTMLRecord(c *compared, cause reconcile.Cause) htmlRecord {
	r := htmlRecord{ID: legible(c.record.ID, htmlName), Name: legible(strings.TrimSpace(c.name+" "+c.version), htmlName)}
	for _, d := range c.record.Differences {
		if d.Cause == cause {
			r.Detail = legible(d.Detail, htmlText)
			break
		}
	}
	return r
}

// agreementParts divide all records into those that the databases agree on, those
// that one alone holds, and those that several hold and judge differently.
func agreementParts(rec *reconcile.Reconciliation) []htmlPart {
	if len(rec.Sides) < 2 {
		return nil
	}
	parts := []htmlPart{{Class: "agreed", Words: "agreed", N: rec.Agreed}}
	rest := rec.Differing
	for i := range rec.Sides {
		if i == 4 {
			break
		}
		n := min(max(0, rec.Sides[i].Only), max(0, rest))
		rest -= n
		parts = append(parts, htmlPart{Class: fmt.Sprintf("only%d", i), Words: "only " + legible(rec.Sides[i].Database.Name, htmlName), N: n})
	}
	parts = append(parts, htmlPart{Class: "differ", Words: "judged differently", N: max(0, rest)})
	parts = slices.DeleteFunc(parts, func(p htmlPart) bool { return p.N <= 0 })
	whole, at := 0, 0
	for i := range parts {
		whole += parts[i].N
	}
	for i := range parts {
		parts[i].X, parts[i].Wide = share(at, whole), share(parts[i].N, whole)
		at += parts[i].N
	}
	return slices.Clip(slices.DeleteFunc(parts, func(p htmlPart) bool { return cmp.Compare(whole, 0) <= 0 }))
}
