// Package dockerfile owns what a Dockerfile says: its instructions, stages,
// variables and shell commands, each with its place in the source. BuildKit's own
// parser reads the file (https://docs.docker.com/reference/dockerfile/), so what
// docker accepts is accepted here; mvdan.cc/sh reads what RUN hands to a shell.
//
// It never judges, asks no registry, and reads no file of a build context.
//
// The way in: file.go parses, instruction.go takes an instruction apart, stage.go
// ties the stages together, scope.go knows the variables, script.go and command.go
// the shell. text.go keeps, for everything that is read, where it stands.
package dockerfile
