// Package history owns the account of how an image was made, history line by
// history line: what each line's layer did to packages and files, what it left
// behind that later lines only hid, and what was found in it.
//
// It works on the evidence of layers and reads no image. It judges nothing: the
// findings it sorts to their lines are those of package triage.
package history

import (
	"time"

	"plimsoll/internal/account"
	"plimsoll/internal/compare"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// SchemaVersion is the version of the JSON shape. It rises when a field changes
// its meaning or goes away; new fields don't raise it.
const SchemaVersion = 1

// Report is the histories of one run, one for each image and platform.
type Report struct {
	SchemaVersion int          `json:"schemaVersion"`
	Tool          verdict.Tool `json:"tool"`
	Histories     []History    `json:"histories"`
	// Status is the run's exit status.
	Status int `json:"status"`
}

// History is how one image was made.
type History struct {
	Image verdict.Image `json:"image"`
	// Aligned is false where the image's history does not tell of every layer:
	// its lines then come first, without layers, and the layers without lines.
	Aligned bool `json:"aligned"`
	// Lines are oldest first.
	Lines []Line `json:"lines"`
	// Configuration are findings in the image's configuration that no line set.
	Configuration []triage.Finding `json:"configuration,omitempty"`
	Totals        Totals           `json:"totals"`
	// Complete is false where something could not be examined; Skipped says what.
	Complete bool              `json:"complete"`
	Skipped  []verdict.Skipped `json:"skipped,omitempty"`
}

// Line is one history line, or a layer that has none.
type Line struct {
	// Index counts the lines of the image's history from 0, -1 for a layer
	// that no line tells of.
	Index int `json:"index"`
	// CreatedBy is the line without control characters, secrets masked.
	CreatedBy string    `json:"createdBy"`
	Created   time.Time `json:"created,omitzero"`
	Comment   string    `json:"comment,omitempty"`
	// Layer is nil for a line that made none.
	Layer *Layer `json:"layer,omitempty"`
	// Findings are secrets, planted code and altered executables of the layer, and
	// what was found in the line itself.
	Findings []triage.Finding `json:"findings,omitempty"`
}

// Layer is what a line's layer did.
type Layer struct {
	Index  int    `json:"index"`
	DiffID string `json:"diffID"`
	Digest string `json:"digest,omitempty"`
	// Size is the length of the uncompressed tar in bytes; Stored that of the
	// blob as it lies in the source, -1 where that is not known.
	Size   int64 `json:"size"`
	Stored int64 `json:"stored"`

	Packages []compare.Package `json:"packages"`
	Files    Files             `json:"files"`
	// Unreclaimed are the copies of lower layers that this one overwrote or
	// deleted: they still ship in every pull.
	Unreclaimed []Buried `json:"unreclaimed,omitempty"`
	// Superseded is what later layers overwrote or deleted of this one's files.
	Superseded Tally `json:"superseded"`

	Executables Executables `json:"executables"`
	// Privileged are files that run with their owner's or group's rights.
	Privileged []Privileged `json:"privileged,omitempty"`
	// Tree shows the largest of what changed, where it was asked for.
	Tree []Row `json:"tree,omitempty"`
	// LeftOut counts the changes that Tree has no row for.
	LeftOut int `json:"leftOut,omitempty"`
}

// Tally counts files with the bytes of their content.
type Tally struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

func (t *Tally) add(bytes int64) {
	t.Files++
	t.Bytes += bytes
}

// Files is what a layer did to files, links and devices; folders don't count.
// Bytes are those of the layer, but for Deleted, of which they are the lower copy's.
type Files struct {
	Added   Tally `json:"added"`
	Changed Tally `json:"changed"`
	// Rewritten are in the layer again as they were: same type, size, mode and sum.
	Rewritten Tally `json:"rewritten"`
	Deleted   Tally `json:"deleted"`
}

// Buried is what is hidden of one lower layer.
type Buried struct {
	Layer int `json:"layer"`
	Tally
}

// Executables counts a layer's programs, libraries and scripts.
type Executables struct {
	Total    int                    `json:"total"`
	ByStatus map[account.Status]int `json:"byStatus"`
	// Open are those that differ from their package's record or that nothing
	// accounts for, the largest risk first; at most listed, Total counts all.
	Open []Executable `json:"open,omitempty"`
}

// Executable is one that nobody vouches for.
type Executable struct {
	Path     string             `json:"path"`
	Status   account.Status     `json:"status"`
	SHA256   string             `json:"sha256,omitempty"`
	Owner    string             `json:"owner,omitempty"`
	Liveness inventory.Liveness `json:"liveness"`
	Risks    []string           `json:"risks,omitempty"`
}

// Privileged is a setuid or setgid file that a layer added, or made so.
type Privileged struct {
	Path string `json:"path"`
	// Mode is in the form of ls: "-rwsr-xr-x".
	Mode string `json:"mode"`
	// Change is added, or changed for a file that a lower layer holds too.
	Change compare.Change `json:"change"`
}

// Totals sum the image up.
type Totals struct {
	// Size is the length of all uncompressed layers, Stored of all blobs as they
	// lie in the source, -1 where one is not known.
	Size   int64 `json:"size"`
	Stored int64 `json:"stored"`
	// Shipped is the content of all layers' files, Final of those that the image shows.
	Shipped Tally `json:"shipped"`
	Final   Tally `json:"final"`
	// Overwritten and Deleted ship in every pull and are never seen; Again is
	// how much of Overwritten was written again as it was.
	Overwritten Tally `json:"overwritten"`
	Again       Tally `json:"again"`
	Deleted     Tally `json:"deleted"`
	// Efficiency is Final's bytes for each of Shipped's, 1 for an image without files.
	Efficiency float64 `json:"efficiency"`
}

// Wasted is what every pull carries for nothing.
func (t *Totals) Wasted() Tally {
	return Tally{t.Overwritten.Files + t.Deleted.Files, t.Overwritten.Bytes + t.Deleted.Bytes}
}

// Input is what a history is made from.
type Input struct {
	Image verdict.Image
	// History is the configuration's, and Lines the same with the layer that
	// each line made and secrets masked.
	History []Told
	Lines   []inventory.LayerRef
	// Layers and Refs are base first; Stored is the length of each blob.
	Layers  []*evidence.Layer
	Refs    []inventory.LayerRef
	Stored  []int64
	Merged  *evidence.Merged
	Account *account.Account
	// Publishers are the owners of files in which something was found.
	Publishers account.Publishers
	Order      triage.Order
}

// Told is what a history line says beside its command.
type Told struct {
	Created time.Time
	Comment string
	// Empty is set for a line that made no layer.
	Empty bool
}

// Options say how much is listed.
type Options struct {
	// Tree asks for the tree of changes, of at most Rows rows for each layer;
	// 0 means MaxRows.
	Tree bool
	Rows int
	// ByPath sorts what lies in one folder by name and not by size.
	ByPath bool
}

// MaxRows bounds one layer's tree.
const MaxRows = 100_000

// listed bounds the lists of one layer.
const listed = 1_000

// Of makes the history.
func Of(in Input, opt Options) *History {
	h := &History{Image: in.Image, Complete: true}
	for _, p := range in.Merged.Problems {
		if p.Incomplete {
			h.Complete = false
			h.Skipped = append(h.Skipped, verdict.Skipped{Layer: p.Layer, Problem: p.Problem})
		}
	}
	m := &making{Input: in, Options: opt, history: h}
	m.layOut()
	m.files()
	m.packages()
	m.findings()
	m.executables()
	h.Totals = m.totals()
	return h
}
