package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"plimsoll/internal/hygiene"
	"plimsoll/internal/malware"
	"plimsoll/internal/secret"
)

// writeSecretRules lists every rule of credentials.
func writeSecretRules(w io.Writer) error {
	rules := secret.Rules()
	fmt.Fprintf(w, `# Rules of secrets

Made by make generate from the rules themselves, in the order in which they take
precedence. Confidence is that of a match whose value proves nothing: a checksum or a
structure that is right makes it certain, one that is wrong makes it less or none;
[secrets.md](secrets.md) says what the words mean. %d rules.

| rule | what it finds | severity | confidence | source |
| --- | --- | --- | --- | --- |
`, len(rules))
	for _, r := range rules {
		fmt.Fprintf(w, "| `%s` | %s | %s | %s | %s |\n", r.ID, cell(r.Title), r.Severity, r.Confidence, cell(r.Source))
	}
	return nil
}

// writeDetectors lists every detector of planted code.
func writeDetectors(w io.Writer) error {
	detectors := malware.Detectors()
	fmt.Fprint(w, `# Detectors of planted code

Made by make generate from the detectors themselves. Techniques are those of
[MITRE ATT&CK](https://attack.mitre.org). What executables show by their owner and
their place alone (setuid, capabilities, hidden and temporary folders) stands in
the account of executables, `+"`internal/account`"+`.

`)
	slices.SortFunc(detectors, func(a, b malware.Detector) int { return strings.Compare(a.ID, b.ID) })
	for _, d := range detectors {
		fmt.Fprintf(w, "## `%s`\n\n%s. %s\n\n- severity: %s\n- techniques: %s\n- source: %s\n\n",
			d.ID, d.Title, d.Rationale, d.Severity, strings.Join(d.Techniques, ", "), d.Source)
	}
	return nil
}

// writeLintRules describes every rule of hygiene.
func writeLintRules(w io.Writer) error {
	rules := hygiene.Rules()
	fmt.Fprintf(w, `# Rules of hygiene

Made by make generate from the rules themselves, which `+"`plimsoll lint`"+` and every scan
hold Dockerfiles and images against. Severity says what a finding costs the image that
runs; what is negligible is shown with --strict. "Images" says whether the rule speaks of
a built image's configuration and history too, or of its files: what those show counts
for more than what history says. %d rules.

| rule | what it finds | severity | images | elsewhere |
| --- | --- | --- | --- | --- |
`, len(rules))
	for i := range rules {
		s := rules[i].Summary()
		fmt.Fprintf(w, "| [`%s`](#%s) | %s | %s | %s | %s |\n", s.ID, s.ID, cell(s.Title), s.Severity, imagePart(&rules[i]), cell(strings.Join(s.Peers, ", ")))
	}
	for i := range rules {
		writeLintRule(w, &rules[i])
	}
	return nil
}

func writeLintRule(w io.Writer, r *hygiene.Rule) {
	s := r.Summary()
	fmt.Fprintf(w, "\n## %s\n\n%s: **%s**, %s.\n\n%s\n\n%s\n", s.ID, s.Category, cell(s.Title), s.Severity, s.Why, s.Remedy)
	if r.Source != "" {
		fmt.Fprintf(w, "\nSource: %s\n", r.Source)
	}
	for _, sample := range []struct {
		title   string
		samples []hygiene.Sample
	}{{"Found in", r.Bad}, {"Not found in", r.Good}} {
		if len(sample.samples) > 0 {
			text := strings.TrimSuffix(sample.samples[0].Dockerfile, "\n")
			fmt.Fprintf(w, "\n%s:\n\n````dockerfile\n%s\n````\n", sample.title, text)
		}
	}
	if len(r.BadFiles) > 0 {
		fmt.Fprintf(w, "\nFound in an image's files:\n\n````text\n")
		for n, layer := range r.BadFiles[0] {
			for _, f := range layer {
				fmt.Fprintf(w, "layer %d  %04o  %s\n", n, f.Mode, f.Path)
			}
		}
		fmt.Fprintf(w, "````\n")
	}
}

// imagePart is what of an image a rule speaks of.
func imagePart(r *hygiene.Rule) string {
	switch {
	case r.Files != nil:
		return "files"
	case r.OnImage:
		return "yes"
	}
	return ""
}

// cell writes text into a cell of a table.
func cell(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "|", "\\|"), "\n", " ")
}
