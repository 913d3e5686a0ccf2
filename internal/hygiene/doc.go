// Package hygiene owns what a Dockerfile, and the image that was built from one,
// should not do: the rules as data, each with its rationale, the identifiers that
// other linters use for the same thing, and samples that are its test; the comments
// that lift a rule; and the edits that mend a finding without changing what is built.
//
// It reads parsed files (package dockerfile) and the lists of files that layers left
// (package evidence), and asks nobody: no registry, no database, no network. It never
// decides whether a build fails.
//
// The way in: Check applies the rules that rules.go lists; lint.go is what a rule
// works with, and each family of rules has files of its own (rules_*.go). image.go
// makes a File of an image's configuration and history, so that one rule speaks of
// both; contents.go walks over an image's files once for all rules of them
// (rules_contents*.go), which decide where history only hints. suppress.go reads the
// comments; fix.go applies edits.
package hygiene
