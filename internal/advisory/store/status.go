package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"plimsoll/internal/advisory"
)

// Status is what is known of one database without reading all of it.
type Status struct {
	Database string `json:"database"`
	// Present: there is a copy that a scan can open.
	Present bool          `json:"present"`
	Info    advisory.Info `json:"info,omitzero"`
	// Path is the file that a scan opens.
	Path string `json:"path,omitempty"`
	// Size is that of all its files in bytes.
	Size int64 `json:"size"`
	// Age is the time since the publisher built it.
	Age time.Duration `json:"-"`
	// AgeHours says the same in JSON.
	AgeHours float64 `json:"ageHours"`
	// Stale: older than the age asked for.
	Stale    bool      `json:"stale"`
	Imported time.Time `json:"imported,omitzero"`
	// Checked is when upstream was last asked.
	Checked time.Time `json:"checked,omitzero"`
	// NextAsk is before when Update will not ask again.
	NextAsk time.Time `json:"nextAsk,omitzero"`
	// Warning is what the publisher wants said.
	Warning string `json:"warning,omitempty"`
	// Partial is how much of a broken-off download waits to be resumed.
	Partial int64 `json:"partial,omitempty"`
	// Problem says why there is no usable copy.
	Problem string `json:"problem,omitempty"`
}

// Status describes every database in the order of Names. A missing or damaged
// one is described, not an error. maxAge 0 means DefaultMaxAge.
func (s *Store) Status(ctx context.Context, maxAge time.Duration) ([]Status, error) {
	if maxAge <= 0 {
		maxAge = DefaultMaxAge
	}
	var all []Status
	for _, k := range kinds() {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		all = append(all, s.status(k, maxAge))
	}
	return all, nil
}

func (s *Store) status(k kind, maxAge time.Duration) Status {
	st := Status{Database: k.name, Partial: s.partialSize(k)}
	rec, err := s.load(k)
	if err == nil {
		err = s.present(k, rec)
	}
	if err != nil {
		st.Problem = err.Error()
		return st
	}
	now := s.now()
	st.Present = true
	st.Info = rec.Info
	st.Path = s.mainPath(k, rec)
	st.Info.Path = st.Path
	for _, f := range slices.Concat(rec.Files, rec.Derived) {
		st.Size += f.Size
	}
	st.Age = now.Sub(rec.Info.Built)
	st.AgeHours = float64(st.Age/time.Minute) / 60
	st.Stale = Stale(rec.Info, maxAge, now)
	st.Imported, st.Checked, st.Warning = rec.Imported, rec.Checked, rec.Warning
	st.NextAsk = k.askAgain(rec)
	return st
}

func (s *Store) partialSize(k kind) int64 {
	entries, err := os.ReadDir(filepath.Join(s.kindDir(k), partialDir))
	if err != nil {
		return 0
	}
	var total int64
	for _, e := range entries {
		if fi, err := e.Info(); err == nil {
			total += fi.Size()
		}
	}
	return total
}

// Problem is something wrong with a stored copy.
type Problem struct {
	Database string `json:"database"`
	// File is empty where the copy as a whole is meant.
	File string `json:"file,omitempty"`
	// Err wraps ErrMissing, ErrDamaged or ErrSchema.
	Err error `json:"-"`
	// Reason is Err in words.
	Reason string `json:"reason"`
}

// Verify reads every stored byte again: digests against those recorded when
// the copy was swapped in, and the structure of the database files. It returns
// each problem found, none where all copies are sound; a missing database is
// one. The error is only about not having been able to look.
func (s *Store) Verify(ctx context.Context) ([]Problem, error) {
	problems := []Problem{}
	for _, k := range kinds() {
		found, err := s.verify(ctx, k)
		if err != nil {
			return problems, fmt.Errorf("verify %s: %w", k.name, err)
		}
		problems = append(problems, found...)
	}
	return problems, nil
}

func (s *Store) verify(ctx context.Context, k kind) ([]Problem, error) {
	var problems []Problem
	add := func(file string, err error) {
		problems = append(problems, Problem{Database: k.name, File: file, Err: err, Reason: err.Error()})
	}
	rec, err := s.load(k)
	if err != nil {
		add("", err)
		return problems, nil
	}
	dir := s.generationDir(k, rec)
	for _, want := range slices.Concat(rec.Files, rec.Derived) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		got, err := hashFile(filepath.Join(dir, want.Name))
		switch {
		case errors.Is(err, os.ErrNotExist):
			add(want.Name, fmt.Errorf("%w: file is gone", ErrDamaged))
		case err != nil:
			add(want.Name, fmt.Errorf("%w: %w", ErrDamaged, err))
		case got.Size != want.Size:
			add(want.Name, fmt.Errorf("%w: has %d bytes instead of %d", ErrDamaged, got.Size, want.Size))
		case got.SHA256 != want.SHA256:
			add(want.Name, fmt.Errorf("%w: sha256 is %s instead of %s", ErrDamaged, got.SHA256, want.SHA256))
		}
	}
	if len(problems) > 0 {
		// The structure of bytes known to be wrong says nothing more.
		return problems, nil
	}
	if _, err := k.describe(ctx, dir); err != nil {
		add("", err)
	} else if err := k.check(ctx, filepath.Join(dir, k.main)); err != nil {
		add(k.main, err)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return problems, nil
}
