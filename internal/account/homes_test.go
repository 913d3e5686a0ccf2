package account_test

import (
	"strings"
	"testing"

	"plimsoll/internal/account"
)

// TestFilesOfRecognisedRuntimes has the files that official images' steps leave,
// and what stands beside them.
func TestFilesOfRecognisedRuntimes(t *testing.T) {
	python := exe("usr/local/bin/python3.11", program("pymalloc_debug\x003.11.2\x00strict"))
	node := exe("usr/local/bin/node", program("/json\x00node.js/v18.20.4\x00(delegate_) != nullptr"))
	java := exe("opt/java/openjdk/bin/java", program("%s\n\x00openjdk\x00java\x000.0\x0017.0.15+6\x00-J-ms8m"))
	golang := text("usr/local/go/VERSION", "go1.22.3\ntime 2024-05-01T19:49:47Z\n")
	at := func(path string) file { return exe(path, program(path)) }
	for name, c := range map[string]struct {
		proof file
		at    string
		want  claimed
	}{
		"python itself":                      {python, python.path, claimed{account.Runtime, "python 3.11.2", "recognised by its content"}},
		"python's modules":                   {python, "usr/local/lib/python3.11/lib-dynload/_ssl.cpython-311.so", claimed{account.Runtime, "python 3.11.2", "by the same layer"}},
		"pip":                                {python, "usr/local/bin/pip3.11", claimed{account.Runtime, "python 3.11.2", ""}},
		"beside python":                      {python, "usr/local/bin/evil", claimed{account.Built, "", ""}},
		"under python's folder's name":       {python, "opt/lib/python3.11/x", claimed{account.Built, "", ""}},
		"node's npm":                         {node, "usr/local/lib/node_modules/npm/bin/npm-cli.js", claimed{account.Runtime, "node 18.20.4", ""}},
		"beside npm":                         {node, "usr/local/lib/node_modules/evil/x", claimed{account.Built, "", ""}},
		"java's tools":                       {java, "opt/java/openjdk/bin/keytool", claimed{account.Runtime, "openjdk 17.0.15+6", ""}},
		"java's libraries":                   {java, "opt/java/openjdk/lib/server/libjvm.so", claimed{account.Runtime, "openjdk 17.0.15+6", ""}},
		"beside java":                        {java, "opt/java/evil", claimed{account.Built, "", ""}},
		"java in a folder that others share": {exe("usr/bin/java", java.content), "usr/bin/evil", claimed{account.Built, "", ""}},
		"java itself there":                  {exe("usr/bin/java", java.content), "usr/bin/java", claimed{account.Runtime, "openjdk 17.0.15+6", ""}},
		"go's tools":                         {golang, "usr/local/go/pkg/tool/linux_amd64/compile", claimed{account.Runtime, "go 1.22.3", ""}},
		"go's scripts":                       {golang, "usr/local/go/src/all.bash", claimed{account.Runtime, "go 1.22.3", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			files := []file{c.proof}
			if c.at != c.proof.path {
				files = append(files, at(c.at))
			}
			c.want.check(t, entry(t, of(t, step(rootFS), step(build, files...)), c.at))
			if c.want.status == account.Runtime && c.at != c.proof.path {
				later := entry(t, of(t, step(rootFS), step(build, c.proof), step(copied, at(c.at))), c.at)
				claimed{account.Built, "", "added by layer 2"}.check(t, later)
			}
		})
	}
}

// TestARuntimeOfADistributionVouchesForNothing has Python from a package: what
// lies in its folders and no package owns is not the runtime's.
func TestARuntimeOfADistributionVouchesForNothing(t *testing.T) {
	python := deb{name: "python3.11-minimal", version: "3.11.2-6", files: []file{exe("usr/bin/python3.11", program("pymalloc_debug\x003.11.2\x00strict"))}}
	a := of(t, step(rootFS, dpkg(python)...).and(exe("usr/lib/python3.11/evil.so", library("x"))))
	claimed{account.Intact, "python3.11-minimal 3.11.2-6", ""}.check(t, entry(t, a, "usr/bin/python3.11"))
	claimed{account.Unaccounted, "", ""}.check(t, entry(t, a, "usr/lib/python3.11/evil.so"))
}

// TestTwoInstallationsOfOneRuntimeAreBothRecognised has the same version twice.
func TestTwoInstallationsOfOneRuntimeAreBothRecognised(t *testing.T) {
	content := program("pymalloc_debug\x003.11.2\x00strict")
	a := of(t, step(rootFS), step(build, exe("opt/a/bin/python3.11", content), exe("opt/a/bin/pip", script("")), exe("opt/b/bin/python3.11", content), exe("opt/b/bin/pip", script(""))))
	if a.ByStatus[account.Runtime] != 4 {
		t.Errorf("%s", strings.Join([]string{a.Line()}, ""))
	}
}
