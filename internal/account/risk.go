package account

import (
	"path"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
)

// weigh says how soon somebody should look at what nobody vouches for.
func (b *book) weigh(e *Entry) {
	if !e.Status.Open() {
		return
	}
	add := func(n int, why string) {
		e.Risk += n
		e.Risks = append(e.Risks, why)
	}
	switch {
	case e.Status == Altered && !e.Configuration:
		add(60, "it differs from its package's record")
	case e.Status == Unaccounted:
		add(30, "nothing says where it is from")
	default:
		e.Risk++
	}
	if e.setuid() && e.UID == 0 {
		add(50, "setuid root")
	} else if e.setuid() || e.setgid() {
		add(20, "setuid or setgid")
	}
	if e.Capabilities != "" {
		add(30, "file capabilities")
	}
	dir := path.Dir(e.Path)
	switch {
	case Temporary(dir):
		add(40, "in a folder for temporary files")
	case Hidden(e.Path):
		add(30, "in a hidden folder")
	case onPath[dir]:
		add(10, "on the search path")
	}
	if hidden := b.hides(e.Path); hidden != "" && e.Kind != evidence.Bytecode {
		add(15, "comes before "+hidden)
	}
	if e.Kind == evidence.Program || e.Kind == evidence.Library {
		e.Risk += 5
	}
	if e.Kind == evidence.Bytecode {
		add(5, "bytecode without its source")
	}
	if e.Liveness != inventory.Visible {
		e.Risk /= 2
	}
}

// hides is the command of a distribution that one in /usr/local comes before on
// the search path.
func (b *book) hides(file string) string {
	name, ok := strings.CutPrefix(file, "usr/local/bin/")
	if !ok {
		name, ok = strings.CutPrefix(file, "usr/local/sbin/")
	}
	if !ok || strings.Contains(name, "/") {
		return ""
	}
	for _, dir := range []string{"usr/sbin/", "usr/bin/", "sbin/", "bin/"} {
		if b.belongsToDistribution(b.links.Resolve(dir + name)) {
			return dir + name
		}
	}
	return ""
}

var onPath = words("bin sbin usr/bin usr/sbin usr/local/bin usr/local/sbin")

// Temporary reports whether a folder is one for temporary files.
func Temporary(dir string) bool {
	for _, tmp := range []string{"tmp", "var/tmp", "dev/shm", "run/shm", "dev/mqueue"} {
		if dir == tmp || strings.HasPrefix(dir, tmp+"/") {
			return true
		}
	}
	return false
}

// hiddenTools are hidden folders and files in which tools of developers keep
// executables in the open.
var hiddenTools = words(`.venv .local .cargo .rustup .npm .npm-global .nvm .cache .pyenv .rbenv .asdf .sdkman .m2 .gradle .config
	.bin .pnpm .pnpm-store .yarn .git .husky .dotnet .build-id .libs .dylibs .so .node_modules .volta .bun .deno .composer .gem
	.bundle .conda .nuget .krew .linuxbrew .vscode .vscode-server .cursor-server .github .circleci .ci .next .nuxt .output .eggs
	.tox .nox .poetry .pipx .cpan .opam .ghcup .cabal .stack .juliaup .julia .kube .terraform .terraform.d .pulumi .docker .arkade
	.foundry .hex .mix .luarocks .oh-my-zsh .fzf .vim .emacs.d .nix-profile .nix-defexpr .aspnet .azure .aws-cli .storage .build`)

// Hidden reports whether a path lies in a hidden folder, or has a hidden name,
// that is none of a known tool.
func Hidden(file string) bool {
	for part := range strings.SplitSeq(file, "/") {
		if len(part) > 1 && part[0] == '.' && part != ".." && !hiddenTools[part] {
			return true
		}
	}
	return false
}
