package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
)

// matched is what makes two programs' matches the same.
type matched struct {
	identity
	vulnerability string
}

// opinion is what one program says about one match.
type opinion struct {
	severity, state, fixedIn string
	// how says by which way it was found.
	how string
	// pkg is set for Plimsoll's.
	pkg *inventory.Package
}

func (o opinion) String() string {
	s := o.severity + ", " + o.state
	if o.fixedIn != "" {
		s += " in " + o.fixedIn
	}
	return s
}

// grypeDocument is the part of grype's JSON that is compared.
type grypeDocument struct {
	Matches []struct {
		Vulnerability struct {
			ID, Severity string
			Fix          struct {
				Versions []string
				State    string
			}
		}
		MatchDetails []struct{ Type, Matcher string }
		Artifact     struct{ Name, Version, Type, PURL string }
	}
}

// grypeMatches are the matches, and the distinct opinions on each.
type grypeMatches map[matched][]opinion

func readGrype(file string) (grypeMatches, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var doc grypeDocument
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	all := grypeMatches{}
	for _, m := range doc.Matches {
		id := identity{typ: m.Artifact.Type, name: m.Artifact.Name, version: m.Artifact.Version}
		if m.Artifact.PURL != "" {
			if id, err = identityOf(m.Artifact.PURL); err != nil {
				return nil, err
			}
		}
		o := opinion{
			severity: strings.ToLower(m.Vulnerability.Severity),
			state:    cmp.Or(m.Vulnerability.Fix.State, "unknown"),
			fixedIn:  versionsText(m.Vulnerability.Fix.Versions),
		}
		if len(m.MatchDetails) > 0 {
			o.how = m.MatchDetails[0].Type
		}
		key := matched{id, m.Vulnerability.ID}
		all[key] = append(all[key], o)
	}
	return all, nil
}

func versionsText(versions []string) string {
	versions = slices.Clone(versions)
	slices.Sort(versions)
	return strings.Join(slices.Compact(versions), ", ")
}

// ourMatches are the matches of Plimsoll's opinion from grype DB.
func ourMatches(s *scan) (grypeMatches, error) {
	byID := map[string]*inventory.Package{}
	for i := range s.verdict.Packages {
		byID[s.verdict.Packages[i].ID] = &s.verdict.Packages[i]
	}
	all := grypeMatches{}
	for i := range s.verdict.Reconciliation.Records {
		for _, h := range s.verdict.Reconciliation.Records[i].Held {
			if h.Database != "grype-db" {
				continue
			}
			p := byID[h.Match.PackageID]
			if p == nil {
				return nil, fmt.Errorf("match %s of a package that is not listed: %s", h.Match.ID, h.Match.PackageID)
			}
			id, err := identityOf(p.PURL)
			if err != nil {
				return nil, err
			}
			key := matched{id, h.Match.ID}
			all[key] = append(all[key], opinionOf(&h.Match, p))
		}
	}
	return all, nil
}

func opinionOf(m *advisory.Match, p *inventory.Package) opinion {
	return opinion{
		severity: m.Severity.String(), state: string(m.State), fixedIn: versionsText(m.FixedIn), how: string(m.By), pkg: p,
	}
}

// matchDifference is one match that one side lacks, or sees otherwise.
type matchDifference struct {
	matched
	ours, theirs *opinion
	cause        string
}

// matchDiff compares matches.
type matchDiff struct {
	ours, theirs, same int
	differences        []matchDifference
}

func diffMatches(theirs grypeMatches, in *circumstances) (matchDiff, error) {
	ours, err := ourMatches(in.ours)
	if err != nil {
		return matchDiff{}, err
	}
	d := matchDiff{ours: len(ours), theirs: len(theirs)}
	for key, mine := range ours {
		o := &mine[0]
		its := theirs[key]
		if len(its) == 0 {
			d.differences = append(d.differences, matchDifference{matched: key, ours: o})
			continue
		}
		if agree(mine, its) {
			d.same++
			continue
		}
		d.differences = append(d.differences, matchDifference{matched: key, ours: o, theirs: &its[0]})
	}
	for key, its := range theirs {
		if len(ours[key]) == 0 {
			d.differences = append(d.differences, matchDifference{matched: key, theirs: &its[0]})
		}
	}
	for i := range d.differences {
		d.differences[i].cause = whyMatch(&d.differences[i], in)
	}
	slices.SortFunc(d.differences, func(a, b matchDifference) int {
		return cmp.Or(compareIdentity(a.identity, b.identity), cmp.Compare(a.vulnerability, b.vulnerability))
	})
	return d, nil
}

// agree reports whether each of our opinions on a match is one that grype
// holds: the same package at several places gives several.
func agree(ours, theirs []opinion) bool {
	for _, o := range ours {
		if !slices.ContainsFunc(theirs, func(t opinion) bool { return t.String() == o.String() }) {
			return false
		}
	}
	return true
}
