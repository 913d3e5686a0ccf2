package version_test

import (
	"fmt"
	"testing"

	"github.com/google/osv-scalibr/semantic"

	"plimsoll/internal/advisory/version"
)

// debVersions are shaped like Debian's.
func debVersions() []string {
	var out []string
	for i := range 64 {
		out = append(out, fmt.Sprintf("1:%d.%d.%d+dfsg-%d+deb12u%d~bpo1", i%4, i%7, i, i%3, i%5))
	}
	return out
}

// BenchmarkDeb and BenchmarkDebSemantic are the measurement behind having an
// order of our own: parse both sides and compare, as a match does.
func BenchmarkDeb(b *testing.B) {
	all := debVersions()
	for i := 0; b.Loop(); i++ {
		v, err := version.Parse(version.Deb, all[i%64])
		if err != nil {
			b.Fatal(err)
		}
		if _, err := v.CompareTo(all[(i+1)%64]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDebSemantic(b *testing.B) {
	all := debVersions()
	for i := 0; b.Loop(); i++ {
		v, err := semantic.Parse(all[i%64], "Debian")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := v.CompareStr(all[(i+1)%64]); err != nil {
			b.Fatal(err)
		}
	}
}
