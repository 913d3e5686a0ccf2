package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"plimsoll/internal/dockerfile"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/rebuild/proof"
	"plimsoll/internal/report"
)

// dockerfiles parses two arguments that are Dockerfiles; it returns nil for two
// images. Standard input is what the other one is.
func (a *app) dockerfiles(args []string) ([]*dockerfile.File, error) {
	sources, names := make([][]byte, len(args)), make([]string, len(args))
	file, image := "", ""
	for i, arg := range args {
		if arg == "-" {
			continue
		}
		var err error
		sources[i], names[i], err = a.readDockerfile(arg)
		switch {
		case errors.Is(err, errNoDockerfile):
			image = arg
		case err != nil:
			return nil, err
		default:
			file = arg
		}
	}
	switch {
	case file == "":
		return nil, nil
	case image != "":
		return nil, usage(fmt.Errorf("%s is a Dockerfile and %s is none: name two Dockerfiles or two images; plimsoll rebuild %s builds images of one and proves those", file, image, file))
	}
	parsed := make([]*dockerfile.File, len(args))
	for i, arg := range args {
		var err error
		if arg == "-" {
			if sources[i], names[i], err = a.readDockerfile(arg); err != nil {
				return nil, fmt.Errorf("read standard input: %w", err)
			}
		}
		if parsed[i], err = dockerfile.Parse(names[i], sources[i]); err != nil {
			return nil, err
		}
	}
	return parsed, nil
}

// proveFiles proves one Dockerfile against another by the rules of hygiene.
func (a *app) proveFiles(o *proveOptions, files []*dockerfile.File) error {
	page, err := a.page(a.env.Stdout, o.all)
	if err != nil {
		return err
	}
	rules := hygiene.Rules()
	var sides [2]proof.FileSide
	for i, f := range files {
		opt := hygiene.Options{Now: a.now()}
		if opt.Context, err = o.buildContext(files, f); err != nil {
			return usage(err)
		}
		sides[i] = proof.FileSide{File: f, Findings: hygiene.Check(f, rules, opt)}
	}
	p := proof.OfFiles(sides[0], sides[1])
	result := o.status(p.Conclusion.Decision)
	r := &proof.FileReport{SchemaVersion: proof.SchemaVersion, Tool: tool(), Proofs: []proof.FileProof{*p}, Status: int(result)}
	if err := a.writeFileProof(o.format, r, page); err != nil {
		return err
	}
	return exit(result)
}

// buildContext is one and the same for both, so that no file is better for where it
// lies; only the ignore file beside each is its own.
func (o *proveOptions) buildContext(files []*dockerfile.File, f *dockerfile.File) (*hygiene.Context, error) {
	dir := o.context
	for i := 0; dir == "" && i < len(files); i++ {
		if files[i].Name != "-" {
			dir = filepath.Dir(files[i].Name)
		}
	}
	name := "Dockerfile"
	if f.Name != "-" {
		var err error
		if name, err = filepath.Abs(f.Name); err != nil {
			return nil, err
		}
	}
	return hygiene.OpenContext(dir, name)
}

func (a *app) writeFileProof(format string, r *proof.FileReport, page report.Options) error {
	switch format {
	case "markdown":
		return report.FileProofMarkdown(a.env.Stdout, r, page)
	case "json":
		return report.FileProofJSON(a.env.Stdout, r)
	case "intoto":
		return report.FileProofStatement(a.env.Stdout, r)
	case "predicate":
		return report.FileProofPredicate(a.env.Stdout, r)
	}
	return report.FileProof(a.env.Stdout, r, page)
}
