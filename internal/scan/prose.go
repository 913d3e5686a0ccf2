package scan

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/triage"
)

// prose is what the databases say in words about one image's vulnerabilities.
// Loading it costs more than matching, so each database is asked once for each
// identifier, and only for what the verdict shows or decides by.
type prose struct {
	databases []advisory.Database
	known     map[string]map[string]advisory.Detail // by database, then identifier
	// err is the first failure of a lookup that could not return it.
	err error
}

func newProse(databases []advisory.Database) *prose {
	p := &prose{databases: databases, known: map[string]map[string]advisory.Detail{}}
	for _, db := range databases {
		p.known[db.Info().Name] = map[string]advisory.Detail{}
	}
	return p
}

// load makes the identifiers known, as far as the database knows them.
func (p *prose) load(ctx context.Context, db advisory.Database, ids []string) error {
	known := p.known[db.Info().Name]
	ids = slices.DeleteFunc(ids, func(id string) bool { _, ok := known[id]; return ok })
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) == 0 {
		return nil
	}
	details, err := db.Details(ctx, ids)
	if err != nil {
		return fmt.Errorf("ask %s: %w", db.Info().Name, err)
	}
	for _, id := range ids {
		known[id] = details[id]
	}
	return nil
}

// published tells when an identifier that one database alone holds was
// published, which tells an older database from one that does not know. Its
// failures are left in err.
func (p *prose) published(ctx context.Context) reconcile.Published {
	return func(database, id string) time.Time {
		for _, db := range p.databases {
			if db.Info().Name == database && p.err == nil {
				p.err = p.load(ctx, db, []string{id})
			}
		}
		return p.known[database][id].Published
	}
}

// titles adds one line of prose to each finding: the first database's that has
// any. The next is asked only for those that are left.
func (p *prose) titles(ctx context.Context, findings []triage.Finding, recon *reconcile.Reconciliation) error {
	own := map[string]map[string]string{} // record ID -> database -> identifier there
	for i := range recon.Records {
		r := &recon.Records[i]
		if own[r.ID] == nil {
			own[r.ID] = map[string]string{}
		}
		for _, h := range r.Held {
			own[r.ID][h.Database] = h.Match.ID
		}
	}
	for _, db := range p.databases {
		name := db.Info().Name
		var ids []string
		for i := range findings {
			if id := own[findings[i].Vulnerability][name]; findings[i].Title == "" && id != "" {
				ids = append(ids, id)
			}
		}
		if err := p.load(ctx, db, ids); err != nil {
			return err
		}
		for i := range findings {
			if f := &findings[i]; f.Title == "" {
				f.Title = oneLine(p.known[name][own[f.Vulnerability][name]])
			}
		}
	}
	return nil
}

// oneLine is the advisory's title, or the first sentence of its description.
func oneLine(d advisory.Detail) string {
	title := d.Title
	if title == "" {
		title, _, _ = strings.Cut(d.Description, "\n")
		if i := strings.Index(title, ". "); i > 0 {
			title = title[:i]
		}
	}
	const longest = 160
	if r := []rune(title); len(r) > longest {
		title = string(r[:longest-1]) + "…"
	}
	return strings.TrimSpace(title)
}
