package proof_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/version"
	"plimsoll/internal/compare"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/rebuild/proof"
	"plimsoll/internal/secret"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// img is an image as a test tells of it.
type img struct {
	dist       string // "debian 12"
	packages   []inventory.Package
	findings   []triage.Finding
	layers     []*evidence.Layer
	lines      []string // the history lines of the layers
	exes       []account.Entry
	base       int
	env        []string
	gaps       map[string][]advisory.Gap
	noDatabase bool
	incomplete bool
	platform   string
	hygiene    []verdict.Hygiene
}

func (i img) sides() (proof.Side, *compare.Side) {
	if i.layers == nil {
		i.layers = []*evidence.Layer{layer("f etc/motd 1")}
	}
	v := &verdict.Verdict{Packages: i.packages, Findings: i.findings, Account: account.Account{Entries: i.exes, ByStatus: map[account.Status]int{}}}
	v.Image.Platform, v.Hygiene = i.platform, i.hygiene
	v.Image.Base = triage.Base{Layers: i.base}
	if i.dist != "" {
		id, release, _ := strings.Cut(i.dist, " ")
		v.Image.Distribution = &inventory.Distribution{ID: id, VersionID: release}
	}
	for _, e := range i.exes {
		v.Account.ByStatus[e.Status]++
		v.Account.Executables++
	}
	for n, l := range i.layers {
		ref := inventory.LayerRef{Index: n, DiffID: l.DiffID}
		if n < len(i.lines) {
			ref.CreatedBy = i.lines[n]
		}
		v.Image.Layers = append(v.Image.Layers, verdict.Layer{LayerRef: ref})
	}
	v.Coverage.Complete = !i.incomplete
	if !i.noDatabase {
		v.Coverage.Databases = []advisory.Info{{Name: "trivy-db", Digest: "sha256:aa", Built: time.Unix(1, 0)}}
		v.Coverage.Gaps = i.gaps
	}
	config := &v1.ConfigFile{Config: v1.Config{Env: i.env}}
	c := &compare.Side{
		Image: v.Image, Config: config, Layers: i.layers, Stored: make([]int64, len(i.layers)), Packages: i.packages, Account: &v.Account,
		Findings: i.findings, Mask: func(_, text string) string { return text },
	}
	if i.incomplete {
		c.Skipped = []verdict.Skipped{{Problem: evidence.Problem{Reason: "damaged", Incomplete: true}}}
	}
	return proof.Side{Verdict: v, Config: config, Layers: i.layers}, c
}

func prove(before, after img) *proof.Proof {
	b, cb := before.sides()
	a, ca := after.sides()
	opt := compare.Options{Order: version.Order, Vulnerabilities: !after.noDatabase}
	return proof.Of(proof.Input{Before: b, After: a, Difference: compare.Of(cb, ca, opt), Order: version.Order})
}

// layer lists "f path size", "x path size" (executable), "s path size" (setuid),
// "l path target" and "w path". Its diff ID depends on them.
func layer(entries ...string) *evidence.Layer {
	l := &evidence.Layer{DiffID: "sha256:" + strings.Join(entries, "|")}
	for _, e := range entries {
		var path, rest string
		fmt.Sscan(e[2:], &path, &rest)
		var size int64
		fmt.Sscan(rest, &size)
		switch e[0] {
		case 'l':
			l.Files.Append(path, evidence.Symlink, 0, 0, rest)
		case 'w':
			l.Files.Append(path, evidence.Whiteout, 0, 0, "")
		default:
			mode := map[byte]fs.FileMode{'f': 0o644, 'x': 0o755, 's': 0o755 | fs.ModeSetuid}[e[0]]
			l.Files.Append(path, evidence.Regular, mode, size, "")
			l.Files.SetSum(uint32(size) + 1)
		}
	}
	return l
}

func pkg(typ, nameVersion, path string) inventory.Package {
	name, v, _ := strings.Cut(nameVersion, "@")
	p := inventory.Package{Type: typ, Name: name, Version: v, Path: path, Liveness: inventory.Visible}
	p.ID = "pkg:" + typ + "/" + nameVersion + "@/" + path
	if typ == "deb" {
		p.Source = &inventory.Source{Name: "src-" + name, Version: v}
	}
	return p
}

const status = "var/lib/dpkg/status"

func deb(nameVersion string) inventory.Package { return pkg("deb", nameVersion, status) }

// vuln is a vulnerability of a package: high and fixed in "9" unless told otherwise.
func vuln(p inventory.Package, id string, change ...func(*triage.Finding)) triage.Finding {
	f := triage.Finding{
		ID: triage.Fingerprint(id, p.Type, p.Name, p.Path), Kind: triage.Vulnerability, Vulnerability: id, Severity: advisory.High,
		PackageID: p.ID, Package: p.FullName(), Version: p.Version, Path: p.Path, Liveness: inventory.Visible, HeldBy: []string{"trivy-db"},
		Fix: triage.Fix{State: advisory.Fixed, Versions: []string{"9"}},
	}
	for _, c := range change {
		c(&f)
	}
	f.Disposition = triage.Dispose(f.Severity, f.Fix.State)
	return f
}

func unfixed(f *triage.Finding) { f.Fix = triage.Fix{State: advisory.NotFixed} }
func low(f *triage.Finding)     { f.Severity = advisory.Low }

func with(packages []inventory.Package, findings ...triage.Finding) img {
	return img{dist: "debian 12", packages: packages, findings: findings}
}

func list(p ...inventory.Package) []inventory.Package { return p }

// told is every group as "outcome code: cause (findings)".
func told(p *proof.Proof) []string {
	var out []string
	for _, o := range []struct {
		name string
		*proof.Outcome
	}{{"cleared", &p.Findings.Cleared}, {"unproven", &p.Findings.Unproven}, {"kept", &p.Findings.Kept}, {"added", &p.Findings.Added}} {
		n := 0
		for _, g := range o.Groups {
			out = append(out, fmt.Sprintf("%s %s: %s (%d)", o.name, g.Code, g.Cause, len(g.Findings)))
			n += len(g.Findings)
		}
		if n != o.Total {
			out = append(out, fmt.Sprintf("%s has %d findings and says %d", o.name, n, o.Total))
		}
	}
	return out
}

func check(t *testing.T, p *proof.Proof, want ...string) {
	t.Helper()
	if got := told(p); !slices.Equal(got, want) {
		t.Errorf("\ngot  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func elf(path, sha, status, owner string) account.Entry {
	e := account.Entry{Path: path, Kind: evidence.Program, Mode: "-rwxr-xr-x", Size: 9000, SHA256: sha, Status: account.Status(status), Owner: owner, Liveness: inventory.Visible}
	if owner != "" {
		e.OwnerType = "deb"
	}
	return e
}

func script(path, sha, status, owner string) account.Entry {
	e := elf(path, sha, status, owner)
	e.Kind = evidence.Script
	return e
}

func TestVulnerabilitiesGoComeAndStayForACause(t *testing.T) {
	old, now := deb("ssl@1"), deb("ssl@9")
	lodashA, lodashB := pkg("npm", "lodash@1", "app/node_modules/lodash/package.json"), pkg("npm", "lodash@1", "app/b/node_modules/lodash/package.json")
	mod := pkg("golang", "x/net@v1.0.0", "app/server")
	for name, c := range map[string]struct {
		before, after img
		want          []string
	}{
		"a newer version": {
			with(list(old), vuln(old, "CVE-1"), vuln(old, "CVE-2")), with(list(now)),
			[]string{"cleared package-upgraded: src-ssl 1 → 9 (2)"},
		},
		"an older version": {
			with(list(now), vuln(now, "CVE-1")), with(list(old)),
			[]string{"cleared package-downgraded: src-ssl 9 → 1 (older than before) (1)"},
		},
		"a package that is gone": {
			with(list(old), vuln(old, "CVE-1")), with(list(deb("tar@1"))),
			[]string{"cleared package-removed: src-ssl 1 removed (1)"},
		},
		"the same version with a fix": {
			with(list(old), vuln(old, "CVE-1")), with(list(old), vuln(old, "CVE-1")),
			[]string{"kept fix-not-taken: src-ssl 1: the same version as before, though fixes exist (1)"},
		},
		"the same version without one, in another record": {
			with(list(old), vuln(old, "CVE-1", unfixed)),
			with(list(pkg("deb", "ssl@1", "var/lib/dpkg/status.d/ssl")), vuln(pkg("deb", "ssl@1", "var/lib/dpkg/status.d/ssl"), "CVE-1", unfixed)),
			[]string{"kept no-fix: src-ssl 1: no fix exists (1)"},
		},
		"an upgrade that is not enough": {
			with(list(old), vuln(old, "CVE-1")), with(list(deb("ssl@8")), vuln(deb("ssl@8"), "CVE-1")),
			[]string{"kept fix-not-reached: src-ssl 1 → 8: without the fixes that exist (1)"},
		},
		"a newer version that is affected as well, without a fix": {
			with(list(old), vuln(old, "CVE-1", unfixed)), with(list(now), vuln(now, "CVE-1", unfixed)),
			[]string{"kept no-fix: src-ssl 1 → 9: no fix exists (1)"},
		},
		"a new package, a newer version that brings one, an older one that does": {
			with(list(old, deb("tar@5"))),
			with(list(now, deb("tar@4"), deb("new@1")), vuln(now, "CVE-1"), vuln(deb("tar@4"), "CVE-2"), vuln(deb("new@1"), "CVE-3")),
			[]string{
				"added package-added: src-new 1 is new (1)", "added package-downgraded: src-tar 5 → 4 (older than before) (1)",
				"added package-upgraded: src-ssl 1 → 9 (1)",
			},
		},
		"one of two copies": {
			with(list(lodashA, lodashB), vuln(lodashA, "CVE-1"), vuln(lodashB, "CVE-1")), with(list(lodashB), vuln(lodashB, "CVE-1")),
			[]string{"cleared copy-removed: a copy of lodash 1 removed (1)", "kept fix-not-taken: lodash 1: the same version as before, though fixes exist (1)"},
		},
		"a second copy": {
			with(list(lodashA), vuln(lodashA, "CVE-1")), with(list(lodashA, lodashB), vuln(lodashA, "CVE-1"), vuln(lodashB, "CVE-1")),
			[]string{"kept fix-not-taken: lodash 1: the same version as before, though fixes exist (1)", "added copy-added: another copy of lodash 1 (1)"},
		},
		"the same under another identifier": {
			with(list(old), vuln(old, "CVE-1", func(f *triage.Finding) { f.Aliases = []string{"GHSA-1"} })), with(list(old), vuln(old, "GHSA-1")),
			[]string{"kept fix-not-taken: src-ssl 1: the same version as before, though fixes exist (1)"},
		},
		"another that shares a vendor's advisory is another": {
			with(list(old), vuln(old, "CVE-1", func(f *triage.Finding) { f.Aliases = []string{"DSA-1"} })),
			with(list(now), vuln(now, "CVE-2", func(f *triage.Finding) { f.Aliases = []string{"DSA-1"} })),
			[]string{"cleared package-upgraded: src-ssl 1 → 9 (1)", "added package-upgraded: src-ssl 1 → 9 (1)"},
		},
		"a distribution's package that installs it now": {
			with(list(lodashA), vuln(lodashA, "CVE-1")),
			with(list(func() inventory.Package { p := lodashA; p.OwnedBy = "pkg:deb/node-lodash"; return p }())),
			[]string{"cleared owned-by-distribution: lodash: a package of the distribution installs it now, and is judged instead (1)"},
		},
		"another distribution": {
			with(list(old, deb("tar@1")), vuln(old, "CVE-1"), vuln(deb("tar@1"), "CVE-2")),
			img{dist: "alpine 3.20", packages: list(pkg("apk", "musl@1", "lib/apk/db/installed")), findings: []triage.Finding{vuln(pkg("apk", "musl@1", "lib/apk/db/installed"), "CVE-3", unfixed)}},
			[]string{
				"cleared distribution-changed: debian 12 → alpine 3.20: its packages are gone (2)",
				"added distribution-changed: debian 12 → alpine 3.20: other packages (1)",
			},
		},
		"another release, for which other advisories hold": {
			with(list(old), vuln(old, "CVE-1")),
			img{dist: "debian 13", packages: list(old)},
			[]string{"cleared distribution-changed: debian 12 → debian 13: other advisories hold for the same version (1)"},
		},
		"nothing that says why": {
			with(list(old), vuln(old, "CVE-1")), with(list(old)),
			[]string{"unproven unknown: cause unknown (1)"},
		},
		"a release of which no database knows": {
			with(list(old), vuln(old, "CVE-1")),
			img{packages: list(now), gaps: map[string][]advisory.Gap{"trivy-db": {{Packages: 1, Reason: advisory.NoDistribution, Distribution: true}}}},
			[]string{"unproven not-covered: " + advisory.NoDistribution + " (1)"},
		},
		"a version that can't be compared": {
			with(list(mod), vuln(mod, "CVE-1")),
			img{
				dist: "debian 12", packages: list(pkg("golang", "x/net@(devel)", "app/server")),
				gaps: map[string][]advisory.Gap{"trivy-db": {{Subject: "golang", Packages: 1, Reason: advisory.VersionNotComparable}}},
			},
			[]string{"unproven not-covered: golang: " + advisory.VersionNotComparable + " (1)"},
		},
		"a program left behind without its package": {
			img{dist: "debian 12", packages: list(old), findings: []triage.Finding{vuln(old, "CVE-1")}, exes: []account.Entry{elf("usr/bin/ssl", "aa", "intact", "ssl 1")}},
			img{dist: "debian 12", packages: list(deb("tar@1")), exes: []account.Entry{elf("usr/bin/ssl", "aa", "unaccounted", "")}},
			[]string{"unproven files-remain: ssl 1 is recorded no more, and /usr/bin/ssl is still there as it was (1)"},
		},
		"a program copied elsewhere without its package": {
			img{dist: "debian 12", packages: list(old), findings: []triage.Finding{vuln(old, "CVE-1")}, exes: []account.Entry{elf("usr/bin/ssl", "aa", "intact", "ssl 1")}},
			img{dist: "debian 12", packages: list(deb("tar@1")), exes: []account.Entry{elf("app/ssl", "aa", "built", "")}},
			[]string{"unproven files-remain: ssl 1 is recorded no more, and /app/ssl is still there as it was (1)"},
		},
		"a script left behind where it was": {
			img{dist: "debian 12", packages: list(old), findings: []triage.Finding{vuln(old, "CVE-1")}, exes: []account.Entry{script("usr/bin/c_rehash", "aa", "intact", "ssl 1")}},
			img{dist: "debian 12", packages: list(deb("tar@1")), exes: []account.Entry{script("usr/bin/c_rehash", "aa", "unaccounted", "")}},
			[]string{"unproven files-remain: ssl 1 is recorded no more, and /usr/bin/c_rehash is still there as it was (1)"},
		},
		"a script of somebody's with the same content": {
			img{dist: "debian 12", packages: list(old), findings: []triage.Finding{vuln(old, "CVE-1")}, exes: []account.Entry{script("usr/bin/c_rehash", "aa", "intact", "ssl 1")}},
			img{dist: "debian 12", packages: list(deb("tar@1")), exes: []account.Entry{script("app/run", "aa", "built", "")}},
			[]string{"cleared package-removed: src-ssl 1 removed (1)"},
		},
		"a program that another package owns now": {
			img{dist: "debian 12", packages: list(old), findings: []triage.Finding{vuln(old, "CVE-1")}, exes: []account.Entry{elf("usr/bin/ssl", "aa", "intact", "ssl 1")}},
			img{dist: "debian 12", packages: list(deb("ssl-new@1")), exes: []account.Entry{elf("usr/bin/ssl", "aa", "intact", "ssl-new 1")}},
			[]string{"cleared package-removed: src-ssl 1 removed (1)"},
		},
		"the code of an npm package without its package.json": {
			with(list(lodashA), vuln(lodashA, "CVE-1")),
			img{dist: "debian 12", packages: list(old), layers: []*evidence.Layer{layer("f app/node_modules/lodash/index.js 9")}},
			[]string{"unproven files-remain: lodash 1 is recorded no more, and /app/node_modules/lodash is still there (1)"},
		},
		"a program that names its modules no more": {
			img{dist: "debian 12", packages: list(mod), findings: []triage.Finding{vuln(mod, "CVE-1")}, layers: []*evidence.Layer{layer("x app/server 9")}},
			img{dist: "debian 12", packages: list(old), layers: []*evidence.Layer{layer("x app/server 8")}},
			[]string{"unproven record-gone: /app/server is still there and names no package any more (1)"},
		},
		"a program that names others": {
			img{dist: "debian 12", packages: list(mod), findings: []triage.Finding{vuln(mod, "CVE-1")}, layers: []*evidence.Layer{layer("x app/server 9")}},
			img{dist: "debian 12", packages: list(pkg("golang", "stdlib@1.22.0", "app/server")), layers: []*evidence.Layer{layer("x app/server 8")}},
			[]string{"cleared package-removed: x/net v1.0.0 removed (1)"},
		},
	} {
		t.Run(name, func(t *testing.T) { check(t, prove(c.before, c.after), c.want...) })
	}
}

// secretIn is a secret of a file, the environment or the history.
func secretIn(path, value string, change ...func(*triage.Finding)) triage.Finding {
	f := triage.Finding{
		ID: triage.Fingerprint("secret", path, value), Kind: triage.Secret, Title: "token", Severity: advisory.High, Disposition: triage.Rebuild, Path: path,
		Liveness: inventory.Visible, Evidence: &triage.Evidence{Rule: "token", Confidence: secret.Certain, Value: value},
	}
	if strings.HasPrefix(path, "config.") || strings.HasPrefix(path, "history.") {
		f.Liveness, f.Origin.Index = inventory.InConfig, -1
	}
	for _, c := range change {
		c(&f)
	}
	return f
}

func hiddenIn(index int, l *evidence.Layer, line string) func(*triage.Finding) {
	return func(f *triage.Finding) {
		f.Liveness, f.Origin = inventory.Deleted, inventory.LayerRef{Index: index, DiffID: l.DiffID, CreatedBy: line}
	}
}

func planted(path string) triage.Finding {
	return triage.Finding{
		ID: triage.Fingerprint("malware", path), Kind: triage.Malware, Title: "miner", Severity: advisory.High, Disposition: triage.Rebuild, Path: path,
		Liveness: inventory.Visible, Evidence: &triage.Evidence{Rule: "miner", Confidence: secret.Likely, Detail: "wallet"},
	}
}

func altered(path, owner string) triage.Finding {
	return triage.Finding{
		ID: triage.Fingerprint("altered", path, owner), Kind: triage.Provenance, Title: "altered", Severity: advisory.High, Disposition: triage.Rebuild, Path: path,
		Liveness: inventory.Visible, Evidence: &triage.Evidence{Rule: "altered-executable", Confidence: secret.Certain},
	}
}

func TestContentGoesComesAndStaysForACause(t *testing.T) {
	base, secretLayer, cleanup := layer("f etc/os-release 5"), layer("f app/.env 7"), layer("w app/.env")
	lines := []string{"ADD rootfs", "COPY . /app", "RUN rm"}
	hidden := secretIn("app/.env", "v", hiddenIn(1, secretLayer, lines[1]))
	held := img{layers: []*evidence.Layer{base, secretLayer}, findings: []triage.Finding{secretIn("app/.env", "v")}, lines: lines, base: 1}
	hid := img{layers: []*evidence.Layer{base, secretLayer, cleanup}, findings: []triage.Finding{hidden}, lines: lines, base: 1}
	on := func(layers ...*evidence.Layer) img { return img{layers: layers, lines: lines, base: 1} }
	holds := func(i img, f ...triage.Finding) img { i.findings = f; return i }
	exes := func(i img, e ...account.Entry) img { i.exes = e; return i }
	env := func(i img, e ...string) img { i.env = e; return i }
	for name, c := range map[string]struct {
		before, after img
		want          string
	}{
		"a file that is gone":             {held, on(base), "cleared file-removed: /app/.env is gone (1)"},
		"a file without it":               {held, on(base, layer("f app/.env 3")), "cleared file-changed: /app/.env has other content (1)"},
		"a file that is the same":         {held, on(base, layer("f app/.env 7", "f x 1")), "unproven unknown: cause unknown (1)"},
		"the same value elsewhere":        {held, holds(on(base, layer("f etc/env 7")), secretIn("etc/env", "v")), "kept file-moved: the same value in another place: /app/.env → /etc/env (1)"},
		"another value in the same place": {held, holds(on(base, layer("f app/.env 8")), secretIn("app/.env", "w")), "kept value-changed: another secret in the same place: /app/.env (1)"},
		"as before":                       {held, held, "kept unchanged: /app/.env: as before (1)"},
		"only hidden":                     {held, hid, "kept hidden: /app/.env: a later layer hides it, and every pull still carries it (1)"},
		"come to light":                   {hid, held, "kept exposed: /app/.env: hidden before, in the final image now (1)"},
		"a layer that ships no more":      {hid, img{layers: []*evidence.Layer{base}, base: 1}, "cleared layer-removed: the layer that held /app/.env no longer ships (1)"},
		"a layer built anew":              {hid, on(base, layer("f app/main 7")), "cleared layer-rebuilt: the layer that held /app/.env was rebuilt without it (1)"},
		"a base without the layer":        {func() img { i := hid; i.base = 2; return i }(), on(base), "cleared base-changed: the base is another, without the layer that held /app/.env (1)"},
		"a layer that is the same":        {hid, on(base, secretLayer), "unproven unknown: cause unknown (1)"},
		"a variable that is gone": {
			env(holds(on(base), secretIn("config.Env.TOKEN", "v")), "TOKEN=v"), on(base), "cleared setting-removed: Env TOKEN is no longer set (1)",
		},
		"a variable without it": {
			env(holds(on(base), secretIn("config.Env.TOKEN", "v")), "TOKEN=v"), env(on(base), "TOKEN="), "cleared setting-changed: Env TOKEN has another value (1)",
		},
		"a history line without it": {holds(on(base), secretIn("history.3", "v")), on(base), "cleared history-changed: the history is another (1)"},
		"a new file":                {on(base), holds(on(base, secretLayer), secretIn("app/.env", "v")), "added file-added: /app/.env is new (1)"},
		"a file that has it now": {
			on(base, layer("f app/.env 1")), holds(on(base, secretLayer), secretIn("app/.env", "v")), "added file-changed: /app/.env has other content (1)",
		},
		"a new layer that hides it": {on(base), hid, "added layer-added: a new layer holds /app/.env (1)"},
		"a new variable":            {on(base), holds(on(base), secretIn("config.Env.TOKEN", "v")), "added setting-added: Env TOKEN is newly set (1)"},
		"planted code in another file": {
			holds(on(base, layer("x a 1")), planted("a")), holds(on(base, layer("x b 1")), planted("b")), "kept file-moved: the same value in another place: /a → /b (1)",
		},
		"an executable that is its package's again": {
			exes(holds(on(base, layer("x usr/sbin/cron 2")), altered("usr/sbin/cron", "cron 1")), elf("usr/sbin/cron", "bb", "altered", "cron 1")),
			exes(on(base, layer("x usr/sbin/cron 1")), elf("usr/sbin/cron", "aa", "intact", "cron 1")),
			"cleared file-restored: /usr/sbin/cron is its package's own again (1)",
		},
		"an altered executable whose package was upgraded and that is altered again": {
			exes(holds(on(base, layer("x usr/sbin/cron 2")), altered("usr/sbin/cron", "cron 1")), elf("usr/sbin/cron", "bb", "altered", "cron 1")),
			exes(holds(on(base, layer("x usr/sbin/cron 3")), altered("usr/sbin/cron", "cron 2")), elf("usr/sbin/cron", "cc", "altered", "cron 2")),
			"kept file-changed: /usr/sbin/cron has other content (1)",
		},
		"an altered executable whose package's record is gone": {
			exes(holds(on(base, layer("x usr/sbin/cron 2")), altered("usr/sbin/cron", "cron 1")), elf("usr/sbin/cron", "bb", "altered", "cron 1")),
			exes(on(base, layer("x usr/sbin/cron 2")), elf("usr/sbin/cron", "bb", "unaccounted", "")),
			"kept record-gone: /usr/sbin/cron is still there as it was, and no package keeps a digest of it any more (1)",
		},
		"an altered executable in whose place nobody knows what stands": {
			exes(holds(on(base, layer("x usr/sbin/cron 2")), altered("usr/sbin/cron", "cron 1")), elf("usr/sbin/cron", "bb", "altered", "cron 1")),
			exes(on(base, layer("x usr/sbin/cron 3")), elf("usr/sbin/cron", "cc", "unaccounted", "")),
			"unproven not-covered: /usr/sbin/cron is another file now, and no package vouches for it (1)",
		},
	} {
		t.Run(name, func(t *testing.T) { check(t, prove(c.before, c.after), c.want) })
	}
}

func TestALostReleaseIsNoSupport(t *testing.T) {
	ended := triage.Finding{ID: "eol", Kind: triage.EndOfLife, Severity: advisory.High, Disposition: triage.Rebuild, Origin: inventory.LayerRef{Index: -1}}
	before := img{dist: "debian 9", packages: list(deb("ssl@1")), findings: []triage.Finding{ended}}
	check(t, prove(before, img{dist: "debian 12", packages: list(deb("ssl@1"))}), "cleared distribution-changed: debian 9 → debian 12 (1)")
	check(t, prove(before, img{packages: list(deb("ssl@1"))}), "unproven not-covered: no os-release file says any more which distribution it is (1)")
}

func TestWhatIsConcluded(t *testing.T) {
	p, q := deb("ssl@1"), deb("ssl@9")
	f1, f2, u1 := vuln(p, "CVE-1"), vuln(p, "CVE-2"), vuln(p, "CVE-3", unfixed)
	bad := with(list(p), f1, u1)
	tokenIn := func(i img) img {
		i.findings = append(slices.Clone(i.findings), secretIn("app/.env", "v"))
		i.layers = []*evidence.Layer{layer("f app/.env 7")}
		return i
	}
	but := func(i img, change func(*img)) img { change(&i); return i }
	for name, c := range map[string]struct {
		before, after img
		want          string
	}{
		"fewer":                         {bad, with(list(q)), "PROVEN BETTER: fixable HIGH/CRITICAL 1 → 0, unfixed HIGH/CRITICAL 1 → 0; 2 findings cleared, 0 kept, 0 added"},
		"fewer, and one came":           {with(list(p), f1, f2), with(list(q), vuln(q, "CVE-9")), "PROVEN BETTER: fixable HIGH/CRITICAL 2 → 1; 2 findings cleared, 0 kept, 1 added"},
		"fewer of the lesser":           {with(list(p), vuln(p, "CVE-1", low)), with(list(q)), "PROVEN BETTER: 1 finding cleared, 0 kept, 0 added"},
		"nothing cleared":               {bad, bad, "NO WORSE: 0 cleared, 2 kept, 0 added"},
		"more of the lesser":            {bad, with(list(p), f1, u1, vuln(p, "CVE-4", low)), "NO WORSE: 0 cleared, 2 kept, 1 added"},
		"more":                          {with(list(p), f1), with(list(p), f1, f2), "WORSE: fixable HIGH/CRITICAL 1 → 2; 0 cleared, 1 kept, 1 added"},
		"fixable ones for unfixed ones": {with(list(p), f1, f2), with(list(q), vuln(q, "CVE-7", unfixed)), "NOT BETTER: fixable HIGH/CRITICAL 2 → 0, unfixed HIGH/CRITICAL 0 → 1; 2 findings cleared, 0 kept, 1 added"},
		"a secret for vulnerabilities":  {bad, tokenIn(with(list(q))), "NOT BETTER: secrets 0 → 1, fixable HIGH/CRITICAL 1 → 0, unfixed HIGH/CRITICAL 1 → 0; 2 findings cleared, 0 kept, 1 added"},
		"gone without proof": {
			but(bad, func(i *img) { i.exes = []account.Entry{elf("usr/bin/ssl", "aa", "intact", "ssl 1")} }),
			but(with(list(deb("tar@1"))), func(i *img) { i.exes = []account.Entry{elf("usr/bin/ssl", "aa", "unaccounted", "")} }),
			"NO WORSE: 0 cleared, 2 gone without proof, 0 kept, 0 added",
		},
		"part of the first not seen": {
			but(bad, func(i *img) { i.incomplete = true }), with(list(q)),
			"INCOMPLETE: part of BEFORE could not be examined; fixable HIGH/CRITICAL 1 → 0, unfixed HIGH/CRITICAL 1 → 0; 2 findings cleared, 0 kept, 0 added",
		},
		"part of the second not seen": {
			bad, but(with(list(q)), func(i *img) { i.incomplete = true }),
			"INCOMPLETE: part of AFTER could not be examined; fixable HIGH/CRITICAL 1 → 0, unfixed HIGH/CRITICAL 1 → 0; 2 findings cleared, 0 kept, 0 added",
		},
		"part of the second not seen, and a secret came": {
			bad, but(tokenIn(bad), func(i *img) { i.incomplete = true }),
			"WORSE: secrets 0 → 1; 0 cleared, 2 kept, 1 added; and not all could be examined",
		},
		"part of the first not seen, and a secret came": {
			but(bad, func(i *img) { i.incomplete = true }), tokenIn(bad),
			"INCOMPLETE: part of BEFORE could not be examined; secrets 0 → 1; 0 cleared, 2 kept, 1 added",
		},
		"no database": {
			img{packages: list(p), noDatabase: true},
			img{packages: list(q), noDatabase: true},
			"INCOMPLETE: there is no vulnerability database, so that vulnerabilities were not compared; 0 cleared, 0 kept, 0 added",
		},
		"a database on one side": {
			bad,
			img{packages: list(q), dist: "debian 12", noDatabase: true},
			"INCOMPLETE: the two were not judged by the same databases; fixable HIGH/CRITICAL 1 → 0, unfixed HIGH/CRITICAL 1 → 0; 2 findings cleared, 0 kept, 0 added",
		},
		"no package": {
			bad,
			img{dist: "debian 12"},
			"INCOMPLETE: no package was recognised in AFTER, which says nothing about what it holds; fixable HIGH/CRITICAL 1 → 0, unfixed HIGH/CRITICAL 1 → 0; 2 findings cleared, 0 kept, 0 added",
		},
		"a distribution that nobody judges": {
			bad,
			img{dist: "other 1", packages: list(pkg("apk", "musl@1", "x")), gaps: map[string][]advisory.Gap{"trivy-db": {{Subject: "other 1", Packages: 1, Reason: advisory.DistributionNotCovered, Distribution: true}}}},
			"INCOMPLETE: no database judges the operating system's packages of AFTER (other 1: distribution not covered); fixable HIGH/CRITICAL 1 → 0, unfixed HIGH/CRITICAL 1 → 0; 2 findings cleared, 0 kept, 0 added",
		},
		"another platform": {
			but(bad, func(i *img) { i.platform = "linux/amd64" }), but(bad, func(i *img) { i.platform = "linux/arm64" }),
			"INCOMPLETE: BEFORE is for linux/amd64 and AFTER for linux/arm64; 0 cleared, 2 kept, 0 added",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := prove(c.before, c.after)
			if p.Conclusion.Text != c.want {
				t.Errorf("\ngot  %s\nwant %s\n%s", p.Conclusion.Text, c.want, strings.Join(told(p), "\n"))
			}
		})
	}
}

func TestASecretInSeveralPlacesIsOne(t *testing.T) {
	before := img{findings: []triage.Finding{secretIn("config.Env.TOKEN", "v"), secretIn("history.2", "v"), secretIn("app/.env", "w")}}
	if n := prove(before, before).Counts.Before.Secrets; n != 2 {
		t.Errorf("%d secrets", n)
	}
}
