package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/gate/exception"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// assessed is a verdict whose vulnerabilities an exception of each kind speaks of.
func assessed(t *testing.T, v *verdict.Verdict) Assessment {
	t.Helper()
	vex := []string{
		"", ", vex: {status: affected}", ", vex: {status: not_affected}", ", vex: {status: fixed}", ", vex: {status: under_investigation}", ", vex: {status: false_positive}",
	}
	for _, j := range exception.Justifications() {
		vex = append(vex, ", vex: {status: not_affected, justification: "+j+"}")
	}
	var b strings.Builder
	b.WriteString("version: 1\nexceptions:\n")
	n, seen := 0, map[string]bool{}
	for i := range v.Findings {
		f := &v.Findings[i]
		name := f.Vulnerability
		if exception.CheckID(name) != nil {
			name = f.ID // a hostile database's
		}
		id, err := json.Marshal(name)
		if f.Kind != triage.Vulnerability || seen[f.Vulnerability] || err != nil || exception.CheckID(name) != nil {
			continue
		}
		seen[f.Vulnerability] = true
		b.WriteString("  - {id: " + string(id) + ", scope: {everywhere: true}, reason: 'it is <not> \"reached\"', owner: Ada, until: 2027-01-31" + vex[n%len(vex)] + "}\n")
		n++
	}
	if n == 0 {
		b.WriteString("  []\n")
	}
	list, err := exception.Parse("e.yaml", []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	a, _ := exception.NewSet(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), list, nil).For(v).Assess(v)
	return Assessment{Verdict: v, Assessed: a}
}

var vexNow = VEXOptions{Author: "Ada", Time: time.Date(2026, 11, 21, 1, 2, 3, 0, time.UTC), Tool: verdict.Tool{Name: "plimsoll", Version: "1"}}

func TestExceptionsAsCycloneDXFollowThePublishedSchema(t *testing.T) {
	s := cycloneDXSchema(t)
	for name, r := range sbomReports() {
		if len(r.Verdicts) != 1 || imagePURL(&r.Verdicts[0].Image) == "" && r.Verdicts[0].Image.ConfigDigest == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := CycloneDXExceptions(&b, assessed(t, &r.Verdicts[0]), vexNow); err != nil {
				t.Fatal(err)
			}
			validate(t, s, b.Bytes())
		})
	}
}

// What is written as VEX accepts, read back, just what was said not to matter.
func TestVEXIsReadBackAsItWasMeant(t *testing.T) {
	for name, write := range map[string]func(*bytes.Buffer, Assessment) error{
		"openvex":   func(b *bytes.Buffer, a Assessment) error { return OpenVEX(b, []Assessment{a}, vexNow) },
		"cyclonedx": func(b *bytes.Buffer, a Assessment) error { return CycloneDXExceptions(b, a, vexNow) },
	} {
		v := &fixture().Verdicts[0]
		a := assessed(t, v)
		want := map[string]bool{}
		for i := range a.Assessed {
			want[a.Assessed[i].Vulnerability] = a.Assessed[i].Status().Accepts()
		}
		var b bytes.Buffer
		if err := write(&b, a); err != nil {
			t.Fatal(err)
		}
		d, err := exception.ParseVEX("v.json", b.Bytes())
		if err != nil || len(d.Notes) > 0 || len(d.Statements) != len(a.Assessed) {
			t.Fatalf("%s: %v, notes %v, %d statements of %d", name, err, d.Notes, len(d.Statements), len(a.Assessed))
		}
		exception.NewSet(vexNow.Time, nil, []*exception.Document{d}).For(v).Apply(v)
		accepted := 0
		for i := range v.Findings {
			f := &v.Findings[i]
			if yes, said := want[f.Vulnerability]; f.Kind == triage.Vulnerability && (f.Disposition == triage.Accepted) != (said && yes) {
				t.Errorf("%s: %s in %s: %s", name, f.Vulnerability, f.Package, f.Disposition)
			}
			if f.Disposition == triage.Accepted {
				accepted++
			}
		}
		if accepted == 0 {
			t.Errorf("%s: nothing is accepted", name)
		}
	}
}

func TestOpenVEXHasWhatTheSpecificationAsks(t *testing.T) {
	var b bytes.Buffer
	if err := OpenVEX(&b, []Assessment{assessed(t, &fixture().Verdicts[0])}, vexNow); err != nil {
		t.Fatal(err)
	}
	var d openVEXDocument
	if err := json.Unmarshal(b.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	if d.Context != "https://openvex.dev/ns/v0.2.0" || !strings.HasPrefix(d.ID, "urn:uuid:") || d.Author != "Ada" || d.Timestamp != "2026-11-21T01:02:03Z" || d.Version != 1 || len(d.Statements) == 0 {
		t.Errorf("%+v", d)
	}
	for _, st := range d.Statements {
		switch {
		case st.Vulnerability.Name == "", len(st.Products) == 0, len(st.Products[0].Subcomponents) == 0:
			t.Errorf("an incomplete statement: %+v", st)
		case st.Status == "not_affected" && (st.Justification == "") == (st.Impact == ""):
			t.Errorf("not_affected has one of justification and impact_statement: %+v", st)
		case st.Status == "affected" && (st.Action == "" || st.Justification != "" || st.Impact != ""):
			t.Errorf("affected has an action_statement alone: %+v", st)
		}
	}
}
