package inflate_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"strings"
	"testing"
	"testing/iotest"

	peer "github.com/klauspost/compress/gzip"

	"plimsoll/internal/inspect/inflate"
)

// texts are what deflates into blocks of every kind, matches of every length and
// distance, and codes of every length.
func texts() map[string][]byte {
	random := rand.New(rand.NewSource(1))
	noise := make([]byte, 300_000)
	random.Read(noise)
	var words, skewed bytes.Buffer
	for words.Len() < 400_000 {
		fmt.Fprintf(&words, "%s %d\n", strings.Repeat(string(rune('a'+random.Intn(26))), random.Intn(9)), random.Intn(1000))
	}
	// Symbols each half as often as the one before have codes of up to 15 bits.
	for skewed.Len() < 600_000 {
		n := byte(0)
		for n < 200 && random.Intn(2) == 0 {
			n++
		}
		skewed.WriteByte(n)
	}
	far := append(bytes.Clone(noise[:33_000]), noise[232:33_000]...)
	return map[string][]byte{
		"nothing": {}, "one byte": {7}, "zeros": make([]byte, 500_000), "noise": noise,
		"words": words.Bytes(), "skewed": skewed.Bytes(), "far": far,
		"pairs":      bytes.Repeat([]byte("ab"), 100_000),
		"short runs": bytes.Repeat([]byte("abcdefg-abcde-aaaaaaaaaaa"), 9_000),
		"mixed":      append(append(bytes.Clone(noise[:70_000]), words.Bytes()[:90_000]...), make([]byte, 100_000)...),
	}
}

func deflate(tb testing.TB, content []byte, level int) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		tb.Fatal(err)
	}
	w.Write(content)
	w.Close()
	return b.Bytes()
}

// sources are the ways in which the same bytes reach a Reader.
func sources(packed []byte) map[string]func(*inflate.Reader) {
	from := func(r io.Reader, size int) func(*inflate.Reader) {
		return func(d *inflate.Reader) { d.Reset(bufio.NewReaderSize(r, size)) }
	}
	return map[string]func(*inflate.Reader){
		"in memory":    func(d *inflate.Reader) { d.ResetBytes(packed) },
		"large buffer": from(bytes.NewReader(packed), 64<<10),
		"small buffer": from(bytes.NewReader(packed), 64),
		"byte by byte": from(iotest.OneByteReader(bytes.NewReader(packed)), 4<<10),
	}
}

func TestWhatWasPackedComesOut(t *testing.T) {
	var d inflate.Reader
	for name, content := range texts() {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 6, 9} {
			packed := deflate(t, content, level)
			for source, reset := range sources(packed) {
				reset(&d)
				got, err := io.ReadAll(&d)
				if err != nil || !bytes.Equal(got, content) {
					t.Errorf("%s, level %d, %s: %d bytes of %d, %v", name, level, source, len(got), len(content), err)
				}
			}
		}
	}
}

func TestWhatFollowsAStreamIsLeft(t *testing.T) {
	const rest = "what follows"
	var d inflate.Reader
	for name, content := range texts() {
		for _, size := range []int{64, 4 << 10, 1 << 20} {
			src := bufio.NewReaderSize(strings.NewReader(string(deflate(t, content, 6))+rest), size)
			d.Reset(src)
			if _, err := io.Copy(io.Discard, &d); err != nil {
				t.Fatal(err)
			}
			if got, _ := io.ReadAll(src); string(got) != rest {
				t.Errorf("%s: %d bytes follow", name, len(got))
			}
		}
	}
}

func TestACutStreamIsAnError(t *testing.T) {
	var d inflate.Reader
	broken := errors.New("the source broke off")
	content := texts()["words"][:3_000]
	for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 6} {
		packed := deflate(t, content, level)
		for n := range packed {
			d.ResetBytes(packed[:n])
			got, err := io.ReadAll(&d)
			if !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.HasPrefix(content, got) {
				t.Fatalf("level %d, %d of %d bytes: %v", level, n, len(packed), err)
			}
			d.Reset(bufio.NewReader(io.MultiReader(bytes.NewReader(packed[:n]), iotest.ErrReader(broken))))
			if _, err := io.ReadAll(&d); !errors.Is(err, broken) {
				t.Fatalf("level %d, %d of %d bytes: %v", level, n, len(packed), err)
			}
		}
		// What happens behind the stream is none of its errors.
		d.Reset(bufio.NewReader(io.MultiReader(bytes.NewReader(packed), iotest.ErrReader(broken))))
		if got, err := io.ReadAll(&d); err != nil || !bytes.Equal(got, content) {
			t.Errorf("level %d: %v", level, err)
		}
	}
}

// like says what compress/flate makes of input, and what is left of it behind the stream.
func like(packed []byte) (content []byte, left int, err error) {
	src := bytes.NewReader(packed)
	content, err = io.ReadAll(flate.NewReader(src))
	return content, src.Len(), err
}

func FuzzReader(f *testing.F) {
	for _, content := range texts() {
		content = content[:min(len(content), 2_000)]
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 6} {
			f.Add(deflate(f, content, level))
		}
	}
	// Codes of one bit, none at all, and symbols that no stream may have.
	for _, s := range []string{"\x05\xe0\x81\x00\x00\x00\x00\x10\xff\x90\x04", "\x03\x00", "\x63\x18\x03\x00", "\x04\x80", "\x1b\xff\xff\xff", "\x06"} {
		f.Add([]byte(s))
	}
	var d inflate.Reader
	f.Fuzz(func(t *testing.T, packed []byte) {
		want, left, wantErr := like(packed)
		for name, reset := range sources(packed) {
			reset(&d)
			got, err := io.ReadAll(&d)
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("%s: %v, compress/flate says %v", name, err, wantErr)
			}
			if err == nil && !bytes.Equal(got, want) {
				t.Fatalf("%s: %d bytes, compress/flate %d", name, len(got), len(want))
			}
			if !bytes.HasPrefix(want, got) && !bytes.HasPrefix(got, want) {
				t.Fatalf("%s: other bytes than compress/flate's before %v", name, err)
			}
		}
		if wantErr == nil {
			src := bufio.NewReader(bytes.NewReader(packed))
			d.Reset(src)
			io.Copy(io.Discard, &d)
			if rest, _ := io.ReadAll(src); len(rest) != left {
				t.Fatalf("%d bytes are left behind the stream, compress/flate leaves %d", len(rest), left)
			}
		}
	})
}

func unzip[R io.Reader](r R, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func FuzzGzip(f *testing.F) {
	for _, content := range []string{"", "abc", strings.Repeat("abcdefgh", 99)} {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Name, w.Comment, w.Extra = "a name", "a comment", []byte("more")
		io.WriteString(w, content)
		w.Close()
		f.Add(b.Bytes())
		f.Add(append(bytes.Clone(b.Bytes()), b.Bytes()...))
		f.Add(append(bytes.Clone(b.Bytes()), "trailing"...))
		f.Add(b.Bytes()[:b.Len()-3])
	}
	f.Add([]byte("\x1f\x8b\x08\x02\x00\x00\x00\x00\x00\x03\x1d\x26\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00")) // a header with its own sum
	f.Add([]byte("\x1f\x8b\x08\x20\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"))         // a reserved flag
	var z inflate.Gzip
	f.Fuzz(func(t *testing.T, packed []byte) {
		want, wantErr := unzip(gzip.NewReader(bytes.NewReader(packed)))
		// One peer does not look at reserved flags, the other takes a header that
		// ends within its name for the end.
		_, other := unzip(peer.NewReader(bytes.NewReader(packed)))
		wantErr = errors.Join(wantErr, other)
		var got []byte
		err := z.Reset(bufio.NewReader(bytes.NewReader(packed)))
		if err == nil {
			got, err = io.ReadAll(&z)
		}
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%v, the peers say %v", err, wantErr)
		}
		if err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, the peer %d", len(got), len(want))
		}
	})
}

func BenchmarkReader(b *testing.B) {
	for _, name := range []string{"words", "skewed", "mixed"} {
		content := texts()[name]
		packed := deflate(b, content, 6)
		b.Run(name, func(b *testing.B) {
			var d inflate.Reader
			src := bufio.NewReaderSize(nil, 64<<10)
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				src.Reset(bytes.NewReader(packed))
				d.Reset(src)
				io.Copy(io.Discard, &d)
			}
		})
	}
}
