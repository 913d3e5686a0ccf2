package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"plimsoll/internal/account"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/verdict"
)

// Accounted is the account of one image with the image it is of.
type Accounted struct {
	Image   verdict.Image   `json:"image"`
	Account account.Account `json:"account"`
	// Skipped is what could not be examined.
	Skipped []verdict.Skipped `json:"skipped,omitempty"`
}

// Accounts writes the account of each image in full. With tree set the
// executables stand under the layers that wrote them, folder by folder.
func Accounts(w io.Writer, list []Accounted, tree bool, opt Options) error {
	p := newPage(opt)
	for i := range list {
		if i > 0 {
			p.blank()
			p.blank()
		}
		a := &list[i]
		p.accounted(a)
		if tree {
			p.accountTree(a, opt)
		} else {
			p.accountTable(a, opt)
		}
	}
	return p.flush(w)
}

func (p *page) accounted(a *Accounted) {
	p.paragraph(0, p.styles.bold, a.Account.Line())
	p.list(p.styles.faint, a.Image.Reference, a.Image.Platform, count(len(a.Image.Layers), "layer"), cmp.Or(a.Image.Digest, a.Image.ConfigDigest))
	for _, s := range a.Skipped {
		p.hanging(span{"incomplete: ", p.styles.yellow}, p.styles.plain, fmt.Sprintf("layer %d: %s", s.Layer, strings.TrimPrefix(s.Path+": "+s.Reason, ": ")))
	}
	if a.Account.Lower > 0 {
		var parts []string
		for _, s := range account.Statuses() {
			if n := a.Account.LowerByStatus[s]; n > 0 {
				parts = append(parts, number(n)+" "+s.Words())
			}
		}
		p.paragraph(0, p.styles.faint, fmt.Sprintf("%s more in lower layers, overwritten or deleted: %s", number(a.Account.Lower), strings.Join(parts, ", ")))
	}
}

// statusOrder is that of the table: what asks for a look first.
var statusOrder = []account.Status{
	account.Altered, account.Unaccounted, account.Built, account.Unverified, account.Runtime, account.Generated, account.Intact,
}

const (
	// openRows is how many entries of one reason are listed without All, where
	// a step or the lack of a record explains them all alike.
	openRows = 20
	// alteredRows is the same for altered ones, each of which has its own.
	alteredRows = 200
	// folderRows is how many folders sum up what is in order.
	folderRows = 6
)

func (p *page) accountTable(a *Accounted, opt Options) {
	by := map[account.Status][]*account.Entry{}
	for i := range a.Account.Entries {
		e := &a.Account.Entries[i]
		by[e.Status] = append(by[e.Status], e)
	}
	for _, s := range statusOrder {
		list := by[s]
		if len(list) == 0 {
			continue
		}
		p.section(strings.ToUpper(s.Words()), accountedIn(list))
		switch {
		case s == account.Altered:
			p.accountRows(list, alteredRows, gutter, true, opt)
		case s.Open():
			p.accountReasons(list, opt)
		case opt.All:
			p.accountRows(list, len(list), gutter, false, opt)
		default:
			p.accountFolders(list)
		}
	}
}

// accountedIn counts entries, those of lower layers apart.
func accountedIn(list []*account.Entry) string {
	lower := 0
	for _, e := range list {
		if e.Liveness != inventory.Visible {
			lower++
		}
	}
	switch {
	case lower == 0:
		return number(len(list))
	case lower == len(list):
		return number(lower) + " in lower layers"
	}
	return number(len(list)-lower) + ", and " + number(lower) + " in lower layers"
}

// accountReasons lists entries under what they have in common: the step that
// added them, or why nothing accounts for them.
func (p *page) accountReasons(list []*account.Entry, opt Options) {
	by := map[string][]*account.Entry{}
	var reasons []string
	for _, e := range list {
		if by[e.Reason] == nil {
			reasons = append(reasons, e.Reason)
		}
		by[e.Reason] = append(by[e.Reason], e)
	}
	for _, reason := range reasons {
		p.paragraph(gutter, p.styles.faint, fmt.Sprintf("%s: %s", reason, number(len(by[reason]))))
		p.accountRows(by[reason], openRows, 2*gutter, false, opt)
	}
}

// accountFolders sums up entries by their folders, the fullest first.
func (p *page) accountFolders(list []*account.Entry) {
	n := map[string]int{}
	for _, e := range list {
		n[folder(e.Path)]++
	}
	folders := slices.SortedFunc(maps.Keys(n), func(a, b string) int { return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a, b)) })
	for i, dir := range folders {
		if i == folderRows && len(folders) > folderRows+1 {
			p.line(p.indent(gutter), span{fmt.Sprintf("… in %s more folders; --all lists each", number(len(folders)-i)), p.styles.faint})
			break
		}
		p.line(p.indent(gutter), span{fmt.Sprintf("%6s  ", number(n[dir])), p.styles.number}, span{dir, p.styles.plain})
	}
}

func (p *page) accountRows(list []*account.Entry, most, indent int, reasons bool, opt Options) {
	for i, e := range list {
		if !opt.All && i >= most && len(list) > most+1 {
			p.line(p.indent(indent), span{fmt.Sprintf("… %s more; --all shows them", number(len(list)-i)), p.styles.faint})
			break
		}
		p.accountRow(e, indent)
		if reasons {
			p.paragraph(indent+modeWidth, p.styles.faint, e.Reason)
		}
	}
}

// modeWidth is that of a mode and the space after it.
const modeWidth = 12

// accountRow writes an entry: its path whole where it fits, and without its middle
// where it does not, since its end names it; then what fits of the rest.
func (p *page) accountRow(e *account.Entry, indent int) {
	path := "/" + Clean(e.Path)
	if room := p.width - indent - modeWidth; width(path) > room {
		runes := []rune(path)
		path = string(runes[:room/3]) + "…" + string(runes[len(runes)-(room-room/3-1):])
	}
	style := p.styles.plain
	if e.Status == account.Altered || e.Status == account.Unaccounted {
		style = p.styles.bold
	}
	spans := []span{p.indent(indent), {e.Mode, p.styles.faint}, {"  ", p.styles.plain}, {path, style}}
	if e.LinkTo != "" {
		arrow := " = /"
		if e.Kind == evidence.Link {
			arrow = " → "
		}
		spans = append(spans, span{arrow + e.LinkTo, p.styles.faint})
	}
	if where := standing(e); where != "" {
		spans = append(spans, span{"  " + where, p.styles.yellow})
	}
	if risks := standsOut(e); len(risks) > 0 {
		spans = append(spans, span{"  " + strings.Join(risks, ", "), p.styles.yellow})
	}
	if e.Capabilities != "" {
		spans = append(spans, span{"  " + e.Capabilities, p.styles.yellow})
	}
	if e.Owner != "" {
		spans = append(spans, span{"  " + e.Owner, p.styles.faint})
	}
	p.line(spans...)
}

// standing says what became of an entry that the final image does not show.
func standing(e *account.Entry) string {
	switch {
	case e.Liveness == inventory.Visible:
		return ""
	case e.By != nil:
		return fmt.Sprintf("in layer %d, %s by layer %d", e.Layer.Index, e.Liveness, e.By.Index)
	}
	return fmt.Sprintf("in layer %d, %s", e.Layer.Index, e.Liveness)
}

// standsOut are an entry's risks but for the one that its status says already.
func standsOut(e *account.Entry) []string {
	if len(e.Risks) > 0 && (e.Status == account.Unaccounted || e.Status == account.Altered && !e.Configuration) {
		return e.Risks[1:]
	}
	if e.Configuration {
		return append([]string{"a script meant to be edited"}, e.Risks...)
	}
	return e.Risks
}

func folder(path string) string {
	return "/" + path[:strings.LastIndexByte(path, '/')+1]
}

// AccountsJSON writes the accounts whole.
func AccountsJSON(w io.Writer, list []Accounted, tool verdict.Tool, status int) error {
	list = slices.Clone(list)
	for i := range list {
		list[i].Image, list[i].Account = completeImage(list[i].Image), completeAccount(list[i].Account)
	}
	return encodeJSON(w, struct {
		SchemaVersion int          `json:"schemaVersion"`
		Tool          verdict.Tool `json:"tool"`
		Accounts      []Accounted  `json:"accounts"`
		Status        int          `json:"status"`
	}{verdict.SchemaVersion, tool, orEmpty(list), status})
}

// AccountDifference writes what the executables of two images differ in.
func AccountDifference(w io.Writer, before, after *Accounted, changes []account.Change, opt Options) error {
	p := newPage(opt)
	added, removed, changed, status := 0, 0, 0, 0
	for i := range changes {
		switch c := &changes[i]; {
		case c.Before == nil:
			added++
		case c.After == nil:
			removed++
		case c.Content:
			changed++
		default:
			status++
		}
	}
	p.paragraph(0, p.styles.bold, fmt.Sprintf("%s added, %s removed, %s changed, %s with another owner or status",
		count(added, "executable"), number(removed), number(changed), number(status)))
	p.hanging(span{"before  ", p.styles.faint}, p.styles.plain, before.Image.Reference+" · "+before.Account.Line())
	p.hanging(span{"after   ", p.styles.faint}, p.styles.plain, after.Image.Reference+" · "+after.Account.Line())
	if len(changes) > 0 {
		p.blank()
	}
	const shown = 40
	for i := range changes {
		if i == shown && !opt.All {
			p.line(p.indent(gutter), span{fmt.Sprintf("… %s more; --all shows them", number(len(changes)-i)), p.styles.faint})
			break
		}
		p.accountChange(&changes[i])
	}
	return p.flush(w)
}

func (p *page) accountChange(c *account.Change) {
	mark, style, words := "~ ", p.styles.yellow, ""
	switch {
	case c.Before == nil:
		mark, style, words = "+ ", p.styles.green, entryWords(c.After)
	case c.After == nil:
		mark, style, words = "- ", p.styles.red, entryWords(c.Before)
	default:
		words = entryWords(c.After)
		if was := entryWords(c.Before); was != words {
			words = was + " → " + words
		}
		if c.Before.SHA256 != c.After.SHA256 {
			words += ", other bytes"
		}
		if c.Before.Mode != c.After.Mode {
			words += ", " + c.Before.Mode + " → " + c.After.Mode
		}
	}
	p.line(p.indent(gutter), span{mark, style}, span{"/" + c.Path, p.styles.plain}, span{"  " + words, p.styles.faint})
}

func entryWords(e *account.Entry) string {
	words := []string{string(e.Status)}
	if e.Owner != "" {
		words = append(words, e.Owner)
	}
	if len(e.Mode) > 0 && strings.ContainsAny(e.Mode, "sS") {
		words = append(words, e.Mode)
	}
	if e.Capabilities != "" {
		words = append(words, e.Capabilities)
	}
	return strings.Join(words, ", ")
}

// AccountDifferenceJSON writes it whole.
func AccountDifferenceJSON(w io.Writer, before, after *Accounted, changes []account.Change, tool verdict.Tool) error {
	side := func(a *Accounted) Accounted {
		b := *a
		b.Image, b.Account = completeImage(b.Image), completeAccount(b.Account.Open())
		return b
	}
	return encodeJSON(w, struct {
		SchemaVersion int              `json:"schemaVersion"`
		Tool          verdict.Tool     `json:"tool"`
		Before        Accounted        `json:"before"`
		After         Accounted        `json:"after"`
		Changes       []account.Change `json:"changes"`
	}{verdict.SchemaVersion, tool, side(before), side(after), orEmpty(changes)})
}
