package content_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inspect/content"
	"plimsoll/internal/malware"
	"plimsoll/internal/secret"
)

// chatty is an inspector that adds to evidence with every piece that it gets.
type chatty struct{}

func (chatty) Name() string                     { return "chatty" }
func (chatty) Version() int                     { return 1 }
func (chatty) Wants(*inspect.File) inspect.Want { return inspect.Stream }
func (chatty) Open(_ context.Context, _ *inspect.File, out *evidence.Fragment) inspect.Sink {
	return chattySink{out}
}

type chattySink struct{ out *evidence.Fragment }

func (s chattySink) Write(p []byte) (int, error) {
	s.out.Problems = append(s.out.Problems, evidence.Problem{Reason: "chatty"})
	s.out.Secrets = append(s.out.Secrets, secret.Secret{Rule: "chatty"})
	return len(p), nil
}
func (chattySink) Close() error { return nil }

// TestOtherInspectorsMayWriteMeanwhile is about the race detector.
func TestOtherInspectorsMayWriteMeanwhile(t *testing.T) {
	i, _ := inspector(t)
	line := "GITHUB_TOKEN=" + token(t) + "\n"
	var members []string
	for n := range 6 {
		members = append(members, fmt.Sprintf("srv/%d.txt", n), line+string(prose(uint64(n), 2<<20))+line)
	}
	p := inspect.New([]inspect.Inspector{chatty{}, i, chatty{}}, inspect.DefaultLimits())
	layer, err := p.Layer(t.Context(), bytes.NewReader(tarOf(t, members...)), inspect.Blob{})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, s := range layer.Secrets {
		if s.Rule == "github-classic-token" {
			found++
		}
	}
	if found != 12 {
		t.Errorf("%d secrets", found)
	}
}

func TestAPanicIsAProblemOfItsFile(t *testing.T) {
	secrets, err := secret.NewEngine(secret.Rules())
	if err != nil {
		t.Fatal(err)
	}
	planted, err := malware.NewEngine([]malware.Detector{{
		ID: "panics", Words: []string{"water"}, Judge: func(*malware.File) []malware.Sign { panic("hostile") },
	}})
	if err != nil {
		t.Fatal(err)
	}
	i, err := content.New(content.Options{Secrets: secrets, Malware: planted})
	if err != nil {
		t.Fatal(err)
	}
	line := "GITHUB_TOKEN=" + token(t) + "\n"
	p := inspect.New([]inspect.Inspector{i}, inspect.DefaultLimits())
	layer, err := p.Layer(t.Context(), bytes.NewReader(tarOf(t, "small", line+"water", "large", line+string(prose(1, 3<<20)), "other", line)), inspect.Blob{})
	if err != nil {
		t.Fatal(err)
	}
	var found, broken []string
	for _, s := range layer.Secrets {
		found = append(found, s.Path)
	}
	for _, p := range layer.Problems {
		if p.Incomplete {
			broken = append(broken, p.Path)
		}
	}
	if want := []string{"small", "large", "other"}; !slices.Equal(found, want) || !slices.Equal(broken, want[:2]) {
		t.Errorf("found in %v, problems in %v", found, broken)
	}
}

// TestRulesOfWholeFilesSeeThemWhole: a rule of the user's own gets a file of any
// length, and what else is found in it stays the same.
func TestRulesOfWholeFilesSeeThemWhole(t *testing.T) {
	plain, _ := inspector(t)
	secrets, err := secret.NewEngine(secret.Rules())
	if err != nil {
		t.Fatal(err)
	}
	planted, err := malware.NewEngine(malware.Detectors())
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	own, err := content.New(content.Options{Secrets: secrets, Malware: planted, Rules: "own", Scan: func(_ context.Context, path string, b []byte) ([]malware.Finding, error) {
		sizes = append(sizes, len(b))
		return []malware.Finding{{Detector: "yara:x", Path: path, Excerpt: "GITHUB_TOKEN=" + token(t)}}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1000, 3 << 20} {
		b := append([]byte("GITHUB_TOKEN="+token(t)+"\n"), prose(1, size)...)
		sizes = nil
		a, c := inspected(t, plain, "srv/x", b), inspected(t, own, "srv/x", b)
		if !slices.Equal(list(a), list(c)) || !slices.Equal(sizes, []int{len(b)}) {
			t.Errorf("%v and %v, scanned %v", list(a), list(c), sizes)
		}
		if l := leaks(t, c, [][]byte{[]byte(token(t))}); len(l) > 0 {
			t.Errorf("evidence holds %q", l)
		}
	}
}

// TestEvidenceOfOtherRulesIsOtherEvidence: a rule that is mended must not leave
// what the old one found, or missed, in anybody's cache.
func TestEvidenceOfOtherRulesIsOtherEvidence(t *testing.T) {
	version := func(change func(rules []secret.Rule, detectors []malware.Detector, opt *content.Options)) int {
		rules, detectors, opt := secret.Rules(), malware.Detectors(), content.Options{}
		change(rules, detectors, &opt)
		var err error
		if opt.Secrets, err = secret.NewEngine(rules); err != nil {
			t.Fatal(err)
		}
		if opt.Malware, err = malware.NewEngine(detectors); err != nil {
			t.Fatal(err)
		}
		i, err := content.New(opt)
		if err != nil {
			t.Fatal(err)
		}
		return i.Version()
	}
	same := func([]secret.Rule, []malware.Detector, *content.Options) {}
	want := version(same)
	if got := version(same); got != want {
		t.Errorf("the same rules have the versions %d and %d", want, got)
	}
	for name, change := range map[string]func([]secret.Rule, []malware.Detector, *content.Options){
		"the pattern of a rule":  func(r []secret.Rule, _ []malware.Detector, _ *content.Options) { r[0].Pattern += "x?" },
		"the severity of a rule": func(r []secret.Rule, _ []malware.Detector, _ *content.Options) { r[len(r)-1].Severity++ },
		"the words of a detector": func(_ []secret.Rule, d []malware.Detector, _ *content.Options) {
			d[0].Words = append(d[0].Words, "plimsoll")
		},
		"rules of the user's own": func(_ []secret.Rule, _ []malware.Detector, o *content.Options) { o.Rules = "own" },
	} {
		if version(change) == want {
			t.Errorf("%s changed and the version did not", name)
		}
	}
}
