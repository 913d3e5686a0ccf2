package base

import (
	"strings"
	"testing"
)

// Of an image that was just built the Dockerfile names the base, and the layers are
// asked whether it still is.
func TestWhatTheDockerfileNames(t *testing.T) {
	s := newShop(t)
	old, now := s.built(nil, "rootfs"), s.built(nil, "rootfs of today")
	reference, oldDigest := s.push(old, "debian:12")
	_, nowDigest := s.push(now, "debian:12")
	unmoved, _ := s.push(old, "debian:12.5")
	app := s.subject(s.built(old, "app"))
	app.Annotations = map[string]string{nameKey: "registry.example/other:1"}
	for _, c := range []struct {
		built      string
		look       Look
		confidence Confidence
		digest     string
		says       string
	}{
		{reference + "@" + oldDigest, s.look, Certain, oldDigest, "named by the Dockerfile, and its layers are the first layer of the image"},
		{unmoved, s.look, Certain, oldDigest, "its layers are the first layer of the image"},
		{reference, s.look, Stated, "", "named by the Dockerfile; its layers are not the image's first ones"},
		{reference + "@" + nowDigest, s.look, Stated, nowDigest, "its layers are not the image's first ones"},
		{reference, nil, Stated, "", "named by the Dockerfile, and could not be read: no registry was asked"},
	} {
		b := Find(t.Context(), app, Question{Built: c.built, Look: c.look})
		if b.Source != Dockerfile || b.Confidence != c.confidence || !strings.HasPrefix(c.built, b.Reference) || b.Digest != c.digest || !strings.Contains(b.Reason, c.says) {
			t.Errorf("%s: %+v", c.built, b)
		}
	}
}
