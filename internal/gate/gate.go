// Package gate holds a verdict against a policy and says whether the image may
// ship: each broken rule is a reason, with the action that would clear it.
//
// It decides and never gathers: package scan makes the verdict, package policy
// reads the rules, and exceptions come in through the interface Exceptions. It
// prints nothing. What could not be examined or decided is never passed.
package gate

import (
	"plimsoll/internal/advisory"
	"plimsoll/internal/gate/policy"
	"plimsoll/internal/verdict"
)

// SchemaVersion is the version of the JSON shape of a Report. It rises when a
// field changes its meaning or goes away; new fields don't raise it.
const SchemaVersion = 1

// Report is one run's results: one for each image and platform, in the order asked.
type Report struct {
	SchemaVersion int          `json:"schemaVersion"`
	Tool          verdict.Tool `json:"tool"`
	Results       []Result     `json:"results"`
	// Status is the run's exit status.
	Status int `json:"status"`
}

// Decision is a result in one word.
type Decision string

const (
	Passed Decision = "passed"
	Failed Decision = "failed"
	// Undecided: no rule is broken, and part of the image, or a rule, could not
	// be examined. It is never taken for passed.
	Undecided Decision = "undecided"
)

// Result is one image held against one policy.
type Result struct {
	Decision Decision  `json:"decision"`
	Image    Image     `json:"image"`
	Policy   PolicyRef `json:"policy"`
	// Reasons are the broken rules that fail the build, the gravest first;
	// Warnings are broken rules that only warn.
	Reasons  []Reason `json:"reasons"`
	Warnings []Reason `json:"warnings"`
	// Tracked counts vulnerabilities without a fix by severity word: they never
	// fail a build by themselves and are to be watched.
	Tracked map[string]int `json:"tracked"`
	// Baseline is nil without one.
	Baseline *BaselineUse `json:"baseline,omitempty"`
	// Accepted are what exceptions accept; Expired those exceptions that are past
	// their last day and still meet something, each of which is a reason as well;
	// Unused are exceptions that nothing met.
	Accepted []Accepted   `json:"accepted"`
	Expired  []Accepted   `json:"expired"`
	Unused   []Acceptance `json:"unused"`
	// Lifted counts findings of the Dockerfile that its own comments lift.
	Lifted int `json:"lifted"`
	// NotAsked are rules that had nothing to look at, with why.
	NotAsked []NotAsked `json:"notAsked"`
	// Problems say what could not be examined or decided; with one, the result is
	// Failed or Undecided.
	Problems []string `json:"problems"`
	// Verdict is what was judged, and Dockerfile the lint of its Dockerfile, nil
	// without one. Reports read them; they are not part of the JSON.
	Verdict    *verdict.Verdict     `json:"-"`
	Dockerfile *verdict.LintSubject `json:"-"`
}

// Image names what was judged.
type Image struct {
	Reference  string `json:"reference"`
	Platform   string `json:"platform"`
	Digest     string `json:"digest,omitempty"`
	Dockerfile string `json:"dockerfile,omitempty"`
	// Databases are those that the verdict rests on.
	Databases []advisory.Info `json:"databases"`
}

// PolicyRef names the policy.
type PolicyRef struct {
	Name string `json:"name"`
	// From is the file's name; empty for a ready policy.
	From    string         `json:"from,omitempty"`
	Opinion policy.Opinion `json:"opinion"`
	Rules   int            `json:"rules"`
}

// Reason is one broken rule.
type Reason struct {
	Rule     string            `json:"rule"`
	Severity advisory.Severity `json:"severity"`
	// For is what the rule is asked about.
	For policy.Subject `json:"for"`
	// Text is the whole reason in one line, without what it met.
	Text  string `json:"text"`
	Count int    `json:"count"`
	// Matches are what the rule met, in the verdict's order.
	Matches []Match `json:"matches"`
	// Actions would clear it, those that clear the most first.
	Actions []Clearing `json:"actions"`
	// Without counts matches that no action clears.
	Without int `json:"without,omitempty"`
}

// Match is one thing that a rule met.
type Match struct {
	// ID is stable across rebuilds: the finding's own, or made of what it is about.
	ID string `json:"id"`
	// Text says it in a few words: "CVE-2024-1 in openssl 3.0.11".
	Text     string            `json:"text"`
	Severity advisory.Severity `json:"severity"`
	// Detail is what the rule's own detail expression says of it.
	Detail string `json:"detail,omitempty"`
	// Where is a file, a line of a Dockerfile or a place of the configuration.
	Where string `json:"where,omitempty"`
	// Vulnerability and Package are a vulnerability's.
	Vulnerability string `json:"vulnerability,omitempty"`
	Package       string `json:"package,omitempty"`
	// Fixable says whether a fix exists, in the opinion that was asked.
	Fixable bool `json:"fixable,omitempty"`
}

// Clearing is one action and how many of a reason's matches it clears.
type Clearing struct {
	// ID is the verdict's Action.ID; empty for a remedy in words.
	ID string `json:"id,omitempty"`
	// Title is the action in one line, without counts.
	Title string `json:"title"`
	// Clears counts matches of this reason.
	Clears int `json:"clears"`
}

// NotAsked is a rule without anything to look at.
type NotAsked struct {
	Rule string `json:"rule"`
	Why  string `json:"why"`
}

// BaselineUse says what a baseline did.
type BaselineUse struct {
	// From is the file or reference.
	From string `json:"from"`
	// Created is the day the baseline was made (YYYY-MM-DD), where it says so.
	Created string `json:"created,omitempty"`
	// Entries counts what it holds. Hidden counts matches that it kept from
	// failing the build, by rule.
	Entries int            `json:"entries"`
	Hidden  map[string]int `json:"hidden"`
	// Worse counts matches that it holds and that became worse since: a fix
	// appeared, or the severity rose. They are not hidden.
	Worse int `json:"worse"`
	// Gone counts what it holds and the image no longer has: write it anew to
	// keep the ground won.
	Gone int `json:"gone"`
	// Known are the matches that were hidden.
	Known []Entry `json:"known"`
}

// Accepted is one exception with what it accepts.
type Accepted struct {
	Acceptance
	Matches []Match `json:"matches"`
}
