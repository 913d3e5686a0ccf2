package policy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"plimsoll/internal/gate/policy"

	"plimsoll/internal/gate/strict"
)

func TestReadyPoliciesAreSound(t *testing.T) {
	for _, name := range policy.ReadyNames() {
		p, err := policy.Ready(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if p.Name != name || p.Description == "" || p.From != "" {
			t.Errorf("%s calls itself %q, from %q", name, p.Name, p.From)
		}
		for _, w := range p.Warnings {
			t.Errorf("%s: %s", name, w)
		}
		for i := range p.Rules {
			if r := &p.Rules[i]; r.Remedy == "" && r.Effect == policy.Fail && r.For == policy.Findings && r.Name != "possible-planted-code" {
				t.Errorf("%s: rule %s says no remedy", name, r.Name)
			}
		}
	}
}

// file is a policy with one rule, whose lines from the fifth on are given.
func file(rule string) string {
	return "version: 1\nname: mine\nrules:\n  - name: one\n" + rule
}

const rest = "    severity: high\n    for: finding\n    message: m\n"

func TestErrorsStandAtTheirPlace(t *testing.T) {
	for name, c := range map[string]struct{ source, want string }{
		"an unknown key":              {"version: 1\nname: mine\nruels: []\n", `p.yaml:3:1: unknown key "ruels"`},
		"an unknown key of a rule":    {file(rest + "    when: finding.fixable\n    colour: red\n"), `p.yaml:9:5: unknown key "colour"`},
		"a key said twice":            {file(rest + "    when: finding.fixable\n    for: image\n"), `p.yaml:9:5: for is said twice`},
		"a value of another kind":     {file("    severity: [high]\n    for: finding\n    message: m\n    when: finding.fixable\n"), `p.yaml:5:15: severity is a text, and this is a list`},
		"a word that is none":         {file("    severity: urgent\n    for: finding\n    message: m\n    when: finding.fixable\n"), `p.yaml:5:15: severity is "urgent": one of critical, high, medium, low`},
		"a missing key":               {file("    severity: high\n    for: finding\n    when: finding.fixable\n"), `p.yaml:4:5: message is missing`},
		"another version":             {"version: 2\nname: mine\n", `p.yaml:1:10: version is "2"`},
		"no rule":                     {"version: 1\nname: mine\n", `p.yaml:1:1: a policy without a rule passes everything`},
		"the same rule twice":         {file(rest + "    when: finding.fixable\n  - name: one\n" + rest + "    when: finding.fixable\n"), `p.yaml:9:11: there is a rule one already in this file`},
		"a rule of what is extended":  {"version: 1\nname: mine\nextends: standard\nrules:\n  - name: secret\n" + rest + "    when: finding.fixable\n", `p.yaml:5:11: there is a rule secret already in the policy standard`},
		"extends nothing known":       {"version: 1\nname: mine\nextends: ../x.yaml\n", `p.yaml:3:10: extends "../x.yaml": one of the ready policies`},
		"leaves out what is not":      {"version: 1\nname: mine\nextends: standard\nwithout: [secret, secrets]\n", `p.yaml:4:19: policy standard has no rule "secrets"`},
		"the gate's own name":         {strings.Replace(file(rest+"    when: finding.fixable\n"), "one", "expired-exception", 1), `p.yaml:4:11: expired-exception is the gate's own`},
		"an alias":                    {"version: 1\nname: &a mine\ndescription: *a\n", `p.yaml:3:14: aliases (*a) are not read`},
		"two documents":               {file(rest+"    when: finding.fixable\n") + "---\nx: 1\n", `p.yaml:9:1: a file holds one document`},
		"no YAML":                     {"version: 1\nname: [mine\n", `no YAML: `},
		"plain":                       {file(rest + "    when: finding.severty >= high\n"), `p.yaml:8:18: when: undefined field 'severty'`},
		"in single quotes":            {file(rest + "    when: 'finding.kind != '''' && finding.x'\n"), `p.yaml:8:43: when: undefined field 'x'`},
		"in double quotes":            {file(rest + "    when: \"finding.kind != \\\"\\u0041\\\" && finding.x\"\n"), `p.yaml:8:49: when: undefined field 'x'`},
		"in a literal block":          {file(rest + "    when: |\n\n      finding.fixable\n        && finding.x\n"), `p.yaml:11:19: when: undefined field 'x'`},
		"in a folded block":           {file(rest + "    when: >-\n      finding.fixable &&\n      finding.x\n"), `p.yaml:10:14: when: undefined field 'x'`},
		"over several lines":          {file(rest + "    when: finding.fixable &&\n        finding.x\n"), `p.yaml:9:16: when: undefined field 'x'`},
		"after letters of two bytes":  {file(rest + "    when: finding.title == \"äöü\" && finding.x\n"), `p.yaml:8:44: when: undefined field 'x'`},
		"in the detail":               {file(rest + "    when: finding.fixable\n    detail: finding.severity\n"), `p.yaml:9:13: detail: the expression is a int, where a string is asked for`},
		"no condition":                {file(rest + "    when: finding.title\n"), `the expression is a string, where a bool is asked for`},
		"always true":                 {file(rest + "    when: true\n"), `p.yaml:8:11: when is true for all of them`},
		"a word no finding has":       {file(rest + "    when: finding.kind in [\"secret\", \"secrets\"]\n"), `p.yaml:8:38: when: no kind of finding is ever "secrets": one of end-of-life, malware`},
		"two scales":                  {file(rest + "    when: finding.severity >= likely\n"), `when: a severity is compared with a confidence`},
		"a severity in quotes":        {file(rest + "    when: finding.severity == \"high\"\n"), `compared with words that stand without quotes`},
		"a pattern that is none":      {file(rest + "    when: finding.path.matches(\"((\")\n"), `p.yaml:8:32: when: invalid matches argument`},
		"a pattern that is too large": {file(rest + "    when: finding.path.matches(\"((a{90}){90}){90}\")\n"), `when: invalid matches argument`},
		"package":                     {file(strings.Replace(rest, "finding", "package", 1) + "    when: package.name == \"x\"\n"), `a package is pkg in an expression`},
		"too deep":                    {file(rest + "    when: finding.aliases.all(a, finding.aliases.all(b, finding.aliases.all(c, finding.aliases.all(d, a == d))))\n"), `comprehension exceeds nesting limit`},
		"too long":                    {file(rest + "    when: finding.title == \"" + strings.Repeat("x", 5000) + "\"\n"), `when: `},
	} {
		_, err := policy.Parse("p.yaml", []byte(c.source))
		var invalid *strict.Error
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", name, err, c.want)
		}
	}
}

func TestOdditiesAreWarnings(t *testing.T) {
	for name, c := range map[string]struct{ source, want string }{
		"never mentions a finding": {file(rest + "    when: image.reference == \"x\"\n"), `p.yaml:8:11: the condition never mentions finding`},
		"a rule nobody knows":      {file("    severity: high\n    for: hygiene\n    message: m\n    when: hygiene.rule == \"root-user\"\n"), `p.yaml:8:27: there is no rule "root-user" in docs/lint-rules.md`},
		"a bare number":            {file(rest + "    when: finding.severity > 3\n"), `p.yaml:8:18: severities and confidences are compared with their words`},
		"nothing can fail":         {file(rest + "    when: finding.fixable\n    effect: warn\n"), `every rule only warns`},
	} {
		p, err := policy.Parse("p.yaml", []byte(c.source))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0].String(), c.want) {
			t.Errorf("%s: got %v, want %s", name, p.Warnings, c.want)
		}
	}
}

func TestAPolicyExtendsAnother(t *testing.T) {
	p, err := policy.Parse("p.yaml", []byte("version: 1\nname: mine\nextends: strict\nwithout: [root-user, possible-secret]\n"))
	if err != nil {
		t.Fatal(err)
	}
	strict, err := policy.Ready("strict")
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Rules) != len(strict.Rules)-2 {
		t.Errorf("%d rules of %d", len(p.Rules), len(strict.Rules))
	}
	from := map[string]bool{}
	for i := range p.Rules {
		from[p.Rules[i].Policy] = true
	}
	if fmt.Sprint(from) != "map[standard:true strict:true]" {
		t.Errorf("the rules come from %v", from)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range policy.ReadyNames() {
		source, err := policy.Source(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(source)
	}
	f.Add([]byte(file(rest + "    when: |2\n        finding.x\n    detail: \"\\\n  \\x41\"\n")))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("? [a]\n: b\n"))
	f.Fuzz(func(t *testing.T, source []byte) {
		// YAML 1.1 has more line breaks than editors have.
		lines := 1 + strings.Count(string(source), "\n")
		for _, r := range []string{"\r", "\u0085", "\u2028", "\u2029"} {
			lines += strings.Count(string(source), r)
		}
		p, err := policy.Parse("p", source)
		var invalid *strict.Error
		switch {
		case errors.As(err, &invalid):
			for _, problem := range invalid.Problems {
				if problem.Line > lines+1 || problem.Line < 0 || problem.Column < 0 {
					t.Errorf("%s: the file has %d lines", problem, lines)
				}
			}
		case err != nil:
			t.Errorf("no problem with a place: %v", err)
		case len(p.Rules) == 0:
			t.Error("a policy without a rule")
		}
	})
}

func FuzzReadTests(f *testing.F) {
	f.Add([]byte("policy: standard\nnow: 2026-11-21\ntests:\n  - name: x\n    verdict: {findings: [{kind: secret, severity: high}]}\n    expect: fail\n    rules: [secret]\n"))
	f.Add([]byte("tests:\n  - {name: x, verdict: {a: {b: 1, b: 2}}, expect: pass}\n"))
	f.Fuzz(func(t *testing.T, source []byte) {
		if strings.Contains(string(source), "/") {
			t.Skip("may name a file")
		}
		tests, err := policy.ReadTests("t", source)
		if err == nil && len(tests.Tests) == 0 {
			t.Error("no test and no error")
		}
		if err != nil && !policy.IsInvalid(err) {
			t.Errorf("no problem with a place: %v", err)
		}
	})
}
