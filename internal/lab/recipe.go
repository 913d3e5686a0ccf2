package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// recipe is all that makes one stand-in image.
type recipe struct {
	name, folder, title, rebuilds string
	// planted is set for a case of what a scan for vulnerabilities never sees.
	planted bool
	created time.Time
	config  v1.Config
	steps   []step
}

// step is one history line. Without layer it changes only the configuration.
type step struct {
	created time.Time
	by      string
	comment string
	layer   func() ([]entry, error)
}

// recipes are the stand-in images, in the order of a demonstration.
func recipes() []recipe {
	return []recipe{pythonSlim(), node14(), pythonRebuilt(), cronCase(), deletedKeyCase()}
}

const buildkitComment = "buildkit.dockerfile.v0"

// history writes lines of one builder and one time.
type history struct {
	at       time.Time
	buildkit bool
}

func (h history) run(command string, layer func() ([]entry, error)) step {
	if h.buildkit {
		return step{h.at, "RUN /bin/sh -c " + command + " # buildkit", buildkitComment, layer}
	}
	return step{h.at, "/bin/sh -c " + command, "", layer}
}

// set is a line that changes the configuration alone.
func (h history) set(instruction string) step {
	if h.buildkit {
		return step{created: h.at, by: instruction, comment: buildkitComment}
	}
	return step{created: h.at, by: "/bin/sh -c #(nop)  " + instruction}
}

// add is a line of the classic builder that brings files.
func (h history) add(instruction string, layer func() ([]entry, error)) step {
	return step{h.at, "/bin/sh -c #(nop) " + instruction + " ", "", layer}
}

// layerOf opens the Debian system of a recipe when the layer is built.
func layerOf(load func() (*debianSystem, error), make func(*debianSystem) []entry) func() ([]entry, error) {
	return func() ([]entry, error) {
		s, err := load()
		if err != nil {
			return nil, err
		}
		return make(s), nil
	}
}

func fixed(entries ...entry) func() ([]entry, error) {
	return func() ([]entry, error) { return entries, nil }
}

// contentDigest is the digest of a layer's files. Files that can't be made
// have none: the error comes when the layer is written.
func contentDigest(layer func() ([]entry, error)) string {
	entries, err := layer()
	if err != nil {
		return ""
	}
	b, err := writeTar(entries, time.Time{})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
