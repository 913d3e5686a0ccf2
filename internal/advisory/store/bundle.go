package store

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"

	"plimsoll/internal/advisory"
)

const (
	bundleManifest = "manifest.json"
	bundleFormat   = "plimsoll-databases"
	bundleVersion  = 1
)

// bundle is manifest.json, the first entry of an export.
type bundle struct {
	Format    string           `json:"format"`
	Version   int              `json:"version"`
	Databases []bundleDatabase `json:"databases"`
}

// bundleDatabase is one database of an export. Neither where a machine got it
// from nor when is in it, so that the same databases make the same bytes.
type bundleDatabase struct {
	Name       string       `json:"name"`
	Schema     string       `json:"schema"`
	Built      time.Time    `json:"built"`
	NextUpdate time.Time    `json:"nextUpdate,omitzero"`
	Digest     string       `json:"digest"`
	Files      []fileRecord `json:"files"`
}

// Export writes every database that is present into one file (a tar compressed
// with zstd) that Import reads on another machine. The same databases give the
// same bytes. Without any database the error is ErrMissing; a file that is not
// what its digest says is ErrDamaged, and what was written by then is of no use.
func (s *Store) Export(ctx context.Context, w io.Writer) ([]advisory.Info, error) {
	var m bundle
	var sources []*os.File
	defer func() {
		for _, f := range sources {
			f.Close()
		}
	}()
	var infos []advisory.Info
	for _, k := range kinds() {
		rec, err := s.load(k)
		if errors.Is(err, ErrMissing) {
			continue
		}
		if err == nil {
			err = s.present(k, rec)
		}
		if err != nil {
			return nil, fmt.Errorf("export: %w", err)
		}
		m.Databases = append(m.Databases, bundleDatabase{
			Name: k.name, Schema: rec.Info.Schema, Built: rec.Info.Built, NextUpdate: rec.Info.NextUpdate,
			Digest: rec.Info.Digest, Files: rec.Files,
		})
		infos = append(infos, rec.Info)
		// All files are opened first: an update at the same time may delete them.
		for _, f := range rec.Files {
			src, err := os.Open(filepath.Join(s.generationDir(k, rec), f.Name))
			if err != nil {
				return nil, fmt.Errorf("export: %w", err)
			}
			sources = append(sources, src)
		}
	}
	if len(m.Databases) == 0 {
		return nil, fmt.Errorf("export: %w in %s: run \"plimsoll db update\" first", ErrMissing, s.dir)
	}
	m.Format, m.Version = bundleFormat, bundleVersion
	return infos, writeBundle(ctx, w, m, sources)
}

// ExportFile is Export into a file, which appears only once it is complete. A
// path that is no regular file (a device, a pipe) is written to where it is.
func (s *Store) ExportFile(ctx context.Context, path string) ([]advisory.Info, error) {
	if fi, err := os.Stat(path); err == nil && !fi.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, fmt.Errorf("export: %w", err)
		}
		infos, err := s.Export(ctx, f)
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		return infos, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".plimsoll-export-*")
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	defer os.Remove(f.Name())
	infos, err := s.Export(ctx, f)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = rename(f.Name(), path)
	}
	return infos, err
}

func writeBundle(ctx context.Context, w io.Writer, m bundle, sources []*os.File) error {
	// One goroutine: the frame does not depend on the machine's processors.
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	head, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	err = writeEntry(t, bundleManifest, int64(len(head)))
	if err == nil {
		_, err = t.Write(head)
	}
	next := 0
	for _, d := range m.Databases {
		for _, f := range d.Files {
			if err == nil {
				err = exportFile(ctx, t, d.Name, f, sources[next])
			}
			next++
		}
	}
	if err == nil {
		err = t.Close()
	}
	if err != nil {
		z.Close()
		return fmt.Errorf("export: %w", err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

func exportFile(ctx context.Context, t *tar.Writer, database string, f fileRecord, src io.Reader) error {
	if err := writeEntry(t, database+"/"+f.Name, f.Size); err != nil {
		return err
	}
	h := sha256.New()
	counted := &countingReader{ctx: ctx, r: io.TeeReader(io.LimitReader(src, f.Size), h)}
	if _, err := io.Copy(t, counted); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != f.SHA256 {
		return fmt.Errorf("%s: %w: %s does not have its recorded digest; run \"plimsoll db update --force\"", database, ErrDamaged, f.Name)
	}
	return nil
}

func writeEntry(t *tar.Writer, name string, size int64) error {
	return t.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, ModTime: time.Unix(0, 0), Format: tar.FormatPAX,
	})
}

// parseBundle reads an export's manifest and refuses what this version could
// not import whole.
func parseBundle(b []byte) (bundle, error) {
	var m bundle
	if err := json.Unmarshal(b, &m); err != nil {
		return bundle{}, damaged(fmt.Errorf("%s: %w", bundleManifest, err))
	}
	if m.Format != bundleFormat {
		return bundle{}, fmt.Errorf("%w: %s is not of an export", ErrNotDatabase, bundleManifest)
	}
	if m.Version != bundleVersion {
		return bundle{}, fmt.Errorf("%w: export has version %d, this version reads %d", ErrSchema, m.Version, bundleVersion)
	}
	if len(m.Databases) == 0 {
		return bundle{}, damaged(errors.New("export holds no database"))
	}
	seen := map[string]bool{}
	for _, d := range m.Databases {
		k, err := kindOf(d.Name)
		if err != nil {
			return bundle{}, damaged(err)
		}
		if seen[d.Name] {
			return bundle{}, damaged(fmt.Errorf("export lists %s twice", d.Name))
		}
		seen[d.Name] = true
		if !sha256Digest.MatchString(d.Digest) {
			return bundle{}, damaged(fmt.Errorf("%s has digest %q", d.Name, oneLine(d.Digest)))
		}
		if err := checkFileRecords(k, d.Files); err != nil {
			return bundle{}, damaged(fmt.Errorf("%s %w", d.Name, err))
		}
	}
	return m, nil
}

// readBundle unpacks an export into one folder per database, given by dirs,
// and holds every file against its digest.
func (s *Store) readBundle(ctx context.Context, r io.Reader, m bundle, dirs map[string]string, done func(int64)) error {
	a, err := openArchive(ctx, r, s.limits)
	if err != nil {
		return err
	}
	defer a.close()
	if _, _, err := a.next(); err != nil { // the manifest, which led here
		return noEOF(err)
	}
	for _, d := range m.Databases {
		for _, want := range d.Files {
			h, name, err := a.next()
			if err != nil {
				return noEOF(err)
			}
			if name != d.Name+"/"+want.Name || h.Typeflag != tar.TypeReg || h.Size != want.Size {
				return damaged(fmt.Errorf("export holds %q where %s/%s of %d bytes is due", name, d.Name, want.Name, want.Size))
			}
			sum := sha256.New()
			to := filepath.Join(dirs[d.Name], want.Name)
			if err := s.extract(io.TeeReader(a, sum), to, want.Size, func() { done(a.raw.n.Load()) }); err != nil {
				return fmt.Errorf("unpack %s/%s: %w", d.Name, want.Name, err)
			}
			if got := hex.EncodeToString(sum.Sum(nil)); got != want.SHA256 {
				return damaged(fmt.Errorf("%s/%s: sha256 is %s instead of %s", d.Name, want.Name, got, want.SHA256))
			}
		}
	}
	return a.drain()
}

// noEOF makes an end that comes too early an error.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return damaged(io.ErrUnexpectedEOF)
	}
	return err
}
