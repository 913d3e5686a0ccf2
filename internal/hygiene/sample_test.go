package hygiene

import (
	"strings"
	"testing"
	"testing/fstest"
)

func sampleContext(t *testing.T, s Sample) *Context {
	t.Helper()
	if s.Context == nil {
		return nil
	}
	files := fstest.MapFS{}
	for name, content := range s.Context {
		if name != registriesFile {
			files[name] = &fstest.MapFile{Data: []byte(content), Mode: 0o644}
		}
	}
	c, err := NewContext(files, "Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// registriesFile lists, in a sample's context, the registries that are allowed.
const registriesFile = ".registries"

func sampleRegistries(s Sample) []string {
	return strings.Fields(s.Context[registriesFile])
}
