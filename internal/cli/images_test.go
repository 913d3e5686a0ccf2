package cli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/klauspost/compress/zstd"

	"plimsoll/internal/lab"
)

// built is an image before it takes a form: its configuration and its
// uncompressed layers, base first.
type built struct {
	config []byte
	layers [][]byte
}

// entry is one file of a layer.
type entry struct {
	name, content, link string
	typeflag            byte
	mode                int64 // 0 for 0755
}

func tarOf(entries ...entry) []byte {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o755, Size: int64(len(e.content)), Linkname: e.link, Typeflag: e.typeflag, Format: tar.FormatPAX}
		if e.mode != 0 {
			h.Mode = e.mode
		}
		switch {
		case e.typeflag != 0:
		case e.link != "":
			h.Typeflag = tar.TypeSymlink
		default:
			h.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(h); err != nil {
			panic(err)
		}
		if _, err := io.WriteString(w, e.content); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// step is one history line with the layer it made.
type step struct {
	by   string
	tar  []byte
	diff string // the diff ID the configuration claims; empty for the true one
	// empty is set for a line that makes no layer.
	empty bool
}

// configuration is the part of an image's configuration that tests set.
type configuration struct {
	platform string
	env      []string
	labels   map[string]string
	user     string
	ports    map[string]any
}

func build(c configuration, steps ...step) built {
	os, arch, _ := strings.Cut(c.platform, "/")
	if c.platform == "" {
		os, arch = "linux", "amd64"
	}
	arch, variant, _ := strings.Cut(arch, "/")
	var ids []string
	var history []map[string]any
	b := built{}
	for _, s := range steps {
		if s.empty {
			history = append(history, map[string]any{"created": "2024-05-01T00:00:00Z", "created_by": s.by, "empty_layer": true})
			continue
		}
		if s.diff == "" {
			s.diff = digestOf(s.tar)
		}
		ids = append(ids, s.diff)
		history = append(history, map[string]any{"created": "2024-05-01T00:00:00Z", "created_by": s.by})
		b.layers = append(b.layers, s.tar)
	}
	config := map[string]any{
		"created": "2024-05-01T00:00:00Z", "os": os, "architecture": arch,
		"config":  map[string]any{"Env": c.env, "Labels": c.labels, "Cmd": []string{"/app/server"}},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": ids},
		"history": history,
	}
	if variant != "" {
		config["variant"] = variant
	}
	run := config["config"].(map[string]any)
	if c.user != "" {
		run["User"] = c.user
	}
	if c.ports != nil {
		run["ExposedPorts"] = c.ports
	}
	b.config = marshal(config)
	return b
}

func marshal(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// labImage reads one of the demonstration's images back from its layout.
func labImage(l *lab.Lab, name string) (built, error) {
	i := slices.IndexFunc(l.Images, func(i lab.LabImage) bool { return i.Name == name })
	if i < 0 {
		return built{}, fmt.Errorf("the demonstration has no image %q", name)
	}
	index, err := layout.ImageIndexFromPath(l.Images[i].LayoutDir)
	if err != nil {
		return built{}, err
	}
	m, err := index.IndexManifest()
	if err != nil {
		return built{}, err
	}
	img, err := index.Image(m.Manifests[0].Digest)
	if err != nil {
		return built{}, err
	}
	layers, err := img.Layers()
	if err != nil {
		return built{}, err
	}
	var b built
	if b.config, err = img.RawConfigFile(); err != nil {
		return built{}, err
	}
	for _, l := range layers {
		r, err := l.Uncompressed()
		if err != nil {
			return built{}, err
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			return built{}, err
		}
		b.layers = append(b.layers, raw)
	}
	return b, nil
}

// described reads the small language in which scripts describe an image:
//
//	@from lab:python:3.8-slim
//	@platform linux/arm64
//	@env KEY=VALUE
//	@label KEY=VALUE
//	@user 1000
//	@expose 8080/tcp
//	@layer RUN the history line
//	@empty a history line without a layer
//	@file etc/os-release
//	the file's lines, until the next directive
//	@mode 4755
//	@link usr/bin/sh busybox
func described(text string) (built, error) {
	var c configuration
	var steps []step
	var entries []entry
	var below *built
	endLayer := func() {
		if len(steps) > 0 && !steps[len(steps)-1].empty {
			steps[len(steps)-1].tar = tarOf(entries...)
		}
		entries = nil
	}
	for _, line := range strings.SplitAfter(text, "\n") {
		if !strings.HasPrefix(line, "@") {
			if len(entries) > 0 {
				entries[len(entries)-1].content += line
			}
			continue
		}
		directive, rest, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		key, value, _ := strings.Cut(rest, "=")
		switch directive {
		case "@from":
			base, err := labImage(shared.lab, strings.TrimPrefix(rest, "lab:"))
			if err != nil {
				return built{}, err
			}
			below = &base
		case "@platform":
			c.platform = rest
		case "@env":
			c.env = append(c.env, rest)
		case "@label":
			if c.labels == nil {
				c.labels = map[string]string{}
			}
			c.labels[key] = value
		case "@user":
			c.user = rest
		case "@expose":
			if c.ports == nil {
				c.ports = map[string]any{}
			}
			c.ports[rest] = map[string]any{}
		case "@layer":
			endLayer()
			steps = append(steps, step{by: rest})
		case "@empty":
			endLayer()
			steps = append(steps, step{by: rest, empty: true})
		case "@file":
			entries = append(entries, entry{name: rest})
		case "@mode":
			mode, err := strconv.ParseInt(rest, 8, 64)
			if err != nil {
				return built{}, err
			}
			entries[len(entries)-1].mode = mode
		case "@link":
			name, target, _ := strings.Cut(rest, " ")
			entries = append(entries, entry{name: name, link: target})
		default:
			return built{}, fmt.Errorf("no directive %s", directive)
		}
	}
	endLayer()
	img := build(c, steps...)
	if below == nil {
		return img, nil
	}
	return img.onto(*below)
}

// onto puts an image's layers and history on top of another's.
func (b built) onto(base built) (built, error) {
	var own, under map[string]any
	if err := errors.Join(json.Unmarshal(b.config, &own), json.Unmarshal(base.config, &under)); err != nil {
		return built{}, err
	}
	list := func(m map[string]any, key string) []any { all, _ := m[key].([]any); return all }
	rootfs, underRootfs := own["rootfs"].(map[string]any), under["rootfs"].(map[string]any)
	rootfs["diff_ids"] = append(list(underRootfs, "diff_ids"), list(rootfs, "diff_ids")...)
	own["history"] = append(list(under, "history"), list(own, "history")...)
	return built{config: marshal(own), layers: append(slices.Clone(base.layers), b.layers...)}, nil
}

// on returns the same image for another platform.
func (b built) on(platform string) (built, error) {
	var config map[string]any
	if err := json.Unmarshal(b.config, &config); err != nil {
		return built{}, err
	}
	parts := strings.Split(platform, "/")
	config["os"], config["architecture"] = parts[0], parts[1]
	delete(config, "variant")
	if len(parts) > 2 {
		config["variant"] = parts[2]
	}
	b.config = marshal(config)
	return b, nil
}

func (b built) platform() map[string]string {
	var p struct{ OS, Architecture, Variant string }
	if err := json.Unmarshal(b.config, &p); err != nil {
		panic(err)
	}
	m := map[string]string{"os": p.OS, "architecture": p.Architecture}
	if p.Variant != "" {
		m["variant"] = p.Variant
	}
	return m
}

// compressions are the ways a layer may be stored.
func compressions() map[string]func([]byte) []byte {
	return map[string]func([]byte) []byte{
		"none": func(b []byte) []byte { return b },
		"gzip": gzipped,
		"zstd": func(b []byte) []byte {
			w, err := zstd.NewWriter(nil)
			if err != nil {
				panic(err)
			}
			defer w.Close()
			return w.EncodeAll(b, nil)
		},
	}
}

func gzipped(b []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(b); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	indexType    = "application/vnd.oci.image.index.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar"
)

type descriptor map[string]any

func describe(mediaType string, raw []byte) descriptor {
	return descriptor{"mediaType": mediaType, "digest": digestOf(raw), "size": len(raw)}
}

// blobs are the files of an OCI layout by path.
type blobs map[string][]byte

func (b blobs) add(raw []byte) []byte {
	b["blobs/sha256/"+strings.TrimPrefix(digestOf(raw), "sha256:")] = raw
	return raw
}

// manifest adds an image's blobs and manifest, and returns its descriptor.
func (b blobs) manifest(img built, compression string) descriptor {
	layers := []descriptor{}
	mediaType := layerType
	if compression != "none" {
		mediaType += "+" + compression
	}
	for _, l := range img.layers {
		layers = append(layers, describe(mediaType, b.add(compressions()[compression](l))))
	}
	d := describe(manifestType, b.add(marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType,
		"config": describe(configType, b.add(img.config)), "layers": layers,
	})))
	d["platform"] = img.platform()
	return d
}

// top finishes the layout.
func (b blobs) top(manifests ...descriptor) blobs {
	b["oci-layout"] = []byte(`{"imageLayoutVersion":"1.0.0"}`)
	b["index.json"] = marshal(map[string]any{"schemaVersion": 2, "mediaType": indexType, "manifests": manifests})
	return b
}

// saved is an archive as docker save writes it, before version 25 where plain.
func saved(img built, compression string) blobs {
	b := blobs{}
	config := strings.TrimPrefix(digestOf(img.config), "sha256:") + ".json"
	b[config] = img.config
	var names []string
	for i, l := range img.layers {
		name := fmt.Sprintf("%064x/layer.tar", i+1)
		b[name] = compressions()[compression](l)
		names = append(names, name)
	}
	b["manifest.json"] = marshal([]map[string]any{{"Config": config, "RepoTags": []string{"app:1"}, "Layers": names}})
	return b
}

func (b blobs) tar() []byte {
	var entries []entry
	for _, name := range slices.Sorted(maps.Keys(b)) {
		entries = append(entries, entry{name: name, content: string(b[name])})
	}
	return tarOf(entries...)
}

func (b blobs) folder(dir string) error {
	for name, raw := range b {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, raw, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// writeForm writes images (one for each platform) in one of the forms.
func writeForm(out, form, compression string, images []built) error {
	oci := func() blobs {
		b := blobs{}
		var all []descriptor
		for _, img := range images {
			all = append(all, b.manifest(img, compression))
		}
		return b.top(all...)
	}
	switch form {
	case "oci":
		return oci().folder(out)
	case "oci-tar":
		return os.WriteFile(out, oci().tar(), 0o644)
	case "oci-tar.gz":
		return os.WriteFile(out, gzipped(oci().tar()), 0o644)
	case "save":
		return os.WriteFile(out, saved(images[0], compression).tar(), 0o644)
	case "save.gz":
		return os.WriteFile(out, gzipped(saved(images[0], compression).tar()), 0o644)
	}
	return fmt.Errorf("no form %q", form)
}

func digestReader(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}
