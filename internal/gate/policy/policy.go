// Package policy owns the rules that a verdict is held against: the YAML file
// they are written in, their expressions in CEL (the Common Expression
// Language, github.com/google/cel-spec), and the ready policies.
//
// It reads and asks; it decides nothing. Package gate asks each rule about each
// thing of a verdict and draws the conclusion.
//
// A policy file and a verdict may both be hostile. A file is bounded in size,
// aliases are refused, and evaluation is counted in units of work that don't
// depend on the machine: see Budget.
package policy

import (
	"slices"

	"plimsoll/internal/advisory"

	"plimsoll/internal/gate/strict"
)

// Subject is what a rule is asked about, one after the other.
type Subject string

const (
	// Findings: vulnerabilities, secrets, planted code, altered executables, the
	// end of the distribution's support. The variable is finding.
	Findings Subject = "finding"
	// Actions that clear findings. The variable is action.
	Actions Subject = "action"
	// Hygiene: what is wrong with the configuration and history. The variable is hygiene.
	Hygiene Subject = "hygiene"
	// Executables of the account. The variable is executable.
	Executables Subject = "executable"
	// Packages. The variable is pkg, since CEL reserves package.
	Packages Subject = "package"
	// Image: the image as a whole, asked once. The variables are those of the
	// verdict: image, findings, actions, packages, hygiene, executables.
	Image Subject = "image"
	// Dockerfile: what is wrong with the Dockerfile. The variable is dockerfile.
	Dockerfile Subject = "dockerfile"
)

// Subjects lists them all.
func Subjects() []Subject {
	return []Subject{Findings, Actions, Hygiene, Executables, Packages, Image, Dockerfile}
}

// Variable is the name under which a rule's expression speaks of its subject.
func (s Subject) Variable() string {
	if s == Packages {
		return "pkg"
	}
	return string(s)
}

// Opinion says whose opinion of a vulnerability the rules are asked about.
type Opinion string

const (
	// Either: the more demanding one of the two, as triage decides.
	Either Opinion = "either"
	// Both: what every database says that covers the package. Severity is the
	// lowest that they give, and a fix exists where all say so.
	Both Opinion = "both"
	// TrivyDB and GrypeDB: one database alone.
	TrivyDB Opinion = "trivy-db"
	GrypeDB Opinion = "grype-db"
)

// Opinions lists them all.
func Opinions() []Opinion { return []Opinion{Either, Both, TrivyDB, GrypeDB} }

// ParseOpinion reads the word.
func ParseOpinion(s string) (Opinion, bool) {
	return Opinion(s), slices.Contains(Opinions(), Opinion(s))
}

// Effect is what a broken rule does.
type Effect string

const (
	Fail Effect = "fail"
	Warn Effect = "warn"
)

// Policy is a set of rules, checked and compiled.
type Policy struct {
	Name        string
	Description string
	// From is the file's name; empty for a ready policy.
	From string
	// Extends is the ready policy that this one adds to; empty for none.
	Extends string
	// Without are rules of Extends that this policy leaves out.
	Without []string
	Opinion Opinion
	// Rules are those of the policy that is extended, then its own.
	Rules []Rule
	// Warnings are what is odd about the file and no error.
	Warnings []strict.Problem
}

// Rule is one rule.
type Rule struct {
	Name string
	// Description says why there is such a rule.
	Description string
	// Severity orders reasons; it decides nothing.
	Severity advisory.Severity
	For      Subject
	// When is the condition under which the rule is broken, in CEL.
	When string
	// Message is the reason in one line.
	Message string
	// Remedy is what to do where what was met has no action of its own.
	Remedy string
	// Detail is an expression in CEL that says more of each thing met; may be empty.
	Detail string
	Effect Effect
	// Policy is the ready policy that the rule comes from; empty for the file's own.
	Policy string

	when, detail *program
}
