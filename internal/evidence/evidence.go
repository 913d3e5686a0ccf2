// Package evidence owns what was learnt from layers: Layer (the evidence of one
// layer, which depends on that layer's bytes alone and is therefore cached by
// diff ID), the compact file lists inside it, the cache that any number of
// processes share, and the merge of all layers into one inventory.
//
// It never reads a tar and never parses a file of an image: package inspect
// does, and hands its results here.
package evidence

import (
	"fmt"
	"io/fs"

	"plimsoll/internal/inventory"
	"plimsoll/internal/malware"
	"plimsoll/internal/secret"
)

// Layer is what the one pass learnt from one layer.
type Layer struct {
	// DiffID is the digest of the uncompressed tar, computed by the pass.
	DiffID string `json:"diffID"`
	// Stored is the digest of the bytes as they were read, compressed or not.
	// It is no evidence: another compression of the same layer has another.
	Stored string `json:"-"`
	// Size is the length of the uncompressed tar in bytes.
	Size int64 `json:"size"`
	// Files lists every entry of the tar, whiteouts included.
	Files FileList `json:"files"`
	// Unread are hard links whose content was not inspected under their names.
	Unread []HardLink `json:"unread,omitempty"`
	Fragment
}

// HardLink is a further name of a file: an inspector wants what is called Path
// and did not want it under the name of Target, which came with the bytes.
// Stores of packages link like this: pnpm's, and OSTree's of whole systems.
type HardLink struct {
	Path   string `json:"path"`
	Target string `json:"target"`
}

// GiveUp turns the unread links into a Problem.
func (l *Layer) GiveUp() {
	if len(l.Unread) == 0 {
		return
	}
	first := l.Unread[0]
	reason := fmt.Sprintf("a hard link to %s, which was not inspected under this name", first.Target)
	if n := len(l.Unread) - 1; n > 0 {
		reason += fmt.Sprintf(" (and %d more links)", n)
	}
	l.Problems = append(l.Problems, Problem{Path: first.Path, Reason: reason, Incomplete: true})
	l.Unread = nil
}

// Fragment is what one inspector learnt from one file. A layer's evidence is
// the sum of its fragments in the order of the tar.
type Fragment struct {
	Packages []inventory.Package `json:"packages,omitempty"`
	// Releases are os-release files and what else names the distribution,
	// each with the path it was read from.
	Releases []Release `json:"releases,omitempty"`
	// Owned says which files a package manager says it installed.
	Owned []Owned `json:"owned,omitempty"`
	// Sums are digests that a package manager keeps in a file of their own,
	// without saying by it what is installed (dpkg's .md5sums, the conffiles of
	// its status file, Python's RECORD, conda's records).
	Sums []Owned `json:"sums,omitempty"`
	// Diversions are dpkg's.
	Diversions []Diversion `json:"diversions,omitempty"`
	// Licenses are licences that a package's record does not hold and that a
	// file beside it names.
	Licenses []PackageLicense `json:"licenses,omitempty"`
	// Databases are the paths of package databases that were read, also
	// when they list no package: a later layer's database replaces an
	// earlier layer's at the same path.
	Databases []string `json:"databases,omitempty"`
	// Secrets are credentials, without their values.
	Secrets []secret.Secret `json:"secrets,omitempty"`
	// Planted is code that looks planted.
	Planted []malware.Finding `json:"planted,omitempty"`
	// Executables are the programs, libraries and scripts of the layer.
	Executables []Executable `json:"executables,omitempty"`
	// Certificates are those that lie in small files, not the bundles of
	// authorities: a private key may belong to one.
	Certificates []Certificate `json:"certificates,omitempty"`
	// Users are the files of accounts and groups in which something is odd.
	Users []UserFile `json:"users,omitempty"`
	// Problems are files that could not be examined, or only in part.
	Problems []Problem `json:"problems,omitempty"`
}

// Executable is a file that is made to be run or loaded.
type Executable struct {
	Path string         `json:"path"`
	Kind ExecutableKind `json:"kind"`
	Mode fs.FileMode    `json:"mode"`
	UID  int            `json:"uid,omitempty"`
	Size int64          `json:"size"`
	// Digests are raw, those that were computed: MD5, SHA-1 and SHA-256 are
	// what package managers keep.
	MD5    []byte `json:"md5,omitempty"`
	SHA1   []byte `json:"sha1,omitempty"`
	SHA256 []byte `json:"sha256,omitempty"`
	// Capabilities is the raw extended attribute security.capability.
	Capabilities []byte `json:"capabilities,omitempty"`
}

// ExecutableKind is what an executable is by its first bytes, or its name.
type ExecutableKind string

const (
	// Program is an ELF file that is started, Library one that is loaded.
	Program ExecutableKind = "program"
	Library ExecutableKind = "library"
	// Script has an execute bit and a first line that names an interpreter.
	Script ExecutableKind = "script"
	// Windows is a PE file, Darwin a Mach-O file: an image can carry both.
	Windows ExecutableKind = "windows"
	Darwin  ExecutableKind = "darwin"
	// Bytecode is Python's compiled form beside a source.
	Bytecode ExecutableKind = "bytecode"
	// Unknown has an execute bit and is none of the above.
	Unknown ExecutableKind = "unknown"
	// Nominal is called an executable by its mode or its name, or is an ELF file
	// that is neither started nor loaded, and its content is none: it counts only
	// where a package's record says that it was another.
	Nominal ExecutableKind = "nominal"
	// Link is a name that leads to an executable, LinkerCache what the dynamic linker
	// looks libraries up in; accounts alone have them.
	Link        ExecutableKind = "link"
	LinkerCache ExecutableKind = "cache"
)

// Certificate is an X.509 certificate in a file.
type Certificate struct {
	Path string `json:"path"`
	// Subject is its common name.
	Subject string `json:"subject,omitempty"`
	// Key is the fingerprint of the public key, as secret.CertificateFingerprint gives it.
	Key string `json:"key"`
}

// UserFile is what is odd in etc/passwd or etc/group: names, and never what stands in
// the field of the password.
type UserFile struct {
	Path string `json:"path"`
	// Shared are the identifiers that more than one account or group has, in the order
	// of the file.
	Shared []SharedID `json:"shared,omitempty"`
	// Passwordless are accounts whose password is empty.
	Passwordless []string `json:"passwordless,omitempty"`
	// More is set where there is more of either than is listed.
	More bool `json:"more,omitempty"`
}

// SharedID is a user or group identifier with the names that have it.
type SharedID struct {
	ID    uint32   `json:"id"`
	Names []string `json:"names"`
}

// Release is a distribution as one file of a layer names it. A file that adds a
// single fact (a content manifest) leaves the other fields empty.
type Release struct {
	Path string `json:"path"`
	inventory.Distribution
}

// Owned is the file list of one package, as its package manager keeps it.
type Owned struct {
	// Type and Package name the package: "deb" "libssl3" (without ":amd64").
	Type    string `json:"type"`
	Package string `json:"package"`
	// Version may be empty where the list does not say it (dpkg's .list files).
	Version string `json:"version,omitempty"`
	// Arch may be empty.
	Arch string `json:"arch,omitempty"`
	// Database is the path of the file that holds the list.
	Database string `json:"database"`
	// Paths are relative to the root without a leading slash, as recorded
	// (before links such as /bin -> usr/bin are resolved); directories may be among them.
	Paths PathList `json:"paths"`
	// Digests are the package manager's own, one for each of Paths in the same
	// order; empty where this list keeps none.
	Digests DigestList `json:"digests,omitzero"`
}

// Diversion is a file that dpkg moves out of the way of another package's
// (dpkg-divert(1)): what Package would have installed at From lies at To.
type Diversion struct {
	From string `json:"from"`
	To   string `json:"to"`
	// By is the package that diverts and keeps From for itself; ":" for the
	// administrator, as dpkg writes it.
	By string `json:"by"`
}

// PackageLicense is what a licence file says about a package whose record is
// in another file (Debian's copyright files).
type PackageLicense struct {
	// Type and Package name the package: "deb" "libssl3".
	Type    string `json:"type"`
	Package string `json:"package"`
	// Path is the licence file.
	Path string `json:"path"`
	// Names are the short names in the order of the file, each once.
	Names []string `json:"names"`
}

// Problem is something of a layer that was not, or not fully, examined.
type Problem struct {
	// Path is the file, empty where the layer as a whole is meant.
	Path string `json:"path,omitempty"`
	// Inspector is the name of the inspector concerned; empty for the walker.
	Inspector string `json:"inspector,omitempty"`
	// Reason says what happened in lower case without a period.
	Reason string `json:"reason"`
	// Incomplete is set where the verdict can't be called complete because
	// of it; a note that merely explains leaves it false.
	Incomplete bool `json:"incomplete,omitempty"`
}

// Note records a problem that leaves the verdict complete.
func (f *Fragment) Note(path, reason string) {
	f.Problems = append(f.Problems, Problem{Path: path, Reason: reason})
}

// Empty reports whether nothing was learnt.
func (f *Fragment) Empty() bool {
	return len(f.Packages)+len(f.Releases)+len(f.Owned)+len(f.Sums)+len(f.Diversions)+len(f.Licenses)+len(f.Databases)+len(f.Problems)+
		len(f.Secrets)+len(f.Planted)+len(f.Executables)+len(f.Certificates)+len(f.Users) == 0
}

// Add appends what another fragment holds.
func (f *Fragment) Add(g *Fragment) {
	f.Packages = append(f.Packages, g.Packages...)
	f.Releases = append(f.Releases, g.Releases...)
	f.Owned = append(f.Owned, g.Owned...)
	f.Sums = append(f.Sums, g.Sums...)
	f.Diversions = append(f.Diversions, g.Diversions...)
	f.Licenses = append(f.Licenses, g.Licenses...)
	f.Databases = append(f.Databases, g.Databases...)
	f.Problems = append(f.Problems, g.Problems...)
	f.Secrets = append(f.Secrets, g.Secrets...)
	f.Planted = append(f.Planted, g.Planted...)
	f.Executables = append(f.Executables, g.Executables...)
	f.Certificates = append(f.Certificates, g.Certificates...)
	f.Users = append(f.Users, g.Users...)
}
