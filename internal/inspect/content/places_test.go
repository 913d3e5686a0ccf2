package content_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/scan"
	"plimsoll/internal/secret"
)

// text is a file with one secret, the sample of a rule.
func text() string {
	for _, r := range secret.Rules() {
		if r.ID == "google-storage-hmac-key" {
			return "# settings, without a line\n" + r.True[0]
		}
	}
	panic("the rule is gone")
}

// value is the secret itself.
func value() string {
	_, v, _ := strings.Cut(text(), "SECRET_ACCESS_KEY=")
	return strings.TrimSpace(v)
}

func zipped(t *testing.T, name, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	if err == nil {
		_, err = f.Write([]byte(content))
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.String()
}

func tarred(t *testing.T, name, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(content string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(content))
	w.Close()
	return b.String()
}

func deflated(content string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write([]byte(content))
	w.Close()
	return b.String()
}

func zstandard(t *testing.T, content string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(content), nil))
}

func wide(content string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(content)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// inspect looks into a file as the one pass does, whole or as a stream.
func inspectFile(t *testing.T, path, content string) *evidence.Fragment {
	t.Helper()
	i, err := scan.Content(scan.Rules{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &inspect.File{Path: path, Mode: 0o644, Size: int64(len(content))}
	out := &evidence.Fragment{}
	switch i.Wants(f) {
	case inspect.Whole:
		err = i.Inspect(t.Context(), f, []byte(content), out)
	case inspect.Stream:
		s := i.Open(t.Context(), f, out)
		for b := []byte(content); len(b) > 0 && err == nil; b = b[min(len(b), 100_000):] {
			_, err = s.Write(b[:min(len(b), 100_000)])
		}
		if closeErr := s.Close(); err == nil {
			err = closeErr
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestASecretIsFoundWhereverItLies(t *testing.T) {
	const padding = 3 << 20
	large := strings.Repeat("a line of text without anything to find\n", padding/40)
	for name, c := range map[string]struct {
		path, content    string
		inside, encoding string
		line             int
	}{
		"plain":                  {"app/app.config", text(), "", "", 3},
		"in a large file":        {"app/big.config", large + text() + large, "", "", padding/40 + 3},
		"in a zip":               {"app/a.zip", zipped(t, "x/app.config", text()), "x/app.config", "", 3},
		"in a jar in a war":      {"app/a.war", zipped(t, "WEB-INF/lib/b.jar", zipped(t, "app.config", text())), "WEB-INF/lib/b.jar!app.config", "", 3},
		"in a tar in a gz":       {"app/a.tar.gz", gzipped(tarred(t, "etc/app.config", text())), "a.tar!etc/app.config", "", 3},
		"in zstd":                {"app/app.config.zst", zstandard(t, text()), "app.config", "", 3},
		"in a large gz":          {"app/big.config.gz", gzipped(large + text()), "big.config", "", padding/40 + 3},
		"in a program's strings": {"usr/bin/app", "\x7fELF\x02\x01\x01\x00\x00" + text() + "\x00", "", "", 0},
		"in UTF-16":              {"app/app.config", wide(text()), "", "utf-16", 3},
		"in base64":              {"app/app.yaml", "a: 1\ndata: " + base64.StdEncoding.EncodeToString([]byte(text())) + "\n", "", "base64", 2},
		"in a loose object of Git": {
			"app/.git/objects/ab/" + strings.Repeat("c", 38), deflated("blob 9\x00" + text()), "blob", "", 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			out := inspectFile(t, c.path, c.content)
			if len(out.Secrets) != 1 {
				t.Fatalf("%d secrets, problems %+v", len(out.Secrets), out.Problems)
			}
			s := out.Secrets[0]
			if s.Path != c.path || s.Inside != c.inside || s.Encoding != c.encoding || s.Line != c.line {
				t.Errorf("path %q, inside %q, encoding %q, line %d", s.Path, s.Inside, s.Encoding, s.Line)
			}
			var stored bytes.Buffer
			written, err := json.Marshal(out)
			if err != nil || gob.NewEncoder(&stored).Encode(out) != nil {
				t.Fatal(err)
			}
			for _, kept := range []string{string(written), stored.String()} {
				if strings.Contains(kept, value()[:20]) {
					t.Error("the value is in the evidence")
				}
			}
		})
	}
}

// TestASecretAcrossABlockIsFoundOnce puts one at every place near the borders of
// the blocks that a large file is searched in.
func TestASecretAcrossABlockIsFoundOnce(t *testing.T) {
	const border = 256<<10 + 12<<10
	filler := strings.Repeat("0123456789abcde\n", 100_000)
	for shift := -200; shift <= 200; shift += 7 {
		at := border + shift
		out := inspectFile(t, "app/big.config", filler[:at]+"\n"+text()+filler[at:])
		if len(out.Secrets) != 1 {
			t.Errorf("at %d: %d secrets", at, len(out.Secrets))
		}
	}
}

func TestABombIsBounded(t *testing.T) {
	zeros := strings.Repeat("\x00", 64<<20)
	bomb := gzipped(strings.Repeat(gzipped(zeros), 400))
	out := inspectFile(t, "app/bomb.gz", bomb)
	if len(out.Secrets) != 0 {
		t.Errorf("found %+v", out.Secrets)
	}
}
