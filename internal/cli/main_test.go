package cli

import (
	"archive/tar"
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"plimsoll/internal/advisory/grypedb"
	"plimsoll/internal/advisory/store"
	"plimsoll/internal/lab"
)

// TestMain makes the program itself a command of the scripts: this test binary
// under the name plimsoll runs one command line as cmd/plimsoll does.
func TestMain(m *testing.M) {
	testscript.Main(suite{m}, map[string]func(){"plimsoll": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		status := Run(ctx, FromProcess())
		if file := os.Getenv(peakFile); file != "" {
			if err := os.WriteFile(file, []byte(strconv.FormatInt(peakMemory(), 10)), 0o644); err != nil {
				panic(err)
			}
		}
		os.Exit(status)
	}})
}

// peakFile names the variable with the file into which the program under test
// writes the most memory that it had in use, in bytes.
const peakFile = "PLIMSOLL_TEST_PEAK"

// suite removes what the tests share once all have run.
type suite struct{ *testing.M }

func (s suite) Run() int {
	dir, err := os.MkdirTemp("", "plimsoll-cli-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	shared.dir = dir
	return s.M.Run()
}

// shared are the demonstration's images and databases, built once.
var shared laboratory

type laboratory struct {
	dir  string
	once sync.Once
	err  error
	lab  *lab.Lab
	// store is a store's folder that holds both databases; trivy and grype
	// are archives as the publishers ship them.
	store, trivy, grype string
}

func (l *laboratory) build() error {
	l.once.Do(func() { l.err = l.make(context.Background()) })
	return l.err
}

func (l *laboratory) make(ctx context.Context) error {
	var err error
	if l.lab, err = lab.Build(ctx, filepath.Join(l.dir, "lab")); err != nil {
		return err
	}
	l.store = filepath.Join(l.dir, "store")
	l.trivy, l.grype = filepath.Join(l.dir, "db.tar.gz"), filepath.Join(l.dir, "vulnerability-db.tar")
	if err := archiveFiles(l.trivy, l.lab.TrivyDir, "trivy.db", "metadata.json"); err != nil {
		return err
	}
	if err := archiveFiles(l.grype, l.lab.GrypeDir, "vulnerability.db"); err != nil {
		return err
	}
	s, err := store.Open(l.store, store.WithIndex(grypedb.Index))
	if err != nil {
		return err
	}
	for _, file := range []string{l.trivy, l.grype} {
		if _, err := s.Import(ctx, file, store.ImportOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// archiveFiles writes a tar of files that lie in dir.
func archiveFiles(name, dir string, files ...string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w := tar.NewWriter(f)
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: file, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
			return err
		}
		if _, err := w.Write(content); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return f.Close()
}

func TestScripts(t *testing.T) {
	if err := shared.build(); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup:               setup,
		Cmds:                commands(),
		Deadline:            time.Now().Add(5 * time.Minute),
	})
}

// setup gives each script folders of its own, no credentials, no engine, and
// the day of the demonstration's facts.
func setup(env *testscript.Env) error {
	dockerfiles, err := filepath.Abs(filepath.Join("..", "lab", "data", "dockerfiles"))
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"HOME":               filepath.Join(env.WorkDir, "home"),
		"PLIMSOLL_DB_DIR":    filepath.Join(env.WorkDir, "db"),
		"PLIMSOLL_CACHE_DIR": filepath.Join(env.WorkDir, "cache"),
		"DOCKER_CONFIG":      filepath.Join(env.WorkDir, "docker"),
		"DOCKER_HOST":        "unix://" + filepath.Join(env.WorkDir, "no.sock"),
		"CONTAINER_HOST":     "unix://" + filepath.Join(env.WorkDir, "no.sock"),
		"XDG_RUNTIME_DIR":    filepath.Join(env.WorkDir, "run"),
		"SOURCE_DATE_EPOCH":  strconv.FormatInt(lab.AsOf.Unix(), 10),
		"HOSTARCH":           runtime.GOARCH,
		"COLUMNS":            "120",
		"LAB_DOCKERFILES":    dockerfiles,
	} {
		env.Setenv(name, value)
	}
	return nil
}
