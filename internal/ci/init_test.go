package ci

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"mvdan.cc/sh/v3/syntax"
)

// choices are the ways in which each system's gate can be written.
func choices(t *testing.T) map[string][]byte {
	t.Helper()
	plain := Options{Engine: "plimsoll", Image: "app:ci", Dockerfile: "Dockerfile", Context: ".", Policy: "standard"}
	files := map[string][]byte{}
	for _, s := range Systems() {
		for _, engine := range []string{"plimsoll", "trivy"} {
			for _, tool := range []string{"", "url", "action"} {
				o := plain
				o.Engine = engine
				switch tool {
				case "url":
					o.ToolURL, o.ToolSHA256 = "https://dl.example.com/tool-1", strings.Repeat("ab", 32)
				case "action":
					o.ToolAction = "example/plimsoll@" + strings.Repeat("01", 20)
				}
				if tool == "action" && s.Name != "github" {
					continue
				}
				b, err := Write(s, o)
				if err != nil {
					t.Fatal(err)
				}
				files[s.Name+"-"+engine+"-"+tool] = b
			}
		}
	}
	return files
}

func TestGeneratedFilesParse(t *testing.T) {
	for name, b := range choices(t) {
		if strings.HasPrefix(name, "jenkins") {
			continue
		}
		dec := yaml.NewDecoder(bytes.NewReader(b))
		dec.KnownFields(true)
		var doc map[string]any
		if err := dec.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v\n%s", name, err, b)
		}
		if len(doc) == 0 {
			t.Errorf("%s holds nothing", name)
		}
	}
}

func TestGeneratedWorkflowsPassTheirOwnAudit(t *testing.T) {
	for name, b := range choices(t) {
		if !strings.HasPrefix(name, "github") {
			continue
		}
		w, err := Read(name, b)
		if err != nil {
			t.Errorf("%v\n%s", err, b)
			continue
		}
		for _, f := range Check(w, Rules()) {
			t.Errorf("%s:%d: %s: %s", name, f.Range.Start.Line, f.Rule, f.Message)
		}
		if len(w.Events) != 1 || w.Events[0] != "pull_request" {
			t.Errorf("%s runs on %v", name, w.Events)
		}
		if strings.Contains(string(b), "secrets.") {
			t.Errorf("%s needs a secret", name)
		}
		for _, line := range regexp.MustCompile(`(?m)^.*uses: .*$`).FindAllString(string(b), -1) {
			if !regexp.MustCompile(`@[0-9a-f]{40}( # v\d+\.\d+\.\d+)?$`).MatchString(line) {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

// Where an option is changed, the file says so; the gate's command is the one that the
// documentation promises.
func TestGeneratedGateCommands(t *testing.T) {
	for name, b := range choices(t) {
		text := strings.Join(strings.Fields(string(b)), " ")
		want := []string{"plimsoll gate", "--dockerfile"}
		switch {
		case strings.HasPrefix(name, "pre-commit-plimsoll"):
			want = []string{"plimsoll lint"}
		case strings.HasPrefix(name, "pre-commit-trivy"):
			want = []string{"trivy config --exit-code 1 --severity HIGH,CRITICAL"}
		case strings.HasPrefix(name, "tekton-trivy"):
			want = []string{"--exit-code, '1', --severity, 'HIGH,CRITICAL', --ignore-unfixed"}
		case strings.HasPrefix(name, "tekton"):
			want = []string{"args: [gate,", "--dockerfile"}
		case strings.Contains(name, "-trivy-"):
			want = []string{"trivy image --exit-code 1 --severity HIGH,CRITICAL --ignore-unfixed", "trivy config --exit-code 1"}
		}
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s lacks %q", name, w)
			}
		}
	}
}

// What a pipeline hands to a shell is read by a shell's parser, in every system.
func TestGeneratedScriptsParse(t *testing.T) {
	scripts := 0
	read := func(name, script string) {
		scripts++
		if _, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), name); err != nil {
			t.Errorf("%v in\n%s", err, script)
		}
	}
	var walk func(name string, n *yaml.Node)
	walk = func(name string, n *yaml.Node) {
		each(n, func(key, v *yaml.Node) {
			switch {
			case v.Kind == yaml.ScalarNode && (key.Value == "run" || key.Value == "bash" || key.Value == "entry"):
				read(name, v.Value)
			case v.Kind == yaml.SequenceNode && key.Value == "script":
				for _, line := range v.Content {
					read(name, line.Value)
				}
			}
			walk(name, v)
		})
		if n.Kind == yaml.SequenceNode || n.Kind == yaml.DocumentNode {
			for _, item := range n.Content {
				walk(name, item)
			}
		}
	}
	for name, b := range choices(t) {
		if strings.HasPrefix(name, "jenkins") {
			for i, part := range strings.Split(string(b), "'''") {
				if i%2 == 1 {
					read(name, part)
				}
			}
			continue
		}
		var doc yaml.Node
		if err := yaml.Unmarshal(b, &doc); err != nil {
			t.Fatal(err)
		}
		walk(name, &doc)
	}
	if scripts < 60 {
		t.Errorf("only %d scripts were looked at", scripts)
	}
}

func TestHostileOptionsAreRefused(t *testing.T) {
	good := Options{Engine: "plimsoll", Image: "app:ci", Dockerfile: "Dockerfile", Context: ".", Policy: "standard"}
	for name, change := range map[string]func(*Options){
		"a command in the image":      func(o *Options) { o.Image = "app$(id)" },
		"a line break":                func(o *Options) { o.Dockerfile = "a\nb" },
		"an expression":               func(o *Options) { o.Policy = "${{ secrets.X }}" },
		"a flag":                      func(o *Options) { o.Context = "-x" },
		"a quote":                     func(o *Options) { o.Policy = "a'b" },
		"another engine":              func(o *Options) { o.Engine = "grype" },
		"an address without checksum": func(o *Options) { o.ToolURL = "https://a.example/x" },
		"plain HTTP": func(o *Options) {
			o.ToolURL, o.ToolSHA256 = "http://a.example/x", strings.Repeat("a", 64)
		},
		"an action on a tag": func(o *Options) { o.ToolAction = "a/b@v1" },
	} {
		o := good
		change(&o)
		if _, err := Write(Systems()[0], o); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// The repository's own action and hooks are held against what they tell others.
func TestOwnActionPassesTheAudit(t *testing.T) {
	source, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	w, err := Read("action.yml", source)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Check(w, Rules()) {
		t.Errorf("action.yml:%d: %s: %s", f.Range.Start.Line, f.Rule, f.Message)
	}
	for _, j := range w.Jobs {
		for _, s := range j.Steps {
			if s.Run.Value != "" && len(expressions(s.Run.Value)) > 0 {
				t.Errorf("step %q has an expression in its script", s.Title())
			}
		}
	}
	pinned := false
	for _, p := range pins() {
		pinned = pinned || strings.Contains(string(source), p.Uses())
	}
	if !pinned {
		t.Error("action.yml uses none of the pinned actions")
	}
	hooks, err := os.ReadFile("../../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var list []map[string]any
	if err := yaml.Unmarshal(hooks, &list); err != nil || len(list) == 0 {
		t.Errorf(".pre-commit-hooks.yaml: %v", err)
	}
}

// actionlint is a program of its own; tools/lint.mod names its version.
func TestGeneratedWorkflowsPassActionlint(t *testing.T) {
	if testing.Short() {
		t.Skip("actionlint takes a build")
	}
	dir := t.TempDir()
	var files []string
	for name, b := range choices(t) {
		if strings.HasPrefix(name, "github") {
			file := filepath.Join(dir, name+".yml")
			if err := os.WriteFile(file, b, 0o644); err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
	}
	cmd := exec.Command("go", append([]string{"tool", "-modfile=tools/lint.mod", "actionlint", "-no-color", "-shellcheck=", "-pyflakes="}, files...)...)
	cmd.Dir = "../.."
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit) && bytes.Contains(out, []byte(dir)):
		t.Errorf("actionlint:\n%s", out)
	default:
		t.Skipf("actionlint can't be run here: %v: %s", err, out)
	}
}
