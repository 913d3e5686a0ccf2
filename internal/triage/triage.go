// Package triage owns what to do about what was found: the disposition of each
// finding by fixability and severity, and the smallest set of actions that
// clears the most.
//
// It never decides whether something is true (package reconcile holds that)
// and never fails a build (package gate does).
package triage

import (
	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/reconcile"
)

// Disposition says what a finding asks of its owner.
type Disposition string

const (
	// Rebuild: a fix exists and the severity is high or critical.
	Rebuild Disposition = "rebuild"
	// Defer: a fix exists, the severity is below the bar.
	Defer Disposition = "defer"
	// Track: no fix exists.
	Track Disposition = "track"
	// Accepted: a VEX statement or an exception covers it.
	Accepted Disposition = "accepted"
)

// Kind is what sort of thing a finding is.
type Kind string

const (
	Vulnerability Kind = "vulnerability"
	// EndOfLife: the distribution release no longer gets advisories.
	EndOfLife Kind = "end-of-life"
	// Secret: a credential in a file, the configuration or history.
	Secret Kind = "secret"
	// Malware: planted code.
	Malware Kind = "malware"
	// Provenance: a file is not what its package says it is.
	Provenance Kind = "provenance"
)

// Fix is what would clear a finding.
type Fix struct {
	State advisory.FixState `json:"state"`
	// Versions are the fixing versions in ascending order, of the package
	// named in Package (a source package for OS packages).
	Package  string   `json:"package,omitempty"`
	Versions []string `json:"versions,omitempty"`
	// Since is the day the fix became available (YYYY-MM-DD), where known.
	Since string `json:"since,omitempty"`
	// Installed is the version that the matched name is installed at: for OS
	// packages the source's or the binary's, whichever the database judges.
	Installed string `json:"-"`
}

// Finding is one thing wrong.
type Finding struct {
	// ID is stable across rebuilds, tags and layer order: it depends on the
	// kind, the vulnerability, the package's name and its place only.
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// Vulnerability is the CVE or, without one, the first database's identifier.
	Vulnerability string            `json:"vulnerability,omitempty"`
	Aliases       []string          `json:"aliases,omitempty"`
	Title         string            `json:"title,omitempty"`
	Severity      advisory.Severity `json:"severity"`
	// SeverityFrom is who gave it: "debian (grype-db)".
	SeverityFrom string      `json:"severityFrom,omitempty"`
	Disposition  Disposition `json:"disposition"`
	// PackageID names the package; empty for a finding about the image as a whole.
	PackageID string             `json:"packageID,omitempty"`
	Package   string             `json:"package,omitempty"`
	Version   string             `json:"version,omitempty"`
	Path      string             `json:"path,omitempty"`
	Liveness  inventory.Liveness `json:"liveness,omitempty"`
	Origin    inventory.LayerRef `json:"origin"`
	Fix       Fix                `json:"fix"`
	// CVSS is the score that weighs most: the vendor's before NVD's, the newest version first.
	CVSS *advisory.CVSS `json:"cvss,omitempty"`
	EPSS *advisory.EPSS `json:"epss,omitempty"`
	KEV  *advisory.KEV  `json:"kev,omitempty"`
	// HeldBy are the databases that hold it; Agreed and Differences are the reconciliation's.
	HeldBy      []string               `json:"heldBy,omitempty"`
	Agreed      bool                   `json:"agreed"`
	Differences []reconcile.Difference `json:"differences,omitempty"`
	// Evidence is set for findings about content: secrets, planted code, altered files.
	Evidence *Evidence `json:"evidence,omitempty"`
	// ClearedBy names the action that clears it, by Action.ID; empty without one.
	ClearedBy string `json:"clearedBy,omitempty"`
	// Acceptance is set where Disposition is Accepted.
	Acceptance *Acceptance `json:"acceptance,omitempty"`
}

// Acceptance is who accepts a finding, and why.
type Acceptance struct {
	// ID is the exception's place: "exceptions.yaml:12", "vex.json#/statements/3".
	ID string `json:"id"`
	// By is the exception's owner, or the VEX document's author.
	By string `json:"by"`
	// Reason is in one line.
	Reason string `json:"reason"`
	// About is what the exception speaks of, as it was written.
	About string `json:"about,omitempty"`
	// Until is its last day (YYYY-MM-DD); empty for a VEX statement. Expired is set
	// where that is over: such an exception accepts nothing.
	Until   string `json:"until,omitempty"`
	Expired bool   `json:"expired,omitempty"`
}

// ActionKind is the sort of change an action asks for.
type ActionKind string

const (
	BumpBase       ActionKind = "bump-base"
	UpgradePackage ActionKind = "upgrade-package"
	// RefreshLayer: run a layer's installation of OS packages again.
	RefreshLayer   ActionKind = "refresh-layer"
	BumpDependency ActionKind = "bump-dependency"
	RebuildBinary  ActionKind = "rebuild-binary"
	UpgradeRuntime ActionKind = "upgrade-runtime"
	ChangeRelease  ActionKind = "change-release"
	// RotateSecret: make a new credential and build without either.
	RotateSecret ActionKind = "rotate-secret"
	// RemoveCode: build without planted code.
	RemoveCode ActionKind = "remove-code"
	// Reinstall: put a package's own file back.
	Reinstall ActionKind = "reinstall"
)

// Action is one change that clears one or more findings.
type Action struct {
	ID   string     `json:"id"`
	Kind ActionKind `json:"kind"`
	// Title is the whole action in one line: "upgrade openssl to
	// 3.0.15-1~deb12u1: clears 7".
	Title string `json:"title"`
	// Detail adds what the title leaves out: which layer, direct dependency of what.
	Detail string `json:"detail,omitempty"`
	// Package, From and To are set where one package is meant.
	Package string `json:"package,omitempty"`
	From    string `json:"from,omitempty"`
	To      string `json:"to,omitempty"`
	// Clears are finding IDs; Urgent counts those with disposition rebuild.
	Clears []string `json:"clears"`
	Urgent int      `json:"urgent"`
}

// Base is what is known of the image's base.
type Base struct {
	// Layers counts the layers, from 0, that belong to the base; 0 where none is known.
	Layers int `json:"layers"`
	// Name is the base's reference where the image says it.
	Name string `json:"name,omitempty"`
	// Reason says how it was told: "history: a base sets its own command after
	// layer 0", "the first layer; history names no other boundary".
	Reason string `json:"reason"`
}
