package evidence

import "plimsoll/internal/inventory"

// ContentFolders are the folders that hold a language package's code, relative to
// the root, where its record lies in a folder that tells them; none otherwise.
func ContentFolders(p *inventory.Package) []string { return contentFolders(p) }
