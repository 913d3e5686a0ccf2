package lab

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// elfHeader is the ELF-64 header (gABI, "ELF Header").
type elfHeader struct {
	Ident                                    [16]byte
	Type, Machine                            uint16
	Version                                  uint32
	Entry, ProgramOffset, SectionOffset      uint64
	Flags                                    uint32
	Size, ProgramSize, Programs, SectionSize uint16
	Sections, SectionNames                   uint16
}

// inertELF is a file with an ELF header and nothing to run: no entry point, no
// segment and no section, so that no kernel loads it (Linux's load_elf_phdrs
// refuses a file without program headers). After the
// header come the strings, each between zero bytes as a compiler lays out
// constants: what a real executable at that path says of its version.
func inertELF(path string, strs ...string) string {
	h := elfHeader{Type: 3, Machine: 62, Version: 1, Size: 64} // shared object, x86-64
	copy(h.Ident[:], "\x7fELF\x02\x01\x01")
	var b bytes.Buffer
	_ = binary.Write(&b, binary.LittleEndian, h) // a bytes.Buffer takes everything
	b.WriteString("\x00stand-in for " + path + ", without code\x00")
	if len(strs) > 0 {
		b.WriteString(strings.Join(strs, "\x00") + "\x00")
	}
	return b.String()
}
