package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// bad is one damaged image and what must be said about it.
type bad struct {
	files []file
	want  error
	says  string
}

// edit returns the files with one changed; a nil function drops it.
func edit(files []file, suffix string, change func(*file)) []file {
	var out []file
	for _, f := range files {
		if strings.HasSuffix(f.name, suffix) {
			if change == nil {
				continue
			}
			change(&f)
		}
		out = append(out, f)
	}
	return out
}

// damagedImages is the corpus; each is tried as tar, as folder and as a stream.
func damagedImages(t testing.TB) map[string]bad {
	l := sample(t, hostPlatform())
	old := oldSave(t, l, "a:1")
	first := hexOf(fmt.Append(l.layers[0], 0)) + "/layer.tar"
	config := hexOf(l.config)
	b := blobs{}
	d := b.manifest(t, l, "+gzip", gzipped)
	oci := func(entries ...descriptor) []file { return layoutFiles(t, b, entries...) }
	hexDigest := strings.TrimPrefix(d.Digest, "sha256:")
	manifest := func(v any) []file {
		c := blobs{}
		return layoutFiles(t, c, c.describe(ociManifest, marshal(t, v)))
	}
	saved := func(entries ...map[string]any) []file {
		return []file{{name: "c.json", content: string(l.config)}, {name: "l.tar", content: string(l.layers[0])}, {name: "manifest.json", content: string(marshal(t, entries))}}
	}
	lying := d
	lying.Size++
	many := make([]descriptor, 20_000)
	for i := range many {
		many[i] = descriptor{MediaType: "x", Digest: d.Digest, Size: 1}
	}
	cases := map[string]bad{
		"OCI: wrong manifest":       {files: edit(oci(d), hexDigest, func(f *file) { f.content = strings.Replace(f.content, "schemaVersion", "schemaversion", 1) }), want: ErrDamaged, says: d.Digest},
		"OCI: wrong configuration":  {files: edit(oci(d), config, func(f *file) { f.content = strings.Replace(f.content, "root", "toor", 1) }), want: ErrDamaged, says: "sha256:" + config},
		"OCI: no configuration":     {files: edit(oci(d), config, nil), want: ErrDamaged, says: "missing"},
		"OCI: no layer":             {files: edit(oci(d), hexOf(gzipped(t, l.layers[0])), nil), want: ErrDamaged, says: hexOf(gzipped(t, l.layers[0]))},
		"OCI: short layer":          {files: edit(oci(d), hexOf(gzipped(t, l.layers[0])), func(f *file) { f.content = f.content[:100] }), want: ErrDamaged, says: hexOf(gzipped(t, l.layers[0]))},
		"OCI: no manifest":          {files: edit(oci(d), hexDigest, nil), want: ErrDamaged, says: "missing"},
		"OCI: lying size":           {files: oci(lying), want: ErrDamaged, says: d.Digest},
		"OCI: empty index":          {files: oci(), want: ErrNotImage},
		"OCI: index is no JSON":     {files: edit(oci(d), "index.json", func(f *file) { f.content = "[not json" }), want: ErrDamaged, says: "index.json"},
		"OCI: only an attestation":  {files: oci(b.attestation(t, d)), want: ErrNotImage},
		"OCI: 20,000 layers":        {files: manifest(map[string]any{"schemaVersion": 2, "config": many[0], "layers": many}), want: ErrTooLarge, says: "20000 layers"},
		"OCI: manifest and index":   {files: manifest(map[string]any{"schemaVersion": 2, "config": d, "layers": []descriptor{}, "manifests": []descriptor{d}}), want: ErrDamaged, says: "at once"},
		"OCI: neither":              {files: manifest(map[string]any{"schemaVersion": 2}), want: ErrNotImage},
		"OCI: schema 1":             {files: manifest(map[string]any{"schemaVersion": 1, "fsLayers": []int{}}), want: ErrNotImage, says: "schema 1"},
		"OCI: no digest":            {files: manifest(map[string]any{"schemaVersion": 2, "config": d, "layers": []map[string]any{{"size": 1}}}), want: ErrDamaged, says: "no digest"},
		"OCI: a Helm chart":         {files: manifest(map[string]any{"schemaVersion": 2, "config": descriptor{MediaType: "application/vnd.cncf.helm.config.v1+json", Digest: d.Digest}}), want: ErrNotImage, says: "Helm chart"},
		"OCI: an encrypted layer":   {files: manifest(map[string]any{"schemaVersion": 2, "config": descriptor{MediaType: ociConfig, Digest: d.Digest}, "layers": []descriptor{{MediaType: ociLayer + "+gzip+encrypted", Digest: d.Digest}}}), want: ErrNotImage, says: "encrypted"},
		"OCI: huge configuration":   {files: manifest(map[string]any{"schemaVersion": 2, "config": descriptor{MediaType: ociConfig, Digest: d.Digest, Size: 1 << 40}, "layers": []descriptor{}}), want: ErrTooLarge},
		"OCI: a strange layer":      {files: manifest(map[string]any{"schemaVersion": 2, "config": descriptor{MediaType: ociConfig, Digest: d.Digest}, "layers": []descriptor{{MediaType: "text/plain", Digest: d.Digest}}}), want: ErrNotImage, says: "text/plain"},
		"OCI: an index in itself":   {files: deepIndex(t, 12), want: ErrTooLarge, says: "nest"},
		"save: wrong configuration": {files: edit(old, config+".json", func(f *file) { f.content = strings.Replace(f.content, "root", "toor", 1) }), want: ErrDamaged, says: config},
		"save: no configuration":    {files: edit(old, config+".json", nil), want: ErrDamaged, says: "missing"},
		"save: no layer":            {files: edit(old, first, nil), want: ErrDamaged, says: first},
		"save: no manifest":         {files: edit(old, "manifest.json", nil), want: ErrNotImage, says: "manifest.json"},
		"save: layer outside":       {files: saved(map[string]any{"Config": "c.json", "Layers": []string{"../../etc/passwd"}}), want: ErrDamaged},
		"save: absolute layer":      {files: saved(map[string]any{"Config": "c.json", "Layers": []string{"/etc/passwd"}}), want: ErrDamaged},
		"save: configuration out":   {files: saved(map[string]any{"Config": "../c.json", "Layers": []string{"l.tar"}}), want: ErrDamaged},
		"save: too few layers":      {files: saved(map[string]any{"Config": "c.json", "Layers": []string{"l.tar"}}), want: ErrDamaged, says: "5 diff IDs"},
		"save: 100,000 layers":      {files: saved(map[string]any{"Config": "c.json", "Layers": slices.Repeat([]string{"l.tar"}, 100_000)}), want: ErrTooLarge, says: "100000 layers"},
		"save: a layer as config":   {files: saved(map[string]any{"Config": "l.tar", "Layers": []string{}}), want: ErrDamaged},
		"save: no images":           {files: saved(), want: ErrNotImage},
		"save: no JSON":             {files: []file{{name: "manifest.json", content: "{"}}, want: ErrDamaged},
		"save: before 1.10":         {files: []file{{name: "repositories", content: "{}"}}, want: ErrNotImage, says: "1.10"},
		"a root file system":        {files: []file{{name: "etc/passwd", content: "root"}}, want: ErrNotImage},
	}
	maps.Copy(cases, map[string]bad{
		"save: loop of links": {files: edit(old, first, func(f *file) { f.typeflag, f.link, f.content = tar.TypeSymlink, "../"+first, "" }), want: ErrDamaged},
		"save: link outside":  {files: edit(old, first, func(f *file) { f.typeflag, f.link, f.content = tar.TypeSymlink, "../../../etc/passwd", "" }), want: ErrDamaged},
		"save: dead link":     {files: edit(old, first, func(f *file) { f.typeflag, f.link, f.content = tar.TypeSymlink, "nowhere", "" }), want: ErrDamaged},
	})
	return cases
}

// deepIndex nests indexes.
func deepIndex(t testing.TB, depth int) []file {
	b := blobs{}
	d := b.manifest(t, sample(t, hostPlatform()), "", plain)
	d.Platform = nil
	for range depth {
		d = b.index(t, d)
	}
	return layoutFiles(t, b, d)
}

func TestDamagedImages(t *testing.T) {
	for name, c := range damagedImages(t) {
		raw := tarOf(t, c.files...)
		for form, ref := range map[string]string{
			"tar":    writeFile(t, "a.tar", raw),
			"stream": writeFile(t, "a.tar.gz", gzipped(t, raw)),
			"folder": writeFolder(t, c.files),
		} {
			t.Run(name+"/"+form, func(t *testing.T) {
				_, err := read(t, ref, Options{})
				if !errors.Is(err, c.want) {
					t.Fatalf("got %v, want %v", err, c.want)
				}
				if !strings.Contains(err.Error(), c.says) {
					t.Errorf("%v does not say %q", err, c.says)
				}
				checkOneKind(t, err)
			})
		}
	}
}

// checkOneKind: an error says which failure it was, and only one.
func checkOneKind(t *testing.T, err error) {
	t.Helper()
	var found []error
	for _, kind := range kinds() {
		if errors.Is(err, kind) {
			found = append(found, kind)
		}
	}
	if len(found) != 1 {
		t.Errorf("%v is of %d kinds: %v", err, len(found), found)
	}
}

// TestTruncatedArchives: wherever an archive is cut off, it is an error, and
// inside a blob the error names the blob and the offset.
func TestTruncatedArchives(t *testing.T) {
	l := sample(t, hostPlatform())
	for name, files := range map[string][]file{"old": oldSave(t, l, "a:1"), "new": newSave(t, l, "a:1"), "OCI": ociFiles(t, l, "+gzip", gzipped)} {
		t.Run(name, func(t *testing.T) {
			raw := tarOf(t, files...)
			for i := range 40 {
				cut := (len(raw) - 2048) * i / 40
				for form, ref := range map[string]string{
					"tar":    writeFile(t, "a.tar", raw[:cut]),
					"stream": writeFile(t, "a.tgz", gzipped(t, raw[:cut])),
				} {
					_, err := read(t, ref, Options{})
					if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNotImage) {
						t.Errorf("%s cut at %d of %d: %v", form, cut, len(raw), err)
					}
				}
			}
		})
	}
	t.Run("names the blob and the offset", func(t *testing.T) {
		content := strings.Repeat("x", 10_000)
		raw := tarOf(t, file{name: "blobs/sha256/" + hexOf([]byte(content)), content: content})
		for form, ref := range map[string]string{
			"tar":    writeFile(t, "a.tar", raw[:5000]),
			"stream": writeFile(t, "a.tgz", gzipped(t, raw[:5000])),
		} {
			_, err := read(t, ref, Options{})
			var damaged *DamagedError
			if !errors.As(err, &damaged) || !strings.Contains(damaged.Blob, hexOf([]byte(content))) || damaged.Offset != 5000-512 {
				t.Errorf("%s: %v", form, err)
			}
		}
	})
}

func TestBrokenCompression(t *testing.T) {
	raw := tarOf(t, oldSave(t, sample(t, hostPlatform()), "a:1")...)
	for name, broken := range map[string][]byte{
		"gzip, cut":          gzipped(t, raw)[:2000],
		"gzip, no checksum":  gzipped(t, raw)[:len(gzipped(t, raw))-8],
		"gzip, bits flipped": flipped(gzipped(t, raw)),
		"zstd, cut":          zstded(t, raw)[:500],
		"zstd, bits flipped": flipped(zstded(t, raw)),
		"gzip, magic alone":  {0x1f, 0x8b},
	} {
		_, err := read(t, writeFile(t, "a.bin", broken), Options{})
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, other := range map[string][]byte{
		"xz": []byte("\xfd7zXZ\x00rest"), "bzip2": []byte("BZh91AY"), "text": []byte("hello"), "nothing": nil,
		"gzip of text": gzipped(t, []byte("hello")), "an ELF program": append([]byte("\x7fELF"), make([]byte, 2000)...),
	} {
		_, err := read(t, writeFile(t, "a.tar", other), Options{})
		if !errors.Is(err, ErrNotImage) && !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func flipped(b []byte) []byte {
	b = bytes.Clone(b)
	for i := len(b) / 2; i < len(b)/2+16; i++ {
		b[i] ^= 0xff
	}
	return b
}

// TestDamagedInRegistry: what a registry serves is held against its digests too.
func TestDamagedInRegistry(t *testing.T) {
	l := sample(t, hostPlatform())
	b := blobs{}
	d := b.manifest(t, l, "+gzip", gzipped)
	layer := digestOf(gzipped(t, l.layers[0]))
	answer := func(part, body string, status int) func(http.ResponseWriter, *http.Request, http.Handler) {
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if !strings.Contains(r.URL.Path, part) {
				next.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, c := range map[string]struct {
		ref   string
		wrap  func(http.ResponseWriter, *http.Request, http.Handler)
		want  error
		blame string
	}{
		"other manifest than the digest asked": {"@" + d.Digest, answer("/manifests/", `{"schemaVersion":2}`, 200), ErrDamaged, d.Digest},
		"manifest too large":                   {":1", answer("/manifests/", strings.Repeat(" ", maxManifest+1), 200), ErrTooLarge, ""},
		"manifest is a web page":               {":1", answer("/manifests/", "<html>", 200), ErrDamaged, ""},
		"configuration gone":                   {":1", answer("/blobs/"+digestOf(l.config), "", 404), ErrDamaged, digestOf(l.config)},
		"configuration is another":             {":1", answer("/blobs/"+digestOf(l.config), strings.Repeat("x", len(l.config)), 200), ErrDamaged, digestOf(l.config)},
		"configuration shorter":                {":1", answer("/blobs/"+digestOf(l.config), "{}", 200), ErrDamaged, digestOf(l.config)},
		"layer gone":                           {":1", answer("/blobs/"+layer, "", 404), ErrDamaged, layer},
		"layer too short":                      {":1", answer("/blobs/"+layer, "short", 200), ErrDamaged, layer},
		"layer too long":                       {":1", answer("/blobs/"+layer, strings.Repeat("x", 1<<20), 200), ErrDamaged, layer},
		"not a registry":                       {":1", answer("/v2/", "not found", 404), ErrUnreachable, ""},
		"forbidden":                            {":1", answer("/manifests/", `{"errors":[{"code":"DENIED","message":"no"}]}`, 403), ErrUnauthorized, ""},
		"teapot":                               {":1", answer("/manifests/", "", 418), ErrUnreachable, "418"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := newRegistry(t)
			reg.push(t, "team/sample", "1", b, d)
			reg.misbehave(c.wrap)
			_, err := read(t, "docker://"+reg.host()+"/team/sample"+c.ref, Options{})
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.blame) {
				t.Fatalf("got %v, want %v about %s", err, c.want, c.blame)
			}
			checkOneKind(t, err)
		})
	}
}

func TestNoSuchNameOrTag(t *testing.T) {
	for title, coded := range map[string]string{"telling registry": "", "vague registry": "MANIFEST_UNKNOWN", "silent registry": "-"} {
		t.Run(title, func(t *testing.T) {
			reg, _ := pushed(t)
			if coded != "" {
				reg.misbehave(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					if !strings.Contains(r.URL.Path, "/manifests/") {
						next.ServeHTTP(w, r)
						return
					}
					w.WriteHeader(http.StatusNotFound)
					if coded != "-" {
						_, _ = w.Write([]byte(`{"errors":[{"code":"` + coded + `","message":"manifest unknown"}]}`))
					}
				})
			}
			for ref, want := range map[string]error{
				"/team/absent:1": ErrNotFound,
				"/team/sample:2": ErrNoTag,
				"/team/sample@sha256:" + strings.Repeat("0", 64): ErrNoTag,
			} {
				_, err := read(t, "docker://"+reg.host()+ref, Options{})
				if !errors.Is(err, want) {
					t.Errorf("%s: got %v, want %v", ref, err, want)
				}
				checkOneKind(t, err)
				if want == ErrNoTag && !strings.Contains(err.Error(), "its tags are 1") {
					t.Errorf("%s: %v does not list the tags", ref, err)
				}
			}
		})
	}
}
