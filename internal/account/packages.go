package account

import (
	"path"
	"slices"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
)

// packages attributes paths to language packages and runtimes by where they lie:
// those keep no list of files, or one without digests.
func (b *book) packages() {
	folders := map[string]attribution{}
	programs := map[string]*inventory.Package{}
	for i := range b.Packages {
		p := &b.Packages[i]
		switch {
		case p.IsOS() || p.OwnedBy != "":
		case p.Inspector == evidence.RuntimesInspector:
			b.runtime(p)
		case p.InArchive == "":
			if a, dir := folderOf(p); dir != "" {
				folders[b.links.Resolve(dir)] = a
				continue
			}
			// A build record names a program's own module and all it is made of: the
			// one that asks for the others is the program.
			at := b.links.Resolve(p.Path)
			if best := programs[at]; best == nil || len(p.DependsOn) > len(best.DependsOn) || (best.Name == "stdlib" && len(best.DependsOn) == 0) {
				programs[at] = p
			}
		}
	}
	if len(folders) > 0 {
		for at, r := range b.at {
			for dir := path.Dir(at); dir != "." && dir != "/"; dir = path.Dir(dir) {
				if a, ok := folders[dir]; ok {
					r.attribute(a)
					break
				}
			}
		}
	}
	for at, p := range programs {
		if r := b.at[at]; r != nil {
			r.attribute(attribution{
				status: Unverified, owner: strings.TrimSpace(p.FullName() + " " + p.Version), typ: p.Type, layer: -1,
				reason: "its own build record names it",
			})
		}
	}
}

func (r *record) attribute(a attribution) {
	if r.attributed == nil {
		r.attributed = &a
	}
}

// folderOf is the folder that a language package's files lie in.
func folderOf(p *inventory.Package) (attribution, string) {
	a := attribution{
		status: Unverified, owner: p.FullName() + " " + p.Version, typ: p.Type, layer: -1,
		reason: "it lies in the package's folder, and the package keeps no digest of it",
	}
	switch p.Type {
	case "npm":
		return a, path.Dir(p.Path)
	case "gem":
		// specifications/NAME-VERSION.gemspec describes gems/NAME-VERSION.
		name := strings.TrimSuffix(path.Base(p.Path), ".gemspec")
		root := path.Dir(p.Path)
		if path.Base(root) == "default" {
			root = path.Dir(root)
		}
		return a, path.Join(path.Dir(root), "gems", name)
	case "cran":
		return a, path.Dir(p.Path)
	}
	return a, ""
}

// runtimeFiles says what else belongs to a runtime, relative to its prefix (the
// folder above bin): files that official images install by make install or from
// an archive, and that no package manager lists.
var runtimeFiles = map[string][]string{
	"python":  {"bin/python*", "bin/pip*", "bin/idle*", "bin/pydoc*", "bin/2to3*", "bin/wheel", "bin/easy_install*", "lib/libpython*", "lib/python*/**"},
	"node":    {"bin/node", "bin/nodejs", "bin/npm", "bin/npx", "bin/corepack", "bin/yarn*", "lib/node_modules/npm/**", "lib/node_modules/corepack/**"},
	"go":      {"bin/go", "bin/gofmt", "pkg/**", "src/**", "misc/**", "test/**", "lib/**", "api/**"},
	"ruby":    {"bin/ruby", "bin/irb", "bin/gem", "bin/erb", "bin/rdoc", "bin/ri", "bin/bundle*", "bin/rake", "bin/rbs", "bin/racc", "bin/typeprof", "bin/rdbg", "bin/syntax_suggest", "lib/libruby*", "lib/ruby/**"},
	"php":     {"bin/php*", "bin/phar*", "bin/docker-php-*", "bin/pecl", "bin/pear*", "sbin/php-fpm", "lib/php/**", "lib/libphp*"},
	"perl":    {"bin/*", "lib/perl5/**"},
	"openjdk": {"bin/*", "lib/**", "jre/**"},
	"java":    {"bin/*", "lib/**", "jre/**"},
	"erlang":  {"bin/*", "lib/erlang/**"},
	"rust":    {"bin/*", "lib/**", "libexec/**"},
	"julia":   {"bin/*", "lib/**", "libexec/**", "share/julia/**"},
	"nginx":   {"sbin/nginx*", "modules/**"},
	"httpd":   {"bin/*", "modules/**", "cgi-bin/**", "build/**"},
}

// runtime attributes the files of a runtime, those of the layer that brought it.
func (b *book) runtime(p *inventory.Package) {
	a := attribution{
		status: Runtime, owner: p.FullName() + " " + p.Version, typ: p.Type, layer: -1, reason: "recognised by its content",
	}
	at := b.links.Resolve(p.Path)
	if r := b.at[at]; r != nil {
		r.attribute(a)
	}
	patterns := runtimeFiles[runtimeName(p)]
	if len(patterns) == 0 {
		return
	}
	prefix := prefixOf(at, patterns)
	a.layer, a.reason = p.Origin.Index, "installed with it by the same layer"
	for file, r := range b.at {
		if prefix != "" && !strings.HasPrefix(file, prefix+"/") {
			continue
		}
		rest := strings.TrimPrefix(file[len(prefix):], "/")
		if slices.ContainsFunc(patterns, func(pattern string) bool { return under(rest, pattern) }) {
			r.attribute(a)
		}
	}
}

// runtimeName is the key of runtimeFiles for a package.
func runtimeName(p *inventory.Package) string {
	for name := range runtimeFiles {
		if p.Name == name || strings.HasPrefix(p.Name, name+"-") {
			return name
		}
	}
	switch {
	case strings.Contains(p.Name, "jdk"), strings.Contains(p.Name, "jre"), strings.Contains(p.Name, "openj"), strings.Contains(p.Name, "graalvm"):
		return "openjdk"
	}
	return ""
}

// prefixOf is the folder that a runtime was installed into, told from the file
// that proves it: what precedes the first pattern that the file fits.
func prefixOf(file string, patterns []string) string {
	for dir := path.Dir(file); ; dir = path.Dir(dir) {
		rest := file
		if dir != "." {
			rest = strings.TrimPrefix(file, dir+"/")
		}
		if slices.ContainsFunc(patterns, func(pattern string) bool { return under(rest, pattern) }) {
			if dir == "." {
				return ""
			}
			return dir
		}
		if dir == "." || dir == "/" {
			return path.Dir(file)
		}
	}
}

// under matches a path with a pattern whose end may be "/**".
func under(file, pattern string) bool {
	if dir, ok := strings.CutSuffix(pattern, "/**"); ok {
		n := strings.Count(dir, "/") + 1
		parts := strings.SplitN(file, "/", n+1)
		if len(parts) <= n {
			return false
		}
		match, _ := path.Match(dir, strings.Join(parts[:n], "/"))
		return match
	}
	match, _ := path.Match(pattern, file)
	return match
}
