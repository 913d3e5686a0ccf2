package report

import (
	"bytes"
	"io"
	"testing"

	"plimsoll/internal/account"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/verdict"
)

// accountedFixture is an image with something of every status.
func accountedFixture() *Accounted {
	lines := []string{
		"/bin/sh -c #(nop) ADD file:0f1c in / ", "RUN /bin/sh -c apt-get update && apt-get install -y --no-install-recommends cron python3 # buildkit",
		"COPY /out/ /usr/local/bin/ # buildkit", "RUN |1 V=1 /bin/sh -c set -eux; sed -i s/a/b/ /usr/sbin/cron # buildkit", "",
	}
	refs := make([]inventory.LayerRef, len(lines))
	layers := make([]verdict.Layer, len(lines))
	for i, line := range lines {
		refs[i] = inventory.LayerRef{Index: i, CreatedBy: line}
		layers[i] = verdict.Layer{LayerRef: refs[i]}
	}
	entry := func(layer int, status account.Status, path, owner, reason string) account.Entry {
		return account.Entry{
			Path: path, Kind: evidence.Program, Mode: "-rwxr-xr-x", Size: 4096, Status: status, Owner: owner, Reason: reason,
			Layer: refs[layer], Liveness: inventory.Visible,
		}
	}
	with := func(e account.Entry, change func(*account.Entry)) account.Entry { change(&e); return e }
	entries := []account.Entry{
		with(entry(3, account.Altered, "usr/sbin/cron", "cron 3.0pl1-162", "rewritten by layer 3 (RUN set -eux; sed -i s/a/b/ /usr/sbin/cron) after layer 1 (RUN apt-get update && apt-get install -y --no-install-recommends cron …) had installed its package"), func(e *account.Entry) {
			e.Mode, e.Risk, e.Risks = "-rwsr-xr-x", 125, []string{"it differs from its package's record", "setuid root", "on the search path"}
		}),
		with(entry(4, account.Unaccounted, "usr/lib/.../kworker", "", "no package owns it, and history does not tell of its layer"), func(e *account.Entry) {
			e.Capabilities, e.Risk, e.Risks = "cap_net_raw=ep", 95, []string{"nothing says where it is from", "file capabilities", "in a hidden folder"}
		}),
		with(entry(3, account.Altered, "etc/init.d/cron", "cron 3.0pl1-162", "rewritten by layer 3 (RUN …) after layer 1 (RUN …) had installed its package"), func(e *account.Entry) {
			e.Configuration, e.Kind, e.Risk = true, evidence.Script, 1
		}),
		with(entry(3, account.Altered, "usr/bin/editor", "nano 7.2-1", "a link to /opt/editor in the place of the package's file, made by layer 3 (RUN …)"), func(e *account.Entry) {
			e.Kind, e.Mode, e.LinkTo, e.Risk, e.Risks = evidence.Link, "lrwxrwxrwx", "/opt/editor", 70, []string{"it differs from its package's record", "on the search path"}
		}),
		with(entry(2, account.Built, "usr/local/bin/server", "example.com/server v1.2.3", "added by layer 2 (COPY /out/ /usr/local/bin/)"), func(e *account.Entry) {
			e.Risk, e.Risks = 16, []string{"on the search path"}
		}),
		entry(2, account.Built, "usr/local/share/a/folder/with/a/very/long/name/that/does/not/fit/into/a/line/of/a/terminal/tool", "", "added by layer 2 (COPY /out/ /usr/local/bin/)"),
		with(entry(1, account.Altered, "usr/sbin/cron", "cron 3.0pl1-161", "differs from its package's record in the layer that installed it, layer 1 (RUN …)"), func(e *account.Entry) {
			e.Liveness, e.By = inventory.Shadowed, &refs[3]
		}),
		entry(1, account.Unverified, "var/lib/dpkg/info/cron.postinst", "cron 3.0pl1-162", "the package's own script for its package manager, which keeps no digest of it"),
		entry(2, account.Runtime, "usr/local/bin/node", "node 18.20.4", "recognised by its content"),
		with(entry(1, account.Generated, "usr/bin/awk", "", "a link of the alternatives system, which leads to usr/bin/mawk"), func(e *account.Entry) {
			e.Kind, e.Mode, e.LinkTo = evidence.Link, "lrwxrwxrwx", "/etc/alternatives/awk"
		}),
	}
	for _, path := range []string{"usr/bin/ls", "usr/bin/cat", "usr/lib/a/b.so", "usr/lib/b/c.so", "usr/lib/c/d.so", "usr/lib/d/e.so", "usr/lib/e/f.so", "usr/sbin/g", "usr/libexec/h"} {
		entries = append(entries, entry(0, account.Intact, path, "coreutils 9.1-1", ""))
	}
	entries = append(entries, with(entry(0, account.Intact, "usr/bin/perl5.36.0", "perl-base 5.36.0-7", ""), func(e *account.Entry) { e.LinkTo = "usr/bin/perl" }))
	a := account.Account{
		Executables: len(entries) - 1, Lower: 1, LowerByStatus: map[account.Status]int{account.Altered: 1}, ByStatus: map[account.Status]int{},
		BuiltBy: []account.BuildStep{{Layer: refs[2], Executables: 2}}, Entries: entries,
	}
	for _, e := range entries {
		if e.Liveness == inventory.Visible {
			a.ByStatus[e.Status]++
		}
	}
	return &Accounted{
		Image:   verdict.Image{Reference: "app:2", Platform: "linux/amd64", Digest: digest("ab"), Layers: layers},
		Account: a,
		Skipped: []verdict.Skipped{{Layer: 1, Problem: evidence.Problem{Path: "usr/lib/big.jar", Reason: "an archive unpacks to more than is looked into"}}},
	}
}

func TestAccountsMatchTheirGoldenFiles(t *testing.T) {
	after := accountedFixture()
	before := accountedFixture()
	before.Image.Reference = "app:1"
	before.Account.Entries = append([]account.Entry{{Path: "usr/bin/removed", Mode: "-rwxr-xr-x", Status: account.Intact, Owner: "old 1", Liveness: inventory.Visible}}, before.Account.Entries[4:]...)
	before.Account.Entries[len(before.Account.Entries)-1].SHA256 = "00"
	before.Account.Entries[len(before.Account.Entries)-2].Mode = "-rwxr-x---"
	before.Account.Entries[1].Owner, before.Account.Entries[1].SHA256 = "example.com/server v1.2.2", "00"
	changes := account.Diff(&before.Account, &after.Account)
	for name, write := range map[string]func(io.Writer) error{
		"account-80":  func(w io.Writer) error { return Accounts(w, []Accounted{*after}, false, Options{Width: 80}) },
		"account-100": func(w io.Writer) error { return Accounts(w, []Accounted{*after}, false, Options{Width: 100}) },
		"account-all": func(w io.Writer) error {
			return Accounts(w, []Accounted{*after}, false, Options{Width: 100, All: true})
		},
		"account-tree": func(w io.Writer) error { return Accounts(w, []Accounted{*after}, true, Options{Width: 100}) },
		"account-json": func(w io.Writer) error {
			return AccountsJSON(w, []Accounted{*after}, verdict.Tool{Name: "plimsoll", Version: "1"}, 1)
		},
		"account-diff": func(w io.Writer) error { return AccountDifference(w, before, after, changes, Options{Width: 100}) },
		"account-diff-js": func(w io.Writer) error {
			return AccountDifferenceJSON(w, before, after, changes, verdict.Tool{Name: "plimsoll", Version: "1"})
		},
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

// TestAnAccountKeepsItsPagesWidthAndTerminal has paths as a hostile image could.
func TestAnAccountKeepsItsPagesWidthAndTerminal(t *testing.T) {
	a := accountedFixture()
	for i := range a.Account.Entries {
		a.Account.Entries[i].Path = "usr/\x1b[2Jbin/\u202e名前名前名前名前名前名前名前名前名前名前名前名前名前名前名前名前" + a.Account.Entries[i].Path
	}
	for _, tree := range []bool{false, true} {
		var b bytes.Buffer
		if err := Accounts(&b, []Accounted{*a}, tree, Options{Width: 60, All: true}); err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(b.Bytes()) {
			if line = bytes.TrimRight(line, "\n"); width(string(line)) > 60 || bytes.ContainsAny(line, "\x1b\u202e") {
				t.Errorf("%d columns: %q", width(string(line)), line)
			}
		}
	}
}
