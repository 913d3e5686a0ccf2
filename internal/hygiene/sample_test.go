package hygiene

import (
	"testing"
)

func sampleContext(t *testing.T, s Sample) *Context { return nil }

// sampleRegistries are set where a sample asks for them by its file ".registries".
func sampleRegistries(s Sample) []string { return nil }
