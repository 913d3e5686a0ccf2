package image

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// tarFiles reads an uncompressed tar at random: its headers are read once, its
// files any number of times and concurrently.
type tarFiles struct {
	tar     io.ReaderAt
	entries entries
}

// indexTar reads the headers of a tar of the given length.
func indexTar(ctx context.Context, r io.ReaderAt, size int64) (*tarFiles, error) {
	section := io.NewSectionReader(r, 0, size)
	reader := tar.NewReader(section)
	t := &tarFiles{tar: r, entries: entries{}}
	last := "archive"
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		offset, seekErr := section.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, damagedEntry(last, t.entries, min(offset, size), err)
		}
		if seekErr != nil {
			return nil, seekErr
		}
		if name, err := t.entries.add(header, offset); err != nil {
			return nil, err
		} else if name != "" {
			last = name
		}
	}
}

// damagedEntry names the entry in which an archive breaks off, and where in it.
func damagedEntry(last string, known entries, position int64, err error) error {
	if e, ok := known[last]; ok && errors.Is(err, io.ErrUnexpectedEOF) && position < e.offset+e.size {
		return Damaged(last, max(position-e.offset, 0), err)
	}
	return Damaged("archive (after "+last+")", position, err)
}

func (t *tarFiles) stat(name string) (int64, error) {
	_, e, err := t.entries.resolve(name)
	return e.size, err
}

func (t *tarFiles) small(name string, limit int64) ([]byte, error) {
	_, e, err := t.entries.resolve(name)
	if err != nil {
		return nil, err
	}
	if e.size > limit {
		return nil, tooLong(name, e.size, limit)
	}
	raw := make([]byte, e.size)
	if n, err := t.tar.ReadAt(raw, e.offset); err != nil && int64(n) < e.size {
		return nil, Damaged(name, int64(n), eofIsEarly(err))
	}
	return raw, nil
}

func (t *tarFiles) opener(name string) opener {
	return func(context.Context) (io.ReadCloser, error) {
		at, e, err := t.entries.resolve(name)
		if err != nil {
			return nil, err
		}
		return &exact{r: io.NewSectionReader(t.tar, e.offset, e.size), name: at, size: e.size}, nil
	}
}

// dirFiles reads a folder. Links that lead out of it are not followed.
type dirFiles struct{ root *os.Root }

func (d dirFiles) open(name string) (*os.File, int64, error) {
	clean, ok := cleanName(name)
	if !ok {
		return nil, 0, damagedf(name, "its path leads out of the folder")
	}
	// Looking first keeps a named pipe from blocking the open.
	info, err := d.root.Stat(clean)
	if err != nil {
		return nil, 0, folderError(name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, damagedf(name, "it is not a regular file")
	}
	f, err := d.root.Open(clean)
	return f, info.Size(), err
}

func (d dirFiles) stat(name string) (int64, error) {
	clean, ok := cleanName(name)
	if !ok {
		return 0, damagedf(name, "its path leads out of the folder")
	}
	info, err := d.root.Stat(clean)
	if err != nil {
		return 0, folderError(name, err)
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%s: %w", printable(name), fs.ErrNotExist)
	}
	return info.Size(), nil
}

// folderError makes damage of what the folder's content is to blame for: loops
// of links, and links that lead out of it.
func folderError(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrClosed) {
		return err
	}
	return Damaged(name, -1, err)
}

func (d dirFiles) small(name string, limit int64) ([]byte, error) {
	f, size, err := d.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > limit {
		return nil, tooLong(name, size, limit)
	}
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = tooLong(name, int64(len(raw)), limit)
	}
	return raw, err
}

func (d dirFiles) opener(name string) opener {
	return func(context.Context) (io.ReadCloser, error) {
		f, size, err := d.open(name)
		if err != nil {
			return nil, err
		}
		return &exact{r: f, closer: f, name: name, size: size}, nil
	}
}

func tooLong(name string, size, limit int64) error {
	return fmt.Errorf("%s: %w: it has %d bytes, at most %d are read", printable(name), ErrTooLarge, size, limit)
}

func eofIsEarly(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// exact reads a blob of known size and reports an early end or a failing read
// as damage at its offset.
type exact struct {
	r            io.Reader
	closer       io.Closer
	name         string
	offset, size int64
}

func (e *exact) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.offset += int64(n)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF) && e.offset >= e.size:
		return n, io.EOF
	}
	return n, Damaged(e.name, e.offset, eofIsEarly(err))
}

// Close closes the file below; that of a whole archive belongs to the Set.
func (e *exact) Close() error {
	if e.closer == nil {
		return nil
	}
	return e.closer.Close()
}
