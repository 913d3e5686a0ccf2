package content_test

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inspect/content"
	"plimsoll/internal/secret"
)

// bzipped is "line one\nGITHUB_TOKEN=ghp_…\n" out of bzip2(1), which Go only reads.
const bzipped = "425a6839314159265359deebada70000185f800010400019a21fe98f5082edf67020005463468d018990d189840c0c6400641a68c87a9ea683691aa4d0624d67ab6c3204b19f0e01ba147d8666d6802ec40b97c4a73a85cef3e650f61fca320ab036e598bb9229c28486f75d6d38"

func TestASecretIsFoundInEveryForm(t *testing.T) {
	i, _ := inspector(t)
	line := "GITHUB_TOKEN=" + token(t) + "\n"
	text := "line one\n" + line
	bz, err := hex.DecodeString(bzipped)
	if err != nil {
		t.Fatal(err)
	}
	wide := func(order binary.AppendByteOrder, mark bool) []byte {
		var b []byte
		if mark {
			b = order.AppendUint16(b, 0xfeff)
		}
		for _, u := range utf16.Encode([]rune(strings.Repeat("schön – 🚢\n", map[bool]int{true: 3, false: 0}[mark]) + text)) {
			b = order.AppendUint16(b, u)
		}
		return b
	}
	encoded := base64.StdEncoding.EncodeToString([]byte("apiVersion: v1\nkind: Secret\n" + text))
	var mime strings.Builder
	for rest := base64.StdEncoding.EncodeToString(slices.Concat(prose(1, 300), []byte("\n"+line))); rest != ""; {
		n := min(76, len(rest))
		mime.WriteString("  " + rest[:n] + "\r\n")
		rest = rest[n:]
	}
	elf := slices.Concat([]byte("\x7fELF\x02\x01\x01"), noise(3, 5000), []byte("\x00"+line+"\x00"), noise(4, 5000))
	folder := func(path string) []byte { return tarOf(t, "srv/", "", path, text) }
	large := slices.Concat(prose(5, 3<<20), []byte("\n"+line), prose(6, 1<<20))
	tests := []struct {
		name, path string
		content    []byte
		inside     string
		encoding   string
		line       int
	}{
		{"plain", "srv/.env", []byte(text), "", "", 2},
		{"without a line end", "srv/.env", []byte(strings.TrimSpace(text)), "", "", 2},
		{"elf", "usr/bin/tool", elf, "", "", 0},
		{"zip", "srv/a.zip", zipOf(t, "a/", "", "a/.env", text), "a/.env", "", 2},
		{"zip, large", "srv/a.zip", zipOf(t, "noise", string(noise(9, 2<<20)), ".env", text), ".env", "", 2},
		{"jar", "srv/app.jar", zipOf(t, "BOOT-INF/classes/application.properties", text), "BOOT-INF/classes/application.properties", "", 2},
		{"whl", "srv/x-1-py3-none-any.whl", zipOf(t, "x/settings.py", text), "x/settings.py", "", 2},
		{"zip behind a script", "usr/bin/app", slices.Concat([]byte("#!/usr/bin/env python3\n"), zipOf(t, "__main__.py", text)), "__main__.py", "", 2},
		{"zip behind a program", "usr/bin/app", slices.Concat([]byte("\x7fELF\x02\x01\x01"), noise(8, 900), zipOf(t, "__main__.py", text)), "__main__.py", "", 2},
		{"tar", "srv/a.tar", folder("srv/.env"), "srv/.env", "", 2},
		{"gz", "srv/env.gz", gzipOf(t, []byte(text)), "env", "", 2},
		{"gz, of two parts", "srv/env.gz", slices.Concat(gzipOf(t, []byte("line one\n")), gzipOf(t, []byte(line))), "env", "", 2},
		{"gz, split in a value", "srv/env.gz", slices.Concat(gzipOf(t, []byte(text[:30])), gzipOf(t, []byte(text[30:]))), "env", "", 2},
		{"tar.gz", "srv/a.tar.gz", gzipOf(t, folder("srv/.env")), "a.tar!srv/.env", "", 2},
		{"tgz", "srv/a.tgz", gzipOf(t, folder("srv/.env")), "a.tar!srv/.env", "", 2},
		{"zst", "srv/env.zst", zstdOf(t, []byte(text)), "env", "", 2},
		{"bz2", "srv/env.bz2", bz, "env", "", 2},
		{"a large file", "srv/dump.sql", large, "", "", 1 + bytes.Count(large[:3<<20+1], []byte("\n"))},
		{"a large file in gz", "srv/dump.sql.gz", gzipOf(t, large), "dump.sql", "", 1 + bytes.Count(large[:3<<20+1], []byte("\n"))},
		{"utf-16, little, with a mark", "srv/x.reg", wide(binary.LittleEndian, true), "", "utf-16", 5},
		{"utf-16, big, with a mark", "srv/x.reg", wide(binary.BigEndian, true), "", "utf-16", 5},
		{"utf-16, little", "srv/x.reg", wide(binary.LittleEndian, false), "", "utf-16", 2},
		{"utf-16, big", "srv/x.reg", wide(binary.BigEndian, false), "", "utf-16", 2},
		{"base64", "srv/x.yaml", []byte("data:\n  env: " + encoded + "\n"), "", "base64", 2},
		{"base64 in lines", "srv/mail", []byte("To: you\n\n" + mime.String()), "", "base64", 3},
		{"base64 in zip", "srv/x.zip", zipOf(t, "x.yaml", "env: "+encoded), "x.yaml", "base64", 1},
		{"jar in war in tar in gz", "srv/x.tar.gz", gzipOf(t, tarOf(t, "x.war", string(zipOf(t, "WEB-INF/lib/y.jar", string(zipOf(t, "y.properties", text)))))), "x.tar!x.war!WEB-INF/lib/y.jar!y.properties", "", 2},
		{"what is named an archive and is none", "srv/x.zip", []byte("PK\x03\x04\n" + line), "", "", 2},
		{"what begins like gz and is none", "srv/x", []byte("\x1f\x8b\x08\n" + line), "", "", 2},
		{"a script that is a gz too", "srv/x.sh", slices.Concat(gzipOf(t, []byte("x")), []byte("\n"+line)), "", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := inspected(t, i, tt.path, tt.content)
			for _, s := range found.Secrets {
				if s.Rule != "github-classic-token" {
					continue
				}
				if s.Path != tt.path || s.Inside != tt.inside || s.Encoding != tt.encoding {
					t.Errorf("found in %q inside %q, encoding %q", s.Path, s.Inside, s.Encoding)
				}
				if s.Line != tt.line && tt.encoding != "base64" || s.Line == 0 && tt.encoding == "base64" {
					t.Errorf("line %d, want %d", s.Line, tt.line)
				}
				if again := inspected(t, i, tt.path, tt.content); !cmp.Equal(found, again) {
					t.Errorf("the same file gave other evidence: %s", cmp.Diff(found, again))
				}
				return
			}
			t.Errorf("not found; secrets %v, problems %v", list(found), found.Problems)
		})
	}
}

func TestBase64InsideBase64IsNotDecoded(t *testing.T) {
	i, _ := inspector(t)
	once := base64.StdEncoding.EncodeToString([]byte("a line of text before it\nGITHUB_TOKEN=" + token(t)))
	twice := base64.StdEncoding.EncodeToString([]byte(once))
	if found := inspected(t, i, "srv/x", []byte(twice)); len(found.Secrets) != 0 {
		t.Errorf("found %v", list(found))
	}
}

func TestArchivesAreOpenedToABoundedDepth(t *testing.T) {
	i, _ := inspector(t)
	nested := func(depth int) []byte {
		b := []byte("GITHUB_TOKEN=" + token(t))
		for range depth {
			b = zipOf(t, "x.zip", string(b))
		}
		return b
	}
	if found := inspected(t, i, "x.zip", nested(content.MaxDepth)); len(found.Secrets) != 1 || len(found.Problems) != 0 {
		t.Errorf("%v, problems %v", list(found), found.Problems)
	}
	found := inspected(t, i, "x.zip", nested(content.MaxDepth+1))
	if len(found.Secrets) != 0 || len(found.Problems) != 1 || found.Problems[0].Incomplete {
		t.Errorf("beyond: %v, problems %v", list(found), found.Problems)
	}
}

func TestASecretIsFoundInADatabase(t *testing.T) {
	i, _ := inspector(t)
	file := filepath.Join(t.TempDir(), "app.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"pragma synchronous=off", "create table settings (name text, value text)", "insert into settings values ('token', '" + token(t) + "')"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	for range 3000 {
		if _, err := db.Exec("insert into settings values ('text', ?)", string(prose(1, 500))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec("insert into settings values ('other', ?)", sample(t, "github-oauth-token")); err != nil {
		t.Fatal(err)
	}
	db.Close()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{b[:content.Small], b} {
		var rules []string
		for _, s := range inspected(t, i, "var/lib/app.db", b).Secrets {
			rules = append(rules, s.Rule)
		}
		slices.Sort(rules)
		want := []string{"github-classic-token"}
		if len(b) > content.Small {
			want = append(want, "github-oauth-token")
		}
		if diff := cmp.Diff(want, rules); diff != "" {
			t.Errorf("of %d bytes: %s", len(b), diff)
		}
	}
}

// TestBlocksFindWhatTheWholeFileHolds puts secrets of many kinds at random places
// and at every kind of border.
func TestBlocksFindWhatTheWholeFileHolds(t *testing.T) {
	i, _ := inspector(t)
	var samples []string
	for _, r := range secret.Rules() {
		if r.SamplePath == "" && r.Paths == nil {
			samples = append(samples, r.True...)
		}
	}
	samples = append(samples, base64.StdEncoding.EncodeToString([]byte("some text that comes first\nGITHUB_TOKEN="+token(t)+"\n")))
	r := rand.New(rand.NewPCG(1, 2))
	const step = content.BlockSize - 2*content.Carry
	rounds := 40
	if testing.Short() {
		rounds = 8
	}
	for round := range rounds {
		text := prose(uint64(round), 1<<20+r.IntN(300_000))
		for range 12 {
			s := samples[r.IntN(len(samples))]
			at := r.IntN(len(text))
			if border := r.IntN(3); border > 0 {
				// Near where one search ends and the next begins, and where blocks do.
				at = step*(1+r.IntN(3)) + content.Carry*(border-1) + r.IntN(2*len(s)+40) - len(s) - 20
			}
			at = min(max(at, 0), len(text)-1)
			text = slices.Concat(text[:at], []byte("\n"+s+"\n"), text[at:])
		}
		f := &inspect.File{Path: "srv/data.txt", Size: int64(len(text))}
		var whole, parts evidence.Fragment
		i.LookWhole(t.Context(), f, text, &whole)
		var pieces [][]byte
		for rest := text; len(rest) > 0; {
			n := min(len(rest), 1+r.IntN(400_000))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		i.LookInBlocks(t.Context(), f, pieces, &parts)
		a, b := list(&whole), list(&parts)
		slices.Sort(a)
		slices.Sort(b)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Fatalf("round %d: whole and in blocks: %s", round, diff)
		}
		if len(a) < 6 {
			t.Errorf("round %d: only %d secrets", round, len(a))
		}
	}
}

// TestLongBase64IsDecodedAcrossBlocks hides a token in base64 of many megabytes.
func TestLongBase64IsDecodedAcrossBlocks(t *testing.T) {
	i, _ := inspector(t)
	for _, at := range []int{10, 200_000, 1 << 20, 2_500_001} {
		text := prose(7, 3<<20)
		text = slices.Concat(text[:at], []byte("\nGITHUB_TOKEN="+token(t)+"\n"), text[at:])
		for _, width := range []int{76, 1 << 30} {
			var b bytes.Buffer
			b.WriteString("first\n")
			for rest := base64.StdEncoding.EncodeToString(text); rest != ""; {
				n := min(width, len(rest))
				b.WriteString(rest[:n] + "\n")
				rest = rest[n:]
			}
			found := inspected(t, i, "srv/x.txt", b.Bytes())
			if len(found.Secrets) != 1 || found.Secrets[0].Line != 2 || found.Secrets[0].Offset != 6 {
				t.Errorf("at %d, in lines of %d: %v", at, width, list(found))
			}
		}
	}
}

func TestFilesOfExactlyABlockAreSearchedOnce(t *testing.T) {
	i, _ := inspector(t)
	secretText := "\nGITHUB_TOKEN=" + token(t) + "\n"
	for _, size := range []int{content.BlockSize, content.Small, content.Small + 1, content.Small + content.BlockSize} {
		for _, d := range []int{-1, 0, 1} {
			b := prose(1, size+d)
			copy(b[len(b)-len(secretText):], secretText)
			for path, archive := range map[string][]byte{"x": b, "x.gz": gzipOf(t, b), "x.tar": tarOf(t, "x", string(b))} {
				if found := inspected(t, i, path, archive); len(found.Secrets) != 1 || found.Secrets[0].Offset != int64(len(b)-len(token(t))-1) {
					t.Errorf("%s of %d bytes: %v, problems %v", path, size+d, list(found), found.Problems)
				}
			}
		}
	}
}

func TestLargeArchivesInsideOneAnotherDoNotDisturbEachOther(t *testing.T) {
	i, _ := inspector(t)
	line := "\nGITHUB_TOKEN=" + token(t) + "\n"
	inner := tarOf(t, "noise", string(noise(1, 1<<20+7)), "a.txt", string(prose(2, 2<<20))+line, "noise2", string(noise(3, 400_000)))
	middle := tarOf(t, "n", string(noise(4, 500_000)), "inner.tar.gz", string(gzipOf(t, inner)), "b.txt", string(prose(5, 1<<20))+line)
	outer := zipOf(t, "middle.tar.zst", string(zstdOf(t, middle)), "c.txt", string(prose(6, 2<<20))+line)
	found := inspected(t, i, "outer.zip", outer)
	var inside []string
	for _, s := range found.Secrets {
		inside = append(inside, s.Inside)
	}
	want := []string{"middle.tar.zst!middle.tar!inner.tar.gz!inner.tar!a.txt", "middle.tar.zst!middle.tar!b.txt", "c.txt"}
	if diff := cmp.Diff(want, inside); diff != "" {
		t.Errorf("%s\nproblems %v", diff, found.Problems)
	}
}

func TestNamesOfMembersAreFitToBeShown(t *testing.T) {
	i, _ := inspector(t)
	secretLine := "GITHUB_TOKEN=" + token(t)
	for _, name := range []string{
		"\x1b[31mred", "a\x00b", "a\nb", "\u202egpj.exe", "\xff\xfe", "\x01", "a!b", strings.Repeat("é", 700), "token-" + token(t) + ".txt",
	} {
		for kind, b := range map[string][]byte{"zip": zipOf(t, name, secretLine), "tar": tarOf(t, "first", secretLine, strings.ReplaceAll(name, "\x00", ""), secretLine)} {
			found := inspected(t, i, "x."+kind, b)
			if len(found.Secrets) == 0 {
				t.Errorf("%s, %q: nothing found; %v", kind, name, found.Problems)
			}
			for _, s := range found.Secrets {
				if s.Inside == "" || len(s.Inside) > 520 || strings.ContainsAny(s.Inside, "!\x1b\x00\n\u202e\ufffd") || strings.Contains(s.Inside, token(t)) {
					t.Errorf("%s, %q is shown as %q", kind, name, s.Inside)
				}
			}
		}
	}
}

func TestHostileArchivesEndEarly(t *testing.T) {
	i, _ := inspector(t)
	zeros := make([]byte, 400<<20)
	bomb := gzipOf(t, zeros)
	tests := []struct {
		name, path string
		content    []byte
		problem    string
		incomplete bool
	}{
		{"gzip bomb", "x.gz", bomb, "unpacks to more", true},
		{"zip of bombs", "x.zip", zipOf(t, "a.gz", string(bomb), "b.gz", string(bomb)), "unpacks to more", true},
		{"tar that lies about a size", "x.tar", tarOf(t, "a", strings.Repeat("x", 4096))[:2048], "could not be read to its end", false},
		{"gz that is cut off", "x.gz", gzipOf(t, prose(1, 100_000))[:9000], "could not be read to its end", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := inspected(t, i, tt.path, tt.content)
			for _, p := range found.Problems {
				if strings.Contains(p.Reason, tt.problem) && p.Incomplete == tt.incomplete {
					return
				}
			}
			t.Errorf("problems %v", found.Problems)
		})
	}
}

func TestALayerOfBombsCostsWhatItsSizeAllows(t *testing.T) {
	every, _ := inspector(t)
	i := every.ForLayer()
	bomb := gzipOf(t, make([]byte, 32<<20))
	incomplete := 0
	for n := range 40 {
		for _, p := range inspected(t, i, fmt.Sprintf("%d.gz", n), bomb).Problems {
			if p.Incomplete {
				incomplete++
			}
		}
	}
	if incomplete < 25 {
		t.Errorf("only %d of 40 bombs were not unpacked", incomplete)
	}
	if found := inspected(t, every.ForLayer(), "x.gz", gzipOf(t, []byte("GITHUB_TOKEN="+token(t)))); len(found.Secrets) != 1 {
		t.Error("another layer pays for it")
	}
}

func TestAMillionEmptyMembersAreBounded(t *testing.T) {
	i, _ := inspector(t)
	b := tarOf(t, "x", "")
	many := bytes.Repeat(b[:512], 200_000)
	found := inspected(t, i, "x.tar.gz", gzipOf(t, many))
	for _, p := range found.Problems {
		if p.Incomplete {
			return
		}
	}
	t.Errorf("problems %v", found.Problems)
}

func TestWhatIsListedOfALayerIsBounded(t *testing.T) {
	every, _ := inspector(t)
	i := every.ForLayer()
	line := []byte("GITHUB_TOKEN=" + token(t))
	var all evidence.Fragment
	for n := range 21_000 {
		for _, b := range [][]byte{line, []byte("\x1f\x8b\x08 is no gz")} {
			f := &inspect.File{Path: fmt.Sprintf("srv/%d", n), Mode: 0o644, Size: int64(len(b))}
			var out evidence.Fragment
			if err := i.(inspect.WholeInspector).Inspect(t.Context(), f, b, &out); err != nil {
				t.Fatal(err)
			}
			all.Secrets, all.Problems = append(all.Secrets, out.Secrets...), append(all.Problems, out.Problems...)
		}
	}
	incomplete := 0
	for _, p := range all.Problems {
		if p.Incomplete {
			incomplete++
		}
	}
	if len(all.Secrets) != 20_000 || len(all.Problems) != 20_000 || incomplete == 0 {
		t.Errorf("%d secrets, %d problems, %d of them incomplete", len(all.Secrets), len(all.Problems), incomplete)
	}
}

// TestAZipWhoseDirectoryDisagreesLeavesTheVerdictOpen renames an entry in the
// directory of an archive that is too large to be read by it.
func TestAZipWhoseDirectoryDisagreesLeavesTheVerdictOpen(t *testing.T) {
	i, _ := inspector(t)
	b := zipOf(t, "a.txt", string(noise(1, 2<<20)), "b.txt", "x")
	at := bytes.LastIndex(b, []byte("b.txt"))
	copy(b[at:], "c.txt")
	if found := inspected(t, i, "a.zip", b); len(found.Problems) != 1 || !found.Problems[0].Incomplete {
		t.Errorf("problems %v", found.Problems)
	}
}

func TestEncryptedMembersAreNoted(t *testing.T) {
	i, _ := inspector(t)
	b := zipOf(t, "a.txt", "secret", "b.txt", "GITHUB_TOKEN="+token(t))
	for _, header := range []struct {
		signature string
		flags     int
	}{{"PK\x03\x04", 6}, {"PK\x01\x02", 8}} {
		b[bytes.Index(b, []byte(header.signature))+header.flags] |= 1
	}
	found := inspected(t, i, "a.zip", b)
	if len(found.Secrets) != 1 || len(found.Problems) != 1 || found.Problems[0].Incomplete {
		t.Errorf("%v, problems %v", list(found), found.Problems)
	}
}
