package proof

import (
	"slices"
	"strings"

	"plimsoll/internal/account"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
)

// where says where a finding about content is: "/app/.env", "Env TOKEN".
func where(f *triage.Finding) string {
	if line, ok := strings.CutPrefix(f.Path, evidence.HistoryPrefix); ok {
		return "history line " + line
	}
	if setting, ok := strings.CutPrefix(f.Path, evidence.ConfigPrefix); ok {
		return strings.Replace(setting, ".", " ", 1)
	}
	if f.Path == "" {
		return f.Title
	}
	if f.Evidence != nil && f.Evidence.Inside != "" {
		return "/" + f.Path + "!" + f.Evidence.Inside
	}
	return "/" + f.Path
}

// seen reports whether the final image shows the finding, or a container does.
func seen(f *triage.Finding) bool {
	return f.Liveness == inventory.Visible || f.Liveness == inventory.InConfig
}

func (w *weighing) keptContent(p pair) cause {
	c := cause{code: Unchanged, detail: where(p.after)}
	b, a := p.before.Evidence, p.after.Evidence
	switch {
	case a == nil || b == nil:
		c.detail = "the distribution's release"
	case seen(p.before) && !seen(p.after):
		c.code = Hidden
	case !seen(p.before) && seen(p.after):
		c.code = Exposed
	case a.Value != b.Value:
		c.code = ValueChanged
	case where(p.before) != c.detail:
		c.code, c.detail = FileMoved, where(p.before)+" → "+c.detail
	case p.before.ID != p.after.ID:
		c.code = FileChanged
	}
	return c
}

// goneContent says why a secret, planted code or an altered executable is gone.
func (w *weighing) goneContent(f *triage.Finding) (outcomeKind, cause) {
	c := cause{detail: where(f)}
	switch {
	case strings.HasPrefix(f.Path, evidence.HistoryPrefix):
		c.code, c.detail = HistoryChanged, ""
		return outcomeCleared, c
	case f.Liveness == inventory.InConfig:
		c.code = SettingRemoved
		if w.after.sets(f.Path) {
			c.code = SettingChanged
		}
		return outcomeCleared, c
	case w.after.tree == nil || w.before.tree == nil:
		c.code = Unknown
		return outcomeUnproven, c
	case f.Kind == triage.Provenance:
		return w.goneAltered(f, c)
	case !seen(f):
		return w.goneLayer(f, c)
	}
	was, _ := w.before.holds(f.Path)
	switch now, there := w.after.holds(f.Path); {
	case !there:
		c.code = FileRemoved
	case !now.SameContent(&was):
		c.code = FileChanged
	default:
		c.code = Unknown
		return outcomeUnproven, c
	}
	return outcomeCleared, c
}

// goneAltered is of an executable that differed from its package's record.
func (w *weighing) goneAltered(f *triage.Finding, c cause) (outcomeKind, cause) {
	was, now := w.before.entries[f.Path], w.after.entries[f.Path]
	_, there := w.after.holds(f.Path)
	switch {
	case !there:
		c.code = FileRemoved
	case now != nil && now.Status == account.Intact:
		c.code = FileRestored
		if was != nil && was.SHA256 != "" && was.SHA256 == now.SHA256 {
			c.code = RecordChanged
		}
	case was != nil && now != nil && was.SHA256 != "" && was.SHA256 == now.SHA256:
		// The same bytes, and no package says any more that they should be others.
		c.code = RecordGone
		c.detail = "/" + f.Path + " is still there as it was, and no package keeps a digest of it any more"
		return outcomeKept, c
	case now == nil || now.Status.Open():
		c.code = NotCovered
		c.detail = "/" + f.Path + " is another file now, and no package vouches for it"
		return outcomeUnproven, c
	default:
		c.code = FileChanged
	}
	return outcomeCleared, c
}

// goneLayer is of something that a later layer of the first image hid.
func (w *weighing) goneLayer(f *triage.Finding, c cause) (outcomeKind, cause) {
	if slices.ContainsFunc(w.after.Layers, func(l *evidence.Layer) bool { return l.DiffID == f.Origin.DiffID }) {
		c.code = Unknown
		return outcomeUnproven, c
	}
	c.code = LayerRemoved
	switch {
	case f.Origin.Index < w.before.base:
		c.code = BaseChanged
	case f.Origin.CreatedBy != "" && slices.ContainsFunc(w.after.Verdict.Image.Layers, madeBy(f.Origin.CreatedBy)):
		c.code = LayerRebuilt
	}
	return outcomeCleared, c
}

// newContent says why the second image has something that the first had not.
func (w *weighing) newContent(f *triage.Finding) cause {
	c := cause{detail: where(f), code: Unknown}
	switch {
	case strings.HasPrefix(f.Path, evidence.HistoryPrefix):
		c.code = HistoryChanged
		return c
	case f.Liveness == inventory.InConfig:
		c.code = SettingAdded
		if w.before.sets(f.Path) {
			c.code = SettingChanged
		}
		return c
	case w.after.tree == nil || w.before.tree == nil:
		return c
	case !seen(f):
		if !slices.ContainsFunc(w.before.Layers, func(l *evidence.Layer) bool { return l.DiffID == f.Origin.DiffID }) {
			c.code = LayerAdded
		}
		return c
	}
	now, _ := w.after.holds(f.Path)
	switch was, there := w.before.holds(f.Path); {
	case !there:
		c.code = FileAdded
	case !now.SameContent(&was):
		c.code = FileChanged
	case f.Kind == triage.Provenance:
		c.code = RecordChanged
	}
	return c
}
