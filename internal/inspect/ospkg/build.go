package ospkg

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// buildInspector reads which Red Hat image a layer was built as from the
// Dockerfile that Red Hat's build system leaves in it. Images from before 2020
// have no content manifest, and databases know their repositories by build.
type buildInspector struct{}

func (buildInspector) Name() string { return "redhat-build" }
func (buildInspector) Version() int { return 1 }

const buildPrefix = "root/buildinfo/Dockerfile-"

func (buildInspector) Wants(f *inspect.File) inspect.Want {
	if strings.HasPrefix(f.Path, buildPrefix) {
		return inspect.Whole
	}
	return inspect.Nothing
}

// Labels of these files, written name=value or name value, quoted or not.
var (
	componentLabel    = regexp.MustCompile(`(?m)(?:^|[\s"'])com\.redhat\.component["']?[= ]\s*["']?([A-Za-z0-9._+-]+)`)
	architectureLabel = regexp.MustCompile(`(?m)(?:^|[\s"'])architecture["']?[= ]\s*["']?([A-Za-z0-9._+-]+)`)
)

// Inspect joins the labels with the version and release that end the file's
// name: Dockerfile-ubi8-8.2-347. A file without them says nothing.
func (buildInspector) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	if len(content) > maxRelease {
		return fmt.Errorf("a Dockerfile of %d bytes, more than %d", len(content), maxRelease)
	}
	name := strings.TrimPrefix(f.Path, buildPrefix)
	part := strings.Split(name, "-")
	component := componentLabel.FindSubmatch(content)
	arch := architectureLabel.FindSubmatch(content)
	if len(part) < 3 || component == nil || arch == nil {
		return nil
	}
	build := strings.Join([]string{text(component[1]), part[len(part)-2], part[len(part)-1], text(arch[1])}, "-")
	out.Releases = append(out.Releases, evidence.Release{
		Path:         f.Path,
		Distribution: inventory.Distribution{Build: build},
	})
	return nil
}
