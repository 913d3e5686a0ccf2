package scan

import (
	"context"
	"fmt"
	"strings"

	"plimsoll/internal/account"
	"plimsoll/internal/evidence"
	"plimsoll/internal/image"
	"plimsoll/internal/inspect/content"
	"plimsoll/internal/inventory"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// Examined is one image with everything that was learnt from its bytes, before
// any database is asked.
type Examined struct {
	// Image's layers can't be opened any more; Description says what it is.
	Image       *image.Image
	Description verdict.Image
	// Veil masks the secrets in the image's configuration and history.
	Veil *content.Veil
	// Layers and Refs are base first.
	Layers []*evidence.Layer
	Refs   []inventory.LayerRef
	// History has, for each history line of the configuration, the layer that it
	// made; an index of -1 for a line that made none, or where history can't be
	// laid beside the layers. Secrets in the lines are masked.
	History []inventory.LayerRef
	Merged  *evidence.Merged
	Base    triage.Base
	Account *account.Account

	publishers account.Publishers
}

// Incomplete returns the problems that keep the evidence from being whole.
func (e *Examined) Incomplete() []verdict.Skipped {
	var skipped []verdict.Skipped
	for _, p := range e.Merged.Problems {
		if p.Incomplete {
			skipped = append(skipped, verdict.Skipped{Layer: p.Layer, Problem: p.Problem})
		}
	}
	return skipped
}

// Evidence examines what a user named, one image for each platform asked, and
// asks no database. A layer that several of the references share is read once.
func (s *Scanner) Evidence(ctx context.Context, opt image.Options, refs ...string) ([][]*Examined, error) {
	g := &gathering{scanner: s, layers: map[string]*outcome{}}
	all := make([][]*Examined, len(refs))
	for i, ref := range refs {
		err := s.each(ctx, g, ref, opt, func(e *Examined) error {
			all[i] = append(all[i], e)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// each examines the images of one reference, one after another.
func (s *Scanner) each(ctx context.Context, g *gathering, ref string, opt image.Options, then func(*Examined) error) error {
	opt.Streamed = g.streamed
	set, err := image.Open(ctx, ref, opt)
	if err != nil {
		return err
	}
	defer set.Close()
	for _, img := range set.Images {
		e, err := s.examine(ctx, g, img)
		if err == nil {
			err = then(e)
		}
		if err != nil {
			return fmt.Errorf("scan %s (%s): %w", img.Reference, img.Platform, err)
		}
	}
	return nil
}

func (s *Scanner) examine(ctx context.Context, g *gathering, img *image.Image) (*Examined, error) {
	outcomes, err := g.all(ctx, img)
	if err != nil {
		return nil, err
	}
	found, veil := s.Content.Veiled(ctx, &img.Config)
	lines := historyLines(img, veil)
	e := &Examined{Image: img, Veil: veil, Refs: layerRefs(img, lines), Layers: make([]*evidence.Layer, len(outcomes)), Base: triage.BaseOf(&img.Config)}
	e.History = historyLayers(img, e.Refs, lines)
	for i, o := range outcomes {
		e.Layers[i] = o.layer
	}
	e.Merged = evidence.Merge(e.Layers, e.Refs)
	for i, o := range outcomes {
		if o.err != nil {
			e.Merged.Problems = append(e.Merged.Problems, evidence.LayerProblem{
				Layer:   i,
				Problem: evidence.Problem{Reason: o.err.Error(), Incomplete: true},
			})
		}
	}
	e.Merged.AddConfiguration(found, e.History)
	e.Account, e.publishers = account.Of(account.Input{
		Layers: e.Layers, Refs: e.Refs, Base: e.Base.Layers,
		Watch: watched(e.Merged),
	})
	e.Merged.Problems = append(e.Merged.Problems, e.Account.Problems...)
	e.Merged.Planted = append(e.Merged.Planted, e.Account.Planted()...)
	addDigests(e.Merged.Inventory.Packages, e.Account)
	e.Description = describe(img, e.Merged, e.Layers, e.Refs, e.Base)
	return e, nil
}

// addDigests gives a package that is one file of its own, a runtime's program,
// the digest of that file.
func addDigests(packages []inventory.Package, a *account.Account) {
	sums := map[string]string{}
	for i := range a.Entries {
		if x := &a.Entries[i]; strings.Trim(x.SHA256, "0") != "" && x.Liveness == inventory.Visible {
			sums[x.Path] = x.SHA256
		}
	}
	for i := range packages {
		p := &packages[i]
		if sum := sums[p.Path]; sum != "" && p.Type == "generic" && p.InArchive == "" {
			p.Digests = []string{"sha256:" + strings.TrimPrefix(sum, "sha256:")}
		}
	}
}
