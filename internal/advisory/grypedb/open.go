// Package grypedb reads Anchore's grype DB (SQLite, schema 6) and matches
// packages with its publisher's semantics: operating system packages by binary
// and by source name within a release, language packages within their
// ecosystem, runtimes outside any package manager by CPE, and packages of Alpine
// and its relatives by CPE as well where their own advisories are silent.
//
// A published copy has no secondary indexes, and even with them a scan through
// SQLite costs some 0.4 s. Index therefore writes a lookup file beside the
// database once, after a download; Open needs it. The database itself is never
// changed, stays verifiable against its published digest, and is opened
// (read-only, immutable, without locks) only when Details asks for prose.
package grypedb

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver

	"plimsoll/internal/advisory"
)

// FileName is the database file within its folder; LookupName the file that
// Index writes.
const (
	FileName   = "vulnerability.db"
	LookupName = "vulnerability.lookup"
)

// Model is the only schema model that Index and Open read.
const Model = 6

// clientSchema is the schema that this package implements, for records that
// name the clients they are meant for.
const clientSchema = "6.1.10"

var (
	// ErrCorrupt is wrapped by every error about a damaged database or lookup file.
	ErrCorrupt = errors.New("database damaged")
	// ErrNotIndexed is wrapped where the lookup file is missing or belongs to
	// another copy: call Index.
	ErrNotIndexed = errors.New("database not indexed")
	// ErrSchema is wrapped where the database has another schema model.
	ErrSchema = errors.New("unsupported schema")
)

// DB is one open copy of grype's database.
type DB struct {
	info   advisory.Info
	path   string
	lookup *lookupFile
	meta   meta

	proseOnce sync.Once
	prose     *sql.DB
	proseErr  error
}

// meta is everything small that matching needs, stored as one record.
type meta struct {
	Built       time.Time         `json:"built"`
	Schema      string            `json:"schema"`
	OSes        []operatingSystem `json:"oses"`
	OSOverrides []osOverride      `json:"osOverrides"`
	// Ecosystems are those that the database has packages of.
	Ecosystems map[string]int `json:"ecosystems"`
	// EcosystemAliases maps another name of an ecosystem to its own.
	EcosystemAliases map[string]string `json:"ecosystemAliases"`
	ArchAliases      map[string]string `json:"archAliases"`
	EPSSDate         string            `json:"epssDate"`
}

// Open opens the database in dir, which Index must have seen. Fields of info
// that are zero are filled from the database.
func Open(ctx context.Context, dir string, info advisory.Info) (advisory.Database, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, FileName)
	st, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open grype DB: %w", err)
	}
	lookup, err := openLookup(filepath.Join(dir, LookupName), st.Size())
	if err != nil {
		return nil, fmt.Errorf("open grype DB: %w", err)
	}
	db := &DB{path: path, lookup: lookup, info: info}
	if err := db.readMeta(); err != nil {
		return nil, errors.Join(fmt.Errorf("open grype DB: %w", err), lookup.close())
	}
	return db, nil
}

func (db *DB) readMeta() error {
	b, err := db.lookup.get([]byte{kindMeta})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &db.meta); err != nil {
		return db.lookup.damaged(err)
	}
	if !strings.HasPrefix(db.meta.Schema, fmt.Sprintf("v%d.", Model)) {
		return fmt.Errorf("%s: schema %s: %w", db.path, db.meta.Schema, ErrSchema)
	}
	db.info.Name, db.info.Path = "grype-db", db.path
	if db.info.Schema == "" {
		db.info.Schema = db.meta.Schema
	}
	if db.info.Built.IsZero() {
		db.info.Built = db.meta.Built
	}
	return nil
}

// Info implements advisory.Database.
func (db *DB) Info() advisory.Info { return db.info }

// Close implements advisory.Database.
func (db *DB) Close() error {
	err := db.lookup.close()
	db.proseOnce.Do(func() { db.proseErr = os.ErrClosed })
	if db.prose != nil {
		err = errors.Join(err, db.prose.Close())
	}
	return err
}

// openSQLite opens a database that nobody writes to: no locks, no journal.
func openSQLite(path string) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	slashed := filepath.ToSlash(abs)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // "C:/…" on Windows
	}
	u := url.URL{Scheme: "file", Path: slashed, RawQuery: "mode=ro&immutable=1"}
	return sql.Open("sqlite", u.String())
}
