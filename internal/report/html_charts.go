package report

import (
	"fmt"
	"strconv"

	"plimsoll/internal/advisory"
	"plimsoll/internal/verdict"
)

// The charts are bars whose lengths are percentages, so that they fit any width;
// what they show also stands beside them in numbers.

// htmlSeverities counts vulnerabilities by severity and by whether a fix exists.
type htmlSeverities struct {
	Rows             []htmlSeverity
	Fixable, Unfixed int
}

type htmlSeverity struct {
	Word             string
	Fixable, Unfixed int
	// At and Wide are where the bar of the unfixed begins and the lengths, in percent.
	FixableWide, UnfixedWide string
}

func htmlSeveritiesOf(h *verdict.Headline) htmlSeverities {
	s := htmlSeverities{Fixable: sum(h.Fixable), Unfixed: sum(h.Unfixed)}
	longest := 0
	for sev := advisory.Critical; sev >= advisory.Unknown; sev-- {
		longest = max(longest, h.Fixable[sev.String()]+h.Unfixed[sev.String()])
	}
	for sev := advisory.Critical; sev >= advisory.Unknown; sev-- {
		row := htmlSeverity{Word: sev.String(), Fixable: h.Fixable[sev.String()], Unfixed: h.Unfixed[sev.String()]}
		if row.Fixable+row.Unfixed == 0 && sev < advisory.Low {
			continue
		}
		row.FixableWide, row.UnfixedWide = share(row.Fixable, longest), share(row.Unfixed, longest)
		s.Rows = append(s.Rows, row)
	}
	return s
}

// share is a part of a whole in percent: "37.5%".
func share[N int | int64](part, whole N) string {
	if whole <= 0 || part <= 0 {
		return "0%"
	}
	return percentage(float64(part) / float64(whole))
}

func percentage(f float64) string {
	return strconv.FormatFloat(min(max(f, 0), 1)*100, 'f', 2, 64) + "%"
}

// htmlProfile draws the layers as a hull: above the line what each weighs, below it
// what it carries.
type htmlProfile struct {
	Columns []htmlColumn
	// Hidden counts layers beyond those drawn.
	Hidden int
	Label  string
	// BaseAt is where the base ends, in percent; empty without a base.
	BaseAt string
}

type htmlColumn struct {
	X, Wide, Middle string
	// Y and High are of the bar above the line, UrgentHigh, OtherY and OtherHigh of those below.
	Y, High               string
	UrgentHigh            string
	OtherY, OtherHigh     string
	Secrets               bool
	Name, Title           string
	Urgent, Other, Number int
}

const (
	// profileColumns is how many layers are drawn.
	profileColumns = 48
	// profileNamed is how many have room for their number, and profileLeast for how
	// many there is room at least, so that a single one is no wall.
	profileNamed, profileLeast = 24, 6
	// The line is at 90 of 160; bars above take 68, those below 52.
	profileLine, profileUp, profileDown = 90.0, 68.0, 52.0
)

func htmlProfileOf(l *htmlLayers) htmlProfile {
	n := min(len(l.Items), profileColumns)
	if n == 0 {
		return htmlProfile{}
	}
	p := htmlProfile{Hidden: len(l.Items) - n + l.Hidden}
	var heaviest int64
	most := 0
	for i := range l.Items[:n] {
		heaviest = max(heaviest, l.Items[i].bytes)
		most = max(most, l.Items[i].Findings)
	}
	step := 1 / float64(max(n, profileLeast))
	for i := range l.Items[:n] {
		layer := &l.Items[i]
		up := scaled(float64(layer.bytes), float64(heaviest), profileUp)
		urgent := scaled(float64(layer.Urgent), float64(most), profileDown)
		other := scaled(float64(layer.Findings-layer.Urgent), float64(most), profileDown)
		c := htmlColumn{
			X: percentage((float64(i) + .14) * step), Wide: percentage(.72 * step), Middle: percentage((float64(i) + .5) * step),
			Y: pixels(profileLine - up - 1), High: pixels(up),
			UrgentHigh: pixels(urgent), OtherY: pixels(profileLine + 1 + urgent), OtherHigh: pixels(other),
			Secrets: layer.Secrets+layer.Planted > 0, Number: layer.Index,
			Title: fmt.Sprintf("layer %d: %s, %s, %s, %s", layer.Index, layer.Size, count(layer.Packages, "package"), count(layer.Findings, "finding"), count(layer.Secrets, "secret")),
		}
		if n <= profileNamed {
			c.Name = strconv.Itoa(layer.Index)
		}
		p.Columns = append(p.Columns, c)
	}
	if l.Base > 0 && l.Base < n {
		p.BaseAt = percentage(float64(l.Base) * step)
	}
	p.Label = fmt.Sprintf("%s: bars above the line are sizes, the largest %s; bars below are findings, at most %s in one layer", count(len(l.Items)+l.Hidden, "layer"), size(heaviest), number(most))
	return p
}

// scaled keeps what is there visible: at least two pixels.
func scaled(part, whole, to float64) float64 {
	if part <= 0 || whole <= 0 {
		return 0
	}
	return max(2, part/whole*to)
}

func pixels(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }
