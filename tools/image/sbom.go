package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"plimsoll/internal/advisory/version"
	"plimsoll/internal/cli"
	"plimsoll/internal/image"
	"plimsoll/internal/inspect"
	"plimsoll/internal/report"
	"plimsoll/internal/scan"
	"plimsoll/internal/verdict"
)

// sbom describes the image of one platform as plimsoll sbom describes anybody's.
// The folder's name is no part of it: the document is the same wherever it is made.
func sbom(ctx context.Context, r recipe, dir string, p v1.Platform) ([]byte, error) {
	look, err := scan.Content(scan.Rules{}, nil)
	if err != nil {
		return nil, err
	}
	scanner := &scan.Scanner{Order: version.Order, Now: r.Time, Content: look, Pass: inspect.New(scan.Inspectors(look), inspect.DefaultLimits())}
	examined, err := scanner.Evidence(ctx, image.Options{Platform: p.String(), Getenv: os.Getenv}, "oci:"+dir+":"+r.Tag)
	if err != nil {
		return nil, err
	}
	if len(examined[0]) != 1 {
		return nil, fmt.Errorf("the layout has %d images of this platform", len(examined[0]))
	}
	e := examined[0][0]
	if skipped := e.Incomplete(); len(skipped) > 0 {
		return nil, fmt.Errorf("part of the image could not be examined: %v", skipped[0].Problem)
	}
	v := verdict.Verdict{Image: e.Description, Packages: e.Merged.Inventory.Packages}
	v.Image.Reference, v.Image.Via = "plimsoll:"+r.Tag, ""
	v.Coverage.Complete = true
	form, err := report.SBOMByName("cyclonedx")
	if err != nil {
		return nil, err
	}
	var document bytes.Buffer
	err = form.Write(&document, &verdict.Report{
		SchemaVersion: verdict.SchemaVersion, Verdicts: []verdict.Verdict{v},
		Tool: verdict.Tool{Name: "plimsoll", Version: cli.Version()},
	}, report.Options{Time: r.Time})
	return document.Bytes(), err
}
