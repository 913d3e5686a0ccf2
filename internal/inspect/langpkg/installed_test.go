package langpkg

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
)

// listed writes the lists of files beside the packages, a line for each list and
// each file.
func listed(t *testing.T, out evidence.Fragment) []string {
	t.Helper()
	checkSums(t, &out)
	var lines []string
	for _, o := range out.Sums {
		lines = append(lines, strings.Join([]string{o.Type, o.Package, o.Version, "in", o.Database}, " "))
		var digests []string
		for d := range o.Digests.All() {
			digests = append(digests, hex.EncodeToString(d))
		}
		i := 0
		for p := range o.Paths.All() {
			lines = append(lines, string(p)+" "+digests[i])
			i++
		}
	}
	return lines
}

func TestPackagesListTheirFilesWithDigests(t *testing.T) {
	const (
		abc       = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
		abcRecord = "sha256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
		empty     = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	)
	tests := []struct {
		name, path, content string
		inspector           inspect.Inspector
		want                []string
	}{
		{
			"a wheel's record", "usr/lib/python3/site-packages/Zope.Interface_x-5.4.0.dist-info/RECORD",
			"zope/__init__.py," + abcRecord + ",3\r\n" +
				"zope/__pycache__/__init__.cpython-311.pyc,,\n" +
				"../../../bin/zope," + abcRecord + ",3\n" +
				"\"zope/a, \"\"b\"\".py\"," + abcRecord + "=,3\n" +
				"/opt/tool," + abcRecord + ",3\n" +
				"../../../../../../../../etc/passwd," + abcRecord + ",3\n" +
				"./zope//./c.py,md5=kAFQmDzST7DWlj99KOF_cg,3\n" +
				"zope/d.py,sha256=short,3\n" +
				"zope/e.py,blake2s=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0,3\n" +
				"\n,,\n\"unclosed\n../../../..,,\n" +
				"Zope.Interface_x-5.4.0.dist-info/RECORD,,",
			Python{},
			[]string{
				"pypi zope-interface-x 5.4.0 in usr/lib/python3/site-packages/Zope.Interface_x-5.4.0.dist-info/RECORD",
				"usr/lib/python3/site-packages/zope/__init__.py " + abc,
				"usr/lib/python3/site-packages/zope/__pycache__/__init__.cpython-311.pyc ",
				"usr/bin/zope " + abc,
				`usr/lib/python3/site-packages/zope/a, "b".py ` + abc,
				"opt/tool " + abc,
				"etc/passwd " + abc,
				"usr/lib/python3/site-packages/zope/c.py ",
				"usr/lib/python3/site-packages/zope/d.py ",
				"usr/lib/python3/site-packages/zope/e.py ",
				"usr/lib/python3/site-packages/Zope.Interface_x-5.4.0.dist-info/RECORD ",
			},
		},
		{
			"a record at the root, without a version", "a.dist-info/RECORD", "a.py," + abcRecord + ",3\n",
			Python{},
			[]string{"pypi a  in a.dist-info/RECORD", "a.py " + abc},
		},
		{"a record of no package", "lib/.dist-info/RECORD", "a.py,,\n", Python{}, nil},
		{
			"an egg's list of files, without digests", "usr/lib/python2.7/dist-packages/PyYAML_x-5.3.1-py2.7-linux-x86_64.egg-info/installed-files.txt",
			"../yaml/__init__.py\n../../../../bin/yaml\nPKG-INFO\n",
			Python{},
			[]string{
				"pypi pyyaml-x 5.3.1 in usr/lib/python2.7/dist-packages/PyYAML_x-5.3.1-py2.7-linux-x86_64.egg-info/installed-files.txt",
				"usr/lib/python2.7/dist-packages/yaml/__init__.py ",
				"usr/bin/yaml ",
				"usr/lib/python2.7/dist-packages/PyYAML_x-5.3.1-py2.7-linux-x86_64.egg-info/PKG-INFO ",
			},
		},
		{
			"a conda record", "opt/conda/conda-meta/openssl-1.1.1k-0.json",
			`{"name":"openssl","files":["bin/openssl","bin/other"],"paths_data":{"paths_version":1,"paths":[
			  {"_path":"bin/openssl","path_type":"hardlink","sha256":"` + abc + `","sha256_in_prefix":"` + abc + `","size_in_bytes":3},
			  {"_path":"bin/c_rehash","path_type":"hardlink","prefix_placeholder":"/home/build","file_mode":"text","sha256":"` + abc + `","sha256_in_prefix":"` + empty + `"},
			  {"_path":"bin/placed","prefix_placeholder":"/home/build","sha256":"` + abc + `"},
			  {"_path":"bin/packed","sha256":"` + abc + `"},
			  {"_path":"lib/\u00e9","sha256":null},
			  {"_path":"lib/folder","path_type":"directory"},
			  {"_path":"bin/wrong","sha256":"zz"},
			  {"sha256":"` + abc + `"}
			]},"version":"1.1.1k"}`,
			Conda{},
			[]string{
				"conda openssl 1.1.1k in opt/conda/conda-meta/openssl-1.1.1k-0.json",
				"opt/conda/bin/openssl " + abc,
				"opt/conda/bin/c_rehash " + empty, // as it was written, with the folder's name
				"opt/conda/bin/placed ",
				"opt/conda/bin/packed " + abc,
				"opt/conda/lib/é ",
				"opt/conda/bin/wrong ",
			},
		},
		{
			"a conda record of old", "conda-meta/a.json", `{"files":["bin/a","lib/b"],"name":"a","version":"1"}`,
			Conda{},
			[]string{"conda a 1 in conda-meta/a.json", "bin/a ", "lib/b "},
		},
		{"a conda record without a version", "conda-meta/a.json", `{"files":["bin/a"],"name":"a"}`, Conda{}, nil},
		{"a conda record that breaks off", "conda-meta/a.json", `{"name":"a","version":"1","paths_data":{"paths":[{"_path":"b"}`, Conda{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, listed(t, run(t, tt.inspector, tt.path, []byte(tt.content), 0))); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestListsCostNoMoreThanTheirFiles holds that a list in a folder with a long name
// can't be turned into many times its size, neither of memory nor of work.
func TestListsCostNoMoreThanTheirFiles(t *testing.T) {
	folder := strings.Repeat(strings.Repeat("x", 200)+"/", 18)
	for name, lines := range map[string]string{
		"the folder again and again": strings.Repeat("a,,\n/b,,\n", 100_000),
		"short names":                strings.Repeat("a,,\n", 200_000),
	} {
		out := run(t, Python{}, folder+"a-1.dist-info/RECORD", []byte(lines), 0)
		if len(out.Sums) != 1 || len(out.Problems) != 1 || !out.Problems[0].Incomplete {
			t.Fatalf("%s: %d lists, problems %+v", name, len(out.Sums), out.Problems)
		}
		if kept := len(out.Sums[0].Paths.Coded) + len(out.Sums[0].Digests.Coded); kept > 5*len(lines) {
			t.Errorf("%s: %d bytes kept of %d", name, kept, len(lines))
		}
	}
}

func BenchmarkPythonRecord(b *testing.B) {
	var s strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&s, "example/module%d/file%d.py,sha256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0,%d\n", i/10, i, i)
	}
	content := []byte(s.String())
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		out := run(b, Python{}, "usr/lib/python3/site-packages/example-1.0.dist-info/RECORD", content, 0)
		if len(out.Sums) != 1 || len(out.Problems) > 0 {
			b.Fatal(out.Problems)
		}
	}
}
