package store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
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

// Update brings the databases up to date, side by side. It returns one result
// for each in the order of Names, and the errors of those that failed, joined.
// A database that failed keeps the copy it had.
func (s *Store) Update(ctx context.Context, o UpdateOptions) ([]Result, error) {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.idle == 0 {
		o.idle = idleTimeout
	}
	chosen, err := chosenKinds(o.Databases)
	if err != nil {
		return nil, err
	}
	base, err := newTransport(o.CAFile, o.Getenv)
	if err != nil {
		return nil, err
	}
	if o.Proxy != nil {
		base.Proxy = o.Proxy
	}
	defer base.CloseIdleConnections()
	results := make([]Result, len(chosen))
	var wg sync.WaitGroup
	for i, k := range chosen {
		wg.Go(func() {
			u := &updater{s: s, k: k, o: &o, base: base}
			results[i] = u.run(ctx)
		})
	}
	wg.Wait()
	var errs []error
	for _, r := range results {
		errs = append(errs, r.Err)
	}
	return results, errors.Join(errs...)
}

func chosenKinds(names []string) ([]kind, error) {
	if len(names) == 0 {
		return kinds(), nil
	}
	wanted := map[string]bool{}
	for _, n := range names {
		if _, err := kindOf(n); err != nil {
			return nil, err
		}
		wanted[n] = true
	}
	var chosen []kind
	for _, k := range kinds() {
		if wanted[k.name] {
			chosen = append(chosen, k)
		}
	}
	return chosen, nil
}

// updater updates one database.
type updater struct {
	s    *Store
	k    kind
	o    *UpdateOptions
	base http.RoundTripper

	// have is the current copy, where haveOK.
	have   record
	haveOK bool
}

func (u *updater) progress(p Progress) {
	if u.o.Progress != nil {
		p.Database = u.k.name
		u.o.Progress(p)
	}
}

func (u *updater) run(ctx context.Context) Result {
	before := u.reload()
	if u.notDue() {
		r := u.result(NotDue, u.have)
		if err := u.s.Index(ctx, u.k.name); err != nil {
			r.Warnings = append(r.Warnings, err.Error())
		}
		return r
	}
	unlock, err := u.s.lock(ctx, u.k, func() { u.progress(Progress{Step: StepWait}) })
	if err != nil {
		return u.failed(err)
	}
	defer unlock()
	if after := u.reload(); u.haveOK && (after.Generation != before.Generation || !after.Checked.Equal(before.Checked)) {
		return u.result(Elsewhere, u.have)
	}
	if u.o.Force && u.haveOK {
		// Whoever forces an update may suspect the copy: look at all of it.
		u.haveOK = u.s.intact(u.k, u.have)
	}
	places, err := u.places()
	if err != nil {
		return u.failed(err)
	}
	r, err := u.tryAll(ctx, places)
	if err != nil {
		return u.failed(err)
	}
	return r
}

// reload reads the pointer; a copy that is missing or damaged leaves haveOK false.
func (u *updater) reload() record {
	rec, err := u.s.load(u.k)
	if err == nil {
		err = u.s.present(u.k, rec)
	}
	u.have, u.haveOK = rec, err == nil
	return rec
}

func (u *updater) notDue() bool {
	now := u.s.now()
	// A clock that was set back must not silence updates for years.
	if u.have.Checked.After(now.Add(time.Hour)) {
		return false
	}
	return !u.o.Force && u.haveOK && now.Before(u.k.askAgain(u.have))
}

func (u *updater) result(outcome Outcome, rec record) Result {
	r := Result{Database: u.k.name, Outcome: outcome, Info: rec.Info, NextAsk: u.k.askAgain(rec)}
	r.Info.Path = u.s.mainPath(u.k, rec)
	if rec.Warning != "" {
		r.Warnings = append(r.Warnings, rec.Warning)
	}
	return r
}

func (u *updater) failed(err error) Result {
	r := Result{Database: u.k.name, Outcome: Failed, Err: err}
	if u.haveOK {
		r.Info = u.have.Info
	}
	return r
}

// places lists where the database is published, in the order to be tried.
func (u *updater) places() ([]upstream, error) {
	var places []upstream
	if u.k.name == GrypeDB {
		addresses := u.o.GrypeListings
		if len(addresses) == 0 {
			addresses = DefaultGrypeListings()
		}
		for _, a := range addresses {
			l, err := newListing(a, u.o, u.base, u.s.now)
			if err != nil {
				return nil, err
			}
			places = append(places, l)
		}
		return places, nil
	}
	mirrors := u.o.TrivyMirrors
	if len(mirrors) == 0 {
		mirrors = DefaultTrivyMirrors()
	}
	for _, m := range mirrors {
		r, err := newRegistry(m, u.o, u.base, u.s.now)
		if err != nil {
			return nil, err
		}
		places = append(places, r)
	}
	return places, nil
}

const (
	// rounds is how often the list of mirrors is gone through.
	rounds = 3
	// firstPause doubles from round to round; Retry-After may lengthen it up
	// to maxPause, beyond which a mirror is given up.
	firstPause = 2 * time.Second
	maxPause   = 60 * time.Second
)

// errBehind is a mirror that publishes an older copy than the one there is.
var errBehind = errors.New("mirror is behind the copy in use")

// tryAll asks one mirror after the other. A mirror that fails for now is tried
// again only after all others were: another mirror is always quicker than waiting.
func (u *updater) tryAll(ctx context.Context, places []upstream) (Result, error) {
	failures := make(map[string]error)
	left := places
	for round := range rounds {
		var again []upstream
		var wait time.Duration
		for _, p := range left {
			r, err := u.try(ctx, p)
			if err == nil {
				return r, nil
			}
			if ctx.Err() != nil {
				return Result{}, fmt.Errorf("update %s from %s: %w", u.k.name, p, context.Cause(ctx))
			}
			if isLocal(err) {
				return Result{}, fmt.Errorf("update %s: %w", u.k.name, err)
			}
			failures[p.String()] = err
			if after, ok := retryable(err); ok && after <= maxPause {
				if len(again) == 0 || after < wait {
					wait = after
				}
				again = append(again, p)
			}
		}
		left = again
		if len(left) == 0 || round == rounds-1 {
			break
		}
		pause := max(firstPause<<round, wait)
		u.progress(Progress{Step: StepPause, From: left[0].String(), Reason: failures[left[0].String()].Error()})
		if err := u.s.sleep(ctx, pause); err != nil {
			return Result{}, fmt.Errorf("update %s: %w", u.k.name, err)
		}
	}
	return u.giveUp(ctx, places, failures)
}

// giveUp lists the failures, unless all that is wrong is that some mirror is
// behind: then the copy in use is the newest to be had.
func (u *updater) giveUp(ctx context.Context, places []upstream, failures map[string]error) (Result, error) {
	e := &UpdateError{Database: u.k.name}
	behind := false
	for _, p := range places {
		err, ok := failures[p.String()]
		if ok {
			e.Failures = append(e.Failures, Failure{From: p.String(), Err: err})
		}
		behind = behind || errors.Is(err, errBehind)
		delete(failures, p.String())
	}
	if !behind || !u.haveOK {
		return Result{}, e
	}
	r, err := u.checked(ctx, u.have.Warning)
	r.Warnings = append(r.Warnings, e.Error())
	return r, err
}

// try updates from one mirror.
func (u *updater) try(ctx context.Context, p upstream) (Result, error) {
	u.progress(Progress{Step: StepAsk, From: p.String()})
	askCtx, cancel := context.WithTimeout(ctx, 2*headerTimeout)
	o, err := p.ask(askCtx)
	cancel()
	if err != nil {
		return Result{}, err
	}
	if u.haveOK && o.digest == u.have.Info.Digest {
		return u.checked(ctx, o.warning)
	}
	if u.haveOK && !o.built.IsZero() && o.built.Before(u.have.Info.Built) && !u.o.Force {
		return Result{}, u.behind(o.built)
	}
	partial, err := u.s.partialPath(u.k, o.digest)
	if err != nil {
		return Result{}, err
	}
	if err := u.download(ctx, o, partial); err != nil {
		return Result{}, err
	}
	r, err := u.install(ctx, o, partial)
	if err == nil || !isLocal(err) && ctx.Err() == nil {
		// Done with, or of no use; after a local failure the bytes are still good.
		os.Remove(partial)
	}
	return r, err
}

func (u *updater) behind(built time.Time) error {
	return fmt.Errorf("%w: built %s, the copy in use %s", errBehind,
		built.UTC().Format(time.RFC3339), u.have.Info.Built.UTC().Format(time.RFC3339))
}

// checked notes that upstream was asked and the copy is still the newest.
func (u *updater) checked(ctx context.Context, warning string) (Result, error) {
	rec, err := u.s.reindex(ctx, u.k, u.have)
	if err != nil {
		return Result{}, local(err)
	}
	rec.Checked, rec.Warning = u.s.now().UTC(), warning
	if err := u.s.point(u.k, rec); err != nil {
		return Result{}, local(fmt.Errorf("record the question: %w", err))
	}
	u.s.collect(u.k, rec)
	return u.result(UpToDate, rec), nil
}

func (u *updater) download(ctx context.Context, o offer, partial string) error {
	limit := u.s.limits.download
	if o.size > limit {
		return damaged(fmt.Errorf("archive claims %d bytes, more than any database has", o.size))
	}
	d := &download{
		offer: o, path: partial, limit: limit, now: u.s.now, idle: u.o.idle,
		progress: func(done, total int64) {
			u.progress(Progress{Step: StepDownload, From: o.from, Done: done, Total: total})
		},
	}
	return d.run(ctx)
}

// install unpacks a verified archive and swaps it in.
func (u *updater) install(ctx context.Context, o offer, archive string) (Result, error) {
	f, err := os.Open(archive)
	if err != nil {
		return Result{}, local(err)
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return Result{}, local(err)
	}
	dir, err := u.s.incoming(u.k)
	if err != nil {
		return Result{}, local(err)
	}
	defer os.RemoveAll(dir) // gone by then if it was swapped in
	err = u.s.unpack(ctx, f, u.k, dir, func(done int64) {
		u.progress(Progress{Step: StepUnpack, From: o.from, Done: done, Total: fi.Size()})
	})
	if err != nil {
		return Result{}, err
	}
	rec, err := u.s.prepare(ctx, u.k, dir, func(step Step) { u.progress(Progress{Step: step, From: o.from}) })
	if err != nil {
		return Result{}, err
	}
	if u.haveOK && !u.o.Force && rec.Info.Built.Before(u.have.Info.Built) {
		return Result{}, u.behind(rec.Info.Built)
	}
	rec.Info.Digest, rec.Info.From = o.digest, o.from
	rec.Checked, rec.Warning = rec.Imported, o.warning
	if err := u.s.swap(u.k, dir, rec); err != nil {
		return Result{}, local(fmt.Errorf("swap in the new copy: %w", err))
	}
	// swap chose the folder's name.
	if rec, err = u.s.load(u.k); err != nil {
		return Result{}, err
	}
	r := u.result(Updated, rec)
	if u.haveOK {
		r.Previous = u.have.Info.Digest
	}
	return r, nil
}
