package report

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"testing"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/compare"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/secret"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// rebuilt is an image beside its rebuilt self.
func rebuilt() *compare.Report {
	summary := func(ref string, size int64) compare.Summary {
		return compare.Summary{
			Image: verdict.Image{
				Reference: ref, Platform: "linux/amd64", Layers: make([]verdict.Layer, 5),
				Distribution: &inventory.Distribution{ID: "debian", PrettyName: "Debian GNU/Linux 12 (bookworm)"},
			},
			Size: size, Stored: size / 3, Packages: 110, Files: compare.Tally{Files: 7803, Bytes: size - 1_000_000}, Executables: 450,
		}
	}
	d := compare.Difference{
		Before: summary("python:3.8.18-slim", 131_000_000), After: summary("python:3.8.19-slim", 133_400_000), Complete: true,
		Layers: compare.Layers{
			Shared: 1, Bytes: 74_800_000,
			Before: []compare.Layer{{LayerRef: inventory.LayerRef{Index: 1, DiffID: "sha256:aa"}, Size: 1}},
			After:  []compare.Layer{{LayerRef: inventory.LayerRef{Index: 1, DiffID: "sha256:bb"}, Size: 2}},
		},
		Configuration: []compare.Setting{
			{Name: "User", Change: compare.Added, After: "app"},
			{Name: "Env.API_TOKEN", Change: compare.Changed, Before: "[40 redacted]", After: "[40 redacted]", Masked: true},
			{Name: "Env.PYTHON_VERSION", Change: compare.Changed, Before: "3.8.18", After: "3.8.19"},
			{Name: "ExposedPorts.8080/tcp", Change: compare.Removed},
			{Name: "Labels.maintainer", Change: compare.Removed, Before: "somebody"},
		},
		History: []compare.Line{
			{Change: compare.Removed, Index: 3, CreatedBy: "ENV PYTHON_VERSION=3.8.18", Layer: -1},
			{Change: compare.Added, Index: 3, CreatedBy: "ENV PYTHON_VERSION=3.8.19", Layer: -1},
			{Change: compare.Added, Index: 4, CreatedBy: "RUN /bin/sh -c set -eux; apt-get update; apt-get install -y --no-install-recommends ca-certificates netbase tzdata ; rm -rf /var/lib/apt/lists/*; savedAptMark=\"$(apt-mark showmanual)\"; echo done # buildkit", Layer: 1},
		},
		Packages: []compare.Package{
			{Change: compare.Upgraded, Type: "deb", Name: "libc6", Before: "2.36-9+deb12u3", After: "2.36-9+deb12u7", Path: "var/lib/dpkg/status"},
			{Change: compare.Downgraded, Type: "deb", Name: "tar", Before: "1.35", After: "1.34", Path: "var/lib/dpkg/status"},
			{Change: compare.Added, Type: "npm", Name: "left-pad", After: "1.3.0", Path: "app/node_modules/left-pad/package.json"},
			{Change: compare.Removed, Type: "pypi", Name: "wheel", Before: "0.41.2", Path: "w"},
			{Change: compare.Moved, Type: "pypi", Name: "pip", Before: "23.0.1", After: "23.0.1", BeforePath: "usr/lib/pip/METADATA", Path: "usr/local/lib/pip/METADATA"},
			{Change: compare.Unrecorded, Type: "deb", Name: "curl", Before: "7.88", Path: "var/lib/dpkg/status"},
		},
		Files: compare.Files{
			Compared: true, Added: compare.Tally{Files: 30, Bytes: 5_000_000}, Removed: compare.Tally{Files: 1, Bytes: 100}, Changed: compare.Tally{Files: 3, Bytes: 2_000_000},
			Content: 2, Mode: 1, Link: 1, Same: compare.Tally{Files: 7000, Bytes: 100_000_000},
			Listed: []compare.File{
				{Path: "etc/shadow", Change: compare.Changed, What: []string{"content", "mode"}, Before: &compare.State{Type: "file", Mode: "-rw-r-----", Size: 500}, After: &compare.State{Type: "file", Mode: "-rw-r--r--", Size: 500}},
				{Path: "usr/bin/python", Change: compare.Changed, What: []string{"link"}, Before: &compare.State{Type: "link"}, After: &compare.State{Type: "link"}},
				{Path: "usr/lib/libpython.so", Change: compare.Changed, What: []string{"content"}, Before: &compare.State{Type: "file", Size: 1_900_000}, After: &compare.State{Type: "file", Size: 2_000_000}},
				{Path: "usr/share/gone", Change: compare.Removed, Before: &compare.State{Type: "file", Size: 100}},
			},
			LeftOut: 20,
		},
		Executables: []account.Change{
			{Path: "opt/agent", After: &account.Entry{Path: "opt/agent", Mode: "-rwsr-xr-x", SHA256: "0123456789abcdef", Status: account.Unaccounted, Risks: []string{"setuid root"}}},
			{
				Path: "usr/bin/python3.8", Content: true,
				Before: &account.Entry{Path: "usr/bin/python3.8", Mode: "-rwxr-xr-x", SHA256: "0123456789abcdef", Status: account.Runtime, Owner: "python 3.8.18"},
				After:  &account.Entry{Path: "usr/bin/python3.8", Mode: "-rwxr-xr-x", SHA256: "fedcba9876543210", Status: account.Runtime, Owner: "python 3.8.19"},
			},
			{Path: "usr/bin/wheel", Before: &account.Entry{Path: "usr/bin/wheel", Status: account.Built}},
		},
		Findings: compare.Findings{
			Vulnerabilities: true, Kept: 120,
			Added: []triage.Finding{{
				Kind: triage.Secret, Title: "GitHub personal access token", Severity: advisory.Critical, Path: "app/.env", Liveness: inventory.Visible,
				Evidence: &triage.Evidence{Confidence: secret.Certain, Line: 2, Redacted: "ghp_[36 redacted]"},
			}},
		},
	}
	for i := range 12 {
		d.Files.Listed = append(d.Files.Listed, compare.File{Path: fmt.Sprintf("srv/new/%02d", i), Change: compare.Added, After: &compare.State{Type: "file", Size: int64(i) * 1000}})
		d.Findings.Removed = append(d.Findings.Removed, triage.Finding{
			Kind: triage.Vulnerability, Vulnerability: fmt.Sprintf("CVE-2023-%04d", i), Package: "glibc", Version: "2.36-9+deb12u3", Severity: advisory.High,
			Title: "a title that is long enough to be cut where the terminal ends, whatever its width may be",
		})
	}
	return &compare.Report{SchemaVersion: compare.SchemaVersion, Tool: verdict.Tool{Name: "plimsoll", Version: "test"}, Differences: []compare.Difference{d}}
}

// same is an image beside itself, without a database, one of whose layers is damaged.
func same() *compare.Report {
	r := rebuilt()
	d := &r.Differences[0]
	skipped := compare.Skipped{Side: "after", Skipped: verdict.Skipped{Layer: 1, Problem: evidence.Problem{Path: "etc/x", Reason: "damaged", Incomplete: true}}}
	*d = compare.Difference{Before: d.Before, After: d.Before, Same: true, Layers: compare.Layers{Shared: 5, Bytes: d.Before.Size}, Complete: true, Files: compare.Files{Compared: true}}
	other := *d
	other.Same, other.Complete, other.Skipped, other.Files.Compared = false, false, []compare.Skipped{skipped}, false
	rebuiltAlone := *d
	rebuiltAlone.Same, rebuiltAlone.Layers = false, compare.Layers{Before: make([]compare.Layer, 5), After: make([]compare.Layer, 5)}
	r.Differences = append(r.Differences, other, rebuiltAlone)
	return r
}

func TestDifferencesMatchTheirGoldenFiles(t *testing.T) {
	for name, write := range map[string]func(io.Writer) error{
		"difference-80":      func(w io.Writer) error { return Difference(w, rebuilt(), false, Options{Width: 80}) },
		"difference-100-all": func(w io.Writer) error { return Difference(w, rebuilt(), true, Options{Width: 100, All: true}) },
		"difference-same":    func(w io.Writer) error { return Difference(w, same(), false, Options{Width: 100}) },
		"difference-json":    func(w io.Writer) error { return DifferenceJSON(w, rebuilt()) },
		"difference-none":    func(w io.Writer) error { return DifferenceJSON(w, &compare.Report{}) },
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

func TestDifferencesNeutraliseWhatImagesSay(t *testing.T) {
	r := &compare.Report{}
	poison(reflect.ValueOf(r).Elem(), nasty)
	for i := range r.Differences {
		d := &r.Differences[i]
		d.History[0].Change, d.Configuration[0].Change, d.Configuration[1].Change = compare.Added, compare.Added, compare.Changed
		d.Packages[0].Change, d.Packages[1].Change = compare.Moved, compare.Upgraded
		d.Files.Changed.Files, d.Files.Listed[0].Change = 2, compare.Changed
		d.Findings.Added[0].Kind, d.Findings.Removed[0].Kind = triage.Vulnerability, triage.Secret
	}
	for _, width := range []int{40, 80, 120} {
		for _, all := range []bool{false, true} {
			var b bytes.Buffer
			if err := Difference(&b, r, all, Options{Width: width, All: all, Color: true}); err != nil {
				t.Fatal(err)
			}
			checkTerminal(t, b.Bytes(), width)
		}
	}
	var b bytes.Buffer
	if err := DifferenceJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	checkTerminal(t, b.Bytes(), 1<<20)
}
