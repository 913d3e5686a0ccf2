// Package rpmdb reads the package database of RPM from memory in the three
// forms it has had: a Berkeley DB hash ("Packages", until rpm 4.15), NDB
// ("Packages.db", SUSE) and SQLite ("rpmdb.sqlite", Fedora 33 and RHEL 9 on).
//
// Each form is a container of the same header blobs, and each is read here by
// a small reader of its own, for SQLite too: one table walked in order needs
// no SQL engine, no registered file system and no copy, and a hostile file
// then meets two hundred lines instead of a hundred thousand. A test holds
// that reader against modernc.org/sqlite.
//
// It never writes and never looks at the indexes beside the headers.
package rpmdb

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrFormat is returned for a file that is none of the three forms.
var ErrFormat = errors.New("not an rpm database (neither Berkeley DB, NDB nor SQLite)")

// ErrDamaged is wrapped by the error for a database or a header that
// contradicts itself or breaks off.
var ErrDamaged = errors.New("package database damaged")

// Read calls each for every header in the database, in the order of the file.
// The header is valid only during the call. Damage does not end the reading
// where the rest can still be found: the error is returned at the end. An error
// from each ends the reading and is returned.
func Read(content []byte, each func(*Header) error) error {
	r := &reader{each: each, budget: len(content)}
	var err error
	switch {
	case isSQLite(content):
		err = r.readSQLite(content)
	case isNDB(content):
		err = r.readNDB(content)
	default:
		order, ok := bdbOrder(content)
		if !ok {
			return ErrFormat
		}
		err = r.readBDB(content, order)
	}
	if err != nil {
		return err
	}
	return r.result()
}

// reader holds what the three forms share.
type reader struct {
	each func(*Header) error
	// budget is how many bytes of headers may still be yielded: a sound
	// database stores each once, so it is the length of the file. It keeps
	// headers that share their bytes from costing more than the file itself.
	budget int
	// scratch holds a header put together from several pages.
	scratch []byte

	first   error
	damages int
	stop    error // from each
}

// damage notes something wrong and lets the reading go on.
func (r *reader) damage(format string, args ...any) {
	if r.damages++; r.first == nil {
		r.first = fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
	}
}

func (r *reader) result() error {
	if r.damages > 1 {
		return fmt.Errorf("%w (and %d more places)", r.first, r.damages-1)
	}
	return r.first
}

// yield hands on one header; false ends the reading with r.stop.
func (r *reader) yield(where string, id uint32, blob []byte) bool {
	if r.budget -= len(blob); r.budget < 0 {
		r.stop = fmt.Errorf("%w: its headers share bytes", ErrDamaged)
		return false
	}
	h, err := parseHeader(blob)
	if err != nil {
		r.damage("header at %s %d: %v", where, id, err)
		return true
	}
	r.stop = r.each(h)
	return r.stop == nil
}

// order is the byte order of a file.
type order = binary.ByteOrder
