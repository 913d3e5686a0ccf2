package hygiene

import (
	"slices"

	"plimsoll/internal/advisory"
	"plimsoll/internal/dockerfile"
)

// languagePackageRules are about the package managers of programming languages.
func languagePackageRules() []Rule {
	return slices.Concat(pythonRules(), nodeRules(), otherLanguageRules(), []Rule{lockFileMissing()})
}

// whyUnpinned is why a package of a language's registry without a version is worth
// more than one of a distribution's release.
const whyUnpinned = "Whatever was published last is installed, by whoever could publish it: a stolen account or a broken release reaches the image with the next build, and nothing in the file tells which version it was."

// whyCache is why a cache is a finding.
const whyCache = "What was downloaded stays in the layer beside what was installed from it: a larger image, and archives that scanners find and nobody runs."

// languageCache is a rule about the cache of one package manager.
type languageCache struct {
	id, title, remedy, source string
	peers                     Peers
	flags                     string
	cache                     cache
	// fills and cleans are those of cache, over calls of programs.
	programs []string
	fills    func(packageCall) bool
	cleans   func(packageCall) bool
	// edit is the finding's; nil for none.
	edit      func(packageCall) []Edit
	bad, good []Sample
}

func (k languageCache) rule() Rule {
	return Rule{
		ID: k.id, Title: k.title, Severity: advisory.Low, Category: Packages, Peers: k.peers,
		Why: whyCache, Remedy: k.remedy, Source: k.source, Reach: FinalImage, OnImage: true,
		Check: func(l *Lint) {
			r := newCallReader(k.flags)
			over := func(f func(packageCall) bool) func(*dockerfile.Command) bool {
				return func(c *dockerfile.Command) bool {
					return f != nil && slices.Contains(k.programs, c.Name) && f(r.read(c, 0))
				}
			}
			kept := k.cache
			kept.fills, kept.cleans = over(k.fills), over(k.cleans)
			kept.kept(l, func(first, last *dockerfile.Command) {
				call := r.read(last, 0)
				f := l.ReportCommand(last, "the cache of %s %s stays in the layer", last.Name, names([]dockerfile.Word{call.verb}))
				unsureOnImage(l, f)
				if k.edit != nil && first == last {
					f.Edits = k.edit(call)
				}
			})
		},
		Bad: k.bad, Good: k.good,
	}
}

// unpinned is a rule about packages that one language's tools install without a version.
type unpinned struct {
	id, title, remedy, source string
	peers                     Peers
	flags                     string
	programs                  []string
	// loose are the operands of a call that name no version.
	loose     func(packageCall) []dockerfile.Word
	bad, good []Sample
}

func (u unpinned) rule() Rule {
	return Rule{
		ID: u.id, Title: u.title, Severity: advisory.Low, Category: Packages, Peers: u.peers,
		Why: whyUnpinned, Remedy: u.remedy, Source: u.source, OnImage: true,
		Check: func(l *Lint) {
			r := newCallReader(u.flags)
			for _, c := range l.Commands(u.programs...) {
				if loose := u.loose(r.read(c, 0)); len(loose) > 0 {
					l.ReportCommand(c, "%s %s installed at whatever version is newest", names(loose), isOrAre(loose))
				}
			}
		},
		Bad: u.bad, Good: u.good,
	}
}

// without returns the known words for which pinned is false.
func without(words []dockerfile.Word, pinned func(string) bool) []dockerfile.Word {
	var loose []dockerfile.Word
	for _, w := range words {
		if w.Known && w.Text != "" && !pinned(w.Text) {
			loose = append(loose, w)
		}
	}
	return loose
}
