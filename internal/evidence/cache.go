package evidence

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/gob"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Cache keeps layer evidence on disk by diff ID and inspector versions. Any
// number of processes may share it: SQLite in WAL mode, where a reader never
// waits for a writer and a writer waits for another up to busyTimeout.
//
// It is only ever an aid: a damaged entry counts as absent.
type Cache struct {
	db  *sql.DB
	key string

	encoder *zstd.Encoder
	decoder *zstd.Decoder
	mu      sync.Mutex // guards renewed and wrote
	renewed []string   // diff IDs whose time of use is out of date
	wrote   bool
}

const (
	busyTimeout = 10 * time.Second
	// cacheSchema is kept in SQLite's user_version; another number empties the cache.
	cacheSchema = 3
	// maxCached bounds one decoded entry.
	maxCached = 1 << 30
)

// DefaultCacheFile is where the cache lies: $PLIMSOLL_CACHE_DIR or the user's
// cache folder.
func DefaultCacheFile(getenv func(string) string) (string, error) {
	dir := getenv("PLIMSOLL_CACHE_DIR")
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find the cache folder (set PLIMSOLL_CACHE_DIR): %w", err)
		}
		dir = filepath.Join(base, "plimsoll")
	}
	return filepath.Join(dir, "layers.db"), nil
}

// OpenCache opens or creates the cache file. key names the inspectors and
// their versions: entries written under another key are not found.
func OpenCache(ctx context.Context, file, key string) (*Cache, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("create the cache folder: %w", err)
	}
	dsn := (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(file), RawQuery: url.Values{"_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()), "synchronous(NORMAL)",
	}}.Encode()}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open the layer cache %s: %w", file, err)
	}
	db.SetMaxOpenConns(2)
	c := &Cache{db: db, key: key}
	if err := c.prepare(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("open the layer cache %s (delete it to start afresh): %w", file, err)
	}
	c.encoder, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err == nil {
		c.decoder, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxCached))
	}
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("open the layer cache: %w", err)
	}
	return c, nil
}

// prepare makes a new file ready, or one of another schema empty. Processes that
// do so at the same time wait for one another, and the first one's table stays.
func (c *Cache) prepare(ctx context.Context) error {
	ready, err := c.prepared(ctx)
	if ready || err != nil {
		return err
	}
	return patiently(ctx, func() error {
		// The mode is the file's and outlives this process. SQLite does not wait
		// for others when it changes the mode, so we do.
		if _, err := c.db.ExecContext(ctx, "pragma journal_mode = wal"); err != nil {
			return err
		}
		conn, err := c.db.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := conn.ExecContext(ctx, "begin immediate"); err != nil {
			return err
		}
		if err := create(ctx, conn); err != nil {
			conn.ExecContext(context.WithoutCancel(ctx), "rollback")
			return err
		}
		_, err = conn.ExecContext(ctx, "commit")
		return err
	})
}

// prepared reports whether the file is as this version of the program wants it.
func (c *Cache) prepared(ctx context.Context) (bool, error) {
	var version int
	var mode string
	err := c.db.QueryRowContext(ctx, "select user_version, journal_mode from pragma_user_version, pragma_journal_mode").Scan(&version, &mode)
	return version == cacheSchema && mode == "wal", err
}

// create makes the table unless another process has just done so.
func create(ctx context.Context, conn *sql.Conn) error {
	var version int
	if err := conn.QueryRowContext(ctx, "pragma user_version").Scan(&version); err != nil || version == cacheSchema {
		return err
	}
	_, err := conn.ExecContext(ctx, fmt.Sprintf(`
		drop table if exists layer;
		drop table if exists stored;
		create table layer (diff_id text, key text, used integer not null, evidence blob not null, primary key (diff_id, key)) without rowid;
		create table stored (digest text primary key, diff_id text not null) without rowid;
		pragma user_version = %d;`, cacheSchema))
	return err
}

// patiently repeats what fails because another process is busy with the file.
func patiently(ctx context.Context, do func() error) error {
	for end := time.Now().Add(busyTimeout); ; {
		err := do()
		var e *sqlite.Error
		if !errors.As(err, &e) || e.Code()&0xff != sqlite3.SQLITE_BUSY || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Find returns the evidence of a layer by its diff ID or by the digest of its
// bytes as some source stores them, or nil where there is none.
func (c *Cache) Find(ctx context.Context, digest string) (*Layer, error) {
	l, err := c.Get(ctx, digest)
	if l != nil || err != nil {
		return l, err
	}
	var diffID string
	err = c.db.QueryRowContext(ctx, "select diff_id from stored where digest = ?", digest).Scan(&diffID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the layer cache: %w", err)
	}
	return c.Get(ctx, diffID)
}

// Get returns the evidence of a layer, or nil where there is none.
func (c *Cache) Get(ctx context.Context, diffID string) (*Layer, error) {
	var blob []byte
	var used int64
	err := c.db.QueryRowContext(ctx, "select evidence, used from layer where diff_id = ? and key = ?", diffID, c.key).Scan(&blob, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the layer cache: %w", err)
	}
	l, err := c.decode(blob)
	if err != nil || l.DiffID != diffID {
		return nil, nil
	}
	if time.Since(time.Unix(used, 0)) > renewAfter {
		c.mu.Lock()
		c.renewed = append(c.renewed, diffID)
		c.mu.Unlock()
	}
	return l, nil
}

// Put keeps the evidence of a layer that was read to its end and verified, and
// the digest under which Find will also find it.
func (c *Cache) Put(ctx context.Context, l *Layer) error {
	evidence := *l
	evidence.Stored = ""
	blob, err := c.encode(&evidence)
	if err != nil {
		return fmt.Errorf("write the layer cache: %w", err)
	}
	_, err = c.db.ExecContext(ctx, "insert or replace into layer (diff_id, key, used, evidence) values (?, ?, ?, ?)", l.DiffID, c.key, time.Now().Unix(), blob)
	if err == nil && l.Stored != "" && l.Stored != l.DiffID {
		_, err = c.db.ExecContext(ctx, "insert or replace into stored (digest, diff_id) values (?, ?)", l.Stored, l.DiffID)
	}
	if err != nil {
		return fmt.Errorf("write the layer cache: %w", err)
	}
	c.mu.Lock()
	c.wrote = true
	c.mu.Unlock()
	return nil
}

const (
	// keepFor is how long an entry that no scan asked for is kept.
	keepFor = 30 * 24 * time.Hour
	// renewAfter is how old a time of use may grow before a use is written down.
	renewAfter = 24 * time.Hour
)

// Close releases the file.
func (c *Cache) Close() error {
	c.decoder.Close()
	c.encoder.Close()
	return c.db.Close()
}

// Prune writes down which entries this process used and removes those that
// none has used for a month. It does nothing where this process neither wrote
// an entry nor used one whose time of use is a day old.
func (c *Cache) Prune(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.wrote && len(c.renewed) == 0 {
		return nil
	}
	now := time.Now()
	for _, diffID := range c.renewed {
		_, err := c.db.ExecContext(ctx, "update layer set used = ? where diff_id = ? and key = ?", now.Unix(), diffID, c.key)
		if err != nil {
			return fmt.Errorf("prune the layer cache: %w", err)
		}
	}
	if _, err := c.db.ExecContext(ctx, `
		delete from layer where used < ?;
		delete from stored where diff_id not in (select diff_id from layer)`, now.Add(-keepFor).Unix()); err != nil {
		return fmt.Errorf("prune the layer cache: %w", err)
	}
	c.renewed, c.wrote = nil, false
	return nil
}

// encode writes gob, which has no need of names and reads back quickly, and
// packs it.
func (c *Cache) encode(l *Layer) ([]byte, error) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(l); err != nil {
		return nil, err
	}
	return c.encoder.EncodeAll(b.Bytes(), nil), nil
}

func (c *Cache) decode(blob []byte) (*Layer, error) {
	b, err := c.decoder.DecodeAll(blob, nil)
	if err != nil {
		return nil, err
	}
	var l Layer
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(&l); err != nil {
		return nil, err
	}
	return &l, nil
}
