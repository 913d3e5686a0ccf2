// Package ospkg owns the inspectors of what a distribution's package manager
// leaves in a layer: the package databases of dpkg, opkg, apk, rpm and pacman
// with their lists of installed files and the digests that they keep of them,
// the files that name the distribution and its release, and the licence files that Debian keeps beside its database.
//
// Each inspector reads one file of one layer from memory. Whether a later
// layer replaces or removes the file, and which distribution a package belongs
// to, is decided when package evidence merges the layers.
//
// A database that breaks off or is damaged yields what was read up to there
// and an error, never an empty list without a word.
package ospkg

import (
	"errors"

	"plimsoll/internal/inspect"
	"plimsoll/internal/inspect/ospkg/rpmdb"
)

// All lists the inspectors of this package.
func All() []inspect.Inspector {
	return []inspect.Inspector{
		dpkgInspector{},
		copyrightInspector{},
		chiselInspector{},
		apkInspector{},
		rpmInspector{},
		rpmManifestInspector{},
		pacmanInspector{},
		releaseInspector{},
		contentSetInspector{},
		buildInspector{},
		proInspector{},
	}
}

// ErrDamaged is wrapped by the error for a package database that can't be
// read to its end; what precedes the damage is reported.
var ErrDamaged = rpmdb.ErrDamaged

// ErrTooLarge is wrapped by the error for a database that holds more than any
// distribution ships; what was read up to the limit is reported.
var ErrTooLarge = errors.New("package database exceeds its limits")
