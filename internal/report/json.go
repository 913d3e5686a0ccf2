package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// writeJSON writes the whole report as docs/verdict.schema.json describes it.
func writeJSON(w io.Writer, r *verdict.Report, _ Options) error {
	return encodeJSON(w, complete(r))
}

// encodeJSON writes a value indented, in the order of its fields, keys of maps
// sorted, without HTML's escapes, and with one newline at the end.
func encodeJSON(w io.Writer, value any) error {
	return quoted(w, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(value); err != nil {
			return fmt.Errorf("write json: %w", err)
		}
		return nil
	})
}

// quoted passes on what write writes, a JSON document, with those characters
// escaped that JSON allows raw and a terminal or a CI system's log would obey:
// C1 controls, DEL, bidirectional overrides and other format characters, and
// the "##[" of a workflow command. All of them can stand in strings only, so
// the document's meaning stays.
func quoted(w io.Writer, write func(io.Writer) error) error {
	var buf bytes.Buffer
	if err := write(&buf); err != nil {
		return err
	}
	_, err := w.Write(escapeJSON(buf.Bytes()))
	return err
}

func escapeJSON(doc []byte) []byte {
	if bytes.Contains(doc, []byte("##")) {
		doc = bytes.ReplaceAll(doc, []byte("##["), []byte(`#\u0023[`))
		doc = bytes.ReplaceAll(doc, []byte("##vso["), []byte(`#\u0023vso[`))
	}
	plain := plainUpTo(doc)
	if plain == len(doc) {
		return doc
	}
	out := make([]byte, 0, len(doc)+len(doc)/64)
	for len(doc) > 0 {
		if plain > 0 {
			out, doc = append(out, doc[:plain]...), doc[plain:]
			plain = 0
			continue
		}
		r, n := utf8.DecodeRune(doc)
		switch {
		case !obeyed(r):
			out = append(out, doc[:n]...)
		case r > 0xffff:
			high, low := (r-0x10000)>>10+0xd800, (r-0x10000)&0x3ff+0xdc00
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		doc = doc[n:]
		plain = plainUpTo(doc)
	}
	return out
}

// plainUpTo returns how many of the first bytes are ASCII and not DEL: nearly
// all of a document, and the quickest to pass on.
func plainUpTo(doc []byte) int {
	for i, c := range doc {
		if c >= 0x7f {
			return i
		}
	}
	return len(doc)
}

// obeyed reports whether a terminal might do something else than show it.
func obeyed(r rune) bool {
	if r < utf8.RuneSelf {
		return r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// complete returns the report with every list and count that the schema
// requires in place: an empty one is written [] or {}, never null. What is
// already there is shared, not copied.
func complete(r *verdict.Report) *verdict.Report {
	out := *r
	out.Verdicts = make([]verdict.Verdict, len(r.Verdicts))
	for i := range r.Verdicts {
		out.Verdicts[i] = completeVerdict(r.Verdicts[i])
	}
	return &out
}

func completeVerdict(v verdict.Verdict) verdict.Verdict {
	v.Image = completeImage(v.Image)
	v.Headline.Fixable = orEmptyMap(v.Headline.Fixable)
	v.Headline.Unfixed = orEmptyMap(v.Headline.Unfixed)
	v.Actions = orEmpty(slices.Clone(v.Actions))
	for i := range v.Actions {
		v.Actions[i].Clears = orEmpty(v.Actions[i].Clears)
	}
	v.Findings = orEmpty(v.Findings)
	if slices.ContainsFunc(v.Findings, func(f triage.Finding) bool { return f.Fix.State == "" }) {
		// A finding about the image as a whole says nothing of fixes.
		v.Findings = slices.Clone(v.Findings)
		for i := range v.Findings {
			v.Findings[i].Fix.State = cmp.Or(v.Findings[i].Fix.State, advisory.FixUnknown)
		}
	}
	v.Hygiene = orEmpty(v.Hygiene)
	v.Headline.Hygiene = orEmptyMap(v.Headline.Hygiene)
	v.Packages = orEmpty(v.Packages)
	v.Account = completeAccount(v.Account.Open())
	v.Reconciliation = completeReconciliation(v.Reconciliation)
	v.Coverage.Databases = orEmpty(v.Coverage.Databases)
	v.Coverage.PackagesByType = orEmptyMap(v.Coverage.PackagesByType)
	v.Coverage.NotRuledOut = orEmpty(v.Coverage.NotRuledOut)
	if v.Coverage.Gaps != nil {
		gaps := make(map[string][]advisory.Gap, len(v.Coverage.Gaps))
		for name, list := range v.Coverage.Gaps {
			gaps[name] = orEmpty(list)
		}
		v.Coverage.Gaps = gaps
	}
	if v.Gate != nil {
		gate := *v.Gate
		gate.FailOn = orEmpty(gate.FailOn)
		v.Gate = &gate
	}
	return v
}

func completeAccount(a account.Account) account.Account {
	a.ByStatus, a.LowerByStatus = orEmptyMap(a.ByStatus), orEmptyMap(a.LowerByStatus)
	a.Entries = orEmpty(a.Entries)
	return a
}

func completeImage(image verdict.Image) verdict.Image {
	image.Layers = orEmpty(image.Layers)
	image.Created = writable(image.Created)
	return image
}

func completeReconciliation(rec reconcile.Reconciliation) reconcile.Reconciliation {
	rec.Sides = orEmpty(slices.Clone(rec.Sides))
	for i := range rec.Sides {
		rec.Sides[i].Fixable = orEmptyMap(rec.Sides[i].Fixable)
		rec.Sides[i].Unfixed = orEmptyMap(rec.Sides[i].Unfixed)
	}
	rec.ByCause = orEmptyMap(rec.ByCause)
	rec.Records = orEmpty(rec.Records)
	if slices.ContainsFunc(rec.Records, func(r reconcile.Record) bool { return r.Held == nil }) {
		rec.Records = slices.Clone(rec.Records)
		for i := range rec.Records {
			rec.Records[i].Held = orEmpty(rec.Records[i].Held)
		}
	}
	return rec
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func orEmptyMap[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return m
}

// writable drops a time whose year RFC 3339 can't write, which an image may claim.
func writable(t time.Time) time.Time {
	if y := t.Year(); y < 0 || y > 9999 {
		return time.Time{}
	}
	return t
}

// ReconciliationJSON writes each verdict's reconciliation with the image it is
// about, and nothing else of the verdict.
func ReconciliationJSON(w io.Writer, r *verdict.Report) error {
	type entry struct {
		Reference      string                   `json:"reference"`
		Platform       string                   `json:"platform"`
		Digest         string                   `json:"digest,omitempty"`
		Reconciliation reconcile.Reconciliation `json:"reconciliation"`
	}
	doc := struct {
		SchemaVersion   int          `json:"schemaVersion"`
		Tool            verdict.Tool `json:"tool"`
		Reconciliations []entry      `json:"reconciliations"`
		Status          int          `json:"status"`
	}{r.SchemaVersion, r.Tool, []entry{}, r.Status}
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		doc.Reconciliations = append(doc.Reconciliations, entry{
			v.Image.Reference, v.Image.Platform, v.Image.Digest, completeReconciliation(v.Reconciliation),
		})
	}
	return encodeJSON(w, doc)
}

// ExplanationJSON writes an explanation whole.
func ExplanationJSON(w io.Writer, e *verdict.Explanation) error {
	out := *e
	out.Image = completeImage(out.Image)
	out.Databases = orEmpty(out.Databases)
	out.Occurrences = orEmpty(slices.Clone(out.Occurrences))
	for i := range out.Occurrences {
		o := &out.Occurrences[i]
		o.Record.Held = orEmpty(o.Record.Held)
		if o.Action != nil {
			action := *o.Action
			action.Clears = orEmpty(action.Clears)
			o.Action = &action
		}
	}
	return encodeJSON(w, &out)
}

// words turns an identifier of the model into words: "severity-differs" is
// "severity differs".
func words(identifier string) string { return strings.ReplaceAll(identifier, "-", " ") }
