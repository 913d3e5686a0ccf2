package image

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// StreamedBlob is a blob of a source that can be read once only, handed to
// Options.Streamed while the source is opened and before it is known which
// images it belongs to.
type StreamedBlob struct {
	// Name is the entry's path in the archive.
	Name string
	// Digest is what the name promises: the digest of the stored bytes, which
	// for an uncompressed blob is the diff ID. Empty where the name promises
	// nothing. It is a claim, good for skipping a blob that is known already.
	Digest string
	// Size is the length as stored.
	Size int64
	// Reader gives the stored bytes, compressed or not; what is left unread
	// is skipped. Damage is reported as a *DamagedError.
	Reader io.Reader
}

// streamedFiles remembers what passed by: the names of all files, and the
// bytes of those that are JSON.
type streamedFiles struct {
	entries entries
	json    map[string][]byte
	held    int64
	// layers are the names that were handed over.
	layers map[string]bool
}

// head is how much of a blob is looked at to tell what it is: one tar block.
const head = 512

// readStream reads a tar to its end and hands over what looks like a layer.
func readStream(ctx context.Context, r io.Reader, handOver func(context.Context, StreamedBlob) error) (*streamedFiles, error) {
	s := &streamedFiles{entries: entries{}, json: map[string][]byte{}, layers: map[string]bool{}}
	counted := &counter{r: r}
	reader := tar.NewReader(counted)
	last := "archive"
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, damagedEntry(last, s.entries, counted.n, err)
		}
		name, err := s.entries.add(header, counted.n)
		if err != nil {
			return nil, err
		}
		if name == "" {
			continue
		}
		last = name
		blob := &exact{r: reader, name: name, size: header.Size}
		if err := s.take(ctx, name, header.Size, blob, handOver); err != nil {
			return nil, err
		}
	}
	// What follows the archive is padding, and the checksum of the compression.
	if _, err := io.Copy(io.Discard, contextReader{ctx, counted}); err != nil {
		return nil, Damaged("archive", counted.n, err)
	}
	return s, nil
}

// take looks at the first bytes of a file and keeps, hands over or skips it.
func (s *streamedFiles) take(ctx context.Context, name string, size int64, r io.Reader, handOver func(context.Context, StreamedBlob) error) error {
	delete(s.json, name)
	delete(s.layers, name)
	first := make([]byte, min(size, head))
	if _, err := io.ReadFull(r, first); err != nil {
		return err
	}
	whole := io.MultiReader(bytes.NewReader(first), r)
	switch {
	case looksLikeLayer(name, first):
		s.layers[name] = true
		if err := handOver(ctx, StreamedBlob{Name: name, Digest: digestInName(name), Size: size, Reader: whole}); err != nil {
			return fmt.Errorf("layer %s: %w", printable(name), err)
		}
		_, err := io.Copy(io.Discard, contextReader{ctx, r})
		return err
	case (looksLikeJSON(first) || isLandmark(name)) && size <= maxConfig && s.held+size <= maxHeldJSON:
		raw := make([]byte, size)
		if _, err := io.ReadFull(whole, raw); err != nil {
			return err
		}
		s.json[name] = raw
		s.held += size
	}
	return nil
}

func (s *streamedFiles) stat(name string) (int64, error) {
	_, e, err := s.entries.resolve(name)
	return e.size, err
}

func (s *streamedFiles) small(name string, limit int64) ([]byte, error) {
	at, e, err := s.entries.resolve(name)
	if err != nil {
		return nil, err
	}
	if e.size > limit {
		return nil, tooLong(name, e.size, limit)
	}
	raw, ok := s.json[at]
	switch {
	case ok:
		return raw, nil
	case e.size+s.held > maxHeldJSON:
		return nil, fmt.Errorf("%s: %w: the archive holds more than %d bytes of JSON: save the image to a file and give its path", printable(name), ErrTooLarge, maxHeldJSON)
	}
	return nil, &DamagedError{Blob: name, Offset: 0, Reason: "it is not JSON", Cause: fs.ErrInvalid}
}

func (s *streamedFiles) opener(string) opener { return nil }

// looksLikeLayer tells a layer by its name or its first bytes.
func looksLikeLayer(name string, first []byte) bool {
	base := path.Base(name)
	if base == "layer.tar" || strings.HasSuffix(base, ".tar") || strings.HasSuffix(base, ".tar.gz") || strings.HasSuffix(base, ".tar.zst") {
		return true
	}
	return isGzip(first) || isZstd(first) || isTar(first)
}

func isGzip(b []byte) bool { return len(b) >= 2 && b[0] == 0x1f && b[1] == 0x8b }

// isZstd knows frames and skippable frames, as zstd:chunked layers have (RFC 8878, 3.1).
func isZstd(b []byte) bool {
	if len(b) < 4 || b[3] != 0xfd && b[3] != 0x18 {
		return false
	}
	return b[0] == 0x28 && b[1] == 0xb5 && b[2] == 0x2f && b[3] == 0xfd ||
		b[0]&0xf0 == 0x50 && b[1] == 0x2a && b[2] == 0x4d && b[3] == 0x18
}

// isTar tells a tar by the checksum of its first header, which tars older than
// POSIX's have too; an empty tar is a block of zeros.
func isTar(b []byte) bool {
	if len(b) < head {
		return false
	}
	var stored, sum int64
	zeros := true
	for i, c := range b[:head] {
		zeros = zeros && c == 0
		switch {
		case i < 148 || i >= 156:
			sum += int64(c)
		default:
			sum += ' '
			if c >= '0' && c <= '7' {
				stored = stored<<3 | int64(c-'0')
			}
		}
	}
	return zeros || stored == sum
}

func looksLikeJSON(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n\ufeff")
	return len(b) > 0 && (b[0] == '{' || b[0] == '[')
}

// isLandmark knows the files that every archive of its form has.
func isLandmark(name string) bool {
	return name == "manifest.json" || name == "index.json"
}

// digestInName returns the digest that a blob's name promises: an OCI layout's
// "blobs/sha256/HEX", "HEX.tar" as Podman and skopeo write it, "HEX.tar.gz",
// "HEX.json", or "sha256:HEX".
func digestInName(name string) string {
	base := path.Base(name)
	if dir := path.Base(path.Dir(name)); dir == "sha512" && isHex(base, 128) {
		return "sha512:" + base
	}
	base = strings.TrimPrefix(base, "sha256:")
	for _, suffix := range []string{".tar", ".tar.gz", ".json"} {
		base = strings.TrimSuffix(base, suffix)
	}
	if isHex(base, 64) {
		return "sha256:" + base
	}
	return ""
}

func isHex(s string, n int) bool {
	if len(s) != n || s != strings.ToLower(s) {
		return false
	}
	_, err := hex.DecodeString(s)
	return err == nil
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// contextReader ends when its context does.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
