package content

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"plimsoll/internal/advisory"
	"plimsoll/internal/malware"
	"plimsoll/internal/malware/yara"
	"plimsoll/internal/secret"
)

// YARA returns Options.Scan for rule files.
func YARA(files []*yara.Rules) func(ctx context.Context, name string, content []byte) ([]malware.Finding, error) {
	return func(ctx context.Context, name string, content []byte) ([]malware.Finding, error) {
		f := yara.File{Name: path.Base(name), Path: "/" + name, Extension: path.Ext(name), Type: fileTypes[malware.KindOf(content)]}
		var found []malware.Finding
		var errs []error
		for _, rules := range files {
			matches, err := rules.Scan(ctx, content, f)
			for i := range matches {
				found = append(found, yaraFinding(&matches[i], content))
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("undecided: %w", err))
			}
		}
		return found, errors.Join(errs...)
	}
}

// fileTypes are the words of the external variable filetype, in THOR's and LOKI's convention.
var fileTypes = map[malware.Kind]string{malware.ELF: "ELF", malware.PE: "EXE", malware.MachO: "MACHO", malware.Text: "TEXT"}

// yaraFinding says in our words what a rule of the user's says of itself: its
// meta fields are a convention, and all may be missing.
func yaraFinding(m *yara.Match, content []byte) malware.Finding {
	f := malware.Finding{
		Detector: "yara:" + m.Rule, Title: "YARA rule " + m.Rule, Rationale: "A rule of " + m.Namespace + " matches.",
		Confidence: secret.Likely, Severity: advisory.High, Techniques: []string{},
	}
	for _, meta := range m.Meta {
		value := meta.Value
		switch strings.ToLower(meta.Key) {
		case "description", "desc":
			f.Detail = value
		case "severity", "threat_level":
			if s := advisory.ParseSeverity(value); s != advisory.Unknown {
				f.Severity = s
			}
		case "mitre", "mitre_att", "mitre_attack", "technique", "attack", "att_ck":
			f.Techniques = append(f.Techniques, strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == ';' })...)
		case "confidence":
			if c, err := secret.ParseConfidence(strings.ToLower(value)); err == nil {
				f.Confidence = c
			}
		}
	}
	if len(m.Strings) > 0 {
		f.Offset, f.Excerpt = m.Strings[0].Offset, malware.Printable(string(m.Strings[0].Data))
		if malware.KindOf(content) == malware.Text {
			f.Line = 1 + strings.Count(string(content[:min(int(f.Offset), len(content))]), "\n")
		}
	}
	f.Detail = malware.Printable(f.Detail)
	return f
}
