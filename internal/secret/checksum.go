package secret

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// crcBase62 is the CRC-32 of text in six base-62 numerals, zeros first: the end
// of GitHub's and npm's tokens.
func crcBase62(text string) string {
	const digits = 6
	b := [digits]byte{}
	n := crc32.ChecksumIEEE([]byte(text))
	for i := digits - 1; i >= 0; i-- {
		b[i] = base62[n%62]
		n /= 62
	}
	return string(b[:])
}

// endsInCRC62 reports whether the last six letters of what follows a prefix are
// the checksum of the letters before them.
func endsInCRC62(value []byte, prefix string) bool {
	body := strings.TrimPrefix(string(value), prefix)
	n := len(body) - 6
	return n > 0 && crcBase62(body[:n]) == body[n:]
}

// withCRC62 completes a sample.
func withCRC62(prefix, random string) string { return prefix + random + crcBase62(random) }

// checkedCRC62 is the check of a token whose checksum its issuer documents: one
// that does not fit is no token.
func checkedCRC62(prefix string) func(*Match) Confidence {
	return func(m *Match) Confidence {
		if endsInCRC62(m.Value, prefix) {
			return Certain
		}
		return Rejected
	}
}

// perhapsCRC62 is the check of one whose checksum was seen and is not promised.
func perhapsCRC62(prefix string, without Confidence) func(*Match) Confidence {
	return func(m *Match) Confidence {
		if endsInCRC62(m.Value, prefix) {
			return Certain
		}
		return without
	}
}

// fineGrainedMark is what stands before the last eight letters of a fine-grained
// GitHub token: forty bits of the SHA-256 of what precedes it, in base 32.
func fineGrainedMark(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base32.StdEncoding.EncodeToString(sum[:5])
}

func fineGrainedChecksum(m *Match) Confidence {
	n := len(m.Value) - 16
	if n > 0 && fineGrainedMark(string(m.Value[:n])) == string(m.Value[n:n+8]) {
		return Certain
	}
	return Possible
}

// crcBase36 is the CRC-32 of text in seven base-36 numerals: the end of GitLab's
// routable tokens.
func crcBase36(text string) string {
	s := strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(text))), 36)
	return strings.Repeat("0", max(0, 7-len(s))) + s
}

// gitlabStructure judges a GitLab token. Routable ones end in the checksum of
// all that precedes it. An instance may set a prefix of its own before the known
// one, which the checksum takes in; such a token still shows its payload.
func gitlabStructure(m *Match) Confidence {
	if !bytes.ContainsRune(m.Value, '.') {
		return Likely
	}
	n := len(m.Value) - 7
	if crcBase36(string(m.Value[:n])) == string(m.Value[n:]) {
		return Certain
	}
	payload, _, _ := bytes.Cut(m.Value, []byte("."))
	if at := bytes.IndexByte(payload, '-'); at >= 0 && gitlabRouting(payload[at+1:]) {
		return Likely
	}
	return Possible
}

// gitlabRouting reports whether a payload is a routing line ("o:1"), sixteen
// random bytes and their number.
func gitlabRouting(payload []byte) bool {
	b, err := base64.RawURLEncoding.DecodeString(string(payload))
	return err == nil && len(b) > 19 && b[len(b)-1] == 16 && b[1] == ':' && bytes.IndexByte([]byte("cgoptu"), b[0]) >= 0
}

// gitlabRoutable makes a sample.
func gitlabRoutable(prefix string) string {
	payload := base64.RawURLEncoding.EncodeToString([]byte("o:1\nu:2f" + made(base64Std, 16) + "\x10"))
	text := fmt.Sprintf("%s%s.01.%s", prefix, payload, strconv.FormatInt(int64(len(payload)), 36))
	if len(payload) < 36 {
		text = fmt.Sprintf("%s%s.01.0%s", prefix, payload, strconv.FormatInt(int64(len(payload)), 36))
	}
	return text + crcBase36(text)
}

// atlassianChecksum: the last eight letters are the CRC-32, in hexadecimal, of
// all that precedes them. In URLs the equals sign before them is escaped.
func atlassianChecksum(m *Match) Confidence {
	s := strings.NewReplacer("%3D", "=", "%3d", "=").Replace(string(m.Value))
	n := len(s) - 8
	if n > 0 && strings.EqualFold(crcHex(s[:n]), s[n:]) {
		return Certain
	}
	return Possible
}

func crcHex(text string) string { return fmt.Sprintf("%08X", crc32.ChecksumIEEE([]byte(text))) }

// withCRCHex completes a sample.
func withCRCHex(text string) string { return text + crcHex(text) }
