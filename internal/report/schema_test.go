package report

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"plimsoll/internal/advisory"
	"plimsoll/internal/verdict"
)

const publishedSchema = "../../docs/verdict.schema.json"

func TestPublishedSchemaIsCurrent(t *testing.T) {
	want, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(publishedSchema, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(publishedSchema)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("docs/verdict.schema.json is stale: run go test ./internal/report -update")
	}
}

// compileSchema compiles a schema document, its formats asserted.
func compileSchema(t *testing.T, url string, documents map[string][]byte) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for name, raw := range documents {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := c.AddResource(name, doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile(url)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, raw []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(doc); err != nil {
		t.Errorf("%v", err)
	}
}

func verdictSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	raw, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	return compileSchema(t, schemaID, map[string][]byte{schemaID: raw})
}

func TestReportsFollowThePublishedSchema(t *testing.T) {
	s := verdictSchema(t)
	for name, r := range map[string]*verdict.Report{
		"realistic":  fixture(),
		"empty":      empty(),
		"incomplete": incomplete(),
		"platforms":  platforms(),
		"no verdict": {},
		"minimal":    {Verdicts: []verdict.Verdict{minimal()}},
		"maximal":    maximal(),
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := writeJSON(&b, r, Options{}); err != nil {
				t.Fatal(err)
			}
			validate(t, s, b.Bytes())
			if bytes.Contains(b.Bytes(), []byte(": null")) {
				t.Errorf("null is written:\n%s", b.String())
			}
		})
	}
}

// minimal holds one of each list's elements with no field set that may be left
// out. It is made from a maximal verdict, so that it follows the model.
func minimal() verdict.Verdict {
	v := maximal().Verdicts[0]
	bare(reflect.ValueOf(&v).Elem())
	v.Coverage.Gaps = map[string][]advisory.Gap{"trivy-db": nil}
	return v
}

// bare clears every optional field and keeps what must be there.
func bare(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			tag := v.Type().Field(i).Tag.Get("json")
			if strings.Contains(tag, "omitempty") || strings.Contains(tag, "omitzero") {
				v.Field(i).SetZero()
				continue
			}
			bare(v.Field(i))
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Struct {
			v.SetZero()
			return
		}
		for i := range v.Len() {
			bare(v.Index(i))
		}
	case reflect.Map:
		v.SetZero()
	}
}

// maximal sets every field of the model.
func maximal() *verdict.Report {
	r := &verdict.Report{}
	populate(reflect.ValueOf(r).Elem(), "text")
	return r
}

// populate sets every field that JSON shows, enumerations to one of their words.
func populate(v reflect.Value, text string) {
	if words := vocabularies()[v.Type()]; words != nil && v.Kind() == reflect.String {
		v.SetString(words[len(words)-1])
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		populate(v.Elem(), text)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2024, 2, 29, 1, 2, 3, 0, time.UTC)))
			return
		}
		for i := range v.NumField() {
			if !v.Field(i).CanSet() {
				continue
			}
			populate(v.Field(i), text)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		populate(v.Index(0), text)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		populate(key, text)
		populate(value, text)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Float64:
		v.SetFloat(0.5)
	}
}

func TestMaximalReportShowsEveryDescribedField(t *testing.T) {
	raw, err := json.Marshal(maximal())
	if err != nil {
		t.Fatal(err)
	}
	for key := range descriptions() {
		_, field, ok := strings.Cut(key, ".")
		if ok && !bytes.Contains(raw, []byte(`"`+field+`":`)) {
			t.Errorf("%s is described and never written", key)
		}
	}
}

func TestSchemaRefusesWhatTheModelNeverHolds(t *testing.T) {
	s := verdictSchema(t)
	for name, change := range map[string]func(m map[string]any){
		"no verdicts":      func(m map[string]any) { delete(m, "verdicts") },
		"status in words":  func(m map[string]any) { m["status"] = "failed" },
		"unknown decision": func(m map[string]any) { first(m, "verdicts")["headline"].(map[string]any)["decision"] = "FINE" },
		"unknown severity": func(m map[string]any) { first(first(m, "verdicts"), "findings")["severity"] = "severe" },
		"null list":        func(m map[string]any) { first(m, "verdicts")["packages"] = nil },
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := writeJSON(&b, fixture(), Options{}); err != nil {
				t.Fatal(err)
			}
			doc, err := jsonschema.UnmarshalJSON(&b)
			if err != nil {
				t.Fatal(err)
			}
			change(doc.(map[string]any))
			if s.Validate(doc) == nil {
				t.Error("accepted")
			}
		})
	}
}

func first(m map[string]any, key string) map[string]any { return m[key].([]any)[0].(map[string]any) }

// TestVocabulariesHoldEveryConstant reads the constants of the enumerations
// from their source, so that a new word can't be forgotten in the schema.
func TestVocabulariesHoldEveryConstant(t *testing.T) {
	for typ, words := range vocabularies() {
		if typ.Kind() != reflect.String {
			continue
		}
		folder := filepath.Join("..", "..", strings.TrimPrefix(typ.PkgPath(), "plimsoll/"))
		found := constants(t, folder, typ.Name())
		if len(found) == 0 {
			t.Errorf("no constant of %s in %s", typ, folder)
		}
		for _, word := range found {
			if !slices.Contains(words, word) {
				t.Errorf("%s: the schema's vocabulary lacks %q", typ, word)
			}
		}
	}
}

// constants lists the string constants of a type in a folder's sources.
func constants(t *testing.T, folder, typ string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != typ {
				return true
			}
			for _, v := range spec.Values {
				if literal, ok := v.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					word, err := strconv.Unquote(literal.Value)
					if err != nil {
						t.Fatal(err)
					}
					found = append(found, word)
				}
			}
			return true
		})
	}
	return found
}

func TestSeverityWordsAreTheModels(t *testing.T) {
	for _, word := range vocabularies()[reflect.TypeFor[advisory.Severity]()] {
		if advisory.ParseSeverity(word).String() != word {
			t.Errorf("%q is no severity", word)
		}
	}
}
