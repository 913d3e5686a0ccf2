package hygiene

import (
	"plimsoll/internal/advisory"
)

// Rule is one thing that a Dockerfile or an image should not do.
type Rule struct {
	// ID is lower case with hyphens and never changes: comments and exceptions name it.
	ID string
	// Title is the finding in a few words: "the image runs as root".
	Title string
	// Severity is by what it costs the image that runs, not by how often it is seen:
	// Negligible ones are shown with --strict only.
	Severity advisory.Severity
	Category Category
	// Peers are the identifiers that other linters use for the same concept.
	Peers Peers
	// Why says what goes wrong, Remedy what to do; each one to three sentences.
	Why, Remedy string
	// Source is where a fact behind the rule is documented.
	Source string
	// Reach says which stages the rule looks at.
	Reach Reach
	// OnImage is set where the rule speaks of an image's configuration and history as
	// well. What a configuration can't say (a base's tag, a comment, an absent
	// HEALTHCHECK) is a rule of Dockerfiles alone.
	OnImage bool
	// Check looks at one file and reports; nil for a rule of an image's files alone.
	Check func(*Lint)
	// Bad must raise the rule, Good must not.
	Bad, Good []Sample
	// Files looks at the files of a built image and reports; nil where they say nothing.
	// What they show counts, so that where they are known Check is not asked what the
	// history of the image may mean.
	Files func(*FileView)
	// BadFiles must raise Files, GoodFiles must not.
	BadFiles, GoodFiles []SampleImage
}

// Category groups rules in documentation and reports.
type Category string

const (
	Base        Category = "base image"
	User        Category = "user"
	Secrets     Category = "secrets"
	Packages    Category = "packages"
	Downloads   Category = "downloads"
	Files       Category = "files"
	Network     Category = "network"
	Start       Category = "start"
	Leftovers   Category = "left behind"
	Stages      Category = "stages"
	Form        Category = "form"
	Shell       Category = "shell"
	PlantedCode Category = "planted code"
	// Suppressions are comments that lift rules; their rules are asked last.
	Suppressions Category = "exceptions"
	// Pipeline is of the rules of workflows, which package ci owns.
	Pipeline Category = "pipeline"
)

// Categories lists them all.
func Categories() []Category {
	return []Category{
		PlantedCode, Secrets, User, Base, Downloads, Network, Start, Files, Leftovers, Packages, Shell, Stages, Form, Suppressions, Pipeline,
	}
}

// Peers are other linters' identifiers.
type Peers struct {
	// Hadolint: DL3008. Trivy: DS-0002. Dockle: CIS-DI-0001. BuildKit: the name of
	// docker build's own check.
	Hadolint, Trivy, Dockle, BuildKit []string
}

// Reach says where a rule looks.
type Reach int

const (
	// EveryStage: a finding outside the final image is Low at most.
	EveryStage Reach = iota
	// FinalImage: other stages are not looked at.
	FinalImage
	// Alike: a finding weighs the same in every stage, because it harms whoever
	// builds: a secret in a build cache, a download that nobody checked.
	Alike
)

// Sample is one example.
type Sample struct {
	Dockerfile string
	// Context are files of the build context by path; nil for a context that is not
	// known. A .dockerignore is one of them.
	Context map[string]string
	// DockerfileOnly keeps the sample from being tried as an image as well, where it
	// makes a difference that an image doesn't show.
	DockerfileOnly bool
}

// SampleImage is a small image: the files of its layers, the base's first.
type SampleImage [][]SampleFile

// SampleFile is one entry of a layer.
type SampleFile struct {
	// Path ends with a slash for a folder; a name that begins with .wh. is a whiteout's.
	Path string
	// Mode is as chmod has it.
	Mode uint32
	Size int64
	// Content is of the files of accounts alone.
	Content string
	// Owner is the package that brought an executable.
	Owner string
	// Secret is set where a secret was found in it.
	Secret bool
}

// file is a sample without a context.
func file(dockerfile string) Sample { return Sample{Dockerfile: dockerfile} }
