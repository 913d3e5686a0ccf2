package account_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/account"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
	"plimsoll/internal/scan"
)

// installedHere lists some of the executables that dpkg installed on this machine
// and whose digests still match, with all that dpkg recorded of their packages.
func installedHere(t *testing.T, random *rand.Rand, most int) (files []file, records []file) {
	t.Helper()
	status, err := os.ReadFile("/var/lib/dpkg/status")
	if err != nil {
		t.Skip("SKIPPED: this machine has no dpkg, so that no real system's records are held against their files")
	}
	const largest = 4 << 20
	sums, _ := filepath.Glob("/var/lib/dpkg/info/*.md5sums")
	random.Shuffle(len(sums), func(i, j int) { sums[i], sums[j] = sums[j], sums[i] })
	taken := map[string]bool{}
	for _, list := range sums {
		content, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(content)), "\n")
		random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		before := len(files)
		for _, line := range lines {
			sum, name, _ := strings.Cut(line, "  ")
			if !strings.HasPrefix(name, "usr/bin/") && !strings.HasPrefix(name, "usr/lib/") && !strings.HasPrefix(name, "bin/") && !strings.HasPrefix(name, "lib/") && !strings.HasPrefix(name, "sbin/") {
				continue
			}
			real, err := filepath.EvalSymlinks("/" + name)
			if err != nil || taken[real] {
				continue
			}
			info, err := os.Lstat(real)
			if err != nil || !info.Mode().IsRegular() || info.Size() > largest || info.Size() == 0 {
				continue
			}
			b, err := os.ReadFile(real)
			// What this machine's owner changed is no claim of dpkg's.
			if err != nil || fmt.Sprintf("%x", md5.Sum(b)) != sum || filepath.Dir(real) != mustResolve(filepath.Dir("/"+name)) {
				continue
			}
			if !bytes.HasPrefix(b, []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03")) && (info.Mode()&0o111 == 0 || !bytes.HasPrefix(b, []byte("#!"))) {
				continue
			}
			taken[real] = true
			files = append(files, file{path: real[1:], content: string(b), mode: int64(info.Mode().Perm())})
			// Some of each of many packages, rather than all of a few.
			if len(files)-before >= 4 || len(files) >= most {
				break
			}
		}
		if len(files) > before {
			records = append(records, text(list[1:], string(content)))
			listing := strings.TrimSuffix(list, ".md5sums") + ".list"
			if content, err := os.ReadFile(listing); err == nil {
				records = append(records, text(listing[1:], string(content)))
			}
		}
		if len(files) >= most {
			break
		}
	}
	for _, top := range []string{"bin", "sbin", "lib", "lib32", "lib64", "libx32"} {
		if target, err := os.Readlink("/" + top); err == nil {
			records = append(records, link(top, target))
		}
	}
	if diversions, err := os.ReadFile("/var/lib/dpkg/diversions"); err == nil {
		records = append(records, text("var/lib/dpkg/diversions", string(diversions)))
	}
	return files, append(records, text("var/lib/dpkg/status", string(status)))
}

func mustResolve(dir string) string {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return dir
	}
	return real
}

// TestOnARealSystemEachPlantedByteIsFoundAndNothingElse takes executables and
// records from the machine that runs it: all are intact, and one byte changed in
// any of them, in the layer that installed it or in a later one, makes exactly
// that one altered.
func TestOnARealSystemEachPlantedByteIsFoundAndNothingElse(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	most := 300
	if testing.Short() {
		most = 30
	}
	files, records := installedHere(t, random, most)
	if len(files) < 20 {
		t.Skipf("SKIPPED: only %d executables of this machine match dpkg's records", len(files))
	}
	in := examined(t, step(rootFS, slices.Concat(records, files)...))
	whole, _ := account.Of(in)
	for _, e := range whole.Entries {
		if e.Status != account.Intact && e.Status != account.Generated {
			t.Errorf("%s is %s of %q: %s", e.Path, e.Status, e.Owner, e.Reason)
		}
	}
	if n := whole.ByStatus[account.Intact]; n != len(files) {
		t.Errorf("%d of %d are intact", n, len(files))
	}
	planted := func(f file) file {
		b := []byte(f.content)
		b[random.IntN(len(b))] ^= byte(1 + random.IntN(255))
		f.content = string(b)
		return f
	}
	check := func(a *account.Account, f file) {
		t.Helper()
		if a.ByStatus[account.Altered] != 1 || entry(t, a, f.path).Status != account.Altered {
			old, new := []byte(files[slices.IndexFunc(files, func(x file) bool { return x.path == f.path })].content), []byte(f.content)
			at := 0
			for old[at] == new[at] {
				at++
			}
			t.Errorf("%s, byte %d changed from %s to %s: %s", f.path, at, hex.EncodeToString(old[at:at+1]), hex.EncodeToString(new[at:at+1]), a.Line())
		}
	}
	look, err := scan.Content(scan.Rules{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := inspect.New(scan.Inspectors(look), inspect.DefaultLimits())
	for _, f := range files {
		f = planted(f)
		l, err := p.Layer(t.Context(), bytes.NewReader(packed(t, []file{f})), inspect.Blob{})
		if err != nil {
			t.Fatal(err)
		}
		later := in
		later.Layers = append(slices.Clone(in.Layers), l)
		later.Refs = append(slices.Clone(in.Refs), inventory.LayerRef{Index: 1, CreatedBy: build})
		a, _ := account.Of(later)
		check(a, f)
	}
	for range 3 {
		n := random.IntN(len(files))
		changed := slices.Clone(files)
		changed[n] = planted(changed[n])
		check(of(t, step(rootFS, slices.Concat(records, changed)...)), changed[n])
	}
}
