package exception

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/gate/strict"
)

// CheckID says what is wrong with an identifier; nil for nothing.
func CheckID(id string) error {
	switch {
	case strings.TrimSpace(id) == "":
		return errors.New("an identifier is missing")
	case wild(id) || strings.ContainsFunc(id, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		return fmt.Errorf("%q is no identifier", strict.Short(id))
	}
	return nil
}

// CheckPath says what is wrong with a pattern of paths; nil for nothing.
func CheckPath(pattern string) error {
	_, err := parseGlob(pattern)
	return err
}

// CheckImage says what is wrong with a pattern of images; nil for nothing.
func CheckImage(pattern string) error {
	_, err := parseImagePattern(pattern)
	return err
}

// fileForm is an exceptions file as it is written.
type fileForm struct {
	Version    int         `yaml:"version"`
	Exceptions []entryForm `yaml:"exceptions"`
}

type entryForm struct {
	ID     string    `yaml:"id"`
	Scope  scopeForm `yaml:"scope"`
	Reason string    `yaml:"reason"`
	Owner  string    `yaml:"owner"`
	Until  yaml.Node `yaml:"until"`
	VEX    *vexForm  `yaml:"vex,omitempty"`
}

type scopeForm struct {
	Image      []string `yaml:"image,omitempty,flow"`
	Package    []string `yaml:"package,omitempty,flow"`
	Path       []string `yaml:"path,omitempty,flow"`
	Everywhere bool     `yaml:"everywhere,omitempty"`
}

type vexForm struct {
	Status        Status `yaml:"status"`
	Justification string `yaml:"justification,omitempty"`
}

// Write writes an exceptions file that Parse reads.
func Write(w io.Writer, list []Exception) error {
	f := fileForm{Version: 1, Exceptions: []entryForm{}}
	for i := range list {
		e := &list[i]
		entry := entryForm{
			ID: e.ID, Reason: e.Reason, Owner: e.Owner,
			Scope: scopeForm{Image: e.Scope.Images, Path: e.Scope.Paths, Everywhere: e.Scope.Everywhere},
			Until: yaml.Node{Kind: yaml.ScalarNode, Value: e.Until.Format(time.DateOnly)},
		}
		for j := range e.Scope.Packages {
			entry.Scope.Package = append(entry.Scope.Package, e.Scope.Packages[j].Text)
		}
		if e.VEX != nil {
			entry.VEX = &vexForm{e.VEX.Status, e.VEX.Justification}
		}
		f.Exceptions = append(f.Exceptions, entry)
	}
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(f); err != nil {
		return fmt.Errorf("write the exceptions: %w", err)
	}
	return encoder.Close()
}
