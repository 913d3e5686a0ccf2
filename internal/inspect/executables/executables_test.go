package executables

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
)

func elf(typ byte, rest string) string {
	return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + string([]byte{typ, 0, 0x3e, 0}) + rest
}

// TestAFileIsTheSameWholeAndInPieces has every sort of file both ways, in pieces
// of several lengths.
func TestAFileIsTheSameWholeAndInPieces(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 1000)
	for name, c := range map[string]struct {
		path, content string
		mode          fs.FileMode
		want          evidence.ExecutableKind // "" for none
	}{
		"program":                            {"a", elf(2, long), 0o755, evidence.Program},
		"program, short":                     {"a", elf(2, ""), 0o755, evidence.Program},
		"library":                            {"liba.so.1.2", elf(3, long), 0o644, evidence.Library},
		"object":                             {"a.o", elf(1, long), 0o644, evidence.Nominal},
		"header cut off":                     {"a", "\x7fELF", 0o644, evidence.Nominal},
		"library without its first byte":     {"liba.so.1.2", elf(3, long)[1:], 0o644, evidence.Nominal},
		"add-on of Node.js, damaged":         {"a.node", "x" + long, 0o644, evidence.Nominal},
		"script":                             {"a", "#!/bin/sh\n" + long, 0o755, evidence.Script},
		"script that nobody may start":       {"a", "#!/bin/sh\n" + long, 0o644, ""},
		"text with an execute bit":           {"a", long, 0o755, evidence.Nominal},
		"text":                               {"a", long, 0o644, ""},
		"bytes with an execute bit":          {"a", "\x00" + long, 0o755, evidence.Unknown},
		"picture with an execute bit":        {"a", "\x89PNG\r\n\x1a\n\x00" + long, 0o755, evidence.Nominal},
		"bytecode":                           {"a.pyc", "\xa7\r\r\n" + long, 0o644, evidence.Bytecode},
		"Windows program":                    {"a", "MZ" + strings.Repeat("\x00", 58) + "\x40\x00\x00\x00PE\x00\x00" + long, 0o644, evidence.Windows},
		"Mach-O":                             {"a", "\xcf\xfa\xed\xfe\x07\x00\x00\x01" + long, 0o644, evidence.Darwin},
		"Java class, which begins like one":  {"A.class", "\xca\xfe\xba\xbe\x00\x00\x00\x41" + long, 0o644, ""},
		"one byte":                           {"a", "x", 0o755, evidence.Nominal},
		"text that is named like a library":  {"notes.so.txt", long, 0o644, ""},
		"linker script named like a library": {"libc.so", "/* GNU ld script */" + long, 0o644, evidence.Nominal},
	} {
		t.Run(name, func(t *testing.T) {
			f := &inspect.File{Path: c.path, Mode: c.mode, Size: int64(len(c.content)), Xattrs: map[string]string{"security.capability": "c"}}
			var whole evidence.Fragment
			if err := (Inspector{}).Inspect(t.Context(), f, []byte(c.content), &whole); err != nil {
				t.Fatal(err)
			}
			got := evidence.ExecutableKind("")
			if len(whole.Executables) == 1 {
				got = whole.Executables[0].Kind
			}
			if got != c.want || len(whole.Executables) > 1 {
				t.Errorf("is %q, want %q", got, c.want)
			}
			for _, size := range []int{1, 3, 7, headBytes - 1, headBytes, headBytes + 1, 1 << 20} {
				var pieces evidence.Fragment
				sink := (Inspector{}).Open(t.Context(), f, &pieces)
				for rest := []byte(c.content); len(rest) > 0; {
					n := min(size, len(rest))
					if _, err := sink.Write(rest[:n]); errors.Is(err, inspect.ErrEnough) {
						break
					} else if err != nil {
						t.Fatal(err)
					}
					rest = rest[n:]
				}
				if err := sink.Close(); err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(whole.Executables, pieces.Executables); d != "" {
					t.Errorf("in pieces of %d (-whole +pieces):\n%s", size, d)
				}
			}
		})
	}
}

// TestAFileThatBrokeOffHasNoDigest has half of a program.
func TestAFileThatBrokeOffHasNoDigest(t *testing.T) {
	var out evidence.Fragment
	sink := (Inspector{}).Open(t.Context(), &inspect.File{Path: "a", Mode: 0o755, Size: 1 << 20}, &out)
	if _, err := sink.Write([]byte(elf(2, strings.Repeat("x", 100_000)))); err != nil {
		t.Fatal(err)
	}
	if err := sink.Close(); err != nil || len(out.Executables) != 0 {
		t.Errorf("%+v, %v", out.Executables, err)
	}
}
