package harden_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/rebuild/harden"
)

var update = flag.Bool("update", false, "write the golden files")

// someDay is when the tests take place.
var someDay = time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)

// digests stands for a registry: each reference has a digest of its own.
func digests(_ context.Context, ref string) (string, error) {
	sum := sha256.Sum256([]byte(ref))
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

func options() harden.Options { return harden.Options{Resolve: digests, Now: someDay} }

// sample is a Dockerfile with its context, without the golden files.
type sample struct {
	name, dockerfile string
	source           []byte
	files            fstest.MapFS
}

func readSample(t testing.TB, dir string) sample {
	t.Helper()
	s := sample{name: filepath.Base(dir), files: fstest.MapFS{}}
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path, "hardened.") {
			return err
		}
		content, err := fs.ReadFile(root, path)
		s.files[path] = &fstest.MapFile{Data: content, Mode: 0o644}
		if path == "Dockerfile" || path == "Containerfile" {
			s.dockerfile, s.source = path, content
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func samples(t testing.TB, folder string) []sample {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join("testdata", folder, "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no samples in %s: %v", folder, err)
	}
	var all []sample
	for _, dir := range dirs {
		if s := readSample(t, dir); s.source != nil {
			all = append(all, s)
		}
	}
	return all
}

func (s sample) harden(t testing.TB, source []byte, files fstest.MapFS, opt harden.Options) *harden.Result {
	t.Helper()
	f, err := dockerfile.Parse(s.dockerfile, source)
	if err != nil {
		t.Fatal(err)
	}
	var build *hygiene.Context
	if files != nil {
		if build, err = hygiene.NewContext(files, s.dockerfile); err != nil {
			t.Fatal(err)
		}
	}
	r, err := harden.Harden(t.Context(), f, build, opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every sample is hardened into the golden file beside it.
func TestCases(t *testing.T) {
	for _, folder := range []string{"cases", "text-only"} {
		for _, s := range samples(t, folder) {
			t.Run(s.name, func(t *testing.T) {
				files := s.files
				if folder == "text-only" {
					files = nil
				}
				r := s.harden(t, s.source, files, options())
				dir := filepath.Join("testdata", folder, s.name)
				golden(t, filepath.Join(dir, "hardened.Dockerfile"), r.Text)
				golden(t, filepath.Join(dir, "hardened.dockerignore"), r.Dockerignore)
			})
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if got == nil {
			_ = os.Remove(name)
			return
		}
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil && got != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got; -update writes it):\n%s", name, diff)
	}
}

// Hardening a hardened file changes nothing, byte for byte.
func TestHardenedStays(t *testing.T) {
	for _, folder := range []string{"cases", "text-only"} {
		for _, s := range samples(t, folder) {
			for _, variant := range []harden.Options{options(), {Now: someDay}, {Resolve: digests, Now: someDay, Distroless: true}} {
				for _, files := range []fstest.MapFS{s.files, nil} {
					once := s.harden(t, s.source, files, variant)
					twice := s.harden(t, once.Text, files, variant)
					if !bytes.Equal(once.Text, twice.Text) {
						t.Errorf("%s/%s: %s", folder, s.name, cmp.Diff(string(once.Text), string(twice.Text)))
					}
					if len(twice.Changes) > 0 {
						t.Errorf("%s/%s: changed again: %v", folder, s.name, twice.Changes)
					}
				}
			}
		}
	}
}

// What is hardened has no finding of weight that is not closed or spoken of in a TODO.
func TestHardenedIsClean(t *testing.T) {
	for _, folder := range []string{"cases", "text-only"} {
		for _, s := range samples(t, folder) {
			r := s.harden(t, s.source, s.files, options())
			for _, f := range r.After {
				if f.Severity >= advisory.Medium && f.Suppressed == nil && !spokenOf(r, f.Rule) {
					t.Errorf("%s/%s:%d: %s: %s\n%s", folder, s.name, f.Range.Start.Line, f.Rule, f.Message, r.Text)
				}
			}
		}
	}
}

func spokenOf(r *harden.Result, rule string) bool {
	for _, t := range r.Todos {
		if t.About == rule || t.About == "pin" && strings.HasPrefix(rule, "base-") {
			return true
		}
	}
	return false
}
