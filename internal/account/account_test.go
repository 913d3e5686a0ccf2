package account_test

import (
	"archive/tar"
	"bytes"
	"crypto/md5"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/account"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
	"plimsoll/internal/scan"
)

// layer is a history line with the files it leaves; a target makes a link.
type layer struct {
	by    string
	files map[string]string
}

const (
	link    = "link:"
	install = "RUN /bin/sh -c apt-get update && apt-get install -y app # buildkit"
)

func program(version string) string {
	return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x03\x00\x3e\x00" + version
}

// installed are the files and the record of a package of one program.
func installed(version, path, content string) map[string]string {
	return map[string]string{
		path:                              content,
		"var/lib/dpkg/status":             "Package: app\nStatus: install ok installed\nArchitecture: amd64\nVersion: " + version + "\n\n",
		"var/lib/dpkg/info/app.list":      "/.\n/" + path + "\n",
		"var/lib/dpkg/info/app.md5sums":   fmt.Sprintf("%x  %s\n", md5.Sum([]byte(content)), path),
		"var/lib/dpkg/info/app.postinst":  "#!/bin/sh\n",
		"usr/lib/python3/x/__init__.py":   "",
		"usr/lib/python3/x/a.py":          "a = 1\n",
		"usr/share/doc/app/changelog.txt": "\x00",
	}
}

// of makes the account of an image through the real pass.
func of(t *testing.T, layers ...layer) *account.Account {
	t.Helper()
	look, err := scan.Content(scan.Rules{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := inspect.New(scan.Inspectors(look), inspect.DefaultLimits())
	in := account.Input{Base: 1}
	for i, l := range layers {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for name, content := range l.files {
			h := &tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}
			if target, ok := strings.CutPrefix(content, link); ok {
				h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, target, 0
			}
			if err := w.WriteHeader(h); err != nil {
				t.Fatal(err)
			}
			if h.Typeflag != tar.TypeSymlink {
				w.Write([]byte(content))
			}
		}
		w.Close()
		e, err := p.Layer(t.Context(), &b, inspect.Blob{})
		if err != nil {
			t.Fatal(err)
		}
		in.Layers = append(in.Layers, e)
		in.Refs = append(in.Refs, inventory.LayerRef{Index: i, CreatedBy: l.by})
	}
	a, _ := account.Of(in)
	return a
}

func TestEveryExecutableHasAnOwnerOrIsNamed(t *testing.T) {
	const path = "usr/bin/app"
	base := layer{"ADD file:0000000000000000000000000000000000000000000000000000000000000000 in / ", installed("1", path, program("1"))}
	with := func(l layer, path, content string) layer {
		files := map[string]string{path: content}
		for k, v := range l.files {
			if _, set := files[k]; !set {
				files[k] = v
			}
		}
		return layer{l.by, files}
	}
	for name, c := range map[string]struct {
		layers []layer
		path   string
		want   account.Status
	}{
		"as its package installed it":            {[]layer{base}, path, account.Intact},
		"changed in the layer that installed it": {[]layer{with(base, path, program("planted"))}, path, account.Altered},
		"changed by a later layer":               {[]layer{base, {"RUN /bin/sh -c make", map[string]string{path: program("planted")}}}, path, account.Altered},
		"upgraded":                               {[]layer{base, {install, installed("2", path, program("2"))}}, path, account.Intact},
		"an old version put back":                {[]layer{base, {install, installed("2", path, program("2"))}, {"COPY app /usr/bin/", map[string]string{path: program("1")}}}, path, account.Altered},
		"recorded under a folder that is a link": {
			[]layer{{base.by, merged(installed("1", "bin/app", program("1")))}}, path, account.Intact,
		},
		"its database deleted later":            {[]layer{base, {"RUN /bin/sh -c rm -rf /var/lib/dpkg", map[string]string{"var/lib/.wh.dpkg": ""}}}, path, account.Intact},
		"dpkg's own script":                     {[]layer{base}, "var/lib/dpkg/info/app.postinst", account.Unverified},
		"copied by the build":                   {[]layer{base, {"COPY --from=build /out /srv # buildkit", map[string]string{"srv/app": program("x")}}}, "srv/app", account.Built},
		"beside what a line only installs":      {[]layer{base, {install, map[string]string{"usr/bin/other": program("x")}}}, "usr/bin/other", account.Unaccounted},
		"of a root file system, and no package": {[]layer{with(base, "usr/bin/other", program("x"))}, "usr/bin/other", account.Unaccounted},
		"of a layer without a history line":     {[]layer{base, {"", map[string]string{"srv/app": program("x")}}}, "srv/app", account.Unaccounted},
		"bytecode beside its source":            {[]layer{with(base, "usr/lib/python3/x/__pycache__/a.cpython-311.pyc", "\xa7\r\r\n\x00\x00\x00\x00")}, "usr/lib/python3/x/__pycache__/a.cpython-311.pyc", account.Generated},
		"bytecode without its source":           {[]layer{with(base, "usr/lib/python3/x/__pycache__/b.cpython-311.pyc", "\xa7\r\r\n\x00\x00\x00\x00")}, "usr/lib/python3/x/__pycache__/b.cpython-311.pyc", account.Unaccounted},
	} {
		t.Run(name, func(t *testing.T) {
			var got []account.Status
			for _, e := range of(t, c.layers...).Entries {
				if e.Path == c.path && e.Liveness == inventory.Visible {
					got = append(got, e.Status)
				}
			}
			if d := cmp.Diff([]account.Status{c.want}, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// merged is a system whose /bin is a link into /usr, with records from before.
func merged(files map[string]string) map[string]string {
	files["usr/bin/app"] = files["bin/app"]
	delete(files, "bin/app")
	files["bin"] = link + "usr/bin"
	return files
}

// TestAPlantedByteIsFound changes each byte of a program in turn.
func TestAPlantedByteIsFound(t *testing.T) {
	content := program("some code")
	for i := 20; i < len(content); i++ {
		changed := []byte(content)
		changed[i] ^= 1
		files := installed("1", "usr/bin/app", content)
		files["usr/bin/app"] = string(changed)
		if a := of(t, layer{install, files}); a.ByStatus[account.Altered] != 1 {
			t.Errorf("byte %d: %s", i, a.Line())
		}
	}
}
