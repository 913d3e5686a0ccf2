package store

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"plimsoll/internal/advisory"
)

// DefaultTrivyMirrors are the registries that carry trivy-db, in the order tried.
func DefaultTrivyMirrors() []string {
	return []string{
		"mirror.gcr.io/aquasec/trivy-db:2",
		"ghcr.io/aquasecurity/trivy-db:2",
		"public.ecr.aws/aquasecurity/trivy-db:2",
	}
}

// DefaultGrypeListings are the addresses of grype-db's latest.json, in the order tried.
func DefaultGrypeListings() []string {
	return []string{"https://grype.anchore.io/databases/v6/latest.json"}
}

// UpdateOptions says what Update does. The zero value updates every database
// from its publisher if it is due.
type UpdateOptions struct {
	// Databases to update; all where empty.
	Databases []string
	// Force asks upstream even before its own next-update time.
	Force bool
	// TrivyMirrors are references HOST/REPOSITORY[:TAG], http:// in front
	// asking for plain HTTP; tried in turn. Default: DefaultTrivyMirrors.
	TrivyMirrors []string
	// GrypeListings are addresses of a latest.json, tried in turn. Default:
	// DefaultGrypeListings.
	GrypeListings []string
	// PlainHTTP allows HTTP without TLS to hosts other than loopback.
	PlainHTTP bool
	// CAFile holds PEM certificates of authorities to trust beside the system's.
	CAFile string
	// Keychain gives registry credentials; Docker's and Podman's files where nil.
	// Credentials that are refused are dropped: the databases are public.
	Keychain authn.Keychain
	// Progress is called from several goroutines, one per database; may be nil.
	Progress func(Progress)
	// Getenv reads SSL_CERT_FILE; os.Getenv where nil. (Proxies are read from
	// the process's own environment, once.)
	Getenv func(string) string
	// Proxy replaces http.ProxyFromEnvironment.
	Proxy func(*http.Request) (*url.URL, error)

	// idle replaces idleTimeout in tests.
	idle time.Duration
}

// FromEnv fills what is still empty from PLIMSOLL_TRIVY_DB_MIRRORS and
// PLIMSOLL_GRYPE_DB_URLS (both lists separated by commas or spaces) and
// PLIMSOLL_CA_FILE.
func (o *UpdateOptions) FromEnv(getenv func(string) string) {
	list := func(name string) []string {
		return strings.FieldsFunc(getenv(name), func(r rune) bool { return r == ',' || r == ' ' })
	}
	if len(o.TrivyMirrors) == 0 {
		o.TrivyMirrors = list("PLIMSOLL_TRIVY_DB_MIRRORS")
	}
	if len(o.GrypeListings) == 0 {
		o.GrypeListings = list("PLIMSOLL_GRYPE_DB_URLS")
	}
	if o.CAFile == "" {
		o.CAFile = getenv("PLIMSOLL_CA_FILE")
	}
	o.Getenv = getenv
}

// Step is what an update is doing.
type Step string

const (
	// StepWait: another process is updating the same database.
	StepWait     Step = "wait"
	StepAsk      Step = "ask"
	StepDownload Step = "download"
	StepUnpack   Step = "unpack"
	StepIndex    Step = "index"
	StepCheck    Step = "check"
	// StepPause: every mirror failed for now; Reason says why.
	StepPause Step = "pause"
)

// Progress is one step forward. Done and Total are bytes of the archive,
// Total 0 where it is not known.
type Progress struct {
	Database    string
	Step        Step
	From        string
	Done, Total int64
	Reason      string
}

// Outcome is how the update or import of one database ended.
type Outcome string

const (
	// Updated: a new copy was swapped in.
	Updated Outcome = "updated"
	// UpToDate: upstream was asked and has nothing newer.
	UpToDate Outcome = "up to date"
	// NotDue: upstream was not asked, since its next-update time is ahead.
	NotDue Outcome = "not due"
	// Elsewhere: another process did the work in the meantime.
	Elsewhere Outcome = "updated by another process"
	// Imported: a file was swapped in.
	Imported Outcome = "imported"
	// Failed: see Err; the copy that was there, if any, is untouched.
	Failed Outcome = "failed"
)

// Result is what became of one database.
type Result struct {
	Database string        `json:"database"`
	Outcome  Outcome       `json:"outcome"`
	Info     advisory.Info `json:"info,omitzero"`
	// Previous is the digest of the copy that was replaced.
	Previous string `json:"previous,omitempty"`
	// NextAsk is before when upstream will not be asked again.
	NextAsk  time.Time `json:"nextAsk,omitzero"`
	Warnings []string  `json:"warnings,omitempty"`
	Err      error     `json:"-"`
}

// UpdateError lists what failed at every place that was tried.
type UpdateError struct {
	Database string
	Failures []Failure
}

// Failure is the last error of one mirror.
type Failure struct {
	From string
	Err  error
}

func (e *UpdateError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "update %s: ", e.Database)
	for i, f := range e.Failures {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %v", f.From, f.Err)
	}
	return b.String()
}

// Unwrap gives the errors of all mirrors to errors.Is.
func (e *UpdateError) Unwrap() []error {
	errs := make([]error, len(e.Failures))
	for i, f := range e.Failures {
		errs[i] = f.Err
	}
	return errs
}
