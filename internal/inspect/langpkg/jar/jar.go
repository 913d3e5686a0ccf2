// Package jar owns the inspector of Java archives: jar, war, ear and their kin,
// nested in each other and shaded into each other.
//
// What an archive is comes from Maven's pom.properties, then from a pom.xml, then
// from the manifest and the file's name; identity.go holds the rules. The archives
// themselves are read by package zipread, in memory up to maxInMemory and as a
// stream beyond it. Class files are never looked at. A .jmod holds classes and
// no such metadata; the JDK that it belongs to is named by its release file,
// which another inspector reads. Of a plain zip, as distributions of servers are
// shipped in, the Java archives in it are read.
package jar

import (
	"context"
	"errors"
	"io"
	"strings"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inspect/zipread"
)

const (
	// maxInMemory is the size up to which an archive is read in memory, where
	// its directory spares inflating what is not wanted.
	maxInMemory = 32 << 20
	// maxNestedInMemory is the same for an archive inside another.
	maxNestedInMemory = 8 << 20
	// maxPackages bounds what one file of an image can list.
	maxPackages = 50_000
)

// Inspector reads Java archives.
type Inspector struct{}

// Name implements inspect.Inspector.
func (Inspector) Name() string { return "java-archive" }

// Version implements inspect.Inspector.
func (Inspector) Version() int { return 2 }

// Wants implements inspect.Inspector.
func (Inspector) Wants(f *inspect.File) inspect.Want {
	switch {
	case f.Size < 22 || !isArchive(f.Path) && !isPlainZip(f.Path): // an empty archive takes 22 bytes
		return inspect.Nothing
	case f.Size <= maxInMemory:
		return inspect.Whole
	default:
		return inspect.Stream
	}
}

// isArchive knows the extensions of Java archives: web and enterprise
// applications, resource adapters, Jenkins and Liferay plug-ins, NiFi and Karaf
// archives, ZAP add-ons.
func isArchive(path string) bool {
	i := len(path) - 4
	if i <= 0 {
		return false
	}
	if path[i] != '.' {
		return i > 1 && path[i-1] == '.' && strings.EqualFold(path[i:], "lpkg")
	}
	switch strings.ToLower(path[i+1:]) {
	case "jar", "war", "ear", "par", "sar", "nar", "jpi", "hpi", "kar", "far", "rar", "zap":
		return true
	}
	return false
}

func isPlainZip(path string) bool {
	return len(path) > 4 && strings.EqualFold(path[len(path)-4:], ".zip")
}

// Inspect implements inspect.WholeInspector.
func (j Inspector) Inspect(ctx context.Context, f *inspect.File, content []byte, out *evidence.Fragment) error {
	s := newScan(ctx, f, j.Name())
	a := s.outermost()
	err := zipread.Bytes(ctx, content, s.budget, a)
	return s.finish(a, err, out)
}

// Open implements inspect.StreamInspector.
func (j Inspector) Open(ctx context.Context, f *inspect.File, out *evidence.Fragment) inspect.Sink {
	s := newScan(ctx, f, j.Name())
	a := s.outermost()
	var err error
	return inspect.NewReading(
		func(r io.Reader) { err = zipread.Stream(ctx, r, s.budget, a) },
		func() error { return s.finish(a, err, out) },
	)
}

// scan is the reading of one file with everything nested in it.
type scan struct {
	ctx       context.Context
	path      string
	inspector string
	budget    *zipread.Budget
	packages  int
	problems  []evidence.Problem
	known     map[string]bool // reasons already in problems
}

func newScan(ctx context.Context, f *inspect.File, inspector string) *scan {
	return &scan{ctx: ctx, path: f.Path, inspector: inspector, budget: zipread.NewBudget(f.Size), known: map[string]bool{}}
}

func (s *scan) outermost() *archive {
	a := s.archive(base(s.path), "")
	a.wrap = isPlainZip(s.path)
	return a
}

// finish writes what was found. A file that is no archive at all is a note:
// .rar and .par have other meanings too, and Java would not read it either. So
// is a plain zip that can't be read to its end and held no archive until then.
func (s *scan) finish(a *archive, err error, out *evidence.Fragment) error {
	switch {
	case errors.Is(err, zipread.ErrNotZip):
		s.problem("the file is not a zip archive", false)
		err = nil
	case err != nil && a.wrap && len(a.nested) == 0 && s.ctx.Err() == nil:
		s.problem("no Java archive was found before reading broke off: "+err.Error(), false)
		err = nil
	}
	for _, p := range a.packages() {
		p.Path, p.Inspector = s.path, s.inspector
		out.Packages = append(out.Packages, p)
	}
	out.Problems = append(out.Problems, s.problems...)
	return err
}

// problem keeps each reason once.
func (s *scan) problem(reason string, incomplete bool) {
	if s.known[reason] || len(s.known) > 100 {
		return
	}
	s.known[reason] = true
	s.problems = append(s.problems, evidence.Problem{
		Path: s.path, Inspector: s.inspector, Reason: reason, Incomplete: incomplete,
	})
}

func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
