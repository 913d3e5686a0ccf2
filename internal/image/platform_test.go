package image

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	amd64   = Platform{OS: "linux", Architecture: "amd64"}
	arm64v8 = Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}
	armv6   = Platform{OS: "linux", Architecture: "arm", Variant: "v6"}
	armv7   = Platform{OS: "linux", Architecture: "arm", Variant: "v7"}
	riscv   = Platform{OS: "linux", Architecture: "riscv64"}
)

func TestParsePlatform(t *testing.T) {
	for text, want := range map[string]Platform{
		"linux/amd64":    amd64,
		"Linux/x86_64":   amd64,
		"linux/arm64/v8": arm64v8,
		"linux/aarch64":  {OS: "linux", Architecture: "arm64"},
		"linux":          {}, "": {}, "linux/": {}, "a/b/c/d": {}, "/amd64": {},
	} {
		got, err := ParsePlatform(text)
		if got != want || (err == nil) != (want != Platform{}) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestPickPlatform(t *testing.T) {
	for name, c := range map[string]struct {
		offered []Platform
		asked   string
		want    []Platform
	}{
		"exact":                            {[]Platform{riscv, amd64}, "linux/amd64", []Platform{amd64}},
		"arm64 is arm64/v8":                {[]Platform{amd64, arm64v8}, "linux/arm64", []Platform{arm64v8}},
		"the highest variant":              {[]Platform{armv6, armv7}, "linux/arm", []Platform{armv7}},
		"the variant asked":                {[]Platform{armv6, armv7}, "linux/arm/v6", []Platform{armv6}},
		"not another variant":              {[]Platform{armv6}, "linux/arm/v7", nil},
		"not offered":                      {[]Platform{amd64, armv6}, "linux/s390x", nil},
		"all":                              {[]Platform{amd64, armv6}, "all", []Platform{amd64, armv6}},
		"a single one differs":             {[]Platform{riscv}, "linux/s390x", nil},
		"the only one, when none is asked": {[]Platform{{OS: "plan9", Architecture: "mips"}}, "", []Platform{{OS: "plan9", Architecture: "mips"}}},
	} {
		t.Run(name, func(t *testing.T) {
			c2, err := parseChoice(c.asked)
			must(t, err)
			picked, _, err := c2.pick(c.offered)
			var got []Platform
			for _, i := range picked {
				got = append(got, c.offered[i])
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if c.want == nil && (!errors.Is(err, ErrNoPlatform) || !strings.Contains(err.Error(), c.offered[0].String())) {
				t.Errorf("error %v does not list what is offered", err)
			}
		})
	}
}

// multi is an index of several platforms, one of them in a nested index, with attestations.
func multi(t *testing.T) (blobs, descriptor, []logical) {
	t.Helper()
	b := blobs{}
	images := []logical{sample(t, amd64), sample(t, arm64v8), sample(t, riscv)}
	var ds []descriptor
	for _, l := range images {
		ds = append(ds, b.manifest(t, l, "+gzip", gzipped))
	}
	nested := b.index(t, ds[2], b.attestation(t, ds[2]))
	return b, b.index(t, ds[0], b.attestation(t, ds[0]), ds[1], nested), images
}

func TestIndexes(t *testing.T) {
	b, root, images := multi(t)
	reg := newRegistry(t)
	pushAll(t, reg, "team/multi", "1", b, root)
	archive := tarOf(t, layoutFiles(t, b, root)...)
	for name, ref := range map[string]string{
		"registry": "docker://" + reg.host() + "/team/multi:1",
		"archive":  writeFile(t, "multi.tar", archive),
		"stream":   writeFile(t, "multi.tgz", gzipped(t, archive)),
		"folder":   writeFolder(t, layoutFiles(t, b, root)),
		// A layout may list the platforms without an index between.
		"flat": writeFile(t, "flat.tar", flat(t, images)),
	} {
		t.Run(name, func(t *testing.T) {
			open := func(platform string) (*collector, *Set, error) {
				c := newCollector(t)
				set, err := Open(t.Context(), ref, quickly(Options{Platform: platform, Streamed: c.streamed}))
				if err == nil {
					t.Cleanup(func() { set.Close() })
				}
				return c, set, err
			}
			for i, platform := range []string{"linux/amd64", "linux/arm64", "linux/riscv64"} {
				c, set, err := open(platform)
				must(t, err)
				checkImage(t, c, set.Images[0], images[i])
				checkNotes(t, set.Images[0], "as asked")
				if name != "flat" && set.Images[0].IndexDigest != root.Digest {
					t.Errorf("index digest %q", set.Images[0].IndexDigest)
				}
			}
			c, set, err := open("all")
			must(t, err)
			if len(set.Images) != 3 {
				t.Fatalf("%d images, want 3", len(set.Images))
			}
			for i, img := range set.Images {
				checkImage(t, c, img, images[i])
			}
			if diff := cmp.Diff([]Platform{amd64, arm64v8, riscv}, set.Images[0].Platforms); diff != "" {
				t.Errorf("platforms (-want +got):\n%s", diff)
			}
			if hostPlatform() == amd64 {
				_, set, err = open("")
				must(t, err)
				checkNotes(t, set.Images[0], "this host's")
			}
			_, _, err = open("linux/s390x")
			if !errors.Is(err, ErrNoPlatform) || !strings.Contains(err.Error(), "linux/riscv64") || strings.Contains(err.Error(), "unknown") {
				t.Errorf("not offered: %v", err)
			}
		})
	}
}

func checkNotes(t *testing.T, img *Image, want string) {
	t.Helper()
	if !strings.Contains(strings.Join(img.Notes, "\n"), want) {
		t.Errorf("notes %q do not say %q", img.Notes, want)
	}
}

func flat(t *testing.T, images []logical) []byte {
	b := blobs{}
	var ds []descriptor
	for _, l := range images {
		ds = append(ds, b.manifest(t, l, "+gzip", gzipped))
	}
	return tarOf(t, layoutFiles(t, b, ds...)...)
}

// pushAll pushes nested indexes and attestations too, inner ones first.
func pushAll(t *testing.T, reg *testRegistry, repo, tag string, b blobs, root descriptor) {
	t.Helper()
	for digest, raw := range b {
		if strings.Contains(string(raw), `"manifests"`) && digest != root.Digest {
			defer reg.push(t, repo, tag, b, root)
			reg.push(t, repo, "inner", b, descriptor{MediaType: ociIndex, Digest: digest, Size: len(raw)})
			return
		}
	}
	reg.push(t, repo, tag, b, root)
}

func TestPlatformOfASingleImage(t *testing.T) {
	l := sample(t, arm64v8)
	for name, files := range map[string][]file{"docker save": oldSave(t, l, "a:1"), "OCI": ociFiles(t, l, "", plain)} {
		path := writeFile(t, "a.tar", tarOf(t, files...))
		if _, err := read(t, path, Options{Platform: "linux/arm64"}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, err := read(t, path, Options{Platform: "linux/s390x"})
		if !errors.Is(err, ErrNoPlatform) || !strings.Contains(err.Error(), "linux/arm64/v8") {
			t.Errorf("%s, another platform: %v", name, err)
		}
	}
	if _, err := read(t, "a", Options{Platform: "nonsense"}); !errors.Is(err, ErrReference) {
		t.Errorf("not a platform: %v", err)
	}
}

// TestPartialIndex: docker save writes an index that lists platforms it doesn't hold.
func TestPartialIndex(t *testing.T) {
	b := blobs{}
	here, elsewhere := b.manifest(t, sample(t, riscv), "", plain), blobs{}.manifest(t, sample(t, arm64v8), "", plain)
	path := writeFile(t, "a.tar", tarOf(t, layoutFiles(t, b, b.index(t, elsewhere, here))...))
	img, err := read(t, path, Options{})
	must(t, err)
	if img.Platform != riscv {
		t.Errorf("platform %s", img.Platform)
	}
	_, err = read(t, path, Options{Platform: "linux/arm64"})
	if !errors.Is(err, ErrNoPlatform) || !strings.Contains(err.Error(), "also lists linux/arm64") {
		t.Errorf("got %v", err)
	}
	empty := blobs{}
	_, err = read(t, writeFile(t, "a.tar", tarOf(t, layoutFiles(t, empty, empty.index(t, elsewhere))...)), Options{})
	if !errors.Is(err, ErrNoPlatform) {
		t.Errorf("none is there: %v", err)
	}
}

func TestLyingIndex(t *testing.T) {
	b := blobs{}
	d := b.manifest(t, sample(t, amd64), "", plain)
	d.Platform = &arm64v8
	path := writeFile(t, "a.tar", tarOf(t, layoutFiles(t, b, b.index(t, d))...))
	if _, err := read(t, path, Options{Platform: "linux/arm64"}); !errors.Is(err, ErrNoPlatform) || !strings.Contains(err.Error(), "linux/amd64") {
		t.Errorf("asked for what the index claims: %v", err)
	}
	img, err := read(t, path, Options{Platform: "all"})
	must(t, err)
	checkNotes(t, img, "its configuration says linux/amd64")
}

// TestExportedAttestation: Docker's containerd image store, asked for one
// platform, exports the attestation beside the image, with neither platform nor
// BuildKit's annotation.
func TestExportedAttestation(t *testing.T) {
	b, l := blobs{}, sample(t, hostPlatform())
	root := b.manifest(t, l, "", plain)
	attestation := b.attestation(t, root)
	attestation.Platform = nil
	attestation.Annotations = map[string]string{"io.containerd.manifest.subject": root.Digest}
	img, err := read(t, writeFolder(t, layoutFiles(t, b, withName(root, "docker.io/library/a:1"), attestation)), Options{Platform: "all"})
	must(t, err)
	if img.Digest != root.Digest || len(img.Platforms) != 1 {
		t.Errorf("digest %s, platforms %v", img.Digest, img.Platforms)
	}
}
