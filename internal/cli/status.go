package cli

import (
	"context"
	"errors"

	"plimsoll/internal/advisory/store"
	"plimsoll/internal/image"
	"plimsoll/internal/scan"
)

// status is the program's exit status.
type status int

const (
	statusPass        status = 0
	statusFailed      status = 1
	statusUsage       status = 2
	statusIncomplete  status = 3
	statusNoDatabase  status = 4
	statusInterrupted status = 130
)

// exitStatusHelp ends the help of every command that scans.
const exitStatusHelp = `Exit status:
  0    pass
  1    the gate failed: findings at the level that --fail-on asks about
  2    usage: a flag or an argument is wrong
  3    the scan is incomplete, or the image could not be read
  4    a vulnerability database is missing, or stale where --require-fresh is given
  130  interrupted`

// statusError carries the exit status of an outcome. With a nil err the outcome
// was already reported.
type statusError struct {
	status status
	err    error
}

func (e *statusError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

func usage(err error) error { return &statusError{statusUsage, err} }

// exit ends a command whose report is already written.
func exit(s status) error {
	if s == statusPass {
		return nil
	}
	return &statusError{status: s}
}

// statusOf maps an error to the exit status.
func statusOf(err error) status {
	var s *statusError
	switch {
	case err == nil:
		return statusPass
	case errors.Is(err, context.Canceled):
		return statusInterrupted
	case errors.As(err, &s):
		return s.status
	case errors.Is(err, image.ErrReference):
		return statusUsage
	case errors.Is(err, store.ErrMissing), errors.Is(err, store.ErrDamaged), errors.Is(err, scan.ErrNoDatabase):
		return statusNoDatabase
	}
	return statusIncomplete
}

// hintFor adds what to do where the error itself does not say it.
func hintFor(err error) string {
	switch {
	case errors.Is(err, scan.ErrNoDatabase):
		return "run plimsoll db update, or plimsoll db import FILE without a network"
	case errors.Is(err, store.ErrDamaged):
		return "run plimsoll db update --force to fetch it afresh"
	}
	return ""
}
