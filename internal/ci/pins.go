package ci

// Pin is one release of an action that the generated workflows use.
type Pin struct {
	// Action is owner/repo, with a folder where it stands in one.
	Action  string
	Version string
	// Commit is what the release's tag points at.
	Commit string
	// Agree are modules of projects apart whose own workflows pin this commit as this
	// version.
	Agree string
}

// pins is the only place that names commits. Each was read from the workflows of the
// modules beside it, as published through Go's module proxy and its checksum database.
func pins() map[string]Pin {
	return map[string]Pin{
		"checkout": {
			"actions/checkout", "v7.0.1", "3d3c42e5aac5ba805825da76410c181273ba90b1",
			"github.com/aquasecurity/trivy@v0.74.0, github.com/moby/buildkit@v0.34.2, github.com/klauspost/compress@v1.20.3, go.opentelemetry.io/otel@v1.45.0",
		},
		"setup-go": {
			"actions/setup-go", "v7.0.0", "b7ad1dad31e06c5925ef5d2fc7ad053ef454303e",
			"github.com/aquasecurity/trivy@v0.74.0, github.com/google/osv-scanner/v2@v2.6.0, github.com/klauspost/compress@v1.20.3, go.opentelemetry.io/otel@v1.45.0",
		},
		"upload-artifact": {
			"actions/upload-artifact", "v7.0.1", "043fb46d1a93c77aae656e7c1c64a875d1fc6a0a",
			"github.com/moby/buildkit@v0.34.2, github.com/open-policy-agent/opa@v1.19.0, go.opentelemetry.io/otel@v1.45.0, helm.sh/helm/v4@v4.2.3",
		},
		"upload-sarif": {
			"github/codeql-action/upload-sarif", "v4.37.9", "cdf488f595d80d6e07e03d4674febd5ab45fa938",
			"github.com/google/go-containerregistry@v0.22.1, github.com/google/osv-scanner/v2@v2.6.0",
		},
	}
}

// Uses is how a workflow names a pin: the commit, and the version in a comment.
func (p Pin) Uses() string { return p.Action + "@" + p.Commit + " # " + p.Version }

// What the gate of --engine trivy installs: a release through Go's module proxy, whose
// bytes the checksum database vouches for. A tag that was moved would not pass it.
const (
	trivyModule = "github.com/aquasecurity/trivy/cmd/trivy@v0.74.0"
	goVersion   = "1.26.8"
)
