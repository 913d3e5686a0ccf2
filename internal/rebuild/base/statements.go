package base

import (
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// The keys of the OCI image-spec's annotations.md.
const (
	nameKey   = "org.opencontainers.image.base.name"
	digestKey = "org.opencontainers.image.base.digest"
)

// annotations asks what the manifest says, and what stands above it.
func (f *finder) annotations() (certain, said *Base) {
	return f.keys(Annotation, f.subject.Annotations)
}

// labels asks the configuration. Labels are inherited, so that a label may speak
// of the base of the base: what it names is then underneath, and not the nearest.
func (f *finder) labels() (certain, said *Base) {
	certain, said = f.keys(Label, f.subject.Config.Config.Labels)
	if certain != nil && certain.Layers < f.history.Layers {
		certain.Reason += fmt.Sprintf("; labels are inherited, and history ends a base after %s", counted(f.history.Layers, "layer"))
	}
	if said != nil {
		said.Reason += "; labels are inherited, so this may be the base of the base"
	}
	return certain, said
}

func (f *finder) keys(s Source, all map[string]string) (certain, said *Base) {
	if all[nameKey] == "" {
		f.try(s, "no %s", nameKey)
		return nil, nil
	}
	c, err := claimOf(all[nameKey], all[digestKey])
	if err != nil {
		f.try(s, "%s is no reference: %s", nameKey, err)
		return nil, nil
	}
	switch v, layers, why := f.check(&c); {
	case v == holds:
		return f.certain(s, c, layers, fmt.Sprintf("the %s names it, and its layers are the first %s of the image", s, numbered(layers))), nil
	case v == contradicted && c.digest != "":
		f.try(s, "it names %s, whose layers are not the image's first ones", c)
		return nil, nil
	case v == contradicted:
		return nil, f.stated(s, c, fmt.Sprintf("the %s names it without a digest, and what the tag points to today has other layers", s))
	default:
		return nil, f.stated(s, c, fmt.Sprintf("the %s names it, and it could not be read: %s", s, why))
	}
}

// provenance asks what the builder says it used. All stages of a build are in
// there; the layers tell which image the last one was built on.
func (f *finder) provenance() (certain, said *Base) {
	if len(f.subject.Statements) == 0 {
		f.try(Provenance, "none is attached to the image")
		return nil, nil
	}
	var claims []claim
	for _, raw := range f.subject.Statements {
		found, err := materials(raw, f.subject.Digest, f.subject.Platform)
		if err != nil {
			f.try(Provenance, "%s", err)
			continue
		}
		for _, c := range found {
			if len(claims) < maxClaims && !contains(claims, c) {
				claims = append(claims, c)
			}
		}
	}
	if len(claims) == 0 {
		f.try(Provenance, "it names no image that was built on")
		return nil, nil
	}
	best, layers, open, why := -1, 0, 0, ""
	for i := range claims {
		switch v, n, reason := f.check(&claims[i]); {
		case v == holds && n > layers:
			best, layers = i, n
		case v == unread:
			open, why = open+1, reason
		}
	}
	switch {
	case best >= 0:
		reason := fmt.Sprintf("the build's provenance names it, and its layers are the first %s of the image", numbered(layers))
		if open > 0 {
			reason += fmt.Sprintf("; %s of the %d images that the build used could not be read", counted(open, "other"), len(claims))
		}
		return f.certain(Provenance, claims[best], layers, reason), nil
	case open == 0:
		f.try(Provenance, "%s the build used, and the layers of none are the image's first ones", images(len(claims)))
		return nil, nil
	case len(claims) > 1:
		f.try(Provenance, "%s the build used, and which of them is the base could not be told: %s", images(len(claims)), why)
		return nil, nil
	}
	return nil, f.stated(Provenance, claims[0], "the build's provenance names no other image, and it could not be read: "+why)
}

func images(n int) string {
	if n == 1 {
		return "one image"
	}
	return fmt.Sprintf("%d images", n)
}

func contains(claims []claim, c claim) bool {
	for _, known := range claims {
		if known.full() == c.full() {
			return true
		}
	}
	return false
}

// claimOf takes a reference apart and refuses what is none.
func claimOf(reference, digest string) (claim, error) {
	if len(reference) > maxReference || len(digest) > maxReference {
		return claim{}, fmt.Errorf("it is longer than %d bytes", maxReference)
	}
	reference, inside, _ := strings.Cut(strings.TrimSpace(reference), "@")
	if digest == "" {
		digest = inside
	}
	if digest != "" {
		if _, err := v1.NewHash(digest); err != nil {
			return claim{}, fmt.Errorf("%q is no digest", digest)
		}
	}
	if reference == "scratch" {
		return claim{}, fmt.Errorf("scratch is no image")
	}
	parsed, err := name.ParseReference(reference, name.WeakValidation)
	if err != nil || strings.Contains("."+parsed.Context().RegistryStr()+".", "..") {
		return claim{}, fmt.Errorf("%q does not parse", reference)
	}
	c := claim{reference: familiar(parsed), digest: digest}
	if tagged := strings.Contains(reference[strings.LastIndexByte(reference, '/')+1:], ":"); !tagged && digest != "" {
		// What was built on by digest alone has no tag; latest would be made up.
		c.reference = strings.TrimSuffix(c.reference, ":"+parsed.Identifier())
	}
	return c, nil
}

// maxReference bounds a name or a digest that an image claims.
const maxReference = 1024

// familiar writes a name as people do: "python:3.8-slim" for Docker Hub's.
func familiar(r name.Reference) string {
	repo := r.Context()
	s := repo.Name()
	if repo.RegistryStr() == name.DefaultRegistry {
		s = strings.TrimPrefix(repo.RepositoryStr(), "library/")
	}
	return s + ":" + r.Identifier()
}

// repositoryOf drops tag and digest; a reference that is no name stays whole.
func repositoryOf(reference string) string {
	parsed, err := name.ParseReference(reference, name.WeakValidation)
	if err != nil {
		return reference
	}
	return parsed.Context().Name()
}

func sameRepository(a, b string) bool { return repositoryOf(a) == repositoryOf(b) }
