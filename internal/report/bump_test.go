package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/rebuild/base"
	"plimsoll/internal/rebuild/bump"
)

// bumpFixture is advice with everything in it.
func bumpFixture() *bump.Report {
	bookworm := &inventory.Distribution{ID: "debian", VersionID: "12", PrettyName: "Debian GNU/Linux 12 (bookworm)"}
	buster := &inventory.Distribution{ID: "debian", VersionID: "10", PrettyName: "Debian GNU/Linux 10 (buster)"}
	standing := func(d *inventory.Distribution, urgent, fixable, unfixed int, size int64, ends string) bump.Standing {
		return bump.Standing{
			Counts: bump.Counts{Urgent: urgent, Fixable: fixable, Unfixed: unfixed}, Packages: 105, Size: size, Distribution: d,
			Support: bump.Support{Stage: "standard", Ends: ends, Covered: ends > "2026"}, Runtimes: []string{"python 3.8.18"},
		}
	}
	before := standing(bookworm, 43, 139, 106, 125_000_000, "2028-06-30")
	candidate := func(ref string, parts []bump.Class, clears, adds, remains bump.Counts, s bump.Standing) bump.Candidate {
		return bump.Candidate{
			Reference: ref, Digest: "sha256:" + strings.Repeat("ab", 32), From: ref + "@sha256:" + strings.Repeat("ab", 32),
			Distance: bump.Distance{Class: parts[0], Parts: parts, Steps: 1}, Told: "from the tags",
			Clears: clears, Adds: adds, Remains: remains, Gain: clears.Urgent - adds.Urgent, Standing: s,
		}
	}
	patch := candidate("python:3.8.20-slim", []bump.Class{bump.Patch}, bump.Counts{Urgent: 40, Fixable: 120}, bump.Counts{}, bump.Counts{Urgent: 3, Fixable: 19, Unfixed: 100}, standing(bookworm, 3, 19, 100, 124_000_000, "2028-06-30"))
	patch.Also = []string{"python:3.8-slim"}
	trixie := &inventory.Distribution{ID: "debian", VersionID: "13", PrettyName: "Debian GNU/Linux 13 (trixie)"}
	minor := candidate("python:3.9-slim", []bump.Class{bump.OtherRelease, bump.Minor}, bump.Counts{Urgent: 43, Fixable: 139}, bump.Counts{Urgent: 1, Fixable: 2, Unfixed: 30}, bump.Counts{Unfixed: 60}, standing(trixie, 1, 2, 90, 130_000_000, "2030-06-30"))
	old := candidate("python:3.8-slim-buster", []bump.Class{bump.OtherRelease}, bump.Counts{Urgent: 43}, bump.Counts{}, bump.Counts{}, standing(buster, 0, 0, 0, 110_000_000, "2024-06-30"))
	old.Blocked = []string{"its distribution's release gets no fixes since 2024-06-30, and no advisories either"}
	return &bump.Report{SchemaVersion: bump.SchemaVersion, Advice: []bump.Advice{{
		Decision: bump.Bump, Text: "BUMP: python:3.8-slim → python:3.8.20-slim (patch): clears 40 of 43 fixable HIGH/CRITICAL; 3 remain",
		Subject: "registry.example.com/team/app:1", Platform: "linux/amd64",
		Base: base.Base{
			Reference: "python:3.8-slim", Digest: "sha256:" + strings.Repeat("cd", 32), Layers: 5, Source: base.Annotation, Confidence: base.Stated,
			Reason: "the annotation names it, and it could not be read: credentials missing; how many layers are its own is from history: a base sets its own command after layer 4",
			Tried:  []base.Try{{Source: base.Provenance, Outcome: "none is attached to the image"}},
		},
		Before: &before, Application: bump.Counts{Urgent: 2, Fixable: 3, Unfixed: 1}, Replaced: 2,
		Candidates: []bump.Candidate{patch, minor, old}, Recommended: "python:3.8.20-slim",
		Why: "the nearest that comes within a tenth of the base's 43 of what the best candidate clears (40 against 42)", Next: "python:3.9-slim",
		NextWhy: "clears 2 more fixable HIGH/CRITICAL, and is supported until 2030-06-30 instead of 2028-06-30",
		NotConsidered: []bump.Left{
			{What: "312 tags", Reason: "older than the base"}, {What: "python:3.8-alpine", Reason: "registry unreachable: no route to host", Failed: true},
		},
		Databases: []advisory.Info{{Name: "trivy-db", Built: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}},
	}}}
}

func TestBumpMatchesItsGoldenFiles(t *testing.T) {
	for name, opt := range map[string]Options{"bump-80": {Width: 80}, "bump-140": {Width: 140}, "bump-80-color": {Width: 80, Color: true}} {
		var out bytes.Buffer
		if err := Bump(&out, bumpFixture(), opt); err != nil {
			t.Fatal(err)
		}
		golden(t, name, out.Bytes())
		for line := range strings.Lines(out.String()) {
			if !opt.Color && width(strings.TrimSuffix(line, "\n")) > opt.Width {
				t.Errorf("%s: wider than %d: %s", name, opt.Width, line)
			}
		}
	}
}

func TestBumpPassesNothingOnThatATerminalObeys(t *testing.T) {
	r := bumpFixture()
	a := &r.Advice[0]
	const evil = "\x1b]0;owned\x07\u202e\n::error::x##[group]"
	a.Text, a.Subject, a.Why, a.NextWhy, a.Next = evil, evil, evil, evil, evil
	a.Stage = &bump.Stage{Name: evil, From: evil}
	a.Base.Reference, a.Base.Reason, a.Base.Tried[0].Outcome, a.Notes = evil, evil, evil, []string{evil}
	a.Recommended = evil
	for i := range a.Candidates {
		c := &a.Candidates[i]
		c.Reference, c.From, c.Also, c.Blocked = evil, evil+"@"+evil, []string{evil}, []string{evil}
		c.Distribution = &inventory.Distribution{ID: evil, VersionID: evil, PrettyName: evil}
		c.Cleared = []bump.Vulnerability{{ID: evil, Package: evil}}
	}
	a.NotConsidered = append(a.NotConsidered, bump.Left{What: evil, Reason: evil})
	a.Databases[0].Name = evil
	for _, w := range []int{40, 140} {
		var table, doc bytes.Buffer
		if err := Bump(&table, r, Options{Width: w}); err != nil {
			t.Fatal(err)
		}
		if err := BumpJSON(&doc, r); err != nil || !json.Valid(doc.Bytes()) {
			t.Fatal(fmt.Errorf("the JSON is none: %w", err))
		}
		for _, text := range []string{table.String(), doc.String()} {
			if strings.ContainsAny(text, "\x1b\x07\u202e") || strings.Contains(text, "\n::") || strings.Contains(text, "##[") {
				t.Errorf("width %d: %q", w, text)
			}
		}
	}
}
