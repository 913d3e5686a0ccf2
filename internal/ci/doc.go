// Package ci owns what runs a gate in somebody's pipeline: the workflows that init
// writes, the rules by which check looks at workflows of GitHub Actions, and the
// rehearsal in which prove runs a workflow's own commands.
//
// It never scans and never decides whether an image may ship: the commands of the
// workflow do. A file that is read is data; only Prove runs what stands in one, and
// only of a file that a person named.
package ci
