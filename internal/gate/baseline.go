package gate

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/gate/policy"
	"plimsoll/internal/verdict"
)

// baselineKind marks the file that a gate writes.
const baselineKind = "plimsoll baseline"

// MaxBaseline bounds a baseline file, in bytes: an earlier verdict may be one.
const MaxBaseline = 256 << 20

// ErrBaseline is returned for a file that is no baseline.
var ErrBaseline = errors.New("neither a baseline, nor the JSON of plimsoll scan or plimsoll gate")

// Baseline is what was known before: what it holds doesn't fail a build until it
// becomes worse. It is a file that a gate wrote, an earlier result, or an
// earlier verdict.
type Baseline struct {
	From    string
	Created string
	// entries are those of a written file, which hold for every platform.
	entries  []Entry
	results  []Result
	verdicts []verdict.Verdict
}

// Entry is one thing that a baseline knows.
type Entry struct {
	ID  string         `json:"id"`
	For policy.Subject `json:"for"`
	// Rule is the one that met it when it was written.
	Rule     string            `json:"rule,omitempty"`
	Severity advisory.Severity `json:"severity"`
	Fixable  bool              `json:"fixable,omitempty"`
	// Vulnerability and Package find it again where its place changed.
	Vulnerability string `json:"vulnerability,omitempty"`
	Package       string `json:"package,omitempty"`
	// Text is for people.
	Text string `json:"text,omitempty"`
}

// baselineFile is every form that is read: the fields of the three don't meet.
type baselineFile struct {
	SchemaVersion int               `json:"schemaVersion"`
	Kind          string            `json:"kind,omitempty"`
	Created       string            `json:"created,omitempty"`
	Images        []string          `json:"images,omitempty"`
	Policy        string            `json:"policy,omitempty"`
	Entries       []Entry           `json:"entries,omitempty"`
	Results       []Result          `json:"results,omitempty"`
	Verdicts      []verdict.Verdict `json:"verdicts,omitempty"`
}

// ReadBaseline reads a baseline file, the JSON of plimsoll gate, or that of
// plimsoll scan. The error wraps ErrBaseline for anything else.
func ReadBaseline(name string, source []byte) (*Baseline, error) {
	var f baselineFile
	d := json.NewDecoder(bytes.NewReader(source))
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", name, ErrBaseline, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w: something follows the document", name, ErrBaseline)
	}
	if f.SchemaVersion != SchemaVersion && (f.Kind != "" || f.Results != nil || f.Verdicts != nil) {
		return nil, fmt.Errorf("%s: its schemaVersion is %d, and this program reads %d", name, f.SchemaVersion, SchemaVersion)
	}
	b := &Baseline{From: name, Created: f.Created}
	switch {
	case f.Kind == baselineKind:
		b.entries = f.Entries
		for i := range b.entries {
			if e := &b.entries[i]; e.ID == "" || !slices.Contains(policy.Subjects(), e.For) {
				return nil, fmt.Errorf("%s: %w: entry %d has no id, or is for %q", name, ErrBaseline, i, e.For)
			}
		}
	case f.Kind != "":
		return nil, fmt.Errorf("%s: %w: it is a %q", name, ErrBaseline, f.Kind)
	case len(f.Results) > 0:
		b.results = f.Results
	case len(f.Verdicts) > 0:
		b.verdicts = f.Verdicts
	default:
		return nil, fmt.Errorf("%s: %w", name, ErrBaseline)
	}
	return b, nil
}

// BaselineOf takes verdicts of an earlier image as a baseline.
func BaselineOf(from string, verdicts []verdict.Verdict) *Baseline {
	return &Baseline{From: from, verdicts: verdicts}
}

// WriteBaseline writes what the results' rules met as a baseline: what is tracked
// and breaks no rule is not in it, so that a fix that appears later is new.
func WriteBaseline(w io.Writer, r *Report, now time.Time) error {
	f := baselineFile{SchemaVersion: SchemaVersion, Kind: baselineKind, Created: now.UTC().Format(time.DateOnly), Entries: []Entry{}}
	seen := map[Entry]bool{}
	for i := range r.Results {
		res := &r.Results[i]
		f.Policy = res.Policy.Name
		if !slices.Contains(f.Images, res.Image.Reference) {
			f.Images = append(f.Images, res.Image.Reference)
		}
		for _, e := range res.entries() {
			key := Entry{ID: e.ID, For: e.For}
			if !seen[key] {
				seen[key] = true
				f.Entries = append(f.Entries, e)
			}
		}
	}
	slices.SortFunc(f.Entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.For, b.For), cmp.Compare(a.Text, b.Text), cmp.Compare(a.ID, b.ID))
	})
	e := json.NewEncoder(w)
	e.SetEscapeHTML(true)
	e.SetIndent("", "  ")
	if err := e.Encode(f); err != nil {
		return fmt.Errorf("write the baseline: %w", err)
	}
	return nil
}

// entries are what a result's rules met, hidden ones included.
func (r *Result) entries() []Entry {
	var out []Entry
	for _, list := range [][]Reason{r.Reasons, r.Warnings} {
		for i := range list {
			if list[i].Rule == policy.ExpiredException {
				continue // what the exception spoke of may break no rule
			}
			for _, m := range list[i].Matches {
				out = append(out, entryOf(list[i].Rule, list[i].For, m))
			}
		}
	}
	if r.Baseline != nil {
		out = append(out, r.Baseline.Known...)
	}
	return out
}

func entryOf(rule string, s policy.Subject, m Match) Entry {
	return Entry{ID: m.ID, For: s, Rule: rule, Severity: m.Severity, Fixable: m.Fixable, Vulnerability: m.Vulnerability, Package: m.Package, Text: m.Text}
}

// known is a baseline as one image sees it.
type known struct {
	use  *BaselineUse
	byID map[string]*Entry
	// moved are vulnerabilities by package and identifier whose own ID is no
	// longer there: each stands for one that has another place now.
	moved map[[2]string][]*Entry
}

func key(s policy.Subject, id string) string { return string(s) + "\x00" + id }

// compareBaseline lays the baseline beside the image.
func (h *holder) compareBaseline(ctx context.Context, opinion policy.Opinion) error {
	if h.Baseline == nil {
		return nil
	}
	entries, err := h.Baseline.of(ctx, h, opinion)
	if err != nil {
		return err
	}
	k := &known{
		use:  &BaselineUse{From: h.Baseline.From, Created: h.Baseline.Created, Hidden: map[string]int{}, Known: []Entry{}},
		byID: make(map[string]*Entry, len(entries)), moved: map[[2]string][]*Entry{},
	}
	for i := range entries {
		if e := &entries[i]; k.byID[key(e.For, e.ID)] == nil {
			k.byID[key(e.For, e.ID)] = e
		}
	}
	k.use.Entries = len(k.byID)
	h.baseline, h.result.Baseline = k, k.use
	k.mark(h.findings, h.lint, h.hygiene)
	return nil
}

// mark says which of the findings are known.
func (k *known) mark(findings, lint, hygiene *things) {
	present := map[string]bool{}
	all := []*things{findings, lint, hygiene}
	matches := make([][]Match, len(all))
	for l, list := range all {
		list.known, matches[l] = make([]bool, list.n), make([]Match, list.n)
		for i := range list.n {
			matches[l][i] = list.match(i)
			present[key(list.subject, matches[l][i].ID)] = true
		}
	}
	for id, e := range k.byID {
		if e.Vulnerability != "" && !present[id] {
			pair := [2]string{e.Vulnerability, e.Package}
			k.moved[pair] = append(k.moved[pair], e)
		}
	}
	for _, list := range k.moved {
		slices.SortFunc(list, func(a, b *Entry) int { return cmp.Compare(a.ID, b.ID) })
	}
	met := 0
	for l, list := range all {
		for i := range list.n {
			e := k.entry(list.subject, matches[l][i])
			if e == nil {
				continue
			}
			met++
			if list.out(i) {
				continue
			}
			if list.known[i] = !worse(e, matches[l][i]); !list.known[i] {
				k.use.Worse++
			}
		}
	}
	of := 0
	for _, e := range k.byID {
		if e.For == policy.Findings || e.For == policy.Hygiene || e.For == policy.Dockerfile && lint.n > 0 {
			of++
		}
	}
	k.use.Gone = max(0, of-met)
}

// entry finds what the baseline knows of a match; each entry that moved is used once.
func (k *known) entry(s policy.Subject, m Match) *Entry {
	if e := k.byID[key(s, m.ID)]; e != nil {
		return e
	}
	if s != policy.Findings || m.Vulnerability == "" {
		return nil
	}
	pair := [2]string{m.Vulnerability, m.Package}
	list := k.moved[pair]
	if len(list) == 0 {
		return nil
	}
	k.moved[pair] = list[1:]
	return list[0]
}

// worse reports whether a thing is more than what the baseline knew.
func worse(e *Entry, m Match) bool {
	return m.Severity > e.Severity || m.Fixable && !e.Fixable
}

// holds reports whether the baseline knows what a rule met, for the subjects that
// mark does not look through.
func (k *known) holds(s policy.Subject, m Match) bool {
	switch s {
	case policy.Findings, policy.Hygiene, policy.Dockerfile:
		return false
	}
	return k.byID[key(s, m.ID)] != nil
}

func (h *holder) hide(r *policy.Rule, m Match) {
	h.baseline.use.Hidden[r.Name]++
	h.baseline.use.Known = append(h.baseline.use.Known, entryOf(r.Name, r.For, m))
}

// of are the entries for one image.
func (b *Baseline) of(ctx context.Context, h *holder, opinion policy.Opinion) ([]Entry, error) {
	if b.entries != nil || b.results == nil && b.verdicts == nil {
		return b.entries, nil
	}
	platform := h.Verdict.Image.Platform
	for i := range b.results {
		if len(b.results) == 1 || b.results[i].Image.Platform == platform {
			return b.results[i].entries(), nil
		}
	}
	for i := range b.verdicts {
		if len(b.verdicts) == 1 || b.verdicts[i].Image.Platform == platform {
			return h.entriesOf(ctx, &b.verdicts[i], opinion)
		}
	}
	return nil, fmt.Errorf("the baseline %s has nothing for the platform %s", b.From, platform)
}

// entriesOf are all things of an earlier verdict, whether they break a rule or
// not, and the rules about the image as a whole that it breaks.
func (h *holder) entriesOf(ctx context.Context, v *verdict.Verdict, opinion policy.Opinion) ([]Entry, error) {
	facts := policy.See(v, nil, opinion, h.Now)
	var out []Entry
	for i := range v.Findings {
		if facts.Asked[i] {
			out = append(out, entryOf("", policy.Findings, findingMatch(&v.Findings[i], &facts.Findings[i])))
		}
	}
	for i := range v.Hygiene {
		f := &v.Hygiene[i]
		out = append(out, Entry{ID: f.ID, For: policy.Hygiene, Severity: f.Severity})
	}
	for i := range v.Account.Entries {
		out = append(out, Entry{ID: executableID(&v.Account.Entries[i]), For: policy.Executables})
	}
	for i := range v.Packages {
		out = append(out, Entry{ID: packageID(&v.Packages[i]), For: policy.Packages})
	}
	for i := range v.Actions {
		out = append(out, Entry{ID: v.Actions[i].ID, For: policy.Actions})
	}
	for i := range h.Policy.Rules {
		r := &h.Policy.Rules[i]
		if r.For != policy.Image {
			continue
		}
		broken, _, err := facts.Broken(ctx, r, facts.Lists(r, facts.Findings, facts.Hygiene))
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil && broken {
			out = append(out, Entry{ID: imageRuleID(r.Name), For: policy.Image})
		}
	}
	return out, nil
}
