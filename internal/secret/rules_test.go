package secret

import (
	"testing"

	"plimsoll/internal/keyword"
)

// search finds the secrets of a text as the one pass does.
func search(t *testing.T, e *Engine, path string, text []byte) []Hit {
	t.Helper()
	set, err := keyword.New(e.Words())
	if err != nil {
		t.Fatal(err)
	}
	s := e.Begin(path)
	set.Find(text, 0, len(text), func(word, at int) bool {
		s.Keyword(text, 0, word, at)
		return true
	})
	return s.Hits()
}

// TestEveryRuleFindsItsTrueSamplesAndNotItsFalseOnes holds each rule, on its own
// and among all others, to its samples.
func TestEveryRuleFindsItsTrueSamplesAndNotItsFalseOnes(t *testing.T) {
	all, err := NewEngine(Rules())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Rules() {
		t.Run(r.ID, func(t *testing.T) {
			if len(r.True) == 0 || len(r.False) == 0 || r.Title == "" || r.Source == "" || r.Severity == 0 || r.Confidence == Rejected {
				t.Error("a rule needs true and false samples, a title, a source, a severity and a confidence")
			}
			alone, err := NewEngine([]Rule{r})
			if err != nil {
				t.Fatal(err)
			}
			for _, sample := range r.True {
				hits := search(t, alone, r.SamplePath, []byte(sample))
				if len(hits) != 1 || hits[0].Confidence < r.Confidence {
					t.Errorf("true sample %q: %d hits", sample, len(hits))
				}
				if len(search(t, all, r.SamplePath, []byte(sample))) == 0 {
					t.Errorf("true sample %q is lost among all rules", sample)
				}
			}
			for _, sample := range r.False {
				if hits := search(t, alone, r.SamplePath, []byte(sample)); len(hits) != 0 {
					t.Errorf("false sample %q is found: %q", sample, hits[0].Value)
				}
			}
		})
	}
}
