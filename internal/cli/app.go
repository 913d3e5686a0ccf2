package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"plimsoll/internal/advisory"
	"plimsoll/internal/advisory/grypedb"
	"plimsoll/internal/advisory/store"
	"plimsoll/internal/advisory/trivydb"
	"plimsoll/internal/advisory/version"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/report"
	"plimsoll/internal/scan"
)

// app is what all commands share.
type app struct {
	env Env

	dbDir    string
	cacheDir string
	noCache  bool
	quiet    bool
	color    string
}

func (a *app) addGlobalFlags(f *pflag.FlagSet) {
	f.StringVar(&a.dbDir, "db-dir", "", "folder of the vulnerability databases (default $PLIMSOLL_DB_DIR, else the user's cache folder)")
	f.StringVar(&a.cacheDir, "cache-dir", "", "folder of the layer cache (default $PLIMSOLL_CACHE_DIR, else the user's cache folder)")
	f.BoolVar(&a.noCache, "no-cache", false, "neither read nor write the layer cache")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no progress and no notes on standard error")
	f.StringVar(&a.color, "color", "auto", "colour the table: auto, always or never; NO_COLOR is obeyed")
}

// note prints a remark for the person at the terminal.
func (a *app) note(format string, args ...any) {
	if !a.quiet {
		a.say(format, args...)
	}
}

// say prints what even --quiet does not silence.
func (a *app) say(format string, args ...any) {
	fmt.Fprintf(a.env.Stderr, "plimsoll: %s\n", report.Clean(fmt.Sprintf(format, args...)))
}

// store opens the database store.
func (a *app) store(options ...store.Option) (*store.Store, error) {
	dir := a.dbDir
	if dir == "" {
		var err error
		if dir, err = store.DefaultDir(a.env.Getenv); err != nil {
			return nil, usage(err)
		}
	}
	return store.Open(dir, append(options, store.WithIndex(grypedb.Index))...)
}

// databases opens every database that the store holds. With none at all the
// error wraps scan.ErrNoDatabase; one alone is enough for a verdict, which says so.
func (a *app) databases(ctx context.Context, s *store.Store) ([]advisory.Database, func(), error) {
	var open []advisory.Database
	closeAll := func() {
		for _, db := range open {
			db.Close()
		}
	}
	for _, name := range store.Names() {
		dir, info, err := s.Current(name)
		if errors.Is(err, store.ErrMissing) {
			continue
		}
		if err == nil {
			var db advisory.Database
			if db, err = openDatabase(ctx, name, dir, info); errors.Is(err, grypedb.ErrNotIndexed) {
				// Another version of this program made the lookups.
				a.note("making the lookups of %s anew", name)
				if err = s.Index(ctx, name); err == nil {
					db, err = openDatabase(ctx, name, dir, info)
				}
			}
			if err == nil {
				open = append(open, db)
				continue
			}
		}
		closeAll()
		return nil, nil, &statusError{statusNoDatabase, err}
	}
	if len(open) == 0 {
		return nil, nil, fmt.Errorf("%w in %s: nothing can be judged", scan.ErrNoDatabase, s.Dir())
	}
	return open, closeAll, nil
}

// openDatabase knows which package reads which database: the explicit list.
func openDatabase(ctx context.Context, name, dir string, info advisory.Info) (advisory.Database, error) {
	switch name {
	case store.TrivyDB:
		return trivydb.Open(ctx, dir, info)
	case store.GrypeDB:
		return grypedb.Open(ctx, dir, info)
	}
	return nil, fmt.Errorf("no reader for database %q", name)
}

// cache opens the layer cache; a cache that can't be used is no reason to fail.
func (a *app) cache(ctx context.Context, key string) *evidence.Cache {
	if a.noCache {
		return nil
	}
	getenv := a.env.Getenv
	if a.cacheDir != "" {
		getenv = func(string) string { return a.cacheDir }
	}
	file, err := evidence.DefaultCacheFile(getenv)
	if err == nil {
		var c *evidence.Cache
		if c, err = evidence.OpenCache(ctx, file, key); err == nil {
			return c
		}
	}
	a.note("scanning without the layer cache: %v", err)
	return nil
}

// scanner puts together what a scan needs.
func (a *app) scanner(ctx context.Context, dbs []advisory.Database, o *lookOptions) (*scan.Scanner, func(), error) {
	s := &scan.Scanner{Databases: dbs, Order: version.Order, Now: a.now()}
	look, err := o.look(s)
	if err != nil {
		return nil, nil, err
	}
	s.Content, s.Pass = look, inspect.New(scan.Inspectors(look), inspect.DefaultLimits())
	if !o.verify {
		// The cache holds no values, and without them nobody can be asked.
		s.Cache = a.cache(ctx, s.Pass.Key())
	}
	return s, func() {
		if s.Cache == nil {
			return
		}
		if err := s.Cache.Prune(ctx); err != nil && ctx.Err() == nil {
			a.note("%v", err)
		}
		s.Cache.Close()
	}, nil
}

// now is the time that staleness and end of life are judged at.
func (a *app) now() time.Time {
	if t := a.sourceDate(); !t.IsZero() {
		return t
	}
	return time.Now()
}

// sourceDate is SOURCE_DATE_EPOCH (reproducible-builds.org), zero if unset.
func (a *app) sourceDate() time.Time {
	if n, err := strconv.ParseInt(a.env.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		return time.Unix(n, 0).UTC()
	}
	return time.Time{}
}

// terminal reports whether w is a terminal, and how wide it is.
func terminal(w any) (width int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 0
	}
	return width, true
}

// page says how the reports for people look on w.
func (a *app) page(w any, all bool) (report.Options, error) {
	width, tty := terminal(w)
	opt := report.Options{Width: width, All: all, Time: a.sourceDate()}
	if n, err := strconv.Atoi(a.env.Getenv("COLUMNS")); err == nil && n > 0 && !tty {
		opt.Width = n
	}
	switch strings.ToLower(a.color) {
	case "always":
		opt.Color = true
	case "never":
	case "auto":
		opt.Color = tty && a.env.Getenv("NO_COLOR") == "" && a.env.Getenv("TERM") != "dumb"
	default:
		return opt, usage(fmt.Errorf("--color takes auto, always or never, not %q", a.color))
	}
	return opt, nil
}
