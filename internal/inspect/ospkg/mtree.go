package ospkg

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"plimsoll/internal/evidence"
)

const (
	// maxMtree bounds an unpacked mtree; the longest of real packages have some
	// ten million bytes.
	maxMtree = 64 << 20
	// maxMtreeRatio bounds it by its packed size: a third of each line is digests,
	// which don't compress below half.
	maxMtreeRatio = 50
	// maxMtreeLine is a path of maxValue bytes, each escaped, and the other words.
	maxMtreeLine = 5 * maxValue
)

// readMtree adds the regular files of an mtree (mtree(5)) as makepkg packs it:
// lines of an escaped path below "./" and words that describe it, among them
// lines that begin with /set and hold words for all that follow.
func readMtree(own *evidence.Owned, packed []byte) error {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	most := min(maxMtree, maxMtreeRatio*(int64(len(packed))+1024))
	unpacked := &io.LimitedReader{R: z, N: most + 1}
	lines := bufio.NewScanner(unpacked)
	lines.Buffer(make([]byte, 0, maxMtreeLine), maxMtreeLine)
	m := mtree{regular: true}
	for lines.Scan() && m.limits.err() == nil {
		m.line(lines.Bytes())
	}
	own.Paths, own.Digests = m.files.paths, m.files.digests
	switch err := lines.Err(); {
	case unpacked.N <= 0:
		return fmt.Errorf("%w: more than %d bytes unpacked", ErrTooLarge, most)
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("%w: a line of more than %d bytes", ErrTooLarge, maxMtreeLine)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return m.limits.err()
}

// mtree is what is known while its lines go by.
type mtree struct {
	files ownedFiles
	// regular is whether an entry that does not say its type is a regular file.
	regular bool
	limits  limits
	digest  digestBuffer
	path    []byte // scratch
}

func (m *mtree) line(line []byte) {
	name, words := cutWord(line)
	if string(name) == "/set" {
		m.regular, _ = mtreeWords(words, m.regular)
		return
	}
	// What lies at the top and begins with a dot is the package's own: .PKGINFO.
	name, ok := bytes.CutPrefix(name, []byte("./"))
	if !ok || len(name) == 0 || name[0] == '.' {
		return
	}
	regular, sum := mtreeWords(words, m.regular)
	digest := m.digest.hex(sum)
	if !regular || len(digest) == 0 {
		return
	}
	m.path = unescapeOctal(m.path[:0], name)
	m.files.add(string(m.path), digest, &m.limits)
}

// mtreeWords takes the type of an entry and the better of its digests out of the
// words of a line.
func mtreeWords(words []byte, regular bool) (isRegular bool, sum []byte) {
	for {
		var word []byte
		if word, words = cutWord(words); len(word) == 0 {
			return regular, sum
		}
		key, value, _ := bytes.Cut(word, []byte("="))
		switch string(key) {
		case "type":
			regular = string(value) == "file"
		case "sha256digest", "sha256":
			sum = value
		case "md5digest", "md5":
			if sum == nil {
				sum = value
			}
		}
	}
}

// unescapeOctal appends text in which a backslash and three octal digits stand
// for a byte.
func unescapeOctal(to, text []byte) []byte {
	for len(text) > 0 {
		if text[0] == '\\' && len(text) >= 4 {
			n := 0
			for _, c := range text[1:4] {
				if c < '0' || c > '7' {
					n = -1
					break
				}
				n = n<<3 | int(c-'0')
			}
			if n >= 0 && n <= 0xff {
				to, text = append(to, byte(n)), text[4:]
				continue
			}
		}
		to, text = append(to, text[0]), text[1:]
	}
	return to
}
