package grypedb

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// jsonBlob is the published shape of a package's or CPE's handle, for
// encoding/json: what the reader is held against.
type jsonBlob struct {
	Other      any             `json:"other,omitempty"`
	CVEs       []string        `json:"cves,omitempty"`
	Qualifiers *jsonQualifiers `json:"qualifiers,omitempty"`
	Ranges     []jsonRange     `json:"ranges,omitempty"`
}

type jsonQualifiers struct {
	PlatformCPEs  []string `json:"platform_cpes,omitempty"`
	RpmModularity *string  `json:"rpm_modularity,omitempty"`
	Architecture  string   `json:"architecture,omitempty"`
	RootIO        bool     `json:"rootio,omitempty"`
}

type jsonRange struct {
	Fix     *jsonFix `json:"fix,omitempty"`
	Version struct {
		Type       string `json:"type"`
		Constraint string `json:"constraint,omitempty"`
	} `json:"version"`
}

type jsonFix struct {
	Detail  *jsonDetail `json:"detail,omitempty"`
	Version string      `json:"version,omitempty"`
	State   string      `json:"state,omitempty"`
}

type jsonDetail struct {
	Available *struct {
		Date string `json:"date"`
		Kind string `json:"kind"`
	} `json:"available,omitempty"`
	References []struct {
		URL string `json:"url"`
		ID  string `json:"id"`
	} `json:"references,omitempty"`
}

// handle is what a match must see of b.
func (b *jsonBlob) handle() handle {
	h := handle{cves: b.CVEs}
	if q := b.Qualifiers; q != nil {
		h.platformCPEs, h.arch, h.rootio, h.modularity = q.PlatformCPEs, q.Architecture, q.RootIO, q.RpmModularity
	}
	for _, r := range b.Ranges {
		s := span{scheme: r.Version.Type, constraint: r.Version.Constraint}
		if r.Fix != nil {
			s.hasFix, s.fixVersion, s.fixState = true, r.Fix.Version, r.Fix.State
			if d := r.Fix.Detail; d != nil {
				if d.Available != nil {
					s.fixDate = d.Available.Date
				}
				for _, ref := range d.References {
					if ref.ID != "" {
						s.advisories = append(s.advisories, ref.ID)
					}
				}
			}
		}
		h.spans = append(h.spans, s)
	}
	return h
}

func decodeBlob(t *testing.T, value []byte) handle {
	t.Helper()
	b, err := encodeBlob(value)
	if err != nil {
		t.Fatalf("%s: %v", value, err)
	}
	d := dec{s: "\x00\x00" + string(b)} // vulnerability 0, affected
	h := d.handle()
	if d.bad || d.s != "" {
		t.Fatalf("%s: record %q does not read back", value, b)
	}
	return h
}

// FuzzBlobShape: whatever the texts, what encoding/json wrote is read as it is.
func FuzzBlobShape(f *testing.F) {
	f.Add("< 1.0", "fixed", `quote " backslash \ end`, "ü\u2028\x00", true, uint8(0xff))
	f.Add("", "", "\xff\xfe", "\\", false, uint8(0))
	f.Fuzz(func(t *testing.T, a, b, c, d string, flag bool, parts uint8) {
		blob := jsonBlob{Other: map[string]any{a: []any{b, 1.5e9, nil, map[string]any{c: flag}}}}
		if parts&1 != 0 {
			blob.CVEs = []string{a, b}
		}
		if parts&2 != 0 {
			blob.Qualifiers = &jsonQualifiers{PlatformCPEs: []string{c}, Architecture: d, RootIO: flag}
			if parts&4 != 0 {
				blob.Qualifiers.RpmModularity = &a
			}
		}
		r := jsonRange{}
		r.Version.Type, r.Version.Constraint = a, b
		if parts&8 != 0 {
			r.Fix = &jsonFix{Version: c, State: d}
			if parts&16 != 0 {
				r.Fix.Detail = &jsonDetail{}
				_ = json.Unmarshal([]byte(`{"available":{"kind":"x","date":"2024-01-02"},"references":[{"url":"u"},{"id":"DSA-1"},{}]}`), r.Fix.Detail)
			}
		}
		for range parts >> 5 {
			blob.Ranges = append(blob.Ranges, r)
		}
		text, err := json.Marshal(&blob)
		if err != nil {
			t.Skip(err)
		}
		if parts&32 != 0 {
			text, _ = json.MarshalIndent(&blob, " ", "\t")
		}
		var want jsonBlob
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if got := decodeBlob(t, text); !reflect.DeepEqual(got, want.handle()) {
			t.Errorf("%s\n got %+v\nwant %+v", text, got, want.handle())
		}
	})
}

// FuzzBlobDamage: any bytes are read or refused, and what encoding/json takes
// for another value than an object or null is refused.
func FuzzBlobDamage(f *testing.F) {
	for _, seed := range []string{
		"", "null", "{}", " {} ", "{}x", `{"a"`, `{"a":}`, `{"a":1,}`, `{"ranges":[{}],"ranges":[]}`, `{"cves":["a",]}`, `{"cves":{}}`,
		`{"x":[[[{"y":"]}\""}]]]}`, `{"x":]}`, `{"x":"\`, `{"ranges":[{"fix":null,"version":null}]}`, `{"severities":[{"value":{"vector":"a"}},{"value":"low"}]}`,
		`{"qualifiers":{"rootio":"yes"}}`, "{\"cves\":[\"\x00\"]}", "{\"x\":\x00}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		b, err := encodeBlob(value)
		var v vuln
		vulnErr := v.readBlob(value)
		if err == nil {
			d := dec{s: "\x00\x00" + string(b)}
			if d.handle(); d.bad || d.s != "" {
				t.Errorf("%q: record %q does not read back", value, b)
			}
		}
		var whole any
		if json.Unmarshal(value, &whole) != nil {
			return
		}
		if _, object := whole.(map[string]any); !object && whole != nil && (err == nil || vulnErr == nil) {
			t.Errorf("%q: taken for an object", value)
		}
	})
}

func TestBlobRefusesOtherShapes(t *testing.T) {
	for _, text := range []string{
		"", "[]", "{} {}", `{"cves":"CVE-1"}`, `{"cves":[1]}`, `{"ranges":[[]]}`, `{"ranges":[{"version":"1"}]}`,
		`{"qualifiers":{"rootio":1}}`, `{"ranges":[{"fix":{"detail":{"references":{}}}}]}`, `{"x":{"y":[}`, `{"x":1 2}`,
	} {
		if _, err := encodeBlob([]byte(text)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestVulnerabilityBlob(t *testing.T) {
	var v vuln
	err := v.readBlob([]byte(`{"id":"CVE-1","description":"a \"quoted\" {brace","refs":[{"url":"u"}],"aliases":["GHSA-1",null],
		"severities":[{"scheme":"CVSS","value":{"vector":"CVSS:3.1/AV:N","version":"3.1","metrics":{"x":1}},"source":"nvd","rank":1},
		{"scheme":"CHML","value":"high"},{"scheme":"CHML","value":null},{}]}`))
	want := vuln{aliases: []string{"GHSA-1", ""}, severities: []severityRecord{
		{scheme: "CVSS", value: "CVSS:3.1/AV:N", version: "3.1", source: "nvd"}, {scheme: "CHML", value: "high"}, {scheme: "CHML"}, {},
	}}
	if err != nil || !reflect.DeepEqual(v, want) {
		t.Errorf("%v %+v", err, v)
	}
}

// TestHostileBlobsTakeNoTime: nesting, escapes and empty items as many as a
// value may hold.
func TestHostileBlobsTakeNoTime(t *testing.T) {
	for name, text := range map[string]string{
		"nesting":        `{"x":` + strings.Repeat("[", maxBlob) + "",
		"escapes":        `{"x":"` + strings.Repeat(`\n`, maxBlob/2) + `"}`,
		"escaped quotes": `{"x":"` + strings.Repeat(`\"`, maxBlob/2) + `"}`,
		"items":          `{"ranges":[` + strings.Repeat("{},", maxBlob/3) + `{}]}`,
		"keys":           `{` + strings.Repeat(`"a":0,`, maxBlob/6) + `"a":0}`,
	} {
		start := time.Now()
		_, err := encodeBlob([]byte(text))
		if (err != nil) != (name == "nesting") {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: %s", name, took)
		}
	}
}
