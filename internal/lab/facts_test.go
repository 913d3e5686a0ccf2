package lab

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/osv-scalibr/semantic"
	bolt "go.etcd.io/bbolt"
)

var update = flag.Bool("update", false, "rewrite the advisory tables from the shared test data")

// TestFactsAreThoseOfTheRealDatabases takes every fact anew out of complete
// copies of the two databases and compares it with the embedded tables. With
// -update it rewrites the tables.
func TestFactsAreThoseOfTheRealDatabases(t *testing.T) {
	shared := sharedData(t)
	dir := t.TempDir()
	unpackTrivy(t, filepath.Join(shared, "trivy-db", "oci"), dir)
	unpackGrype(t, filepath.Join(shared, "grype-db", "v6"), dir)

	f := new(facts)
	subjects := loadSubjects(t)
	x := &extraction{t: t, facts: f, subjects: subjects}
	x.fromTrivy(filepath.Join(dir, "trivy.db"))
	x.fromGrype(filepath.Join(dir, "vulnerability.db"))

	for _, table := range []struct {
		name    string
		columns []string
		rows    [][]string
	}{
		{"trivy-debian.tsv", trivyDebianColumns, rowsOf(f.trivyDebian)},
		{"trivy-language.tsv", trivyLanguageColumns, rowsOf(f.trivyLanguage)},
		{"trivy-vulnerabilities.tsv", trivyDetailColumns, rowsOf(f.trivyDetails)},
		{"grype-affected.tsv", grypeAffectedColumns, rowsOf(f.grypeAffected)},
		{"grype-vulnerabilities.tsv", grypeRecordColumns, rowsOf(f.grypeRecords)},
		{"cves.tsv", cveColumns, rowsOf(f.cves)},
	} {
		want := formatTable(table.columns, table.rows)
		if *update {
			if err := os.WriteFile(filepath.Join("data", table.name), []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := dataFiles.ReadFile("data/" + table.name)
		if err != nil {
			t.Fatal(err)
		}
		compareLines(t, table.name, string(got), want)
	}
}

func compareLines(t *testing.T, name, got, want string) {
	t.Helper()
	has := map[string]bool{}
	for l := range strings.Lines(want) {
		has[l] = true
	}
	for l := range strings.Lines(got) {
		if !has[l] {
			t.Errorf("%s: the databases do not say: %s", name, l)
		}
		delete(has, l)
	}
	for l := range has {
		t.Errorf("%s: missing: %s", name, l)
	}
}

type rower interface{ row() []string }

func rowsOf[T rower](facts []T) [][]string {
	rows := make([][]string, len(facts))
	for i, f := range facts {
		rows[i] = f.row()
	}
	slices.SortFunc(rows, slices.Compare)
	return slices.CompactFunc(rows, slices.Equal)
}

// subjects are the packages of the images that facts are wanted about.
type subjects struct {
	debian map[string]map[string]string // bucket → source package → oldest version
	npm    map[string]bool
	pip    map[string]bool
}

func loadSubjects(t *testing.T) subjects {
	t.Helper()
	s := subjects{debian: map[string]map[string]string{}, npm: map[string]bool{"yarn": true}, pip: map[string]bool{"pip": true, "setuptools": true, "wheel": true, "mercurial": true}}
	for bucket, name := range map[string]string{"debian 12": "python-packages.tsv", "debian 10": "node-packages.tsv"} {
		s.debian[bucket] = map[string]string{}
		p, err := loadTable(name, packageColumns...)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range p.rows {
			s.debian[bucket][r[4]] = r[5]
		}
	}
	bundle, err := loadTable("npm-6.14.18.tsv", "folder", "name", "version", "license")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range bundle.rows {
		s.npm[strings.ToLower(r[1])] = true
	}
	return s
}

// extraction reads the real databases under the rule of data/README.md.
type extraction struct {
	t        *testing.T
	facts    *facts
	subjects subjects
	details  map[string]bool            // identifiers to describe
	debian   map[string]map[string]bool // bucket + package → identifiers kept
}

func (x *extraction) fromTrivy(path string) {
	db, err := bolt.Open(path, 0o400, &bolt.Options{ReadOnly: true})
	if err != nil {
		x.t.Fatal(err)
	}
	defer db.Close()
	x.details = map[string]bool{}
	x.debian = map[string]map[string]bool{}
	err = db.View(func(tx *bolt.Tx) error {
		for bucket, sources := range x.subjects.debian {
			for source, version := range sources {
				x.trivyDebian(tx, bucket, source, version)
			}
		}
		for bucket := range trivySources {
			ecosystem, _, ok := strings.Cut(bucket, "::")
			if !ok {
				continue
			}
			names := x.subjects.npm
			if ecosystem == "pip" {
				names = x.subjects.pip
			}
			for name := range names {
				x.trivyLanguage(tx, bucket, name)
			}
		}
		for id := range x.details {
			x.trivyDetail(tx, id)
		}
		return nil
	})
	if err != nil {
		x.t.Fatal(err)
	}
}

func (x *extraction) trivyDebian(tx *bolt.Tx, bucket, source, version string) {
	b := tx.Bucket([]byte(bucket)).Bucket([]byte(source))
	if b == nil {
		return
	}
	keep := map[string]bool{}
	var past []string
	must(x.t, b.ForEach(func(k, v []byte) error {
		var a trivyAdvisory
		strict(x.t, v, &a)
		f := trivyDebianFact{Bucket: bucket, Package: source, ID: string(k), Fixed: a.FixedVersion, Severity: a.Severity, Status: a.Status, VendorIDs: a.VendorIDs}
		switch {
		case a.FixedVersion != "" && !older(x.t, version, a.FixedVersion):
			past = append(past, f.ID)
		case source == "linux" && !x.keepKernel(tx, f.ID):
		default:
			keep[f.ID] = true
		}
		return nil
	}))
	if len(past) > 0 {
		keep[slices.MaxFunc(past, compareIDs)] = true
	}
	x.debian[bucket+"/"+source] = keep
	for id := range keep {
		var a trivyAdvisory
		strict(x.t, b.Get([]byte(id)), &a)
		x.details[id] = true
		x.facts.trivyDebian = append(x.facts.trivyDebian, trivyDebianFact{
			Bucket: bucket, Package: source, ID: id, Fixed: a.FixedVersion, Severity: a.Severity, Status: a.Status, VendorIDs: a.VendorIDs,
		})
	}
}

// keepKernel bounds the advisories of the kernel, of which the images hold
// only the headers: those of 2024 and later that NVD scores 7.8 or more.
func (x *extraction) keepKernel(tx *bolt.Tx, id string) bool {
	var v trivyVulnerability
	if b := tx.Bucket([]byte("vulnerability")).Get([]byte(id)); b != nil {
		must(x.t, json.Unmarshal(b, &v))
	}
	return v.CVSS["nvd"].V3Score >= 7.8 && compareIDs(id, "CVE-2024-0000") > 0
}

func (x *extraction) trivyLanguage(tx *bolt.Tx, bucket, name string) {
	b := tx.Bucket([]byte(bucket)).Bucket([]byte(name))
	if b == nil {
		return
	}
	must(x.t, b.ForEach(func(k, v []byte) error {
		var a trivyAdvisory
		strict(x.t, v, &a)
		x.details[string(k)] = true
		x.facts.trivyLanguage = append(x.facts.trivyLanguage, trivyLanguageFact{
			Bucket: bucket, Package: name, ID: string(k), VendorIDs: a.VendorIDs,
			Vulnerable: a.VulnerableVersions, Patched: a.PatchedVersions, Unaffected: a.UnaffectedVersions,
		})
		return nil
	}))
}

func (x *extraction) trivyDetail(tx *bolt.Tx, id string) {
	b := tx.Bucket([]byte("vulnerability")).Get([]byte(id))
	if b == nil {
		return
	}
	var v trivyVulnerability
	strict(x.t, b, &v)
	d := trivyDetail{
		ID: id, Severity: v.Severity, CWEs: v.CweIDs, Published: v.PublishedDate, Modified: v.LastModifiedDate,
		Title: oneLine(v.Title), Description: oneLine(v.Description),
	}
	for source, code := range v.VendorSeverity {
		d.VendorSeverity = append(d.VendorSeverity, vendorSeverity{source, code})
	}
	slices.SortFunc(d.VendorSeverity, func(a, b vendorSeverity) int { return cmp.Compare(a.Source, b.Source) })
	for source, c := range v.CVSS {
		for _, s := range []score{{source, "V2", c.V2Vector, c.V2Score}, {source, "V3", c.V3Vector, c.V3Score}, {source, "V40", c.V40Vector, c.V40Score}} {
			if s.Vector != "" {
				d.CVSS = append(d.CVSS, s)
			}
		}
	}
	slices.SortFunc(d.CVSS, func(a, b score) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Version, b.Version))
	})
	x.facts.trivyDetails = append(x.facts.trivyDetails, d)
}

func (x *extraction) fromGrype(path string) {
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: "mode=ro&immutable=1"}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		x.t.Fatal(err)
	}
	defer db.Close()
	wanted := map[string]bool{}
	for _, r := range debianReleases {
		x.grypePackages(db, r[0], "o.name = 'debian' and o.major_version = ?", r[1], func(name, id string) bool {
			return x.debian[r[0]+"/"+name][id]
		})
	}
	x.grypePackages(db, "npm", "a.operating_system_id is null and p.ecosystem = ?", "npm", func(name, _ string) bool { return x.subjects.npm[strings.ToLower(name)] })
	x.grypePackages(db, "python", "a.operating_system_id is null and p.ecosystem = ?", "python", func(name, _ string) bool { return x.subjects.pip[name] })
	x.grypeCPEs(db)
	for _, a := range x.facts.grypeAffected {
		wanted[a.ID] = true
		for _, c := range a.CVEs {
			wanted[c] = true
		}
	}
	x.cves(db, wanted)
}

func (x *extraction) grypePackages(db *sql.DB, scope, where, argument string, keep func(name, id string) bool) {
	rows, err := db.QueryContext(x.t.Context(), `select p.name, v.name, v.provider_id, v.status, cast(v.published_date as text), cast(v.modified_date as text), b.value, vb.value
		from affected_package_handles a join packages p on p.id = a.package_id join vulnerability_handles v on v.id = a.vulnerability_id
		join blobs b on b.id = a.blob_id join blobs vb on vb.id = v.blob_id
		left join operating_systems o on o.id = a.operating_system_id where `+where, argument)
	if err != nil {
		x.t.Fatal(err)
	}
	x.grypeRows(rows, scope, keep)
}

func (x *extraction) grypeCPEs(db *sql.DB) {
	rows, err := db.QueryContext(x.t.Context(), `select c.part||':'||c.vendor||':'||c.product||':'||c.edition||':'||c.language||':'||c.software_edition||':'||c.target_hardware||':'||c.target_software||':'||c.other,
		v.name, v.provider_id, v.status, cast(v.published_date as text), cast(v.modified_date as text), b.value, vb.value
		from affected_cpe_handles a join cpes c on c.id = a.cpe_id join vulnerability_handles v on v.id = a.vulnerability_id
		join blobs b on b.id = a.blob_id join blobs vb on vb.id = v.blob_id
		where (c.vendor, c.product) in (('nodejs', 'node.js'), ('python', 'python'), ('python_software_foundation', 'cpython'))`)
	if err != nil {
		x.t.Fatal(err)
	}
	x.grypeRows(rows, cpeScope, func(_, id string) bool { return compareIDs(id, "CVE-2022-0000") > 0 })
}

func (x *extraction) grypeRows(rows *sql.Rows, scope string, keep func(name, id string) bool) {
	defer rows.Close()
	for rows.Next() {
		var name, id, provider, status, value, about string
		var published, modified sql.NullString
		must(x.t, rows.Scan(&name, &id, &provider, &status, &published, &modified, &value, &about))
		if !keep(name, id) {
			continue
		}
		var p packageBlob
		strict(x.t, []byte(value), &p)
		a := grypeAffected{Scope: scope, Package: name, Provider: provider, ID: id, CVEs: p.CVEs}
		if p.Qualifiers != nil {
			a.Platforms = p.Qualifiers.PlatformCPEs
		}
		for _, r := range p.Ranges {
			a.Ranges = append(a.Ranges, rangeOf(r))
		}
		if !reflect.DeepEqual(a.blob(), p) {
			x.t.Errorf("%s %s: the tables can't hold %s", scope, id, value)
		}
		r := x.record(&a, provider, id, about)
		r.Status, r.Published, r.Modified = status, published.String, modified.String
		x.facts.grypeAffected = append(x.facts.grypeAffected, a)
		x.facts.grypeRecords = append(x.facts.grypeRecords, r)
	}
	must(x.t, rows.Err())
}

// record reads a vulnerability blob. Of its references only the page is kept.
func (x *extraction) record(a *grypeAffected, provider, id, about string) grypeRecord {
	var v vulnerabilityBlob
	must(x.t, json.Unmarshal([]byte(about), &v))
	for _, s := range v.Severities {
		g := grypeSeverity{Scheme: s.Scheme, Source: s.Source, Rank: s.Rank}
		switch value := s.Value.(type) {
		case string:
			g.Value = value
		case map[string]any:
			g.Value = value["vector"].(string)
			if got := cvssVersion(g.Value); got != value["version"] {
				x.t.Errorf("%s: vector %s has version %v", id, g.Value, value["version"])
			}
		}
		a.Severities = append(a.Severities, g)
	}
	r := grypeRecord{Provider: provider, ID: id, Aliases: v.Aliases, Description: oneLine(v.Description)}
	if page := r.blob(nil).Refs[0].URL; !slices.ContainsFunc(v.Refs, func(r referenceBlob) bool { return r.URL == page }) {
		x.t.Errorf("%s %s has no reference %s", provider, id, page)
	}
	return r
}

func rangeOf(b rangeBlob) versionRange {
	r := versionRange{Type: b.Version.Type, Constraint: b.Version.Constraint}
	if b.Fix == nil {
		return r
	}
	r.State, r.Version = b.Fix.State, b.Fix.Version
	if d := b.Fix.Detail; d != nil {
		if d.Available != nil {
			r.Date, r.Kind = d.Available.Date, d.Available.Kind
		}
		for _, ref := range d.References {
			r.Advisories = append(r.Advisories, ref.ID)
		}
	}
	return r
}

func (x *extraction) cves(db *sql.DB, wanted map[string]bool) {
	found := map[string]*cveFact{}
	get := func(id string) *cveFact {
		if found[id] == nil {
			found[id] = &cveFact{ID: id}
		}
		return found[id]
	}
	each(x.t, db, `select cve, cast(epss as text), cast(percentile as text), '' from epss_handles`, wanted, func(c [4]string) {
		f := get(c[0])
		_, err := fmt.Sscan(c[1]+" "+c[2], &f.EPSS, &f.Percentile)
		must(x.t, err)
	})
	each(x.t, db, `select cve, cwe, source, type from cwe_handles`, wanted, func(c [4]string) {
		f := get(c[0])
		f.CWEs = append(f.CWEs, cwe{c[1], c[2], c[3]})
	})
	each(x.t, db, `select k.cve, b.value, '', '' from known_exploited_vulnerability_handles k join blobs b on b.id = k.blob_id`, wanted, func(c [4]string) {
		var k kevBlob
		must(x.t, json.Unmarshal([]byte(c[1]), &k))
		get(c[0]).KEV = &kev{Added: k.DateAdded, Due: k.DueDate, Ransomware: k.Ransomware, Vendor: k.VendorProject, Product: k.Product, Action: k.RequiredAction}
	})
	for _, f := range found {
		x.facts.cves = append(x.facts.cves, *f)
	}
}

func each(t *testing.T, db *sql.DB, query string, wanted map[string]bool, use func([4]string)) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var c [4]string
		must(t, rows.Scan(&c[0], &c[1], &c[2], &c[3]))
		if wanted[c[0]] {
			use(c)
		}
	}
	must(t, rows.Err())
}

// oneLine is how the tables hold prose: its first 160 characters or so, cut
// between words, on one line.
func oneLine(s string) string {
	words := strings.Fields(s)
	n := 0
	for i, w := range words {
		if n += len([]rune(w)) + 1; n > 160 {
			return strings.Join(words[:i], " ") + " …"
		}
	}
	return strings.Join(words, " ")
}

func older(t *testing.T, a, b string) bool {
	t.Helper()
	v, err := semantic.Parse(a, "Debian")
	must(t, err)
	c, err := v.CompareStr(b)
	must(t, err)
	return c < 0
}

// compareIDs orders CVE identifiers by year and number.
func compareIDs(a, b string) int {
	if c := cmp.Compare(len(strings.Split(a, "-")), len(strings.Split(b, "-"))); c != 0 {
		return c
	}
	pa, pb := strings.Split(a, "-"), strings.Split(b, "-")
	for i := range pa {
		if c := cmp.Or(cmp.Compare(len(pa[i]), len(pb[i])), cmp.Compare(pa[i], pb[i])); c != 0 {
			return c
		}
	}
	return 0
}

// strict decodes JSON and fails on a field that the lab's shapes lack.
func strict(t *testing.T, b []byte, into any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(b)))
	if _, ok := into.(*trivyVulnerability); !ok {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(into); err != nil {
		t.Errorf("%s: %v", b, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
