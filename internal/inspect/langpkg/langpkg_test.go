package langpkg

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// run hands one file to an inspector as the walker would, streams in chunks of
// this size.
func run(t testing.TB, i inspect.Inspector, path string, content []byte, chunk int) evidence.Fragment {
	t.Helper()
	var out evidence.Fragment
	f := &inspect.File{Path: path, Size: int64(len(content)), Mode: 0o755}
	switch i.Wants(f) {
	case inspect.Whole:
		if err := i.(inspect.WholeInspector).Inspect(context.Background(), f, content, &out); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	case inspect.Stream:
		feed(t, i.(inspect.StreamInspector).Open(context.Background(), f, &out), content, chunk)
	}
	return out
}

func feed(t testing.TB, sink inspect.Sink, content []byte, chunk int) {
	t.Helper()
	for len(content) > 0 {
		n := min(chunk, len(content))
		_, err := sink.Write(content[:n])
		if errors.Is(err, inspect.ErrEnough) {
			break
		}
		if err != nil {
			t.Fatalf("write: %v", err)
		}
		content = content[n:]
	}
	if err := sink.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
}

// line writes a package on one line.
func line(p inventory.Package) string {
	s := p.Type + " " + p.FullName() + " " + p.Version
	if len(p.Licenses) > 0 {
		s += " licenses=" + strings.Join(p.Licenses, "|")
	}
	if len(p.DependsOn) > 0 {
		s += " depends=" + strings.Join(p.DependsOn, ",")
	}
	if len(p.CPEs) > 0 {
		s += " cpe=" + strings.Join(p.CPEs, ",")
	}
	if p.InArchive != "" {
		s += " in=" + p.InArchive
	}
	return s
}

func lines(out evidence.Fragment) []string {
	var list []string
	for _, p := range out.Packages {
		list = append(list, line(p))
	}
	for _, p := range out.Problems {
		list = append(list, fmt.Sprintf("problem incomplete=%v: %s", p.Incomplete, p.Reason))
	}
	return list
}

func TestEveryInspectorIsNamedOnceAndImplementsWhatItWants(t *testing.T) {
	names := map[string]bool{}
	form := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for _, i := range All() {
		if names[i.Name()] || !form.MatchString(i.Name()) || i.Version() < 1 {
			t.Errorf("inspector %q is named twice or badly, or has no version", i.Name())
		}
		names[i.Name()] = true
		_, whole := i.(inspect.WholeInspector)
		_, stream := i.(inspect.StreamInspector)
		if !whole && !stream {
			t.Errorf("inspector %q inspects nothing", i.Name())
		}
	}
}

func TestInspectorsWantInstalledPackagesOnly(t *testing.T) {
	tests := []struct {
		path, inspector string // inspector empty: nobody wants it
	}{
		{"usr/lib/python3/dist-packages/requests-2.28.1.dist-info/METADATA", "python"},
		{"usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO", "python"},
		{"usr/lib/python2.7/lib-dynload/Python-2.7.egg-info", "python"},
		{"opt/x.egg/EGG-INFO/PKG-INFO", "python"},
		{"usr/lib/python3/dist-packages/requests-2.28.1.dist-info/RECORD", "python"},
		{"usr/lib/python3/dist-packages/six-1.16.0.egg-info/installed-files.txt", "python"},
		{"usr/lib/python3/dist-packages/six-1.16.0.egg-info/SOURCES.txt", ""},
		{"app/RECORD", ""},
		{"usr/lib/python3/ensurepip/_bundled/pip-23.0.1-py3-none-any.whl", "python-archive"},
		{"app/METADATA", ""},
		{"app/requirements.txt", ""},
		{"app/node_modules/@babel/core/package.json", "npm"},
		{"package.json", "npm"},
		{"app/package-lock.json", ""},
		{"app/not-package.json", ""},
		{"app/Cargo.lock", ""},
		{"app/lib/a.jar", "java-archive"},
		{"app/plugin.lpkg", "java-archive"},
		{"app/A.WAR", "java-archive"},
		{"jar", ""},
		{"usr/local/bundle/specifications/rack-2.2.3.gemspec", "ruby-gem"},
		{"usr/local/lib/ruby/gems/3.2.0/specifications/default/json-2.6.3.gemspec", "ruby-gem"},
		{"usr/local/bundle/gems/rack-2.2.3/rack.gemspec", ""},
		{"app/vendor/composer/installed.json", "php-composer"},
		{"app/composer.lock", ""},
		{"usr/local/lib/php/.registry/.channel.pecl.php.net/redis.reg", "php-pear"},
		{"app/app.deps.json", "dotnet"},
		{"app/packages.lock.json", ""},
		{"opt/conda/conda-meta/numpy-1.26.0-py311.json", "conda"},
		{"usr/lib/R/library/base/DESCRIPTION", "r"},
		{"usr/local/lib/perl5/site_perl/.meta/URI-5.35/install.json", "perl-cpan"},
		{"usr/local/lib/luarocks/rocks-5.1/lpeg/1.0.2-1/lpeg-1.0.2-1.rockspec", "luarocks"},
	}
	for _, tt := range tests {
		var got []string
		for _, i := range All() {
			// Below the size of any program, so that the stream inspectors
			// don't ask for it.
			if i.Wants(&inspect.File{Path: tt.path, Size: 4096}) != inspect.Nothing {
				got = append(got, i.Name())
			}
		}
		if strings.Join(got, " ") != tt.inspector {
			t.Errorf("%s: wanted by %q, expected %q", tt.path, got, tt.inspector)
		}
	}
}

func TestMetadataGivesPackages(t *testing.T) {
	tests := []struct {
		name, path, content string
		want                []string
	}{
		{
			"a wheel, extras left out of what it asks for",
			"site-packages/requests-2.28.1.dist-info/METADATA",
			"Metadata-Version: 2.1\nName: requests\nVersion: 2.28.1\nLicense: Apache 2.0\n" +
				"Classifier: License :: OSI Approved :: Apache Software License\n" +
				"Requires-Dist: charset-normalizer (<3,>=2)\nRequires-Dist: urllib3<1.27,>=1.21.1\n" +
				"Requires-Dist: PySocks!=1.5.7 ; extra == 'socks'\n\nName: not-a-header\n",
			[]string{"pypi requests 2.28.1 licenses=Apache 2.0 depends=charset-normalizer,urllib3"},
		},
		{
			"an SPDX expression before the licence field, CR LF",
			"site-packages/attrs-23.2.0.dist-info/METADATA",
			"Name: attrs\r\nVersion: 23.2.0\r\nLicense: whole text\r\nLicense-Expression: MIT OR Apache-2.0\r\n\r\n",
			[]string{"pypi attrs 23.2.0 licenses=MIT OR Apache-2.0"},
		},
		{
			"a licence text of many lines is its first line, and the classifiers where it is none",
			"site-packages/x.egg-info/PKG-INFO",
			"Name: x\nVersion: 1\nLicense: UNKNOWN\nClassifier: License :: OSI Approved :: BSD License\nDescription: a\n        b\n",
			[]string{"pypi x 1 licenses=BSD License"},
		},
		{"the interpreter's own record", "lib-dynload/Python-2.7.egg-info", "Name: Python\nVersion: 2.7.18\n", nil},
		{"a wheel without a version", "a.dist-info/METADATA", "Name: a\n", nil},
		{
			"a control character in a name", "a.dist-info/METADATA", "Name: a\x1b[2J\nVersion: 1\n", nil,
		},
		{
			"a scoped npm package", "node_modules/@babel/core/package.json",
			"\xef\xbb\xbf" + `{"name":"@babel/core","version":"7.24.0","license":"MIT","author":{"name":"x","url":1},
			  "dependencies":{"semver":"^6","@babel/types":"^7"},"optionalDependencies":{"fsevents":"2"},"devDependencies":{"mocha":"1"}}`,
			[]string{"npm @babel/core 7.24.0 licenses=MIT depends=@babel/types,fsevents,semver"},
		},
		{
			"npm licences of old", "node_modules/a/package.json",
			`{"name":"a","version":"1.0.0","licenses":[{"type":"MIT","url":"x"},{"type":"GPL-2.0"}]}`,
			[]string{"npm a 1.0.0 licenses=MIT|GPL-2.0"},
		},
		{
			"an npm licence as an object", "node_modules/a/package.json",
			`{"name":"a","version":"1.0.0","license":{"type":"ISC"}}`,
			[]string{"npm a 1.0.0 licenses=ISC"},
		},
		{
			"npm licences as words", "node_modules/a/package.json",
			`{"name":"a","version":"1.0.0","license":["MIT","BSD"]}`,
			[]string{"npm a 1.0.0 licenses=MIT|BSD"},
		},
		{"a package.json that only configures", "esm/package.json", `{"type":"module"}`, nil},
		{"a version that is no string", "a/package.json", `{"name":"a","version":1}`, nil},
		{"escapes are decoded", "a/package.json", `{"na\u006de":"\u0061","version":"1"}`, []string{"npm a 1"}},
		{
			"broken JSON is a note", "a/package.json", `{"name":"a","version":"1",`,
			[]string{"problem incomplete=false: package.json: not valid JSON"},
		},
		{
			"a gem as RubyGems writes it", "specifications/rack-2.2.3.gemspec",
			"# -*- encoding: utf-8 -*-\n# stub: rack 2.2.3 ruby lib\n\nGem::Specification.new do |s|\n" +
				"  s.name = \"rack\".freeze\n  s.version = \"2.2.3\"\n\n  s.licenses = [\"MIT\".freeze, \"Ruby\"]\n" +
				"  s.required_ruby_version = Gem::Requirement.new(\">= 2.3.0\".freeze)\n" +
				"  if s.respond_to? :add_runtime_dependency then\n" +
				"    s.add_runtime_dependency(%q<webrick>.freeze, [\"~> 1\"])\n    s.add_development_dependency(%q<minitest>.freeze, [\"~> 5.0\"])\n",
			[]string{"gem rack 2.2.3 licenses=MIT|Ruby depends=webrick"},
		},
		{
			"a gem of which only the stub line is literal", "specifications/default/json-2.6.3.gemspec",
			"# stub: json 2.6.3 ruby lib\nGem::Specification.new do |s|\n  s.name = NAME\n  s.version = VERSION\n",
			[]string{"gem json 2.6.3"},
		},
		{
			"Composer 2", "vendor/composer/installed.json",
			`{"packages":[{"name":"monolog/monolog","version":"2.9.1","license":["MIT"],"require":{"php":">=7.2","ext-json":"*","psr/log":"^1"}},
			  {"name":"phpunit/phpunit","version":"9.6.0"}],"dev":true,"dev-package-names":["phpunit/phpunit"]}`,
			[]string{"composer monolog/monolog 2.9.1 licenses=MIT depends=psr/log", "composer phpunit/phpunit 9.6.0"},
		},
		{
			"Composer 1", "vendor/composer/installed.json",
			`[{"name":"psr/log","version":"1.1.4","license":"MIT"}]`,
			[]string{"composer psr/log 1.1.4 licenses=MIT"},
		},
		{
			"a PECL registry entry", "usr/local/lib/php/.registry/.channel.pecl.php.net/redis.reg",
			`a:4:{s:4:"name";s:5:"redis";s:7:"channel";s:12:"pecl.php.net";s:7:"version";a:2:{s:7:"release";s:5:"5.3.7";s:3:"api";s:5:"5.3.7";}s:7:"license";a:1:{s:8:"_content";s:3:"PHP";}}`,
			[]string{"pear pecl.php.net/redis 5.3.7 licenses=PHP"},
		},
		{
			"a conda record", "opt/conda/conda-meta/numpy.json",
			`{"build":"py311","depends":["libblas >=3.9.0,<4.0a0","python >=3.11"],"files":["a","b"],"license":"BSD-3-Clause","name":"numpy","version":"1.26.0"}`,
			[]string{"conda numpy 1.26.0 licenses=BSD-3-Clause depends=libblas,python"},
		},
		{
			"an installed R package", "usr/lib/R/site-library/stringr/DESCRIPTION",
			"Package: stringr\nTitle: Wrappers\nVersion: 1.5.0\nDepends: R (>= 3.3)\nImports: cli, glue (>= 1.6.1),\n    stringi\nLicense: MIT + file LICENSE\nBuilt: R 4.3.0; ; 2023-04-21; unix\n",
			[]string{"cran stringr 1.5.0 licenses=MIT depends=cli,glue,stringi"},
		},
		{"an R source tree", "src/x/DESCRIPTION", "Package: x\nVersion: 1.0\n", nil},
		{
			"a CPAN record names the distribution, not the module",
			"site_perl/.meta/libwww-perl-6.67/install.json",
			`{"name":"LWP","dist":"libwww-perl-6.67","version":6.67,"pathname":"O/OA/libwww-perl-6.67.tar.gz"}`,
			[]string{"cpan libwww-perl 6.67"},
		},
		{
			"a rock", "rocks-5.1/lpeg/1.0.2-1/lpeg-1.0.2-1.rockspec",
			"package = \"LPeg\"\nversion = \"1.0.2-1\"\nsource = {\n  url = \"x\",\n}\ndescription = {\n   license = \"MIT/X11\"\n}\n",
			[]string{"luarocks LPeg 1.0.2-1 licenses=MIT/X11"},
		},
		{
			"a rock that computes its version", "rocks-5.1/luasyslog/2.0.1-1/luasyslog-2.0.1-1.rockspec",
			"local name = \"luasyslog\"\npackage = name\nversion = v..\"-\"..rev\n",
			[]string{"luarocks luasyslog 2.0.1-1"},
		},
		{
			"spellings of a Python name are one", "a.dist-info/METADATA", "Name: Zope._Interface\nVersion: 1\nRequires-Dist: Typing_Extensions\n",
			[]string{"pypi zope-interface 1 depends=typing-extensions"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, i := range All() {
				got = append(got, lines(run(t, i, tt.path, []byte(tt.content), 1<<20))...)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDotnetReportsWhatBringsFiles(t *testing.T) {
	const deps = `{
	  "runtimeTarget": {"name": ".NETCoreApp,Version=v8.0"},
	  "targets": {".NETCoreApp,Version=v8.0": {
	    "app/1.0.0": {"dependencies": {"Newtonsoft.Json": "13.0.1", "Lib": "1.0.0"}, "runtime": {"app.dll": {}}},
	    "Lib/1.0.0": {"runtime": {"Lib.dll": {}}},
	    "Newtonsoft.Json/13.0.1": {"runtime": {"lib/netstandard2.0/Newtonsoft.Json.dll": {}}},
	    "Meta/2.0.0": {"dependencies": {"Newtonsoft.Json": "13.0.1"}},
	    "Analyzer/1.0.0": {},
	    "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"runtime": {"System.Private.CoreLib.dll": {}}}
	  }},
	  "libraries": {
	    "app/1.0.0": {"type": "project"}, "Lib/1.0.0": {"type": "project"},
	    "Newtonsoft.Json/13.0.1": {"type": "package", "sha512": "x"}, "Meta/2.0.0": {"type": "package"},
	    "Analyzer/1.0.0": {"type": "package"}
	  }}`
	want := []string{
		"nuget Meta 2.0.0 depends=Newtonsoft.Json",
		"nuget Newtonsoft.Json 13.0.1",
		"nuget app 1.0.0 depends=Lib,Newtonsoft.Json",
		"nuget runtimepack.Microsoft.NETCore.App.Runtime.linux-x64 8.0.1 cpe=cpe:2.3:a:microsoft:.net:8.0.1:*:*:*:*:*:*:*",
	}
	if d := cmp.Diff(want, lines(run(t, Dotnet{}, "app/app.deps.json", []byte(deps), 0))); d != "" {
		t.Error(d)
	}
}

func TestOversizedMetadataMarksTheScanIncomplete(t *testing.T) {
	out := run(t, Node{}, "a/package.json", make([]byte, maxMetadata+1), 0)
	if len(out.Problems) != 1 || !out.Problems[0].Incomplete || out.Problems[0].Path != "a/package.json" {
		t.Errorf("got %v", out.Problems)
	}
}

func TestNestingInJSONIsBounded(t *testing.T) {
	deep := `{"name":` + strings.Repeat(`[`, 1_000_000) + strings.Repeat(`]`, 1_000_000) + `}`
	run(t, Node{}, "a/package.json", []byte(deep), 0)
	s := newJSONScan([]byte(strings.Repeat(`[`, 1_000_000)))
	var walk func()
	walk = func() { s.array(walk) }
	s.array(walk)
	if s.err == nil {
		t.Error("a million open brackets were accepted")
	}
}
