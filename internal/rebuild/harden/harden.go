package harden

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"plimsoll/internal/dockerfile"
	"plimsoll/internal/hygiene"
)

// Options are what Harden may know and do beside the file.
type Options struct {
	// Resolve returns the digest ("sha256:…") that a reference leads to now, of the
	// index where there is one. Nil leaves a TODO instead of a digest.
	Resolve func(ctx context.Context, ref string) (digest string, err error)
	// Distroless chooses a distroless final stage also where slim would be the usual
	// step.
	Distroless bool
	// Rules are the rules that findings come from; nil for hygiene.Rules.
	Rules []hygiene.Rule
	// Now decides what has reached its end of life.
	Now time.Time
}

// Result is a hardened file and what was done to it.
type Result struct {
	// Text is the new file.
	Text []byte
	// Source is the input; Original is the same with the values of secrets masked, fit
	// to be shown.
	Source, Original []byte
	// Shown is the new file fit to be shown: a secret that could not be taken out is
	// masked in it.
	Shown   []byte
	Changes []Change
	Todos   []Todo
	// Left says what could have been done and was not, and why.
	Left []Left
	// Secrets are the build secrets that the new file mounts and the old one did not.
	Secrets []BuildSecret
	// Dockerignore is a proposal; nil where the context has a good one.
	Dockerignore []byte
	// Before and After are the findings in the two files, those that comments lift
	// included. After takes the proposed .dockerignore to be in place.
	Before, After []hygiene.Finding
}

// Change is one thing that was changed.
type Change struct {
	Title string `json:"title"`
	Why   string `json:"why"`
	// Closes are the identifiers of the rules whose findings it closes.
	Closes []string `json:"closes,omitempty"`
	// Lines are where the change was made, in the input; none for what is new.
	Lines []int `json:"lines,omitempty"`
}

// Todo is what a person has to decide. It stands in the file as well.
type Todo struct {
	// About is a rule's identifier, or one of our own topics.
	About string `json:"about"`
	Text  string `json:"text"`
	// Line is in the input.
	Line int `json:"line,omitempty"`
}

// Left is what was left alone.
type Left struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// BuildSecret is a secret that a build step reads:
// docker build --secret id=ID,env=NAME.
type BuildSecret struct {
	ID  string `json:"id"`
	Env string `json:"env"`
}

// maxRounds bounds how often all passes run over a file.
const maxRounds = 8

// ErrNoStage is returned for a file without a FROM.
var ErrNoStage = errors.New("no build stage: there is nothing to harden")

// ErrRefused is returned for a file that the builder would refuse.
var ErrRefused = errors.New("the builder would refuse this file")

// maxInstructions and maxSource bound what is hardened; a person writes a tenth of it
// at most.
const (
	maxInstructions = 2000
	maxSource       = 1 << 20
)

// ErrTooLong is returned for a file beyond these bounds.
var ErrTooLong = errors.New("more than 2,000 instructions or 1 MiB, which nobody wrote by hand")

// ErrUnsettled is returned where the passes come to no end.
var ErrUnsettled = errors.New("hardening this file comes to no end: please report it")

// Harden rewrites a file. files is the build context, nil where it is not known:
// then nothing is done that would need it. The error is ErrNoStage, ErrRefused,
// ErrTooLong, ErrUnsettled, the context's, or Resolve's where the context has ended.
func Harden(ctx context.Context, f *dockerfile.File, files *hygiene.Context, opt Options) (*Result, error) {
	if f.Target() == nil {
		return nil, fmt.Errorf("%s: %w", f.Name, ErrNoStage)
	}
	if len(f.Refused) > 0 {
		r := f.Refused[0]
		return nil, fmt.Errorf("%s:%d: %w: %s", f.Name, r.Instruction.StartLine, ErrRefused, r.Reason)
	}
	if len(f.Instructions) > maxInstructions || len(f.Source) > maxSource {
		return nil, fmt.Errorf("%s: %w", f.Name, ErrTooLong)
	}
	if opt.Rules == nil {
		opt.Rules = hygiene.Rules()
	}
	w := newWork(ctx, f, files, opt)
	w.res.Before, w.copies = w.findings(), w.copiesFolders()
	w.privateKeys() // by what the input copies by name
	settled := false
	for range maxRounds {
		before := w.file.Source
		for _, p := range passes() {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if err := w.pass(p); err != nil {
				return nil, err
			}
		}
		if settled = bytes.Equal(before, w.file.Source); settled {
			break
		}
	}
	if !settled {
		return nil, fmt.Errorf("%s: %w", f.Name, ErrUnsettled)
	}
	w.res.Text, w.res.Shown = w.file.Source, w.masked(w.file.Source)
	w.res.Dockerignore = w.proposeIgnore()
	w.res.After = w.findings()
	if w.res.Dockerignore != nil {
		w.res.After = slices.DeleteFunc(w.res.After, func(f hygiene.Finding) bool { return slices.Contains(satisfied, f.Rule) })
	}
	w.res.Source, w.res.Original = f.Source, w.original()
	w.onlyFound()
	slices.SortStableFunc(w.res.Todos, func(a, b Todo) int { return a.Line - b.Line })
	return w.res, nil
}

// onlyFound leaves of the rules that changes close those with a finding in the input.
func (w *work) onlyFound() {
	for i := range w.res.Changes {
		c := &w.res.Changes[i]
		c.Closes = slices.DeleteFunc(slices.Clone(c.Closes), func(rule string) bool {
			return !slices.ContainsFunc(w.res.Before, func(f hygiene.Finding) bool { return f.Rule == rule && f.Suppressed == nil })
		})
	}
}
