package lab

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	bolt "go.etcd.io/bbolt"
)

// trivySources are the data-source records of the buckets that the facts are from.
var trivySources = map[string]trivySource{
	"debian 10":                         debianTracker,
	"debian 12":                         debianTracker,
	"npm::GitHub Security Advisory npm": {"ghsa", "GitHub Security Advisory npm", "https://github.com/advisories?query=type%3Areviewed+ecosystem%3Anpm"},
	"npm::Node.js Ecosystem Security Working Group": {"nodejs-security-wg", "Node.js Ecosystem Security Working Group", "https://github.com/nodejs/security-wg"},
	"pip::GitHub Security Advisory pip":             {"ghsa", "GitHub Security Advisory pip", "https://github.com/advisories?query=type%3Areviewed+ecosystem%3Apip"},
}

var debianTracker = trivySource{"debian", "Debian Security Tracker", "https://salsa.debian.org/security-tracker-team/security-tracker"}

type trivySource struct{ ID, Name, URL string }

// boltEntry is one key of a trivy-db, below up to two buckets.
type boltEntry struct {
	path  []string
	key   string
	value []byte
}

// buildTrivyDB writes trivy.db and metadata.json, as Aqua's builder lays them out, into dir.
func buildTrivyDB(dir string, f *facts) error {
	entries, err := trivyEntries(f)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := writeBolt(filepath.Join(dir, "trivy.db"), entries); err != nil {
		return fmt.Errorf("write trivy.db: %w", err)
	}
	metadata, err := json.Marshal(struct {
		Version                             int
		NextUpdate, UpdatedAt, DownloadedAt string
	}{2, AsOf.Add(nextUpdate).Format(timeFormat), AsOf.Format(timeFormat), "0001-01-01T00:00:00Z"})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "metadata.json"), append(metadata, '\n'), 0o644)
}

func trivyEntries(f *facts) ([]boltEntry, error) {
	var all []boltEntry
	sources := map[string]bool{}
	add := func(value any, key string, path ...string) error {
		b, err := json.Marshal(value)
		all = append(all, boltEntry{path: path, key: key, value: b})
		return err
	}
	var errs []error
	for _, a := range f.trivyDebian {
		sources[a.Bucket] = true
		errs = append(errs, add(a.record(), a.ID, a.Bucket, a.Package))
	}
	for _, a := range f.trivyLanguage {
		sources[a.Bucket] = true
		errs = append(errs, add(a.record(), a.ID, a.Bucket, a.Package))
	}
	for _, d := range f.trivyDetails {
		errs = append(errs, add(d.record(), d.ID, "vulnerability"))
	}
	for bucket := range sources {
		s, ok := trivySources[bucket]
		if !ok {
			return nil, fmt.Errorf("bucket %q has no data source", bucket)
		}
		errs = append(errs, add(s, bucket, "data-source"))
	}
	slices.SortFunc(all, func(a, b boltEntry) int {
		return cmp.Or(slices.Compare(a.path, b.path), cmp.Compare(a.key, b.key))
	})
	return all, errors.Join(errs...)
}

// writeBolt writes entries that are sorted by path and key. bbolt lays out the
// buckets that one transaction changed in the order of a Go map, so each
// transaction fills one bucket: then the same entries give the same bytes.
func writeBolt(path string, entries []boltEntry) error {
	db, err := bolt.Open(path, 0o644, &bolt.Options{NoSync: true, NoFreelistSync: true, PageSize: 4096, FreelistType: bolt.FreelistArrayType})
	if err != nil {
		return err
	}
	for rest := entries; len(rest) > 0 && err == nil; {
		n := 1
		for n < len(rest) && slices.Equal(rest[n].path, rest[0].path) {
			n++
		}
		err = db.Update(func(tx *bolt.Tx) error { return putAll(tx, rest[:n]) })
		rest = rest[n:]
	}
	return errors.Join(err, db.Close())
}

func putAll(tx *bolt.Tx, entries []boltEntry) error {
	path := entries[0].path
	b, err := tx.CreateBucketIfNotExists([]byte(path[0]))
	if err != nil {
		return err
	}
	for _, name := range path[1:] {
		if b, err = b.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	for _, e := range entries {
		if err := b.Put([]byte(e.key), e.value); err != nil {
			return err
		}
	}
	return nil
}

// The JSON shapes below are those of trivy-db's pkg/types.

type trivyAdvisory struct {
	VendorIDs          []string `json:",omitempty"`
	FixedVersion       string   `json:",omitempty"`
	Severity           int      `json:",omitempty"`
	Status             int      `json:",omitempty"`
	VulnerableVersions []string `json:",omitempty"`
	PatchedVersions    []string `json:",omitempty"`
	UnaffectedVersions []string `json:",omitempty"`
}

func (f trivyDebianFact) record() trivyAdvisory {
	return trivyAdvisory{VendorIDs: f.VendorIDs, FixedVersion: f.Fixed, Severity: f.Severity, Status: f.Status}
}

func (f trivyLanguageFact) record() trivyAdvisory {
	return trivyAdvisory{
		VendorIDs: f.VendorIDs, VulnerableVersions: f.Vulnerable,
		PatchedVersions: f.Patched, UnaffectedVersions: f.Unaffected,
	}
}

type trivyVulnerability struct {
	Title            string               `json:",omitempty"`
	Description      string               `json:",omitempty"`
	Severity         string               `json:",omitempty"`
	CweIDs           []string             `json:",omitempty"`
	VendorSeverity   map[string]int       `json:",omitempty"`
	CVSS             map[string]trivyCVSS `json:",omitempty"`
	References       []string             `json:",omitempty"`
	PublishedDate    string               `json:",omitempty"`
	LastModifiedDate string               `json:",omitempty"`
}

type trivyCVSS struct {
	V2Vector  string  `json:",omitempty"`
	V3Vector  string  `json:",omitempty"`
	V40Vector string  `json:",omitempty"`
	V2Score   float64 `json:",omitempty"`
	V3Score   float64 `json:",omitempty"`
	V40Score  float64 `json:",omitempty"`
}

func (d trivyDetail) record() trivyVulnerability {
	v := trivyVulnerability{
		Title: d.Title, Description: d.Description, Severity: d.Severity, CweIDs: d.CWEs,
		PublishedDate: d.Published, LastModifiedDate: d.Modified, References: []string{referenceFor(d.ID)},
	}
	for _, s := range d.VendorSeverity {
		if v.VendorSeverity == nil {
			v.VendorSeverity = map[string]int{}
		}
		v.VendorSeverity[s.Source] = s.Code
	}
	for _, s := range d.CVSS {
		if v.CVSS == nil {
			v.CVSS = map[string]trivyCVSS{}
		}
		c := v.CVSS[s.Source]
		switch s.Version {
		case "V2":
			c.V2Vector, c.V2Score = s.Vector, s.Score
		case "V3":
			c.V3Vector, c.V3Score = s.Vector, s.Score
		case "V40":
			c.V40Vector, c.V40Score = s.Vector, s.Score
		}
		v.CVSS[s.Source] = c
	}
	return v
}

// referenceFor is the page that describes a vulnerability: the one reference
// that is kept of the many that the databases list.
func referenceFor(id string) string {
	if strings.HasPrefix(id, "GHSA-") {
		return "https://github.com/advisories/" + id
	}
	return "https://nvd.nist.gov/vuln/detail/" + id
}
