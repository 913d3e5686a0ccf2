package content_test

import (
	"testing"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
)

// BenchmarkTinyFile is what each of millions of small files costs.
func BenchmarkTinyFile(b *testing.B) {
	i, _ := inspector(b)
	content := []byte("module.exports = require('./lib/index.js');\n")
	f := &inspect.File{Path: "srv/node_modules/a/index.js", Mode: 0o644, Size: int64(len(content))}
	b.ReportAllocs()
	for b.Loop() {
		i.Inspect(b.Context(), f, content, &evidence.Fragment{})
	}
}

// BenchmarkText is a file that is judged as a whole.
func BenchmarkText(b *testing.B) {
	i, _ := inspector(b)
	content := prose(1, 200_000)
	f := &inspect.File{Path: "srv/a.txt", Mode: 0o644, Size: int64(len(content))}
	b.SetBytes(f.Size)
	b.ReportAllocs()
	for b.Loop() {
		i.Inspect(b.Context(), f, content, &evidence.Fragment{})
	}
}

// BenchmarkSmallGzip is a manual page.
func BenchmarkSmallGzip(b *testing.B) {
	i, _ := inspector(b)
	content := gzipOf(b, prose(1, 8_000))
	f := &inspect.File{Path: "usr/share/man/man1/a.1.gz", Mode: 0o644, Size: int64(len(content))}
	b.ReportAllocs()
	for b.Loop() {
		i.Inspect(b.Context(), f, content, &evidence.Fragment{})
	}
}
