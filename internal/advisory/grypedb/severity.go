package grypedb

import (
	"math"
	"strings"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"

	"plimsoll/internal/advisory"
)

// schemeCVSS marks a severity that is a vector; the others are words.
const schemeCVSS = "CVSS"

// severity takes the first of the record's severities, which the publisher
// sorted by rank.
func (v *vuln) severity() (advisory.Severity, string) {
	if len(v.severities) == 0 {
		return advisory.Unknown, ""
	}
	first := &v.severities[0]
	from := first.source
	if from == "" {
		from = v.provider
	}
	if !strings.EqualFold(first.scheme, schemeCVSS) {
		return advisory.ParseSeverity(first.value), from
	}
	score, ok := baseScore(first.value)
	if !ok {
		return advisory.Unknown, from
	}
	return rate(score, first.version), from
}

func (v *vuln) cvss() []advisory.CVSS {
	var out []advisory.CVSS
	for i := range v.severities {
		s := &v.severities[i]
		if !strings.EqualFold(s.scheme, schemeCVSS) {
			continue
		}
		if score, ok := baseScore(s.value); ok {
			out = append(out, advisory.CVSS{Source: s.source, Version: s.version, Vector: s.value, Score: score})
		}
	}
	return out
}

// baseScore computes a vector's base score; ok is false where it is no vector.
func baseScore(vector string) (score float64, ok bool) {
	if len(vector) > 512 {
		return 0, false
	}
	var err error
	switch {
	case strings.HasPrefix(vector, "CVSS:3.0"):
		var c *gocvss30.CVSS30
		if c, err = gocvss30.ParseVector(vector); err == nil {
			score = c.BaseScore()
		}
	case strings.HasPrefix(vector, "CVSS:3.1"):
		var c *gocvss31.CVSS31
		if c, err = gocvss31.ParseVector(vector); err == nil {
			score = c.BaseScore()
		}
	case strings.HasPrefix(vector, "CVSS:4.0"):
		var c *gocvss40.CVSS40
		if c, err = gocvss40.ParseVector(vector); err == nil {
			score = c.Score()
		}
	default:
		var c *gocvss20.CVSS20
		if c, err = gocvss20.ParseVector(vector); err == nil {
			score = c.BaseScore()
		}
	}
	return math.Round(score*10) / 10, err == nil
}

// rate puts a score into a word; CVSS 2 knows no "critical".
func rate(score float64, version string) advisory.Severity {
	switch {
	case version != "2.0" && version != "3.0" && version != "3.1" && version != "4.0", score < 0, score > 10:
		return advisory.Unknown
	case score == 0:
		return advisory.Negligible
	case score < 4:
		return advisory.Low
	case score < 7:
		return advisory.Medium
	case score < 9 || version == "2.0":
		return advisory.High
	}
	return advisory.Critical
}
