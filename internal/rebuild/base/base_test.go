package base

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"plimsoll/internal/image"
)

// shop is a registry on loopback, and what was pushed to it.
type shop struct {
	host string
	t    testing.TB
}

func newShop(t testing.TB) *shop {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return &shop{host: strings.TrimPrefix(server.URL, "http://"), t: t}
}

func (s *shop) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// built adds one layer for each name, each with a history line of its own, and a
// CMD at the end as a base sets one.
func (s *shop) built(on v1.Image, names ...string) v1.Image {
	s.t.Helper()
	if on == nil {
		on = empty.Image
	}
	for _, n := range names {
		layer := static.NewLayer([]byte("a layer, uncompressed: "+n), types.OCIUncompressedLayer)
		img, err := mutate.Append(on, mutate.Addendum{Layer: layer, History: v1.History{CreatedBy: "RUN " + n}})
		s.check(err)
		on = img
	}
	img, err := mutate.Append(on, mutate.Addendum{History: v1.History{CreatedBy: `CMD ["x"]`, EmptyLayer: true}})
	s.check(err)
	config, err := img.ConfigFile()
	s.check(err)
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	img, err = mutate.ConfigFile(img, config)
	s.check(err)
	return img
}

// push stores an image and returns its name and digest.
func (s *shop) push(img v1.Image, repoTag string) (reference, digest string) {
	s.t.Helper()
	ref, err := name.ParseReference(s.host+"/"+repoTag, name.Insecure)
	s.check(err)
	s.check(remote.Write(ref, img))
	d, err := img.Digest()
	s.check(err)
	return s.host + "/" + repoTag, d.String()
}

func (s *shop) look(ctx context.Context, reference string) (*Known, error) {
	set, err := image.Open(ctx, "docker://"+reference, image.Options{Platform: "linux/amd64", Getenv: func(string) string { return "" }})
	if err != nil {
		return nil, err
	}
	defer set.Close()
	return known(set.Images[0]), nil
}

func known(img *image.Image) *Known {
	k := &Known{Reference: img.Reference, Digests: []string{img.Digest}}
	for _, l := range img.Layers {
		k.DiffIDs = append(k.DiffIDs, l.DiffID)
	}
	return k
}

func (s *shop) subject(img v1.Image) *Subject {
	s.t.Helper()
	config, err := img.ConfigFile()
	s.check(err)
	d, err := img.Digest()
	s.check(err)
	return &Subject{Digest: d.String(), Platform: "linux/amd64", Config: config.DeepCopy()}
}

// provenance02 and provenance1 are what BuildKit writes, as far as it matters.
func provenance02(about string, uris ...string) []byte {
	return provenance("https://slsa.dev/provenance/v0.2", about, func(m []any) map[string]any {
		return map[string]any{
			"buildType": "https://mobyproject.org/buildkit@v1", "materials": m,
			"invocation": map[string]any{"parameters": map[string]any{"frontend": "gateway.v0", "args": map[string]any{"source": "registry.example/dockerfile-own:1"}}},
		}
	}, uris...)
}

func provenance1(about string, uris ...string) []byte {
	return provenance("https://slsa.dev/provenance/v1", about, func(m []any) map[string]any {
		return map[string]any{"buildDefinition": map[string]any{"resolvedDependencies": m}}
	}, uris...)
}

func provenance(kind, about string, predicate func([]any) map[string]any, uris ...string) []byte {
	var list []any
	for _, u := range uris {
		uri, digest, _ := strings.Cut(u, " ")
		list = append(list, map[string]any{"uri": uri, "digest": map[string]string{"sha256": strings.TrimPrefix(digest, "sha256:")}})
	}
	raw, err := json.Marshal(map[string]any{
		"_type": "https://in-toto.io/Statement/v0.1", "predicateType": kind,
		"subject":   []any{map[string]any{"name": "_", "digest": map[string]string{"sha256": strings.TrimPrefix(about, "sha256:")}}},
		"predicate": predicate(list),
	})
	if err != nil {
		panic(err)
	}
	return raw
}

// purl is the reference as a package URL with a digest behind it.
func purl(reference, digest, platform string) string {
	at := strings.LastIndex(reference, ":")
	return fmt.Sprintf("pkg:docker/%s@%s?platform=%s %s", reference[:at], reference[at+1:], platform, digest)
}

func TestTheOrderOfSources(t *testing.T) {
	s := newShop(t)
	debian := s.built(nil, "rootfs")
	python := s.built(debian, "python", "pip")
	golang := s.built(nil, "toolchain")
	app := s.built(python, "app")
	debianRef, debianDigest := s.push(debian, "debian:12")
	pythonRef, pythonDigest := s.push(python, "python:3.8-slim")
	goRef, goDigest := s.push(golang, "golang:1.22")
	pythonOnly := strings.TrimSuffix(pythonRef, ":3.8-slim")

	const amd64 = "linux%2Famd64"
	zeros := "sha256:" + strings.Repeat("0", 64)
	for _, c := range []struct {
		name       string
		with       func(*Subject, *Question)
		reference  string
		layers     int
		source     Source
		confidence Confidence
		says       string // in the reason or in what was tried
	}{
		{
			"provenance v0.2 lists the builder as well; the layers decide", func(x *Subject, _ *Question) {
				x.Statements = [][]byte{provenance02(x.Digest, purl(goRef, goDigest, amd64), purl(pythonRef, pythonDigest, amd64), "pkg:docker/registry.example/dockerfile-own@1 "+zeros)}
				x.Annotations = map[string]string{nameKey: debianRef}
			}, pythonRef, 3, Provenance, Certain, "its layers are the first 3 layers",
		},
		{
			"provenance v1 by digest alone", func(x *Subject, _ *Question) {
				x.Statements = [][]byte{provenance1(x.Digest, "pkg:docker/"+pythonOnly+"?digest="+pythonDigest+" "+pythonDigest)}
			}, pythonOnly, 3, Provenance, Certain, "",
		},
		{
			"materials for another platform are a builder's", func(x *Subject, _ *Question) {
				x.Statements = [][]byte{provenance1(x.Digest, purl(pythonRef, pythonDigest, "linux%2Farm64"))}
			}, "", 3, History, Boundary, "names no image that was built on",
		},
		{
			"a statement about another image does not count", func(x *Subject, _ *Question) {
				x.Statements = [][]byte{provenance1(zeros, purl(pythonRef, pythonDigest, amd64))}
			}, "", 3, History, Boundary, "about another image",
		},
		{
			"a builder alone is no base", func(x *Subject, _ *Question) {
				x.Statements = [][]byte{provenance1(x.Digest, purl(goRef, goDigest, amd64))}
			}, "", 3, History, Boundary, "layers of none are the image's first ones",
		},
		{
			"one image that can't be read is stated", func(x *Subject, _ *Question) {
				x.Statements = [][]byte{provenance1(x.Digest, purl(pythonOnly+":gone", zeros, amd64))}
			}, pythonOnly + ":gone", 3, Provenance, Stated, "could not be read",
		},
		{
			"two images that can't be read are not chosen from", func(x *Subject, q *Question) {
				x.Statements = [][]byte{provenance1(x.Digest, purl(pythonRef, pythonDigest, amd64), purl(goRef, goDigest, amd64))}
				q.Look = nil
			}, "", 3, History, Boundary, "which of them is the base could not be told",
		},
		{
			"without a registry a known image of the digest will do", func(x *Subject, q *Question) {
				x.Statements = [][]byte{provenance1(x.Digest, purl(pythonRef, pythonDigest, amd64), purl(goRef, goDigest, amd64))}
				k, err := s.look(t.Context(), pythonRef)
				s.check(err)
				q.Known, q.Look = []Known{*k}, nil
			}, pythonRef, 3, Provenance, Certain, "1 other of the 2 images",
		},
		{
			"annotations with a digest", func(x *Subject, _ *Question) {
				x.Annotations = map[string]string{nameKey: pythonRef, digestKey: pythonDigest}
			}, pythonRef, 3, Annotation, Certain, "the annotation names it",
		},
		{
			"annotations that lie are dropped", func(x *Subject, _ *Question) {
				x.Annotations = map[string]string{nameKey: goRef, digestKey: goDigest}
			}, "", 3, History, Boundary, "whose layers are not the image's first ones",
		},
		{
			"a tag that has moved stays stated", func(x *Subject, _ *Question) {
				x.Annotations = map[string]string{nameKey: goRef}
			}, goRef, 3, Annotation, Stated, "what the tag points to today has other layers",
		},
		{
			"a label may be of the base's base", func(x *Subject, _ *Question) {
				x.Config.Config.Labels = map[string]string{nameKey: debianRef, digestKey: debianDigest}
			}, debianRef, 1, Label, Certain, "labels are inherited",
		},
		{
			"known images: the longest wins, also against a label", func(x *Subject, q *Question) {
				x.Config.Config.Labels = map[string]string{nameKey: debianRef}
				for _, ref := range []string{debianRef, pythonRef, goRef} {
					k, err := s.look(t.Context(), ref)
					s.check(err)
					q.Known = append(q.Known, *k)
				}
			}, "docker://" + pythonRef, 3, Layers, Certain, "the most of 3 images",
		},
		{
			"what is named with --base comes first", func(x *Subject, q *Question) {
				x.Annotations = map[string]string{nameKey: debianRef}
				q.Given = pythonRef
			}, pythonRef, 3, Given, Certain, "--base",
		},
		{
			"an own image can be its base", func(x *Subject, q *Question) {
				q.Given = pythonRef
				*x = *s.subject(python)
			}, pythonRef, 3, Given, Certain, "",
		},
		{
			"no name is made up", func(*Subject, *Question) {}, "", 3, History, Boundary, "nobody says",
		},
		{
			"hostile names are refused", func(x *Subject, _ *Question) {
				x.Annotations = map[string]string{nameKey: "http://169.254.169.254/latest"}
				x.Config.Config.Labels = map[string]string{nameKey: "\x1b[2J" + strings.Repeat("a", 5000)}
				x.Statements = [][]byte{[]byte("{"), provenance1(x.Digest, "pkg:docker/..%2f..%2fetc@1 "+zeros), []byte(strings.Repeat("[", 100_000))}
			}, "", 3, History, Boundary, "is no reference",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			subject, question := s.subject(app), Question{Look: s.look}
			c.with(subject, &question)
			b := Find(t.Context(), subject, question)
			said := b.Reason
			for _, try := range b.Tried {
				said += "\n" + string(try.Source) + ": " + try.Outcome
			}
			if b.Reference != c.reference || b.Layers != c.layers || b.Source != c.source || b.Confidence != c.confidence || !strings.Contains(said, c.says) {
				t.Errorf("got %q, %d layers, %s, %s: %s", b.Reference, b.Layers, b.Source, b.Confidence, said)
			}
		})
	}
}

func TestLayersWithoutAFileProveNothing(t *testing.T) {
	if isPrefix([]string{emptyLayer}, []string{emptyLayer, "sha256:a"}) {
		t.Error("an empty layer is taken for a base")
	}
	if !isPrefix([]string{emptyLayer, "sha256:a"}, []string{emptyLayer, "sha256:a"}) {
		t.Error("a base that begins with an empty layer is none")
	}
}

func TestTheImagesThatAreOpenedAreBounded(t *testing.T) {
	s := newShop(t)
	x := s.subject(s.built(nil, "a"))
	var uris []string
	for i := range 500 {
		uris = append(uris, fmt.Sprintf("pkg:docker/x%d@1 sha256:%064d", i, i))
	}
	x.Statements = [][]byte{provenance1(x.Digest, uris...), provenance02(x.Digest, uris...)}
	asked := 0
	Find(t.Context(), x, Question{Look: func(context.Context, string) (*Known, error) {
		asked++
		return nil, fmt.Errorf("no")
	}})
	if asked == 0 || asked > maxLooks {
		t.Errorf("%d images were opened", asked)
	}
}

// FuzzMaterials claims that no statement makes the reader panic, and that every
// image it returns parses again.
func FuzzMaterials(f *testing.F) {
	f.Add(provenance02("sha256:00", "pkg:docker/python@3.8-slim?platform=linux%2Famd64 sha256:11", "https://example.com/x sha256:22"))
	f.Add(provenance1("sha256:00", "pkg:docker/ghcr.io/a/b@sha256:11 sha256:11"))
	f.Add([]byte(`{"predicateType":"https://slsa.dev/provenance/v1","predicate":{"buildDefinition":{"resolvedDependencies":[{"uri":"pkg:docker/%00@%2e%2e"}]}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		claims, err := materials(raw, "", "linux/amd64")
		if err != nil {
			return
		}
		if len(claims) > maxClaims {
			t.Errorf("%d claims", len(claims))
		}
		for _, c := range claims {
			if _, err := name.ParseReference(c.full(), name.WeakValidation); err != nil {
				t.Errorf("%q: %v", c.full(), err)
			}
		}
	})
}
