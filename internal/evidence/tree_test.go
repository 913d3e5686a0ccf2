package evidence_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"plimsoll/internal/evidence"
)

// listed builds a layer's list of "f path content", "d path", "w path",
// "o path", "l path target" and "h path target"; a mode may follow a colon.
func listed(entries ...string) *evidence.Layer {
	l := &evidence.Layer{}
	for _, e := range entries {
		path, content, _ := strings.Cut(e[2:], " ")
		path, octal, _ := strings.Cut(path, ":")
		mode := fs.FileMode(0o644)
		if octal == "suid" {
			mode |= fs.ModeSetuid
		}
		l.Files.Append(path, evidence.EntryType(e[0]), mode, int64(len(content)), content)
		if e[0] == 'f' {
			sum := uint32(0)
			for _, c := range content {
				sum = sum*31 + uint32(c)
			}
			l.Files.SetSum(sum)
		}
	}
	return l
}

var changeNames = []string{"added", "changed", "rewritten", "removed"}

// told applies layers and returns what each did, sorted.
func told(t *testing.T, layers ...*evidence.Layer) (*evidence.Tree, [][]string) {
	t.Helper()
	tree := evidence.NewTree(layers)
	var all [][]string
	for i, l := range layers {
		did := []string{}
		if err := tree.Apply(&l.Files, i, func(c evidence.FileChange) {
			s := changeNames[c.Kind] + " " + tree.Path(c.Node)
			if c.Kind != evidence.Added {
				s += fmt.Sprintf(" of %d", c.Before.Layer)
			}
			did = append(did, s)
		}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(did)
		all = append(all, did)
	}
	return tree, all
}

func TestATreeTellsWhatEachLayerDid(t *testing.T) {
	for name, c := range map[string]struct {
		layers []*evidence.Layer
		want   [][]string
	}{
		"added, then deleted": {
			[]*evidence.Layer{listed("f a x"), listed("w a")},
			[][]string{{"added a"}, {"removed a of 0"}},
		},
		"overwritten, and written again as it was": {
			[]*evidence.Layer{listed("f a x", "f b y"), listed("f a z", "f b y")},
			[][]string{{"added a", "added b"}, {"changed a of 0", "rewritten b of 0"}},
		},
		"the mode counts": {
			[]*evidence.Layer{listed("f a x"), listed("f a:suid x")},
			[][]string{{"added a"}, {"changed a of 0"}},
		},
		"a folder goes with what is below": {
			[]*evidence.Layer{listed("d d", "f d/a x", "f d/e/b y"), listed("f d/c z"), listed("w d")},
			[][]string{{"added d", "added d/a", "added d/e/b"}, {"added d/c"}, {"removed d of 0", "removed d/a of 0", "removed d/c of 1", "removed d/e/b of 0"}},
		},
		"an opaque folder keeps what its own layer writes, in whatever order": {
			[]*evidence.Layer{listed("d d", "f d/a x", "f d/b y"), listed("f d/a x", "o d", "f d/c z")},
			[][]string{{"added d", "added d/a", "added d/b"}, {"added d/c", "removed d/b of 0", "rewritten d/a of 0"}},
		},
		"a folder that is taken away and made anew": {
			[]*evidence.Layer{listed("d d", "f d/a x"), listed("w d", "f d/b y")},
			[][]string{{"added d", "added d/a"}, {"added d/b", "removed d/a of 0"}},
		},
		"a file in the place of a folder": {
			[]*evidence.Layer{listed("d d", "f d/a x"), listed("f d y"), listed("d d", "f d/a x")},
			[][]string{{"added d", "added d/a"}, {"changed d of 0", "removed d/a of 0"}, {"added d/a", "changed d of 1"}},
		},
		"a folder that no entry names in the place of a file": {
			[]*evidence.Layer{listed("f d x"), listed("w d", "f d/a y")},
			[][]string{{"added d"}, {"added d/a", "removed d of 0"}},
		},
		"a path that comes twice counts once": {
			[]*evidence.Layer{listed("f a x"), listed("f a y", "f a z", "f b 1", "f b 2")},
			[][]string{{"added a"}, {"added b", "changed a of 0"}},
		},
		"links": {
			[]*evidence.Layer{listed("f a x", "h b a", "l c a"), listed("f b x", "h a b", "l c b")},
			[][]string{{"added a", "added b", "added c"}, {"changed c of 0", "rewritten a of 0", "rewritten b of 0"}},
		},
		"emptied, filled and emptied again": {
			[]*evidence.Layer{listed("f d/a x"), listed("o d"), listed("o d"), listed("f d/a x"), listed("o d"), listed("o ")},
			[][]string{{"added d/a"}, {"removed d/a of 0"}, {}, {"added d/a"}, {"removed d/a of 3"}, {}},
		},
		"whiteouts of what is not there": {
			[]*evidence.Layer{listed("w a", "o b", "f c x"), listed("w c", "w c/d")},
			[][]string{{"added c"}, {"removed c of 0"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := told(t, c.layers...)
			if d := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestTwoTreesAreHeldAgainstOneAnother(t *testing.T) {
	before, _ := told(t, listed("d d", "f d/a x", "f d/same s", "f gone/b y", "l l one", "f m 1"))
	after, _ := told(t, listed("f other/z q", "d d", "f d/new n"), listed("f d/a xx", "f d/same s", "l l two", "f m:suid 1"))
	var got []string
	after.Against(before, func(c evidence.FileChange) {
		in := after
		if c.Kind == evidence.Removed {
			in = before
		}
		got = append(got, changeNames[c.Kind]+" "+in.Path(c.Node))
	})
	slices.Sort(got)
	want := []string{"added d/new", "added other/z", "changed d/a", "changed l", "changed m", "removed gone/b", "rewritten d", "rewritten d/same"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestATreeAgreesWithASimpleModel holds random layers against maps.
func TestATreeAgreesWithASimpleModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var layers []*evidence.Layer
		model := map[string]int{} // path of a file -> layer
		for n := range 5 {
			var entries []string
			seen := map[string]int{}
			for range 1 + r.IntN(8) {
				path := []string{"a", "b", "a/a", "a/b", "b/a/c", "a/a/x", "a/a/y"}[r.IntN(7)]
				// No layer holds a file and something below it, or below a lower one's.
				if within(seen, path) || below(model, path) {
					continue
				}
				seen[path] = n
				entries = append(entries, []string{"f ", "w ", "o "}[r.IntN(3)]+path+" x")
			}
			layers = append(layers, listed(entries...))
			for _, e := range entries {
				path := strings.Fields(e)[1]
				for p := range model {
					if strings.HasPrefix(p, path+"/") || p == path && e[0] == 'w' {
						delete(model, p)
					}
				}
			}
			for _, e := range entries {
				if e[0] == 'f' {
					model[strings.Fields(e)[1]] = n
				}
			}
		}
		tree, _ := told(t, layers...)
		got := map[string]int{}
		for n, c := range tree.Files() {
			got[tree.Path(n)] = c.Layer
		}
		if d := cmp.Diff(model, got); d != "" {
			t.Fatalf("(-want +got):\n%s", d)
		}
	}
}

// within reports whether one of the paths is the same, above or below.
func within(paths map[string]int, path string) bool {
	for p := range paths {
		if strings.HasPrefix(p+"/", path+"/") || strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	return false
}

// below reports whether a path lies below one of the paths.
func below(paths map[string]int, path string) bool {
	for p := range paths {
		if strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	return false
}

func TestThreeMillionFilesFitInATree(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a few seconds")
	}
	const files = 3_000_000
	l := &evidence.Layer{}
	for i := range files {
		l.Files.Append(fmt.Sprintf("srv/app/node_modules/package-%05d/lib/module-%02d.js", i/100, i%100), evidence.Regular, 0o644, int64(i), "")
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tree := evidence.NewTree([]*evidence.Layer{l})
	n := 0
	if err := tree.Apply(&l.Files, 0, func(evidence.FileChange) { n++ }); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := float64(after.HeapAlloc-before.HeapAlloc) / files
	t.Logf("%.0f bytes a file", each)
	if n != files || each > 100 {
		t.Errorf("%d files, %.0f bytes each", n, each)
	}
	runtime.KeepAlive(tree)
}

func TestATreeRefusesMoreThanItKeeps(t *testing.T) {
	l := &evidence.Layer{}
	long := strings.Repeat("x", 4000)
	for i := range 100_000 {
		l.Files.Append(fmt.Sprintf("%s%d", long, i), evidence.Regular, 0o644, 1, "")
	}
	err := evidence.NewTree([]*evidence.Layer{l}).Apply(&l.Files, 0, func(evidence.FileChange) {})
	if !errors.Is(err, evidence.ErrTooManyFiles) {
		t.Errorf("error %v", err)
	}
}

func FuzzTree(f *testing.F) {
	f.Add([]byte{}, []byte{})
	l := listed("d d", "f d/a x", "h b d/a", "l c a")
	m := listed("w d", "o ", "f d/b y")
	f.Add(l.Files.Coded, m.Files.Coded)
	f.Fuzz(func(t *testing.T, a, b []byte) {
		layers := []*evidence.Layer{{Files: evidence.FileList{Coded: a, Len: 1}}, {Files: evidence.FileList{Coded: b, Len: 1}}}
		tree := evidence.NewTree(layers)
		balance := 0
		for i, l := range layers {
			if tree.Apply(&l.Files, i, func(c evidence.FileChange) {
				switch c.Kind {
				case evidence.Added:
					balance++
				case evidence.Removed:
					balance--
				}
				_ = tree.Path(c.Node)
			}) != nil {
				return
			}
		}
		n := 0
		for range tree.Files() {
			n++
		}
		if n != balance {
			t.Errorf("%d files are left of %d", n, balance)
		}
	})
}

func changesOf(layers ...*evidence.Layer) []string {
	out := []string{}
	for i, changes := range evidence.PackageChanges(layers) {
		for _, c := range changes {
			switch {
			case c.Before == nil:
				out = append(out, fmt.Sprintf("%d +%s@%s", i, c.After.Name, c.After.Version))
			case c.After == nil:
				out = append(out, fmt.Sprintf("%d -%s@%s", i, c.Before.Name, c.Before.Version))
			default:
				out = append(out, fmt.Sprintf("%d %s@%s→%s", i, c.Before.Name, c.Before.Version, c.After.Version))
			}
		}
	}
	return out
}

func TestPackagesChangeLayerByLayer(t *testing.T) {
	const site = "usr/lib/python3/site-packages/"
	for name, c := range map[string]struct {
		layers []*evidence.Layer
		want   []string
	}{
		"a database that later layers write again": {
			[]*evidence.Layer{
				with(layer("f "+status), status, "deb/libc6@1", "deb/curl@1"),
				with(layer("f "+status), status, "deb/libc6@1", "deb/curl@1"),
				with(layer("f "+status), status, "deb/curl@2", "deb/vim@9", "deb/libc6@1"),
				with(layer("f "+status), status, "deb/libc6@1"),
			},
			[]string{"0 +curl@1", "0 +libc6@1", "2 curl@1→2", "2 +vim@9", "3 -curl@2", "3 -vim@9"},
		},
		"a database that goes, and comes back": {
			[]*evidence.Layer{
				with(layer("f "+status), status, "deb/libc6@1"), layer("w var/lib"), with(layer("f "+status), status, "deb/libc6@1"),
			},
			[]string{"0 +libc6@1", "1 -libc6@1", "2 +libc6@1"},
		},
		"two databases of one package": {
			[]*evidence.Layer{
				with(layer("f "+status), status, "deb/libc6@1"),
				with(layer("f var/lib/dpkg/status.d/libc6"), "var/lib/dpkg/status.d/libc6", "deb/libc6@1"),
				layer("w " + status),
			},
			[]string{"0 +libc6@1"},
		},
		"pip's upgrade moves the record": {
			[]*evidence.Layer{
				with(layer("f "+site+"requests-2.0.dist-info/METADATA"), site+"requests-2.0.dist-info/METADATA", "pypi/requests@2.0"),
				with(layer("w "+site+"requests-2.0.dist-info", "f "+site+"requests-2.1.dist-info/METADATA"), site+"requests-2.1.dist-info/METADATA", "pypi/requests@2.1"),
			},
			[]string{"0 +requests@2.0", "1 requests@2.0→2.1"},
		},
		"the same in two places is two packages": {
			[]*evidence.Layer{
				with(with(layer("f a/node_modules/x/package.json", "f b/node_modules/x/package.json"),
					"a/node_modules/x/package.json", "npm/x@1"), "b/node_modules/x/package.json", "npm/x@1"),
				layer("w b"),
			},
			[]string{"0 +x@1", "0 +x@1", "1 -x@1"},
		},
		"a record that another file takes the place of": {
			[]*evidence.Layer{
				with(layer("f app/package.json"), "app/package.json", "npm/x@1"), layer("f app/package.json"), layer("w app"),
			},
			[]string{"0 +x@1", "1 -x@1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, changesOf(c.layers...)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
