package grypedb

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Kinds of records, the first byte of a key.
const (
	kindMeta    = 'M' // everything small, as JSON
	kindPackage = 'P' // ecosystem, name, operating system: handles
	kindCPE     = 'C' // product: handles with their CPE
	kindVuln    = 'V' // vulnerability handle by row
	kindName    = 'N' // vulnerability name: rows
	kindCVE     = 'E' // EPSS, KEV and CWEs of one CVE
)

func packageKey(ecosystem, name string, os int64) []byte {
	return appendOS(appendPackage(make([]byte, 0, 64), ecosystem, name), os)
}

// appendPackage and appendOS append the two parts of a package's key.
func appendPackage(b []byte, ecosystem, name string) []byte {
	b = append(b, kindPackage)
	b = append(b, lower(ecosystem)...)
	b = append(b, 0)
	b = append(b, lower(name)...)
	return append(b, 0)
}

func appendOS(b []byte, os int64) []byte { return strconv.AppendInt(b, os, 10) }

func textKey(kind byte, text string) []byte { return append([]byte{kind}, lower(text)...) }

func vulnKey(row int64) []byte { return strconv.AppendInt([]byte{kindVuln}, row, 10) }

// lower is SQLite's "nocase": ASCII letters alone.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; 'A' <= c && c <= 'Z' {
			return strings.Map(func(r rune) rune {
				if 'A' <= r && r <= 'Z' {
					return r + 'a' - 'A'
				}
				return r
			}, s)
		}
	}
	return s
}

// enc appends values to a record.
type enc struct{ b []byte }

func (e *enc) uint(n uint64) { e.b = binary.AppendUvarint(e.b, n) }

func (e *enc) text(s string) {
	e.uint(uint64(len(s)))
	e.b = append(e.b, s...)
}

func (e *enc) bytes(b []byte) {
	e.uint(uint64(len(b)))
	e.b = append(e.b, b...)
}

func (e *enc) texts(list []string) {
	e.uint(uint64(len(list)))
	for _, s := range list {
		e.text(s)
	}
}

// dec reads a record back. After the first value that does not fit, bad is
// set and everything reads as zero.
type dec struct {
	s   string
	bad bool
}

func (d *dec) uint() uint64 {
	var n uint64
	for i := 0; i < len(d.s) && i < binary.MaxVarintLen64; i++ {
		c := d.s[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.s = d.s[i+1:]
			return n
		}
	}
	d.s, d.bad = "", true
	return 0
}

func (d *dec) text() string {
	n := d.uint()
	if n > uint64(len(d.s)) {
		d.s, d.bad = "", true
		return ""
	}
	s := d.s[:n]
	d.s = d.s[n:]
	return s
}

// count reads a number of items, each of at least one byte.
func (d *dec) count() int {
	n := d.uint()
	if n > uint64(len(d.s)) {
		d.s, d.bad = "", true
		return 0
	}
	return int(n)
}

func (d *dec) texts() []string {
	n := d.count()
	if n == 0 {
		return nil
	}
	list := make([]string, 0, n)
	for range n {
		list = append(list, d.text())
	}
	return list
}

// span is one affected range and its fix.
type span struct {
	scheme, constraint string
	hasFix             bool
	fixVersion         string
	fixState           string
	fixDate            string
	advisories         []string
}

// handle is one record of the database that says a package, or a product, is
// affected or, where unaffected is set, is not.
type handle struct {
	vuln         int64
	unaffected   bool
	spans        []span
	cves         []string
	platformCPEs []string
	// modularity is nil where the record does not ask for a module.
	modularity *string
	arch       string
	rootio     bool
	// cpe is set for records found by CPE.
	cpe *cpeName
}

func (d *dec) handle() handle {
	var h handle
	h.vuln = int64(d.uint())
	h.unaffected = d.uint() == 1
	if n := d.count(); n > 0 {
		h.spans = make([]span, 0, n)
		for range n {
			h.spans = append(h.spans, d.span())
		}
	}
	h.cves = d.texts()
	if d.uint() == 1 {
		h.platformCPEs = d.texts()
		h.arch = d.text()
		flags, module := d.uint(), d.text()
		h.rootio = flags&isRootIO != 0
		if flags&hasModularity != 0 {
			h.modularity = &module
		}
	}
	return h
}

func (d *dec) span() span {
	s := span{scheme: d.text(), constraint: d.text()}
	if d.uint() == 1 {
		s.hasFix = true
		s.fixVersion, s.fixState, s.fixDate = d.text(), d.text(), d.text()
		s.advisories = d.texts()
	}
	return s
}

// decodeHandles reads the handles of one package.
func decodeHandles(value []byte) ([]handle, error) {
	d := dec{s: string(value)}
	n := d.count()
	handles := make([]handle, 0, n)
	for range n {
		handles = append(handles, d.handle())
	}
	if d.bad || d.s != "" {
		return nil, fmt.Errorf("package record: %w", ErrCorrupt)
	}
	return handles, nil
}

// vuln is a vulnerability handle: what a match says of its vulnerability.
type vuln struct {
	name, status, provider string
	severities             []severityRecord
	aliases                []string
	blobID                 int64
}

type severityRecord struct{ scheme, value, version, source string }

func encodeVuln(v *vuln) []byte {
	var e enc
	e.text(v.name)
	e.text(v.status)
	e.text(v.provider)
	e.uint(uint64(len(v.severities)))
	for _, s := range v.severities {
		e.text(s.scheme)
		e.text(s.value)
		e.text(s.version)
		e.text(s.source)
	}
	e.texts(v.aliases)
	e.uint(uint64(v.blobID))
	return e.b
}

func decodeVuln(value []byte) (*vuln, error) {
	d := dec{s: string(value)}
	v := &vuln{name: d.text(), status: d.text(), provider: d.text()}
	for range d.count() {
		v.severities = append(v.severities, severityRecord{d.text(), d.text(), d.text(), d.text()})
	}
	v.aliases = d.texts()
	v.blobID = int64(d.uint())
	if d.bad {
		return nil, fmt.Errorf("vulnerability record: %w", ErrCorrupt)
	}
	return v, nil
}
