package account

import (
	"cmp"
	"slices"

	"plimsoll/internal/inventory"
)

// Change is one executable that two images show differently.
type Change struct {
	Path string `json:"path"`
	// Before is nil for one that was added, After for one that was removed.
	Before *Entry `json:"before,omitempty"`
	After  *Entry `json:"after,omitempty"`
	// Content is set where its bytes differ, Status where only whose it is does.
	Content bool `json:"content"`
	Status  bool `json:"status"`
}

// Diff compares the executables of two final images by their paths. What nobody
// vouches for in the second comes first.
func Diff(before, after *Account) []Change {
	old := map[string]*Entry{}
	for i := range before.Entries {
		if e := &before.Entries[i]; e.Liveness == inventory.Visible {
			old[e.Path] = e
		}
	}
	var changes []Change
	for i := range after.Entries {
		e := &after.Entries[i]
		if e.Liveness != inventory.Visible {
			continue
		}
		was := old[e.Path]
		delete(old, e.Path)
		c := Change{Path: e.Path, Before: was, After: e}
		if was != nil {
			c.Content = was.SHA256 != e.SHA256 || was.Mode != e.Mode || was.Capabilities != e.Capabilities
			c.Status = was.Status != e.Status
			if !c.Content && !c.Status {
				continue
			}
		}
		changes = append(changes, c)
	}
	for path, was := range old {
		changes = append(changes, Change{Path: path, Before: was})
	}
	slices.SortFunc(changes, func(x, y Change) int {
		return cmp.Or(cmp.Compare(y.risk(), x.risk()), cmp.Compare(x.Path, y.Path))
	})
	return changes
}

// risk is that of what the second image shows, where nobody vouches for it.
func (c *Change) risk() int {
	if c.After == nil || !c.After.Status.Open() {
		return 0
	}
	return 1 + c.After.Risk
}
