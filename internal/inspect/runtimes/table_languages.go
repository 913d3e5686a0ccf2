package runtimes

import "strings"

// languages are interpreters and compilers.
func languages() []classifier {
	pythonCPEs := []string{"python:python", "python_software_foundation:python"}
	return []classifier{
		{
			id:    "python-binary",
			globs: []string{"python[23].[0-9]*", "libpython[23].[0-9]*.so*"},
			find: []pattern{
				within("\x00{series}.", 0, 16, `\A\x00([0-9]+\.[0-9]+\.[0-9]+(?:(?:a|b|rc)[0-9]+)?)\+?\x00`),
				// Where the prefix ends in the version (pyenv's "…/versions/3.12.1"), the
				// linker keeps the shorter literal as the tail of the longer.
				within("/{series}.", 0, 16, `\A/([0-9]+\.[0-9]+\.[0-9]+(?:(?:a|b|rc)[0-9]+)?)\x00`),
			},
			name: "python", cpes: pythonCPEs, cpeVersion: pythonCPEVersion,
			source:   "CPython Include/patchlevel.h: PY_VERSION, a NUL-ended literal used by Python/getversion.c",
			verified: "Debian 12 python3.11 and libpython3.11.so 3.11.2; CPython 2.7.18 and 3.6.15 to 3.13.0 built by pyenv",
			tests: []sample{
				{"usr/local/bin/python3.11", "pymalloc_debug\x003.11.2\x00strict", "3.11.2"},
				{"usr/local/lib/libpython3.8.so.1.0", "'%s'\x003.8.20\x00%.80s (%.80s) %.80s", "3.8.20"},
				{"home/app/.pyenv/versions/3.12.1/lib/libpython3.12.so.1.0", "\x00/home/app/.pyenv/versions/3.12.1/lib\x00\x00/home/app/.pyenv/versions/3.12.1\x00EXEC_PREFIX", "3.12.1"},
				{"opt/libpython3.13t.so.1.0", "\x003.13.0rc2\x00", "3.13.0rc2"},
				{"usr/lib/libpython2.7.so.1.0", "\x002.6.6\x00 too old \x002.7.x\x00", ""},
			},
		},
		{
			id:    "python-header",
			globs: []string{"python[23]*/patchlevel.h"},
			find:  []pattern{near("PY_VERSION", `#define\s+PY_VERSION\s+"([0-9]+\.[0-9]+\.[0-9]+(?:(?:a|b|rc)[0-9]+)?)\+?"`)},
			name:  "python", cpes: pythonCPEs, cpeVersion: pythonCPEVersion,
			source:   "CPython Include/patchlevel.h",
			verified: "CPython 3.8.16",
			tests: []sample{
				{"usr/local/include/python3.8/patchlevel.h", "#define PY_RELEASE_SERIAL 0\n#define PY_VERSION      \t\"3.8.16\"\n", "3.8.16"},
				{"usr/local/include/python3.8/patchlevel.h", "#define PY_VERSION_HEX 3\n", ""},
			},
		},
		{
			id:    "pypy",
			globs: []string{"libpypy*.so*", "pypy", "pypy[23]*"},
			find:  []pattern{near("[PyPy ", `\[PyPy ([0-9]+\.[0-9]+\.[0-9]+)`)},
			name:  "pypy", cpes: []string{"pypy:pypy"},
			source:   "PyPy pypy/module/sys/version.py: sys.version's second line",
			verified: "Debian 12 pypy3-lib 7.3.11",
			tests: []sample{
				{"opt/pypy/bin/libpypy3.9-c.so", "Dec 30 2024, 22:36:23)\n[PyPy 7.3.11 with \x00\x00", "7.3.11"},
				{"opt/pypy/bin/libpypy3.9-c.so", "works on PyPy 3.9, the module", ""},
			},
		},
		{
			id:    "nodejs-binary",
			globs: []string{"node", "nodejs", "libnode.so*"},
			find: []pattern{
				near("node.js/v", `node\.js/v([0-9]+\.[0-9]+\.[0-9]+)\b`),
				near("\x00v0.", `\x00v(0\.[0-9]+\.[0-9]+)\x00`),
				near("\x00v4.", `\x00v(4\.[0-9]+\.[0-9]+)\x00`),
				near("\x00v5.", `\x00v(5\.[0-9]+\.[0-9]+)\x00`),
				near("\x00v6.", `\x00v(6\.[0-9]+\.[0-9]+)\x00`),
				near("\x00node v0.", `\x00node v(0\.[0-9]+\.[0-9]+)\x00`),
			},
			name: "node", cpes: []string{"nodejs:node.js"},
			source:   "Node.js src/inspector_agent.cc and src/node_version.h: NODE_VERSION; older ones keep it as its own literal",
			verified: "Debian 12 libnode108 18.20.4",
			tests: []sample{
				{"usr/local/bin/node", "/json\x00node.js/v18.20.4\x00(delegate_) != nullptr", "18.20.4"},
				{"usr/local/bin/node", "\x00v4.9.1\x00", "4.9.1"},
				{"usr/local/bin/node", "\x00node v0.10.48\x00", "0.10.48"},
				{"usr/local/bin/node", "node.js/vNext\x00v7.1.2\x00", ""},
			},
		},
		{
			id:    "go-toolchain-version",
			globs: []string{"go/VERSION"},
			find:  []pattern{within("go1.", 8, 32, `(?:\A|\n)go(1\.[0-9]+(?:\.[0-9]+)?(?:(?:rc|beta)[0-9]+)?)(?:[^0-9a-z.]|\z)`)},
			name:  "go", cpes: []string{"golang:go"},
			source:   "Go src/cmd/dist/build.go: findgoversion reads GOROOT/VERSION",
			verified: "go1.26.8 (GOROOT/VERSION)",
			tests: []sample{
				{"usr/local/go/VERSION", "go1.22.3\ntime 2024-05-01T19:49:47Z\n", "1.22.3"},
				{"usr/local/go/VERSION", "go1.19", "1.19"},
				{"usr/local/go/VERSION", "devel go1.23-abcdef", ""},
			},
		},
		{
			id:    "go-binary",
			globs: []string{"bin/go", "bin/go.exe"},
			find:  []pattern{within("\xff Go buildinf:", 0, 64, `go(1\.[0-9]+(?:\.[0-9]+)?(?:(?:rc|beta)[0-9]+)?)\b`)},
			needs: "cmd/go/internal/",
			name:  "go", cpes: []string{"golang:go"},
			source:   "Go debug/buildinfo: header of 32 bytes, then the toolchain's version",
			verified: "go1.26.8 linux/amd64",
			tests: []sample{
				{"usr/local/go/bin/go", "\xff Go buildinf:\x08\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08go1.22.3\x10path\tcmd/go cmd/go/internal/base", "1.22.3"},
				{"usr/bin/go", "\xff Go buildinf:\x08\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08go1.22.3", ""},
			},
		},
		{
			id:    "ruby-binary",
			globs: []string{"ruby", "ruby[0-9].[0-9]", "libruby*.so*"},
			find: []pattern{
				near("ruby ", `ruby ([0-9]+\.[0-9]+\.[0-9]+(?:(?:p|preview|rc|dev)[0-9]*)?) \(20`),
			},
			name: "ruby", cpes: []string{"ruby-lang:ruby"}, cpeVersion: rubyCPEVersion,
			source:   "Ruby version.c: ruby_description",
			verified: "Debian 12 libruby3.1 3.1.2p20",
			tests: []sample{
				{"usr/local/lib/libruby.so.3.1.2", "\x00ruby 3.1.2p20 (2022-04-12 revision 4491bb740a) [x86_64-linux]\x00", "3.1.2p20"},
				{"usr/local/bin/ruby", "\x00ruby 3.4.0preview1 (2024-05-16 master 9d69619623) [x86_64-linux]", "3.4.0preview1"},
				{"usr/local/bin/ruby", "/usr/lib/ruby 3.1.2 and more", ""},
			},
		},
		{
			id:    "php-cli-binary",
			globs: []string{"php", "php[0-9]", "php[0-9][0-9]", "php[0-9].[0-9]"},
			find:  []pattern{near("X-Powered-By: PHP/", phpVersion)},
			name:  "php-cli", cpes: []string{"php:php"},
			source:   "PHP main/SAPI.h: SAPI_PHP_VERSION_HEADER",
			verified: "Debian 12 php8.2-cli 8.2.36",
			tests: []sample{
				{"usr/local/bin/php", "%s,%s\x00X-Powered-By: PHP/8.2.36\x00ZEND", "8.2.36"},
				{"usr/local/bin/php", "X-Powered-By: PHP/\x00", ""},
			},
		},
		{
			id:    "php-fpm-binary",
			globs: []string{"php-fpm", "php-fpm[0-9]*"},
			find:  []pattern{near("X-Powered-By: PHP/", phpVersion)},
			name:  "php-fpm", cpes: []string{"php:php"},
			source:   "PHP main/SAPI.h: SAPI_PHP_VERSION_HEADER",
			verified: "Debian 12 php8.2-fpm 8.2.36",
			tests: []sample{
				{"usr/local/sbin/php-fpm", "\x00X-Powered-By: PHP/8.3.0RC2\x00", "8.3.0RC2"},
				{"usr/local/sbin/php-fpm", "X-Powered-By: PHP/x", ""},
			},
		},
		{
			id:    "php-apache-module",
			globs: []string{"libphp*.so"},
			find:  []pattern{near("X-Powered-By: PHP/", phpVersion)},
			name:  "php", cpes: []string{"php:php"},
			source:   "PHP main/SAPI.h: SAPI_PHP_VERSION_HEADER",
			verified: "Debian 12 libapache2-mod-php8.2 8.2.36",
			tests: []sample{
				{"usr/lib/apache2/modules/libphp.so", "\x00X-Powered-By: PHP/8.2.1\x00", "8.2.1"},
				{"usr/lib/apache2/modules/libphp.so", "PHP/8.2.1", ""},
			},
		},
		{
			id:    "perl-binary",
			globs: []string{"perl", "perl5.*", "libperl.so*"},
			find: []pattern{
				near("\x00v5.", `\x00v(5\.[0-9]+\.[0-9]+)\x00`),
				within("/lib/perl5/5.", 16, 24, `/lib/perl5/(5\.[0-9]+\.[0-9]+)(?:/|\x00)`),
			},
			purlType: "cpan", name: "perl", cpes: []string{"perl:perl"},
			source:   "Perl perl.h: PERL_VERSION_STRING with its v; Configure's privlib path",
			verified: "Debian 12 perl-base and libperl5.36 5.36.0",
			tests: []sample{
				{"usr/local/bin/perl", "PERL_INTERNAL_RAND_SEED\x00v5.36.0\x00panic", "5.36.0"},
				{"usr/local/bin/perl", "/usr/local/lib/perl5/5.20.0\x00-e\x00/dev/fd/", "5.20.0"},
				{"usr/local/bin/perl", "/usr/share/perl/5.36\x00v5.x", ""},
			},
		},
		{
			id:    "lua",
			globs: []string{"lua", "lua5.[0-9]", "luac", "liblua*.so*"},
			find:  []pattern{near("$Lua", `\$Lua(?:Version)?: Lua (5\.[0-9]+\.[0-9]+)\b`)},
			name:  "lua", cpes: []string{"lua:lua"},
			source:   "Lua lapi.c: lua_ident",
			verified: "Debian 12 lua5.4 and liblua5.4-0 5.4.4",
			tests: []sample{
				{"usr/local/bin/lua", "\x00$LuaVersion: Lua 5.4.4  Copyright (C) 1994-2022 Lua.org, PUC-Rio $", "5.4.4"},
				{"usr/local/bin/lua", "\x00$Lua: Lua 5.1.5 Copyright (C) 1994-2012 Lua.org, PUC-Rio $", "5.1.5"},
				{"usr/local/bin/lua", "Lua 5.4  Copyright", ""},
			},
		},
		{
			id:    "luajit",
			globs: []string{"luajit", "luajit-2*", "libluajit*.so*"},
			find:  []pattern{near("LuaJIT 2.", `LuaJIT (2\.[0-9]+\.[0-9]+(?:-(?:beta|rc)[0-9]+)?)\b`)},
			name:  "luajit", cpes: []string{"luajit:luajit"},
			source:   "LuaJIT src/luajit.h: LUAJIT_VERSION",
			verified: "Debian 12 luajit 2.1.0-beta3",
			tests: []sample{
				{"usr/local/bin/luajit", "table.clear\x00LuaJIT 2.1.0-beta3\x00jit.profile", "2.1.0-beta3"},
				{"usr/local/bin/luajit", "LuaJIT 2.x", ""},
			},
		},
		{
			id:    "julia",
			globs: []string{"libjulia-internal.so*", "libjulia.so*"},
			find: []pattern{
				within("\x00branch\x00", 32, 0, juliaBefore+`branch\x00`),
				within("\x00julia version", 32, 0, juliaBefore+`julia version`),
				within("\x00verify_methods\x00", 32, 0, juliaBefore+`verify_methods\x00`),
				within("\x00BigInt\x00", 32, 0, juliaBefore+`BigInt\x00`),
			},
			name: "julia", cpes: []string{"julialang:julia"},
			source:   "Julia src/julia.h and version.h: JULIA_VERSION_STRING, beside the literals of src/init.c and cli",
			verified: "Julia 1.8.5, 1.9.0-alpha1, 1.10.11, 1.11.9, 1.12.6",
			tests: []sample{
				{"usr/local/julia/lib/libjulia-internal.so.1.11.9", "verify_methods\x001.11.9\x00branch\x00commit\x00", "1.11.9"},
				{"usr/local/julia/lib/libjulia-internal.so.1.8", "`%s`\x001.8.5\x00julia version %s\n", "1.8.5"},
				{"usr/local/julia/lib/libjulia.so.1", "master\x00branch\x00commit\x00", ""},
			},
		},
		{
			id:    "r-base",
			globs: []string{"R/library/base/DESCRIPTION"},
			find:  []pattern{near("Package: base\n", `Package: base\nVersion: ([0-9]+\.[0-9]+\.[0-9]+)\n`)},
			name:  "r", cpes: []string{"r_project:r"},
			source:   "R: the base package carries R's own version",
			verified: "Debian 12 r-base-core 4.2.2",
			tests: []sample{
				{"usr/local/lib/R/library/base/DESCRIPTION", "Package: base\nVersion: 4.2.2\nPriority: base\n", "4.2.2"},
				{"usr/local/lib/R/library/base/DESCRIPTION", "Package: baseline\nVersion: 1.0.0\n", ""},
			},
		},
		{
			id:    "gcc-binary",
			globs: []string{"gcc", "gcc-[0-9]", "gcc-[0-9][0-9]", "cc1"},
			find: []pattern{
				near("\x00gcc version %s", `\x00([0-9]+\.[0-9]+\.[0-9]+)\x00(?:\([^)\x00]*\) )?\x00gcc version`),
				near("__ORDER_BIG_ENDIAN__", `\x00([0-9]+\.[0-9]+\.[0-9]+)\x00__ORDER_BIG_ENDIAN__`),
				near("GCC: (GNU) ", `GCC: \(GNU\) ([0-9]+\.[0-9]+\.[0-9]+)\b`),
			},
			name: "gcc", cpes: []string{"gnu:gcc"},
			source:   "GCC gcc/gcc.cc: -v; a compiler that built itself has its version in .comment too",
			verified: "Debian 12 cpp-12 (cc1) 12.2.0",
			tests: []sample{
				{"usr/local/bin/gcc", "\x00GCC: (GNU) 12.3.0\x00", "12.3.0"},
				{"usr/local/libexec/gcc/x86_64-linux-gnu/12/cc1", "%d.%d.%d\x0012.2.0\x00__ORDER_BIG_ENDIAN__\x00", "12.2.0"},
				{"usr/local/bin/gcc", "GCC: (Debian 12.2.0-14) 12.2.0\x00", ""},
			},
		},
		{
			id:    "rust-standard-library",
			globs: []string{"libstd-????????????????.so", "librustc_driver-????????????????.so"},
			find: []pattern{
				near("rustc version 1.", `\(rustc version ([0-9]+\.[0-9]+\.[0-9]+)(?:-(?:beta|nightly)[.0-9]*)? \([0-9a-f]+ 20[0-9-]+\)`),
			},
			name: "rust", cpes: []string{"rust-lang:rust"},
			source:   "rustc: DW_AT_producer of each crate",
			verified: "Rust 1.50.0 and 1.67.1 (rust-lang builds)",
			tests: []sample{
				{"usr/local/rustup/lib/libstd-6f77337c1826707d.so", "\x00clang LLVM (rustc version 1.50.0 (cb75ad5db 2021-02-10))\x00library/std", "1.50.0"},
				{"usr/local/rustup/lib/libstd-6f77337c1826707d.so", "rustc version , but", ""},
			},
		},
		{
			id:    "haskell-ghc",
			globs: []string{"ghc", "ghc-[0-9]*"},
			group: "ghc",
			find: []pattern{
				near("\x00GHC ", `\x00GHC ([0-9]+\.[0-9]+\.[0-9]+)\x00`),
				near("\x00libHSghc-", `\x00libHSghc-([0-9]+\.[0-9]+\.[0-9]+)-(?:[A-Za-z0-9]+-)?ghc[0-9.]+\.so\x00`),
			},
			namespace: "haskell", name: "ghc", cpes: []string{"haskell:ghc"},
			source:   "GHC: GHC.Settings.Config cProjectVersion in the link information; the libraries it is linked to",
			verified: "GHC 7.10.3, 8.10.4, 9.6.5",
			tests: []sample{
				{"opt/ghc/bin/ghc-9.6.5", " 8.3.0\x00GHC 9.6.5\x00\x00", "9.6.5"},
				{"opt/ghc/bin/ghc", "\x00libHSghc-8.10.4-ghc8.10.4.so\x00", "8.10.4"},
				{"opt/ghc/bin/ghc", "\x00libHSghci-8.10.4-ghc8.10.4.so\x00", ""},
			},
		},
		{
			id:    "haskell-cabal",
			globs: []string{"cabal"},
			find: []pattern{
				near("cabal-install-", `cabal-install-([0-9]+\.[0-9]+\.[0-9]+(?:\.[0-9]+)?)(?:-[A-Za-z0-9]+)?[\x00:/]`),
				near("\x00Cabal-", `\x00Cabal-([0-9]+\.[0-9]+\.[0-9]+(?:\.[0-9]+)?)-`),
			},
			namespace: "haskell", name: "cabal", cpes: []string{"haskell:cabal"},
			source:   "GHC: package identifiers in the names of linked modules",
			verified: "cabal-install 1.22.6.0 and 3.10.3.0",
			tests: []sample{
				{"opt/cabal/bin/cabal", "ghc-7.10.2/cabal-install-1.22.6.0-AfxbHivcmw40BMGrAXG3jJ\x00", "1.22.6.0"},
				{"opt/cabal/bin/cabal", ".Info\x00Cabal-3.10.3.0-inplace:Distribution", "3.10.3.0"},
				{"opt/cabal/bin/cabal", "\x00Cabal-file", ""},
			},
		},
		{
			id:    "haskell-stack",
			globs: []string{"stack"},
			find:  []pattern{near(", Git", `Version\s*([0-9]+\.[0-9]+\.[0-9]+),\s*Git`)},

			namespace: "haskell", name: "stack", cpes: []string{"haskell:stack"},
			source:   "Stack src/main/BuildInfo.hs: versionString'",
			verified: "none at hand",
			tests: []sample{
				{"usr/local/bin/stack", "Version 2.15.7, Git revision 8279", "2.15.7"},
				{"usr/local/bin/stack", "Version, Git revision", ""},
			},
		},
		{
			id:    "swi-prolog",
			globs: []string{"swipl", "libswipl.so*"},
			find:  []pattern{near("swipl-", `/swipl(?:-devel)?-([0-9]+\.[0-9]+\.[0-9]+)/`)},
			name:  "swipl", cpes: []string{"swi-prolog:swi-prolog"},
			source:   "SWI-Prolog: the source folder in DWARF of the official image's build",
			verified: "SWI-Prolog 9.3.8",
			tests: []sample{
				{"usr/lib/swipl/bin/x86_64-linux/swipl", "\x00/tmp/src/swipl-9.3.8/src\x00", "9.3.8"},
				{"usr/lib/swipl/bin/x86_64-linux/swipl", "/usr/lib/swi-prolog", ""},
			},
		},
		{
			id:    "tcl",
			globs: []string{"libtcl*.so*"},
			find:  []pattern{near("\x00tcl_patchLevel\x00", `\x00([89]\.[0-9]+(?:\.|a|b|rc)[0-9]+)\x00tcl_patchLevel\x00`)},
			name:  "tcl", cpes: []string{"tcl:tcl"},
			source:   "Tcl generic/tclBasic.c: TCL_PATCH_LEVEL is set as tcl_patchLevel",
			verified: "Debian 12 libtcl8.6 8.6.13",
			tests: []sample{
				{"usr/local/lib/libtcl8.6.so", "pointerSize\x008.6.13\x00tcl_patchLevel\x00tcl_version", "8.6.13"},
				{"usr/local/lib/libtcl8.6.so", "\x00tcl_patchLevel\x008.6.13\x00", ""},
			},
		},
	}
}

// phpVersion matches the header that names PHP.
const phpVersion = `X-Powered-By: PHP/([0-9]+\.[0-9]+\.[0-9]+(?:(?:alpha|beta|RC)[0-9]+)?)`

// juliaBefore matches Julia's version as the literal before another.
const juliaBefore = `[^0-9A-Za-z.]([01]\.[0-9]+\.[0-9]+(?:-(?:alpha|beta|rc)[0-9]+)?)\x00`

// pythonCPEVersion splits off a pre-release, which NVD's dictionary has as the
// update: python:3.13.0:rc2.
func pythonCPEVersion(version string) (v, update string) {
	if i := strings.IndexAny(version, "abr"); i > 0 {
		v, update = version[:i], version[i:]
		switch {
		case strings.HasPrefix(update, "rc"):
			return v, update
		case update[0] == 'a':
			return v, "alpha" + update[1:]
		default:
			return v, "beta" + update[1:]
		}
	}
	return version, ""
}

// rubyCPEVersion splits off the patch level or pre-release; the patch level of
// a release is fixed since 2.1 and NVD leaves it out.
func rubyCPEVersion(version string) (v, update string) {
	i := strings.IndexAny(version, "prd")
	if i <= 0 {
		return version, ""
	}
	v, update = version[:i], version[i:]
	if digits(update[1:]) == len(update)-1 && update[0] == 'p' {
		return v, ""
	}
	return v, update
}
