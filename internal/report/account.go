package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"plimsoll/internal/account"
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

// vouched is how many entries of a status that is in order are listed without All.
const vouched = 10

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
		p.section(strings.ToUpper(s.Words()), number(len(list)))
		for i, e := range list {
			if !opt.All && !s.Open() && i == vouched {
				p.line(p.indent(gutter), span{fmt.Sprintf("… %s more; --all shows them", number(len(list)-i)), p.styles.faint})
				break
			}
			p.accountRow(e)
		}
	}
}

func (p *page) accountRow(e *account.Entry) {
	spans := []span{p.indent(gutter), {e.Mode, p.styles.faint}, {"  " + e.Path, p.styles.plain}}
	if e.Owner != "" {
		spans = append(spans, span{"  " + e.Owner, p.styles.faint})
	}
	if e.Capabilities != "" {
		spans = append(spans, span{"  " + e.Capabilities, p.styles.yellow})
	}
	if e.Liveness != inventory.Visible {
		spans = append(spans, span{fmt.Sprintf("  %s, layer %d", e.Liveness, e.Layer.Index), p.styles.yellow})
	}
	p.line(spans...)
	if e.Status.Open() || e.Status == account.Unverified && e.Reason != "" && e.Owner == "" {
		p.paragraph(gutter+11, p.styles.faint, e.Reason)
	}
}

// accountTree lists the executables under the layer that wrote them. Those that
// are in order are counted by folder; All names them.
func (p *page) accountTree(a *Accounted, opt Options) {
	layers := map[int][]*account.Entry{}
	for i := range a.Account.Entries {
		e := &a.Account.Entries[i]
		layers[e.Layer.Index] = append(layers[e.Layer.Index], e)
	}
	for i := range a.Image.Layers {
		list := layers[i]
		p.section(fmt.Sprintf("layer %d", i), history(a.Image.Layers[i].CreatedBy))
		if len(list) == 0 {
			p.line(p.indent(gutter), span{"no executables", p.styles.faint})
			continue
		}
		slices.SortFunc(list, func(x, y *account.Entry) int { return cmp.Compare(x.Path, y.Path) })
		for from := 0; from < len(list); {
			dir, to := folder(list[from].Path), from+1
			for to < len(list) && folder(list[to].Path) == dir {
				to++
			}
			p.accountFolder(dir, list[from:to], opt)
			from = to
		}
	}
}

func folder(path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i+1]
	}
	return "/"
}

func (p *page) accountFolder(dir string, list []*account.Entry, opt Options) {
	n := map[account.Status]int{}
	for _, e := range list {
		n[e.Status]++
	}
	var parts []string
	for _, s := range statusOrder {
		if n[s] > 0 {
			parts = append(parts, number(n[s])+" "+s.Words())
		}
	}
	p.line(p.indent(gutter), span{dir, p.styles.number}, span{"  " + strings.Join(parts, ", "), p.styles.faint})
	for _, e := range list {
		if !opt.All && (!e.Status.Open() || e.Status == account.Built && len(e.Risks) == 0) {
			continue
		}
		style := p.styles.plain
		if e.Status == account.Altered || e.Status == account.Unaccounted {
			style = p.styles.yellow
		}
		words := []string{string(e.Status)}
		if e.Owner != "" {
			words = append(words, e.Owner)
		}
		if e.Liveness != inventory.Visible {
			words = append(words, string(e.Liveness))
		}
		words = append(words, e.Risks...)
		p.line(p.indent(2*gutter), span{strings.TrimPrefix(e.Path, dir), style}, span{"  " + strings.Join(words, ", "), p.styles.faint})
	}
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
		words = entryWords(c.Before) + " → " + entryWords(c.After)
	}
	p.line(p.indent(gutter), span{mark, style}, span{c.Path, p.styles.plain}, span{"  " + words, p.styles.faint})
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
