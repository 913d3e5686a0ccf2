package report

import (
	"fmt"
	"strings"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"
)

// maxVector is far above the longest vector that the CVSS specifications allow.
const maxVector = 512

// spelled is a CVSS vector in words.
type spelled struct {
	version string
	score   float64
	// metrics are in the specification's order; those not defined are left out.
	metrics []spelledMetric
}

type spelledMetric struct {
	name, value string
}

// spellCVSS parses and scores a vector of CVSS 2.0, 3.0, 3.1 or 4.0 and says
// each of its metrics in words. The error says what is wrong with the vector.
func spellCVSS(vector string) (*spelled, error) {
	if len(vector) > maxVector {
		return nil, fmt.Errorf("vector of %d characters", len(vector))
	}
	s, get, metrics, err := parseCVSS(vector)
	if err != nil {
		return nil, err
	}
	for _, m := range metrics {
		value, err := get(m.key)
		if err != nil {
			return nil, fmt.Errorf("metric %s: %w", m.key, err)
		}
		if value == "X" || value == "ND" {
			continue
		}
		s.metrics = append(s.metrics, spelledMetric{m.name, m.say(value)})
	}
	return s, nil
}

func parseCVSS(vector string) (*spelled, func(string) (string, error), []metric, error) {
	switch {
	case strings.HasPrefix(vector, "CVSS:4.0/"):
		v, err := gocvss40.ParseVector(vector)
		if err != nil {
			return nil, nil, nil, err
		}
		return &spelled{version: "4.0", score: v.Score()}, v.Get, cvss40(), nil
	case strings.HasPrefix(vector, "CVSS:3.1/"):
		v, err := gocvss31.ParseVector(vector)
		if err != nil {
			return nil, nil, nil, err
		}
		return &spelled{version: "3.1", score: v.BaseScore()}, v.Get, cvss3(), nil
	case strings.HasPrefix(vector, "CVSS:3.0/"):
		v, err := gocvss30.ParseVector(vector)
		if err != nil {
			return nil, nil, nil, err
		}
		return &spelled{version: "3.0", score: v.BaseScore()}, v.Get, cvss3(), nil
	case strings.HasPrefix(vector, "CVSS:"):
		return nil, nil, nil, fmt.Errorf("unknown version in %q", vector)
	}
	v, err := gocvss20.ParseVector(strings.TrimSuffix(strings.TrimPrefix(vector, "("), ")"))
	if err != nil {
		return nil, nil, nil, err
	}
	return &spelled{version: "2.0", score: v.BaseScore()}, v.Get, cvss20(), nil
}
