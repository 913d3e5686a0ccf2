package report

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/advisory"
	"plimsoll/internal/verdict"
)

var update = flag.Bool("update", false, "write the golden files and docs/verdict.schema.json anew")

// golden holds output against testdata/name.golden.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run go test -update", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs from its golden file (-want +got):\n%s", name, diff)
	}
}

func cipherDetail() verdict.DatabaseDetail {
	return verdict.DatabaseDetail{Database: "trivy-db", Detail: advisory.Detail{
		Title:       "openssl: Incorrect cipher key and IV length processing",
		Description: "Issue summary: A bug has been identified in the processing of key and\ninitialisation vector (IV) lengths.  This can lead to potential truncation\nor overruns during the initialisation of some symmetric ciphers.\n\nImpact summary: A truncation in the IV can result in non-uniqueness,\nwhich could result in loss of confidentiality for some cipher modes.",
		CWEs:        []string{"CWE-684"},
		References:  []string{"https://www.openssl.org/news/secadv/20231024.txt", "https://www.debian.org/security/2023/dsa-5532", "https://nvd.nist.gov/vuln/detail/CVE-2023-5363"},
		Published:   time.Date(2023, 10, 25, 18, 17, 43, 0, time.UTC),
		Modified:    time.Date(2024, 10, 14, 15, 15, 0, 0, time.UTC),
	}}
}

// heartbleed is known to a database and not in the image.
func heartbleed() verdict.DatabaseDetail {
	return verdict.DatabaseDetail{Database: "grype-db", Detail: advisory.Detail{
		Title:      "openssl: information disclosure in handling of TLS heartbeat extension packets",
		References: []string{"https://www.openssl.org/news/secadv/20140407.txt"},
	}}
}

func TestFormsMatchTheirGoldenFiles(t *testing.T) {
	table := func(r *verdict.Report, opt Options) func(io.Writer) error {
		return func(w io.Writer) error { return writeTable(w, r, opt) }
	}
	form := func(name string, r *verdict.Report) func(io.Writer) error {
		f, err := ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		return func(w io.Writer) error { return f.Write(w, r, Options{}) }
	}
	explain := func(id string, opt Options, details ...verdict.DatabaseDetail) func(io.Writer) error {
		return func(w io.Writer) error { return Explanation(w, explanation(t, id, details...), opt) }
	}
	for name, write := range map[string]func(io.Writer) error{
		"table-80":             table(fixture(), Options{Width: 80}),
		"table-120":            table(fixture(), Options{Width: 120}),
		"table-200":            table(fixture(), Options{Width: 200}),
		"table-80-color":       table(fixture(), Options{Width: 80, Color: true}),
		"table-120-all":        table(fixture(), Options{Width: 120, All: true}),
		"table-empty":          table(empty(), Options{Width: 80}),
		"table-incomplete":     table(incomplete(), Options{Width: 80}),
		"table-platforms":      table(platforms(), Options{Width: 80}),
		"table-crowded":        table(crowded(), Options{Width: 80}),
		"table-none":           table(&verdict.Report{}, Options{Width: 80}),
		"json":                 form("json", fixture()),
		"json-empty":           form("json", empty()),
		"cyclonedx":            form("cyclonedx", fixture()),
		"cyclonedx-empty":      form("cyclonedx", empty()),
		"spdx":                 form("spdx", fixture()),
		"spdx-incomplete":      form("spdx", incomplete()),
		"sarif":                form("sarif", full()),
		"sarif-incomplete":     form("sarif", incomplete()),
		"junit":                form("junit", full()),
		"junit-incomplete":     form("junit", incomplete()),
		"gitlab":               form("gitlab", full()),
		"gitlab-incomplete":    form("gitlab", incomplete()),
		"codequality":          form("codequality", full()),
		"github":               form("github", full()),
		"markdown":             form("markdown", full()),
		"markdown-incomplete":  form("markdown", incomplete()),
		"github-summary":       form("github-summary", platforms()),
		"cyclonedx-vex":        form("cyclonedx-vex", cleared()),
		"csv":                  form("csv", full()),
		"reconcile-80":         func(w io.Writer) error { return Reconciliation(w, fixture(), Options{Width: 80}) },
		"reconcile-120":        func(w io.Writer) error { return Reconciliation(w, fixture(), Options{Width: 120}) },
		"reconcile-empty":      func(w io.Writer) error { return Reconciliation(w, empty(), Options{Width: 80}) },
		"reconcile-json":       func(w io.Writer) error { return ReconciliationJSON(w, fixture()) },
		"explain-80":           explain("cve-2023-5363", Options{Width: 80}, cipherDetail()),
		"explain-120":          explain("GHSA-cx63-2mw6-8hw5", Options{Width: 120}),
		"explain-v2":           explain("CVE-2010-4756", Options{Width: 100}),
		"explain-kev":          explain("CVE-2021-44228", Options{Width: 100}),
		"explain-distributed":  explain("CVE-2023-32681", Options{Width: 100}),
		"explain-advisory":     explain("example-advisory", Options{Width: 100}),
		"explain-absent-known": explain("CVE-2014-0160", Options{Width: 100}, heartbleed()),
		"explain-absent":       explain("CVE-2014-0160", Options{Width: 80}),
		"explain-json":         func(w io.Writer) error { return ExplanationJSON(w, explanation(t, "CVE-2023-5363", cipherDetail())) },
	} {
		t.Run(name, func(t *testing.T) {
			var first, second bytes.Buffer
			if err := write(&first); err != nil {
				t.Fatal(err)
			}
			if err := write(&second); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(first.Bytes(), second.Bytes()) {
				t.Error("the same verdict gives different bytes")
			}
			if !bytes.HasSuffix(first.Bytes(), []byte("\n")) || bytes.HasSuffix(first.Bytes(), []byte("\n\n")) {
				t.Error("must end in one newline")
			}
			golden(t, name, first.Bytes())
		})
	}
}
