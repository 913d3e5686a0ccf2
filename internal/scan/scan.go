// Package scan owns the order of things: it takes a reference through image,
// the one pass, the merge, the account of the executables, the opinions,
// reconciliation and triage, and puts the verdict together.
//
// It decides nothing itself: each step is a package below this one. It prints
// nothing: reports do.
package scan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/evidence"
	"plimsoll/internal/image"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inspect/content"
	"plimsoll/internal/inventory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// Scanner scans images with one set of inspectors and databases. It is safe
// for concurrent use once its fields are set.
type Scanner struct {
	Pass *inspect.Pass
	// Content looks at configuration and history; the same is among the pass's inspectors.
	Content *content.Inspector
	// RuleProblems are warnings about rules of the user's own.
	RuleProblems []string
	// Verify asks providers about secrets, whose values Vault has; nil for not.
	// The values of what is read from the cache are not known any more.
	Verify Verify
	Vault  *Vault
	// Cache may be nil.
	Cache *evidence.Cache
	// Databases give the opinions, in the order of every report.
	Databases []advisory.Database
	Order     triage.Order
	// Now decides what is stale and what has reached its end of life.
	Now time.Time
	// MaxAge is the age from which a database raises a warning; 0 for never.
	MaxAge time.Duration
	// Progress may be nil; it is called from several goroutines.
	Progress func(Event)

	warned   sync.Once
	warning  string
	warnLock sync.Mutex
}

// EventKind is a step that progress shows.
type EventKind int

const (
	// LayerStarted: Bytes is the blob's length, -1 where unknown.
	LayerStarted EventKind = iota
	// LayerRead: Bytes more were read.
	LayerRead
	LayerDone
	// Matching: all layers are read, the databases are asked.
	Matching
)

// Event is one step.
type Event struct {
	Kind  EventKind
	Layer string
	Bytes int64
}

func (s *Scanner) progress(e Event) {
	if s.Progress != nil {
		s.Progress(e)
	}
}

func (s *Scanner) warnOnce(err error) {
	s.warned.Do(func() {
		s.warnLock.Lock()
		s.warning = err.Error()
		s.warnLock.Unlock()
	})
}

// Reference scans what a user named: one verdict for each platform asked. The
// images it returns are in the same order.
func (s *Scanner) Reference(ctx context.Context, ref string, opt image.Options) ([]verdict.Verdict, error) {
	g := &gathering{scanner: s, layers: map[string]*outcome{}}
	var verdicts []verdict.Verdict
	err := s.each(ctx, g, ref, opt, func(e *Examined) error {
		v, err := s.Judge(ctx, e)
		if err == nil {
			verdicts = append(verdicts, *v)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return verdicts, nil
}

// Judge gives the verdict on an image that was examined.
func (s *Scanner) Judge(ctx context.Context, e *Examined) (*verdict.Verdict, error) {
	s.progress(Event{Kind: Matching})
	v, err := s.judge(ctx, e)
	if err != nil {
		return nil, err
	}
	v.Image = e.Description
	s.cover(v, e.Merged, len(e.Layers))
	v.Headline = verdict.Summarise(v)
	return v, nil
}

// judge asks the databases and weighs what they say.
func (s *Scanner) judge(ctx context.Context, e *Examined) (*verdict.Verdict, error) {
	merged, base := e.Merged, e.Base
	inv := &merged.Inventory
	opinions, err := s.opinions(ctx, inv)
	if err != nil {
		return nil, err
	}
	prose := newProse(s.Databases)
	recon := reconcile.Reconcile(inv, opinions, prose.published(ctx))
	if prose.err != nil {
		return nil, prose.err
	}
	findings := triage.Findings(inv, recon)
	findings = slices.Concat(findings, triage.Support(inv, s.Now),
		triage.Secrets(merged.Secrets, e.publishers), triage.Planted(merged.Planted, e.publishers), triage.Altered(e.Account))
	if err := s.verify(ctx, findings); err != nil {
		return nil, err
	}
	actions := triage.Actions(inv, findings, base, s.Order)
	triage.Sort(findings)
	if err := prose.titles(ctx, findings, recon); err != nil {
		return nil, err
	}
	v := &verdict.Verdict{Actions: actions, Findings: findings, Packages: inv.Packages, Reconciliation: *recon, Account: *e.Account, Hygiene: verdict.HygieneOf(s.hygiene(e))}
	if v.Packages == nil {
		v.Packages = []inventory.Package{}
	}
	for _, o := range opinions {
		v.Coverage.Databases = append(v.Coverage.Databases, o.Database)
		if len(o.Gaps) > 0 {
			if v.Coverage.Gaps == nil {
				v.Coverage.Gaps = map[string][]advisory.Gap{}
			}
			v.Coverage.Gaps[o.Database.Name] = o.Gaps
		}
	}
	return v, nil
}

// opinions asks all databases at the same time.
func (s *Scanner) opinions(ctx context.Context, inv *inventory.Inventory) ([]*advisory.Opinion, error) {
	opinions := make([]*advisory.Opinion, len(s.Databases))
	group, ctx := errgroup.WithContext(ctx)
	for i, db := range s.Databases {
		group.Go(func() error {
			o, err := db.Match(ctx, inv)
			if err != nil {
				return fmt.Errorf("ask %s: %w", db.Info().Name, err)
			}
			opinions[i] = o
			return nil
		})
	}
	return opinions, group.Wait()
}

// ErrNoDatabase is returned by callers that find no database to ask.
var ErrNoDatabase = errors.New("no vulnerability database")

// watched are the files whose publishers the findings about content ask for.
func watched(merged *evidence.Merged) []account.Watched {
	var files []account.Watched
	add := func(path string, p evidence.Place) {
		if p.Layer.Index >= 0 && p.Liveness != inventory.InConfig {
			files = append(files, account.Watched{Path: path, Layer: p.Layer.Index})
		}
	}
	for i := range merged.Secrets {
		add(merged.Secrets[i].Path, merged.Secrets[i].Place)
	}
	for i := range merged.Planted {
		add(merged.Planted[i].Path, merged.Planted[i].Place)
	}
	return files
}
