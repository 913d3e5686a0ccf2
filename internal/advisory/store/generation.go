package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"plimsoll/internal/advisory"
)

const (
	pointerFile    = "current.json"
	supersededFile = "superseded"
	incomingPrefix = "incoming-"
	partialDir     = "partial"
	lockFile       = "lock"

	// pointerFormat rises when older versions could not read the pointer.
	pointerFormat = 1
	maxPointer    = 1 << 20
)

// record is the content of current.json: the current generation and what is known of it.
type record struct {
	Format int `json:"format"`
	// Generation is the name of the folder.
	Generation string        `json:"generation"`
	Info       advisory.Info `json:"info"`
	// Files are the digests of the published files.
	Files []fileRecord `json:"files"`
	// Derived are those of the lookups made from them.
	Derived []fileRecord `json:"derived,omitempty"`
	// Imported is when this copy became current on this machine.
	Imported time.Time `json:"imported"`
	// Checked is when upstream was last asked with success; zero where it never was.
	Checked time.Time `json:"checked,omitzero"`
	// Warning is what the publisher wants said about this copy.
	Warning string `json:"warning,omitempty"`
}

// fileRecord is one file of a generation or of a bundle.
type fileRecord struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

var (
	generationName = regexp.MustCompile(`^sha256-[0-9a-f]{64}(\.[0-9]{1,9})?$`)
	derivedName    = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,99}$`)
	sha256Digest   = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	sha256Hex      = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

func (s *Store) kindDir(k kind) string { return filepath.Join(s.dir, k.name) }

func (s *Store) generationDir(k kind, rec record) string {
	return filepath.Join(s.kindDir(k), rec.Generation)
}

// load reads the pointer of a database: ErrMissing without one, ErrDamaged
// where it can't be understood.
func (s *Store) load(k kind) (record, error) {
	b, err := readBounded(filepath.Join(s.kindDir(k), pointerFile), maxPointer)
	if errors.Is(err, fs.ErrNotExist) {
		return record{}, fmt.Errorf("%s: %w in %s: run \"plimsoll db update\", or \"plimsoll db import FILE\" without a network",
			k.name, ErrMissing, s.dir)
	}
	if err != nil {
		return record{}, fmt.Errorf("%s: read its record: %w", k.name, err)
	}
	rec, err := parseRecord(k, b)
	if err != nil {
		return record{}, fmt.Errorf("%s: %w: %s: %w; run \"plimsoll db update\"", k.name, ErrDamaged, pointerFile, err)
	}
	return rec, nil
}

// parseRecord reads current.json and refuses every name that would lead out
// of the database's folder.
func parseRecord(k kind, b []byte) (record, error) {
	var rec record
	if err := json.Unmarshal(b, &rec); err != nil {
		return record{}, err
	}
	if rec.Format != pointerFormat {
		return record{}, fmt.Errorf("format %d was written by another version", rec.Format)
	}
	if !generationName.MatchString(rec.Generation) {
		return record{}, fmt.Errorf("bad generation name %q", rec.Generation)
	}
	if rec.Info.Name != k.name {
		return record{}, fmt.Errorf("record is of %q", rec.Info.Name)
	}
	if err := checkFileRecords(k, rec.Files); err != nil {
		return record{}, err
	}
	for _, f := range rec.Derived {
		if !derivedName.MatchString(f.Name) || slices.Contains(k.files, f.Name) {
			return record{}, fmt.Errorf("bad file name %q", f.Name)
		}
	}
	return rec, nil
}

// checkFileRecords wants exactly the files that a database consists of.
func checkFileRecords(k kind, files []fileRecord) error {
	if len(files) != len(k.files) {
		return fmt.Errorf("lists %d files instead of %d", len(files), len(k.files))
	}
	for i, f := range files {
		switch {
		case f.Name != k.files[i]:
			return fmt.Errorf("lists file %q instead of %q", f.Name, k.files[i])
		case f.Size < 0:
			return fmt.Errorf("file %q has size %d", f.Name, f.Size)
		case !sha256Hex.MatchString(f.SHA256):
			return fmt.Errorf("file %q has no sha256 digest", f.Name)
		}
	}
	return nil
}

// present checks that the files of a generation are there, by size alone.
func (s *Store) present(k kind, rec record) error {
	for _, f := range rec.Files {
		fi, err := os.Stat(filepath.Join(s.generationDir(k, rec), f.Name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%s: %w: file %s is gone; run \"plimsoll db update\"", k.name, ErrDamaged, f.Name)
		case err != nil:
			return fmt.Errorf("%s: %w", k.name, err)
		case !fi.Mode().IsRegular() || fi.Size() != f.Size:
			return fmt.Errorf("%s: %w: file %s has %d bytes instead of %d; run \"plimsoll db update\"",
				k.name, ErrDamaged, f.Name, fi.Size(), f.Size)
		}
	}
	return nil
}

// swap makes an unpacked folder the current generation. The lock must be held.
// Until the last rename succeeds the old copy stays current.
func (s *Store) swap(k kind, incoming string, rec record) error {
	base := "sha256-" + strings.TrimPrefix(rec.Info.Digest, "sha256:")
	rec.Format, rec.Generation = pointerFormat, base
	for n := 1; ; n++ {
		_, err := os.Lstat(s.generationDir(k, rec))
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return err
		}
		rec.Generation = base + "." + strconv.Itoa(n)
	}
	if err := rename(incoming, s.generationDir(k, rec)); err != nil {
		return err
	}
	syncDir(s.kindDir(k))
	if err := s.point(k, rec); err != nil {
		os.RemoveAll(s.generationDir(k, rec))
		return err
	}
	s.collect(k, rec)
	return nil
}

// point replaces the pointer. The lock must be held.
func (s *Store) point(k kind, rec record) error {
	b, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(s.kindDir(k), pointerFile)
	next := path + ".new"
	os.Remove(next) // left behind by a process that was killed
	if err := s.writeFile(next, append(b, '\n')); err != nil {
		os.Remove(next)
		return err
	}
	if err := rename(next, path); err != nil {
		os.Remove(next)
		return err
	}
	syncDir(s.kindDir(k))
	return nil
}

func (s *Store) writeFile(path string, b []byte) error {
	f, err := s.create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// rename also replaces an existing file. Windows refuses that while somebody
// reads the old one, and any rename while a virus scanner looks at the new one;
// either takes a moment only.
func rename(from, to string) error {
	for try := 0; ; try++ {
		err := os.Rename(from, to)
		if err == nil || runtime.GOOS != "windows" || try == 50 {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// syncDir makes renames in dir durable. Not every file system can: then the
// order of writes alone protects the pointer.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}

// collect deletes generations that have not been current for the grace time.
// What can't be deleted (an open file on Windows) is left to the next time.
func (s *Store) collect(k kind, current record) {
	entries, err := os.ReadDir(s.kindDir(k))
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.IsDir() || !generationName.MatchString(e.Name()) || e.Name() == current.Generation {
			continue
		}
		dir := filepath.Join(s.kindDir(k), e.Name())
		marker := filepath.Join(dir, supersededFile)
		since, ok := supersededSince(marker)
		if !ok {
			since = s.now()
			_ = os.WriteFile(marker, []byte(since.UTC().Format(time.RFC3339)+"\n"), 0o644)
		}
		if age := s.now().Sub(since); age > s.grace || age < -s.grace {
			_ = os.RemoveAll(dir)
		}
	}
}

func supersededSince(marker string) (time.Time, bool) {
	b, err := readBounded(marker, 100)
	if err != nil {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(string(b)))
	return t, err == nil
}

// incoming makes the folder that a new generation is unpacked into, after
// removing what killed processes left. The lock must be held.
func (s *Store) incoming(k kind) (string, error) {
	old, err := filepath.Glob(filepath.Join(s.kindDir(k), incomingPrefix+"*"))
	if err == nil {
		for _, dir := range old {
			os.RemoveAll(dir)
		}
	}
	return os.MkdirTemp(s.kindDir(k), incomingPrefix+"*")
}

// fingerprint lists the files of a folder with their digests.
func fingerprint(k kind, dir string) ([]fileRecord, error) {
	var files []fileRecord
	for _, name := range k.files {
		f, err := hashFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		f.Name = name
		files = append(files, f)
	}
	return files, nil
}

// intact compares the published files of the current generation with their
// digests. Lookups that are not what they were are deleted, to be made again.
func (s *Store) intact(k kind, rec record) bool {
	if s.present(k, rec) != nil {
		return false
	}
	dir := s.generationDir(k, rec)
	for _, want := range rec.Derived {
		path := filepath.Join(dir, want.Name)
		if got, err := hashFile(path); err != nil || got != want {
			os.Remove(path)
		}
	}
	files, err := fingerprint(k, dir)
	return err == nil && slices.Equal(files, rec.Files)
}

func hashFile(path string) (fileRecord, error) {
	f, err := os.Open(path)
	if err != nil {
		return fileRecord{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return fileRecord{}, err
	}
	return fileRecord{Name: filepath.Base(path), Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}

// readBounded reads a file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAtMost(f, limit)
}

func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("longer than %d bytes", limit)
	}
	return b, nil
}
