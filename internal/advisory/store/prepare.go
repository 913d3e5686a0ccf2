package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// prepare turns unpacked files into a generation that can be swapped in: what
// they say of themselves is read, the whole file walked, the index added, the
// digests taken. Everything that can go wrong with a copy goes wrong here,
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
	if k.indexed && s.index != nil {
		step(StepIndex)
		if err := s.index(ctx, path); err != nil {
			return record{}, local(fmt.Errorf("index %s: %w", k.main, err))
		}
		if err := syncFile(path); err != nil {
			return record{}, local(err)
		}
	}
	if err := removeOthers(k, dir); err != nil {
		return record{}, local(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // MkdirTemp's is for the owner alone
		return record{}, local(err)
	}
	files, err := fingerprint(k, dir)
	if err != nil {
		return record{}, local(err)
	}
	return record{Info: info, Files: files, Imported: s.now().UTC()}, nil
}

// syncFile makes durable what indexing wrote; unpacking did so for the rest.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// removeOthers deletes journals that indexing may leave.
func removeOthers(k kind, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, f := range k.files {
		keep[f] = true
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if !keep[e.Name()] {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) mainPath(k kind, rec record) string {
	return filepath.Join(s.generationDir(k, rec), k.main)
}
