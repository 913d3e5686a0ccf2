package base

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/package-url/packageurl-go"
)

const (
	// maxMaterials bounds how many of a build's inputs are looked at.
	maxMaterials = 10_000
	// maxClaims bounds the images among them.
	maxClaims = 16
)

// statement is what is read of an in-toto statement with SLSA provenance, of
// version 0.2 (https://slsa.dev/spec/v0.2/provenance) or 1
// (https://slsa.dev/spec/v1.1/provenance).
type statement struct {
	PredicateType string `json:"predicateType"`
	Subject       []struct {
		Digest map[string]string `json:"digest"`
	} `json:"subject"`
	Predicate struct {
		Materials  []material `json:"materials"`
		Invocation struct {
			Parameters request `json:"parameters"`
		} `json:"invocation"`
		BuildDefinition struct {
			ResolvedDependencies []material `json:"resolvedDependencies"`
			ExternalParameters   struct {
				Request request `json:"request"`
			} `json:"externalParameters"`
		} `json:"buildDefinition"`
	} `json:"predicate"`
}

type material struct {
	URI    string            `json:"uri"`
	Digest map[string]string `json:"digest"`
}

// request is what BuildKit was asked; args.source is the image that reads the
// Dockerfile, which is an input of the build and no base
// (github.com/moby/buildkit, docs/attestations/slsa-definitions.md).
type request struct {
	Args map[string]any `json:"args"`
}

// materials returns the images that a build used, in the statement's order. It
// fails where the statement is about another image than the digest's.
func materials(raw []byte, digest, platform string) ([]claim, error) {
	var s statement
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, errors.New("a statement is no provenance that can be read")
	}
	if !strings.HasPrefix(s.PredicateType, "https://slsa.dev/provenance/") {
		return nil, fmt.Errorf("a statement's predicate type is not SLSA provenance")
	}
	if !s.about(digest) {
		return nil, errors.New("a statement is about another image")
	}
	tools := []string{"docker/dockerfile", "docker/dockerfile-upstream", "docker/buildkit-syft-scanner"}
	for _, args := range []map[string]any{s.Predicate.Invocation.Parameters.Args, s.Predicate.BuildDefinition.ExternalParameters.Request.Args} {
		if source, ok := args["source"].(string); ok && len(source) < maxReference {
			if c, err := claimOf(source, ""); err == nil {
				tools = append(tools, strings.TrimPrefix(repositoryOf(c.reference), name.DefaultRegistry+"/"))
			}
		}
	}
	var claims []claim
	for _, list := range [][]material{s.Predicate.Materials, s.Predicate.BuildDefinition.ResolvedDependencies} {
		for _, m := range list[:min(len(list), maxMaterials)] {
			c, ok := m.image(platform)
			if !ok || contains(claims, c) || slices.Contains(tools, strings.TrimPrefix(repositoryOf(c.reference), name.DefaultRegistry+"/")) {
				continue
			}
			if claims = append(claims, c); len(claims) == maxClaims {
				return claims, nil
			}
		}
	}
	return claims, nil
}

// about reports whether the statement's subjects include the image. One without
// subjects, or of an image without a digest, can't say.
func (s *statement) about(digest string) bool {
	if digest == "" || len(s.Subject) == 0 {
		return true
	}
	algorithm, hex, _ := strings.Cut(digest, ":")
	for _, subject := range s.Subject {
		if subject.Digest[algorithm] == hex {
			return true
		}
	}
	return false
}

// image reads a material that is an image: "pkg:docker/NAME@TAG?digest=…&platform=…",
// as BuildKit writes it (github.com/moby/buildkit, util/purl/image.go). One for
// another platform is a builder's.
func (m *material) image(platform string) (claim, bool) {
	if !strings.HasPrefix(m.URI, "pkg:docker/") || len(m.URI) > 2*maxReference {
		return claim{}, false
	}
	p, err := packageurl.FromString(m.URI)
	if err != nil {
		return claim{}, false
	}
	qualifiers := p.Qualifiers.Map()
	if other := qualifiers["platform"]; other != "" && platform != "" && !samePlatform(other, platform) {
		return claim{}, false
	}
	reference := strings.TrimPrefix(p.Namespace+"/"+p.Name, "/")
	digest := qualifiers["digest"]
	if hex := m.Digest["sha256"]; hex != "" {
		digest = "sha256:" + hex
	}
	switch {
	case strings.HasPrefix(p.Version, "sha256:"):
		digest = p.Version
	case p.Version != "":
		reference += ":" + p.Version
	}
	c, err := claimOf(reference, digest)
	return c, err == nil
}

// samePlatform compares system and architecture; a variant may be left out.
func samePlatform(a, b string) bool {
	first := func(s string) []string { return strings.SplitN(strings.ToLower(s), "/", 3) }
	x, y := first(a), first(b)
	return len(x) > 1 && len(y) > 1 && x[0] == y[0] && x[1] == y[1]
}
