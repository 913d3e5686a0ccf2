package foreign

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/gate/exception"
)

// said is a list in a few words: its entries, what was left out, and the notes.
func said(l *List) string {
	var lines []string
	for i := range l.Entries {
		e := &l.Entries[i]
		line := fmt.Sprintf("%d %s", e.Line, e.About())
		if !e.Until.IsZero() {
			line += " until " + e.Until.Format(time.DateOnly)
		}
		if e.Reason != "" {
			line += ": " + e.Reason
		}
		lines = append(lines, line)
	}
	for _, s := range l.Left {
		lines = append(lines, "left "+s)
	}
	for _, s := range l.Notes {
		lines = append(lines, "note "+s)
	}
	return strings.Join(lines, "\n")
}

func TestLists(t *testing.T) {
	for _, c := range []struct{ file, source, want string }{
		{
			".trivyignore", "# Accept the risk\nCVE-2018-14618\n\n# No impact\nCVE-2019-14697 exp:2026-12-01\nGHSA-aaaa-bbbb-cccc # vendored\n" +
				"AVD-DS-0002\nDS013\nAVD-AWS-0104\ngeneric-unwanted-rule\naws-access-key-id\nGPL-3.0\nCVE-2019-1 soon\nCVE-2019-1543 exp:never\n",
			"2 CVE-2018-14618 everywhere: Accept the risk\n" +
				"5 CVE-2019-14697 everywhere until 2026-11-30: No impact\n" +
				"6 GHSA-aaaa-bbbb-cccc everywhere: vendored\n" +
				"CHECKS" +
				"10 generic-unwanted-rule everywhere: No impact\n" +
				"11 aws-access-key-id everywhere: No impact\n" +
				"left .trivyignore:9: AVD-AWS-0104: no rule looks for what this check does\n" +
				"left .trivyignore:12: GPL-3.0: neither a vulnerability, nor a check, nor the rule of a secret (licences are not judged here)\n" +
				"left .trivyignore:13: CVE-2019-1: \"soon\" is not understood\n" +
				"left .trivyignore:14: CVE-2019-1543: \"never\" is no day\n" +
				"note .trivyignore:10: no rule of Plimsoll's own is called generic-unwanted-rule (docs/secret-rules.md): the exception meets what --secret-rules finds by that name",
		},
		{
			".trivyignore.yaml", `vulnerabilities:
  - id: CVE-2022-40897
    paths: ["usr/local/lib/python3.9/**/METADATA", "/app/x"]
    statement: Accept the risk
  - id: CVE-2023-3817
    purls: [pkg:deb/debian/libssl1.1, "pkg:npm/%40a/b@1"]
    expired_at: 2027-02-01
  - id: CVE-2023-1
    purls: [pkg:oci/x]
  - id: CVE-2023-2
    paths: app
  - id: CVE-2023-3
    packages: [x]
  - statement: nothing
misconfigurations:
  - id: AVD-AWS-0031
secrets:
  - id: github-pat
    paths: ["**/{a,b}.txt"]
  - id: github-pat
licenses:
  - id: GPL-3.0
other: {}
`,
			"2 CVE-2022-40897 at usr/local/lib/python3.9/**/METADATA, app/x: Accept the risk\n" +
				"5 CVE-2023-3817 in pkg:deb/debian/libssl1.1, pkg:npm/%40a/b@1 until 2027-01-31\n" +
				"20 github-classic-token everywhere\n" +
				"left .trivyignore.yaml:8: CVE-2023-1: \"pkg:oci/x\": the package URL of an image: name it as an image\n" +
				"left .trivyignore.yaml:11: CVE-2023-2: paths is no list of texts\n" +
				"left .trivyignore.yaml:13: CVE-2023-3: the key \"packages\" is not understood\n" +
				"left .trivyignore.yaml:14: an entry without an id\n" +
				"left .trivyignore.yaml:16: AVD-AWS-0031: no rule looks for what this check does\n" +
				"left .trivyignore.yaml:19: github-pat: the path \"**/{a,b}.txt\" is no pattern that is read here\n" +
				"left .trivyignore.yaml:22: GPL-3.0: licences are not judged here\n" +
				"left .trivyignore.yaml:23: other: unknown",
		},
		{
			".grype.yaml", `only-fixed: true
ignore:
  - vulnerability: CVE-2008-4318
    fix-state: unknown
  - vulnerability: CVE-2008-4319
    reason: vendored
    package: {name: libcurl, version: 1.5.1, type: npm, location: "/usr/local/lib/node_modules/**"}
  - vulnerability: CVE-2008-4320
    include-aliases: true
    package: {name: openssl, type: deb}
  - vulnerability: CVE-2008-4321
    package: {upstream-name: glibc}
  - vulnerability: CVE-2008-4322
    package: {name: "kernel-.*"}
  - vulnerability: CVE-2008-4323
    package: {type: rpm}
  - package: {name: libcurl}
  - vex-status: not_affected
  - vulnerability: CVE-2008-4324
    package: {name: "@acme/x", type: npm}
  - vulnerability: CVE-2008-4325
    package: golang
  - vulnerability: CVE-2008-4326
`,
			"5 CVE-2008-4319 in pkg:npm/libcurl@1.5.1 at usr/local/lib/node_modules/**: vendored\n" +
				"8 CVE-2008-4320 in openssl\n" +
				"11 CVE-2008-4321 in glibc\n" +
				"19 CVE-2008-4324 in pkg:npm/%40acme/x\n" +
				"23 CVE-2008-4326 everywhere\n" +
				"left .grype.yaml:1: only-fixed: a setting of the scan, and no exception\n" +
				"left .grype.yaml:4: CVE-2008-4318: can't be narrowed by fix-state here\n" +
				"left .grype.yaml:14: CVE-2008-4322: the package's name is a pattern (kernel-.*), and a scope names one package\n" +
				"left .grype.yaml:16: CVE-2008-4323: a type, language or version without the package's name\n" +
				"left .grype.yaml:17: a rule without a vulnerability: an exception names one\n" +
				"left .grype.yaml:18: a rule without a vulnerability: an exception names one\n" +
				"left .grype.yaml:22: CVE-2008-4325: package is no mapping\n" +
				"note .grype.yaml:10: CVE-2008-4320: the package's type is not kept, its name is (openssl)",
		},
		{
			"baseline.json", `[{"RuleID": "aws-access-token", "File": "config/a[1].env", "StartLine": 3, "Secret": "AKIAVERYSECRET", "Fingerprint": "x"},
 {"RuleID": "aws-access-token", "File": "config/a[1].env", "StartLine": 9}, {"File": "x"}]`,
			"1 aws-access-key-id at **/config/a\\[1].env\n" +
				"left baseline.json:3: finding 3 has no RuleID or no File\n" +
				"note baseline.json:1: a line of a file is not kept: each exception holds for its rule in the whole file, in whichever folder the image has it",
		},
		{
			".gitleaksignore", "# old\n418edf165dbb63d6f46993ae8f8818ffd87ea582:cmd/jwt.go:jwt:17\ncmd/jwt.go:jwt:19\nREADME.md:npm-access-token:23 # docs\nnonsense\n",
			"2 json-web-token at **/cmd/jwt.go\n" +
				"4 npm-access-token at **/README.md\n" +
				"left .gitleaksignore:5: \"nonsense\" is no fingerprint of gitleaks (commit:file:rule:line)\n" +
				"note .gitleaksignore:2: a line of a file is not kept: each exception holds for its rule in the whole file, in whichever folder the image has it",
		},
	} {
		l, err := Read(c.file, []byte(c.source), "")
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		got := said(l)
		if before, after, ok := strings.Cut(c.want, "CHECKS"); ok {
			// Which rules look for the same as a check is package hygiene's to say.
			for _, check := range []struct{ peer, line string }{{"DS-0002", "7"}, {"DS-0013", "8"}} {
				for _, rule := range l.checks[check.peer] {
					before += check.line + " " + rule + " everywhere: No impact\n"
				}
			}
			c.want = before + after
		}
		if got != c.want {
			t.Errorf("%s:\n got\n%s\nwant\n%s", c.file, got, c.want)
		}
		if strings.Contains(got, "AKIAVERYSECRET") {
			t.Error("a secret is passed on")
		}
	}
}

func TestOurNamesOfRulesExist(t *testing.T) {
	l, err := Read(".trivyignore", nil, "")
	if err != nil {
		t.Fatal(err)
	}
	for theirs, ours := range secretRules() {
		if !l.secrets[ours] {
			t.Errorf("%s is said to be %s, which is no rule", theirs, ours)
		}
	}
	if len(l.checks["DS-0002"]) == 0 || len(l.checks["DS-0001"]) == 0 {
		t.Error("no rule looks for what Trivy's checks of a Dockerfile do")
	}
}

func TestWhatIsNoList(t *testing.T) {
	for file, source := range map[string]string{
		"notes.txt":         "CVE-2024-1",
		"x.yaml":            "a: b",
		".grype.yaml":       "- a",
		".trivyignore.yaml": "a: [",
		"baseline.json":     `[{"RuleID": 3}]`,
		"other.json":        `{"a": 1}`,
	} {
		if l, err := Read(file, []byte(source), ""); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v %+v", file, err, l)
		}
	}
	if _, err := Read(".grype.yaml", []byte("ignore: &a []\nx: *a\n"), ""); err == nil {
		t.Error("an alias is followed")
	}
	if _, err := Read("x", []byte(`["AKIASECRET"]`), GitleaksBaseline); err == nil || strings.Contains(err.Error(), "AKIA") {
		t.Errorf("an error quotes the file: %v", err)
	}
}

// FuzzRead: whatever is taken in can be written, and read as exceptions.
func FuzzRead(f *testing.F) {
	f.Add([]byte("CVE-2024-1 exp:2026-01-01\nDS002\nprivate-key # x\n"), 0)
	f.Add([]byte("vulnerabilities:\n  - {id: X, paths: ['**/a'], purls: [pkg:npm/a]}\n"), 1)
	f.Add([]byte("ignore:\n  - {vulnerability: X, package: {name: a, version: '1', type: gem, location: '/x/*'}}\n"), 2)
	f.Add([]byte(`[{"RuleID": "a", "File": "b*[c"}]`), 3)
	f.Add([]byte("a:b:c:1\n"), 4)
	f.Fuzz(func(t *testing.T, source []byte, format int) {
		l, err := Read("x", source, Formats()[uint(format)%uint(len(Formats()))])
		if err != nil {
			return
		}
		for i := range l.Entries {
			e := &l.Entries[i]
			if e.Owner, e.Reason = "o", "r"; e.Until.IsZero() {
				e.Until = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
			}
		}
		var b strings.Builder
		if err := exception.Write(&b, l.Entries); err != nil {
			t.Fatal(err)
		}
		if again, err := exception.Parse("e.yaml", []byte(b.String())); err != nil || len(again) != len(l.Entries) {
			t.Errorf("what is imported is no exceptions file: %v\n%s", err, b.String())
		}
	})
}
