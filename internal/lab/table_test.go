package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestMalformedTablesAreRefused(t *testing.T) {
	for _, c := range []struct{ text, problem string }{
		{"a\tc\n1\t2\n", "columns are"},
		{"a\tb\n1\n", "line 2: 1 cells instead of 2"},
		{"a\tb\n1\t2\n3\t\n", "line 3: column b is empty"},
	} {
		if _, err := parseTable("t.tsv", c.text, "a", "b"); err == nil || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%q: %v", c.text, err)
		}
	}
	got, err := parseTable("t.tsv", "a\tb\n1\t-\n", "a", "b")
	if want := [][]string{{"1", ""}}; err != nil || !reflect.DeepEqual(got.rows, want) {
		t.Errorf("%q, %v", got.rows, err)
	}
}

func TestRangesReadBackAsWritten(t *testing.T) {
	for text, want := range map[string]versionRange{
		"dpkg: => wont-fix": {Type: "dpkg", State: "wont-fix"},
		"dpkg: < 1:2.20.1-2+deb10u9 => fixed 1:2.20.1-2+deb10u9 @2024-06-26 advisory DSA-4581-1 DLA-3844-1": {
			Type: "dpkg", Constraint: "< 1:2.20.1-2+deb10u9", State: "fixed", Version: "1:2.20.1-2+deb10u9",
			Date: "2024-06-26", Kind: "advisory", Advisories: []string{"DSA-4581-1", "DLA-3844-1"},
		},
		"= 3.7 =>":                      {Constraint: "= 3.7"},
		">= 14, < 14.21 => fixed 14.21": {Constraint: ">= 14, < 14.21", State: "fixed", Version: "14.21"},
	} {
		got, err := parseRange(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
		if got.String() != text {
			t.Errorf("%q is written %q", text, got)
		}
	}
	for _, bad := range []string{"", "< 1", "dpkg: < 1 => fixed 1 @2024-01-01"} {
		if r, err := parseRange(bad); err == nil {
			t.Errorf("%q reads as %+v", bad, r)
		}
	}
}

func TestBuildStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Build(ctx, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestBuildSaysWhereItCannotWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	if _, err := Build(t.Context(), filepath.Join(file, "lab")); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("%v", err)
	}
}
