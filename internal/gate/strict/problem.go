package strict

import (
	"fmt"
	"strings"
)

// Problem is something wrong with a file, and where.
type Problem struct {
	File string `json:"file"`
	// Line and Column count from 1, columns in characters; 0 where no place is known.
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Text   string `json:"text"`
}

// String is the form that editors and CI systems recognise: "file:3:5: text".
func (p Problem) String() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.Text)
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text)
}

// Error is returned for a file that is not what it should be; it lists all that is wrong.
type Error struct{ Problems []Problem }

func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}
