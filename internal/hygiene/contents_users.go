package hygiene

import (
	"slices"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
)

// userFile is what is odd in a file of accounts of the final image.
type userFile struct {
	evidence.UserFile
	// before is what the base's own copy of the file had, as odd as it was.
	before evidence.UserFile
}

// userFiles finds the files of accounts as the final image has them.
func (c *Contents) userFiles(fates *evidence.Fates) []userFile {
	var files []userFile
	before := map[string]evidence.UserFile{}
	for n, l := range c.Layers {
		for _, u := range l.Users {
			if n < c.Base {
				before[u.Path] = u
			}
			if fates.Of(u.Path, n).Liveness == inventory.Visible {
				files = append(files, userFile{u, before[u.Path]})
			}
		}
	}
	return files
}

// shared are the identifiers that several accounts or groups have: those of the base,
// or those that were added to it.
func (u *userFile) shared(base bool) []evidence.SharedID {
	var list []evidence.SharedID
	for _, s := range u.Shared {
		same := slices.ContainsFunc(u.before.Shared, func(b evidence.SharedID) bool { return b.ID == s.ID && slices.Equal(b.Names, s.Names) })
		if same == base {
			list = append(list, s)
		}
	}
	return list
}

// passwordless are the accounts without a password: see shared.
func (u *userFile) passwordless(base bool) []string {
	var list []string
	for _, name := range u.Passwordless {
		if slices.Contains(u.before.Passwordless, name) == base {
			list = append(list, name)
		}
	}
	return list
}
