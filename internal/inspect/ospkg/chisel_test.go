package ospkg

import (
	"errors"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"plimsoll/internal/inventory"
)

const chiselSample = `{"jsonwall":"1.0","schema":"1.0","count":8}
{"kind":"content","slice":"libc6_libs","path":"/usr/lib/x86_64-linux-gnu/libc.so.6"}
{"kind":"package","name":"base-files","version":"13ubuntu10.1","sha256":"aa","arch":"amd64"}
{"kind":"package","name":"libc6","version":"2.39-0ubuntu8.3","sha256":"bb","arch":"amd64"}
{"kind":"path","path":"/usr/lib/","mode":"0755","slices":["libc6_libs"]}
{"kind":"path","path":"/etc/passwd","mode":"0644","slices":["base-files_base","libc6_config"],"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","final_sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","size":3}
{"kind":"path","path":"/usr/lib/x86_64-linux-gnu/libc.so.6","mode":"0755","slices":["libc6_config","libc6_libs"],"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":3}
{"kind":"path","path":"/usr/lib/x86_64-linux-gnu/short","mode":"0755","slices":["libc6_libs"],"sha256":"cc","size":3}
{"kind":"path","path":"/var/lib/chisel/manifest.wall","mode":"0644","slices":["base-files_chisel"]}
{"kind":"slice","name":"libc6_libs"}
`

func compressed(tb testing.TB, s string) string {
	tb.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer z.Close()
	return string(z.EncodeAll([]byte(s), nil))
}

func TestChisel(t *testing.T) {
	const path = "var/lib/chisel/manifest.wall"
	out, err := look(t, path, compressed(t, chiselSample))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "databases", []string{path}, out.Databases)
	same(t, "packages", []inventory.Package{
		{Type: "deb", Name: "base-files", Version: "13ubuntu10.1", Arch: "amd64", Path: path, Inspector: "chisel"},
		{Type: "deb", Name: "libc6", Version: "2.39-0ubuntu8.3", Arch: "amd64", Path: path, Inspector: "chisel"},
	}, out.Packages)
	owned := map[string][]string{}
	for _, o := range out.Owned {
		owned[o.Package] = sums(t, &o)
	}
	const passwd = "etc/passwd ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // as a script left it
	same(t, "owned", map[string][]string{
		"base-files": {passwd, "var/lib/chisel/manifest.wall "},
		"libc6": {
			passwd,
			"usr/lib/x86_64-linux-gnu/libc.so.6 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
			"usr/lib/x86_64-linux-gnu/short ",
		},
	}, owned)
	if len(out.Problems) != 1 || out.Problems[0].Incomplete {
		t.Errorf("problems %+v, want a note about source packages", out.Problems)
	}
}

func TestChiselDamageIsSaid(t *testing.T) {
	whole := compressed(t, chiselSample)
	for name, content := range map[string]string{
		"empty": "", "no zstd": "plain", "broken off": whole[:len(whole)-10],
		"no JSON":    compressed(t, "{\"jsonwall\":\"1.0\"}\nnonsense\n"),
		"no version": compressed(t, "{\"kind\":\"package\",\"name\":\"a\"}\n"),
	} {
		if out, err := look(t, "var/lib/chisel/manifest.wall", content); !errors.Is(err, ErrDamaged) || len(out.Databases) != 1 {
			t.Errorf("%s: error %v, want one that wraps ErrDamaged", name, err)
		}
	}
	bomb := compressed(t, strings.Repeat("{\"kind\":\"x\"}\n", maxChiselManifest/12))
	if _, err := look(t, "var/lib/chisel/manifest.wall", bomb); !errors.Is(err, ErrTooLarge) {
		t.Errorf("bomb of %d bytes: error %v, want one that wraps ErrTooLarge", len(bomb), err)
	}
}

func FuzzChisel(f *testing.F) {
	f.Add([]byte(chiselSample), true)
	f.Add([]byte(compressed(f, chiselSample)), false)
	f.Fuzz(func(t *testing.T, content []byte, pack bool) {
		s := string(content)
		if pack {
			s = compressed(t, s)
		}
		out, _ := look(t, "var/lib/chisel/manifest.wall", s)
		checkLists(t, &out)
		for _, p := range out.Packages {
			if p.Name == "" || p.Version == "" {
				t.Errorf("package %+v", p)
			}
		}
	})
}

func TestRedHatBuild(t *testing.T) {
	for content, want := range map[string]string{
		"FROM sha256:1\nLABEL \"com.redhat.component\"=\"ubi8-container\" \\\n  \"architecture\"=\"x86_64\"\n": "ubi8-container-8.2-347-x86_64",
		"LABEL com.redhat.component=\"ubi8-container\"\nLABEL architecture=s390x\n":                            "ubi8-container-8.2-347-s390x",
		"LABEL com.redhat.component ubi8-container\nLABEL architecture x86_64":                                 "ubi8-container-8.2-347-x86_64",
		"FROM scratch\n": "",
	} {
		out, err := look(t, "root/buildinfo/Dockerfile-ubi8-8.2-347", content)
		got := ""
		for _, r := range out.Releases {
			got += r.Build
		}
		if err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", content, got, err, want)
		}
	}
}
