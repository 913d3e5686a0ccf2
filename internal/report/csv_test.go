package report

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
)

func readCSV(t *testing.T, raw []byte, comma rune) [][]string {
	t.Helper()
	c := csv.NewReader(bytes.NewReader(raw))
	c.Comma = comma
	c.FieldsPerRecord = -1
	list, err := c.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestCSVHasARowForEachFinding(t *testing.T) {
	r := full()
	list := readCSV(t, render(t, "csv", r, Options{}), ',')
	if want := 1 + len(r.Verdicts[0].Findings) + len(r.Verdicts[0].Hygiene); len(list) != want {
		t.Errorf("%d rows, want %d", len(list), want)
	}
	kind := slices.Index(list[0], "kind")
	seen := map[string]bool{}
	for _, row := range list[1:] {
		if len(row) != len(csvColumns()) {
			t.Errorf("%d cells: %q", len(row), row)
		}
		seen[row[kind]] = true
	}
	for _, k := range kinds {
		if !seen[k] {
			t.Errorf("no row of kind %q", k)
		}
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	for name, r := range formReports() {
		raw := render(t, "csv", r, Options{})
		checkLog(t, bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")))
		if bytes.Contains(bytes.ReplaceAll(raw, []byte("\r\n"), nil), []byte("\n")) {
			t.Errorf("%s: a line ends without CR", name)
		}
		for _, row := range readCSV(t, raw, ',') {
			for _, cell := range row {
				if begin := strings.TrimLeft(cell, " \""); begin != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(begin)[0]) {
					t.Errorf("%s: %q is a formula", name, cell)
				}
			}
		}
	}
	for _, text := range []string{`=1+1`, `+1`, `-1`, `@SUM(A1)`, "\t=1", "\r\n=1", `  =1`, `'=1`, `"=1`, "＝1", `x";=1;"`, "x\n=1", "|cmd", "%0A=1"} {
		cell := csvCell(text)
		if strings.ContainsAny(cell, "\r\n\t") || !strings.HasPrefix(cell, `"`) || strings.HasPrefix(strings.TrimLeft(cell, `" `), "=") {
			t.Errorf("%q became %s", text, cell)
		}
		// Where a semicolon separates cells, the text is still one cell.
		if got := readCSV(t, []byte(cell+"\n"), ';'); len(got) != 1 || len(got[0]) != 1 {
			t.Errorf("%q became %d cells", text, len(got[0]))
		}
	}
}
