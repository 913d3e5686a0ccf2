package grypedb

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"plimsoll/internal/advisory"
)

// Details implements advisory.Database. Of several records of one identifier
// (a CVE by NVD and by a distribution) the longest description is taken, and
// every reference.
func (db *DB) Details(ctx context.Context, ids []string) (map[string]advisory.Detail, error) {
	out := make(map[string]advisory.Detail, len(ids))
	db.proseOnce.Do(func() { db.prose, db.proseErr = openSQLite(db.path) })
	if db.proseErr != nil {
		return nil, fmt.Errorf("read details from grype DB: %w", db.proseErr)
	}
	for _, id := range ids {
		d, found, err := db.detail(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("read details of %s from %s: %w", id, db.path, err)
		}
		if found {
			out[id] = d
		}
	}
	return out, nil
}

func (db *DB) detail(ctx context.Context, id string) (d advisory.Detail, found bool, err error) {
	value, err := db.lookup.get(textKey(kindName, id))
	if err != nil || value == nil {
		return d, false, err
	}
	rows := dec{s: string(value)}
	for range rows.count() {
		if err := db.addDetail(ctx, int64(rows.uint()), &d); err != nil {
			return d, false, err
		}
	}
	c, err := db.cve(id)
	if err != nil {
		return d, false, err
	}
	d.CWEs = c.cwes
	d.References = firstOfEach(d.References)
	return d, true, nil
}

func firstOfEach(list []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(s string) bool {
		if seen[s] {
			return true
		}
		seen[s] = true
		return false
	})
}

func (db *DB) addDetail(ctx context.Context, row int64, d *advisory.Detail) error {
	var published, modified, text sql.NullString
	err := db.prose.QueryRowContext(ctx,
		`select v.published_date, v.modified_date, b.value from vulnerability_handles v
		 left join blobs b on b.id = v.blob_id where v.id = ?`, row).Scan(&published, &modified, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("row %d is missing: %w", row, ErrCorrupt)
	}
	if err != nil {
		return err
	}
	var b struct {
		Description string
		Refs        []struct{ URL string }
	}
	if len(text.String) > maxBlob {
		return fmt.Errorf("%d bytes: %w", len(text.String), ErrCorrupt)
	}
	if text.Valid {
		if err := json.Unmarshal([]byte(text.String), &b); err != nil {
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
	}
	if len(b.Description) > len(d.Description) {
		d.Description = b.Description
	}
	for _, r := range b.Refs {
		if r.URL != "" {
			d.References = append(d.References, r.URL)
		}
	}
	if t := parseTime(published.String); d.Published.IsZero() {
		d.Published = t
	}
	if t := parseTime(modified.String); t.After(d.Modified) {
		d.Modified = t
	}
	return nil
}

// parseTime reads the times that the database holds; others are zero.
func parseTime(s string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999-07:00", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
