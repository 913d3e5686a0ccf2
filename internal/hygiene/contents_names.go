package hygiene

import (
	"bytes"
	"strings"

	"plimsoll/internal/advisory"
)

// area is a folder whose files count together.
type area struct {
	// rule is the one that reports it.
	rule string
	// path is from the root, or begins with "~/" for a folder of any name above it.
	path string
	// own is set for what is its owner's alone: in a library it is the library's.
	own bool
}

// areas are the caches that package managers and compilers keep where they are not
// told otherwise, and what a repository or an editor keeps beside sources.
func areas() []area {
	var all []area
	for _, a := range []struct{ rule, paths string }{
		{"apt-lists", "var/lib/apt/lists"},
		{"apk-cache", "var/cache/apk etc/apk/cache"},
		{"dnf-cache", "var/cache/dnf var/cache/libdnf5"},
		{"yum-cache", "var/cache/yum"},
		{"zypper-cache", "var/cache/zypp"},
		{"pip-cache", "~/.cache/pip"},
		{"npm-cache", "~/.npm/_cacache"},
		{"yarn-cache", "~/.cache/yarn ~/.yarn/berry/cache"},
		{"cargo-cache", "~/.cargo/registry ~/.cargo/git usr/local/cargo/registry usr/local/cargo/git"},
		{"composer-cache", "~/.composer/cache ~/.cache/composer"},
		{"conda-cache", "opt/conda/pkgs opt/miniconda3/pkgs opt/miniconda/pkgs ~/miniconda3/pkgs ~/anaconda3/pkgs ~/micromamba/pkgs ~/.conda/pkgs"},
		{"uv-cache", "~/.cache/uv"},
		{"poetry-cache", "~/.cache/pypoetry/cache ~/.cache/pypoetry/artifacts"},
		// go help cache, go help environment (GOMODCACHE); Maven's, Gradle's, NuGet's, sbt's,
		// Bazel's, ccache's, Bun's, Cabal's, RubyGems' and pacman's own documentation.
		{cachesLeft, "~/.cache/go-build ~/go/pkg/mod ~/.m2/repository ~/.gradle/caches ~/.nuget/packages ~/.ivy2/cache ~/.cache/bazel ~/.ccache ~/.cache/ccache " +
			"~/.bun/install/cache ~/.cabal/packages usr/local/bundle/cache var/cache/pacman/pkg var/cache/tdnf var/cache/apt ~/node_modules/.cache"},
	} {
		for path := range strings.FieldsSeq(a.paths) {
			all = append(all, area{rule: a.rule, path: path})
		}
	}
	for _, a := range []struct{ rule, paths string }{
		{repositoryLeft, "~/.git ~/.svn ~/.hg ~/.bzr"},
		{deskLeft, "~/.vscode ~/.idea ~/.aws ~/.azure ~/.kube ~/.gcloud"},
	} {
		for path := range strings.FieldsSeq(a.paths) {
			all = append(all, area{rule: a.rule, path: path, own: true})
		}
	}
	return all
}

// part is what a folder's name may mean.
type part struct {
	// ends are the areas whose paths end with it.
	ends []*area
	// library: what is below was written by somebody else, and is what it is.
	library bool
}

func knownParts() map[string]part {
	parts := map[string]part{}
	for name := range strings.FieldsSeq("node_modules site-packages dist-packages bower_components vendor gems testdata fixtures") {
		parts[name] = part{library: true}
	}
	all := areas()
	for i := range all {
		name := all[i].path[strings.LastIndexByte(all[i].path, '/')+1:]
		p := parts[name]
		p.ends = append(p.ends, &all[i])
		parts[name] = p
	}
	return parts
}

// folder is the one that the entry at hand lies in.
type folder struct {
	path []byte
	// area is the outermost that holds it, and path[:root] where that begins.
	area *area
	root int
	heap *heap
	// bin: programs are started from it. library: see part.
	bin, library bool
}

// libraries are folders that distributions and Go's own archives fill; webRoot is the
// one among them that images put their own files into.
var libraries = [][]byte{[]byte("usr/lib/"), []byte("usr/share/"), []byte("usr/local/go/")}

const webRoot = "usr/share/nginx/html"

// enter looks at the parts of a folder's path.
func (w *fileWalk) enter(dir []byte) {
	f := &w.at
	*f = folder{path: append(f.path[:0], dir...), bin: len(dir) == 0}
	for _, l := range libraries {
		f.library = f.library || bytes.HasPrefix(dir, l)
	}
	f.library = f.library && !bytes.HasPrefix(dir, []byte(webRoot))
	// Nobody's own folders lie deeper, and a list of paths that do costs no more for it.
	for from, depth := 0, 0; from < len(dir) && depth < maxDepth; depth++ {
		end := len(dir)
		if i := bytes.IndexByte(dir[from:], '/'); i >= 0 {
			end = from + i
		}
		name := dir[from:end]
		p := w.parts[string(name)]
		for _, a := range p.ends {
			if !(a.own && f.library) && a.holds(dir[:end]) {
				f.area, f.root = a, end
				return
			}
		}
		f.library = f.library || p.library
		if end == len(dir) {
			f.bin = ToolFolder(string(name))
		}
		from = end + 1
	}
}

// holds tells whether a folder is the area's.
func (a *area) holds(dir []byte) bool {
	tail, anywhere := strings.CutPrefix(a.path, "~/")
	if !anywhere {
		return string(dir) == tail
	}
	return bytes.HasSuffix(dir, []byte(tail)) && (len(dir) == len(tail) || dir[len(dir)-len(tail)-1] == '/')
}

// named is what a file's name says.
type named struct {
	trait  trait
	weight advisory.Severity
}

// namedFiles are names that say enough. Of credentials those are left out whose
// files are searched for secrets as text, and that hold settings where none is found.
func namedFiles() map[string]named {
	names := map[string]named{}
	for _, n := range []struct {
		names string
		named
	}{
		{"id_rsa id_dsa id_ecdsa id_ed25519 id_ecdsa_sk id_ed25519_sk identity.pem", named{credential, advisory.Medium}},
		{".netrc _netrc .git-credentials .pgpass .vault-token kubeconfig kubeconfig.yaml kubeconfig.yml terraform.tfstate master.key", named{credential, advisory.Low}},
		{"Dockerfile Containerfile docker-compose.yml docker-compose.yaml compose.yml compose.yaml .gitlab-ci.yml .travis.yml Jenkinsfile " +
			".bash_history .ash_history .zsh_history .python_history .node_repl_history .psql_history .mysql_history", named{desk, advisory.Low}},
		{".dockerignore .gitignore .gitattributes .vimrc .viminfo .DS_Store Thumbs.db", named{desk, advisory.Negligible}},
	} {
		for name := range strings.FieldsSeq(n.names) {
			names[name] = n.named
		}
	}
	return names
}

// namedLike knows names by their endings: stores of keys, whose content no search reads.
func namedLike(name []byte) (named, bool) {
	if bytes.HasPrefix(name, []byte("Dockerfile.")) {
		return named{desk, advisory.Low}, true
	}
	dot := bytes.LastIndexByte(name, '.')
	if dot < 0 {
		return named{}, false
	}
	switch string(name[dot:]) {
	case ".p12", ".pfx", ".ppk", ".kdbx", ".keystore":
		return named{credential, advisory.Medium}, true
	case ".jks":
		return named{credential, advisory.Low}, true
	case ".Dockerfile":
		return named{desk, advisory.Low}, true
	}
	return named{}, false
}
