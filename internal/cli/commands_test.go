package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// commands are what scripts can do besides testscript's own commands.
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	all := map[string]func(*testscript.TestScript, []string) error{
		"status":      exitStatus,
		"labdb":       labDB,
		"image":       makeImage,
		"damage":      damage,
		"blob":        blob,
		"registry":    startRegistry,
		"push":        push,
		"auth":        writeAuth,
		"validates":   validates,
		"sameverdict": sameVerdict,
		"json":        jsonValue,
		"interrupted": interrupted,
		"firstline":   firstLine,
		"clean":       cleanText,
		"mode":        fileMode,
		"pipe":        makePipe,
		"piped":       readPipe,
		"fill":        fillIn,
	}
	cmds := map[string]func(*testscript.TestScript, bool, []string){}
	for name, f := range all {
		cmds[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			err := f(ts, args)
			switch {
			case neg && err == nil:
				ts.Fatalf("%s succeeded", name)
			case !neg && err != nil:
				ts.Fatalf("%s: %v", name, err)
			}
		}
	}
	return cmds
}

// exitStatus runs a program and holds its exit status: status N program args...
func exitStatus(ts *testscript.TestScript, args []string) error {
	want, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			return err
		}
		code = exit.ExitCode()
	}
	if code != want {
		return fmt.Errorf("exit status %d, not %d", code, want)
	}
	return nil
}

// fillIn: fill FROM TO copies a file with the registry's host in the place of @R@.
func fillIn(ts *testscript.TestScript, args []string) error {
	text := strings.ReplaceAll(ts.ReadFile(args[0]), "@R@", ts.Getenv("R"))
	return os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o644)
}

// labDB points the script at a store that holds the demonstration's databases;
// with arguments it copies their archives as the publishers ship them.
func labDB(ts *testscript.TestScript, args []string) error {
	if len(args) == 0 {
		ts.Setenv("PLIMSOLL_DB_DIR", shared.store)
		return nil
	}
	for i, from := range []string{shared.trivy, shared.grype} {
		raw, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(ts.MkAbs(args[i]), raw, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// makeImage: image [-form F] [-layers C] [-platforms P,P] OUT (FILE | lab:NAME)
func makeImage(ts *testscript.TestScript, args []string) error {
	f := flag.NewFlagSet("image", flag.ContinueOnError)
	form := f.String("form", "oci", "oci, oci-tar, oci-tar.gz, save or save.gz")
	layers := f.String("layers", "gzip", "gzip, zstd or none")
	platforms := f.String("platforms", "", "one image for each")
	if err := f.Parse(args); err != nil {
		return err
	}
	var img built
	var err error
	if lab, ok := strings.CutPrefix(f.Arg(1), "lab:"); ok {
		img, err = labImage(shared.lab, lab)
	} else {
		img, err = described(ts.ReadFile(f.Arg(1)))
	}
	if err != nil {
		return err
	}
	images := []built{img}
	if *platforms != "" {
		images = nil
		for _, p := range strings.Split(*platforms, ",") {
			one, err := img.on(p)
			if err != nil {
				return err
			}
			images = append(images, one)
		}
	}
	return writeForm(ts.MkAbs(f.Arg(0)), *form, *layers, images)
}

// damage: damage flip FILE WHERE inverts a byte, damage cut FILE WHERE drops the
// rest; WHERE is a share of the file's length such as 50%.
func damage(ts *testscript.TestScript, args []string) error {
	path := ts.MkAbs(args[1])
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	share, err := strconv.Atoi(strings.TrimSuffix(args[2], "%"))
	if err != nil || share < 0 || share > 99 || len(raw) == 0 {
		return fmt.Errorf("no byte at %s of %d", args[2], len(raw))
	}
	at := len(raw) * share / 100
	switch args[0] {
	case "flip":
		raw[at] ^= 0xff
	case "cut":
		raw = raw[:at]
	default:
		return fmt.Errorf("no such damage: %s", args[0])
	}
	return os.WriteFile(path, raw, 0o644)
}

// blob: blob VAR LAYOUT manifest|config|N sets VAR to the file of a blob of the
// layout's first image, N being a layer, and VAR_DIGEST to its digest.
func blob(ts *testscript.TestScript, args []string) error {
	dir := ts.MkAbs(args[1])
	file := func(digest string) string {
		return filepath.Join(dir, "blobs", "sha256", strings.TrimPrefix(digest, "sha256:"))
	}
	var index, manifest struct {
		Manifests []struct{ Digest string }
		Config    struct{ Digest string }
		Layers    []struct{ Digest string }
	}
	if err := readJSON(filepath.Join(dir, "index.json"), &index); err != nil {
		return err
	}
	digest := index.Manifests[0].Digest
	if args[2] != "manifest" {
		if err := readJSON(file(digest), &manifest); err != nil {
			return err
		}
		if args[2] == "config" {
			digest = manifest.Config.Digest
		} else {
			n, err := strconv.Atoi(args[2])
			if err != nil {
				return err
			}
			digest = manifest.Layers[n].Digest
		}
	}
	ts.Setenv(args[0], file(digest))
	ts.Setenv(args[0]+"_DIGEST", digest)
	return nil
}

func readJSON(path string, v any) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

// served is a registry of one script.
type served struct {
	mu       sync.Mutex
	handler  http.Handler
	password string // "user:password", empty for none
	limited  bool   // every request is answered with 429
	hang     bool   // blobs never come
	blobs    int
	asked    chan struct{}
}

func (s *served) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	password, limited, hang := s.password, s.limited, s.hang
	get := r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/")
	if get {
		s.blobs++
	}
	s.mu.Unlock()
	if password != "" {
		user, pass, _ := r.BasicAuth()
		if user+":"+pass != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}`, http.StatusUnauthorized)
			return
		}
	}
	if limited {
		w.Header().Set("Retry-After", "86400")
		http.Error(w, `{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}`, http.StatusTooManyRequests)
		return
	}
	if hang && get {
		select {
		case s.asked <- struct{}{}:
		default:
		}
		<-r.Context().Done()
		return
	}
	s.handler.ServeHTTP(w, r)
}

type registryKey string

// startRegistry: registry VAR [password=USER:PASS | limited | hang | open]
// starts a registry on loopback and sets VAR to its host and port, or changes
// how the one that VAR names behaves from now on.
func startRegistry(ts *testscript.TestScript, args []string) error {
	host := ts.Getenv(args[0])
	s, _ := registries.Load(registryKey(host))
	if s == nil {
		s = &served{handler: registry.New(registry.Logger(log.New(io.Discard, "", 0))), asked: make(chan struct{}, 1)}
		server := httptest.NewServer(s.(*served))
		ts.Defer(server.Close)
		ts.Defer(server.CloseClientConnections)
		host = strings.TrimPrefix(server.URL, "http://")
		registries.Store(registryKey(host), s)
		ts.Setenv(args[0], host)
	}
	r := s.(*served)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.password, r.limited, r.hang = "", false, false
	for _, how := range args[1:] {
		key, value, _ := strings.Cut(how, "=")
		switch key {
		case "password":
			r.password = value
		case "limited":
			r.limited = true
		case "hang":
			r.hang = true
		case "open":
		default:
			return fmt.Errorf("no such behaviour: %s", key)
		}
	}
	return nil
}

// registries are those of the scripts that run now, by host and port.
var registries sync.Map

// push: push LAYOUT REF pushes a layout's image, or its index where it holds
// images of several platforms.
func push(ts *testscript.TestScript, args []string) error {
	index, err := layout.ImageIndexFromPath(ts.MkAbs(args[0]))
	if err != nil {
		return err
	}
	m, err := index.IndexManifest()
	if err != nil {
		return err
	}
	ref, err := name.ParseReference(args[1], name.Insecure)
	if err != nil {
		return err
	}
	option := remote.WithAuth(authn.Anonymous)
	if len(m.Manifests) > 1 {
		return remote.WriteIndex(ref, index, option)
	}
	img, err := index.Image(m.Manifests[0].Digest)
	if err != nil {
		return err
	}
	return remote.Write(ref, img, option)
}

// validates: validates FILE holds a JSON report against the published schema.
func validates(ts *testscript.TestScript, args []string) error {
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", "verdict.schema.json"))
	if err != nil {
		return err
	}
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(ts.ReadFile(args[0])))
	if err != nil {
		return err
	}
	return schema.Validate(instance)
}

// sameVerdict: sameverdict A.json B.json compares two reports apart from where
// their images and databases came from.
func sameVerdict(ts *testscript.TestScript, args []string) error {
	var reports [2]map[string]any
	for i := range reports {
		if err := json.Unmarshal([]byte(ts.ReadFile(args[i])), &reports[i]); err != nil {
			return fmt.Errorf("%s: %w", args[i], err)
		}
		for _, v := range reports[i]["verdicts"].([]any) {
			image := v.(map[string]any)["image"].(map[string]any)
			for _, field := range []string{"reference", "name", "source", "via", "digest", "indexDigest", "platforms", "notes"} {
				delete(image, field)
			}
			for _, l := range image["layers"].([]any) {
				delete(l.(map[string]any), "digest")
			}
		}
	}
	withoutFrom(reports[0])
	withoutFrom(reports[1])
	if diff := cmp.Diff(reports[0], reports[1]); diff != "" {
		return fmt.Errorf("the verdicts differ (-%s +%s):\n%.4000s", args[0], args[1], diff)
	}
	return nil
}

// withoutFrom drops where a database's copy came from.
func withoutFrom(v any) {
	switch x := v.(type) {
	case map[string]any:
		if x["schema"] != nil {
			delete(x, "from")
		}
		for _, y := range x {
			withoutFrom(y)
		}
	case []any:
		for _, y := range x {
			withoutFrom(y)
		}
	}
}

// jsonValue: json FILE PATH VALUE holds one value; the path's parts are joined
// by dots, numbers are indexes, len is the length of a list or an object.
func jsonValue(ts *testscript.TestScript, args []string) error {
	var v any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &v); err != nil {
		return err
	}
	for _, part := range strings.Split(args[1], ".") {
		switch x := v.(type) {
		case map[string]any:
			if v = x[part]; part == "len" {
				v = len(x)
			}
		case []any:
			if part == "len" {
				v = len(x)
				continue
			}
			n, err := strconv.Atoi(part)
			if err != nil || n >= len(x) {
				return fmt.Errorf("no %s in a list of %d", part, len(x))
			}
			v = x[n]
		default:
			return fmt.Errorf("%s: nothing below %v", part, x)
		}
	}
	if got := fmt.Sprint(v); got != args[2] {
		return fmt.Errorf("%s is %s, not %s", args[1], got, args[2])
	}
	return nil
}

// interrupted: interrupted VAR N program args... runs a program until it has
// asked the hanging registry VAR for a blob, interrupts it, and holds its exit
// status. What it printed on standard error is in the file interrupted.txt.
func interrupted(ts *testscript.TestScript, args []string) error {
	s, ok := registries.Load(registryKey(ts.Getenv(args[0])))
	if !ok {
		return fmt.Errorf("no registry %s", args[0])
	}
	cmd := exec.Command(args[2], args[3:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"HOME", "PATH", "PLIMSOLL_DB_DIR", "PLIMSOLL_CACHE_DIR", "DOCKER_CONFIG", "SOURCE_DATE_EPOCH", "SystemRoot"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return err
	}
	<-s.(*served).asked
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	_ = cmd.Wait()
	if err := os.WriteFile(ts.MkAbs("interrupted.txt"), out.Bytes(), 0o644); err != nil {
		return err
	}
	if got := strconv.Itoa(cmd.ProcessState.ExitCode()); got != args[1] {
		return fmt.Errorf("exit status %s, not %s: %s", got, args[1], out.String())
	}
	return nil
}

// firstLine: firstline FILE PREFIX holds how a file begins.
func firstLine(ts *testscript.TestScript, args []string) error {
	if line, _, _ := strings.Cut(ts.ReadFile(args[0]), "\n"); !strings.HasPrefix(line, args[1]) {
		return fmt.Errorf("the first line is %q", line)
	}
	return nil
}

// cleanText: clean FILE... fails on anything that a terminal obeys.
func cleanText(ts *testscript.TestScript, args []string) error {
	for _, file := range args {
		if err := obeyed(ts.ReadFile(file)); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// obeyed reports the first character that a terminal or a workflow's log would
// obey instead of show.
func obeyed(s string) error {
	for i, r := range s {
		switch {
		case r < ' ' && r != '\n', r >= 0x7f && r < 0xa0,
			r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
			return fmt.Errorf("byte %d is %U: %.80q", i, r, s[max(0, i-40):])
		}
	}
	for _, line := range strings.Split(s, "\n") {
		if strings.HasPrefix(strings.TrimLeft(line, " "), "::") {
			return fmt.Errorf("a workflow command: %q", line)
		}
	}
	return nil
}

// writeAuth: auth FILE HOST USER:PASS writes Docker's configuration file.
func writeAuth(ts *testscript.TestScript, args []string) error {
	auth := base64.StdEncoding.EncodeToString([]byte(args[2]))
	raw := marshal(map[string]any{"auths": map[string]any{args[1]: map[string]any{"auth": auth}}})
	return os.WriteFile(ts.MkAbs(args[0]), raw, 0o600)
}

// fileMode: mode FILE PERM holds a file's permissions, in octal.
func fileMode(ts *testscript.TestScript, args []string) error {
	info, err := os.Stat(ts.MkAbs(args[0]))
	if err != nil {
		return err
	}
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[1] {
		return fmt.Errorf("%s has mode %s", args[0], got)
	}
	return nil
}

// readPipe: piped PIPE FILE waits for what was written to a pipe and puts it
// into a file.
func readPipe(ts *testscript.TestScript, args []string) error {
	c, ok := pipes.Load(ts.MkAbs(args[0]))
	if !ok {
		return fmt.Errorf("no pipe %s", args[0])
	}
	info, err := os.Stat(ts.MkAbs(args[0]))
	if err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return fmt.Errorf("%s is no pipe any more", args[0])
	}
	return os.WriteFile(ts.MkAbs(args[1]), <-c.(chan []byte), 0o644)
}

// pipes are those that makePipe made: channels of what was read, by path.
var pipes sync.Map
