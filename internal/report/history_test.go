package report

import (
	"bytes"
	"io"
	"reflect"
	"testing"
	"time"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/compare"
	past "plimsoll/internal/history"
	"plimsoll/internal/inventory"
	"plimsoll/internal/secret"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// made is the history of an image that upgrades a package, deletes a cache and
// has a secret.
func made() *past.Report {
	created := time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
	second := inventory.LayerRef{Index: 1, DiffID: "sha256:bb", CreatedBy: "RUN apt-get upgrade"}
	return &past.Report{
		SchemaVersion: past.SchemaVersion, Tool: verdict.Tool{Name: "plimsoll", Version: "test"},
		Histories: []past.History{{
			Image: verdict.Image{
				Reference: "app:1", Platform: "linux/amd64", Digest: "sha256:4883d485ec7d73083c3e9c901afef4d0217cd375aefa2e3996280eac0ec842d8",
				Distribution: &inventory.Distribution{ID: "debian", PrettyName: "Debian GNU/Linux 12 (bookworm)"},
				Layers:       make([]verdict.Layer, 2), Notes: []string{"found in the docker engine"},
			},
			Aligned: true, Complete: false,
			Lines: []past.Line{
				{Index: 0, CreatedBy: "/bin/sh -c #(nop) ADD file:d261a6f6921593f1e0b3f472ab1b1822e2c6deb59b2ac4d7d2ab8a0f0a3a1c5b in / ", Created: created, Layer: &past.Layer{
					Index: 0, DiffID: "sha256:aa", Size: 77_815_808, Stored: 29_126_278,
					Packages: []compare.Package{
						{Change: compare.Added, Type: "deb", Name: "adduser", After: "3.134", Path: "var/lib/dpkg/status"},
						{Change: compare.Added, Type: "deb", Name: "apt", After: "2.6.1", Path: "var/lib/dpkg/status"},
						{Change: compare.Added, Type: "deb", Name: "base-files", After: "12.4+deb12u5", Path: "var/lib/dpkg/status"},
						{Change: compare.Added, Type: "deb", Name: "bash", After: "5.2.15-2+b2", Path: "var/lib/dpkg/status"},
						{Change: compare.Added, Type: "deb", Name: "curl", After: "7.88.1-10", Path: "var/lib/dpkg/status"},
						{Change: compare.Added, Type: "deb", Name: "libc6", After: "2.36-9", Path: "var/lib/dpkg/status"},
						{Change: compare.Added, Type: "deb", Name: "openssl", After: "3.0.9-1", Path: "var/lib/dpkg/status"},
						{Change: compare.Added, Type: "deb", Name: "tar", After: "1.34", Path: "var/lib/dpkg/status"},
					},
					Files:       past.Files{Added: past.Tally{Files: 3412, Bytes: 74_800_000}},
					Superseded:  past.Tally{Files: 3, Bytes: 13_000_000},
					Executables: past.Executables{Total: 425, ByStatus: map[account.Status]int{account.Intact: 424, account.Generated: 1}},
					Privileged:  []past.Privileged{{Path: "usr/bin/su", Mode: "-rwsr-xr-x", Change: compare.Added}},
				}},
				{Index: 1, CreatedBy: `/bin/sh -c #(nop)  CMD ["bash"]`, Created: created},
				{Index: 2, CreatedBy: "RUN /bin/sh -c set -eux; apt-get update; apt-get upgrade -y; apt-get install -y --no-install-recommends vim; rm -rf /var/lib/apt/lists/* /srv/cache; curl -fsSL https://example.org/install.sh | sh # buildkit", Created: created, Layer: &past.Layer{
					Index: 1, DiffID: "sha256:bb", Size: 9_300_000, Stored: 3_100_000,
					Packages: []compare.Package{
						{Change: compare.Removed, Type: "deb", Name: "curl", Before: "7.88.1-10", Path: "var/lib/dpkg/status"},
						{Change: compare.Upgraded, Type: "deb", Name: "openssl", Before: "3.0.9-1", After: "3.0.11-1~deb12u2", Path: "var/lib/dpkg/status"},
						{Change: compare.Downgraded, Type: "deb", Name: "tar", Before: "1.34", After: "1.33", Path: "var/lib/dpkg/status"},
						{Change: compare.Unrecorded, Type: "pypi", Name: "pip", Before: "23.0.1", Path: "usr/lib/python3/dist-packages/pip-23.0.1.dist-info/METADATA"},
						{Change: compare.Moved, Type: "npm", Name: "@scope/lib", Before: "1.0.0", After: "1.0.0", BeforePath: "a/package.json", Path: "b/package.json"},
					},
					Files: past.Files{
						Added: past.Tally{Files: 12, Bytes: 8_000_000}, Changed: past.Tally{Files: 2, Bytes: 1_000_000},
						Rewritten: past.Tally{Files: 1, Bytes: 120_000}, Deleted: past.Tally{Files: 4, Bytes: 12_000_000},
					},
					Unreclaimed: []past.Buried{{Layer: 0, Tally: past.Tally{Files: 7, Bytes: 13_000_000}}},
					Executables: past.Executables{
						Total: 3, ByStatus: map[account.Status]int{account.Intact: 1, account.Altered: 1, account.Unaccounted: 1},
						Open: []past.Executable{
							{Path: "usr/sbin/cron", Status: account.Altered, Owner: "cron 3.0pl1-162", Liveness: inventory.Visible, Risks: []string{"on the search path"}},
							{Path: "opt/x", Status: account.Unaccounted, Liveness: inventory.Visible, SHA256: "00ff"},
						},
					},
					Privileged: []past.Privileged{{Path: "usr/bin/su", Mode: "-rwsr-xr-x", Change: compare.Changed}, {Path: "usr/local/bin/helper", Mode: "-rwxr-sr-x", Change: compare.Added}},
					Tree: []past.Row{
						{Path: "srv/cache/", Bytes: 12_000_000, Removed: 4},
						{Path: "srv/cache/big.tar", Depth: 1, Bytes: 11_000_000, Before: 11_000_000, Change: compare.Removed, Mode: "-rw-r--r--"},
						{Path: "usr/", Bytes: 9_120_000, Added: 12, Changed: 2, Rewritten: 1},
						{Path: "usr/bin/vim.basic", Depth: 1, Bytes: 4_000_000, Change: compare.Added, Mode: "-rwxr-xr-x"},
						{Path: "usr/lib/x86_64-linux-gnu/", Depth: 1, Bytes: 1_120_000, Changed: 1, Rewritten: 1},
						{Path: "usr/lib/x86_64-linux-gnu/libssl.so.3", Depth: 2, Bytes: 1_000_000, Before: 900_000, Change: compare.Changed, Mode: "-rw-r--r--"},
						{Path: "usr/lib/x86_64-linux-gnu/libc.so.6", Depth: 2, Bytes: 120_000, Before: 120_000, Change: past.Rewritten, Mode: "-rwxr-xr-x"},
					},
					LeftOut: 12,
				}, Findings: []triage.Finding{
					{
						ID: "f1", Kind: triage.Secret, Title: "GitHub personal access token", Severity: advisory.Critical, Disposition: triage.Rebuild,
						Path: "srv/app/.env", Liveness: inventory.Deleted, Origin: second, Agreed: true,
						Evidence: &triage.Evidence{Rule: "github-pat", Confidence: secret.Certain, Line: 3, Name: "TOKEN", Redacted: "ghp_[36 redacted]", By: &inventory.LayerRef{Index: 2}},
					},
					{
						ID: "f2", Kind: triage.Malware, Title: "Shell that connects out and takes commands", Severity: advisory.Critical, Disposition: triage.Rebuild,
						Path: "history.2", Liveness: inventory.InConfig, Origin: second, Agreed: true,
						Evidence: &triage.Evidence{Rule: "reverse-shell", Confidence: secret.Likely},
					},
					{
						ID: "f3", Kind: triage.Secret, Title: "Password", Severity: advisory.Low, Disposition: triage.Defer, Path: "etc/x", Origin: second, Agreed: true,
						Evidence: &triage.Evidence{Rule: "password", Confidence: secret.Possible},
					},
				}},
				{Index: -1, CreatedBy: "", Layer: &past.Layer{Index: 2, DiffID: "sha256:cc", Size: 1024, Stored: -1, Packages: []compare.Package{}, Executables: past.Executables{ByStatus: map[account.Status]int{}}}},
			},
			Configuration: []triage.Finding{{
				ID: "f4", Kind: triage.Secret, Title: "Password", Severity: advisory.High, Path: "config.Env.DB_PASSWORD", Liveness: inventory.InConfig, Origin: inventory.LayerRef{Index: -1}, Agreed: true,
				Evidence: &triage.Evidence{Rule: "password", Confidence: secret.Likely, Name: "DB_PASSWORD", Redacted: "[12 redacted]"},
			}},
			Totals: past.Totals{
				Size: 87_116_832, Stored: 32_226_278, Shipped: past.Tally{Files: 3427, Bytes: 83_920_000}, Final: past.Tally{Files: 3420, Bytes: 70_920_000},
				Overwritten: past.Tally{Files: 3, Bytes: 1_000_000}, Again: past.Tally{Files: 1, Bytes: 120_000}, Deleted: past.Tally{Files: 4, Bytes: 12_000_000},
				Efficiency: 0.8451,
			},
			Skipped: []verdict.Skipped{{Layer: 2}},
		}},
		Status: 3,
	}
}

func TestHistoriesMatchTheirGoldenFiles(t *testing.T) {
	r := made()
	r.Histories[0].Skipped[0].Reason = "blob sha256:cc is damaged at byte 512"
	loose := made()
	loose.Histories[0].Aligned = false
	for name, write := range map[string]func(io.Writer) error{
		"history-80":      func(w io.Writer) error { return History(w, r, false, Options{Width: 80}) },
		"history-100":     func(w io.Writer) error { return History(w, loose, true, Options{Width: 100}) },
		"history-100-all": func(w io.Writer) error { return History(w, r, false, Options{Width: 100, All: true}) },
		"history-json":    func(w io.Writer) error { return HistoryJSON(w, r) },
		"history-none":    func(w io.Writer) error { return HistoryJSON(w, &past.Report{}) },
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			golden(t, name, b.Bytes())
		})
	}
}

func TestHistoriesNeutraliseWhatImagesSay(t *testing.T) {
	r := &past.Report{}
	poison(reflect.ValueOf(r).Elem(), nasty)
	for _, width := range []int{40, 80, 120} {
		for _, all := range []bool{false, true} {
			var b bytes.Buffer
			if err := History(&b, r, false, Options{Width: width, All: all, Color: true}); err != nil {
				t.Fatal(err)
			}
			checkTerminal(t, b.Bytes(), width)
		}
	}
	var b bytes.Buffer
	if err := HistoryJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	checkTerminal(t, b.Bytes(), 1<<20)
}
