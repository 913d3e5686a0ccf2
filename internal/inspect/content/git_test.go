package content_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plimsoll/internal/secret"
)

func zlibOf(b []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

// object writes an entry of a pack: its type, its size, what stands between, the content.
func object(kind byte, between, b []byte) []byte {
	n := len(b)
	head := []byte{kind<<4 | byte(n&15)}
	for n >>= 4; n > 0; n >>= 7 {
		head[len(head)-1] |= 0x80
		head = append(head, byte(n&0x7f))
	}
	return append(append(head, between...), zlibOf(b)...)
}

func packOf(objects ...[]byte) []byte {
	b := append([]byte("PACK"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 2), uint32(len(objects)))...)
	b = append(b, bytes.Join(objects, nil)...)
	return append(b, make([]byte, 20)...)
}

// delta copies the first n bytes of a base and inserts text, in pieces of up to 127 bytes.
func delta(base []byte, n int, text string) []byte {
	size := n + len(text)
	b := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(len(base))), uint64(size))
	b = append(b, 0x80|0x10|0x20, byte(n), byte(n>>8))
	for text != "" {
		k := min(127, len(text))
		b = append(append(b, byte(k)), text[:k]...)
		text = text[k:]
	}
	return b
}

func TestSecretsAreFoundInGitObjects(t *testing.T) {
	i, _ := inspector(t)
	value := token(t)
	base := prose(1, 3000)
	blob := object(3, nil, base)
	// The token is parted by the end of an insert, and by a copy's end: its first
	// half is the end of what the base has.
	parted := strings.Repeat("x ", 50) + "\nGITHUB_TOKEN=" + value + "\n"
	ends := append(prose(2, 2000), ("\nGITHUB_TOKEN=" + value[:20])...)
	tests := []struct {
		name, path string
		content    []byte
		inside     string
	}{
		{"a loose object", ".git/objects/ab/" + strings.Repeat("c", 38), zlibOf([]byte("blob 99\x00GITHUB_TOKEN=" + value)), "blob"},
		{"a loose object of SHA-256", ".git/objects/ab/" + strings.Repeat("c", 62), zlibOf([]byte("blob 99\x00GITHUB_TOKEN=" + value)), "blob"},
		{"a blob", "p.pack", packOf(object(3, nil, []byte("GITHUB_TOKEN="+value))), "blob at 12"},
		{"a large blob", "p.pack", packOf(object(3, nil, append(prose(1, 2<<20), "\nGITHUB_TOKEN="+value...))), "blob at 12"},
		{"a commit", "p.pack", packOf(object(1, nil, []byte("tree x\n\nadd "+value))), "commit at 12"},
		{"a delta", "p.pack", packOf(blob, object(6, []byte{byte((len(blob)-128)>>7)&0x7f | 0x80, byte(len(blob)) & 0x7f}, delta(base, 1000, parted))), ""},
		{"a delta by name", "p.pack", packOf(blob, object(7, make([]byte, 20), delta(base, 1000, "\nGITHUB_TOKEN="+value))), ""},
		{"a delta by a name of SHA-256", "p.pack", packOf(blob, object(7, bytes.Repeat([]byte{1}, 32), delta(base, 1000, "\nGITHUB_TOKEN="+value))), ""},
		{"a delta whose half is copied", "p.pack", func() []byte {
			b := object(3, nil, ends)
			return packOf(b, object(6, []byte{byte((len(b)-128)>>7)&0x7f | 0x80, byte(len(b)) & 0x7f}, delta(ends, len(ends), value[20:]+"\n")))
		}(), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := inspected(t, i, tt.path, tt.content)
			found.Secrets = slices.DeleteFunc(found.Secrets, func(s secret.Secret) bool { return s.Rule != "github-classic-token" })
			if len(found.Secrets) != 1 || tt.inside != "" && found.Secrets[0].Inside != tt.inside {
				t.Errorf("%v, problems %v", list(found), found.Problems)
			}
			for _, p := range found.Problems {
				t.Errorf("problem %v", p)
			}
		})
	}
}

// TestSecretsAreFoundInRepositoriesThatGitMade commits a token, takes it out again
// and packs all of it, as a developer does who builds an image from the folder.
func TestSecretsAreFoundInRepositoriesThatGitMade(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("there is no git to make a repository with")
	}
	i, _ := inspector(t)
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			dir := t.TempDir()
			run := func(args ...string) {
				c := exec.Command(git, args...)
				c.Dir = dir
				c.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "HOME="+dir, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org")
				if out, err := c.CombinedOutput(); err != nil {
					t.Skipf("git %v: %v: %s", args, err, out)
				}
			}
			run("init", "-q", "--object-format="+format)
			text := string(prose(1, 20_000))
			commit := func(text string) {
				if err := os.WriteFile(filepath.Join(dir, "settings.py"), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				run("add", ".")
				run("-c", "commit.gpgsign=false", "commit", "-q", "-m", "x")
			}
			commit(text)
			commit(text[:9000] + "\nGITHUB_TOKEN=" + token(t) + "\n" + text[9000:])
			commit(text + "\nmore\n")
			look := func() (n int) {
				filepath.WalkDir(filepath.Join(dir, ".git", "objects"), func(p string, d fs.DirEntry, err error) error {
					if err != nil || !d.Type().IsRegular() {
						return err
					}
					b, err := os.ReadFile(p)
					if err != nil {
						t.Fatal(err)
					}
					rel, _ := filepath.Rel(dir, p)
					found := inspected(t, i, filepath.ToSlash(rel), b)
					n += len(found.Secrets)
					for _, p := range found.Problems {
						t.Errorf("%v", p)
					}
					return nil
				})
				return n
			}
			if n := look(); n != 1 {
				t.Errorf("%d secrets in loose objects", n)
			}
			run("gc", "-q", "--aggressive", "--prune=now")
			if n := look(); n != 1 {
				t.Errorf("%d secrets in the pack", n)
			}
		})
	}
}

func TestDamagedPacksEndEarly(t *testing.T) {
	i, _ := inspector(t)
	for name, b := range map[string][]byte{
		"a claim of many objects":   append([]byte("PACK\x00\x00\x00\x02\xff\xff\xff\xff"), make([]byte, 64)...),
		"an impossible length":      packOf(append([]byte{0xbf}, bytes.Repeat([]byte{0xff}, 40)...)),
		"a delta of nothing":        packOf(object(6, []byte{1}, []byte{0, 0})),
		"a delta that claims much":  packOf(object(3, nil, []byte("abcdefgh")), object(6, []byte{18}, []byte{8, 0xff, 0xff, 0xff, 0x7f, 0x90, 8})),
		"a longer object than said": packOf(append([]byte{0x31}, zlibOf(prose(1, 5000))...)),
	} {
		found := inspected(t, i, "x.pack", b)
		for _, p := range found.Problems {
			if p.Incomplete {
				t.Errorf("%s: %v", name, p)
			}
		}
	}
}
