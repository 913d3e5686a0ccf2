package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the "sqlite" driver

	"plimsoll/internal/advisory"
)

const (
	grypeFile   = "vulnerability.db"
	grypeSchema = 6
	// grypePause is how often the publisher's own client asks at most.
	grypePause = 2 * time.Hour
	// checkTime bounds the work that a hostile database can cause.
	checkTime = 5 * time.Minute
)

// grypeTables are tables without which no lookup works.
var grypeTables = [...]string{"affected_package_handles", "blobs", "db_metadata", "packages", "providers", "vulnerability_handles"}

// grypeListing is latest.json.
type grypeListing struct {
	Status        string    `json:"status"`
	SchemaVersion string    `json:"schemaVersion"`
	Built         time.Time `json:"built"`
	Path          string    `json:"path"`
	Checksum      string    `json:"checksum"`
}

var grypeVersion = regexp.MustCompile(`^v?(\d{1,6})\.\d{1,6}\.\d{1,6}$`)

// parseGrypeListing reads latest.json. A deprecated schema is a warning, one
// at its end of life ErrEndOfLife.
func parseGrypeListing(b []byte) (l grypeListing, warning string, err error) {
	if err := json.Unmarshal(b, &l); err != nil {
		return l, "", damaged(fmt.Errorf("latest.json: %w", err))
	}
	switch strings.ToLower(l.Status) {
	case "active":
	case "deprecated":
		warning = fmt.Sprintf("the publisher calls schema %s deprecated: a newer version of this program will be needed", l.SchemaVersion)
	case "eol":
		return l, "", fmt.Errorf("%w: the publisher no longer updates %s; a newer version of this program is needed", ErrEndOfLife, l.SchemaVersion)
	default:
		return l, "", damaged(fmt.Errorf("latest.json has unknown status %q", l.Status))
	}
	m := grypeVersion.FindStringSubmatch(l.SchemaVersion)
	if m == nil {
		return l, "", damaged(fmt.Errorf("latest.json has schema version %q", l.SchemaVersion))
	}
	if m[1] != strconv.Itoa(grypeSchema) {
		return l, "", fmt.Errorf("%w: grype-db has schema %s, this version reads v%d", ErrSchema, l.SchemaVersion, grypeSchema)
	}
	if !sha256Digest.MatchString(l.Checksum) {
		return l, "", damaged(fmt.Errorf("latest.json has checksum %q instead of sha256", l.Checksum))
	}
	if name, err := entryName(l.Path); l.Path == "" || err != nil || name == "." {
		return l, "", damaged(fmt.Errorf("latest.json has path %q", l.Path))
	}
	if l.Built.IsZero() {
		return l, "", damaged(errors.New("latest.json has no built date"))
	}
	return l, warning, nil
}

func grypeAskAgain(rec record) time.Time {
	if rec.Checked.IsZero() {
		return time.Time{}
	}
	return rec.Checked.Add(grypePause)
}

func describeGrype(ctx context.Context, dir string) (advisory.Info, error) {
	path := filepath.Join(dir, grypeFile)
	if err := checkSQLiteHeader(path); err != nil {
		return advisory.Info{}, damaged(err)
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	db, err := openSQLite(path)
	if err != nil {
		return advisory.Info{}, damaged(err)
	}
	defer db.Close()
	info, err := readGrypeMetadata(ctx, db)
	if err != nil {
		return advisory.Info{}, fmt.Errorf("%s: %w", grypeFile, damagedUnlessSchema(err))
	}
	return info, nil
}

func damagedUnlessSchema(err error) error {
	if errors.Is(err, ErrSchema) {
		return err
	}
	return damaged(err)
}

func readGrypeMetadata(ctx context.Context, db *sql.DB) (advisory.Info, error) {
	var built string
	var model, revision, addition int
	row := db.QueryRowContext(ctx, `select cast(build_timestamp as text), model, revision, addition from db_metadata limit 1`)
	if err := row.Scan(&built, &model, &revision, &addition); err != nil {
		return advisory.Info{}, fmt.Errorf("read db_metadata: %w", err)
	}
	if model != grypeSchema {
		return advisory.Info{}, fmt.Errorf("%w: grype-db has schema v%d, this version reads v%d", ErrSchema, model, grypeSchema)
	}
	t, err := parseSQLiteTime(built)
	if err != nil {
		return advisory.Info{}, err
	}
	for _, table := range grypeTables {
		var n int
		row := db.QueryRowContext(ctx, `select count(*) from sqlite_schema where type = 'table' and name = ?`, table)
		if err := row.Scan(&n); err != nil {
			return advisory.Info{}, err
		}
		if n != 1 {
			return advisory.Info{}, fmt.Errorf("has no table %s", table)
		}
	}
	return advisory.Info{
		Name:   GrypeDB,
		Schema: fmt.Sprintf("v%d.%d.%d", model, revision, addition),
		Built:  t.UTC(),
	}, nil
}

// parseSQLiteTime reads the forms in which Go's SQLite drivers write a time.
func parseSQLiteTime(s string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02 15:04:05.999999999-07:00", time.RFC3339Nano, "2006-01-02 15:04:05.999999999 -0700 MST", time.DateTime} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("build date %q is not a time", s)
}

// checkGrype lets SQLite itself look through the file.
func checkGrype(ctx context.Context, path string) error {
	if err := checkSQLiteHeader(path); err != nil {
		return damaged(err)
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	db, err := openSQLite(path)
	if err != nil {
		return damaged(err)
	}
	defer db.Close()
	var result string
	if err := db.QueryRowContext(ctx, `pragma quick_check(1)`).Scan(&result); err != nil {
		return damaged(fmt.Errorf("%s: %w", grypeFile, err))
	}
	if result != "ok" {
		return damaged(fmt.Errorf("%s: %s", grypeFile, strings.TrimSpace(result)))
	}
	return nil
}

// checkSQLiteHeader wants a whole number of pages, as many as the header says
// (SQLite file format, section 1.3): SQLite would open a shorter file and fail
// only at the page that is missing.
func checkSQLiteHeader(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	head := make([]byte, 100)
	if _, err := f.ReadAt(head, 0); err != nil || !slices.Equal(head[:16], []byte("SQLite format 3\x00")) {
		return fmt.Errorf("%s is not an SQLite database", grypeFile)
	}
	pageSize := int64(head[16])<<8 | int64(head[17])
	if pageSize == 1 {
		pageSize = 65536
	}
	pages := int64(head[28])<<24 | int64(head[29])<<16 | int64(head[30])<<8 | int64(head[31])
	if pageSize < 512 || fi.Size()%pageSize != 0 || (pages != 0 && fi.Size() < pages*pageSize) {
		return fmt.Errorf("%s has %d bytes instead of %d pages of %d", grypeFile, fi.Size(), pages, pageSize)
	}
	return nil
}

// openSQLite opens a file that nobody changes, without leaving anything beside it.
func openSQLite(path string) (*sql.DB, error) {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/… on Windows
	}
	u := url.URL{Scheme: "file", Path: slashed, RawQuery: "mode=ro&immutable=1&_pragma=trusted_schema(0)"}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}
