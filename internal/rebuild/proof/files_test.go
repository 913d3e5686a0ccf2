package proof_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/rebuild/proof"
	"plimsoll/internal/verdict"
)

// someDay is before the end of life of every base that the tests name.
var someDay = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

func side(t *testing.T, source string) proof.FileSide {
	t.Helper()
	f, err := dockerfile.Parse("Dockerfile", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return proof.FileSide{File: f, Findings: hygiene.Check(f, hygiene.Rules(), hygiene.Options{Now: someDay})}
}

const (
	pinned = "FROM registry.example/app:1@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
	good   = pinned + "USER 10001:10001\nCMD [\"/app\"]\n"
	apiKey = "ENV PAYMENTS_API_KEY=9fKz27QxWm41LpVt8sRbNc63\n"
)

func TestADockerfileIsBetterWhereNothingGraveCame(t *testing.T) {
	root := pinned + "CMD [\"/app\"]\n"
	other := strings.Replace(apiKey, "PAYMENTS_API_KEY=9fKz", "MAILER_API_KEY=mQ4z", 1)
	for name, c := range map[string]struct {
		before, after string
		want          string // the beginning of the conclusion
	}{
		"the same file":                        {good, good, "NO WORSE: 0 cleared, "},
		"a user":                               {root, good, "PROVEN BETTER: MEDIUM 1 → 0; 1 finding cleared, "},
		"no user any more":                     {good, root, "WORSE: MEDIUM 0 → 1; 0 cleared, "},
		"a secret":                             {good, pinned + apiKey + "USER 1\nCMD [\"/app\"]\n", "WORSE: HIGH/CRITICAL 0 → 1; "},
		"a secret for a user":                  {root, pinned + apiKey + "USER 1\nCMD [\"/app\"]\n", "NOT BETTER: HIGH/CRITICAL 0 → 1, MEDIUM 1 → 0; "},
		"another secret in exchange":           {pinned + apiKey + "USER 1\nCMD [\"/app\"]\n", pinned + other + "USER 1\nCMD [\"/app\"]\n", "WORSE: 1 finding cleared, "},
		"a comment instead of a mend":          {root, "# plimsoll:ignore user-missing until=2027-01-01 reason=\"later\"\n" + root, "NO WORSE: 0 cleared, "},
		"a comment that lifts what is new":     {good, "# plimsoll:ignore user-missing until=2027-01-01 reason=\"later\"\n" + root, "WORSE: MEDIUM 0 → 1; "},
		"the builder would refuse the new one": {root, good + "BOGUS x\n", "WORSE: "},
		"the builder would refuse the old one": {good + "BOGUS x\n", root, "INCOMPLETE: the builder would refuse BEFORE: line 4: "},
		"a file without a stage":               {root, "ARG A=1\n", "INCOMPLETE: the builder would refuse AFTER: it has no build stage; "},
	} {
		t.Run(name, func(t *testing.T) {
			p := proof.OfFiles(side(t, c.before), side(t, c.after))
			if refused := len(p.Conclusion.Reasons) > 0; refused == p.Conclusion.Complete || refused != strings.Contains(name, "refuse") && !strings.Contains(name, "without a stage") {
				t.Errorf("reasons: %q", p.Conclusion.Reasons)
			}
			if !strings.HasPrefix(p.Conclusion.Text, c.want) {
				t.Errorf("got %q, want %q…", p.Conclusion.Text, c.want)
			}
		})
	}
}

// toldHygiene is every finding as "outcome rule severity where".
func toldHygiene(h *proof.Hygiene) []string {
	var out []string
	for _, o := range []struct {
		name  string
		rules []proof.HygieneRule
	}{{"cleared", h.Cleared}, {"kept", h.Kept}, {"added", h.Added}} {
		for _, r := range o.rules {
			for _, f := range r.Findings {
				was := ""
				if f.Was != nil {
					was = "was " + f.Was.String() + " "
				}
				out = append(out, fmt.Sprintf("%s %s %s %s%s", o.name, r.Rule, f.Severity, was, f.Where))
			}
		}
	}
	return out
}

func TestTheSameFaultInAnotherPlaceIsKept(t *testing.T) {
	finding := func(rule, instruction, stage, message string, severity advisory.Severity, line int) hygiene.Finding {
		f := hygiene.Finding{ID: rule + stage + message, Rule: rule, Instruction: instruction, Stage: stage, Message: message, Severity: severity, Final: stage == "0", Category: hygiene.Packages}
		f.Range.Start.Line = line
		if strings.HasPrefix(rule, "secret") {
			f.Category = hygiene.Secrets
		}
		return f
	}
	empty, err := dockerfile.Parse("Dockerfile", []byte("FROM scratch\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		before, after hygiene.Finding
		want          []string
	}{
		"in another line": {
			finding("apt", "RUN", "0", "curl", advisory.Low, 3), finding("apt", "RUN", "0", "curl", advisory.Low, 9), []string{"kept apt low line 9"},
		},
		"in a stage that is not shipped": {
			finding("apt", "RUN", "0", "curl", advisory.Medium, 3), finding("apt", "RUN", "build", "curl", advisory.Low, 9), []string{"kept apt low was medium line 9"},
		},
		"of other packages": {
			finding("apt", "RUN", "0", "curl", advisory.Low, 3), finding("apt", "RUN", "0", "wget", advisory.Low, 3), []string{"kept apt low line 3"},
		},
		"of another instruction": {
			finding("mode", "RUN", "0", "0777", advisory.Low, 3), finding("mode", "COPY", "0", "0666", advisory.Low, 3), []string{"cleared mode low line 3", "added mode low line 3"},
		},
		"another secret": {
			finding("secret", "ENV", "0", "A", advisory.High, 3), finding("secret", "ENV", "0", "B", advisory.High, 3), []string{"cleared secret high line 3", "added secret high line 3"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := proof.OfFiles(proof.FileSide{File: empty, Findings: []hygiene.Finding{c.before}}, proof.FileSide{File: empty, Findings: []hygiene.Finding{c.after}})
			if got := toldHygiene(&p.Hygiene); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	// What was only a builder's and is shipped now is as good as new.
	p := proof.OfFiles(
		proof.FileSide{File: empty, Findings: []hygiene.Finding{finding("apt", "RUN", "build", "curl", advisory.Low, 3), finding("x", "RUN", "0", "y", advisory.Medium, 4)}},
		proof.FileSide{File: empty, Findings: []hygiene.Finding{finding("apt", "RUN", "0", "curl", advisory.Medium, 3)}},
	)
	if p.Conclusion.Decision != proof.Worse {
		t.Error(p.Conclusion.Text)
	}
}

func TestAFileIsKnownByBaseUserAndStages(t *testing.T) {
	p := proof.OfFiles(side(t, "ARG V=3.8\nFROM python:$V\nUSER root\n"), side(t, "FROM golang:1.22 AS build\nRUN go build\n"+pinned+"COPY --from=build /app /app\nARG U=7\nUSER $U\n"))
	b, a := p.Before, p.After
	if b.Base != "python:3.8" || b.BaseDigest != "" || b.User != "root" || len(b.Stages) != 1 || !b.Stages[0].Final {
		t.Errorf("before: %+v", b)
	}
	if !strings.HasPrefix(a.Base, "registry.example/app:1@sha256:") || a.BaseDigest != "sha256:"+strings.Repeat("a", 64) || a.User != "7" || len(a.Stages) != 2 || a.Stages[0].Final || a.Stages[0].Name != "build" {
		t.Errorf("after: %+v", a)
	}
	if b.Digest == a.Digest || len(a.Digest) != len("sha256:")+64 {
		t.Errorf("digests %s, %s", b.Digest, a.Digest)
	}
}

// untidy is an image with findings of hygiene: "rule severity place", of the base
// with a star.
func untidy(findings ...string) img {
	i := with(list(deb("tar@1")))
	for _, text := range findings {
		var h verdict.Hygiene
		var severity string
		fmt.Sscan(text, &h.Rule, &severity, &h.Where)
		h.Base = strings.HasPrefix(h.Rule, "*")
		h.ID, h.Severity = text, advisory.ParseSeverity(severity)
		h.Where = "configuration: " + h.Where
		i.hygiene = append(i.hygiene, h)
	}
	return i
}

func TestHygieneCountsInAnImagesProof(t *testing.T) {
	for name, c := range map[string]struct {
		before, after img
		want          string
	}{
		"nothing":                {untidy(), untidy(), "NO WORSE: 0 cleared, 0 kept, 0 added"},
		"a grave one is gone":    {untidy("a high User"), untidy(), "PROVEN BETTER: hygiene HIGH/CRITICAL 1 → 0; 0 cleared, 0 kept, 0 added; of hygiene 1 cleared, 0 kept, 0 added"},
		"a grave one is new":     {untidy(), untidy("a high User"), "WORSE: hygiene HIGH/CRITICAL 0 → 1; "},
		"one for another":        {untidy("a high User"), untidy("b critical Env"), "WORSE: 0 cleared, 0 kept, 0 added; of hygiene 1 cleared, 0 kept, 1 added"},
		"two for another":        {untidy("a high User", "c high Env"), untidy("b critical Env"), "NOT BETTER: hygiene HIGH/CRITICAL 2 → 1; "},
		"it became grave":        {untidy("a medium User", "b high Env"), untidy("a high User"), "WORSE: 0 cleared, 0 kept, 0 added; of hygiene 1 cleared, 1 kept, 0 added"},
		"a lesser one is gone":   {untidy("a medium User"), untidy(), "PROVEN BETTER: 0 cleared, 0 kept, 0 added; of hygiene 1 cleared"},
		"the base's is gone":     {untidy("*a low User"), untidy(), "NO WORSE: 0 cleared, 0 kept, 0 added; of hygiene 1 cleared"},
		"the base's own are new": {untidy(), untidy("*a high User"), "NO WORSE: 0 cleared, 0 kept, 0 added; of hygiene 0 cleared, 0 kept, 1 added"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := prove(c.before, c.after).Conclusion.Text; !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// What harden writes is what a proof is mostly asked about.
func TestNoHardenedFileIsWorse(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "harden", "testdata", "*", "*", "hardened.Dockerfile"))
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	read := func(name, dir string) proof.FileSide {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := dockerfile.Parse(filepath.Base(name), source)
		if err != nil {
			t.Fatal(err)
		}
		files, err := hygiene.NewContext(os.DirFS(dir), "Dockerfile")
		if err != nil {
			t.Fatal(err)
		}
		return proof.FileSide{File: f, Findings: hygiene.Check(f, hygiene.Rules(), hygiene.Options{Now: someDay, Context: files})}
	}
	better := 0
	for _, hardened := range files {
		dir := filepath.Dir(hardened)
		before := filepath.Join(dir, "Dockerfile")
		if _, err := os.Stat(before); err != nil {
			before = filepath.Join(dir, "Containerfile")
		}
		p := proof.OfFiles(read(before, dir), read(hardened, dir))
		switch p.Conclusion.Decision {
		case proof.Better:
			better++
		case proof.NoWorse:
		default:
			t.Errorf("%s: %s\n%s", dir, p.Conclusion.Text, strings.Join(toldHygiene(&p.Hygiene), "\n"))
		}
	}
	if better < len(files)*3/4 {
		t.Errorf("%d of %d are better", better, len(files))
	}
}
