package grypedb

import "strings"

// cpeName is a CPE without its version: what the database keys products by.
// In the database "" means any.
type cpeName struct {
	part, vendor, product, edition, language, softwareEdition, targetHardware, targetSoftware, other string
	// version and update are set for a package's CPE only.
	version, update string
}

func (c *cpeName) fields() []*string {
	return []*string{
		&c.part, &c.vendor, &c.product, &c.edition, &c.language,
		&c.softwareEdition, &c.targetHardware, &c.targetSoftware, &c.other,
	}
}

func (c *cpeName) encode(e *enc) {
	for _, f := range c.fields() {
		e.text(*f)
	}
}

func (d *dec) cpe() *cpeName {
	c := &cpeName{}
	for _, f := range c.fields() {
		*f = d.text()
	}
	return c
}

// maxCPE bounds a CPE's text.
const maxCPE = 2048

// parseCPE reads a CPE 2.3 formatted string; "*" becomes "".
func parseCPE(text string) (cpeName, bool) {
	rest, ok := strings.CutPrefix(text, "cpe:2.3:")
	if !ok || len(text) > maxCPE {
		return cpeName{}, false
	}
	parts := splitCPE(rest)
	if len(parts) != 11 {
		return cpeName{}, false
	}
	for i, p := range parts {
		if p == "*" {
			parts[i] = ""
		}
	}
	c := cpeName{
		part: parts[0], vendor: parts[1], product: parts[2], version: parts[3], update: parts[4],
		edition: parts[5], language: parts[6], softwareEdition: parts[7],
		targetSoftware: parts[8], targetHardware: parts[9], other: parts[10],
	}
	return c, c.product != ""
}

// splitCPE splits at colons that no backslash quotes and removes the quotes.
func splitCPE(s string) []string {
	var parts []string
	var part strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			part.WriteByte(s[i])
		case s[i] == ':':
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(s[i])
		}
	}
	return append(parts, part.String())
}

// finds reports whether a search for c returns the database's o: every
// attribute that c names is the same.
func (c *cpeName) finds(o *cpeName) bool {
	theirs := o.fields()
	for i, f := range c.fields() {
		if *f != "" && !equalFold(unquote(*f), unquote(*theirs[i])) {
			return false
		}
	}
	return true
}

// unquote removes the backslashes that some records keep.
func unquote(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	return strings.ReplaceAll(s, "\\", "")
}

// platformAllows decides a record's platform: Windows, Ubuntu and Debian rule
// every other distribution out, WordPress rules everything out, other
// platforms say nothing that an image could answer.
func platformAllows(platform, distribution string) bool {
	c, ok := parseCPE(platform)
	switch {
	case !ok:
		return true
	case c.vendor == "wordpress" && c.product == "wordpress":
		return false
	case distribution == "":
		return true
	case c.vendor == "microsoft" && strings.HasPrefix(c.product, "windows"):
		return false
	case c.vendor == "canonical" && c.product == "ubuntu_linux", c.vendor == "ubuntu":
		return distribution == "ubuntu"
	case c.vendor == "debian" && (c.product == "debian_linux" || c.product == "linux"):
		return distribution == "debian"
	}
	return true
}
