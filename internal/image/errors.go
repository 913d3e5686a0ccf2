package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
)

// Every failure of this package wraps exactly one of these, unless it is a
// cancelled context or a plain error of the file system. The texts around them
// say which name, blob or platform it was and what to do.
var (
	// ErrStreamed is returned by Layer.Open for a layer that could be read
	// only while its source was opened.
	ErrStreamed = errors.New("layer was already streamed")
	// ErrReference: the argument is not a reference, or options contradict each other.
	ErrReference = errors.New("not an image reference")
	// ErrNotFound: no image, repository or file of this name.
	ErrNotFound = errors.New("no such image")
	// ErrNoTag: the name exists, the tag or digest doesn't.
	ErrNoTag = errors.New("no such tag")
	// ErrNoPlatform: the image isn't offered for the platform asked.
	ErrNoPlatform = errors.New("no such platform")
	// ErrUnauthorized: the source wants credentials and none were given.
	ErrUnauthorized = errors.New("credentials missing")
	// ErrForbidden: credentials were given and refused.
	ErrForbidden = errors.New("credentials refused")
	// ErrRateLimited: the registry asks to wait longer than retries allow.
	ErrRateLimited = errors.New("rate limited")
	// ErrUnreachable: the registry gave no usable answer (network, TLS, server fault).
	ErrUnreachable = errors.New("registry unreachable")
	// ErrEngineDown: the container engine isn't running or can't be talked to.
	ErrEngineDown = errors.New("engine not running")
	// ErrEngineFailed: the container engine runs and answered with a fault of its own.
	ErrEngineFailed = errors.New("engine failed")
	// ErrEngineDenied: the container engine is there and this user may not
	// talk to it.
	ErrEngineDenied = errors.New("no permission to use the engine")
	// ErrDamaged: bytes are missing, cut off or not what a digest promises.
	// It is always found in a *DamagedError.
	ErrDamaged = errors.New("image damaged")
	// ErrTooLarge: a manifest, a configuration or a number of entries is
	// beyond the limits in limits.go.
	ErrTooLarge = errors.New("beyond a limit")
	// ErrNotImage: it exists, and is something else (a chart, a signature, a
	// root file system, an artifact).
	ErrNotImage = errors.New("not a container image")
	// ErrAmbiguous: the source holds several images and none was named.
	ErrAmbiguous = errors.New("several images")
	// ErrForeign: a layer the publisher may not distribute (Windows base
	// layers) isn't in the source, and none of its URLs could be used.
	ErrForeign = errors.New("foreign layer not available")
	// ErrNeedsStream: the source can be read once only and
	// Options.Streamed is nil.
	ErrNeedsStream = errors.New("source can be read only once")
)

// DamagedError says which blob is damaged and where. It wraps ErrDamaged.
type DamagedError struct {
	// Blob is a digest, or the path of an entry of an archive or layout.
	Blob string
	// Offset is the position in the blob's stored bytes at which the damage
	// showed; -1 where it concerns the blob as a whole.
	Offset int64
	// Reason says what is wrong, lower case, without a period.
	Reason string
	// Cause may be nil.
	Cause error
}

// Error returns "image damaged: blob sha256:… at byte 4096: unexpected end of file".
func (e *DamagedError) Error() string {
	var b strings.Builder
	b.WriteString(ErrDamaged.Error())
	b.WriteString(": blob ")
	b.WriteString(printable(e.Blob))
	if e.Offset >= 0 {
		b.WriteString(" at byte ")
		b.WriteString(strconv.FormatInt(e.Offset, 10))
	}
	b.WriteString(": ")
	b.WriteString(e.Reason)
	return b.String()
}

// Unwrap returns ErrDamaged and the cause.
func (e *DamagedError) Unwrap() []error {
	if e.Cause == nil {
		return []error{ErrDamaged}
	}
	return []error{ErrDamaged, e.Cause}
}

// Damaged reports damage in blob at offset (-1: the blob as a whole) because of
// err. A cancelled context or a closed file is not damage; these are returned
// as they are, as is an error that says already which kind it is.
func Damaged(blob string, offset int64, err error) error {
	if err == nil {
		return nil
	}
	if classified(err) || errors.Is(err, fs.ErrClosed) {
		return err
	}
	reason := err.Error()
	if errors.Is(err, io.ErrUnexpectedEOF) {
		reason = "ends too early"
	}
	return &DamagedError{Blob: blob, Offset: offset, Reason: reason, Cause: err}
}

// DigestMismatch reports that blob's bytes hash to got.
func DigestMismatch(blob, got string) error {
	return &DamagedError{Blob: blob, Offset: -1, Reason: "its bytes have the digest " + got + "; fetch or save the image again"}
}

func damagedf(blob string, format string, args ...any) error {
	return &DamagedError{Blob: blob, Offset: -1, Reason: fmt.Sprintf(format, args...)}
}

// classified reports whether err already says which kind of failure it is.
func classified(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	for _, kind := range kinds() {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

func kinds() []error {
	return []error{
		ErrStreamed, ErrReference, ErrNotFound, ErrNoTag, ErrNoPlatform, ErrUnauthorized, ErrForbidden,
		ErrRateLimited, ErrUnreachable, ErrEngineDown, ErrEngineFailed, ErrEngineDenied, ErrDamaged, ErrTooLarge, ErrNotImage, ErrAmbiguous,
		ErrForeign, ErrNeedsStream,
	}
}

// printable makes text from an image or a server safe to print on one line.
func printable(s string) string {
	const longest = 300
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '�'
		}
		return r
	}, s)
}
