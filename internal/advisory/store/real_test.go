package store

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// testData is the folder with authentic copies of both databases.
func testData(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("authentic databases are not read in short mode")
	}
	if dir := os.Getenv("PLIMSOLL_TEST_DATA"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		data := filepath.Join(dir, "..", "shared", "data")
		if fi, err := os.Stat(filepath.Join(data, "trivy-db")); err == nil && fi.IsDir() {
			return data
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Skip("no authentic databases: set PLIMSOLL_TEST_DATA to the folder that holds trivy-db/ and grype-db/")
		}
		dir = parent
	}
}

// TestAuthenticDatabases takes published-size copies through a store's life.
func TestAuthenticDatabases(t *testing.T) {
	data := testData(t)
	server := httptest.NewServer(registryOf(data))
	defer server.Close()
	s, err := Open(t.TempDir(), WithIndex(testIndex))
	if err != nil {
		t.Fatal(err)
	}
	timed := func(what string, f func() error) {
		t.Helper()
		start := time.Now()
		if err := f(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		t.Logf("%s: %v", what, time.Since(start).Round(time.Millisecond))
	}
	timed("update", func() error {
		_, err := s.Update(t.Context(), UpdateOptions{
			TrivyMirrors:  []string{strings.TrimPrefix(server.URL, "http://") + "/aquasec/trivy-db:2"},
			GrypeListings: []string{server.URL + "/databases/v6/latest.json"},
			Keychain:      anonymous{},
		})
		return err
	})
	timed("current", func() error { _, _, err := s.Current(GrypeDB); return err })
	verify := func(s *Store) {
		timed("verify", func() error {
			problems, err := s.Verify(t.Context())
			if len(problems) > 0 {
				t.Errorf("problems: %v", problems)
			}
			return err
		})
	}
	verify(s)
	bundle := filepath.Join(t.TempDir(), "bundle.tar.zst")
	timed("export", func() error { _, err := s.ExportFile(t.Context(), bundle); return err })
	other, err := Open(t.TempDir(), WithIndex(testIndex))
	if err != nil {
		t.Fatal(err)
	}
	timed("import", func() error { _, err := other.Import(t.Context(), bundle, ImportOptions{}); return err })
	verify(other)
	timed("import of the layout", func() error {
		_, err := other.Import(t.Context(), filepath.Join(data, "trivy-db", "oci"), ImportOptions{})
		return err
	})
	archives, _ := filepath.Glob(filepath.Join(data, "grype-db", "v6", "*.tar.zst"))
	timed("import of the archive", func() error { _, err := other.Import(t.Context(), archives[0], ImportOptions{}); return err })
	for _, name := range Names() {
		if digestNow(t, s, name) != digestNow(t, other, name) {
			t.Errorf("%s has another digest", name)
		}
	}
}

// registryOf serves an OCI layout and a grype listing from a folder.
func registryOf(data string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/v2/{$}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/v2/aquasec/trivy-db/manifests/2", func(w http.ResponseWriter, r *http.Request) {
		index, err := os.ReadFile(filepath.Join(data, "trivy-db", "oci", layoutIndex))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		digests, err := parseLayoutIndex(index)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		http.ServeFile(w, r, filepath.Join(data, "trivy-db", "oci", blobName(digests[0])))
	})
	mux.HandleFunc("/v2/aquasec/trivy-db/blobs/{digest}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(data, "trivy-db", "oci", blobName(r.PathValue("digest"))))
	})
	mux.Handle("/databases/v6/", http.StripPrefix("/databases/v6/", http.FileServer(http.Dir(filepath.Join(data, "grype-db", "v6")))))
	return mux
}
