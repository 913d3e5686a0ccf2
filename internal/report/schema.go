package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"plimsoll/internal/verdict"
)

// schemaID names the published schema; its version is the shape's.
var schemaID = fmt.Sprintf("urn:plimsoll:verdict:%d", verdict.SchemaVersion)

// node is a JSON object whose keys keep their order.
type node struct {
	keys   []string
	values map[string]any
}

func object(pairs ...any) *node {
	n := &node{values: map[string]any{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		n.set(pairs[i].(string), pairs[i+1])
	}
	return n
}

func (n *node) set(key string, value any) {
	if _, seen := n.values[key]; !seen {
		n.keys = append(n.keys, key)
	}
	n.values[key] = value
}

// MarshalJSON writes the keys in the order in which they were set.
func (n *node) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, key := range n.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := json.Marshal(n.values[key])
		if err != nil {
			return nil, err
		}
		name, err := json.Marshal(key)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Schema returns docs/verdict.schema.json: the JSON Schema (draft 2020-12) of
// what the json form writes, made from the types themselves, the descriptions
// and the words that each enumeration allows. It fails where a field has no
// description, or a description no field.
//
// Fields that are not described may appear: new ones don't change the version.
func Schema() ([]byte, error) {
	s := &schemaMaker{
		definitions: object(),
		text:        descriptions(),
		words:       vocabularies(),
		used:        map[string]bool{},
		seen:        map[string]reflect.Type{},
	}
	root := object(
		"$schema", "https://json-schema.org/draft/2020-12/schema",
		"$id", schemaID,
		"title", "Plimsoll verdict report",
	)
	report, err := s.structure(reflect.TypeFor[verdict.Report]())
	if err != nil {
		return nil, err
	}
	for _, key := range report.keys {
		root.set(key, report.values[key])
	}
	root.set("$defs", s.definitions)
	for key := range s.text {
		if !s.used[key] {
			return nil, fmt.Errorf("make the schema: %q is described, but no such field is written", key)
		}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		return nil, fmt.Errorf("make the schema: %w", err)
	}
	return out.Bytes(), nil
}

// schemaMaker walks the types once.
type schemaMaker struct {
	definitions *node
	text        map[string]string
	words       map[reflect.Type][]string
	used        map[string]bool
	seen        map[string]reflect.Type
}

// structure describes a struct's fields, embedded ones as its own.
func (s *schemaMaker) structure(t reflect.Type) (*node, error) {
	properties, required := object(), []string{}
	if err := s.fields(t, properties, &required); err != nil {
		return nil, err
	}
	n := object("type", "object", "description", s.describe(t.Name()), "properties", properties)
	if len(required) > 0 {
		n.set("required", required)
	}
	if n.values["description"] == "" {
		return nil, fmt.Errorf("make the schema: %s is not described", t.Name())
	}
	return n, nil
}

func (s *schemaMaker) fields(t reflect.Type, properties *node, required *[]string) error {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-", !f.IsExported() && !f.Anonymous:
			continue
		case f.Anonymous && name == "":
			if err := s.fields(f.Type, properties, required); err != nil {
				return err
			}
			continue
		case name == "":
			return fmt.Errorf("make the schema: %s.%s has no json name", t.Name(), f.Name)
		}
		key := t.Name() + "." + name
		text := s.describe(key)
		if text == "" {
			return fmt.Errorf("make the schema: %s is not described", key)
		}
		value, err := s.value(f.Type)
		if err != nil {
			return fmt.Errorf("%w (of %s)", err, key)
		}
		value.set("description", text)
		properties.set(name, value)
		if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
			*required = append(*required, name)
		}
	}
	return nil
}

func (s *schemaMaker) describe(key string) string {
	s.used[key] = true
	return s.text[key]
}

// value describes what one field holds.
func (s *schemaMaker) value(t reflect.Type) (*node, error) {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object("type", "string", "format", "date-time"), nil
	case s.words[t] != nil:
		return object("type", "string", "enum", s.words[t]), nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.value(t.Elem())
	case reflect.String:
		return object("type", "string"), nil
	case reflect.Bool:
		return object("type", "boolean"), nil
	case reflect.Int, reflect.Int64:
		return object("type", "integer"), nil
	case reflect.Float64:
		return object("type", "number"), nil
	case reflect.Slice:
		items, err := s.value(t.Elem())
		if err != nil {
			return nil, err
		}
		return object("type", "array", "items", items), nil
	case reflect.Map:
		values, err := s.value(t.Elem())
		if err != nil {
			return nil, err
		}
		n := object("type", "object")
		if words := s.words[t.Key()]; words != nil {
			n.set("propertyNames", object("enum", words))
		}
		n.set("additionalProperties", values)
		return n, nil
	case reflect.Struct:
		return s.reference(t)
	}
	return nil, fmt.Errorf("make the schema: no rule for %s", t)
}

// reference points at a struct's definition, making it on the first use. Two
// types of one name would hide one another, so that is an error.
func (s *schemaMaker) reference(t reflect.Type) (*node, error) {
	name := t.Name()
	if other, seen := s.seen[name]; seen && other != t {
		return nil, fmt.Errorf("make the schema: %s and %s have the same name", t, other)
	} else if !seen {
		s.seen[name] = t
		definition := object()
		s.definitions.set(name, definition)
		made, err := s.structure(t)
		if err != nil {
			return nil, err
		}
		*definition = *made
	}
	return object("$ref", "#/$defs/"+name), nil
}
