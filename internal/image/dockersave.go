package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// savedImage is one entry of a docker-save archive's manifest.json.
type savedImage struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// savedImages resolves a docker-save archive: the old layout, in which layers
// may be links to other layers, and what other tools write in its manner.
func (o *opening) savedImages(ctx context.Context, src archiveSource, f files) ([]*Image, error) {
	raw, err := f.small("manifest.json", maxManifest)
	if err != nil {
		return nil, err
	}
	var all []savedImage
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, damagedf("manifest.json", "not a docker-save manifest: %s", printable(err.Error()))
	}
	if len(all) > maxCandidates {
		return nil, fmt.Errorf("manifest.json: %w: it lists %d images, at most %d are read", ErrTooLarge, len(all), maxCandidates)
	}
	chosen, err := chooseSaved(all, src.selector)
	if err != nil {
		return nil, err
	}
	images := make([]*Image, len(chosen))
	offered := make([]Platform, len(chosen))
	for i, s := range chosen {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if images[i], err = o.savedImage(f, s); err != nil {
			return nil, err
		}
		offered[i] = images[i].Platform
		if slices.Contains(offered[:i], offered[i]) {
			return nil, ambiguous(savedNames(chosen))
		}
	}
	picked, note, err := o.choice.pick(offered)
	if err != nil {
		return nil, err
	}
	var result []*Image
	for _, i := range picked {
		images[i].Platforms = offered
		if note != "" {
			images[i].Notes = append(images[i].Notes, note)
		}
		result = append(result, images[i])
	}
	return result, nil
}

// chooseSaved returns the entries of one image: those the selector names, or
// all where they carry the same tags.
func chooseSaved(all []savedImage, selector string) ([]savedImage, error) {
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: manifest.json lists no image", ErrNotImage)
	}
	var chosen []savedImage
	for _, s := range all {
		if selector == "" || s.selected(selector) {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("%w: %q is not in the archive, which holds %s", ErrNoTag, selector, shorten(savedNames(all), 20))
	}
	for _, s := range chosen[1:] {
		if selector == "" && (len(s.RepoTags) == 0 || !slices.Equal(s.RepoTags, chosen[0].RepoTags)) {
			return nil, ambiguous(savedNames(all))
		}
	}
	return chosen, nil
}

func (s savedImage) selected(selector string) bool {
	if digest, ok := strings.CutPrefix(selector, "@"); ok {
		return digestInName(s.Config) == digest
	}
	return slices.ContainsFunc(s.RepoTags, func(tag string) bool { return sameName(selector, tag) })
}

// savedNames are the tags of the images, or the configuration's digest of one without.
func savedNames(all []savedImage) []string {
	var names []string
	for _, s := range all {
		for _, tag := range s.RepoTags {
			names = append(names, printable(tag))
		}
		if len(s.RepoTags) == 0 {
			names = append(names, "@"+firstOf(digestInName(s.Config), printable(s.Config)))
		}
	}
	return names
}

// savedImage makes an Image of an entry.
func (o *opening) savedImage(f files, s savedImage) (*Image, error) {
	if len(s.Layers) > maxLayers {
		return nil, fmt.Errorf("manifest.json: %w: it claims %d layers, at most %d are read", ErrTooLarge, len(s.Layers), maxLayers)
	}
	raw, err := f.small(s.Config, maxConfig)
	if err != nil {
		return nil, missing(s.Config, err)
	}
	sum := sha256.Sum256(raw)
	img := o.template
	img.Notes = slices.Clone(o.template.Notes)
	img.ConfigDigest = "sha256:" + hex.EncodeToString(sum[:])
	if promised := digestInName(s.Config); promised != "" && promised != img.ConfigDigest {
		return nil, DigestMismatch(s.Config, img.ConfigDigest)
	}
	if len(s.RepoTags) > 0 {
		img.Name = firstOf(canonicalName(s.RepoTags[0]), img.Name)
	}
	if err := img.setConfig(s.Config, raw, len(s.Layers)); err != nil {
		return nil, err
	}
	for i, path := range s.Layers {
		size, err := f.stat(path)
		if err != nil {
			return nil, missing(path, err)
		}
		img.Layers = append(img.Layers, Layer{DiffID: img.Config.RootFS.DiffIDs[i].String(), Size: size, open: f.opener(path)})
	}
	return &img, nil
}

// missing says that manifest.json names a file that isn't there.
func missing(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &DamagedError{Blob: path, Offset: -1, Reason: "it is missing: save the image again", Cause: err}
	}
	return err
}
