package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/dockerfile"
	"plimsoll/internal/hygiene"
)

// thousandLines is a Dockerfile of 1,000 lines made of what the rules find.
func thousandLines(tb testing.TB) []byte {
	var b strings.Builder
	lines := 0
	for round := 0; lines < 1000; round++ {
		for _, r := range hygiene.Rules() {
			for _, s := range r.Bad {
				f, err := dockerfile.Parse("Dockerfile", []byte(s.Dockerfile))
				if err != nil || len(f.Refused) > 0 || len(f.Directives) > 0 {
					continue
				}
				text := strings.TrimRight(s.Dockerfile, "\n") + "\n"
				if n := strings.Count(text, "\n"); lines+n <= 1000 {
					b.WriteString(text)
					lines += n
				}
			}
		}
		if round > 10 {
			break
		}
	}
	for ; lines < 1000; lines++ {
		fmt.Fprintf(&b, "LABEL line%d=x\n", lines)
	}
	if _, err := dockerfile.Parse("Dockerfile", []byte(b.String())); err != nil {
		tb.Fatal(err)
	}
	return []byte(b.String())
}

// BenchmarkLint parses a Dockerfile of 1,000 lines and holds every rule against it.
func BenchmarkLint(b *testing.B) {
	source := thousandLines(b)
	rules := hygiene.Rules()
	opt := hygiene.Options{Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	for b.Loop() {
		f, err := dockerfile.Parse("Dockerfile", source)
		if err != nil {
			b.Fatal(err)
		}
		if len(hygiene.Check(f, rules, opt)) == 0 {
			b.Fatal("nothing found")
		}
	}
}

// BenchmarkLintFiles lints the Dockerfiles of the folder that
// PLIMSOLL_BENCH_DOCKERFILES names, such as bench/dockerfiles gathers, and reports
// what 1,000 lines of them cost.
func BenchmarkLintFiles(b *testing.B) {
	dir := os.Getenv("PLIMSOLL_BENCH_DOCKERFILES")
	if dir == "" {
		b.Skip("PLIMSOLL_BENCH_DOCKERFILES names no folder")
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		b.Fatal(err)
	}
	var sources [][]byte
	lines := 0
	for _, name := range names {
		source, err := os.ReadFile(name)
		if err != nil {
			continue // a folder
		}
		if _, err := dockerfile.Parse(name, source); err == nil {
			sources = append(sources, source)
			lines += bytes.Count(source, []byte("\n"))
		}
	}
	rules := hygiene.Rules()
	opt := hygiene.Options{Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	for b.Loop() {
		for _, source := range sources {
			f, err := dockerfile.Parse("Dockerfile", source)
			if err != nil {
				b.Fatal(err)
			}
			hygiene.Check(f, rules, opt)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(lines)*1000/1e6, "ms/1000lines")
}
