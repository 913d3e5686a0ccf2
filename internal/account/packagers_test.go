package account_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"plimsoll/internal/account"
)

// packager is a real package manager that this machine may have: it makes packages
// of files and installs them into a folder as the root of a system.
type packager struct {
	name     string
	needs    []string
	make     func(t *testing.T, work, version string, files []file) (pkg string)
	install  func(t *testing.T, root, pkg string)
	database string
}

func packagers() []packager {
	return []packager{
		{
			name: "rpm", needs: []string{"rpm", "rpmbuild"}, make: makeRPM, database: "var/lib/rpm",
			install: func(t *testing.T, root, pkg string) {
				// SQLite is what every distribution of today has; Debian's rpm can write no other.
				do(t, "", "rpm", "--root", root, "--define", "_db_backend sqlite", "--define", "_dbpath /var/lib/rpm", "-U", "--nodeps", "--noscripts", pkg)
			},
		},
		{
			name: "pacman", needs: []string{"pacman", "bsdtar"}, make: makePacman, database: "var/lib/pacman",
			install: func(t *testing.T, root, pkg string) {
				config := filepath.Join(filepath.Dir(pkg), "pacman.conf")
				write(t, config, "[options]\nArchitecture = auto\nSigLevel = Never\nLocalFileSigLevel = Never\n", 0o644)
				if err := os.MkdirAll(filepath.Join(root, "var/lib/pacman"), 0o755); err != nil {
					t.Fatal(err)
				}
				do(t, "", "pacman", "--config", config, "--root", root, "--dbpath", root+"/var/lib/pacman", "--noscriptlet", "--noconfirm", "-U", pkg)
			},
		},
	}
}

// TestRealPackageManagersRecords installs a package with each package manager
// that this machine has, upgrades it, and plants bytes: nothing that it did
// itself is altered, and everything else is found.
func TestRealPackageManagersRecords(t *testing.T) {
	for _, p := range packagers() {
		t.Run(p.name, func(t *testing.T) {
			for _, tool := range p.needs {
				if _, err := exec.LookPath(tool); err != nil {
					t.Skipf("SKIPPED: %s is not installed (make engines installs it)", tool)
				}
			}
			if runtime.GOOS != "linux" || os.Getuid() != 0 {
				t.Skip("SKIPPED: a package manager installs into another root as root of Linux alone")
			}
			p.test(t)
		})
	}
}

func (p *packager) test(t *testing.T) {
	work := t.TempDir()
	contents := func(version string) []file {
		return []file{
			exe("usr/bin/app", program("app "+version)), text("usr/lib/libapp.so.1", library("lib "+version)), link("usr/lib/libapp.so", "libapp.so.1"),
			exe("usr/bin/same", script("the same in every version")), exe("etc/init.d/app", script("start "+version)),
		}
	}
	root := filepath.Join(work, "root")
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	p.install(t, root, p.make(t, filepath.Join(work, "1"), "1", contents("1")))
	base := step(rootFS, read(t, root)...)
	p.install(t, root, p.make(t, filepath.Join(work, "2"), "2", contents("2")))
	// The layer of an upgrade holds the files of the package and its database anew.
	upgrade := step("RUN /bin/sh -c dnf upgrade -y # buildkit", read(t, root)...)
	for _, f := range base.files {
		if _, err := os.Lstat(filepath.Join(root, f.path)); err != nil {
			upgrade.files = append(upgrade.files, gone(strings.TrimSuffix(f.path, "/")))
		}
	}

	programs := []string{"usr/bin/app", "usr/lib/libapp.so.1", "usr/bin/same", "etc/init.d/app"}
	intact := func(version string, a *account.Account) {
		t.Helper()
		for _, path := range programs {
			claimed{account.Intact, "app " + version, ""}.check(t, entry(t, a, path))
		}
		if a.Executables-a.ByStatus[account.Generated] != len(programs) {
			t.Errorf("%s: %+v", a.Line(), a.Entries)
		}
	}
	intact("1", of(t, base))
	intact("2", of(t, base, upgrade))
	for _, path := range programs {
		planted := exe(path, program("planted"))
		for _, layers := range [][]layer{{base.and(planted)}, {base, upgrade.and(planted)}, {base, upgrade, step(build, planted)}, {base, step("RUN /bin/sh -c rm -rf /"+p.database, gone(p.database)), step(build, planted)}} {
			if len(layers) == 3 && p.name == "pacman" && strings.Contains(layers[1].by, "rm -rf") {
				continue // each package has a record of its own, which removing the package takes away too
			}
			claimed{account.Altered, "app", ""}.check(t, entry(t, of(t, layers...), path))
		}
	}
	old := of(t, base, upgrade, step(copied, exe("usr/bin/app", program("app 1"))))
	claimed{account.Altered, "app 2", "rewritten by layer 2"}.check(t, entry(t, old, "usr/bin/app"))
	replaced := of(t, base, step(build, text("usr/lib/libapp.so", library("planted"))))
	claimed{account.Altered, "app 1", "in the place of a link"}.check(t, entry(t, replaced, "usr/lib/libapp.so"))
	if a := of(t, base, step(build, exe("etc/init.d/app", script("edited")))); a.Tampered() != 0 || a.ByStatus[account.Altered] != 1 {
		t.Errorf("an edited setting: %s, %d tampered", a.Line(), a.Tampered())
	}
}

func makeRPM(t *testing.T, work, version string, files []file) string {
	var install, list strings.Builder
	for _, f := range files {
		from := filepath.Join(work, "files", f.path)
		place(t, from, f)
		fmt.Fprintf(&install, "mkdir -p %%{buildroot}/%s; cp -a %s %%{buildroot}/%s\n", filepath.Dir(f.path), from, f.path)
		if strings.HasPrefix(f.path, "etc/") {
			list.WriteString("%config(noreplace) ")
		}
		fmt.Fprintf(&list, "/%s\n", f.path)
	}
	spec := filepath.Join(work, "app.spec")
	write(t, spec, fmt.Sprintf(`%%global debug_package %%{nil}
%%global __os_install_post %%{nil}
%%global _build_id_links none
Name: app
Version: %s
Release: 1
Summary: A package of a test
License: MIT
AutoReqProv: no
%%description
A package of a test.
%%install
%s
touch %%{buildroot}/usr/bin/made
%%files
%s%%ghost /usr/bin/made
`, version, install.String(), list.String()), 0o644)
	do(t, work, "rpmbuild", "--define", "_topdir "+work+"/build", "-bb", spec)
	found, err := filepath.Glob(work + "/build/RPMS/*/app-*.rpm")
	if err != nil || len(found) != 1 {
		t.Fatalf("rpmbuild made %v (%v)", found, err)
	}
	return found[0]
}

// makePacman packs as makepkg does, which does not run as root.
func makePacman(t *testing.T, work, version string, files []file) string {
	dir := filepath.Join(work, "files")
	arch := strings.TrimSpace(do(t, "", "uname", "-m"))
	for _, f := range files {
		place(t, filepath.Join(dir, f.path), f)
	}
	write(t, filepath.Join(dir, ".PKGINFO"), "pkgname = app\npkgbase = app\npkgver = "+version+"-1\npkgdesc = A package of a test\nurl = https://example.com\nbuilddate = 1\npackager = nobody\nsize = 1\narch = "+arch+"\nlicense = MIT\nbackup = etc/init.d/app\n", 0o644)
	do(t, dir, "bsdtar", "-czf", ".MTREE", "--format=mtree", "--options=!all,use-set,type,uid,gid,mode,time,size,md5,sha256,link", ".PKGINFO", "etc", "usr")
	pkg := filepath.Join(work, "app-"+version+"-1-"+arch+".pkg.tar.gz")
	do(t, dir, "bsdtar", "--no-fflags", "-czf", pkg, ".MTREE", ".PKGINFO", "etc", "usr")
	return pkg
}

func place(t *testing.T, path string, f file) {
	t.Helper()
	if f.target == "" {
		write(t, path, f.content, fs.FileMode(f.mode))
		return
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(f.target, path); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, content string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func do(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir, c.Env = dir, append(os.Environ(), "LC_ALL=C", "HOME="+t.TempDir())
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// read lists the files of a folder as a layer has them.
func read(t *testing.T, root string) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		name := strings.TrimPrefix(path, root+"/")
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch {
		case d.IsDir():
			files = append(files, file{path: name + "/"})
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			files = append(files, link(name, target))
		case info.Mode().IsRegular():
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files = append(files, file{path: name, content: string(b), mode: int64(info.Mode().Perm())})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
