package lab

import (
	"embed"
	"fmt"
	"strings"
)

// dataFiles are the facts that everything here is built from; data/README.md
// says what each file is, as of which date and from where.
//
//go:embed data
var dataFiles embed.FS

// none stands in a table for a value that the source leaves empty.
const none = "-"

// A table is one data file: tab-separated, the first line naming the columns.
type table struct {
	name string
	rows [][]string
}

// loadTable reads an embedded table and checks that it has exactly these columns.
func loadTable(name string, columns ...string) (table, error) {
	b, err := dataFiles.ReadFile("data/" + name)
	if err != nil {
		return table{}, fmt.Errorf("read embedded %s: %w", name, err)
	}
	return parseTable(name, string(b), columns...)
}

func parseTable(name, text string, columns ...string) (table, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if got, want := lines[0], strings.Join(columns, "\t"); got != want {
		return table{}, fmt.Errorf("%s: columns are %q instead of %q", name, got, want)
	}
	t := table{name: name, rows: make([][]string, 0, len(lines)-1)}
	for i, line := range lines[1:] {
		cells := strings.Split(line, "\t")
		if len(cells) != len(columns) {
			return table{}, fmt.Errorf("%s line %d: %d cells instead of %d", name, i+2, len(cells), len(columns))
		}
		for j, c := range cells {
			if c == "" {
				return table{}, fmt.Errorf("%s line %d: column %s is empty; write %q", name, i+2, columns[j], none)
			}
			if c == none {
				cells[j] = ""
			}
		}
		t.rows = append(t.rows, cells)
	}
	return t, nil
}

// format writes rows as loadTable reads them.
func formatTable(columns []string, rows [][]string) string {
	var b strings.Builder
	b.WriteString(strings.Join(columns, "\t") + "\n")
	for _, r := range rows {
		for i, c := range r {
			if i > 0 {
				b.WriteByte('\t')
			}
			if c == "" {
				c = none
			}
			b.WriteString(c)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// list splits a cell that holds several values.
func list(cell, separator string) []string {
	if cell == "" {
		return nil
	}
	return strings.Split(cell, separator)
}
