package account_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/account"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
)

// claimed is what an account says of one executable: its status, and a part of
// the owner and of the reason.
type claimed struct {
	status        account.Status
	owner, reason string
}

func (c claimed) check(t *testing.T, e account.Entry) {
	t.Helper()
	if e.Status != c.status || !strings.Contains(e.Owner, c.owner) || !strings.Contains(e.Reason, c.reason) {
		t.Errorf("%s is %s of %q: %s\nwant %s of %q: %s", e.Path, e.Status, e.Owner, e.Reason, c.status, c.owner, c.reason)
	}
}

func TestEveryExecutableHasAnOwnerOrIsNamed(t *testing.T) {
	const path = "usr/bin/app"
	base := step(rootFS, dpkg(app("1"))...)
	upgrade := step(install, dpkg(app("2"))...)
	for name, c := range map[string]struct {
		layers []layer
		path   string
		want   claimed
	}{
		"as its package installed it":            {[]layer{base}, path, claimed{account.Intact, "app 1", ""}},
		"changed in the layer that installed it": {[]layer{base.and(exe(path, program("x")))}, path, claimed{account.Altered, "app 1", "differs from its package's record in the layer that installed it"}},
		"changed by a later layer":               {[]layer{base, step(build, exe(path, program("x")))}, path, claimed{account.Altered, "app 1", "rewritten by layer 1 (RUN make install)"}},
		"written again as it was":                {[]layer{base, step(build, exe(path, program("1")))}, path, claimed{account.Intact, "app 1", ""}},
		"upgraded":                               {[]layer{base, upgrade}, path, claimed{account.Intact, "app 2", ""}},
		"an old version put back":                {[]layer{base, upgrade, step(copied, exe(path, program("1")))}, path, claimed{account.Altered, "app 2", "rewritten by layer 2"}},
		"downgraded":                             {[]layer{base, upgrade, step(install, dpkg(app("1"))...)}, path, claimed{account.Intact, "app 1", ""}},
		"its record rewritten with it": {
			[]layer{base, step(build, exe(path, program("x")), text("var/lib/dpkg/info/app.md5sums", dpkg(deb{name: "app", version: "1", files: []file{exe(path, program("x"))}})[2].content))},
			path,
			claimed{account.Altered, "app 1", "its package's record was rewritten by layer 1"},
		},
		"its package upgraded to one without it, and the file put back": {
			[]layer{base, step(install, append(dpkg(deb{name: "app", version: "2", files: []file{exe("usr/bin/new", program("2"))}}), gone(path))...), step(copied, exe(path, program("1")))},
			path,
			claimed{account.Built, "", "added by layer 2"},
		},
		"its package removed, and the file put back": {
			[]layer{base, step("RUN /bin/sh -c apt-get purge -y app", gone(path), gone("var/lib/dpkg/info/app.list"), gone("var/lib/dpkg/info/app.md5sums"), text("var/lib/dpkg/status", "")), step(copied, exe(path, program("1")))},
			path,
			claimed{account.Built, "", "added by layer 2"},
		},
		"recorded by a later layer":                     {[]layer{step(copied, exe(path, program("1"))), step("COPY /var/lib/dpkg /var/lib/dpkg", dpkg(app("1"))[1:]...)}, path, claimed{account.Intact, "app 1", ""}},
		"recorded by a later layer, and another":        {[]layer{step(copied, exe(path, program("x"))), step("COPY /var/lib/dpkg /var/lib/dpkg", dpkg(app("1"))[1:]...)}, path, claimed{account.Altered, "app 1", "before its package's record in layer 1"}},
		"its database deleted later":                    {[]layer{base, step("RUN /bin/sh -c rm -rf /var/lib/dpkg", gone("var/lib/dpkg"))}, path, claimed{account.Intact, "app 1", ""}},
		"its database emptied later":                    {[]layer{base, step("RUN /bin/sh -c rm -rf /var/lib/dpkg/*", emptied("var/lib/dpkg"))}, path, claimed{account.Intact, "app 1", ""}},
		"changed after its database was deleted":        {[]layer{base, step("RUN /bin/sh -c rm -rf /var/lib/dpkg", gone("var/lib/dpkg")), step(build, exe(path, program("x")))}, path, claimed{account.Altered, "app 1", "rewritten by layer 2"}},
		"changed as its database was deleted":           {[]layer{base, step("RUN /bin/sh -c rm -rf /var/lib/dpkg && make install", gone("var/lib/dpkg"), exe(path, program("x")))}, path, claimed{account.Altered, "app 1", "rewritten by layer 1"}},
		"an image that never had a database":            {[]layer{step(rootFS, exe(path, program("1")))}, path, claimed{account.Unaccounted, "", "the base's root file system"}},
		"copied by the build":                           {[]layer{base, step(copied, exe("srv/app", program("x")))}, "srv/app", claimed{account.Built, "", "added by layer 1 (COPY /out /srv"}},
		"added by the base":                             {[]layer{step(copied, exe("srv/app", program("x")))}, "srv/app", claimed{account.Built, "", "added by the base's layer 0"}},
		"beside what a line only installs":              {[]layer{base, step(install, exe("usr/bin/other", program("x")))}, "usr/bin/other", claimed{account.Unaccounted, "", "only installs packages"}},
		"of a layer without a history line":             {[]layer{base, step("", exe("srv/app", program("x")))}, "srv/app", claimed{account.Unaccounted, "", "history does not tell"}},
		"of a shell that somebody used by hand":         {[]layer{base, step("/bin/bash", exe("srv/app", program("x")))}, "srv/app", claimed{account.Unaccounted, "", "only that a shell ran"}},
		"bytecode beside its source":                    {[]layer{base.and(text("usr/lib/x/a.py", ""), text("usr/lib/x/__pycache__/a.cpython-311.opt-1.pyc", bytecode))}, "usr/lib/x/__pycache__/a.cpython-311.opt-1.pyc", claimed{account.Generated, "", "bytecode of a.py"}},
		"bytecode as Python 2 had it":                   {[]layer{base.and(text("usr/lib/x/a.py", ""), text("usr/lib/x/a.pyc", bytecode))}, "usr/lib/x/a.pyc", claimed{account.Generated, "", "bytecode of a.py"}},
		"bytecode whose source is a link":               {[]layer{base.and(link("usr/lib/x/a.py", "/etc/x/a.py"), text("usr/lib/x/__pycache__/a.cpython-311.pyc", bytecode))}, "usr/lib/x/__pycache__/a.cpython-311.pyc", claimed{account.Generated, "", "bytecode of a.py"}},
		"bytecode whose source a layer below has":       {[]layer{base.and(text("usr/lib/x/a.py", "")), step(build, text("usr/lib/x/__pycache__/a.cpython-311.pyc", bytecode))}, "usr/lib/x/__pycache__/a.cpython-311.pyc", claimed{account.Generated, "", ""}},
		"bytecode without its source":                   {[]layer{base.and(text("usr/lib/x/__pycache__/b.cpython-311.pyc", bytecode))}, "usr/lib/x/__pycache__/b.cpython-311.pyc", claimed{account.Unaccounted, "", ""}},
		"the linker's cache":                            {[]layer{base.and(text("etc/ld.so.cache", "glibc-ld.so.cache1.1"))}, "etc/ld.so.cache", claimed{account.Generated, "", "ldconfig"}},
		"a link of the alternatives system":             {[]layer{base.and(link("etc/alternatives/cmd", "/usr/bin/app"), link("usr/bin/cmd", "/etc/alternatives/cmd"))}, "usr/bin/cmd", claimed{account.Generated, "", "which leads to usr/bin/app"}},
		"a program in the place of a package's link":    {[]layer{step(rootFS, dpkg(deb{name: "app", version: "1", files: []file{exe("usr/bin/app", program("1")), link("usr/bin/sh", "app")}})...), step(build, exe("usr/bin/sh", program("x")))}, "usr/bin/sh", claimed{account.Altered, "app 1", "in the place of a link to app"}},
		"a link in the place of a package's program":    {[]layer{base, step(build, exe("opt/x", program("x")), link(path, "/opt/x"))}, path, claimed{account.Altered, "app 1", "a link to /opt/x in the place of the package's file"}},
		"the same in the layer that installed it":       {[]layer{base.and(exe("opt/x", program("x")), link(path, "../../opt/x"))}, path, claimed{account.Altered, "app 1", "a link to ../../opt/x"}},
		"a library whose first byte is another":         {[]layer{step(rootFS, dpkg(deb{name: "lib", version: "1", files: []file{text("usr/lib/libx.so.1", library("1"))}})...).and(text("usr/lib/libx.so.1", "\x7e"+library("1")[1:]))}, "usr/lib/libx.so.1", claimed{account.Altered, "lib 1", ""}},
		"a program that became text":                    {[]layer{base, step(build, exe(path, "rm -rf /\n"))}, path, claimed{account.Altered, "app 1", ""}},
		"a program that was emptied":                    {[]layer{base, step(build, exe(path, ""))}, path, claimed{account.Altered, "app 1", ""}},
		"another library of musl's under dpkg":          {[]layer{base.and(exe(path, program("/lib/ld-musl-x86_64.so.1")))}, path, claimed{account.Altered, "app 1", ""}},
		"a hard link to an owned program":               {[]layer{step(rootFS, dpkg(deb{name: "app", version: "1", files: []file{exe("usr/bin/app", program("1"))}})...).and(hard("usr/bin/again", path))}, "usr/bin/again", claimed{account.Unaccounted, "", ""}},
		"a hard link at an owned path to another":       {[]layer{base, step(build, exe("opt/x", program("x")), hard(path, "opt/x"))}, path, claimed{account.Altered, "app 1", ""}},
		"a hard link to a hard link":                    {[]layer{base.and(exe("opt/x", program("x")), hard("opt/y", "opt/x"), hard("usr/bin/z", "opt/y"))}, "usr/bin/z", claimed{account.Unaccounted, "", ""}},
		"a hard link to a file of a layer below":        {[]layer{base.and(exe("opt/x", program("x"))), step(build, hard(path, "opt/x"))}, path, claimed{account.Altered, "app 1", ""}},
		"written at another name of its folder":         {[]layer{base.and(link("bin", "usr/bin")), step(build, exe("bin/app", program("x")))}, "bin/app", claimed{account.Altered, "app 1", "rewritten by layer 1"}},
		"recorded under a link of a folder deeper down": {[]layer{step(rootFS, dpkg(deb{name: "app", version: "1", files: []file{exe("usr/lib/a/b/app", program("1"))}})[1:]...).and(link("usr/lib/a/b", "../c/d"), exe("usr/lib/c/d/app", program("1")))}, "usr/lib/c/d/app", claimed{account.Intact, "app 1", ""}},
		"in a folder that became a link, moved":         {[]layer{step(rootFS, dpkg(deb{name: "app", version: "1", files: []file{exe("usr/lib/a/b/app", program("1"))}})...), step(build, link("usr/lib/a/b", "/opt/b"), exe("opt/b/app", program("1")))}, "opt/b/app", claimed{account.Intact, "app 1", ""}},
		"in a folder that became a link to another":     {[]layer{step(rootFS, dpkg(deb{name: "app", version: "1", files: []file{exe("usr/lib/a/b/app", program("1"))}})...), step(build, link("usr/lib/a/b", "/opt/b"), exe("opt/b/app", program("x")))}, "opt/b/app", claimed{account.Altered, "app 1", "rewritten by layer 1"}},
		"the same, changed":                             {[]layer{step(rootFS, dpkg(deb{name: "app", version: "1", files: []file{exe("usr/lib/a/b/app", program("1"))}})[1:]...).and(link("usr/lib/a/b", "../c/d"), exe("usr/lib/c/d/app", program("x")))}, "usr/lib/c/d/app", claimed{account.Altered, "app 1", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.check(t, entry(t, of(t, c.layers...), c.path))
		})
	}
}

// TestWhatIsNoExecutableIsNotCounted has files with an execute bit that come from
// file systems without modes, and objects that are neither started nor loaded.
func TestWhatIsNoExecutableIsNotCounted(t *testing.T) {
	a := of(t, step(copied,
		exe("srv/logo.png", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), exe("srv/app.jar", "PK\x03\x04\x14\x00\x08\x00"), exe("srv/README", "read me\n"),
		exe("srv/empty", ""), text("srv/a.o", strings.Replace(program(""), "\x02\x00\x3e", "\x01\x00\x3e", 1)), text("srv/script", script("true")),
		text("usr/lib/libc.so", "/* GNU ld script */\n"), link("srv/link", "README"),
	))
	if a.Executables != 0 || len(a.Entries) != 0 {
		t.Errorf("%s: %+v", a.Line(), a.Entries)
	}
	a = of(t, step(copied, exe("srv/blob", "\x01\x02\x00\x03"), exe("srv/a.exe", "MZ"+strings.Repeat("\x00", 58)+"\x40\x00\x00\x00PE\x00\x00"), text("srv/b", "\xcf\xfa\xed\xfe\x07\x00\x00\x01")))
	if a.Executables != 3 {
		t.Errorf("%s: %+v", a.Line(), a.Entries)
	}
}

func TestLowerLayersAreAccountedFor(t *testing.T) {
	const path = "usr/bin/app"
	a := of(t,
		step(rootFS, dpkg(app("1"))...),
		step(build, exe(path, program("x")), exe("opt/tool", program("tool")), exe("opt/dir/a", program("a"))),
		step(install, append(dpkg(app("2")), gone("opt/tool"))...),
		step(build, emptied("opt/dir")),
	)
	type row struct {
		Layer    int
		Status   account.Status
		Liveness inventory.Liveness
		By       int
	}
	for path, want := range map[string][]row{
		path:        {{0, account.Intact, inventory.Shadowed, 1}, {1, account.Altered, inventory.Shadowed, 2}, {2, account.Intact, inventory.Visible, -1}},
		"opt/tool":  {{1, account.Built, inventory.Deleted, 2}},
		"opt/dir/a": {{1, account.Built, inventory.Deleted, 3}},
	} {
		var got []row
		for _, e := range entries(a, path) {
			by := -1
			if e.By != nil {
				by = e.By.Index
			}
			got = append(got, row{e.Layer.Index, e.Status, e.Liveness, by})
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
	}
	if a.Executables != 1 || a.Lower != 4 || a.LowerByStatus[account.Altered] != 1 {
		t.Errorf("%s; lower %d: %v", a.Line(), a.Lower, a.LowerByStatus)
	}
}

// TestAProgramOfALayerBelowIsNotJudgedByALaterPackage has a program that a later
// package of the same name overwrote.
func TestAProgramOfALayerBelowIsNotJudgedByALaterPackage(t *testing.T) {
	a := of(t, step(rootFS), step(copied, exe("usr/bin/app", program("own"))), step(install, dpkg(app("1"))...))
	if e := entries(a, "usr/bin/app"); e[0].Status != account.Built || e[1].Status != account.Intact {
		t.Errorf("%+v", e)
	}
}

// TestAPlantedByteIsFound changes each byte of a program, a library, a script and
// a module in turn.
func TestAPlantedByteIsFound(t *testing.T) {
	for _, f := range []file{exe("usr/bin/app", program("some code")), text("usr/lib/libx.so.1.2", library("some code")), exe("usr/bin/s", script("true")), text("usr/lib/x.node", library("code"))} {
		files := dpkg(deb{name: "app", version: "1", files: []file{f}})
		for i := range f.content {
			changed := f
			b := []byte(f.content)
			b[i] ^= 1
			changed.content = string(b)
			if a := of(t, step(rootFS, files...).and(changed)); a.ByStatus[account.Altered] != 1 || a.Tampered() != 1 {
				t.Errorf("%s, byte %d: %s", f.path, i, a.Line())
			}
		}
	}
}

func TestTheAccountIsOneLine(t *testing.T) {
	image := []layer{step(rootFS, dpkg(app("1"))...)}
	line := func(more ...layer) string { return of(t, append(image, more...)...).Line() }
	altered := step(build, exe("usr/bin/app", program("x")))
	for want, got := range map[string]string{
		"no executables":                                                                of(t, step(rootFS)).Line(),
		"1 executable: 1 owned and intact":                                              line(),
		"1 executable: 1 altered: /usr/bin/app":                                         line(altered),
		"3 executables: 1 owned and intact, 2 added by COPY /out /srv":                  line(step(copied, exe("srv/a", program("a")), exe("srv/b", program("b")))),
		"2 executables: 1 added by COPY /out /srv, 1 altered: /usr/bin/app":             line(altered, step(copied, exe("srv/a", program("a")))),
		"3 executables: 1 owned and intact, 1 added by RUN make install, 1 unaccounted": line(step(build, exe("srv/a", program("a"))), step(install, exe("srv/b", program("b")))),
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestTheLargestRiskComesFirst orders what nobody vouches for.
func TestTheLargestRiskComesFirst(t *testing.T) {
	setuid := file{path: "usr/bin/su2", content: program("s"), mode: 0o4755}
	a := of(t,
		step(rootFS, dpkg(app("1"))...),
		step(copied, exe("srv/plain", program("p")), setuid, exe("tmp/.x/y", program("y")), exe("srv/run", script("true"))),
		step(install, exe("usr/sbin/lost", program("l"))),
		step(build, exe("usr/bin/app", program("x")), exe("usr/local/bin/app", script("true"))),
	)
	var got []string
	for _, e := range a.Entries {
		got = append(got, fmt.Sprintf("%s: %s", e.Path, strings.Join(e.Risks, ", ")))
	}
	want := []string{
		"usr/bin/app: it differs from its package's record, on the search path",
		"usr/bin/su2: setuid root, on the search path",
		"tmp/.x/y: in a folder for temporary files",
		"usr/sbin/lost: nothing says where it is from, on the search path",
		"usr/local/bin/app: on the search path, comes before usr/bin/app",
		"srv/plain: ",
		"srv/run: ",
		"usr/bin/app: ",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestSignsOfPlantedCode(t *testing.T) {
	// vfs_cap_data of revision 2, effective: cap_net_raw is bit 13, cap_setuid bit 7.
	capability := func(bit int) string {
		return "\x01\x00\x00\x02" + string(binary.LittleEndian.AppendUint32(nil, 1<<bit)) + strings.Repeat("\x00", 12)
	}
	with := func(f file, change func(*file)) file { change(&f); return f }
	su := deb{name: "su", version: "1", files: []file{{path: "usr/bin/su", content: program("su"), mode: 0o4755}, {path: "usr/bin/ping", content: program("ping"), mode: 0o755, capabilities: capability(13)}}}
	for name, c := range map[string]struct {
		file file
		want string
	}{
		"setuid root that no package brought":          {file{path: "opt/x", content: program("x"), mode: 0o4755}, "setuid-added opt/x -rwsr-xr-x root"},
		"setuid of somebody else":                      {file{path: "opt/x", content: program("x"), mode: 0o4755, uid: 33}, "setuid-added opt/x -rwsr-xr-x, user 33"},
		"setgid":                                       {file{path: "opt/x", content: program("x"), mode: 0o2755}, "setgid-added"},
		"setuid on a shell":                            {file{path: "usr/local/bin/bash5", content: program("x"), mode: 0o4755}, "setuid-interpreter usr/local/bin/bash5"},
		"capabilities that give root":                  {with(exe("opt/x", program("x")), func(f *file) { f.capabilities = capability(7) }), "capabilities-added opt/x cap_setuid=ep"},
		"in a folder for temporary files":              {exe("tmp/x", program("x")), "executable-temporary tmp/x"},
		"in a hidden folder":                           {exe("usr/lib/.../x", program("x")), "executable-hidden usr/lib/.../x"},
		"in a folder that developers' tools hide":      {exe("home/app/.venv/bin/x", program("x")), ""},
		"in the open":                                  {exe("usr/local/bin/x", program("x")), ""},
		"in a hidden folder of a package that has one": {exe("app/node_modules/a/.bin2/x", program("x")), "executable-hidden"},
	} {
		t.Run(name, func(t *testing.T) {
			a := of(t, step(rootFS, dpkg(su)...), step(copied, c.file))
			var got []string
			for _, p := range a.Planted() {
				got = append(got, p.Detector+" "+p.Path+" "+p.Detail)
			}
			found := strings.Join(got, "\n")
			switch {
			case c.want == "" && found != "":
				t.Errorf("found %s", found)
			case c.want == "setgid-added":
				if found != "setuid-added opt/x -rwxr-sr-x" {
					t.Errorf("found %s", found)
				}
			case !strings.Contains(found, c.want):
				t.Errorf("found %q, want %q", found, c.want)
			}
		})
	}
}

func TestDifferenceOfTwoImages(t *testing.T) {
	before := of(t, step(rootFS, dpkg(app("1"), deb{name: "old", version: "1", files: []file{exe("usr/bin/old", program("old"))}})...), step(copied, exe("srv/same", program("s")), exe("srv/mode", program("m"))))
	after := of(t, step(rootFS, dpkg(app("2"))...), step(copied, exe("srv/same", program("s")), file{path: "srv/mode", content: program("m"), mode: 0o4755}, exe("srv/new", program("n"))), step("", exe("srv/lost", script("true"))))
	var got []string
	for _, c := range account.Diff(before, after) {
		switch {
		case c.Before == nil:
			got = append(got, "+ "+c.Path)
		case c.After == nil:
			got = append(got, "- "+c.Path)
		default:
			got = append(got, fmt.Sprintf("~ %s content %v status %v", c.Path, c.Content, c.Status))
		}
	}
	want := []string{"~ srv/mode content true status false", "+ srv/lost", "+ srv/new", "~ usr/bin/app content true status false", "- usr/bin/old"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestAnAccountIsTheSameEveryTime makes one many times over, since it passes
// through tables without an order.
func TestAnAccountIsTheSameEveryTime(t *testing.T) {
	var files []file
	for i := range 50 {
		files = append(files, exe(fmt.Sprintf("opt/java%d/bin/java", i%3), program("\x00openjdk\x00java\x000.0\x0017.0.15+6\x00")), exe(fmt.Sprintf("srv/%d", i), program(fmt.Sprint(i))))
	}
	in := examined(t, step(rootFS, dpkg(app("1"))...), step(copied, files...), step(build, exe("srv/1", program("x")), exe("usr/bin/app", program("x"))))
	first, _ := account.Of(in)
	for range 20 {
		if again, _ := account.Of(in); cmp.Diff(first, again) != "" {
			t.Fatal(cmp.Diff(first, again))
		}
	}
}

func TestPublishersOfWatchedFiles(t *testing.T) {
	for maintainer, want := range map[string]account.Publishers{
		"Debian App Team <team+app@tracker.debian.org>": {{Path: "usr/bin/app", Layer: 0}: "app 1", {Path: "usr/share/app/key.pem", Layer: 0}: "app 1"},
		"Platform Team <platform@shop.example>":         {},
	} {
		in := examined(t,
			step(rootFS, dpkg(deb{
				name: "app", version: "1", maintainer: maintainer, settings: []string{"etc/app.conf"},
				files: []file{exe("usr/bin/app", program("1")), text("usr/share/app/key.pem", "key"), text("etc/app.conf", "a=1")},
			})...),
			step(build, text("usr/share/app/key.pem", "another"), exe("usr/bin/app", program("x"))),
		)
		in.Watch = []account.Watched{{Path: "usr/bin/app", Layer: 0}, {Path: "usr/share/app/key.pem", Layer: 0}, {Path: "usr/share/app/key.pem", Layer: 1}, {Path: "usr/bin/app", Layer: 1}, {Path: "srv/none", Layer: 0}}
		_, publishers := account.Of(in)
		if d := cmp.Diff(want, publishers); d != "" {
			t.Errorf("%s: %s", maintainer, d)
		}
	}
}

func TestLimitsAreSaid(t *testing.T) {
	var files []file
	for i := range 30 {
		files = append(files, exe(fmt.Sprintf("srv/%02d", i), program(fmt.Sprint(i))))
	}
	in := examined(t, step(rootFS, dpkg(app("1"))...), step(copied, files...), step(copied, files...))
	for _, c := range []struct {
		limits account.Limits
		want   int
	}{
		{account.DefaultLimits(), 0},
		{account.Limits{Entries: 20, Claims: 100, OfOnePath: 100, Links: 100}, 1},
		{account.Limits{Entries: 100, Claims: 1, OfOnePath: 100, Links: 100}, 1},
		{account.Limits{Entries: 100, Claims: 100, OfOnePath: 1, Links: 100}, 1},
	} {
		in.Limits = c.limits
		a, _ := account.Of(in)
		if len(a.Problems) != c.want {
			t.Errorf("%+v: %+v", c.limits, a.Problems)
		}
		for _, p := range a.Problems {
			if !p.Incomplete || !strings.Contains(p.Reason, "not whole") {
				t.Errorf("%+v", p)
			}
		}
	}
}

// TestEverySortOfExecutableIsToldByItsContent goes by the first bytes alone.
func TestEverySortOfExecutableIsToldByItsContent(t *testing.T) {
	big := strings.Repeat("x", 3<<20)
	for path, c := range map[string]struct {
		file file
		want evidence.ExecutableKind
	}{
		"program":                     {exe("a", program("")), evidence.Program},
		"position-independent":        {exe("a", library("")), evidence.Program},
		"library":                     {text("a", library("")), evidence.Library},
		"library with an execute bit": {exe("liba.so.1", library("")), evidence.Library},
		"script":                      {exe("a", script("")), evidence.Script},
		"bytecode":                    {text("a.pyc", bytecode), evidence.Bytecode},
		"large program":               {exe("a", program(big)), evidence.Program},
		"large library":               {text("a", library(big)), evidence.Library},
		"large blob":                  {exe("a", "\x00"+big), evidence.Unknown},
	} {
		a := of(t, step(copied, c.file))
		if len(a.Entries) != 1 || a.Entries[0].Kind != c.want {
			t.Errorf("%s: %+v", path, a.Entries)
		}
	}
}
