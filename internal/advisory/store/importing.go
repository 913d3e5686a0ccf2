package store

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"plimsoll/internal/advisory"
)

// ImportOptions says how Import works.
type ImportOptions struct {
	// Progress may be nil.
	Progress func(Progress)
}

// Import makes the databases of a file or folder current, whatever there was
// before. It reads, told apart by content:
//
//   - a file that Export wrote;
//   - trivy-db's db.tar.gz;
//   - an OCI layout that holds a trivy-db artifact, as a folder or a tar;
//   - grype-db's vulnerability-db_….tar.zst.
//
// Tars may be plain or compressed with gzip or zstd. Everything is unpacked
// and checked before anything is swapped, so a file that is damaged
// (ErrDamaged), of another schema (ErrSchema) or something else
// (ErrNotDatabase) changes nothing.
func (s *Store) Import(ctx context.Context, path string, o ImportOptions) ([]Result, error) {
	results, err := s.importPath(ctx, path, filepath.Base(path), o)
	if err != nil {
		return nil, fmt.Errorf("import %s: %w", path, err)
	}
	return results, nil
}

// ImportReader is Import from a stream, such as standard input; name is said in
// its place. The stream is kept in the store's folder while it is read.
func (s *Store) ImportReader(ctx context.Context, r io.Reader, name string, o ImportOptions) ([]Result, error) {
	fail := func(err error) ([]Result, error) { return nil, fmt.Errorf("import %s: %w", name, err) }
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return fail(err)
	}
	s.removeOldSpools()
	spool, err := os.CreateTemp(s.dir, spoolPrefix+"*")
	if err != nil {
		return fail(err)
	}
	defer os.Remove(spool.Name())
	limited := &countingReader{ctx: ctx, r: io.LimitReader(r, s.limits.download+1)}
	_, err = io.Copy(spool, limited)
	if cerr := spool.Close(); err == nil {
		err = cerr
	}
	if err == nil && limited.n.Load() > s.limits.download {
		err = damaged(fmt.Errorf("longer than %d bytes", s.limits.download))
	}
	if err != nil {
		return fail(err)
	}
	results, err := s.importPath(ctx, spool.Name(), name, o)
	if err != nil {
		return fail(err)
	}
	return results, nil
}

const spoolPrefix = "stdin-"

// removeOldSpools deletes what killed imports left; a day is longer than any import.
func (s *Store) removeOldSpools() {
	old, _ := filepath.Glob(filepath.Join(s.dir, spoolPrefix+"*"))
	for _, path := range old {
		if fi, err := os.Stat(path); err == nil && time.Since(fi.ModTime()) > 24*time.Hour {
			os.Remove(path)
		}
	}
}

func (s *Store) importPath(ctx context.Context, path, name string, o ImportOptions) ([]Result, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	im := &importer{s: s, o: o, path: path, from: oneLine(name), size: fi.Size()}
	if fi.IsDir() {
		im.form = formLayout
		im.layout = layoutDir(path)
		return im.run(ctx)
	}
	if im.form, im.bundle, err = s.sniff(ctx, path); err != nil {
		return nil, err
	}
	if im.form == formLayout {
		im.layout = &layoutTar{s: s, path: path}
	}
	return im.run(ctx)
}

// importer imports one file.
type importer struct {
	s      *Store
	o      ImportOptions
	path   string
	from   string
	size   int64
	form   form
	bundle bundle
	layout layout
}

// arrival is one database that was unpacked and waits for its swap.
type arrival struct {
	k    kind
	dir  string
	rec  record
	have record
	ok   bool
}

func (im *importer) progress(k kind, p Progress) {
	if im.o.Progress != nil {
		p.Database, p.From = k.name, im.from
		im.o.Progress(p)
	}
}

// holds lists the databases in the file, in the order of kinds, which is the
// order in which every process takes the locks.
func (im *importer) holds() []kind {
	var held []kind
	for _, k := range kinds() {
		switch im.form {
		case formTrivy, formLayout:
			if k.name == TrivyDB {
				held = append(held, k)
			}
		case formGrype:
			if k.name == GrypeDB {
				held = append(held, k)
			}
		case formBundle:
			for _, d := range im.bundle.Databases {
				if d.Name == k.name {
					held = append(held, k)
				}
			}
		}
	}
	return held
}

func (im *importer) run(ctx context.Context) ([]Result, error) {
	var arrivals []*arrival
	for _, k := range im.holds() {
		unlock, err := im.s.lock(ctx, k, func() { im.progress(k, Progress{Step: StepWait}) })
		if err != nil {
			return nil, err
		}
		defer unlock()
		dir, err := im.s.incoming(k)
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		a := &arrival{k: k, dir: dir}
		if a.have, err = im.s.load(k); err == nil {
			a.ok = true
		}
		arrivals = append(arrivals, a)
	}
	if err := im.unpack(ctx, arrivals); err != nil {
		return nil, err
	}
	for _, a := range arrivals {
		if err := im.prepare(ctx, a); err != nil {
			return nil, err
		}
	}
	var results []Result
	for _, a := range arrivals {
		r, err := im.swap(a)
		if err != nil {
			return results, err
		}
		results = append(results, r)
	}
	return results, nil
}

// unpack fills the folders and takes the digests of the archives.
func (im *importer) unpack(ctx context.Context, arrivals []*arrival) error {
	dirs := map[string]string{}
	for _, a := range arrivals {
		dirs[a.k.name] = a.dir
	}
	first := arrivals[0]
	step := func(done int64) {
		im.progress(first.k, Progress{Step: StepUnpack, Done: done, Total: im.size})
	}
	switch im.form {
	case formBundle:
		f, err := os.Open(im.path)
		if err != nil {
			return err
		}
		defer f.Close()
		return im.s.readBundle(ctx, f, im.bundle, dirs, step)
	case formLayout:
		digest, err := im.s.unpackLayout(ctx, im.layout, first.k, first.dir, step)
		first.rec.Info.Digest = digest
		return err
	default:
		archive, err := hashFile(im.path)
		if err != nil {
			return err
		}
		first.rec.Info.Digest = "sha256:" + archive.SHA256
		f, err := os.Open(im.path)
		if err != nil {
			return err
		}
		defer f.Close()
		return im.s.unpack(ctx, f, first.k, first.dir, step)
	}
}

// prepare checks what was unpacked, also against what an export says of it.
func (im *importer) prepare(ctx context.Context, a *arrival) error {
	digest := a.rec.Info.Digest
	rec, err := im.s.prepare(ctx, a.k, a.dir, func(step Step) { im.progress(a.k, Progress{Step: step}) })
	if err != nil {
		return fmt.Errorf("%s: %w", a.k.name, err)
	}
	for _, d := range im.bundle.Databases {
		if d.Name != a.k.name {
			continue
		}
		if d.Schema != rec.Info.Schema || !d.Built.Equal(rec.Info.Built) {
			return damaged(fmt.Errorf("%s is of schema %s built %s, and the export says schema %s built %s", a.k.name,
				rec.Info.Schema, rec.Info.Built.Format(time.RFC3339), oneLine(d.Schema), d.Built.Format(time.RFC3339)))
		}
		digest = d.Digest
	}
	a.rec = rec
	a.rec.Info.Digest, a.rec.Info.From = digest, im.from
	return nil
}

func (im *importer) swap(a *arrival) (Result, error) {
	if err := im.s.swap(a.k, a.dir, a.rec); err != nil {
		return Result{}, fmt.Errorf("%s: swap in the new copy: %w", a.k.name, err)
	}
	rec, err := im.s.load(a.k)
	if err != nil {
		return Result{}, err
	}
	r := Result{Database: a.k.name, Outcome: Imported, Info: rec.Info, NextAsk: a.k.askAgain(rec)}
	r.Info.Path = im.s.mainPath(a.k, rec)
	if a.ok {
		r.Previous = a.have.Info.Digest
		if rec.Info.Built.Before(a.have.Info.Built) {
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s built %s replaces one built %s", a.k.name, day(rec.Info), day(a.have.Info)))
		}
	}
	if Stale(rec.Info, DefaultMaxAge, im.s.now()) {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s was built %s and counts as stale", a.k.name, day(rec.Info)))
	}
	return r, nil
}

func day(info advisory.Info) string { return info.Built.UTC().Format(time.DateOnly) }

// form is what a file given to Import turned out to be.
type form int

const (
	formBundle form = iota + 1
	formTrivy
	formGrype
	formLayout
)

// sniff tells the form from the names in the tar, and reads an export's manifest.
func (s *Store) sniff(ctx context.Context, path string) (form, bundle, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, bundle{}, err
	}
	defer f.Close()
	return s.sniffReader(ctx, f)
}

func (s *Store) sniffReader(ctx context.Context, r io.Reader) (form, bundle, error) {
	a, err := openArchive(ctx, r, s.limits)
	if err != nil {
		return 0, bundle{}, err
	}
	defer a.close()
	for {
		_, name, err := a.next()
		notTar := a.entries == 0 && (!a.compressed || errors.Is(err, tar.ErrHeader)) && ctx.Err() == nil
		if errors.Is(err, io.EOF) || err != nil && notTar {
			return 0, bundle{}, fmt.Errorf("%w: expected an export of this program, trivy-db's db.tar.gz, an OCI layout of it, or grype-db's vulnerability-db_….tar.zst", ErrNotDatabase)
		}
		if err != nil {
			return 0, bundle{}, err
		}
		switch name {
		case bundleManifest:
			b, err := readAtMost(a, s.limits.small)
			if err != nil {
				return 0, bundle{}, damaged(err)
			}
			m, err := parseBundle(b)
			if a.entries > 1 || errors.Is(err, ErrNotDatabase) {
				continue // manifest.json of docker save, which may hold a layout as well
			}
			return formBundle, m, err
		case trivyFile, trivyMetadata:
			return formTrivy, bundle{}, nil
		case grypeFile:
			return formGrype, bundle{}, nil
		case layoutIndex, layoutMarker:
			return formLayout, bundle{}, nil
		}
	}
}
