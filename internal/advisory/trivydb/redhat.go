package trivydb

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
)

// defaultContentSets are the repositories of a plain installation, taken where
// an image names none (trivy pkg/detector/ospkg/redhat).
var defaultContentSets = map[string][]string{
	"6":  {"rhel-6-server-rpms", "rhel-6-server-extras-rpms"},
	"7":  {"rhel-7-server-rpms", "rhel-7-server-extras-rpms"},
	"8":  {"rhel-8-for-x86_64-baseos-rpms", "rhel-8-for-x86_64-appstream-rpms"},
	"9":  {"rhel-9-for-x86_64-baseos-rpms", "rhel-9-for-x86_64-appstream-rpms"},
	"10": {"rhel-10-for-x86_64-baseos-rpms", "rhel-10-for-x86_64-appstream-rpms"},
}

// thirdParty ends the release of packages whose packager Red Hat's advisories
// do not speak for.
var thirdParty = []string{".remi"}

// chooseProducts resolves the image's repositories to product indices.
func (m *matcher) chooseProducts(d *inventory.Distribution) error {
	sets := d.ContentSets
	if len(sets) == 0 {
		sets = defaultContentSets[major(d.VersionID)]
	}
	m.products = map[int]bool{}
	cpes := m.root("Red Hat CPE")
	if cpes != nil {
		if repositories := cpes.Bucket([]byte("repository")); repositories != nil {
			for _, set := range sets {
				if err := m.addProducts(set, repositories.Get([]byte(set))); err != nil {
					return err
				}
			}
		}
	}
	if len(m.products) == 0 {
		m.refused = advisory.ReleaseNotCovered
	}
	return nil
}

func (m *matcher) addProducts(set string, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	var indices []int
	if len(b) > maxBlob || json.Unmarshal(b, &indices) != nil {
		return fmt.Errorf("repository %q of Red Hat: %w", set, ErrCorrupt)
	}
	for _, i := range indices {
		m.products[i] = true
	}
	return nil
}

// judgeRedHat: a record is an advisory (RHSA-…) that fixes several
// vulnerabilities, or one vulnerability without a fix.
func (m *matcher) judgeRedHat(found findings, id identity, r *record) {
	if slices.ContainsFunc(thirdParty, func(s string) bool { return strings.HasSuffix(id.version, s) }) {
		return
	}
	for i := range r.Entries {
		e := &r.Entries[i]
		if !slices.ContainsFunc(e.Affected, func(product int) bool { return m.products[product] }) {
			continue
		}
		if len(e.Arches) > 0 && id.arch != "" && id.arch != "noarch" && !slices.Contains(e.Arches, id.arch) {
			continue
		}
		for _, cve := range e.Cves {
			one, vendorIDs := *r, []string(nil)
			if !strings.HasPrefix(r.id, "CVE-") {
				if cve.ID == "" {
					continue
				}
				one.id, vendorIDs = cve.ID, []string{r.id}
			}
			m.judgeVersion(found, id, &one, e.FixedVersion, vendorIDs, e.Status, cve.Severity)
		}
	}
}
