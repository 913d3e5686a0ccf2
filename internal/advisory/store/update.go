package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"
)

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
		// Who may only read the store relies on whoever may write it.
		if err := u.s.Index(ctx, u.k.name); err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) {
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
	if !o.built.IsZero() {
		if err := u.behind(o.built); err != nil {
			return Result{}, err
		}
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

// behind refuses a copy older than the one in use, unless forced, or unless the
// one in use claims to come from the future and would block every update.
func (u *updater) behind(built time.Time) error {
	have := u.have.Info.Built
	if !u.haveOK || u.o.Force || !built.Before(have) || have.After(u.s.now().Add(24*time.Hour)) {
		return nil
	}
	return fmt.Errorf("%w: built %s, the copy in use %s", errBehind,
		built.UTC().Format(time.RFC3339), have.UTC().Format(time.RFC3339))
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
	if err := u.behind(rec.Info.Built); err != nil {
		return Result{}, err
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
