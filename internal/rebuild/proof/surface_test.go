package proof_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"plimsoll/internal/evidence"
	"plimsoll/internal/rebuild/proof"
)

func paths(tools []proof.Tool) []string {
	var out []string
	for _, t := range tools {
		text := string(t.Kind) + " " + t.Path
		if t.LinkTo != "" {
			text += " → " + t.LinkTo
		}
		out = append(out, text)
	}
	return out
}

func TestShellsAndPackageManagersAreThoseThatCanStart(t *testing.T) {
	before := img{layers: []*evidence.Layer{
		layer(
			"x usr/bin/dash 9", "l usr/bin/sh dash", "l bin usr/bin", "x usr/bin/apt 9", "f usr/bin/dpkg 9", "x etc/cron.daily/dpkg 9",
			"x usr/share/bash-completion/completions/npm 9", "l usr/local/bin/npm ../lib/node_modules/npm/bin/npm-cli.js",
			"x usr/local/lib/node_modules/npm/bin/npm-cli.js 9", "x usr/local/bin/pip3.11 9", "l usr/bin/yarn /nowhere",
			"l usr/bin/ksh /etc/alternatives/ksh", "l etc/alternatives/ksh /bin/ksh93", "x usr/bin/ksh93 9", "l usr/bin/zsh zsh",
		),
		layer("w usr/bin/apt", "x busybox/busybox 9", "l busybox/sh busybox", "x sh 9"),
	}}
	got := paths(prove(img{}, before).Surface.Tools.Added)
	want := []string{
		"shell busybox/busybox", "shell usr/bin/ksh → usr/bin/ksh93", "shell usr/bin/ksh93",
		"shell busybox/sh → busybox/busybox", "shell sh", "shell usr/bin/sh → usr/bin/dash",
	}
	want = append(want, "language-package-manager usr/local/bin/npm → usr/local/lib/node_modules/npm/bin/npm-cli.js", "language-package-manager usr/local/bin/pip3.11")
	// dash is listed by its own name as well.
	want = slices.Insert(want, 1, "shell usr/bin/dash")
	if !slices.Equal(got, want) {
		t.Errorf("\ngot  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func TestLinksThatLeadInACircleStartNothing(t *testing.T) {
	i := img{layers: []*evidence.Layer{layer("l bin/sh bash", "l bin/bash sh")}}
	if got := paths(prove(i, i).Surface.Tools.Kept); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestSetuidFilesAreCountedInTheFinalImage(t *testing.T) {
	before := img{layers: []*evidence.Layer{layer("s usr/bin/su 9", "s usr/bin/mount 9", "x usr/bin/ls 9", "s usr/bin/gone 9"), layer("w usr/bin/gone")}}
	after := img{layers: []*evidence.Layer{layer("s usr/bin/su 9", "x usr/bin/mount 9", "s usr/bin/ls 9")}}
	p := prove(before, after).Surface.Privileged
	got := fmt.Sprint(p.Before, p.After, p.Removed, p.Added, p.Kept)
	if want := "2 2 [{usr/bin/mount -rwsr-xr-x}] [{usr/bin/ls -rwsr-xr-x}] [{usr/bin/su -rwsr-xr-x}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestApplicationLayersAreHeldAgainstOneAnotherByDiffID(t *testing.T) {
	base1, base2, app, run, rebuiltRun := layer("f a 1"), layer("f a 2"), layer("f app 1"), layer("f run 1"), layer("f run 2")
	lines := []string{"ADD rootfs", "COPY . /app", "RUN make"}
	of := func(layers ...*evidence.Layer) img { return img{layers: layers, lines: lines, base: 1} }
	for name, c := range map[string]struct {
		before, after img
		want          string
	}{
		"the same on another base": {of(base1, app, run), of(base2, app, run), "base changed true; identical true, shared 2, rebuilt 0, removed 0, added 0"},
		"one made anew":            {of(base1, app, run), of(base1, app, rebuiltRun), "base changed false; identical false, shared 1, rebuilt 1, removed 0, added 0"},
		"one gone":                 {of(base1, app, run), of(base1, app), "base changed false; identical false, shared 1, rebuilt 0, removed 1, added 0"},
		"one twice":                {of(base1, app), img{layers: []*evidence.Layer{base1, app, app}, base: 1}, "base changed false; identical false, shared 1, rebuilt 0, removed 0, added 1"},
		"none":                     {of(base1), of(base2), "base changed true; identical false, shared 0, rebuilt 0, removed 0, added 0"},
	} {
		t.Run(name, func(t *testing.T) {
			p := prove(c.before, c.after)
			a := p.Application
			got := fmt.Sprintf("base changed %v; identical %v, shared %d, rebuilt %d, removed %d, added %d", p.Base.Changed, a.Identical, a.Shared, a.Rebuilt, len(a.Removed), len(a.Added))
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// The chain ID of two layers is, by OCI image-spec (config.md), the digest of the
// first diff ID, a space and the second: here by sha256sum.
func TestABaseIsNamedByItsChainID(t *testing.T) {
	one, two := layer(), layer()
	one.DiffID = "sha256:" + strings.Repeat("a", 64)
	two.DiffID = "sha256:" + strings.Repeat("b", 64)
	i := img{layers: []*evidence.Layer{one, two}, base: 2}
	if got, want := prove(i, i).Base.After.ChainID, "sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	i.base = 1
	if got := prove(i, i).Base.After.ChainID; got != one.DiffID {
		t.Errorf("of one layer %s", got)
	}
}
