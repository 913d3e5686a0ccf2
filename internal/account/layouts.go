package account

import (
	"path"
	"slices"
	"strings"

	"plimsoll/internal/inventory"
)

// layout says what belongs to a runtime, relative to its prefix (the folder above
// bin): what official images bring by make install or from an archive, and no
// package manager lists. A pattern is one of package path, or a folder of one
// with "/**" for all below it.
type layout struct {
	patterns []string
	// ownFolder is set where the patterns hold only in a folder that is the
	// runtime's own (/opt/java/openjdk), since they take in everything there.
	ownFolder bool
}

// sharedFolders are prefixes that no runtime has for itself.
var sharedFolders = words(`usr usr/local usr/lib usr/lib64 usr/share usr/libexec usr/local/lib usr/local/share opt srv home root app`)

// layouts follow the Dockerfiles of the official images (github.com/docker-library,
// adoptium/containers, julialang, and the upstream archives that they unpack).
var layouts = map[string]layout{
	"python": {patterns: []string{"bin/python*", "bin/pip*", "bin/idle*", "bin/pydoc*", "bin/2to3*", "bin/wheel", "bin/easy_install*", "lib/libpython*", "lib/python*/**"}},
	"pypy":   {patterns: []string{"bin/**", "lib/**", "lib-python/**", "lib_pypy/**", "site-packages/**"}, ownFolder: true},
	"node":   {patterns: []string{"bin/node", "bin/nodejs", "bin/npm", "bin/npx", "bin/corepack", "lib/libnode*", "lib/node_modules/npm/**", "lib/node_modules/corepack/**"}},
	"go":     {patterns: []string{"bin/go", "bin/gofmt", "pkg/**", "src/**", "misc/**", "test/**", "lib/**", "api/**"}, ownFolder: true},
	"ruby": {patterns: []string{
		"bin/ruby", "bin/irb", "bin/gem", "bin/erb", "bin/rdoc", "bin/ri", "bin/bundle*", "bin/rake", "bin/rbs", "bin/racc", "bin/typeprof", "bin/rdbg",
		"bin/syntax_suggest", "bin/test-unit", "lib/libruby*", "lib/ruby/**",
	}},
	"php": {patterns: []string{"bin/php*", "bin/phar*", "bin/docker-php-*", "bin/pecl", "bin/pear*", "sbin/php-fpm", "lib/php/**", "lib/libphp*"}},
	"perl": {patterns: append(under("bin", `perl* corelist cpan cpanm cpm enc2xs encguess h2ph h2xs instmodsh json_pp libnetcfg piconv pl2pm pod2* podchecker prove
		ptar* shasum splain streamzip xsubpp zipdetails`), "lib/perl5/**")},
	"openjdk": {patterns: []string{"bin/*", "lib/**", "jre/**", "demo/**", "sample/**"}, ownFolder: true},
	"erlang":  {patterns: append(under("bin", "erl erlc erl_call escript epmd dialyzer ct_run typer run_erl to_erl"), "lib/erlang/**")},
	"rust": {patterns: append(under("bin", "rustc rustdoc rustfmt rust-* rustup cargo* clippy-driver"),
		"lib/librustc*", "lib/libstd-*", "lib/libtest-*", "lib/libLLVM*", "lib/rustlib/**", "libexec/rust-*", "libexec/cargo-*")},
	"julia":      {patterns: []string{"bin/*", "lib/**", "libexec/**", "share/**"}, ownFolder: true},
	"httpd":      {patterns: []string{"bin/*", "lib/**", "modules/**", "cgi-bin/**", "build/**"}, ownFolder: true},
	"nginx":      {patterns: []string{"sbin/nginx*", "modules/**"}},
	"redis":      {patterns: under("bin", "redis-*")},
	"valkey":     {patterns: under("bin", "valkey-*")},
	"postgresql": {patterns: append(under("bin", "clusterdb createdb createuser dropdb dropuser ecpg initdb oid2name pg_* pgbench postgres psql reindexdb vacuumdb vacuumlo"), "lib/postgresql/**", "lib/libpq*", "lib/libecpg*", "lib/libpgtypes*")},
	"dotnet":     {patterns: []string{"dotnet", "host/**", "shared/**", "sdk/**", "packs/**"}, ownFolder: true},
	"gcc": {patterns: append(under("bin", "gcc* g++* c++* cpp gcov* gfortran gccgo gdc gnat* lto-dump *-linux-gnu*-g* *-linux-gnu*-c++"),
		"lib*/libstdc++*", "lib*/libgcc_s*", "lib*/libgfortran*", "lib*/libgomp*", "lib*/libitm*", "lib*/libatomic*", "lib*/lib?san*", "lib*/libhwasan*",
		"lib*/libubsan*", "lib*/libquadmath*", "lib*/libssp*", "lib*/libobjc*", "lib*/libgo.*", "lib*/libcc1*", "lib/gcc/**", "libexec/gcc/**")},
}

// under puts each of some names below a folder.
func under(folder, names string) []string {
	var list []string
	for _, name := range strings.Fields(names) {
		list = append(list, folder+"/"+name)
	}
	return list
}

// layoutOf is the key of layouts for a recognised package, "" where it has none.
func layoutOf(p *inventory.Package) string {
	switch name := p.Name; {
	case strings.HasPrefix(name, "php"):
		return "php"
	case strings.HasPrefix(name, "dotnet"), strings.HasPrefix(name, "aspnet"):
		return "dotnet"
	case name == "java", name == "zulu", strings.Contains(name, "jdk"), strings.Contains(name, "jre"), strings.Contains(name, "graalvm"), strings.Contains(name, "openj9"):
		return "openjdk"
	default:
		if _, ok := layouts[name]; ok {
			return name
		}
	}
	return ""
}

// prefixOf is the folder that a runtime was installed into, told from the file
// that proves it: what precedes the first pattern that the file fits, or the
// file's own folder (GOROOT/VERSION, a JVM's release file).
func prefixOf(file string, l layout) string {
	for dir := parent(file); ; dir = parent(dir) {
		if l.holds(strings.TrimPrefix(file[len(dir):], "/")) {
			return dir
		}
		if dir == "" {
			return parent(file)
		}
	}
}

func (l layout) holds(file string) bool {
	return slices.ContainsFunc(l.patterns, func(pattern string) bool { return fits(file, pattern) })
}

// fits matches a path with a pattern whose end may be "/**".
func fits(file, pattern string) bool {
	folder, below := strings.CutSuffix(pattern, "/**")
	if below {
		end := 0
		for range strings.Count(folder, "/") + 1 {
			next := strings.IndexByte(file[end:], '/')
			if next < 0 {
				return false
			}
			end += next + 1
		}
		file = file[:end-1]
	}
	match, _ := path.Match(folder, file)
	return match
}
