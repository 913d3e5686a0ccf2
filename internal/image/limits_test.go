package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

func TestBombAroundAnArchive(t *testing.T) {
	stored := &counter{r: bytes.NewReader(gzipped(t, make([]byte, 8<<20)))}
	z, err := gzip.NewReader(stored)
	must(t, err)
	n, err := io.Copy(io.Discard, &guarded{r: z, stored: stored, name: "archive", floor: 1 << 20})
	if !errors.Is(err, ErrTooLarge) || n > 2<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestEntriesAreBounded(t *testing.T) {
	e := entries{}
	for i := range maxEntries + 1 {
		_, err := e.add(&tar.Header{Name: fmt.Sprint(i), Typeflag: tar.TypeReg}, 0)
		if (err != nil) != (i == maxEntries) || err != nil && !errors.Is(err, ErrTooLarge) {
			t.Fatalf("entry %d: %v", i, err)
		}
	}
}

// TestHeldJSONIsBounded: what a stream makes us keep has an end, and what was
// not kept is an error where it is needed.
func TestHeldJSONIsBounded(t *testing.T) {
	l := sample(t, hostPlatform())
	var files []file
	junk := "{" + strings.Repeat(" ", maxConfig-2) + "}"
	for i := range maxHeldJSON / maxConfig {
		files = append(files, file{name: fmt.Sprintf("%d.json", i), content: junk})
	}
	path := writeFile(t, "a.tgz", gzipped(t, tarOf(t, append(files, oldSave(t, l, "a:1")...)...)))
	_, err := read(t, path, Options{})
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	large := []file{{name: "c.json", content: junk + " "}, {name: "manifest.json", content: `[{"Config":"c.json"}]`}}
	for form, path := range map[string]string{
		"tar": writeFile(t, "a.tar", tarOf(t, large...)), "stream": writeFile(t, "a.tgz", gzipped(t, tarOf(t, large...))), "folder": writeFolder(t, large),
	} {
		if _, err := read(t, path, Options{}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("a configuration that is too large, %s: %v", form, err)
		}
	}
}

func TestReadAheadEndsWithItsReader(t *testing.T) {
	released := make(chan bool)
	a := readAhead(t.Context(), bytes.NewReader(make([]byte, 100<<20)), func() { close(released) })
	buf := make([]byte, 10)
	_, err := io.ReadFull(a, buf)
	must(t, err)
	a.stop()
	a.stop()
	<-released
}
