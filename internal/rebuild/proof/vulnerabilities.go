package proof

import (
	"cmp"
	"fmt"
	"strings"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/compare"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
)

// goneVulnerability says why the second image's verdict does not hold a
// vulnerability of the first's.
func (w *weighing) goneVulnerability(f *triage.Finding) (outcomeKind, cause) {
	p := w.before.byID[f.PackageID]
	if p == nil {
		return outcomeUnproven, cause{code: Unknown}
	}
	now, change := w.became(p)
	c := cause{before: p, after: now}
	if now != nil {
		if now.OwnedBy != "" && p.OwnedBy == "" {
			c.code = OwnedNow
			return outcomeCleared, c
		}
		if why := w.notCovered(f, now); why != "" {
			return outcomeUnproven, cause{code: NotCovered, detail: why}
		}
	}
	switch {
	case now == nil && change != nil && change.Change == compare.Removed:
		return w.removed(p, c)
	case now == nil || change == nil || now.Version == p.Version:
		if d := w.otherDistribution(); d != "" && p.IsOS() && now != nil {
			return outcomeCleared, cause{code: DistributionChanged, detail: d + ": other advisories hold for the same version"}
		}
		return outcomeUnproven, cause{code: Unknown, before: p, after: now}
	}
	c.code = codeOf(change.Change)
	return outcomeCleared, c
}

func codeOf(change compare.Change) Code {
	switch change {
	case compare.Upgraded:
		return PackageUpgraded
	case compare.Downgraded:
		return PackageDowngraded
	}
	return PackageChanged
}

// removed is of a package that the second image does not record.
func (w *weighing) removed(p *inventory.Package, c cause) (outcomeKind, cause) {
	if why, code := w.stillThere(p); code != "" {
		return outcomeUnproven, cause{code: code, detail: why, before: p}
	}
	c.code = PackageRemoved
	if p.IsOS() {
		if d := w.otherDistribution(); d != "" && !w.sameFamily() {
			return outcomeCleared, cause{code: DistributionChanged, detail: d + ": its packages are gone"}
		}
	} else if w.inAfter.named[named{p.Type, p.FullName()}] {
		c.code = CopyRemoved
	}
	return outcomeCleared, c
}

// stillThere says what of a package that is no longer recorded is there all the
// same: executables with the same content that no package claims, the folder of a
// language package, the file that named it.
func (w *weighing) stillThere(p *inventory.Package) (why string, code Code) {
	if path := w.leftBehind()[p.Type+"\x00"+p.Name+" "+p.Version]; path != "" {
		return fmt.Sprintf("%s %s is recorded no more, and /%s is still there as it was", p.FullName(), p.Version, path), FilesRemain
	}
	if p.IsOS() {
		return "", ""
	}
	for _, folder := range evidence.ContentFolders(p) {
		if _, there := w.after.holds(folder); there && !w.inAfter.folders[folder] {
			return fmt.Sprintf("%s %s is recorded no more, and /%s is still there", p.FullName(), p.Version, folder), FilesRemain
		}
	}
	if c, there := w.after.holds(p.Path); there && !c.Folder() && !w.inAfter.files[p.Path] {
		return fmt.Sprintf("/%s is still there and names no package any more", p.Path), RecordGone
	}
	return "", ""
}

// leftBehind maps packages of the first image, as the account names an owner, to
// an executable that the second image holds with the same digest and that nobody
// owns there: copied without its package, or the package's record was removed.
func (w *weighing) leftBehind() map[string]string {
	if w.remains != nil {
		return w.remains
	}
	w.remains = map[string]string{}
	nobodys := func(e *account.Entry) bool {
		return e != nil && e.SHA256 != "" && (e.Status == account.Built || e.Status == account.Unaccounted)
	}
	open := map[string]string{}
	for path, e := range w.after.entries {
		if nobodys(e) && (open[e.SHA256] == "" || path < open[e.SHA256]) {
			open[e.SHA256] = path
		}
	}
	for _, e := range w.before.entries {
		if e.Owner == "" || e.OwnerType == "" {
			continue
		}
		path := ""
		switch now := w.after.entries[e.Path]; {
		case nobodys(now) && now.SHA256 == e.SHA256:
			path = e.Path
		case e.Kind == evidence.Program || e.Kind == evidence.Library:
			// A script of two lines may be anybody's; compiled code is not.
			path = open[e.SHA256]
		}
		if path == "" {
			continue
		}
		if k := e.OwnerType + "\x00" + e.Owner; w.remains[k] == "" || path < w.remains[k] {
			w.remains[k] = path
		}
	}
	return w.remains
}

// notCovered says why none of the databases that held a vulnerability judges the
// package as the second image has it; empty where one does, and where the first
// image's was judged no better.
func (w *weighing) notCovered(f *triage.Finding, now *inventory.Package) string {
	gaps := w.after.Verdict.Coverage.Gaps
	why := ""
	for _, db := range f.HeldBy {
		reason := ""
		for _, g := range gaps[db] {
			if g.Reason == advisory.TooManyMatches || g.Distribution && now.IsOS() || !g.Distribution && g.Subject == now.Type && (g.Reason != advisory.VersionNotComparable || !w.comparable(now)) {
				reason = g.Subject + ": " + g.Reason
			}
		}
		if reason == "" {
			return ""
		}
		why = cmp.Or(why, reason)
	}
	return strings.TrimPrefix(why, ": ")
}

// comparable reports whether a package's version can be ordered.
func (w *weighing) comparable(p *inventory.Package) bool {
	_, ok := w.order(p.Type, p.Version, p.Version)
	return ok
}

func (w *weighing) keptVulnerability(p pair) cause {
	c := cause{before: w.before.byID[p.before.PackageID], after: w.after.byID[p.after.PackageID]}
	fixed := p.after.Fix.State == advisory.Fixed && len(p.after.Fix.Versions) > 0
	switch {
	case c.before == nil || c.after == nil:
		return cause{code: Unknown}
	case c.before.Version == c.after.Version && fixed:
		c.code = FixNotTaken
	case c.before.Version == c.after.Version:
		c.code = NoFix
	default:
		if n, ok := w.order(c.after.Type, c.before.Version, c.after.Version); ok && n > 0 {
			c.code = PackageDowngraded
			return c
		}
		c.code = NoFix
		if fixed {
			c.code = FixNotReached
		}
	}
	return c
}

// newVulnerability says why the second image has a vulnerability that the first
// had not.
func (w *weighing) newVulnerability(f *triage.Finding) cause {
	p := w.after.byID[f.PackageID]
	if p == nil {
		return cause{code: Unknown}
	}
	was, change := w.was(p)
	c := cause{before: was, after: p}
	switch {
	case was != nil && was.OwnedBy != "" && p.OwnedBy == "":
		c.code = OwnedNoMore
	case was == nil && change != nil:
		c.code = PackageAdded
		switch d := w.otherDistribution(); {
		case p.IsOS() && d != "" && !w.sameFamily():
			return cause{code: DistributionChanged, detail: d + ": other packages"}
		case !p.IsOS() && w.inBefore.named[named{p.Type, p.FullName()}]:
			c.code = CopyAdded
		}
	case was == nil || change == nil || was.Version == p.Version:
		if d := w.otherDistribution(); d != "" && p.IsOS() && was != nil {
			return cause{code: DistributionChanged, detail: d + ": other advisories hold for the same version"}
		}
		return cause{code: Unknown, before: was, after: p}
	default:
		c.code = codeOf(change.Change)
	}
	return c
}

// otherDistribution is "debian 11 → debian 12", empty where both are the same or
// one is not known.
func (w *weighing) otherDistribution() string {
	before, after := w.before.Verdict.Image.Distribution, w.after.Verdict.Image.Distribution
	if before == nil || after == nil {
		return ""
	}
	name := func(d *inventory.Distribution) string { return strings.TrimSpace(d.ID + " " + d.VersionID) }
	if name(before) == name(after) {
		return ""
	}
	return name(before) + " → " + name(after)
}

// sameFamily reports whether both images are of one distribution, of whatever release.
func (w *weighing) sameFamily() bool {
	before, after := w.before.Verdict.Image.Distribution, w.after.Verdict.Image.Distribution
	return before != nil && after != nil && before.ID == after.ID
}
