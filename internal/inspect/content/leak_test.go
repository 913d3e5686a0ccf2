package content_test

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/json"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/malware"
	"plimsoll/internal/secret"
)

// leaks returns the parts of values that evidence holds.
func leaks(t *testing.T, f *evidence.Fragment, values [][]byte) []string {
	t.Helper()
	var packed bytes.Buffer
	if err := gob.NewEncoder(&packed).Encode(f); err != nil {
		t.Fatal(err)
	}
	written, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	all := append(packed.Bytes(), written...)
	var found []string
	look := func(v []byte) {
		if bytes.Contains(all, v) {
			found = append(found, string(v))
		}
	}
	for _, v := range values {
		if len(v) >= 6 {
			look(v)
			look([]byte(base64.RawStdEncoding.EncodeToString(v)))
		}
		if half := len(v) / 2; half >= 12 {
			look(v[:half])
			look(v[half:])
			look(v[half-6 : half+6])
		}
	}
	return found
}

// samplePath is where a rule's samples lie.
func samplePath(r *secret.Rule) string {
	if r.SamplePath != "" {
		return r.SamplePath
	}
	return "srv/app/settings.txt"
}

func TestNoValueIsInEvidence(t *testing.T) {
	i, told := inspector(t)
	found := 0
	for _, r := range secret.Rules() {
		for _, s := range r.True {
			path := samplePath(&r)
			name := path[strings.LastIndexByte(path, '/')+1:]
			for form, b := range map[string][]byte{
				path:         []byte(s),
				"x.zip":      zipOf(t, path, s),
				"x.tar":      tarOf(t, path, s),
				name + ".gz": gzipOf(t, []byte(s)),
				"x.yaml":     []byte("a: " + base64.StdEncoding.EncodeToString([]byte("first comes text, then\n"+s))),
			} {
				told.take()
				f := inspected(t, i, form, b)
				found += len(f.Secrets)
				if l := leaks(t, f, told.take()); len(l) > 0 {
					t.Errorf("%s in %s: evidence holds %q", r.ID, form, l)
				}
			}
			told.take()
			f := i.Configuration(t.Context(), &v1.ConfigFile{
				Config:  v1.Config{Env: []string{"VALUE=" + s}, Labels: map[string]string{"a": s}, Cmd: []string{"sh", "-c", s}, Entrypoint: []string{"run", s}},
				History: []v1.History{{CreatedBy: "RUN /bin/sh -c " + s}, {Comment: s}},
			})
			found += len(f.Secrets)
			if l := leaks(t, f, told.take()); len(l) > 0 {
				t.Errorf("%s in the configuration: evidence holds %q", r.ID, l)
			}
		}
	}
	if found < 1000 {
		t.Errorf("only %d secrets", found)
	}
}

// TestNoExcerptGivesASecretAway puts secrets into the lines of planted code.
func TestNoExcerptGivesASecretAway(t *testing.T) {
	i, told := inspector(t)
	var secrets []string
	for _, r := range secret.Rules() {
		if r.SamplePath == "" && r.Paths == nil && len(secrets) < 400 {
			for _, s := range r.True {
				if len(s) < 300 {
					secrets = append(secrets, strings.ReplaceAll(s, "\n", " "))
				}
			}
		}
	}
	n, planted := 0, 0
	for _, d := range malware.Detectors() {
		for _, bad := range d.Bad {
			path := bad.Path
			if path == "" {
				path = "tmp/sample"
			}
			for k := range 6 {
				s := secrets[n%len(secrets)]
				n++
				content := bad.Content
				switch k % 3 {
				case 0:
					content = strings.ReplaceAll(content, "\n", " # "+s+"\n")
				case 1:
					content = strings.ReplaceAll(content, "\n", "\nTOKEN='"+s+"' ")
				case 2:
					content = strings.ReplaceAll(content, "://", "://"+s+"@") + " " + s
				}
				told.take()
				f := &evidence.Fragment{}
				file := &inspect.File{Path: path, Mode: bad.Mode, Size: int64(len(content))}
				if err := i.Inspect(t.Context(), file, []byte(content), f); err != nil {
					t.Fatal(err)
				}
				planted += len(f.Planted)
				values := told.take()
				if l := leaks(t, f, values); len(l) > 0 {
					t.Errorf("%s with %q: evidence holds %q\n%v", d.ID, s, l, f.Planted)
				}
				for _, p := range f.Planted {
					if strings.ContainsAny(p.Excerpt+p.Detail, "\x1b\x00\n") || len(p.Excerpt) > 1000 {
						t.Errorf("%s: excerpt %q, detail %q", d.ID, p.Excerpt, p.Detail)
					}
				}
			}
		}
	}
	if planted < 200 {
		t.Errorf("only %d places of planted code", planted)
	}
}
