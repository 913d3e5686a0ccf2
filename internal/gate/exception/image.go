package exception

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"plimsoll/internal/verdict"
)

// hub is the one name that the aliases of Docker Hub stand for here.
const hub = "docker.io"

// hubAliases are the hosts that serve Docker Hub's repositories: the name that
// references have (distribution/reference), the one that indexes were kept
// under, the registry's own, and those of its pages.
func hubAliases() []string {
	return []string{hub, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com", "registry.docker.io"}
}

// imageName is an image's name in one form: "docker.io/library/python".
type imageName struct {
	repository string
	tag        string
	digest     string
}

// parseImageName reads a reference as docker does (distribution/reference,
// "normalized" names): without a registry it is Docker Hub's, and there without
// a namespace library's.
func parseImageName(s string) imageName {
	var n imageName
	s, n.digest, _ = strings.Cut(s, "@")
	if at := strings.LastIndexByte(s, ':'); at > strings.LastIndexByte(s, '/') {
		s, n.tag = s[:at], s[at+1:]
	}
	n.repository = normalRepository(s)
	return n
}

func normalRepository(s string) string {
	for _, scheme := range []string{"https://", "http://", "docker://", "oci://"} {
		s = strings.TrimPrefix(s, scheme)
	}
	s = strings.Trim(s, "/")
	host, rest, ok := strings.Cut(s, "/")
	switch {
	case s == "", s == "**", ok && wild(host):
		return s // a pattern of registries, too
	case !ok || !strings.ContainsAny(host, ".:") && host != "localhost":
		host, rest = hub, s
	}
	host = strings.TrimSuffix(strings.ToLower(host), ":443")
	if slices.Contains(hubAliases(), host) {
		host = hub
		rest = strings.TrimPrefix(strings.TrimPrefix(rest, "r/"), "_/") // as hub.docker.com's pages write it
		if rest != "**" && rest != "" && !strings.Contains(rest, "/") {
			rest = "library/" + rest
		}
	}
	return host + "/" + rest
}

// imagePattern is a pattern of an exception's scope.
type imagePattern struct {
	repository  glob
	tag, digest string
	// written is the pattern as it stands there, for references that are no
	// registry's: an archive's path.
	written glob
}

func parseImagePattern(s string) (imagePattern, error) {
	if strings.TrimSpace(s) == "" {
		return imagePattern{}, errors.New("it is empty")
	}
	n := parseImageName(s)
	p := imagePattern{tag: n.tag, digest: n.digest}
	if _, err := path.Match(n.tag, ""); err != nil {
		return p, fmt.Errorf("tag %q: a [ or \\ without its end", n.tag)
	}
	if n.digest != "" && !strings.HasPrefix(n.digest, "sha256:") && !strings.HasPrefix(n.digest, "sha512:") {
		return p, fmt.Errorf("%q is no digest", n.digest)
	}
	var err error
	if p.repository, err = parseGlob(n.repository); err != nil {
		return p, err
	}
	p.written, err = parseGlob(s)
	return p, err
}

func (p *imagePattern) match(image *imageIdentity) bool {
	if p.written.match(image.reference) {
		return true
	}
	if p.digest != "" && !slices.Contains(image.digests, p.digest) {
		return false
	}
	for _, n := range image.names {
		if !p.repository.match(n.repository) {
			continue
		}
		if ok, _ := path.Match(p.tag, n.tag); ok || p.tag == "" {
			return true
		}
	}
	return false
}

// imageIdentity is all that an image may be called by.
type imageIdentity struct {
	reference string
	names     []imageName
	digests   []string
	os, arch  string
}

func identityOf(image *verdict.Image) *imageIdentity {
	id := &imageIdentity{reference: image.Reference}
	name := image.Name
	if name == "" && image.Source == "registry" {
		name = image.Reference
	}
	if name != "" {
		n := parseImageName(name)
		if n.repository != "" {
			id.names = append(id.names, n)
		}
	}
	for _, d := range []string{image.Digest, image.IndexDigest, image.ConfigDigest} {
		if d != "" && !slices.Contains(id.digests, d) {
			id.digests = append(id.digests, d)
		}
	}
	id.os, id.arch, _ = strings.Cut(image.Platform, "/")
	return id
}
