package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/pem"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// The account the program runs as. 65532 is the number that distroless images
// call nonroot, which admission rules of clusters know.
const (
	user = 65532
	home = "/var/lib/plimsoll"
)

// file is one entry of a layer; a path that ends in a slash is a folder's.
type file struct {
	path     string
	mode     int64
	uid, gid int
	content  []byte
}

// systemFiles are what a static program needs of a system: an account, the roots
// that TLS trusts, and folders to write to. They are the same on every platform.
func systemFiles() []file {
	return []file{
		{path: "etc/", mode: 0o755},
		{path: "etc/group", mode: 0o644, content: fmt.Appendf(nil, "root:x:0:\nnonroot:x:%d:\n", user)},
		{path: "etc/passwd", mode: 0o644, content: fmt.Appendf(nil, "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:%d:%d:nonroot:%s:/sbin/nologin\n", user, user, home)},
		{path: "etc/ssl/", mode: 0o755},
		{path: "etc/ssl/certs/", mode: 0o755},
		{path: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, content: certificates()},
		{path: "tmp/", mode: 0o1777},
		{path: "var/", mode: 0o755},
		{path: "var/lib/", mode: 0o755},
		// Group 0 may write too: clusters that choose the user's number themselves
		// leave it in group 0.
		{path: "var/lib/plimsoll/", mode: 0o770, uid: user},
		{path: "var/lib/plimsoll/cache/", mode: 0o770, uid: user},
		{path: "var/lib/plimsoll/db/", mode: 0o770, uid: user},
		{path: "work/", mode: 0o755},
	}
}

func programFiles(content []byte) []file {
	return []file{
		{path: "usr/", mode: 0o755},
		{path: "usr/local/", mode: 0o755},
		{path: "usr/local/bin/", mode: 0o755},
		{path: "usr/local/bin/plimsoll", mode: 0o755, content: content},
	}
}

// certificates are Mozilla's roots as the Go project publishes them in a module,
// so that go.sum says which they are and the machine that builds has no say. Roots
// that are trusted under a condition only (for certificates issued before a date)
// are left out: a PEM file can't carry the condition, and without it they would be
// trusted too far.
func certificates() []byte {
	var all bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		// A write to memory doesn't fail.
		_ = pem.Encode(&all, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})
	}
	return all.Bytes()
}

// layer packs files in the order of their paths, each folder before what it
// holds. USTAR has no extended headers, which is where writers of archives put
// what differs from machine to machine.
func layer(files []file, modified time.Time) (v1.Layer, error) {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(z)
	for _, f := range slices.SortedFunc(slices.Values(files), func(a, b file) int { return cmp.Compare(a.path, b.path) }) {
		h := &tar.Header{
			Format: tar.FormatUSTAR, Typeflag: tar.TypeReg, Name: f.path, Mode: f.mode,
			Uid: f.uid, Gid: f.gid, Size: int64(len(f.content)), ModTime: modified,
		}
		if strings.HasSuffix(f.path, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.path, err)
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.path, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed.Bytes())), nil },
		tarball.WithMediaType(types.OCILayer))
}
