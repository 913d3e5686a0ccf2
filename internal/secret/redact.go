package secret

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// Redact returns what may be shown of a value: the literal that it begins with
// because every value of its kind does, and its length.
func Redact(value []byte, prefix string) string {
	n := utf8.RuneCount(value)
	if prefix != "" && len(value) > len(prefix) && bytes.HasPrefix(value, []byte(prefix)) {
		return fmt.Sprintf("%s[%d redacted]", prefix, n-utf8.RuneCountInString(prefix))
	}
	return fmt.Sprintf("[%d redacted]", n)
}

// markOf is Secret.Mark.
func markOf(value []byte) uint16 {
	sum := sha256.Sum256(value)
	return binary.BigEndian.Uint16(sum[:])
}
