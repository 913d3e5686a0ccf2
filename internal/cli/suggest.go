package cli

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// nearFlag suggests the flag that was probably meant by one that is not known.
func nearFlag(cmd *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || len(unknown.GetSpecifiedName()) < 3 {
		return ""
	}
	near, best := "", 3
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if d := distance(unknown.GetSpecifiedName(), f.Name); d < best && !f.Hidden {
			near, best = f.Name, d
		}
	})
	if near == "" {
		return ""
	}
	return "; did you mean --" + near + "?"
}

// distance is the number of letters to add, drop or replace (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
