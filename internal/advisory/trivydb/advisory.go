package trivydb

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"plimsoll/internal/advisory"
)

// record is one advisory as trivy-db stores it. Which fields are set depends
// on the data source.
type record struct {
	id              string
	bucket          string
	VendorIDs       []string
	FixedVersion    string
	AffectedVersion string
	Severity        int
	Status          int
	Arches          []string
	Vulnerable      []string
	Patched         []string
	Unaffected      []string
	Entries         []entry
}

// entry is one of several advisories under one identifier, told apart by
// architecture or, for Red Hat, by product.
type entry struct {
	FixedVersion string
	VendorIDs    []string
	Arches       []string
	Status       int
	Severity     int
	// Cves and Affected are Red Hat's: the vulnerabilities that one advisory
	// fixes, and the indices of the products that it is for.
	Cves []struct {
		ID       string
		Severity int
	}
	Affected []int
}

func decodeRecord(bucket, id string, b []byte) (record, error) {
	r := record{id: id, bucket: bucket}
	if len(b) > maxBlob {
		return r, fmt.Errorf("advisory %q in %q: %d bytes: %w", id, bucket, len(b), ErrCorrupt)
	}
	err := eachField(b, func(key string, raw []byte) (err error) {
		switch key {
		case "FixedVersion":
			r.FixedVersion, err = decodeString(raw)
		case "AffectedVersion":
			r.AffectedVersion, err = decodeString(raw)
		case "Severity":
			r.Severity, err = strconv.Atoi(string(raw))
		case "Status":
			r.Status, err = strconv.Atoi(string(raw))
		case "VendorIDs":
			err = json.Unmarshal(raw, &r.VendorIDs)
		case "Arches":
			err = json.Unmarshal(raw, &r.Arches)
		case "VulnerableVersions":
			err = json.Unmarshal(raw, &r.Vulnerable)
		case "PatchedVersions":
			err = json.Unmarshal(raw, &r.Patched)
		case "UnaffectedVersions":
			err = json.Unmarshal(raw, &r.Unaffected)
		case "Entries":
			err = json.Unmarshal(raw, &r.Entries)
		}
		return err
	})
	if err != nil {
		return r, fmt.Errorf("advisory %q in %q: %w: %w", id, bucket, ErrCorrupt, err)
	}
	return r, nil
}

// severities and states translate trivy-db's numbers; index 3 of states,
// "fixed", only stands with a fixed version.
var (
	severities = [...]advisory.Severity{advisory.Unknown, advisory.Low, advisory.Medium, advisory.High, advisory.Critical}
	states     = [...]advisory.FixState{
		advisory.NotFixed, advisory.NotAffected, advisory.NotFixed, advisory.Fixed,
		advisory.UnderReview, advisory.WontFix, advisory.FixDeferred, advisory.EndOfLife,
	}
)

func severityOf(n int) advisory.Severity {
	if n < 0 || n >= len(severities) {
		return advisory.Unknown
	}
	return severities[n]
}

// stateOf: a status with a fixed version means fixed; an unknown one without
// means affected, and no fix is known.
func stateOf(status int, fixedVersion string) advisory.FixState {
	switch {
	case fixedVersion != "":
		return advisory.Fixed
	case status < 0 || status >= len(states):
		return advisory.FixUnknown
	case states[status] == advisory.Fixed:
		return advisory.FixUnknown
	}
	return states[status]
}

// sortedUnique returns the texts sorted, without empty ones, duplicates and
// the identifier itself.
func sortedUnique(texts []string, id string) []string {
	var out []string
	for _, t := range texts {
		if t != "" && t != id {
			out = append(out, t)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
