package harden

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"plimsoll/internal/dockerfile"
	"plimsoll/internal/rebuild/pin"
)

var reDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// resolved is what Resolve said of a reference.
type resolved struct {
	digest string
	err    error
}

// resolve asks once for each reference.
func (w *work) resolve(ref string) (string, error) {
	if r, ok := w.digests[ref]; ok {
		return r.digest, r.err
	}
	var r resolved
	r.digest, r.err = w.opt.Resolve(w.ctx, ref)
	if r.err != nil || !reDigest.MatchString(r.digest) {
		r.digest = ""
	}
	w.digests[ref] = r
	return r.digest, r.err
}

// pinned are the rules that a digest satisfies.
var pinned = []string{"base-no-digest", "base-latest", "base-untagged"}

// pins writes digests beside the tags of bases, of images that files are copied from,
// and of the frontend.
func pins(w *work) error {
	_, refs, err := pin.Find("Dockerfile", w.file.Source)
	if err != nil {
		return fmt.Errorf("find the references to pin: %w", err)
	}
	for _, r := range refs {
		if strings.Contains(r.Image, "@") {
			continue
		}
		if err := w.pin(r); err != nil {
			return err
		}
	}
	return nil
}

// pin writes one digest, or says in a TODO why it can't.
func (w *work) pin(r pin.Reference) error {
	const about = "pin"
	in := w.instructionAt(r.Line)
	switch {
	case in == nil && r.Skipped != "":
		return nil
	case r.Skipped != "":
		w.todo(in, about, "%s is not pinned: %s", r.Image, r.Skipped)
		return nil
	case w.opt.Resolve == nil && in != nil:
		w.todo(w.pinPlace(in, r), about, "%s is not pinned, since no registry was asked: add its digest, as in %s@sha256:…", r.Image, r.Image)
		return nil
	case w.opt.Resolve == nil:
		return nil
	}
	digest, err := w.resolve(r.Image)
	if w.ctx.Err() != nil {
		return w.ctx.Err()
	}
	if digest == "" {
		if err != nil {
			w.leave("pinning "+r.Image, "%v", err)
		}
		if in != nil {
			w.todo(w.pinPlace(in, r), about, "%s is not pinned, since its digest could not be had: add it, as in %s@sha256:…", r.Image, r.Image)
		}
		return nil
	}
	digest = "@" + digest
	if parseReference(r.Image).tag == "" {
		digest = ":latest" + digest
	}
	at := w.offset(r.Line, r.Column) + len(r.Image)
	if at > len(w.file.Source) || string(w.file.Source[at-len(r.Image):at]) != r.Image {
		return nil
	}
	c := Change{Title: "pin by digest", Why: "a tag can be moved to other content; a digest can't", Closes: pinned}
	if line := w.originOf(r.Line); line > 0 {
		c.Lines = []int{line}
	}
	w.pending = append(w.pending, pending{change: &c, edits: []edit{{From: at, To: at, New: digest}}})
	return nil
}

// pinPlace is the FROM that uses an ARG, so that the TODO about a base stands where
// the rules look for it.
func (w *work) pinPlace(in *dockerfile.Instruction, r pin.Reference) *dockerfile.Instruction {
	if in.Keyword != "arg" {
		return in
	}
	for _, s := range w.file.Stages {
		if s.Image == r.Image {
			return s.From
		}
	}
	return in
}

// offset is where a place stands in the source.
func (w *work) offset(line, column int) int {
	at := w.file.LineStart(line)
	for range column - 1 {
		_, n := utf8.DecodeRune(w.file.Source[min(at, len(w.file.Source)):])
		at += n
	}
	return at
}
