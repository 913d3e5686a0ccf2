package hygiene

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"plimsoll/internal/advisory"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inspect/users"
	"plimsoll/internal/inventory"
)

// contentsOf lists a sample's files as the pass would; its first layer is the base.
func contentsOf(t testing.TB, s SampleImage) *Contents {
	t.Helper()
	c := &Contents{Base: 1}
	owners, secrets := map[string]string{}, map[string]bool{}
	for n, files := range s {
		l := &evidence.Layer{}
		for _, f := range files {
			mode := fs.FileMode(f.Mode & 0o777)
			for bit, m := range map[uint32]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
				if f.Mode&bit != 0 {
					mode |= m
				}
			}
			dir, name := path.Split(f.Path)
			hidden, whiteout := strings.CutPrefix(name, ".wh.")
			switch {
			case name == "":
				l.Files.Append(strings.TrimSuffix(f.Path, "/"), evidence.Directory, mode, 0, "")
			case name == ".wh..wh..opq":
				l.Files.Append(strings.TrimSuffix(dir, "/"), evidence.Opaque, 0, 0, "")
			case whiteout:
				l.Files.Append(dir+hidden, evidence.Whiteout, 0, 0, "")
			case strings.HasPrefix(f.Content, "link:"):
				l.Files.Append(f.Path, evidence.Hardlink, 0, 0, strings.TrimPrefix(f.Content, "link:"))
			default:
				l.Files.Append(f.Path, evidence.Regular, mode, f.Size, "")
			}
			file := &inspect.File{Path: f.Path, Mode: mode, Size: f.Size}
			if (users.Inspector{}).Wants(file) == inspect.Whole {
				if err := (users.Inspector{}).Inspect(context.Background(), file, []byte(f.Content), &l.Fragment); err != nil {
					t.Fatal(err)
				}
			}
			owners[fmt.Sprint(f.Path, n)], secrets[f.Path] = f.Owner, f.Secret
		}
		c.Layers, c.Refs = append(c.Layers, l), append(c.Refs, inventory.LayerRef{Index: n})
	}
	c.Owner = func(path string, layer int) string { return owners[fmt.Sprint(path, layer)] }
	c.Secret = func(path string) bool { return secrets[path] }
	return c
}

func inFiles(t testing.TB, s SampleImage) []Finding {
	t.Helper()
	in := input(&v1.ConfigFile{OS: "linux"})
	in.Contents = contentsOf(t, s)
	return slices.DeleteFunc(CheckImage(in, Rules(), now), func(f Finding) bool { return f.Where != "files" })
}

func TestRulesOnFiles(t *testing.T) {
	for _, r := range Rules() {
		if r.Files == nil {
			continue
		}
		t.Run(r.ID, func(t *testing.T) {
			for i, s := range r.BadFiles {
				if !holds(inFiles(t, s), r.ID) {
					t.Errorf("not raised by bad sample %d: %v", i, s)
				}
			}
			for i, s := range r.GoodFiles {
				if f := inFiles(t, s); holds(f, r.ID) {
					t.Errorf("raised by good sample %d: %v", i, f)
				}
			}
		})
	}
}

func TestEveryHalfHasItsRule(t *testing.T) {
	rules := Rules()
	for _, h := range fileHalves() {
		if !slices.ContainsFunc(rules, func(r Rule) bool { return r.ID == h.rule && r.Check != nil }) {
			t.Errorf("no rule is called %s", h.rule)
		}
	}
	for _, a := range areas() {
		if !slices.ContainsFunc(rules, func(r Rule) bool { return r.ID == a.rule && r.Files != nil }) {
			t.Errorf("%s belongs to no rule", a.path)
		}
	}
	for id := range fileWords {
		if !slices.ContainsFunc(rules, func(r Rule) bool { return r.ID == id }) {
			t.Errorf("no rule is called %s", id)
		}
	}
}

// said writes findings as "SEVERITY rule [base]: message".
func said(findings []Finding) []string {
	var out []string
	for _, f := range findings {
		base := ""
		if f.Base {
			base = " [base]"
		}
		out = append(out, fmt.Sprintf("%s %s%s: %s", f.Severity, f.Rule, base, f.Message))
	}
	return out
}

func TestWhatFilesSay(t *testing.T) {
	owned := func(path string, mode uint32, owner string) SampleFile {
		return SampleFile{Path: path, Mode: mode, Size: 9, Owner: owner}
	}
	link := func(path, to string) SampleFile { return SampleFile{Path: path, Content: "link:" + to} }
	for _, c := range []struct {
		name  string
		image SampleImage
		want  []string
	}{
		{"the distribution's own setuid programs are negligible", SampleImage{{owned("bin/su", 0o4755, "util-linux 2.38"), owned("usr/bin/passwd", 0o4755, "passwd 1:4.13")}}, []string{
			"negligible setuid [base]: bin/su (util-linux) and usr/bin/passwd (passwd)",
		}},
		{"a package's that is added is low", SampleImage{nil, {owned("usr/bin/sudo", 0o4755, "sudo 1.9")}}, []string{
			"low setuid: usr/bin/sudo (sudo), added by layer 1",
		}},
		{"nobody's stands first and is medium", SampleImage{nil, {owned("usr/bin/a", 0o4755, "a 1"), entry("usr/bin/b", 0o6755, 9)}}, []string{
			"medium setuid: usr/bin/b and usr/bin/a (a), added by layer 1",
		}},
		{"a hard link keeps the mode of a file that goes", SampleImage{nil, {entry("opt/a", 0o4755, 9), link("opt/b", "opt/a")}, {entry("opt/.wh.a", 0, 0)}}, []string{
			"medium setuid: opt/b, added by layer 1",
		}},
		{"a folder that a later layer lists again is still the base's", SampleImage{{entry("data/", 0o777, 0)}, {entry("data/", 0o777, 0)}}, []string{
			"negligible world-writable [base]: 1 folder: data (777)",
		}},
		{"what is deleted and made again is added", SampleImage{{entry("data/x", 0o666, 9)}, {entry("data/.wh.x", 0, 0)}, {entry("data/x", 0o666, 9)}}, []string{
			"low world-writable: 1 file: data/x (666), added by layer 2",
		}},
		{"below a folder that is listed goes without saying", SampleImage{nil, {entry("app/", 0o777, 0), entry("app/a", 0o666, 9), entry("app/b", 0o777, 9), entry("srv/c", 0o666, 9)}}, []string{
			"medium world-writable: 3 files and 1 folder: app (777) and srv/c (666), added by layer 1",
		}},
		{"a cache that is deleted later still weighs", SampleImage{nil, {entry("var/lib/apt/lists/a_Packages", 0o644, 19_000_000), entry("var/lib/apt/lists/lock", 0o640, 0)}, {entry("var/lib/apt/lists/.wh.a_Packages", 0, 0)}}, []string{
			"low apt-lists: var/lib/apt/lists holds 1 file of 19 MB in layer 1, which a later layer only hides",
		}},
		{"a small cache is negligible, and so is the base's", SampleImage{{entry("root/.npm/_cacache/a", 0o644, 5_000_000)}, {entry("root/.cache/pip/a", 0o644, 70_000)}}, []string{
			"negligible pip-cache: root/.cache/pip holds 1 file of 70 kB, added by layer 1",
			"negligible npm-cache [base]: root/.npm/_cacache holds 1 file of 5.0 MB",
		}},
		{"names of a compiler are one program", SampleImage{nil, {entry("usr/bin/x86_64-linux-gnu-gcc-12", 0o755, 900), link("usr/bin/gcc-12", "usr/bin/x86_64-linux-gnu-gcc-12"), owned("usr/bin/make", 0o755, "make 4.3")}}, []string{
			"low build-tools-left: usr/bin/x86_64-linux-gnu-gcc-12 and usr/bin/make (make), added by layer 1",
		}},
		{"planted accounts are said elsewhere, the base's numbers are its own", SampleImage{
			{accountsFile("passwd", "a:x:9:9::/:\nb:x:9:9::/:\nroot:x:0:0::/:\ntoor:x:0:0::/:\n")}, {accountsFile("passwd", "a:x:9:9::/:\nb:x:9:9::/:\nc:x:7:7::/:\nd:x:7:7::/:\ne::5:5::/:/bin/false\n")},
		}, []string{
			"low id-shared: etc/passwd: c and d have the UID 7", "negligible id-shared [base]: etc/passwd: a and b have the UID 9",
			"low password-empty: etc/passwd: the password of e is empty",
		}},
		{"a git repository in a library is the library's", SampleImage{nil, {entry("app/.git/HEAD", 0o644, 9), entry("app/vendor/a/.git/HEAD", 0o644, 9), entry("app/Dockerfile", 0o644, 9), entry("app/.gitignore", 0o644, 9)}}, []string{
			"low repository-left: app/.git holds 1 file of 9 B, added by layer 1", "low desk-files-left: app/.gitignore and app/Dockerfile",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := said(inFiles(t, c.image))
			slices.Sort(got)
			want := slices.Sorted(slices.Values(c.want))
			if !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// Where files are known, they decide: a command of history whose effect is gone is
// not spoken of, and one finding stands for as many files as there are.
func TestFilesDecide(t *testing.T) {
	s := Sample{Dockerfile: "FROM debian:12\nRUN apt-get update && apt-get install -y gcc socat\n"}
	in := input(asImage(t, s))
	if f := CheckImage(in, Rules(), now); !holds(f, "build-tools-left") || !holds(f, "network-tool-left") || !holds(f, "apt-lists") {
		t.Fatal("history says nothing")
	}
	in.Contents = contentsOf(t, SampleImage{nil, {entry("usr/bin/socat", 0o755, 9)}})
	f := CheckImage(in, Rules(), now)
	if holds(f, "build-tools-left") || holds(f, "apt-lists") {
		t.Errorf("history is believed: %q", said(f))
	}
	if i := slices.IndexFunc(f, func(f Finding) bool { return f.Rule == "network-tool-left" }); i < 0 || f[i].Where != "files" {
		t.Errorf("the files are not asked: %q", said(f))
	}
}

func TestManyFilesAreOneFinding(t *testing.T) {
	var layer []SampleFile
	for i := range maxMarked + 10 {
		layer = append(layer, entry(fmt.Sprintf("app/f%05d", i), 0o666, 1))
	}
	one := inFiles(t, SampleImage{nil, layer[:3]})
	many := inFiles(t, SampleImage{nil, layer})
	if len(many) != 1 || !strings.Contains(many[0].Message, "at least 10000: ") || many[0].ID != one[0].ID || many[0].Severity != advisory.Low {
		t.Errorf("%q", said(many))
	}
}

// Whatever an image's lists hold, one walk reads it.
func FuzzContents(f *testing.F) {
	f.Add("usr/bin/gcc", "app/.git/x", "root/.cache/pip/\x1b[2Jx", "var/lib/apt/lists/.wh.x", uint32(0o4777))
	f.Add("", "/", "../../etc/passwd", "bin", uint32(0o7777))
	f.Fuzz(func(t *testing.T, a, b, c, d string, mode uint32) {
		s := SampleImage{{entry(a, mode, 9), entry(b, mode, 1<<40)}, {entry(c, mode, 1), {Path: d, Content: "link:" + a}}, {entry(a, mode^0o777, 2)}}
		for _, found := range inFiles(t, s) {
			if found.Message == "" || len([]rune(found.Message)) > 2000 {
				t.Fatalf("%q", found.Message)
			}
		}
	})
}
