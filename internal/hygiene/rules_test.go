package hygiene

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// now is a day on which the samples are judged.
var now = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// raised are the rules that a sample raises.
func raised(t *testing.T, s Sample) []Finding {
	t.Helper()
	f, err := dockerfile.Parse("Dockerfile", []byte(s.Dockerfile))
	if err != nil {
		t.Fatalf("%v in the sample\n%s", err, s.Dockerfile)
	}
	return Check(f, Rules(), Options{Context: sampleContext(t, s), Now: now, Registries: sampleRegistries(s)})
}

func holds(findings []Finding, rule string) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Rule == rule })
}

func TestRules(t *testing.T) {
	seen := map[string]bool{}
	wellFormed := regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	for _, r := range Rules() {
		t.Run(r.ID, func(t *testing.T) {
			if seen[r.ID] || !wellFormed.MatchString(r.ID) {
				t.Errorf("the identifier is not unique or not well formed")
			}
			seen[r.ID] = true
			if r.Title == "" || r.Why == "" || r.Remedy == "" || r.Category == "" || r.Severity == advisory.Unknown || r.Check == nil && r.Files == nil {
				t.Error("a field is empty")
			}
			if r.Check != nil && (len(r.Bad) == 0 || len(r.Good) == 0) || r.Files != nil && (len(r.BadFiles) == 0 || len(r.GoodFiles) == 0) {
				t.Error("no samples")
			}
			for _, s := range r.Bad {
				if !holds(raised(t, s), r.ID) {
					t.Errorf("not raised by\n%s", s.Dockerfile)
				}
			}
			for _, s := range r.Good {
				if holds(raised(t, s), r.ID) {
					t.Errorf("raised by\n%s", s.Dockerfile)
				}
			}
		})
	}
}

// Every identifier that hygiene-concepts.md lists is some rule's.
func TestEveryConceptHasARule(t *testing.T) {
	concepts, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "hygiene-concepts.md"))
	if err != nil {
		t.Skipf("the list of concepts is not at hand: %v", err)
	}
	have := map[string]bool{}
	for _, r := range Rules() {
		for _, ids := range [][]string{r.Peers.Hadolint, r.Peers.Trivy, r.Peers.Dockle, r.Peers.BuildKit} {
			for _, id := range ids {
				have[id] = true
			}
		}
	}
	for _, line := range strings.Split(string(concepts), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 6 || strings.HasPrefix(strings.TrimSpace(cells[1]), "concept") || strings.HasPrefix(cells[1], "--") {
			continue
		}
		for _, id := range regexp.MustCompile(`\b(DL\d{4}|DS-\d{4}|CIS-DI-\d{4}|DKL-[A-Z]+-\d{4}|[A-Z][a-z]+(?:[A-Z]+[a-z]*)+)\b`).FindAllString(strings.Join(cells[2:6], " "), -1) {
			if !have[id] {
				t.Errorf("%s (%s) belongs to no rule", id, strings.TrimSpace(cells[1]))
			}
		}
	}
}
