package content_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inspect/content"
	"plimsoll/internal/malware"
	"plimsoll/internal/secret"
)

// told are the secrets that an inspector was asked to tell, with their values.
type told struct {
	sync.Mutex
	values [][]byte
}

func (t *told) take() [][]byte {
	t.Lock()
	defer t.Unlock()
	values := t.values
	t.values = nil
	return values
}

// inspector has every built-in rule and detector.
func inspector(t testing.TB) (*content.Inspector, *told) {
	t.Helper()
	secrets, err := secret.NewEngine(secret.Rules())
	if err != nil {
		t.Fatal(err)
	}
	planted, err := malware.NewEngine(malware.Detectors())
	if err != nil {
		t.Fatal(err)
	}
	values := &told{}
	i, err := content.New(content.Options{Secrets: secrets, Malware: planted, Found: func(_ *secret.Secret, v []byte) {
		values.Lock()
		defer values.Unlock()
		values.values = append(values.values, bytes.Clone(v))
	}})
	if err != nil {
		t.Fatal(err)
	}
	return i, values
}

// inspect gives a file to the inspector as the walker does.
func inspected(t testing.TB, i inspect.Inspector, path string, b []byte) *evidence.Fragment {
	t.Helper()
	out := &evidence.Fragment{}
	f := &inspect.File{Path: path, Mode: 0o644, Size: int64(len(b))}
	switch i.Wants(f) {
	case inspect.Whole:
		if err := i.(inspect.WholeInspector).Inspect(t.Context(), f, b, out); err != nil {
			t.Fatal(err)
		}
	case inspect.Stream:
		sink := i.(inspect.StreamInspector).Open(t.Context(), f, out)
		for rest := b; len(rest) > 0; {
			n := min(len(rest), 100_003)
			if _, err := sink.Write(rest[:n]); err != nil {
				break
			}
			rest = rest[n:]
		}
		if err := sink.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// token is a GitHub token with a right checksum, made anew in every run's words.
func token(t testing.TB) string {
	t.Helper()
	return sample(t, "github-classic-token")[len("GITHUB_TOKEN="):]
}

func sample(t testing.TB, id string) string {
	t.Helper()
	for _, r := range secret.Rules() {
		if r.ID == id {
			return r.True[0]
		}
	}
	t.Fatalf("no rule %s", id)
	return ""
}

func zipOf(t testing.TB, members ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for k := 0; k < len(members); k += 2 {
		m, err := w.Create(members[k])
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(m, members[k+1])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarOf(t testing.TB, members ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for k := 0; k < len(members); k += 2 {
		if err := w.WriteHeader(&tar.Header{Name: members[k], Mode: 0o644, Size: int64(len(members[k+1]))}); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, members[k+1])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipOf(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstdOf(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

// prose is text of this length that holds no secret, in lines.
func prose(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	words := []string{"ship", "load", "line", "water", "mark", "deck", "freight", "season", "harbour", "tide"}
	b := make([]byte, 0, n+16)
	for len(b) < n {
		b = append(b, words[r.IntN(len(words))]...)
		if r.IntN(9) == 0 {
			b = append(b, '\n')
		} else {
			b = append(b, ' ')
		}
	}
	return b[:n]
}

// noise is bytes that don't compress and hold no secret.
func noise(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32()) | 0x80
	}
	return b
}

// list writes secrets in short, for comparison.
func list(f *evidence.Fragment) []string {
	var out []string
	for _, s := range f.Secrets {
		out = append(out, fmt.Sprintf("%s inside %q line %d offset %d name %q %s %s %s", s.Rule, s.Inside, s.Line, s.Offset, s.Name, s.Encoding, s.Confidence, s.Redacted))
	}
	return out
}
