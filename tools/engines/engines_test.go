package engines

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// form is one way of having the image.
type form struct {
	name string
	// needs are the engines without which it can't be made.
	needs []string
	// make is a script; from is a command whose output is scanned.
	make, from string
	ref        string
	source     string
	// called is the image's name in the verdict, empty where there is none.
	called string
	// digest is the manifest's digest in the verdict; "any" where the form has
	// one of its own, "maybe" where it depends on the engine's version.
	digest string
	// rewritten is set where the configuration may be another.
	rewritten bool
}

const (
	docker     = "docker"
	podman     = "podman"
	containerd = "containerd"
)

func forms() []form {
	inDocker, inPodman := []string{docker}, []string{podman}
	return []form{
		{name: "registry, tag", ref: "docker://$R/$IMAGE", source: "registry", called: "$R/$IMAGE", digest: "$DIGEST"},
		{name: "registry, digest", ref: "docker://$R/lab/python@$DIGEST", source: "registry", called: "$R/lab/python@$DIGEST", digest: "$DIGEST"},
		{name: "registry, tag and digest", ref: "docker://$R/$IMAGE@$DIGEST", source: "registry", called: "$R/lab/python@$DIGEST", digest: "$DIGEST"},
		{name: "registry, attested", ref: "docker://$R/attested:1", source: "registry", called: "$R/attested:1", digest: "$DIGEST"},
		{name: "registry, zstd", ref: "docker://$R/zstd:1", source: "registry", called: "$R/zstd:1", digest: "any"},
		{name: "registry, pushed by docker", needs: inDocker, make: "$DOCKER tag $IMAGE $R/by-docker:1; $DOCKER push $R/by-docker:1", ref: "docker://$R/by-docker:1", source: "registry", called: "$R/by-docker:1", digest: "any"},
		{name: "registry, pushed by podman", needs: inPodman, make: "podman push -q --tls-verify=false $IMAGE $R/by-podman:1", ref: "docker://$R/by-podman:1", source: "registry", called: "$R/by-podman:1", digest: "any"},

		{name: "docker engine", needs: inDocker, ref: "docker:$IMAGE", source: docker, called: "$IMAGE"},
		{name: "docker engine, plain name", needs: inDocker, ref: "$IMAGE", source: docker, called: "$IMAGE"},
		{name: "docker engine, ID", needs: inDocker, ref: "docker:$CONFIG", source: docker},
		{name: "docker engine, part of ID", needs: inDocker, ref: "docker:$ID", source: docker},
		{name: "docker engine, pulled", needs: inDocker, make: "$DOCKER pull -q $R/$IMAGE", ref: "docker:$R/$IMAGE", source: docker, called: "$R/$IMAGE"},
		{name: "docker engine, pulled, digest", needs: inDocker, make: "$DOCKER pull -q $R/lab/python@$DIGEST", ref: "docker:$R/lab/python@$DIGEST", source: docker, called: "$R/lab/python@$DIGEST"},
		{name: "docker engine, attested", needs: inDocker, make: "$DOCKER pull -q $R/attested:1", ref: "docker:$R/attested:1", source: docker, called: "$R/attested:1"},
		{name: "docker save", needs: inDocker, make: "$DOCKER save -o docker.tar $IMAGE", ref: "docker.tar", source: "docker-archive", called: "$IMAGE", digest: "maybe"},
		{name: "docker save, piped", needs: inDocker, from: "$DOCKER save $IMAGE", ref: "-", source: "docker-archive", called: "$IMAGE", digest: "maybe"},
		{name: "docker save, gzip piped", needs: inDocker, from: "$DOCKER save $IMAGE | gzip -1", ref: "-", source: "docker-archive", called: "$IMAGE", digest: "maybe"},

		{name: "podman engine", needs: inPodman, ref: "podman:$IMAGE", source: podman, called: "$IMAGE"},
		{name: "podman engine, ID", needs: inPodman, ref: "podman:$CONFIG", source: podman},
		{name: "podman engine, part of ID", needs: inPodman, ref: "podman:$ID", source: podman},
		{name: "podman engine, attested", needs: inPodman, make: "podman pull -q --tls-verify=false $R/attested:1", ref: "podman:$R/attested:1", source: podman, called: "$R/attested:1"},
		{name: "podman save", needs: inPodman, make: "podman save -q -o podman.tar $IMAGE", ref: "podman.tar", source: "docker-archive", called: "$IMAGE"},
		{name: "podman save, OCI", needs: inPodman, make: "podman save -q --format oci-archive -o podman-oci.tar $IMAGE", ref: "podman-oci.tar", source: "oci-archive", called: "$IMAGE", digest: "any", rewritten: true},
		{name: "podman save, OCI, piped", needs: inPodman, from: "podman save -q --format oci-archive $IMAGE", ref: "-", source: "oci-archive", called: "$IMAGE", digest: "any", rewritten: true},
		{name: "podman save, OCI folder", needs: inPodman, make: "podman save -q --format oci-dir -o podman-oci $IMAGE", ref: "oci:podman-oci", source: "oci-layout", called: "$IMAGE", digest: "any", rewritten: true},
		// What a remote Podman writes here is an unpacked docker-archive.
		{name: "podman save, dir", needs: inPodman, make: "podman save -q --format docker-dir -o $PWD/podman-dir $IMAGE", ref: "./podman-dir", source: "docker-archive", called: "$IMAGE"},
		// Last: Podman then has two manifests of one image ID.
		{name: "podman engine, pulled", needs: inPodman, make: "podman pull -q --tls-verify=false $R/$IMAGE", ref: "podman:$R/$IMAGE", source: podman, called: "$R/$IMAGE"},
		{name: "podman engine, zstd", needs: inPodman, make: "podman pull -q --tls-verify=false $R/zstd:1", ref: "podman:$R/zstd:1", source: podman, called: "$R/zstd:1"},

		{name: "skopeo docker-archive", ref: "skopeo.tar", source: "docker-archive", called: "$IMAGE"},
		{name: "skopeo oci", make: "skopeo copy -q oci:$LAYOUT oci:skopeo-oci:x", ref: "oci:skopeo-oci:x", source: "oci-layout", digest: "$DIGEST"},
		{name: "skopeo oci, zstd", ref: "oci:zstd:x", source: "oci-layout", digest: "any"},
		{name: "skopeo oci-archive", make: "skopeo copy -q oci:$LAYOUT oci-archive:skopeo-oci.tar:$IMAGE", ref: "skopeo-oci.tar", source: "oci-archive", called: "$IMAGE", digest: "$DIGEST"},
		{name: "skopeo dir", make: "skopeo copy -q oci:$LAYOUT dir:skopeo-dir", ref: "dir:skopeo-dir", source: "dir", digest: "$DIGEST"},
		{name: "skopeo dir, with index", make: "skopeo copy -q --all oci:attested dir:skopeo-dirs", ref: "./skopeo-dirs", source: "dir", digest: "$DIGEST"},
	}
}

// storeForms are those of Docker's containerd image store. The store is emptied
// before each: it shares layers between images and can't give all of the second.
func storeForms() []form {
	needs := []string{containerd}
	return []form{
		{name: "loaded", needs: needs, make: "$DOCKER load -q -i skopeo.tar", ref: "docker:$IMAGE", source: docker, called: "$IMAGE", digest: "any"},
		{name: "pulled", needs: needs, make: "$DOCKER pull -q $R/$IMAGE", ref: "docker:$R/$IMAGE", source: docker, called: "$R/$IMAGE", digest: "$DIGEST"},
		{name: "pulled, platform asked", needs: needs, make: "$DOCKER pull -q $R/$IMAGE", ref: "docker:$R/$IMAGE --platform linux/amd64", source: docker, called: "$R/$IMAGE", digest: "$DIGEST"},
		{name: "pulled, digest", needs: needs, make: "$DOCKER pull -q $R/lab/python@$DIGEST", ref: "docker:$R/lab/python@$DIGEST", source: docker, called: "$R/lab/python@$DIGEST", digest: "$DIGEST"},
		{name: "pulled, ID", needs: needs, make: "$DOCKER pull -q $R/$IMAGE", ref: "docker:$DIGEST", source: docker, digest: "$DIGEST"},
		{name: "zstd", needs: needs, make: "$DOCKER pull -q $R/zstd:1", ref: "docker:$R/zstd:1", source: docker, called: "$R/zstd:1", digest: "any"},
		{name: "attested", needs: needs, make: "$DOCKER pull -q $R/attested:1", ref: "docker:$R/attested:1", source: docker, called: "$R/attested:1", digest: "$DIGEST"},
		{name: "attested, platform asked", needs: needs, make: "$DOCKER pull -q $R/attested:1", ref: "docker:$R/attested:1 --platform linux/amd64", source: docker, called: "$R/attested:1", digest: "$DIGEST"},
		{name: "docker save", needs: needs, make: "$DOCKER pull -q $R/$IMAGE; $DOCKER save -o store.tar $R/$IMAGE", ref: "store.tar", source: "docker-archive", called: "$R/$IMAGE", digest: "$DIGEST"},
		{name: "docker save, piped", needs: needs, make: "$DOCKER pull -q $R/attested:1", from: "$DOCKER save $R/attested:1", ref: "-", source: "docker-archive", called: "$R/attested:1", digest: "$DIGEST"},
	}
}

// emptyStore removes all images from Docker.
const emptyStore = "$DOCKER images -q | sort -u | xargs -r $DOCKER rmi -f >emptied; "

// TestSameVerdictInEveryForm claims that an image gets one verdict whoever
// keeps it, sends it or packs it.
func TestSameVerdictInEveryForm(t *testing.T) {
	w := here(t)
	want := w.scan(t, "", "docker://$R/$IMAGE", w.noEngines()).verdict(t)
	about(want)
	if packages := want["packages"].([]any); len(packages) < 100 {
		t.Fatalf("%d packages", len(packages))
	}
	for _, f := range forms() {
		t.Run(f.name, func(t *testing.T) { w.holds(t, f, want, w.engines()) })
	}
	for _, f := range storeForms() {
		f.make = emptyStore + f.make
		t.Run("containerd image store, "+f.name, func(t *testing.T) { w.holds(t, f, want, w.onContainerd()) })
	}
}

// holds compares the verdict on one form with the one wanted.
func (w *world) holds(t *testing.T, f form, want map[string]any, env map[string]string) {
	w.need(t, f.needs...)
	if f.make != "" {
		w.run(t, f.make, env)
	}
	got := w.scan(t, f.from, f.ref, env).verdict(t)
	source := about(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("another verdict (-want +got):\n%.3000s", diff)
	}
	if source["source"] != f.source || source["via"] == nil {
		t.Errorf("source %v via %v, want %s", source["source"], source["via"], f.source)
	}
	if source["configDigest"] != w.variables["CONFIG"] && !f.rewritten {
		t.Errorf("configuration %v, want %s", source["configDigest"], w.variables["CONFIG"])
	}
	called := any(nil)
	if f.called != "" {
		called = canonical(t, w.expand(f.called))
	}
	if source["name"] != called {
		t.Errorf("called %v, want %v", source["name"], called)
	}
	switch digest := source["digest"]; {
	case f.digest == "maybe", f.digest == "any" && digest != nil, f.digest == "" && digest == nil, f.digest != "" && digest == w.expand(f.digest):
	default:
		t.Errorf("digest %v, want %q", digest, w.expand(f.digest))
	}
}

// TestPlainName claims that the local engines come before the registry, and that
// this is said.
func TestPlainName(t *testing.T) {
	w := here(t)
	w.need(t, docker, podman)
	w.run(t, `skopeo copy -q --dest-tls-verify=false oci:$LAYOUT docker://$R/plain:1; podman pull -q --tls-verify=false $R/plain:1`, w.engines())
	dockerOnly, podmanOnly := w.engines(), w.engines()
	dockerOnly["CONTAINER_HOST"], podmanOnly["DOCKER_HOST"] = "unix://"+w.work+"/nowhere.sock", "unix://"+w.work+"/nowhere.sock"
	for _, c := range []struct {
		env    map[string]string
		source string
		says   []string
	}{
		{w.engines(), podman, []string{"from podman engine at " + w.podman, "a registry may hold a newer one"}},
		{podmanOnly, podman, []string{"from podman engine"}},
		{dockerOnly, "registry", []string{"docker engine at " + w.docker + " does not hold it", "podman engine at unix://" + w.work + "/nowhere.sock is not running"}},
	} {
		got := w.scan(t, "", "$R/plain:1", c.env)
		source := about(got.verdict(t))
		if source["source"] != c.source {
			t.Errorf("source %v, want %s", source["source"], c.source)
		}
		for _, text := range c.says {
			if !strings.Contains(notes(source), text) || !strings.Contains(got.stderr, text) {
				t.Errorf("%q is not in the notes %q and on standard error %q", text, notes(source), got.stderr)
			}
		}
	}
}

// TestFailures claims that each failure says which it was.
func TestFailures(t *testing.T) {
	w := here(t)
	w.need(t, docker, podman)
	for _, c := range []struct {
		ref    string
		env    map[string]string
		status int
		says   string
	}{
		{"docker:lab/other:1", w.engines(), 3, "no such image: docker engine at"},
		{"podman:lab/other:1", w.engines(), 3, "no such image: podman engine at"},
		{"docker:lab/python:4", w.engines(), 3, "no such image: docker engine at"},
		{"podman:dir:x", w.engines(), 3, "no such image: podman engine at"},
		{"docker:UPPER", w.engines(), 2, "must be lowercase"},
		{"podman:UPPER", w.engines(), 3, "must be lowercase"},
		{"docker:$IMAGE --platform linux/s390x", w.engines(), 3, "no such platform: docker engine at"},
		{"podman:$IMAGE --platform linux/s390x", w.engines(), 3, "no such platform: podman engine at"},
		{"docker:$IMAGE", w.noEngines(), 3, "engine not running: docker engine"},
		{"podman:$IMAGE", w.noEngines(), 3, "engine not running: podman engine"},
		{"docker://$R/lab/python:4", w.engines(), 3, "no such tag"},
		{"docker://$R/lab/other:1", w.engines(), 3, "no such"},
	} {
		if got := w.scan(t, "", c.ref, c.env); got.status != c.status || !strings.Contains(got.stderr, c.says) || len(got.verdicts) > 0 {
			t.Errorf("%s: exit status %d: %s want %d and %q", c.ref, got.status, got.stderr, c.status, c.says)
		}
	}
}

// TestStoppedEngine claims that an engine that has gone away, and left its
// socket, is told from one that doesn't hold the image.
func TestStoppedEngine(t *testing.T) {
	w := here(t)
	w.need(t, podman)
	socket := filepath.Join(w.work, "stopped.sock")
	env := w.noEngines()
	env["CONTAINER_HOST"] = "unix://" + socket
	service := exec.Command("podman", "--root", filepath.Join(w.work, "stopped"), "--runroot", filepath.Join(w.work, "stopped-run"),
		"--storage-driver", "vfs", "--events-backend", "file", "--cgroup-manager", "cgroupfs", "system", "service", "--time=0", "unix://"+socket)
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	var got scanned
	for range 20 {
		if got = w.scan(t, "", "podman:$IMAGE", env); strings.Contains(got.stderr, "no such image") {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	if err := service.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = service.Wait() // it was killed
	if !strings.Contains(got.stderr, "no such image: podman engine at unix://"+socket) {
		t.Errorf("running: %s", got.stderr)
	}
	if _, err := os.Stat(socket); err != nil {
		t.Fatal(err)
	}
	if got = w.scan(t, "", "podman:$IMAGE", env); !strings.Contains(got.stderr, "engine not running: podman engine") || !strings.Contains(got.stderr, "refused") {
		t.Errorf("stopped: %s", got.stderr)
	}
}

// TestForbiddenSocket claims that a user who may not open an engine's socket is
// told so, and still gets images from the registry.
func TestForbiddenSocket(t *testing.T) {
	w := here(t)
	w.need(t, docker)
	asNobody := func(ref string) scanned {
		cmd := w.command("$PLIMSOLL scan --no-cache -o json "+ref, w.engines())
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		return finish(t, cmd)
	}
	got := asNobody("docker:$IMAGE")
	if got.status != 3 || !strings.Contains(got.stderr, "no permission to use the engine: docker engine") || !strings.Contains(got.stderr, "permission denied") {
		t.Errorf("exit status %d: %s", got.status, got.stderr)
	}
	source := about(asNobody("$R/$IMAGE").verdict(t))
	if source["source"] != "registry" || !strings.Contains(notes(source), "may not be asked by this user") {
		t.Errorf("source %v, notes %s", source["source"], notes(source))
	}
}

// TestBuilt claims that what a builder has just made gets the same verdict from
// the engine and from the registry it is pushed to.
func TestBuilt(t *testing.T) {
	w := here(t)
	dockerfile := "FROM scratch\nCOPY program /usr/local/bin/\nENTRYPOINT [\"/usr/local/bin/program\"]\n"
	w.run(t, `mkdir built; cp program built; printf '%s' "$DOCKERFILE" >built/Dockerfile`, map[string]string{"DOCKERFILE": dockerfile})
	const buildKit = "DOCKER_BUILDKIT=1 $DOCKER build -q --network host -t $R/NAME:1 built; $DOCKER push $R/NAME:1"
	for _, c := range []struct {
		engine, make, ref string
		env               map[string]string
	}{
		{docker, strings.ReplaceAll(buildKit, "NAME", "buildkit"), "docker:$R/buildkit:1", w.engines()},
		{containerd, strings.ReplaceAll(buildKit, "NAME", "store"), "docker:$R/store:1", w.onContainerd()},
		{podman, "podman build -q -t $R/buildah:1 built; podman push -q --tls-verify=false $R/buildah:1", "podman:$R/buildah:1", w.engines()},
	} {
		t.Run(c.engine, func(t *testing.T) {
			w.need(t, c.engine)
			w.run(t, c.make, c.env)
			local := w.scan(t, "", c.ref, c.env).verdict(t)
			pushed := w.scan(t, "", strings.NewReplacer("docker:", "docker://", "podman:", "docker://").Replace(c.ref), c.env).verdict(t)
			from, to := about(local), about(pushed)
			if diff := cmp.Diff(local, pushed); diff != "" {
				t.Errorf("another verdict (-engine +registry):\n%.3000s", diff)
			}
			if from["configDigest"] != to["configDigest"] || from["name"] != to["name"] {
				t.Errorf("in the engine %v, in the registry %v", from, to)
			}
			if c.engine == containerd && from["digest"] != to["digest"] {
				t.Errorf("digest %v in the image store, %v in the registry", from["digest"], to["digest"])
			}
			if packages := local["packages"].([]any); len(packages) < 5 {
				t.Errorf("%d packages in a Go program", len(packages))
			}
		})
	}
	t.Run("podman's local name", func(t *testing.T) {
		w.need(t, podman)
		w.run(t, "podman build -q -t short:1 built", w.engines())
		if source := about(w.scan(t, "", "podman:short:1", w.engines()).verdict(t)); source["name"] != "localhost/short:1" {
			t.Errorf("called %v", source["name"])
		}
	})
}

// TestPlatforms claims that an index gives a verdict for each platform, and an
// engine the platform that it pulled.
func TestPlatforms(t *testing.T) {
	w := here(t)
	w.need(t, podman)
	w.run(t, `
		mkdir platforms; printf 'FROM scratch\nARG TARGETARCH\nCOPY Dockerfile /$TARGETARCH\n' >platforms/Dockerfile
		for arch in amd64 arm64; do
			podman build -q --platform linux/$arch --build-arg TARGETARCH=$arch --manifest both platforms
		done
		podman manifest push -q --all --tls-verify=false both docker://$R/both:1`, w.engines())
	got := w.scan(t, "", "docker://$R/both:1 --platform all", w.engines())
	var platforms []string
	for _, v := range got.verdicts {
		platforms = append(platforms, fmt.Sprint(v["image"].(map[string]any)["platform"]))
	}
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, platforms); diff != "" {
		t.Errorf("%s\n%s", diff, got.stderr)
	}
	for _, c := range []struct {
		engine, ref string
		env         map[string]string
	}{
		{docker, "docker:$R/both:1", w.engines()},
		{containerd, "docker:$R/both:1", w.onContainerd()},
	} {
		t.Run(c.engine, func(t *testing.T) {
			w.need(t, c.engine)
			w.run(t, "$DOCKER pull -q --platform linux/arm64 $R/both:1", c.env)
			source := w.scan(t, "", c.ref+" --platform linux/arm64", c.env).verdict(t)
			if p := source["image"].(map[string]any)["platform"]; p != "linux/arm64" && p != "linux/arm64/v8" {
				t.Errorf("platform %v", p)
			}
			for _, platform := range []string{" --platform linux/amd64", ""} {
				got := w.scan(t, "", c.ref+platform, c.env)
				if platform == "" && c.engine == docker && got.status == 0 {
					continue // it holds one platform, and gives that
				}
				if got.status != 3 || !strings.Contains(got.stderr, "no such platform") {
					t.Errorf("%q: exit status %d: %s", platform, got.status, got.stderr)
				}
			}
		})
	}
}

// TestSharedLayers claims that an image that the containerd image store can't
// give is not called damaged, and comes from the registry where it may.
func TestSharedLayers(t *testing.T) {
	w := here(t)
	w.need(t, containerd)
	// An image that the store has never had: what is removed stays for a while.
	w.run(t, `
		skopeo copy -q --dest-tls-verify=false oci:lab/images/node-14:node:14 docker://$R/node:gzip
		skopeo copy -q --dest-compress --dest-compress-format zstd oci:lab/images/node-14:node:14 oci:node-zstd:x
		skopeo copy -q --dest-tls-verify=false oci:node-zstd:x docker://$R/node:zstd
		$DOCKER pull -q $R/node:zstd; $DOCKER pull -q $R/node:gzip`, w.onContainerd())
	got := w.scan(t, "", "docker:$R/node:gzip", w.onContainerd())
	if got.status == 0 {
		t.Skip("this Docker gives the whole image")
	}
	if got.status != 3 || !strings.Contains(got.stderr, "engine failed") || !strings.Contains(got.stderr, w.expand("docker://$R/node:gzip")) {
		t.Errorf("exit status %d: %s", got.status, got.stderr)
	}
	source := about(w.scan(t, "", "$R/node:gzip", w.onContainerd()).verdict(t))
	if source["source"] != "registry" || !strings.Contains(notes(source), "could not give it") {
		t.Errorf("source %v, notes %s", source["source"], notes(source))
	}
}
