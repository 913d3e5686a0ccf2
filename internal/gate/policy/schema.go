package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
)

// descriptions say what each key of a policy file is for.
func descriptions() map[string]string {
	return map[string]string{
		"version":     "Version of the file's form.",
		"name":        "What the policy is called: lower-case words with hyphens between them.",
		"description": "What the policy is for.",
		"extends":     "A ready policy whose rules come first.",
		"without":     "Rules of the extended policy to leave out.",
		"opinion":     "Whose opinion of a vulnerability counts: the more demanding one, what both say, or one database's.",
		"rules":       "The rules; each is asked about everything it is for.",

		"rules.name":        "Unique name of the rule: lower-case words with hyphens between them.",
		"rules.description": "Why there is such a rule.",
		"rules.severity":    "How grave a broken rule is; it orders reasons.",
		"rules.for":         "What the rule is asked about, one after the other; image is asked once.",
		"rules.when":        "Condition in CEL under which the rule is broken. It speaks of finding, action, hygiene, executable, pkg or dockerfile, as for says; of image and now always.",
		"rules.message":     "The reason in one line.",
		"rules.remedy":      "What to do where what was met has no action of its own.",
		"rules.detail":      "Expression in CEL that says more of each thing met, as a string.",
		"rules.effect":      "fail (the default) breaks the build, warn is only shown.",
	}
}

// Schema returns docs/policy.schema.json: the JSON Schema of a policy file, for
// editors, which know draft-07 best. It fails where a key is not described.
func Schema() ([]byte, error) {
	text := descriptions()
	describe := func(prefix string, keys []string, shape map[string]map[string]any) (map[string]any, error) {
		properties := map[string]any{}
		for _, key := range keys {
			s := shape[key]
			if s == nil {
				s = map[string]any{"type": "string"}
			}
			if s["description"] = text[prefix+key]; s["description"] == "" {
				return nil, fmt.Errorf("make the schema of policies: %s is not described", prefix+key)
			}
			properties[key] = s
		}
		return properties, nil
	}
	named := map[string]any{"type": "string", "pattern": ruleName.String(), "maxLength": 80}
	version, err := strconv.Atoi(FormatVersion)
	if err != nil {
		return nil, fmt.Errorf("make the schema of policies: %w", err)
	}
	rule, err := describe("rules.", ruleKeys(), map[string]map[string]any{
		"name":     maps.Clone(named),
		"severity": {"enum": ruleSeverities()},
		"for":      {"enum": inOrder(Subjects())},
		"effect":   {"enum": inOrder([]Effect{Fail, Warn}), "default": string(Fail)},
		"when":     {"type": "string", "minLength": 1, "maxLength": maxExpression},
		"detail":   {"type": "string", "minLength": 1, "maxLength": maxExpression},
		"message":  {"type": "string", "minLength": 1},
	})
	if err != nil {
		return nil, err
	}
	top, err := describe("", policyKeys(), map[string]map[string]any{
		"version": {"const": version},
		"name":    maps.Clone(named),
		"extends": {"enum": ReadyNames()},
		"without": {"type": "array", "items": map[string]any{"type": "string"}},
		"opinion": {"enum": inOrder(Opinions()), "default": string(Either)},
		"rules": {"type": "array", "maxItems": maxRules, "items": map[string]any{
			"type": "object", "additionalProperties": false, "properties": rule,
			"required": []string{"name", "severity", "for", "when", "message"},
		}},
	})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err = e.Encode(map[string]any{
		"$schema": "http://json-schema.org/draft-07/schema#", "$id": "urn:plimsoll:policy:" + FormatVersion, "title": "Plimsoll policy",
		"type": "object", "additionalProperties": false, "properties": top, "required": []string{"version", "name"},
		"anyOf":        []any{map[string]any{"required": []string{"rules"}}, map[string]any{"required": []string{"extends"}}},
		"dependencies": map[string]any{"without": []string{"extends"}},
	})
	if err != nil {
		return nil, fmt.Errorf("make the schema of policies: %w", err)
	}
	return out.Bytes(), nil
}
