package store

import (
	"bytes"
	"testing"
)

func FuzzParseGrypeListing(f *testing.F) {
	f.Add([]byte(`{"status":"active","schemaVersion":"v6.1.10","built":"2026-11-21T21:01:53Z","path":"a.tar.zst","checksum":"sha256:fe5d99974db1c5a97bb9c75c74aa3c6becf8359d04652c17c5daa95bf2912583"}`))
	f.Add([]byte(`{"status":"eol","schemaVersion":"v6.0.0"}`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, _, err := parseGrypeListing(b)
		if err == nil && (!sha256Digest.MatchString(l.Checksum) || l.Built.IsZero()) {
			t.Errorf("accepted %+v", l)
		}
	})
}

func FuzzParseArtifact(f *testing.F) {
	f.Add(artifactManifest([]byte("blob")))
	f.Add([]byte(`{"manifests":[{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := parseArtifact(b)
		if err == nil && (!sha256Digest.MatchString(a.digest) || a.size <= 0) {
			t.Errorf("accepted %+v", a)
		}
	})
}

func FuzzParseMetadata(f *testing.F) {
	f.Add([]byte(`{"Version":2,"NextUpdate":"2026-11-22T20:52:18Z","UpdatedAt":"2026-11-21T20:52:18Z","DownloadedAt":"0001-01-01T00:00:00Z"}`))
	f.Add([]byte(`{"Version":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := parseTrivyMetadata(b); err == nil && (m.Version != trivySchema || m.UpdatedAt.IsZero()) {
			t.Errorf("accepted %+v", m)
		}
	})
}

func FuzzParsePointer(f *testing.F) {
	f.Add([]byte(`{"format":1,"generation":"sha256-02b02be093ed3e795df96914a90b4ca319f8504d6248f31559b6deba8efa5965","info":{"name":"grype-db"},` +
		`"files":[{"name":"vulnerability.db","size":1,"sha256":"02b02be093ed3e795df96914a90b4ca319f8504d6248f31559b6deba8efa5965"}]}`))
	k, err := kindOf(GrypeDB)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if rec, err := parseRecord(k, b); err == nil && (!generationName.MatchString(rec.Generation) || rec.Files[0].Name != grypeFile) {
			t.Errorf("accepted %+v", rec)
		}
	})
}

func FuzzParseBundle(f *testing.F) {
	f.Add([]byte(`{"format":"plimsoll-databases","version":1,"databases":[{"name":"grype-db","schema":"v6.1.10","built":"2026-11-21T21:01:53Z",` +
		`"digest":"sha256:02b02be093ed3e795df96914a90b4ca319f8504d6248f31559b6deba8efa5965",` +
		`"files":[{"name":"vulnerability.db","size":1,"sha256":"02b02be093ed3e795df96914a90b4ca319f8504d6248f31559b6deba8efa5965"}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseBundle(b)
		if err != nil {
			return
		}
		for _, d := range m.Databases {
			if _, err := kindOf(d.Name); err != nil {
				t.Errorf("accepted %+v", d)
			}
		}
	})
}

func FuzzParseLayoutIndex(f *testing.F) {
	f.Add([]byte(`{"manifests":[{"digest":"sha256:02b02be093ed3e795df96914a90b4ca319f8504d6248f31559b6deba8efa5965","annotations":{"org.opencontainers.image.ref.name":"2"}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		digests, err := parseLayoutIndex(b)
		for _, d := range digests {
			if err != nil || !sha256Digest.MatchString(d) {
				t.Errorf("accepted %q", d)
			}
		}
	})
}

func FuzzContentRange(f *testing.F) {
	f.Add("bytes 5-9/10")
	f.Add("bytes */10")
	f.Add("bytes 5-9/*")
	f.Fuzz(func(t *testing.T, s string) {
		if start, total, ok := contentRange(s); ok && (start < -1 || total < 0) {
			t.Errorf("%q gave %d of %d", s, start, total)
		}
	})
}

// FuzzImport lets arbitrary bytes be told apart and unpacked.
func FuzzImport(f *testing.F) {
	dir := trivyDir(f, 2, day0, "copy")
	small := tarOf(f, entry{name: trivyFile, body: []byte("not a bolt file")}, fileEntry(f, dir, trivyMetadata))
	f.Add(small)
	f.Add(gzipped(f, small))
	f.Add(zstded(f, tarOf(f, entry{name: grypeFile, body: []byte("SQLite format 3\x00")})))
	f.Add(tarOf(f, layoutEntries([]byte("blob"))...))
	f.Add(zstded(f, tarOf(f, entry{name: bundleManifest, body: []byte(`{"format":"plimsoll-databases","version":1,"databases":[]}`)})))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		s.limits.unpacked = 8 << 20
		_, _, _ = s.sniffReader(t.Context(), bytes.NewReader(b))
		_, _ = s.ImportReader(t.Context(), bytes.NewReader(b), "fuzz", ImportOptions{})
	})
}
