package policy_test

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"plimsoll/internal/gate/policy"
)

// TestTheSchemaSaysWhatTheReaderDoes: what the schema accepts and refuses, the
// reader does, too.
func TestTheSchemaSaysWhatTheReaderDoes(t *testing.T) {
	raw, err := policy.Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("policy.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("policy.json")
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]bool{
		file(rest + "    when: finding.fixable\n"):                  true,
		"version: 1\nname: mine\nextends: strict\n":                 true,
		"version: 1\nname: mine\nwithout: [x]\nrules: []\n":         false,
		"version: 1\nname: mine\n":                                  false,
		"version: 2\nname: mine\nextends: strict\n":                 false,
		"version: 1\nname: My Policy\nextends: strict\n":            false,
		"version: 1\nname: mine\nextends: strict\nx: 1\n":           false,
		"version: 1\nname: mine\nextends: strict\nopinion: all\n":   false,
		file(rest + "    when: finding.fixable\n    effect: no\n"):  false,
		file("    severity: high\n    for: finding\n"):              false,
		file(rest + "    when: finding.fixable\n    severity: 1\n"): false,
	}
	for _, name := range policy.ReadyNames() {
		source, err := policy.Source(name)
		if err != nil {
			t.Fatal(err)
		}
		sources[string(source)] = true
	}
	for source, valid := range sources {
		var v any
		bySchema := yaml.Unmarshal([]byte(source), &v) == nil && schema.Validate(v) == nil
		_, err := policy.Parse("p.yaml", []byte(source))
		if bySchema != valid || (err == nil) != valid {
			t.Errorf("the schema says %v, the reader %v, of\n%s", bySchema, err, source)
		}
	}
}
