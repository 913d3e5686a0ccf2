package zipread

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// taken collects every entry whose name ends in .txt.
type taken struct {
	entries  []string
	problems []string
}

func (h *taken) Want(name []byte) bool { return bytes.HasSuffix(name, []byte(".txt")) }

func (h *taken) Entry(name string, body *Body) {
	b, whole, err := body.Upto(1 << 20)
	s := string(b)
	if len(s) > 100 {
		s = fmt.Sprintf("%d bytes", len(s))
	}
	h.entries = append(h.entries, fmt.Sprintf("%s=%s whole=%v err=%v", name, s, whole, err))
}

func (h *taken) Problem(reason string, incomplete bool) {
	h.problems = append(h.problems, fmt.Sprintf("%s (%v)", reason, incomplete))
}

type entry struct {
	name, content string
	method        uint16
	// sized writes the lengths into the local header; without it they follow in
	// a descriptor.
	sized bool
}

func build(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: e.method}
		var w io.Writer
		var err error
		if e.sized {
			packed := []byte(e.content)
			if e.method == zip.Deflate {
				packed = deflateOf(t, e.content)
			}
			h.CompressedSize64, h.UncompressedSize64 = uint64(len(packed)), uint64(len(e.content))
			w, err = z.CreateRaw(h)
			if err == nil {
				_, err = w.Write(packed)
			}
		} else if w, err = z.CreateHeader(h); err == nil {
			_, err = io.WriteString(w, e.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func deflateOf(t testing.TB, s string) []byte {
	t.Helper()
	b := build(t, entry{name: "x", content: s, method: zip.Deflate})
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := r.File[0].OpenRaw()
	if err != nil {
		t.Fatal(err)
	}
	packed, err := io.ReadAll(raw)
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

// both reads an archive in memory and as a stream of single bytes.
func both(t *testing.T, content []byte, budget func() *Budget) (memory, stream taken) {
	t.Helper()
	ctx := context.Background()
	if err := Bytes(ctx, content, budget(), &memory); err != nil {
		t.Errorf("in memory: %v", err)
	}
	if err := Stream(ctx, iotest.OneByteReader(bytes.NewReader(content)), budget(), &stream); err != nil {
		t.Errorf("as a stream: %v", err)
	}
	return memory, stream
}

func usual() *Budget { return NewBudget(1 << 20) }

func TestEveryFormOfEntryIsReadFromMemoryAndFromAStream(t *testing.T) {
	// Stored content that looks like the end of an entry must not end it.
	trap := "PK\x07\x08" + strings.Repeat("x", 20) + "PK\x03\x04" + strings.Repeat("y", 70_000)
	content := build(t,
		entry{"a.txt", "stored", zip.Store, true},
		entry{"b.txt", "stored, length behind", zip.Store, false},
		entry{"c.txt", "deflated", zip.Deflate, true},
		entry{"d.txt", "deflated, length behind", zip.Deflate, false},
		entry{"e.txt", trap, zip.Store, false},
		entry{"f.bin", trap, zip.Store, false},
		entry{"empty.txt", "", zip.Store, false},
		entry{"g.bin", trap, zip.Deflate, false},
		entry{"h.txt", "last", zip.Deflate, false},
	)
	want := taken{entries: []string{
		"a.txt=stored whole=true err=<nil>",
		"b.txt=stored, length behind whole=true err=<nil>",
		"c.txt=deflated whole=true err=<nil>",
		"d.txt=deflated, length behind whole=true err=<nil>",
		"e.txt=70028 bytes whole=true err=<nil>",
		"empty.txt= whole=true err=<nil>",
		"h.txt=last whole=true err=<nil>",
	}}
	forms := map[string][]byte{
		"plain":           content,
		"behind a script": append([]byte("#!/bin/bash\nexec java -jar $0\nexit 0\n"), content...),
		"with a comment": func() []byte {
			b := bytes.Clone(content)
			binary.LittleEndian.PutUint16(b[len(b)-2:], 5)
			return append(b, "PK\x05\x06!"...)
		}(),
	}
	for name, b := range forms {
		t.Run(name, func(t *testing.T) {
			memory, stream := both(t, b, usual)
			if d := cmp.Diff(want, memory, cmp.AllowUnexported(taken{})); d != "" {
				t.Error("in memory:", d)
			}
			if d := cmp.Diff(want, stream, cmp.AllowUnexported(taken{})); d != "" {
				t.Error("as a stream:", d)
			}
		})
	}
}

func TestABombIsStopped(t *testing.T) {
	content := build(t,
		entry{"bomb.bin", strings.Repeat("\x00", 4<<20), zip.Deflate, false},
		entry{"bomb.txt", strings.Repeat("\x00", 4<<20), zip.Deflate, false},
	)
	small := func() *Budget { b := usual(); b.Inflated = 1 << 20; return b }
	memory, stream := both(t, content, small)
	for _, h := range []taken{memory, stream} {
		if len(h.problems) != 1 || h.problems[0] != "the archive inflates beyond any honest size (true)" {
			t.Errorf("got %v", h.problems)
		}
	}
	few := func() *Budget { b := usual(); b.Entries = 1; return b }
	memory, stream = both(t, content, few)
	for _, h := range []taken{memory, stream} {
		if len(h.problems) != 1 || h.problems[0] != "the archive has too many entries (true)" {
			t.Errorf("got %v", h.problems)
		}
	}
}

func TestLiesAreTold(t *testing.T) {
	content := build(t, entry{"a.txt", "one", zip.Store, true}, entry{"b.txt", "two", zip.Store, true})
	second := bytes.LastIndex(content[:bytes.Index(content, []byte("PK\x01\x02"))], []byte("PK\x03\x04"))

	hidden := bytes.Clone(content) // the body names the entry otherwise
	copy(hidden[second+localSize:], "c.bin")
	_, stream := both(t, hidden, usual)
	if len(stream.problems) != 1 || stream.problems[0] != "the archive's directory lists entries that its body does not hold (true)" {
		t.Errorf("a hidden entry: %v", stream.problems)
	}

	long := bytes.Clone(content) // the first entry claims a byte more than it has
	binary.LittleEndian.PutUint32(long[18:], 4)
	_, stream = both(t, long, usual)
	if len(stream.problems) == 0 || !strings.HasSuffix(stream.problems[0], "(true)") || len(stream.entries) == 0 {
		t.Errorf("a wrong length: %v %v", stream.problems, stream.entries)
	}

	outside := bytes.Clone(content)
	at := bytes.Index(outside, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(outside[at+42:], 1<<30)
	memory, _ := both(t, outside, usual)
	if len(memory.problems) != 1 || len(memory.entries) != 1 {
		t.Errorf("an offset beyond the end: %v %v", memory.problems, memory.entries)
	}

	cut := content[:second+10]
	memory, stream = both(t, cut, usual)
	for _, h := range []taken{memory, stream} {
		if len(h.entries) != 1 || len(h.problems) != 1 || h.problems[0] != "the archive is truncated (true)" {
			t.Errorf("cut off: %v %v", h.entries, h.problems)
		}
	}
}

func TestEncryptedEntriesAreNoted(t *testing.T) {
	content := build(t, entry{"a.txt", "one", zip.Store, true}, entry{"b.txt", "two", zip.Store, true})
	content[6] |= flagEncrypted
	content[bytes.Index(content, []byte("PK\x01\x02"))+8] |= flagEncrypted
	memory, stream := both(t, content, usual)
	for _, h := range []taken{memory, stream} {
		if len(h.entries) != 1 || len(h.problems) != 1 || h.problems[0] != "an entry is encrypted and was not read (false)" {
			t.Errorf("got %v %v", h.entries, h.problems)
		}
	}
}

func TestOtherFilesAreNoArchives(t *testing.T) {
	for _, s := range []string{"", "PK", "hello", "Rar!\x1a\x07", "#!/bin/sh\n"} {
		if err := Bytes(context.Background(), []byte(s), usual(), &taken{}); !errors.Is(err, ErrNotZip) {
			t.Errorf("%q in memory: %v", s, err)
		}
		if err := Stream(context.Background(), strings.NewReader(s), usual(), &taken{}); !errors.Is(err, ErrNotZip) {
			t.Errorf("%q as a stream: %v", s, err)
		}
	}
}

func TestUptoGoesOnWhereItStopped(t *testing.T) {
	b := &Body{r: strings.NewReader("0123456789"), hint: -1, budget: usual()}
	head, whole, err := b.Upto(4)
	rest, _ := io.ReadAll(b)
	if string(head) != "0123" || whole || err != nil || string(rest) != "456789" {
		t.Errorf("got %q, %v, %v, then %q", head, whole, err, rest)
	}
}

func FuzzZip(f *testing.F) {
	f.Add(build(f, entry{"a.txt", "one", zip.Store, false}, entry{"b.txt", "two", zip.Deflate, false}, entry{"c.txt", "three", zip.Deflate, true}))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Add([]byte("#!/bin/sh\nPK\x03\x04"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func(*Budget, Handler) error{
			func(u *Budget, h Handler) error { return Bytes(context.Background(), b, u, h) },
			func(u *Budget, h Handler) error { return Stream(context.Background(), bytes.NewReader(b), u, h) },
		} {
			u := NewBudget(int64(len(b)))
			u.Inflated = 1 << 20
			h := &taken{}
			if err := read(u, h); err != nil && !errors.Is(err, ErrNotZip) {
				t.Error(err)
			}
			if u.Inflated < -(64 << 10) {
				t.Errorf("the budget was exceeded by %d bytes", -u.Inflated)
			}
		}
	})
}

// TestADirectoryOfTheSameBytesEnds has every record name one entry, as bombs do
// that don't recurse.
func TestADirectoryOfTheSameBytesEnds(t *testing.T) {
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		b := build(t, entry{name: "a.txt", content: strings.Repeat("0123456789abcdef", 4<<10), method: method, sized: true})
		end := bytes.LastIndex(b, []byte("PK\x05\x06"))
		start := bytes.Index(b, []byte("PK\x01\x02"))
		const records = 10_000
		many := append(bytes.Clone(b[:start]), bytes.Repeat(b[start:end], records)...)
		tail := bytes.Clone(b[end:])
		binary.LittleEndian.PutUint32(tail[12:], uint32(records*(end-start)))
		h := &taken{}
		if err := Bytes(context.Background(), append(many, tail...), NewBudget(int64(len(many))), h); err != nil {
			t.Fatal(err)
		}
		if most := 2*len(many)/max(start-60, 1) + 2; len(h.entries) > most || len(h.problems) == 0 {
			t.Errorf("method %d: %d entries of %d, problems %v", method, len(h.entries), most, h.problems)
		}
	}
}
