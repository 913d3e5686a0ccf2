package inspect_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// lines finds one package for each line of a file named *.list, whole.
type lines struct{}

func (lines) Name() string { return "lines" }
func (lines) Version() int { return 1 }
func (lines) Wants(f *inspect.File) inspect.Want {
	if strings.HasSuffix(f.Path, ".list") {
		return inspect.Whole
	}
	return inspect.Nothing
}

func (lines) Inspect(_ context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	for line := range strings.Lines(string(content)) {
		if strings.HasPrefix(line, "!") {
			return errors.New("a line that can't be read")
		}
		out.Packages = append(out.Packages, inventory.Package{Type: "generic", Name: strings.TrimSpace(line), Path: f.Path, Inspector: "lines"})
	}
	return nil
}

// lengths finds one package named after the length of each file named *.bin, as a stream.
type lengths struct{ enough int }

func (lengths) Name() string { return "lengths" }
func (lengths) Version() int { return 1 }
func (lengths) Wants(f *inspect.File) inspect.Want {
	if strings.HasSuffix(f.Path, ".bin") {
		return inspect.Stream
	}
	return inspect.Nothing
}

func (l lengths) Open(_ context.Context, f *inspect.File, out *evidence.Fragment) inspect.Sink {
	return &lengthSink{f: f, out: out, enough: l.enough}
}

type lengthSink struct {
	f         *inspect.File
	out       *evidence.Fragment
	n, enough int
}

func (s *lengthSink) Write(b []byte) (int, error) {
	s.n += len(b)
	if s.enough > 0 && s.n >= s.enough {
		return len(b), inspect.ErrEnough
	}
	return len(b), nil
}

func (s *lengthSink) Close() error {
	s.out.Packages = append(s.out.Packages, inventory.Package{Type: "generic", Name: fmt.Sprint(s.n), Path: s.f.Path, Inspector: "lengths"})
	return nil
}

func newPass() *inspect.Pass {
	return inspect.New([]inspect.Inspector{lines{}, lengths{}}, inspect.DefaultLimits())
}

type entry struct {
	name, body, link string
	typ              byte
}

func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.typ, Linkname: e.link, Mode: 0o755, Size: int64(len(e.body))}
		if e.typ == 0 {
			h.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gz(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zst(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(b, nil)
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func names(l *evidence.Layer) []string {
	out := []string{}
	for _, p := range l.Packages {
		out = append(out, p.Path+"="+p.Name)
	}
	return out
}

// files renders a file list as "type path" lines.
func files(l *evidence.Layer) []string {
	out := []string{}
	for e := range l.Files.All() {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%c %s %s", e.Type, e.Path, e.Link)))
	}
	return out
}

func TestEveryCompressionGivesTheSameEvidence(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 100_000) // several chunks
	raw := tarOf(t,
		entry{name: "./a/", typ: tar.TypeDir},
		entry{name: "./a/one.list", body: "x\ny\n"},
		entry{name: "/abs/two.bin", body: big},
		entry{name: "a/skipped", body: big},
		entry{name: "three.list", body: "z"},
	)
	stored := map[string][]byte{"tar": raw, "gzip": gz(t, raw), "zstd": zst(t, raw), "gzip of two members": append(gz(t, raw[:1000]), gz(t, raw[1000:])...)}
	for name, blob := range stored {
		t.Run(name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"at once":     bytes.NewReader(blob),
				"in dribbles": iotest.HalfReader(bytes.NewReader(blob)),
			} {
				l, err := newPass().Layer(t.Context(), r, inspect.Blob{Digest: digest(blob), DiffID: digest(raw)})
				if err != nil {
					t.Fatalf("%s: %v", how, err)
				}
				want := []string{"a/one.list=x", "a/one.list=y", "abs/two.bin=1600000", "three.list=z"}
				if d := cmp.Diff(want, names(l)); d != "" {
					t.Errorf("%s: packages (-want +got):\n%s", how, d)
				}
				if l.DiffID != digest(raw) || l.Size != int64(len(raw)) {
					t.Errorf("%s: diff ID %s and size %d are not those of the tar", how, l.DiffID, l.Size)
				}
				if d := cmp.Diff([]string{"d a", "f a/one.list", "f abs/two.bin", "f a/skipped", "f three.list"}, files(l)); d != "" {
					t.Errorf("%s: files (-want +got):\n%s", how, d)
				}
			}
		})
	}
}

func TestWrongDigestsAreNamed(t *testing.T) {
	raw := tarOf(t, entry{name: "a.list", body: "x"})
	blob := gz(t, raw)
	for what, want := range map[string]inspect.Blob{
		"manifest":      {Digest: digest(raw)},
		"configuration": {DiffID: digest(blob)},
	} {
		l, err := newPass().Layer(t.Context(), bytes.NewReader(blob), want)
		if !errors.Is(err, inspect.ErrDigest) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: error is %v", what, err)
		}
		if len(l.Packages) != 1 {
			t.Errorf("%s: what was learnt is gone", what)
		}
	}
}

func TestBrokenLayersSayWhere(t *testing.T) {
	raw := tarOf(t, entry{name: "a.list", body: "x"}, entry{name: "b.bin", body: strings.Repeat("b", 1<<20)})
	blob := gz(t, raw)
	damaged := bytes.Clone(blob)
	damaged[len(damaged)/2] ^= 0xff
	for name, b := range map[string][]byte{
		"truncated tar":   raw[:len(raw)/2],
		"truncated gzip":  blob[:len(blob)/2],
		"truncated zstd":  zst(t, raw)[:40],
		"flipped byte":    damaged,
		"not a tar":       []byte(strings.Repeat("no tar at all ", 100)),
		"gzip of nothing": gz(t, []byte("short")),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newPass().Layer(t.Context(), bytes.NewReader(b), inspect.Blob{})
			var broken *inspect.BrokenError
			if !errors.As(err, &broken) {
				t.Fatalf("error is %v", err)
			}
			if broken.Stored > int64(len(b)) {
				t.Errorf("broken at byte %d of %d", broken.Stored, len(b))
			}
		})
	}
}

func TestWhatWasLearntBeforeTheBreakIsKept(t *testing.T) {
	raw := tarOf(t, entry{name: "a.list", body: "x"}, entry{name: "b.bin", body: strings.Repeat("b", 1<<20)})
	l, err := newPass().Layer(t.Context(), bytes.NewReader(raw[:100_000]), inspect.Blob{})
	if err == nil {
		t.Fatal("a truncated layer is whole")
	}
	if got := names(l); len(got) == 0 || got[0] != "a.list=x" {
		t.Errorf("learnt %v", got)
	}
}

func TestNamesAreTamed(t *testing.T) {
	raw := tarOf(t,
		entry{name: "../../etc/up.list", body: "up"},
		entry{name: "//double//slash.list", body: "double"},
		entry{name: "a/./b/../c.list", body: "dots"},
		entry{name: "..", typ: tar.TypeDir},
		entry{name: "./", typ: tar.TypeDir},
	)
	l, err := newPass().Layer(t.Context(), bytes.NewReader(raw), inspect.Blob{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"etc/up.list=up", "double/slash.list=double", "a/c.list=dots"}
	if d := cmp.Diff(want, names(l)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestTheLastEntryOfANameWins(t *testing.T) {
	raw := tarOf(t, entry{name: "a.list", body: "old"}, entry{name: "b.list", body: "b"}, entry{name: "a.list", body: "new"})
	l, err := newPass().Layer(t.Context(), bytes.NewReader(raw), inspect.Blob{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"b.list=b", "a.list=new"}, names(l)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestWhiteouts(t *testing.T) {
	raw := tarOf(t,
		entry{name: "etc/.wh.passwd"},
		entry{name: ".wh.top"},
		entry{name: "var/lib/.wh..wh..opq"},
		entry{name: ".wh..wh.plnk/12.34", typ: tar.TypeLink, link: "x"},
		entry{name: ".wh..wh.aufs"},
		entry{name: "bin", typ: tar.TypeSymlink, link: "usr/bin"},
		entry{name: "usr/bin/b", typ: tar.TypeLink, link: "./usr/bin/a"},
	)
	l, err := newPass().Layer(t.Context(), bytes.NewReader(raw), inspect.Blob{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"w etc/passwd", "w top", "o var/lib", "h .wh..wh.plnk/12.34 x", "l bin usr/bin", "h usr/bin/b usr/bin/a"}
	if d := cmp.Diff(want, files(l)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestInspectorErrorsAreProblemsOfTheirFile(t *testing.T) {
	raw := tarOf(t, entry{name: "bad.list", body: "kept\n!\n"}, entry{name: "good.list", body: "fine"})
	l, err := newPass().Layer(t.Context(), bytes.NewReader(raw), inspect.Blob{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"bad.list=kept", "good.list=fine"}, names(l)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	want := []evidence.Problem{{Path: "bad.list", Inspector: "lines", Reason: "a line that can't be read", Incomplete: true}}
	if d := cmp.Diff(want, l.Problems); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
}

func TestASinkThatHasEnoughGetsNoMore(t *testing.T) {
	raw := tarOf(t, entry{name: "a.bin", body: strings.Repeat("x", 4<<20)}, entry{name: "b.list", body: "after"})
	pass := inspect.New([]inspect.Inspector{lines{}, lengths{enough: 1}}, inspect.DefaultLimits())
	l, err := pass.Layer(t.Context(), bytes.NewReader(raw), inspect.Blob{DiffID: digest(raw)})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(l); len(got) != 2 || got[0] == "a.bin=4194304" || got[1] != "b.list=after" {
		t.Errorf("got %v", got)
	}
}

func TestBombsAreStopped(t *testing.T) {
	limits := inspect.DefaultLimits()
	limits.RatioFrom, limits.Ratio = 1<<20, 100
	pass := inspect.New(nil, limits)
	bomb := gz(t, tarOf(t, entry{name: "zeros", body: strings.Repeat("\x00", 32<<20)}))
	l, err := pass.Layer(t.Context(), bytes.NewReader(bomb), inspect.Blob{})
	if !errors.Is(err, inspect.ErrLimit) {
		t.Errorf("ratio: error is %v", err)
	}
	if l.Size > 4<<20 {
		t.Errorf("ratio: %d bytes were unpacked before it was stopped", l.Size)
	}
	limits = inspect.DefaultLimits()
	limits.Entries = 3
	_, err = inspect.New(nil, limits).Layer(t.Context(), bytes.NewReader(tarOf(t, entry{name: "1"}, entry{name: "2"}, entry{name: "3"}, entry{name: "4"})), inspect.Blob{})
	if !errors.Is(err, inspect.ErrLimit) {
		t.Errorf("entries: error is %v", err)
	}
}

func TestAHeaderThatClaimsTooMuchCostsNothing(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "a.list", Typeflag: tar.TypeReg, Size: 200 << 20}); err != nil {
		t.Fatal(err)
	}
	b.WriteString("only this")
	var broken *inspect.BrokenError
	if _, err := newPass().Layer(t.Context(), &b, inspect.Blob{}); !errors.As(err, &broken) {
		t.Errorf("error is %v", err)
	}
}

func TestAFileTooLargeToHoldIsSaid(t *testing.T) {
	if testing.Short() {
		t.Skip("streams 257 MiB")
	}
	r := io.MultiReader(bytes.NewReader(header(t, "huge.list", inspect.MaxWhole+1)), io.LimitReader(zeros{}, inspect.MaxWhole+1+511+1024))
	l, err := newPass().Layer(t.Context(), r, inspect.Blob{})
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Problems) != 1 || !l.Problems[0].Incomplete || l.Problems[0].Path != "huge.list" {
		t.Errorf("problems: %+v", l.Problems)
	}
}

func header(t *testing.T, name string, size int64) []byte {
	var b bytes.Buffer
	if err := tar.NewWriter(&b).WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: size}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestACancelledPassEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := io.MultiReader(bytes.NewReader(header(t, "endless.bin", 1<<40)), &cancelling{cancel: cancel})
	if _, err := newPass().Layer(ctx, r, inspect.Blob{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

// cancelling is an endless stream that is cancelled on its way.
type cancelling struct {
	n      int
	cancel func()
}

func (c *cancelling) Read(p []byte) (int, error) {
	if c.n += len(p); c.n > 1<<20 {
		c.cancel()
	}
	return len(p), nil
}

func TestTheKeyFollowsTheInspectors(t *testing.T) {
	a := inspect.New([]inspect.Inspector{lines{}}, inspect.DefaultLimits()).Key()
	b := inspect.New([]inspect.Inspector{lines{}, lengths{}}, inspect.DefaultLimits()).Key()
	if a == b || a == "" {
		t.Errorf("keys %q and %q", a, b)
	}
}

func FuzzLayer(f *testing.F) {
	raw := tarOf(f, entry{name: "a.list", body: "x"}, entry{name: "b.bin", body: "y"}, entry{name: "c/.wh.d"})
	f.Add(raw)
	f.Add(gz(f, raw))
	f.Add(zst(f, raw))
	f.Fuzz(func(t *testing.T, b []byte) {
		limits := inspect.DefaultLimits()
		limits.Bytes = 8 << 20
		l, err := inspect.New([]inspect.Inspector{lines{}, lengths{}}, limits).Layer(t.Context(), bytes.NewReader(b), inspect.Blob{})
		if l == nil {
			t.Fatal("no evidence")
		}
		if err == nil && l.DiffID == "" {
			t.Error("a whole layer without a diff ID")
		}
		for e := range l.Files.All() {
			if bytes.HasPrefix(e.Path, []byte("/")) || bytes.Contains(e.Path, []byte("/../")) {
				t.Errorf("path %q climbs", e.Path)
			}
		}
	})
}
