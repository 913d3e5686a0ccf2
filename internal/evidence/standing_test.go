package evidence_test

import (
	"fmt"
	"testing"
	"time"

	"plimsoll/internal/evidence"
)

// TestManyLayersOfWhiteoutsStayCheap holds the merge to time in proportion to
// what the layers list: an image of very many layers that each remove something
// beside very many packages is small to send and must be small to judge.
func TestManyLayersOfWhiteoutsStayCheap(t *testing.T) {
	const packages, layers = 20_000, 3_000
	base := layer()
	for i := range packages {
		path := fmt.Sprintf("app/node_modules/p%05d/package.json", i)
		base.Files.Append(path, evidence.Regular, 0o644, 1, "")
		with(base, path, fmt.Sprintf("npm/p%05d@1", i))
	}
	all := []*evidence.Layer{base}
	for i := range layers {
		all = append(all, layer(fmt.Sprintf("w app/node_modules/p%05d", i)))
	}
	start := time.Now()
	m := merge(all...)
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("the merge took %s", took)
	}
	if got, want := len(m.Inventory.Packages), packages-layers; got != want {
		t.Errorf("%d packages, want %d", got, want)
	}
}

// TestManyLostPackagesStayCheap is the same for packages that lower layers record.
func TestManyLostPackagesStayCheap(t *testing.T) {
	const packages = 20_000
	base, next := layer(), layer()
	for i := range packages {
		dir := fmt.Sprintf("app/node_modules/p%05d", i)
		base.Files.Append(dir+"/index.js", evidence.Regular, 0o644, 1, "")
		base.Files.Append(dir+"/package.json", evidence.Regular, 0o644, 1, "")
		with(base, dir+"/package.json", fmt.Sprintf("npm/p%05d@1", i))
		next.Files.Append(dir+"/package.json", evidence.Whiteout, 0, 0, "")
		// The same names again elsewhere.
		other := fmt.Sprintf("srv/node_modules/p%05d/package.json", i)
		next.Files.Append(other, evidence.Regular, 0o644, 1, "")
		with(next, other, fmt.Sprintf("npm/p%05d@2", i))
	}
	start := time.Now()
	m := merge(base, next)
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("the merge took %s", took)
	}
	if got, want := len(m.Inventory.Packages), 2*packages; got != want {
		t.Errorf("%d packages, want %d", got, want)
	}
}

func TestANestedPackageIsNoProofOfTheOneAround(t *testing.T) {
	base := with(layer("f app/node_modules/a/package.json", "f app/node_modules/a/index.js", "f app/node_modules/a/node_modules/b/package.json", "f app/node_modules/a/node_modules/b/index.js"),
		"app/node_modules/a/package.json", "npm/a@1")
	with(base, "app/node_modules/a/node_modules/b/package.json", "npm/b@1")
	expect(t, merge(base, layer("w app/node_modules/a/package.json", "w app/node_modules/a/index.js")), "npm/b@1 visible 0")
}

func TestWhiteoutsActOnLowerLayersOnly(t *testing.T) {
	const path = "app/node_modules/a/package.json"
	base := func() *evidence.Layer { return with(layer("f "+path), path, "npm/a@1") }
	again := func(files ...string) *evidence.Layer { return with(layer(files...), path, "npm/a@2") }
	expect(t, merge(base(), again("f "+path, "w app/node_modules")), "npm/a@2 visible 1")
	expect(t, merge(base(), again("f "+path, "o app/node_modules")), "npm/a@2 visible 1")
	expect(t, merge(base(), layer("w app"), again("f "+path)), "npm/a@2 visible 2")
	expect(t, merge(base(), again("f "+path), layer("o app")))
	expect(t, merge(base(), layer("f app"), layer("d app")))
	expect(t, merge(base(), layer("o app/node_modules/a/package.json")), "npm/a@1 visible 0")
}
