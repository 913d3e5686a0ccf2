package grypedb

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// maxBlob bounds one JSON value of the database; the largest published ones
// are under 1 MB.
const maxBlob = 8 << 20

// Index writes the lookup file beside the database at path (the file, or the
// folder that holds it). It does nothing where a valid one is there already,
// replaces any other at once, and may run while other processes read.
//
// It needs some 100 MB of memory for a database of 1.7 GB and, for the time it
// runs, twice the room of the lookup file on the same disk (the lookup file is a
// third of the database). Where it fails or is interrupted it leaves
// what was there before.
func Index(ctx context.Context, path string) error {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		path = filepath.Join(path, FileName)
	}
	st, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("index grype DB: %w", err)
	}
	target := filepath.Join(filepath.Dir(path), LookupName)
	if l, err := openLookup(target, st.Size()); err == nil {
		return l.close()
	}
	removeStale(target, time.Now())
	if err := index(ctx, path, target, st.Size()); err != nil {
		return fmt.Errorf("index %s: %w", path, err)
	}
	return nil
}

// mostPerByte bounds what a database of many handles for one large blob would
// grow to. The published ones need a quarter of a byte for each of theirs.
const mostPerByte = 4

// sqliteHeader starts every SQLite file; checking it gives a better message
// than the library's.
const sqliteHeader = "SQLite format 3\x00"

func index(ctx context.Context, path, target string, size int64) error {
	if err := checkHeader(path); err != nil {
		return err
	}
	db, err := openSQLite(path)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // only read
	conn, err := limitedConn(ctx, db)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // only read
	w, err := newLookupWriter(target)
	if err != nil {
		return err
	}
	defer w.abandon()
	x := newIndexer(ctx, conn, w, mostPerByte*size+1<<26)
	defer x.close()
	err = x.run()
	if err == nil {
		err = w.finish(ctx, size)
	}
	return x.cause(err)
}

// limitedConn returns a connection that refuses values, and rows, which no
// honest database has, before it reads them.
func limitedConn(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := sqlite.Limit(conn, lib.SQLITE_LIMIT_LENGTH, maxBlob); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

func checkHeader(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	b := make([]byte, len(sqliteHeader))
	if _, err := f.ReadAt(b, 0); err != nil || string(b) != sqliteHeader {
		return fmt.Errorf("not an SQLite file: %w", ErrCorrupt)
	}
	return nil
}

// indexer turns the database's rows into records of the lookup file. Neither
// handles nor blobs are kept: two sorts on disk take the place of the two
// joins that a database without indexes cannot do.
//
//	handles, vulnerabilities, KEV ──▶ byBlob ──▶ beside the blobs, in their order
//	   ──▶ vulnerabilities, written at once
//	   ──▶ handles with their ranges, KEV (with names, EPSS, CWE) ──▶ byKey ──▶ one record a key
//
// In memory are the names of packages and CPEs.
type indexer struct {
	ctx context.Context
	db  *sql.Conn
	w   *lookupWriter

	meta        meta
	packages    texts             // the part of the key that a package decides
	cpes        texts             // encoded
	packageCPEs map[int64][]int64 // package to CPEs

	byBlob, byKey *sorter
	rows          uint64 // read so far: keeps equal records in the database's order
	rec           enc    // the record being made
	noRanges      []byte // of a handle without a blob
}

func newIndexer(ctx context.Context, db *sql.Conn, w *lookupWriter, most int64) *indexer {
	dir := filepath.Dir(w.path)
	return &indexer{
		ctx: ctx, db: db, w: w,
		byBlob: newSorter(dir, most), byKey: newSorter(dir, most),
		noRanges: mustEncode("{}"),
	}
}

func mustEncode(empty string) []byte {
	b, err := encodeBlob([]byte(empty))
	if err != nil {
		panic(err) // a constant
	}
	return b
}

func (x *indexer) run() error {
	return firstError(
		x.readMeta, x.readPackages, x.writeMeta, x.readCPEs,
		x.readHandles, x.readVulns, x.readKEV, x.joinBlobs,
		x.readEPSS, x.readCWEs, x.writeKeyed,
	)
}

func (x *indexer) close() {
	x.byBlob.close()
	x.byKey.close()
}

// cause says whose fault an error is: the caller's who stopped, the disk's,
// another schema's or, for everything else, the database's.
func (x *indexer) cause(err error) error {
	if err == nil {
		return nil
	}
	if stopped := x.ctx.Err(); stopped != nil {
		return stopped
	}
	var file *fs.PathError
	var name *os.LinkError
	switch {
	case errors.As(err, &file), errors.As(err, &name):
		return fmt.Errorf("make the lookup file, which needs room beside the database for itself and for temporary files: %w", err)
	case errors.Is(err, ErrSchema), errors.Is(err, ErrCorrupt):
		return err
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, err)
}

func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (x *indexer) writeMeta() error {
	b, err := json.Marshal(x.meta)
	if err != nil {
		return err
	}
	return x.w.put([]byte{kindMeta}, b)
}
