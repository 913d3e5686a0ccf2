package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"plimsoll/internal/image"
	"plimsoll/internal/report"
	"plimsoll/internal/sbom"
	"plimsoll/internal/scan"
	"plimsoll/internal/verdict"
)

// sbomSource is the source of a subject that an SBOM stands for.
const sbomSource = "sbom"

// isJSON reports whether a name is that of a file that begins as JSON does,
// and so is no image's archive. Standard input is looked at and stays whole.
func (a *app) isJSON(name string) bool {
	if name == "-" {
		return sbom.LooksLike(a.peek())
	}
	info, err := os.Stat(name)
	if err != nil || info.IsDir() {
		return false
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 64)
	n, _ := io.ReadFull(f, head) // a shorter file is told by what it has
	return sbom.LooksLike(head[:n])
}

// peek returns how standard input begins and leaves it to be read.
func (a *app) peek() []byte {
	b, ok := a.env.Stdin.(*bufio.Reader)
	if !ok {
		b = bufio.NewReader(a.env.Stdin)
		a.env.Stdin = b
	}
	head, _ := b.Peek(64) // what is shorter is told by what it has
	return head
}

// readSBOM reads a document from a file, or from standard input.
func (a *app) readSBOM(name string) (*sbom.Document, error) {
	r := a.env.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	doc, err := sbom.Read(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return doc, nil
}

// listedVerdict is what a document lists, in the shape that reports read.
func listedVerdict(doc *sbom.Document) *verdict.Verdict {
	v := &verdict.Verdict{Image: doc.Image, Packages: doc.Packages, Coverage: verdict.Coverage{Complete: doc.Incomplete == ""}}
	if doc.Incomplete != "" {
		v.Coverage.Skipped = []verdict.Skipped{{Layer: -1}}
		v.Coverage.Skipped[0].Reason, v.Coverage.Skipped[0].Incomplete = doc.Incomplete, true
	}
	return v
}

// judgeSBOM gives the verdict on a document.
func (a *app) judgeSBOM(ctx context.Context, scanner *scan.Scanner, name string) (*verdict.Verdict, error) {
	doc, err := a.readSBOM(name)
	if err != nil {
		if errors.Is(err, sbom.ErrUnknown) {
			err = usage(err)
		}
		return nil, err
	}
	img := doc.Image
	img.Source, img.Via = sbomSource, doc.String()+" SBOM"
	if img.Reference != "" && img.Reference != name {
		img.Notes = append(img.Notes, fmt.Sprintf("this is what %s lists of %s; the image itself was not read", doc, img.Reference))
	}
	img.Reference = name
	return scanner.JudgeListed(ctx, &scan.Listed{Image: img, Packages: doc.Packages, Unidentified: doc.Unidentified, Incomplete: doc.Incomplete})
}

// reference scans what one argument names: an image, or an SBOM.
func (a *app) reference(ctx context.Context, scanner *scan.Scanner, ref string, opt image.Options) ([]verdict.Verdict, error) {
	if !a.isJSON(ref) {
		if ref == "-" {
			opt.Stdin = a.env.Stdin
		}
		return scanner.Reference(ctx, ref, opt)
	}
	v, err := a.judgeSBOM(ctx, scanner, ref)
	if err != nil {
		return nil, err
	}
	return []verdict.Verdict{*v}, nil
}

// subjects reads what one argument names, an SBOM or an image, and asks no
// database: the packages of each platform.
func (a *app) subjects(ctx context.Context, o *imageOptions, ref string) ([]verdict.Verdict, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if a.isJSON(ref) {
		doc, err := a.readSBOM(ref)
		if err != nil {
			return nil, usage(err)
		}
		v := listedVerdict(doc)
		v.Image.Source, v.Image.Via = sbomSource, doc.String()+" SBOM"
		return []verdict.Verdict{*v}, nil
	}
	examined, err := a.examine(ctx, o, []string{ref})
	if err != nil {
		return nil, err
	}
	var all []verdict.Verdict
	for _, e := range examined[0] {
		v := verdict.Verdict{Image: e.Description, Packages: e.Merged.Inventory.Packages}
		v.Coverage.Skipped = e.Incomplete()
		v.Coverage.Complete = len(v.Coverage.Skipped) == 0
		all = append(all, v)
	}
	return all, nil
}

// oneSubject is the only one of what an argument names.
func (a *app) oneSubject(ctx context.Context, o *imageOptions, ref string) (*verdict.Verdict, error) {
	all, err := a.subjects(ctx, o, ref)
	if err != nil {
		return nil, about(ref, err)
	}
	if len(all) != 1 {
		return nil, usage(fmt.Errorf("%s has %d images: name a platform with --platform", ref, len(all)))
	}
	return &all[0], nil
}

// documentOf is the SBOM that a file is, or the one that is written of an image.
func (a *app) documentOf(ctx context.Context, o *imageOptions, ref string) (*sbom.Document, error) {
	if a.isJSON(ref) {
		doc, err := a.readSBOM(ref)
		if err != nil {
			return nil, usage(err)
		}
		return doc, nil
	}
	v, err := a.oneSubject(ctx, o, ref)
	if err != nil {
		return nil, err
	}
	form, err := report.SBOMByName("cyclonedx")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	r := &verdict.Report{SchemaVersion: verdict.SchemaVersion, Tool: tool(), Verdicts: []verdict.Verdict{*v}}
	if err := form.Write(&b, r, report.Options{Time: firstTime(a.sourceDate(), v.Image.Created, a.now())}); err != nil {
		return nil, err
	}
	return sbom.Read(&b)
}

func firstTime(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}
