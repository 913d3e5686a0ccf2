package account_test

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"plimsoll/internal/account"
)

// apkDatabase is apk's installed database of packages (apk-tools, src/database.c,
// apk_db_write_fdb): a folder's files follow it, each with its digest; of a link
// the digest is that of its target.
func apkDatabase(packages ...deb) file {
	var b strings.Builder
	for _, p := range packages {
		fmt.Fprintf(&b, "C:Q1pSfxAGfxLCkFLJ0YVTBmQvHVtQA=\nP:%s\nV:%s\nA:x86_64\n", p.name, p.version)
		dir := ""
		for _, f := range p.files {
			if d := path.Dir(f.path); d != dir {
				dir = d
				fmt.Fprintf(&b, "F:%s\n", dir)
			}
			content := f.content
			if f.target != "" {
				content = f.target
			}
			sum := sha1.Sum([]byte(content))
			fmt.Fprintf(&b, "R:%s\na:0:0:755\nZ:Q1%s\n", path.Base(f.path), base64.StdEncoding.EncodeToString(sum[:]))
		}
		b.WriteString("\n")
	}
	return text("lib/apk/db/installed", b.String())
}

func apk(packages ...deb) []file {
	var files []file
	for _, p := range packages {
		files = append(files, p.files...)
	}
	return append(files, apkDatabase(packages...))
}

// wheel is a package as pip installs it into a folder, with its RECORD
// (packaging.python.org, "Recording installed projects").
func wheel(site, name, version string, files ...file) []file {
	info := site + "/" + name + "-" + version + ".dist-info/"
	var record strings.Builder
	for _, f := range files {
		relative := "../../../" + strings.TrimPrefix(f.path, path.Dir(path.Dir(path.Dir(site)))+"/")
		if inside, ok := strings.CutPrefix(f.path, site+"/"); ok {
			relative = inside
		}
		sum := sha256.Sum256([]byte(f.content))
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", relative, base64.RawURLEncoding.EncodeToString(sum[:]), len(f.content))
	}
	fmt.Fprintf(&record, "%s-%s.dist-info/RECORD,,\n", name, version)
	return append(slices.Clone(files),
		text(info+"METADATA", "Metadata-Version: 2.1\nName: "+name+"\nVersion: "+version+"\n"), text(info+"RECORD", record.String()))
}

// condaRecord is a package's record in an environment's conda-meta.
func condaRecord(environment, name string, files ...file) file {
	type listed struct {
		Path string `json:"_path"`
		Type string `json:"path_type"`
		Sum  string `json:"sha256_in_prefix"`
	}
	var paths []listed
	for _, f := range files {
		paths = append(paths, listed{strings.TrimPrefix(f.path, environment+"/"), "hardlink", fmt.Sprintf("%x", sha256.Sum256([]byte(f.content)))})
	}
	b, _ := json.Marshal(map[string]any{"name": name, "version": "1.0", "build": "0", "channel": "conda-forge", "paths_data": map[string]any{"paths": paths}})
	return text(environment+"/conda-meta/"+name+"-1.0-0.json", string(b))
}

func chisel(t *testing.T, f file) file {
	t.Helper()
	lines := `{"jsonwall":"1.0","schema":"1.0","count":2}` + "\n" + `{"kind":"package","name":"app","version":"1","sha256":"00","arch":"amd64"}` + "\n" +
		fmt.Sprintf(`{"kind":"path","path":"/%s","mode":"0755","slices":["app_bins"],"sha256":"%x"}`, f.path, sha256.Sum256([]byte(f.content))) + "\n"
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return text("var/lib/chisel/manifest.wall", string(w.EncodeAll([]byte(lines), nil)))
}

func TestWhatDpkgDoesIsNoAlteration(t *testing.T) {
	diversions := func(lines ...string) file {
		return text("var/lib/dpkg/diversions", strings.Join(lines, "\n")+"\n")
	}
	moved := exe("usr/bin/app.distrib", program("1"))
	service := exe("etc/init.d/app", script("start"))
	withSetting := deb{name: "app", version: "1", files: []file{exe("usr/bin/app", program("1")), service}, settings: []string{"etc/init.d/app"}}
	both := func(arch, code string) deb {
		return deb{name: "libc6", version: "2.36", arch: arch, files: []file{text("usr/lib/"+arch+"/libc.so.6", library(code))}}
	}
	base := step(rootFS, dpkg(app("1"))...)
	for name, c := range map[string]struct {
		layers []layer
		path   string
		want   claimed
	}{
		"diverted by the administrator":           {[]layer{base, step(build, diversions("/usr/bin/app", "/usr/bin/app.distrib", ":"), moved, exe("usr/bin/app", script("exec app.distrib")))}, "usr/bin/app.distrib", claimed{account.Intact, "app 1", ""}},
		"what stands in its place":                {[]layer{base, step(build, diversions("/usr/bin/app", "/usr/bin/app.distrib", ":"), moved, exe("usr/bin/app", script("exec app.distrib")))}, "usr/bin/app", claimed{account.Built, "", ""}},
		"diverted, and changed there":             {[]layer{base, step(build, diversions("/usr/bin/app", "/usr/bin/app.distrib", ":"), exe(moved.path, program("x")))}, "usr/bin/app.distrib", claimed{account.Altered, "app 1", ""}},
		"diverted without being moved":            {[]layer{base, step(build, diversions("/usr/bin/app", "/usr/bin/app.distrib", ":"))}, "usr/bin/app", claimed{account.Intact, "app 1", ""}},
		"diverted before it was installed":        {[]layer{step(rootFS, diversions("/usr/bin/app", "/usr/bin/app.distrib", ":")), step(install, append(dpkg(app("1"))[1:], moved)...)}, "usr/bin/app.distrib", claimed{account.Intact, "app 1", ""}},
		"diverted by the package that has it":     {[]layer{step(rootFS, dpkg(app("1"), deb{name: "other", version: "1", files: []file{exe("usr/bin/app", program("other"))}})...).and(diversions("/usr/bin/app", "/usr/bin/app.distrib", "other"), moved)}, "usr/bin/app", claimed{account.Intact, "other 1", ""}},
		"and the other one's":                     {[]layer{step(rootFS, dpkg(app("1"), deb{name: "other", version: "1", files: []file{exe("usr/bin/app", program("other"))}})...).and(diversions("/usr/bin/app", "/usr/bin/app.distrib", "other"), moved)}, "usr/bin/app.distrib", claimed{account.Intact, "app 1", ""}},
		"diverted under the folder's other name":  {[]layer{base.and(link("bin", "usr/bin")), step(build, diversions("/bin/app", "/bin/app.distrib", ":"), moved)}, "usr/bin/app.distrib", claimed{account.Intact, "app 1", ""}},
		"no longer diverted":                      {[]layer{base, step(build, diversions("/usr/bin/app", "/usr/bin/app.distrib", ":"), moved), step(build, diversions("/a", "/b", ":"), exe("usr/bin/app", program("x")))}, "usr/bin/app", claimed{account.Altered, "app 1", ""}},
		"of one architecture":                     {[]layer{step(rootFS, dpkg(both("amd64", "64"), both("i386", "32"))...)}, "usr/lib/i386/libc.so.6", claimed{account.Intact, "libc6 2.36", ""}},
		"of the other architecture, changed":      {[]layer{step(rootFS, dpkg(both("amd64", "64"), both("i386", "32"))...).and(text("usr/lib/amd64/libc.so.6", library("32")))}, "usr/lib/amd64/libc.so.6", claimed{account.Altered, "libc6 2.36", ""}},
		"recorded before /lib became a link":      {[]layer{step(rootFS, dpkg(deb{name: "a", version: "1", files: []file{text("lib/x/liba.so.1", library("a"))}})[1:]...).and(link("lib", "usr/lib"), text("usr/lib/x/liba.so.1", library("a")))}, "usr/lib/x/liba.so.1", claimed{account.Intact, "a 1", ""}},
		"merged by a later layer":                 {[]layer{step(rootFS, dpkg(deb{name: "a", version: "1", files: []file{text("lib/x/liba.so.1", library("a"))}})...), step("RUN /bin/sh -c apt-get install -y usrmerge", link("lib", "usr/lib"), text("usr/lib/x/liba.so.1", library("a")))}, "usr/lib/x/liba.so.1", claimed{account.Intact, "a 1", ""}},
		"a system that is not merged":             {[]layer{step(rootFS, dpkg(deb{name: "a", version: "1", files: []file{exe("bin/a", program("a"))}}, deb{name: "b", version: "1", files: []file{exe("usr/bin/a", program("b"))}})...)}, "bin/a", claimed{account.Intact, "a 1", ""}},
		"a package without digests":               {[]layer{step(rootFS, dpkg(deb{name: "app", version: "1", noSums: true, files: []file{exe("usr/bin/app", program("1"))}})...)}, "usr/bin/app", claimed{account.Unverified, "app 1", "keeps no digest"}},
		"taken over by a package without digests": {[]layer{step(rootFS, dpkg(app("1"), deb{name: "new", version: "2", noSums: true, files: []file{exe("usr/bin/app", program("2"))}})...).and(text("var/lib/dpkg/info/app.list", "/.\n/usr/share/doc/app/copyright\n"))}, "usr/bin/app", claimed{account.Unverified, "new 2", ""}},
		"taken over, and the old one put back":    {[]layer{step(rootFS, dpkg(app("1"), deb{name: "new", version: "2", files: []file{exe("usr/bin/app", program("2"))}})...).and(text("var/lib/dpkg/info/app.list", "/.\n/usr/share/doc/app/copyright\n")), step(copied, exe("usr/bin/app", program("1")))}, "usr/bin/app", claimed{account.Altered, "new 2", ""}},
		"dpkg's own script":                       {[]layer{base.and(exe("var/lib/dpkg/info/app.postinst", script("")))}, "var/lib/dpkg/info/app.postinst", claimed{account.Unverified, "app 1", "own script"}},
		"dpkg's script of a multi-arch package":   {[]layer{step(rootFS, dpkg(both("i386", "32"))...).and(exe("var/lib/dpkg/info/libc6:i386.preinst", script("")))}, "var/lib/dpkg/info/libc6:i386.preinst", claimed{account.Unverified, "libc6 2.36", ""}},
		"a script among dpkg's of no package":     {[]layer{base.and(exe("var/lib/dpkg/info/evil.postinst", script("")))}, "var/lib/dpkg/info/evil.postinst", claimed{account.Unaccounted, "", ""}},
		"a program among dpkg's scripts":          {[]layer{base.and(exe("var/lib/dpkg/info/app.x", program("")))}, "var/lib/dpkg/info/app.x", claimed{account.Unaccounted, "", ""}},
		"a setting as it was shipped":             {[]layer{step(rootFS, dpkg(withSetting)...)}, "etc/init.d/app", claimed{account.Intact, "app 1", ""}},
		"a setting that somebody edited":          {[]layer{step(rootFS, dpkg(withSetting)...), step(build, exe("etc/init.d/app", script("stop")))}, "etc/init.d/app", claimed{account.Altered, "app 1", "rewritten by layer 1"}},
		"distroless, intact":                      {[]layer{step("bazel build //base", distroless(exe("usr/bin/app", program("1")))...)}, "usr/bin/app", claimed{account.Intact, "app 1", ""}},
		"distroless, changed":                     {[]layer{step("bazel build //base", distroless(exe("usr/bin/app", program("1")))...), step(copied, exe("usr/bin/app", program("x")))}, "usr/bin/app", claimed{account.Altered, "app 1", ""}},
		"cut by chisel, intact":                   {[]layer{step(rootFS, exe("usr/bin/app", program("1")), chisel(t, exe("usr/bin/app", program("1"))))}, "usr/bin/app", claimed{account.Intact, "app 1", ""}},
		"cut by chisel, changed":                  {[]layer{step(rootFS, exe("usr/bin/app", program("x")), chisel(t, exe("usr/bin/app", program("1"))))}, "usr/bin/app", claimed{account.Altered, "app 1", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.check(t, entry(t, of(t, c.layers...), c.path))
		})
	}
}

// distroless has the records of one package as Bazel's rules leave them.
func distroless(f file) []file {
	return []file{
		f, text("var/lib/dpkg/status.d/app", "Package: app\nVersion: 1\nArchitecture: amd64\n"),
		text("var/lib/dpkg/status.d/app.md5sums", fmt.Sprintf("%x  %s\n", md5.Sum([]byte(f.content)), f.path)),
	}
}

// TestAnEditedSettingIsNoTampering says so in the account, and does not count it
// among what the command fails for.
func TestAnEditedSettingIsNoTampering(t *testing.T) {
	service := exe("etc/init.d/app", script("start"))
	dpkgSystem := step(rootFS, dpkg(deb{name: "app", version: "1", files: []file{service}, settings: []string{service.path}})...)
	apkSystem := step(rootFS, apk(deb{name: "app", version: "1", files: []file{service}})...)
	for name, base := range map[string]layer{"dpkg": dpkgSystem, "apk": apkSystem} {
		a := of(t, base, step(build, exe(service.path, script("stop"))))
		if e := entry(t, a, service.path); e.Status != account.Altered || !e.Configuration || a.Tampered() != 0 {
			t.Errorf("%s: %+v, %d tampered", name, e, a.Tampered())
		}
	}
}

func TestApkAndPythonAndCondaRecords(t *testing.T) {
	const site = "usr/lib/python3.11/site-packages"
	busybox := deb{name: "busybox", version: "1.36.1-r2", files: []file{exe("bin/busybox", program("busybox"))}}
	musl := deb{name: "musl", version: "1.2.4-r2", files: []file{exe("lib/ld-musl-x86_64.so.1", library("musl")), link("lib/libc.musl-x86_64.so.1", "ld-musl-x86_64.so.1")}}
	alpine := step(rootFS, apk(busybox, musl)...)
	added := deb{name: "curl", version: "8", files: []file{exe("usr/bin/curl", program("curl"))}}
	wheeled := wheel(site, "pkg", "1.0", exe("usr/bin/cmd", script("x")), text(site+"/pkg/_c.cpython-311.so", library("c")), text(site+"/pkg.libs/libz-1.so.1", library("z")))
	withBytecode := append(slices.Clone(wheeled), text(site+"/pkg/a.py", ""), text(site+"/pkg/__pycache__/a.cpython-311.pyc", bytecode))
	for i := range withBytecode {
		if f := &withBytecode[i]; strings.HasSuffix(f.path, "/RECORD") {
			f.content += "pkg/__pycache__/a.cpython-311.pyc,,\n"
		}
	}
	debian := step(rootFS, dpkg(app("1"))...)
	conda := []file{exe("opt/conda/bin/tool", program("tool")), exe("opt/conda/bin/made", script("made"))}
	for name, c := range map[string]struct {
		layers []layer
		path   string
		want   claimed
	}{
		"apk, intact":                        {[]layer{alpine}, "bin/busybox", claimed{account.Intact, "busybox 1.36.1-r2", ""}},
		"apk, changed":                       {[]layer{alpine.and(exe("bin/busybox", program("x")))}, "bin/busybox", claimed{account.Altered, "busybox 1.36.1-r2", ""}},
		"apk, another package added":         {[]layer{alpine, step("RUN /bin/sh -c apk add --no-cache curl", apk(added, busybox, musl)[0], apkDatabase(added, busybox, musl))}, "bin/busybox", claimed{account.Intact, "busybox", ""}},
		"apk, the added package":             {[]layer{alpine, step("RUN /bin/sh -c apk add --no-cache curl", apk(added, busybox, musl)[0], apkDatabase(added, busybox, musl))}, "usr/bin/curl", claimed{account.Intact, "curl 8", ""}},
		"apk, deleted and put back":          {[]layer{step(rootFS, apk(busybox, added)...), step("RUN /bin/sh -c apk del curl", gone("usr/bin/curl"), apkDatabase(busybox)), step(copied, exe("usr/bin/curl", program("curl")))}, "usr/bin/curl", claimed{account.Built, "", ""}},
		"apk, an old version put back":       {[]layer{alpine, step("RUN /bin/sh -c apk upgrade", apk(deb{name: "busybox", version: "1.36.1-r3", files: []file{exe("bin/busybox", program("new"))}})...), step(copied, exe("bin/busybox", program("busybox")))}, "bin/busybox", claimed{account.Altered, "busybox 1.36.1-r3", ""}},
		"apk, its database deleted":          {[]layer{alpine, step("RUN /bin/sh -c rm -rf /lib/apk", gone("lib/apk"))}, "bin/busybox", claimed{account.Intact, "busybox", ""}},
		"apk, changed and its database gone": {[]layer{alpine, step("RUN /bin/sh -c rm -rf /lib/apk", gone("lib/apk"), exe("bin/busybox", program("x")))}, "bin/busybox", claimed{account.Altered, "busybox", ""}},
		"apk, its database rewritten":        {[]layer{alpine, step(build, exe("bin/busybox", program("x")), apkDatabase(deb{name: "busybox", version: "1.36.1-r2", files: []file{exe("bin/busybox", program("x"))}}))}, "bin/busybox", claimed{account.Altered, "busybox", "at the same version"}},
		"apk, a link to another program":     {[]layer{alpine, step(build, exe("opt/x", program("x")), link("bin/busybox", "/opt/x"))}, "bin/busybox", claimed{account.Altered, "busybox", "a link to /opt/x"}},
		"apk, a program for a link":          {[]layer{alpine, step(build, text("lib/libc.musl-x86_64.so.1", library("x")))}, "lib/libc.musl-x86_64.so.1", claimed{account.Altered, "musl", ""}},

		"pip's command":                             {[]layer{debian, step("RUN /bin/sh -c pip install pkg", wheeled...)}, "usr/bin/cmd", claimed{account.Intact, "pkg 1.0", ""}},
		"a wheel's module":                          {[]layer{debian, step("RUN /bin/sh -c pip install pkg", wheeled...)}, site + "/pkg/_c.cpython-311.so", claimed{account.Intact, "pkg 1.0", ""}},
		"a wheel's own libraries":                   {[]layer{debian, step("RUN /bin/sh -c pip install pkg", wheeled...)}, site + "/pkg.libs/libz-1.so.1", claimed{account.Intact, "pkg 1.0", ""}},
		"bytecode that RECORD lists without digest": {[]layer{debian, step("RUN /bin/sh -c pip install pkg", withBytecode...)}, site + "/pkg/__pycache__/a.cpython-311.pyc", claimed{account.Generated, "pkg 1.0", "bytecode of a.py"}},
		"a wheel's module, changed":                 {[]layer{debian, step("RUN /bin/sh -c pip install pkg", wheeled...), step(build, text(site+"/pkg/_c.cpython-311.so", library("x")))}, site + "/pkg/_c.cpython-311.so", claimed{account.Altered, "pkg 1.0", "rewritten by layer 2"}},
		"a wheel's module, upgraded":                {[]layer{debian, step("RUN /bin/sh -c pip install pkg", wheeled...), step("RUN /bin/sh -c pip install -U pkg", append(wheel(site, "pkg", "2.0", text(site+"/pkg/_c.cpython-311.so", library("2"))), gone(site+"/pkg-1.0.dist-info"))...)}, site + "/pkg/_c.cpython-311.so", claimed{account.Intact, "pkg 2.0", ""}},
		"conda's program":                           {[]layer{debian, step(build, append(conda, condaRecord("opt/conda", "tool", conda[0]))...)}, "opt/conda/bin/tool", claimed{account.Intact, "tool 1.0", ""}},
		"conda's program, changed":                  {[]layer{debian, step(build, append(conda, condaRecord("opt/conda", "tool", conda[0]))...), step(build, exe("opt/conda/bin/tool", program("x")))}, "opt/conda/bin/tool", claimed{account.Altered, "tool 1.0", ""}},
		"what conda's records don't list":           {[]layer{debian, step(build, append(conda, condaRecord("opt/conda", "tool", conda[0]))...)}, "opt/conda/bin/made", claimed{account.Built, "", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.check(t, entry(t, of(t, c.layers...), c.path))
		})
	}
}

// TestALinkOfApksIsNoAlteration has busybox's links, of which apk keeps the
// digests of their targets.
func TestALinkOfApksIsNoAlteration(t *testing.T) {
	files := deb{name: "busybox", version: "1", files: []file{exe("bin/busybox", program("busybox")), link("bin/ls", "/bin/busybox"), link("bin/sh", "busybox")}}
	a := of(t, step(rootFS, apk(files)...), step("RUN /bin/sh -c ln -sf /bin/busybox /bin/ls", link("bin/ls", "/bin/busybox")))
	if a.Executables != 1 || a.ByStatus[account.Intact] != 1 {
		t.Errorf("%s: %+v", a.Line(), a.Entries)
	}
}

func TestWhatFilesSayOfThemselves(t *testing.T) {
	npm := []file{text("app/node_modules/a/package.json", `{"name":"a","version":"1.0.0"}`), exe("app/node_modules/a/bin/a.js", "#!/usr/bin/env node\n")}
	gem := []file{text("usr/local/bundle/specifications/rake-13.0.gemspec", "Gem::Specification.new do |s|\n  s.name = \"rake\".freeze\n  s.version = \"13.0\"\nend\n"), exe("usr/local/bundle/gems/rake-13.0/exe/rake", "#!/usr/bin/env ruby\n")}
	for name, c := range map[string]struct {
		layers []layer
		path   string
		want   claimed
	}{
		"in an npm package that a step copied":        {[]layer{step(rootFS), step(copied, npm...)}, npm[1].path, claimed{account.Built, "a 1.0.0", "added by layer 1"}},
		"in an npm package of a base's root":          {[]layer{step(rootFS, npm...)}, npm[1].path, claimed{account.Unverified, "a 1.0.0", "the package's folder"}},
		"in an npm package, of a later step":          {[]layer{step(rootFS), step(copied, npm...), step(build, exe("app/node_modules/a/evil", program("x")))}, "app/node_modules/a/evil", claimed{account.Built, "", "added by layer 2"}},
		"in a gem":                                    {[]layer{step(rootFS), step("RUN /bin/sh -c gem install rake", gem...)}, gem[1].path, claimed{account.Built, "rake 13.0", ""}},
		"a gem's command":                             {[]layer{step(rootFS), step("RUN /bin/sh -c gem install rake", append(gem, exe("usr/local/bundle/bin/rake", "#!/usr/bin/env ruby\n"))...)}, "usr/local/bundle/bin/rake", claimed{account.Built, "", ""}},
		"a program of Go's beside what apt installed": {[]layer{step(rootFS), step(install, exe("usr/bin/x", goProgram()))}, "usr/bin/x", claimed{account.Unaccounted, "example.com/x", "its own build record names it"}},
		"a program of Go's that was copied":           {[]layer{step(rootFS), step(copied, exe("usr/bin/x", goProgram()))}, "usr/bin/x", claimed{account.Built, "example.com/x", "added by layer 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.check(t, entry(t, of(t, c.layers...), c.path))
		})
	}
}
