package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"plimsoll/internal/lab"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// sbomForms are the forms that are read as well as written.
var sbomForms = []string{"cyclonedx", "cyclonedx-1.7", "spdx", "syft"}

// bench runs command lines over one store and cache.
type sbomBench struct {
	*testing.T
	store, cache string
}

// run returns standard output of a command that succeeds.
func (b *sbomBench) run(args ...string) []byte {
	b.Helper()
	var out, complaints bytes.Buffer
	status := Run(context.Background(), Env{
		Args: append(args, "--db-dir", b.store, "--cache-dir", b.cache, "--quiet"), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &complaints,
		Getenv: func(name string) string {
			if name == "SOURCE_DATE_EPOCH" {
				return strconv.FormatInt(lab.AsOf.Unix(), 10)
			}
			return ""
		},
	})
	if status != 0 {
		b.Fatalf("plimsoll %s: exit %d: %s", strings.Join(args, " "), status, &complaints)
	}
	return out.Bytes()
}

func (b *sbomBench) scan(ref string) *verdict.Verdict {
	b.Helper()
	var r verdict.Report
	if err := json.Unmarshal(b.run("scan", "-o", "json", "--max-db-age", "999999h", ref), &r); err != nil {
		b.Fatal(err)
	}
	return &r.Verdicts[0]
}

func (b *sbomBench) file(name string, content []byte) string {
	b.Helper()
	name = filepath.Join(b.TempDir(), name)
	if err := os.WriteFile(name, content, 0o600); err != nil {
		b.Fatal(err)
	}
	return name
}

// vulnerabilities are the findings that a list of packages can have.
func vulnerabilities(v *verdict.Verdict) []triage.Finding {
	found := []triage.Finding{}
	for _, f := range v.Findings {
		if f.Kind == triage.Vulnerability || f.Kind == triage.EndOfLife {
			found = append(found, f)
		}
	}
	return found
}

// holdsForEveryForm scans an image, and its SBOM in every form, also converted
// from every form into the next.
func (b *sbomBench) holdsForEveryForm(ref string) {
	image := b.scan(ref)
	for i, form := range sbomForms {
		written := b.file(form+".json", b.run("sbom", ref, "-o", form))
		next := sbomForms[(i+1)%len(sbomForms)]
		converted := b.file("to-"+next+".json", b.run("sbom", "convert", written, "-o", next))
		for _, file := range []string{written, converted} {
			listed := b.scan(file)
			if diff := cmp.Diff(vulnerabilities(image), vulnerabilities(listed), cmpopts.EquateEmpty()); diff != "" {
				b.Errorf("%s: findings of the image (-) and of its SBOM (+):\n%.3000s", filepath.Base(file), diff)
			}
			if diff := cmp.Diff(image.Reconciliation, listed.Reconciliation, cmpopts.EquateEmpty()); diff != "" {
				b.Errorf("%s: opinions of the image (-) and of its SBOM (+):\n%.3000s", filepath.Base(file), diff)
			}
			if len(listed.Coverage.NotExamined) == 0 || listed.Headline.Decision == verdict.NothingFound || len(listed.Hygiene) > 0 ||
				!strings.Contains(listed.Headline.Text, "not examined: files, secrets") {
				b.Errorf("%s: says too much: %s", filepath.Base(file), listed.Headline.Text)
			}
		}
	}
}

func TestAnSBOMHasTheVulnerabilitiesOfItsImage(t *testing.T) {
	if err := shared.build(); err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	for _, img := range shared.lab.Images {
		t.Run(strings.ReplaceAll(img.Name, "/", "_"), func(t *testing.T) {
			b := &sbomBench{T: t, store: shared.store, cache: cache}
			b.holdsForEveryForm(img.LayoutDir)
			if v := b.scan(img.LayoutDir); len(vulnerabilities(v)) == 0 && !img.Planted {
				t.Error("the image has no vulnerability, so nothing was compared")
			}
		})
	}
}

// TestAnSBOMHasTheVulnerabilitiesOfARealImage takes the OCI layouts in the folder
// that PLIMSOLL_TEST_IMAGES names, and the databases of the store that
// PLIMSOLL_TEST_STORE names.
func TestAnSBOMHasTheVulnerabilitiesOfARealImage(t *testing.T) {
	images, store := os.Getenv("PLIMSOLL_TEST_IMAGES"), os.Getenv("PLIMSOLL_TEST_STORE")
	if images == "" || store == "" {
		t.Skip("PLIMSOLL_TEST_IMAGES and PLIMSOLL_TEST_STORE name no real images and databases")
	}
	layouts, err := filepath.Glob(filepath.Join(images, "*", "index.json"))
	if err != nil || len(layouts) == 0 {
		t.Fatalf("no OCI layout in %s", images)
	}
	cache := t.TempDir()
	for _, index := range layouts {
		dir := filepath.Dir(index)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			(&sbomBench{T: t, store: store, cache: cache}).holdsForEveryForm(dir)
		})
	}
}
