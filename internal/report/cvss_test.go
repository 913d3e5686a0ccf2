package report

import (
	"strings"
	"testing"
)

func TestVectorsAreScoredAndSpelledOut(t *testing.T) {
	// Scores are those of FIRST's and NVD's own records.
	for _, c := range []struct {
		vector, version string
		score           float64
		metrics         int
		says            string
	}{
		{"AV:N/AC:L/Au:N/C:N/I:N/A:P", "2.0", 5, 6, "availability impact: partial: the service suffers in part"},
		{"(AV:L/AC:H/Au:N/C:C/I:C/A:C)", "2.0", 6.2, 6, "access complexity: high: needs rare conditions"},
		{"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:H", "3.0", 9.1, 8, "scope: unchanged: the harm stays with the vulnerable component"},
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "3.1", 10, 8, "attack vector: network: from anywhere that reaches the service"},
		{"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H/E:F", "3.1", 7.8, 9, "exploit code maturity: functional: an exploit works in most cases"},
		{"CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:A/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "4.0", 7.5, 11, "attack requirements: present: works only where the deployment or timing allows it"},
	} {
		s, err := spellCVSS(c.vector)
		if err != nil {
			t.Errorf("%s: %v", c.vector, err)
			continue
		}
		if s.version != c.version || s.score != c.score || len(s.metrics) != c.metrics {
			t.Errorf("%s: version %s, score %v, %d metrics", c.vector, s.version, s.score, len(s.metrics))
		}
		if !strings.Contains(flat(s), c.says) {
			t.Errorf("%s does not say %q but\n%s", c.vector, c.says, flat(s))
		}
	}
}

func flat(s *spelled) string {
	var b strings.Builder
	for _, m := range s.metrics {
		b.WriteString(m.name + ": " + m.value + "\n")
	}
	return b.String()
}

// TestEveryMetricValueHasWords walks all values that the parsers accept.
func TestEveryMetricValueHasWords(t *testing.T) {
	for base, metrics := range map[string][]metric{
		"AV:N/AC:L/Au:N/C:N/I:N/A:P/E:U/RL:OF/RC:UC/CDP:N/TD:N/CR:L/IR:L/AR:L": cvss20(),
		"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:H":                         cvss3(),
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:H":                         cvss3(),
		"CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:A/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N":      cvss40(),
	} {
		_, get, _, err := parseCVSS(base)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range metrics {
			if _, err := get(m.key); err != nil {
				t.Errorf("%.8s has no metric %s", base, m.key)
			}
			for _, v := range m.values {
				if !accepts(base, m.key, v.value) {
					t.Errorf("%.8s does not take %s:%s", base, m.key, v.value)
				}
			}
		}
	}
}

// accepts sets one metric in a vector, replacing it or adding it at the end.
func accepts(base, key, value string) bool {
	parts := strings.Split(base, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, key+":") {
			parts[i] = key + ":" + value
			_, err := spellCVSS(strings.Join(parts, "/"))
			return err == nil
		}
	}
	_, err := spellCVSS(base + "/" + key + ":" + value)
	return err == nil
}

func FuzzSpellCVSS(f *testing.F) {
	for _, vector := range []string{"AV:N/AC:L/Au:N/C:N/I:N/A:P", "CVSS:3.0/AV:N", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:A/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "CVSS:5.0/", ""} {
		f.Add(vector)
	}
	f.Fuzz(func(t *testing.T, vector string) {
		s, err := spellCVSS(vector)
		if err == nil && (s.score < 0 || s.score > 10) {
			t.Errorf("%q scores %v", vector, s.score)
		}
	})
}
