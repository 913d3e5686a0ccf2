package ospkg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// contentSetInspector reads which Red Hat repositories an image was built
// from. An advisory of Red Hat counts only for packages of the repositories
// that it names.
type contentSetInspector struct{}

func (contentSetInspector) Name() string { return "redhat-content-sets" }
func (contentSetInspector) Version() int { return 1 }

const (
	maxManifest    = 16 << 20
	maxContentSets = 10_000
)

func isContentManifest(path string) bool {
	if !strings.HasSuffix(path, ".json") {
		return false
	}
	for _, dir := range [...]string{"root/buildinfo/content_manifests/", "usr/share/buildinfo/"} {
		if name, ok := strings.CutPrefix(path, dir); ok && !strings.Contains(name, "/") {
			return true
		}
	}
	return false
}

func unmarshal(content []byte, v any) error {
	if len(content) > maxManifest {
		return fmt.Errorf("%d bytes, more than %d", len(content), maxManifest)
	}
	return json.Unmarshal(content, v)
}

func (contentSetInspector) Wants(f *inspect.File) inspect.Want {
	if isContentManifest(f.Path) {
		return inspect.Whole
	}
	return inspect.Nothing
}

func (contentSetInspector) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	var manifest struct {
		ContentSets []string `json:"content_sets"`
	}
	err := unmarshal(content, &manifest)
	if _, other := errors.AsType[*json.UnmarshalTypeError](err); other {
		return nil // a file of another kind in the same folder
	}
	if err != nil {
		return fmt.Errorf("content manifest: %w", err)
	}
	if len(manifest.ContentSets) > maxContentSets {
		return fmt.Errorf("content manifest names %d content sets, more than %d", len(manifest.ContentSets), maxContentSets)
	}
	if len(manifest.ContentSets) > 0 {
		out.Releases = append(out.Releases, evidence.Release{
			Path:         f.Path,
			Distribution: inventory.Distribution{ContentSets: manifest.ContentSets},
		})
	}
	return nil
}

// proInspector reads whether an Ubuntu image was attached to Ubuntu Pro with
// extended security maintenance (ESM), whose fixes have versions of their own.
type proInspector struct{}

func (proInspector) Name() string { return "ubuntu-pro" }
func (proInspector) Version() int { return 1 }

func (proInspector) Wants(f *inspect.File) inspect.Want {
	if f.Path == "var/lib/ubuntu-advantage/status.json" {
		return inspect.Whole
	}
	return inspect.Nothing
}

func (proInspector) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	var status struct {
		Attached bool `json:"attached"`
		Services []struct {
			Name   string `json:"name"`
			Status string `json:"status"`
		} `json:"services"`
	}
	if err := unmarshal(content, &status); err != nil {
		return fmt.Errorf("status of Ubuntu Pro: %w", err)
	}
	if !status.Attached {
		return nil
	}
	for _, s := range status.Services {
		if (s.Name == "esm-infra" || s.Name == "esm-apps") && s.Status == "enabled" {
			out.Releases = append(out.Releases, evidence.Release{
				Path:         f.Path,
				Distribution: inventory.Distribution{Extended: "esm"},
			})
			return nil
		}
	}
	return nil
}
