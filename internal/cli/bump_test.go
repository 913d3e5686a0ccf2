package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"

	"plimsoll/internal/lab"
	"plimsoll/internal/rebuild/base"
	"plimsoll/internal/rebuild/bump"
)

// bumped runs plimsoll bump -o json in a world of its own.
func bumped(t *testing.T, want status, args ...string) bump.Report {
	t.Helper()
	env := map[string]string{
		"PLIMSOLL_DB_DIR": shared.store, "PLIMSOLL_CACHE_DIR": t.TempDir(), "HOME": t.TempDir(), "DOCKER_HOST": "unix:///nowhere.sock",
		"CONTAINER_HOST": "unix:///nowhere.sock", "SOURCE_DATE_EPOCH": strconv.FormatInt(lab.AsOf.Unix(), 10),
	}
	var out, errs bytes.Buffer
	got := Run(t.Context(), Env{
		Args: append([]string{"bump", "-o", "json", "--platform", "linux/amd64"}, args...), Getenv: func(k string) string { return env[k] },
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
	})
	if got != int(want) {
		t.Fatalf("bump %v: exit status %d, not %d: %s", args, got, want, errs.String())
	}
	var r bump.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	return r
}

// put pushes images under a tag, with what stands beside them in an index.
func put(t *testing.T, host, repo, tag string, b blobs, root descriptor) {
	t.Helper()
	send := func(method, url, contentType string, raw []byte) {
		req, err := http.NewRequest(method, url, bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", contentType)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode >= 300 {
			t.Fatalf("%s %s: %s", method, url, resp.Status)
		}
	}
	at := "http://" + host + "/v2/" + repo
	for path, raw := range b {
		digest := "sha256:" + filepath.Base(path)
		send(http.MethodPost, at+"/blobs/uploads/?digest="+digest, "application/octet-stream", raw)
		var doc struct{ MediaType string }
		if json.Unmarshal(raw, &doc) == nil && doc.MediaType == manifestType {
			send(http.MethodPut, at+"/manifests/"+digest, doc.MediaType, raw)
		}
	}
	raw := b["blobs/sha256/"+strings.TrimPrefix(root["digest"].(string), "sha256:")]
	for _, name := range []string{root["digest"].(string), tag} {
		send(http.MethodPut, at+"/manifests/"+name, root["mediaType"].(string), raw)
	}
}

// TestTheBaseIsFoundByProvenanceAndBumped claims the whole way: an image whose
// build's provenance names its base by digest, a tag that was built again since,
// and other versions in the registry's list.
func TestTheBaseIsFoundByProvenanceAndBumped(t *testing.T) {
	if err := shared.build(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	image := func(name string) built {
		img, err := labImage(shared.lab, name)
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	old, rebuilt := image("python:3.8-slim"), image("python:3.8.19-slim")
	app, err := build(configuration{}, step{by: "COPY . /app # buildkit", tar: tarOf(entry{name: "app/main.py", content: "print()"})}).onto(old)
	if err != nil {
		t.Fatal(err)
	}
	// The base was pushed, built on, and its tag was built again.
	b := blobs{}
	oldRoot := b.manifest(old, "gzip")
	put(t, host, "python", "3.8-slim", b, oldRoot)
	b = blobs{}
	put(t, host, "python", "3.8-slim", b, b.manifest(rebuilt, "gzip"))
	for _, tag := range []string{"3.7-slim", "3.8-rc-slim", "2.7"} {
		b = blobs{}
		put(t, host, "python", tag, b, b.manifest(old, "gzip"))
	}

	statement := func(materials ...map[string]any) []byte {
		return marshal(map[string]any{
			"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://slsa.dev/provenance/v0.2",
			"predicate": map[string]any{"materials": materials},
		})
	}
	material := func(uri, digest string) map[string]any {
		return map[string]any{"uri": uri, "digest": map[string]string{"sha256": strings.TrimPrefix(digest, "sha256:")}}
	}
	push := func(repo string, provenance []byte) string {
		b := blobs{}
		d := b.manifest(app, "gzip")
		layer := describe("application/vnd.in-toto+json", b.add(provenance))
		layer["annotations"] = map[string]string{"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}
		beside := describe(manifestType, b.add(marshal(map[string]any{
			"schemaVersion": 2, "mediaType": manifestType, "config": describe(configType, b.add([]byte("{}"))), "layers": []descriptor{layer},
		})))
		beside["platform"] = map[string]string{"os": "unknown", "architecture": "unknown"}
		beside["annotations"] = map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": d["digest"].(string)}
		root := describe(indexType, b.add(marshal(map[string]any{"schemaVersion": 2, "mediaType": indexType, "manifests": []descriptor{d, beside}})))
		put(t, host, repo, "1", b, root)
		return host + "/" + repo + ":1"
	}
	oldDigest := oldRoot["digest"].(string)
	purl := "pkg:docker/" + strings.ReplaceAll(host, ":", "%3A") + "/python@3.8-slim?platform=linux%2Famd64"
	ref := push("app", statement(material(purl, oldDigest), material("pkg:docker/docker/dockerfile@1", oldDigest)))

	a := bumped(t, statusPass, ref).Advice[0]
	if a.Base.Source != base.Provenance || a.Base.Confidence != base.Certain || a.Base.Digest != oldDigest || a.Base.Layers != len(old.layers) {
		t.Errorf("base %+v", a.Base)
	}
	tag := host + "/python:3.8-slim"
	c := a.Find(tag)
	if a.Decision != bump.Bump || a.Recommended != tag || c == nil || c.Clears.Urgent == 0 || c.Adds.Urgent != 0 || c.From != tag+"@"+c.Digest || c.Digest == oldDigest {
		t.Fatalf("recommended %q: %s", a.Recommended, a.Text)
	}
	if a.Before.Counts.Urgent != c.Clears.Urgent+c.Remains.Urgent {
		t.Errorf("%d were there, %d are cleared, %d remain", a.Before.Counts.Urgent, c.Clears.Urgent, c.Remains.Urgent)
	}
	if left := len(a.NotConsidered); left != 4 {
		t.Errorf("not considered: %+v", a.NotConsidered)
	}
	bumped(t, statusFailed, "--exit-code", ref)

	// A stranger's image does not send us to addresses of this network: what it
	// names is said and not asked.
	dir := t.TempDir()
	if err := writeForm(filepath.Join(dir, "app"), "oci", "gzip", []built{labelled(t, app, tag)}); err != nil {
		t.Fatal(err)
	}
	a = bumped(t, statusIncomplete, filepath.Join(dir, "app")).Advice[0]
	if a.Base.Confidence != base.Stated || !strings.Contains(a.Base.Reason, "private address") || len(a.Candidates) != 0 {
		t.Errorf("base %+v, candidates %d", a.Base, len(a.Candidates))
	}
	a = bumped(t, statusPass, "--base", tag, filepath.Join(dir, "app")).Advice[0]
	if a.Base.Source != base.Given || a.Recommended != tag {
		t.Errorf("base %+v: %s", a.Base, a.Text)
	}
}

// labelled says of an image, in a label, which base it was built on.
func labelled(t *testing.T, img built, name string) built {
	t.Helper()
	var config map[string]any
	if err := json.Unmarshal(img.config, &config); err != nil {
		t.Fatal(err)
	}
	config["config"].(map[string]any)["Labels"] = map[string]string{"org.opencontainers.image.base.name": name}
	img.config = marshal(config)
	return img
}

func TestListsOfCandidates(t *testing.T) {
	dir := t.TempDir()
	archive := filepath.Join(dir, "a.tar")
	if err := writeForm(archive, "save", "gzip", []built{build(configuration{}, step{by: "x", tar: tarOf()})}); err != nil {
		t.Fatal(err)
	}
	got, err := listed([]string{archive, "python:3.9-slim", " ", filepath.Join(dir, "gone")})
	if err != nil || strings.Join(got, " ") != archive+" python:3.9-slim "+filepath.Join(dir, "gone") {
		t.Errorf("%q, %v", got, err)
	}
}
