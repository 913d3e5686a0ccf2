package report

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"plimsoll/internal/verdict"
)

// csvColumns are the heading; docs/reports.md says what each holds.
func csvColumns() []string {
	return []string{
		"image", "platform", "digest", "kind", "severity", "disposition", "id", "aliases", "title", "package", "version", "fixed",
		"path", "inside", "line", "liveness", "layer", "created by", "held by", "cvss", "epss", "known exploited", "detail", "what to do", "finding",
	}
}

// writeCSV writes a line for each finding of each image (RFC 4180, UTF-8).
func writeCSV(w io.Writer, r *verdict.Report, _ Options) error {
	b := bufio.NewWriter(w)
	csvLine(b, csvColumns())
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		found := entries(v)
		for j := range found {
			csvLine(b, csvCells(v, &found[j]))
		}
	}
	return b.Flush()
}

func csvCells(v *verdict.Verdict, e *entry) []string {
	line, layer, aliases, heldBy, cvss, epss, kev := "", "", "", "", "", "", ""
	if e.line > 0 {
		line = strconv.Itoa(e.line)
	}
	if e.layer.Index >= 0 {
		layer = strconv.Itoa(e.layer.Index)
	}
	if f := e.finding; f != nil {
		aliases, heldBy = strings.Join(f.Aliases, " "), strings.Join(f.HeldBy, " ")
		if f.CVSS != nil {
			cvss = fmt.Sprintf("%.1f", f.CVSS.Score)
		}
		if f.EPSS != nil {
			epss = strconv.FormatFloat(f.EPSS.Probability, 'f', -1, 64)
		}
		if f.KEV != nil {
			kev = "yes"
		}
	}
	detail := e.what
	if detail == e.title {
		detail = ""
	}
	return []string{
		v.Image.Reference, v.Image.Platform, v.Image.Digest, e.kind, e.severity.String(), string(e.disposition), e.rule, aliases, e.title, e.pkg, e.version,
		strings.Join(e.fixed, " "), e.path, e.inside, line, string(e.liveness), layer, history(e.layer.CreatedBy), heldBy, cvss, epss, kev, detail, e.remedy, e.id,
	}
}

// maxCSV bounds a cell; a spreadsheet's holds 32,767 characters.
const maxCSV = 8000

func csvLine(b *bufio.Writer, cells []string) {
	for i, c := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(csvCell(c))
	}
	b.WriteString("\r\n")
}

// csvCell makes foreign text a cell that a spreadsheet shows and does not compute.
// A cell that would begin a formula gets an apostrophe in front
// (https://owasp.org/www-community/attacks/CSV_Injection), and each is quoted, so
// that a semicolon, where that separates cells, begins no other one.
func csvCell(s string) string {
	s = cut(Clean(cut(s, 2*maxCSV)), maxCSV)
	if begins := strings.TrimLeft(s, " '\""); begins != "" && strings.ContainsRune("=+-@|%＝＋－＠", []rune(begins)[0]) {
		s = "'" + s
	}
	s = strings.NewReplacer(`"`, `""`, "##[", `#\[`, "##vso[", `#\vso[`).Replace(s)
	return `"` + s + `"`
}
