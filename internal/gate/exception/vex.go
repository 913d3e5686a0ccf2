package exception

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// MaxVEX bounds a VEX document, in bytes: suppliers publish one for all they ship.
const MaxVEX = 64 << 20

// maxStatements and maxNotes bound what is kept of one document.
const (
	maxStatements = 200000
	maxNotes      = 50
)

// ErrVEX is returned for a file that is no VEX document.
var ErrVEX = errors.New("neither an OpenVEX nor a CycloneDX document")

// LoadVEX reads a VEX document.
func LoadVEX(file string) (*Document, error) {
	source, err := readFile(file, MaxVEX)
	if err != nil {
		return nil, err
	}
	return ParseVEX(file, source)
}

// ParseVEX reads an OpenVEX or a CycloneDX document. The error wraps ErrVEX for
// anything else; a statement that can't be used is a note of the document.
func ParseVEX(file string, source []byte) (*Document, error) {
	source = bytes.TrimPrefix(source, []byte("\xef\xbb\xbf"))
	if trimmed := bytes.TrimLeft(source, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '<' {
		return parseCycloneDX(file, source, true)
	}
	var head struct {
		Context   string          `json:"@context"`
		BOMFormat string          `json:"bomFormat"`
		CSAF      json.RawMessage `json:"document"`
		Predicate string          `json:"predicateType"`
	}
	if err := json.Unmarshal(source, &head); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", placeIn(file, source, err), ErrVEX, err)
	}
	switch {
	case head.Context == openVEXContext || strings.HasPrefix(head.Context, openVEXContext+"/"):
		return parseOpenVEX(file, source)
	case head.BOMFormat == "CycloneDX":
		return parseCycloneDX(file, source, false)
	case bytes.Contains(head.CSAF, []byte(`"csaf_version"`)):
		return nil, fmt.Errorf("%s: %w: CSAF is not read; most suppliers publish OpenVEX or CycloneDX beside it", file, ErrVEX)
	case head.Predicate != "":
		return nil, fmt.Errorf("%s: %w: it is an in-toto statement: take out its predicate", file, ErrVEX)
	}
	return nil, fmt.Errorf("%s: %w: it has neither an @context of openvex.dev nor bomFormat CycloneDX", file, ErrVEX)
}

// placeIn is "file:line:column" of a JSON error where it says where.
func placeIn(file string, source []byte, err error) string {
	var offset int64
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	default:
		return file
	}
	before := source[:max(0, min(offset-1, int64(len(source))))]
	line := bytes.Count(before, []byte("\n")) + 1
	return fmt.Sprintf("%s:%d:%d", file, line, len(before)-bytes.LastIndexByte(before, '\n'))
}

// note says what can't be used.
func (d *Document) note(place, format string, args ...any) {
	switch {
	case len(d.Notes) < maxNotes:
		d.Notes = append(d.Notes, place+": "+fmt.Sprintf(format, args...))
	case len(d.Notes) == maxNotes:
		d.Notes = append(d.Notes, d.File+": more of its statements can't be used")
	}
}

// moment reads a time of RFC 3339; zero where there is none.
func moment(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, s)
}
