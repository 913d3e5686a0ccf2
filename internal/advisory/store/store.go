// Package store owns the copies of the vulnerability databases on this
// machine: it downloads, checks, swaps in, reports, exports and imports them,
// and tells a scan where the current copy of each one lies.
//
// It never reads an advisory: packages trivydb and grypedb do. It never prints:
// progress and results are handed to the caller.
//
// # Layout
//
//	DIR/trivy-db/current.json            which generation is current, and its digests
//	DIR/trivy-db/sha256-<digest>[.n]/    one generation: trivy.db, metadata.json
//	DIR/trivy-db/partial/<digest>.part   a download that was broken off
//	DIR/trivy-db/lock                    held by the one process that changes something
//
// and likewise for grype-db, whose generations also hold the lookups that were
// made from it. The published files never change, and current.json is replaced by a rename, so a reader resolves the
// pointer once and reads on undisturbed, whatever other processes do. Readers
// take no lock and write nothing: the directory may be read-only for them.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"plimsoll/internal/advisory"
)

// The names of the databases, as advisory.Info.Name has them.
const (
	TrivyDB = "trivy-db"
	GrypeDB = "grype-db"
)

// Sentinel errors. All errors of this package that concern the state of a
// database wrap one of them.
var (
	// ErrMissing: there is no copy of the database. A scan exits 4.
	ErrMissing = errors.New("database is missing")
	// ErrDamaged: the copy, or the file given, is not what its digest, its
	// format or its record says. A scan exits 4.
	ErrDamaged = errors.New("database is damaged")
	// ErrSchema: the database has a schema that this version can't read.
	ErrSchema = errors.New("database schema is not supported")
	// ErrEndOfLife: the publisher no longer updates this schema.
	ErrEndOfLife = errors.New("database schema is at its end of life")
	// ErrNotDatabase: a file given to Import is none of the forms it reads.
	ErrNotDatabase = errors.New("not a vulnerability database")
	// ErrUnknown: no database has this name.
	ErrUnknown = errors.New("unknown database")
)

// DefaultMaxAge is the age above which a database counts as stale.
const DefaultMaxAge = 5 * 24 * time.Hour

// graceTime is how long a generation that is no longer current is kept for
// processes that resolved the pointer before the swap. An open file survives
// its deletion on Unix; the time covers connections opened later in one scan.
const graceTime = time.Hour

// IndexFunc makes lookups for the grype database at path: files in the same
// folder, never a change to the database itself. It does nothing where they are
// there already and replaces those of another version by a rename.
type IndexFunc func(ctx context.Context, path string) error

// Store is a directory of databases. It is safe for concurrent use, by any
// number of processes.
type Store struct {
	dir    string
	index  IndexFunc
	now    func() time.Time
	grace  time.Duration
	limits limits
	create func(path string) (file, error)
	sleep  func(ctx context.Context, d time.Duration) error
}

// file is what unpacking writes to.
type file interface {
	io.WriteCloser
	Sync() error
}

// Option changes how a Store works.
type Option func(*Store)

// WithIndex sets what is called with the path of each unpacked grype database.
func WithIndex(f IndexFunc) Option { return func(s *Store) { s.index = f } }

// WithClock replaces time.Now.
func WithClock(now func() time.Time) Option { return func(s *Store) { s.now = now } }

// Open returns the store in dir. Nothing is created or read yet: a directory
// that does not exist is a store without databases.
func Open(dir string, options ...Option) (*Store, error) {
	if dir == "" {
		return nil, errors.New("no directory given for the vulnerability databases")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("resolve database directory: %w", err)
	}
	s := &Store{
		dir:    abs,
		now:    time.Now,
		grace:  graceTime,
		limits: defaultLimits(),
		create: createFile,
		sleep:  sleep,
	}
	for _, o := range options {
		o(s)
	}
	return s, nil
}

// DefaultDir is $PLIMSOLL_DB_DIR, else plimsoll/db below the user's cache directory.
func DefaultDir(getenv func(string) string) (string, error) {
	if dir := getenv("PLIMSOLL_DB_DIR"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no place for the vulnerability databases: %w; set PLIMSOLL_DB_DIR", err)
	}
	return filepath.Join(cache, "plimsoll", "db"), nil
}

// Dir is the directory of the store.
func (s *Store) Dir() string { return s.dir }

// Names lists the databases that a store holds, in the order of every report.
func Names() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// Current returns the directory of the current copy of a database and what is
// known about it; info.Path is the file to open. The directory stays readable
// for at least an hour after another process swapped in a newer copy.
//
// Without a copy the error is ErrMissing; with one whose files are gone or
// have another size, ErrDamaged. Contents are checked by Verify, not here.
func (s *Store) Current(name string) (dir string, info advisory.Info, err error) {
	k, err := kindOf(name)
	if err != nil {
		return "", advisory.Info{}, err
	}
	rec, err := s.load(k)
	if err == nil {
		err = s.present(k, rec)
	}
	if err != nil {
		return "", advisory.Info{}, err
	}
	dir = s.generationDir(k, rec)
	info = rec.Info
	info.Path = filepath.Join(dir, k.main)
	return dir, info, nil
}

// kind is one database: its names and what is peculiar to it.
type kind struct {
	name string
	// main is the file that readers open.
	main string
	// files are all files of a generation, main among them, in the order of an export.
	files []string
	// describe reads what the unpacked files say of themselves (Schema, Built,
	// NextUpdate) and fails with ErrSchema or ErrDamaged. It is cheap.
	describe func(ctx context.Context, dir string) (advisory.Info, error)
	// check walks the whole main file.
	check func(ctx context.Context, path string) error
	// askAgain is when upstream may be asked again.
	askAgain func(rec record) time.Time
	// indexed says that IndexFunc is to be called.
	indexed bool
}

// kinds lists every database; reports and exports follow this order.
func kinds() []kind {
	return []kind{
		{
			name: TrivyDB, main: trivyFile, files: []string{trivyFile, trivyMetadata},
			describe: describeTrivy, check: checkTrivy, askAgain: trivyAskAgain,
		},
		{
			name: GrypeDB, main: grypeFile, files: []string{grypeFile},
			describe: describeGrype, check: checkGrype, askAgain: grypeAskAgain, indexed: true,
		},
	}
}

func kindOf(name string) (kind, error) {
	for _, k := range kinds() {
		if k.name == name {
			return k, nil
		}
	}
	return kind{}, fmt.Errorf("%w %q: the databases are %s and %s", ErrUnknown, name, TrivyDB, GrypeDB)
}

// Stale reports whether a copy was built more than maxAge before now. A copy
// whose build date is unknown or lies more than a day in the future is stale:
// its age can't be vouched for.
func Stale(info advisory.Info, maxAge time.Duration, now time.Time) bool {
	if info.Built.IsZero() || info.Built.After(now.Add(24*time.Hour)) {
		return true
	}
	return now.Sub(info.Built) > maxAge
}

func createFile(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
