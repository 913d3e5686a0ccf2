package ospkg

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"

	"plimsoll/internal/evidence"
)

// Lengths of digests in bytes, which tell the algorithm (evidence.DigestList).
const (
	md5Size    = 16
	sha1Size   = 20
	sha224Size = 28
	sha256Size = 32
	sha384Size = 48
	sha512Size = 64
)

// ownedFiles are the files of one package with the digests that its manager
// keeps of them.
type ownedFiles struct {
	paths   evidence.PathList
	digests evidence.DigestList
}

// add keeps a file where the limits allow it. Its digest may be empty.
func (f *ownedFiles) add(path string, digest []byte, lim *limits) {
	if lim.file(len(path), len(digest)) {
		f.paths.Append(path)
		f.digests.Append(digest)
	}
}

// digestBuffer holds a decoded digest of any known algorithm, with room for the
// last of base64's groups of three bytes.
type digestBuffer [sha512Size + 2]byte

// hex decodes a digest as package managers write it. The result is empty where
// the text is none, and valid until the next call.
func (b *digestBuffer) hex(text []byte) []byte {
	switch len(text) {
	case 2 * md5Size, 2 * sha1Size, 2 * sha224Size, 2 * sha256Size, 2 * sha384Size, 2 * sha512Size:
		if n, err := hex.Decode(b[:], text); err == nil {
			return b[:n]
		}
	}
	return nil
}

// base64 decodes a digest with its padding, likewise. The padding may be followed
// by more: apk writes the end of a SHA-256 after its first 20 bytes, so that
// older versions read a digest of the length they know.
func (b *digestBuffer) base64(text []byte) []byte {
	if len(text) > base64.StdEncoding.EncodedLen(len(b)) {
		return nil
	}
	padded := bytes.IndexByte(text, '=') + 1
	n, err := base64.StdEncoding.Decode(b[:], text[:padded])
	if err != nil {
		return nil
	}
	more, err := base64.StdEncoding.Decode(b[n:], text[padded:])
	if err != nil {
		return nil
	}
	return b[:n+more]
}
