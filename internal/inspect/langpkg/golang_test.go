package langpkg

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
)

// inlineBlob is what Go 1.18 and later write.
func inlineBlob(version, mod string) []byte {
	b := append([]byte("\xff Go buildinf:\x08\x02"), make([]byte, 16)...)
	b = binary.AppendUvarint(b, uint64(len(version)))
	b = append(b, version...)
	if mod != "" {
		mod = modStart + mod + modEnd
	}
	b = binary.AppendUvarint(b, uint64(len(mod)))
	return append(b, mod...)
}

// program puts a blob into a file of at least minGo bytes, at a multiple of 16.
func program(magic string, at int, blob []byte) []byte {
	b := make([]byte, max(minGo, at+len(blob)+100))
	copy(b, magic)
	copy(b[at:], blob)
	return b
}

func goLines(t *testing.T, content []byte) []string {
	t.Helper()
	var first []string
	for i, chunk := range []int{len(content), 1, 15, 16, 17, 4096, 65536, 100_003} {
		if chunk < 15 && len(content) > 1<<20 {
			continue
		}
		got := lines(run(t, Go{}, "app", content, chunk))
		if i == 0 {
			first = got
		} else if d := cmp.Diff(first, got); d != "" {
			t.Errorf("in chunks of %d: %s", chunk, d)
		}
	}
	return first
}

const modText = "path\texample.com/org/app/cmd/app\n" +
	"mod\texample.com/org/app\t(devel)\t\n" +
	"dep\tgithub.com/cli/cli/v2\tv2.63.0\th1:x=\n" +
	"dep\tgithub.com/a/old\tv1.0.0\n=>\tgithub.com/b/new\tv1.0.1\th1:x=\n" +
	"dep\tgithub.com/a/local\tv1.0.0\n=>\t./local\t(devel)\t\n"

func TestGoProgramsGiveTheirModules(t *testing.T) {
	std := "golang stdlib 1.22.3 licenses=BSD-3-Clause cpe=cpe:2.3:a:golang:go:1.22.3:-:*:*:*:*:*:*"
	deps := []string{"golang github.com/cli/cli/v2 v2.63.0", "golang github.com/b/new v1.0.1", "golang github.com/a/local "}
	depends := " depends=github.com/a/local,github.com/b/new,github.com/cli/cli/v2"
	tests := []struct {
		name, version, mod string
		want               []string
	}{
		{
			"the revision gives a pseudo-version", "go1.22.3",
			modText + "build\tvcs=git\nbuild\tvcs.revision=0123456789abcdef0123\nbuild\tvcs.time=2024-05-06T07:08:09Z\n",
			append([]string{std, "golang example.com/org/app v0.0.0-20240506070809-0123456789ab" + depends}, deps...),
		},
		{
			"a version set by the linker goes first", "go1.22.3",
			modText + "build\t-ldflags=\"-s -w -X example.com/org/app/internal.Version=v1.4.0-rc.1 -X other.Version=9.9.9\"\nbuild\tvcs.revision=0123456789abcdef0123\n",
			append([]string{std, "golang example.com/org/app v1.4.0-rc.1" + depends}, deps...),
		},
		{
			"no version is no version", "go1.22.3 X:boringcrypto", modText,
			append([]string{std, "golang example.com/org/app " + depends}, deps...),
		},
		{"a program without modules", "go1.22.3", "", []string{std}},
		{
			"a toolchain between releases", "devel go1.24-abcdef", "path\ta.b/c\nmod\ta.b/c\tv1.0.0\n",
			[]string{
				"golang a.b/c v1.0.0",
				"problem incomplete=false: a Go program whose toolchain's release can't be told; its standard library is not judged",
			},
		},
		{
			"a candidate", "go1.22rc1", "",
			[]string{"golang stdlib 1.22rc1 licenses=BSD-3-Clause cpe=cpe:2.3:a:golang:go:1.22:rc1:*:*:*:*:*:*"},
		},
		{
			"built from a list of files", "go1.22.3", "path\tcommand-line-arguments\ndep\texample.com/m\t(devel)\t\n",
			[]string{std, "golang example.com/m "},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := goLines(t, program("\x7fELF", 96<<10, inlineBlob(tt.version, tt.mod)))
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTheMagicAloneIsNoGoProgram(t *testing.T) {
	real := inlineBlob("go1.21.0", "path\ta.b/c\nmod\ta.b/c\tv1.0.0\n")
	decoys := map[string][]byte{
		"not aligned":               append(make([]byte, 8), real...),
		"a length beyond any":       append([]byte("\xff Go buildinf:\x08\x02"), append(make([]byte, 16), 0xff, 0xff, 0xff, 0xff, 0x7f)...),
		"a version that is none":    inlineBlob("nonsense", ""),
		"pointers of an odd length": append([]byte("\xff Go buildinf:\x03\x00"), make([]byte, 32)...),
	}
	for name, decoy := range decoys {
		b := program("\x7fELF", 32<<10, decoy)
		if got := goLines(t, b); got != nil {
			t.Errorf("%s: %v", name, got)
		}
		copy(b[128<<10:], real)
		if got := goLines(t, b); len(got) != 2 {
			t.Errorf("%s hides what follows: %v", name, got)
		}
	}
}

func TestOtherFilesAreLeftAtOnce(t *testing.T) {
	b := program("#!/bin/sh\n", 32<<10, inlineBlob("go1.21.0", ""))
	if got := goLines(t, b); got != nil {
		t.Errorf("got %v", got)
	}
	sink := Go{}.Open(t.Context(), &inspect.File{Path: "app"}, &evidence.Fragment{})
	if _, err := sink.Write(b[:4]); err == nil {
		t.Error("a script was not refused by its first bytes")
	}
}

// oldELF is a program laid out as Go 1.13 to 1.17 did: constants first, and a blob
// of pointers in the data behind them.
func oldELF(version, mod string, pointer int, followed bool) []byte {
	const constantsAt, dataAt, size = 0x20000, 0x40000, 0x60000
	b := make([]byte, size)
	le := binary.LittleEndian
	copy(b, "\x7fELF")
	word := func(at int, v uint64) {
		if pointer == 4 {
			le.PutUint32(b[at:], uint32(v))
		} else {
			le.PutUint64(b[at:], v)
		}
	}
	segment := func(i int, offset, length, flags uint64) {
		if pointer == 4 {
			h := 52 + 32*i
			le.PutUint32(b[h:], 1)
			word(h+4, offset)
			word(h+8, 0x400000+offset)
			word(h+16, length)
			le.PutUint32(b[h+24:], uint32(flags))
			return
		}
		h := 64 + 56*i
		le.PutUint32(b[h:], 1)
		le.PutUint32(b[h+4:], uint32(flags))
		word(h+8, offset)
		word(h+16, 0x400000+offset)
		word(h+32, length)
	}
	if pointer == 4 {
		b[4], b[5] = 1, 1
		word(28, 52)
		le.PutUint16(b[42:], 32)
		le.PutUint16(b[44:], 3)
	} else {
		b[4], b[5] = 2, 1
		word(32, 64)
		le.PutUint16(b[54:], 56)
		le.PutUint16(b[56:], 3)
	}
	segment(0, 0, constantsAt, 5)
	segment(1, constantsAt, dataAt-constantsAt, 4)
	segment(2, dataAt, size-dataAt, 6)
	copy(b[0xf80:], "\x04\x00\x00\x00\x53\x00\x00\x00\x04\x00\x00\x00Go\x00\x00id")
	// The version stands between other strings of its length, back to back.
	versionAt := constantsAt + 0x1234
	copy(b[versionAt-8:], "go1.99.9"+version+"1.2.3.45")
	copy(b[constantsAt+0x8001:], modStart+mod+modEnd)
	blob := dataAt + 0x20
	copy(b[blob:], "\xff Go buildinf:")
	b[blob+14] = byte(pointer)
	header := dataAt + 0x10008
	if followed {
		word(blob+16, uint64(0x400000+header))
	}
	word(header, uint64(0x400000+versionAt))
	word(header+pointer, uint64(len(version)))
	return b
}

func TestProgramsOfBeforeGo118AreFollowedThroughTheirPointers(t *testing.T) {
	for _, pointer := range []int{4, 8} {
		want := []string{"golang stdlib 1.16.7 licenses=BSD-3-Clause cpe=cpe:2.3:a:golang:go:1.16.7:-:*:*:*:*:*:*", "golang a.b/c v1.0.0"}
		got := goLines(t, oldELF("go1.16.7", "path\ta.b/c\nmod\ta.b/c\tv1.0.0\n", pointer, true))
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("pointers of %d bytes: %s", pointer, d)
		}
		// The pointer leads nowhere, so nothing says which version it is.
		got = goLines(t, oldELF("go1.16.7", "path\ta.b/c\nmod\ta.b/c\tv1.0.0\n", pointer, false))
		if len(got) != 2 || got[0] != want[1] || !strings.HasPrefix(got[1], "problem") {
			t.Errorf("pointers of %d bytes that lead nowhere: %v", pointer, got)
		}
	}
}

// TestRealGoPrograms builds a module with a dependency for several systems.
func TestRealGoPrograms(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command")
	}
	dir := t.TempDir()
	// A constant of the program that reads like build information, at every
	// alignment: it lies before the real one, and is not believed.
	decoy := strings.Repeat(string(inlineBlob("go1.2.3", "")), 16)
	files := map[string]string{
		"go.mod":     "module example.com/hello/world\n\ngo 1.21\n\nrequire example.com/dep/v2 v2.3.4\n\nreplace example.com/dep/v2 => ./dep\n",
		"main.go":    "package main\n\nimport \"example.com/dep/v2\"\n\nvar version string\n\nfunc main() { dep.F(); print(version, decoy) }\n",
		"decoy.go":   fmt.Sprintf("package main\n\nconst decoy = %q\n", decoy),
		"dep/go.mod": "module example.com/dep/v2\n\ngo 1.21\n",
		"dep/dep.go": "package dep\n\nfunc F() {}\n",
	}
	for name, content := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, env := range []string{"GOOS=linux", "GOOS=windows", "GOOS=darwin"} {
		t.Run(env, func(t *testing.T) {
			cmd := exec.Command(goTool, "build", "-ldflags=-s -w -X main.version=v0.9.1", "-o", "app", ".")
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), env, "GOARCH=amd64", "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local")
			if b, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, b)
			}
			content, err := os.ReadFile(filepath.Join(dir, "app"))
			if err != nil {
				t.Fatal(err)
			}
			got := goLines(t, content)
			want := []string{"golang example.com/hello/world v0.9.1 depends=example.com/dep/v2", "golang example.com/dep/v2 "}
			if len(got) != 3 || !strings.HasPrefix(got[0], "golang stdlib 1.") || strings.Contains(got[0], " 1.2.3") {
				t.Fatalf("got %v", got)
			}
			if d := cmp.Diff(want, got[1:]); d != "" {
				t.Error(d)
			}
		})
	}
}

func FuzzGo(f *testing.F) {
	f.Add(append([]byte("\x7fELF012345678901"), inlineBlob("go1.22.3", modText)...), 7)
	f.Add(oldELF("go1.16.7", modText, 8, true)[:goHead], 4096)
	f.Add(oldELF("go1.16.7", modText, 4, true)[:goHead], 31)
	f.Add([]byte("MZ"), 1)
	f.Fuzz(func(t *testing.T, b []byte, chunk int) {
		var out evidence.Fragment
		file := &inspect.File{Path: "app"}
		feed(t, Go{}.Open(t.Context(), file, &out), append(b, make([]byte, goHead)...), max(64, chunk&0xfff))
		feed(t, Rust{}.Open(t.Context(), file, &out), b, max(64, chunk&0xfff))
		inlineBuildInfo(b)
		checkHostile(t, out)
	})
}

// FuzzOldGo varies the numbers and pointers of a program of before Go 1.18.
func FuzzOldGo(f *testing.F) {
	f.Add(uint16(0x40), []byte{1}, 8)
	f.Add(uint16(0x36), []byte{0xff, 0xff}, 4)
	whole := map[int][]byte{4: oldELF("go1.16.7", modText, 4, true), 8: oldELF("go1.16.7", modText, 8, true)}
	f.Fuzz(func(t *testing.T, at uint16, change []byte, pointer int) {
		b := bytes.Clone(whole[4+pointer&4])
		copy(b[at:], change)
		copy(b[0x40020+int(at&63):], change)
		var out evidence.Fragment
		feed(t, Go{}.Open(t.Context(), &inspect.File{Path: "app"}, &out), b, 64<<10)
		checkHostile(t, out)
	})
}

func TestLdflagsVersions(t *testing.T) {
	for flags, want := range map[string]string{
		"-X main.version=1.2.3":                                  "v1.2.3",
		"-s -w -X 'main.Version=v1.2.3'":                         "v1.2.3",
		"-X=main.buildVersion=1.2.3-beta.1":                      "v1.2.3-beta.1",
		"-X example.com/app/pkg.gitTag=release/v2.0.1":           "v2.0.1",
		"-X main.commit=1.2.3":                                   "",
		"-X github.com/other/lib.Version=1.2.3":                  "",
		"-X main.version=dev":                                    "",
		"-X main.version=1.2":                                    "",
		"-extldflags '-static' -X main.goVersion=x -X main.a.b=": "",
	} {
		if got := ldflagsVersion(flags, "example.com/app"); got != want {
			t.Errorf("%s: %q, expected %q", flags, got, want)
		}
	}
}
