package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"plimsoll/internal/reconcile"
	"plimsoll/internal/reconcile/reportfile"
	"plimsoll/internal/verdict"
)

// reconcileFiles puts reports that scanners wrote side by side.
func (a *app) reconcileFiles(ctx context.Context, names []string) (*verdict.Report, error) {
	var readings []*reportfile.Reading
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, usage(fmt.Errorf("no report file %s (one argument names an image, several name report files)", name))
		}
		if err != nil {
			return nil, usage(err)
		}
		reading, err := reportfile.Read(f, name)
		f.Close()
		if err != nil {
			return nil, usage(err)
		}
		readings = append(readings, reading)
	}
	inv, opinions := reportfile.Join(readings)
	v := verdict.Verdict{
		Image:          verdict.Image{Reference: strings.Join(names, ", "), Source: "reports"},
		Packages:       inv.Packages,
		Reconciliation: *reconcile.Reconcile(inv, opinions, nil),
		Coverage:       verdict.Coverage{Complete: true},
	}
	for _, o := range opinions {
		v.Coverage.Databases = append(v.Coverage.Databases, o.Database)
	}
	return &verdict.Report{
		SchemaVersion: verdict.SchemaVersion,
		Tool:          verdict.Tool{Name: "plimsoll", Version: Version()},
		Verdicts:      []verdict.Verdict{v},
	}, nil
}

// isReport reports whether a file of this name begins as JSON does, and no
// image archive.
func isReport(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 64)
	n, _ := io.ReadFull(f, head)
	return bytes.HasPrefix(bytes.TrimLeft(head[:n], "\xef\xbb\xbf \t\r\n"), []byte("{"))
}
