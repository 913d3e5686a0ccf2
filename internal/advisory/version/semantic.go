package version

import (
	"strings"

	"github.com/google/osv-scalibr/semantic"
)

// semanticVersion delegates to osv-scalibr's orders.
type semanticVersion struct{ v semantic.Version }

func parseSemantic(s Scheme, raw string) (order, bool) {
	raw = strings.TrimSpace(raw)
	ecosystem := ""
	switch s {
	case Maven:
		ecosystem, raw = "Maven", withoutJavaRuntime(raw)
	case Gem:
		ecosystem, raw = "RubyGems", withoutGemPlatform(raw)
		if !gemChars(raw) {
			return nil, false
		}
	case CRAN:
		ecosystem = "CRAN"
	}
	if raw == "" {
		return nil, false
	}
	v, err := semantic.Parse(raw, ecosystem)
	return semanticVersion{v}, err == nil
}

func (v semanticVersion) compare(o order) int {
	w, _ := o.(semanticVersion)
	c, err := v.v.Compare(w.v)
	if err != nil {
		return 0 // both came from one ecosystem's parser
	}
	return sign(c)
}

// withoutJavaRuntime drops ".jre11" or ".jdk17" at the end: builds of one
// release for different runtimes are one release to advisories.
func withoutJavaRuntime(s string) string {
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return s
	}
	last := strings.ToLower(s[i+1:])
	if len(last) > 3 && (last[:3] == "jre" || last[:3] == "jdk") && allDigits(last[3:]) {
		return s[:i]
	}
	return s
}

// gemPlatforms are the platform names that end a gem's version
// ("1.15.4-x86_64-linux").
var gemPlatforms = [...]string{"x86", "universal", "arm", "aarch64", "java", "dalvik", "x64", "powerpc", "sparc", "mswin"}

func withoutGemPlatform(s string) string {
	for _, platform := range gemPlatforms {
		if before, _, found := strings.Cut(s, "-"+platform); found {
			return before
		}
	}
	return s
}

func gemChars(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isDigit(c) && !isLetter(c) && c != '.' && c != '-' {
			return false
		}
	}
	return s != "" && !strings.Contains(s, "..") && s[0] != '.' && s[len(s)-1] != '.'
}
