package inspect_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
)

// fragile panics where a file's name says so.
type fragile struct{ inspect.Sink }

func (fragile) Name() string { return "fragile" }
func (fragile) Version() int { return 1 }
func (fragile) Wants(f *inspect.File) inspect.Want {
	switch {
	case strings.HasPrefix(f.Path, "wants"):
		panic("wants")
	case strings.HasPrefix(f.Path, "inspect"):
		return inspect.Whole
	}
	return inspect.Stream
}

func (fragile) Inspect(_ context.Context, _ *inspect.File, content []byte, _ *evidence.Fragment) error {
	_ = content[len(content)]
	return nil
}

func (fragile) Open(_ context.Context, f *inspect.File, _ *evidence.Fragment) inspect.Sink {
	if strings.HasPrefix(f.Path, "open") {
		panic("open")
	}
	return fragileSink(f.Path)
}

type fragileSink string

func (s fragileSink) Write(b []byte) (int, error) {
	if strings.HasPrefix(string(s), "write") {
		panic("write")
	}
	return len(b), nil
}

func (s fragileSink) Close() error {
	if strings.HasPrefix(string(s), "close") {
		panic("close")
	}
	return nil
}

func TestAnInspectorThatPanicsCostsItsFileAndNoMore(t *testing.T) {
	for _, where := range []string{"wants", "inspect", "open", "write", "close"} {
		// .list makes the other inspector ask for the whole file beside it.
		for _, suffix := range []string{".list", ".bin"} {
			raw := tarOf(t, entry{name: where + suffix, body: "hostile"}, entry{name: "good.list", body: "fine"})
			pass := inspect.New([]inspect.Inspector{fragile{}, lines{}}, inspect.DefaultLimits())
			l, err := pass.Layer(t.Context(), bytes.NewReader(raw), inspect.Blob{})
			if err != nil {
				t.Fatalf("%s%s: %v", where, suffix, err)
			}
			var found []string
			for _, p := range l.Packages {
				found = append(found, p.Name)
			}
			if last := len(found) - 1; last < 0 || found[last] != "fine" {
				t.Errorf("%s%s: found %q", where, suffix, found)
			}
			if len(l.Problems) != 1 || !l.Problems[0].Incomplete || l.Problems[0].Inspector != "fragile" || !strings.HasPrefix(l.Problems[0].Reason, inspect.ErrPanic.Error()) {
				t.Errorf("%s%s: problems are %+v", where, suffix, l.Problems)
			}
		}
	}
}

func TestHardLinksToWhatWasPassedOverAreReadAgain(t *testing.T) {
	raw := tarOf(t,
		entry{name: "objects/1", body: "x"},
		entry{name: "objects/2", body: strings.Repeat("y", 2<<20)},
		entry{name: "seen.list", body: "z"},
		entry{name: "db.list", typ: '1', link: "objects/1"},
		entry{name: "other.list", typ: '1', link: "./objects/1"},
		entry{name: "big.bin", typ: '1', link: "/objects/2"},
		entry{name: "again.list", typ: '1', link: "./seen.list"},
		entry{name: "unwanted", typ: '1', link: "objects/1"},
		entry{name: "replaced.list", typ: '1', link: "objects/1"},
		entry{name: "replaced.list", body: "new"},
		entry{name: "elsewhere.list", typ: '1', link: "lower/layer"},
	)
	pass := newPass()
	first, err := pass.Layer(t.Context(), bytes.NewReader(raw), inspect.Blob{})
	if err != nil {
		t.Fatal(err)
	}
	want := []evidence.HardLink{{Path: "big.bin", Target: "objects/2"}, {Path: "db.list", Target: "objects/1"}, {Path: "elsewhere.list", Target: "lower/layer"}, {Path: "other.list", Target: "objects/1"}}
	if d := cmp.Diff(want, first.Unread); d != "" {
		t.Errorf("unread (-want +got):\n%s", d)
	}
	whole, err := pass.Links(t.Context(), bytes.NewReader(gz(t, raw)), inspect.Blob{DiffID: first.DiffID}, first)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, p := range whole.Packages {
		found = append(found, p.Path+" "+p.Name)
	}
	if d := cmp.Diff([]string{"seen.list z", "replaced.list new", "db.list x", "other.list x", "big.bin 2097152"}, found); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
	problems := []evidence.Problem{{Path: "elsewhere.list", Reason: "a hard link to lower/layer, which was not inspected under this name", Incomplete: true}}
	if d := cmp.Diff(problems, whole.Problems); d != "" || whole.Unread != nil {
		t.Errorf("problems (-want +got):\n%s", d)
	}
	if whole.DiffID != first.DiffID || whole.Files.Len != first.Files.Len || whole.Size != first.Size {
		t.Errorf("the layer changed: %+v", whole)
	}
	if broken, err := pass.Links(t.Context(), bytes.NewReader(raw[:100_000]), inspect.Blob{}, first); err == nil || len(broken.Problems) != 1 || len(broken.Packages) != len(first.Packages) {
		t.Errorf("broken: %v, %+v", err, broken.Problems)
	}
}

func TestNamesThatNoSystemTakesAreCountedOnly(t *testing.T) {
	long := strings.Repeat("a/", 100_000)
	raw := tarOf(t, entry{name: long + "b.list", body: "x"}, entry{name: "link", typ: '2', link: long}, entry{name: "c.list", body: "fine"})
	l, err := newPass().Layer(t.Context(), bytes.NewReader(raw), inspect.Blob{})
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Packages) != 1 || l.Files.Len != 1 || len(l.Problems) != 1 || !l.Problems[0].Incomplete {
		t.Errorf("%d packages, %d files, problems %+v", len(l.Packages), l.Files.Len, l.Problems)
	}
}
