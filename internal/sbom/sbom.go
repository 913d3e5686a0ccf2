// Package sbom reads what others, and Plimsoll itself, wrote down about an
// image: CycloneDX 1.2 to 1.7, SPDX 2.2 and 2.3 and Syft's own form, all as
// JSON, bare or in an in-toto statement or a DSSE envelope. It turns each into
// an inventory that databases can be asked about, holds a document against the
// NTIA's minimum elements, and tells how two differ.
//
// It owns the names of the properties that carry what the forms have no field
// for; package report writes the documents and takes the names from here. It
// asks no database and verifies no signature.
//
// A document is hostile: its length, its counts and its depth are bounded, and
// what it says of itself is believed only as what it says.
package sbom

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"plimsoll/internal/inventory"
	"plimsoll/internal/verdict"
)

const (
	// MaxSize is the longest document that is read, in bytes.
	MaxSize = 128 << 20
	// maxComponents bounds the components of one document, those inside of
	// components included; maxEdges the relations between them.
	maxComponents = 200_000
	maxEdges      = 2_000_000
	// maxDepth bounds components inside of components, and envelopes.
	maxDepth = 64
	// maxProperties bounds the properties of one component; maxLayers the layers.
	maxProperties = 4096
	maxLayers     = 4096
)

// ErrUnknown is wrapped by the error for a file that is no SBOM of a known form.
var ErrUnknown = errors.New("not an SBOM of a known form: CycloneDX, SPDX or Syft, as JSON")

// ErrLimit is wrapped by the error for a document that is larger than it may be.
var ErrLimit = errors.New("larger than an SBOM may be")

// Form is a kind of document.
type Form string

const (
	CycloneDX Form = "CycloneDX"
	SPDX      Form = "SPDX"
	Syft      Form = "Syft"
)

// Document is what an SBOM says.
type Document struct {
	Form Form
	// Version is the form's version: "1.6", "2.3", "16.0.4".
	Version string
	// Image is the subject, as far as the document tells. Its Distribution is
	// nil where none is named.
	Image verdict.Image
	// Packages are those that can be looked up, in the order of an inventory.
	Packages []inventory.Package
	// Unidentified counts components with neither a package URL nor a CPE.
	Unidentified int
	// Components are all that the document names beside its subject, its
	// operating system and plain files.
	Components []Component
	// Authors are the persons and organisations that the document names as who
	// made it, Tools the programs, as "trivy 0.74.0".
	Authors, Tools []string
	// Created is when the document was made; zero where it does not say.
	Created time.Time
	// Incomplete is what the document says of its own gaps; empty where it says
	// of none.
	Incomplete string
}

// Component is what a document says of one component, for the check of the
// minimum elements.
type Component struct {
	// Name and Version are the document's own, and may be empty.
	Name, Version string
	// Supplier, Identified, Related, Licensed and Hashed say whether the
	// document names a supplier, a unique identifier, a relation to another
	// component or to the subject, a licence and a digest.
	Supplier, Identified, Related, Licensed, Hashed bool
}

// String is "CycloneDX 1.6".
func (d *Document) String() string { return strings.TrimSpace(string(d.Form) + " " + d.Version) }

// Read reads one document; its form is told from its content.
func Read(r io.Reader) (*Document, error) {
	content, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read sbom: %w", err)
	}
	if len(content) > MaxSize {
		return nil, fmt.Errorf("read sbom: %w: more than %d MiB", ErrLimit, MaxSize>>20)
	}
	d, err := parse(bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")), 0)
	if err != nil {
		return nil, fmt.Errorf("read sbom: %w", err)
	}
	return d, nil
}

// top are the keys by which the forms and the envelopes around them are told.
type top struct {
	BOMFormat   string          `json:"bomFormat"`
	SPDXVersion string          `json:"spdxVersion"`
	Artifacts   json.RawMessage `json:"artifacts"`
	Descriptor  json.RawMessage `json:"descriptor"`
	Source      json.RawMessage `json:"source"`
	// Predicate is an in-toto statement's (in-toto attestation framework, v1):
	// BuildKit attaches its SPDX documents to images so.
	Predicate json.RawMessage `json:"predicate"`
	// Payload is a DSSE envelope's (DSSE protocol v1.0.0), PayloadType beside it.
	Payload     string `json:"payload"`
	PayloadType string `json:"payloadType"`
	// Data is what older versions of cosign wrap a predicate in.
	Data json.RawMessage `json:"Data"`
}

func parse(content []byte, depth int) (*Document, error) {
	if depth > 4 {
		return nil, fmt.Errorf("%w: envelopes inside of envelopes", ErrLimit)
	}
	if err := dense(content); err != nil {
		return nil, err
	}
	var t top
	if err := json.Unmarshal(content, &t); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	switch {
	case t.BOMFormat == "CycloneDX":
		return readCycloneDX(content)
	case strings.HasPrefix(t.SPDXVersion, "SPDX-2."):
		return readSPDX(content)
	case t.SPDXVersion != "":
		return nil, fmt.Errorf("%w: it is %.40q, and SPDX 2.2 and 2.3 are read", ErrUnknown, t.SPDXVersion)
	case t.Artifacts != nil && t.Descriptor != nil && t.Source != nil:
		return readSyft(content)
	case t.Predicate != nil:
		return parse(t.Predicate, depth+1)
	case t.Payload != "" && t.PayloadType != "":
		inner, err := base64.StdEncoding.DecodeString(t.Payload)
		if err != nil {
			return nil, fmt.Errorf("%w: the envelope's payload: %w", ErrUnknown, err)
		}
		return parse(inner, depth+1)
	case len(t.Data) > 0 && t.Data[0] == '{':
		return parse(t.Data, depth+1)
	case len(t.Data) > 0 && t.Data[0] == '"':
		var inner string
		if err := json.Unmarshal(t.Data, &inner); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
		}
		return parse([]byte(inner), depth+1)
	}
	return nil, ErrUnknown
}

// LooksLike reports whether a file that begins with head is JSON, which no
// image's archive is.
func LooksLike(head []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte("{"))
}
