// Package pin owns the references to images that stand in files: it finds them in
// Dockerfiles, compose files, Kubernetes manifests and workflow files, says what each
// tag leads to today and what the digest beside it holds, and writes digests into
// them. Nothing else in a file changes.
//
// It opens no connection: what a reference leads to is asked of Resolve, which is
// given to it.
package pin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// MaxSize is the longest file that is read, in bytes.
const MaxSize = 4 << 20

// Kind is a kind of file.
type Kind string

const (
	Dockerfile Kind = "dockerfile"
	Compose    Kind = "compose"
	Kubernetes Kind = "kubernetes"
	Workflow   Kind = "workflow"
)

// ErrKind is returned for a file of none of the kinds.
var ErrKind = errors.New("no Dockerfile, compose file, Kubernetes manifest or workflow")

// Reference is one reference to an image, with its place.
type Reference struct {
	// Image is as it is used, known variables filled in: "python:3.12@sha256:…".
	Image string `json:"image"`
	// Where names the place: "FROM", "services.web.image".
	Where  string `json:"where"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	// Skipped says why it can't be pinned; empty where it can.
	Skipped string `json:"skipped,omitempty"`

	// from and to are the bytes of the reference in the file.
	from, to int
}

// Resolved is what a reference leads to.
type Resolved struct {
	// Digest is of the index where there is one: "sha256:…".
	Digest string
	// Created is when the image was built; zero where it does not say.
	Created time.Time
}

// Resolve asks what a reference leads to now: a tag's newest digest, or what a
// digest holds.
type Resolve func(ctx context.Context, ref string) (Resolved, error)

// Status is how a reference stands.
type Status string

const (
	// Unpinned: a tag without a digest.
	Unpinned Status = "unpinned"
	// Current: the tag still leads to the digest.
	Current Status = "current"
	// Moved: the tag leads elsewhere by now.
	Moved Status = "moved"
	// DigestOnly: a digest without a tag, so that nobody can say what is newer.
	DigestOnly Status = "digest only"
	// Skipped: see Reference.Skipped.
	Skipped Status = "skipped"
	// Failed: the registry could not be asked; see Entry.Error.
	Failed Status = "failed"
)

// Entry is a reference and how it stands.
type Entry struct {
	Reference
	Status Status `json:"status"`
	// Held is the digest that is written down, HeldCreated when what it holds was
	// built; Today and TodayCreated are of what the tag leads to.
	Held         string    `json:"held,omitempty"`
	HeldCreated  time.Time `json:"heldCreated,omitzero"`
	Today        string    `json:"today,omitempty"`
	TodayCreated time.Time `json:"todayCreated,omitzero"`
	// New is the reference as it is written into the file; empty where it stays.
	New   string `json:"new,omitempty"`
	Error string `json:"error,omitempty"`
}

// File is one file and its references.
type File struct {
	Name    string  `json:"name"`
	Kind    Kind    `json:"kind,omitempty"`
	Entries []Entry `json:"references"`
	// Error says why the file could not be read.
	Error string `json:"error,omitempty"`

	source []byte
}

// Options say what is written.
type Options struct {
	Resolve Resolve
	// Update moves digests whose tag leads elsewhere; without it only what has no
	// digest gets one.
	Update bool
}

// Look finds the references of a file and asks after each. The error is the
// context's, or says why the file could not be read.
func Look(ctx context.Context, name string, source []byte, opt Options) (*File, error) {
	f := &File{Name: name, source: source, Entries: []Entry{}}
	kind, refs, err := Find(name, source)
	if err != nil {
		return nil, err
	}
	f.Kind = kind
	asked := map[string]answer{}
	for _, r := range refs {
		e := Entry{Reference: r}
		if r.Skipped != "" {
			e.Status = Skipped
		} else if err := e.ask(ctx, opt, asked); err != nil {
			return nil, err
		}
		f.Entries = append(f.Entries, e)
	}
	return f, nil
}

type answer struct {
	Resolved
	err error
}

// ask compares what is written down with what the registry says.
func (e *Entry) ask(ctx context.Context, opt Options, asked map[string]answer) error {
	resolve := func(ref string) (Resolved, error) {
		a, known := asked[ref]
		if !known {
			a.Resolved, a.err = opt.Resolve(ctx, ref)
			asked[ref] = a
		}
		return a.Resolved, a.err
	}
	tagged, digest, _ := strings.Cut(e.Image, "@")
	e.Held = digest
	if digest != "" {
		if held, err := resolve(untagged(tagged) + "@" + digest); err == nil {
			e.HeldCreated = held.Created
		} else if ctx.Err() != nil {
			return ctx.Err()
		} else {
			e.Status, e.Error = Failed, "the digest: "+err.Error()
		}
		if !hasTag(tagged) {
			if e.Status == "" {
				e.Status = DigestOnly
			}
			return nil
		}
	}
	today, err := resolve(tagged)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		e.Status, e.Error = Failed, err.Error()
		return nil
	case today.Digest == "":
		e.Status, e.Error = Failed, "its source keeps no digest"
		return nil
	}
	e.Today, e.TodayCreated = today.Digest, today.Created
	switch {
	case digest == "":
		e.Status, e.New = Unpinned, tagged+"@"+today.Digest
	case digest == today.Digest:
		if e.Status == "" {
			e.Status = Current
		}
	default:
		e.Status = Moved
		if opt.Update {
			e.New = tagged + "@" + today.Digest
		}
	}
	return nil
}

// hasTag tells whether a reference without its digest has a tag.
func hasTag(ref string) bool {
	return strings.Contains(ref[strings.LastIndexByte(ref, '/')+1:], ":")
}

func untagged(ref string) string {
	if hasTag(ref) {
		return ref[:strings.LastIndexByte(ref, ':')]
	}
	return ref
}

// Written is the file with the new references in it; the same bytes where none is new.
func (f *File) Written() []byte {
	var b bytes.Buffer
	at := 0
	for i := range f.Entries {
		e := &f.Entries[i]
		if e.New == "" || e.from < at {
			continue
		}
		b.Write(f.source[at:e.from])
		b.WriteString(e.New)
		at = e.to
	}
	b.Write(f.source[at:])
	return b.Bytes()
}

// Report is one run.
type Report struct {
	SchemaVersion int    `json:"schemaVersion"`
	Files         []File `json:"files"`
	Status        int    `json:"status"`
}

// SchemaVersion is the version of Report's JSON; it rises when a field changes its
// meaning or goes away.
const SchemaVersion = 1

// Find lists the references of a file in the order of its bytes. The kind is told
// from the name and the content. The error wraps ErrKind, or says why the file
// could not be parsed.
func Find(name string, source []byte) (Kind, []Reference, error) {
	if len(source) > MaxSize {
		return "", nil, fmt.Errorf("%s is larger than 4 MiB, which no such file is", name)
	}
	if isYAML(name) {
		return findYAML(name, source)
	}
	refs, err := findDockerfile(name, source)
	if err != nil {
		return "", nil, err
	}
	return Dockerfile, refs, nil
}
