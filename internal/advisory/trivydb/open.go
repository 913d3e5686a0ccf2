// Package trivydb reads Aqua's trivy-db (a bbolt file, schema 2) and matches
// packages with its publisher's semantics: operating system packages in
// buckets named after the release, language packages in every bucket of their
// ecosystem.
//
// It opens the file read-only and shared, so any number of processes read one
// copy while an updater swaps the folder. It never downloads, never writes and
// never merges with another database.
package trivydb

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"plimsoll/internal/advisory"
)

// FileName is the database file within its folder.
const FileName = "trivy.db"

// Schema is the only schema version that Open reads.
const Schema = 2

// ErrCorrupt is wrapped by every error about a damaged or truncated database.
var ErrCorrupt = errors.New("database damaged")

// ErrSchema is wrapped where metadata.json names another schema version.
var ErrSchema = errors.New("unsupported schema")

const (
	lockTimeout = time.Second
	// maxBlob bounds one JSON value; the largest published ones are under 100 KB.
	maxBlob = 4 << 20
	// maxBuckets bounds how many top-level buckets are listed; the published
	// database has under 200.
	maxBuckets = 10_000
)

// DB is one open copy of trivy-db.
type DB struct {
	info advisory.Info
	path string
	bolt *bolt.DB
	// sources are the data sources by top-level bucket; languages the buckets
	// by ecosystem ("npm"), in key order: a later one overwrites an earlier.
	buckets   map[string]bool
	sources   map[string]string
	languages map[string][]string
}

// Open opens the database in dir. Fields of info that are zero are filled from
// metadata.json.
func Open(ctx context.Context, dir string, info advisory.Info) (advisory.Database, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, FileName)
	if err := readMetadata(filepath.Join(dir, "metadata.json"), &info); err != nil {
		return nil, err
	}
	if err := checkLength(path); err != nil {
		return nil, err
	}
	db := &DB{path: path}
	err := db.guard(func() error {
		var err error
		db.bolt, err = bolt.Open(path, 0o444, &bolt.Options{ReadOnly: true, Timeout: lockTimeout})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open trivy-db: %w", err)
	}
	info.Name, info.Path = "trivy-db", path
	db.info = info
	if err := db.listBuckets(); err != nil {
		return nil, errors.Join(err, db.bolt.Close())
	}
	return db, nil
}

// readMetadata fills what info lacks. A missing file is not an error: the
// database says nothing of itself that a match depends on.
func readMetadata(path string, info *advisory.Info) error {
	b, err := readSmall(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read trivy-db metadata: %w", err)
	}
	var m struct {
		Version               int
		NextUpdate, UpdatedAt time.Time
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("read %s: %w: %w", path, ErrCorrupt, err)
	}
	if m.Version != Schema {
		return fmt.Errorf("%s: schema %d, want %d: %w; update the database or plimsoll", path, m.Version, Schema, ErrSchema)
	}
	if info.Schema == "" {
		info.Schema = fmt.Sprint(m.Version)
	}
	if info.Built.IsZero() {
		info.Built = m.UpdatedAt
	}
	if info.NextUpdate.IsZero() {
		info.NextUpdate = m.NextUpdate
	}
	return nil
}

func readSmall(path string) ([]byte, error) {
	if st, err := os.Stat(path); err != nil {
		return nil, err
	} else if st.Size() > 1<<20 {
		return nil, fmt.Errorf("%s: %d bytes: %w", path, st.Size(), ErrCorrupt)
	}
	return os.ReadFile(path)
}

// checkLength compares the file's length with what its newest meta page
// claims. bbolt maps the file into memory, and touching a page past its end
// would end the process.
func checkLength(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open trivy-db: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	st, err := f.Stat()
	if err != nil {
		return fmt.Errorf("open trivy-db: %w", err)
	}
	first, ok := readMeta(f, 0)
	second, ok2 := readMeta(f, int64(max(first.pageSize, 512)))
	newest := first
	if ok2 && (!ok || second.txid > first.txid) {
		newest = second
	}
	if !ok && !ok2 || newest.pageSize == 0 {
		return fmt.Errorf("%s: no bbolt header: %w", path, ErrCorrupt)
	}
	if pages := uint64(st.Size()) / uint64(newest.pageSize); newest.pages > pages {
		return fmt.Errorf("%s: %d of %d pages: %w (truncated)", path, pages, newest.pages, ErrCorrupt)
	}
	return nil
}

// boltMeta is the part of a bbolt meta page that says how long the file is
// (go.etcd.io/bbolt, internal/common/meta.go).
type boltMeta struct {
	pageSize    uint32
	pages, txid uint64
}

func readMeta(f *os.File, offset int64) (boltMeta, bool) {
	const pageHeader, magic, version = 16, 0xED0CDAED, 2
	var b [64]byte
	if _, err := f.ReadAt(b[:], offset+pageHeader); err != nil {
		return boltMeta{}, false
	}
	e := binary.NativeEndian
	m := boltMeta{pageSize: e.Uint32(b[8:]), pages: e.Uint64(b[40:]), txid: e.Uint64(b[48:])}
	ok := e.Uint32(b[0:]) == magic && e.Uint32(b[4:]) == version &&
		m.pageSize >= 512 && m.pageSize <= 1<<20
	return m, ok
}

// guard runs f and turns what bbolt does on a damaged file, panics and faults
// included, into ErrCorrupt.
func (db *DB) guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %w: %v", db.path, ErrCorrupt, r)
		}
	}()
	if err = f(); err != nil && !strings.Contains(err.Error(), db.path) {
		err = fmt.Errorf("%s: %w", db.path, err)
	}
	return err
}

func (db *DB) view(f func(tx *bolt.Tx) error) error {
	return db.guard(func() error { return db.bolt.View(f) })
}

func (db *DB) listBuckets() error {
	db.buckets = map[string]bool{}
	db.sources = map[string]string{}
	db.languages = map[string][]string{}
	return db.view(func(tx *bolt.Tx) error {
		c := tx.Cursor()
		n := 0
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			if n++; n > maxBuckets {
				return fmt.Errorf("more than %d buckets: %w", maxBuckets, ErrCorrupt)
			}
			name := string(k)
			db.buckets[name] = true
			if ecosystem, _, ok := strings.Cut(name, "::"); ok {
				db.languages[ecosystem] = append(db.languages[ecosystem], name)
			}
		}
		if !db.buckets["vulnerability"] {
			return fmt.Errorf("no bucket \"vulnerability\": %w", ErrCorrupt)
		}
		return db.listSources(tx)
	})
}

func (db *DB) listSources(tx *bolt.Tx) error {
	b := tx.Bucket([]byte("data-source"))
	if b == nil {
		return nil
	}
	return b.ForEach(func(k, v []byte) error {
		var source struct{ ID string }
		if len(v) > maxBlob || json.Unmarshal(v, &source) != nil {
			return fmt.Errorf("data source %q: %w", k, ErrCorrupt)
		}
		db.sources[string(k)] = source.ID
		return nil
	})
}

// Info implements advisory.Database.
func (db *DB) Info() advisory.Info { return db.info }

// Close implements advisory.Database.
func (db *DB) Close() error { return db.bolt.Close() }
