package keyword

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type found struct{ Word, At int }

func find(s *Set, b []byte, from, to int) []found {
	list := []found{}
	s.Find(b, from, to, func(word, at int) bool {
		list = append(list, found{word, at})
		return true
	})
	slices.SortFunc(list, func(a, b found) int { return a.At*1000 + a.Word - b.At*1000 - b.Word })
	return list
}

// plainly finds words by comparing at every place.
func plainly(words []Word, b []byte, from, to int) []found {
	list := []found{}
	for at := from; at < min(to, len(b)); at++ {
		for i, w := range words {
			if at+len(w.Text) > len(b) || (w.Bound && at > 0 && wordByte(b[at-1])) {
				continue
			}
			t := b[at : at+len(w.Text)]
			if string(t) == w.Text || (w.Fold && strings.EqualFold(string(t), w.Text)) {
				list = append(list, found{i, at})
			}
		}
	}
	return list
}

var testWords = []Word{
	{Text: "sk-", Bound: true},
	{Text: "AKIA", Bound: true},
	{Text: "ghp_", Bound: true},
	{Text: "password", Fold: true},
	{Text: "pass_phrase", Fold: true},
	{Text: "token", Fold: true},
	{Text: "okens"},
	{Text: "PRIVATE KEY-----"},
	{Text: "stratum+tcp://"},
}

func TestWordsAreFoundWhereverTheyStand(t *testing.T) {
	s, err := New(testWords)
	if err != nil {
		t.Fatal(err)
	}
	for pad := range 9 {
		for i, w := range testWords {
			for _, text := range []string{w.Text, strings.ToUpper(w.Text)} {
				for _, tail := range []string{"", "x", "xyz and more of it"} {
					b := []byte(strings.Repeat(" ", pad) + text + tail)
					got := slices.ContainsFunc(find(s, b, 0, len(b)), func(f found) bool { return f.Word == i && f.At == pad })
					if want := w.Fold || text == w.Text; got != want {
						t.Errorf("%q found: %v", b, got)
					}
				}
			}
		}
	}
}

func TestAgainstComparingEverywhere(t *testing.T) {
	s, err := New(testWords)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var b []byte
		for len(b) < 80 {
			w := testWords[r.IntN(len(testWords))].Text
			switch r.IntN(4) {
			case 0:
				b = append(b, w...)
			case 1:
				b = append(b, strings.ToUpper(w)...)
			case 2:
				b = append(b, w[:r.IntN(len(w))]...)
			default:
				b = append(b, " _=x\x00\xff"[r.IntN(6)])
			}
		}
		from := r.IntN(len(b))
		to := from + r.IntN(len(b)-from+1)
		if d := cmp.Diff(plainly(testWords, b, from, to), find(s, b, from, to)); d != "" {
			t.Fatalf("%q [%d:%d] (-want +got):\n%s", b, from, to, d)
		}
	}
}

func TestWordsTooShortAreRefused(t *testing.T) {
	for _, w := range []Word{{Text: "ab", Bound: true}, {Text: "abcd"}, {Text: ""}} {
		if _, err := New([]Word{w}); err == nil {
			t.Errorf("%+v was taken", w)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add([]byte("my password=ghp_x"), 0, 20)
	s, err := New(testWords)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte, from, to int) {
		if from < 0 || from > len(b) || to < from {
			return
		}
		if d := cmp.Diff(plainly(testWords, b, from, to), find(s, b, from, to)); d != "" {
			t.Fatalf("(-want +got):\n%s", d)
		}
	})
}

// BenchmarkFind searches the sources and the compiled files of the Go
// distribution with some hundred words.
func BenchmarkFind(b *testing.B) {
	words := slices.Clone(testWords)
	for i := range 400 {
		words = append(words, Word{Text: "word" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + "_key"})
	}
	s, err := New(words)
	if err != nil {
		b.Fatal(err)
	}
	for name, pattern := range map[string]string{"text": "src/net/http/*.go", "binary": "bin/go"} {
		var content []byte
		root := os.Getenv("GOROOT")
		if root == "" {
			root = "/usr/local/go"
		}
		files, _ := filepath.Glob(filepath.Join(root, pattern))
		for _, f := range files {
			c, err := os.ReadFile(f)
			if err != nil {
				b.Fatal(err)
			}
			content = append(content, c...)
		}
		if len(content) == 0 {
			b.Skip("no Go distribution in " + root)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			n := 0
			for b.Loop() {
				s.Find(content, 0, len(content), func(int, int) bool { n++; return true })
			}
			b.ReportMetric(float64(n)/float64(b.N), "hits/op")
		})
		b.Run(name+"/floor", func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				bytes.Count(content, []byte{'\n'})
			}
		})
	}
}
