package langpkg

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inspect/zipread"
)

// PythonArchive reads eggs and wheels that lie in the image as zip archives.
// An egg on the path is imported as it is; wheels ship with ensurepip and
// virtualenv, which install them into every environment they make.
type PythonArchive struct{}

// maxArchiveInMemory is the size up to which an archive is read in memory.
const maxArchiveInMemory = 32 << 20

// Name implements inspect.Inspector.
func (PythonArchive) Name() string { return "python-archive" }

// Version implements inspect.Inspector.
func (PythonArchive) Version() int { return 1 }

// Wants implements inspect.Inspector.
func (PythonArchive) Wants(f *inspect.File) inspect.Want {
	switch {
	case f.Size < 22, !strings.HasSuffix(f.Path, ".whl") && !strings.HasSuffix(f.Path, ".egg"):
		return inspect.Nothing
	case f.Size <= maxArchiveInMemory:
		return inspect.Whole
	default:
		return inspect.Stream
	}
}

// Inspect implements inspect.WholeInspector.
func (y PythonArchive) Inspect(ctx context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	h := &pythonEntries{report: newReport(out, f.Path, y.Name())}
	return h.finish(zipread.Bytes(ctx, content, zipread.NewBudget(f.Size), h))
}

// Open implements inspect.StreamInspector. The archive is read by another
// goroutine, so what it finds is added to out only when the sink is closed.
func (y PythonArchive) Open(ctx context.Context, f *inspect.File, out *evidence.Fragment) inspect.Sink {
	var found evidence.Fragment
	h := &pythonEntries{report: newReport(&found, f.Path, y.Name())}
	var err error
	return inspect.NewReading(
		func(r io.Reader) { err = zipread.Stream(ctx, r, zipread.NewBudget(f.Size), h) },
		func() error {
			err = h.finish(err)
			out.Packages = append(out.Packages, found.Packages...)
			out.Problems = append(out.Problems, found.Problems...)
			return err
		},
	)
}

// pythonEntries takes the metadata out of an archive.
type pythonEntries struct {
	report   *report
	problems map[string]bool
}

// Want implements zipread.Handler. The metadata of a wheel lies at its top;
// deeper ones belong to packages vendored in source form.
func (h *pythonEntries) Want(name []byte) bool {
	return bytes.Count(name, []byte("/")) == 1 &&
		(bytes.HasSuffix(name, []byte(".dist-info/METADATA")) || string(name) == "EGG-INFO/PKG-INFO")
}

// Entry implements zipread.Handler.
func (h *pythonEntries) Entry(name string, body *zipread.Body) {
	content, _, err := body.Upto(maxMetadata)
	if err != nil {
		h.Problem("an entry is damaged: "+err.Error(), true)
		return
	}
	if name = text(name); name != "" {
		addPython(h.report, content, name)
	}
}

// Problem implements zipread.Handler; each reason is kept once.
func (h *pythonEntries) Problem(reason string, incomplete bool) {
	if h.problems[reason] || len(h.problems) > 20 {
		return
	}
	if h.problems == nil {
		h.problems = map[string]bool{}
	}
	h.problems[reason] = true
	h.report.problem(reason, incomplete)
}

func (h *pythonEntries) finish(err error) error {
	if errors.Is(err, zipread.ErrNotZip) {
		h.report.note("the file is not a zip archive")
		return nil
	}
	return err
}
