// Package lab owns the stand-in images and the small vulnerability databases
// that a demonstration needs on a machine with nothing but this program: it
// builds, offline and from embedded tables of facts, OCI layouts that hold the
// packages, layers, history and configuration of real official images, and
// files in the formats of trivy-db and grype DB that hold what those two say
// about them.
//
// The facts are real and dated; data/README.md says where each is from. The
// files are not: executables are headers without code, so nothing of an image
// built here can run. The package reads no image and judges nothing.
package lab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/grypedb"
)

// AsOf is the day on which the facts were taken from the two databases. Both
// databases carry it as the time they were built, so that a build is the same
// on every day; a caller that checks their age should measure it from here.
var AsOf = time.Date(2026, time.November, 21, 0, 0, 0, 0, time.UTC)

const (
	timeFormat = time.RFC3339
	nextUpdate = 24 * time.Hour

	trivyDir = "trivy-db"
	grypeDir = "grype-db"
)

// Lab is what Build wrote.
type Lab struct {
	Images []LabImage
	// TrivyDir holds trivy.db and metadata.json, GrypeDir vulnerability.db.
	TrivyDir, GrypeDir string
	// Trivy and Grype identify the two; Path is the database file.
	Trivy, Grype advisory.Info
}

// LabImage is one stand-in image, alone in an OCI layout.
type LabImage struct {
	// Name is the reference of the image it stands for: "python:3.8-slim".
	Name string
	// LayoutDir is the OCI layout's folder.
	LayoutDir string
	// Title says what it is and of which day, in one line.
	Title string
	// Rebuilds names the image that this one is a rebuild of: a later point
	// on the same tag, for a before and an after. Empty where it is none.
	Rebuilds string
	// Planted is set for a case of what a scan for vulnerabilities never sees.
	Planted bool
}

// Build writes the images and the databases into dir, which it creates; what
// an earlier Build left there is replaced. The databases are ready to be
// opened. The same program writes the same bytes every time.
func Build(ctx context.Context, dir string) (*Lab, error) {
	f, err := loadFacts()
	if err != nil {
		return nil, err
	}
	lab := &Lab{TrivyDir: filepath.Join(dir, trivyDir), GrypeDir: filepath.Join(dir, grypeDir)}
	if err := errors.Join(os.RemoveAll(lab.TrivyDir), os.RemoveAll(lab.GrypeDir)); err != nil {
		return nil, fmt.Errorf("clear the demonstration's folder: %w", err)
	}
	if err := buildTrivyDB(lab.TrivyDir, f); err != nil {
		return nil, fmt.Errorf("build the demonstration's trivy-db: %w", err)
	}
	if err := buildGrypeDB(ctx, lab.GrypeDir, f); err != nil {
		return nil, fmt.Errorf("build the demonstration's grype-db: %w", err)
	}
	if err := grypedb.Index(ctx, lab.GrypeDir); err != nil {
		return nil, fmt.Errorf("build the demonstration's grype-db: %w", err)
	}
	for _, recipe := range recipes() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out := filepath.Join(dir, "images", recipe.folder)
		if err := writeLayout(out, recipe); err != nil {
			return nil, fmt.Errorf("build the stand-in of %s: %w", recipe.name, err)
		}
		lab.Images = append(lab.Images, LabImage{Name: recipe.name, LayoutDir: out, Title: recipe.title, Rebuilds: recipe.rebuilds, Planted: recipe.planted})
	}
	if err := lab.describe(); err != nil {
		return nil, err
	}
	return lab, nil
}

func (l *Lab) describe() error {
	trivy, grype := filepath.Join(l.TrivyDir, "trivy.db"), filepath.Join(l.GrypeDir, "vulnerability.db")
	trivyDigest, err1 := digestFile(trivy)
	grypeDigest, err2 := digestFile(grype)
	next := AsOf.Add(nextUpdate)
	l.Trivy = advisory.Info{Name: "trivy-db", Schema: "2", Built: AsOf, NextUpdate: next, Digest: trivyDigest, From: "embedded facts", Path: trivy}
	l.Grype = advisory.Info{Name: "grype-db", Schema: grypeSchemaVersion, Built: AsOf, Digest: grypeDigest, From: "embedded facts", Path: grype}
	return errors.Join(err1, err2)
}

func digestFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}
