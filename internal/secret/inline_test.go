package secret

import (
	"strings"
	"testing"
)

// TestARuleAsksForMoreThanItsKeyword: the parts of a rule that files of rules use.
func TestARuleAsksForMoreThanItsKeyword(t *testing.T) {
	base := Rule{ID: "corp", Confidence: Likely, Keywords: []string{"corp-"}, Before: 8, After: 60, Pattern: `corp-([a-z]*)([0-9]*)`, Exact: true}
	with := func(change func(*Rule)) Rule {
		r := base
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		rule Rule
		text string
		want string
	}{
		"the first group that is not empty":      {base, "x corp-12345", "12345"},
		"the group that it names":                {with(func(r *Rule) { r.Group = 2 }), "x corp-ab12345", "12345"},
		"a word in company, before":              {with(func(r *Rule) { r.Company = []string{"umbrella"} }), "Umbrella\ncorp-abc", "abc"},
		"a word in company, behind":              {with(func(r *Rule) { r.Company = []string{"umbrella"} }), "corp-abc\nUMBRELLA", "abc"},
		"no word in company":                     {with(func(r *Rule) { r.Company = []string{"umbrella"} }), "corp-abc\n", ""},
		"apart from the keyword":                 {with(func(r *Rule) { r.Pattern, r.Apart = `[0-9]{8}`, true }), "corp-abc = 12345678", "12345678"},
		"not apart from the keyword":             {with(func(r *Rule) { r.Pattern = `[0-9]{8}` }), "corp-abc = 12345678", ""},
		"a comment on the line":                  {base, "a\ncorp-12345 # gitleaks:allow\nb", "12345?"},
		"a comment on the line before":           {base, "# gitleaks:allow\ncorp-12345\n", "12345"},
		"a comment on the line behind":           {base, "corp-12345\n# gitleaks:allow\n", "12345"},
		"a comment at the end of a long line":    {base, "corp-12345 " + strings.Repeat("x", 3000) + "gitleaks:allow", "12345?"},
		"a path that it is limited to":           {with(func(r *Rule) { r.Paths = func(p string) bool { return p == "a.txt" } }), "corp-12345", "12345"},
		"a path that it is not limited to":       {with(func(r *Rule) { r.Paths = func(p string) bool { return p == "b.txt" } }), "corp-12345", ""},
		"the line, the match and what is around": {with(func(r *Rule) { r.Allowed = differs(t) }), "one\ntwo corp-12345 three\nfour", "12345"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := NewEngine([]Rule{c.rule})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, h := range search(t, e, "a.txt", []byte(c.text)) {
				got += string(h.Value)
				if h.Confidence < c.rule.Confidence {
					got += "?" // lowered
				}
			}
			if got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// differs fails the test where a match is not seen as it stands in its text.
func differs(t *testing.T) func(m *Match) bool {
	return func(m *Match) bool {
		around, at := m.Around(2)
		if string(m.Whole()) != "corp-12345" || string(m.Line()) != "two corp-12345 three" || string(around) != "o corp-12345 t" || at != 2 {
			t.Errorf("match %q, line %q, around %q at %d", m.Whole(), m.Line(), around, at)
		}
		return false
	}
}

// TestARuleOfPathsIsAboutFilesAsSuch: such a rule is asked by path alone.
func TestARuleOfPathsIsAboutFilesAsSuch(t *testing.T) {
	e, err := NewEngine([]Rule{{ID: "keystore", Confidence: Likely, Paths: func(p string) bool { return strings.HasSuffix(p, ".p12") }}})
	if err != nil {
		t.Fatal(err)
	}
	hits := e.File("etc/a.p12")
	if len(hits) != 1 || hits[0].Secret().Rule != "keystore" || hits[0].Secret().Redacted != "" {
		t.Errorf("hits %v", hits)
	}
	if hits := e.File("etc/a.pem"); hits != nil {
		t.Errorf("hits %v", hits)
	}
}

// TestAnOpaqueRuleShowsNothingOfAValue: a keyword that varies is part of the secret.
func TestAnOpaqueRuleShowsNothingOfAValue(t *testing.T) {
	for opaque, want := range map[bool]string{false: "corp-[5 redacted]", true: "[10 redacted]"} {
		e, err := NewEngine([]Rule{{ID: "corp", Confidence: Likely, Keywords: []string{"corp-"}, Pattern: `corp-[0-9]{5}`, Exact: true, Opaque: opaque}})
		if err != nil {
			t.Fatal(err)
		}
		if hits := search(t, e, "", []byte("corp-12345")); len(hits) != 1 || hits[0].Secret().Redacted != want {
			t.Errorf("opaque %v: %v", opaque, hits)
		}
	}
}
