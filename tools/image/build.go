package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// program is the binary of one platform.
type program struct {
	Platform v1.Platform
	File     string
}

// recipe is everything an image depends on. Texts that are empty are not written.
type recipe struct {
	Programs []program
	Time     time.Time
	Revision string
	Version  string
	Source   string
	// Tag is the name within the layout (org.opencontainers.image.ref.name).
	Tag string
}

// labels are the keys that image-spec defines (annotations.md), as labels of each
// image and as annotations of its manifest and of the index.
func (r recipe) labels() map[string]string {
	all := map[string]string{
		"org.opencontainers.image.title":       "Plimsoll",
		"org.opencontainers.image.description": "Judges a container image that works: it runs, what else is in it?",
		"org.opencontainers.image.licenses":    "Apache-2.0",
		"org.opencontainers.image.base.name":   "scratch",
		"org.opencontainers.image.created":     r.Time.Format(time.RFC3339),
		"org.opencontainers.image.revision":    r.Revision,
		"org.opencontainers.image.version":     r.Version,
		"org.opencontainers.image.source":      r.Source,
	}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

// index builds the images and the index over them.
func (r recipe) index() (v1.ImageIndex, []v1.Image, error) {
	system, err := layer(systemFiles(), r.Time)
	if err != nil {
		return nil, nil, err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	var images []v1.Image
	for _, p := range r.Programs {
		img, err := r.image(p, system)
		if err != nil {
			return nil, nil, fmt.Errorf("build the image of %s: %w", p.Platform.String(), err)
		}
		platform := p.Platform
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &platform}})
		images = append(images, img)
	}
	annotated, ok := mutate.Annotations(index, r.labels()).(v1.ImageIndex)
	if !ok {
		return nil, nil, errors.New("the index lost its kind when it was annotated")
	}
	return annotated, images, nil
}

func (r recipe) image(p program, system v1.Layer) (v1.Image, error) {
	content, err := os.ReadFile(p.File)
	if err != nil {
		return nil, err
	}
	// A program of another kind would be an image that doesn't start.
	if !bytes.HasPrefix(content, []byte("\x7fELF")) {
		return nil, fmt.Errorf("%s is not an ELF program: build it with GOOS=linux", p.File)
	}
	own, err := layer(programFiles(content), r.Time)
	if err != nil {
		return nil, err
	}
	created := v1.Time{Time: r.Time}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.ConfigFile(img, &v1.ConfigFile{
		OS: p.Platform.OS, Architecture: p.Platform.Architecture, Created: created,
		RootFS: v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{}},
		Config: v1.Config{
			User:       fmt.Sprintf("%d:%d", user, user),
			Entrypoint: []string{"/usr/local/bin/plimsoll"},
			Env: []string{
				"PATH=/usr/local/bin",
				"HOME=" + home,
				"PLIMSOLL_CACHE_DIR=" + home + "/cache",
				"PLIMSOLL_DB_DIR=" + home + "/db",
				"SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
			},
			WorkingDir: "/work",
			Labels:     r.labels(),
		},
	})
	if err != nil {
		return nil, err
	}
	empties := func(by string) mutate.Addendum {
		return mutate.Addendum{History: v1.History{Created: created, CreatedBy: by, EmptyLayer: true}}
	}
	img, err = mutate.Append(img,
		mutate.Addendum{Layer: system, History: v1.History{Created: created, CreatedBy: "COPY rootfs/ /", Comment: "account, roots of TLS, folders to write to"}},
		mutate.Addendum{Layer: own, History: v1.History{
			Created: created, CreatedBy: "COPY plimsoll /usr/local/bin/plimsoll",
			Comment: "go build -trimpath -ldflags=-s -w, " + runtime.Version(),
		}},
		empties("ENV PLIMSOLL_CACHE_DIR="+home+"/cache PLIMSOLL_DB_DIR="+home+"/db"),
		empties("WORKDIR /work"),
		empties(fmt.Sprintf("USER %d:%d", user, user)),
		empties(`ENTRYPOINT ["/usr/local/bin/plimsoll"]`),
	)
	if err != nil {
		return nil, err
	}
	annotated, ok := mutate.Annotations(img, r.labels()).(v1.Image)
	if !ok {
		return nil, errors.New("the image lost its kind when it was annotated")
	}
	return annotated, nil
}
