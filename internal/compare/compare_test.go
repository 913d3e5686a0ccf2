package compare_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory/version"
	"plimsoll/internal/compare"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
)

// layer lists "f path sum", "w path", "d path" and "l path target".
func layer(id string, entries ...string) *evidence.Layer {
	l := &evidence.Layer{DiffID: id, Size: 100}
	for _, e := range entries {
		parts := append(strings.Fields(e), "")
		mode := fs.FileMode(0o644)
		if path, ok := strings.CutSuffix(parts[1], "*"); ok {
			parts[1], mode = path, 0o755|fs.ModeSetuid
		}
		l.Files.Append(parts[1], evidence.EntryType(e[0]), mode, int64(len(parts[2])), parts[2])
		if e[0] == 'f' {
			sum := uint32(7)
			for _, c := range parts[2] {
				sum = sum*31 + uint32(c)
			}
			l.Files.SetSum(sum)
		}
	}
	return l
}

func side(layers ...*evidence.Layer) *compare.Side {
	return &compare.Side{
		Config: &v1.ConfigFile{}, Layers: layers, Stored: make([]int64, len(layers)), Account: &account.Account{},
		Mask: func(_, text string) string { return strings.ReplaceAll(text, "hunter2", "[7 redacted]") },
	}
}

func of(before, after *compare.Side, all bool) *compare.Difference {
	return compare.Of(before, after, compare.Options{Order: version.Order, Files: all})
}

func TestTheSameImageDoesNotDiffer(t *testing.T) {
	if d := of(side(layer("a", "f x 1")), side(layer("a", "f x 1")), false); !d.Same || !d.Complete {
		t.Errorf("%+v", d)
	}
	// The layers' bytes may hold what is not compared.
	if d := of(side(layer("a", "f x 1")), side(layer("b", "f x 1")), false); d.Same || len(d.Layers.Before) != 1 || d.Files.Same.Files != 1 {
		t.Errorf("%+v", d)
	}
	// The order of layers decides what is seen.
	if d := of(side(layer("a"), layer("b")), side(layer("b"), layer("a")), false); d.Same {
		t.Error("layers in another order are the same")
	}
}

func TestSharedLayersCountOnce(t *testing.T) {
	d := of(side(layer("a"), layer("b"), layer("b"), layer("c")), side(layer("a"), layer("b"), layer("d")), false)
	if d.Layers.Shared != 2 || d.Layers.Bytes != 200 || len(d.Layers.Before) != 2 || d.Layers.Before[0].Index != 2 || len(d.Layers.After) != 1 {
		t.Errorf("%+v", d.Layers)
	}
}

func TestFilesAreComparedAsTheFinalImagesShowThem(t *testing.T) {
	before := side(layer("a", "d d", "f d/content one", "f d/mode same", "f d/type x", "l d/link here", "f d/gone 12345", "f d/same s"))
	after := side(layer("b", "d d", "f d/content two", "f d/mode* same", "l d/type x", "l d/link there", "f d/same s", "f tmp/x y"), layer("c", "w tmp", "f d/new n"))
	d := of(before, after, true)
	var got []string
	for _, f := range d.Files.Listed {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Change, f.Path, strings.Join(f.What, ","))))
	}
	want := []string{"changed d/content content", "removed d/gone", "changed d/link link", "changed d/mode mode", "added d/new", "changed d/type type"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	f := d.Files
	if f.Added.Files != 1 || f.Removed != (compare.Tally{Files: 1, Bytes: 5}) || f.Changed.Files != 4 || f.Content != 1 || f.Mode != 1 || f.Type != 1 || f.Link != 1 || f.Same.Files != 1 || f.LeftOut != 0 {
		t.Errorf("%+v", f)
	}
}

func TestWithoutFilesTheLargestAreListed(t *testing.T) {
	var entries []string
	for i := range 50 {
		entries = append(entries, fmt.Sprintf("f f%02d %s", i, strings.Repeat("x", i+1)))
	}
	d := of(side(), side(layer("a", entries...)), false)
	if len(d.Files.Listed) != compare.FewFiles || d.Files.LeftOut != 40 || d.Files.Listed[0].Path != "f40" {
		t.Errorf("%d listed, %d left out, first %+v", len(d.Files.Listed), d.Files.LeftOut, d.Files.Listed[0])
	}
	if all := of(side(), side(layer("a", entries...)), true); len(all.Files.Listed) != 50 {
		t.Errorf("%d listed of all", len(all.Files.Listed))
	}
}

func TestSettingsAreComparedAndSecretsMasked(t *testing.T) {
	before, after := side(), side()
	before.Config.Config = v1.Config{
		Env: []string{"PATH=/bin", "PASSWORD=hunter2a", "GONE="}, Cmd: []string{"sh", "-c", "a && b"}, User: "root",
		ExposedPorts: map[string]struct{}{"80/tcp": {}},
	}
	after.Config.Config = v1.Config{
		Env: []string{"PATH=/bin", "PASSWORD=hunter2b", "NEW=1"}, Cmd: []string{"sh", "-c", "a && c"}, Entrypoint: []string{"x", "hunter2"},
		Healthcheck: &v1.HealthConfig{Test: []string{"CMD", "curl", "hunter2"}, Interval: time.Minute, Retries: 3},
		Labels:      map[string]string{"k": "hunter2"}, StopSignal: "SIGINT", Volumes: map[string]struct{}{"/data": {}},
	}
	d := of(before, after, false)
	want := []compare.Setting{
		{Name: "User", Change: compare.Removed, Before: "root"},
		{Name: "Env.GONE", Change: compare.Removed, Before: "="},
		{Name: "Env.NEW", Change: compare.Added, After: "=1"},
		{Name: "Env.PASSWORD", Change: compare.Changed, Before: "=[7 redacted]a", After: "=[7 redacted]b", Masked: true},
		{Name: "Entrypoint", Change: compare.Added, After: `["x","[7 redacted]"]`, Masked: true},
		{Name: "Cmd", Change: compare.Changed, Before: `["sh","-c","a && b"]`, After: `["sh","-c","a && c"]`},
		{Name: "ExposedPorts.80/tcp", Change: compare.Removed, Before: "="},
		{Name: "Volumes./data", Change: compare.Added, After: "="},
		{Name: "StopSignal", Change: compare.Added, After: "SIGINT"},
		{Name: "Healthcheck", Change: compare.Added, After: `["CMD","curl","[7 redacted]"] --interval=1m0s --retries=3`, Masked: true},
		{Name: "Labels.k", Change: compare.Added, After: "=[7 redacted]", Masked: true},
	}
	for i := range want {
		want[i].Before, want[i].After = strings.TrimPrefix(want[i].Before, "="), strings.TrimPrefix(want[i].After, "=")
	}
	if diff := cmp.Diff(want, d.Configuration); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHistoryLinesAreComparedInOrder(t *testing.T) {
	of := func(lines ...string) (refs []inventory.LayerRef) {
		for i, l := range lines {
			refs = append(refs, inventory.LayerRef{Index: i, CreatedBy: l})
		}
		return refs
	}
	for name, c := range map[string]struct {
		before, after []inventory.LayerRef
		want          []string
	}{
		"the same":          {of("a", "b"), of("a", "b"), nil},
		"one in the middle": {of("a", "b", "d"), of("a", "b", "c", "d"), []string{"added c"}},
		"one is another":    {of("a", "b", "c"), of("a", "x", "c"), []string{"removed b", "added x"}},
		"moved":             {of("a", "b", "c"), of("b", "c", "a"), []string{"removed a", "added a"}},
		"none before":       {nil, of("a"), []string{"added a"}},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := side(), side()
			before.History, after.History = c.before, c.after
			var got []string
			for _, l := range compare.Of(before, after, compare.Options{Order: version.Order}).History {
				got = append(got, string(l.Change)+" "+l.CreatedBy)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	long := make([]string, 5000)
	for i := range long {
		long[i] = fmt.Sprint("x", i)
	}
	before, after := side(), side()
	before.History, after.History = of(append(long, "b")...), of(append([]string{"q"}, long...)...)
	if n := len(compare.Of(before, after, compare.Options{Order: version.Order}).History); n != 10002 {
		t.Errorf("%d lines of histories that are too long to be laid side by side", n)
	}
}

func TestPackagesOfTwoImages(t *testing.T) {
	p := func(typ, name, version, path string) inventory.Package {
		return inventory.Package{Type: typ, Name: name, Version: version, Path: path, Liveness: inventory.Visible}
	}
	const status = "var/lib/dpkg/status"
	before, after := side(), side()
	before.Packages = []inventory.Package{
		p("deb", "curl", "1", status), p("deb", "vim", "2", status), p("deb", "same", "1", status), p("deb", "ghost", "1", status),
		p("npm", "lib", "1.0.0", "a/node_modules/lib/package.json"), p("npm", "lib", "1.0.0", "b/node_modules/lib/package.json"), p("npm", "gone", "1.0.0", "x/package.json"),
	}
	ghost := p("deb", "ghost", "1", status)
	ghost.Liveness = inventory.Ghost
	other := p("deb", "curl", "2", status)
	after.Packages = []inventory.Package{
		other, p("deb", "vim", "1", status), p("deb", "same", "1", "var/lib/dpkg/status.d/same"), ghost,
		p("npm", "lib", "1.0.0", "a/node_modules/lib/package.json"), p("npm", "lib", "1.0.0", "c/node_modules/lib/package.json"), p("pypi", "new", "1", "y"),
	}
	var got []string
	for _, c := range of(before, after, false).Packages {
		got = append(got, fmt.Sprintf("%s %s %s→%s", c.Change, c.Name, c.Before, c.After))
	}
	want := []string{"upgraded curl 1→2", "unrecorded ghost 1→", "downgraded vim 2→1", "removed gone 1.0.0→", "moved lib 1.0.0→1.0.0", "added new →1"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestFindingsAreTheSameAcrossRebuilds(t *testing.T) {
	vulnerability := func(id, pkg, version string) triage.Finding {
		return triage.Finding{ID: id + pkg + version, Kind: triage.Vulnerability, Vulnerability: id, PackageID: "pkg:deb/debian/" + pkg + "@" + version, Package: pkg, Version: version}
	}
	before, after := side(), side()
	before.Findings = []triage.Finding{vulnerability("CVE-1", "curl", "1"), vulnerability("CVE-2", "curl", "1"), {ID: "s", Kind: triage.Secret}}
	after.Findings = []triage.Finding{vulnerability("CVE-2", "curl", "2"), vulnerability("CVE-3", "curl", "2"), vulnerability("CVE-3", "curl", "3")}
	f := of(before, after, false).Findings
	if len(f.Added) != 1 || f.Added[0].Vulnerability != "CVE-3" || len(f.Removed) != 2 || f.Kept != 1 || f.Vulnerabilities {
		t.Errorf("%+v", f)
	}
}
