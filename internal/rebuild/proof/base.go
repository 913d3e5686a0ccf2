package proof

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect/content"
	"plimsoll/internal/inventory"
	"plimsoll/internal/rebuild/base"
	"plimsoll/internal/verdict"
)

// Base is what became of the base.
type Base struct {
	Before BaseImage `json:"before"`
	After  BaseImage `json:"after"`
	// Changed is set where the base's layers are others.
	Changed bool `json:"changed"`
}

// BaseImage is what is known of one image's base.
type BaseImage struct {
	// Name and Digest are what package base found, or what a builder left in the
	// labels (OCI image-spec, annotations.md); empty where nobody names a base.
	Name   string `json:"name,omitempty"`
	Digest string `json:"digest,omitempty"`
	// Source and Confidence are package base's; empty where Name is a label's alone.
	Source     base.Source     `json:"source,omitempty"`
	Confidence base.Confidence `json:"confidence,omitempty"`
	// Layers counts the layers that belong to the base, and Reason says how that
	// was told.
	Layers int    `json:"layers"`
	Reason string `json:"reason"`
	// ChainID is the digest of those layers laid over one another (OCI
	// image-spec, config.md, "Layer ChainID"); empty for no layers.
	ChainID string `json:"chainID,omitempty"`
}

// Application is what became of the layers that were built on the base.
type Application struct {
	Before int `json:"before"`
	After  int `json:"after"`
	// Identical is set where both have the same layers in the same order, by
	// diff ID, and at least one.
	Identical bool `json:"identical"`
	// Shared are in both by diff ID; Rebuilt are others that the same history line
	// made.
	Shared  int `json:"shared"`
	Rebuilt int `json:"rebuilt"`
	// Removed and Added are of one image only.
	Removed []inventory.LayerRef `json:"removed"`
	Added   []inventory.LayerRef `json:"added"`
}

// baseDigestLabel is of OCI image-spec, annotations.md.
const baseDigestLabel = "org.opencontainers.image.base.digest"

func baseOf(before, after *Side) (Base, Application) {
	b := Base{Before: before.base(), After: after.base()}
	b.Changed = b.Before.ChainID != b.After.ChainID
	old, now := before.built(), after.built()
	app := Application{Before: len(old), After: len(now), Removed: []inventory.LayerRef{}, Added: []inventory.LayerRef{}}
	app.Identical = len(old) > 0 && slices.EqualFunc(old, now, func(x, y inventory.LayerRef) bool { return x.DiffID == y.DiffID })
	same := func(key func(inventory.LayerRef) string) int {
		n := 0
		left := map[string]int{}
		for _, l := range old {
			left[key(l)]++
		}
		met := map[string]int{}
		now = slices.DeleteFunc(now, func(l inventory.LayerRef) bool {
			k := key(l)
			if k == "" || left[k] == 0 {
				return false
			}
			left[k]--
			met[k]++
			n++
			return true
		})
		old = slices.DeleteFunc(old, func(l inventory.LayerRef) bool {
			k := key(l)
			if met[k] == 0 {
				return false
			}
			met[k]--
			return true
		})
		return n
	}
	app.Shared = same(func(l inventory.LayerRef) string { return l.DiffID })
	app.Rebuilt = same(func(l inventory.LayerRef) string { return l.CreatedBy })
	app.Removed, app.Added = append(app.Removed, old...), append(app.Added, now...)
	return b, app
}

func (s *Side) base() BaseImage {
	of := &s.Verdict.Image.Base
	b := BaseImage{Name: of.Name, Layers: s.baseLayers(), Reason: of.Reason}
	if s.Config != nil {
		if digest, err := v1.NewHash(s.Config.Config.Labels[baseDigestLabel]); err == nil {
			b.Digest = digest.String()
		}
	}
	if found := s.Base; found != nil && found.Reference != "" {
		b.Name, b.Source, b.Confidence, b.Reason = found.Reference, found.Source, found.Confidence, found.Reason
		if found.Digest != "" || found.Source != base.Label {
			b.Digest = found.Digest // a label's digest is not of what somebody else names
		}
	}
	b.ChainID = chainID(s.Layers[:min(b.Layers, len(s.Layers))])
	return b
}

// baseLayers counts the layers of the base: those of one that was read, otherwise
// where history ends it.
func (s *Side) baseLayers() int {
	if s.Base != nil && s.Base.Confidence == base.Certain {
		return s.Base.Layers
	}
	return s.Verdict.Image.Base.Layers
}

// chainID is that of OCI image-spec, config.md: the first layer's is its diff ID,
// every further one's the digest of the one before, a space, and its diff ID.
func chainID(layers []*evidence.Layer) string {
	id := ""
	for i, l := range layers {
		if i == 0 {
			id = l.DiffID
			continue
		}
		sum := sha256.Sum256([]byte(id + " " + l.DiffID))
		id = "sha256:" + hex.EncodeToString(sum[:])
	}
	return id
}

// built are the layers on top of the base.
func (s *Side) built() []inventory.LayerRef {
	var refs []inventory.LayerRef
	for i := s.baseLayers(); i < len(s.Layers); i++ {
		ref := inventory.LayerRef{Index: i, DiffID: s.Layers[i].DiffID}
		if i < len(s.Verdict.Image.Layers) {
			ref = s.Verdict.Image.Layers[i].LayerRef
		}
		refs = append(refs, ref)
	}
	return refs
}

// madeBy recognises the layers of a history line.
func madeBy(line string) func(verdict.Layer) bool {
	return func(l verdict.Layer) bool { return l.CreatedBy == line }
}

// sets reports whether an image's configuration has the setting of a path.
func (s *Side) sets(path string) bool {
	if s.Config == nil {
		return false
	}
	c := &s.Config.Config
	for _, variable := range c.Env {
		if name, _, _ := strings.Cut(variable, "="); content.EnvPath(name) == path {
			return true
		}
	}
	for name := range c.Labels {
		if content.LabelPath(name) == path {
			return true
		}
	}
	field, _, _ := strings.Cut(strings.TrimPrefix(path, evidence.ConfigPrefix), ".")
	switch field {
	case "Cmd", "Entrypoint": // planted code may stand across both
		return len(c.Cmd)+len(c.Entrypoint) > 0
	case "Healthcheck":
		return c.Healthcheck != nil
	case "Shell":
		return len(c.Shell) > 0
	case "OnBuild":
		return len(c.OnBuild) > 0
	}
	return false
}
