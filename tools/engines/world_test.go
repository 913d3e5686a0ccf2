package engines

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// image is the name of the image that all forms hold.
const image = "lab/python:3.8-slim"

// world is what tools/engines.sh started; scripts and references see its
// fields as variables.
type world struct {
	work string
	// docker, containerd (Docker with that image store) and podman are
	// addresses, empty where the machine has no such engine.
	docker, containerd, podman string
	// variables for scripts and references: R is the registry, DIGEST the
	// image's manifest there, CONFIG its configuration.
	variables map[string]string
}

// need skips a test where an engine isn't there.
func (w *world) need(t *testing.T, engines ...string) {
	t.Helper()
	there := map[string]string{"docker": w.docker, "containerd": w.containerd, "podman": w.podman}
	for _, e := range engines {
		if there[e] == "" {
			t.Skipf("no %s engine here", e)
		}
	}
}

var prepared = sync.OnceValues(prepare)

// here returns the world, or skips the test.
func here(t *testing.T) *world {
	t.Helper()
	if os.Getenv("ENGINES_WORK") == "" {
		t.Skip("needs real engines: run tools/engines.sh")
	}
	w, err := prepared()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// prepare brings the image into the registry and the engines.
func prepare() (*world, error) {
	w := &world{
		work:   os.Getenv("ENGINES_WORK"),
		docker: os.Getenv("ENGINES_DOCKER"), containerd: os.Getenv("ENGINES_CONTAINERD"), podman: os.Getenv("ENGINES_PODMAN"),
		variables: map[string]string{"R": os.Getenv("ENGINES_REGISTRY")},
	}
	if w.variables["R"] == "" {
		return nil, errors.New("the registry did not start: see registry.log")
	}
	source := filepath.Join(w.work, "lab", "images", "python-3.8-slim")
	img, err := onlyImage(source)
	if err != nil {
		return nil, err
	}
	digest, err := img.Digest()
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigName()
	if err != nil {
		return nil, err
	}
	maps.Copy(w.variables, map[string]string{
		"LAYOUT": source + ":python:3.8-slim", "IMAGE": image,
		"DIGEST": digest.String(), "CONFIG": config.String(), "ID": config.Hex[:12],
	})
	if err := attest(img, filepath.Join(w.work, "attested")); err != nil {
		return nil, err
	}
	script := `
		skopeo copy -q --dest-tls-verify=false oci:$LAYOUT docker://$R/$IMAGE
		skopeo copy -q --dest-tls-verify=false --all oci:attested docker://$R/attested:1
		skopeo copy -q --dest-compress --dest-compress-format zstd oci:$LAYOUT oci:zstd:x
		skopeo copy -q --dest-tls-verify=false oci:zstd:x docker://$R/zstd:1
		skopeo copy -q oci:$LAYOUT docker-archive:skopeo.tar:$IMAGE`
	if w.docker != "" {
		script += "\n$DOCKER load -q -i skopeo.tar"
	}
	if w.podman != "" {
		script += "\npodman load -q -i skopeo.tar"
	}
	if out, err := w.command(script, w.engines()).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return w, nil
}

func onlyImage(dir string) (v1.Image, error) {
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	return index.Image(manifest.Manifests[0].Digest)
}

// attest writes a layout with an index as BuildKit writes it by default: the
// image, and an attestation about it that is no platform.
func attest(img v1.Image, dir string) error {
	digest, err := img.Digest()
	if err != nil {
		return err
	}
	statement := static.NewLayer([]byte(`{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://slsa.dev/provenance/v0.2"}`), "application/vnd.in-toto+json")
	attestation, err := mutate.AppendLayers(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), statement)
	if err != nil {
		return err
	}
	index := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}},
		mutate.IndexAddendum{Add: attestation, Descriptor: v1.Descriptor{
			Platform:    &v1.Platform{OS: "unknown", Architecture: "unknown"},
			Annotations: map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest.String()},
		}})
	_, err = layout.Write(dir, mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: index}))
	return err
}

// engines are the variables by which docker, podman and plimsoll find the engines.
func (w *world) engines() map[string]string {
	return map[string]string{"DOCKER_HOST": w.docker, "CONTAINER_HOST": w.podman}
}

// noEngines hides the engines.
func (w *world) noEngines() map[string]string {
	nowhere := "unix://" + filepath.Join(w.work, "nowhere.sock")
	return map[string]string{"DOCKER_HOST": nowhere, "CONTAINER_HOST": nowhere}
}

// onContainerd makes Docker with the containerd image store the only engine.
func (w *world) onContainerd() map[string]string {
	env := w.noEngines()
	env["DOCKER_HOST"] = w.containerd
	return env
}

// command prepares a script that runs in the working folder.
func (w *world) command(script string, env map[string]string) *exec.Cmd {
	cmd := exec.Command("sh", "-euc", script)
	cmd.Dir = w.work
	cmd.Env = os.Environ()
	for _, variables := range []map[string]string{w.variables, env} {
		for k, v := range variables {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
	}
	return cmd
}

func (w *world) run(t *testing.T, script string, env map[string]string) {
	t.Helper()
	if out, err := w.command(script, env).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// scanned is what a scan left.
type scanned struct {
	status   int
	stderr   string
	verdicts []map[string]any
}

// scan runs plimsoll; ref and what stands behind it may use the variables.
// From is a command whose output is the standard input, if any.
func (w *world) scan(t *testing.T, from, ref string, env map[string]string) scanned {
	t.Helper()
	script := "$PLIMSOLL scan --no-cache -o json " + ref
	if from != "" {
		script = from + " | " + script
	}
	return finish(t, w.command(script, env))
}

func finish(t *testing.T, cmd *exec.Cmd) scanned {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	s := scanned{status: cmd.ProcessState.ExitCode(), stderr: stderr.String()}
	if stdout.Len() > 0 {
		var report struct{ Verdicts []map[string]any }
		if err := json.Unmarshal(stdout.Bytes(), &report); err != nil {
			t.Fatalf("%v in %.200s", err, stdout.String())
		}
		s.verdicts = report.Verdicts
	}
	return s
}

// verdict is the only one of a scan that passed.
func (s scanned) verdict(t *testing.T) map[string]any {
	t.Helper()
	if s.status != 0 || len(s.verdicts) != 1 {
		t.Fatalf("exit status %d, %d verdicts: %s", s.status, len(s.verdicts), s.stderr)
	}
	return s.verdicts[0]
}

// about takes what a verdict says about the source out of it.
func about(verdict map[string]any) map[string]any {
	img := verdict["image"].(map[string]any)
	source := map[string]any{}
	for _, key := range []string{"reference", "name", "source", "via", "digest", "indexDigest", "configDigest", "platforms", "notes"} {
		source[key] = img[key]
		delete(img, key)
	}
	for _, layer := range img["layers"].([]any) {
		delete(layer.(map[string]any), "digest")
		delete(layer.(map[string]any), "size")
	}
	return source
}

// canonical is the name that a verdict gives an image.
func canonical(t *testing.T, s string) string {
	t.Helper()
	ref, err := name.ParseReference(s)
	if err != nil {
		t.Fatal(err)
	}
	return ref.Name()
}

func (w *world) expand(s string) string {
	return os.Expand(s, func(k string) string { return w.variables[k] })
}

func notes(source map[string]any) string {
	list, _ := source["notes"].([]any)
	var all []string
	for _, n := range list {
		all = append(all, fmt.Sprint(n))
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}
