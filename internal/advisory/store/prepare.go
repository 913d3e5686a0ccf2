package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// prepare turns unpacked files into a generation that can be swapped in: what
// they say of themselves is read, the whole file walked, the digests taken, the
// lookups made. Everything that can go wrong with a copy goes wrong here,
// before anything changes.
func (s *Store) prepare(ctx context.Context, k kind, dir string, step func(Step)) (record, error) {
	info, err := k.describe(ctx, dir)
	if err != nil {
		return record{}, err
	}
	step(StepCheck)
	path := filepath.Join(dir, k.main)
	if err := k.check(ctx, path); err != nil {
		return record{}, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // MkdirTemp's is for the owner alone
		return record{}, local(err)
	}
	rec := record{Info: info, Imported: s.now().UTC()}
	if rec.Files, err = fingerprint(k, dir); err != nil {
		return record{}, local(err)
	}
	if k.indexed && s.index != nil {
		step(StepIndex)
		if rec.Derived, err = s.makeIndex(ctx, k, dir); err != nil {
			return record{}, local(err)
		}
	}
	return rec, nil
}

// makeIndex calls the index function and returns what it put beside the
// published files.
func (s *Store) makeIndex(ctx context.Context, k kind, dir string) ([]fileRecord, error) {
	if err := s.index(ctx, filepath.Join(dir, k.main)); err != nil {
		return nil, fmt.Errorf("index %s: %w", k.main, err)
	}
	names, err := derivedNames(k, dir)
	if err != nil {
		return nil, err
	}
	var files []fileRecord
	for _, name := range names {
		path := filepath.Join(dir, name)
		f, err := hashFile(path)
		if err != nil {
			return nil, err
		}
		// Other users of this machine read the store as well.
		if err := os.Chmod(path, 0o644); err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// derivedNames lists the files of a generation that were not published.
func derivedNames(k kind, dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && e.Name() != supersededFile && !slices.Contains(k.files, e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Index makes the lookups of a stored copy anew where they are missing or were
// made by another version of this program; otherwise it does next to nothing.
// Update and Import do the same by themselves.
func (s *Store) Index(ctx context.Context, name string) error {
	k, err := kindOf(name)
	if err != nil || !k.indexed || s.index == nil {
		return err
	}
	if _, err := s.load(k); err != nil {
		return err // without a copy there is nothing to lock
	}
	unlock, err := s.lock(ctx, k, nil)
	if err != nil {
		return err
	}
	defer unlock()
	rec, err := s.load(k)
	if err != nil {
		return err
	}
	_, err = s.reindex(ctx, k, rec)
	return err
}

// reindex is Index for a process that holds the lock. It returns the record
// with the digests of the new lookups.
func (s *Store) reindex(ctx context.Context, k kind, rec record) (record, error) {
	if !k.indexed || s.index == nil {
		return rec, nil
	}
	dir := s.generationDir(k, rec)
	names, err := derivedNames(k, dir)
	if err != nil {
		return rec, err
	}
	known := map[string]int64{}
	for _, f := range rec.Derived {
		known[f.Name] = f.Size
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		fi, err := os.Stat(path)
		if size, ok := known[name]; err == nil && (!ok || fi.Size() != size) {
			os.Remove(path) // the rest of an indexing that was killed
		}
	}
	made, err := s.makeIndex(ctx, k, dir)
	if err != nil {
		return rec, fmt.Errorf("%s: %w", k.name, err)
	}
	if slices.Equal(made, rec.Derived) {
		return rec, nil
	}
	rec.Derived = made
	return rec, s.point(k, rec)
}

func (s *Store) mainPath(k kind, rec record) string {
	return filepath.Join(s.generationDir(k, rec), k.main)
}
