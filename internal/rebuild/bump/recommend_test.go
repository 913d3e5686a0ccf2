package bump

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/image"
	"plimsoll/internal/inventory"
	"plimsoll/internal/rebuild/base"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

var today = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

func TestTheSmallestStepThatClearsTheMost(t *testing.T) {
	type row struct {
		name    string
		class   Class
		steps   int
		gain    int
		ends    string
		blocked bool
	}
	for _, c := range []struct {
		name              string
		urgent            int
		ended             bool
		rows              []row
		recommended, next string
		decision          Decision
	}{
		{
			"of equals the nearest", 5, false,
			[]row{{"minor", Minor, 1, 5, "", false}, {"patch", Patch, 1, 5, "", false}, {"major", Major, 1, 5, "", false}},
			"patch", "", Bump,
		},
		{
			"few findings: one more is worth a step", 9, false,
			[]row{{"patch", Patch, 1, 8, "", false}, {"minor", Minor, 1, 9, "", false}},
			"minor", "", Bump,
		},
		{
			"many findings: less than a tenth more is the step after", 43, false,
			[]row{{"patch", Patch, 1, 39, "", false}, {"minor", Minor, 1, 40, "", false}, {"major", Major, 1, 43, "", false}},
			"patch", "minor", Bump,
		},
		{
			"a tenth more is worth the step", 43, false,
			[]row{{"patch", Patch, 1, 38, "", false}, {"minor", Minor, 1, 43, "", false}},
			"minor", "", Bump,
		},
		{
			"the nearer of two minors, and longer support after it", 5, false,
			[]row{{"3.13", Minor, 5, 5, "2030-06-30", false}, {"3.9", Minor, 1, 5, "2028-06-30", false}},
			"3.9", "3.13", Bump,
		},
		{
			"longer support that clears less is no step after", 5, false,
			[]row{{"patch", Patch, 1, 5, "2028-06-30", false}, {"major", Major, 1, 4, "2030-06-30", false}},
			"patch", "", Bump,
		},
		{
			"what is blocked neither counts nor sets the mark", 20, false,
			[]row{{"alpine", OtherDistribution, 1, 20, "", true}, {"patch", Patch, 1, 5, "", false}},
			"patch", "", Bump,
		},
		{"nothing gained", 3, false, []row{{"patch", Patch, 1, 0, "", false}, {"minor", Minor, 1, -2, "", false}}, "", "", Stay},
		{"all blocked", 3, false, []row{{"patch", Patch, 1, 3, "", true}}, "", "", Unknown},
		{"no candidate", 3, false, nil, "", "", Unknown},
		{"out of support: left even where nothing is gained", 0, true, []row{{"release", OtherRelease, 1, 0, "2028-06-30", false}, {"major", Major, 1, 0, "2028-06-30", false}}, "release", "", Bump},
		{"out of support: not for something much worse", 0, true, []row{{"release", OtherRelease, 1, -5, "", false}, {"major", Major, 1, 0, "", false}}, "major", "", Bump},
	} {
		a := &Advice{Complete: true, Base: base.Base{Reference: "x:1"}, Before: &Standing{Counts: Counts{Urgent: c.urgent}, Support: Support{Covered: !c.ended}}}
		for _, r := range c.rows {
			n := Candidate{Reference: r.name, Distance: distanceOf(map[Class]int{r.class: r.steps}), Gain: r.gain}
			n.Clears.Urgent = max(r.gain, 0)
			n.Support.Ends = r.ends
			n.Support.ends, _ = time.Parse(time.DateOnly, r.ends)
			if r.blocked {
				n.Blocked = []string{"because"}
			}
			a.Candidates = append(a.Candidates, n)
		}
		recommend(a)
		if a.Decision != c.decision || a.Recommended != c.recommended || a.Next != c.next || a.Text == "" {
			t.Errorf("%s: %s %q, then %q: %s (%s)", c.name, a.Decision, a.Recommended, a.Next, a.Text, a.NextWhy)
		}
	}
}

// finding writes "openssl CVE-1 rebuild" as a verdict has it.
func judged(distribution, layersOf string, packages ...string) *verdict.Verdict {
	v := &verdict.Verdict{Image: verdict.Image{Platform: "linux/amd64"}, Coverage: verdict.Coverage{Complete: true}}
	if id, release, ok := strings.Cut(distribution, " "); ok {
		v.Image.Distribution = &inventory.Distribution{ID: id, VersionID: release}
	}
	for range strings.Fields(layersOf) {
		v.Image.Layers = append(v.Image.Layers, verdict.Layer{Size: 1000})
	}
	for i, text := range packages {
		// "0 deb libssl3 3.0.1 openssl CVE-1=rebuild CVE-2=track"
		f := strings.Fields(text)
		layer := int(f[0][0] - '0')
		p := inventory.Package{ID: fmt.Sprint(i), Type: f[1], Name: f[2], Version: f[3], Source: &inventory.Source{Name: f[4]}, Liveness: inventory.Visible, Origin: inventory.LayerRef{Index: layer}}
		v.Packages = append(v.Packages, p)
		for _, cve := range f[5:] {
			id, disposition, _ := strings.Cut(cve, "=")
			v.Findings = append(v.Findings, triage.Finding{
				Kind: triage.Vulnerability, Vulnerability: id, PackageID: p.ID, Package: p.Name, Version: p.Version, Origin: p.Origin,
				Disposition: triage.Disposition(disposition), Severity: advisory.High,
			})
		}
	}
	return v
}

func TestFindingsAreHeldAgainstFindings(t *testing.T) {
	// Base: layers 0 and 1. The application's layer 2 upgraded curl and brought flask.
	v := judged("debian 12", "a b c",
		"0 deb libssl3 3.0.1 openssl CVE-1=rebuild CVE-2=track CVE-3=rebuild",
		"0 deb openssl 3.0.1 openssl CVE-1=rebuild",
		"1 generic python 3.8.18 python CVE-9=rebuild",
		"2 deb curl 7.2 curl CVE-5=rebuild",
		"2 pypi flask 1.0 flask CVE-6=rebuild CVE-7=defer")
	below := &inventory.Inventory{Distribution: v.Image.Distribution}
	below.Packages = append(below.Packages, v.Packages[:3]...)
	below.Packages = append(below.Packages, inventory.Package{Type: "deb", Name: "curl", Version: "7.1", Liveness: inventory.Visible})
	s, application := split(v, 2, below, today)
	if want := (Counts{4, 4, 1}); s.standing.Counts != want || s.standing.Size != 2000 || s.standing.Runtimes[0] != "python 3.8.18" {
		t.Errorf("the base stands as %+v", s.standing)
	}
	if want := (Counts{2, 3, 0}); application != want || len(s.replaced) != 1 {
		t.Errorf("application %+v, replaced %v", application, s.replaced)
	}
	// Renamed in the next release, one finding still there and no fix any more, one
	// package less, another vulnerability, and curl that the application replaces.
	after := judged("debian 13", "x",
		"0 deb libssl3t64 3.5.0 openssl CVE-2=track CVE-3=track CVE-8=rebuild",
		"0 generic python 3.8.20 python",
		"0 deb curl 8.0 curl CVE-77=rebuild")
	c, _ := weighCandidate(&s, &Side{Reference: "new", Verdict: after}, today)
	if c.Clears != (Counts{3, 3, 0}) || c.Adds != (Counts{1, 1, 0}) || c.Remains != (Counts{0, 0, 2}) || c.Gain != 2 || c.Counts != (Counts{1, 1, 2}) {
		t.Errorf("clears %+v adds %+v remains %+v, gain %d, stands at %+v", c.Clears, c.Adds, c.Remains, c.Gain, c.Counts)
	}
	if c.Added[0].ID != "CVE-8" || len(c.Blocked) > 0 {
		t.Errorf("added %+v, blocked %v", c.Added, c.Blocked)
	}
	for name, bad := range map[string]func(*verdict.Verdict){
		"planted code":   func(v *verdict.Verdict) { v.Headline.Planted = 1 },
		"not examined":   func(v *verdict.Verdict) { v.Coverage.Complete = false },
		"no package":     func(v *verdict.Verdict) { v.Packages, v.Findings = nil, nil },
		"out of support": func(v *verdict.Verdict) { v.Image.Distribution.VersionID = "8" },
		"nobody can judge it": func(v *verdict.Verdict) {
			v.Coverage.Databases = []advisory.Info{{Name: "a"}}
			v.Coverage.Gaps = map[string][]advisory.Gap{"a": {{Distribution: true}}}
		},
	} {
		v := judged("debian 13", "x", "0 deb a 1 a")
		bad(v)
		if c, _ := weighCandidate(&s, &Side{Verdict: v}, today); len(c.Blocked) != 1 {
			t.Errorf("%s: blocked %q", name, c.Blocked)
		}
	}
}

func TestAdvice(t *testing.T) {
	old := judged("debian 12", "a b", "0 deb libssl3 3.0.1 openssl CVE-1=rebuild", "0 generic python 3.8.18 python CVE-9=rebuild", "1 pypi flask 1 flask")
	images := map[string]*Side{
		"python:3.8-slim":    {DiffIDs: []string{"old"}, Verdict: old},
		"python:3.8.20-slim": {DiffIDs: []string{"new"}, Verdict: judged("debian 12", "n", "0 deb libssl3 3.0.2 openssl", "0 generic python 3.8.20 python")},
		// A tag does not tell that it moved to the next release.
		"python:3.9-slim":   {DiffIDs: []string{"39"}, Verdict: judged("debian 13", "n", "0 deb libssl3 3.0.2 openssl", "0 generic python 3.9.1 python")},
		"python:3.9.1-slim": {DiffIDs: []string{"39"}, Verdict: judged("debian 13", "n", "0 deb libssl3 3.0.2 openssl", "0 generic python 3.9.1 python")},
		"debian:12":         {DiffIDs: []string{"deb"}, Verdict: judged("debian 12", "n", "0 deb libssl3 3.0.2 openssl")},
		"distroless":        {DiffIDs: []string{"dl"}, Verdict: judged("debian 12", "n", "0 deb python3.11 3.11.2 python3.11")},
	}
	in := Input{
		Subject: "app", Base: &base.Base{Reference: "python:3.8-slim", Layers: 1, Confidence: base.Certain},
		Image: Side{Verdict: old, DiffIDs: []string{"old", "app"}}, Below: &inventory.Inventory{Distribution: old.Image.Distribution}, Max: 10, Now: today,
		Examine: func(_ context.Context, ref string) (*Side, error) {
			switch ref {
			case "python:3.8-alpine":
				return nil, fmt.Errorf("%w: linux/amd64 is not offered", image.ErrNoPlatform)
			case "python:4-slim", "broken":
				return nil, errors.New("the network is down")
			}
			s := *images[ref]
			s.Reference = ref
			return &s, nil
		},
		Tags: func(context.Context, string) (*image.TagList, error) {
			return &image.TagList{Tags: []string{"3.8-slim", "3.8.20-slim", "3.9-slim", "3.7-slim", "3.8-alpine"}}, nil
		},
	}
	a, err := Advise(t.Context(), in)
	if err != nil || a.Recommended != "python:3.8.20-slim" || !a.Complete || a.Next != "python:3.9-slim" {
		t.Fatalf("%+v, %v", a, err)
	}
	if c := a.Find("python:3.9-slim"); c.Distance.String() != "other release + minor" || c.Told != "from the tags" {
		t.Errorf("3.9-slim is %s, told %s", c.Distance, c.Told)
	}
	left := fmt.Sprint(a.NotConsidered)
	for _, want := range []string{"1 tag older", "linux/amd64 is not offered", "the base as it is"} {
		if !strings.Contains(left, want) {
			t.Errorf("%q is not said: %s", want, left)
		}
	}

	// What could not be read is no advice that is whole.
	in.Candidates = []string{"python:3.9-slim", "python:3.9.1-slim", "debian:12", "distroless", "broken"}
	a, err = Advise(t.Context(), in)
	if err != nil || a.Complete || len(a.Candidates) != 3 {
		t.Fatalf("%+v, %v", a, err)
	}
	if c := a.Find("debian:12"); len(c.Blocked) != 1 || c.Distance.Class != OtherImage || c.Told != "from what is in the images" {
		t.Errorf("debian:12 for a Python: %s, %v", c.Distance, c.Blocked)
	}
	if c := a.Find("distroless"); len(c.Blocked) != 0 {
		t.Errorf("a Python that the distribution packaged: %v", c.Blocked)
	}
	if c := a.Find("python:3.9-slim"); len(c.Also) != 1 || c.Distance.Parts[1] != Minor {
		t.Errorf("two names of one image: %+v", c)
	}

	// A list that can't be read leaves the tag itself.
	in.Candidates = nil
	in.Tags = func(context.Context, string) (*image.TagList, error) { return nil, errors.New("no route") }
	images["python:3.8-slim"] = images["python:3.8.20-slim"]
	a, err = Advise(t.Context(), in)
	if err != nil || a.Complete || a.Recommended != "python:3.8-slim" || !strings.Contains(a.Text, "built again") {
		t.Errorf("%+v, %v", a, err)
	}

	// Nobody names the base, and nothing is made up.
	in.Base = &base.Base{Layers: 1, Confidence: base.Boundary}
	if a, err = Advise(t.Context(), in); err != nil || a.Decision != Unknown || len(a.Candidates) != 0 || !strings.Contains(a.Text, "--base") {
		t.Errorf("%+v, %v", a, err)
	}
}
