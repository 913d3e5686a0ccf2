// Package base owns the question which image another one was built on. It asks,
// in this order, whoever runs the program, the build's provenance, the OCI base
// annotations, the layers of images that are known, and history; it holds every
// answer against the layers where it can, and says how sure it is.
//
// It opens nothing itself: Look is given to it. A statement that the layers
// contradict is dropped and listed; where nobody names a base, none is made up.
package base

import (
	"context"
	"fmt"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"plimsoll/internal/triage"
)

// Source is who names the base.
type Source string

const (
	// Given: whoever runs the program.
	Given Source = "given"
	// Dockerfile: the FROM of the stage that is built.
	Dockerfile Source = "dockerfile"
	// Provenance: SLSA provenance that the builder attached.
	Provenance Source = "provenance"
	// Annotation: org.opencontainers.image.base.name on the manifest or above it.
	Annotation Source = "annotation"
	// Label: the same key among the labels, which images inherit from their base.
	Label Source = "label"
	// Layers: an image that is known has the same first layers.
	Layers Source = "layers"
	// History: where a base image ends, as triage.BaseOf tells it.
	History Source = "history"
)

// Confidence is how sure the answer is.
type Confidence string

const (
	// Certain: the base was read, and its layers are the image's first ones.
	Certain Confidence = "certain"
	// Stated: somebody says so, and it could not be held against the layers.
	Stated Confidence = "stated"
	// Boundary: which layers are the base's is read from history, which base it is
	// nobody says.
	Boundary Confidence = "boundary only"
	// None: nothing is known.
	None Confidence = "none"
)

// Base is the answer.
type Base struct {
	// Reference is the base's name and tag ("python:3.8-slim"), or the path that
	// was given; empty where nobody names one.
	Reference string `json:"reference,omitempty"`
	// Digest is what was built on, of an index or a manifest; empty where not known.
	Digest string `json:"digest,omitempty"`
	// Layers counts the image's layers, from 0, that are the base's.
	Layers     int        `json:"layers"`
	Source     Source     `json:"source,omitempty"`
	Confidence Confidence `json:"confidence"`
	// Reason says in words how it was told.
	Reason string `json:"reason"`
	// Tried are the sources that were asked before and what they said.
	Tried []Try `json:"tried,omitempty"`
}

// Try is what one source said.
type Try struct {
	Source  Source `json:"source"`
	Outcome string `json:"outcome"`
}

// Subject is the image whose base is asked for.
type Subject struct {
	// Digest is its manifest's, which provenance must be about; empty where its
	// source keeps none.
	Digest string
	// Platform is "linux/amd64"; materials for another one are a builder's.
	Platform    string
	Config      *v1.ConfigFile
	Annotations map[string]string
	// Statements are SLSA provenance, unverified.
	Statements [][]byte
}

// Known is an image whose layers are known.
type Known struct {
	Reference string
	// Digests are those of its manifest and of the index above it.
	Digests []string
	DiffIDs []string
}

// Look opens an image for the subject's platform and returns what identifies it.
type Look func(ctx context.Context, reference string) (*Known, error)

// Question is what Find is told besides the image.
type Question struct {
	// Given is a reference that whoever runs the program names; empty for none.
	Given string
	// Built is the FROM of the Dockerfile that the image was just built from; empty
	// where that is not known.
	Built string
	Known []Known
	// Look may be nil: then no registry is asked.
	Look Look
}

// maxLooks bounds the images that are opened for one answer.
const maxLooks = 24

// Find answers. It never fails: what could not be asked is in Tried, and a
// context that has ended shows in the next thing done with it.
func Find(ctx context.Context, s *Subject, q Question) *Base {
	f := &finder{ctx: ctx, subject: s, question: q, history: triage.BaseOf(s.Config), looks: maxLooks}
	for _, id := range s.Config.RootFS.DiffIDs {
		f.layers = append(f.layers, id.String())
	}
	b := f.find()
	b.Tried = f.tried
	return b
}

type finder struct {
	ctx      context.Context
	subject  *Subject
	question Question
	layers   []string
	history  triage.Base
	looks    int
	tried    []Try
}

func (f *finder) try(s Source, format string, args ...any) {
	f.tried = append(f.tried, Try{Source: s, Outcome: fmt.Sprintf(format, args...)})
}

func (f *finder) find() *Base {
	if len(f.layers) == 0 {
		return &Base{Confidence: None, Reason: "the image has no layers"}
	}
	var stated *Base
	for _, ask := range []func() (*Base, *Base){f.given, f.provenance, f.annotations} {
		certain, said := ask()
		if certain != nil {
			return certain
		}
		if said != nil && stated == nil {
			stated = said
		}
		if said != nil && (said.Source == Given || said.Source == Dockerfile) {
			return said
		}
	}
	labelled, said := f.labels()
	under := f.known()
	switch {
	case under != nil && stated != nil && sameRepository(under.Reference, stated.Reference):
		under.Reason += "; " + string(stated.Source) + " names the same repository"
		return under
	case stated != nil:
		return stated
	case labelled != nil && (under == nil || under.Layers <= labelled.Layers):
		return labelled
	case under != nil:
		return under
	case said != nil:
		return said
	}
	if f.history.Layers == 0 {
		return &Base{Confidence: None, Reason: f.history.Reason}
	}
	return &Base{Layers: f.history.Layers, Source: History, Confidence: Boundary, Reason: f.history.Reason + "; which image these layers are, nobody says"}
}

// claim is one image that somebody names.
type claim struct {
	reference, digest string
}

func (c claim) String() string {
	if c.digest != "" {
		return c.reference + "@" + shortDigest(c.digest)
	}
	return c.reference
}

// full is what is opened.
func (c claim) full() string {
	if c.digest == "" {
		return c.reference
	}
	return repositoryOf(c.reference) + "@" + c.digest
}

// verdictOf is how a claim stands against the layers.
type verdictOf int

const (
	unread verdictOf = iota
	holds
	contradicted
)

// check holds a claim against the layers; why says why it could not be. A claim
// without a digest that holds gets that of what was read.
func (f *finder) check(c *claim) (v verdictOf, layers int, why string) {
	k, why := f.open(*c)
	if k == nil {
		return unread, 0, why
	}
	if isPrefix(k.DiffIDs, f.layers) {
		if c.digest == "" && len(k.Digests) > 0 {
			c.digest = k.Digests[0]
		}
		return holds, len(k.DiffIDs), ""
	}
	return contradicted, 0, ""
}

// open finds an image among those known by its digest, or opens it.
func (f *finder) open(c claim) (*Known, string) {
	for i := range f.question.Known {
		k := &f.question.Known[i]
		if c.digest != "" && slices.Contains(k.Digests, c.digest) || c.digest == "" && k.Reference == c.reference {
			return k, ""
		}
	}
	switch {
	case f.question.Look == nil:
		return nil, "no registry was asked"
	case f.looks == 0:
		return nil, "too many images were opened before"
	}
	f.looks--
	k, err := f.question.Look(f.ctx, c.full())
	if err != nil {
		return nil, err.Error()
	}
	return k, ""
}

// isPrefix reports whether the layers begin with those of a base. Layers without
// a file, which anything may begin with, prove nothing.
func isPrefix(base, layers []string) bool {
	if len(base) == 0 || len(base) > len(layers) || !slices.Equal(base, layers[:len(base)]) {
		return false
	}
	return slices.ContainsFunc(base, func(id string) bool { return id != emptyLayer })
}

// emptyLayer is the diff ID of a tar that ends at once, 1,024 zero bytes, as
// builders write for a line that changes no file.
const emptyLayer = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"

// given asks whoever runs the program, then the Dockerfile.
func (f *finder) given() (certain, said *Base) {
	switch q := &f.question; {
	case q.Given != "":
		return f.named(Given, q.Given, "named with --base")
	case q.Built != "":
		return f.named(Dockerfile, q.Built, "named by the Dockerfile")
	}
	return nil, nil
}

func (f *finder) named(s Source, reference, how string) (certain, said *Base) {
	c := claim{reference: reference}
	if at := strings.LastIndex(c.reference, "@sha256:"); at > 0 {
		c.reference, c.digest = c.reference[:at], c.reference[at+1:]
	}
	switch v, layers, why := f.check(&c); v {
	case holds:
		return f.certain(s, c, layers, how+", and its layers are the first "+numbered(layers)+" of the image"), nil
	case contradicted:
		return nil, f.stated(s, c, how+"; its layers are not the image's first ones, so the image was built on another version of it, or squashed")
	default:
		return nil, f.stated(s, c, how+", and could not be read: "+why)
	}
}

// known asks which image that is known has the most of the image's first layers.
func (f *finder) known() *Base {
	if len(f.question.Known) == 0 {
		f.try(Layers, "no other images are known: name some with --base or --candidates")
		return nil
	}
	var best *Known
	same := 0
	for i := range f.question.Known {
		k := &f.question.Known[i]
		if !isPrefix(k.DiffIDs, f.layers) {
			continue
		}
		switch {
		case best == nil || len(k.DiffIDs) > len(best.DiffIDs):
			best, same = k, 0
		case len(k.DiffIDs) == len(best.DiffIDs):
			same++
		}
	}
	if best == nil {
		f.try(Layers, "none of the %s that are known has the image's first layers", counted(len(f.question.Known), "image"))
		return nil
	}
	reason := fmt.Sprintf("its layers are the first %s of the image, the most of %s that are known", numbered(len(best.DiffIDs)), counted(len(f.question.Known), "image"))
	if same > 0 {
		reason += fmt.Sprintf("; %s more have the same layers", counted(same, "reference"))
	}
	c := claim{reference: best.Reference}
	if len(best.Digests) > 0 {
		c.digest = best.Digests[0]
	}
	return f.certain(Layers, c, len(best.DiffIDs), reason)
}

func (f *finder) certain(s Source, c claim, layers int, reason string) *Base {
	return &Base{Reference: c.reference, Digest: c.digest, Layers: layers, Source: s, Confidence: Certain, Reason: reason}
}

// stated takes the number of layers from history, since nothing else has it.
func (f *finder) stated(s Source, c claim, reason string) *Base {
	return &Base{
		Reference: c.reference, Digest: c.digest, Layers: f.history.Layers, Source: s, Confidence: Stated,
		Reason: reason + "; how many layers are its own is from " + boundary(f.history.Reason),
	}
}

func boundary(reason string) string {
	if strings.HasPrefix(reason, "history") {
		return reason
	}
	return "no better than " + reason
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// numbered is "layer" or "3 layers", after "the first".
func numbered(n int) string {
	if n == 1 {
		return "layer"
	}
	return fmt.Sprintf("%d layers", n)
}

func shortDigest(d string) string {
	if algorithm, hex, ok := strings.Cut(d, ":"); ok && len(hex) > 12 {
		return algorithm + ":" + hex[:12]
	}
	return d
}
