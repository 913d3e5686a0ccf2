package report

import (
	"encoding"
	"reflect"
	"strings"
	"time"

	"plimsoll/internal/verdict"
)

// templateData is a report in maps, lists, texts and numbers, under the names that
// the JSON form has. Unlike there, what is empty is there as well, so that a name
// that is wrong is an error and one without a value is not. Each verdict has in
// "entries" every finding of it in one shape, hygiene among them.
func templateData(r *verdict.Report) map[string]any {
	whole := complete(r)
	data, _ := plainValue(reflect.ValueOf(*whole)).(map[string]any)
	verdicts, _ := data["verdicts"].([]any)
	for i, v := range verdicts {
		if m, ok := v.(map[string]any); ok {
			m["entries"] = entryMaps(&whole.Verdicts[i])
		}
	}
	return data
}

func entryMaps(v *verdict.Verdict) []any {
	found := entries(v)
	list := make([]any, len(found))
	for i := range found {
		e := &found[i]
		m := map[string]any{
			"id": e.id, "kind": e.kind, "rule": e.rule, "title": e.title, "severity": e.severity.String(), "disposition": string(e.disposition),
			"text": e.text(), "detail": e.what, "standing": e.standing, "path": e.path, "inside": e.inside,
			"package": e.pkg, "version": e.version, "liveness": string(e.liveness), "remedy": e.remedy, "why": e.why,
		}
		for key, value := range m {
			m[key] = quietText(value.(string))
		}
		m["fixed"], m["line"], m["layer"], m["urgent"] = anyList(e.fixed), int64(e.line), int64(e.layer.Index), e.grave()
		for j, s := range m["fixed"].([]any) {
			m["fixed"].([]any)[j] = quietText(s.(string))
		}
		list[i] = m
	}
	return list
}

// quietText takes out of a text what a terminal or a CI system's log would obey,
// since nobody knows where a template puts it. What a target beyond these obeys is
// for the template's functions.
func quietText(s string) string {
	s = strings.NewReplacer("#[", `#\[`, "#vso[", `#\vso[`).Replace(Clean(s))
	if strings.HasPrefix(strings.TrimSpace(s), "::") {
		s = strings.Replace(s, "::", `\:`, 1)
	}
	return s
}

func anyList(texts []string) []any {
	list := make([]any, len(texts))
	for i := range texts {
		list[i] = texts[i]
	}
	return list
}

// plainValue turns a Go value into what templates may see of it. It follows the
// tags of encoding/json, and has no methods to call.
func plainValue(v reflect.Value) any {
	if v.CanInterface() {
		switch x := v.Interface().(type) {
		case time.Time:
			if x.IsZero() {
				return ""
			}
			return x.Format(time.RFC3339Nano)
		case encoding.TextMarshaler:
			if v.Kind() == reflect.Pointer && v.IsNil() {
				return nil
			}
			text, err := x.MarshalText()
			if err != nil {
				return ""
			}
			return quietText(string(text))
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return plainValue(v.Elem())
	case reflect.Struct:
		m := map[string]any{}
		plainFields(m, v)
		return m
	case reflect.Slice, reflect.Array:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plainValue(v.Index(i))
		}
		return list
	case reflect.Map:
		m := make(map[string]any, v.Len())
		for it := v.MapRange(); it.Next(); {
			key, _ := plainValue(it.Key()).(string)
			m[key] = plainValue(it.Value())
		}
		return m
	case reflect.String:
		return quietText(v.String())
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return int64(v.Uint())
	case reflect.Float32, reflect.Float64:
		return v.Float()
	}
	return nil
}

func plainFields(m map[string]any, v reflect.Value) {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			plainFields(m, v.Field(i))
		case name == "":
			m[f.Name] = plainValue(v.Field(i))
		default:
			m[name] = plainValue(v.Field(i))
		}
	}
}
