package langpkg

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zlib"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
)

const crates = `{"packages":[{"name":"adler","version":"0.2.3","source":"crates.io"},` +
	`{"name":"cc","version":"1.0.0","source":"crates.io","kind":"build"},` +
	`{"name":"tool","version":"1.2.3","source":"local","dependencies":[0,1,99],"root":true}]}`

func deflated(t testing.TB, s string, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte(s))
	w.Close()
	return b.Bytes()
}

// rustProgram puts a list among noise that is rich in zlib headers.
func rustProgram(at int, list []byte) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, max(minRust, at+len(list))+3000)
	for i := range b {
		b[i] = []byte{0x78, 0xda, 0x9c, 0x01, byte(r.Uint32())}[r.IntN(5)]
	}
	copy(b, "\x7fELF")
	copy(b[at:], list)
	return b
}

func TestAuditableProgramsGiveTheirCrates(t *testing.T) {
	want := []string{"cargo adler 0.2.3", "cargo tool 1.2.3 depends=adler"}
	for _, level := range []int{1, 6, 9} {
		list := deflated(t, crates, level)
		for _, at := range []int{4, 511, 512, 513, 20_000, 65_530} {
			b := rustProgram(at, list)
			for _, chunk := range []int{1, 3, 511, 512, 4096, 65_536, len(b)} {
				if d := cmp.Diff(want, lines(run(t, Rust{}, "app", b, chunk))); d != "" {
					t.Fatalf("level %d at %d in chunks of %d: %s", level, at, chunk, d)
				}
			}
		}
	}
}

func TestAListOfCratesAtTheVeryEnd(t *testing.T) {
	list := deflated(t, crates, 9)
	b := append(rustProgram(4, nil), list...)
	for _, chunk := range []int{1, 100, 1 << 20} {
		if got := lines(run(t, Rust{}, "app", b, chunk)); len(got) != 2 {
			t.Errorf("in chunks of %d: %v", chunk, got)
		}
	}
}

func TestADamagedListOfCratesMarksTheScanIncomplete(t *testing.T) {
	long := `{"packages":[` + string(bytes.Repeat([]byte(`{"name":"a","version":"1"},`), 400_000)) + `{}]}`
	for name, list := range map[string][]byte{
		"cut off":  deflated(t, crates, 9)[:60],
		"no JSON":  deflated(t, `{"packages":[{"name":`, 9),
		"too long": deflated(t, long, 9),
	} {
		b := append(append([]byte("\x7fELF"), make([]byte, minRust)...), list...)
		out := run(t, Rust{}, "app", b, 4096)
		if len(out.Packages) != 0 || len(out.Problems) != 1 || !out.Problems[0].Incomplete {
			t.Errorf("%s: %v", name, lines(out))
		}
	}
}

func FuzzCrates(f *testing.F) {
	f.Add([]byte(crates), 777)
	f.Fuzz(func(t *testing.T, b []byte, chunk int) {
		parseCrates(b)
		var out evidence.Fragment
		content := append([]byte("\x7fELFxxxx"), deflated(t, crateStart+string(b), 1)...)
		feed(t, Rust{}.Open(t.Context(), &inspect.File{Path: "app"}, &out), content, max(16, chunk&0xfff))
		checkHostile(t, out)
	})
}
