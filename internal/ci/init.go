package ci

import (
	"bytes"
	"embed"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"text/template"
)

//go:embed templates
var templates embed.FS

// System is one pipeline that a gate can be written for.
type System struct {
	// Name is what a person types; Title what the system is called.
	Name, Title string
	// File is where the gate is written unless told otherwise.
	File string
	// Next are the steps that are left to a person.
	Next []string

	template string
}

// Systems lists them all, the default first.
func Systems() []System {
	return []System{
		{
			"github", "GitHub Actions", ".github/workflows/ci-image-scan.yml",
			[]string{"commit the file and open a pull request", "make the job gate a required check of the branch (Settings, Rules)"},
			"github.yml",
		},
		{
			"gitlab", "GitLab CI", ".gitlab/ci-image-scan.yml",
			[]string{"name the file in .gitlab-ci.yml: include: [{local: .gitlab/ci-image-scan.yml}]", "pin the images docker:29 by their digests, as your registry has them"},
			"gitlab.yml",
		},
		{
			"azure", "Azure Pipelines", "azure-pipelines-image-scan.yml",
			[]string{"make a pipeline of the file", "for a repository in Azure Repos add a build validation policy to the branch: pr: is not read there"},
			"azure.yml",
		},
		{
			"jenkins", "Jenkins", "Jenkinsfile.image-scan",
			[]string{"make a multibranch pipeline with this file as its script path, on an agent with docker"},
			"jenkins",
		},
		{
			"tekton", "Tekton", ".tekton/ci-image-scan.yaml",
			[]string{"kubectl apply the task, and run it in a pipeline behind the one that builds and pushes the image", "give it tool-image: an image that holds the scanner, by its digest"},
			"tekton.yaml",
		},
		{
			"pre-commit", "pre-commit", ".pre-commit-config.yaml",
			[]string{"pre-commit install", "the hook needs the scanner on PATH; it looks at the Dockerfile alone, the image is gated in CI"},
			"pre-commit.yaml",
		},
	}
}

// SystemByName finds a system.
func SystemByName(name string) (System, error) {
	var names []string
	for _, s := range Systems() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return System{}, fmt.Errorf("no pipeline %q: one of %s", name, strings.Join(names, ", "))
}

// Options say what a gate is about.
type Options struct {
	// Engine is "plimsoll" or "trivy".
	Engine string
	// Image is the name under which the image is built; Dockerfile, Context and
	// Policy as plimsoll gate takes them. Paths are relative to the repository.
	Image, Dockerfile, Context, Policy string
	// ToolURL and ToolSHA256 name the scanner's program and its checksum; ToolAction is
	// an action that installs it: owner/repo@commit. Without any, the runner must have
	// plimsoll; trivy is built from its module.
	ToolURL, ToolSHA256, ToolAction string
}

// What may stand in a generated file: nothing that YAML, a shell or an expression
// would read as anything but text.
var (
	reImageName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/:@-]*$`)
	rePath      = regexp.MustCompile(`^[A-Za-z0-9._][A-Za-z0-9._/-]*$`)
	reURL       = regexp.MustCompile(`^https://[A-Za-z0-9][A-Za-z0-9._~:/?&=%+-]*$`)
	reSHA256    = regexp.MustCompile(`^[0-9a-f]{64}$`)
	reToolUses  = regexp.MustCompile(`^[A-Za-z0-9-]+/[A-Za-z0-9._/-]+@[0-9a-f]{40}$`)
)

func (o *Options) check() error {
	if o.Engine != "plimsoll" && o.Engine != "trivy" {
		return fmt.Errorf("the engine is plimsoll or trivy, not %q", o.Engine)
	}
	if !reImageName.MatchString(o.Image) {
		return fmt.Errorf("%q is no image's name", o.Image)
	}
	for what, p := range map[string]string{"Dockerfile": o.Dockerfile, "context": o.Context, "policy": o.Policy} {
		if !rePath.MatchString(p) {
			return fmt.Errorf("the %s %q is no path within the repository of letters, digits and ._/-", what, p)
		}
	}
	if o.ToolURL != "" || o.ToolSHA256 != "" {
		if u, err := url.Parse(o.ToolURL); err != nil || u.Host == "" || !reURL.MatchString(o.ToolURL) {
			return fmt.Errorf("the tool's address %q is no https URL without a fragment", o.ToolURL)
		}
		if !reSHA256.MatchString(o.ToolSHA256) {
			return fmt.Errorf("the tool's checksum %q is no SHA-256 of 64 lower-case digits", o.ToolSHA256)
		}
	}
	if o.ToolAction != "" && !reToolUses.MatchString(o.ToolAction) {
		return fmt.Errorf("the tool's action %q is not owner/repo@ with a full commit of 40 digits", o.ToolAction)
	}
	if o.ToolAction != "" && o.ToolURL != "" {
		return fmt.Errorf("the tool comes from an action or an address, not from both")
	}
	return nil
}

// Write makes the file of a system's gate.
func Write(s System, o Options) ([]byte, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.ToolAction != "" && s.Name != "github" {
		return nil, fmt.Errorf("an action installs the tool in GitHub Actions alone, not in %s", s.Title)
	}
	t, err := template.New("").Delims("[[", "]]").ParseFS(templates, "templates/*")
	if err != nil {
		return nil, err
	}
	uses := map[string]string{}
	for name, p := range pins() {
		uses[strings.ReplaceAll(name, "-", "")] = p.Uses()
	}
	var b bytes.Buffer
	err = t.ExecuteTemplate(&b, s.template, map[string]any{
		"O": o, "Uses": uses, "Trivy": o.Engine == "trivy", "TrivyModule": trivyModule, "GoVersion": goVersion,
		"Fetched": o.ToolURL != "",
	})
	return b.Bytes(), err
}
