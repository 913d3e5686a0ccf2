package grypedb

// blobEncoder gathers a handle's record, part by part: JSON has them in any
// order and does not say how many there are.
type blobEncoder struct {
	r                        jsonReader
	ranges, cves, qualifiers enc
	rangeCount, cveCount     uint64
}

// encodeBlob turns the JSON of a package's or CPE's handle into its record.
func encodeBlob(value []byte) ([]byte, error) {
	b := blobEncoder{r: jsonReader{b: value}}
	b.r.object(func(key []byte) {
		switch string(key) {
		case "ranges":
			b.ranges.b, b.rangeCount = b.ranges.b[:0], 0
			b.r.array(func() {
				b.rangeCount++
				b.addRange()
			})
		case "cves":
			b.cveCount = b.texts(&b.cves)
		case "qualifiers":
			b.readQualifiers()
		default:
			b.r.skip()
		}
	})
	if err := b.r.end(); err != nil {
		return nil, err
	}
	e := enc{make([]byte, 0, len(b.ranges.b)+len(b.cves.b)+len(b.qualifiers.b)+8)}
	e.uint(b.rangeCount)
	e.b = append(e.b, b.ranges.b...)
	e.uint(b.cveCount)
	e.b = append(e.b, b.cves.b...)
	if len(b.qualifiers.b) == 0 {
		e.uint(0)
	}
	e.b = append(e.b, b.qualifiers.b...)
	return e.b, nil
}

// texts reads an array of texts into e and returns their number.
func (b *blobEncoder) texts(e *enc) uint64 {
	n := uint64(0)
	e.b = e.b[:0]
	b.r.array(func() {
		n++
		e.bytes(b.r.text())
	})
	return n
}

// addRange reads {version: {type, constraint}, fix: {…}}.
func (b *blobEncoder) addRange() {
	var scheme, constraint []byte
	var fix *blobFix
	b.r.object(func(key []byte) {
		switch string(key) {
		case "version":
			b.r.object(func(key []byte) {
				switch string(key) {
				case "type":
					scheme = b.r.text()
				case "constraint":
					constraint = b.r.text()
				default:
					b.r.skip()
				}
			})
		case "fix":
			fix = b.readFix()
		default:
			b.r.skip()
		}
	})
	e := &b.ranges
	e.bytes(scheme)
	e.bytes(constraint)
	if fix == nil {
		e.uint(0)
		return
	}
	e.uint(1)
	e.bytes(fix.version)
	e.bytes(fix.state)
	e.bytes(fix.date)
	e.uint(fix.advisoryCount)
	e.b = append(e.b, fix.advisories.b...)
}

type blobFix struct {
	version, state, date []byte
	advisories           enc
	advisoryCount        uint64
}

// readFix reads {version, state, detail: {available: {date}, references: [{id}]}};
// nil for null.
func (b *blobEncoder) readFix() *blobFix {
	if b.r.word("null") {
		return nil
	}
	var f blobFix
	b.r.object(func(key []byte) {
		switch string(key) {
		case "version":
			f.version = b.r.text()
		case "state":
			f.state = b.r.text()
		case "detail":
			b.readFixDetail(&f)
		default:
			b.r.skip()
		}
	})
	return &f
}

func (b *blobEncoder) readFixDetail(f *blobFix) {
	b.r.object(func(key []byte) {
		switch string(key) {
		case "available":
			f.date = b.field("date")
		case "references":
			b.r.array(func() {
				if id := b.field("id"); len(id) > 0 {
					f.advisories.bytes(id)
					f.advisoryCount++
				}
			})
		default:
			b.r.skip()
		}
	})
}

// field reads the one text that is wanted of an object.
func (b *blobEncoder) field(name string) (text []byte) {
	b.r.object(func(key []byte) {
		if string(key) == name {
			text = b.r.text()
			return
		}
		b.r.skip()
	})
	return text
}

const (
	hasModularity = 1 << iota
	isRootIO
)

func (b *blobEncoder) readQualifiers() {
	b.qualifiers.b = b.qualifiers.b[:0]
	if b.r.word("null") {
		return
	}
	var platforms enc
	var platformCount, flags uint64
	var arch, module []byte
	b.r.object(func(key []byte) {
		switch string(key) {
		case "platform_cpes":
			platformCount = b.texts(&platforms)
		case "rpm_modularity":
			flags &^= hasModularity
			if b.r.peek() != 'n' {
				flags |= hasModularity
			}
			module = b.r.text()
		case "architecture":
			arch = b.r.text()
		case "rootio":
			flags &^= isRootIO
			if b.r.boolean() {
				flags |= isRootIO
			}
		default:
			b.r.skip()
		}
	})
	e := &b.qualifiers
	e.uint(1)
	e.uint(platformCount)
	e.b = append(e.b, platforms.b...)
	e.bytes(arch)
	e.uint(flags)
	e.bytes(module)
}

// readBlob reads the part of a vulnerability's JSON that a match needs.
func (v *vuln) readBlob(value []byte) error {
	r := jsonReader{b: value}
	r.object(func(key []byte) {
		switch string(key) {
		case "aliases":
			v.aliases = nil
			r.array(func() { v.aliases = append(v.aliases, string(r.text())) })
		case "severities":
			v.severities = nil
			r.array(func() { v.severities = append(v.severities, readSeverity(&r)) })
		default:
			r.skip()
		}
	})
	return r.end()
}

// readSeverity reads {scheme, value, source}, the value a word or a CVSS object.
func readSeverity(r *jsonReader) (s severityRecord) {
	r.object(func(key []byte) {
		switch string(key) {
		case "scheme":
			s.scheme = string(r.text())
		case "source":
			s.source = string(r.text())
		case "value":
			if r.peek() != '{' {
				s.value = string(r.text())
				return
			}
			r.object(func(key []byte) {
				switch string(key) {
				case "vector":
					s.value = string(r.text())
				case "version":
					s.version = string(r.text())
				default:
					r.skip()
				}
			})
		default:
			r.skip()
		}
	})
	return s
}
