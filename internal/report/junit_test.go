package report

import (
	"encoding/xml"
	"strings"
	"testing"

	"plimsoll/internal/verdict"
)

func decodeJUnit(t *testing.T, r *verdict.Report) junitSuites {
	t.Helper()
	var all junitSuites
	if err := xml.Unmarshal(render(t, "junit", r, Options{}), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestJUnitFollowsJenkinsSchema(t *testing.T) {
	for name, r := range formReports() {
		t.Run(name, func(t *testing.T) {
			raw := render(t, "junit", r, Options{})
			validateJUnit(t, raw)
			checkLog(t, raw)
		})
	}
}

func TestJUnitFailsForWhatAsksForARebuildAlone(t *testing.T) {
	s := decodeJUnit(t, full()).Suites[0]
	seen := map[string]int{}
	failures, skipped := 0, 0
	for _, c := range s.Cases {
		_, kind, _ := strings.Cut(c.Class, ": ")
		seen[kind]++
		if c.Failure != nil {
			failures++
		}
		if c.Skipped != nil {
			skipped++
		}
	}
	for _, kind := range append(kinds, "coverage") {
		if seen[kind] == 0 {
			t.Errorf("no case of kind %q", kind)
		}
	}
	if failures != s.Failures || skipped != s.Skipped || len(s.Cases) != s.Tests || failures == 0 || skipped == 0 {
		t.Errorf("%d cases, %d failures, %d skipped; it says %d, %d and %d", len(s.Cases), failures, skipped, s.Tests, s.Failures, s.Skipped)
	}
	for _, e := range entries(&full().Verdicts[0]) {
		for _, c := range s.Cases {
			if c.Failure != nil && strings.HasSuffix(c.Failure.Text, "finding: "+e.id) && !e.grave() {
				t.Errorf("%s asks for nothing urgent and fails", e.text())
			}
		}
	}
}

func TestJUnitKeepsAnIncompleteScanFromPassing(t *testing.T) {
	all := decodeJUnit(t, incomplete())
	if all.Errors != 1 || all.Failures != 1 {
		t.Errorf("%d errors and %d failures, want the coverage and the gate", all.Errors, all.Failures)
	}
	none := decodeJUnit(t, empty())
	if none.Tests != 1 || none.Errors+none.Failures != 0 {
		t.Errorf("nothing found: %d tests, %d errors, %d failures", none.Tests, none.Errors, none.Failures)
	}
}
