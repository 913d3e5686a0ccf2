package main

import (
	"os"
	"testing"

	"plimsoll/internal/secret"
)

// BenchmarkTree searches the files of the folder that $PLIMSOLL_BENCH_TREE names:
// for the keywords alone, and with the rules.
func BenchmarkTree(b *testing.B) {
	dir := os.Getenv("PLIMSOLL_BENCH_TREE")
	if dir == "" {
		b.Skip("PLIMSOLL_BENCH_TREE names no folder")
	}
	files, size, err := load(dir)
	if err != nil {
		b.Fatal(err)
	}
	f, err := newFinder(secret.Rules())
	if err != nil {
		b.Fatal(err)
	}
	perByte := func(b *testing.B) {
		b.SetBytes(size)
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/byte")
	}
	b.Run("keywords", func(b *testing.B) {
		for b.Loop() {
			for _, t := range files {
				f.words.Find(t.text, 0, len(t.text), func(int, int) bool { return true })
			}
		}
		perByte(b)
	})
	b.Run("rules", func(b *testing.B) {
		for b.Loop() {
			for _, t := range files {
				f.find(t.path, t.text)
			}
		}
		perByte(b)
	})
}
