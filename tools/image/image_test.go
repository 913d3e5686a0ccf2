package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"plimsoll/internal/image"
)

// testRecipe is an image of programs that are no more than their first bytes.
func testRecipe(t *testing.T) recipe {
	t.Helper()
	dir := t.TempDir()
	r := recipe{Time: time.Unix(1_700_000_000, 0).UTC(), Revision: strings.Repeat("a", 40), Tag: "latest"}
	for _, architecture := range []string{"amd64", "arm64"} {
		name := filepath.Join(dir, architecture)
		if err := os.WriteFile(name, []byte("\x7fELF stand-in of "+architecture), 0o600); err != nil {
			t.Fatal(err)
		}
		r.Programs = append(r.Programs, program{Platform: v1.Platform{OS: "linux", Architecture: architecture}, File: name})
	}
	return r
}

func TestTheSameProgramsAreTheSameLayoutInEveryFolder(t *testing.T) {
	r := testRecipe(t)
	var layouts []map[string]string
	for _, dir := range []string{filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "two", "deeper")} {
		// The second write replaces the first.
		for range 2 {
			if _, err := write(t.Context(), r, dir); err != nil {
				t.Fatal(err)
			}
		}
		layouts = append(layouts, contents(t, dir))
		archive := dir + ".tar"
		if err := writeArchive(archive, dir, r.Time); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(archive)
		if err != nil {
			t.Fatal(err)
		}
		layouts[len(layouts)-1]["the archive"] = string(b)
	}
	if len(layouts[0]) != len(layouts[1]) {
		t.Fatalf("%d files in one folder, %d in the other", len(layouts[0]), len(layouts[1]))
	}
	for name, content := range layouts[0] {
		if layouts[1][name] != content {
			t.Errorf("%s differs", name)
		}
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestLayoutHoldsBothPlatformsAndTheirSBOMs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "image")
	digest, err := write(t.Context(), testRecipe(t), dir)
	if err != nil {
		t.Fatal(err)
	}
	path, err := layout.FromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	top, err := path.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	index, err := top.ImageIndex(digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	list, err := top.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	described := map[v1.Hash]string{}
	for _, d := range list.Manifests {
		if d.ArtifactType != sbomType {
			continue
		}
		var m v1.Manifest
		decode(t, path, d.Digest, &m)
		if m.Subject == nil || m.ArtifactType != sbomType || m.Config.MediaType != emptyType || len(m.Layers) != 1 {
			t.Fatalf("%s is no artifact about an image: %+v", d.Digest, m)
		}
		var document struct {
			Format   string `json:"bomFormat"`
			Metadata struct {
				Component struct{ Name, Version string }
			}
		}
		decode(t, path, m.Layers[0].Digest, &document)
		if document.Format != "CycloneDX" || document.Metadata.Component.Version != m.Subject.Digest.String() {
			t.Errorf("the SBOM says it is about %+v, its manifest %s", document, m.Subject.Digest)
		}
		described[m.Subject.Digest] = document.Metadata.Component.Name
	}

	set, err := image.Open(t.Context(), "oci:"+dir, image.Options{Platform: image.AllPlatforms, Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	var platforms []string
	for _, img := range set.Images {
		platforms = append(platforms, img.Platform.String())
		c := img.Config.Config
		if c.User != "65532:65532" || strings.Join(c.Entrypoint, " ") != "/usr/local/bin/plimsoll" || len(c.Volumes) > 0 || len(c.Cmd) > 0 {
			t.Errorf("%s: user %q, entrypoint %q, volumes %v, command %q", img.Platform, c.User, c.Entrypoint, c.Volumes, c.Cmd)
		}
		if got := c.Labels["org.opencontainers.image.revision"]; got != strings.Repeat("a", 40) {
			t.Errorf("%s: revision %q", img.Platform, got)
		}
		// Nobody said where the source is, so no label makes it up.
		if got, ok := c.Labels["org.opencontainers.image.source"]; ok {
			t.Errorf("%s: source %q", img.Platform, got)
		}
		subject, err := v1.NewHash(img.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if described[subject] != "plimsoll" {
			t.Errorf("%s: no SBOM is about %s: %v", img.Platform, img.Digest, described)
		}
	}
	if got := strings.Join(platforms, " "); got != "linux/amd64 linux/arm64" {
		t.Errorf("platforms %q", got)
	}
}

func decode(t *testing.T, path layout.Path, digest v1.Hash, into any) {
	t.Helper()
	b, err := path.Bytes(digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// What an entry of a layer may hold: plain headers, one time, root's files, and
// nothing that others may write but /tmp and the program's own folders.
func TestLayersHoldPlainEntries(t *testing.T) {
	modified := time.Unix(1_700_000_000, 0)
	l, err := layer(append(systemFiles(), programFiles([]byte("program"))...), modified)
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	known := map[string]bool{"": true}
	last := ""
	tr := tar.NewReader(r)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(h.Name, "/")
		parent := name[:max(strings.LastIndexByte(name, '/'), 0)]
		own := strings.HasPrefix(h.Name, "var/lib/plimsoll/")
		switch {
		case h.Format != tar.FormatUSTAR || len(h.PAXRecords) > 0 || !h.ModTime.Equal(modified) || h.Uname+h.Gname != "":
			t.Errorf("%s: header %+v", h.Name, h)
		case !known[parent]:
			t.Errorf("%s comes before its folder", h.Name)
		case h.Name <= last:
			t.Errorf("%s comes after %s", h.Name, last)
		case h.Name == "tmp/" && h.Mode != 0o1777, h.Name != "tmp/" && h.Mode&0o7002 != 0:
			t.Errorf("%s: mode %o", h.Name, h.Mode)
		case own != (h.Uid == user) || h.Gid != 0:
			t.Errorf("%s: owner %d:%d", h.Name, h.Uid, h.Gid)
		}
		known[name], last = true, h.Name
	}
	if !known["usr/local/bin/plimsoll"] {
		t.Error("the program is missing")
	}
}

func TestCertificatesAreRootsInForce(t *testing.T) {
	rest, n := certificates(), 0
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if !c.IsCA {
			t.Errorf("%s is no authority", c.Subject)
		}
		n++
	}
	// Mozilla's list has had between 100 and 200 for a decade.
	if n < 80 || len(rest) > 0 {
		t.Errorf("%d certificates, then %d bytes", n, len(rest))
	}
}

func TestWhatIsNoLayoutIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	kept := filepath.Join(dir, "notes")
	if err := os.WriteFile(kept, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := write(t.Context(), testRecipe(t), dir); err == nil || !strings.Contains(err.Error(), "no OCI layout") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}

func TestArgumentsAreProgramsOfPlatforms(t *testing.T) {
	for _, args := range [][]string{nil, {"linux/amd64"}, {"amd64=a"}, {"darwin/arm64=a"}, {"linux/=a"}, {"linux/amd64="}, {"linux/amd64=a", "linux/amd64=b"}} {
		if _, err := parsePrograms(args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
	r := testRecipe(t)
	if err := os.WriteFile(r.Programs[0].File, []byte("MZ of another system"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err := run(t.Context(), []string{"-o", filepath.Join(t.TempDir(), "x"), "linux/amd64=" + r.Programs[0].File},
		func(string) string { return "1700000000" }, &out, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "not an ELF program") {
		t.Errorf("error %v", err)
	}
}
