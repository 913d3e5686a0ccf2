package grypedb_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/grypedb"
)

// BenchmarkIndex measures the once-per-download work.
func BenchmarkIndex(b *testing.B) {
	dir := authenticDir(b)
	for b.Loop() {
		if err := os.Remove(filepath.Join(dir, grypedb.LookupName)); err != nil {
			b.Fatal(err)
		}
		if err := grypedb.Index(context.Background(), dir); err != nil {
			b.Fatal(err)
		}
	}
	st, err := os.Stat(filepath.Join(dir, grypedb.LookupName))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(st.Size())/1e6, "MB")
}

// BenchmarkColdMatch opens the database and judges 430 Debian and 1,000 npm
// packages, as a scan does.
func BenchmarkColdMatch(b *testing.B) {
	dir := authenticDir(b)
	inv := largeInventory(b)
	matches := 0
	for b.Loop() {
		db, err := grypedb.Open(context.Background(), dir, advisory.Info{})
		if err != nil {
			b.Fatal(err)
		}
		o, err := db.Match(context.Background(), inv)
		if err != nil {
			b.Fatal(err)
		}
		matches = len(o.Matches)
		_ = db.Close()
	}
	b.ReportMetric(float64(matches), "matches")
}
