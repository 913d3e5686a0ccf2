package report

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"

	"plimsoll/internal/advisory"
	"plimsoll/internal/gate"
	"plimsoll/internal/gate/policy"
)

// hostileGate is a gate's report whose every text is the same.
func hostileGate(text string) *gate.Report {
	r := &gate.Report{}
	poison(reflect.ValueOf(r).Elem(), text)
	return r
}

func TestAGateGuardsTheTerminal(t *testing.T) {
	x := &policy.Policy{}
	poison(reflect.ValueOf(x).Elem(), nasty)
	outcomes := []gate.TestOutcome{{Name: nasty, Wrong: []string{nasty}}, {Name: nasty}}
	for _, decision := range []gate.Decision{gate.Passed, gate.Failed, gate.Undecided, nasty} {
		r := hostileGate(nasty)
		for i := range r.Results {
			r.Results[i].Decision = decision
		}
		for _, opt := range []Options{{}, {All: true}, {Width: 40}, {Color: true, All: true}} {
			for name, write := range map[string]func(io.Writer) error{
				"gate":        func(w io.Writer) error { return Gate(w, r, opt) },
				"list":        func(w io.Writer) error { return PolicyList(w, []*policy.Policy{x}, opt) },
				"explanation": func(w io.Writer) error { return PolicyExplanation(w, x, opt) },
				"tests":       func(w io.Writer) error { return PolicyTests(w, nasty, outcomes, []string{nasty}, opt) },
			} {
				var out bytes.Buffer
				if err := write(&out); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				checkTerminal(t, out.Bytes(), newPage(opt).width)
			}
		}
		var out bytes.Buffer
		if err := GateJSON(&out, r); err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(out.String(), func(c rune) bool { return c != '\n' && (c < ' ' || obeyed(c)) }); i >= 0 || strings.Contains(out.String(), "##[") {
			t.Errorf("the JSON holds %q", out.String()[max(0, i):][:20])
		}
	}
}

// TestAnEmptyGateIsWholeJSON: no list is null, whoever made the report.
func TestAnEmptyGateIsWholeJSON(t *testing.T) {
	var out bytes.Buffer
	r := &gate.Report{Results: []gate.Result{{Reasons: []gate.Reason{{}}, Accepted: []gate.Accepted{{}}}}}
	if err := GateJSON(&out, r); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(out.Bytes()) || strings.Contains(out.String(), "null") {
		t.Error(out.String())
	}
}

func TestAGateInOneLine(t *testing.T) {
	for want, r := range map[string]*gate.Result{
		"GATE PASSED":                                                 {Decision: gate.Passed},
		"GATE PASSED: 3 without a fix to watch":                       {Decision: gate.Passed, Tracked: map[string]int{"high": 1, "low": 2}},
		"GATE PASSED: 1 warning":                                      {Decision: gate.Passed, Warnings: make([]gate.Reason, 1)},
		"GATE FAILED: 2 reasons":                                      {Decision: gate.Failed, Reasons: make([]gate.Reason, 2)},
		"GATE UNDECIDED: the scan is incomplete":                      {Decision: gate.Undecided, Problems: []string{"the scan is incomplete", "x"}},
		"GATE FAILED: 1 reason; and not everything could be examined": {Decision: gate.Failed, Reasons: make([]gate.Reason, 1), Problems: []string{"x"}},
	} {
		if got := GateHeadline(r); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestAReasonNamesWhatClearsIt(t *testing.T) {
	r := gate.Reason{
		Rule: "one", Severity: advisory.High, Text: "two things", Count: 2,
		Matches: []gate.Match{{Text: "A", Detail: "since May"}, {Text: "B"}},
		Actions: []gate.Clearing{{Title: "do this", Clears: 1}}, Without: 1,
	}
	want := "\nHIGH      two things: 2, first A (since May) [one]\n          → do this: clears 1\n            no action is known for 1\n"
	for _, all := range []bool{false, true} {
		p := newPage(Options{})
		p.reason(&r, Options{All: all})
		if all {
			want = strings.Replace(want, "[one]\n", "[one]\n          - A (since May)\n          - B\n", 1)
		}
		if got := p.buf.String(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}
