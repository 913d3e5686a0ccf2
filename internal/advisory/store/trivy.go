package store

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"plimsoll/internal/advisory"
)

const (
	trivyFile     = "trivy.db"
	trivyMetadata = "metadata.json"
	trivySchema   = 2

	// trivyLayerType is the media type of the one layer of the artifact.
	trivyLayerType = "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip"
	// trivyBucket is a bucket that every trivy-db has.
	trivyBucket = "vulnerability"
)

// trivyMeta is metadata.json as trivy-db's pkg/metadata writes it.
type trivyMeta struct {
	Version    int
	NextUpdate time.Time
	UpdatedAt  time.Time
}

func parseTrivyMetadata(b []byte) (trivyMeta, error) {
	var m trivyMeta
	if err := json.Unmarshal(b, &m); err != nil {
		return trivyMeta{}, damaged(fmt.Errorf("%s: %w", trivyMetadata, err))
	}
	if m.Version != trivySchema {
		return trivyMeta{}, fmt.Errorf("%w: trivy-db has schema %d, this version reads %d", ErrSchema, m.Version, trivySchema)
	}
	if m.UpdatedAt.IsZero() {
		return trivyMeta{}, damaged(fmt.Errorf("%s has no UpdatedAt", trivyMetadata))
	}
	return m, nil
}

func describeTrivy(_ context.Context, dir string) (advisory.Info, error) {
	b, err := readBounded(filepath.Join(dir, trivyMetadata), 1<<20)
	if err != nil {
		return advisory.Info{}, damaged(err)
	}
	m, err := parseTrivyMetadata(b)
	if err != nil {
		return advisory.Info{}, err
	}
	return advisory.Info{
		Name:       TrivyDB,
		Schema:     strconv.Itoa(m.Version),
		Built:      m.UpdatedAt.UTC(),
		NextUpdate: m.NextUpdate.UTC(),
	}, nil
}

// checkTrivy walks every page of the file, so that whoever opens it later
// meets neither a cycle nor a pointer out of the file.
func checkTrivy(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	buckets, err := walkBolt(ctx, f, fi.Size())
	if err != nil {
		return damaged(fmt.Errorf("%s: %w", trivyFile, err))
	}
	for _, b := range buckets {
		if b == trivyBucket {
			return nil
		}
	}
	return damaged(fmt.Errorf("%s has no %q bucket", trivyFile, trivyBucket))
}

const (
	// trivyPause is the least time between two questions: a mirror may lag
	// behind the publisher's own next-update time.
	trivyPause = time.Hour
	// trivyTrust is how far a next-update time is believed; the publisher's
	// is a day ahead.
	trivyTrust = 7 * 24 * time.Hour
)

func trivyAskAgain(rec record) time.Time {
	next := rec.Info.NextUpdate
	if limit := rec.Imported.Add(trivyTrust); next.After(limit) {
		next = limit
	}
	if !rec.Checked.IsZero() && rec.Checked.Add(trivyPause).After(next) {
		next = rec.Checked.Add(trivyPause)
	}
	return next
}
