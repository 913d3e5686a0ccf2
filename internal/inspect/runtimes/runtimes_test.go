package runtimes

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// The inspector must be usable by the walker in both ways.
var (
	_ inspect.WholeInspector  = (*inspector)(nil)
	_ inspect.StreamInspector = (*inspector)(nil)
)

// inspectBytes runs a file through the inspector as the walker does, in pieces of the given size.
func inspectBytes(t testing.TB, in inspect.Inspector, p string, content []byte, piece int) evidence.Fragment {
	t.Helper()
	f := &inspect.File{Path: p, Size: int64(len(content)), Mode: 0o755}
	var out evidence.Fragment
	switch in.Wants(f) {
	case inspect.Whole:
		if err := in.(inspect.WholeInspector).Inspect(context.Background(), f, content, &out); err != nil {
			t.Fatalf("inspect %s: %v", p, err)
		}
	case inspect.Stream:
		sink := in.(inspect.StreamInspector).Open(context.Background(), f, &out)
		for len(content) > 0 {
			n := min(piece, len(content))
			_, err := sink.Write(content[:n])
			if errors.Is(err, inspect.ErrEnough) {
				break
			}
			if err != nil {
				t.Fatalf("write %s: %v", p, err)
			}
			content = content[n:]
		}
		if err := sink.Close(); err != nil {
			t.Fatalf("close %s: %v", p, err)
		}
	}
	return out
}

// versionFrom runs the sample against one row alone.
func versionFrom(t testing.TB, row classifier, p, content string) string {
	t.Helper()
	in := &inspector{index: newPathIndex([]classifier{row})}
	if in.Wants(&inspect.File{Path: p}) != inspect.Stream {
		t.Errorf("%s: no glob matches the sample's path %s", row.id, p)
	}
	out := inspectBytes(t, in, p, []byte(content), len(content))
	switch len(out.Packages) {
	case 0:
		return ""
	case 1:
		return out.Packages[0].Version
	}
	t.Errorf("%s: %d packages from one row", row.id, len(out.Packages))
	return ""
}

func TestEveryRowReadsItsSamples(t *testing.T) {
	for _, row := range table() {
		for i, s := range row.tests {
			if got := versionFrom(t, row, s.path, s.content); got != s.want {
				t.Errorf("%s: sample %d (%q): got version %q, want %q", row.id, i, s.content, got, s.want)
			}
		}
	}
}

func TestEveryRowIsComplete(t *testing.T) {
	if n := len(table()); n < 90 {
		t.Errorf("the table has %d rows, fewer than the 90 promised", n)
	}
	seen := map[string]bool{}
	cpe := regexp.MustCompile(`^[a-z0-9._-]+:(?:[a-z0-9._-]|\\/)+$`)
	for _, row := range table() {
		if seen[row.id] {
			t.Errorf("%s: identifier used twice", row.id)
		}
		seen[row.id] = true
		if row.name == "" || row.source == "" || row.verified == "" || len(row.globs) == 0 || len(row.find) == 0 {
			t.Errorf("%s: name, source, verified, globs or find is missing", row.id)
		}
		for _, c := range row.cpes {
			if !cpe.MatchString(c) {
				t.Errorf("%s: %q is no vendor:product", row.id, c)
			}
		}
		for _, g := range row.globs {
			if _, err := path.Match(g, "x"); err != nil || strings.HasPrefix(path.Base(g), "*") {
				t.Errorf("%s: glob %q is malformed or begins with a wildcard", row.id, g)
			}
		}
		var good, bad bool
		for _, s := range row.tests {
			good, bad = good || s.want != "", bad || s.want == ""
		}
		if !good || !bad {
			t.Errorf("%s: needs a good and a bad sample", row.id)
		}
		checkPatterns(t, row)
	}
}

func checkPatterns(t *testing.T, row classifier) {
	t.Helper()
	for _, p := range row.find {
		if len(p.anchor) < 2 {
			if p.anchor != "." {
				t.Errorf("%s: anchor %q is too short to search for", row.id, p.anchor)
			}
		}
		if p.before+len(p.anchor)+p.after > maxWindow+len(p.anchor) {
			t.Errorf("%s: window of %d bytes is wider than %d", row.id, p.before+p.after, maxWindow)
		}
		if n := p.re().NumSubexp(); n < 1 {
			t.Errorf("%s: expression %s has no group for the version", row.id, p.re())
		}
	}
}

func TestPackageOfARow(t *testing.T) {
	tests := []struct {
		path, content string
		want          inventory.Package
	}{
		{
			"usr/local/bin/node", "\x00node.js/v18.20.4\x00",
			inventory.Package{
				Type: "generic", Name: "node", Version: "18.20.4", Path: "usr/local/bin/node", Inspector: "runtimes",
				CPEs: []string{`cpe:2.3:a:nodejs:node.js:18.20.4:*:*:*:*:*:*:*`},
			},
		},
		{
			"usr/local/lib/erlang/releases/26/OTP_VERSION", "26.2.5\n",
			inventory.Package{
				Type: "generic", Name: "erlang", Version: "26.2.5", Path: "usr/local/lib/erlang/releases/26/OTP_VERSION", Inspector: "runtimes",
				CPEs: []string{`cpe:2.3:a:erlang:erlang\/otp:26.2.5:*:*:*:*:*:*:*`},
			},
		},
		{
			"usr/sbin/sshd", "\x00OpenSSH_9.2p1\x00",
			inventory.Package{
				Type: "generic", Name: "openssh", Version: "9.2p1", Path: "usr/sbin/sshd", Inspector: "runtimes",
				CPEs: []string{`cpe:2.3:a:openbsd:openssh:9.2:p1:*:*:*:*:*:*`},
			},
		},
		{
			"usr/local/lib/libpython3.13.so.1.0", "\x003.13.0rc2\x00",
			inventory.Package{
				Type: "generic", Name: "python", Version: "3.13.0rc2", Path: "usr/local/lib/libpython3.13.so.1.0", Inspector: "runtimes",
				CPEs: []string{`cpe:2.3:a:python:python:3.13.0:rc2:*:*:*:*:*:*`, `cpe:2.3:a:python_software_foundation:python:3.13.0:rc2:*:*:*:*:*:*`},
			},
		},
		{
			"bin/consul", "<!-- CONSUL_VERSION: 1.15.2\n",
			inventory.Package{
				Type: "golang", Namespace: "github.com/hashicorp", Name: "consul", Version: "v1.15.2", Path: "bin/consul", Inspector: "runtimes",
				CPEs: []string{`cpe:2.3:a:hashicorp:consul:1.15.2:*:*:*:*:*:*:*`},
			},
		},
	}
	in := Inspector()
	for _, tt := range tests {
		out := inspectBytes(t, in, tt.path, []byte(tt.content), 7)
		if diff := cmp.Diff([]inventory.Package{tt.want}, out.Packages); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.path, diff)
		}
	}
}

func TestTheMoreParticularProductOfAGroupWins(t *testing.T) {
	tests := []struct{ path, content, want string }{
		{"usr/bin/openssl", "\x00OpenSSL 1.1.1w  11 Sep 2023\x00 ... \x00OpenSSL 1.1.1 (compatible; AWS-LC 1.69.0)\x00", "aws-lc 1.69.0"},
		{"usr/bin/mysql", "\x008.0.35\x00mysql_close\x00/BUILD/percona-server-8.0.35-27/mysys", "percona-server 8.0.35"},
		{"opt/graalvm/bin/java", "\x00openjdk\x00java\x0021.0\x0021.0.2+13-jvmci-23.1-b30\x00", "graalvm 21.0.2+13-jvmci-23.1-b30"},
		{"usr/sbin/mysqld", "-cluster-gpl\x005.7.33-ndb-7.6.17\x00", "mysql-server 5.7.33, mysql-cluster 7.6.17"},
		{"usr/local/openresty/nginx/sbin/nginx", "nginx version: openresty/1.21.4.1\n", "nginx 1.21.4, openresty 1.21.4.1"},
	}
	in := Inspector()
	for _, tt := range tests {
		var got []string
		for _, p := range inspectBytes(t, in, tt.path, []byte(tt.content), 1<<20).Packages {
			got = append(got, p.Name+" "+p.Version)
		}
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("%s: got %q, want %q", tt.path, s, tt.want)
		}
	}
}

func TestWantsNothingOfOrdinaryFiles(t *testing.T) {
	in := Inspector()
	for _, p := range []string{
		"etc/passwd", "usr/bin/ls", "usr/lib/x86_64-linux-gnu/libm.so.6", "app/node_modules/node/package.json", "etc/release",
		"usr/lib/python3/dist-packages/yaml/reader.py", "VERSION", "usr/share/doc/VERSION", "release", "usr/lib/libc.a", "", "/",
	} {
		if got := in.Wants(&inspect.File{Path: p}); got != inspect.Nothing {
			t.Errorf("Wants(%q) = %v, want Nothing", p, got)
		}
	}
	for p, want := range map[string]inspect.Want{
		"usr/local/go/VERSION":      inspect.Stream,
		"go/VERSION":                inspect.Stream,
		"opt/java/openjdk/release":  inspect.Whole,
		"usr/local/bin/python3.12":  inspect.Stream,
		"opt/firefox/firefox":       inspect.Nothing,
		"bin/[":                     inspect.Stream,
		"usr/local/bin/ghc-9.6.5":   inspect.Stream,
		"nginx":                     inspect.Stream,
		"wp-includes/version.php":   inspect.Stream,
		"x/wp-includes/version.php": inspect.Stream,
	} {
		if got := in.Wants(&inspect.File{Path: p}); got != want {
			t.Errorf("Wants(%q) = %v, want %v", p, got, want)
		}
	}
}

// TestBlockBordersDoNotMatter puts the evidence across every offset near the
// border of a block, delivered in pieces of several sizes.
func TestBlockBordersDoNotMatter(t *testing.T) {
	evidence := []byte("\x00nginx version: nginx/1.22.1\n\x00")
	in := Inspector()
	for off := maxBlock - 200; off < maxBlock+400; off += 3 {
		content := append(bytes.Repeat([]byte("n"), off), evidence...)
		content = append(content, bytes.Repeat([]byte{0}, 300)...)
		for _, piece := range []int{1 << 20, 4093} {
			out := inspectBytes(t, in, "usr/sbin/nginx", content, piece)
			if len(out.Packages) != 1 || out.Packages[0].Version != "1.22.1" {
				t.Fatalf("offset %d, pieces of %d: got %+v", off, piece, out.Packages)
			}
		}
	}
}

func TestASinkStopsOnceTheOutcomeIsSettled(t *testing.T) {
	in := Inspector().(inspect.StreamInspector)
	var out evidence.Fragment
	sink := in.Open(context.Background(), &inspect.File{Path: "usr/local/bin/node", Size: 5 * maxBlock}, &out)
	content := append([]byte("\x00node.js/v18.20.4\x00"), make([]byte, 4*maxBlock)...)
	if _, err := sink.Write(content); !errors.Is(err, inspect.ErrEnough) {
		t.Errorf("got %v, want ErrEnough", err)
	}
	if _, err := sink.Write(content); !errors.Is(err, inspect.ErrEnough) {
		t.Errorf("after enough: got %v, want ErrEnough", err)
	}
	if err := sink.Close(); err != nil || len(out.Packages) != 1 {
		t.Errorf("got %v, %+v", err, out.Packages)
	}
}

func TestAHostileFileOfAnchorsIsGivenUp(t *testing.T) {
	content := bytes.Repeat([]byte("\x001.9"), 8<<20)
	out := inspectBytes(t, Inspector(), "usr/local/bin/envoy", content, 1<<20)
	if len(out.Packages) != 0 || len(out.Problems) != 1 {
		t.Errorf("got %+v, want one problem and no package", out)
	}
}

func TestSeriesOfFileNames(t *testing.T) {
	for p, want := range map[string]string{
		"usr/lib/libpython3.8.so.1.0": "3.8", "bin/python3.12": "3.12", "bin/python3": "", "bin/python": "",
		"x/libpython3.13t.so": "3.13", "3/x": "", "bin/python3.": "",
	} {
		if got := seriesOf(p); got != want {
			t.Errorf("seriesOf(%q) = %q, want %q", p, got, want)
		}
	}
}

func TestRubyAndJavaVersionsForCPEs(t *testing.T) {
	for _, tt := range []struct {
		fn                  func(string) (string, string)
		version, v, updated string
	}{
		{rubyCPEVersion, "3.1.2p20", "3.1.2", ""},
		{rubyCPEVersion, "3.4.0preview1", "3.4.0", "preview1"},
		{rubyCPEVersion, "3.2.1", "3.2.1", ""},
		{javaCPEVersion, "17.0.12+7-LTS", "17.0.12", ""},
		{javaCPEVersion, "1.8.0_052-b08", "1.8.0", "update52"},
		{javaCPEVersion, "21-ea", "21", ""},
		{pythonCPEVersion, "3.12.0a1", "3.12.0", "alpha1"},
		{pythonCPEVersion, "3.12.0b4", "3.12.0", "beta4"},
		{opensshCPEVersion, "9.2p1", "9.2", "p1"},
	} {
		if v, u := tt.fn(tt.version); v != tt.v || u != tt.updated {
			t.Errorf("%s: got %q, %q, want %q, %q", tt.version, v, u, tt.v, tt.updated)
		}
	}
}

// FuzzChunking holds the property that the way bytes arrive never changes what is found.
func FuzzChunking(f *testing.F) {
	for _, row := range table() {
		s := row.tests[0]
		f.Add(s.path, []byte(s.content), uint16(0), uint64(1))
	}
	f.Add("usr/bin/redis-server", []byte("000000000\x00"), uint16(65500), uint64(2))
	in := Inspector()
	f.Fuzz(func(t *testing.T, p string, tail []byte, pad uint16, seed uint64) {
		content := append(make([]byte, int(pad)), tail...)
		whole := inspectBytes(t, in, p, content, max(len(content), 1))
		rng := rand.New(rand.NewPCG(seed, 1))
		pieces := inspectBytes(t, in, p, content, 1+rng.IntN(len(content)+1))
		if diff := cmp.Diff(whole, pieces); diff != "" {
			t.Errorf("pieces change the result (-whole +pieces):\n%s", diff)
		}
		for _, pkg := range whole.Packages {
			checkFound(t, p, pkg)
		}
	})
}

func checkFound(t *testing.T, p string, pkg inventory.Package) {
	t.Helper()
	if pkg.Path != p || pkg.Name == "" || pkg.Version == "" || len(pkg.Version) > 80 || pkg.Inspector != Name {
		t.Errorf("implausible package %+v", pkg)
	}
	if strings.ContainsFunc(pkg.Version, func(r rune) bool { return r <= ' ' || r > '~' }) {
		t.Errorf("version %q holds unprintable bytes", pkg.Version)
	}
	for _, c := range pkg.CPEs {
		if n := len(splitCPE(c)); n != 13 {
			t.Errorf("CPE %q has %d parts, want 13", c, n)
		}
	}
}

// splitCPE splits at colons that are not quoted.
func splitCPE(s string) []string {
	return strings.Split(strings.ReplaceAll(s, `\:`, ""), ":")
}

func BenchmarkNoMatch(b *testing.B) {
	content := executableLike(50 << 20)
	for _, p := range []string{"usr/sbin/nginx", "usr/local/bin/node", "usr/local/bin/python3.11", "usr/local/bin/redis-server", "usr/bin/openssl"} {
		b.Run(path.Base(p), func(b *testing.B) { benchmarkFile(b, p, content) })
	}
}

// executableLike makes bytes about as common as in Debian's programs: a quarter
// NUL, a third a few instruction bytes, a sixteenth lower-case letters, and a tenth of
// a percent of each other.
func executableLike(size int) []byte {
	const instructions = "\xff\x89\x0f\x01\x8b\xe8\x08\x8d\x83\x0e\x85\xc0HHHH$tLADEI @"
	content := make([]byte, size)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range content {
		r := rng.Uint32()
		switch kind := r % 16; {
		case kind < 4:
		case kind < 10:
			content[i] = instructions[(r>>8)%uint32(len(instructions))]
		case kind < 11:
			content[i] = 'a' + byte((r>>8)%26)
		default:
			content[i] = byte(r >> 8)
		}
	}
	return content
}

func benchmarkFile(b *testing.B, p string, content []byte) {
	in := Inspector().(inspect.StreamInspector)
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		var out evidence.Fragment
		sink := in.Open(context.Background(), &inspect.File{Path: p, Size: int64(len(content))}, &out)
		for piece := range slices.Chunk(content, 256<<10) {
			if _, err := sink.Write(piece); err != nil {
				b.Fatal(err)
			}
		}
		if err := sink.Close(); err != nil || len(out.Packages) != 0 {
			b.Fatal(err, out.Packages)
		}
	}
}

func BenchmarkWants(b *testing.B) {
	in := Inspector()
	f := &inspect.File{Path: "usr/lib/python3/dist-packages/yaml/reader.py"}
	for b.Loop() {
		if in.Wants(f) != inspect.Nothing {
			b.Fatal("wanted")
		}
	}
}
