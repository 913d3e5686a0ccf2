package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/compare"
	"plimsoll/internal/evidence"
	past "plimsoll/internal/history"
	"plimsoll/internal/inventory"
	"plimsoll/internal/secret"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

const (
	// historyText is the column in which the history lines begin, historyLabel
	// the width of the labels of what stands under each.
	historyText  = 17
	historyLabel = 13
	// lineShown is how many columns of a history line the default view shows.
	lineShown = 2
	// namesShown is how many packages that were added or removed it names, and
	// changesShown how many of those at another version, and of files.
	namesShown, changesShown = 6, 12
	// historyFindings is how many findings of one line it lists.
	historyFindings = 6
)

// History writes what each history line of an image did, and what the image
// carries for nothing. newestFirst turns the lines round.
func History(w io.Writer, r *past.Report, newestFirst bool, opt Options) error {
	p := newPage(opt)
	for i := range r.Histories {
		h := &r.Histories[i]
		if i > 0 {
			p.blank()
			p.blank()
		}
		p.historyTitle(h, newestFirst)
		lines := h.Lines
		if newestFirst {
			lines = slices.Clone(lines)
			slices.Reverse(lines)
		}
		for n := range lines {
			p.historyLine(&lines[n], opt)
		}
		p.historyConfiguration(h, opt)
		p.historyTotals(&h.Totals, len(h.Image.Layers))
		p.incomplete(h.Skipped, opt)
	}
	return p.flush(w)
}

// HistoryJSON writes the same for programs, always oldest first.
func HistoryJSON(w io.Writer, r *past.Report) error {
	out := *r
	out.Histories = orEmpty(slices.Clone(r.Histories))
	for i := range out.Histories {
		h := &out.Histories[i]
		h.Image = completeImage(h.Image)
		h.Lines = orEmpty(slices.Clone(h.Lines))
		for n := range h.Lines {
			h.Lines[n].Created = writable(h.Lines[n].Created)
			h.Lines[n].Findings = completeFindings(h.Lines[n].Findings)
		}
		h.Configuration = completeFindings(h.Configuration)
	}
	return encodeJSON(w, &out)
}

func (p *page) historyTitle(h *past.History, newestFirst bool) {
	image := &h.Image
	order := "oldest line first"
	if newestFirst {
		order = "newest line first"
	}
	p.line(span{image.Reference, p.styles.bold}, span{"  " + image.Platform, p.styles.plain})
	system := ""
	if d := image.Distribution; d != nil {
		system = d.PrettyName
	}
	digest := image.Digest
	if digest == "" {
		digest = image.ConfigDigest
	}
	p.list(p.styles.faint, system, count(len(h.Lines), "history line"), count(len(image.Layers), "layer"), digest)
	for _, note := range image.Notes {
		p.hanging(span{"note: ", p.styles.faint}, p.styles.faint, note)
	}
	if !h.Aligned && len(h.Lines) > 0 {
		p.hanging(span{"note: ", p.styles.faint}, p.styles.faint,
			"the history does not tell of every layer, so its lines stand alone and the layers without them")
	}
	p.blank()
	p.line(span{"layer      size  ", p.styles.faint}, span{"history line, " + order, p.styles.faint})
}

func (p *page) historyLine(l *past.Line, opt Options) {
	number, length, style := "·", "", p.styles.faint
	if l.Layer != nil {
		number, length, style = fmt.Sprint(l.Layer.Index), size(l.Layer.Size), p.styles.bold
	}
	text := history(l.CreatedBy)
	switch {
	case text == "" && l.Index < 0:
		text = "(no history line)"
	case text == "":
		text = "(empty line)"
	}
	label := padLeft(number, 5) + padLeft(length, 10) + "  "
	lines := wrap(truncate(text, maxText), p.width-historyText)
	if !opt.All && len(lines) > lineShown {
		lines = lines[:lineShown]
		lines[lineShown-1] = truncate(lines[lineShown-1], p.width-historyText-2) + " …"
	}
	for i, part := range lines {
		if i > 0 {
			label = strings.Repeat(" ", historyText)
		}
		p.line(span{label, p.styles.number}, span{part, style})
	}
	if l.Layer != nil {
		p.historyLayer(l.Layer, opt)
	}
	p.historyFindings(l.Findings, opt)
	if l.Layer != nil {
		p.historyTree(l.Layer)
	}
}

// under writes one labelled line below a history line.
func (p *page) under(label string, labelStyle, style lipgloss.Style, text string) {
	p.hanging(span{strings.Repeat(" ", historyText) + pad(label, historyLabel), labelStyle}, style, text)
}

func (p *page) historyLayer(l *past.Layer, opt Options) {
	plain, faint := p.styles.plain, p.styles.faint
	if l.Stored >= 0 && l.Stored != l.Size {
		p.under("stored", faint, faint, size(l.Stored))
	}
	for i, text := range packageWords(l.Packages, opt.All) {
		label := "packages"
		if i > 0 {
			label = ""
		}
		p.under(label, faint, plain, text)
	}
	if text := fileWords(&l.Files); text != "" {
		p.under("files", faint, plain, text)
	}
	if text := buriedWords(l.Unreclaimed); text != "" {
		p.under("still ships", p.styles.yellow, plain, text)
	}
	if l.Superseded.Bytes > 0 {
		p.under("later hidden", faint, faint, tallyWords(l.Superseded, "file")+" of this, by layers above")
	}
	if l.Executables.Total > 0 {
		p.under("executables", faint, plain, executableWords(&l.Executables))
		p.historyExecutables(l.Executables.Open, opt)
	}
	if len(l.Privileged) > 0 {
		p.under("setuid", p.styles.yellow, plain, privilegedWords(l.Privileged, opt.All))
	}
}

// packageWords is one line for each change and type of package.
func packageWords(packages []compare.Package, all bool) []string {
	type group struct {
		change compare.Change
		typ    string
	}
	names := map[group][]string{}
	var order []group
	for i := range packages {
		g := group{packages[i].Change, packages[i].Type}
		if names[g] == nil {
			order = append(order, g)
		}
		names[g] = append(names[g], packageWord(&packages[i]))
	}
	slices.SortStableFunc(order, func(a, b group) int {
		return slices.Index(packageChanges, a.change) - slices.Index(packageChanges, b.change)
	})
	var lines []string
	for _, g := range order {
		shown := changesShown
		if g.change == compare.Added || g.change == compare.Removed {
			shown = namesShown
		}
		word := string(g.change)
		if g.change == compare.Unrecorded {
			word = "no longer recorded, while their files still ship"
		}
		lines = append(lines, fmt.Sprintf("%s %s %s: %s", number(len(names[g])), g.typ, word, someOf(names[g], shown, all)))
	}
	return lines
}

// packageChanges is the order in which changes of packages are told.
var packageChanges = []compare.Change{
	compare.Upgraded, compare.Downgraded, compare.Changed, compare.Removed, compare.Unrecorded, compare.Moved, compare.Added,
}

// packageWord is "openssl 3.0.9-1 → 3.0.11-1".
func packageWord(c *compare.Package) string {
	switch c.Change {
	case compare.Added:
		return strings.TrimSpace(c.Name + " " + c.After)
	case compare.Removed, compare.Unrecorded:
		return strings.TrimSpace(c.Name + " " + c.Before)
	case compare.Moved:
		return fmt.Sprintf("%s %s from /%s to /%s", c.Name, c.After, c.BeforePath, c.Path)
	}
	return c.Name + " " + c.Before + " → " + c.After
}

// someOf lists the first few of what may be many.
func someOf(names []string, shown int, all bool) string {
	if all || len(names) <= shown+1 {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:shown], ", ") + fmt.Sprintf(", and %s more", number(len(names)-shown))
}

func fileWords(f *past.Files) string {
	var parts []string
	for _, part := range []struct {
		verb string
		past.Tally
	}{
		{"added", f.Added}, {"changed", f.Changed}, {"deleted", f.Deleted}, {"written again unchanged", f.Rewritten},
	} {
		if part.Files > 0 {
			parts = append(parts, fmt.Sprintf("%s %s (%s)", number(part.Files), part.verb, size(part.Bytes)))
		}
	}
	return strings.Join(parts, ", ")
}

func tallyWords(t past.Tally, noun string) string {
	return size(t.Bytes) + " in " + count(t.Files, noun)
}

// buriedWords says what a line hid and did not make smaller.
func buriedWords(buried []past.Buried) string {
	var parts []string
	var sum past.Tally
	for _, b := range buried {
		if sum.Bytes, sum.Files = sum.Bytes+b.Bytes, sum.Files+b.Files; b.Bytes > 0 {
			parts = append(parts, fmt.Sprintf("%s of layer %d", size(b.Bytes), b.Layer))
		}
	}
	switch len(parts) {
	case 0:
		return ""
	case 1:
		return parts[0] + ", deleted or overwritten here, in every pull"
	}
	return size(sum.Bytes) + ", deleted or overwritten here, in every pull: " + someOf(parts, 4, false)
}

func executableWords(x *past.Executables) string {
	var parts []string
	for _, s := range account.Statuses() {
		if n := x.ByStatus[s]; n > 0 {
			parts = append(parts, number(n)+" "+string(s))
		}
	}
	return number(x.Total) + ": " + strings.Join(parts, ", ")
}

func (p *page) historyExecutables(open []past.Executable, opt Options) {
	const shown = 4
	for i := range open {
		e := &open[i]
		if i >= shown && !opt.All {
			p.under("", p.styles.faint, p.styles.faint, fmt.Sprintf("… and %s more", number(len(open)-i)))
			return
		}
		style := p.styles.plain
		if e.Status == account.Altered {
			style = p.styles.red
		}
		text := string(e.Status) + " /" + e.Path
		if e.Owner != "" {
			text += " of " + e.Owner
		}
		if len(e.Risks) > 0 {
			text += ": " + strings.Join(e.Risks, ", ")
		}
		p.under("", p.styles.faint, style, text)
	}
}

func privilegedWords(files []past.Privileged, all bool) string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = "/" + f.Path
		if f.Change == compare.Changed {
			names[i] += " (changed)"
		}
	}
	return fmt.Sprintf("%s: %s", number(len(files)), someOf(names, namesShown, all))
}

func (p *page) historyFindings(findings []triage.Finding, opt Options) {
	shown, possible, more := 0, 0, 0
	for i := range findings {
		f := &findings[i]
		switch {
		case f.Evidence == nil:
		case f.Evidence.Confidence < secret.Likely && !opt.All:
			possible++
		case shown >= historyFindings && !opt.All:
			more++
		default:
			shown++
			p.historyFinding(f)
		}
	}
	if more > 0 {
		p.under("", p.styles.faint, p.styles.faint, fmt.Sprintf("… and %s more; --all shows them", number(more)))
	}
	if possible > 0 {
		p.under("", p.styles.faint, p.styles.faint, fmt.Sprintf("%s that a person has to judge; --all shows them", count(possible, "possible finding")))
	}
}

// historyFinding writes a secret, planted code or an altered file in two lines.
func (p *page) historyFinding(f *triage.Finding) {
	label := map[triage.Kind]string{triage.Secret: "secret", triage.Malware: "planted code", triage.Provenance: "altered"}[f.Kind]
	if label == "" {
		label = string(f.Kind)
	}
	text := f.Title + " in " + lineWords(f)
	switch e := f.Evidence; {
	case e.Redacted != "" && e.Name != "" && !strings.HasSuffix(f.Path, "."+e.Name):
		text += ": " + e.Name + " = " + e.Redacted
	case e.Redacted != "":
		text += ": " + e.Redacted
	}
	if by := f.Evidence.By; by != nil {
		verb := "overwritten"
		if f.Liveness == inventory.Deleted {
			verb = "deleted"
		}
		text += fmt.Sprintf("; %s in layer %d, still in every pull", verb, by.Index)
	}
	p.under(label, p.severity(f.Severity), p.styles.plain, text)
}

// lineWords is where a finding is, seen from its line.
func lineWords(f *triage.Finding) string {
	if _, ok := evidence.HistoryLine(f.Path); ok {
		return "this line"
	}
	if name, ok := strings.CutPrefix(f.Path, evidence.ConfigPrefix); ok {
		kind, key, _ := strings.Cut(name, ".")
		return strings.TrimSpace(kind + " " + key)
	}
	return "/" + placeWords(f)
}

// historyTree writes the rows of a layer's tree, sizes first.
func (p *page) historyTree(l *past.Layer) {
	for i := range l.Tree {
		r := &l.Tree[i]
		name := r.Path
		if r.Depth > 0 {
			name = strings.TrimPrefix(name, parentRow(l.Tree, i))
		}
		mark, style := "", p.styles.plain
		switch r.Change {
		case compare.Added:
			mark, style = "+", p.styles.green
		case compare.Changed:
			mark, style = "~", p.styles.yellow
		case compare.Removed:
			mark, style = "-", p.styles.red
		case past.Rewritten:
			mark, style = "=", p.styles.faint
		}
		lead := strings.Repeat(" ", historyText-2) + pad(mark, 2)
		name = strings.Repeat("  ", min(r.Depth, 20)) + name
		tail := ""
		if r.Change == "" {
			tail = "  " + folderWords(r)
		} else if r.Change == compare.Changed && r.Before != r.Bytes {
			tail = "  was " + size(r.Before)
		}
		room := p.width - historyText - 9 - width(tail)
		p.line(span{lead, style}, span{padLeft(size(r.Bytes), 7) + "  ", p.styles.number}, span{truncateLeft(Clean(name), room), style}, span{tail, p.styles.faint})
	}
	if l.LeftOut > 0 {
		p.under("", p.styles.faint, p.styles.faint, fmt.Sprintf("… and %s in these and other folders; --top shows more", count(l.LeftOut, "file")))
	}
}

// parentRow is the path of the folder that a row lies in.
func parentRow(rows []past.Row, i int) string {
	for n := i - 1; n >= 0; n-- {
		if rows[n].Depth < rows[i].Depth && strings.HasSuffix(rows[n].Path, "/") {
			return rows[n].Path
		}
	}
	return ""
}

// folderWords counts what changed below a folder: "+412 ~3 =4 -12".
func folderWords(r *past.Row) string {
	var parts []string
	for _, part := range []struct {
		mark string
		n    int
	}{{"+", r.Added}, {"~", r.Changed}, {"=", r.Rewritten}, {"-", r.Removed}} {
		if part.n > 0 {
			parts = append(parts, part.mark+number(part.n))
		}
	}
	return strings.Join(parts, " ")
}

// truncateLeft keeps the end of a path, which tells more than its beginning.
func truncateLeft(s string, to int) string {
	if width(s) <= to || to < 4 {
		return truncate(s, max(to, 4))
	}
	r := []rune(s)
	for len(r) > 0 && width(string(r)) > to-1 {
		r = r[1:]
	}
	return "…" + string(r)
}

func (p *page) historyConfiguration(h *past.History, opt Options) {
	if len(h.Configuration) == 0 {
		return
	}
	p.line(span{padLeft("·", 5) + strings.Repeat(" ", 12), p.styles.number}, span{"the image's configuration, whichever line set it", p.styles.faint})
	p.historyFindings(h.Configuration, opt)
}

func (p *page) historyTotals(t *past.Totals, layers int) {
	p.section("TOTALS", "")
	entry := func(label string, style lipgloss.Style, text string) {
		p.hanging(span{strings.Repeat(" ", gutter) + pad(label, 12), p.styles.faint}, style, text)
	}
	image := size(t.Size) + " in " + count(layers, "layer")
	if t.Stored >= 0 && t.Stored != t.Size {
		image += ", " + size(t.Stored) + " as stored"
	}
	entry("image", p.styles.plain, image)
	entry("files", p.styles.plain, fmt.Sprintf("%s of all layers, %s of the final image", tallyWords(t.Shipped, "file"), tallyWords(t.Final, "file")))
	wasted := t.Wasted()
	if wasted.Bytes == 0 {
		entry("wasted", p.styles.green, "nothing")
	} else {
		text := fmt.Sprintf("%s: %s overwritten", size(wasted.Bytes), size(t.Overwritten.Bytes))
		if t.Again.Bytes > 0 {
			text += fmt.Sprintf(" (%s of it written again as it was)", size(t.Again.Bytes))
		}
		entry("wasted", p.styles.yellow, text+fmt.Sprintf(", %s deleted; every pull carries it", size(t.Deleted.Bytes)))
	}
	entry("efficiency", p.styles.plain, fmt.Sprintf("%.1f%% of the files' bytes are in the final image", 100*t.Efficiency))
}

// incomplete says what could not be examined.
func (p *page) incomplete(skipped []verdict.Skipped, opt Options) {
	for i, s := range skipped {
		if i >= changesShown && !opt.All {
			p.line(span{fmt.Sprintf("… and %s more; --all shows them", number(len(skipped)-i)), p.styles.faint})
			return
		}
		p.hanging(span{"incomplete: ", p.styles.red}, p.styles.plain,
			fmt.Sprintf("layer %d: %s", s.Layer, strings.TrimPrefix(s.Path+": "+s.Reason, ": ")))
	}
}

// completeFindings gives each finding what the schema of findings requires.
func completeFindings(findings []triage.Finding) []triage.Finding {
	out := slices.Clone(findings)
	for i := range out {
		out[i].Fix.State = cmp.Or(out[i].Fix.State, advisory.FixUnknown)
	}
	return out
}
