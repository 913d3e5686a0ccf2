package proof

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/verdict"
)

// Dockerfiles: two Dockerfiles, of which nothing was built.
const Dockerfiles Kind = "dockerfiles"

// FileReport is the proof about two Dockerfiles.
type FileReport struct {
	SchemaVersion int          `json:"schemaVersion"`
	Tool          verdict.Tool `json:"tool"`
	Proofs        []FileProof  `json:"proofs"`
	// Status is the run's exit status.
	Status int `json:"status"`
}

// FileProof is what came of one Dockerfile when it became another, by the rules of
// package hygiene alone.
type FileProof struct {
	Kind       Kind       `json:"kind"`
	Conclusion Conclusion `json:"conclusion"`
	Before     File       `json:"before"`
	After      File       `json:"after"`
	Hygiene    Hygiene    `json:"hygiene"`
	// NotProven are plain sentences.
	NotProven []string `json:"notProven"`
}

// File is one of the two Dockerfiles.
type File struct {
	Name string `json:"name"`
	// Digest is "sha256:…" of the bytes.
	Digest string `json:"digest"`
	Lines  int    `json:"lines"`
	// Base is what the final stage is built on, with the defaults of ARG filled in;
	// "scratch" for nothing, empty for a file without a stage.
	Base string `json:"base,omitempty"`
	// BaseDigest is the digest that the file pins the base to; empty for none.
	BaseDigest string      `json:"baseDigest,omitempty"`
	Stages     []FileStage `json:"stages"`
	// User is what the final stage's last USER says; empty where it has none and
	// the base decides.
	User string `json:"user,omitempty"`
	// Refused says why the builder would not accept the file.
	Refused string `json:"refused,omitempty"`
}

// FileStage is a build stage.
type FileStage struct {
	// Name is empty for a stage without one.
	Name string `json:"name,omitempty"`
	Line int    `json:"line"`
	// Base is an image or an earlier stage, with the defaults of ARG filled in.
	Base string `json:"base"`
	// Final is set where the final image is made of the stage.
	Final bool `json:"final"`
}

// FileSide is one Dockerfile with what package hygiene found in it.
type FileSide struct {
	File     *dockerfile.File
	Findings []hygiene.Finding
}

// List returns the figures that decide, in the order of their weight.
func (p *FileProof) List() []Count {
	b, a := &p.Hygiene.Before, &p.Hygiene.After
	count := func(name string, grave bool, severities ...advisory.Severity) Count {
		return Count{Name: name, Before: b.Count(severities...), After: a.Count(severities...), Grave: grave}
	}
	return []Count{
		count("HIGH/CRITICAL", true, advisory.High, advisory.Critical),
		count("MEDIUM", true, advisory.Medium),
		count("LOW", false, advisory.Low),
	}
}

// OfFiles makes the proof about two Dockerfiles.
func OfFiles(before, after FileSide) *FileProof {
	p := &FileProof{
		Kind: Dockerfiles, Before: fileOf(before.File), After: fileOf(after.File),
		Hygiene: hygieneOf(brokenInFile(before.Findings), brokenInFile(after.Findings)),
		NotProven: []string{
			"that the files build, and that what they build still works: nothing was built or run",
			"anything about packages, which only the images hold: plimsoll prove takes those too, and plimsoll rebuild builds them",
		},
	}
	c := &p.Conclusion
	for _, s := range []struct {
		name string
		*File
	}{{"BEFORE", &p.Before}, {"AFTER", &p.After}} {
		if s.Refused != "" {
			c.Reasons = append(c.Reasons, "the builder would refuse "+s.name+": "+s.Refused)
		}
	}
	c.Complete = len(c.Reasons) == 0
	c.Decision = decide(p.List(), p.Hygiene.anew(advisory.Medium))
	if !c.Complete && (!c.Decision.Failed() || p.Before.Refused != "") {
		c.Decision = Incomplete
	}
	c.settle(p.List(), findingsWords(Total(p.Hygiene.Cleared), 0, Total(p.Hygiene.Kept), Total(p.Hygiene.Added)))
	return p
}

func fileOf(f *dockerfile.File) File {
	sum := sha256.Sum256(f.Source)
	out := File{Name: f.Name, Digest: "sha256:" + hex.EncodeToString(sum[:]), Lines: f.Lines(), Stages: []FileStage{}}
	for _, s := range f.Stages {
		out.Stages = append(out.Stages, FileStage{Name: s.Name, Line: s.From.StartLine, Base: s.Image, Final: s.InFinal()})
	}
	switch target := f.Target(); {
	case target == nil:
		out.Refused = "it has no build stage"
	default:
		out.Base = target.Root().Image
		if _, digest, ok := strings.Cut(out.Base, "@"); ok {
			out.BaseDigest = digest
		}
		if in := target.Last("user"); in != nil {
			out.User, _ = in.Expand(in.Args.String)
		}
	}
	if out.Refused == "" && len(f.Refused) > 0 {
		r := f.Refused[0]
		out.Refused = fmt.Sprintf("line %d: %s", r.Instruction.StartLine, r.Reason)
	}
	return out
}
