package proof

import (
	"fmt"
	"strings"
)

// Code names a cause. Codes are stable.
type Code string

// Causes about packages.
const (
	// PackageUpgraded, PackageDowngraded: another version, newer or older; where
	// versions can't be ordered it is PackageChanged.
	PackageUpgraded   Code = "package-upgraded"
	PackageDowngraded Code = "package-downgraded"
	PackageChanged    Code = "package-changed"
	PackageRemoved    Code = "package-removed"
	PackageAdded      Code = "package-added"
	// CopyRemoved, CopyAdded: one of several copies of a package.
	CopyRemoved Code = "copy-removed"
	CopyAdded   Code = "copy-added"
	// OwnedNow: its files belong to a package of the distribution, whose
	// advisories judge it; OwnedNoMore is the other way round.
	OwnedNow    Code = "owned-by-distribution"
	OwnedNoMore Code = "not-owned-by-distribution"
	// DistributionChanged: another distribution, or another release of it.
	DistributionChanged Code = "distribution-changed"
	// NoFix: what is installed is still affected, and no fix exists.
	NoFix Code = "no-fix"
	// FixNotTaken: the same version as before, though a fix exists.
	FixNotTaken Code = "fix-not-taken"
	// FixNotReached: another version, without the fixes that exist.
	FixNotReached Code = "fix-not-reached"
)

// Causes about secrets, planted code and altered executables.
const (
	FileRemoved Code = "file-removed"
	FileChanged Code = "file-changed"
	FileAdded   Code = "file-added"
	FileMoved   Code = "file-moved"
	// FileRestored: an altered executable is its package's own again.
	FileRestored Code = "file-restored"
	// RecordChanged: the file is the same, and its package's record is another.
	RecordChanged Code = "record-changed"
	// BaseChanged: what a lower layer of the base held is in none of the new base's.
	BaseChanged Code = "base-changed"
	// LayerRebuilt: the same history line made another layer.
	LayerRebuilt Code = "layer-rebuilt"
	// LayerRemoved, LayerAdded: only one of the two ships the layer.
	LayerRemoved Code = "layer-removed"
	LayerAdded   Code = "layer-added"
	// Settings of the configuration, and lines of the history.
	SettingRemoved Code = "setting-removed"
	SettingChanged Code = "setting-changed"
	SettingAdded   Code = "setting-added"
	HistoryChanged Code = "history-changed"
	// ValueChanged: another secret in the same place.
	ValueChanged Code = "value-changed"
	Unchanged    Code = "unchanged"
	// Hidden: a later layer hides what was visible, and every pull still carries
	// it. Exposed is the other way round.
	Hidden  Code = "hidden"
	Exposed Code = "exposed"
)

// Causes for which nothing counts as cleared.
const (
	// FilesRemain: the package's record is gone; files that it installed are
	// there with the same content, and no package claims them.
	FilesRemain Code = "files-remain"
	// RecordGone: the file, or the folder, that named the package is there and
	// names it no more.
	RecordGone Code = "record-gone"
	// NotCovered: no database that held it judges the package as it is now.
	NotCovered Code = "not-covered"
	Unknown    Code = "unknown"
)

// words writes a group's cause for people.
func (g *Group) words(detail string) string {
	p := g.Package
	switch g.Code {
	case PackageUpgraded, PackageDowngraded, PackageChanged:
		aside := map[Code]string{PackageDowngraded: " (older than before)", PackageChanged: " (versions that can't be ordered)"}[g.Code]
		return p.Name + " " + p.Before + " → " + p.After + aside
	case PackageRemoved:
		return p.Name + " " + p.Before + " removed"
	case PackageAdded:
		return p.Name + " " + p.After + " is new"
	case CopyRemoved:
		return "a copy of " + p.Name + " " + p.Before + " removed"
	case CopyAdded:
		return "another copy of " + p.Name + " " + p.After
	case OwnedNow:
		return p.Name + ": a package of the distribution installs it now, and is judged instead"
	case OwnedNoMore:
		return p.Name + ": no package of the distribution installs it any more, so that it is judged itself"
	case DistributionChanged, FilesRemain, RecordGone, NotCovered:
		return detail
	case NoFix:
		return p.moved() + ": no fix exists"
	case FixNotTaken:
		return p.Name + " " + p.After + ": the same version as before, though fixes exist"
	case FixNotReached:
		return p.moved() + ": without the fixes that exist"
	}
	return strings.TrimSpace(contentWords(g.Code, detail))
}

func contentWords(code Code, detail string) string {
	switch code {
	case FileRemoved:
		return detail + " is gone"
	case FileChanged:
		return detail + " has other content"
	case FileAdded:
		return detail + " is new"
	case FileMoved:
		return "the same value in another place: " + detail
	case FileRestored:
		return detail + " is its package's own again"
	case RecordChanged:
		return detail + " is the same, and its package's record is another"
	case BaseChanged:
		return "the base is another, without the layer that held " + detail
	case LayerRebuilt:
		return "the layer that held " + detail + " was rebuilt without it"
	case LayerRemoved:
		return "the layer that held " + detail + " no longer ships"
	case LayerAdded:
		return "a new layer holds " + detail
	case SettingRemoved:
		return detail + " is no longer set"
	case SettingChanged:
		return detail + " has another value"
	case SettingAdded:
		return detail + " is newly set"
	case HistoryChanged:
		return "the history is another"
	case ValueChanged:
		return "another secret in the same place: " + detail
	case Unchanged:
		return detail + ": as before"
	case Hidden:
		return detail + ": a later layer hides it, and every pull still carries it"
	case Exposed:
		return detail + ": hidden before, in the final image now"
	}
	return "cause unknown"
}

// moved is "glibc 2.36-9" or, where the version is another, "glibc 2.36-9 → 2.36-10".
func (p *PackageChange) moved() string {
	if p.Before != p.After && p.Before != "" {
		return fmt.Sprintf("%s %s → %s", p.Name, p.Before, p.After)
	}
	return p.Name + " " + p.After
}
