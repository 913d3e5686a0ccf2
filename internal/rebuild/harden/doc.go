// Package harden owns the rewriting of a Dockerfile into one that is safer to run:
// bases pinned by digest, secrets out of the image, a numeric user, a build stage
// and a lean final stage where the ecosystem is known. It works on the text of the
// parsed file, so that comments and formatting stay, and explains each change in a
// comment beside it.
//
// It builds and runs nothing, opens no connection (Options.Resolve is given to it),
// and never guesses: what a person has to decide becomes a TODO in the file, and
// what could break the build or the application is left alone and said.
//
// The way in: Harden runs the passes that passes.go lists, in rounds, until a round
// changes nothing; so hardening a hardened file is a no-op by construction. work.go
// is what a pass works with. Each pass has a file of its own; split.go and one file
// for each ecosystem make two stages of one.
package harden
